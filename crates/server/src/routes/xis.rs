//! The record systems of a DVA's providers: FHIR R4 search by POST, so that a BSN stands in no URL, and
//! create for what people place. What is placed stays in memory.
//!
//! They are no part of the 30 steps: the DVA asks them in step 27 (is there anything?) and step 29.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::post;
use fhir::{Bundle, IssueType, operation_outcome, owner_of, resource_type};
use http::HeaderValue;
use http::header::{LOCATION, RETRY_AFTER};
use identity::{Bsn, Hostname, Ura};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use mitz::locatietoken::BSN_SYSTEM;
use protocol::client::PeerCertificate;
use serde_json::{Value, json};
use url::form_urlencoded;
use verdict::Moment;

use crate::app::App;
use crate::chance;
use crate::input::{BadSearch, BsnTable, DvaId, Input, Records};
use crate::web::{self, Visit};

/// FHIR R4 §2.6.
const FHIR_JSON: &str = "application/fhir+json";
/// Parameters of a search, at most.
const PARAMETERS_MAX: usize = 64;
/// Resources that people placed, at most; each is no longer than the door lets a body be.
const PLACED_MAX: usize = 1_024;
/// Seconds after which a DVA may ask a record system that is down again.
const RETRY_AFTER_S: HeaderValue = HeaderValue::from_static("5");

/// Everything that the record systems need.
pub struct XisRole {
    app: Arc<App>,
    dva_host: Hostname,
    /// Whether it is down, by provider.
    providers: BTreeMap<Ura, bool>,
    records: Arc<Records>,
    placed: Mutex<Placed>,
}

/// What people placed, since the start.
#[derive(Default)]
struct Placed {
    by_ura: BTreeMap<Ura, BsnTable<Vec<Value>>>,
    count: usize,
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
            providers: providers
                .map(|provider| (provider.ura.clone(), provider.down))
                .collect(),
            records,
            placed: Mutex::default(),
        })
    }

    /// What answers at their host, which asks for a client certificate.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/{ura}/fhir/{resource_type}/_search", post(search))
            .route("/{ura}/fhir/{resource_type}", post(create))
            .with_state(Arc::clone(self))
    }

    /// The provider that the DVA of `visit` asks.
    fn provider(&self, visit: &Visit, ura: &str) -> Result<Ura, Refused> {
        let peer = visit.certificate(&self.app.clock);
        let peer = peer.as_ref().and_then(PeerCertificate::only_name);
        if peer != Some(self.dva_host.as_str()) {
            return Err(Refused::NotTheDva);
        }
        let ura = Ura::parse(ura).map_err(|_| Refused::UnknownProvider)?;
        match self.providers.get(&ura) {
            None => Err(Refused::UnknownProvider),
            Some(true) => Err(Refused::Down),
            Some(false) => Ok(ura),
        }
    }

    /// The answer to a search, or why there is none.
    fn answer(&self, visit: &Visit, ura: &str, resource_type: &str) -> Result<Value, Refused> {
        let ura = self.provider(visit, ura)?;
        if !visit.has_media_type("application/x-www-form-urlencoded") || !visit.query.is_empty() {
            return Err(Refused::NotAForm);
        }
        let question = Question::read(&visit.body, resource_type)?;
        let Question {
            bsn,
            params,
            only_count,
        } = &question;
        let placed = self.placed.lock().unwrap_or_else(PoisonError::into_inner);
        let of_person = placed.by_ura.get(&ura).and_then(|people| people.get(bsn));
        let of_person = of_person.map_or(&[][..], Vec::as_slice);
        let found = self
            .records
            .search(&ura, bsn, resource_type, params, of_person)
            .map_err(|bad| match bad {
                BadSearch::Parameter => Refused::Parameter,
                BadSearch::Value => Refused::Value,
            })?;
        if *only_count {
            return Ok(json!({
                "resourceType": "Bundle", "type": "searchset", "total": found.total,
            }));
        }
        let now = self.app.clock.now();
        let resources = found.resources.into_iter().cloned();
        let resources = resources.map(|resource| known_at(now, resource)).collect();
        let mut bundle = Bundle { resources }.to_json();
        // `_count` shortens the answer, not the number of what there is (FHIR R4 §3.1.1.4.3).
        bundle["total"] = json!(found.total);
        Ok(bundle)
    }

    /// Stores a resource of a person whom the provider knows; gives it back as it is stored.
    fn create(&self, visit: &Visit, ura: &str, kind: &str) -> Result<Value, Refused> {
        let ura = self.provider(visit, ura)?;
        if !visit.has_media_type(FHIR_JSON) || !visit.query.is_empty() {
            return Err(Refused::NotAResource);
        }
        let resource: Option<Value> = serde_json::from_slice(&visit.body).ok();
        let mut resource = resource
            .filter(|resource| resource_type(resource) == Some(kind))
            .ok_or(Refused::NotAResource)?;
        let owner = owner_of(kind);
        let identifier = &resource[owner]["identifier"];
        let bsn = identifier["value"]
            .as_str()
            .and_then(|bsn| Bsn::parse(bsn).ok());
        let bsn = bsn.filter(|_| identifier["system"] == BSN_SYSTEM);
        let bsn = bsn.ok_or(Refused::Person)?;
        let patient = self
            .records
            .patient_id(&ura, &bsn)
            .ok_or(Refused::NoPatient)?;
        resource[owner] = json!({ "reference": format!("Patient/{patient}") });
        resource["id"] = json!(chance::entropy().uuid("resource"));
        let mut placed = self.placed.lock().unwrap_or_else(PoisonError::into_inner);
        placed.add(ura, &bsn, resource.clone())?;
        Ok(resource)
    }
}

