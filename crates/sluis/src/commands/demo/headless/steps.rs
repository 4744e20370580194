//! Journeys that know themselves how each of their steps ended, and how they are told.

use std::fmt::Write as _;

use serde_json::{Value, json};
use server::door::TraceId;
use tokio::time::Instant;

use super::Ended;

/// A step: its number, who says it to whom, what, and the requirement that asks for it.
pub(super) struct Step {
    pub(super) number: u8,
    from: &'static str,
    to: &'static str,
    message: &'static str,
    requirement: &'static str,
}

pub(super) const fn step(
    number: u8,
    from: &'static str,
    to: &'static str,
    message: &'static str,
    requirement: &'static str,
) -> Step {
    Step {
        number,
        from,
        to,
        message,
        requirement,
    }
}

/// A journey: its name, its steps in order, and what its framework calls a requirement.
pub(super) struct Journey {
    pub(super) name: &'static str,
    pub(super) steps: &'static [Step],
    pub(super) requirement: &'static str,
}

/// What came of a step, or why it failed.
pub(super) type Went = Result<String, String>;

/// What was done, and how each step ended that was reached.
pub(super) struct Run {
    journey: &'static Journey,
    pub(super) trace: TraceId,
    began: Instant,
    results: Vec<Went>,
}

impl Run {
    pub(super) fn of(journey: &'static Journey) -> Self {
        Self {
            journey,
            trace: TraceId::fresh(),
            began: Instant::now(),
            results: Vec::new(),
        }
    }

    /// Walks until a step fails; tells whether one did.
    pub(super) async fn walk(&mut self, mut step: impl AsyncFnMut(u8) -> Went) -> bool {
        for each in self.journey.steps {
            self.results.push(step(each.number).await);
            if self.results.last().is_some_and(Result::is_err) {
                return true;
            }
        }
        false
    }

    /// The first step could not even be tried.
    pub(super) fn stopped(&mut self, why: String) {
        self.results.push(Err(why));
    }

    pub(super) fn ended(&self) -> Ended {
        let took_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ended {
            passed: self.failed().is_none(),
            text: self.to_text(took_ms),
            json: self.to_json(took_ms),
        }
    }

    /// The step that failed, and why.
    fn failed(&self) -> Option<(&'static Step, &str)> {
        let mut results = self.journey.steps.iter().zip(&self.results);
        results.find_map(|(step, result)| Some((step, result.as_ref().err()?.as_str())))
    }

    fn to_text(&self, took_ms: u64) -> String {
        let mut text = String::new();
        for (at, step) in self.journey.steps.iter().enumerate() {
            let result = match self.results.get(at) {
                Some(Ok(note)) => format!("ok] {note}"),
                Some(Err(why)) => format!("failed] {why}"),
                None => "not reached]".to_owned(),
            };
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "{:>2}  {} → {}: {}  ({})  [{result}  trace {}",
                step.number, step.from, step.to, step.message, step.requirement, self.trace,
            );
        }
        let (name, steps) = (self.journey.name, self.journey.steps.len());
        let _ = match self.failed() {
            None => writeln!(text, "{name}: all {steps} steps passed in {took_ms} ms"),
            Some((step, why)) => {
                let number = step.number;
                writeln!(
                    text,
                    "{name}: step {number} failed ({}): {why}",
                    step.message
                )
            }
        };
        text
    }

    fn to_json(&self, took_ms: u64) -> Value {
        let steps = self.journey.steps.iter().enumerate().map(|(at, step)| {
            let (result, note) = match self.results.get(at) {
                Some(Ok(note)) => ("ok", Some(note)),
                Some(Err(why)) => ("failed", Some(why)),
                None => ("not reached", None),
            };
            json!({
                "step": step.number, "from": step.from, "to": step.to, "message": step.message,
                self.journey.requirement: step.requirement, "result": result, "note": note,
                "trace_id": self.trace.to_string(),
            })
        });
        json!({
            "journey": self.journey.name,
            "passed": self.failed().is_none(),
            "failed_step": self.failed().map(|(step, _)| step.number),
            "trace_id": self.trace.to_string(),
            "took_ms": took_ms,
            "steps": steps.collect::<Vec<_>>(),
        })
    }
}
