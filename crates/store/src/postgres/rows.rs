//! Rows as PostgreSQL keeps them. What is read back is parsed, never trusted.

use tokio_postgres::types::FromSql;
use verdict::{CommitId, IndexKey, Key, Moment, Row, Sealed, Space};

use crate::columns::{self, Damaged, Kind};
use crate::{AuditRow, Standing};

type FromRow = tokio_postgres::Row;

/// The columns of a row that [`row`] reads, in its order.
pub(super) const ROW_COLUMNS: &str = "version, until, last, lookups, open, private";

/// Reads [`ROW_COLUMNS`] from column `at` on.
pub(super) fn row(table: &'static str, from: &FromRow, at: usize) -> Result<Row<Sealed>, Damaged> {
    let Standing {
        version,
        until,
        last,
    } = standing(table, from, at)?;
    let lookups = get(from, at + 3, table, "lookups")?;
    let open = get(from, at + 4, table, "open")?;
    let private = get(from, at + 5, table, "private")?;
    Ok(Row {
        version,
        until,
        last,
        body: columns::body(table, lookups, open, private)?,
    })
}

/// Reads the first three of [`ROW_COLUMNS`] from column `at` on.
pub(super) fn standing(
    table: &'static str,
    from: &FromRow,
    at: usize,
) -> Result<Standing, Damaged> {
    let version = get::<i64>(from, at, table, "version")?;
    Ok(Standing {
        version: u64::try_from(version).map_err(|_| Damaged::at(table, "version"))?,
        until: Moment::from_unix(get(from, at + 1, table, "until")?),
        last: CommitId(bytes(from, at + 2, table, "last")?),
    })
}

/// The key that columns 0 and 1 name by kind and id.
pub(super) fn key(from: &FromRow, space: Space) -> Result<(Kind, Key), Damaged> {
    let kind = Kind::numbered(i64::from(get::<i16>(from, 0, "lookup", "kind")?))?;
    Ok((kind, kind.key(space, get(from, 1, "lookup", "id")?)?))
}

/// The columns of an audit row that [`audit_row`] reads, in its order.
pub(super) const AUDIT_COLUMNS: &str =
    "seq, moment, requirement, what, outcome, who, party, whose, commit_id, trace, details";

/// Reads [`AUDIT_COLUMNS`].
pub(super) fn audit_row(from: &FromRow) -> Result<AuditRow, Damaged> {
    const TABLE: &str = "audit";
    let party = get::<Option<&str>>(from, 6, TABLE, "party")?;
    let whose = match get::<Option<&[u8]>>(from, 7, TABLE, "whose")? {
        None => None,
        Some(_) => Some(columns::person(bytes(from, 7, TABLE, "whose")?)),
    };
    let trace = match get::<Option<&[u8]>>(from, 9, TABLE, "trace")? {
        None => None,
        Some(_) => Some(bytes(from, 9, TABLE, "trace")?),
    };
    let seq = get::<i64>(from, 0, TABLE, "seq")?;
    Ok(AuditRow {
        seq: u64::try_from(seq).map_err(|_| Damaged::at(TABLE, "seq"))?,
        moment: Moment::from_unix(get(from, 1, TABLE, "moment")?),
        requirement: get(from, 2, TABLE, "requirement")?,
        what: get(from, 3, TABLE, "what")?,
        outcome: columns::outcome_of(get(from, 4, TABLE, "outcome")?)?,
        who: columns::actor(get(from, 5, TABLE, "who")?, party.map(party_back))?,
        whose,
        details: columns::details_of(get(from, 10, TABLE, "details")?)?,
        commit: CommitId(bytes(from, 8, TABLE, "commit_id")?),
        trace,
    })
}

/// A secondary key as the value of a column: a letter for what it is, then the text, or the 36
/// bytes of a person.
pub(super) fn lookup_value(key: &IndexKey) -> Vec<u8> {
    match key {
        IndexKey::Text(text) => [b"t", text.as_bytes()].concat(),
        IndexKey::Person(tag) => [b"p".as_slice(), &tag.to_bytes()].concat(),
    }
}

/// The name of a party as text of PostgreSQL, which cannot hold a zero byte.
pub(super) fn party(name: &str) -> String {
    name.replace('\\', r"\\").replace('\0', r"\0")
}

/// The same read back.
fn party_back(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        name.push(match letter {
            '\\' if letters.next() == Some('0') => '\0',
            letter => letter,
        });
    }
    name
}

/// A column of the type that its table says.
pub(super) fn get<'r, T: FromSql<'r>>(
    from: &'r FromRow,
    at: usize,
    table: &'static str,
    column: &'static str,
) -> Result<T, Damaged> {
    from.try_get(at).map_err(|_| Damaged::at(table, column))
}

fn bytes<const N: usize>(
    from: &FromRow,
    at: usize,
    table: &'static str,
    column: &'static str,
) -> Result<[u8; N], Damaged> {
    let bytes = get::<&[u8]>(from, at, table, column)?;
    bytes.try_into().map_err(|_| Damaged::at(table, column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_of_a_party_comes_back() {
        for name in ["pgo.localhost", "", "\0", "a\\0b", "\\", "\\\\\0é\0\\0"] {
            let kept = party(name);
            assert!(!kept.contains('\0'));
            assert_eq!(party_back(&kept), name);
        }
    }
}
