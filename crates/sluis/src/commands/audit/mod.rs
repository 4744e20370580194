//! `sluis audit`: the audit log of a node's roles, or of a party of a demo.

mod heads;
mod search;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use server::network::Party;

use super::beside::Opened;
use super::configured;
use super::keys::{ROLES, party};

/// The audit log: search it, or prove that it is what it was
#[derive(Args)]
pub(crate) struct Audit {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Search(search::Search),
    Verify(verify::Verify),
}

/// Whose log: of the roles of a node, or of a party of a demo. Either may run meanwhile.
#[derive(Args)]
struct Whose {
    /// The configuration of a node
    #[arg(long, value_name = "FILE", required_unless_present = "state")]
    config: Option<PathBuf>,
    /// One role in it; without, all of them
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

impl Audit {
    /// Does what was asked. Exit code 0 when it went well, 1 when the log does not fit, 2 when it could
    /// not begin.
    pub(crate) async fn run(self) -> ExitCode {
        match self.command {
            Command::Search(search) => search.run().await,
            Command::Verify(verify) => verify.run().await,
        }
    }
}

impl Whose {
    /// Opens each log, by the name of its role or party.
    async fn open(&self) -> Result<Vec<(String, Opened)>, ExitCode> {
        let opened = match (&self.config, &self.state, self.party) {
            (Some(config), ..) => self.of_node(config).await,
            (_, Some(state), Some(party)) => Opened::of_demo(&state.join(party.name()))
                .map(|opened| vec![(party.name().to_owned(), opened)]),
            _ => Err("name --config, or --state and --party".to_owned()),
        };
        opened.map_err(|why| cannot_begin(&why))
    }

    async fn of_node(&self, file: &std::path::Path) -> Result<Vec<(String, Opened)>, String> {
        let roles = configured::config(file)?.roles();
        let asked = |role: &&str| self.role.as_deref().is_none_or(|asked| asked == *role);
        let mut all = Vec::new();
        for role in roles.into_iter().filter(asked) {
            let opened = Opened::of_node(file, role).await;
            let opened = opened.map_err(|why| format!("{role}: {why}"))?;
            all.push((role.to_owned(), opened));
        }
        if all.is_empty() {
            return Err("the configuration has no such role".to_owned());
        }
        Ok(all)
    }
}

/// The exit code of a command that could not begin, and why.
fn cannot_begin(why: &str) -> ExitCode {
    configured::cannot_begin("audit", why)
}
