//! The door and the way outside, over real sockets.

#[path = "door/limits.rs"]
mod limits;
mod rig;

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::{get, post};
use axum::{Extension, Router};
use futures_util::StreamExt as _;
use http::HeaderMap;
use http::header::{CACHE_CONTROL, HOST};
use rcgen::{CertificateParams, DistinguishedName, DnType, Issuer, KeyPair};
use rig::{Rig, connect, hear, hear_one, host, open, say, status};
use rustls::ProtocolVersion::{self, TLSv1_2, TLSv1_3};
use rustls::client::{ClientSessionMemoryCache, ClientSessionStore, Resumption};
use rustls::client::{Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::crypto::aws_lc_rs;
use rustls::version::TLS12;
use rustls::{ClientConfig, HandshakeKind, NamedGroup, RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use server::certificates::{Authority, Identity};
use server::door::{ClientCertificates, House, Limits, Peer, Site, Sites, TraceId, unanswered};
use server::outside::{Headers, Outside, OutsideConfig, OutsideError};
use server::trust::{Revocation, Trust};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

const A: &str = "a.localhost";
const B: &str = "b.localhost";
const SOON: Duration = Duration::from_millis(200);
const TRACE: &str = "c0e7b545-9606-4eef-bea7-75d8addaa54b";
const GET: &str = "GET / HTTP/1.1\r\nConnection: close\r\n\r\n";

fn hello() -> Router {
    Router::new().route("/", get(|| async { "hello" }))
}

// ---- which site ----

#[tokio::test]
async fn a_client_that_names_no_site_of_ours_is_hung_up_on() {
    // RFC 6066 §3
    let rig = Rig::new();
    let door = open([rig.site(A, hello())], House::default()).await;
    let mut silent = rig.tls(None, &[]);
    silent.enable_sni = false;
    for (name, config) in [(B, rig.tls(None, &[])), (A, silent)] {
        let error = door.connect(name, config).await.expect_err("closed");
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{error}");
    }
    let answer = door.exchange(A, rig.tls(None, &[]), GET).await;
    assert_eq!(status(&answer), 200);
}

#[tokio::test]
async fn server_names_and_hosts_compare_without_regard_to_case() {
    let rig = Rig::new();
    let door = open([rig.site(A, hello())], House::default()).await;
    let mut stream = door
        .connect(A, rig.tls(None, &[]))
        .await
        .expect("a handshake");
    let shouted = format!("GET / HTTP/1.1\r\nHost: A.LOCALHOST:{}\r\n", door.port);
    let answer = say(&mut stream, &format!("{shouted}Connection: close\r\n\r\n")).await;
    assert_eq!(status(&answer), 200);
}

#[tokio::test]
async fn a_request_for_another_host_or_port_gets_421_and_one_without_a_host_400() {
    let rig = Rig::new();
    let door = open(
        [rig.site(A, hello()), rig.site(B, hello())],
        House::default(),
    )
    .await;
    let (port, right) = (door.port, format!("{A}:{}", door.port));
    for (hosts, target, expected) in [
        (vec![right.clone()], "/".to_owned(), 200),
        (vec![right.clone()], format!("https://{right}/"), 200),
        (vec![format!("{B}:{port}")], "/".to_owned(), 421),
        (vec![format!("{A}:1")], "/".to_owned(), 421),
        (vec![A.to_owned()], "/".to_owned(), 421),
        (vec![format!("me@{right}")], "/".to_owned(), 421),
        (vec![String::new()], "/".to_owned(), 421),
        (vec![right.clone()], format!("https://{B}:{port}/"), 421),
        (
            vec![format!("{B}:{port}")],
            format!("https://{right}/"),
            421,
        ),
        (vec![], "/".to_owned(), 400),
        (vec![], format!("https://{right}/"), 400),
        (vec![right.clone(), right.clone()], "/".to_owned(), 400),
    ] {
        let headers = hosts.iter().map(|host| format!("Host: {host}\r\n"));
        let headers = headers.collect::<Vec<_>>().concat();
        let request = format!("GET {target} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
        let mut stream = door
            .connect(A, rig.tls(None, &[]))
            .await
            .expect("a handshake");
        let answer = say(&mut stream, &request).await;
        assert_eq!(status(&answer), expected, "{request}");
        assert!(expected == 200 || !answer.contains("hello"));
    }
}

// ---- which TLS ----

#[tokio::test]
async fn medmij_case_082_and_083_the_highest_version_of_tls_that_both_have_is_chosen() {
    let rig = Rig::new();
    let door = open([rig.site(A, hello())], House::default()).await;
    // medmij case 83 (core.tls.304)
    assert_eq!(spoken(&door, rig.tls(None, &[])).await, Some(TLSv1_3));
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(rig.root()).expect("a root");
    let old = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS12])
        .expect("a version")
        .with_root_certificates(roots)
        .with_no_client_auth();
    assert_eq!(spoken(&door, old).await, Some(TLSv1_2));
    // medmij case 82: TLS 1.1 gets an alert or an end, and no handshake (core.tls.301).
    let mut stream = TcpStream::connect(("127.0.0.1", door.port))
        .await
        .expect("a connection");
    stream
        .write_all(&hello_of_tls_1_1())
        .await
        .expect("written");
    let mut heard = Vec::new();
    let ended = timeout(10 * SOON, stream.read_to_end(&mut heard)).await;
    assert!(ended.is_ok(), "it may talk on");
    assert!(heard.first().is_none_or(|kind| *kind == ALERT), "{heard:?}");
}

/// The version that a connection came to.
async fn spoken(door: &rig::Open, config: ClientConfig) -> Option<ProtocolVersion> {
    let stream = door.connect(A, config).await.expect("a handshake");
    stream.get_ref().1.protocol_version()
}

/// The type of a record that carries an alert.
const ALERT: u8 = 21;

/// A ClientHello that offers TLS 1.1 at most, with the name of site A (RFC 6066 §3).
fn hello_of_tls_1_1() -> Vec<u8> {
    let sized = |body: &[u8]| [&[0, u8::try_from(body.len()).expect("short")], body].concat();
    let name = [&[0][..], &sized(A.as_bytes())].concat();
    let server_name = [&[0, 0][..], &sized(&sized(&name))].concat();
    let hello = [
        &[3, 2][..],
        &[7; 32],
        // No session; TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA and TLS_RSA_WITH_AES_128_CBC_SHA; no compression.
        &[0, 0, 4, 0xc0, 0x13, 0, 0x2f, 1, 0],
        &sized(&server_name),
    ]
    .concat();
    let handshake = [&[1, 0][..], &sized(&hello)].concat();
    [&[22, 3, 1][..], &sized(&handshake)].concat()
}

#[tokio::test]
async fn on_http_2_a_host_header_must_agree_with_the_authority() {
    let rig = Rig::new();
    let door = open(
        [rig.site(A, hello()), rig.site(B, hello())],
        House::default(),
    )
    .await;
    let outside = rig.outside(None);
    let other = Headers::none().with(HOST, &format!("{B}:{}", door.port));
    let answer = outside
        .get(&door.url(A, "/"), other)
        .await
        .expect("an answer");
    assert_eq!(answer.status, 421);
}

// ---- who asks ----

async fn who(Extension(peer): Extension<Peer>) -> String {
    let now = rig::now();
    let name = peer.certificate_valid_at(now).map(|certificate| {
        let hostname = certificate.hostname.as_ref();
        hostname.map_or_else(ToString::to_string, ToString::to_string)
    });
    format!(
        "{} at {}",
        name.as_deref().unwrap_or("nobody"),
        peer.address.ip()
    )
}

fn asking(rig: &Rig, clients: ClientCertificates) -> Site {
    Site {
        clients,
        ..rig.site(A, Router::new().route("/", get(who)))
    }
}

#[tokio::test]
async fn a_site_that_never_asks_sees_no_client_certificate() {
    let rig = Rig::new();
    let door = open([asking(&rig, ClientCertificates::Never)], House::default()).await;
    let config = rig.tls(Some(&rig.client("pgo.localhost")), &[]);
    let answer = door.exchange(A, config, GET).await;
    assert!(answer.ends_with("nobody at 127.0.0.1"), "{answer}");
}

#[tokio::test]
async fn a_site_that_offers_lets_in_with_and_without_but_never_with_a_foreign_one() {
    let rig = Rig::new();
    let site = asking(
        &rig,
        ClientCertificates::Offered(Trust::from(vec![rig.root()])),
    );
    let door = open([site], House::default()).await;
    let answer = door.exchange(A, rig.tls(None, &[]), GET).await;
    assert!(answer.ends_with("nobody at 127.0.0.1"), "{answer}");
    let pgo = rig.client("pgo.localhost");
    let answer = door.exchange(A, rig.tls(Some(&pgo), &[]), GET).await;
    assert!(answer.ends_with("pgo.localhost at 127.0.0.1"), "{answer}");
    // Same name, another authority.
    let foreign = Rig::new().client("pgo.localhost");
    let refused = refusal(&door, rig.tls(Some(&foreign), &[])).await;
    assert!(
        refused.contains("UnknownCA") || refused.contains("DecryptError"),
        "{refused}"
    );
    // Our own authority, but a server's certificate.
    let server = rig
        .authority
        .server(&rig.directory, &host("pgo.localhost"), rig::now());
    let server = server.expect("a server certificate");
    let refused = refusal(&door, rig.tls(Some(&server), &[])).await;
    assert!(refused.contains("UnsupportedCertificate"), "{refused}");
}

#[tokio::test]
async fn a_site_that_requires_a_certificate_is_closed_to_those_without() {
    let rig = Rig::new();
    let site = asking(
        &rig,
        ClientCertificates::Required(Trust::from(vec![rig.root()])),
    );
    let door = open([site], House::default()).await;
    let refused = refusal(&door, rig.tls(None, &[])).await;
    assert!(refused.contains("CertificateRequired"), "{refused}");
    let pgo = rig.client("pgo.localhost");
    let answer = door.exchange(A, rig.tls(Some(&pgo), &[]), GET).await;
    assert!(answer.ends_with("pgo.localhost at 127.0.0.1"), "{answer}");
    let called = rig
        .outside(None)
        .get(&door.url(A, "/"), Headers::none())
        .await;
    let refused = called.expect_err("refused").to_string();
    assert!(refused.contains("CertificateRequired"), "{refused}");
    let outside = rig.outside(Some(pgo));
    let answer = outside
        .get(&door.url(A, "/"), Headers::none())
        .await
        .expect("an answer");
    assert_eq!(answer.body, b"pgo.localhost at 127.0.0.1");
}

/// With TLS 1.3 a client learns that its certificate was refused only when it reads.
async fn refusal(door: &rig::Open, config: ClientConfig) -> String {
    let refused = async {
        let mut stream = door.connect(A, config).await?;
        stream.write_all(GET.as_bytes()).await?;
        stream.read_u8().await
    };
    let error: io::Error = refused.await.expect_err("refused");
    format!("{error:?}")
}

// ---- tickets ----

/// Keeps sessions without asking whose they are: offers a ticket of one host to another.
#[derive(Debug)]
struct Careless(ClientSessionMemoryCache);

fn anyone() -> ServerName<'static> {
    ServerName::try_from("anyone.localhost").expect("a name")
}

