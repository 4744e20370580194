//! Tokens of Koppeltaal: SMART backend services, with an assertion of each algorithm that suppliers use.
//!
//! This process is also the application: it shows its keys at a door of its own.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::routing::get;
use jose::{Algorithm, Jwks, SigningKey};
use koppeltaal::domeinconfiguratie::{Domeinconfiguratie, Regels};
use koppeltaal::{Domein, DomeinUrls};
use protocol::assertion::{LIFETIME_S_MAX, TYPE};
use rustls::ClientConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use server::certificates::{Identity, private_directory};
use server::clock::Clock;
use server::config::Config;
use server::door::{self, ClientCertificates, House, Limits, Site, Sites, Stop};
use server::home::Home as Rows;
use server::keys::{Keys, MasterKey, Schedule};
use server::routes::koppeltaal::KoppeltaalRole;
use server::seal::Seal;
use store::{Commit, Store as _};
use testkit::{Installation, Role};
use tokio::net::TcpListener;
use verdict::CommitId;

use crate::client::Connection;
use crate::drive::{Counting, Run, WARM_UP_S};
use crate::floor::{self, Floor, clock};
use crate::node::{self, Node};
use crate::plan::{Arguments, CONNECTIONS, Home};
use crate::report::{self, Subject};
use crate::{Result, measure, measured_floor};

/// The role whose tokens they are.
const ROLE: &str = "koppeltaal";
const HOST: &str = "koppeltaal.localhost";
/// Where the applications show their keys.
const APPLICATIES: &str = "applicaties.localhost";
const DOMEIN: &str = "d1";
/// The algorithm of the bar, and those that suppliers use (koppeltaal.md §5).
const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Rs384,
    Algorithm::Rs512,
];

/// Measures each home and algorithm, and tells.
pub(crate) async fn run(sluis: &Path, arguments: &Arguments) -> Result<()> {
    let floor = measured_floor(&ALGORITHMS)?;
    let mut measured = Vec::new();
    for home in [Home::Sqlite, Home::Postgresql] {
        let scenarios = scenarios(home, &arguments.only);
        if scenarios.is_empty() {
            continue;
        }
        let world = World::start(sluis, home).await?;
        for scenario in scenarios {
            let run = world.ask(&scenario, arguments.seconds).await?;
            let subject = scenario.subject(&floor);
            measured.push(measure(&world.node, run, subject, arguments.seconds).await?);
        }
        world.node.stop()?;
    }
    let title = "Tokens of Koppeltaal per CPU-second of the server";
    report::tell("load-koppeltaal", title, &floor, &measured)
}

/// Tokens for an application whose key is of this algorithm, over and over.
struct Scenario {
    /// Its place among [`ALGORITHMS`].
    at: usize,
    home: Home,
    connections: u16,
}

/// Each algorithm at the most connections; the one of the bar at fewer, too.
fn scenarios(home: Home, only: &str) -> Vec<Scenario> {
    let each = (0..ALGORITHMS.len()).flat_map(|at| {
        let scenario = move |connections| Scenario {
            at,
            home,
            connections,
        };
        CONNECTIONS.map(scenario)
    });
    let is_asked = |scenario: &Scenario| {
        let is_bar = ALGORITHMS[scenario.at] == Algorithm::Es256;
        (is_bar || scenario.connections == 64) && scenario.name().contains(only)
    };
    each.filter(is_asked).collect()
}

impl Scenario {
    fn name(&self) -> String {
        let (algorithm, connections) = (ALGORITHMS[self.at].name(), self.connections);
        format!("{algorithm} {} connections={connections}", self.home)
    }

    fn subject(&self, floor: &Floor) -> Subject {
        Subject {
            name: self.name(),
            proof: ALGORITHMS[self.at].name().to_owned(),
            home: self.home.to_string(),
            grants: 0,
            connections: self.connections,
            floor_per_s: floor.of(ALGORITHMS[self.at]),
        }
    }
}

/// A domain that is served, and the applications that ask.
struct World {
    node: Node,
    keys: Vec<Arc<SigningKey>>,
    tls: Arc<ClientConfig>,
    _shown: Stop,
}

impl World {
    async fn start(sluis: &Path, home: Home) -> Result<Self> {
        let (store, cluster) = node::store(home)?;
        let mut installation =
            Installation::lay(&node::folder()?, &[Role::Koppeltaal], &store, "[]", "[]");
        installation.change(
            "[koppeltaal.site]\n",
            "[koppeltaal.site]\nrequests_per_s_per_address = 0\nrequests_per_s_per_client = 0\n",
        );
        let keys = ALGORITHMS.map(|algorithm| Ok(Arc::new(floor::key(algorithm)?)));
        let keys: Vec<_> = keys.into_iter().collect::<Result<_>>()?;
        let (port, shown) = show(&mut installation, &keys).await?;
        declare(&installation, port).await?;
        Ok(Self {
            tls: Arc::new(node::trusting(&installation)?.with_no_client_auth()),
            node: Node::start(sluis, ROLE, installation, cluster)?,
            keys,
            _shown: shown,
        })
    }

