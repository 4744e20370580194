//! `log.jsonl`: one line per refusal, for the operator who was given a trace id.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use verdict::{Actor, Event, Moment, Outcome};

use crate::door::TraceId;

/// A file that several parties write to, a line at a time. Clones write to the same file. A line
/// tells the trace id, the requirement and the reason: no BSN, token, code, assertion or query.
#[derive(Clone)]
pub struct RefusalLog(Arc<Mutex<File>>);

impl RefusalLog {
    /// Appends to the file, which only its owner can read.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)?;
        Ok(Self(Arc::new(Mutex::new(file))))
    }

    /// One line for each refusal among the events.
    pub fn events(&self, now: Moment, party: &str, trace: TraceId, events: &[Event]) {
        for event in events
            .iter()
            .filter(|event| event.outcome == Outcome::Refused)
        {
            let who = match &event.who {
                Actor::Person => "person",
                Actor::Party(name) => name,
                Actor::Unknown => "unknown",
            };
            self.line(now, party, trace, event.requirement, event.what, who);
        }
    }

    /// One line for a refusal that no rule had to decide.
    pub fn refused(
        &self,
        now: Moment,
        party: &str,
        trace: TraceId,
        requirement: &str,
        reason: &str,
    ) {
        self.line(now, party, trace, requirement, reason, "unknown");
    }

    fn line(
        &self,
        now: Moment,
        party: &str,
        trace: TraceId,
        requirement: &str,
        reason: &str,
        who: &str,
    ) {
        let line = json!({
            "time": now.unix(),
            "party": party,
            "trace_id": trace.to_string(),
            "requirement": requirement,
            "reason": reason,
            "who": who,
        });
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = writeln!(file, "{line}") {
            tracing::error!(%error, "log.jsonl cannot be written; is the disk full?");
        }
    }
}
