//! What is logged of a request, as FHIR tells it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::world::{ADMIN, Ask, NOBODY, OWN, World, id, origins, patient, start};

/// The AuditEvents under this number, when there are so many: they come after the answer.
async fn events(world: &World, request: &str, count: usize) -> Vec<Value> {
    let query = format!("AuditEvent?requestId={request}");
    for _ in 0..200 {
        let answer = world.get(ADMIN, &query).await.json();
        let entries = answer["entry"].as_array().cloned().unwrap_or_default();
        if entries.len() >= count {
            let resources = entries.into_iter();
            return resources
                .map(|mut entry| entry["resource"].take())
                .collect();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Vec::new()
}

/// The one AuditEvent of a request with this number.
async fn event_of(world: &World, request: &str, ask: Ask<'_>) -> (u16, Value) {
    let headers = [("x-request-id", request), ("x-trace-id", "t1")];
    let answer = world
        .ask(Ask {
            headers: &headers,
            ..ask
        })
        .await;
    let mut events = events(world, request, 1).await;
    assert_eq!(events.len(), 1, "{}", answer.text());
    (answer.status, events.remove(0))
}

fn extension<'a>(event: &'a Value, name: &str) -> &'a Value {
    let all = event["extension"].as_array().expect("extensions").iter();
    let url = format!("http://koppeltaal.nl/fhir/StructureDefinition/{name}");
    let mut found = all.filter(|extension| extension["url"] == url.as_str());
    &found.next().expect("the extension")["valueId"]
}

#[tokio::test]
async fn koppeltaal_case_075_a_creation_is_logged() {
    let world = start().await;
    let body = patient("Jansen");
    let ask = Ask {
        by: Some(OWN),
        method: "POST",
        path: "Patient",
        body: Some(&body),
        ..Ask::default()
    };
    let (status, event) = event_of(&world, "r1", ask).await;
    assert_eq!(status, 201);
    // koppeltaal case 75
    assert_eq!(event["type"]["code"], "rest");
    assert_eq!(event["subtype"][0]["code"], "create");
    assert_eq!(
        (&event["action"], &event["outcome"]),
        (&json!("C"), &json!("0"))
    );
    let agent = &event["agent"][0];
    assert_eq!(agent["who"]["reference"], id(OWN).device());
    assert_eq!(agent["type"]["coding"][0]["code"], "110153");
    assert_eq!(agent["requestor"], true);
    let made = world.get(OWN, "Patient").await.found().remove(0);
    assert_eq!(
        event["entity"][0]["what"]["reference"],
        format!("{made}/_history/1")
    );
    assert!(event["entity"][0].get("query").is_none());
    assert_eq!(extension(&event, "request-id"), "r1");
    assert_eq!(extension(&event, "trace-id"), "t1");
    assert_eq!(origins(&event), [id(255).device()]);
    assert!(!event.to_string().contains("Jansen"));
}

#[tokio::test]
async fn koppeltaal_case_076_a_search_is_logged_with_what_it_found() {
    let world = start().await;
    let mine = world.patient(OWN).await;
    let ask = Ask {
        by: Some(OWN),
        method: "GET",
        path: "Patient?active=true",
        ..Ask::default()
    };
    let (status, event) = event_of(&world, "r2", ask).await;
    assert_eq!(status, 200);
    // koppeltaal case 76
    assert_eq!(event["subtype"][0]["code"], "search-type");
    assert_eq!(event["action"], "E");
    let searched = &event["entity"][0];
    assert_eq!(searched["role"]["code"], "24");
    let query = STANDARD.decode(searched["query"].as_str().expect("a query"));
    let query = String::from_utf8(query.expect("base64")).expect("text");
    assert!(query.contains("active=true"), "{query}");
    assert!(searched.get("what").is_none());
    let found = &event["entity"][1]["what"]["reference"];
    assert_eq!(*found, format!("{mine}/_history/1"));
}

#[tokio::test]
async fn koppeltaal_case_077_a_refusal_is_logged() {
    let world = start().await;
    let ask = Ask {
        by: Some(NOBODY),
        method: "GET",
        path: "Patient",
        ..Ask::default()
    };
    let (status, event) = event_of(&world, "r3", ask).await;
    assert_eq!(status, 403);
    // koppeltaal case 77
    assert_eq!(event["outcome"], "4");
    assert_eq!(event["agent"][0]["who"]["reference"], id(NOBODY).device());
}

#[tokio::test]
async fn koppeltaal_case_113_a_token_among_parameters_is_in_no_event() {
    let world = start().await;
    let form = json!("active=true&ID_Token:exact=geheim");
    let form_type = [("content-type", "application/x-www-form-urlencoded")];
    let json_type = [("content-type", "application/json")];
    let no_form = json!("{\"refresh_token\":\"geheim\"}");
    for (request, method, path, body, headers, status) in [
        (
            "r5",
            "GET",
            "Patient?client_assertion=geheim",
            None,
            &[][..],
            400,
        ),
        (
            "r6",
            "POST",
            "Patient/_search",
            Some(&form),
            &form_type[..],
            400,
        ),
        (
            "r7",
            "POST",
            "Patient/_search",
            Some(&no_form),
            &json_type[..],
            400,
        ),
    ] {
        let request_id = [("x-request-id", request)];
        let headers = [headers, &request_id[..]].concat();
        let ask = Ask {
            by: Some(OWN),
            method,
            path,
            body,
            headers: &headers,
        };
        let (answered, event) = event_of(&world, request, ask).await;
        // koppeltaal case 113
        assert_eq!(answered, status, "{path}");
        assert_eq!(event["outcome"], "4");
        let entities = event["entity"].as_array().cloned().unwrap_or_default();
        assert!(entities.iter().all(|entity| entity.get("query").is_none()));
    }
    assert!(!world.log().contains("geheim"));
}

#[tokio::test]
async fn koppeltaal_3_6_reading_the_log_is_not_logged() {
    let world = start().await;
    let event = json!({ "resourceType": "AuditEvent" });
    let headers = [("x-request-id", "r4")];
    for (method, path, body) in [
        ("POST", "AuditEvent", Some(&event)),
        ("GET", "AuditEvent", None),
        ("GET", "AuditEvent/x", None),
    ] {
        let ask = Ask {
            by: Some(ADMIN),
            method,
            path,
            body,
            headers: &headers,
        };
        world.ask(ask).await;
    }
    // What is done after it is there: so would be what is told of those before.
    let ask = Ask {
        by: Some(OWN),
        method: "GET",
        path: "Patient",
        ..Ask::default()
    };
    event_of(&world, "r5", ask).await;
    // koppeltaal.md §3.6
    assert!(events(&world, "r4", 0).await.is_empty());
}

#[tokio::test]
async fn koppeltaal_case_110_what_many_ask_at_once_is_logged_once_each() {
    let world = start().await;
    let mine = world.patient(OWN).await;
    let numbers: Vec<String> = (0..100).map(|number| format!("r-{number}")).collect();
    let reads = numbers.iter().map(|number| {
        let headers = [("x-request-id", number.as_str())];
        let (world, path) = (&world, mine.as_str());
        async move {
            let answer = world.ask(Ask {
                by: Some(OWN),
                method: "GET",
                path,
                headers: &headers,
                ..Ask::default()
            });
            answer.await.status
        }
    });
    let statuses = join_all(reads).await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    for number in &numbers {
        assert_eq!(events(&world, number, 1).await.len(), 1, "{number}");
    }
    // koppeltaal case 110: nor does any of them come again
    for number in &numbers {
        assert_eq!(events(&world, number, 1).await.len(), 1, "{number}");
    }
}
