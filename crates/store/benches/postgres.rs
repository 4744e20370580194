//! How many small commits per second the home on PostgreSQL makes durable, audit included, beside
//! what `pgbench` gets from the same server with one durable insert per transaction.
//!
//! `cargo bench -p store --bench postgres` starts a server of its own on the disk that is built on.
//! Ratios within one run count; the disk and the neighbours decide the rest. The bar: at 64 clients
//! at least twice pgbench. `WRITERS=1` sets the number of writing connections of a node, `NODES=2`
//! the number of nodes that share the clients, `GUARDS=1` lets every commit guard one row.

#[path = "../tests/postgres/cluster.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod cluster;
#[path = "../tests/postgres/database.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod database;

use std::env;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cluster::{Cluster, Result};
use database::Database;
use serde_json::json;
use store::postgres::{Activity, Postgres, Settings};
use store::{Commit, Store};
use tokio::task::JoinSet;
use verdict::{Actor, Change, CommitId, Event, Expect, Key, Moment, Sealed, Space, Then};

const NOW: Moment = Moment::from_unix(1_760_000_000);
/// How long each line measures, in seconds.
const MEASURED_S: u64 = 3;
const CLIENTS: [u32; 3] = [1, 8, 256];
/// The clients at which both are compared.
const COMPARED: u32 = 64;
/// How often they are.
const ROUNDS: usize = 5;

#[tokio::main]
async fn main() -> Result<()> {
    let cluster = Arc::new(Cluster::start(Path::new(env!("CARGO_TARGET_TMPDIR")))?);
    let database = Database::on(cluster, "sluis_template").await?;
    let settings = Settings {
        writers: number("WRITERS", Settings::default().writers.into())?.try_into()?,
        ..Settings::default()
    };
    let mut nodes = Vec::new();
    for _ in 0..number("NODES", 1)? {
        nodes.push(Arc::new(
            Postgres::open(&database.address(), settings).await?,
        ));
    }
    let guards = number("GUARDS", 0)? > 0;
    let guarded = vec![put(guarded(), Expect::Absent)];
    nodes[0]
        .commit(Commit::new(CommitId([9; 16]), NOW, guarded, vec![])?)
        .await?;
    nodes[0].sweep(NOW, 1).await?;
    println!(
        "{} nodes with {} writers; a rotation of a 240-byte grant and one audit event per commit{}",
        nodes.len(),
        settings.writers,
        if guards { ", all guarding one row" } else { "" }
    );
    for clients in CLIENTS {
        let (_, line) = measure(&nodes, clients, guards).await?;
        println!("{clients:>4} clients: {line}");
    }
    // Clients that each wait for their answer cannot make more than this, however they are grouped.
    let mut most = 0.0;
    // In turn, because the neighbours of a machine come and go.
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let theirs = pgbench(&database).await?;
        let (ours, line) = measure(&nodes, COMPARED, guards).await?;
        println!("{COMPARED:>4} clients: {line}; pgbench {theirs:.0} per second");
        let (alone, _) = measure(&nodes, 1, guards).await?;
        most += alone * f64::from(COMPARED) / theirs / figure(ROUNDS.try_into()?);
        ratios.push(ours / theirs);
    }
    ratios.sort_by(f64::total_cmp);
    let [least, .., best] = ratios[..] else {
        return Err("at least two rounds".into());
    };
    let middle = ratios[ROUNDS / 2];
    println!("ratio at {COMPARED} clients: {middle:.1} ({least:.1} to {best:.1}; bar: 2)");
    println!("as many clients at the pace of a lone one would reach {most:.1}");
    Ok(())
}

/// Rotations by so many clients at once, each waiting for its answer before the next.
async fn measure(nodes: &[Arc<Postgres>], clients: u32, guards: bool) -> Result<(f64, String)> {
    static ROUND: AtomicU32 = AtomicU32::new(1);
    let done = || {
        nodes
            .iter()
            .map(|node| node.activity())
            .fold((0, 0), |sum, node| {
                let Activity { commits, groups } = node;
                (sum.0 + commits, sum.1 + groups)
            })
    };
    let round = ROUND.fetch_add(1, Ordering::Relaxed);
    let (before, start) = (done(), clock());
    let mut running = JoinSet::new();
    for (client, node) in (0..clients).zip(nodes.iter().cycle()) {
        let node = Arc::clone(node);
        running.spawn(async move {
            let mut generation = 0;
            while start.elapsed() < Duration::from_secs(MEASURED_S) {
                let commit = rotation(round, client, generation, guards)?;
                node.commit(commit).await?;
                generation += 1;
            }
            Result::Ok(())
        });
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    let seconds = start.elapsed().as_secs_f64();
    let after = done();
    let commits = figure(after.0 - before.0);
    let per_second = commits / seconds;
    let group = commits / figure(after.1 - before.1);
    Ok((
        per_second,
        format!("{per_second:>7.0} commits/s, {group:>5.1} per group"),
    ))
}

/// Transactions per second of `pgbench` on a table of its own.
async fn pgbench(database: &Database) -> Result<f64> {
    let make = "CREATE TABLE IF NOT EXISTS single (id uuid PRIMARY KEY, body bytea NOT NULL)";
    database.outside().await?.batch_execute(make).await?;
    let script = Path::new(env!("CARGO_TARGET_TMPDIR")).join("single.sql");
    let insert =
        "INSERT INTO single VALUES (gen_random_uuid(), decode(repeat('5a', 240), 'hex'));\n";
    std::fs::write(&script, insert)?;
    let mut command = Command::new(cluster::binaries()?.join("pgbench"));
    command
        .args(["-n", "-M", "prepared", "-j", "2", "-U", "sluis"])
        .args(["-c", &COMPARED.to_string(), "-T", &MEASURED_S.to_string()])
        .arg("-h")
        .arg(database.cluster.dir())
        .arg("-f")
        .arg(&script)
        .arg(&database.name);
    let said = command.output()?;
    let said = String::from_utf8(said.stdout)?;
    let tps = said.lines().find_map(|line| line.strip_prefix("tps = "));
    let tps = tps
        .and_then(|tps| tps.split(' ').next())
        .ok_or("pgbench gave no figure")?;
    Ok(tps.parse()?)
}

fn rotation(round: u32, client: u32, generation: u64, guards: bool) -> Result<Commit> {
    let family = u64::from(round) << 32 | u64::from(client);
    let expect = match generation {
        0 => Expect::Absent,
        n => Expect::Version(n),
    };
    let who = Actor::Party("pgo.localhost".to_owned());
    let event = Event::granted("mitz case 18", "refresh token rotated", who);
    let mut changes = vec![put(spread(u64::MAX - family), expect)];
    if guards {
        changes.push(Change::guard(guarded()));
    }
    let mut id = [0; 16];
    id[..8].copy_from_slice(&family.to_be_bytes());
    id[8..].copy_from_slice(&generation.to_be_bytes());
    Ok(Commit::new(CommitId(id), NOW, changes, vec![event])?)
}

fn guarded() -> Key {
    Key::Record(Space("bench.guarded"), b"domain".to_vec())
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

fn number(name: &str, usual: u64) -> Result<u64> {
    Ok(env::var(name).map_or(Ok(usual), |value| value.parse())?)
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn clock() -> Instant {
    Instant::now()
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn figure(number: u64) -> f64 {
    number as f64
}
