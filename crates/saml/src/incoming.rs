//! What the identity provider asks of every message that comes in (digid.md 2.2, 2.6).

use std::fmt;

use verdict::Moment;

use crate::instant;
use crate::keys::decode_base64;
use crate::metadata::{IdpMetadata, SpMetadata};
use crate::names::{ASSERTION, PROTOCOL};
use crate::reader::{self, Element, Unreadable};
use crate::redirect::{BadQuery, Carried, Redirected};
use crate::signature::{self, SignatureFault};

/// How far the `IssueInstant` of a request may be from now, both ways, in seconds (digid.md 2.2).
const ISSUE_INSTANT_S_MAX: u32 = 120;

/// The identity provider at which a message arrives.
#[derive(Clone, Copy, Debug)]
pub struct IdentityProvider<'a> {
    /// The address at which it arrived.
    pub url: &'a str,
    /// Everyone who may ask.
    pub service_providers: &'a [SpMetadata],
}

/// The service provider at which a message arrives.
#[derive(Clone, Copy, Debug)]
pub struct ServiceProvider<'a> {
    /// The address at which it arrived.
    pub url: &'a str,
    /// Who may send one.
    pub identity_provider: &'a IdpMetadata,
}

/// The message in the value of `SAMLRequest` or `SAMLResponse` of a form (SAML bindings 3.5). For
/// showing it: nothing of it is verified.
pub fn posted(value: &str) -> Option<Vec<u8>> {
    decode_base64(value)
}

/// Somebody who sends messages, as his metadata tells.
pub(crate) trait Peer {
    /// What he calls himself in `Issuer`.
    fn entity_id(&self) -> &str;
}

impl Peer for SpMetadata {
    fn entity_id(&self) -> &str {
        &self.entity_id
    }
}

impl Peer for IdpMetadata {
    fn entity_id(&self) -> &str {
        &self.entity_id
    }
}

/// Why a message gets HTTP 404 (digid.md 2.6, last row).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotFound {
    /// Not XML that we read.
    Unreadable(Unreadable),
    /// Not a query of the Redirect binding.
    Query(BadQuery),
    /// Not the message that belongs here, or without `ID` or `Issuer`.
    NotTheMessage,
    /// The issuer is not registered (digid case 5).
    UnknownIssuer,
    /// The signature is missing or does not count (digid cases 4, 15).
    Signature(SignatureFault),
}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => why.fmt(f),
            Self::Query(why) => why.fmt(f),
            Self::NotTheMessage => {
                f.write_str("expected another message, with an ID and an Issuer")
            }
            Self::UnknownIssuer => f.write_str("the issuer is not registered"),
            Self::Signature(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for NotFound {}

impl From<Unreadable> for NotFound {
    fn from(why: Unreadable) -> Self {
        Self::Unreadable(why)
    }
}

impl From<SignatureFault> for NotFound {
    fn from(why: SignatureFault) -> Self {
        Self::Signature(why)
    }
}

/// Why a message of a known service provider is answered with `Requester`/`RequestDenied`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// Not SAML 2.0.
    Version,
    /// Made more than 120 seconds from now, or at no time at all (digid case 6).
    IssueInstant,
    /// Meant for another address.
    Destination,
    /// Index and URL at once (digid case 7), another binding than artifact, or an address that is
    /// not in the metadata.
    Consumer,
    /// No level, or one that DigiD does not know (digid case 8).
    Level,
    /// No artifact of type 0004 to resolve.
    Artifact,
    /// A wish that DigiD does not grant: `Subject`, `IsPassive`, a flag that is neither true nor
    /// false.
    Unsupported,
    /// `RelayState` is longer than 80 bytes.
    RelayState,
    /// No `NameID` in clear text to log out.
    NameId,
    /// Its own `NotOnOrAfter` is over.
    Expired,
    /// Its sender's metadata gives no address for the answer.
    NoAnswerUrl,
}

