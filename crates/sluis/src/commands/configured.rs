//! What the commands on a configuration share.

use std::path::Path;
use std::process::ExitCode;

use server::config::Config;

/// The configuration in a file, and in `SLUIS_…` variables.
pub(super) fn config(file: &Path) -> Result<Config, String> {
    // Absolute, so that messages name files as they are found from anywhere.
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    Config::read(&file, |name| std::env::var(name).ok()).map_err(|fault| fault.to_string())
}

/// The exit code of a command that could not begin, and why.
pub(super) fn cannot_begin(command: &str, why: &str) -> ExitCode {
    eprintln!("sluis {command}: {why}");
    ExitCode::from(2)
}
