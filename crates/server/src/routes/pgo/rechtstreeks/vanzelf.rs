//! What is collected by itself, at night and by order of the person (medmij.md §2.6).
//!
//! Each account has a minute of the night. Every order stands in an index under it, so that a look at one
//! minute reads those orders alone. Before a DVA is asked, a row that can be made once in 24 hours is
//! spent: of several nodes one asks.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use futures_util::{StreamExt as _, stream};
use medmij::dvp::ophalen::{MINUTEN, Nacht, NuNiet, Stand, TUSSEN_S, mag};
use store::{Page, Store as _};
use verdict::{Actor, Change, Event, Expect, IndexKey, Key, Moment, Record as _, Space};

use super::rij::{Account, AccountId, Rij, VANZELF};
use super::verbindingen::gedaan;
use crate::door::TraceId;
use crate::pages::{PgoGedaan, PgoMeldingSoort};
use crate::routes::pgo::PgoRole;
use crate::routes::pgo::pages_of::Write;
use crate::settle::{Outage, settle};
use crate::web::Visit;

/// How often it is looked whether another minute has begun.
const LOOK_S: u64 = 1;
/// Orders that are read at once.
const ROWS_MAX: u16 = 64;
/// DVAs that are asked at the same time.
const AT_ONCE_MAX: usize = 4;
/// What stands for 24 hours once a DVA was asked for an account.
const GEVRAAGD: Space = Space("pgo.vanzelf");

/// The person orders it, or takes the order back.
pub(super) async fn bestellen(State(role): State<Arc<PgoRole>>, visit: Visit) -> Response {
    let (id, _, form) = match role.van_formulier(&visit).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let vanzelf = form.get("vanzelf").is_some();
    let ordered = async {
        let _alone = role.alone(id).await;
        let Some(rij) = role.rij(id).await? else {
            return Ok(false);
        };
        let (mut value, now) = (rij.value, role.app.clock.now());
        if !value.verbinding.bestel(vanzelf, now) {
            return Ok(false);
        }
        let change = value.put_at(id, Expect::Version(rij.version), now);
        role.write(visit.trace, vec![change]).await?;
        Ok::<bool, Outage>(true)
    };
    match ordered.await {
        Ok(true) if vanzelf => gedaan(PgoGedaan::Besteld),
        Ok(_) => gedaan(PgoGedaan::NietBesteld),
        Err(_) => PgoRole::told(PgoMeldingSoort::RechtstreeksMislukt),
    }
}

/// How far a node came in a night.
struct Rondgang {
    nacht: Nacht,
    /// The first minute in which an order is still to be seen to.
    vanaf: u16,
}

/// The orders of one account at one authorization server.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Beurt {
    account: AccountId,
    authorization_endpoint: String,
}

impl PgoRole {
    /// Collects at night for whoever ordered it, for as long as the party lives.
    pub async fn collect_by_night(self: Arc<Self>) {
        let mut rondgang = None;
        loop {
            rondgang = self.ronde(rondgang).await;
            tokio::time::sleep(Duration::from_secs(LOOK_S)).await;
        }
    }

    /// Sees to every order whose minute has come, once in each minute of the night.
    async fn ronde(self: &Arc<Self>, before: Option<Rondgang>) -> Option<Rondgang> {
        // core.gegevensuitwisseling.201 (medmij case 100)
        let nacht = Nacht::of(self.app.clock.now())?;
        let before = before.filter(|before| before.nacht.nummer == nacht.nummer);
        if before.as_ref().is_some_and(|before| before.nacht == nacht) {
            return before;
        }
        let vanaf = before.map_or(0, |before| before.vanaf);
        let last = nacht.minuut.min(MINUTEN - 1);
        let mut open = None;
        for minuut in vanaf..=last {
            // A store that does not answer now is asked again in a minute.
            if !self.minuut(minuut).await.unwrap_or(false) {
                open.get_or_insert(minuut);
            }
        }
        let vanaf = open.unwrap_or(last);
        Some(Rondgang { nacht, vanaf })
    }

