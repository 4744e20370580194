//! Metadata of both sides (SAML metadata 2.4): who they are, where they are, which keys they sign
//! with. Files are read tolerantly as to comments and unknown parts, strictly as to what we use.

use std::fmt;

use crate::keys::{BadCertificate, Certificate, TrustedKey};
use crate::names::{DSIG, METADATA, PROTOCOL};
use crate::reader::{self, Document, Element, Unreadable};
use crate::signature::{self, SignatureFault};
use crate::writer::El;

mod idp;
mod sp;

pub use idp::{ArtifactResolutionService, IdpMetadata};
pub use sp::{AssertionConsumerService, AttributeConsumingService, SpMetadata};

/// Why a file is no metadata that we can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadMetadata {
    /// Not readable XML.
    Unreadable(Unreadable),
    /// The signature that was asked for is missing or does not count.
    Signature(SignatureFault),
    /// Not one `EntityDescriptor` with an `entityID` and one role of the wanted kind for SAML 2.0.
    NotMetadata,
    /// A signing certificate that cannot be used.
    Certificate(BadCertificate),
    /// No signing certificate.
    NoCertificate,
    /// No endpoint with a binding that DigiD 3.x uses.
    NoEndpoint,
    /// An endpoint whose address is no https URL, or whose index is no number.
    BadEndpoint,
}

impl fmt::Display for BadMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => why.fmt(f),
            Self::Signature(why) => why.fmt(f),
            Self::NotMetadata => f.write_str(
                "expected one EntityDescriptor with an entityID and one role for SAML 2.0",
            ),
            Self::Certificate(why) => write!(f, "a signing certificate cannot be used: {why}"),
            Self::NoCertificate => f.write_str("the metadata has no signing certificate"),
            Self::NoEndpoint => {
                f.write_str("the metadata has no endpoint with a binding that DigiD 3.x uses")
            }
            Self::BadEndpoint => f.write_str("an endpoint has no https URL or no numeric index"),
        }
    }
}

impl std::error::Error for BadMetadata {}

impl From<Unreadable> for BadMetadata {
    fn from(why: Unreadable) -> Self {
        Self::Unreadable(why)
    }
}

impl From<SignatureFault> for BadMetadata {
    fn from(why: SignatureFault) -> Self {
        Self::Signature(why)
    }
}

impl From<BadCertificate> for BadMetadata {
    fn from(why: BadCertificate) -> Self {
        Self::Certificate(why)
    }
}

/// An entity and one of its roles.
struct Role<'d> {
    entity_id: &'d str,
    descriptor: Element<'d>,
}

impl<'d> Role<'d> {
    fn read(entity: Element<'d>, role: &str) -> Result<Self, BadMetadata> {
        let entity_id = entity.attribute("entityID").filter(|id| !id.is_empty());
        let speaks_saml = |descriptor: &Element<'_>| {
            let protocols = descriptor
                .attribute("protocolSupportEnumeration")
                .unwrap_or_default();
            protocols
                .split_whitespace()
                .any(|protocol| protocol == PROTOCOL)
        };
        let descriptor = entity.only(METADATA, role).filter(speaks_saml);
        match (entity_id, descriptor) {
            (Some(entity_id), Some(descriptor)) if entity.is(METADATA, "EntityDescriptor") => {
                Ok(Self {
                    entity_id,
                    descriptor,
                })
            }
            _ => Err(BadMetadata::NotMetadata),
        }
    }

    /// The certificate of every key that may sign: `use="signing"`, or no use (SAML metadata
    /// 2.4.1.1). Of a chain the first counts.
    fn signing_certificates(&self) -> Result<Vec<Certificate>, BadMetadata> {
        let certificates = self.certificates("signing")?;
        if certificates.is_empty() {
            return Err(BadMetadata::NoCertificate);
        }
        Ok(certificates)
    }

    /// The certificate of every key that others may encrypt for. DigiD 3.x asks for none.
    fn encryption_certificates(&self) -> Result<Vec<Certificate>, BadMetadata> {
        self.certificates("encryption")
    }

    fn certificates(&self, wanted: &str) -> Result<Vec<Certificate>, BadMetadata> {
        let serves = |key: &Element<'_>| key.attribute("use").is_none_or(|used| used == wanted);
        self.descriptor
            .all(METADATA, "KeyDescriptor")
            .filter(serves)
            .flat_map(|key| key.all(DSIG, "KeyInfo"))
            .flat_map(|info| info.all(DSIG, "X509Data"))
            .filter_map(|data| data.all(DSIG, "X509Certificate").next())
            .map(|el| Ok(Certificate::from_base64(&el.text().unwrap_or_default())?))
            .collect()
    }

    /// The endpoints of this name and binding.
    fn endpoints<'n>(
        &self,
        name: &'n str,
        binding: &'n str,
    ) -> impl Iterator<Item = Element<'d>> + use<'d, 'n> {
        let bound = move |el: &Element<'_>| el.attribute("Binding") == Some(binding);
        self.descriptor.all(METADATA, name).filter(bound)
    }
}

