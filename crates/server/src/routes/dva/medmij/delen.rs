//! Delen: what a person places at a provider (medmij.md §2.4, core.autorisatie.101).

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use fhir::{Bevinding, IssueType, NietPlaatsbaar, Plaatsing};
use http::HeaderValue;
use http::header::LOCATION;
use identity::{GegevensdienstId, Ura};
use medmij::resource_interface::{
    Bevestiging, BevestigingVraag, Ontvangst, PlaatsAntwoord, Plaatsverzoek, Vraag,
};
use medmij::scope::{Functie, Scope};
use medmij::toestemming::Toestemming;
use mitz::dva::token::Grant;
use mitz::locatietoken::BSN_SYSTEM;
use mitz::toestemming::Functie as MitzFunctie;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use verdict::{Step, Stored};

use super::has_numbers;
use crate::routes::dva::DvaRole;
use crate::routes::dva::resource::{Address, Refused, bearer_refused, fhir_error};
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

/// Of what a resource is written in (FHIR R4 §2.6).
const MEDIA_TYPES: [&str; 2] = ["application/fhir+json", "application/json"];

/// One resource for a provider's record system.
pub(in super::super) async fn plaatsen(
    State(role): State<Arc<DvaRole>>,
    address: Result<Path<Address>, PathRejection>,
    visit: Visit,
) -> Response {
    let arrived = Instant::now();
    let Ok(Path(address)) = address else {
        return Refused::NoSuchAddress.told(&role, &visit);
    };
    let verzoek = match role.plaatsverzoek(&address, &visit) {
        Ok(verzoek) => verzoek,
        Err(refusal) => return refusal.told(&role, &visit),
    };
    if !MEDIA_TYPES.iter().any(|media| visit.has_media_type(media)) {
        let reason = "what is placed is no FHIR JSON";
        role.app.refused(visit.trace, "FHIR R4 §2.6", reason);
        let text = "Expected a FHIR resource in JSON.";
        return fhir_error(415, IssueType::NotSupported, text);
    }
    let place = role
        .endpoints
        .resource_endpoint(&verzoek.ura, &verzoek.dienst_id);
    let journey = DelenJourney {
        role: Arc::clone(&role),
        verzoek,
        bevinding: OnceCell::new(),
        ontvangst: OnceCell::new(),
    };
    let (_, _, kind) = address;
    match settle(&role.app, visit.trace, journey).await {
        Ok(PlaatsAntwoord::Geplaatst(id)) => created(&format!("{place}/{kind}/{id}")),
        Ok(PlaatsAntwoord::Refused(refusal)) => bearer_refused(refusal),
        Ok(PlaatsAntwoord::NietPlaatsbaar(niet)) => {
            let (status, text) = says(niet);
            fhir_error(status, IssueType::Invalid, text)
        }
        Ok(PlaatsAntwoord::NietOntvankelijk) => {
            // design §5 "equality of refusals": nor does the time tell how far it came
            role.alike.wait(arrived).await;
            let text = "The provider does not take this for this person.";
            fhir_error(422, IssueType::NotSupported, text)
        }
        Ok(PlaatsAntwoord::Onbereikbaar) | Err(_) => {
            let text = "The record system does not answer. Please try again later.";
            fhir_error(503, IssueType::Transient, text)
        }
    }
}

/// The address names nobody: the id is the record system's.
fn created(place: &str) -> Response {
    let response = StatusCode::CREATED.into_response();
    match HeaderValue::from_str(place) {
        Ok(place) => web::with(response, (LOCATION, place)),
        Err(_) => response,
    }
}

const fn says(niet: NietPlaatsbaar) -> (u16, &'static str) {
    match niet {
        NietPlaatsbaar::GeenResource => (400, "Expected one resource of the type in the address."),
        NietPlaatsbaar::NoemtPersoon => (422, "The resource names a person; the token does that."),
        NietPlaatsbaar::Type => (422, "The gegevensdienst takes no resource of this type."),
        NietPlaatsbaar::Vorm => (422, "The gegevensdienst asks for more of such a resource."),
    }
}

