//! The number under which a request can be found again.

use std::fmt;

use http::Request;
use url::form_urlencoded;
use uuid::Uuid;

/// The header, and at an authorization endpoint the query parameter, by which a client gives its
/// request a number (core.authint.208, core.tknint.208).
pub(super) const CORRELATION_ID: &str = "x-correlation-id";
const CORRELATION_PARAMETER: &str = "X-Correlation-ID";

/// The number of a request: a UUID that the client chose, or a fresh one. It is in the answer, in
/// every line of the log and on every page that tells a person what went wrong. It says nothing
/// about anybody and proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceId(Uuid);

impl TraceId {
    /// Takes a UUID in its usual form of 36 characters, in any case; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        // The library also reads forms without hyphens, in braces or as a URN.
        let usual = text.len() == 36;
        usual
            .then(|| Uuid::try_parse(text).ok().map(Self))
            .flatten()
    }

    /// A fresh one.
    pub fn fresh() -> Self {
        Self(uuid::Builder::from_random_bytes(crate::chance::bytes()).into_uuid())
    }

    /// Its sixteen bytes, as the audit log keeps them.
    pub const fn bytes(&self) -> [u8; 16] {
        *self.0.as_bytes()
    }

    /// The number with these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The number that the client gave: the header if it holds a UUID, else the query parameter if
    /// it does, else a fresh one.
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let header = request.headers().get(CORRELATION_ID);
        let header = header.and_then(|value| Self::parse(value.to_str().ok()?));
        header
            .or_else(|| Self::of_query(request.uri().query()?))
            .unwrap_or_else(Self::fresh)
    }

    fn of_query(query: &str) -> Option<Self> {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let (_, value) = pairs.find(|(name, _)| name == CORRELATION_PARAMETER)?;
        Self::parse(&value)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "c0e7b545-9606-4eef-bea7-75d8addaa54b";
    const B: &str = "57510be1-73e6-4a75-9db8-ee005cced48f";

    fn of(header: Option<&str>, query: &str) -> String {
        let mut request = Request::get(format!("https://dva.localhost/auth?{query}"));
        if let Some(header) = header {
            request = request.header("X-Correlation-ID", header);
        }
        TraceId::of(&request.body(()).expect("a request")).to_string()
    }

    #[test]
    fn the_header_goes_before_the_query_and_the_query_before_chance() {
        // core.tknint.208
        let in_query = format!("state=1&X-Correlation-ID={B}");
        assert_eq!(of(Some(A), &in_query), A);
        assert_eq!(of(Some(&A.to_uppercase()), ""), A);
        assert_eq!(of(Some("abc"), &in_query), B);
        assert_eq!(of(None, &in_query), B);
        let fresh = of(None, "X-Correlation-ID=abc");
        assert!(TraceId::parse(&fresh).is_some());
        assert_ne!(fresh, of(None, ""));
    }

    #[test]
    fn only_the_usual_form_of_a_uuid_is_taken() {
        for bad in [
            "",
            "c0e7b54596064eefbea775d8addaa54b",
            "{c0e7b545-9606-4eef-bea7-75d8addaa54b}",
            "urn:uuid:c0e7b545-9606-4eef-bea7-75d8addaa54b",
            "c0e7b545-9606-4eef-bea7-75d8addaa54g",
        ] {
            assert_eq!(TraceId::parse(bad), None, "{bad}");
        }
    }
}
