//! Keys and certificates, parsed once and kept.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, KeyPair, ParsedPublicKey, RsaKeyPair, RsaParameters};
use aws_lc_rs::{digest, rsa};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use verdict::Moment;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::hex;
use crate::reader::is_space;

/// Shortest and longest RSA modulus that is accepted, in bits.
const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=8192;

/// A public key whose signatures count. Only the caller decides which these are; a key that a
/// message carries is never one.
#[derive(Clone)]
pub struct TrustedKey(Vec<(SignatureMethod, ParsedPublicKey)>);

/// A key that nothing can be verified with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadCertificate {
    /// Not a certificate in DER.
    Unreadable,
    /// Neither RSA of 2048 to 8192 bits nor P-256, P-384 or P-521.
    Key,
}

impl fmt::Display for BadCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "expected an X.509 certificate",
            Self::Key => {
                "expected a certificate for RSA of at least 2048 bits, or for P-256, P-384 or P-521"
            }
        })
    }
}

impl std::error::Error for BadCertificate {}

impl TrustedKey {
    /// `spki` is the DER of a SubjectPublicKeyInfo, `bits` the key inside it.
    fn from_spki(spki: &[u8], bits: &[u8]) -> Result<Self, BadCertificate> {
        let rsa_bits = RsaParameters::public_modulus_len(bits).ok();
        if rsa_bits.is_some_and(|length| !RSA_BITS.contains(&length)) {
            return Err(BadCertificate::Key);
        }
        let parsed = |method: SignatureMethod| {
            let key = ParsedPublicKey::new(method.verification(), spki).ok()?;
            Some((method, key))
        };
        let methods: Vec<_> = SignatureMethod::ALL
            .into_iter()
            .filter_map(parsed)
            .collect();
        if methods.is_empty() {
            return Err(BadCertificate::Key);
        }
        Ok(Self(methods))
    }

    /// Whether `signature` over `octets` was made with this key and method.
    pub(crate) fn verifies(
        &self,
        method: SignatureMethod,
        octets: &[u8],
        signature: &[u8],
    ) -> bool {
        let mut keys = self.0.iter().filter(|(of, _)| *of == method);
        keys.any(|(_, key)| key.verify_sig(octets, signature).is_ok())
    }
}

impl fmt::Debug for TrustedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods: Vec<_> = self.0.iter().map(|(method, _)| method).collect();
        f.debug_tuple("TrustedKey").field(&methods).finish()
    }
}

/// An X.509 certificate as metadata and configuration carry it. It stands for its public key;
/// chain and revocation are the business of TLS and of whoever registers metadata.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    key: TrustedKey,
    key_bits: Vec<u8>,
    from: Moment,
    until: Moment,
}

impl Certificate {
    /// Reads DER.
    pub fn from_der(der: &[u8]) -> Result<Self, BadCertificate> {
        let (rest, certificate) =
            X509Certificate::from_der(der).map_err(|_| BadCertificate::Unreadable)?;
        if !rest.is_empty() {
            return Err(BadCertificate::Unreadable);
        }
        let spki = certificate.public_key();
        let key_bits = spki.subject_public_key.data.to_vec();
        Ok(Self {
            der: der.to_vec(),
            key: TrustedKey::from_spki(spki.raw, &key_bits)?,
            key_bits,
            from: Moment::from_unix(certificate.validity().not_before.timestamp()),
            until: Moment::from_unix(certificate.validity().not_after.timestamp()),
        })
    }

    /// Reads the content of a `ds:X509Certificate`: base64, white space anywhere.
    pub fn from_base64(text: &str) -> Result<Self, BadCertificate> {
        let der = decode_base64(text).ok_or(BadCertificate::Unreadable)?;
        Self::from_der(&der)
    }

    /// Whether it is for this RSA key in PKCS#8.
    pub(crate) fn is_of_pkcs8(&self, pkcs8: &[u8]) -> Result<bool, BadKey> {
        let pair = rsa::KeyPair::from_pkcs8(pkcs8).map_err(|_| BadKey::Unreadable)?;
        Ok(pair.public_key().as_ref() == self.key_bits)
    }

    /// Its SubjectPublicKeyInfo, as DER.
    pub(crate) fn spki(&self) -> Option<Vec<u8>> {
        let (_, certificate) = X509Certificate::from_der(&self.der).ok()?;
        Some(certificate.public_key().raw.to_vec())
    }

    /// The bytes that were read.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The content of a `ds:X509Certificate`.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.der)
    }

    /// The key that verifies what the holder signs.
    pub const fn key(&self) -> &TrustedKey {
        &self.key
    }

    /// The `ds:KeyName` by which DigiD names a certificate: SHA-256 of its DER in lower-case
    /// hexadecimal (digid.md 3.1).
    pub fn key_name(&self) -> String {
        hex(digest::digest(&digest::SHA256, &self.der).as_ref())
    }

    /// Whether `now` lies within the certificate's dates, both included (RFC 5280 §4.1.2.5).
    pub fn is_valid_at(&self, now: Moment) -> bool {
        (self.from..=self.until).contains(&now)
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Certificate")
            .field(&self.key_name())
            .finish()
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

/// What a signature says about its key. Readers of ours ignore it; other programs may need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyInfo {
    /// `ds:KeyName`, as DigiD writes it.
    KeyName,
    /// `ds:X509Certificate`.
    Certificate,
}

