//! `sluis domain list`.

use clap::Args;
use serde_json::{Value, json};
use server::domeinbeheer;

use super::{Ended, Whose, kept, not_done};
use crate::commands::keys::table::aligned;
use crate::commands::say;

/// Show which domains there are
#[derive(Args)]
#[command(after_help = "Example:
  sluis domain list --config /etc/sluis/koppeltaal.toml

Exit codes: 0 they are shown, 2 they cannot be read.")]
pub(super) struct List {
    #[command(flatten)]
    whose: Whose,
    /// Print them as JSON
    #[arg(long)]
    json: bool,
}

/// A domain in a line.
struct Row {
    domain: String,
    version: u64,
    applications: usize,
    roles: usize,
    upstream: String,
}

impl List {
    pub(super) async fn run(self) -> Result<(), Ended> {
        let opened = self.whose.open().await?;
        let all = domeinbeheer::domeinen(&opened.home, opened.now).await;
        let mut rows = Vec::new();
        for (domein, version) in all.map_err(not_done)? {
            let nu = kept(&opened, &domein).await?;
            // Somebody may have removed it since.
            if let Some(nu) = nu.and_then(|nu| nu.domein) {
                rows.push(Row {
                    domain: domein.to_string(),
                    version,
                    applications: nu.applicaties.len(),
                    roles: nu.rollen.len(),
                    upstream: nu.upstream,
                });
            }
        }
        say(&if self.json {
            let domains: Value = rows.iter().map(as_json).collect();
            json!({ "schema_version": 1, "domains": domains }).to_string()
        } else {
            table(&rows)
        });
        Ok(())
    }
}

fn as_json(row: &Row) -> Value {
    json!({
        "domain": row.domain,
        "version": row.version,
        "applications": row.applications,
        "roles": row.roles,
        "upstream": row.upstream,
    })
}

fn table(rows: &[Row]) -> String {
    let cells = |row: &Row| {
        let numbers = [row.version.to_string(), row.applications.to_string()];
        let [version, applications] = numbers;
        vec![
            row.domain.clone(),
            version,
            applications,
            row.roles.to_string(),
            row.upstream.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let heads = ["DOMAIN", "VERSION", "APPLICATIONS", "ROLES", "FHIR SERVER"];
    aligned(&heads, &rows)
}