/// A death that is still to come is not known yet: so somebody can die while a network runs, when its
/// clock is moved.
fn known_at(now: Moment, mut resource: Value) -> Value {
    let died = resource["deceasedDateTime"].as_str().and_then(moment);
    if let (Some(died), Some(members)) = (died, resource.as_object_mut())
        && died > now
    {
        members.remove("deceasedDateTime");
    }
    resource
}

/// The moment of a FHIR dateTime; of a day alone its first, in UTC.
fn moment(text: &str) -> Option<Moment> {
    let exact = text.parse::<Timestamp>().ok();
    let day = || {
        let day = text.parse::<Date>().ok()?;
        Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    let at = exact.or_else(day)?;
    Some(Moment::from_unix(at.as_second()))
}

impl Placed {
    fn add(&mut self, ura: Ura, bsn: &Bsn, resource: Value) -> Result<(), Refused> {
        if self.count >= PLACED_MAX {
            return Err(Refused::Full);
        }
        self.count += 1;
        let people = self.by_ura.entry(ura).or_default();
        match people.get_mut(bsn) {
            Some(of_person) => of_person.push(resource),
            None => drop(people.insert(bsn, vec![resource])),
        }
        Ok(())
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
    (system == BSN_SYSTEM)
        .then(|| Bsn::parse(value).ok())
        .flatten()
}

/// Why a search or a create gets no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    NotTheDva,
    UnknownProvider,
    Down,
    NotAForm,
    Person,
    Parameter,
    Value,
    NotAResource,
    NoPatient,
    Full,
}

impl Refused {
    const fn says(self) -> (u16, IssueType, &'static str) {
        use IssueType::{Forbidden, Invalid, NotFound, NotSupported, Transient};
        match self {
            Self::NotTheDva => (403, Forbidden, "only the DVA of these providers may ask"),
            Self::UnknownProvider => (404, NotSupported, "there is no record system of this URA"),
            Self::Down => (503, Transient, "the record system is out of order"),
            Self::NotAForm => (
                400,
                NotSupported,
                "expected a form in the body, and no query",
            ),
            Self::Person => (400, NotSupported, "expected one person, by BSN"),
            Self::Parameter => (400, NotSupported, "a search parameter is not supported"),
            Self::Value => (
                400,
                NotSupported,
                "the value of a search parameter is malformed",
            ),
            Self::NotAResource => (
                400,
                Invalid,
                "expected a resource of the type in the address, and no query",
            ),
            Self::NoPatient => (422, NotFound, "the person is no patient here"),
            Self::Full => (503, Transient, "there is no room for more resources"),
        }
    }
}

/// FHIR R4 §3.1.1: search by POST.
async fn search(
    State(role): State<Arc<XisRole>>,
    address: Result<Path<(String, String)>, PathRejection>,
    visit: Visit,
) -> Response {
    // What is no text is the number of no provider.
    let (ura, resource_type) = address.map(|Path(address)| address).unwrap_or_default();
    match role.answer(&visit, &ura, &resource_type) {
        Ok(bundle) => fhir_json(200, &bundle),
        Err(refused) => role.refuse(&visit, "FHIR R4 §3.1.1", refused),
    }
}

/// FHIR R4 §3.1.0.8.
async fn create(
    State(role): State<Arc<XisRole>>,
    address: Result<Path<(String, String)>, PathRejection>,
    visit: Visit,
) -> Response {
    let (ura, kind) = address.map(|Path(address)| address).unwrap_or_default();
    let resource = match role.create(&visit, &ura, &kind) {
        Ok(resource) => resource,
        Err(refused) => return role.refuse(&visit, "FHIR R4 §3.1.0.8", refused),
    };
    let place = resource["id"]
        .as_str()
        .map(|id| format!("/{ura}/fhir/{kind}/{id}"));
    let response = fhir_json(201, &resource);
    match place.and_then(|place| HeaderValue::try_from(place).ok()) {
        Some(place) => web::with(response, (LOCATION, place)),
        None => response,
    }
}

impl XisRole {
    fn refuse(&self, visit: &Visit, requirement: &'static str, refused: Refused) -> Response {
        let (status, issue, reason) = refused.says();
        self.app.refused(visit.trace, requirement, reason);
        let response = fhir_json(status, &operation_outcome(issue, reason));
        match refused {
            Refused::Down => web::with(response, (RETRY_AFTER, RETRY_AFTER_S)),
            _ => response,
        }
    }
}

fn fhir_json(status: u16, body: &Value) -> Response {
    web::typed(status, FHIR_JSON, body.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::testing::{Answer, Party, host, post, send};

    const FORM: &str = "application/x-www-form-urlencoded";
    const SASKIA: &str = "http%3A%2F%2Ffhir.nl%2Ffhir%2FNamingSystem%2Fbsn%7C900186021";
    const DVA: Option<&str> = Some("dva-back.localhost");

    fn role(party: &Party, dva: DvaId) -> Router {
        let input = Input::sample(8443).expect("a good sample");
        let records = Arc::clone(&input.records);
        let app = Arc::clone(&party.app);
        XisRole::new(app, host("dva-back.localhost"), dva, &input, records).router()
    }

    async fn ask(router: &Router, path: &str, form: String) -> Answer {
        post(router, DVA, path, FORM, form).await
    }

    fn of_saskia(more: &str) -> String {
        format!("patient.identifier={SASKIA}{more}")
    }

    #[tokio::test]
    async fn the_dva_finds_a_patient_by_bsn_and_what_belongs_to_it() {
        // FHIR R4 §2.6
        let party = Party::new().await;
        let router = role(&party, DvaId::Dva);
        let path = "/00000659/fhir/Patient/_search";
        let patient = ask(&router, path, format!("identifier={SASKIA}")).await;
        assert_eq!(patient.status, 200);
        assert_eq!(patient.headers["content-type"], "application/fhir+json");
        let patient = Bundle::parse(&patient.body).expect("a searchset").resources;
        assert_eq!(patient.len(), 1);
        let subject = format!("Patient/{}", patient[0]["id"].as_str().expect("an id"));
        let path = "/00000659/fhir/Observation/_search";
        let found = ask(&router, path, of_saskia("&category=laboratory")).await;
        let found = Bundle::parse(&found.body).expect("a searchset").resources;
        assert!(!found.is_empty());
        assert!(
            found
                .iter()
                .all(|resource| resource["subject"]["reference"] == *subject)
        );
        let both = of_saskia("&category=laboratory&category=vital-signs");
        assert_eq!(ask(&router, path, both).await.json()["total"], 0);
    }

    #[tokio::test]
    async fn a_count_says_how_many_there_are_and_shows_none() {
        // FHIR R4 §3.1.1.4.3 and §3.1.1.5.9
        let party = Party::new().await;
        let router = role(&party, DvaId::Dva);
        let path = "/00000659/fhir/Observation/_search";
        let all = ask(&router, path, of_saskia("")).await.json();
        let count = ask(&router, path, of_saskia("&_summary=count"))
            .await
            .json();
        assert_eq!(count["total"], all["total"]);
        assert!(count.get("entry").is_none() && all["total"].as_u64() > Some(1));
        let one = ask(&router, path, of_saskia("&_count=1")).await.json();
        assert_eq!(one["total"], all["total"]);
        assert_eq!(one["entry"].as_array().map(Vec::len), Some(1));
        assert_eq!(
            ask(&router, path, of_saskia("&_summary=true")).await.status,
            400
        );
    }

    #[tokio::test]
    async fn nobody_but_the_dva_gets_an_answer() {
        let party = Party::new().await;
        let router = role(&party, DvaId::Dva);
        for by in [
            None,
            Some("dva2-back.localhost"),
            Some("mitz-back.localhost"),
        ] {
            let path = "/00000659/fhir/Observation/_search";
            let answer = post(&router, by, path, FORM, of_saskia("")).await;
            assert_eq!(answer.status, 403, "{by:?}");
            assert_eq!(answer.json()["resourceType"], "OperationOutcome");
        }
    }

    #[tokio::test]
    async fn a_provider_of_another_dva_is_unknown_and_one_that_is_down_says_so() {
        let party = Party::new().await;
        let (dva, dva2) = (role(&party, DvaId::Dva), role(&party, DvaId::Dva2));
        for ura in ["00000666", "00000697", "99999999", "x"] {
            let path = format!("/{ura}/fhir/Observation/_search");
            let answer = ask(&dva, &path, of_saskia("")).await;
            assert_eq!(answer.status, 404, "{ura}");
            assert_eq!(answer.json()["resourceType"], "OperationOutcome");
        }
        let down = ask(&dva2, "/00000680/fhir/Observation/_search", of_saskia("")).await;
        assert_eq!(down.status, 503);
        assert_eq!(down.headers[RETRY_AFTER], "5");
        assert_eq!(down.json()["issue"][0]["code"], "transient");
    }

    #[tokio::test]
    async fn a_path_that_is_no_text_names_no_provider_and_stands_in_the_log() {
        let party = Party::new().await;
        let router = role(&party, DvaId::Dva);
        for path in ["/%ff/fhir/Patient/_search", "/00000659/fhir/%c3%28/_search"] {
            let answer = ask(&router, path, of_saskia("")).await;
            assert_eq!(answer.status, 404, "{path}");
            assert_eq!(answer.json()["resourceType"], "OperationOutcome");
            let stranger = post(&router, None, path, FORM, of_saskia("")).await;
            assert_eq!(stranger.status, 403, "{path}");
        }
        assert!(party.log().contains("FHIR R4 §3.1.1"));
    }

    #[tokio::test]
    async fn a_search_without_exactly_one_person_or_with_what_is_not_taken_is_refused() {
        let party = Party::new().await;
        let router = role(&party, DvaId::Dva);
        let many = "&_id=1".repeat(PARAMETERS_MAX);
        for form in [
            String::new(),
            "category=laboratory".to_owned(),
            format!("identifier={SASKIA}"),
            of_saskia(&format!("&patient.identifier={SASKIA}")),
            "patient.identifier=900186021".to_owned(),
            "patient.identifier=http%3A%2F%2Fother%7C900186021".to_owned(),
            of_saskia("").replace("900186021", "900186022"),
            of_saskia("&_include=Observation:subject"),
            of_saskia("&date=gisteren"),
            of_saskia("&code=%ff"),
            of_saskia(&many),
        ] {
            let answer = ask(&router, "/00000659/fhir/Observation/_search", form.clone()).await;
            assert_eq!(answer.status, 400, "{form}");
            assert!(!answer.text().contains("9001860"), "{form}");
        }
        assert!(!party.log().contains("9001860"));
    }

    #[tokio::test]
    async fn a_bsn_in_a_url_is_refused_and_so_is_another_media_type() {
        let party = Party::new().await;
        let router = role(&party, DvaId::Dva);
        let path = "/00000659/fhir/Observation/_search";
        let with_query = format!("{path}?{}", of_saskia(""));
        assert_eq!(ask(&router, &with_query, of_saskia("")).await.status, 400);
        let json = post(&router, DVA, path, "application/json", of_saskia("")).await;
        assert_eq!(json.status, 400);
        let get = http::Request::get(with_query).body(axum::body::Body::empty());
        assert_eq!(
            send(&router, DVA, get.expect("a request")).await.status,
            405
        );
    }

    #[tokio::test]
    async fn what_the_dva_places_is_the_patients_and_is_found() {
        let party = Party::new().await;
        let router = role(&party, DvaId::Dva);
        let path = "/00000659/fhir/Observation";
        let of = |bsn: &str| {
            let identifier = json!({ "system": BSN_SYSTEM, "value": bsn });
            json!({
                "resourceType": "Observation", "id": "mine", "code": { "text": "gemeten" },
                "subject": { "identifier": identifier },
            })
            .to_string()
        };
        let place =
            async |by, path, media_type, body| post(&router, by, path, media_type, body).await;
        let created = place(DVA, path, FHIR_JSON, of("900186021")).await;
        // FHIR R4 §3.1.0.8
        assert_eq!(created.status, 201);
        let id = created.json()["id"].as_str().expect("an id").to_owned();
        assert_ne!(id, "mine");
        assert_eq!(created.headers[LOCATION], format!("{path}/{id}"));
        let search = format!("{path}/_search");
        let found = ask(&router, &search, of_saskia(&format!("&_id={id}"))).await;
        let found = Bundle::parse(&found.body).expect("a searchset").resources;
        assert_eq!(found.len(), 1);
        let owner = found[0]["subject"]["reference"]
            .as_str()
            .expect("a patient");
        assert!(owner.starts_with("Patient/") && !found[0].to_string().contains("900186021"));
        for (by, path, media_type, body, status) in [
            (None, path, FHIR_JSON, of("900186021"), 403),
            (
                DVA,
                "/00000666/fhir/Observation",
                FHIR_JSON,
                of("900186021"),
                404,
            ),
            (DVA, path, "text/plain", of("900186021"), 400),
            (
                DVA,
                "/00000659/fhir/Condition",
                FHIR_JSON,
                of("900186021"),
                400,
            ),
            (DVA, path, FHIR_JSON, of("900186022"), 400),
            (DVA, path, FHIR_JSON, of("900273707"), 422),
        ] {
            let refused = place(by, path, media_type, body).await;
            assert_eq!(refused.status, status, "{path}");
            assert_eq!(refused.json()["resourceType"], "OperationOutcome");
        }
        assert!(!party.log().contains("9001860"));
    }
}
