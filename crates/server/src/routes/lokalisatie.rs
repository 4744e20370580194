//! The Lokalisatie server of Mitz: which providers know a person (seed 000 steps 15–17).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use identity::{Hostname, Ura};
use mitz::lokalisatie::{Locaties, Locatievraag};
use protocol::client::PeerCertificate;
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
    let peer = visit.certificate(&app.clock);
    let peer = peer.as_ref().and_then(PeerCertificate::only_name);
    if peer != Some(role.mitz_host.as_str()) {
        let reason = "only Mitz may ask for locations";
        app.saw_fail(15, visit.trace, visit.peer_name(), reason);
        app.refused(visit.trace, "seed 000 step 15", reason);
        return web::json(403, &json!({ "error": "forbidden" }));
    }
    app.saw(15, visit.trace, visit.peer_name(), "question for locations");
    let Ok(vraag) = serde_json::from_slice::<Locatievraag>(&visit.body) else {
        let reason = "the question names nobody, so nothing can be collected";
        app.saw_fail(16, visit.trace, "lokalisatie", reason);
        app.refused(visit.trace, "seed 000 step 16", reason);
        return web::json(400, &json!({ "error": "invalid_request" }));
    };
    let locaties = role.known(&vraag);
    let note = format!("{} locations collected", locaties.locaties.len());
    app.saw(16, visit.trace, "lokalisatie", note);
    web::json(200, &locaties)
}

#[cfg(test)]
mod tests {
    use identity::Bsn;

    use super::*;
    use crate::routes::testing::{Answer, Party, host, post};

    fn role(party: &Party) -> Router {
        let bsn = Bsn::parse("900186021").expect("a BSN");
        let ura = |text| Ura::parse(text).expect("a URA");
        let mut table = BsnTable::default();
        table.insert(&bsn, vec![ura("00000659"), ura("00000666")]);
        let mitz = host("mitz-back.localhost");
        LokalisatieRole::new(Arc::clone(&party.app), mitz, Arc::new(table)).router()
    }

    async fn ask(router: &Router, by: Option<&str>, body: &'static str) -> Answer {
        post(router, by, "/locaties", "application/json", body).await
    }

    const MITZ: Option<&str> = Some("mitz-back.localhost");

    #[tokio::test]
    async fn mitz_hears_which_providers_know_a_person() {
        let party = Party::new().await;
        let router = role(&party);
        let answer = ask(&router, MITZ, r#"{"bsn":"900186021"}"#).await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.json(),
            json!({ "locaties": ["00000659", "00000666"] })
        );
        // mitz case 26: known nowhere is an answer
        let answer = ask(&router, MITZ, r#"{"bsn":"900029365"}"#).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()),
            (200, json!({ "locaties": [] }))
        );
    }

    #[tokio::test]
    async fn nobody_else_hears_anything() {
        let party = Party::new().await;
        let router = role(&party);
        for by in [None, Some("dva-back.localhost"), Some("pgo.localhost")] {
            let answer = ask(&router, by, r#"{"bsn":"900186021"}"#).await;
            assert_eq!(answer.status, 403, "{by:?}");
            assert_eq!(answer.json(), json!({ "error": "forbidden" }));
        }
        assert!(party.log().contains("only Mitz may ask for locations"));
    }

    #[tokio::test]
    async fn an_unreadable_question_is_refused_and_not_repeated() {
        let party = Party::new().await;
        let router = role(&party);
        for body in [
            "",
            "[]",
            "{}",
            r#"{"bsn":"900186022"}"#,
            r#"{"bsn":900186021}"#,
        ] {
            let answer = ask(&router, MITZ, body).await;
            assert_eq!(answer.status, 400, "{body}");
            assert!(!answer.text().contains("9001860"));
        }
        assert!(!party.log().contains("9001860"));
    }
}
