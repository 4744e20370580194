//! Whether a home can have behaved as a history says.
//!
//! The audit log is the order in which commits took effect. The checker replays it on rows of its
//! own, with a decider of its own, and holds every answer, every read and every row against it:
//!
//! - each answered change is there, once, and a refused commit left nothing;
//! - nothing spendable was accepted twice, and what was withdrawn stayed withdrawn, because each
//!   commit finds what it expected where the log has it;
//! - the order is one that clients can have seen: what was answered before another was sent comes
//!   before it, and reads and conflicts were true at some moment while they were asked.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

use verdict::{CommitId, Expect, Key};

use super::history::{Answer, Deed, Effect, Happened};

/// A row: its version, and the commit that wrote it last.
pub type Seen = Option<(u64, CommitId)>;

/// What no home may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// A commit was answered and is not in the log.
    Lost(CommitId),
    /// A commit was refused and is in the log.
    LeftBehind(CommitId),
    /// A commit is in the log twice.
    Twice(CommitId),
    /// Nobody sent this commit.
    Unasked(CommitId),
    /// A commit was applied although this row was not as it expected: something was spent twice,
    /// or issued after a withdrawal.
    Impossible(CommitId, Key),
    /// A commit comes before another that was answered before it was sent.
    OutOfOrder(CommitId),
    /// A commit was refused for a row that was as it expected all the while.
    NoConflict(CommitId, Key),
    /// A read saw what was not there at any moment of it.
    Mirage(CommitId, Key, Seen),
    /// A row is not what the log makes of it.
    Row {
        /// Which one.
        key: Key,
        /// What the log makes of it.
        logged: Seen,
        /// What is there.
        found: Seen,
    },
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for Wrong {}

/// Checks the history of a home, part by part. Between two parts nothing may be under way.
#[derive(Debug, Default)]
pub struct Checker {
    rows: BTreeMap<Key, (u64, CommitId)>,
    /// Every row that a call of the last part named.
    named: BTreeSet<Key>,
    applied: HashSet<CommitId>,
}

impl Checker {
    /// Checks what happened since the last part, against what the log tells since.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn replay(&mut self, history: &[Happened], log: &[CommitId]) -> Result<(), Wrong> {
        let calls = Calls::of(history);
        let place = self.place(&calls, log)?;
        calls.answers_hold(&place)?;
        let order = Order::of(&calls, &place, log)?;
        let mut lines: BTreeMap<Key, Line> = BTreeMap::new();
        self.named.clear();
        for key in calls.keys() {
            self.named.insert(key.clone());
            let before = self.rows.get(key).copied();
            lines.insert(key.clone(), vec![(0, before)]);
        }
        for (at, id) in log.iter().enumerate() {
            self.apply(*id, calls.deeds(*id), at, &mut lines)?;
        }
        calls.were_true(&order, &place, &lines)
    }

    /// Every row that was named in the last part, for [`Checker::holds`].
    pub fn named(&self) -> impl Iterator<Item = &Key> {
        self.named.iter()
    }

    /// Every row that is there, as the log tells since the beginning.
    pub fn standing(&self) -> impl Iterator<Item = &Key> {
        self.rows.keys()
    }

    /// Holds a row against what the log made of it.
    ///
    /// # Errors
    /// [`Wrong::Row`].
    pub fn holds(&self, key: &Key, found: Seen) -> Result<(), Wrong> {
        let logged = self.rows.get(key).copied();
        if logged == found {
            return Ok(());
        }
        Err(Wrong::Row {
            key: key.clone(),
            logged,
            found,
        })
    }

    /// Where in the log each commit is.
    fn place(&mut self, calls: &Calls<'_>, log: &[CommitId]) -> Result<Place, Wrong> {
        let mut place = HashMap::new();
        for (at, id) in log.iter().enumerate() {
            if !self.applied.insert(*id) {
                return Err(Wrong::Twice(*id));
            }
            if !calls.commits.contains_key(id) {
                return Err(Wrong::Unasked(*id));
            }
            place.insert(*id, at);
        }
        Ok(place)
    }

    fn apply(
        &mut self,
        id: CommitId,
        deeds: &[Deed],
        at: usize,
        lines: &mut BTreeMap<Key, Line>,
    ) -> Result<(), Wrong> {
        for deed in deeds {
            if !is_as_expected(deed.expect, self.rows.get(&deed.key).copied()) {
                return Err(Wrong::Impossible(id, deed.key.clone()));
            }
        }
        for deed in deeds {
            match deed.then {
                Effect::Keep => continue,
                Effect::Put => {
                    let row = self.rows.entry(deed.key.clone()).or_insert((0, id));
                    *row = (row.0 + 1, id);
                }
                Effect::Remove => {
                    self.rows.remove(&deed.key);
                }
            }
            let now = self.rows.get(&deed.key).copied();
            lines
                .entry(deed.key.clone())
                .or_default()
                .push((at + 1, now));
        }
        Ok(())
    }
}

