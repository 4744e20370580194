//! The record systems of a DVA's providers: FHIR R4 search by POST, so that a BSN stands in no URL.
//!
//! They are no part of the 30 steps: the DVA asks them in step 27 (is there anything?) and step 29.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::post;
use fhir::{Bundle, IssueType, operation_outcome};
use http::HeaderValue;
use http::header::RETRY_AFTER;
use identity::{Bsn, Hostname, Ura};
use mitz::locatietoken::BSN_SYSTEM;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::app::App;
use crate::input::{BadSearch, DvaId, Input, Records};
use crate::web::{self, Visit};

/// FHIR R4 §2.6.
const FHIR_JSON: &str = "application/fhir+json";
/// Parameters of a search, at most.
const PARAMETERS_MAX: usize = 64;
/// Seconds after which a DVA may ask a record system that is down again.
const RETRY_AFTER_S: HeaderValue = HeaderValue::from_static("5");

/// Everything that the record systems need.
pub struct XisRole {
    app: Arc<App>,
    dva_host: Hostname,
    /// Whether it is down, by provider.
    providers: BTreeMap<Ura, bool>,
    records: Arc<Records>,
}

impl XisRole {
    /// The record systems of the providers that `dva` serves; they answer only to the client
    /// certificate of `dva_host`.
    pub fn new(
        app: Arc<App>,
        dva_host: Hostname,
        dva: DvaId,
        input: &Input,
        records: Arc<Records>,
    ) -> Arc<Self> {
        let providers = input.providers_of(dva);
        Arc::new(Self {
            app,
            dva_host,
            providers: providers.map(|provider| (provider.ura.clone(), provider.down)).collect(),
            records,
        })
    }

    /// What answers at their host, which asks for a client certificate.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/{ura}/fhir/{resource_type}/_search", post(search))
            .with_state(Arc::clone(self))
    }

    /// The answer to a search, or why there is none.
    fn answer(&self, visit: &Visit, ura: &str, resource_type: &str) -> Result<Value, Refused> {
        let peer = visit.certificate(&self.app.clock).and_then(|peer| peer.san_dns);
        if peer.as_deref() != Some(self.dva_host.as_str()) {
            return Err(Refused::NotTheDva);
        }
        let ura = Ura::parse(ura).map_err(|_| Refused::UnknownProvider)?;
        match self.providers.get(&ura) {
            None => return Err(Refused::UnknownProvider),
            Some(true) => return Err(Refused::Down),
            Some(false) => {}
        }
        if !visit.has_media_type("application/x-www-form-urlencoded") || !visit.query.is_empty() {
            return Err(Refused::NotAForm);
        }
        let question = Question::read(&visit.body, resource_type)?;
        let Question { bsn, params, only_count } = &question;
        let found = self.records.search(&ura, bsn, resource_type, params).map_err(|bad| match bad {
            BadSearch::Parameter => Refused::Parameter,
            BadSearch::Value => Refused::Value,
        })?;
        if *only_count {
            return Ok(json!({
                "resourceType": "Bundle", "type": "searchset", "total": found.total,
            }));
        }
        let resources = found.resources.into_iter().cloned().collect();
        let mut bundle = Bundle { resources }.to_json();
        // `_count` shortens the answer, not the number of what there is (FHIR R4 §3.1.1.4.3).
        bundle["total"] = json!(found.total);
        Ok(bundle)
    }
}

/// A search of one person's resources.
struct Question {
    bsn: Bsn,
    params: Vec<(String, String)>,
    /// `_summary=count` (FHIR R4 §3.1.1.5.9).
    only_count: bool,
}

impl Question {
    /// Reads a form. Unlike the parameters of OAuth, those of FHIR may stand there twice.
    fn read(body: &[u8], resource_type: &str) -> Result<Self, Refused> {
        let of_person = match resource_type {
            "Patient" => "identifier",
            _ => "patient.identifier",
        };
        let (mut bsn, mut only_count, mut params) = (None, false, Vec::new());
        for (index, (name, value)) in form_urlencoded::parse(body).enumerate() {
            // The reader puts U+FFFD for what is not UTF-8.
            if index >= PARAMETERS_MAX || value.contains('\u{fffd}') || name.contains('\u{fffd}') {
                return Err(Refused::NotAForm);
            }
            match (&*name, &*value) {
                ("_summary", "count") => only_count = true,
                ("_summary", _) => return Err(Refused::Value),
                (name, value) if name == of_person => {
                    let read = person(value).ok_or(Refused::Person)?;
                    if bsn.replace(read).is_some() {
                        return Err(Refused::Person);
                    }
                }
                (name, value) => params.push((name.to_owned(), value.to_owned())),
            }
        }
        Ok(Self {
            bsn: bsn.ok_or(Refused::Person)?,
            params,
            only_count,
        })
    }
}

/// The BSN in `system|value`.
fn person(token: &str) -> Option<Bsn> {
    let (system, value) = token.split_once('|')?;
    (system == BSN_SYSTEM).then(|| Bsn::parse(value).ok()).flatten()
}

/// Why a search gets no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    NotTheDva,
    UnknownProvider,
    Down,
    NotAForm,
    Person,
    Parameter,
    Value,
}

impl Refused {
    const fn says(self) -> (u16, IssueType, &'static str) {
        use IssueType::{Forbidden, NotSupported, Transient};
        match self {
            Self::NotTheDva => (403, Forbidden, "only the DVA of these providers may ask"),
            Self::UnknownProvider => (404, NotSupported, "there is no record system of this URA"),
            Self::Down => (503, Transient, "the record system is out of order"),
            Self::NotAForm => (400, NotSupported, "expected a form in the body, and no query"),
            Self::Person => (400, NotSupported, "expected one person, by BSN"),
            Self::Parameter => (400, NotSupported, "a search parameter is not supported"),
            Self::Value => (400, NotSupported, "the value of a search parameter is malformed"),
        }
    }
}

/// FHIR R4 §3.1.1: search by POST.
async fn search(
    State(role): State<Arc<XisRole>>,
    Path((ura, resource_type)): Path<(String, String)>,
    visit: Visit,
) -> Response {
    let refused = match role.answer(&visit, &ura, &resource_type) {
        Ok(bundle) => return fhir_json(200, &bundle),
        Err(refused) => refused,
    };
    let (status, issue, reason) = refused.says();
    role.app.refused(visit.trace, "FHIR R4 §3.1.1", reason);
    let response = fhir_json(status, &operation_outcome(issue, reason));
    match refused {
        Refused::Down => web::with(response, (RETRY_AFTER, RETRY_AFTER_S)),
        _ => response,
    }
}

fn fhir_json(status: u16, body: &Value) -> Response {
    web::typed(status, FHIR_JSON, body.to_string())
}
