//! Two nodes on one database, of which one is killed.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::time::sleep;

use super::checker::Checker;
use super::clients::{Clients, Wallet};
use super::node::{begin, stop};
use super::rounds;
use super::world::World;

/// Where the second node listens.
pub(crate) const SECOND: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const GRANTS_PER_ROUND: u32 = 200;
/// Successors that clients get with both nodes, and with one.
const WORK: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn when_one_of_two_nodes_is_killed_the_other_goes_on_and_nothing_is_lost() {
    let grants = rounds(5) * GRANTS_PER_ROUND;
    let mut world = World::on_postgresql("two-nodes", grants).await;
    let config = world.second(SECOND.into());
    let nodes = [world.address(), SocketAddr::from((SECOND, world.at.port))];
    let first = world.serve();
    let wallet = Wallet::new();
    let mut told = Vec::new();
    for round in 0..rounds(5) {
        let mut second = begin(world.command(&config));
        let clients = Clients::start(&world, &wallet, &nodes, 24).await;
        let clients = clients.with_withdrawals(world.home().await);
        clients.get_on(WORK).await;
        sleep(Duration::from_millis((round * 13 % 40).into())).await;
        second.0.kill().expect("it runs");
        second.0.wait().expect("it has ended");
        clients.get_on(WORK).await;
        told.push(clients.stop().await);
    }
    println!("{told:?}");
    assert_eq!(stop(first).code(), Some(0), "the process that began");
    world.rests();
    world.look(wallet.touched()).await;
    let history = world.history.take();
    Checker::default()
        .replay(&history)
        .expect("a possible history");
}
