//! The database's way from one schema to the next.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::OpenError;
use super::address::SchemaName;
use super::session::Fault;
use crate::inspection::{Schema, SchemaStanding};

/// One step forward. Steps are never changed or removed once released; a change of mind is a
/// further step.
struct Migration {
    version: u32,
    /// The oldest schema version whose program works on this one: nodes of the previous release go
    /// on while the first of the next one has migrated.
    serves: u32,
    name: &'static str,
    sql: &'static str,
}

/// Expand, move, contract: a step that would take away what the previous release reads comes one
/// release later than the step that makes it unnecessary. Steps describe the schema and stay short;
/// content is moved by the sweep's kind of batches, not here.
const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        serves: 1,
        name: "rows",
        sql: include_str!("migrations/0001_rows.sql"),
    },
    Migration {
        version: 2,
        serves: 1,
        name: "retention and epochs",
        sql: include_str!("migrations/0002_retention_and_epochs.sql"),
    },
    Migration {
        version: 3,
        serves: 1,
        name: "trace of an event",
        sql: include_str!("migrations/0003_trace_of_an_event.sql"),
    },
    Migration {
        version: 4,
        serves: 1,
        name: "details of events",
        sql: include_str!("migrations/0004_details.sql"),
    },
];

/// The first version that has epochs.
pub(super) const EPOCHS_SINCE: u32 = 2;

/// The newest schema that this program knows.
fn known() -> u32 {
    MIGRATIONS.last().map_or(0, |step| step.version)
}

/// Row 0 is what the migrating node holds.
const BEGINNING: &str = "
    CREATE TABLE IF NOT EXISTS schema_version (
        version integer PRIMARY KEY,
        serves  integer NOT NULL,
        name    text    NOT NULL
    );
    INSERT INTO schema_version (version, serves, name) VALUES (0, 0, 'nothing')
    ON CONFLICT DO NOTHING;";
/// How often the beginning is tried: two nodes that start on an empty database at the same moment
/// may meet in the catalogue, where `IF NOT EXISTS` does not help.
const TRIES: u32 = 5;
const HOLD: &str = "BEGIN; SELECT version FROM schema_version WHERE version = 0 FOR UPDATE;";
const NEWEST: &str = "SELECT max(version), max(serves) FROM schema_version";

/// Whether this program works on the database as it is. Looks at a handful of rows.
pub(super) async fn check(client: &Client) -> Result<(), OpenError> {
    judge(found(client).await?)
}

/// The schema that is there, if any, beside the one that this program needs.
pub(super) async fn found(client: &Client) -> Result<Schema, Fault> {
    match newest(client, known()).await {
        Err(Fault::Server(error)) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => {
            Ok(Schema {
                found: 0,
                wanted: known(),
                serves: 0,
            })
        }
        other => other,
    }
}

/// Brings the schema to this program's version. Each step is a transaction that also records the
/// step, so that an interrupted migration goes on where it stopped; nodes that start together wait
/// for one another and find nothing left to do.
pub(super) async fn migrate(client: &Client, name: &SchemaName) -> Result<(), OpenError> {
    begin(client, name).await?;
    for step in MIGRATIONS {
        client.batch_execute(HOLD).await.map_err(Fault::from)?;
        let done = match newest(client, known()).await? {
            schema if schema.found >= step.version => Ok(()),
            _ => one(client, step).await,
        };
        // An error inside the transaction makes this a rollback.
        let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = client.batch_execute(end).await;
        done?;
        ended.map_err(Fault::from)?;
    }
    check(client).await
}

/// Makes the schema and its table of versions. A role that may not make schemas finds one that was
/// made for it.
async fn begin(client: &Client, name: &SchemaName) -> Result<(), Fault> {
    let there = "SELECT to_regnamespace($1) IS NOT NULL";
    let there = client.query_one(there, &[&name.as_str()]).await?.get(0);
    let make = if there {
        String::new()
    } else {
        format!("CREATE SCHEMA IF NOT EXISTS {};", name.as_str())
    };
    let mut tries = 0;
    loop {
        tries += 1;
        match client.batch_execute(&format!("{make}{BEGINNING}")).await {
            Err(error) if tries < TRIES && met_another(&error) => {}
            done => return Ok(done?),
        }
    }
}

fn met_another(error: &tokio_postgres::Error) -> bool {
    let codes = [
        SqlState::UNIQUE_VIOLATION,
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_SCHEMA,
        SqlState::DUPLICATE_OBJECT,
    ];
    error.code().is_some_and(|code| codes.contains(code))
}

async fn one(client: &Client, step: &Migration) -> Result<(), OpenError> {
    client.batch_execute(step.sql).await.map_err(Fault::from)?;
    let record = "INSERT INTO schema_version (version, serves, name) VALUES ($1, $2, $3)";
    let [version, serves] = [step.version, step.serves].map(i32::try_from);
    let (Ok(version), Ok(serves)) = (version, serves) else {
        return Err(Fault::Missing("number for that step").into());
    };
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] = [&version, &serves, &step.name];
    client.execute(record, &values).await.map_err(Fault::from)?;
    tracing::info!(version, name = step.name, "schema migrated");
    Ok(())
}

/// The newest version, and the oldest program that it serves.
async fn newest(client: &Client, wanted: u32) -> Result<Schema, Fault> {
    let row = client.query_one(NEWEST, &[]).await?;
    let number = |column| {
        let number = row.get::<_, Option<i32>>(column).unwrap_or(0);
        u32::try_from(number).map_err(|_| Fault::Missing("version of its schema"))
    };
    Ok(Schema {
        found: number(0)?,
        wanted,
        serves: number(1)?,
    })
}

fn judge(schema: Schema) -> Result<(), OpenError> {
    let Schema {
        found,
        wanted: known,
        ..
    } = schema;
    match schema.standing() {
        SchemaStanding::Fits => Ok(()),
        SchemaStanding::Behind => Err(OpenError::NotMigrated { found, known }),
        SchemaStanding::Newer => Err(OpenError::Newer { found, known }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_that_is_behind_is_told_with_the_command_that_helps() {
        let behind = judge(Schema {
            found: 2,
            wanted: 3,
            serves: 1,
        });
        let behind = behind.expect_err("not migrated").to_string();
        assert!(behind.contains("sluis migrate"), "{behind}");
    }

    #[test]
    fn steps_are_numbered_from_one_without_a_gap() {
        for (number, step) in (1..).zip(MIGRATIONS) {
            assert_eq!(step.version, number);
            assert!((1..=number).contains(&step.serves), "{}", step.name);
        }
    }
}
