//! The program, run without a browser over an `--input` folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

/// How often we look whether the program has ended, and how many times at most: two minutes.
const LOOK: Duration = Duration::from_millis(100);
const LOOKS_MAX: u32 = 1_200;
/// The step in which the data arrive.
const DATA: u64 = 30;

/// The program.
pub(super) struct Sluis(PathBuf);

/// How a run ended.
pub(super) enum Ended {
    /// All steps passed.
    Passed(Report),
    /// The network ran and the journey stopped: at the first step that failed, if one did, and what
    /// was seen there.
    Stopped(Option<u64>, String),
    /// The network did not start: what it said.
    Refused(String),
}

/// What the program told of the journey.
pub(super) struct Report {
    journey: Value,
    pub(super) took_ms: u64,
}

impl Sluis {
    /// The program that `SLUIS` names, or that was built last.
    pub(super) fn find(root: &Path) -> Result<Self, String> {
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let built = || target.join("debug/sluis");
        let path = std::env::var_os("SLUIS").map_or_else(built, PathBuf::from);
        if path.is_file() {
            Ok(Self(path))
        } else {
            Err(format!(
                "{}: build it first: cargo build --package sluis",
                path.display()
            ))
        }
    }

    /// The journey `mitz` over `input`, with `state` for keys, stores and what it prints.
    pub(super) fn mitz(&self, input: &Path, state: &Path) -> Result<Ended, String> {
        let failed = |error: std::io::Error| format!("{}: {error}", state.display());
        fs::create_dir(state).map_err(failed)?;
        // Files, not pipes: a full pipe would stop a program that nobody reads yet.
        let (out, err) = (state.join("stdout.json"), state.join("stderr.txt"));
        let mut command = Command::new(&self.0);
        command.args(["demo", "--headless", "mitz", "--json", "--port", "0"]);
        command
            .arg("--input")
            .arg(input)
            .arg("--state")
            .arg(state.join("state"));
        command.stdin(Stdio::null());
        command.stdout(File::create(&out).map_err(failed)?);
        command.stderr(File::create(&err).map_err(failed)?);
        let child = command
            .spawn()
            .map_err(|error| format!("{}: {error}", self.0.display()))?;
        let status = wait(child)?;
        let said = fs::read_to_string(&err).map_err(failed)?;
        match status.code() {
            Some(2) => Ok(Ended::Refused(said.trim().to_owned())),
            Some(0 | 1) => journey(&fs::read_to_string(&out).map_err(failed)?),
            _ => Err(format!("the program ended with {status}: {}", said.trim())),
        }
    }
}

fn wait(mut child: Child) -> Result<ExitStatus, String> {
    for _ in 0..LOOKS_MAX {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            return Ok(status);
        }
        sleep(LOOK);
    }
    // It may have ended in this very moment; then there is nothing to stop.
    let _ = child.kill();
    let _ = child.wait();
    Err("the program did not end within two minutes".to_owned())
}

/// Reads what `--json` printed.
fn journey(printed: &str) -> Result<Ended, String> {
    let mut printed: Value =
        serde_json::from_str(printed).map_err(|error| format!("its JSON: {error}"))?;
    let journey = printed
        .pointer_mut("/journeys/0")
        .map(Value::take)
        .unwrap_or_default();
    let took_ms = journey["took_ms"]
        .as_u64()
        .ok_or("its JSON has no journey")?;
    if printed["passed"] == true && journey["passed"] == true {
        return Ok(Ended::Passed(Report { journey, took_ms }));
    }
    let failed = journey["failed_step"].as_u64();
    let step = steps(&journey).find(|step| failed.is_some() && step["step"].as_u64() == failed);
    let notes = step
        .and_then(|step| step["seen"].as_array())
        .into_iter()
        .flatten();
    let notes = notes
        .filter(|sighting| sighting["ok"] == false)
        .map(|sighting| &sighting["note"]);
    let seen = notes
        .chain([&journey["stopped_at"]])
        .filter_map(Value::as_str);
    let mut seen: Vec<&str> = seen.collect();
    seen.dedup();
    Ok(Ended::Stopped(failed, seen.join("; ")))
}

fn steps(journey: &Value) -> impl Iterator<Item = &Value> {
    journey["steps"].as_array().into_iter().flatten()
}

impl Report {
    /// How many resources came from a provider, as the PGO told the observer.
    pub(super) fn received(&self, ura: &str) -> usize {
        let of_data = steps(&self.journey).filter(|step| step["step"] == DATA);
        let sightings = of_data.filter_map(|step| step["seen"].as_array());
        let of_provider = sightings
            .flatten()
            .filter(|sighting| sighting["aanbieder"] == ura);
        of_provider
            .filter_map(|sighting| resources(sighting["note"].as_str()?))
            .sum()
    }
}

/// The number in `7 resources received`.
fn resources(note: &str) -> Option<usize> {
    note.strip_suffix(" resources received")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_passed_tells_what_each_provider_gave() {
        let printed = r#"{"passed":true,"journeys":[{"passed":true,"took_ms":7,"steps":[
            {"step":29,"seen":[{"aanbieder":"1","note":"9 resources received"}]},
            {"step":30,"seen":[{"aanbieder":"1","note":"2 resources received"},
                {"aanbieder":"2","note":"4 resources received"},
                {"aanbieder":"1","note":"3 resources received"},
                {"aanbieder":"1","note":"no usable data"}]}]}]}"#;
        let Ok(Ended::Passed(report)) = journey(printed) else {
            panic!("it passed")
        };
        assert_eq!(
            (
                report.received("1"),
                report.received("2"),
                report.received("3")
            ),
            (5, 4, 0)
        );
        assert_eq!(report.took_ms, 7);
    }

    #[test]
    fn a_run_that_stopped_tells_where_and_why() {
        let printed = r#"{"passed":false,"journeys":[{"passed":false,"took_ms":7,"failed_step":24,
            "stopped_at":"the person saw nothing","steps":[
            {"step":23,"seen":[{"ok":false,"note":"other"}]},
            {"step":24,"seen":[{"ok":true,"note":"fine"},{"ok":false,"note":"bad"}]}]}]}"#;
        let Ok(Ended::Stopped(step, why)) = journey(printed) else {
            panic!("it stopped")
        };
        assert_eq!(
            (step, why.as_str()),
            (Some(24), "bad; the person saw nothing")
        );
        assert!(journey("{}").is_err());
    }
}
