//! Checking tokens.

use std::fmt;

use aws_lc_rs::hmac;
use serde_json::{Map, Value};
use verdict::Moment;

use crate::claims::{numeric_date, strings};
use crate::{Algorithm, Claims, Jwk, Jwks, MacKey, b64, json};

/// Bytes of a token, at most. The largest we make (a location token with its bindings) has about
/// two thousand.
pub const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Seconds by which two clocks may differ, at most (mitz.md 2.5).
const LEEWAY_S_MAX: u32 = 60;

/// What the caller expects of a token, beside its signature.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// What kind of token it must say it is, so that one kind never passes for another.
    pub typ: Typ<'a>,
    /// The one `iss`.
    pub issuer: &'a str,
    /// `aud` must name at least one of these.
    pub audience: &'a [&'a str],
    /// The moment of the run.
    pub now: Moment,
    /// Seconds by which the issuer's clock may be behind ours when a token is over; more than 60 counts
    /// as 60. Whether it has begun is always judged with 60: our own tokens come from nodes beside this
    /// one too, whose clocks run ahead by a little.
    pub leeway_s: u32,
}

/// The expected `typ` of the header. It is compared without regard to case and with or without the
/// prefix `application/` (RFC 7515 §4.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typ<'a> {
    /// Exactly this kind, for everything that we or a framework name (RFC 8725 §3.11).
    Is(&'a str),
    /// `JWT` or no `typ` at all, for kinds of which the standard says nothing: client assertions
    /// (RFC 7523) and ID tokens of others.
    JwtOrAbsent,
}

/// Why a token is refused. The text is for operators; callers answer all of them alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// More than [`TOKEN_BYTES_MAX`] bytes.
    TooLarge,
    /// Not three parts of strict base64url.
    Form,
    /// The header is no JSON object without repeated members, or a member has the wrong type.
    Header,
    /// The header has `crit` (RFC 7515 §4.1.11), and we know no extension.
    Critical,
    /// The algorithm is not on the caller's list.
    Algorithm,
    /// The token is of another kind.
    Typ,
    /// No key of the set has this `kid`, or none fits the algorithm.
    UnknownKey,
    /// The header names no key and several would fit, or several have its name.
    AmbiguousKey,
    /// The named key is not for signatures of this algorithm.
    KeyUse,
    /// The signature does not fit.
    Signature,
    /// The payload is no JSON object without repeated members.
    Payload,
    /// `iss` is missing or another.
    Issuer,
    /// `aud` is missing, of the wrong type, or does not name us.
    Audience,
    /// `exp` is missing or no number of seconds.
    NoExpiry,
    /// `exp` has passed.
    Expired,
    /// `nbf` lies ahead, or is no whole number.
    NotYetValid,
    /// `iat` lies ahead, or is no number of seconds.
    IssuedAhead,
}

/// The claims of a token that was signed, with one of these algorithms, by a key of this set, and
/// that is what the caller expects.
///
/// The header names a key, nothing else: the algorithm comes from the caller's list, the key from
/// the caller's set, and `jwk`, `jku`, `x5c` and `x5u` are not read (RFC 8725 §3.1, §3.10).
pub fn verify(
    token: &str,
    keys: &Jwks,
    algorithms: &[Algorithm],
    expected: &Expected<'_>,
) -> Result<Claims, Refused> {
    verify_up_to(TOKEN_BYTES_MAX, token, keys, algorithms, expected)
}

/// The same for a token that may be larger: signed userinfo carries a token for every location.
pub fn verify_up_to(
    bytes_max: usize,
    token: &str,
    keys: &Jwks,
    algorithms: &[Algorithm],
    expected: &Expected<'_>,
) -> Result<Claims, Refused> {
    let parts = Parts::up_to(bytes_max, token)?;
    parts.check(keys, algorithms, expected)?;
    expected.check(parts.members()?)
}

