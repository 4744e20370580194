//! Encrypted text: compact JWE (RFC 7516) with A256GCM, to an RSA or P-256 key.

use std::fmt;

use aws_lc_rs::agreement::{self, ECDH_P256, UnparsedPublicKey};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::kdf::{SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrap};
use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey, PublicEncryptingKey,
};
use aws_lc_rs::signature::{EcdsaKeyPair, KeyPair};
use serde_json::{Map, Value, json};
use verdict::Entropy;
use zeroize::Zeroizing;

use crate::aead::{self, Key32};
use crate::jwk::{Curve, Material};
use crate::sign::{BadKey, CannotSign, RsaSize};
use crate::{Algorithm as Signature, Jwk, b64, json as strict};

/// Bytes of an encrypted text, at most.
pub const TOKEN_BYTES_MAX: usize = 64 * 1024;
/// Bytes of what is encrypted, at most: what fits in [`TOKEN_BYTES_MAX`] once it is base64url,
/// with room for header and key.
pub const PLAIN_BYTES_MAX: usize = 46 * 1024;
/// Bytes of `apu` and `apv`, at most; they are names.
const PARTY_BYTES_MAX: usize = 256;

/// How the content key reaches the recipient (RFC 7518 §4.1). The content itself is always
/// encrypted with A256GCM. RSA1_5 and RSA-OAEP with SHA-1 have no spelling here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSAES-OAEP with SHA-256 and MGF1 with SHA-256.
    RsaOaep256,
    /// Elliptic curve Diffie-Hellman on P-256; the agreed key is the content key.
    EcdhEs,
    /// Elliptic curve Diffie-Hellman on P-256; the agreed key wraps the content key.
    EcdhEsA256Kw,
}

/// A private key to which others encrypt with one algorithm. Parsed once and kept.
pub struct DecryptionKey {
    algorithm: Algorithm,
    secret: Secret,
    public: Jwk,
    kid: String,
}

enum Secret {
    Rsa(OaepPrivateDecryptingKey),
    Ec(agreement::PrivateKey),
}

/// What was encrypted to us. Anybody can encrypt: who did so is told by what is inside.
pub struct Decrypted {
    /// The plain bytes, wiped when dropped.
    pub plain: Zeroizing<Vec<u8>>,
    /// The kind of the plain bytes, if the header says it: `JWT` for a signed token inside.
    pub cty: Option<String>,
}

/// Why an encrypted text is refused. The text is for operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// More than [`TOKEN_BYTES_MAX`] bytes.
    TooLarge,
    /// Not five parts of strict base64url.
    Form,
    /// The header is no JSON object without repeated members, or a member has the wrong type.
    Header,
    /// The header has `crit`, and we know no extension.
    Critical,
    /// The header has `zip`: compression tells of content by its length, and can explode.
    Compressed,
    /// No key of ours has this `kid`.
    UnknownKey,
    /// The algorithm is not the key's own.
    Algorithm,
    /// The content is not encrypted with A256GCM.
    Encryption,
    /// It cannot be decrypted. Which step failed is not said (RFC 7516 §11.5).
    Decryption,
}

/// The text could not be encrypted: the key is not for this algorithm, or the text is larger than
/// [`PLAIN_BYTES_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CannotEncrypt;

/// Encrypts `plain` to `recipient`. The header holds `alg`, `enc`, the key's `kid` if it has one,
/// and `cty` if given. Content key and IV come from `entropy`, which must not serve twice; the
/// library draws OAEP seeds and ephemeral keys.
pub fn encrypt(
    plain: &[u8],
    recipient: &Jwk,
    algorithm: Algorithm,
    cty: Option<&str>,
    entropy: &Entropy,
) -> Result<String, CannotEncrypt> {
    if plain.len() > PLAIN_BYTES_MAX || !recipient.encrypts(algorithm) {
        return Err(CannotEncrypt);
    }
    let mut header = json!({"alg": algorithm.name(), "enc": A256GCM});
    if let Some(kid) = recipient.kid() {
        header["kid"] = json!(kid);
    }
    if let Some(cty) = cty {
        header["cty"] = json!(cty);
    }
    let content_key = Key32::new(entropy.bytes("jose.jwe.cek"));
    let (content_key, encrypted_key) = match algorithm {
        Algorithm::RsaOaep256 => {
            let encrypted = oaep_encrypt(recipient, &content_key)?;
            (content_key, encrypted)
        }
        Algorithm::EcdhEs => (agree_to(recipient, algorithm, &mut header)?, Vec::new()),
        Algorithm::EcdhEsA256Kw => {
            let wrapping = agree_to(recipient, algorithm, &mut header)?;
            let wrapped = wrap(&wrapping, &content_key)?;
            (content_key, wrapped)
        }
    };
    let header = b64::encode(header.to_string());
    let iv = entropy.bytes("jose.jwe.iv");
    let sealed = aead::seal(&content_key, plain, header.as_bytes(), iv);
    Ok(compact(&header, &encrypted_key, &sealed))
}

