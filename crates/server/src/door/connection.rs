//! One connection: handshake, requests, farewell.

use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::server::Acceptor;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::refusal::Refusal;
use super::serve::{Door, Place, Stopping};
use super::site::{H2, OpenSite};
use super::visit::{Visit, Visits};
use super::{House, Peer, PeerCertificate, TraceId};

/// Requests that one HTTP/2 connection may have open at a time.
const STREAMS_MAX: u32 = 64;
/// What a client may have on its way to us without our having read it, per request and per
/// connection.
const STREAM_WINDOW_BYTES: u32 = 64 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;
/// How often a silent HTTP/2 client is asked whether it is still there, and how long it may think.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// By itself, or asked to and with every request answered.
    Clean,
    /// With a request still running when the time was up.
    Cut,
}

/// Serves one connection to its end. `place` is given back when it returns.
pub(super) async fn welcome(
    door: Arc<Door>,
    stream: TcpStream,
    address: SocketAddr,
    place: Place,
    mut stopping: Stopping,
) -> End {
    let _place = place;
    let hello = timeout(door.house.handshake_timeout, handshake(&door, stream));
    let (tls, site) = tokio::select! {
        () = stopping.wait() => return End::Clean,
        hello = hello => match hello {
            Ok(Some(hello)) => hello,
            // Too slow, no site of ours, or not fit for TLS: closed without a word.
            Ok(None) | Err(_) => return End::Clean,
        },
    };
    let (_, session) = tls.get_ref();
    let speaks_h2 = session.alpn_protocol() == Some(H2);
    let chain: Option<Box<[_]>> = session.peer_certificates().map(Into::into);
    let shown = chain.as_ref().and_then(|chain| chain.first());
    let Ok(certificate) = shown.cloned().map(PeerCertificate::read).transpose() else {
        return End::Clean;
    };
    let certificate = certificate.map(Arc::new);
    let visit = Arc::new(Visit {
        peer: Peer::new(certificate, address),
        chain,
        activity: Arc::default(),
        stopping: stopping.clone(),
        site,
        door,
    });
    let (house, visits) = (&visit.door.house, Visits(Arc::clone(&visit)));
    if speaks_h2 {
        let connection = http2(house).serve_connection(TokioIo::new(tls), visits);
        converse(connection, &visit, stopping).await
    } else {
        let connection = http1(house).serve_connection(TokioIo::new(tls), visits);
        converse(connection, &visit, stopping).await
    }
}

/// The TLS handshake with the site that the client names. `None` when it names none of ours (RFC
/// 6066 §3 leaves the alert to us) or when the handshake fails.
async fn handshake(
    door: &Door,
    stream: TcpStream,
) -> Option<(TlsStream<TcpStream>, Arc<OpenSite>)> {
    // Answers are small and whole: waiting for more to send only delays them.
    stream.set_nodelay(true).ok()?;
    let hello = LazyConfigAcceptor::new(Acceptor::default(), stream)
        .await
        .ok()?;
    let site = {
        let sites = door.sites.load();
        Arc::clone(sites.at(hello.client_hello().server_name()?)?)
    };
    match hello.into_stream(Arc::clone(&site.tls)).await {
        Ok(tls) => Some((tls, site)),
        Err(error) => {
            tracing::debug!(host = %site.host, %error, "a TLS handshake failed");
            None
        }
    }
}

fn http1(house: &House) -> http1::Builder {
    let bytes_max = house.header_bytes_max as usize;
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(house.header_timeout)
        // What hyper refuses gets an answer without our headers, so it takes more than we do: twice as long
        // a head, and 100 headers, for which it has room at hand as long as nobody names another number.
        .max_header_size(2 * bytes_max)
        // hyper refuses less than 8192.
        .max_buf_size(4 * bytes_max.max(8192));
    builder
}

fn http2(house: &House) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_header_list_size(2 * house.header_bytes_max)
        .max_concurrent_streams(STREAMS_MAX)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT);
    builder
}

/// Lets the connection run until it ends by itself, rests too long, was to a site that is no more,
/// or the door stops. In the latter cases running requests get `drain_timeout`.
async fn converse<C: Conversation>(connection: C, visit: &Visit, mut stopping: Stopping) -> End {
    let (activity, house) = (&visit.activity, &visit.door.house);
    let mut connection = pin!(connection);
    let mut seen = activity.begun();
    let mut patience = house.header_timeout;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    visit.unread(&error);
                }
                return End::Clean;
            }
            () = stopping.wait() => break,
            () = activity.leave.notified() => break,
            () = sleep(patience) => {
                if activity.rests_since(seen) {
                    break;
                }
                seen = activity.begun();
                patience = house.idle_timeout;
            }
        }
    }
    connection.as_mut().say_goodbye();
    // Who is not done by then is cut off: dropping the connection closes it.
    match timeout(house.drain_timeout, connection).await {
        Err(_) if activity.is_running() => End::Cut,
        _ => End::Clean,
    }
}

impl Visit {
    /// Tells the operator of a request whose head hyper did not take. hyper answers it by itself (400,
    /// 414 or 431, without a body) and offers no way to add our headers, the number among them; the
    /// number in the log is a fresh one. Other ends (a client that is gone, or rests too long) say
    /// nothing of interest.
    fn unread(&self, error: &hyper::Error) {
        let told = if error.is_parse_too_large() {
            Refusal::HeadTooLarge.reason()
        } else if error.is_parse() {
            ("RFC 9112 §2.2", "the head of a request is unreadable")
        } else {
            return;
        };
        let sites = self.door.sites.load();
        sites.tell(&self.site.host, TraceId::fresh(), told);
    }
}

/// What tells a resting connection from a busy one.
#[derive(Default)]
pub(super) struct Activity {
    begun: AtomicU64,
    running: AtomicUsize,
    leave: Notify,
}

impl Activity {
    /// A request begins; it runs until the returned guard is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Running {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(Arc::clone(self))
    }

    /// The connection should end once its running requests are answered.
    pub(super) fn ask_to_leave(&self) {
        self.leave.notify_one();
    }

    /// How many requests there have been.
    fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    fn is_running(&self) -> bool {
        self.running.load(Ordering::Relaxed) > 0
    }

    /// Whether no request runs, and none has begun since there had been `begun` of them.
    fn rests_since(&self, begun: u64) -> bool {
        !self.is_running() && self.begun() == begun
    }
}

/// While it lives, a request runs.
pub(super) struct Running(Arc<Activity>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What both versions of HTTP can do: run to the end, and be asked to end soon.
trait Conversation: Future<Output = hyper::Result<()>> {
    fn say_goodbye(self: Pin<&mut Self>);
}

type Io = TokioIo<TlsStream<TcpStream>>;

impl Conversation for http1::Connection<Io, Visits> {
    fn say_goodbye(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl Conversation for http2::Connection<Io, Visits, TokioExecutor> {
    fn say_goodbye(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}
