//! Which answers to a logout count.

use std::fmt;

use verdict::Moment;

use super::Outcome;
use crate::incoming::{Denial, NotFound, check_destination, check_version_and_time, sender};
use crate::metadata::{IdpMetadata, SpMetadata};
use crate::names::DSIG;
use crate::reader::{self, Element};
use crate::redirect::{Carried, Redirected};
use crate::{signature, soap, status};

/// What a service provider asked, of whom, and where the answer must arrive.
#[derive(Clone, Copy, Debug)]
pub struct AskedToLogOut<'a> {
    /// The `ID` of our request.
    pub request_id: &'a str,
    /// The address at which the answer arrived.
    pub url: &'a str,
    /// Whom we asked.
    pub identity_provider: &'a IdpMetadata,
}

/// Why an answer does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadAnswer {
    /// Nobody knows who answers.
    NotFound(NotFound),
    /// Not SAML 2.0, not of now, or for another address.
    Denied(Denial),
    /// The answer to another request.
    InResponseTo,
    /// No status that ends a logout.
    Status,
}

impl From<NotFound> for BadAnswer {
    fn from(why: NotFound) -> Self {
        Self::NotFound(why)
    }
}

impl From<Denial> for BadAnswer {
    fn from(why: Denial) -> Self {
        Self::Denied(why)
    }
}

impl fmt::Display for BadAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(why) => why.fmt(f),
            Self::Denied(why) => why.fmt(f),
            Self::InResponseTo => f.write_str("the answer is to another logout"),
            Self::Status => f.write_str("the answer has no status that ends a logout"),
        }
    }
}

impl std::error::Error for BadAnswer {}

/// Judges the answer that a browser brought in the query of the URL (digid cases 35 to 37).
pub fn accept_redirect(
    query: &str,
    asked: AskedToLogOut<'_>,
    now: Moment,
) -> Result<Outcome, BadAnswer> {
    let redirected = Redirected::read(query, Carried::Response).map_err(NotFound::Query)?;
    let document = reader::parse(&redirected.message).map_err(NotFound::from)?;
    let known = std::slice::from_ref(asked.identity_provider);
    let sender = sender(document.root(), "LogoutResponse", known)?;
    redirected.verify(&sender.keys()).map_err(NotFound::from)?;
    let message = document.root();
    check_version_and_time(message, now)?;
    // SAML bindings 3.4.5.2 wants an address in what is signed for a browser; DigiD's own example
    // leaves it empty, and InResponseTo binds the answer to us anyway.
    check_destination(message, asked.url)?;
    outcome(message, asked.request_id)
}

/// Judges the answer of a service provider that we told of a logout over the back channel. TLS says
/// who answers (SAML profiles 4.4.4.2); a signature, where there is one, must be his.
pub fn accept_soap(
    soap: &[u8],
    request_id: &str,
    from: &SpMetadata,
    now: Moment,
) -> Result<Outcome, BadAnswer> {
    let document = reader::parse(soap).map_err(NotFound::from)?;
    let message = soap::content(document.root()).ok_or(NotFound::NotTheMessage)?;
    let sender = sender(message, "LogoutResponse", std::slice::from_ref(from))?;
    if message.all(DSIG, "Signature").next().is_none() {
        check_version_and_time(message, now)?;
        return outcome(message, request_id);
    }
    let signed = signature::verify(message, &sender.keys()).map_err(NotFound::from)?;
    check_version_and_time(signed.root(), now)?;
    outcome(signed.root(), request_id)
}

fn outcome(message: Element<'_>, request_id: &str) -> Result<Outcome, BadAnswer> {
    if message.attribute("InResponseTo") != Some(request_id) {
        return Err(BadAnswer::InResponseTo);
    }
    let codes = status::read(message).ok_or(BadAnswer::Status)?;
    Outcome::from_codes(codes).ok_or(BadAnswer::Status)
}
