//! `sluis domain remove`.

use clap::Args;
use koppeltaal::Domein;
use koppeltaal::domeinbeheer::{Bewerking, Verwacht};

use super::{Ended, Whose, agreed, change, kept, name, no_such_domain};
use crate::commands::say;

/// Remove a domain: its applications get no tokens any more
#[derive(Args)]
#[command(after_help = "Example:
  sluis domain remove ggz-noord --config /etc/sluis/koppeltaal.toml

What is in its FHIR server stays there. `sluis domain show` prints what `apply` needs to make it again.

Exit codes: 0 it is gone, 1 it was refused or there is no such domain, 2 it could not begin.")]
pub(super) struct Remove {
    /// The domain
    #[arg(value_name = "DOMAIN", value_parser = name)]
    domain: Domein,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    whose: Whose,
}

impl Remove {
    pub(super) async fn run(self) -> Result<(), Ended> {
        let opened = self.whose.open().await?;
        let nu = kept(&opened, &self.domain).await?;
        let known = nu.and_then(|nu| Some((nu.versie, nu.domein?)));
        let (versie, domein) = known.ok_or_else(|| no_such_domain(&self.domain))?;
        let (applications, name) = (domein.applicaties.len(), &self.domain);
        agreed(
            self.yes,
            &format!("Remove {name} with {applications} applications?"),
        )?;
        let verwacht = Verwacht::Versie(versie);
        change(&opened, name, Bewerking::Opheffen, verwacht).await?;
        say(&format!("{name} is gone"));
        Ok(())
    }
}
