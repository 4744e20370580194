//! What the sections of roles mean.

use std::collections::BTreeSet;

use identity::{Loa, Ura};
use protocol::assertion::Audience;

use super::meant::{
    DigidConfig, DvaConfig, EntranceConfig, KoppeltaalConfig, LokalisatieConfig, MedmijConfig,
    MitzConfig, PgoConfig, RegisteredDva,
};
use super::reading::{Listeners, Reading};
use super::{ConfigFault, written};
use crate::input::{DvaSettings, level};
use crate::routes::dva::Vormen;

/// Bytes of a body at Koppeltaal, where nothing else is said: a FHIR resource, or the declaration of a domain.
const RESOURCE_BYTES_MAX: usize = 1024 * 1024;

impl Reading<'_> {
    pub(super) fn mitz(
        &self,
        mitz: written::Mitz,
        listeners: &Listeners,
    ) -> Result<MitzConfig, ConfigFault> {
        let min_level = self.min_level("mitz.min_level", mitz.min_level.as_deref())?;
        let dvas = mitz.dva.into_iter().enumerate();
        let dvas = dvas.map(|(at, dva)| self.registered_dva(&format!("mitz.dva[{at}]"), &dva));
        Ok(MitzConfig {
            node: self.node("mitz.node", &mitz.node)?,
            front: self.site("mitz.front", mitz.front, listeners)?,
            back: self.site("mitz.back", mitz.back, listeners)?,
            register: self.site("mitz.register", mitz.register, listeners)?,
            digid: DigidConfig {
                metadata: self.file_of(mitz.digid.metadata.as_ref()),
                signing: self.pem("mitz.digid", &mitz.digid.certificate, &mitz.digid.key),
                name: mitz.digid.name,
            },
            lokalisatie: self.url("mitz.lokalisatie", &mitz.lokalisatie)?,
            min_level,
            full_location_token: mitz.full_location_token,
            assertion_audience: if mitz.token_endpoint_as_audience {
                Audience::IssuerOrTokenEndpoint
            } else {
                Audience::Issuer
            },
            dvas: dvas.collect::<Result<_, _>>()?,
        })
    }

    fn registered_dva(
        &self,
        setting: &str,
        dva: &written::RegisteredDva,
    ) -> Result<RegisteredDva, ConfigFault> {
        let of = |name: &str| format!("{setting}.{name}");
        let ura = |text: &String| {
            Ura::parse(text).map_err(|error| self.fault(&of("uras"), error.to_string()))
        };
        let uras: BTreeSet<Ura> = dva.uras.iter().map(ura).collect::<Result<_, _>>()?;
        if uras.is_empty() {
            return Err(self.fault(&of("uras"), "expected at least one URA"));
        }
        Ok(RegisteredDva {
            host: self.host(&of("host"), &dva.host)?,
            issuer: self.url(&of("issuer"), &dva.issuer)?,
            jwks_uri: self.url(&of("jwks_uri"), &dva.jwks_uri)?,
            uras,
        })
    }

    pub(super) fn lokalisatie(
        &self,
        lokalisatie: written::Lokalisatie,
        listeners: &Listeners,
    ) -> Result<LokalisatieConfig, ConfigFault> {
        Ok(LokalisatieConfig {
            node: self.node("lokalisatie.node", &lokalisatie.node)?,
            site: self.site("lokalisatie.site", lokalisatie.site, listeners)?,
            mitz_host: self.host("lokalisatie.mitz_host", &lokalisatie.mitz_host)?,
        })
    }

    pub(super) fn dva(
        &self,
        dva: written::Dva,
        listeners: &Listeners,
    ) -> Result<DvaConfig, ConfigFault> {
        let consent = &dva.consent_introspection;
        Ok(DvaConfig {
            node: self.node("dva.node", &dva.node)?,
            front: self.site("dva.front", dva.front, listeners)?,
            back: self.site("dva.back", dva.back, listeners)?,
            discovery: self.site("dva.discovery", dva.discovery, listeners)?,
            mitz: self.url("dva.mitz", &dva.mitz)?,
            mitz_jwks: self.url("dva.mitz_jwks", &dva.mitz_jwks)?,
            consent_introspection: self.url("dva.consent_introspection", consent)?,
            xis: self.url("dva.xis", &dva.xis)?,
            stelselnode: self.url("dva.stelselnode", &dva.stelselnode)?,
            age_min: dva.age_min.unwrap_or(DvaSettings::AGE_MIN),
            jwt_bearer: dva.jwt_bearer,
            full_location_token: dva.full_location_token,
            medmij: dva.medmij.map(|medmij| self.medmij(medmij)).transpose()?,
        })
    }

    fn medmij(&self, medmij: written::Medmij) -> Result<MedmijConfig, ConfigFault> {
        let digid = |setting: &str, digid: written::Digid| DigidConfig {
            metadata: self.file_of(digid.metadata.as_ref()),
            signing: self.pem(setting, &digid.certificate, &digid.key),
            name: digid.name,
        };
        let entrance = medmij.entrance.map(|entrance| {
            let setting = "dva.medmij.entrance";
            let (certificate, key) = (&entrance.encryption_certificate, &entrance.encryption_key);
            EntranceConfig {
                encryption: self.pem(setting, certificate, key),
                service_uuid: entrance.service_uuid,
                bvd: entrance.bvd,
                digid: digid(
                    setting,
                    written::Digid {
                        metadata: entrance.metadata,
                        certificate: entrance.certificate,
                        key: entrance.key,
                        name: None,
                    },
                ),
            }
        });
        Ok(MedmijConfig {
            min_level: self.min_level("dva.medmij.min_level", medmij.min_level.as_deref())?,
            vormen: Vormen {
                post_query: medmij.post_query,
                get_query: medmij.get_query,
            },
            subscription_days_max: medmij.subscription_days_max,
            left_open: medmij.left_open,
            digid: digid("dva.medmij.digid", medmij.digid),
            name: medmij.name,
            telephone: medmij.telephone,
            entrance,
        })
    }

    /// Substantieel, where nothing else is said.
    fn min_level(&self, setting: &str, name: Option<&str>) -> Result<Loa, ConfigFault> {
        name.map_or(Ok(Loa::Substantieel), |name| {
            level(name).ok_or_else(|| {
                let expected = "expected basis, midden, substantieel or hoog";
                self.fault(setting, expected)
            })
        })
    }

    pub(super) fn pgo(
        &self,
        pgo: written::Pgo,
        listeners: &Listeners,
    ) -> Result<PgoConfig, ConfigFault> {
        let origins = pgo.login_origins.iter();
        let origins = origins.map(|origin| self.url("pgo.login_origins", origin));
        Ok(PgoConfig {
            login_origins: origins.collect::<Result<_, _>>()?,
            node: self.node("pgo.node", &pgo.node)?,
            front: self.site("pgo.front", pgo.front, listeners)?,
            mitz: self.url("pgo.mitz", &pgo.mitz)?,
            toestemmingen: self.url("pgo.toestemmingen", &pgo.toestemmingen)?,
            stelselnode: self.url("pgo.stelselnode", &pgo.stelselnode)?,
        })
    }

    pub(super) fn koppeltaal(
        &self,
        koppeltaal: written::Koppeltaal,
        listeners: &Listeners,
    ) -> Result<KoppeltaalConfig, ConfigFault> {
        let is_said = koppeltaal.site.body_bytes_max.is_some();
        let mut site = self.site("koppeltaal.site", koppeltaal.site, listeners)?;
        if !is_said {
            site.limits.body_bytes_max = RESOURCE_BYTES_MAX;
        }
        Ok(KoppeltaalConfig {
            node: self.node("koppeltaal.node", &koppeltaal.node)?,
            site,
        })
    }
}
