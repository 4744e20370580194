//! Public keys as JSON (RFC 7517), alone and in sets.

use aws_lc_rs::io::Positive;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, ParsedPublicKey};
use serde_json::{Map, Value, json};

use crate::{Algorithm, b64, hash, json as strict, jwe, roca};

/// Keys in a set, at most: a party has a few per purpose while it rotates, or one for each process that
/// signs (TOP-KT-020); more is a mistake or an attack on the memory of those who fetch the set.
pub const KEYS_MAX: usize = 100;
/// Bytes of a set, at most: room for [`KEYS_MAX`] RSA keys with their certificates.
const SET_BYTES_MAX: usize = 512 * 1024;
/// Members that a private or symmetric key has and a public one has not (RFC 7518 §§6.2.2, 6.3.2, 6.4).
const SECRET_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
/// Bytes of a `kid`, at most.
const KID_BYTES_MAX: usize = 256;

/// A public key, parsed once: it checks signatures, or is encrypted to, or both, as its `use`,
/// `key_ops` and `alg` allow.
#[derive(Clone, Debug)]
pub struct Jwk {
    kid: Option<Box<str>>,
    usage: Option<Usage>,
    alg: Option<&'static str>,
    material: Material,
    verifiers: Vec<(Algorithm, ParsedPublicKey)>,
    encrypts: Vec<jwe::Algorithm>,
}

/// A set of public keys (RFC 7517 §5), in which no two have the same `kid`.
#[derive(Clone, Debug, Default)]
pub struct Jwks(Vec<Jwk>);

/// Why a key or a set of keys is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadJwk {
    /// The set is larger than 512 KiB.
    TooLarge,
    /// Not JSON, a repeated member, or no array `keys`.
    Form,
    /// More than [`KEYS_MAX`] keys.
    TooMany,
    /// A key whose members contradict its type: a missing or misspelled coordinate, a point off
    /// the curve, a weak modulus or exponent.
    Malformed,
    /// A private or symmetric key stands where others can read it.
    Secret,
    /// Two keys have the same `kid`.
    DuplicateKid,
    /// A key of a type, curve, size or algorithm that we do not know. In a set it is skipped.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Usage {
    Sign,
    Encrypt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

/// The key itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Material {
    /// An uncompressed point: 4, x, y.
    Ec(Curve, Vec<u8>),
    /// Modulus and exponent, big-endian, without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl Jwks {
    /// Reads a set. Keys of unknown type, curve, size or algorithm are skipped (RFC 7517 §5); a
    /// key that is known and wrong refuses the whole set, so that its owner hears of it.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadJwk> {
        let items = items(bytes)?;
        let keys = items.iter().map(Jwk::from_item);
        let known = keys.filter(|key| !matches!(key, Err(BadJwk::Unknown)));
        Self::new(known.collect::<Result<_, _>>()?)
    }

    /// Reads a set of which a key that cannot serve must not lock out those beside it: keys that are
    /// wrong or too weak are skipped too (RFC 7517 §5), and all that share a `kid`, since nobody can
    /// tell which is meant. A private or symmetric key refuses the whole set all the same: who
    /// publishes one keeps no secrets.
    pub fn parse_forgiving(bytes: &[u8]) -> Result<Self, BadJwk> {
        let items = items(bytes)?;
        let shares_kid = |item: &Value| {
            let kid = item.get("kid");
            kid.is_some() && items.iter().filter(|each| each.get("kid") == kid).count() > 1
        };
        let mut keys = Vec::with_capacity(items.len());
        for item in &items {
            match Jwk::from_item(item) {
                Ok(_) if shares_kid(item) => {}
                Ok(key) => keys.push(key),
                Err(BadJwk::Unknown | BadJwk::Malformed) => {}
                Err(bad) => return Err(bad),
            }
        }
        Self::new(keys)
    }

    /// A set of these keys; refused when two have the same `kid` or there are too many.
    pub fn new(keys: Vec<Jwk>) -> Result<Self, BadJwk> {
        if keys.len() > KEYS_MAX {
            return Err(BadJwk::TooMany);
        }
        let mut kids: Vec<&str> = keys.iter().filter_map(Jwk::kid).collect();
        kids.sort_unstable();
        if kids.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(BadJwk::DuplicateKid);
        }
        Ok(Self(keys))
    }

    /// The keys, in the order of the set.
    pub fn keys(&self) -> &[Jwk] {
        &self.0
    }

    /// The key with that `kid`.
    pub fn find(&self, kid: &str) -> Option<&Jwk> {
        self.0.iter().find(|key| key.kid() == Some(kid))
    }

    /// The set as JSON, for a `jwks_uri`.
    pub fn to_json(&self) -> Value {
        json!({ "keys": self.0.iter().map(Jwk::to_json).collect::<Vec<_>>() })
    }
}

