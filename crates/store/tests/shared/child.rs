//! This test binary once more, as a process that loads a home and tells what happens, until it is
//! killed or the home fails.

use std::env;
use std::error::Error;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child as Process, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::SystemTime;

use store::contract::history::{Happened, Note};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Names the home to the child, and tells it which one of several it is.
const HOME: &str = "STORE_TEST_CHILD_HOME";
const TAG: &str = "STORE_TEST_CHILD_TAG";

/// Rounds of a test of kills: enough for every change, or as many as a night has.
pub(crate) fn rounds(short: u32) -> u32 {
    match env::var_os("SLUIS_LONG") {
        Some(_) => 20 * short,
        None => short,
    }
}

/// In the child: the home, and the tag of its load.
pub(crate) fn task() -> Option<(String, u32)> {
    let home = env::var(HOME).ok()?;
    let tag = env::var(TAG).ok()?.parse().ok()?;
    Some((home, tag))
}

/// In the child: tells the parent at once. A parent that is gone is told nothing.
pub(crate) fn aloud() -> Note {
    Arc::new(|happened| {
        let mut out = std::io::stdout().lock();
        // The test runner's own words stand on the same lines.
        let _ = write!(out, "\nsaid {} {happened}\n", now()).and_then(|()| out.flush());
    })
}

/// What all processes of this machine call now, in nanoseconds.
#[expect(
    clippy::disallowed_methods,
    reason = "histories of processes are joined by time"
)]
pub(crate) fn now() -> u128 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos())
}

/// A child, and what it said so far.
pub(crate) struct Child {
    process: Process,
    output: BufReader<ChildStdout>,
    /// With the moment of each.
    pub(crate) said: Vec<(u128, Happened)>,
}

impl Child {
    /// Runs `test` of this binary as a child on a home.
    pub(crate) fn start(test: &str, home: &str, tag: u32) -> Result<Self> {
        Self::start_by(Command::new(env::current_exe()?), test, home, tag)
    }

    /// The same, by a command that ends in this binary.
    pub(crate) fn start_by(mut command: Command, test: &str, home: &str, tag: u32) -> Result<Self> {
        let mut process = command
            .args([test, "--exact", "--nocapture"])
            .env(HOME, home)
            .env(TAG, tag.to_string())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().ok_or("piped")?;
        Ok(Self {
            process,
            output: BufReader::new(output),
            said: Vec::new(),
        })
    }

    /// Reads until it has said so much, or has ended.
    pub(crate) fn listen(&mut self, said_max: usize) -> Result<()> {
        let mut line = String::new();
        while self.said.len() < said_max {
            line.clear();
            if self.output.read_line(&mut line)? == 0 {
                break;
            }
            // A line that the kill cut off says nothing.
            let whole = line
                .strip_suffix('\n')
                .and_then(|line| line.strip_prefix("said "));
            let Some((when, what)) = whole.and_then(|line| line.split_once(' ')) else {
                continue;
            };
            if let (Ok(when), Ok(happened)) = (when.parse(), what.parse()) {
                self.said.push((when, happened));
            }
        }
        Ok(())
    }

    /// Kills it, and reads what it had said by then; the whole history.
    pub(crate) fn kill(self) -> Result<Vec<Happened>> {
        Ok(in_order(self.kill_timed()?))
    }

    /// The same with the moments.
    pub(crate) fn kill_timed(mut self) -> Result<Vec<(u128, Happened)>> {
        self.process.kill()?;
        Ok(self.end()?.1)
    }

    /// Waits until it ends; whether that went well, and all it said.
    pub(crate) fn end(mut self) -> Result<(bool, Vec<(u128, Happened)>)> {
        self.listen(usize::MAX)?;
        Ok((self.process.wait()?.success(), self.said))
    }
}

/// What happened in one process or several, in one order.
pub(crate) fn in_order(mut said: Vec<(u128, Happened)>) -> Vec<Happened> {
    said.sort_by_key(|(when, _)| *when);
    said.into_iter().map(|(_, happened)| happened).collect()
}
