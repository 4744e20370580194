//! What was measured: a table for people, JSON for tools, a plot.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use crate::floor::Floor;
use crate::node::Standing;
use crate::{Result, plot};

/// One scenario.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) name: String,
    proof: String,
    home: String,
    grants: u32,
    pub(crate) connections: u16,
    pub(crate) requests_per_s: f64,
    pub(crate) requests_per_cpu_s: f64,
    /// How much of the server's time, in per cent, is cryptography that nobody can do without.
    of_floor: f64,
    cpu_s_per_1000: f64,
    client_cpu_s_per_1000: f64,
    p50_ms: f64,
    p99_ms: f64,
    p999_ms: f64,
    mean_commit_group: f64,
    resident_mb: f64,
    /// Of each node beside it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    beside_cpu_s_per_1000: BTreeMap<&'static str, f64>,
    #[serde(skip)]
    slowest: Duration,
}

/// Everything of a run.
#[derive(Serialize)]
struct Report<'a> {
    schema_version: u32,
    floor: &'a Floor,
    measured: &'a [Measured],
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a run are far below 2^52"
)]
const fn figure(count: u64) -> f64 {
    count as f64
}

/// What is measured, for a line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) proof: String,
    pub(crate) home: String,
    pub(crate) grants: u32,
    pub(crate) connections: u16,
    /// How often the cryptography alone could be done in a CPU-second.
    pub(crate) floor_per_s: f64,
}

impl Measured {
    pub(crate) fn of(
        subject: Subject,
        seconds: u64,
        answers: u64,
        before: Standing,
        after: Standing,
        latencies: &[Duration],
    ) -> Self {
        let answered = figure(answers);
        let cpu_s = after.cpu_s - before.cpu_s;
        let ms = |share| percentile(latencies, share).as_secs_f64() * 1000.0;
        Self {
            of_floor: 100.0 * answered / cpu_s / subject.floor_per_s,
            name: subject.name,
            proof: subject.proof,
            home: subject.home,
            grants: subject.grants,
            connections: subject.connections,
            requests_per_s: answered / figure(seconds),
            requests_per_cpu_s: answered / cpu_s,
            cpu_s_per_1000: cpu_s * 1000.0 / answered,
            client_cpu_s_per_1000: (after.client_cpu_s - before.client_cpu_s) * 1000.0 / answered,
            p50_ms: ms(0.5),
            p99_ms: ms(0.99),
            p999_ms: ms(0.999),
            mean_commit_group: figure(after.commits - before.commits)
                / figure(after.groups - before.groups),
            resident_mb: after.resident_mb,
            beside_cpu_s_per_1000: BTreeMap::new(),
            slowest: latencies.last().copied().unwrap_or_default(),
        }
    }

    /// The same with the CPU seconds that nodes beside it spent on so many answers.
    pub(crate) fn beside(mut self, cpu_s: BTreeMap<&'static str, f64>, answers: u64) -> Self {
        let each = cpu_s.into_iter();
        let per_1000 = |(name, cpu_s)| (name, cpu_s * 1000.0 / figure(answers));
        self.beside_cpu_s_per_1000 = each.map(per_1000).collect();
        self
    }

    /// What the nodes beside it spent; nothing where there were none.
    fn told_beside(&self) -> Option<String> {
        let each = self.beside_cpu_s_per_1000.iter();
        let each = each.map(|(name, cpu_s)| format!("{name} {cpu_s:.3}"));
        let each: Vec<String> = each.collect();
        let told = format!("{}: CPU-s/1000 of {}", self.name, each.join(", "));
        (!each.is_empty()).then_some(told)
    }

    /// A line while it goes on.
    pub(crate) fn short(&self) -> String {
        format!(
            "{}: {:.0} per second, {:.0} per CPU-second",
            self.name, self.requests_per_s, self.requests_per_cpu_s
        )
    }

    fn cells(&self) -> [String; 13] {
        [
            self.proof.clone(),
            self.home.clone(),
            self.grants.to_string(),
            self.connections.to_string(),
            format!("{:.0}", self.requests_per_s),
            format!("{:.2}", self.p50_ms),
            format!("{:.2}", self.p99_ms),
            format!("{:.2}", self.p999_ms),
            format!("{:.3}", self.cpu_s_per_1000),
            format!("{:.0}", self.requests_per_cpu_s),
            share(self.of_floor),
            group(self.mean_commit_group),
            format!("{:.0}", self.resident_mb),
        ]
    }
}

/// In per cent, where there is a floor.
fn share(of_floor: f64) -> String {
    if of_floor > 0.0 {
        format!("{of_floor:.0} %")
    } else {
        "-".to_owned()
    }
}

/// Of a server that tells its groups.
fn group(mean: f64) -> String {
    if mean.is_nan() {
        "-".to_owned()
    } else {
        format!("{mean:.1}")
    }
}

const HEADS: [&str; 13] = [
    "proof",
    "home",
    "grants",
    "conns",
    "req/s",
    "p50 ms",
    "p99 ms",
    "p99.9 ms",
    "CPU-s/1000",
    "req/CPU-s",
    "of floor",
    "group",
    "RSS MB",
];

/// The value below which this share of the sorted times lies.
fn percentile(sorted: &[Duration], share: f64) -> Duration {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a length is a place in it"
    )]
    let at = (figure(sorted.len() as u64) * share) as usize;
    let at = at.min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default()
}

/// `target/load`, where the results go.
pub(crate) fn folder() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.parent().and_then(|built| built.parent());
    let folder = target.ok_or("no target directory")?.join("load");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Prints the table, and writes `NAME.json` and `NAME.svg`.
pub(crate) fn tell(name: &str, title: &str, floor: &Floor, measured: &[Measured]) -> Result<()> {
    print!("{}", table(measured));
    let beside = measured.iter().filter_map(Measured::told_beside);
    beside.for_each(|line| println!("{line}"));
    let report = Report {
        schema_version: 1,
        floor,
        measured,
    };
    let folder = folder()?;
    fs::write(
        folder.join(format!("{name}.json")),
        serde_json::to_vec_pretty(&report)?,
    )?;
    let svg = folder.join(format!("{name}.svg"));
    fs::write(svg, plot::svg(title, measured))?;
    println!("written: {}/{name}.json, {name}.svg", folder.display());
    Ok(())
}

/// Whether every answer of a run came within this time.
pub(crate) fn within(measured: &[Measured], most: Duration) -> Result<()> {
    let late = measured.iter().find(|line| line.slowest > most);
    match late {
        Some(line) => Err(format!("{}: an answer took {:?}", line.name, line.slowest).into()),
        None => Ok(()),
    }
}

/// Columns as wide as their widest cell; numbers at the right.
fn table(measured: &[Measured]) -> String {
    let mut rows = vec![HEADS.map(str::to_owned)];
    rows.extend(measured.iter().map(Measured::cells));
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max();
    let widths: Vec<usize> = (0..HEADS.len()).map(|at| width(at).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).enumerate();
        let cells = cells.map(|(at, (cell, width))| match at {
            0 | 1 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let times: Vec<Duration> = (1..=1000).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 0.5), Duration::from_millis(501));
        assert_eq!(percentile(&times, 0.999), Duration::from_secs(1));
        assert_eq!(percentile(&times[..1], 0.999), Duration::from_millis(1));
        assert_eq!(percentile(&[], 0.5), Duration::ZERO);
    }
}
