//! Certificates: those the demo makes for itself, and what can be read from anybody's.
//!
//! The demo's own certificate authority ([`Authority`]) gives each host a server certificate and
//! each party a client certificate; keys lie in the directory of the party that owns them and are
//! found again after a restart. Outside certificates are only read ([`peer_hostname`],
//! [`validity`], [`thumbprint`]).
//!
//! TLS keys are ECDSA P-256; SAML signing keys are RSA-2048, which is what SAML's signature
//! algorithms ask of us ([`saml_signing`]).

mod authority;
mod files;
mod reading;
mod request;

use std::fmt;
use std::io;
use std::path::PathBuf;

use rustls_pki_types::{CertificateDer, PrivateKeyDer};

pub use authority::{Authority, ORGANISATION, saml_signing};

pub use files::{KeyFiles, private_directory, write_private};
pub(crate) use request::request;

pub use reading::{
    BadCertificate, Validity, dns_names_of, expiry, hosts_named, is_of_the_demo, leads_to,
    names_a_wildcard, peer_hostname, roots_of, subject, thumbprint, validity, vouches,
};

/// The `serialNumber` of a subject (X.520).
const SERIAL_NUMBER: [u64; 4] = [2, 5, 4, 5];

/// A certificate with the private key that belongs to it. It prints its certificate's thumbprint,
/// never the key.
pub struct Identity {
    certificate: CertificateDer<'static>,
    intermediates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// A certificate, whatever stands between it and its root, and its key. That they belong
    /// together is checked where they are put to use.
    pub const fn new(
        certificate: CertificateDer<'static>,
        intermediates: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Self {
        Self {
            certificate,
            intermediates,
            key,
        }
    }

    /// The certificate itself, in DER.
    pub const fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The certificate and its intermediates, in the order in which TLS sends them.
    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        let own = std::iter::once(&self.certificate);
        own.chain(&self.intermediates).cloned().collect()
    }

    /// The private key; those made here are PKCS#8. Each call is a place to look at in a review.
    pub const fn key(&self) -> &PrivateKeyDer<'static> {
        &self.key
    }
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self {
            certificate: self.certificate.clone(),
            intermediates: self.intermediates.clone(),
            key: self.key.clone_key(),
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thumbprint = thumbprint(self.certificate());
        write!(f, "Identity({:02x?}…, key ***)", &thumbprint[..4])
    }
}

/// Why a certificate of our own could not be had.
#[derive(Debug)]
pub enum IssueFault {
    /// A file or directory could not be read, written or made private.
    File {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// The library refused to make it.
    Making(String),
}

impl fmt::Display for IssueFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, error } => write!(
                f,
                "{}: {error}; the directory must be writable and able to keep files private",
                path.display()
            ),
            Self::Making(why) => write!(f, "a certificate could not be made: {why}"),
        }
    }
}

impl std::error::Error for IssueFault {}