impl ClientSessionStore for Careless {
    fn set_kx_hint(&self, _: ServerName<'static>, group: NamedGroup) {
        self.0.set_kx_hint(anyone(), group);
    }
    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        self.0.kx_hint(&anyone())
    }
    fn set_tls12_session(&self, _: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.0.set_tls12_session(anyone(), value);
    }
    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.0.tls12_session(&anyone())
    }
    fn remove_tls12_session(&self, _: &ServerName<'static>) {
        self.0.remove_tls12_session(&anyone());
    }
    fn insert_tls13_ticket(&self, _: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.0.insert_tls13_ticket(anyone(), value);
    }
    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.0.take_tls13_ticket(&anyone())
    }
}

fn careless(rig: &Rig) -> Arc<ClientConfig> {
    let store = Arc::new(Careless(ClientSessionMemoryCache::new(8)));
    let mut config = rig.tls(None, &[]);
    config.resumption = Resumption::store(store);
    Arc::new(config)
}

/// Visits the host, takes what tickets it gives, and says how the handshake went.
async fn visit(door: &rig::Open, name: &'static str, config: &Arc<ClientConfig>) -> HandshakeKind {
    let mut stream = door
        .connect(name, Arc::clone(config))
        .await
        .expect("a handshake");
    let kind = stream.get_ref().1.handshake_kind().expect("a kind");
    let request = format!("GET / HTTP/1.1\r\nHost: {name}:{}\r\n", door.port);
    let answer = say(&mut stream, &format!("{request}Connection: close\r\n\r\n")).await;
    assert_eq!(status(&answer), 200);
    kind
}

