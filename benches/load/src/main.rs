//! `cargo xtask load`: what a node of this program carries.
//!
//! This process is the client, `sluis serve` is the server: a process of its own, as it is built for
//! production, over TLS with connections that stay open. What counts is the server's CPU time for
//! each request, read from the kernel: two processes that share two cores say little by the clock.
//! Each run measures the cryptographic floor too, and ratios within one run count.
//!
//! Start reading at [`plan`]; [`node`] is the server, [`drive`] the client, [`report`] what is told.

mod assertions;
#[path = "../../../crates/store/tests/postgres/cluster.rs"]
#[expect(dead_code, reason = "the tests of the store need more of it")]
mod cluster;
mod drive;
mod etoegang;
mod floor;
mod koppeltaal;
mod medmij;
mod node;
mod oidc_provider;
mod others;
mod plan;
mod plot;
mod report;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use drive::{Run, WARM_UP_S};
use floor::Floor;
use jose::Algorithm;
use load::{Result, client, seed};
use node::{Node, Server, World};
use plan::{Arguments, Of};
use report::{Measured, Subject};

fn main() -> ExitCode {
    let arguments = match Arguments::read(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(why) => {
            eprintln!("load: {why}\n\n{}", plan::USAGE);
            return ExitCode::from(2);
        }
    };
    // One thread: the client leaves the machine to the server.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    let done = runtime
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(run(&arguments)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("load: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<()> {
    let sluis = program()?;
    match arguments.of {
        Of::Mitz => mitz(&sluis, arguments).await,
        Of::Koppeltaal => koppeltaal::run(&sluis, arguments).await,
        Of::Medmij => medmij::run(&sluis, arguments).await,
        Of::Etoegang => etoegang::run(&sluis, arguments).await,
        Of::OidcProvider => oidc_provider::run(&sluis, arguments).await,
    }
}

/// Refreshes at Mitz.
async fn mitz(sluis: &Path, arguments: &Arguments) -> Result<()> {
    let floor = measured_floor(&[Algorithm::Es256])?;
    let mut measured = Vec::new();
    for (home, grants) in arguments.worlds() {
        eprintln!("load: {grants} grants on {home} …");
        let world = World::start(sluis, home, grants).await?;
        for scenario in arguments.scenarios(home, grants) {
            let run = drive::start(&world, scenario, arguments.seconds + WARM_UP_S).await?;
            let subject = scenario.subject(&floor);
            measured.push(measure(&world.node, run, subject, arguments.seconds).await?);
        }
        world.node.stop()?;
    }
    let title = "Refreshes per CPU-second of the server";
    report::tell("load", title, &floor, &measured)
}

fn measured_floor(algorithms: &[Algorithm]) -> Result<Floor> {
    let floor = floor::measure(Duration::from_secs(2), algorithms)?;
    floor.lines().iter().for_each(|line| println!("{line}"));
    Ok(floor)
}

/// One scenario: a while to get going, then the time that counts.
async fn measure(
    server: &impl Server,
    run: Run,
    subject: Subject,
    seconds: u64,
) -> Result<Measured> {
    measure_with(server, &BTreeMap::new(), run, subject, seconds).await
}

/// The same, and what nodes beside it spend meanwhile.
async fn measure_with(
    server: &impl Server,
    beside: &BTreeMap<&'static str, &Node>,
    run: Run,
    subject: Subject,
    seconds: u64,
) -> Result<Measured> {
    let spent = || {
        let each = beside.iter().map(|(name, node)| Ok((*name, node.cpu_s()?)));
        each.collect::<Result<BTreeMap<_, _>>>()
    };
    tokio::time::sleep(Duration::from_secs(WARM_UP_S)).await;
    let (before, spent_before) = (server.standing().await?, spent()?);
    run.count_from_now();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let answers = run.counted();
    let (after, spent_after) = (server.standing().await?, spent()?);
    let latencies = run.end().await?;
    let measured = Measured::of(subject, seconds, answers, before, after, &latencies);
    let others = spent_after.into_iter();
    let others = others.map(|(name, cpu_s)| (name, cpu_s - spent_before[name]));
    let measured = measured.beside(others.collect(), answers);
    eprintln!("load: {}", measured.short());
    Ok(measured)
}

/// The program beside this one: `cargo xtask load` builds both.
fn program() -> Result<PathBuf> {
    let sluis = std::env::current_exe()?.with_file_name("sluis");
    if sluis.exists() {
        Ok(sluis)
    } else {
        Err(format!("{} is not there; use `cargo xtask load`", sluis.display()).into())
    }
}
