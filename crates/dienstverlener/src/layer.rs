//! Access as a layer of tower, in front of any service that takes HTTP requests.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use etoegang::dv_hm::claims::AccessToken;
use http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderMap, WWW_AUTHENTICATE};
use http::{HeaderValue, Request, Response, StatusCode};
use protocol::client::PeerCertificate;
use tower::{Layer, Service};
use verdict::Moment;

use crate::toegang::{Getoond, Toegang, Weigering};

/// What the layer puts into the extensions of a request that it lets in: who asks, and for whom.
#[derive(Clone, Debug)]
pub struct Toegelaten(pub AccessToken);

/// Puts [`ToegangService`] in front of a service. One layer is for one service of the DV: routes of
/// another have a layer of their own.
pub struct ToegangLayer<K> {
    toegang: Arc<Toegang>,
    klok: K,
}

/// Lets requests in, or answers them.
pub struct ToegangService<S, K> {
    inner: S,
    toegang: Arc<Toegang>,
    klok: K,
}

impl<K> ToegangLayer<K> {
    /// A layer with the caller's clock, which is asked once for each request.
    pub fn new(toegang: Toegang, klok: K) -> Self {
        let toegang = Arc::new(toegang);
        Self { toegang, klok }
    }
}

impl<S, K: Clone> Layer<S> for ToegangLayer<K> {
    type Service = ToegangService<S, K>;

    fn layer(&self, inner: S) -> Self::Service {
        ToegangService {
            inner,
            toegang: Arc::clone(&self.toegang),
            klok: self.klok.clone(),
        }
    }
}

impl<S, K, Q, R> Service<Request<Q>> for ToegangService<S, K>
where
    S: Service<Request<Q>, Response = Response<R>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    K: Fn() -> Moment,
    R: Default + Send + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Q>) -> Self::Future {
        let getoond = Getoond {
            authorization: only_authorization(request.headers()),
            query: request.uri().query(),
            certificaat: request.extensions().get::<PeerCertificate>(),
        };
        match self.toegang.beoordeel(&getoond, (self.klok)()) {
            Ok(token) => {
                request.extensions_mut().insert(Toegelaten(token));
                Box::pin(self.inner.call(request))
            }
            Err(weigering) => {
                let answer = answer(&weigering);
                Box::pin(std::future::ready(Ok(answer)))
            }
        }
    }
}

/// Two headers could be read differently by two programs, so they are none.
fn only_authorization(headers: &HeaderMap) -> Option<&[u8]> {
    let mut found = headers.get_all(AUTHORIZATION).iter();
    let first = found.next()?;
    found.next().is_none().then(|| first.as_bytes())
}

/// The refusal, without a body (RFC 6750 §3).
fn answer<R: Default>(weigering: &Weigering) -> Response<R> {
    let mut answer = Response::new(R::default());
    let status = StatusCode::from_u16(weigering.status());
    *answer.status_mut() = status.unwrap_or(StatusCode::UNAUTHORIZED);
    let headers = answer.headers_mut();
    let challenge = HeaderValue::from_str(&weigering.challenge());
    let challenge = challenge.unwrap_or(HeaderValue::from_static("Bearer"));
    headers.insert(WWW_AUTHENTICATE, challenge);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

impl<K: Clone> Clone for ToegangLayer<K> {
    fn clone(&self) -> Self {
        Self {
            toegang: Arc::clone(&self.toegang),
            klok: self.klok.clone(),
        }
    }
}

impl<S: Clone, K: Clone> Clone for ToegangService<S, K> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            toegang: Arc::clone(&self.toegang),
            klok: self.klok.clone(),
        }
    }
}

impl<K> fmt::Debug for ToegangLayer<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ToegangLayer").field(&self.toegang).finish()
    }
}

impl<S, K> fmt::Debug for ToegangService<S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ToegangService")
            .field(&self.toegang)
            .finish()
    }
}