impl Jwk {
    /// Reads one key. Like [`Jwks::parse`], but a key of an unknown kind is [`BadJwk::Unknown`].
    pub fn parse(bytes: &[u8]) -> Result<Self, BadJwk> {
        if bytes.len() > SET_BYTES_MAX {
            return Err(BadJwk::TooLarge);
        }
        Self::from_members(&strict::object(bytes).ok_or(BadJwk::Form)?)
    }

    /// The key's name within its set.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether the key checks signatures of this algorithm.
    pub fn verifies(&self, algorithm: Algorithm) -> bool {
        self.verifier(algorithm).is_some()
    }

    /// Whether one may encrypt to the key in this way.
    pub fn encrypts(&self, algorithm: jwe::Algorithm) -> bool {
        self.encrypts.contains(&algorithm)
    }

    /// The key's SHA-256 thumbprint (RFC 7638 §3), which is our own keys' `kid`.
    pub fn thumbprint(&self) -> String {
        // serde_json keeps members in alphabetical order, as RFC 7638 §3.3 asks, as long as its
        // feature `preserve_order` is off; so the order is written out here instead.
        let text = match &self.material {
            Material::Ec(curve, point) => {
                let (x, y) = curve.coordinates(point);
                let crv = curve.name();
                format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            Material::Rsa { n, e } => {
                let (n, e) = (b64::encode(n), b64::encode(e));
                format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)
            }
        };
        b64::encode(hash::sha256(text.as_bytes()))
    }

    /// The key as JSON: its type's members, then `kid`, `use` and `alg` as far as they are known.
    pub fn to_json(&self) -> Value {
        let mut key = match &self.material {
            Material::Ec(curve, point) => {
                let (x, y) = curve.coordinates(point);
                json!({"kty": "EC", "crv": curve.name(), "x": x, "y": y})
            }
            Material::Rsa { n, e } => {
                json!({"kty": "RSA", "n": b64::encode(n), "e": b64::encode(e)})
            }
        };
        if let Some(kid) = &self.kid {
            key["kid"] = json!(kid);
        }
        if let Some(usage) = self.usage {
            key["use"] = json!(usage.name());
        }
        if let Some(alg) = self.alg {
            key["alg"] = json!(alg);
        }
        key
    }

    /// A key of ours that checks signatures; its `kid` is its thumbprint.
    pub(crate) fn for_signing(algorithm: Algorithm, material: Material) -> Result<Self, BadJwk> {
        Self::of(material, Some(Usage::Sign), Some(algorithm.name())).map(Self::named)
    }

    /// A key of ours that others encrypt to; its `kid` is its thumbprint.
    pub(crate) fn for_encryption(
        algorithm: jwe::Algorithm,
        material: Material,
    ) -> Result<Self, BadJwk> {
        Self::of(material, Some(Usage::Encrypt), Some(algorithm.name())).map(Self::named)
    }

    pub(crate) fn verifier(&self, algorithm: Algorithm) -> Option<&ParsedPublicKey> {
        let of_algorithm = |(each, _): &&(Algorithm, _)| *each == algorithm;
        self.verifiers.iter().find(of_algorithm).map(|(_, key)| key)
    }

    /// SHA-256 of the key and a text together.
    pub(crate) fn digest_with(&self, text: &str) -> [u8; 32] {
        let key: [&[u8]; 2] = match &self.material {
            Material::Ec(_, point) => [point, &[]],
            Material::Rsa { n, e } => [n, e],
        };
        hash::sha256_of(&[key[0], key[1], text.as_bytes()])
    }

