//! The end of the audit log: a day's partition is dropped, and what is missing is told.

use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

use super::Home;
use super::rows::get;
use super::session::{Durability, Fault, Meaning, Session};
use crate::Down;
use crate::columns::Damaged;
use crate::retention::{AuditGap, Destroyed};

/// Most events of days without a partition that one transaction destroys.
const BATCH_MAX: i64 = 1024;
/// How long the server may take over a day: counting one of a hundred million events, for the
/// most. Nobody waits for that; the drop itself takes as long as COMMIT does.
const WORK_MAX: Duration = Duration::from_mins(5);

/// The oldest day with a partition before day `$1`, as table and day.
const OVER: &str = "
    SELECT c.relname::text,
           to_date(substr(c.relname::text, 7), 'YYYY_MM_DD') - date '1970-01-01' AS day
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'audit'::regclass AND c.relname ~ '^audit_[0-9]{4}_[0-9]{2}_[0-9]{2}$'
      AND c.relname::text COLLATE \"C\" <
          'audit_' || to_char(date '1970-01-01' + $1::int4, 'YYYY_MM_DD')
    ORDER BY c.relname LIMIT 1";

/// One node at a time.
const BEGIN: &str = "
    BEGIN;
    SELECT value FROM fact WHERE name = 'audit_kept_from' FOR UPDATE NOWAIT";

/// Everybody who commits waits behind this lock while it waits for a reader, so it does not wait
/// long: the next call tries again.
const ALONE: &str = "
    SET LOCAL lock_timeout = '200ms';
    LOCK TABLE audit IN ACCESS EXCLUSIVE MODE";

/// Destroys the oldest day before `kept_from`, or a batch of events that have no partition.
pub(super) async fn destroy(home: &Home, kept_from: i64) -> Result<Destroyed, Down> {
    if home.is_down() {
        return Err(Down);
    }
    let session = Session::to_write(&home.address, Durability::AsTheServerHas).await;
    let session = session.map_err(|why| {
        home.away(&why);
        Down
    })?;
    let destroying = timeout(WORK_MAX, oldest(&session.client, kept_from)).await;
    destroying.unwrap_or(Err(Fault::Late)).or_else(|fault| {
        tracing::warn!(%fault, "audit events were not destroyed; the next call goes on");
        match fault.meaning() {
            Meaning::Again | Meaning::Busy => Ok(Destroyed::default()),
            _ => Err(Down),
        }
    })
}

async fn oldest(client: &Client, kept_from: i64) -> Result<Destroyed, Fault> {
    let before = i32::try_from(kept_from).map_err(|_| Fault::Missing("day of that number"))?;
    client.batch_execute(BEGIN).await?;
    let over = client.query(OVER, &[&before]).await?;
    let destroyed = match over.first() {
        Some(oldest) => {
            let table: String = get(oldest, 0, "pg_class", "relname")?;
            let day: i32 = get(oldest, 1, "pg_class", "relname")?;
            Destroyed {
                events: drop_day(client, &table, day.into()).await?,
                // Of the others we know when we look.
                more: true,
            }
        }
        None => without_partition(client, kept_from).await?,
    };
    let raise = "UPDATE fact SET value = greatest(value, $1) WHERE name = 'audit_kept_from'";
    client.execute(raise, &[&kept_from]).await?;
    client.batch_execute("COMMIT").await?;
    Ok(destroyed)
}

/// Drops the partition of a day, and tells of it; how many events it held. What was counted before
/// the lock was had need not be counted under it.
async fn drop_day(client: &Client, table: &str, day: i64) -> Result<u64, Fault> {
    let count = format!("SELECT count(*), min(seq), max(seq) FROM {table} WHERE seq > $1");
    let early = Counted::read(&client.query_one(&count, &[&0_i64]).await?)?;
    client.batch_execute(ALONE).await?;
    let since = early.last.unwrap_or(0);
    let late = client.query_one(&count, &[&since]).await?;
    let all = early.and(Counted::read(&late)?);
    if let (Some(first), Some(last)) = (all.first, all.last) {
        let values: [&(dyn ToSql + Sync); 4] = [&day, &first, &last, &all.count];
        let told = tell("VALUES ($1, $2, $3, $4)");
        client.execute(&told, &values).await?;
    }
    client.batch_execute(&format!("DROP TABLE {table}")).await?;
    Ok(u64::try_from(all.count).unwrap_or(0))
}

/// Destroys a batch of events whose day never had a partition.
async fn without_partition(client: &Client, kept_from: i64) -> Result<Destroyed, Fault> {
    let destroy = format!(
        "WITH over AS (
             SELECT ctid FROM audit_other WHERE day < $1 ORDER BY day LIMIT {BATCH_MAX}
         ), gone AS (
             DELETE FROM audit_other WHERE ctid = ANY (ARRAY(SELECT ctid FROM over)) AND day < $1
             RETURNING day, seq
         ), told AS ({})
         SELECT count(*) FROM gone",
        tell("SELECT day, min(seq), max(seq), count(*) FROM gone GROUP BY day")
    );
    let row = client.query_one(&destroy, &[&kept_from]).await?;
    let events = get::<i64>(&row, 0, "audit_other", "count")?;
    Ok(Destroyed {
        events: u64::try_from(events).unwrap_or(0),
        more: events == BATCH_MAX,
    })
}

fn tell(days: &str) -> String {
    format!(
        "INSERT INTO audit_gone (day, first, last, count) {days}
         ON CONFLICT (day) DO UPDATE SET first = least(audit_gone.first, excluded.first),
             last = greatest(audit_gone.last, excluded.last),
             count = audit_gone.count + excluded.count"
    )
}

/// Numbers of events.
#[derive(Clone, Copy)]
struct Counted {
    count: i64,
    first: Option<i64>,
    last: Option<i64>,
}

impl Counted {
    fn read(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            count: get(row, 0, "audit", "seq")?,
            first: get(row, 1, "audit", "seq")?,
            last: get(row, 2, "audit", "seq")?,
        })
    }

    fn and(self, later: Self) -> Self {
        Self {
            count: self.count + later.count,
            first: self.first.or(later.first),
            last: later.last.or(self.last),
        }
    }
}

/// The days of which something is missing, newest first.
pub(super) fn gaps_sql() -> String {
    format!(
        "SELECT day, first, last, count FROM audit_gone ORDER BY day DESC LIMIT {}",
        crate::retention::GAPS_MAX
    )
}

pub(super) fn gap(row: &Row) -> Result<AuditGap, Damaged> {
    let number = |column, name| {
        let number = get::<i64>(row, column, "audit_gone", name)?;
        u64::try_from(number).map_err(|_| Damaged::at("audit_gone", name))
    };
    Ok(AuditGap {
        day: get(row, 0, "audit_gone", "day")?,
        first: number(1, "first")?,
        last: number(2, "last")?,
        count: number(3, "count")?,
    })
}
