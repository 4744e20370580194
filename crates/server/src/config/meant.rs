//! What a configuration means.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use identity::{EntityId, Hostname, Loa, Ura};
use protocol::assertion::Audience;
use store::RetentionDays;
use store::postgres::Settings;
use url::Url;

use super::etoegang::{AdConfig, HmConfig, MrConfig, X5cConfig};
use crate::door::{House, Limits};
use crate::keys::Schedule;
use crate::routes::dva::{LeftOpen, Vormen};
use crate::routes::etoegang::hm::HmRole;

/// What a node is to do.
pub struct Config {
    /// Where the node keeps what is its own: rows of SQLite, lists, the log of refusals.
    pub state: PathBuf,
    /// The folder of `clients.json`, `providers.json` and the like, where a role needs one.
    pub registers: Option<PathBuf>,
    /// Where rows are kept.
    pub home: HomeConfig,
    /// How long audit events are kept.
    pub audit_kept: RetentionDays,
    /// The file of the key under which all other keys are sealed.
    pub master_file: PathBuf,
    /// The hardware security module in which keys that sign are made.
    pub pkcs11: Option<Pkcs11Config>,
    /// How the keys of each purpose come and go.
    pub schedule: Schedule,
    /// Where health and figures are told, without TLS; loopback or a private address.
    pub admin: Option<SocketAddr>,
    /// From the wish to stop, told at `/health/ready`, until no connection is taken any more.
    pub drain_notice: Duration,
    /// Whom the node believes.
    pub trust: TrustConfig,
    /// Hosts that may be called though they have a private address.
    pub private_hosts: BTreeSet<String>,
    /// Where the node listens, by name; each serves at least one site.
    pub listeners: BTreeMap<String, ListenerConfig>,
    /// The Authorization server and Toestemmingenregister of Mitz.
    pub mitz: Option<MitzConfig>,
    /// The Lokalisatie server.
    pub lokalisatie: Option<LokalisatieConfig>,
    /// A DVA.
    pub dva: Option<DvaConfig>,
    /// A PGO.
    pub pgo: Option<PgoConfig>,
    /// `[koppeltaal]`.
    pub koppeltaal: Option<KoppeltaalConfig>,
    /// An HM of eToegang.
    pub hm: Option<Box<HmConfig>>,
    /// An AD of eToegang.
    pub ad: Option<Box<AdConfig>>,
    /// An MR of eToegang.
    pub mr: Option<Box<MrConfig>>,
}

/// Where rows are kept.
pub enum HomeConfig {
    /// SQLite, in a directory per role under [`Config::state`].
    Sqlite,
    /// PostgreSQL, a schema per role.
    Postgresql {
        /// As [`store::Postgres::open`] takes it; without a password.
        address: String,
        /// The file that holds the password.
        password_file: Option<PathBuf>,
        /// How the server is used.
        settings: Settings,
    },
}

/// A token of a hardware security module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pkcs11Config {
    /// The library of its maker.
    pub module: PathBuf,
    /// The token's label.
    pub token: String,
    /// The file with the PIN of its user, which nobody but the owner may read.
    pub pin_file: PathBuf,
}

/// A certificate with what stands between it and its root, and its key: two PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PemFiles {
    /// The setting that names them, for messages.
    pub place: String,
    /// The certificate, and its intermediates after it.
    pub certificate: PathBuf,
    /// The private key, which nobody but the owner may read.
    pub key: PathBuf,
}

/// Whom a node believes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustConfig {
    /// PEM files of authorities.
    pub roots: Vec<PathBuf>,
    /// How it learns that a certificate was revoked.
    pub revocation: Revocation,
}

/// How a node learns that a certificate was revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// Not at all; said by `revocation = "off"`.
    Off,
    /// By lists, each a file or a URL; at least one. A certificate whose issuer has no list that
    /// holds now is refused (design §5 "revocation of certificates").
    Crls(Vec<String>),
}

/// A socket that a node listens on.
#[derive(Clone, Copy, Debug)]
pub struct ListenerConfig {
    /// Its address.
    pub listen: SocketAddr,
    /// Its bounds.
    pub house: House,
}

