//! The sites behind the door, by host name.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use identity::Hostname;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::{CertificateDer, UnixTime};
use tokio::sync::Semaphore;

use super::TraceId;
use super::proxy::Proxies;
use super::rate::Rate;
use crate::certificates::Identity;
use crate::trust::{BadTrust, Trust};

/// The ALPN name of HTTP/2 (RFC 9113 §3.1).
pub(super) const H2: &[u8] = b"h2";
/// The ALPN name of HTTP/1.1 (RFC 7301 §6).
const HTTP_1_1: &[u8] = b"http/1.1";

/// One host and what answers there.
pub struct Site {
    /// The name that a client must give, in TLS and in every request.
    pub host: Hostname,
    /// The port that clients name beside it, where that is not the door's own: a balancer stands in
    /// front.
    pub port: Option<u16>,
    /// The server certificate for that name.
    pub identity: Identity,
    /// Whether clients prove who they are by a certificate.
    pub clients: ClientCertificates,
    /// What answers. It sees whole requests only.
    pub router: Router,
    /// How much, how slowly and how often clients may send.
    pub limits: Limits,
    /// Proxies in front of this site that tell of client certificates (RFC 9440), by the name in
    /// their own certificate, which the site must ask for. Whom they tell of is judged by what the
    /// site trusts.
    pub proxies: BTreeSet<Hostname>,
}

/// Whether a site asks its clients for a certificate. A certificate that is shown must be valid
/// by what the site trusts, else the handshake fails. What it allows is for the handlers to
/// say, at each request: a connection outlives Whitelists, revocations and even the certificate.
pub enum ClientCertificates {
    /// Never asked for: hosts that people visit with a browser.
    Never,
    /// Asked for; a client without one is let in and the handlers see that it has none.
    Offered(Trust),
    /// Asked for; a client without one does not get through the handshake.
    Required(Trust),
}

/// How much, how slowly and how often clients of a site may send. Who meets a bound hears of it with
/// the status named here, and the operator's log once.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The body of one request; a longer one gets 413.
    pub body_bytes_max: usize,
    /// For the whole body, from the end of the head; a slower one gets 408.
    pub body_timeout: Duration,
    /// Requests at a time, all clients together, from the end of the head to the head of the answer;
    /// one more gets 503.
    pub running_max: usize,
    /// Requests from one IPv4 address or one IPv6 /64; one too soon gets 429.
    pub per_address: Option<Rate>,
    /// Requests under one client certificate, and those of one proven client; one too soon gets 429.
    pub per_client: Option<Rate>,
}

impl Limits {
    /// For a network on one machine, where everybody comes from one address: no bound on how often.
    pub const fn on_one_machine() -> Self {
        Self {
            per_address: None,
            per_client: None,
            ..Self::DEFAULT
        }
    }

