//! The assertions by which a client proves itself (RFC 7523 §2.2), each with a number of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jose::SigningKey;
use protocol::assertion::{LIFETIME_S_MAX, TYPE};
use serde_json::json;
use server::clock::Clock;

use crate::Result;
use crate::floor::clock;

/// What one client signs in a run.
pub(crate) struct Assertions {
    key: Arc<SigningKey>,
    client_id: String,
    /// Tells those of one run from those of another.
    run: String,
    signed: AtomicU64,
}

impl Assertions {
    /// Of this client, in a run that begins now.
    pub(crate) fn new(key: &Arc<SigningKey>, client_id: impl Into<String>) -> Self {
        Self {
            key: Arc::clone(key),
            client_id: client_id.into(),
            run: format!("{:?}", clock()),
            signed: AtomicU64::new(0),
        }
    }

    /// The next one, for this audience.
    pub(crate) fn sign(&self, audience: &str) -> Result<String> {
        let now = Clock::system().now();
        let number = self.signed.fetch_add(1, Ordering::Relaxed);
        let claims = json!({
            "iss": self.client_id, "sub": self.client_id, "aud": audience,
            "iat": now.unix(), "exp": now.plus_s(LIFETIME_S_MAX).unix(),
            "jti": format!("{}.{number}", self.run),
        });
        Ok(self.key.sign("JWT", &claims)?)
    }

    /// The fields of a form that carry the next one.
    pub(crate) fn fields(&self, audience: &str) -> Result<String> {
        Ok(fields(&self.sign(audience)?))
    }
}

/// The fields of a form that carry this assertion.
pub(crate) fn fields(assertion: &str) -> String {
    let of_type = TYPE.replace(':', "%3A");
    format!("client_assertion_type={of_type}&client_assertion={assertion}")
}
