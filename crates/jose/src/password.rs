//! What passwords are kept as.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;

/// PBKDF2 with HMAC-SHA-256 (RFC 8018 §5.2): 32 bytes of this password, with this salt, after so many
/// rounds. Slow by intent. Compare results with `subtle`.
pub fn pbkdf2_sha256(password: &[u8], salt: &[u8], rounds: NonZeroU32) -> [u8; 32] {
    let mut derived = [0; 32];
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        rounds,
        salt,
        password,
        &mut derived,
    );
    derived
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::b64;

    #[test]
    fn it_is_the_pbkdf2_of_rfc_7914() {
        // RFC 7914 §11, the first half of the 64 bytes
        let derived = pbkdf2_sha256(b"passwd", b"salt", NonZeroU32::MIN);
        assert_eq!(
            b64::encode(derived),
            "VawEblbjCJ_sFpHCJUS2BflBhSFt3gRl5oudV8INrLw"
        );
    }
}
