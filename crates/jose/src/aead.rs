//! Sealing: AES-256-GCM (NIST SP 800-38D) for cookies, private parts of rows and identifiers.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::b64;

/// Bytes of a GCM tag.
const TAG_BYTES: usize = 16;

/// A secret key of 256 bits. It prints as `***`, compares in constant time and is wiped when
/// dropped. What the cipher derives from it is made once, since that costs as much as sealing a row.
#[derive(Clone)]
pub struct Key32 {
    bytes: Zeroizing<[u8; 32]>,
    cipher: Arc<LessSafeKey>,
}

impl Key32 {
    /// Takes 32 bytes that are random, or derived from random ones.
    pub fn new(bytes: [u8; 32]) -> Self {
        let bytes = Zeroizing::new(bytes);
        let cipher = LessSafeKey::new(must(UnboundKey::new(&AES_256_GCM, &bytes[..])));
        Self {
            bytes,
            cipher: Arc::new(cipher),
        }
    }

    /// The bytes.
    pub fn reveal(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl PartialEq for Key32 {
    fn eq(&self, other: &Self) -> bool {
        self.bytes.ct_eq(&other.bytes[..]).into()
    }
}

impl Eq for Key32 {}

impl fmt::Debug for Key32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What was to be opened was not sealed under this key with this context, or was altered. Which of
/// these is not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotSealed;

impl fmt::Display for NotSealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not sealed by us for this use, or altered since")
    }
}

impl std::error::Error for NotSealed {}

/// Encrypts `plain` and binds it to `aad`, which must be given again to [`open`]. The result is
/// nonce, ciphertext and tag: 28 bytes longer than `plain`.
///
/// A nonce may serve only once under a key: take it from the run's Entropy, under a label of its
/// own, and replace the key long before 2^32 uses (SP 800-38D §8.3).
pub fn seal(key: &Key32, plain: &[u8], aad: &[u8], nonce: [u8; NONCE_LEN]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len() + TAG_BYTES);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    let tag = must(key.cipher.seal_in_place_separate_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(aad),
        &mut sealed[NONCE_LEN..],
    ));
    sealed.extend_from_slice(tag.as_ref());
    sealed
}

/// The plain bytes of what [`seal`] made under the same key and `aad`.
pub fn open(key: &Key32, sealed: &[u8], aad: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotSealed> {
    let (nonce, ciphertext) = sealed.split_first_chunk().ok_or(NotSealed)?;
    let mut plain = Zeroizing::new(ciphertext.to_vec());
    let length = key
        .cipher
        .open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(aad),
            &mut plain,
        )
        .map_err(|_| NotSealed)?
        .len();
    plain.truncate(length);
    Ok(plain)
}

/// An identifier that only we can read, as text for the start of a `jti` or a handle: 59 letters
/// of base64url, bound to `context`. The nonce rule is that of [`seal`].
pub fn seal_id(key: &Key32, id: [u8; 16], context: &[u8], nonce: [u8; NONCE_LEN]) -> String {
    b64::encode(seal(key, &id, context, nonce))
}

/// The identifier in what [`seal_id`] made under the same key and context.
pub fn open_id(key: &Key32, sealed: &str, context: &[u8]) -> Result<[u8; 16], NotSealed> {
    if sealed.len() > 64 {
        return Err(NotSealed);
    }
    let id = open(key, &b64::decode(sealed).ok_or(NotSealed)?, context)?;
    id.as_slice().try_into().map_err(|_| NotSealed)
}

/// The value of a call that fails only when memory is exhausted or a plaintext is beyond 64 GiB.
/// Going on would mean to answer without encryption, so the process ends, as it does when a `Vec`
/// cannot grow.
fn must<T, E>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|_| std::process::abort())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_sealed_id_opens_only_under_its_key_and_context() {
        let key = Key32::new([1; 32]);
        let sealed = seal_id(&key, [7; 16], b"mitz.grant", [9; 12]);
        assert_eq!(sealed.len(), 59);
        assert_eq!(open_id(&key, &sealed, b"mitz.grant"), Ok([7; 16]));
        assert_eq!(open_id(&key, &sealed, b"medmij.grant"), Err(NotSealed));
        let other = Key32::new([2; 32]);
        assert_eq!(open_id(&other, &sealed, b"mitz.grant"), Err(NotSealed));
        let longer = b64::encode(seal(&key, &[7; 17], b"mitz.grant", [9; 12]));
        assert_eq!(open_id(&key, &longer, b"mitz.grant"), Err(NotSealed));
    }

    #[test]
    fn the_nonce_makes_two_seals_of_one_text_differ() {
        let key = Key32::new([1; 32]);
        assert_ne!(
            seal(&key, b"x", b"", [1; 12]),
            seal(&key, b"x", b"", [2; 12])
        );
        assert_eq!(format!("{key:?}"), "***");
    }

    #[test]
    fn aes_256_gcm_is_that_of_the_gcm_specification() {
        // McGrew and Viega, test case 16.
        let mut key = [0; 32];
        key[..16].copy_from_slice(&0xfeff_e992_8665_731c_6d6a_8f94_6730_8308_u128.to_be_bytes());
        key[16..].copy_from_slice(&0xfeff_e992_8665_731c_6d6a_8f94_6730_8308_u128.to_be_bytes());
        let mut nonce = [0; 12];
        nonce.copy_from_slice(&0xcafe_babe_face_dbad_deca_f888_u128.to_be_bytes()[4..]);
        let aad: Vec<u8> = [
            0xfeed_face_dead_beef_u64,
            0xfeed_face_dead_beef,
            0xabad_dad2_0000_0000,
        ]
        .iter()
        .flat_map(|part| part.to_be_bytes())
        .take(20)
        .collect();
        let plain = [
            0xd931_3225_f884_06e5_a559_09c5_aff5_269a_u128,
            0x86a7_a953_1534_f7da_2e4c_303d_8a31_8a72,
            0x1c3c_0c95_9568_0953_2fcf_0e24_49a6_b525,
            0xb16a_edf5_aa0d_e657_ba63_7b39_1aaf_d255,
        ]
        .map(u128::to_be_bytes)
        .concat();
        let sealed = seal(&Key32::new(key), &plain[..60], &aad, nonce);
        assert_eq!(
            sealed[sealed.len() - 16..],
            0x76fc_6ece_0f4e_1768_cddf_8853_bb2d_551b_u128.to_be_bytes()
        );
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_and_what_is_altered_does_not(
            plain in proptest::collection::vec(any::<u8>(), 0..64),
            aad in proptest::collection::vec(any::<u8>(), 0..16),
            at in any::<proptest::sample::Index>(),
            bit in 0_u8..8,
        ) {
            let key = Key32::new([3; 32]);
            let mut sealed = seal(&key, &plain, &aad, [5; 12]);
            let opened = open(&key, &sealed, &aad).expect("sealed");
            prop_assert_eq!(opened.as_slice(), &plain);
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;
            prop_assert!(open(&key, &sealed, &aad).is_err());
        }

        #[test]
        fn any_text_is_refused_as_an_id(text in "\\PC{0,80}") {
            prop_assert_eq!(open_id(&Key32::new([3; 32]), &text, b""), Err(NotSealed));
        }

        #[test]
        fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(open(&Key32::new([3; 32]), &bytes, b"").is_err());
        }
    }
}
