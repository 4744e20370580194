//! Assertions that prove nothing.

use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use jose::{Algorithm, MacKey};
use koppeltaal::domeinbeheer::Gewijzigd;
use koppeltaal::domeinconfiguratie::{Domeinconfiguratie, Regels};
use serde_json::{Value, json};
use server::domeinbeheer;
use server::outside::Headers;

use crate::world::{
    Applicatie, Shown, TYPE, World, assert_invalid_client, body, declaration, id, key, set, usual,
};

#[tokio::test]
async fn koppeltaal_case_014_another_kind_of_assertion_proves_nothing() {
    let world = World::start().await;
    let portaal = world.applicatie(1, Algorithm::Es256);
    let assertion = world.assertion(&portaal);
    let ask = async |fields: &[(&str, &str)]| {
        let grant = [("grant_type", "client_credentials")];
        world
            .post(&world.token_endpoint(), &[&grant, fields].concat())
            .await
    };
    // koppeltaal case 14
    let other = ("client_assertion_type", "not_an_assertion_type");
    let shown = ("client_assertion", assertion.as_str());
    assert_invalid_client(&ask(&[other, shown]).await);
    assert_invalid_client(&ask(&[shown]).await);
    assert_invalid_client(&ask(&[("client_assertion_type", TYPE)]).await);
    assert_invalid_client(&ask(&[]).await);
    let secret = ("client_secret", "geheim");
    assert_invalid_client(&ask(&[("client_assertion_type", TYPE), shown, secret]).await);
}

#[tokio::test]
async fn koppeltaal_case_003_credentials_in_a_header_are_no_proof_and_their_scheme_is_named() {
    let world = World::start().await;
    let portaal = world.applicatie(1, Algorithm::Es384);
    let assertion = world.assertion(&portaal);
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", TYPE),
        ("client_assertion", &assertion),
    ];
    let url = world.token_endpoint();
    let basic = Headers::none().with(AUTHORIZATION, "Basic YTpi");
    let refused = world.outside.post_form(&url, &fields, basic).await;
    let refused = refused.expect("an answer");
    assert_invalid_client(&refused);
    // RFC 6749 §5.2
    assert_eq!(
        refused.headers[WWW_AUTHENTICATE],
        "Basic realm=\"koppeltaal.localhost\""
    );
    // The assertion was not spent.
    assert_eq!(world.ask(&assertion).await.status, 200);
}

#[tokio::test]
async fn koppeltaal_case_015_and_016_and_017_and_021_and_022_claims_must_hold() {
    let world = World::start().await;
    let portaal = world.applicatie(1, Algorithm::Es384);
    let now = world.running.clock.now().unix();
    let refused = async |change: &dyn Fn(&mut Value)| {
        let mut claims = world.claims(portaal.id);
        change(&mut claims);
        let assertion = portaal.key.sign("JWT", &claims).expect("signed");
        assert_invalid_client(&world.ask(&assertion).await);
    };
    // koppeltaal case 15
    refused(&|claims| claims["exp"] = json!(now - 120)).await;
    // koppeltaal case 16
    refused(&|claims| claims["exp"] = json!(now + 3_600)).await;
    // koppeltaal case 17
    refused(&|claims| drop(claims.as_object_mut().and_then(|all| all.remove("jti")))).await;
    // koppeltaal case 21
    refused(&|claims| claims["aud"] = json!(world.at("oauth2/introspect"))).await;
    refused(&|claims| claims["aud"] = json!(world.at("oauth2"))).await;
    refused(&|claims| claims["aud"] = json!([world.token_endpoint(), "https://x.example"])).await;
    // koppeltaal case 22
    refused(&|claims| claims["sub"] = json!(id(2).to_string())).await;
    refused(&|claims| claims["iat"] = json!(now + 120)).await;
    refused(&|claims| claims["nbf"] = json!(now + 120)).await;
    // Nothing was burnt, and the same key still serves.
    assert_eq!(world.ask(&world.assertion(&portaal)).await.status, 200);
}

#[tokio::test]
async fn koppeltaal_case_018_and_019_a_jti_serves_once_for_each_application() {
    let world = World::start().await;
    let (one, two) = (
        world.applicatie(1, Algorithm::Es256),
        world.applicatie(2, Algorithm::Es256),
    );
    let assertion = world.assertion(&one);
    // koppeltaal case 18
    assert_eq!(world.ask(&assertion).await.status, 200);
    assert_invalid_client(&world.ask(&assertion).await);
    // koppeltaal case 19
    let mut claims = world.claims(two.id);
    claims["jti"] = crate::world::part(&assertion, 1)["jti"].clone();
    let same = two.key.sign("JWT", &claims).expect("signed");
    assert_eq!(world.ask(&same).await.status, 200);
}

#[tokio::test]
async fn koppeltaal_case_018_of_a_hundred_at_once_one_is_answered() {
    let world = World::start().await;
    let portaal = world.applicatie(1, Algorithm::Es256);
    let assertion = world.assertion(&portaal);
    let asked = (0..100).map(|_| world.ask(&assertion));
    let answers = futures_util::future::join_all(asked).await;
    // koppeltaal case 18
    let granted = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(granted.count(), 1);
    let refused = answers.iter().filter(|answer| answer.status != 200);
    refused.for_each(assert_invalid_client);
}

