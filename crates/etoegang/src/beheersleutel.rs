//! Keys of administration: who holds one may register and change means at an AD, or mandates at an MR.

use std::fmt;

use protocol::handle::{Handle, Purpose};
use serde::{Deserialize, Serialize};
use verdict::{BadRow, Change, Clear, Expect, IndexKey, Key, Moment, Record, Space, versioned};

/// What makes and opens the secrets of keys of administration.
pub const SLEUTEL: Purpose = Purpose("etoegang.beheer");
/// Seconds that one lasts, at most: 180 days. The keys under which secrets are made are kept for 184 days
/// after their last use (`server::keys::Purpose::Handles`); a secret that lasted longer would stop before
/// its time.
pub const SLEUTEL_S_MAX: u32 = 180 * 86_400;
/// Characters of the name of a holder, at most.
const NAAM_MAX: usize = 100;

/// A key of administration, without its secret. It is withdrawn when its row is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beheersleutel {
    /// Who holds it, for the audit log: a person or a program.
    pub naam: String,
    /// When it was made, in seconds since 1970.
    pub gemaakt: i64,
    /// Until when it works, in seconds since 1970.
    pub tot: i64,
}

/// What a key of administration cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ongeldig {
    /// Nobody could read the name.
    Naam,
    /// Not for so long.
    Duur,
}

impl Beheersleutel {
    /// The index that every key carries, so that all can be found.
    pub const ALL: (&'static str, &'static str) = ("soort", "beheersleutel");

    /// A key that begins now and lasts `duur_s`, 1 to [`SLEUTEL_S_MAX`].
    ///
    /// # Errors
    /// [`Ongeldig`].
    pub fn nieuw(naam: &str, duur_s: u32, now: Moment) -> Result<Self, Ongeldig> {
        let is_readable = !naam.trim().is_empty() && !naam.chars().any(char::is_control);
        if !is_readable || naam.chars().count() > NAAM_MAX {
            return Err(Ongeldig::Naam);
        }
        if !(1..=SLEUTEL_S_MAX).contains(&duur_s) {
            return Err(Ongeldig::Duur);
        }
        Ok(Self {
            naam: naam.to_owned(),
            gemaakt: now.unix(),
            tot: now.plus_s(duur_s).unix(),
        })
    }

    /// Where it stands.
    pub fn key(id: [u8; 16]) -> Key {
        Key::Record(Self::SPACE, id.to_vec())
    }

    /// What its secret proves. It has one generation only.
    pub const fn handle(id: [u8; 16]) -> Handle {
        Handle { id, generation: 0 }
    }

    /// The change that keeps it until its time is over.
    pub fn toevoegen(&self, id: [u8; 16], expect: Expect) -> Change<Clear> {
        self.put(Self::key(id), expect, Moment::from_unix(self.tot))
    }
}

impl Record for Beheersleutel {
    const SPACE: Space = Space("etoegang.beheersleutel");

    fn to_body(&self) -> Clear {
        let (name, value) = Self::ALL;
        versioned::body(self, vec![(name, IndexKey::Text(value.to_owned()))])
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        versioned::open(Self::SPACE, body)
    }
}

impl fmt::Display for Ongeldig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Naam => write!(f, "the name must be 1 to {NAAM_MAX} characters on one line"),
            Self::Duur => write!(f, "a key lasts 1 to {} days", SLEUTEL_S_MAX / 86_400),
        }
    }
}

impl std::error::Error for Ongeldig {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::NOW;

    #[test]
    fn a_key_of_administration_has_a_readable_holder_and_an_end() {
        let now = Moment::from_unix(NOW);
        let made = Beheersleutel::nieuw("A. Jansen", 86_400, now).expect("a key");
        assert_eq!((made.gemaakt, made.tot), (NOW, NOW + 86_400));
        let row = made.to_body();
        assert_eq!(Beheersleutel::from_body(&row).expect("a row"), made);
        for bad in ["", " ", "a\nb", &"x".repeat(101)] {
            let refused = Beheersleutel::nieuw(bad, 86_400, now);
            assert_eq!(refused, Err(Ongeldig::Naam), "{bad}");
        }
        for bad in [0, SLEUTEL_S_MAX + 1] {
            let refused = Beheersleutel::nieuw("A. Jansen", bad, now);
            assert_eq!(refused, Err(Ongeldig::Duur));
        }
    }
}
