//! The server: `sluis serve` in a process of its own, in a folder that goes, and what the kernel and
//! the node itself tell of it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use jose::{Algorithm, Jwks, SigningKey};
use rustls::client::WantsClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use testkit::{Installation, Role, Store};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::cluster::Cluster;
use crate::plan::{Home, Proof};
use crate::seed::{self, Purse};
use crate::{Result, floor};

/// The host of Mitz's back channel.
pub(crate) const BACK: &str = "mitz-back.localhost";
/// Ticks of the kernel's CPU accounts in a second: USER_HZ is 100 on every Linux that Rust knows.
const TICKS_PER_S: f64 = 100.0;
pub(crate) const PROVIDERS: &str = r#"[{ "ura": "00000659", "naam": "ziekenhuisdesluiswachter@medmij",
  "weergavenaam": "Ziekenhuis De Sluiswachter", "aanbiedertype": "ZA", "category": "ziekenhuis",
  "dva": "dva", "gegevensdiensten": ["51"] }]"#;

/// A node that serves, in a folder that goes with it.
pub(crate) struct Node {
    pub(crate) installation: Installation,
    role: &'static str,
    process: Child,
    _cluster: Option<Cluster>,
}

/// A node of Mitz, what clients need to call it, and the tokens that they hold.
pub(crate) struct World {
    pub(crate) node: Node,
    pub(crate) tls: [Arc<ClientConfig>; 2],
    pub(crate) key: Arc<SigningKey>,
    purses: [Arc<Purse>; 2],
}

/// How the server stands at a moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Standing {
    /// CPU time of the process since its start.
    pub(crate) cpu_s: f64,
    /// CPU time of this process, the client.
    pub(crate) client_cpu_s: f64,
    /// Resident memory (VmRSS).
    pub(crate) resident_mb: f64,
    /// Commits and the groups in which they were made durable.
    pub(crate) commits: u64,
    pub(crate) groups: u64,
}

/// Whose CPU time counts.
pub(crate) trait Server {
    /// What the kernel tells of it now, and it itself.
    async fn standing(&self) -> Result<Standing>;
}

impl World {
    /// Lays the folder, stores the grants, and starts the node.
    pub(crate) async fn start(sluis: &Path, home: Home, grants: u32) -> Result<Self> {
        let key = floor::key(Algorithm::Es256)?;
        let (store, cluster) = store(home)?;
        let clients = clients(&key)?;
        let mut installation =
            Installation::lay(&folder()?, &[Role::Mitz], &store, &clients, PROVIDERS);
        // Everybody here has one address, and two clients do the work of all.
        installation.change(
            "[mitz.back]\n",
            "[mitz.back]\nrequests_per_s_per_address = 0\nrequests_per_s_per_client = 0\n",
        );
        let purses = seed::store(&installation.config(), grants).await?;
        let tls = [Proof::Certificate, Proof::Assertion].map(|proof| tls(&mut installation, proof));
        let [certificate, assertion] = tls;
        Ok(Self {
            tls: [Arc::new(certificate?), Arc::new(assertion?)],
            key: Arc::new(key),
            purses: purses.map(Arc::new),
            node: Node::start(sluis, seed::MITZ.role, installation, cluster)?,
        })
    }

    /// The issuer, which is the audience of assertions.
    pub(crate) fn issuer(&self) -> String {
        format!("https://mitz.localhost:{}", self.node.installation.port)
    }

    pub(crate) fn tls(&self, proof: Proof) -> Arc<ClientConfig> {
        Arc::clone(&self.tls[proof as usize])
    }

    pub(crate) fn purse(&self, proof: Proof) -> Arc<Purse> {
        Arc::clone(&self.purses[proof as usize])
    }
}

