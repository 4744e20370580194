//! A PostgreSQL, nodes on it, a balancer before them, and DigiD beside them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use identity::{Bsn, Hostname};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use server::app::{App, Given};
use server::certificates::Identity;
use server::clock::Clock;
use server::config::Config;
use server::door::{self, ClientCertificates, House, Limits, Site, Sites, Stop, TraceId};
use server::home::Home;
use server::keys::{Keys, MasterKey, Schedule};
use server::log::RefusalLog;
use server::network::{Person, Shown};
use server::node::{self, Running};
use server::observer::Observer;
use server::outside::{Answer, Headers, Outside, OutsideConfig};
use server::routes::digid::{self, DigidGiven, DigidRole, SpSource};
use server::trust::Trust;
use testkit::{Cluster, Installation, Issued, Role, Store};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// A person of the test range.
pub(crate) const BSN: &str = "900186021";
const CLIENT: &str = "pgo.localhost";
const REDIRECT: &str = "https://pgo.localhost/callback";
const CLIENTS: &str = r#"[{ "client_id": "pgo.localhost", "organisation": "De Proef-PGO",
  "auth": "tls_client_auth", "redirect_uris": ["https://pgo.localhost/callback"] }]"#;
const PROVIDERS: &str = r#"[{ "ura": "00000659", "naam": "ziekenhuisdesluiswachter@medmij",
  "weergavenaam": "Ziekenhuis De Sluiswachter", "aanbiedertype": "ZA", "category": "ziekenhuis",
  "dva": "dva", "gegevensdiensten": ["51"] }]"#;
/// 43 characters, and its S256 challenge (RFC 7636 appendix B).
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Everything, for as long as the test runs.
pub(crate) struct World {
    installation: Installation,
    client: Issued,
    nodes: Vec<Running>,
    balancer: Arc<Balancer>,
    port: u16,
    _digid: Stop,
    _cluster: Cluster,
    _folder: Folder,
}

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl World {
    /// So many nodes, on one PostgreSQL that each finds migrated.
    pub(crate) async fn start(count: usize) -> Self {
        Self::start_with(count, |_| ()).await
    }

    /// The same, after a change of what they are told.
    pub(crate) async fn start_with(count: usize, change: impl FnOnce(&Installation)) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sluis-nodes-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let cluster = Cluster::start("");
        let store = Store::Postgresql(cluster.address());
        let mut installation =
            Installation::lay(&folder, &[Role::Mitz], &store, CLIENTS, PROVIDERS);
        let (balancer, port) = Balancer::open().await;
        installation.change(
            &format!("listen = \"127.0.0.1:{}\"\n", installation.port),
            "listen = \"127.0.0.1:0\"\n",
        );
        for host in ["mitz", "mitz-back", "toestemmingen"] {
            let at = format!("listener = \"public\"\nhost = \"{host}.localhost\"\n");
            let url = format!("{at}url = \"https://{host}.localhost:{port}\"\n");
            installation.change(&at, &url);
        }
        change(&installation);
        let digid = open_digid(&mut installation, port).await;
        let client = installation.authority.issue(CLIENT);
        let mut nodes = Vec::new();
        for number in 0..count {
            let node = start_node(&installation, number).await;
            let public = node.addresses.iter().find(|(name, _)| name == "public");
            balancer.add(public.expect("it listens").1.port());
            nodes.push(node);
        }
        Self {
            installation,
            client,
            nodes,
            balancer,
            port,
            _digid: digid,
            _cluster: cluster,
            _folder: Folder(folder),
        }
    }

    /// How many connections each node was given.
    pub(crate) fn served(&self) -> Vec<usize> {
        let given = self.balancer.nodes.load();
        given
            .iter()
            .map(|node| node.given.load(Ordering::Relaxed))
            .collect()
    }

    /// Stops the node that was started last.
    pub(crate) async fn stop_one(&mut self) {
        let node = self.nodes.pop().expect("one");
        let public = node.addresses.iter().find(|(name, _)| name == "public");
        self.balancer.remove(public.expect("it listens").1.port());
        node.stop(Duration::ZERO).await.expect("it stops");
    }

    /// A code for a person who logs in and consents to everything.
    pub(crate) async fn code(&self, bsn: &str) -> String {
        let browser = outside(&self.installation, None);
        let mut person = Person::new(browser, TraceId::fresh()).stopping_at(REDIRECT);
        let shown = person
            .open(&self.authorize_url())
            .await
            .expect("DigiD's page");
        let form = shown.form("/inloggen").expect("the DigiD page");
        let form = form.with("bsn", bsn).with("keuze", "inloggen");
        let shown = person.send(form).await.expect("the register");
        let form = shown.form("/toestemming").expect("a form").with_every("ja");
        let shown: Shown = person
            .send(form.with("keuze", "geven"))
            .await
            .expect("back");
        answer(shown.url.as_str(), "code").expect("a code")
    }

    fn authorize_url(&self) -> String {
        let mut url =
            Url::parse(&format!("https://mitz.localhost:{}/authorize", self.port)).expect("a URL");
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", CLIENT)
            .append_pair("redirect_uri", REDIRECT)
            .append_pair("scope", "openid")
            .append_pair("state", "staat")
            .append_pair("code_challenge", CHALLENGE)
            .append_pair("code_challenge_method", "S256");
        url.into()
    }

    /// Offers a code at the token endpoint, on a connection of its own.
    pub(crate) async fn offer_code(&self, code: &str) -> (u16, Value) {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("client_id", CLIENT),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    /// Offers a refresh token, on a connection of its own.
    pub(crate) async fn offer_refresh(&self, token: &str) -> (u16, Value) {
        self.token(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", CLIENT),
        ])
        .await
    }

    async fn token(&self, form: &[(&str, &str)]) -> (u16, Value) {
        let answer = self.token_answer(form).await;
        let said = serde_json::from_slice(&answer.body).unwrap_or_default();
        (answer.status.as_u16(), said)
    }

    async fn token_answer(&self, form: &[(&str, &str)]) -> Answer {
        let url = format!("https://mitz-back.localhost:{}/token", self.port);
        let from = outside(&self.installation, Some(&self.client));
        let answer = from.post_form(&url, form, Headers::none()).await;
        answer.expect("an answer")
    }
}

