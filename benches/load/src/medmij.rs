//! What MedMij's token interface carries: refreshes of long-lived consents at a DVA, each of which asks the
//! provider's record system anew what is available (core.tknint.201).
//!
//! This process is also that record system, and the stelselnode, at a door of its own.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use load::seed::{DVA, GRANTS, Purse, Vault, rows_of_dva};
use medmij::lists::{
    Document, Gegevensdienstnaam, Gnl, OAuthclient, Ocl, Tijdstempel, Uitgave, Volgnummer,
    Whitelist, Zakl, Zal, ZalRelease,
};
use rustls::ClientConfig;
use serde_json::json;
use server::clock::Clock;
use server::door::Stop;
use testkit::{Installation, Role};

use crate::client::{Connection, member};
use crate::drive::{Counting, Run, WARM_UP_S};
use crate::node::{self, Node, PROVIDERS};
use crate::plan::{Arguments, CONNECTIONS, Home, Proof};
use crate::report::{self, Subject};
use crate::{Result, measure, measured_floor, others};

/// The host of the token interface.
const BACK: &str = "dva-back.localhost";
const XIS: &str = "xis.localhost";
const STELSELNODE: &str = "stelselnode.localhost";
/// Within which a token is there, whatever the load (core.tknint.206, medmij case 58).
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Measures each home, and tells.
pub(crate) async fn run(sluis: &Path, arguments: &Arguments) -> Result<()> {
    let floor = measured_floor(&[])?;
    let mut measured = Vec::new();
    for home in [Home::Sqlite, Home::Postgresql] {
        let subjects = subjects(home, &arguments.only);
        if subjects.is_empty() {
            continue;
        }
        let world = World::start(sluis, home).await?;
        for subject in subjects {
            let run = world
                .refresh(subject.connections, arguments.seconds)
                .await?;
            measured.push(measure(&world.node, run, subject, arguments.seconds).await?);
        }
        world.node.stop()?;
    }
    let title = "Refreshes at MedMij's token interface per CPU-second of the server";
    report::tell("load-medmij", title, &floor, &measured)?;
    report::within(&measured, ANSWER_MAX)
}

fn subjects(home: Home, only: &str) -> Vec<Subject> {
    let subject = |connections| Subject {
        name: format!("refresh {home} connections={connections}"),
        proof: Proof::Certificate.method().to_owned(),
        home: home.to_string(),
        grants: GRANTS,
        connections,
        // No signature that others check: access tokens are HS256.
        floor_per_s: f64::INFINITY,
    };
    let all = CONNECTIONS.map(subject).into_iter();
    all.filter(|subject| subject.name.contains(only)).collect()
}

/// A node of a DVA, whom it calls, and the tokens that its client holds.
struct World {
    node: Node,
    tls: Arc<ClientConfig>,
    purse: Arc<Purse>,
    requests: Arc<AtomicU64>,
    _others: Stop,
}

impl World {
    async fn start(sluis: &Path, home: Home) -> Result<Self> {
        let (store, cluster) = node::store(home)?;
        let clients = json!([{
            "client_id": Proof::Certificate.client_id(), "organisation": "De Proef-PGO",
            "auth": Proof::Certificate.method(), "redirect_uris": ["https://pgo.localhost/callback"],
        }]);
        let (folder, clients) = (node::folder()?, clients.to_string());
        let roles = [Role::Dva];
        let mut installation = Installation::lay(&folder, &roles, &store, &clients, PROVIDERS);
        installation.with_medmij();
        installation.change(
            "[dva.back]\n",
            "[dva.back]\nrequests_per_s_per_address = 0\nrequests_per_s_per_client = 0\n",
        );
        let known = [(XIS, xis()), (STELSELNODE, stelselnode()?)];
        let (port, others) = others::serve(&mut installation, known).await?;
        for host in [XIS, STELSELNODE] {
            installation.change(&format!("{host}:1\""), &format!("{host}:{port}\""));
        }
        let purse = stored(&installation).await?;
        Ok(Self {
            purse: Arc::new(purse),
            tls: Arc::new(node::tls(&mut installation, Proof::Certificate)?),
            node: Node::start(sluis, DVA.role, installation, cluster)?,
            requests: Arc::default(),
            _others: others,
        })
    }

