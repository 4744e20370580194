//! DigiD 4.x: a service of the catalogue, and logins for somebody else (digid.md §3).

use rustls_pki_types::PrivateKeyDer;
use saml::digid::Authenticated;
use saml::encryption::DecryptionKey;
use saml::entrance::{AuthnRequest, Scoping};
use saml::keys::Certificate;
use saml::metadata::AttributeConsumingService;

use super::{CONSUMER, Misconfigured};
use crate::certificates;

/// The index of our only service in our metadata.
const SERVICE: u16 = 0;

/// How we are known at the entrance.
#[derive(Clone, Debug)]
pub struct EntranceConfig {
    /// What the catalogue calls our service.
    pub service_uuid: String,
    /// What it is called for people.
    pub service_name: String,
    /// The entity id of the Bevoegdheidsverklaringsdienst, which lets people represent others.
    pub bvd_entity_id: String,
}

/// Whether a person is to log in for somebody else, and by what right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vertegenwoordiging {
    /// For nobody but himself.
    Geen,
    /// By authorization (MedMij `onbehalfof`).
    Machtiging,
    /// As a parent (MedMij `onbehalfofchild`).
    Ouder,
}

/// A login that is not what was asked for as to representation: the person is told, and nothing goes
/// on (MedMij Authorization interface Vertegenwoordiging 1 and 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afwijking {
    /// Nobody is represented although that was asked.
    Ontbreekt,
    /// Somebody is represented although that was not asked.
    Ongevraagd,
}

impl Vertegenwoordiging {
    /// What differs in this login from what was asked, if anything.
    pub const fn afwijking(self, person: &Authenticated) -> Option<Afwijking> {
        match (self, &person.vertegenwoordigde) {
            (Self::Geen, None) | (Self::Machtiging | Self::Ouder, Some(_)) => None,
            (Self::Machtiging | Self::Ouder, None) => Some(Afwijking::Ontbreekt), // digid case 50
            (Self::Geen, Some(_)) => Some(Afwijking::Ongevraagd),                 // digid case 51
        }
    }
}

impl Afwijking {
    /// The requirement that decided.
    pub const fn requirement(self) -> &'static str {
        match self {
            Self::Ontbreekt => "digid case 50",
            Self::Ongevraagd => "digid case 51",
        }
    }

    /// One line for the operator.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Ontbreekt => "representation was asked, and the person represents nobody",
            Self::Ongevraagd => "the person represents somebody, and nobody asked for that",
        }
    }
}

/// Our side of 4.x.
pub(super) struct Entrance {
    config: EntranceConfig,
    decryption: [DecryptionKey; 1],
}

impl Entrance {
    pub(super) fn new(
        config: EntranceConfig,
        encryption: &certificates::Identity,
    ) -> Result<Self, Misconfigured> {
        let PrivateKeyDer::Pkcs8(key) = encryption.key() else {
            return Err(saml::keys::BadKey::Unreadable.into());
        };
        let certificate = Certificate::from_der(encryption.certificate())?;
        let key = DecryptionKey::from_pkcs8(key.secret_pkcs8_der(), certificate)?;
        Ok(Self {
            config,
            decryption: [key],
        })
    }

    /// Our request (digid case 39). The BVD is asked only for a login for somebody else (digid case 49).
    pub(super) fn request(
        &self,
        id: &str,
        issuer: &str,
        vertegenwoordiging: Vertegenwoordiging,
        now: verdict::Moment,
    ) -> AuthnRequest {
        let bvd = &self.config.bvd_entity_id;
        let scoping = (vertegenwoordiging != Vertegenwoordiging::Geen).then(|| Scoping {
            requester_id: bvd.clone(),
            idp_entry: Some(bvd.clone()),
        });
        AuthnRequest {
            id: id.to_owned(),
            issue_instant: now,
            issuer: issuer.to_owned(),
            consumer: Some(CONSUMER),
            service: SERVICE,
            scoping,
        }
    }

    pub(super) fn service(&self) -> AttributeConsumingService {
        AttributeConsumingService {
            index: SERVICE,
            service_uuid: self.config.service_uuid.clone(),
            name: self.config.service_name.clone(),
        }
    }

    pub(super) const fn certificate(&self) -> &Certificate {
        self.decryption[0].certificate()
    }

    pub(super) fn version(&self) -> saml::digid::Version<'_> {
        saml::digid::Version::V4 {
            service_uuid: &self.config.service_uuid,
            decryption: &self.decryption,
        }
    }
}
