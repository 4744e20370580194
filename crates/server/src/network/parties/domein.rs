//! The parties of Koppeltaal.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use koppeltaal::domeinbeheer::{Beheersleutel, Domeinen, Gewijzigd, SLEUTEL, SLEUTEL_S_MAX};
use koppeltaal::domeinconfiguratie::{Domeinconfiguratie, Regels};
use koppeltaal::{ClientId, DomeinUrls};

use super::super::{Foundation, Party, hostname, ready};
use crate::app::App;
use crate::certificates::write_private;
use crate::chance;
use crate::domeinbeheer;
use crate::input::KoppeltaalResource;
use crate::routes::fhir_server::FhirServerRole;
use crate::routes::idp::{IdpGiven, IdpPersoon, IdpRole};
use crate::routes::koppeltaal::KoppeltaalRole;
use crate::routes::module::{ModuleGiven, ModuleRole};
use crate::routes::portaal::{PortaalGiven, PortaalRole};
use crate::web;

/// On one machine, a supplier's own application may show its keys without TLS.
pub(super) async fn koppeltaal(
    on: &Foundation,
    app: &Arc<App>,
) -> Result<Arc<KoppeltaalRole>, String> {
    declare(on, app).await?;
    beheersleutel(on, app).await?;
    let (base, regels) = (on.hosts.url("koppeltaal"), Regels::ON_ONE_MACHINE);
    let role = KoppeltaalRole::new(Arc::clone(app), &base, regels).await;
    role.map_err(|outage| outage.to_string())
}

/// The domain is as the input says, at each start: its addresses are those of this port.
async fn declare(on: &Foundation, app: &App) -> Result<(), String> {
    let (regels, now) = (Regels::ON_ONE_MACHINE, app.clock.now());
    let declared = &on.input.koppeltaal;
    match domeinbeheer::declareren(&app.home, declared, "demo", regels, now).await {
        Ok(Gewijzigd::Ja { .. }) => Ok(()),
        Ok(Gewijzigd::Fout(fout)) => Err(format!("koppeltaal: {fout}")),
        Ok(other) => Err(format!(
            "koppeltaal: the domain is not as it is declared: {other:?}"
        )),
        Err(why) => Err(format!("koppeltaal: {why}")),
    }
}

/// A key with which the domains of the demo can be administered, in a file; another one at each start.
async fn beheersleutel(on: &Foundation, app: &App) -> Result<(), String> {
    let now = app.clock.now();
    let sleutel = Beheersleutel::nieuw("demo", Domeinen::Alle, SLEUTEL_S_MAX, now);
    let sleutel = sleutel.map_err(|fout| fout.to_string())?;
    let id = chance::entropy().bytes("demo.beheersleutel");
    let made = domeinbeheer::sleutel_erbij(&app.home, id, &sleutel, "demo", now).await;
    made.map_err(|why| why.to_string())?;
    let secret = app.handles.make(SLEUTEL, Beheersleutel::handle(id));
    let file = ready::beheersleutel_file(&on.state, Party::Koppeltaal);
    write_private(&file, secret.as_bytes()).map_err(|fault| fault.to_string())
}

/// For the gateway alone.
pub(super) fn fhir_server(on: &Foundation, app: &Arc<App>) -> Result<Router, String> {
    let gateway = hostname(Party::Koppeltaal.client_host())?;
    let base = format!("{}/fhir", on.hosts.url("fhir"));
    Ok(FhirServerRole::new(Arc::clone(app), &base, gateway).router())
}

/// Where the endpoints of the domain are.
fn urls(on: &Foundation) -> DomeinUrls {
    on.hosts.domein(&on.input.koppeltaal.domein)
}

/// Who an application of the domain is whose keys are there; nobody when it is not declared.
fn applicatie_at(domein: &Domeinconfiguratie, jwks_uri: &str) -> ClientId {
    let mut known = domein.applicaties.iter();
    let found = known.find(|(_, applicatie)| applicatie.jwks_uri == jwks_uri);
    found.map_or(ClientId::of([0; 16]), |(client_id, _)| *client_id)
}

pub(super) fn idp(on: &Foundation, app: &Arc<App>) -> Router {
    let (domein, urls) = (&on.input.koppeltaal, urls(on));
    let front = on.hosts.url("idp");
    let ours = domein.idps.values().find(|idp| idp.issuer == front);
    let given = IdpGiven {
        client_id: ours.map_or_else(String::new, |idp| idp.client_id.clone()),
        client_name: "Koppeltaal".to_owned(),
        client_jwks: urls.jwks(),
        redirect_uris: vec![urls.idp_callback()],
        people: on
            .input
            .koppeltaal_resources
            .iter()
            .filter_map(idp_person)
            .collect(),
        next_origins: launch_origins(on),
        front,
    };
    IdpRole::new(Arc::clone(app), given).router()
}

/// Where a launch may lead: to the services of the domain, and back to any application.
fn launch_origins(on: &Foundation) -> Vec<String> {
    let applicaties = on.input.koppeltaal.applicaties.values();
    let redirects = applicaties.flat_map(|applicatie| &applicatie.redirect_uris);
    let services = ["koppeltaal", "idp"].map(|host| on.hosts.url(host));
    let origins: BTreeSet<String> = redirects
        .map(|uri| web::origin(uri))
        .chain(services)
        .collect();
    origins.into_iter().collect()
}

/// A person of the sample who has an e-mail address, which is how the provider knows people.
fn idp_person(seed: &KoppeltaalResource) -> Option<IdpPersoon> {
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let identifiers = seed.resource.get("identifier")?.as_array()?;
    let mut values = identifiers.iter().filter_map(|identifier| {
        let value = identifier.get("value")?;
        text(value).filter(|value| value.contains('@'))
    });
    Some(IdpPersoon {
        naam: seed.resource.pointer("/name/0/text").and_then(text)?,
        email: values.next()?,
    })
}

pub(super) fn portaal(on: &Foundation, app: &Arc<App>) -> Arc<PortaalRole> {
    let (domein, urls) = (&on.input.koppeltaal, urls(on));
    let front = on.hosts.url("portaal");
    let given = PortaalGiven {
        fhir: urls.fhir(),
        client_id: applicatie_at(domein, &format!("{front}/jwks")),
        epd: applicatie_at(domein, &format!("{front}/epd/jwks")),
        resources: on.input.koppeltaal_resources.clone(),
        next_origins: launch_origins(on),
        front,
    };
    PortaalRole::new(app, given)
}

pub(super) fn module(on: &Foundation, app: &Arc<App>) -> Arc<ModuleRole> {
    let (domein, urls) = (&on.input.koppeltaal, urls(on));
    let front = on.hosts.url("module");
    let given = ModuleGiven {
        fhir: urls.fhir(),
        client_id: applicatie_at(domein, &format!("{front}/jwks")),
        resources: on.input.koppeltaal_resources.clone(),
        portaal: format!("{}/", on.hosts.url("portaal")),
        front,
    };
    ModuleRole::new(app, given)
}
