//! The pages of domain administration, below `/beheer`: for people, without script, in two languages.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use koppeltaal::Domein;
use koppeltaal::domeinbeheer::{Beheersleutel, Bewerking, Logboekregel};
use koppeltaal::domeinconfiguratie::{Domeinconfiguratie, Status};
use store::commit::KEY_BYTES_MAX;
use verdict::{Key, Record as _};

use super::plek::{Bladzijde, Plek, Sessie};
use super::{KoppeltaalRole, Names};
use super::{pagina_applicatie, pagina_delen};
use crate::pages::{
    BeheerApplicatieRegel, BeheerDomein, BeheerDomeinRegel, BeheerDomeinen, BeheerGedaan,
    BeheerLogboek, BeheerLogboekregel, BeheerMeldingSoort, BeheerNoodrem,
};
use crate::web::{self, Visit};
use crate::{date, domeinbeheer};

/// Changes on one page.
const REGELS: u16 = 20;

type Role = State<Arc<KoppeltaalRole>>;

/// Every page.
pub(in crate::routes::koppeltaal) fn routes() -> Router<Arc<KoppeltaalRole>> {
    let domein = Router::new()
        .route("/", get(domein).post(domein_gewijzigd))
        .route("/wijzigingen", get(wijzigingen))
        .route("/noodrem", get(noodrem).post(geremd))
        .merge(pagina_applicatie::routes())
        .merge(pagina_delen::routes());
    Router::new()
        .route("/beheer", get(begin))
        .route("/beheer/inloggen", get(to_begin).post(inloggen))
        .route("/beheer/uitloggen", get(to_begin).post(uitloggen))
        .nest("/beheer/{domein}", domein)
}

/// The `management_endpoint` of discovery, for a person.
pub(super) async fn from_discovery(name: Result<Path<String>, PathRejection>) -> Response {
    match name.ok().and_then(|Path(name)| Domein::parse(&name).ok()) {
        Some(domein) => web::see_other(&format!("/beheer/{domein}")),
        None => web::see_other("/beheer"),
    }
}

async fn to_begin() -> Response {
    web::see_other("/beheer")
}

// ── Coming and going ────────────────────────────────────────────────────────────────────────────

/// The domains of whoever is logged in, or the login form.
async fn begin(State(role): Role, visit: Visit) -> Response {
    let page = |sessie: &Sessie| domeinen(&role, &visit, sessie);
    role.loket().begin(&visit, page).await
}

async fn inloggen(State(role): Role, visit: Visit) -> Response {
    role.loket().ingelogd::<Beheersleutel>(&visit).await
}

async fn uitloggen(State(role): Role, visit: Visit) -> Bladzijde {
    role.loket().uitloggen::<Beheersleutel>(&visit).await
}

fn domeinen(role: &KoppeltaalRole, visit: &Visit, sessie: &Sessie) -> Response {
    let mut names = role.domeinen.names();
    names.sort();
    names.retain(|name| sessie.beheerder.sleutel.is_voor(name));
    let known = names.iter().filter_map(|name| role.domeinen.now(name));
    let context = BeheerDomeinen {
        wie: sessie.beheerder.wie().to_owned(),
        domeinen: known.map(|known| regel(&known.configuratie)).collect(),
        formulier: role.loket().formulier(sessie),
    };
    role.loket().show(visit, 200, &context)
}

fn regel(domein: &Domeinconfiguratie) -> BeheerDomeinRegel {
    let mut all = domein.applicaties.values();
    BeheerDomeinRegel {
        naam: domein.domein.to_string(),
        applicaties: all.len(),
        wachtend: all
            .by_ref()
            .filter(|one| one.status == Status::Pending)
            .count(),
    }
}

// ── A domain ────────────────────────────────────────────────────────────────────────────────────

