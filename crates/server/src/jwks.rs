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

/// Key sets by whose they are and the URL where they stand.
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
        self.keys_as(app, ("", url), parsed).await
    }

    /// The same, where `read` says what of a document counts, for this party: others may have their keys at the
    /// same place.
    ///
    /// # Errors
    /// As [`Self::keys`].
    pub async fn keys_as(
        &self,
        app: &App,
        (whose, url): (&str, &str),
        read: impl Fn(&[u8]) -> Result<Jwks, NoKeys>,
    ) -> Result<Arc<Jwks>, NoKeys> {
        match self.held((whose, url), app.clock.now(), FRESH_S) {
            Some(keys) => Ok(keys),
            None => self.fetch(app, (whose, url), read).await,
        }
    }

    /// The keys at `url` after one of them was not found: asked anew, but not more than once in ten
    /// seconds.
    ///
    /// # Errors
    /// As [`Self::keys`].
    pub async fn keys_again(&self, app: &App, url: &str) -> Result<Arc<Jwks>, NoKeys> {
        self.keys_again_as(app, ("", url), parsed).await
    }

    /// The same, where `read` says what of a document counts for this party.
    ///
    /// # Errors
    /// As [`Self::keys`].
    pub async fn keys_again_as(
        &self,
        app: &App,
        (whose, url): (&str, &str),
        read: impl Fn(&[u8]) -> Result<Jwks, NoKeys>,
    ) -> Result<Arc<Jwks>, NoKeys> {
        match self.held((whose, url), app.clock.now(), AGAIN_S) {
            Some(keys) => Ok(keys),
            None => self.fetch(app, (whose, url), read).await,
        }
    }

    /// Keys that are young enough. A set of which nothing counts is asked for again soon.
    fn held(&self, (whose, url): (&str, &str), now: Moment, age_max_s: u32) -> Option<Arc<Jwks>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (fetched, keys) = held.get(&place(whose, url))?;
        let age_max_s = if keys.keys().is_empty() {
            AGAIN_S
        } else {
            age_max_s
        };
        let fresh = !fetched.plus_s(age_max_s).is_over_at(now);
        fresh.then(|| Arc::clone(keys))
    }

    async fn fetch(
        &self,
        app: &App,
        (whose, url): (&str, &str),
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
        held.insert(place(whose, url), (app.clock.now(), Arc::clone(&keys)));
        Ok(keys)
    }
}

/// Where a party's keys are held.
fn place(whose: &str, url: &str) -> String {
    format!("{whose} {url}")
}

/// Every key of the set.
fn parsed(document: &[u8]) -> Result<Jwks, NoKeys> {
    Jwks::parse(document).map_err(|_| NoKeys)
}

#[cfg(test)]
mod tests {
    use jose::{Algorithm, RsaSize, SigningKey, generate_pkcs8};

    use super::*;

    const NOW: Moment = Moment::from_unix(1_795_305_600);
    const URL: &str = "https://dv.example.nl/jwks";

    #[test]
    fn keys_are_held_for_whom_they_count_and_a_set_of_none_for_ten_seconds() {
        let der = generate_pkcs8(Algorithm::Es256, RsaSize::Bits2048).expect("a key");
        let key = SigningKey::from_pkcs8(Algorithm::Es256, &der).expect("usable");
        let cache = JwksCache::default();
        for (whose, keys) in [("a", vec![key.public().clone()]), ("b", Vec::new())] {
            let set = Arc::new(Jwks::new(keys).expect("a set"));
            let mut held = cache.0.lock().expect("no thread died");
            held.insert(place(whose, URL), (NOW, set));
        }
        let held = |whose, after_s| cache.held((whose, URL), NOW.plus_s(after_s), FRESH_S);
        assert_eq!(held("a", 299).expect("fresh").keys().len(), 1);
        assert!(held("a", 301).is_none());
        assert!(held("b", 9).expect("known to be empty").keys().is_empty());
        assert!(held("b", 11).is_none(), "somebody may be certified by now");
        assert!(
            held("c", 0).is_none(),
            "what counts for another does not for it"
        );
    }
}