impl Denial {
    /// One line for the operator.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Version => "the request is not SAML 2.0",
            Self::IssueInstant => "the request was made more than 2 minutes from now",
            Self::Destination => "the request is meant for another address",
            Self::Consumer => {
                "the request names no consumer service of the metadata, or two ways at once"
            }
            Self::Level => "the request asks for no level that DigiD knows",
            Self::Artifact => "the request holds no artifact of type 0004",
            Self::Unsupported => "the request has a wish that DigiD does not grant",
            Self::RelayState => "RelayState is longer than 80 bytes",
            Self::NameId => "the request names nobody to log out",
            Self::Expired => "the request's own time is over",
            Self::NoAnswerUrl => "the sender's metadata gives no address for the answer",
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl std::error::Error for Denial {}

/// Who says that a message is his: not proven yet, but it tells which keys may prove it.
pub(crate) fn sender<'a, P: Peer>(
    message: Element<'_>,
    name: &str,
    known: &'a [P],
) -> Result<&'a P, NotFound> {
    if !message.is(PROTOCOL, name) {
        return Err(NotFound::NotTheMessage);
    }
    let issuer = message.only(ASSERTION, "Issuer").and_then(Element::text);
    let issuer = issuer.ok_or(NotFound::NotTheMessage)?;
    known
        .iter()
        .find(|peer| peer.entity_id() == issuer)
        .ok_or(NotFound::UnknownIssuer) // digid case 5
}

/// Hands a message in the query of the URL, of this name and signed by its sender, to `judge` with
/// the sender's metadata and the RelayState (SAML bindings 3.4).
pub(crate) fn by_redirect<'a, T, E: From<NotFound>>(
    query: &str,
    name: &str,
    known: &'a [SpMetadata],
    judge: impl FnOnce(Element<'_>, &'a SpMetadata, Option<String>) -> Result<T, E>,
) -> Result<T, E> {
    let redirected = Redirected::read(query, Carried::Request).map_err(NotFound::Query)?;
    let document = reader::parse(&redirected.message).map_err(NotFound::from)?;
    let sender = sender(document.root(), name, known)?;
    redirected.verify(&sender.keys()).map_err(NotFound::from)?; // digid case 4
    judge(document.root(), sender, redirected.relay_state)
}

/// The same for a message in the field `SAMLRequest` of a form (SAML bindings 3.5): `judge` sees what
/// was signed.
pub(crate) fn by_post<'a, T, E: From<NotFound>>(
    saml_request: &str,
    name: &str,
    known: &'a [SpMetadata],
    judge: impl FnOnce(Element<'_>, &'a SpMetadata) -> Result<T, E>,
) -> Result<T, E> {
    let request = decode_base64(saml_request).ok_or(NotFound::NotTheMessage)?;
    let document = reader::parse(&request).map_err(NotFound::from)?;
    let sender = sender(document.root(), name, known)?;
    let signed = signature::verify(document.root(), &sender.keys()).map_err(NotFound::from)?; // digid case 4
    judge(signed.root(), sender)
}

/// What holds for every message that a browser brings to DigiD (digid.md 2.2). Gives its `IssueInstant`.
pub(crate) fn check_envelope(
    message: Element<'_>,
    url: &str,
    now: Moment,
) -> Result<Moment, Denial> {
    let made = check_version_and_time(message, now)?;
    if destination(message).is_none() {
        return Err(Denial::Destination);
    }
    check_destination(message, url)?;
    Ok(made)
}

/// Where the message says it is going must be a prefix of where it arrived; a message over the back
/// channel need not say it (SAML core 3.2.1).
pub(crate) fn check_destination(message: Element<'_>, url: &str) -> Result<(), Denial> {
    if destination(message).is_some_and(|destination| !url.starts_with(destination)) {
        return Err(Denial::Destination);
    }
    Ok(())
}

/// An empty attribute says as little as none: DigiD itself sends one.
fn destination(message: Element<'_>) -> Option<&str> {
    message.attribute("Destination").filter(|to| !to.is_empty())
}

/// SAML 2.0, made just now. Gives its `IssueInstant`.
pub(crate) fn check_version_and_time(message: Element<'_>, now: Moment) -> Result<Moment, Denial> {
    if message.attribute("Version") != Some("2.0") {
        return Err(Denial::Version);
    }
    let made = message.attribute("IssueInstant").and_then(instant::read);
    let made = made.ok_or(Denial::IssueInstant)?;
    let around = now.minus_s(ISSUE_INSTANT_S_MAX)..=now.plus_s(ISSUE_INSTANT_S_MAX);
    if !around.contains(&made) {
        return Err(Denial::IssueInstant); // digid case 6
    }
    Ok(made)
}