/// Our own RSA key with its certificate. Parsed once: reading the key again for every signature
/// costs more than the signature.
pub struct SigningKey {
    pair: RsaKeyPair,
    certificate: Certificate,
    key_info: KeyInfo,
}

/// A key that we will not sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadKey {
    /// Not an RSA key in PKCS#8 DER.
    Unreadable,
    /// The certificate is for another key.
    OtherCertificate,
}

impl fmt::Display for BadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "expected an RSA key in PKCS#8",
            Self::OtherCertificate => "the certificate is for another key",
        })
    }
}

impl std::error::Error for BadKey {}

/// The cryptographic library could not sign: out of memory, or a broken key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SigningFailed;

impl fmt::Display for SigningFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the message could not be signed")
    }
}

impl std::error::Error for SigningFailed {}

impl SigningKey {
    /// Takes an RSA key as PKCS#8 DER and the certificate that metadata announces for it. The
    /// certificate was refused already if such a key is too short.
    pub fn from_pkcs8(
        pkcs8: &[u8],
        certificate: Certificate,
        key_info: KeyInfo,
    ) -> Result<Self, BadKey> {
        let pair = rsa::KeyPair::from_pkcs8(pkcs8).map_err(|_| BadKey::Unreadable)?;
        if pair.public_key().as_ref() != certificate.key_bits {
            return Err(BadKey::OtherCertificate);
        }
        Ok(Self {
            pair,
            certificate,
            key_info,
        })
    }

    /// The certificate.
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    pub(crate) const fn key_info(&self) -> KeyInfo {
        self.key_info
    }

    /// RSA-SHA256 over the octets.
    pub(crate) fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        #[expect(
            clippy::disallowed_methods,
            reason = "PKCS#1 v1.5 is deterministic: the library asks for a source and draws nothing"
        )]
        let unused = SystemRandom::new();
        let mut value = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&signature::RSA_PKCS1_SHA256, &unused, octets, &mut value)
            .map_err(|_| SigningFailed)?;
        Ok(value)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey")
            .field(&self.certificate)
            .finish()
    }
}

/// The signature methods that count. SHA-1 has no spelling here (digid case 32).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignatureMethod {
    RsaSha256,
    RsaSha384,
    RsaSha512,
    EcdsaSha256,
    EcdsaSha384,
    EcdsaSha512,
}

/// Why an algorithm's URI is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadAlgorithm {
    Sha1,
    Unknown,
}

impl SignatureMethod {
    pub(crate) const ALL: [Self; 6] = [
        Self::RsaSha256,
        Self::RsaSha384,
        Self::RsaSha512,
        Self::EcdsaSha256,
        Self::EcdsaSha384,
        Self::EcdsaSha512,
    ];

    /// RFC 9231 §2.3.
    pub(crate) const fn uri(self) -> &'static str {
        match self {
            Self::RsaSha256 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            Self::RsaSha384 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
            Self::RsaSha512 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
            Self::EcdsaSha256 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
            Self::EcdsaSha384 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
            Self::EcdsaSha512 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
        }
    }

    pub(crate) fn from_uri(uri: &str) -> Result<Self, BadAlgorithm> {
        let of_uri = |method: &Self| method.uri() == uri;
        Self::ALL
            .into_iter()
            .find(of_uri)
            .ok_or(BadAlgorithm::of(uri))
    }

    /// ECDSA in XML signatures is the two numbers side by side (RFC 9231 §2.3.6); each hash goes
    /// with the curve of its strength.
    fn verification(self) -> &'static dyn signature::VerificationAlgorithm {
        match self {
            Self::RsaSha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Self::RsaSha384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            Self::RsaSha512 => &signature::RSA_PKCS1_2048_8192_SHA512,
            Self::EcdsaSha256 => &signature::ECDSA_P256_SHA256_FIXED,
            Self::EcdsaSha384 => &signature::ECDSA_P384_SHA384_FIXED,
            Self::EcdsaSha512 => &signature::ECDSA_P521_SHA512_FIXED,
        }
    }
}

impl BadAlgorithm {
    /// Every algorithm of the XML signature family that rests on SHA-1 ends in `sha1`.
    fn of(uri: &str) -> Self {
        if uri.ends_with("sha1") {
            return Self::Sha1; // digid case 32
        }
        Self::Unknown
    }
}

/// The digest methods that count.
pub(crate) const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const SHA384: &str = "http://www.w3.org/2001/04/xmldsig-more#sha384";
const SHA512: &str = "http://www.w3.org/2001/04/xmlenc#sha512";

pub(crate) fn digest_of_uri(uri: &str) -> Result<&'static digest::Algorithm, BadAlgorithm> {
    match uri {
        SHA256 => Ok(&digest::SHA256),
        SHA384 => Ok(&digest::SHA384),
        SHA512 => Ok(&digest::SHA512),
        _ => Err(BadAlgorithm::of(uri)),
    }
}

/// Base64 as XML carries it: white space anywhere, otherwise strict.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let compact: String = text.chars().filter(|c| !is_space(*c)).collect();
    STANDARD.decode(compact).ok()
}
