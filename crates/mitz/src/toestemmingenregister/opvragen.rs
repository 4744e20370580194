//! Steps 13 and 14: the authorization server asks for a person's consents for one PGO.

use identity::Bsn;
use serde::{Deserialize, Serialize};

use super::{KEUZES_PER_PGO_MAX, Toestemmingen};
use crate::lokalisatie::NietBereikbaar;
use crate::toestemming::Keuze;

/// Step 13: the question. It travels in a body over mutual TLS, never in a URL.
#[derive(Clone, Serialize, Deserialize)]
pub struct Toestemmingenvraag {
    /// Whose.
    #[serde(with = "identity::bsn::revealed")]
    pub bsn: Bsn,
    /// For which PGO.
    pub client_id: String,
}

/// Step 14: what stands in the register for this person and this PGO, and no other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opgevraagd {
    /// The link on which grants hang.
    pub koppeling: [u8; 16],
    /// The choices.
    pub keuzes: Vec<Keuze>,
}

impl From<Toestemmingen> for Opgevraagd {
    fn from(gevonden: Toestemmingen) -> Self {
        Self {
            koppeling: gevonden.koppeling,
            keuzes: gevonden.keuzes,
        }
    }
}

/// The answer on the wire: `null` when there is no consent.
#[derive(Serialize, Deserialize)]
struct Antwoord {
    toestemmingen: Option<Opgevraagd>,
}

impl Opgevraagd {
    /// The body of step 14.
    pub fn to_body(gevonden: Option<Self>) -> Vec<u8> {
        let antwoord = Antwoord {
            toestemmingen: gevonden,
        };
        // A struct of text, numbers and lists always serialises.
        serde_json::to_vec(&antwoord).unwrap_or_default()
    }

    /// Reads the body of step 14; nothing when there is no consent.
    ///
    /// # Errors
    /// [`NietBereikbaar`] for anything that is no answer: never taken for "no consent".
    pub fn parse(body: &[u8]) -> Result<Option<Self>, NietBereikbaar> {
        let read: Antwoord = serde_json::from_slice(body).map_err(|_| NietBereikbaar)?;
        match read.toestemmingen {
            Some(found) if found.keuzes.len() > KEUZES_PER_PGO_MAX => Err(NietBereikbaar),
            found => Ok(found),
        }
    }
}
