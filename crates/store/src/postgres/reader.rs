//! The connections that read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::try_join_all;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row as FromRow, Statement};
use verdict::{IndexKey, Key, Moment, Row, Sealed, Space};

use super::Home;
use super::session::{ANSWER_MAX, Fault, Meaning, Session};
use super::writer::LEFT_ALONE;
use super::{retention, rows};
use crate::columns::Kind;
use crate::commit::AUDIT_ROWS_MAX;
use crate::{AuditGap, AuditRow, Down, Found, Page};

/// How often a read is tried: again on a new connection when the first one is gone.
const TRIES: u32 = 3;

/// The connections that read. Several callers share one: their statements follow one another
/// without waiting for each other's answers.
pub(super) struct Readers {
    readers: Vec<Mutex<Reader>>,
    next: AtomicUsize,
}

/// One connection, or when one was last tried for.
#[derive(Default)]
struct Reader {
    eye: Option<Arc<Eye>>,
    failed: Option<Instant>,
}

/// A reading connection with its statements.
struct Eye {
    session: Session,
    statements: [Statement; 4],
}

/// The statements of an [`Eye`]. Each is one statement, and so sees one instant.
#[derive(Clone, Copy, Debug)]
enum Ask {
    Get = 0,
    Find = 1,
    Audit = 2,
    Gaps = 3,
}

impl Readers {
    pub(super) fn new(readers: u8) -> Self {
        Self {
            readers: (0..readers.max(1)).map(|_| Mutex::default()).collect(),
            next: AtomicUsize::new(0),
        }
    }

    pub(super) async fn get(
        &self,
        home: &Home,
        keys: &[Key],
        now: Moment,
    ) -> Result<Vec<Option<Row<Sealed>>>, Down> {
        let mut answer: Vec<Option<Row<Sealed>>> = keys.iter().map(|_| None).collect();
        if keys.is_empty() {
            return Ok(answer);
        }
        let kinds: Vec<i16> = keys.iter().map(|key| Kind::of(key) as i16).collect();
        let spaces: Vec<&str> = keys.iter().map(|key| key.space().0).collect();
        let ids: Vec<&[u8]> = keys.iter().map(Key::bytes).collect();
        let found = self.ask(home, Ask::Get, &[&kinds, &spaces, &ids]).await?;
        for from in &found {
            let read = || {
                let at = rows::get::<i64>(from, 0, "once", "id")?;
                let at = usize::try_from(at - 1).unwrap_or(usize::MAX);
                let table = kinds
                    .get(at)
                    .map_or(Ok(Kind::Once), |kind| Kind::numbered((*kind).into()))?;
                Ok((at, rows::row(table.table(), from, 1)?))
            };
            let (at, row) = read().map_err(told)?;
            if let Some(slot) = answer.get_mut(at) {
                *slot = (!row.until.is_over_at(now)).then_some(row);
            }
        }
        Ok(answer)
    }

    pub(super) async fn find(
        &self,
        home: &Home,
        space: Space,
        by: (&'static str, &IndexKey),
        page: &Page,
        now: Moment,
    ) -> Result<Found, Down> {
        let (kind, id) = match &page.after {
            Some(key) => (Kind::of(key) as i16, key.bytes()),
            None => (0, [].as_slice()),
        };
        let value = rows::lookup_value(by.1);
        let rows_max = i64::from(page.rows_max);
        let values: [&(dyn ToSql + Sync); 6] = [&space.0, &by.0, &value, &kind, &id, &rows_max];
        let found = self.ask(home, Ask::Find, &values).await?;
        let mut rows = Vec::with_capacity(found.len());
        let mut next = None;
        for from in &found {
            let (kind, key) = rows::key(from, space).map_err(told)?;
            // A secondary key whose row is missing says nothing; the row goes with its keys.
            if rows::get::<Option<i64>>(from, 2, kind.table(), "version")
                .map_err(told)?
                .is_some()
            {
                let row = rows::row(kind.table(), from, 2).map_err(told)?;
                if !row.until.is_over_at(now) {
                    rows.push((key.clone(), row));
                }
            }
            next = Some(key);
        }
        let full = found.len() == usize::from(page.rows_max);
        Ok(Found {
            rows,
            next: next.filter(|_| full),
        })
    }

    pub(super) async fn audit(
        &self,
        home: &Home,
        after: u64,
        rows_max: u16,
    ) -> Result<Vec<AuditRow>, Down> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let rows_max = i64::from(rows_max.min(AUDIT_ROWS_MAX));
        let found = self.ask(home, Ask::Audit, &[&after, &rows_max]).await?;
        let rows: Result<Vec<AuditRow>, _> = found.iter().map(rows::audit_row).collect();
        rows.map_err(told)
    }

