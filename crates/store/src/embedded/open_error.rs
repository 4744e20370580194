//! Why a home on disk cannot be opened, and what to do about it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use verdict::Moment;

/// Why a home cannot be opened.
#[derive(Debug)]
pub enum OpenError {
    /// Another process has this state directory, with this process id if it said so.
    Owned(PathBuf, String),
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
            Self::Database(why) => write!(
                f,
                "the database cannot be used: {why}: restore it from a backup"
            ),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unusable(_, why) => Some(why),
            Self::Database(why) => Some(why),
            Self::Owned(..)
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
