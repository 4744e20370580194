//! `sluis mandates withdraw`.

use clap::Args;
use serde_json::json;

use super::{Ended, Whose, no_such_mandate, not_done, reference};
use crate::commands::keys::table::moment;
use crate::commands::{say, who};

/// Withdraw a mandate: no login and no refresh counts on it from now on
#[derive(Args)]
#[command(after_help = "Example:
  sluis mandates withdraw Yk3bJ0v1oQ5xE2cA --config /etc/sluis/mr.toml

It stays to be seen for seven years. Access tokens that were given under it last until they are over, fifteen
minutes at most.

Exit codes: 0 it is withdrawn, now or before, 1 there is no such mandate, 2 it could not begin.")]
pub(super) struct Withdraw {
    /// The mandate, as `list` names it
    #[arg(value_name = "ID", value_parser = reference, allow_hyphen_values = true)]
    id: String,
    /// Say it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whose: Whose,
}

impl Withdraw {
    pub(super) async fn run(self) -> Result<(), Ended> {
        let (id, register) = (&self.id, self.whose.open().await?);
        let since = register.beheer().intrekken(id, &who()).await;
        let since = since.map_err(not_done)?;
        let since = since.ok_or_else(|| no_such_mandate(id))?;
        say(&if self.json {
            let withdrawn = json!({ "id": id, "ingetrokken": since });
            json!({ "schema_version": 1, "withdrawn": withdrawn }).to_string()
        } else {
            format!("{id} is withdrawn since {}", moment(since))
        });
        Ok(())
    }
}
