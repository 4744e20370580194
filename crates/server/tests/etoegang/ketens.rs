//! Nodes whose keys are certified, and who take certified keys alone (etoegang case 82).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use identity::Oin;
use server::app::App;
use server::config::Config;
use server::keys::admin::{self, NotDone};
use server::keys::{MasterKey, Purpose};
use server::node::{self, Reach, Standing};
use server::outside::Headers;
use testkit::{Installation, Role, Store};
use tokio::time::sleep;

use crate::nodes::{Folder, Nodes, registered};
use crate::world::{body, query};

const OINS: [(&str, &str); 3] = [
    ("hm", "00000003273226310000"),
    ("ad", "00000003244440010000"),
    ("mr", "00000003244440020000"),
];

/// Within which a node takes what is new in the directory, in tries of a tenth of a second.
const TRIES_MAX: u32 = 200;

/// An authority by `openssl`, in a folder of its own.
struct Authority(Folder);

impl Authority {
    fn new() -> Self {
        let folder = Folder::new("authority");
        std::fs::create_dir_all(&folder.0).expect("a folder");
        let made = Self(folder);
        made.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            "root.key",
            "-out",
            "root.pem",
            "-days",
            "365",
            "-subj",
            "/CN=Proef PKI",
        ]);
        made
    }

    fn root(&self) -> PathBuf {
        self.0.0.join("root.pem")
    }

    /// The chain for a request, with the subject that it asks for.
    fn chain(&self, request: &str, days: &str) -> String {
        std::fs::write(self.0.0.join("key.csr"), request).expect("writable");
        self.openssl(&[
            "x509", "-req", "-in", "key.csr", "-CA", "root.pem", "-CAkey", "root.key", "-out",
            "leaf.pem", "-days", days,
        ]);
        let read = |name| std::fs::read_to_string(self.0.0.join(name)).expect("written");
        format!("{}{}", read("leaf.pem"), read("root.pem"))
    }

    fn openssl(&self, args: &[&str]) {
        let ran = Command::new("openssl")
            .args(args)
            .current_dir(&self.0.0)
            .output();
        let ran = ran.expect("openssl is there");
        assert!(
            ran.status.success(),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
    }
}

/// Tells a node of its directory, and by whose certificates keys of others count.
fn at(node: &Installation, authority: &Authority) {
    std::fs::create_dir_all(node.folder.join("ketens")).expect("a folder");
    let root = authority.root();
    let text = std::fs::read_to_string(node.config()).expect("a configuration");
    for (role, _) in OINS {
        if text.contains(&format!("[{role}]")) {
            let x5c = format!("directory = \"ketens\"\nroots = [\"{}\"]", root.display());
            node.change(
                &format!("\n[{role}.node]"),
                &format!("\n[{role}.x5c]\n{x5c}\n\n[{role}.node]"),
            );
        }
    }
}

async fn request(app: &App, folder: &Path, purpose: Purpose, oin: &str) -> Result<String, NotDone> {
    let master = MasterKey::read(&folder.join("master.key")).expect("a master key");
    let oin = Oin::parse(oin).expect("an OIN");
    let subject = ("Proefdeelnemer", &oin);
    admin::request(
        &app.home,
        &master,
        (purpose, None),
        subject,
        app.clock.now(),
    )
    .await
}

