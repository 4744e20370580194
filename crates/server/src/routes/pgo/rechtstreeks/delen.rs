//! Delen: a person hands a measurement of his own to a provider (medmij.md §2.4, core.autorisatie.101).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use fhir::Plaatsing;
use identity::{GegevensdienstId, Zorgaanbiedernaam};
use medmij::dvp::ingang::Ingang;
use medmij::dvp::ophalen::op_de_klok;
use medmij::dvp::resource::resource_url;
use medmij::dvp::tokens::Tokens;
use medmij::dvp::verbinding::{Afloop, Ophaalmoment};
use medmij::dvp::wens::{Voor, Wens};
use medmij::scope::Functie;
use mitz::locatietoken::BSN_SYSTEM;
use protocol::wire::{Parameters, with_query};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value, json};
use verdict::{Expect, Moment};

use super::kiezen::login_origin;
use super::rij::{Gegevens, VerbindingId};
use super::verbindingen::klok;
use crate::door::TraceId;
use crate::pages::{PgoDelen, PgoDelenBon, PgoMeldingSoort};
use crate::routes::pgo::PgoRole;
use crate::routes::pgo::collect::headers;
use crate::routes::pgo::dossier::{self, Aanbieder, Groep, Inhoud, Uitkomst};
use crate::routes::pgo::overzicht::Gegeven;
use crate::routes::pgo::pages_of::{status, with_visit};
use crate::settle::Outage;
use crate::web::{self, Visit};

/// What is placed.
const OBSERVATION: &str = "Observation";
const FHIR_JSON: &str = "application/fhir+json";
/// Digits before and after the decimal sign.
const DIGITS_MAX: (usize, usize) = (3, 2);

/// A weight that a person measured: kilograms, as a decimal with a point, and the day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Gewicht {
    kg: String,
    dag: String,
}

/// The form for a measurement.
pub(super) async fn meting(
    State(role): State<Arc<PgoRole>>,
    Path(naam): Path<String>,
    visit: Visit,
) -> Response {
    match role.ontvanger(&naam).await {
        Ok((naam, ingang, _)) => role.delen_page(&visit, 200, (&naam, &ingang), None),
        Err(soort) => role.say(&visit, status(soort), soort),
    }
}

/// The person goes to the DVA, to confirm.
pub(super) async fn naar_dva(
    State(role): State<Arc<PgoRole>>,
    Path(naam): Path<String>,
    visit: Visit,
) -> Response {
    let Some(form) = role.own_form(&visit) else {
        return role.say(&visit, 400, PgoMeldingSoort::FormulierVerlopen);
    };
    let (naam, ingang, dienst) = match role.ontvanger(&naam).await {
        Ok(found) => found,
        Err(soort) => return role.say(&visit, status(soort), soort),
    };
    let Some(gewicht) = Gewicht::read(&form, role.app.clock.now()) else {
        let typed = form.get("gewicht").unwrap_or_default();
        let typed = typed.chars().take(DIGITS_MAX.0 + 1 + DIGITS_MAX.1);
        return role.delen_page(&visit, 422, (&naam, &ingang), Some(typed.collect()));
    };
    let wens = Wens {
        naam,
        functie: Functie::Delen(dienst.clone()),
        voor: Voor::Mijzelf,
    };
    let what = (vec![dienst], Some(gewicht));
    role.to_dva(&visit, &ingang, wens, what).await
}

/// What was shared last by a connection.
pub(super) async fn bon(State(role): State<Arc<PgoRole>>, visit: Visit) -> Response {
    let query = visit.query().unwrap_or_default();
    let (id, rij) = match role.eigen(&visit, &query).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let Ok(gedeeld) = role.opgehaald(std::iter::once(id)).await else {
        return PgoRole::told(PgoMeldingSoort::RechtstreeksMislukt);
    };
    let momenten = rij.value.verbinding.momenten().iter();
    let mut placed = momenten.filter(|moment| moment.afloop == Afloop::Bevestigd);
    let groepen = dossier::shown(&gedeeld);
    let (Some(moment), [aanbieder]) = (placed.next(), groepen.as_slice()) else {
        return web::see_other("/verbindingen");
    };
    let context = PgoDelenBon {
        aanbieder: aanbieder.clone(),
        naam: rij.value.verbinding.wens.naam.scope_naam().to_owned(),
        op: klok(moment.at),
    };
    role.show(&visit, 200, &context)
}

