//! One request: in, and the answer out.

use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, EXPECT, HOST, PRAGMA, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Version};
use hyper::body::{Body as _, Incoming};
use rustls_pki_types::CertificateDer;
use tokio::sync::SemaphorePermit;
use tower::ServiceExt;

use super::challenge::Tried;
use super::connection::{Activity, Running};
use super::refusal::Refusal;
use super::serve::{Door, Stopping};
use super::site::OpenSite;
use super::{House, Peer, TraceId, Turns, proxy};

/// Every answer bears the request's number under this name.
const TRACE_ID: HeaderName = HeaderName::from_static("trace-id");
/// Headers of one request: browsers and proxies stay under half of it. Less than the 100 that hyper takes.
const HEADERS_MAX: usize = 64;
/// A year in seconds, and no word on other hosts (RFC 6797 §6.1).
const STRICT: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// A connection as its requests see it.
pub(super) struct Visit {
    pub(super) door: Arc<Door>,
    pub(super) site: Arc<OpenSite>,
    pub(super) peer: Peer,
    /// What the client showed in the handshake, its own certificate first.
    pub(super) chain: Option<Box<[CertificateDer<'static>]>>,
    pub(super) activity: Arc<Activity>,
    pub(super) stopping: Stopping,
}

impl Visit {
    /// From a request's head to its answer, or to the end of the connection.
    async fn answer(&self, request: Request<Incoming>) -> Result<Response, Unanswered> {
        let busy = self.activity.begin();
        let trace = TraceId::of(&request);
        let (version, has_body) = (request.version(), !request.body().is_end_stream());
        let mut response = match self.admit(request).await {
            Ok((mut request, _room)) => {
                request.extensions_mut().insert(trace);
                let tried = Tried::of(request.headers());
                let mut response = handle(self.site.router.clone(), request, trace).await;
                tried.challenge(&mut response, self.site.host.as_str());
                response
            }
            Err(refusal) => {
                if refusal.is_told() && self.turns().may_tell(&self.peer) {
                    let sites = self.door.sites.load();
                    sites.tell(&self.site.host, trace, refusal.reason());
                }
                refusal.answer(version, has_body)
            }
        };
        if is_unanswered(&response) {
            self.activity.ask_to_leave();
            return Err(Unanswered);
        }
        dress(response.headers_mut(), trace, &self.door.house);
        if !self.door.sites.load().has(&self.site) {
            self.activity.ask_to_leave();
        }
        Ok(match response.extensions_mut().remove::<Lasting>() {
            Some(Lasting) => self.lasting(response, busy),
            None => response,
        })
    }

    /// An answer whose request counts as running until it ends, and that ends when the door stops.
    fn lasting(&self, response: Response, busy: Running) -> Response {
        let mut stopping = self.stopping.clone();
        response.map(|body| {
            let frames = body.into_data_stream();
            let frames = frames.take_until(async move { stopping.wait().await });
            Body::from_stream(frames.map(move |frame| {
                let _until_the_end = &busy;
                frame
            }))
        })
    }

    /// The request, whole and with who sent it, if it is for this site, within bounds, and its
    /// sender's turn; and the room that it takes while it runs.
    async fn admit(
        &self,
        request: Request<Incoming>,
    ) -> Result<(Request<Body>, SemaphorePermit<'_>), Refusal> {
        let (mut head, body) = request.into_parts();
        let turns = self.turns();
        let peer = self.peer_behind(&mut head).or_else(|refusal| {
            // A request that is none is one all the same for who sends too many.
            turns.of_peer(&self.peer).and(Err(refusal))
        })?;
        turns.of_peer(&peer)?;
        if self.site.running.available_permits() == 0 {
            return Err(Refusal::Crowded);
        }
        let waits_for_100 = head.headers.contains_key(EXPECT);
        let body = (self.door.reading_room)
            .read(body, &peer, &self.site.limits, waits_for_100)
            .await?;
        // Taken when the body is there: who sends slowly keeps nobody out.
        let room = self.site.running.try_acquire();
        let room = room.map_err(|_| Refusal::Crowded)?;
        head.extensions.insert(peer);
        head.extensions.insert(turns);
        Ok((Request::from_parts(head, body.into()), room))
    }

