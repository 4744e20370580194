//! From what is written to what it means: every text becomes a value of its type, or a fault.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use identity::Hostname;
use store::RetentionDays;
use store::postgres::Settings;
use url::{Url, form_urlencoded};

use super::meant::{
    Config, HomeConfig, ListenerConfig, NodeIdentity, PemFiles, Revocation, SiteConfig, TrustConfig,
};
use super::{ConfigFault, written};
use crate::door::{House, Limits, Rate};
use crate::keys::{Purpose, Schedule};

/// A configuration longer than this is none.
const FILE_BYTES_MAX: usize = 256 * 1024;
/// How long audit events are kept: five years, which NEN 7513 asks of logs about care.
const AUDIT_DAYS: u32 = 1_827;
/// How long whoever sends requests here has to hear that no more may come, in seconds.
const DRAIN_NOTICE_S: u8 = 5;
/// How long a key may make what is new: a day, since what is published needs minutes to be known, up to
/// ten years.
const ROTATE_DAYS: std::ops::RangeInclusive<u32> = 1..=3_660;
/// The variable that names the file of the master key, where the file does not.
pub const MASTER_FILE: &str = "SLUIS_KEYS_MASTER_FILE";
/// The variable that names the file of the PIN of the hardware security module, where the file does not.
pub const PIN_FILE: &str = "SLUIS_KEYS_PKCS11_PIN_FILE";
/// The variable that names the file of the database's password, where the file does not.
pub const PASSWORD_FILE: &str = "SLUIS_STORE_PASSWORD_FILE";

impl Config {
    /// Reads a file. `variable` looks a variable of the environment up; those in use are
    /// [`MASTER_FILE`], [`PIN_FILE`] and [`PASSWORD_FILE`]. Relative paths start at the file's folder.
    ///
    /// # Errors
    /// [`ConfigFault`] for the first thing that is wrong.
    pub fn read(
        file: &Path,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigFault> {
        let bytes = std::fs::read(file).map_err(|error| {
            ConfigFault::of_file(
                file,
                format!("cannot be read: {error}; examples stand in packaging/"),
            )
        })?;
        if bytes.len() > FILE_BYTES_MAX {
            return Err(ConfigFault::of_file(file, "is longer than 256 KiB"));
        }
        let text =
            String::from_utf8(bytes).map_err(|_| ConfigFault::of_file(file, "is not UTF-8"))?;
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        Reading { file, text: &text }.config(&variable)
    }
}

pub(super) type Listeners = BTreeMap<String, ListenerConfig>;

/// A file that is being read.
pub(super) struct Reading<'r> {
    file: &'r Path,
    text: &'r str,
}

