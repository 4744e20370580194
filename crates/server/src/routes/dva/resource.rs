//! Steps 29 and 30 at the Resource server: data of the person behind the token.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use fhir::{IssueType, NotASearch, Search, operation_outcome};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use identity::{GegevensdienstId, Ura};
use jose::{Expected, Typ};
use medmij::resource_interface::without_numbers;
use medmij::toestemming::Toestemming;
use mitz::dva::resource::{GrantVraag, ResourceAnswer, ResourceRequest, Vraag};
use mitz::dva::token::Grant;
use protocol::access_token::AccessToken;
use protocol::bearer::BearerRefusal;
use protocol::not_before;
use verdict::{Step, Stored};

use super::DvaRole;
use super::medmij::has_numbers;
use crate::keys::Ring;
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

/// Provider, gegevensdienst and resource type, as they stand in the path.
pub(super) type Address = (String, String, String);

/// A search on one resource type of a granted gegevensdienst.
pub(super) async fn resource(
    State(role): State<Arc<DvaRole>>,
    address: Result<Path<Address>, PathRejection>,
    visit: Visit,
) -> Response {
    let Ok(Path(address)) = address else {
        return Refused::NoSuchAddress.told(&role, &visit);
    };
    let request = match role.resource_request(&address, &visit) {
        Ok(request) => request,
        Err(refusal) => return refusal.told(&role, &visit),
    };
    let turn = role.app.turn(visit.trace, Some(request.ura.to_string()));
    turn.saw(29, visit.peer_name(), "resource request");
    let journey = ResourceJourney {
        role: Arc::clone(&role),
        request,
        has_numbers: has_numbers(&visit),
    };
    match settle(&role.app, visit.trace, journey).await {
        Ok(ResourceAnswer::Data(bundle)) => {
            let body = serde_json::to_vec(&bundle.to_json()).unwrap_or_default();
            web::typed(200, "application/fhir+json", body)
        }
        Ok(ResourceAnswer::Refused(refusal)) => bearer_refused(refusal),
        Ok(ResourceAnswer::Onbereikbaar) | Err(_) => {
            let text = "The record system does not answer. Please try again later.";
            fhir_error(503, IssueType::Transient, text)
        }
    }
}

/// A requirement and a reason, for the operator.
pub(super) type Why = (&'static str, &'static str);

/// Why a request is refused before anybody is asked.
pub(super) enum Refused {
    /// There is nothing at this address.
    NoSuchAddress,
    /// The token, and why.
    Token(BearerRefusal, Why),
    /// The search has a parameter that is not taken.
    Parameter,
}

impl Refused {
    pub(super) fn told(self, role: &DvaRole, visit: &Visit) -> Response {
        match self {
            Self::NoSuchAddress => {
                let text = "There is nothing at this address.";
                fhir_error(404, IssueType::NotSupported, text)
            }
            Self::Token(refusal, (requirement, reason)) => {
                let app = &role.app;
                app.saw_fail(29, visit.trace, visit.peer_name(), reason);
                app.refused(visit.trace, requirement, reason);
                bearer_refused(refusal)
            }
            Self::Parameter => {
                let reason = "a search parameter is not taken";
                role.app.refused(visit.trace, "FHIR R4 §3.1.1.2", reason);
                let text = "A search parameter is not taken.";
                fhir_error(400, IssueType::NotSupported, text)
            }
        }
    }
}

struct ResourceJourney {
    role: Arc<DvaRole>,
    request: ResourceRequest,
    has_numbers: bool,
}

/// What is behind a token.
enum Verleend {
    /// A consent given at this DVA's own interfaces.
    Hier(Stored<Grant>),
    /// An exchange in the chain with Mitz.
    DoorMitz(Stored<Grant>),
    /// Nothing any more.
    Niets,
}

impl Journey for ResourceJourney {
    type Reply = ResourceAnswer;
    type Question = Vraag;

    fn begin(&self, _: &Run) -> Step<ResourceAnswer, Vraag> {
        self.request.clone().begin(&self.role.dva)
    }

