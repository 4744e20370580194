//! The content of a row: an open part for people and look-ups, and a private part that is sealed.

use std::fmt;

use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use zeroize::Zeroizing;

/// The content of a row.
///
/// `open` may be read by whoever may read the database; it holds no token, no BSN and nothing
/// from which either can be had. `P` is [`Secrets`] in memory and ciphertext in a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body<P> {
    /// Versioned JSON.
    pub open: Open,
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
    pub fn open(open: impl Into<Open>) -> Self {
        Self {
            open: open.into(),
            index: Vec::new(),
            private: Secrets::none(),
        }
    }
}

/// The open part of a body: JSON as it is written, or nothing. It is read into what it means without a
/// tree of values in between, since almost every request reads and writes a row.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Open(String);

impl Open {
    /// A value as JSON; nothing for one that is `null`.
    pub fn of(value: &impl Serialize) -> Self {
        // Our own types always serialise: no maps with other than text keys, no failing `Serialize`.
        Self::from_text(serde_json::to_string(value).unwrap_or_default())
    }

    /// What a store kept; nothing when that is no JSON.
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str::<IgnoredAny>(text).ok()?;
        Some(Self::from_text(text.to_owned()))
    }

    /// What it means. Where there is nothing, it is read as `null`.
    ///
    /// # Errors
    /// When it is JSON of another form.
    pub fn read<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.as_str())
    }

    /// The same as a tree of values.
    pub fn value(&self) -> Value {
        self.read().unwrap_or_default()
    }

    /// The JSON text, for a store; `null` where there is nothing.
    pub fn as_str(&self) -> &str {
        match self.0.as_str() {
            "" => "null",
            text => text,
        }
    }

    /// The JSON text, unless there is nothing.
    pub fn into_text(self) -> Option<String> {
        (!self.0.is_empty()).then_some(self.0)
    }

    /// Nothing has one form.
    fn from_text(text: String) -> Self {
        match text.as_str() {
            "null" => Self::default(),
            _ => Self(text),
        }
    }
}

impl From<Value> for Open {
    fn from(value: Value) -> Self {
        Self::of(&value)
    }
}

impl fmt::Display for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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

    #[test]
    fn an_open_part_is_read_as_it_was_written_and_nothing_is_null() {
        let value = serde_json::json!({ "v": 1, "naam": "\u{eb} \" \\ \n", "lijst": [null, true, -1, 1.5] });
        let open = Open::of(&value);
        assert_eq!(open.value(), value);
        assert_eq!(Open::parse(open.as_str()), Some(open.clone()));
        assert_eq!(open.clone().into_text().as_deref(), Some(open.as_str()));
        for nothing in [
            Open::default(),
            Open::of(&Value::Null),
            Open::of(&None::<u8>),
        ] {
            assert_eq!((nothing.as_str(), nothing.value()), ("null", Value::Null));
            assert_eq!(nothing.read::<Option<u8>>().ok(), Some(None));
            assert_eq!(nothing.into_text(), None);
        }
    }

    #[test]
    fn what_a_store_kept_is_json_or_is_refused() {
        for bad in ["", "{", "{\"v\":1} x", "\u{0}", "{'v':1}"] {
            assert_eq!(Open::parse(bad), None, "{bad:?}");
        }
        assert!(Open::parse("[1]").is_some_and(|open| open.read::<bool>().is_err()));
        // An integer that no type of ours could hold is JSON all the same, and is refused where it is read.
        let large = Open::parse("99999999999999999999").expect("JSON");
        assert!(large.read::<u64>().is_err());
    }
}
