//! When a list is fetched again.

use verdict::Moment;

use super::ALARM_S;

/// Seconds from a success to the next fetch, at least. Early enough that a stelselnode that is away
/// for a moment costs nobody its Whitelist.
const AGAIN_S: u32 = 600;
/// Seconds by which that is put off by chance, at most, so that nodes that began together do not
/// come together for ever.
const AGAIN_SPREAD_S: u32 = 150;
/// Seconds that one fetch may take. Together with the two above and with [`LOOK_S`] it stays under
/// the 900 s that every list's requirement allows between two successes (core.ocl.201 and its
/// like).
pub const FETCH_S_MAX: u32 = 60;
/// Seconds between two looks at the clock, at most, by who keeps lists fresh.
pub const LOOK_S: u32 = 5;
const _: () = assert!(AGAIN_S + AGAIN_SPREAD_S + LOOK_S + FETCH_S_MAX < ALARM_S);
/// Seconds to wait after a first failure; each further one doubles it.
const RETRY_S: u32 = 2;
/// Seconds to wait after failures, at most: a stelselnode that comes back finds each node asking
/// once in two minutes, not all at once.
const RETRY_S_MAX: u32 = 120;

/// Seconds between two fetches, at least, for readers who would be refused without the list: somebody
/// waits, and a stelselnode that just came up can help at once.
const READERS_AGAIN_S: u32 = 1;

/// When one list is to be fetched next. Nobody fetches before that, however many ask for the list:
/// a stelselnode that is down is not asked more often because it is down. Only while there is no list
/// that may be used, readers do not wait so long ([`Self::is_due_for_readers`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verversing {
    next: Moment,
    /// When readers may have it fetched, if they find none.
    for_readers: Moment,
    failures: u32,
}

impl Verversing {
    /// At once.
    pub const fn at_once(now: Moment) -> Self {
        Self {
            next: now,
            for_readers: now,
            failures: 0,
        }
    }

    /// After a success at `now`. `chance` is any number, drawn anew each time.
    pub fn after_success(now: Moment, chance: u32) -> Self {
        Self {
            next: now.plus_s(AGAIN_S + chance % (AGAIN_SPREAD_S + 1)),
            for_readers: now.plus_s(READERS_AGAIN_S),
            failures: 0,
        }
    }

    /// After one more failure at `now`: from half to the whole of the waiting time, which doubles.
    #[must_use]
    pub fn after_failure(self, now: Moment, chance: u32) -> Self {
        let doublings = self.failures.min(16);
        let wait = RETRY_S.saturating_mul(1 << doublings).min(RETRY_S_MAX);
        let half = wait / 2;
        Self {
            next: now.plus_s(half + chance % (wait - half + 1)),
            for_readers: now.plus_s(READERS_AGAIN_S),
            failures: self.failures.saturating_add(1),
        }
    }

    /// Whether it is time. A clock that was set back so far that the next fetch lies beyond any
    /// waiting time makes it time, too.
    pub fn is_due(self, now: Moment) -> bool {
        let set_back = now.plus_s(AGAIN_S + AGAIN_SPREAD_S) < self.next;
        self.next <= now || set_back
    }

    /// Whether it is time for readers who find no list that may be used.
    pub fn is_due_for_readers(self, now: Moment) -> bool {
        self.is_due(now) || self.for_readers <= now
    }

    /// Fetches that failed since the last success.
    pub const fn failures(self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const THEN: Moment = Moment::from_unix(1_900_000_000);

    #[test]
    fn a_clock_that_was_set_back_makes_it_time() {
        let next = Verversing::after_success(THEN, 0);
        assert!(!next.is_due(THEN.plus_s(AGAIN_S - 1)));
        assert!(next.is_due(THEN.plus_s(AGAIN_S)));
        assert!(next.is_due(THEN.minus_s(100_000)));
        assert!(Verversing::at_once(THEN).is_due(THEN));
    }

    #[test]
    fn readers_without_a_list_wait_a_second_however_long_the_stelselnode_was_down() {
        let mut next = Verversing::at_once(THEN);
        for _ in 0..10 {
            next = next.after_failure(THEN, RETRY_S_MAX);
        }
        assert!(!next.is_due(THEN.plus_s(READERS_AGAIN_S)));
        assert!(!next.is_due_for_readers(THEN.plus_s(READERS_AGAIN_S - 1)));
        assert!(next.is_due_for_readers(THEN.plus_s(READERS_AGAIN_S)));
    }

    #[test]
    fn a_stelselnode_that_is_down_is_asked_ever_less_often() {
        let mut now = THEN;
        let mut again = Verversing::at_once(now);
        let mut asked = 0;
        while now < THEN.plus_s(3_600) {
            assert!(again.is_due(now));
            asked += 1;
            again = again.after_failure(now, 0);
            assert_eq!(again.failures(), asked);
            now = again.next;
        }
        assert_eq!(asked, 65, "in an hour, and if chance is always hasty");
        let patient = again.after_failure(now, RETRY_S_MAX / 2);
        assert_eq!(patient.next, now.plus_s(RETRY_S_MAX));
        assert_eq!(Verversing::after_success(now, 7).failures(), 0);
    }

    proptest! {
        #[test]
        fn medmij_case_074_no_two_successes_are_more_than_900_seconds_apart(chance: u32) {
            // core.ocl.201 and its like: whatever chance says, however slow the fetch.
            let next = Verversing::after_success(THEN, chance);
            let last_look = THEN.plus_s(ALARM_S - FETCH_S_MAX - LOOK_S);
            prop_assert!(next.is_due(last_look));
        }

        #[test]
        fn a_failure_waits_from_half_to_the_whole_of_its_time(failures in 0_u32..40, chance: u32) {
            let mut again = Verversing::at_once(THEN);
            for _ in 0..failures {
                again = again.after_failure(THEN, chance);
            }
            let again = again.after_failure(THEN, chance);
            let wait = (1_u32 << failures.min(10)).saturating_mul(RETRY_S).min(RETRY_S_MAX);
            prop_assert!(again.next >= THEN.plus_s(wait / 2));
            prop_assert!(again.next <= THEN.plus_s(wait));
        }
    }
}
