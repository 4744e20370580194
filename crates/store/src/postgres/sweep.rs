//! Removing what is over, and making room for the audit log of days to come.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};
use verdict::Moment;

use super::arrays::Lookups;
use super::days::{self, DAYS_AHEAD};
use super::rows;
use super::session::{ANSWER_MAX, Asked, Durability, Fault, Meaning, Session, round_trip};
use super::slots::{self, Slots};
use super::sql::Sql;
use super::{Home, OpenError};
use crate::Down;
use crate::columns::{self, Kind};

/// Most rows that one transaction removes: whoever needs one of them waits for it.
const BATCH_ROWS_MAX: u16 = 256;
/// How long the server may take over one batch, and over the partitions of the coming days.
const WORK_MAX: Duration = Duration::from_secs(15);
/// After so many days without a group a writer is gone, and its row with it. A writer that was only
/// asleep makes itself a new one.
const WRITER_DAYS: i64 = 30;

/// The connection that sweeps, made when it is first needed.
#[derive(Default)]
pub(super) struct Sweeper {
    broom: Mutex<Option<Broom>>,
}

struct Broom {
    session: Session,
    sql: Sql,
    /// Rows over, by kind.
    over: [Statement; 3],
    remove: [Statement; 3],
    slots: Statement,
    floor: Statement,
    /// Up to which day the audit log has partitions, as far as this one knows.
    partitions_until: i64,
}

impl Sweeper {
    /// Removes rows that were over before the day of `now`; returns how many.
    pub(super) async fn sweep(&self, home: &Home, now: Moment, rows_max: u16) -> Result<u16, Down> {
        if home.is_down() {
            return Err(Down);
        }
        let mut held = self.broom.lock().await;
        let mut swept = 0;
        while swept < rows_max {
            let batch = (rows_max - swept).min(BATCH_ROWS_MAX);
            let mut broom = match held.take() {
                Some(broom) if !broom.session.client.is_closed() => broom,
                _ => Broom::on(home).await?,
            };
            let work = async {
                if broom.partitions_until < now.day() + DAYS_AHEAD {
                    broom.make_room(now.day()).await;
                }
                broom.batch(now, batch).await
            };
            let done = timeout(WORK_MAX, work).await;
            match done.unwrap_or(Err(Fault::Late)) {
                Ok(removed) => {
                    *held = Some(broom);
                    swept += removed;
                    if removed < batch {
                        break;
                    }
                }
                Err(fault) => {
                    tracing::warn!(%fault, "a sweep failed; the next one goes on");
                    let in_the_way = matches!(fault.meaning(), Meaning::Again | Meaning::Busy);
                    return if in_the_way { Ok(swept) } else { Err(Down) };
                }
            }
        }
        Ok(swept)
    }
}

/// A row that may be over.
struct Over {
    kind: Kind,
    space: String,
    id: Vec<u8>,
}

impl Over {
    fn read(kind: Kind, from: &Row) -> Result<Self, Fault> {
        Ok(Self {
            kind,
            space: rows::get(from, 0, kind.table(), "space")?,
            id: rows::get(from, 1, kind.table(), "id")?,
        })
    }

    fn slot(&self) -> i32 {
        slots::number(self.kind, &self.space, &self.id)
    }
}

impl Broom {
    async fn on(home: &Home) -> Result<Self, Down> {
        let made = async {
            let durability = Durability::AsTheServerHas;
            let session = Session::to_write(&home.address, durability).await?;
            let made = timeout(ANSWER_MAX, Self::with(session)).await;
            made.unwrap_or(Err(Fault::Late)).map_err(OpenError::from)
        };
        made.await.map_err(|why| {
            home.away(&why);
            Down
        })
    }

    async fn with(session: Session) -> Result<Self, Fault> {
        let client = &session.client;
        let sql = Sql::on(client).await?;
        let mut over = Vec::new();
        let mut remove = Vec::new();
        for kind in Kind::ALL {
            let table = kind.table();
            let find =
                format!("SELECT space, id FROM {table} WHERE day < $1 ORDER BY day LIMIT $2");
            over.push(client.prepare(&find).await?);
            // The row may have been written since it was found.
            let gone = format!(
                "DELETE FROM {table} USING unnest($1::text[], $2::bytea[]) AS w (space, id)
                 WHERE {table}.space = w.space AND {table}.id = w.id AND {table}.day < $3
                 RETURNING {table}.space, {table}.id, {table}.until, {table}.lookups"
            );
            remove.push(client.prepare(&gone).await?);
        }
        let slots = "SELECT n FROM slot WHERE n = ANY($1::int4[]) ORDER BY n
                     FOR UPDATE SKIP LOCKED";
        let slots = client.prepare(slots).await?;
        let floor = "UPDATE fact SET value = greatest(value, $1) WHERE name = 'once_floor'";
        let floor = client.prepare(floor).await?;
        let missing = |_| Fault::Missing("statement");
        Ok(Self {
            over: over.try_into().map_err(missing)?,
            remove: remove.try_into().map_err(missing)?,
            slots,
            floor,
            sql,
            session,
            partitions_until: i64::MIN,
        })
    }

