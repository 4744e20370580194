//! The content of a row: an open part for people and look-ups, and a private part that is sealed.

use std::fmt;

use serde_json::Value;
use zeroize::Zeroizing;

/// The content of a row.
///
/// `open` may be read by whoever may read the database; it holds no token, no BSN and nothing
/// from which either can be had. `P` is [`Secrets`] in memory and ciphertext in a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body<P> {
    /// Versioned JSON.
    pub open: Value,
    /// Secondary keys, by the name of the index.
    pub index: Vec<(&'static str, IndexKey)>,
    /// What must not be readable at rest.
    pub private: P,
}

/// Leaves the rules: may hold a BSN, prints `***`.
pub type Clear = Body<Secrets>;
/// Enters the store: only the shell's `seal` makes one.
pub type Sealed = Body<Vec<u8>>;

impl Clear {
    /// A body without a private part.
    pub fn open(open: Value) -> Self {
        Self {
            open,
            index: Vec::new(),
            private: Secrets::none(),
        }
    }
}

/// A secondary key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IndexKey {
    /// Readable text: a client id, a host name.
    Text(String),
    /// A person, by its tag.
    Person(PersonTag),
}

/// A person in a key or an audit line: a number that means nothing to who has the store alone. The shell
/// draws it when a person is first met, and keeps by which keyed hash of the BSN it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonTag {
    /// Which key made it; 0 where none did, as for every tag that is a random number.
    pub key_id: u32,
    /// The number.
    pub tag: [u8; 32],
}

impl PersonTag {
    /// Key id and number, in that order: 36 bytes for use in a row's key.
    pub fn to_bytes(self) -> [u8; 36] {
        let mut bytes = [0; 36];
        bytes[..4].copy_from_slice(&self.key_id.to_be_bytes());
        bytes[4..].copy_from_slice(&self.tag);
        bytes
    }
}

/// Private bytes of a body, wiped when dropped. They print as `***` and cannot be logged.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(Zeroizing<Vec<u8>>);

impl Secrets {
    /// No private part.
    pub fn none() -> Self {
        Self(Zeroizing::new(Vec::new()))
    }

    /// Takes the bytes of a framework's private part (versioned JSON, by habit).
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for the framework that wrote them and for `seal`.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }

    /// Whether there is no private part.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A row that does not say what its kind of row must say. Rows are input too: a contradiction
/// names the space and the member, never the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// The kind of row.
    pub space: &'static str,
    /// The member that is missing or has the wrong form.
    pub member: &'static str,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a row of {} has no usable {}: it was written by another program or damaged",
            self.space, self.member
        )
    }
}

impl std::error::Error for BadRow {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_print_as_stars() {
        let body = Body {
            private: Secrets::new(b"900186021".to_vec()),
            ..Clear::default()
        };
        assert!(!format!("{body:?}").contains("900186021"));
    }
}
