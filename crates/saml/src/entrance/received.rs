//! Which requests get a login page at the entrance (digid.md 3.2, the table).

use std::fmt;

use verdict::Moment;

use super::Scoping;
use crate::incoming::{IdentityProvider, NotFound, by_post};
use crate::instant;
use crate::metadata::SpMetadata;
use crate::names::{
    ASSERTION, CONSENT_UNSPECIFIED, IDP_ASSERTION, INTENDED_AUDIENCE, PROTOCOL, SERVICE_UUID,
};
use crate::reader::Element;
use crate::redirect::RELAY_STATE_BYTES_MAX;

/// A request that may get a login page, if its service is in the catalogue and its scoping is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The request that the answer names.
    pub request_id: String,
    /// Who asked: its entity id.
    pub issuer: String,
    /// The service.
    pub service_uuid: String,
    /// Who else takes part.
    pub scoping: Option<Scoping>,
    /// Where the artifact goes: always an address of the asker's metadata.
    pub consumer_url: String,
    /// Comes back with the artifact, unchanged.
    pub relay_state: Option<String>,
}

/// Why a request gets HTTP 400 (digid cases 40, 41).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadRequest {
    /// Unreadable, from nobody known, or not signed by its sender.
    Untrusted(NotFound),
    /// Not SAML 2.0, or without `ID`.
    Version,
    /// Made at no time, or in the future.
    IssueInstant,
    /// `Issuer` has a qualifier.
    Issuer,
    /// Meant for another front channel, or for none.
    Destination,
    /// A wish that 4.x does not grant: `Consent`, `IsPassive`, `Subject`, `Conditions`.
    Unsupported,
    /// `ProtocolBinding` beside an index, or an address that is not in the metadata.
    Consumer,
    /// No service is named, or in a way that is not complete.
    Service,
    /// More than one `RequesterID`, or more than one `IDPEntry`.
    Scoping,
    /// `RelayState` is longer than 80 bytes.
    RelayState,
    /// Neither `NameID` nor `SessionIndex` to log out (digid case 54).
    Nobody,
}

impl From<NotFound> for BadRequest {
    fn from(why: NotFound) -> Self {
        Self::Untrusted(why)
    }
}

impl fmt::Display for BadRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Untrusted(why) => return why.fmt(f),
            Self::Version => "the request is not SAML 2.0, or has no ID",
            Self::IssueInstant => "the request was made at no time, or in the future",
            Self::Issuer => "the issuer of the request has a qualifier",
            Self::Destination => "the request is meant for another address",
            Self::Unsupported => "the request has a wish that DigiD 4.x does not grant",
            Self::Consumer => {
                "the request names no consumer service of the metadata, or two ways at once"
            }
            Self::Service => "the request names no service, or not completely",
            Self::Scoping => "the request names more than one RequesterID or IDPEntry",
            Self::RelayState => "RelayState is longer than 80 bytes",
            Self::Nobody => "the logout has neither a NameID nor a SessionIndex",
        })
    }
}

impl std::error::Error for BadRequest {}

/// Judges a request that came as form fields `SAMLRequest` and `RelayState` (digid case 39).
///
/// # Errors
/// [`BadRequest`]: HTTP 400.
pub fn receive_post(
    saml_request: &str,
    relay_state: Option<&str>,
    at: IdentityProvider<'_>,
    now: Moment,
) -> Result<Received, BadRequest> {
    if relay_state.is_some_and(|state| state.len() > RELAY_STATE_BYTES_MAX) {
        return Err(BadRequest::RelayState);
    }
    let known = at.service_providers;
    by_post(saml_request, "AuthnRequest", known, |message, sender| {
        let request_id = check_envelope(message, at.url, now)?.to_owned();
        refuse_wishes(message)?;
        Ok(Received {
            request_id,
            issuer: sender.entity_id.clone(),
            service_uuid: service(message, sender)?,
            scoping: scoping(message)?,
            consumer_url: consumer(message, sender)?.to_owned(),
            relay_state: relay_state.map(str::to_owned),
        })
    })
}

/// What holds for every message at the entrance. Gives its `ID`.
pub(super) fn check_envelope<'d>(
    message: Element<'d>,
    url: &str,
    now: Moment,
) -> Result<&'d str, BadRequest> {
    let id = message.attribute("ID").filter(|id| !id.is_empty());
    let id = id.ok_or(BadRequest::Version)?;
    if message.attribute("Version") != Some("2.0") {
        return Err(BadRequest::Version);
    }
    let made = message.attribute("IssueInstant").and_then(instant::read);
    if made.is_none_or(|made| made > now) {
        return Err(BadRequest::IssueInstant);
    }
    let issuer = message.only(ASSERTION, "Issuer");
    let qualifiers = ["NameQualifier", "SPNameQualifier", "SPProvidedID"];
    let is_qualified = |issuer: Element<'_>| {
        let mut qualifiers = qualifiers.into_iter();
        qualifiers.any(|name| issuer.attribute(name).is_some())
    };
    if issuer.is_none_or(is_qualified) {
        return Err(BadRequest::Issuer);
    }
    let destination = message.attribute("Destination").unwrap_or_default();
    if origin(destination).is_none() || origin(destination) != origin(url) {
        return Err(BadRequest::Destination);
    }
    Ok(id)
}

