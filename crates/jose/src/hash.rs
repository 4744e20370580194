//! Digests and keyed digests.

use aws_lc_rs::{digest, hmac};

use crate::aead::Key32;
use crate::b64;

/// SHA-256 (FIPS 180-4) of `bytes`.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

/// SHA-256 of `parts`, each preceded by its length as eight bytes.
pub(crate) fn sha256_of(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// HMAC-SHA-256 (RFC 2104) under `key` of `parts`, each preceded by its length as eight bytes, so
/// that `["ab", "c"]` and `["a", "bc"]` differ. Compare results with `subtle`.
pub fn hmac_sha256(key: &Key32, parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key.reveal()));
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut tag = [0; 32];
    tag.copy_from_slice(context.sign().as_ref());
    tag
}

/// HMAC-SHA-256 (RFC 2104) under `key` of the message alone, where a specification says so.
pub fn hmac_sha256_of(key: &Key32, message: &[u8]) -> [u8; 32] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.reveal());
    let mut tag = [0; 32];
    tag.copy_from_slice(hmac::sign(&key, message).as_ref());
    tag
}

/// The thumbprint of a DER certificate as `x5t#S256` and `cnf` carry it (RFC 8705 §3.1).
pub fn x5t_s256(certificate: &[u8]) -> String {
    b64::encode(sha256(certificate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_is_the_sha256_of_fips_180_4() {
        assert_eq!(
            b64::encode(sha256(b"abc")),
            "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"
        );
        assert_eq!(x5t_s256(b"abc"), b64::encode(sha256(b"abc")));
    }

    #[test]
    fn the_border_between_parts_counts() {
        let key = Key32::new([1; 32]);
        let tag = hmac_sha256(&key, &[b"ab", b"c"]);
        assert_eq!(tag, hmac_sha256(&key, &[b"ab", b"c"]));
        assert_ne!(tag, hmac_sha256(&key, &[b"a", b"bc"]));
        assert_ne!(tag, hmac_sha256(&key, &[b"ab", b"c", b""]));
        assert_ne!(tag, hmac_sha256(&Key32::new([2; 32]), &[b"ab", b"c"]));
    }
}
