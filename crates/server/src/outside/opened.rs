//! Answers whose body is still to come: for whoever passes it on, or judges as it comes how much of it
//! to hold.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Method, StatusCode};

use super::{Headers, Outside, OutsideError};

/// A call to a resource of somebody else.
#[derive(Debug)]
pub struct Call<'a> {
    /// The method.
    pub method: Method,
    /// The absolute URL.
    pub url: &'a str,
    /// What else is said.
    pub headers: Headers,
    /// The body, if any.
    pub body: Option<Vec<u8>>,
    /// For the whole call, until the last byte of the answer, in seconds.
    pub timeout_s: u32,
}

/// The head of an answer; the body comes when it is asked for, and not at all when this is dropped.
pub struct Opened {
    /// The status; redirects too, they are not followed.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    response: reqwest::Response,
}

impl Outside {
    /// Makes a call, and gives the answer when its head is there. The observer is told nothing of it: the
    /// body may be long, and is not ours.
    ///
    /// # Errors
    /// [`OutsideError`].
    pub async fn open(&self, call: Call<'_>) -> Result<Opened, OutsideError> {
        let url = self.allowed(call.url)?;
        let client = self.client.load_full();
        let mut request = client
            .request(call.method, url)
            .headers(call.headers.into_map()?)
            .timeout(Duration::from_secs(call.timeout_s.into()));
        if let Some(body) = call.body {
            request = request.body(body);
        }
        let mut response = request.send().await.map_err(OutsideError::of)?;
        Ok(Opened {
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
            response,
        })
    }
}

impl Opened {
    /// How long the body says that it is.
    pub fn length(&self) -> Option<u64> {
        let length = self.headers.get(CONTENT_LENGTH)?.to_str().ok()?;
        length.parse().ok()
    }

    /// The next piece of the body; nothing at its end.
    ///
    /// # Errors
    /// [`OutsideError`] when it breaks off or takes too long.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, OutsideError> {
        self.response.chunk().await.map_err(OutsideError::of)
    }

    /// What is left of the body, as it comes.
    pub fn rest(self) -> impl Stream<Item = Result<Bytes, OutsideError>> + Send + 'static {
        stream::try_unfold(self, |mut opened| async move {
            let piece = opened.piece().await?;
            Ok(piece.map(|piece| (piece, opened)))
        })
    }
}
