//! Time as an argument.

/// A moment in whole seconds since 1970-01-01T00:00:00Z.
///
/// The shell reads the clock once per run and passes the moment in, so that every rule of a run
/// sees the same time and a test can choose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

impl Moment {
    /// The moment `seconds` after 1970-01-01T00:00:00Z.
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// The moment `seconds` later; stays at the last moment there is instead of wrapping.
    #[must_use]
    pub const fn plus_s(self, seconds: u32) -> Self {
        Self(self.0.saturating_add(seconds as i64))
    }

    /// The moment `seconds` earlier.
    #[must_use]
    pub const fn minus_s(self, seconds: u32) -> Self {
        Self(self.0.saturating_sub(seconds as i64))
    }

    /// Whether something that lasts until `self` is over at `now`. The last second itself is over:
    /// RFC 7519 §4.1.4 refuses "on or after" the expiration time.
    pub const fn is_over_at(self, now: Self) -> bool {
        self.0 <= now.0
    }

    /// Whole days since 1970-01-01: the coarse form in which expiry is indexed, so that a rotation
    /// seldom moves an index entry.
    pub const fn day(self) -> i64 {
        self.0.div_euclid(86_400)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_of_expiry_is_already_over() {
        let until = Moment::from_unix(100);
        assert!(!until.is_over_at(Moment::from_unix(99)));
        // RFC 7519 §4.1.4
        assert!(until.is_over_at(Moment::from_unix(100)));
    }

    #[test]
    fn days_before_the_epoch_count_down() {
        assert_eq!(Moment::from_unix(-1).day(), -1);
        assert_eq!(Moment::from_unix(86_400).day(), 1);
    }
}
