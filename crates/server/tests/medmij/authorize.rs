//! The authorization request.

use http::header::LOCATION;

use crate::world::{CORRELATION, NAAM, World, answer, heading, location, numbers, text};

fn with(
    mut parameters: Vec<(&'static str, String)>,
    name: &'static str,
    value: Option<&str>,
) -> Vec<(&'static str, String)> {
    parameters.retain(|(known, _)| *known != name);
    parameters.extend(value.map(|value| (name, value.to_owned())));
    parameters
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_001_and_081_a_request_leads_to_the_landing_page_without_a_certificate() {
    let world = World::start().await;
    let answer = world.authorize(&world.auth(NAAM)).await;
    // medmij cases 1 and 81
    assert_eq!(answer.status, 200);
    let html = text(&answer);
    // core.usrint.100
    assert!(html.contains("Ziekenhuis De Sluiswachter"), "{html}");
    assert!(html.contains("Een Ander PGO"), "{html}");
    assert!(!answer.headers.contains_key(LOCATION));
    let with_other = with(world.auth(NAAM), "foo", Some("1"));
    // core.authint.200: what is not asked for is ignored
    assert_eq!(world.authorize(&with_other).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_002_and_003_and_004_and_005_and_006_and_007_and_008_an_unproven_client_is_told_on_a_page()
 {
    let world = World::start().await;
    let double = "https%253A%252F%252Fanderpgo.localhost%252Fcallback";
    for (name, value) in [
        ("client_id", Some("onbekend.localhost")),
        ("client_id", None),
        ("redirect_uri", Some("https://evil.example/cb")),
        (
            "redirect_uri",
            Some("https://anderpgo.localhost.evil.example/"),
        ),
        ("redirect_uri", Some("http://anderpgo.localhost/callback")),
        ("redirect_uri", None),
        ("redirect_uri", Some(double)),
    ] {
        let answer = world.authorize(&with(world.auth(NAAM), name, value)).await;
        // medmij cases 2 to 8
        assert_eq!(answer.status, 400, "{name} {value:?}");
        assert!(!answer.headers.contains_key(LOCATION));
        let html = text(&answer);
        assert!(
            !html.contains("href=\"https://") && !html.contains("<form"),
            "{html}"
        );
    }
    assert!(world.log().contains("core.authint.202"));
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_009_to_013_and_015_to_018_other_faults_go_back_with_302() {
    let world = World::start().await;
    for (name, value, error, state) in [
        (
            "response_type",
            Some("token"),
            "unsupported_response_type",
            "&state=S1",
        ),
        (
            "scope",
            Some("onbekendeaanbieder"),
            "invalid_scope",
            "&state=S1",
        ),
        // Another DVA serves this one.
        (
            "scope",
            Some("huisartshetstuwpand"),
            "invalid_scope",
            "&state=S1",
        ),
        (
            "scope",
            Some("apotheekdeschutkolk~51"),
            "invalid_scope",
            "&state=S1",
        ),
        ("response_type", None, "invalid_request", "&state=S1"),
        ("scope", None, "invalid_request", "&state=S1"),
        (
            "scope",
            Some("ziekenhuisdesluiswachter@medmij"),
            "invalid_scope",
            "&state=S1",
        ),
        (
            "scope",
            Some("ziekenhuisdesluiswachter~51 ziekenhuisdesluiswachter~52"),
            "invalid_scope",
            "&state=S1",
        ),
        ("state", None, "invalid_request", ""),
        (
            "X-Correlation-ID",
            Some("abc"),
            "invalid_request",
            "&state=S1",
        ),
        ("MedMij-Request-ID", None, "invalid_request", "&state=S1"),
    ] {
        let answer = world.authorize(&with(world.auth(NAAM), name, value)).await;
        // medmij cases 9 to 13 and 15 to 18 (core.authint.203)
        assert_eq!(answer.status, 302, "{name} {value:?}");
        let expected = format!("{}?error={error}{state}", world.cb());
        assert_eq!(location(&answer), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_019_both_numbers_as_headers_are_as_good_as_missing() {
    let world = World::start().await;
    let request = with(world.auth(NAAM), "MedMij-Request-ID", None);
    let request = with(request, "X-Correlation-ID", None);
    let outside = world.as_client(None);
    let sent = outside.get(&world.authorize_url(&request), numbers()).await;
    let answer = sent.expect("an answer");
    // medmij case 19
    assert_eq!(answer.status, 302);
    let expected = format!("{}?error=invalid_request&state=S1", world.cb());
    assert_eq!(location(&answer), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_020_and_021_and_107_what_is_not_known_is_ignored_and_a_state_comes_back() {
    let world = World::start().await;
    // medmij cases 21 and 107
    let state = format!("a b&c=d%/?#é{}", "s".repeat(512));
    let request = with(world.auth(NAAM), "state", Some(&state));
    // medmij case 20
    let request = with(request, "prompt", Some("login"));
    let mut person = world.person();
    let shown = person.open(&world.authorize_url(&request)).await;
    let shown = shown.expect("the landing page");
    let shown = person.send(shown.form("/stoppen").expect("a form")).await;
    let shown = shown.expect("back at the client");
    assert_eq!(answer(&shown, "error").as_deref(), Some("access_denied"));
    assert_eq!(answer(&shown, "state"), Some(state));
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_022_a_request_id_that_comes_again_is_told_and_served() {
    let world = World::start().await;
    let told = "the MedMij-Request-ID was used before";
    let numbered = |number| with(world.auth(NAAM), "MedMij-Request-ID", Some(number));
    let first = "9a2c26a4-5ed3-4b4d-8f1b-0c7f5a9e61d2";
    assert_eq!(world.authorize(&numbered(first)).await.status, 200);
    assert_eq!(world.authorize(&numbered(CORRELATION)).await.status, 200);
    assert!(!world.log().contains(told));
    // medmij case 22
    let again = first.to_uppercase();
    assert_eq!(world.authorize(&numbered(&again)).await.status, 200);
    assert_eq!(world.log().matches(told).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_014_a_scope_with_a_gegevensdienst_is_delen() {
    let world = World::start().await;
    let (_, shown) = world.at_landing(&format!("{NAAM}~42")).await;
    // medmij case 14
    assert_eq!(heading(&shown), "Gegevens delen");
    // core.authint.208: the run keeps the client's own number.
    assert!(shown.html.contains(CORRELATION), "{}", shown.html);
}
