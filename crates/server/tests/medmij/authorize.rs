//! The authorization request.

use http::header::LOCATION;

use crate::world::{CORRELATION, NAAM, World, heading, location, text};

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
async fn medmij_case_002_and_004_and_005_and_008_an_unproven_client_is_told_on_a_page() {
    let world = World::start().await;
    let double = "https%253A%252F%252Fanderpgo.localhost%252Fcallback";
    for (name, value) in [
        ("client_id", Some("onbekend.localhost")),
        ("client_id", None),
        ("redirect_uri", Some("https://evil.example/cb")),
        ("redirect_uri", None),
        ("redirect_uri", Some(double)),
    ] {
        let answer = world.authorize(&with(world.auth(NAAM), name, value)).await;
        // medmij cases 2, 4, 5 and 8
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
async fn medmij_case_009_and_012_and_016_and_017_other_faults_go_back_with_302() {
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
        ("state", None, "invalid_request", ""),
        ("MedMij-Request-ID", None, "invalid_request", "&state=S1"),
    ] {
        let answer = world.authorize(&with(world.auth(NAAM), name, value)).await;
        // medmij cases 9, 12, 16 and 17 (core.authint.203)
        assert_eq!(answer.status, 302, "{name} {value:?}");
        let expected = format!("{}?error={error}{state}", world.cb());
        assert_eq!(location(&answer), expected);
    }
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
