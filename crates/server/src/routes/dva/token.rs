//! Steps 23–28 at the Authorization server: an ID token of Mitz for an access token.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use fhir::Bevinding;
use identity::{Hostname, Zorgaanbiedernaam};
use jose::{Algorithm, Expected, Jwks, Typ};
use mitz::dva::token::{MitzAntwoord, TokenAnswer, TokenRequest, Vraag, functie};
use mitz::locatietoken::{self, Locatietoken};
use mitz::lokalisatie::NietBereikbaar;
use mitz::toestemming::Functie;
use protocol::access_token::AccessToken;
use protocol::client::{ProvenClient, Shown};
use protocol::refusal::{ErrorCode, Refusal};
use protocol::token_exchange::{ACCESS_TOKEN_TYPE, Exchange};
use protocol::wire::Parameters;
use serde_json::json;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use verdict::Step;

use super::{DvaRole, LEEWAY_S};
use crate::jwks::NoKeys;
use crate::keys::Ring;
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, NotAForm, Visit};

/// The rules by which step 27 refuses.
const STEP_27: [&str; 4] = [
    "mitz case 49",
    "mitz case 50",
    "mitz.md §2.8",
    "core.dossier.108",
];

const BAD_ID_TOKEN: &str = "the ID token is not signed by Mitz for this DVA, or is over";

/// An ID token of Mitz for an access token.
pub(super) async fn token(State(role): State<Arc<DvaRole>>, visit: Visit) -> Response {
    match role.medmij_parameters(&visit) {
        Some(Ok(parameters)) => return role.medmij_token(&visit, &parameters).await,
        Some(Err(refusal)) => return role.no_token(&visit, &refusal),
        None => {}
    }
    let arrived = Instant::now();
    let (client, exchange, functie) = match role.exchange(&visit).await {
        Ok(read) => read,
        Err(refusal) => return role.refused_early(&visit, &refusal),
    };
    let turn = role.app.turn(visit.trace, role.ura_of(&exchange.audience));
    turn.saw(23, visit.peer_name(), "token request with ID token");
    let Ok(id_token) = role.id_token(&exchange.id_token).await else {
        let reason = "the keys of Mitz cannot be had";
        role.app.refused(visit.trace, "mitz case 48", reason);
        return web::unavailable();
    };
    let journey = TokenJourney {
        request: role.request(client, exchange, functie, id_token),
        role: Arc::clone(&role),
        antwoord: OnceCell::new(),
        bevinding: OnceCell::new(),
    };
    let answer = settle(&role.app, visit.trace, journey).await;
    if let Some((note, ok)) = answer.as_ref().ok().and_then(availability) {
        turn.told(27, "xis", note, ok);
    }
    role.answered(arrived, answer).await
}

/// What step 27 came to, when it was reached.
fn availability(answer: &TokenAnswer) -> Option<(&'static str, bool)> {
    match answer {
        TokenAnswer::Issued(_) => Some(("data are available", true)),
        TokenAnswer::RefusedAlike(refusal) if STEP_27.contains(&refusal.requirement) => {
            Some(("nothing is available", false))
        }
        TokenAnswer::RefusedAlike(_) | TokenAnswer::Refused(_) => None,
    }
}

struct TokenJourney {
    role: Arc<DvaRole>,
    request: TokenRequest,
    antwoord: OnceCell<Result<MitzAntwoord, NietBereikbaar>>,
    bevinding: OnceCell<Result<Bevinding, NietBereikbaar>>,
}

impl Journey for TokenJourney {
    type Reply = TokenAnswer;
    type Question = Vraag;

    fn begin(&self, run: &Run) -> Step<TokenAnswer, Vraag> {
        self.request.begin(&self.role.dva, run.now, &run.entropy)
    }

    async fn answer(&self, run: &Run, question: Vraag) -> Result<Step<TokenAnswer, Vraag>, Outage> {
        Ok(match question {
            Vraag::Toestemming(q) => {
                let ask = || self.role.ask_mitz(run, &q);
                let antwoord = self.antwoord.get_or_init(ask).await.clone();
                q.answer(antwoord)
            }
            Vraag::Beschikbaarheid(q) => {
                let ask = || self.role.ask_xis(run.trace, &q);
                let bevinding = self.bevinding.get_or_init(ask).await.clone();
                q.answer(bevinding)
            }
        })
    }
}

impl DvaRole {
    /// Refused by what the request itself says, before anything of the person is known.
    fn refused_early(&self, visit: &Visit, refusal: &Refusal) -> Response {
        let (requirement, reason) = (refusal.requirement, refusal.reason);
        self.app
            .saw_fail(23, visit.trace, visit.peer_name(), reason);
        self.app.refused(visit.trace, requirement, reason);
        web::refused(refusal.error)
    }