    async fn answer(
        &self,
        run: &Run,
        question: Vraag,
    ) -> Result<Step<ResourceAnswer, Vraag>, Outage> {
        Ok(match question {
            Vraag::Grant(q) => match self.role.verleend(run, &q).await? {
                Verleend::Hier(grant) if !self.has_numbers => {
                    let (refusal, event) = without_numbers(&grant.value.client_id);
                    Step::reply_with(ResourceAnswer::Refused(refusal), event)
                }
                Verleend::Hier(grant) | Verleend::DoorMitz(grant) => q.answer(Some(grant)),
                Verleend::Niets => q.answer(None),
            },
            Vraag::Gegevens(q) => {
                let found = self.role.gegevens(run.trace, &q).await;
                q.answer(found)
            }
        })
    }
}

impl DvaRole {
    async fn verleend(&self, run: &Run, q: &GrantVraag) -> Result<Verleend, Outage> {
        if let Some(found) = run.load::<Grant>(q.key()).await? {
            return Ok(Verleend::DoorMitz(found));
        }
        let found = run.load::<Toestemming>(Toestemming::key(q.grant())).await?;
        let Some(found) = found else {
            return Ok(Verleend::Niets);
        };
        let diensten = found.value.leesbaar().iter();
        let diensten: Vec<&str> = diensten.map(GegevensdienstId::as_str).collect();
        Ok(Verleend::Hier(Stored {
            version: found.version,
            until: found.until,
            value: Grant {
                scope: diensten.join(" "),
                client_id: found.value.client_id,
                functie: mitz::toestemming::Functie::Verzamelen,
                ura: found.value.ura,
                bsn: found.value.bsn,
            },
        }))
    }

    fn resource_request(
        &self,
        (ura, dienst, kind): &Address,
        visit: &Visit,
    ) -> Result<ResourceRequest, Refused> {
        let ura = Ura::parse(ura).map_err(|_| Refused::NoSuchAddress)?;
        let gegevensdienst = GegevensdienstId::parse(dienst).map_err(|_| Refused::NoSuchAddress)?;
        let token = self.access_token(visit)?;
        let query = visit.query().map_err(|_| Refused::Parameter)?;
        let search = Search::read(kind, &query).map_err(|not| match not {
            NotASearch::Type => Refused::NoSuchAddress,
            NotASearch::Parameter => Refused::Parameter,
        })?;
        Ok(ResourceRequest {
            token,
            peer: visit.certificate(&self.app.clock),
            ura,
            gegevensdienst,
            search,
        })
    }

    pub(super) fn access_token(&self, visit: &Visit) -> Result<AccessToken, Refused> {
        let refused = |reason| ("mitz case 53", reason);
        let text = visit
            .bearer()
            .map_err(|refusal| Refused::Token(refusal, refused("no readable bearer token")))?;
        let expected = Expected {
            typ: Typ::Is("JWT"),
            issuer: &self.dva.issuer,
            audience: &[&self.dva.issuer],
            now: self.app.clock.now(),
            leeway_s: 0,
        };
        let set = self.app.keys.set();
        let keys = set.access_tokens().map_or(&[][..], Ring::all);
        let claims = jose::verify_mac(text, keys, &expected);
        let invalid = |why| Refused::Token(BearerRefusal::InvalidToken, why);
        let token = claims.ok().and_then(|claims| claims.parse_all().ok());
        let token: AccessToken = token.ok_or(invalid(refused(
            "the token is expired, altered or none of ours",
        )))?;
        let not_before = self.app.keys.not_before();
        let not_before = not_before.of(&self.dva.issuer, &token.client_id);
        // design §4
        if not_before.refuses(token.iat) {
            return Err(invalid((not_before::REQUIREMENT, not_before::REASON)));
        }
        Ok(token)
    }
}

pub(super) fn bearer_refused(refusal: BearerRefusal) -> Response {
    let (issue, text) = match refusal {
        BearerRefusal::InsufficientScope => {
            (IssueType::Forbidden, "The token does not reach this.")
        }
        _ => (IssueType::Security, "The token is missing or not valid."),
    };
    let mut response = web::bearer_refused(refusal, Some(&operation_outcome(issue, text)));
    let media_type = HeaderValue::from_static("application/fhir+json");
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

pub(super) fn fhir_error(status: u16, issue: IssueType, text: &'static str) -> Response {
    let body = serde_json::to_vec(&operation_outcome(issue, text)).unwrap_or_default();
    web::typed(status, "application/fhir+json", body)
}
