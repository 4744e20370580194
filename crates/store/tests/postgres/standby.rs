//! A standby that takes over.

use std::sync::Arc;
use std::time::Duration;

use store::Store;
use store::contract::Checker;
use store::contract::history::{Answer, History};
use store::contract::load::{self, Load};
use store::postgres::{Postgres, Settings};
use tokio::time::{sleep, timeout};

use super::cluster::Result;
use super::database::Database;

/// How long the whole may take: taking over, and the calls that meet it.
const OVER: Duration = Duration::from_mins(1);
/// How often those are cut off that wait for the standby, and at most until there was one.
const ROUNDS: u32 = 40;
const ROUNDS_MAX: u32 = 2_000;

/// The server dies under load and its standby is promoted. Nothing that was answered is lost, also
/// not what was cut off while it waited for the standby, and the home goes on by the address that
/// names both.
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_is_promoted_under_load_has_everything_that_was_answered() -> Result<()> {
    let database = Database::alone().await?;
    let standby = database.cluster.standby().await?;
    let (first, second) = (database.cluster.dir(), standby.dir());
    let (first, second, name) = (first.display(), second.display(), &database.name);
    let address = format!("host={first},{second} user=sluis dbname={name}");
    let home = Arc::new(Postgres::open(&address, Settings::default()).await?);
    let history = History::default();
    let load = Load {
        tag: 1,
        clients: 16,
        people: 10,
        applied_each: 150,
    };
    let (nodes, note) = ([Arc::clone(&home)], history.note());
    let clients = tokio::spawn(async move { load::run(&nodes, load, &note).await });

    let operator = database.outside().await?;
    let cut_off = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                   WHERE application_name = 'sluis' AND wait_event = 'SyncRep'";
    let mut cut = 0;
    // A busy machine may take its time until the first one waits.
    for round in 0..ROUNDS_MAX {
        cut += operator.query_one(cut_off, &[]).await?.get::<_, i64>(0);
        if cut > 0 && round >= ROUNDS {
            break;
        }
        sleep(Duration::from_millis(5)).await;
    }
    assert!(cut > 0, "none waited for the standby");
    assert!(history.has(|answer| *answer == Answer::Applied));
    database.cluster.stop("immediate")?;
    assert!(!clients.is_finished(), "the load goes on");
    sleep(Duration::from_millis(300)).await;
    standby.promote()?;
    timeout(OVER, clients).await???;

    let all = history.take();
    load::check(&mut Checker::default(), &*home, &all, 0).await?;
    assert!(home.audit(0, 1).await.is_ok() && !home.is_down());
    Ok(())
}
