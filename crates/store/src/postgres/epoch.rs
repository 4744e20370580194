//! The epoch that begins when a backup was restored.

use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

use super::OpenError;
use super::address::Address;
use super::rows::get;
use super::session::{Durability, Fault, Session};
use crate::columns::Kind;
use crate::epoch::{NewEpoch, Restored};

/// How long the server may take: it looks at every row once.
const WORK_MAX: Duration = Duration::from_hours(1);

/// Waits for running groups, which begin with their row of `writer`, and lets no other begin.
const ALONE: &str = "
    BEGIN;
    SET LOCAL lock_timeout = '10s';
    LOCK TABLE writer, slot, once, grants, records, lookup, audit, fact IN ACCESS EXCLUSIVE MODE;
    SET LOCAL enable_seqscan = on;
    SET LOCAL enable_hashjoin = on";

/// Begins a new epoch at this address: all of it, or nothing.
pub(super) async fn begin(address: &Address, restored: &Restored) -> Result<NewEpoch, OpenError> {
    let session = Session::to_write(address, Durability::AsTheServerHas).await?;
    let client = &session.client;
    let work = async {
        client.batch_execute(ALONE).await?;
        let epoch = take_stock(client, restored).await?;
        forget(client, &epoch).await?;
        record(client, restored, &epoch).await?;
        client.batch_execute("COMMIT").await?;
        Ok(epoch)
    };
    let done = timeout(WORK_MAX, work).await;
    Ok(done.unwrap_or(Err(Fault::Late))?)
}

/// What is there, and what is to become of it.
async fn take_stock(client: &Client, restored: &Restored) -> Result<NewEpoch, Fault> {
    const COUNT: &str = "
        SELECT (SELECT coalesce(max(number), 0) + 1 FROM epoch),
               (SELECT value FROM fact WHERE name = 'audit_seq'),
               (SELECT count(*) FROM grants)";
    let kinds = "SELECT space, count(*) FROM records GROUP BY space ORDER BY space";
    let count = |row: &Row, column| {
        let count = get::<i64>(row, column, "records", "count")?;
        u64::try_from(count).map_err(|_| Fault::Missing("count of its rows"))
    };
    let counts = client.query_one(COUNT, &[]).await?;
    let mut records = Vec::new();
    for row in client.query(kinds, &[]).await? {
        let space: String = get(&row, 0, "records", "space")?;
        records.push((space, count(&row, 1)?));
    }
    let number = u32::try_from(count(&counts, 0)?);
    let number = number.map_err(|_| Fault::Missing("number for that epoch"))?;
    let (last_before, grants) = (count(&counts, 1)?, count(&counts, 2)?);
    Ok(restored.epoch(number, last_before, grants, records))
}

/// Removes what could have been spent or withdrawn after the backup.
async fn forget(client: &Client, epoch: &NewEpoch) -> Result<(), Fault> {
    let (grant, record) = (Kind::Grant as i16, Kind::Record as i16);
    let removed: Vec<&str> = epoch
        .records_removed
        .iter()
        .map(|(space, _)| space.as_str())
        .collect();
    let lookups = "DELETE FROM lookup WHERE kind = $1 OR kind = $2 AND space = ANY($3::text[])";
    client
        .execute(lookups, &[&grant, &record, &removed])
        .await?;
    client.batch_execute("TRUNCATE grants").await?;
    let records = "DELETE FROM records WHERE space = ANY($1::text[])";
    client.execute(records, &[&removed]).await?;
    let floor = "UPDATE fact SET value = greatest(value, $1) WHERE name = 'once_floor'";
    client.execute(floor, &[&epoch.once_floor.unix()]).await?;
    Ok(())
}

async fn record(client: &Client, restored: &Restored, epoch: &NewEpoch) -> Result<(), Fault> {
    let signed = |number| i64::try_from(number).map_err(|_| Fault::Missing("number that large"));
    let (first, last_before) = (signed(epoch.first)?, signed(epoch.last_before)?);
    let now = restored.now;
    let keep = "INSERT INTO epoch (number, began, backup_taken, last_before, first)
                VALUES ($1, $2, $3, $4, $5)";
    let values: [&(dyn ToSql + Sync); 5] = [
        &i64::from(epoch.number),
        &now.unix(),
        &restored.backup_taken.unix(),
        &last_before,
        &first,
    ];
    client.execute(keep, &values).await?;
    let (requirement, what, who) = NewEpoch::EVENT;
    let event = "INSERT INTO audit
                     (seq, day, moment, requirement, what, outcome, who, party, whose, commit_id)
                 VALUES ($1, $2, $3, $4, $5, 'granted', 'party', $6, NULL, $7)";
    let commit = epoch.commit().0;
    let values: [&(dyn ToSql + Sync); 7] = [
        &first,
        &now.day(),
        &now.unix(),
        &requirement,
        &what,
        &who,
        &commit.as_slice(),
    ];
    client.execute(event, &values).await?;
    let counter = "UPDATE fact SET value = $1 WHERE name = 'audit_seq'";
    client.execute(counter, &[&first]).await?;
    Ok(())
}
