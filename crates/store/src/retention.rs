//! The audit log's end: events are destroyed after their retention, and what is missing is told.

use verdict::Moment;

/// How long audit events are kept, in whole days after the day on which they happened (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionDays(pub u32);

impl RetentionDays {
    /// The first day whose events are kept at `now`, in days since 1970-01-01.
    pub const fn kept_from(self, now: Moment) -> i64 {
        now.day() - self.0 as i64
    }
}

/// What one call of [`crate::Store::destroy_audit`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Destroyed {
    /// Events that are gone.
    pub events: u64,
    /// Whether there may be more of them: call again.
    pub more: bool,
}

/// Most days of one answer of [`crate::Store::audit_gaps`]: eleven years, the newest ones.
pub const GAPS_MAX: u16 = 4096;

/// What is missing of one day in the audit log, because its retention is over. The numbers of
/// neighbouring days may lie between its first and last: events are numbered as they are committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditGap {
    /// The day of the events, in days since 1970-01-01.
    pub day: i64,
    /// The lowest number that was destroyed.
    pub first: u64,
    /// The highest.
    pub last: u64,
    /// How many.
    pub count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_kept_until_so_many_whole_days_have_passed() {
        let noon_of_day_100 = Moment::from_unix(100 * 86_400 + 43_200);
        assert_eq!(RetentionDays(30).kept_from(noon_of_day_100), 70);
        assert_eq!(RetentionDays(0).kept_from(noon_of_day_100), 100);
    }
}
