//! `sluis keys`: a party's own keys, for its operator.

mod list;
mod not_before;
mod retire;
mod rotate;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use server::clock::Clock;
use server::home::Home;
use server::keys::admin::NotDone;
use server::keys::{KeyFault, MasterKey, Purpose, Schedule};
use server::network::{Party, master_file};
use verdict::Moment;

/// A party's own keys: list, rotate and retire them, or refuse what was issued before a moment
#[derive(Args)]
pub(crate) struct Keys {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    List(list::List),
    Rotate(rotate::Rotate),
    Retire(retire::Retire),
    NotBefore(not_before::NotBefore),
}

/// Whose keys.
#[derive(Args)]
struct Whose {
    /// The state directory of a demo that does not run
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// The party in it, such as mitz
    #[arg(long, value_name = "NAME", value_parser = party)]
    party: Party,
}

/// An opened party: where its keys are, and what the time is.
struct Opened {
    home: Home,
    schedule: Schedule,
    now: Moment,
    master: PathBuf,
}

impl Keys {
    /// Does what was asked. Exit code 0 when it went well, 1 when it was refused, 2 when it could not
    /// begin.
    pub(crate) async fn run(self) -> ExitCode {
        match self.command {
            Command::List(list) => list.run().await,
            Command::Rotate(rotate) => rotate.run().await,
            Command::Retire(retire) => retire.run().await,
            Command::NotBefore(not_before) => not_before.run().await,
        }
    }
}

impl Whose {
    /// Opens the party's rows.
    fn open(&self) -> Result<Opened, ExitCode> {
        let directory = self.state.join(self.party.name());
        if !directory.is_dir() {
            return Err(cannot_begin(&format!(
                "{}: there is no such party; name the state directory of a demo that ran",
                directory.display()
            )));
        }
        let home = Home::embedded(&directory).map_err(|why| cannot_begin(&why))?;
        Ok(Opened {
            home,
            schedule: Schedule::default(),
            now: Clock::system().now(),
            master: master_file(&directory),
        })
    }
}

impl Opened {
    /// The master key, for who makes a key.
    fn master(&self) -> Result<MasterKey, ExitCode> {
        MasterKey::read(&self.master).map_err(|fault: KeyFault| cannot_begin(&fault.to_string()))
    }
}

/// The exit code of a command that could not begin, and why.
fn cannot_begin(why: &str) -> ExitCode {
    eprintln!("sluis keys: {why}");
    ExitCode::from(2)
}

/// The exit code of a command that did nothing, and why.
fn not_done(why: &NotDone) -> ExitCode {
    match why {
        NotDone::Fault(fault) => cannot_begin(&fault.to_string()),
        refused => {
            eprintln!("sluis keys: {refused}");
            ExitCode::FAILURE
        }
    }
}

fn party(name: &str) -> Result<Party, String> {
    let names = || Party::ALL.map(Party::name).join(", ");
    Party::named(name).ok_or_else(|| format!("the parties are {}", names()))
}

fn purpose(name: &str) -> Result<Purpose, String> {
    let names = || Purpose::ALL.map(Purpose::name).join(", ");
    Purpose::named(name).ok_or_else(|| format!("the purposes are {}", names()))
}