struct DelenJourney {
    role: Arc<DvaRole>,
    verzoek: Plaatsverzoek,
    bevinding: OnceCell<Option<Bevinding>>,
    ontvangst: OnceCell<Ontvangst>,
}

impl Journey for DelenJourney {
    type Reply = PlaatsAntwoord;
    type Question = Vraag;

    fn begin(&self, run: &Run) -> Step<PlaatsAntwoord, Vraag> {
        self.verzoek.clone().begin(run.now)
    }

    async fn answer(
        &self,
        run: &Run,
        question: Vraag,
    ) -> Result<Step<PlaatsAntwoord, Vraag>, Outage> {
        Ok(match question {
            Vraag::Bevestiging(q) => {
                let found = self.role.bevestigd(run, &q).await?;
                q.answer(found)
            }
            Vraag::Ontvankelijk(q) => {
                let ask = || async {
                    let known = self.role.bevinding(run.trace, q.ura(), q.bsn(), [].iter());
                    known.await.ok()
                };
                let bevinding = self.bevinding.get_or_init(ask).await.clone();
                q.answer(bevinding)
            }
            Vraag::Plaatsing(q) => {
                let place = || self.role.place(run.trace, &q);
                let ontvangst = self.ontvangst.get_or_init(place).await.clone();
                q.answer(ontvangst)
            }
        })
    }
}

impl DvaRole {
    async fn bevestigd(
        &self,
        run: &Run,
        q: &BevestigingVraag,
    ) -> Result<Option<Bevestiging>, Outage> {
        let id = q.grant();
        if let Some(found) = run.load::<Toestemming>(Toestemming::key(id)).await? {
            return Ok(Some(Bevestiging::hier(id, found)));
        }
        let by_mitz = run.load::<Grant>(Grant::key(id)).await?;
        Ok(by_mitz.and_then(|found| self.bevestigd_bij_mitz(id, found)))
    }

    /// What was agreed at Mitz, for the exchange that gave the token (mitz case 51).
    fn bevestigd_bij_mitz(&self, id: [u8; 16], found: Stored<Grant>) -> Option<Bevestiging> {
        let Stored { version, value, .. } = found;
        let naam = self.dva.naam(&value.ura)?.clone();
        let dienst = GegevensdienstId::parse(&value.scope).ok();
        let plaatsbaar = dienst.filter(|_| value.functie == MitzFunctie::Delen);
        Some(Bevestiging {
            row: Grant::key(id),
            version,
            scope: Scope {
                naam,
                functie: plaatsbaar
                    .clone()
                    .map_or(Functie::Verzamelen, Functie::Delen),
                vertegenwoordiging: None,
            },
            plaatsbaar,
            client_id: value.client_id,
            ura: value.ura,
            geboortedatum: None,
            bsn: value.bsn,
            persoon: None,
            numbered: false,
        })
    }

    fn plaatsverzoek(
        &self,
        (ura, dienst, kind): &Address,
        visit: &Visit,
    ) -> Result<Plaatsverzoek, Refused> {
        let ura = Ura::parse(ura).map_err(|_| Refused::NoSuchAddress)?;
        let dienst_id = GegevensdienstId::parse(dienst).map_err(|_| Refused::NoSuchAddress)?;
        let token = self.access_token(visit)?;
        if !visit.query.is_empty() {
            return Err(Refused::Parameter);
        }
        let aanbieder = self.dva.aanbieder(&ura);
        let dienst = aanbieder.and_then(|a| a.gegevensdiensten.get(&dienst_id));
        Ok(Plaatsverzoek {
            token,
            peer: visit.certificate(&self.app.clock),
            has_numbers: has_numbers(visit),
            dienst: dienst.cloned(),
            ura,
            dienst_id,
            plaatsing: Plaatsing::read(&visit.body, kind, BSN_SYSTEM),
            leeftijd_min: self.dva.leeftijd_min,
        })
    }
}
