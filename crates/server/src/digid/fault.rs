//! Why a login with DigiD cannot be offered at all.

use std::fmt;

use saml::keys::{BadCertificate, BadKey};
use saml::metadata::BadMetadata;

/// The other party's metadata cannot be had now. The log says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreachable;

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the SAML metadata of the other party cannot be had now")
    }
}

impl std::error::Error for Unreachable {}

/// Why a party of SAML cannot start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misconfigured {
    /// The signing key.
    Key(BadKey),
    /// The signing certificate.
    Certificate(BadCertificate),
    /// The other party's metadata, given as a document.
    Metadata(BadMetadata),
}

impl fmt::Display for Misconfigured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(why) => write!(f, "the SAML signing key cannot be used: {why}"),
            Self::Certificate(why) => write!(f, "the SAML signing certificate is no good: {why}"),
            Self::Metadata(why) => write!(f, "the SAML metadata file cannot be used: {why}"),
        }
    }
}

impl std::error::Error for Misconfigured {}

impl From<BadKey> for Misconfigured {
    fn from(why: BadKey) -> Self {
        Self::Key(why)
    }
}

impl From<BadCertificate> for Misconfigured {
    fn from(why: BadCertificate) -> Self {
        Self::Certificate(why)
    }
}

impl From<BadMetadata> for Misconfigured {
    fn from(why: BadMetadata) -> Self {
        Self::Metadata(why)
    }
}
