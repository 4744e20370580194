//! Epochs: what was spent or withdrawn after a backup does not come back with it.
//!
//! A restored database does not know what happened after it was copied. So everything in it that
//! could have been spent or withdrawn meanwhile is taken as if it was: grants are removed, keys that
//! could have been spent count as spent until nothing of before lives any more, and records are
//! removed but for those whose kind says nothing that can be withdrawn. `docs/decisions/0015` tells
//! why.

use verdict::{CommitId, Moment, Space};

/// Audit numbers of one epoch: those of the next begin this much higher, so that no number that
/// was given after the backup is given again. 35 000 events per second for a year.
const NUMBERS_BITS: u32 = 40;

/// What an operator says after restoring a backup.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The present moment.
    pub now: Moment,
    /// When the backup was taken.
    pub backup_taken: Moment,
    /// The longest life of anything that can be spent, in seconds. What would last no longer than
    /// this from `now` cannot be spent; of what lives shorter, nothing can for a while.
    pub once_life_s_max: u32,
    /// Kinds of records that stay as the backup has them. A kind that is not named is removed: to
    /// forget one costs people a consent, to keep one too many brings a withdrawn one back.
    pub records_kept: Vec<Space>,
}

/// What became of the rows of a restored backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEpoch {
    /// Its number: 1 for the first restoration.
    pub number: u32,
    /// The highest audit number in the backup.
    pub last_before: u64,
    /// The number of the first event of the epoch, which tells of the restoration.
    pub first: u64,
    /// Grants that were removed.
    pub grants_removed: u64,
    /// Nothing can be spent that would be over by this moment.
    pub once_floor: Moment,
    /// Records that were removed, by kind.
    pub records_removed: Vec<(String, u64)>,
    /// Records that stand as they stood when the backup was taken, by kind: what became of them
    /// afterwards is for the operator to find out.
    pub records_kept: Vec<(String, u64)>,
}

impl Restored {
    /// The epoch after `number`, on a database whose highest audit number is `last_before` and
    /// whose records are so many of each kind.
    pub(crate) fn epoch(
        &self,
        number: u32,
        last_before: u64,
        grants_removed: u64,
        records: Vec<(String, u64)>,
    ) -> NewEpoch {
        let kept = |space: &str| self.records_kept.iter().any(|kept| kept.0 == space);
        let (records_kept, records_removed) =
            records.into_iter().partition(|(space, _)| kept(space));
        NewEpoch {
            number,
            last_before,
            first: first_number(number),
            grants_removed,
            once_floor: self.now.plus_s(self.once_life_s_max),
            records_removed,
            records_kept,
        }
    }
}

impl NewEpoch {
    /// What the log tells of it.
    pub(crate) const EVENT: (&str, &str, &str) =
        ("design §4", "backup restored: new epoch", "operator");

    /// The id of the change that began it.
    pub(crate) fn commit(&self) -> CommitId {
        let mut id = [0; 16];
        id[..5].copy_from_slice(b"epoch");
        id[12..].copy_from_slice(&self.number.to_be_bytes());
        CommitId(id)
    }
}

/// The epoch in which an audit number was given; 0 before any backup was restored.
pub const fn epoch_of(seq: u64) -> u64 {
    seq >> NUMBERS_BITS
}

const fn first_number(epoch: u32) -> u64 {
    (epoch as u64) << NUMBERS_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_tells_its_epoch_and_numbers_only_rise() {
        assert_eq!(epoch_of(1), 0);
        assert_eq!(epoch_of(first_number(1) - 1), 0);
        assert_eq!(epoch_of(first_number(1)), 1);
        assert_eq!(epoch_of(first_number(7) + 99), 7);
        let last = first_number(u32::from(u16::MAX));
        assert!(i64::try_from(last).is_ok(), "it fits the column");
    }
}
