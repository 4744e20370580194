//! The back channel: an artifact for the answer behind it (digid.md §2.5).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use saml::artifact_resolve::{self, ArtifactResolve, Rejected};
use saml::artifact_response::{ArtifactResponse, Content};
use saml::incoming::IdentityProvider;
use verdict::{Moment, Step};

use super::answer::{Answer, Question};
use super::{DigidRole, login};
use crate::chance;
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

/// SOAP 1.1 (digid.md §2.5).
const TEXT_XML: &str = "text/xml; charset=utf-8";

/// A SOAP message with a signed `ArtifactResolve`.
pub(super) async fn resolve_artifact(State(role): State<Arc<DigidRole>>, visit: Visit) -> Response {
    let app = &role.app;
    // digid case 16: the handshake asked for a certificate; it must still hold at this request.
    if visit.certificate(&app.clock).is_none() {
        app.refused(
            visit.trace,
            "digid case 16",
            "the client certificate is missing or over",
        );
        return web::typed(
            403,
            "text/plain; charset=utf-8",
            "a client certificate is needed\n",
        );
    }
    let now = app.clock.now();
    let asked = match role.question(&visit, now).await {
        Ok(asked) => asked,
        Err(Rejected::NotFound(why)) => {
            let requirement = super::requirement(why, "digid case 15");
            app.refused(visit.trace, requirement, &why.to_string());
            return web::typed(404, "text/plain; charset=utf-8", "not found\n");
        }
        Err(Rejected::Denied(denied)) => {
            app.refused(
                visit.trace,
                login::requirement(denied.why),
                denied.why.text(),
            );
            return role.answer(&denied.request_id, Content::Refused, now);
        }
    };
    let request_id = asked.id.clone();
    match settle(app, visit.trace, Resolving { asked }).await {
        Ok(content) => role.answer(&request_id, content, now),
        Err(_) => web::unavailable(),
    }
}

impl DigidRole {
    async fn question(&self, visit: &Visit, now: Moment) -> Result<ArtifactResolve, Rejected> {
        let judge = |at: IdentityProvider<'_>| artifact_resolve::receive(&visit.body, at, now);
        let not_found = |refusal: &Rejected| match refusal {
            Rejected::NotFound(why) => Some(*why),
            Rejected::Denied(_) => None,
        };
        self.judged(&self.resolve_url(), judge, not_found).await
    }

    /// Seals what was decided.
    fn answer(&self, request_id: &str, content: Content, now: Moment) -> Response {
        let answer = ArtifactResponse {
            id: saml::message_id(chance::entropy().bytes("saml.artifact_response")),
            issue_instant: now,
            issuer: self.entity_id.clone(),
            in_response_to: request_id.to_owned(),
            content,
        };
        match answer.to_soap(&self.key) {
            Ok(soap) => web::typed(200, TEXT_XML, soap),
            Err(_) => web::unavailable(),
        }
    }
}

struct Resolving {
    asked: ArtifactResolve,
}

impl Journey for Resolving {
    type Reply = Content;
    type Question = Question;

    fn begin(&self, run: &Run) -> Step<Content, Question> {
        Question::new(&self.asked, run.now, &run.entropy).begin()
    }

    async fn answer(
        &self,
        run: &Run,
        question: Question,
    ) -> Result<Step<Content, Question>, Outage> {
        let found = run.load::<Answer>(question.key()).await?;
        Ok(question.answer(found))
    }
}
