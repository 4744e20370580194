//! `sluis keys retire`.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use server::keys::Purpose;
use server::keys::admin::{self, Retired};

use super::{Whose, cannot_begin, not_done, purpose};
use crate::commands::say;

/// Remove a key that nothing needs any more, or at once one that was stolen
#[derive(Args)]
#[command(after_help = "Examples:
  sluis keys retire persons 1 --state ./sluis-demo --party mitz
  sluis keys rotate handles --state ./sluis-demo --party mitz &&
    sluis keys retire handles 1 --now --state ./sluis-demo --party mitz

Exit codes: 0 it is gone, 1 it is still needed or the only one, 2 the keys cannot be read.")]
pub(super) struct Retire {
    /// What the key is for
    #[arg(value_name = "PURPOSE", value_parser = purpose)]
    purpose: Purpose,
    /// Its number within its purpose
    #[arg(value_name = "NUMBER")]
    number: u32,
    /// Also when what it made is still alive, which then no longer works
    #[arg(long)]
    now: bool,
    #[command(flatten)]
    whose: Whose,
    /// Say it as JSON
    #[arg(long)]
    json: bool,
}

impl Retire {
    pub(super) async fn run(self) -> ExitCode {
        let opened = match self.whose.open().await {
            Ok(opened) => opened,
            Err(code) => return code,
        };
        let token = match opened.token(self.purpose) {
            Ok(token) => token,
            Err(why) => return cannot_begin(&why),
        };
        let key = (self.purpose, self.number);
        let (home, schedule) = (&opened.home, &opened.schedule);
        let token = token.as_deref();
        let retired = admin::retire(home, token, schedule, key, self.now, opened.now).await;
        let retired = match retired {
            Ok(retired) => retired,
            Err(why) => return not_done(&why),
        };
        say(&self.told(retired));
        ExitCode::SUCCESS
    }

    fn told(&self, retired: Retired) -> String {
        let (purpose, number) = (self.purpose.name(), self.number);
        let left = retired.left.map(|id| id.to_string());
        if self.json {
            let gone = json!({
                "purpose": purpose,
                "number": number,
                "loss": retired.loss,
                "left_in_pkcs11": left,
            });
            return json!({ "schema_version": 1, "retired": gone }).to_string();
        }
        let gone = format!("{purpose}-{number} is gone");
        let gone = match retired.loss {
            Some(loss) => format!("{gone}: {loss}"),
            None => gone,
        };
        match left {
            Some(id) => format!("{gone}; object {id} is still in the token: destroy it there"),
            None => gone,
        }
    }
}
