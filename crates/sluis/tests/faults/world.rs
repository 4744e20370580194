//! A node's folder with grants in its store, and what clients need to call it.

use std::collections::HashMap;
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use load::proof::Proof;
use load::seed::{self, Purse};
use mitz::authorization_server::grant::Grant;
use mitz::toestemmingenregister::Koppeling;
use rustls::client::WantsClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use server::clock::Clock;
use server::config::Config;
use server::home::Home;
use store::{AUDIT_ROWS_MAX, Commit, NotCommitted, Store as _};
use testkit::{Cluster, Installation, Role, Store};
use verdict::{Change, CommitId};

use super::common::State;
use super::history::{Answer, Deed, Family, Happened, History, Rows};
use super::node::{self, CLIENTS, Node, PROVIDERS};

/// Where clients of a role with grants call.
pub(crate) const BACK: &str = "mitz-back.localhost";
/// What the audit log says of a refresh.
const ISSUED: &str = "tokens were issued";
/// Sessions of anybody but the one who asks.
const SESSIONS: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = 'sluis' AND pid <> pg_backend_pid()";

/// The folder of a node, and everybody around it.
pub(crate) struct World {
    pub(crate) at: Installation,
    pub(crate) cluster: Option<Cluster>,
    pub(crate) history: History,
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) purse: Arc<Purse>,
    /// Of the client that signs assertions.
    pub(crate) signers: Purse,
    audit: Audit,
    _state: State,
}

/// What was read of the audit log.
#[derive(Default)]
struct Audit {
    read_to: u64,
    issued: HashMap<[u8; 32], u64>,
}

impl World {
    /// A node on SQLite; its store has so many grants.
    pub(crate) async fn on_sqlite(name: &str, grants: u32) -> Self {
        Self::lay(name, grants, &Store::Sqlite, None, |_| {}).await
    }

    /// A node on a PostgreSQL of its own.
    pub(crate) async fn on_postgresql(name: &str, grants: u32) -> Self {
        let cluster = Cluster::start("");
        let store = Store::Postgresql(cluster.address());
        Self::lay(name, grants, &store, Some(cluster), |_| {}).await
    }

    /// The folder, which `prepare` may still change before anything is stored.
    pub(crate) async fn lay(
        name: &str,
        grants: u32,
        store: &Store,
        cluster: Option<Cluster>,
        prepare: impl FnOnce(&Installation),
    ) -> Self {
        let state = State::new(name);
        let mut at = Installation::lay(&state.0, &[Role::Mitz], store, CLIENTS, PROVIDERS);
        // Everybody here has one address, and one client does the work of all.
        at.change(
            "[mitz.back]\n",
            "[mitz.back]\nrequests_per_s_per_address = 0\nrequests_per_s_per_client = 0\n",
        );
        prepare(&at);
        let [purse, signers] = seed::store(&at.config(), grants).await.expect("stored");
        Self {
            tls: Arc::new(tls(&mut at)),
            at,
            cluster,
            history: History::default(),
            purse: Arc::new(purse),
            signers,
            audit: Audit::default(),
            _state: state,
        }
    }

    /// Starts the node and waits until it serves.
    pub(crate) fn serve(&self) -> Node {
        node::begin(self.command(&self.at.config()))
    }

    /// Starts a node by this configuration, which tells what befalls it in a file.
    pub(crate) fn command(&self, config: &Path) -> Command {
        let mut options = File::options();
        let log = options.create(true).append(true).open(self.log());
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluis"));
        command.arg("serve").arg("--config").arg(config);
        command.stderr(log.expect("writable"));
        command
    }

