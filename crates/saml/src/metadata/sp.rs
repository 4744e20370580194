//! The service provider: us, or whoever logs in at the simulator.

use super::{
    BadMetadata, Role, answer_location, endpoint, entity_descriptor, index, key_descriptors,
    location, read,
};
use crate::keys::{Certificate, SigningKey, TrustedKey};
use crate::names::{
    ASSERTION, BINDING_ARTIFACT, BINDING_POST, BINDING_REDIRECT, BINDING_SOAP, METADATA, PROTOCOL,
    SERVICE_UUID,
};
use crate::reader::Element;
use crate::signature::{self, CannotSign};
use crate::writer::El;

/// What DigiD must know of a service provider (digid.md 2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpMetadata {
    /// The name by which it calls itself in `Issuer`.
    pub entity_id: String,
    /// Where a browser brings artifacts.
    pub consumers: Vec<AssertionConsumerService>,
    /// Where a browser brings the answer to a logout.
    pub slo_redirect: Option<String>,
    /// Where a browser posts the answer to a logout of 4.x.
    pub slo_post: Option<String>,
    /// Where it is told that DigiD logs somebody out.
    pub slo_soap: Option<String>,
    /// The certificates it signs with: several while it changes keys.
    pub signing: Vec<Certificate>,
    /// The certificates that others encrypt for, of 4.x: the first counts.
    pub encryption: Vec<Certificate>,
    /// Its services, of 4.x.
    pub services: Vec<AttributeConsumingService>,
}

/// A service by which a request of 4.x may name what the person logs in at (digid.md 3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeConsumingService {
    /// The index.
    pub index: u16,
    /// What it is called in the catalogue of services.
    pub service_uuid: String,
    /// What it is called for people.
    pub name: String,
}

/// An endpoint for artifacts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssertionConsumerService {
    /// The index by which a request may name it.
    pub index: u16,
    /// An https URL.
    pub url: String,
    /// Whether it is meant when a request names none.
    pub is_default: bool,
}

impl SpMetadata {
    /// Reads a file that came by a trusted way, as DigiD gets it by form. Its signature, if any,
    /// is not looked at.
    pub fn parse(file: &[u8]) -> Result<Self, BadMetadata> {
        read(file, None, Self::from_entity)
    }

    /// Reads a file that one of these keys must have signed.
    pub fn parse_signed(file: &[u8], trusted: &[TrustedKey]) -> Result<Self, BadMetadata> {
        read(file, Some(trusted), Self::from_entity)
    }

    /// Signed metadata with this `ID`. It promises signed requests and asks for signed assertions:
    /// we accept no others.
    pub fn to_xml(&self, id: &str, key: &SigningKey) -> Result<String, CannotSign> {
        let consumer = |service: &AssertionConsumerService| {
            endpoint(
                "md:AssertionConsumerService",
                BINDING_ARTIFACT,
                &service.url,
            )
            .attr("index", service.index.to_string())
            .attr("isDefault", service.is_default.to_string())
        };
        let slo = [
            (BINDING_REDIRECT, &self.slo_redirect),
            (BINDING_POST, &self.slo_post),
            (BINDING_SOAP, &self.slo_soap),
        ];
        let slo = slo.into_iter().filter_map(|(binding, url)| {
            Some(endpoint("md:SingleLogoutService", binding, url.as_deref()?))
        });
        let role = El::new("md:SPSSODescriptor")
            .attr("AuthnRequestsSigned", "true")
            .attr("WantAssertionsSigned", "true") // digid case 28
            .attr("protocolSupportEnumeration", PROTOCOL)
            .children(key_descriptors("signing", &self.signing))
            .children(key_descriptors("encryption", &self.encryption))
            .children(slo)
            .children(self.consumers.iter().map(consumer))
            .children(self.services.iter().map(AttributeConsumingService::to_el));
        signature::sign(&entity_descriptor(id, &self.entity_id, role).to_xml(), key)
    }

