//! Whether a text tells a secret, also through the layers that a token wraps around it.

/// Whether `text` contains `secret`, as it is or in base64url, however deep.
pub(crate) fn tells(text: &str, secret: &str) -> bool {
    let is_outside = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let inner = text.split(is_outside).filter(|piece| piece.len() >= 8);
    text.contains(secret)
        || inner
            .filter_map(jose::base64url_decode)
            .any(|bytes| tells(&String::from_utf8_lossy(&bytes), secret))
}

#[test]
fn a_secret_is_found_through_two_layers_of_base64url() {
    let once = jose::base64url_encode(r#"{"bsn":"900186021"}"#);
    let twice = jose::base64url_encode(format!(r#"{{"id_token":"e30.{once}.c2ln"}}"#));
    assert!(tells(&format!("e30.{twice}.c2ln"), "900186021"));
    assert!(!tells(&format!("e30.{twice}.c2ln"), "900029365"));
}