/// The claims of a token that was made with one of these secret keys, and that is what the caller
/// expects. Its algorithm is HS256; the tag is compared in constant time.
pub fn verify_mac(
    token: &str,
    keys: &[MacKey],
    expected: &Expected<'_>,
) -> Result<Claims, Refused> {
    let parts = Parts::of(token)?;
    if parts.header.alg != "HS256" {
        return Err(Refused::Algorithm);
    }
    parts.header.check_typ(expected.typ)?;
    parts.check_tag(keys)?;
    expected.check(parts.members()?)
}

/// A token that was read, of which nothing is proven: what it says of who made it is good for finding
/// the keys with which to [`verify`](Unproven::verify) it, and for refusing.
pub struct Unproven<'a> {
    parts: Parts<'a>,
    members: Map<String, Value>,
}

impl<'a> Unproven<'a> {
    /// Reads a token, and judges nothing.
    ///
    /// # Errors
    /// [`Refused`] when the text is no token.
    pub fn read(token: &'a str) -> Result<Self, Refused> {
        let parts = Parts::of(token)?;
        let members = parts.members()?;
        Ok(Self { parts, members })
    }

    /// Who issued it, it says: `iss`.
    ///
    /// # Errors
    /// [`Refused`] when it is missing or no text.
    pub fn issuer(&self) -> Result<&str, Refused> {
        let issuer = self.members.get("iss").and_then(Value::as_str);
        issuer.ok_or(Refused::Issuer)
    }

    /// The key's name in its owner's set (RFC 7515 §4.1.4).
    pub fn kid(&self) -> Option<&str> {
        self.parts.header.kid.as_deref()
    }

    /// Where that set would be (RFC 7515 §4.1.2). Nobody here asks there.
    pub fn jku(&self) -> Option<&str> {
        self.parts.header.jku.as_deref()
    }

    /// The same as [`verify`], without reading it again.
    pub fn verify(
        self,
        keys: &Jwks,
        algorithms: &[Algorithm],
        expected: &Expected<'_>,
    ) -> Result<Claims, Refused> {
        self.parts.check(keys, algorithms, expected)?;
        expected.check(self.members)
    }
}

impl fmt::Debug for Unproven<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unproven").finish_non_exhaustive()
    }
}

/// Who a token says has issued it, unproven.
///
/// # Errors
/// [`Refused`] when the text is no token, or says nothing of that.
pub fn claimed_issuer(token: &str) -> Result<String, Refused> {
    Ok(Unproven::read(token)?.issuer()?.to_owned())
}

/// The parts of a compact JWS (RFC 7515 §7.1).
pub(crate) struct Parts<'a> {
    pub(crate) header: Header,
    signed: &'a [u8],
    pub(crate) payload: Vec<u8>,
    signature: Vec<u8>,
}

/// What we read of a header.
pub(crate) struct Header {
    pub(crate) alg: String,
    kid: Option<String>,
    jku: Option<String>,
    typ: Option<String>,
}

impl<'a> Parts<'a> {
    pub(crate) fn of(token: &'a str) -> Result<Self, Refused> {
        Self::up_to(TOKEN_BYTES_MAX, token)
    }

    fn up_to(bytes_max: usize, token: &'a str) -> Result<Self, Refused> {
        if token.len() > bytes_max {
            return Err(Refused::TooLarge);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Refused::Form)?;
        // A third dot would end up in the payload, where no letter of base64url is a dot.
        let (header, payload) = signed.split_once('.').ok_or(Refused::Form)?;
        let decode = |part| b64::decode(part).ok_or(Refused::Form);
        Ok(Self {
            header: Header::parse(&decode(header)?)?,
            signed: signed.as_bytes(),
            payload: decode(payload)?,
            signature: decode(signature)?,
        })
    }

    /// Everything but the claims.
    fn check(
        &self,
        keys: &Jwks,
        algorithms: &[Algorithm],
        expected: &Expected<'_>,
    ) -> Result<(), Refused> {
        let algorithm = self.header.algorithm_among(algorithms)?;
        self.header.check_typ(expected.typ)?;
        self.check_signature(self.key(keys, algorithm)?, algorithm)
    }

