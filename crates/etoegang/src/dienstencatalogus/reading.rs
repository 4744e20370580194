//! From the published file to an [`Uitgave`]: signature first, then only what was signed.
//!
//! The scheme says of its own schema that it is an example (etoegang.md §0.1), so that parts that are
//! not known here, and their order, are let pass. What is used must be exactly of the schema.

use std::fmt;

use identity::{Oin, ServiceId, ServiceUuid};
use saml::instant;
use saml::keys::TrustedKey;
use saml::reader::{self, Bounds, Element, Unreadable};
use saml::signature::{self, SignatureFault};

use super::uitgave::{
    Definitie, Dienstverlener, GevraagdAttribuut, Instantie, Tekst, ToegestaanKenmerk, Uitgave,
    Versie,
};
use super::{CATALOGUS, DIENSTEN_MAX, SAML2, XML};
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;

/// How much of a file is read. The network has some thousands of services, of a few kilobytes each;
/// the schema nests eight deep.
pub const BOUNDS: Bounds = Bounds {
    bytes: 16 * 1024 * 1024,
    depth: 16,
    tags: 1_000_000,
    equals: 64,
    namespaces: 32_768,
};

/// Characters of a name, at most (schema 1.13).
const NAAM_MAX: usize = 64;
/// Characters of a description or of a purpose, at most (schema 1.13).
const OMSCHRIJVING_MAX: usize = 1024;
/// Characters of a URN or a classifier, at most; the schema says nothing.
const URN_MAX: usize = 256;
/// How often an element may stand in one other; the schema says nothing. Services of a provider are
/// bounded by [`DIENSTEN_MAX`].
const HERHAALD_MAX: usize = 256;

/// Why a file is no catalogue that can be used. Nothing of the file is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatalogusFout {
    /// No XML that is read.
    Onleesbaar(Unreadable),
    /// The signature does not count: broken, of an unknown key, or none (etoegang case 92).
    Handtekening(SignatureFault),
    /// This element or attribute is missing, stands there too often, or is not of the schema
    /// (etoegang case 93).
    Schema(&'static str),
}

impl Uitgave {
    /// Reads a published file, of whose signature one of these keys must be the maker.
    ///
    /// # Errors
    /// [`CatalogusFout`]: nothing of the file is used then.
    pub fn read(file: &[u8], trusted: &[TrustedKey]) -> Result<Self, CatalogusFout> {
        let document = reader::parse_tolerating_comments_within(file, BOUNDS)
            .map_err(CatalogusFout::Onleesbaar)?;
        // etoegang case 92
        let signed = signature::verify_within(document.root(), trusted, BOUNDS)
            .map_err(CatalogusFout::Handtekening)?;
        Self::of(signed.root())
    }

    /// Reads the catalogue of an element whose signature was checked.
    fn of(root: Element<'_>) -> Result<Self, CatalogusFout> {
        if !root.is(CATALOGUS, "ServiceCatalogue") {
            return Err(CatalogusFout::Schema("ServiceCatalogue"));
        }
        let attribute = |name| {
            let value = root.attribute_of(CATALOGUS, name);
            value.ok_or(CatalogusFout::Schema(name))
        };
        let issued = instant::read(attribute("IssueInstant")?);
        let versie = Versie::parse(attribute("Version")?);
        let dienstverleners = several(root, "ServiceProvider", DIENSTEN_MAX)?;
        Ok(Self {
            versie: versie.map_err(|_| CatalogusFout::Schema("Version"))?,
            uitgegeven: issued.ok_or(CatalogusFout::Schema("IssueInstant"))?,
            dienstverleners: each(dienstverleners, Dienstverlener::of)?,
        })
    }
}

