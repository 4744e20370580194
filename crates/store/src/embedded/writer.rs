//! The thread that writes.

use std::collections::HashMap;
use std::convert::identity;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot};
use verdict::Moment;

use super::schema::LOCK_WAIT;
use super::sql::Sql;
use super::{OpenError, Shared};
use crate::columns::Encoded;
use crate::{Applied, Commit, Down, Group, NotCommitted};

/// Most commits in one transaction. Beyond this the wait for the disk is shared by enough of them
/// that a larger group only makes the first one wait longer.
const GROUP_MAX: usize = 256;
/// Nobody comes any more when the writer let others run this many times: some microseconds, against the
/// good part of a millisecond that a disk takes.
const IDLE_TURNS: u32 = 30;
/// A group that has this many is one of a busy moment. Where the disk is fast it waits for others who are on
/// their way, so that the disk is written as seldom as if it were slow.
const COMPANY: usize = 4;
/// A group that has this many waits for nobody.
const GROUP_GOAL: usize = 32;
/// How long it waits at a time.
const PAUSE: Duration = Duration::from_micros(150);
/// How often it waits, at most.
const PAUSES_MAX: u32 = 8;
/// After so many pauses one after another in which nobody came, everybody who is about is in the group.
const EMPTY_PAUSES: u32 = 2;
/// Groups that do not wait after one that waited for nobody, at most: so few are about that it does not pay.
const UNASKED_MAX: u32 = 64;
/// A checkpoint copies the log into the database each time the log has grown by this many pages
/// (16 MiB): seldom enough that a hot page is copied once for many changes.
const CHECKPOINT_PAGES: i32 = 4096;
/// When readers kept the log from starting over until it has this many pages (64 MiB), they wait for
/// that. Opening after a crash replays at most about this much.
const LOG_PAGES_MAX: i32 = 4 * CHECKPOINT_PAGES;
/// How long the log's start-over waits for somebody outside who reads (a backup), since readers of
/// this process wait as long.
const RESTART_WAIT: Duration = Duration::from_millis(100);

/// What the writer is asked.
#[derive(Debug)]
pub(super) enum Job {
    Commit {
        commit: Box<Commit<Encoded>>,
        answer: oneshot::Sender<Result<(), NotCommitted>>,
    },
    Chore {
        chore: Chore,
        answer: oneshot::Sender<Result<u16, Down>>,
    },
}

/// Something to remove, a batch at a time.
#[derive(Clone, Copy, Debug)]
pub(super) enum Chore {
    /// Rows that were over before the day of `now`.
    Sweep { now: Moment, rows_max: u16 },
    /// Audit events of days before this one.
    Destroy { kept_from: i64 },
}

/// Starts the thread. It ends when the last sender of `jobs` is gone and all were answered.
/// `copies_log`: whether it is the one that runs checkpoints.
pub(super) fn start(
    mut connection: Connection,
    jobs: mpsc::Receiver<Job>,
    shared: Arc<Shared>,
    copies_log: bool,
) -> Result<JoinHandle<()>, OpenError> {
    let log_pages = Arc::new(AtomicI32::new(0));
    let told = Arc::clone(&log_pages);
    connection.wal_hook(Some(move |_: &mut _, pages| {
        told.store(pages, Ordering::Relaxed);
        Ok(())
    }))?;
    let spawned = thread::Builder::new()
        .name("store-writer".to_owned())
        .spawn(move || {
            let mut writer = match Writer::on(&connection, Arc::clone(&shared), log_pages) {
                Ok(writer) => writer,
                Err(error) => {
                    tracing::error!(%error, "the store's writer cannot start");
                    shared.down.store(true, Ordering::Release);
                    return;
                }
            };
            writer.copies_log = copies_log;
            writer.serve(jobs);
        });
    spawned.map_err(|why| OpenError::Unusable("store-writer".into(), why))
}

struct Writer<'c> {
    sql: Sql<'c>,
    connection: &'c Connection,
    shared: Arc<Shared>,
    log_pages: Arc<AtomicI32>,
    log_pages_copied: i32,
    copies_log: bool,
}

/// One outcome per commit of a group.
type Outcomes = Vec<Result<(), NotCommitted>>;