    /// What nodes tell of what befalls them.
    pub(crate) fn log(&self) -> PathBuf {
        self.at.folder.join("stderr.log")
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.at.port).into()
    }

    /// The configuration of one more node on the same database: the same ports, at another address of
    /// this machine.
    pub(crate) fn second(&self, ip: IpAddr) -> PathBuf {
        let text = std::fs::read_to_string(self.at.config()).expect("a configuration");
        let own = text
            .replace("127.0.0.1:", &format!("{ip}:"))
            .replace("state = \"state\"", "state = \"second\"");
        self.at.write("second.toml", &own);
        self.at.folder.join("second.toml")
    }

    /// The rows, beside a node that may run.
    pub(crate) async fn home(&self) -> Home {
        home(&self.at.config()).await
    }

    /// Waits until nobody works on the database any more, and notes that all is at rest. The node has
    /// ended.
    pub(crate) fn rests(&self) {
        if let Some(cluster) = &self.cluster {
            cluster.wait_until("postgres", SESSIONS, "0");
        }
        self.history.note(Happened::AtRest);
    }

    /// Notes what is stored of these families. All is at rest.
    pub(crate) async fn look(&mut self, families: impl IntoIterator<Item = Family>) {
        let home = self.home().await;
        self.audit.read_on(&home).await;
        for family in families {
            let rows = self.rows(&home, family).await;
            self.history.note(Happened::Saw(family, rows));
        }
    }

    async fn rows(&self, home: &Home, family: Family) -> Rows {
        let id = seed::grant_id(Proof::Certificate, family);
        let keys = [Grant::key(id), Koppeling::key(id)];
        let found = home.get(&keys, Clock::system().now()).await;
        let found = found.expect("the store answers");
        let version = found[0].as_ref().map(|row| row.version);
        let issued = self.audit.issued.get(&seed::person(id).tag);
        Rows {
            generation: version.map(protocol::grant::generation_of),
            is_consented: found[1].is_some(),
            issued: issued.copied().unwrap_or(0),
        }
    }
}

impl Audit {
    async fn read_on(&mut self, home: &Home) {
        loop {
            let part = home.audit(self.read_to, AUDIT_ROWS_MAX).await;
            let part = part.expect("the store answers");
            let Some(last) = part.last() else { return };
            self.read_to = last.seq;
            for row in part.iter().filter(|row| row.what == ISSUED) {
                let person = row.whose.expect("tokens are about somebody");
                *self.issued.entry(person.tag).or_default() += 1;
            }
        }
    }
}

/// The rows of a node by this configuration, which may run.
pub(crate) async fn home(config: &Path) -> Home {
    let config = Config::read(config, |_| None).expect("a configuration");
    Home::beside_node(&config, seed::MITZ.role)
        .await
        .expect("a store")
}

/// Ends a person's consent, as the register does.
pub(crate) async fn withdraw(home: &Home, history: &History, family: Family) -> Answer {
    let id = seed::grant_id(Proof::Certificate, family);
    let call = history.sent(family, Deed::Withdraw);
    let mut commit_id = [0xee; 16];
    commit_id[..8].copy_from_slice(&call.0.to_be_bytes());
    let changes = vec![Change::remove(Koppeling::key(id), 1)];
    let now = Clock::system().now();
    let commit = Commit::new(CommitId(commit_id), now, changes, Vec::new()).expect("small");
    let answer = match home.commit(commit).await {
        Ok(()) => Answer::Withdrawn,
        Err(NotCommitted::Conflict(_)) => Answer::Refused,
        Err(_) => Answer::Unknown,
    };
    history.note(Happened::Answered(call, answer));
    answer
}

/// How the client with a certificate calls.
fn tls(at: &mut Installation) -> ClientConfig {
    let issued = at.authority.issue(Proof::Certificate.client_id());
    let certificate = CertificateDer::from_pem_slice(issued.certificate.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes());
    believing(at)
        .with_client_auth_cert(vec![certificate.expect("PEM")], key.expect("PEM"))
        .expect("a client")
}

/// How anybody calls who believes the authority of the installation.
pub(crate) fn believing(at: &Installation) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(at.authority.pem().as_bytes());
    roots.add(root.expect("PEM")).expect("a root");
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
}