impl Dienstverlener {
    fn of(provider: Element<'_>) -> Result<Self, CatalogusFout> {
        let read = Self {
            oin: oin(provider, "ServiceProviderID")?,
            openbaar: is_public(provider)?,
            namen: texts(provider, "OrganizationDisplayName", NAAM_MAX)?,
            definities: each(
                several(provider, "ServiceDefinition", DIENSTEN_MAX)?,
                Definitie::of,
            )?,
            instanties: each(
                several(provider, "ServiceInstance", DIENSTEN_MAX)?,
                Instantie::of,
            )?,
        };
        let own = |instantie: &Instantie| instantie.service_id.oin() == read.oin.as_str();
        if read.namen.is_empty() {
            return Err(CatalogusFout::Schema("OrganizationDisplayName"));
        }
        if !read.instanties.iter().all(own) {
            return Err(CatalogusFout::Schema("ServiceID")); // etoegang.md §1
        }
        Ok(read)
    }
}

impl Definitie {
    fn of(definition: Element<'_>) -> Result<Self, CatalogusFout> {
        const NIVEAU: &str = "AuthnContextClassRef";
        let niveau = definition.only(SAML2, NIVEAU).and_then(Element::text);
        let niveau = Betrouwbaarheidsniveau::from_urn(&niveau.unwrap_or_default());
        let read = Self {
            service_uuid: uuid(definition, "ServiceUUID")?,
            openbaar: is_public(definition)?,
            namen: texts(definition, "ServiceName", NAAM_MAX)?,
            omschrijvingen: texts(definition, "ServiceDescription", OMSCHRIJVING_MAX)?,
            niveau: niveau.map_err(|_| CatalogusFout::Schema(NIVEAU))?,
            herkenningsmakelaar: oin(definition, "HerkenningsmakelaarId")?,
            kenmerken: each(
                several(definition, "EntityConcernedTypesAllowed", HERHAALD_MAX)?,
                ToegestaanKenmerk::of,
            )?,
            beperkingen: words(definition, "ServiceRestrictionsAllowed")?,
            attributen: each(
                several(definition, "RequestedAttribute", HERHAALD_MAX)?,
                GevraagdAttribuut::of,
            )?,
        };
        let required = [
            (read.namen.is_empty(), "ServiceName"),
            (read.omschrijvingen.is_empty(), "ServiceDescription"),
            (read.kenmerken.is_empty(), "EntityConcernedTypesAllowed"),
        ];
        match required.iter().find(|(is_missing, _)| *is_missing) {
            Some((_, name)) => Err(CatalogusFout::Schema(name)),
            None => Ok(read),
        }
    }
}

impl ToegestaanKenmerk {
    fn of(allowed: Element<'_>) -> Result<Self, CatalogusFout> {
        let number = allowed.attribute("setNumber").map(str::parse);
        let number = number.transpose();
        Ok(Self {
            soort: word(allowed, "EntityConcernedTypesAllowed")?,
            set: number.map_err(|_| CatalogusFout::Schema("setNumber"))?,
        })
    }
}

impl GevraagdAttribuut {
    fn of(asked: Element<'_>) -> Result<Self, CatalogusFout> {
        let naam = asked.attribute("Name").unwrap_or_default();
        if naam.is_empty() || naam.chars().count() > URN_MAX {
            return Err(CatalogusFout::Schema("RequestedAttribute"));
        }
        // As in SAML's metadata: not required unless it says so.
        let verplicht = asked.attribute("isRequired").unwrap_or("false");
        Ok(Self {
            naam: naam.to_owned(),
            verplicht: boolean(verplicht).ok_or(CatalogusFout::Schema("isRequired"))?,
            doelen: texts(asked, "PurposeStatement", OMSCHRIJVING_MAX)?,
        })
    }
}

impl Instantie {
    fn of(instance: Element<'_>) -> Result<Self, CatalogusFout> {
        const ID: &str = "ServiceID";
        let id = ServiceId::parse(&required(instance, ID)?);
        let others = several(instance, "AdditionalHerkenningsmakelaarId", HERHAALD_MAX)?;
        let mut herkenningsmakelaars = vec![oin(instance, "HerkenningsmakelaarId")?];
        herkenningsmakelaars.extend(each(others, |el| {
            oin_of(el, "AdditionalHerkenningsmakelaarId")
        })?);
        let optional = |name| match several(instance, name, 1)?.first() {
            Some(_) => uuid(instance, name).map(Some),
            None => Ok(None),
        };
        let classifiers = several(instance, "Classifiers", 1)?;
        let classifiers = each(classifiers, |el| words(el, "Classifier"))?;
        Ok(Self {
            service_id: id.map_err(|_| CatalogusFout::Schema(ID))?,
            service_uuid: uuid(instance, "ServiceUUID")?,
            definitie: optional("InstanceOfService")?,
            bemiddelt: optional("IntermediatedService")?,
            openbaar: is_public(instance)?,
            herkenningsmakelaars,
            classifiers: classifiers.concat(),
        })
    }
}

