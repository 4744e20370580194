//! How often somebody may ask: a bounded table of token buckets.
//!
//! A bucket is one number, the moment at which it is full again (the generic cell rate
//! algorithm of ATM networks, in whole nanoseconds). The table has a fixed size: where it
//! is full, a newcomer takes the place of whoever owes least. So a crowd of addresses makes the limit
//! milder for some, never harsher for anybody, and costs no memory.
//!
//! No clock here: moments are nanoseconds since whatever the caller counts from.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Sets of the table, a power of two.
const SETS: usize = 4096;
/// Places of a set: with 4096 sets 16 384 buckets of 24 bytes, 0.4 MB.
const WAYS: usize = 4;

const NS_PER_S: u64 = 1_000_000_000;
const DAY_NS: u64 = 86_400 * NS_PER_S;

/// So many requests per second on the long run, and so many at once after a rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    interval_ns: u64,
    burst: u32,
}

/// A request came too soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooSoon {
    /// Nanoseconds until the next one will be taken.
    pub wait_ns: u64,
    /// Whether it is the first since one was taken: worth a line for the operator.
    pub is_first: bool,
}

/// The buckets of all who ask.
pub(super) struct Buckets {
    sets: Box<[Mutex<[Bucket; WAYS]>]>,
    hasher: RandomState,
}

/// One bucket. The empty place is a full bucket of nobody.
#[derive(Clone, Copy, Default)]
struct Bucket {
    whose: u64,
    full_at_ns: u64,
    was_refused: bool,
}

impl Rate {
    /// `per_s` requests per second and `burst` at once, each from 1 to a million.
    pub const fn new(per_s: u32, burst: u32) -> Self {
        Self {
            interval_ns: NS_PER_S / within(per_s) as u64,
            burst: within(burst),
        }
    }

    /// One request in each interval, of at least a microsecond and at most a day, and `burst` at once.
    pub const fn every(interval: Duration, burst: u32) -> Self {
        let interval_ns = match interval.as_nanos() {
            ..1_000 => 1_000,
            ns if ns > DAY_NS as u128 => DAY_NS,
            _ => interval.as_secs() * NS_PER_S + interval.subsec_nanos() as u64,
        };
        Self {
            interval_ns,
            burst: within(burst),
        }
    }

    /// When a bucket that is full at `full_at_ns` is full again after one more request now; or for
    /// how long that request comes too soon.
    fn take(self, full_at_ns: u64, now_ns: u64) -> Result<u64, u64> {
        let full_at_ns = full_at_ns.max(now_ns);
        let owed_ns = full_at_ns - now_ns;
        let owed_ns_max = self.interval_ns.saturating_mul(u64::from(self.burst - 1));
        if owed_ns > owed_ns_max {
            return Err(owed_ns - owed_ns_max);
        }
        Ok(full_at_ns.saturating_add(self.interval_ns))
    }
}

/// A number from 1 to a million: more than that is no limit, and less no service.
const fn within(number: u32) -> u32 {
    match number {
        0 => 1,
        1..=1_000_000 => number,
        _ => 1_000_000,
    }
}

impl TooSoon {
    /// The wait in whole seconds, rounded up: what `Retry-After` can say.
    pub fn retry_after_s(self) -> u64 {
        self.wait_ns.div_ceil(NS_PER_S).max(1)
    }
}

impl Default for Buckets {
    fn default() -> Self {
        let set = || Mutex::new([Bucket::default(); WAYS]);
        Self {
            sets: std::iter::repeat_with(set).take(SETS).collect(),
            // As every map of the standard library: nobody outside can aim at one set.
            hasher: RandomState::new(),
        }
    }
}