    /// What the payload says.
    pub(crate) fn members(&self) -> Result<Map<String, Value>, Refused> {
        json::object(&self.payload).ok_or(Refused::Payload)
    }

    /// The key of the set that must have signed it.
    pub(crate) fn key<'k>(&self, keys: &'k Jwks, algorithm: Algorithm) -> Result<&'k Jwk, Refused> {
        match &self.header.kid {
            Some(kid) => keys.find(kid).ok_or(Refused::UnknownKey),
            None => only(keys.keys().iter().filter(|key| key.verifies(algorithm))),
        }
    }

    pub(crate) fn check_signature(&self, key: &Jwk, algorithm: Algorithm) -> Result<(), Refused> {
        let verifier = key.verifier(algorithm).ok_or(Refused::KeyUse)?;
        verifier
            .verify_sig(self.signed, &self.signature)
            .map_err(|_| Refused::Signature)
    }

    pub(crate) fn check_tag(&self, keys: &[MacKey]) -> Result<(), Refused> {
        let key = match &self.header.kid {
            Some(kid) => only(keys.iter().filter(|key| key.kid == *kid))?,
            None => only(keys.iter())?,
        };
        hmac::verify(&key.key, self.signed, &self.signature).map_err(|_| Refused::Signature)
    }
}

/// The one candidate there is.
fn only<T>(mut candidates: impl Iterator<Item = T>) -> Result<T, Refused> {
    let first = candidates.next().ok_or(Refused::UnknownKey)?;
    match candidates.next() {
        None => Ok(first),
        Some(_) => Err(Refused::AmbiguousKey),
    }
}

impl Header {
    fn parse(bytes: &[u8]) -> Result<Self, Refused> {
        let mut members = json::object(bytes).ok_or(Refused::Header)?;
        if members.contains_key("crit") {
            return Err(Refused::Critical);
        }
        Ok(Self {
            alg: text(&mut members, "alg")?.ok_or(Refused::Header)?,
            kid: text(&mut members, "kid")?,
            jku: text(&mut members, "jku")?,
            typ: text(&mut members, "typ")?,
        })
    }

    pub(crate) fn algorithm_among(&self, algorithms: &[Algorithm]) -> Result<Algorithm, Refused> {
        Algorithm::from_name(&self.alg)
            .filter(|algorithm| algorithms.contains(algorithm))
            .ok_or(Refused::Algorithm)
    }

    pub(crate) fn check_typ(&self, expected: Typ<'_>) -> Result<(), Refused> {
        let fits = match (expected, self.typ.as_deref()) {
            (Typ::Is(expected), Some(typ)) => short(expected).eq_ignore_ascii_case(short(typ)),
            (Typ::JwtOrAbsent, Some(typ)) => short(typ).eq_ignore_ascii_case("JWT"),
            (Typ::JwtOrAbsent, None) => true,
            (Typ::Is(_), None) => false,
        };
        if fits { Ok(()) } else { Err(Refused::Typ) }
    }
}

/// A media type without the `application/` that RFC 7515 §4.1.9 lets one leave out.
fn short(typ: &str) -> &str {
    const PREFIX: &str = "application/";
    match typ.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ => typ,
    }
}

/// The header's member of that name, which must be a string if it is there.
fn text(members: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Refused> {
    match members.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Refused::Header),
    }
}

