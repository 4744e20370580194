//! Rows as SQLite keeps them. What is read back is parsed, never trusted.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use rusqlite::types::{ToSql, ToSqlOutput, Type, ValueRef};
use serde_json::Value;
use verdict::{Actor, CommitId, IndexKey, Key, Moment, Outcome, PersonTag, Row, Sealed, Space};

use crate::{AuditRow, Standing};

/// The kinds of rows, each with a table of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Once = 1,
    Grant = 2,
    Record = 3,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Once, Self::Grant, Self::Record];

    pub(super) const fn of(key: &Key) -> Self {
        match key {
            Key::Once(..) => Self::Once,
            Key::Grant(..) => Self::Grant,
            Key::Record(..) => Self::Record,
        }
    }

    /// The kind of this number in a column.
    pub(super) fn numbered(number: i64) -> rusqlite::Result<Self> {
        let mut kinds = Self::ALL.into_iter();
        let kind = kinds.find(|kind| *kind as i64 == number);
        kind.ok_or_else(|| damaged("lookup", "kind"))
    }

    pub(super) const fn table(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Grant => "grants",
            Self::Record => "records",
        }
    }

    /// The key of a row of this kind.
    pub(super) fn key(self, space: Space, id: &[u8]) -> rusqlite::Result<Key> {
        let damaged = || damaged(self.table(), "id");
        Ok(match self {
            Self::Once => Key::Once(space, id.try_into().map_err(|_| damaged())?),
            Self::Grant => Key::Grant(space, id.try_into().map_err(|_| damaged())?),
            Self::Record => Key::Record(space, id.to_vec()),
        })
    }
}

/// A row's content as it is written. Made on the caller's thread, not on the writer's.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) open: Option<String>,
    pub(super) private: Option<Vec<u8>>,
    /// The index as it stands in the row.
    pub(super) lookups: Option<String>,
    /// The same as it stands in the lookup table.
    pub(super) index: Vec<(&'static str, IndexKey)>,
}

impl Encoded {
    pub(super) fn of(body: Sealed) -> Self {
        Self {
            open: (!body.open.is_null()).then(|| body.open.to_string()),
            private: (!body.private.is_empty()).then_some(body.private),
            lookups: lookups_to_json(&body.index),
            index: body.index,
        }
    }
}

/// The columns of a row that [`row`] reads, in its order.
pub(super) const ROW_COLUMNS: &str = "version, until, last, lookups, open, private";

/// Reads [`ROW_COLUMNS`].
pub(super) fn row(table: &'static str, from: &rusqlite::Row<'_>) -> rusqlite::Result<Row<Sealed>> {
    let Standing {
        version,
        until,
        last,
    } = standing(table, from)?;
    let json = |column, name| match from.get_ref(column)?.as_str_or_null() {
        Ok(None) => Ok(Value::Null),
        Ok(Some(text)) => serde_json::from_str(text).map_err(|_| damaged(table, name)),
        Err(_) => Err(damaged(table, name)),
    };
    let private = from.get_ref(5)?.as_blob_or_null();
    let private = private.map_err(|_| damaged(table, "private"))?;
    Ok(Row {
        version,
        until,
        last,
        body: Sealed {
            open: json(4, "open")?,
            index: index_from_json(&json(3, "lookups")?).ok_or(damaged(table, "lookups"))?,
            private: private.unwrap_or_default().to_vec(),
        },
    })
}

/// Reads the first three of [`ROW_COLUMNS`].
pub(super) fn standing(
    table: &'static str,
    from: &rusqlite::Row<'_>,
) -> rusqlite::Result<Standing> {
    let version = u64::try_from(from.get::<_, i64>(0)?).map_err(|_| damaged(table, "version"))?;
    Ok(Standing {
        version,
        until: Moment::from_unix(from.get(1)?),
        last: CommitId(bytes(from, 2).ok_or_else(|| damaged(table, "last"))?),
    })
}

/// The columns of an audit row that [`audit_row`] reads, in its order.
pub(super) const AUDIT_COLUMNS: &str =
    "seq, moment, requirement, what, outcome, who, party, whose, commit_id";

