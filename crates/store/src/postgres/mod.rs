//! The home that several nodes share: PostgreSQL, groups of commits, any number of writers.
//!
//! # A group
//!
//! One transaction at READ COMMITTED in two round trips. The first begins, locks, and loads the
//! rows; [`crate::Group`] decides; the second writes, numbers the audit events, and commits.
//! Statements of a round trip follow one another without waiting, and all commits of a group share
//! them as arrays.
//!
//! # Why it is correct
//!
//! What is locked is not the row but its slot: one of 65 536 rows of table `slot`, chosen by a hash
//! of the key (`slots`). A row that is not there yet has a slot too, so `Absent` needs no
//! placeholder that a losing commit would have to take back, and a row that is removed and made
//! again while somebody waits is not missed.
//!
//! - A statement at READ COMMITTED sees what was committed when it began. Rows and `once_floor` are
//!   loaded by statements that begin after the lock statements ended, and every transaction that
//!   writes a row holds its slot until its end. So what is loaded is what holds, and stays so until
//!   our own COMMIT: strict two-phase locking, hence serialisable, on keys that exist or not.
//! - No deadlock. Everybody takes locks in one order: its own row of `writer`, then slots in
//!   ascending order in one statement that sorts before it locks, then shared slots, for which
//!   nobody ever waits (`SKIP LOCKED`), then `audit_seq` or `once_floor` last.
//! - A row that is only guarded (`Keep`) is shared (`FOR SHARE`): guards do not wait for guards, a
//!   writer waits for them. When a shared slot is not to be had at once, the group begins again and
//!   takes its guards in the one order of all. Every eighth group does so anyway, because sharers
//!   do not queue and could keep a writer waiting for ever.
//! - A sweep takes the slots of what it removes, and only those that are free.
//! - `audit_seq` is a row that is raised as the last thing before COMMIT. So numbers become visible
//!   in their order, without gaps, and a reader never misses one that commits late. The price:
//!   while one group of the whole installation waits for the disk, the next may get ready but not
//!   commit.
//!
//! Locks are WAL-logged and cleared by a restart; slots are locked, never written, so they leave no
//! dead rows.
//!
//! # When the server fails
//!
//! Before COMMIT was sent nothing can have changed: the group is tried again on a new connection. A
//! COMMIT without an answer is settled by the row of this connection in table `writer`, which the
//! transaction held from its beginning and raised: reading it `FOR UPDATE` waits until the former
//! connection's transaction has ended, however late the server came to it, and then tells whether
//! it happened. Only if that takes too long is the answer [`NotCommitted::Unknown`], and the commit
//! is settled by sending it again.
//!
//! While the server is away callers are told at once, and it is tried again all the time: nothing
//! latches but a schema that this program is too old for.
//!
//! `address` reads where the server is, `inspection` tells what it promises, `session` is a connection
//! and what its failures mean, `schema` the migrations, `transaction`, `sql` and `arrays` are a group,
//! `writer` and `reader` the tasks and connections, `sweep` and `retention` remove, `days` are the
//! partitions of the audit log, `epoch` begins anew after a restoration. Opening never scans.

mod address;
mod arrays;
mod days;
mod epoch;
mod inspection;
mod reader;
mod retention;
mod rows;
mod schema;
mod session;
mod slots;
mod sql;
mod sweep;
mod tls;
mod transaction;
mod writer;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use verdict::{IndexKey, Key, Moment, Row, Sealed, Space};

use self::address::Address;
pub use self::address::BadAddress;
pub use self::inspection::{Inspection, ServerVersion, SynchronousCommit};
use self::reader::Readers;
pub use self::session::Durability;
use self::session::{ANSWER_MAX, Fault, Session};
use self::sweep::Sweeper;
use self::transaction::Pen;
use self::writer::{Job, Writer};
use crate::columns::{Encoded, Kind};
pub use crate::embedded::Activity;
use crate::{AuditGap, AuditRow, Commit, Destroyed, Down, Found, NewEpoch, NotCommitted, Page};
use crate::{Restored, RetentionDays, Store};

/// How many commits may wait, as with the home on the local disk.
const WAITING_MAX: usize = 4096;

/// How a home uses its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Connections that write, at least 1. Groups commit one after another, so a second one pays
    /// where the server's disk is faster than its work on a group: it gets the next group ready
    /// meanwhile. Where the disk is slow it only makes groups half as large.
    pub writers: u8,
    /// Connections that read, at least 1.
    pub readers: u8,
    /// Whether a server that may forget what it answered is taken.
    pub durability: Durability,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            writers: 1,
            readers: 2,
            durability: Durability::Required,
        }
    }
}