/// Where in the log each commit is.
type Place = HashMap<CommitId, usize>;
/// What a row was from which number of commits on.
type Line = Vec<(usize, Seen)>;

fn is_as_expected(expect: Expect, row: Seen) -> bool {
    match expect {
        Expect::Absent => row.is_none(),
        Expect::Present => row.is_some(),
        Expect::Version(version) => row.is_some_and(|row| row.0 == version),
    }
}

/// Whether a row was such at some moment between these numbers of commits.
fn was(line: &Line, (from, to): (usize, usize), such: impl Fn(Seen) -> bool) -> bool {
    let ends = line.iter().skip(1).map(|next| next.0);
    let ends = ends.chain([usize::MAX]);
    let mut spans = line.iter().zip(ends);
    spans.any(|((start, row), end)| *start <= to && end > from && such(*row))
}

/// The calls of a history, by id.
#[derive(Default)]
struct Calls<'h> {
    commits: HashMap<CommitId, Sent<'h>>,
    reads: HashMap<CommitId, Read<'h>>,
}

/// A commit, with all its attempts.
struct Sent<'h> {
    deeds: &'h [Deed],
    begun: usize,
    /// When each attempt was sent, and when and what it was answered.
    attempts: Vec<(usize, Option<(usize, &'h Answer)>)>,
}

struct Read<'h> {
    key: &'h Key,
    looked: usize,
    saw: Option<(usize, Seen)>,
}

impl<'h> Calls<'h> {
    fn of(history: &'h [Happened]) -> Self {
        let mut calls = Self::default();
        for (when, happened) in history.iter().enumerate() {
            match happened {
                Happened::Sent(id, deeds) => {
                    let sent = calls.commits.entry(*id).or_insert(Sent {
                        deeds,
                        begun: when,
                        attempts: Vec::new(),
                    });
                    sent.attempts.push((when, None));
                }
                Happened::Answered(id, answer) => {
                    let sent = calls.commits.get_mut(id);
                    if let Some(last) = sent.and_then(|sent| sent.attempts.last_mut()) {
                        last.1 = Some((when, answer));
                    }
                }
                Happened::Looked(id, key) => {
                    let looked = when;
                    let saw = None;
                    calls.reads.insert(*id, Read { key, looked, saw });
                }
                Happened::Saw(id, row) => {
                    if let Some(read) = calls.reads.get_mut(id) {
                        read.saw = Some((when, *row));
                    }
                }
            }
        }
        calls
    }

