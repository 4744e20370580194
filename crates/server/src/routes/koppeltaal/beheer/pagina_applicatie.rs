//! The page of an application, and what its forms do.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use koppeltaal::ClientId;
use koppeltaal::domeinbeheer::Bewerking;
use koppeltaal::domeinconfiguratie::{
    Applicatie, Domeinconfiguratie, Fout, Gebruikerssoort, Status,
};
use protocol::wire::Parameters;

use super::applicaties::new_client_id;
use super::plek::{Bladzijde, Elders, Ingevuld, Plek};
use super::{KoppeltaalRole, Names};
use crate::pages::{
    BeheerApplicatie, BeheerApplicatieVelden, BeheerGedaan, BeheerGegeven, BeheerKeuze,
    BeheerMeldingSoort, BeheerSoort, BeheerVeld,
};
use crate::web::{self, Visit};

type Role = State<Arc<KoppeltaalRole>>;

pub(super) fn routes() -> Router<Arc<KoppeltaalRole>> {
    Router::new()
        .route("/nieuwe-applicatie", get(nieuw))
        .route("/applicaties", get(to_new).post(geregistreerd))
        .route("/applicaties/{id}", get(applicatie).post(gewijzigd))
}

/// An empty form.
async fn nieuw(State(role): Role, Names(names): Names, visit: Visit) -> Bladzijde {
    let plek = Plek::of(role, names, visit).await?;
    let fields = BeheerApplicatieVelden::default();
    Ok(show(&plek, 200, None, fields, None))
}

/// Where a person ends who chooses a language on a form that was refused.
async fn to_new(State(role): Role, Names(names): Names, visit: Visit) -> Bladzijde {
    let plek = Plek::of(role, names, visit).await?;
    let url = format!("/beheer/{}/nieuwe-applicatie", plek.domein);
    Ok(web::see_other(&url))
}

/// A new application is registered (koppeltaal.md §1.2).
async fn geregistreerd(State(role): Role, Names(names): Names, visit: Visit) -> Bladzijde {
    let plek = Plek::of(role, names, visit).await?;
    let filled = plek.form()?;
    let (id, applicatie) = (new_client_id(), read(&filled.form, None));
    let register = Bewerking::Registreren(id, Box::new(applicatie));
    match plek.add(&register).await? {
        Ok(domein) => Ok(device(&plek, &domein, id, BeheerGedaan::Geregistreerd).await),
        Err(fout) => {
            let fields = fields(&filled.form);
            Ok(show(&plek, 422, None, fields, Some(of_fault(&fout))))
        }
    }
}

/// An application as it is.
async fn applicatie(State(role): Role, Names(names): Names, visit: Visit) -> Bladzijde {
    let plek = Plek::of(role, names, visit).await?;
    let (id, known) = known(&plek)?;
    Ok(show(&plek, 200, Some(id), fields_of(known), None))
}

/// One of the page's forms.
async fn gewijzigd(State(role): Role, Names(names): Names, visit: Visit) -> Bladzijde {
    let plek = Plek::of(role, names, visit).await?;
    let filled = plek.form()?;
    let (id, known) = known(&plek)?;
    match filled.form.get("doe") {
        Some("opslaan") => {
            let applicatie = read(&filled.form, Some(known));
            edited(
                &plek,
                &filled,
                id,
                Bewerking::Applicatie(id, Box::new(applicatie)),
            )
            .await
        }
        Some("status") => {
            let status = status(filled.form.get("status"));
            let status = status.ok_or_else(|| plek.told(BeheerMeldingSoort::Verlopen))?;
            edited(&plek, &filled, id, Bewerking::Status(id, status)).await
        }
        Some("geven") => granted(&plek, &filled, id, true).await,
        Some("afnemen") => granted(&plek, &filled, id, false).await,
        Some("device") => Ok(device(&plek, &plek.nu, id, BeheerGedaan::Device).await),
        Some("verwijderen") => removed(&plek, &filled, id).await,
        _ => Err(plek.told(BeheerMeldingSoort::Verlopen)),
    }
}

async fn edited(plek: &Plek, filled: &Ingevuld, id: ClientId, edit: Bewerking) -> Bladzijde {
    match plek.change(edit, filled.versie).await? {
        Ok(domein) => Ok(device(plek, &domein, id, BeheerGedaan::Opgeslagen).await),
        Err(fout) => {
            let fields = fields(&filled.form);
            Ok(show(plek, 422, Some(id), fields, Some(of_fault(&fout))))
        }
    }
}

/// Resources of another application are granted, or not any more (TGB 006).
async fn granted(plek: &Plek, filled: &Ingevuld, id: ClientId, give: bool) -> Bladzijde {
    let (_, known) = known(plek)?;
    let van = filled.form.get("van").map(ClientId::parse);
    let Some(Ok(van)) = van else {
        return Err(plek.told(BeheerMeldingSoort::Verlopen));
    };
    let mut applicatie = known.clone();
    applicatie.granted.retain(|owner| *owner != van);
    if give {
        applicatie.granted.push(van);
    }
    let edit = Bewerking::Applicatie(id, Box::new(applicatie));
    match plek.change(edit, filled.versie).await? {
        Ok(_) => Ok(plek.on(&format!("/applicaties/{id}"), BeheerGedaan::Opgeslagen)),
        // Another application that went meanwhile.
        Err(_) => Err(plek.told(BeheerMeldingSoort::Onbekend)),
    }
}

