//! Which key is used at a moment, which is due, and how long an old one is kept: functions of values.

use verdict::Moment;

/// The shortest time between publication and use, in seconds. Each node looks at the store every two
/// seconds (`mod.rs`); after five looks every node that answers at all knows the key.
pub const LEAD_MIN_S: u32 = 10;

/// How long after a key's successor came into use a node may still have used the old one, in seconds:
/// its clock may be behind, and it may have been stopped for a moment.
pub const SPREAD_S: u32 = 60;

/// How the keys of a purpose come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// For how long a key makes new things, in seconds.
    pub rotate_s: u32,
    /// How long before its use a key is published, in seconds; at least [`LEAD_MIN_S`].
    pub lead_s: u32,
    /// The longest life of what it makes, in seconds. Without, the key is kept until somebody says
    /// that nothing made by it is left.
    pub life_s: Option<u32>,
    /// How often it may seal, where the algorithm asks for a bound.
    pub seals_max: Option<u64>,
}

/// The times of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Its number within its purpose: 1, 2, …
    pub number: u32,
    /// When it was made, and so published.
    pub made: Moment,
    /// From when on it makes new things.
    pub used_from: Moment,
    /// When everything that it made is over; unknown as long as it has no successor.
    pub until: Option<Moment>,
    /// How often it sealed, coarsely.
    pub seals: u64,
}

/// Why a new key is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// The newest was used for long enough.
    Time,
    /// The newest sealed often enough.
    Count,
}

/// What a key does at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Others may know it; it makes nothing yet.
    Published,
    /// It makes what is new.
    InUse,
    /// It verifies or opens what it made before.
    Kept,
    /// What is found by it is being put under its successor.
    Reindexing,
}

impl Plan {
    /// The same with a lead that gives every node the time to look.
    #[must_use]
    pub fn sane(self) -> Self {
        Self {
            lead_s: self.lead_s.max(LEAD_MIN_S),
            ..self
        }
    }

    /// When everything is over that a key made whose successor is used from then on.
    const fn kept_until(self, successor_from: Moment) -> Option<Moment> {
        match self.life_s {
            Some(life_s) => Some(successor_from.plus_s(SPREAD_S).plus_s(life_s)),
            None => None,
        }
    }
}

impl State {
    /// The state in a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::InUse => "in use",
            Self::Kept => "kept",
            Self::Reindexing => "re-indexing",
        }
    }
}

/// Which of `keys` (oldest first) makes what is new at `now`: the newest whose time has come. When the
/// clock stands before all of them, the first that will come. Nothing only when there is none.
pub fn current(keys: &[Times], now: Moment) -> Option<usize> {
    let come = |key: &Times| key.used_from <= now;
    keys.iter().rposition(come).or_else(|| {
        let soonest = keys.iter().enumerate().min_by_key(|(_, key)| key.used_from);
        soonest.map(|(at, _)| at)
    })
}

/// Whether these keys (oldest first) need a successor at `now`, so early that it can be published
/// before it is needed. One that waits for its use is successor enough.
pub fn due(keys: &[Times], plan: Plan, now: Moment) -> Option<Due> {
    let newest = keys.last()?;
    if newest.used_from > now {
        None
    } else if plan.seals_max.is_some_and(|max| newest.seals >= max) {
        Some(Due::Count)
    } else if newest
        .used_from
        .plus_s(plan.rotate_s)
        .minus_s(plan.lead_s)
        .is_over_at(now)
    {
        Some(Due::Time)
    } else {
        None
    }
}

/// The very first key of a purpose: nobody has to learn of it before its use.
pub const fn first(now: Moment) -> Times {
    Times {
        number: 1,
        made: now,
        used_from: now,
        until: None,
        seals: 0,
    }
}

/// What follows the newest of `keys`: the newest, now that its end is known, and the next.
pub fn successor(newest: Times, plan: Plan, now: Moment) -> (Times, Times) {
    let used_from = now.plus_s(plan.lead_s).max(newest.used_from);
    let ended = Times {
        until: plan.kept_until(used_from),
        ..newest
    };
    let next = Times {
        number: newest.number + 1,
        used_from,
        ..first(now)
    };
    (ended, next)
}

