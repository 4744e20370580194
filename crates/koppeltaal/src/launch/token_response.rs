//! What a module gets for its code (koppeltaal case 106, koppeltaal.md §4.5).

use serde::Serialize;
use serde_json::{Value, json};
use verdict::Moment;

use super::authorize::SCOPES;
use super::code::Code;
use super::{Context, Gebruiker};
use crate::domein::{ClientId, DomeinUrls};

/// The access token of every launch: it opens nothing (TOP-KT-007).
pub const NOOP: &str = "NOOP";
/// Seconds that an ID token lasts.
pub const ID_TOKEN_S: u32 = 300;

/// The claims of an ID token (koppeltaal case 109): those of the reference, and `fhirUser`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Idtoken {
    /// The base URL of the authorization service.
    pub iss: String,
    /// The reference to who launches.
    pub sub: Gebruiker,
    /// The module.
    pub aud: ClientId,
    /// The same.
    pub azp: ClientId,
    /// Made then; seconds since 1970.
    pub iat: i64,
    /// The same.
    pub nbf: i64,
    /// Good until then, that second not included.
    pub exp: i64,
    /// Another one in every token.
    pub jti: String,
    /// From the authorization request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// Where who launches can be read (SMART App Launch 2.2.0).
    #[serde(rename = "fhirUser")]
    pub fhir_user: String,
}

impl Idtoken {
    /// Of what this code stands for.
    pub(super) fn new(code: &Code, urls: &DomeinUrls, jti: String, now: Moment) -> Self {
        let sub = code.context.sub.clone();
        Self {
            iss: urls.issuer(),
            aud: code.client_id,
            azp: code.client_id,
            iat: now.unix(),
            nbf: now.unix(),
            exp: now.plus_s(ID_TOKEN_S).unix(),
            jti,
            nonce: code.nonce.clone(),
            fhir_user: format!("{}/{}", urls.fhir(), sub.verwijzing()),
            sub,
        }
    }
}

/// The body of the answer, with the signed ID token. No refresh token.
pub fn body(id_token: &str, context: &Context) -> Value {
    let mut body = json!({
        "access_token": NOOP,
        "token_type": "bearer",
        "expires_in": ID_TOKEN_S,
        "scope": SCOPES.join(" "),
        "id_token": id_token,
    });
    let context = serde_json::to_value(context).unwrap_or_default();
    if let (Some(body), Value::Object(context)) = (body.as_object_mut(), context) {
        body.extend(context);
    }
    body
}
