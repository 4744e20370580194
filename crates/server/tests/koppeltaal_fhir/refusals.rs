//! Representations, numbers and headers.

use serde_json::json;

use crate::world::{ADMIN, Ask, OWN, patient, start};

#[tokio::test]
async fn koppeltaal_case_070_bodies_and_answers_are_fhir_as_json() {
    let world = start().await;
    let body = patient("Jansen");
    for content_type in ["text/turtle", "application/fhir+xml", "text/plain"] {
        let ask = Ask {
            by: Some(OWN),
            method: "POST",
            path: "Patient",
            body: Some(&body),
            headers: &[("content-type", content_type)],
        };
        // koppeltaal case 70
        assert_eq!(world.ask(ask).await.status, 415, "{content_type}");
    }
    for (accept, status) in [
        ("application/fhir+xml", 406),
        ("text/html", 406),
        ("application/fhir+json; fhirVersion=5.0", 406),
        ("application/fhir+json; fhirVersion=4.0", 200),
        ("*/*", 200),
    ] {
        let ask = Ask {
            by: Some(OWN),
            method: "GET",
            path: "Patient",
            headers: &[("accept", accept)],
            ..Ask::default()
        };
        let answer = world.ask(ask).await;
        assert_eq!(answer.status, status, "{accept}");
        // What was accepted is not echoed (koppeltaal.md §5).
        assert_eq!(
            answer.header("content-type"),
            "application/fhir+json; charset=utf-8"
        );
    }
    assert_eq!(world.get(OWN, "Patient?_format=json").await.status, 200);
    assert_eq!(world.get(OWN, "Patient?_format=xml").await.status, 406);
    assert!(world.get(ADMIN, "Patient").await.found().is_empty());
}

#[tokio::test]
async fn koppeltaal_case_074_the_numbers_of_a_request_come_back() {
    let world = start().await;
    let get = async |headers: &[(&str, &str)]| {
        let ask = Ask {
            by: Some(OWN),
            method: "GET",
            path: "Patient",
            headers,
            ..Ask::default()
        };
        world.ask(ask).await
    };
    let answer = get(&[("x-request-id", "r1"), ("x-trace-id", "t1")]).await;
    // koppeltaal case 74
    assert_eq!(answer.header("x-request-id"), "r1");
    assert_eq!(answer.header("x-trace-id"), "t1");
    let answer = get(&[("x-request-id", "r 1"), ("x-trace-id", "")]).await;
    let (request, trace) = (answer.header("x-request-id"), answer.header("x-trace-id"));
    assert_eq!((request.len(), trace.len()), (36, 36));
    assert_ne!(request, trace);
    // Refusals too.
    let unknown = world
        .ask(Ask {
            method: "GET",
            path: "Patient",
            headers: &[("x-request-id", "r2")],
            ..Ask::default()
        })
        .await;
    assert_eq!(
        (unknown.status, unknown.header("x-request-id")),
        (401, "r2")
    );
}

#[tokio::test]
async fn koppeltaal_case_112_every_answer_bears_what_keeps_it_private() {
    let world = start().await;
    let made = world.post(OWN, "Patient", &patient("Jansen")).await;
    let path = format!("Patient/{}", made.json()["id"].as_str().expect("an id"));
    for answer in [
        world.get(OWN, &path).await,
        world.get(OWN, "Patient").await,
        world.get(OWN, "Device").await,
        world.ask_with("x", "Patient").await,
        made,
    ] {
        // koppeltaal case 112
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(
            answer.header("content-security-policy"),
            "frame-ancestors 'none'"
        );
        assert_eq!(
            answer.header("content-type"),
            "application/fhir+json; charset=utf-8"
        );
    }
}

#[tokio::test]
async fn koppeltaal_3_2_a_method_that_is_not_taken_says_which_are() {
    let world = start().await;
    for (method, path, allow) in [
        ("PATCH", "Patient/1", "GET, HEAD, PUT, DELETE"),
        ("PUT", "Patient", "GET, HEAD, POST"),
        ("DELETE", "Patient?identifier=1", "GET, HEAD, POST"),
        ("PUT", "Patient?identifier=1", "GET, HEAD, POST"),
        ("POST", "Patient/1", "GET, HEAD, PUT, DELETE"),
        ("GET", "Patient/_search", "POST"),
    ] {
        let ask = Ask {
            by: Some(ADMIN),
            method,
            path,
            ..Ask::default()
        };
        let answer = world.ask(ask).await;
        // koppeltaal.md §3.2
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, allow),
            "{method} {path}"
        );
    }
    let batch = json!({ "resourceType": "Bundle", "type": "transaction" });
    assert_eq!(world.post(ADMIN, "", &batch).await.status, 404);
}

#[tokio::test]
async fn rfc_9110_9_3_2_head_is_answered_as_get_without_the_body() {
    let world = start().await;
    let mine = world.patient(OWN).await;
    for (path, status) in [(&*mine, 200), ("Patient", 200), ("Device", 403)] {
        let ask = Ask {
            by: Some(OWN),
            method: "HEAD",
            path,
            ..Ask::default()
        };
        let (head, get) = (world.ask(ask).await, world.get(OWN, path).await);
        // RFC 9110 §9.3.2
        assert_eq!((head.status, head.body.len()), (status, 0), "{path}");
        assert_eq!(get.status, status, "{path}");
        assert_eq!(head.headers.get("etag"), get.headers.get("etag"), "{path}");
    }
}

#[tokio::test]
async fn top_kt_018_another_domain_is_somewhere_else() {
    let world = start().await;
    let token = world.token(ADMIN).await;
    let ask = Ask {
        method: "GET",
        path: "../../../d2/fhir/r4/Patient",
        ..Ask::default()
    };
    // TOP-KT-018
    let other = world.ask(ask).await;
    assert_eq!(other.status, 404);
    assert_eq!(other.json()["resourceType"], "OperationOutcome");
    assert_eq!(world.ask_with(&token, "Patient/%2e%2e").await.status, 404);
}