/// Decrypts what was encrypted to one of `keys`: the one that the header names, or the only one
/// there is.
pub fn decrypt(token: &str, keys: &[DecryptionKey]) -> Result<Decrypted, Refused> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(Refused::TooLarge);
    }
    let parts: Vec<&str> = token.splitn(6, '.').collect();
    let [header, encrypted_key, iv, ciphertext, tag] = parts[..] else {
        return Err(Refused::Form);
    };
    let decode = |part| b64::decode(part).ok_or(Refused::Form);
    let members = strict::object(&decode(header)?).ok_or(Refused::Header)?;
    let (key, cty) = checked(&members, keys)?;
    let (encrypted_key, mut sealed, tag) = (decode(encrypted_key)?, decode(iv)?, decode(tag)?);
    // RFC 7518 §5.3: an IV of 96 bits, a tag of 128 bits.
    if sealed.len() != 12 || tag.len() != 16 {
        return Err(Refused::Decryption);
    }
    sealed.extend(decode(ciphertext)?);
    sealed.extend(tag);
    let content_key = key.content_key(&members, &encrypted_key)?;
    let plain = aead::open(&content_key, &sealed, header.as_bytes());
    Ok(Decrypted {
        plain: plain.map_err(|_| Refused::Decryption)?,
        cty,
    })
}

/// Makes a new private key, as PKCS#8 DER, for the tool that writes key files. The library draws
/// the randomness. `rsa_size` counts only for RSA.
pub fn generate_pkcs8(
    algorithm: Algorithm,
    rsa_size: RsaSize,
) -> Result<Zeroizing<Vec<u8>>, CannotSign> {
    // Nothing in a PKCS#8 file says what the key will be used for.
    let signature = match algorithm {
        Algorithm::RsaOaep256 => Signature::Rs256,
        Algorithm::EcdhEs | Algorithm::EcdhEsA256Kw => Signature::Es256,
    };
    crate::generate_pkcs8(signature, rsa_size)
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 3] = [Self::RsaOaep256, Self::EcdhEs, Self::EcdhEsA256Kw];

    /// The value of `alg`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::EcdhEs => "ECDH-ES",
            Self::EcdhEsA256Kw => "ECDH-ES+A256KW",
        }
    }

    /// The algorithm of that `alg`, exactly as spelled.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|each| each.name() == name)
    }

    /// Whether a key of this type can be encrypted to in this way.
    pub(crate) const fn fits(self, material: &Material) -> bool {
        match self {
            Self::RsaOaep256 => matches!(material, Material::Rsa { .. }),
            Self::EcdhEs | Self::EcdhEsA256Kw => matches!(material, Material::Ec(Curve::P256, _)),
        }
    }
}