    /// Opens the connections and begins.
    async fn ask(&self, scenario: &Scenario, seconds: u64) -> Result<Run> {
        let base = format!("https://{HOST}:{}", self.node.installation.port);
        let asker = Arc::new(Asker {
            key: Arc::clone(&self.keys[scenario.at]),
            endpoint: DomeinUrls::new(&base, &Domein::parse(DOMEIN)?).token(),
            client_id: client_id(scenario.at),
            run: format!("{:?}", clock()),
            signed: AtomicU64::new(0),
        });
        let mut opened = Vec::new();
        for _ in 0..scenario.connections {
            let tls = Arc::clone(&self.tls);
            opened.push(Connection::open(tls, HOST, self.node.address()).await?);
        }
        let mut run = Run::of(seconds + WARM_UP_S);
        for connection in opened {
            run.client(|counting| ask(connection, Arc::clone(&asker), counting));
        }
        Ok(run)
    }
}

/// What all connections of a run share.
struct Asker {
    key: Arc<SigningKey>,
    endpoint: String,
    client_id: String,
    run: String,
    signed: AtomicU64,
}

async fn ask(
    mut connection: Connection,
    asker: Arc<Asker>,
    counting: Arc<Counting>,
) -> Result<Vec<Duration>> {
    let path = format!("/api/v1/{DOMEIN}/oauth2/token");
    let mut took = Vec::new();
    while counting.goes_on() {
        let form = asker.form()?;
        let begun = counting.begin();
        let (status, body) = connection.post(&path, &form).await?;
        if status != 200 {
            return Err(format!("the server answers {status}: {body}").into());
        }
        took.extend(counting.end(begun));
    }
    Ok(took)
}

impl Asker {
    fn form(&self) -> Result<String> {
        let now = Clock::system().now();
        let number = self.signed.fetch_add(1, Ordering::Relaxed);
        let claims = json!({
            "iss": self.client_id, "sub": self.client_id, "aud": self.endpoint,
            "iat": now.unix(), "exp": now.plus_s(LIFETIME_S_MAX).unix(),
            "jti": format!("{}.{number}", self.run),
        });
        let assertion = self.key.sign("JWT", &claims)?;
        let of_type = TYPE.replace(':', "%3A");
        Ok(format!(
            "grant_type=client_credentials&scope=*&client_assertion_type={of_type}\
             &client_assertion={assertion}"
        ))
    }
}

fn client_id(at: usize) -> String {
    format!("00000000-0000-4000-8000-{at:012x}")
}

/// Shows the key of each application at a door of this process, whose port it gives.
async fn show(installation: &mut Installation, keys: &[Arc<SigningKey>]) -> Result<(u16, Stop)> {
    let issued = installation.authority.issue(APPLICATIES);
    let certificate = CertificateDer::from_pem_slice(issued.certificate.as_bytes())?;
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes())?;
    let mut router = Router::new();
    for (at, key) in keys.iter().enumerate() {
        let set = Jwks::new(vec![key.public().clone()])?.to_json().to_string();
        let answer = move || async move { ([("cache-control", "max-age=3600")], set) };
        router = router.route(&format!("/{at}"), get(answer));
    }
    let site = Site {
        host: APPLICATIES.parse()?,
        port: None,
        identity: Identity::new(certificate, Vec::new(), key),
        clients: ClientCertificates::Never,
        router,
        limits: Limits::on_one_machine(),
        proxies: BTreeSet::new(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let sites = Arc::new(ArcSwap::from_pointee(Sites::open([site])?));
    let (stop, stopping) = door::stop();
    tokio::spawn(door::serve(listener, sites, House::default(), stopping));
    Ok((port, stop))
}

/// Declares the domain in the store, before the node starts.
async fn declare(installation: &Installation, shown_at: u16) -> Result<()> {
    let config = Config::read(&installation.config(), |_| None)?;
    private_directory(&config.state)?;
    private_directory(&config.state.join(ROLE))?;
    Rows::migrate(&config, ROLE).await?;
    let home = Rows::of(&config, ROLE).await?;
    let now = Clock::system().now();
    let master = MasterKey::read(&config.master_file)?;
    let purposes = &KoppeltaalRole::PURPOSES;
    let keys = Keys::open(&home, master, purposes, Schedule::default(), now).await?;
    let seal = Seal::new(Arc::new(keys));
    let document = declaration(shown_at).to_string();
    let domein = Domeinconfiguratie::read(document.as_bytes(), Regels::default())?;
    let changes = domein.put(None, now).into_iter();
    let changes = changes.map(|change| seal.change(change)).collect();
    let commit = Commit::new(CommitId([1; 16]), now, changes, Vec::new())?;
    Ok(home.commit(commit).await?)
}

fn declaration(shown_at: u16) -> serde_json::Value {
    let application = |at: usize| {
        json!({
            "client_id": client_id(at), "name": "Proefmodule", "status": "approved",
            "jwks_uri": format!("https://{APPLICATIES}:{shown_at}/{at}"), "role": "Module",
        })
    };
    json!({
        "schema_version": 1,
        "domain": DOMEIN,
        "service": client_id(0xff),
        "fhir": { "upstream": "https://fhir.localhost:1" },
        "applications": (0..ALGORITHMS.len()).map(application).collect::<Vec<_>>(),
        "roles": { "Module": {
            "ActivityDefinition": { "create": "own", "read": "own", "update": "own" },
            "Patient": { "read": "all" },
            "Task": { "create": "own", "read": "own", "update": "own" },
        } },
    })
}
