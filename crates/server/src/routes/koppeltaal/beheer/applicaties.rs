//! The applications of a domain.

use koppeltaal::ClientId;
use koppeltaal::domeinbeheer::{Bewerking, Verwacht};
use koppeltaal::domeinconfiguratie::{Applicatie, Domeinconfiguratie};
use serde_json::{Value, json};

use super::problem::Problem;
use super::wijzigen::Veranderd;
use super::{Antwoord, Vraag, of_version};
use crate::chance;
use crate::routes::koppeltaal::device::Niet;
use crate::web;

/// Every application.
pub(super) async fn list(vraag: Vraag) -> Antwoord {
    let (versie, domein) = vraag.nu().await?;
    let ids = domein.applicaties.keys();
    let all: Vec<Value> = ids.filter_map(|id| domein.applicatie_json(*id)).collect();
    let body = json!({ "version": versie, "applications": all });
    Ok(of_version(200, versie, &body))
}

/// A new application, with a `client_id` that nobody had before (koppeltaal.md §1.2), and its Device.
pub(super) async fn register(vraag: Vraag) -> Antwoord {
    let said = vraag.json("application/json")?;
    if said.get("client_id").is_some() {
        let why = "expected none: a new application gets a new one";
        return Err(Problem::bad("client_id", why));
    }
    let id = new_client_id();
    let applicatie = Applicatie::read(id, said, vraag.role.domeinen.regels)?;
    let register = Bewerking::Registreren(id, Box::new(applicatie));
    let changed = match vraag.versie()? {
        Some(versie) => vraag.change(register, Verwacht::Versie(versie)).await?,
        None => vraag.add(&register).await?,
    };
    let body = vraag.told(&changed, id).await;
    Ok(of_version(201, changed.versie, &body))
}

/// One application.
pub(super) async fn show(vraag: Vraag) -> Antwoord {
    let (versie, domein) = vraag.nu().await?;
    let id = vraag.client_id()?;
    let known = domein.applicatie_json(id);
    let known = known.ok_or_else(|| Problem::unknown("application"))?;
    Ok(of_version(200, versie, &known))
}

/// Changes members of an application (RFC 7396): its status, its role, where its keys are.
pub(super) async fn patch(vraag: Vraag) -> Antwoord {
    let versie = vraag.if_match()?;
    let patch = vraag.json("application/merge-patch+json")?;
    let id = vraag.client_id()?;
    let (is, domein) = vraag.nu().await?;
    let known = known(&domein, id)?;
    if is != versie {
        return Err(Problem::stale(Some(is)));
    }
    let patched = known.gepatcht(id, &patch, vraag.role.domeinen.regels)?;
    let looks_other = (&known.naam, known.status) != (&patched.naam, patched.status);
    let edit = Bewerking::Applicatie(id, Box::new(patched));
    let changed = vraag.change(edit, Verwacht::Versie(versie)).await?;
    let body = if looks_other {
        vraag.told(&changed, id).await
    } else {
        of_application(&changed, id)
    };
    Ok(of_version(200, changed.versie, &body))
}

/// Removes an application. Its Device stays in the FHIR server, where resources refer to it.
pub(super) async fn remove(vraag: Vraag) -> Antwoord {
    let versie = vraag.if_match()?;
    let id = vraag.client_id()?;
    known(&vraag.nu().await?.1, id)?;
    let edit = Bewerking::ApplicatieEraf(id);
    let changed = vraag.change(edit, Verwacht::Versie(versie)).await?;
    Ok(of_version(200, changed.versie, &changed.json()))
}

/// Makes the Device of an application, or brings it up to date: for when the FHIR server did not
/// answer at its registration, or the application came by a declaration.
pub(super) async fn device(vraag: Vraag) -> Antwoord {
    let (_, domein) = vraag.nu().await?;
    let id = vraag.client_id()?;
    known(&domein, id)?;
    match vraag.role.make_device(&domein, id).await {
        Ok(()) => Ok(web::json(200, &json!({ "made": true }))),
        Err(not) => {
            vraag.tell(&not);
            let detail = format!("the FHIR server of the domain {not}");
            Err(Problem::new(502, "No Device", detail))
        }
    }
}

impl Vraag {
    /// The application in the path.
    fn client_id(&self) -> Result<ClientId, Problem> {
        let id = ClientId::parse(self.name("client_id"));
        id.map_err(|_| Problem::unknown("application"))
    }

    /// An application after its change, and whether its Device is as it should be. The change stands
    /// in any case (koppeltaal.md §1.7).
    async fn told(&self, changed: &Veranderd, id: ClientId) -> Value {
        let mut body = of_application(changed, id);
        let made = self.role.make_device(&changed.domein, id).await;
        if let Err(not) = &made {
            self.tell(not);
        }
        body["device"] = match made {
            Ok(()) => json!({ "made": true }),
            Err(not) => json!({
                "made": false,
                "why": format!("the FHIR server of the domain {not}"),
                "again": format!("applications/{id}/device"),
            }),
        };
        body
    }

    /// koppeltaal case 117: the operator hears of an application without Device.
    fn tell(&self, not: &Niet) {
        let (who, trace) = (self.beheerder.wie(), self.visit.trace);
        let app = &self.role.app;
        app.refused_to(who, trace, "koppeltaal case 117", not.reason());
    }
}

fn known(domein: &Domeinconfiguratie, id: ClientId) -> Result<&Applicatie, Problem> {
    let known = domein.applicaties.get(&id);
    known.ok_or_else(|| Problem::unknown("application"))
}

fn of_application(changed: &Veranderd, id: ClientId) -> Value {
    let mut body = changed.json();
    body["application"] = changed.domein.applicatie_json(id).unwrap_or_default();
    body
}

/// A random UUID of version 4 (RFC 9562 §5.4).
pub(super) fn new_client_id() -> ClientId {
    let bytes = chance::entropy().bytes("client_id");
    let uuid = uuid::Builder::from_random_bytes(bytes).into_uuid();
    ClientId::of(uuid.into_bytes())
}
