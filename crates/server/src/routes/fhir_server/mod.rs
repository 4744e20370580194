//! A small FHIR R4 server, in memory: a test bed for the demo, behind the gateway of Koppeltaal. **It is
//! no product**: it checks no profile and no reference, forgets everything at its end, and keeps numbers
//! as JSON does, without the zeros behind a decimal point.
//!
//! It answers one client, which shows a certificate, and knows nothing of scopes: keeping others out is
//! the gateway's work.

mod search;
mod shelf;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use fhir::{IssueType, operation_outcome};
use http::header::{CONTENT_TYPE, ETAG, IF_MATCH, LOCATION};
use http::{HeaderName, HeaderValue};
use identity::Hostname;
use koppeltaal::permissie::ResourceType;
use protocol::client::PeerCertificate;
use serde_json::{Value, json};

use crate::app::App;
use crate::web::{self, Visit};
use crate::{chance, date};

use self::search::Search;
use self::shelf::{Full, Shelf, Version};

const FHIR_JSON: &str = "application/fhir+json; charset=utf-8";
const IF_NONE_EXIST: HeaderName = HeaderName::from_static("if-none-exist");

/// Entries of a batch, at most.
const ENTRIES_MAX: usize = 500;

/// The types that Koppeltaal uses (koppeltaal.md §3.1); others are kept too.
const TYPES: [&str; 11] = [
    "ActivityDefinition",
    "AuditEvent",
    "CareTeam",
    "Device",
    "Endpoint",
    "Organization",
    "Patient",
    "Practitioner",
    "RelatedPerson",
    "Subscription",
    "Task",
];

/// Everything that the server needs.
pub struct FhirServerRole {
    app: Arc<App>,
    /// Its own base URL.
    base: String,
    /// Whose certificate its one client shows.
    client: Hostname,
    shelf: Mutex<Shelf>,
}

/// A type, and perhaps an id and a version.
type At = Result<Path<Vec<String>>, PathRejection>;

/// What somebody asks, of a state that only he sees.
type Asked<'a> = (&'a FhirServerRole, &'a [String], &'a Visit);

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    NotTheClient,
    NoSuchPath,
    NotFound,
    Gone,
    NotJson,
    Parameter,
    NoIfMatch,
    Stale,
    Several,
    NotABatch,
    Full,
}

impl FhirServerRole {
    /// The server at `base`, a URL without a slash at its end, for the client of this name.
    pub fn new(app: Arc<App>, base: &str, client: Hostname) -> Arc<Self> {
        Arc::new(Self {
            app,
            base: base.to_owned(),
            client,
            shelf: Mutex::default(),
        })
    }

