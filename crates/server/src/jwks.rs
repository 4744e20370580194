//! Public keys of others, fetched when needed and kept for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jose::Jwks;
use verdict::Moment;

use crate::app::App;
use crate::outside::Headers;

/// How long fetched keys are used without asking again, in seconds: a withdrawn key is forgotten
/// within five minutes.
const FRESH_S: u32 = 300;
/// How soon an unknown key id may make us ask again, in seconds: a stream of tokens with invented
/// key ids must not become a stream of requests to the issuer.
const AGAIN_S: u32 = 10;
/// The most issuers whose keys are kept.
const ISSUERS_MAX: usize = 256;

/// Key sets by the URL where they stand.
#[derive(Default)]
pub struct JwksCache(Mutex<HashMap<String, (Moment, Arc<Jwks>)>>);

/// The keys cannot be had now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoKeys;

impl JwksCache {
    /// The keys at `url`, at most five minutes old.
    ///
    /// # Errors
    /// [`NoKeys`] when they cannot be fetched or read.
    pub async fn keys(&self, app: &App, url: &str) -> Result<Arc<Jwks>, NoKeys> {
        self.keys_as(app, url, parsed).await
    }

    /// The same, where `read` says what of a document counts.
    ///
    /// # Errors
    /// As [`Self::keys`].
    pub async fn keys_as(
        &self,
        app: &App,
        url: &str,
        read: impl Fn(&[u8]) -> Result<Jwks, NoKeys>,
    ) -> Result<Arc<Jwks>, NoKeys> {
        match self.held(url, app.clock.now(), FRESH_S) {
            Some(keys) => Ok(keys),
            None => self.fetch(app, url, read).await,
        }
    }

    /// The keys at `url` after one of them was not found: asked anew, but not more than once in ten
    /// seconds.
    ///
    /// # Errors
    /// As [`Self::keys`].
    pub async fn keys_again(&self, app: &App, url: &str) -> Result<Arc<Jwks>, NoKeys> {
        self.keys_again_as(app, url, parsed).await
    }

    /// The same, where `read` says what of a document counts.
    ///
    /// # Errors
    /// As [`Self::keys`].
    pub async fn keys_again_as(
        &self,
        app: &App,
        url: &str,
        read: impl Fn(&[u8]) -> Result<Jwks, NoKeys>,
    ) -> Result<Arc<Jwks>, NoKeys> {
        match self.held(url, app.clock.now(), AGAIN_S) {
            Some(keys) => Ok(keys),
            None => self.fetch(app, url, read).await,
        }
    }

    fn held(&self, url: &str, now: Moment, age_max_s: u32) -> Option<Arc<Jwks>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (fetched, keys) = held.get(url)?;
        let fresh = !fetched.plus_s(age_max_s).is_over_at(now);
        fresh.then(|| Arc::clone(keys))
    }

    async fn fetch(
        &self,
        app: &App,
        url: &str,
        read: impl Fn(&[u8]) -> Result<Jwks, NoKeys>,
    ) -> Result<Arc<Jwks>, NoKeys> {
        let answer = app.outside.get(url, Headers::none()).await;
        let answer = answer.map_err(|_| NoKeys)?;
        if !answer.status.is_success() {
            return Err(NoKeys);
        }
        let keys = Arc::new(read(&answer.body)?);
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= ISSUERS_MAX {
            held.clear();
        }
        held.insert(url.to_owned(), (app.clock.now(), Arc::clone(&keys)));
        Ok(keys)
    }
}

/// Every key of the set.
fn parsed(document: &[u8]) -> Result<Jwks, NoKeys> {
    Jwks::parse(document).map_err(|_| NoKeys)
}
