//! The loopback redirect: one listener for one answer (RFC 8252 §7.3).

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use etoegang::dv_app::{Begonnen, GeenCode};
use protocol::wire::Parameters;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Bytes of the head of a request, at most. A browser sends some 2 KiB.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// How long a request may take to come: a browser may open a connection and send nothing.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections at a time. A browser opens two or three.
const CONNECTIONS_MAX: usize = 16;

/// Who waits for the browser, at a port that was free.
pub(super) struct Listener {
    socket: TcpListener,
    port: u16,
    path: String,
}

/// To which login, at which issuer, an answer must belong.
#[derive(Clone)]
pub(super) struct Expected {
    pub(super) begonnen: Begonnen,
    pub(super) issuer: String,
}

/// What a request was.
enum Request {
    /// Not to our address, or no GET: nothing of it is read.
    Other,
    /// With this query.
    Redirect(String),
}

impl Listener {
    /// Listens at 127.0.0.1, at this path.
    pub(super) async fn open(path: &str) -> io::Result<Self> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = socket.local_addr()?.port();
        Ok(Self {
            socket,
            port,
            path: path.to_owned(),
        })
    }

    /// Where the browser comes back. The address is a number (RFC 8252 §8.3).
    pub(super) fn uri(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.path)
    }

    /// Waits for the one answer to this login: its code, or why there is none. What is not to this login is
    /// turned away, and the waiting goes on: any page of the browser can send a request here.
    pub(super) async fn code(self, expected: Expected) -> Result<String, GeenCode> {
        let of = Arc::new((expected, self.path.clone(), self.port));
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut under_way = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.socket.accept() => {
                    // Without room the connection is dropped at once.
                    if let (Ok((stream, _)), Ok(seat)) = (accepted, Arc::clone(&room).try_acquire_owned()) {
                        let of = Arc::clone(&of);
                        under_way.spawn(async move {
                            let answered = answered(stream, &of.0, &of.1, of.2).await;
                            drop(seat);
                            answered
                        });
                    }
                }
                Some(answered) = under_way.join_next() => {
                    if let Ok(Some(decided)) = answered {
                        return decided;
                    }
                }
            }
        }
    }
}

/// Answers a connection; what it decided, if it was the browser.
async fn answered(
    mut stream: TcpStream,
    expected: &Expected,
    path: &str,
    port: u16,
) -> Option<Result<String, GeenCode>> {
    let head = timeout(HEAD_TIMEOUT, head(&mut stream)).await.ok()??;
    let Request::Redirect(query) = request(&head, path, port) else {
        write(&mut stream, "404 Not Found", NOT_HERE).await;
        return None;
    };
    let decided = match Parameters::parse(query.as_bytes()) {
        Ok(terug) => {
            let code = expected.begonnen.code(&expected.issuer, &terug);
            code.map(str::to_owned)
        }
        Err(_) => Err(GeenCode::AnderVerzoek),
    };
    match &decided {
        Ok(_) => write(&mut stream, "200 OK", BACK).await,
        Err(GeenCode::Fout(_)) => write(&mut stream, "200 OK", NOT_LOGGED_IN).await,
        Err(_) => write(&mut stream, "400 Bad Request", NOT_HERE).await,
    }
    (decided != Err(GeenCode::AnderVerzoek)).then_some(decided)
}

/// The head of a request: nothing when it is too long, or breaks off.
async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut part = [0_u8; 4096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = stream.read(&mut part).await.ok()?;
        if read == 0 || head.len() + read > HEAD_BYTES_MAX {
            return None;
        }
        head.extend_from_slice(&part[..read]);
    }
    String::from_utf8(head).ok()
}

/// A GET of the path, under the name that the redirect URI has: a page that leads another name here by DNS
/// gets nothing.
fn request(head: &str, path: &str, port: u16) -> Request {
    let mut lines = head.split("\r\n");
    let mut parts = lines.next().unwrap_or_default().split(' ');
    let (method, target, version) = (parts.next(), parts.next(), parts.next());
    let host = format!("127.0.0.1:{port}");
    let hosts: Vec<&str> = lines
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| name.eq_ignore_ascii_case("host"))
        .map(|(_, value)| value.trim())
        .collect();
    let is_get = method == Some("GET") && version.is_some_and(|it| it.starts_with("HTTP/1."));
    let (at, query) = target
        .unwrap_or_default()
        .split_once('?')
        .unwrap_or_default();
    if is_get && at == path && hosts == [&*host] {
        Request::Redirect(query.to_owned())
    } else {
        Request::Other
    }
}

/// A page that says one thing. The code stands in its address, so that nothing may leave from it.
async fn write(stream: &mut TcpStream, status: &str, text: &str) {
    let page = format!(
        "<!doctype html><html lang=\"nl\"><meta charset=\"utf-8\"><title>Sluis</title><h1>Sluis</h1>{text}</html>"
    );
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n\
         Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{page}",
        page.len()
    );
    // Who went away is not waited for.
    let _ = timeout(HEAD_TIMEOUT, stream.write_all(answer.as_bytes())).await;
    let _ = stream.shutdown().await;
}

const BACK: &str = "<p>U kunt dit venster sluiten; de app gaat verder.</p>\
    <p lang=\"en\">You can close this window; the app goes on.</p>";
const NOT_LOGGED_IN: &str = "<p>U bent niet ingelogd; de app zegt waarom.</p>\
    <p lang=\"en\">You are not logged in; the app says why.</p>";
const NOT_HERE: &str = "<p>Dit is geen antwoord op een verzoek van de app.</p>\
    <p lang=\"en\">This is no answer to a request of the app.</p>";

#[cfg(test)]
mod tests {
    use super::*;

    fn query(head: &str) -> Option<String> {
        match request(head, "/terug", 5123) {
            Request::Redirect(query) => Some(query),
            Request::Other => None,
        }
    }

    #[test]
    fn rfc_8252_7_3_only_a_get_of_the_redirect_uri_is_read() {
        let good = "GET /terug?code=a&state=b HTTP/1.1\r\nHost: 127.0.0.1:5123\r\n\r\n";
        assert_eq!(query(good).as_deref(), Some("code=a&state=b"));
        for bad in [
            good.replace("GET", "POST"),
            good.replace("/terug", "/terug/"),
            good.replace("/terug?code=a&state=b", "/terug"),
            good.replace("127.0.0.1:5123", "127.0.0.1:5124"),
            good.replace("127.0.0.1:5123", "rebind.example:5123"),
            good.replace("Host: 127.0.0.1:5123\r\n", ""),
            good.replace("\r\n\r\n", "\r\nHost: x\r\n\r\n"),
            good.replace("HTTP/1.1", "HTTP/2"),
            String::new(),
        ] {
            assert_eq!(query(&bad), None, "{bad}");
        }
    }
}
