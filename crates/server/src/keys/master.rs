//! The master key: what seals the private part of every other key, and stands in a file.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use jose::aead::Key32;
use zeroize::Zeroizing;

use super::KeyFault;
use crate::chance;

/// Bytes of a master key.
const BYTES: usize = 32;
/// Read and write for the owner, nothing for anybody else.
const PRIVATE_FILE: u32 = 0o600;
/// The permission bits of everybody but the owner.
const OTHERS: u32 = 0o037;

/// The key that seals the private parts of a party's keys at rest (AES-256-GCM). It stands outside the
/// store, so that who has the store's rows has no key. It prints as its name.
pub struct MasterKey {
    key: Key32,
    name: String,
}

impl MasterKey {
    /// The key in this file: 32 bytes that nobody but the file's owner may read.
    ///
    /// # Errors
    /// [`KeyFault::File`]: it is not there, of another length, or open to others.
    pub fn read(path: &Path) -> Result<Self, KeyFault> {
        match secret_file(path)? {
            Some(key) => Ok(Self::of(key)),
            None => Err(fault(
                path,
                "is not there; restore it from where you keep it, since without it the keys in the \
                 store stay closed",
            )),
        }
    }

    /// A new key, written to this file.
    ///
    /// # Errors
    /// [`KeyFault::File`]: there is a file already, or it cannot be written.
    pub fn make(path: &Path) -> Result<Self, KeyFault> {
        Ok(Self::of(make_secret_file(path)?))
    }

    /// The key in this file; made when there is none.
    ///
    /// # Errors
    /// As [`Self::read`] and [`Self::make`].
    pub fn read_or_make(path: &Path) -> Result<Self, KeyFault> {
        secret(path).map(Self::of)
    }

    fn of(key: Key32) -> Self {
        let digest = jose::hmac_sha256(&key, &[b"sluis/master key name"]);
        let hex = |byte: &u8| format!("{byte:02x}");
        Self {
            name: digest.iter().take(8).map(hex).collect(),
            key,
        }
    }

    /// Tells this key from another, and nothing about it.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) const fn key(&self) -> &Key32 {
        &self.key
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.name)
    }
}

/// 32 secret bytes in a file of their own; made when there is none.
///
/// # Errors
/// [`KeyFault::File`].
pub(crate) fn secret(path: &Path) -> Result<Key32, KeyFault> {
    match secret_file(path)? {
        Some(key) => Ok(key),
        None => make_secret_file(path),
    }
}

/// The secret in the file; `None` when there is no file.
fn secret_file(path: &Path) -> Result<Option<Key32>, KeyFault> {
    let mut file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fault(path, error)),
    };
    let about = file.metadata().map_err(|error| fault(path, error))?;
    if about.permissions().mode() & OTHERS != 0 {
        return Err(fault(
            path,
            "can be read by others than its owner; say chmod 600, and make new keys if others may \
             have read it",
        ));
    }
    if about.len() != BYTES as u64 {
        return Err(fault(path, "is not 32 bytes"));
    }
    let mut bytes = Zeroizing::new([0; BYTES]);
    file.read_exact(&mut bytes[..])
        .map_err(|error| fault(path, error))?;
    Ok(Some(Key32::new(*bytes)))
}

/// Whole or not at all, and never over another: a key that is half there would lock its party out of
/// its own rows.
fn make_secret_file(path: &Path) -> Result<Key32, KeyFault> {
    let bytes = Zeroizing::new(chance::entropy().bytes::<BYTES>("key file"));
    let beside = beside(path);
    let written = write(&beside, &bytes[..]).and_then(|()| fs::hard_link(&beside, path));
    let removed = fs::remove_file(&beside);
    written
        .and(removed)
        .and_then(|()| sync_directory(path))
        .map_err(|error| fault(path, error))?;
    Ok(Key32::new(*bytes))
}

/// A name that no other process writes to.
fn beside(path: &Path) -> PathBuf {
    path.with_added_extension(chance::entropy().uuid("key file"))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(PRIVATE_FILE)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_directory(path: &Path) -> io::Result<()> {
    match path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        Some(parent) => fs::File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

fn fault(path: &Path, why: impl fmt::Display) -> KeyFault {
    KeyFault::File {
        path: path.to_owned(),
        why: why.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> PathBuf {
        let folder = std::env::temp_dir().join(chance::entropy().uuid("test"));
        fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    #[test]
    fn a_master_key_is_found_again_and_nobody_else_can_read_it() {
        let folder = folder();
        let path = folder.join("master.key");
        let made = MasterKey::read_or_make(&path).expect("made");
        assert_eq!(MasterKey::read(&path).expect("found").name(), made.name());
        let about = fs::metadata(&path).expect("there");
        assert_eq!(about.permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 1);
        fs::remove_dir_all(folder).expect("removable");
    }

    #[test]
    fn a_master_key_is_never_written_over_another() {
        let folder = folder();
        let path = folder.join("master.key");
        let first = MasterKey::make(&path).expect("made");
        assert!(MasterKey::make(&path).is_err());
        assert_eq!(MasterKey::read(&path).expect("found").name(), first.name());
        fs::remove_dir_all(folder).expect("removable");
    }

    #[test]
    fn a_master_key_that_is_absent_damaged_or_open_to_others_is_refused_in_words() {
        let folder = folder();
        let path = folder.join("master.key");
        let why = || MasterKey::read(&path).expect_err("no key").to_string();
        assert!(why().contains("is not there"), "{}", why());
        MasterKey::make(&path).expect("made");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("owned");
        assert!(why().contains("chmod 600"), "{}", why());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("owned");
        fs::write(&path, b"short").expect("writable");
        assert!(why().contains("is not 32 bytes"), "{}", why());
        fs::remove_dir_all(folder).expect("removable");
    }

    #[test]
    fn a_master_key_prints_its_name_only() {
        let folder = folder();
        let path = folder.join("master.key");
        let master = MasterKey::make(&path).expect("made");
        assert_eq!(
            format!("{master:?}"),
            format!("MasterKey({})", master.name())
        );
        fs::remove_dir_all(folder).expect("removable");
    }
}
