//! Sealing: what must not be readable at rest or in a browser.
//!
//! What is sealed begins with the number of its key, so that it opens after that key was rotated.

use std::sync::Arc;

use jose::aead::{self, Key32};
use protocol::handle::{Handle, Purpose as HandlePurpose};
use serde::Serialize;
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq as _;
use verdict::{Body, Change, Clear, Key, Sealed, Secrets, Then};

use crate::chance;
use crate::keys::{Keys, Purpose, Ring};

/// The keys with which a party seals its rows and cookies.
pub struct Seal(Arc<Keys>);

/// The keys with which a party makes codes, refresh tokens and the secrets of sessions.
pub struct Handles(Arc<Keys>);

/// A row's private part that was not sealed by this party for this row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotOurs;

impl Seal {
    /// Seals with these keys.
    pub const fn new(keys: Arc<Keys>) -> Self {
        Self(keys)
    }

    /// A body as the store may have it. The private part is bound to its row (design §4: AAD is
    /// table and row), so that it cannot be moved to another.
    pub fn row(&self, key: &Key, body: Clear) -> Sealed {
        let private = body.private.reveal();
        let private = if private.is_empty() {
            Vec::new()
        } else {
            self.0.count_seal(Purpose::Rows);
            numbered(&self.0.set().rows, private, &row_context(key))
        };
        Body {
            open: body.open,
            index: body.index,
            private,
        }
    }

    /// A change as the store may have it.
    pub fn change(&self, change: Change<Clear>) -> Change<Sealed> {
        Change {
            then: match change.then {
                Then::Keep => Then::Keep,
                Then::Put { until, body } => Then::Put {
                    until,
                    body: self.row(&change.key, body),
                },
                Then::Remove => Then::Remove,
            },
            key: change.key,
            expect: change.expect,
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
            let set = self.0.set();
            let plain = opened(&set.rows, &body.private, &row_context(key));
            Secrets::new(plain.ok_or(NotOurs)?)
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
        self.0.count_seal(Purpose::Cookies);
        let set = self.0.set();
        jose::b64::encode(numbered(&set.cookies, &plain, purpose.as_bytes()))
    }

    /// The same back; nothing when it is not ours, or of another purpose.
    pub fn open_cookie<T: DeserializeOwned>(&self, purpose: &str, text: &str) -> Option<T> {
        let sealed = jose::b64::decode(text)?;
        let set = self.0.set();
        let plain = opened(&set.cookies, &sealed, purpose.as_bytes())?;
        serde_json::from_slice(&plain).ok()
    }

    /// A text bound to a secret of the browser, for forms (design §5 "front channel").
    pub fn form_token(&self, purpose: &str, bound_to: &str) -> String {
        form_token(self.0.set().cookies.current(), purpose, bound_to)
    }

    /// Whether `text` is what [`Self::form_token`] made for the same purpose and secret, now or under a
    /// key before this one.
    pub fn is_form_token(&self, purpose: &str, bound_to: &str, text: &str) -> bool {
        let set = self.0.set();
        set.cookies.all().iter().any(|key| {
            let made = form_token(key, purpose, bound_to);
            bool::from(made.as_bytes().ct_eq(text.as_bytes()))
        })
    }
}

impl Handles {
    /// Makes and opens with these keys.
    pub const fn new(keys: Arc<Keys>) -> Self {
        Self(keys)
    }

    /// The secret text of `handle`.
    pub fn make(&self, purpose: HandlePurpose, handle: Handle) -> String {
        self.0.set().handles.make(purpose, handle)
    }

    /// The handle that `text` proves; nothing for noise.
    pub fn open(&self, purpose: HandlePurpose, text: &str) -> Option<Handle> {
        self.0.set().handles.open(purpose, text)
    }
}

/// What binds a private part to its row.
pub(crate) fn row_context(key: &Key) -> Vec<u8> {
    let mut context = key.space().0.as_bytes().to_vec();
    context.push(0);
    context.extend(key.bytes());
    context
}

/// The number of the key in four bytes, and then what it sealed.
fn numbered(ring: &Ring<Key32>, plain: &[u8], context: &[u8]) -> Vec<u8> {
    let mut bytes = ring.current_number().to_be_bytes().to_vec();
    bytes.extend(aead::seal(ring.current(), plain, context, nonce()));
    bytes
}

/// The same back.
fn opened(ring: &Ring<Key32>, bytes: &[u8], context: &[u8]) -> Option<Vec<u8>> {
    let (number, sealed) = bytes.split_first_chunk()?;
    let key = ring.numbered(u32::from_be_bytes(*number))?;
    let plain = aead::open(key, sealed, context).ok()?;
    Some(plain.to_vec())
}

fn form_token(key: &Key32, purpose: &str, bound_to: &str) -> String {
    let parts = [purpose.as_bytes(), bound_to.as_bytes()];
    jose::b64::encode(jose::hmac_sha256(key, &parts))
}

/// Fresh for every sealing: two attempts of one run may seal different texts.
fn nonce() -> [u8; 12] {
    chance::bytes()
}
