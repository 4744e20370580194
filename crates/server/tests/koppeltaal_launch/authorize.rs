//! Koppeltaal cases 92 to 100.

use serde_json::{Value, json};
use server::outside::Answer;

use crate::world::{MODULE, OTHER_MODULE, PORTAL, TERUG, World, id, location, query, text};

/// An authorization request that is good but for one parameter.
async fn changed(world: &World, name: &'static str, value: Option<&str>) -> Answer {
    let mut parameters = world.authorize(&world.signed(PORTAL, &world.launch()));
    parameters.retain(|(known, _)| *known != name);
    parameters.extend(value.map(|value| (name, value.to_owned())));
    world.get(&world.authorize_url(&parameters)).await
}

/// The error that goes back to the module.
fn error(answer: &Answer) -> String {
    assert_eq!(answer.status, 302, "{}", text(answer));
    let url = location(answer);
    assert!(url.starts_with(TERUG), "{url}");
    assert_eq!(query(&url, "state").as_deref(), Some("s 1"));
    assert!(query(&url, "iss").is_some(), "RFC 9207 §2");
    assert!(query(&url, "code").is_none());
    query(&url, "error").expect("an error")
}

fn assert_page(answer: &Answer) {
    assert_eq!(answer.status, 400);
    assert!(answer.headers.get("location").is_none());
    let page = text(answer);
    assert!(page.contains("<html"), "a page");
    // The language switch leads to the page itself.
    let pieces = page.split("href=\"");
    let words: String = pieces
        .filter_map(|piece| piece.split_once('>'))
        .map(|(_, t)| t)
        .collect();
    // TOP-KT-012c: without technical detail
    for detail in ["client_id", "redirect_uri", "koppeltaal case"] {
        assert!(!words.contains(detail), "{detail}");
    }
}

#[tokio::test]
async fn koppeltaal_case_092_a_valid_launch_leads_to_the_idp_with_everything_it_needs() {
    let world = World::start().await;
    let answer = world.get(&world.authorize_for(&world.launch())).await;
    // koppeltaal case 92
    assert_eq!(answer.status, 302, "{}", text(&answer));
    let url = location(&answer);
    let idp = world.running.hosts.url("idp");
    assert!(url.starts_with(&format!("{idp}/authorize?")), "{url}");
    assert_eq!(query(&url, "response_type").as_deref(), Some("code"));
    assert_eq!(query(&url, "client_id").as_deref(), Some("koppeltaal-d1"));
    assert_eq!(
        query(&url, "code_challenge_method").as_deref(),
        Some("S256")
    );
    let scope = query(&url, "scope").expect("a scope");
    assert!(scope.split(' ').any(|scope| scope == "openid"));
    assert!(query(&url, "state").is_some() && query(&url, "nonce").is_some());
    let callback = world.at("oauth2/idp/callback");
    assert_eq!(query(&url, "redirect_uri"), Some(callback));
    // design §5: what must come back is in this browser alone, unreadable
    let cookie = answer.headers["set-cookie"].to_str().expect("text");
    assert!(cookie.starts_with("__Host-launch-"));
    for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(attribute), "{attribute}");
    }
    assert!(!cookie.contains("Patient"));
    let told = world.fhir.told_of(2).await;
    let told: Vec<&str> = told
        .iter()
        .filter_map(|e| e["outcomeDesc"].as_str())
        .collect();
    assert!(told.iter().any(|told| told.starts_with("authorize: ")));
    assert!(told.iter().any(|told| told.starts_with("idp call: ")));
    // koppeltaal.md §2.3: as itself
    let service = id(255).to_string();
    assert!(world.fhir.asked_by().iter().all(|azp| *azp == service));
}

#[tokio::test]
async fn koppeltaal_case_093_an_unknown_client_gets_our_own_page() {
    let world = World::start().await;
    let stranger = id(9).to_string();
    for client in [None, Some(stranger.as_str())] {
        assert_page(&changed(&world, "client_id", client).await);
    }
}

#[tokio::test]
async fn koppeltaal_case_093_the_page_is_there_in_the_other_language_too() {
    let world = World::start().await;
    let shown = changed(&world, "client_id", None).await;
    let page = text(&shown);
    let mut hrefs = page
        .split("href=\"")
        .filter_map(|rest| rest.split_once('"'));
    let switch = hrefs.find(|(href, _)| href.ends_with("taal=en"));
    let switch = switch.expect("a language switch").0.replace("&#38;", "&");
    let host = world.running.hosts.url("koppeltaal");
    let english = world.get(&format!("{host}{switch}")).await;
    // koppeltaal case 93
    assert_page(&english);
    assert!(page.contains("<html lang=\"nl\""));
    assert!(text(&english).contains("<html lang=\"en\""));
}

