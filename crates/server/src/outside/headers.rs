//! What a call says beside its address and body.

use http::header::{ACCEPT, AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::OutsideError;
use crate::door::TraceId;

const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
const MEDMIJ_REQUEST_ID: HeaderName = HeaderName::from_static("medmij-request-id");

/// The headers of a call. A value that HTTP cannot carry makes the call fail with
/// [`OutsideError::BadHeader`] before anything is sent.
#[derive(Debug, Default)]
pub struct Headers {
    map: HeaderMap,
    bad: Option<HeaderName>,
}

impl Headers {
    /// None.
    pub fn none() -> Self {
        Self::default()
    }

    /// `Authorization: Bearer …` (RFC 6750 §2.1). The token is not printed and not kept in HTTP/2's
    /// header tables.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        let mut with = self.with(AUTHORIZATION, &format!("Bearer {token}"));
        if let Some(value) = with.map.get_mut(AUTHORIZATION) {
            value.set_sensitive(true);
        }
        with
    }

    /// The media types that the caller understands.
    #[must_use]
    pub fn accept(self, media_types: &str) -> Self {
        self.with(ACCEPT, media_types)
    }

    /// `X-Correlation-ID`: the number that runs through a whole journey (core.tknint.208).
    #[must_use]
    pub fn correlation_id(self, trace: TraceId) -> Self {
        self.with(CORRELATION_ID, &trace.to_string())
    }

    /// `MedMij-Request-ID`: a UUID for this one request (core.tknint.208).
    #[must_use]
    pub fn medmij_request_id(self, uuid: &str) -> Self {
        self.with(MEDMIJ_REQUEST_ID, uuid)
    }

    /// Any other header, in the place of one of that name.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        match HeaderValue::from_str(value) {
            Ok(value) => {
                self.map.insert(name, value);
            }
            Err(_) => self.bad = Some(name),
        }
        self
    }

    pub(super) fn into_map(self) -> Result<HeaderMap, OutsideError> {
        match self.bad {
            None => Ok(self.map),
            Some(name) => Err(OutsideError::BadHeader(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_not_printed() {
        let headers = Headers::none().bearer("top-secret");
        assert!(!format!("{headers:?}").contains("secret"));
        let map = headers.into_map().expect("good headers");
        assert_eq!(map[AUTHORIZATION], "Bearer top-secret");
    }

    #[test]
    fn a_value_with_a_line_break_makes_no_second_header() {
        let headers = Headers::none().bearer("a\r\nX-Admin: yes");
        let refused = headers.into_map();
        assert!(matches!(
            refused,
            Err(OutsideError::BadHeader(AUTHORIZATION))
        ));
    }
}
