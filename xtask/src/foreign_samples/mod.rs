//! stub
use std::process::ExitCode;
pub(crate) fn run() -> Result<ExitCode, String> {
    Ok(ExitCode::SUCCESS)
}
