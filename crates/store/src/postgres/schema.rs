//! The database's way from one schema to the next.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::OpenError;
use super::session::Fault;

/// One step forward. Steps are never changed or removed once released; a change of mind is a
/// further step.
struct Migration {
    version: i32,
    /// The oldest schema version whose program works on this one: nodes of the previous release go
    /// on while the first of the next one has migrated.
    serves: i32,
    name: &'static str,
    sql: &'static str,
}

/// Expand, move, contract: a step that would take away what the previous release reads comes one
/// release later than the step that makes it unnecessary. Steps describe the schema and stay short;
/// content is moved by the sweep's kind of batches, not here.
const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    serves: 1,
    name: "rows",
    sql: include_str!("migrations/0001_rows.sql"),
}];

/// The newest schema that this program knows.
fn known() -> i32 {
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
    match newest(client).await {
        Err(Fault::Server(error)) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => {
            Err(OpenError::NotMigrated {
                found: 0,
                known: known(),
            })
        }
        other => judge(other?, known()),
    }
}

/// Brings the schema to this program's version. Each step is a transaction that also records the
/// step, so that an interrupted migration goes on where it stopped; nodes that start together wait
/// for one another and find nothing left to do.
pub(super) async fn migrate(client: &Client) -> Result<(), OpenError> {
    run(client, MIGRATIONS).await
}

async fn run(client: &Client, migrations: &[Migration]) -> Result<(), OpenError> {
    begin(client).await?;
    let known = migrations.last().map_or(0, |step| step.version);
    for step in migrations {
        client.batch_execute(HOLD).await.map_err(Fault::from)?;
        let done = match newest(client).await? {
            found if found.0 >= step.version => Ok(()),
            _ => one(client, step).await,
        };
        // An error inside the transaction makes this a rollback.
        let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = client.batch_execute(end).await;
        done?;
        ended.map_err(Fault::from)?;
    }
    judge(newest(client).await?, known)
}

async fn begin(client: &Client) -> Result<(), Fault> {
    let mut tries = 0;
    loop {
        tries += 1;
        match client.batch_execute(BEGINNING).await {
            Err(error) if tries < TRIES && met_another(&error) => {}
            done => return Ok(done?),
        }
    }
}

fn met_another(error: &tokio_postgres::Error) -> bool {
    let codes = [
        SqlState::UNIQUE_VIOLATION,
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_OBJECT,
    ];
    error.code().is_some_and(|code| codes.contains(code))
}

async fn one(client: &Client, step: &Migration) -> Result<(), OpenError> {
    client.batch_execute(step.sql).await.map_err(Fault::from)?;
    let record = "INSERT INTO schema_version (version, serves, name) VALUES ($1, $2, $3)";
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
        [&step.version, &step.serves, &step.name];
    client.execute(record, &values).await.map_err(Fault::from)?;
    tracing::info!(version = step.version, name = step.name, "schema migrated");
    Ok(())
}

/// The newest version, and the oldest program that it serves.
async fn newest(client: &Client) -> Result<(i32, i32), Fault> {
    let row = client.query_one(NEWEST, &[]).await?;
    let number = |column| row.get::<_, Option<i32>>(column).unwrap_or(0);
    Ok((number(0), number(1)))
}

fn judge((found, serves): (i32, i32), known: i32) -> Result<(), OpenError> {
    if serves > known {
        return Err(OpenError::Newer { found, known });
    }
    if found < known {
        return Err(OpenError::NotMigrated { found, known });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_works_on_the_schemas_that_serve_it() {
        assert!(judge((3, 2), 3).is_ok());
        assert!(judge((4, 3), 3).is_ok(), "the next release has expanded");
        let contracted = judge((5, 4), 3);
        assert!(matches!(
            contracted,
            Err(OpenError::Newer { found: 5, known: 3 })
        ));
        let behind = judge((2, 1), 3).expect_err("not migrated");
        assert!(behind.to_string().contains("sluis migrate"), "{behind}");
    }

    #[test]
    fn steps_are_numbered_from_one_without_a_gap() {
        for (number, step) in (1..).zip(MIGRATIONS) {
            assert_eq!(step.version, number);
            assert!((1..=number).contains(&step.serves), "{}", step.name);
        }
    }
}
