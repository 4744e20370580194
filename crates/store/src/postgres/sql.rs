//! What the writer says to PostgreSQL, one statement per intention. Everything about a group goes
//! as arrays, so that the number of statements does not depend on the number of commits.

use std::collections::HashMap;

use futures_util::future::try_join_all;
use tokio_postgres::{Client, Statement};
use verdict::Key;

use super::arrays::{Keys, Log, Lookups, Puts};
use super::rows;
use super::session::{Asked, Fault};
use crate::columns::{self, Encoded, Kind};
use crate::{Commit, Standing, Write};

/// A row before a group changes it.
pub(super) struct Before {
    pub(super) standing: Standing,
    lookups: Option<String>,
}

/// The writer's statements, prepared once per connection.
pub(super) struct Sql {
    pub(super) alone: Statement,
    pub(super) shared: Statement,
    pub(super) held: Statement,
    pub(super) floor: Statement,
    done: Statement,
    tables: [Table; 3],
    lookup_add: Statement,
    lookup_remove: Statement,
    log: Statement,
}

/// The statements of one kind of rows.
struct Table {
    load: Statement,
    insert: Statement,
    update: Statement,
    remove: Statement,
}

const HELD: &str = "SELECT groups FROM writer WHERE id = $1 FOR UPDATE";

/// Locks in the order of the numbers: the sort is done before the first lock is taken.
const ALONE: &str = "SELECT n FROM slot WHERE n = ANY($1::int4[]) ORDER BY n FOR UPDATE";

/// Never waits, so that its place in the order of locks does not matter.
const SHARED: &str =
    "SELECT n FROM slot WHERE n = ANY($1::int4[]) ORDER BY n FOR SHARE SKIP LOCKED";

/// The counter is raised as the last thing before COMMIT, because every other group waits for it
/// from here on: so numbers become visible in their order, and a reader who saw one has seen all
/// before it.
const LOG: &str = "
    WITH counter AS (
        UPDATE fact SET value = value + $1 WHERE name = 'audit_seq' RETURNING value
    ), done AS (
        UPDATE writer SET groups = $13, day = greatest(day, $14) WHERE id = $12
    )
    INSERT INTO audit
        (seq, day, moment, requirement, what, outcome, who, party, whose, commit_id, trace,
         details)
    SELECT counter.value - $1 + event.at, event.day, event.moment, event.requirement, event.what,
           event.outcome, event.who, event.party, event.whose, event.commit_id, event.trace,
           event.details
    FROM counter, unnest($2::int8[], $3::int8[], $4::text[], $5::text[], $6::text[], $7::text[],
                         $8::text[], $9::bytea[], $10::bytea[], $11::bytea[], $15::text[])
        WITH ORDINALITY AS event
            (day, moment, requirement, what, outcome, who, party, whose, commit_id, trace, details, at)";