/// What tests of tokens in a hardware security module ask beside.
#[cfg(feature = "pkcs11")]
impl World {
    /// The answer to a refresh token, with its headers.
    pub(crate) async fn refresh_answer(&self, token: &str) -> Answer {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", CLIENT),
        ];
        self.token_answer(&form).await
    }

    /// The keys that Mitz publishes, as it publishes them.
    pub(crate) async fn jwks(&self) -> Vec<u8> {
        let url = format!("https://mitz.localhost:{}/jwks", self.port);
        let answer = outside(&self.installation, None)
            .get(&url, Headers::none())
            .await;
        answer.expect("an answer").body
    }

    /// What `sluis.toml` says.
    pub(crate) fn config(&self) -> Config {
        Config::read(&self.installation.config(), |_| None).expect("a good configuration")
    }

    /// The client id of the PGO, and the issuer.
    pub(crate) fn parties(&self) -> (&'static str, String) {
        (CLIENT, format!("https://mitz.localhost:{}", self.port))
    }
}

/// What a URL says of `name` in its query.
fn answer(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let mut pairs = url.query_pairs();
    pairs.find_map(|(known, value)| (known == name).then(|| value.into_owned()))
}

/// A node by the installation's configuration, with a state of its own.
async fn start_node(at: &Installation, number: usize) -> Running {
    let text = std::fs::read_to_string(at.config()).expect("there");
    let own = text
        .replace("state = \"state\"", &format!("state = \"state-{number}\""))
        .replace(&format!("127.0.0.1:{}", at.admin), "127.0.0.1:0");
    let file = at.folder.join(format!("node-{number}.toml"));
    std::fs::write(&file, own).expect("writable");
    let read = || Config::read(&file, |_| None).expect("a good configuration");
    Home::migrate(&read(), "mitz").await.expect("migrated");
    node::start(read()).await.expect("it starts")
}

