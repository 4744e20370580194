//! A network with the gateway and the demo's FHIR server, and applications that have tokens.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use http::header::{AUTHORIZATION, CONTENT_TYPE, IF_MATCH};
use http::{HeaderMap, HeaderName, Method, StatusCode};
use jose::{Algorithm, RsaSize, SigningKey, generate_pkcs8};
use koppeltaal::ClientId;
use serde_json::{Value, json};
use server::chance;
use server::input::Input;
use server::network::{self, Config, Party, Running};
use server::outside::{Call, Headers, Outside, OutsideConfig};
use tokio::net::TcpListener;

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The FHIR server of the demo; the input says on which port.
const DEMO: &str = "https://fhir.localhost:{port}/fhir";
const FHIR_JSON: &str = "application/fhir+json";
const X_TEST: HeaderName = HeaderName::from_static("x-test");

/// Applications by number: what the tests call them.
pub(crate) const ADMIN: u8 = 1;
/// May do everything with its own Patients and Tasks.
pub(crate) const OWN: u8 = 2;
/// The same, another one.
pub(crate) const OTHER: u8 = 3;
/// Reads what was granted to it: the resources of [`OWN`].
pub(crate) const GRANTED: u8 = 4;
/// Has no role.
pub(crate) const NOBODY: u8 = 5;

/// A running network, gone with the test.
pub(crate) struct World {
    pub(crate) running: Running,
    pub(crate) loopback: Arc<Loopback>,
    key: SigningKey,
    outside: Outside,
    tokens: Mutex<BTreeMap<(u8, String), String>>,
}

/// What answers at a plain port of this machine: the keys of applications, and a FHIR server that does
/// as a test says.
pub(crate) struct Loopback {
    keys: Vec<Value>,
    port: u16,
    odd: Mutex<Option<Odd>>,
    seen: Mutex<Vec<Seen>>,
}

/// What the odd server answers.
pub(crate) type Odd = Box<dyn Fn(&Seen) -> Response + Send + Sync>;

/// A request that the odd server got.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    /// Whether it is the look of the service for the Device of an application, which shows no token.
    fn is_of_the_service(&self) -> bool {
        self.path.starts_with("Device/") && !self.headers.contains_key(AUTHORIZATION)
    }
}

/// An answer, whole.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// A request to be made.
#[derive(Default)]
pub(crate) struct Ask<'a> {
    pub(crate) by: Option<u8>,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) body: Option<&'a Value>,
    pub(crate) headers: &'a [(&'a str, &'a str)],
}

pub(crate) fn id(number: u8) -> ClientId {
    let text = format!("00000000-0000-4000-8000-{number:012x}");
    ClientId::parse(&text).expect("a UUID")
}

/// The demo's FHIR server is behind the gateway.
pub(crate) async fn start() -> World {
    World::start(None, DEMO).await
}

/// Nobody is behind the gateway.
pub(crate) async fn start_alone() -> World {
    World::start(None, "https://fhir.localhost:1/fhir").await
}

/// A FHIR server that does as the test says is behind the gateway.
pub(crate) async fn start_odd(odd: impl Fn(&Seen) -> Response + Send + Sync + 'static) -> World {
    World::start(Some(Box::new(odd)), DEMO).await
}

impl World {
    async fn start(odd: Option<Odd>, upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let der = generate_pkcs8(Algorithm::Es256, RsaSize::Bits2048).expect("a key");
        let key = SigningKey::from_pkcs8(Algorithm::Es256, &der).expect("usable");
        let upstream = match &odd {
            Some(_) => format!("http://127.0.0.1:{port}/odd"),
            None => upstream.to_owned(),
        };
        let loopback = Arc::new(Loopback {
            keys: vec![key.public().to_json()],
            port,
            odd: Mutex::new(odd),
            seen: Mutex::default(),
        });
        serve(listener, &loopback);
        let state = temporary();
        let folder = state.with_added_extension("input");
        std::fs::create_dir_all(&folder).expect("a folder");
        let declared = declaration(&upstream, &loopback).to_string();
        std::fs::write(folder.join("koppeltaal.json"), declared).expect("writable");
        let input = move |port| Input::read(&folder, port).map_err(|fault| fault.to_string());
        let config = Config {
            control: true,
            state,
            port: 0,
            input: Box::new(input),
            parties: BTreeSet::from([Party::Koppeltaal, Party::Fhir]),
            elsewhere: BTreeMap::new(),
            fault: None,
        };
        let running = network::start(config).await.expect("starts");
        let roots = vec![running.authority.certificate().clone()];
        let outside = Outside::new(OutsideConfig::new(roots, None)).expect("usable");
        Self {
            running,
            loopback,
            key,
            outside,
            tokens: Mutex::default(),
        }
    }

