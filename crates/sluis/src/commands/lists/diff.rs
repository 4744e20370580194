//! `sluis lists diff`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use medmij::lists::{Document, Verschil, Wijziging};
use serde_json::{Value, json};

use super::files::{self, NoList};
use super::{Rules, cannot_begin};
use crate::commands::say;

/// Tell what came, went and changed between two editions of a list
#[derive(Args)]
#[command(after_help = "Examples:
  sluis lists diff yesterday/MedMij_Whitelist.xml today/MedMij_Whitelist.xml
  sluis lists diff --json old.xml new.xml

A line begins with + for what came, - for what went, ~ for what changed.

Exit codes: 0 they were compared, whether or not they differ; 1 one is no good list; 2 one cannot be
read, or they are not the same list.")]
pub(super) struct Diff {
    /// The earlier edition
    #[arg(value_name = "EARLIER")]
    earlier: PathBuf,
    /// The later one
    #[arg(value_name = "LATER")]
    later: PathBuf,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    rules: Rules,
}

impl Diff {
    pub(super) fn run(&self) -> ExitCode {
        let (earlier, later) = match (self.read(&self.earlier), self.read(&self.later)) {
            (Ok(earlier), Ok(later)) => (earlier, later),
            (Err(failed), _) | (_, Err(failed)) => return failed,
        };
        if earlier.soort() != later.soort() {
            let (earlier, later) = (earlier.soort(), later.soort());
            return cannot_begin(&format!("a {earlier} and a {later} cannot be compared"));
        }
        let verschil = Verschil::tussen(&earlier.vermeldingen(), &later.vermeldingen());
        if self.json {
            say(&as_json(&earlier, &later, &verschil).to_string());
        } else {
            say(&text(&earlier, &later, &verschil));
        }
        ExitCode::SUCCESS
    }

    fn read(&self, file: &Path) -> Result<Document, ExitCode> {
        files::list(file, self.rules.port()).map_err(|no| match no {
            NoList::Bad(why) => {
                eprintln!("{why}");
                ExitCode::FAILURE
            }
            NoList::Unreadable(why) => cannot_begin(&why),
        })
    }
}

fn text(earlier: &Document, later: &Document, verschil: &Verschil) -> String {
    let mut lines = vec![
        format!("from {}", files::heading(earlier)),
        format!("to   {}", files::heading(later)),
    ];
    if verschil.is_empty() {
        lines.push("both say the same".to_owned());
    }
    lines.extend(verschil.erbij.iter().map(|key| format!("+ {key}")));
    lines.extend(verschil.eraf.iter().map(|key| format!("- {key}")));
    for (key, changes) in &verschil.anders {
        lines.push(format!("~ {key}"));
        lines.extend(changes.iter().map(|change| {
            let or_nothing = |value: &Option<String>| value.clone().unwrap_or("nothing".to_owned());
            let (was, now) = (or_nothing(&change.was), or_nothing(&change.wordt));
            format!("    {}: {was} -> {now}", change.gegeven)
        }));
    }
    lines.join("\n")
}

fn as_json(earlier: &Document, later: &Document, verschil: &Verschil) -> Value {
    let number = |list: &Document| list.uitgave().volgnummer.number();
    let change = |change: &Wijziging| json!({ "name": change.gegeven, "was": change.was, "is": change.wordt });
    let changed = verschil.anders.iter().map(|(key, changes)| {
        json!({ "key": key, "changes": changes.iter().map(change).collect::<Value>() })
    });
    json!({
        "schema_version": 1,
        "list": earlier.soort().kort(),
        "earlier": number(earlier),
        "later": number(later),
        "came": verschil.erbij,
        "went": verschil.eraf,
        "changed": changed.collect::<Value>(),
    })
}