impl DecryptionKey {
    /// Reads a private key from PKCS#8 DER: RSA of at least 2048 bits, or EC on P-256.
    pub fn from_pkcs8(algorithm: Algorithm, der: &[u8]) -> Result<Self, BadKey> {
        let (secret, material) = match algorithm {
            Algorithm::RsaOaep256 => {
                let key = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| BadKey)?;
                let pair = aws_lc_rs::rsa::KeyPair::from_pkcs8(der).map_err(|_| BadKey)?;
                let key = OaepPrivateDecryptingKey::new(key).map_err(|_| BadKey)?;
                (Secret::Rsa(key), Material::of_rsa(&pair))
            }
            Algorithm::EcdhEs | Algorithm::EcdhEsA256Kw => {
                let signing = &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
                let pair = EcdsaKeyPair::from_pkcs8(signing, der).map_err(|_| BadKey)?;
                let point = pair.public_key().as_ref().to_vec();
                let key = agreement::PrivateKey::from_private_key_der(&ECDH_P256, der);
                (
                    Secret::Ec(key.map_err(|_| BadKey)?),
                    Material::Ec(Curve::P256, point),
                )
            }
        };
        let public = Jwk::for_encryption(algorithm, material).map_err(|_| BadKey)?;
        Ok(Self {
            algorithm,
            secret,
            kid: public.thumbprint(),
            public,
        })
    }

    /// The public half, as it is published; its `kid` is its thumbprint.
    pub const fn public(&self) -> &Jwk {
        &self.public
    }

    /// The key's thumbprint.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The key of the content: decrypted, agreed, or agreed and unwrapped.
    fn content_key(
        &self,
        header: &Map<String, Value>,
        encrypted_key: &[u8],
    ) -> Result<Key32, Refused> {
        match (&self.secret, self.algorithm) {
            (Secret::Rsa(secret), _) => oaep_decrypt(secret, encrypted_key),
            (Secret::Ec(secret), Algorithm::EcdhEs) if encrypted_key.is_empty() => {
                agreed_by(secret, header, A256GCM)
            }
            (Secret::Ec(secret), Algorithm::EcdhEsA256Kw) => {
                let wrapping = agreed_by(secret, header, self.algorithm.name())?;
                unwrap(&wrapping, encrypted_key)
            }
            (Secret::Ec(_), _) => Err(Refused::Decryption),
        }
    }
}

const A256GCM: &str = "A256GCM";

fn compact(header: &str, encrypted_key: &[u8], sealed: &[u8]) -> String {
    let (iv, rest) = sealed.split_at(12);
    let (ciphertext, tag) = rest.split_at(rest.len() - 16);
    let [key, iv, ciphertext, tag] = [encrypted_key, iv, ciphertext, tag].map(b64::encode);
    format!("{header}.{key}.{iv}.{ciphertext}.{tag}")
}

/// The key that the header means and the header's `cty`, once everything else in it is as it must
/// be.
fn checked<'k>(
    header: &Map<String, Value>,
    keys: &'k [DecryptionKey],
) -> Result<(&'k DecryptionKey, Option<String>), Refused> {
    if header.contains_key("crit") {
        return Err(Refused::Critical);
    }
    if header.contains_key("zip") {
        return Err(Refused::Compressed);
    }
    let key = match (text(header, "kid")?, keys) {
        (Some(kid), _) => keys.iter().find(|key| key.kid == kid),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let key = key.ok_or(Refused::UnknownKey)?;
    if text(header, "alg")?.ok_or(Refused::Header)? != key.algorithm.name() {
        return Err(Refused::Algorithm);
    }
    if text(header, "enc")?.ok_or(Refused::Header)? != A256GCM {
        return Err(Refused::Encryption);
    }
    Ok((key, text(header, "cty")?.map(str::to_owned)))
}

/// The header's member of that name, which must be a string if it is there.
fn text<'h>(header: &'h Map<String, Value>, name: &str) -> Result<Option<&'h str>, Refused> {
    match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Refused::Header),
    }
}

// RSA-OAEP-256, RFC 7518 §4.3

fn oaep_encrypt(recipient: &Jwk, content_key: &Key32) -> Result<Vec<u8>, CannotEncrypt> {
    let Material::Rsa { n, e } = recipient.material() else {
        return Err(CannotEncrypt);
    };
    let spki = aws_lc_rs::rsa::PublicKeyComponents { n, e }
        .to_parsed_public_key(&aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256)
        .map_err(|_| CannotEncrypt)?
        .as_der()
        .map_err(|_| CannotEncrypt)?;
    let key = PublicEncryptingKey::from_der(spki.as_ref()).map_err(|_| CannotEncrypt)?;
    let key = OaepPublicEncryptingKey::new(key).map_err(|_| CannotEncrypt)?;
    let mut encrypted = vec![0; key.ciphertext_size()];
    let length = key
        .encrypt(
            &OAEP_SHA256_MGF1SHA256,
            content_key.reveal(),
            &mut encrypted,
            None,
        )
        .map_err(|_| CannotEncrypt)?
        .len();
    encrypted.truncate(length);
    Ok(encrypted)
}

