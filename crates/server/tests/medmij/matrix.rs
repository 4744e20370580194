//! Every parameter of both interfaces, in every way that it can be wrong, against their tables
//! (core.authint.207, core.tknint.207) written down as data. Every combination at the authorization
//! interface is judged without sockets, in the rule's own tests.

use http::HeaderName;
use protocol::wire::encode;
use server::outside::Headers;

use crate::world::{CORRELATION, NAAM, REQUEST, SASKIA, World, is_error, json, location, text};

/// How a parameter is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    Missing,
    Empty,
    Repeated,
    Malformed,
    Overlong,
}

/// Where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// 1a.
    Page,
    /// 1b, with this error; and whether the state comes back.
    Back(&'static str, bool),
}

const WRONG: [Wrong; 5] = [
    Wrong::Missing,
    Wrong::Empty,
    Wrong::Repeated,
    Wrong::Malformed,
    Wrong::Overlong,
];

/// The exception table.
fn expected(name: &str, wrong: Wrong) -> End {
    let invalid = End::Back("invalid_request", true);
    match (name, wrong) {
        ("client_id" | "redirect_uri", _) => End::Page,
        ("response_type", Wrong::Malformed | Wrong::Overlong) => {
            End::Back("unsupported_response_type", true)
        }
        ("scope", Wrong::Malformed | Wrong::Overlong) => End::Back("invalid_scope", true),
        ("state", _) => End::Back("invalid_request", false),
        _ => invalid,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn core_authint_207_each_wrong_parameter_ends_as_the_exception_table_says() {
    let world = World::start().await;
    let cb = world.cb();
    let good = [
        ("response_type", "code"),
        ("client_id", "anderpgo.localhost"),
        ("redirect_uri", cb.as_str()),
        ("scope", NAAM),
        ("state", "S1"),
        ("MedMij-Request-ID", REQUEST),
        ("X-Correlation-ID", CORRELATION),
    ];
    let pair = |name: &str, value: &str| format!("{name}={}", encode(value));
    for (name, value) in good {
        for wrong in WRONG {
            let mut parts: Vec<String> = good
                .iter()
                .filter(|(known, _)| *known != name)
                .map(|(known, value)| pair(known, value))
                .collect();
            match wrong {
                Wrong::Missing => {}
                Wrong::Empty => parts.push(pair(name, "")),
                Wrong::Repeated => parts.extend([pair(name, value), pair(name, value)]),
                Wrong::Malformed => parts.push(pair(name, "\u{1}<script>")),
                Wrong::Overlong => parts.push(pair(name, &"a".repeat(2_000))),
            }
            let url = format!("{}/authorize?{}", world.url("dva"), parts.join("&"));
            let answer = world.get(&url).await;
            let what = format!("{name} {wrong:?}");
            // core.authint.207, and core.authint.200 and .203: each is mandatory
            match expected(name, wrong) {
                End::Page => {
                    assert_eq!(answer.status, 400, "{what}");
                    assert!(!answer.headers.contains_key("location"), "{what}");
                }
                End::Back(error, has_state) => {
                    assert_eq!(answer.status, 302, "{what}");
                    let state = if has_state { "&state=S1" } else { "" };
                    assert_eq!(
                        location(&answer),
                        format!("{cb}?error={error}{state}"),
                        "{what}"
                    );
                }
            }
        }
    }
}

// ── The token interface ─────────────────────────────────────────────────────────────────────────

/// What is wrong with a token request: a parameter or a header, and how.
type Faults<'a> = [(&'a str, Wrong)];

const HEADERS: [&str; 2] = ["medmij-request-id", "x-correlation-id"];

/// The table of core.tknint.207, read from top to bottom: status and error. `secret` is the code or
/// the refresh token.
fn refusal(secret: &str, faults: &Faults<'_>) -> (u16, &'static str) {
    let of = |name: &str| {
        let found = faults.iter().find(|(known, _)| *known == name);
        found.map(|(_, wrong)| *wrong)
    };
    let is_none = |wrong| matches!(wrong, Wrong::Missing | Wrong::Empty);
    if faults.iter().any(|(_, wrong)| *wrong == Wrong::Repeated) {
        return (400, "invalid_request");
    }
    match of("client_id") {
        Some(wrong) if is_none(wrong) => return (400, "invalid_request"),
        Some(_) => return (401, "invalid_client"),
        None => {}
    }
    match of("grant_type") {
        Some(wrong) if is_none(wrong) => return (400, "invalid_request"),
        Some(_) => return (400, "unsupported_grant_type"),
        None => {}
    }
    if HEADERS.iter().any(|name| of(name).is_some()) {
        return (400, "invalid_request");
    }
    match of(secret).or(of("redirect_uri")) {
        Some(wrong) if is_none(wrong) => (400, "invalid_request"),
        _ => (400, "invalid_grant"),
    }
}

fn value_of(value: &str, wrong: Wrong) -> String {
    match wrong {
        Wrong::Missing | Wrong::Empty => String::new(),
        Wrong::Repeated => value.to_owned(),
        Wrong::Malformed => "%00<script>".to_owned(),
        Wrong::Overlong => "a".repeat(2_000),
    }
}