impl Sql {
    pub(super) async fn on(client: &Client) -> Result<Self, Fault> {
        let [once, grants, records] = Kind::ALL.map(|kind| Table::on(client, kind.table()));
        let rest = try_join_all([
            client.prepare(ALONE),
            client.prepare(SHARED),
            client.prepare(HELD),
            client.prepare("SELECT value FROM fact WHERE name = 'once_floor'"),
            client.prepare("UPDATE writer SET groups = $2, day = greatest(day, $3) WHERE id = $1"),
            client.prepare(
                "INSERT INTO lookup (space, name, value, kind, id)
                 SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::int2[], $5::bytea[])
                 ON CONFLICT DO NOTHING",
            ),
            client.prepare(
                "DELETE FROM lookup USING unnest
                    ($1::text[], $2::text[], $3::bytea[], $4::int2[], $5::bytea[])
                    AS gone (space, name, value, kind, id)
                 WHERE lookup.space = gone.space AND lookup.name = gone.name
                   AND lookup.value = gone.value AND lookup.kind = gone.kind
                   AND lookup.id = gone.id",
            ),
            client.prepare(LOG),
        ]);
        let tables = [once.await?, grants.await?, records.await?];
        let rest: Result<[Statement; 8], _> = rest.await?.try_into();
        let Ok(
            [
                alone,
                shared,
                held,
                floor,
                done,
                lookup_add,
                lookup_remove,
                log,
            ],
        ) = rest
        else {
            return Err(Fault::Missing("statement"));
        };
        Ok(Self {
            alone,
            shared,
            held,
            floor,
            done,
            tables,
            lookup_add,
            lookup_remove,
            log,
        })
    }

    fn table(&self, kind: Kind) -> &Table {
        &self.tables[kind as usize - 1]
    }

    /// Asks for the rows of these keys, all of one kind. Answered by [`before`].
    pub(super) fn load<'a>(
        &'a self,
        client: &'a Client,
        kind: Kind,
        keys: &[&'a Key],
    ) -> Asked<'a> {
        let spaces: Vec<&str> = keys.iter().map(|key| key.space().0).collect();
        let ids: Vec<&[u8]> = keys.iter().map(|key| key.bytes()).collect();
        let load = &self.table(kind).load;
        Box::pin(async move { client.query(load, &[&spaces, &ids]).await })
    }

    /// Asks for all that a group wrote, in an order in which each statement finds what it needs.
    pub(super) fn write<'a>(
        &'a self,
        client: &'a Client,
        writes: &'a [(&'a Key, Write<'a, Encoded>)],
        found: &'a HashMap<&'a Key, Before>,
    ) -> Result<Vec<Asked<'a>>, Fault> {
        let mut asked = Vec::new();
        let mut gone = Lookups::default();
        let mut here = Lookups::default();
        for kind in Kind::ALL {
            let table = self.table(kind);
            let (mut insert, mut update, mut remove) = <(Puts<'_>, Puts<'_>, Keys<'_>)>::default();
            for (key, write) in writes.iter().filter(|(key, _)| Kind::of(key) == kind) {
                match (write, found.get(key)) {
                    (Write::Put { standing, body }, None) => {
                        insert.add(key, *standing, body);
                        here.add(key, &body.index);
                    }
                    (Write::Put { standing, body }, Some(before)) => {
                        update.add(key, *standing, body);
                        if body.lookups != before.lookups {
                            gone.add(
                                key,
                                &columns::index_of(kind.table(), before.lookups.as_deref())?,
                            );
                            here.add(key, &body.index);
                        }
                    }
                    (Write::Remove, Some(before)) => {
                        remove.add(key);
                        gone.add(
                            key,
                            &columns::index_of(kind.table(), before.lookups.as_deref())?,
                        );
                    }
                    (Write::Remove, None) => {}
                }
            }
            asked.extend(remove.ask(client, &table.remove));
            asked.extend(update.ask(client, &table.update));
            asked.extend(insert.ask(client, &table.insert));
        }
        asked.extend(gone.ask(client, &self.lookup_remove));
        asked.extend(here.ask(client, &self.lookup_add));
        Ok(asked)
    }

    /// Asks to keep the events of these commits, if there are any, and to note that the writer has
    /// done so many groups.
    pub(super) fn log<'a>(
        &'a self,
        client: &'a Client,
        commits: &[&'a Commit<Encoded>],
        done: Done,
    ) -> Asked<'a> {
        let mut log = Log::default();
        for commit in commits {
            for event in commit.events() {
                log.add(event, commit);
            }
        }
        if log.is_empty() {
            let Done { id, groups, day } = done;
            return Box::pin(async move { client.query(&self.done, &[&id, &groups, &day]).await });
        }
        log.ask(client, &self.log, done)
    }

    /// Asks to remove these from the lookup table.
    pub(super) fn forget<'a>(&'a self, client: &'a Client, gone: Lookups) -> Option<Asked<'a>> {
        gone.ask(client, &self.lookup_remove)
    }
}

/// What the writer's row says after a group.
#[derive(Clone, Copy)]
pub(super) struct Done {
    pub(super) id: i64,
    pub(super) groups: i64,
    pub(super) day: i64,
}

/// Reads an answer to [`Sql::load`].
pub(super) fn before<'k>(
    kind: Kind,
    keys: &[&'k Key],
    row: &tokio_postgres::Row,
) -> Result<(&'k Key, Before), Fault> {
    let at = rows::get::<i64>(row, 0, kind.table(), "id")?;
    let key = usize::try_from(at - 1).ok().and_then(|at| keys.get(at));
    let before = Before {
        standing: rows::standing(kind.table(), row, 1)?,
        lookups: rows::get(row, 4, kind.table(), "lookups")?,
    };
    Ok((*key.ok_or(Fault::Missing("row of that key"))?, before))
}

impl Table {
    async fn on(client: &Client, name: &str) -> Result<Self, Fault> {
        let load = format!(
            "SELECT k.at, r.version, r.until, r.last, r.lookups
             FROM unnest($1::text[], $2::bytea[]) WITH ORDINALITY AS k (space, id, at)
             JOIN {name} r ON r.space = k.space AND r.id = k.id"
        );
        let insert = format!(
            "INSERT INTO {name} (space, id, version, until, day, last, lookups, open, private)
             SELECT * FROM unnest({PUTS})"
        );
        let update = format!(
            "UPDATE {name} SET version = w.version, until = w.until, day = w.day, last = w.last,
                    lookups = w.lookups, open = w.open, private = w.private
             FROM unnest({PUTS})
                  AS w (space, id, version, until, day, last, lookups, open, private)
             WHERE {name}.space = w.space AND {name}.id = w.id"
        );
        let remove = format!(
            "DELETE FROM {name} USING unnest($1::text[], $2::bytea[]) AS w (space, id)
             WHERE {name}.space = w.space AND {name}.id = w.id"
        );
        let prepared =
            try_join_all([&load, &insert, &update, &remove].map(|sql| client.prepare(sql)));
        let prepared: Result<[Statement; 4], _> = prepared.await?.try_into();
        let Ok([load, insert, update, remove]) = prepared else {
            return Err(Fault::Missing("statement"));
        };
        Ok(Self {
            load,
            insert,
            update,
            remove,
        })
    }
}

/// The columns of [`Puts`].
const PUTS: &str = "$1::text[], $2::bytea[], $3::int8[], $4::int8[], $5::int8[], $6::bytea[],
                    $7::text[], $8::text[], $9::bytea[]";
