//! `sluis keys`: a party's own keys, for its operator.

mod administration;
mod list;
mod master;
mod not_before;
mod request;
mod retire;
mod rotate;
pub(super) mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use server::keys::Purpose;
use server::keys::admin::NotDone;
use server::network::Party;

use super::beside::Opened;

/// A party's own keys: list, rotate and retire them, have them certified, or refuse what was issued before a moment
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
    Request(request::Request),
    NotBefore(not_before::NotBefore),
    Master(master::Master),
    Administration(administration::Administration),
}

/// Whose keys: of a role of a node, or of a party of a demo. Either may run meanwhile.
#[derive(Args)]
struct Whose {
    /// The configuration of a node
    #[arg(
        long,
        value_name = "FILE",
        requires = "role",
        required_unless_present = "state"
    )]
    config: Option<PathBuf>,
    /// The role in it
    #[arg(long, value_name = "NAME", value_parser = ROLES, requires = "config")]
    role: Option<String>,
    /// The state directory of a demo
    #[arg(
        long,
        value_name = "DIR",
        requires = "party",
        conflicts_with = "config"
    )]
    state: Option<PathBuf>,
    /// The party in it
    #[arg(long, value_name = "NAME", value_parser = party, requires = "state")]
    party: Option<Party>,
}

/// The roles of a node.
pub(super) const ROLES: [&str; 8] = [
    "mitz",
    "lokalisatie",
    "dva",
    "pgo",
    "koppeltaal",
    "hm",
    "ad",
    "mr",
];

impl Keys {
    /// Does what was asked. Exit code 0 when it went well, 1 when it was refused, 2 when it could not
    /// begin.
    pub(crate) async fn run(self) -> ExitCode {
        match self.command {
            Command::List(list) => list.run().await,
            Command::Rotate(rotate) => rotate.run().await,
            Command::Retire(retire) => retire.run().await,
            Command::Request(request) => request.run().await,
            Command::NotBefore(not_before) => not_before.run().await,
            Command::Master(master) => master.run(),
            Command::Administration(administration) => administration.run().await,
        }
    }
}

impl Whose {
    /// Opens the rows.
    async fn open(&self) -> Result<Opened, ExitCode> {
        let opened = match (&self.config, &self.role, &self.state, self.party) {
            (Some(config), Some(role), ..) => Opened::of_node(config, role).await,
            (_, _, Some(state), Some(party)) => Opened::of_demo(&state.join(party.name())),
            _ => Err("name --config and --role, or --state and --party".to_owned()),
        };
        opened.map_err(|why| cannot_begin(&why))
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

pub(super) fn party(name: &str) -> Result<Party, String> {
    let names = || Party::ALL.map(Party::name).join(", ");
    Party::named(name).ok_or_else(|| format!("the parties are {}", names()))
}

fn purpose(name: &str) -> Result<Purpose, String> {
    let names = || Purpose::ALL.map(Purpose::name).join(", ");
    Purpose::named(name).ok_or_else(|| format!("the purposes are {}", names()))
}