fn oaep_decrypt(secret: &OaepPrivateDecryptingKey, encrypted: &[u8]) -> Result<Key32, Refused> {
    let mut plain = Zeroizing::new(vec![0; secret.min_output_size()]);
    let content_key = secret
        .decrypt(&OAEP_SHA256_MGF1SHA256, encrypted, &mut plain, None)
        .map_err(|_| Refused::Decryption)?;
    key32(content_key)
}

// ECDH-ES, RFC 7518 §4.6

/// Agrees on a key with `recipient`: makes an ephemeral key and puts its public half in the
/// header.
fn agree_to(
    recipient: &Jwk,
    algorithm: Algorithm,
    header: &mut Value,
) -> Result<Key32, CannotEncrypt> {
    let Material::Ec(Curve::P256, theirs) = recipient.material() else {
        return Err(CannotEncrypt);
    };
    let id = match algorithm {
        Algorithm::EcdhEsA256Kw => algorithm.name(),
        Algorithm::EcdhEs | Algorithm::RsaOaep256 => A256GCM,
    };
    let mine = agreement::PrivateKey::generate(&ECDH_P256).map_err(|_| CannotEncrypt)?;
    let point = mine.compute_public_key().map_err(|_| CannotEncrypt)?;
    let (x, y) = Curve::P256.coordinates(point.as_ref());
    header["epk"] = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y});
    agree(&mine, theirs, id, b"", b"").ok_or(CannotEncrypt)
}

/// The key on which the sender agreed with us, by the header's `epk`, `apu` and `apv`.
fn agreed_by(
    secret: &agreement::PrivateKey,
    header: &Map<String, Value>,
    id: &str,
) -> Result<Key32, Refused> {
    let epk = header.get("epk").and_then(Value::as_object);
    let epk = Material::ec(epk.ok_or(Refused::Header)?).map_err(|_| Refused::Header)?;
    let Material::Ec(Curve::P256, theirs) = epk else {
        return Err(Refused::Header);
    };
    let (apu, apv) = (party(header, "apu")?, party(header, "apv")?);
    agree(secret, &theirs, id, &apu, &apv).ok_or(Refused::Decryption)
}

/// `apu` or `apv`, empty when absent.
fn party(header: &Map<String, Value>, name: &str) -> Result<Vec<u8>, Refused> {
    let Some(text) = text(header, name)? else {
        return Ok(Vec::new());
    };
    b64::decode(text)
        .filter(|bytes| bytes.len() <= PARTY_BYTES_MAX)
        .ok_or(Refused::Header)
}

fn agree(
    mine: &agreement::PrivateKey,
    theirs: &[u8],
    id: &str,
    apu: &[u8],
    apv: &[u8],
) -> Option<Key32> {
    let theirs = UnparsedPublicKey::new(&ECDH_P256, theirs);
    agreement::agree(mine, theirs, (), |secret| {
        let mut key = Zeroizing::new([0; 32]);
        concat_kdf(secret, id, apu, apv, &mut key[..]).ok_or(())?;
        Ok(Key32::new(*key))
    })
    .ok()
}

/// The Concat KDF of RFC 7518 §4.6.2: AlgorithmID, PartyUInfo and PartyVInfo each behind their
/// length, then the number of bits to derive.
fn concat_kdf(secret: &[u8], id: &str, apu: &[u8], apv: &[u8], key: &mut [u8]) -> Option<()> {
    let mut info = Vec::new();
    for part in [id.as_bytes(), apu, apv] {
        info.extend(u32::try_from(part.len()).ok()?.to_be_bytes());
        info.extend(part);
    }
    info.extend(u32::try_from(key.len() * 8).ok()?.to_be_bytes());
    let sha256 = get_sskdf_digest_algorithm(SskdfDigestAlgorithmId::Sha256)?;
    sskdf_digest(sha256, secret, &info, key).ok()
}

// A256KW, RFC 7518 §4.4

