//! FHIR servers that do not do as they should: nothing of what they answer leaves that must not.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, ETAG, LOCATION};
use serde_json::{Value, json};

use crate::world::{
    ADMIN, GRANTED, OTHER, OWN, Seen, fhir, id, of, patient, start_alone, start_odd,
};

fn stored(number: u32, owner: u8) -> Value {
    let mut resource = of(patient("Jansen"), owner);
    resource["id"] = format!("p{number}").into();
    resource["meta"] = json!({ "versionId": "1" });
    resource
}

fn bundle(entries: &[Value], next: Option<&str>) -> Value {
    let entries: Vec<Value> = entries
        .iter()
        .map(|resource| json!({ "resource": resource, "search": { "mode": "match" } }))
        .collect();
    let mut bundle = json!({
        "resourceType": "Bundle", "type": "searchset", "total": 7, "entry": entries,
    });
    if let Some(next) = next {
        bundle["link"] = json!([{ "relation": "next", "url": next }]);
    }
    bundle
}

/// A server that knows nothing of owners: it finds six, of whom each second is somebody else's, two on
/// a page.
fn ignorant(seen: &Seen) -> Response {
    if seen.path == "metadata" {
        return fhir(404, &json!({}));
    }
    let at: u32 = seen
        .query
        .split("__at=")
        .nth(1)
        .and_then(|at| at.parse().ok())
        .unwrap_or(0);
    let two = [stored(at, OWN), stored(at + 1, OTHER)];
    let next = format!("http://internal:8080/odd/Patient?__at={}", at + 2);
    fhir(200, &bundle(&two, (at < 4).then_some(&next)))
}

#[tokio::test]
async fn koppeltaal_2_6_a_server_that_knows_no_owners_tells_of_nobody() {
    let world = start_odd(ignorant).await;
    let first = world.get(OWN, "Patient?_count=2").await;
    // koppeltaal.md §2.6
    assert_eq!(first.found(), ["Patient/p0", "Patient/p2"]);
    assert!(first.json().get("total").is_none());
    assert!(!first.text().contains("internal"), "{}", first.text());
    let next = first.next(&world.base()).expect("another page");
    let last = world.get(OWN, &next).await;
    assert_eq!(last.found(), ["Patient/p4"]);
    assert_eq!(last.next(&world.base()), None);
    let seen = world.loopback.seen();
    assert!(
        seen.iter()
            .all(|seen| !seen.query.contains("resource-origin"))
    );
    assert!(
        seen.iter()
            .all(|seen| !seen.headers.contains_key("authorization"))
    );
    // With a page of three there is no more, and none is promised.
    let all = world.get(OWN, "Patient?_count=3").await;
    assert_eq!((all.found().len(), all.next(&world.base())), (3, None));
    assert_eq!(
        world.get(OWN, "Patient?_summary=count").await.json()["total"],
        3
    );
    assert_eq!(world.get(ADMIN, "Patient").await.json()["total"], 7);
}

#[tokio::test]
async fn koppeltaal_2_6_a_page_that_is_not_there_is_no_resource_that_is_not_there() {
    let world = start_odd(|seen| match &*seen.path {
        "Patient" if !seen.query.contains("__at") => {
            let next = "http://internal:8080/odd/Patient?__at=2";
            fhir(
                200,
                &bundle(&[stored(0, OWN), stored(1, OTHER)], Some(next)),
            )
        }
        "Patient" | "Patient/_history" => fhir(410, &json!({})),
        _ => fhir(404, &json!({})),
    })
    .await;
    let first = world.get(ADMIN, "Patient?_count=2").await;
    let next = first.next(&world.base()).expect("another page");
    // koppeltaal.md §2.6
    for answer in [
        world.get(ADMIN, &next).await,
        world.get(OWN, "Patient").await,
    ] {
        assert_eq!(answer.status, 410, "{}", answer.text());
        let issue = &answer.json()["issue"][0];
        assert_eq!(issue["code"], "not-found");
        assert_eq!(
            issue["diagnostics"],
            "This page is not there any more: search again."
        );
    }
    for by in [ADMIN, OWN] {
        for path in ["Task", "Patient/_history"] {
            assert_eq!(world.get(by, path).await.status, 502, "{by} {path}");
        }
    }
    // Here it is one resource that is not there.
    let history = "Patient/p9/_history";
    assert_eq!(world.get(ADMIN, history).await.status, 404);
    assert_eq!(world.get(OWN, history).await.status, 403);
}

