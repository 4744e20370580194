//! A node that is killed in the middle of load.

use std::time::Duration;

use tokio::time::sleep;

use super::checker::Checker;
use super::clients::{Clients, Wallet};
use super::history::Answer;
use super::rounds;
use super::world::World;

/// Rounds of the short run.
const ROUNDS: u32 = 50;
/// Grants that a round may use up: one for each connection, and those that end by reuse.
const GRANTS_PER_ROUND: u32 = 90;
/// How long load lasts before the kill, in milliseconds: something else in each round.
const LOAD_MS: u32 = 160;

#[tokio::test(flavor = "multi_thread")]
async fn a_node_on_sqlite_that_is_killed_at_any_moment_loses_no_answer_and_takes_nothing_twice() {
    let grants = rounds(ROUNDS) * GRANTS_PER_ROUND;
    survives_kills(World::on_sqlite("kills-sqlite", grants).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_on_postgresql_that_is_killed_at_any_moment_loses_no_answer_and_takes_nothing_twice()
{
    let grants = rounds(ROUNDS) * GRANTS_PER_ROUND;
    survives_kills(World::on_postgresql("kills-postgresql", grants).await).await;
}

/// Load, a kill, and a look at what is stored, over and over on one state: the clients of the next
/// round offer what the last one was answered.
async fn survives_kills(mut world: World) {
    let (mut checker, wallet) = (Checker::default(), Wallet::new());
    let (mut granted, mut cut) = (0, 0);
    for round in 0..rounds(ROUNDS) {
        let mut node = world.serve();
        let connections = 16 + (round * 13 % 49) as usize;
        let clients = Clients::start(&world, &wallet, &[world.address()], connections).await;
        let clients = clients.with_withdrawals(world.home().await);
        sleep(Duration::from_millis((round * 37 % LOAD_MS).into())).await;
        node.0.kill().expect("it runs");
        node.0.wait().expect("it has ended");
        clients.stop().await;
        world.rests();
        world.look(wallet.touched()).await;
        granted += world
            .history
            .count(|answer| matches!(answer, Answer::Successor(_)));
        cut += world.history.count(|answer| answer == Answer::Unknown);
        checker
            .replay(&world.history.take())
            .expect("a possible history");
    }
    println!("{granted} successors, {cut} requests cut off");
    let enough = rounds(ROUNDS) as usize;
    assert!(granted > 10 * enough, "{granted} successors were answered");
    assert!(cut > enough, "{cut} requests were cut off");
}