    /// One transaction: what is over, as far as nobody is busy with it just now.
    async fn batch(&self, now: Moment, rows_max: u16) -> Result<u16, Fault> {
        let client = &self.session.client;
        let found = self.over(now, rows_max).await?;
        if found.is_empty() {
            return Ok(0);
        }
        let these = found
            .iter()
            .map(|row| (row.kind, row.space.as_str(), row.id.as_slice()));
        let wanted = Slots::of_rows(these);
        let wanted_here: [&(dyn ToSql + Sync); 1] = [&wanted];
        let asked: Vec<Asked<'_>> = vec![
            command(client, "BEGIN ISOLATION LEVEL READ COMMITTED"),
            query(client, &self.slots, &wanted_here),
        ];
        let answers = round_trip(asked).await?;
        let mut held = BTreeSet::new();
        for row in answers.iter().flatten() {
            held.insert(rows::get::<i32>(row, 0, "slot", "n")?);
        }
        let mut removed = 0;
        let mut floor = None;
        let mut gone = Lookups::default();
        for kind in Kind::ALL {
            let ours = |row: &&Over| row.kind == kind && held.contains(&row.slot());
            let rows: Vec<&Over> = found.iter().filter(ours).collect();
            if rows.is_empty() {
                continue;
            }
            let spaces: Vec<&str> = rows.iter().map(|row| row.space.as_str()).collect();
            let ids: Vec<&[u8]> = rows.iter().map(|row| row.id.as_slice()).collect();
            let day = now.day();
            let remove = &self.remove[kind as usize - 1];
            let answers = round_trip(vec![query(client, remove, &[&spaces, &ids, &day])]).await?;
            for from in answers.iter().flatten() {
                let row = Over::read(kind, from)?;
                let lookups = rows::get(from, 3, kind.table(), "lookups")?;
                let index = columns::index_of(kind.table(), lookups)?;
                gone.add_row(kind, &row.space, &row.id, &index);
                if kind == Kind::Once {
                    let until = rows::get::<i64>(from, 2, kind.table(), "until")?;
                    floor = floor.max(Some(until));
                }
                removed += 1;
            }
        }
        let values: [&(dyn ToSql + Sync); 1] = [&floor];
        let mut asked: Vec<Asked<'_>> = Vec::new();
        asked.extend(self.sql.forget(client, gone));
        asked.extend(floor.map(|_| query(client, &self.floor, &values)));
        asked.push(command(client, "COMMIT"));
        round_trip(asked).await?;
        Ok(removed)
    }

    /// Rows over before today, at most so many, of each kind in turn.
    async fn over(&self, now: Moment, rows_max: u16) -> Result<Vec<Over>, Fault> {
        let client = &self.session.client;
        let mut found = Vec::new();
        for kind in Kind::ALL {
            let room = i64::from(rows_max) - i64::try_from(found.len()).unwrap_or(i64::MAX);
            if room <= 0 {
                break;
            }
            let day = now.day();
            let over = &self.over[kind as usize - 1];
            let answers = round_trip(vec![query(client, over, &[&day, &room])]).await?;
            for from in answers.iter().flatten() {
                found.push(Over::read(kind, from)?);
            }
        }
        Ok(found)
    }

    /// Makes the audit log's partitions of the coming days, and forgets writers of long ago. A
    /// commit of a day without a partition is kept all the same, so a failure here only waits for
    /// the next sweep.
    async fn make_room(&mut self, today: i64) {
        let until = days::make(&self.session.client, today).await;
        let forget = "DELETE FROM writer WHERE day < $1";
        let before = today - WRITER_DAYS;
        if let Err(error) = self.session.client.execute(forget, &[&before]).await {
            tracing::warn!(fault = %Fault::from(error), "writers of long ago were not forgotten");
        }
        self.partitions_until = until;
    }
}

fn query<'a>(
    client: &'a Client,
    statement: &'a Statement,
    values: &'a [&'a (dyn ToSql + Sync)],
) -> Asked<'a> {
    Box::pin(client.query(statement, values))
}

fn command<'a>(client: &'a Client, command: &'static str) -> Asked<'a> {
    Box::pin(async move { client.batch_execute(command).await.map(|()| Vec::new()) })
}
