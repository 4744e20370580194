//! Single logout (SAML core 3.7; digid.md 2.7), in both directions.
//!
//! A service provider ends a session with a [`LogoutRequest`] that the browser carries; the identity
//! provider answers with a [`LogoutResponse`] by redirect. The identity provider ends one with a
//! [`LogoutRequest`] in SOAP, over the back channel, and is answered there.
//!
//! [`receive_redirect`], [`receive_post`] and [`receive_soap`] judge requests, [`accept_redirect`]
//! and [`accept_soap`] judge answers. Whose session it is, is for the caller to know.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use verdict::Moment;

use crate::artifact_response::{message, sign};
use crate::authn_request::{CannotSend, PostForm, Sent};
use crate::keys::SigningKey;
use crate::metadata::IdpMetadata;
use crate::names::{PARTIAL_LOGOUT, REQUEST_DENIED, REQUESTER, RESPONDER, SUCCESS};
use crate::redirect::{self, Carried, RELAY_STATE_BYTES_MAX};
use crate::signature::CannotSign;
use crate::writer::El;
use crate::{NameId, soap, status};

mod answered;
mod received;

pub use answered::{AskedToLogOut, BadAnswer, accept_redirect, accept_soap};
pub use received::{Received, Rejected, receive_post, receive_redirect, receive_soap};

/// A wish to end the sessions of a person.
#[derive(Clone, Debug)]
pub struct LogoutRequest {
    /// The identifier that the answer must name. See [`crate::message_id`].
    pub id: String,
    /// When it was made.
    pub issue_instant: Moment,
    /// Who asks: an entity id.
    pub issuer: String,
    /// Who is logged out.
    pub name_id: NameId,
    /// Which session at the identity provider, if only one is meant.
    pub session_index: Option<String>,
}

impl LogoutRequest {
    /// Signs the request for this identity provider; nothing when its metadata knows no logout. By
    /// form if it can be, as the request names the person, and a URL is for no name (design §5
    /// "secrets").
    pub fn send(
        &self,
        to: &IdpMetadata,
        relay_state: Option<&str>,
        key: &SigningKey,
    ) -> Result<Option<Sent>, CannotSend> {
        if relay_state.is_some_and(|state| state.len() > RELAY_STATE_BYTES_MAX) {
            return Err(CannotSend::RelayState);
        }
        if let Some(action) = &to.slo_post {
            let request = self.to_el(action).to_xml();
            let form = PostForm::signed(action, &request, relay_state, key)?;
            return Ok(Some(Sent::Post(form)));
        }
        let Some(url) = &to.slo_redirect else {
            return Ok(None);
        };
        let request = self.to_el(url).to_xml();
        let url = redirect::signed_url(url, Carried::Request, &request, relay_state, key)?;
        Ok(Some(Sent::Redirect(url)))
    }

    /// The signed SOAP message for a service provider's endpoint at `destination`.
    pub fn to_soap(&self, destination: &str, key: &SigningKey) -> Result<String, CannotSign> {
        Ok(soap::envelope(sign(&self.to_el(destination), key)?))
    }

    fn to_el(&self, destination: &str) -> El {
        let index = self.session_index.as_deref();
        let index = index.map(|index| El::new("samlp:SessionIndex").text(index));
        message("samlp:LogoutRequest", &self.id, self.issue_instant)
            .attr("Destination", destination)
            .child(El::new("saml:Issuer").text(&*self.issuer))
            .child(El::new("saml:NameID").text(self.name_id.reveal()))
            .children(index)
    }
}

/// How a logout ended (digid.md 2.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// No session is left (digid case 35).
    Success,
    /// The session is over, but not every service could be told (digid case 36).
    PartialLogout,
    /// The session goes on: the person wanted it to, or it is somebody else's (digid case 37).
    RequestDenied,
}

impl Outcome {
    const ALL: [Self; 3] = [Self::Success, Self::PartialLogout, Self::RequestDenied];

    const fn codes(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Success => (SUCCESS, None),
            Self::PartialLogout => (RESPONDER, Some(PARTIAL_LOGOUT)),
            Self::RequestDenied => (RESPONDER, Some(REQUEST_DENIED)),
        }
    }

    /// `Requester` in place of `Responder` is the same denial by somebody else's hand.
    fn from_codes(codes: (&str, Option<&str>)) -> Option<Self> {
        if codes == (REQUESTER, Some(REQUEST_DENIED)) {
            return Some(Self::RequestDenied);
        }
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.codes() == codes)
    }
}

/// The answer to a [`LogoutRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutResponse {
    /// Its own identifier. See [`crate::message_id`].
    pub id: String,
    /// When it was made.
    pub issue_instant: Moment,
    /// Who answers: an entity id.
    pub issuer: String,
    /// The `ID` of the request.
    pub in_response_to: String,
    /// How it ended.
    pub outcome: Outcome,
}

impl LogoutResponse {
    /// The URL with which the browser carries the answer to the service provider's address.
    pub fn to_redirect(
        &self,
        url: &str,
        relay_state: Option<&str>,
        key: &SigningKey,
    ) -> Result<String, CannotSign> {
        let answer = self.to_el(Some(url)).to_xml();
        let carried = Carried::Response;
        Ok(redirect::signed_url(
            url,
            carried,
            &answer,
            relay_state,
            key,
        )?)
    }

    /// The signed answer in base64, as the form field `SAMLResponse` brings it to this address
    /// (digid.md 3.5).
    pub fn to_post(&self, url: &str, key: &SigningKey) -> Result<String, CannotSign> {
        Ok(STANDARD.encode(sign(&self.to_el(Some(url)), key)?))
    }

    /// The signed SOAP message, for whoever asked over the back channel.
    pub fn to_soap(&self, key: &SigningKey) -> Result<String, CannotSign> {
        Ok(soap::envelope(sign(&self.to_el(None), key)?))
    }

    fn to_el(&self, destination: Option<&str>) -> El {
        let (first, second) = self.outcome.codes();
        message("samlp:LogoutResponse", &self.id, self.issue_instant)
            .attr_if("Destination", destination)
            .attr("InResponseTo", &*self.in_response_to)
            .child(El::new("saml:Issuer").text(&*self.issuer))
            .child(status::write(first, second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_read_back_and_nothing_else_is_one() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::from_codes(outcome.codes()), Some(outcome));
        }
        let denied = Outcome::from_codes((REQUESTER, Some(REQUEST_DENIED)));
        assert_eq!(denied, Some(Outcome::RequestDenied));
        assert_eq!(Outcome::from_codes((SUCCESS, Some(PARTIAL_LOGOUT))), None);
        assert_eq!(Outcome::from_codes((REQUESTER, Some(PARTIAL_LOGOUT))), None);
        assert_eq!(Outcome::from_codes((RESPONDER, None)), None);
    }
}
