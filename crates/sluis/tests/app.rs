//! `sluis app` beside a demo: a native app at the command line, and a person with a browser.

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use common::{Demo, State};
use etoegang::authenticatiedienst::bewijs::code_van;
use jose::aead::Key32;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::Value;
use server::clock::Clock;
use server::door::TraceId;
use server::network::{Form, Person, Shown};
use server::outside::{Headers, Outside, OutsideConfig};

/// Within which a demo that is ready knows its means, in tries of a tenth of a second.
const TRIES_MAX: u32 = 200;
const AGAIN: Duration = Duration::from_millis(100);
const DIENST: &str = "urn:etoegang:DV:00000001234567890000:services:";

/// A demo of eToegang, and what it said when it was ready.
struct World {
    state: State,
    _demo: Demo,
    ready: Value,
    outside: Outside,
}

/// An app that waits for the browser.
struct Waiting {
    child: Child,
    out: BufReader<ChildStdout>,
    url: String,
}

impl World {
    fn start(name: &str) -> Self {
        let state = State::new(name);
        let demo = common::start(&state, &["--port", "0", "--only", "aggregator,hm,ad,mr,dv"]);
        let ready = common::ready_in(&state, &demo, "demo.json");
        let ca = ready["ca_file"].as_str().expect("a file");
        let root = CertificateDer::from_pem_file(ca).expect("PEM");
        let outside = Outside::new(OutsideConfig::new(vec![root], None)).expect("a client");
        Self {
            state,
            _demo: demo,
            ready,
            outside,
        }
    }

    fn app(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluis"));
        command.arg("app").args(arguments);
        let ca = self.ready["ca_file"].as_str().expect("a file");
        command.args(["--ca", ca]);
        command
    }

    /// Begins a login for a service of this number.
    fn login(&self, service: &str, more: &[&str]) -> Waiting {
        let issuer = self.ready["issuers"]["hm"]["issuer"].as_str();
        let (issuer, service) = (issuer.expect("an issuer"), format!("{DIENST}{service}"));
        let arguments = ["login", "--issuer", issuer, "--client", "gemeente-app"];
        let mut command = self.app(&arguments);
        let command = command.args(["--service", &service]).args(more);
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().expect("starts");
        let mut out = BufReader::new(child.stdout.take().expect("piped"));
        let mut url = String::new();
        out.read_line(&mut url).expect("readable");
        let url = url.trim_end().to_owned();
        Waiting { child, out, url }
    }

    fn tokens(&self) -> String {
        self.state.text().to_owned() + "/app.json"
    }

    fn done(&self, arguments: &[&str]) -> Output {
        let tokens = self.tokens();
        let mut command = self.app(arguments);
        command.args(["--tokens", &tokens]).output().expect("runs")
    }

    /// The person goes with the browser to where it goes back to the app.
    async fn logged_in(&self, url: &str, naam: &str, machtiging: Option<&str>) -> String {
        let person = Person::new(self.outside.clone(), TraceId::fresh());
        let mut person = person.stopping_at("http://127.0.0.1");
        let page = person.open(url).await.expect("a page");
        let ad = &self.ready["etoegang"]["ad"];
        let ad = ad
            .as_str()
            .unwrap_or("urn:etoegang:AD:00000003244440010000:entities:9001");
        let voor = machtiging.map_or("zelf", |_| "organisatie");
        let form = form_of(&page, "kiezen").with("ad", ad).with("voor", voor);
        let page = person.send(form.with("keuze", "verder")).await;
        let page = self.proven(&mut person, page.expect("a page"), naam).await;
        let Some(machtiging) = machtiging else {
            return page.url.to_string();
        };
        let form = form_of(&page, "machtiging").with("machtiging", machtiging);
        let page = person.send(form.with("keuze", "kiezen")).await;
        page.expect("a page").url.to_string()
    }

