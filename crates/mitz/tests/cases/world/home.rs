//! A party's rows in memory, decided by the function that every home shares.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use store::{Commit, Group, NotCommitted, Standing, Write};
use verdict::{
    Body, Change, Clear, CommitId, Event, Key, Moment, Outcome, Record, Row, Sealed, Secrets,
    Stored, Then,
};

/// Every row, as it stands.
pub(crate) type Rows = BTreeMap<Key, Row<Sealed>>;

/// Rows and audit log of one party. Bodies are not sealed: their private part is as the rules
/// wrote it.
#[derive(Default)]
pub(crate) struct Home {
    rows: RefCell<Rows>,
    audit: RefCell<Vec<Event>>,
    told: Cell<usize>,
    commits: Cell<u128>,
}

impl Home {
    /// The typed row of `key`.
    pub(crate) fn load<T: Record>(&self, key: &Key, now: Moment) -> Option<Stored<T>> {
        let rows = self.rows.borrow();
        let row = rows.get(key).filter(|row| !row.until.is_over_at(now))?;
        let body = Body {
            open: row.body.open.clone(),
            index: row.body.index.clone(),
            private: Secrets::new(row.body.private.clone()),
        };
        Some(Stored {
            version: row.version,
            until: row.until,
            value: T::from_body(&body).expect("a row that we wrote"),
        })
    }

    /// Whether there is a row.
    pub(crate) fn exists(&self, key: &Key, now: Moment) -> bool {
        let rows = self.rows.borrow();
        rows.get(key).is_some_and(|row| !row.until.is_over_at(now))
    }

    /// All rows, to compare with later.
    pub(crate) fn rows(&self) -> Rows {
        self.rows.borrow().clone()
    }

    /// The kind of each row that is not over, in alphabetical order.
    pub(crate) fn kinds(&self, now: Moment) -> Vec<&'static str> {
        let rows = self.rows.borrow();
        let live = rows.iter().filter(|(_, row)| !row.until.is_over_at(now));
        let mut kinds: Vec<&'static str> = live.map(|(key, _)| key.space().0).collect();
        kinds.sort_unstable();
        kinds
    }

    /// The audit events since this was last asked: requirement and outcome.
    pub(crate) fn told(&self) -> Vec<(&'static str, Outcome)> {
        let audit = self.audit.borrow();
        let new = &audit[self.told.replace(audit.len())..];
        new.iter()
            .map(|event| (event.requirement, event.outcome))
            .collect()
    }

    /// The newest audit event.
    pub(crate) fn last_event(&self) -> Event {
        self.audit.borrow().last().expect("an event").clone()
    }

    /// Applies all changes and keeps the events, or does neither and names the row that was not as
    /// expected.
    pub(crate) fn commit(
        &self,
        now: Moment,
        changes: Vec<Change<Clear>>,
        events: Vec<Event>,
    ) -> Result<(), Key> {
        if changes.is_empty() && events.is_empty() {
            return Ok(());
        }
        self.commits.set(self.commits.get() + 1);
        let id = CommitId(self.commits.get().to_be_bytes());
        let changes = changes.into_iter().map(unsealed).collect();
        let commit = Commit::new(id, now, changes, events).expect("within the bounds of a store");
        let mut rows = self.rows.borrow_mut();
        let mut group = Group::loaded(
            Group::keys([&commit])
                .into_iter()
                .map(|key| (key, rows.get(key).map(standing))),
            Moment::from_unix(i64::MIN),
        );
        match group.decide(&commit) {
            Ok(_) => {}
            Err(NotCommitted::Conflict(key)) => return Err(key),
            Err(other) => unreachable!("a map is never {other}"),
        }
        for (key, write) in group.writes() {
            match write {
                Write::Put { standing, body } => rows.insert(key.clone(), row(standing, body)),
                Write::Remove => rows.remove(key),
            };
        }
        self.audit.borrow_mut().extend(commit.events().to_vec());
        Ok(())
    }
}

fn standing(row: &Row<Sealed>) -> Standing {
    Standing {
        version: row.version,
        until: row.until,
        last: row.last,
    }
}

fn row(standing: Standing, body: &Sealed) -> Row<Sealed> {
    Row {
        version: standing.version,
        until: standing.until,
        last: standing.last,
        body: body.clone(),
    }
}

/// Stands in for the shell's seal, which is left out here.
fn unsealed(change: Change<Clear>) -> Change<Sealed> {
    Change {
        key: change.key,
        expect: change.expect,
        then: match change.then {
            Then::Keep => Then::Keep,
            Then::Remove => Then::Remove,
            Then::Put { until, body } => Then::Put {
                until,
                body: Body {
                    open: body.open,
                    index: body.index,
                    private: body.private.reveal().to_vec(),
                },
            },
        },
    }
}
