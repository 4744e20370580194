//! The FHIR resource service of a domain: a gateway in front of its FHIR server that holds it to the
//! scopes of the token (TOP-KT-002; `koppeltaal::resource_service` decides).
//!
//! Answers that need no judging are passed on as they come; what must be judged is held, within bounds.
//! Start reading at [`routes`].

mod audit;
mod journey;
mod reply;
mod token;
mod upstream;

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::any;
use http::header::{ACCEPT, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderName, Method};
use koppeltaal::resource_service::{
    Antwoord, Asked, Caller, Capabilities, Refused, Request, Sporen,
};
use serde_json::Value;

use super::launch::spoor;
use super::{DomeinNu, InPath, KoppeltaalRole};
use crate::app::App;
use crate::door::TraceId;
use crate::finishing::Finishing;
use crate::settle::{Outage, settle};
use crate::web::{self, Visit};

use self::journey::{FhirJourney, InPassing};
use self::token::{NoToken, Tokens};
use self::upstream::Upstream;

/// Where the base of a domain is, below the domain.
const BASE: &str = "/fhir/r4";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
const TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");
const IF_NONE_EXIST: HeaderName = HeaderName::from_static("if-none-exist");
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// What the gateway keeps between requests.
#[derive(Default)]
pub(super) struct Gateway {
    tokens: Tokens,
    upstream: Upstream,
}

impl Gateway {
    /// What the FHIR server at `base` says of itself, if it does.
    pub(super) async fn capabilities(&self, app: &App, base: &str) -> Option<Arc<Capabilities>> {
        self.upstream.capabilities(app, base).await
    }
}

/// The FHIR base of a domain, below `/api/v1/{domein}`.
pub(super) fn routes() -> Router<Arc<KoppeltaalRole>> {
    Router::new()
        .route("/fhir/r4", any(base))
        .route("/fhir/r4/", any(base))
        .route("/fhir/r4/{*resource}", any(resource))
}

/// Whatever is asked of the base itself: searches of everything and batches. Nothing of that is offered.
async fn base(
    State(role): State<Arc<KoppeltaalRole>>,
    path: Result<Path<String>, PathRejection>,
    method: Method,
    visit: Visit,
) -> Response {
    match path {
        Ok(Path(domein)) => answer(&role, role.domein(&InPath(domein)), &method, &visit).await,
        Err(_) => reply::outcome(Refused::NoSuchPath),
    }
}

async fn resource(
    State(role): State<Arc<KoppeltaalRole>>,
    path: Result<Path<(String, String)>, PathRejection>,
    method: Method,
    visit: Visit,
) -> Response {
    match path {
        Ok(Path((domein, _))) => {
            let domein = role.domein(&InPath(domein));
            answer(&role, domein, &method, &visit).await
        }
        Err(_) => reply::outcome(Refused::NoSuchPath),
    }
}

/// Who asks, first; then what (koppeltaal.md §3.3).
async fn answer(
    role: &Arc<KoppeltaalRole>,
    domein: Option<Arc<DomeinNu>>,
    method: &Method,
    visit: &Visit,
) -> Response {
    let Some(domein) = domein else {
        return reply::outcome(Refused::NoSuchPath);
    };
    let sporen = sporen(visit);
    let request = request(method, visit);
    let caller = match role.caller(&domein, visit, &request) {
        Ok(caller) => caller,
        Err(no_token) => return reply::traced(role.unknown(visit, no_token), &sporen),
    };
    if let Some(soon) = role.too_soon(visit, &caller) {
        return reply::traced(soon, &sporen);
    }
    let asked = Arc::new(Asked {
        request,
        caller,
        base: domein.urls.fhir(),
        upstream: domein.configuratie.upstream.clone(),
        sporen,
    });
    role.settled(&domein, visit, asked).await
}

impl KoppeltaalRole {
    /// From the first question to the answer.
    async fn settled(
        self: &Arc<Self>,
        domein: &Arc<DomeinNu>,
        visit: &Visit,
        asked: Arc<Asked>,
    ) -> Response {
        let passing = InPassing::default();
        let told = Arc::clone(self).told(
            Arc::clone(domein),
            Arc::clone(&asked),
            Arc::clone(&passing),
            visit.trace,
        );
        let response = match Finishing::of(told).await {
            Ok(Ok(antwoord)) => {
                if antwoord.refused == Some(Refused::Unidentified) {
                    return reply::traced(self.unknown(visit, NoToken::Missing), &asked.sporen);
                }
                if let Some(why) = antwoord.refused {
                    self.tell_refusal(visit, &asked.caller, why);
                }
                reply::of(self, domein, antwoord, &passing)
            }
            Ok(Err(_)) | Err(_) => reply::away(),
        };
        reply::traced(response, &asked.sporen)
    }

