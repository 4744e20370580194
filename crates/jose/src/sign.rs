//! Making tokens.

use std::sync::Arc;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding,
};
use aws_lc_rs::{digest, hmac};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::jwk::{Curve, Material};
use crate::{Algorithm, Jwk, b64};

/// A private key that signs tokens with one algorithm. Parsed once and kept, since reading a key
/// costs more than signing with it.
pub struct SigningKey {
    algorithm: Algorithm,
    pair: Pair,
    public: Jwk,
    kid: String,
}

enum Pair {
    Ec(EcdsaKeyPair),
    Rsa(rsa::KeyPair, &'static dyn RsaEncoding),
    Elsewhere(Arc<dyn Signer>),
}

/// Who signs with a private key that is not in this process: a hardware security module, say.
pub trait Signer: Send + Sync {
    /// The ECDSA signature of this digest, `r` and `s` behind each other in the fixed length of the
    /// curve (RFC 7518 §3.4). A wrong answer costs a token that nobody accepts; its length alone is
    /// checked here. May block, for a time that the implementation bounds.
    ///
    /// # Errors
    /// [`CannotSign`] when whoever has the key does not answer.
    fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, CannotSign>;
}

/// A secret key for HS256, for tokens that one party both makes and checks. Wiped when dropped.
pub struct MacKey {
    pub(crate) kid: String,
    pub(crate) key: hmac::Key,
}

/// The size of an RSA key to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RsaSize {
    /// 2048 bits.
    Bits2048,
    /// 3072 bits.
    Bits3072,
    /// 4096 bits.
    Bits4096,
}

/// A key file that does not hold a usable key of the wanted kind. Nothing of it is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadKey;

/// The claims could not be written as JSON, or the library refused to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CannotSign;

/// Makes a new private key, as PKCS#8 DER, for the tool that writes key files. The library draws
/// the randomness. `rsa_size` counts only for RSA algorithms.
pub fn generate_pkcs8(
    algorithm: Algorithm,
    rsa_size: RsaSize,
) -> Result<Zeroizing<Vec<u8>>, CannotSign> {
    let der = match ecdsa(algorithm) {
        Some((signing, _)) => EcdsaKeyPair::generate(signing)
            .and_then(|pair| pair.to_pkcs8v1())
            .map(|document| document.as_ref().to_vec()),
        None => rsa::KeyPair::generate(rsa_size.key_size())
            .and_then(|pair| pair.as_der())
            .map(|document| document.as_ref().to_vec()),
    };
    der.map(Zeroizing::new).map_err(|_| CannotSign)
}

impl SigningKey {
    /// Reads a private key from PKCS#8 DER; an EC key must be on the algorithm's curve, an RSA key
    /// of at least 2048 bits (RFC 7518 §3.3).
    pub fn from_pkcs8(algorithm: Algorithm, der: &[u8]) -> Result<Self, BadKey> {
        let (pair, material) = match (ecdsa(algorithm), rsa_encoding(algorithm)) {
            (Some((signing, curve)), _) => {
                let pair = EcdsaKeyPair::from_pkcs8(signing, der).map_err(|_| BadKey)?;
                let point = pair.public_key().as_ref().to_vec();
                (Pair::Ec(pair), Material::Ec(curve, point))
            }
            (None, Some(encoding)) => {
                let pair = rsa::KeyPair::from_pkcs8(der).map_err(|_| BadKey)?;
                let material = Material::of_rsa(&pair);
                (Pair::Rsa(pair, encoding), material)
            }
            (None, None) => return Err(BadKey),
        };
        let public = Jwk::for_signing(algorithm, material).map_err(|_| BadKey)?;
        Ok(Self {
            algorithm,
            pair,
            kid: public.thumbprint(),
            public,
        })
    }

    /// A key whose private half is with `signer`. `point` is the public one, uncompressed (SEC 1,
    /// 2.3.3): it must lie on the algorithm's curve. ECDSA only.
    pub fn elsewhere(
        algorithm: Algorithm,
        point: &[u8],
        signer: Arc<dyn Signer>,
    ) -> Result<Self, BadKey> {
        let (_, curve) = ecdsa(algorithm).ok_or(BadKey)?;
        let material = Material::Ec(curve, point.to_vec());
        let public = Jwk::for_signing(algorithm, material).map_err(|_| BadKey)?;
        public.verifier(algorithm).ok_or(BadKey)?;
        Ok(Self {
            algorithm,
            pair: Pair::Elsewhere(signer),
            kid: public.thumbprint(),
            public,
        })
    }

