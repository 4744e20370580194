//! `sluis serve` in processes of their own.
#![allow(dead_code, reason = "each test file uses what it needs")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use identity::Hostname;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use server::certificates::Identity;
use server::door::{self, ClientCertificates, House, Limits, Site, Sites};
use server::outside::{Answer, Headers, Outside, OutsideConfig, OutsideError};
use testkit::{Installation, Issued};

/// The client that every installation of the tests knows.
pub(crate) const CLIENT: &str = "pgo.localhost";
pub(crate) const CLIENTS: &str = r#"[{ "client_id": "pgo.localhost", "organisation": "De Proef-PGO",
  "auth": "tls_client_auth", "redirect_uris": ["https://pgo.localhost/callback"] }]"#;
pub(crate) const PROVIDERS: &str = r#"[{ "ura": "00000659", "naam": "ziekenhuisdesluiswachter@medmij",
  "weergavenaam": "Ziekenhuis De Sluiswachter", "aanbiedertype": "ZA", "category": "ziekenhuis",
  "dva": "dva", "gegevensdiensten": ["51"] }]"#;

/// A node that runs until the test is done with it.
pub(crate) struct Node(pub(crate) Child);

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn sluis(command: &str, at: &Installation) -> Command {
    let mut sluis = Command::new(env!("CARGO_BIN_EXE_sluis"));
    sluis.arg(command).arg("--config").arg(at.config());
    sluis
}

/// Starts a node and waits until it serves.
pub(crate) fn serve(at: &Installation) -> Node {
    begin(sluis("serve", at))
}

/// Starts a node by this command and waits until it serves.
pub(crate) fn begin(mut command: Command) -> Node {
    let child = command.stdout(Stdio::piped()).spawn().expect("starts");
    let mut node = Node(child);
    let out = node.0.stdout.as_mut().expect("piped");
    let ready = BufReader::new(out)
        .lines()
        .map_while(Result::ok)
        .any(|line| line == "ready");
    assert!(ready, "the node did not become ready");
    node
}

/// Asks a node to stop; how it ended.
pub(crate) fn stop(mut node: Node) -> ExitStatus {
    signal(&node, "TERM");
    node.0.wait().expect("ends")
}

pub(crate) fn signal(node: &Node, name: &str) {
    let id = node.0.id().to_string();
    let kill = Command::new("kill")
        .args([&format!("-{name}"), &id])
        .status();
    assert!(kill.expect("runs").success());
}

/// What `admin.listen` answers: status and body.
pub(crate) fn admin(at: &Installation, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", at.admin)).expect("listens");
    let timeout = Some(Duration::from_secs(10));
    stream.set_read_timeout(timeout).expect("settable");
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("writable");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let status = answer.get(9..12).and_then(|status| status.parse().ok());
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status.expect("a status"), body.to_owned())
}

pub(crate) fn admin_json(at: &Installation, path: &str) -> Value {
    serde_json::from_str(&admin(at, path).1).expect("JSON")
}

/// A way to the node: with this certificate, or with none.
pub(crate) fn caller(at: &Installation, shown: Option<&Issued>) -> Outside {
    let root = CertificateDer::from_pem_slice(at.authority.pem().as_bytes()).expect("PEM");
    let identity = shown.map(identity);
    Outside::new(OutsideConfig::new(vec![root], identity)).expect("a client")
}

pub(crate) fn identity(issued: &Issued) -> Identity {
    let certificate = CertificateDer::from_pem_slice(issued.certificate.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes());
    Identity::new(certificate.expect("PEM"), Vec::new(), key.expect("PEM"))
}

pub(crate) fn url(at: &Installation, host: &str, path: &str) -> String {
    format!("https://{host}.localhost:{}{path}", at.port)
}

pub(crate) async fn get(from: &Outside, url: &str) -> Result<Answer, OutsideError> {
    from.get(url, Headers::default()).await
}

/// A server of a test's own, in a thread that goes with the process; its port.
pub(crate) fn serve_router(host: &str, identity: Identity, router: axum::Router) -> u16 {
    let site = Site {
        host: Hostname::parse(host).expect("a host name"),
        identity,
        clients: ClientCertificates::Never,
        router,
        port: None,
        limits: Limits::default(),
        proxies: std::collections::BTreeSet::new(),
    };
    let sites = Arc::new(ArcSwap::from_pointee(Sites::open([site]).expect("a site")));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("settable");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime
            .enable_all()
            .build()
            .expect("a runtime")
            .block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                let (_stop, stopping) = door::stop();
                door::serve(listener, sites, House::default(), stopping).await
            })
    });
    port
}
