use axum::body::Body;
use http::Request;

use super::*;
use crate::routes::testing::{Answer, Party, host, send};

const GATEWAY: Option<&str> = Some("koppeltaal.localhost");
const BASE: &str = "https://fhir.localhost/fhir";

fn router(party: &Party) -> Router {
    let app = Arc::clone(&party.app);
    FhirServerRole::new(app, BASE, host("koppeltaal.localhost")).router()
}

async fn ask(router: &Router, method: &str, path: &str, body: Value, tag: Option<&str>) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(tag) = tag {
        request = request.header(IF_MATCH, tag);
    }
    let body = if body.is_null() {
        Body::empty()
    } else {
        Body::from(body.to_string())
    };
    send(router, GATEWAY, request.body(body).expect("a request")).await
}

async fn get(router: &Router, path: &str) -> Answer {
    ask(router, "GET", path, Value::Null, None).await
}

fn task(number: u32) -> Value {
    json!({
        "resourceType": "Task", "status": "ready", "id": "mine",
        "identifier": [{ "system": "urn:test", "value": number.to_string() }],
        "for": { "reference": format!("Patient/{number}") },
        "code": { "coding": [{ "system": "urn:codes", "code": "view" }] },
        "extension": [{ "url": "http://x/resource-origin", "valueReference": { "reference": "Device/1" } }],
    })
}

async fn made(router: &Router, number: u32) -> String {
    let answer = ask(router, "POST", "/fhir/Task", task(number), None).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_str().expect("an id").to_owned()
}

/// The identifiers of what a Bundle holds.
fn found(answer: &Answer) -> Vec<String> {
    let bundle = answer.json();
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    let number = |entry: &Value| entry["resource"]["identifier"][0]["value"].to_string();
    entries.iter().map(number).collect()
}

#[tokio::test]
async fn a_resource_lives_through_its_versions() {
    let party = Party::new().await;
    let router = router(&party);
    let id = made(&router, 1).await;
    // TOP-KT-003
    assert_eq!(id.len(), 36);
    let path = format!("/fhir/Task/{id}");
    let read = get(&router, &path).await;
    assert_eq!(read.headers[ETAG], "W/\"1\"");
    assert_eq!(read.json()["meta"]["versionId"], "1");
    let put = |tag| ask(&router, "PUT", &path, task(2), tag);
    assert_eq!(put(None).await.status, 412);
    assert_eq!(put(Some("W/\"2\"")).await.status, 412);
    assert_eq!(put(Some("W/\"1\"")).await.headers[ETAG], "W/\"2\"");
    assert_eq!(
        found(&get(&router, "/fhir/Task?identifier=2").await).len(),
        1
    );
    let stale = ask(&router, "DELETE", &path, Value::Null, Some("W/\"1\"")).await;
    assert_eq!(stale.status, 412);
    let ended = ask(&router, "DELETE", &path, Value::Null, None).await;
    assert_eq!(ended.status, 204);
    // TOP-KT-013
    assert_eq!(get(&router, &path).await.status, 410);
    let first = get(&router, &format!("{path}/_history/1")).await;
    assert_eq!(first.json()["identifier"][0]["value"], "1");
    let history = get(&router, &format!("{path}/_history")).await.json();
    let methods: Vec<&Value> = (history["entry"].as_array().expect("entries").iter())
        .map(|entry| &entry["request"]["method"])
        .collect();
    assert_eq!(methods, ["DELETE", "PUT", "POST"]);
    assert_eq!(get(&router, "/fhir/Task/unknown").await.status, 404);
    // TGB 004
    let put = |tag| ask(&router, "PUT", "/fhir/Task/unknown", task(3), tag);
    assert_eq!(put(Some("W/\"1\"")).await.status, 404);
    assert_eq!(put(None).await.status, 201);
    assert_eq!(
        get(&router, "/fhir/Task/unknown").await.json()["id"],
        "unknown"
    );
    assert_eq!(get(&router, "/fhir/task").await.status, 404);
}

