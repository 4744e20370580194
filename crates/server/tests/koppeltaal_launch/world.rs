//! A network with the authorization service and the IdP; applications whose keys are on this
//! machine, and a FHIR server that does as it is told.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use jose::{Algorithm, RsaSize, SigningKey, generate_pkcs8};
use koppeltaal::ClientId;
use protocol::wire::with_query;
use serde_json::{Value, json};
use server::chance;
use server::input::Input;
use server::network::{self, Config, Party, Running};
use server::outside::{Answer, Headers, Outside, OutsideConfig};
use tokio::net::TcpListener;
use tokio::sync::OnceCell;
use tokio::time::{sleep, timeout};

/// The `client_assertion_type` of RFC 7523.
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The vector of koppeltaal case 107.
pub(crate) const VERIFIER: &str = "fygtVH1btwCabQq8h4XGd7ivxZNVPucHANVW4hhUbiU";
const CHALLENGE: &str = "3EKXXv90zoVx_SxRwqGM-g9Wek9wxZRocal6_mvCTQ4";
/// Whatever takes longer than this in a test never happens.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const PORTAL: u8 = 1;
pub(crate) const MODULE: u8 = 2;
pub(crate) const OTHER_MODULE: u8 = 3;
pub(crate) const TERUG: &str = "https://module.example/terug";

/// A running network, gone with the test.
pub(crate) struct World {
    pub(crate) running: Running,
    pub(crate) fhir: Arc<Fhir>,
    keys: HashMap<u8, SigningKey>,
    outside: Outside,
    folder: Folder,
}

/// Where the network keeps its rows, gone when dropped.
pub(crate) struct Folder(pub(crate) PathBuf);

/// The FHIR server of the domain, and where applications show their keys.
#[derive(Default)]
pub(crate) struct Fhir {
    people: Mutex<HashMap<String, Value>>,
    told: Mutex<Vec<Value>>,
    asked_by: Mutex<Vec<String>>,
    sets: Mutex<HashMap<String, Value>>,
    port: OnceCell<u16>,
    pub(crate) is_down: AtomicBool,
    pub(crate) refuses: AtomicBool,
    /// Whether it says that it takes several events at once.
    pub(crate) takes_batches: AtomicBool,
    /// Whether each Bundle is too large for it.
    pub(crate) has_no_room: AtomicBool,
    bundles: Mutex<Vec<usize>>,
}

impl Fhir {
    /// A resource as it is from now on.
    pub(crate) fn put(&self, resource: Value) {
        let part = |name: &str| resource[name].as_str().expect("a text").to_owned();
        let reference = format!("{}/{}", part("resourceType"), part("id"));
        self.people
            .lock()
            .expect("people")
            .insert(reference, resource);
    }

    /// The AuditEvents that it took.
    pub(crate) fn told(&self) -> Vec<Value> {
        self.told.lock().expect("events").clone()
    }

    /// How many events each Bundle had that came.
    pub(crate) fn bundles(&self) -> Vec<usize> {
        self.bundles.lock().expect("bundles").clone()
    }

    /// The `azp` of the tokens with which it was asked.
    pub(crate) fn asked_by(&self) -> Vec<String> {
        self.asked_by.lock().expect("tokens").clone()
    }

