//! The other party's metadata: given as a document, or fetched when needed and kept for a while.

use std::sync::Arc;

use saml::metadata::BadMetadata;
use tokio::sync::Mutex;
use verdict::Moment;

use super::{Misconfigured, Unreachable};
use crate::app::App;
use crate::outside::Headers;

/// How long fetched metadata is used without asking again, in seconds: a key that was taken out of
/// it is trusted for at most so much longer.
const FRESH_S: u32 = 300;
/// How soon a message that no known key signed may make us ask again, in seconds: a stream of
/// forged messages must not become a stream of requests to whoever they name.
const AGAIN_S: u32 = 10;
/// How long a failure counts for everybody, in seconds: whoever waited for the call that failed
/// does not call in turn. Longer would keep people out after the other side is back.
const FAILED_S: u32 = 1;

/// Where a party's metadata comes from. Either way is trusted: a file because the operator put it
/// there, a URL because TLS proves whose it is. A signature in it adds nothing to that.
#[derive(Clone, Debug)]
pub enum MetadataSource {
    /// An https URL.
    Url(String),
    /// The document itself.
    Document(Vec<u8>),
}

/// How a document is read.
type Parse<T> = fn(&[u8]) -> Result<T, BadMetadata>;

/// Metadata of one party, remembered: at most five minutes old when it comes from a URL.
pub struct Remembered<T>(Origin<T>);

enum Origin<T> {
    Document(Arc<T>),
    Url {
        url: String,
        parse: Parse<T>,
        /// Held while a fetch is under way, so that there is one at a time.
        last: Mutex<Last<T>>,
    },
}

struct Last<T> {
    read: Option<(Moment, Arc<T>)>,
    failed: Option<Moment>,
}

impl<T> Remembered<T> {
    /// Reads a document at once; a URL is fetched when somebody needs it.
    ///
    /// # Errors
    /// [`Misconfigured`] when the document is no metadata that we can use.
    pub fn new(source: MetadataSource, parse: Parse<T>) -> Result<Self, Misconfigured> {
        Ok(Self(match source {
            MetadataSource::Document(file) => Origin::Document(Arc::new(parse(&file)?)),
            MetadataSource::Url(url) => Origin::Url {
                url,
                parse,
                last: Mutex::new(Last {
                    read: None,
                    failed: None,
                }),
            },
        }))
    }

    /// The metadata, at most five minutes old.
    ///
    /// # Errors
    /// [`Unreachable`] when it cannot be fetched or read.
    pub async fn get(&self, app: &App) -> Result<Arc<T>, Unreachable> {
        self.at_most(app, FRESH_S).await
    }

    /// The metadata after a message was signed with none of its keys: asked anew, but not more than
    /// once in ten seconds.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn anew(&self, app: &App) -> Result<Arc<T>, Unreachable> {
        self.at_most(app, AGAIN_S).await
    }

    /// The metadata if it is held and at most five minutes old; nothing is fetched.
    pub async fn held(&self, app: &App) -> Option<Arc<T>> {
        match &self.0 {
            Origin::Document(metadata) => Some(Arc::clone(metadata)),
            Origin::Url { last, .. } => {
                let last = last.lock().await;
                let (at, metadata) = last.read.as_ref()?;
                is_recent(*at, FRESH_S, app.clock.now()).then(|| Arc::clone(metadata))
            }
        }
    }

    async fn at_most(&self, app: &App, age_max_s: u32) -> Result<Arc<T>, Unreachable> {
        let (url, parse, last) = match &self.0 {
            Origin::Document(metadata) => return Ok(Arc::clone(metadata)),
            Origin::Url { url, parse, last } => (url, *parse, last),
        };
        let mut last = last.lock().await;
        let now = app.clock.now();
        if let Some((at, metadata)) = &last.read
            && is_recent(*at, age_max_s, now)
        {
            return Ok(Arc::clone(metadata));
        }
        if last.failed.is_some_and(|at| is_recent(at, FAILED_S, now)) {
            return Err(Unreachable);
        }
        match fetch(app, url, parse).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                last.read = Some((app.clock.now(), Arc::clone(&metadata)));
                Ok(metadata)
            }
            Err(why) => {
                tracing::warn!(party = app.party, url, why, "SAML metadata cannot be had");
                last.failed = Some(app.clock.now());
                Err(Unreachable)
            }
        }
    }
}

/// Also false when the clock was set back to before `at`.
fn is_recent(at: Moment, age_max_s: u32, now: Moment) -> bool {
    at <= now && !at.plus_s(age_max_s).is_over_at(now)
}

async fn fetch<T>(app: &App, url: &str, parse: Parse<T>) -> Result<T, String> {
    let headers = Headers::none().accept("application/samlmetadata+xml, application/xml, text/xml");
    let answer = app.outside.get(url, headers).await;
    let answer = answer.map_err(|error| error.to_string())?;
    if !answer.status.is_success() {
        return Err(format!("answered {}", answer.status));
    }
    parse(&answer.body).map_err(|bad| bad.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_fetched_is_old_after_its_time_and_when_the_clock_goes_back() {
        let at = Moment::from_unix(1_000);
        assert!(is_recent(at, 300, at));
        assert!(is_recent(at, 300, at.plus_s(299)));
        assert!(!is_recent(at, 300, at.plus_s(300)));
        assert!(!is_recent(at, 300, at.minus_s(1)));
    }

    #[test]
    fn a_document_that_is_no_metadata_is_refused_at_once() {
        let source = MetadataSource::Document(b"<a/>".to_vec());
        let refused = Remembered::new(source, saml::metadata::IdpMetadata::parse);
        assert_eq!(
            refused.err(),
            Some(Misconfigured::Metadata(BadMetadata::NotMetadata))
        );
    }
}
