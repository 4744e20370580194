//! What can be asked of the program, one module a command.

mod app;
mod audit;
mod backup;
mod beside;
mod check;
mod configured;
mod demo;
mod domain;
mod ended;
mod keys;
mod lists;
mod mandates;
mod migrate;
mod notify;
mod restore;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// Every role of the Dutch trust frameworks `MedMij`, Mitz, Koppeltaal and eToegang, with `DigiD` in front, in one program.
#[derive(Parser)]
#[command(name = "sluis", version, arg_required_else_help = true)]
pub(crate) struct Sluis {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The whole network on loopback, in one process, with sample people and data
    Demo(demo::Demo),
    Serve(serve::Serve),
    Check(check::Check),
    Migrate(migrate::Migrate),
    Keys(keys::Keys),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Lists(lists::Lists),
    Domain(domain::Domain),
    Mandates(mandates::Mandates),
    App(app::App),
    Audit(audit::Audit),
}

impl Sluis {
    /// Does what was asked. Exit code 0 when it went well, 1 when it did not, 2 when it could not
    /// begin.
    pub(crate) fn run(self) -> ExitCode {
        log_to_stderr();
        let runtime = match tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
        {
            Ok(runtime) => runtime,
            Err(error) => {
                eprintln!("sluis: the operating system gives no threads: {error}");
                return ExitCode::from(2);
            }
        };
        match self.command {
            Command::Demo(demo) => runtime.block_on(demo.run()),
            Command::Serve(serve) => runtime.block_on(serve.run()),
            Command::Check(check) => runtime.block_on(check.run()),
            Command::Migrate(migrate) => runtime.block_on(migrate.run()),
            Command::Keys(keys) => runtime.block_on(keys.run()),
            Command::Backup(backup) => backup.run(),
            Command::Restore(restore) => runtime.block_on(restore.run()),
            Command::Lists(lists) => runtime.block_on(lists.run()),
            Command::Domain(domain) => runtime.block_on(domain.run()),
            Command::Mandates(mandates) => runtime.block_on(mandates.run()),
            Command::App(app) => runtime.block_on(app.run()),
            Command::Audit(audit) => runtime.block_on(audit.run()),
        }
    }
}

/// A line for the user; when nobody reads, that is no reason to stop.
fn say(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Who is at the command line, for the log of changes.
fn who() -> String {
    let named = ["SUDO_USER", "USER", "LOGNAME"].into_iter();
    let named = named.filter_map(|name| std::env::var(name).ok());
    let mut plain = named.filter(|name| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-@".contains(c);
        (1..=32).contains(&name.len()) && name.chars().all(is_plain)
    });
    format!("{} at the command line", plain.next().unwrap_or_default())
        .trim_start()
        .to_owned()
}

/// Warnings and errors, or what `SLUIS_LOG` asks for. Lines go to stderr, so that stdout is what a
/// command prints for its user.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_env("SLUIS_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
