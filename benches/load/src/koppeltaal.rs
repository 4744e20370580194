//! What a domain of Koppeltaal carries: tokens for an assertion of each algorithm that suppliers use,
//! introspection of such a token, and small reads through the gateway.
//!
//! This process is also the applications, which show their keys at a door of its own, and the FHIR server behind
//! the gateway.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use http::StatusCode;
use jose::{Algorithm, Jwks, SigningKey};
use koppeltaal::domeinconfiguratie::{Domeinconfiguratie, Regels};
use koppeltaal::{Domein, DomeinUrls};
use rustls::ClientConfig;
use serde_json::json;
use server::certificates::private_directory;
use server::clock::Clock;
use server::config::Config;
use server::door::Stop;
use server::home::Home as Rows;
use server::keys::{Keys, MasterKey, Schedule};
use server::routes::koppeltaal::KoppeltaalRole;
use server::seal::Seal;
use store::{Commit, Store as _};
use testkit::{Installation, Role};
use verdict::CommitId;

use crate::assertions::Assertions;
use crate::client::{Connection, member};
use crate::drive::{Counting, Run, WARM_UP_S};
use crate::floor::{self, Floor};
use crate::node::{self, Node};
use crate::plan::{Arguments, CONNECTIONS, Home, MOST};
use crate::report::{self, Measured, Subject};
use crate::{Result, measure, measured_floor, others};

/// The role whose tokens they are.
const ROLE: &str = "koppeltaal";
const HOST: &str = "koppeltaal.localhost";
/// Where the applications show their keys.
const APPLICATIES: &str = "applicaties.localhost";
/// The FHIR server behind the gateway.
const FHIR: &str = "fhir.localhost";
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
        measured.extend(measured_on(sluis, home, scenarios, &floor, arguments.seconds).await?);
    }
    let title = "Requests in a domain of Koppeltaal per CPU-second of the server";
    report::tell("load-koppeltaal", title, &floor, &measured)
}

/// The token of the bar, at the most connections, on PostgreSQL.
pub(crate) async fn bar(sluis: &Path, floor: &Floor, seconds: u64) -> Result<Vec<Measured>> {
    let home = Home::Postgresql;
    let bar = Scenario {
        work: Work::Token(0),
        home,
        connections: MOST,
    };
    measured_on(sluis, home, vec![bar], floor, seconds).await
}

async fn measured_on(
    sluis: &Path,
    home: Home,
    scenarios: Vec<Scenario>,
    floor: &Floor,
    seconds: u64,
) -> Result<Vec<Measured>> {
    let mut measured = Vec::new();
    if scenarios.is_empty() {
        return Ok(measured);
    }
    let world = World::start(sluis, home).await?;
    for scenario in scenarios {
        let run = world.ask(&scenario, seconds).await?;
        let subject = scenario.subject(floor);
        measured.push(measure(&world.node, run, subject, seconds).await?);
    }
    world.node.stop()?;
    Ok(measured)
}

/// What is asked, over and over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// A token, for an assertion by the key at this place among [`ALGORITHMS`].
    Token(usize),
    /// Whether an access token is good, for an ES256 assertion.
    Introspect,
    /// A resource of one's own, of which the gateway must see whose it is.
    Read,
    /// As large a resource, which everybody may read without a token: what the gateway costs where it decides
    /// and keeps nothing, so that the difference is what it adds.
    ReadByAnybody,
}

struct Scenario {
    work: Work,
    home: Home,
    connections: u16,
}

/// Each at the most connections; tokens of the bar at fewer, too.
fn scenarios(home: Home, only: &str) -> Vec<Scenario> {
    let tokens = (0..ALGORITHMS.len()).map(Work::Token);
    let each = tokens.chain([Work::Introspect, Work::Read, Work::ReadByAnybody]);
    let each = each.flat_map(|work| {
        let scenario = move |connections| Scenario {
            work,
            home,
            connections,
        };
        CONNECTIONS.map(scenario)
    });
    let is_asked = |scenario: &Scenario| {
        let is_bar = scenario.work == Work::Token(0);
        (is_bar || scenario.connections == MOST) && scenario.name().contains(only)
    };
    each.filter(is_asked).collect()
}