    /// The demo registers its means after it is ready.
    async fn proven(&self, person: &mut Person, mut page: Shown, naam: &str) -> Shown {
        let means = self.ready["etoegang"]["means"].as_array().expect("means");
        let middel = means.iter().find(|middel| middel["name"] == naam);
        let middel = middel.expect("of the sample");
        let secret = middel["totp_sha256_base64url"].as_str();
        let key = secret.and_then(jose::base64url_decode);
        let key: Option<[u8; 32]> = key.and_then(|bytes| bytes.try_into().ok());
        for _ in 0..TRIES_MAX {
            let now = Clock::system().now();
            let code = key.map_or_else(String::new, |key| code_van(&Key32::new(key), now));
            let password = middel["password"].as_str().expect("a password");
            let form = form_of(&page, "inloggen")
                .with("naam", naam)
                .with("code", &code);
            let form = form.with("wachtwoord", password).with("keuze", "inloggen");
            page = person.send(form).await.expect("a page");
            if page.form("/etd/1.13/inloggen").is_err() {
                return page;
            }
            tokio::time::sleep(AGAIN).await;
        }
        unreachable!("the AD does not let {naam} in: {}", page.heading());
    }
}

impl Waiting {
    /// How it ended: exit code, what it said, and why.
    fn ended(mut self) -> (Option<i32>, String, String) {
        let status = self.child.wait().expect("ends");
        let (mut out, mut error) = (String::new(), String::new());
        self.out.read_to_string(&mut out).expect("text");
        let mut stderr = self.child.stderr.take().expect("piped");
        stderr.read_to_string(&mut error).expect("text");
        (status.code(), out, error)
    }

    fn redirect_uri(&self) -> String {
        let (_, query) = self.url.split_once('?').expect("a query");
        let query = protocol::wire::Parameters::parse(query.as_bytes()).expect("parameters");
        query
            .get("redirect_uri")
            .expect("a redirect URI")
            .to_owned()
    }
}

fn form_of(page: &Shown, path: &str) -> Form {
    page.form(&format!("/etd/1.13/{path}")).expect("a form")
}

