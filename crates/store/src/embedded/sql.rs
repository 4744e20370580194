//! What the writer says to SQLite, one statement per intention.

use rusqlite::{Connection, OptionalExtension as _, Statement, params};
use verdict::{Event, IndexKey, Key, Moment};

use super::once::Once;
use super::retention::Retention;
use super::rows::{self, LookupValue};
use crate::columns::{self, Encoded, Kind};
use crate::{Commit, Standing, Write};

/// A row before a group changes it.
pub(super) struct Before {
    pub(super) standing: Standing,
    pub(super) lookups: Option<String>,
    pub(super) place: Place,
}

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the table of its kind; of a once row: in the one of the release before.
    Table,
    /// Of a once row: among those of this day.
    Day(i64),
}

/// The writer's statements, prepared once.
pub(super) struct Sql<'c> {
    pub(super) begin: Statement<'c>,
    pub(super) commit: Statement<'c>,
    pub(super) roll_back: Statement<'c>,
    once: Once<'c>,
    grants: Table<'c>,
    records: Table<'c>,
    lookup_add: Statement<'c>,
    lookup_remove: Statement<'c>,
    log: Statement<'c>,
    floor: Statement<'c>,
    floor_raise: Statement<'c>,
    pub(super) retention: Retention<'c>,
}

/// The statements of grants, or of records.
struct Table<'c> {
    name: &'static str,
    load: Statement<'c>,
    insert: Statement<'c>,
    /// Leaves indexed columns alone: what a rotation needs.
    advance: Statement<'c>,
    rewrite: Statement<'c>,
    remove: Statement<'c>,
    over: Statement<'c>,
}

