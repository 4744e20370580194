use super::*;
use crate::attribuut::{COMPANY_NAME, VAN_ORGANISATIES, VAN_PERSONEN};
use crate::testing::{
    NOW, attributen, attribuutnaam, hm, keys, kvk, mr, other_keys, request, request_for, sign,
};

const CB: &str = "https://hm.test/etd/1.13/mr/1";

fn now() -> Moment {
    Moment::from_unix(NOW)
}

fn register() -> Register {
    Register {
        entity: mr(),
        keys: keys().1,
    }
}

fn makelaar() -> Herkenningsmakelaar {
    Herkenningsmakelaar {
        entity: hm().entity,
        keys: keys().1,
        redirect_uris: vec![CB.into()],
    }
}

fn asked() -> (Value, Wachtend) {
    let person = InternPseudoniem("a.b.c.d.e".into());
    let entropy = Entropy::new([3; 32]);
    register().vraag(&request(&[]), person, CB, &hm().entity, &entropy, now())
}

fn taken(claims: &Value) -> Result<Vraag, Geweigerd> {
    makelaar().vraag(&sign(&keys().0, VRAAG_TYP, claims), &mr(), now())
}

fn verklaring(wachtend: &Wachtend) -> Verklaring {
    Verklaring {
        query_id: wachtend.vraag.query_id.clone(),
        sub: "pseudoniem-voor-deze-dv".into(),
        service_uuid: wachtend.vraag.service_uuid.clone(),
        vertegenwoordigde: kvk("12345678"),
        beperking: None,
        machtiging: "M1".into(),
        via: None,
        niveau_gebruikt: Betrouwbaarheidsniveau::Loa3,
        attributen: Attributen::default(),
    }
}

fn declared(
    wachtend: &Wachtend,
    change: impl FnOnce(&mut Verklaring),
) -> Result<Gemachtigd, Mislukt> {
    let mut said = verklaring(wachtend);
    change(&mut said);
    let token = sign(
        &keys().0,
        VERKLARING_TYP,
        &said.claims(&mr(), &hm().entity, now()),
    );
    answered(wachtend, 200, &token)
}

fn answered(wachtend: &Wachtend, status: u16, token: &str) -> Result<Gemachtigd, Mislukt> {
    let antwoord = KetenAntwoord::Http {
        status,
        retry_after_s: None,
        body: token.as_bytes().to_vec(),
    };
    register().verklaring(wachtend, &hm().entity, &antwoord, now())
}

fn back(wachtend: &Wachtend, pairs: &[(&str, &str)], at: i64) -> Result<Value, Mislukt> {
    let mut all = vec![("state", wachtend.state()), ("iss", mr().as_str())]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect::<Vec<_>>();
    for (name, value) in pairs {
        all.retain(|(known, _)| known != name);
        all.push(((*name).to_owned(), (*value).to_owned()));
    }
    let all: Vec<(&str, &str)> = all.iter().map(|(a, b)| (&**a, &**b)).collect();
    let query = with_query("", &all);
    let parameters = Parameters::parse(&query.as_bytes()[1..]).expect("a query");
    register().terugkeer(wachtend, &parameters, &hm().entity, Moment::from_unix(at))
}

#[test]
fn the_question_that_an_hm_asks_is_the_one_that_an_mr_reads() {
    let (claims, wachtend) = asked();
    let vraag = taken(&claims).expect("taken");
    assert_eq!(vraag, wachtend.vraag);
    let url = vraag.terug(("antwoord", "n1"), &mr());
    assert!(url.starts_with(CB) && url.contains("antwoord=n1"), "{url}");
    assert!(!url.contains("12345678"), "no URL says who is represented");
}

#[test]
fn an_mr_takes_no_question_that_its_hm_did_not_sign_for_it() {
    let (claims, _) = asked();
    let refused = |token: &str| makelaar().vraag(token, &mr(), now()).is_err();
    // etoegang.md §4.7
    assert!(refused(&sign(&other_keys().0, VRAAG_TYP, &claims)));
    assert!(refused(&sign(&keys().0, OPHALEN_TYP, &claims)));
    assert!(refused("a.b.c") && refused(""));
    for (claim, value) in [
        ("iss", json!(mr())),
        ("aud", json!(hm().entity)),
        ("exp", json!(NOW - 31)),
        ("redirect_uri", json!("https://hm2.test/mr")),
        ("query_id", json!("")),
        ("state", json!("x".repeat(513))),
        ("gemachtigde", json!("x".repeat(4_097))),
        ("service_uuid", json!("geen-uuid")),
    ] {
        let mut changed = claims.clone();
        changed[claim] = value;
        assert!(taken(&changed).is_err(), "{claim}");
    }
}

#[test]
fn the_browser_brings_a_number_and_only_back_to_its_own_question() {
    let (_, wachtend) = asked();
    let claims = back(&wachtend, &[("antwoord", "n1")], NOW + 10).expect("a number");
    let token = sign(&keys().0, OPHALEN_TYP, &claims);
    assert_eq!(
        makelaar().ophalen(&token, &mr(), Moment::from_unix(NOW + 10)),
        Ok("n1".into())
    );
    let stopped = |pairs: &[(&str, &str)], at| back(&wachtend, pairs, at).expect_err("no number");
    let is_invalid = |mislukt| matches!(mislukt, Mislukt::Ongeldig(_));
    assert!(is_invalid(stopped(
        &[("antwoord", "n1"), ("state", "x")],
        NOW
    )));
    assert!(is_invalid(stopped(
        &[("antwoord", "n1"), ("iss", "x")],
        NOW
    )));
    assert!(is_invalid(stopped(&[("antwoord", "n1")], NOW + 900)));
    assert!(is_invalid(stopped(&[], NOW)));
    // etoegang cases 70 and 71
    let afgebroken = |error| stopped(&[("error", error)], NOW);
    assert_eq!(
        afgebroken("access_denied"),
        Mislukt::Afgebroken(Afgebroken::Geannuleerd)
    );
    assert_eq!(
        afgebroken("no_mandate"),
        Mislukt::Afgebroken(Afgebroken::GeenMachtiging)
    );
}

