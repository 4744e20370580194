//! The Toestemmingenregister: where a person records, sees and withdraws consent (seed 000 steps 5,
//! 6, 13 and 14).

pub mod afmelden;
pub mod intrekken;
pub mod opvragen;
pub mod vastleggen;

use serde::{Deserialize, Serialize};
use verdict::{BadRow, Clear, IndexKey, Key, PersonTag, Record, Space, versioned};

use crate::rows;
use crate::toestemming::{Functie, Keuze};

/// How long a consent is kept, in seconds: until it is withdrawn, so far longer than any grant
/// (MedMij core.autorisatie.100 ends a grant that was not used for half a year).
pub const TOESTEMMING_S: u32 = 30 * 366 * 86_400;

/// The most choices of a person for one PGO and one function: a form can name every provider of a
/// region, not of a list made to exhaust us.
pub const KEUZES_MAX: usize = 500;

/// The most choices in one row: those for collecting and those for sharing. A register's answer
/// with more is none of ours.
pub const KEUZES_PER_PGO_MAX: usize = 2 * KEUZES_MAX;

/// A person's choices for one PGO.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toestemmingen {
    /// Whose.
    pub persoon: PersonTag,
    /// For which PGO.
    pub client_id: String,
    /// The link on which grants hang.
    pub koppeling: [u8; 16],
    /// The choices.
    pub keuzes: Vec<Keuze>,
    /// When they were last changed; seconds since 1970.
    pub vastgelegd: i64,
}

/// The name of the index by person.
pub const PERSOON: &str = "persoon";

#[derive(Serialize, Deserialize)]
struct Open {
    persoon: String,
    client_id: String,
    koppeling: [u8; 16],
    vastgelegd: i64,
}

impl Toestemmingen {
    /// Where they stand: person and PGO.
    pub fn key(persoon: PersonTag, client_id: &str) -> Key {
        Key::Record(Self::SPACE, rows::person_and_client(persoon, client_id))
    }

    /// Whether each function has at most [`KEUZES_MAX`] choices.
    fn fits(&self) -> bool {
        let of = |functie| self.keuzes.iter().filter(|k| k.functie == functie).count();
        [Functie::Verzamelen, Functie::Delen]
            .into_iter()
            .all(|functie| of(functie) <= KEUZES_MAX)
    }
}

/// Which providers a person chose tells of treatment, so the choices are the private part.
impl Record for Toestemmingen {
    const SPACE: Space = Space("mitz.toestemming");

    fn to_body(&self) -> Clear {
        let open = Open {
            persoon: verdict::person_tag_to_hex(self.persoon),
            client_id: self.client_id.clone(),
            koppeling: self.koppeling,
            vastgelegd: self.vastgelegd,
        };
        let index = vec![(PERSOON, IndexKey::Person(self.persoon))];
        versioned::body_with_private(&open, &self.keuzes, index)
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        let open: Open = versioned::open(Self::SPACE, body)?;
        Ok(Self {
            persoon: versioned::person(Self::SPACE, &open.persoon)?,
            client_id: open.client_id,
            koppeling: open.koppeling,
            keuzes: versioned::private(Self::SPACE, body)?,
            vastgelegd: open.vastgelegd,
        })
    }
}

/// The link between a person and a PGO. Its row is there as long as the consent stands and gone
/// from the moment of withdrawal; whoever issues something guards it, so a withdrawal can never be
/// overtaken. A new consent makes a new link, and old grants stay dead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Koppeling {
    /// To which PGO.
    pub client_id: String,
}

impl Koppeling {
    /// Where it stands.
    pub const fn key(id: [u8; 16]) -> Key {
        Key::Grant(Self::SPACE, id)
    }
}

impl Record for Koppeling {
    const SPACE: Space = Space("mitz.koppeling");

    fn to_body(&self) -> Clear {
        versioned::body(self, Vec::new())
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        versioned::open(Self::SPACE, body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_koppeling_reads_back_what_was_stored() {
        let koppeling = Koppeling {
            client_id: "pgo.localhost".into(),
        };
        let body = koppeling.to_body();
        assert_eq!(Koppeling::from_body(&body), Ok(koppeling));
    }
}
