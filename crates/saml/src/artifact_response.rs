//! The answer behind an artifact (SAML core 3.5.2; digid.md 2.5, 2.6), as DigiD makes it.
//!
//! Every field is the caller's, so that the simulator can also answer wrongly when a test asks for
//! it. [`crate::digid::accept`] is the other side.

use identity::{Bsn, Loa};
use verdict::Moment;

use crate::encryption::{self, Drawn, Recipient};
use crate::keys::SigningKey;
use crate::names::{
    ACTING_SUBJECT, ASSERTION, AUTHN_FAILED, BEARER, DSIG, LEGAL_SUBJECT, NO_AUTHN_CONTEXT,
    NO_SUPPORTED_IDP, PROTOCOL, REQUEST_DENIED, REQUESTER, RESPONDER, SERVICE_UUID, SUCCESS,
    TRANSIENT,
};
use crate::signature::{self, CannotSign};
use crate::writer::El;
use crate::{NameId, instant, soap, status};

/// The prefixes that DigiD lists in its signatures (digid.md 2.2).
const DIGID_PREFIXES: &str = "ds saml samlp xs";

/// How long before and after its making DigiD lets an assertion count, in seconds (digid.md 2.5).
pub const VALIDITY_S: u32 = 120;

/// The answer to an [`crate::artifact_resolve::ArtifactResolve`].
#[derive(Clone, Debug)]
pub struct ArtifactResponse {
    /// Its own identifier. See [`crate::message_id`].
    pub id: String,
    /// When it was made.
    pub issue_instant: Moment,
    /// The identity provider's entity id; also that of what is inside.
    pub issuer: String,
    /// The `ID` of the ArtifactResolve.
    pub in_response_to: String,
    /// What was behind the artifact.
    pub content: Content,
}

/// What was behind an artifact.
#[derive(Clone, Debug)]
pub enum Content {
    /// Nothing: the artifact is unknown, was used, or is another service provider's; or the
    /// question is not as it should be (digid cases 12, 13).
    Refused,
    /// Nothing any more: the artifact is too old (digid case 14).
    TooOld,
    /// The answer to the request for a login.
    Response(Box<Response>),
}

/// The answer to an [`crate::authn_request::AuthnRequest`].
#[derive(Clone, Debug)]
pub struct Response {
    /// Its own identifier.
    pub id: String,
    /// When it was made.
    pub issue_instant: Moment,
    /// The `ID` of the AuthnRequest.
    pub in_response_to: String,
    /// The address of the assertion consumer service.
    pub destination: String,
    /// How the login ended.
    pub outcome: Outcome,
}

/// How a login ended (digid.md 2.6, 3.4).
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The person is who the assertion says.
    Success(Box<Assertion>),
    /// Cancelled or failed (digid case 17).
    AuthnFailed,
    /// The level was not reached (digid case 18).
    NoAuthnContext,
    /// The request was not as it should be (digid cases 6 to 8); in 4.x: the artifact is too old
    /// (digid case 47).
    RequestDenied,
    /// 4.x: cancelled (digid case 45).
    Cancelled,
    /// 4.x: failed (digid case 46).
    Failed,
    /// 4.x: representation was asked of somebody else than the BVD (digid case 48).
    NoSupportedIdp,
}

/// Who logged in.
#[derive(Clone, Debug)]
pub struct Assertion {
    /// Its own identifier.
    pub id: String,
    /// When it was made.
    pub issue_instant: Moment,
    /// Who.
    pub subject: Subject,
    /// For whom the assertion is: the service provider's entity id.
    pub audience: String,
    /// The address of the assertion consumer service.
    pub recipient: String,
    /// The `ID` of the AuthnRequest.
    pub in_response_to: String,
    /// From when it counts.
    pub not_before: Moment,
    /// From when it counts no more.
    pub not_on_or_after: Moment,
    /// When the person logged in.
    pub authn_instant: Moment,
    /// The session at the identity provider.
    pub session_index: String,
    /// The address of the person's computer.
    pub subject_address: String,
    /// The level that was reached.
    pub loa: Loa,
}

