//! The token endpoint of a domain (seed 004).

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::response::Response;
use koppeltaal::client_assertion::ProvenApplicatie;
use koppeltaal::launch::code::AUTHORIZATION_CODE;
use koppeltaal::token_endpoint::{
    ACCESS_TOKEN_S, CLIENT_CREDENTIALS, Domeinvraag, TokenAnswer, TokenRequest,
};
use protocol::refusal::{ErrorCode, Refusal};
use protocol::wire::Parameters;
use serde::Serialize;
use verdict::{Key, Step};

use super::zicht::Zicht;
use super::{DomeinNu, InPath, KoppeltaalRole, no_domain};
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, NotAForm, Visit};

/// A token for a proven application.
pub(super) async fn token(
    State(role): State<Arc<KoppeltaalRole>>,
    path: InPath,
    visit: Visit,
) -> Response {
    let Some(domein) = role.domein(&path) else {
        return no_domain();
    };
    role.answer(&domein, &visit).await
}

impl KoppeltaalRole {
    async fn answer(self: &Arc<Self>, domein: &Arc<DomeinNu>, visit: &Visit) -> Response {
        let form = match visit.form().map_err(NotAForm::refusal) {
            Ok(form) => form,
            Err(refusal) => return self.refused(visit, &refusal),
        };
        match form.get("grant_type") {
            Some(AUTHORIZATION_CODE) => self.authorization_code(domein, visit, &form).await,
            Some(CLIENT_CREDENTIALS) => self.client_credentials(domein, visit, &form).await,
            Some(_) => {
                let reason = "the grant_type is another";
                let refusal = unsupported(ErrorCode::UnsupportedGrantType, reason);
                self.refused(visit, &refusal)
            }
            None => {
                let refusal = unsupported(ErrorCode::InvalidRequest, "grant_type is missing");
                self.refused(visit, &refusal)
            }
        }
    }

    /// SMART backend services (koppeltaal.md §1.7).
    async fn client_credentials(
        self: &Arc<Self>,
        domein: &Arc<DomeinNu>,
        visit: &Visit,
        form: &Parameters,
    ) -> Response {
        // koppeltaal case 21: the address of the endpoint called (design §5 "client assertion aud")
        let here = domein.urls.token();
        let applicatie = match self.proven(domein, visit, form, &[&here]).await {
            Ok(applicatie) => applicatie,
            Err(response) => return response,
        };
        let request = match TokenRequest::new(applicatie, form.get("scope")) {
            Ok(request) => request,
            Err(refusal) => return self.refused(visit, &refusal),
        };
        let signed = Arc::default();
        let journey = TokenJourney {
            zicht: Zicht::of(self, domein),
            request,
            signed: Arc::clone(&signed),
        };
        match settle(&self.app, visit.trace, journey).await {
            Ok(TokenAnswer::Issued(token)) => issued(&token.scope, &signed),
            Ok(TokenAnswer::Refused(refusal)) => web::refused(refusal.error),
            Err(_) => web::unavailable(),
        }
    }

    /// The application, if it proved itself to one of these and does not ask too often.
    pub(super) async fn proven(
        &self,
        domein: &DomeinNu,
        visit: &Visit,
        form: &Parameters,
        audience: &[&str],
    ) -> Result<ProvenApplicatie, Response> {
        let proven = self.prove(domein, visit, form, audience).await;
        let applicatie = proven.map_err(|refusal| self.refused(visit, &refusal))?;
        visit
            .turn_of(&applicatie.client_id().to_string())
            .map_err(|soon| {
                if soon.is_first {
                    // koppeltaal case 114
                    self.app
                        .refused(visit.trace, "RFC 6585 §4", "the client asks too often");
                }
                web::too_soon(soon)
            })?;
        Ok(applicatie)
    }

    /// What the caller gets, and a line for the operator.
    pub(super) fn refused(&self, visit: &Visit, refusal: &Refusal) -> Response {
        self.app
            .refused(visit.trace, refusal.requirement, refusal.reason);
        web::refused(refusal.error)
    }
}

const fn unsupported(error: ErrorCode, reason: &'static str) -> Refusal {
    Refusal::new(error, "koppeltaal case 13", reason)
}

/// The answer of seed 004.
#[derive(Serialize)]
struct Issued<'a> {
    access_token: &'a str,
    expires_in: u32,
    scope: &'a str,
    token_type: &'static str,
}

fn issued(scope: &str, signed: &Mutex<Option<String>>) -> Response {
    let signed = signed.lock().unwrap_or_else(PoisonError::into_inner).take();
    match signed {
        Some(access_token) => web::json(
            200,
            &Issued {
                access_token: &access_token,
                expires_in: ACCESS_TOKEN_S,
                scope,
                token_type: "bearer",
            },
        ),
        None => web::unavailable(),
    }
}

struct TokenJourney {
    zicht: Zicht,
    request: TokenRequest,
    signed: Arc<Mutex<Option<String>>>,
}

impl Journey for TokenJourney {
    type Reply = TokenAnswer;
    type Question = Domeinvraag;

    fn begin(&self, run: &Run) -> Step<TokenAnswer, Domeinvraag> {
        self.request.begin(run.now, &run.entropy)
    }

    async fn answer(
        &self,
        _: &Run,
        question: Domeinvraag,
    ) -> Result<Step<TokenAnswer, Domeinvraag>, Outage> {
        let domein = self.zicht.now().await?;
        Ok(question.answer(domein.as_ref().map(|domein| domein.nu())))
    }

    fn prepare(&self, reply: &TokenAnswer) -> Result<(), Outage> {
        if let TokenAnswer::Issued(token) = reply {
            let set = self.zicht.role().app.keys.set();
            // "JWT", since resource services of other make know no other type (koppeltaal.md §1.7)
            let signed = set.tokens()?.current().sign("JWT", token)?;
            *self.signed.lock().unwrap_or_else(PoisonError::into_inner) = Some(signed);
        }
        Ok(())
    }

    fn lost(&self, key: &Key) -> Option<Step<TokenAnswer, Domeinvraag>> {
        self.zicht.lost(key);
        TokenRequest::lost(key)
    }
}
