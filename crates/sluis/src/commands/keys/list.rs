//! `sluis keys list`.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use server::keys::admin::{self, Listed};

use super::table::{aligned, moment};
use super::{Whose, not_done};
use crate::commands::say;

/// Show a party's keys: what each is for, what it does now, and until when
#[derive(Args)]
#[command(after_help = "Examples:
  sluis keys list --state ./sluis-demo --party mitz
  sluis keys list --state ./sluis-demo --party mitz --json | jq '.keys[] | select(.state == \"in use\")'

Exit codes: 0 they are shown, 2 they cannot be read.")]
pub(super) struct List {
    #[command(flatten)]
    whose: Whose,
    /// Print them as JSON
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) async fn run(self) -> ExitCode {
        let opened = match self.whose.open().await {
            Ok(opened) => opened,
            Err(code) => return code,
        };
        let keys = match admin::list(&opened.home, &opened.schedule, opened.now).await {
            Ok(keys) => keys,
            Err(why) => return not_done(&why),
        };
        if self.json {
            say(&json!({ "schema_version": 1, "keys": keys }).to_string());
        } else {
            say(&table(&keys));
        }
        ExitCode::SUCCESS
    }
}

fn table(keys: &[Listed]) -> String {
    let row = |key: &Listed| {
        vec![
            key.purpose.to_owned(),
            key.number.to_string(),
            key.state.to_owned(),
            key.algorithm.to_owned(),
            moment(key.used_from),
            key.until.map_or_else(|| "-".to_owned(), moment),
            key.seals.to_string(),
            key.pkcs11_id
                .as_ref()
                .map_or_else(|| "store".to_owned(), |id| format!("pkcs11 {id}")),
            key.kid.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = keys.iter().map(row).collect();
    let heads = [
        "PURPOSE",
        "NUMBER",
        "STATE",
        "ALGORITHM",
        "USED FROM",
        "KEPT UNTIL",
        "SEALS",
        "HELD IN",
        "KID",
    ];
    aligned(&heads, &rows)
}
