use serde_json::json;

use super::super::testing::{MODULE, TERUG, World, document};
use super::*;

fn redirected(change: &str, value: Option<&str>) -> RedirectRefusal {
    match World::new().authorize(change, value) {
        Err(AuthorizeRefusal::Redirect(refusal)) => refusal,
        other => panic!("expected a redirect, got {other:?}"),
    }
}

fn page(change: &str, value: Option<&str>) -> PageRefusal {
    match World::new().authorize(change, value) {
        Err(AuthorizeRefusal::Page(refusal)) => refusal,
        other => panic!("expected a page, got {other:?}"),
    }
}

#[test]
fn koppeltaal_case_092_a_whole_request_is_accepted() {
    let verzoek = World::new().authorize("surprise", Some("ignored"));
    let verzoek = verzoek.expect("keeps to every rule");
    // koppeltaal case 92
    assert_eq!(verzoek.client_id.to_string(), MODULE);
    assert_eq!(verzoek.redirect_uri, TERUG);
    assert_eq!(verzoek.state, "s 1");
    assert_eq!(verzoek.launch, "a.b.c");
}

#[test]
fn koppeltaal_case_093_an_unknown_client_is_a_page() {
    for id in [
        None,
        Some("module"),
        Some("33333333-3333-4333-8333-333333333333"),
    ] {
        assert_eq!(page("client_id", id), PageRefusal::UnknownClient);
    }
    let why = PageRefusal::UnknownClient.reason();
    assert_eq!(why.requirement, "koppeltaal case 93");
}

#[test]
fn koppeltaal_case_093_a_client_that_is_not_approved_is_a_page() {
    let mut document = document();
    document["applications"][1]["status"] = json!("pending");
    let refused = World::of(&document).authorize("x", None);
    let page = AuthorizeRefusal::Page(PageRefusal::UnknownClient);
    // koppeltaal case 93
    assert_eq!(refused, Err(page));
}

#[test]
fn koppeltaal_case_094_an_unregistered_redirect_uri_is_a_page() {
    let near = format!("{TERUG}/");
    for uri in [None, Some(near.as_str()), Some("https://evil.example/")] {
        assert_eq!(page("redirect_uri", uri), PageRefusal::UnknownRedirectUri);
    }
    let why = PageRefusal::UnknownRedirectUri.reason();
    assert_eq!(why.requirement, "koppeltaal case 94");
}

#[test]
fn koppeltaal_case_095_a_client_without_redirect_uris_is_a_page() {
    let mut document = document();
    document["applications"][1]["redirect_uris"] = json!([]);
    let refused = World::of(&document).authorize("x", None);
    let page = AuthorizeRefusal::Page(PageRefusal::UnknownRedirectUri);
    // koppeltaal case 95
    assert_eq!(refused, Err(page));
}

#[test]
fn koppeltaal_case_096_another_scope_is_invalid_scope_with_state_and_iss() {
    for scope in [
        None,
        Some("launch openid"),
        Some("launch openid fhirUser offline_access"),
        Some("launch launch openid"),
        Some("launch openid fhiruser"),
    ] {
        let refusal = redirected("scope", scope);
        assert_eq!(refusal.error, "invalid_scope");
        let url = refusal.url("https://kt.example/api/v1/d1/oauth2");
        assert!(url.starts_with(&format!("{TERUG}?error=invalid_scope&")));
        // koppeltaal case 96; RFC 9207 §2
        assert!(url.contains("&state=s%201&iss=https"));
    }
}

#[test]
fn koppeltaal_case_097_another_audience_is_invalid_request() {
    for aud in [None, Some("https://kt.example/api/v1/d2/fhir/r4")] {
        let refusal = redirected("aud", aud);
        assert_eq!(refusal.error, "invalid_request");
        assert_eq!(refusal.requirement, "koppeltaal case 97");
    }
}

#[test]
fn koppeltaal_case_099_without_s256_it_is_invalid_request() {
    for (name, value) in [
        ("code_challenge", None),
        ("code_challenge", Some("kort")),
        ("code_challenge_method", None),
        ("code_challenge_method", Some("plain")),
    ] {
        let refusal = redirected(name, value);
        assert_eq!(refusal.error, "invalid_request");
        assert_eq!(refusal.requirement, "koppeltaal case 99");
    }
}

#[test]
fn koppeltaal_md_4_5_whatever_else_is_wrong_goes_back_to_the_module() {
    for (name, value, error) in [
        ("state", None, "invalid_request"),
        ("state", Some(""), "invalid_request"),
        ("state", Some("x".repeat(513).as_str()), "invalid_request"),
        ("nonce", Some("x".repeat(513).as_str()), "invalid_request"),
        ("response_type", None, "invalid_request"),
        ("response_type", Some("token"), "unsupported_response_type"),
        ("response_mode", Some("fragment"), "invalid_request"),
        ("request", Some("a.b.c"), "request_not_supported"),
        ("request_uri", Some("urn:x"), "request_uri_not_supported"),
        ("launch", None, "invalid_request"),
        ("prompt", Some("login consent"), "invalid_request"),
    ] {
        // koppeltaal.md §4.5
        assert_eq!(redirected(name, value).error, error, "{name}");
    }
    // as JSON it is six times as long
    let controls = "\u{1}".repeat(300);
    assert_eq!(
        redirected("state", Some(&controls)).error,
        "invalid_request"
    );
    let verzoek = World::new().authorize("prompt", Some("login"));
    let prompt = verzoek.expect("a prompt that is passed on").prompt;
    assert_eq!(prompt.map(Prompt::as_str), Some("login"));
}
