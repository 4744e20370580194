//! The 30 steps from PGO to care provider, as the receiving parties saw them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use server::door::TraceId;
use server::network::{Party, Person, Running, Shown};
use server::observer::Sighting;
use server::outside::Headers;
use server::routes::steps::{Role, STEPS, Step};
use tokio::time::{Instant, sleep};

use super::{Ended, browser};

/// How long the last sightings may take to reach the observer.
const SIGHTINGS_WAIT: Duration = Duration::from_secs(3);
/// When nothing came for so long, nothing more will: sightings are sent at once.
const QUIET: Duration = Duration::from_millis(400);
/// How often we look.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A journey that was run.
struct Run {
    name: &'static str,
    trace: TraceId,
    steps: Vec<Seen>,
    /// What the person saw at the end, when it was not what it should be.
    stopped_at: Option<String>,
    /// What parties refused on the way, in their own words for the operator.
    refusals: Vec<Refusal>,
    took: Duration,
}

/// A line of `log.jsonl`.
#[derive(PartialEq, Deserialize, Serialize)]
struct Refusal {
    party: String,
    requirement: String,
    reason: String,
}

/// A step, and who saw it.
struct Seen {
    step: &'static Step,
    sightings: Vec<Sighting>,
    /// Whether somebody else's server receives its message, and tells the observer nothing.
    is_outside: bool,
}

impl Seen {
    /// A step passed when its receiver saw it, and nobody saw it fail. What a party from outside did
    /// with a message shows in the steps that follow.
    fn passed(&self) -> bool {
        let was_told = !self.sightings.is_empty() || self.is_outside;
        was_told && self.sightings.iter().all(|sighting| sighting.ok)
    }

    fn result(&self) -> &'static str {
        match (self.passed(), self.sightings.is_empty()) {
            (true, false) => "ok",
            (true, true) => "outside",
            (false, false) => "failed",
            (false, true) => "not seen",
        }
    }

    /// Party and peer of each sighting, once, after a space.
    fn seen_by(&self) -> String {
        let mut seen: Vec<String> = Vec::new();
        for sighting in &self.sightings {
            let text = format!(" {} ← {}", sighting.party, sighting.peer);
            if !seen.contains(&text) {
                seen.push(text);
            }
        }
        seen.join(",")
    }
}

impl Run {
    fn passed(&self) -> bool {
        self.stopped_at.is_none() && self.first_failed().is_none()
    }

    fn first_failed(&self) -> Option<&Seen> {
        self.steps.iter().find(|seen| !seen.passed())
    }

    fn to_text(&self) -> String {
        use std::fmt::Write as _;
        let mut text = String::new();
        for seen in &self.steps {
            let step = seen.step;
            let (from, to) = (step.from.name(), step.to.name());
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "{:>2}  {from} → {to}: {}  [{}]{}  trace {}",
                step.number,
                step.en,
                seen.result(),
                seen.seen_by(),
                self.trace,
            );
        }
        let took_ms = self.took.as_millis();
        let _ = match self.first_failed() {
            None if self.stopped_at.is_none() => {
                let unseen = self.steps.iter().filter(|seen| seen.sightings.is_empty());
                let unseen = match unseen.count() {
                    0 => String::new(),
                    number => format!(", {number} of them where others play"),
                };
                let name = self.name;
                writeln!(text, "{name}: all 30 steps passed in {took_ms} ms{unseen}")
            }
            failed => writeln!(text, "{}: {}", self.name, self.why(failed)),
        };
        text
    }

    /// Which step failed and why, in one line.
    fn why(&self, failed: Option<&Seen>) -> String {
        let shown = self
            .stopped_at
            .as_deref()
            .unwrap_or("the person saw a result");
        let refusals = self.refusals.iter().map(|refusal| {
            let Refusal {
                party,
                requirement,
                reason,
            } = refusal;
            format!("{party} refused ({requirement}: {reason}); ")
        });
        let shown = refusals.chain([shown.to_owned()]).collect::<String>();
        match failed {
            Some(seen) => {
                let notes = seen.sightings.iter().filter(|sighting| !sighting.ok);
                let notes: Vec<&str> = notes.map(|sighting| sighting.note.as_str()).collect();
                let notes = if notes.is_empty() {
                    "its receiver never saw it".to_owned()
                } else {
                    notes.join("; ")
                };
                let number = seen.step.number;
                format!("step {number} failed ({}): {notes}; {shown}", seen.step.en)
            }
            None => format!("every step was seen, but {shown}"),
        }
    }

    fn to_json(&self) -> Value {
        let steps: Vec<Value> = self.steps.iter().map(|seen| self.step_json(seen)).collect();
        json!({
            "journey": self.name,
            "passed": self.passed(),
            "failed_step": self.first_failed().map(|seen| seen.step.number),
            "stopped_at": self.stopped_at,
            "refusals": self.refusals,
            "trace_id": self.trace.to_string(),
            "took_ms": u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
            "steps": steps,
        })
    }

    fn step_json(&self, seen: &Seen) -> Value {
        json!({
            "step": seen.step.number,
            "from": seen.step.from.name(),
            "to": seen.step.to.name(),
            "message": seen.step.en,
            "result": seen.result(),
            "trace_id": self.trace.to_string(),
            "seen": seen.sightings,
        })
    }
}