    fn deeds(&self, id: CommitId) -> &'h [Deed] {
        self.commits.get(&id).map_or(&[], |sent| sent.deeds)
    }

    /// Every row that is named, some more than once.
    fn keys(&self) -> impl Iterator<Item = &'h Key> {
        let written = self.commits.values().flat_map(|sent| sent.deeds);
        let read = self.reads.values().map(|read| read.key);
        written.map(|deed| &deed.key).chain(read)
    }

    /// Each answered change is there; a refused commit left nothing.
    fn answers_hold(&self, place: &Place) -> Result<(), Wrong> {
        for (id, sent) in &self.commits {
            let logged = place.contains_key(id);
            if sent.applied().is_some() && !logged {
                return Err(Wrong::Lost(*id));
            }
            let refused = |answer: &(usize, &Answer)| {
                matches!(answer.1, Answer::Conflict(_) | Answer::Refused)
            };
            let attempts = &sent.attempts;
            if logged
                && attempts
                    .iter()
                    .all(|(_, end)| end.is_some_and(|end| refused(&end)))
            {
                return Err(Wrong::LeftBehind(*id));
            }
        }
        Ok(())
    }

    /// Reads and conflicts were true at some moment while they were asked.
    fn were_true(
        &self,
        order: &Order,
        place: &Place,
        lines: &BTreeMap<Key, Line>,
    ) -> Result<(), Wrong> {
        let none = vec![(0, None)];
        let line = |key| lines.get(key).unwrap_or(&none);
        for (id, read) in &self.reads {
            let Some((when, row)) = read.saw else {
                continue;
            };
            let during = order.during(read.looked, when);
            if !was(line(read.key), during, |then| then == row) {
                return Err(Wrong::Mirage(*id, read.key.clone(), row));
            }
        }
        for (id, sent) in &self.commits {
            // One that was applied under an earlier attempt may conflict with what came after it.
            if place.contains_key(id) {
                continue;
            }
            for (began, end) in &sent.attempts {
                let Some((ended, Answer::Conflict(key))) = end else {
                    continue;
                };
                let during = order.during(*began, *ended);
                let deeds = sent.deeds.iter().filter(|deed| deed.key == *key);
                let mut unmet = deeds
                    .map(|deed| was(line(key), during, |row| !is_as_expected(deed.expect, row)));
                if !unmet.any(|unmet| unmet) {
                    return Err(Wrong::NoConflict(*id, key.clone()));
                }
            }
        }
        Ok(())
    }
}

impl Sent<'_> {
    /// When it was first said that it is durable.
    fn applied(&self) -> Option<usize> {
        let mut ends = self.attempts.iter().filter_map(|(_, end)| *end);
        ends.find(|(_, answer)| **answer == Answer::Applied)
            .map(|(when, _)| when)
    }
}

/// What clients can know of the order: from when on so many commits had certainly taken effect, and
/// until when others certainly had not.
struct Order {
    /// Ascending moments at which it was answered that at least so many commits had taken effect.
    at_least: Vec<(usize, usize)>,
    /// Ascending moments before which at most so many had.
    at_most: Vec<(usize, usize)>,
    all: usize,
}

impl Order {
    fn of(calls: &Calls<'_>, place: &Place, log: &[CommitId]) -> Result<Self, Wrong> {
        // Going through the log: nobody may stand before one that was answered before he was sent.
        let mut sent_latest = 0;
        for id in log {
            let Some(sent) = calls.commits.get(id) else {
                return Err(Wrong::Unasked(*id));
            };
            if sent
                .applied()
                .is_some_and(|answered| answered < sent_latest)
            {
                return Err(Wrong::OutOfOrder(*id));
            }
            sent_latest = sent_latest.max(sent.begun);
        }
        let placed = || {
            let placed = calls.commits.iter();
            placed.filter_map(|(id, sent)| Some((sent, *place.get(id)?)))
        };
        let mut at_least: Vec<(usize, usize)> = placed()
            .filter_map(|(sent, at)| Some((sent.applied()?, at + 1)))
            .collect();
        at_least.sort_unstable();
        let mut most = 0;
        for (_, count) in &mut at_least {
            most = most.max(*count);
            *count = most;
        }
        let mut at_most: Vec<(usize, usize)> =
            placed().map(|(sent, at)| (sent.begun, at)).collect();
        at_most.sort_unstable();
        let mut least = log.len();
        for (_, count) in at_most.iter_mut().rev() {
            least = least.min(*count);
            *count = least;
        }
        Ok(Self {
            at_least,
            at_most,
            all: log.len(),
        })
    }

    /// The least and the most commits that can have taken effect at a moment between these two.
    fn during(&self, from: usize, to: usize) -> (usize, usize) {
        let before = self.at_least.partition_point(|(when, _)| *when < from);
        let least = before.checked_sub(1).map_or(0, |at| self.at_least[at].1);
        let after = self.at_most.partition_point(|(when, _)| *when <= to);
        let most = self.at_most.get(after).map_or(self.all, |at| at.1);
        (least, most)
    }
}

#[cfg(test)]
mod tests;
