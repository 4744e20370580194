//! Mandates by an API, for whoever holds a key of administration.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use etoegang::machtiging::Machtiging;
use etoegang::machtiging::document::{GetoondeMachtiging, NieuweMachtiging};
use serde_json::json;

use super::MrRole;
use super::wijzigen::{Geregistreerd, Ingetrokken};
use crate::machtigingenbeheer::nieuwe_referentie;
use crate::routes::etoegang::beheer::{fout, gelezen, mag};
use crate::web::{self, Visit};

/// Registers one, under a new reference.
pub(super) async fn registreren(State(role): State<Arc<MrRole>>, visit: Visit) -> Response {
    let wie = match mag(&role.app, &visit).await {
        Ok(wie) => wie,
        Err(response) => return *response,
    };
    let machtiging = match gelezen::<NieuweMachtiging>(&visit) {
        Ok(nieuw) => Machtiging::from(nieuw),
        Err(response) => return *response,
    };
    let id = nieuwe_referentie();
    let nieuw = vec![(id.clone(), machtiging.clone())];
    match role.registreren(visit.trace, nieuw, &wie).await {
        Ok(Geregistreerd::Ja) => web::json(201, &GetoondeMachtiging::new(&id, &machtiging)),
        Ok(Geregistreerd::Nee(geweigerd)) => fout(422, &geweigerd.to_string()),
        // Chance does not draw a reference of 96 bits twice.
        Ok(Geregistreerd::Al(_)) | Err(_) => web::unavailable(),
    }
}

/// One, as it stands.
pub(super) async fn show(
    State(role): State<Arc<MrRole>>,
    Path(id): Path<String>,
    visit: Visit,
) -> Response {
    if let Err(response) = mag(&role.app, &visit).await {
        return *response;
    }
    match role.een(&id).await {
        Ok(Some(found)) => web::json(200, &GetoondeMachtiging::new(&id, &found.value)),
        Ok(None) => fout(404, "no mandate has this reference"),
        Err(_) => web::unavailable(),
    }
}

/// Withdraws one; what was withdrawn before stays as it was.
pub(super) async fn intrekken(
    State(role): State<Arc<MrRole>>,
    Path(id): Path<String>,
    visit: Visit,
) -> Response {
    let wie = match mag(&role.app, &visit).await {
        Ok(wie) => wie,
        Err(response) => return *response,
    };
    match role.intrekken(visit.trace, &id, &wie).await {
        Ok(Ingetrokken::Ja | Ingetrokken::Al) => web::json(200, &json!({ "ingetrokken": true })),
        Ok(Ingetrokken::Onbekend) => fout(404, "no mandate has this reference"),
        Err(_) => web::unavailable(),
    }
}
