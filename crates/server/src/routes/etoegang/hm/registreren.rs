//! Apps that are registered while the HM runs (RFC 7591), and what an app may ask of its registration
//! (RFC 7592): whoever holds the key of administration lets one in.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use etoegang::dv_hm::DvApps;
use etoegang::dv_hm::registratie::{Fout, Registratie};
use http::StatusCode;
use identity::EntityId;
use protocol::bearer::BearerRefusal;
use protocol::handle::{Handle, Purpose};
use serde_json::{Value, json};
use store::{Page, Store as _};
use verdict::{Actor, Change, Event, IndexKey, Record as _, Step, Stored, Verdict};

use super::HmRole;
use crate::chance;
use crate::routes::etoegang::beheer::mag;
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

/// What opens one registration (RFC 7592 §1.1).
const REGISTRATIE: Purpose = Purpose("etoegang.registratie");
/// Apps that may be registered, at most: as many as one look at the store counts.
const APPS_MAX: u16 = 256;

/// RFC 7591 §3.1
pub(super) async fn registreren(State(role): State<Arc<HmRole>>, visit: Visit) -> Response {
    let wie = match mag(&role.app, &visit).await {
        Ok(beheerder) => beheerder.actor(),
        Err(response) => return *response,
    };
    let now = role.app.clock.now();
    let ondertekent = role.hm.instellingen.ondertekent;
    let Ok(nu) = role.catalogus.nu(&role.app).await else {
        return web::unavailable();
    };
    let is_dv = |dv: &EntityId| {
        let is_ours = role.dienstverleners.contains(dv);
        is_ours && nu.diensten().kent_dv(dv.oin())
    };
    let registratie = match Registratie::lees(&visit.body, is_dv, ondertekent, now) {
        Ok(registratie) => registratie,
        Err(fout) => return geweigerd(&role, &visit, fout),
    };
    match role.has_room().await {
        Ok(true) => {}
        Ok(false) => return vol(),
        Err(_) => return web::unavailable(),
    }
    let id = chance::entropy().bytes("etoegang.app");
    let reis = Registratiereis {
        id,
        registratie: registratie.clone(),
        wie,
    };
    match settle(&role.app, visit.trace, reis).await {
        Ok(()) => web::json(201, &role.registered(id, &registratie)),
        Err(_) => web::unavailable(),
    }
}

/// RFC 7592 §2.1
pub(super) async fn tonen(
    State(role): State<Arc<HmRole>>,
    Path(client_id): Path<String>,
    visit: Visit,
) -> Response {
    let Some(id) = role.opened(&visit, &client_id) else {
        return niemand(&role, &visit);
    };
    let now = role.app.clock.now();
    match role
        .app
        .load::<Registratie>(Registratie::key(id), now)
        .await
    {
        Ok(Some(found)) => web::json(200, &role.registered(id, &found.value)),
        Ok(None) => niemand(&role, &visit),
        Err(_) => web::unavailable(),
    }
}

/// RFC 7592 §2.3: from then on nobody knows the app, whatever tokens it holds.
pub(super) async fn verwijderen(
    State(role): State<Arc<HmRole>>,
    Path(client_id): Path<String>,
    visit: Visit,
) -> Response {
    let Some(id) = role.opened(&visit, &client_id) else {
        return niemand(&role, &visit);
    };
    match settle(&role.app, visit.trace, Verwijdering(id)).await {
        Ok(true) => StatusCode::NO_CONTENT.into_response(),
        Ok(false) => niemand(&role, &visit),
        Err(_) => web::unavailable(),
    }
}

impl HmRole {
    /// The apps among which this one can be: those of the configuration, or the one of this name that was
    /// registered since.
    pub(super) async fn apps_met(&self, client_id: Option<&str>) -> Result<Arc<DvApps>, Outage> {
        let unknown = client_id.filter(|id| self.apps.get(id).is_none());
        let Some((client_id, id)) = unknown.and_then(|text| Some((text, Registratie::id(text)?)))
        else {
            return Ok(Arc::clone(&self.apps));
        };
        let now = self.app.clock.now();
        let key = Registratie::key(id);
        let found = self.app.load::<Registratie>(key, now).await?;
        let app = found.and_then(|found| found.value.app(client_id));
        Ok(Arc::new(DvApps::new(app).unwrap_or_default()))
    }