    /// A URL below the domain `d1`.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}/api/v1/d1/{path}", self.running.hosts.url("koppeltaal"))
    }

    /// The FHIR base.
    pub(crate) fn base(&self) -> String {
        self.at("fhir/r4")
    }

    /// A token of an application, for everything that it may do.
    pub(crate) async fn token(&self, number: u8) -> String {
        self.token_for(number, "*").await
    }

    /// A token for this scope; the same each time.
    pub(crate) async fn token_for(&self, number: u8, scope: &str) -> String {
        let known = (number, scope.to_owned());
        if let Some(token) = self.tokens.lock().expect("tokens").get(&known) {
            return token.clone();
        }
        let token = self.fresh_token(number, scope).await;
        let mut tokens = self.tokens.lock().expect("tokens");
        tokens.insert(known, token.clone());
        token
    }

    pub(crate) async fn fresh_token(&self, number: u8, scope: &str) -> String {
        let now = self.running.clock.now().unix();
        let client_id = id(number).to_string();
        let claims = json!({
            "iss": client_id, "sub": client_id, "aud": self.at("oauth2/token"),
            "iat": now, "exp": now + 300, "jti": chance::entropy().uuid("jti"),
        });
        let assertion = self.key.sign("JWT", &claims).expect("signed");
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", ASSERTION),
            ("client_assertion", &assertion),
            ("scope", scope),
        ];
        let url = self.at("oauth2/token");
        let answer = self.outside.post_form(&url, &fields, Headers::none()).await;
        let answer: Value = serde_json::from_slice(&answer.expect("an answer").body).expect("JSON");
        let token = answer["access_token"].as_str();
        token.expect("a token").to_owned()
    }

    /// Makes a request at the FHIR base.
    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Answer {
        let mut headers = Headers::none();
        if let Some(by) = ask.by {
            headers = headers.bearer(&self.token(by).await);
        }
        self.send(&format!("{}/{}", self.base(), ask.path), ask, headers)
            .await
    }

    /// The same with this text as the token.
    pub(crate) async fn ask_with(&self, token: &str, path: &str) -> Answer {
        let ask = Ask {
            method: "GET",
            ..Ask::default()
        };
        let url = format!("{}/{path}", self.base());
        self.send(&url, ask, Headers::none().bearer(token)).await
    }

    async fn send(&self, url: &str, ask: Ask<'_>, mut headers: Headers) -> Answer {
        if ask.body.is_some() {
            headers = headers.with(CONTENT_TYPE, FHIR_JSON);
        }
        for (name, value) in ask.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            headers = headers.with(name, value);
        }
        let call = Call {
            method: Method::from_bytes(ask.method.as_bytes()).expect("a method"),
            url,
            headers,
            body: ask.body.map(|body| match body {
                Value::String(text) => text.clone().into_bytes(),
                json => json.to_string().into_bytes(),
            }),
            timeout_s: 20,
        };
        let mut opened = self.outside.open(call).await.expect("an answer");
        let mut body = Vec::new();
        while let Some(piece) = opened.piece().await.expect("a whole body") {
            body.extend(piece);
        }
        Answer {
            status: opened.status.as_u16(),
            headers: opened.headers.clone(),
            body,
        }
    }

    pub(crate) async fn get(&self, by: u8, path: &str) -> Answer {
        let ask = Ask {
            by: Some(by),
            method: "GET",
            path,
            ..Ask::default()
        };
        self.ask(ask).await
    }

    pub(crate) async fn delete(&self, by: u8, path: &str) -> Answer {
        let ask = Ask {
            by: Some(by),
            method: "DELETE",
            path,
            ..Ask::default()
        };
        self.ask(ask).await
    }

    pub(crate) async fn post(&self, by: u8, path: &str, body: &Value) -> Answer {
        let ask = Ask {
            by: Some(by),
            method: "POST",
            path,
            body: Some(body),
            ..Ask::default()
        };
        self.ask(ask).await
    }

    /// A PUT with this `If-Match`, or none.
    pub(crate) async fn put(&self, by: u8, path: &str, body: &Value, tag: Option<&str>) -> Answer {
        let headers: Vec<(&str, &str)> = tag
            .map(|tag| (IF_MATCH.as_str(), tag))
            .into_iter()
            .collect();
        let ask = Ask {
            by: Some(by),
            method: "PUT",
            path,
            body: Some(body),
            headers: &headers,
        };
        self.ask(ask).await
    }

    /// A new Patient of an application; gives its path.
    pub(crate) async fn patient(&self, by: u8) -> String {
        self.made(by, &patient("Jansen")).await
    }

    pub(crate) async fn made(&self, by: u8, resource: &Value) -> String {
        let kind = resource["resourceType"].as_str().expect("a type");
        let made = self.post(by, kind, resource).await;
        assert_eq!(made.status, 201, "{}", made.text());
        format!("{kind}/{}", made.json()["id"].as_str().expect("an id"))
    }

    /// Every line of the operator's log.
    pub(crate) fn log(&self) -> String {
        let file = self.running.state.join("log.jsonl");
        std::fs::read_to_string(file).expect("a log")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let state = &self.running.state;
        let _ = std::fs::remove_dir_all(state);
        let _ = std::fs::remove_dir_all(state.with_added_extension("input"));
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("text"))
    }

    /// The paths of what a Bundle holds.
    pub(crate) fn found(&self) -> Vec<String> {
        let bundle = self.json();
        assert_eq!(bundle["resourceType"], "Bundle", "{bundle}");
        let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
        entries
            .iter()
            .map(|entry| path(&entry["resource"]))
            .collect()
    }

    /// Where the page after it is, below the base.
    pub(crate) fn next(&self, base: &str) -> Option<String> {
        let bundle = self.json();
        let links = bundle["link"].as_array().expect("links").iter();
        let mut next = links.filter(|link| link["relation"] == "next");
        let url = next.next()?["url"].as_str().expect("a URL");
        let path = url.strip_prefix(base).expect("our base");
        Some(path.trim_start_matches('/').to_owned())
    }
}

