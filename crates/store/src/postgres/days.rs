//! The audit log's partitions, one for each day, made before the day comes.

use tokio_postgres::Client;

use super::session::{Fault, Meaning};

/// How many days ahead the audit log has partitions.
pub(super) const DAYS_AHEAD: i64 = 7;

/// Makes the partitions of today, by the server's clock, and of the days to come: in a schema that was
/// just made, before the first event.
pub(super) async fn make_first(client: &Client) -> Result<(), Fault> {
    let today = "SELECT floor(extract(epoch FROM clock_timestamp()) / 86400)::int8";
    let today: i64 = client.query_one(today, &[]).await?.get(0);
    make(client, today).await;
    Ok(())
}

/// Makes the partitions of `today` and of the days to come; gives the last of them. An event of a day
/// without a partition is kept all the same, so a failure here only waits for the next time.
pub(super) async fn make(client: &Client, today: i64) -> i64 {
    let until = today + DAYS_AHEAD;
    for day in today..=until {
        if let Err(fault) = partition(client, day).await {
            tracing::warn!(%fault, day, "the audit log has no partition for this day");
            let _ = client.batch_execute("ROLLBACK").await;
        }
    }
    until
}

/// Makes the partition of one day and attaches it, unless it is there. Writers go on: attaching
/// locks the partition of the other days, which is short and which they seldom use.
async fn partition(client: &Client, day: i64) -> Result<(), Fault> {
    let name = "SELECT 'audit_' || to_char(date '1970-01-01' + $1::int4, 'YYYY_MM_DD'),
                to_regclass('audit_' || to_char(date '1970-01-01' + $1::int4, 'YYYY_MM_DD'))
                    IS NOT NULL";
    let number = i32::try_from(day).map_err(|_| Fault::Missing("name for that day"))?;
    let row = client.query_one(name, &[&number]).await?;
    let (name, there): (String, bool) = (row.get(0), row.get(1));
    if there {
        return Ok(());
    }
    let next = day + 1;
    let make = format!(
        "BEGIN;
         CREATE TABLE {name} (LIKE audit INCLUDING ALL,
             CONSTRAINT {name}_day CHECK (day >= {day} AND day < {next}));
         ALTER TABLE audit ATTACH PARTITION {name} FOR VALUES FROM ({day}) TO ({next});
         COMMIT;"
    );
    match client.batch_execute(&make).await {
        Ok(()) => Ok(()),
        Err(error) => {
            client.batch_execute("ROLLBACK").await?;
            let fault = Fault::from(error);
            // Another node made it in the same moment.
            match fault.meaning() {
                Meaning::Again => Ok(()),
                _ => Err(fault),
            }
        }
    }
}
