//! The service catalogue (dienstencatalogus, etoegang.md §5.5): which services there are, at which
//! level, through which HM, and whether a native app may use them.
//!
//! [`uitgave`] is the published file as values, [`reading`] and `writing` lead from and to its XML,
//! [`geldend`] says which publication is in force. Roles only see [`Dienstencatalogus`].

pub mod geldend;
pub mod reading;
pub mod uitgave;
mod writing;

use std::collections::BTreeMap;

use identity::{EntityId, Oin, ServiceId, ServiceUuid};

use crate::attribuut::Attribuutnaam;
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::instellingen::Instellingen;

/// The namespace of schema 1.13.
const CATALOGUS: &str = "urn:etoegang:1.13:service-catalog";
const SAML2: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// Services of one catalogue, at most. All of eToegang has some thousands.
pub const DIENSTEN_MAX: usize = 100_000;

/// A service instance with what its definition says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dienst {
    /// `ServiceID`; its OIN is that of the DV.
    pub service_id: ServiceId,
    /// `ServiceUUID` under `ServiceInstance`: mandates are registered for it.
    pub service_uuid: ServiceUuid,
    /// `AuthnContextClassRef`: the most that may be asked, and what is asked when nothing else is.
    pub niveau: Betrouwbaarheidsniveau,
    /// `HerkenningsmakelaarId` and `AdditionalHerkenningsmakelaarId`.
    pub herkenningsmakelaars: Vec<Oin>,
    /// `Classifiers/Classifier`, as written.
    pub classifiers: Vec<String>,
    /// `RequestedAttribute`: what may be asked for. A name of which nobody is said to declare it is left
    /// out.
    pub attributen: Vec<Dienstattribuut>,
}

/// An attribute that a service asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dienstattribuut {
    /// Which.
    pub naam: Attribuutnaam,
    /// `isRequired`: without it the service cannot be used (etoegang.md §3).
    pub verplicht: bool,
}

/// All services that a catalogue has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dienstencatalogus {
    diensten: BTreeMap<ServiceId, Dienst>,
    uuids: BTreeMap<ServiceUuid, ServiceId>,
}

/// Two services with one name, or more services than [`DIENSTEN_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OngeldigeCatalogus;

/// How a service stands to this HM now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stand {
    /// It is there, for native apps, and this HM's.
    Beschikbaar(Box<Dienst>),
    /// It is there and this HM's, but not classified for native apps.
    GeenNativeApp,
    /// It is not in the catalogue, or its DV is not connected to this HM.
    Weg,
}

impl Dienstencatalogus {
    /// A catalogue of these services.
    ///
    /// # Errors
    /// [`OngeldigeCatalogus`]: nothing of it is used then.
    pub fn new(diensten: impl IntoIterator<Item = Dienst>) -> Result<Self, OngeldigeCatalogus> {
        let mut catalogus = Self::default();
        for dienst in diensten {
            let id = dienst.service_id.clone();
            let uuid = dienst.service_uuid.clone();
            let is_full = catalogus.diensten.len() == DIENSTEN_MAX;
            let is_twice = catalogus.uuids.insert(uuid, id.clone()).is_some()
                || catalogus.diensten.insert(id, dienst).is_some();
            if is_full || is_twice {
                return Err(OngeldigeCatalogus);
            }
        }
        Ok(catalogus)
    }

    /// The service that a scope token names: its ServiceID, or `urn:uuid:` and its ServiceUUID
    /// (etoegang.md §4.3).
    pub fn van_scope(&self, token: &str) -> Option<&Dienst> {
        match token.strip_prefix("urn:uuid:") {
            Some(uuid) => self.uuids.get(uuid).and_then(|id| self.diensten.get(id)),
            None => self.diensten.get(token),
        }
    }

    /// Its services, in the order of their ids.
    pub fn diensten(&self) -> impl ExactSizeIterator<Item = &Dienst> {
        self.diensten.values()
    }

