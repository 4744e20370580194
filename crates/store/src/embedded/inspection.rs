//! What is on the disk, without opening a home there.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rusqlite::OpenFlags;
use rustix::fs::Access;
use rustix::io::Errno;
use verdict::Moment;

use super::{FILE_NAME, OpenError, connect, epoch, schema};
use crate::inspection::Schema;

/// What [`super::Embedded::inspect`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Whether the database is there and its schema is this program's; an older one is brought up
    /// to date by opening it.
    pub schema: Schema,
    /// How often a backup was restored: the present epoch.
    pub epoch: u32,
    /// When the backup was taken that this database is, if it is one for which no epoch was begun:
    /// no home opens it.
    pub backup_taken: Option<Moment>,
    /// The size of the database and its log, in bytes.
    pub bytes: u64,
    /// What the present user may still write on that disk, in bytes.
    pub bytes_free: u64,
}

impl Inspection {
    pub(super) fn of(dir: &Path) -> Result<Self, OpenError> {
        let unusable = |why: io::Error| OpenError::Unusable(dir.to_owned(), why);
        let space = rustix::fs::statvfs(dir).map_err(|why| unusable(why.into()))?;
        let path = dir.join(FILE_NAME);
        usable(dir, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK)?;
        for end in ["", "-wal", "-shm"] {
            let file = dir.join(format!("{FILE_NAME}{end}"));
            usable(&file, Access::READ_OK | Access::WRITE_OK)?;
        }
        let size = |name: &str| fs::metadata(dir.join(name)).map_or(0, |file| file.len());
        let (schema, epoch, backup_taken) = match File::open(&path) {
            Ok(_) => {
                let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
                schema::prepare_reader(&connection)?;
                let taken = epoch::backup_taken(&connection)?;
                (
                    schema::found(&connection)?,
                    epoch::present(&connection)?,
                    taken,
                )
            }
            Err(why) if why.kind() == io::ErrorKind::NotFound => (schema::none(), 0, None),
            Err(why) => return Err(OpenError::Unusable(path, why)),
        };
        Ok(Self {
            schema,
            epoch,
            backup_taken,
            bytes: size(FILE_NAME) + size(&format!("{FILE_NAME}-wal")),
            bytes_free: space.f_bavail.saturating_mul(space.f_frsize),
        })
    }
}

/// Whether the present user may do so with a file or directory; one that is not there is made.
fn usable(path: &Path, how: Access) -> Result<(), OpenError> {
    match rustix::fs::access(path, how) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(why) => Err(OpenError::Unusable(path.to_owned(), why.into())),
    }
}
