//! A network with the authorization service alone, and applications whose keys are on this machine.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use jose::{Algorithm, RsaSize, SigningKey, generate_pkcs8};
use koppeltaal::ClientId;
use serde_json::{Value, json};
use server::chance;
use server::input::Input;
use server::network::{self, Config, Party, Running};
use server::outside::{Answer, Headers, Outside, OutsideConfig};
use store::{AuditRow, Store as _};
use tokio::net::TcpListener;

/// The `client_assertion_type` of RFC 7523.
pub(crate) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A running network, gone with the test.
pub(crate) struct World {
    pub(crate) running: Running,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) outside: Outside,
}

/// Where applications show their keys: what each path answers, and how often it was asked.
#[derive(Default)]
pub(crate) struct Shelf {
    shown: Mutex<HashMap<String, Shown>>,
    asked: Mutex<HashMap<String, usize>>,
    pub(crate) port: u16,
}

/// What a path answers.
#[derive(Clone, Debug)]
pub(crate) enum Shown {
    /// A key set, with this `Cache-Control`.
    Keys(Value, &'static str),
    /// This status and these bytes.
    Other(u16, Vec<u8>),
    /// Another address.
    Elsewhere(String),
    /// Nothing, for longer than anybody waits.
    Silence,
}

/// An application with a key.
pub(crate) struct Applicatie {
    pub(crate) id: ClientId,
    pub(crate) key: SigningKey,
}

impl Shelf {
    /// Shows something at a path from now on.
    pub(crate) fn show(&self, path: &str, shown: Shown) {
        let mut all = self.shown.lock().expect("the shelf");
        all.insert(path.to_owned(), shown);
    }

    /// How often a path was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        let asked = self.asked.lock().expect("the shelf");
        asked.get(path).copied().unwrap_or_default()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }
}

async fn serve_shelf(State(shelf): State<Arc<Shelf>>, Path(path): Path<String>) -> Response {
    let shown = {
        let mut asked = shelf.asked.lock().expect("the shelf");
        *asked.entry(path.clone()).or_default() += 1;
        shelf.shown.lock().expect("the shelf").get(&path).cloned()
    };
    match shown {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(Shown::Keys(keys, cache)) => (
            [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, cache)],
            keys.to_string(),
        )
            .into_response(),
        Some(Shown::Other(status, body)) => {
            (StatusCode::from_u16(status).expect("a status"), body).into_response()
        }
        Some(Shown::Elsewhere(url)) => (StatusCode::FOUND, [(LOCATION, url)]).into_response(),
        Some(Shown::Silence) => {
            tokio::time::sleep(Duration::from_hours(1)).await;
            StatusCode::OK.into_response()
        }
    }
}

/// A fresh key of this algorithm.
pub(crate) fn key(algorithm: Algorithm) -> SigningKey {
    let der = generate_pkcs8(algorithm, RsaSize::Bits2048).expect("a key");
    SigningKey::from_pkcs8(algorithm, &der).expect("usable")
}

/// The key set of these keys.
pub(crate) fn set(keys: &[&SigningKey]) -> Value {
    json!({ "keys": keys.iter().map(|key| key.public().to_json()).collect::<Vec<_>>() })
}

impl Applicatie {
    /// The application of that number in every domain of this world, with a fresh key.
    pub(crate) fn new(number: u16, algorithm: Algorithm) -> Self {
        Self {
            id: id(number),
            key: key(algorithm),
        }
    }
}

/// The `client_id` of an application.
pub(crate) fn id(number: u16) -> ClientId {
    let text = format!("00000000-0000-4000-8000-{number:012x}");
    ClientId::parse(&text).expect("a UUID")
}

/// A declaration of `domein` with these applications; the keys of number n are at `/n` of the shelf.
pub(crate) fn declaration(domein: &str, shelf: &Shelf, applications: &Value) -> Value {
    let applications = applications.as_array().expect("applications").iter();
    let applications = applications.map(|application| {
        let number = application["number"].as_u64().expect("a number");
        let mut written = json!({
            "client_id": id(u16::try_from(number).expect("small")).to_string(),
            "name": format!("Applicatie {number}"),
            "status": "approved",
            "jwks_uri": shelf.url(&number.to_string()),
        });
        for (name, value) in application.as_object().expect("an object") {
            if name != "number" {
                written[name.as_str()] = value.clone();
            }
        }
        written
    });
    json!({
        "schema_version": 1,
        "domain": domein,
        "service": id(u16::MAX).to_string(),
        "fhir": { "upstream": "https://fhir.localhost:1" },
        "applications": applications.collect::<Vec<_>>(),
        "roles": {
            "Portaal": {
                "Patient": { "read": "all" },
                "Task": { "create": "own", "read": "own", "update": "own" }
            }
        }
    })
}

/// What most tests declare: 1 has a role, 2 too, 3 has none, 4 is pending, 5 was rejected.
pub(crate) fn usual() -> Value {
    json!([
        { "number": 1, "role": "Portaal" },
        { "number": 2, "role": "Portaal" },
        { "number": 3 },
        { "number": 4, "role": "Portaal", "status": "pending" },
        { "number": 5, "role": "Portaal", "status": "rejected" }
    ])
}

impl World {
    /// The usual domain `d1`.
    pub(crate) async fn start() -> Self {
        Self::start_with(&usual()).await
    }