impl Expected<'_> {
    pub(crate) fn check(&self, members: Map<String, Value>) -> Result<Claims, Refused> {
        if members.get("iss").and_then(Value::as_str) != Some(self.issuer) {
            return Err(Refused::Issuer);
        }
        let audience = members.get("aud").and_then(strings);
        if !audience.is_some_and(|named| named.iter().any(|each| self.audience.contains(each))) {
            return Err(Refused::Audience);
        }
        let expires = self.check_times(&members)?;
        Ok(Claims::new(members, expires))
    }

    /// RFC 7519 §4.1.4 to §4.1.6, on our own clock; gives the expiry.
    fn check_times(&self, members: &Map<String, Value>) -> Result<Moment, Refused> {
        let leeway_s = self.leeway_s.min(LEEWAY_S_MAX);
        let expires = moment(members, "exp", Refused::NoExpiry)?.ok_or(Refused::NoExpiry)?;
        if expires.plus_s(leeway_s).is_over_at(self.now) {
            return Err(Refused::Expired);
        }
        for (name, refused) in [("nbf", Refused::NotYetValid), ("iat", Refused::IssuedAhead)] {
            let from = moment(members, name, refused)?;
            if from.is_some_and(|from| from > self.now.plus_s(LEEWAY_S_MAX)) {
                return Err(refused);
            }
        }
        Ok(expires)
    }
}

