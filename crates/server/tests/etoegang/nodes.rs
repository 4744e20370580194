//! HM, AD and MR as nodes of their own, each by a configuration: people and mandates by administration alone.

use std::path::{Path, PathBuf};
use std::time::Duration;

use etoegang::authenticatiedienst::bewijs::code_van;
use etoegang::beheersleutel::Beheersleutel;
use etoegang::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use etoegang::dienstencatalogus::Dienstencatalogus;
use etoegang::dienstencatalogus::uitgave::Uitgave;
use http::Method;
use http::header::CONTENT_TYPE;
use jose::aead::Key32;
use protocol::pkce::Challenge;
use protocol::wire::with_query;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use server::app::App;
use server::catalogus;
use server::clock::Clock;
use server::config::Config;
use server::input::Registers;
use server::keys::admin::set_not_before;
use server::keys::not_before::Subject;
use server::node::{self, Reach, Running, Standing};
use server::outside::{Answer, Headers, Outside, OutsideConfig};
use server::routes::etoegang::pad;
use server::{chance, etoegangbeheer};
use testkit::{Installation, Issued, Role, Store, saml_signing};
use tokio::time::sleep;

use crate::uitgave::{signed, uitgave, van};
use crate::world::{
    APP, Browser, NONCE, S1, STATE, Seen, TERUG, Tokens, VERIFIER, body, error, location, query,
    text,
};

/// The secret of a device.
const CODESLEUTEL: [u8; 32] = *b"een sleutel alleen voor de proef";
const WACHTWOORD: &str = "deeg-rijst-langzaam";
const LOA3: Betrouwbaarheidsniveau = Betrouwbaarheidsniveau::Loa3;
const LOA4: Betrouwbaarheidsniveau = Betrouwbaarheidsniveau::Loa4;
/// Within which nodes take what is new of keys, in tries of a tenth of a second.
const TRIES_MAX: u32 = 100;

/// Three nodes, and whoever asks them.
pub(crate) struct Nodes {
    hm: Running,
    ad: Running,
    mr: Running,
    ports: [u16; 3],
    pub(crate) outside: Outside,
    folder: Folder,
}

