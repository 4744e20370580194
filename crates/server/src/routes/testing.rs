//! What tests of roles share: a party in a folder of its own, and requests as the door hands them
//! over.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, StatusCode};
use identity::Hostname;
use tower::ServiceExt as _;

use crate::app::{App, Given};
use crate::clock::Clock;
use crate::door::{Peer, PeerCertificate, TraceId};
use crate::home::Home;
use crate::keys::{Keys, MasterKey, Schedule};
use crate::log::RefusalLog;
use crate::observer::Observer;
use crate::outside::{Outside, OutsideConfig};

/// A party that speaks to nobody; its folder is gone when it is dropped.
pub(super) struct Party {
    pub(super) app: Arc<App>,
    folder: PathBuf,
}

impl Party {
    pub(super) async fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sluis-role-{}-{count}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        let given = Given {
            host: host("role.localhost"),
            clock: Clock::system(),
            outside: Outside::new(OutsideConfig::new(Vec::new(), None)).expect("a client"),
            log: RefusalLog::open(&folder.join("log.jsonl")).expect("a log"),
            observer: Observer::nobody("role"),
        };
        let role = folder.join("role");
        let home = Home::embedded(&role).expect("a home");
        let master = MasterKey::make(&role.join("master.key")).expect("a master key");
        let now = given.clock.now();
        let keys = Keys::open(&home, master, &[], Schedule::default(), now).await;
        let app = App::new("role", home, keys.expect("keys"), given);
        Self { app, folder }
    }

    /// Every line of its log.
    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log.jsonl")).expect("a log")
    }
}

impl Drop for Party {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub(super) fn host(name: &str) -> Hostname {
    Hostname::parse(name).expect("a host name")
}

/// An answer, whole.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("json")
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }
}

/// A request by whoever shows a certificate of this name, or none.
pub(super) async fn send(router: &Router, by: Option<&str>, mut request: Request<Body>) -> Answer {
    let certificate = by.map(|name| {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("made");
        let read = PeerCertificate::read(made.cert.der().clone());
        Arc::new(read.expect("a certificate"))
    });
    let peer = Peer::new(certificate, ([127, 0, 0, 1], 1).into());
    request.extensions_mut().insert(peer);
    request.extensions_mut().insert(TraceId::fresh());
    let response = router.clone().oneshot(request).await.expect("an answer");
    let (head, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await;
    Answer {
        status: head.status,
        headers: head.headers,
        body: body.expect("a body"),
    }
}

/// A POST.
pub(super) async fn post(
    router: &Router,
    by: Option<&str>,
    path: &str,
    media_type: &str,
    body: impl Into<Body>,
) -> Answer {
    let request = Request::post(path)
        .header(CONTENT_TYPE, media_type)
        .body(body.into());
    send(router, by, request.expect("a request")).await
}

/// A GET.
pub(super) async fn get(router: &Router, path: &str) -> Answer {
    let request = Request::get(path).body(Body::empty());
    send(router, None, request.expect("a request")).await
}
