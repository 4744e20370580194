//! `sluis domain apply`.

use std::path::PathBuf;

use clap::Args;
use koppeltaal::domeinbeheer::Bewerking;
use serde_json::json;

use super::{Beside, Ended, Whose, agreed, change};
use crate::commands::say;

/// Make a domain what a file declares: all of it, or nothing when somebody changed it meanwhile
#[derive(Args)]
#[command(after_help = "Examples:
  sluis domain apply ggz-noord.json --config /etc/sluis/koppeltaal.toml
  sluis domain apply ggz-noord.json --yes --config /etc/sluis/koppeltaal.toml

It tells what would change, as `plan` does, and asks. Nodes know of it two seconds later; tokens that
were issued before last for five minutes at most.

Exit codes: 0 the domain is as the file says, 1 it was refused and nothing changed, 2 it could not
begin.")]
pub(super) struct Apply {
    /// The declaration of a domain
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Say it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whose: Whose,
}

impl Apply {
    pub(super) async fn run(self) -> Result<(), Ended> {
        let opened = self.whose.open().await?;
        let beside = Beside::read(&opened, &self.file).await?;
        if !self.json {
            say(&beside.text());
        }
        let domein = &beside.declared.domein;
        if !beside.plan.is_leeg() {
            agreed(self.yes, &format!("Change {domein}?"))?;
        }
        let whole = Bewerking::Geheel(Box::new(beside.declared.clone()));
        let versie = change(&opened, domein, whole, beside.verwacht).await?;
        let changes = beside.plan.wijzigingen().len();
        let versie = versie.unwrap_or_default();
        say(&if self.json {
            let applied = json!({ "domain": domein, "version": versie, "changes": changes });
            json!({ "schema_version": 1, "applied": applied }).to_string()
        } else {
            format!("{domein} has version {versie}")
        });
        Ok(())
    }
}