/// A folder that goes with the value.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(what: &str) -> Self {
        let name = format!("sluis-etoegang-{what}-{}", chance::entropy().uuid("test"));
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Nodes {
    async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// The same, after a change of each folder.
    pub(crate) async fn start_with(change: impl Fn(&Installation)) -> Self {
        let folder = Folder::new("nodes");
        let roles = [Role::Hm, Role::Ad, Role::Mr];
        let laid = roles.map(|role| {
            let own = folder.0.join(format!("{role:?}"));
            Installation::lay(&own, &[role], &Store::Sqlite, "[]", "[]")
        });
        for (at, node) in laid.iter().enumerate() {
            let others = laid.iter().zip(roles).enumerate();
            for (_, (other, role)) in others.filter(|(place, _)| *place != at) {
                node.meets(other, &[role]);
            }
        }
        laid.iter().for_each(change);
        let roots = laid.iter().map(|node| node.authority.pem());
        let root = |pem: String| CertificateDer::from_pem_slice(pem.as_bytes()).expect("PEM");
        let roots: Vec<_> = roots.map(root).collect();
        let [hm, ad, mr] = &laid;
        Self {
            hm: start(hm).await,
            ad: start(ad).await,
            mr: start(mr).await,
            ports: [hm.port, ad.port, mr.port],
            outside: Outside::new(OutsideConfig::new(roots, None)).expect("usable"),
            folder,
        }
    }

    pub(crate) fn hm(&self, path: &str) -> String {
        format!(
            "https://hm.localhost:{}{}{path}",
            self.ports[0],
            pad("1.13")
        )
    }

    /// What whoever holds this key of administration asks of the AD or the MR.
    async fn beheer(
        &self,
        role: &str,
        key: &str,
        (method, path): (Method, &str),
        body: Option<Value>,
    ) -> Answer {
        let port = self.ports[if role == "ad" { 1 } else { 2 }];
        let url = format!("https://{role}.localhost:{port}/beheer/{path}");
        let headers = Headers::none()
            .bearer(key)
            .with(CONTENT_TYPE, "application/json");
        let body = body.map(|body| body.to_string().into_bytes());
        let sent = self.outside.send(method, &url, headers, body).await;
        sent.expect("an answer")
    }

    /// The folder of a node.
    pub(crate) fn folder(&self, role: &str) -> PathBuf {
        let name = match role {
            "hm" => "Hm",
            "ad" => "Ad",
            _ => "Mr",
        };
        self.folder.0.join(name)
    }

    pub(crate) fn app(&self, role: &str) -> &App {
        let running = match role {
            "hm" => &self.hm,
            "ad" => &self.ad,
            _ => &self.mr,
        };
        &running.apps[role]
    }

    /// Where a role shows its keys.
    pub(crate) fn jwks(&self, role: &str) -> String {
        let at = ["hm", "ad", "mr"].iter().position(|name| *name == role);
        let port = self.ports[at.expect("a role")];
        format!("https://{role}.localhost:{port}{}/jwks", pad("1.13"))
    }

    /// Waits until the HM has this publication in force.
    async fn hm_keeps(&self, volgnummer: u32) {
        let at = catalogus::document(&self.folder("hm").join("state/hm"));
        let version = format!("service-catalogue:T:{volgnummer}\"");
        let is_it = || std::fs::read_to_string(&at).is_ok_and(|text| text.contains(&version));
        until(is_it).await;
    }

    /// Waits until the HM told its operator that it refused a catalogue.
    async fn hm_refuses_a_file(&self) {
        let at = self.folder("hm").join("state/log.jsonl");
        let is_told =
            || std::fs::read_to_string(&at).is_ok_and(|log| log.contains("is not signed"));
        until(is_told).await;
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let url = self.hm(path);
        let sent = self.outside.post_form(&url, fields, Headers::none());
        sent.await.expect("an answer")
    }

    async fn refresh(&self, token: &str) -> Answer {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", APP),
            ("refresh_token", token),
        ];
        self.post("/token", &fields).await
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::of(self.outside.clone(), pad("1.13"))
    }

    /// Somebody chose the AD, and went there.
    pub(crate) async fn at_ad(&self, browser: &Browser) -> Seen {
        let page = browser.open(&self.authorize()).await;
        let ad = "urn:etoegang:AD:00000003244440010000:entities:9001";
        let fields = [("keuze", "verder"), ("ad", ad), ("voor", "organisatie")];
        browser.send(&page, "/kiezen", &fields).await
    }

    /// The baker logs in for the bakery, by this mandate.
    pub(crate) async fn login(&self, machtiging: &str) -> Tokens {
        let browser = self.browser();
        let page = self.at_ad(&browser).await;
        assert!(page.url.contains("//ad.localhost"), "{}", page.url);
        // No page of a node tells what people know.
        assert!(!page.html().contains(WACHTWOORD));
        let page = self.proven(&browser, &page).await;
        assert!(
            page.url.contains("//mr.localhost"),
            "{}: {}",
            page.url,
            page.html()
        );
        let keuze = page.mandate(machtiging);
        let fields = [("keuze", "kiezen"), ("machtiging", keuze.as_str())];
        let back = browser.send(&page, "/machtiging", &fields).await.url;
        assert!(back.starts_with(TERUG), "{back}");
        let code = query(&back, "code").expect("a code");
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", APP),
            ("code", code.as_str()),
            ("redirect_uri", TERUG),
            ("code_verifier", VERIFIER),
        ];
        Tokens::of(&self.post("/token", &fields).await)
    }

    fn authorize(&self) -> String {
        let (challenge, scope) = (Challenge::of(VERIFIER), format!("openid {S1}"));
        let parameters = [
            ("response_type", "code"),
            ("client_id", APP),
            ("redirect_uri", TERUG),
            ("scope", &scope),
            ("state", STATE),
            ("nonce", NONCE),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        with_query(&self.hm("/authorize"), &parameters)
    }

    async fn proven(&self, browser: &Browser, page: &Seen) -> Seen {
        let now = self.ad.apps["ad"].clock.now();
        let code = code_van(&Key32::new(CODESLEUTEL), now);
        let fields = [
            ("keuze", "inloggen"),
            ("naam", "b.bakker"),
            ("wachtwoord", WACHTWOORD),
            ("code", code.as_str()),
        ];
        browser.send(page, "/inloggen", &fields).await
    }
}

