//! The home on the local disk: SQLite, one writer that commits in groups, a few readers.
//!
//! Every waiting commit goes into one transaction, is decided in order of arrival by
//! [`crate::Group`], and is answered after COMMIT returned, which is after the disk said so. Under
//! load one wait for the disk serves a whole group.
//!
//! A disk that fails once is not asked again: after a failed COMMIT or checkpoint nobody knows what
//! the disk holds, so the home answers [`Down`] from then on and the process should end. What was
//! answered before is on disk; what was answered [`NotCommitted::Unknown`] is settled after the
//! next start by sending the commit again.
//!
//! An operator's command may work beside the process that has the directory ([`Embedded::beside`]):
//! a group is loaded, decided and written under SQLite's own lock, and nothing that decides is kept
//! in memory between groups.
//!
//! `owner` keeps a second server out, `schema` holds settings and migrations, `writer` is the thread
//! that writes and `reader` who reads, `sql` is what the writer says, `once` the same of once rows, `rows` how a row looks in a table, `inspection`
//! what a check tells, `epoch` backups and what they must not bring back, `retention` the
//! end of the audit log. Opening never scans: its time does not depend on the number of rows.

mod epoch;
mod inspection;
mod once;
mod open_error;
mod owner;
mod reader;
mod retention;
mod rows;
mod schema;
mod sql;
mod writer;

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError};
use std::thread::JoinHandle;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{mpsc, oneshot};
use verdict::{IndexKey, Key, Moment, Row, Sealed, Space};

pub use self::inspection::Inspection;
pub use self::open_error::OpenError;
use self::owner::Owner;
use self::reader::{Reader, Readers};
use self::writer::{Chore, Job};
use crate::columns::Encoded;
use crate::{AuditGap, AuditRow, Commit, Destroyed, Down, Found, NewEpoch, NotCommitted, Page};
use crate::{Restored, RetentionDays, Store};

/// How many commits may wait. At 40 000 commits per second this is a tenth of a second; a longer
/// queue would only make callers wait for an answer they gave up on.
const WAITING_MAX: usize = 4096;
/// Most rows that one transaction of a sweep removes: commits wait for it, some milliseconds.
const SWEEP_ROWS_MAX: u16 = 256;
/// Most batches of audit events that one call destroys.
const DESTROY_BATCHES: u32 = 16;
/// Within the state directory.
pub const FILE_NAME: &str = "store.sqlite3";

/// A home on the local disk. See the module.
pub struct Embedded {
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    readers: Readers,
    shared: Arc<Shared>,
    // Last: the directory is given up when no thread can write any more.
    _owner: Option<Owner>,
}

/// What threads and callers both look at.
#[derive(Debug, Default)]
struct Shared {
    down: AtomicBool,
    commits: AtomicU64,
    groups: AtomicU64,
    /// Held by a reader for as long as it has a snapshot, and by the writer while the log starts over:
    /// readers that never pause would keep it from doing so.
    snapshots: RwLock<()>,
}

impl Shared {
    fn is_down(&self) -> bool {
        self.down.load(Ordering::Acquire)
    }

    /// May have a snapshot until the answer is dropped. Waits while the log starts over.
    fn with_snapshot(&self) -> RwLockReadGuard<'_, ()> {
        // It guards no value that a panic could leave half done.
        self.snapshots
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, or nothing where it would wait.
    fn with_snapshot_now(&self) -> Option<RwLockReadGuard<'_, ()>> {
        match self.snapshots.try_read() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(guard)) => Some(guard.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// No reader of this process has a snapshot until the answer is dropped. Waits for those that have.
    fn without_snapshots(&self) -> RwLockWriteGuard<'_, ()> {
        self.snapshots
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a home has done since it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activity {
    /// Commits that were decided, conflicts included.
    pub commits: u64,
    /// Transactions that decided them.
    pub groups: u64,
}

impl Embedded {
    /// Opens the home in a state directory of its own, or makes one. Blocks: call it at start-up.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let owner = Owner::claim(dir)?;
        let path = dir.join(FILE_NAME);
        owner::private_file(&path).map_err(|why| OpenError::Unusable(path.clone(), why))?;
        let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        schema::prepare_writer(&connection)?;
        no_backup(&connection)?;
        schema::use_log(&connection)?;
        schema::migrate(&connection)?;
        Self::on(&path, connection, Some(owner))
    }

    /// Opens the home in the directory of another process, which may go on: for an operator's
    /// command that reads and commits a few times and ends. Blocks.
    ///
    /// It makes and migrates nothing, and leaves the log to the other process. What one commits the
    /// other sees at its next read, and a race between them has one winner.
    ///
    /// # Errors
    /// See [`OpenError`]. A database that is not there, or has another schema than this program's,
    /// is refused.
    pub fn beside(dir: &Path) -> Result<Self, OpenError> {
        let path = dir.join(FILE_NAME);
        let there = File::options().read(true).write(true).open(&path);
        drop(there.map_err(|why| OpenError::of_file(&path, why))?);
        let mut connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        schema::prepare_writer(&connection)?;
        schema::stand_beside(&mut connection)?;
        no_backup(&connection)?;
        schema::check(&connection)?;
        Self::on(&path, connection, None)
    }

    /// Copies the database of a state directory, whose owner may go on, to a file that is not there
    /// yet. The copy is marked as a backup: it is not opened before [`Embedded::restored`]. Blocks.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn back_up(dir: &Path, to: &Path, now: Moment) -> Result<(), OpenError> {
        epoch::back_up(dir, to, now)
    }

    /// Begins a new epoch in a state directory whose database was restored from a backup (by
    /// whatever means), and that no process has: what was spent or withdrawn after the backup
    /// cannot come back. All of it is one transaction. Blocks.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn restored(dir: &Path, restored: &Restored) -> Result<NewEpoch, OpenError> {
        epoch::begin(dir, restored)
    }

    /// What is in a state directory, and how much room is left there. Changes nothing. Blocks.
    ///
    /// # Errors
    /// See [`OpenError`]. A database that is not there yet, or has another schema, is told of.
    pub fn inspect(dir: &Path) -> Result<Inspection, OpenError> {
        Inspection::of(dir)
    }

    /// A home on a database that is ready.
    fn on(path: &Path, connection: Connection, owner: Option<Owner>) -> Result<Self, OpenError> {
        let shared = Arc::new(Shared::default());
        let (jobs, waiting) = mpsc::channel(WAITING_MAX);
        let readers = Readers::start(path, &shared)?;
        let copies_log = owner.is_some();
        let writer = writer::start(connection, waiting, Arc::clone(&shared), copies_log)?;
        Ok(Self {
            jobs: Some(jobs),
            writer: Some(writer),
            readers,
            shared,
            _owner: owner,
        })
    }

    /// Whether the disk failed. The process should end then: a new one reads what the disk holds.
    pub fn is_down(&self) -> bool {
        self.shared.is_down()
    }

    /// What was done so far.
    pub fn activity(&self) -> Activity {
        Activity {
            commits: self.shared.commits.load(Ordering::Relaxed),
            groups: self.shared.groups.load(Ordering::Relaxed),
        }
    }

    /// Lets the writer remove something, unless commits need it more; how many rows.
    async fn chore(&self, chore: Chore) -> Result<u16, Down> {
        match self.ask(|answer| Job::Chore { chore, answer }).await {
            Ok(answer) => answer,
            // Commits go first; the rest is for the next time.
            Err(Unanswered::Full) => Ok(0),
            Err(Unanswered::Down | Unanswered::Lost) => Err(Down),
        }
    }

    /// Gives a job to the writer and waits for its answer.
    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> Result<T, Unanswered> {
        if self.is_down() {
            return Err(Unanswered::Down);
        }
        let (answer, answered) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or(Unanswered::Down)?;
        jobs.try_send(job(answer))
            .map_err(|refused| match refused {
                mpsc::error::TrySendError::Full(_) => Unanswered::Full,
                mpsc::error::TrySendError::Closed(_) => Unanswered::Down,
            })?;
        answered.await.map_err(|_| Unanswered::Lost)
    }
}

