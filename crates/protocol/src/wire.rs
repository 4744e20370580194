//! Parameters of a query or a form body, read once and strictly.

use std::fmt;

/// The most parameters that a request may carry; ours use at most fifteen.
const PARAMETERS_MAX: usize = 64;

/// Parameters of one request: names and values, each name once.
///
/// Unknown parameters stay in and are ignored by whoever reads the known ones (RFC 6749 §3.1).
#[derive(Clone, Default)]
pub struct Parameters(Vec<(String, String)>);

/// Why bytes are no parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// A parameter stands there twice. RFC 6749 §3.1: "MUST NOT be included more than once".
    Repeated,
    /// Not UTF-8 after percent-decoding, or a `%` without two hexadecimal digits.
    Encoding,
    /// More than 64 parameters.
    TooMany,
}

impl Malformed {
    /// For the operator and, as it tells nothing of the content, for the client too.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Repeated => "a parameter is repeated",
            Self::Encoding => "a parameter is not valid percent-encoded UTF-8",
            Self::TooMany => "there are more than 64 parameters",
        }
    }
}

impl Parameters {
    /// Reads `application/x-www-form-urlencoded` bytes, of a body or of a query. A parameter
    /// without a value counts as not sent (RFC 6749 §3.1), but still counts as a repetition.
    ///
    /// # Errors
    /// [`Malformed`], for the whole request.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (count, (name, value)) in parts(bytes).enumerate() {
            if count == PARAMETERS_MAX {
                return Err(Malformed::TooMany);
            }
            let (name, value) = (decode(name)?, decode(value)?);
            if pairs.iter().any(|(seen, _)| *seen == name) {
                return Err(Malformed::Repeated);
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// Parameters that came in another way than as a form: in a signed request, or from a row.
    ///
    /// # Errors
    /// [`Malformed`] for a repetition, or too many.
    pub fn of(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, Malformed> {
        let mut known: Vec<(String, String)> = Vec::new();
        for (name, value) in pairs {
            if known.len() == PARAMETERS_MAX {
                return Err(Malformed::TooMany);
            }
            if known.iter().any(|(seen, _)| *seen == name) {
                return Err(Malformed::Repeated);
            }
            known.push((name, value));
        }
        Ok(Self(known))
    }

    /// The value of `name`, if it was sent and is not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(n, _)| n == name);
        found.map(|(_, v)| v.as_str()).filter(|v| !v.is_empty())
    }

    /// Whether no parameter was sent at all.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names in the order of arrival, for forms with a row per provider.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }
}

/// The parameters that an interface knows, of a request in which whatever else was sent is ignored: how
/// often, and however written (core.authint.200, core.tknint.200).
///
/// What is not known is not kept, so that memory is bounded by what is, and time by the length of the
/// request, which the door bounds.
#[derive(Clone)]
pub struct Known(Vec<(&'static str, Result<String, Malformed>)>);

impl Known {
    /// Reads the parameters of these names out of `application/x-www-form-urlencoded` bytes. A name that
    /// cannot be decoded is none of them.
    pub fn read(bytes: &[u8], names: &[&'static str]) -> Self {
        let mut found: Vec<(&'static str, Result<String, Malformed>)> = Vec::new();
        for (name, value) in parts(bytes) {
            let Ok(name) = decode(name) else { continue };
            let Some(name) = names.iter().find(|known| **known == name) else {
                continue;
            };
            match found.iter_mut().find(|(seen, _)| seen == name) {
                Some((_, value)) => *value = Err(Malformed::Repeated),
                None => found.push((name, decode(value))),
            }
        }
        Self(found)
    }

    /// The value of `name`, if it was sent and is not empty.
    ///
    /// # Errors
    /// [`Malformed`] when it stands there twice, or cannot be decoded.
    pub fn get(&self, name: &str) -> Result<Option<&str>, Malformed> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        match found.map(|(_, value)| value) {
            Some(Ok(value)) => Ok(Some(value.as_str()).filter(|value| !value.is_empty())),
            Some(Err(malformed)) => Err(*malformed),
            None => Ok(None),
        }
    }

    /// Whether none of them was sent.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, for an interface that answers every fault alike.
    ///
    /// # Errors
    /// [`Malformed`] when one stands there twice, or cannot be decoded.
    pub fn all(self) -> Result<Parameters, Malformed> {
        let pairs = self.0.into_iter();
        let read = pairs.map(|(name, value)| Ok((name.to_owned(), value?)));
        Ok(Parameters(read.collect::<Result<_, Malformed>>()?))
    }
}

/// Values may be codes, tokens or verifiers: only the names print.
impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(n, _)| n))
            .finish()
    }
}

/// Values may be codes, tokens or verifiers: only the names print.
impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(n, _)| n))
            .finish()
    }
}

/// Names and values, undecoded.
fn parts(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let parts = bytes.split(|&b| b == b'&').filter(|part| !part.is_empty());
    parts.map(|part| {
        let cut = part.iter().position(|&b| b == b'=');
        cut.map_or((part, &[][..]), |at| (&part[..at], &part[at + 1..]))
    })
}

