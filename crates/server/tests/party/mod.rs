//! What a party of a test is opened with.

use std::path::Path;

use server::clock::Clock;
use server::home::Home;
use server::keys::{Keys, MasterKey, Schedule};

/// Keys for a party that has rows in this directory.
pub(crate) async fn keys(home: &Home, directory: &Path) -> Keys {
    let master = MasterKey::read_or_make(&directory.join("master.key")).expect("a master key");
    let now = Clock::system().now();
    let keys = Keys::open(home, master, &[], Schedule::default(), now).await;
    keys.expect("keys")
}
