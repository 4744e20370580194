//! Which logouts are taken at the entrance (digid.md 3.5).

use verdict::Moment;

use super::BadRequest;
use super::received::check_envelope;
use crate::NameId;
use crate::incoming::{IdentityProvider, by_post};
use crate::names::{ASSERTION, PROTOCOL};
use crate::reader::Element;

/// A logout that a service asks for. It names the session in one way at least.
#[derive(Clone, Debug)]
pub struct LogoutRequested {
    /// The request that the answer names.
    pub request_id: String,
    /// Who asked: its entity id.
    pub issuer: String,
    /// The transient name of the login.
    pub name_id: Option<NameId>,
    /// The session.
    pub session_index: Option<String>,
}

/// Judges a logout that came as the form field `SAMLRequest`.
///
/// # Errors
/// [`BadRequest`]: HTTP 400.
pub fn receive_logout(
    saml_request: &str,
    at: IdentityProvider<'_>,
    now: Moment,
) -> Result<LogoutRequested, BadRequest> {
    let known = at.service_providers;
    by_post(saml_request, "LogoutRequest", known, |message, sender| {
        let request_id = check_envelope(message, at.url, now)?.to_owned();
        let name_id = message.only(ASSERTION, "NameID").and_then(Element::text);
        let session = message.only(PROTOCOL, "SessionIndex");
        let session_index = session.and_then(Element::text);
        if name_id.is_none() && session_index.is_none() {
            return Err(BadRequest::Nobody); // digid case 54
        }
        Ok(LogoutRequested {
            request_id,
            issuer: sender.entity_id.clone(),
            name_id: name_id.map(NameId::read),
            session_index,
        })
    })
}