/// A host that is served.
#[derive(Clone, Debug)]
pub struct SiteConfig {
    /// The name in TLS and in requests.
    pub host: Hostname,
    /// Its base URL as others call it, without a slash at its end.
    pub url: String,
    /// The name of its listener.
    pub listener: String,
    /// Its server certificate.
    pub identity: PemFiles,
    /// How much, how slowly and how often clients may send.
    pub limits: Limits,
    /// Proxies that tell of client certificates (RFC 9440).
    pub proxies: BTreeSet<Hostname>,
}

impl SiteConfig {
    /// The port in its URL.
    pub fn port(&self) -> u16 {
        let url = Url::parse(&self.url).ok();
        url.and_then(|url| url.port_or_known_default())
            .unwrap_or(443)
    }
}

/// How a role shows others who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeIdentity {
    /// The name in its certificate; for a PGO its client id.
    pub host: Hostname,
    /// The certificate.
    pub identity: PemFiles,
}

/// DigiD, as a service provider sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigidConfig {
    /// The file of its metadata.
    pub metadata: PathBuf,
    /// RSA key and certificate with which we sign SAML messages.
    pub signing: PemFiles,
    /// Our name on its login page.
    pub name: Option<String>,
}

/// What `[mitz]` says.
#[derive(Clone, Debug)]
pub struct MitzConfig {
    /// Who it is to others.
    pub node: NodeIdentity,
    /// The front channel; its URL is the issuer.
    pub front: SiteConfig,
    /// The back channel.
    pub back: SiteConfig,
    /// The pages of the Toestemmingenregister.
    pub register: SiteConfig,
    /// DigiD.
    pub digid: DigidConfig,
    /// The base URL of the Lokalisatie server.
    pub lokalisatie: String,
    /// The lowest level of DigiD that will do.
    pub min_level: Loa,
    /// Whether a token that names several providers is taken in step 25.
    pub full_location_token: bool,
    /// What clients may write as `aud` into their assertions.
    pub assertion_audience: Audience,
    /// The DVAs that may ask for consent.
    pub dvas: Vec<RegisteredDva>,
}

/// A DVA that Mitz knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredDva {
    /// The name in its client certificate.
    pub host: Hostname,
    /// Its issuer identifier.
    pub issuer: String,
    /// Its public keys.
    pub jwks_uri: String,
    /// For whom it answers; at least one.
    pub uras: BTreeSet<Ura>,
}

/// What `[lokalisatie]` says.
#[derive(Clone, Debug)]
pub struct LokalisatieConfig {
    /// Who it is to others.
    pub node: NodeIdentity,
    /// Its host; clients must show a certificate.
    pub site: SiteConfig,
    /// The one client that it answers.
    pub mitz_host: Hostname,
}

/// What `[dva]` says.
#[derive(Clone, Debug)]
pub struct DvaConfig {
    /// Who it is to others.
    pub node: NodeIdentity,
    /// Metadata and keys; its URL is the issuer.
    pub front: SiteConfig,
    /// Token endpoint and resource server.
    pub back: SiteConfig,
    /// The discovery server.
    pub discovery: SiteConfig,
    /// The issuer whose ID tokens it takes.
    pub mitz: String,
    /// Where that issuer's keys are.
    pub mitz_jwks: String,
    /// Where it asks for consent.
    pub consent_introspection: String,
    /// The base URL of the care providers' systems.
    pub xis: String,
    /// The base URL of the stelselnode.
    pub stelselnode: String,
    /// The age from which a person can collect, in years.
    pub age_min: u8,
    /// Whether RFC 7523 is taken beside RFC 8693.
    pub jwt_bearer: bool,
    /// Whether a token that names several providers is taken in step 23.
    pub full_location_token: bool,
    /// MedMij's own interfaces, if the DVA has them.
    pub medmij: Option<MedmijConfig>,
}

