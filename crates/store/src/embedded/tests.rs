use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::task::JoinSet;
use verdict::{Actor, Change, CommitId, Event, Expect, Key, Moment, Sealed, Space, Then};

use super::*;

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

#[tokio::test(flavor = "multi_thread")]
async fn of_a_race_between_the_owner_and_a_command_beside_it_one_wins() {
    let dir = Scratch::new();
    let owner = Arc::new(Embedded::open(&dir.0).expect("opens"));
    let beside = Arc::new(Embedded::beside(&dir.0).expect("opens beside it"));
    let (mut won, mut by_owner) = (0, 0);
    for round in 0..40_u8 {
        let (one, other) = tokio::join!(
            owner.commit(insert(2 * round, &round.to_string())),
            beside.commit(insert(2 * round + 1, &round.to_string())),
        );
        won += usize::from(one.is_ok()) + usize::from(other.is_ok());
        by_owner += usize::from(one.is_ok());
        for answer in [one, other] {
            let conflict = Err(NotCommitted::Conflict(record(&round.to_string())));
            assert!(answer == Ok(()) || answer == conflict, "{answer:?}");
        }
    }
    assert_eq!(won, 40, "{by_owner} by the owner");
    let log = owner.audit(0, 100).await.expect("reads");
    let numbers: Vec<u64> = log.iter().map(|row| row.seq).collect();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
    assert_eq!(beside.audit(0, 100).await.expect("reads"), log);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_beside_a_busy_owner_gets_its_turn() {
    let dir = Scratch::new();
    let owner = Arc::new(Embedded::open(&dir.0).expect("opens"));
    let busy = Arc::clone(&owner);
    let load = tokio::spawn(async move {
        for round in 0..=u8::MAX {
            let commits = (0..200).map(|n| {
                let id = CommitId([round, n, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
                let event = Event::granted("test", "load", Actor::Unknown);
                Commit::new(id, NOW, vec![], vec![event]).expect("within bounds")
            });
            all_at_once(&busy, commits).await;
        }
    });
    let beside = Embedded::beside(&dir.0).expect("opens beside it");
    for number in 0..5 {
        let answer = beside.commit(insert(number, &number.to_string())).await;
        assert_eq!(answer, Ok(()), "commit {number}");
        let seen = owner.get(&[record(&number.to_string())], NOW).await;
        assert!(seen.expect("reads")[0].is_some(), "the owner sees it");
    }
    assert!(!load.is_finished(), "the owner was busy all the while");
    load.abort();
}

/// What was swept beside the owner is spent for the owner too, also when the clock is set back.
#[tokio::test]
async fn what_a_command_swept_stays_spent_for_the_owner() {
    let dir = Scratch::new();
    let owner = Embedded::open(&dir.0).expect("opens");
    let jti = Key::Once(Space("test.once"), [7; 32]);
    let spend = |number: u8| {
        let change = vec![Change::spend(jti.clone(), NOW.plus_s(60))];
        Commit::new(CommitId([number; 16]), NOW, change, vec![]).expect("within bounds")
    };
    owner.commit(spend(1)).await.expect("commits");
    let beside = Embedded::beside(&dir.0).expect("opens beside it");
    assert_eq!(beside.sweep(NOW.plus_s(200_000), 9).await, Ok(1));
    let again = owner.commit(spend(2)).await;
    assert_eq!(again, Err(NotCommitted::Conflict(jti)));
}

#[test]
fn a_command_makes_and_migrates_nothing() {
    let dir = Scratch::new();
    let missing = Embedded::beside(&dir.0).err().expect("refused");
    assert!(matches!(missing, OpenError::Unusable(..)), "{missing}");
    assert!(!dir.0.exists());
    drop(Embedded::open(&dir.0).expect("makes it"));
    let older = Connection::open(dir.database()).expect("opens");
    older
        .execute("DELETE FROM schema_version", [])
        .expect("as before the first step");
    let behind = Embedded::beside(&dir.0).err().expect("refused");
    assert!(
        matches!(behind, OpenError::NotMigrated { found: 0, .. }),
        "{behind}"
    );
}

#[test]
fn an_inspection_tells_the_schema_and_the_room_that_is_left() {
    let dir = Scratch::new();
    fs::create_dir_all(&dir.0).expect("makes");
    let before = Embedded::inspect(&dir.0).expect("inspects");
    assert_eq!((before.schema.found, before.bytes), (0, 0));
    assert!(before.bytes_free > 0);
    assert!(!dir.database().exists(), "it only looks");
    let home = Embedded::open(&dir.0).expect("opens");
    let during = Embedded::inspect(&dir.0).expect("beside the owner");
    assert_eq!(during.schema.standing(), crate::SchemaStanding::Fits);
    assert!(during.bytes > 4096, "{} bytes", during.bytes);
    drop(home);
    let nowhere = Embedded::inspect(&dir.0.join("nowhere")).expect_err("refused");
    assert!(nowhere.to_string().contains("nowhere"), "{nowhere}");
}

/// Puts a backup in the place of the database.
fn put_back(dir: &Scratch, backup: &Path) {
    for beside in ["-wal", "-shm"] {
        let _ = fs::remove_file(dir.0.join(format!("{FILE_NAME}{beside}")));
    }
    fs::copy(backup, dir.database()).expect("copies");
}

#[tokio::test]
async fn what_was_spent_or_withdrawn_after_a_backup_does_not_come_back_with_it() {
    use crate::contract;

    let dir = Scratch::new();
    let backup = dir.0.join("backup.sqlite3");
    let home = Embedded::open(&dir.0).expect("opens");
    contract::before_the_backup(&home).await.expect("answers");
    Embedded::back_up(&dir.0, &backup, NOW).expect("while the owner runs");
    contract::after_the_backup(&home).await.expect("answers");
    drop(home);
    assert_eq!(mode(&backup), 0o600);
    assert!(Embedded::back_up(&dir.0, &backup, NOW).is_err(), "kept");

    put_back(&dir, &backup);
    let refused = Embedded::open(&dir.0).err().expect("refused");
    assert!(
        matches!(refused, OpenError::Backup(taken) if taken == NOW),
        "{refused}"
    );
    assert!(refused.to_string().contains("sluis restore"), "{refused}");
    assert!(Embedded::beside(&dir.0).is_err());
    let epoch = Embedded::restored(&dir.0, &contract::restored()).expect("begins");
    let home = Embedded::open(&dir.0).expect("opens");
    let running = Embedded::restored(&dir.0, &contract::restored()).err();
    assert!(matches!(running, Some(OpenError::Owned(..))), "{running:?}");
    contract::after_the_restoration(&home, &epoch)
        .await
        .expect("answers");
    drop(home);

    put_back(&dir, &backup);
    let outside = Connection::open(dir.database()).expect("opens");
    let refuse = "CREATE TRIGGER full BEFORE INSERT ON epoch BEGIN SELECT RAISE(ABORT, 'no'); END";
    outside.execute_batch(refuse).expect("makes");
    drop(outside);
    assert!(Embedded::restored(&dir.0, &contract::restored()).is_err());
    let untouched = Embedded::open(&dir.0).err();
    assert!(
        matches!(untouched, Some(OpenError::Backup(_))),
        "{untouched:?}"
    );
}

/// Days come and go; the file stays as large as the days that are kept.
#[tokio::test(flavor = "multi_thread")]
async fn the_room_of_destroyed_events_is_used_again() {
    let dir = Scratch::new();
    let home = Embedded::open(&dir.0).expect("opens");
    let mut after_each_day = Vec::new();
    for day in 0..12_u8 {
        let now = NOW.plus_s(u32::from(day) * 86_400);
        for number in 0..20_u8 {
            let who = || Actor::Party("a party with a long name ".repeat(8));
            let events = (0..50).map(|_| Event::granted("test", "daily", who()));
            let mut id = [day; 16];
            id[0] = number;
            let commit = Commit::new(CommitId(id), now, vec![], events.collect());
            home.commit(commit.expect("within bounds"))
                .await
                .expect("commits");
        }
        while home
            .destroy_audit(now, RetentionDays(2))
            .await
            .expect("destroys")
            .more
        {}
        let pages = Connection::open(dir.database()).expect("opens").query_row(
            "PRAGMA page_count",
            [],
            |row| row.get::<_, i64>(0),
        );
        after_each_day.push(pages.expect("counts"));
    }
    assert_eq!(home.audit_gaps().await.expect("reads").len(), 9);
    // From the fourth day on as much goes as comes.
    let (early, late) = (after_each_day[4], after_each_day[11]);
    assert!(late <= early + early / 10, "{after_each_day:?}");
}
