//! What a provider's record system told of a person: what an availability test rests on.

use identity::GegevensdienstId;
use jiff::civil::Date;
use verdict::Moment;

/// What the provider's record system told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bevinding {
    /// The person, if the provider knows one; with the date of birth, if that is known.
    pub patient: Option<Patient>,
    /// The gegevensdiensten of those asked that have data or could have.
    pub beschikbaar: Vec<GegevensdienstId>,
}

impl Bevinding {
    /// Nobody is known, and there is nothing.
    pub const fn none() -> Self {
        Self {
            patient: None,
            beschikbaar: Vec::new(),
        }
    }
}

/// A person in a record system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patient {
    /// When the person was born.
    pub geboortedatum: Option<Geboortedatum>,
    /// Whether the person died.
    pub overleden: bool,
}

/// A date of birth: the latest day that a partly known date can mean, so that nobody is taken for
/// older than he is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geboortedatum {
    latest: Date,
    is_whole: bool,
}

impl Geboortedatum {
    /// Reads a FHIR `date`: a year, a month or a day (FHIR R4 §2.24).
    pub fn parse(text: &str) -> Option<Self> {
        let latest = match text.len() {
            4 => format!("{text}-12-31").parse().ok()?,
            7 => format!("{text}-01").parse::<Date>().ok()?.last_of_month(),
            10 => text.parse().ok()?,
            _ => return None,
        };
        let is_whole = text.len() == 10;
        Some(Self { latest, is_whole })
    }

    /// Whether it is this day, and known to the day.
    pub fn is_day(self, day: Date) -> bool {
        self.is_whole && self.latest == day
    }

    /// Whole years at `now`, by the date in UTC.
    pub fn leeftijd(self, now: Moment) -> Option<u8> {
        let now = jiff::Timestamp::from_second(now.unix()).ok()?;
        let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        let had_birthday = (today.month(), today.day()) >= (self.latest.month(), self.latest.day());
        let years = today.year() - self.latest.year() - i16::from(!had_birthday);
        u8::try_from(years).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_that_is_partly_known_counts_as_its_last_day() {
        /// 22 November 2026.
        const NOW: Moment = Moment::from_unix(1_795_305_600);
        let age = |text| Geboortedatum::parse(text).and_then(|born| born.leeftijd(NOW));
        // FHIR R4 §2.24
        assert_eq!(age("2009"), Some(16));
        assert_eq!(age("2010-11"), Some(15));
        assert_eq!(age("2010-10"), Some(16));
        assert_eq!(age("2010-11-22"), Some(16));
        assert_eq!(age("2010-11-23"), Some(15));
        for none in ["onbekend", "2010-02-30", "2010-1"] {
            assert_eq!(age(none), None, "{none}");
        }
    }
}
