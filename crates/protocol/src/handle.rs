//! Token secrets: `id.generation.key.MAC`, so that no secret is ever stored.
//!
//! A store holds the grant's id and generation; the secret can be made from them under a key that
//! stands outside the store. A valid MAC with an old generation is reuse; an invalid MAC is noise
//! and changes nothing (design: a guess must not be able to end anybody's grant).

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The longest text that can be a handle: ids, generation, key number and MAC with their dots.
const TEXT_MAX: usize = 22 + 1 + 20 + 1 + 10 + 1 + 43;

/// What a handle is for; a code can never be offered as a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purpose(pub &'static str);

/// The versioned keys under which handles are made. The last one makes new handles, all of them
/// open old ones.
pub struct HandleKeys(Vec<(u32, hmac::Key)>);

/// A grant and the generation of it that its holder has: 0 for a code, one more at each exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle {
    /// The grant.
    pub id: [u8; 16],
    /// Which of its secrets this is.
    pub generation: u64,
}

impl Handle {
    /// The secret that replaces this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self {
            generation: self.generation + 1,
            ..self
        }
    }
}

impl HandleKeys {
    /// Takes 32-byte keys with their numbers, the one that makes handles last; nothing when the list
    /// is empty.
    pub fn new(keys: &[(u32, [u8; 32])]) -> Option<Self> {
        let keyed =
            |(number, key): &(u32, [u8; 32])| (*number, hmac::Key::new(hmac::HMAC_SHA256, key));
        (!keys.is_empty()).then(|| Self(keys.iter().map(keyed).collect()))
    }

    /// The secret text of `handle`.
    pub fn make(&self, purpose: Purpose, handle: Handle) -> String {
        let Some((number, key)) = self.0.last() else {
            return String::new();
        };
        let mac = hmac::sign(key, &signed(purpose, handle));
        format!(
            "{}.{}.{number}.{}",
            URL_SAFE_NO_PAD.encode(handle.id),
            handle.generation,
            URL_SAFE_NO_PAD.encode(mac)
        )
    }

    /// The handle that `text` proves, in constant time over the MAC; nothing for noise.
    pub fn open(&self, purpose: Purpose, text: &str) -> Option<Handle> {
        if text.len() > TEXT_MAX {
            return None;
        }
        let mut parts = text.split('.');
        let (id, generation, number, mac) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || !is_plain_number(generation) || !is_plain_number(number) {
            return None;
        }
        let handle = Handle {
            id: URL_SAFE_NO_PAD.decode(id).ok()?.try_into().ok()?,
            generation: generation.parse().ok()?,
        };
        let number: u32 = number.parse().ok()?;
        let (_, key) = self.0.iter().find(|(n, _)| *n == number)?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        hmac::verify(key, &signed(purpose, handle), &mac).ok()?;
        Some(handle)
    }
}

/// One spelling per number: no sign, no leading zero.
fn is_plain_number(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'))
}

fn signed(purpose: Purpose, handle: Handle) -> Vec<u8> {
    let mut bytes = purpose.0.as_bytes().to_vec();
    bytes.push(0);
    bytes.extend(handle.id);
    bytes.extend(handle.generation.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CODE: Purpose = Purpose("test.code");
    const REFRESH: Purpose = Purpose("test.refresh");

    fn keys() -> HandleKeys {
        HandleKeys::new(&[(1, [1; 32]), (2, [2; 32])]).expect("two keys")
    }

    fn handle(generation: u64) -> Handle {
        Handle {
            id: [9; 16],
            generation,
        }
    }

    #[test]
    fn a_handle_opens_for_its_own_purpose_only() {
        let text = keys().make(CODE, handle(0));
        assert_eq!(keys().open(CODE, &text), Some(handle(0)));
        assert_eq!(keys().open(REFRESH, &text), None);
    }

    #[test]
    fn another_generation_under_the_same_mac_is_noise() {
        let text = keys().make(REFRESH, handle(1)).replacen(".1.", ".2.", 1);
        assert_eq!(keys().open(REFRESH, &text), None);
    }

    #[test]
    fn an_older_key_still_opens_and_an_unknown_one_does_not() {
        let old = HandleKeys::new(&[(1, [1; 32])]).expect("one key");
        assert!(keys().open(CODE, &old.make(CODE, handle(0))).is_some());
        assert!(old.open(CODE, &keys().make(CODE, handle(0))).is_none());
    }

    #[test]
    fn a_second_spelling_of_a_handle_is_noise() {
        let text = keys().make(REFRESH, handle(1));
        for other in [
            text.replacen(".1.", ".01.", 1),
            text.replacen(".1.", ".+1.", 1),
            format!("{text}."),
            format!("{text}="),
        ] {
            assert_eq!(keys().open(REFRESH, &other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_opened_or_refused(text in ".{0,200}") {
            prop_assert_eq!(keys().open(CODE, &text), None);
        }
    }
}
