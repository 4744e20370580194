//! Dates for people.

use jiff::Timestamp;
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