impl<'c> Sql<'c> {
    pub(super) fn on(connection: &'c Connection) -> rusqlite::Result<Self> {
        let table = |kind: Kind| Table::on(connection, kind.table());
        Ok(Self {
            begin: connection.prepare("BEGIN IMMEDIATE")?,
            commit: connection.prepare("COMMIT")?,
            roll_back: connection.prepare("ROLLBACK")?,
            once: Once::on(connection)?,
            grants: table(Kind::Grant)?,
            records: table(Kind::Record)?,
            lookup_add: connection.prepare(
                "INSERT INTO lookup (space, name, value, kind, id) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO NOTHING",
            )?,
            lookup_remove: connection.prepare(
                "DELETE FROM lookup
                 WHERE space = ?1 AND name = ?2 AND value = ?3 AND kind = ?4 AND id = ?5",
            )?,
            log: connection.prepare(
                "INSERT INTO audit
                 (day, moment, requirement, what, outcome, who, party, whose, commit_id, trace, details)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?,
            floor: connection.prepare("SELECT value FROM fact WHERE name = 'once_floor'")?,
            floor_raise: connection
                .prepare("UPDATE fact SET value = max(value, ?1) WHERE name = 'once_floor'")?,
            retention: Retention::on(connection)?,
        })
    }

    /// Must come first in each transaction that loads rows of these keys.
    pub(super) fn look(&mut self, keys: &[&Key]) -> rusqlite::Result<()> {
        if keys.iter().any(|key| Kind::of(key) == Kind::Once) {
            self.once.look()?;
        }
        Ok(())
    }

    pub(super) fn load(&mut self, key: &Key) -> rusqlite::Result<Option<Before>> {
        match Kind::of(key) {
            Kind::Once => self.once.load(key),
            Kind::Grant => self.grants.load(key),
            Kind::Record => self.records.load(key),
        }
    }

    pub(super) fn write(
        &mut self,
        key: &Key,
        before: Option<&Before>,
        write: &Write<'_, Encoded>,
    ) -> rusqlite::Result<()> {
        match (write, before) {
            (Write::Put { standing, body }, before) => {
                let place = before.map(|row| row.place);
                match Kind::of(key) {
                    Kind::Once => self.once.put(key, place, *standing, body)?,
                    Kind::Grant => self.grants.put(key, before, *standing, body)?,
                    Kind::Record => self.records.put(key, before, *standing, body)?,
                }
                if let Some(before) = before {
                    if before.lookups == body.lookups {
                        return Ok(());
                    }
                    self.remove_lookups(key, before)?;
                }
                self.add_lookups(key, &body.index)
            }
            (Write::Remove, Some(before)) => {
                self.remove(Kind::of(key), key.space().0, key.bytes(), before.place)?;
                self.remove_lookups(key, before)
            }
            (Write::Remove, None) => Ok(()),
        }
    }

    fn remove(&mut self, kind: Kind, space: &str, id: &[u8], from: Place) -> rusqlite::Result<()> {
        let table = match kind {
            Kind::Once => return self.once.remove(space, id, from),
            Kind::Grant => &mut self.grants,
            Kind::Record => &mut self.records,
        };
        table.remove.execute(params![space, id])?;
        Ok(())
    }

    fn add_lookups(
        &mut self,
        key: &Key,
        index: &[(&'static str, IndexKey)],
    ) -> rusqlite::Result<()> {
        let (space, kind) = (key.space().0, Kind::of(key) as u8);
        for (name, value) in index {
            let entry = params![space, name, LookupValue(value), kind, key.bytes()];
            self.lookup_add.execute(entry)?;
        }
        Ok(())
    }

    fn remove_lookups(&mut self, key: &Key, before: &Before) -> rusqlite::Result<()> {
        let kind = Kind::of(key);
        let index =
            columns::index_of(kind.table(), before.lookups.as_deref()).map_err(rows::damaged)?;
        self.remove_index(key.space().0, kind, key.bytes(), &index)
    }

    fn remove_index(
        &mut self,
        space: &str,
        kind: Kind,
        id: &[u8],
        index: &[(&'static str, IndexKey)],
    ) -> rusqlite::Result<()> {
        for (name, value) in index {
            let entry = params![space, name, LookupValue(value), kind as u8, id];
            self.lookup_remove.execute(entry)?;
        }
        Ok(())
    }

    pub(super) fn log(&mut self, event: &Event, commit: &Commit<Encoded>) -> rusqlite::Result<()> {
        let (who, party) = columns::who(&event.who);
        let whose = event.whose.map(|person| person.to_bytes().to_vec());
        self.log.execute(params![
            commit.now().day(),
            commit.now().unix(),
            event.requirement,
            event.what,
            columns::outcome(event.outcome),
            who,
            party,
            whose,
            commit.id().0.as_slice(),
            commit.trace().map(<[u8; 16]>::as_slice),
            columns::details(&event.details),
        ])?;
        Ok(())
    }

    /// See [`crate::Group::loaded`].
    pub(super) fn once_floor(&mut self) -> rusqlite::Result<Moment> {
        let floor = self.floor.query_row([], |row| row.get(0))?;
        Ok(Moment::from_unix(floor))
    }

    /// Removes rows that were over before the day of `now`; returns how many.
    pub(super) fn sweep(&mut self, now: Moment, rows_max: u16) -> rusqlite::Result<u16> {
        let mut swept = 0;
        let mut floor = None;
        for kind in Kind::ALL {
            let rows_max = rows_max - swept;
            let over = match kind {
                Kind::Once => self.once.over(now, rows_max)?,
                Kind::Grant => self.grants.over(now, rows_max)?,
                Kind::Record => self.records.over(now, rows_max)?,
            };
            for row in over {
                self.remove(kind, &row.space, &row.id, row.place)?;
                let index = columns::index_of(kind.table(), row.lookups.as_deref())
                    .map_err(rows::damaged)?;
                self.remove_index(&row.space, kind, &row.id, &index)?;
                if kind == Kind::Once {
                    floor = floor.max(Some(row.until));
                }
                swept += 1;
            }
        }
        if let Some(floor) = floor {
            self.floor_raise.execute([floor.unix()])?;
        }
        Ok(swept)
    }
}

/// A row that is over.
pub(super) struct Over {
    space: String,
    id: Vec<u8>,
    until: Moment,
    lookups: Option<String>,
    place: Place,
}

impl Over {
    /// Reads `space, id, until, lookups`.
    pub(super) fn read(from: &rusqlite::Row<'_>, place: Place) -> rusqlite::Result<Self> {
        Ok(Self {
            space: from.get(0)?,
            id: from.get(1)?,
            until: Moment::from_unix(from.get(2)?),
            lookups: from.get(3)?,
            place,
        })
    }
}

impl<'c> Table<'c> {
    fn on(connection: &'c Connection, name: &'static str) -> rusqlite::Result<Self> {
        let columns = rows::ROW_COLUMNS;
        Ok(Self {
            name,
            load: connection.prepare(&format!(
                "SELECT version, until, last, lookups FROM {name} WHERE space = ?1 AND id = ?2"
            ))?,
            insert: connection.prepare(&format!(
                "INSERT INTO {name} (space, id, {columns}, day)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
            ))?,
            advance: connection.prepare(&format!(
                "UPDATE {name} SET version = ?3, until = ?4, last = ?5, open = ?6, private = ?7
                 WHERE space = ?1 AND id = ?2"
            ))?,
            rewrite: connection.prepare(&format!(
                "UPDATE {name} SET version = ?3, until = ?4, last = ?5, lookups = ?6, open = ?7,
                 private = ?8, day = ?9 WHERE space = ?1 AND id = ?2"
            ))?,
            remove: connection
                .prepare(&format!("DELETE FROM {name} WHERE space = ?1 AND id = ?2"))?,
            over: connection.prepare(&format!(
                "SELECT space, id, until, lookups FROM {name} WHERE day < ?1
                 ORDER BY day, space, id LIMIT ?2"
            ))?,
        })
    }

    fn load(&mut self, key: &Key) -> rusqlite::Result<Option<Before>> {
        let at = params![key.space().0, key.bytes()];
        let found = self.load.query_row(at, |from| {
            Ok(Before {
                standing: rows::standing(self.name, from)?,
                lookups: from.get(3)?,
                place: Place::Table,
            })
        });
        found.optional()
    }

    fn put(
        &mut self,
        key: &Key,
        before: Option<&Before>,
        row: Standing,
        body: &Encoded,
    ) -> rusqlite::Result<()> {
        match before {
            None => self.insert(key, row, body),
            Some(before)
                if row.until.day() == before.standing.until.day()
                    && body.lookups == before.lookups =>
            {
                self.advance(key, row, body)
            }
            Some(_) => self.rewrite(key, row, body),
        }
    }

    fn insert(&mut self, key: &Key, row: Standing, body: &Encoded) -> rusqlite::Result<()> {
        self.insert.execute(params![
            key.space().0,
            key.bytes(),
            version(row),
            row.until.unix(),
            row.last.0.as_slice(),
            body.lookups,
            body.open,
            body.private,
            row.until.day(),
        ])?;
        Ok(())
    }

    fn advance(&mut self, key: &Key, row: Standing, body: &Encoded) -> rusqlite::Result<()> {
        self.advance.execute(params![
            key.space().0,
            key.bytes(),
            version(row),
            row.until.unix(),
            row.last.0.as_slice(),
            body.open,
            body.private,
        ])?;
        Ok(())
    }

    fn rewrite(&mut self, key: &Key, row: Standing, body: &Encoded) -> rusqlite::Result<()> {
        self.rewrite.execute(params![
            key.space().0,
            key.bytes(),
            version(row),
            row.until.unix(),
            row.last.0.as_slice(),
            body.lookups,
            body.open,
            body.private,
            row.until.day(),
        ])?;
        Ok(())
    }

    fn over(&mut self, now: Moment, rows_max: u16) -> rusqlite::Result<Vec<Over>> {
        let rows = self.over.query_map(params![now.day(), rows_max], |from| {
            Over::read(from, Place::Table)
        })?;
        rows.collect()
    }
}

pub(super) fn version(row: Standing) -> i64 {
    i64::try_from(row.version).unwrap_or(i64::MAX)
}