    /// What answers below its base.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/fhir", post(batch))
            .route("/fhir/metadata", get(metadata))
            .route("/fhir/{type}", get(search).post(create))
            .route("/fhir/{type}/_search", post(search))
            .route("/fhir/{type}/_history", get(history))
            .route("/fhir/{type}/{id}", get(read).put(update).delete(end))
            .route("/fhir/{type}/{id}/_history", get(history))
            .route("/fhir/{type}/{id}/_history/{version}", get(read))
            .with_state(Arc::clone(self))
    }

    /// Answers, if it is its client who asks.
    fn answer(
        &self,
        at: At,
        visit: &Visit,
        answer: impl Fn(Asked<'_>) -> Result<Response, Refused>,
    ) -> Response {
        let answered = self.is_client(visit).and_then(|()| {
            let Path(at) = at.map_err(|_| Refused::NoSuchPath)?;
            let is_type = at
                .first()
                .is_none_or(|kind| ResourceType::parse(kind).is_some());
            is_type.then_some(()).ok_or(Refused::NoSuchPath)?;
            answer((self, &at, visit))
        });
        answered.unwrap_or_else(|refused| self.refused(visit, refused))
    }

    fn is_client(&self, visit: &Visit) -> Result<(), Refused> {
        let shown = visit.certificate(&self.app.clock);
        let name = shown.as_ref().and_then(PeerCertificate::only_name);
        let is_it = name == Some(self.client.as_str());
        is_it.then_some(()).ok_or(Refused::NotTheClient)
    }

    fn refused(&self, visit: &Visit, refused: Refused) -> Response {
        let (status, issue, reason) = refused.says();
        // Whoever looks whether something is there did nothing wrong.
        if !matches!(refused, Refused::NotFound) {
            self.app.refused(visit.trace, "koppeltaal.md §3.3", reason);
        }
        said(status, &operation_outcome(issue, reason))
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> String {
        date::instant(self.app.clock.now().unix())
    }

    /// A version as it is answered.
    fn version(&self, status: u16, kind: &str, id: &str, version: &Version) -> Response {
        let json = version.json.as_ref().unwrap_or(&Value::Null);
        let place = format!("{}/{kind}/{id}/_history/{}", self.base, version.number);
        with(said(status, json), &version.etag(), Some(&place))
    }
}

impl Refused {
    const fn says(self) -> (u16, IssueType, &'static str) {
        use IssueType::{Conflict, Deleted, Forbidden, Invalid, NotFound, NotSupported, TooCostly};
        match self {
            Self::NotTheClient => (403, Forbidden, "only the gateway may ask"),
            Self::NoSuchPath => (404, NotSupported, "there is nothing at this path"),
            Self::NotFound => (404, NotFound, "there is no such resource"),
            Self::Gone => (410, Deleted, "the resource was deleted"),
            Self::NotJson => (400, Invalid, "expected a resource of this type, as JSON"),
            Self::Parameter => (400, NotSupported, "a search parameter is not known"),
            Self::NoIfMatch => (412, Conflict, "expected If-Match"),
            Self::Stale => (412, Conflict, "the resource has another version by now"),
            Self::Several => (412, Conflict, "several resources are found"),
            Self::NotABatch => (
                400,
                Invalid,
                "expected a Bundle of type batch that creates resources",
            ),
            Self::Full => (507, TooCostly, "there is no room left"),
        }
    }
}

async fn metadata(State(role): State<Arc<FhirServerRole>>, visit: Visit) -> Response {
    if let Err(refused) = role.is_client(&visit) {
        return role.refused(&visit, refused);
    }
    let parameters = search::known();
    let resource = |kind| json!({ "type": kind, "searchParam": parameters });
    let statement = json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "kind": "instance",
        "date": role.now(),
        "implementation": { "description": "a test bed", "url": role.base },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [{
            "mode": "server",
            "resource": TYPES.map(resource),
            "interaction": [{ "code": "batch" }],
        }],
    });
    said(200, &statement)
}

async fn read(State(role): State<Arc<FhirServerRole>>, at: At, visit: Visit) -> Response {
    role.answer(at, &visit, |(role, at, _)| {
        let (kind, id) = instance(at)?;
        let shelf = role.shelf();
        let found = shelf.get(kind, id).ok_or(Refused::NotFound)?;
        let version = match at.get(2) {
            Some(number) => {
                let is_it = |version: &&Version| version.number.to_string() == *number;
                found.versions.iter().find(is_it)
            }
            None => found.now(),
        };
        let version = version.ok_or(Refused::NotFound)?;
        if version.json.is_none() {
            return Err(Refused::Gone);
        }
        Ok(role.version(200, kind, id, version))
    })
}

async fn create(State(role): State<Arc<FhirServerRole>>, at: At, visit: Visit) -> Response {
    role.answer(at, &visit, |(role, at, visit)| {
        let kind = &at[0];
        let json = body(kind, visit)?;
        let mut shelf = role.shelf();
        if let Some(condition) = visit.header(&IF_NONE_EXIST) {
            let search = Search::read(condition.as_bytes()).map_err(|_| Refused::Parameter)?;
            let all = shelf.of_type(kind);
            let found = all
                .iter()
                .filter_map(|(id, found)| Some((*id, found.now()?)));
            let found =
                found.filter(|(_, now)| now.json.as_ref().is_some_and(|json| search.finds(json)));
            match found.collect::<Vec<_>>()[..] {
                [] => {}
                [(id, now)] => return Ok(role.version(200, kind, id, now)),
                _ => return Err(Refused::Several),
            }
        }
        // TOP-KT-003: ids are the server's
        let id = chance::entropy().uuid("fhir.id");
        let version = shelf.add((kind, &id), "POST", &role.now(), Some(json))?;
        Ok(role.version(201, kind, &id, &version))
    })
}

