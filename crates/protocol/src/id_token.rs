//! ID tokens (OpenID Connect Core 1.0 §2).

use serde::{Deserialize, Serialize};

/// The claims of an ID token as an authorization server issues it on the code exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdToken {
    /// Who issued it.
    pub iss: String,
    /// The person, under a pseudonym for this client only.
    pub sub: String,
    /// The client.
    pub aud: String,
    /// Seconds since 1970.
    pub iat: i64,
    /// Seconds since 1970.
    pub exp: i64,
    /// When the person logged in; seconds since 1970.
    pub auth_time: i64,
    /// From the authorization request; absent after a refresh (OIDC Core §12.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The level reached.
    pub acr: String,
    /// Unique.
    pub jti: String,
}
