//! The discovery document of a domain (TOP-KT-016), from the table that the endpoints obey.

use jose::Algorithm;
use serde_json::{Value, json};

use crate::client_assertion::ALGORITHMS;
use crate::domein::DomeinUrls;

/// What the authorization service of a domain offers beside its endpoints (TOP-KT-016).
const CAPABILITIES: [&str; 6] = [
    "launch-ehr",
    "authorize-post",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-ehr-hti",
    "permission-v2",
];

/// The document at `<fhir-base>/.well-known/smart-configuration` (koppeltaal cases 1 to 5).
pub fn document(urls: &DomeinUrls) -> Value {
    json!({
        "issuer": urls.issuer(),
        "jwks_uri": urls.jwks(),
        "authorization_endpoint": urls.authorize(),
        "token_endpoint": urls.token(),
        "introspection_endpoint": urls.introspect(),
        "management_endpoint": urls.management(),
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS.map(Algorithm::name),
        "scopes_supported": [
            "openid", "launch", "fhirUser", "system/*.cruds", "system/*.cruds?resource-origin=",
        ],
        "response_types_supported": ["code"],
        "capabilities": CAPABILITIES,
        "code_challenge_methods_supported": ["S256"],
        // RFC 9207 §3
        "authorization_response_iss_parameter_supported": true,
    })
}

/// The document at `<issuer>/.well-known/openid-configuration`, for whoever reads an ID token of a
/// launch (OpenID Connect Discovery 1.0 §3; koppeltaal.md §7.2).
pub fn openid(urls: &DomeinUrls) -> Value {
    json!({
        "issuer": urls.issuer(),
        "jwks_uri": urls.jwks(),
        "authorization_endpoint": urls.authorize(),
        "token_endpoint": urls.token(),
        "introspection_endpoint": urls.introspect(),
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        // Where it is absent it means true.
        "request_uri_parameter_supported": false,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [Algorithm::Rs256.name()],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS.map(Algorithm::name),
        "scopes_supported": ["openid", "launch", "fhirUser"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    })
}
