//! Which locks a group takes.

use std::collections::{BTreeMap, BTreeSet};

use verdict::{Key, Then};

use crate::Commit;
use crate::columns::Kind;

/// How many slots there are. Two groups that wait for each other's slot although they share no key
/// lose only the time of one COMMIT: with groups of 32 keys that is one pair of groups in 64.
pub(super) const SLOTS: u32 = 1 << 16;

/// The slots that a group locks, each list in ascending order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Slots {
    /// Of rows that may be written: nobody else holds them in any way.
    pub(super) alone: Vec<i32>,
    /// Of rows that are only guarded: others may guard them too.
    pub(super) shared: Vec<i32>,
}

impl Slots {
    /// What these commits need. `in_line`: guards are taken like writes, in the one order of all,
    /// and so wait their turn.
    pub(super) fn of<B>(commits: &[Commit<B>], in_line: bool) -> Self {
        let mut written = BTreeMap::new();
        for change in commits.iter().flat_map(Commit::changes) {
            let writes = in_line || !matches!(change.then, Then::Keep);
            *written.entry(slot(&change.key)).or_insert(false) |= writes;
        }
        let of = |wanted| {
            let these = written.iter().filter(move |(_, writes)| **writes == wanted);
            these.map(|(slot, _)| *slot).collect()
        };
        Self {
            alone: of(true),
            shared: of(false),
        }
    }

    /// The slots of rows that a sweep wants to remove.
    pub(super) fn of_rows<'k>(
        rows: impl IntoIterator<Item = (Kind, &'k str, &'k [u8])>,
    ) -> Vec<i32> {
        let slots = rows
            .into_iter()
            .map(|(kind, space, id)| number(kind, space, id));
        slots.collect::<BTreeSet<i32>>().into_iter().collect()
    }
}

/// The slot of the row with this key.
pub(super) fn slot(key: &Key) -> i32 {
    number(Kind::of(key), key.space().0, key.bytes())
}

/// The slot of a row. Every program on a database must agree on it, so it is part of the schema:
/// FNV-1a (64 bits) of the kind's number, the space, 0xff and the id, folded to 16 bits.
pub(super) fn number(kind: Kind, space: &str, id: &[u8]) -> i32 {
    let start = [kind as u8];
    let bytes = start
        .iter()
        .chain(space.as_bytes())
        .chain(&[0xff])
        .chain(id);
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let folded = hash ^ hash >> 32;
    let folded = (folded ^ folded >> 16) & u64::from(SLOTS - 1);
    i32::try_from(folded).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use verdict::{Change, CommitId, Expect, Moment, Sealed, Space};

    use super::*;

    const SPACE: Space = Space("test.row");

    fn key(name: &str) -> Key {
        Key::Record(SPACE, name.as_bytes().to_vec())
    }

    fn write(name: &str) -> Change<Sealed> {
        Change {
            key: key(name),
            expect: Expect::Absent,
            then: Then::Remove,
        }
    }

    fn commit(changes: Vec<Change<Sealed>>) -> Commit {
        Commit::new(CommitId([1; 16]), Moment::from_unix(1), changes, vec![]).expect("in bounds")
    }

    #[test]
    fn a_row_has_the_same_slot_in_every_release() {
        assert_eq!(number(Kind::Once, "", b""), 0xdd48);
        assert_eq!(slot(&key("a")), 0x1aa8);
        assert_ne!(
            slot(&key("a")),
            slot(&Key::Record(Space("test.rowa"), vec![]))
        );
    }

    #[test]
    fn slots_are_spread_evenly() {
        let mut used = BTreeSet::new();
        for n in 0..4096_u32 {
            used.insert(slot(&key(&n.to_string())));
        }
        // 4096 dice of 65536 sides show 3972 different numbers on average.
        assert!(used.len() > 3_900, "{} slots", used.len());
    }

    #[test]
    fn a_row_that_is_guarded_and_written_is_locked_as_written() {
        let commits = [
            commit(vec![Change::guard(key("a")), write("b")]),
            commit(vec![Change::guard(key("b")), Change::guard(key("c"))]),
        ];
        let mut both = vec![slot(&key("a")), slot(&key("c"))];
        both.sort_unstable();
        let slots = Slots::of(&commits, false);
        assert_eq!((slots.alone, slots.shared), (vec![slot(&key("b"))], both));
        let in_line = Slots::of(&commits, true);
        assert!(in_line.shared.is_empty() && in_line.alone.len() == 3);
        assert!(in_line.alone.is_sorted());
    }
}
