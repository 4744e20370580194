//! The question behind an artifact (SAML core 3.5.1; digid.md 2.5): asked by the service provider
//! over mutual TLS, judged by the identity provider.

use verdict::Moment;

use crate::artifact::Artifact;
use crate::incoming::{
    Denial, IdentityProvider, NotFound, check_destination, check_version_and_time, sender,
};
use crate::keys::SigningKey;
use crate::names::{ASSERTION, PROTOCOL};
use crate::reader::{self, Element};
use crate::signature::{self, CannotSign};
use crate::writer::El;
use crate::{instant, soap};

/// A request to resolve an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactResolve {
    /// The identifier that the answer must name. See [`crate::message_id`].
    pub id: String,
    /// When it was made.
    pub issue_instant: Moment,
    /// The service provider's entity id.
    pub issuer: String,
    /// What to resolve.
    pub artifact: Artifact,
}

impl ArtifactResolve {
    /// The signed SOAP message for the endpoint at `destination`.
    pub fn to_soap(&self, destination: &str, key: &SigningKey) -> Result<String, CannotSign> {
        let message = El::new("samlp:ArtifactResolve")
            .attr("xmlns:samlp", PROTOCOL)
            .attr("xmlns:saml", ASSERTION)
            .attr("ID", &*self.id)
            .attr("Version", "2.0")
            .attr("IssueInstant", instant::write(self.issue_instant))
            .attr("Destination", destination)
            .child(El::new("saml:Issuer").text(&*self.issuer))
            .child(El::new("samlp:Artifact").text(self.artifact.reveal()));
        Ok(soap::envelope(signature::sign(&message.to_xml(), key)?))
    }
}

/// A question that is not answered with the contents of an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// HTTP 404: nobody knows who asks (digid case 15).
    NotFound(NotFound),
    /// An `ArtifactResponse` that is [`crate::artifact_response::Content::Refused`].
    Denied(Denied),
}

impl Rejected {
    /// One line for the operator.
    pub fn text(&self) -> String {
        match self {
            Self::NotFound(why) => why.to_string(),
            Self::Denied(denied) => denied.why.to_string(),
        }
    }
}

/// What is needed to answer that the question is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// Why.
    pub why: Denial,
    /// The question that the answer names.
    pub request_id: String,
    /// Who asked: its entity id.
    pub issuer: String,
}

impl From<NotFound> for Rejected {
    fn from(why: NotFound) -> Self {
        Self::NotFound(why)
    }
}

/// Judges the body of a request to the artifact resolution service. Whether the artifact is known,
/// unused, in time and for this issuer is for the caller to know.
pub fn receive(
    soap: &[u8],
    at: IdentityProvider<'_>,
    now: Moment,
) -> Result<ArtifactResolve, Rejected> {
    let document = reader::parse(soap).map_err(NotFound::from)?;
    let message = soap::content(document.root()).ok_or(NotFound::NotTheMessage)?;
    let sender = sender(message, "ArtifactResolve", at.service_providers)?;
    let signed = signature::verify(message, &sender.keys()).map_err(NotFound::from)?; // digid case 15
    let message = signed.root();
    let id = message.attribute("ID").ok_or(NotFound::NotTheMessage)?;
    // SAML core 3.2.1: nobody must say in SOAP where his message is going
    let read = check_version_and_time(message, now).and_then(|issue_instant| {
        check_destination(message, at.url)?;
        Ok((issue_instant, artifact(message)?))
    });
    match read {
        Ok((issue_instant, artifact)) => Ok(ArtifactResolve {
            id: id.to_owned(),
            issue_instant,
            issuer: sender.entity_id.clone(),
            artifact,
        }),
        Err(why) => Err(Rejected::Denied(Denied {
            why,
            request_id: id.to_owned(),
            issuer: sender.entity_id.clone(),
        })),
    }
}

fn artifact(message: Element<'_>) -> Result<Artifact, Denial> {
    let text = message.only(PROTOCOL, "Artifact").and_then(Element::text);
    Artifact::parse(&text.unwrap_or_default()).map_err(|_| Denial::Artifact)
}