#[tokio::test]
async fn koppeltaal_case_094_an_unregistered_redirect_uri_gets_our_own_page() {
    let world = World::start().await;
    for uri in [None, Some("https://evil.example/")] {
        assert_page(&changed(&world, "redirect_uri", uri).await);
    }
}

#[tokio::test]
async fn koppeltaal_case_095_a_client_without_redirect_uris_gets_our_own_page() {
    let world = World::start().await;
    let portal = id(PORTAL).to_string();
    assert_page(&changed(&world, "client_id", Some(&portal)).await);
}

#[tokio::test]
async fn koppeltaal_case_096_another_scope_is_invalid_scope() {
    let world = World::start().await;
    let answer = changed(&world, "scope", Some("launch openid")).await;
    assert_eq!(error(&answer), "invalid_scope");
}

#[tokio::test]
async fn koppeltaal_case_097_another_audience_is_invalid_request() {
    let world = World::start().await;
    let answer = changed(&world, "aud", Some("https://fhir.example")).await;
    assert_eq!(error(&answer), "invalid_request");
}

#[tokio::test]
async fn koppeltaal_case_098_a_launch_that_is_over_or_for_another_leads_to_no_idp() {
    let world = World::start().await;
    let now = world.running.clock.now().unix();
    let with = |name: &str, value: Value| {
        let mut claims = world.launch();
        claims[name] = value;
        claims
    };
    for claims in [
        with("exp", json!(now - 100)),
        with("aud", json!(id(OTHER_MODULE).device())),
        with("iss", json!(id(9).to_string())),
        // signed by the portal, said to be the module's
        with("iss", json!(id(MODULE).to_string())),
        with("task", json!({ "id": "Task/t" })),
    ] {
        let answer = world.get(&world.authorize_for(&claims)).await;
        assert_eq!(error(&answer), "invalid_request");
    }
    let answer = changed(&world, "launch", Some("abc")).await;
    assert_eq!(error(&answer), "invalid_request");
    // koppeltaal case 98: a launch that is good afterwards is the first that is told of
    world.get(&world.authorize_for(&world.launch())).await;
    assert_eq!(world.fhir.told_of(2).await.len(), 2);
}

#[tokio::test]
async fn koppeltaal_case_098_a_launch_is_used_once() {
    let world = World::start().await;
    let url = world.authorize_for(&world.launch());
    assert_eq!(world.get(&url).await.status, 302);
    world.fhir.told_of(2).await;
    let again = world.get(&url).await;
    // koppeltaal case 98
    assert_eq!(error(&again), "invalid_request");
    assert!(again.headers.get("set-cookie").is_none());
    assert_eq!(world.fhir.told().len(), 2);
}

#[tokio::test]
async fn koppeltaal_case_098_two_requests_with_one_launch_at_once_lead_one_person_to_the_idp() {
    let world = World::start().await;
    let url = world.authorize_for(&world.launch());
    let (one, other) = tokio::join!(world.get(&url), world.get(&url));
    let idp = world.running.hosts.url("idp");
    let at_idp = [&one, &other].map(|answer| location(answer).starts_with(&idp));
    // koppeltaal case 98
    assert_ne!(at_idp[0], at_idp[1]);
}

#[tokio::test]
async fn koppeltaal_case_099_without_s256_it_is_invalid_request() {
    let world = World::start().await;
    for (name, value) in [
        ("code_challenge", None),
        ("code_challenge_method", Some("plain")),
        ("code_challenge_method", None),
    ] {
        let answer = changed(&world, name, value).await;
        assert_eq!(error(&answer), "invalid_request");
    }
}

#[tokio::test]
async fn koppeltaal_case_100_the_request_by_post_does_the_same() {
    let world = World::start().await;
    let parameters = world.authorize(&world.signed(PORTAL, &world.launch()));
    let fields: Vec<(&str, &str)> = parameters.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let answer = world.post(&world.at("oauth2/authorize"), &fields).await;
    // koppeltaal case 100
    assert_eq!(answer.status, 302, "{}", text(&answer));
    assert!(location(&answer).starts_with(&world.running.hosts.url("idp")));
}

#[tokio::test]
async fn top_kt_018_a_launch_into_a_domain_that_is_not_there_is_not_found() {
    let world = World::start().await;
    let url = world.authorize_for(&world.launch()).replace("/d1/", "/d2/");
    // TOP-KT-018
    assert_eq!(world.get(&url).await.status, 404);
}
