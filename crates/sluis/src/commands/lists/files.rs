//! Lists as files.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use medmij::lists::{BYTES_MAX, Document, FrontchannelPort};

/// Why a file gives no list.
pub(super) enum NoList {
    /// It cannot be read: the command cannot begin.
    Unreadable(String),
    /// It holds no good list: `file:line: reason`.
    Bad(String),
}

/// The bytes of a file, up to what a list may have and one more.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| format!("{}: {error}", path.display());
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let mut file = file.take(BYTES_MAX as u64 + 1);
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// The list in a file, of whichever kind and release it is.
pub(super) fn list(path: &Path, port: FrontchannelPort) -> Result<Document, NoList> {
    let bytes = bytes(path).map_err(NoList::Unreadable)?;
    Document::parse(&bytes, port).map_err(|bad| {
        let place = match &*bad.path {
            "" => String::new(),
            path => format!("{path}: "),
        };
        let (path, line) = (path.display(), bad.line);
        NoList::Bad(format!("{path}:{line}: {place}{}", bad.reason()))
    })
}

/// What a list is, in a line.
pub(super) fn heading(list: &Document) -> String {
    let uitgave = list.uitgave();
    format!(
        "{} release{}, Volgnummer {} of {}",
        list.soort(),
        list.release(),
        uitgave.volgnummer,
        uitgave.tijdstempel,
    )
}