/// A home on a PostgreSQL server that other nodes use too. See the module.
///
/// Its tasks run on the runtime that opened it. Once it is dropped they end, after what waits was
/// committed.
pub struct Postgres {
    /// One queue per writer.
    jobs: Vec<mpsc::Sender<Job>>,
    readers: Readers,
    sweeper: Sweeper,
    home: Arc<Home>,
}

/// What tasks and callers both look at.
struct Home {
    address: Address,
    settings: Settings,
    /// The schema is newer than this program.
    down: AtomicBool,
    commits: AtomicU64,
    groups: AtomicU64,
}

/// One outcome per commit of a group.
type Outcomes = Vec<Result<(), NotCommitted>>;

impl Home {
    fn is_down(&self) -> bool {
        self.down.load(Ordering::Acquire)
    }

    /// Tells why there is no connection.
    fn away(&self, why: &OpenError) {
        match why {
            OpenError::Newer { .. } if !self.down.swap(true, Ordering::AcqRel) => {
                tracing::error!(%why, "the store takes no more commits: end the process");
            }
            OpenError::Newer { .. } => {}
            _ => tracing::warn!(%why, "the database cannot be used; trying again"),
        }
    }

    fn count(&self, commits: usize) {
        let commits = u64::try_from(commits).unwrap_or(u64::MAX);
        self.commits.fetch_add(commits, Ordering::Relaxed);
        self.groups.fetch_add(1, Ordering::Relaxed);
    }
}

impl Postgres {
    /// Opens the home at this address: `postgres://user@host/database?…` or `host=… user=…`, with
    /// `sslmode=verify-full` and `sslrootcert=FILE` unless the host is a Unix socket or loopback;
    /// `sslcert=FILE` and `sslkey=FILE` for a server that asks who we are. `schema=NAME` tells roles
    /// apart that share a database; without it the schema is `public`. Of several hosts
    /// (`host=a,b`) the one that takes writes is found, again after each lost connection.
    ///
    /// # Errors
    /// See [`OpenError`]. A schema that is not there yet or is older is refused too: see
    /// [`Postgres::migrate`].
    pub async fn open(address: &str, settings: Settings) -> Result<Self, OpenError> {
        let home = Arc::new(Home {
            address: Address::parse(address)?,
            settings,
            down: AtomicBool::new(false),
            commits: AtomicU64::new(0),
            groups: AtomicU64::new(0),
        });
        let writers = usize::from(settings.writers.max(1));
        let mut pens = Vec::with_capacity(writers);
        for _ in 0..writers {
            pens.push(Pen::on(&home.address, settings.durability).await?);
        }
        let mut jobs = Vec::with_capacity(writers);
        for pen in pens {
            let (queue, waiting) = mpsc::channel(WAITING_MAX / writers);
            jobs.push(queue);
            let writer = Writer::new(Arc::clone(&home), waiting, pen);
            tokio::spawn(writer.serve());
        }
        Ok(Self {
            jobs,
            readers: Readers::new(settings.readers),
            sweeper: Sweeper::default(),
            home,
        })
    }

    /// Brings the schema at this address to this program's version, forward only. Safe while nodes
    /// of the previous release run, and when several nodes do it at once.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn migrate(address: &str) -> Result<(), OpenError> {
        let address = Address::parse(address)?;
        let session = Session::bare(&address).await?;
        schema::migrate(&session.client, &address.schema).await?;
        Ok(days::make_first(&session.client).await?)
    }

    /// Begins a new epoch in a database that was restored from a backup (by whatever means): what
    /// was spent or withdrawn after the backup cannot come back. All of it is one transaction.
    ///
    /// No node may have run on it since it was restored: what it did would be undone in part.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn restored(address: &str, restored: &Restored) -> Result<NewEpoch, OpenError> {
        epoch::begin(&Address::parse(address)?, restored).await
    }

    /// What the server at this address is and promises, without opening a home there. `clock` is
    /// read once, when the server has just told its time.
    ///
    /// # Errors
    /// See [`OpenError`]. A server whose settings or schema do not do is told of, not refused.
    pub async fn inspect(
        address: &str,
        clock: impl Fn() -> Moment + Send,
    ) -> Result<Inspection, OpenError> {
        let address = Address::parse(address)?;
        let session = Session::bare(&address).await?;
        let inspecting = Inspection::of(&session.client, &address.schema, clock);
        let inspected = timeout(ANSWER_MAX, inspecting).await;
        Ok(inspected.unwrap_or(Err(Fault::Late))?)
    }

    /// Whether the schema is newer than this program, which then takes no more commits: start the
    /// newer program. A server that is away is no reason to end the process.
    pub fn is_down(&self) -> bool {
        self.home.is_down()
    }

    /// The writer of this commit. Commits that begin with the same row meet in one writer, where
    /// they are decided in one group instead of waiting for one another's locks.
    fn queue(&self, commit: &Commit) -> &mpsc::Sender<Job> {
        let number = match commit.changes().first() {
            Some(change) => slots::slot(&change.key),
            None => slots::number(Kind::Once, "", commit.id_bytes()),
        };
        &self.jobs[usize::try_from(number).unwrap_or(0) % self.jobs.len()]
    }

    /// What was done so far.
    pub fn activity(&self) -> Activity {
        Activity {
            commits: self.home.commits.load(Ordering::Relaxed),
            groups: self.home.groups.load(Ordering::Relaxed),
        }
    }
}

