//! What a person wants of one Aanbieder, and the way to its DVA (medmij.md §2.3, core.authint.200).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use identity::{GegevensdienstId, Zorgaanbiedernaam};
use medmij::dvp::ingang::{Ingang, ingangen};
use medmij::dvp::verzoek::Wachtend;
use medmij::dvp::wens::{Voor, Wens};
use medmij::scope::Functie;
use medmij::vertegenwoordiging::{GeboortedatumParameter, Vertegenwoordiging};
use protocol::wire::Parameters;

use super::delen::Gewicht;
use super::dva::Mislukt;
use super::rij::{VERBINDINGEN_MAX, VerbindingId};
use super::{TERUG, WACHTEND, WACHTEND_S, Wacht, wachtend_cookie};
use crate::chance;
use crate::date;
use crate::pages::{
    PgoAanbieder, PgoDienst, PgoIngang, PgoKeuze, PgoKiesfout, PgoMeldingSoort, PgoRechtstreeks,
    PgoVoorSoort,
};
use crate::routes::pgo::PgoRole;
use crate::routes::pgo::pages_of::{status, with_visit};
use crate::web::{self, Visit};

/// Every Aanbieder that the ZAL leads to.
pub(super) async fn lijst(State(role): State<Arc<PgoRole>>, visit: Visit) -> Response {
    let Ok(zal) = role.lists.aanbiederslijst(&role.app).await else {
        return role.say(&visit, 503, PgoMeldingSoort::LijstenNietBereikbaar);
    };
    let leads_somewhere = |naam: &Zorgaanbiedernaam| {
        let entry = zal.entry(naam);
        entry.is_some_and(|entry| !ingangen(entry).is_empty())
    };
    let aanbieders = role.config.aanbieders.iter();
    let aanbieders = aanbieders.filter(|(naam, _)| leads_somewhere(naam));
    let shown = aanbieders.map(|(naam, weergavenaam)| PgoAanbieder {
        naam: naam.scope_naam().to_owned(),
        weergavenaam: weergavenaam.clone(),
    });
    let context = PgoRechtstreeks {
        aanbieders: shown.collect(),
        verbindingen: matches!(role.verbindingen(&visit).await, Ok(Some(_))),
    };
    role.show(&visit, 200, &context)
}

/// One Aanbieder: what, for whom, and at which DVA.
pub(super) async fn aanbieder(
    State(role): State<Arc<PgoRole>>,
    Path(naam): Path<String>,
    visit: Visit,
) -> Response {
    match role.bekend(&naam).await {
        Ok((naam, ingangen)) => role.keuze(&visit, 200, &naam, &ingangen, Invulling::default()),
        Err(soort) => role.say(&visit, status(soort), soort),
    }
}

/// The person goes to the DVA.
pub(super) async fn naar_dva(
    State(role): State<Arc<PgoRole>>,
    Path(naam): Path<String>,
    visit: Visit,
) -> Response {
    let Some(form) = role.own_form(&visit) else {
        return role.say(&visit, 400, PgoMeldingSoort::FormulierVerlopen);
    };
    let (naam, ingangen) = match role.bekend(&naam).await {
        Ok(found) => found,
        Err(soort) => return role.say(&visit, status(soort), soort),
    };
    let mut invulling = Invulling::of(&form);
    let chosen = |ingang: &&Ingang| ingang.dva().as_str() == invulling.dva;
    let Some(ingang) = ingangen.iter().find(chosen) else {
        return role.say(&visit, 400, PgoMeldingSoort::AanbiederOnbekend);
    };
    match gekozen(&form, ingang, &invulling) {
        Ok((diensten, voor)) => {
            let wens = Wens {
                naam,
                functie: Functie::Verzamelen,
                voor,
            };
            role.to_dva(&visit, ingang, wens, (diensten, None)).await
        }
        Err(fout) => {
            invulling.fout = Some(fout);
            role.keuze(&visit, 422, &naam, &ingangen, invulling)
        }
    }
}