#[tokio::test]
async fn a_search_finds_by_what_stands_in_resources() {
    let party = Party::new().await;
    let router = router(&party);
    for number in 1..=3 {
        made(&router, number).await;
    }
    for (query, expected) in [
        ("", 3),
        ("identifier=2", 1),
        ("identifier=urn:test%7C2", 1),
        ("identifier=urn:other%7C2", 0),
        ("identifier=1,2", 2),
        ("identifier=1&identifier=2", 0),
        ("patient=Patient/3", 1),
        ("patient=3", 1),
        ("code=urn:codes%7Cview&status=ready", 3),
        ("status=completed", 0),
        ("resource-origin=Device/1", 3),
        ("resource-origin=Device/2", 0),
    ] {
        let answer = get(&router, &format!("/fhir/Task?{query}")).await;
        // FHIR R4 §3.1.1.4
        assert_eq!(found(&answer).len(), expected, "{query}");
        assert_eq!(answer.json()["total"], expected, "{query}");
    }
    for query in [
        "_include=Task:owner",
        "name=x",
        "_count=x",
        "patient.name=x",
    ] {
        // FHIR R4 §3.1.1.2
        let answer = get(&router, &format!("/fhir/Task?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
    }
    let count = get(&router, "/fhir/Task?_summary=count").await.json();
    assert_eq!((&count["total"], count.get("entry")), (&json!(3), None));
}

#[tokio::test]
async fn a_page_leads_to_the_next() {
    let party = Party::new().await;
    let router = router(&party);
    for number in 1..=3 {
        made(&router, number).await;
    }
    let first = get(&router, "/fhir/Task?_count=2&status=ready").await;
    // The last changed first.
    assert_eq!(found(&first), ["\"3\"", "\"2\""]);
    let next = first.json()["link"][1]["url"]
        .as_str()
        .expect("a URL")
        .to_owned();
    assert_eq!(next, format!("{BASE}/Task?_count=2&status=ready&_offset=2"));
    let path = next.replacen("https://fhir.localhost", "", 1);
    let last = get(&router, &path).await;
    assert_eq!(found(&last), ["\"1\""]);
    assert_eq!(last.json()["link"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn nobody_but_the_gateway_gets_an_answer() {
    let party = Party::new().await;
    let router = router(&party);
    for by in [None, Some("pgo.localhost")] {
        for path in ["/fhir/Task", "/fhir/metadata", "/fhir/Task/1"] {
            let request = Request::get(path).body(Body::empty());
            let answer = send(&router, by, request.expect("a request")).await;
            assert_eq!(answer.status, 403, "{by:?} {path}");
        }
    }
    assert_eq!(
        get(&router, "/fhir/metadata").await.json()["fhirVersion"],
        "4.0.1"
    );
}

#[test]
fn a_shelf_that_is_full_takes_no_more() {
    let mut shelf = Shelf::default();
    let big = "x".repeat(1024 * 1024);
    let mut added = 0;
    while shelf
        .add(
            ("Binary", &added.to_string()),
            "POST",
            "now",
            Some(json!({ "data": big })),
        )
        .is_ok()
    {
        added += 1;
        assert!(added < 1_000, "it is never full");
    }
    assert_eq!(added, 127);
}

#[tokio::test]
async fn a_batch_creates_what_can_be_created_and_says_of_each_entry_how_it_ended() {
    let party = Party::new().await;
    let router = router(&party);
    let creation = |number| json!({ "resource": task(number), "request": { "method": "POST", "url": "Task" } });
    let deletion = json!({ "request": { "method": "DELETE", "url": "Task/1" } });
    let bundle = json!({
        "resourceType": "Bundle", "type": "batch", "entry": [creation(1), deletion, creation(2)],
    });
    let answer = ask(&router, "POST", "/fhir", bundle, None).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    assert_eq!(answer["type"], "batch-response");
    let status = |at: usize| answer["entry"][at]["response"]["status"].clone();
    assert_eq!(
        (status(0), status(1), status(2)),
        ("201 Created".into(), "400".into(), "201 Created".into())
    );
    let kept = get(&router, "/fhir/Task").await;
    assert_eq!(kept.json()["total"], 2);
    let other = json!({ "resourceType": "Bundle", "type": "transaction", "entry": [creation(3)] });
    assert_eq!(ask(&router, "POST", "/fhir", other, None).await.status, 400);
    assert_eq!(get(&router, "/fhir/Task").await.json()["total"], 2);
}
