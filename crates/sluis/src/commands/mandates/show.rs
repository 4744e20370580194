//! `sluis mandates show`.

use clap::Args;

use super::{Ended, Whose, as_json, reference};
use crate::commands::say;

/// Print a mandate, as GET /beheer/machtigingen/ID shows it
#[derive(Args)]
#[command(after_help = "Example:
  sluis mandates show Yk3bJ0v1oQ5xE2cA --config /etc/sluis/mr.toml

Exit codes: 0 it is printed, 1 there is no such mandate, 2 it cannot be read.")]
pub(super) struct Show {
    /// The mandate, as `list` names it
    #[arg(value_name = "ID", value_parser = reference, allow_hyphen_values = true)]
    id: String,
    #[command(flatten)]
    whose: Whose,
}

impl Show {
    pub(super) async fn run(self) -> Result<(), Ended> {
        let register = self.whose.open().await?;
        let machtiging = register.one(&self.id).await?;
        say(&format!("{:#}", as_json(&self.id, &machtiging)));
        Ok(())
    }
}
