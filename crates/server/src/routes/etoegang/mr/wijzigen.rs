//! Registration and withdrawal of mandates (AUC3 in etoegang.md §2.1), as the API and the pages both do them.

use etoegang::machtiging::{Machtiging, Wat};
use verdict::{Key, Step, Stored, Verdict};

use super::MrRole;
use crate::door::TraceId;
use crate::machtigingenbeheer::{Geweigerd, referentie};
use crate::routes::etoegang::beheer::Beheerder;
use crate::settle::{Journey, Outage, Run, settle};

/// Bytes of a reference, at most.
pub(super) const REFERENCE_MAX: usize = 64;

/// What became of mandates that somebody wanted to register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Geregistreerd {
    /// They are.
    Ja,
    /// None is: there is one of this reference already.
    Al(String),
    /// None is.
    Nee(Geweigerd),
}

/// What became of a mandate that somebody wanted to withdraw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ingetrokken {
    /// It is.
    Ja,
    /// It was before, and stays as it was.
    Al,
    /// There is none of this reference.
    Onbekend,
}

impl MrRole {
    /// Registers mandates under new references: all of them, or none.
    pub(super) async fn registreren(
        &self,
        trace: TraceId,
        nieuw: Vec<(String, Machtiging)>,
        wie: &Beheerder,
    ) -> Result<Geregistreerd, Outage> {
        for (_, machtiging) in &nieuw {
            if !self.kent(&machtiging.service_uuid).await? {
                return Ok(Geregistreerd::Nee(Geweigerd::Dienst));
            }
        }
        let wie = wie.clone();
        settle(&self.app, trace, Registratie { nieuw, wie }).await
    }

    /// Withdraws one. It stays to be seen: what was done under it must be explained for seven years.
    pub(super) async fn intrekken(
        &self,
        trace: TraceId,
        id: &str,
        wie: &Beheerder,
    ) -> Result<Ingetrokken, Outage> {
        if id.len() > REFERENCE_MAX {
            return Ok(Ingetrokken::Onbekend);
        }
        let (id, wie) = (id.to_owned(), wie.clone());
        settle(&self.app, trace, Intrekking { id, wie }).await
    }

    /// The mandate of this reference.
    pub(super) async fn een(&self, id: &str) -> Result<Option<Stored<Machtiging>>, Outage> {
        if id.len() > REFERENCE_MAX {
            return Ok(None);
        }
        let now = self.app.clock.now();
        self.app.load(Machtiging::key(id), now).await
    }
}

struct Registratie {
    nieuw: Vec<(String, Machtiging)>,
    wie: Beheerder,
}

impl Journey for Registratie {
    type Reply = Geregistreerd;
    type Question = Vec<Key>;

    fn begin(&self, _: &Run) -> Step<Geregistreerd, Vec<Key>> {
        let keys = self.nieuw.iter().map(|(id, _)| Machtiging::key(id));
        Step::Ask(keys.collect())
    }

    async fn answer(
        &self,
        run: &Run,
        keys: Vec<Key>,
    ) -> Result<Step<Geregistreerd, Vec<Key>>, Outage> {
        for key in keys {
            if run.load::<Machtiging>(key.clone()).await?.is_some() {
                return Ok(Step::reply(Geregistreerd::Al(referentie(&key))));
            }
        }
        let (mut changes, mut events) = (Vec::new(), Vec::new());
        for (id, machtiging) in &self.nieuw {
            match machtiging.registreren(id, self.wie.wie(), run.now) {
                Ok(change) => changes.push(change),
                Err(weigering) => {
                    let refused = Geweigerd::Machtiging(weigering);
                    return Ok(Step::reply(Geregistreerd::Nee(refused)));
                }
            }
            events.push(Wat::Geregistreerd.event(id, self.wie.actor()));
        }
        Ok(Step::Done(Verdict {
            reply: Geregistreerd::Ja,
            changes,
            events,
        }))
    }
}

struct Intrekking {
    id: String,
    wie: Beheerder,
}

impl Journey for Intrekking {
    type Reply = Ingetrokken;
    type Question = Key;

    fn begin(&self, _: &Run) -> Step<Ingetrokken, Key> {
        Step::Ask(Machtiging::key(&self.id))
    }

    async fn answer(&self, run: &Run, key: Key) -> Result<Step<Ingetrokken, Key>, Outage> {
        let Some(found) = run.load::<Machtiging>(key).await? else {
            return Ok(Step::reply(Ingetrokken::Onbekend));
        };
        let withdrawn = Machtiging::intrekken(found, &self.id, self.wie.wie(), run.now);
        let Some(change) = withdrawn else {
            return Ok(Step::reply(Ingetrokken::Al));
        };
        Ok(Step::Done(Verdict {
            reply: Ingetrokken::Ja,
            changes: vec![change],
            events: vec![Wat::Ingetrokken.event(&self.id, self.wie.actor())],
        }))
    }
}
