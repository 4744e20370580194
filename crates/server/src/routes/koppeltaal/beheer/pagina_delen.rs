//! The pages of a role and of an identity provider, and what their forms do.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use koppeltaal::DomeinUrls;
use koppeltaal::domeinbeheer::Bewerking;
use koppeltaal::domeinconfiguratie::Idp;
use koppeltaal::permissie::{Actie, Bereik, Permissie, ResourceType};
use protocol::wire::Parameters;

use super::plek::{Bladzijde, Elders, Ingevuld, Plek};
use super::{KoppeltaalRole, Names};
use crate::pages::{
    BeheerGedaan, BeheerIdp, BeheerIdpVelden, BeheerMatrixRij, BeheerMeldingSoort, BeheerRecht,
    BeheerRol, BeheerVeld, segment,
};
use crate::web::{self, Visit};

type Role = State<Arc<KoppeltaalRole>>;

pub(super) fn routes() -> Router<Arc<KoppeltaalRole>> {
    Router::new()
        .route("/nieuwe-rol", get(nieuwe_rol))
        .route("/rollen", get(to_new_role).post(rol_gemaakt))
        .route("/rollen/{naam}", get(rol).post(rol_gewijzigd))
        .route("/nieuwe-inlogdienst", get(nieuwe_idp))
        .route("/inlogdiensten", get(to_new_idp).post(idp_gemaakt))
        .route("/inlogdiensten/{naam}", get(idp).post(idp_gewijzigd))
}

// ── Roles ───────────────────────────────────────────────────────────────────────────────────────

async fn nieuwe_rol(State(role): Role, Names(names): Names, visit: Visit) -> Bladzijde {
    let plek = Plek::of(role, names, visit).await?;
    Ok(show_role(&plek, 200, None, BeheerRecht::default(), None))
}

async fn to_new_role(State(role): Role, Names(names): Names, visit: Visit) -> Bladzijde {
    let plek = Plek::of(role, names, visit).await?;
    Ok(web::see_other(&format!(
        "/beheer/{}/nieuwe-rol",
        plek.domein
    )))
}

/// A role that allows nothing yet (TGB 003).
async fn rol_gemaakt(State(role): Role, Names(names): Names, visit: Visit) -> Bladzijde {
    let plek = Plek::of(role, names, visit).await?;
    let filled = plek.form()?;
    let naam = filled
        .form
        .get("naam")
        .unwrap_or_default()
        .trim()
        .to_owned();
    let refused = || {
        let (recht, fout) = (BeheerRecht::default(), Some(BeheerVeld::Naam));
        show_role(&plek, 422, None, recht, fout)
    };
    // One that is there keeps what it allows.
    if plek.nu.rollen.contains_key(&naam) {
        return Ok(refused());
    }
    let edit = Bewerking::RolZetten(naam.clone(), Vec::new());
    match plek.change(edit, filled.versie).await? {
        Ok(_) => Ok(plek.on(
            &format!("/rollen/{}", segment(&naam)),
            BeheerGedaan::Opgeslagen,
        )),
        Err(_) => Ok(refused()),
    }
}

async fn rol(State(role): Role, Names(names): Names, visit: Visit) -> Bladzijde {
    let plek = Plek::of(role, names, visit).await?;
    let permissies = permissies(&plek)?;
    let query = plek.visit.query().unwrap_or_default();
    let chosen = rijen(permissies)
        .into_iter()
        .find(|rij| Some(rij.resource.as_str()) == query.get("type"));
    let recht = chosen.map(|rij| BeheerRecht {
        resource: rij.resource,
        bereiken: rij.bereiken,
    });
    let naam = plek.name("naam");
    Ok(show_role(
        &plek,
        200,
        Some(naam),
        recht.unwrap_or_default(),
        None,
    ))
}

async fn rol_gewijzigd(State(role): Role, Names(names): Names, visit: Visit) -> Bladzijde {
    let plek = Plek::of(role, names, visit).await?;
    let filled = plek.form()?;
    let permissies = permissies(&plek)?.to_vec();
    match filled.form.get("doe") {
        Some("zetten") => rights_set(&plek, &filled, permissies).await,
        Some("verwijderen") => role_removed(&plek, &filled).await,
        _ => Err(plek.told(BeheerMeldingSoort::Verlopen)),
    }
}

