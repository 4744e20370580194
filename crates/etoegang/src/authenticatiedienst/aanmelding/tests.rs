use jose::aead::Key32;
use protocol::assertion::ClientKeys;
use protocol::wire::with_query;
use serde_json::{Value, json};

use super::*;
use crate::attribuut::{COMPANY_NAME, VAN_PERSONEN};
use crate::authenticatiedienst::Instellingen;
use crate::authenticatiedienst::bewijs::{Getoond, code_van};
use crate::authenticatiedienst::middel::Stand;
use crate::hm_ad::aanmelden::Wachtend;
use crate::machtiging::InternPseudoniem;
use crate::testing::{
    CODESLEUTEL, NOW, WACHTWOORD, ad, ad_dienst, keys, middel, mr, other_keys, request, sign,
};
use verdict::Then;

const CB: &str = "https://hm.test/etd/1.13/ad/1";

fn now() -> Moment {
    Moment::from_unix(NOW)
}

fn the_ad() -> Ad {
    Ad {
        issuer: ad_dienst().issuer,
        entity: ad(),
        instellingen: Instellingen::default(),
    }
}

fn hms() -> Clients {
    let keys = ClientKeys::new(keys().1, &[jose::Algorithm::Es256]).expect("a key");
    std::iter::once(Client {
        client_id: ad_dienst().client_id,
        organisatienaam: "De Proef-HM".into(),
        authentication: Authentication::PrivateKeyJwt(keys),
        redirect_uris: vec![CB.into()],
    })
    .collect()
}

/// The request as our own HM makes it.
fn asked() -> (Value, Wachtend) {
    let entropy = Entropy::new([3; 32]);
    ad_dienst().verzoek(&request(&[]), CB, Some(&mr()), &entropy, now())
}

fn claims() -> Value {
    asked().0
}

fn read_signed(signed: &str, client_id: &str) -> Result<Aanvraag, Geweigerd> {
    let query = with_query("", &[("client_id", client_id), ("request", signed)]);
    let parameters = Parameters::parse(&query.as_bytes()[1..]).expect("a query");
    Aanvraag::read(
        &parameters,
        &the_ad(),
        &hms(),
        &Entropy::new([9; 32]),
        now(),
    )
}

fn read(claims: &Value) -> Result<Aanvraag, Geweigerd> {
    read_signed(
        &sign(&keys().0, VERZOEK_TYP, claims),
        &ad_dienst().client_id,
    )
}

fn with(change: impl FnOnce(&mut Value)) -> Result<Aanvraag, Geweigerd> {
    let mut claims = claims();
    change(&mut claims);
    read(&claims)
}

#[test]
fn the_request_that_an_hm_makes_is_the_one_that_an_ad_reads() {
    let aanvraag = read(&claims()).expect("good");
    assert_eq!(aanvraag.vereist, Betrouwbaarheidsniveau::Loa3);
    assert_eq!(aanvraag.mr, Some(mr()));
    assert_eq!(aanvraag.service_id, request(&[]).dienst.service_id);
    let url = aanvraag.antwoord(("code", "c"), &the_ad());
    let state = claims()["state"].as_str().expect("a state").to_owned();
    assert_eq!(
        url,
        with_query(
            CB,
            &[
                ("code", "c"),
                ("state", &state),
                ("iss", "https://ad.test/1.13")
            ]
        )
    );
    assert!(!aanvraag.is_over_at(now().plus_s(899)));
    assert!(aanvraag.is_over_at(now().plus_s(900)));
}