/// What the key at `at` of `keys` does at `now`.
pub fn state(keys: &[Times], at: usize, plan: Plan, now: Moment) -> State {
    match current(keys, now) {
        Some(current) if at == current => State::InUse,
        Some(current) if at > current => State::Published,
        _ if plan.life_s.is_none() => State::Reindexing,
        _ => State::Kept,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLAN: Plan = Plan {
        rotate_s: 1_000,
        lead_s: 100,
        life_s: Some(300),
        seals_max: Some(50),
    };

    fn at(seconds: i64) -> Moment {
        Moment::from_unix(seconds)
    }

    #[test]
    fn a_key_is_published_before_it_is_used_and_kept_after() {
        let (old, new) = successor(first(at(0)), PLAN, at(900));
        assert_eq!((old.number, new.number), (1, 2));
        assert_eq!((new.made, new.used_from), (at(900), at(1_000)));
        assert_eq!(old.until, Some(at(1_000 + 60 + 300)));
        let keys = [old, new];
        assert_eq!(current(&keys, at(999)), Some(0));
        assert_eq!(state(&keys, 1, PLAN, at(999)), State::Published);
        assert_eq!(current(&keys, at(1_000)), Some(1));
        assert_eq!(state(&keys, 0, PLAN, at(1_000)), State::Kept);
        assert_eq!(state(&keys, 1, PLAN, at(1_000)), State::InUse);
    }

    #[test]
    fn a_successor_is_due_in_time_to_be_published_and_only_once() {
        let keys = [first(at(0))];
        assert_eq!(due(&keys, PLAN, at(899)), None);
        assert_eq!(due(&keys, PLAN, at(900)), Some(Due::Time));
        let (old, new) = successor(keys[0], PLAN, at(900));
        assert_eq!(due(&[old, new], PLAN, at(950)), None);
        assert_eq!(due(&[], PLAN, at(950)), None);
    }

    /// SP 800-38D §8.3.
    #[test]
    fn a_key_that_sealed_often_is_due_before_its_time() {
        let busy = |seals| {
            [Times {
                seals,
                ..first(at(0))
            }]
        };
        assert_eq!(due(&busy(49), PLAN, at(1)), None);
        assert_eq!(due(&busy(50), PLAN, at(1)), Some(Due::Count));
    }

    #[test]
    fn a_key_that_finds_rows_has_no_end_of_its_own() {
        let plan = Plan {
            life_s: None,
            ..PLAN
        };
        let (old, new) = successor(first(at(0)), plan, at(900));
        assert_eq!(old.until, None);
        assert_eq!(state(&[old, new], 0, plan, at(1_000)), State::Reindexing);
    }

    #[test]
    fn a_clock_that_was_set_back_still_finds_a_key() {
        assert_eq!(current(&[first(at(500))], at(100)), Some(0));
    }

    proptest! {
        /// design §4: whatever the moments of rotation, what a key made under a clock that is right
        /// within the spread is still taken as long as it lives.
        #[test]
        fn whatever_is_made_can_be_verified_until_it_is_over(
            waits in proptest::collection::vec(1_u32..5_000, 1..12),
            made_after in 0_u32..40_000,
        ) {
            let mut keys = vec![first(at(0))];
            let mut now = at(0);
            for wait in waits {
                now = now.plus_s(wait);
                if due(&keys, PLAN, now).is_some() {
                    let newest = keys.pop().expect("one");
                    let (old, new) = successor(newest, PLAN, now);
                    prop_assert!(new.used_from >= old.used_from);
                    keys.extend([old, new]);
                }
            }
            let made = at(0).plus_s(made_after);
            let maker = current(&keys, made).expect("one");
            let over = made.plus_s(PLAN.life_s.expect("a life"));
            prop_assert!(keys[maker].until.is_none_or(|until| until > over));
            let used = keys.iter().filter(|key| key.used_from > made);
            prop_assert!(used.count() + maker + 1 == keys.len());
        }

        #[test]
        fn a_purpose_never_has_two_keys_that_wait(times in proptest::collection::vec(1_u32..2_000, 1..40)) {
            let mut keys = vec![first(at(0))];
            let mut now = at(0);
            for wait in times {
                now = now.plus_s(wait);
                if due(&keys, PLAN, now).is_some() {
                    let newest = keys.pop().expect("one");
                    let (old, new) = successor(newest, PLAN, now);
                    keys.extend([old, new]);
                }
                prop_assert!(keys.iter().filter(|key| key.used_from > now).count() <= 1);
            }
        }
    }
}
