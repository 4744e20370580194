//! A node in production: the roles that its configuration names, on this machine's sockets.
//!
//! Any number of nodes serve one PostgreSQL and hold no truth of their own; with SQLite there is one
//! node. A node takes certificates, authorities and revocation lists anew when their files change,
//! and tells at `admin.listen` whether it lives and whether requests may be sent to it.
//!
//! Start reading at [`start`]. [`check`] looks at the same things without serving.

mod answers;
mod check;
mod files;
mod health;
mod ketens;
mod reload;
mod revocation;
mod roles;
mod trusted;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use store::Store as _;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::audit;
use crate::certificates::{Identity, private_directory};
use crate::clock::Clock;
use crate::config::{Config, NodeIdentity};
use crate::door::{self, Drained, House, Site, Stop};
use crate::home::Home;
use crate::input::Registers;
use crate::keys::{SigningToken, custody};
use crate::log::{self, RefusalLog};
use crate::outside::{Addresses, Outside, OutsideConfig};
use crate::routes::etoegang::hm::HmRole;
use crate::trust::Trust;

use self::health::Health;
use self::reload::Plan;
use self::trusted::Judged;

pub(crate) use files::is_open_to_all;

pub use self::roles::etoegang::diensten_van_mr;
pub use check::{Finding, Reach, Standing, check};

/// The log of refusals, in the state directory.
const LOG: &str = "log.jsonl";
/// How often a node sweeps what is over, and how many rows at once.
const SWEEP_EVERY: Duration = Duration::from_secs(20);
const SWEEP_ROWS_MAX: u16 = 1_000;
/// Between two batches, so that requests go first.
const SWEEP_BREATH: Duration = Duration::from_millis(50);
/// How often the homes are looked at.
const LOOK_AT_HOMES_EVERY: Duration = Duration::from_secs(1);

/// A node that serves.
pub struct Running {
    /// What each role shares, in the order of the roles' names.
    pub apps: BTreeMap<&'static str, Arc<App>>,
    /// Where the node serves, and its health if it tells that: names and addresses.
    pub addresses: Vec<(String, std::net::SocketAddr)>,
    health: Arc<Health>,
    renew: Arc<Notify>,
    stops: Vec<Stop>,
    doors: Vec<JoinHandle<std::io::Result<Drained>>>,
    chores: Vec<JoinHandle<()>>,
}

/// What every role is given.
struct Foundation {
    config: Config,
    registers: Registers,
    clock: Clock,
    log: RefusalLog,
    trusted: trusted::Sources,
    /// Whom the node believes at the start.
    judged: Judged,
    token: Option<Arc<dyn SigningToken>>,
}

/// Starts a node. When it returns, every site answers.
///
/// # Errors
/// A text for the operator: what is wrong, where, and what to do.
pub async fn start(config: Config) -> Result<Running, String> {
    files::own_directory(&config.state)?;
    private_directory(&config.state).map_err(|fault| fault.to_string())?;
    let on = Box::pin(Foundation::lay(config)).await?;
    let listeners = listen(&on.config).await?;
    let admin = health::listen(on.config.admin).await?;
    let opened = Box::pin(roles::open(&on)).await?;
    let plan = Plan::of(on, opened)?;
    let health = Arc::new(Health::of(plan.apps.values(), plan.answers.clone()));
    let (mut stops, mut doors, mut addresses) = (Vec::new(), Vec::new(), Vec::new());
    for (name, house, listener) in listeners {
        let sites = plan.sites(&name);
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        addresses.push((name, address));
        let (stop, stopping) = door::stop();
        stops.push(stop);
        doors.push(tokio::spawn(door::serve(listener, sites, house, stopping)));
    }
    let renew = Arc::new(Notify::new());
    let mut chores = plan.chores;
    if let Some(listener) = admin {
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        addresses.push(("admin".to_owned(), address));
        chores.push(tokio::spawn(health::serve(listener, Arc::clone(&health))));
    }
    chores.push(tokio::spawn(
        plan.kept.renew(Arc::clone(&renew), Arc::clone(&health)),
    ));
    Ok(Running {
        apps: plan.apps,
        addresses,
        health,
        renew,
        stops,
        doors,
        chores,
    })
}

impl Foundation {
    async fn lay(config: Config) -> Result<Self, String> {
        let clock = Clock::system();
        let registers = Registers::read(config.registers.as_deref());
        let registers = registers.map_err(|fault| fault.to_string())?;
        let trusted = trusted::Sources::of(&config.trust, &registers, &config.state);
        let fetcher = reload::fetcher(&config)?;
        let roots = trusted.authorities()?;
        let lists = trusted.fetch(&fetcher, &roots, clock.wall(), |_| true);
        for (_, list) in lists.await {
            if let Err(why) = list {
                tracing::warn!("{why}");
            }
        }
        let judged = trusted.judged(roots, clock.wall());
        for why in &judged.faults {
            tracing::error!("{why}");
        }
        let log = config.state.join(LOG);
        let opened = RefusalLog::open(&log);
        Ok(Self {
            token: custody::token(&config)?,
            log: opened.map_err(|error| log::unusable(&log, &error))?,
            config,
            registers,
            clock,
            trusted,
            judged,
        })
    }

