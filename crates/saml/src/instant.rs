//! Moments as SAML writes them: `xs:dateTime` in UTC (SAML core 1.3.3).

use jiff::Timestamp;
use verdict::Moment;

/// Whole seconds with a final `Z`. A moment that no calendar holds becomes the nearest that one does.
pub fn write(moment: Moment) -> String {
    let (first, last) = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    let timestamp = Timestamp::from_second(moment.unix().clamp(first, last));
    timestamp.unwrap_or(Timestamp::MAX).to_string()
}

/// Reads `2026-11-22T10:00:00Z`, with or without a fraction, which is rounded down. Any offset but
/// `Z` is refused, as SAML core 1.3.3 has none.
pub fn read(text: &str) -> Option<Moment> {
    const FORM: &[u8; 19] = b"dddd-dd-ddTdd:dd:dd";
    let text = text.strip_suffix('Z')?;
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let in_form = |(byte, form): (u8, &u8)| match form {
        b'd' => byte.is_ascii_digit(),
        _ => byte == *form,
    };
    let well_formed = seconds.len() == FORM.len()
        && seconds.bytes().zip(FORM).all(in_form)
        && (1..=9).contains(&fraction.len())
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !well_formed {
        return None;
    }
    let timestamp: Timestamp = format!("{seconds}Z").parse().ok()?;
    Some(Moment::from_unix(timestamp.as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_whole_seconds_in_utc() {
        let moment = Moment::from_unix(1_795_341_600);
        assert_eq!(write(moment), "2026-11-22T10:00:00Z");
        assert_eq!(read("2026-11-22T10:00:00Z"), Some(moment));
        assert_eq!(read("2026-11-22T10:00:00.999Z"), Some(moment));
        assert_eq!(write(Moment::from_unix(i64::MAX)), "9999-12-30T22:00:00Z");
        assert!(write(Moment::from_unix(i64::MIN)).starts_with("-009999-01-02T"));
    }

    #[test]
    fn any_other_form_is_refused() {
        for text in [
            "",
            "Z",
            "2026-11-22T10:00:00",
            // SAML core §1.3.3
            "2026-11-22T10:00:00+00:00",
            "2026-11-22 10:00:00Z",
            "2026-11-22T10:00:00.Z",
            "2026-11-22T10:00:00.0000000001Z",
            "2026-11-22T10:00:00.1.2Z",
            "2026-11-22T10:00:00.aZ",
            "2026-13-22T10:00:00Z",
            "2026-11-22T25:00:00Z",
            "2026-11-22T10:00:0aZ",
            "+2026-11-22T10:00:00Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