fn wrap(wrapping: &Key32, content_key: &Key32) -> Result<Vec<u8>, CannotEncrypt> {
    let mut wrapped = vec![0; 40];
    AesKek::new(&AES_256, wrapping.reveal())
        .and_then(|kek| kek.wrap(content_key.reveal(), &mut wrapped).map(|_| ()))
        .map_err(|_| CannotEncrypt)?;
    Ok(wrapped)
}

fn unwrap(wrapping: &Key32, wrapped: &[u8]) -> Result<Key32, Refused> {
    if wrapped.len() != 40 {
        return Err(Refused::Decryption);
    }
    let mut plain = Zeroizing::new([0; 32]);
    AesKek::new(&AES_256, wrapping.reveal())
        .and_then(|kek| kek.unwrap(wrapped, &mut plain[..]).map(|_| ()))
        .map_err(|_| Refused::Decryption)?;
    key32(&plain[..])
}

fn key32(bytes: &[u8]) -> Result<Key32, Refused> {
    let bytes = bytes.try_into().map_err(|_| Refused::Decryption)?;
    Ok(Key32::new(bytes))
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecryptionKey({}, ***)", self.kid)
    }
}

impl fmt::Debug for Decrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decrypted({:?}, ***)", self.cty)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the encrypted text is larger than 64 KiB",
            Self::Form => "the encrypted text is not five parts of base64url without padding",
            Self::Header => "the header is not what a compact JWE must say, or repeats itself",
            Self::Critical => "the header asks for an extension (crit)",
            Self::Compressed => "the content is compressed (zip)",
            Self::UnknownKey => "no key of ours has the header's kid: was a key rotated?",
            Self::Algorithm => {
                "the content key was encrypted in another way than our key is for (alg)"
            }
            Self::Encryption => "the content is encrypted with something else than A256GCM (enc)",
            Self::Decryption => "it cannot be decrypted",
        })
    }
}

impl std::error::Error for Refused {}

impl fmt::Display for CannotEncrypt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the recipient's key is not for this algorithm, or the text is too large")
    }
}

