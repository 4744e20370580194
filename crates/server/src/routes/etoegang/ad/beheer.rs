//! What the issuer of a means (middelenuitgever) says of it, for whoever holds the key of administration.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use etoegang::authenticatiedienst::aanmelding::NAAM_MAX;
use etoegang::authenticatiedienst::middel::{Middel, Stand};
use serde::Deserialize;
use serde_json::json;
use verdict::{Actor, Event, Key, Step, Stored, Verdict};

use super::AdRole;
use crate::routes::etoegang::beheer::{fout, gelezen, mag};
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wijziging {
    stand: Stand,
}

/// Suspends, revokes or frees a means. What was revoked never comes back.
pub(super) async fn wijzigen(
    State(role): State<Arc<AdRole>>,
    Path(naam): Path<String>,
    visit: Visit,
) -> Response {
    let read = mag(&role.app, &visit).and_then(|()| gelezen::<Wijziging>(&visit));
    let Wijziging { stand } = match read {
        Ok(wijziging) => wijziging,
        Err(response) => return *response,
    };
    if naam.chars().count() > NAAM_MAX {
        return fout(404, "no means has this name");
    }
    match settle(&role.app, visit.trace, Standreis { naam, stand }).await {
        Ok(Gewijzigd::Ja) => web::json(200, &json!({ "stand": stand })),
        Ok(Gewijzigd::Onbekend) => fout(404, "no means has this name"),
        Ok(Gewijzigd::Ingetrokken) => fout(409, "the means was revoked, and does not come back"),
        Err(_) => web::unavailable(),
    }
}

enum Gewijzigd {
    Ja,
    Onbekend,
    Ingetrokken,
}

struct Standreis {
    naam: String,
    stand: Stand,
}

impl Journey for Standreis {
    type Reply = Gewijzigd;
    type Question = Key;

    fn begin(&self, _: &Run) -> Step<Gewijzigd, Key> {
        Step::Ask(Middel::key(&self.naam))
    }

    async fn answer(&self, run: &Run, key: Key) -> Result<Step<Gewijzigd, Key>, Outage> {
        let found: Option<Stored<Middel>> = run.load(key).await?;
        let Some(found) = found else {
            return Ok(Step::reply(Gewijzigd::Onbekend));
        };
        let Some(change) = Middel::wordt(&found, &self.naam, self.stand) else {
            return Ok(Step::reply(Gewijzigd::Ingetrokken));
        };
        Ok(Step::Done(Verdict {
            reply: Gewijzigd::Ja,
            changes: vec![change],
            events: vec![Event::granted(
                "etoegang.md §3",
                "the issuer of a means changed its standing",
                Actor::Unknown,
            )],
        }))
    }
}