#[tokio::test]
async fn a_ticket_of_one_host_is_worth_nothing_at_another() {
    let rig = Rig::new();
    let door = open(
        [rig.site(A, hello()), rig.site(B, hello())],
        House::default(),
    )
    .await;
    let config = careless(&rig);
    assert_eq!(visit(&door, A, &config).await, HandshakeKind::Full);
    assert_eq!(visit(&door, A, &config).await, HandshakeKind::Resumed);
    assert_eq!(visit(&door, B, &config).await, HandshakeKind::Full);
}

/// design §3: what a certificate is worth is asked at each request and not at the handshake alone.
#[tokio::test]
async fn a_certificate_that_is_trusted_no_more_ends_with_the_next_request_of_its_connection() {
    let rig = Rig::new();
    let trusting = |root| asking(&rig, ClientCertificates::Offered(Trust::from(vec![root])));
    let door = open([trusting(rig.root())], House::default()).await;
    let config = rig.tls(Some(&rig.client("pgo.localhost")), &[]);
    let connect = || async { door.connect(A, config.clone()).await.expect("a handshake") };
    let (mut kept, mut ended) = (connect().await, connect().await);
    let replace = |site| {
        let sites = door.sites.load().replacing(site).expect("a good site");
        door.sites.store(Arc::new(sites));
    };
    let request = format!("GET / HTTP/1.1\r\nHost: {A}:{}\r\n\r\n", door.port);
    replace(trusting(rig.root()));
    let answer = say(&mut kept, &request).await;
    assert!(answer.ends_with("pgo.localhost at 127.0.0.1"), "{answer}");
    replace(trusting(Rig::new().root()));
    let answer = say(&mut ended, &request).await;
    assert_eq!(status(&answer), 403, "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn where_revocation_is_checked_who_comes_again_is_judged_again() {
    let rig = Rig::new();
    let asking = |revocation| Site {
        clients: ClientCertificates::Offered(Trust {
            roots: vec![rig.root()],
            revocation,
            ..Trust::default()
        }),
        ..rig.site(A, hello())
    };
    for (revocation, again) in [
        (Revocation::Unchecked, HandshakeKind::Resumed),
        (Revocation::Lists(Vec::new()), HandshakeKind::Full),
    ] {
        let door = open([asking(revocation)], House::default()).await;
        let config = careless(&rig);
        assert_eq!(visit(&door, A, &config).await, HandshakeKind::Full);
        assert_eq!(visit(&door, A, &config).await, again);
    }
}

#[tokio::test]
async fn a_replaced_site_takes_over_at_once_and_knows_no_old_ticket() {
    let rig = Rig::new();
    let door = open(
        [rig.site(A, hello()), rig.site(B, hello())],
        House::default(),
    )
    .await;
    let config = careless(&rig);
    assert_eq!(visit(&door, A, &config).await, HandshakeKind::Full);
    let mut old = door
        .connect(A, rig.tls(None, &[]))
        .await
        .expect("a handshake");
    let mut other = door
        .connect(B, rig.tls(None, &[]))
        .await
        .expect("a handshake");

    let news = Router::new().route("/", get(|| async { "news!" }));
    let sites = door
        .sites
        .load()
        .replacing(rig.site(A, news))
        .expect("a good site");
    door.sites.store(Arc::new(sites));
    assert_eq!(visit(&door, A, &config).await, HandshakeKind::Full);
    let answer = door.exchange(A, rig.tls(None, &[]), GET).await;
    assert!(answer.ends_with("news!"), "{answer}");

    // An old connection gets its answer and ends, though it asked to be kept.
    let keep = |name| format!("GET / HTTP/1.1\r\nHost: {name}:{}\r\n\r\n", door.port);
    let last = say(&mut old, &keep(A)).await;
    assert!(last.ends_with("hello"), "{last}");
    for _ in 0..2 {
        other.write_all(keep(B).as_bytes()).await.expect("written");
        assert_eq!(status(&hear_one(&mut other, 5).await), 200);
    }
}

// ---- bounds ----

fn counting(rig: &Rig) -> Site {
    let count = |body: Bytes| async move { body.len().to_string() };
    let limits = Limits {
        body_bytes_max: 1000,
        body_timeout: SOON,
        ..Limits::default()
    };
    Site {
        limits,
        ..rig.site(A, Router::new().route("/", post(count)))
    }
}

fn declared(bytes: usize) -> String {
    let body = "x".repeat(bytes);
    format!("POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: {bytes}\r\n\r\n{body}")
}

fn chunked(chunks: usize) -> String {
    let head = "POST / HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("64\r\n{}\r\n", "x".repeat(100));
    format!("{head}{}0\r\n\r\n", chunk.repeat(chunks))
}

#[tokio::test]
async fn a_body_over_the_limit_gets_413_declared_or_not() {
    // RFC 9110 §15.5.14
    let rig = Rig::new();
    let door = open([counting(&rig)], House::default()).await;
    for (request, expected) in [
        (declared(1000), 200),
        (declared(1001), 413),
        (declared(500_000), 413),
        (chunked(10), 200),
        (chunked(11), 413),
        (chunked(5_000), 413),
    ] {
        let answer = door.exchange(A, rig.tls(None, &[]), &request).await;
        assert_eq!(status(&answer), expected, "{}", request.len());
        assert_eq!(answer.ends_with("1000"), expected == 200, "{answer}");
    }
    // Who writes everything before reading anything gets to the answer, too.
    let mut stream = door
        .connect(A, rig.tls(None, &[]))
        .await
        .expect("a handshake");
    let (line, rest) = ("POST / HTTP/1.1\r\n", "Content-Length: 500000\r\n\r\n");
    let head = format!("{line}Host: {A}:{}\r\n{rest}", door.port);
    stream.write_all(head.as_bytes()).await.expect("written");
    for _ in 0..50 {
        sleep(SOON / 100).await;
        stream.write_all(&[b'x'; 10_000]).await.expect("still read");
    }
    assert_eq!(status(&hear(&mut stream).await), 413);

    let (url, outside) = (door.url(A, "/"), rig.outside(None));
    let post = async |bytes| {
        let body = vec![b'x'; bytes];
        let posted = outside.post_bytes(&url, "text/plain", body, Headers::none());
        posted.await.expect("an answer").status
    };
    assert_eq!(post(1000).await, 200);
    assert_eq!(post(1001).await, 413);
}

#[tokio::test]
async fn rfc_9112_8_a_body_that_is_not_framed_as_announced_gets_400() {
    // RFC 9112 §8
    let rig = Rig::new();
    let door = open([counting(&rig)], House::default()).await;
    let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    let answer = door
        .exchange(
            A,
            rig.tls(None, &[]),
            &format!("{head}4\r\nhalf\r\nxyz\r\n"),
        )
        .await;
    assert_eq!(status(&answer), 400, "{answer}");
    assert!(answer.contains("trace-id: "), "{answer}");
}

#[tokio::test]
async fn a_client_that_waits_for_leave_to_send_too_much_gets_413_at_once() {
    let rig = Rig::new();
    let door = open([counting(&rig)], House::default()).await;
    let head = "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n";
    let answer = door.exchange(A, rig.tls(None, &[]), head).await;
    assert_eq!(status(&answer), 413, "{answer}");
}

#[tokio::test]
async fn a_slow_body_gets_408() {
    // RFC 9110 §15.5.9
    let rig = Rig::new();
    let door = open([counting(&rig)], House::default()).await;
    for request in [
        "POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let answer = door.exchange(A, rig.tls(None, &[]), request).await;
        assert_eq!(status(&answer), 408, "{request}");
    }
}

#[tokio::test]
async fn a_body_without_room_to_read_it_in_gets_503() {
    // RFC 9110 §15.6.4
    let rig = Rig::new();
    let house = House {
        bodies_bytes_max: 1024,
        ..House::default()
    };
    let patient = Site {
        limits: Limits {
            body_timeout: 3 * SOON,
            ..Limits::default()
        },
        ..rig.site(B, Router::new())
    };
    let door = open([counting(&rig), patient], house).await;
    let mut hog = door
        .connect(B, rig.tls(None, &[]))
        .await
        .expect("a handshake");
    let half = format!(
        "POST / HTTP/1.1\r\nHost: {B}:{}\r\nContent-Length: 9\r\n\r\nx",
        door.port
    );
    hog.write_all(half.as_bytes()).await.expect("written");
    sleep(SOON / 4).await;
    let answer = door.exchange(A, rig.tls(None, &[]), &declared(10)).await;
    assert_eq!(status(&answer), 503);
    assert!(answer.contains("retry-after: 5"), "{answer}");
    assert_eq!(status(&hear(&mut hog).await), 408);
    let answer = door.exchange(A, rig.tls(None, &[]), &declared(10)).await;
    assert_eq!(status(&answer), 200);
}

#[tokio::test]
async fn bodies_that_were_only_announced_keep_nobody_out() {
    let rig = Rig::new();
    let house = House {
        bodies_bytes_max: 1024,
        ..House::default()
    };
    let door = open([counting(&rig)], house).await;
    let announced = format!(
        "POST / HTTP/1.1\r\nHost: {A}:{}\r\nContent-Length: 1000\r\n\r\n",
        door.port
    );
    let mut announcing = Vec::new();
    for _ in 0..4 {
        let mut stream = door.connect(A, rig.tls(None, &[])).await.expect("open");
        stream
            .write_all(announced.as_bytes())
            .await
            .expect("written");
        announcing.push(stream);
    }
    let answer = door.exchange(A, rig.tls(None, &[]), &declared(1000)).await;
    assert_eq!(status(&answer), 200, "{answer}");
}

#[tokio::test]
async fn oversized_heads_get_431_and_oversized_targets_414() {
    // RFC 6585 §5; RFC 9110 §15.5.15
    let rig = Rig::new();
    let anything = Router::new().fallback(|| async { "here" });
    let door = open([rig.site(A, anything)], House::default()).await;
    let with = |target: usize, header: usize, count: usize| {
        let (target, header) = ("t".repeat(target), "h".repeat(header));
        let many = (0..count).map(|n| format!("x-{n}: y\r\n"));
        let many = many.collect::<Vec<_>>().concat();
        let line = format!("GET /{target} HTTP/1.1\r\nConnection: close\r\n");
        format!("{line}x-big: {header}\r\n{many}\r\n")
    };
    for (request, expected) in [
        (with(8191, 16_000, 60), 200),
        (with(8192, 1, 0), 414),
        (with(1, 33_000, 0), 431),
        (with(1, 200_000, 0), 431),
        (with(1, 1, 64), 431),
        (with(1, 1, 90), 431),
    ] {
        let answer = door.exchange(A, rig.tls(None, &[]), &request).await;
        assert_eq!(status(&answer), expected, "{} bytes", request.len());
        // hyper itself answers what is far too large, and barely.
        let is_ours = request.len() < 65_536;
        assert_eq!(answer.contains("trace-id: "), is_ours, "{answer}");
        assert_eq!(answer.contains("nosniff"), is_ours, "{answer}");
    }
    let outside = rig.outside(None);
    let long = format!("/{}", "t".repeat(8192));
    let answer = outside
        .get(&door.url(A, &long), Headers::none())
        .await
        .expect("an answer");
    assert_eq!(answer.status, 414);
    let many = (0..90).fold(Headers::none(), |headers, n| {
        let name = format!("x-{n}").parse().expect("a name");
        headers.with(name, "y")
    });
    let answer = outside
        .get(&door.url(A, "/"), many)
        .await
        .expect("an answer");
    assert_eq!(answer.status, 431);
}

/// A door that tells what it refuses: requirement and trace id, a line each.
async fn telling(rig: &Rig) -> (rig::Open, Arc<Mutex<Vec<String>>>) {
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let door = open([rig.site(A, hello())], House::default()).await;
    let into = Arc::clone(&told);
    let site = rig.site(A, hello());
    let sites = Sites::open([site]).expect("good sites");
    let sites = sites.telling(move |host, trace, requirement, _| {
        let line = format!("{host} {trace} {requirement}");
        into.lock().expect("not poisoned").push(line);
    });
    door.sites.store(Arc::new(sites));
    (door, told)
}

#[tokio::test]
async fn rfc_9112_2_2_a_head_that_cannot_be_read_gets_400_and_a_line_for_the_operator() {
    let rig = Rig::new();
    let (door, told) = telling(&rig).await;
    let huge = vec![b'x'; 200_000];
    for (head, expected, requirement) in [
        (&b"GET /\xff HTTP/1.1\r\n\r\n"[..], 400, "RFC 9112 §2.2"),
        (b"GET / HTTP/9.9\r\n\r\n", 400, "RFC 9112 §2.2"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400, "RFC 9112 §2.2"),
        (&huge, 431, "RFC 6585 §5"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "RFC 9112 §3.2"),
    ] {
        let stream = door.connect(A, rig.tls(None, &[])).await;
        let mut stream = stream.expect("a handshake");
        let _ = stream.write_all(head).await;
        let answer = hear_one(&mut stream, 0).await;
        assert_eq!(status(&answer), expected, "{requirement}");
        drop(stream);
        for _ in 0..50 {
            if !told.lock().expect("not poisoned").is_empty() {
                break;
            }
            sleep(SOON / 10).await;
        }
        let line = told.lock().expect("not poisoned").pop().expect("a line");
        assert!(line.starts_with(A) && line.ends_with(requirement), "{line}");
        let trace = line.split(' ').nth(1).expect("a trace id");
        assert!(TraceId::parse(trace).is_some(), "{line}");
        let is_ours = requirement == "RFC 9112 §3.2";
        assert_eq!(answer.contains(trace), is_ours, "{answer}");
    }
}

#[tokio::test]
async fn a_refusal_at_the_door_is_told_with_the_number_of_its_answer() {
    let rig = Rig::new();
    let (door, told) = telling(&rig).await;
    let request = format!("GET / HTTP/1.1\r\nX-Correlation-ID: {TRACE}\r\nHost: {B}\r\n\r\n");
    let mut stream = door
        .connect(A, rig.tls(None, &[]))
        .await
        .expect("a handshake");
    let answer = say(&mut stream, &request).await;
    assert_eq!(status(&answer), 421);
    let told = told.lock().expect("not poisoned").clone();
    assert_eq!(told, [format!("{A} {TRACE} RFC 9110 §15.5.20")]);
}

#[tokio::test]
async fn who_dawdles_before_a_request_is_hung_up_on() {
    let rig = Rig::new();
    let house = House {
        handshake_timeout: SOON,
        header_timeout: SOON,
        drain_timeout: SOON,
        ..House::default()
    };
    let door = open([rig.site(A, hello())], house).await;
    // No handshake.
    let mut silent = TcpStream::connect(("127.0.0.1", door.port))
        .await
        .expect("a connection");
    let ended = timeout(10 * SOON, silent.read(&mut [0; 1])).await;
    assert_eq!(ended.expect("in time").expect("an end"), 0);
    // Half a head.
    let half = "GET / HTTP/1.1\r\nX-Slow: ";
    assert_eq!(door.exchange(A, rig.tls(None, &[]), half).await, "");
    // HTTP/2 without a request.
    let mut silent = door
        .connect(A, rig.tls(None, &[b"h2"]))
        .await
        .expect("a handshake");
    let ended = timeout(10 * SOON, silent.read_to_end(&mut Vec::new())).await;
    assert!(ended.is_ok(), "an HTTP/2 connection may rest for ever");
    // Rest after a request.
    let kept = "GET / HTTP/1.1\r\n\r\n";
    assert!(
        door.exchange(A, rig.tls(None, &[]), kept)
            .await
            .ends_with("hello")
    );
}

#[tokio::test]
async fn an_address_gets_so_many_connections_and_no_more() {
    let rig = Rig::new();
    let house = House {
        connections_per_address_max: 1,
        ..House::default()
    };
    let door = open([rig.site(A, hello())], house).await;
    let first = door
        .connect(A, rig.tls(None, &[]))
        .await
        .expect("a handshake");
    assert!(door.connect(A, rig.tls(None, &[])).await.is_err());
    drop(first);
    for _ in 0..50 {
        if door.connect(A, rig.tls(None, &[])).await.is_ok() {
            return;
        }
        sleep(SOON / 10).await;
    }
    unreachable!("the place was not given back");
}

// ---- answers ----

#[tokio::test]
async fn both_versions_of_http_work_and_bear_what_every_answer_bears() {
    // RFC 7301 §6; RFC 9113 §3.1
    let rig = Rig::new();
    let version = |Extension(trace): Extension<TraceId>, request: Request| async move {
        format!("{:?} {trace}", request.version())
    };
    let kept = [(CACHE_CONTROL, "max-age=60")];
    let router = Router::new()
        .route("/", get(version))
        .route("/kept", get(move || async move { kept }));
    let door = open([rig.site(A, router)], House::default()).await;

    let request =
        format!("GET / HTTP/1.1\r\nConnection: close\r\nX-Correlation-ID: {TRACE}\r\n\r\n");
    let config = rig.tls(None, &[b"http/1.1"]);
    let answer = door.exchange(A, config, &request).await;
    assert!(answer.ends_with(&format!("HTTP/1.1 {TRACE}")), "{answer}");
    assert!(
        answer.contains(&format!("trace-id: {TRACE}\r\n")),
        "{answer}"
    );

    let trace = TraceId::parse(TRACE).expect("a UUID");
    let outside = rig.outside(None);
    let headers = Headers::none().correlation_id(trace);
    let answer = outside
        .get(&door.url(A, "/"), headers)
        .await
        .expect("an answer");
    assert_eq!(answer.body, format!("HTTP/2.0 {TRACE}").as_bytes());
    for (name, value) in [
        ("trace-id", TRACE),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        // RFC 6749 §5.1
        ("pragma", "no-cache"),
    ] {
        assert_eq!(answer.headers[name], value);
    }
    assert!(!answer.headers.contains_key("strict-transport-security"));
    let answer = outside
        .get(&door.url(A, "/kept"), Headers::none())
        .await
        .expect("an answer");
    assert_eq!(answer.headers["cache-control"], "max-age=60");
    assert!(!answer.headers.contains_key("pragma"));
    let fresh = answer.headers["trace-id"].to_str().expect("text");
    assert!(TraceId::parse(fresh).is_some_and(|fresh| fresh != trace));
}

#[tokio::test]
async fn rfc_6797_6_1_only_a_house_that_wants_it_binds_browsers_to_tls_for_a_year() {
    // RFC 6797 §6.1
    let rig = Rig::new();
    let house = House {
        strict_transport_security: true,
        ..House::default()
    };
    for (house, expected) in [(house, true), (House::default(), false)] {
        let door = open([rig.site(A, hello())], house).await;
        let answer = door.exchange(A, rig.tls(None, &[]), GET).await;
        let line = "strict-transport-security: max-age=31536000\r\n";
        assert_eq!(answer.contains(line), expected, "{answer}");
    }
}

#[tokio::test]
async fn refusals_of_the_door_bear_it_too() {
    let rig = Rig::new();
    let door = open([rig.site(A, hello())], House::default()).await;
    let mut stream = door
        .connect(A, rig.tls(None, &[]))
        .await
        .expect("a handshake");
    let wrong = "GET / HTTP/1.1\r\nHost: elsewhere\r\nConnection: close\r\n";
    let wrong = format!("{wrong}X-Correlation-ID: {TRACE}\r\n\r\n");
    let answer = say(&mut stream, &wrong).await;
    assert_eq!(status(&answer), 421);
    assert!(
        answer.contains(&format!("trace-id: {TRACE}\r\n")),
        "{answer}"
    );
    assert!(
        answer.contains("x-content-type-options: nosniff\r\n"),
        "{answer}"
    );
    assert!(answer.contains("content-type: text/plain"), "{answer}");
}

#[tokio::test]
async fn a_panic_becomes_500_without_a_word() {
    let rig = Rig::new();
    let fails = |request: Request| async move {
        assert!(request.uri().query().is_none(), "secret detail");
        "fine"
    };
    let door = open(
        [rig.site(A, Router::new().route("/", get(fails)))],
        House::default(),
    )
    .await;
    let outside = rig.outside(None);
    let answer = outside
        .get(&door.url(A, "/?x"), Headers::none())
        .await
        .expect("an answer");
    assert_eq!((answer.status.as_u16(), answer.body.len()), (500, 0));
    assert!(answer.headers.contains_key("trace-id"));
    let answer = outside
        .get(&door.url(A, "/"), Headers::none())
        .await
        .expect("an answer");
    assert_eq!(answer.body, b"fine");
}

#[tokio::test]
async fn an_answer_that_must_not_leave_ends_the_connection_without_a_byte() {
    let rig = Rig::new();
    let silent = hello().route("/silent", get(|| async { unanswered() }));
    let door = open([rig.site(A, silent)], House::default()).await;
    // HTTP/1.1
    let mut stream = door
        .connect(A, rig.tls(None, &[]))
        .await
        .expect("a handshake");
    let request = format!("GET /silent HTTP/1.1\r\nHost: {A}:{}\r\n\r\n", door.port);
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut heard = Vec::new();
    let _ = timeout(SOON, stream.read_to_end(&mut heard))
        .await
        .expect("closed");
    assert!(heard.is_empty(), "{heard:?}");
    // HTTP/2, and the next request has a connection of its own.
    let outside = rig.outside(None);
    let silent = outside.get(&door.url(A, "/silent"), Headers::none()).await;
    assert!(silent.is_err());
    let answer = outside.get(&door.url(A, "/"), Headers::none()).await;
    assert_eq!(answer.expect("an answer").body, b"hello");
}

// ---- stopping ----

/// Answers "done" when told to, and tells when it was asked.
fn slow(asked: &Arc<Notify>, done: &Arc<Notify>) -> Router {
    let (asked, done) = (Arc::clone(asked), Arc::clone(done));
    let answer = move || async move {
        asked.notify_one();
        done.notified().await;
        "done"
    };
    Router::new().route("/", get(answer))
}

#[tokio::test]
async fn a_running_request_is_finished_before_the_door_closes() {
    let rig = Rig::new();
    let (asked, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let door = open([rig.site(A, slow(&asked, &done))], House::default()).await;
    let (port, url, outside) = (door.port, door.url(A, "/"), rig.outside(None));
    let idle = door
        .connect(A, rig.tls(None, &[]))
        .await
        .expect("a handshake");

    let h2 = tokio::spawn(async move { outside.get(&url, Headers::none()).await });
    asked.notified().await;
    let mut h1 = door
        .connect(A, rig.tls(None, &[]))
        .await
        .expect("a handshake");
    let request = format!("GET / HTTP/1.1\r\nHost: {A}:{port}\r\n\r\n");
    h1.write_all(request.as_bytes()).await.expect("written");
    asked.notified().await;

    let stopped = tokio::spawn(door.stop());
    sleep(SOON / 4).await;
    let refused = TcpStream::connect(("127.0.0.1", port)).await;
    assert!(
        refused.is_err(),
        "new clients are refused while old ones finish"
    );
    assert!(!stopped.is_finished());
    done.notify_one();
    done.notify_waiters();
    sleep(SOON / 4).await;
    done.notify_one();
    let answer = h2.await.expect("no panic").expect("an answer");
    assert_eq!(answer.body, b"done");
    assert!(hear(&mut h1).await.ends_with("done"));
    assert_eq!(stopped.await.expect("no panic").cut, 0);
    drop(idle);
}

#[tokio::test]
async fn who_is_not_done_at_the_deadline_is_cut_off() {
    let rig = Rig::new();
    let (asked, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let house = House {
        drain_timeout: SOON,
        ..House::default()
    };
    let door = open([rig.site(A, slow(&asked, &done))], house).await;
    let (url, outside) = (door.url(A, "/"), rig.outside(None));
    let call = tokio::spawn(async move { outside.get(&url, Headers::none()).await });
    asked.notified().await;
    assert_eq!(door.stop().await.cut, 1);
    let answer = call.await.expect("no panic");
    assert!(matches!(answer, Err(OutsideError::Broken(_))), "{answer:?}");
}

#[tokio::test]
async fn an_answer_that_lasts_is_no_rest_and_ends_when_the_door_stops() {
    let rig = Rig::new();
    let house = House {
        header_timeout: SOON,
        idle_timeout: SOON,
        drain_timeout: SOON,
        ..House::default()
    };
    let lasting = || async {
        let begun = futures_util::stream::iter([Ok::<_, io::Error>(Bytes::from_static(b"begun"))]);
        let body = begun.chain(futures_util::stream::pending());
        server::door::lasting(Body::from_stream(body).into_response())
    };
    let door = open([rig.site(A, Router::new().route("/", get(lasting)))], house).await;
    let (url, outside) = (door.url(A, "/"), rig.outside(None));
    let call = tokio::spawn(async move { outside.get(&url, Headers::none()).await });
    sleep(6 * SOON).await;
    assert!(!call.is_finished(), "its connection counts as busy");
    assert_eq!(door.stop().await.cut, 0);
    let answer = call.await.expect("no panic").expect("an answer");
    assert_eq!(answer.body, b"begun");
}

// ---- the authority's bounds ----

/// Signs a server certificate for the name with the authority's own key.
fn abuse(rig: &Rig, name: &str) -> Identity {
    let pem = std::fs::read_to_string(rig.directory.join("ca.key")).expect("the key");
    let root = rig.root();
    let (_, root) = x509_parser::parse_x509_certificate(&root).expect("a certificate");
    let mut subject = DistinguishedName::new();
    for attribute in root.subject().iter_attributes() {
        let kind = match attribute.attr_type() {
            oid if *oid == x509_parser::oid_registry::OID_X509_COMMON_NAME => DnType::CommonName,
            _ => DnType::OrganizationName,
        };
        subject.push(kind, attribute.as_str().expect("text"));
    }
    let mut issuer = CertificateParams::default();
    issuer.distinguished_name = subject;
    let issuer = Issuer::new(issuer, KeyPair::from_pem(&pem).expect("a key"));
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new([name.to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, &issuer).expect("signed");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("PKCS#8");
    Identity::new(certificate.der().clone(), Vec::new(), key)
}

/// What a client that trusts the authority says to a server with that certificate.
async fn judge(rig: &Rig, name: &'static str) -> io::Result<()> {
    let abused = abuse(rig, name);
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(abused.chain(), abused.key().clone_key())
        .expect("a key that fits");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await?;
        acceptor.accept(stream).await
    });
    let judged = connect(port, name, rig.tls(None, &[])).await;
    drop(server);
    judged.map(drop)
}

#[tokio::test]
async fn the_authority_is_believed_for_localhost_and_for_nothing_else() {
    // RFC 5280 §4.2.1.10
    let rig = Rig::new();
    judge(&rig, "abused.localhost")
        .await
        .expect("the abuse itself works");
    for name in ["example.com", "localhost.example.com", "127.0.0.1", "::1"] {
        let error = judge(&rig, name).await.expect_err(name);
        assert!(
            format!("{error:?}").contains("NameConstraintViolation"),
            "{error:?}"
        );
    }
}

// ---- the way outside ----

#[tokio::test]
async fn what_is_posted_arrives_with_its_headers() {
    let rig = Rig::new();
    let echo = |headers: HeaderMap, body: String| async move {
        let named = |name| headers[name].to_str().unwrap_or_default().to_owned();
        let id = named("medmij-request-id");
        format!(
            "{} {} {id} {body}",
            named("authorization"),
            named("content-type")
        )
    };
    let door = open(
        [rig.site(A, Router::new().route("/", post(echo)))],
        House::default(),
    )
    .await;
    let headers = Headers::none().bearer("abc").medmij_request_id(TRACE);
    let fields = [("code", "a&b"), ("x", "é")];
    let answer = rig
        .outside(None)
        .post_form(&door.url(A, "/"), &fields, headers)
        .await;
    let answer = answer.expect("an answer");
    let form = "application/x-www-form-urlencoded";
    let expected = format!("Bearer abc {form} {TRACE} code=a%26b&x=%C3%A9");
    assert_eq!(
        String::from_utf8(answer.body.clone()).expect("text"),
        expected
    );
    assert_eq!(answer.media_type().as_deref(), Some("text/plain"));
}

#[tokio::test]
async fn a_redirect_is_an_answer_like_any_other() {
    let rig = Rig::new();
    let router = hello().route("/from", get(|| async { Redirect::to("/") }));
    let door = open([rig.site(A, router)], House::default()).await;
    let answer = rig
        .outside(None)
        .get(&door.url(A, "/from"), Headers::none())
        .await;
    let answer = answer.expect("an answer");
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["location"]),
        (303, &"/".parse().expect("a value"))
    );
}