#[tokio::test]
async fn koppeltaal_case_020_a_forged_assertion_burns_nothing() {
    let world = World::start().await;
    let portaal = world.applicatie(1, Algorithm::Es256);
    let claims = world.claims(portaal.id);
    let good = portaal.key.sign("JWT", &claims).expect("signed");
    // The signature of other claims under the same header.
    let other = world.assertion(&portaal);
    let signature = other.rsplit_once('.').expect("a signature").1;
    let forged = format!("{}.{signature}", good.rsplit_once('.').expect("a token").0);
    // koppeltaal case 20
    assert_invalid_client(&world.ask(&forged).await);
    assert_eq!(world.ask(&good).await.status, 200);
}

#[tokio::test]
async fn koppeltaal_case_025_and_026_a_header_does_not_choose_how_it_is_checked() {
    let world = World::start().await;
    let portaal = world.applicatie(1, Algorithm::Rs256);
    let claims = world.claims(portaal.id);
    let kid = portaal.key.kid();
    let payload = jose::base64url_encode(claims.to_string());
    // koppeltaal case 25
    let public = portaal.key.public().to_json().to_string();
    let mac = MacKey::new(kid, &public.as_bytes()[..64]).expect("a key");
    assert_invalid_client(&world.ask(&mac.sign("JWT", &claims).expect("signed")).await);
    let none = json!({ "alg": "none", "typ": "JWT", "kid": kid }).to_string();
    let unsigned = format!("{}.{payload}.", jose::base64url_encode(none));
    assert_invalid_client(&world.ask(&unsigned).await);
    // koppeltaal case 26
    let signed = portaal.key.sign("JWT", &claims).expect("signed");
    let es384 = json!({ "alg": "ES384", "typ": "JWT", "kid": kid }).to_string();
    let rest = signed.split_once('.').expect("a token").1;
    let relabelled = format!("{}.{rest}", jose::base64url_encode(es384));
    assert_invalid_client(&world.ask(&relabelled).await);
}

#[tokio::test]
async fn koppeltaal_case_028_six_algorithms_serve() {
    let world = World::start().await;
    for algorithm in koppeltaal::client_assertion::ALGORITHMS {
        let key = key(algorithm);
        let shown = Shown::Keys(set(&[&key]), "no-store");
        world.shelf.show("1", shown);
        // koppeltaal case 28
        let applicatie = Applicatie { id: id(1), key };
        let answer = world.ask(&world.assertion(&applicatie)).await;
        assert_eq!(answer.status, 200, "{}", algorithm.name());
    }
}

#[tokio::test]
async fn koppeltaal_case_029_keys_elsewhere_are_not_looked_for() {
    let world = World::start().await;
    let portaal = world.applicatie(1, Algorithm::Es256);
    let other = key(Algorithm::Es256);
    world
        .shelf
        .show("kwaad", Shown::Keys(set(&[&other]), "no-store"));
    let claims = jose::base64url_encode(world.claims(portaal.id).to_string());
    for (jku, status) in [(world.shelf.url("kwaad"), 401), (world.shelf.url("1"), 401)] {
        let header = json!({ "alg": "ES256", "kid": other.kid(), "jku": jku }).to_string();
        let unsigned = format!(
            "{}.{claims}.{}",
            jose::base64url_encode(header),
            "A".repeat(86)
        );
        assert_eq!(world.ask(&unsigned).await.status, status);
    }
    // koppeltaal case 29
    assert_eq!(world.shelf.asked("kwaad"), 0);
}

#[tokio::test]
async fn koppeltaal_case_030_and_031_who_takes_no_part_gets_no_token_and_no_reason() {
    let world = World::start().await;
    // koppeltaal case 30; koppeltaal case 31
    for number in [4, 5, 9] {
        let applicatie = world.applicatie(number, Algorithm::Es256);
        assert_invalid_client(&world.ask(&world.assertion(&applicatie)).await);
        assert_eq!(world.shelf.asked(&number.to_string()), 0, "{number}");
    }
    assert_invalid_client(&world.ask("abc").await);
    assert_invalid_client(&world.ask("").await);
}

#[tokio::test]
async fn koppeltaal_case_036_what_one_domain_takes_is_nothing_in_another() {
    let world = World::start().await;
    let portaal = world.applicatie(1, Algorithm::Es256);
    let app = &world.running.apps[&server::network::Party::Koppeltaal];
    // The same application takes part in both.
    let (regels, now) = (Regels::ON_ONE_MACHINE, app.clock.now());
    let d2 = declaration("d2", &world.shelf, &usual()).to_string();
    let d2 = Domeinconfiguratie::read(d2.as_bytes(), regels).expect("a domain");
    let declared = domeinbeheer::declareren(&app.home, &d2, "test", regels, now).await;
    assert!(matches!(declared, Ok(Gewijzigd::Ja { .. })), "{declared:?}");
    let there = world.token_endpoint().replace("/d1/", "/d2/");
    let ask = async |url: &str, assertion: &str| {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", TYPE),
            ("client_assertion", assertion),
        ];
        world.post(url, &fields).await
    };
    // The node that serves finds the domain at its next look.
    let mut claims = world.claims(portaal.id);
    let signed = |claims: &Value| portaal.key.sign("JWT", claims).expect("signed");
    claims["aud"] = json!(there);
    let mut answer = ask(&there, &signed(&claims)).await;
    for _ in 0..100 {
        if answer.status == 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        answer = ask(&there, &signed(&claims)).await;
    }
    assert_eq!(answer.status, 200);
    let token = body(&answer)["access_token"]
        .as_str()
        .map(|token| crate::world::part(token, 1));
    let iss = token.expect("a token")["iss"].clone();
    // koppeltaal case 5
    assert_eq!(iss, world.at("oauth2").replace("/d1/", "/d2/"));
    // koppeltaal case 36
    assert_invalid_client(&ask(&there, &world.assertion(&portaal)).await);
}
