//! The public keys of applications, kept for as long as their `Cache-Control` says
//! (koppeltaal.md §1.6, TOP-KT-020).
//!
//! Whoever asks for keys that are not held waits for the one request that fetches them, and for no
//! other application's. An address that gives no keys is left alone for a while, so that a stream of
//! requests that nobody could sign does not become one of ours.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use http::header::{ACCEPT, CACHE_CONTROL};
use jose::Jwks;
use koppeltaal::client_assertion::ALGORITHMS;
use protocol::assertion::ClientKeys;
use verdict::Moment;

use crate::app::App;
use crate::outside::{Answer, Bounds, Headers};

/// Seconds for which keys are kept whose answer says nothing.
const UNSAID_S: u32 = 60;
/// Seconds for which keys are kept at most: who says a year means that he never thought of rotating.
const FRESH_MAX_S: u32 = 86_400;
/// Seconds between two looks for a key id that is not in a set that may still be kept: a stream of
/// assertions with invented ids must not become a stream of requests.
const AGAIN_S: u32 = 30;
/// Seconds for which an address that gave no keys is left alone.
const FAILED_S: u32 = 5;
/// The most addresses whose keys are kept: beyond any number of applications that a node serves.
const ADDRESSES_MAX: usize = 16_384;
/// A set of 30 keys of 8192 bits has half of it.
const BOUNDS: Bounds = Bounds {
    bytes_max: 64 * 1024,
    timeout_s: 3,
};

/// Key sets by the URL where they stand.
#[derive(Default)]
pub(super) struct Sleutels(Mutex<HashMap<String, Arc<Address>>>);

/// The keys cannot be had now; why, for the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoKeys(pub(super) &'static str);

/// What is known of one URL.
#[derive(Default)]
struct Address {
    held: ArcSwapOption<Held>,
    /// Whoever fetches has it.
    fetching: tokio::sync::Mutex<()>,
}

/// What the last request brought.
#[derive(Clone)]
struct Held {
    keys: Result<Arc<ClientKeys>, NoKeys>,
    fresh_until: Moment,
    /// When keys that might still be kept were last asked for anew.
    looked_again: Option<Moment>,
}

impl Sleutels {
    /// The keys at `url` as its owner lets them be kept. When `has_key` does not find the one it
    /// needs in them they are asked for anew, at most every 30 seconds (koppeltaal case 23).
    ///
    /// # Errors
    /// [`NoKeys`]; also for those who come in the seconds after.
    pub(super) async fn keys(
        &self,
        app: &App,
        url: &str,
        has_key: impl Fn(&Jwks) -> bool,
    ) -> Result<Arc<ClientKeys>, NoKeys> {
        let address = self.address(url);
        if let Some(found) = address.usable(app.clock.now(), &has_key) {
            return found;
        }
        let _alone = address.fetching.lock().await;
        // Somebody else may have fetched them since.
        if let Some(found) = address.usable(app.clock.now(), &has_key) {
            return found;
        }
        let before = address.held.load_full();
        let now = app.clock.now();
        let fetched = fetch(app, url).await;
        let held = match before.as_deref() {
            Some(before) => before.followed_by(fetched, now),
            None => fetched,
        };
        let keys = held.keys.clone();
        address.held.store(Some(Arc::new(held)));
        keys
    }

    fn address(&self, url: &str) -> Arc<Address> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(address) = known.get(url) {
            return Arc::clone(address);
        }
        if known.len() >= ADDRESSES_MAX {
            known.clear();
        }
        Arc::clone(known.entry(url.to_owned()).or_default())
    }
}

impl Address {
    /// What is held, unless it is time to ask.
    fn usable(
        &self,
        now: Moment,
        has_key: impl Fn(&Jwks) -> bool,
    ) -> Option<Result<Arc<ClientKeys>, NoKeys>> {
        let held = self.held.load();
        let held = held.as_ref()?;
        if held.fresh_until.is_over_at(now) {
            return None;
        }
        let lacks = |keys: &Arc<ClientKeys>| !has_key(keys.keys());
        let long_ago = |look: Moment| look.plus_s(AGAIN_S).is_over_at(now);
        if held.keys.as_ref().is_ok_and(lacks) && held.looked_again.is_none_or(long_ago) {
            return None;
        }
        Some(held.keys.clone())
    }
}