    /// The rows of a role.
    async fn home(&self, role: &'static str) -> Result<Home, String> {
        Home::of(&self.config, role).await
    }

    /// How a role calls others.
    fn outside(&self, role: &str, node: &NodeIdentity) -> Result<Outside, String> {
        let shown = files::client(&node.identity, &node.host, self.clock.wall())?;
        let config = outside_config(&self.config, &self.judged.trust, role, shown.identity);
        Outside::new(config).map_err(|fault| fault.to_string())
    }
}

/// How a role calls others, by this certificate.
fn outside_config(config: &Config, trust: &Trust, role: &str, shown: Identity) -> OutsideConfig {
    let usual = OutsideConfig::new(trust.clone(), Some(shown));
    OutsideConfig {
        addresses: Addresses::Public {
            and: config.private_hosts.clone(),
        },
        timeout: match role {
            "hm" => HmRole::KETEN,
            _ => usual.timeout,
        },
        ..usual
    }
}

/// Opens every socket, before anything is served on one.
async fn listen(config: &Config) -> Result<Vec<(String, House, TcpListener)>, String> {
    let mut listeners = Vec::new();
    for (name, listener) in &config.listeners {
        let bound = TcpListener::bind(listener.listen).await.map_err(|error| {
            format!(
                "listeners.{name}: {} cannot be opened: {error}; does another program listen there, \
                 or is the right to ports below 1024 (CAP_NET_BIND_SERVICE) missing?",
                listener.listen
            )
        })?;
        listeners.push((name.clone(), listener.house, bound));
    }
    Ok(listeners)
}

/// Removes what is over, in small batches, for as long as the role is served. While there is more it
/// goes on at once, with a breath between two batches.
async fn sweep(app: Arc<App>) {
    let mut pause = SWEEP_EVERY;
    loop {
        tokio::time::sleep(pause).await;
        let now = app.clock.now();
        pause = match app.home.sweep(now, SWEEP_ROWS_MAX).await {
            Ok(SWEEP_ROWS_MAX..) => SWEEP_BREATH,
            Ok(_) => SWEEP_EVERY,
            Err(down) => {
                tracing::error!(role = app.party, %down, "what is over could not be removed");
                SWEEP_EVERY
            }
        };
    }
}

impl Running {
    /// Waits until a role's home stops for good: then the node must end, since what it says could no
    /// longer be kept (design §4). Tells which role.
    pub async fn home_failed(&self) -> &'static str {
        loop {
            tokio::time::sleep(LOOK_AT_HOMES_EVERY).await;
            if let Some((role, _)) = self.apps.iter().find(|(_, app)| app.home.is_down()) {
                return role;
            }
        }
    }

    /// Looks at certificates, authorities and revocation lists now, not at the next time.
    pub fn renew(&self) {
        self.renew.notify_one();
    }

    /// Says at once that no further requests may be sent here, waits for `notice` so that whoever
    /// sends them can hear it, lets running requests finish, and stops.
    ///
    /// # Errors
    /// A text, when a door had failed.
    pub async fn stop(self, notice: Duration) -> Result<Drained, String> {
        self.health.drain();
        tokio::time::sleep(notice).await;
        for stop in &self.stops {
            stop.now();
        }
        let mut cut = 0;
        for door in self.doors {
            let drained = door.await.map_err(|error| error.to_string())?;
            cut += drained.map_err(|error| error.to_string())?.cut;
        }
        for chore in &self.chores {
            chore.abort();
        }
        // Together: a database that stands still holds each of them up as long.
        join_all(self.apps.values().map(|app| audit::writer::finish(app))).await;
        Ok(Drained { cut })
    }
}

/// A site, from what its role says and its files held.
fn site(plan: &reload::PlannedSite, trust: &Trust) -> Site {
    let clients = match plan.ask {
        roles::Ask::Never => door::ClientCertificates::Never,
        roles::Ask::Offered => door::ClientCertificates::Offered(trust.clone()),
        roles::Ask::Required => door::ClientCertificates::Required(trust.clone()),
    };
    Site {
        host: plan.config.host.clone(),
        port: Some(plan.config.port()),
        identity: plan.shown.clone(),
        clients,
        router: plan.router.clone(),
        limits: plan.config.limits,
        proxies: plan.config.proxies.clone(),
    }
}
