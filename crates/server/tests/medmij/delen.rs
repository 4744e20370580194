//! Delen: what a person places at a provider, with a confirmation for it.

use http::HeaderName;
use serde_json::{Value, json};
use server::door::TraceId;
use server::network::{Party, Trouble};
use server::outside::{Answer, Headers};

use crate::world::{NAAM, SASKIA, World, json as body, numbers, text};

const FHIR_JSON: &str = "application/fhir+json";

async fn token(world: &World, scope: &str) -> String {
    let code = world.code(SASKIA, scope, false).await;
    let issued = body(&world.redeem(&code).await);
    issued["access_token"].as_str().expect("a token").to_owned()
}

/// A token of a confirmation for measurements.
async fn confirmed(world: &World) -> String {
    token(world, &format!("{NAAM}~42")).await
}

fn weight() -> Value {
    json!({
        "resourceType": "Observation", "status": "final",
        "category": [{ "coding": [{ "code": "vital-signs" }] }],
        "code": { "text": "Gewicht op de badkamerweegschaal" },
        "valueQuantity": { "value": 71.5, "unit": "kg" },
    })
}

async fn place(world: &World, dienst: &str, token: &str, resource: &Value) -> Answer {
    let bytes = resource.to_string().into_bytes();
    let kind = resource["resourceType"].as_str().unwrap_or("Observation");
    let url = world.resource_url(dienst, kind);
    post(world, &url, FHIR_JSON, bytes, numbers().bearer(token)).await
}

async fn post(
    world: &World,
    url: &str,
    media_type: &str,
    bytes: Vec<u8>,
    headers: Headers,
) -> Answer {
    let sent = world.outside.post_bytes(url, media_type, bytes, headers);
    sent.await.expect("an answer")
}

/// How many measurements of the person the provider has that were placed here.
async fn placed(world: &World) -> usize {
    let reading = token(world, NAAM).await;
    let found = world.resource("42", "Observation", &reading).await;
    assert_eq!(found.status, 200, "{}", text(&found));
    text(&found).matches("badkamerweegschaal").count()
}