    pub(crate) const fn material(&self) -> &Material {
        &self.material
    }

    fn named(mut self) -> Self {
        self.kid = Some(self.thumbprint().into());
        self
    }

    fn from_item(item: &Value) -> Result<Self, BadJwk> {
        Self::from_members(item.as_object().ok_or(BadJwk::Form)?)
    }

    fn from_members(members: &Map<String, Value>) -> Result<Self, BadJwk> {
        let text = |name| text(members, name);
        if SECRET_MEMBERS
            .iter()
            .any(|secret| members.contains_key(*secret))
        {
            return Err(BadJwk::Secret);
        }
        let material = match text("kty")?.ok_or(BadJwk::Malformed)? {
            "EC" => Material::ec(members)?,
            "RSA" => Material::rsa(members)?,
            "oct" => return Err(BadJwk::Secret),
            _ => return Err(BadJwk::Unknown),
        };
        let usage = match text("use")? {
            None => None,
            Some("sig") => Some(Usage::Sign),
            Some("enc") => Some(Usage::Encrypt),
            Some(_) => return Err(BadJwk::Unknown),
        };
        let alg = text("alg")?.map(known_alg).transpose()?;
        let mut key = Self::of(material, usage, alg)?;
        if let Some(operations) = members.get("key_ops") {
            key.limit_to(operations)?;
        }
        key.kid = match text("kid")? {
            Some(kid) if kid.len() > KID_BYTES_MAX => return Err(BadJwk::Malformed),
            kid => kid.map(Into::into),
        };
        Ok(key)
    }

    /// The key with everything that it can do and is not forbidden to do. A declared algorithm
    /// that the key cannot do is a contradiction.
    fn of(
        material: Material,
        usage: Option<Usage>,
        alg: Option<&'static str>,
    ) -> Result<Self, BadJwk> {
        let declared = |name: &str| alg.is_none_or(|alg| alg == name);
        let able: Vec<_> = Algorithm::ALL
            .into_iter()
            .filter_map(|each| Some((each, each.verifier(&material)?)))
            .collect();
        if able.is_empty() {
            return Err(BadJwk::Malformed);
        }
        let encrypts = jwe::Algorithm::ALL
            .into_iter()
            .filter(|each| each.fits(&material) && declared(each.name()));
        let verifiers = able.into_iter().filter(|(each, _)| declared(each.name()));
        let mut key = Self {
            kid: None,
            usage,
            alg,
            encrypts: encrypts.collect(),
            verifiers: verifiers.collect(),
            material,
        };
        if key.verifiers.is_empty() && key.encrypts.is_empty() {
            return Err(BadJwk::Malformed);
        }
        match usage {
            Some(Usage::Sign) => key.encrypts.clear(),
            Some(Usage::Encrypt) => key.verifiers.clear(),
            None => {}
        }
        Ok(key)
    }

    /// Applies `key_ops` (RFC 7517 §4.3).
    fn limit_to(&mut self, operations: &Value) -> Result<(), BadJwk> {
        let operations = operations.as_array().ok_or(BadJwk::Malformed)?;
        let has = |names: &[&str]| {
            operations
                .iter()
                .filter_map(Value::as_str)
                .any(|each| names.contains(&each))
        };
        if !has(&["verify"]) {
            self.verifiers.clear();
        }
        if !has(&["encrypt", "wrapKey", "deriveKey", "deriveBits"]) {
            self.encrypts.clear();
        }
        Ok(())
    }
}

/// What stands in the array of a set.
fn items(bytes: &[u8]) -> Result<Vec<Value>, BadJwk> {
    if bytes.len() > SET_BYTES_MAX {
        return Err(BadJwk::TooLarge);
    }
    let mut set = strict::object(bytes).ok_or(BadJwk::Form)?;
    let Some(Value::Array(items)) = set.remove("keys") else {
        return Err(BadJwk::Form);
    };
    if items.len() > KEYS_MAX {
        return Err(BadJwk::TooMany);
    }
    Ok(items)
}

