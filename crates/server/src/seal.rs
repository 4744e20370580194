//! Sealing: what must not be readable at rest or in a browser.

use identity::Bsn;
use jose::aead::{self, Key32};
use serde::Serialize;
use serde::de::DeserializeOwned;
use verdict::{Body, Clear, Key, PersonTag, Sealed, Secrets};

use crate::chance;
use crate::keys::{KeyFault, KeyRing};

/// The number of the look-up key that makes person tags.
const TAG_KEY_ID: u32 = 1;

/// The keys with which a party seals its rows and cookies and tags persons.
pub struct Seal {
    rows: Key32,
    cookies: Key32,
    persons: Key32,
}

/// A row's private part that was not sealed by this party for this row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotOurs;

impl Seal {
    /// The keys of a ring: separate ones for each purpose.
    pub fn open(ring: &KeyRing) -> Result<Self, KeyFault> {
        Ok(Self {
            rows: ring.secret("rows")?,
            cookies: ring.secret("cookies")?,
            persons: ring.secret("persons")?,
        })
    }

    /// A body as the store may have it. The private part is bound to its row (design §4: AAD is
    /// table and row), so that it cannot be moved to another.
    pub fn row(&self, key: &Key, body: Clear) -> Sealed {
        let private = body.private.reveal();
        let private = if private.is_empty() {
            Vec::new()
        } else {
            aead::seal(&self.rows, private, &row_context(key), nonce())
        };
        Body {
            open: body.open,
            index: body.index,
            private,
        }
    }

    /// The same back.
    ///
    /// # Errors
    /// [`NotOurs`] when the private part was altered or belongs to another row.
    pub fn open_row(&self, key: &Key, body: Sealed) -> Result<Clear, NotOurs> {
        let private = if body.private.is_empty() {
            Secrets::none()
        } else {
            let plain = aead::open(&self.rows, &body.private, &row_context(key));
            Secrets::new(plain.map_err(|_| NotOurs)?.to_vec())
        };
        Ok(Body {
            open: body.open,
            index: body.index,
            private,
        })
    }

    /// A value as a browser may carry it: unreadable, and good for this purpose only.
    pub fn cookie(&self, purpose: &str, value: &impl Serialize) -> String {
        // Our own types always serialise.
        let plain = serde_json::to_vec(value).unwrap_or_default();
        jose::b64::encode(aead::seal(
            &self.cookies,
            &plain,
            purpose.as_bytes(),
            nonce(),
        ))
    }

    /// The same back; nothing when it is not ours, or of another purpose.
    pub fn open_cookie<T: DeserializeOwned>(&self, purpose: &str, text: &str) -> Option<T> {
        let sealed = jose::b64::decode(text)?;
        let plain = aead::open(&self.cookies, &sealed, purpose.as_bytes()).ok()?;
        serde_json::from_slice(&plain).ok()
    }

    /// A text bound to a secret of the browser, for forms (design §5 "front channel").
    pub fn form_token(&self, purpose: &str, bound_to: &str) -> String {
        let parts = [purpose.as_bytes(), bound_to.as_bytes()];
        jose::b64::encode(jose::hmac_sha256(&self.cookies, &parts))
    }

    /// The person's tag: found again by whoever holds the look-up key, meaningless to others.
    pub fn person(&self, bsn: &Bsn) -> PersonTag {
        PersonTag {
            key_id: TAG_KEY_ID,
            tag: jose::hmac_sha256(&self.persons, &[b"bsn", bsn.reveal().as_bytes()]),
        }
    }
}

/// Fresh for every sealing: two attempts of one run may seal different texts.
fn nonce() -> [u8; 12] {
    chance::entropy().bytes("nonce")
}

fn row_context(key: &Key) -> Vec<u8> {
    let mut context = key.space().0.as_bytes().to_vec();
    context.push(0);
    context.extend(key.bytes());
    context
}