    /// Step 28. Refusals that could tell of a treatment relation leave at one moment.
    async fn answered(&self, arrived: Instant, answer: Result<TokenAnswer, Outage>) -> Response {
        match answer {
            Ok(TokenAnswer::Issued(token)) => self.issued(&token),
            Ok(TokenAnswer::Refused(refusal)) => web::refused(refusal.error),
            Ok(TokenAnswer::RefusedAlike(refusal)) => {
                self.alike.wait(arrived).await;
                web::refused(refusal.error)
            }
            Err(_) => web::unavailable(),
        }
    }

    /// The request, with the moment before which nothing of Mitz for this client counts.
    fn request(
        &self,
        client: ProvenClient,
        exchange: Exchange,
        functie: Functie,
        id_token: Result<Locatietoken, &'static str>,
    ) -> TokenRequest {
        let not_before = self.app.keys.not_before().of(&self.dva.mitz, client.id());
        TokenRequest::new(client, exchange, functie, id_token).not_before(not_before)
    }

    /// The request of a DVP that proved who it is and stands in the OCL.
    async fn exchange(&self, visit: &Visit) -> Result<(ProvenClient, Exchange, Functie), Refusal> {
        let form = visit.form().map_err(NotAForm::refusal)?;
        let client = self.taking_part(visit, &form).await?;
        let exchange = Exchange::read(&form, self.dva.jwt_bearer)?;
        Ok((client, exchange, functie(&form)?))
    }

    /// A DVP that proved by its certificate who it is, and stands in the OCL.
    pub(super) async fn taking_part(
        &self,
        visit: &Visit,
        parameters: &Parameters,
    ) -> Result<ProvenClient, Refusal> {
        let peer = visit.certificate(&self.app.clock);
        let shown = Shown::read(parameters, peer.as_ref(), visit.has_authorization());
        let client = self.clients.prove(&shown, None)?;
        self.is_in_the_ocl(client.id()).await?;
        Ok(client)
    }

    /// core.ocl.201: checked at every request, and fails closed.
    async fn is_in_the_ocl(&self, client_id: &str) -> Result<(), Refusal> {
        let refuse = |error, reason| Err(Refusal::new(error, "core.ocl.201", reason));
        let Ok(client) = Hostname::parse(client_id) else {
            return refuse(ErrorCode::InvalidClient, "the client names no host");
        };
        match self.lists.is_client(&self.app, &client).await {
            Ok(true) => Ok(()),
            Ok(false) => refuse(
                ErrorCode::InvalidClient,
                "the client does not stand in the OCL",
            ),
            Err(_) => refuse(ErrorCode::TemporarilyUnavailable, "the OCL cannot be had"),
        }
    }

    fn ura_of(&self, audience: &str) -> Option<String> {
        let naam = Zorgaanbiedernaam::parse(audience).ok()?;
        Some(self.dva.aanbieders.get(&naam)?.ura.to_string())
    }

    /// The claims of the ID token when the signature of Mitz holds (mitz cases 38 and 39), else why
    /// not; no answer when the keys of Mitz cannot be had.
    async fn id_token(&self, text: &str) -> Result<Result<Locatietoken, &'static str>, NoKeys> {
        let url = &self.urls.mitz_jwks;
        let keys = self.mitz_keys.keys(&self.app, url).await?;
        match self.verified(text, &keys) {
            Err(jose::Refused::UnknownKey) => {
                let keys = self.mitz_keys.keys_again(&self.app, url).await?;
                Ok(self.verified(text, &keys).map_err(|_| BAD_ID_TOKEN))
            }
            read => Ok(read.map_err(|_| BAD_ID_TOKEN)),
        }
    }

    fn verified(&self, text: &str, keys: &Jwks) -> Result<Locatietoken, jose::Refused> {
        let expected = Expected {
            typ: Typ::Is(locatietoken::TYP),
            issuer: &self.dva.mitz,
            audience: &[&self.dva.issuer],
            now: self.app.clock.now(),
            leeway_s: LEEWAY_S,
        };
        let claims = jose::verify(text, keys, &[Algorithm::Es256], &expected)?;
        claims.parse_all().map_err(|_| jose::Refused::Payload)
    }

    /// Step 28 (RFC 8693 §2.2.1).
    fn issued(&self, token: &AccessToken) -> Response {
        let set = self.app.keys.set();
        let key = set.access_tokens().map(Ring::current);
        let Some(access_token) = key.ok().and_then(|key| key.sign("JWT", token).ok()) else {
            return web::unavailable();
        };
        web::json(
            200,
            &json!({
                "access_token": access_token,
                "issued_token_type": ACCESS_TOKEN_TYPE,
                "token_type": "Bearer",
                "expires_in": token.expires_in_s(),
                "scope": token.scope,
            }),
        )
    }
}
