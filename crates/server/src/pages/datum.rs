//! Dates as people read them.

use super::texts::Texts;

/// A FHIR date or dateTime (`2026`, `2026-03`, `2026-03-14T09:30:00+01:00`) as people write it, as
/// precise as it was given; the time of day is left out. Any other text comes back unchanged.
pub(super) fn datum(t: &Texts, text: &str) -> String {
    let day = text.split('T').next().unwrap_or_default();
    written(t, day).unwrap_or_else(|| text.to_owned())
}

/// A month of the calendar (1 to 12), in three letters or so.
pub(super) fn maand_kort(t: &Texts, month: i8) -> String {
    t.with("maand-kort", "nummer", month)
}

fn written(t: &Texts, day: &str) -> Option<String> {
    let mut parts = day.split('-');
    let year = number(parts.next()?, 4)?;
    let Some(month) = parts.next() else {
        return Some(format!("{year:04}"));
    };
    let month = number(month, 2).filter(|month| (1..=12).contains(month))?;
    let month = t.with("maand", "nummer", month);
    let day = match parts.next() {
        None => return Some(format!("{month} {year:04}")),
        Some(day) => number(day, 2).filter(|day| (1..=31).contains(day))?,
    };
    parts
        .next()
        .is_none()
        .then(|| format!("{day} {month} {year:04}"))
}

fn number(digits: &str, length: usize) -> Option<u16> {
    let plain = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::{Lang, texts::texts};

    #[test]
    fn dates_are_written_out_as_precisely_as_they_were_given() {
        let (nl, en) = (texts(Lang::Nl), texts(Lang::En));
        assert_eq!(datum(nl, "2026-03-04"), "4 maart 2026");
        assert_eq!(datum(en, "2026-03-04T09:30:00+01:00"), "4 March 2026");
        assert_eq!(datum(nl, "2026-12"), "december 2026");
        assert_eq!(datum(nl, "1998"), "1998");
    }

    #[test]
    fn text_that_is_no_date_comes_back_unchanged() {
        for text in [
            "",
            "gisteren",
            "2026-13-01",
            "2026-1-1",
            "2026-02-32",
            "2026-01-01-01",
        ] {
            assert_eq!(datum(texts(Lang::Nl), text), text);
        }
    }
}
