//! The service catalogue as its manager publishes it (schema 1.13): providers, what each service is,
//! and where it is offered.
//!
//! What no role here uses (addresses, certificates, intermediation) is not read and not written.

use std::collections::BTreeMap;
use std::fmt;

use identity::{Oin, ServiceId, ServiceUuid};
use verdict::Moment;

use super::{DIENSTEN_MAX, Dienst, Dienstattribuut, Dienstencatalogus, OngeldigeCatalogus};
use crate::attribuut::Attribuutnaam;
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;

/// Bytes of a version, at most.
const VERSIE_BYTES_MAX: usize = 256;

/// One publication of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uitgave {
    /// `Version`.
    pub versie: Versie,
    /// `IssueInstant`, to the second.
    pub uitgegeven: Moment,
    /// `ServiceProvider`, in order.
    pub dienstverleners: Vec<Dienstverlener>,
}

/// The `Version` of a publication: a URN. The scheme's form ends in a number that counts on
/// (etoegang.md §8, C15).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versie(String);

/// A text that is no version. It does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OngeldigeVersie;

/// A text in a language (`xml:lang`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tekst {
    /// The language, as written: `nl`.
    pub taal: String,
    /// The text.
    pub tekst: String,
}

/// A provider with its services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dienstverlener {
    /// `ServiceProviderID`.
    pub oin: Oin,
    /// `IsPublic`.
    pub openbaar: bool,
    /// `OrganizationDisplayName`.
    pub namen: Vec<Tekst>,
    /// `ServiceDefinition`.
    pub definities: Vec<Definitie>,
    /// `ServiceInstance`.
    pub instanties: Vec<Instantie>,
}

/// What a service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definitie {
    /// `ServiceUUID`, in lower case.
    pub service_uuid: ServiceUuid,
    /// `IsPublic`.
    pub openbaar: bool,
    /// `ServiceName`.
    pub namen: Vec<Tekst>,
    /// `ServiceDescription`.
    pub omschrijvingen: Vec<Tekst>,
    /// `AuthnContextClassRef`.
    pub niveau: Betrouwbaarheidsniveau,
    /// `HerkenningsmakelaarId`.
    pub herkenningsmakelaar: Oin,
    /// `EntityConcernedTypesAllowed`.
    pub kenmerken: Vec<ToegestaanKenmerk>,
    /// `ServiceRestrictionsAllowed`.
    pub beperkingen: Vec<String>,
    /// `RequestedAttribute`.
    pub attributen: Vec<GevraagdAttribuut>,
}

/// A type of identifier by which a consumer of the service may be named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToegestaanKenmerk {
    /// The type's URN.
    pub soort: String,
    /// `setNumber`: types of one number are given together.
    pub set: Option<u32>,
}

/// An attribute that the service asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GevraagdAttribuut {
    /// `Name`.
    pub naam: String,
    /// `isRequired`.
    pub verplicht: bool,
    /// `PurposeStatement`.
    pub doelen: Vec<Tekst>,
}

/// A service as one provider offers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instantie {
    /// `ServiceID`; its OIN is the provider's.
    pub service_id: ServiceId,
    /// `ServiceUUID`, in lower case: mandates hang on it.
    pub service_uuid: ServiceUuid,
    /// `InstanceOfService`: of which definition.
    pub definitie: Option<ServiceUuid>,
    /// `IntermediatedService`: for which service of another this one is only the way.
    pub bemiddelt: Option<ServiceUuid>,
    /// `IsPublic`.
    pub openbaar: bool,
    /// `HerkenningsmakelaarId` and `AdditionalHerkenningsmakelaarId`: at least one.
    pub herkenningsmakelaars: Vec<Oin>,
    /// `Classifiers/Classifier`.
    pub classifiers: Vec<String>,
}

impl Uitgave {
    /// The services of it, as the roles use them.
    ///
    /// A service whose definition is not in the file, or that only leads to another's, is left out:
    /// nothing says its level. To the roles it is then a service that is not there (GUC4.2).
    ///
    /// # Errors
    /// [`OngeldigeCatalogus`]: a service or definition stands in it twice, or there are too many.
    pub fn catalogus(&self) -> Result<Dienstencatalogus, OngeldigeCatalogus> {
        let definities = self.definities()?;
        let instanties = self.dienstverleners.iter().flat_map(|dv| &dv.instanties);
        let dienst = |instantie: &Instantie| {
            let of = instantie.definitie.as_ref();
            let of = definities.get(of.unwrap_or(&instantie.service_uuid))?;
            (instantie.bemiddelt.is_none()).then(|| instantie.dienst(of))
        };
        Dienstencatalogus::new(instanties.filter_map(dienst))
    }

