//! Where a FHIR date stands on an axis of time.

use jiff::civil::{Date, date};

/// Minutes of a day.
const DAG: i64 = 24 * 60;

/// A moment of a FHIR date or dateTime, in minutes since 1970, as the clock on the wall showed it
/// where it was written: two providers in one country need no more, and a person knows it as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tijd(i64);

impl Tijd {
    /// Reads a year, a month, a day or a dateTime (FHIR R4 §2.24). A year or a month stands for all
    /// the time that it covers (FHIR R4 §3.1.1.4.6): its middle is where it is drawn. Nothing for
    /// any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let (day, clock) = match text.split_once('T') {
            None => (text, None),
            Some((day, clock)) => (day, Some(clock)),
        };
        let mut parts = day.split('-');
        let year = number(parts.next()?, 4)?;
        let Some(month) = parts.next() else {
            return Self::of(year, 7, 1, clock.is_none().then_some(0)?);
        };
        let month = i8::try_from(number(month, 2)?).ok()?;
        let Some(day) = parts.next() else {
            return Self::of(year, month, 16, clock.is_none().then_some(0)?);
        };
        let day = i8::try_from(number(day, 2)?).ok()?;
        if parts.next().is_some() {
            return None;
        }
        Self::of(year, month, day, clock.map_or(Some(0), minute)?)
    }

    /// The day of a moment in seconds since 1970.
    pub const fn of_unix(unix: i64) -> Self {
        Self(unix.div_euclid(60))
    }

    /// The first minute of a day of the calendar.
    pub(super) fn of_date(day: Date) -> Self {
        let epoch = date(1970, 1, 1);
        Self(day.duration_since(epoch).as_mins())
    }

    /// The day, unless it is outside the calendar.
    pub(super) fn date(self) -> Option<Date> {
        let days = jiff::Span::new().try_days(self.0.div_euclid(DAG)).ok()?;
        date(1970, 1, 1).checked_add(days).ok()
    }

    /// As a number for a scale.
    #[expect(
        clippy::cast_precision_loss,
        reason = "the calendar has less than 2^53 minutes"
    )]
    pub(super) const fn as_f64(self) -> f64 {
        self.0 as f64
    }

    /// So many days later, or earlier.
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        Self(self.0.saturating_add(days.saturating_mul(DAG)))
    }

    /// Whole days from another moment to this one.
    pub(super) const fn days_since(self, other: Self) -> i64 {
        self.0.saturating_sub(other.0) / DAG
    }

    fn of(year: i16, month: i8, day: i8, minute: i64) -> Option<Self> {
        let day = Date::new(year, month, day).ok()?;
        Some(Self(Self::of_date(day).0 + minute))
    }
}

/// The minute of the day in `09:30`, `09:30:00.5+01:00` or the like.
fn minute(clock: &str) -> Option<i64> {
    let hour = number(clock.get(..2)?, 2)?;
    let minute = number(clock.get(2..)?.strip_prefix(':')?.get(..2)?, 2)?;
    (hour < 24 && minute < 60).then(|| i64::from(hour) * 60 + i64::from(minute))
}

fn number(digits: &str, length: usize) -> Option<i16> {
    let plain = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> Option<String> {
        Some(Tijd::parse(text)?.date()?.to_string())
    }

    #[test]
    fn fhir_r4_a_year_or_a_month_stands_in_the_middle_of_its_time() {
        // FHIR R4 §2.24, §3.1.1.4.6
        assert_eq!(day("2024").as_deref(), Some("2024-07-01"));
        assert_eq!(day("2024-02").as_deref(), Some("2024-02-16"));
        assert_eq!(day("2024-02-29").as_deref(), Some("2024-02-29"));
        assert_eq!(day("1953-01-31T23:59:00Z").as_deref(), Some("1953-01-31"));
    }

    #[test]
    fn moments_of_one_day_differ_by_their_clocks() {
        let at = |text| Tijd::parse(text).expect("a moment");
        assert!(at("2024-02-13T08:00:00+01:00") < at("2024-02-13T08:01"));
        assert_eq!(at("2024-02-15").days_since(at("2024-02-13")), 2);
        assert_eq!(at("2024-02-13").plus_days(2), at("2024-02-15"));
        assert_eq!(Tijd::of_unix(86_400), at("1970-01-02"));
    }

    #[test]
    fn what_is_no_date_has_no_place() {
        for text in [
            "",
            "gisteren",
            "-044-03-15",
            "-0044",
            "2024-13",
            "2023-02-29",
            "2024-1-1",
            "20240101",
            "2024-01-01T",
            "2024-01-01T24:00",
            "2024-01-01Té9:00",
            "2024T10:00",
            "2024-01-01-01",
        ] {
            assert_eq!(Tijd::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_moment_or_not(text in "\\PC*|[0-9T:Z+-]{0,30}") {
            if let Some(tijd) = Tijd::parse(&text) {
                prop_assert!(tijd.date().is_some());
            }
        }
    }
}
