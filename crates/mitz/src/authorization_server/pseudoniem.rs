//! A person's name for one client.

use serde::{Deserialize, Serialize};
use verdict::{BadRow, Clear, Key, PersonTag, Record, Space, versioned};

use crate::rows;

/// How long a pseudonym is kept, in seconds: ten years, so that a person who comes back is the same
/// person to the client.
pub const PSEUDONIEM_S: u32 = 10 * 366 * 86_400;

/// A person's name for one client: random, so that no two clients can compare (OIDC Core §8.1;
/// mitz case 28).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pseudoniem {
    /// The `sub` of every token for that client.
    pub sub: String,
}

impl Pseudoniem {
    /// Where it stands: person and client sector.
    pub fn key(persoon: PersonTag, client_id: &str) -> Key {
        Key::Record(Self::SPACE, rows::person_and_client(persoon, client_id))
    }
}

impl Record for Pseudoniem {
    const SPACE: Space = Space("mitz.pseudoniem");

    fn to_body(&self) -> Clear {
        versioned::body_with_private(&(), self, Vec::new())
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        versioned::private(Self::SPACE, body)
    }
}
