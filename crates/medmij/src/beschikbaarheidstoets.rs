//! The beschikbaarheidstoets, and for Delen the ontvankelijkheidstoets (medmij.md §2.8): is or was
//! there a treatment relation, may this person collect, and is anything available? From outside all
//! refusals look the same.

use fhir::Bevinding;
use identity::GegevensdienstId;
use verdict::Moment;

use crate::scope::{Functie, Scope};
use crate::vertegenwoordiging::{GeboortedatumParameter, Vertegenwoordiging};

/// From this age a person collects for himself, and can be represented by authorisation.
pub const LEEFTIJD_MIN: u8 = 16;
/// Until this age a person is represented by a parent.
pub const KIND_TOT: u8 = 12;

/// For whom the test is made.
#[derive(Clone, Copy, Debug)]
pub struct Toets<'a> {
    /// What was asked.
    pub scope: &'a Scope,
    /// Of the represented person, as the request says.
    pub geboortedatum: Option<GeboortedatumParameter>,
    /// From which age a person collects for himself: [`LEEFTIJD_MIN`] unless configured otherwise.
    pub leeftijd_min: u8,
    /// Now.
    pub now: Moment,
}

/// Why the test failed. For the operator only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NietBeschikbaar {
    /// Nobody knows the person there.
    GeenBehandelrelatie,
    /// The person died (core.dossier.108).
    Overleden,
    /// Exception Vertegenwoordiging 4.
    AndereGeboortedatum,
    /// Too young, or too old to be represented by a parent; also when no date of birth is known.
    Leeftijd,
    /// Nothing of what was asked.
    GeenGegevens,
}

impl NietBeschikbaar {
    /// The rule, and why.
    pub const fn reason(self) -> (&'static str, &'static str) {
        match self {
            Self::GeenBehandelrelatie => ("medmij case 27", "there is no treatment relation"),
            Self::Overleden => ("medmij case 63", "the person died"),
            Self::AndereGeboortedatum => ("medmij case 88", "the date of birth is another one"),
            Self::Leeftijd => ("medmij case 94", "the person's age does not fit"),
            Self::GeenGegevens => ("medmij case 40", "nothing is available of what was asked"),
        }
    }
}

impl Toets<'_> {
    /// The gegevensdiensten that are open to the person.
    ///
    /// # Errors
    /// [`NietBeschikbaar`].
    pub fn of(&self, bevinding: Bevinding) -> Result<Vec<GegevensdienstId>, NietBeschikbaar> {
        let patient = bevinding
            .patient
            .ok_or(NietBeschikbaar::GeenBehandelrelatie)?;
        if patient.overleden {
            return Err(NietBeschikbaar::Overleden);
        }
        if self
            .geboortedatum
            .is_some_and(|said| !said.is(patient.geboortedatum))
        {
            return Err(NietBeschikbaar::AndereGeboortedatum);
        }
        let leeftijd = patient
            .geboortedatum
            .and_then(|datum| datum.leeftijd(self.now));
        if !leeftijd.is_some_and(|jaren| self.fits(jaren)) {
            return Err(NietBeschikbaar::Leeftijd);
        }
        // Whoever places something needs nothing there yet, and who ends a subscription (medmij case 96) nothing
        // any more.
        let needs_none = matches!(
            self.scope.functie,
            Functie::Delen(_) | Functie::Abonneren { dagen: 0, .. }
        );
        if bevinding.beschikbaar.is_empty() && !needs_none {
            return Err(NietBeschikbaar::GeenGegevens);
        }
        Ok(bevinding.beschikbaar)
    }

    const fn fits(&self, jaren: u8) -> bool {
        match self.scope.vertegenwoordiging {
            // medmij case 94
            None => jaren >= self.leeftijd_min,
            Some(Vertegenwoordiging::Machtiging) => jaren >= LEEFTIJD_MIN,
            // medmij case 93
            Some(Vertegenwoordiging::Ouderlijk) => jaren < KIND_TOT,
        }
    }
}

#[cfg(test)]
mod tests {
    use fhir::{Geboortedatum, Patient};

    use super::*;

    /// 22 November 2026.
    const NOW: Moment = Moment::from_unix(1_795_305_600);

    fn toets(
        scope: &str,
        said: Option<&str>,
        geboren: Option<&str>,
    ) -> Result<Vec<GegevensdienstId>, NietBeschikbaar> {
        let scope = Scope::parse(scope).expect("a scope");
        let toets = Toets {
            scope: &scope,
            geboortedatum: said.map(|said| GeboortedatumParameter::parse(said).expect("a day")),
            leeftijd_min: LEEFTIJD_MIN,
            now: NOW,
        };
        toets.of(Bevinding {
            patient: geboren.map(|datum| Patient {
                geboortedatum: Geboortedatum::parse(datum),
                overleden: false,
            }),
            beschikbaar: vec![GegevensdienstId::parse("51").expect("an id")],
        })
    }

    #[test]
    fn medmij_case_093_and_094_each_age_has_its_ground() {
        let own = |born| toets("aanbieder", None, Some(born));
        assert!(own("2010-11-22").is_ok());
        // medmij case 94
        assert_eq!(own("2010-11-23"), Err(NietBeschikbaar::Leeftijd));
        assert_eq!(own("onbekend"), Err(NietBeschikbaar::Leeftijd));
        let child = |born: &str, said| toets("aanbieder onbehalfofchild", Some(said), Some(born));
        assert!(child("2014-11-23", "20141123").is_ok());
        // medmij case 93
        assert_eq!(
            child("2014-11-22", "20141122"),
            Err(NietBeschikbaar::Leeftijd)
        );
        let adult = |born: &str, said| toets("aanbieder onbehalfof", Some(said), Some(born));
        assert!(adult("1970-09-01", "19700901").is_ok());
        assert_eq!(
            adult("2014-11-23", "20141123"),
            Err(NietBeschikbaar::Leeftijd)
        );
        // medmij case 88
        assert_eq!(
            adult("1970-09-02", "19700901"),
            Err(NietBeschikbaar::AndereGeboortedatum)
        );
    }

    #[test]
    fn medmij_case_027_and_063_who_is_not_known_or_died_has_nothing() {
        // medmij case 27
        assert_eq!(
            toets("aanbieder", None, None),
            Err(NietBeschikbaar::GeenBehandelrelatie)
        );
        let scope = Scope::parse("aanbieder").expect("a scope");
        let toets = Toets {
            scope: &scope,
            geboortedatum: None,
            leeftijd_min: 16,
            now: NOW,
        };
        let patient = Patient {
            geboortedatum: Geboortedatum::parse("1970"),
            overleden: true,
        };
        let found = Bevinding {
            patient: Some(patient),
            beschikbaar: Vec::new(),
        };
        // medmij case 63
        assert_eq!(toets.of(found), Err(NietBeschikbaar::Overleden));
    }

    #[test]
    fn medmij_case_014_who_places_something_needs_nothing_there() {
        let patient = Patient {
            geboortedatum: Geboortedatum::parse("1970"),
            overleden: false,
        };
        let found = Bevinding {
            patient: Some(patient),
            beschikbaar: Vec::new(),
        };
        for (text, open) in [("aanbieder~53", true), ("aanbieder", false)] {
            let scope = Scope::parse(text).expect("a scope");
            let toets = Toets {
                scope: &scope,
                geboortedatum: None,
                leeftijd_min: 16,
                now: NOW,
            };
            // medmij case 14
            assert_eq!(toets.of(found.clone()).is_ok(), open, "{text}");
        }
    }
}
