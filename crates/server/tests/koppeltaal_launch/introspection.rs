//! Koppeltaal cases 83 to 91.

use serde_json::json;

use crate::world::{MODULE, OTHER_MODULE, PORTAL, World, body, id, text};

#[tokio::test]
async fn koppeltaal_case_083_an_hti_token_for_the_caller_is_active_with_all_its_claims() {
    let world = World::start().await;
    let claims = world.launch();
    let token = world.signed(PORTAL, &claims);
    let answer = world.introspect(MODULE, &token).await;
    assert_eq!(answer.status, 200, "{}", text(&answer));
    let mut expected = claims;
    expected["active"] = json!(true);
    // koppeltaal case 83
    assert_eq!(body(&answer), expected);
}

#[tokio::test]
async fn koppeltaal_case_084_a_bad_assertion_is_401() {
    let world = World::start().await;
    let url = world.at("oauth2/introspect");
    let token = world.signed(PORTAL, &world.launch());
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let wrong = world.assertion(MODULE, "https://elsewhere.example");
    let fields = [
        ("token", token.as_str()),
        ("client_assertion_type", kind),
        ("client_assertion", wrong.as_str()),
    ];
    // koppeltaal case 84
    assert_eq!(world.post(&url, &fields).await.status, 401);
    assert_eq!(world.post(&url, &fields[..1]).await.status, 401);
    // nothing was spent: the launch is active afterwards
    assert_eq!(
        body(&world.introspect(MODULE, &token).await)["active"],
        true
    );
}

#[tokio::test]
async fn koppeltaal_case_084_an_assertion_serves_once() {
    let world = World::start().await;
    let url = world.at("oauth2/introspect");
    let assertion = world.assertion(MODULE, &url);
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let fields = [
        ("token", "abc"),
        ("client_assertion_type", kind),
        ("client_assertion", assertion.as_str()),
    ];
    assert_eq!(world.post(&url, &fields).await.status, 200);
    // koppeltaal case 84
    assert_eq!(world.post(&url, &fields).await.status, 401);
}

#[tokio::test]
async fn koppeltaal_md_1_5_an_assertion_for_the_token_endpoint_will_do() {
    let world = World::start().await;
    let assertion = world.assertion(MODULE, &world.at("oauth2/token"));
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let fields = [
        ("token", "abc"),
        ("client_assertion_type", kind),
        ("client_assertion", assertion.as_str()),
    ];
    let answer = world.post(&world.at("oauth2/introspect"), &fields).await;
    // koppeltaal.md §1.5
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn koppeltaal_case_085_without_token_it_is_400() {
    let world = World::start().await;
    let url = world.at("oauth2/introspect");
    let assertion = world.assertion(MODULE, &url);
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let fields = [
        ("client_assertion_type", kind),
        ("client_assertion", assertion.as_str()),
    ];
    let answer = world.post(&url, &fields).await;
    // koppeltaal case 85
    assert_eq!(answer.status, 400);
    assert_eq!(body(&answer)["error"], "invalid_request");
}

/// 200, and nothing but that it does not count.
async fn assert_inactive(world: &World, by: u8, token: &str) {
    let answer = world.introspect(by, token).await;
    assert_eq!(answer.status, 200);
    assert_eq!(text(&answer), r#"{"active":false}"#);
}

#[tokio::test]
async fn koppeltaal_case_086_an_hti_token_for_another_device_is_inactive_and_stays_unspent() {
    let world = World::start().await;
    let token = world.signed(PORTAL, &world.launch());
    // koppeltaal case 86
    assert_inactive(&world, OTHER_MODULE, &token).await;
    let right = world.introspect(MODULE, &token).await;
    assert_eq!(body(&right)["active"], true);
}

#[tokio::test]
async fn koppeltaal_case_087_an_hti_token_that_is_over_is_inactive() {
    let world = World::start().await;
    let mut over = world.launch();
    over["exp"] = json!(world.running.clock.now().unix() - 100);
    // koppeltaal case 87
    assert_inactive(&world, MODULE, &world.signed(PORTAL, &over)).await;
}

#[tokio::test]
async fn koppeltaal_case_090_what_is_no_jwt_is_inactive() {
    let world = World::start().await;
    for token in ["abc", "a.b.c", "e30.e30.e30"] {
        // koppeltaal case 90
        assert_inactive(&world, MODULE, token).await;
    }
}

#[tokio::test]
async fn koppeltaal_case_088_an_hti_token_is_active_once_also_at_the_same_moment() {
    let world = World::start().await;
    let token = world.signed(PORTAL, &world.launch());
    let (one, other) = tokio::join!(
        world.introspect(MODULE, &token),
        world.introspect(MODULE, &token)
    );
    let active = [one, other].map(|answer| body(&answer)["active"] == true);
    // koppeltaal case 88
    assert_ne!(active[0], active[1]);
    let third = world.introspect(MODULE, &token).await;
    assert_eq!(text(&third), r#"{"active":false}"#);
    // and for a login neither
    let login = world
        .get(&world.authorize_url(&world.authorize(&token)))
        .await;
    assert!(!crate::world::location(&login).starts_with(&world.running.hosts.url("idp")));
}

#[tokio::test]
async fn koppeltaal_case_089_an_own_access_token_is_active_as_often_as_asked() {
    let world = World::start().await;
    let answer = world
        .token(PORTAL, &[("grant_type", "client_credentials")])
        .await;
    let token = body(&answer)["access_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    for by in [MODULE, PORTAL, MODULE] {
        let body = body(&world.introspect(by, &token).await);
        // koppeltaal case 89
        assert_eq!(body["active"], true);
        assert_eq!(body["client_id"], id(PORTAL).to_string());
        assert_eq!(body["scope"], "system/Patient.rs");
        assert_eq!(body["token_type"], "bearer");
        assert!(body["exp"].is_i64());
    }
    world.running.clock.shift(300);
    let late = world.introspect(MODULE, &token).await;
    assert_eq!(text(&late), r#"{"active":false}"#);
}

#[tokio::test]
async fn koppeltaal_case_091_introspection_of_a_launch_is_told_and_of_an_access_token_is_not() {
    let world = World::start().await;
    let answer = world
        .token(PORTAL, &[("grant_type", "client_credentials")])
        .await;
    let token = body(&answer)["access_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    world.introspect(MODULE, &token).await;
    let claims = world.launch();
    world
        .introspect(MODULE, &world.signed(PORTAL, &claims))
        .await;
    let told = world.fhir.told_of(1).await;
    // koppeltaal case 91
    assert_eq!(told.len(), 1);
    let event = &told[0];
    assert_eq!(event["type"]["code"], "110114");
    assert_eq!(event["subtype"][0]["code"], "110122");
    let desc = event["outcomeDesc"].as_str().expect("a text");
    assert!(desc.starts_with("introspect:"));
    assert_eq!(event["entity"][0]["what"]["reference"], "Patient/p");
    assert_eq!(event["agent"][0]["who"]["reference"], id(MODULE).device());
    let extensions = event["extension"].as_array().expect("extensions");
    let trace = extensions.iter().find(|extension| {
        let url = extension["url"].as_str().unwrap_or_default();
        url.ends_with("/trace-id")
    });
    // koppeltaal.md §3.5
    assert_eq!(trace.expect("a trace")["valueId"], claims["jti"]);
}

#[tokio::test]
async fn rfc_7662_introspection_is_by_post_and_form_alone() {
    let world = World::start().await;
    let answer = world.get(&world.at("oauth2/introspect")).await;
    // RFC 7662 §2.1
    assert_eq!(answer.status, 405);
}