#[tokio::test]
async fn koppeltaal_2_6_a_server_that_knows_owners_is_asked_for_the_right_ones() {
    let world = start_odd(|seen| {
        if seen.path == "metadata" {
            let origin = json!([{ "name": "resource-origin", "type": "reference" }]);
            let resource = json!([{ "type": "Patient", "searchParam": origin }]);
            return fhir(
                200,
                &json!({
                    "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1",
                    "rest": [{ "resource": resource }],
                }),
            );
        }
        // It says that it knows, and does not do it.
        fhir(200, &bundle(&[stored(1, OTHER), stored(2, OWN)], None))
    })
    .await;
    // koppeltaal.md §2.6
    assert_eq!(world.get(OWN, "Patient").await.found(), ["Patient/p2"]);
    assert_eq!(world.get(GRANTED, "Patient").await.found(), ["Patient/p2"]);
    let seen = world.loopback.seen();
    let asked = format!("resource-origin=Device%2F{}", id(OWN));
    assert!(
        seen.iter().all(|seen| seen.query.contains(&asked)),
        "{seen:?}"
    );
    assert_eq!(seen.len(), 2);
}

#[tokio::test]
async fn koppeltaal_case_051_what_was_not_asked_for_does_not_leave() {
    let world = start_odd(|seen| {
        let mut bundle = bundle(&[stored(1, OWN)], None);
        let brought = [
            json!({ "resource": stored(2, OWN), "search": { "mode": "include" } }),
            json!({ "resource": { "resourceType": "Practitioner", "id": "x" } }),
            json!({ "resource": { "resourceType": "OperationOutcome" }, "search": { "mode": "outcome" } }),
            json!({ "resource": { "resourceType": "Patient", "id": "p3" } }),
            json!({ "fullUrl": "x" }),
        ];
        bundle["entry"].as_array_mut().expect("entries").extend(brought);
        bundle["note"] = json!("secret");
        fhir(if seen.path == "metadata" { 500 } else { 200 }, &bundle)
    })
    .await;
    // koppeltaal case 51, koppeltaal case 72
    let answer = world.get(OWN, "Patient").await;
    assert_eq!(answer.found(), ["Patient/p1"]);
    assert!(!answer.text().contains("secret"));
    let all = world.get(ADMIN, "Patient").await;
    assert_eq!(all.found(), ["Patient/p1", "Patient/p3"]);
}

#[tokio::test]
async fn koppeltaal_2_4_who_stands_in_the_answer_decides_and_not_who_was_asked_for() {
    let world = start_odd(|seen| match &*seen.path {
        // The second is another resource; then none, and a member twice.
        "Patient/p1" | "Patient/p2" => fhir(200, &stored(1, OWN)),
        "Patient/p3" => fhir(200, &json!({})),
        "Patient/p4" => {
            let text = stored(4, OTHER).to_string();
            let twice = text.replacen(
                '{',
                &format!("{{\"extension\":{},", of(json!({}), OWN)["extension"]),
                1,
            );
            (
                StatusCode::OK,
                [(CONTENT_TYPE, "application/fhir+json")],
                twice,
            )
                .into_response()
        }
        "Patient/p5" => (StatusCode::OK, [(CONTENT_TYPE, "text/html")], "secret").into_response(),
        _ => fhir(404, &json!({})),
    })
    .await;
    // koppeltaal.md §2.4
    assert_eq!(world.get(OWN, "Patient/p1").await.status, 200);
    for broken in ["Patient/p2", "Patient/p3", "Patient/p4", "Patient/p5"] {
        for by in [OWN, ADMIN] {
            let answer = world.get(by, broken).await;
            assert_eq!(answer.status, 502, "{broken}");
            assert!(!answer.text().contains("secret") && !answer.text().contains("Jansen"));
        }
    }
    assert_eq!(world.get(OTHER, "Patient/p1").await.status, 403);
}

