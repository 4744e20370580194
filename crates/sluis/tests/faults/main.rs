//! What a whole node survives: `sluis serve` in processes of its own, with clients that refresh tokens
//! over mutual TLS while processes, disks, databases and clocks fail.
//!
//! Every request and answer is noted, and [`checker`] holds the history against the rules and against
//! what is stored in the end. `SLUIS_LONG=1` runs twenty times as many rounds, and outages of half a
//! minute.
//!
//! Start reading at [`kills`].

mod checker;
mod clients;
mod clocks;
#[path = "../common/mod.rs"]
mod common;
mod disk;
mod history;
mod kills;
#[path = "../common/node.rs"]
mod node;
mod nodes;
mod outages;
mod way;
mod world;

use std::time::Duration;

/// So many rounds, or twenty times as many in the long run.
fn rounds(short: u32) -> u32 {
    if is_long() { 20 * short } else { short }
}

/// How long an outage lasts.
fn outage() -> Duration {
    Duration::from_secs(if is_long() { 30 } else { 3 })
}

fn is_long() -> bool {
    std::env::var_os("SLUIS_LONG").is_some()
}