/// DigiD's simulator under keys of the installation's own, and its metadata in the installation.
async fn open_digid(at: &mut Installation, mitz: u16) -> Stop {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let shown = at.authority.issue("digid-back.localhost");
    let app = digid_app(at, &shown).await;
    let signing = testkit::saml_signing("digid.localhost");
    let person = digid::Person {
        bsn: Bsn::parse(BSN).expect("valid"),
        naam: "Saskia".to_owned(),
        omschrijving_nl: "Bestaat niet.".to_owned(),
        omschrijving_en: "Does not exist.".to_owned(),
        vertegenwoordigt: Vec::new(),
    };
    let given = DigidGiven {
        diensten: Vec::new(),
        front_url: format!("https://digid.localhost:{port}"),
        back_url: format!("https://digid-back.localhost:{port}"),
        sps: vec![SpSource::Url(format!(
            "https://mitz.localhost:{mitz}/saml/metadata"
        ))],
        people: vec![person],
        next_origins: vec![format!("https://toestemmingen.localhost:{mitz}")],
        has_substantieel: true,
        signing: identity(&signing),
    };
    let role = DigidRole::open(app, given).expect("a simulator");
    let trust = Trust::from(vec![root(at)]);
    let front = at.authority.issue("digid.localhost");
    let sites = [
        site(
            "digid.localhost",
            &front,
            ClientCertificates::Never,
            role.front(),
        ),
        site(
            "digid-back.localhost",
            &shown,
            ClientCertificates::Required(trust),
            role.back(),
        ),
    ];
    let (stop, stopping) = door::stop();
    let sites = Arc::new(ArcSwap::from_pointee(Sites::open(sites).expect("sites")));
    tokio::spawn(door::serve(listener, sites, House::default(), stopping));
    let metadata = format!("https://digid.localhost:{port}/saml/idp/metadata");
    let metadata = outside(at, None).get(&metadata, Headers::none()).await;
    let metadata = String::from_utf8(metadata.expect("an answer").body).expect("XML");
    at.write("digid.xml", &metadata);
    stop
}

async fn digid_app(at: &Installation, shown: &Issued) -> Arc<App> {
    let directory = at.folder.join("digid");
    let home = Home::embedded(&directory).expect("a home");
    let clock = Clock::system();
    let master = MasterKey::read(&at.folder.join("master.key")).expect("a key");
    let keys = Keys::open(&home, master, &[], Schedule::default(), clock.now()).await;
    let given = Given {
        host: Hostname::parse("digid-back.localhost").expect("a host name"),
        clock,
        outside: outside(at, Some(shown)),
        log: RefusalLog::open(&at.folder.join("digid.jsonl")).expect("a log"),
        observer: Observer::nobody("digid"),
    };
    App::new("digid", home, keys.expect("keys"), given)
}

fn site(host: &str, shown: &Issued, clients: ClientCertificates, router: axum::Router) -> Site {
    Site {
        host: Hostname::parse(host).expect("a host name"),
        port: None,
        identity: identity(shown),
        clients,
        router,
        limits: Limits::default(),
        proxies: std::collections::BTreeSet::new(),
    }
}

fn outside(at: &Installation, shown: Option<&Issued>) -> Outside {
    let config = OutsideConfig::new(vec![root(at)], shown.map(identity));
    Outside::new(config).expect("a way outside")
}

fn root(at: &Installation) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(at.authority.pem().as_bytes()).expect("PEM")
}

fn identity(issued: &Issued) -> Identity {
    let certificate = CertificateDer::from_pem_slice(issued.certificate.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes());
    Identity::new(certificate.expect("PEM"), Vec::new(), key.expect("PEM"))
}

/// Passes each connection on to the next node, as it is.
struct Balancer {
    nodes: ArcSwap<Vec<Arc<Behind>>>,
    next: AtomicUsize,
}

/// A node behind it.
struct Behind {
    port: u16,
    given: AtomicUsize,
}

impl Balancer {
    async fn open() -> (Arc<Self>, u16) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let balancer = Arc::new(Self {
            nodes: ArcSwap::default(),
            next: AtomicUsize::new(0),
        });
        let taking = Arc::clone(&balancer);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&taking).pass(stream));
            }
        });
        (balancer, port)
    }

    async fn pass(self: Arc<Self>, mut from: TcpStream) {
        let nodes = self.nodes.load_full();
        let Some(turn) = self
            .next
            .fetch_add(1, Ordering::Relaxed)
            .checked_rem(nodes.len())
        else {
            return;
        };
        nodes[turn].given.fetch_add(1, Ordering::Relaxed);
        if let Ok(mut to) = TcpStream::connect(("127.0.0.1", nodes[turn].port)).await {
            let _ = copy_bidirectional(&mut from, &mut to).await;
        }
    }

    fn add(&self, port: u16) {
        let behind = Arc::new(Behind {
            port,
            given: AtomicUsize::new(0),
        });
        let mut nodes = self.nodes.load().to_vec();
        nodes.push(behind);
        self.nodes.store(Arc::new(nodes));
    }

    fn remove(&self, port: u16) {
        let mut nodes = self.nodes.load().to_vec();
        nodes.retain(|node| node.port != port);
        self.nodes.store(Arc::new(nodes));
    }
}