impl Store for Postgres {
    async fn get(&self, keys: &[Key], now: Moment) -> Result<Vec<Option<Row<Sealed>>>, Down> {
        self.readers.get(&self.home, keys, now).await
    }

    async fn find(
        &self,
        space: Space,
        index: &'static str,
        key: &IndexKey,
        page: Page,
        now: Moment,
    ) -> Result<Found, Down> {
        self.readers
            .find(&self.home, space, (index, key), &page, now)
            .await
    }

    async fn commit(&self, commit: Commit) -> Result<(), NotCommitted> {
        if self.is_down() {
            return Err(NotCommitted::Down);
        }
        let queue = self.queue(&commit);
        let commit = Box::new(commit.map(Encoded::of));
        let (answer, answered) = oneshot::channel();
        let job = Job { commit, answer };
        queue.try_send(job).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => NotCommitted::Busy { retry_after_s: 1 },
            mpsc::error::TrySendError::Closed(_) => NotCommitted::Down,
        })?;
        answered.await.unwrap_or(Err(NotCommitted::Unknown))
    }

    async fn sweep(&self, now: Moment, rows_max: u16) -> Result<u16, Down> {
        self.sweeper.sweep(&self.home, now, rows_max).await
    }

    async fn destroy_audit(&self, now: Moment, kept: RetentionDays) -> Result<Destroyed, Down> {
        retention::destroy(&self.home, kept.kept_from(now)).await
    }

    async fn audit_gaps(&self) -> Result<Vec<AuditGap>, Down> {
        self.readers.gaps(&self.home).await
    }

    async fn audit(&self, after: u64, rows_max: u16) -> Result<Vec<AuditRow>, Down> {
        self.readers.audit(&self.home, after, rows_max).await
    }
}

/// Why a home cannot be opened.
#[derive(Debug)]
pub enum OpenError {
    /// The address cannot be used.
    Address(BadAddress),
    /// The server cannot be reached or refuses to work; the text is its own, without values.
    Unreachable(String),
    /// A setting of the server, with its value, that lets answered commits be lost.
    Forgetful(&'static str, String),
    /// The schema is not there yet (version 0) or older than this program needs.
    NotMigrated {
        /// Its version.
        found: u32,
        /// The one that this program needs.
        known: u32,
    },
    /// The schema was made by a newer program and no longer serves this one.
    Newer {
        /// Its version.
        found: u32,
        /// The newest that this program knows.
        known: u32,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(why) => why.fmt(f),
            Self::Unreachable(why) => write!(
                f,
                "the database cannot be used: {why}: see whether the server runs and lets this \
                 user in"
            ),
            Self::Forgetful(name, value) => write!(
                f,
                "the database has {name} = {value}, so that an answered commit can be lost in a \
                 crash: set it to on, or say that this is meant"
            ),
            Self::NotMigrated { found, known } => write!(
                f,
                "the database has schema version {found}, this program needs {known}: run `sluis \
                 migrate`"
            ),
            Self::Newer { found, known } => write!(
                f,
                "the database has schema version {found}, this program knows up to {known}: start \
                 the newer program, or restore the backup made before it"
            ),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<BadAddress> for OpenError {
    fn from(why: BadAddress) -> Self {
        Self::Address(why)
    }
}

impl From<Fault> for OpenError {
    fn from(why: Fault) -> Self {
        Self::Unreachable(why.to_string())
    }
}
