//! What the writer says to SQLite of once rows, which stand by the day of their `until`.
//!
//! A key is looked for under each day of which there are rows. Sweeping leaves two or three: today, tomorrow
//! around midnight, and the day before until it is swept.

use rusqlite::{Connection, OptionalExtension as _, Statement, params};
use verdict::{Key, Moment};

use super::rows;
use super::sql::{Before, Over, Place, version};
use crate::Standing;
use crate::columns::{Encoded, Kind};

/// The days of which there are rows, as a table of the statement: a look-up for each, and one more.
pub(super) const DAYS: &str = "WITH RECURSIVE held (day) AS (
         SELECT min(day) FROM once
         UNION ALL
         SELECT (SELECT min(day) FROM once WHERE day > held.day) FROM held WHERE day IS NOT NULL
     )";

/// The statements of once rows.
pub(super) struct Once<'c> {
    held: Statement<'c>,
    has_before: Statement<'c>,
    load: Statement<'c>,
    load_before: Statement<'c>,
    insert: Statement<'c>,
    advance: Statement<'c>,
    remove: Statement<'c>,
    remove_before: Statement<'c>,
    over: Statement<'c>,
    over_before: Statement<'c>,
    /// Of the transaction: where there are rows.
    days: Vec<i64>,
    looks_before: bool,
}

impl<'c> Once<'c> {
    pub(super) fn on(connection: &'c Connection) -> rusqlite::Result<Self> {
        let columns = rows::ROW_COLUMNS;
        Ok(Self {
            held: connection.prepare(&format!(
                "{DAYS} SELECT day FROM held WHERE day IS NOT NULL ORDER BY day DESC"
            ))?,
            has_before: connection.prepare("SELECT EXISTS (SELECT 1 FROM once_before)")?,
            load: connection.prepare(
                "SELECT version, until, last, lookups FROM once
                 WHERE day = ?1 AND space = ?2 AND id = ?3",
            )?,
            load_before: connection.prepare(
                "SELECT version, until, last, lookups FROM once_before
                 WHERE space = ?1 AND id = ?2",
            )?,
            insert: connection.prepare(&format!(
                "INSERT INTO once (day, space, id, {columns})
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
            ))?,
            advance: connection.prepare(
                "UPDATE once SET version = ?4, until = ?5, last = ?6, lookups = ?7, open = ?8,
                 private = ?9 WHERE day = ?1 AND space = ?2 AND id = ?3",
            )?,
            remove: connection
                .prepare("DELETE FROM once WHERE day = ?1 AND space = ?2 AND id = ?3")?,
            remove_before: connection
                .prepare("DELETE FROM once_before WHERE space = ?1 AND id = ?2")?,
            over: connection.prepare(
                "SELECT space, id, until, lookups, day FROM once WHERE day < ?1
                 ORDER BY day, space, id LIMIT ?2",
            )?,
            over_before: connection.prepare(
                "SELECT space, id, until, lookups FROM once_before WHERE day < ?1
                 ORDER BY day, space, id LIMIT ?2",
            )?,
            days: Vec::new(),
            looks_before: false,
        })
    }

    /// Finds out where rows stand: first in each transaction that loads some, since another process may
    /// have been here.
    pub(super) fn look(&mut self) -> rusqlite::Result<()> {
        let days = self.held.query_map([], |from| from.get(0))?;
        self.days = days.collect::<rusqlite::Result<_>>()?;
        self.looks_before = self.has_before.query_row([], |from| from.get(0))?;
        Ok(())
    }

    pub(super) fn load(&mut self, key: &Key) -> rusqlite::Result<Option<Before>> {
        let (space, id) = (key.space().0, key.bytes());
        let before = |place| {
            move |from: &rusqlite::Row<'_>| {
                Ok(Before {
                    standing: rows::standing(Kind::Once.table(), from)?,
                    lookups: from.get(3)?,
                    place,
                })
            }
        };
        for &day in &self.days {
            let at = params![day, space, id];
            let found = self.load.query_row(at, before(Place::Day(day)));
            if let Some(found) = found.optional()? {
                return Ok(Some(found));
            }
        }
        if !self.looks_before {
            return Ok(None);
        }
        let at = params![space, id];
        let found = self.load_before.query_row(at, before(Place::Table));
        found.optional()
    }

    /// Puts the row in the place of the one that was found, if there was one.
    pub(super) fn put(
        &mut self,
        key: &Key,
        found: Option<Place>,
        row: Standing,
        body: &Encoded,
    ) -> rusqlite::Result<()> {
        let day = row.until.day();
        let stays = found == Some(Place::Day(day));
        if let Some(place) = found.filter(|_| !stays) {
            self.remove(key.space().0, key.bytes(), place)?;
        }
        let put = if stays {
            &mut self.advance
        } else {
            &mut self.insert
        };
        put.execute(params![
            day,
            key.space().0,
            key.bytes(),
            version(row),
            row.until.unix(),
            row.last.0.as_slice(),
            body.lookups,
            body.open,
            body.private,
        ])?;
        Ok(())
    }

    pub(super) fn remove(&mut self, space: &str, id: &[u8], from: Place) -> rusqlite::Result<()> {
        match from {
            Place::Day(day) => self.remove.execute(params![day, space, id])?,
            Place::Table => self.remove_before.execute(params![space, id])?,
        };
        Ok(())
    }

    /// Rows that were over before the day of `now`, the oldest first.
    pub(super) fn over(&mut self, now: Moment, rows_max: u16) -> rusqlite::Result<Vec<Over>> {
        let at = params![now.day(), rows_max];
        let rows = self.over.query_map(at, |from| {
            let day = from.get(4)?;
            Over::read(from, Place::Day(day))
        })?;
        let mut over: Vec<Over> = rows.collect::<rusqlite::Result<_>>()?;
        let rest = i64::from(rows_max) - i64::try_from(over.len()).unwrap_or(i64::MAX);
        let rows = self
            .over_before
            .query_map(params![now.day(), rest], |from| {
                Over::read(from, Place::Table)
            })?;
        for row in rows {
            over.push(row?);
        }
        Ok(over)
    }
}
