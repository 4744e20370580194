//! `sluis lists validate`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::files::{self, NoList};
use super::{Rules, cannot_begin};
use crate::commands::say;

/// Read lists by their schema; which one it is, and which release, its root element says
///
/// Prints a line for each good list. A bad one is told on stderr as `file:line: reason`, with the
/// way to the element and the requirement that it breaks.
#[derive(Args)]
#[command(after_help = "Examples:
  sluis lists validate MedMij_Whitelist.xml
  sluis lists validate --frontchannel-port state/stelselnode/lists/*.xml

Exit codes: 0 all are good, 1 one is not, 2 one cannot be read.")]
pub(super) struct Validate {
    /// The files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    rules: Rules,
}

impl Validate {
    pub(super) fn run(&self) -> ExitCode {
        let mut all_good = true;
        for file in &self.files {
            match files::list(file, self.rules.port()) {
                Ok(list) => {
                    let count = list.vermeldingen().len();
                    let heading = files::heading(&list);
                    say(&format!("{}: {heading}, {count} entries", file.display()));
                }
                Err(NoList::Bad(why)) => {
                    eprintln!("{why}");
                    all_good = false;
                }
                Err(NoList::Unreadable(why)) => return cannot_begin(&why),
            }
        }
        if all_good {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