/// Sends a good request with these faults, and holds the answer against the table.
async fn is_refused(world: &World, good: &[(&str, &str)], faults: &Faults<'_>) {
    let mut form: Vec<(&str, String)> = Vec::new();
    let mut headers = Headers::none();
    let fault_of = |name: &str| faults.iter().find(|(known, _)| *known == name);
    for (name, value) in good {
        let Some((_, wrong)) = fault_of(name) else {
            form.push((name, (*value).to_owned()));
            continue;
        };
        let times = match wrong {
            Wrong::Missing => 0,
            Wrong::Repeated => 2,
            Wrong::Empty | Wrong::Malformed | Wrong::Overlong => 1,
        };
        form.extend((0..times).map(|_| (*name, value_of(value, *wrong))));
    }
    for (name, value) in HEADERS.into_iter().zip([REQUEST, CORRELATION]) {
        let value = match fault_of(name) {
            Some((_, Wrong::Missing)) => continue,
            Some((_, wrong)) => value_of(value, *wrong),
            None => value.to_owned(),
        };
        headers = headers.with(HeaderName::from_static(name), &value);
    }
    let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let answer = world.token_as(&world.outside, &form, headers).await;
    let (status, error) = refusal(good[1].0, faults);
    assert_eq!(answer.status, status, "{faults:?}: {}", text(&answer));
    assert_eq!(json(&answer)["error"], error, "{faults:?}");
}

/// Each fault alone, and each two of different parts together.
fn one_and_two<'a>(parts: &[(&'a str, &[Wrong])]) -> Vec<Vec<(&'a str, Wrong)>> {
    let each = |(name, wrongs): &(&'a str, &[Wrong])| {
        let name = *name;
        wrongs
            .iter()
            .map(move |wrong| (name, *wrong))
            .collect::<Vec<_>>()
    };
    let mut all = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        for first in each(part) {
            all.push(vec![first]);
            for other in &parts[at + 1..] {
                all.extend(each(other).into_iter().map(|second| vec![first, second]));
            }
        }
    }
    all
}

/// A header that the client repeats is one too many for its library.
const WRONG_HEADER: [Wrong; 4] = [
    Wrong::Missing,
    Wrong::Empty,
    Wrong::Malformed,
    Wrong::Overlong,
];

#[tokio::test(flavor = "multi_thread")]
async fn core_tknint_207_what_is_wrong_with_a_code_request_ends_as_the_table_says_and_spends_nothing()
 {
    let world = World::start().await;
    let (code, cb) = (world.code(SASKIA, NAAM, false).await, world.cb());
    let good = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("client_id", "anderpgo.localhost"),
        ("redirect_uri", cb.as_str()),
    ];
    let parts: [(&str, &[Wrong]); 6] = [
        ("grant_type", &WRONG),
        ("code", &WRONG),
        ("client_id", &WRONG),
        ("redirect_uri", &WRONG),
        (HEADERS[0], &WRONG_HEADER),
        (HEADERS[1], &WRONG_HEADER),
    ];
    // core.tknint.207
    for faults in one_and_two(&parts) {
        // core.tknint.204: this is presented, and void after it
        let is_presented =
            |(name, wrong): &(&str, Wrong)| *name == "redirect_uri" && *wrong != Wrong::Repeated;
        if faults.len() == 1 && faults.iter().all(is_presented) {
            continue;
        }
        is_refused(&world, &good, &faults).await;
    }
    assert_eq!(world.redeem(&code).await.status, 200, "nothing was spent");
}

#[tokio::test(flavor = "multi_thread")]
async fn core_tknint_205_another_redirect_uri_makes_a_code_void() {
    let world = World::start().await;
    let cb = world.cb();
    for wrong in [
        Wrong::Missing,
        Wrong::Empty,
        Wrong::Malformed,
        Wrong::Overlong,
    ] {
        let code = world.code(SASKIA, NAAM, false).await;
        let good = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("client_id", "anderpgo.localhost"),
            ("redirect_uri", cb.as_str()),
        ];
        // core.tknint.205
        is_refused(&world, &good, &[("redirect_uri", wrong)]).await;
        let after = world.redeem(&code).await;
        is_error(&after, 400, "invalid_grant");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn core_tknint_207_what_is_wrong_with_a_refresh_ends_as_the_table_says_and_spends_nothing() {
    let world = World::start().await;
    let first = world.tokens(SASKIA).await;
    let token = first["refresh_token"].as_str().expect("a token");
    let good = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
        ("client_id", "anderpgo.localhost"),
    ];
    let parts: [(&str, &[Wrong]); 5] = [
        ("grant_type", &WRONG),
        ("refresh_token", &WRONG),
        ("client_id", &WRONG),
        (HEADERS[0], &WRONG_HEADER),
        (HEADERS[1], &WRONG_HEADER),
    ];
    // core.tknint.207
    for faults in one_and_two(&parts) {
        is_refused(&world, &good, &faults).await;
    }
    assert_eq!(world.refresh(token).await.status, 200, "nothing was spent");
}
