//! The HM that a DV trusts, and its keys as they were fetched last.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use jose::Jwks;

/// An issuer of access tokens. A new version of the scheme has a new issuer, and so another of these
/// (etoegang case 95).
pub struct Uitgever {
    issuer: String,
    sleutels: RwLock<Arc<Jwks>>,
    gemist: AtomicBool,
}

impl Uitgever {
    /// An issuer, exactly as its metadata name it; without keys no token counts.
    pub fn new(issuer: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            sleutels: RwLock::default(),
            gemist: AtomicBool::new(false),
        }
    }

    /// The issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Takes a set of keys in the place of the one before. When fetching fails the old one goes on.
    pub fn vernieuw(&self, sleutels: Jwks) {
        let mut held = self
            .sleutels
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *held = Arc::new(sleutels);
    }

    /// Whether a token named a key that is not in the set, since this was asked last: a reason to fetch
    /// the set again. Anybody can send such tokens, so that the caller must not fetch more often than
    /// once in a few minutes.
    pub fn sleutel_gemist(&self) -> bool {
        self.gemist.swap(false, Ordering::Relaxed)
    }

    pub(crate) fn sleutels(&self) -> Arc<Jwks> {
        let held = self.sleutels.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&held)
    }

    pub(crate) fn mist(&self) {
        self.gemist.store(true, Ordering::Relaxed);
    }
}

impl fmt::Debug for Uitgever {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Uitgever").field(&self.issuer).finish()
    }
}
