//! Authorization server metadata (RFC 8414, OpenID Connect Discovery 1.0), generated from the table
//! that the endpoints obey, so that it never promises what an endpoint refuses.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// What an OpenID Provider offers. Endpoints are absolute URLs.
#[derive(Clone, Debug, Serialize)]
pub struct Provider {
    /// RFC 8414 §2: compared by clients with where they found this.
    pub issuer: String,
    /// Front channel.
    pub authorization_endpoint: String,
    /// Back channel, mutual TLS.
    pub token_endpoint: String,
    /// Back channel, mutual TLS.
    pub userinfo_endpoint: String,
    /// Public keys.
    pub jwks_uri: String,
    /// RFC 6749 `scope` values.
    pub scopes_supported: Vec<&'static str>,
    /// RFC 6749 grants of the token endpoint.
    pub grant_types_supported: Vec<&'static str>,
    /// OIDC `acr` values, lowest first.
    pub acr_values_supported: Vec<String>,
    /// Language tags of the pages.
    pub ui_locales_supported: Vec<&'static str>,
    /// Algorithm of ID tokens and of signed userinfo.
    pub signing_alg: &'static str,
    /// RFC 8705 and OIDC Core §9 methods.
    pub token_endpoint_auth_methods_supported: Vec<&'static str>,
    /// JWS algorithms of client assertions.
    pub token_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
}

impl Provider {
    /// The metadata document.
    pub fn document(&self) -> Value {
        let mut document = Map::new();
        let mut say = |name: &str, value: Value| document.insert(name.to_owned(), value);
        say("issuer", json!(self.issuer));
        say("authorization_endpoint", json!(self.authorization_endpoint));
        say("token_endpoint", json!(self.token_endpoint));
        say("userinfo_endpoint", json!(self.userinfo_endpoint));
        say("jwks_uri", json!(self.jwks_uri));
        say("scopes_supported", json!(self.scopes_supported));
        say("response_types_supported", json!(["code"]));
        say("response_modes_supported", json!(["query"]));
        say("grant_types_supported", json!(self.grant_types_supported));
        say("subject_types_supported", json!(["pairwise"]));
        say("acr_values_supported", json!(self.acr_values_supported));
        say("ui_locales_supported", json!(self.ui_locales_supported));
        say(
            "id_token_signing_alg_values_supported",
            json!([self.signing_alg]),
        );
        say(
            "userinfo_signing_alg_values_supported",
            json!([self.signing_alg]),
        );
        say(
            "token_endpoint_auth_methods_supported",
            json!(self.token_endpoint_auth_methods_supported),
        );
        say(
            "token_endpoint_auth_signing_alg_values_supported",
            json!(self.token_endpoint_auth_signing_alg_values_supported),
        );
        say("code_challenge_methods_supported", json!(["S256"]));
        // RFC 9207 §3
        say(
            "authorization_response_iss_parameter_supported",
            json!(true),
        );
        // RFC 8705 §3.3 and §5
        say("tls_client_certificate_bound_access_tokens", json!(true));
        say(
            "mtls_endpoint_aliases",
            json!({
                "token_endpoint": self.token_endpoint,
                "userinfo_endpoint": self.userinfo_endpoint,
            }),
        );
        // OIDC Discovery §3: these default to true when left out.
        say("request_parameter_supported", json!(false));
        say("request_uri_parameter_supported", json!(false));
        say("claims_parameter_supported", json!(false));
        Value::Object(document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_says_what_the_endpoints_do() {
        let url = |path: &str| format!("https://mitz.localhost:8443/{path}");
        let provider = Provider {
            issuer: "https://mitz.localhost:8443".into(),
            authorization_endpoint: url("authorize"),
            token_endpoint: url("token"),
            userinfo_endpoint: url("userinfo"),
            jwks_uri: url("jwks"),
            scopes_supported: vec!["openid"],
            grant_types_supported: vec!["authorization_code", "refresh_token"],
            acr_values_supported: vec!["http://eidas.europa.eu/LoA/substantial".into()],
            signing_alg: "ES256",
            token_endpoint_auth_methods_supported: vec!["tls_client_auth", "private_key_jwt"],
            token_endpoint_auth_signing_alg_values_supported: vec!["ES256"],
            ui_locales_supported: vec!["nl", "en"],
        };
        // RFC 8414 §2; RFC 9207 §3; RFC 8705 §3.3, §5; OIDC Discovery §3
        let expected = json!({
            "issuer": "https://mitz.localhost:8443",
            "authorization_endpoint": url("authorize"),
            "token_endpoint": url("token"),
            "userinfo_endpoint": url("userinfo"),
            "jwks_uri": url("jwks"),
            "scopes_supported": ["openid"],
            "ui_locales_supported": ["nl", "en"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "subject_types_supported": ["pairwise"],
            "acr_values_supported": ["http://eidas.europa.eu/LoA/substantial"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "userinfo_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["tls_client_auth", "private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
            "tls_client_certificate_bound_access_tokens": true,
            "mtls_endpoint_aliases": {
                "token_endpoint": url("token"),
                "userinfo_endpoint": url("userinfo"),
            },
            "request_parameter_supported": false,
            "request_uri_parameter_supported": false,
            "claims_parameter_supported": false,
        });
        assert_eq!(provider.document(), expected);
    }
}
