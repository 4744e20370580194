//! How often and how many may ask at the door, and whom a proxy may speak for; over real sockets.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::routing::get;
use axum::{Extension, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use server::door::{ClientCertificates, House, Limits, Peer, Rate, Site, Sites, Turns};
use server::trust::Trust;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Notify;

use crate::rig::{Open, Rig, hear, hear_one, host, open, say, status};

const A: &str = "a.localhost";
const PROXY: &str = "proxy.localhost";
const TOO_OFTEN: &str = "too often; wait a moment\n";
const CLIENT: &str = "pgo.localhost";

/// One request per minute, and so many at once.
fn seldom(burst: u32) -> Rate {
    Rate::every(Duration::from_mins(1), burst)
}

fn hello() -> Router {
    Router::new().route("/", get(|| async { "hello" }))
}

/// A site at which an address may ask so often.
fn limited(rig: &Rig, per_address: Rate) -> Site {
    let limits = Limits {
        per_address: Some(per_address),
        ..Limits::default()
    };
    Site {
        limits,
        ..rig.site(A, hello())
    }
}

fn request(door: &Open, more: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: {A}:{}\r\n{more}\r\n", door.port)
}

/// A door that keeps what it tells the operator.
async fn telling(site: Site) -> (Open, Arc<Mutex<Vec<String>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let door = open([], House::default()).await;
    let keep = Arc::clone(&told);
    let sites = Sites::open([site]).expect("a good site");
    let sites = sites.telling(move |_, _, requirement, reason| {
        keep.lock()
            .expect("not poisoned")
            .push(format!("{requirement}: {reason}"));
    });
    door.sites.store(Arc::new(sites));
    (door, told)
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next()?;
    let lines = head.split("\r\n").filter_map(|line| line.split_once(": "));
    let mut named = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name));
    named.next().map(|(_, value)| value)
}

#[tokio::test]
async fn rfc_6585_4_who_asks_too_often_gets_429_with_a_time_and_the_connection_goes_on() {
    let rig = Rig::new();
    let site = limited(&rig, seldom(2));
    let (door, told) = telling(site).await;
    let mut stream = door.connect(A, rig.tls(None, &[])).await.expect("open");
    let mut answers = Vec::new();
    let said = ["hello", "hello", TOO_OFTEN, TOO_OFTEN];
    for said in said {
        let request = request(&door, "");
        stream.write_all(request.as_bytes()).await.expect("written");
        answers.push(hear_one(&mut stream, said.len()).await);
    }
    let statuses: Vec<u16> = answers.iter().map(|answer| status(answer)).collect();
    // RFC 6585 §4
    assert_eq!(statuses, [200, 200, 429, 429], "{answers:?}");
    let wait_s = header(&answers[2], "retry-after").map(str::parse::<u32>);
    assert!(matches!(wait_s, Some(Ok(1..=60))), "{wait_s:?}");
    assert!(header(&answers[2], "trace-id").is_some());
    let told = told.lock().expect("not poisoned").clone();
    assert_eq!(told, ["RFC 6585 §4: the sender asks too often"], "one line");
}

#[tokio::test]
async fn a_request_that_is_none_is_one_all_the_same_for_who_sends_too_many() {
    let rig = Rig::new();
    let site = limited(&rig, seldom(2));
    let (door, told) = telling(site).await;
    let elsewhere = "GET / HTTP/1.1\r\nHost: b.localhost\r\nConnection: close\r\n\r\n";
    for expected in [421, 421, 429, 429] {
        let mut stream = door.connect(A, rig.tls(None, &[])).await.expect("open");
        let answer = say(&mut stream, elsewhere).await;
        assert_eq!(status(&answer), expected, "{answer}");
    }
    assert_eq!(told.lock().expect("not poisoned").len(), 3);
}

#[tokio::test]
async fn who_floods_the_door_does_not_flood_the_log() {
    let rig = Rig::new();
    let site = limited(&rig, Rate::new(1000, 1000));
    let (door, told) = telling(site).await;
    let mut stream = door.connect(A, rig.tls(None, &[])).await.expect("open");
    let large = request(&door, &"X: y\r\n".repeat(65));
    for _ in 0..80 {
        stream.write_all(large.as_bytes()).await.expect("written");
        let answer = hear_one(&mut stream, "the headers are too large\n".len()).await;
        assert_eq!(status(&answer), 431, "{answer}");
    }
    let lines = told.lock().expect("not poisoned").len();
    assert!((60..80).contains(&lines), "{lines} lines");
}

#[tokio::test]
async fn a_refused_request_with_a_body_ends_the_connection() {
    let rig = Rig::new();
    let site = limited(&rig, seldom(1));
    let door = open([site], House::default()).await;
    let first = door.exchange(
        A,
        rig.tls(None, &[]),
        "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
    );
    assert_eq!(status(&first.await), 200);
    let posted = "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody";
    let answer = door.exchange(A, rig.tls(None, &[]), posted).await;
    assert_eq!(status(&answer), 429);
    assert_eq!(header(&answer, "connection"), Some("close"));
}

