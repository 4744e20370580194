//! A database that is away for a while, and one that another takes over from.

use std::sync::Arc;
use std::time::Duration;

use testkit::{Cluster, Store};
use tokio::time::{Instant, sleep, timeout};

use super::checker::Checker;
use super::clients::{ANSWERED, Clients, Wallet};
use super::history::Answer;
use super::node::{admin, stop};
use super::outage;
use super::way::Way;
use super::world::World;

const GRANTS: u32 = 2_000;
const CONNECTIONS: usize = 24;
/// Clients that come when the database is away.
const LATE: usize = 4;
/// Successors that clients get before an outage, and after it.
const WORK: usize = 100;
/// How often health is asked after.
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_stopped_and_started_costs_no_answer() {
    let world = World::on_postgresql("outage-fast", GRANTS).await;
    let away = || cluster(&world).stop("fast");
    let back = || cluster(&world).start_again();
    let wallet = outlives(&world, away, back).await;
    held(world, wallet).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_crashes_costs_no_answer() {
    let world = World::on_postgresql("outage-crash", GRANTS).await;
    let away = || cluster(&world).stop("immediate");
    let back = || cluster(&world).start_again();
    let wallet = outlives(&world, away, back).await;
    held(world, wallet).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stands_still_costs_no_answer() {
    let world = World::on_postgresql("outage-still", GRANTS).await;
    let away = || cluster(&world).signal("STOP");
    let back = || cluster(&world).signal("CONT");
    let wallet = outlives(&world, away, back).await;
    held(world, wallet).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_nobody_can_reach_costs_no_answer() {
    let cluster = Cluster::start("");
    let way = Way::to(&cluster, "way");
    let address = format!("host={} user=sluis dbname=sluis", way.host().display());
    let store = Store::Postgresql(address);
    let world = World::lay("outage-unreached", GRANTS, &store, Some(cluster), |_| {}).await;
    let wallet = outlives(&world, || way.open(false), || way.open(true)).await;
    held(world, wallet).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_is_promoted_under_load_has_everything_that_was_answered() {
    let first = Cluster::start("");
    let second = first.standby();
    let hosts = [&first, &second].map(|cluster| cluster.directory().display().to_string());
    let address = format!(
        "host={} user=sluis dbname=sluis target_session_attrs=read-write",
        hosts.join(",")
    );
    let store = Store::Postgresql(address);
    let world = World::lay("standby", GRANTS, &store, Some(second), |_| {}).await;
    let promote = || cluster(&world).promote();
    let wallet = outlives(&world, || first.stop("immediate"), promote).await;
    held(world, wallet).await;
}

fn cluster(world: &World) -> &Cluster {
    world.cluster.as_ref().expect("a server")
}

/// Clients refresh while the database goes away and comes back; the node stays the same process, says
/// that it is not ready, and answers every request in time.
async fn outlives(world: &World, away: impl FnOnce(), back: impl FnOnce()) -> Arc<Wallet> {
    let node = world.serve();
    let wallet = Wallet::new();
    let clients = Clients::start(world, &wallet, &[world.address()], CONNECTIONS).await;
    clients.get_on(WORK).await;
    let begun = Instant::now();
    away();
    until_ready_says(world, 503).await;
    // Whoever was there before may all wait for the outcome of one COMMIT.
    let late = Clients::start(world, &wallet, &[world.address()], LATE).await;
    until_told(world).await;
    sleep(outage().saturating_sub(begun.elapsed())).await;
    assert_eq!(
        admin(&world.at, "/health/live").0,
        200,
        "it lives meanwhile"
    );
    back();
    until_ready_says(world, 200).await;
    clients.get_on(WORK).await;
    let (early, late) = (clients.stop().await, late.stop().await);
    let longest = early.longest.max(late.longest);
    assert!(longest < ANSWERED, "an answer took {longest:?}");
    let later = early.later + late.later;
    println!("{later} answers of 503; the longest answer took {longest:?}");
    assert_eq!(stop(node).code(), Some(0), "the process that began");
    wallet
}

/// Waits until `/health/ready` has this status.
async fn until_ready_says(world: &World, status: u16) {
    let said = async {
        while admin(&world.at, "/health/ready").0 != status {
            sleep(LOOK_EVERY).await;
        }
    };
    timeout(ANSWERED, said).await.expect("another readiness");
}

/// Waits until a client was told to come back later.
async fn until_told(world: &World) {
    let told = async {
        while world.history.count(|answer| answer == Answer::Unknown) == 0 {
            sleep(LOOK_EVERY).await;
        }
    };
    timeout(ANSWERED, told).await.expect("503 in time");
}

/// The whole history holds, against what is stored now.
async fn held(mut world: World, wallet: Arc<Wallet>) {
    world.rests();
    world.look(wallet.touched()).await;
    let history = world.history.take();
    Checker::default()
        .replay(&history)
        .expect("a possible history");
}
