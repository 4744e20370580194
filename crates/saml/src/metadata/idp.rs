//! The identity provider: DigiD, or its simulator.

use super::{
    BadMetadata, Role, endpoint, entity_descriptor, index, key_descriptors, location, read,
};
use crate::keys::{Certificate, SigningKey, TrustedKey};
use crate::names::{BINDING_POST, BINDING_REDIRECT, BINDING_SOAP, PROTOCOL};
use crate::reader::Element;
use crate::signature::{self, CannotSign};
use crate::writer::El;

/// What a service provider must know of DigiD (digid.md 2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdpMetadata {
    /// The name by which it calls itself in `Issuer`.
    pub entity_id: String,
    /// Where a browser brings a request in the query.
    pub sso_redirect: Option<String>,
    /// Where a browser posts a request.
    pub sso_post: Option<String>,
    /// Where a browser brings a logout in the query.
    pub slo_redirect: Option<String>,
    /// Where a browser posts a logout.
    pub slo_post: Option<String>,
    /// Where artifacts are resolved, by index.
    pub artifact_resolution: Vec<ArtifactResolutionService>,
    /// The certificates it signs with: several while it changes keys.
    pub signing: Vec<Certificate>,
}

/// An endpoint of the back channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactResolutionService {
    /// The endpoint index that artifacts carry.
    pub index: u16,
    /// An https URL.
    pub url: String,
}

impl IdpMetadata {
    /// Reads a file that came by a trusted way, such as configuration. Its signature, if any, is
    /// not looked at.
    pub fn parse(file: &[u8]) -> Result<Self, BadMetadata> {
        read(file, None, Self::from_entity)
    }

    /// Reads a file that one of these keys must have signed.
    pub fn parse_signed(file: &[u8], trusted: &[TrustedKey]) -> Result<Self, BadMetadata> {
        read(file, Some(trusted), Self::from_entity)
    }

    /// Signed metadata with this `ID`.
    pub fn to_xml(&self, id: &str, key: &SigningKey) -> Result<String, CannotSign> {
        let resolution = |service: &ArtifactResolutionService| {
            endpoint("md:ArtifactResolutionService", BINDING_SOAP, &service.url)
                .attr("index", service.index.to_string())
        };
        let bound = |name, redirect: &Option<String>, post: &Option<String>| {
            let urls = [(BINDING_REDIRECT, redirect), (BINDING_POST, post)];
            urls.map(|(binding, url)| Some(endpoint(name, binding, url.as_deref()?)))
        };
        let slo = bound("md:SingleLogoutService", &self.slo_redirect, &self.slo_post);
        let sso = bound("md:SingleSignOnService", &self.sso_redirect, &self.sso_post);
        let role = El::new("md:IDPSSODescriptor")
            .attr("WantAuthnRequestsSigned", "true")
            .attr("protocolSupportEnumeration", PROTOCOL)
            .children(key_descriptors("signing", &self.signing))
            .children(self.artifact_resolution.iter().map(resolution))
            .children(slo.into_iter().flatten())
            .children(sso.into_iter().flatten());
        signature::sign(&entity_descriptor(id, &self.entity_id, role).to_xml(), key)
    }

    /// The keys whose signatures count for messages of this identity provider.
    pub fn keys(&self) -> Vec<TrustedKey> {
        self.signing
            .iter()
            .map(|certificate| certificate.key().clone())
            .collect()
    }

    /// The address for artifacts of this endpoint index. Artifacts are resolved nowhere else.
    pub fn artifact_resolution_at(&self, index: u16) -> Option<&str> {
        let mut services = self.artifact_resolution.iter();
        services
            .find(|service| service.index == index)
            .map(|service| &*service.url)
    }

    fn from_entity(entity: Element<'_>) -> Result<Self, BadMetadata> {
        let role = Role::read(entity, "IDPSSODescriptor")?;
        let first = |name, binding| {
            let endpoint = role.endpoints(name, binding).next();
            endpoint.map(location).transpose()
        };
        let sso = |binding| first("SingleSignOnService", binding);
        let slo = |binding| first("SingleLogoutService", binding);
        let resolution = |endpoint| {
            Ok(ArtifactResolutionService {
                index: index(endpoint)?,
                url: location(endpoint)?,
            })
        };
        let metadata = Self {
            entity_id: role.entity_id.to_owned(),
            sso_redirect: sso(BINDING_REDIRECT)?,
            sso_post: sso(BINDING_POST)?,
            slo_redirect: slo(BINDING_REDIRECT)?,
            slo_post: slo(BINDING_POST)?,
            artifact_resolution: role
                .endpoints("ArtifactResolutionService", BINDING_SOAP)
                .map(resolution)
                .collect::<Result<_, BadMetadata>>()?,
            signing: role.signing_certificates()?,
        };
        let no_sso = metadata.sso_redirect.is_none() && metadata.sso_post.is_none();
        if no_sso || metadata.artifact_resolution.is_empty() {
            return Err(BadMetadata::NoEndpoint);
        }
        Ok(metadata)
    }
}
