//! A file system with little room.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// In memory, mounted as long as this lives.
pub struct Small(PathBuf);

impl Small {
    /// `None` where that is not allowed: it needs root.
    ///
    /// # Errors
    /// When the directory cannot be made, or there is no `mount`.
    pub fn mounted_at(dir: &Path, mib: u32) -> Result<Option<Self>, Box<dyn Error + Send + Sync>> {
        fs::create_dir_all(dir)?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "none"]);
        let mounted = mount.arg(dir).output()?.status.success();
        Ok(mounted.then(|| Self(dir.to_owned())))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
        let _ = fs::remove_dir(&self.0);
    }
}

/// Makes a file that takes up so much room, or all there is.
///
/// # Errors
/// When it cannot be written for another reason than that the disk is full.
pub fn fill(path: &Path, bytes: u64) -> io::Result<()> {
    let mut file = File::create(path)?;
    match io::copy(&mut io::repeat(0x5a).take(bytes), &mut file) {
        Err(why) if why.kind() != io::ErrorKind::StorageFull => Err(why),
        _ => Ok(()),
    }
}