    /// The AuditEvents, when there are so many.
    pub(crate) async fn told_of(&self, events: usize) -> Vec<Value> {
        let enough = async {
            loop {
                let told = self.told();
                if told.len() >= events {
                    return told;
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, enough).await.expect("AuditEvents")
    }

    fn note(&self, headers: &HeaderMap) {
        let bearer = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let token = bearer.and_then(|value| value.strip_prefix("Bearer "));
        let azp = token.map(|token| part(token, 1)["azp"].as_str().unwrap_or("").to_owned());
        self.asked_by.lock().expect("tokens").extend(azp);
    }
}

async fn read(
    State(fhir): State<Arc<Fhir>>,
    Path((soort, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    fhir.note(&headers);
    if fhir.is_down.load(Ordering::Relaxed) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let people = fhir.people.lock().expect("people");
    match people.get(&format!("{soort}/{id}")) {
        Some(found) => {
            ([(CONTENT_TYPE, "application/fhir+json")], found.to_string()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A Device that the service makes.
async fn keep(State(fhir): State<Arc<Fhir>>, body: Bytes) -> StatusCode {
    fhir.put(serde_json::from_slice(&body).expect("JSON"));
    StatusCode::CREATED
}

async fn take(State(fhir): State<Arc<Fhir>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    fhir.note(&headers);
    if fhir.is_down.load(Ordering::Relaxed) {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    if fhir.refuses.load(Ordering::Relaxed) {
        return StatusCode::UNPROCESSABLE_ENTITY;
    }
    let event = serde_json::from_slice(&body).expect("JSON");
    fhir.told.lock().expect("events").push(event);
    StatusCode::CREATED
}

async fn metadata(State(fhir): State<Arc<Fhir>>) -> Response {
    let interactions: &[&str] = if fhir.takes_batches.load(Ordering::Relaxed) {
        &["transaction", "batch"]
    } else {
        &["transaction"]
    };
    let interactions: Vec<Value> = (interactions.iter())
        .map(|code| json!({ "code": code }))
        .collect();
    let statement = json!({
        "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1",
        "rest": [{ "mode": "server", "resource": [], "interaction": interactions }],
    });
    (
        [(CONTENT_TYPE, "application/fhir+json")],
        statement.to_string(),
    )
        .into_response()
}

async fn take_bundle(State(fhir): State<Arc<Fhir>>, headers: HeaderMap, body: Bytes) -> Response {
    fhir.note(&headers);
    if fhir.is_down.load(Ordering::Relaxed) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let bundle: Value = serde_json::from_slice(&body).expect("JSON");
    let entries = bundle["entry"].as_array().expect("entries");
    if fhir.has_no_room.load(Ordering::Relaxed) {
        fhir.bundles.lock().expect("bundles").push(entries.len());
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    let refuses = fhir.refuses.load(Ordering::Relaxed);
    if !refuses {
        let events = entries.iter().map(|entry| entry["resource"].clone());
        fhir.told.lock().expect("events").extend(events);
    }
    fhir.bundles.lock().expect("bundles").push(entries.len());
    let status = if refuses { "422" } else { "201 Created" };
    let answer = json!({
        "resourceType": "Bundle", "type": "batch-response",
        "entry": vec![json!({ "response": { "status": status } }); entries.len()],
    });
    (
        [(CONTENT_TYPE, "application/fhir+json")],
        answer.to_string(),
    )
        .into_response()
}

async fn keys(State(fhir): State<Arc<Fhir>>, Path(name): Path<String>) -> Response {
    match fhir.sets.lock().expect("sets").get(&name) {
        Some(set) => ([(CONTENT_TYPE, "application/json")], set.to_string()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The `client_id` of an application.
pub(crate) fn id(number: u8) -> ClientId {
    let text = format!("00000000-0000-4000-8000-{number:012x}");
    ClientId::parse(&text).expect("a UUID")
}

/// A person as the FHIR server and the IdP know it.
fn person(soort: &str, id: &str) -> Value {
    json!({
        "resourceType": soort, "id": id, "active": true,
        "identifier": [{ "system": "urn:e-mail", "value": format!("{id}@voorbeeld.example") }],
        "name": [{ "text": id }],
    })
}

/// The declaration of the domain; what the applications may do does not matter here.
fn declaration(port: u16) -> Value {
    let application = |number: u8| {
        json!({
            "client_id": id(number).to_string(), "name": format!("Applicatie {number}"),
            "status": "approved", "jwks_uri": format!("http://127.0.0.1:{port}/keys/{number}"),
            "redirect_uris": [], "role": "Alles",
        })
    };
    let mut module = application(MODULE);
    module["redirect_uris"] = json!([TERUG]);
    let mut other = application(OTHER_MODULE);
    other["redirect_uris"] = json!([TERUG]);
    json!({
        "schema_version": 1, "domain": "d1", "service": id(255).to_string(),
        "fhir": { "upstream": format!("http://127.0.0.1:{port}/fhir") },
        "applications": [application(PORTAL), module, other],
        "roles": { "Alles": { "Patient": { "read": "all" } } },
        "identity_providers": [{
            "name": "Proef-IdP", "issuer": "https://idp.localhost:{port}",
            "client_id": "koppeltaal-d1",
        }],
        "default_identity_provider": "Proef-IdP",
    })
}

impl World {
    /// The network, with the person `p` as a patient, `q` as another and `r` as somebody near `p`.
    pub(crate) async fn start() -> Self {
        Self::start_in(temporary(), Arc::default()).await
    }

    /// The same with the rows of this folder, before this FHIR server.
    pub(crate) async fn start_in(folder: Folder, fhir: Arc<Fhir>) -> Self {
        let port = *fhir.port.get_or_init(|| serve(&fhir)).await;
        let keys = [PORTAL, MODULE, OTHER_MODULE].map(|number| (number, key()));
        for (number, key) in &keys {
            let set = json!({ "keys": [key.public().to_json()] });
            fhir.sets
                .lock()
                .expect("sets")
                .insert(number.to_string(), set);
        }
        let people = [("Patient", "p"), ("Patient", "q"), ("RelatedPerson", "r")];
        for (soort, id) in people {
            let mut resource = person(soort, id);
            if soort == "RelatedPerson" {
                resource["patient"] = json!({ "reference": "Patient/p" });
            }
            fhir.put(resource);
        }
        let running = network(&folder.0, port, &people).await;
        Self {
            outside: outside(&running),
            running,
            fhir,
            keys: keys.into_iter().collect(),
            folder,
        }
    }

    /// Ends the network; its rows stay, and so does what stands around it.
    pub(crate) async fn stop(self) -> (Folder, Arc<Fhir>) {
        self.running.stop().await.expect("an end");
        (self.folder, self.fhir)
    }

    /// A URL below the domain `d1`.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}/api/v1/d1/{path}", self.running.hosts.url("koppeltaal"))
    }

    /// A text that an application signed.
    pub(crate) fn signed(&self, by: u8, claims: &Value) -> String {
        self.keys[&by].sign("JWT", claims).expect("signed")
    }

    /// A good assertion for an endpoint.
    pub(crate) fn assertion(&self, by: u8, audience: &str) -> String {
        let now = self.running.clock.now().unix();
        let claims = json!({
            "iss": id(by).to_string(), "sub": id(by).to_string(), "aud": audience,
            "iat": now, "exp": now + 300, "jti": chance::entropy().uuid("jti"),
        });
        self.signed(by, &claims)
    }

    /// The claims of a launch of the module by the portal, for the patient.
    pub(crate) fn launch(&self) -> Value {
        let now = self.running.clock.now().unix();
        json!({
            "iss": id(PORTAL).to_string(), "aud": id(MODULE).device(), "sub": "Patient/p",
            "resource": "Task/t", "definition": "ActivityDefinition/a", "intent": "plan",
            "iat": now, "exp": now + 300, "jti": chance::entropy().uuid("jti"),
        })
    }

    /// The parameters of a good authorization request with this launch.
    pub(crate) fn authorize(&self, launch: &str) -> Vec<(&'static str, String)> {
        vec![
            ("response_type", "code".to_owned()),
            ("client_id", id(MODULE).to_string()),
            ("redirect_uri", TERUG.to_owned()),
            ("launch", launch.to_owned()),
            ("scope", "launch openid fhirUser".to_owned()),
            ("state", "s 1".to_owned()),
            ("nonce", "n-1".to_owned()),
            ("aud", self.at("fhir/r4")),
            ("code_challenge", CHALLENGE.to_owned()),
            ("code_challenge_method", "S256".to_owned()),
        ]
    }

    /// The authorization URL for these parameters.
    pub(crate) fn authorize_url(&self, parameters: &[(&'static str, String)]) -> String {
        let pairs: Vec<(&str, &str)> = parameters.iter().map(|(n, v)| (*n, v.as_str())).collect();
        with_query(&self.at("oauth2/authorize"), &pairs)
    }

    /// A good authorization URL for a launch with these claims.
    pub(crate) fn authorize_for(&self, claims: &Value) -> String {
        self.authorize_url(&self.authorize(&self.signed(PORTAL, claims)))
    }

    pub(crate) async fn post(&self, url: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.outside.post_form(url, fields, Headers::none()).await;
        answer.expect("an answer")
    }

    pub(crate) async fn get(&self, url: &str) -> Answer {
        self.outside
            .get(url, Headers::none())
            .await
            .expect("an answer")
    }

    /// An introspection of this token by an application.
    pub(crate) async fn introspect(&self, by: u8, token: &str) -> Answer {
        let url = self.at("oauth2/introspect");
        let assertion = self.assertion(by, &url);
        let fields = [
            ("token", token),
            ("client_assertion_type", TYPE),
            ("client_assertion", assertion.as_str()),
        ];
        self.post(&url, &fields).await
    }

    /// A token request with these parameters by an application.
    pub(crate) async fn token(&self, by: u8, parameters: &[(&str, &str)]) -> Answer {
        let url = self.at("oauth2/token");
        let assertion = self.assertion(by, &url);
        let mut fields = parameters.to_vec();
        fields.push(("client_assertion_type", TYPE));
        fields.push(("client_assertion", &assertion));
        self.post(&url, &fields).await
    }

    /// The exchange of a code by an application.
    pub(crate) async fn exchange(&self, by: u8, code: &str, uri: &str, verifier: &str) -> Answer {
        let parameters = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", uri),
            ("code_verifier", verifier),
        ];
        self.token(by, &parameters).await
    }

    /// A browser without cookies.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.running)
    }

    /// The code that a launch with these claims brings to the module, when this person logs in.
    pub(crate) async fn code(&self, claims: &Value, who: &str) -> String {
        let back = self
            .browser()
            .log_in(&self.authorize_for(claims), who)
            .await;
        let url = location(&back);
        assert!(url.starts_with(TERUG), "{} {url}", back.status);
        query(&url, "code").expect("a code")
    }
}

/// A browser: it keeps cookies by host, and follows nothing by itself.
pub(crate) struct Browser {
    outside: Outside,
    idp: String,
    jar: Mutex<HashMap<String, HashMap<String, String>>>,
}

impl Browser {
    pub(crate) fn new(running: &Running) -> Self {
        Self {
            outside: outside(running),
            idp: running.hosts.url("idp"),
            jar: Mutex::default(),
        }
    }

    pub(crate) async fn get(&self, url: &str) -> Answer {
        let headers = self.cookies(url);
        let answer = self.outside.get(url, headers).await;
        self.kept(url, answer.expect("an answer"))
    }

    pub(crate) async fn post(&self, url: &str, fields: &[(&str, &str)]) -> Answer {
        let origin = server::web::origin(url);
        let headers = self.cookies(url).with(ORIGIN, &origin);
        let answer = self.outside.post_form(url, fields, headers).await;
        self.kept(url, answer.expect("an answer"))
    }

    /// Through the IdP as this person, from an authorization URL to the answer of the callback.
    pub(crate) async fn log_in(&self, authorize: &str, who: &str) -> Answer {
        let callback = self.to_callback(authorize, Some(who)).await;
        self.get(&callback).await
    }

    /// The same, up to the URL of the callback; nobody cancels.
    pub(crate) async fn to_callback(&self, authorize: &str, who: Option<&str>) -> String {
        let to_idp = self.get(authorize).await;
        assert_eq!(to_idp.status, 302, "{}", text(&to_idp));
        self.at_idp(&location(&to_idp), who).await
    }

    /// From the IdP's authorization URL to the URL of the callback.
    async fn at_idp(&self, url: &str, who: Option<&str>) -> String {
        let idp = &self.idp;
        let to_page = self.get(url).await;
        assert_eq!(to_page.status, 303, "{}", text(&to_page));
        let page = text(&self.get(&format!("{idp}{}", location(&to_page))).await);
        let formulier = value_of(&page, "formulier");
        let chosen = who.map(|who| number_of(&page, who));
        let mut fields = vec![("formulier", formulier.as_str())];
        match &chosen {
            Some(chosen) => fields.extend([("keuze", "inloggen"), ("persoon", chosen.as_str())]),
            None => fields.push(("keuze", "annuleren")),
        }
        let back = self.post(&format!("{idp}/inloggen"), &fields).await;
        assert_eq!(back.status, 303, "{}", text(&back));
        location(&back)
    }

    fn cookies(&self, url: &str) -> Headers {
        let jar = self.jar.lock().expect("the jar");
        let held = jar.get(&server::web::origin(url));
        let pairs = held.into_iter().flatten();
        let line: Vec<String> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if line.is_empty() {
            Headers::none()
        } else {
            Headers::none().with(COOKIE, &line.join("; "))
        }
    }

    fn kept(&self, url: &str, answer: Answer) -> Answer {
        let mut jar = self.jar.lock().expect("the jar");
        let held = jar.entry(server::web::origin(url)).or_default();
        for line in answer.headers.get_all(SET_COOKIE) {
            let line = line.to_str().expect("text");
            let pair = line.split(';').next().expect("a pair");
            let (name, value) = pair.split_once('=').expect("a pair");
            if line.contains("Max-Age=0;") {
                held.remove(name);
            } else {
                held.insert(name.to_owned(), value.to_owned());
            }
        }
        drop(jar);
        answer
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
        let _ = std::fs::remove_dir_all(self.0.with_added_extension("input"));
    }
}

async fn network(state: &std::path::Path, port: u16, people: &[(&str, &str)]) -> Running {
    let folder = state.with_added_extension("input");
    std::fs::create_dir_all(&folder).expect("a folder");
    let write = |name: &str, value: &Value| {
        std::fs::write(folder.join(name), value.to_string()).expect("writable");
    };
    write("koppeltaal.json", &declaration(port));
    let resources = people
        .iter()
        .map(|(soort, id)| json!({ "name": id, "by": "epd", "resource": person(soort, id) }));
    let resources: Vec<Value> = resources.collect();
    let written = json!({ "schema_version": 1, "resources": resources });
    write("koppeltaal-fhir.json", &written);
    let input = move |port| Input::read(&folder, port).map_err(|fault| fault.to_string());
    let config = Config {
        control: true,
        state: state.to_owned(),
        port: 0,
        input: Box::new(input),
        parties: BTreeSet::from([Party::Koppeltaal, Party::Idp]),
        elsewhere: BTreeMap::new(),
        fault: None,
    };
    network::start(config).await.expect("starts")
}

/// Serves plain HTTP for as long as the test runs; at which port.
async fn serve(fhir: &Arc<Fhir>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let router: Router = Router::new()
        .route("/fhir", post(take_bundle))
        .route("/fhir/metadata", get(metadata))
        .route("/fhir/AuditEvent", post(take))
        .route("/fhir/{soort}/{id}", get(read).put(keep))
        .route("/keys/{name}", get(keys))
        .with_state(Arc::clone(fhir));
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
    port
}

fn key() -> SigningKey {
    let der = generate_pkcs8(Algorithm::Es256, RsaSize::Bits2048).expect("a key");
    SigningKey::from_pkcs8(Algorithm::Es256, &der).expect("usable")
}

pub(crate) fn temporary() -> Folder {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("sluis-launch-{}-{count}", std::process::id());
    Folder(std::env::temp_dir().join(name))
}

/// A body that must be JSON.
pub(crate) fn body(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).expect("JSON")
}

pub(crate) fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

/// Where an answer leads.
pub(crate) fn location(answer: &Answer) -> String {
    let location = answer.headers.get(LOCATION).expect("a location");
    location.to_str().expect("text").to_owned()
}

/// A parameter of a URL.
pub(crate) fn query(url: &str, name: &str) -> Option<String> {
    let query = url.split_once('?')?.1;
    let pairs = protocol::wire::Parameters::parse(query.as_bytes()).expect("a query");
    pairs.get(name).map(str::to_owned)
}

/// What stands in a token, unproven.
pub(crate) fn part(token: &str, at: usize) -> Value {
    let part = token.split('.').nth(at).expect("a part");
    let bytes = jose::base64url_decode(part).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// Who calls the network from outside.
pub(crate) fn outside(running: &Running) -> Outside {
    let roots = vec![running.authority.certificate().clone()];
    Outside::new(OutsideConfig::new(roots, None)).expect("usable")
}

/// The number of the person with this e-mail address on the page of the IdP.
fn number_of(page: &str, who: &str) -> String {
    let address = format!(">{who}@voorbeeld.example<");
    let (before, _) = page.split_once(&address).expect("a person");
    let (_, label) = before.rsplit_once("for=\"persoon-").expect("a label");
    label.split('"').next().expect("a number").to_owned()
}

/// The value of the hidden field of this name.
pub(crate) fn value_of(page: &str, name: &str) -> String {
    let field = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&field).expect("a field");
    rest.split('"').next().expect("a value").to_owned()
}

/// The `outcome` and the beginning of the `outcomeDesc` of AuditEvents, in the order of the launch.
pub(crate) fn outcomes(told: &[Value]) -> BTreeSet<(String, String)> {
    let outcome = |event: &Value| {
        let desc = event["outcomeDesc"].as_str().unwrap_or_default();
        let prefix = desc.split(':').next().unwrap_or_default();
        let code = event["outcome"].as_str().unwrap_or_default();
        (prefix.to_owned(), code.to_owned())
    };
    told.iter().map(outcome).collect()
}