    /// Opens the connections and begins.
    async fn refresh(&self, connections: u16, seconds: u64) -> Result<Run> {
        let mut opened = Vec::new();
        for _ in 0..connections {
            let tls = Arc::clone(&self.tls);
            opened.push(Connection::open(tls, BACK, self.node.address()).await?);
        }
        let mut run = Run::of(seconds + WARM_UP_S);
        for connection in opened {
            let (purse, requests) = (Arc::clone(&self.purse), Arc::clone(&self.requests));
            run.client(|counting| refresh(connection, purse, requests, counting));
        }
        Ok(run)
    }
}

/// The refresh tokens of what is stored; the store is the node's from then on.
async fn stored(installation: &Installation) -> Result<Purse> {
    let vault = Vault::open(&DVA, &installation.config()).await?;
    vault.fill(Proof::Certificate, GRANTS, rows_of_dva).await
}

/// Refreshes, over and over, until the time is up: how long each took that counted.
async fn refresh(
    mut connection: Connection,
    purse: Arc<Purse>,
    requests: Arc<AtomicU64>,
    counting: Arc<Counting>,
) -> Result<Vec<Duration>> {
    let client_id = Proof::Certificate.client_id();
    let mut took = Vec::new();
    while counting.goes_on() {
        let token = purse.take().ok_or("fewer consents than connections")?;
        let form = format!("grant_type=refresh_token&client_id={client_id}&refresh_token={token}");
        let number = requests.fetch_add(1, Ordering::Relaxed);
        // core.tknint.208: both new with each refresh
        let ids = format!(
            "medmij-request-id: 00000000-0000-4000-8000-{number:012x}\r\n\
             x-correlation-id: 00000000-0000-4000-9000-{number:012x}\r\n"
        );
        let begun = counting.begin();
        let (status, body) = connection.post_with("/token", &ids, &form).await?;
        let next = member(body, "refresh_token").filter(|_| status == 200);
        let Some(next) = next else {
            return Err(format!("the server answers {status}: {body}").into());
        };
        purse.put(next.to_owned());
        took.extend(counting.end(begun));
    }
    Ok(took)
}

/// A record system that knows everybody.
fn xis() -> Router {
    let bundle = json!({
        "resourceType": "Bundle", "type": "searchset", "total": 1,
        "entry": [{ "resource": {
            "resourceType": "Patient", "id": "p1", "birthDate": "1980-04-12",
            "name": [{ "use": "official", "text": "Anna Voorbeeld" }],
        } }],
    });
    let answer = (
        [("content-type", "application/fhir+json")],
        bundle.to_string(),
    );
    Router::new().route("/{ura}/fhir/{type}/_search", post(async move || answer))
}

/// The lists; a DVA decides by the first three.
fn stelselnode() -> Result<Router> {
    let uitgave = Uitgave {
        tijdstempel: Tijdstempel::at(Clock::system().now()).ok_or("no moment of publication")?,
        volgnummer: Volgnummer::new(1).ok_or("no number of publication")?,
    };
    let client = OAuthclient {
        hostname: Proof::Certificate.client_id().parse()?,
        organisatienaam: "De Proef-PGO".parse()?,
        gegevensdiensten: None,
    };
    let naam = Gegevensdienstnaam {
        id: "51".parse()?,
        weergavenaam: "Basisgegevens Zorg".parse()?,
    };
    let hosts = vec![client.hostname.clone()];
    let lists = [
        Document::Whitelist(Whitelist::new(uitgave, hosts)?),
        Document::Ocl(Ocl::new(uitgave, vec![client])?),
        Document::Gnl(Gnl::new(uitgave, vec![naam])?),
        Document::Zal(Zal::new(uitgave, ZalRelease::Release3, Vec::new())?),
        Document::Zakl(Zakl::new(uitgave, Vec::new())?),
    ];
    let router = lists.into_iter().fold(Router::new(), |router, list| {
        let answer = ([("content-type", "application/xml")], list.to_xml());
        router.route(
            &format!("/{}", list.soort().bestand()),
            get(async move || answer),
        )
    });
    Ok(router)
}
