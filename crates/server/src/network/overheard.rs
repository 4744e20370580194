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
use crate::clock::Clock;
use crate::door::{Peer, TraceId, is_unanswered};
use crate::observer::{Observer, Richting};
use crate::redact::{Exchange, Side};

/// The largest body that is looked at: more than any site lets in, or any role answers. A longer one
/// goes by unread.
const BODY_MAX: u64 = 4 * 1024 * 1024;
/// What browsers fetch beside pages, and tells of nothing.
const BESIDE_PAGES: [&str; 2] = ["/stijl.css", "/favicon.ico"];

/// The router of a party's host, whose base URL is `base`, with the observer told of its messages.
pub(super) fn around(app: &Arc<App>, base: String, router: Router) -> Router {
    let at = At {
        observer: app.observer.clone(),
        clock: app.clock.clone(),
        base: base.into(),
    };
    at.around(router)
}

/// Where a party listens.
#[derive(Clone)]
struct At {
    observer: Observer,
    clock: Clock,
    base: Arc<str>,
}

impl At {
    fn around(self, router: Router) -> Router {
        router.layer(from_fn_with_state(self, overhear))
    }
}

async fn overhear(State(at): State<At>, request: Request, next: Next) -> Response {
    if BESIDE_PAGES.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let (begonnen_ms, began_ms) = (at.clock.now_ms(), at.clock.wall_ms());
    let (request, asked) = asked(request).await;
    let peer = request.extensions().get::<Peer>().map(Peer::name);
    let trace = request.extensions().get::<TraceId>().copied();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let (response, answered) = answered(next.run(request).await).await;
    let silent = is_unanswered(&response);
    at.observer.overheard(Exchange {
        // Only the door calls, and it always says who and which.
        trace: trace.unwrap_or_else(TraceId::fresh),
        richting: Richting::Ontvangen,
        peer: peer.unwrap_or_default(),
        method,
        url: format!("{}{}", at.base, uri.path()),
        query: uri.query().map(str::to_owned),
        request: asked,
        status: if silent {
            0
        } else {
            response.status().as_u16()
        },
        response: answered,
        begonnen_ms,
        duur_ms: u32::try_from(at.clock.wall_ms() - began_ms).unwrap_or_default(),
        no_answer: silent.then(|| "the connection was ended".to_owned()),
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

#[cfg(test)]
mod tests {
    use axum::routing::{get, post};
    use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
    use tower::ServiceExt as _;

    use super::*;
    use crate::observer::{Bericht, Waiting};
    use crate::web;

    const FORM: &str = "application/x-www-form-urlencoded";

    /// A party with a few answers, and the other end of its observer's queues.
    fn party() -> (Router, Waiting) {
        let (observer, waiting) = Observer::queued("mitz");
        let endless = || async {
            let forever = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
            Body::from_stream(forever)
        };
        let router = Router::new()
            .route("/token", post(|body: String| async { body }))
            .route("/stijl.css", get(|| async { "css" }))
            .route("/endless", get(endless))
            .fallback(|| async { web::unavailable() });
        let base = "https://mitz-back.localhost".into();
        let clock = Clock::system();
        let at = At {
            observer,
            clock,
            base,
        };
        (at.around(router), waiting)
    }

    async fn answer(router: &Router, request: http::request::Builder, body: &str) -> Response {
        let request = request
            .extension(TraceId::fresh())
            .extension(Peer::new(None, ([127, 0, 0, 1], 1).into()))
            .body(Body::from(body.to_owned()));
        let answer = router.clone().oneshot(request.expect("a request")).await;
        answer.expect("an answer")
    }

    fn told(waiting: &mut Waiting) -> Option<Bericht> {
        let exchange = waiting.exchanges.try_recv().ok()?;
        Some(exchange.redacted("mitz"))
    }

    #[tokio::test]
    async fn a_request_and_its_answer_pass_unchanged_and_are_told() {
        let (router, mut waiting) = party();
        let request = Request::post("/token?taal=nl").header(CONTENT_TYPE, FORM);
        let response = answer(&router, request, "grant_type=refresh_token&code=geheim").await;
        assert_eq!(response.headers()[CONTENT_LENGTH], "36");
        let body = axum::body::to_bytes(response.into_body(), 100).await;
        assert_eq!(
            body.expect("a body"),
            "grant_type=refresh_token&code=geheim"
        );
        let told = told(&mut waiting).expect("told");
        assert_eq!(told.richting, Richting::Ontvangen);
        assert_eq!(told.url, "https://mitz-back.localhost/token");
        assert_eq!((&*told.method, &*told.peer), ("POST", "user agent"));
        assert_eq!(
            (told.status, told.request.bytes, told.response.bytes),
            (200, 36, 36)
        );
        assert_eq!(told.query.expect("a query")["taal"], "nl");
        let velden = told.request.velden.expect("a form");
        assert_eq!(velden["grant_type"], "refresh_token");
        assert_eq!(velden["code"], "••• (6)");
        assert_eq!(told.response.velden, None);
    }

    #[tokio::test]
    async fn what_finds_no_handler_is_told_and_a_style_sheet_is_not() {
        let (router, mut waiting) = party();
        answer(&router, Request::get("/stijl.css"), "").await;
        assert_eq!(told(&mut waiting), None);
        answer(&router, Request::get("/nergens"), "").await;
        assert_eq!(told(&mut waiting).expect("told").status, 503);
    }

    #[tokio::test]
    async fn an_answer_that_is_not_there_yet_is_not_waited_for() {
        let (router, mut waiting) = party();
        answer(&router, Request::get("/endless"), "").await;
        let told = told(&mut waiting).expect("told");
        assert_eq!((told.status, told.response.bytes), (200, 0));
    }

    #[tokio::test]
    async fn a_full_queue_holds_up_no_request() {
        let (router, mut waiting) = party();
        for _ in 0..300 {
            answer(&router, Request::get("/nergens"), "").await;
        }
        let mut told_of = 0;
        while told(&mut waiting).is_some() {
            told_of += 1;
        }
        assert_eq!(told_of, 256);
    }
}
