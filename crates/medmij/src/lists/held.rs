//! A list that is held: how old it may get, and what may take its place.

use std::fmt;

use verdict::Moment;

use super::{Lijst, Volgnummer};

/// Seconds since the last success after which operators are warned: each list must be fetched at
/// least every fifteen minutes (core.alst.201, core.ocl.201, core.gnl.201, core.whl.302).
pub const ALARM_S: u32 = 900;
/// Seconds since the last success after which ZAL, ZAKL, OCL and GNL may no longer be used:
/// fifteen minutes and the longest outage that MedMij allows its own publication, 480 minutes
/// (core.lijsten.301). A shorter time would stop the network in an outage that is within the rules.
pub const USABLE_S: u32 = ALARM_S + 480 * 60;
/// Seconds since the last success after which the Whitelist may no longer be used. No grace: if
/// the check cannot be made, there is no traffic (core.whl.307).
pub const WHITELIST_USABLE_S: u32 = ALARM_S;

/// A list, and when it was last fetched with success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held<T> {
    list: T,
    succeeded: Moment,
}

/// How usable a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Fetched with success within [`ALARM_S`].
    Fresh,
    /// Older: still usable, and operators are to be warned.
    Late,
    /// Too old to be used.
    Expired,
}

/// Why a fetched list does not take the place of the one that is held. That one stays, and its
/// time runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotReplaced {
    /// It is older than ours, by its number.
    Lower {
        /// Ours.
        held: Volgnummer,
        /// The refused one.
        fetched: Volgnummer,
    },
    /// It has our number and says something else.
    Differs(Volgnummer),
}

impl<T: Lijst> Held<T> {
    /// Holds a first list, fetched at `now`; or one that was kept on disk, fetched back then.
    pub const fn new(list: T, now: Moment) -> Self {
        Self {
            list,
            succeeded: now,
        }
    }

    /// Puts a list that was fetched at `now` in the place of ours. A list with our number and our
    /// content renews the time; one with a lower number is refused, since a stale copy or an
    /// attacker would bring back who was taken off (mitz.md 4.2).
    pub fn replace(&mut self, fetched: T, now: Moment) -> Result<(), NotReplaced> {
        let held = self.list.uitgave().volgnummer;
        let number = fetched.uitgave().volgnummer;
        // mitz case 33
        if number < held {
            return Err(NotReplaced::Lower {
                held,
                fetched: number,
            });
        }
        if number == held && fetched != self.list {
            return Err(NotReplaced::Differs(held));
        }
        self.accept_reset(fetched, now);
        Ok(())
    }

    /// The publisher says that ours is still the newest (HTTP 304): that renews the time.
    pub const fn renew(&mut self, now: Moment) {
        self.succeeded = now;
    }

    /// Puts a list in the place of ours whatever its number: after an operator said so.
    pub fn accept_reset(&mut self, fetched: T, now: Moment) {
        *self = Self::new(fetched, now);
    }

    /// How usable the list is at `now`. A clock that went back makes it fresh.
    pub fn state(&self, now: Moment) -> State {
        if self.succeeded.plus_s(T::USABLE_S).is_over_at(now) {
            State::Expired
        } else if self.succeeded.plus_s(ALARM_S).is_over_at(now) {
            State::Late
        } else {
            State::Fresh
        }
    }

    /// The list, as long as it may be used.
    pub fn usable(&self, now: Moment) -> Option<&T> {
        match self.state(now) {
            State::Fresh | State::Late => Some(&self.list),
            State::Expired => None,
        }
    }

    /// The list, however old: for publishing it and for showing it to operators.
    pub const fn whatever_its_age(&self) -> &T {
        &self.list
    }

    /// When it was last fetched with success.
    pub const fn succeeded(&self) -> Moment {
        self.succeeded
    }
}

impl fmt::Display for NotReplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lower { held, fetched } => write!(
                f,
                "the fetched list has Volgnummer {fetched}, ours has {held}: ask the publisher \
                 whether it began anew"
            ),
            Self::Differs(number) => write!(
                f,
                "the fetched list has our Volgnummer {number} and another content: ask the \
                 publisher"
            ),
        }
    }
}

