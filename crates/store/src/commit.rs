//! What a home is asked, and what it answers.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use verdict::{
    Actor, Change, CommitId, Event, Key, Moment, Outcome, PersonTag, Row, Sealed, Space, Then,
};

/// Most changes in one commit. A verdict changes a handful of rows; a loop that went wrong must
/// not hold up everybody else's group.
pub const CHANGES_MAX: usize = 64;
/// Most audit events in one commit.
pub const EVENTS_MAX: usize = 64;
/// Most secondary keys of one row.
pub const INDEX_MAX: usize = 16;
/// Longest key within a space, and longest secondary key, in bytes.
pub const KEY_BYTES_MAX: usize = 512;
/// Largest content of one row, open and private part together, in bytes.
pub const BODY_BYTES_MAX: usize = 1 << 20;
/// The ids of commits that may be sent again.
const SENT: Space = Space("store.commit");
/// Most rows of one page of [`crate::Store::find`]; a page that asks for more gets this many.
pub const PAGE_ROWS_MAX: u16 = 256;
/// Most rows of one answer of [`crate::Store::audit`].
pub const AUDIT_ROWS_MAX: u16 = 1024;

/// What one verdict wants stored: all of it, or nothing. `B` is a row's content, as the caller has
/// it ([`Sealed`]) or as a home keeps it.
#[derive(Clone, Debug)]
pub struct Commit<B = Sealed> {
    id: CommitId,
    now: Moment,
    trace: Option<Trace>,
    changes: Vec<Change<B>>,
    events: Vec<Event>,
}

/// The number of the request that a commit serves, as sixteen bytes: what the caller was told, so that
/// the events of its request are found again. It says nothing about anybody.
pub type Trace = [u8; 16];

impl Commit {
    /// A commit with an id that was never used before, decided at `now`.
    ///
    /// # Errors
    /// [`BadCommit`] when a bound of this module is exceeded or a row is written twice; a row may
    /// be guarded any number of times beside its one write.
    pub fn new(
        id: CommitId,
        now: Moment,
        changes: Vec<Change<Sealed>>,
        events: Vec<Event>,
    ) -> Result<Self, BadCommit> {
        if changes.len() > CHANGES_MAX {
            return Err(BadCommit::TooManyChanges(changes.len()));
        }
        if events.len() > EVENTS_MAX {
            return Err(BadCommit::TooManyEvents(events.len()));
        }
        let mut written = HashSet::new();
        for change in &changes {
            fits(change)?;
            if !matches!(change.then, Then::Keep) && !written.insert(&change.key) {
                return Err(BadCommit::WrittenTwice(change.key.space()));
            }
        }
        drop(written);
        Ok(Self {
            id,
            now,
            trace: None,
            changes,
            events,
        })
    }
}

impl Commit {
    /// The same as [`Commit::new`], for a commit that is sent again when its outcome is unknown: it
    /// also spends its own id, until `until`. Until then it is applied once, whatever others did to
    /// its rows between two sendings; without this a consent that was given, withdrawn by somebody
    /// else, and sent again would be back.
    ///
    /// # Errors
    /// As [`Commit::new`]; the id counts as one change.
    pub fn repeatable(
        id: CommitId,
        now: Moment,
        until: Moment,
        mut changes: Vec<Change<Sealed>>,
        events: Vec<Event>,
    ) -> Result<Self, BadCommit> {
        let mut own = [0; 32];
        own[..16].copy_from_slice(&id.0);
        changes.push(Change::spend(Key::Once(SENT, own), until));
        Self::new(id, now, changes, events)
    }
}

impl<B> Commit<B> {
    /// The same commit, whose events are found by the number of the request.
    #[must_use]
    pub const fn traced(mut self, trace: Trace) -> Self {
        self.trace = Some(trace);
        self
    }

    /// The number of the request, if there was one.
    pub(crate) const fn trace(&self) -> Option<&Trace> {
        self.trace.as_ref()
    }

    /// What its rows will carry as `last`.
    pub const fn id(&self) -> CommitId {
        self.id
    }

