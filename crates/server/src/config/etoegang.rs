//! What `[hm]`, `[ad]` and `[mr]` say: the roles of eToegang, and whom each knows.
//!
//! Apps stand in `etoegang.json` among the registers, services there or in the published catalogue; means
//! and mandates in the store.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use etoegang::authenticatiedienst;
use etoegang::dienstencatalogus::geldend::OUDST_S;
use etoegang::instellingen::{Instellingen, Ondertekening};
use identity::{EntityId, Rol};

use super::meant::{NodeIdentity, SiteConfig};
use super::reading::{Listeners, Reading};
use super::{ConfigFault, written as other};
use crate::catalogus::Plaats;
use crate::keys::{Purpose, Schedule};

pub(super) mod written;

/// How many days an authority is given to certify a key.
const LEAD_DAYS: u32 = 14;
/// Less than the time of a key that signs, which is 90 days.
const LEAD_DAYS_ALLOWED: RangeInclusive<u32> = 1..=60;

/// Seconds of a day.
const DAY_S: u32 = 86_400;
/// How old a catalogue may be when it is taken: ten years, at most.
const MAX_AGE_DAYS: RangeInclusive<u32> = 1..=3_660;

/// What `[hm]` says.
#[derive(Clone, Debug)]
pub struct HmConfig {
    /// Its EntityID.
    pub entity: EntityId,
    /// The certificates of keys: its own, and those of others.
    pub x5c: X5cConfig,
    /// With which certificate it calls others.
    pub node: NodeIdentity,
    /// Its host.
    pub site: SiteConfig,
    /// How it gives out tokens.
    pub instellingen: Instellingen,
    /// Where the service catalogue is published; without it services stand in `etoegang.json`.
    pub catalogus: Option<CatalogusConfig>,
    /// The ADs that people can choose; at least one. The place of each is the number in the redirect URI that
    /// it has for us.
    pub ads: Vec<CalledConfig>,
    /// The registers that it asks, as [`Self::ads`].
    pub mrs: Vec<CalledConfig>,
    /// The backends of DVs that may introspect.
    pub dvs: Vec<BackendConfig>,
}

/// What `[ad]` says.
#[derive(Clone, Debug)]
pub struct AdConfig {
    /// Its EntityID.
    pub entity: EntityId,
    /// The certificates of keys: its own, and those of others.
    pub x5c: X5cConfig,
    /// With which certificate it calls others.
    pub node: NodeIdentity,
    /// Its host.
    pub site: SiteConfig,
    /// How it works where the scheme leaves it open.
    pub instellingen: authenticatiedienst::Instellingen,
    /// The HMs that may ask; at least one.
    pub hms: Vec<CallerConfig>,
    /// The registers for which it encrypts.
    pub mrs: Vec<CalledConfig>,
}

/// What `[mr]` says.
#[derive(Clone, Debug)]
pub struct MrConfig {
    /// Its EntityID.
    pub entity: EntityId,
    /// The certificates of keys: its own, and those of others.
    pub x5c: X5cConfig,
    /// With which certificate it calls others.
    pub node: NodeIdentity,
    /// Its host.
    pub site: SiteConfig,
    /// As [`HmConfig::catalogus`].
    pub catalogus: Option<CatalogusConfig>,
    /// The HMs that may ask; at least one.
    pub hms: Vec<CallerConfig>,
}

/// The certificates of keys (RFC 7517 §4.7; etoegang case 82).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct X5cConfig {
    /// The directory with the chains of the role's own keys; without, they are published bare.
    pub directory: Option<PathBuf>,
    /// Seconds for which a new key is published before it is used, so that it can be certified meanwhile.
    pub lead_s: u32,
    /// PEM files with the authorities by whose certificates the keys of others count; with none of them every
    /// key counts that stands at their address.
    pub roots: Vec<PathBuf>,
}

/// A service catalogue that is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogusConfig {
    /// Where.
    pub plaats: Plaats,
    /// PEM files with the certificates of whoever may have signed it; at least one.
    pub certificates: Vec<PathBuf>,
    /// Seconds from its `IssueInstant` on in which it is taken.
    pub oudst_s: u32,
}

/// An AD or MR that is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalledConfig {
    /// Its EntityID.
    pub entity: EntityId,
    /// What people call it.
    pub name: String,
    /// Where its endpoints are; of an AD its issuer.
    pub url: String,
    /// Where its keys are, if not at `/jwks` below that.
    pub jwks_uri: Option<String>,
}

