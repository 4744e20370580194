//! A peer: node-oidc-provider on PostgreSQL, asked for the same token over the same kind of connections, in the
//! same run (`benches/peers/oidc-provider`).

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jose::{Algorithm, Jwks, SigningKey};
use rustls::ClientConfig;
use testkit::{Installation, Role, Store};

use crate::assertions::Assertions;
use crate::client::{Connection, member};
use crate::cluster::Cluster;
use crate::drive::{Counting, Run, WARM_UP_S};
use crate::floor;
use crate::node::{self, Server, Standing};
use crate::plan::{Arguments, Home, MOST};
use crate::report::{self, Subject};
use crate::{Result, koppeltaal, measure, measured_floor};

const HOST: &str = "peer.localhost";
/// The one client that it knows.
const CLIENT_ID: &str = "peer";

/// Measures the domain of Koppeltaal, then the peer, and tells how often the one goes into the other.
pub(crate) async fn run(sluis: &Path, arguments: &Arguments) -> Result<()> {
    let floor = measured_floor(&[Algorithm::Es256])?;
    let mut measured = koppeltaal::bar(sluis, &floor, arguments.seconds).await?;
    let peer = Peer::start()?;
    let run = peer.ask(arguments.seconds + WARM_UP_S).await?;
    let subject = Subject {
        name: format!("node-oidc-provider PostgreSQL connections={MOST}"),
        proof: "node-oidc-provider".to_owned(),
        home: Home::Postgresql.to_string(),
        grants: 0,
        connections: MOST,
        floor_per_s: floor.of(Algorithm::Es256),
    };
    measured.push(measure(&peer, run, subject, arguments.seconds).await?);
    let title = "Tokens for an ES256 assertion per CPU-second of the server";
    report::tell("load-oidc-provider", title, &floor, &measured)?;
    let [ours, theirs] = &measured[..] else {
        return Err("two were to be measured".into());
    };
    let ratio = ours.requests_per_cpu_s / theirs.requests_per_cpu_s;
    println!("ratio by CPU time: {ratio:.1} (bar: 6)");
    Ok(())
}

/// The peer in a process of its own, with a PostgreSQL of its own.
struct Peer {
    process: Child,
    installation: Installation,
    port: u16,
    tls: Arc<ClientConfig>,
    key: Arc<SigningKey>,
    _cluster: Cluster,
}

impl Peer {
    fn start() -> Result<Self> {
        let program = program()?;
        let cluster = Cluster::start(&std::env::temp_dir())?;
        // Of which the authority serves, and the folder.
        let folder = node::folder()?;
        let mut installation =
            Installation::lay(&folder, &[Role::Koppeltaal], &Store::Sqlite, "[]", "[]");
        let issued = installation.authority.issue(HOST);
        let (certificate, key_file) = (folder.join("peer.pem"), folder.join("peer.key"));
        fs::write(&certificate, issued.certificate)?;
        fs::write(&key_file, issued.key)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let key = floor::key(Algorithm::Es256)?;
        let keys = Jwks::new(vec![key.public().clone()])?.to_json();
        let mut node = Command::new("node");
        node.arg("server.mjs").current_dir(program);
        node.env("NODE_ENV", "production")
            .env("ISSUER", issuer(port))
            .env("PORT", port.to_string())
            .env("CERTIFICATE", certificate)
            .env("KEY", key_file)
            .env("CLIENT_JWKS", keys.to_string())
            .env("PGHOST", cluster.dir());
        let mut process = node.stdout(Stdio::piped()).spawn()?;
        let out = process.stdout.take().ok_or("the peer has no output")?;
        let mut lines = BufReader::new(out)
            .lines()
            .map_while(std::result::Result::ok);
        let is_ready = lines.any(|line| line == "ready");
        let peer = Self {
            tls: Arc::new(node::trusting(&installation)?.with_no_client_auth()),
            process,
            installation,
            port,
            key: Arc::new(key),
            _cluster: cluster,
        };
        is_ready
            .then_some(peer)
            .ok_or_else(|| "the peer did not become ready".into())
    }

    /// Opens the connections and begins.
    async fn ask(&self, seconds: u64) -> Result<Run> {
        let assertions = Arc::new(Assertions::new(&self.key, CLIENT_ID));
        let issuer: Arc<str> = issuer(self.port).into();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let mut opened = Vec::new();
        for _ in 0..MOST {
            opened.push(Connection::open(Arc::clone(&self.tls), HOST, address).await?);
        }
        let mut run = Run::of(seconds);
        for connection in opened {
            let (assertions, issuer) = (Arc::clone(&assertions), Arc::clone(&issuer));
            run.client(|counting| ask(connection, assertions, issuer, counting));
        }
        Ok(run)
    }
}

impl Server for Peer {
    async fn standing(&self) -> Result<Standing> {
        Standing::of(&self.process)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.installation.folder);
    }
}

async fn ask(
    mut connection: Connection,
    assertions: Arc<Assertions>,
    issuer: Arc<str>,
    counting: Arc<Counting>,
) -> Result<Vec<Duration>> {
    let mut took = Vec::new();
    while counting.goes_on() {
        let form = format!(
            "grant_type=client_credentials&scope=read&client_id={CLIENT_ID}&{}",
            assertions.fields(&issuer)?
        );
        let begun = counting.begin();
        let (status, body) = connection.post("/token", &form).await?;
        if status != 200 || member(body, "access_token").is_none() {
            return Err(format!("the peer answers {status}: {body}").into());
        }
        took.extend(counting.end(begun));
    }
    Ok(took)
}

fn issuer(port: u16) -> String {
    format!("https://{HOST}:{port}")
}

/// Where it stands, with what its lock file names.
fn program() -> Result<PathBuf> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../peers/oidc-provider");
    let mut install = Command::new("npm");
    install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    install.current_dir(&program).stdout(Stdio::null());
    let installed = install.status().map_err(|error| format!("npm: {error}"))?;
    installed
        .success()
        .then_some(program)
        .ok_or_else(|| "npm ci failed".into())
}