/// How an assertion names people.
#[derive(Clone, Debug)]
pub enum Subject {
    /// 3.x: in clear text.
    NameId(NameId),
    /// 4.x: encrypted.
    Encrypted(Box<EncryptedSubject>),
}

/// The people of a login of 4.x (digid.md 3.3).
#[derive(Clone, Debug)]
pub struct EncryptedSubject {
    /// A random name that says nothing about anybody.
    pub transient: String,
    /// Which service was logged in at.
    pub service_uuid: String,
    /// Who sat at the keyboard.
    pub acting: (Bsn, Drawn),
    /// Who was represented.
    pub legal: Option<(Bsn, Drawn)>,
    /// Who can read it.
    pub recipients: Vec<Recipient>,
    /// Who took part: the authentication service, and the BVD.
    pub authorities: Vec<String>,
}

/// The level that DigiD reports: a service for which Substantieel is switched off hears Midden
/// instead of Substantieel (digid.md 2.3).
pub fn reported_level(reached: Loa, service_has_substantieel: bool) -> Loa {
    if reached == Loa::Substantieel && !service_has_substantieel {
        return Loa::Midden; // digid case 21
    }
    reached
}

impl ArtifactResponse {
    /// The signed SOAP message. An assertion inside is signed by itself too.
    pub fn to_soap(&self, key: &SigningKey) -> Result<String, CannotSign> {
        let status = match self.content {
            Content::Refused => status::write(REQUESTER, Some(REQUEST_DENIED)),
            Content::TooOld | Content::Response(_) => status::write(SUCCESS, None),
        };
        let mut message = message("samlp:ArtifactResponse", &self.id, self.issue_instant)
            .attr("InResponseTo", &*self.in_response_to)
            .child(El::new("saml:Issuer").text(&*self.issuer))
            .child(status);
        if let Content::Response(response) = &self.content {
            message = message.child(response.to_el(&self.issuer, key)?);
        }
        Ok(soap::envelope(sign(&message, key)?))
    }
}

impl Response {
    fn to_el(&self, issuer: &str, key: &SigningKey) -> Result<El, CannotSign> {
        let status = match self.outcome {
            Outcome::Success(_) => status::write(SUCCESS, None),
            Outcome::AuthnFailed => status::write(RESPONDER, Some(AUTHN_FAILED)),
            Outcome::NoAuthnContext => status::write(RESPONDER, Some(NO_AUTHN_CONTEXT)),
            Outcome::RequestDenied => status::write(REQUESTER, Some(REQUEST_DENIED)),
            Outcome::Cancelled => {
                status::write_with(RESPONDER, AUTHN_FAILED, "Authentication cancelled") // digid case 45
            }
            Outcome::Failed => status::write(RESPONDER, Some(REQUEST_DENIED)), // digid case 46
            Outcome::NoSupportedIdp => status::write(REQUESTER, Some(NO_SUPPORTED_IDP)), // digid case 48
        };
        let response = message("samlp:Response", &self.id, self.issue_instant)
            .attr("Destination", &*self.destination)
            .attr("InResponseTo", &*self.in_response_to)
            .child(El::new("saml:Issuer").text(issuer))
            .child(status);
        Ok(match &self.outcome {
            Outcome::Success(assertion) => response.finished(sign(&assertion.to_el(issuer)?, key)?),
            _ => response,
        })
    }
}