    /// Whether the provider of this OIN has a service in it.
    pub fn kent_dv(&self, oin: &str) -> bool {
        self.diensten().any(|dienst| dienst.service_id.oin() == oin)
    }

    /// How this service stands to this HM now. A service whose UUID changed is another one:
    /// mandates hang on the UUID.
    pub fn stand(
        &self,
        service_id: &ServiceId,
        service_uuid: &ServiceUuid,
        hm: &EntityId,
        instellingen: &Instellingen,
    ) -> Stand {
        let found = self.diensten.get(service_id);
        let found = found.filter(|dienst| dienst.service_uuid == *service_uuid);
        let is_ours = |dienst: &&Dienst| {
            let mut known = dienst.herkenningsmakelaars.iter();
            known.any(|oin| oin.as_str() == hm.oin())
        };
        match found.filter(is_ours) {
            None => Stand::Weg,
            Some(dienst) if dienst.is_native_app(instellingen) => {
                Stand::Beschikbaar(Box::new(dienst.clone()))
            }
            Some(_) => Stand::GeenNativeApp,
        }
    }
}

impl Dienst {
    /// Whether the catalogue declares this attribute for it.
    pub fn vraagt(&self, naam: &Attribuutnaam) -> bool {
        self.attributen.iter().any(|asked| asked.naam == *naam)
    }

    /// Whether a classifier marks it as a service for native apps (GUC9 9.1).
    pub fn is_native_app(&self, instellingen: &Instellingen) -> bool {
        let marks = |written: &String| {
            let known = instellingen.native_app.iter();
            known
                .map(|known| known.trim())
                .any(|known| known.eq_ignore_ascii_case(written.trim()))
        };
        self.classifiers.iter().any(marks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{dienst, hm};

    #[test]
    fn a_service_is_found_by_its_id_and_by_its_uuid() {
        let catalogus = Dienstencatalogus::new([dienst()]).expect("one service");
        let by_id = catalogus.van_scope("urn:etoegang:DV:00000001234567890000:services:1");
        assert_eq!(by_id, Some(&dienst()));
        let by_uuid = format!("urn:uuid:{}", dienst().service_uuid);
        assert_eq!(catalogus.van_scope(&by_uuid), Some(&dienst()));
        assert_eq!(catalogus.van_scope("openid"), None);
        assert_eq!(catalogus.diensten().len(), 1);
        assert!(catalogus.kent_dv("00000001234567890000"));
        assert!(!catalogus.kent_dv("00000001234567890001"));
        // etoegang.md §5.5
        assert_eq!(
            Dienstencatalogus::new([dienst(), dienst()]),
            Err(OngeldigeCatalogus)
        );
    }

    #[test]
    fn etoegang_case_067_only_a_classified_service_of_this_hm_is_for_native_apps() {
        let settings = Instellingen::default();
        let stand = |change: fn(&mut Dienst)| {
            let mut changed = dienst();
            change(&mut changed);
            let catalogus = Dienstencatalogus::new([changed]).expect("one service");
            let (id, uuid) = (dienst().service_id, dienst().service_uuid);
            catalogus.stand(&id, &uuid, &hm().entity, &settings)
        };
        // etoegang case 67
        assert!(matches!(stand(|_| {}), Stand::Beschikbaar(_)));
        let upper = stand(|dienst| dienst.classifiers = vec!["Native-App ".into()]);
        assert!(matches!(upper, Stand::Beschikbaar(_)));
        let inbound = stand(|dienst| dienst.classifiers = vec!["eIDAS-inbound".into()]);
        assert_eq!(inbound, Stand::GeenNativeApp);
        assert_eq!(
            stand(|dienst| dienst.herkenningsmakelaars.clear()),
            Stand::Weg
        );
        let other = stand(|dienst| {
            let uuid = "2c9d1c2e-1d0a-4d6b-8f5e-0000000000ff";
            dienst.service_uuid = ServiceUuid::parse(uuid).expect("a UUID");
        });
        assert_eq!(other, Stand::Weg);
    }
}