/// One percent-encoded piece, with `+` for a blank, as text.
fn decode(piece: &[u8]) -> Result<String, Malformed> {
    if !piece.contains(&b'%') && !piece.contains(&b'+') {
        // Most names and every token: there is nothing to decode.
        return String::from_utf8(piece.to_vec()).map_err(|_| Malformed::Encoding);
    }
    let mut bytes = Vec::with_capacity(piece.len());
    let mut rest = piece.iter();
    while let Some(&byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = rest.next().copied().and_then(hex_digit);
                let low = rest.next().copied().and_then(hex_digit);
                match (high, low) {
                    (Some(high), Some(low)) => high << 4 | low,
                    _ => return Err(Malformed::Encoding),
                }
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| Malformed::Encoding)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|d| u8::try_from(d).ok())
}

/// Percent-encodes everything but RFC 3986 unreserved characters, for a query or a form body.
pub fn encode(text: &str) -> String {
    use fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// `base` with the parameters added to its query. An existing query of `base` is kept
/// (RFC 6749 §3.1.2).
pub fn with_query(base: &str, parameters: &[(&str, &str)]) -> String {
    let mut url = base.to_owned();
    for (name, value) in parameters {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.push_str(name);
        url.push('=');
        url.push_str(&encode(value));
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rfc_6749_3_1_a_repeated_parameter_is_refused_and_an_unknown_one_is_kept() {
        assert_eq!(
            Parameters::parse(b"code=a&code=b").map(|_| ()),
            Err(Malformed::Repeated)
        );
        let read = Parameters::parse(b"code=a&surprise=1").expect("well formed");
        assert_eq!(read.get("code"), Some("a"));
        assert_eq!(read.get("missing"), None);
    }

    #[test]
    fn an_empty_value_counts_as_not_sent() {
        let read = Parameters::parse(b"state=&nonce").expect("well formed");
        assert_eq!((read.get("state"), read.get("nonce")), (None, None));
    }

    #[test]
    fn bytes_that_are_no_utf_8_are_refused() {
        for bytes in [&b"a=%ff"[..], b"a=%2", b"a=%zz", b"a=\xff"] {
            assert_eq!(
                Parameters::parse(bytes).map(|_| ()),
                Err(Malformed::Encoding)
            );
        }
    }

    #[test]
    fn more_than_64_parameters_are_refused() {
        let of = |count: usize| {
            let pairs: Vec<String> = (0..count).map(|n| format!("p{n}={n}")).collect();
            Parameters::parse(pairs.join("&").as_bytes())
        };
        assert_eq!(of(64).expect("well formed").get("p63"), Some("63"));
        assert_eq!(of(65).map(|_| ()), Err(Malformed::TooMany));
    }

    #[test]
    fn core_authint_200_what_is_not_known_is_ignored_however_it_is_written() {
        let many = "&u=1&u=2&a%zz=1&%ff=2&foo=%zz".repeat(200);
        let bytes = format!("state=S1{many}&scope=%zz&empty=&c%6fde=c&twice=1&twice=");
        let names = ["state", "scope", "empty", "code", "twice", "missing"];
        let known = Known::read(bytes.as_bytes(), &names);
        // core.authint.200
        assert_eq!(known.0.len(), 5);
        assert_eq!(known.get("state"), Ok(Some("S1")));
        assert_eq!(known.get("code"), Ok(Some("c")));
        assert_eq!(known.get("empty"), Ok(None));
        assert_eq!(known.get("missing"), Ok(None));
        assert_eq!(known.get("scope"), Err(Malformed::Encoding));
        // RFC 6749 §3.1
        assert_eq!(known.get("twice"), Err(Malformed::Repeated));
        assert_eq!(known.all().map(|_| ()), Err(Malformed::Encoding));
        let all = Known::read(b"code=c&foo=%zz", &names).all();
        assert_eq!(all.expect("readable").get("code"), Some("c"));
    }

    #[test]
    fn a_query_that_is_there_is_kept() {
        let url = |base| with_query(base, &[("code", "a b"), ("iss", "https://x")]);
        let base = "https://pgo.localhost/callback";
        assert_eq!(url(base), format!("{base}?code=a%20b&iss=https%3A%2F%2Fx"));
        // RFC 6749 §3.1.2
        let queried = format!("{base}?tenant=1");
        assert_eq!(
            url(&queried),
            format!("{queried}&code=a%20b&iss=https%3A%2F%2Fx")
        );
    }

    #[test]
    fn values_do_not_print() {
        let read = Parameters::parse(b"code=geheim").expect("well formed");
        assert_eq!(format!("{read:?}"), r#"["code"]"#);
    }

    proptest! {
        #[test]
        fn what_is_encoded_reads_back(value in ".+") {
            let url = with_query("https://pgo.localhost/callback", &[("state", &value)]);
            let query = url.split_once('?').expect("a query").1;
            let read = Parameters::parse(query.as_bytes()).expect("well formed");
            prop_assert_eq!(read.get("state"), Some(value.as_str()));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
            let _ = Parameters::parse(&bytes);
            let _ = Known::read(&bytes, &["a", "b"]);
        }
    }
}
