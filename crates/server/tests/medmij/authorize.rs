//! The authorization request.

use http::header::LOCATION;
use server::outside::Call;

use crate::world::{
    CORRELATION, NAAM, SASKIA, World, answer, heading, location, login, numbers, text,
};

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
        (
            "redirect_uri",
            Some("https://anderpgo.localhost/callback?code=EVIL&state=EVIL"),
        ),
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
        // RFC 6749 appendix A.5
        ("state", Some("S1\u{1}\r\n"), "invalid_request", ""),
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
    let state = format!("a b&c=d%/?#\"\\~{}", "s".repeat(512));
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

#[tokio::test(flavor = "multi_thread")]
async fn core_authint_203_delen_of_what_takes_nothing_goes_back_before_the_login() {
    let world = World::start().await;
    for (dienst, is_taken) in [("42", true), ("51", false), ("6", false)] {
        let answer = world
            .authorize(&world.auth(&format!("{NAAM}~{dienst}")))
            .await;
        if is_taken {
            assert_eq!(answer.status, 200);
            continue;
        }
        // core.authint.203 (exception 1b)
        assert_eq!(answer.status, 302, "{dienst}");
        let expected = format!("{}?error=invalid_scope&state=S1", world.cb());
        assert_eq!(location(&answer), expected);
        assert!(!answer.headers.contains_key("set-cookie"), "nothing waits");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn core_authint_200_an_unknown_parameter_is_ignored_however_it_is_written() {
    let world = World::start().await;
    let good = world.authorize_url(&world.auth(NAAM));
    let many = "&p=1".repeat(60);
    for extra in [
        "&foo=%zz",
        "&foo=%ff",
        "&utm=100%",
        "&foo=1&foo=2",
        "&MedMij_geboortedatum=1&MedMij_geboortedatum=2",
        &many,
    ] {
        let answer = world.get(&format!("{good}{extra}")).await;
        // core.authint.200
        assert_eq!(answer.status, 200, "{extra}");
        assert!(text(&answer).contains("Ziekenhuis De Sluiswachter"));
    }
    for name in ["response_type", "scope", "X-Correlation-ID"] {
        let without = world.authorize_url(&with(world.auth(NAAM), name, None));
        let answer = world.get(&format!("{without}&{name}=%zz")).await;
        // core.authint.203 (exception 1b): the client is proven
        assert_eq!(answer.status, 302, "{name}");
        let expected = format!("{}?error=invalid_request&state=S1", world.cb());
        assert_eq!(location(&answer), expected, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn core_authint_200_the_longest_state_that_is_taken_fits_a_cookie_and_comes_back() {
    let world = World::start().await;
    let redirect_uri = format!("{:c<512}", format!("{}/", world.cb()));
    let mut person = world.person();
    for state in ["s".repeat(1_024), "\"".repeat(512)] {
        let request = with(world.auth(NAAM), "state", Some(&state));
        let request = with(request, "redirect_uri", Some(&redirect_uri));
        let url = world.authorize_url(&request);
        let cookie = world.get(&url).await.headers["set-cookie"].len();
        // RFC 6265 §6.1
        assert!(cookie <= 4_096, "{cookie}");
        let shown = person.open(&url).await.expect("the landing page");
        let shown = person.send(shown.form("/stoppen").expect("a form")).await;
        let shown = shown.expect("back at the client");
        assert_eq!(answer(&shown, "state"), Some(state));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn core_authint_200_a_client_sets_no_language_and_the_person_does_without_a_new_request() {
    let strict = r#"{"dva":{"left_open":{"refuse_repeated_request_ids":true}}}"#;
    let world = World::start_with(&[("settings.json", strict)]).await;
    let request = with(world.auth(NAAM), "taal", Some("en"));
    let head = http::Method::HEAD;
    let url = world.authorize_url(&request);
    // core.authint.208: HEAD shows no page, and uses no number up
    let nobody = world.as_client(None);
    let headed = nobody.open(Call {
        method: head,
        url: &url,
        headers: numbers(),
        body: None,
        timeout_s: 20,
    });
    let headed = headed.await.expect("an answer");
    assert_eq!(headed.status, 405);
    assert_eq!(headed.headers["allow"], "GET");
    let mut person = world.person();
    let shown = person.open(&url).await.expect("an answer");
    // core.authint.200
    assert_eq!(shown.status, 200);
    assert!(shown.html.contains("<html lang=\"nl\""), "{}", shown.html);
    let (_, link) = shown.html.split_once("href=\"/landing?").expect("a switch");
    let link = link.split('"').next().unwrap_or_default();
    let query = link.replace("&#38;", "&").replace("&amp;", "&");
    let english = format!(
        "{}/landing?{}",
        world.url("dva"),
        query.replace("taal=nl", "taal=en")
    );
    let shown = person.open(&english).await.expect("an answer");
    // medmij case 22: a language is no second request
    assert_eq!(shown.status, 200, "{}", shown.html);
    assert!(shown.html.contains("<html lang=\"en\""), "{}", shown.html);
    assert!(shown.html.contains(CORRELATION), "the run keeps its number");
    let form = shown.form("/inloggen").expect("a way on");
    let shown = person.send(form).await.expect("an answer");
    let form = login(&shown, SASKIA, "inloggen");
    let shown = person.send(form).await.expect("an answer");
    assert!(shown.form("/verklaring").is_ok(), "{}", shown.html);
    assert!(!world.log().contains("was used before"));
    let stranger = world.person().open(&english).await.expect("an answer");
    assert_eq!(stranger.status, 400, "it is of one browser");
}
