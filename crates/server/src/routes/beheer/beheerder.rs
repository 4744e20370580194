//! Who administers: the holder of an administration key.

use protocol::handle::Purpose;
use verdict::{Key, Record};

use crate::app::App;
use crate::domeinbeheer::sleutel_naam;
use crate::door::TooSoon;
use crate::settle::Outage;
use crate::web::Visit;

/// A kind of administration key: a row that holds no secret.
pub(in crate::routes) trait Beheersleutel: Record {
    /// What makes and opens the secrets of these keys.
    const DOEL: Purpose;
    /// By which rule somebody without one is refused.
    const EIS: &'static str;

    /// Where the key of this id stands, as long as it works.
    fn plaats(id: [u8; 16]) -> Key;

    /// Who holds it.
    fn houder(&self) -> &str;
}

/// Somebody whose key was proven a moment ago.
#[derive(Clone, Debug)]
pub(in crate::routes) struct Beheerder<S> {
    /// Which key.
    pub(in crate::routes) id: [u8; 16],
    /// What is known of it.
    pub(in crate::routes) sleutel: S,
}

/// Why somebody is none.
#[derive(Debug)]
pub(in crate::routes) enum Geen {
    /// Nobody's key, or that of one whose time is over or who was sent away.
    Onbekend,
    /// He asks too often.
    TeVaak(TooSoon),
    /// The keys cannot be read.
    Storing(Outage),
}

impl<S: Beheersleutel> Beheerder<S> {
    /// Who shows a key in a request of an API (RFC 6750 §2.1).
    pub(in crate::routes) async fn of_bearer(app: &App, visit: &Visit) -> Result<Self, Geen> {
        let secret = visit.bearer().unwrap_or_default();
        Self::of_secret(app, visit, secret).await
    }

    /// Who has this secret. Its MAC is compared in constant time, before anything is looked up; noise
    /// costs no look at the store and changes nothing.
    pub(super) async fn of_secret(app: &App, visit: &Visit, secret: &str) -> Result<Self, Geen> {
        let handle = app.handles.open(S::DOEL, secret);
        let Some(handle) = handle.filter(|handle| handle.generation == 0) else {
            return Err(Self::nobody(app, visit));
        };
        match Self::of_id(app, handle.id).await {
            Ok(Some(beheerder)) => beheerder.turn(app, visit).map(|()| beheerder),
            Ok(None) => Err(Self::nobody(app, visit)),
            Err(outage) => Err(Geen::Storing(outage)),
        }
    }

    /// The holder of the key of this id, as long as it works.
    pub(super) async fn of_id(app: &App, id: [u8; 16]) -> Result<Option<Self>, Outage> {
        let found = app.load::<S>(S::plaats(id), app.clock.now()).await?;
        Ok(found.map(|found| Self {
            id,
            sleutel: found.value,
        }))
    }

    /// Who he is, in the log of changes.
    pub(in crate::routes) fn wie(&self) -> &str {
        self.sleutel.houder()
    }

    /// Counts a request of his.
    pub(super) fn turn(&self, app: &App, visit: &Visit) -> Result<(), Geen> {
        let whose = format!("beheersleutel {}", sleutel_naam(self.id));
        match visit.turn_of(&whose) {
            Ok(()) => Ok(()),
            Err(soon) => {
                if soon.is_first {
                    let reason = "an administrator asks too often";
                    app.refused_to(self.wie(), visit.trace, "RFC 6585 §4", reason);
                }
                Err(Geen::TeVaak(soon))
            }
        }
    }

    /// Wrong keys of one address share a bucket, so that they are a line of the log now and then.
    fn nobody(app: &App, visit: &Visit) -> Geen {
        let whose = format!("no beheersleutel {}", visit.peer.address.ip());
        let soon = visit.turn_of(&whose).err();
        if soon.is_none_or(|soon| soon.is_first) {
            let reason = "no administration key, or none that works";
            app.refused(visit.trace, S::EIS, reason);
        }
        soon.map_or(Geen::Onbekend, Geen::TeVaak)
    }
}