    /// The id as it stands in a row.
    pub(crate) const fn id_bytes(&self) -> &[u8] {
        &self.id.0
    }

    /// The moment of the decision: rows that are over then count as absent.
    pub const fn now(&self) -> Moment {
        self.now
    }

    /// The changes.
    pub fn changes(&self) -> &[Change<B>] {
        &self.changes
    }

    /// The audit events.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The same commit with each row's content turned into what a home keeps.
    pub(crate) fn map<C>(self, mut content: impl FnMut(B) -> C) -> Commit<C> {
        let changes = self.changes.into_iter().map(|change| Change {
            key: change.key,
            expect: change.expect,
            then: match change.then {
                Then::Keep => Then::Keep,
                Then::Put { until, body } => Then::Put {
                    until,
                    body: content(body),
                },
                Then::Remove => Then::Remove,
            },
        });
        Commit {
            id: self.id,
            now: self.now,
            trace: self.trace,
            changes: changes.collect(),
            events: self.events,
        }
    }
}

/// A commit that no home takes: a mistake of the program, never of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadCommit {
    /// More than [`CHANGES_MAX`].
    TooManyChanges(usize),
    /// More than [`EVENTS_MAX`].
    TooManyEvents(usize),
    /// A key or secondary key longer than [`KEY_BYTES_MAX`], or more than [`INDEX_MAX`] of them.
    KeyTooLong(Space),
    /// Content larger than [`BODY_BYTES_MAX`].
    BodyTooLarge(Space),
    /// Two changes put or remove the same row.
    WrittenTwice(Space),
}

impl fmt::Display for BadCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyChanges(n) => write!(f, "{n} changes in a commit; {CHANGES_MAX} fit"),
            Self::TooManyEvents(n) => write!(f, "{n} audit events in a commit; {EVENTS_MAX} fit"),
            Self::KeyTooLong(space) => write!(
                f,
                "a row of {} with a key of more than {KEY_BYTES_MAX} bytes, or more than \
                 {INDEX_MAX} secondary keys",
                space.0
            ),
            Self::BodyTooLarge(space) => write!(
                f,
                "a row of {} with more than {BODY_BYTES_MAX} bytes of content",
                space.0
            ),
            Self::WrittenTwice(space) => {
                write!(f, "a commit writes the same row of {} twice", space.0)
            }
        }
    }
}

impl std::error::Error for BadCommit {}

/// Why a commit was not applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotCommitted {
    /// This row was not as expected; nothing was changed. Read again and decide again.
    Conflict(Key),
    /// Too much is waiting; nothing was changed.
    Busy {
        /// When to try again, in seconds.
        retry_after_s: u32,
    },
    /// The connection or disk failed while the commit was made durable: it may have been applied.
    /// Send it again, with the same id, to the store that comes up next.
    Unknown,
    /// The store does not work, and did not apply this.
    Down,
}

impl fmt::Display for NotCommitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict(key) => write!(f, "a row of {} was not as expected", key.space().0),
            Self::Busy { retry_after_s } => {
                write!(f, "the store is busy; try again in {retry_after_s} s")
            }
            Self::Unknown => f.write_str("the store failed during the commit; it may be applied"),
            Self::Down => Down.fmt(f),
        }
    }
}

impl std::error::Error for NotCommitted {}

/// The store does not work. Its log says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Down;

impl fmt::Display for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store is down; its log says why")
    }
}

impl std::error::Error for Down {}

impl From<Down> for NotCommitted {
    fn from(_: Down) -> Self {
        Self::Down
    }
}

/// Which part of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub(crate) after: Option<Key>,
    pub(crate) rows_max: u16,
}

impl Page {
    /// The first rows: 1 to [`PAGE_ROWS_MAX`].
    pub fn first(rows_max: u16) -> Self {
        Self {
            after: None,
            rows_max: rows_max.clamp(1, PAGE_ROWS_MAX),
        }
    }

    /// The rows that follow [`Found::next`] of the page before.
    pub fn after(next: Key, rows_max: u16) -> Self {
        Self {
            after: Some(next),
            ..Self::first(rows_max)
        }
    }
}

