//! How a domain is kept: its declaration as one row, and a small one whose version is that of the
//! domain. Whoever issues something guards the small one: a change of the domain in the same moment
//! makes that fail, and be decided again.
//!
//! A domain that was removed leaves its rows, emptied, for a while: one of the same name that comes
//! after it counts on from its version, so that who knows the old one never takes the new one for it.

use serde::{Deserialize, Serialize};
use verdict::{
    BadRow, Change, Clear, Expect, IndexKey, Key, Moment, Record, Space, Then, versioned,
};

use super::{Domein, Domeinconfiguratie, Fout, Regels};

/// How long a domain is kept, in seconds: until somebody removes it.
const KEPT_S: u32 = 30 * 366 * 86_400;

/// How long the emptied rows of a domain that was removed are kept, in seconds: 30 days, longer than
/// any node keeps what it knew of the domain.
const REMOVED_KEPT_S: u32 = 30 * 86_400;

/// That there is a domain, or was one. Its row's version is that of the domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Domeinkop {
    /// Which.
    pub domein: Domein,
    /// Whether it was removed.
    #[serde(default)]
    pub removed: bool,
}

/// The declaration of a domain, as it is kept; empty when it was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    document: Option<serde_json::Value>,
}

impl Domeinkop {
    /// The index that every domain carries, so that all can be found; not those that were removed.
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
        let found_by = (!self.removed).then(|| (name, IndexKey::Text(value.to_owned())));
        versioned::body(self, found_by.into_iter().collect())
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        versioned::open(Self::SPACE, body)
    }
}

impl Kept {
    /// Where it stands.
    pub fn key(domein: &Domein) -> Key {
        Key::Record(Self::SPACE, domein.as_str().as_bytes().to_vec())
    }

    /// What it means; nothing when the domain was removed.
    ///
    /// # Errors
    /// [`Fout`]: it was kept by another release, or by a careless hand.
    pub fn meant(&self, regels: Regels) -> Result<Option<Domeinconfiguratie>, Fout> {
        let document = self.document.as_ref();
        let read = |document: &serde_json::Value| {
            Domeinconfiguratie::read(document.to_string().as_bytes(), regels)
        };
        document.map(read).transpose()
    }
}

impl Record for Kept {
    const SPACE: Space = Space("koppeltaal.domeinconfiguratie");

    fn to_body(&self) -> Clear {
        versioned::body(self, Vec::new())
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        versioned::open(Self::SPACE, body)
    }
}

impl Domeinconfiguratie {
    /// The changes that keep it: in the place of what has `version`, or where there are no rows.
    pub fn put(&self, version: Option<u64>, now: Moment) -> Vec<Change<Clear>> {
        let kop = Domeinkop {
            domein: self.domein.clone(),
            removed: false,
        };
        let document = serde_json::to_value(self.written()).unwrap_or_default();
        let kept = Kept {
            document: Some(document),
        };
        let expect = version.map_or(Expect::Absent, Expect::Version);
        both(&kop, &kept, expect, now.plus_s(KEPT_S))
    }

    /// The changes that remove the domain of this version.
    pub fn remove(domein: &Domein, version: u64, now: Moment) -> Vec<Change<Clear>> {
        let kop = Domeinkop {
            domein: domein.clone(),
            removed: true,
        };
        let kept = Kept { document: None };
        let until = now.plus_s(REMOVED_KEPT_S);
        both(&kop, &kept, Expect::Version(version), until)
    }
}

/// Both rows are written together, always, so that one version is that of both.
fn both(kop: &Domeinkop, kept: &Kept, expect: Expect, until: Moment) -> Vec<Change<Clear>> {
    vec![
        kop.put(Domeinkop::key(&kop.domein), expect, until),
        kept.put(Kept::key(&kop.domein), expect, until),
    ]
}
