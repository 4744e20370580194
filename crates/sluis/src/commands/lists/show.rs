//! `sluis lists show`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use medmij::lists::{Document, Vermelding};
use serde_json::{Value, json};

use super::files::{self, NoList};
use super::{Rules, cannot_begin};
use crate::commands::say;

/// Show what stands in a list, entry by entry
#[derive(Args)]
#[command(after_help = "Examples:
  sluis lists show MedMij_OAuthclientlist.xml
  sluis lists show --json MedMij_Whitelist.xml | jq -r '.entries[].key'

Exit codes: 0 it was shown, 1 it is no good list, 2 it cannot be read.")]
pub(super) struct Show {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    rules: Rules,
}

impl Show {
    pub(super) fn run(&self) -> ExitCode {
        let list = match files::list(&self.file, self.rules.port()) {
            Ok(list) => list,
            Err(NoList::Bad(why)) => {
                eprintln!("{why}");
                return ExitCode::FAILURE;
            }
            Err(NoList::Unreadable(why)) => return cannot_begin(&why),
        };
        if self.json {
            say(&as_json(&list).to_string());
        } else {
            say(&table(&list));
        }
        ExitCode::SUCCESS
    }
}

/// The heading, then each entry with what is said of it in aligned lines.
fn table(list: &Document) -> String {
    let entries = list.vermeldingen();
    let names = entries.iter().flat_map(|entry| &entry.gegevens);
    let width = names.map(|(name, _)| name.chars().count()).max();
    let width = width.unwrap_or_default();
    let mut lines = vec![files::heading(list), String::new()];
    for entry in &entries {
        lines.push(entry.sleutel.clone());
        let facts = entry.gegevens.iter();
        lines.extend(facts.map(|(name, value)| format!("  {name:width$}  {value}")));
    }
    lines.push(String::new());
    lines.push(format!("{} entries", entries.len()));
    lines.join("\n")
}

fn as_json(list: &Document) -> Value {
    let uitgave = list.uitgave();
    let entry = |entry: Vermelding| {
        let facts = entry.gegevens.into_iter();
        let facts = facts.map(|(name, value)| json!({ "name": name, "value": value }));
        json!({ "key": entry.sleutel, "says": facts.collect::<Value>() })
    };
    json!({
        "schema_version": 1,
        "list": list.soort().kort(),
        "name": list.soort().naam(),
        "release": list.release(),
        "volgnummer": uitgave.volgnummer.number(),
        "tijdstempel": uitgave.tijdstempel.to_string(),
        "entries": list.vermeldingen().into_iter().map(entry).collect::<Value>(),
    })
}
