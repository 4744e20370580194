//! The whole domain: its declaration, and what would change.

use http::StatusCode;
use koppeltaal::domeinbeheer::{Bewerking, Plan, Verwacht};
use koppeltaal::domeinconfiguratie::{Domeinconfiguratie, Fout};
use serde_json::{Value, json};

use super::problem::Problem;
use super::vooraf::Vooraf;
use super::{Antwoord, Vraag, of_version};
use crate::web;

const JSON: &str = "application/json";

/// The declaration.
pub(super) async fn show(vraag: Vraag) -> Antwoord {
    let (versie, domein) = vraag.nu().await?;
    let document: Value = serde_json::from_slice(&domein.document()).unwrap_or_default();
    Ok(of_version(200, versie, &document))
}

/// The domain becomes what is declared, all of it or nothing.
pub(super) async fn put(vraag: Vraag) -> Antwoord {
    let vooraf = vraag.if_match_or_new()?;
    let whole = Bewerking::Geheel(Box::new(vraag.declared()?));
    let (status, verwacht) = match vooraf {
        Vooraf::Versie(versie) => (StatusCode::OK, Verwacht::Versie(versie)),
        Vooraf::Nieuw => (StatusCode::CREATED, Verwacht::Nieuw),
    };
    let changed = vraag.change(whole, verwacht).await?;
    Ok(of_version(status.as_u16(), changed.versie, &changed.json()))
}

/// What would change; nothing does.
pub(super) async fn plan(vraag: Vraag) -> Antwoord {
    let declared = vraag.declared()?;
    if declared.domein != vraag.domein {
        let (at, why) = ("domain", "expected the domain of the address");
        let (at, why) = (at.to_owned(), why.to_owned());
        return Err(Fout { at, why }.into());
    }
    if let Some(fout) = vraag.role.beyond_whole(&declared).await {
        return Err(fout.into());
    }
    let nu = vraag.kept().await?;
    let was = nu.as_ref().and_then(|nu| nu.domein.as_ref());
    let versie = nu.as_ref().filter(|_| was.is_some()).map(|nu| nu.versie);
    let plan = Plan::tussen(was, Some(&declared));
    let body = json!({
        "domain": vraag.domein,
        "version": versie,
        "changes": plan.regels().collect::<Vec<_>>(),
    });
    Ok(match versie {
        Some(versie) => of_version(200, versie, &body),
        None => web::json(200, &body),
    })
}

impl Vraag {
    /// The declaration in the body.
    fn declared(&self) -> Result<Domeinconfiguratie, Problem> {
        // That it is JSON at all is said first, and otherwise than that a member is wrong.
        self.json(JSON)?;
        let regels = self.role.domeinen.regels;
        Ok(Domeinconfiguratie::read(&self.visit.body, regels)?)
    }
}