#[test]
fn nobody_is_sent_anywhere_until_hm_and_redirect_uri_are_proven() {
    let is_page = |read: Result<Aanvraag, Geweigerd>| matches!(read, Err(Geweigerd::Pagina(_)));
    // RFC 9101 §6.2
    let client_id = ad_dienst().client_id;
    assert!(is_page(read_signed(
        &sign(&other_keys().0, VERZOEK_TYP, &claims()),
        &client_id
    )));
    assert!(is_page(read_signed(
        &sign(&keys().0, "JWT", &claims()),
        &client_id
    )));
    assert!(is_page(read_signed("", &client_id)));
    assert!(is_page(read_signed(
        &sign(&keys().0, VERZOEK_TYP, &claims()),
        "iemand"
    )));
    for (claim, value) in [
        ("aud", json!("https://ad2.test/1.13")),
        ("exp", json!(NOW - 31)),
        (
            "iss",
            json!("urn:etoegang:HM:00000003273226310001:entities:1"),
        ),
        (
            "client_id",
            json!("urn:etoegang:HM:00000003273226310001:entities:1"),
        ),
        ("redirect_uri", json!("https://hm.test/etd/1.13/ad/2")),
    ] {
        assert!(
            is_page(with(|claims| claims[claim] = value.clone())),
            "{claim}"
        );
    }
}

#[test]
fn what_is_wrong_in_a_proven_request_goes_back_to_the_hm() {
    let error = |claim: &str, value: Value| match with(|claims| claims[claim] = value) {
        Err(Geweigerd::Terug(refusal)) => {
            assert_eq!(refusal.redirect_uri, CB);
            refusal.error
        }
        other => panic!("expected a refusal, got {other:?}"),
    };
    // etoegang.md §4.6
    assert_eq!(
        error("response_type", json!("token")),
        "unsupported_response_type"
    );
    assert_eq!(
        error("code_challenge_method", json!("plain")),
        "invalid_request"
    );
    assert_eq!(error("code_challenge", json!("kort")), "invalid_request");
    assert_eq!(error("nonce", json!("")), "invalid_request");
    assert_eq!(error("state", json!("x".repeat(513))), "invalid_request");
    assert_eq!(error("acr_values", json!("hoog")), "invalid_request");
    assert_eq!(error("scope", json!("openid")), "invalid_scope");
    assert_eq!(
        error(
            "scope",
            json!("urn:etoegang:DV:00000001234567890000:services:1")
        ),
        "invalid_scope"
    );
    assert_eq!(error("etd_mr", json!(ad())), "invalid_request");
    assert_eq!(error("prompt", json!("none")), "login_required");
}

/// What an attempt brings at an AD with this means.
fn attempt(found: Option<&Middel>, proef: Proef) -> (Uitkomst, Vec<Change<Clear>>) {
    let aanmelding = Aanmelding {
        aanvraag: read(&claims()).expect("good"),
        naam: "u".into(),
    };
    let mut step = aanmelding.begin(now());
    loop {
        step = match step {
            Step::Ask(Vraag::Middel(vraag)) => {
                assert_eq!(vraag.key(), Middel::key("u"));
                let found = found.cloned().map(|value| Stored {
                    version: 3,
                    until: now().plus_s(60),
                    value,
                });
                vraag.answer(&the_ad(), found, proef)
            }
            Step::Ask(Vraag::Pseudoniem(vraag)) => vraag.answer(None, &Entropy::new([5; 32])),
            Step::Done(verdict) => return (verdict.reply, verdict.changes),
            Step::Save { .. } => panic!("a login is one commit"),
        };
    }
}

#[test]
fn a_good_proof_begins_a_session_with_a_code_and_spends_the_login() {
    let getoond = Getoond {
        wachtwoord: WACHTWOORD.into(),
        code: code_van(&Key32::new(CODESLEUTEL), now()),
    };
    let proef = middel().bewijs.proef(&getoond, 0, now());
    let (uitkomst, changes) = attempt(Some(&middel()), proef);
    let Uitkomst::Code(handle) = uitkomst else {
        panic!("expected a code, got {uitkomst:?}");
    };
    let body = |key: &Key| {
        let change = changes.iter().find(|change| change.key == *key);
        match &change.expect("a change").then {
            Then::Put { body, .. } => body.clone(),
            other => panic!("expected a row, got {other:?}"),
        }
    };
    let sessie = Sessie::from_body(&body(&Sessie::key(handle.id))).expect("a row");
    assert_eq!((sessie.auth_time, &*sessie.middel), (NOW, "u"));
    let Secret::Code {
        terms,
        nonce,
        mr: register,
        attributen: asked_for,
    } = sessie.secret
    else {
        panic!("a code");
    };
    assert_eq!(terms.kept_by(Some(CB), &asked().1.code_verifier), Ok(()));
    assert_eq!(
        (Value::from(nonce), register),
        (claims()["nonce"].clone(), Some(mr()))
    );
    assert_eq!(asked_for, []);
    let kept = Middel::from_body(&body(&Middel::key("u"))).expect("a row");
    assert_eq!(kept.code_gebruikt, NOW / 30);
    assert!(changes.iter().any(|change| change.key.space() == GEEINDIGD));
    let again = Aanmelding::lost(&changes[1].key).map(|step| match step {
        Step::Done(verdict) => verdict.reply,
        _ => panic!("an end"),
    });
    assert_eq!(again, Some(Uitkomst::AlBeantwoord));
}

