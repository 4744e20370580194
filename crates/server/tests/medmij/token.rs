//! The token interface.

use std::time::Duration;

use http::HeaderName;
use protocol::wire::{encode, with_query};
use serde_json::Value;
use server::network::{Party, Trouble};
use server::outside::{Call, Headers};
use tokio::time::timeout;

use crate::world::{
    CORRELATION, NAAM, PGO, REQUEST, SASKIA, World, code_form, heading, is_error, json, location,
    numbers, records_with, text, years_ago,
};

fn member(answer: &Value, name: &str) -> String {
    answer[name].as_str().expect("a text").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_036_and_041_a_code_for_once_brings_a_token_once() {
    let world = World::start().await;
    let code = world.code(SASKIA, NAAM, false).await;
    let answer = world.redeem(&code).await;
    // medmij case 36
    assert_eq!(answer.status, 200, "{}", text(&answer));
    let issued = json(&answer);
    assert_eq!(
        (&issued["token_type"], &issued["expires_in"]),
        (&"Bearer".into(), &900.into())
    );
    let scope = member(&issued, "scope");
    assert!(
        scope
            .split(' ')
            .all(|id| ["51", "52", "42", "48", "6"].contains(&id)),
        "{scope}"
    );
    assert!(issued.get("refresh_token").is_none());
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["pragma"], "no-cache");
    // medmij case 41
    is_error(&world.redeem(&code).await, 400, "invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_037_and_059_and_060_a_long_lived_consent_refreshes() {
    let world = World::start().await;
    let first = world.tokens(SASKIA).await;
    let refresh = member(&first, "refresh_token");
    // medmij case 59
    let second = world.refresh(&refresh).await;
    assert_eq!(second.status, 200, "{}", text(&second));
    let second = json(&second);
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(second["scope"], first["scope"]);
    // The answer was lost: the same successor.
    let again = json(&world.refresh(&refresh).await);
    assert_eq!(again["refresh_token"], second["refresh_token"]);
    world.running.clock.shift(21);
    // medmij case 60 (core.autorisatie.211)
    is_error(&world.refresh(&refresh).await, 400, "invalid_grant");
    let ended = member(&second, "refresh_token");
    is_error(&world.refresh(&ended).await, 400, "invalid_grant");
    // And with it the access token, at once.
    let token = member(&second, "access_token");
    assert_eq!(world.resource("51", "Condition", &token).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_042_and_043_and_044_a_code_that_was_presented_is_void() {
    let world = World::start().await;
    for (redirect_uri, error) in [
        (None, "invalid_request"),
        (Some("/elders"), "invalid_grant"),
    ] {
        let code = world.code(SASKIA, NAAM, true).await;
        let cb = world.cb();
        let other = redirect_uri
            .map(|path| format!("{cb}{path}"))
            .unwrap_or_default();
        let first = world.token(&code_form(&code, &other)).await;
        // medmij cases 43 and 44 (core.tknint.205, core.tknint.207)
        is_error(&first, 400, error);
        // medmij case 42 (core.tknint.204)
        is_error(&world.redeem(&code).await, 400, "invalid_grant");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_045_and_061_secrets_grow_old() {
    let world = World::start().await;
    let code = world.code(SASKIA, NAAM, true).await;
    world.running.clock.shift(900);
    // medmij case 45
    is_error(&world.redeem(&code).await, 400, "invalid_grant");
    let refresh = member(&world.tokens(SASKIA).await, "refresh_token");
    world.running.clock.shift(183 * 86_400);
    // medmij case 61 (core.autorisatie.211)
    is_error(&world.refresh(&refresh).await, 400, "invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_047_and_048_a_client_shows_who_it_is() {
    let world = World::start().await;
    let (code, cb) = (world.code(SASKIA, NAAM, false).await, world.cb());
    let mut form = code_form(&code, &cb);
    form.retain(|(name, _)| *name != "client_id");
    // medmij case 47
    is_error(&world.token(&form).await, 400, "invalid_request");
    // medmij case 48
    let nobody = world.as_client(None);
    let answer = world
        .token_as(&nobody, &code_form(&code, &cb), numbers())
        .await;
    is_error(&answer, 401, "invalid_client");
    // medmij case 46: another client's certificate is no proof, and spends nothing
    let other = world.as_client(Some("pgo.localhost"));
    let answer = world
        .token_as(&other, &code_form(&code, &cb), numbers())
        .await;
    is_error(&answer, 401, "invalid_client");
    assert_eq!(world.redeem(&code).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_058_a_slow_record_system_does_not_keep_a_client_waiting() {
    let world = World::start().await;
    let refresh = member(&world.tokens(SASKIA).await, "refresh_token");
    let control = world.running.control.as_ref().expect("may be disturbed");
    let refreshed = async |delay_ms: u32, refresh: &str| {
        let slow = Trouble::Slow { delay_ms };
        assert!(control.troubles.set(Party::Xis, Some(slow)));
        // medmij case 58 (core.tknint.206)
        let answer = timeout(Duration::from_secs(10), world.refresh(refresh)).await;
        control.troubles.reset();
        answer.expect("an answer within ten seconds")
    };
    // It is asked several things at once: one after the other they would take half a minute.
    let answer = refreshed(4_000, &refresh).await;
    assert_eq!(answer.status, 200, "{}", text(&answer));
    let refresh = member(&json(&answer), "refresh_token");
    let answer = refreshed(9_000, &refresh).await;
    is_error(&answer, 503, "temporarily_unavailable");
    let answer = world.refresh(&refresh).await;
    assert_eq!(answer.status, 200, "nothing was spent: {}", text(&answer));
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_053_the_three_forms_of_a_token_request_are_taken_where_configured() {
    let world = World::start().await;
    for method in [http::Method::POST, http::Method::GET] {
        let (code, cb) = (world.code(SASKIA, NAAM, false).await, world.cb());
        let url = with_query(&world.token_endpoint(), &code_form(&code, &cb));
        let head = world
            .outside
            .open(call(http::Method::HEAD, &url))
            .await
            .expect("an answer");
        assert_eq!(head.status, 405, "HEAD spends nothing");
        let mut opened = world
            .outside
            .open(call(method, &url))
            .await
            .expect("an answer");
        let mut body = Vec::new();
        while let Some(piece) = opened.piece().await.expect("a body") {
            body.extend(piece);
        }
        // medmij case 53, seed 003
        assert_eq!(opened.status, 200, "{}", String::from_utf8_lossy(&body));
    }
    let (code, cb) = (world.code(SASKIA, NAAM, false).await, world.cb());
    let url = format!("{}?grant_type=authorization_code", world.token_endpoint());
    let both = world
        .outside
        .post_form(&url, &code_form(&code, &cb), numbers())
        .await;
    is_error(&both.expect("an answer"), 400, "invalid_request");
    assert_eq!(world.redeem(&code).await.status, 200, "and spent nothing");
    assert!(!world.log().contains(&code), "queries are never logged");
}

fn call(method: http::Method, url: &str) -> Call<'_> {
    Call {
        method,
        url,
        headers: numbers(),
        body: None,
        timeout_s: 20,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_054_and_055_and_106_only_what_is_asked_for_is_read() {
    let world = World::start().await;
    let (code, cb) = (world.code(SASKIA, NAAM, true).await, world.cb());
    let mut form = code_form(&code, &cb);
    form.push(("foo", "1"));
    // medmij case 54 (core.tknint.200)
    let tokens = json(&world.token(&form).await);
    let refresh = member(&tokens, "refresh_token");
    // medmij cases 55 and 106 (core.tknint.207)
    for grant in ["client_credentials", "refresh_code"] {
        let form = [
            ("grant_type", grant),
            ("refresh_token", refresh.as_str()),
            ("client_id", PGO),
        ];
        is_error(&world.token(&form).await, 400, "unsupported_grant_type");
    }
    assert_eq!(world.refresh(&refresh).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_056_a_request_without_its_numbers_spends_nothing() {
    let world = World::start().await;
    let (code, cb) = (world.code(SASKIA, NAAM, false).await, world.cb());
    let request = HeaderName::from_static("medmij-request-id");
    let correlation = HeaderName::from_static("x-correlation-id");
    for headers in [
        Headers::none(),
        Headers::none().with(correlation.clone(), CORRELATION),
        Headers::none().with(request.clone(), REQUEST),
        Headers::none()
            .with(request, "abc")
            .with(correlation, CORRELATION),
    ] {
        let answer = world
            .token_as(&world.outside, &code_form(&code, &cb), headers)
            .await;
        // medmij case 56
        is_error(&answer, 400, "invalid_request");
    }
    assert_eq!(world.redeem(&code).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_057_another_number_than_in_the_authorization_request_is_told_and_served() {
    let world = World::start().await;
    let (code, cb) = (world.code(SASKIA, NAAM, false).await, world.cb());
    let other = Headers::none()
        .with(HeaderName::from_static("medmij-request-id"), REQUEST)
        .with(HeaderName::from_static("x-correlation-id"), REQUEST);
    let answer = world
        .token_as(&world.outside, &code_form(&code, &cb), other)
        .await;
    // medmij case 57
    assert_eq!(answer.status, 200);
    assert!(world.log().contains("X-Correlation-ID differs"));
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_066_and_072_a_confirmation_is_for_once_and_nothing_tells_of_the_person() {
    let world = World::start().await;
    let code = world.code(SASKIA, &format!("{NAAM}~42"), true).await;
    let issued = json(&world.redeem(&code).await);
    // medmij case 66
    assert!(issued.get("refresh_token").is_none());
    // core.autorisatie.203
    assert_eq!(issued["scope"], "42");
    // medmij case 72
    let token = member(&issued, "access_token");
    let payload = token.split('.').nth(1).expect("claims");
    let claims = String::from_utf8(jose::b64::decode(payload).expect("base64url")).expect("text");
    let log = world.log();
    for secret in [SASKIA, "1961", "Saskia", "sluiswachter"] {
        assert!(
            !claims.contains(secret) && !code.contains(secret),
            "{secret}"
        );
    }
    assert!(!log.contains(SASKIA) && !log.contains(&token));
    // What goes wrong tells no more.
    let stranger = world.code("900186021", NAAM, false).await;
    let spent = world.redeem(&code).await;
    is_error(&spent, 400, "invalid_grant");
    let elsewhere = world
        .token(&code_form(&stranger, "https://anderpgo.localhost/x"))
        .await;
    is_error(&elsewhere, 400, "invalid_grant");
    let bearer = numbers().bearer(&stranger);
    let url = world.resource_url("51", "Condition");
    let unread = world.outside.get(&url, bearer).await.expect("an answer");
    assert_eq!(unread.status, 401);
    for refused in [&spent, &elsewhere, &unread] {
        let all = format!("{}{:?}", text(refused), refused.headers);
        for secret in [
            SASKIA,
            "1961",
            "Saskia",
            "sluiswachter",
            "00000659",
            &code,
            &stranger,
        ] {
            assert!(!all.contains(secret), "{secret}: {all}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_095_and_096_a_subscription_is_granted_for_no_longer_than_the_most_and_ends_at_0()
 {
    let settings = r#"{"dva":{"subscription_days_max":90}}"#;
    let world = World::start_with(&[("settings.json", settings)]).await;
    // ext.abo.tknint.200
    for (asked, granted) in [(180, 90), (30, 30), (0, 0)] {
        let scope = |days: u32| format!("subscribe~{days}/{NAAM}~42");
        let (_, declared) = world.at_verklaring(SASKIA, &scope(asked)).await;
        let title = if asked == 0 {
            "Berichten stoppen"
        } else {
            "Toestemming geven"
        };
        assert_eq!(heading(&declared), title);
        assert!(!declared.html.contains("Dit geldt alleen voor deze keer"));
        let code = world.code(SASKIA, &scope(asked), false).await;
        let answer = world.redeem(&code).await;
        assert_eq!(answer.status, 200, "{}", text(&answer));
        let issued = json(&answer);
        // medmij cases 95 and 96
        assert_eq!(member(&issued, "scope"), scope(granted));
        let token = member(&issued, "access_token");
        let read = world.resource("42", "Observation", &token).await;
        assert_eq!(read.status, 403, "a subscription reads nothing by itself");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn core_tknint_200_a_client_comes_with_the_names_that_its_certificates_are_bound_to() {
    let clients = serde_json::json!([{
        "client_id": PGO, "organisation": "Een Ander PGO", "auth": "tls_client_auth",
        "tls_client_auth_san_dns": ["node1.anderpgo.localhost", "node2.anderpgo.localhost"],
        "redirect_uris": ["https://anderpgo.localhost:{port}/callback"],
    }]);
    let world = World::start_with(&[("clients.json", &clients.to_string())]).await;
    let code = world.code(SASKIA, NAAM, true).await;
    let redirect_uri = world.cb();
    let form = code_form(&code, &redirect_uri);
    // core.tknint.200, RFC 8705 §2.1: its id is no name of its certificates any more
    let by_id = world.token_as(&world.outside, &form, numbers()).await;
    is_error(&by_id, 401, "invalid_client");
    let node2 = world.as_client(Some("node2.anderpgo.localhost"));
    let issued = world.token_as(&node2, &form, numbers()).await;
    assert_eq!(issued.status, 200, "{}", text(&issued));
}

/// The hospital's records, in which Saskia dies at this moment.
fn records_of_a_death(at: i64) -> String {
    let records = include_str!("../../../../sample/records/00000659.json");
    let at = jiff::Timestamp::from_second(at).expect("a moment");
    let born = r#""birthDate": "1961-04-12""#;
    assert_eq!(records.matches(born).count(), 1);
    records.replace(born, &format!("{born}, \"deceasedDateTime\": \"{at}\""))
}

/// A world in which Saskia dies in an hour, and whose DVA tells as it is set that nothing is available.
async fn until_a_death(settings: &str) -> World {
    let dies = jiff::Timestamp::now().as_second() + 3_600;
    let records = records_of_a_death(dies);
    World::start_with(&[
        ("records/00000659.json", &records),
        ("settings.json", settings),
    ])
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_063_after_the_persons_death_a_refresh_is_invalid_grant_and_the_consent_ends() {
    let world = until_a_death("{}").await;
    let first = world.tokens(SASKIA).await;
    let second = world.refresh(&member(&first, "refresh_token")).await;
    assert_eq!(second.status, 200, "{}", text(&second));
    world.running.clock.shift(7_200);
    let token = member(&json(&second), "refresh_token");
    // medmij case 63
    is_error(&world.refresh(&token).await, 400, "invalid_grant");
    let requirements: Vec<_> = world
        .audit()
        .await
        .into_iter()
        .map(|row| row.requirement)
        .collect();
    assert!(
        requirements.contains(&"medmij case 63".to_owned()),
        "{requirements:?}"
    );
    // Asked again it takes as long (medmij case 40): else the client would learn which reason it was.
    let asked = tokio::time::Instant::now();
    is_error(&world.refresh(&token).await, 400, "invalid_grant");
    assert!(
        asked.elapsed().as_millis() >= 1_490,
        "it left before its time"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn core_tknint_204_a_code_that_nobody_can_answer_for_is_spent_and_no_retry_is_promised() {
    let world = World::start().await;
    let tokens = world.tokens(SASKIA).await;
    let code = world.code(SASKIA, NAAM, true).await;
    let control = world.running.control.as_ref().expect("may be disturbed");
    assert!(control.troubles.set(Party::Xis, Some(Trouble::Down)));
    let answer = world.redeem(&code).await;
    is_error(&answer, 503, "temporarily_unavailable");
    assert!(!answer.headers.contains_key("retry-after"));
    let refresh = member(&tokens, "refresh_token");
    let answer = world.refresh(&refresh).await;
    is_error(&answer, 503, "temporarily_unavailable");
    assert!(answer.headers.contains_key("retry-after"));
    control.troubles.reset();
    is_error(&world.redeem(&code).await, 400, "invalid_grant");
    assert_eq!(world.refresh(&refresh).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_040_when_nothing_is_available_any_more_a_code_brings_an_error_without_reason()
{
    let lenient = r#"{"dva":{"left_open":{"nothing_available":"invalid_scope"}}}"#;
    for (settings, error) in [("{}", "invalid_grant"), (lenient, "invalid_scope")] {
        let world = until_a_death(settings).await;
        world.running.clock.shift(3_000);
        let code = world.code(SASKIA, NAAM, false).await;
        world.running.clock.shift(700);
        let asked = tokio::time::Instant::now();
        let answer = world.redeem(&code).await;
        // medmij case 40
        is_error(&answer, 400, error);
        assert!(
            asked.elapsed().as_millis() >= 1_490,
            "it left before its time"
        );
        let body = json(&answer);
        let members: Vec<_> = body.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["error", "error_description"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_039_the_scope_has_only_what_is_available() {
    let records = include_str!("../../../../sample/records/00000659.json");
    let mut records: Vec<Value> = serde_json::from_str(records).expect("records");
    records.retain(|resource| resource["resourceType"] != "DocumentReference");
    let records = serde_json::to_string(&records).expect("JSON");
    let world = World::start_with(&[("records/00000659.json", &records)]).await;
    let code = world.code(SASKIA, NAAM, false).await;
    let issued = json(&world.redeem(&code).await);
    // medmij case 39: the provider offers gegevensdienst 6 too
    assert_eq!(member(&issued, "scope"), "42 48 51 52");
    let token = member(&issued, "access_token");
    let documents = world.resource("6", "DocumentReference", &token).await;
    assert_eq!(documents.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_094_who_is_fifteen_collects_nothing_and_who_is_sixteen_today_does() {
    for (born, told) in [
        (years_ago(16, 0), "Toestemming geven"),
        (years_ago(16, 1), "Er zijn geen gegevens beschikbaar"),
    ] {
        let records = records_with("1961-04-12", &born);
        let world = World::start_with(&[("records/00000659.json", &records)]).await;
        let (_, shown) = world.at_verklaring(SASKIA, NAAM).await;
        // medmij case 94
        assert_eq!(shown.heading(), format!("HTTP 200, {told}"), "{born}");
    }
}

/// A DVA that decides otherwise what MedMij leaves open.
async fn lenient() -> World {
    let settings = r#"{"dva":{"left_open":{"refresh_code":true,"unnumbered_token_requests":true,
        "refuse_repeated_request_ids":true,"nothing_available":"invalid_scope"}}}"#;
    World::start_with(&[("settings.json", settings)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_106_refresh_code_counts_as_refresh_token_only_where_that_is_set() {
    let world = lenient().await;
    let first = world.tokens(SASKIA).await;
    let refresh = member(&first, "refresh_token");
    let form = [
        ("grant_type", "refresh_code"),
        ("refresh_token", refresh.as_str()),
        ("client_id", PGO),
    ];
    let answer = world.token(&form).await;
    assert_eq!(answer.status, 200, "{}", text(&answer));
    assert_ne!(member(&json(&answer), "refresh_token"), refresh);
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_056_without_its_numbers_a_request_is_served_and_told_only_where_that_is_set() {
    let world = lenient().await;
    let code = world.code(SASKIA, NAAM, false).await;
    let redirect_uri = world.cb();
    let form = code_form(&code, &redirect_uri);
    let (outside, url) = (world.as_client(Some(PGO)), world.token_endpoint());
    let sent = outside.post_form(&url, &form, Headers::none()).await;
    let answer = sent.expect("an answer");
    assert_eq!(answer.status, 200, "{}", text(&answer));
    assert!(world.log().contains("core.tknint.208"));
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_053_a_get_is_405_where_it_is_not_configured_and_spends_nothing() {
    let strict = r#"{"dva":{"get_query":false,"post_query":false}}"#;
    for (settings, allowed) in [(strict, "POST"), ("{}", "GET, POST")] {
        let world = World::start_with(&[("settings.json", settings)]).await;
        let (code, cb) = (world.code(SASKIA, NAAM, false).await, world.cb());
        let url = with_query(&world.token_endpoint(), &code_form(&code, &cb));
        for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"] {
            if (method, allowed) == ("GET", "GET, POST") {
                continue;
            }
            let method = method.parse().expect("a method");
            let answer = world.outside.open(call(method, &url)).await;
            let answer = answer.expect("an answer");
            // medmij case 53
            assert_eq!(answer.status, 405);
            assert_eq!(answer.headers["allow"], allowed);
        }
        if allowed == "POST" {
            let posted = world.outside.open(call(http::Method::POST, &url)).await;
            assert_eq!(posted.expect("an answer").status, 400);
        }
        assert_eq!(world.redeem(&code).await.status, 200, "nothing was spent");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn core_tknint_200_an_unknown_parameter_is_ignored_and_a_known_one_stands_once() {
    let world = World::start().await;
    let cb = world.cb();
    let form_of = |code: &str| {
        let form = code_form(code, &cb);
        let pairs = form
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)));
        pairs.collect::<Vec<_>>().join("&")
    };
    let many = "&p=1".repeat(200);
    let post = async |query: &str, body: String, headers: Headers| {
        let url = format!("{}{query}", world.token_endpoint());
        let media_type = "application/x-www-form-urlencoded";
        let sent = world
            .outside
            .post_bytes(&url, media_type, body.into_bytes(), headers);
        sent.await.expect("an answer")
    };
    for (query, extra) in [
        ("", "&foo=1&foo=2"),
        ("", "&foo=%zz&%ff=1"),
        ("", many.as_str()),
        ("?utm=100%&utm=1", ""),
    ] {
        let form = form_of(&world.code(SASKIA, NAAM, false).await);
        let answer = post(query, format!("{form}{extra}"), numbers()).await;
        // core.tknint.200
        assert_eq!(answer.status, 200, "{query} {extra}: {}", text(&answer));
    }
    let code = world.code(SASKIA, NAAM, false).await;
    let form = form_of(&code);
    let basic = numbers().with(http::header::AUTHORIZATION, "Basic YTpi");
    for (query, extra, headers) in [
        // RFC 6749 §3.2
        ("", "&code=x", numbers()),
        ("", "&redirect_uri=%zz", numbers()),
        ("?code=x", "", numbers()),
        // RFC 6749 §2.3: one way of proof
        ("", "&client_secret=y", numbers()),
        ("", "", basic),
    ] {
        let answer = post(query, format!("{form}{extra}"), headers).await;
        is_error(&answer, 400, "invalid_request");
    }
    assert_eq!(world.redeem(&code).await.status, 200, "nothing was spent");
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_022_a_number_that_comes_again_is_refused_only_where_that_is_set() {
    let world = lenient().await;
    let request = world.auth(NAAM);
    assert_eq!(world.authorize(&request).await.status, 200);
    let again = world.authorize(&request).await;
    assert_eq!(again.status, 302);
    assert!(location(&again).contains("error=invalid_request"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ext_abo_a_dva_that_offers_no_subscription_refuses_before_the_login() {
    let world = World::start().await;
    let scope = format!("subscribe~30/{NAAM}~42");
    let answer = world.authorize(&world.auth(&scope)).await;
    assert_eq!(answer.status, 302);
    assert!(
        location(&answer).contains("error=invalid_scope"),
        "{}",
        location(&answer)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_038_a_token_is_for_what_the_client_is_recognised_for() {
    let clients = serde_json::json!([{
        "client_id": PGO, "organisation": "Een Ander PGO", "auth": "tls_client_auth",
        "redirect_uris": ["https://anderpgo.localhost:{port}/callback"],
        "gegevensdiensten": ["51", "52"],
    }]);
    let world = World::start_with(&[("clients.json", &clients.to_string())]).await;
    let code = world.code(SASKIA, NAAM, false).await;
    let issued = json(&world.redeem(&code).await);
    let scope = member(&issued, "scope");
    // medmij case 38
    assert!(
        scope.split(' ').all(|id| ["51", "52"].contains(&id)),
        "{scope}"
    );
    let token = member(&issued, "access_token");
    assert_eq!(
        world
            .resource("48", "MedicationRequest", &token)
            .await
            .status,
        403
    );
    // core.authint.202: for Delen it is looked at before the login too
    let answer = world.authorize(&world.auth(&format!("{NAAM}~48"))).await;
    assert_eq!(answer.status, 302);
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_064_a_refresh_leaves_out_what_the_ocl_does_not_recognise_any_more() {
    let world = World::start().await;
    let code = world.code(SASKIA, NAAM, true).await;
    let before = json(&world.redeem(&code).await);
    assert!(member(&before, "scope").split(' ').any(|id| id == "48"));

    world.with_ocl("Het Beperkte PGO", &["51"]).await;
    // medmij case 64
    let after = json(&world.refresh(&member(&before, "refresh_token")).await);
    assert_eq!(member(&after, "scope"), "51");
    let token = member(&after, "access_token");
    let medication = world.resource("48", "MedicationRequest", &token).await;
    assert_eq!(medication.status, 403);
    assert_eq!(world.resource("51", "Patient", &token).await.status, 200);
    // core.authint.202: for Delen it is looked at before the login too.
    let answer = world.authorize(&world.auth(&format!("{NAAM}~48"))).await;
    assert!(location(&answer).contains("error=invalid_scope"));
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_064_who_is_recognised_for_nothing_gets_nothing_until_he_is_recognised_again() {
    let world = World::start().await;
    let code = world.code(SASKIA, NAAM, true).await;
    let before = json(&world.redeem(&code).await);
    let refresh_token = member(&before, "refresh_token");
    world.with_ocl("Het Geschorste PGO", &[]).await;
    // medmij case 64
    is_error(&world.refresh(&refresh_token).await, 400, "invalid_grant");
    world.with_ocl("Het Herstelde PGO", &["51"]).await;
    let after = world.refresh(&refresh_token).await;
    assert_eq!(after.status, 200, "{}", text(&after));
    assert_eq!(member(&json(&after), "scope"), "51");
}
