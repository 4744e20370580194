//! The signature algorithms there are.

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RsaParameters,
};

use crate::jwk::{Curve, Material};

/// A public-key signature algorithm of RFC 7518 §3.1. What is not here has no spelling: `none`
/// cannot be asked for, and HS256, whose key is a secret, belongs to [`crate::MacKey`] alone, so
/// that a public key can never be taken for a MAC key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256: ours where a framework leaves it free.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256 and a salt of 32 bytes.
    Ps256,
}

impl Algorithm {
    /// Every algorithm, ours first.
    pub const ALL: [Self; 7] = [
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
    ];

    /// The value of `alg`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
        }
    }

    /// The algorithm of that `alg`, exactly as spelled.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|each| each.name() == name)
    }

    /// The key in the form that checks signatures of this algorithm; nothing when the key is of
    /// another type, or no key at all: a point off the curve, say.
    pub(crate) fn verifier(self, material: &Material) -> Option<ParsedPublicKey> {
        match (self, material) {
            (Self::Es256, Material::Ec(Curve::P256, point)) => {
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).ok()
            }
            (Self::Es384, Material::Ec(Curve::P384, point)) => {
                ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point).ok()
            }
            (Self::Es512, Material::Ec(Curve::P521, point)) => {
                ParsedPublicKey::new(&ECDSA_P521_SHA512_FIXED, point).ok()
            }
            (_, Material::Rsa { n, e }) => PublicKeyComponents { n, e }
                .to_parsed_public_key(self.rsa()?)
                .ok(),
            _ => None,
        }
    }

    const fn rsa(self) -> Option<&'static RsaParameters> {
        match self {
            Self::Rs256 => Some(&RSA_PKCS1_2048_8192_SHA256),
            Self::Rs384 => Some(&RSA_PKCS1_2048_8192_SHA384),
            Self::Rs512 => Some(&RSA_PKCS1_2048_8192_SHA512),
            Self::Ps256 => Some(&RSA_PSS_2048_8192_SHA256),
            Self::Es256 | Self::Es384 | Self::Es512 => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_nothing_else_is_a_name() {
        // RFC 7518 §3.1
        let names = [
            "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256",
        ];
        assert_eq!(Algorithm::ALL.map(Algorithm::name), names);
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
        }
        for other in ["none", "None", "HS256", "es256", "ES256 ", "", "RSA-OAEP"] {
            assert_eq!(Algorithm::from_name(other), None, "{other}");
        }
    }
}
