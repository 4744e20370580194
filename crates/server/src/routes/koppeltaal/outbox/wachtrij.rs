//! What waits in the store, read from the oldest on.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use koppeltaal::Domein;
use koppeltaal::outbox::Uitgaand;
use store::{NotCommitted, Page, Store as _};
use verdict::{Change, IndexKey, Key, Moment, Record as _, Row, Sealed, Stored};

use super::{BATCH, Rij, commit};
use crate::routes::koppeltaal::{DomeinNu, KoppeltaalRole};
use crate::settle::Outage;

/// Rows read at once, each of which may have [`BERICHTEN_BYTES_MAX`](koppeltaal::outbox::BERICHTEN_BYTES_MAX), and
/// pages read in one round.
const PAGE_ROWS: u16 = 16;
const PAGES_MAX: usize = 64;

/// How far each domain was read.
#[derive(Default)]
pub(super) struct Leesstand(Mutex<HashMap<Domein, Gelezen>>);

/// The oldest rows of a domain, none of which may be sent yet: the FHIR server refused something of them. They
/// are passed over until everything is looked at again; if each round read them, a FHIR server that refuses
/// much would make it cost as much as all that waits.
#[derive(Default)]
struct Gelezen {
    /// The last of them.
    tot: Option<Key>,
    events: usize,
}

/// What a round found.
#[derive(Default)]
pub(super) struct Gevonden {
    /// What may be sent now, the oldest first: [`BATCH`] at most.
    pub(super) rows: Vec<Rij>,
    /// Whether there may be more.
    pub(super) is_part: bool,
}

