//! Tokens that are given out.

use http::header::{CACHE_CONTROL, PRAGMA};
use jose::Algorithm;
use koppeltaal::Domein;
use koppeltaal::domeinbeheer::{Bewerking, Gewijzigd, Macht, Verwacht, Wijzigen};
use koppeltaal::domeinconfiguratie::Regels;
use serde_json::{Value, json};
use server::domeinbeheer;
use server::network::Party;
use server::outside::Headers;

use crate::world::{TYPE, World, body, id, part, text};

#[tokio::test]
async fn koppeltaal_case_007_and_008_an_assertion_brings_a_token_for_five_minutes() {
    let world = World::start().await;
    let portaal = world.applicatie(1, Algorithm::Rs384);
    let answer = world.ask(&world.assertion(&portaal)).await;
    // koppeltaal case 7
    assert_eq!(answer.status, 200, "{}", text(&answer));
    assert_eq!(answer.headers[CACHE_CONTROL], "no-store");
    assert_eq!(answer.headers[PRAGMA], "no-cache");
    let answered = body(&answer);
    assert_eq!(answered["token_type"], "bearer");
    assert_eq!(answered["expires_in"], 300);
    // koppeltaal case 8
    let token = answered["access_token"].as_str().expect("a token");
    let claims = part(token, 1);
    assert_eq!(claims["iss"], world.at("oauth2"));
    assert_eq!(claims["azp"], portaal.id.to_string());
    assert_eq!(claims["sub"], portaal.id.to_string());
    assert_eq!(claims["aud"], json!([world.at("fhir/r4")]));
    assert_eq!(claims["scope"], answered["scope"]);
    let lifetime = claims["exp"].as_i64().zip(claims["iat"].as_i64());
    assert_eq!(lifetime.map(|(exp, iat)| exp - iat), Some(300));
    let keys = world.get(&world.at("oauth2/jwks"), Headers::none()).await;
    let kid = part(token, 0)["kid"].clone();
    let keys = body(&keys);
    let keys = keys["keys"].as_array().expect("keys");
    assert!(keys.iter().any(|key| key["kid"] == kid));
    let audit = world.audit().await;
    let issued = audit
        .iter()
        .filter(|row| row.what == "an access token was issued");
    assert_eq!(issued.count(), 1);
}

#[tokio::test]
async fn koppeltaal_case_009_and_010_and_118_without_a_scope_everything_is_given() {
    let world = World::start().await;
    let portaal = world.applicatie(1, Algorithm::Es256);
    // koppeltaal case 118: the worked example, but for its ids
    let own = format!("?resource-origin=Device/{}", id(1));
    let expected = format!("system/Patient.rs system/Task.crus{own}");
    // koppeltaal cases 9 and 10
    for scope in [None, Some(""), Some("*"), Some(" ")] {
        let answer = world.ask_for(&world.assertion(&portaal), scope).await;
        assert_eq!(body(&answer)["scope"], expected, "{scope:?}");
    }
}

#[tokio::test]
async fn koppeltaal_case_011_and_012_a_list_narrows() {
    let world = World::start().await;
    let portaal = world.applicatie(1, Algorithm::Es256);
    let ask = async |scope| world.ask_for(&world.assertion(&portaal), Some(scope)).await;
    // koppeltaal case 11
    let answer = ask("system/Patient.rs").await;
    assert_eq!(body(&answer)["scope"], "system/Patient.rs");
    let token = body(&answer)["access_token"]
        .as_str()
        .map(|token| part(token, 1));
    assert_eq!(token.expect("a token")["scope"], "system/Patient.rs");
    // koppeltaal case 12
    for nothing in [
        "system/Organization.d",
        "system/Patient.d",
        "openid",
        "system/Patient.sr",
    ] {
        let answer = ask(nothing).await;
        assert_eq!(answer.status, 400, "{nothing}");
        assert_eq!(body(&answer)["error"], "invalid_scope", "{nothing}");
    }
}

#[tokio::test]
async fn koppeltaal_case_013_another_grant_is_not_offered() {
    let world = World::start().await;
    let portaal = world.applicatie(1, Algorithm::Es256);
    let assertion = world.assertion(&portaal);
    let fields = [
        ("client_assertion_type", TYPE),
        ("client_assertion", &assertion),
    ];
    let ask = async |grant: &[(&str, &str)]| {
        let answer = world
            .post(&world.token_endpoint(), &[grant, &fields].concat())
            .await;
        (answer.status.as_u16(), body(&answer)["error"].clone())
    };
    // koppeltaal case 13
    let other = ask(&[("grant_type", "not_a_grant_type")]).await;
    assert_eq!(other, (400, json!("unsupported_grant_type")));
    assert_eq!(ask(&[]).await, (400, json!("invalid_request")));
    // Nothing was spent.
    assert_eq!(world.ask(&assertion).await.status, 200);
}

#[tokio::test]
async fn koppeltaal_case_035_a_token_is_asked_for_by_post() {
    let world = World::start().await;
    let answer = world.get(&world.token_endpoint(), Headers::none()).await;
    // koppeltaal case 35
    assert_eq!(answer.status, 405);
}

#[tokio::test]
async fn koppeltaal_case_043_without_a_role_the_scope_is_empty() {
    let world = World::start().await;
    let zonder = world.applicatie(3, Algorithm::Es256);
    // koppeltaal case 43
    assert_eq!(world.token(&zonder).await["scope"], "");
}

#[tokio::test]
async fn koppeltaal_case_116_two_tokens_of_one_second_differ() {
    let world = World::start().await;
    let portaal = world.applicatie(1, Algorithm::Es256);
    let jti = async || {
        let answer = world.token(&portaal).await;
        part(answer["access_token"].as_str().expect("a token"), 1)["jti"].clone()
    };
    // koppeltaal case 116
    assert_ne!(jti().await, jti().await);
}

#[tokio::test]
async fn koppeltaal_case_046_a_permission_goes_with_the_tokens_that_carry_it() {
    let world = World::start().await;
    let portaal = world.applicatie(1, Algorithm::Es256);
    let old = world.token(&portaal).await;
    let app = &world.running.apps[&Party::Koppeltaal];
    let domein = Domein::parse("d1").expect("a domain");
    let (regels, now) = (Regels::ON_ONE_MACHINE, app.clock.now());
    let nu = domeinbeheer::nu(&app.home, &domein, regels, now).await;
    let versie = nu.expect("readable").expect("a domain").versie;
    let wijzigen = Wijzigen {
        domein,
        bewerking: Bewerking::Rol(portaal.id, None),
        verwacht: Verwacht::Versie(versie),
        macht: Macht::Alles,
        wie: "test".to_owned(),
        regels,
        now,
        nonce: [1; 8],
    };
    let done = domeinbeheer::wijzigen(&app.home, &wijzigen).await;
    assert!(matches!(done, Ok(Gewijzigd::Ja { .. })), "{done:?}");
    // Another process did it: the node that serves has not looked yet, and its commit fails.
    let new = world.token(&portaal).await;
    // koppeltaal case 46
    assert_eq!(new["scope"], "");
    let ask = async |token: &Value| {
        let token = token["access_token"].as_str().expect("a token");
        let url = world.at("fhir/r4/Patient");
        world.get(&url, Headers::none().bearer(token)).await.status
    };
    assert_eq!(ask(&new).await, 403);
    // Nobody is behind this gateway; who may not ask hears 403 before that shows.
    assert!(ask(&old).await.is_server_error());
}