impl Work {
    fn name(self) -> String {
        match self {
            Self::Token(at) => format!("token {}", ALGORITHMS[at].name()),
            Self::Introspect => "introspect ES256".to_owned(),
            Self::Read => "read".to_owned(),
            Self::ReadByAnybody => "read by anybody".to_owned(),
        }
    }

    /// Whose key signs: a place among [`ALGORITHMS`].
    const fn key(self) -> usize {
        match self {
            Self::Token(at) => at,
            Self::Introspect | Self::Read | Self::ReadByAnybody => 0,
        }
    }
}

impl Scenario {
    fn name(&self) -> String {
        let (work, connections) = (self.work.name(), self.connections);
        format!("{work} {} connections={connections}", self.home)
    }

    fn subject(&self, floor: &Floor) -> Subject {
        Subject {
            name: self.name(),
            proof: self.work.name(),
            home: self.home.to_string(),
            grants: 0,
            connections: self.connections,
            floor_per_s: match self.work {
                Work::Token(at) => floor.of(ALGORITHMS[at]),
                Work::Introspect => floor.verify_twice,
                Work::Read | Work::ReadByAnybody => f64::INFINITY,
            },
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
        let urls = DomeinUrls::new(&base, &Domein::parse(DOMEIN)?);
        let key = scenario.work.key();
        let mut asker = Asker {
            assertions: Assertions::new(&self.keys[key], client_id(key)),
            work: scenario.work,
            token: String::new(),
            urls,
        };
        if !matches!(scenario.work, Work::Token(_)) {
            let mut connection = self.connection().await?;
            let (_, body) = connection.post(TOKEN, &asker.token_form()?).await?;
            let token = member(body, "access_token").ok_or("the server gave no token")?;
            token.clone_into(&mut asker.token);
        }
        let asker = Arc::new(asker);
        let mut opened = Vec::new();
        for _ in 0..scenario.connections {
            opened.push(self.connection().await?);
        }
        let mut run = Run::of(seconds + WARM_UP_S);
        for connection in opened {
            run.client(|counting| ask(connection, Arc::clone(&asker), counting));
        }
        Ok(run)
    }

    async fn connection(&self) -> Result<Connection> {
        Connection::open(Arc::clone(&self.tls), HOST, self.node.address()).await
    }
}

const TOKEN: &str = "/api/v1/d1/oauth2/token";
const INTROSPECT: &str = "/api/v1/d1/oauth2/introspect";
const PATIENT: &str = "/api/v1/d1/fhir/r4/Patient/p1";
const GUIDE: &str = "/api/v1/d1/fhir/r4/ImplementationGuide/g1";

/// What all connections of a run share.
struct Asker {
    assertions: Assertions,
    work: Work,
    /// An access token, where the work needs one.
    token: String,
    urls: DomeinUrls,
}

async fn ask(
    mut connection: Connection,
    asker: Arc<Asker>,
    counting: Arc<Counting>,
) -> Result<Vec<Duration>> {
    let mut took = Vec::new();
    while counting.goes_on() {
        let form = match asker.work {
            Work::Token(_) => asker.token_form()?,
            Work::Introspect => asker.introspect_form()?,
            Work::Read | Work::ReadByAnybody => String::new(),
        };
        let begun = counting.begin();
        let (status, body) = match asker.work {
            Work::Token(_) => connection.post(TOKEN, &form).await?,
            Work::Introspect => connection.post(INTROSPECT, &form).await?,
            Work::Read => connection.get(PATIENT, Some(&asker.token)).await?,
            Work::ReadByAnybody => connection.get(GUIDE, None).await?,
        };
        let is_good = asker.work != Work::Introspect || body.contains("\"active\":true");
        if status != 200 || !is_good {
            return Err(format!("the server answers {status}: {body}").into());
        }
        took.extend(counting.end(begun));
    }
    Ok(took)
}

impl Asker {
    fn token_form(&self) -> Result<String> {
        let proof = self.assertions.fields(&self.urls.token())?;
        Ok(format!("grant_type=client_credentials&scope=*&{proof}"))
    }

