//! How a row's parts look in the columns of a table: what the homes with a database share.
//!
//! Nothing here knows a database. What is read back is parsed, never trusted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use verdict::{Actor, IndexKey, Key, Open, Outcome, PersonTag, Sealed, Space};

/// The kinds of rows, each with a table of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Once = 1,
    Grant = 2,
    Record = 3,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Once, Self::Grant, Self::Record];

    pub(crate) const fn of(key: &Key) -> Self {
        match key {
            Key::Once(..) => Self::Once,
            Key::Grant(..) => Self::Grant,
            Key::Record(..) => Self::Record,
        }
    }

    /// The kind of this number in a column.
    pub(crate) fn numbered(number: i64) -> Result<Self, Damaged> {
        let mut kinds = Self::ALL.into_iter();
        let kind = kinds.find(|kind| *kind as i64 == number);
        kind.ok_or(Damaged::at("lookup", "kind"))
    }

    pub(crate) const fn table(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Grant => "grants",
            Self::Record => "records",
        }
    }

    /// The key of a row of this kind.
    pub(crate) fn key(self, space: Space, id: &[u8]) -> Result<Key, Damaged> {
        let damaged = |_| Damaged::at(self.table(), "id");
        Ok(match self {
            Self::Once => Key::Once(space, id.try_into().map_err(damaged)?),
            Self::Grant => Key::Grant(space, id.try_into().map_err(damaged)?),
            Self::Record => Key::Record(space, id.to_vec()),
        })
    }
}

/// The details of an event as they are written: a JSON object, or nothing where there are none.
pub(crate) fn details(details: &BTreeMap<&'static str, String>) -> Option<String> {
    // Texts always serialise.
    let object = || serde_json::to_string(details).unwrap_or_default();
    (!details.is_empty()).then(object)
}

/// The same read back.
pub(crate) fn details_of(text: Option<&str>) -> Result<BTreeMap<String, String>, Damaged> {
    let text = text.unwrap_or("{}");
    serde_json::from_str(text).map_err(|_| Damaged::at("audit", "details"))
}

/// The same as a reader of the log gets them.
pub(crate) fn owned(details: &BTreeMap<&'static str, String>) -> BTreeMap<String, String> {
    let each = details.iter();
    each.map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

/// A row's content as it is written. Made on the caller's thread, not on the writer's.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) open: Option<String>,
    pub(crate) private: Option<Vec<u8>>,
    /// The index as it stands in the row.
    pub(crate) lookups: Option<String>,
    /// The same as it stands in the lookup table.
    pub(crate) index: Vec<(&'static str, IndexKey)>,
}

impl Encoded {
    pub(crate) fn of(body: Sealed) -> Self {
        Self {
            open: body.open.into_text(),
            private: (!body.private.is_empty()).then_some(body.private),
            lookups: lookups_to_json(&body.index),
            index: body.index,
        }
    }
}

/// The content of a row from its columns.
pub(crate) fn body(
    table: &'static str,
    lookups: Option<&str>,
    open: Option<&str>,
    private: Option<&[u8]>,
) -> Result<Sealed, Damaged> {
    let open = open.map_or_else(|| Some(Open::default()), Open::parse);
    Ok(Sealed {
        open: open.ok_or(Damaged::at(table, "open"))?,
        index: index_of(table, lookups)?,
        private: private.unwrap_or_default().to_vec(),
    })
}

/// The secondary keys of a row, as they stand in it.
pub(crate) fn index_of(
    table: &'static str,
    lookups: Option<&str>,
) -> Result<Vec<(&'static str, IndexKey)>, Damaged> {
    let Some(json) = lookups else {
        return Ok(Vec::new());
    };
    let entries: Option<Option<Vec<[String; 3]>>> = serde_json::from_str(json).ok();
    let entries = entries.map(Option::unwrap_or_default);
    let index = entries.and_then(|entries| entries.into_iter().map(index_entry).collect());
    index.ok_or(Damaged::at(table, "lookups"))
}

/// Who asked, as two columns.
pub(crate) fn who(actor: &Actor) -> (&'static str, Option<&str>) {
    match actor {
        Actor::Person => ("person", None),
        Actor::Party(party) => ("party", Some(party)),
        Actor::Unknown => ("unknown", None),
    }
}

/// The same read back.
pub(crate) fn actor(who: &str, party: Option<String>) -> Result<Actor, Damaged> {
    match (who, party) {
        ("person", None) => Ok(Actor::Person),
        ("party", Some(party)) => Ok(Actor::Party(party)),
        ("unknown", None) => Ok(Actor::Unknown),
        _ => Err(Damaged::at("audit", "who")),
    }
}

/// How it ended, as a column.
pub(crate) const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Granted => "granted",
        Outcome::Refused => "refused",
    }
}

/// The same read back.
pub(crate) fn outcome_of(text: &str) -> Result<Outcome, Damaged> {
    match text {
        "granted" => Ok(Outcome::Granted),
        "refused" => Ok(Outcome::Refused),
        _ => Err(Damaged::at("audit", "outcome")),
    }
}

/// A person from its 36 bytes: key id, keyed hash.
pub(crate) fn person(bytes: [u8; 36]) -> PersonTag {
    let (mut key_id, mut tag) = ([0; 4], [0; 32]);
    key_id.copy_from_slice(&bytes[..4]);
    tag.copy_from_slice(&bytes[4..]);
    PersonTag {
        key_id: u32::from_be_bytes(key_id),
        tag,
    }
}

/// A row that does not say what its table must say: table and column, never the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Damaged {
    table: &'static str,
    column: &'static str,
}

impl Damaged {
    pub(crate) const fn at(table: &'static str, column: &'static str) -> Self {
        Self { table, column }
    }
}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a row of table {} has no usable {}: it was written by another program or damaged; \
             restore it from a backup",
            self.table, self.column
        )
    }
}

impl std::error::Error for Damaged {}

fn lookups_to_json(index: &[(&'static str, IndexKey)]) -> Option<String> {
    let entry = |(name, key): &(&'static str, IndexKey)| match key {
        IndexKey::Text(text) => (*name, "text", text.clone()),
        IndexKey::Person(tag) => (*name, "person", verdict::person_tag_to_hex(*tag)),
    };
    let entries: Vec<_> = index.iter().map(entry).collect();
    // Texts always serialise.
    (!entries.is_empty()).then(|| serde_json::to_string(&entries).unwrap_or_default())
}

/// An entry as [`lookups_to_json`] wrote it.
fn index_entry([name, kind, key]: [String; 3]) -> Option<(&'static str, IndexKey)> {
    let key = match kind.as_str() {
        "text" => IndexKey::Text(key),
        "person" => IndexKey::Person(verdict::person_tag_from_hex(&key)?),
        _ => return None,
    };
    Some((index_name(&name)?, key))
}

/// Most different index names that a database may bring up. A program has a few dozen; the bound
/// keeps a damaged file from filling memory, since names are kept for the life of the process.
const INDEX_NAMES_MAX: usize = 1024;

/// The name of an index as [`verdict::Body`] wants it: one copy per process.
fn index_name(name: &str) -> Option<&'static str> {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return Some(known);
    }
    if names.len() == INDEX_NAMES_MAX {
        return None;
    }
    let kept: &'static str = Box::leak(name.into());
    names.insert(kept);
    Some(kept)
}