    fn turns(&self) -> Turns {
        Turns::new(&self.door, &self.site)
    }

    /// Who asks, by a head that is within bounds, for this site, from somebody whose certificate still
    /// holds here.
    fn peer_behind(&self, head: &mut Parts) -> Result<Peer, Refusal> {
        self.check_head(head)?;
        self.check_certificate()?;
        proxy::peer(self.site.proxies.as_ref(), &self.peer, &mut head.headers)
    }

    /// Whether the site as it is now takes the certificate that the handshake took: since then revocation
    /// lists may have come (design §3 "checked per request, not per connection").
    fn check_certificate(&self) -> Result<(), Refusal> {
        let Some(chain) = &self.chain else {
            return Ok(());
        };
        let sites = self.door.sites.load();
        if sites.has(&self.site) || sites.takes(&self.site.host, chain) {
            Ok(())
        } else {
            Err(Refusal::CertificateEnded)
        }
    }

    /// Whether the head is within bounds and for this site.
    fn check_head(&self, head: &Parts) -> Result<(), Refusal> {
        let target = head.uri.path_and_query();
        if target.is_some_and(|target| target.as_str().len() > self.door.house.uri_bytes_max) {
            return Err(Refusal::TargetTooLong);
        }
        let target_bytes = target.map_or(0, |target| target.as_str().len());
        let head_bytes = target_bytes + head_bytes(&head.headers);
        if head_bytes > self.door.house.header_bytes_max as usize
            || head.headers.len() > HEADERS_MAX
        {
            return Err(Refusal::HeadTooLarge);
        }
        let authority = head.uri.authority().map(http::uri::Authority::as_str);
        match host_named(authority, &head.headers, head.version)? {
            named if self.is_here(named) => Ok(()),
            _ => Err(Refusal::Misdirected),
        }
    }

    /// Whether `authority` is this site's host, with the port on which it is reached.
    fn is_here(&self, authority: &str) -> bool {
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()),
            None => (authority, Some(443)),
        };
        host.eq_ignore_ascii_case(self.site.host.as_str())
            && port == Some(self.site.port.unwrap_or(self.door.port))
    }
}

/// The authority of a request: `:authority` or the target's, which must agree with the Host header
/// if both are there. RFC 9112 §3.2 asks for one Host header in every HTTP/1.1 request.
fn host_named<'a>(
    authority: Option<&'a str>,
    headers: &'a HeaderMap,
    version: Version,
) -> Result<&'a str, Refusal> {
    let mut hosts = headers.get_all(HOST).iter();
    let (host, None) = (hosts.next(), hosts.next()) else {
        return Err(Refusal::NoHost);
    };
    let host = match host.map(HeaderValue::to_str).transpose() {
        Ok(None) if version < Version::HTTP_2 => return Err(Refusal::NoHost),
        Ok(host) => host,
        Err(_) => return Err(Refusal::NoHost),
    };
    match (authority, host) {
        (Some(authority), Some(host)) if !authority.eq_ignore_ascii_case(host) => {
            Err(Refusal::Misdirected)
        }
        (Some(named), _) | (None, Some(named)) => Ok(named),
        (None, None) => Err(Refusal::NoHost),
    }
}

fn head_bytes(headers: &HeaderMap) -> usize {
    let bytes = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len();
    headers.iter().map(bytes).sum()
}