/// What the role allows on one type from now on (TGB 006).
async fn rights_set(plek: &Plek, filled: &Ingevuld, mut all: Vec<Permissie>) -> Bladzijde {
    let naam = plek.name("naam");
    let said = recht(&filled.form);
    let Some(resource) = ResourceType::parse(&said.resource) else {
        let fout = Some(BeheerVeld::Type);
        return Ok(show_role(plek, 422, Some(naam), said, fout));
    };
    all.retain(|permissie| permissie.resource != resource);
    let each = Actie::ALL.into_iter().zip(said.bereiken);
    all.extend(each.filter_map(|(actie, bereik)| {
        Some(Permissie {
            resource: resource.clone(),
            actie,
            bereik: bereik?,
        })
    }));
    let edit = Bewerking::RolZetten(naam.to_owned(), all);
    match plek.change(edit, filled.versie).await? {
        Ok(_) => Ok(plek.on(
            &format!("/rollen/{}", segment(naam)),
            BeheerGedaan::Opgeslagen,
        )),
        // koppeltaal case 44: the form does not offer it
        Err(_) => Ok(show_role(
            plek,
            422,
            Some(naam),
            said,
            Some(BeheerVeld::Overig),
        )),
    }
}

async fn role_removed(plek: &Plek, filled: &Ingevuld) -> Bladzijde {
    let naam = plek.name("naam");
    let refused = |fout| show_role(plek, 422, Some(naam), BeheerRecht::default(), Some(fout));
    if filled.form.get("bevestigd") != Some("ja") {
        return Ok(refused(BeheerVeld::Bevestiging));
    }
    let edit = Bewerking::RolEraf(naam.to_owned());
    match plek.change(edit, filled.versie).await? {
        Ok(_) => Ok(plek.on("", BeheerGedaan::Verwijderd)),
        Err(fout) => Ok(refused(BeheerVeld::of_member(&fout.at))),
    }
}

/// What the role of the path allows.
fn permissies(plek: &Plek) -> Result<&[Permissie], Elders> {
    let known = plek.nu.rollen.get(plek.name("naam"));
    let known = known.map(Vec::as_slice);
    known.ok_or_else(|| plek.told(BeheerMeldingSoort::Onbekend))
}

/// The matrix of type and action (koppeltaal.md §2.2).
fn rijen(permissies: &[Permissie]) -> Vec<BeheerMatrixRij> {
    let mut types: BTreeMap<&str, [Option<Bereik>; 4]> = BTreeMap::new();
    for permissie in permissies {
        let row = types.entry(permissie.resource.as_str()).or_default();
        let at = Actie::ALL
            .iter()
            .position(|actie| *actie == permissie.actie);
        if let Some(cell) = at.and_then(|at| row.get_mut(at)) {
            *cell = Some(permissie.bereik);
        }
    }
    types
        .into_iter()
        .map(|(resource, bereiken)| BeheerMatrixRij {
            resource: resource.to_owned(),
            bereiken,
        })
        .collect()
}

/// What the form says of one type.
fn recht(form: &Parameters) -> BeheerRecht {
    let bereik = |actie: Actie| {
        let said = form.get(actie.naam())?;
        Bereik::ALL.into_iter().find(|bereik| bereik.naam() == said)
    };
    BeheerRecht {
        resource: form.get("type").unwrap_or_default().trim().to_owned(),
        bereiken: Actie::ALL.map(bereik),
    }
}

fn show_role(
    plek: &Plek,
    status: u16,
    naam: Option<&str>,
    recht: BeheerRecht,
    fout: Option<BeheerVeld>,
) -> Response {
    let permissies = naam.and_then(|naam| plek.nu.rollen.get(naam));
    let context = BeheerRol {
        plek: plek.plek(),
        naam: naam.map(str::to_owned),
        rijen: permissies.map(|all| rijen(all)).unwrap_or_default(),
        recht,
        fout,
        gedaan: plek.gedaan().filter(|_| fout.is_none()),
    };
    plek.show(status, &context)
}

// ── Identity providers ──────────────────────────────────────────────────────────────────────────

async fn nieuwe_idp(State(role): Role, Names(names): Names, visit: Visit) -> Bladzijde {
    let plek = Plek::of(role, names, visit).await?;
    Ok(show_idp(&plek, 200, None, BeheerIdpVelden::default(), None))
}

async fn to_new_idp(State(role): Role, Names(names): Names, visit: Visit) -> Bladzijde {
    let plek = Plek::of(role, names, visit).await?;
    let url = format!("/beheer/{}/nieuwe-inlogdienst", plek.domein);
    Ok(web::see_other(&url))
}

/// Another identity provider (IAM 002).
async fn idp_gemaakt(State(role): Role, Names(names): Names, visit: Visit) -> Bladzijde {
    let plek = Plek::of(role, names, visit).await?;
    let filled = plek.form()?;
    let said = fields(&filled.form);
    // One that is there keeps what it is.
    if plek.nu.idps.contains_key(&said.naam) {
        return Ok(show_idp(&plek, 422, None, said, Some(BeheerVeld::Naam)));
    }
    let edit = Bewerking::IdpZetten(said.naam.clone(), Box::new(read(&said)));
    idp_set(&plek, &filled, edit, None, said).await
}

