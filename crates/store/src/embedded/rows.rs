//! Rows as SQLite keeps them. What is read back is parsed, never trusted.

use rusqlite::types::{ToSql, ToSqlOutput, Type};
use verdict::{CommitId, IndexKey, Moment, Row, Sealed};

use super::once::DAYS;
use crate::columns::{self, Damaged, Kind};
use crate::{AuditRow, Standing};

/// The columns of a row that [`row`] reads, in its order.
pub(super) const ROW_COLUMNS: &str = "version, until, last, lookups, open, private";

/// What reads [`ROW_COLUMNS`] of the row at `?1`, its space, and `?2`, its id.
pub(super) fn row_sql(kind: Kind) -> String {
    let columns = ROW_COLUMNS;
    let at = "space = ?1 AND id = ?2";
    match kind {
        Kind::Once => format!(
            "{DAYS} SELECT {columns} FROM held CROSS JOIN once USING (day) WHERE {at}
             UNION ALL SELECT {columns} FROM once_before WHERE {at}"
        ),
        Kind::Grant | Kind::Record => {
            let table = kind.table();
            format!("SELECT {columns} FROM {table} WHERE {at}")
        }
    }
}

/// Reads [`ROW_COLUMNS`].
pub(super) fn row(table: &'static str, from: &rusqlite::Row<'_>) -> rusqlite::Result<Row<Sealed>> {
    let Standing {
        version,
        until,
        last,
    } = standing(table, from)?;
    let text = |column, name| match from.get_ref(column)?.as_str_or_null() {
        Ok(text) => Ok(text),
        Err(_) => Err(damaged(Damaged::at(table, name))),
    };
    let private = from.get_ref(5)?.as_blob_or_null();
    let private = private.map_err(|_| damaged(Damaged::at(table, "private")))?;
    let body = columns::body(table, text(3, "lookups")?, text(4, "open")?, private);
    Ok(Row {
        version,
        until,
        last,
        body: body.map_err(damaged)?,
    })
}

/// Reads the first three of [`ROW_COLUMNS`].
pub(super) fn standing(
    table: &'static str,
    from: &rusqlite::Row<'_>,
) -> rusqlite::Result<Standing> {
    let version = u64::try_from(from.get::<_, i64>(0)?)
        .map_err(|_| damaged(Damaged::at(table, "version")))?;
    Ok(Standing {
        version,
        until: Moment::from_unix(from.get(1)?),
        last: CommitId(bytes(from, 2).ok_or_else(|| damaged(Damaged::at(table, "last")))?),
    })
}

/// The columns of an audit row that [`audit_row`] reads, in its order.
pub(super) const AUDIT_COLUMNS: &str =
    "seq, moment, requirement, what, outcome, who, party, whose, commit_id, trace, details";

/// Reads [`AUDIT_COLUMNS`].
pub(super) fn audit_row(from: &rusqlite::Row<'_>) -> rusqlite::Result<AuditRow> {
    let missing = |column| damaged(Damaged::at("audit", column));
    let whose = match from.get_ref(7)? {
        rusqlite::types::ValueRef::Null => None,
        _ => Some(bytes::<36>(from, 7).ok_or_else(|| missing("whose"))?),
    };
    let trace = match from.get_ref(9)? {
        rusqlite::types::ValueRef::Null => None,
        _ => Some(bytes(from, 9).ok_or_else(|| missing("trace"))?),
    };
    Ok(AuditRow {
        seq: u64::try_from(from.get::<_, i64>(0)?).map_err(|_| missing("seq"))?,
        moment: Moment::from_unix(from.get(1)?),
        requirement: from.get(2)?,
        what: from.get(3)?,
        outcome: columns::outcome_of(from.get_ref(4)?.as_str()?).map_err(damaged)?,
        who: columns::actor(from.get_ref(5)?.as_str()?, from.get(6)?).map_err(damaged)?,
        whose: whose.map(columns::person),
        details: columns::details_of(from.get_ref(10)?.as_str_or_null()?).map_err(damaged)?,
        commit: CommitId(bytes(from, 8).ok_or_else(|| missing("commit_id"))?),
        trace,
    })
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

fn bytes<const N: usize>(from: &rusqlite::Row<'_>, column: usize) -> Option<[u8; N]> {
    from.get_ref(column).ok()?.as_blob().ok()?.try_into().ok()
}

/// A damaged row as an error of SQLite's.
pub(super) fn damaged(why: Damaged) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, Box::new(why))
}
