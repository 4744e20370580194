use protocol::wire::with_query;

use super::*;
use crate::attribuut::{COMPANY_NAME, VAN_PERSONEN};
use crate::testing::{
    NOW, ad, ad_dienst, attributen, keys, mr, other_keys, request, request_for, sign,
};

const CB: &str = "https://hm.test/etd/1.13/ad/1";

fn now() -> Moment {
    Moment::from_unix(NOW)
}

fn asked(extra: &[(&str, &str)]) -> (Value, Wachtend) {
    ad_dienst().verzoek(
        &request(extra),
        CB,
        Some(&mr()),
        &Entropy::new([3; 32]),
        now(),
    )
}

fn back(
    wachtend: &Wachtend,
    change: &str,
    value: Option<&str>,
    at: i64,
) -> Result<String, Mislukt> {
    let mut pairs = vec![
        ("code", "c1"),
        ("state", wachtend.state.as_str()),
        ("iss", "https://ad.test/1.13"),
    ];
    pairs.retain(|(name, _)| *name != change);
    pairs.extend(value.map(|value| (change, value)));
    let query = with_query("", &pairs);
    let parameters = Parameters::parse(&query.as_bytes()[1..]).expect("a query");
    ad_dienst().terugkeer(wachtend, &parameters, Moment::from_unix(at))
}

/// What an AD's declaration brings, with one claim changed.
fn declared(wachtend: &Wachtend, change: impl FnOnce(&mut Value)) -> Result<Aangemeld, Mislukt> {
    let mut claims = json!({
        "iss": "https://ad.test/1.13",
        "aud": ad_dienst().client_id,
        "sub": "pseudoniem-bij-de-ad",
        "iat": NOW,
        "exp": NOW + 120,
        "auth_time": NOW,
        "nonce": wachtend.nonce,
        "acr": "urn:etoegang:core:assurance-class:loa3",
        "alt_sub": [{"aud": mr(), "sub": "a.b.c.d.e", "sub_id_type": "x"}],
    });
    change(&mut claims);
    answered(wachtend, &sign(&keys().0, "JWT", &claims))
}

fn answered(wachtend: &Wachtend, id_token: &str) -> Result<Aangemeld, Mislukt> {
    let body = json!({
        "access_token": "a", "token_type": "Bearer", "id_token": id_token, "refresh_token": "ad-1",
    });
    let antwoord = KetenAntwoord::Http {
        status: 200,
        retry_after_s: None,
        body: body.to_string().into_bytes(),
    };
    ad_dienst().aangemeld(wachtend, &gevraagd(), &antwoord, now())
}

/// Two attributes of a person and one of an organisation are asked for.
fn gevraagd() -> GevraagdeClaims {
    let names = [VAN_PERSONEN[0], VAN_PERSONEN[1], COMPANY_NAME];
    let members = names.map(|name| format!("\"{name}\":null")).join(",");
    let claims = format!("{{\"id_token\":{{{members}}}}}");
    request_for(&names, &[("claims", &claims)]).claims
}

fn is_invalid<T>(result: &Result<T, Mislukt>) -> bool {
    matches!(result, Err(Mislukt::Ongeldig(_)))
}

#[test]
fn the_request_to_an_ad_is_the_hms_own_and_asks_for_the_level() {
    let (claims, wachtend) = asked(&[]);
    // etoegang.md §4.6
    assert_eq!(claims["aud"], "https://ad.test/1.13");
    assert_eq!(
        claims["acr_values"],
        "urn:etoegang:core:assurance-class:loa3"
    );
    let service = "openid urn:etoegang:DV:00000001234567890000:services:1";
    assert_eq!(claims["scope"], service);
    let challenge = Challenge::of(&wachtend.code_verifier);
    assert_eq!(claims["code_challenge"], challenge.as_str());
    assert_eq!(claims["prompt"], Value::Null);
    assert_ne!(claims["state"], claims["nonce"]);
    assert_ne!(claims["state"], "staat-van-precies-lang-genoeg");
    assert_eq!(asked(&[("prompt", "login")]).0["prompt"], "login");
    assert!(!format!("{wachtend:?}").contains(&wachtend.code_verifier));
    let json = serde_json::to_string(&wachtend).expect("json");
    assert!(serde_json::from_str::<Wachtend>(&json).expect("json") == wachtend);
}