/// Waits until this is so.
async fn until(is_so: impl Fn() -> bool) {
    for _ in (0..TRIES_MAX).take_while(|_| !is_so()) {
        sleep(Duration::from_millis(100)).await;
    }
    assert!(is_so(), "it never was so");
}

async fn start(at: &Installation) -> Running {
    let config = Config::read(&at.config(), |_| None).expect("a good configuration");
    node::start(config).await.expect("it starts")
}

/// A key of administration that was just made, and its id.
async fn sleutel(app: &App) -> ([u8; 16], String) {
    let (id, now) = (chance::entropy().bytes("test.sleutel"), app.clock.now());
    let made = Beheersleutel::nieuw("de proef", 3_600, now).expect("a key");
    let kept = etoegangbeheer::erbij(&app.home, id, &made, "test", now).await;
    assert_eq!(kept, Ok(true));
    (id, etoegangbeheer::geheim(&app.handles, id))
}

fn middel(app: &App, niveau: &str, codesleutel: Option<[u8; 32]>) -> Value {
    json!({
        "naam": "b.bakker",
        "wachtwoord": WACHTWOORD,
        "codesleutel": codesleutel.map(jose::base64url_encode),
        "niveau": format!("urn:etoegang:core:assurance-class:{niveau}"),
        "tot": app.clock.now().unix() + 3_600,
    })
}

