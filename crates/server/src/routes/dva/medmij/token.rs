//! The token interface (medmij.md §4, core.tknint; seed 003).

use std::sync::Arc;

use axum::response::Response;
use fhir::Bevinding;
use identity::GegevensdienstId;
use medmij::scope::Scope;
use medmij::toestemming::{Geheim, Toestemming};
use medmij::token_interface::{
    Issued, Offer, REFRESH_TOKEN, TokenAnswer, TokenRequest, Verleenbaar, VerleenbaarVraag, Vraag,
    gevraagd,
};
use mitz::dva::Aanbieder;
use protocol::client::ProvenClient;
use protocol::refusal::{ErrorCode, Refusal};
use protocol::wire::Parameters;
use serde_json::json;
use tokio::time::Instant;
use verdict::{Key, Step};

use super::DvaRole;
use super::request_ids::{CORRELATION_ID, has_numbers};
use crate::keys::Ring;
use crate::lists::ListDown;
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

impl DvaRole {
    pub(in super::super) fn no_token(&self, visit: &Visit, refusal: &Refusal) -> Response {
        self.app
            .refused(visit.trace, refusal.requirement, refusal.reason);
        web::refused(refusal.error)
    }

    /// A code or a refresh token for an access token.
    pub(in super::super) async fn medmij_token(
        self: &Arc<Self>,
        visit: &Visit,
        parameters: &Parameters,
    ) -> Response {
        let arrived = Instant::now();
        let (client, offer) = match self.offered(visit, parameters).await {
            Ok(offered) => offered,
            Err(refusal) => return self.no_token(visit, &refusal),
        };
        let not_before = self.app.keys.not_before();
        let journey = TokenJourney {
            role: Arc::clone(self),
            request: TokenRequest::new(
                client.clone(),
                offer,
                self.dva.issuer.clone(),
                self.dva.leeftijd_min,
                not_before.of(&self.dva.issuer, client.id()),
            )
            .nothing_available(self.left_open().nothing_available.error()),
            correlation_id: visit.header(&CORRELATION_ID).unwrap_or_default().to_owned(),
            client,
        };
        match settle(&self.app, visit.trace, journey).await {
            Ok(TokenAnswer::Issued(issued)) => self.issued_to(&issued),
            Ok(TokenAnswer::Refused(refusal)) => web::refused(refusal.error),
            Ok(TokenAnswer::RefusedAlike(refusal)) => {
                self.alike.wait(arrived).await;
                web::refused(refusal.error)
            }
            // Whoever tried again would be refused.
            Ok(TokenAnswer::Verspeeld(refusal)) => web::without_retry(web::refused(refusal.error)),
            Err(_) => web::unavailable(),
        }
    }

    /// A client that proved who it is and takes part, and what it offers. Nothing is spent yet.
    async fn offered(
        &self,
        visit: &Visit,
        parameters: &Parameters,
    ) -> Result<(ProvenClient, Offer), Refusal> {
        let client = self.taking_part(visit, parameters).await?;
        // core.tknint.208 (medmij cases 56 and 57)
        if !has_numbers(visit) {
            let reason = "MedMij-Request-ID or X-Correlation-ID is missing or no UUID";
            let requirement = "core.tknint.208";
            if !self.left_open().unnumbered_token_requests {
                return Err(Refusal::new(ErrorCode::InvalidRequest, requirement, reason));
            }
            let reason = "MedMij-Request-ID or X-Correlation-ID is missing; the request was served";
            self.app
                .refused_to(client.id(), visit.trace, requirement, reason);
        }
        let open = |purpose, text: &str| self.app.handles.open(purpose, text);
        let refresh_code = self.left_open().refresh_code;
        Ok((client, Offer::read(parameters, refresh_code, open)?))
    }