impl Assertion {
    /// digid.md 2.5, the table; 3.3.
    fn to_el(&self, issuer: &str) -> Result<El, CannotSign> {
        let not_on_or_after = instant::write(self.not_on_or_after);
        let confirmation = El::new("saml:SubjectConfirmationData")
            .attr("InResponseTo", &*self.in_response_to)
            .attr("Recipient", &*self.recipient)
            .attr("NotOnOrAfter", &*not_on_or_after);
        let subject = El::new("saml:Subject").child(self.subject.name_id()).child(
            El::new("saml:SubjectConfirmation")
                .attr("Method", BEARER)
                .child(confirmation),
        );
        let audience = El::new("saml:AudienceRestriction")
            .child(El::new("saml:Audience").text(&*self.audience));
        let conditions = El::new("saml:Conditions")
            .attr("NotBefore", instant::write(self.not_before))
            .attr("NotOnOrAfter", not_on_or_after)
            .child(audience);
        let statement = El::new("saml:AuthnStatement")
            .attr("AuthnInstant", instant::write(self.authn_instant))
            .attr("SessionIndex", &*self.session_index)
            .child(El::new("saml:SubjectLocality").attr("Address", &*self.subject_address))
            .child(self.subject.context(self.loa));
        Ok(message("saml:Assertion", &self.id, self.issue_instant)
            .child(El::new("saml:Issuer").text(issuer))
            .children([subject, conditions, statement])
            .children(self.subject.attributes()?))
    }
}

impl Subject {
    fn name_id(&self) -> El {
        match self {
            Self::NameId(name_id) => El::new("saml:NameID").text(name_id.reveal()),
            Self::Encrypted(people) => El::new("saml:NameID")
                .attr("Format", TRANSIENT)
                .text(&*people.transient),
        }
    }

    /// The level in the words of this version, and who took part.
    fn context(&self, loa: Loa) -> El {
        let (class, authorities) = match self {
            Self::NameId(_) => (loa.class_ref(), &[][..]),
            // Basis has no URI in 4.x: nobody gets that far.
            Self::Encrypted(people) => (
                loa.eidas_uri().unwrap_or_else(|| loa.class_ref()),
                &people.authorities[..],
            ),
        };
        let authority = |name: &String| El::new("saml:AuthenticatingAuthority").text(&**name);
        El::new("saml:AuthnContext")
            .child(El::new("saml:AuthnContextClassRef").text(class))
            .children(authorities.iter().map(authority))
    }

    /// The attributes of 4.x; 3.x has none.
    fn attributes(&self) -> Result<Option<El>, CannotSign> {
        let Self::Encrypted(people) = self else {
            return Ok(None);
        };
        let attribute = |name: &str, value: El| {
            El::new("saml:Attribute")
                .attr("Name", name)
                .child(El::new("saml:AttributeValue").children([value]))
        };
        let encrypted = |(bsn, drawn): &(Bsn, Drawn)| {
            let content = encryption::legacy_bsn(bsn);
            encryption::encrypted_id(&content, &people.recipients, drawn)
                .map_err(|_| CannotSign::Unencrypted)
        };
        let service = El::new("saml:Attribute")
            .attr("Name", SERVICE_UUID)
            .child(El::new("saml:AttributeValue").text(&*people.service_uuid));
        let acting = attribute(ACTING_SUBJECT, encrypted(&people.acting)?);
        let legal = people.legal.as_ref().map(encrypted).transpose()?;
        let legal = legal.map(|value| attribute(LEGAL_SUBJECT, value));
        Ok(Some(
            El::new("saml:AttributeStatement")
                .children([service, acting])
                .children(legal),
        ))
    }
}

/// What every message and assertion of DigiD begins with. Each declares every prefix that its
/// signature lists, so that its digest does not depend on what it stands in.
pub(crate) fn message(name: &'static str, id: &str, issue_instant: Moment) -> El {
    El::new(name)
        .attr("xmlns:samlp", PROTOCOL)
        .attr("xmlns:saml", ASSERTION)
        .attr("xmlns:ds", DSIG)
        .attr("ID", id)
        .attr("Version", "2.0")
        .attr("IssueInstant", instant::write(issue_instant))
}

/// A message with DigiD's signature.
pub(crate) fn sign(message: &El, key: &SigningKey) -> Result<String, CannotSign> {
    signature::sign_listing(&message.to_xml(), key, DIGID_PREFIXES)
}