async fn removed(plek: &Plek, filled: &Ingevuld, id: ClientId) -> Bladzijde {
    let (_, known) = known(plek)?;
    let fields = fields_of(known);
    if filled.form.get("bevestigd") != Some("ja") {
        let fout = Some(BeheerVeld::Bevestiging);
        return Ok(show(plek, 422, Some(id), fields, fout));
    }
    let edit = Bewerking::ApplicatieEraf(id);
    match plek.change(edit, filled.versie).await? {
        Ok(_) => Ok(plek.on("", BeheerGedaan::Verwijderd)),
        Err(fout) => Ok(show(plek, 422, Some(id), fields, Some(of_fault(&fout)))),
    }
}

/// Brings the Device up to date, and goes on to the application. What was saved stands in any case; the
/// page says when the Device is still to be made.
async fn device(
    plek: &Plek,
    domein: &Domeinconfiguratie,
    id: ClientId,
    gedaan: BeheerGedaan,
) -> Response {
    let gedaan = match plek.role.make_device(domein, id).await {
        Ok(()) => gedaan,
        Err(not) => {
            let (wie, trace) = (plek.sessie.beheerder.wie(), plek.visit.trace);
            // koppeltaal case 117
            let app = &plek.role.app;
            app.refused_to(wie, trace, "koppeltaal case 117", not.reason());
            BeheerGedaan::ZonderDevice
        }
    };
    plek.on(&format!("/applicaties/{id}"), gedaan)
}

// ── The form ────────────────────────────────────────────────────────────────────────────────────

/// The application of the path.
fn known(plek: &Plek) -> Result<(ClientId, &Applicatie), Elders> {
    let id = ClientId::parse(plek.name("id")).ok();
    let known = id.and_then(|id| Some((id, plek.nu.applicaties.get(&id)?)));
    known.ok_or_else(|| plek.told(BeheerMeldingSoort::Onbekend))
}

fn status(text: Option<&str>) -> Option<Status> {
    let all = [Status::Pending, Status::Approved, Status::Rejected];
    all.into_iter().find(|status| Some(status.naam()) == text)
}

/// The application that a form describes: one that is there, with other members, or a new one.
fn read(form: &Parameters, known: Option<&Applicatie>) -> Applicatie {
    let text = |name| form.get(name).unwrap_or_default().trim().to_owned();
    let uris = form.get("redirect_uris").unwrap_or_default().lines();
    let uris = uris.map(str::trim).filter(|uri| !uri.is_empty());
    let mut idps = known.map(|known| known.idps.clone()).unwrap_or_default();
    for soort in Gebruikerssoort::ALL {
        match form.get(&BeheerSoort::veld(soort)) {
            // The page had no such field: the domain has no identity providers.
            None => {}
            Some("") => drop(idps.remove(&soort)),
            Some(idp) => {
                let list = idps.entry(soort).or_default();
                if list.first().map(String::as_str) != Some(idp) {
                    *list = vec![idp.to_owned()];
                }
            }
        }
    }
    Applicatie {
        naam: text("naam"),
        status: known.map_or(Status::Pending, |known| known.status),
        jwks_uri: text("jwks_uri"),
        redirect_uris: uris.map(str::to_owned).collect(),
        rol: Some(text("rol")).filter(|rol| !rol.is_empty()),
        granted: known.map(|known| known.granted.clone()).unwrap_or_default(),
        idps,
    }
}

/// What somebody filled in, to be shown again.
fn fields(form: &Parameters) -> BeheerApplicatieVelden {
    let said = read(form, None);
    BeheerApplicatieVelden {
        redirect_uris: form.get("redirect_uris").unwrap_or_default().to_owned(),
        ..fields_of(&said)
    }
}

fn fields_of(applicatie: &Applicatie) -> BeheerApplicatieVelden {
    let first =
        |(soort, idps): (&Gebruikerssoort, &Vec<String>)| Some((*soort, idps.first()?.clone()));
    BeheerApplicatieVelden {
        naam: applicatie.naam.clone(),
        jwks_uri: applicatie.jwks_uri.clone(),
        redirect_uris: applicatie.redirect_uris.join("\n"),
        rol: applicatie.rol.clone(),
        idps: applicatie.idps.iter().filter_map(first).collect(),
    }
}

fn of_fault(fout: &Fout) -> BeheerVeld {
    BeheerVeld::of_member(&fout.at)
}

fn show(
    plek: &Plek,
    status: u16,
    id: Option<ClientId>,
    velden: BeheerApplicatieVelden,
    fout: Option<BeheerVeld>,
) -> Response {
    let context = BeheerApplicatie {
        plek: plek.plek(),
        bestaand: id.and_then(|id| gegeven(&plek.nu, id)),
        velden,
        fout,
        rollen: plek.nu.rollen.keys().cloned().collect(),
        idps: plek.nu.idps.keys().cloned().collect(),
        gedaan: plek.gedaan().filter(|_| fout.is_none()),
    };
    plek.show(status, &context)
}

fn gegeven(domein: &Domeinconfiguratie, id: ClientId) -> Option<BeheerGegeven> {
    let applicatie = domein.applicaties.get(&id)?;
    let (granted, te_geven): (Vec<_>, Vec<_>) = domein
        .applicaties
        .iter()
        .partition(|(id, _)| applicatie.granted.contains(id));
    let keuzes = |all: Vec<(&ClientId, &Applicatie)>| {
        let each = all.into_iter();
        each.map(|(id, applicatie)| BeheerKeuze {
            id: id.to_string(),
            naam: applicatie.naam.clone(),
        })
        .collect()
    };
    Some(BeheerGegeven {
        id: id.to_string(),
        status: applicatie.status,
        granted: keuzes(granted),
        te_geven: keuzes(te_geven),
    })
}