    /// The name of a service in this language, else in the first that it has. For people to read; it
    /// decides nothing.
    pub fn naam(&self, service_uuid: &ServiceUuid, taal: &str) -> Option<&str> {
        let all = || self.dienstverleners.iter();
        let mut instanties = all().flat_map(|dv| &dv.instanties);
        let instantie = instanties.find(|instantie| instantie.service_uuid == *service_uuid)?;
        let of = instantie.definitie.as_ref().unwrap_or(service_uuid);
        let mut definities = all().flat_map(|dv| &dv.definities);
        in_taal(
            &definities.find(|found| found.service_uuid == *of)?.namen,
            taal,
        )
    }

    /// The name of the provider of this OIN, as [`Self::naam`].
    pub fn naam_van_dv(&self, oin: &str, taal: &str) -> Option<&str> {
        let mut all = self.dienstverleners.iter();
        let namen = &all.find(|dv| dv.oin.as_str() == oin)?.namen;
        in_taal(namen, taal)
    }

    fn definities(&self) -> Result<BTreeMap<&ServiceUuid, &Definitie>, OngeldigeCatalogus> {
        let mut known = BTreeMap::new();
        for definitie in self.dienstverleners.iter().flat_map(|dv| &dv.definities) {
            let is_twice = known.insert(&definitie.service_uuid, definitie).is_some();
            if is_twice || known.len() > DIENSTEN_MAX {
                return Err(OngeldigeCatalogus);
            }
        }
        Ok(known)
    }
}

fn in_taal<'t>(namen: &'t [Tekst], taal: &str) -> Option<&'t str> {
    let wanted = namen.iter().find(|naam| naam.taal == taal);
    wanted.or(namen.first()).map(|naam| naam.tekst.as_str())
}

impl GevraagdAttribuut {
    /// As the roles use it; nothing where its name does not say who declares it.
    fn bekend(&self) -> Option<Dienstattribuut> {
        let naam = Attribuutnaam::parse(&self.naam).ok()?;
        let verplicht = self.verplicht;
        Some(Dienstattribuut { naam, verplicht })
    }
}

impl Definitie {
    /// Each once: one that stands there twice is required where one of the two is.
    fn bekende_attributen(&self) -> Vec<Dienstattribuut> {
        let mut known: Vec<Dienstattribuut> = Vec::new();
        for asked in self.attributen.iter().filter_map(GevraagdAttribuut::bekend) {
            match known.iter_mut().find(|one| one.naam == asked.naam) {
                Some(one) => one.verplicht |= asked.verplicht,
                None => known.push(asked),
            }
        }
        known
    }
}

impl Instantie {
    fn dienst(&self, of: &Definitie) -> Dienst {
        Dienst {
            service_id: self.service_id.clone(),
            service_uuid: self.service_uuid.clone(),
            niveau: of.niveau,
            herkenningsmakelaars: self.herkenningsmakelaars.clone(),
            classifiers: self.classifiers.clone(),
            attributen: of.bekende_attributen(),
        }
    }
}

impl Versie {
    /// Reads a URN (etoegang.md §8, C15: any is accepted).
    ///
    /// # Errors
    /// [`OngeldigeVersie`]: no URN, or too long.
    pub fn parse(text: &str) -> Result<Self, OngeldigeVersie> {
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        if text.starts_with("urn:") && printable && text.len() <= VERSIE_BYTES_MAX {
            Ok(Self(text.to_owned()))
        } else {
            Err(OngeldigeVersie)
        }
    }

    /// The scheme's form, for a production (`P`) or a test network (`T`).
    pub fn of(is_production: bool, volgnummer: u32) -> Self {
        let network = if is_production { 'P' } else { 'T' };
        Self(format!(
            "urn:etoegang:1.13:service-catalogue:{network}:{volgnummer}"
        ))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number at its end, when it is of the scheme's form.
    pub fn volgnummer(&self) -> Option<u32> {
        self.reeks()?.1.try_into().ok()
    }

    /// What stands before the last colon, and the number after it, when it is one.
    pub(super) fn reeks(&self) -> Option<(&str, u64)> {
        let (reeks, number) = self.0.rsplit_once(':')?;
        let is_plain = number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse().ok().filter(|_| is_plain)?;
        Some((reeks, number))
    }
}

impl fmt::Display for OngeldigeVersie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a URN as version of the service catalogue")
    }
}

impl std::error::Error for OngeldigeVersie {}