    /// A domain `d1` with these applications.
    pub(crate) async fn start_with(applications: &Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let shelf = Arc::new(Shelf {
            port: listener.local_addr().expect("an address").port(),
            ..Shelf::default()
        });
        let router = Router::new()
            .route("/{path}", get(serve_shelf))
            .with_state(Arc::clone(&shelf));
        tokio::spawn(async move { axum_serve(listener, router).await });
        let state = temporary();
        let folder = state.with_added_extension("input");
        std::fs::create_dir_all(&folder).expect("a folder");
        let declared = declaration("d1", &shelf, applications).to_string();
        std::fs::write(folder.join("koppeltaal.json"), declared).expect("writable");
        let input = move |port| Input::read(&folder, port).map_err(|fault| fault.to_string());
        let config = Config {
            control: true,
            state,
            port: 0,
            input: Box::new(input),
            parties: BTreeSet::from([Party::Koppeltaal]),
            elsewhere: BTreeMap::new(),
            fault: None,
        };
        let running = network::start(config).await.expect("starts");
        let roots = vec![running.authority.certificate().clone()];
        let outside = Outside::new(OutsideConfig::new(roots, None)).expect("usable");
        Self {
            running,
            shelf,
            outside,
        }
    }

    /// A URL below the domain `d1`.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}/api/v1/d1/{path}", self.running.hosts.url("koppeltaal"))
    }

    pub(crate) fn token_endpoint(&self) -> String {
        self.at("oauth2/token")
    }

    /// An approved application whose key set is shown.
    pub(crate) fn applicatie(&self, number: u16, algorithm: Algorithm) -> Applicatie {
        let applicatie = Applicatie::new(number, algorithm);
        let keys = set(&[&applicatie.key]);
        let path = number.to_string();
        self.shelf.show(&path, Shown::Keys(keys, "max-age=60"));
        applicatie
    }

    /// The claims of a good assertion, each time with another `jti`.
    pub(crate) fn claims(&self, client_id: ClientId) -> Value {
        let now = self.running.clock.now().unix();
        json!({
            "iss": client_id.to_string(), "sub": client_id.to_string(),
            "aud": self.token_endpoint(), "iat": now, "exp": now + 300,
            "jti": chance::entropy().uuid("jti"),
        })
    }

    /// A good assertion.
    pub(crate) fn assertion(&self, applicatie: &Applicatie) -> String {
        let claims = self.claims(applicatie.id);
        applicatie.key.sign("JWT", &claims).expect("signed")
    }

    /// Posts fields to a URL.
    pub(crate) async fn post(&self, url: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.outside.post_form(url, fields, Headers::none()).await;
        answer.expect("an answer")
    }

    pub(crate) async fn get(&self, url: &str, headers: Headers) -> Answer {
        self.outside.get(url, headers).await.expect("an answer")
    }

    /// A token request with this assertion.
    pub(crate) async fn ask(&self, assertion: &str) -> Answer {
        self.ask_for(assertion, Some("*")).await
    }

    /// The same, for this scope.
    pub(crate) async fn ask_for(&self, assertion: &str, scope: Option<&str>) -> Answer {
        let mut fields = vec![
            ("grant_type", "client_credentials"),
            ("client_assertion_type", TYPE),
            ("client_assertion", assertion),
        ];
        fields.extend(scope.map(|scope| ("scope", scope)));
        self.post(&self.token_endpoint(), &fields).await
    }

    /// A token for an application.
    pub(crate) async fn token(&self, applicatie: &Applicatie) -> Value {
        let answer = self.ask(&self.assertion(applicatie)).await;
        assert_eq!(answer.status, 200, "{}", text(&answer));
        body(&answer)
    }

    /// The audit log of the authorization service.
    pub(crate) async fn audit(&self) -> Vec<AuditRow> {
        let app = &self.running.apps[&Party::Koppeltaal];
        app.home.audit(0, 1_000).await.expect("readable")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let state = &self.running.state;
        let _ = std::fs::remove_dir_all(state);
        let _ = std::fs::remove_dir_all(state.with_added_extension("input"));
    }
}

/// Serves plain HTTP for as long as the test runs.
pub(crate) async fn axum_serve(listener: TcpListener, router: Router) {
    while let Ok((socket, _)) = listener.accept().await {
        let service = hyper_util::service::TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let socket = hyper_util::rt::TokioIo::new(socket);
            let connection = hyper::server::conn::http1::Builder::new();
            // A client that goes away is none of our business.
            let _ = connection.serve_connection(socket, service).await;
        });
    }
}

fn temporary() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("sluis-koppeltaal-{}-{count}", std::process::id()))
}

/// A body that must be JSON.
pub(crate) fn body(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).expect("JSON")
}

pub(crate) fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

/// What stands in a token, unproven.
pub(crate) fn part(token: &str, at: usize) -> Value {
    let part = token.split('.').nth(at).expect("a part");
    let bytes = jose::base64url_decode(part).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// A refusal of client authentication, which looks the same whatever was wrong (koppeltaal case 30).
pub(crate) fn assert_invalid_client(answer: &Answer) {
    assert_eq!(answer.status, 401, "{}", text(answer));
    let expected = json!({
        "error": "invalid_client",
        "error_description": "The client is not authenticated.",
    });
    assert_eq!(body(answer), expected);
}
