//! Randomness as an argument.

use aws_lc_rs::hkdf;
use zeroize::Zeroizing;

/// 32 random bytes, drawn once per run by the shell. Every secret of the run is derived from them
/// under a label of its own, so that a run can be repeated in a test.
pub struct Entropy(Zeroizing<[u8; 32]>);

impl Entropy {
    /// Takes bytes that the shell drew from the operating system (or that a test chose).
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// `N` bytes for `label`, by HKDF-SHA-256 with the label as info (RFC 5869 §2.3). The same
    /// label gives the same bytes within a run, so each use has a label of its own. `N` may be at
    /// most 8160.
    pub fn bytes<const N: usize>(&self, label: &'static str) -> [u8; N] {
        self.expanded(&[label.as_bytes()])
    }

    /// Entropy for one of several like parts of a run (the location tokens of one answer, say).
    #[must_use]
    pub fn part(&self, label: &'static str, number: u32) -> Self {
        // No label has a byte 0 in it.
        let info = [label.as_bytes(), b"\0part", &number.to_be_bytes()];
        Self(Zeroizing::new(self.expanded(&info)))
    }

    fn expanded<const N: usize>(&self, info: &[&[u8]]) -> [u8; N] {
        const { assert!(N <= 255 * 32, "HKDF-SHA-256 gives at most 8160 bytes") };
        let mut bytes = [0; N];
        // RFC 5869 §3.3: what is random in every bit is a key as it is, and needs no extraction.
        let key = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &self.0[..]);
        // Both calls can only fail on a length that the assertion above excludes.
        let filled = key
            .expand(info, Length(N))
            .and_then(|okm| okm.fill(&mut bytes));
        debug_assert!(filled.is_ok());
        if filled.is_err() {
            std::process::abort();
        }
        bytes
    }

    /// A version 4 UUID in its lower-case text form (RFC 9562 §5.4).
    pub fn uuid(&self, label: &'static str) -> String {
        let mut b = self.bytes::<16>(label);
        b[6] = (b[6] & 0x0f) | 0x40;
        b[8] = (b[8] & 0x3f) | 0x80;
        let n = u128::from_be_bytes(b);
        let hex = format!("{n:032x}");
        [
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        ]
        .join("-")
    }
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_parts_give_different_bytes() {
        let entropy = Entropy::new([7; 32]);
        assert_eq!(entropy.bytes::<16>("a"), entropy.bytes::<16>("a"));
        // RFC 5869 §2.3: bytes are bound to their label.
        assert_ne!(entropy.bytes::<16>("a"), entropy.bytes::<16>("b"));
        assert_ne!(
            entropy.part("p", 0).bytes::<16>("a"),
            entropy.part("p", 1).bytes::<16>("a")
        );
    }

    #[test]
    fn a_uuid_says_its_version_and_variant() {
        let uuid = Entropy::new([9; 32]).uuid("trace");
        assert_eq!(uuid.len(), 36);
        // RFC 9562 §5.4
        assert_eq!(&uuid[14..15], "4");
        assert!("89ab".contains(&uuid[19..20]));
    }
}