/// One page of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The rows, in the order of their keys.
    pub rows: Vec<(Key, Row<Sealed>)>,
    /// Where the next page starts, when there may be one.
    pub next: Option<Key>,
}

/// One line of the audit log, as it was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number: higher for later commits, never given twice.
    pub seq: u64,
    /// The moment of the decision.
    pub moment: Moment,
    /// The requirement that decided.
    pub requirement: String,
    /// What happened.
    pub what: String,
    /// Whether it was granted.
    pub outcome: Outcome,
    /// Who asked.
    pub who: Actor,
    /// Whose data it concerns.
    pub whose: Option<PersonTag>,
    /// What else it was about, by name.
    pub details: BTreeMap<String, String>,
    /// The commit whose changes it tells of.
    pub commit: CommitId,
    /// The request that it came from; none for what no request asked for.
    pub trace: Option<Trace>,
}

/// Whether a change stays within the bounds of this module.
fn fits(change: &Change<Sealed>) -> Result<(), BadCommit> {
    let space = change.key.space();
    if change.key.bytes().len() > KEY_BYTES_MAX {
        return Err(BadCommit::KeyTooLong(space));
    }
    let Then::Put { body, .. } = &change.then else {
        return Ok(());
    };
    let long = |(_, key): &(&str, verdict::IndexKey)| match key {
        verdict::IndexKey::Text(text) => text.len() > KEY_BYTES_MAX,
        verdict::IndexKey::Person(_) => false,
    };
    if body.index.len() > INDEX_MAX || body.index.iter().any(long) {
        return Err(BadCommit::KeyTooLong(space));
    }
    if body.private.len() + body.open.as_str().len() > BODY_BYTES_MAX {
        return Err(BadCommit::BodyTooLarge(space));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use verdict::{Expect, IndexKey};

    use super::*;

    const SPACE: Space = Space("test.row");

    fn put(id: &[u8], body: Sealed) -> Change<Sealed> {
        Change {
            key: Key::Record(SPACE, id.to_vec()),
            expect: Expect::Absent,
            then: Then::Put {
                until: Moment::from_unix(10),
                body,
            },
        }
    }

    fn commit(changes: Vec<Change<Sealed>>) -> Result<Commit, BadCommit> {
        Commit::new(CommitId([1; 16]), Moment::from_unix(1), changes, Vec::new())
    }

    #[test]
    fn a_row_is_guarded_beside_its_one_write() {
        let guard = Change::guard(Key::Record(SPACE, b"a".to_vec()));
        let once = put(b"a", Sealed::default());
        assert!(commit(vec![guard, once.clone()]).is_ok());
        let refused = commit(vec![once.clone(), once]).expect_err("two writes");
        assert_eq!(refused, BadCommit::WrittenTwice(SPACE));
    }

    #[test]
    fn every_bound_is_kept() {
        let row = |n: usize| put(&n.to_be_bytes(), Sealed::default());
        let refused = |changes| commit(changes).expect_err("out of bounds");
        assert!(commit((0..CHANGES_MAX).map(row).collect()).is_ok());
        let too_many = (0..=CHANGES_MAX).map(row).collect();
        assert_eq!(refused(too_many), BadCommit::TooManyChanges(65));
        let long = vec![b'x'; KEY_BYTES_MAX + 1];
        assert_eq!(
            refused(vec![put(&long, Sealed::default())]),
            BadCommit::KeyTooLong(SPACE)
        );
        let text = String::from_utf8(long).expect("ascii");
        let indexed = Sealed {
            index: vec![("name", IndexKey::Text(text))],
            ..Sealed::default()
        };
        assert_eq!(
            refused(vec![put(b"a", indexed)]),
            BadCommit::KeyTooLong(SPACE)
        );
        let large = Sealed {
            open: json!("x".repeat(BODY_BYTES_MAX)).into(),
            ..Sealed::default()
        };
        assert_eq!(
            refused(vec![put(b"a", large)]),
            BadCommit::BodyTooLarge(SPACE)
        );
    }
}
