//! `sluis domain plan`.

use std::path::PathBuf;

use clap::Args;

use super::{Beside, Ended, Whose, refused};
use crate::commands::say;

/// Tell what would change in a domain if it became what a file declares
#[derive(Args)]
#[command(after_help = "Examples:
  sluis domain plan ggz-noord.json --config /etc/sluis/koppeltaal.toml
  sluis domain plan ggz-noord.json --check --config /etc/sluis/koppeltaal.toml

A line begins with + for what comes, - for what goes, ~ for what changes. `sluis domain show` prints
a declaration to begin with.

Exit codes: 0 it is told, 1 the file is no good declaration, or with --check something would change;
2 the domain or the file cannot be read.")]
pub(super) struct PlanFile {
    /// The declaration of a domain
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Exit with 1 if anything would change
    #[arg(long)]
    check: bool,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whose: Whose,
}

impl PlanFile {
    pub(super) async fn run(self) -> Result<(), Ended> {
        let opened = self.whose.open().await?;
        let beside = Beside::read(&opened, &self.file).await?;
        say(&if self.json {
            beside.json().to_string()
        } else {
            beside.text()
        });
        if self.check && !beside.plan.is_leeg() {
            let domein = &beside.declared.domein;
            return Err(refused(&format!("{domein} is not as the file says")));
        }
        Ok(())
    }
}