/// The form as it was filled in.
#[derive(Default)]
struct Invulling {
    dva: String,
    voor: PgoVoorSoort,
    geboortedatum: String,
    fout: Option<PgoKiesfout>,
}

impl Invulling {
    /// Whatever is no choice of ours counts as the first one.
    fn of(form: &Parameters) -> Self {
        let text = |name: &str| form.get(name).unwrap_or_default().to_owned();
        let voor = match form.get("voor") {
            Some("kind") => PgoVoorSoort::Kind,
            Some("machtiging") => PgoVoorSoort::Machtiging,
            _ => PgoVoorSoort::Mijzelf,
        };
        let geboortedatum = text("geboortedatum");
        Self {
            dva: text("dva"),
            voor,
            geboortedatum: if geboortedatum.len() <= GEBOORTEDATUM_BYTES {
                geboortedatum
            } else {
                String::new()
            },
            fout: None,
        }
    }
}

/// Bytes of `1970-09-01`.
const GEBOORTEDATUM_BYTES: usize = 10;

/// What the form asks for, if it is enough.
fn gekozen(
    form: &Parameters,
    ingang: &Ingang,
    invulling: &Invulling,
) -> Result<(Vec<GegevensdienstId>, Voor), PgoKiesfout> {
    let ticked = |dienst: &&GegevensdienstId| form.get(&format!("dienst-{dienst}")).is_some();
    let diensten = ingang.diensten.iter().map(|(dienst, _)| dienst);
    let diensten: Vec<GegevensdienstId> = diensten.filter(ticked).cloned().collect();
    if diensten.is_empty() {
        return Err(PgoKiesfout::Niets);
    }
    let soort = match invulling.voor {
        PgoVoorSoort::Mijzelf => return Ok((diensten, Voor::Mijzelf)),
        PgoVoorSoort::Kind => Vertegenwoordiging::Ouderlijk,
        PgoVoorSoort::Machtiging => Vertegenwoordiging::Machtiging,
    };
    // medmij case 86: there is no acting for somebody else without the date of birth
    let voor = Voor::Ander {
        soort,
        geboortedatum: geboren(&invulling.geboortedatum).ok_or(PgoKiesfout::Geboortedatum)?,
    };
    Ok((diensten, voor))
}

/// A day as people write it: `14-5-2018`, with any sign between, or `2018-05-14`.
fn geboren(text: &str) -> Option<GeboortedatumParameter> {
    GeboortedatumParameter::parse(&date::cijfers(text)?).ok()
}

impl PgoRole {
    /// An Aanbieder of the lists, and where it can be had.
    pub(super) async fn bekend(
        &self,
        naam: &str,
    ) -> Result<(Zorgaanbiedernaam, Vec<Ingang>), PgoMeldingSoort> {
        let naam = Zorgaanbiedernaam::parse_scope_naam(naam);
        let naam = naam.map_err(|_| PgoMeldingSoort::AanbiederOnbekend)?;
        match self.ingangen(&naam).await {
            Ok(found) if found.is_empty() => Err(PgoMeldingSoort::AanbiederOnbekend),
            Ok(found) => Ok((naam, found)),
            Err(_) => Err(PgoMeldingSoort::LijstenNietBereikbaar),
        }
    }