async fn domein(State(role): Role, Names(names): Names, visit: Visit) -> Bladzijde {
    let plek = Plek::of(role, names, visit).await?;
    let applicaties = plek.nu.applicaties.iter();
    let context = BeheerDomein {
        plek: plek.plek(),
        upstream: plek.nu.upstream.clone(),
        applicaties: applicaties
            .map(|(id, applicatie)| BeheerApplicatieRegel {
                id: id.to_string(),
                naam: applicatie.naam.clone(),
                status: applicatie.status,
                rol: applicatie.rol.clone(),
                jwks_uri: applicatie.jwks_uri.clone(),
            })
            .collect(),
        rollen: plek
            .nu
            .rollen
            .iter()
            .map(|(naam, permissies)| (naam.clone(), permissies.len()))
            .collect(),
        idps: plek.nu.idps.keys().cloned().collect(),
        standaard_idp: plek.nu.standaard_idp.clone(),
        gedaan: plek.gedaan(),
    };
    Ok(plek.show(200, &context))
}

/// Another default identity provider (MIDP).
async fn domein_gewijzigd(State(role): Role, Names(names): Names, visit: Visit) -> Bladzijde {
    let plek = Plek::of(role, names, visit).await?;
    let filled = plek.form()?;
    let idp = filled.form.get("idp").filter(|idp| !idp.is_empty());
    let edit = Bewerking::StandaardIdp(idp.map(str::to_owned));
    match plek.change(edit, filled.versie).await? {
        Ok(_) => Ok(plek.on("", BeheerGedaan::Opgeslagen)),
        // One that was not among the choices.
        Err(_) => Err(plek.told(BeheerMeldingSoort::Onbekend)),
    }
}

/// Who changed what, newest first.
async fn wijzigingen(State(role): Role, Names(names): Names, visit: Visit) -> Bladzijde {
    let plek = Plek::of(role, names, visit).await?;
    let query = plek.visit.query().unwrap_or_default();
    let na = query.get("na").and_then(jose::b64::decode);
    let na = na.filter(|bytes| bytes.len() <= KEY_BYTES_MAX);
    let na = na.map(|bytes| Key::Record(Logboekregel::SPACE, bytes));
    let app = &plek.role.app;
    let page = domeinbeheer::logboek(&app.home, &plek.domein, na, REGELS, app.clock.now()).await;
    let page = page.map_err(|_| plek.told(BeheerMeldingSoort::Storing))?;
    let context = BeheerLogboek {
        domein: plek.domein.to_string(),
        regels: page.regels.into_iter().map(logboekregel).collect(),
        verder: page.verder.map(|key| jose::b64::encode(key.bytes())),
    };
    Ok(plek.show(200, &context))
}

fn logboekregel(regel: Logboekregel) -> BeheerLogboekregel {
    BeheerLogboekregel {
        wanneer: date::moment(regel.wanneer),
        wie: regel.wie,
        regels: regel.regels,
        weggelaten: regel.weggelaten,
    }
}

// ── The brake ───────────────────────────────────────────────────────────────────────────────────

async fn noodrem(State(role): Role, Names(names): Names, visit: Visit) -> Bladzijde {
    let plek = Plek::of(role, names, visit).await?;
    show_brake(&plek, 200).await
}

/// The brake is pulled, by who says that he is sure (koppeltaal.md §2.7).
async fn geremd(State(role): Role, Names(names): Names, visit: Visit) -> Bladzijde {
    let plek = Plek::of(role, names, visit).await?;
    if plek.form()?.form.get("bevestigd") != Some("ja") {
        return show_brake(&plek, 422).await;
    }
    let (wie, now) = (plek.sessie.beheerder.wie(), plek.role.app.clock.now());
    let braked = plek
        .role
        .brake(&plek.domein, now, wie, plek.visit.trace)
        .await;
    braked.map_err(|_| plek.told(BeheerMeldingSoort::Storing))?;
    Ok(plek.on("", BeheerGedaan::Geremd))
}

async fn show_brake(plek: &Plek, status: u16) -> Bladzijde {
    let held = plek.role.domain_not_before(plek.domein.as_str()).await;
    let held = held.map_err(|_| plek.told(BeheerMeldingSoort::Storing))?;
    let context = BeheerNoodrem {
        plek: plek.plek(),
        geldt: held.map(date::moment),
        niet_bevestigd: status == 422,
    };
    Ok(plek.show(status, &context))
}