async fn idp(State(role): Role, Names(names): Names, visit: Visit) -> Bladzijde {
    let plek = Plek::of(role, names, visit).await?;
    let (naam, known) = known_idp(&plek)?;
    Ok(show_idp(
        &plek,
        200,
        Some(naam),
        fields_of(naam, known),
        None,
    ))
}

async fn idp_gewijzigd(State(role): Role, Names(names): Names, visit: Visit) -> Bladzijde {
    let plek = Plek::of(role, names, visit).await?;
    let filled = plek.form()?;
    let (naam, known) = known_idp(&plek)?;
    match filled.form.get("doe") {
        Some("opslaan") => {
            let said = BeheerIdpVelden {
                naam: naam.to_owned(),
                ..fields(&filled.form)
            };
            let edit = Bewerking::IdpZetten(naam.to_owned(), Box::new(read(&said)));
            idp_set(&plek, &filled, edit, Some(naam), said).await
        }
        Some("verwijderen") => idp_removed(&plek, &filled, naam, fields_of(naam, known)).await,
        _ => Err(plek.told(BeheerMeldingSoort::Verlopen)),
    }
}

async fn idp_set(
    plek: &Plek,
    filled: &Ingevuld,
    edit: Bewerking,
    bestaand: Option<&str>,
    said: BeheerIdpVelden,
) -> Bladzijde {
    match plek.change(edit, filled.versie).await? {
        Ok(_) => {
            let path = format!("/inlogdiensten/{}", segment(&said.naam));
            Ok(plek.on(&path, BeheerGedaan::Opgeslagen))
        }
        Err(fout) => {
            let fout = of_idp_fault(&fout.at);
            Ok(show_idp(plek, 422, bestaand, said, Some(fout)))
        }
    }
}

async fn idp_removed(
    plek: &Plek,
    filled: &Ingevuld,
    naam: &str,
    fields: BeheerIdpVelden,
) -> Bladzijde {
    if filled.form.get("bevestigd") != Some("ja") {
        let fout = Some(BeheerVeld::Bevestiging);
        return Ok(show_idp(plek, 422, Some(naam), fields, fout));
    }
    let edit = Bewerking::IdpEraf(naam.to_owned());
    match plek.change(edit, filled.versie).await? {
        Ok(_) => Ok(plek.on("", BeheerGedaan::Verwijderd)),
        Err(fout) => {
            let fout = Some(BeheerVeld::of_member(&fout.at));
            Ok(show_idp(plek, 422, Some(naam), fields, fout))
        }
    }
}

fn known_idp(plek: &Plek) -> Result<(&str, &Idp), Elders> {
    let known = plek.nu.idps.get_key_value(plek.name("naam"));
    let known = known.map(|(naam, idp)| (naam.as_str(), idp));
    known.ok_or_else(|| plek.told(BeheerMeldingSoort::Onbekend))
}

/// The place of a fault in the list, `identity_providers[2].issuer`, as the page's field.
fn of_idp_fault(at: &str) -> BeheerVeld {
    let member = at.rsplit('.').next().unwrap_or_default();
    BeheerVeld::of_member(member)
}

fn fields(form: &Parameters) -> BeheerIdpVelden {
    let text = |name| form.get(name).unwrap_or_default().trim().to_owned();
    BeheerIdpVelden {
        naam: text("naam"),
        issuer: text("issuer"),
        client_id: text("client_id"),
        claim: text("claim"),
        identifier_system: text("identifier_system"),
        extra_scopes: text("extra_scopes"),
    }
}

fn read(said: &BeheerIdpVelden) -> Idp {
    let system = Some(said.identifier_system.clone());
    let claim = match said.claim.as_str() {
        // koppeltaal.md §4.5
        "" => "email",
        claim => claim,
    };
    Idp {
        issuer: said.issuer.clone(),
        client_id: said.client_id.clone(),
        claim: claim.to_owned(),
        identifier_system: system.filter(|system| !system.is_empty()),
        extra_scopes: said
            .extra_scopes
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
    }
}

fn fields_of(naam: &str, idp: &Idp) -> BeheerIdpVelden {
    BeheerIdpVelden {
        naam: naam.to_owned(),
        issuer: idp.issuer.clone(),
        client_id: idp.client_id.clone(),
        claim: idp.claim.clone(),
        identifier_system: idp.identifier_system.clone().unwrap_or_default(),
        extra_scopes: idp.extra_scopes.join(" "),
    }
}

fn show_idp(
    plek: &Plek,
    status: u16,
    bestaand: Option<&str>,
    velden: BeheerIdpVelden,
    fout: Option<BeheerVeld>,
) -> Response {
    let urls = DomeinUrls::new(&plek.role.domeinen.base, &plek.domein);
    let context = BeheerIdp {
        plek: plek.plek(),
        bestaand: bestaand.map(str::to_owned),
        velden,
        callback: urls.idp_callback(),
        fout,
        gedaan: plek.gedaan().filter(|_| fout.is_none()),
    };
    plek.show(status, &context)
}