#[test]
fn nobody_gets_in_without_a_proof_or_with_a_means_that_does_not_count() {
    let juist = Proef::Juist {
        stap: Some(NOW / 30),
    };
    let refused = |found: Option<Middel>, proef| match attempt(found.as_ref(), proef) {
        (Uitkomst::Afgewezen(afwijzing, _), changes) => {
            assert!(changes.iter().all(|change| change.key == Middel::key("u")));
            afwijzing
        }
        other => panic!("expected a refusal, got {other:?}"),
    };
    assert_eq!(refused(None, Proef::Onjuist), Afwijzing::Onjuist);
    assert_eq!(refused(Some(middel()), Proef::Onjuist), Afwijzing::Onjuist);
    let with = |change: fn(&mut Middel)| {
        let mut middel = middel();
        change(&mut middel);
        Some(middel)
    };
    assert_eq!(
        refused(with(|middel| middel.stand = Stand::Geschorst), juist),
        Afwijzing::NietActief
    );
    assert_eq!(
        refused(
            with(|middel| middel.niveau = Betrouwbaarheidsniveau::Loa2),
            juist
        ),
        Afwijzing::NiveauTeLaag
    );
    // A password alone reaches no third level, whatever its row says.
    let alone = |middel: &mut Middel| {
        middel.bewijs = crate::authenticatiedienst::bewijs::Bewijs::van_niemand();
        middel.houder = InternPseudoniem("een-ander".into());
    };
    let mut only_password = middel();
    alone(&mut only_password);
    assert_eq!(refused(Some(only_password), juist), Afwijzing::NiveauTeLaag);
}

#[test]
fn etoegang_case_070_who_cancels_ends_the_login_without_a_code() {
    let aanvraag = read(&claims()).expect("good");
    let Step::Done(verdict) = Aanmelding::geannuleerd(&aanvraag, now()) else {
        panic!("an end");
    };
    // etoegang case 70
    assert_eq!(verdict.changes.len(), 1);
    assert_eq!(verdict.changes[0].key.space(), GEEINDIGD);
}

#[test]
fn oidc_core_5_5_only_what_a_person_is_can_be_asked_of_an_ad() {
    let asked = |claims: Value| with(|request| request["claims"] = claims);
    let named = |names: &[&str]| {
        let names = names.iter().map(|name| ((*name).to_owned(), Value::Null));
        json!({ "id_token": Value::Object(names.collect()) })
    };
    let [first, family, _] = VAN_PERSONEN;
    let read = asked(named(&[first, family, COMPANY_NAME, "given_name"])).expect("good");
    let read: Vec<_> = read.attributen.iter().map(Attribuutnaam::as_str).collect();
    assert_eq!(read, [family, first]);
    for nothing in [
        json!(null),
        json!("x"),
        json!({ "userinfo": { first: null } }),
    ] {
        assert_eq!(asked(nothing).expect("good").attributen, []);
    }
    let many: Vec<String> = (0..17)
        .map(|n| format!("urn:etoegang:1.9:attribute:A{n}"))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(matches!(asked(named(&many)), Err(Geweigerd::Terug(_))));
}
