//! Tokens: the header and the claims of a JWS by the same lists as any JSON, never its signature;
//! of a JWE only the header.

use serde_json::{Map, Value, json};

use super::data::{self, Budget};
use super::text::{self, HIDDEN, MORE};

/// What is shown around header and claims.
const AROUND: &str = "header, claims, signature, •••, and quotes";

/// What may be shown of a token; nothing for a text that is none. `depth` counts from the document
/// in which it stands.
pub(super) fn shown(text: &str, depth: usize, budget: &mut Budget) -> Option<Value> {
    let parts: Vec<&str> = text.splitn(6, '.').collect();
    let header = Value::Object(header(&parts)?);
    if !budget.allows(AROUND) {
        return Some(Value::from(MORE));
    }
    let header = data::value("", &header, depth + 1, budget);
    let [_, payload, _] = parts.as_slice() else {
        return Some(json!({ "header": header, "encrypted": true }));
    };
    let claims = jose::b64::decode(payload)
        .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
        .filter(Value::is_object);
    let claims = claims.map_or_else(
        || Value::from(text::hidden(payload)),
        |claims| data::value("", &claims, depth + 1, budget),
    );
    Some(json!({ "header": header, "claims": claims, "signature": HIDDEN }))
}

/// What may be shown of a body that is a token: nothing but its length when it is not.
pub(super) fn of_body(bytes: &[u8], budget: &mut Budget) -> Option<Value> {
    shown(std::str::from_utf8(bytes).ok()?.trim(), 0, budget)
}

/// Whether a text is a token.
pub(super) fn is_token(text: &str) -> bool {
    kind(text).is_some()
}

/// What kind of token a text is.
pub(super) fn kind(text: &str) -> Option<&'static str> {
    let parts: Vec<&str> = text.splitn(6, '.').collect();
    header(&parts)?;
    Some(if parts.len() == 3 { "JWT" } else { "JWE" })
}

/// The header of a token of three parts (RFC 7515 §7.1) or five (RFC 7516 §7.1).
fn header(parts: &[&str]) -> Option<Map<String, Value>> {
    let first = match parts {
        [first, _, _] | [first, _, _, _, _] => jose::b64::decode(first)?,
        _ => return None,
    };
    match serde_json::from_slice(&first) {
        Ok(Value::Object(header)) if header.contains_key("alg") => Some(header),
        _ => None,
    }
}
