//! How often each host of a node answered, and how well: by what the availability of an interface is
//! told (core.tknint.206 asks 99.5 % of MedMij's token interface, and each answer within ten seconds).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::door::is_unanswered;

/// What takes longer is late (core.tknint.206).
const LATE: Duration = Duration::from_secs(10);

/// The answers of a host since the start of the node. What the door itself refuses is none of them.
#[derive(Debug, Default)]
pub(super) struct Answers {
    all: AtomicU64,
    failed: AtomicU64,
    late: AtomicU64,
}

impl Answers {
    /// Counts what the router answers.
    pub(super) fn of(router: Router, answers: &Arc<Self>) -> Router {
        router.layer(from_fn_with_state(Arc::clone(answers), count))
    }

    fn count(&self, status: StatusCode, took: Duration) {
        let one = |count: &AtomicU64| count.fetch_add(1, Ordering::Relaxed);
        one(&self.all);
        if status.is_server_error() {
            one(&self.failed);
        }
        if took > LATE {
            one(&self.late);
        }
    }

    /// All answers, those of them that say that we failed (5xx), and those that took over ten seconds.
    pub(super) fn told(&self) -> Value {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        json!({ "answers": of(&self.all), "failed": of(&self.failed), "late": of(&self.late) })
    }
}

async fn count(State(answers): State<Arc<Answers>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let response = next.run(request).await;
    if !is_unanswered(&response) {
        answers.count(response.status(), begun.elapsed());
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;
    use crate::door::unanswered;

    #[test]
    fn core_tknint_206_what_failed_or_came_late_is_told() {
        let answers = Answers::default();
        answers.count(StatusCode::OK, LATE);
        answers.count(StatusCode::OK, LATE + Duration::from_millis(1));
        answers.count(StatusCode::SERVICE_UNAVAILABLE, Duration::ZERO);
        // core.tknint.206
        let expected = json!({ "answers": 3, "failed": 1, "late": 1 });
        assert_eq!(answers.told(), expected);
    }

    #[tokio::test]
    async fn every_answer_of_a_host_counts_and_silence_does_not() {
        let router = Router::new()
            .route("/good", get(async || "good"))
            .route("/down", get(async || StatusCode::SERVICE_UNAVAILABLE))
            .route("/silent", get(async || unanswered()));
        let answers = Arc::new(Answers::default());
        let router = Answers::of(router, &answers);
        for path in ["/good", "/down", "/silent", "/nothing"] {
            let request = Request::get(path).body(Body::empty()).expect("a request");
            let answered = router.clone().oneshot(request).await;
            assert!(answered.is_ok(), "{path}");
        }
        let expected = json!({ "answers": 3, "failed": 1, "late": 0 });
        assert_eq!(answers.told(), expected);
    }
}