/// How a transaction failed.
#[derive(Debug)]
enum Failed {
    /// Somebody outside holds the database; nothing was changed.
    Busy,
    /// A statement was refused; nothing was changed.
    Statement(rusqlite::Error),
    /// The disk or the file is not what it was; nothing was changed.
    Medium(rusqlite::Error),
    /// COMMIT itself failed: the transaction may be on disk or not.
    Commit(rusqlite::Error, Outcomes),
}

impl<'c> Writer<'c> {
    fn on(
        connection: &'c Connection,
        shared: Arc<Shared>,
        log_pages: Arc<AtomicI32>,
    ) -> rusqlite::Result<Self> {
        Ok(Self {
            sql: Sql::on(connection)?,
            connection,
            shared,
            log_pages,
            log_pages_copied: 0,
            copies_log: true,
        })
    }

    fn serve(&mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut waiting = Vec::with_capacity(GROUP_MAX);
        let mut gathering = Gathering::default();
        while let Some(first) = jobs.blocking_recv() {
            waiting.push(first);
            gathering.gather(&mut jobs, &mut waiting);
            let (mut commits, mut answers) = (Vec::new(), Vec::new());
            let mut chores = Vec::new();
            for job in waiting.drain(..) {
                match job {
                    Job::Commit { commit, answer } => {
                        commits.push(*commit);
                        answers.push(answer);
                    }
                    Job::Chore { chore, answer } => chores.push((chore, answer)),
                }
            }
            // Nobody is told that a caller went away: its commit stands.
            for (answer, outcome) in answers.into_iter().zip(self.settle(&commits)) {
                let _ = answer.send(outcome);
            }
            for (chore, answer) in chores {
                let _ = answer.send(self.do_chore(chore));
            }
            self.checkpoint_when_due();
        }
    }

    /// Decides and stores a group, and says of each commit how it went.
    fn settle(&mut self, commits: &[Commit<Encoded>]) -> Outcomes {
        let all = |why: NotCommitted| vec![Err(why); commits.len()];
        if commits.is_empty() || self.shared.is_down() {
            return all(NotCommitted::Down);
        }
        let stored = self.transaction(|writer| writer.decide(commits), identity);
        match stored {
            Ok(outcomes) => {
                let decided = u64::try_from(commits.len()).unwrap_or(u64::MAX);
                self.shared.commits.fetch_add(decided, Ordering::Relaxed);
                self.shared.groups.fetch_add(1, Ordering::Relaxed);
                outcomes
            }
            Err(Failed::Busy) => all(NotCommitted::Busy { retry_after_s: 1 }),
            Err(Failed::Statement(error)) if commits.len() > 1 => {
                // One of them cannot be stored; the others must not suffer for it.
                tracing::warn!(%error, "a group failed; its commits run one by one");
                let one = |commit| self.settle(slice::from_ref(commit));
                commits.iter().flat_map(one).collect()
            }
            Err(Failed::Statement(error)) => {
                tracing::error!(%error, "a commit cannot be stored");
                all(NotCommitted::Down)
            }
            Err(Failed::Medium(error)) => {
                self.stop(&error);
                all(NotCommitted::Down)
            }
            Err(Failed::Commit(error, outcomes)) => {
                self.stop(&error);
                let unsure = |outcome: Result<(), _>| match outcome {
                    Ok(()) => Err(NotCommitted::Unknown),
                    // It conflicts with what may not be there, and itself changed nothing.
                    Err(_) => Err(NotCommitted::Down),
                };
                outcomes.into_iter().map(unsure).collect()
            }
        }
    }

    /// Everything between BEGIN and COMMIT of a group.
    fn decide(&mut self, commits: &[Commit<Encoded>]) -> rusqlite::Result<Outcomes> {
        let keys = Group::keys(commits);
        self.sql.look(&keys)?;
        let mut found = HashMap::with_capacity(keys.len());
        for key in &keys {
            if let Some(row) = self.sql.load(key)? {
                found.insert(*key, row);
            }
        }
        let standing = |key| found.get(key).map(|row| row.standing);
        let loaded = keys.into_iter().map(|key| (key, standing(key)));
        // Anew for each group: another process may have swept.
        let mut group = Group::loaded(loaded, self.sql.once_floor()?);
        let mut outcomes = Vec::with_capacity(commits.len());
        for commit in commits {
            let outcome = group.decide(commit);
            if outcome == Ok(Applied::Now) {
                for event in commit.events() {
                    self.sql.log(event, commit)?;
                }
            }
            outcomes.push(outcome.map(|_| ()));
        }
        for (key, write) in group.writes() {
            self.sql.write(key, found.get(key), &write)?;
        }
        Ok(outcomes)
    }

