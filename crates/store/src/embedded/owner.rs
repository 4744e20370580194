//! One process per state directory.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use super::OpenError;

/// Holds the state directory until it is dropped, or the process ends in whatever way.
#[derive(Debug)]
pub(super) struct Owner {
    _locked: File,
}

impl Owner {
    /// Makes the directory if it is missing, and becomes its owner.
    ///
    /// Two servers would stay correct, because SQLite serialises their groups, but each would wait
    /// for the other's; and only one may run checkpoints and migrations.
    pub(super) fn claim(dir: &Path) -> Result<Self, OpenError> {
        let unusable = |why: io::Error| OpenError::Unusable(dir.to_owned(), why);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(unusable)?;
        let mut file = private_file(&dir.join("owner.lock")).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut by = String::new();
                // A courtesy: without it the message still says what to do.
                let _ = (&file).take(20).read_to_string(&mut by);
                return Err(OpenError::Owned(dir.to_owned(), by));
            }
            Err(TryLockError::Error(why)) => return Err(unusable(why)),
        }
        let pid = std::process::id().to_string();
        file.rewind()
            .and_then(|()| file.set_len(0))
            .and_then(|()| file.write_all(pid.as_bytes()))
            .map_err(unusable)?;
        Ok(Self { _locked: file })
    }
}

/// Opens or makes a file that only the present user may read; SQLite gives the files that it makes
/// beside it the same mode. The directory entry is durable on return.
pub(super) fn private_file(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    if let Some(dir) = path.parent() {
        File::open(dir)?.sync_all()?;
    }
    Ok(file)
}
