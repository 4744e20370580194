//! Dates for people.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use verdict::Moment;

/// The day of a moment as `2026-11-22`, in UTC; empty outside the calendar.
pub fn day(unix: i64) -> String {
    Timestamp::from_second(unix)
        .map(|moment| moment.to_zoned(TimeZone::UTC).date().to_string())
        .unwrap_or_default()
}

/// A moment as `2026-11-22 10:05:12`, in UTC; empty outside the calendar.
pub fn moment(unix: i64) -> String {
    Timestamp::from_second(unix)
        .map(|moment| {
            moment
                .to_zoned(TimeZone::UTC)
                .strftime("%Y-%m-%d %H:%M:%S")
                .to_string()
        })
        .unwrap_or_default()
}

/// A moment as FHIR and JSON write it: `2026-11-22T10:05:12Z`; empty outside the calendar.
pub fn instant(unix: i64) -> String {
    Timestamp::from_second(unix)
        .map(|moment| moment.to_string())
        .unwrap_or_default()
}

/// The moment in a text such as `2026-11-22T10:05:12Z`, in seconds since 1970.
pub fn parse(text: &str) -> Option<i64> {
    let moment: Timestamp = text.parse().ok()?;
    Some(moment.as_second())
}

/// A moment as HTTP writes it: `Sun, 22 Nov 2026 10:05:12 GMT` (RFC 9110 §5.6.7); empty outside the
/// calendar.
pub fn http(unix: i64) -> String {
    Timestamp::from_second(unix)
        .ok()
        .and_then(|moment| {
            jiff::fmt::rfc2822::DateTimePrinter::new()
                .timestamp_to_rfc9110_string(&moment)
                .ok()
        })
        .unwrap_or_default()
}

/// The moment that `2026-11-22T10:05:12Z` says; nothing for another form.
pub fn read(text: &str) -> Option<Moment> {
    let moment: Timestamp = text.parse().ok()?;
    Some(Moment::from_unix(moment.as_second()))
}

/// A moment in the Netherlands: its day as `2026-11-22`, and the time as `11:05`; empty outside the calendar.
pub fn nederlands(unix: i64) -> (String, String) {
    let at = Timestamp::from_second(unix).map(|moment| moment.to_zoned(NEDERLAND.clone()));
    at.map(|at| (at.date().to_string(), at.strftime("%H:%M").to_string()))
        .unwrap_or_default()
}

/// When a day begins in the Netherlands, in seconds since 1970.
pub fn begin_van(day: Date) -> Option<i64> {
    let midnight = day.to_zoned(NEDERLAND.clone()).ok()?;
    Some(midnight.timestamp().as_second())
}

/// The day that a person wrote: `22-11-2026`, `22/11/2026` or `2026-11-22`.
pub fn written(text: &str) -> Option<Date> {
    cijfers(text)?.parse().ok()
}

/// The same as digits: year, month and day, which no calendar has looked at.
pub fn cijfers(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.trim().split(['-', '/', '.', ' ']).collect();
    let (year, month, day) = match parts.as_slice() {
        [year, month, day] if year.len() == 4 => (year, month, day),
        [day, month, year] => (year, month, day),
        _ => return None,
    };
    let is_short = |part: &str| part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit());
    let is_plain = [year, month, day].into_iter().all(|part| is_short(part));
    is_plain.then(|| format!("{year}{month:0>2}{day:0>2}"))
}

/// The time of the Netherlands since 1996: an hour before UTC, two from the last Sunday of March to that of October.
static NEDERLAND: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap_or(TimeZone::UTC));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_the_netherlands_begins_and_ends_at_its_own_midnight() {
        let begin = |text| written(text).and_then(begin_van);
        // Winter, summer, and the night in which the clock goes on.
        assert_eq!(begin("22-11-2026"), parse("2026-11-21T23:00:00Z"));
        assert_eq!(begin("2026-07-01"), parse("2026-06-30T22:00:00Z"));
        assert_eq!(begin("29/3/2026"), parse("2026-03-28T23:00:00Z"));
        let told = |text: &str| parse(text).map(nederlands);
        let day = |day: &str, time: &str| Some((day.to_owned(), time.to_owned()));
        assert_eq!(told("2026-11-21T23:00:00Z"), day("2026-11-22", "00:00"));
        assert_eq!(told("2026-07-01T10:05:59Z"), day("2026-07-01", "12:05"));
    }

    #[test]
    fn what_is_no_day_of_the_calendar_is_none() {
        for text in [
            "",
            "morgen",
            "31-2-2026",
            "1-13-2026",
            "1-1",
            "1-1-26",
            "+1-1-2026",
            "1-1-20261",
            "1-1-2026-1",
        ] {
            assert_eq!(written(text), None, "{text}");
        }
    }
}
