//! `sluis backup`: a copy of each role's rows, while the node goes on.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use server::backup;

use super::configured::{cannot_begin, config};
use super::say;

/// Copy the rows of each role (SQLite) to a folder, while the node goes on. The master key is not in it:
/// keep that elsewhere
#[derive(Args)]
pub(crate) struct Backup {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The folder, made and closed to others if it is not there; files that are there already are not
    /// replaced
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

impl Backup {
    /// Copies. Exit code 0 when every role was copied, 1 when one was not, 2 when it could not begin.
    pub(crate) fn run(self) -> ExitCode {
        let config = match config(&self.config) {
            Ok(config) => config,
            Err(why) => return cannot_begin("backup", &why),
        };
        match backup::back_up(&config, &self.to) {
            Ok(files) => {
                for file in files {
                    say(&file.display().to_string());
                }
                ExitCode::SUCCESS
            }
            Err(why) => {
                eprintln!("sluis backup: {why}");
                ExitCode::FAILURE
            }
        }
    }
}