    /// Whether all orders of a minute were seen to; else some came too early for their 24 hours.
    async fn minuut(self: &Arc<Self>, minuut: u16) -> Result<bool, Outage> {
        let (mut page, mut all) = (Page::first(ROWS_MAX), true);
        loop {
            let (beurten, next) = self.beurten(minuut, page).await?;
            let asked = stream::iter(beurten).map(|beurt| Arc::clone(self).beurt(beurt));
            let seen: Vec<bool> = asked.buffer_unordered(AT_ONCE_MAX).collect().await;
            all &= seen.into_iter().all(|seen| seen);
            match next {
                Some(next) => page = Page::after(next, ROWS_MAX),
                None => return Ok(all),
            }
        }
    }

    /// A page of the orders of a minute, each account and server once.
    async fn beurten(
        &self,
        minuut: u16,
        page: Page,
    ) -> Result<(BTreeSet<Beurt>, Option<Key>), Outage> {
        let (index, now) = (IndexKey::Text(minuut.to_string()), self.app.clock.now());
        let home = &self.app.home;
        let found = home.find(Rij::SPACE, VANZELF, &index, page, now).await?;
        let mut beurten = BTreeSet::new();
        for (key, row) in found.rows {
            let rij = self.app.opened::<Rij>(&key, row)?.value;
            beurten.insert(Beurt {
                account: rij.account,
                authorization_endpoint: rij.verbinding.authorization_endpoint,
            });
        }
        Ok((beurten, found.next))
    }

    /// One account at one DVA. It runs to the end whether or not the party goes on: a token that was
    /// asked for is kept.
    async fn beurt(self: Arc<Self>, beurt: Beurt) -> bool {
        let run = tokio::spawn(async move { self.vraag_dva(&beurt).await });
        matches!(run.await, Ok(Ok(true)))
    }

    /// Whether it was seen to, by us or by another node.
    async fn vraag_dva(&self, beurt: &Beurt) -> Result<bool, Outage> {
        let now = self.app.clock.now();
        let Some(account) = self.app.load::<Account>(beurt.account.key(), now).await? else {
            return Ok(true);
        };
        let stand = Stand {
            besteld: true,
            gebruikt: account.value.moment(),
            bij_dva: self.gevraagd(beurt, now).await?,
        };
        match mag(&stand, now) {
            Ok(()) => {}
            // core.gegevensuitwisseling.102 (medmij case 99): later in this night, perhaps
            Err(NuNiet::AlGedaan) => return Ok(false),
            Err(NuNiet::NietBesteld | NuNiet::Inactief | NuNiet::Overdag) => return Ok(true),
        }
        let change = Change::spend(beurt.key(), now.plus_s(TUSSEN_S));
        let claim = Write(vec![change], Vec::new());
        if !settle(&self.app, TraceId::fresh(), claim).await? {
            return Ok(true);
        }
        for (id, rij) in self.rijen(beurt.account).await? {
            let verbinding = &rij.value.verbinding;
            let is_its = verbinding.authorization_endpoint == beurt.authorization_endpoint;
            if is_its && verbinding.is_besteld() {
                // core.tknint.208 (medmij case 65): a run of its own
                let events = vec![self.vanzelf_gevraagd()];
                self.opnieuw(TraceId::fresh(), id, events).await?;
            }
        }
        Ok(true)
    }

    /// When the DVA was last asked for this account, if that is less than 24 hours ago.
    async fn gevraagd(&self, beurt: &Beurt, now: Moment) -> Result<Option<Moment>, Outage> {
        let rows = self.app.home.get(&[beurt.key()], now).await?;
        let row = rows.into_iter().next().flatten();
        Ok(row.map(|row| row.until.minus_s(TUSSEN_S)))
    }

    /// medmij.md §2.6: the log tells that nobody was there.
    fn vanzelf_gevraagd(&self) -> Event {
        let who = Actor::Party(self.config.client_id.clone());
        let what = "a DVA was asked without the person, by order of the person";
        Event::granted("core.gegevensuitwisseling.102", what, who)
    }
}

impl Beurt {
    fn key(&self) -> Key {
        let server = self.authorization_endpoint.as_bytes();
        let hash = jose::sha256(&[&self.account.0, server].concat());
        Key::Once(GEVRAAGD, hash)
    }
}
