//! The demo: the whole network on loopback, each party with its own keys and store, all of them
//! speaking over TLS sockets.
//!
//! Start reading at [`start`].

mod faults;
mod hosts;
mod parties;
mod person;
mod ready;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use store::Store as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::certificates::{Authority, private_directory};
use crate::clock::Clock;
use crate::door::{self, Drained, House, Sites, Stop};
use crate::input::Input;
use crate::log::RefusalLog;

use self::parties::Chore;

pub use faults::Fault;
pub use hosts::{Hosts, Party, hostname};
pub use person::{Form, Person, Shown};
pub use ready::DEMO_JSON;

/// How often a party sweeps what is over, and how many rows at once.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
const SWEEP_ROWS_MAX: u16 = 1_000;
/// How often the stores are looked at.
const LOOK_AT_STORES_EVERY: Duration = Duration::from_secs(1);

/// How the demo is to run.
pub struct Config {
    /// Where everything is kept.
    pub state: PathBuf,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// People, providers, clients; made for a port once that is known.
    pub input: Box<dyn FnOnce(u16) -> Result<Input, String> + Send>,
    /// The parties to start.
    pub parties: BTreeSet<Party>,
    /// The ports of parties that run elsewhere.
    pub elsewhere: BTreeMap<Party, u16>,
    /// The step to break.
    pub fault: Option<Fault>,
}

/// A network that serves.
pub struct Running {
    /// Where each host is reached.
    pub hosts: Hosts,
    /// The certificate authority's file.
    pub ca_file: PathBuf,
    /// Its certificate.
    pub authority: Arc<Authority>,
    /// The clock of every party.
    pub clock: Clock,
    /// Where everything is kept.
    pub state: PathBuf,
    /// What the network was started with.
    pub input: Arc<Input>,
    /// The parties' stores, for those who test the demo from within.
    pub apps: BTreeMap<Party, Arc<App>>,
    ready_files: Vec<PathBuf>,
    stop: Stop,
    door: JoinHandle<std::io::Result<Drained>>,
    chores: Vec<JoinHandle<()>>,
}

/// What every party is given.
pub(crate) struct Foundation {
    pub(crate) state: PathBuf,
    pub(crate) hosts: Hosts,
    pub(crate) authority: Arc<Authority>,
    pub(crate) clock: Clock,
    pub(crate) log: RefusalLog,
    pub(crate) input: Arc<Input>,
    pub(crate) observer_keys: BTreeMap<&'static str, String>,
}

/// Starts the network. When it returns, every host answers.
///
/// # Errors
/// A text for the operator: what is wrong, where, and what to do.
pub async fn start(config: Config) -> Result<Running, String> {
    ours_or_empty(&config.state)?;
    private_directory(&config.state).map_err(|fault| fault.to_string())?;
    let listener = listen(config.port).await?;
    let port = listener
        .local_addr()
        .map_err(|error| error.to_string())?
        .port();
    let clock = Clock::system();
    let authority = Authority::open(&config.state.join("ca"), clock.wall());
    let foundation = Foundation {
        hosts: Hosts::new(port, config.elsewhere),
        authority: Arc::new(authority.map_err(|fault| fault.to_string())?),
        log: RefusalLog::open(&config.state.join("log.jsonl"))
            .map_err(|error| error.to_string())?,
        input: Arc::new((config.input)(port)?),
        observer_keys: parties::observer_keys(&config.state)?,
        state: config.state,
        clock,
    };
    let mut sites = Vec::new();
    let mut apps = BTreeMap::new();
    let mut of_parties = Vec::new();
    for party in Party::ALL
        .into_iter()
        .filter(|party| config.parties.contains(party))
    {
        let opened = parties::open(&foundation, party)?;
        apps.insert(party, Arc::clone(&opened.app));
        of_parties.extend(opened.chores);
        for (host, clients, router) in opened.sites {
            let router = match config.fault {
                Some(fault) => fault.before(host, router),
                None => router,
            };
            sites.push(parties::site(&foundation, party, host, clients, router)?);
        }
    }
    // The parties' locks are ours, so what a demo before us left behind is stale.
    let ready_files = ready::files(&foundation.state, &config.parties);
    ready::remove_stale(&ready_files);
    let sites = Sites::open(sites).map_err(|fault| fault.to_string())?;
    let (stop, stopping) = door::stop();
    let sites = Arc::new(ArcSwap::from_pointee(sites));
    let door = tokio::spawn(door::serve(listener, sites, House::default(), stopping));
    let running = Running {
        ca_file: foundation.state.join("ca").join("ca.pem"),
        chores: chores(&apps, of_parties),
        hosts: foundation.hosts,
        authority: foundation.authority,
        clock: foundation.clock,
        state: foundation.state,
        input: foundation.input,
        ready_files,
        apps,
        stop,
        door,
    };
    ready::write(&running)?;
    Ok(running)
}

/// Whether a state directory is new, empty, or made by a demo before us. Anything else is somebody's
/// folder, and would be closed to everybody but its owner.
fn ours_or_empty(state: &Path) -> Result<(), String> {
    let Ok(mut entries) = std::fs::read_dir(state) else {
        return Ok(());
    };
    if state.join("ca").is_dir() || entries.next().is_none() {
        return Ok(());
    }
    Err(format!(
        "{}: this folder holds other files; name an empty one, or one that a demo made",
        state.display()
    ))
}

async fn listen(port: u16) -> Result<TcpListener, String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address).await.map_err(|error| {
        format!(
            "port {port} cannot be opened on loopback: {error}; is another demo running? \
             --port 0 takes a free one"
        )
    })
}

/// What the parties do by themselves, once the door stands open.
fn chores(apps: &BTreeMap<Party, Arc<App>>, of_parties: Vec<Chore>) -> Vec<JoinHandle<()>> {
    let sweepers = apps.values().map(|app| sweep(Arc::clone(app)));
    let sweepers = sweepers.map(tokio::spawn);
    let of_parties = of_parties.into_iter().map(tokio::spawn);
    sweepers.chain(of_parties).collect()
}

/// Removes what is over, in small batches, for as long as the party lives.
async fn sweep(app: Arc<App>) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        if let Err(down) = app.home.sweep(app.clock.now(), SWEEP_ROWS_MAX).await {
            tracing::error!(party = app.party, %down, "what is over could not be swept");
        }
    }
}

impl Running {
    /// Waits until a party's store stops for good (a failed fsync, a full disk): then the program
    /// must end, since what it says could no longer be kept (design §4).
    pub async fn store_failed(&self) -> &'static str {
        loop {
            tokio::time::sleep(LOOK_AT_STORES_EVERY).await;
            if let Some(app) = self.apps.values().find(|app| app.home.is_down()) {
                return app.party;
            }
        }
    }

    /// Lets running requests finish, then stops.
    ///
    /// # Errors
    /// A text, when the door had failed.
    pub async fn stop(self) -> Result<Drained, String> {
        for chore in &self.chores {
            chore.abort();
        }
        self.stop.now();
        let drained = self.door.await.map_err(|error| error.to_string())?;
        ready::remove(&self.ready_files);
        drained.map_err(|error| error.to_string())
    }
}