impl Node {
    /// Starts the program in a folder that was laid, and waits until it serves.
    pub(crate) fn start(
        sluis: &Path,
        role: &'static str,
        installation: Installation,
        cluster: Option<Cluster>,
    ) -> Result<Self> {
        Ok(Self {
            process: serve(sluis, &installation.config())?,
            installation,
            role,
            _cluster: cluster,
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.installation.port).into()
    }

    /// CPU time of the process since its start.
    pub(crate) fn cpu_s(&self) -> Result<f64> {
        cpu_s(&self.process.id().to_string())
    }

    /// Asks the node to stop, and removes the folder.
    pub(crate) fn stop(mut self) -> Result<()> {
        let id = self.process.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status()?;
        self.process.wait()?;
        Ok(())
    }
}

impl Server for Node {
    async fn standing(&self) -> Result<Standing> {
        let figures = figures(self.installation.admin).await?;
        let of = |name: &str| figures["roles"][self.role][name].as_u64();
        Ok(Standing {
            commits: of("commits").ok_or("the node tells no commits")?,
            groups: of("groups").ok_or("the node tells no groups")?,
            ..Standing::of(&self.process)?
        })
    }
}

impl Standing {
    /// What the kernel tells of a process now.
    pub(crate) fn of(process: &Child) -> Result<Self> {
        let process = process.id().to_string();
        Ok(Self {
            cpu_s: cpu_s(&process)?,
            client_cpu_s: cpu_s("self")?,
            resident_mb: resident_mb(&process)?,
            ..Self::default()
        })
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.installation.folder);
    }
}

/// Where rows are kept, and the server that keeps them if there is one.
pub(crate) fn store(home: Home) -> Result<(Store, Option<Cluster>)> {
    match home {
        Home::Sqlite => Ok((Store::Sqlite, None)),
        Home::Postgresql => {
            fs::create_dir_all(env!("CARGO_TARGET_TMPDIR"))?;
            let cluster = Cluster::start(&std::env::temp_dir())?;
            let socket = cluster.dir().display();
            let address = format!("postgresql:///postgres?user=sluis&host={socket}");
            Ok((Store::Postgresql(address), Some(cluster)))
        }
    }
}

/// The folder of a node, beside the results: on the disk that is built on.
pub(crate) fn folder() -> Result<PathBuf> {
    let folder = crate::report::folder()?.join(format!("node-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    Ok(folder)
}

fn clients(key: &SigningKey) -> Result<String> {
    let keys = Jwks::new(vec![key.public().clone()])?;
    let client = |proof: Proof| {
        let id = proof.client_id();
        let mut client = json!({
            "client_id": id, "organisation": "De Proef-PGO", "auth": proof.method(),
            "redirect_uris": [format!("https://{id}/callback")],
        });
        if proof == Proof::Assertion {
            client["jwks"] = keys.to_json();
        }
        client
    };
    Ok(json!([client(Proof::Certificate), client(Proof::Assertion)]).to_string())
}

/// How a client calls: with the certificate that it registered, or without one.
pub(crate) fn tls(installation: &mut Installation, proof: Proof) -> Result<ClientConfig> {
    let config = trusting(installation)?;
    if proof == Proof::Assertion {
        return Ok(config.with_no_client_auth());
    }
    let issued = installation.authority.issue(proof.client_id());
    let certificate = CertificateDer::from_pem_slice(issued.certificate.as_bytes())?;
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes())?;
    Ok(config.with_client_auth_cert(vec![certificate], key)?)
}

/// Trust in the authority of an installation.
pub(crate) fn trusting(
    installation: &Installation,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(installation.authority.pem().as_bytes())?;
    roots.add(root)?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    Ok(config)
}

/// Starts the program and waits until it serves.
fn serve(sluis: &Path, config: &Path) -> Result<Child> {
    let mut command = Command::new(sluis);
    command.arg("serve").arg("--config").arg(config);
    let mut node = command.stdout(Stdio::piped()).spawn()?;
    let out = node.stdout.as_mut().ok_or("the node has no output")?;
    let mut lines = BufReader::new(out)
        .lines()
        .map_while(std::result::Result::ok);
    if lines.any(|line| line == "ready") {
        return Ok(node);
    }
    node.kill()?;
    node.wait()?;
    Err("the node did not become ready".into())
}

/// `GET /health/figures`.
async fn figures(port: u16) -> Result<Value> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let request = b"GET /health/figures HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (_, body) = answer.split_once("\r\n\r\n").ok_or("no figures")?;
    Ok(serde_json::from_str(body)?)
}

/// User and system time of a process, of all its threads (proc_pid_stat(5), fields 14 and 15).
pub(crate) fn cpu_s(process: &str) -> Result<f64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, rest) = text.rsplit_once(") ").ok_or("no account of the process")?;
    let ticks = rest.split(' ').skip(11).take(2);
    let ticks: std::result::Result<Vec<u32>, _> = ticks.map(str::parse).collect();
    Ok(f64::from(ticks?.iter().sum::<u32>()) / TICKS_PER_S)
}

fn resident_mb(process: &str) -> Result<f64> {
    let text = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kb: u32 = kb.ok_or("no memory of the process")?.trim().parse()?;
    Ok(f64::from(kb) / 1024.0)
}
