//! `sluis keys not-before`.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use server::date;
use server::keys::admin::{self, ListedNotBefore};
use server::keys::not_before::Subject;
use verdict::Moment;

use super::table::{aligned, moment};
use super::{Whose, cannot_begin, not_done};
use crate::commands::beside::Opened;
use crate::commands::say;

/// Refuse every token that was issued to a client, by an issuer or in a domain before a moment
///
/// Without a kind and name: show what holds.
#[derive(Args)]
#[command(after_help = "Examples:
  sluis keys not-before --state ./sluis-demo --party mitz
  sluis keys not-before client pgo.localhost now --state ./sluis-demo --party mitz
  sluis keys not-before issuer https://mitz.localhost:8443 2026-11-22T10:00:00Z --state ./sluis-demo --party dva

Exit codes: 0 it holds or is shown, 1 it was refused, 2 the keys cannot be read.")]
pub(super) struct NotBefore {
    /// Whose tokens
    #[arg(value_name = "KIND", value_parser = ["client", "issuer", "domain"], requires = "name")]
    kind: Option<String>,
    /// The client id, issuer or domain
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// The moment, as 2026-11-22T10:00:00Z
    #[arg(value_name = "TIME|now", default_value = "now")]
    time: String,
    #[command(flatten)]
    whose: Whose,
    /// Say it as JSON
    #[arg(long)]
    json: bool,
}

impl NotBefore {
    pub(super) async fn run(self) -> ExitCode {
        let opened = match self.whose.open().await {
            Ok(opened) => opened,
            Err(code) => return code,
        };
        // It is printed whenever somebody lists them: nothing in it may rule their terminal.
        let has_control = |name: &String| name.contains(char::is_control);
        if self.name.as_ref().is_some_and(has_control) {
            return cannot_begin("the name has a control character in it");
        }
        if let (Some(kind), Some(name)) = (&self.kind, &self.name)
            && let Some(subject) = Subject::read(kind, name)
            && let Err(code) = self.set(&opened, &subject).await
        {
            return code;
        }
        let held = match admin::not_before(&opened.home, opened.now).await {
            Ok(held) => held,
            Err(why) => return not_done(&why),
        };
        say(&if self.json {
            json!({ "schema_version": 1, "not_before": held }).to_string()
        } else {
            table(&held)
        });
        ExitCode::SUCCESS
    }

    async fn set(&self, opened: &Opened, subject: &Subject) -> Result<(), ExitCode> {
        let at = match self.time.as_str() {
            "now" => Some(opened.now),
            text => date::parse(text).map(Moment::from_unix),
        };
        let Some(at) = at else {
            let why = format!("{}: not a moment such as 2026-11-22T10:00:00Z", self.time);
            return Err(cannot_begin(&why));
        };
        let set = admin::set_not_before(&opened.home, subject, at, opened.now).await;
        set.map_err(|why| not_done(&why))
    }
}

fn table(held: &[ListedNotBefore]) -> String {
    let row = |one: &ListedNotBefore| {
        let (kind, name) = (one.kind.to_owned(), one.name.clone());
        vec![kind, moment(one.not_before), name]
    };
    let rows: Vec<Vec<String>> = held.iter().map(row).collect();
    aligned(&["KIND", "NOT BEFORE", "NAME"], &rows)
}