    /// What the request comes to, and it is in the outbox: also when nobody waits any more.
    async fn told(
        self: Arc<Self>,
        domein: Arc<DomeinNu>,
        asked: Arc<Asked>,
        passing: InPassing,
        trace: TraceId,
    ) -> Result<Antwoord, Outage> {
        let journey = FhirJourney::new(&self, &domein, &asked, &passing);
        let mut antwoord = settle(&self.app, trace, journey).await?;
        if let Some(id) = asked.request.device_deleted() {
            self.devices.forget(&domein.configuratie.domein, id);
        }
        if let Some(gebeurtenis) = antwoord.gebeurtenis.take() {
            audit::tell(&self, &domein, gebeurtenis).await;
        }
        Ok(antwoord)
    }

    /// The application behind the token of a request; nobody for what everybody may read.
    fn caller(
        &self,
        domein: &DomeinNu,
        visit: &Visit,
        request: &Request,
    ) -> Result<Caller, NoToken> {
        // koppeltaal case 113
        if request.has_access_token() {
            return Err(NoToken::InQuery);
        }
        let is_public = request.interaction().is_ok_and(|asked| asked.is_public());
        if is_public && !visit.has_authorization() {
            // koppeltaal case 48
            return Ok(Caller {
                client_id: None,
                scopes: Arc::default(),
            });
        }
        self.fhir.tokens.caller(self, domein, visit)
    }

    /// 401, and nothing more than that (koppeltaal case 47).
    fn unknown(&self, visit: &Visit, no_token: NoToken) -> Response {
        let (requirement, reason) = no_token.why();
        self.app.refused(visit.trace, requirement, reason);
        let body: Value = fhir::operation_outcome(fhir::IssueType::Security, "No valid token.");
        let response = web::bearer_refused(no_token.refusal(), Some(&body));
        reply::as_fhir(response)
    }

    /// The answer to an application that asks too often.
    fn too_soon(&self, visit: &Visit, caller: &Caller) -> Option<Response> {
        let who = caller.client_id?.to_string();
        let soon = visit.turn_of(&who).err()?;
        if soon.is_first {
            let reason = "the client asks too often";
            (self.app).refused_to(&who, visit.trace, "RFC 6585 §4", reason);
        }
        Some(reply::too_soon(soon))
    }

    fn tell_refusal(&self, visit: &Visit, caller: &Caller, why: Refused) {
        let who = caller.client_id.map(|client_id| client_id.to_string());
        let who = who.as_deref().unwrap_or("unknown");
        let (_, reason) = why.says();
        (self.app).refused_to(who, visit.trace, why.requirement(), reason);
    }
}

/// The request as the rule reads it.
fn request(method: &Method, visit: &Visit) -> Request {
    let text = |name: &HeaderName| visit.header(name).map(ToOwned::to_owned);
    let whole = visit.path.as_str();
    let path = whole.split_once(BASE).map_or(whole, |(_, path)| path);
    let accepted = visit.headers.get_all(ACCEPT).iter();
    let accepted: Vec<&str> = accepted
        .map(|value| value.to_str().unwrap_or("?"))
        .collect();
    Request {
        method: method.to_string(),
        path: path.trim_start_matches('/').to_owned(),
        query: visit.query.clone(),
        accept: (!accepted.is_empty()).then(|| accepted.join(",")),
        content_type: text(&CONTENT_TYPE),
        if_match: in_full(visit, &IF_MATCH),
        if_none_match: in_full(visit, &IF_NONE_MATCH),
        if_none_exist: in_full(visit, &IF_NONE_EXIST),
        prefer: text(&PREFER),
        body: visit.body.to_vec(),
    }
}

/// A header that conditions what is done must not be overlooked: one that stands there twice, or is no
/// text, is one that nothing fits.
fn in_full(visit: &Visit, name: &HeaderName) -> Option<String> {
    visit.headers.contains_key(name).then(|| {
        let text = visit.header(name).unwrap_or_default();
        text.to_owned()
    })
}

/// The numbers of the request (koppeltaal case 74).
fn sporen(visit: &Visit) -> Sporen {
    let text = |name| visit.header(name);
    Sporen::read(
        text(&REQUEST_ID),
        text(&CORRELATION_ID),
        text(&TRACE_ID),
        || spoor(TraceId::fresh()),
    )
}
