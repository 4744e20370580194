//! The Lokalisatie server of Mitz: which providers know a person (seed 000 steps 15–17).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use identity::{Hostname, Ura};
use mitz::lokalisatie::{Locaties, Locatievraag};
use serde_json::json;

use crate::app::App;
use crate::input::BsnTable;
use crate::web::{self, Visit};

/// Everything that the Lokalisatie server needs.
pub struct LokalisatieRole {
    app: Arc<App>,
    mitz_host: Hostname,
    table: Arc<BsnTable<Vec<Ura>>>,
}

impl LokalisatieRole {
    /// A server that answers only to the client certificate of `mitz_host`.
    pub fn new(app: Arc<App>, mitz_host: Hostname, table: Arc<BsnTable<Vec<Ura>>>) -> Arc<Self> {
        Arc::new(Self {
            app,
            mitz_host,
            table,
        })
    }

    /// What answers at its host, which asks for a client certificate.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/locaties", post(locaties))
            .with_state(Arc::clone(self))
    }

    /// What the table knows of a person; nobody knows a person who does not stand in it
    /// (mitz case 26).
    fn known(&self, vraag: &Locatievraag) -> Locaties {
        let locaties = self.table.get(&vraag.bsn).cloned().unwrap_or_default();
        Locaties { locaties }
    }
}

/// Steps 15 to 17.
async fn locaties(State(role): State<Arc<LokalisatieRole>>, visit: Visit) -> Response {
    let app = &role.app;
    let refuse = |status, error, reason| {
        app.saw_fail(15, visit.trace, visit.peer_name(), reason);
        app.refused(visit.trace, "seed 000 step 15", reason);
        web::json(status, &json!({ "error": error }))
    };
    let peer = visit.certificate(&app.clock).and_then(|peer| peer.san_dns);
    if peer.as_deref() != Some(role.mitz_host.as_str()) {
        return refuse(403, "forbidden", "only Mitz may ask for locations");
    }
    let Ok(vraag) = serde_json::from_slice::<Locatievraag>(&visit.body) else {
        return refuse(400, "invalid_request", "the question is unreadable");
    };
    app.saw(15, visit.trace, visit.peer_name(), "question for locations");
    let locaties = role.known(&vraag);
    let note = format!("{} locations collected", locaties.locaties.len());
    app.saw(16, visit.trace, "lokalisatie", note);
    web::json(200, &locaties)
}
