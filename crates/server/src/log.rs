//! `log.jsonl`: one line per refusal, for the operator who was given a trace id.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use verdict::Moment;

use crate::observer::Weigering;

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

    /// Whether it can be appended to, or made when the time comes.
    ///
    /// # Errors
    /// A text for the operator.
    pub(crate) fn could_open(path: &Path) -> Result<(), String> {
        match OpenOptions::new().append(true).open(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unusable(path, &error)),
            _ => Ok(()),
        }
    }

    /// One line. [`App`](crate::app::App) calls it, which also tells the observer.
    pub(crate) fn write(&self, refused: &Weigering) {
        let line = json!({
            "time": refused.time,
            "party": refused.party,
            "trace_id": refused.trace_id,
            "requirement": refused.requirement,
            "reason": refused.reason,
            "who": refused.who,
        });
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = writeln!(file, "{line}") {
            tracing::error!(%error, "log.jsonl cannot be written; is the disk full?");
        }
    }
}

/// What the operator is told of a log that cannot be written.
pub(crate) fn unusable(path: &Path, error: &io::Error) -> String {
    format!(
        "{}: {error}; make it writable for the user who serves",
        path.display()
    )
}

/// A line that is written at most once a second, however often there is reason for it.
#[derive(Debug, Default)]
pub struct Seldom {
    second: AtomicI64,
    left_out: AtomicU64,
}

impl Seldom {
    /// Whether it is time for a line; and how many were left out since the last one.
    pub fn turn(&self, now: Moment) -> Option<u64> {
        if self.second.swap(now.unix(), Ordering::Relaxed) == now.unix() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(self.left_out.swap(0, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_a_second_tells_how_many_were_left_out() {
        let line = Seldom::default();
        let at = |second| line.turn(Moment::from_unix(second));
        assert_eq!((at(10), at(10), at(10)), (Some(0), None, None));
        assert_eq!((at(11), at(12)), (Some(2), Some(0)));
    }
}