/// `Type/id` of a resource.
pub(crate) fn path(resource: &Value) -> String {
    let text = |name: &str| resource[name].as_str().expect("text").to_owned();
    format!("{}/{}", text("resourceType"), text("id"))
}

pub(crate) fn patient(family: &str) -> Value {
    json!({
        "resourceType": "Patient", "active": true,
        "identifier": [{ "system": "urn:test", "value": family }],
        "name": [{ "use": "official", "family": family }],
    })
}

/// Whose a resource says that it is.
pub(crate) fn origins(resource: &Value) -> Vec<String> {
    let all = resource["extension"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let is_origin = |extension: &&Value| {
        extension["url"] == "http://koppeltaal.nl/fhir/StructureDefinition/resource-origin"
    };
    let named = all.iter().filter(is_origin);
    named
        .map(|extension| {
            let reference = &extension["valueReference"]["reference"];
            reference.as_str().expect("a reference").to_owned()
        })
        .collect()
}

/// A resource that says whose it is.
pub(crate) fn of(mut resource: Value, owner: u8) -> Value {
    resource["extension"] = json!([{
        "url": "http://koppeltaal.nl/fhir/StructureDefinition/resource-origin",
        "valueReference": { "reference": id(owner).device() },
    }]);
    resource
}

impl Loopback {
    /// What the odd server was asked, but for its CapabilityStatement, and what it was told.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        let seen = self.seen.lock().expect("seen");
        let is_told = |seen: &&Seen| seen.path == "metadata" || seen.path == "AuditEvent";
        let asked = seen.iter().filter(|seen| !is_told(seen));
        asked.cloned().collect()
    }
}

