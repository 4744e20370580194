//! Subscriptions: what a FHIR server would send by itself goes past the gateway.

use axum::response::Response;
use serde_json::{Value, json};

use crate::world::{ADMIN, Answer, OWN, Seen, World, fhir, id, of, start_odd};

const HOOK: &str = "https://module.localhost/hook";

fn subscription(endpoint: &str) -> Value {
    json!({
        "resourceType": "Subscription", "status": "requested", "reason": "test",
        "criteria": "Task?status=ready",
        "channel": { "type": "rest-hook", "endpoint": endpoint },
    })
}

/// A server that takes what it is sent, has `Subscription/s1` of [`OWN`], and says of these types that it
/// knows whose they are.
fn taking(known: &'static [&'static str]) -> impl Fn(&Seen) -> Response + Send + Sync {
    move |seen| {
        if seen.path == "metadata" {
            let origin = json!([{ "name": "resource-origin", "type": "reference" }]);
            let resource = |kind| json!({ "type": kind, "searchParam": origin });
            let resources: Vec<Value> = known.iter().map(resource).collect();
            return fhir(
                200,
                &json!({
                    "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1",
                    "rest": [{ "resource": resources }],
                }),
            );
        }
        let sent: Option<Value> = serde_json::from_slice(&seen.body).ok();
        let mut resource = sent.unwrap_or_else(|| of(subscription(HOOK), OWN));
        resource["id"] = "s1".into();
        resource["meta"] = json!({ "versionId": "1" });
        fhir(if seen.method == "POST" { 201 } else { 200 }, &resource)
    }
}

/// A create and an update of it by an application.
async fn both(world: &World, by: u8, written: &Value) -> [Answer; 2] {
    let mut changed = written.clone();
    changed["id"] = "s1".into();
    [
        world.post(by, "Subscription", written).await,
        (world.put(by, "Subscription/s1", &changed, Some("W/\"1\""))).await,
    ]
}

/// The bodies of what the FHIR server was sent.
fn written(world: &World) -> Vec<Value> {
    let seen = world.loopback.seen().into_iter();
    let sent = seen.filter(|seen| seen.method != "GET");
    sent.map(|seen| serde_json::from_slice(&seen.body).expect("JSON"))
        .collect()
}

#[tokio::test]
async fn koppeltaal_case_081_a_server_that_knows_no_owners_notifies_of_nobody_s() {
    // It knows them of another type.
    let world = start_odd(taking(&["Patient", "Subscription"])).await;
    for refused in both(&world, OWN, &subscription(HOOK)).await {
        // koppeltaal case 81
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert_eq!(
            refused.json()["issue"][0]["diagnostics"],
            "The FHIR server cannot notify of some owners' resources of this type only."
        );
    }
    assert_eq!(written(&world), [Value::Null; 0]);
    // Who reads everybody's is told of everybody's.
    let [made, changed] = both(&world, ADMIN, &subscription(HOOK)).await;
    assert_eq!((made.status, changed.status), (201, 200));
    assert_eq!(written(&world)[0]["criteria"], "Task?status=ready");
}

#[tokio::test]
async fn koppeltaal_case_081_a_server_that_knows_owners_gets_narrowed_criteria() {
    let world = start_odd(taking(&["Task"])).await;
    let [made, changed] = both(&world, OWN, &subscription(HOOK)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(changed.status, 200, "{}", changed.text());
    // koppeltaal case 81
    let narrowed = format!("Task?status=ready&resource-origin=Device%2F{}", id(OWN));
    let sent = written(&world);
    assert_eq!(sent.len(), 2);
    for sent in sent {
        assert_eq!(sent["criteria"], narrowed);
    }
}

#[tokio::test]
async fn koppeltaal_5_no_notification_goes_where_we_may_not_call() {
    let world = start_odd(taking(&["Task"])).await;
    for endpoint in [
        "https://10.0.0.1/hook",
        "https://169.254.169.254/latest",
        "https://[::ffff:10.0.0.1]/hook",
        // In the demo nothing but this machine may be called, and not the FHIR server.
        "https://module.example/hook",
        "https://127.0.0.1/odd/$expunge",
        " https://module.localhost/hook",
        "https:module.localhost/hook",
        "https:///module.localhost/hook",
        "http://module.localhost/hook",
    ] {
        for by in [OWN, ADMIN] {
            for refused in both(&world, by, &subscription(endpoint)).await {
                // koppeltaal.md §5, koppeltaal case 78
                assert_eq!(refused.status, 422, "{endpoint}");
                assert!(!refused.text().contains(endpoint.trim()), "{endpoint}");
            }
        }
    }
    assert_eq!(written(&world), [Value::Null; 0]);
}
