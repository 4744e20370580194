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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_claims_have_their_registered_names() {
        let mut token = IdToken {
            iss: "https://mitz.localhost:8443".into(),
            sub: "pseudoniem".into(),
            aud: "pgo.localhost".into(),
            iat: 1,
            exp: 901,
            auth_time: 1,
            nonce: Some("n1".into()),
            acr: "http://eidas.europa.eu/LoA/substantial".into(),
            jti: "1".into(),
        };
        // OIDC Core §2
        let mut expected = json!({
            "iss": "https://mitz.localhost:8443",
            "sub": "pseudoniem",
            "aud": "pgo.localhost",
            "iat": 1,
            "exp": 901,
            "auth_time": 1,
            "nonce": "n1",
            "acr": "http://eidas.europa.eu/LoA/substantial",
            "jti": "1",
        });
        assert_eq!(json!(token), expected);
        token.nonce = None;
        expected.as_object_mut().expect("object").remove("nonce");
        // OIDC Core §12.2
        assert_eq!(json!(token), expected);
    }
}