#[tokio::test]
async fn an_answer_too_long_or_too_late_is_an_error() {
    let rig = Rig::new();
    let (asked, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let router = slow(&asked, &done)
        .route("/5", get(|| async { "12345" }))
        .route("/6", get(|| async { "123456" }));
    let door = open([rig.site(A, router)], House::default()).await;
    let config = OutsideConfig {
        timeout: SOON,
        body_bytes_max: 5,
        ..OutsideConfig::new(vec![rig.root()], None)
    };
    let outside = Outside::new(config).expect("a way outside");
    let call = async |path| outside.get(&door.url(A, path), Headers::none()).await;
    assert_eq!(call("/5").await.expect("short enough").body, b"12345");
    let long = call("/6").await.expect_err("too long");
    assert_eq!(long, OutsideError::TooLarge { bytes_max: 5 });
    assert_eq!(
        call("/").await.expect_err("too late"),
        OutsideError::TimedOut
    );
}

#[tokio::test]
async fn nobody_there_a_stranger_there_and_elsewhere_are_told_apart() {
    let rig = Rig::new();
    let door = open([rig.site(A, hello())], House::default()).await;
    let call = async |rig: &Rig, url: &str| {
        let called = rig.outside(None).get(url, Headers::none()).await;
        let error = called.expect_err("no answer");
        assert!(!error.to_string().contains("secret"), "{error}");
        error
    };
    let stranger = call(&Rig::new(), &door.url(A, "/?code=secret")).await;
    assert!(matches!(stranger, OutsideError::Tls(_)), "{stranger:?}");
    let elsewhere = call(&rig, "https://example.com/?code=secret").await;
    assert_eq!(
        elsewhere,
        OutsideError::NotAllowed("example.com".to_owned())
    );
    let elsewhere = call(&rig, "https://10.0.0.1/?code=secret").await;
    assert_eq!(elsewhere, OutsideError::NotAllowed("10.0.0.1".to_owned()));
    let url = door.url(A, "/?code=secret");
    door.stop().await;
    let nobody = call(&rig, &url).await;
    assert!(matches!(nobody, OutsideError::Unreachable(_)), "{nobody:?}");
}

// ---- sites ----

#[tokio::test]
async fn sites_that_cannot_be_served_are_refused_by_name() {
    let rig = Rig::new();
    let fault = |sites: Vec<Site>| Sites::open(sites).err().expect("refused");
    let twice = fault(vec![rig.site(A, hello()), rig.site(A, hello())]);
    assert_eq!(
        twice.to_string(),
        "the site a.localhost cannot be served: is there twice"
    );
    let rootless = fault(vec![asking(
        &rig,
        ClientCertificates::Required(Trust::from(Vec::new())),
    )]);
    assert!(rootless.why.contains("no root"), "{rootless}");
    let mut mixed = rig.site(A, hello());
    let certificate: CertificateDer<'static> = mixed.identity.certificate().clone();
    let other = rig.client("pgo.localhost");
    mixed.identity = Identity::new(certificate, Vec::new(), other.key().clone_key());
    assert!(
        fault(vec![mixed]).why.contains("key"),
        "a key of another certificate"
    );
    let again = Authority::open(&rig.directory, rig::now()).expect("the same authority");
    assert_eq!(again.certificate(), rig.authority.certificate());
}
