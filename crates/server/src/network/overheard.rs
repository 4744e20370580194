//! What a party hears and answers, told to the observer: each request at each of its hosts, with
//! the answer that left.
//!
//! It stands outside everything else in front of a party's router, so that trouble and faults show
//! as the others saw them. It changes nothing and waits for nobody.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;

use crate::app::App;
use crate::door::{Peer, TraceId};
use crate::observer::Richting;
use crate::redact::{Exchange, Side};

/// The largest body that is looked at: more than any site lets in, or any role answers. A longer one
/// goes by unread.
const BODY_MAX: u64 = 4 * 1024 * 1024;
/// What browsers fetch beside pages, and tells of nothing.
const BESIDE_PAGES: [&str; 2] = ["/stijl.css", "/favicon.ico"];

/// The router of a party's host, whose base URL is `base`, with the observer told of its messages.
pub(super) fn around(app: &Arc<App>, base: String, router: Router) -> Router {
    let at = At {
        app: Arc::clone(app),
        base: base.into(),
    };
    router.layer(from_fn_with_state(at, overhear))
}

/// Where a party listens.
#[derive(Clone)]
struct At {
    app: Arc<App>,
    base: Arc<str>,
}

async fn overhear(State(at): State<At>, request: Request, next: Next) -> Response {
    if BESIDE_PAGES.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let (clock, observer) = (&at.app.clock, &at.app.observer);
    let (begonnen_ms, began_ms) = (clock.now_ms(), clock.wall_ms());
    let (request, asked) = asked(request).await;
    let peer = request.extensions().get::<Peer>().map(Peer::name);
    let trace = request.extensions().get::<TraceId>().copied();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let (response, answered) = answered(next.run(request).await).await;
    observer.overheard(Exchange {
        // Only the door calls, and it always says who and which.
        trace: trace.unwrap_or_else(TraceId::fresh),
        richting: Richting::Ontvangen,
        peer: peer.unwrap_or_default(),
        method,
        url: format!("{}{}", at.base, uri.path()),
        query: uri.query().map(str::to_owned),
        request: asked,
        status: response.status().as_u16(),
        response: answered,
        begonnen_ms,
        duur_ms: u32::try_from(clock.wall_ms() - began_ms).unwrap_or_default(),
    });
    response
}

async fn asked(request: Request) -> (Request, Side) {
    let (head, body) = request.into_parts();
    let (body, side) = read(&head.headers, body).await;
    (Request::from_parts(head, body), side)
}

async fn answered(response: Response) -> (Response, Side) {
    let (head, body) = response.into_parts();
    let (body, side) = read(&head.headers, body).await;
    (Response::from_parts(head, body), side)
}

/// The body as it came, and what is kept of it. One that is in memory already is taken and put back;
/// one that is not, or breaks off, passes through.
async fn read(headers: &HeaderMap, body: Body) -> (Body, Side) {
    let exact = body.size_hint().exact();
    let Some(length) = exact.filter(|length| *length <= BODY_MAX) else {
        let bytes = exact.unwrap_or_default();
        return (body, Side::without_body(headers.clone(), bytes));
    };
    let max = usize::try_from(length).unwrap_or_default();
    match axum::body::to_bytes(body, max).await {
        Ok(bytes) => {
            let side = Side::new(headers.clone(), &bytes);
            (Body::from(bytes), side)
        }
        Err(error) => {
            let broken = futures_util::stream::once(async { Err::<Bytes, _>(error) });
            let side = Side::without_body(headers.clone(), length);
            (Body::from_stream(broken), side)
        }
    }
}
