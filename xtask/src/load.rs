//! What a node carries: builds the program and the package `load` for release, and runs the latter.

use std::process::{Command, ExitCode};

/// Runs `benches/load` with these arguments.
///
/// # Errors
/// A text when something could not be built, or the run failed.
pub(crate) fn run(arguments: &[&str]) -> Result<ExitCode, String> {
    let cargo = || Command::new(env!("CARGO"));
    let mut build = cargo();
    build.args([
        "build",
        "--release",
        "--package",
        "sluis",
        "--package",
        "load",
    ]);
    succeed(build)?;
    let mut load = cargo();
    load.args(["run", "--quiet", "--release", "--package", "load", "--"]);
    load.args(arguments);
    succeed(load)?;
    Ok(ExitCode::SUCCESS)
}

fn succeed(mut command: Command) -> Result<(), String> {
    let status = command.status().map_err(|error| error.to_string())?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("it ended with {status}"))
    }
}
