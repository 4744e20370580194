//! The identity provider's side: which requests get a login page (digid.md 2.2, 2.6).

use identity::Loa;
use verdict::Moment;

use super::{AuthnRequest, Comparison, Consumer, RequestedLevel};
use crate::incoming::{Denial, IdentityProvider, NotFound, by_post, by_redirect, check_envelope};
use crate::metadata::SpMetadata;
use crate::names::{ASSERTION, BINDING_ARTIFACT, PROTOCOL};
use crate::reader::Element;
use crate::redirect::RELAY_STATE_BYTES_MAX;

/// A request that gets a login page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The request.
    pub request: AuthnRequest,
    /// Where the artifact goes: always an address of the asker's metadata.
    pub consumer_url: String,
    /// Comes back with the artifact, unchanged.
    pub relay_state: Option<String>,
}

/// A request that gets no login page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// HTTP 404, no artifact: nobody knows who asks.
    NotFound(NotFound),
    /// The browser goes back with an artifact for `Requester`/`RequestDenied`.
    Denied(Box<Denied>),
}

impl From<NotFound> for Rejected {
    fn from(why: NotFound) -> Self {
        Self::NotFound(why)
    }
}

/// What is needed to answer `RequestDenied`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// Why.
    pub why: Denial,
    /// The request that the answer names.
    pub request_id: String,
    /// Who asked: its entity id.
    pub issuer: String,
    /// Where the artifact goes: the default consumer service of the metadata.
    pub consumer_url: String,
    /// Comes back with the artifact, unless it was too long.
    pub relay_state: Option<String>,
}

/// Judges a request that came in the query of the URL (digid case 3).
pub fn receive_redirect(
    query: &str,
    at: IdentityProvider<'_>,
    now: Moment,
) -> Result<Received, Rejected> {
    let known = at.service_providers;
    by_redirect(query, "AuthnRequest", known, |message, sender, state| {
        judge(message, sender, state, at.url, now)
    })
}

/// Judges a request that came as form fields `SAMLRequest` and `RelayState` (digid case 2).
pub fn receive_post(
    saml_request: &str,
    relay_state: Option<&str>,
    at: IdentityProvider<'_>,
    now: Moment,
) -> Result<Received, Rejected> {
    let (known, state) = (at.service_providers, relay_state.map(str::to_owned));
    by_post(saml_request, "AuthnRequest", known, |message, sender| {
        judge(message, sender, state, at.url, now)
    })
}

/// Judges a message that its sender signed.
fn judge(
    message: Element<'_>,
    sender: &SpMetadata,
    relay_state: Option<String>,
    url: &str,
    now: Moment,
) -> Result<Received, Rejected> {
    let id = message.attribute("ID").filter(|id| !id.is_empty());
    let id = id.ok_or(NotFound::NotTheMessage)?;
    let default = sender.default_consumer().ok_or(NotFound::UnknownIssuer)?;
    let too_long = |state: &String| state.len() > RELAY_STATE_BYTES_MAX;
    let state_fits = !relay_state.as_ref().is_some_and(too_long);
    let read = check_envelope(message, url, now)
        .and_then(|issue_instant| read_request(message, id, issue_instant, sender));
    let read = if state_fits {
        read
    } else {
        Err(Denial::RelayState)
    };
    match read {
        Ok((request, consumer_url)) => Ok(Received {
            request,
            consumer_url: consumer_url.to_owned(),
            relay_state,
        }),
        Err(why) => Err(Rejected::Denied(Box::new(Denied {
            why,
            request_id: id.to_owned(),
            issuer: sender.entity_id.clone(),
            consumer_url: default.to_owned(),
            relay_state: relay_state.filter(|_| state_fits),
        }))),
    }
}

fn read_request<'a>(
    message: Element<'_>,
    id: &str,
    issue_instant: Moment,
    sender: &'a SpMetadata,
) -> Result<(AuthnRequest, &'a str), Denial> {
    if message.all(ASSERTION, "Subject").next().is_some() || flag(message, "IsPassive")? {
        return Err(Denial::Unsupported);
    }
    let (consumer, consumer_url) = consumer(message, sender)?;
    let request = AuthnRequest {
        id: id.to_owned(),
        issue_instant,
        issuer: sender.entity_id.clone(),
        consumer,
        level: level(message)?,
        force_authn: flag(message, "ForceAuthn")?,
        provider_name: message.attribute("ProviderName").map(str::to_owned),
    };
    Ok((request, consumer_url))
}

/// Either the index, or URL and binding, or nothing (digid case 7). A URL that the metadata does
/// not have is no address to send anybody to.
fn consumer<'a>(
    message: Element<'_>,
    sender: &'a SpMetadata,
) -> Result<(Consumer, &'a str), Denial> {
    let index = message.attribute("AssertionConsumerServiceIndex");
    let url = message.attribute("AssertionConsumerServiceURL");
    let binding = message.attribute("ProtocolBinding");
    if binding.is_some_and(|binding| binding != BINDING_ARTIFACT) {
        return Err(Denial::Consumer);
    }
    let found = match (index, url, binding) {
        (None, None, _) => sender
            .default_consumer()
            .map(|url| (Consumer::Default, url)),
        (None, Some(url), _) => {
            let url = sender.consumer_of_url(url);
            url.map(|url| (Consumer::Url(url.to_owned()), url))
        }
        (Some(index), None, None) => {
            let index = index.parse().map_err(|_| Denial::Consumer)?;
            let url = sender.consumer_at(index);
            url.map(|url| (Consumer::Index(index), url))
        }
        (Some(_), _, _) => None, // digid case 7
    };
    found.ok_or(Denial::Consumer)
}

/// The first class of `RequestedAuthnContext` must be known (digid case 8). Without the element
/// the simulator denies (digid.md 2.2, proposal).
fn level(message: Element<'_>) -> Result<RequestedLevel, Denial> {
    let context = message
        .only(PROTOCOL, "RequestedAuthnContext")
        .ok_or(Denial::Level)?;
    let comparison = match context.attribute("Comparison") {
        None => Comparison::Exact,
        Some(name) => Comparison::from_name(name).ok_or(Denial::Level)?,
    };
    let class = context
        .all(ASSERTION, "AuthnContextClassRef")
        .next()
        .and_then(Element::text);
    let loa = Loa::from_class_ref(&class.unwrap_or_default()).map_err(|_| Denial::Level)?;
    Ok(RequestedLevel { comparison, loa })
}

/// An `xs:boolean` attribute; absent is false.
fn flag(message: Element<'_>, name: &str) -> Result<bool, Denial> {
    match message.attribute(name) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(Denial::Unsupported),
    }
}