impl std::error::Error for CannotEncrypt {}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    static KEYS: LazyLock<Vec<DecryptionKey>> = LazyLock::new(|| {
        Algorithm::ALL
            .map(|algorithm| {
                let der = generate_pkcs8(algorithm, RsaSize::Bits2048).expect("generated");
                DecryptionKey::from_pkcs8(algorithm, &der).expect("key")
            })
            .into()
    });

    fn entropy() -> Entropy {
        Entropy::new([5; 32])
    }

    fn encrypted(plain: &[u8], key: &DecryptionKey) -> String {
        encrypt(plain, key.public(), key.algorithm, Some("JWT"), &entropy()).expect("encrypted")
    }

    /// The token with another header. Nothing else in it is changed.
    fn with_header(token: &str, change: impl Fn(&mut Value)) -> String {
        let (header, rest) = token.split_once('.').expect("parts");
        let header = b64::decode(header).expect("base64url");
        let mut header: Value = serde_json::from_slice(&header).expect("json");
        change(&mut header);
        format!("{}.{rest}", b64::encode(header.to_string()))
    }

    #[test]
    fn algorithms_have_their_registered_names_and_no_other_is_known() {
        // RFC 7518 §4.1
        let names = ["RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW"];
        assert_eq!(Algorithm::ALL.map(Algorithm::name), names);
        for other in ["RSA1_5", "RSA-OAEP", "dir", "A256KW", "ecdh-es", ""] {
            assert_eq!(Algorithm::from_name(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_encrypted_to_a_key_it_decrypts() {
        for key in KEYS.iter() {
            let read = decrypt(&encrypted(b"plain", key), &KEYS).expect("decrypted");
            // RFC 7518 §4.3, §4.4, §4.6
            assert_eq!(read.plain.as_slice(), b"plain");
            assert_eq!(read.cty.as_deref(), Some("JWT"));
            assert!(!format!("{read:?}").contains("plain"));
        }
    }

    #[test]
    fn the_published_key_is_enough_to_encrypt() {
        for key in KEYS.iter() {
            let published = key.public().to_json().to_string();
            let jwk = Jwk::parse(published.as_bytes()).expect("key");
            let token = encrypt(b"x", &jwk, key.algorithm, None, &entropy()).expect("encrypted");
            assert!(decrypt(&token, &KEYS).expect("decrypted").cty.is_none());
        }
    }

    #[test]
    fn a_key_is_not_encrypted_to_in_another_way() {
        for key in KEYS.iter() {
            for other in Algorithm::ALL {
                let result = encrypt(b"x", key.public(), other, None, &entropy());
                assert_eq!(result.is_ok(), other == key.algorithm);
            }
        }
        let der = crate::generate_pkcs8(Signature::Es256, RsaSize::Bits2048).expect("generated");
        let signing = crate::SigningKey::from_pkcs8(Signature::Es256, &der).expect("key");
        let result = encrypt(b"x", signing.public(), Algorithm::EcdhEs, None, &entropy());
        assert_eq!(result, Err(CannotEncrypt), "a signing key");
        let large = vec![0; PLAIN_BYTES_MAX + 1];
        let to = KEYS[1].public();
        assert_eq!(
            encrypt(&large, to, Algorithm::EcdhEs, None, &entropy()),
            Err(CannotEncrypt)
        );
        let largest = encrypted(&large[1..], &KEYS[0]);
        assert!(decrypt(&largest, &KEYS).is_ok());
    }

    #[test]
    fn the_header_is_read_strictly() {
        for key in KEYS.iter() {
            let token = encrypted(b"x", key);
            let refusal =
                |change: fn(&mut Value)| decrypt(&with_header(&token, change), &KEYS).err();
            assert_eq!(refusal(|_| ()), None);
            assert_eq!(
                refusal(|h| h["zip"] = json!("DEF")),
                Some(Refused::Compressed)
            );
            assert_eq!(refusal(|h| h["crit"] = json!([])), Some(Refused::Critical));
            assert_eq!(
                refusal(|h| h["kid"] = json!("x")),
                Some(Refused::UnknownKey)
            );
            assert_eq!(
                refusal(|h| h["alg"] = json!("RSA1_5")),
                Some(Refused::Algorithm)
            );
            assert_eq!(
                refusal(|h| h["alg"] = json!("dir")),
                Some(Refused::Algorithm)
            );
            assert_eq!(
                refusal(|h| h["enc"] = json!("A128GCM")),
                Some(Refused::Encryption)
            );
            assert_eq!(refusal(|h| h["enc"] = json!(1)), Some(Refused::Header));
            assert_eq!(refusal(|h| h["more"] = json!(1)), Some(Refused::Decryption));
        }
        let token = encrypted(b"x", &KEYS[1]);
        let unnamed = with_header(&token, |h| h["kid"] = Value::Null);
        assert_eq!(decrypt(&unnamed, &KEYS).err(), Some(Refused::Header));
        let off_curve = with_header(&token, |h| h["epk"]["x"] = h["epk"]["y"].clone());
        assert_eq!(decrypt(&off_curve, &KEYS).err(), Some(Refused::Decryption));
        let absent = with_header(&token, |h| h["epk"] = json!({}));
        assert_eq!(decrypt(&absent, &KEYS).err(), Some(Refused::Header));
    }

    #[test]
    fn an_altered_part_refuses_the_whole() {
        for key in KEYS.iter() {
            let token = encrypted(b"some text", key);
            let parts: Vec<&str> = token.split('.').collect();
            for at in 1..5 {
                let mut bytes = b64::decode(parts[at]).expect("base64url");
                let Some(last) = bytes.last_mut() else {
                    continue;
                };
                *last ^= 1;
                let (altered, mut parts) = (b64::encode(&bytes), parts.clone());
                parts[at] = &altered;
                let refused = decrypt(&parts.join("."), &KEYS).err();
                // RFC 7516 §11.5: which part was altered cannot be told.
                assert_eq!(refused, Some(Refused::Decryption), "part {at}");
                // RFC 7518 §5.3: an IV or a tag that is too short is refused likewise.
                let shorter = b64::encode(&bytes[1..]);
                parts[at] = &shorter;
                let refused = decrypt(&parts.join("."), &KEYS).err();
                assert_eq!(refused, Some(Refused::Decryption), "part {at}");
            }
            let four = parts[..4].join(".");
            assert_eq!(decrypt(&four, &KEYS).err(), Some(Refused::Form));
            assert_eq!(
                decrypt(&format!("{token}."), &KEYS).err(),
                Some(Refused::Form)
            );
            assert_eq!(
                decrypt(&format!("{token}="), &KEYS).err(),
                Some(Refused::Form)
            );
        }
        let large = "A".repeat(TOKEN_BYTES_MAX + 1);
        assert_eq!(decrypt(&large, &KEYS).err(), Some(Refused::TooLarge));
    }

    #[test]
    fn direct_agreement_carries_no_encrypted_key() {
        let token = encrypted(b"x", &KEYS[1]);
        let more = token.replacen("..", ".AAAA.", 1);
        assert_ne!(more, token);
        assert_eq!(decrypt(&more, &KEYS).err(), Some(Refused::Decryption));
    }

    #[test]
    fn key_agreement_is_that_of_rfc_7518_appendix_c() {
        let d = |text| b64::decode(text).expect("base64url");
        let alice = d("0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo");
        let bob = d("VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw");
        let point = |x, y| [vec![4], d(x), d(y)].concat();
        let alice_public = point(
            "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
            "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps",
        );
        let bob_public = point(
            "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
            "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",
        );
        for (mine, theirs) in [(alice, bob_public), (bob, alice_public)] {
            let mine = agreement::PrivateKey::from_private_key(&ECDH_P256, &mine).expect("key");
            let theirs = UnparsedPublicKey::new(&ECDH_P256, theirs);
            let mut key = [0; 16];
            agreement::agree(&mine, theirs, None, |secret| {
                concat_kdf(secret, "A128GCM", b"Alice", b"Bob", &mut key).ok_or(None::<()>)
            })
            .expect("agreed");
            // RFC 7518 §4.6 and §4.6.2
            assert_eq!(b64::encode(key), "VqqN6vgjbSBcIijNcacQGg");
        }
    }

    #[test]
    fn a_wrapped_key_is_that_of_aes_key_wrap() {
        // The last vector of its specification: 256 bits under a key of 256 bits. RFC 7518 §4.4
        let mut bytes = 0_u8..32;
        let wrapping = Key32::new([(); 32].map(|()| bytes.next().expect("32 bytes")));
        let mut plain = [0; 32];
        plain[..16].copy_from_slice(&0x0011_2233_4455_6677_8899_aabb_ccdd_eeff_u128.to_be_bytes());
        plain[16..].copy_from_slice(&0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f_u128.to_be_bytes());
        let wrapped = [
            0x28c9_f404_c4b8_10f4_u64,
            0xcbcc_b35c_fb87_f826,
            0x3f57_86e2_d80e_d326,
            0xcbc7_f0e7_1a99_f43b,
            0xfb98_8b9b_7a02_dd21,
        ]
        .map(u64::to_be_bytes)
        .concat();
        assert_eq!(wrap(&wrapping, &Key32::new(plain)), Ok(wrapped.clone()));
        assert_eq!(unwrap(&wrapping, &wrapped), Ok(Key32::new(plain)));
    }

    #[test]
    fn a_key_of_another_kind_is_refused() {
        let ec = generate_pkcs8(Algorithm::EcdhEs, RsaSize::Bits2048).expect("generated");
        let refused = DecryptionKey::from_pkcs8(Algorithm::RsaOaep256, &ec);
        assert_eq!(refused.err(), Some(BadKey));
        assert!(format!("{:?}", KEYS[0]).ends_with(", ***)"));
    }

    proptest! {
        #[test]
        fn any_text_is_refused(text in "\\PC{0,80}|[A-Za-z0-9_-]{0,9}(\\.[A-Za-z0-9_-]{0,9}){4}") {
            prop_assert!(decrypt(&text, &KEYS).is_err());
        }

        #[test]
        fn any_plain_text_returns(plain in proptest::collection::vec(any::<u8>(), 0..200)) {
            let read = decrypt(&encrypted(&plain, &KEYS[2]), &KEYS).expect("decrypted");
            prop_assert_eq!(read.plain.as_slice(), &plain);
        }
    }
}
