//! Who administers: the holder of an administration key.

use koppeltaal::Domein;
use koppeltaal::domeinbeheer::{Beheersleutel, SLEUTEL};

use super::KoppeltaalRole;
use super::problem::Problem;
use crate::domeinbeheer::sleutel_naam;
use crate::door::TooSoon;
use crate::settle::Outage;
use crate::web::Visit;

/// Somebody whose key was proven a moment ago.
#[derive(Clone, Debug)]
pub(super) struct Beheerder {
    pub(super) id: [u8; 16],
    pub(super) sleutel: Beheersleutel,
}

/// Why somebody is none.
#[derive(Debug)]
pub(super) enum Geen {
    /// Nobody's key, or that of one whose time is over or who was sent away.
    Onbekend,
    /// He asks too often.
    TeVaak(TooSoon),
    /// The keys cannot be read.
    Storing(Outage),
}

impl Beheerder {
    /// Who shows a key in a request of the REST API (RFC 6750 §2.1).
    pub(super) async fn of_bearer(role: &KoppeltaalRole, visit: &Visit) -> Result<Self, Problem> {
        let secret = visit.bearer().unwrap_or_default();
        let found = Self::of_secret(role, visit, secret).await;
        found.map_err(|geen| match geen {
            Geen::Onbekend => Problem::unauthorized(),
            Geen::TeVaak(soon) => Problem::too_soon(soon),
            Geen::Storing(outage) => outage.into(),
        })
    }

    /// Who has this secret. Its MAC is compared in constant time, before anything is looked up; noise
    /// costs no look at the store and changes nothing.
    pub(super) async fn of_secret(
        role: &KoppeltaalRole,
        visit: &Visit,
        secret: &str,
    ) -> Result<Self, Geen> {
        let handle = role.app.handles.open(SLEUTEL, secret);
        let Some(handle) = handle.filter(|handle| handle.generation == 0) else {
            return Err(Self::nobody(role, visit));
        };
        match Self::of_id(role, handle.id).await {
            Ok(Some(beheerder)) => beheerder.turn(role, visit).map(|()| beheerder),
            Ok(None) => Err(Self::nobody(role, visit)),
            Err(outage) => Err(Geen::Storing(outage)),
        }
    }

    /// The holder of the key of this id, as long as it works.
    pub(super) async fn of_id(role: &KoppeltaalRole, id: [u8; 16]) -> Result<Option<Self>, Outage> {
        let (app, key) = (&role.app, Beheersleutel::key(id));
        let found = app.load::<Beheersleutel>(key, app.clock.now()).await?;
        Ok(found.map(|found| Self {
            id,
            sleutel: found.value,
        }))
    }

    /// Whether the key is for this domain.
    pub(super) fn may(&self, domein: &Domein) -> Result<(), Problem> {
        if self.sleutel.is_voor(domein) {
            Ok(())
        } else {
            Err(Problem::forbidden())
        }
    }

    /// Who he is, in the log of changes.
    pub(super) fn wie(&self) -> &str {
        &self.sleutel.naam
    }

    /// Counts a request of his.
    pub(super) fn turn(&self, role: &KoppeltaalRole, visit: &Visit) -> Result<(), Geen> {
        let whose = format!("beheersleutel {}", sleutel_naam(self.id));
        match visit.turn_of(&whose) {
            Ok(()) => Ok(()),
            Err(soon) => {
                if soon.is_first {
                    let reason = "an administrator asks too often";
                    role.app
                        .refused_to(self.wie(), visit.trace, "RFC 6585 §4", reason);
                }
                Err(Geen::TeVaak(soon))
            }
        }
    }

    /// Wrong keys of one address share a bucket, so that they are a line of the log now and then.
    fn nobody(role: &KoppeltaalRole, visit: &Visit) -> Geen {
        let whose = format!("no beheersleutel {}", visit.peer.address.ip());
        let soon = visit.turn_of(&whose).err();
        if soon.is_none_or(|soon| soon.is_first) {
            let reason = "no administration key, or none that works";
            role.app.refused(visit.trace, "koppeltaal.md §1.1", reason);
        }
        soon.map_or(Geen::Onbekend, Geen::TeVaak)
    }
}
