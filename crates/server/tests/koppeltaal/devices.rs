//! The Devices of applications.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::header::ETAG;
use http::{Method, StatusCode};
use jose::Algorithm;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::beheer::{Beheer, JSON, PATCH, Version, assert_problem, etag, log};
use crate::world::{World, assert_invalid_client, axum_serve, body, text};

/// A FHIR server that keeps Devices, and refuses when it is told to.
#[derive(Default)]
struct Fhir {
    devices: Mutex<HashMap<String, Value>>,
    refuses: AtomicBool,
    asked: AtomicUsize,
    port: u16,
}

impl Fhir {
    async fn serve() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let fhir = Arc::new(Self {
            port: listener.local_addr().expect("an address").port(),
            ..Self::default()
        });
        let router = Router::new()
            .route("/fhir/Device/{id}", get(read_device).put(put_device))
            .with_state(Arc::clone(&fhir));
        tokio::spawn(async move { axum_serve(listener, router).await });
        fhir
    }

    /// Makes it the FHIR server of the domain.
    async fn stand_behind(&self, beheer: &Beheer<'_>) {
        let shown = beheer.get("domain").await;
        let mut declared = body(&shown);
        declared["fhir"]["upstream"] = json!(format!("http://127.0.0.1:{}/fhir", self.port));
        let (tag, put) = (etag(&shown), Some((JSON, &declared)));
        let put = beheer
            .ask(Method::PUT, "domain", Version::Match(&tag), put)
            .await;
        assert_eq!(put.status, 200, "{}", text(&put));
    }

    fn device(&self, id: &str) -> Option<Value> {
        self.devices.lock().expect("devices").get(id).cloned()
    }
}

async fn read_device(State(fhir): State<Arc<Fhir>>, Path(id): Path<String>) -> Response {
    fhir.asked.fetch_add(1, Ordering::Relaxed);
    match fhir.device(&id) {
        Some(device) => ([(ETAG, "W/\"1\"")], device.to_string()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn put_device(
    State(fhir): State<Arc<Fhir>>,
    Path(id): Path<String>,
    body: Bytes,
) -> StatusCode {
    if fhir.refuses.load(Ordering::Relaxed) {
        return StatusCode::UNPROCESSABLE_ENTITY;
    }
    let device = serde_json::from_slice(&body).expect("JSON");
    fhir.devices.lock().expect("devices").insert(id, device);
    StatusCode::CREATED
}

#[tokio::test]
async fn koppeltaal_case_117_registering_an_application_makes_its_device_or_says_that_it_must_be_made()
 {
    let world = World::start().await;
    let jansen = Beheer::new(&world).await;
    // Nobody listens at the FHIR server of this domain.
    let said = json!({ "name": "Nieuw", "jwks_uri": world.shelf.url("nieuw") });
    let registered = jansen.register(&said).await;
    assert_eq!(registered.status, 201);
    let told = body(&registered);
    let client_id = told["application"]["client_id"].as_str().expect("an id");
    assert_eq!(told["device"]["made"], false);
    let again = told["device"]["again"].as_str().expect("a way");
    assert_eq!(again, format!("applications/{client_id}/device"));
    let failed = jansen.ask(Method::POST, again, Version::None, None).await;
    assert_problem(&failed, 502, None);
    let log = log(&world);
    assert!(log.contains("koppeltaal case 117"), "{log}");

    let fhir = Fhir::serve().await;
    fhir.stand_behind(&jansen).await;
    let made = jansen.ask(Method::POST, again, Version::None, None).await;
    assert_eq!(made.status, 200, "{}", text(&made));
    let stored = fhir.device(client_id).expect("a Device");
    // TGB 004
    assert_eq!(stored["id"], client_id);
    assert_eq!(stored["identifier"][0]["value"], client_id);
    assert_eq!(stored["status"], "inactive");
    // Approving it makes its Device active.
    let path = format!("applications/{client_id}");
    let approve = json!({ "status": "approved" });
    let (tag, approve) = (jansen.version().await, Some((PATCH, &approve)));
    let approved = jansen.ask(Method::PATCH, &path, Version::Match(&tag), approve);
    assert_eq!(body(&approved.await)["device"]["made"], true);
    assert_eq!(
        fhir.device(client_id).expect("a Device")["status"],
        "active"
    );

    fhir.refuses.store(true, Ordering::Relaxed);
    let said = json!({ "name": "Nog een", "jwks_uri": world.shelf.url("nog-een") });
    let registered = body(&jansen.register(&said).await);
    assert_eq!(registered["device"]["made"], false);
    assert!(
        registered["device"]["why"]
            .as_str()
            .expect("why")
            .contains("422")
    );
}

#[tokio::test]
async fn koppeltaal_case_117_an_application_whose_device_is_gone_gets_no_token() {
    let world = World::start().await;
    let jansen = Beheer::new(&world).await;
    let fhir = Fhir::serve().await;
    fhir.stand_behind(&jansen).await;
    let portaal = world.applicatie(1, Algorithm::Es256);
    let id = portaal.id.to_string();
    // It came by a declaration, and never had one.
    world.token(&portaal).await;
    // TGB 004
    assert_eq!(
        fhir.device(&id).expect("a Device")["identifier"][0]["value"],
        id
    );
    let asked = || fhir.asked.load(Ordering::Relaxed);
    let once = asked();
    for _ in 0..3 {
        world.token(&portaal).await;
    }
    assert!(asked() <= once + 1, "the look counts for a while");

    fhir.devices.lock().expect("devices").clear();
    world.running.clock.shift(61);
    // koppeltaal case 117
    let refused = world.ask(&world.assertion(&portaal)).await;
    assert_invalid_client(&refused);
    assert!(fhir.device(&id).is_none(), "who removed it meant to");
    assert!(log(&world).contains("the application has no Device in the domain"));

    let again = format!("applications/{id}/device");
    let made = jansen.ask(Method::POST, &again, Version::None, None).await;
    assert_eq!(made.status, 200, "{}", text(&made));
    world.token(&portaal).await;
}

#[tokio::test]
async fn koppeltaal_case_117_an_application_whose_device_cannot_be_made_gets_no_token() {
    let world = World::start().await;
    let fhir = Fhir::serve().await;
    fhir.refuses.store(true, Ordering::Relaxed);
    fhir.stand_behind(&Beheer::new(&world).await).await;
    let portaal = world.applicatie(1, Algorithm::Es256);
    let assertion = world.assertion(&portaal);
    // koppeltaal case 117
    assert_invalid_client(&world.ask(&assertion).await);
    fhir.refuses.store(false, Ordering::Relaxed);
    world.running.clock.shift(6);
    // What was refused spent nothing.
    assert_eq!(world.ask(&assertion).await.status, 200);
}