    /// An address may be a clinic of a hundred people, of whom each loads a page of five parts every
    /// few seconds; a client is a server that speaks for all its people.
    const DEFAULT: Self = Self {
        body_bytes_max: 64 * 1024,
        body_timeout: Duration::from_secs(10),
        running_max: 1024,
        per_address: Some(Rate::new(100, 500)),
        per_client: Some(Rate::new(500, 2500)),
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// All sites of a door, ready to be served.
#[derive(Default)]
pub struct Sites {
    by_host: HashMap<Hostname, Arc<OpenSite>>,
    told: Option<Told>,
}

/// Who is told of what goes no further than the door: host, number, requirement, and the reason for
/// the operator.
type Told = Arc<dyn Fn(&Hostname, TraceId, &'static str, &'static str) + Send + Sync>;

/// A site whose keys and roots were found good.
pub(super) struct OpenSite {
    pub(super) host: Hostname,
    pub(super) port: Option<u16>,
    pub(super) tls: Arc<ServerConfig>,
    pub(super) router: Router,
    pub(super) limits: Limits,
    pub(super) proxies: Option<Proxies>,
    /// Who judges certificates of clients, where the site asks for them.
    judge: Option<Arc<dyn ClientCertVerifier>>,
    /// Room for running requests.
    pub(super) running: Semaphore,
}

impl Sites {
    /// Makes the sites ready. Errs when two have one host, when a key does not fit its certificate
    /// or when the roots for clients are empty or unreadable.
    pub fn open(sites: impl IntoIterator<Item = Site>) -> Result<Self, SiteFault> {
        let mut open = Self::default();
        for site in sites {
            let host = site.host.clone();
            if open.by_host.contains_key(&host) {
                return Err(SiteFault {
                    host,
                    why: "is there twice".to_owned(),
                });
            }
            open.by_host.insert(host, Arc::new(OpenSite::new(site)?));
        }
        Ok(open)
    }

    /// The same sites with this one in the place of the one at its host (or added). Connections to
    /// the other sites go on; those to the replaced one end after the request they carry, and none
    /// of its session tickets is accepted any more.
    pub fn replacing(&self, site: Site) -> Result<Self, SiteFault> {
        let mut by_host = self.by_host.clone();
        by_host.insert(site.host.clone(), Arc::new(OpenSite::new(site)?));
        let told = self.told.clone();
        Ok(Self { by_host, told })
    }

    /// The same sites; whoever writes the operator's log is told of what goes no further than the
    /// door. Without, it stands in the debug log only.
    #[must_use]
    pub fn telling(
        mut self,
        told: impl Fn(&Hostname, TraceId, &'static str, &'static str) + Send + Sync + 'static,
    ) -> Self {
        self.told = Some(Arc::new(told));
        self
    }

    pub(super) fn tell(
        &self,
        host: &Hostname,
        trace: TraceId,
        (requirement, reason): (&'static str, &'static str),
    ) {
        tracing::debug!(%trace, %host, requirement, reason, "refused at the door");
        if let Some(told) = &self.told {
            told(host, trace, requirement, reason);
        }
    }

    /// The site that a TLS server name asks for; names compare without regard to case (RFC 6066
    /// §3).
    pub(super) fn at(&self, server_name: &str) -> Option<&Arc<OpenSite>> {
        self.by_host.get(server_name.to_ascii_lowercase().as_str())
    }

    /// Whether the site was not replaced since.
    pub(super) fn has(&self, site: &Arc<OpenSite>) -> bool {
        let found = self.by_host.get(&site.host);
        found.is_some_and(|found| Arc::ptr_eq(found, site))
    }

    /// Whether a client with these certificates, its own first, would be let in at `host` now.
    pub(super) fn takes(&self, host: &Hostname, chain: &[CertificateDer<'_>]) -> bool {
        let judge = self.by_host.get(host).and_then(|site| site.judge.as_ref());
        let (Some(judge), [leaf, rest @ ..]) = (judge, chain) else {
            return false;
        };
        judge
            .verify_client_cert(leaf, rest, UnixTime::now())
            .is_ok()
    }
}

impl OpenSite {
    fn new(site: Site) -> Result<Self, SiteFault> {
        let fault = |error: BadTrust| SiteFault {
            host: site.host.clone(),
            why: error.to_string(),
        };
        let judge = judge(&site.clients).map_err(fault)?;
        let tls = tls(&site, judge.clone()).map_err(fault)?;
        let proxies = proxies(&site).map_err(fault)?;
        Ok(Self {
            host: site.host,
            port: site.port,
            tls: Arc::new(tls),
            router: site.router,
            limits: site.limits,
            proxies,
            judge,
            running: Semaphore::new(site.limits.running_max.min(Semaphore::MAX_PERMITS)),
        })
    }
}

/// Why a site cannot be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteFault {
    /// Which site.
    pub host: Hostname,
    /// What is wrong with it, for the operator.
    pub why: String,
}

impl fmt::Display for SiteFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the site {} cannot be served: {}", self.host, self.why)
    }
}

impl std::error::Error for SiteFault {}

/// The proxies and their judge, if there are any.
fn proxies(site: &Site) -> Result<Option<Proxies>, BadTrust> {
    let trust = match &site.clients {
        _ if site.proxies.is_empty() => return Ok(None),
        ClientCertificates::Never => {
            return Err(
                "proxies prove who they are by a certificate, which is not asked for".into(),
            );
        }
        ClientCertificates::Offered(trust) | ClientCertificates::Required(trust) => trust,
    };
    Ok(Some(Proxies {
        hosts: site.proxies.clone(),
        judge: trust.of_clients(true)?,
    }))
}

/// Who judges certificates of clients, where they are asked for.
fn judge(clients: &ClientCertificates) -> Result<Option<Arc<dyn ClientCertVerifier>>, BadTrust> {
    Ok(match clients {
        ClientCertificates::Never => None,
        ClientCertificates::Offered(trust) => Some(trust.of_clients(false)?),
        ClientCertificates::Required(trust) => Some(trust.of_clients(true)?),
    })
}

fn tls(site: &Site, judge: Option<Arc<dyn ClientCertVerifier>>) -> Result<ServerConfig, BadTrust> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = match judge {
        None => config.with_no_client_auth(),
        Some(judge) => config.with_client_cert_verifier(judge),
    };
    let mut config =
        config.with_single_cert(site.identity.chain(), site.identity.key().clone_key())?;
    config.alpn_protocols = vec![H2.to_vec(), HTTP_1_1.to_vec()];
    let checks_revocation = match &site.clients {
        ClientCertificates::Never => false,
        ClientCertificates::Offered(trust) | ClientCertificates::Required(trust) => {
            trust.checks_revocation()
        }
    };
    if checks_revocation {
        // Who comes again is judged again: a ticket would outlive the lists.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    } else {
        // A ticketer of its own: what one site sealed no other can open, nor this one once replaced.
        config.ticketer = aws_lc_rs::Ticketer::new()?;
        config.send_tls13_tickets = 1;
    }
    Ok(config)
}