/// The member of that name, which must be a NumericDate if it is there.
fn moment(
    members: &Map<String, Value>,
    name: &str,
    otherwise: Refused,
) -> Result<Option<Moment>, Refused> {
    match members.get(name) {
        None => Ok(None),
        Some(value) => match numeric_date(value) {
            Some(seconds) => Ok(Some(Moment::from_unix(seconds))),
            None => Err(otherwise),
        },
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the token is larger than 16 KiB",
            Self::Form => "the token is not three parts of base64url without padding",
            Self::Header => "the token's header is not an object of strings without repetition",
            Self::Critical => "the token's header asks for an extension (crit)",
            Self::Algorithm => "the token's algorithm is not the registered one",
            Self::Typ => "the token is of another kind (typ)",
            Self::UnknownKey => "no registered key has the token's kid: was a key rotated?",
            Self::AmbiguousKey => {
                "the token does not single out one key (kid) and several could have signed it"
            }
            Self::KeyUse => "the named key is not for signatures of this algorithm",
            Self::Signature => "the token's signature does not fit",
            Self::Payload => "the token's payload is not an object without repetition",
            Self::Issuer => "the token is from another issuer (iss)",
            Self::Audience => "the token is for somebody else (aud)",
            Self::NoExpiry => "the token does not say when it ends (exp)",
            Self::Expired => "the token has expired (exp)",
            Self::NotYetValid => "the token is not yet valid (nbf): do the clocks agree?",
            Self::IssuedAhead => "the token was issued in the future (iat): do the clocks agree?",
        })
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{RsaSize, SigningKey, generate_pkcs8};

    const NOW: Moment = Moment::from_unix(1_900_000_000);

    fn expected() -> Expected<'static> {
        Expected {
            typ: Typ::Is("at+jwt"),
            issuer: "https://mitz.test",
            audience: &["https://dva.test"],
            now: NOW,
            leeway_s: 60,
        }
    }

    fn claims() -> Value {
        json!({
            "iss": "https://mitz.test", "aud": "https://dva.test",
            "exp": NOW.unix() + 900, "iat": NOW.unix(), "nbf": NOW.unix(), "jti": "1",
        })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[name] = value;
        claims
    }

    fn without(name: &str) -> Value {
        let mut claims = claims();
        claims.as_object_mut().expect("object").remove(name);
        claims
    }

    fn key(algorithm: Algorithm) -> SigningKey {
        let der = generate_pkcs8(algorithm, RsaSize::Bits2048).expect("generated");
        SigningKey::from_pkcs8(algorithm, &der).expect("key")
    }

    fn mac_key() -> MacKey {
        MacKey::new("mac", &[7; 32]).expect("key")
    }

    /// A token of any header and payload, with a good tag.
    fn mac_token(header: &str, payload: &str) -> String {
        let text = format!("{}.{}", b64::encode(header), b64::encode(payload));
        let tag = hmac::sign(&mac_key().key, text.as_bytes());
        format!("{text}.{}", b64::encode(tag.as_ref()))
    }

    fn check_mac(token: &str) -> Result<Claims, Refused> {
        verify_mac(token, &[mac_key()], &expected())
    }

    fn check_claims(claims: &Value) -> Result<Claims, Refused> {
        check_mac(&mac_key().sign("at+jwt", claims).expect("signed"))
    }

    #[test]
    fn what_a_key_signs_its_public_half_verifies() {
        for algorithm in Algorithm::ALL {
            let key = key(algorithm);
            let keys = Jwks::new(vec![key.public().clone()]).expect("set");
            let token = key.sign("at+jwt", &claims()).expect("signed");
            let read = verify(&token, &keys, &[algorithm], &expected()).expect("valid");
            assert_eq!(read.str("jti"), Ok("1"));
            assert_eq!(read.expires(), NOW.plus_s(900));
            // RFC 8725 §3.1: the list of the caller counts.
            for other in Algorithm::ALL {
                if other != algorithm {
                    let refused = verify(&token, &keys, &[other], &expected());
                    assert_eq!(refused, Err(Refused::Algorithm));
                }
            }
            assert_eq!(
                verify(&token, &keys, &[], &expected()),
                Err(Refused::Algorithm)
            );
        }
    }

    #[test]
    fn an_altered_token_is_refused() {
        let key = key(Algorithm::Es256);
        let keys = Jwks::new(vec![key.public().clone()]).expect("set");
        let token = key.sign("at+jwt", &claims()).expect("signed");
        let check = |token: &str| verify(token, &keys, &[Algorithm::Es256], &expected());
        let parts: Vec<&str> = token.split('.').collect();
        let other = b64::encode(with("jti", json!("2")).to_string());
        let altered = format!("{}.{other}.{}", parts[0], parts[2]);
        assert_eq!(check(&altered), Err(Refused::Signature));
        let unsigned = format!("{}.{}.", parts[0], parts[1]);
        assert_eq!(check(&unsigned), Err(Refused::Signature));
        // RFC 7515 §7.1: three parts, no more and no less.
        for form in [
            String::new(),
            ".".to_owned(),
            "..".to_owned(),
            format!("{}.{}", parts[0], parts[1]),
            format!("{token}."),
            format!("{token}.{}", parts[2]),
            format!("{token}="),
            format!("{token}\n"),
            format!(" {token}"),
            token.replace('.', ".."),
        ] {
            let refused = check(&form).expect_err("refused");
            assert!(matches!(refused, Refused::Form | Refused::Header), "{form}");
        }
        let large = format!("{token}{}", "A".repeat(TOKEN_BYTES_MAX));
        assert_eq!(check(&large), Err(Refused::TooLarge));
    }

    #[test]
    fn the_header_decides_nothing() {
        let good = claims().to_string();
        let check = |header: &str| check_mac(&mac_token(header, &good)).err();
        assert_eq!(check(r#"{"alg":"HS256","typ":"at+jwt"}"#), None);
        for alg in ["none", "None", "HS512", "ES256", "hs256", ""] {
            let header = format!(r#"{{"alg":"{alg}","typ":"at+jwt"}}"#);
            assert_eq!(check(&header), Some(Refused::Algorithm), "{alg}");
        }
        // RFC 7515 §4.1.11
        assert_eq!(
            check(r#"{"alg":"HS256","typ":"at+jwt","crit":["b64"],"b64":false}"#),
            Some(Refused::Critical)
        );
        for header in [
            r#"{"alg":"HS256","alg":"HS256","typ":"at+jwt"}"#,
            r#"{"alg":"none","alg":"HS256","typ":"at+jwt"}"#,
            r#"{"alg":["HS256"],"typ":"at+jwt"}"#,
            r#"{"alg":"HS256","typ":1}"#,
            r#"{"alg":"HS256","typ":"at+jwt","kid":1}"#,
            r#"{"typ":"at+jwt"}"#,
            "[]",
            "",
        ] {
            assert_eq!(check(header), Some(Refused::Header), "{header}");
        }
    }

    #[test]
    fn a_public_key_is_never_taken_for_a_mac_key() {
        let key = key(Algorithm::Es256);
        let keys = Jwks::new(vec![key.public().clone()]).expect("set");
        let header = json!({"alg": "HS256", "typ": "at+jwt", "kid": key.kid()}).to_string();
        let token = mac_token(&header, &claims().to_string());
        assert_eq!(
            verify(&token, &keys, &Algorithm::ALL, &expected()),
            Err(Refused::Algorithm)
        );
        let token = key.sign("at+jwt", &claims()).expect("signed");
        assert_eq!(check_mac(&token), Err(Refused::Algorithm));
    }

    #[test]
    fn the_kind_of_token_counts() {
        let good = claims().to_string();
        let token = |typ: &str| mac_token(&format!(r#"{{"alg":"HS256"{typ}}}"#), &good);
        for typ in [
            "at+jwt",
            "AT+JWT",
            // RFC 7515 §4.1.9
            "application/at+jwt",
            "Application/At+Jwt",
        ] {
            assert!(
                check_mac(&token(&format!(r#","typ":"{typ}""#))).is_ok(),
                "{typ}"
            );
        }
        // RFC 8725 §3.11
        for typ in [
            r#","typ":"JWT""#,
            "",
            r#","typ":"""#,
            r#","typ":"text/at+jwt""#,
        ] {
            assert_eq!(check_mac(&token(typ)), Err(Refused::Typ), "{typ}");
        }
        let lax = Expected {
            typ: Typ::JwtOrAbsent,
            ..expected()
        };
        let check = |typ: &str| verify_mac(&token(typ), &[mac_key()], &lax).err();
        assert_eq!(check(""), None);
        assert_eq!(check(r#","typ":"jwt""#), None);
        assert_eq!(check(r#","typ":"at+jwt""#), Some(Refused::Typ));
    }

    #[test]
    fn the_key_is_the_one_named_or_the_only_one() {
        let (first, second) = (key(Algorithm::Es256), key(Algorithm::Es256));
        let both = Jwks::new(vec![first.public().clone(), second.public().clone()]).expect("set");
        let one = Jwks::new(vec![first.public().clone()]).expect("set");
        let es256 = &[Algorithm::Es256];
        let token = first.sign("at+jwt", &claims()).expect("signed");
        assert!(verify(&token, &both, es256, &expected()).is_ok());
        let token = second.sign("at+jwt", &claims()).expect("signed");
        assert_eq!(
            verify(&token, &one, es256, &expected()),
            Err(Refused::UnknownKey)
        );
        let (_, rest) = token.split_once('.').expect("parts");
        let unnamed = format!(
            "{}.{rest}",
            b64::encode(r#"{"alg":"ES256","typ":"at+jwt"}"#)
        );
        assert_eq!(
            verify(&unnamed, &both, es256, &expected()),
            Err(Refused::AmbiguousKey)
        );
        assert_eq!(
            verify(&unnamed, &one, es256, &expected()),
            Err(Refused::Signature)
        );
        let none = Jwks::default();
        assert_eq!(
            verify(&unnamed, &none, es256, &expected()),
            Err(Refused::UnknownKey)
        );
        let header = json!({"alg": "RS256", "typ": "at+jwt", "kid": first.kid()}).to_string();
        let wrong = format!("{}.{rest}", b64::encode(header));
        assert_eq!(
            verify(&wrong, &one, &Algorithm::ALL, &expected()),
            Err(Refused::KeyUse)
        );
    }

    #[test]
    fn a_key_or_an_address_in_the_header_is_not_believed() {
        let (ours, theirs) = (key(Algorithm::Es256), key(Algorithm::Es256));
        let keys = Jwks::new(vec![ours.public().clone()]).expect("set");
        let payload = b64::encode(claims().to_string());
        for (name, value) in [
            ("jwk", theirs.public().to_json()),
            ("jku", json!("https://kwaad.test/jwks")),
            ("x5u", json!("https://kwaad.test/x5u")),
            ("x5c", json!(["MIIB"])),
        ] {
            let mut header = json!({"alg": "ES256", "typ": "at+jwt"});
            header[name] = value;
            let text = format!("{}.{payload}", b64::encode(header.to_string()));
            let signature = theirs.signature(text.as_bytes()).expect("signed");
            let token = format!("{text}.{}", b64::encode(signature));
            // RFC 8725 §3.10
            assert_eq!(
                verify(&token, &keys, &[Algorithm::Es256], &expected()),
                Err(Refused::Signature),
                "{name}"
            );
        }
    }

    #[test]
    fn mac_keys_rotate_by_name() {
        let old = MacKey::new("old", &[1; 32]).expect("key");
        let token = old.sign("at+jwt", &claims()).expect("signed");
        assert!(verify_mac(&token, &[mac_key(), old], &expected()).is_ok());
        assert_eq!(check_mac(&token), Err(Refused::UnknownKey));
        let same_name = MacKey::new("old", &[2; 32]).expect("key");
        assert_eq!(
            verify_mac(&token, &[same_name], &expected()),
            Err(Refused::Signature)
        );
    }

    #[test]
    fn issuer_and_audience_are_compared_exactly() {
        // RFC 7519 §4.1.3
        assert!(check_claims(&with("aud", json!(["x", "https://dva.test"]))).is_ok());
        for aud in [
            json!("https://dva.test/"),
            json!(["x"]),
            json!([]),
            json!(["https://dva.test", 1]),
            json!({"https://dva.test": 1}),
            json!(null),
        ] {
            assert_eq!(check_claims(&with("aud", aud)), Err(Refused::Audience));
        }
        assert_eq!(check_claims(&without("aud")), Err(Refused::Audience));
        assert_eq!(check_claims(&without("iss")), Err(Refused::Issuer));
        let other = with("iss", json!("https://mitz.test/"));
        assert_eq!(check_claims(&other), Err(Refused::Issuer));
    }

    #[test]
    fn times_are_numbers_of_seconds_within_the_leeway() {
        let at = |name, seconds: i64| check_claims(&with(name, json!(NOW.unix() + seconds))).err();
        // RFC 7519 §4.1.4 to §4.1.6
        assert_eq!(at("exp", -59), None);
        assert_eq!(at("exp", -60), Some(Refused::Expired));
        assert_eq!(at("nbf", 60), None);
        assert_eq!(at("nbf", 61), Some(Refused::NotYetValid));
        assert_eq!(at("iat", 60), None);
        assert_eq!(at("iat", 61), Some(Refused::IssuedAhead));
        assert_eq!(check_claims(&without("exp")), Err(Refused::NoExpiry));
        assert!(check_claims(&without("nbf")).is_ok());
        for odd in [json!("1900000900"), json!(1e300), json!(-0.5), json!(null)] {
            assert_eq!(
                check_claims(&with("exp", odd.clone())),
                Err(Refused::NoExpiry)
            );
            assert_eq!(
                check_claims(&with("nbf", odd.clone())),
                Err(Refused::NotYetValid)
            );
            assert_eq!(check_claims(&with("iat", odd)), Err(Refused::IssuedAhead));
        }
        // RFC 7519 §2: a NumericDate may have a fraction, and JSON writes 2e9 for it too
        let now: f64 = json!(NOW.unix()).as_f64().expect("a number");
        let fraction = |name, seconds: f64| check_claims(&with(name, json!(now + seconds))).err();
        assert_eq!(fraction("exp", -58.5), None);
        assert_eq!(fraction("exp", -59.5), Some(Refused::Expired));
        assert_eq!(fraction("nbf", 60.5), None);
        assert_eq!(fraction("iat", 61.0), Some(Refused::IssuedAhead));
        assert_eq!(
            check_claims(&with("exp", json!(2e9))).map(|claims| claims.expires().unix()),
            Ok(2_000_000_000)
        );
        assert_eq!(
            check_claims(&with("exp", json!(i64::MAX))).map(|_| ()),
            Ok(())
        );
        assert_eq!(
            check_claims(&with("exp", json!(i64::MIN))),
            Err(Refused::Expired)
        );
    }

    #[test]
    fn a_token_of_a_node_whose_clock_is_a_minute_ahead_has_begun_and_is_over_in_time() {
        let exact = Expected {
            leeway_s: 0,
            ..expected()
        };
        let at = |name: &str, ahead_s: i64| {
            let claims = with(name, json!(NOW.unix() + ahead_s));
            let token = mac_key().sign("at+jwt", &claims).expect("signed");
            verify_mac(&token, &[mac_key()], &exact).err()
        };
        assert_eq!(at("iat", 60), None);
        assert_eq!(at("iat", 61), Some(Refused::IssuedAhead));
        assert_eq!(at("nbf", 60), None);
        assert_eq!(at("nbf", 61), Some(Refused::NotYetValid));
        assert_eq!(at("exp", 0), Some(Refused::Expired));
    }

    #[test]
    fn more_than_a_minute_of_leeway_counts_as_a_minute() {
        let lax = Expected {
            leeway_s: 3600,
            ..expected()
        };
        let claims = with("exp", json!(NOW.unix() - 60));
        let token = mac_key().sign("at+jwt", &claims).expect("signed");
        // mitz.md §2.5
        assert_eq!(
            verify_mac(&token, &[mac_key()], &lax),
            Err(Refused::Expired)
        );
    }

    #[test]
    fn a_repeated_claim_is_refused() {
        let good = claims().to_string();
        let twice = good.replacen('{', r#"{"jti":"2","#, 1);
        let header = r#"{"alg":"HS256","typ":"at+jwt"}"#;
        // RFC 7519 §4: each claim stands once.
        assert_eq!(check_mac(&mac_token(header, &twice)), Err(Refused::Payload));
        assert_eq!(
            check_mac(&mac_token(header, "\"jwt\"")),
            Err(Refused::Payload)
        );
    }

    #[test]
    fn the_claimed_issuer_is_read_without_a_key() {
        let token = mac_key().sign("at+jwt", &claims()).expect("signed");
        assert_eq!(claimed_issuer(&token).as_deref(), Ok("https://mitz.test"));
        let token = mac_key().sign("at+jwt", &without("iss")).expect("signed");
        assert_eq!(claimed_issuer(&token), Err(Refused::Issuer));
        assert_eq!(claimed_issuer("a.b.c"), Err(Refused::Form));
    }

    proptest! {
        #[test]
        fn any_text_is_refused(text in "\\PC{0,80}|[A-Za-z0-9_.-]{0,80}") {
            prop_assert!(check_mac(&text).is_err());
            prop_assert!(claimed_issuer(&text).is_err());
        }

        #[test]
        fn any_signed_payload_is_read_or_refused(payload in "\\PC{0,60}", header in "\\PC{0,60}") {
            let header_too = r#"{"alg":"HS256","typ":"at+jwt"}"#;
            prop_assert!(check_mac(&mac_token(header_too, &payload)).is_err());
            prop_assert!(check_mac(&mac_token(&header, &payload)).is_err());
        }

        #[test]
        fn one_changed_letter_refuses_a_token(at in any::<proptest::sample::Index>(), letter in "[A-Za-z0-9_.-]") {
            let token = mac_key().sign("at+jwt", &claims()).expect("signed");
            let at = at.index(token.len());
            let mut altered = token.clone();
            altered.replace_range(at..=at, &letter);
            prop_assume!(altered != token);
            prop_assert!(check_mac(&altered).is_err());
        }
    }
}
