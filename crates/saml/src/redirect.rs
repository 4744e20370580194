//! The HTTP-Redirect binding: a message in a query string, with the signature beside it (SAML
//! bindings 3.4).

use std::fmt;
use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use crate::keys::{SignatureMethod, SigningFailed, SigningKey, TrustedKey};
use crate::reader::Bounds;
use crate::signature::SignatureFault;

/// The longest `RelayState` in bytes (SAML bindings 3.4.3).
pub const RELAY_STATE_BYTES_MAX: usize = 80;

/// Bytes of an inflated message, at most.
const INFLATED_BYTES_MAX: usize = Bounds::MESSAGE.bytes;

/// What a query carries: the name of its parameter (SAML bindings 3.4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// `SAMLRequest`.
    Request,
    /// `SAMLResponse`.
    Response,
}

impl Carried {
    const fn parameter(self) -> &'static str {
        match self {
            Self::Request => "SAMLRequest",
            Self::Response => "SAMLResponse",
        }
    }
}

/// A URL that carries the message to `endpoint`, signed over the query's own octets (SAML bindings
/// 3.4.4.1).
pub(crate) fn signed_url(
    endpoint: &str,
    carried: Carried,
    message: &str,
    relay_state: Option<&str>,
    key: &SigningKey,
) -> Result<String, SigningFailed> {
    let mut query = format!(
        "{}={}",
        carried.parameter(),
        percent_encode(&STANDARD.encode(deflate(message)?))
    );
    if let Some(relay_state) = relay_state {
        query.push_str("&RelayState=");
        query.push_str(&percent_encode(relay_state));
    }
    query.push_str("&SigAlg=");
    query.push_str(&percent_encode(SignatureMethod::RsaSha256.uri()));
    let signature = STANDARD.encode(key.sign(query.as_bytes())?);
    Ok(with_query(
        endpoint,
        &format!("{query}&Signature={}", percent_encode(&signature)),
    ))
}

/// A URL with more query behind it, whether or not it has one already.
pub(crate) fn with_query(url: &str, query: &str) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}{query}")
}

/// Why a query string carries no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadQuery {
    /// No `SAMLRequest`, or no `SAMLResponse` where an answer is due.
    NoMessage,
    /// A parameter of the binding that stands there twice.
    Repeated,
    /// Not percent-encoding of UTF-8, not base64, or not DEFLATE.
    Encoding,
    /// More than 256 KiB when inflated.
    TooLarge,
}

impl fmt::Display for BadQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoMessage => "the query has no SAML message of the kind that is due",
            Self::Repeated => "the query has a parameter twice",
            Self::Encoding => "the query is not encoded as the Redirect binding asks",
            Self::TooLarge => "the message is longer than 256 KiB",
        })
    }
}

impl std::error::Error for BadQuery {}

/// A message as it came in a query string. Not verified yet.
pub struct Redirected {
    pub(crate) message: Vec<u8>,
    pub(crate) relay_state: Option<String>,
    method: Option<String>,
    signature: Option<Vec<u8>>,
    signed_octets: String,
}

impl fmt::Debug for Redirected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redirected(***)")
    }
}

impl Redirected {
    /// Reads the query of a URL, without the question mark. Parameters of other names are passed
    /// over.
    pub fn read(query: &str, carried: Carried) -> Result<Self, BadQuery> {
        let message = raw(query, carried.parameter())?.ok_or(BadQuery::NoMessage)?;
        let relay_state = raw(query, "RelayState")?;
        let method = raw(query, "SigAlg")?;
        let signature = raw(query, "Signature")?;

        let base64 = |raw: &str| STANDARD.decode(percent_decode(raw)?).ok();
        let deflated = base64(message).ok_or(BadQuery::Encoding)?;
        let text = |raw: Option<&str>| match raw {
            Some(raw) => percent_decode(raw).map(Some).ok_or(BadQuery::Encoding),
            None => Ok(None),
        };
        Ok(Self {
            message: inflate(&deflated)?,
            relay_state: text(relay_state)?,
            method: text(method)?,
            signature: signature
                .map(|raw| base64(raw).ok_or(BadQuery::Encoding))
                .transpose()?,
            signed_octets: signed_octets(carried, message, relay_state, method),
        })
    }

    /// Whether one of the keys made the signature over the query (digid cases 3, 4, 32).
    pub(crate) fn verify(&self, trusted: &[TrustedKey]) -> Result<(), SignatureFault> {
        let (Some(method), Some(signature)) = (&self.method, &self.signature) else {
            return Err(SignatureFault::Missing);
        };
        let method = SignatureMethod::from_uri(method)?;
        let octets = self.signed_octets.as_bytes();
        let made_it = |key: &TrustedKey| key.verifies(method, octets, signature);
        if !trusted.iter().any(made_it) {
            return Err(SignatureFault::Value);
        }
        Ok(())
    }
}

/// The message in the value of `SAMLRequest` or `SAMLResponse` of a query, decoded and inflated
/// within the bound of a message. For showing it: who acts on it reads [`Redirected`].
pub fn inflated(value: &str) -> Result<Vec<u8>, BadQuery> {
    let deflated = STANDARD.decode(value).map_err(|_| BadQuery::Encoding)?;
    inflate(&deflated)
}