    pub(super) async fn gaps(&self, home: &Home) -> Result<Vec<AuditGap>, Down> {
        let newest_first = self.ask(home, Ask::Gaps, &[]).await?;
        let gaps = newest_first.iter().rev().map(retention::gap);
        gaps.collect::<Result<_, _>>().map_err(told)
    }

    /// Asks one of the connections, and another one if it is gone: a read can be repeated.
    async fn ask(
        &self,
        home: &Home,
        ask: Ask,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<FromRow>, Down> {
        if home.is_down() {
            return Err(Down);
        }
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.readers.len();
        let reader = &self.readers[turn];
        for _ in 0..TRIES {
            let eye = eye(home, reader).await?;
            let asked = eye
                .session
                .client
                .query(&eye.statements[ask as usize], values);
            let fault = match timeout(ANSWER_MAX, asked).await {
                Ok(Ok(rows)) => return Ok(rows),
                Ok(Err(error)) => Fault::from(error),
                Err(_) => Fault::Late,
            };
            match fault.meaning() {
                Meaning::Again => {}
                Meaning::Lost => {
                    tracing::warn!(%fault, "a reading connection to the database was lost");
                    let mut reader = reader.lock().await;
                    reader.eye.take_if(|present| Arc::ptr_eq(present, &eye));
                    if matches!(fault, Fault::Late) {
                        return Err(Down);
                    }
                }
                Meaning::Busy | Meaning::Unable | Meaning::Refused => {
                    tracing::error!(%fault, "a read from the database failed");
                    return Err(Down);
                }
            }
        }
        Err(Down)
    }
}

/// The connection of this reader, made now if there is none. While the server is away it is not
/// tried for each caller anew.
async fn eye(home: &Home, reader: &Mutex<Reader>) -> Result<Arc<Eye>, Down> {
    let mut reader = reader.lock().await;
    if let Some(eye) = &reader.eye
        && !eye.session.client.is_closed()
    {
        return Ok(Arc::clone(eye));
    }
    if reader
        .failed
        .is_some_and(|when| when.elapsed() < LEFT_ALONE)
    {
        return Err(Down);
    }
    match Eye::on(home).await {
        Ok(eye) => {
            let eye = Arc::new(eye);
            *reader = Reader {
                eye: Some(Arc::clone(&eye)),
                failed: None,
            };
            Ok(eye)
        }
        Err(fault) => {
            tracing::warn!(%fault, "the database cannot be reached for reading");
            reader.failed = Some(Instant::now());
            Err(Down)
        }
    }
}

impl Eye {
    async fn on(home: &Home) -> Result<Self, Fault> {
        let session = Session::to_read(&home.address).await?;
        let [get, find, audit] = [get_sql(), find_sql(), audit_sql()];
        let gaps = retention::gaps_sql();
        let prepare = [&get, &find, &audit, &gaps].map(|sql| session.client.prepare(sql));
        let prepared = timeout(ANSWER_MAX, try_join_all(prepare)).await;
        let prepared = prepared.map_err(|_| Fault::Late)??;
        let statements = prepared
            .try_into()
            .map_err(|_| Fault::Missing("statement"))?;
        Ok(Self {
            session,
            statements,
        })
    }
}

fn get_sql() -> String {
    let part = |kind: Kind| {
        format!(
            "SELECT k.at, r.version, r.until, r.last, r.lookups, r.open, r.private
             FROM asked k JOIN {} r ON r.space = k.space AND r.id = k.id AND k.kind = {}",
            kind.table(),
            kind as i16
        )
    };
    format!(
        "WITH asked AS (
             SELECT * FROM unnest($1::int2[], $2::text[], $3::bytea[])
                 WITH ORDINALITY AS k (kind, space, id, at)
         ) {}",
        Kind::ALL.map(part).join(" UNION ALL ")
    )
}

fn find_sql() -> String {
    let part = |kind: Kind| {
        format!(
            "SELECT {} FROM {} WHERE page.kind = {} AND space = $1 AND id = page.id",
            rows::ROW_COLUMNS,
            kind.table(),
            kind as i16
        )
    };
    format!(
        "SELECT page.kind, page.id, r.version, r.until, r.last, r.lookups, r.open, r.private
         FROM (
             SELECT kind, id FROM lookup
             WHERE space = $1::text AND name = $2::text AND value = $3::bytea
               AND (kind, id) > ($4::int2, $5::bytea)
             ORDER BY kind, id LIMIT $6::int8
         ) page
         LEFT JOIN LATERAL ({}) r ON true
         ORDER BY page.kind, page.id",
        Kind::ALL.map(part).join(" UNION ALL ")
    )
}

fn audit_sql() -> String {
    format!(
        "SELECT {} FROM audit WHERE seq > $1::int8 ORDER BY seq LIMIT $2::int8",
        rows::AUDIT_COLUMNS
    )
}

fn told(damaged: crate::columns::Damaged) -> Down {
    tracing::error!(%damaged, "a read from the database failed");
    Down
}
