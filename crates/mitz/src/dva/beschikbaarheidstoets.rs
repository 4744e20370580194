//! Step 27: the beschikbaarheidstoets (MedMij, Verantwoordelijkheden Zorg; mitz.md §2.8).
//!
//! Three questions: is or was there a treatment relation, is the person old enough, and does the
//! provider make anything available of what was asked? All three refusals look the same outside.

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

/// A person in a record system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patient {
    /// When the person was born.
    pub geboortedatum: Option<Geboortedatum>,
}

/// A date of birth: the latest day that a partly known date can mean, so that nobody is taken for
/// older than he is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geboortedatum(Date);

impl Geboortedatum {
    /// Reads a FHIR `date`: a year, a month or a day (FHIR R4 §2.24).
    pub fn parse(text: &str) -> Option<Self> {
        let latest = match text.len() {
            4 => format!("{text}-12-31"),
            7 => {
                let first: Date = format!("{text}-01").parse().ok()?;
                return Some(Self(first.last_of_month()));
            }
            10 => text.to_owned(),
            _ => return None,
        };
        latest.parse().ok().map(Self)
    }

    /// Whole years at `now`, by the date in UTC.
    pub fn leeftijd(self, now: Moment) -> Option<u8> {
        let now = jiff::Timestamp::from_second(now.unix()).ok()?;
        let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        let had_birthday = (today.month(), today.day()) >= (self.0.month(), self.0.day());
        let years = today.year() - self.0.year() - i16::from(!had_birthday);
        u8::try_from(years).ok()
    }
}

/// Why the check failed. For the operator only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NietBeschikbaar {
    /// mitz case 49.
    GeenBehandelrelatie,
    /// mitz case 50; also when no date of birth is known.
    TeJong,
    /// Nothing of what was asked.
    GeenGegevens,
}

impl NietBeschikbaar {
    /// The rule, and why.
    pub const fn reason(self) -> (&'static str, &'static str) {
        match self {
            Self::GeenBehandelrelatie => ("mitz case 49", "there is no treatment relation"),
            Self::TeJong => ("mitz case 50", "the person is under the configured age"),
            Self::GeenGegevens => ("mitz.md §2.8", "nothing is available of what was asked"),
        }
    }
}

/// The gegevensdiensten that the person can collect.
///
/// # Errors
/// [`NietBeschikbaar`].
pub fn toets(
    bevinding: Bevinding,
    leeftijd_min: u8,
    now: Moment,
) -> Result<Vec<GegevensdienstId>, NietBeschikbaar> {
    let patient = bevinding
        .patient
        .ok_or(NietBeschikbaar::GeenBehandelrelatie)?;
    let leeftijd = patient.geboortedatum.and_then(|datum| datum.leeftijd(now));
    if leeftijd.is_none_or(|jaren| jaren < leeftijd_min) {
        return Err(NietBeschikbaar::TeJong);
    }
    if bevinding.beschikbaar.is_empty() {
        return Err(NietBeschikbaar::GeenGegevens);
    }
    Ok(bevinding.beschikbaar)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 22 November 2026.
    const NOW: Moment = Moment::from_unix(1_795_305_600);

    fn bevinding(geboren: Option<&str>) -> Bevinding {
        Bevinding {
            patient: geboren.map(|datum| Patient {
                geboortedatum: Geboortedatum::parse(datum),
            }),
            beschikbaar: vec![GegevensdienstId::parse("51").expect("an id")],
        }
    }

    #[test]
    fn mitz_case_049_without_a_treatment_relation_nothing_is_available() {
        assert_eq!(
            toets(bevinding(None), 16, NOW),
            Err(NietBeschikbaar::GeenBehandelrelatie)
        );
    }

    #[test]
    fn mitz_case_050_one_day_under_sixteen_is_too_young() {
        assert!(toets(bevinding(Some("2010-11-22")), 16, NOW).is_ok());
        assert_eq!(
            toets(bevinding(Some("2010-11-23")), 16, NOW),
            Err(NietBeschikbaar::TeJong)
        );
    }

    #[test]
    fn a_date_that_is_partly_known_counts_as_its_last_day() {
        // FHIR R4 §2.24
        assert!(toets(bevinding(Some("2009")), 16, NOW).is_ok());
        for unsure in ["2010", "2010-11", "onbekend", "2010-02-30"] {
            assert_eq!(
                toets(bevinding(Some(unsure)), 16, NOW),
                Err(NietBeschikbaar::TeJong),
                "{unsure}"
            );
        }
        assert!(toets(bevinding(Some("2010-10")), 16, NOW).is_ok());
    }

    #[test]
    fn with_nothing_available_the_check_fails() {
        let mut nothing = bevinding(Some("1980-01-01"));
        nothing.beschikbaar.clear();
        assert_eq!(toets(nothing, 16, NOW), Err(NietBeschikbaar::GeenGegevens));
    }
}