impl Leesstand {
    /// Begins from the oldest again.
    pub(super) fn forget(&self) {
        self.locked().clear();
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<Domein, Gelezen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KoppeltaalRole {
    /// What may be sent now of what is in the store. What was tried for too long goes.
    pub(super) async fn waiting(&self, domein: &DomeinNu) -> Result<Gevonden, Outage> {
        let name = &domein.configuratie.domein;
        let leesstand = &self.outbox.leesstand;
        let gelezen = leesstand.locked().remove(name);
        let mut gelezen = gelezen.unwrap_or_default();
        let gevonden = self.read_on(domein, &mut gelezen).await?;
        leesstand.locked().insert(name.clone(), gelezen);
        Ok(gevonden)
    }

    async fn read_on(&self, domein: &DomeinNu, gelezen: &mut Gelezen) -> Result<Gevonden, Outage> {
        let now = self.app.clock.now();
        let name = &domein.configuratie.domein;
        let of_domain = IndexKey::Text(name.as_str().to_owned());
        let mut gevonden = Gevonden::default();
        let mut events = gelezen.events;
        let mut next = gelezen.tot.clone();
        for _ in 0..PAGES_MAX {
            let page = next.map_or(Page::first(PAGE_ROWS), |key| Page::after(key, PAGE_ROWS));
            let (space, index) = (Uitgaand::SPACE, Uitgaand::INDEX);
            let found = self.app.home.find(space, index, &of_domain, page, now);
            let found = found.await?;
            for (key, row) in found.rows {
                match self.still_tried(name, &key, row, now).await? {
                    Some(row) => {
                        events += row.value.berichten.len();
                        gevonden.take(key, row, now, gelezen);
                    }
                    None => gevonden.pass(key, 0, gelezen),
                }
            }
            if found.next.is_none() {
                self.outbox.found(name, events);
                return Ok(gevonden);
            }
            next = found.next;
            if gevonden.rows.len() == BATCH {
                break;
            }
        }
        gevonden.is_part = true;
        Ok(gevonden)
    }

    /// The row, unless nobody reads it or it was tried for too long.
    async fn still_tried(
        &self,
        name: &Domein,
        key: &Key,
        row: Row<Sealed>,
        now: Moment,
    ) -> Result<Option<Stored<Uitgaand>>, Outage> {
        match self.app.opened::<Uitgaand>(key, row) {
            Ok(found) if found.value.is_given_up(now) => {
                self.give_up(key, &found).await?;
                Ok(None)
            }
            Ok(found) => Ok(Some(found)),
            Err(outage) => {
                // It holds up no other: a newer node wrote it, perhaps, and sends it.
                tracing::warn!(party = self.app.party, domein = %name, %outage, "AuditEvents were not read");
                Ok(None)
            }
        }
    }

    async fn give_up(&self, key: &Key, found: &Stored<Uitgaand>) -> Result<(), Outage> {
        let gone = vec![Change::remove(key.clone(), found.version)];
        match commit(&self.app, gone).await {
            Ok(()) => {
                let uitgaand = &found.value;
                for bericht in &uitgaand.berichten {
                    let reason = "it was not taken for a month";
                    let request = bericht.request.as_str();
                    (self.outbox).told(&self.app, &uitgaand.domein, request, reason);
                }
                self.outbox.gone(&uitgaand.domein, uitgaand.berichten.len());
                Ok(())
            }
            // Another node tells of them.
            Err(NotCommitted::Conflict(_)) => Ok(()),
            Err(other) => Err(Outage::Store(other.to_string())),
        }
    }
}

impl Gevonden {
    /// What was just written, of which there is no more.
    pub(super) const fn all(rows: Vec<Rij>) -> Self {
        let is_part = false;
        Self { rows, is_part }
    }

    fn take(&mut self, key: Key, row: Stored<Uitgaand>, now: Moment, gelezen: &mut Gelezen) {
        if !row.value.is_due(now) {
            self.pass(key, row.value.berichten.len(), gelezen);
        } else if self.rows.len() < BATCH {
            self.rows.push((key, row));
        } else {
            self.is_part = true;
        }
    }

    /// Leaves a row where it is, and remembers that where nothing before it may be sent.
    fn pass(&self, key: Key, events: usize, gelezen: &mut Gelezen) {
        if self.rows.is_empty() {
            gelezen.tot = Some(key);
            gelezen.events += events;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::rows;
    use super::*;

    const NOW: Moment = Moment::from_unix(1_800_000_000);

    /// What a round takes of rows of an event each, of which some were refused and wait.
    fn taken(gelezen: &mut Gelezen, number: u32, waits: impl Fn(usize) -> bool) -> Gevonden {
        let mut gevonden = Gevonden::default();
        for (at, (key, mut row)) in rows("d1", number).into_iter().enumerate() {
            if waits(at) {
                row.value.due = NOW.plus_s(10).unix();
            }
            gevonden.take(key, row, NOW, gelezen);
        }
        gevonden
    }

    #[test]
    fn the_oldest_that_were_refused_are_passed_over_and_others_only_left() {
        let keys: Vec<Key> = rows("d1", 6).into_iter().map(|(key, _)| key).collect();
        let mut gelezen = Gelezen::default();
        let gevonden = taken(&mut gelezen, 6, |at| at < 2 || at == 4);
        let found: Vec<&Key> = gevonden.rows.iter().map(|(key, _)| key).collect();
        assert_eq!(found, [&keys[2], &keys[3], &keys[5]]);
        assert!(!gevonden.is_part);
        assert_eq!((&gelezen.tot, gelezen.events), (&Some(keys[1].clone()), 2));
    }

    #[test]
    fn where_nothing_was_refused_everything_is_read_again() {
        let mut gelezen = Gelezen::default();
        assert_eq!(taken(&mut gelezen, 3, |_| false).rows.len(), 3);
        assert!(gelezen.tot.is_none());
    }

    #[test]
    fn a_round_takes_no_more_than_it_sends_and_says_that_there_is_more() {
        let number = u32::try_from(BATCH).expect("a small number");
        let mut gelezen = Gelezen::default();
        let all = taken(&mut gelezen, number, |_| false);
        assert_eq!((all.rows.len(), all.is_part), (BATCH, false));
        let some = taken(&mut gelezen, number + 1, |_| false);
        assert_eq!((some.rows.len(), some.is_part), (BATCH, true));
    }
}
