//! A party's own keys: made at its first start, kept in its directory, found again later.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jose::aead::Key32;
use jose::{Algorithm, MacKey, SigningKey, jwe};
use protocol::handle::HandleKeys;

use crate::certificates::private_directory;
use crate::chance;

/// The number of the first key of each kind; rotation will count on.
const FIRST: u8 = 1;

/// Where a party keeps its keys.
pub struct KeyRing {
    directory: PathBuf,
}

/// A key file that cannot be made or used.
#[derive(Debug)]
pub struct KeyFault {
    path: PathBuf,
    why: String,
}

impl std::fmt::Display for KeyFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: {}; restore the file from a backup, or remove the party's whole directory to \
             start anew",
            self.path.display(),
            self.why
        )
    }
}

impl std::error::Error for KeyFault {}

impl KeyRing {
    /// The keys in `directory`, which is made if it is not there.
    ///
    /// # Errors
    /// [`KeyFault`] when it cannot be made private.
    pub fn open(directory: &Path) -> Result<Self, KeyFault> {
        private_directory(directory).map_err(|fault| KeyFault {
            path: directory.to_owned(),
            why: fault.to_string(),
        })?;
        Ok(Self {
            directory: directory.to_owned(),
        })
    }

    /// 32 secret bytes under this name.
    pub fn secret(&self, name: &'static str) -> Result<Key32, KeyFault> {
        let bytes = self.file(name, || Some(chance::entropy().bytes::<32>("key").to_vec()))?;
        let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| self.fault(name, "is not 32 bytes"))?;
        Ok(Key32::new(bytes))
    }

    /// Keys for handles under this name.
    pub fn handles(&self, name: &'static str) -> Result<HandleKeys, KeyFault> {
        let key = self.secret(name)?;
        HandleKeys::new(&[(FIRST, *key.reveal())]).ok_or_else(|| self.fault(name, "is no key"))
    }

    /// An HS256 key under this name.
    pub fn mac(&self, name: &'static str) -> Result<MacKey, KeyFault> {
        let key = self.secret(name)?;
        MacKey::new(&format!("{name}-{FIRST}"), key.reveal())
            .map_err(|_| self.fault(name, "is no key"))
    }

    /// An ES256 key under this name.
    pub fn signing(&self, name: &'static str) -> Result<SigningKey, KeyFault> {
        let make = || jose::generate_pkcs8(Algorithm::Es256, jose::RsaSize::Bits2048).ok();
        let der = self.file(name, || make().map(|der| der.to_vec()))?;
        SigningKey::from_pkcs8(Algorithm::Es256, &der)
            .map_err(|_| self.fault(name, "is no ES256 key"))
    }

    /// An ECDH-ES key under this name.
    pub fn decryption(&self, name: &'static str) -> Result<jwe::DecryptionKey, KeyFault> {
        let make = || jwe::generate_pkcs8(jwe::Algorithm::EcdhEs, jose::RsaSize::Bits2048).ok();
        let der = self.file(name, || make().map(|der| der.to_vec()))?;
        jwe::DecryptionKey::from_pkcs8(jwe::Algorithm::EcdhEs, &der)
            .map_err(|_| self.fault(name, "is no ECDH-ES key"))
    }

    /// The file's bytes; made, for its owner only, when it is not there.
    fn file(
        &self,
        name: &'static str,
        make: impl FnOnce() -> Option<Vec<u8>>,
    ) -> Result<Vec<u8>, KeyFault> {
        let path = self.path(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let bytes = make().ok_or_else(|| self.fault(name, "could not be made"))?;
                write_new(&path, &bytes).map_err(|error| self.fault(name, &error.to_string()))?;
                Ok(bytes)
            }
            Err(error) => Err(self.fault(name, &error.to_string())),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.{FIRST}.key"))
    }

    fn fault(&self, name: &str, why: &str) -> KeyFault {
        KeyFault {
            path: self.path(name),
            why: why.to_owned(),
        }
    }
}

/// Whole or not at all: a key that is half there would lock its party out of its own rows.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_added_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn keys_are_found_again_and_nobody_else_can_read_them() {
        let directory = std::env::temp_dir().join(chance::entropy().uuid("test"));
        let ring = KeyRing::open(&directory).expect("a directory");
        let first = ring.secret("seal").expect("made");
        let again = KeyRing::open(&directory)
            .expect("a directory")
            .secret("seal");
        assert!(first == again.expect("found"));
        let mode = fs::metadata(ring.path("seal"))
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(
            ring.signing("sign").expect("made").kid(),
            ring.signing("sign").expect("found").kid()
        );
        fs::write(ring.path("seal"), b"short").expect("writable");
        let fault = ring.secret("seal").expect_err("damaged").to_string();
        assert!(fault.contains("is not 32 bytes"), "{fault}");
        fs::remove_dir_all(directory).expect("removable");
    }
}