#[tokio::test]
async fn koppeltaal_3_3_a_server_s_trouble_is_not_the_client_s() {
    let world = start_odd(|seen| match &*seen.path {
        "Patient/401" => fhir(401, &json!({ "secret": true })),
        "Patient/500" => fhir(500, &json!({ "secret": true })),
        "Patient/302" => (StatusCode::FOUND, [(LOCATION, "https://example.com/")]).into_response(),
        _ => fhir(503, &json!({})),
    })
    .await;
    for (path, status) in [
        ("Patient/401", 502),
        ("Patient/500", 503),
        ("Patient/302", 502),
        ("Patient", 503),
    ] {
        let answer = world.get(ADMIN, path).await;
        // koppeltaal.md §3.3
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.json()["resourceType"], "OperationOutcome");
        assert!(!answer.text().contains("secret"));
        let again = answer.headers.contains_key("retry-after");
        assert_eq!(again, status == 503, "{path}");
    }
}

#[tokio::test]
async fn koppeltaal_2_4_a_resource_that_changes_while_it_is_judged_is_not_replaced() {
    let world = start_odd(|seen| match (&*seen.method, &*seen.path) {
        ("GET", "Patient/p1") => {
            let mut response = fhir(200, &stored(1, OWN));
            let tag = "W/\"5\"".parse().expect("a tag");
            response.headers_mut().insert(ETAG, tag);
            response
        }
        ("DELETE", _) => fhir(409, &json!({ "issue": [{ "diagnostics": "Task/secret" }] })),
        _ => fhir(412, &json!({})),
    })
    .await;
    let mut changed = patient("Pieters");
    changed["id"] = "p1".into();
    let put = world
        .put(OWN, "Patient/p1", &changed, Some("W/\"5\""))
        .await;
    // koppeltaal case 63
    assert_eq!(put.status, 412);
    let seen = world.loopback.seen();
    let sent = seen.iter().find(|seen| seen.method == "PUT").expect("sent");
    assert_eq!(sent.headers["if-match"], "W/\"5\"");
    let sent: Value = serde_json::from_slice(&sent.body).expect("JSON");
    assert_eq!(sent["extension"], stored(1, OWN)["extension"]);
    // koppeltaal case 65 names nobody (design §5)
    let deleted = world.delete(OWN, "Patient/p1").await;
    assert_eq!(deleted.status, 409);
    assert!(!deleted.text().contains("secret"));
    let seen = world.loopback.seen();
    let sent = seen
        .iter()
        .find(|seen| seen.method == "DELETE")
        .expect("sent");
    assert_eq!(sent.headers["if-match"], "W/\"5\"");
}

#[tokio::test]
async fn koppeltaal_3_3_what_the_server_says_of_a_body_is_passed_on() {
    let world = start_odd(|seen| {
        let says = format!(
            "Patient.name is missing, see http://{}/odd/x",
            seen.headers["host"].to_str().expect("text")
        );
        let issue = json!([{ "severity": "error", "code": "required", "diagnostics": says }]);
        fhir(
            422,
            &json!({ "resourceType": "OperationOutcome", "issue": issue, "id": "1" }),
        )
    })
    .await;
    let answer = world.post(OWN, "Patient", &patient("Jansen")).await;
    // koppeltaal.md §3.3
    assert_eq!(answer.status, 422);
    let says = format!("Patient.name is missing, see {}/x", world.base());
    assert_eq!(answer.json()["issue"][0]["diagnostics"], says);
    // Of a search it is not, where others' resources were searched.
    let answer = world.get(OWN, "Patient?name=x").await;
    assert_eq!(answer.status, 400);
    assert!(!answer.text().contains("missing"));
}

