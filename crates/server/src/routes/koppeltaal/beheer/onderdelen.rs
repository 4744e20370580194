//! The roles and identity providers of a domain.

use koppeltaal::domeinbeheer::{Bewerking, Verwacht};
use koppeltaal::domeinconfiguratie::{Domeinconfiguratie, Idp, read_rol};
use serde_json::{Value, json};

use super::problem::Problem;
use super::vooraf::Vooraf;
use super::{Antwoord, Vraag, of_version, only};

const JSON: &str = "application/json";

/// Which kind of part.
#[derive(Clone, Copy)]
enum Soort {
    Rol,
    Idp,
}

impl Soort {
    const fn naam(self) -> &'static str {
        match self {
            Self::Rol => "role",
            Self::Idp => "identity provider",
        }
    }

    fn of(self, domein: &Domeinconfiguratie, naam: &str) -> Option<Value> {
        match self {
            Self::Rol => domein.rol_json(naam),
            Self::Idp => domein.idp_json(naam),
        }
    }

    fn eraf(self, naam: &str) -> Bewerking {
        match self {
            Self::Rol => Bewerking::RolEraf(naam.to_owned()),
            Self::Idp => Bewerking::IdpEraf(naam.to_owned()),
        }
    }
}

/// What a role allows.
pub(super) async fn show_role(vraag: Vraag) -> Antwoord {
    show(vraag, Soort::Rol).await
}

/// A role allows this from now on, or comes to be (TGB 003).
pub(super) async fn put_role(vraag: Vraag) -> Antwoord {
    let naam = vraag.name("name").to_owned();
    let permissies = read_rol(&naam, vraag.json(JSON)?)?;
    put(vraag, Soort::Rol, Bewerking::RolZetten(naam, permissies)).await
}

/// A role goes.
pub(super) async fn remove_role(vraag: Vraag) -> Antwoord {
    remove(vraag, Soort::Rol).await
}

/// An identity provider.
pub(super) async fn show_idp(vraag: Vraag) -> Antwoord {
    show(vraag, Soort::Idp).await
}

/// An identity provider is this from now on, or comes to be (IAM 002).
pub(super) async fn put_idp(vraag: Vraag) -> Antwoord {
    let naam = vraag.name("name").to_owned();
    let regels = vraag.role.domeinen.regels;
    let idp = Idp::read(&naam, vraag.json(JSON)?, regels)?;
    put(vraag, Soort::Idp, Bewerking::IdpZetten(naam, Box::new(idp))).await
}

/// An identity provider goes.
pub(super) async fn remove_idp(vraag: Vraag) -> Antwoord {
    remove(vraag, Soort::Idp).await
}

/// Who identifies people where nothing else is said (MIDP).
pub(super) async fn put_default_idp(vraag: Vraag) -> Antwoord {
    let versie = vraag.if_match()?;
    let said = vraag.json(JSON)?;
    only(&said, "name")?;
    let naam = match said.get("name") {
        Some(Value::Null) => None,
        Some(Value::String(naam)) => Some(naam.clone()),
        _ => return Err(Problem::bad("name", "expected a name, or null")),
    };
    let edit = Bewerking::StandaardIdp(naam);
    let changed = vraag.change(edit, Verwacht::Versie(versie)).await?;
    Ok(of_version(200, changed.versie, &changed.json()))
}

async fn show(vraag: Vraag, soort: Soort) -> Antwoord {
    let (versie, domein) = vraag.nu().await?;
    let known = soort.of(&domein, vraag.name("name"));
    let known = known.ok_or_else(|| Problem::unknown(soort.naam()))?;
    Ok(of_version(200, versie, &known))
}

async fn put(vraag: Vraag, soort: Soort, edit: Bewerking) -> Antwoord {
    let vooraf = vraag.if_match_or_new()?;
    let (is, domein) = vraag.nu().await?;
    let was_there = soort.of(&domein, vraag.name("name")).is_some();
    let versie = match vooraf {
        Vooraf::Versie(versie) => versie,
        Vooraf::Nieuw if was_there => return Err(Problem::stale(Some(is))),
        Vooraf::Nieuw => is,
    };
    let changed = vraag.change(edit, Verwacht::Versie(versie)).await?;
    let status = if was_there { 200 } else { 201 };
    Ok(of_version(status, changed.versie, &changed.json()))
}

async fn remove(vraag: Vraag, soort: Soort) -> Antwoord {
    let versie = vraag.if_match()?;
    let (_, domein) = vraag.nu().await?;
    if soort.of(&domein, vraag.name("name")).is_none() {
        return Err(Problem::unknown(soort.naam()));
    }
    let edit = soort.eraf(vraag.name("name"));
    let changed = vraag.change(edit, Verwacht::Versie(versie)).await?;
    Ok(of_version(200, changed.versie, &changed.json()))
}

/// Names of roles and identity providers, for who begins.
pub(super) async fn names(vraag: Vraag) -> Antwoord {
    let (versie, domein) = vraag.nu().await?;
    let roles: Vec<&String> = domein.rollen.keys().collect();
    let idps: Vec<&String> = domein.idps.keys().collect();
    let body = json!({ "version": versie, "roles": roles, "identity_providers": idps });
    Ok(of_version(200, versie, &body))
}