/// Reads [`AUDIT_COLUMNS`].
pub(super) fn audit_row(from: &rusqlite::Row<'_>) -> rusqlite::Result<AuditRow> {
    let damaged = |column| damaged("audit", column);
    let outcome = match from.get_ref(4)?.as_str()? {
        "granted" => Outcome::Granted,
        "refused" => Outcome::Refused,
        _ => return Err(damaged("outcome")),
    };
    let who = match (from.get_ref(5)?.as_str()?, from.get(6)?) {
        ("person", None) => Actor::Person,
        ("party", Some(party)) => Actor::Party(party),
        ("unknown", None) => Actor::Unknown,
        _ => return Err(damaged("who")),
    };
    let whose = match from.get_ref(7)? {
        ValueRef::Null => None,
        _ => Some(person(&bytes::<36>(from, 7).ok_or(damaged("whose"))?)),
    };
    Ok(AuditRow {
        seq: u64::try_from(from.get::<_, i64>(0)?).map_err(|_| damaged("seq"))?,
        moment: Moment::from_unix(from.get(1)?),
        requirement: from.get(2)?,
        what: from.get(3)?,
        outcome,
        who,
        whose,
        commit: CommitId(bytes(from, 8).ok_or(damaged("commit_id"))?),
    })
}

/// Who asked, as two columns.
pub(super) fn who(actor: &Actor) -> (&'static str, Option<&str>) {
    match actor {
        Actor::Person => ("person", None),
        Actor::Party(party) => ("party", Some(party)),
        Actor::Unknown => ("unknown", None),
    }
}

/// How it ended, as a column.
pub(super) const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Granted => "granted",
        Outcome::Refused => "refused",
    }
}

/// A secondary key as the value of a column: text stays text, a person is 36 bytes.
pub(super) struct LookupValue<'a>(pub(super) &'a IndexKey);

impl ToSql for LookupValue<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            IndexKey::Text(text) => ToSqlOutput::from(text.as_str()),
            IndexKey::Person(tag) => ToSqlOutput::from(tag.to_bytes().to_vec()),
        })
    }
}

/// The secondary keys of a row that is about to change, for removing them from the lookup table.
pub(super) fn index_of(
    table: &'static str,
    lookups: Option<&str>,
) -> rusqlite::Result<Vec<(&'static str, IndexKey)>> {
    let Some(json) = lookups else {
        return Ok(Vec::new());
    };
    let value = serde_json::from_str(json).ok();
    let index = value.and_then(|value| index_from_json(&value));
    index.ok_or_else(|| damaged(table, "lookups"))
}

fn lookups_to_json(index: &[(&'static str, IndexKey)]) -> Option<String> {
    let entry = |(name, key): &(&str, IndexKey)| match key {
        IndexKey::Text(text) => serde_json::json!([name, "text", text]),
        IndexKey::Person(tag) => {
            serde_json::json!([name, "person", verdict::person_tag_to_hex(*tag)])
        }
    };
    let entries: Vec<Value> = index.iter().map(entry).collect();
    (!entries.is_empty()).then(|| Value::Array(entries).to_string())
}

fn index_from_json(value: &Value) -> Option<Vec<(&'static str, IndexKey)>> {
    let Value::Array(entries) = value else {
        return value.is_null().then(Vec::new);
    };
    let entry = |entry: &Value| {
        let [name, kind, key] = entry.as_array()?.as_slice() else {
            return None;
        };
        let key = match kind.as_str()? {
            "text" => IndexKey::Text(key.as_str()?.to_owned()),
            "person" => IndexKey::Person(verdict::person_tag_from_hex(key.as_str()?)?),
            _ => return None,
        };
        Some((index_name(name.as_str()?)?, key))
    };
    entries.iter().map(entry).collect()
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

fn person(bytes: &[u8; 36]) -> PersonTag {
    let (mut key_id, mut tag) = ([0; 4], [0; 32]);
    key_id.copy_from_slice(&bytes[..4]);
    tag.copy_from_slice(&bytes[4..]);
    PersonTag {
        key_id: u32::from_be_bytes(key_id),
        tag,
    }
}

fn bytes<const N: usize>(from: &rusqlite::Row<'_>, column: usize) -> Option<[u8; N]> {
    from.get_ref(column).ok()?.as_blob().ok()?.try_into().ok()
}

/// A row that does not say what its table must say: table and column, never the content.
#[derive(Debug)]
struct Damaged {
    table: &'static str,
    column: &'static str,
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

fn damaged(table: &'static str, column: &'static str) -> rusqlite::Error {
    let why = Box::new(Damaged { table, column });
    rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, why)
}
