//! `sluis app`: an app of a DV at the command line, a public native client of an HM (RFC 8252).
//!
//! What it sends and what it believes stands in [`etoegang::dv_app`]; here are its socket, its file and what it
//! prints.

mod call;
mod hm;
mod kept;
mod login;
mod redirect;
mod refresh;
mod revoke;
mod said;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::ended::{self, Ended};

/// An app of a service provider of eToegang: log in at a broker, renew, call a backend, log out
#[derive(Args)]
pub(crate) struct App {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Login(login::Login),
    Refresh(refresh::Refresh),
    Call(call::Call),
    Revoke(revoke::Revoke),
}

/// Under whom others are believed.
#[derive(Args)]
struct Trust {
    /// The certificate authorities under which broker and backend are believed, PEM
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/etc/ssl/certs/ca-certificates.crt"
    )]
    ca: PathBuf,
}

impl App {
    /// Does what was asked. Exit code 0 when it went well, 1 when it was refused or stopped, 2 when it could
    /// not begin.
    pub(crate) async fn run(self) -> ExitCode {
        ended::code(match self.command {
            Command::Login(login) => login.run().await,
            Command::Refresh(refresh) => refresh.run().await,
            Command::Call(call) => call.run().await,
            Command::Revoke(revoke) => revoke.run().await,
        })
    }
}

/// It could not begin, and why.
fn cannot_begin(why: &str) -> Ended {
    Ended::before_it_began("app", why)
}

/// It was refused, and why.
fn refused(why: &str) -> Ended {
    Ended::refused("app", why)
}