    fn introspect_form(&self) -> Result<String> {
        let proof = self.assertions.fields(&self.urls.introspect())?;
        Ok(format!("token={}&{proof}", self.token))
    }
}

fn client_id(at: usize) -> String {
    format!("00000000-0000-4000-8000-{at:012x}")
}

/// Shows the key of each application, and plays the FHIR server, at a door of this process, whose port it
/// gives.
async fn show(installation: &mut Installation, keys: &[Arc<SigningKey>]) -> Result<(u16, Stop)> {
    let mut applicaties = Router::new();
    for (at, key) in keys.iter().enumerate() {
        let set = Jwks::new(vec![key.public().clone()])?.to_json().to_string();
        let answer = move || async move { ([("cache-control", "max-age=3600")], set) };
        applicaties = applicaties.route(&format!("/{at}"), get(answer));
    }
    let fhir_json = [("content-type", "application/fhir+json")];
    let patient = patient().to_string();
    let guide = guide(patient.len()).to_string();
    let fhir = Router::new()
        .route(
            "/fhir/Patient/p1",
            get(move || async move { (fhir_json, patient) }),
        )
        .route(
            "/fhir/ImplementationGuide/g1",
            get(move || async move { (fhir_json, guide) }),
        )
        // Koppeltaal case 117: without its Device an application gets no token.
        .route(
            "/fhir/Device/{id}",
            get(move || async move { (fhir_json, r#"{"resourceType":"Device"}"#) }),
        )
        .route(
            "/fhir/metadata",
            get(move || async move { (fhir_json, STATEMENT) }),
        )
        .route(
            "/fhir",
            post(move |body: String| async move { (fhir_json, batch_answer(&body)) }),
        )
        .route(
            "/fhir/AuditEvent",
            post(move || async move { (StatusCode::CREATED, fhir_json, "{}") }),
        );
    others::serve(installation, [(APPLICATIES, applicaties), (FHIR, fhir)]).await
}

/// What the FHIR server says of itself.
const STATEMENT: &str = r#"{
  "resourceType": "CapabilityStatement", "status": "active", "kind": "instance",
  "date": "2026-11-27", "fhirVersion": "4.0.1", "format": ["application/fhir+json"],
  "rest": [{ "mode": "server", "interaction": [{ "code": "batch" }],
    "resource": [{ "type": "Patient" }, { "type": "AuditEvent" }] }]
}"#;

/// The answer to a Bundle of creations: each is good.
fn batch_answer(body: &str) -> String {
    let bundle: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let entries = bundle["entry"].as_array().map_or(0, Vec::len);
    let created = json!({ "response": { "status": "201 Created" } });
    let answer = json!({
        "resourceType": "Bundle", "type": "batch-response", "entry": vec![created; entries],
    });
    answer.to_string()
}

/// A resource of the first application.
fn patient() -> serde_json::Value {
    json!({
        "resourceType": "Patient", "id": "p1",
        "meta": { "versionId": "1", "lastUpdated": "2026-11-27T09:00:00Z" },
        "extension": [{
            "url": "http://koppeltaal.nl/fhir/StructureDefinition/resource-origin",
            "valueReference": { "reference": format!("Device/{}", client_id(0)), "type": "Device" },
        }],
        "identifier": [{ "system": "https://epd.example/nummer", "value": "1" }],
        "active": true,
        "name": [{ "use": "official", "text": "Anna Voorbeeld", "family": "Voorbeeld", "given": ["Anna"] }],
        "gender": "female", "birthDate": "1991-04-12",
    })
}

/// A resource of everybody, about as large.
fn guide(bytes: usize) -> serde_json::Value {
    json!({
        "resourceType": "ImplementationGuide", "id": "g1",
        "meta": { "versionId": "1", "lastUpdated": "2026-11-27T09:00:00Z" },
        "url": "https://epd.example/gids", "name": "Gids", "status": "active",
        "packageId": "gids", "fhirVersion": ["4.0.1"], "description": "x".repeat(bytes.saturating_sub(240)),
    })
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
        "fhir": { "upstream": format!("https://{FHIR}:{shown_at}/fhir") },
        "applications": (0..ALGORITHMS.len()).map(application).collect::<Vec<_>>(),
        "roles": { "Module": {
            "ActivityDefinition": { "create": "own", "read": "own", "update": "own" },
            "Patient": { "read": "own" },
            "Task": { "create": "own", "read": "own", "update": "own" },
        } },
    })
}
