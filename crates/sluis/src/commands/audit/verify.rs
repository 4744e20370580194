//! `sluis audit verify`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use jose::Jwk;
use serde_json::{Value, json};
use server::audit::heads::{Head, Heads, SetBack};
use server::audit::verify::Report;
use server::audit::{entry, verify};
use server::keys::audit_publics;

use super::{Whose, cannot_begin, heads};
use crate::commands::beside::Opened;
use crate::commands::keys::table::moment;
use crate::commands::say;

/// Prove that the log is what it was: every row against the signed segments, every segment against the next.
/// The node may run
#[derive(Args)]
#[command(after_help = "Examples:
  sluis audit verify --config /etc/sluis/mitz.toml
  sluis audit verify --config /etc/sluis/mitz.toml --heads /mnt/elsewhere/heads.json

Exit codes: 0 everything fits, 1 something does not (it says what first), 2 it could not be read.")]
pub(super) struct Verify {
    #[command(flatten)]
    whose: Whose,
    /// A file with the ends of the chains, to be kept elsewhere: what it has must still be there; then it is
    /// written anew
    #[arg(long, value_name = "FILE")]
    heads: Option<PathBuf>,
    /// Say it as JSON
    #[arg(long)]
    json: bool,
}

/// What became of one log.
struct Verified {
    name: String,
    report: Report,
    set_back: Option<SetBack>,
}

impl Verify {
    pub(super) async fn run(self) -> ExitCode {
        match self.all().await {
            Ok(all) => self.tell(&all),
            Err(code) => code,
        }
    }

    async fn all(&self) -> Result<Vec<Verified>, ExitCode> {
        let earlier = self.heads.as_deref().map(heads::read).transpose();
        let earlier = earlier.map_err(|why| cannot_begin(&why))?.flatten();
        let mut logs = earlier
            .as_ref()
            .map_or_else(BTreeMap::new, |e| e.logs.clone());
        let mut all = Vec::new();
        for (name, opened) in self.whose.open().await? {
            let (verified, head) = one(&name, &opened, logs.get(&name)).await?;
            if let Some(head) = head {
                logs.insert(name, head);
            }
            all.push(verified);
        }
        if let Some(file) = self.heads.as_deref()
            && all.iter().all(Verified::holds)
        {
            write(file, logs)?;
        }
        Ok(all)
    }

    fn tell(&self, all: &[Verified]) -> ExitCode {
        if self.json {
            let logs: Vec<Value> = all.iter().map(Verified::as_json).collect();
            say(&json!({ "schema_version": 1, "logs": logs }).to_string());
        } else {
            for line in all.iter().flat_map(Verified::lines) {
                say(&line);
            }
        }
        if all.iter().all(Verified::holds) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

/// Verifies one log, and compares it with its earlier head; its head, when everything fits.
async fn one(
    name: &str,
    opened: &Opened,
    earlier: Option<&Head>,
) -> Result<(Verified, Option<Head>), ExitCode> {
    let unread = |why: String| cannot_begin(&format!("{name}: {why}"));
    let master = opened.master().map_err(unread)?;
    let keys = audit_publics(&opened.home, master, opened.now).await;
    let keys = keys.map_err(|fault| unread(fault.to_string()))?;
    let report = verify(&opened.home, &keys, opened.now).await;
    let report = report.map_err(|fault| unread(fault.to_string()))?;
    let set_back = match earlier {
        Some(head) => {
            let stands = head.stands(&opened.home, opened.now).await;
            stands.map_err(|fault| unread(fault.to_string()))?.err()
        }
        None => None,
    };
    let public = || keys.iter().map(Jwk::to_json).collect();
    let head = report.last.as_ref().map(|last| Head::of(last, public()));
    let verified = Verified {
        name: name.to_owned(),
        report,
        set_back,
    };
    let head = head.filter(|_| verified.holds());
    Ok((verified, head))
}

fn write(file: &Path, logs: BTreeMap<String, Head>) -> Result<(), ExitCode> {
    let heads = Heads {
        schema_version: 1,
        logs,
    };
    heads::write(file, &heads).map_err(|why| cannot_begin(&why))
}

impl Verified {
    const fn holds(&self) -> bool {
        self.report.holds() && self.set_back.is_none()
    }

    fn lines(&self) -> Vec<String> {
        let Report {
            segments,
            proven,
            since,
            destroyed,
            going,
            younger,
            faults,
            ..
        } = self.report;
        let name = &self.name;
        let mut lines = vec![match (&self.report.last, since) {
            (None, _) => format!("{name}: nothing is chained yet; {younger} rows wait"),
            (Some(last), since) => format!(
                "{name}: {proven} rows proven{}, in {segments} segments; {younger} are younger than the last \
                 entry ({}, at {})",
                since.map_or_else(String::new, |since| format!(" since {}", moment(since))),
                last.number,
                moment(last.made)
            ),
        }];
        if destroyed + going > 0 {
            lines.push(format!(
                "{name}: {destroyed} rows were destroyed after their retention, as tombstones tell; {going} go next"
            ));
        }
        let tombstones = self.report.tombstones.iter().rev().take(TOMBSTONES_TOLD);
        lines.extend(tombstones.rev().map(|(made, tombstone)| {
            let day = moment(tombstone.before_day.saturating_mul(86_400));
            let why = tombstone.kept_days.map_or_else(
                || "before the chain began".to_owned(),
                |days| format!("kept for {days} days"),
            );
            format!(
                "{name}: destroyed what was before {}, {why}; said at {}",
                &day[..10],
                moment(*made)
            )
        }));
        if let Some(first) = &self.report.first_fault {
            lines.push(format!("{name}: DOES NOT FIT: {first} ({faults} in all)"));
        }
        if let Some(set_back) = &self.set_back {
            lines.push(format!("{name}: DOES NOT FIT: {set_back}"));
        }
        lines
    }

    fn as_json(&self) -> Value {
        let report = &self.report;
        let last = report.last.as_ref();
        let tombstones: Vec<Value> = (report.tombstones.iter())
            .map(|(made, tombstone)| {
                json!({ "made": made, "before_day": tombstone.before_day, "to": tombstone.to,
                        "kept_days": tombstone.kept_days })
            })
            .collect();
        json!({
            "log": self.name,
            "holds": self.holds(),
            "segments": report.segments,
            "proven": report.proven,
            "since": report.since,
            "younger": report.younger,
            "destroyed": report.destroyed,
            "going": report.going,
            "tombstones": tombstones,
            "last": last.map(|last| json!({ "number": last.number, "made": last.made,
                                            "name": entry::name(&last.text) })),
            "faults": report.faults,
            "first_fault": report.first_fault.as_ref().map(ToString::to_string),
            "set_back": self.set_back.as_ref().map(ToString::to_string),
        })
    }
}

/// Tombstones that the text tells, the newest; JSON has more.
const TOMBSTONES_TOLD: usize = 5;