    /// A compact JWS (RFC 7515 §3.1) whose header holds `alg`, `kid` and this `typ`.
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, CannotSign> {
        let text = signing_input(self.algorithm.name(), &self.kid, typ, claims)?;
        let signature = self.signature(text.as_bytes())?;
        Ok(finish(text, &signature))
    }

    /// The algorithm with which it signs.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public half, as it is published; its `kid` is its thumbprint.
    pub const fn public(&self) -> &Jwk {
        &self.public
    }

    /// The key's thumbprint, which every token carries in its header.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    pub(crate) fn signature(&self, message: &[u8]) -> Result<Vec<u8>, CannotSign> {
        let hash = digest::digest(hash_of(self.algorithm), message);
        match &self.pair {
            Pair::Ec(pair) => pair
                .sign_digest(&hash)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| CannotSign),
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign_digest(*encoding, &hash, &mut signature)
                    .map_err(|_| CannotSign)?;
                Ok(signature)
            }
            Pair::Elsewhere(signer) => {
                let signature = signer.sign_digest(hash.as_ref())?;
                let is_whole = ecdsa_bytes(self.algorithm) == Some(signature.len());
                is_whole.then_some(signature).ok_or(CannotSign)
            }
        }
    }
}

impl MacKey {
    /// A key with this name. RFC 7518 §3.2 asks for 32 bytes at least; more than 128 are refused.
    pub fn new(kid: &str, bytes: &[u8]) -> Result<Self, BadKey> {
        if (32..=128).contains(&bytes.len()) {
            Ok(Self {
                kid: kid.to_owned(),
                key: hmac::Key::new(hmac::HMAC_SHA256, bytes),
            })
        } else {
            Err(BadKey)
        }
    }

    /// A compact JWS with HS256 whose header holds `alg`, this key's `kid` and this `typ`.
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, CannotSign> {
        let text = signing_input("HS256", &self.kid, typ, claims)?;
        let tag = hmac::sign(&self.key, text.as_bytes());
        Ok(finish(text, tag.as_ref()))
    }

    /// The key's name.
    pub fn kid(&self) -> &str {
        &self.kid
    }
}

fn signing_input(
    alg: &str,
    kid: &str,
    typ: &str,
    claims: &impl Serialize,
) -> Result<String, CannotSign> {
    let header = Header { alg, kid, typ };
    let header = serde_json::to_vec(&header).map_err(|_| CannotSign)?;
    let payload = serde_json::to_vec(claims).map_err(|_| CannotSign)?;
    // Room for the signature of a P-256 key, too.
    let mut text = String::with_capacity((header.len() + payload.len()) / 3 * 4 + 96);
    b64::encode_to(&header, &mut text);
    text.push('.');
    b64::encode_to(&payload, &mut text);
    Ok(text)
}

/// A token's header, its members in alphabetical order.
#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    kid: &'a str,
    typ: &'a str,
}

fn finish(mut text: String, signature: &[u8]) -> String {
    text.push('.');
    b64::encode_to(signature, &mut text);
    text
}

const fn ecdsa(algorithm: Algorithm) -> Option<(&'static EcdsaSigningAlgorithm, Curve)> {
    match algorithm {
        Algorithm::Es256 => Some((&ECDSA_P256_SHA256_FIXED_SIGNING, Curve::P256)),
        Algorithm::Es384 => Some((&ECDSA_P384_SHA384_FIXED_SIGNING, Curve::P384)),
        Algorithm::Es512 => Some((&ECDSA_P521_SHA512_FIXED_SIGNING, Curve::P521)),
        _ => None,
    }
}

/// The length of `r` and `s` together (RFC 7518 §3.4).
const fn ecdsa_bytes(algorithm: Algorithm) -> Option<usize> {
    match algorithm {
        Algorithm::Es256 => Some(64),
        Algorithm::Es384 => Some(96),
        Algorithm::Es512 => Some(132),
        _ => None,
    }
}

fn rsa_encoding(algorithm: Algorithm) -> Option<&'static dyn RsaEncoding> {
    match algorithm {
        Algorithm::Rs256 => Some(&RSA_PKCS1_SHA256),
        Algorithm::Rs384 => Some(&RSA_PKCS1_SHA384),
        Algorithm::Rs512 => Some(&RSA_PKCS1_SHA512),
        Algorithm::Ps256 => Some(&RSA_PSS_SHA256),
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 => None,
    }
}

const fn hash_of(algorithm: Algorithm) -> &'static digest::Algorithm {
    match algorithm {
        Algorithm::Es256 | Algorithm::Rs256 | Algorithm::Ps256 => &digest::SHA256,
        Algorithm::Es384 | Algorithm::Rs384 => &digest::SHA384,
        Algorithm::Es512 | Algorithm::Rs512 => &digest::SHA512,
    }
}