/// The browser is back: what the app answers to it.
fn opened(url: &str) -> String {
    let rest = url.strip_prefix("http://").expect("loopback");
    let (host, target) = rest.split_once('/').expect("a path");
    let mut stream = TcpStream::connect(host).expect("listens");
    let request = format!("GET /{target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("writable");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn refused(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    String::from_utf8(output.stderr.clone()).expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc_8252_7_3_an_app_at_the_command_line_logs_in_renews_calls_and_logs_out() {
    let world = World::start("app-organisation");
    let tokens = world.tokens();
    let waiting = world.login("1", &["--tokens", &tokens]);
    // RFC 8252 §8.3
    assert!(
        waiting.redirect_uri().starts_with("http://127.0.0.1:"),
        "{}",
        waiting.url
    );
    let back = world.logged_in(&waiting.url, "b.bakker", Some("M-bakkerij-bakker"));
    let page = opened(&back.await);
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(
        page.contains("Cache-Control: no-store") && page.contains("Referrer-Policy: no-referrer")
    );
    let (code, out, error) = waiting.ended();
    assert_eq!((code, &*error), (Some(0), ""));
    assert!(
        out.contains("acts for       KvK 12345678\nlevel          EH3\n"),
        "{out}"
    );
    assert!(
        out.contains("access token   600 s\nrefresh token  yes\n"),
        "{out}"
    );
    assert!(!out.contains("eyJ"), "no token is printed: {out}");
    let mode = std::fs::metadata(&tokens)
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    let dv = world.ready["hosts"]["dv"]
        .as_str()
        .expect("a URL")
        .to_owned();
    let url = format!("{dv}/api/bericht");
    let bericht: Value = serde_json::from_str(&said(&world.done(&["call", &url]))).expect("JSON");
    assert_eq!(bericht["dienst"], "Parkeervergunning");
    let other = refused(&world.done(&["call", &format!("{dv}/api/3/bericht")]), 1);
    assert!(
        other.contains("HTTP 403 ") && other.contains("insufficient_scope"),
        "{other}"
    );

    let before = std::fs::read_to_string(&tokens).expect("text");
    let renewed = said(&world.done(&["refresh", "--json"]));
    let renewed: Value = serde_json::from_str(&renewed).expect("JSON");
    assert_eq!(
        (&renewed["renews"], &renewed["expires_in"]),
        (&true.into(), &600.into())
    );
    let after = std::fs::read_to_string(&tokens).expect("text");
    assert_ne!(before, after, "a refresh token serves once");
    said(&world.done(&["call", &url]));

    // RFC 7009: the HM ends the login, also for who still has the tokens.
    assert_eq!(said(&world.done(&["revoke"])), "logged out\n");
    assert!(!std::fs::exists(&tokens).expect("readable"));
    server::certificates::write_private(tokens.as_ref(), after.as_bytes()).expect("writable");
    let over = refused(&world.done(&["refresh"]), 1);
    assert!(over.starts_with("sluis app: invalid_grant"), "{over}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc_9207_only_the_answer_to_this_request_by_this_broker_ends_the_waiting() {
    let world = World::start("app-strangers");
    let waiting = world.login("3", &["--json", "--show-tokens"]);
    let begun: Value = serde_json::from_str(&waiting.url).expect("JSON");
    let waiting = Waiting {
        url: begun["open"].as_str().expect("a URL").to_owned(),
        ..waiting
    };
    let at = waiting.redirect_uri();
    let issuer = world.ready["issuers"]["hm"]["issuer"]
        .as_str()
        .expect("an issuer");
    let issuer = protocol::wire::encode(issuer);
    // RFC 6749 §10.12: any page of the browser can send it here.
    for stranger in [
        format!("{at}?code=x&state=y&iss={issuer}"),
        format!("{at}?error=access_denied&iss={issuer}"),
    ] {
        let page = opened(&stranger);
        assert!(page.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{page}");
    }
    let page = opened(&at.replace("/terug", "/favicon.ico"));
    assert!(page.starts_with("HTTP/1.1 404 Not Found\r\n"), "{page}");
    let silent = TcpStream::connect(at.split('/').nth(2).expect("a host")).expect("listens");
    let back = world.logged_in(&waiting.url, "z.zelf", None).await;
    let page = opened(&back);
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    drop(silent);
    let (code, out, error) = waiting.ended();
    assert_eq!((code, &*error), (Some(0), ""));
    let out: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(out["who"]["acts_for"], Value::Array(Vec::new()));
    let token = out["tokens"]["access_token"].as_str().expect("a token");
    let url = format!(
        "{}/api/3/bericht",
        world.ready["hosts"]["dv"].as_str().expect("a URL")
    );
    let answer = world.outside.get(&url, Headers::none().bearer(token)).await;
    assert_eq!(answer.expect("an answer").status, 200);

    // RFC 9207 §2.4: the right state, of another issuer.
    let waiting = world.login("3", &[]);
    let (_, query) = waiting.url.split_once('?').expect("a query");
    let query = protocol::wire::Parameters::parse(query.as_bytes()).expect("parameters");
    let (at, state) = (waiting.redirect_uri(), query.get("state").expect("a state"));
    opened(&format!(
        "{at}?code=x&state={state}&iss=https%3A%2F%2Fevil.example"
    ));
    let (code, _, error) = waiting.ended();
    assert_eq!(code, Some(1));
    assert_eq!(
        error,
        "sluis app: nobody is logged in: the answer is not of this HM\n"
    );
}

#[test]
fn ctrl_c_ends_the_waiting_and_what_cannot_begin_says_why() {
    let world = World::start("app-stopped");
    let waiting = world.login("1", &[]);
    let id = waiting.child.id().to_string();
    let killed = Command::new("kill").args(["-INT", &id]).status();
    assert!(killed.expect("runs").success());
    let (code, out, error) = waiting.ended();
    assert_eq!((code, &*out), (Some(1), ""));
    assert_eq!(error, "sluis app: stopped: nobody is logged in\n");
    let late = world.login("1", &["--wait", "1"]).ended();
    assert_eq!(late.0, Some(1));
    assert_eq!(
        late.2,
        "sluis app: nobody came back within 1 s: see --wait\n"
    );

    let none = refused(&world.done(&["refresh"]), 2);
    assert!(none.contains("app.json: No such file"), "{none}");
    std::fs::write(world.tokens(), "{}").expect("writable");
    let open = refused(&world.done(&["call", "https://dv.localhost/"]), 2);
    assert!(open.contains("others may read it: chmod 600"), "{open}");
    let at = |issuer: &str| {
        let (issuer, service) = (format!("--issuer={issuer}"), format!("{DIENST}1"));
        let arguments = ["login", &issuer, "--client", "x", "--service", &service];
        refused(&world.app(&arguments).output().expect("runs"), 2)
    };
    let plain = at("http://hm.localhost/etd/1.13");
    assert!(plain.contains("expected an https URL"), "{plain}");
    let nobody = at("https://hm.localhost:1/etd/1.13");
    assert!(
        nobody.contains("https://hm.localhost:1/etd/1.13: "),
        "{nobody}"
    );
}