fn is_outcome(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", text(answer));
    assert_eq!(body(answer)["resourceType"], "OperationOutcome");
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_066_a_confirmation_places_once_and_a_second_placement_needs_a_new_one() {
    let world = World::start().await;
    assert_eq!(placed(&world).await, 0);
    let token = confirmed(&world).await;
    let first = place(&world, "42", &token, &weight()).await;
    assert_eq!(first.status, 201, "{}", text(&first));
    let location = first.headers["location"].to_str().expect("text");
    let place_of = format!("{}/", world.resource_url("42", "Observation"));
    let id = location.strip_prefix(&place_of).expect("at its endpoint");
    assert!(
        TraceId::parse(id).is_some(),
        "an id that tells nothing: {id}"
    );
    // medmij case 66 (core.autorisatie.101)
    let second = place(&world, "42", &token, &weight()).await;
    is_outcome(&second, 401);
    let challenge = second.headers["www-authenticate"].to_str().expect("text");
    assert!(challenge.contains("invalid_token"), "{challenge}");
    assert_eq!(placed(&world).await, 1, "what was placed is collected");
    let again = confirmed(&world).await;
    let third = place(&world, "42", &again, &weight()).await;
    assert_eq!(third.status, 201, "{}", text(&third));
    assert_eq!(placed(&world).await, 2);
    let audit = world.audit().await;
    let is_placed = |what: &str| what == "a resource was placed";
    assert_eq!(audit.iter().filter(|row| is_placed(&row.what)).count(), 2);
    let log = world.log();
    for secret in [SASKIA, "badkamerweegschaal", token.as_str()] {
        assert!(!log.contains(secret), "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn core_autorisatie_101_of_two_placements_at_once_one_is_made() {
    let world = World::start().await;
    let token = confirmed(&world).await;
    let weight = weight();
    let (one, other) = tokio::join!(
        place(&world, "42", &token, &weight),
        place(&world, "42", &token, &weight),
    );
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    // core.autorisatie.101
    assert_eq!(statuses, [201, 401]);
    assert_eq!(placed(&world).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn core_autorisatie_101_a_token_places_only_what_was_confirmed_and_reads_nothing() {
    let world = World::start().await;
    let collecting = token(&world, NAAM).await;
    let confirmed = confirmed(&world).await;
    let medicine = json!({
        "resourceType": "MedicationStatement", "status": "active",
        "medicationCodeableConcept": { "text": "Paracetamol" },
    });
    for (dienst, token, resource) in [
        ("42", &collecting, &weight()),
        ("48", &confirmed, &medicine),
    ] {
        let beyond = place(&world, dienst, token, resource).await;
        is_outcome(&beyond, 403);
        let challenge = beyond.headers["www-authenticate"].to_str().expect("text");
        // core.autorisatie.101, medmij case 70
        assert!(challenge.contains("insufficient_scope"), "{challenge}");
    }
    let other = world
        .resource_url("42", "Observation")
        .replace("00000659", "00000666");
    let bytes = weight().to_string().into_bytes();
    let beyond = post(
        &world,
        &other,
        FHIR_JSON,
        bytes.clone(),
        numbers().bearer(&confirmed),
    )
    .await;
    is_outcome(&beyond, 403);
    let read = world.resource("42", "Observation", &confirmed).await;
    is_outcome(&read, 403);
    let stranger = world.as_client(Some("pgo.localhost"));
    let url = world.resource_url("42", "Observation");
    let stolen = stranger.post_bytes(&url, FHIR_JSON, bytes, numbers().bearer(&confirmed));
    is_outcome(&stolen.await.expect("an answer"), 401);
    world.running.clock.shift(901);
    is_outcome(&place(&world, "42", &confirmed, &weight()).await, 401);
    assert_eq!(placed(&world).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_that_cannot_be_placed_is_refused_and_spends_nothing() {
    let world = World::start().await;
    let token = confirmed(&world).await;
    let with = |member: &str, value: Value| {
        let mut resource = weight();
        resource[member] = value;
        resource
    };
    let bsn = json!({ "system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": SASKIA });
    for unfit in [
        with("subject", json!({ "identifier": bsn })),
        with("performer", json!([{ "reference": "Patient/anders" }])),
        with("category", json!([])),
        with("status", Value::Null),
        json!({ "resourceType": "Condition" }),
    ] {
        is_outcome(&place(&world, "42", &token, &unfit).await, 422);
    }
    let url = world.resource_url("42", "Observation");
    let bearer = || numbers().bearer(&token);
    let is = async |status, media_type: &str, bytes: &[u8]| {
        let answer = post(&world, &url, media_type, bytes.to_vec(), bearer()).await;
        assert_eq!(answer.status, status, "{}", text(&answer));
    };
    is(400, FHIR_JSON, b"{").await;
    is(400, FHIR_JSON, br#"{"resourceType":"Condition"}"#).await;
    is(415, "application/x-www-form-urlencoded", b"a=b").await;
    is(413, FHIR_JSON, &vec![b' '; 70_000]).await;
    assert_eq!(placed(&world).await, 0);
    let placed_now = place(&world, "42", &token, &weight()).await;
    assert_eq!(
        placed_now.status,
        201,
        "nothing was spent: {}",
        text(&placed_now)
    );
    assert!(!world.log().contains(SASKIA));
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_5_1_a_resource_that_names_a_person_in_whatever_spelling_is_refused_and_not_stored()
{
    let world = World::start().await;
    let token = confirmed(&world).await;
    let bsn = |system: &str| json!([{ "system": system, "value": SASKIA }]);
    let search = format!("Patient?identifier=http://fhir.nl/fhir/NamingSystem/bsn|{SASKIA}");
    let identifier = json!([{ "value": SASKIA }]);
    for (member, value) in [
        ("performer", json!([{ "reference": search }])),
        ("performer", json!([{ "reference": "%50atient/1" }])),
        ("identifier", bsn("urn:oid:2.16.840.1.113883.2.4.6.3")),
        ("identifier", bsn("HTTP://fhir.nl/fhir/NamingSystem/bsn")),
        ("identifier", bsn("http://fhir.nl/fhir/NamingSystem/bsn/")),
        (
            "contained",
            json!([{ "resourceType": "RelatedPerson", "identifier": identifier }]),
        ),
        (
            "contained",
            json!([{ "resourceType": "Person", "name": [{ "text": "Saskia Verhoeven" }] }]),
        ),
        (
            "note",
            json!([{ "text": format!("BSN {SASKIA} van Saskia Verhoeven") }]),
        ),
    ] {
        let mut named = weight();
        named[member] = value;
        let answer = place(&world, "42", &token, &named).await;
        // medmij.md §5.1
        is_outcome(&answer, 422);
        let outcome = text(&answer);
        assert!(outcome.contains("names a person"), "{named}: {outcome}");
        assert!(!outcome.contains(SASKIA));
    }
    assert_eq!(placed(&world).await, 0);
    let placed_now = place(&world, "42", &token, &weight()).await;
    assert_eq!(placed_now.status, 201, "nothing was spent");
    assert!(!world.log().contains(SASKIA));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_system_that_is_down_is_asked_before_a_confirmation_is_spent() {
    let world = World::start().await;
    let token = confirmed(&world).await;
    let control = world.running.control.as_ref().expect("may be disturbed");
    assert!(control.troubles.set(Party::Xis, Some(Trouble::Down)));
    is_outcome(&place(&world, "42", &token, &weight()).await, 503);
    control.troubles.reset();
    let placed_now = place(&world, "42", &token, &weight()).await;
    assert_eq!(
        placed_now.status,
        201,
        "nothing was spent: {}",
        text(&placed_now)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn core_rscint_201_a_resource_request_bears_both_numbers() {
    let world = World::start().await;
    let (collecting, confirmed) = (token(&world, NAAM).await, confirmed(&world).await);
    let number = |name| HeaderName::from_static(name);
    let (request, correlation) = (number("medmij-request-id"), number("x-correlation-id"));
    let fresh = TraceId::fresh().to_string();
    for pairs in [
        vec![],
        vec![(&request, fresh.as_str())],
        vec![(&correlation, fresh.as_str())],
        vec![(&request, "1"), (&correlation, fresh.as_str())],
    ] {
        let headers = || {
            let with = |all: Headers, (name, value): &(&HeaderName, &str)| {
                all.with((*name).clone(), value)
            };
            pairs.iter().fold(Headers::none(), with)
        };
        let url = world.resource_url("51", "Condition");
        let read = world.outside.get(&url, headers().bearer(&collecting));
        let url = world.resource_url("42", "Observation");
        let bytes = weight().to_string().into_bytes();
        let write = post(&world, &url, FHIR_JSON, bytes, headers().bearer(&confirmed)).await;
        // core.rscint.201
        for answer in [read.await.expect("an answer"), write] {
            is_outcome(&answer, 400);
            let challenge = answer.headers["www-authenticate"].to_str().expect("text");
            assert!(challenge.contains("invalid_request"), "{challenge}");
        }
    }
    assert!(world.log().contains("core.rscint.201"));
    assert_eq!(place(&world, "42", &confirmed, &weight()).await.status, 201);
}
