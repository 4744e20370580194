//! A node whose disk is full.

use std::fs;
use std::time::Duration;

use store::Embedded;
use testkit::{Small, Store, fill};
use tokio::time::{sleep, timeout};

use super::checker::Checker;
use super::clients::{ANSWERED, Clients, Wallet};
use super::history::Happened;
use super::world::World;

/// Room for the whole of the state, in MiB, and what of it is left for the load, in bytes.
const ROOM_MIB: u32 = 48;
const LEFT_BYTES: u64 = 3 << 20;

/// A file system without room, which needs root; otherwise the store's test of a disk that fails stands
/// for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_disk_is_full_says_so_ends_and_has_everything_when_there_is_room_again() {
    let mut mounted = None;
    let mount = |at: &testkit::Installation| {
        let state = at.folder.join("state");
        mounted = Small::mounted_at(&state, ROOM_MIB).expect("there is `mount`");
    };
    let mut world = World::lay("disk", 2_000, &Store::Sqlite, None, mount).await;
    let Some(_mounted) = mounted else {
        println!("not root: no small file system can be made here");
        return;
    };
    let state = world.at.folder.join("state");
    let mut node = world.serve();
    let free = Embedded::inspect(&state.join("mitz"))
        .expect("rows")
        .bytes_free;
    let ballast = state.join("ballast");
    fill(&ballast, free.saturating_sub(LEFT_BYTES)).expect("a full disk");

    let wallet = Wallet::new();
    let clients = Clients::start(&world, &wallet, &[world.address()], 32).await;
    clients.get_on(50).await;
    fill(&state.join("more"), u64::MAX).expect("a full disk");
    let ended = async {
        loop {
            if let Some(status) = node.0.try_wait().expect("ours") {
                return status;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    let ended = timeout(ANSWERED, ended).await.expect("the node ends");
    assert_eq!(ended.code(), Some(1));
    let told = clients.stop().await;
    assert!(told.later > 0, "clients were told to come back later");
    let log = fs::read_to_string(world.log()).expect("a log");
    assert!(log.contains("sluis serve: the store of mitz stopped: is the disk full"));

    fs::remove_file(ballast).expect("ours");
    fs::remove_file(state.join("more")).expect("ours");
    world.history.note(Happened::AtRest);
    world.look(wallet.touched()).await;
    let node = world.serve();
    let clients = Clients::start(&world, &wallet, &[world.address()], 32).await;
    clients.get_on(50).await;
    clients.stop().await;
    drop(node);
    world.rests();
    world.look(wallet.touched()).await;
    let history = world.history.take();
    Checker::default()
        .replay(&history)
        .expect("a possible history");
}
