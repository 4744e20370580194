//! How many small commits per second the home on the local disk makes durable, audit included.
//!
//! `cargo bench -p store` prints one line per number of clients: commits per second, CPU time of
//! the process per commit, and the mean size of a group. Ratios within one run count; the disk and
//! the neighbours decide the rest. `ROWS=1000000 cargo bench -p store` first fills the store.

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
    for clients in [1, 8, 64, 256] {
        let line = measure(&home, clients).await?;
        println!("{clients:>4} clients: {line}");
    }
    Ok(())
}

/// Rotations by so many clients at once, each waiting for its answer before the next.
async fn measure(home: &Arc<Embedded>, clients: u32) -> Result<String> {
    let (activity, cpu, start) = (home.activity(), cpu_us()?, clock());
    let mut running = JoinSet::new();
    for client in 0..clients {
        let home = Arc::clone(home);
        running.spawn(async move { rotate(&home, clients, client, start).await });
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

async fn rotate(home: &Embedded, clients: u32, client: u32, start: Instant) -> Result<()> {
    let mut generation = 0;
    while start.elapsed() < MEASURED {
        home.commit(rotation(clients, client, generation)?).await?;
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

fn rotation(clients: u32, client: u32, generation: u64) -> Result<Commit> {
    let family = u64::from(clients) << 32 | u64::from(client);
    let expect = match generation {
        0 => Expect::Absent,
        n => Expect::Version(n),
    };
    let who = Actor::Party("pgo.localhost".to_owned());
    let event = Event::granted("mitz case 18", "refresh token rotated", who);
    let changes = vec![put(spread(u64::MAX - family), expect)];
    Ok(Commit::new(
        id(clients, client, generation),
        NOW,
        changes,
        vec![event],
    )?)
}

fn put(key: Key, expect: Expect) -> Change<Sealed> {
    Change {
        key,
        expect,
        then: Then::Put {
            until: NOW.plus_s(180 * 86_400),
            body: Sealed {
                open: json!({"v": 1, "client": "pgo.localhost", "scope": "openid"}),
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
