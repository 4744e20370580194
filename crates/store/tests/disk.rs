//! What only a disk and a second process can show: kills at any moment, a disk that fails or is
//! full, and a command beside the process that has the directory.
//!
//! Each history is held against what is on disk afterwards. `SLUIS_LONG=1` runs twenty times as
//! many rounds.

#[path = "shared/child.rs"]
mod child;

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use child::{Child, aloud, in_order, now, rounds, task};
use store::contract::Checker;
use store::contract::history::{Answer, Happened, Note};
use store::contract::load::{self, Load};
use store::{Commit, Embedded, NotCommitted, Store};
use testkit::{Small, fill};
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};
use verdict::{CommitId, Moment};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const NOW: Moment = Moment::from_unix(1_000_000);

fn endless(tag: u32) -> Load {
    Load {
        tag,
        clients: 24,
        people: 12,
        applied_each: u32::MAX,
    }
}

#[test]
fn kills_at_any_moment_lose_no_answer_and_let_nothing_be_spent_twice() -> Result<()> {
    let runtime = Runtime::new()?;
    if let Some((dir, tag)) = task() {
        let home = Arc::new(Embedded::open(Path::new(&dir))?);
        return Ok(runtime.block_on(load::run(&[home], endless(tag), &aloud()))?);
    }
    let dir = Scratch::new("kill");
    let (mut checker, mut after) = (Checker::default(), 0);
    let mut applied = 0;
    for round in 0..rounds(50) {
        let mut child = Child::start(
            "kills_at_any_moment_lose_no_answer_and_let_nothing_be_spent_twice",
            &dir.name(),
            round,
        )?;
        // From the first words on to the middle of the load.
        child.listen(usize::try_from(round * 37 % 900)?)?;
        let mut history = child.kill()?;
        applied += answered(&history);
        runtime.block_on(async {
            let home = Embedded::open(&dir.0)?;
            load::settle(&home, &mut history).await?;
            after = load::check(&mut checker, &home, &history, after).await?;
            Result::Ok(())
        })?;
    }
    assert!(applied > 1_000, "{applied} commits were answered");
    runtime.block_on(load::check_rows(&checker, &Embedded::open(&dir.0)?))
}

#[test]
fn a_disk_that_fails_ends_the_store_and_leaves_nothing_unsettled() -> Result<()> {
    let runtime = Runtime::new()?;
    if let Some((dir, tag)) = task() {
        return runtime.block_on(until_down(Path::new(&dir), tag, &aloud()));
    }
    let dir = Scratch::new("fail");
    // Files may grow to some megabytes; every write beyond that fails, in the middle of a COMMIT.
    let mut limited = Command::new("sh");
    let script = r#"trap "" XFSZ; ulimit -f 3000; exec "$0" "$@""#;
    limited.arg("-c").arg(script).arg(env::current_exe()?);
    let child = Child::start_by(
        limited,
        "a_disk_that_fails_ends_the_store_and_leaves_nothing_unsettled",
        &dir.name(),
        0,
    )?;
    let (well, said) = child.end()?;
    assert!(well, "the child saw what it should");
    let mut history = in_order(said);
    assert!(answered(&history) > 10, "it worked at first");
    runtime.block_on(settled(&dir.0, &mut history))
}

/// A file system without room, which needs root; otherwise the test of a disk that fails stands
/// for it.
#[test]
fn a_full_disk_ends_the_store_and_with_room_again_the_next_one_goes_on() -> Result<()> {
    let dir = Scratch::new("full");
    let Some(_mounted) = Small::mounted_at(&dir.0, 24)? else {
        println!("not root: no small file system can be made here");
        return Ok(());
    };
    let runtime = Runtime::new()?;
    let history = store::contract::history::History::default();
    let home = dir.0.join("home");
    let ballast = dir.0.join("ballast");
    drop(Embedded::open(&home)?);
    let free = Embedded::inspect(&home)?.bytes_free;
    fill(&ballast, free.saturating_sub(3 << 20))?;
    runtime.block_on(until_down(&home, 0, &history.note()))?;
    let left = Embedded::inspect(&home)?.bytes_free;
    assert!(left < 1 << 20, "{left} bytes are left");
    let mut history = history.take();
    assert!(answered(&history) > 10, "it worked at first");
    fs::remove_file(&ballast)?;
    runtime.block_on(settled(&home, &mut history))
}

