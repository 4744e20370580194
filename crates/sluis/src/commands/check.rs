//! `sluis check`: whether a node could serve, and what to do if not.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use server::node::{self, Finding, Reach, Standing};

use super::configured::config;
use super::say;

/// Whether a node could serve by this configuration: keys, certificates, revocation lists, store, clock
/// and those that it calls; a line each, with the remedy
#[derive(Args)]
pub(crate) struct Check {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Call nobody but the database: what a service can look at before it starts, whether or not the
    /// others are up
    #[arg(long)]
    offline: bool,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

impl Check {
    /// Looks. Exit code 0 when nothing is at fault, 1 when something is.
    pub(crate) async fn run(self) -> ExitCode {
        let findings = match config(&self.config) {
            Ok(config) => node::check(&config, self.reach()).await,
            Err(why) => vec![Finding {
                subject: "configuration".to_owned(),
                standing: Standing::Fault,
                says: why,
            }],
        };
        say(&if self.json {
            json(&findings)
        } else {
            table(&findings)
        });
        let is_at_fault = |finding: &Finding| finding.standing == Standing::Fault;
        if findings.iter().any(is_at_fault) {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}

impl Check {
    const fn reach(&self) -> Reach {
        if self.offline {
            Reach::Here
        } else {
            Reach::Everywhere
        }
    }
}

fn table(findings: &[Finding]) -> String {
    let widths = findings.iter().map(|finding| finding.subject.len());
    let width = widths.max().unwrap_or_default();
    let lines = findings.iter().map(|finding| {
        let Finding {
            subject,
            standing,
            says,
        } = finding;
        format!("{standing:<5}  {subject:<width$}  {says}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn json(findings: &[Finding]) -> String {
    let told = findings.iter().map(|finding| {
        serde_json::json!({
            "subject": finding.subject,
            "standing": finding.standing.to_string().to_lowercase(),
            "says": finding.says,
        })
    });
    serde_json::Value::from(told.collect::<Vec<_>>()).to_string()
}
