//! What a row of the audit log costs its chain, on SQLite: microseconds of CPU to chain and to verify,
//! and bytes.
//!
//! `cargo bench -p server --bench audit`. Ratios within one run count.

use std::error::Error;
use std::fs;
use std::path::Path;

use jose::{Algorithm, RsaSize, SigningKey, generate_pkcs8};
use server::audit::entry::{self, Entry};
use server::audit::verify;
use server::audit::writer::{WAIT_S, turn};
use store::{Commit, Embedded, Store as _};
use verdict::{Actor, CommitId, Event, Moment, PersonTag};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const ROWS: u32 = 200_000;
/// Events of one commit while the log is filled: the store takes 64.
const AT_ONCE: u32 = 50;
const NOW: Moment = Moment::from_unix(1_795_773_600);

#[tokio::main]
async fn main() -> Result<()> {
    let name = format!("audit-bench-{}", std::process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder)?;
    let measured = measure(&folder).await;
    fs::remove_dir_all(&folder)?;
    measured
}

async fn measure(folder: &Path) -> Result<()> {
    let home = Embedded::open(folder)?;
    let der = generate_pkcs8(Algorithm::Es256, RsaSize::Bits2048).map_err(|_| "no key")?;
    let key = SigningKey::from_pkcs8(Algorithm::Es256, &der).map_err(|_| "no key")?;
    fill(&home).await?;
    let rows = f64::from(ROWS);
    let filled = bytes(folder, 1)?;
    println!("a row: {:.0} bytes", filled / rows);

    let before = cpu_us()?;
    let sign = |entry: &Entry| entry.sign(&key);
    while turn(&home, &sign, None, NOW.plus_s(WAIT_S)).await? {}
    let us = cpu_us()? - before;
    let (_, kop) = entry::kop(&home, NOW).await?.ok_or("no chain")?;
    let segments = f64::from(u32::try_from(kop.number)?);
    let grown = bytes(folder, 2)? - filled;
    println!("chained: {:.2} µs of CPU a row", us / rows);
    println!(
        "a segment of {:.0} rows: {:.0} µs, {:.0} bytes; {:.1} bytes a row",
        rows / segments,
        us / segments,
        grown / segments,
        grown / rows
    );

    let before = cpu_us()?;
    let report = verify(&home, &[key.public().clone()], NOW).await?;
    let us = cpu_us()? - before;
    println!(
        "verified: {:.2} µs of CPU a row; {} proven, {} faults",
        us / rows,
        report.proven,
        report.faults
    );
    Ok(())
}

/// Events as Mitz writes them when it gives tokens.
async fn fill(home: &Embedded) -> Result<()> {
    for number in 0..ROWS / AT_ONCE {
        let event = |at: u32| {
            let mut tag = [0; 32];
            tag[..4].copy_from_slice(&(number * AT_ONCE + at).to_be_bytes());
            let who = Actor::Party("pgo.example.nl".to_owned());
            let event = Event::granted("seed 000 step 10", "tokens were issued", who);
            event.about(PersonTag { key_id: 0, tag })
        };
        let mut id = [0xa5; 16];
        id[..4].copy_from_slice(&number.to_be_bytes());
        let events = (0..AT_ONCE).map(event).collect();
        let commit = Commit::new(CommitId(id), NOW, vec![], events)?;
        home.commit(commit.traced(id)).await?;
    }
    Ok(())
}

/// The size of a copy of the database: without its log, and without room that is free.
fn bytes(folder: &Path, number: u8) -> Result<f64> {
    let copy = folder.join(format!("copy-{number}.sqlite3"));
    Embedded::back_up(folder, &copy, NOW)?;
    Ok(f64::from(u32::try_from(fs::metadata(&copy)?.len())?))
}

/// CPU time of this process so far, in microseconds (Linux counts in hundredths of a second).
fn cpu_us() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    let ticks: std::result::Result<Vec<u32>, _> = ticks.map(str::parse).collect();
    Ok(f64::from(ticks?.into_iter().sum::<u32>()) * 10_000.0)
}