impl std::error::Error for NotReplaced {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lists::{Gnl, Tijdstempel, Uitgave, Whitelist};

    const THEN: Moment = Moment::from_unix(1_900_000_000);

    fn uitgave(number: u64) -> Uitgave {
        Uitgave {
            tijdstempel: Tijdstempel::at(THEN).expect("stamp"),
            volgnummer: Volgnummer::new(number).expect("positive"),
        }
    }

    fn whitelist(number: u64, hosts: &[&str]) -> Whitelist {
        let hosts = hosts.iter().map(|host| host.parse().expect("host"));
        Whitelist::new(uitgave(number), hosts.collect()).expect("unique")
    }

    #[test]
    fn mitz_case_033_a_lower_volgnummer_is_refused_and_the_old_list_kept() {
        let ours = whitelist(5, &["a.test"]);
        let mut held = Held::new(ours.clone(), THEN);
        let later = THEN.plus_s(60);
        let refused = held.replace(whitelist(4, &["a.test", "b.test"]), later);
        // mitz.md §4.2
        assert!(matches!(refused, Err(NotReplaced::Lower { .. })));
        assert_eq!(held.usable(later), Some(&ours));
        assert_eq!(held.succeeded(), THEN, "a refused list is no success");
        assert_eq!(held.state(THEN.plus_s(900)), State::Expired);
        held.accept_reset(whitelist(1, &[]), later);
        assert_eq!(held.whatever_its_age(), &whitelist(1, &[]));
    }

    #[test]
    fn the_same_list_renews_the_time_and_a_higher_one_takes_its_place() {
        let mut held = Held::new(whitelist(5, &["a.test"]), THEN);
        let later = THEN.plus_s(600);
        assert_eq!(held.replace(whitelist(5, &["a.test"]), later), Ok(()));
        assert_eq!(held.succeeded(), later);
        let other = held.replace(whitelist(5, &["b.test"]), later.plus_s(600));
        let number = Volgnummer::new(5).expect("positive");
        assert_eq!(other, Err(NotReplaced::Differs(number)));
        assert_eq!(held.succeeded(), later);
        assert_eq!(
            held.replace(whitelist(6, &["b.test"]), later.plus_s(700)),
            Ok(())
        );
        assert!(
            held.whatever_its_age()
                .contains(&"b.test".parse().expect("host"))
        );
        assert!(
            !held
                .whatever_its_age()
                .contains(&"a.test".parse().expect("host"))
        );
    }

    #[test]
    fn the_whitelist_fails_closed_after_900_seconds() {
        let held = Held::new(whitelist(5, &["a.test"]), THEN);
        assert_eq!(held.state(THEN.plus_s(899)), State::Fresh);
        assert!(held.usable(THEN.plus_s(899)).is_some());
        // core.whl.302, core.whl.307
        assert_eq!(held.state(THEN.plus_s(900)), State::Expired);
        assert_eq!(held.usable(THEN.plus_s(900)), None);
    }

    #[test]
    fn other_lists_are_late_after_900_seconds_and_expire_480_minutes_later() {
        let held = Held::new(Gnl::new(uitgave(1), Vec::new()).expect("unique"), THEN);
        assert_eq!(held.state(THEN.minus_s(5)), State::Fresh);
        assert_eq!(held.state(THEN.plus_s(899)), State::Fresh);
        // core.alst.201, core.ocl.201, core.gnl.201
        assert_eq!(held.state(THEN.plus_s(900)), State::Late);
        // core.lijsten.301
        assert_eq!(held.state(THEN.plus_s(29_699)), State::Late);
        assert!(held.usable(THEN.plus_s(29_699)).is_some());
        assert_eq!(held.state(THEN.plus_s(29_700)), State::Expired);
        assert_eq!(held.usable(THEN.plus_s(29_700)), None);
    }
}