/// The spelling that we know of a declared algorithm.
fn known_alg(alg: &str) -> Result<&'static str, BadJwk> {
    let signs = Algorithm::ALL.into_iter().map(Algorithm::name);
    let encrypts = jwe::Algorithm::ALL.into_iter().map(jwe::Algorithm::name);
    signs
        .chain(encrypts)
        .find(|each| *each == alg)
        .ok_or(BadJwk::Unknown)
}

impl Usage {
    const fn name(self) -> &'static str {
        match self {
            Self::Sign => "sig",
            Self::Encrypt => "enc",
        }
    }
}

impl Curve {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    const fn coordinate_bytes(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            // RFC 7518 §6.2.1.2: 521 bits in whole octets
            Self::P521 => 66,
        }
    }

    /// x and y of an uncompressed point, as base64url.
    pub(crate) fn coordinates(self, point: &[u8]) -> (String, String) {
        let (x, y) = point[1..].split_at(self.coordinate_bytes());
        (b64::encode(x), b64::encode(y))
    }
}

impl Material {
    pub(crate) fn of_rsa(pair: &KeyPair) -> Self {
        let public = pair.public_key();
        let bytes = |number: Positive<'_>| number.big_endian_without_leading_zero().to_vec();
        Self::Rsa {
            n: bytes(public.modulus()),
            e: bytes(public.exponent()),
        }
    }

    /// RFC 7518 §6.2.1: both coordinates in full length.
    pub(crate) fn ec(members: &Map<String, Value>) -> Result<Self, BadJwk> {
        let curve = match text(members, "crv")?.ok_or(BadJwk::Malformed)? {
            "P-256" => Curve::P256,
            "P-384" => Curve::P384,
            "P-521" => Curve::P521,
            _ => return Err(BadJwk::Unknown),
        };
        let mut point = vec![4];
        for name in ["x", "y"] {
            let coordinate = octets(members, name)?;
            if coordinate.len() != curve.coordinate_bytes() {
                return Err(BadJwk::Malformed);
            }
            point.extend(coordinate);
        }
        Ok(Self::Ec(curve, point))
    }

    /// RFC 7518 §6.3.1: big-endian without leading zeros. RFC 7518 §3.3 asks for 2048 bits.
    fn rsa(members: &Map<String, Value>) -> Result<Self, BadJwk> {
        let (n, e) = (octets(members, "n")?, octets(members, "e")?);
        let is_positive = |number: &[u8]| number.first().is_some_and(|byte| *byte != 0);
        let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
        if !is_positive(&n) || !is_positive(&e) || !is_odd(&n) || !is_odd(&e) {
            return Err(BadJwk::Malformed);
        }
        if n.len() < 256 {
            return Err(BadJwk::Malformed);
        }
        if n.len() > 1024 || e.len() > 4 {
            return Err(BadJwk::Unknown);
        }
        if e == [1] || roca::is_weak(&n) {
            return Err(BadJwk::Malformed);
        }
        Ok(Self::Rsa { n, e })
    }
}

/// The member of that name, which must be a string if it is there.
fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, BadJwk> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(BadJwk::Malformed),
    }
}

fn octets(members: &Map<String, Value>, name: &str) -> Result<Vec<u8>, BadJwk> {
    let text = text(members, name)?.ok_or(BadJwk::Malformed)?;
    b64::decode(text).ok_or(BadJwk::Malformed)
}

impl std::fmt::Display for BadJwk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the key set is larger than 512 KiB",
            Self::Form => "not a JSON key or key set without repeated members",
            Self::TooMany => "the key set has more than 100 keys",
            Self::Malformed => "a key contradicts its own type, or is too weak to use",
            Self::Secret => "a private or symmetric key was published: it must be replaced at once",
            Self::DuplicateKid => "two keys have the same kid",
            Self::Unknown => "a key of a type, size or algorithm that is not supported",
        })
    }
}

impl std::error::Error for BadJwk {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{SigningKey, generate_pkcs8};

    // RFC 7638 §3.1
    const RFC_7638_KEY: &str = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
    // RFC 7515 A.3.1
    const EC_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    const EC_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

