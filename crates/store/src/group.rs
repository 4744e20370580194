//! The decider: one group of commits as a transaction in memory.

use std::collections::HashMap;

use verdict::{CommitId, Expect, Key, Moment, Then};

use crate::{Commit, NotCommitted};

/// What decides about a row: everything but its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// See [`verdict::Row::version`].
    pub version: u64,
    /// See [`verdict::Row::until`].
    pub until: Moment,
    /// See [`verdict::Row::last`].
    pub last: CommitId,
}

/// The final state of a row that a group wrote.
#[derive(Debug, PartialEq, Eq)]
pub enum Write<'c, B> {
    /// The row is this.
    Put {
        /// Its version, expiry and commit.
        standing: Standing,
        /// Its content.
        body: &'c B,
    },
    /// There is no row.
    Remove,
}

/// How a commit was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// Its changes are in the group; its events belong in the log.
    Now,
    /// A row says that it was applied earlier: somebody sends it again because the answer was lost.
    /// Nothing is left to do.
    ///
    /// This sees only rows that the commit put and nobody wrote since, which is enough for a commit
    /// that was made by [`Commit::repeatable`]. Any other one that was applied, and whose rows were
    /// all written or removed since (or that put none), is judged anew: mostly a conflict, which is
    /// safe, but where others have brought the rows back to what it expects it is applied again.
    Before,
}

/// A group of commits, decided one after another in order of arrival on rows that the home loaded
/// under its lock. Each sees what those before it in the group did; a conflict in one never
/// touches another.
#[derive(Debug)]
pub struct Group<'c, B> {
    rows: HashMap<&'c Key, Slot<'c, B>>,
    once_floor: Moment,
}

#[derive(Debug)]
struct Slot<'c, B> {
    /// The row after the commits so far.
    standing: Option<Standing>,
    /// What the home must write, when a commit wrote.
    write: Option<Write<'c, B>>,
}

