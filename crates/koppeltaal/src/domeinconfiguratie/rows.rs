//! How a domain is kept: its declaration as one row, and a small one whose version is that of the
//! domain. Whoever issues something guards the small one: a change of the domain in the same moment
//! makes that fail, and be decided again.

use serde::{Deserialize, Serialize};
use verdict::{BadRow, Change, Clear, Expect, IndexKey, Key, Moment, Record, Space, Then};

use super::{Domein, Domeinconfiguratie, Fout, Regels};
use crate::rows;

/// How long a domain is kept, in seconds: until somebody removes it.
const KEPT_S: u32 = 30 * 366 * 86_400;

/// That there is a domain. Its row's version is that of the domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Domeinkop {
    /// Which.
    pub domein: Domein,
}

/// The declaration of a domain, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    document: serde_json::Value,
}

impl Domeinkop {
    /// The index that every domain carries, so that all can be found.
    pub const ALL: (&'static str, &'static str) = ("soort", "domein");

    /// Where it stands.
    pub fn key(domein: &Domein) -> Key {
        Key::Record(Self::SPACE, domein.as_str().as_bytes().to_vec())
    }

    /// Makes a commit fail unless the domain is still the one of this version.
    pub fn guard(domein: &Domein, version: u64) -> Change<Clear> {
        Change {
            key: Self::key(domein),
            expect: Expect::Version(version),
            then: Then::Keep,
        }
    }
}

impl Record for Domeinkop {
    const SPACE: Space = Space("koppeltaal.domein");

    fn to_body(&self) -> Clear {
        let (name, value) = Self::ALL;
        rows::body(self, vec![(name, IndexKey::Text(value.to_owned()))])
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        rows::open(Self::SPACE, body)
    }
}

impl Kept {
    /// Where it stands.
    pub fn key(domein: &Domein) -> Key {
        Key::Record(Self::SPACE, domein.as_str().as_bytes().to_vec())
    }

    /// What it means.
    ///
    /// # Errors
    /// [`Fout`]: it was kept by another release, or by a careless hand.
    pub fn meant(&self, regels: Regels) -> Result<Domeinconfiguratie, Fout> {
        Domeinconfiguratie::read(self.document.to_string().as_bytes(), regels)
    }
}

impl Record for Kept {
    const SPACE: Space = Space("koppeltaal.domeinconfiguratie");

    fn to_body(&self) -> Clear {
        rows::body(self, Vec::new())
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        rows::open(Self::SPACE, body)
    }
}

impl Domeinconfiguratie {
    /// The changes that keep it: in the place of the one of `version`, or as a new domain.
    pub fn put(&self, version: Option<u64>, now: Moment) -> Vec<Change<Clear>> {
        let until = now.plus_s(KEPT_S);
        let kop = Domeinkop {
            domein: self.domein.clone(),
        };
        let document = serde_json::to_value(self.written()).unwrap_or_default();
        // Both rows are written together, always, so that one version is that of both.
        let expect = version.map_or(Expect::Absent, Expect::Version);
        vec![
            kop.put(Domeinkop::key(&self.domein), expect, until),
            Kept { document }.put(Kept::key(&self.domein), expect, until),
        ]
    }

    /// The changes that remove the domain of this version.
    pub fn remove(domein: &Domein, version: u64) -> Vec<Change<Clear>> {
        vec![
            Change::remove(Domeinkop::key(domein), version),
            Change::remove(Kept::key(domein), version),
        ]
    }
}