impl Buckets {
    /// Takes one request of `who` from its bucket.
    ///
    /// # Errors
    /// [`TooSoon`] when the bucket is empty; nothing is taken then.
    pub(super) fn take(&self, who: impl Hash, rate: Rate, now_ns: u64) -> Result<(), TooSoon> {
        let whose = self.hasher.hash_one(who);
        let Some(set) = self.sets.get(set_of(whose)) else {
            return Ok(());
        };
        let mut set = set.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = place(&mut set, whose);
        match rate.take(bucket.full_at_ns, now_ns) {
            Ok(full_at_ns) => {
                bucket.full_at_ns = full_at_ns;
                bucket.was_refused = false;
                Ok(())
            }
            Err(wait_ns) => Err(TooSoon {
                wait_ns,
                is_first: !std::mem::replace(&mut bucket.was_refused, true),
            }),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the lowest bits are what is wanted"
)]
const fn set_of(whose: u64) -> usize {
    whose as usize % SETS
}

/// The bucket of `whose`; a fresh one, in the place of whoever owes least, if it has none.
fn place(set: &mut [Bucket; WAYS], whose: u64) -> &mut Bucket {
    let known = set.iter().position(|bucket| bucket.whose == whose);
    let at = known.unwrap_or_else(|| {
        let owed = |at: &usize| set[*at].full_at_ns;
        let least = (0..WAYS).min_by_key(owed).unwrap_or_default();
        set[least] = Bucket {
            whose,
            ..Bucket::default()
        };
        least
    });
    &mut set[at]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RATE: Rate = Rate::new(10, 5);
    const START_NS: u64 = 7 * NS_PER_S;

    #[test]
    fn a_burst_is_taken_and_then_one_for_each_interval() {
        let buckets = Buckets::default();
        let take = |now_ns| buckets.take("a", RATE, now_ns);
        for _ in 0..5 {
            assert_eq!(take(START_NS), Ok(()));
        }
        let wait_ns = NS_PER_S / 10;
        let refused = |is_first| Err(TooSoon { wait_ns, is_first });
        // RFC 6585 §4
        assert_eq!(take(START_NS), refused(true));
        assert_eq!(take(START_NS), refused(false), "one line is enough");
        assert_eq!(take(START_NS + wait_ns), Ok(()));
        assert_eq!(take(START_NS + wait_ns), refused(true));
        assert_eq!(take(START_NS + 10 * NS_PER_S), Ok(()));
    }

    #[test]
    fn nobody_pays_for_another() {
        let buckets = Buckets::default();
        while buckets.take("a", RATE, START_NS).is_ok() {}
        assert_eq!(buckets.take("b", RATE, START_NS), Ok(()));
    }

    #[test]
    fn a_crowd_takes_the_places_of_those_who_owe_least() {
        let mut set = [Bucket::default(); WAYS];
        for (whose, full_at_ns) in [(1, 40), (2, 10), (3, 30), (4, 20)] {
            place(&mut set, whose).full_at_ns = full_at_ns;
        }
        place(&mut set, 5).full_at_ns = 50;
        let known: Vec<u64> = set.iter().map(|bucket| bucket.whose).collect();
        assert_eq!(known, [1, 5, 3, 4]);
    }

    #[test]
    fn retry_after_is_a_whole_second_or_more() {
        let s = |wait_ns| {
            let is_first = true;
            TooSoon { wait_ns, is_first }.retry_after_s()
        };
        assert_eq!((s(0), s(1), s(NS_PER_S), s(NS_PER_S + 1)), (1, 1, 1, 2));
    }

    #[test]
    fn a_rate_is_within_bounds() {
        let every = |interval| Rate::every(interval, 1);
        assert_eq!(every(Duration::from_secs(1)), Rate::new(1, 1));
        assert_eq!(every(Duration::ZERO), Rate::new(u32::MAX, 1));
        assert_eq!(every(Duration::MAX).interval_ns, DAY_NS);
        assert_eq!(Rate::new(0, 0), Rate::new(1, 1));
        assert_eq!(
            Rate::new(u32::MAX, u32::MAX),
            Rate::new(1_000_000, 1_000_000)
        );
    }

    proptest! {
        #[test]
        fn no_window_takes_more_than_the_burst_and_what_flows_in(
            per_s in 1_u32..5_000,
            burst in 1_u32..50,
            gaps_ns in proptest::collection::vec(0_u64..NS_PER_S / 50, 1..200),
        ) {
            let (rate, buckets) = (Rate::new(per_s, burst), Buckets::default());
            let (mut now_ns, mut taken) = (START_NS, 0_u64);
            for gap_ns in gaps_ns {
                now_ns += gap_ns;
                taken += u64::from(buckets.take("a", rate, now_ns).is_ok());
                let flowed_in = (now_ns - START_NS) / rate.interval_ns;
                prop_assert!(taken <= u64::from(burst) + flowed_in);
            }
        }

        #[test]
        fn who_keeps_to_the_rate_or_waits_as_told_is_never_refused(
            per_s in 1_u32..5_000,
            burst in 1_u32..50,
            requests in 1_usize..200,
        ) {
            let (rate, buckets) = (Rate::new(per_s, burst), Buckets::default());
            let mut now_ns = START_NS;
            for _ in 0..requests {
                prop_assert_eq!(buckets.take("steady", rate, now_ns), Ok(()));
                if let Err(soon) = buckets.take("hasty", rate, now_ns) {
                    let then_ns = now_ns + soon.wait_ns;
                    prop_assert_eq!(buckets.take("hasty", rate, then_ns), Ok(()));
                    now_ns = then_ns;
                }
                now_ns += rate.interval_ns;
            }
        }
    }
}