    async fn has_room(&self) -> Result<bool, Outage> {
        let (index, key) = Registratie::ALLE;
        let key = IndexKey::Text(key.to_owned());
        let now = self.app.clock.now();
        let page = Page::first(APPS_MAX);
        let home = &self.app.home;
        let found = home
            .find(Registratie::SPACE, index, &key, page, now)
            .await?;
        Ok(found.rows.len() < usize::from(APPS_MAX))
    }

    /// What the app is told (RFC 7591 §3.2.1, RFC 7592 §3).
    fn registered(&self, id: [u8; 16], registratie: &Registratie) -> Value {
        let client_id = Registratie::client_id(id);
        let mut told = registratie.metagegevens(&client_id, self.hm.instellingen.ondertekent);
        let token = self.app.handles.make(REGISTRATIE, van(id));
        told["registration_access_token"] = token.into();
        let uri = format!("{}/register/{client_id}", self.hm.issuer);
        told["registration_client_uri"] = uri.into();
        told
    }

    /// The registration that the token of the request opens, when it is the one of the address.
    fn opened(&self, visit: &Visit, client_id: &str) -> Option<[u8; 16]> {
        let id = Registratie::id(client_id)?;
        let held = self.app.handles.open(REGISTRATIE, visit.bearer().ok()?);
        (held == Some(van(id))).then_some(id)
    }
}

const fn van(id: [u8; 16]) -> Handle {
    Handle { id, generation: 0 }
}

/// RFC 7591 §3.2.2
fn geweigerd(role: &HmRole, visit: &Visit, fout: Fout) -> Response {
    let requirement = match fout {
        Fout::RedirectUri => "etoegang case 62",
        Fout::Metagegevens(_) => "RFC 7591 §3.2.2",
    };
    role.app.refused(visit.trace, requirement, fout.reason());
    let body = json!({ "error": fout.code(), "error_description": fout.reason() });
    web::json(400, &body)
}

fn vol() -> Response {
    let reason = "no more apps can be registered: remove one that is not used";
    let body = json!({ "error": "access_denied", "error_description": reason });
    web::json(403, &body)
}

/// RFC 7592 §2.1: the same for a token that is wrong and an app that is gone.
fn niemand(role: &HmRole, visit: &Visit) -> Response {
    let reason = "no registration is opened by this token";
    role.app.refused(visit.trace, "RFC 7592 §2.1", reason);
    web::bearer_refused(BearerRefusal::InvalidToken, None)
}

struct Registratiereis {
    id: [u8; 16],
    registratie: Registratie,
    wie: Actor,
}

impl Journey for Registratiereis {
    type Reply = ();
    type Question = ();

    fn begin(&self, run: &Run) -> Step<(), ()> {
        let what = "an app was registered";
        Step::Done(Verdict {
            reply: (),
            changes: vec![self.registratie.registreren(self.id, run.now)],
            events: vec![Event::granted("RFC 7591 §3.1", what, self.wie.clone())],
        })
    }

    async fn answer(&self, run: &Run, (): ()) -> Result<Step<(), ()>, Outage> {
        Ok(self.begin(run))
    }
}

struct Verwijdering([u8; 16]);

impl Journey for Verwijdering {
    type Reply = bool;
    type Question = ();

    fn begin(&self, _: &Run) -> Step<bool, ()> {
        Step::Ask(())
    }

    async fn answer(&self, run: &Run, (): ()) -> Result<Step<bool, ()>, Outage> {
        let key = Registratie::key(self.0);
        let found: Option<Stored<Registratie>> = run.load(key.clone()).await?;
        let Some(found) = found else {
            return Ok(Step::reply(false));
        };
        let who = Actor::Party(Registratie::client_id(self.0));
        Ok(Step::Done(Verdict {
            reply: true,
            changes: vec![Change::remove(key, found.version)],
            events: vec![Event::granted("RFC 7592 §2.3", "an app left", who)],
        }))
    }
}