/// What `[dva.medmij]` says.
#[derive(Clone, Debug)]
pub struct MedmijConfig {
    /// The name of the DVA for people.
    pub name: String,
    /// Where it is called.
    pub telephone: Option<String>,
    /// The lowest level of DigiD that will do; Substantieel (medmij.md §2).
    pub min_level: Loa,
    /// The forms of a token request that are taken beside a POST with a form.
    pub vormen: Vormen,
    /// Days of a subscription, at most; 0 offers none.
    pub subscription_days_max: u32,
    /// What MedMij's public text leaves open besides.
    pub left_open: LeftOpen,
    /// Where people log in.
    pub digid: DigidConfig,
    /// Where those log in who act for somebody else; without it nobody can.
    pub entrance: Option<EntranceConfig>,
}

/// What `[dva.medmij.entrance]` says: DigiD 4.x.
#[derive(Clone, Debug)]
pub struct EntranceConfig {
    /// Its metadata, and our key and name there.
    pub digid: DigidConfig,
    /// RSA key and certificate for which people are encrypted.
    pub encryption: PemFiles,
    /// What its catalogue calls our service.
    pub service_uuid: String,
    /// The entity id of the Bevoegdheidsverklaringsdienst.
    pub bvd: String,
}

/// What `[koppeltaal]` says.
#[derive(Clone, Debug)]
pub struct KoppeltaalConfig {
    /// With which certificate it calls others.
    pub node: NodeIdentity,
    /// Every domain is under it.
    pub site: SiteConfig,
}

/// What `[pgo]` says.
#[derive(Clone, Debug)]
pub struct PgoConfig {
    /// Who it is to others; the host is its client id.
    pub node: NodeIdentity,
    /// Its pages.
    pub front: SiteConfig,
    /// The issuer of Mitz.
    pub mitz: String,
    /// The register's pages.
    pub toestemmingen: String,
    /// The base URL of the stelselnode.
    pub stelselnode: String,
    /// The origins that a login passes, beside that of Mitz.
    pub login_origins: Vec<String>,
}

impl HomeConfig {
    /// The address of a role's schema, with the password that its file holds; empty for SQLite.
    ///
    /// # Errors
    /// A text for the operator.
    pub fn address(&self, role: &str) -> Result<String, String> {
        let Self::Postgresql {
            address,
            password_file,
            ..
        } = self
        else {
            return Ok(String::new());
        };
        let address = with_member(address, "schema", &format!("sluis_{role}"));
        let Some(file) = password_file else {
            return Ok(address);
        };
        if crate::node::is_open_to_all(file) {
            return Err(format!(
                "{}: everybody on this machine can read this password; chmod 600 it",
                file.display()
            ));
        }
        let password = std::fs::read_to_string(file)
            .map_err(|error| format!("{}: cannot be read: {error}", file.display()))?;
        let password = password.trim_end_matches(['\r', '\n']);
        Ok(with_member(&address, "password", password))
    }
}

/// The address of a database with one member more, in whichever of its two forms it has.
fn with_member(address: &str, name: &str, value: &str) -> String {
    if let Ok(mut url) = Url::parse(address) {
        if name == "password" && url.set_password(Some(&value.replace('%', "%25"))).is_ok() {
            return url.into();
        }
        url.query_pairs_mut().append_pair(name, value);
        return url.into();
    }
    if value
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        return format!("{address} {name}={value}");
    }
    let quoted = value.replace('\\', "\\\\").replace('\'', "\\'");
    format!("{address} {name}='{quoted}'")
}

