//! Word that something is new, for pages that are open: server-sent events.
//!
//! An event says only that the page is behind; the page asks for itself again. So nothing is told here
//! that the page does not tell, and a page without script is read by reloading it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use futures_util::stream::unfold;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::sleep;

use super::{NetwerkRole, not_found};
use crate::door;
use crate::web::{self, Visit};

/// Pages that may listen at a time; further ones are asked to come again.
const LISTENERS_MAX: usize = 32;
/// How long one listens; a browser then comes again by itself.
const LISTEN_MAX: Duration = Duration::from_mins(10);
/// How often a silent stream says that it is there: proxies end what says nothing for a minute.
const ALIVE_EVERY: Duration = Duration::from_secs(15);
/// How long news is gathered: a journey tells a hundred things in a second.
const GATHER: Duration = Duration::from_millis(250);

/// Who listens, and when there is something to say.
pub(super) struct Listeners {
    places: Arc<Semaphore>,
    news: watch::Sender<u64>,
}

impl Listeners {
    /// Nobody yet.
    pub(super) fn none() -> Self {
        Self {
            places: Arc::new(Semaphore::new(LISTENERS_MAX)),
            news: watch::Sender::new(0),
        }
    }

    /// Says that something was told.
    pub(super) fn tell(&self, revision: u64) {
        self.news.send_replace(revision);
    }
}

/// What is new of any journey.
pub(super) async fn of_all(State(role): State<Arc<NetwerkRole>>, visit: Visit) -> Response {
    listen(role, None, &visit)
}

/// What is new of one journey.
pub(super) async fn of_one(
    State(role): State<Arc<NetwerkRole>>,
    reis: Result<Path<String>, PathRejection>,
    visit: Visit,
) -> Response {
    let reis = reis.map(|Path(reis)| reis).unwrap_or_default();
    if role.recording(&reis).is_none() {
        return not_found(&visit);
    }
    listen(role, Some(reis), &visit)
}

fn listen(role: Arc<NetwerkRole>, trace: Option<String>, visit: &Visit) -> Response {
    let Ok(place) = Arc::clone(&role.listeners.places).try_acquire_owned() else {
        return web::unavailable();
    };
    let query = visit.query().unwrap_or_default();
    let since = query.get("sinds").and_then(|since| since.parse().ok());
    let revision = role.kept().revision(trace.as_deref());
    let listener = Listener {
        seen: since.unwrap_or(revision),
        news: role.listeners.news.subscribe(),
        role,
        trace,
        _place: place,
    };
    let events = unfold(listener, async |mut listener| {
        listener.wait().await;
        let event = Event::default()
            .event("nieuw")
            .data(listener.seen.to_string());
        Some((Ok::<_, Infallible>(event), listener))
    });
    let events = events.take_until(sleep(LISTEN_MAX));
    let alive = KeepAlive::new().interval(ALIVE_EVERY);
    door::lasting(Sse::new(events).keep_alive(alive).into_response())
}

/// One who listens.
struct Listener {
    role: Arc<NetwerkRole>,
    trace: Option<String>,
    /// What his page shows.
    seen: u64,
    news: watch::Receiver<u64>,
    _place: OwnedSemaphorePermit,
}

impl Listener {
    /// Until his page is behind.
    async fn wait(&mut self) {
        while self.revision() == self.seen {
            // The role that tells lives as long as we do.
            let _ = self.news.changed().await;
        }
        sleep(GATHER).await;
        self.seen = self.revision();
    }

    fn revision(&self) -> u64 {
        self.role.kept().revision(self.trace.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use axum::body::Body;
    use http::Request;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::super::testing::{TRACE, sighting};
    use super::super::told::Told as _;
    use super::*;
    use crate::door::{Peer, TraceId};
    use crate::routes::testing::Party;

    async fn get(role: &Arc<NetwerkRole>, path: &str) -> Response {
        let mut request = Request::get(path).body(Body::empty()).expect("a request");
        let address = ([127, 0, 0, 1], 1).into();
        request.extensions_mut().insert(Peer::new(None, address));
        request.extensions_mut().insert(TraceId::fresh());
        role.router().oneshot(request).await.expect("an answer")
    }

    async fn next(answer: &mut Response) -> String {
        let frame = answer.body_mut().frame().await.expect("a frame");
        let bytes = frame.expect("read").into_data().expect("data");
        String::from_utf8(bytes.to_vec()).expect("text")
    }

    /// An observer that nobody told anything yet.
    fn listened_to(party: &Party) -> Arc<NetwerkRole> {
        let app = Arc::clone(&party.app);
        NetwerkRole::new(app, BTreeMap::new(), Vec::new(), Vec::new(), None)
    }

    fn saw(role: &NetwerkRole, step: u8) {
        let mut kept = role.kept();
        sighting(step, "mitz", true).keep(&mut kept);
        role.listeners.tell(kept.revision(None));
    }

    #[tokio::test]
    async fn a_page_that_is_behind_is_told_so_and_one_that_is_not_when_something_comes() {
        let party = Party::new().await;
        let role = listened_to(&party);
        assert_eq!(get(&role, "/reizen/x/live").await.status(), 404);
        saw(&role, 8);
        let mut behind = get(&role, "/live?sinds=0").await;
        assert_eq!(behind.headers()["content-type"], "text/event-stream");
        assert_eq!(next(&mut behind).await, "event: nieuw\ndata: 1\n\n");
        let mut now = get(&role, &format!("/reizen/{TRACE}/live")).await;
        let told = tokio::join!(next(&mut now), async { saw(&role, 9) });
        assert_eq!(told.0, "event: nieuw\ndata: 2\n\n");
    }

    #[tokio::test]
    async fn so_many_listen_and_no_more() {
        let party = Party::new().await;
        let role = listened_to(&party);
        let mut listeners = Vec::new();
        for _ in 0..LISTENERS_MAX {
            let answer = get(&role, "/live").await;
            assert_eq!(answer.status(), 200);
            listeners.push(answer);
        }
        let refused = get(&role, "/live").await;
        assert_eq!(refused.status(), 503);
        assert!(refused.headers().contains_key("retry-after"));
        listeners.pop();
        assert_eq!(get(&role, "/live").await.status(), 200);
    }
}
