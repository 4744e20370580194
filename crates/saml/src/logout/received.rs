//! Which logouts are taken: at the identity provider by browser, at the service provider by SOAP.

use std::fmt;

use verdict::Moment;

use super::LogoutRequest;
use crate::incoming::{
    Denial, IdentityProvider, NotFound, Peer, ServiceProvider, by_post, by_redirect,
    check_destination, check_envelope, check_version_and_time, sender,
};
use crate::metadata::SpMetadata;
use crate::names::{ASSERTION, PROTOCOL};
use crate::reader::{self, Element};
use crate::redirect::RELAY_STATE_BYTES_MAX;
use crate::{NameId, instant, signature, soap};

/// A logout that a service provider asks for.
#[derive(Clone, Debug)]
pub struct Received {
    /// What it asks.
    pub request: LogoutRequest,
    /// Where the answer goes: always an address of the asker's metadata.
    pub answer_url: String,
    /// Comes back with the answer, unchanged.
    pub relay_state: Option<String>,
}

/// A logout that is not taken. DigiD answers every one with HTTP 404 (digid.md 2.6, last row): it
/// sends nobody back with a message that nobody may have asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// Nobody knows who asks.
    NotFound(NotFound),
    /// Its sender is known, but it is not as it should be.
    Denied(Denial),
}

impl From<NotFound> for Rejected {
    fn from(why: NotFound) -> Self {
        Self::NotFound(why)
    }
}

impl From<Denial> for Rejected {
    fn from(why: Denial) -> Self {
        Self::Denied(why)
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(why) => why.fmt(f),
            Self::Denied(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for Rejected {}

/// Judges a logout that came in the query of the URL (digid case 35).
pub fn receive_redirect(
    query: &str,
    at: IdentityProvider<'_>,
    now: Moment,
) -> Result<Received, Rejected> {
    let known = at.service_providers;
    by_redirect(query, "LogoutRequest", known, |message, sender, state| {
        judge(message, sender, state, at.url, now)
    })
}

/// Judges a logout that came as form fields `SAMLRequest` and `RelayState` (digid case 35).
pub fn receive_post(
    saml_request: &str,
    relay_state: Option<&str>,
    at: IdentityProvider<'_>,
    now: Moment,
) -> Result<Received, Rejected> {
    let (known, state) = (at.service_providers, relay_state.map(str::to_owned));
    by_post(saml_request, "LogoutRequest", known, |message, sender| {
        judge(message, sender, state, at.url, now)
    })
}

/// Judges a logout that the identity provider tells of over the back channel (digid case 38). Its
/// address need not stand in it: DigiD leaves it out.
pub fn receive_soap(
    soap: &[u8],
    at: ServiceProvider<'_>,
    now: Moment,
) -> Result<LogoutRequest, Rejected> {
    let document = reader::parse(soap).map_err(NotFound::from)?;
    let message = soap::content(document.root()).ok_or(NotFound::NotTheMessage)?;
    let known = std::slice::from_ref(at.identity_provider);
    let sender = sender(message, "LogoutRequest", known)?;
    let signed = signature::verify(message, &sender.keys()).map_err(NotFound::from)?;
    let message = signed.root();
    let made = check_version_and_time(message, now)?;
    check_destination(message, at.url)?;
    read(message, made, sender.entity_id(), now)
}

/// Judges a message that its sender signed.
fn judge(
    message: Element<'_>,
    sender: &SpMetadata,
    relay_state: Option<String>,
    url: &str,
    now: Moment,
) -> Result<Received, Rejected> {
    let made = check_envelope(message, url, now)?;
    let too_long = |state: &String| state.len() > RELAY_STATE_BYTES_MAX;
    if relay_state.as_ref().is_some_and(too_long) {
        return Err(Denial::RelayState.into());
    }
    let answer_url = sender.slo_redirect.clone().ok_or(Denial::NoAnswerUrl)?;
    Ok(Received {
        request: read(message, made, sender.entity_id(), now)?,
        answer_url,
        relay_state,
    })
}

fn read(
    message: Element<'_>,
    made: Moment,
    issuer: &str,
    now: Moment,
) -> Result<LogoutRequest, Rejected> {
    let id = message.attribute("ID").filter(|id| !id.is_empty());
    let id = id.ok_or(NotFound::NotTheMessage)?;
    if let Some(until) = message.attribute("NotOnOrAfter") {
        let until = instant::read(until).ok_or(Denial::Expired)?;
        if until.is_over_at(now) {
            return Err(Denial::Expired.into());
        }
    }
    let name_id = message.only(ASSERTION, "NameID").and_then(Element::text);
    // SAML core 3.7.1 allows several indices; DigiD's services have one session each.
    let mut indices = message.all(PROTOCOL, "SessionIndex");
    let session_index = indices.next().and_then(Element::text);
    if indices.next().is_some() {
        return Err(Denial::Unsupported.into());
    }
    Ok(LogoutRequest {
        id: id.to_owned(),
        issue_instant: made,
        issuer: issuer.to_owned(),
        name_id: NameId::read(name_id.ok_or(Denial::NameId)?),
        session_index,
    })
}