/// Scheme and host, with the port if there is one.
fn origin(url: &str) -> Option<&str> {
    let host = url.find("://")? + "://".len();
    let end = url[host..].find(['/', '?', '#']);
    Some(end.map_or(url, |end| &url[..host + end]))
}

fn refuse_wishes(message: Element<'_>) -> Result<(), BadRequest> {
    let consent = message.attribute("Consent");
    let is_passive = !matches!(message.attribute("IsPassive"), None | Some("false" | "0"));
    let has = |name| message.all(ASSERTION, name).next().is_some();
    if consent.is_some_and(|consent| consent != CONSENT_UNSPECIFIED)
        || is_passive
        || has("Subject")
        || has("Conditions")
    {
        return Err(BadRequest::Unsupported);
    }
    Ok(())
}

/// A URL wins, if the metadata has it; a service with one address always gets that; then the index.
fn consumer<'a>(message: Element<'_>, sender: &'a SpMetadata) -> Result<&'a str, BadRequest> {
    let index = message.attribute("AssertionConsumerServiceIndex");
    if index.is_some() && message.attribute("ProtocolBinding").is_some() {
        return Err(BadRequest::Consumer);
    }
    if let Some(url) = message.attribute("AssertionConsumerServiceURL") {
        return sender.consumer_of_url(url).ok_or(BadRequest::Consumer);
    }
    let found = match (&sender.consumers[..], index) {
        ([only], _) => Some(&*only.url),
        (_, None) => sender.default_consumer(),
        (_, Some(index)) => {
            let index = index.parse().map_err(|_| BadRequest::Consumer)?;
            sender.consumer_at(index)
        }
    };
    found.ok_or(BadRequest::Consumer)
}

/// One service by its index in the metadata, or that of a cluster by extensions (digid case 41).
fn service(message: Element<'_>, sender: &SpMetadata) -> Result<String, BadRequest> {
    let index = message.attribute("AttributeConsumingServiceIndex");
    let extensions = message.only(PROTOCOL, "Extensions");
    match (index, extensions) {
        (Some(index), None) => {
            let index = index.parse().map_err(|_| BadRequest::Service)?;
            let found = sender.service_at(index).ok_or(BadRequest::Service)?;
            Ok(found.to_owned())
        }
        (None, Some(extensions)) => cluster_service(extensions),
        _ => Err(BadRequest::Service),
    }
}

fn cluster_service(extensions: Element<'_>) -> Result<String, BadRequest> {
    let value = |name: &str| {
        let named = |attribute: &Element<'_>| attribute.attribute("Name") == Some(name);
        let attribute = extensions.all(ASSERTION, "Attribute").find(named)?;
        Some(attribute.only(ASSERTION, "AttributeValue"))
    };
    let text = |name| {
        let text = value(name)??.text()?;
        (!text.is_empty()).then_some(text)
    };
    let assertion = value(IDP_ASSERTION);
    let holds_one = |value: Element<'_>| value.only(ASSERTION, "Assertion").is_some();
    if assertion.is_some_and(|value| !value.is_some_and(holds_one)) {
        return Err(BadRequest::Service);
    }
    text(INTENDED_AUDIENCE).ok_or(BadRequest::Service)?;
    text(SERVICE_UUID).ok_or(BadRequest::Service) // digid case 41
}

fn scoping(message: Element<'_>) -> Result<Option<Scoping>, BadRequest> {
    let Some(scoping) = message.all(PROTOCOL, "Scoping").next() else {
        return Ok(None);
    };
    let mut requesters = scoping.all(PROTOCOL, "RequesterID");
    let entries = scoping.all(PROTOCOL, "IDPList");
    let mut entries = entries.flat_map(|list| list.all(PROTOCOL, "IDPEntry"));
    let requester = requesters.next().and_then(Element::text);
    let entry = entries
        .next()
        .and_then(|entry| entry.attribute("ProviderID"));
    if requesters.next().is_some() || entries.next().is_some() {
        return Err(BadRequest::Scoping);
    }
    let idp_entry = entry.map(str::to_owned);
    Ok(requester.map(|requester_id| Scoping {
        requester_id,
        idp_entry,
    }))
}
