//! The token endpoint of the provider.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::response::Response;
use protocol::assertion::Receiver;
use protocol::client::{ProvenClient, Shown};
use protocol::refusal::{ErrorCode, Refusal};
use serde_json::json;
use verdict::{Key, Step};

use super::IdpRole;
use super::code::{Antwoord, CODE, Grant, TokenVerzoek};
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, NotAForm, Visit};

/// A code for an ID token (OIDC Core §3.1.3.3).
pub(super) async fn token(State(role): State<Arc<IdpRole>>, visit: Visit) -> Response {
    let verzoek = match role.verzoek(&visit).await {
        Ok(verzoek) => verzoek,
        Err(refusal) => {
            let (requirement, reason) = (refusal.requirement, refusal.reason);
            role.app.refused(visit.trace, requirement, reason);
            return web::refused(refusal.error);
        }
    };
    let signed = Arc::default();
    let journey = Tokenreis {
        role: Arc::clone(&role),
        verzoek,
        signed: Arc::clone(&signed),
    };
    match settle(&role.app, visit.trace, journey).await {
        Ok(Antwoord::Issued(_)) => issued(&signed),
        Ok(Antwoord::Refused(refusal)) => web::refused(refusal.error),
        Err(_) => web::unavailable(),
    }
}

fn issued(signed: &Mutex<Option<String>>) -> Response {
    let signed = signed.lock().unwrap_or_else(PoisonError::into_inner).take();
    signed.map_or_else(web::unavailable, |id_token| {
        web::json(
            200,
            // It has nothing else to give: no userinfo stands behind this.
            &json!({ "access_token": "none", "token_type": "Bearer", "id_token": id_token }),
        )
    })
}

impl IdpRole {
    async fn verzoek(&self, visit: &Visit) -> Result<TokenVerzoek, Refusal> {
        let form = visit.form().map_err(NotAForm::refusal)?;
        let refuse = |error, reason| Refusal::new(error, "RFC 6749 §5.2", reason);
        if form.get("grant_type") != Some("authorization_code") {
            let reason = "the grant type is not offered here";
            return Err(refuse(ErrorCode::UnsupportedGrantType, reason));
        }
        let reason = "the client's keys cannot be had";
        let no_keys = refuse(ErrorCode::TemporarilyUnavailable, reason);
        let clients = self.clients().await.map_err(|_| no_keys)?;
        let receiver = Receiver {
            audience: &[&self.given.front],
            now: self.app.clock.now(),
        };
        let shown = Shown::read(&form, None, visit.has_authorization());
        let client = clients.prove(&shown, Some(&receiver))?;
        let code = form.get("code");
        let handle = code.and_then(|text| self.app.handles.open(CODE, text));
        Ok(TokenVerzoek {
            client,
            handle: handle.ok_or(refuse(
                ErrorCode::InvalidGrant,
                "the code is missing or none of ours",
            ))?,
            redirect_uri: form.get("redirect_uri").map(str::to_owned),
            code_verifier: form.get("code_verifier").unwrap_or_default().to_owned(),
            issuer: self.given.front.clone(),
        })
    }
}

struct Tokenreis {
    role: Arc<IdpRole>,
    verzoek: TokenVerzoek,
    signed: Arc<Mutex<Option<String>>>,
}

impl Journey for Tokenreis {
    type Reply = Antwoord;
    type Question = ();

    fn begin(&self, _: &Run) -> Step<Antwoord, ()> {
        Step::Ask(())
    }

    async fn answer(&self, run: &Run, (): ()) -> Result<Step<Antwoord, ()>, Outage> {
        let found = run
            .load::<Grant>(Grant::key(self.verzoek.handle.id))
            .await?;
        Ok(self.verzoek.answer(found, run.now))
    }

    fn prepare(&self, reply: &Antwoord) -> Result<(), Outage> {
        if let Antwoord::Issued(claims) = reply {
            let set = self.role.app.keys.set();
            let signed = set.tokens()?.current().sign("JWT", claims)?;
            *self.signed.lock().unwrap_or_else(PoisonError::into_inner) = Some(signed);
        }
        Ok(())
    }

    fn lost(&self, key: &Key) -> Option<Step<Antwoord, ()>> {
        let refusal = ProvenClient::is_replay(key)?;
        Some(Step::reply(Antwoord::Refused(refusal)))
    }
}
