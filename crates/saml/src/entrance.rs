//! The request for a login at the entrance of DigiD 4.x: CombiConnect and TVS (digid.md 3.2, 3.6).
//!
//! It names a service and not a level: the level stands in the catalogue of services. Made by the
//! service provider, judged by the identity provider; what is wrong there is HTTP 400.

use verdict::Moment;

use crate::authn_request::{CannotSend, PostForm};
use crate::instant;
use crate::keys::SigningKey;
use crate::metadata::IdpMetadata;
use crate::names::{ASSERTION, PROTOCOL};
use crate::redirect::RELAY_STATE_BYTES_MAX;
use crate::writer::El;

mod logout;
mod received;

pub use logout::{LogoutRequested, receive_logout};
pub use received::{BadRequest, Received, receive_post};

/// A request for a login at a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthnRequest {
    /// The identifier that the answer must name. See [`crate::message_id`].
    pub id: String,
    /// When it was made.
    pub issue_instant: Moment,
    /// The service provider's entity id.
    pub issuer: String,
    /// Where the artifact is to be brought, by index in the metadata; else its default.
    pub consumer: Option<u16>,
    /// The service, by the index of its `AttributeConsumingService` in the metadata.
    pub service: u16,
    /// Who is asked to let the person represent somebody; nobody without representation.
    pub scoping: Option<Scoping>,
}

/// Who takes part beside the authentication service (digid.md 3.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scoping {
    /// The entity id of the BVD.
    pub requester_id: String,
    /// The same in `IDPList`, as CombiConnect wants it.
    pub idp_entry: Option<String>,
}

impl Scoping {
    /// Whether this is who was asked, and nobody else (digid case 48).
    pub fn is_only(&self, bvd: &str) -> bool {
        self.requester_id == bvd && self.idp_entry.as_ref().is_none_or(|entry| entry == bvd)
    }
}

impl AuthnRequest {
    /// Signs the request as a form: 4.x takes no other binding (digid case 39).
    ///
    /// # Errors
    /// [`CannotSend`] when the metadata offers no POST, or the request cannot be signed.
    pub fn send(
        &self,
        to: &IdpMetadata,
        relay_state: Option<&str>,
        key: &SigningKey,
    ) -> Result<PostForm, CannotSend> {
        if relay_state.is_some_and(|state| state.len() > RELAY_STATE_BYTES_MAX) {
            return Err(CannotSend::RelayState);
        }
        let action = to.sso_post.as_deref().ok_or(CannotSend::NoEndpoint)?;
        Ok(PostForm::signed(
            action,
            &self.to_xml(action),
            relay_state,
            key,
        )?)
    }

    fn to_xml(&self, destination: &str) -> String {
        let consumer = self.consumer.map(|index| index.to_string());
        El::new("samlp:AuthnRequest")
            .attr("xmlns:samlp", PROTOCOL)
            .attr("xmlns:saml", ASSERTION)
            .attr("ID", &*self.id)
            .attr("Version", "2.0")
            .attr("IssueInstant", instant::write(self.issue_instant))
            .attr("Destination", destination)
            .attr("ForceAuthn", "true")
            .attr_if("AssertionConsumerServiceIndex", consumer)
            .attr("AttributeConsumingServiceIndex", self.service.to_string())
            .child(El::new("saml:Issuer").text(&*self.issuer))
            .children(self.scoping.as_ref().map(Scoping::to_el))
            .to_xml()
    }
}

impl Scoping {
    fn to_el(&self) -> El {
        let list = self.idp_entry.as_ref().map(|entry| {
            let entry = El::new("samlp:IDPEntry").attr("ProviderID", &**entry);
            El::new("samlp:IDPList").child(entry)
        });
        El::new("samlp:Scoping")
            .children(list)
            .child(El::new("samlp:RequesterID").text(&*self.requester_id))
    }
}
