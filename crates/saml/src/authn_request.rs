//! The request for a login (SAML core 3.4; digid.md 2.2): made by the service provider, judged by
//! the identity provider.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use identity::Loa;
use verdict::Moment;

use crate::instant;
use crate::keys::{SigningFailed, SigningKey};
use crate::metadata::IdpMetadata;
use crate::names::{ASSERTION, BINDING_ARTIFACT, PROTOCOL};
use crate::redirect::{self, Carried, RELAY_STATE_BYTES_MAX};
use crate::signature::{self, CannotSign};
use crate::writer::El;

mod received;

pub use received::{Denied, Received, Rejected, receive_post, receive_redirect};

/// A request for a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthnRequest {
    /// The identifier that the answer must name. See [`crate::message_id`].
    pub id: String,
    /// When it was made.
    pub issue_instant: Moment,
    /// The service provider's entity id.
    pub issuer: String,
    /// Where the artifact is to be brought.
    pub consumer: Consumer,
    /// The level that is asked for.
    pub level: RequestedLevel,
    /// Whether an earlier login of the browser must not be used.
    pub force_authn: bool,
    /// The name of the service, for the login page.
    pub provider_name: Option<String>,
}

/// Which assertion consumer service is meant. Index and URL at once cannot be said (digid case 7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consumer {
    /// The default of the metadata.
    Default,
    /// By its index in the metadata.
    Index(u16),
    /// By its URL, which must be in the metadata.
    Url(String),
}

/// A level and how to compare with it (SAML core 3.3.2.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestedLevel {
    /// How to compare.
    pub comparison: Comparison,
    /// With which level.
    pub loa: Loa,
}

/// How the level that was reached must compare with the level that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// It must be that level; also what the absence of the attribute means.
    Exact,
    /// At least that level.
    Minimum,
    /// At most that level.
    Maximum,
    /// Above that level.
    Better,
}

impl RequestedLevel {
    /// At least this level: what DigiD is asked in practice (digid.md 2.2).
    pub const fn minimum(loa: Loa) -> Self {
        Self {
            comparison: Comparison::Minimum,
            loa,
        }
    }

    /// Whether a login at this level will do. Levels compare by their numbers (digid.md 2.3).
    pub fn is_met_by(self, reached: Loa) -> bool {
        // digid cases 18, 19
        match self.comparison {
            Comparison::Exact => reached == self.loa,
            Comparison::Minimum => reached >= self.loa,
            Comparison::Maximum => reached <= self.loa,
            Comparison::Better => reached > self.loa,
        }
    }
}

impl Comparison {
    const ALL: [Self; 4] = [Self::Exact, Self::Minimum, Self::Maximum, Self::Better];

    const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Minimum => "minimum",
            Self::Maximum => "maximum",
            Self::Better => "better",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|comparison| comparison.name() == name)
    }
}

/// How the browser carries a request. Prints as `***`: a message is for no log.
#[derive(Clone, PartialEq, Eq)]
pub enum Sent {
    /// By a redirect to this URL, which is signed.
    Redirect(String),
    /// By a form that submits itself; the message in it is signed.
    Post(PostForm),
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Redirect(_) => "Redirect(***)",
            Self::Post(_) => "Post(***)",
        })
    }
}

/// The fields of the HTTP-POST binding (SAML bindings 3.5). They still have to be escaped for HTML.
#[derive(Clone, PartialEq, Eq)]
pub struct PostForm {
    /// Where the form is posted.
    pub action: String,
    /// The field `SAMLRequest`.
    pub saml_request: String,
    /// The field `RelayState`.
    pub relay_state: Option<String>,
}

impl PostForm {
    /// The form that posts this request, signed.
    pub(crate) fn signed(
        action: &str,
        request: &str,
        relay_state: Option<&str>,
        key: &SigningKey,
    ) -> Result<Self, CannotSign> {
        Ok(Self {
            action: action.to_owned(),
            saml_request: STANDARD.encode(signature::sign(request, key)?),
            relay_state: relay_state.map(str::to_owned),
        })
    }
}

impl fmt::Debug for PostForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostForm(***)")
    }
}