/// The 30 steps of seed 000, by the first person of the input.
pub(super) async fn run(running: &Running) -> Ended {
    let run = walked(running).await;
    Ended {
        passed: run.passed(),
        text: run.to_text(),
        json: run.to_json(),
    }
}

async fn walked(running: &Running) -> Run {
    let trace = TraceId::fresh();
    let began = Instant::now();
    let stopped_at = match browser(running) {
        Ok(outside) => walk(running, Person::new(outside, trace)).await.err(),
        Err(why) => Some(why),
    };
    let took = began.elapsed();
    let sightings = sightings(running, trace).await;
    Run {
        name: "mitz",
        trace,
        steps: sightings,
        stopped_at,
        refusals: refusals(running, trace),
        took,
    }
}

/// What stands in `log.jsonl` of this run, each once.
fn refusals(running: &Running, trace: TraceId) -> Vec<Refusal> {
    let trace = trace.to_string();
    let log = std::fs::read_to_string(running.state.join("log.jsonl")).unwrap_or_default();
    let lines = log.lines().filter(|line| line.contains(&trace));
    let mut refusals = Vec::new();
    for refusal in lines.filter_map(|line| serde_json::from_str(line).ok()) {
        if !refusals.contains(&refusal) {
            refusals.push(refusal);
        }
    }
    refusals
}

/// What the person does: choose, log in, consent, look at the result.
async fn walk(running: &Running, mut person: Person) -> Result<(), String> {
    let who = running
        .input
        .people
        .first()
        .ok_or("there is nobody in the input")?;
    let start = person.open(&running.hosts.url("pgo")).await?;
    let login = person.send(start.form("/verzamelen")?).await?;
    // Another DigiD may know by itself who comes, and has its own page if not.
    let consent = match login.form("/inloggen") {
        Ok(form) => {
            let form = form.with("bsn", who.bsn.reveal()).with("keuze", "inloggen");
            person.send(form).await?
        }
        Err(_) if running.input.parties.contains_key(&Party::Digid) => login,
        Err(why) => return Err(why),
    };
    let form = consent
        .form("/toestemming")?
        .with_every("ja")
        .with("keuze", "geven");
    let result = person.send(form).await?;
    shows_data(&result)
}

/// Whether the person sees data, and of everyone that was asked.
fn shows_data(result: &Shown) -> Result<(), String> {
    if result.status == 200 && result.url.path() == "/resultaat" {
        Ok(())
    } else {
        Err(format!("the person saw {}", result.in_short()))
    }
}

/// What the observer was told of the run, when every step was told or nothing more comes.
async fn sightings(running: &Running, trace: TraceId) -> Vec<Seen> {
    let begun = Instant::now();
    let (mut known, mut since) = (0, begun);
    loop {
        let seen = told(running, trace).await;
        let number = seen.iter().map(|seen| seen.sightings.len()).sum();
        if number != known {
            (known, since) = (number, Instant::now());
        }
        let is_told = |seen: &Seen| !seen.sightings.is_empty() || seen.is_outside;
        let whole = seen.iter().all(is_told);
        if whole || since.elapsed() >= QUIET || begun.elapsed() >= SIGHTINGS_WAIT {
            return seen;
        }
        sleep(LOOK_AGAIN).await;
    }
}

async fn told(running: &Running, trace: TraceId) -> Vec<Seen> {
    let url = format!("{}/reizen/{trace}.json", running.hosts.url("netwerk"));
    let answer = match browser(running) {
        Ok(outside) => outside.get(&url, Headers::none()).await.ok(),
        Err(_) => None,
    };
    let told = answer.and_then(|answer| serde_json::from_slice::<Value>(&answer.body).ok());
    let mut by_step: BTreeMap<u8, Vec<Sighting>> = BTreeMap::new();
    for sighting in told.iter().flat_map(read) {
        by_step.entry(sighting.step).or_default().push(sighting);
    }
    STEPS
        .iter()
        .map(|step| Seen {
            sightings: by_step.remove(&step.number).unwrap_or_default(),
            is_outside: is_outside(running, step.to),
            step,
        })
        .collect()
}

/// Whether nobody of this program plays a role.
fn is_outside(running: &Running, role: Role) -> bool {
    let players: &[Party] = match role {
        Role::Persoon | Role::DvpClient => &[Party::Pgo],
        Role::MitzAs | Role::Register => &[Party::Mitz],
        Role::Digid => &[Party::Digid],
        Role::Lokalisatie => &[Party::Lokalisatie],
        Role::DvaDiscovery | Role::DvaAs | Role::DvaRs => &[Party::Dva, Party::Dva2],
    };
    let outside = &running.input.parties;
    players.iter().all(|party| outside.contains_key(party))
}

/// The sightings in the observer's answer.
fn read(told: &Value) -> Vec<Sighting> {
    let stappen = told["stappen"].as_array().into_iter().flatten();
    let gezien = stappen.flat_map(|stap| stap["gezien"].as_array().into_iter().flatten());
    gezien
        .filter_map(|value| serde_json::from_value(value.clone()).ok())
        .collect()
}
