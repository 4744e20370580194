//! What the client gets, as HTTP.

use std::sync::PoisonError;

use axum::body::Body;
use axum::response::Response;
use futures_util::{StreamExt as _, stream};
use http::header::{
    ALLOW, CONTENT_TYPE, ETAG, LAST_MODIFIED, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{HeaderName, HeaderValue};
use koppeltaal::resource_service::{Antwoord, FHIR_JSON, Inhoud, Refused, Sporen};
use protocol::bearer::BearerRefusal;

use super::journey::{InPassing, purpose};
use super::upstream::Passing;
use super::{DomeinNu, KoppeltaalRole, REQUEST_ID, TRACE_ID};
use crate::door::TooSoon;
use crate::{date, web};

/// The type and no charset for what has no body.
const NO_BODY: [u16; 2] = [204, 304];
/// Seconds after which a client may ask again when the FHIR server does not answer.
const RETRY_AFTER_S: HeaderValue = HeaderValue::from_static("5");

/// The answer of the rule.
pub(super) fn of(
    role: &KoppeltaalRole,
    domein: &DomeinNu,
    antwoord: Antwoord,
    passing: &InPassing,
) -> Response {
    let body = body(role, domein, antwoord.body, passing);
    let mut response = web::typed(antwoord.status, FHIR_JSON, body);
    if NO_BODY.contains(&antwoord.status) {
        response.headers_mut().remove(CONTENT_TYPE);
    }
    let allow = match antwoord.refused {
        Some(Refused::Method(methods)) => Some(methods.to_owned()),
        _ => None,
    };
    // RFC 6750 §3: the same whether the resource is there or not
    let is_beyond = antwoord.refused == Some(Refused::Forbidden);
    let challenge = is_beyond.then(|| BearerRefusal::InsufficientScope.challenge());
    let headers: [(HeaderName, Option<String>); 5] = [
        (ETAG, antwoord.etag),
        (LAST_MODIFIED, antwoord.last_modified),
        (LOCATION, antwoord.location),
        (ALLOW, allow),
        (WWW_AUTHENTICATE, challenge),
    ];
    for (name, value) in headers {
        // What the FHIR server sent and HTTP cannot carry is left out.
        if let Some(Ok(value)) = value.map(HeaderValue::try_from) {
            response.headers_mut().insert(name, value);
        }
    }
    if antwoord.refused == Some(Refused::Away) {
        response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_S);
    }
    response
}

fn body(role: &KoppeltaalRole, domein: &DomeinNu, body: Inhoud, passing: &InPassing) -> Body {
    match body {
        Inhoud::Leeg => Body::empty(),
        Inhoud::Json(json) => json.into(),
        Inhoud::Lijst(lijst) => {
            let purpose = purpose(domein);
            let sealed = |cursor: &_| role.app.seal.cookie(&purpose, cursor);
            lijst.to_json(&domein.urls.fhir(), sealed).into()
        }
        Inhoud::Capabilities(known) => {
            let date = date::instant(role.app.clock.now().unix());
            let statement = known.statement(&domein.urls.fhir(), &date);
            statement.to_string().into()
        }
        Inhoud::Doorgelaten => {
            let mut passing = passing.lock().unwrap_or_else(PoisonError::into_inner);
            passing.take().map_or_else(Body::empty, passed)
        }
    }
}

/// What came already, and then the rest as it comes. One that breaks off breaks the answer off.
fn passed(passing: Passing) -> Body {
    let begun = stream::iter(passing.begun.into_iter().map(Ok));
    Body::from_stream(begun.chain(passing.rest.rest()))
}

/// Something that we need does not answer.
pub(super) fn away() -> Response {
    web::with(outcome(Refused::Away), (RETRY_AFTER, RETRY_AFTER_S))
}

/// 429 with a time to try again (RFC 6585 §4).
pub(super) fn too_soon(soon: TooSoon) -> Response {
    let retry_after = (RETRY_AFTER, soon.retry_after_s().into());
    web::with(outcome(Refused::TooSoon), retry_after)
}

/// A refusal that no rule decided.
pub(super) fn outcome(why: Refused) -> Response {
    let (issue, text) = why.says();
    let outcome = fhir::operation_outcome(issue, text).to_string();
    web::typed(why.status(), FHIR_JSON, outcome)
}

/// The answer as FHIR.
pub(super) fn as_fhir(mut response: Response) -> Response {
    let fhir = HeaderValue::from_static(FHIR_JSON);
    response.headers_mut().insert(CONTENT_TYPE, fhir);
    response
}

/// The answer with the numbers of its request (koppeltaal case 74).
pub(super) fn traced(mut response: Response, sporen: &Sporen) -> Response {
    for (name, id) in [
        (REQUEST_ID, &sporen.request_id),
        (TRACE_ID, &sporen.trace_id),
    ] {
        // An id of FHIR is a header's value.
        if let Ok(value) = HeaderValue::from_str(id.as_str()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