/// Several resources at once, each of which stands alone. Only creation, which is
/// what the gateway sends so: its AuditEvents.
async fn batch(State(role): State<Arc<FhirServerRole>>, visit: Visit) -> Response {
    let at = Ok(Path(Vec::new()));
    role.answer(at, &visit, |(role, _, visit)| {
        let bundle = body("Bundle", visit)?;
        let entries = bundle["entry"].as_array();
        let entries = entries.filter(|all| bundle["type"] == "batch" && all.len() <= ENTRIES_MAX);
        let entries = entries.ok_or(Refused::NotABatch)?;
        let answers: Vec<Value> = entries.iter().map(|entry| role.created(entry)).collect();
        let answer = json!({
            "resourceType": "Bundle", "type": "batch-response", "entry": answers,
        });
        Ok(said(200, &answer))
    })
}

impl FhirServerRole {
    /// What becomes of an entry that creates a resource.
    fn created(&self, entry: &Value) -> Value {
        let made = || {
            let json = &entry["resource"];
            let kind = json["resourceType"].as_str().unwrap_or_default();
            let request = &entry["request"];
            let is_creation = request["method"] == "POST" && request["url"] == kind;
            if !is_creation || ResourceType::parse(kind).is_none() {
                return Err(Refused::NotABatch);
            }
            let id = chance::entropy().uuid("fhir.id");
            let version =
                (self.shelf()).add((kind, &id), "POST", &self.now(), Some(json.clone()))?;
            Ok((format!("{}/{kind}/{id}", self.base), version.etag()))
        };
        match made() {
            Ok((place, etag)) => json!({ "response": {
                "status": "201 Created", "location": place, "etag": etag,
            } }),
            Err(refused) => {
                let (status, issue, reason) = refused.says();
                let outcome = operation_outcome(issue, reason);
                json!({ "response": { "status": status.to_string(), "outcome": outcome } })
            }
        }
    }
}

async fn update(State(role): State<Arc<FhirServerRole>>, at: At, visit: Visit) -> Response {
    role.answer(at, &visit, |(role, at, visit)| {
        let (kind, id) = instance(at)?;
        let json = body(kind, visit)?;
        let mut shelf = role.shelf();
        let status = match (current(&shelf, kind, id), visit.header(&IF_MATCH)) {
            // Whoever names no version makes it (TGB 004: a Device with the id of its application).
            (Err(_), None) => 201,
            (Err(none), Some(_)) => return Err(none),
            (Ok(_), None) => return Err(Refused::NoIfMatch),
            (Ok(current), Some(named)) if named != current => return Err(Refused::Stale),
            (Ok(_), Some(_)) => 200,
        };
        let version = shelf.add((kind, id), "PUT", &role.now(), Some(json))?;
        Ok(role.version(status, kind, id, &version))
    })
}

async fn end(State(role): State<Arc<FhirServerRole>>, at: At, visit: Visit) -> Response {
    role.answer(at, &visit, |(role, at, visit)| {
        let (kind, id) = instance(at)?;
        let mut shelf = role.shelf();
        let current = current(&shelf, kind, id)?;
        if visit
            .header(&IF_MATCH)
            .is_some_and(|named| named != current)
        {
            return Err(Refused::Stale);
        }
        let version = shelf.add((kind, id), "DELETE", &role.now(), None)?;
        Ok(with(web::typed(204, FHIR_JSON, ""), &version.etag(), None))
    })
}

async fn search(State(role): State<Arc<FhirServerRole>>, at: At, visit: Visit) -> Response {
    role.answer(at, &visit, |(role, at, visit)| {
        let kind = &at[0];
        let text = if visit.has_media_type("application/x-www-form-urlencoded") {
            &visit.body[..]
        } else {
            visit.query.as_bytes()
        };
        let search = Search::read(text).map_err(|_| Refused::Parameter)?;
        let shelf = role.shelf();
        let all = shelf.of_type(kind);
        let entries = all.iter().filter_map(|(id, found)| {
            let json = found.json().filter(|json| search.finds(json))?;
            let url = format!("{}/{kind}/{id}", role.base);
            Some(json!({ "fullUrl": url, "resource": json, "search": { "mode": "match" } }))
        });
        Ok(role.page("searchset", kind, &search, entries.collect()))
    })
}