impl<'c, B> Group<'c, B> {
    /// Every key that the commits name, each once, in the order in which a home locks them.
    pub fn keys(commits: impl IntoIterator<Item = &'c Commit<B>>) -> Vec<&'c Key> {
        let changes = commits.into_iter().flat_map(Commit::changes);
        let mut keys: Vec<&Key> = changes.map(|change| &change.key).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// A group on the rows found for [`Group::keys`].
    ///
    /// `once_floor` is the latest `until` of any once row that was ever swept. A key that would
    /// last no longer than that may have been spent and forgotten already, so it cannot be spent
    /// again, also when the clock was set back meanwhile.
    pub fn loaded(
        rows: impl IntoIterator<Item = (&'c Key, Option<Standing>)>,
        once_floor: Moment,
    ) -> Self {
        let slot = |standing| Slot {
            standing,
            write: None,
        };
        let rows = rows.into_iter().map(|(key, found)| (key, slot(found)));
        Self {
            rows: rows.collect(),
            once_floor,
        }
    }

    /// Decides one commit: all its expectations first, then all its writes, or none of them.
    ///
    /// # Errors
    /// [`NotCommitted::Conflict`] with the first row that is not as expected, or a key to be spent
    /// that would be over at once and so guard nothing. [`NotCommitted::Down`] for a key that was
    /// not loaded, which is the home's mistake.
    pub fn decide(&mut self, commit: &'c Commit<B>) -> Result<Applied, NotCommitted> {
        if self.was_applied(commit) {
            return Ok(Applied::Before);
        }
        for change in commit.changes() {
            let found = self.rows.get(&change.key).ok_or(NotCommitted::Down)?;
            let live = live(found.standing, commit.now());
            let holds = match change.expect {
                Expect::Absent => live.is_none(),
                Expect::Present => live.is_some(),
                Expect::Version(version) => live.is_some_and(|row| row.version == version),
            };
            if !holds || self.guards_nothing(&change.key, &change.then, commit.now()) {
                return Err(NotCommitted::Conflict(change.key.clone()));
            }
        }
        for change in commit.changes() {
            if let Some(slot) = self.rows.get_mut(&change.key) {
                slot.apply(&change.then, commit);
            }
        }
        Ok(Applied::Now)
    }

    /// The rows that the decided commits wrote, each once, as they are after the last of them.
    pub fn writes(self) -> Vec<(&'c Key, Write<'c, B>)> {
        let written = |(key, slot): (&'c Key, Slot<'c, B>)| slot.write.map(|write| (key, write));
        self.rows.into_iter().filter_map(written).collect()
    }

    /// Whether a row that `commit` puts carries its id already.
    fn was_applied(&self, commit: &Commit<B>) -> bool {
        commit.changes().iter().any(|change| {
            let found = self.rows.get(&change.key).and_then(|slot| slot.standing);
            matches!(change.then, Then::Put { .. })
                && found.is_some_and(|row| row.last == commit.id())
        })
    }

    /// Whether `then` would spend a key for a time that is over already.
    fn guards_nothing(&self, key: &Key, then: &Then<B>, now: Moment) -> bool {
        match (key, then) {
            (Key::Once(..), Then::Put { until, .. }) => until.is_over_at(now.max(self.once_floor)),
            _ => false,
        }
    }
}

impl<'c, B> Slot<'c, B> {
    fn apply(&mut self, then: &'c Then<B>, commit: &Commit<B>) {
        match then {
            Then::Keep => {}
            Then::Put { until, body } => {
                let before = live(self.standing, commit.now());
                let standing = Standing {
                    version: before.map_or(1, |row| row.version.saturating_add(1)),
                    until: *until,
                    last: commit.id(),
                };
                self.standing = Some(standing);
                self.write = Some(Write::Put { standing, body });
            }
            Then::Remove => {
                self.standing = None;
                self.write = Some(Write::Remove);
            }
        }
    }
}

/// The row, unless it is over.
fn live(found: Option<Standing>, now: Moment) -> Option<Standing> {
    found.filter(|row| !row.until.is_over_at(now))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use verdict::{Change, Sealed, Space};

    use super::*;

    const CODE: Key = Key::Grant(Space("test.grant"), [1; 16]);
    const START: Moment = Moment::from_unix(0);

    fn commit(id: u8, now: i64, changes: Vec<Change<Sealed>>) -> Commit {
        Commit::new(
            CommitId([id; 16]),
            Moment::from_unix(now),
            changes,
            Vec::new(),
        )
        .expect("within bounds")
    }

    fn put(key: &Key, expect: Expect, until: i64) -> Change<Sealed> {
        Change {
            key: key.clone(),
            expect,
            then: Then::Put {
                until: Moment::from_unix(until),
                body: Sealed::default(),
            },
        }
    }

    fn standing(version: u64, until: i64) -> Standing {
        Standing {
            version,
            until: Moment::from_unix(until),
            last: CommitId([0; 16]),
        }
    }

    #[test]
    fn of_two_redemptions_in_one_group_the_first_wins() {
        let redeem = |id| commit(id, 1, vec![put(&CODE, Expect::Version(1), 100)]);
        let (first, second) = (redeem(1), redeem(2));
        let mut group = Group::loaded([(&CODE, Some(standing(1, 100)))], START);
        assert_eq!(group.decide(&first), Ok(Applied::Now));
        assert_eq!(
            group.decide(&second),
            Err(NotCommitted::Conflict(CODE.clone()))
        );
        let writes = group.writes();
        assert!(matches!(writes[..], [(_, Write::Put { standing, .. })]
            if standing.version == 2 && standing.last == first.id()));
    }

    #[test]
    fn a_commit_sent_again_is_recognised_by_its_id() {
        let once = commit(7, 1, vec![put(&CODE, Expect::Absent, 100)]);
        let mut group = Group::loaded([(&CODE, None)], START);
        assert_eq!(group.decide(&once), Ok(Applied::Now));
        assert_eq!(group.decide(&once), Ok(Applied::Before));
        assert_eq!(group.writes().len(), 1);
    }

    #[test]
    fn a_key_that_would_be_over_at_once_cannot_be_spent() {
        let jti = Key::Once(Space("test.once"), [1; 32]);
        let spend = |until| commit(1, 50, vec![put(&jti, Expect::Absent, until)]);
        let at_floor = |floor, until| {
            let commit = spend(until);
            let mut group = Group::loaded([(&jti, None)], Moment::from_unix(floor));
            group.decide(&commit)
        };
        let refused = Err(NotCommitted::Conflict(jti.clone()));
        assert_eq!(at_floor(0, 51), Ok(Applied::Now));
        assert_eq!(at_floor(0, 50), refused);
        // The clock was set back from 200 to 50, and a sweep had removed what lasted until 150.
        assert_eq!(at_floor(150, 150), refused);
        assert_eq!(at_floor(150, 151), Ok(Applied::Now));
    }

    #[test]
    fn a_key_that_was_not_loaded_is_never_guessed_at() {
        let commit = commit(1, 1, vec![put(&CODE, Expect::Absent, 100)]);
        let mut group = Group::loaded([], START);
        assert_eq!(group.decide(&commit), Err(NotCommitted::Down));
    }

    /// What a row is to the model: version, until, and who wrote it.
    type Model = BTreeMap<Key, (u64, i64, u8)>;

    /// One commit on the model, told as the documentation tells it.
    fn apply_alone(model: &mut Model, id: u8, commit: &Commit) -> bool {
        let now = commit.now().unix();
        let puts = |change: &Change<Sealed>| matches!(change.then, Then::Put { .. });
        let sent_before = |change: &Change<Sealed>| {
            puts(change) && model.get(&change.key).is_some_and(|row| row.2 == id)
        };
        if commit.changes().iter().any(sent_before) {
            return true;
        }
        let mut after = model.clone();
        after.retain(|_, row| row.1 > now);
        let before = after.clone();
        for change in commit.changes() {
            let row = before.get(&change.key);
            let as_expected = match change.expect {
                Expect::Absent => row.is_none(),
                Expect::Present => row.is_some(),
                Expect::Version(version) => row.map(|row| row.0) == Some(version),
            };
            if !as_expected {
                return false;
            }
            match &change.then {
                Then::Keep => {}
                Then::Put { until, .. } => {
                    let once = matches!(change.key, Key::Once(..));
                    if once && until.unix() <= now {
                        return false;
                    }
                    let version = row.map_or(1, |row| row.0 + 1);
                    after.insert(change.key.clone(), (version, until.unix(), id));
                }
                Then::Remove => {
                    after.remove(&change.key);
                }
            }
        }
        // What is over at this commit's moment may still live at another's: only what the commit
        // names is written.
        for change in commit
            .changes()
            .iter()
            .filter(|c| !matches!(c.then, Then::Keep))
        {
            match after.get(&change.key) {
                Some(row) => model.insert(change.key.clone(), *row),
                None => model.remove(&change.key),
            };
        }
        true
    }

    fn any_key() -> impl Strategy<Value = Key> {
        (0..3_u8, 0..2_u8).prop_map(|(kind, id)| match kind {
            0 => Key::Once(Space("test.once"), [id; 32]),
            1 => Key::Grant(Space("test.grant"), [id; 16]),
            _ => Key::Record(Space("test.record"), vec![id]),
        })
    }

    fn any_change() -> impl Strategy<Value = Change<Sealed>> {
        let expect = prop_oneof![
            Just(Expect::Absent),
            Just(Expect::Present),
            (1..4_u64).prop_map(Expect::Version),
        ];
        let then = prop_oneof![
            1 => Just(None),
            3 => (0..30_i64).prop_map(Some),
            1 => Just(Some(-1)),
        ];
        (any_key(), expect, then).prop_map(|(key, expect, then)| match then {
            None => Change {
                key,
                expect,
                then: Then::Keep,
            },
            Some(-1) => Change {
                key,
                expect,
                then: Then::Remove,
            },
            Some(until) => put(&key, expect, until),
        })
    }

    fn any_commits() -> impl Strategy<Value = Vec<(u8, Commit)>> {
        let changes = prop::collection::vec(any_change(), 1..4).prop_map(|mut changes| {
            let mut written = Vec::new();
            changes.retain(|change| {
                let writes = !matches!(change.then, Then::Keep);
                let twice = writes && written.contains(&change.key);
                written.extend(writes.then(|| change.key.clone()));
                !twice
            });
            changes
        });
        let one = (1..200_u8, 0..20_i64, changes);
        let one = one.prop_map(|(id, now, changes)| (id, commit(id, now, changes)));
        prop::collection::vec(one, 1..24)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn a_group_does_what_its_commits_do_one_after_another(
            commits in any_commits(),
            cut in 0..24_usize,
        ) {
            let mut model = Model::new();
            let mut rows: BTreeMap<Key, Standing> = BTreeMap::new();
            let cut = cut.min(commits.len());
            // Two groups, so that rows are also loaded from what a group wrote.
            for part in [&commits[..cut], &commits[cut..]] {
                let keys = Group::keys(part.iter().map(|(_, commit)| commit));
                prop_assert!(keys.is_sorted_by(|a, b| a < b));
                let found = keys.iter().map(|key| (*key, rows.get(*key).copied()));
                let mut group = Group::loaded(found, START);
                for (id, commit) in part {
                    let alone = apply_alone(&mut model, *id, commit);
                    prop_assert_eq!(group.decide(commit).is_ok(), alone);
                }
                for (key, write) in group.writes() {
                    match write {
                        Write::Put { standing, .. } => rows.insert(key.clone(), standing),
                        Write::Remove => rows.remove(key),
                    };
                }
                let written = rows.iter().map(|(key, row)| {
                    (key.clone(), (row.version, row.until.unix(), row.last.0[0]))
                });
                prop_assert_eq!(written.collect::<Model>(), model.clone());
            }
        }
    }
}
