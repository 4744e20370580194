//! The files that a configuration names: certificates with their keys, and authorities.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use identity::Hostname;
use rustix::fs::Access;
use rustls::client::verify_server_name;
use rustls::crypto::aws_lc_rs;
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use verdict::Moment;

use crate::certificates::{
    Identity, ORGANISATION, Validity, is_of_the_demo, names_a_wildcard, peer_hostname, roots_of,
    validity,
};
use crate::config::PemFiles;

/// A file longer than this is none of those that are read here.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The permission bits of everybody but the owner.
const EVERYBODY_ELSE: u32 = 0o077;
/// The permission bits of everybody but the owner and the owner's group.
const OTHERS: u32 = 0o007;

/// A certificate with its key, and how long it holds.
pub(super) struct Shown {
    pub(super) identity: Identity,
    pub(super) validity: Validity,
}

/// The certificate with which a site shows that it is `host`.
///
/// # Errors
/// A text for the operator: which file, what is wrong, what to do.
pub(super) fn server(files: &PemFiles, host: &Hostname, now: Moment) -> Result<Shown, String> {
    let shown = pair(files, now)?;
    let at = files.certificate.display();
    let name = ServerName::try_from(host.to_string()).map_err(|error| error.to_string())?;
    let parsed = ParsedCertificate::try_from(shown.identity.certificate())
        .map_err(|error| format!("{at}: is not a certificate of a server: {error}"))?;
    verify_server_name(&parsed, &name).map_err(|_| {
        format!("{at}: does not name {host}; ask for a certificate with this DNS name")
    })?;
    // core.tls.315 (medmij case 82). And a browser would send what is for one host of ours over its
    // connection to another (RFC 9113 §9.1.1).
    if names_a_wildcard(shown.identity.certificate()) {
        let told = "has a wildcard among its names; ask for a certificate of";
        return Err(format!("{at}: {told} {host} alone"));
    }
    Ok(shown)
}

/// The certificate with which a role shows others that it is `host`: its one DNS name.
///
/// # Errors
/// As [`server`].
pub(super) fn client(files: &PemFiles, host: &Hostname, now: Moment) -> Result<Shown, String> {
    let shown = pair(files, now)?;
    match peer_hostname(shown.identity.certificate()) {
        Ok(name) if name == *host => Ok(shown),
        Ok(name) => Err(format!(
            "{}: is of {name}, not of {host}; correct `host` or take another certificate",
            files.certificate.display()
        )),
        Err(bad) => Err(format!("{}: {bad}", files.certificate.display())),
    }
}

/// A certificate and its key, whatever they are for.
///
/// # Errors
/// As [`server`].
pub(super) fn pair(files: &PemFiles, now: Moment) -> Result<Shown, String> {
    let mut chain = roots_of(&read(&files.certificate)?)
        .map_err(|why| format!("{}: {why}", files.certificate.display()))?;
    let key = private_key(&files.key)?;
    let at = files.certificate.display();
    not_of_the_demo(&files.certificate, &chain)?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    CertifiedKey::from_der(chain.clone(), key.clone_key(), &provider).map_err(|_| {
        format!(
            "{}: is not the key of {at}; a certificate and its key must belong together",
            files.key.display()
        )
    })?;
    let own = chain.remove(0);
    let validity = validity(&own).map_err(|bad| format!("{at}: {bad}"))?;
    if !validity.holds_at(now) {
        return Err(format!(
            "{at}: holds from {} until {}, which is not now; renew it",
            crate::date::moment(validity.from.unix()),
            crate::date::moment(validity.until.unix())
        ));
    }
    let identity = Identity::new(own, chain, key);
    Ok(Shown { identity, validity })
}

/// The authorities of a PEM file.
///
/// # Errors
/// As [`server`].
pub(super) fn roots(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let roots = roots_of(&read(file)?).map_err(|why| format!("{}: {why}", file.display()))?;
    not_of_the_demo(file, &roots)?;
    Ok(roots)
}

/// Certificates whose holders may have signed the service catalogue: what counts is each one's key, by
/// this very file (etoegang case 92).
///
/// # Errors
/// As [`server`].
pub(super) fn signers(file: &Path) -> Result<Vec<saml::keys::Certificate>, String> {
    let certificates = roots(file)?;
    let read = certificates.iter().map(|der| {
        let read = saml::keys::Certificate::from_der(der);
        read.map_err(|bad| format!("{}: {bad}", file.display()))
    });
    read.collect()
}

/// Nothing that the demo made is believed here (design §3): its keys lie in state directories of demos.
fn not_of_the_demo(file: &Path, certificates: &[CertificateDer<'static>]) -> Result<(), String> {
    if certificates.iter().any(|der| is_of_the_demo(der)) {
        return Err(format!(
            "{}: is of the demo's authority ({ORGANISATION}), which `sluis serve` never takes",
            file.display()
        ));
    }
    Ok(())
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let bytes = read(file)?;
    if is_open_to_all(file) {
        return Err(format!(
            "{}: everybody on this machine can read this key; chmod 600 it",
            file.display()
        ));
    }
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| {
        let at = file.display();
        if is_encrypted(&bytes) {
            return format!(
                "{at}: is encrypted, and nobody is there to type the passphrase; `openssl pkey` takes \
                 it off, chmod 600 the result"
            );
        }
        format!("{at}: holds no private key in PEM")
    })
}

/// Whether it is a private key behind a passphrase: in PKCS#8, or as OpenSSL wrote it before.
fn is_encrypted(pem: &[u8]) -> bool {
    let says = |words: &[u8]| pem.windows(words.len()).any(|at| at == words);
    says(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || says(b"Proc-Type: 4,ENCRYPTED")
}

/// Whether everybody on this machine can read a file.
pub(crate) fn is_open_to_all(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|found| found.permissions().mode() & OTHERS != 0)
}

/// How a directory can hold what is ours alone. One that others may enter is somebody's folder, which is
/// not ours to close, unless it is empty.
///
/// # Errors
/// As [`server`].
pub(super) fn own_directory(directory: &Path) -> Result<&'static str, String> {
    let at = directory.display();
    match fs::metadata(directory) {
        Ok(found) if !found.is_dir() => Err(format!("{at}: is no directory")),
        Ok(found) if is_closed(&found) => ours(directory).map(|()| "is closed to others"),
        Ok(_) if is_empty(directory) => {
            ours(directory).map(|()| "is empty; the first start closes it")
        }
        Ok(_) => Err(format!(
            "{at}: others may enter this directory; name one of the node's own, or chmod 700 it"
        )),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok("is not there yet; the first start makes it")
        }
        Err(error) => Err(format!("{at}: {error}")),
    }
}

/// Whether the present user may make and change files in a directory.
fn ours(directory: &Path) -> Result<(), String> {
    let all = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
    rustix::fs::access(directory, all).map_err(|error| {
        let at = directory.display();
        format!("{at}: {error}; make it readable and writable for the user who serves")
    })
}

/// Whether nobody but the owner may enter.
fn is_closed(directory: &fs::Metadata) -> bool {
    directory.permissions().mode() & EVERYBODY_ELSE == 0
}

fn is_empty(directory: &Path) -> bool {
    fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_none())
}

/// A whole file of sensible length.
///
/// # Errors
/// As [`server`].
pub(super) fn read(file: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let opened = File::open(file);
    let read = opened.and_then(|open| open.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
    read.map_err(|error| format!("{}: cannot be read: {error}", file.display()))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(format!("{}: is longer than 4 MiB", file.display()));
    }
    Ok(bytes)
}