#[tokio::test]
async fn a_body_too_large_or_too_slow_ends_the_connection_and_a_large_head_does_not() {
    let rig = Rig::new();
    let limits = Limits {
        body_bytes_max: 10,
        body_timeout: Duration::from_millis(200),
        ..Limits::default()
    };
    let site = Site {
        limits,
        ..rig.site(A, hello())
    };
    let door = open([site], House::default()).await;
    let large = format!(
        "POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n{}",
        "x".repeat(11)
    );
    let slow = "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nx";
    let head = format!(
        "GET / HTTP/1.1\r\nX: {}\r\nConnection: close\r\n\r\n",
        "x".repeat(33_000)
    );
    // RFC 9110 §15.5.14, §15.5.9; RFC 6585 §5
    for (sent, expected) in [(large.as_str(), 413), (slow, 408), (&head, 431)] {
        let answer = door.exchange(A, rig.tls(None, &[]), sent).await;
        assert_eq!(status(&answer), expected, "{answer}");
        assert_eq!(header(&answer, "connection"), Some("close"), "{answer}");
        // trying the same again would change nothing
        assert_eq!(header(&answer, "retry-after"), None);
    }
    let mut stream = door.connect(A, rig.tls(None, &[])).await.expect("open");
    let large_head = request(&door, &format!("X: {}\r\n", "x".repeat(33_000)));
    for sent in [large_head, request(&door, "Connection: close\r\n")] {
        stream.write_all(sent.as_bytes()).await.expect("written");
    }
    let both = hear(&mut stream).await;
    assert!(both.contains(" 431 ") && both.ends_with("hello"), "{both}");
}

/// A site that asks for certificates.
fn asking(rig: &Rig, router: Router, limits: Limits) -> Site {
    Site {
        clients: ClientCertificates::Offered(Trust::from(vec![rig.root()])),
        limits,
        ..rig.site(A, router)
    }
}

