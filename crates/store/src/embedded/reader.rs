//! Who reads.
//!
//! Rows by their keys, which almost every request asks for, are read where they are asked for: some
//! microseconds, where to hand them to another thread and back costs twice that. What could take longer
//! is for threads that do nothing else: lists, and rows whose connections are taken at that moment.

use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Statement, params};
use tokio::sync::{mpsc, oneshot};
use tokio::task::coop;
use verdict::{IndexKey, Key, Moment, Row, Sealed, Space};

use super::rows::{self, LookupValue};
use super::{OpenError, Shared, connect, retention, schema};
use crate::columns::Kind;
use crate::commit::AUDIT_ROWS_MAX;
use crate::{AuditGap, AuditRow, Down, Found, Page};

/// How many reads may wait for one reader before callers wait for room.
const WAITING_MAX: usize = 1024;
/// How many reads share one snapshot, at most: those that wait when it begins. A snapshot costs two
/// calls of the operating system, as much as a read.
const TOGETHER_MAX: usize = 64;

/// Connections for reads where they are asked for, at most; one for each core, since a read does not
/// wait for anything but the disk. Each has a page cache of its own.
const AT_HAND_MAX: usize = 8;

/// Which thread reads what, so that rows by key are never behind a long list.
#[derive(Clone, Copy)]
pub(super) enum Reader {
    /// Rows by their keys.
    Rows,
    /// Rows by an index, and the audit log: up to a page.
    Lists,
}

/// See [`rows::row_sql`], in the order of [`Kind`].
static ROW_SQL: LazyLock<[String; 3]> = LazyLock::new(|| Kind::ALL.map(rows::row_sql));

/// A read, with the sender that takes its answer.
type Read = Box<dyn FnOnce(&mut Database<'_>) + Send>;

/// The connections and threads that read.
pub(super) struct Readers {
    at_hand: Vec<Mutex<Connection>>,
    /// In the order of [`Reader`].
    queues: Vec<mpsc::Sender<Read>>,
    threads: Vec<JoinHandle<()>>,
    shared: Arc<Shared>,
}

impl Readers {
    pub(super) fn start(path: &Path, shared: &Arc<Shared>) -> Result<Self, OpenError> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let at_hand = (0..cores.min(AT_HAND_MAX)).map(|_| {
            let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            schema::prepare_reader(&connection)?;
            schema::stand_at_hand(&connection)?;
            Ok(Mutex::new(connection))
        });
        let mut readers = Self {
            at_hand: at_hand.collect::<rusqlite::Result<_>>()?,
            queues: Vec::new(),
            threads: Vec::new(),
            shared: Arc::clone(shared),
        };
        for _ in [Reader::Rows, Reader::Lists] {
            let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            schema::prepare_reader(&connection)?;
            let (queue, waiting) = mpsc::channel(WAITING_MAX);
            let shared = Arc::clone(shared);
            let thread = thread::Builder::new()
                .name("store-reader".to_owned())
                .spawn(move || serve(&connection, waiting, &shared))
                .map_err(|why| OpenError::Unusable(path.to_owned(), why))?;
            readers.queues.push(queue);
            readers.threads.push(thread);
        }
        Ok(readers)
    }

    /// The rows of these keys, read by this thread if nothing is in its way.
    pub(super) async fn rows(
        &self,
        keys: &[Key],
        now: Moment,
    ) -> Result<Vec<Option<Row<Sealed>>>, Down> {
        // Who reads on and on must not keep the others of its thread from their turn.
        coop::consume_budget().await;
        if let Some(rows) = self.rows_at_hand(keys, now) {
            return Ok(rows);
        }
        let keys = keys.to_vec();
        self.ask(Reader::Rows, move |db| db.get(&keys, now)).await
    }

    /// The same without waiting for a lock; nothing when there is one to wait for, or when the read
    /// failed: then a thread tries again, and tells.
    fn rows_at_hand(&self, keys: &[Key], now: Moment) -> Option<Vec<Option<Row<Sealed>>>> {
        if self.shared.is_down() {
            return None;
        }
        let _snapshot = self.shared.with_snapshot_now()?;
        let connection = self.at_hand.iter().find_map(free)?;
        get(&connection, keys, now).ok()
    }

    /// Lets a thread do it.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        reader: Reader,
        read: impl FnOnce(&mut Database<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Down> {
        // After a failed commit the pages in memory may be ahead of the disk.
        let queue = self.queues.get(reader as usize);
        let queue = queue.filter(|_| !self.shared.is_down()).ok_or(Down)?;
        let (answer, answered) = oneshot::channel();
        let read: Read = Box::new(move |database| {
            // A caller that went away needs no answer.
            let _ = answer.send(read(database));
        });
        queue.send(read).await.map_err(|_| Down)?;
        let read = answered.await.map_err(|_| Down)?;
        read.map_err(|error| {
            tracing::error!(%error, "a read from the store failed");
            Down
        })
    }

    /// Ends the threads, and closes the connections.
    pub(super) fn stop(&mut self) {
        self.at_hand.clear();
        self.queues.clear();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a reader of the store ended by a panic");
            }
        }
    }
}

/// The connection, if nobody has it. One that a panic or a fault left in a snapshot is used no more: it
/// would show the past.
fn free(at_hand: &Mutex<Connection>) -> Option<MutexGuard<'_, Connection>> {
    let connection = at_hand.try_lock().ok()?;
    connection.is_autocommit().then_some(connection)
}

