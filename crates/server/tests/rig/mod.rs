//! A door of its own for each test: an authority in a temporary directory, a listener on a free
//! port, and clients that speak to it over real sockets.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use identity::Hostname;
use rustls::crypto::aws_lc_rs;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use server::certificates::{Authority, Identity};
use server::clock::Clock;
use server::door::{
    ClientCertificates, Drained, House, Limits, Site, Sites, Stop, Stopping, serve, stop,
};
use server::outside::{Outside, OutsideConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use verdict::Moment;

/// Whatever takes longer than this in a test never ends.
const PATIENCE: Duration = Duration::from_secs(5);

/// An authority with a directory of its own, gone when dropped.
pub(crate) struct Rig {
    pub(crate) authority: Authority,
    pub(crate) directory: PathBuf,
}

impl Rig {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sluis-door-{}-{count}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        Self {
            authority: Authority::open(&directory, now()).expect("an authority"),
            directory,
        }
    }

    pub(crate) fn root(&self) -> CertificateDer<'static> {
        self.authority.certificate().clone()
    }

    pub(crate) fn client(&self, name: &str) -> Identity {
        let client = self.authority.client(&self.directory, &host(name), now());
        client.expect("a client certificate")
    }

    /// A site that asks for no client certificate.
    pub(crate) fn site(&self, name: &str, router: Router) -> Site {
        let server = self.authority.server(&self.directory, &host(name), now());
        Site {
            host: host(name),
            identity: server.expect("a server certificate"),
            clients: ClientCertificates::Never,
            router,
            limits: Limits::default(),
            proxies: BTreeSet::new(),
        }
    }

    /// A raw client that trusts the authority.
    pub(crate) fn tls(&self, identity: Option<&Identity>, alpn: &[&[u8]]) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.root()).expect("a root");
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .expect("versions")
            .with_root_certificates(roots);
        let mut config = match identity {
            None => config.with_no_client_auth(),
            Some(identity) => config
                .with_client_auth_cert(identity.chain(), identity.key().clone_key())
                .expect("a key that fits"),
        };
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        config
    }

    pub(crate) fn outside(&self, identity: Option<Identity>) -> Outside {
        Outside::new(OutsideConfig::new(vec![self.root()], identity)).expect("a way outside")
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

pub(crate) fn now() -> Moment {
    Clock::system().wall()
}

pub(crate) fn host(name: &str) -> Hostname {
    Hostname::parse(name).expect("a host name")
}

/// A door that stands open.
pub(crate) struct Open {
    pub(crate) port: u16,
    pub(crate) sites: Arc<ArcSwap<Sites>>,
    pub(crate) stop: Stop,
    served: JoinHandle<io::Result<Drained>>,
}

pub(crate) async fn open(sites: impl IntoIterator<Item = Site>, house: House) -> Open {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let sites = Sites::open(sites).expect("good sites");
    let sites = Arc::new(ArcSwap::from_pointee(sites));
    let (stop, stopping): (Stop, Stopping) = stop();
    let served = tokio::spawn(serve(listener, Arc::clone(&sites), house, stopping));
    Open {
        port,
        sites,
        stop,
        served,
    }
}

impl Open {
    pub(crate) fn url(&self, host: &str, path: &str) -> String {
        format!("https://{host}:{}{path}", self.port)
    }

    /// Connects and shakes hands.
    pub(crate) async fn connect(
        &self,
        host: &'static str,
        config: impl Into<Arc<ClientConfig>>,
    ) -> io::Result<TlsStream<TcpStream>> {
        connect(self.port, host, config).await
    }

    /// One HTTP/1.1 exchange, head and body as they are sent. `Host` is added.
    pub(crate) async fn exchange(
        &self,
        host: &'static str,
        config: impl Into<Arc<ClientConfig>>,
        request: &str,
    ) -> String {
        let mut stream = self.connect(host, config).await.expect("a handshake");
        let (line, rest) = request.split_once("\r\n").expect("a request line");
        let host = format!("Host: {host}:{}\r\n", self.port);
        say(&mut stream, &format!("{line}\r\n{host}{rest}")).await
    }

    pub(crate) async fn stop(self) -> Drained {
        self.stop.now();
        let served = timeout(PATIENCE, self.served).await.expect("an end");
        served.expect("no panic").expect("a port")
    }
}

pub(crate) async fn connect(
    port: u16,
    host: &'static str,
    config: impl Into<Arc<ClientConfig>>,
) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let name = ServerName::try_from(host).expect("a name");
    let hello = TlsConnector::from(config.into()).connect(name, stream);
    timeout(PATIENCE, hello).await.expect("an answer or an end")
}

/// Says something and hears the other side out, until it ends the connection.
pub(crate) async fn say(stream: &mut TlsStream<TcpStream>, text: &str) -> String {
    // The other side may have hung up already, after an answer that is still to be read.
    let _ = stream.write_all(text.as_bytes()).await;
    hear(stream).await
}

/// What comes until the end, however it ends.
pub(crate) async fn hear(stream: &mut TlsStream<TcpStream>) -> String {
    let mut bytes = Vec::new();
    let heard = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    assert!(heard.is_ok(), "the connection stayed open");
    String::from_utf8(bytes).expect("text")
}

/// What comes until the head of an answer and so many bytes of its body are there.
pub(crate) async fn hear_one(stream: &mut TlsStream<TcpStream>, body_bytes: usize) -> String {
    let mut heard = Vec::new();
    let one = async {
        loop {
            let text = String::from_utf8_lossy(&heard);
            let body = text.split_once("\r\n\r\n").map(|(_, body)| body.len());
            if body >= Some(body_bytes) {
                return;
            }
            heard.push(stream.read_u8().await.expect("more"));
        }
    };
    timeout(PATIENCE, one).await.expect("an answer");
    String::from_utf8(heard).expect("text")
}

/// The status of an answer, 0 when there is none.
pub(crate) fn status(answer: &str) -> u16 {
    let code = answer.split(' ').nth(1).unwrap_or_default();
    code.parse().unwrap_or_default()
}