    fn do_chore(&mut self, chore: Chore) -> Result<u16, Down> {
        if self.shared.is_down() {
            return Err(Down);
        }
        let work = |writer: &mut Self| match chore {
            Chore::Sweep { now, rows_max } => writer.sql.sweep(now, rows_max),
            Chore::Destroy { kept_from } => writer.sql.retention.destroy(kept_from),
        };
        match self.transaction(work, |_| Vec::new()) {
            Ok(rows) => Ok(rows),
            Err(Failed::Busy) => Ok(0),
            Err(Failed::Statement(error)) => {
                tracing::error!(%error, ?chore, "a chore failed");
                Err(Down)
            }
            Err(Failed::Medium(error) | Failed::Commit(error, _)) => {
                self.stop(&error);
                Err(Down)
            }
        }
    }

    /// Runs `work` in a transaction. When COMMIT fails, `outcomes` tells what it would have meant.
    fn transaction<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> rusqlite::Result<T>,
        outcomes: impl FnOnce(T) -> Outcomes,
    ) -> Result<T, Failed> {
        self.sql.begin.execute([]).map_err(failed)?;
        let done = match work(self) {
            Ok(done) => done,
            Err(error) => {
                self.roll_back()?;
                return Err(failed(error));
            }
        };
        match self.sql.commit.execute([]) {
            Ok(_) => Ok(done),
            Err(error) => Err(Failed::Commit(error, outcomes(done))),
        }
    }

    fn roll_back(&mut self) -> Result<(), Failed> {
        // Some errors end the transaction by themselves.
        if !self.connection.is_autocommit() {
            self.sql.roll_back.execute([]).map_err(Failed::Medium)?;
        }
        Ok(())
    }

    /// Copies the log into the database when it has grown enough, after everybody was answered.
    fn checkpoint_when_due(&mut self) {
        let pages = self.log_pages.load(Ordering::Relaxed);
        if pages < self.log_pages_copied {
            // The log started over.
            self.log_pages_copied = 0;
        }
        let due = self.copies_log && pages - self.log_pages_copied >= CHECKPOINT_PAGES;
        if !due || self.shared.is_down() {
            return;
        }
        let copied = self.copy_log().and_then(|()| match pages {
            ..LOG_PAGES_MAX => Ok(()),
            _ => self.start_log_over(),
        });
        match copied {
            // Also when somebody outside reads for long: not again after each group, which would wait
            // each time, but when the log has grown as much again.
            Ok(()) => self.log_pages_copied = pages,
            // A page that could not be synced may be lost although a second try succeeds.
            Err(error) => self.stop(&error),
        }
    }

    /// Copies what no snapshot keeps from being copied, while readers go on.
    fn copy_log(&self) -> rusqlite::Result<()> {
        self.checkpoint("PASSIVE")
    }

    /// Copies the rest, and makes the next group write at the beginning of the log again. It returns
    /// without that when somebody outside has a snapshot.
    fn start_log_over(&self) -> rusqlite::Result<()> {
        let _none = self.shared.without_snapshots();
        self.connection.busy_timeout(RESTART_WAIT)?;
        let restarted = self.checkpoint("RESTART");
        self.connection.busy_timeout(LOCK_WAIT)?;
        restarted
    }

    /// Runs a checkpoint. That a lock kept it from doing everything is told in its row, not as an error.
    fn checkpoint(&self, mode: &str) -> rusqlite::Result<()> {
        let checkpoint = format!("PRAGMA wal_checkpoint({mode})");
        self.connection.query_row(&checkpoint, [], |_| Ok(()))
    }

    /// From here on nothing is promised.
    fn stop(&self, error: &rusqlite::Error) {
        tracing::error!(%error, "the store failed and takes no more commits: end the process");
        self.shared.down.store(true, Ordering::Release);
        // Closing would copy the log and delete it; the next start needs it as it is.
        let keep_log = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
        if let Err(error) = self.connection.set_db_config(keep_log, true) {
            tracing::error!(%error, "the log may be copied on closing");
        }
    }
}

