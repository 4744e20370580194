//! The challenge that a 401 bears.

use axum::response::Response;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};

/// Letters of a scheme, at most; those that are registered stay far under it.
const SCHEME_BYTES_MAX: usize = 32;

/// How a client tried to prove itself by `Authorization`, to be named where it is refused.
pub(super) struct Tried(Option<HeaderValue>);

impl Tried {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self(headers.get(AUTHORIZATION).cloned())
    }

    /// A 401 whose handler named no way of its own bears one of the scheme that the client used
    /// (RFC 6749 §5.2).
    pub(super) fn challenge(self, response: &mut Response, host: &str) {
        if response.status() != StatusCode::UNAUTHORIZED
            || response.headers().contains_key(WWW_AUTHENTICATE)
        {
            return;
        }
        let challenge = (self.0.as_ref().and_then(scheme))
            .and_then(|scheme| HeaderValue::try_from(format!("{scheme} realm=\"{host}\"")).ok());
        if let Some(challenge) = challenge {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
    }
}

/// The scheme of credentials (RFC 9110 §11.4), if it is one: what follows is a secret.
fn scheme(credentials: &HeaderValue) -> Option<&str> {
    let is_of_token =
        |letter: &u8| letter.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(letter);
    let credentials = credentials.to_str().ok()?;
    let (scheme, _) = credentials.split_once(' ')?;
    let is_scheme = (1..=SCHEME_BYTES_MAX).contains(&scheme.len());
    (is_scheme && scheme.as_bytes().iter().all(is_of_token)).then_some(scheme)
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    fn challenged(authorization: Option<&'static str>, mut response: Response) -> Option<String> {
        let mut headers = HeaderMap::new();
        if let Some(authorization) = authorization {
            headers.insert(AUTHORIZATION, HeaderValue::from_static(authorization));
        }
        Tried::of(&headers).challenge(&mut response, "a.localhost");
        let challenge = response.headers().get(WWW_AUTHENTICATE)?;
        Some(challenge.to_str().expect("text").to_owned())
    }

    #[test]
    fn rfc_6749_5_2_a_401_names_the_scheme_that_the_client_used() {
        let refused = || StatusCode::UNAUTHORIZED.into_response();
        let basic = Some(String::from("Basic realm=\"a.localhost\""));
        assert_eq!(challenged(Some("Basic YTpi"), refused()), basic);
        let dpop = Some(String::from("DPoP realm=\"a.localhost\""));
        assert_eq!(challenged(Some("DPoP x"), refused()), dpop);
    }

    #[test]
    fn what_is_no_scheme_is_not_said_again() {
        const LONG: &str = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnop x";
        let refused = || StatusCode::UNAUTHORIZED.into_response();
        for odd in [
            None,
            Some("secret"),
            Some(" secret"),
            Some("a\"b c"),
            Some(LONG),
        ] {
            assert_eq!(challenged(odd, refused()), None, "{odd:?}");
        }
    }

    #[test]
    fn other_answers_and_challenges_stay_as_they_are() {
        let granted = StatusCode::OK.into_response();
        assert_eq!(challenged(Some("Basic YTpi"), granted), None);
        let own = (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")]).into_response();
        assert_eq!(
            challenged(Some("Basic YTpi"), own).as_deref(),
            Some("Bearer")
        );
    }
}
