//! How a command ends that does not come to its end: 1 when it was refused, 2 when it could not begin.

use std::process::ExitCode;

/// A command that ended before it was done: it said why.
pub(super) struct Ended(ExitCode);

impl Ended {
    /// It could not begin, and why.
    pub(super) fn before_it_began(command: &str, why: &str) -> Self {
        eprintln!("sluis {command}: {why}");
        Self(ExitCode::from(2))
    }

    /// It was refused, and why.
    pub(super) fn refused(command: &str, why: &str) -> Self {
        eprintln!("sluis {command}: {why}");
        Self(ExitCode::FAILURE)
    }
}

/// The exit code of a command.
pub(super) fn code(done: Result<(), Ended>) -> ExitCode {
    done.map_or_else(|Ended(code)| code, |()| ExitCode::SUCCESS)
}
