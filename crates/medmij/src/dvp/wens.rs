//! What a person wants of one Aanbieder, and for whom.

use identity::Zorgaanbiedernaam;
use serde::{Deserialize, Serialize};

use crate::scope::{Functie, Scope};
use crate::vertegenwoordiging::{GeboortedatumParameter, Vertegenwoordiging};

/// What a person wants of one Aanbieder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wens {
    /// Of whom.
    pub naam: Zorgaanbiedernaam,
    /// What.
    pub functie: Functie,
    /// For whom.
    pub voor: Voor,
}

/// For whom. There is no representation without the date of birth (medmij case 86), and no date without
/// a representation: a DVA that nobody acts at for another has no need of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Voor {
    /// Whoever is at the browser.
    Mijzelf,
    /// Somebody else.
    Ander {
        /// On what ground.
        soort: Vertegenwoordiging,
        /// Born when.
        geboortedatum: GeboortedatumParameter,
    },
}

impl Wens {
    /// As it stands in an authorization request: the name without its suffix (core.authint.200).
    pub fn scope(&self) -> Scope {
        Scope {
            naam: self.naam.clone(),
            functie: self.functie.clone(),
            vertegenwoordiging: match self.voor {
                Voor::Mijzelf => None,
                Voor::Ander { soort, .. } => Some(soort),
            },
        }
    }

    /// Whether it is something to collect.
    pub const fn is_verzamelen(&self) -> bool {
        matches!(self.functie, Functie::Verzamelen)
    }
}
