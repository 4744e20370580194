//! Step 27: the beschikbaarheidstoets, and for Delen the ontvankelijkheidstoets (MedMij,
//! Verantwoordelijkheden Zorg; mitz.md §2.8).
//!
//! Three questions: is or was there a treatment relation, is the person old enough, and does the
//! provider make anything available of what was asked? All three refusals look the same outside.

use fhir::Bevinding;
use identity::GegevensdienstId;
use verdict::Moment;

/// Why the check failed. For the operator only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NietBeschikbaar {
    /// mitz case 49.
    GeenBehandelrelatie,
    /// The person died, and with that every consent ended (core.dossier.108).
    Overleden,
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
            Self::Overleden => ("core.dossier.108", "the person died"),
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
    ontvankelijkheidstoets(&bevinding, leeftijd_min, now)?;
    if bevinding.beschikbaar.is_empty() {
        return Err(NietBeschikbaar::GeenGegevens);
    }
    Ok(bevinding.beschikbaar)
}

/// Whether the provider takes something for the person; nothing needs to be there yet (mitz case 51).
///
/// # Errors
/// [`NietBeschikbaar`].
pub fn ontvankelijkheidstoets(
    bevinding: &Bevinding,
    leeftijd_min: u8,
    now: Moment,
) -> Result<(), NietBeschikbaar> {
    let patient = bevinding.patient.as_ref();
    let patient = patient.ok_or(NietBeschikbaar::GeenBehandelrelatie)?;
    if patient.overleden {
        return Err(NietBeschikbaar::Overleden);
    }
    let leeftijd = patient.geboortedatum.and_then(|datum| datum.leeftijd(now));
    if leeftijd.is_none_or(|jaren| jaren < leeftijd_min) {
        return Err(NietBeschikbaar::TeJong);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use fhir::{Geboortedatum, Patient};

    use super::*;

    /// 22 November 2026.
    const NOW: Moment = Moment::from_unix(1_795_305_600);

    fn bevinding(geboren: Option<&str>) -> Bevinding {
        Bevinding {
            patient: geboren.map(|datum| Patient {
                geboortedatum: Geboortedatum::parse(datum),
                overleden: false,
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
    fn with_nothing_available_the_check_fails() {
        let mut nothing = bevinding(Some("1980-01-01"));
        nothing.beschikbaar.clear();
        assert_eq!(toets(nothing, 16, NOW), Err(NietBeschikbaar::GeenGegevens));
    }
}