    /// The keys whose signatures count for messages of this service provider.
    pub fn keys(&self) -> Vec<TrustedKey> {
        self.signing
            .iter()
            .map(|certificate| certificate.key().clone())
            .collect()
    }

    /// The address of the consumer service of this index.
    pub fn consumer_at(&self, index: u16) -> Option<&str> {
        let mut services = self.consumers.iter();
        services
            .find(|service| service.index == index)
            .map(|service| &*service.url)
    }

    /// What the catalogue calls the service of this index.
    pub fn service_at(&self, index: u16) -> Option<&str> {
        let mut services = self.services.iter();
        services
            .find(|service| service.index == index)
            .map(|service| &*service.service_uuid)
    }

    /// The address for requests that name none: the default, else the first.
    pub fn default_consumer(&self) -> Option<&str> {
        let default = self.consumers.iter().find(|service| service.is_default);
        default
            .or(self.consumers.first())
            .map(|service| &*service.url)
    }

    /// The address, if it is that of a consumer service: compared as text, never as a URL.
    pub fn consumer_of_url(&self, url: &str) -> Option<&str> {
        let mut services = self.consumers.iter();
        services
            .find(|service| service.url == url)
            .map(|service| &*service.url)
    }

    fn from_entity(entity: Element<'_>) -> Result<Self, BadMetadata> {
        let role = Role::read(entity, "SPSSODescriptor")?;
        let consumer = |endpoint: Element<'_>| {
            Ok(AssertionConsumerService {
                index: index(endpoint)?,
                url: location(endpoint)?,
                is_default: matches!(endpoint.attribute("isDefault"), Some("true" | "1")),
            })
        };
        let consumers: Vec<_> = role
            .endpoints("AssertionConsumerService", BINDING_ARTIFACT)
            .map(consumer)
            .collect::<Result<_, BadMetadata>>()?;
        if consumers.is_empty() {
            return Err(BadMetadata::NoEndpoint);
        }
        let slo = |binding| role.endpoints("SingleLogoutService", binding).next();
        Ok(Self {
            entity_id: role.entity_id.to_owned(),
            consumers,
            slo_redirect: slo(BINDING_REDIRECT).map(answer_location).transpose()?,
            slo_post: slo(BINDING_POST).map(answer_location).transpose()?,
            slo_soap: slo(BINDING_SOAP).map(location).transpose()?,
            signing: role.signing_certificates()?,
            encryption: role.encryption_certificates()?,
            services: role
                .descriptor
                .all(METADATA, "AttributeConsumingService")
                .filter_map(AttributeConsumingService::read)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl AttributeConsumingService {
    /// A service of 4.x; nothing for one of another kind.
    fn read(service: Element<'_>) -> Option<Result<Self, BadMetadata>> {
        let named = |attribute: &Element<'_>| attribute.attribute("Name") == Some(SERVICE_UUID);
        let mut attributes = service.all(METADATA, "RequestedAttribute");
        let value = attributes
            .find(named)?
            .only(ASSERTION, "AttributeValue")?
            .text()?;
        let name = service.all(METADATA, "ServiceName").next();
        Some(index(service).map(|index| Self {
            index,
            service_uuid: value,
            name: name.and_then(Element::text).unwrap_or_default(),
        }))
    }

    fn to_el(&self) -> El {
        let value = El::new("saml:AttributeValue")
            .attr("xmlns:saml", ASSERTION)
            .text(&*self.service_uuid);
        let attribute = El::new("md:RequestedAttribute")
            .attr("Name", SERVICE_UUID)
            .attr("isRequired", "true")
            .child(value);
        El::new("md:AttributeConsumingService")
            .attr("index", self.index.to_string())
            .child(
                El::new("md:ServiceName")
                    .attr("xml:lang", "nl")
                    .text(&*self.name),
            )
            .child(attribute)
    }
}