impl PgoRole {
    /// An Aanbieder that takes a weight: at which DVA, and under which gegevensdienst.
    pub(super) async fn ontvanger(
        &self,
        naam: &str,
    ) -> Result<(Zorgaanbiedernaam, Ingang, GegevensdienstId), PgoMeldingSoort> {
        let (naam, ingangen) = self.bekend(naam).await?;
        let found = ingangen.into_iter().find_map(|ingang| {
            let dienst = self.neemt_gewicht(&ingang)?.clone();
            Some((ingang, dienst))
        });
        let (ingang, dienst) = found.ok_or(PgoMeldingSoort::NeemtNietsAan)?;
        Ok((naam, ingang, dienst))
    }

    /// The gegevensdienst of a way in under which a weight can be placed.
    pub(super) fn neemt_gewicht<'a>(&self, ingang: &'a Ingang) -> Option<&'a GegevensdienstId> {
        let bytes = Gewicht::example().resource().to_string();
        let weight = Plaatsing::read(bytes.as_bytes(), OBSERVATION, BSN_SYSTEM).ok()?;
        let takes = |dienst: &&GegevensdienstId| {
            let known = self.config.gegevensdiensten.get(*dienst);
            known.is_some_and(|known| weight.is_taken_by(known).is_ok())
        };
        ingang.diensten.iter().map(|(dienst, _)| dienst).find(takes)
    }

    fn delen_page(
        &self,
        visit: &Visit,
        status: u16,
        (naam, ingang): (&Zorgaanbiedernaam, &Ingang),
        fout: Option<String>,
    ) -> Response {
        let (formulier, fresh) = self.formulier(visit);
        let context = PgoDelen {
            naam: naam.scope_naam().to_owned(),
            weergavenaam: self.weergavenaam(naam),
            dva: ingang.dva().to_string(),
            fout: fout.is_some(),
            gewicht: fout.unwrap_or_default(),
            formulier,
        };
        let origins = [login_origin(ingang)];
        with_visit(Self::show_towards(visit, status, &origins, &context), fresh)
    }

    /// Places what was confirmed, once, and keeps what came of it. Whoever calls it is
    /// [alone](PgoRole::alone) with the connection.
    pub(super) async fn gedeeld(
        &self,
        trace: TraceId,
        id: VerbindingId,
        (ingang, tokens): (&Ingang, &Tokens),
        gewicht: &Gewicht,
    ) -> Result<Afloop, Outage> {
        let Some(before) = self.rij(id).await? else {
            return Err(Outage::Fault("the connection is gone".to_owned()));
        };
        let mut rij = before.value;
        let Some(dienst) = rij.diensten.first() else {
            return Err(Outage::Fault("nothing was confirmed".to_owned()));
        };
        let resource = gewicht.resource();
        let afloop = self
            .plaats(trace, (ingang, dienst), tokens, &resource)
            .await;
        let titel = self.titel(dienst);
        let now = self.app.clock.now();
        rij.verbinding.noteer(Ophaalmoment {
            at: now.unix(),
            vanzelf: false,
            afloop,
        });
        let mut changes = vec![rij.put_at(id, Expect::Version(before.version), now)];
        if afloop == Afloop::Bevestigd {
            let inhoud = Inhoud::Gegevens(Gegeven::read(&resource).into_iter().collect(), 0);
            let placed = Gegevens::of(Aanbieder {
                weergavenaam: self.weergavenaam(&rij.verbinding.wens.naam),
                uitkomst: Uitkomst::Gegevens(vec![Groep { titel, inhoud }]),
            });
            let old = self.app.load::<Gegevens>(id.gegevens_key(), now).await?;
            let expect = old.map_or(Expect::Absent, |old| Expect::Version(old.version));
            changes.extend(placed.map(|placed| placed.put_at(id, expect, now)));
        }
        self.write(trace, changes).await?;
        Ok(afloop)
    }

    /// One request: what may have arrived is not sent again (core.autorisatie.101).
    async fn plaats(
        &self,
        trace: TraceId,
        (ingang, dienst): (&Ingang, &GegevensdienstId),
        tokens: &Tokens,
        resource: &Value,
    ) -> Afloop {
        let mut at = ingang.diensten.iter().filter(|(id, _)| id == dienst);
        let url = at.next().map(|(_, endpoint)| endpoint.as_str());
        let url = url.and_then(|endpoint| resource_url(endpoint, OBSERVATION).ok());
        let Some(url) = url else {
            // medmij case 71
            let reason = "the URL of a resource endpoint names a person";
            self.app.refused(trace, "medmij case 71", reason);
            return Afloop::NietVertrouwd;
        };
        // core.rscint.200, core.rscint.201
        let headers = headers(trace).bearer(tokens.access_token.reveal());
        let bytes = resource.to_string().into_bytes();
        let outside = &self.app.outside;
        match outside.post_bytes(&url, FHIR_JSON, bytes, headers).await {
            Ok(answer) if answer.status == 201 => Afloop::Bevestigd,
            Ok(answer) if answer.status.is_client_error() => Afloop::Geweigerd,
            Ok(_) => Afloop::NietBereikbaar,
            Err(error) => {
                self.unanswered(trace, "core.rscint.201", &error);
                Afloop::NietBereikbaar
            }
        }
    }
}

