//! The service catalogue in force on disk, as it was published: a role that starts anew without a
//! network goes on with it. It is read and judged like any other file, so that nobody can change it
//! there.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use etoegang::dienstencatalogus::reading::BOUNDS;

use crate::lists::kept::replace;

/// What is kept of one role's catalogue.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    file: PathBuf,
}

/// Where a party keeps the service catalogue in force.
pub fn document(party: &Path) -> PathBuf {
    party.join("catalogus").join("servicecatalog.xml")
}

impl Kept {
    pub(super) fn of(party: &Path) -> Self {
        Self {
            file: document(party),
        }
    }

    /// The file, if there is one.
    ///
    /// # Errors
    /// It is there and cannot be read, or is longer than a catalogue.
    pub(super) fn read(&self) -> io::Result<Option<Vec<u8>>> {
        bounded(&self.file)
    }

    /// Puts a file in the place of the one before, as a whole.
    ///
    /// # Errors
    /// What the operating system says.
    pub(super) fn write(&self, file: &[u8]) -> io::Result<()> {
        if let Some(directory) = self.file.parent() {
            fs::create_dir_all(directory)?;
        }
        replace(&self.file, file)
    }
}

/// A file of a catalogue's length at most, if it is there.
///
/// # Errors
/// It is there and cannot be read, or is longer.
pub(crate) fn bounded(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut bytes = Vec::new();
    let read = file.take(BOUNDS.bytes as u64 + 1).read_to_end(&mut bytes)?;
    if read > BOUNDS.bytes {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(Some(bytes))
}
