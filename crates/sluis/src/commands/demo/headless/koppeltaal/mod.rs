//! What happens in a domain of Koppeltaal, as an administrator, two applications, and a person with a
//! browser do it.
//!
//! The two applications are new ones, with keys that are made for this run and shown at a port of this
//! process. The portal and the module of the demo do the launch.

mod applicatie;
mod walk;

use std::fmt::Write as _;

use serde_json::{Value, json};
use server::door::TraceId;
use server::network::Running;
use tokio::time::Instant;

use self::walk::Walk;
use super::Ended;

/// A step: its number, who says it to whom, what, and the topic that asks for it.
struct Step {
    number: u8,
    from: &'static str,
    to: &'static str,
    message: &'static str,
    topic: &'static str,
}

const BEHEER: &str = "domeinbeheer";
const AUTORISATIE: &str = "autorisatieservice";
const FHIR: &str = "FHIR resource service";
const EIGEN: &str = "applicatie";
const ANDER: &str = "andere applicatie";

/// The steps, in order.
const STEPS: [Step; 10] = [
    step(
        1,
        "beheerder",
        BEHEER,
        "registers two applications",
        "TOP-KT-018",
    ),
    step(2, EIGEN, AUTORISATIE, "asks for a token", "TOP-KT-005"),
    step(3, EIGEN, FHIR, "makes a Task, and owns it", "TOP-KT-002a"),
    step(
        4,
        ANDER,
        FHIR,
        "searches, and sees no Task of others",
        "TOP-KT-002b",
    ),
    step(5, "portaal", "module", "launches a task", "TOP-KT-007"),
    step(
        6,
        "module",
        AUTORISATIE,
        "asks who launched it",
        "TOP-KT-007",
    ),
    step(7, "IdP", AUTORISATIE, "says who it is", "TOP-KT-023"),
    step(
        8,
        "module",
        AUTORISATIE,
        "gets context and person for the code",
        "TOP-KT-007",
    ),
    step(
        9,
        ANDER,
        AUTORISATIE,
        "introspects a launch token",
        "TOP-KT-021",
    ),
    step(
        10,
        "beheerder",
        BEHEER,
        "removes the two applications",
        "TOP-KT-018",
    ),
];

const fn step(
    number: u8,
    from: &'static str,
    to: &'static str,
    message: &'static str,
    topic: &'static str,
) -> Step {
    Step {
        number,
        from,
        to,
        message,
        topic,
    }
}

/// What was done, and how each step ended that was reached.
struct Run {
    trace: TraceId,
    results: Vec<Result<String, String>>,
    took_ms: u64,
}

/// Walks until a step fails.
pub(super) async fn run(running: &Running) -> Ended {
    let (trace, began) = (TraceId::fresh(), Instant::now());
    let mut results = Vec::new();
    match Walk::begin(running, trace).await {
        Ok(mut walk) => {
            for step in &STEPS {
                results.push(walk.step(step.number).await);
                if results.last().is_some_and(Result::is_err) {
                    break;
                }
            }
            // Nothing is left to remove when every step was done.
            if results.last().is_some_and(Result::is_err) {
                let _ = walk.remove().await;
            }
        }
        Err(why) => results.push(Err(why)),
    }
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let run = Run {
        trace,
        results,
        took_ms,
    };
    Ended {
        passed: run.failed().is_none(),
        text: run.to_text(),
        json: run.to_json(),
    }
}

impl Run {
    /// The step that failed, and why.
    fn failed(&self) -> Option<(&'static Step, &str)> {
        let mut results = STEPS.iter().zip(&self.results);
        results.find_map(|(step, result)| Some((step, result.as_ref().err()?.as_str())))
    }

    fn to_text(&self) -> String {
        let mut text = String::new();
        for (at, step) in STEPS.iter().enumerate() {
            let result = match self.results.get(at) {
                Some(Ok(note)) => format!("ok] {note}"),
                Some(Err(why)) => format!("failed] {why}"),
                None => "not reached]".to_owned(),
            };
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "{:>2}  {} → {}: {}  ({})  [{result}  trace {}",
                step.number, step.from, step.to, step.message, step.topic, self.trace,
            );
        }
        let _ = match self.failed() {
            None => writeln!(
                text,
                "koppeltaal: all {} steps passed in {} ms",
                STEPS.len(),
                self.took_ms
            ),
            Some((step, why)) => {
                let number = step.number;
                writeln!(
                    text,
                    "koppeltaal: step {number} failed ({}): {why}",
                    step.message
                )
            }
        };
        text
    }

    fn to_json(&self) -> Value {
        let steps = STEPS.iter().enumerate().map(|(at, step)| {
            let (result, note) = match self.results.get(at) {
                Some(Ok(note)) => ("ok", Some(note)),
                Some(Err(why)) => ("failed", Some(why)),
                None => ("not reached", None),
            };
            json!({
                "step": step.number, "from": step.from, "to": step.to, "message": step.message,
                "topic": step.topic, "result": result, "note": note,
                "trace_id": self.trace.to_string(),
            })
        });
        json!({
            "journey": "koppeltaal",
            "passed": self.failed().is_none(),
            "failed_step": self.failed().map(|(step, _)| step.number),
            "trace_id": self.trace.to_string(),
            "took_ms": self.took_ms,
            "steps": steps.collect::<Vec<_>>(),
        })
    }
}
