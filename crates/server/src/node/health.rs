//! `/health/live`, `/health/ready` and `/health/figures`, for those who watch over the node: on a
//! socket of its own, without TLS, which is for this machine or its private network alone.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::future::join_all;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use identity::Hostname;
use serde_json::{Value, json};
use store::Store as _;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use verdict::{Key, Space};

use super::answers::Answers;
use crate::app::App;

/// Connections at one time; further ones wait in the operating system's queue.
const CONNECTIONS_MAX: usize = 64;
/// For one connection, whatever it asks.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(30);
/// For the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// A home that does not answer within this time is away.
const HOME_TIMEOUT: Duration = Duration::from_secs(2);
/// A row that is never there.
const NOBODY: Space = Space("sluis.health");

/// What is told of a node.
pub(super) struct Health {
    apps: Vec<Arc<App>>,
    answers: BTreeMap<Hostname, Arc<Answers>>,
    draining: AtomicBool,
    /// What could not be taken anew at the last look.
    not_renewed: AtomicUsize,
}

impl Health {
    pub(super) fn of<'a>(
        apps: impl Iterator<Item = &'a Arc<App>>,
        answers: BTreeMap<Hostname, Arc<Answers>>,
    ) -> Self {
        Self {
            apps: apps.map(Arc::clone).collect(),
            answers,
            draining: AtomicBool::new(false),
            not_renewed: AtomicUsize::new(0),
        }
    }

    /// From now on the node asks for no further requests.
    pub(super) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// How much could not be taken anew, or not be used from the start.
    pub(super) fn renewed(&self, faults: usize) {
        self.not_renewed.store(faults, Ordering::Relaxed);
    }

    /// Whether requests may be sent here, and why not. Files that could not be taken anew are no
    /// reason: other nodes have them too, and what was used before still is.
    async fn ready(&self) -> (bool, Value) {
        let mut roles = serde_json::Map::new();
        let mut is_ready = !self.draining.load(Ordering::Acquire);
        // Together: of a database that stands still is told in the time of one role.
        let asked = self.apps.iter().map(|app| answers(app));
        for (app, answers) in self.apps.iter().zip(join_all(asked).await) {
            is_ready &= answers;
            let said = if answers {
                "ready"
            } else {
                "the store is away"
            };
            roles.insert(app.party.to_owned(), said.into());
        }
        let told = json!({
            "ready": is_ready,
            "draining": self.draining.load(Ordering::Acquire),
            "roles": roles,
            "not_renewed": self.not_renewed.load(Ordering::Relaxed),
        });
        (is_ready, told)
    }

    /// How much each role committed, and in how many groups; and how each host answers.
    fn figures(&self) -> Value {
        let of_role = |app: &Arc<App>| {
            let activity = app.home.activity();
            let figures = json!({ "commits": activity.commits, "groups": activity.groups });
            (app.party.to_owned(), figures)
        };
        let roles: serde_json::Map<String, Value> = self.apps.iter().map(of_role).collect();
        let of_host =
            |(host, answers): (&Hostname, &Arc<Answers>)| (host.to_string(), answers.told());
        let hosts: serde_json::Map<String, Value> = self.answers.iter().map(of_host).collect();
        json!({ "roles": roles, "hosts": hosts })
    }
}

/// Whether a role's home answers in time.
async fn answers(app: &App) -> bool {
    let key = Key::Record(NOBODY, b"health".to_vec());
    let asked = app.home.get(std::slice::from_ref(&key), app.clock.now());
    let answered = tokio::time::timeout(HOME_TIMEOUT, asked).await;
    matches!(answered, Ok(Ok(_))) && !app.home.is_down()
}

/// The socket of `admin.listen`, if one is named.
///
/// # Errors
/// A text for the operator.
pub(super) async fn listen(address: Option<SocketAddr>) -> Result<Option<TcpListener>, String> {
    let Some(address) = address else {
        return Ok(None);
    };
    let bound = TcpListener::bind(address).await;
    let bound = bound.map_err(|error| format!("admin.listen: {address}: {error}"))?;
    Ok(Some(bound))
}

/// Answers for as long as the node lives.
pub(super) async fn serve(listener: TcpListener, health: Arc<Health>) {
    let router = Router::new()
        .route("/health/live", get(async || "live\n"))
        .route("/health/ready", get(ready))
        .route("/health/figures", get(figures))
        .with_state(health);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service);
            // Whoever goes away halfway asked no more.
            let _ = tokio::time::timeout(CONNECTION_TIMEOUT, connection).await;
            drop(place);
        });
    }
}

async fn ready(State(health): State<Arc<Health>>) -> Response {
    let (is_ready, told) = health.ready().await;
    let status = if is_ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, json_of(&told)).into_response()
}

async fn figures(State(health): State<Arc<Health>>) -> Response {
    json_of(&health.figures()).into_response()
}

fn json_of(value: &Value) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], format!("{value}\n"))
}