impl Held {
    /// What is held after what was `fetched` at `now`. A look for a key that fails takes nothing away
    /// from those whose key is here: anybody can cause one.
    fn followed_by(&self, fetched: Self, now: Moment) -> Self {
        if self.fresh_until.is_over_at(now) {
            return Self {
                looked_again: self.looked_again,
                ..fetched
            };
        }
        let kept = match fetched.keys {
            Ok(_) => fetched,
            Err(_) => self.clone(),
        };
        Self {
            looked_again: Some(now),
            ..kept
        }
    }
}

async fn fetch(app: &App, url: &str) -> Held {
    let headers = Headers::none().with(ACCEPT, "application/json");
    let answer = app.outside.get_within(url, headers, BOUNDS).await;
    let asked = app.clock.now();
    match answer.map_err(|_| NoKeys("the application's JWKS does not answer as it must")) {
        Ok(answer) => {
            let keys = read(&answer);
            let fresh_s = if keys.is_ok() {
                fresh_s(&answer)
            } else {
                FAILED_S
            };
            Held {
                keys,
                fresh_until: asked.plus_s(fresh_s),
                looked_again: None,
            }
        }
        Err(no_keys) => Held {
            keys: Err(no_keys),
            fresh_until: asked.plus_s(FAILED_S),
            looked_again: None,
        },
    }
}

fn read(answer: &Answer) -> Result<Arc<ClientKeys>, NoKeys> {
    if answer.status != http::StatusCode::OK {
        return Err(NoKeys("the application's JWKS answers with another status"));
    }
    // koppeltaal cases 24 and 27: a key that is weak, or shares its name, proves nothing; others do
    let keys = Jwks::parse_forgiving(&answer.body);
    let keys =
        keys.map_err(|_| NoKeys("the application's JWKS is none, or shows a key that is secret"))?;
    let keys = ClientKeys::new(keys, &ALGORITHMS);
    Ok(Arc::new(keys.ok_or(NoKeys(
        "the application's JWKS has no key that serves",
    ))?))
}

/// For how long, by the answer's `Cache-Control` (RFC 9111 §5.2.2; koppeltaal case 32).
fn fresh_s(answer: &Answer) -> u32 {
    let values = answer.headers.get_all(CACHE_CONTROL).iter();
    let directives = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|directive| directive.trim().to_ascii_lowercase());
    let mut fresh = UNSAID_S;
    for directive in directives {
        if directive == "no-store" || directive == "no-cache" {
            return 0;
        }
        if let Some(seconds) = directive.strip_prefix("max-age=") {
            let seconds = seconds.trim_matches('"').parse::<u64>();
            let seconds = seconds.map_or(0, |s| u32::try_from(s).unwrap_or(FRESH_MAX_S));
            fresh = seconds.min(FRESH_MAX_S);
        }
    }
    fresh
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;

    fn fresh(cache_control: Option<&str>) -> u32 {
        let mut headers = HeaderMap::new();
        if let Some(value) = cache_control {
            headers.insert(CACHE_CONTROL, value.parse().expect("a value"));
        }
        fresh_s(&Answer {
            status: StatusCode::OK,
            headers,
            body: Vec::new(),
        })
    }

    #[test]
    fn top_kt_020_keys_are_kept_for_as_long_as_their_owner_says() {
        // TOP-KT-020
        assert_eq!(fresh(Some("public, max-age=60")), 60);
        assert_eq!(fresh(Some("max-age=\"5\"")), 5);
        assert_eq!(fresh(Some("MAX-AGE=7, must-revalidate")), 7);
        assert_eq!(fresh(None), UNSAID_S);
        assert_eq!(fresh(Some("public")), UNSAID_S);
        assert_eq!(fresh(Some("max-age=60, no-cache")), 0);
        assert_eq!(fresh(Some("no-store")), 0);
        assert_eq!(fresh(Some("max-age=nooit")), 0);
        assert_eq!(fresh(Some("max-age=99999999999999")), FRESH_MAX_S);
    }
}
