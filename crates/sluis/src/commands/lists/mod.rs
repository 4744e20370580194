//! `sluis lists`: the lists of MedMij for whoever runs a node or makes a list.

mod accept_reset;
mod catalogue;
mod diff;
mod fetch;
mod files;
mod show;
mod validate;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use medmij::lists::{FrontchannelPort, Soort};

/// The lists of MedMij: fetch, validate, show and compare them, or accept that one began anew; and the service
/// catalogue of eToegang: validate it
#[derive(Args)]
pub(crate) struct Lists {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Fetch(fetch::Fetch),
    Validate(validate::Validate),
    Show(show::Show),
    Diff(diff::Diff),
    AcceptReset(accept_reset::AcceptReset),
    Catalogue(catalogue::Catalogue),
}

/// By which rules a list is read.
#[derive(Args)]
struct Rules {
    /// Let authorization endpoints name a port, as in a test network on one machine
    #[arg(long)]
    frontchannel_port: bool,
}

impl Lists {
    /// Does what was asked. Exit code 0 when it went well, 1 when a list is not good, 2 when it
    /// could not begin.
    pub(crate) async fn run(self) -> ExitCode {
        match self.command {
            Command::Fetch(fetch) => fetch.run().await,
            Command::Validate(validate) => validate.run(),
            Command::Show(show) => show.run(),
            Command::Diff(diff) => diff.run(),
            Command::AcceptReset(accept) => accept.run(),
            Command::Catalogue(catalogue) => catalogue.run(),
        }
    }
}

impl Rules {
    const fn port(&self) -> FrontchannelPort {
        if self.frontchannel_port {
            FrontchannelPort::Allowed
        } else {
            FrontchannelPort::Forbidden
        }
    }
}

/// The exit code of a command that could not begin, and why.
fn cannot_begin(why: &str) -> ExitCode {
    eprintln!("sluis lists: {why}");
    ExitCode::from(2)
}

fn soort(text: &str) -> Result<Soort, String> {
    text.parse()
        .map_err(|not: medmij::lists::NotASoort| not.to_string())
}
