//! A home without a disk: for tests, and for what may be forgotten when the process ends.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use verdict::{Event, IndexKey, Key, Moment, Row, Sealed, Space};

use crate::columns;
use crate::commit::AUDIT_ROWS_MAX;
use crate::{Applied, AuditRow, Commit, Down, Found, Group, NotCommitted, Page, Standing};
use crate::{AuditGap, Destroyed, RetentionDays, Store, Write};

/// Most lines of the audit log; the oldest make room, since this home promises no retention.
const AUDIT_KEPT_MAX: usize = 1_000_000;

/// A home in memory. Its groups hold one commit.
#[derive(Default)]
pub struct Memory {
    held: Mutex<Held>,
}

struct Held {
    rows: BTreeMap<Key, Row<Sealed>>,
    lookups: BTreeSet<(Space, &'static str, IndexKey, Key)>,
    days: BTreeSet<(i64, Key)>,
    once_floor: Moment,
    audit: VecDeque<AuditRow>,
    audit_seq: u64,
    gaps: BTreeMap<i64, AuditGap>,
}

impl Memory {
    /// An empty home.
    pub fn new() -> Self {
        Self::default()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing panics while it holds the lock half-way through a change.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Memory {
    async fn get(&self, keys: &[Key], now: Moment) -> Result<Vec<Option<Row<Sealed>>>, Down> {
        let held = self.held();
        Ok(keys.iter().map(|key| held.live(key, now)).collect())
    }

    async fn find(
        &self,
        space: Space,
        index: &'static str,
        key: &IndexKey,
        page: Page,
        now: Moment,
    ) -> Result<Found, Down> {
        Ok(self.held().find(space, index, key, page, now))
    }

    async fn commit(&self, commit: Commit) -> Result<(), NotCommitted> {
        self.held().commit(&commit)
    }

    async fn sweep(&self, now: Moment, rows_max: u16) -> Result<u16, Down> {
        Ok(self.held().sweep(now, rows_max))
    }

    async fn destroy_audit(&self, now: Moment, kept: RetentionDays) -> Result<Destroyed, Down> {
        Ok(self.held().destroy_audit(kept.kept_from(now)))
    }

    async fn audit_gaps(&self) -> Result<Vec<AuditGap>, Down> {
        Ok(self.held().gaps.values().copied().collect())
    }

    async fn audit(&self, after: u64, rows_max: u16) -> Result<Vec<AuditRow>, Down> {
        let held = self.held();
        let at = held.audit.partition_point(|row| row.seq <= after);
        let rows_max = usize::from(rows_max.min(AUDIT_ROWS_MAX));
        Ok(held.audit.range(at..).take(rows_max).cloned().collect())
    }
}

impl Default for Held {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            lookups: BTreeSet::new(),
            days: BTreeSet::new(),
            once_floor: Moment::from_unix(i64::MIN),
            audit: VecDeque::new(),
            audit_seq: 0,
            gaps: BTreeMap::new(),
        }
    }
}

impl Held {
    fn live(&self, key: &Key, now: Moment) -> Option<Row<Sealed>> {
        let row = self.rows.get(key)?;
        (!row.until.is_over_at(now)).then(|| row.clone())
    }

    fn find(
        &self,
        space: Space,
        index: &'static str,
        key: &IndexKey,
        page: Page,
        now: Moment,
    ) -> Found {
        // No key comes before this one.
        let first = Key::Once(Space(""), [0; 32]);
        let after = (space, index, key.clone(), page.after.unwrap_or(first));
        let here = |entry: &&(Space, &str, IndexKey, Key)| {
            (entry.0, entry.1, &entry.2) == (space, index, key)
        };
        let entries = self
            .lookups
            .range((Bound::Excluded(after), Bound::Unbounded));
        let keys: Vec<&Key> = entries
            .take_while(here)
            .take(usize::from(page.rows_max))
            .map(|entry| &entry.3)
            .collect();
        let full = keys.len() == usize::from(page.rows_max);
        let next = keys.last().filter(|_| full).map(|key| (*key).clone());
        let rows = keys
            .into_iter()
            .filter_map(|key| Some((key.clone(), self.live(key, now)?)))
            .collect();
        Found { rows, next }
    }

    fn commit(&mut self, commit: &Commit) -> Result<(), NotCommitted> {
        let standing = |row: &Row<Sealed>| Standing {
            version: row.version,
            until: row.until,
            last: row.last,
        };
        let keys = Group::keys([commit]);
        let found = keys
            .iter()
            .map(|key| (*key, self.rows.get(*key).map(standing)));
        let mut group = Group::loaded(found, self.once_floor);
        if group.decide(commit)? == Applied::Before {
            return Ok(());
        }
        for (key, write) in group.writes() {
            self.remove(key);
            if let Write::Put { standing, body } = write {
                self.insert(key, standing, body);
            }
        }
        for event in commit.events() {
            self.log(event, commit);
        }
        Ok(())
    }

    fn insert(&mut self, key: &Key, standing: Standing, body: &Sealed) {
        for (name, value) in &body.index {
            let lookup = (key.space(), *name, value.clone(), key.clone());
            self.lookups.insert(lookup);
        }
        self.days.insert((standing.until.day(), key.clone()));
        let row = Row {
            version: standing.version,
            until: standing.until,
            last: standing.last,
            body: body.clone(),
        };
        self.rows.insert(key.clone(), row);
    }

    fn remove(&mut self, key: &Key) -> Option<Row<Sealed>> {
        let row = self.rows.remove(key)?;
        self.days.remove(&(row.until.day(), key.clone()));
        for (name, value) in &row.body.index {
            let lookup = (key.space(), *name, value.clone(), key.clone());
            self.lookups.remove(&lookup);
        }
        Some(row)
    }

    fn sweep(&mut self, now: Moment, rows_max: u16) -> u16 {
        let mut swept = 0;
        while swept < rows_max
            && let Some((day, key)) = self.days.first().cloned()
            && day < now.day()
        {
            let row = self.remove(&key);
            if let (Key::Once(..), Some(row)) = (&key, row) {
                self.once_floor = self.once_floor.max(row.until);
            }
            swept += 1;
        }
        swept
    }

    fn destroy_audit(&mut self, kept_from: i64) -> Destroyed {
        let before = self.audit.len();
        let gaps = &mut self.gaps;
        self.audit.retain(|row| {
            let day = row.moment.day();
            if day >= kept_from {
                return true;
            }
            let gap = gaps.entry(day).or_insert(AuditGap {
                day,
                first: row.seq,
                last: row.seq,
                count: 0,
            });
            (gap.first, gap.last) = (gap.first.min(row.seq), gap.last.max(row.seq));
            gap.count += 1;
            false
        });
        let events = u64::try_from(before - self.audit.len()).unwrap_or(u64::MAX);
        Destroyed {
            events,
            more: false,
        }
    }

    fn log(&mut self, event: &Event, commit: &Commit) {
        if self.audit.len() == AUDIT_KEPT_MAX {
            self.audit.pop_front();
        }
        self.audit_seq += 1;
        self.audit.push_back(AuditRow {
            seq: self.audit_seq,
            moment: commit.now(),
            requirement: event.requirement.to_owned(),
            what: event.what.to_owned(),
            outcome: event.outcome,
            who: event.who.clone(),
            whose: event.whose,
            details: columns::owned(&event.details),
            commit: commit.id(),
            trace: commit.trace().copied(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::contract::every_scenario!(async { (Memory::new(), ()) });
}
