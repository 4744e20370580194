//! `sluis migrate`: the schema of the store, brought to this program's version.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use server::home::Home;

use super::configured::{cannot_begin, config};
use super::say;

/// Bring the store to the schema of this program, forward only, while nodes of the previous release go on
#[derive(Args)]
pub(crate) struct Migrate {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

impl Migrate {
    /// Migrates. Exit code 0 when every role's rows have this program's schema, 1 when some could not be
    /// brought there, 2 when it could not begin.
    pub(crate) async fn run(self) -> ExitCode {
        let config = match config(&self.config) {
            Ok(config) => config,
            Err(why) => return cannot_begin("migrate", &why),
        };
        let mut code = ExitCode::SUCCESS;
        for role in config.roles() {
            match Home::migrate(&config, role).await {
                Ok(()) => say(&format!("{role}: the schema is this program's")),
                Err(why) => {
                    eprintln!("sluis migrate: {role}: {why}");
                    code = ExitCode::FAILURE;
                }
            }
        }
        code
    }
}
