//! Why a home on disk cannot be opened, and what to do about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use verdict::Moment;

/// Why a home cannot be opened.
#[derive(Debug)]
pub enum OpenError {
    /// Another process has this state directory, with this process id if it said so.
    Owned(PathBuf, String),
    /// There is no database yet.
    NotThere(PathBuf),
    /// A copy would stand in the place of this file.
    Exists(PathBuf),
    /// The directory or file cannot be made, opened or locked.
    Unusable(PathBuf, io::Error),
    /// The state directory is on a disk where several connections cannot share a log.
    NotLocal,
    /// The database was written by an older program, and is not ours to bring up to date.
    NotMigrated {
        /// Its schema version.
        found: u32,
        /// The one that this program needs.
        known: u32,
    },
    /// The database was written by a newer program.
    Newer {
        /// Its schema version.
        found: u32,
        /// The newest that this program knows.
        known: u32,
    },
    /// The database is a backup, of this moment, and no epoch was begun for it yet.
    Backup(Moment),
    /// The database cannot be read or brought up to date.
    Database(rusqlite::Error),
}

impl OpenError {
    /// Of a database's file, which may not be there yet.
    pub(super) fn of_file(path: &Path, why: io::Error) -> Self {
        if why.kind() == io::ErrorKind::NotFound {
            return Self::NotThere(path.to_owned());
        }
        Self::Unusable(path.to_owned(), why)
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owned(dir, pid) => write!(
                f,
                "{}: another process has this state directory{}{pid}: stop it, or choose another \
                 directory",
                dir.display(),
                if pid.is_empty() { "" } else { ", process " }
            ),
            Self::NotThere(path) => write!(
                f,
                "{}: there is no store yet: the first start makes it",
                path.display()
            ),
            Self::Exists(path) => write!(
                f,
                "{}: there is a backup already: name another folder",
                path.display()
            ),
            Self::Unusable(path, why) => write!(
                f,
                "{}: {why}: make it readable and writable for the present user",
                path.display()
            ),
            Self::NotLocal => f.write_str(
                "the state directory is on a file system that cannot share memory (a network \
                 disk?): put it on a local one",
            ),
            Self::NotMigrated { found, known } => write!(
                f,
                "the database has schema version {found}, this program needs {known}: start this \
                 program's server on it first"
            ),
            Self::Newer { found, known } => write!(
                f,
                "the database has schema version {found}, this program knows up to {known}: start \
                 the newer program, or restore the backup made before it"
            ),
            Self::Backup(taken) => write!(
                f,
                "the database is a backup of {} s after 1970: what was spent or withdrawn since would \
                 come back: say first that it was restored, with `sluis restore`",
                taken.unix()
            ),
            Self::Database(why) => {
                write!(f, "the database cannot be used: {why}: {}", remedy(why))
            }
        }
    }
}

/// What to do about it: rows are not gone because they cannot be reached.
fn remedy(why: &rusqlite::Error) -> &'static str {
    match why.sqlite_error_code() {
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "make it, its -wal and -shm and its directory readable and writable for the user who serves"
        }
        Some(ErrorCode::DiskFull) => "make room on its disk",
        _ => "restore it from a backup",
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unusable(_, why) => Some(why),
            Self::Database(why) => Some(why),
            Self::Owned(..)
            | Self::NotThere(_)
            | Self::Exists(_)
            | Self::NotLocal
            | Self::NotMigrated { .. }
            | Self::Newer { .. }
            | Self::Backup(_) => None,
        }
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(why: rusqlite::Error) -> Self {
        Self::Database(why)
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn rows_that_cannot_be_reached_are_not_to_be_replaced() {
        let told = |code| {
            let why = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            OpenError::from(why).to_string()
        };
        for code in [ffi::SQLITE_READONLY, ffi::SQLITE_CANTOPEN, ffi::SQLITE_PERM] {
            let told = told(code);
            assert!(told.contains("writable for the user who serves"), "{told}");
            assert!(!told.contains("backup"), "{told}");
        }
        assert!(told(ffi::SQLITE_FULL).contains("make room"));
        assert!(told(ffi::SQLITE_CORRUPT).contains("restore it from a backup"));
    }
}
