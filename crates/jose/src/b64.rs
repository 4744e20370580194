//! Base64url as RFC 7515 §2 wants it: no padding, no line breaks, no stray bits at the end, so
//! that every byte string has one spelling.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The base64url text of `bytes`, without padding (RFC 7515 §2).
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The same, behind what `text` holds already.
pub fn encode_to(bytes: impl AsRef<[u8]>, text: &mut String) {
    URL_SAFE_NO_PAD.encode_string(bytes, text);
}

/// The bytes of base64url `text`; nothing for padding, white space, letters of another alphabet or
/// unused bits that are not zero.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_byte_string_has_one_spelling() {
        assert_eq!(encode([0xff, 0xef]), "_-8");
        assert_eq!(decode("_-8"), Some(vec![0xff, 0xef]));
        for other in ["_-8=", "/+8", "_-9", "_-8\n", " _-8", "_-", "_", "_-8A\r\n"] {
            assert_ne!(decode(other), Some(vec![0xff, 0xef]), "{other:?}");
        }
        // RFC 7515 §2
        assert_eq!(decode("_-9"), None, "trailing bits");
        assert_eq!(decode("_-8="), None, "padding");
        assert_eq!(decode("/+8"), None, "the other alphabet");
    }

    proptest! {
        #[test]
        fn what_decodes_encodes_to_the_same_text(text in "[A-Za-z0-9_=+/ -]{0,24}") {
            if let Some(bytes) = decode(&text) {
                prop_assert_eq!(encode(bytes), text);
            }
        }
    }
}