fn serve(connection: &Connection, mut waiting: mpsc::Receiver<Read>, shared: &Shared) {
    let mut database = match Database::on(connection) {
        Ok(database) => database,
        Err(error) => {
            tracing::error!(%error, "a reader of the store cannot start");
            return;
        }
    };
    while let Some(first) = waiting.blocking_recv() {
        let _snapshot = shared.with_snapshot();
        database.together(first, || waiting.try_recv().ok());
    }
}

/// A reading connection with its statements.
pub(super) struct Database<'c> {
    connection: &'c Connection,
    begin: Statement<'c>,
    end: Statement<'c>,
    lookup: Statement<'c>,
    audit: Statement<'c>,
}

impl<'c> Database<'c> {
    fn on(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            connection,
            begin: connection.prepare("BEGIN")?,
            end: connection.prepare("COMMIT")?,
            lookup: connection.prepare(
                "SELECT kind, id FROM lookup
                 WHERE space = ?1 AND name = ?2 AND value = ?3 AND (kind, id) > (?4, ?5)
                 ORDER BY kind, id LIMIT ?6",
            )?,
            audit: connection.prepare(&format!(
                "SELECT {} FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2",
                rows::AUDIT_COLUMNS
            ))?,
        })
    }

    /// Does these reads on one snapshot, which begins now that all of them were asked for. A read that
    /// fails is no reason for the others to; without a snapshot each takes its own.
    fn together(&mut self, first: Read, more: impl FnMut() -> Option<Read>) {
        let reads: Vec<Read> = std::iter::once(first)
            .chain(std::iter::from_fn(more))
            .take(TOGETHER_MAX)
            .collect();
        let begun = reads.len() > 1 && self.begin.execute([]).is_ok();
        for read in reads {
            read(self);
        }
        if begun && let Err(error) = self.end.execute([]) {
            tracing::error!(%error, "a snapshot of the store did not end");
        }
    }

    pub(super) fn get(
        &mut self,
        keys: &[Key],
        now: Moment,
    ) -> rusqlite::Result<Vec<Option<Row<Sealed>>>> {
        get(self.connection, keys, now)
    }

    pub(super) fn find(
        &mut self,
        space: Space,
        index: &'static str,
        key: &IndexKey,
        page: &Page,
        now: Moment,
    ) -> rusqlite::Result<Found> {
        let connection = self.connection;
        at_one_instant(connection, || {
            let keys = self.keys(space, index, key, page)?;
            let full = keys.len() == usize::from(page.rows_max);
            let next = keys.last().filter(|_| full).cloned();
            let mut rows = Vec::with_capacity(keys.len());
            for key in keys {
                if let Some(row) = live(connection, &key, now)? {
                    rows.push((key, row));
                }
            }
            Ok(Found { rows, next })
        })
    }

    pub(super) fn audit(&mut self, after: u64, rows_max: u16) -> rusqlite::Result<Vec<AuditRow>> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let rows_max = rows_max.min(AUDIT_ROWS_MAX);
        let rows = self
            .audit
            .query_map(params![after, rows_max], rows::audit_row)?;
        rows.collect()
    }

    pub(super) fn gaps(&self) -> rusqlite::Result<Vec<AuditGap>> {
        retention::gaps(self.connection)
    }

    fn keys(
        &mut self,
        space: Space,
        index: &'static str,
        key: &IndexKey,
        page: &Page,
    ) -> rusqlite::Result<Vec<Key>> {
        let (kind, id) = match &page.after {
            Some(key) => (Kind::of(key) as u8, key.bytes()),
            None => (0, [].as_slice()),
        };
        let at = params![space.0, index, LookupValue(key), kind, id, page.rows_max];
        let key = |from: &rusqlite::Row<'_>| {
            let kind = Kind::numbered(from.get(0)?).map_err(rows::damaged)?;
            let key = kind.key(space, from.get_ref(1)?.as_blob()?);
            key.map_err(rows::damaged)
        };
        self.lookup.query_map(at, key)?.collect()
    }
}

fn get(
    connection: &Connection,
    keys: &[Key],
    now: Moment,
) -> rusqlite::Result<Vec<Option<Row<Sealed>>>> {
    let each = || keys.iter().map(|key| live(connection, key, now)).collect();
    match keys {
        [_] => each(),
        _ => at_one_instant(connection, each),
    }
}

/// Runs several statements on one snapshot: that of the reads beside it, if there are some.
fn at_one_instant<T>(
    connection: &Connection,
    read: impl FnOnce() -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    if !connection.is_autocommit() {
        return read();
    }
    connection.prepare_cached("BEGIN")?.execute([])?;
    let answer = read();
    connection.prepare_cached("COMMIT")?.execute([])?;
    answer
}

/// The row of `key`, if it is there and not over.
fn live(connection: &Connection, key: &Key, now: Moment) -> rusqlite::Result<Option<Row<Sealed>>> {
    let kind = Kind::of(key);
    let mut statement = connection.prepare_cached(ROW_SQL[kind as usize - 1].as_str())?;
    let found = statement.query_row(params![key.space().0, key.bytes()], |from| {
        rows::row(kind.table(), from)
    });
    Ok(found.optional()?.filter(|row| !row.until.is_over_at(now)))
}
