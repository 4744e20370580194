//! `sluis keys rotate`.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use server::keys::{Purpose, admin};

use super::table::moment;
use super::{Whose, cannot_begin, not_done, purpose};
use crate::commands::say;

/// Make the next key of a purpose; it is published now and used a little later
#[derive(Args)]
#[command(after_help = "Example:
  sluis keys rotate tokens --state ./sluis-demo --party mitz

Exit codes: 0 it was made, 1 it was not, 2 the keys cannot be read.")]
pub(super) struct Rotate {
    /// What the key is for
    #[arg(value_name = "PURPOSE", value_parser = purpose)]
    purpose: Purpose,
    #[command(flatten)]
    whose: Whose,
    /// Say it as JSON
    #[arg(long)]
    json: bool,
}

impl Rotate {
    pub(super) async fn run(self) -> ExitCode {
        let opened = match self.whose.open().await {
            Ok(opened) => opened,
            Err(code) => return code,
        };
        let custody = match opened.custody(self.purpose) {
            Ok(custody) => custody,
            Err(why) => return cannot_begin(&why),
        };
        let (home, schedule) = (&opened.home, &opened.schedule);
        let made = admin::rotate(home, &custody, schedule, self.purpose, opened.now).await;
        let made = match made {
            Ok(made) => made,
            Err(why) => return not_done(&why),
        };
        let (purpose, used_from) = (self.purpose.name(), made.used_from.unix());
        say(&if self.json {
            let made = json!({ "purpose": purpose, "number": made.number, "used_from": used_from });
            json!({ "schema_version": 1, "made": made }).to_string()
        } else {
            let number = made.number;
            format!(
                "{purpose}-{number} is made, and used from {}",
                moment(used_from)
            )
        });
        ExitCode::SUCCESS
    }
}