impl RsaSize {
    pub(crate) const fn key_size(self) -> KeySize {
        match self {
            Self::Bits2048 => KeySize::Rsa2048,
            Self::Bits3072 => KeySize::Rsa3072,
            Self::Bits4096 => KeySize::Rsa4096,
        }
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({}, ***)", self.kid)
    }
}

impl std::fmt::Debug for MacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MacKey({}, ***)", self.kid)
    }
}

impl std::fmt::Display for BadKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not a usable key of the wanted kind: make a new one with `sluis keys`")
    }
}

impl std::error::Error for BadKey {}

impl std::fmt::Display for CannotSign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the token could not be made")
    }
}

impl std::error::Error for CannotSign {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_serves_only_its_own_algorithm() {
        let ec = generate_pkcs8(Algorithm::Es256, RsaSize::Bits2048).expect("generated");
        assert!(SigningKey::from_pkcs8(Algorithm::Es256, &ec).is_ok());
        for other in [Algorithm::Es384, Algorithm::Rs256, Algorithm::Ps256] {
            assert_eq!(SigningKey::from_pkcs8(other, &ec).err(), Some(BadKey));
        }
        assert_eq!(
            SigningKey::from_pkcs8(Algorithm::Es256, b"").err(),
            Some(BadKey)
        );
    }

    /// Somebody else who has the key.
    struct Other(EcdsaKeyPair);

    impl Signer for Other {
        fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, CannotSign> {
            let digest = digest::Digest::import_less_safe(digest, &digest::SHA256);
            let signature = self.0.sign_digest(&digest.map_err(|_| CannotSign)?);
            Ok(signature.map_err(|_| CannotSign)?.as_ref().to_vec())
        }
    }

    /// Answers what is no signature.
    struct Broken;

    impl Signer for Broken {
        fn sign_digest(&self, _: &[u8]) -> Result<Vec<u8>, CannotSign> {
            Ok(vec![0x30; 70])
        }
    }

    fn pair() -> (EcdsaKeyPair, Vec<u8>) {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a pair");
        let point = pair.public_key().as_ref().to_vec();
        (pair, point)
    }

    // RFC 7518 §3.4
    #[test]
    fn a_signature_from_elsewhere_verifies_under_the_published_key() {
        let (pair, point) = pair();
        let key = SigningKey::elsewhere(Algorithm::Es256, &point, Arc::new(Other(pair)));
        let key = key.expect("a key");
        let token = key.sign("JWT", &json!({ "iss": "a", "aud": "b", "exp": 10 }));
        let jwks = crate::Jwks::new(vec![key.public().clone()]).expect("a set");
        let expected = crate::Expected {
            typ: crate::Typ::Is("JWT"),
            issuer: "a",
            audience: &["b"],
            now: verdict::Moment::from_unix(1),
            leeway_s: 0,
        };
        let token = token.expect("signed");
        assert!(crate::verify(&token, &jwks, &[Algorithm::Es256], &expected).is_ok());
    }

    #[test]
    fn what_is_no_signature_or_no_point_is_refused() {
        let (_, point) = pair();
        let broken = SigningKey::elsewhere(Algorithm::Es256, &point, Arc::new(Broken));
        let signed = broken.expect("a key").sign("JWT", &json!({}));
        assert_eq!(signed, Err(CannotSign));
        for (algorithm, point) in [
            (Algorithm::Es256, &point[..64]),
            (Algorithm::Es384, &point[..]),
            (Algorithm::Rs256, &point[..]),
        ] {
            let key = SigningKey::elsewhere(algorithm, point, Arc::new(Broken));
            assert_eq!(key.err(), Some(BadKey), "{algorithm:?}");
        }
    }

    #[test]
    fn a_mac_key_has_at_least_as_many_bits_as_its_hash() {
        // RFC 7518 §3.2
        assert_eq!(MacKey::new("a", &[1; 31]).err(), Some(BadKey));
        assert!(MacKey::new("a", &[1; 32]).is_ok());
        assert_eq!(MacKey::new("a", &[1; 129]).err(), Some(BadKey));
    }

    #[test]
    fn keys_print_their_names_only() {
        let key = MacKey::new("a", &[0x41; 32]).expect("key");
        assert_eq!(format!("{key:?}"), "MacKey(a, ***)");
        let der = generate_pkcs8(Algorithm::Es256, RsaSize::Bits2048).expect("generated");
        let key = SigningKey::from_pkcs8(Algorithm::Es256, &der).expect("key");
        assert_eq!(
            format!("{key:?}"),
            format!("SigningKey({}, ***)", key.kid())
        );
    }
}
