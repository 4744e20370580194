//! A certificate and its key as two PEM files that only their owner can read.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use identity::Hostname;
use rcgen::KeyPair;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::IssueFault;

/// Longer than any PEM file we write; a longer one is not ours.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// Read and write for the owner, nothing for anybody else.
const PRIVATE_FILE: u32 = 0o600;
/// Certificates are public.
const PUBLIC_FILE: u32 = 0o644;
/// Only the owner may even list it.
const PRIVATE_DIRECTORY: u32 = 0o700;
/// The permission bits of everybody but the owner.
const OTHERS: u32 = 0o077;

/// Where a certificate and its key lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFiles {
    /// The certificate, PEM.
    pub certificate: PathBuf,
    /// The private key, PEM (PKCS#8), mode 0600.
    pub key: PathBuf,
}

impl KeyFiles {
    /// Of the demo's certificate authority, in the authority's directory: `ca.pem`, `ca.key`.
    pub fn authority(directory: &Path) -> Self {
        Self::named(directory, "ca")
    }

    /// Of the party's server `host`, in the party's directory.
    pub fn server(party: &Path, host: &Hostname) -> Self {
        Self::named(party, &format!("server-{host}"))
    }

    /// With which the party calls others as `host`, in the party's directory.
    pub fn client(party: &Path, host: &Hostname) -> Self {
        Self::named(party, &format!("client-{host}"))
    }

    /// With which the party signs SAML messages as `host`, in the party's directory.
    pub fn saml(party: &Path, host: &Hostname) -> Self {
        Self::named(party, &format!("saml-{host}"))
    }

    fn named(directory: &Path, name: &str) -> Self {
        Self {
            certificate: directory.join(format!("{name}.pem")),
            key: directory.join(format!("{name}.key")),
        }
    }

    /// The certificate and key found there. `None` when there are none, when they do not belong
    /// together (a crash between the two writes), or when others can read the key: such a key is
    /// no secret and must be made anew.
    pub(super) fn load(&self) -> Result<Option<Found>, IssueFault> {
        let (Some((key, mode)), Some((certificate, _))) =
            (read(&self.key)?, read(&self.certificate)?)
        else {
            return Ok(None);
        };
        let key = std::str::from_utf8(&key).ok();
        let key = key.and_then(|pem| KeyPair::from_pem(pem).ok());
        let certificate = CertificateDer::from_pem_slice(&certificate).ok();
        Ok(match (key, certificate) {
            (Some(key), Some(certificate)) if mode & OTHERS == 0 => {
                Some(Found { certificate, key })
            }
            _ => None,
        })
    }

    /// Writes both, the key first, each whole or not at all.
    pub(super) fn save(&self, certificate_pem: &str, key: &KeyPair) -> Result<(), IssueFault> {
        if let Some(directory) = self.key.parent() {
            private_directory(directory)?;
        }
        write(&self.key, key.serialize_pem().as_bytes(), PRIVATE_FILE)?;
        write(&self.certificate, certificate_pem.as_bytes(), PUBLIC_FILE)
    }
}

/// What lay in a pair of files.
pub(super) struct Found {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) key: KeyPair,
}

/// Makes the directory (and those above it) if it is not there, and in any case closes it to
/// everybody but its owner: mode 0700.
pub fn private_directory(path: &Path) -> Result<(), IssueFault> {
    let make = || {
        DirBuilder::new()
            .recursive(true)
            .mode(PRIVATE_DIRECTORY)
            .create(path)?;
        if fs::metadata(path)?.permissions().mode() & OTHERS != 0 {
            fs::set_permissions(path, Permissions::from_mode(PRIVATE_DIRECTORY))?;
        }
        Ok(())
    };
    make().map_err(|error| fault(path, error))
}

/// The file's bytes and permission bits; `None` when it is not there.
fn read(path: &Path) -> Result<Option<(Vec<u8>, u32)>, IssueFault> {
    let read = |file: File| {
        let mode = file.metadata()?.permissions().mode();
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok((bytes, mode))
    };
    match File::open(path).and_then(read) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(fault(path, error)),
    }
}

/// Writes a file that only the present user may read: mode 0600. A crash leaves the old content or the new.
///
/// # Errors
/// [`IssueFault`], with the path.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), IssueFault> {
    write(path, bytes, 0o600)
}

/// Writes beside the file and renames, so that a crash leaves the old content or the new.
fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), IssueFault> {
    let beside = path.with_added_extension("new");
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(mode)
            .open(&beside)?;
        // A left-over of an earlier crash keeps its own mode at `open`.
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().map_err(|error| fault(path, error))
}

fn fault(path: &Path, error: io::Error) -> IssueFault {
    IssueFault::File {
        path: path.to_owned(),
        error,
    }
}
