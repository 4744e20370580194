//! The file of heads.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use server::audit::heads::{FILE_BYTES_MAX, Heads};

/// The heads in a file; nothing when there is none yet.
///
/// # Errors
/// A text for the operator, here and below.
pub(super) fn read(file: &Path) -> Result<Option<Heads>, String> {
    let told = |why: &dyn std::fmt::Display| format!("{}: {why}", file.display());
    let opened = match File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(told(&error)),
    };
    let mut text = String::new();
    let bounded = opened.take(FILE_BYTES_MAX).read_to_string(&mut text);
    bounded.map_err(|error| told(&error))?;
    let heads: Heads = serde_json::from_str(&text)
        .map_err(|error| told(&format!("no file of heads (line {})", error.line())))?;
    if heads.schema_version != 1 {
        return Err(told(&"a file of heads of a newer release"));
    }
    Ok(Some(heads))
}

/// Writes them beside the file and puts that in its place, so that no crash leaves half of it.
pub(super) fn write(file: &Path, heads: &Heads) -> Result<(), String> {
    let told = |error: io::Error| format!("{}: {error}", file.display());
    let text = serde_json::to_string_pretty(heads).map_err(|error| told(error.into()))?;
    let part = file.with_extension("part");
    let durable = || {
        let mut written = File::create(&part)?;
        written.write_all(text.as_bytes())?;
        written.write_all(b"\n")?;
        written.sync_all()?;
        fs::rename(&part, file)
    };
    durable().map_err(told)
}