/// The router's answer; 500 without text if it panics. What the panic said is for the log only.
async fn handle(router: Router, request: Request<Body>, trace: TraceId) -> Response {
    let mut answer = pin!(router.oneshot(request));
    let answer = std::future::poll_fn(|context| {
        let poll = AssertUnwindSafe(|| answer.as_mut().poll(context));
        match catch_unwind(poll) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(answer)) => Poll::Ready(Some(answer)),
            Err(_) => Poll::Ready(None),
        }
    });
    match answer.await {
        Some(Ok(response)) => response,
        Some(Err(never)) => match never {},
        None => {
            tracing::error!(%trace, "a handler panicked");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// What every answer bears.
fn dress(headers: &mut HeaderMap, trace: TraceId, house: &House) {
    if let Ok(trace) = HeaderValue::try_from(trace.to_string()) {
        headers.insert(TRACE_ID, trace);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // koppeltaal case 112, and nobody else's answers belong in somebody's page either. A page has a
    // policy of its own, which says so too.
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    let unframed = HeaderValue::from_static("frame-ancestors 'none'");
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(unframed);
    let no_store = HeaderValue::from_static("no-store");
    let cache_control = headers.entry(CACHE_CONTROL).or_insert(no_store);
    if cache_control
        .to_str()
        .is_ok_and(|text| text.contains("no-store"))
    {
        // RFC 6749 §5.1: with a token both are a MUST, at every token endpoint behind this door
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    }
    if house.strict_transport_security {
        headers.insert(STRICT_TRANSPORT_SECURITY, STRICT);
    }
}

/// The mark of an answer that lasts.
#[derive(Clone, Copy)]
struct Lasting;

/// Marks an answer that goes on for minutes, in small pieces: a stream of events. Without the mark its
/// connection would count as resting once the head is out. The door ends it when it stops; whoever gives
/// it bounds how long it lasts, and how many there are.
pub fn lasting(mut response: Response) -> Response {
    response.extensions_mut().insert(Lasting);
    response
}

/// The mark of an answer that never leaves, and what hyper is told in its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unanswered;

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request gets no answer")
    }
}

impl Error for Unanswered {}

/// Stands where an answer should, and never leaves: not a byte of it, nor of our headers. HTTP/1.1 sees its
/// connection closed, HTTP/2 its stream reset and the connection ended. For where a specification wants the
/// traffic broken off without telling why (core.whl.309).
pub fn unanswered() -> Response {
    let mut response = StatusCode::FORBIDDEN.into_response();
    response.extensions_mut().insert(Unanswered);
    response
}

/// Whether a response is [`unanswered`].
pub fn is_unanswered(response: &Response) -> bool {
    response.extensions().get::<Unanswered>().is_some()
}

/// A [`Visit`] as hyper calls it.
#[derive(Clone)]
pub(super) struct Visits(pub(super) Arc<Visit>);

impl hyper::service::Service<Request<Incoming>> for Visits {
    type Response = Response;
    type Error = Unanswered;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Unanswered>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let visit = Arc::clone(&self.0);
        Box::pin(async move { visit.answer(request).await })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(
        authority: Option<&'static str>,
        hosts: &[&'static str],
        version: Version,
    ) -> Result<String, Refusal> {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(HOST, HeaderValue::from_static(host));
        }
        host_named(authority, &headers, version).map(str::to_owned)
    }

    #[test]
    fn rfc_9112_3_2_a_request_names_one_host() {
        let a = Ok("a.localhost".to_owned());
        assert_eq!(named(None, &["a.localhost"], Version::HTTP_11), a);
        assert_eq!(named(Some("a.localhost"), &[], Version::HTTP_2), a);
        assert_eq!(named(None, &["a.localhost"], Version::HTTP_2), a);
        assert_eq!(
            named(Some("a.localhost"), &["A.localhost"], Version::HTTP_11),
            a
        );
        let none = Err(Refusal::NoHost);
        assert_eq!(named(None, &[], Version::HTTP_11), none);
        assert_eq!(named(None, &[], Version::HTTP_10), none);
        assert_eq!(named(None, &[], Version::HTTP_2), none);
        assert_eq!(named(Some("a.localhost"), &[], Version::HTTP_11), none);
        let twice = &["a.localhost", "a.localhost"];
        assert_eq!(named(None, twice, Version::HTTP_11), none);
        assert_eq!(named(Some("a.localhost"), twice, Version::HTTP_2), none);
    }

    #[test]
    fn two_names_for_one_host_must_agree() {
        let both = named(Some("a.localhost"), &["b.localhost"], Version::HTTP_2);
        assert_eq!(both, Err(Refusal::Misdirected));
    }
}
