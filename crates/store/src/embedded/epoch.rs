//! Backups, and the epoch that begins when one is restored.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};
use verdict::Moment;

use super::owner::{Owner, private_file};
use super::{FILE_NAME, OpenError, connect, schema};
use crate::columns::Kind;
use crate::epoch::{NewEpoch, Restored};

/// Copies the database of `dir` to a file that is not there yet, while its owner goes on. The copy
/// is marked, and durable on return.
pub(super) fn back_up(dir: &Path, to: &Path, now: Moment) -> Result<(), OpenError> {
    let unusable = |why: io::Error| OpenError::Unusable(to.to_owned(), why);
    if to.exists() {
        return Err(OpenError::Exists(to.to_owned()));
    }
    let rows = dir.join(FILE_NAME);
    fs::metadata(&rows).map_err(|why| OpenError::of_file(&rows, why))?;
    let from = connect(&rows, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    schema::prepare_reader(&from)?;
    schema::check(&from)?;
    // Until it is whole it has another name.
    let part = to.with_extension("part");
    let _ = fs::remove_file(&part);
    // SQLite takes an empty file, and leaves its mode as it is.
    drop(private_file(&part).map_err(unusable)?);
    let name = part.to_str().ok_or(io::ErrorKind::InvalidInput);
    let name = name.map_err(|why| unusable(why.into()))?;
    // Its own copy is no change to the database.
    from.pragma_update(None, "query_only", false)?;
    from.execute("VACUUM INTO ?1", [name])?;
    let copy = connect(&part, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    copy.execute(
        "INSERT OR REPLACE INTO fact (name, value) VALUES ('backup_taken', ?1)",
        [now.unix()],
    )?;
    copy.close().map_err(|(_, why)| why)?;
    let durable = || {
        File::open(&part)?.sync_all()?;
        fs::rename(&part, to)?;
        let beside = to.parent().filter(|dir| !dir.as_os_str().is_empty());
        File::open(beside.unwrap_or(Path::new(".")))?.sync_all()
    };
    durable().map_err(unusable)
}

/// When the backup was taken that this database is, if it is one that was not restored yet.
pub(super) fn backup_taken(connection: &Connection) -> rusqlite::Result<Option<Moment>> {
    if !connection.table_exists(None, "fact")? {
        return Ok(None);
    }
    let taken = "SELECT value FROM fact WHERE name = 'backup_taken'";
    let taken = connection.query_row(taken, [], |row| row.get(0));
    Ok(taken.optional()?.map(Moment::from_unix))
}

/// The present epoch; 0 before any backup was restored.
pub(super) fn present(connection: &Connection) -> rusqlite::Result<u32> {
    if !connection.table_exists(None, "epoch")? {
        return Ok(0);
    }
    let newest = "SELECT coalesce(max(number), 0) FROM epoch";
    connection.query_row(newest, [], |row| row.get(0))
}

/// Begins a new epoch in a directory that nobody has: all of it, or nothing.
pub(super) fn begin(dir: &Path, restored: &Restored) -> Result<NewEpoch, OpenError> {
    let _owner = Owner::claim(dir)?;
    let path = dir.join(FILE_NAME);
    fs::metadata(&path).map_err(|why| OpenError::of_file(&path, why))?;
    drop(private_file(&path).map_err(|why| OpenError::Unusable(path.clone(), why))?);
    let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    schema::prepare_writer(&connection)?;
    schema::use_log(&connection)?;
    schema::migrate(&connection)?;
    let transaction = connection.unchecked_transaction()?;
    let epoch = take_stock(&transaction, restored)?;
    forget(&transaction, &epoch)?;
    record(&transaction, restored, &epoch)?;
    transaction.commit()?;
    Ok(epoch)
}

/// What is there, and what is to become of it.
fn take_stock(connection: &Connection, restored: &Restored) -> rusqlite::Result<NewEpoch> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let count = |sql: &str| Ok::<_, rusqlite::Error>(u64::try_from(number(sql)?).unwrap_or(0));
    let next = number("SELECT coalesce(max(number), 0) + 1 FROM epoch")?;
    let mut kinds =
        connection.prepare("SELECT space, count(*) FROM records GROUP BY space ORDER BY space")?;
    let records = kinds.query_map([], |row| {
        let count = u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
        Ok((row.get(0)?, count))
    })?;
    Ok(restored.epoch(
        u32::try_from(next).unwrap_or(u32::MAX),
        count("SELECT coalesce(max(seq), 0) FROM audit")?,
        count("SELECT count(*) FROM grants")?,
        records.collect::<rusqlite::Result<_>>()?,
    ))
}

/// Removes what could have been spent or withdrawn after the backup.
fn forget(connection: &Connection, epoch: &NewEpoch) -> rusqlite::Result<()> {
    let (grant, record) = (Kind::Grant as u8, Kind::Record as u8);
    connection.execute("DELETE FROM lookup WHERE kind = ?1", [grant])?;
    connection.execute("DELETE FROM grants", [])?;
    for (space, _) in &epoch.records_removed {
        let lookups = "DELETE FROM lookup WHERE kind = ?1 AND space = ?2";
        connection.execute(lookups, params![record, space])?;
        connection.execute("DELETE FROM records WHERE space = ?1", [space])?;
    }
    connection.execute(
        "UPDATE fact SET value = max(value, ?1) WHERE name = 'once_floor'",
        [epoch.once_floor.unix()],
    )?;
    connection.execute("DELETE FROM fact WHERE name = 'backup_taken'", [])?;
    Ok(())
}

fn record(connection: &Connection, restored: &Restored, epoch: &NewEpoch) -> rusqlite::Result<()> {
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let (first, last_before) = (signed(epoch.first), signed(epoch.last_before));
    let now = restored.now;
    connection.execute(
        "INSERT INTO epoch (number, began, backup_taken, last_before, first)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            epoch.number,
            now.unix(),
            restored.backup_taken.unix(),
            last_before,
            first
        ],
    )?;
    let (requirement, what, who) = NewEpoch::EVENT;
    connection.execute(
        "INSERT INTO audit
             (seq, day, moment, requirement, what, outcome, who, party, whose, commit_id)
         VALUES (?1, ?2, ?3, ?4, ?5, 'granted', 'party', ?6, NULL, ?7)",
        params![
            first,
            now.day(),
            now.unix(),
            requirement,
            what,
            who,
            epoch.commit().0.as_slice()
        ],
    )?;
    Ok(())
}