/// How groups are gathered, and what came of it before.
#[derive(Debug, Default)]
struct Gathering {
    /// Groups that still go by without a pause.
    unasked: u32,
    /// How many they were last time.
    unasked_before: u32,
}

impl Gathering {
    /// Takes what waits, and what still comes while the callers that were just answered get a turn.
    /// Without this, half of the callers would wait while the other half is written, and each wait for
    /// the disk would serve half as many.
    fn gather(&mut self, jobs: &mut mpsc::Receiver<Job>, waiting: &mut Vec<Job>) {
        take(jobs, waiting);
        if !(COMPANY..GROUP_GOAL).contains(&waiting.len()) {
            return;
        }
        if self.unasked > 0 {
            self.unasked -= 1;
            return;
        }
        let mut empty = 0;
        for _ in 0..PAUSES_MAX {
            let before = waiting.len();
            thread::sleep(PAUSE);
            take(jobs, waiting);
            empty = if waiting.len() == before {
                empty + 1
            } else {
                0
            };
            if empty == EMPTY_PAUSES || waiting.len() >= GROUP_GOAL {
                break;
            }
        }
        self.unasked_before = match empty {
            EMPTY_PAUSES => (2 * self.unasked_before).clamp(1, UNASKED_MAX),
            _ => 0,
        };
        self.unasked = self.unasked_before;
    }
}

/// Takes what waits, until nothing comes for some turns.
fn take(jobs: &mut mpsc::Receiver<Job>, waiting: &mut Vec<Job>) {
    let mut turns = 0;
    while waiting.len() < GROUP_MAX && turns < IDLE_TURNS {
        if let Ok(job) = jobs.try_recv() {
            waiting.push(job);
            turns = 0;
        } else {
            thread::yield_now();
            turns += 1;
        }
    }
}

fn code(error: &rusqlite::Error) -> Option<ErrorCode> {
    error.sqlite_error_code()
}

fn failed(error: rusqlite::Error) -> Failed {
    match code(&error) {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Failed::Busy,
        Some(
            ErrorCode::SystemIoFailure
            | ErrorCode::DiskFull
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::OutOfMemory
            | ErrorCode::InternalMalfunction
            | ErrorCode::FileLockingProtocolFailed,
        ) => Failed::Medium(error),
        _ => Failed::Statement(error),
    }
}

#[cfg(test)]
mod tests {
    use verdict::{Actor, Change, CommitId, Event, Expect, Key, Sealed, Space, Then};

    use super::super::{WAITING_MAX, schema};
    use super::*;

    fn record(name: &str) -> Key {
        Key::Record(Space("test.record"), name.as_bytes().to_vec())
    }

    fn commit(number: u8, expect: Expect, name: &str, then: Then<Sealed>) -> Commit<Encoded> {
        let change = Change {
            key: record(name),
            expect,
            then,
        };
        let event = Event::granted("test", "written", Actor::Unknown);
        Commit::new(
            CommitId([number; 16]),
            Moment::from_unix(1),
            vec![change],
            vec![event],
        )
        .expect("within bounds")
        .map(Encoded::of)
    }

    fn insert(number: u8, name: &str) -> Commit<Encoded> {
        let until = Moment::from_unix(1_000);
        let body = Sealed::default();
        commit(number, Expect::Absent, name, Then::Put { until, body })
    }

