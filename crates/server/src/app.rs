//! One party: its store, its keys, its clock, its way to the others.

use std::sync::Arc;

use identity::Hostname;
use store::Store as _;
use verdict::{Actor, Event, Key, Moment, Outcome, Record, Row, Sealed, Stored};

use crate::clock::Clock;
use crate::door::TraceId;
use crate::home::Home;
use crate::keys::Keys;
use crate::log::{RefusalLog, Seldom};
use crate::observer::{Observer, Sighting, Weigering, sighting};
use crate::outside::Outside;
use crate::seal::{Handles, Seal};
use crate::settle::Outage;

/// What every role of a party shares.
pub struct App {
    /// Its name: the name of its directory, and of its lines in the log.
    pub party: &'static str,
    /// The host name in its client certificate.
    pub host: Hostname,
    /// Its rows.
    pub home: Home,
    /// Its keys.
    pub keys: Arc<Keys>,
    /// The same, for rows and cookies.
    pub seal: Seal,
    /// The same, for codes, refresh tokens and sessions.
    pub handles: Handles,
    /// Its clock.
    pub clock: Clock,
    /// Its way to the others.
    pub outside: Outside,
    /// Where its refusals are written.
    pub log: RefusalLog,
    /// How often its log tells that a run came to no decision.
    pub outages: Seldom,
    /// Whom it tells what it saw.
    pub observer: Observer,
}

/// What a party is given at its start.
pub struct Given {
    /// The host name in its client certificate.
    pub host: Hostname,
    /// Its clock.
    pub clock: Clock,
    /// Its way to the others.
    pub outside: Outside,
    /// Where its refusals are written.
    pub log: RefusalLog,
    /// Whom it tells what it saw.
    pub observer: Observer,
}

impl App {
    /// A party with these rows and keys.
    pub fn new(party: &'static str, home: Home, keys: Keys, given: Given) -> Arc<Self> {
        let keys = Arc::new(keys);
        Arc::new(Self {
            party,
            host: given.host,
            home,
            seal: Seal::new(Arc::clone(&keys)),
            handles: Handles::new(Arc::clone(&keys)),
            keys,
            clock: given.clock,
            outside: given.outside,
            log: given.log,
            outages: Seldom::default(),
            observer: given.observer,
        })
    }

    /// The typed row of `key`.
    ///
    /// # Errors
    /// [`Outage`] when the store does not answer or the row contradicts its kind.
    pub async fn load<T: Record>(
        &self,
        key: Key,
        now: Moment,
    ) -> Result<Option<Stored<T>>, Outage> {
        let rows = self.home.get(std::slice::from_ref(&key), now).await?;
        let Some(row) = rows.into_iter().next().flatten() else {
            return Ok(None);
        };
        self.opened(&key, row).map(Some)
    }

    /// A row as the store had it, as what it means.
    ///
    /// # Errors
    /// [`Outage::BadRow`].
    pub fn opened<T: Record>(&self, key: &Key, row: Row<Sealed>) -> Result<Stored<T>, Outage> {
        let body = self.seal.open_row(key, row.body).map_err(|_| {
            Outage::BadRow(format!("a row of {} was not sealed by us", key.space().0))
        })?;
        let value = T::from_body(&body).map_err(|bad| Outage::BadRow(bad.to_string()))?;
        Ok(Stored {
            version: row.version,
            until: row.until,
            value,
        })
    }

    /// Tells the observer of a step that went well.
    pub fn saw(&self, step: u8, trace: TraceId, peer: impl Into<String>, note: impl Into<String>) {
        if self.observer.is_heard() {
            self.tell(sighting(step, trace, self.party, peer, note));
        }
    }

    /// Tells the observer of a step that did not.
    pub fn saw_fail(
        &self,
        step: u8,
        trace: TraceId,
        peer: impl Into<String>,
        note: impl Into<String>,
    ) {
        if self.observer.is_heard() {
            self.tell(Sighting {
                ok: false,
                ..sighting(step, trace, self.party, peer, note)
            });
        }
    }

    /// What a run does at one provider, for the steps that happen once for each; nobody in
    /// particular without `aanbieder`.
    pub const fn turn(&self, trace: TraceId, aanbieder: Option<String>) -> Turn<'_> {
        Turn {
            app: self,
            trace,
            aanbieder,
        }
    }

    /// Tells the observer, with the time of this party's clock.
    pub fn tell(&self, sighting: Sighting) {
        self.observer.saw(Sighting {
            time: self.clock.now().unix(),
            ..sighting
        });
    }

    /// Tells of a refusal that no rule had to decide: the operator in the log, and the observer.
    pub fn refused(&self, trace: TraceId, requirement: &str, reason: &str) {
        self.refusal(self.clock.now(), trace, requirement, reason, "unknown");
    }

    /// The same, of somebody who said by a certificate who he is: `who` is that name.
    pub fn refused_to(&self, who: &str, trace: TraceId, requirement: &str, reason: &str) {
        self.refusal(self.clock.now(), trace, requirement, reason, who);
    }

    /// The same, of each refusal among what a rule decided.
    pub fn refusals(&self, now: Moment, trace: TraceId, events: &[Event]) {
        let refused = |event: &&Event| event.outcome == Outcome::Refused;
        for event in events.iter().filter(refused) {
            let who = match &event.who {
                Actor::Person => "person",
                Actor::Party(name) => name,
                Actor::Unknown => "unknown",
            };
            self.refusal(now, trace, event.requirement, event.what, who);
        }
    }

    /// The only place that tells of a refusal, so that none is told twice.
    fn refusal(&self, now: Moment, trace: TraceId, requirement: &str, reason: &str, who: &str) {
        let refused = Weigering {
            trace_id: trace.to_string(),
            party: self.party.to_owned(),
            requirement: requirement.to_owned(),
            reason: reason.to_owned(),
            who: who.to_owned(),
            time: now.unix(),
        };
        self.log.write(&refused);
        self.observer.refused(refused);
    }
}

/// See [`App::turn`].
pub struct Turn<'a> {
    app: &'a App,
    /// The run.
    pub trace: TraceId,
    aanbieder: Option<String>,
}

impl Turn<'_> {
    /// Tells the observer of a step that went well.
    pub fn saw(&self, step: u8, peer: impl Into<String>, note: impl Into<String>) {
        self.told(step, peer, note, true);
    }

    /// Tells the observer of a step that did not.
    pub fn saw_fail(&self, step: u8, peer: impl Into<String>, note: impl Into<String>) {
        self.told(step, peer, note, false);
    }

    /// Tells the observer of a step, and whether it went well.
    pub fn told(&self, step: u8, peer: impl Into<String>, note: impl Into<String>, ok: bool) {
        if self.app.observer.is_heard() {
            self.app.tell(Sighting {
                ok,
                aanbieder: self.aanbieder.clone(),
                ..sighting(step, self.trace, self.app.party, peer, note)
            });
        }
    }
}
