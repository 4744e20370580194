//! The demo: the whole network on loopback, each party with its own keys and store, all of them
//! speaking over TLS sockets.
//!
//! Start reading at [`start`].

mod addresses;
mod faults;
mod hosts;
mod overheard;
mod parties;
mod person;
mod ready;
mod trouble;
mod trusted;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use identity::{Hostname, Loa};
use store::Store as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::audit;
use crate::certificates::{Authority, KeyFiles, private_directory};
use crate::chance;
use crate::clock::Clock;
use crate::door::{self, Drained, House, Sites, Stop};
use crate::input::Input;
use crate::keys;
use crate::log::RefusalLog;
use crate::trust::Trust;

use self::parties::Chore;
pub use self::parties::{master_file, purposes};

pub use addresses::DvaAddress;
pub use faults::Fault;
pub use hosts::{Hosts, Party, hostname};
pub use person::{Form, Person, Shown};
pub use ready::DEMO_JSON;
pub use trouble::{DELAY_MS_MAX, RETRY_AFTER_S_MAX, Refused, Trouble, Troubles, Wrong};

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
    /// Whether clock and parties can be disturbed while the network runs.
    pub control: bool,
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
    /// What disturbs the network, if it was started so.
    pub control: Option<Control>,
    trust: Trust,
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
    /// What disturbs the network, if anything may.
    pub(crate) control: Option<Control>,
}

/// What disturbs the network: its clock, and the parties of this process.
#[derive(Clone, Debug)]
pub struct Control {
    /// The clock of every party.
    pub clock: Clock,
    /// The trouble of each.
    pub troubles: Troubles,
}

/// Starts the network. When it returns, every host answers.
///
/// # Errors
/// A text for the operator: what is wrong, where, and what to do.
pub async fn start(config: Config) -> Result<Running, String> {
    ours_or_empty(&config.state)?;
    private_directory(&config.state).map_err(|fault| fault.to_string())?;
    ready::remove_dead(&config.state);
    let listener = listen(config.port).await?;
    let port = listener
        .local_addr()
        .map_err(|error| error.to_string())?
        .port();
    let (wanted, fault) = (config.parties.clone(), config.fault);
    let foundation = Foundation::lay(config, port)?;
    let wanted = ours(&wanted, fault, &foundation.input)?;
    trusted::issue(&foundation)?;
    let opened = Parties::open(&foundation, &wanted, fault).await?;
    // The parties' locks are ours, so what a demo before us left behind is stale.
    let ready_files = ready::files(&foundation.state, &wanted, foundation.input.parties.len());
    ready::remove_stale(&ready_files);
    let (stop, stopping) = door::stop();
    let sites = Arc::new(ArcSwap::from_pointee(opened.sites));
    let door = tokio::spawn(door::serve(listener, sites, House::default(), stopping));
    let trust = trusted::of(&foundation);
    let running = Running {
        ca_file: foundation.state.join("ca").join("ca.pem"),
        control: foundation.control,
        chores: chores(&opened.apps, opened.chores),
        trust,
        hosts: foundation.hosts,
        authority: foundation.authority,
        clock: foundation.clock,
        state: foundation.state,
        input: foundation.input,
        ready_files,
        apps: opened.apps,
        stop,
        door,
    };
    ready::write(&running)?;
    Ok(running)
}

impl Foundation {
    /// The certificate authority, the input for this port, the log and the observer's keys.
    fn lay(config: Config, port: u16) -> Result<Self, String> {
        let clock = Clock::system();
        let authority = Authority::open(&config.state.join("ca"), clock.wall());
        let authority = authority.map_err(|fault| fault.to_string())?;
        let input = Arc::new((config.input)(port)?);
        let log = RefusalLog::open(&config.state.join("log.jsonl"));
        Ok(Self {
            hosts: Hosts::new(port, config.elsewhere).with_outside(input.parties.clone()),
            authority: Arc::new(authority),
            log: log.map_err(|error| error.to_string())?,
            input,
            observer_keys: parties::observer_keys(&config.state)?,
            state: config.state,
            control: config.control.then(|| Control {
                clock: clock.clone(),
                troubles: Troubles::default(),
            }),
            clock,
        })
    }
}

/// The parties to start: those that somebody else's server plays are not ours. Nor can a step be broken
/// that happens only there.
fn ours(
    wanted: &BTreeSet<Party>,
    fault: Option<Fault>,
    input: &Input,
) -> Result<BTreeSet<Party>, String> {
    let is_outside = |party| input.parties.contains_key(&party);
    if fault.is_some_and(|fault| fault.is_only_at(is_outside)) {
        let why = "this step happens at a party of parties.json, which nothing here can break";
        return Err(why.to_owned());
    }
    let ours = wanted.iter().copied().filter(|party| !is_outside(*party));
    let ours: BTreeSet<Party> = ours.collect();
    if ours.is_empty() {
        return Err("parties.json leaves no party to start".to_owned());
    }
    Ok(ours)
}

