use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::task::JoinSet;
use verdict::{Actor, Change, CommitId, Event, Expect, Key, Moment, Sealed, Space, Then};

use super::*;

mod backup;
mod beside;

crate::contract::every_scenario!(async {
    let dir = Scratch::new();
    (Embedded::open(&dir.0).expect("opens"), dir)
});

const NOW: Moment = Moment::from_unix(1_000_000);
const LATER: Moment = Moment::from_unix(9_000_000);

/// A directory that goes when the test ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "store-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        Self(std::env::temp_dir().join(name))
    }

    fn database(&self) -> PathBuf {
        self.0.join(FILE_NAME)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn record(name: &str) -> Key {
    Key::Record(Space("test.record"), name.as_bytes().to_vec())
}

fn insert(number: u8, name: &str) -> Commit {
    let put = Change {
        key: record(name),
        expect: Expect::Absent,
        then: Then::Put {
            until: LATER,
            body: Sealed::default(),
        },
    };
    let event = Event::granted("test", "inserted", Actor::Unknown);
    Commit::new(CommitId([number; 16]), NOW, vec![put], vec![event]).expect("within bounds")
}

async fn all_at_once(
    home: &Arc<Embedded>,
    commits: impl IntoIterator<Item = Commit>,
) -> Vec<Result<(), NotCommitted>> {
    let mut tasks = JoinSet::new();
    for commit in commits {
        let home = Arc::clone(home);
        tasks.spawn(async move { home.commit(commit).await });
    }
    tasks.join_all().await
}

fn mode(path: &Path) -> u32 {
    let metadata = fs::metadata(path).expect("there");
    metadata.permissions().mode() & 0o777
}

#[test]
fn a_second_owner_is_told_who_has_the_directory() {
    let dir = Scratch::new();
    let first = Embedded::open(&dir.0).expect("opens");
    let refused = Embedded::open(&dir.0).err().expect("refused").to_string();
    let pid = std::process::id().to_string();
    assert!(
        refused.contains(&pid) && refused.contains("choose another"),
        "{refused}"
    );
    drop(first);
    Embedded::open(&dir.0).expect("free again");
}

#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    let dir = Scratch::new();
    fs::create_dir_all(&dir.0).expect("makes");
    fs::write(dir.database(), b"").expect("an open one left by a careless hand");
    let home = Embedded::open(&dir.0).expect("opens");
    home.commit(insert(1, "a")).await.expect("commits");
    for file in fs::read_dir(&dir.0).expect("reads") {
        let path = file.expect("entry").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    drop(home);
    let fresh = Scratch::new();
    drop(Embedded::open(&fresh.0).expect("opens"));
    assert_eq!(mode(&fresh.0), 0o700);
}

#[test]
fn what_is_no_database_is_refused_and_kept() {
    let dir = Scratch::new();
    fs::create_dir_all(&dir.0).expect("makes");
    let other = b"something else, long enough to have no database header ".repeat(20);
    fs::write(dir.database(), &other).expect("writes");
    let refused = Embedded::open(&dir.0).err().expect("refused");
    assert!(matches!(refused, OpenError::Database(_)), "{refused}");
    assert_eq!(fs::read(dir.database()).expect("kept"), other);
}

#[test]
fn a_database_of_a_newer_program_is_refused() {
    let dir = Scratch::new();
    drop(Embedded::open(&dir.0).expect("makes it"));
    let newer = Connection::open(dir.database()).expect("opens");
    newer
        .execute("INSERT INTO schema_version VALUES (999, 'later')", [])
        .expect("a step that this program does not know");
    drop(newer);
    let refused = Embedded::open(&dir.0).err().expect("refused");
    assert!(refused.to_string().contains("999"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_wait_together_share_a_transaction() {
    let dir = Scratch::new();
    let home = Arc::new(Embedded::open(&dir.0).expect("opens"));
    let commits = (0..128).map(|n| insert(n, &n.to_string()));
    let answers = all_at_once(&home, commits).await;
    assert!(answers.iter().all(Result::is_ok));
    let Activity { commits, groups } = home.activity();
    assert_eq!(commits, 128);
    assert!(groups < 128, "{groups} groups");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_somebody_outside_holds_the_database_callers_are_told_to_try_again() {
    let dir = Scratch::new();
    let home = Embedded::open(&dir.0).expect("opens");
    let outside = Connection::open(dir.database()).expect("a shell");
    outside.execute_batch("BEGIN IMMEDIATE").expect("takes it");
    let busy = home.commit(insert(1, "a")).await;
    assert_eq!(busy, Err(NotCommitted::Busy { retry_after_s: 1 }));
    outside.execute_batch("ROLLBACK").expect("gives it back");
    home.commit(insert(1, "a"))
        .await
        .expect("the same commit, later");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_instead_of_growing() {
    let dir = Scratch::new();
    let home = Arc::new(Embedded::open(&dir.0).expect("opens"));
    let outside = Connection::open(dir.database()).expect("a shell");
    outside
        .execute_batch("BEGIN IMMEDIATE")
        .expect("the writer waits");
    let more_than_fit = WAITING_MAX + 512;
    let events_only = (0..more_than_fit).map(|n| {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&n.to_be_bytes());
        let event = Event::refused("test", "waits", Actor::Unknown);
        Commit::new(CommitId(id), NOW, vec![], vec![event]).expect("within bounds")
    });
    let waiting = tokio::spawn({
        let (home, commits) = (Arc::clone(&home), events_only.collect::<Vec<_>>());
        async move { all_at_once(&home, commits).await }
    });
    while home.jobs.as_ref().expect("open").capacity() > 0 && !waiting.is_finished() {
        tokio::task::yield_now().await;
    }
    outside
        .execute_batch("ROLLBACK")
        .expect("the writer goes on");
    let answers = waiting.await.expect("no panic");
    let busy = Err(NotCommitted::Busy { retry_after_s: 1 });
    assert!(answers.contains(&busy));
    assert!(
        answers
            .iter()
            .all(|answer| *answer == Ok(()) || *answer == busy)
    );
    let kept = answers.iter().filter(|answer| answer.is_ok()).count();
    let mut logged = 0;
    while let Some(last) = home.audit(logged, 1024).await.expect("reads").last() {
        logged = last.seq;
    }
    assert_eq!(usize::try_from(logged), Ok(kept));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_row_is_named_and_touches_nobody_else() {
    let dir = Scratch::new();
    let home = Embedded::open(&dir.0).expect("opens");
    home.commit(insert(1, "damaged")).await.expect("commits");
    home.commit(insert(2, "sound")).await.expect("commits");
    let outside = Connection::open(dir.database()).expect("a careless hand");
    outside
        .execute(
            "UPDATE records SET last = x'00' WHERE id = x'64616d61676564'",
            [],
        )
        .expect("changes");
    assert_eq!(home.get(&[record("damaged")], NOW).await, Err(Down));
    let write = Change::remove(record("damaged"), 1);
    let write = Commit::new(CommitId([3; 16]), NOW, vec![write], vec![]).expect("within bounds");
    assert_eq!(home.commit(write).await, Err(NotCommitted::Down));
    let sound = home.get(&[record("sound")], NOW).await.expect("reads");
    assert!(sound[0].is_some());
    home.commit(insert(4, "next")).await.expect("goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_stays_bounded_while_the_store_is_read_and_written() {
    let dir = Scratch::new();
    let home = Arc::new(Embedded::open(&dir.0).expect("opens"));
    let reader = {
        let home = Arc::clone(&home);
        tokio::spawn(async move {
            loop {
                let keys: Vec<Key> = (0..200_u8).map(|n| record(&n.to_string())).collect();
                home.get(&keys, NOW).await.expect("reads");
            }
        })
    };
    // 120 MB of changes, each page different from what it was: unchanged ones are not written.
    for round in 0..60_u8 {
        let expect = match round / 10 {
            0 => Expect::Absent,
            n => Expect::Version(u64::from(n)),
        };
        let change = |n: u8| Change {
            key: record(&n.to_string()),
            expect,
            then: Then::Put {
                until: LATER,
                body: Sealed {
                    private: vec![round; 100_000],
                    ..Sealed::default()
                },
            },
        };
        let start = round % 10 * 20;
        let changes = (start..start + 20).map(change).collect();
        let commit = Commit::new(CommitId([round; 16]), NOW, changes, vec![]);
        home.commit(commit.expect("within bounds"))
            .await
            .expect("commits");
    }
    reader.abort();
    let log = dir.0.join(format!("{FILE_NAME}-wal"));
    let bytes = fs::metadata(log).expect("there").len();
    assert!(bytes < 72 << 20, "{bytes} bytes of log");
}

#[tokio::test]
async fn what_was_committed_is_there_after_reopening_and_spent_stays_spent() {
    let dir = Scratch::new();
    let jti = || Key::Once(Space("test.once"), [1; 32]);
    let spend = |number: u8, until| {
        let change = vec![Change::spend(jti(), until)];
        Commit::new(CommitId([number; 16]), NOW, change, vec![]).expect("within bounds")
    };
    let home = Embedded::open(&dir.0).expect("opens");
    home.commit(insert(1, "kept")).await.expect("commits");
    home.commit(spend(2, NOW.plus_s(60)))
        .await
        .expect("commits");
    assert_eq!(home.sweep(NOW.plus_s(200_000), 9).await, Ok(1));
    drop(home);
    let home = Embedded::open(&dir.0).expect("opens again");
    let rows = home.get(&[record("kept")], NOW).await.expect("reads");
    assert_eq!(rows[0].as_ref().map(|row| row.version), Some(1));
    // The clock was set back over the restart.
    let again = home.commit(spend(3, NOW.plus_s(60))).await;
    assert_eq!(again, Err(NotCommitted::Conflict(jti())));
}

/// docs/decisions/0031: once rows of the release before stay where they were until they are swept.
#[tokio::test]
async fn what_the_release_before_saw_spent_stays_spent() {
    let dir = Scratch::new();
    drop(Embedded::open(&dir.0).expect("makes it"));
    let key = |n| Key::Once(Space("test.once"), [n; 32]);
    let older = Connection::open(dir.database()).expect("opens");
    for n in [1_u8, 2] {
        let day = NOW.day();
        let row = rusqlite::params!["test.once", [n; 32], NOW.plus_s(60).unix(), day, [9_u8; 16]];
        let insert = "INSERT INTO once_before (space, id, version, until, day, last)
                      VALUES (?1, ?2, 1, ?3, ?4, ?5)";
        older.execute(insert, row).expect("as the release before");
    }
    drop(older);
    let home = Embedded::open(&dir.0).expect("opens");
    let spend = |n: u8, now: Moment| {
        let change = vec![Change::spend(key(n), now.plus_s(90))];
        Commit::new(CommitId([n; 16]), now, change, vec![]).expect("within bounds")
    };
    let again = home.commit(spend(1, NOW)).await;
    assert_eq!(again, Err(NotCommitted::Conflict(key(1))));
    // Over, but not swept: it is replaced, and moves.
    let later = NOW.plus_s(61);
    home.commit(spend(1, later)).await.expect("it is over");
    let rows = home.get(&[key(1), key(2)], later).await.expect("reads");
    let last = rows[0].as_ref().map(|row| (row.version, row.last));
    assert_eq!(last, Some((1, CommitId([1; 16]))));
    assert!(rows[1].is_none(), "it is over");
    assert_eq!(home.sweep(NOW.plus_s(200_000), 9).await, Ok(2));
    let left = "SELECT (SELECT count(*) FROM once) + (SELECT count(*) FROM once_before)";
    let left = Connection::open(dir.database())
        .expect("opens")
        .query_row(left, [], |row| row.get(0));
    assert_eq!(left, Ok(0_i64));
}
