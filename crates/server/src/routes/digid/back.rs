//! The back channel: an artifact for the answer behind it (digid.md §2.5).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use saml::artifact_resolve::{self, ArtifactResolve, Rejected};
use saml::artifact_response::{ArtifactResponse, Content};
use saml::incoming::IdentityProvider;
use verdict::{Moment, Step};

use super::answer::{self, Answer, Question};
use super::{DigidRole, entrance, login};
use crate::chance;
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

/// SOAP 1.1 (digid.md §2.5).
const TEXT_XML: &str = "text/xml; charset=utf-8";

/// A SOAP message with a signed `ArtifactResolve`.
pub(super) async fn resolve_artifact(State(role): State<Arc<DigidRole>>, visit: Visit) -> Response {
    resolve(&role, &visit, Endpoint::V3).await
}

/// Which of the two addresses for artifacts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// That of 3.x.
    V3,
    /// That of 4.x.
    Entrance,
}

/// The answer behind the artifact in a question.
pub(super) async fn resolve(role: &Arc<DigidRole>, visit: &Visit, at: Endpoint) -> Response {
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
    let asked = match role.question(visit, at, now).await {
        Ok(asked) => asked,
        // digid.md 3.4: 4.x says 400 to whatever is wrong
        Err(why) if at == Endpoint::Entrance => {
            app.refused(visit.trace, "digid.md 3.4", &why.text());
            return web::typed(400, "text/plain; charset=utf-8", "bad request\n");
        }
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
            return role.answer(at, &denied.request_id, Content::Refused, now);
        }
    };
    let request_id = asked.id.clone();
    let endpoint = role.endpoint_for(at, &asked.issuer).await;
    match settle(app, visit.trace, Resolving { asked, endpoint }).await {
        Ok(content) => role.answer(at, &request_id, content, now),
        Err(_) => web::unavailable(),
    }
}

impl DigidRole {
    /// Who can read the answer.
    async fn endpoint_for(&self, at: Endpoint, issuer: &str) -> answer::Endpoint {
        if at == Endpoint::V3 {
            return answer::Endpoint::V3;
        }
        let known = self.service_providers().await;
        let asker = known.iter().find(|sp| sp.entity_id == issuer);
        let certificates = asker.map_or(&[][..], |sp| &sp.encryption);
        answer::Endpoint::V4(entrance::recipients(issuer, certificates))
    }

    async fn question(
        &self,
        visit: &Visit,
        at: Endpoint,
        now: Moment,
    ) -> Result<ArtifactResolve, Rejected> {
        let url = match at {
            Endpoint::V3 => self.resolve_url(),
            Endpoint::Entrance => self.entrance_resolve_url(),
        };
        let judge = |at: IdentityProvider<'_>| artifact_resolve::receive(&visit.body, at, now);
        let not_found = |refusal: &Rejected| match refusal {
            Rejected::NotFound(why) => Some(*why),
            Rejected::Denied(_) => None,
        };
        self.judged(&url, judge, not_found).await
    }

    /// Seals what was decided.
    fn answer(&self, at: Endpoint, request_id: &str, content: Content, now: Moment) -> Response {
        let issuer = match at {
            Endpoint::V3 => &*self.entity_id,
            Endpoint::Entrance => entrance::TD,
        };
        let answer = ArtifactResponse {
            id: saml::message_id(chance::entropy().bytes("saml.artifact_response")),
            issue_instant: now,
            issuer: issuer.to_owned(),
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
    endpoint: answer::Endpoint,
}

impl Journey for Resolving {
    type Reply = Content;
    type Question = Question;

    fn begin(&self, run: &Run) -> Step<Content, Question> {
        Question::new(&self.asked, self.endpoint.clone(), run.now, &run.entropy).begin()
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
