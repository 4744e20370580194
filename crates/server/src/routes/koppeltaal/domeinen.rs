//! The domains, as one look at the store found them: a request picks one without asking or waiting.
//! Whoever grants something guards the row that it rests on, so a snapshot that is behind costs a
//! second try and never a wrong answer.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use koppeltaal::domeinconfiguratie::{Domeinconfiguratie, Regels, Toegestaan};
use koppeltaal::token_endpoint::Nu;
use koppeltaal::{Domein, DomeinUrls};
use tokio::time::sleep;

use crate::app::App;
use crate::domeinbeheer::{self, NietGedaan};
use crate::settle::Outage;

/// How often we look for what other nodes changed.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// A domain as it is now.
#[derive(Debug)]
pub struct DomeinNu {
    /// What it is.
    pub configuratie: Domeinconfiguratie,
    /// Of its row.
    pub version: u64,
    /// Where its endpoints are.
    pub urls: DomeinUrls,
    toegestaan: Toegestaan,
}

impl DomeinNu {
    /// The same for a rule.
    pub const fn nu(&self) -> Nu<'_> {
        Nu {
            domein: &self.configuratie,
            version: self.version,
            urls: &self.urls,
            toegestaan: &self.toegestaan,
        }
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
        for (domein, version) in domeinbeheer::domeinen(&app.home, app.clock.now()).await? {
            let known = held.get(&domein).filter(|known| known.version == version);
            let now = match known {
                Some(known) => Some(Arc::clone(known)),
                None => self.read(app, &domein).await?,
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

    /// A domain as the store has it. One that this release cannot read takes no other along: it is not
    /// served, and the operator is told at each look.
    async fn read(&self, app: &App, domein: &Domein) -> Result<Option<Arc<DomeinNu>>, Outage> {
        let now = app.clock.now();
        let nu = match domeinbeheer::nu(&app.home, domein, self.regels, now).await {
            Err(NietGedaan::Rij(why)) => {
                tracing::error!(party = app.party, why, "a domain is not served");
                return Ok(None);
            }
            nu => nu?,
        };
        Ok(nu.and_then(|nu| {
            let configuratie = nu.domein?;
            Some(Arc::new(DomeinNu {
                urls: DomeinUrls::new(&self.base, domein),
                toegestaan: Toegestaan::of(&configuratie),
                configuratie,
                version: nu.versie,
            }))
        }))
    }
}

impl From<NietGedaan> for Outage {
    fn from(niet_gedaan: NietGedaan) -> Self {
        match niet_gedaan {
            NietGedaan::Store(why) => Self::Store(why),
            NietGedaan::Rij(why) => Self::BadRow(why),
            NietGedaan::TeVeel(..) => Self::Fault(niet_gedaan.to_string()),
        }
    }
}