#[test]
fn a_declaration_counts_for_its_own_question_at_its_level_only() {
    let (_, wachtend) = asked();
    let good = declared(&wachtend, |_| {}).expect("a mandate");
    assert_eq!(good.wie.vertegenwoordigde, kvk("12345678"));
    assert_eq!(good.wie.handelende, wachtend.vraag.gemachtigde);
    let enkel = Keten::Enkel(Schakel {
        mr: mr(),
        machtiging: Some("M1".into()),
    });
    assert_eq!((good.wie.keten, good.wie.gecontroleerd), (enkel, NOW));
    let via = declared(&wachtend, |said| {
        said.via = Some((kvk("87654321"), "M2".into()));
    });
    assert!(
        matches!(via.expect("a chain").wie.keten, Keten::Via { eerste, .. }
        if eerste.machtiging.as_deref() == Some("M2"))
    );
    let invalid = |done: Result<Gemachtigd, Mislukt>| {
        matches!(done.expect_err("no mandate"), Mislukt::Ongeldig(_))
    };
    assert!(invalid(
        declared(&wachtend, |said| said.query_id = "andere".into())
    ));
    let other = "2c9d1c2e-1d0a-4d6b-8f5e-000000000002";
    let other = ServiceUuid::parse(other).expect("a UUID");
    assert!(invalid(
        declared(&wachtend, |said| said.service_uuid = other)
    ));
    let claims = verklaring(&wachtend).claims(&mr(), &hm().entity, now());
    assert!(invalid(answered(
        &wachtend,
        200,
        &sign(&other_keys().0, VERKLARING_TYP, &claims)
    )));
    assert!(invalid(answered(
        &wachtend,
        200,
        &sign(&keys().0, "JWT", &claims)
    )));
    assert!(invalid(answered(&wachtend, 401, "")));
    // etoegang case 71
    let gone = Err(Mislukt::Afgebroken(Afgebroken::GeenMachtiging));
    assert_eq!(answered(&wachtend, 400, ""), gone);
    // etoegang.md §3
    let low = declared(&wachtend, |said| {
        said.niveau_gebruikt = Betrouwbaarheidsniveau::Loa2;
    });
    assert_eq!(low, Err(Mislukt::Afgebroken(Afgebroken::NiveauNietGehaald)));
    let down = Err(Mislukt::Afgebroken(Afgebroken::NietBereikbaar));
    assert_eq!(answered(&wachtend, 503, ""), down);
}

#[test]
fn etoegang_md_3_an_mr_is_asked_for_attributes_of_organisations_and_nothing_else_counts() {
    let person = InternPseudoniem("a.b.c.d.e".into());
    let names = [COMPANY_NAME, VAN_PERSONEN[0]];
    let members = names.map(|name| format!("\"{name}\":null")).join(",");
    let wanted = format!("{{\"userinfo\":{{{members}}}}}");
    let request = request_for(&names, &[("claims", &wanted)]);
    let entropy = Entropy::new([3; 32]);
    let (mut claims, wachtend) =
        register().vraag(&request, person, CB, &hm().entity, &entropy, now());
    assert_eq!(claims["attributen"], json!([COMPANY_NAME]));
    let given = declared(&wachtend, |said| {
        said.attributen = attributen(&[
            (COMPANY_NAME, "Bakkerij"),
            (VAN_ORGANISATIES[4], "LEI-1"),
            (VAN_PERSONEN[0], "Bram"),
        ]);
    });
    let given = given.expect("a mandate");
    assert_eq!(given.attributen, attributen(&[(COMPANY_NAME, "Bakkerij")]));
    // Whatever form the rest has, it is passed over; what was asked for must be a value.
    let odd = |said: Value| {
        let mut claims = verklaring(&wachtend).claims(&mr(), &hm().entity, now());
        claims["attributen"] = said;
        answered(&wachtend, 200, &sign(&keys().0, VERKLARING_TYP, &claims))
    };
    let given = odd(json!({ COMPANY_NAME: "Bakkerij", "urn:x:y": 7, VAN_ORGANISATIES[4]: null }));
    let given = given.expect("a mandate").attributen;
    assert_eq!(given, attributen(&[(COMPANY_NAME, "Bakkerij")]));
    let nothing = odd(json!({ COMPANY_NAME: null })).expect("a mandate");
    assert!(nothing.attributen.is_empty());
    assert!(odd(json!({ COMPANY_NAME: ["Bakkerij"] })).is_err());
    // The MR passes over what is an AD's to declare, and takes no more than there may be.
    claims["attributen"] = json!([COMPANY_NAME, VAN_PERSONEN[0], COMPANY_NAME]);
    let taken_of = taken(&claims).expect("taken").attributen;
    assert_eq!(taken_of, [attribuutnaam(COMPANY_NAME)]);
    claims["attributen"] = vec![json!(COMPANY_NAME); 17].into();
    assert!(taken(&claims).is_err());
    claims["attributen"] = json!(["x"]);
    assert!(taken(&claims).is_err());
}
