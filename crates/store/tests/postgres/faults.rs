//! A server, or the way to it, that fails.

use std::sync::Arc;
use std::time::Duration;

use store::postgres::{Postgres, Settings};
use store::{Commit, Down, NotCommitted, Store};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use verdict::{Change, Expect};

use super::cluster::{Database, Result};
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

/// Clients that each advance a family of their own, `count` times.
fn rotating(home: &Arc<Postgres>, families: u32, count: u64) -> JoinSet<u32> {
    let mut clients = JoinSet::new();
    for family in 0..families {
        let home = Arc::clone(home);
        clients.spawn(async move {
            let mut times = 0;
            for number in 0..count {
                times += until_done(&home, &rotation(family, number)).await;
            }
            times
        });
    }
    clients
}

/// Every rotation was applied once and told once.
async fn each_once(home: &Postgres, families: u32, count: u64) -> Result<()> {
    let mut told = logged(home)
        .await?
        .into_iter()
        .map(|row| row.commit)
        .collect::<Vec<_>>();
    told.sort_unstable_by_key(|id| id.0);
    let all = (0..families).flat_map(|family| (0..count).map(move |number| id(family, number)));
    assert_eq!(told, all.collect::<Vec<_>>());
    for family in 0..families {
        assert_eq!(
            version(home, &record(&family.to_string())).await?,
            Some(count)
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_an_operator_ends_under_load_cost_no_commit() -> Result<()> {
    let database = Database::fresh().await?;
    let home = Arc::new(database.node().await?);
    let mut clients = rotating(&home, 16, 150);
    let operator = database.outside().await?;
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE datname = current_database() AND application_name = 'sluis'";
    let mut ended = 0;
    let mut times = 0;
    let mut running = 16;
    while running > 0 {
        tokio::select! {
            client = clients.join_next() => {
                times += client.ok_or("a client")??;
                running -= 1;
            }
            () = sleep(Duration::from_millis(130)) => {
                ended += operator.query_one(end, &[]).await?.get::<_, i64>(0);
            }
        }
    }
    assert!(ended > 0, "none was ended");
    // Who meets two ended connections in a row is told that the server is away.
    assert!(times < 16 * 150 + 240, "{times} times sent");
    each_once(&home, 16, 150).await
}

/// Stops the server in this manner while clients write, and starts it again.
async fn outlives_a_stop(mode: &str) -> Result<()> {
    let database = Database::alone().await?;
    let home = Arc::new(database.node().await?);
    let mut clients = rotating(&home, 16, 200);
    sleep(Duration::from_millis(150)).await;
    database.cluster.stop(mode)?;
    sleep(Duration::from_millis(50)).await;
    let asked = Instant::now();
    assert_eq!(home.get(&[record("0")], super::NOW).await, Err(Down));
    assert!(home.commit(rotation(99, 0)).await.is_err());
    assert!(home.sweep(super::NOW, 9).await.is_err());
    assert!(asked.elapsed() < Duration::from_secs(2), "told soon");
    database.cluster.start_again()?;
    while let Some(client) = timeout(3 * ANSWERED, clients.join_next()).await? {
        client?;
    }
    each_once(&home, 16, 200).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_stopped_and_started_under_load_loses_nothing() -> Result<()> {
    outlives_a_stop("fast").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_crashes_under_load_loses_nothing() -> Result<()> {
    outlives_a_stop("immediate").await
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_server_stands_still_answers_come_and_afterwards_all_goes_on() -> Result<()> {
    let database = Database::alone().await?;
    let home = Arc::new(database.node().await?);
    home.commit(rotation(50, 0)).await?;
    let mut clients = rotating(&home, 8, 300);
    sleep(Duration::from_millis(100)).await;
    database.cluster.signal("-STOP")?;
    let asked = [record("50")];
    let answers = async {
        let (read, written, swept) = tokio::join!(
            timeout(ANSWERED, home.get(&asked, super::NOW)),
            timeout(ANSWERED, home.commit(rotation(51, 0))),
            timeout(ANSWERED, home.sweep(super::NOW, 9)),
        );
        Result::Ok((read?, written?, swept?))
    };
    let answers = answers.await;
    database.cluster.signal("-CONT")?;
    let (read, written, swept) = answers?;
    assert_eq!((read, swept), (Err(Down), Err(Down)));
    assert!(written.is_err(), "{written:?}");
    while let Some(client) = timeout(3 * ANSWERED, clients.join_next()).await? {
        client?;
    }
    // Whatever the answer was, sending them again brings each to its one end.
    until_done(&home, &rotation(51, 0)).await;
    for family in 0..8 {
        assert_eq!(
            version(&*home, &record(&family.to_string())).await?,
            Some(300)
        );
    }
    assert_eq!(version(&*home, &record("51")).await?, Some(1));
    assert_eq!(logged(&*home).await?.len(), 8 * 300 + 2);
    Ok(())
}
