//! Bearer tokens at a resource (RFC 6750).

/// The longest token that we read: as long as one that is verified. Most are under 1 KiB; those of Koppeltaal
/// carry all that an application may do.
const TOKEN_MAX: usize = jose::TOKEN_BYTES_MAX;

/// How a request at a protected resource is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BearerRefusal {
    /// No token was sent: 401 without an error code (RFC 6750 §3.1).
    NoToken,
    /// The header is no bearer token: 400 `invalid_request`.
    Malformed,
    /// Expired, altered, withdrawn, of another certificate or for another resource: 401.
    InvalidToken,
    /// The token does not reach this far: 403.
    InsufficientScope,
}

impl BearerRefusal {
    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::NoToken | Self::InvalidToken => 401,
            Self::Malformed => 400,
            Self::InsufficientScope => 403,
        }
    }

    /// The error code, where RFC 6750 §3.1 has one.
    pub const fn code(self) -> Option<&'static str> {
        match self {
            Self::NoToken => None,
            Self::Malformed => Some("invalid_request"),
            Self::InvalidToken => Some("invalid_token"),
            Self::InsufficientScope => Some("insufficient_scope"),
        }
    }

    /// The value of `WWW-Authenticate`.
    pub fn challenge(self) -> String {
        self.code().map_or_else(
            || "Bearer".to_owned(),
            |code| format!("Bearer error=\"{code}\""),
        )
    }
}

/// The token in an `Authorization` header (RFC 6750 §2.1). The scheme's case does not matter.
///
/// # Errors
/// [`BearerRefusal::NoToken`] without a header or with another scheme,
/// [`BearerRefusal::Malformed`] when what follows is no `b64token` or too long.
pub fn token(header: Option<&[u8]>) -> Result<&str, BearerRefusal> {
    let header = header.ok_or(BearerRefusal::NoToken)?;
    let text = std::str::from_utf8(header).map_err(|_| BearerRefusal::Malformed)?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(BearerRefusal::NoToken);
    }
    let token = token.trim_matches(' ');
    let is_token_byte = |b: u8| matches!(b, b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=');
    if token.is_empty() || token.len() > TOKEN_MAX || !token.bytes().all(is_token_byte) {
        return Err(BearerRefusal::Malformed);
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mitz_case_021_no_token_is_401_without_an_error_code() {
        assert_eq!(token(None), Err(BearerRefusal::NoToken));
        assert_eq!(token(Some(b"Basic abc")), Err(BearerRefusal::NoToken));
        assert_eq!(BearerRefusal::NoToken.challenge(), "Bearer");
        assert_eq!(BearerRefusal::NoToken.status(), 401);
    }

    #[test]
    fn rfc_6750_2_1_the_token_follows_the_scheme() {
        // RFC 6750 §2.1
        assert_eq!(token(Some(b"bearer abc.def")), Ok("abc.def"));
        for header in [&b"Bearer "[..], b"Bearer", b"Bearer a b", b"Bearer \xff"] {
            assert_eq!(token(Some(header)), Err(BearerRefusal::Malformed));
        }
        let of_length = |length| format!("Bearer {}", "a".repeat(length));
        assert!(token(Some(of_length(TOKEN_MAX).as_bytes())).is_ok());
        let too_long = of_length(TOKEN_MAX + 1);
        assert_eq!(
            token(Some(too_long.as_bytes())),
            Err(BearerRefusal::Malformed)
        );
    }

    #[test]
    fn each_refusal_has_the_status_and_the_challenge_of_rfc_6750_3_1() {
        for (refusal, status, challenge) in [
            (BearerRefusal::NoToken, 401, "Bearer"),
            (
                BearerRefusal::Malformed,
                400,
                "Bearer error=\"invalid_request\"",
            ),
            (
                BearerRefusal::InvalidToken,
                401,
                "Bearer error=\"invalid_token\"",
            ),
            (
                BearerRefusal::InsufficientScope,
                403,
                "Bearer error=\"insufficient_scope\"",
            ),
        ] {
            // RFC 6750 §3.1
            assert_eq!(refusal.challenge(), challenge);
            assert_eq!(refusal.status(), status);
        }
    }
}
