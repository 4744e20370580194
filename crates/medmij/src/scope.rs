//! What a `scope` says at the authorization interface (medmij.md §3.3, core.autorisatie.203).

use std::fmt;

use identity::{GegevensdienstId, Zorgaanbiedernaam};
use serde::{Deserialize, Serialize};

use crate::vertegenwoordiging::Vertegenwoordiging;

/// Bytes of a scope, at most: the longest that the grammar makes has some 120.
const SCOPE_BYTES_MAX: usize = 256;
/// Before a subscription.
const SUBSCRIBE: &str = "subscribe~";

/// A scope: one Aanbieder, one function, and perhaps that the person acts for somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// At whom.
    pub naam: Zorgaanbiedernaam,
    /// What for.
    pub functie: Functie,
    /// For whom, if not for oneself.
    pub vertegenwoordiging: Option<Vertegenwoordiging>,
}

/// The functions for which a person gives consent or confirms (medmij.md §2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Functie {
    /// Collecting whatever becomes available.
    Verzamelen,
    /// Placing something for one gegevensdienst.
    Delen(GegevensdienstId),
    /// A subscription on one gegevensdienst (ext.abo).
    Abonneren {
        /// For so many days; 0 ends it.
        dagen: u32,
        /// On which.
        dienst: GegevensdienstId,
    },
}

/// The text is no scope of MedMij.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadScope;

impl Scope {
    /// Reads a scope as it was sent.
    ///
    /// # Errors
    /// [`BadScope`]: more than one Aanbieder or gegevensdienst, a name with its suffix, or anything that
    /// MedMij does not know.
    pub fn parse(text: &str) -> Result<Self, BadScope> {
        if text.len() > SCOPE_BYTES_MAX {
            return Err(BadScope);
        }
        let (mut what, mut vertegenwoordiging) = (None, None);
        for part in text.split(' ') {
            match Vertegenwoordiging::parse(part) {
                Some(soort) => once(&mut vertegenwoordiging, soort)?,
                None => once(&mut what, part)?,
            }
        }
        let (naam, functie) = functie(what.ok_or(BadScope)?)?;
        Ok(Self {
            naam,
            functie,
            vertegenwoordiging,
        })
    }
}

/// medmij case 15: a second one is one too many.
fn once<T>(place: &mut Option<T>, value: T) -> Result<(), BadScope> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(BadScope),
    }
}

fn functie(what: &str) -> Result<(Zorgaanbiedernaam, Functie), BadScope> {
    if let Some(subscription) = what.strip_prefix(SUBSCRIBE) {
        let (dagen, what) = subscription.split_once('/').ok_or(BadScope)?;
        let (naam, dienst) = naam_en_dienst(what)?;
        let dagen = number(dagen)?;
        return Ok((naam, Functie::Abonneren { dagen, dienst }));
    }
    if what.contains('~') {
        let (naam, dienst) = naam_en_dienst(what)?;
        return Ok((naam, Functie::Delen(dienst)));
    }
    Ok((naam(what)?, Functie::Verzamelen))
}

/// medmij case 13: without the suffix.
fn naam(text: &str) -> Result<Zorgaanbiedernaam, BadScope> {
    Zorgaanbiedernaam::parse_scope_naam(text).map_err(|_| BadScope)
}

fn naam_en_dienst(text: &str) -> Result<(Zorgaanbiedernaam, GegevensdienstId), BadScope> {
    let (before, after) = text.split_once('~').ok_or(BadScope)?;
    let dienst = GegevensdienstId::parse(after).map_err(|_| BadScope)?;
    Ok((naam(before)?, dienst))
}

/// A number without sign and without leading zeros, so that it has one spelling.
fn number(text: &str) -> Result<u32, BadScope> {
    let number: u32 = text.parse().map_err(|_| BadScope)?;
    (number.to_string() == text)
        .then_some(number)
        .ok_or(BadScope)
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let naam = self.naam.scope_naam();
        match &self.functie {
            Functie::Verzamelen => f.write_str(naam)?,
            Functie::Delen(dienst) => write!(f, "{naam}~{dienst}")?,
            Functie::Abonneren { dagen, dienst } => {
                write!(f, "{SUBSCRIBE}{dagen}/{naam}~{dienst}")?;
            }
        }
        match self.vertegenwoordiging {
            Some(soort) => write!(f, " {}", soort.as_str()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn medmij_case_014_and_085_and_095_and_096_a_scope_names_one_aanbieder_and_one_function() {
        // medmij cases 14, 85, 95 and 96
        for (text, functie, soort) in [
            ("eenofanderezorgaanbieder", "Verzamelen", None),
            ("eenofanderezorgaanbieder~53", "Delen", None),
            (
                "subscribe~180/eenofanderezorgaanbieder~42",
                "Abonneren { dagen: 180",
                None,
            ),
            (
                "subscribe~0/eenofanderezorgaanbieder~42",
                "Abonneren { dagen: 0",
                None,
            ),
            (
                "eenofanderezorgaanbieder onbehalfof",
                "Verzamelen",
                Some(Vertegenwoordiging::Machtiging),
            ),
            (
                "eenofanderezorgaanbieder onbehalfofchild",
                "Verzamelen",
                Some(Vertegenwoordiging::Ouderlijk),
            ),
        ] {
            let scope = Scope::parse(text).expect(text);
            assert!(
                format!("{:?}", scope.functie).starts_with(functie),
                "{text}"
            );
            assert_eq!(scope.vertegenwoordiging, soort);
            assert_eq!(scope.to_string(), text);
        }
    }

    #[test]
    fn medmij_case_013_and_015_whatever_else_is_no_scope() {
        // medmij cases 13 and 15
        for text in [
            "",
            "onbehalfof",
            "eenofanderezorgaanbieder@medmij",
            "eenofanderezorgaanbieder~53 eenofanderezorgaanbieder~54",
            "eenofanderezorgaanbieder anderezorgaanbieder",
            "eenofanderezorgaanbieder  onbehalfof",
            "eenofanderezorgaanbieder onbehalfof onbehalfof",
            "eenofanderezorgaanbieder onbehalfof onbehalfofchild",
            "eenofanderezorgaanbieder~",
            "Eenofanderezorgaanbieder",
            "subscribe~x/eenofanderezorgaanbieder~42",
            "subscribe~-1/eenofanderezorgaanbieder~42",
            "subscribe~007/eenofanderezorgaanbieder~42",
            "subscribe~1/eenofanderezorgaanbieder",
            "subscribe~1eenofanderezorgaanbieder~42",
        ] {
            assert_eq!(Scope::parse(text), Err(BadScope), "{text}");
        }
        assert_eq!(Scope::parse(&"a".repeat(257)), Err(BadScope));
    }

    proptest! {
        #[test]
        fn a_scope_has_one_spelling(text in "(subscribe~[0-9]{1,3}/)?[a-z]{3,9}(~[0-9]{1,2})?( onbehalfof(child)?)?|\\PC{0,40}") {
            if let Ok(scope) = Scope::parse(&text) {
                prop_assert_eq!(Scope::parse(&scope.to_string()), Ok(scope));
            }
        }
    }
}