impl Nodes {
    /// Has every key of a role certified.
    async fn certified(&self, authority: &Authority, (role, oin): (&'static str, &str)) {
        let app = self.app(role);
        let folder = self.folder(role);
        for purpose in Purpose::ALL
            .into_iter()
            .filter(|purpose| purpose.is_published())
        {
            match request(app, &folder, purpose, oin).await {
                Ok(pem) => {
                    let file = folder.join(format!("ketens/{purpose}.pem"));
                    std::fs::write(file, authority.chain(&pem, "2")).expect("writable");
                }
                Err(why) => assert!(matches!(why, NotDone::NoSuchKey(..)), "{why}"),
            }
        }
    }

    /// Waits until a role shows so many keys, each with its chain.
    async fn shows_chains(&self, role: (&str, &str), keys: usize) {
        let mut shown = self.chains(role).await;
        for _ in 0..TRIES_MAX {
            if shown == (keys, keys) {
                break;
            }
            sleep(Duration::from_millis(100)).await;
            shown = self.chains(role).await;
        }
        assert_eq!(shown, (keys, keys), "{role:?}");
    }

    /// Of the keys that a role publishes, how many have a chain, and how many there are.
    async fn chains(&self, (role, _): (&str, &str)) -> (usize, usize) {
        let answer = self.outside.get(&self.jwks(role), Headers::none()).await;
        let set = body(&answer.expect("an answer"));
        let keys = set["keys"].as_array().expect("keys").clone();
        let with = keys.iter().filter(|key| key["x5c"].is_array());
        (with.count(), keys.len())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_082_nodes_publish_certified_keys_and_take_no_others() {
    let authority = Authority::new();
    let nodes = Nodes::start_with(|node| at(node, &authority)).await;
    let machtiging = registered(&nodes).await;
    for (role, keys) in OINS.into_iter().zip([3, 1, 2]) {
        assert_eq!(nodes.chains(role).await, (0, keys), "{role:?}");
    }
    // Nobody knows the keys of the others.
    let back = nodes.at_ad(&nodes.browser()).await.url;
    assert_eq!(
        query(&back, "error").as_deref(),
        Some("temporarily_unavailable"),
        "{back}"
    );

    for role in OINS {
        nodes.certified(&authority, role).await;
    }
    for (role, keys) in OINS.into_iter().zip([3, 1, 2]) {
        nodes.shows_chains(role, keys).await;
    }
    // A set of which nothing counts is asked for again after ten seconds.
    sleep(Duration::from_secs(11)).await;
    let tokens = nodes.login(&machtiging).await;
    assert_eq!(tokens.claims()["iss"], nodes.hm(""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_says_how_the_certificates_of_its_keys_stand() {
    let authority = Authority::new();
    let folder = Folder::new("ketens");
    let node = Installation::lay(&folder.0, &[Role::Mr], &Store::Sqlite, "[]", "[]");
    at(&node, &authority);
    let found = async |subject: &str| -> Vec<(Standing, String)> {
        let config = Config::read(&node.config(), |_| None).expect("a good configuration");
        let findings = node::check(&config, Reach::Here).await.into_iter();
        let found = findings.filter(|one| one.subject == subject);
        found.map(|one| (one.standing, one.says)).collect()
    };
    let (standing, says) = found("mr.x5c.directory").await.remove(0);
    assert_eq!(standing, Standing::Soon);
    assert!(says.contains("sluis keys request"), "{says}");
    assert_eq!(found("mr.x5c.roots").await[0].0, Standing::Good);

    let config = Config::read(&node.config(), |_| None).expect("a good configuration");
    let running = node::start(config).await.expect("it starts");
    let app = &running.apps["mr"];
    let (_, oin) = OINS[2];
    let tokens = request(app, &node.folder, Purpose::Tokens, oin).await;
    let tokens = tokens.expect("a request");
    let of_other = request(app, &node.folder, Purpose::Tokens, OINS[0].1).await;
    for (purpose, why) in [
        (Purpose::Rows, "published nowhere"),
        (Purpose::IdTokens, "no key"),
    ] {
        let refused = request(app, &node.folder, purpose, oin).await;
        let told = refused.expect_err("refused").to_string();
        assert!(told.contains(why), "{told}");
    }
    node.write("ketens/tokens.pem", &authority.chain(&tokens, "90"));
    node.write("ketens/binnenkort.pem", &authority.chain(&tokens, "5"));
    node.write(
        "ketens/ander.pem",
        &authority.chain(&of_other.expect("a request"), "90"),
    );
    node.write("ketens/lees mij.txt", "no certificate");
    let stand: Vec<_> = found("mr.x5c.directory").await;
    let standing: Vec<_> = stand.iter().map(|(standing, _)| *standing).collect();
    assert_eq!(
        standing,
        [Standing::Fault, Standing::Soon, Standing::Good],
        "{stand:?}"
    );
    assert!(stand[0].1.contains("does not have the OIN"), "{stand:?}");
    // A node does not start with it. Somebody else may have its port for a moment after it stopped.
    running.stop(Duration::ZERO).await.expect("it stops");
    let mut why = String::new();
    for _ in 0..40 {
        let config = Config::read(&node.config(), |_| None).expect("a good configuration");
        why = node::start(config).await.err().expect("refused");
        if !why.contains("in use") {
            break;
        }
        sleep(Duration::from_millis(250)).await;
    }
    assert!(why.contains("ander.pem"), "{why}");
}
