//! The FHIR server behind a domain: asked as the rule says, and what it says of itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{CONTENT_LOCATION, CONTENT_TYPE, ETAG, IF_MATCH, LAST_MODIFIED, LOCATION};
use http::{HeaderMap, HeaderName, Method};
use koppeltaal::resource_service::{
    Capabilities, Id, Sporen, Storing, UpstreamAnswer, UpstreamRequest,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use verdict::Moment;

use super::{CORRELATION_ID, IF_NONE_EXIST, PREFER, REQUEST_ID, TRACE_ID};
use crate::app::App;
use crate::outside::{Bounds, Call, Headers, Opened, OutsideError};

/// What is held of an answer that may be passed on as it comes: more is not looked at.
const PASSED_FROM_BYTES: usize = 64 * 1024;
/// What is held of an answer that must be judged: two hundred resources of 80 KiB.
const HELD_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Memory for answers that are held, all requests together, in KiB. Who finds none left is asked to come
/// back.
const ROOM_KIB: usize = 128 * 1024;
/// For a call, until the last byte of its answer, in seconds.
const TIMEOUT_S: u32 = 30;
/// A CapabilityStatement of a server that knows every type of FHIR R4 has half of it.
const STATEMENT: Bounds = Bounds {
    bytes_max: 4 * 1024 * 1024,
    timeout_s: 5,
};
/// Seconds for which a server's statement is believed, and for which one that gave none is left alone.
const FRESH_S: u32 = 600;
const FAILED_S: u32 = 10;
/// Servers whose statement is kept, at most.
const SERVERS_MAX: usize = 1_000;

const FHIR_JSON: &str = "application/fhir+json";

/// What is shared by all requests to FHIR servers.
pub(super) struct Upstream {
    room: Arc<Semaphore>,
    statements: Mutex<HashMap<String, Arc<Server>>>,
}

/// What one server said of itself.
#[derive(Default)]
struct Server {
    said: tokio::sync::Mutex<Option<(Moment, Option<Arc<Capabilities>>)>>,
}

/// An answer: what the rule sees of it, and what it does not look at.
pub(super) struct Came {
    pub(super) answer: UpstreamAnswer,
    pub(super) passing: Option<Passing>,
    /// The room that a held body takes, until it is dropped.
    pub(super) room: Vec<OwnedSemaphorePermit>,
}

/// A body on its way.
pub(super) struct Passing {
    /// What came already.
    pub(super) begun: Vec<Bytes>,
    /// What is still to come.
    pub(super) rest: Opened,
}

impl Default for Upstream {
    fn default() -> Self {
        Self {
            room: Arc::new(Semaphore::new(ROOM_KIB)),
            statements: Mutex::default(),
        }
    }
}

impl Upstream {
    /// Sends a request to the FHIR server at `base`.
    pub(super) async fn ask(
        &self,
        app: &App,
        base: &str,
        request: &UpstreamRequest,
        sporen: &Sporen,
    ) -> Result<Came, Storing> {
        let call = Call {
            method: method(request.method),
            url: &url(base, &request.path),
            headers: headers(request, sporen),
            body: request.body.as_ref().map(|(_, body)| body.clone()),
            timeout_s: TIMEOUT_S,
        };
        let opened = app.outside.open(call).await;
        let opened = opened.map_err(|error| storing(app, &error))?;
        let is_good = opened.status == 200 || opened.status == 201;
        let may_pass = request.may_pass && is_good;
        if is_good && !is_json(&opened.headers) && opened.length() != Some(0) {
            return Err(Storing::Unreadable);
        }
        self.take(app, opened, may_pass).await
    }

    /// Holds the body, or as much of it as is held of one that may pass.
    async fn take(&self, app: &App, mut opened: Opened, may_pass: bool) -> Result<Came, Storing> {
        let bytes_max = if may_pass {
            PASSED_FROM_BYTES
        } else {
            HELD_BYTES_MAX
        };
        let mut answer = head(&opened);
        let (mut begun, mut room, mut bytes) = (Vec::new(), Vec::new(), 0);
        while let Some(piece) = opened.piece().await.map_err(|error| storing(app, &error))? {
            bytes += piece.len();
            let kib = u32::try_from(piece.len().div_ceil(1024)).unwrap_or(u32::MAX);
            let some = Arc::clone(&self.room).try_acquire_many_owned(kib);
            room.push(some.map_err(|_| Storing::Away)?);
            begun.push(piece);
            if bytes > bytes_max {
                if !may_pass {
                    return Err(Storing::TooLarge);
                }
                let passing = Some(Passing {
                    begun,
                    rest: opened,
                });
                return Ok(Came {
                    answer,
                    passing,
                    room,
                });
            }
        }
        answer.body = Some(begun.concat());
        Ok(Came {
            answer,
            passing: None,
            room,
        })
    }

    /// What the FHIR server at `base` says of itself, at most ten minutes ago. Whoever asks meanwhile
    /// waits for the one question.
    pub(super) async fn capabilities(&self, app: &App, base: &str) -> Option<Arc<Capabilities>> {
        let server = self.server(base);
        let mut said = server.said.lock().await;
        if let Some((until, known)) = &*said
            && !until.is_over_at(app.clock.now())
        {
            return known.clone();
        }
        let known = statement(app, base).await.map(Arc::new);
        let fresh_s = if known.is_some() { FRESH_S } else { FAILED_S };
        *said = Some((app.clock.now().plus_s(fresh_s), known.clone()));
        known
    }

    fn server(&self, base: &str) -> Arc<Server> {
        let mut servers = (self.statements.lock()).unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = servers.get(base) {
            return Arc::clone(server);
        }
        if servers.len() >= SERVERS_MAX {
            servers.clear();
        }
        Arc::clone(servers.entry(base.to_owned()).or_default())
    }
}

async fn statement(app: &App, base: &str) -> Option<Capabilities> {
    let headers = Headers::none().accept(FHIR_JSON);
    let url = url(base, "metadata");
    let answer = app.outside.get_within(&url, headers, STATEMENT).await;
    let answer = answer.ok().filter(|answer| answer.status == 200)?;
    Capabilities::read(&serde_json::from_slice(&answer.body).ok()?)
}

/// A path below a base; one that is a query alone is asked of the base itself.
fn url(base: &str, path: &str) -> String {
    let slash = if path.is_empty() || path.starts_with('?') {
        ""
    } else {
        "/"
    };
    format!("{base}{slash}{path}")
}

fn method(name: &str) -> Method {
    match name {
        "POST" => Method::POST,
        "PUT" => Method::PUT,
        "DELETE" => Method::DELETE,
        _ => Method::GET,
    }
}

/// What is said beside path and body. Nothing of the client's own headers goes on, and its token least.
fn headers(request: &UpstreamRequest, sporen: &Sporen) -> Headers {
    let content_type = request.body.as_ref().map(|(media_type, _)| *media_type);
    let correlation = sporen.correlation_id.as_ref().map(Id::as_str);
    let all: [(HeaderName, Option<&str>); 7] = [
        (CONTENT_TYPE, content_type),
        (IF_MATCH, request.if_match.as_deref()),
        (IF_NONE_EXIST, request.if_none_exist.as_deref()),
        (PREFER, request.prefer),
        (REQUEST_ID, Some(sporen.request_id.as_str())),
        (CORRELATION_ID, correlation),
        (TRACE_ID, Some(sporen.trace_id.as_str())),
    ];
    // XML could not be judged (docs/decisions/0021).
    let headers = Headers::none().accept(FHIR_JSON);
    all.into_iter()
        .fold(headers, |headers, (name, value)| match value {
            Some(value) => headers.with(name, value),
            None => headers,
        })
}

fn head(opened: &Opened) -> UpstreamAnswer {
    let text = |name: HeaderName| {
        let value = opened.headers.get(name)?.to_str().ok()?;
        Some(value.to_owned())
    };
    UpstreamAnswer {
        status: opened.status.as_u16(),
        etag: text(ETAG),
        last_modified: text(LAST_MODIFIED),
        location: text(LOCATION).or_else(|| text(CONTENT_LOCATION)),
        body: None,
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = media_type.and_then(|text| text.split(';').next());
    let essence = essence.map(|text| text.trim().to_ascii_lowercase());
    essence.is_some_and(|text| text == FHIR_JSON || text == "application/json")
}

/// Told to the operator, seldom; the client hears that it is away or unreadable.
fn storing(app: &App, error: &OutsideError) -> Storing {
    if let Some(left_out) = app.outages.turn(app.clock.wall()) {
        tracing::warn!(party = app.party, %error, left_out, "a FHIR server gave no answer");
    }
    match error {
        OutsideError::TooLarge { .. } => Storing::TooLarge,
        OutsideError::Broken(_) => Storing::Unreadable,
        _ => Storing::Away,
    }
}