impl Config {
    /// The roles that it names, in a fixed order.
    pub fn roles(&self) -> Vec<&'static str> {
        let named = [
            ("mitz", self.mitz.is_some()),
            ("lokalisatie", self.lokalisatie.is_some()),
            ("dva", self.dva.is_some()),
            ("pgo", self.pgo.is_some()),
            ("koppeltaal", self.koppeltaal.is_some()),
            ("hm", self.hm.is_some()),
            ("ad", self.ad.is_some()),
            ("mr", self.mr.is_some()),
        ];
        let named = named.into_iter().filter(|(_, is_named)| *is_named);
        named.map(|(role, _)| role).collect()
    }

    /// The sites of all its roles, each with the setting that names it.
    pub fn sites(&self) -> Vec<(&'static str, &SiteConfig)> {
        let mut sites = Vec::new();
        if let Some(mitz) = &self.mitz {
            sites.push(("mitz.front", &mitz.front));
            sites.push(("mitz.back", &mitz.back));
            sites.push(("mitz.register", &mitz.register));
        }
        if let Some(lokalisatie) = &self.lokalisatie {
            sites.push(("lokalisatie.site", &lokalisatie.site));
        }
        if let Some(dva) = &self.dva {
            sites.push(("dva.front", &dva.front));
            sites.push(("dva.back", &dva.back));
            sites.push(("dva.discovery", &dva.discovery));
        }
        if let Some(pgo) = &self.pgo {
            sites.push(("pgo.front", &pgo.front));
        }
        if let Some(koppeltaal) = &self.koppeltaal {
            sites.push(("koppeltaal.site", &koppeltaal.site));
        }
        let hm = self.hm.as_ref().map(|hm| ("hm.site", &hm.site));
        let ad = self.ad.as_ref().map(|ad| ("ad.site", &ad.site));
        let mr = self.mr.as_ref().map(|mr| ("mr.site", &mr.site));
        sites.extend([hm, ad, mr].into_iter().flatten());
        sites
    }

    /// How the keys of a role come and go.
    pub fn schedule_of(&self, role: &str) -> Schedule {
        let said = self.schedule.clone();
        let said = match role {
            "hm" => HmRole::schedule(said),
            _ => said,
        };
        let mut participants = self.participants().into_iter();
        let x5c = participants.find_map(|(name, _, x5c)| (name == role).then_some(x5c));
        match x5c {
            Some(x5c) if x5c.directory.is_some() => x5c.schedule(said),
            _ => said,
        }
    }

    /// Each DigiD at which people log in, by its setting, which begins with that of its role.
    pub fn logins(&self) -> Vec<(&'static str, &DigidConfig)> {
        let mitz = self.mitz.as_ref().map(|mitz| ("mitz.digid", &mitz.digid));
        let medmij = self.dva.as_ref().and_then(|dva| dva.medmij.as_ref());
        let entrance = medmij.and_then(|medmij| medmij.entrance.as_ref());
        let medmij = medmij.map(|medmij| ("dva.medmij.digid", &medmij.digid));
        let entrance = entrance.map(|entrance| ("dva.medmij.entrance", &entrance.digid));
        [mitz, medmij, entrance].into_iter().flatten().collect()
    }

    /// Its roles of eToegang, each with its EntityID and the certificates of keys.
    pub fn participants(&self) -> Vec<(&'static str, &EntityId, &X5cConfig)> {
        let hm = self.hm.as_ref().map(|hm| ("hm", &hm.entity, &hm.x5c));
        let ad = self.ad.as_ref().map(|ad| ("ad", &ad.entity, &ad.x5c));
        let mr = self.mr.as_ref().map(|mr| ("mr", &mr.entity, &mr.x5c));
        [hm, ad, mr].into_iter().flatten().collect()
    }

    /// The identities with which its roles call others.
    pub fn nodes(&self) -> Vec<(&'static str, &NodeIdentity)> {
        let nodes = [
            ("mitz", self.mitz.as_ref().map(|role| &role.node)),
            (
                "lokalisatie",
                self.lokalisatie.as_ref().map(|role| &role.node),
            ),
            ("dva", self.dva.as_ref().map(|role| &role.node)),
            ("pgo", self.pgo.as_ref().map(|role| &role.node)),
            (
                "koppeltaal",
                self.koppeltaal.as_ref().map(|role| &role.node),
            ),
            ("hm", self.hm.as_ref().map(|role| &role.node)),
            ("ad", self.ad.as_ref().map(|role| &role.node)),
            ("mr", self.mr.as_ref().map(|role| &role.node)),
        ];
        let named = nodes.into_iter();
        named
            .filter_map(|(role, node)| Some((role, node?)))
            .collect()
    }
}