/// A second process commits beside the one that has the directory, and is killed in the middle of
/// it, while both refresh and withdraw for the same people.
#[test]
fn a_process_beside_the_owner_races_with_it_and_may_be_killed() -> Result<()> {
    let runtime = Runtime::new()?;
    if let Some((dir, tag)) = task() {
        let home = Arc::new(Embedded::beside(Path::new(&dir))?);
        let load = Load {
            clients: 4,
            ..endless(tag)
        };
        return Ok(runtime.block_on(load::run(&[home], load, &aloud()))?);
    }
    let dir = Scratch::new("beside");
    let owner = Arc::new(Embedded::open(&dir.0)?);
    let (mut checker, mut after) = (Checker::default(), 0);
    for round in 0..rounds(3) {
        let timed = Arc::new(Mutex::new(Vec::new()));
        let note: Note = {
            let timed = Arc::clone(&timed);
            Arc::new(move |happened| {
                let mut timed = timed.lock().unwrap_or_else(PoisonError::into_inner);
                timed.push((now(), happened));
            })
        };
        let (nodes, load) = ([Arc::clone(&owner)], endless(2 * round));
        let running = runtime.spawn(async move { load::run(&nodes, load, &note).await });
        let mut child = Child::start(
            "a_process_beside_the_owner_races_with_it_and_may_be_killed",
            &dir.name(),
            2 * round + 1,
        )?;
        child.listen(600)?;
        assert!(child.said.len() >= 600, "it had its turn");
        let beside = child.kill_timed()?;
        running.abort();
        runtime.block_on(async {
            let _ = running.await;
            left_by_its_clients(&owner).await?;
            // What they left under way ends before this.
            owner
                .commit(Commit::new(CommitId([0xff; 16]), NOW, vec![], vec![])?)
                .await?;
            let mut timed =
                std::mem::take(&mut *timed.lock().unwrap_or_else(PoisonError::into_inner));
            timed.extend(beside);
            let mut history = in_order(timed);
            load::settle(&*owner, &mut history).await?;
            after = load::check(&mut checker, &*owner, &history, after).await?;
            Result::Ok(())
        })?;
    }
    Ok(())
}

/// Loads a home until it says that it is down, and makes sure that it stays so.
async fn until_down(dir: &Path, tag: u32, note: &Note) -> Result<()> {
    let home = Arc::new(Embedded::open(dir)?);
    let (nodes, note) = ([Arc::clone(&home)], Arc::clone(note));
    let running = tokio::spawn(async move { load::run(&nodes, endless(tag), &note).await });
    let failing = async {
        while !home.is_down() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_mins(1), failing).await?;
    // Clients are told at once, again and again.
    sleep(Duration::from_millis(100)).await;
    running.abort();
    let _ = running.await;
    let small = Commit::new(CommitId([0xff; 16]), NOW, vec![], vec![])?;
    assert_eq!(home.commit(small).await, Err(NotCommitted::Down));
    assert!(home.get(&[], NOW).await.is_err());
    assert!(home.sweep(NOW, 10).await.is_err());
    assert!(home.audit(0, 10).await.is_err());
    left_by_its_clients(&home).await
}

/// Waits until nobody else has the home: a client that was ended goes on to its next wait, and tells what
/// it does until then.
async fn left_by_its_clients(home: &Arc<Embedded>) -> Result<()> {
    let left = async {
        while Arc::strong_count(home) > 1 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_mins(1), left).await?;
    Ok(())
}

/// Every commit without an answer is sent again to the store that comes up next; then the whole
/// history holds.
async fn settled(dir: &Path, history: &mut Vec<Happened>) -> Result<()> {
    let home = Embedded::open(dir)?;
    load::settle(&home, history).await?;
    load::check(&mut Checker::default(), &home, history, 0).await?;
    Ok(())
}

fn answered(history: &[Happened]) -> usize {
    let applied = |happened: &&Happened| matches!(happened, Happened::Answered(_, Answer::Applied));
    history.iter().filter(applied).count()
}

/// A directory that goes when the test ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let name = format!("store-disk-{name}-{}", std::process::id());
        Self(env::temp_dir().join(name))
    }

    fn name(&self) -> String {
        self.0.display().to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