/// A request that cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CannotSend {
    /// The metadata offers neither Redirect nor POST.
    NoEndpoint,
    /// `RelayState` is longer than [`RELAY_STATE_BYTES_MAX`].
    RelayState,
    /// The request could not be signed.
    Signature(CannotSign),
}

impl fmt::Display for CannotSend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEndpoint => f.write_str("the metadata offers neither Redirect nor POST"),
            Self::RelayState => f.write_str("RelayState is longer than 80 bytes"),
            Self::Signature(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for CannotSend {}

impl From<CannotSign> for CannotSend {
    fn from(why: CannotSign) -> Self {
        Self::Signature(why)
    }
}

impl From<SigningFailed> for CannotSend {
    fn from(why: SigningFailed) -> Self {
        Self::Signature(why.into())
    }
}

impl AuthnRequest {
    /// Signs the request for this identity provider: as a redirect, or as a form when the metadata
    /// offers POST only (amendment to digid case 1).
    pub fn send(
        &self,
        to: &IdpMetadata,
        relay_state: Option<&str>,
        key: &SigningKey,
    ) -> Result<Sent, CannotSend> {
        if relay_state.is_some_and(|state| state.len() > RELAY_STATE_BYTES_MAX) {
            return Err(CannotSend::RelayState);
        }
        if let Some(url) = &to.sso_redirect {
            let carried = Carried::Request;
            let url = redirect::signed_url(url, carried, &self.to_xml(url), relay_state, key)?;
            return Ok(Sent::Redirect(url));
        }
        let action = to.sso_post.as_deref().ok_or(CannotSend::NoEndpoint)?;
        let form = PostForm::signed(action, &self.to_xml(action), relay_state, key)?;
        Ok(Sent::Post(form))
    }

    /// Whether the person must log in although an earlier login is still good: asked for, or the
    /// level is Substantieel or higher (digid.md 2.3).
    pub fn needs_fresh_login(&self) -> bool {
        // digid cases 20, 22
        self.force_authn || self.level.loa >= Loa::Substantieel
    }

    /// The message without signature, as digid.md 2.2 has it: no `NameIDPolicy`, no `Subject`.
    fn to_xml(&self, destination: &str) -> String {
        let (index, url) = match &self.consumer {
            Consumer::Default => (None, None),
            Consumer::Index(index) => (Some(index.to_string()), None),
            Consumer::Url(url) => (None, Some(url.as_str())),
        };
        let class = El::new("saml:AuthnContextClassRef").text(self.level.loa.class_ref());
        El::new("samlp:AuthnRequest")
            .attr("xmlns:samlp", PROTOCOL)
            .attr("xmlns:saml", ASSERTION)
            .attr("ID", &*self.id)
            .attr("Version", "2.0")
            .attr("IssueInstant", instant::write(self.issue_instant))
            .attr("Destination", destination)
            .attr_if("ForceAuthn", self.force_authn.then_some("true"))
            .attr_if("AssertionConsumerServiceIndex", index)
            .attr_if("ProtocolBinding", url.map(|_| BINDING_ARTIFACT))
            .attr_if("AssertionConsumerServiceURL", url)
            .attr_if("ProviderName", self.provider_name.as_deref())
            .child(El::new("saml:Issuer").text(&*self.issuer))
            .child(
                El::new("samlp:RequestedAuthnContext")
                    .attr("Comparison", self.level.comparison.name())
                    .child(class),
            )
            .to_xml()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digid_case_019_levels_compare_by_number() {
        let met = |comparison, reached: Loa| {
            let loa = Loa::Substantieel;
            RequestedLevel { comparison, loa }.is_met_by(reached)
        };
        let of = |comparison| Loa::ALL.map(|reached| met(comparison, reached));
        // SAML core §3.3.2.2.1; digid.md §2.3
        assert_eq!(of(Comparison::Exact), [false, false, true, false]);
        assert_eq!(of(Comparison::Minimum), [false, false, true, true]);
        assert_eq!(of(Comparison::Maximum), [true, true, true, false]);
        assert_eq!(of(Comparison::Better), [false, false, false, true]);
    }

    #[test]
    fn comparisons_are_read_back() {
        for comparison in Comparison::ALL {
            assert_eq!(Comparison::from_name(comparison.name()), Some(comparison));
        }
        assert_eq!(Comparison::from_name("Minimum"), None);
    }
}
