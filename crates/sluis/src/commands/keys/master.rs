//! `sluis keys master`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use server::keys::MasterKey;

use super::cannot_begin;
use crate::commands::say;

/// Make a master key, which seals the keys in the store; never over another
#[derive(Args)]
#[command(after_help = "Example:
  sluis keys master /etc/sluis/secret/master.key

Keep the file apart from the backups of the store: neither is of any use without the other.

Exit codes: 0 it was made, 2 it was not.")]
pub(super) struct Master {
    /// The file, which is made for its owner only
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Master {
    pub(super) fn run(&self) -> ExitCode {
        match MasterKey::make(&self.file) {
            Ok(master) => {
                say(&format!("{}: named {}", self.file.display(), master.name()));
                ExitCode::SUCCESS
            }
            Err(fault) => cannot_begin(&fault.to_string()),
        }
    }
}
