//! Administration keys: who holds one may change the domains it is for.

use std::collections::BTreeSet;

use protocol::handle::{Handle, Purpose};
use serde::{Deserialize, Serialize};
use verdict::{BadRow, Change, Clear, Expect, IndexKey, Key, Moment, Record, Space, versioned};

use super::wijzigen::Macht;
use crate::domein::Domein;
use crate::domeinconfiguratie::{Fout, fout, name};

/// What makes and opens the secrets of administration keys.
pub const SLEUTEL: Purpose = Purpose("koppeltaal.beheersleutel");
/// Seconds that an administration key lasts, at most: 180 days. The keys under which secrets are made
/// are kept for 184 days after their last use (`server::keys::Purpose::Handles`); a secret that lasted
/// longer would stop before its time.
pub const SLEUTEL_S_MAX: u32 = 180 * 86_400;

/// Domains that one key can name.
const DOMEINEN_MAX: usize = 100;

/// An administration key, without its secret. It is withdrawn when its row is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beheersleutel {
    /// Who holds it, for the log of changes: a person or a program.
    pub naam: String,
    /// What it is for.
    pub domeinen: Domeinen,
    /// When it was made, in seconds since 1970.
    pub gemaakt: i64,
    /// Until when it works, in seconds since 1970.
    pub tot: i64,
}

/// Which domains a key is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Domeinen {
    /// Every one, also those to come.
    Alle,
    /// These.
    Deze(BTreeSet<Domein>),
}

impl Beheersleutel {
    /// The index that every key carries, so that all can be found.
    pub const ALL: (&'static str, &'static str) = ("soort", "beheersleutel");

    /// A key that begins now and lasts `life_s`, 1 to [`SLEUTEL_S_MAX`].
    ///
    /// # Errors
    /// [`Fout`]: a name that nobody can read, no domain or too many, a life out of bounds.
    pub fn nieuw(naam: &str, domeinen: Domeinen, life_s: u32, now: Moment) -> Result<Self, Fout> {
        name("name", naam)?;
        if let Domeinen::Deze(these) = &domeinen
            && !(1..=DOMEINEN_MAX).contains(&these.len())
        {
            let why = format!("expected 1 to {DOMEINEN_MAX} domains, or all");
            return Err(fout("domains", why));
        }
        if !(1..=SLEUTEL_S_MAX).contains(&life_s) {
            let days = SLEUTEL_S_MAX / 86_400;
            return Err(fout("life", format!("expected at most {days} days")));
        }
        Ok(Self {
            naam: naam.to_owned(),
            domeinen,
            gemaakt: now.unix(),
            tot: now.plus_s(life_s).unix(),
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

    /// Whether it is for this domain.
    pub fn is_voor(&self, domein: &Domein) -> bool {
        match &self.domeinen {
            Domeinen::Alle => true,
            Domeinen::Deze(these) => these.contains(domein),
        }
    }

    /// What of those domains its holder may say: who is there for every domain runs the service.
    pub const fn macht(&self) -> Macht {
        match self.domeinen {
            Domeinen::Alle => Macht::Alles,
            Domeinen::Deze(_) => Macht::Binnen,
        }
    }

    /// The change that keeps it until its time is over.
    pub fn toevoegen(&self, id: [u8; 16]) -> Change<Clear> {
        let until = Moment::from_unix(self.tot);
        self.put(Self::key(id), Expect::Absent, until)
    }
}

impl Record for Beheersleutel {
    const SPACE: Space = Space("koppeltaal.beheersleutel");

    fn to_body(&self) -> Clear {
        let (name, value) = Self::ALL;
        versioned::body(self, vec![(name, IndexKey::Text(value.to_owned()))])
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        versioned::open(Self::SPACE, body)
    }
}