impl Store for Embedded {
    async fn get(&self, keys: &[Key], now: Moment) -> Result<Vec<Option<Row<Sealed>>>, Down> {
        self.readers.rows(keys, now).await
    }

    async fn find(
        &self,
        space: Space,
        index: &'static str,
        key: &IndexKey,
        page: Page,
        now: Moment,
    ) -> Result<Found, Down> {
        let key = key.clone();
        self.readers
            .ask(Reader::Lists, move |db| {
                db.find(space, index, &key, &page, now)
            })
            .await
    }

    async fn commit(&self, commit: Commit) -> Result<(), NotCommitted> {
        let commit = Box::new(commit.map(Encoded::of));
        match self.ask(|answer| Job::Commit { commit, answer }).await {
            Ok(answer) => answer,
            Err(Unanswered::Full) => Err(NotCommitted::Busy { retry_after_s: 1 }),
            Err(Unanswered::Down) => Err(NotCommitted::Down),
            Err(Unanswered::Lost) => Err(NotCommitted::Unknown),
        }
    }

    async fn sweep(&self, now: Moment, rows_max: u16) -> Result<u16, Down> {
        let mut swept = 0;
        while swept < rows_max {
            let rows_max = (rows_max - swept).min(SWEEP_ROWS_MAX);
            let removed = self.chore(Chore::Sweep { now, rows_max }).await?;
            swept += removed;
            if removed < rows_max {
                break;
            }
        }
        Ok(swept)
    }

    async fn destroy_audit(&self, now: Moment, kept: RetentionDays) -> Result<Destroyed, Down> {
        let kept_from = kept.kept_from(now);
        let mut destroyed = Destroyed::default();
        for _ in 0..DESTROY_BATCHES {
            let events = self.chore(Chore::Destroy { kept_from }).await?;
            destroyed.events += u64::from(events);
            destroyed.more = events == retention::BATCH_MAX;
            if !destroyed.more {
                break;
            }
        }
        Ok(destroyed)
    }

    async fn audit_gaps(&self) -> Result<Vec<AuditGap>, Down> {
        self.readers
            .ask(Reader::Lists, |database| database.gaps())
            .await
    }

    async fn audit(&self, after: u64, rows_max: u16) -> Result<Vec<AuditRow>, Down> {
        self.readers
            .ask(Reader::Lists, move |db| db.audit(after, rows_max))
            .await
    }
}

impl Drop for Embedded {
    /// Ends the threads, after what waits was committed: a home that was dropped can be opened
    /// again at once.
    fn drop(&mut self) {
        drop(self.jobs.take());
        self.readers.stop();
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the store's writer ended by a panic");
        }
    }
}

/// Why the writer gave no answer.
#[derive(Clone, Copy, Debug)]
enum Unanswered {
    /// Too much is waiting.
    Full,
    /// It was not asked.
    Down,
    /// It was asked and ended.
    Lost,
}

/// Refuses a backup that was put in place without a word.
fn no_backup(connection: &Connection) -> Result<(), OpenError> {
    match epoch::backup_taken(connection)? {
        Some(taken) => Err(OpenError::Backup(taken)),
        None => Ok(()),
    }
}

/// A connection that only one thread uses at a time.
fn connect(path: &Path, mode: OpenFlags) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

#[cfg(test)]
mod tests;