#[tokio::test]
async fn a_certificate_has_turns_of_its_own() {
    let rig = Rig::new();
    let limits = Limits {
        per_client: Some(seldom(1)),
        ..Limits::default()
    };
    let door = open([asking(&rig, hello(), limits)], House::default()).await;
    let (one, other) = (rig.client(CLIENT), rig.client("anderpgo.localhost"));
    let ask = |identity| {
        let config = rig.tls(identity, &[]);
        door.exchange(A, config, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
    };
    assert_eq!(status(&ask(Some(&one)).await), 200);
    assert_eq!(status(&ask(Some(&one)).await), 429);
    assert_eq!(status(&ask(Some(&other)).await), 200);
    assert_eq!(status(&ask(None).await), 200);
}

#[tokio::test]
async fn a_handler_counts_the_client_that_it_proved() {
    let rig = Rig::new();
    let take = |Extension(turns): Extension<Turns>| async move {
        match turns.of_client("pgo.example") {
            Ok(()) => StatusCode::OK,
            Err(_) => StatusCode::TOO_MANY_REQUESTS,
        }
    };
    let limits = Limits {
        per_client: Some(seldom(1)),
        ..Limits::default()
    };
    let router = Router::new().route("/", get(take));
    let door = open([asking(&rig, router, limits)], House::default()).await;
    let ask = || {
        let config = rig.tls(None, &[]);
        door.exchange(A, config, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
    };
    assert_eq!(status(&ask().await), 200);
    assert_eq!(status(&ask().await), 429);
}

#[tokio::test]
async fn a_site_takes_so_many_requests_at_a_time_and_503_says_when_to_come_back() {
    let rig = Rig::new();
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (Arc::clone(&begun), Arc::clone(&go));
    let slow = move || async move {
        tell.notify_one();
        wait.notified().await;
        "hello"
    };
    let limits = Limits {
        running_max: 1,
        ..Limits::default()
    };
    let site = Site {
        limits,
        ..rig.site(A, Router::new().route("/", get(slow)))
    };
    let (door, told) = telling(site).await;
    let mut first = door.connect(A, rig.tls(None, &[])).await.expect("open");
    let asked = request(&door, "Connection: close\r\n");
    first.write_all(asked.as_bytes()).await.expect("written");
    begun.notified().await;
    let mut second = door.connect(A, rig.tls(None, &[])).await.expect("open");
    second.write_all(asked.as_bytes()).await.expect("written");
    let refused = hear(&mut second).await;
    // RFC 9110 §15.6.4
    assert_eq!(status(&refused), 503);
    assert_eq!(header(&refused, "retry-after"), Some("1"));
    let told = told.lock().expect("not poisoned").clone();
    assert_eq!(told, ["RFC 9110 §15.6.4: too many requests are running"]);
    go.notify_one();
    assert_eq!(status(&hear(&mut first).await), 200);
    go.notify_one();
    let third = door.exchange(
        A,
        rig.tls(None, &[]),
        "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
    );
    assert_eq!(status(&third.await), 200, "there is room again");
}

// ── Client-Cert ─────────────────────────────────────────────────────────────────────────────────

/// Who asks, and who told of it.
async fn who(Extension(peer): Extension<Peer>, headers: http::HeaderMap) -> String {
    let by = peer.proxy.as_ref().map_or("itself", |host| host.as_str());
    let left = headers.contains_key("client-cert");
    format!("{} by {by} {left}", peer.name())
}

async fn behind_a_proxy(rig: &Rig) -> (Open, Arc<Mutex<Vec<String>>>) {
    let router = Router::new().route("/", get(who));
    let site = Site {
        proxies: [host(PROXY)].into_iter().collect(),
        ..asking(rig, router, Limits::default())
    };
    telling(site).await
}

/// A header line that tells of a certificate.
fn telling_of(der: &[u8]) -> String {
    format!("Client-Cert: :{}:\r\n", STANDARD.encode(der))
}

async fn ask(rig: &Rig, door: &Open, by: Option<&str>, headers: &str) -> String {
    let identity = by.map(|name| rig.client(name));
    let config = rig.tls(identity.as_ref(), &[]);
    let request = format!("GET / HTTP/1.1\r\nConnection: close\r\n{headers}\r\n");
    door.exchange(A, config, &request).await
}

#[tokio::test]
async fn rfc_9440_2_a_named_proxy_tells_of_the_certificate_of_its_client() {
    let rig = Rig::new();
    let (door, told) = behind_a_proxy(&rig).await;
    let client = rig.client(CLIENT);
    let headers = telling_of(&client.chain()[0]);
    let answer = ask(&rig, &door, Some(PROXY), &headers).await;
    assert!(
        answer.ends_with("pgo.localhost by proxy.localhost false"),
        "{answer}"
    );
    // without the header the client has none; the proxy's own is nobody's proof
    let answer = ask(&rig, &door, Some(PROXY), "").await;
    assert!(
        answer.ends_with("user agent by proxy.localhost false"),
        "{answer}"
    );
    assert!(told.lock().expect("not poisoned").is_empty());
}

#[tokio::test]
async fn rfc_9440_4_the_header_of_anybody_else_is_refused() {
    let rig = Rig::new();
    let (door, told) = behind_a_proxy(&rig).await;
    let headers = telling_of(&rig.client(CLIENT).chain()[0]);
    for by in [None, Some(CLIENT), Some("anderpgo.localhost")] {
        assert_eq!(status(&ask(&rig, &door, by, &headers).await), 400, "{by:?}");
    }
    let chain = headers.replacen("Client-Cert", "Client-Cert-Chain", 1);
    assert_eq!(status(&ask(&rig, &door, None, &chain).await), 400);
    let told = told.lock().expect("not poisoned").clone();
    assert_eq!(told.len(), 4);
    assert!(told[0].starts_with("RFC 9440 §4: "), "{told:?}");
    // who shows his certificate himself is who he is
    let answer = ask(&rig, &door, Some(CLIENT), "").await;
    assert!(
        answer.ends_with("pgo.localhost by itself false"),
        "{answer}"
    );
}

#[tokio::test]
async fn rfc_9440_4_a_site_without_proxies_believes_no_header() {
    let rig = Rig::new();
    let site = asking(&rig, Router::new().route("/", get(who)), Limits::default());
    let door = open([site], House::default()).await;
    let headers = telling_of(&rig.client(CLIENT).chain()[0]);
    assert_eq!(status(&ask(&rig, &door, Some(PROXY), &headers).await), 400);
}

#[tokio::test]
async fn rfc_9440_2_4_what_a_proxy_tells_is_judged_by_what_the_site_trusts() {
    let (rig, elsewhere) = (Rig::new(), Rig::new());
    let (door, told) = behind_a_proxy(&rig).await;
    let good = telling_of(&rig.client(CLIENT).chain()[0]);
    let cut_off = telling_of(&rig.client(CLIENT).chain()[0][..40]);
    for headers in [
        telling_of(&elsewhere.client(CLIENT).chain()[0]),
        cut_off,
        telling_of(b""),
        "Client-Cert: geen\r\n".to_owned(),
        format!("{good}{good}"),
        good.replacen("Client-Cert", "Client-Cert-Chain", 1),
    ] {
        let answer = ask(&rig, &door, Some(PROXY), &headers).await;
        assert_eq!(status(&answer), 403, "{headers}");
    }
    let told = told.lock().expect("not poisoned").clone();
    assert_eq!(told.len(), 6);
    assert!(told.iter().all(|line| line.starts_with("RFC 9440 §2.4: ")));
}

#[tokio::test]
async fn proxies_without_certificates_are_a_fault_of_the_configuration() {
    let rig = Rig::new();
    let site = Site {
        proxies: [host(PROXY)].into_iter().collect(),
        ..rig.site(A, hello())
    };
    let fault = Sites::open([site]).err().expect("a fault").to_string();
    assert!(fault.contains("which is not asked for"), "{fault}");
}
