//! The database's settings and its way from one schema to the next.

use std::thread;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::OpenError;
use crate::inspection::{Schema, SchemaStanding};

/// One step forward. Steps are never changed or removed once released; a change of mind is a
/// further step.
struct Migration {
    version: u32,
    name: &'static str,
    sql: &'static str,
}

/// Expand, move, contract: a step that would take away what the previous release reads comes one
/// release later than the step that makes it unnecessary. Steps describe the schema and stay short;
/// content is moved by the sweep's kind of batches, not at start-up.
const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "rows",
        sql: include_str!("migrations/0001_rows.sql"),
    },
    Migration {
        version: 2,
        name: "retention and epochs",
        sql: include_str!("migrations/0002_retention_and_epochs.sql"),
    },
    Migration {
        version: 3,
        name: "trace of an event",
        sql: include_str!("migrations/0003_trace_of_an_event.sql"),
    },
    Migration {
        version: 4,
        name: "details of events",
        sql: include_str!("migrations/0004_details.sql"),
    },
    Migration {
        version: 5,
        name: "once rows by day",
        sql: include_str!("migrations/0005_once_by_day.sql"),
    },
    Migration {
        version: 6,
        name: "who without a list",
        sql: include_str!("migrations/0006_who_without_a_list.sql"),
    },
];

/// Memory for pages, in KiB: the writer's holds the upper levels of the trees of a million rows.
const WRITER_CACHE_KIB: u32 = 32 * 1024;
/// The same for each reader, which mostly follows one key.
const READER_CACHE_KIB: u32 = 8 * 1024;
/// The same for each connection at hand, whose cache seldom outlives a few reads: each commit voids it.
const AT_HAND_CACHE_KIB: u32 = 2 * 1024;
/// The log file is cut back to this many bytes after a checkpoint. The writer starts a checkpoint
/// well before that (see `writer`), so that opening after a crash has little to replay.
const LOG_BYTES_KEPT: u64 = 64 << 20;
/// How long a statement waits for a lock that somebody outside holds (a shell, a backup). Above it the
/// caller is told to try again.
pub(super) const LOCK_WAIT: Duration = Duration::from_secs(2);

/// How often a process beside the owner asks for the lock, a millisecond apart.
const BESIDE_TRIES_MAX: i32 = 10_000;

/// Settings of the connection that writes.
///
/// `synchronous = FULL` makes COMMIT wait for the disk, once [`use_log`] was called. The writer runs
/// checkpoints itself: the automatic ones swallow a failing fsync. No `mmap`: it counts as resident
/// memory.
pub(super) fn prepare_writer(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(LOCK_WAIT)?;
    connection.execute_batch(&format!(
        "PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA journal_size_limit = {LOG_BYTES_KEPT};
         PRAGMA mmap_size = 0;
         PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;
         PRAGMA cache_size = -{WRITER_CACHE_KIB};"
    ))
}

/// Further settings of a connection beside another process. That one starts a group as soon as it
/// has one, so who asks for the lock less often than every millisecond seldom finds it free.
pub(super) fn stand_beside(connection: &mut Connection) -> rusqlite::Result<()> {
    // The log is the other process's to copy, also when it failed and left it for the next start.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.busy_handler(Some(|tries| {
        thread::sleep(Duration::from_millis(1));
        tries < BESIDE_TRIES_MAX
    }))
}

/// Makes the database write through a log (WAL), so that readers never wait for the writer. A file
/// system that cannot share memory between connections keeps another mode without an error.
pub(super) fn use_log(connection: &Connection) -> Result<(), OpenError> {
    let mode = connection.query_row("PRAGMA journal_mode = WAL", [], |row| {
        row.get::<_, String>(0)
    })?;
    if mode == "wal" {
        return Ok(());
    }
    Err(OpenError::NotLocal)
}

/// Settings of a connection that reads.
pub(super) fn prepare_reader(connection: &Connection) -> rusqlite::Result<()> {
    // Whether the log is copied on closing is the writer's decision.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.busy_timeout(LOCK_WAIT)?;
    connection.execute_batch(&format!(
        "PRAGMA query_only = ON;
         PRAGMA mmap_size = 0;
         PRAGMA trusted_schema = OFF;
         PRAGMA cache_size = -{READER_CACHE_KIB};"
    ))
}

/// Further settings of a connection whose reads somebody's own thread does: it waits for no lock.
pub(super) fn stand_at_hand(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::ZERO)?;
    connection.pragma_update(None, "cache_size", -i64::from(AT_HAND_CACHE_KIB))
}

/// Brings the schema to this program's version. Each step is a transaction that also records the
/// step, so that an interrupted migration goes on where it stopped.
pub(super) fn migrate(connection: &Connection) -> Result<(), OpenError> {
    run(connection, MIGRATIONS)
}

fn run(connection: &Connection, migrations: &[Migration]) -> Result<(), OpenError> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS schema_version (
             version INTEGER PRIMARY KEY,
             name    TEXT NOT NULL
         ) STRICT;",
    )?;
    let found = version(connection)?;
    let known = migrations.last().map_or(0, |step| step.version);
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    for step in migrations.iter().filter(|step| step.version > found) {
        let transaction = connection.unchecked_transaction()?;
        transaction.execute_batch(step.sql)?;
        transaction.execute(
            "INSERT INTO schema_version (version, name) VALUES (?1, ?2)",
            params![step.version, step.name],
        )?;
        transaction.commit()?;
        tracing::info!(version = step.version, name = step.name, "schema migrated");
    }
    Ok(())
}