/// The children of this name, when there are not too many.
fn several<'d>(
    parent: Element<'d>,
    name: &'static str,
    max: usize,
) -> Result<Vec<Element<'d>>, CatalogusFout> {
    let found: Vec<_> = parent.all(CATALOGUS, name).take(max + 1).collect();
    if found.len() > max {
        return Err(CatalogusFout::Schema(name));
    }
    Ok(found)
}

fn each<'d, T>(
    elements: Vec<Element<'d>>,
    of: impl Fn(Element<'d>) -> Result<T, CatalogusFout>,
) -> Result<Vec<T>, CatalogusFout> {
    elements.into_iter().map(of).collect()
}

/// The text of the one child of this name.
fn required(parent: Element<'_>, name: &'static str) -> Result<String, CatalogusFout> {
    let text = parent.only(CATALOGUS, name).and_then(Element::text);
    text.ok_or(CatalogusFout::Schema(name))
}

fn oin(parent: Element<'_>, name: &'static str) -> Result<Oin, CatalogusFout> {
    let element = parent.only(CATALOGUS, name);
    oin_of(element.ok_or(CatalogusFout::Schema(name))?, name)
}

/// Twenty digits (etoegang case 93).
fn oin_of(element: Element<'_>, name: &'static str) -> Result<Oin, CatalogusFout> {
    let text = element.text().unwrap_or_default();
    Oin::parse(&text).map_err(|_| CatalogusFout::Schema(name)) // etoegang case 93
}

/// A UUID. Its letters may be upper case here, and are lower case from here on: one service has one
/// spelling.
fn uuid(parent: Element<'_>, name: &'static str) -> Result<ServiceUuid, CatalogusFout> {
    let text = required(parent, name)?.to_ascii_lowercase();
    ServiceUuid::parse(&text).map_err(|_| CatalogusFout::Schema(name))
}

fn is_public(element: Element<'_>) -> Result<bool, CatalogusFout> {
    let written = element.attribute_of(CATALOGUS, "IsPublic");
    let written = written.and_then(boolean);
    written.ok_or(CatalogusFout::Schema("IsPublic"))
}

/// `xs:boolean` has four spellings.
fn boolean(text: &str) -> Option<bool> {
    match text.trim_ascii() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn texts(
    parent: Element<'_>,
    name: &'static str,
    chars_max: usize,
) -> Result<Vec<Tekst>, CatalogusFout> {
    each(several(parent, name, HERHAALD_MAX)?, |el| {
        let taal = el.attribute_of(XML, "lang").unwrap_or_default();
        let tekst = el.text().unwrap_or_default();
        let is_ok = (1..=URN_MAX).contains(&taal.len()) && tekst.chars().count() <= chars_max;
        let (taal, fault) = (taal.to_owned(), CatalogusFout::Schema(name));
        is_ok.then_some(Tekst { taal, tekst }).ok_or(fault)
    })
}

fn words(parent: Element<'_>, name: &'static str) -> Result<Vec<String>, CatalogusFout> {
    each(several(parent, name, HERHAALD_MAX)?, |el| word(el, name))
}

fn word(element: Element<'_>, name: &'static str) -> Result<String, CatalogusFout> {
    let text = element.text().filter(|text| !text.is_empty());
    let text = text.filter(|text| text.chars().count() <= URN_MAX);
    text.ok_or(CatalogusFout::Schema(name))
}

impl fmt::Display for CatalogusFout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Onleesbaar(why) => write!(f, "the service catalogue cannot be read: {why}"),
            Self::Handtekening(why) => write!(f, "the service catalogue is not signed: {why}"),
            Self::Schema(part) => write!(f, "the service catalogue is not of its schema: {part}"),
        }
    }
}

impl std::error::Error for CatalogusFout {}
