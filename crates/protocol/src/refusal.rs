//! Every way in which a token endpoint, or an endpoint like it, says no.

use std::fmt;

/// A refusal: a code for the client, and a requirement with a reason for the operator. The two
/// texts are never mixed up; the client's tells nothing that the code does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What the client gets.
    pub error: ErrorCode,
    /// The rule that refused: `"RFC 7636 §4.6"`, `"mitz case 20"`.
    pub requirement: &'static str,
    /// Why, for the operator's log. No personal data, no secret.
    pub reason: &'static str,
}

impl Refusal {
    /// A refusal by `requirement`.
    pub const fn new(error: ErrorCode, requirement: &'static str, reason: &'static str) -> Self {
        Self {
            error,
            requirement,
            reason,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({}): {}",
            self.error.code(),
            self.requirement,
            self.reason
        )
    }
}

impl std::error::Error for Refusal {}

/// Error codes of RFC 6749 §5.2, RFC 8693 §2.2.2 and RFC 6749 §4.1.2.1, with the HTTP status that
/// goes with each at a back-channel endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// The request lacks something, repeats something, or says something impossible.
    InvalidRequest,
    /// The client did not prove who it is.
    InvalidClient,
    /// The code or refresh token is unknown, spent, expired, or somebody else's.
    InvalidGrant,
    /// The client may not use this grant.
    UnauthorizedClient,
    /// We do not offer this grant.
    UnsupportedGrantType,
    /// The scope is unknown or leaves nothing over.
    InvalidScope,
    /// RFC 8693: the audience or resource is not one of ours.
    InvalidTarget,
    /// Something that we need does not answer now.
    TemporarilyUnavailable,
}

impl ErrorCode {
    /// The code on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }

    /// The HTTP status (RFC 6749 §5.2: 400, and 401 for a client that is not authenticated).
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidClient => 401,
            Self::TemporarilyUnavailable => 503,
            _ => 400,
        }
    }

    /// `error_description`: one text per code, so that it never tells more than the code.
    pub const fn description(self) -> &'static str {
        match self {
            Self::InvalidRequest => "The request is incomplete or not acceptable.",
            Self::InvalidClient => "The client is not authenticated.",
            Self::InvalidGrant => "The grant is not valid for this client, or not any more.",
            Self::UnauthorizedClient => "The client may not use this grant.",
            Self::UnsupportedGrantType => "This grant type is not offered here.",
            Self::InvalidScope => "The scope is unknown or not available.",
            Self::InvalidTarget => "The audience is not served here.",
            Self::TemporarilyUnavailable => "Please try again in a moment.",
        }
    }

    /// The JSON body of a refused request (RFC 6749 §5.2).
    pub fn body(self) -> serde_json::Value {
        serde_json::json!({
            "error": self.code(),
            "error_description": self.description(),
        })
    }
}

/// Whether the body of a refusal says that a code or a refresh token is worth nothing (RFC 6749 §5.2). Any
/// other refusal may pass.
pub fn is_invalid_grant(body: &[u8]) -> bool {
    let error = serde_json::from_slice::<serde_json::Value>(body);
    error.is_ok_and(|error| error["error"] == ErrorCode::InvalidGrant.code())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_6749_5_2_only_invalid_grant_is_the_end_of_a_secret() {
        // RFC 6749 §5.2
        assert!(is_invalid_grant(br#"{"error":"invalid_grant"}"#));
        for body in [r#"{"error":"invalid_client"}"#, r#"{"fault":1}"#, "", "[]"] {
            assert!(!is_invalid_grant(body.as_bytes()), "{body}");
        }
    }

    #[test]
    fn the_body_tells_the_code_and_nothing_of_the_reason() {
        let refusal = Refusal::new(
            ErrorCode::InvalidGrant,
            "RFC 7636 §4.6",
            "the code_verifier does not belong to the code_challenge",
        );
        let body = refusal.error.body().to_string();
        assert!(body.contains("invalid_grant"));
        assert!(!body.contains("verifier"));
        assert_eq!(refusal.error.status(), 400);
        // RFC 6749 §5.2
        assert_eq!(ErrorCode::InvalidClient.status(), 401);
        assert_eq!(ErrorCode::TemporarilyUnavailable.status(), 503);
    }
}
