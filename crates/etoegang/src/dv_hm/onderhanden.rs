//! A login that waits at the HM while the person is at an MR: one row, that is used once.

use serde::{Deserialize, Serialize};
use verdict::{BadRow, Clear, Key, Record, Space, versioned};

use super::authorize::Verzoek;
use crate::hm_ad::aanmelden::Aangemeld;
use crate::hm_mr::aantonen::Wachtend;

/// What is known so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Onderhanden {
    /// What the app asked.
    pub verzoek: Verzoek,
    /// Who logged in.
    pub aangemeld: Aangemeld,
    /// What the MR was asked.
    pub wachtend: Wachtend,
}

#[derive(Serialize, Deserialize)]
struct Open {}

impl Onderhanden {
    /// Where it stands.
    pub const fn key(id: [u8; 16]) -> Key {
        Key::Grant(Self::SPACE, id)
    }
}

impl Record for Onderhanden {
    const SPACE: Space = Space("etoegang.onderhanden");

    /// All of it is about a person.
    fn to_body(&self) -> Clear {
        versioned::body_with_private(&Open {}, self, Vec::new())
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        let Open {} = versioned::open(Self::SPACE, body)?;
        versioned::private(Self::SPACE, body)
    }
}
