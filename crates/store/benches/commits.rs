//! How many small commits per second the home on the local disk makes durable, audit included.
//!
//! `cargo bench -p store` prints one line per number of clients: commits per second, CPU time of
//! the process per commit, and the mean size of a group. Ratios within one run count; the disk and
//! the neighbours decide the rest. `ROWS=1000000 cargo bench -p store` first fills the store. A further line
//! tells of commits that also spend a number, as a client's assertion does, and one of reading the row first.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use store::embedded::Activity;
use store::{Commit, Embedded, NotCommitted, Store};
use tokio::task::JoinSet;
use verdict::{Actor, Change, CommitId, Event, Expect, Key, Moment, Sealed, Space, Then};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const NOW: Moment = Moment::from_unix(1_760_000_000);
/// How long each line measures.
const MEASURED: Duration = Duration::from_secs(4);

#[tokio::main]
async fn main() -> Result<()> {
    let dir = Scratch::new();
    let home = Arc::new(Embedded::open(&dir.0)?);
    let rows: u64 = env::var("ROWS").map_or(Ok(0), |rows| rows.parse())?;
    fill(&home, rows).await?;
    println!("rows before: {rows}; a rotation of a 240-byte grant and one audit event per commit");
    for (clients, also) in [
        (1, Also::Nothing),
        (8, Also::Nothing),
        (64, Also::Nothing),
        (256, Also::Nothing),
        (64, Also::Spend),
        (64, Also::Read),
    ] {
        let line = measure(&home, clients, also).await?;
        println!("{clients:>4} clients: {line}{}", also.told());
    }
    Ok(())
}

/// What a client does beside a rotation.
#[derive(Clone, Copy)]
enum Also {
    Nothing,
    /// A number is spent in the same commit.
    Spend,
    /// The row is read before.
    Read,
}

impl Also {
    const fn told(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Spend => ", a number spent in each",
            Self::Read => ", the row read before each",
        }
    }

    /// Grants of its own, so that each line begins anew.
    const fn family(self) -> u32 {
        self as u32 * 1_000
    }
}

/// Rotations by so many clients at once, each waiting for its answer before the next.
async fn measure(home: &Arc<Embedded>, clients: u32, also: Also) -> Result<String> {
    let (activity, cpu, start) = (home.activity(), cpu_us()?, clock());
    let mut running = JoinSet::new();
    for client in 0..clients {
        let home = Arc::clone(home);
        running.spawn(async move { rotate(&home, clients, client, start, also).await });
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    let seconds = start.elapsed().as_secs_f64();
    let Activity { commits, groups } = home.activity();
    let commits = commits - activity.commits;
    let per_second = figure(commits) / seconds;
    let cpu = figure(cpu_us()? - cpu) / figure(commits);
    let group = figure(commits) / figure(groups - activity.groups);
    Ok(format!(
        "{per_second:>7.0} commits/s, {cpu:>5.1} µs CPU each, {group:>5.1} per group"
    ))
}

async fn rotate(
    home: &Embedded,
    clients: u32,
    client: u32,
    start: Instant,
    also: Also,
) -> Result<()> {
    let mut generation = 0;
    let family = clients + also.family();
    while start.elapsed() < MEASURED {
        if matches!(also, Also::Read) {
            home.get(&[grant(family, client)], NOW).await?;
        }
        home.commit(rotation(family, client, generation, also)?)
            .await?;
        generation += 1;
    }
    Ok(())
}

/// Grants that nobody touches while it is measured, as a store in use has them.
async fn fill(home: &Arc<Embedded>, rows: u64) -> Result<()> {
    for start in (0..rows).step_by(64 * 128) {
        let mut parts = JoinSet::new();
        for part in (start..rows.min(start + 64 * 128)).step_by(64) {
            let home = Arc::clone(home);
            let changes = (part..rows.min(part + 64)).map(|n| put(spread(n), Expect::Absent));
            let commit = Commit::new(id(0, 0, part), NOW, changes.collect(), vec![])?;
            parts.spawn(async move { home.commit(commit).await });
        }
        let stored: std::result::Result<(), NotCommitted> =
            parts.join_all().await.into_iter().collect();
        stored?;
    }
    Ok(())
}

fn grant(family: u32, client: u32) -> Key {
    spread(u64::MAX - (u64::from(family) << 32 | u64::from(client)))
}

fn rotation(family: u32, client: u32, generation: u64, also: Also) -> Result<Commit> {
    let expect = match generation {
        0 => Expect::Absent,
        n => Expect::Version(n),
    };
    let who = Actor::Party("pgo.localhost".to_owned());
    let event = Event::granted("mitz case 18", "refresh token rotated", who);
    let mut changes = vec![put(grant(family, client), expect)];
    let id = id(family, client, generation);
    if matches!(also, Also::Spend) {
        changes.push(Change::spend(number(id), NOW.plus_s(420)));
    }
    Ok(Commit::new(id, NOW, changes, vec![event])?)
}

fn put(key: Key, expect: Expect) -> Change<Sealed> {
    Change {
        key,
        expect,
        then: Then::Put {
            until: NOW.plus_s(180 * 86_400),
            body: Sealed {
                open: json!({"v": 1, "client": "pgo.localhost", "scope": "openid"}).into(),
                index: Vec::new(),
                private: vec![0x5a; 190],
            },
        },
    }
}

/// Grant ids as random ones spread: all over the table (Knuth's multiplicative hash).
fn spread(number: u64) -> Key {
    let mut id = [0; 16];
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    id[..8].copy_from_slice(&mixed.to_be_bytes());
    id[8..].copy_from_slice(&number.to_be_bytes());
    Key::Grant(Space("bench.grant"), id)
}

/// A number as hashes spread.
fn number(of: CommitId) -> Key {
    let mut number = [0; 32];
    let mixed = u128::from_be_bytes(of.0).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    // The lowest bits of a product say little of the highest of what was multiplied; the highest do.
    number[..16].copy_from_slice(&(mixed ^ mixed.rotate_left(64)).to_be_bytes());
    number[16..].copy_from_slice(&of.0);
    Key::Once(Space("bench.once"), number)
}

fn id(clients: u32, client: u32, generation: u64) -> CommitId {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&clients.to_be_bytes());
    id[4..8].copy_from_slice(&client.to_be_bytes());
    id[8..].copy_from_slice(&generation.to_be_bytes());
    CommitId(id)
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn clock() -> Instant {
    Instant::now()
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn figure(number: u64) -> f64 {
    number as f64
}

/// CPU time of this process so far: user and system, in microseconds (Linux counts in hundredths of
/// a second).
fn cpu_us() -> Result<u64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let mut ticks = after_name.split_whitespace().skip(11).take(2);
    let sum: std::result::Result<u64, _> =
        ticks.try_fold(0, |sum, tick| tick.parse::<u64>().map(|tick| sum + tick));
    Ok(sum? * 10_000)
}

/// On the disk that is built on, since temporary directories may be in memory.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let name = format!("store-bench-{}", std::process::id());
        Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
