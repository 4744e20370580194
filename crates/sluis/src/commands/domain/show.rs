//! `sluis domain show`.

use clap::Args;
use koppeltaal::Domein;

use super::{Ended, Whose, kept, name, no_such_domain};
use crate::commands::say;

/// Print the declaration of a domain, as `plan` and `apply` take it
#[derive(Args)]
#[command(after_help = "Example:
  sluis domain show ggz-noord --config /etc/sluis/koppeltaal.toml > ggz-noord.json

Exit codes: 0 it is printed, 1 there is no such domain, 2 it cannot be read.")]
pub(super) struct Show {
    /// The domain
    #[arg(value_name = "DOMAIN", value_parser = name)]
    domain: Domein,
    #[command(flatten)]
    whose: Whose,
}

impl Show {
    pub(super) async fn run(self) -> Result<(), Ended> {
        let opened = self.whose.open().await?;
        let nu = kept(&opened, &self.domain).await?;
        let domein = nu.and_then(|nu| nu.domein);
        let domein = domein.ok_or_else(|| no_such_domain(&self.domain))?;
        say(&String::from_utf8_lossy(&domein.document()));
        Ok(())
    }
}