    /// Runs `test` with a writer on an empty database. Its groups are exactly what it is given.
    fn with_writer(test: impl FnOnce(&mut Writer<'_>)) {
        let connection = Connection::open_in_memory().expect("memory");
        schema::prepare_writer(&connection).expect("settings");
        schema::migrate(&connection).expect("schema");
        let writer = Writer::on(&connection, Arc::default(), Arc::default());
        test(&mut writer.expect("statements"));
    }

    fn logged(writer: &Writer<'_>) -> Vec<u8> {
        let sql = "SELECT commit_id FROM audit ORDER BY seq";
        let mut statement = writer.connection.prepare(sql).expect("sql");
        let rows = statement.query_map([], |row| row.get::<_, [u8; 16]>(0));
        let rows = rows.expect("audit rows");
        rows.map(|id| id.expect("an id")[0]).collect()
    }

    #[test]
    fn where_few_are_about_a_group_soon_waits_for_nobody() {
        let (sender, mut jobs) = mpsc::channel(WAITING_MAX);
        let ask = |jobs: usize| {
            for _ in 0..jobs {
                let (answer, _) = oneshot::channel();
                let commit = Box::new(insert(1, "a"));
                let sent = sender.try_send(Job::Commit { commit, answer });
                sent.expect("room");
            }
        };
        let mut gathering = Gathering::default();
        let mut gathered = |gathering: &mut Gathering, jobs_max: usize| {
            let mut waiting = Vec::new();
            gathering.gather(&mut jobs, &mut waiting);
            assert_eq!(waiting.len(), jobs_max);
            gathering.unasked
        };
        ask(COMPANY - 1);
        assert_eq!(gathered(&mut gathering, COMPANY - 1), 0, "too few to wait");
        for left in [1, 0, 2, 1, 0, 4] {
            ask(COMPANY);
            assert_eq!(gathered(&mut gathering, COMPANY), left);
        }
        ask(GROUP_MAX + 1);
        assert_eq!(
            gathered(&mut gathering, GROUP_MAX),
            4,
            "enough: nobody waits"
        );
        assert_eq!(gathered(&mut gathering, 1), 4);
    }

    #[test]
    fn in_one_group_arrival_decides_and_a_conflict_touches_nobody_else() {
        with_writer(|writer| {
            assert_eq!(writer.settle(&[insert(1, "code")]), [Ok(())]);
            let redeem = |number| commit(number, Expect::Version(1), "code", Then::Remove);
            let group = [
                insert(2, "a"),
                redeem(3),
                redeem(4),
                insert(5, "b"),
                insert(6, "a"),
            ];
            let lost = |name| Err(NotCommitted::Conflict(record(name)));
            let outcomes = [Ok(()), Ok(()), lost("code"), Ok(()), lost("a")];
            assert_eq!(writer.settle(&group), outcomes);
            assert_eq!(logged(writer), [1, 2, 3, 5]);
            assert_eq!(writer.shared.groups.load(Ordering::Relaxed), 2);
        });
    }

    #[test]
    fn a_commit_that_sql_refuses_does_not_take_its_group_along() {
        with_writer(|writer| {
            let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON records WHEN new.id = x'626164'
                          BEGIN SELECT RAISE(ABORT, 'refused by the test'); END;";
            writer.connection.execute_batch(refuse).expect("a trigger");
            let group = [
                insert(1, "a"),
                insert(2, "bad"),
                insert(3, "b"),
                insert(4, "a"),
            ];
            let outcomes = [
                Ok(()),
                Err(NotCommitted::Down),
                Ok(()),
                Err(NotCommitted::Conflict(record("a"))),
            ];
            assert_eq!(writer.settle(&group), outcomes);
            assert_eq!(logged(writer), [1, 3], "no event of what was not stored");
            assert!(!writer.shared.is_down(), "the disk is well");
            assert_eq!(writer.settle(&[insert(5, "c")]), [Ok(())]);
        });
    }

    #[test]
    fn the_log_is_copied_each_time_it_has_grown_and_again_after_it_started_over() {
        with_writer(|writer| {
            let due = CHECKPOINT_PAGES;
            let (nearly, twice) = (2 * due - 1, 2 * due);
            let told = [(due - 1, 0), (due, due), (nearly, due), (twice, twice)];
            let started_over = [(16, 0), (due - 1, 0), (due, due)];
            for (pages, copied) in told.into_iter().chain(started_over) {
                writer.log_pages.store(pages, Ordering::Relaxed);
                writer.checkpoint_when_due();
                assert_eq!(writer.log_pages_copied, copied, "at {pages} pages");
            }
        });
    }
}
