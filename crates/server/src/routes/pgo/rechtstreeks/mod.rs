//! Rechtstreeks: a person collects at one DVA by MedMij's own interfaces, without Mitz (medmij.md §2.3).
//!
//! [`kiezen`] is where the person says what, of whom and for whom, and leaves for the DVA; [`terug`] is where
//! the browser comes back; [`dva`] asks the DVA. What stays is a [`rij::Rij`], at which the person looks in
//! [`verbindingen`], and by which [`vanzelf`] collects at night. By [`delen`] a person hands something over.

mod delen;
mod dva;
mod kiezen;
mod rij;
mod terug;
mod vanzelf;
mod verbindingen;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use medmij::dvp::verzoek::Wachtend;
use protocol::handle::{Handle, Purpose};
use serde::{Deserialize, Serialize};
use verdict::Stored;

pub(super) use self::rij::VerbindingId;
use self::rij::{Account, AccountId, Gegevens, Rij};
use super::PgoRole;
use super::dossier::Aanbieder;
use super::pages_of::Write;
use crate::chance;
use crate::pages::PgoVoor;
use crate::settle::{Outage, settle};
use crate::web::{Visit, get_once};

/// The cookie that leads to a person's connections.
const ACCOUNT: Purpose = Purpose("pgo.account");
const ACCOUNT_COOKIE: &str = "__Host-account";
/// The cookie that holds what waits for an answer of a DVA.
const WACHTEND: &str = "pgo.rechtstreeks";
/// Seconds that a person may take at a DVA, as long as at Mitz.
const WACHTEND_S: u32 = 1_800;
/// Where answers of DVAs come; each DVA has an address of its own under it, so that none can be taken for
/// that of another.
const TERUG: &str = "/rechtstreeks/terug";

/// A login that waits for its answer, with what the person chose.
#[derive(Clone, Serialize, Deserialize)]
struct Wacht {
    wachtend: Wachtend,
    /// Of what it is collected, or under what it is placed.
    diensten: Vec<identity::GegevensdienstId>,
    /// What is placed.
    gewicht: Option<delen::Gewicht>,
}

/// A person's connections.
pub(super) struct Verbindingen {
    pub(super) id: AccountId,
    pub(super) rijen: Vec<(VerbindingId, Stored<Rij>)>,
}

/// The pages of this part.
pub(super) fn routes(router: Router<Arc<PgoRole>>) -> Router<Arc<PgoRole>> {
    router
        .route("/rechtstreeks", get(kiezen::lijst))
        .route(
            "/rechtstreeks/{naam}",
            get(kiezen::aanbieder).post(kiezen::naar_dva),
        )
        .route(
            "/rechtstreeks/{naam}/delen",
            get(delen::meting).post(delen::naar_dva),
        )
        .route("/delen/bon", get(delen::bon))
        .route(&format!("{TERUG}/{{dva}}"), get_once(terug::terug))
        .route("/verbindingen", get(verbindingen::overzicht))
        .route("/verbindingen/ophalen", post(verbindingen::ophalen))
        .route("/verbindingen/vanzelf", post(vanzelf::bestellen))
        .route(
            "/verbindingen/beeindigen",
            get(verbindingen::beeindigen).post(verbindingen::beeindigd),
        )
}

impl PgoRole {
    /// The connections to which the browser's cookie leads; nothing for a browser without.
    pub(super) async fn verbindingen(&self, visit: &Visit) -> Result<Option<Verbindingen>, Outage> {
        let cookie = visit.cookie(ACCOUNT_COOKIE);
        let handle = cookie.and_then(|text| self.app.handles.open(ACCOUNT, text));
        let Some(handle) = handle else {
            return Ok(None);
        };
        let (id, now) = (AccountId(handle.id), self.app.clock.now());
        if self.app.load::<Account>(id.key(), now).await?.is_none() {
            return Ok(None);
        }
        let rijen = self.rijen(id).await?;
        Ok(Some(Verbindingen { id, rijen }))
    }

    /// The same, of a person who is here: that keeps the account in use (core.account.101).
    pub(super) async fn bezoek(&self, visit: &Visit) -> Result<Option<Verbindingen>, Outage> {
        let known = self.verbindingen(visit).await?;
        if let Some(known) = &known
            && let Some(here) = self.here(known.id).await?
        {
            // Another page of the same browser may have said so in the same moment.
            let _ = settle(&self.app, visit.trace, Write(vec![here], Vec::new())).await?;
        }
        Ok(known)
    }

    /// What was collected of these connections, in their order; nothing of one that brought nothing yet.
    pub(super) async fn opgehaald(
        &self,
        ids: impl Iterator<Item = VerbindingId>,
    ) -> Result<Vec<Aanbieder>, Outage> {
        let mut found = Vec::new();
        for id in ids {
            let now = self.app.clock.now();
            let gegevens = self.app.load::<Gegevens>(id.gegevens_key(), now).await?;
            found.extend(gegevens.map(|gegevens| gegevens.value.aanbieder));
        }
        Ok(found)
    }

    /// What a cookie for this account holds.
    fn account_cookie(&self, id: AccountId) -> (http::HeaderName, http::HeaderValue) {
        let handle = Handle {
            id: id.0,
            generation: 0,
        };
        let value = self.app.handles.make(ACCOUNT, handle);
        crate::web::set_cookie(ACCOUNT_COOKIE, &value, rij::BEWAARD_S)
    }

    /// What people call a provider.
    fn weergavenaam(&self, naam: &identity::Zorgaanbiedernaam) -> String {
        let known = self.config.aanbieders.get(naam).cloned();
        known.unwrap_or_else(|| naam.scope_naam().to_owned())
    }
}

impl Verbindingen {
    /// Those of which the person sees the data as his own.
    pub(super) fn eigen(&self) -> impl Iterator<Item = VerbindingId> {
        let eigen = self.rijen.iter().filter(|(_, rij)| rij.value.is_eigen());
        eigen.map(|(id, _)| *id)
    }

    /// Whether the person is to hear that nothing came by itself for 48 hours (medmij.md §2.6).
    pub(super) fn is_stil(&self, now: verdict::Moment) -> bool {
        let mut rijen = self.rijen.iter();
        rijen.any(|(_, rij)| rij.value.verbinding.is_stil(now))
    }

    /// One of them, and for whom it is.
    pub(super) fn een(&self, text: &str) -> Option<(VerbindingId, PgoVoor)> {
        let mut rijen = self.rijen.iter();
        let (id, rij) = rijen.find(|(id, _)| id.to_string() == text)?;
        Some((*id, rij.value.voor()))
    }
}

/// One cookie for each login under way.
fn wachtend_cookie(state: &str) -> String {
    let short: String = state
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(12)
        .collect();
    format!("__Host-dva-{short}")
}

/// A new account.
fn new_account() -> AccountId {
    AccountId(chance::entropy().bytes("pgo.account"))
}
