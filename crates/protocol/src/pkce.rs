//! Proof Key for Code Exchange, S256 only (RFC 7636; RFC 9700 §2.1.1).

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

/// A `code_challenge` of method S256: 43 characters of base64url.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge(String);

/// The text is no S256 challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAChallenge;

impl Challenge {
    /// Reads a `code_challenge`: base64url of 32 bytes, without padding.
    ///
    /// # Errors
    /// [`NotAChallenge`].
    pub fn parse(text: &str) -> Result<Self, NotAChallenge> {
        match URL_SAFE_NO_PAD.decode(text) {
            Ok(bytes) if bytes.len() == 32 => Ok(Self(text.to_owned())),
            _ => Err(NotAChallenge),
        }
    }

    /// The challenge of a verifier (RFC 7636 §4.2), for our own client.
    pub fn of(verifier: &str) -> Self {
        let hash = digest::digest(&digest::SHA256, verifier.as_bytes());
        Self(URL_SAFE_NO_PAD.encode(hash))
    }

    /// Whether `verifier` belongs to this challenge (RFC 7636 §4.6). A verifier is 43 to 128
    /// unreserved characters (§4.1); anything else never belongs to one.
    pub fn is_of(&self, verifier: &str) -> bool {
        let well_formed = (43..=128).contains(&verifier.len())
            && verifier
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
        let same = Self::of(verifier).0.as_bytes().ct_eq(self.0.as_bytes());
        well_formed && bool::from(same)
    }

    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn rfc_7636_appendix_b_holds() {
        let challenge = Challenge::parse(CHALLENGE).expect("a challenge");
        // RFC 7636 §4.2
        assert!(challenge.is_of(VERIFIER));
        assert!(!challenge.is_of(&VERIFIER.replace('d', "e")));
        assert!(!challenge.is_of(CHALLENGE));
        assert_eq!(Challenge::of(VERIFIER).as_str(), CHALLENGE);
    }

    #[test]
    fn rfc_7636_4_1_a_short_a_long_or_a_strange_verifier_belongs_to_nothing() {
        let belongs = |verifier: &str| Challenge::of(verifier).is_of(verifier);
        assert!(!belongs("kort"));
        // RFC 7636 §4.1
        for (length, is_good) in [(42, false), (43, true), (128, true), (129, false)] {
            assert_eq!(belongs(&"~".repeat(length)), is_good, "{length}");
        }
        assert!(!belongs(&VERIFIER.replace('-', "+")));
    }

    #[test]
    fn a_challenge_is_32_bytes_of_base64url() {
        for text in ["", "abc", &format!("{CHALLENGE}="), &CHALLENGE[1..]] {
            assert_eq!(Challenge::parse(text), Err(NotAChallenge));
        }
    }
}