/// The means of the baker, and his mandate for the bakery: its reference.
pub(crate) async fn registered(nodes: &Nodes) -> String {
    let (ad, mr) = (&nodes.ad.apps["ad"], &nodes.mr.apps["mr"]);
    let (_, key) = sleutel(ad).await;
    let post = |path| (Method::POST, path);
    let nieuw = Some(middel(ad, "loa3", Some(CODESLEUTEL)));
    let answer = nodes.beheer("ad", &key, post("middelen"), nieuw).await;
    assert_eq!(answer.status, 201, "{}", text(&answer));
    let houder = body(&answer)["houder"].clone();
    let shown = nodes.beheer("ad", &key, (Method::GET, "middelen/b.bakker"), None);
    assert_eq!(body(&shown.await), body(&answer));
    let (_, key) = sleutel(mr).await;
    let now = mr.clock.now().unix();
    let mandate = json!({
        "vertegenwoordigde": etoegang::kenmerk::Kenmerk::parse(
            etoegang::kenmerk::Soort::KvkNr, "12345678").expect("a number"),
        "gemachtigde": { "persoon": houder },
        "service_uuid": "2c9d1c2e-1d0a-4d6b-8f5e-000000000001",
        "niveau": "urn:etoegang:core:assurance-class:loa3",
        "van": now - 1,
        "tot": now + 3_600,
    });
    let mandate = nodes
        .beheer("mr", &key, post("machtigingen"), Some(mandate))
        .await;
    assert_eq!(mandate.status, 201, "{}", text(&mandate));
    body(&mandate)["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_001_and_046_nodes_by_configuration_log_in_renew_and_end_with_the_mandate() {
    let nodes = Nodes::start().await;
    let machtiging = registered(&nodes).await;
    let tokens = nodes.login(&machtiging).await;
    assert_eq!(tokens.claims()["iss"], nodes.hm(""));
    // etoegang case 1
    let renewed = Tokens::of(&nodes.refresh(tokens.refresh()).await);
    assert_eq!(renewed.claims()["sub"], tokens.claims()["sub"]);

    let (_, key) = sleutel(&nodes.mr.apps["mr"]).await;
    let path = format!("machtigingen/{machtiging}");
    let gone = nodes
        .beheer("mr", &key, (Method::DELETE, &path), None)
        .await;
    assert_eq!(gone.status, 200);
    // etoegang case 46
    let refused = nodes.refresh(renewed.refresh()).await;
    assert_eq!(
        (refused.status.as_u16(), &*error(&refused)),
        (400, "invalid_grant")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_emergency_brake_of_an_hm_refuses_what_was_given_before() {
    let nodes = Nodes::start().await;
    let machtiging = registered(&nodes).await;
    let tokens = nodes.login(&machtiging).await;
    let hm = &nodes.hm.apps["hm"];
    let given = hm.clock.now().unix();
    // A moment is a second, and what was given in that very second counts.
    sleep(Duration::from_millis(1_100)).await;
    let (subject, now) = (Subject::Client(APP.to_owned()), hm.clock.now());
    let braked = set_not_before(&hm.home, &subject, now, now).await;
    braked.expect("set");
    let is_known = || hm.keys.not_before().of(&nodes.hm(""), APP).refuses(given);
    for _ in (0..TRIES_MAX).take_while(|_| !is_known()) {
        sleep(Duration::from_millis(100)).await;
    }
    // design §4
    let refused = nodes.refresh(tokens.refresh()).await;
    assert_eq!(
        (refused.status.as_u16(), &*error(&refused)),
        (400, "invalid_grant")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn means_are_registered_once_within_bounds_and_by_a_key_that_was_not_withdrawn() {
    let nodes = Nodes::start().await;
    let ad = &nodes.ad.apps["ad"];
    let (id, key) = sleutel(ad).await;
    let at = || (Method::POST, "middelen");
    let status = async |key: &str, of: Value| nodes.beheer("ad", key, at(), Some(of)).await.status;
    assert_eq!(status(&key, middel(ad, "loa3", None)).await, 422);
    let mut unknown = middel(ad, "loa2", None);
    unknown["wachtwoord"] = "".into();
    assert_eq!(status(&key, unknown).await, 422);
    assert_eq!(status(&key, middel(ad, "loa2", None)).await, 201);
    assert_eq!(status(&key, middel(ad, "loa2", None)).await, 409);
    assert_eq!(status("nonsense", middel(ad, "loa2", None)).await, 401);
    // The secret of the demo's key opens nothing where there is no such row.
    let of_demo = etoegangbeheer::geheim_van_de_demo(ad);
    assert_eq!(status(&of_demo, middel(ad, "loa2", None)).await, 401);
    let now = ad.clock.now();
    let gone = etoegangbeheer::eraf(&ad.home, id, "test", now).await;
    assert!(gone.expect("withdrawn").is_some());
    assert_eq!(status(&key, middel(ad, "loa2", None)).await, 401);
    assert_eq!(
        etoegangbeheer::sleutels(&ad.home, now).await,
        Ok(Vec::new())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f16_and_f17_nodes_follow_the_published_catalogue_without_a_restart() {
    let uitgever = Uitgever::new();
    let nodes = Nodes::start_with(|node| uitgever.at(node)).await;
    let machtiging = registered(&nodes).await;
    let tokens = nodes.login(&machtiging).await;
    let renewed = Tokens::of(&nodes.refresh(tokens.refresh()).await);
    // etoegang case 92: a file that somebody changed ends nobody's login
    let ander = Uitgever::new();
    ander.publish(&nodes.folder("hm"), 2, LOA4);
    nodes.hm_refuses_a_file().await;
    let renewed = Tokens::of(&nodes.refresh(renewed.refresh()).await);

    uitgever.publish(&nodes.folder("hm"), 2, LOA4);
    nodes.hm_keeps(2).await;
    // F17
    assert_eq!(
        ended(&nodes, renewed.refresh()).await,
        (400, "invalid_grant".to_owned())
    );
    let page = nodes.outside.get(&nodes.authorize(), Headers::none()).await;
    assert_eq!(
        page.expect("an answer").status,
        303,
        "a new login asks for more"
    );

    let mut empty = uitgave(3, LOA4, Clock::system().now());
    empty.dienstverleners[0].instanties.clear();
    uitgever.put(&nodes.folder("hm"), &empty);
    nodes.hm_keeps(3).await;
    // etoegang case 49
    let page = nodes.outside.get(&nodes.authorize(), Headers::none()).await;
    let back = location(&page.expect("an answer"));
    assert_eq!(
        query(&back, "error").as_deref(),
        Some("unauthorized_client"),
        "{back}"
    );
    // Who works beside the MR goes by what the MR keeps.
    let services = services_of_mr(&nodes.folder("mr")).expect("kept");
    assert_eq!(services.diensten().len(), 1);
}

fn services_of_mr(folder: &Path) -> Result<Dienstencatalogus, String> {
    let config = Config::read(&folder.join("sluis.toml"), |_| None).expect("good");
    let registers = Registers::read(config.registers.as_deref()).expect("good");
    node::diensten_van_mr(&config, &registers, Clock::system().now())
}

async fn ended(nodes: &Nodes, token: &str) -> (u16, String) {
    let refused = nodes.refresh(token).await;
    (refused.status.as_u16(), error(&refused))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_says_which_catalogue_it_would_take_and_why_it_takes_none() {
    let uitgever = Uitgever::new();
    let folder = Folder::new("check");
    let node = Installation::lay(&folder.0, &[Role::Mr], &Store::Sqlite, "[]", "[]");
    uitgever.at(&node);
    let found = async |subject: &str| {
        let config = Config::read(&node.config(), |_| None).expect("a good configuration");
        let findings = node::check(&config, Reach::Everywhere).await;
        let mut found = findings.into_iter().filter(|one| one.subject == subject);
        let found = found.next().expect("looked at");
        (found.standing, found.says)
    };
    let (standing, says) = found("mr.catalogus").await;
    assert_eq!(standing, Standing::Good, "{says}");
    let version = "urn:etoegang:1.13:service-catalogue:T:1 of ";
    assert!(
        says.contains(version) && says.ends_with(", 1 services"),
        "{says}"
    );
    let (standing, says) = found("mr.catalogus.certificates").await;
    assert_eq!(standing, Standing::Good, "{says}");
    assert_eq!(found("registers").await.0, Standing::Good);
    let why = services_of_mr(&node.folder).expect_err("it never served");
    assert!(why.contains("keeps no service catalogue yet"), "{why}");
    // etoegang case 92
    Uitgever::new().publish(&node.folder, 2, LOA4);
    let (standing, says) = found("mr.catalogus").await;
    assert_eq!(standing, Standing::Fault);
    assert!(says.contains("is not signed"), "{says}");
    node.write("beheerder.pem", "nothing");
    assert_eq!(found("mr.catalogus.certificates").await.0, Standing::Fault);
    let config = Config::read(&node.config(), |_| None).expect("a good configuration");
    let why = node::start(config).await.err().expect("refused");
    assert!(why.contains("beheerder.pem"), "{why}");
}

/// The manager of the scheme, whose catalogue HM and MR read in a file of their own folder.
struct Uitgever {
    issued: Issued,
}

impl Uitgever {
    fn new() -> Self {
        let issued = saml_signing("beheerder.localhost");
        Self { issued }
    }

    /// Tells a node of its catalogue, and takes the services out of `etoegang.json`.
    fn at(&self, node: &Installation) {
        node.keep("beheerder", &self.issued);
        let registers = node.folder.join("registers/etoegang.json");
        let text = std::fs::read_to_string(&registers).expect("registers");
        let mut register: Value = serde_json::from_str(&text).expect("JSON");
        register
            .as_object_mut()
            .expect("members")
            .remove("diensten");
        node.write("registers/etoegang.json", &register.to_string());
        self.publish(&node.folder, 1, LOA3);
        let text = std::fs::read_to_string(node.config()).expect("a configuration");
        for role in ["hm", "mr"] {
            if text.contains(&format!("[{role}]")) {
                node.change(
                    &format!("\n[{role}.node]"),
                    &format!(
                        "\n[{role}.catalogus]\nfile = \"servicecatalog.xml\"\n\
                         certificates = [\"beheerder.pem\"]\n\n[{role}.node]"
                    ),
                );
            }
        }
    }

    fn publish(&self, folder: &Path, volgnummer: u32, niveau: Betrouwbaarheidsniveau) {
        self.put(folder, &uitgave(volgnummer, niveau, Clock::system().now()));
    }

    /// Puts a file down as a whole.
    fn put(&self, folder: &Path, uitgave: &Uitgave) {
        let at = folder.join("servicecatalog.xml");
        let new = at.with_added_extension("new");
        std::fs::write(&new, signed(uitgave, &van(&self.issued))).expect("writable");
        std::fs::rename(new, at).expect("in its place");
    }
}
