//! Why a request of the administration was not done: problem details (RFC 9457).

use axum::response::Response;
use http::header::{ETAG, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue};
use koppeltaal::domeinconfiguratie::Fout;
use serde_json::json;

use super::strict::Refused;
use crate::app::App;
use crate::domeinbeheer::NietGedaan;
use crate::door::{TooSoon, TraceId};
use crate::settle::Outage;
use crate::web;

/// Seconds after which it makes sense to try again when something that we need does not answer.
const RETRY_AFTER_S: &str = "5";

/// Why not.
#[derive(Debug)]
pub(super) struct Problem(Box<Said>);

#[derive(Debug)]
struct Said {
    status: u16,
    title: &'static str,
    detail: String,
    member: Option<String>,
    header: Option<(HeaderName, HeaderValue)>,
    /// For the operator alone.
    told: Option<String>,
}

impl Problem {
    pub(super) fn new(status: u16, title: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Said {
            status,
            title,
            detail: detail.into(),
            member: None,
            header: None,
            told: None,
        }))
    }

    /// The same with a header.
    fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.header = Some((name, value));
        self
    }

    /// The same about a member.
    fn about(mut self, member: &str) -> Self {
        self.0.member = Some(member.to_owned()).filter(|member| !member.is_empty());
        self
    }

    /// No key, or none that works (RFC 6750 §3). It is not told which.
    pub(super) fn unauthorized() -> Self {
        let detail = "show an administration key as Authorization: Bearer";
        let bearer = HeaderValue::from_static("Bearer realm=\"beheer\"");
        Self::new(401, "No administration key", detail).with(WWW_AUTHENTICATE, bearer)
    }

    /// A key that is for other domains.
    pub(super) fn forbidden() -> Self {
        let detail = "the administration key is not for this domain";
        Self::new(403, "Not this domain", detail)
    }

    /// What only who runs the service says (TOP-KT-018).
    pub(super) fn not_his(member: &str) -> Self {
        let detail = "this takes a key that is for every domain";
        Self::new(403, "Not with this key", detail).about(member)
    }

    /// There is no such domain, application, role or identity provider.
    pub(super) fn unknown(what: &str) -> Self {
        Self::new(404, "Not there", format!("there is no such {what}"))
    }

    /// Another method than the address takes (RFC 9110 §15.5.6).
    pub(super) fn other_method() -> Self {
        let detail = "Allow says which methods there are";
        Self::new(405, "Not with this method", detail)
    }

    /// A body of another type.
    pub(super) fn media_type(expected: &str) -> Self {
        Self::new(415, "Another media type", format!("expected {expected}"))
    }

    /// A body that is no JSON.
    fn malformed(why: &serde_json::Error) -> Self {
        Self::new(400, "No JSON", format!("the body is no JSON: {why}"))
    }

    /// A parameter or header that does not say what it must.
    pub(super) fn bad(member: &str, why: &str) -> Self {
        Self::new(400, "Not understood", why).about(member)
    }

    /// A change that does not say which version it begins from.
    pub(super) fn unconditional(expected: &str) -> Self {
        Self::new(428, "No version", format!("expected {expected}"))
    }

    /// A change that begins from a version that is no more.
    pub(super) fn stale(versie: Option<u64>) -> Self {
        let tag = versie.and_then(|versie| HeaderValue::from_str(&format!("\"{versie}\"")).ok());
        let detail = "the domain was changed by somebody else; read it again";
        let stale = Self::new(412, "Another version", detail);
        match tag {
            Some(tag) => stale.with(ETAG, tag),
            None => stale,
        }
    }

    /// A key that asks too often.
    pub(super) fn too_soon(soon: TooSoon) -> Self {
        let often = Self::new(429, "Too often", "wait for as long as Retry-After says");
        often.with(RETRY_AFTER, soon.retry_after_s().into())
    }

    /// Something that we need does not answer; `told` is for the operator.
    fn outage(told: String) -> Self {
        let mut not_now = Self::new(503, "Not now", "try again in a moment");
        not_now.0.told = Some(told);
        not_now.with(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S))
    }

    /// As it is answered, and a line for the operator where something is wrong here.
    pub(super) fn response(self, app: &App, trace: TraceId) -> Response {
        let said = *self.0;
        if let Some(told) = &said.told
            && let Some(left_out) = app.outages.turn(app.clock.wall())
        {
            tracing::error!(party = app.party, trace = %trace, why = %told, left_out, "an administrator was not answered");
        }
        let mut body = json!({
            "type": "about:blank",
            "title": said.title,
            "status": said.status,
            "detail": said.detail,
            "trace_id": trace.to_string(),
        });
        if let Some(member) = said.member {
            body["member"] = member.into();
        }
        let bytes = serde_json::to_vec(&body).unwrap_or_default();
        // RFC 9457 §3
        let response = web::typed(said.status, "application/problem+json", bytes);
        match said.header {
            Some(header) => web::with(response, header),
            None => response,
        }
    }
}

impl From<Fout> for Problem {
    /// What is said cannot be.
    fn from(fout: Fout) -> Self {
        Self::new(422, "Not as it must be", fout.why).about(&fout.at)
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NoJson(why) => Self::malformed(&why),
            Refused::Twice(member) => Self::bad(&member, "expected once: it stands there twice"),
        }
    }
}

impl From<NietGedaan> for Problem {
    fn from(not: NietGedaan) -> Self {
        Self::outage(not.to_string())
    }
}

impl From<Outage> for Problem {
    fn from(outage: Outage) -> Self {
        Self::outage(outage.to_string())
    }
}