impl Reading<'_> {
    fn config(&self, variable: &dyn Fn(&str) -> Option<String>) -> Result<Config, ConfigFault> {
        let written: written::Configuration = toml::from_str(self.text)
            .map_err(|error| ConfigFault::of_shape(self.file, self.text, &error))?;
        let listeners = self.listeners(written.listeners)?;
        let config = Config {
            state: self.path(&written.state),
            registers: written.registers.map(|folder| self.path(&folder)),
            audit_kept: RetentionDays(written.store.audit_days.unwrap_or(AUDIT_DAYS)),
            home: self.home(written.store, variable)?,
            schedule: self.schedule(&written.keys.rotate_days)?,
            pkcs11: self.pkcs11(written.keys.pkcs11.as_ref(), variable)?,
            master_file: self.master(written.keys.master_file, variable)?,
            drain_notice: written.admin.as_ref().map_or(Duration::ZERO, |admin| {
                Duration::from_secs(admin.drain_notice_s.unwrap_or(DRAIN_NOTICE_S).into())
            }),
            admin: match written.admin {
                None => None,
                Some(admin) => Some(self.address("admin.listen", &admin.listen)?),
            },
            trust: self.trust(written.trust)?,
            private_hosts: written.calls.private_hosts.into_iter().collect(),
            mitz: Self::role(written.mitz, |role| self.mitz(role, &listeners))?,
            lokalisatie: Self::role(written.lokalisatie, |role| {
                self.lokalisatie(role, &listeners)
            })?,
            dva: Self::role(written.dva, |role| self.dva(role, &listeners))?,
            pgo: Self::role(written.pgo, |role| self.pgo(role, &listeners))?,
            koppeltaal: Self::role(written.koppeltaal, |role| self.koppeltaal(role, &listeners))?,
            hm: Self::role(written.hm, |role| self.hm(role, &listeners).map(Box::new))?,
            ad: Self::role(written.ad, |role| self.ad(role, &listeners).map(Box::new))?,
            mr: Self::role(written.mr, |role| self.mr(role, &listeners).map(Box::new))?,
            listeners,
        };
        self.whole(&config)?;
        Ok(config)
    }

    pub(super) fn fault(&self, setting: &str, reason: impl Into<String>) -> ConfigFault {
        ConfigFault::of_setting(self.file, self.text, setting, reason)
    }

    fn path(&self, path: &Path) -> PathBuf {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        folder.join(path)
    }

    pub(super) fn file_of(&self, path: &Path) -> PathBuf {
        self.path(path)
    }

    fn role<W, M>(
        written: Option<W>,
        read: impl FnOnce(W) -> Result<M, ConfigFault>,
    ) -> Result<Option<M>, ConfigFault> {
        written.map(read).transpose()
    }

    fn home(
        &self,
        store: written::Store,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<HomeConfig, ConfigFault> {
        match (store.home.as_str(), store.address) {
            ("sqlite", None) => Ok(HomeConfig::Sqlite),
            ("sqlite", Some(_)) => Err(self.fault(
                "store.address",
                "an address belongs to home = \"postgresql\"; SQLite lies in `state`",
            )),
            ("postgresql", Some(address)) if holds_a_password(&address) => Err(self.fault(
                "store.address",
                format!(
                    "the password belongs in a file, which `password_file` (or {PASSWORD_FILE}) names"
                ),
            )),
            ("postgresql", Some(address)) => {
                let password_file = variable(PASSWORD_FILE).map(PathBuf::from);
                let usual = Settings::default();
                Ok(HomeConfig::Postgresql {
                    address,
                    password_file: password_file.or(store.password_file.map(|f| self.path(&f))),
                    settings: Settings {
                        writers: store.writers.unwrap_or(usual.writers),
                        readers: store.readers.unwrap_or(usual.readers),
                        ..usual
                    },
                })
            }
            ("postgresql", None) => Err(self.fault(
                "store",
                "home = \"postgresql\" needs an `address`: \
                 \"postgresql://sluis@db.example.nl/sluis?sslmode=verify-full&sslrootcert=…\"",
            )),
            _ => Err(self.fault("store.home", "expected \"sqlite\" or \"postgresql\"")),
        }
    }

    /// The plan of each purpose, with another time for those that are named.
    fn schedule(&self, rotate_days: &BTreeMap<String, u32>) -> Result<Schedule, ConfigFault> {
        let mut schedule = Schedule::default();
        for (name, days) in rotate_days {
            let Some(purpose) = Purpose::named(name) else {
                let known = Purpose::ALL.map(Purpose::name).join(", ");
                let why = format!("there are no keys for `{name}`; there are keys for {known}");
                return Err(self.fault("keys.rotate_days", why));
            };
            if !ROTATE_DAYS.contains(days) {
                return Err(self.fault("keys.rotate_days", "expected 1 to 3660 days"));
            }
            schedule = schedule.rotating(purpose, days * 86_400);
        }
        Ok(schedule)
    }

    fn master(
        &self,
        written: Option<PathBuf>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<PathBuf, ConfigFault> {
        let given = variable(MASTER_FILE).map(PathBuf::from);
        let file = given.or(written.map(|file| self.path(&file)));
        file.ok_or_else(|| {
            self.fault(
                "keys",
                format!(
                    "`master_file` (or {MASTER_FILE}) must name the file of the master key; \
                     `sluis keys master FILE` makes one"
                ),
            )
        })
    }

    fn trust(&self, trust: written::Trust) -> Result<TrustConfig, ConfigFault> {
        if trust.roots.is_empty() {
            return Err(self.fault("trust.roots", "expected at least one PEM file"));
        }
        let revocation = match (trust.revocation.as_deref(), trust.crls) {
            (Some("off"), crls) if crls.is_empty() => Revocation::Off,
            (Some("off"), _) => {
                return Err(self.fault("trust.revocation", "is off, but `crls` names lists"));
            }
            (None | Some("crl"), crls) if !crls.is_empty() => {
                let at = |crl: String| match Url::parse(&crl) {
                    Ok(url) if matches!(url.scheme(), "http" | "https") => {
                        let names_nobody = url.username().is_empty() && url.password().is_none();
                        let why = "a list is public: its URL needs no name and no password";
                        let fault = || self.fault("trust.crls", why);
                        names_nobody.then_some(crl).ok_or_else(fault)
                    }
                    _ => Ok(self.path(Path::new(&crl)).display().to_string()),
                };
                Revocation::Crls(crls.into_iter().map(at).collect::<Result<_, _>>()?)
            }
            (None | Some("crl"), _) => {
                return Err(self.fault(
                    "trust.crls",
                    "name the revocation list of every authority, or say revocation = \"off\"",
                ));
            }
            _ => return Err(self.fault("trust.revocation", "expected \"crl\" or \"off\"")),
        };
        let roots = trust.roots.iter().map(|file| self.path(file)).collect();
        Ok(TrustConfig { roots, revocation })
    }

    fn listeners(
        &self,
        written: BTreeMap<String, written::Listener>,
    ) -> Result<BTreeMap<String, ListenerConfig>, ConfigFault> {
        if written.is_empty() {
            return Err(self.fault("listeners", "expected at least one listener"));
        }
        let listener = |(name, written): (String, written::Listener)| {
            let usual = House::default();
            let at = format!("listeners.{name}.listen");
            let house = House {
                connections_max: written.connections_max.unwrap_or(usual.connections_max),
                connections_per_address_max: written
                    .connections_per_address_max
                    .unwrap_or(usual.connections_per_address_max),
                drain_timeout: written
                    .drain_timeout_s
                    .map_or(usual.drain_timeout, Duration::from_secs),
                strict_transport_security: written.strict_transport_security.unwrap_or(true),
                ..usual
            };
            let listen = self.address(&at, &written.listen)?;
            Ok((name, ListenerConfig { listen, house }))
        };
        written.into_iter().map(listener).collect()
    }

    fn address(&self, setting: &str, text: &str) -> Result<SocketAddr, ConfigFault> {
        text.parse().map_err(|_| {
            self.fault(
                setting,
                "expected an address and a port: \"0.0.0.0:443\" or \"[::]:443\"",
            )
        })
    }

    /// What one setting means for another.
    fn whole(&self, config: &Config) -> Result<(), ConfigFault> {
        if config.roles().is_empty() {
            return Err(self.fault(
                "listeners",
                "no role is named: add [mitz], [lokalisatie], [dva], [pgo], [koppeltaal], [hm], [ad] or [mr]",
            ));
        }
        self.useful(config)?;
        let mut hosts = BTreeMap::new();
        for (name, site) in config.sites() {
            if let Some(other) = hosts.insert(&site.host, name) {
                let why = format!("is the host of {other} already; each site needs its own");
                return Err(self.fault(&format!("{name}.host"), why));
            }
        }
        let used: BTreeSet<&str> = config
            .sites()
            .iter()
            .map(|(_, site)| site.listener.as_str())
            .collect();
        let idle = config
            .listeners
            .keys()
            .find(|name| !used.contains(name.as_str()));
        if let Some(name) = idle {
            return Err(self.fault(&format!("listeners.{name}"), "no site uses it"));
        }
        let sites = config.sites().into_iter();
        let mut deaf = sites.filter(|(name, _)| !ASK_FOR_A_CERTIFICATE.contains(name));
        if let Some((name, _)) = deaf.find(|(_, site)| !site.proxies.is_empty()) {
            let why = format!(
                "a proxy proves itself by a certificate, for which this site never asks; those that do \
                 are {}",
                ASK_FOR_A_CERTIFICATE.join(", ")
            );
            return Err(self.fault(&format!("{name}.proxies"), why));
        }
        self.apart(config)
    }

    /// Each socket has an address of its own; port 0 is another one each time.
    fn apart(&self, config: &Config) -> Result<(), ConfigFault> {
        let listeners = config.listeners.iter();
        let sockets =
            listeners.map(|(name, opened)| (format!("listeners.{name}.listen"), opened.listen));
        let admin = config
            .admin
            .map(|listen| ("admin.listen".to_owned(), listen));
        let mut taken = BTreeMap::new();
        for (setting, listen) in sockets
            .chain(admin)
            .filter(|(_, listen)| listen.port() != 0)
        {
            if let Some(other) = taken.insert(listen, setting.clone()) {
                let why = format!("is the address of {other} already; each socket needs its own");
                return Err(self.fault(&setting, why));
            }
        }
        Ok(())
    }

    /// Bounds under which nothing would be served, or nothing kept.
    fn useful(&self, config: &Config) -> Result<(), ConfigFault> {
        let mut bounds = vec![("store.audit_days".to_owned(), config.audit_kept.0 as usize)];
        for (name, listener) in &config.listeners {
            let at = |bound| format!("listeners.{name}.{bound}");
            let per_address = listener.house.connections_per_address_max;
            bounds.push((at("connections_max"), listener.house.connections_max));
            bounds.push((at("connections_per_address_max"), per_address));
        }
        for (name, site) in config.sites() {
            let at = |bound| format!("{name}.{bound}");
            bounds.push((at("requests_at_a_time_max"), site.limits.running_max));
            bounds.push((at("body_bytes_max"), site.limits.body_bytes_max));
        }
        match bounds.into_iter().find(|(_, bound)| *bound == 0) {
            Some((setting, _)) => Err(self.fault(&setting, "expected at least 1")),
            None => Ok(()),
        }
    }

    pub(super) fn host(&self, setting: &str, text: &str) -> Result<Hostname, ConfigFault> {
        Hostname::parse(text).map_err(|error| self.fault(setting, error.to_string()))
    }

    /// An https URL that is put before a path: no slash at its end, no query.
    pub(super) fn url(&self, setting: &str, text: &str) -> Result<String, ConfigFault> {
        let is_base = |url: &Url| {
            let is_bare = url.query().is_none() && url.fragment().is_none();
            let names_nobody = url.username().is_empty() && url.password().is_none();
            url.scheme() == "https" && names_nobody && is_bare
        };
        match Url::parse(text) {
            Ok(url) if is_base(&url) && !text.ends_with('/') => Ok(text.to_owned()),
            _ => Err(self.fault(
                setting,
                "expected an https URL without query and without a slash at its end",
            )),
        }
    }

    pub(super) fn site(
        &self,
        setting: &str,
        site: written::Site,
        listeners: &Listeners,
    ) -> Result<SiteConfig, ConfigFault> {
        let host = self.host(&format!("{setting}.host"), &site.host)?;
        let listener = listeners.get(&site.listener).ok_or_else(|| {
            let known: Vec<&str> = listeners.keys().map(String::as_str).collect();
            let reason = crate::input::none_of("no such listener", &site.listener, &known);
            self.fault(&format!("{setting}.listener"), reason)
        })?;
        let url = match &site.url {
            Some(url) => self.url(&format!("{setting}.url"), url)?,
            None => match listener.listen.port() {
                443 => format!("https://{host}"),
                0 => {
                    let why = "`url` must be said where the listener takes a free port";
                    return Err(self.fault(setting, why));
                }
                port => format!("https://{host}:{port}"),
            },
        };
        let proxies = site.proxies.iter().enumerate();
        let proxies =
            proxies.map(|(at, host)| self.host(&format!("{setting}.proxies[{at}]"), host));
        Ok(SiteConfig {
            limits: limits(&site),
            url,
            listener: site.listener,
            identity: self.pem(setting, &site.certificate, &site.key),
            proxies: proxies.collect::<Result<_, _>>()?,
            host,
        })
    }

    pub(super) fn pem(&self, setting: &str, certificate: &Path, key: &Path) -> PemFiles {
        PemFiles {
            place: setting.to_owned(),
            certificate: self.path(certificate),
            key: self.path(key),
        }
    }

    pub(super) fn node(
        &self,
        setting: &str,
        node: &written::Node,
    ) -> Result<NodeIdentity, ConfigFault> {
        Ok(NodeIdentity {
            host: self.host(&format!("{setting}.host"), &node.host)?,
            identity: self.pem(setting, &node.certificate, &node.key),
        })
    }
}

/// Whether an address of PostgreSQL, in either of its forms, says a password: secrets are files
/// (design §5).
fn holds_a_password(address: &str) -> bool {
    let is_password = |name: &str| name.trim().eq_ignore_ascii_case("password");
    let (start, query) = address.split_once('?').unwrap_or((address, ""));
    if let Some((_, named)) = start.split_once("://") {
        let user = named.rsplit_once('@').map_or("", |(user, _)| user);
        let mut members = form_urlencoded::parse(query.as_bytes());
        return user.contains(':') || members.any(|(name, _)| is_password(&name));
    }
    // `password = x` is one member too.
    let mut parts = address.split('=');
    parts.next_back();
    parts.any(|part| part.split_whitespace().next_back().is_some_and(is_password))
}

/// The sites that ask their clients for a certificate, as their roles say ([`crate::node`]).
const ASK_FOR_A_CERTIFICATE: [&str; 3] = ["mitz.back", "lokalisatie.site", "dva.back"];

/// Times the requests of one second that an address or a client may send at once after a rest.
const BURST: u32 = 5;

/// A site's bounds; 0 requests per second stand for no bound.
fn limits(site: &written::Site) -> Limits {
    let usual = Limits::default();
    let rate = |written: Option<u32>, usual| match written {
        None => usual,
        Some(0) => None,
        Some(per_s) => Some(Rate::new(per_s, per_s.saturating_mul(BURST))),
    };
    Limits {
        body_bytes_max: site.body_bytes_max.unwrap_or(usual.body_bytes_max),
        running_max: site.requests_at_a_time_max.unwrap_or(usual.running_max),
        per_address: rate(site.requests_per_s_per_address, usual.per_address),
        per_client: rate(site.requests_per_s_per_client, usual.per_client),
        ..usual
    }
}