    fn keuze(
        &self,
        visit: &Visit,
        status: u16,
        naam: &Zorgaanbiedernaam,
        ingangen: &[Ingang],
        invulling: Invulling,
    ) -> Response {
        let (formulier, fresh) = self.formulier(visit);
        let dienst = |dienst: &GegevensdienstId| PgoDienst {
            id: dienst.to_string(),
            titel: self.titel(dienst),
        };
        let shown = ingangen.iter().map(|ingang| PgoIngang {
            dva: ingang.dva().to_string(),
            diensten: ingang.diensten.iter().map(|(id, _)| dienst(id)).collect(),
        });
        let context = PgoKeuze {
            naam: naam.scope_naam().to_owned(),
            weergavenaam: self.weergavenaam(naam),
            ingangen: shown.collect(),
            dva: invulling.dva,
            voor: invulling.voor,
            geboortedatum: invulling.geboortedatum,
            fout: invulling.fout,
            neemt_aan: ingangen.iter().any(|at| self.neemt_gewicht(at).is_some()),
            formulier,
        };
        let origins: Vec<String> = ingangen.iter().map(login_origin).collect();
        with_visit(Self::show_towards(visit, status, &origins, &context), fresh)
    }

    /// To the DVA, with what only this browser can answer to.
    pub(super) async fn to_dva(
        &self,
        visit: &Visit,
        ingang: &Ingang,
        wens: Wens,
        (diensten, gewicht): (Vec<GegevensdienstId>, Option<Gewicht>),
    ) -> Response {
        let server = ingang.authorization_endpoint.as_str();
        match self.verbindingen(visit).await {
            Ok(Some(known)) if known.is_full_for(&wens, server) => {
                return self.say(visit, 409, PgoMeldingSoort::TeVeelVerbindingen);
            }
            Ok(_) => {}
            Err(_) => return self.say(visit, 503, PgoMeldingSoort::RechtstreeksMislukt),
        }
        let wachtend = Wachtend::new(
            &chance::entropy(),
            visit.trace.to_string(),
            wens,
            server.to_owned(),
            format!("{}{TERUG}/{}", self.config.front, ingang.dva()),
        );
        // core.authint.208: a number of its own
        let request_id = chance::entropy().uuid("medmij_request_id");
        let url = wachtend.authorization_url(&self.config.client_id, &request_id);
        let cookie = wachtend_cookie(wachtend.state());
        let wacht = Wacht {
            wachtend,
            diensten,
            gewicht,
        };
        let value = self.app.seal.cookie(WACHTEND, &wacht);
        web::with(
            web::see_other(&url),
            web::set_cookie(&cookie, &value, WACHTEND_S),
        )
    }
}

impl super::Verbindingen {
    /// Whether there is no room for another connection than those there are.
    fn is_full_for(&self, wens: &Wens, authorization_endpoint: &str) -> bool {
        let wanted = VerbindingId::of(self.id, wens, authorization_endpoint);
        let is_known = self.rijen.iter().any(|(id, _)| *id == wanted);
        !is_known && self.rijen.len() >= usize::from(VERBINDINGEN_MAX)
    }
}

/// Where the browser goes, for the policy of the page that sends it.
pub(super) fn login_origin(ingang: &Ingang) -> String {
    web::origin(ingang.authorization_endpoint.as_str())
}

impl From<Mislukt> for PgoMeldingSoort {
    fn from(mislukt: Mislukt) -> Self {
        match mislukt {
            Mislukt::Geweigerd => Self::RechtstreeksNiets,
            Mislukt::NietBereikbaar => Self::DvaNietBereikbaar,
            Mislukt::NietInMedMij => Self::AanbiederOnbekend,
            Mislukt::NietVertrouwd => Self::DvaNietVertrouwd,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_birth_is_read_as_people_write_it() {
        for text in [
            "14-05-2018",
            "14-5-2018",
            "14/5/2018",
            "14.05.2018",
            " 2018-05-14",
        ] {
            let day = geboren(text).map(String::from);
            assert_eq!(day.as_deref(), Some("20180514"), "{text}");
        }
    }

    #[test]
    fn what_is_no_day_is_not_read() {
        for text in [
            "",
            "14-5-18",
            "31-2-2018",
            "2018",
            "14-5",
            "14-5-2018-1",
            "mei 14 2018",
            "--2018",
        ] {
            assert_eq!(geboren(text), None, "{text}");
        }
    }
}