#[test]
fn etoegang_case_070_a_return_is_of_this_ad_to_this_request() {
    let (_, wachtend) = asked(&[]);
    assert_eq!(back(&wachtend, "x", None, NOW + 899), Ok("c1".into()));
    // RFC 9207 §2.4
    for (name, value) in [
        ("iss", Some("https://ad2.test/1.13")),
        ("iss", None),
        ("state", Some("another")),
        ("state", None),
        ("code", None),
        ("error", Some("invalid_request")),
    ] {
        assert!(is_invalid(&back(&wachtend, name, value, NOW)), "{name}");
    }
    assert!(is_invalid(&back(&wachtend, "x", None, NOW + 900)));
    // etoegang case 70
    for (error, expected) in [
        ("access_denied", Afgebroken::Geannuleerd),
        (
            "unmet_authentication_requirements",
            Afgebroken::NiveauNietGehaald,
        ),
        ("temporarily_unavailable", Afgebroken::NietBereikbaar),
    ] {
        let told = back(&wachtend, "error", Some(error), NOW);
        assert_eq!(told, Err(Mislukt::Afgebroken(expected)));
    }
}

#[test]
fn a_declaration_brings_the_login_and_a_pseudonym_for_each_register() {
    let (_, wachtend) = asked(&[]);
    let given = declared(&wachtend, |_| {}).expect("a login");
    // etoegang.md §4.6
    assert_eq!(given.sessie.ad, ad());
    assert_eq!(given.sessie.sub, "pseudoniem-bij-de-ad");
    assert_eq!(given.ad_token, AdRefreshToken::new("ad-1".into()));
    assert_eq!(given.intern, [(mr(), InternPseudoniem("a.b.c.d.e".into()))]);
    let without = declared(&wachtend, |claims| {
        claims.as_object_mut().expect("claims").remove("alt_sub");
    });
    assert!(without.expect("a login").intern.is_empty());
}

#[test]
fn what_cannot_be_believed_brings_no_login() {
    let (claims, wachtend) = asked(&[]);
    let forged = sign(&other_keys().0, "JWT", &claims);
    assert!(is_invalid(&answered(&wachtend, &forged)));
    let changes: [fn(&mut Value); 10] = [
        |claims| claims["nonce"] = "another".into(),
        |claims| claims["iss"] = "https://ad2.test/1.13".into(),
        |claims| claims["aud"] = "app-1".into(),
        |claims| claims["sub"] = "".into(),
        |claims| claims["acr"] = "loa3".into(),
        |claims| claims["auth_time"] = (NOW + 31).into(),
        |claims| claims["auth_time"] = Value::Null,
        |claims| claims["alt_sub"] = "x".into(),
        |claims| claims["alt_sub"][0]["aud"] = "mr".into(),
        |claims| claims["alt_sub"] = vec![claims["alt_sub"][0].clone(); 9].into(),
    ];
    for change in changes {
        // OIDC Core §3.1.3.7
        assert!(is_invalid(&declared(&wachtend, change)));
    }
    let away = ad_dienst().aangemeld(&wachtend, &gevraagd(), &KetenAntwoord::Geen, now());
    assert_eq!(away, Err(Mislukt::Afgebroken(Afgebroken::NietBereikbaar)));
}

#[test]
fn a_lower_level_or_an_older_login_than_was_asked_for_does_not_do() {
    let (_, wachtend) = asked(&[]);
    let low = declared(&wachtend, |claims| {
        claims["acr"] = "urn:etoegang:core:assurance-class:loa2plus".into();
    });
    // etoegang.md §3
    assert_eq!(low, Err(Mislukt::Afgebroken(Afgebroken::NiveauNietGehaald)));
    let old = |claims: &mut Value| claims["auth_time"] = (NOW - 31).into();
    assert!(declared(&wachtend, old).is_ok());
    let (_, anew) = asked(&[("prompt", "login")]);
    assert!(is_invalid(&declared(&anew, old)));
}

#[test]
fn oidc_core_5_5_an_ad_is_asked_for_attributes_and_nothing_else_that_it_says_counts() {
    assert_eq!(asked(&[]).0.get("claims"), None);
    let required = request_for(&VAN_PERSONEN[..1], &[]);
    let (claims, wachtend) =
        ad_dienst().verzoek(&required, CB, None, &Entropy::new([3; 32]), now());
    // Neither the app nor the service named it: it is declared, and may be asked for.
    assert_eq!(claims.get("claims"), None);
    let given = declared(&wachtend, |claims| {
        claims[VAN_PERSONEN[0]] = "Bram".into();
        claims[VAN_PERSONEN[2]] = "1970-01-01".into();
        // etoegang.md §3: an MR's to declare
        claims[COMPANY_NAME] = "Bakkerij".into();
    });
    let given = given.expect("a login");
    assert_eq!(given.attributen, attributen(&[(VAN_PERSONEN[0], "Bram")]));
    for wrong in [json!(7), json!(""), json!("x".repeat(201)), json!(["Bram"])] {
        let given = declared(&wachtend, |claims| claims[VAN_PERSONEN[0]] = wrong.clone());
        assert!(is_invalid(&given), "{wrong}");
    }
}