/// Whether this program works on the database as it is.
pub(super) fn check(connection: &Connection) -> Result<(), OpenError> {
    let schema = found(connection)?;
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

/// The schema that is there beside this program's. One process at a time has a database, so a
/// schema serves the program that made it and no other.
pub(super) fn found(connection: &Connection) -> rusqlite::Result<Schema> {
    let found = if connection.table_exists(None, "schema_version")? {
        version(connection)?
    } else {
        0
    };
    Ok(Schema {
        found,
        serves: found,
        ..none()
    })
}

/// What is there before the database is.
pub(super) fn none() -> Schema {
    Schema {
        found: 0,
        wanted: MIGRATIONS.last().map_or(0, |step| step.version),
        serves: 0,
    }
}

fn version(connection: &Connection) -> rusqlite::Result<u32> {
    let newest = "SELECT version FROM schema_version ORDER BY version DESC LIMIT 1";
    let found = connection.query_row(newest, [], |row| row.get(0));
    Ok(found.optional()?.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn step(version: u32, sql: &'static str) -> Migration {
        Migration {
            version,
            name: "test",
            sql,
        }
    }

    #[test]
    fn an_interrupted_migration_goes_on_where_it_stopped() {
        let connection = Connection::open_in_memory().expect("memory");
        let first = "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1);";
        let broken = "CREATE TABLE b (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1);";
        let mended = "CREATE TABLE b (x INTEGER) STRICT; INSERT INTO a VALUES (2);";
        let failed = run(&connection, &[step(1, first), step(2, broken)]);
        assert!(matches!(failed, Err(OpenError::Database(_))), "{failed:?}");
        assert_eq!(version(&connection), Ok(1));
        run(&connection, &[step(1, first), step(2, mended)]).expect("second try");
        run(&connection, &[step(1, first), step(2, mended)]).expect("nothing left to do");
        let rows = connection.query_row("SELECT count(*) FROM a", [], |row| row.get::<_, i64>(0));
        assert_eq!(rows, Ok(2));
        assert_eq!(version(&connection), Ok(2));
    }

    #[test]
    fn who_did_it_is_one_of_three_and_no_table_is_made_to_see_that() {
        let connection = Connection::open_in_memory().expect("memory");
        run(&connection, MIGRATIONS).expect("the steps");
        let insert = "INSERT INTO audit
            (day, moment, requirement, what, outcome, who, party, commit_id)
            VALUES (1, 1, 'r', 'w', 'granted', ?1, ?2, x'01')";
        let of = |who: &str, party: Option<&str>| connection.execute(insert, params![who, party]);
        for (who, party) in [
            ("person", None),
            ("party", Some("dva.test")),
            ("unknown", None),
        ] {
            assert_eq!(of(who, party), Ok(1), "{who}");
        }
        for (who, party) in [
            ("somebody", None),
            ("party", None),
            ("person", Some("dva.test")),
        ] {
            let refused = of(who, party).expect_err("a rule of the table");
            assert_eq!(
                refused.sqlite_error_code(),
                Some(rusqlite::ErrorCode::ConstraintViolation),
                "{who}"
            );
        }
        let mut plan = connection
            .prepare(&format!("EXPLAIN {insert}"))
            .expect("a plan");
        let steps = plan.query_map(params!["person", ""], |row| row.get::<_, String>(1));
        let steps: Vec<String> = steps
            .expect("steps")
            .map(|step| step.expect("a step"))
            .collect();
        assert!(!steps.contains(&"OpenEphemeral".to_owned()), "{steps:?}");
        let sound = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0));
        assert_eq!(sound, Ok("ok".to_owned()));
    }

    #[test]
    fn a_database_of_a_newer_program_is_refused() {
        let connection = Connection::open_in_memory().expect("memory");
        run(&connection, &[step(1, ""), step(9, "")]).expect("the newer program");
        let refused = run(&connection, &[step(1, "")]).expect_err("the older one");
        assert!(matches!(refused, OpenError::Newer { found: 9, known: 1 }));
    }

    #[test]
    fn a_database_that_cannot_keep_a_log_is_refused() {
        let connection = Connection::open_in_memory().expect("memory");
        assert!(matches!(use_log(&connection), Err(OpenError::NotLocal)));
    }

    /// design §4: events of a release before have no trace, and are read.
    #[test]
    fn events_that_were_there_before_a_step_stay_as_they_were() {
        let connection = Connection::open_in_memory().expect("memory");
        run(&connection, &MIGRATIONS[..2]).expect("the release before");
        let insert = "INSERT INTO audit (day, moment, requirement, what, outcome, who, commit_id)
                      VALUES (0, 0, 'r', 'w', 'granted', 'person', zeroblob(16))";
        connection.execute(insert, []).expect("append");
        migrate(&connection).expect("migrates");
        let columns = super::super::rows::AUDIT_COLUMNS;
        let read = format!("SELECT {columns} FROM audit");
        let row = connection.query_row(&read, [], super::super::rows::audit_row);
        let row = row.expect("a row");
        assert_eq!((row.seq, row.what.as_str(), row.trace), (1, "w", None));
    }

    #[test]
    fn the_audit_log_is_append_only() {
        let connection = Connection::open_in_memory().expect("memory");
        migrate(&connection).expect("migrates");
        let insert = "INSERT INTO audit (day, moment, requirement, what, outcome, who, commit_id)
                      VALUES (0, 0, 'r', 'w', 'granted', 'person', x'00')";
        connection.execute(insert, []).expect("append");
        let change = connection.execute("UPDATE audit SET outcome = 'refused'", []);
        assert!(
            change
                .expect_err("refused")
                .to_string()
                .contains("never changed")
        );
    }
}