/// An HM that asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerConfig {
    /// Its EntityID, which is its `client_id`.
    pub entity: EntityId,
    /// What people call it.
    pub name: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// Where its people go back to; at least one.
    pub redirect_uris: Vec<String>,
}

/// The backend of a DV.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendConfig {
    /// Its EntityID, which is its `client_id`.
    pub entity: EntityId,
    /// What people call it.
    pub name: String,
    /// Where its keys are.
    pub jwks_uri: String,
}

impl X5cConfig {
    /// The schedule where every key that others know is published for long enough to be certified.
    pub(super) fn schedule(&self, said: Schedule) -> Schedule {
        let known = Purpose::ALL
            .into_iter()
            .filter(|purpose| purpose.is_published());
        known.fold(said, |schedule, purpose| {
            let lead_s = schedule.of(purpose).lead_s.max(self.lead_s);
            schedule.published_before(purpose, lead_s)
        })
    }
}

impl CalledConfig {
    /// Where its keys are.
    pub fn jwks_uri(&self) -> String {
        let said = self.jwks_uri.clone();
        said.unwrap_or_else(|| format!("{}/jwks", self.url))
    }
}

impl Reading<'_> {
    pub(super) fn hm(
        &self,
        hm: written::Hm,
        listeners: &Listeners,
    ) -> Result<HmConfig, ConfigFault> {
        let usual = Instellingen::default();
        let instellingen = Instellingen {
            access_token_s: hm.access_token_s.unwrap_or(usual.access_token_s),
            id_token_s: hm.id_token_s.unwrap_or(usual.id_token_s),
            ongebruikt_s: hm.ongebruikt_s.unwrap_or(usual.ongebruikt_s),
            familie_s: hm.familie_s.unwrap_or(usual.familie_s),
            id_token_bij_vernieuwen: hm
                .id_token_bij_vernieuwen
                .unwrap_or(usual.id_token_bij_vernieuwen),
            ondertekent: self.ondertekening(hm.ondertekent.as_deref())?,
            native_app: hm.native_app.unwrap_or(usual.native_app),
        };
        if hm.ad.is_empty() {
            let why = "names no AD, so that nobody could log in: add [[hm.ad]]";
            return Err(self.fault("hm", why));
        }
        let ads = hm.ad.iter().enumerate();
        let mrs = hm.mr.iter().enumerate();
        let dvs = hm.dv.iter().enumerate();
        Ok(HmConfig {
            entity: self.entity("hm.entity", &hm.entity, Rol::Hm)?,
            instellingen: instellingen
                .gecontroleerd()
                .map_err(|bad| self.fault(&format!("hm.{}", bad.instelling), bad.to_string()))?,
            catalogus: self.catalogus("hm", hm.catalogus)?,
            ads: self.each_once("hm.ad", ads.map(|(at, ad)| self.known_ad(at, ad)))?,
            mrs: self.each_once("hm.mr", mrs.map(|(at, mr)| self.known_mr("hm", at, mr)))?,
            dvs: self.each_once("hm.dv", dvs.map(|(at, dv)| self.known_dv(at, dv)))?,
            x5c: self.x5c("hm", hm.x5c)?,
            node: self.node("hm.node", &hm.node)?,
            site: self.origin("hm.site", hm.site, listeners)?,
        })
    }

    pub(super) fn ad(
        &self,
        ad: written::Ad,
        listeners: &Listeners,
    ) -> Result<AdConfig, ConfigFault> {
        let usual = authenticatiedienst::Instellingen::default();
        let instellingen = authenticatiedienst::Instellingen {
            sessie_s: ad.sessie_s.unwrap_or(usual.sessie_s),
            token_s: ad.token_s.unwrap_or(usual.token_s),
            roteert: ad.roteert.unwrap_or(usual.roteert),
            herhaalbaar_s: ad.herhaalbaar_s.unwrap_or(usual.herhaalbaar_s),
            pogingen: ad.pogingen.unwrap_or(usual.pogingen),
            vast_s: ad.vast_s.unwrap_or(usual.vast_s),
        };
        let mrs = ad.mr.iter().enumerate();
        Ok(AdConfig {
            entity: self.entity("ad.entity", &ad.entity, Rol::Ad)?,
            instellingen: instellingen.gecontroleerd().map_err(|bad| {
                let why = format!("{bad}: see docs/frameworks/etoegang.md, Settings");
                self.fault(&format!("ad.{}", bad.0), why)
            })?,
            hms: self.callers("ad", &ad.hm)?,
            mrs: self.each_once("ad.mr", mrs.map(|(at, mr)| self.known_mr("ad", at, mr)))?,
            x5c: self.x5c("ad", ad.x5c)?,
            node: self.node("ad.node", &ad.node)?,
            site: self.origin("ad.site", ad.site, listeners)?,
        })
    }

    pub(super) fn mr(
        &self,
        mr: written::Mr,
        listeners: &Listeners,
    ) -> Result<MrConfig, ConfigFault> {
        Ok(MrConfig {
            entity: self.entity("mr.entity", &mr.entity, Rol::Mr)?,
            catalogus: self.catalogus("mr", mr.catalogus)?,
            hms: self.callers("mr", &mr.hm)?,
            x5c: self.x5c("mr", mr.x5c)?,
            node: self.node("mr.node", &mr.node)?,
            site: self.origin("mr.site", mr.site, listeners)?,
        })
    }

    fn x5c(&self, role: &str, written: Option<written::X5c>) -> Result<X5cConfig, ConfigFault> {
        let written = written.unwrap_or_default();
        let lead_days = written.lead_days.unwrap_or(LEAD_DAYS);
        if !LEAD_DAYS_ALLOWED.contains(&lead_days) {
            let setting = format!("{role}.x5c.lead_days");
            return Err(self.fault(&setting, "expected 1 to 60 days"));
        }
        let roots = written.roots.iter();
        Ok(X5cConfig {
            directory: written.directory.map(|directory| self.file_of(&directory)),
            lead_s: lead_days * DAY_S,
            roots: roots.map(|file| self.file_of(file)).collect(),
        })
    }

    fn catalogus(
        &self,
        role: &str,
        written: Option<written::Catalogus>,
    ) -> Result<Option<CatalogusConfig>, ConfigFault> {
        let Some(written) = written else {
            return Ok(None);
        };
        let of = |name: &str| format!("{role}.catalogus.{name}");
        let plaats = match (written.url, written.file) {
            (Some(url), None) => Plaats::Url(self.url(&of("url"), &url)?),
            (None, Some(file)) => Plaats::Bestand(self.file_of(&file)),
            _ => {
                let why = "expected either a `url` or a `file`";
                return Err(self.fault(&format!("{role}.catalogus"), why));
            }
        };
        let days = written.max_age_days.unwrap_or(OUDST_S / DAY_S);
        if !MAX_AGE_DAYS.contains(&days) {
            return Err(self.fault(&of("max_age_days"), "expected 1 to 3660 days"));
        }
        if written.certificates.is_empty() {
            let why = "expected the certificate of the scheme's manager, in a PEM file";
            return Err(self.fault(&of("certificates"), why));
        }
        let certificates = written.certificates.iter();
        Ok(Some(CatalogusConfig {
            plaats,
            certificates: certificates.map(|file| self.file_of(file)).collect(),
            oudst_s: days * DAY_S,
        }))
    }

    fn ondertekening(&self, said: Option<&str>) -> Result<Ondertekening, ConfigFault> {
        let named = said.map_or(Some(Ondertekening::default()), Ondertekening::genaamd);
        named.ok_or_else(|| self.fault("hm.ondertekent", "expected RS256, PS256 or ES256"))
    }

    /// A host whose URL has no path: the version of the scheme is its first (etoegang.md §3).
    fn origin(
        &self,
        setting: &str,
        site: other::Site,
        listeners: &Listeners,
    ) -> Result<SiteConfig, ConfigFault> {
        let site = self.site(setting, site, listeners)?;
        if crate::outside::origin_host(&site.url).is_none() {
            let why = "expected an https URL without a path";
            return Err(self.fault(&format!("{setting}.url"), why));
        }
        Ok(site)
    }

    fn known_ad(&self, at: usize, ad: &written::KnownAd) -> Result<CalledConfig, ConfigFault> {
        let of = |name: &str| format!("hm.ad[{at}].{name}");
        Ok(CalledConfig {
            entity: self.entity(&of("entity"), &ad.entity, Rol::Ad)?,
            name: ad.name.clone(),
            url: self.url(&of("issuer"), &ad.issuer)?,
            jwks_uri: self.perhaps_url(&of("jwks_uri"), ad.jwks_uri.as_deref())?,
        })
    }

    fn known_mr(
        &self,
        role: &str,
        at: usize,
        mr: &written::KnownMr,
    ) -> Result<CalledConfig, ConfigFault> {
        let of = |name: &str| format!("{role}.mr[{at}].{name}");
        Ok(CalledConfig {
            entity: self.entity(&of("entity"), &mr.entity, Rol::Mr)?,
            name: mr.name.clone(),
            url: self.url(&of("url"), &mr.url)?,
            jwks_uri: self.perhaps_url(&of("jwks_uri"), mr.jwks_uri.as_deref())?,
        })
    }

    fn known_dv(&self, at: usize, dv: &written::KnownDv) -> Result<BackendConfig, ConfigFault> {
        let of = |name: &str| format!("hm.dv[{at}].{name}");
        Ok(BackendConfig {
            entity: self.entity(&of("entity"), &dv.entity, Rol::Dv)?,
            name: dv.name.clone(),
            jwks_uri: self.url(&of("jwks_uri"), &dv.jwks_uri)?,
        })
    }

    /// The HMs that a role answers.
    fn callers(
        &self,
        role: &str,
        hms: &[written::KnownHm],
    ) -> Result<Vec<CallerConfig>, ConfigFault> {
        if hms.is_empty() {
            let why = format!("names no HM, so that nobody could ask: add [[{role}.hm]]");
            return Err(self.fault(role, why));
        }
        let read = |(at, hm): (usize, &written::KnownHm)| {
            let of = |name: &str| format!("{role}.hm[{at}].{name}");
            let uris = hm.redirect_uris.iter();
            let uris = uris.map(|uri| self.url(&of("redirect_uris"), uri));
            let redirect_uris: Vec<String> = uris.collect::<Result<_, _>>()?;
            if redirect_uris.is_empty() {
                return Err(self.fault(&of("redirect_uris"), "expected at least one"));
            }
            Ok(CallerConfig {
                entity: self.entity(&of("entity"), &hm.entity, Rol::Hm)?,
                name: hm.name.clone(),
                jwks_uri: self.url(&of("jwks_uri"), &hm.jwks_uri)?,
                redirect_uris,
            })
        };
        self.each_once(&format!("{role}.hm"), hms.iter().enumerate().map(read))
    }

    fn perhaps_url(
        &self,
        setting: &str,
        text: Option<&str>,
    ) -> Result<Option<String>, ConfigFault> {
        text.map(|text| self.url(setting, text)).transpose()
    }

    fn entity(&self, setting: &str, text: &str, rol: Rol) -> Result<EntityId, ConfigFault> {
        let entity = EntityId::parse(text).ok();
        entity.filter(|entity| entity.rol() == rol).ok_or_else(|| {
            let name = match rol {
                Rol::Dv => "DV",
                Rol::Hm => "HM",
                Rol::Ad => "AD",
                Rol::Mr => "MR",
                Rol::Eb => "EB",
            };
            let why = format!(
                "expected the EntityID of a participant: urn:etoegang:{name}:OIN:entities:N"
            );
            self.fault(setting, why)
        })
    }

    /// All of a list, in which no participant stands twice.
    fn each_once<T: Known>(
        &self,
        setting: &str,
        read: impl Iterator<Item = Result<T, ConfigFault>>,
    ) -> Result<Vec<T>, ConfigFault> {
        let all: Vec<T> = read.collect::<Result<_, _>>()?;
        let mut seen = BTreeSet::new();
        let twice = all.iter().position(|one| !seen.insert(one.entity()));
        match twice {
            None => Ok(all),
            Some(at) => Err(self.fault(&format!("{setting}[{at}].entity"), "stands there already")),
        }
    }
}

/// A participant that a role knows.
trait Known {
    fn entity(&self) -> &EntityId;
}

impl Known for CalledConfig {
    fn entity(&self) -> &EntityId {
        &self.entity
    }
}

impl Known for CallerConfig {
    fn entity(&self) -> &EntityId {
        &self.entity
    }
}

impl Known for BackendConfig {
    fn entity(&self) -> &EntityId {
        &self.entity
    }
}
