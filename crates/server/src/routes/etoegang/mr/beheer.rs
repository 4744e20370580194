//! Registration and withdrawal of mandates (AUC3 in etoegang.md §2.1), for whoever holds a key of
//! administration.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use etoegang::machtiging::document::{GetoondeMachtiging, NieuweMachtiging};
use etoegang::machtiging::{Machtiging, Weigering};
use serde_json::json;
use verdict::{Actor, Event, Key, Step, Stored, Verdict};

use super::MrRole;
use crate::machtigingenbeheer::{Geweigerd, nieuwe_referentie};
use crate::routes::etoegang::beheer::{fout, gelezen, mag};
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

/// Characters of a reference, at most.
const REFERENCE_MAX: usize = 64;

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
    match role.kent(&machtiging.service_uuid).await {
        Ok(true) => {}
        Ok(false) => return fout(422, &Geweigerd::Dienst.to_string()),
        Err(_) => return web::unavailable(),
    }
    let id = nieuwe_referentie();
    let reis = Registratie {
        id: id.clone(),
        machtiging: machtiging.clone(),
        wie,
    };
    match settle(&role.app, visit.trace, reis).await {
        Ok(Ok(())) => web::json(201, &GetoondeMachtiging::new(&id, &machtiging)),
        Ok(Err(weigering)) => fout(422, &weigering.to_string()),
        Err(_) => web::unavailable(),
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
    let found = role
        .app
        .load::<Machtiging>(Machtiging::key(&id), role.app.clock.now())
        .await;
    match found {
        Ok(Some(found)) => web::json(200, &GetoondeMachtiging::new(&id, &found.value)),
        Ok(None) => fout(404, "no mandate has this reference"),
        Err(_) => web::unavailable(),
    }
}

/// Withdraws one. It stays to be seen: what was done under it must be explained for seven years.
pub(super) async fn intrekken(
    State(role): State<Arc<MrRole>>,
    Path(id): Path<String>,
    visit: Visit,
) -> Response {
    let wie = match mag(&role.app, &visit).await {
        Ok(wie) => wie,
        Err(response) => return *response,
    };
    if id.len() > REFERENCE_MAX {
        return fout(404, "no mandate has this reference");
    }
    match settle(&role.app, visit.trace, Intrekking { id, wie }).await {
        Ok(true) => web::json(200, &json!({ "ingetrokken": true })),
        Ok(false) => fout(404, "no mandate has this reference"),
        Err(_) => web::unavailable(),
    }
}

struct Registratie {
    id: String,
    machtiging: Machtiging,
    wie: Actor,
}

impl Journey for Registratie {
    type Reply = Result<(), Weigering>;
    type Question = ();

    fn begin(&self, run: &Run) -> Step<Result<(), Weigering>, ()> {
        match self.machtiging.registreren(&self.id, run.now) {
            Err(weigering) => Step::reply(Err(weigering)),
            Ok(change) => Step::Done(Verdict {
                reply: Ok(()),
                changes: vec![change],
                events: vec![Event::granted(
                    "etoegang.md §3",
                    "a mandate was registered",
                    self.wie.clone(),
                )],
            }),
        }
    }

    async fn answer(&self, run: &Run, (): ()) -> Result<Step<Result<(), Weigering>, ()>, Outage> {
        Ok(self.begin(run))
    }
}

struct Intrekking {
    id: String,
    wie: Actor,
}

impl Journey for Intrekking {
    type Reply = bool;
    type Question = Key;

    fn begin(&self, _: &Run) -> Step<bool, Key> {
        Step::Ask(Machtiging::key(&self.id))
    }

    async fn answer(&self, run: &Run, key: Key) -> Result<Step<bool, Key>, Outage> {
        let found: Option<Stored<Machtiging>> = run.load(key).await?;
        let Some(found) = found else {
            return Ok(Step::reply(false));
        };
        // Withdrawn before: it stays as it was.
        let Some(change) = Machtiging::intrekken(found, &self.id, run.now) else {
            return Ok(Step::reply(true));
        };
        Ok(Step::Done(Verdict {
            reply: true,
            changes: vec![change],
            events: vec![Event::granted(
                "etoegang.md §3",
                "a mandate was withdrawn",
                self.wie.clone(),
            )],
        }))
    }
}
