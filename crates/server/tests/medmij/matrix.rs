//! Every parameter of the authorization interface, in every way that it can be wrong, against the exception
//! table (core.authint.207) written down as data.

use protocol::wire::encode;

use crate::world::{CORRELATION, NAAM, REQUEST, World, location};

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
            // Any text is a state: it is opaque.
            if (name, wrong) == ("state", Wrong::Malformed) {
                continue;
            }
            let mut parts: Vec<String> = good
                .iter()
                .filter(|(known, _)| *known != name)
                .map(|(known, value)| pair(known, value))
                .collect();
            match wrong {
                Wrong::Missing => {}
                Wrong::Empty => parts.push(pair(name, "")),
                Wrong::Repeated => parts.extend([pair(name, value), pair(name, value)]),
                Wrong::Malformed => parts.push(pair(name, "%00<script>")),
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
