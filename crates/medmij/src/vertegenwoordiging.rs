//! Acting for somebody else (ext.vert, seed 002).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// On what ground (ext.vert.authint.200).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vertegenwoordiging {
    /// The represented person gave an authorisation.
    Machtiging,
    /// The represented person is a child of whoever acts.
    Ouderlijk,
}

/// Where a login differs from what was asked: the person is told, and the flow stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anders {
    /// Exception Vertegenwoordiging 1: expected, and not used.
    NietGebruikt,
    /// Exception Vertegenwoordiging 2: used, and not expected.
    NietGevraagd,
}

/// `MedMij_geboortedatum`: the date of birth of the represented person, `JJJJMMDD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GeboortedatumParameter(Date);

/// The text is no such date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadGeboortedatum;

impl Vertegenwoordiging {
    /// As it stands in a scope.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Machtiging => "onbehalfof",
            Self::Ouderlijk => "onbehalfofchild",
        }
    }

    /// Reads a part of a scope.
    pub fn parse(text: &str) -> Option<Self> {
        let mut both = [Self::Machtiging, Self::Ouderlijk].into_iter();
        both.find(|soort| soort.as_str() == text)
    }
}

impl Anders {
    /// Whether the login was as asked (ext.vert.authint.201, .202 and .204).
    ///
    /// # Errors
    /// [`Anders`].
    pub const fn than_asked(asked: Option<Vertegenwoordiging>, was_used: bool) -> Result<(), Self> {
        match (asked, was_used) {
            (None, false) | (Some(_), true) => Ok(()),
            (Some(_), false) => Err(Self::NietGebruikt),
            (None, true) => Err(Self::NietGevraagd),
        }
    }

    /// For the operator.
    pub const fn reason(self) -> (&'static str, &'static str) {
        match self {
            Self::NietGebruikt => (
                "medmij case 89",
                "representation was asked for, and the login has none",
            ),
            Self::NietGevraagd => (
                "medmij case 90",
                "the login has a representation that nobody asked for",
            ),
        }
    }
}

impl GeboortedatumParameter {
    /// Reads a parameter (medmij case 87).
    ///
    /// # Errors
    /// [`BadGeboortedatum`] for anything but eight digits that are a day.
    pub fn parse(text: &str) -> Result<Self, BadGeboortedatum> {
        if text.len() != 8 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BadGeboortedatum);
        }
        let day = format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]);
        day.parse().map(Self).map_err(|_| BadGeboortedatum)
    }

    /// As a FHIR date, for people's eyes.
    pub fn iso(self) -> String {
        self.0.to_string()
    }

    /// Whether a record system's date of birth is this one (ext.vert.autorisatie.201). One that is
    /// known in part only is not.
    pub fn is(self, geboren: Option<fhir::Geboortedatum>) -> bool {
        geboren.is_some_and(|geboren| geboren.is_day(self.0))
    }
}

impl TryFrom<String> for GeboortedatumParameter {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).map_err(|_| "no date of birth")
    }
}

impl From<GeboortedatumParameter> for String {
    fn from(GeboortedatumParameter(day): GeboortedatumParameter) -> Self {
        day.strftime("%Y%m%d").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medmij_case_087_a_date_of_birth_is_eight_digits_that_are_a_day() {
        let day = GeboortedatumParameter::parse("19700901").expect("a day");
        assert_eq!(String::from(day), "19700901");
        // medmij case 87
        for bad in [
            "",
            "1970-09-01",
            "19701301",
            "19700931",
            "700901",
            "1970090١",
        ] {
            assert_eq!(
                GeboortedatumParameter::parse(bad),
                Err(BadGeboortedatum),
                "{bad}"
            );
        }
    }

    #[test]
    fn medmij_case_088_a_date_that_is_known_in_part_is_not_the_one_that_was_given() {
        let day = GeboortedatumParameter::parse("19701231").expect("a day");
        let is = |text| day.is(fhir::Geboortedatum::parse(text));
        // medmij case 88
        assert!(is("1970-12-31"));
        assert!(!is("1970-12-30"));
        assert!(!is("1970-12"));
        assert!(!is("1970"));
        assert!(!day.is(None));
    }

    #[test]
    fn medmij_case_089_and_090_a_login_is_as_it_was_asked_for() {
        use Vertegenwoordiging::{Machtiging, Ouderlijk};
        let than_asked = Anders::than_asked;
        assert_eq!(than_asked(None, false), Ok(()));
        assert_eq!(than_asked(Some(Ouderlijk), true), Ok(()));
        // medmij case 89
        assert_eq!(
            than_asked(Some(Machtiging), false),
            Err(Anders::NietGebruikt)
        );
        // medmij case 90
        assert_eq!(than_asked(None, true), Err(Anders::NietGevraagd));
    }
}
