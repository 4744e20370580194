//! A server, or the way to it, that fails.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use store::contract::Checker;
use store::contract::history::{Answer, Happened, History, Note};
use store::contract::load::{self, BadLoad, Load};
use store::postgres::{Postgres, Settings};
use store::{Commit, Down, NotCommitted, Store};
use testkit::{Small, fill};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use verdict::{Change, CommitId, Expect};

use super::child::rounds;
use super::cluster::{Cluster, Result, scratch};
use super::database::Database;
use super::proxy::{Cut, Proxy};
use super::{commit, id, logged, put, record, rotation, version};

/// How long any call may take, whatever the server does: the bounds of connecting, of two round
/// trips and of looking for an outcome, together.
const ANSWERED: Duration = Duration::from_secs(20);

/// Commits of every shape, each told to a home whose way to the server is then cut in this manner.
async fn settled_after(cut: Cut) -> Result<()> {
    let database = Database::fresh().await?;
    let proxy = Proxy::before(&database)?;
    let settings = Settings {
        writers: 1,
        ..Settings::default()
    };
    let home = Postgres::open(&proxy.address(), settings).await?;
    let row = record("row");
    let shapes = [
        vec![put(row.clone(), Expect::Absent)],
        vec![put(row.clone(), Expect::Version(1))],
        vec![Change::remove(row.clone(), 2)],
        vec![],
    ];
    let versions = [Some(1), Some(2), None, None];
    for (number, (changes, after)) in (0..).zip(shapes.into_iter().zip(versions)) {
        proxy.cut_next(cut);
        let answer = timeout(ANSWERED, home.commit(commit(id(1, number), changes))).await?;
        assert_eq!(answer, Ok(()), "shape {number}");
        assert!(proxy.has_cut());
        assert_eq!(version(&home, &row).await?, after);
    }
    let told = logged(&home).await?.into_iter().map(|row| row.commit);
    assert_eq!(
        told.collect::<Vec<_>>(),
        (0..4).map(|n| id(1, n)).collect::<Vec<_>>()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_never_reached_the_server_is_done_again() -> Result<()> {
    settled_after(Cut::Before).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_was_lost_is_found_to_have_happened() -> Result<()> {
    settled_after(Cut::After).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_the_server_gets_late_is_waited_for() -> Result<()> {
    settled_after(Cut::Late).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_cannot_be_found_out_is_unknown_and_settled_by_sending_it_again()
-> Result<()> {
    let database = Database::fresh().await?;
    let proxy = Proxy::before(&database)?;
    let settings = Settings {
        writers: 1,
        ..Settings::default()
    };
    let home = Postgres::open(&proxy.address(), settings).await?;
    proxy.cut_next(Cut::AfterAndAway(Duration::from_secs(10)));
    let lost = timeout(ANSWERED, home.commit(rotation(1, 0))).await?;
    assert_eq!(lost, Err(NotCommitted::Unknown));
    let told = Instant::now();
    assert_eq!(home.commit(rotation(1, 1)).await, Err(NotCommitted::Down));
    assert!(told.elapsed() < Duration::from_secs(1), "told at once");
    timeout(ANSWERED, until_done(&home, &rotation(1, 0))).await?;
    assert_eq!(version(&home, &record("1")).await?, Some(1));
    assert_eq!(logged(&home).await?.len(), 1);
    assert!(!home.is_down());
    Ok(())
}

/// Sends a commit until it is done, as a caller would that must have it; how often it took.
async fn until_done(home: &Postgres, commit: &Commit) -> u32 {
    let mut times = 1;
    loop {
        let answer = home.commit(commit.clone()).await;
        let conflicts = matches!(answer, Err(NotCommitted::Conflict(_)));
        assert!(!conflicts, "nobody else writes that row");
        if answer.is_ok() {
            return times;
        }
        times += 1;
        sleep(Duration::from_millis(50)).await;
    }
}

/// Clients that load a home while something happens to its server.
struct Loaded {
    home: Arc<Postgres>,
    history: History,
    /// When each commit was sent that has no answer yet, and how long the longest answer took.
    waits: Arc<Mutex<(HashMap<CommitId, Instant>, Duration)>>,
    clients: JoinHandle<std::result::Result<(), BadLoad>>,
}

impl Loaded {
    fn start(home: &Arc<Postgres>, applied_each: u32) -> Self {
        let history = History::default();
        let waits: Arc<Mutex<(HashMap<CommitId, Instant>, Duration)>> = Arc::default();
        let note: Note = {
            let (history, waits) = (history.clone(), Arc::clone(&waits));
            Arc::new(move |happened| {
                let mut waits = waits.lock().unwrap_or_else(PoisonError::into_inner);
                match &happened {
                    Happened::Sent(id, _) => _ = waits.0.insert(*id, Instant::now()),
                    Happened::Answered(id, _) => {
                        let waited = waits.0.remove(id).map_or(Duration::ZERO, |at| at.elapsed());
                        waits.1 = waits.1.max(waited);
                    }
                    Happened::Looked(..) | Happened::Saw(..) => {}
                }
                history.add(happened);
            })
        };
        let load = Load {
            tag: 1,
            clients: 16,
            people: 10,
            applied_each,
        };
        let nodes = [Arc::clone(home)];
        let clients = tokio::spawn(async move { load::run(&nodes, load, &note).await });
        Self {
            home: Arc::clone(home),
            history,
            waits,
            clients,
        }
    }

    /// The load goes on to its end on the home that it began on; every answer came in time, and
    /// the whole history holds.
    async fn ends_well(self) -> Result<()> {
        timeout(4 * ANSWERED, self.clients).await???;
        let longest = self.waits.lock().unwrap_or_else(PoisonError::into_inner).1;
        assert!(longest < ANSWERED, "an answer took {longest:?}");
        let history = self.history.take();
        load::check(&mut Checker::default(), &*self.home, &history, 0).await?;
        assert!(!self.home.is_down());
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_an_operator_ends_under_load_cost_no_commit() -> Result<()> {
    let database = Database::fresh().await?;
    let home = Arc::new(database.node().await?);
    let loaded = Loaded::start(&home, 80);
    let operator = database.outside().await?;
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE datname = current_database() AND application_name = 'sluis'";
    let mut ended = 0;
    while !loaded.clients.is_finished() {
        sleep(Duration::from_millis(130)).await;
        ended += operator.query_one(end, &[]).await?.get::<_, i64>(0);
    }
    assert!(ended > 0, "none was ended");
    loaded.ends_well().await
}

/// Stops the server in this manner while clients write, and starts it again.
async fn outlives_a_stop(mode: &str) -> Result<()> {
    let database = Database::alone().await?;
    let home = Arc::new(database.node().await?);
    let loaded = Loaded::start(&home, 80);
    sleep(Duration::from_millis(150)).await;
    database.cluster.stop(mode)?;
    sleep(Duration::from_millis(50)).await;
    let asked = Instant::now();
    assert_eq!(home.get(&[record("0")], super::NOW).await, Err(Down));
    assert!(home.commit(rotation(99, 0)).await.is_err());
    assert!(home.sweep(super::NOW, 9).await.is_err());
    assert!(asked.elapsed() < Duration::from_secs(2), "told soon");
    database.cluster.start_again()?;
    loaded.ends_well().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_stopped_and_started_under_load_loses_nothing() -> Result<()> {
    outlives_a_stop("fast").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_crashes_under_load_loses_nothing() -> Result<()> {
    outlives_a_stop("immediate").await
}

/// Calls of every kind while the server is away in this manner; all are answered, none does
/// anything.
async fn refused_in_time(home: &Postgres) -> Result<()> {
    let asked = [record("50")];
    let nothing = commit(id(50, 0), vec![Change::guard(record("nowhere"))]);
    let (read, written, swept) = tokio::join!(
        timeout(ANSWERED, home.get(&asked, super::NOW)),
        timeout(ANSWERED, home.commit(nothing)),
        timeout(ANSWERED, home.sweep(super::NOW, 9)),
    );
    assert_eq!((read?, swept?), (Err(Down), Err(Down)));
    assert!(written?.is_err());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_server_stands_still_answers_come_and_afterwards_all_goes_on() -> Result<()> {
    let database = Database::alone().await?;
    let home = Arc::new(database.node().await?);
    home.sweep(super::NOW, 1).await?;
    let loaded = Loaded::start(&home, 80);
    sleep(Duration::from_millis(100)).await;
    database.cluster.signal("-STOP")?;
    let told = refused_in_time(&home).await;
    database.cluster.signal("-CONT")?;
    told?;
    loaded.ends_well().await
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_server_cannot_be_reached_answers_come_and_afterwards_all_goes_on() -> Result<()>
{
    let database = Database::fresh().await?;
    let proxy = Proxy::before(&database)?;
    let home = Arc::new(Postgres::open(&proxy.address(), Settings::default()).await?);
    home.sweep(super::NOW, 1).await?;
    let loaded = Loaded::start(&home, 80);
    sleep(Duration::from_millis(100)).await;
    proxy.silence(true);
    let away = Instant::now();
    refused_in_time(&home).await?;
    let long = Duration::from_secs(rounds(2).into());
    sleep(long.saturating_sub(away.elapsed())).await;
    proxy.silence(false);
    loaded.ends_well().await
}

/// The disk of the server is full, which needs root to make. Whether the server refuses or crashes
/// is its own affair; started again with room, all goes on.
#[tokio::test(flavor = "multi_thread")]
async fn while_the_disk_of_the_server_is_full_answers_come_and_afterwards_all_goes_on() -> Result<()>
{
    let dir = scratch().join(format!("sluis-full-{}", std::process::id()));
    let Some(_mounted) = Small::mounted_at(&dir, 160)? else {
        println!("not root: no small file system can be made here");
        return Ok(());
    };
    let cluster = Arc::new(Cluster::start(&dir)?);
    let database = Database::on(Arc::clone(&cluster), "sluis_template").await?;
    let outside = database.outside().await?;
    for small in ["max_wal_size = '16MB'", "min_wal_size = '8MB'"] {
        outside
            .batch_execute(&format!("ALTER SYSTEM SET {small}"))
            .await?;
    }
    outside.batch_execute("SELECT pg_reload_conf()").await?;
    let home = Arc::new(database.node().await?);
    let loaded = Loaded::start(&home, 250);
    sleep(Duration::from_millis(100)).await;
    let ballast = dir.join("ballast");
    let refused = |history: &History| history.has(|end| *end == Answer::Refused);
    let filled = async {
        while !refused(&loaded.history) {
            // What the server gives back meanwhile is taken too.
            fill(&ballast, u64::MAX)?;
            sleep(Duration::from_millis(50)).await;
        }
        Result::Ok(())
    };
    timeout(ANSWERED, filled).await??;
    std::fs::remove_file(&ballast)?;
    sleep(Duration::from_millis(500)).await;
    if !cluster.is_up()? {
        cluster.start_again()?;
    }
    loaded.ends_well().await
}