/// The parties of this process, ready to be served.
struct Parties {
    apps: BTreeMap<Party, Arc<App>>,
    sites: Sites,
    /// What they do by themselves, once the door stands open.
    chores: Vec<Chore>,
}

impl Parties {
    async fn open(
        on: &Foundation,
        wanted: &BTreeSet<Party>,
        fault: Option<Fault>,
    ) -> Result<Self, String> {
        let (mut apps, mut sites, mut chores) = (BTreeMap::new(), Vec::new(), Vec::new());
        let mut behind: HashMap<Hostname, Arc<App>> = HashMap::new();
        for party in Party::ALL.into_iter().filter(|p| wanted.contains(p)) {
            let opened = parties::open(on, party).await?;
            // The observer stays well, so that it can make the others well.
            let control = on.control.as_ref().filter(|_| party != Party::Netwerk);
            if let Some(control) = control {
                control.troubles.add(party, opened.app.clock.clone());
            }
            for (host, clients, mut router) in opened.sites {
                if let Some(fault) = fault {
                    router = fault.before(host, router);
                }
                if let Some(control) = control {
                    let keys = Arc::clone(&opened.app.keys);
                    router = control.troubles.before(party, keys, router);
                }
                if party != Party::Netwerk {
                    router = overheard::around(&opened.app, on.hosts.url(host), router);
                }
                let site = parties::site(on, party, host, clients, router)?;
                behind.insert(site.host.clone(), Arc::clone(&opened.app));
                sites.push(site);
            }
            chores.extend(opened.chores);
            apps.insert(party, opened.app);
        }
        let sites = Sites::open(sites).map_err(|fault| fault.to_string())?;
        let sites = sites.telling(move |host, trace, requirement, reason| {
            if let Some(app) = behind.get(host) {
                app.refused(trace, requirement, reason);
            }
        });
        Ok(Self {
            apps,
            sites,
            chores,
        })
    }
}

/// The signed metadata of Mitz as a service provider of DigiD, with the key of this state directory
/// and for this port: what another DigiD wants to know before the network starts (digid.md §2.1).
/// Makes what is not there yet, as a start would.
///
/// # Errors
/// A text for the operator.
pub fn sp_metadata(state: &Path, port: u16) -> Result<String, String> {
    ours_or_empty(state)?;
    private_directory(state).map_err(|fault| fault.to_string())?;
    let now = Clock::system().wall();
    Authority::open(&state.join("ca"), now).map_err(|fault| fault.to_string())?;
    let of_mitz = state.join(Party::Mitz.name());
    private_directory(&of_mitz).map_err(|fault| fault.to_string())?;
    let hosts = Hosts::new(port, BTreeMap::new());
    let mitz = parties::service_provider(state, &hosts, now, Loa::Substantieel, None)?;
    let id = saml::message_id(chance::entropy().bytes("saml.metadata"));
    mitz.metadata(&id).map_err(|fault| fault.to_string())
}

/// The certificate (PEM) of the authority of a state directory, made if there is none yet: what
/// another program wants to trust before the network starts.
///
/// # Errors
/// A text for the operator.
pub fn ca(state: &Path) -> Result<String, String> {
    ours_or_empty(state)?;
    private_directory(state).map_err(|fault| fault.to_string())?;
    let directory = state.join("ca");
    Authority::open(&directory, Clock::system().wall()).map_err(|fault| fault.to_string())?;
    let file = KeyFiles::authority(&directory).certificate;
    std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))
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
    // The demo destroys no event.
    let of_audit = apps
        .values()
        .map(|app| tokio::spawn(audit::writer::keep(Arc::clone(app), None)));
    let of_keys = apps.values().flat_map(keys::chores);
    let of_parties = of_keys.chain(of_parties).map(tokio::spawn);
    sweepers.chain(of_audit).chain(of_parties).collect()
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

    /// Whom its parties trust.
    pub fn trust(&self) -> Trust {
        self.trust.clone()
    }

    /// The file that says that this process is ready.
    pub fn ready_file(&self) -> Option<&Path> {
        self.ready_files.first().map(PathBuf::as_path)
    }

    /// Lets running requests finish, then stops.
    ///
    /// # Errors
    /// A text, when the door had failed.
    pub async fn stop(self) -> Result<Drained, String> {
        // First of all, and waited for: what a chore began would find our own doors closed.
        for chore in &self.chores {
            chore.abort();
        }
        for chore in self.chores {
            let _ = chore.await; // it was ended, or it was over
        }
        self.stop.now();
        let drained = self.door.await.map_err(|error| error.to_string())?;
        for app in self.apps.values() {
            audit::writer::finish(app).await;
        }
        ready::remove(&self.ready_files);
        drained.map_err(|error| error.to_string())
    }
}