    fn ec_key(more: &str) -> String {
        format!(r#"{{"kty":"EC","crv":"P-256","x":"{EC_X}","y":"{EC_Y}"{more}}}"#)
    }

    fn set(keys: &[String]) -> String {
        format!(r#"{{"keys":[{}]}}"#, keys.join(","))
    }

    #[test]
    fn the_thumbprint_is_that_of_rfc_7638() {
        let key = Jwk::parse(RFC_7638_KEY.as_bytes()).expect("key");
        // RFC 7638 §3, §3.3
        assert_eq!(
            key.thumbprint(),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
        assert!(key.verifies(Algorithm::Rs256));
        assert!(!key.verifies(Algorithm::Ps256), "alg says RS256");
    }

    #[test]
    fn a_key_reads_back_what_it_prints() {
        for algorithm in [Algorithm::Es256, Algorithm::Es384, Algorithm::Ps256] {
            let der = generate_pkcs8(algorithm, crate::RsaSize::Bits2048).expect("generated");
            let key = SigningKey::from_pkcs8(algorithm, &der).expect("key");
            let printed = key.public().to_json();
            let read = Jwk::parse(printed.to_string().as_bytes()).expect("key");
            assert_eq!(read.to_json(), printed);
            assert_eq!(read.kid(), Some(key.public().thumbprint().as_str()));
            assert!(read.verifies(algorithm));
            assert_eq!(printed["use"], "sig");
        }
    }

    #[test]
    fn use_key_ops_and_alg_limit_a_key() {
        let parse = |more| Jwk::parse(ec_key(more).as_bytes()).expect(more);
        let free = parse("");
        assert!(free.verifies(Algorithm::Es256) && free.encrypts(jwe::Algorithm::EcdhEs));
        for more in [
            r#","use":"enc""#,
            // RFC 7517 §4.3
            r#","key_ops":["deriveKey"]"#,
            r#","alg":"ECDH-ES""#,
        ] {
            assert!(!parse(more).verifies(Algorithm::Es256), "{more}");
            assert!(parse(more).encrypts(jwe::Algorithm::EcdhEs), "{more}");
        }
        for more in [
            r#","use":"sig""#,
            r#","key_ops":["verify"]"#,
            r#","alg":"ES256""#,
        ] {
            assert!(parse(more).verifies(Algorithm::Es256), "{more}");
            assert!(!parse(more).encrypts(jwe::Algorithm::EcdhEs), "{more}");
        }
        assert!(!parse(r#","alg":"ECDH-ES""#).encrypts(jwe::Algorithm::EcdhEsA256Kw));
    }

    #[test]
    fn unknown_keys_are_skipped_and_wrong_ones_refuse_the_set() {
        let okp =
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        let skipped = [
            okp.to_owned(),
            ec_key(r#","alg":"ES256K""#),
            ec_key(r#","use":"x""#),
        ];
        // RFC 7517 §5
        assert_eq!(
            Jwks::parse(set(&skipped).as_bytes())
                .expect("set")
                .keys()
                .len(),
            0
        );

        let off_curve = ec_key("").replace(EC_Y, EC_X);
        // RFC 7518 §6.2.1
        let short = ec_key("").replace(EC_Y, "x_FE");
        let even = RFC_7638_KEY.replace("DKgw\"", "DKgg\"");
        // RFC 7518 §3.3: 1024 bits.
        let small = format!(
            r#"{{"kty":"RSA","n":"{}","e":"AQAB"}}"#,
            b64::encode([255; 128])
        );
        let one = RFC_7638_KEY.replace("AQAB", "AQ");
        // RFC 7518 §6.3.1
        let zeros = RFC_7638_KEY.replace("AQAB", "AAEAAQ");
        let alg = ec_key(r#","alg":"ES384""#);
        for bad in [
            off_curve,
            short,
            even,
            small,
            one,
            zeros,
            alg,
            "{}".to_owned(),
        ] {
            let refused = Jwks::parse(set(&[ec_key(""), bad.clone()]).as_bytes());
            assert_eq!(refused.err(), Some(BadJwk::Malformed), "{bad}");
        }
        let oct = [r#"{"kty":"oct"}"#.to_owned(), ec_key(r#","d":"AA""#)];
        // RFC 7518 §6.3.2
        let rsa = ["d", "p", "q", "dp", "dq", "qi", "oth"]
            .map(|member| RFC_7638_KEY.replacen('{', &format!(r#"{{"{member}":"AA","#), 1));
        for secret in oct.into_iter().chain(rsa) {
            let refused = Jwks::parse(set(&[secret]).as_bytes());
            assert_eq!(refused.err(), Some(BadJwk::Secret));
        }
    }

    #[test]
    fn a_forgiving_reader_skips_what_cannot_serve_beside_what_can() {
        let good = ec_key(r#","kid":"good""#);
        let kids = |keys: &[String]| {
            let set = Jwks::parse_forgiving(set(keys).as_bytes())?;
            let kid = |key: &Jwk| key.kid().unwrap_or_default().to_owned();
            Ok::<Vec<String>, BadJwk>(set.keys().iter().map(kid).collect())
        };
        let weak = b64::encode([255; 128]);
        // RFC 7517 §5
        for bad in [
            format!(r#"{{"kty":"RSA","kid":"@","n":"{weak}","e":"AQAB"}}"#),
            ec_key(r#","kid":"@""#).replace(EC_Y, EC_X),
            r#"{"kty":"RSA","kid":"@"}"#.to_owned(),
            r#"{"kid":"@"}"#.to_owned(),
            ec_key(r#","alg":"ES256K","kid":"@""#),
        ] {
            let beside = [bad.replace('@', "bad"), good.clone()];
            assert_eq!(kids(&beside), Ok(vec!["good".into()]), "{bad}");
            // A name that is there twice means neither of the two, whether both can serve or not.
            let namesake = bad.replace('@', "good");
            let three = [namesake, good.clone(), ec_key(r#","kid":"other""#)];
            assert_eq!(kids(&three), Ok(vec!["other".into()]), "{bad}");
        }
        let private = ec_key(r#","kid":"private","d":"AA""#);
        assert_eq!(kids(&[good.clone(), private]), Err(BadJwk::Secret));
        assert_eq!(
            kids(&vec![good.clone(); KEYS_MAX + 1]),
            Err(BadJwk::TooMany)
        );
        let unnamed = Jwks::parse_forgiving(set(&[ec_key(""), ec_key("")]).as_bytes());
        assert_eq!(unnamed.map(|set| set.keys().len()), Ok(2));
        assert_eq!(Jwks::parse_forgiving(b"[]").err(), Some(BadJwk::Form));
    }

    #[test]
    fn a_set_is_bounded_and_names_are_unique() {
        let refusal = |text: &str| Jwks::parse(text.as_bytes()).err();
        let twice = [ec_key(r#","kid":"a""#), ec_key(r#","kid":"a""#)];
        assert_eq!(refusal(&set(&twice)), Some(BadJwk::DuplicateKid));
        let unnamed = [ec_key(""), ec_key("")];
        assert_eq!(refusal(&set(&unnamed)), None);
        assert_eq!(refusal(&set(&vec![ec_key(""); KEYS_MAX])), None);
        assert_eq!(
            refusal(&set(&vec![ec_key(""); KEYS_MAX + 1])),
            Some(BadJwk::TooMany)
        );
        assert_eq!(refusal(&" ".repeat(512 * 1024 + 1)), Some(BadJwk::TooLarge));
        let long = format!(r#","kid":"{}""#, "a".repeat(257));
        assert_eq!(refusal(&set(&[ec_key(&long)])), Some(BadJwk::Malformed));
        for form in [
            "",
            "[]",
            r#"{"keys":{}}"#,
            r#"{"keys":[1]}"#,
            r#"{"keys":[],"keys":[]}"#,
        ] {
            assert_eq!(refusal(form), Some(BadJwk::Form), "{form}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Jwks::parse(&bytes);
        }

        #[test]
        fn a_damaged_key_is_read_or_refused(at in 0_usize..900, byte in any::<u8>()) {
            let mut bytes = set(&[RFC_7638_KEY.to_owned(), ec_key("")]).into_bytes();
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            let _ = Jwks::parse(&bytes);
            let _ = Jwks::parse_forgiving(&bytes);
        }
    }
}