fn serve(listener: TcpListener, loopback: &Arc<Loopback>) {
    let router = Router::new()
        .route("/keys/{number}", get(keys))
        .route("/odd", any(odd_base))
        .route("/odd/{*path}", any(odd))
        .with_state(Arc::clone(loopback));
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let service = hyper_util::service::TowerToHyperService::new(router.clone());
            tokio::spawn(async move {
                let socket = hyper_util::rt::TokioIo::new(socket);
                let connection = hyper::server::conn::http1::Builder::new();
                // A client that goes away is none of our business.
                let _ = connection.serve_connection(socket, service).await;
            });
        }
    });
}

async fn keys(State(loopback): State<Arc<Loopback>>) -> Response {
    let keys = json!({ "keys": loopback.keys }).to_string();
    ([(CONTENT_TYPE, "application/json")], keys).into_response()
}

async fn odd_base(state: State<Arc<Loopback>>, request: http::Request<Body>) -> Response {
    odd(state, Path(String::new()), request).await
}

async fn odd(
    State(loopback): State<Arc<Loopback>>,
    Path(path): Path<String>,
    request: http::Request<Body>,
) -> Response {
    let (head, body) = request.into_parts();
    let seen = Seen {
        method: head.method.to_string(),
        path,
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body: axum::body::to_bytes(body, usize::MAX)
            .await
            .expect("a body"),
    };
    if seen.is_of_the_service() {
        // koppeltaal case 117: every application of these tests has its Device.
        return fhir(200, &json!({ "resourceType": "Device" }));
    }
    loopback.seen.lock().expect("seen").push(seen.clone());
    let odd = loopback.odd.lock().expect("odd");
    let odd = odd.as_ref().expect("a server");
    let mut response = odd(&seen);
    response
        .headers_mut()
        .insert(X_TEST, "hop".parse().expect("a value"));
    response
}

/// An answer of the odd server.
pub(crate) fn fhir(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (status, [(CONTENT_TYPE, FHIR_JSON)], body.to_string()).into_response()
}

fn declaration(upstream: &str, loopback: &Loopback) -> Value {
    let application = |number: u8, role: Option<&str>, granted: &[u8]| {
        let mut written = json!({
            "client_id": id(number).to_string(),
            "name": format!("Applicatie {number}"),
            "status": "approved",
            "jwks_uri": format!("http://127.0.0.1:{}/keys/{number}", loopback.port),
            "granted": granted.iter().map(|n| id(*n).to_string()).collect::<Vec<_>>(),
        });
        if let Some(role) = role {
            written["role"] = role.into();
        }
        written
    };
    let all = json!({ "create": "own", "read": "all", "update": "all", "delete": "all" });
    let own = json!({ "create": "own", "read": "own", "update": "own", "delete": "own" });
    json!({
        "schema_version": 1,
        "domain": "d1",
        "service": id(255).to_string(),
        "fhir": { "upstream": upstream },
        "applications": [
            application(ADMIN, Some("Alles"), &[]),
            application(OWN, Some("Eigen"), &[]),
            application(OTHER, Some("Eigen"), &[]),
            application(GRANTED, Some("Toegekend"), &[OWN]),
            application(NOBODY, None, &[]),
        ],
        "roles": {
            "Alles": { "Patient": all, "Task": all, "Subscription": all, "AuditEvent": { "create": "own", "read": "all" } },
            "Eigen": { "Patient": own, "Task": own, "Subscription": own },
            "Toegekend": { "Patient": { "read": "granted" }, "Task": { "read": "all" } },
        }
    })
}

fn temporary() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!(
        "sluis-koppeltaal-fhir-{}-{count}",
        std::process::id()
    ))
}
