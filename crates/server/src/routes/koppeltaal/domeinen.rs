//! The domains, as one look at the store found them: a request picks one without asking or waiting.
//! Whoever grants something guards the row that it rests on, so a snapshot that is behind costs a
//! second try and never a wrong answer.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use koppeltaal::domeinconfiguratie::{Domeinconfiguratie, Domeinkop, Fout, Kept, Regels};
use koppeltaal::token_endpoint::Nu;
use koppeltaal::{Domein, DomeinUrls};
use store::{Commit, NotCommitted, Page, Store as _};
use tokio::time::sleep;
use verdict::{CommitId, IndexKey, Record as _};

use crate::app::App;
use crate::chance;
use crate::settle::Outage;

/// How often we look for what other nodes changed.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Domains of one service, at most.
const DOMEINEN_MAX: usize = 1_000;
/// Rows asked at once.
const PAGE_ROWS: u16 = 256;

/// A domain as it is now.
#[derive(Debug)]
pub struct DomeinNu {
    /// What it is.
    pub configuratie: Domeinconfiguratie,
    /// Of its row.
    pub version: u64,
    /// Where its endpoints are.
    pub urls: DomeinUrls,
}

impl DomeinNu {
    /// The same for a rule.
    pub const fn nu(&self) -> Nu<'_> {
        Nu {
            domein: &self.configuratie,
            version: self.version,
            urls: &self.urls,
        }
    }
}

/// Why a domain was not declared.
#[derive(Debug)]
pub enum Geweigerd {
    /// What is declared cannot be.
    Fout(Fout),
    /// Somebody changed it in the same moment.
    Anders,
    /// The store does not work.
    Outage(Outage),
}

impl fmt::Display for Geweigerd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fout(fout) => fout.fmt(f),
            Self::Anders => f.write_str("somebody changed the domain in the same moment"),
            Self::Outage(outage) => outage.fmt(f),
        }
    }
}

impl std::error::Error for Geweigerd {}

impl From<Outage> for Geweigerd {
    fn from(outage: Outage) -> Self {
        Self::Outage(outage)
    }
}

/// See the module.
pub(super) struct Domeinen {
    pub(super) base: String,
    pub(super) regels: Regels,
    held: ArcSwap<HashMap<Domein, Arc<DomeinNu>>>,
}

impl Domeinen {
    pub(super) fn new(base: &str, regels: Regels) -> Self {
        Self {
            base: base.to_owned(),
            regels,
            held: ArcSwap::default(),
        }
    }

    /// A domain as it was at the last look.
    pub(super) fn now(&self, domein: &Domein) -> Option<Arc<DomeinNu>> {
        self.held.load().get(domein).cloned()
    }

    /// The names of all of them.
    pub(super) fn names(&self) -> Vec<Domein> {
        self.held.load().keys().cloned().collect()
    }

    /// Looks again. Only what changed is read whole.
    pub(super) async fn refresh(&self, app: &App) -> Result<(), Outage> {
        let held = self.held.load_full();
        let mut found = HashMap::new();
        for (domein, version) in self.versions(app).await? {
            let known = held.get(&domein).filter(|known| known.version == version);
            let now = match known {
                Some(known) => Some(Arc::clone(known)),
                None => self.read_or_tell(app, &domein).await?,
            };
            if let Some(now) = now {
                found.insert(domein, now);
            }
        }
        self.held.store(Arc::new(found));
        Ok(())
    }

    pub(super) async fn keep_fresh(&self, app: &App) {
        loop {
            sleep(LOOK_AGAIN).await;
            if let Err(outage) = self.refresh(app).await
                && let Some(left_out) = app.outages.turn(app.clock.wall())
            {
                tracing::warn!(party = app.party, %outage, left_out, "domains were not read again");
            }
        }
    }

    /// Keeps a declaration as a new domain; nothing when there is one of that name.
    pub(super) async fn declare(&self, app: &App, document: &[u8]) -> Result<(), Geweigerd> {
        let meant = Domeinconfiguratie::read(document, self.regels).map_err(Geweigerd::Fout)?;
        if self.read(app, &meant.domein).await?.is_some() {
            return Ok(());
        }
        let now = app.clock.now();
        // What a domain left that was removed.
        let left = app.load::<Domeinkop>(Domeinkop::key(&meant.domein), now);
        let version = left.await?.map(|left| left.version);
        let changes = meant.put(version, now).into_iter();
        let changes = changes.map(|change| app.seal.change(change)).collect();
        let id = CommitId(chance::entropy().bytes("koppeltaal.declare"));
        let commit = Commit::new(id, now, changes, vec![]);
        let commit = commit.map_err(|bad| Outage::Fault(bad.to_string()))?;
        match app.home.commit(commit).await {
            Ok(()) => Ok(self.refresh(app).await?),
            Err(NotCommitted::Conflict(_)) => Err(Geweigerd::Anders),
            Err(other) => Err(Outage::Store(other.to_string()).into()),
        }
    }

    /// The version of every domain.
    async fn versions(&self, app: &App) -> Result<Vec<(Domein, u64)>, Outage> {
        let (index, all) = Domeinkop::ALL;
        let all = IndexKey::Text(all.to_owned());
        let mut page = Page::first(PAGE_ROWS);
        let mut versions = Vec::new();
        loop {
            let now = app.clock.now();
            let found = app
                .home
                .find(Domeinkop::SPACE, index, &all, page, now)
                .await?;
            for (key, row) in found.rows {
                let kop = app.opened::<Domeinkop>(&key, row)?;
                versions.push((kop.value.domein, kop.version));
            }
            if versions.len() > DOMEINEN_MAX {
                return Err(Outage::Fault(format!("more than {DOMEINEN_MAX} domains")));
            }
            match found.next {
                Some(next) => page = Page::after(next, PAGE_ROWS),
                None => return Ok(versions),
            }
        }
    }

    /// The same, but a domain that this release cannot read takes no other along: it is not served, and
    /// the operator is told at each look.
    async fn read_or_tell(
        &self,
        app: &App,
        domein: &Domein,
    ) -> Result<Option<Arc<DomeinNu>>, Outage> {
        match self.read(app, domein).await {
            Err(Outage::BadRow(why)) => {
                tracing::error!(party = app.party, why, "a domain is not served");
                Ok(None)
            }
            read => read,
        }
    }

    /// A domain as the store has it.
    async fn read(&self, app: &App, domein: &Domein) -> Result<Option<Arc<DomeinNu>>, Outage> {
        let kept = app.load::<Kept>(Kept::key(domein), app.clock.now()).await?;
        let Some(kept) = kept else {
            return Ok(None);
        };
        let configuratie = kept.value.meant(self.regels).map_err(|fout| {
            Outage::BadRow(format!("the domain {domein} cannot be read: {fout}"))
        })?;
        Ok(configuratie.map(|configuratie| {
            Arc::new(DomeinNu {
                urls: DomeinUrls::new(&self.base, domein),
                configuratie,
                version: kept.version,
            })
        }))
    }
}
