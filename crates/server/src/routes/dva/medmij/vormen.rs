//! In which forms a token request is taken, and what is read of it (design §5 "MedMij token request",
//! core.tknint.200).

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::ALLOW;
use http::{Method, StatusCode};
use medmij::token_interface::{GRANT_TYPES, REFRESH_CODE};
use protocol::refusal::{ErrorCode, Refusal};
use protocol::wire::{Known, Parameters};

use super::DvaRole;
use crate::web::Visit;

/// The parameters of a token request, and those by which a client would prove itself in another way than by
/// its certificate: they are refused beside it (RFC 6749 §2.3). Whatever else is sent is ignored, however it
/// is written (core.tknint.200).
const PARAMETERS: [&str; 8] = [
    "grant_type",
    "code",
    "refresh_token",
    "redirect_uri",
    "client_id",
    "client_secret",
    "client_assertion_type",
    "client_assertion",
];

/// GET, where it is configured (seed 003, medmij case 53). HEAD never: it would spend a code and give
/// nothing.
pub(in super::super) async fn by_get(
    State(role): State<Arc<DvaRole>>,
    method: Method,
    visit: Visit,
) -> Response {
    if method != Method::GET || !role.takes_get() {
        return role.no_such_method();
    }
    match known(visit.query.as_bytes()).all() {
        Ok(parameters) => role.medmij_token(&visit, &parameters).await,
        Err(malformed) => role.no_token(&visit, &as_refusal(malformed.text())),
    }
}

/// What no token request comes by.
pub(in super::super) async fn other_method(State(role): State<Arc<DvaRole>>) -> Response {
    role.no_such_method()
}

impl DvaRole {
    fn takes_get(&self) -> bool {
        let medmij = self.medmij.as_ref();
        medmij.is_some_and(|medmij| medmij.vormen.get_query)
    }

    /// 405, with the methods that this DVA takes.
    fn no_such_method(&self) -> Response {
        let taken = if self.takes_get() {
            "GET, POST"
        } else {
            "POST"
        };
        (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, taken)]).into_response()
    }

    /// The parameters of a POST that is for MedMij's own token interface; nothing when it is not, which
    /// the endpoint of the chain with Mitz then answers.
    pub(in super::super) fn medmij_parameters(
        &self,
        visit: &Visit,
    ) -> Option<Result<Parameters, Refusal>> {
        let medmij = self.medmij.as_ref()?;
        let query = known(visit.query.as_bytes());
        let by_query = visit.body.is_empty() && !query.is_empty();
        let sent = if by_query {
            query.clone()
        } else if visit.has_media_type(FORM) {
            known(&visit.body)
        } else {
            return None;
        };
        // One that cannot be read is nobody's: the chain's endpoint says so.
        let grant = sent.get("grant_type").ok().flatten().unwrap_or_default();
        let is_refresh_code = medmij.left_open.refresh_code && grant == REFRESH_CODE;
        if !is_refresh_code && !GRANT_TYPES.contains(&grant) {
            return None;
        }
        Some(if by_query && !medmij.vormen.post_query {
            Err(as_refusal("the parameters are in the query"))
        } else if !by_query && !query.is_empty() {
            Err(as_refusal("there are parameters in both query and body"))
        } else {
            sent.all().map_err(|malformed| as_refusal(malformed.text()))
        })
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

fn known(bytes: &[u8]) -> Known {
    Known::read(bytes, &PARAMETERS)
}

const fn as_refusal(reason: &'static str) -> Refusal {
    Refusal::new(ErrorCode::InvalidRequest, "core.tknint.200", reason)
}
