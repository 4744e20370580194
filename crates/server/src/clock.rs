//! The only place that reads the clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use verdict::Moment;

/// A clock that the demo's control can move, so that 900 seconds and six months pass at will.
/// Clones are the same clock.
#[derive(Clone, Debug)]
pub struct Clock {
    /// Of the whole network.
    shift_s: Arc<AtomicI64>,
    /// Of one party, on top of it: its clock is wrong.
    error_s: Arc<AtomicI64>,
}

impl Clock {
    /// The clock of the operating system, not moved.
    pub fn system() -> Self {
        Self {
            shift_s: Arc::default(),
            error_s: Arc::default(),
        }
    }

    /// A clock that moves with this one and can be wrong by itself: the clock of a party.
    #[must_use]
    pub fn of_party(&self) -> Self {
        Self {
            shift_s: Arc::clone(&self.shift_s),
            error_s: Arc::default(),
        }
    }

    /// The moment as this clock tells it: read once per run and passed in to the rules.
    pub fn now(&self) -> Moment {
        let shift_s = self.shift_s.load(Ordering::Relaxed);
        let error_s = self.error_s.load(Ordering::Relaxed);
        let wall = self.wall().unix();
        Moment::from_unix(wall.saturating_add(shift_s).saturating_add(error_s))
    }

    /// The moment without any shift, for what other programs judge by their own clock as well: the
    /// validity of certificates, which TLS checks against the operating system's clock.
    pub fn wall(&self) -> Moment {
        Moment::from_unix(self.wall_ms() / 1_000)
    }

    /// The moment as this clock tells it, in milliseconds since 1970: for showing, and for no rule.
    pub fn now_ms(&self) -> i64 {
        let shift_s = self.shift_s.load(Ordering::Relaxed);
        let error_s = self.error_s.load(Ordering::Relaxed);
        let shifts_ms = shift_s.saturating_add(error_s).saturating_mul(1_000);
        self.wall_ms().saturating_add(shifts_ms)
    }

    /// [`Self::wall`] in milliseconds: the difference of two tells how long something took, whatever
    /// happened to the shifts meanwhile.
    pub fn wall_ms(&self) -> i64 {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that reads the clock"
        )]
        let now = SystemTime::now();
        let milliseconds =
            |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        match now.duration_since(UNIX_EPOCH) {
            Ok(since) => milliseconds(since),
            Err(before) => -milliseconds(before.duration()),
        }
    }

    /// Moves the clock by so many seconds more, forward or (negative) back.
    pub fn shift(&self, seconds: i64) {
        let add = |shift_s: i64| Some(shift_s.saturating_add(seconds));
        // The closure never declines.
        let _ = self
            .shift_s
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// How far the network's clock was moved, in seconds.
    pub fn shifted_s(&self) -> i64 {
        self.shift_s.load(Ordering::Relaxed)
    }

    /// Lets this clock alone be wrong by so many seconds; 0 sets it right.
    pub fn err_by(&self, seconds: i64) {
        self.error_s.store(seconds, Ordering::Relaxed);
    }

    /// Undoes every shift of the network's clock.
    pub fn reset(&self) {
        self.shift_s.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partys_clock_moves_with_the_network_and_can_be_wrong_alone() {
        let clock = Clock::system();
        let (party, other) = (clock.of_party(), clock.of_party());
        party.err_by(-3_600);
        clock.shift(86_400);
        let ahead_s = |clock: &Clock| clock.now().unix() - clock.wall().unix();
        assert!((82_799..=82_801).contains(&ahead_s(&party)));
        assert!((86_399..=86_401).contains(&ahead_s(&other)));
        assert_eq!(party.shifted_s(), 86_400);
        let shown = party.now_ms() - party.wall_ms();
        assert!((82_799_000..=82_800_000).contains(&shown), "{shown}");
        party.err_by(0);
        clock.reset();
        assert!(ahead_s(&party).abs() <= 1);
    }

    #[test]
    fn clones_are_moved_together_and_the_wall_clock_is_not() {
        let clock = Clock::system();
        let clone = clock.clone();
        clone.shift(86_400);
        clone.shift(86_400);
        let ahead_s = clock.now().unix() - clock.wall().unix();
        assert!((172_799..=172_801).contains(&ahead_s), "{ahead_s}");
        clone.reset();
        assert!((clock.now().unix() - clock.wall().unix()).abs() <= 1);
    }
}