/// A POST or PUT that is answered with this.
async fn written_to(answer: impl Fn() -> Response + Send + Sync + 'static) -> [u16; 2] {
    let world = start_odd(move |seen| match &*seen.method {
        "GET" => fhir(200, &stored(1, OWN)),
        _ => answer(),
    })
    .await;
    let mut changed = patient("Pieters");
    changed["id"] = "p1".into();
    let made = world.post(OWN, "Patient", &changed).await;
    let put = (world.put(OWN, "Patient/p1", &changed, Some("W/\"1\""))).await;
    for answer in [&made, &put] {
        assert!(answer.status < 300 || !answer.text().contains("Jansen"));
        assert!(!answer.text().contains("odd/secret"), "{}", answer.text());
    }
    let seen = world.loopback.seen();
    assert_eq!(seen.iter().filter(|seen| seen.method != "GET").count(), 2);
    [made.status, put.status]
}

#[tokio::test]
async fn koppeltaal_2_4_what_a_server_answers_to_a_change_is_judged() {
    let made = |resource: Value| {
        let mut answer = fhir(201, &resource);
        let place = "Patient/p1/_history/1".parse().expect("a place");
        answer.headers_mut().insert(LOCATION, place);
        answer
    };
    // koppeltaal.md §2.4
    assert_eq!(written_to(move || made(stored(1, OWN))).await, [201, 200]);
    assert_eq!(written_to(move || made(stored(1, OTHER))).await, [502, 502]);
    assert_eq!(written_to(move || made(stored(2, OWN))).await, [502, 502]);
    let other_type = || {
        let mut task = stored(1, OWN);
        task["resourceType"] = "Task".into();
        task
    };
    assert_eq!(written_to(move || made(other_type())).await, [502, 502]);
    let nobody = || json!({ "resourceType": "Patient", "id": "p1", "name": "Jansen" });
    assert_eq!(written_to(move || made(nobody())).await, [502, 502]);
    assert_eq!(
        written_to(move || made(json!(["Jansen"]))).await,
        [502, 502]
    );
    let outcome = || json!({ "resourceType": "OperationOutcome", "issue": [], "x": "odd/secret" });
    assert_eq!(written_to(move || made(outcome())).await, [201, 200]);
    let long = move || {
        let mut resource = stored(1, OTHER);
        resource["note"] = "Jansen".repeat(100_000).into();
        made(resource)
    };
    assert_eq!(written_to(long).await, [502, 502]);
}

/// Long enough to be passed on as it comes, and too long to be held.
fn long(owner: u8, bytes: usize) -> Response {
    let mut resource = stored(1, owner);
    resource["note"] = "x".repeat(bytes).into();
    fhir(200, &resource)
}

#[tokio::test]
async fn a_long_resource_is_passed_on_or_judged_within_bounds() {
    const MEBIBYTE: usize = 1024 * 1024;
    let world = start_odd(|seen| match &*seen.path {
        "Patient/p1" => long(OWN, 2 * MEBIBYTE),
        _ => long(OWN, 20 * MEBIBYTE),
    })
    .await;
    for by in [ADMIN, OWN] {
        let answer = world.get(by, "Patient/p1").await;
        assert_eq!(
            (answer.status, answer.body.len() > 2 * MEBIBYTE),
            (200, true)
        );
        assert_eq!(answer.json()["id"], "p1");
    }
    assert_eq!(world.get(OTHER, "Patient/p1").await.status, 403);
    // docs/decisions/0021: what is judged is held, up to 16 MiB
    assert!(world.get(ADMIN, "Patient/p2").await.body.len() > 20 * MEBIBYTE);
    let answer = world.get(OWN, "Patient/p2").await;
    assert_eq!(
        (answer.status, &answer.json()["issue"][0]["code"]),
        (400, &json!("too-costly"))
    );
}

#[tokio::test]
async fn koppeltaal_3_3_a_domain_whose_server_is_away_says_so() {
    let world = start_alone().await;
    for path in ["Patient/p1", "Patient", "metadata"] {
        let answer = world.get(OWN, path).await;
        // koppeltaal.md §3.3
        assert_eq!(answer.status, 503, "{path}");
        assert_eq!(answer.header("retry-after"), "5");
        assert_eq!(answer.json()["issue"][0]["code"], "transient");
    }
}