/// Of a type, or of one resource: the last change first.
async fn history(State(role): State<Arc<FhirServerRole>>, at: At, visit: Visit) -> Response {
    role.answer(at, &visit, |(role, at, visit)| {
        let kind = &at[0];
        let search = Search::read(visit.query.as_bytes()).map_err(|_| Refused::Parameter)?;
        let shelf = role.shelf();
        let all = shelf.of_type(kind);
        let of = |(id, _): &&(&str, _)| at.get(1).is_none_or(|one| *id == one.as_str());
        let versions = all.iter().filter(of);
        let mut versions: Vec<(&str, &Version)> = versions
            .flat_map(|(id, found)| found.versions.iter().map(|version| (*id, version)))
            .collect();
        if versions.is_empty() && at.len() > 1 {
            return Err(Refused::NotFound);
        }
        versions.sort_by_key(|(_, version)| std::cmp::Reverse(version.change));
        let entries = versions.into_iter();
        let entries = entries.map(|(id, version)| changed(&role.base, kind, id, version));
        let path = at.join("/");
        Ok(role.page(
            "history",
            &format!("{path}/_history"),
            &search,
            entries.collect(),
        ))
    })
}

fn changed(base: &str, kind: &str, id: &str, version: &Version) -> Value {
    let mut entry = json!({
        "fullUrl": format!("{base}/{kind}/{id}"),
        "request": { "method": version.method, "url": format!("{kind}/{id}") },
        "response": { "status": "200", "etag": version.etag(), "lastModified": version.time },
    });
    if let Some(json) = &version.json {
        entry["resource"] = json.clone();
    }
    entry
}

impl FhirServerRole {
    fn page(&self, kind: &str, path: &str, search: &Search, all: Vec<Value>) -> Response {
        let total = all.len();
        let url = |offset| format!("{}/{path}?{}", self.base, search.from(offset));
        let mut links = vec![json!({ "relation": "self", "url": url(search.offset) })];
        let next = search.offset.saturating_add(search.count);
        if next < total && !search.only_count {
            links.push(json!({ "relation": "next", "url": url(next) }));
        }
        let mut bundle = json!({
            "resourceType": "Bundle", "type": kind, "total": total, "link": links,
        });
        if !search.only_count {
            let entries = all.into_iter().skip(search.offset).take(search.count);
            bundle["entry"] = entries.collect();
        }
        said(200, &bundle)
    }
}

fn instance(at: &[String]) -> Result<(&str, &str), Refused> {
    match at {
        [kind, id, ..] => Ok((kind, id)),
        _ => Err(Refused::NoSuchPath),
    }
}

/// The tag of what is there now.
fn current(shelf: &Shelf, kind: &str, id: &str) -> Result<String, Refused> {
    let now = shelf.get(kind, id).and_then(|found| found.now());
    let now = now.ok_or(Refused::NotFound)?;
    match now.json {
        Some(_) => Ok(now.etag()),
        None => Err(Refused::Gone),
    }
}

fn body(kind: &str, visit: &Visit) -> Result<Value, Refused> {
    let json: Value = serde_json::from_slice(&visit.body).map_err(|_| Refused::NotJson)?;
    let is_it = json["resourceType"] == kind;
    is_it.then_some(json).ok_or(Refused::NotJson)
}

fn said(status: u16, json: &Value) -> Response {
    let mut response = web::typed(status, FHIR_JSON, json.to_string());
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON));
    response
}

fn with(mut response: Response, etag: &str, location: Option<&str>) -> Response {
    for (name, value) in [(ETAG, Some(etag)), (LOCATION, location)] {
        if let Some(Ok(value)) = value.map(HeaderValue::from_str) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

impl From<Full> for Refused {
    fn from(Full: Full) -> Self {
        Self::Full
    }
}

#[cfg(test)]
mod tests;