    /// core.tknint.201: tokens, and the numbers of what they open.
    fn issued_to(&self, issued: &Issued) -> Response {
        let token = &issued.access_token;
        let set = self.app.keys.set();
        let key = set.access_tokens().map(Ring::current);
        let Some(access_token) = key.ok().and_then(|key| key.sign("JWT", token).ok()) else {
            return web::unavailable();
        };
        let mut body = json!({
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": token.expires_in_s(),
            "scope": token.scope,
        });
        if let Some(handle) = issued.refresh_token {
            body["refresh_token"] = self.app.handles.make(REFRESH_TOKEN, handle).into();
        }
        web::json(200, &body)
    }

    /// The gegevensdiensten of an Aanbieder that a scope asks for and a client is recognised for.
    pub(super) async fn gevraagd(
        &self,
        client_id: &str,
        scope: &Scope,
        aanbieder: &Aanbieder,
    ) -> Result<Vec<GegevensdienstId>, ListDown> {
        let ocl = self.lists.ocl(&self.app).await?;
        let is_recognised = |id: &GegevensdienstId| {
            let medmij = self.medmij.as_ref();
            medmij.is_some_and(|medmij| medmij.is_recognised(&ocl, client_id, id))
        };
        let offered = aanbieder.gegevensdiensten.keys();
        Ok(gevraagd(scope, offered, is_recognised))
    }
}

struct TokenJourney {
    role: Arc<DvaRole>,
    request: TokenRequest,
    client: ProvenClient,
    correlation_id: String,
}

impl Journey for TokenJourney {
    type Reply = TokenAnswer;
    type Question = Vraag;

    fn begin(&self, run: &Run) -> Step<TokenAnswer, Vraag> {
        self.request.begin(run.now)
    }

    async fn answer(&self, run: &Run, question: Vraag) -> Result<Step<TokenAnswer, Vraag>, Outage> {
        Ok(match question {
            Vraag::Toestemming(q) => {
                let found = run.load::<Toestemming>(q.key()).await?;
                if let Some(found) = &found {
                    self.notice(run, &found.value);
                }
                q.answer(found)
            }
            Vraag::Verleenbaar(q) => {
                let verleenbaar = self.verleenbaar(run, &q).await;
                q.answer(verleenbaar)
            }
        })
    }

    fn lost(&self, key: &Key) -> Option<Step<TokenAnswer, Vraag>> {
        self.request.lost(key)
    }
}

impl TokenJourney {
    /// core.tknint.208 (medmij case 57): a code is presented under the number of its authorization request.
    /// A client that does otherwise is told of, and served.
    fn notice(&self, run: &Run, found: &Toestemming) {
        let is_code = matches!(found.geheim, Geheim::Code(_));
        if is_code && found.correlation_id != self.correlation_id {
            let reason = "X-Correlation-ID differs from the authorization request";
            let app = &self.role.app;
            app.refused_to(self.client.id(), run.trace, "core.tknint.208", reason);
        }
    }

    /// What can be given now (core.tknint.201): an Aanbieder that left this DVA offers nothing.
    async fn verleenbaar(&self, run: &Run, q: &VerleenbaarVraag) -> Verleenbaar {
        let dagen_max = self
            .role
            .medmij
            .as_ref()
            .map_or(0, |medmij| medmij.abonneren_max);
        let Some(aanbieder) = self.role.aanbieder_of(q.scope()) else {
            return Verleenbaar {
                gevraagd: Vec::new(),
                bevinding: Some(Bevinding::none()),
                dagen_max,
            };
        };
        let asked = self
            .role
            .gevraagd(self.client.id(), q.scope(), aanbieder)
            .await;
        let Ok(gevraagd) = asked else {
            return Verleenbaar {
                gevraagd: Vec::new(),
                bevinding: None,
                dagen_max,
            };
        };
        let diensten = gevraagd
            .iter()
            .filter_map(|id| aanbieder.gegevensdiensten.get(id));
        let found = self.role.bevinding(run.trace, q.ura(), q.bsn(), diensten);
        Verleenbaar {
            bevinding: found.await.ok(),
            gevraagd,
            dagen_max,
        }
    }
}