/// What the signature covers: the parameters as the sender encoded them, in the order that the
/// binding fixes, whatever order they came in.
fn signed_octets(
    carried: Carried,
    message: &str,
    relay_state: Option<&str>,
    method: Option<&str>,
) -> String {
    let mut octets = format!("{}={message}", carried.parameter());
    for (name, value) in [("&RelayState=", relay_state), ("&SigAlg=", method)] {
        if let Some(value) = value {
            octets.push_str(name);
            octets.push_str(value);
        }
    }
    octets
}

/// The still encoded value of a parameter.
fn raw<'q>(query: &'q str, name: &str) -> Result<Option<&'q str>, BadQuery> {
    let value = |pair: &'q str| pair.strip_prefix(name)?.strip_prefix('=');
    let mut values = query.split('&').filter_map(value);
    let first = values.next();
    if values.next().is_some() {
        return Err(BadQuery::Repeated);
    }
    Ok(first)
}

fn deflate(text: &str) -> Result<Vec<u8>, SigningFailed> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    let written = encoder
        .write_all(text.as_bytes())
        .and_then(|()| encoder.finish());
    written.map_err(|_| SigningFailed)
}

/// Stops one byte after the bound: a bomb costs no more memory than a message.
fn inflate(deflated: &[u8]) -> Result<Vec<u8>, BadQuery> {
    let mut text = Vec::new();
    let bound = INFLATED_BYTES_MAX as u64 + 1;
    DeflateDecoder::new(deflated)
        .take(bound)
        .read_to_end(&mut text)
        .map_err(|_| BadQuery::Encoding)?;
    if text.len() > INFLATED_BYTES_MAX {
        return Err(BadQuery::TooLarge);
    }
    Ok(text)
}

/// Everything but the unreserved characters of RFC 3986 §2.3.
pub(crate) fn percent_encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.extend(['%', hex_of(byte >> 4), hex_of(byte & 0xf)]),
        }
    }
    out
}

fn hex_of(half: u8) -> char {
    char::from_digit(u32::from(half), 16).map_or('0', |digit| digit.to_ascii_uppercase())
}

fn percent_decode(raw: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => 16 * hex_digit(rest.next()?)? + hex_digit(rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex_digit(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_bomb_stops_at_the_bound() {
        let deflated = |bytes: usize| deflate(&"a".repeat(bytes)).expect("deflated");
        assert_eq!(
            inflate(&deflated(INFLATED_BYTES_MAX)).map(|t| t.len()),
            Ok(INFLATED_BYTES_MAX)
        );
        assert_eq!(
            inflate(&deflated(INFLATED_BYTES_MAX + 1)),
            Err(BadQuery::TooLarge)
        );
        assert_eq!(
            inflate(&deflated(50 * INFLATED_BYTES_MAX)),
            Err(BadQuery::TooLarge)
        );
    }

    #[test]
    fn a_query_must_carry_one_request_in_the_binding_s_encoding() {
        let read = |query: &str| Redirected::read(query, Carried::Request);
        let refusal = |query: &str| read(query).expect_err("refused");
        let request = percent_encode(&STANDARD.encode(deflate("<a/>").expect("deflated")));
        let read = read(&format!("x=1&SAMLRequest={request}&x=2")).expect("read");
        assert_eq!(read.message, b"<a/>");
        assert_eq!(read.relay_state, None);

        assert_eq!(refusal(""), BadQuery::NoMessage);
        assert_eq!(refusal("samlrequest=x"), BadQuery::NoMessage);
        assert_eq!(refusal("SAMLRequest"), BadQuery::NoMessage);
        let twice = format!("SAMLRequest={request}&SAMLRequest={request}");
        assert_eq!(refusal(&twice), BadQuery::Repeated);
        for name in ["RelayState", "SigAlg", "Signature"] {
            let twice = format!("SAMLRequest={request}&{name}=a&{name}=a");
            assert_eq!(refusal(&twice), BadQuery::Repeated);
        }
        for bad in [
            "SAMLRequest=%",
            "SAMLRequest=%zz",
            "SAMLRequest=*",
            "SAMLRequest=AAAA",
        ] {
            assert_eq!(refusal(bad), BadQuery::Encoding, "{bad}");
        }
        let not_utf8 = format!("SAMLRequest={request}&RelayState=%ff");
        assert_eq!(refusal(&not_utf8), BadQuery::Encoding);
    }

    #[test]
    fn what_the_signature_covers_is_in_the_binding_s_order() {
        assert_eq!(
            signed_octets(Carried::Request, "r", Some("s"), Some("a")),
            "SAMLRequest=r&RelayState=s&SigAlg=a"
        );
        assert_eq!(
            signed_octets(Carried::Response, "r", None, Some("a")),
            "SAMLResponse=r&SigAlg=a"
        );
    }

    #[test]
    fn a_url_may_already_have_a_query() {
        assert_eq!(with_query("https://x/y", "a=b"), "https://x/y?a=b");
        assert_eq!(with_query("https://x/y?z=1", "a=b"), "https://x/y?z=1&a=b");
    }

    proptest! {
        #[test]
        fn percent_encoding_is_undone(text in "\\PC*") {
            let encoded = percent_encode(&text);
            // RFC 3986 §2.3
            prop_assert!(encoded.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)));
            prop_assert_eq!(percent_decode(&encoded), Some(text));
        }

        #[test]
        fn deflating_is_undone(text in "\\PC*") {
            prop_assert_eq!(inflate(&deflate(&text).expect("deflated")), Ok(text.into_bytes()));
        }
    }
}