/// Where the person sees what came of it.
pub(super) fn na_delen(id: VerbindingId, afloop: Afloop) -> Response {
    match afloop {
        Afloop::Bevestigd => web::see_other(&with_query(
            "/delen/bon",
            &[("verbinding", &id.to_string())],
        )),
        Afloop::NietBereikbaar => PgoRole::told(PgoMeldingSoort::DelenOnzeker),
        Afloop::Gekregen(_) | Afloop::Geweigerd | Afloop::NietVertrouwd => {
            PgoRole::told(PgoMeldingSoort::DelenGeweigerd)
        }
    }
}

impl Gewicht {
    /// A weight of today, with a comma or a point; nothing for what no person weighs.
    fn read(form: &Parameters, now: Moment) -> Option<Self> {
        let kg = form.get("gewicht")?.trim().replace(',', ".");
        let (whole, part) = kg.split_once('.').unwrap_or((&kg, "0"));
        let fits = |digits: &str, most: usize| {
            (1..=most).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        let has_weight = whole.bytes().any(|byte| byte != b'0');
        if !fits(whole, DIGITS_MAX.0) || !fits(part, DIGITS_MAX.1) || !has_weight {
            return None;
        }
        let dag = op_de_klok(now)?.date().to_string();
        // FHIR R4 §2.24.0.1: a decimal has no leading zeros
        let kg = kg.trim_start_matches('0').to_owned();
        Some(Self { kg, dag })
    }

    fn example() -> Self {
        Self {
            kg: "1".to_owned(),
            dag: "2026-01-01".to_owned(),
        }
    }

    /// As FHIR R4 writes it. It names nobody: the token says whose it is.
    fn resource(&self) -> Value {
        let kg: Option<Number> = serde_json::from_str(&self.kg).ok();
        json!({
            "resourceType": OBSERVATION,
            "status": "final",
            "category": [{ "coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                "code": "vital-signs",
            }] }],
            "code": {
                "coding": [{ "system": "http://loinc.org", "code": "29463-7" }],
                "text": "Lichaamsgewicht",
            },
            "effectiveDateTime": self.dag,
            "valueQuantity": {
                "value": kg, "unit": "kg",
                "system": "http://unitsofmeasure.org", "code": "kg",
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::new_account;
    use super::*;

    fn read(typed: &str) -> Option<Value> {
        let form = with_query("", &[("gewicht", typed)]);
        let form = Parameters::parse(form.trim_start_matches('?').as_bytes()).expect("a form");
        let now = Moment::from_unix(1_795_305_600);
        Gewicht::read(&form, now).map(|gewicht| gewicht.resource())
    }

    #[test]
    fn a_weight_is_read_as_people_write_it() {
        for (typed, kg) in [
            ("71,5", "71.5"),
            ("71.25", "71.25"),
            ("070", "70"),
            (" 3 ", "3"),
        ] {
            let resource = read(typed).expect("a weight");
            let value = &resource["valueQuantity"]["value"];
            assert_eq!(value.to_string(), kg, "{typed}");
            assert_eq!(resource["effectiveDateTime"], "2026-11-22");
        }
    }

    #[test]
    fn what_nobody_weighs_is_not_read() {
        for typed in [
            "", "zwaar", "-3", "0", "000", "1000", "71,", ",5", "7,1,5", "1e2", "71,555",
        ] {
            assert_eq!(read(typed), None, "{typed}");
        }
    }

    #[test]
    fn what_came_of_it_is_told_and_an_unanswered_placement_is_uncertain() {
        let id = VerbindingId::of(new_account(), &wens(), "https://as.example.nl/auth");
        let leads = |afloop| {
            let response = na_delen(id, afloop);
            let location = response.headers()[http::header::LOCATION].to_str();
            location.expect("text").to_owned()
        };
        let bon = format!("/delen/bon?verbinding={id}");
        assert_eq!(leads(Afloop::Bevestigd), bon);
        assert_eq!(
            leads(Afloop::NietBereikbaar),
            "/melding?soort=delen-onzeker"
        );
        for refused in [Afloop::Geweigerd, Afloop::NietVertrouwd] {
            assert_eq!(leads(refused), "/melding?soort=delen-geweigerd");
        }
    }

    fn wens() -> Wens {
        Wens {
            naam: Zorgaanbiedernaam::parse("umcharderwijk@medmij").expect("a name"),
            functie: Functie::Delen(GegevensdienstId::parse("42").expect("an id")),
            voor: Voor::Mijzelf,
        }
    }
}