/// Reads the document element from a signed file, or from an unsigned one that came by a trusted
/// way.
fn read<T>(
    file: &[u8],
    trusted: Option<&[TrustedKey]>,
    of: impl FnOnce(Element<'_>) -> Result<T, BadMetadata>,
) -> Result<T, BadMetadata> {
    let document: Document = reader::parse_tolerating_comments(file)?;
    match trusted {
        None => of(document.root()),
        Some(trusted) => of(signature::verify(document.root(), trusted)?.root()),
    }
}

/// The address of an endpoint. Everything that DigiD 3.x speaks goes over TLS.
fn location(endpoint: Element<'_>) -> Result<String, BadMetadata> {
    https_url(endpoint.attribute("Location").unwrap_or_default())
}

/// The address for answers, where it differs from that for requests (SAML metadata 2.2.2).
fn answer_location(endpoint: Element<'_>) -> Result<String, BadMetadata> {
    match endpoint.attribute("ResponseLocation") {
        Some(elsewhere) => https_url(elsewhere),
        None => location(endpoint),
    }
}

fn https_url(location: &str) -> Result<String, BadMetadata> {
    let printable = location.bytes().all(|byte| byte.is_ascii_graphic());
    let host = location.strip_prefix("https://").unwrap_or_default();
    if host.is_empty() || !printable {
        return Err(BadMetadata::BadEndpoint);
    }
    Ok(location.to_owned())
}

fn index(endpoint: Element<'_>) -> Result<u16, BadMetadata> {
    let index = endpoint
        .attribute("index")
        .ok_or(BadMetadata::BadEndpoint)?;
    index.parse().map_err(|_| BadMetadata::BadEndpoint)
}

/// `EntityDescriptor` around a role.
fn entity_descriptor(id: &str, entity_id: &str, role: El) -> El {
    El::new("md:EntityDescriptor")
        .attr("xmlns:md", METADATA)
        .attr("xmlns:ds", DSIG)
        .attr("ID", id)
        .attr("entityID", entity_id)
        .child(role)
}

fn key_descriptors(used: &'static str, certificates: &[Certificate]) -> impl Iterator<Item = El> {
    certificates.iter().map(move |certificate| {
        let data = El::new("ds:X509Data")
            .child(El::new("ds:X509Certificate").text(certificate.to_base64()));
        let info = El::new("ds:KeyInfo")
            .child(El::new("ds:KeyName").text(certificate.key_name()))
            .child(data);
        El::new("md:KeyDescriptor").attr("use", used).child(info)
    })
}

fn endpoint(name: &'static str, binding: &str, location: &str) -> El {
    El::new(name)
        .attr("Binding", binding)
        .attr("Location", location)
}
