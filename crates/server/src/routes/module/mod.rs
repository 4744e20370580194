//! The module of the demo: it is launched, lets the person log in by SMART on FHIR app launch with
//! the HTI token as `launch` (koppeltaal.md §4.3 and §4.5), shows who works on which task, and
//! finishes the task through the gateway.

mod sessie;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use jose::{Algorithm, Expected, Typ};
use koppeltaal::ClientId;
use koppeltaal::launch::Context;
use protocol::pkce::Challenge;
use protocol::wire::with_query;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use verdict::Moment;

use self::sessie::Sessie;
use super::applicatie::{
    Applicatie, Endpoints, Mislukt, Seeds, Sleutel, extension_reference, text,
};
use crate::app::App;
use crate::chance;
use crate::input::{KoppeltaalResource, Maker};
use crate::jwks::JwksCache;
use crate::keys;
use crate::pages::{Brand, ModuleMelding, ModuleMeldingSoort, ModuleTaak, Taakstand};
use crate::web::{self, Visit, get_once};

/// The cookie of a login under way, and its purpose.
const LOGIN_COOKIE: &str = "__Host-module-login";
const LOGIN: &str = "module.login";
/// Seconds that a person may take to log in.
const LOGIN_S: u32 = 900;
/// Seconds by which the clock of the domain may differ from ours.
const LEEWAY_S: u32 = 60;

/// What the module is given.
pub struct ModuleGiven {
    /// Origin of its host.
    pub front: String,
    /// The base URL of the FHIR resource service of its domain.
    pub fhir: String,
    /// Who it is.
    pub client_id: ClientId,
    /// What stands in the domain at the start.
    pub resources: Vec<KoppeltaalResource>,
    /// Where its people come from.
    pub portaal: String,
}

/// The module.
pub struct ModuleRole {
    module: Applicatie,
    front: String,
    portaal: String,
    seeds: Seeds,
    domain_keys: JwksCache,
}

/// A login under way: what the browser's cookie holds.
#[derive(Serialize, Deserialize)]
struct Login {
    state: String,
    nonce: String,
    verifier: String,
    until: i64,
}

impl ModuleRole {
    /// What it needs keys for, beside what everybody does.
    pub const PURPOSES: [keys::Purpose; 1] = [keys::Purpose::Tokens];

    /// The role of a party that has keys for [`Self::PURPOSES`].
    pub fn new(app: &Arc<App>, given: ModuleGiven) -> Arc<Self> {
        let app = Arc::clone(app);
        Arc::new(Self {
            module: Applicatie::new(app, given.client_id, given.fhir, Sleutel::Tokens),
            seeds: Seeds::new(&given.resources),
            front: given.front,
            portaal: given.portaal,
            domain_keys: JwksCache::default(),
        })
    }

    /// What answers at its host.
    pub fn router(self: &Arc<Self>) -> Router {
        let router = Router::new()
            .route("/", get(begin))
            .route("/start", post(start))
            .route("/terug", get_once(terug))
            .route("/taak", get(taak))
            .route("/afronden", post(afronden))
            .route("/jwks", get_once(jwks));
        web::with_pages(router, Brand::Module).with_state(Arc::clone(self))
    }

    /// Makes the activities of the sample, once.
    pub async fn sow(self: Arc<Self>) {
        self.seeds.sow(&self.module, Maker::Module).await;
    }

    fn redirect_uri(&self) -> String {
        format!("{}/terug", self.front)
    }

    fn melding(&self, status: u16, visit: &Visit, soort: ModuleMeldingSoort) -> Response {
        let page = ModuleMelding {
            soort,
            portaal: self.portaal.clone(),
        };
        web::show(status, visit, Brand::Module, &[], &page)
    }

    fn mislukt(&self, visit: &Visit, Mislukt(reason): Mislukt) -> Response {
        let app = &self.module.app;
        app.refused(visit.trace, "koppeltaal.md §4.5", reason);
        self.melding(503, visit, ModuleMeldingSoort::Mislukt)
    }
}

async fn jwks(State(role): State<Arc<ModuleRole>>) -> Response {
    match role.module.jwks() {
        Some(keys) => web::json(200, &keys),
        None => web::unavailable(),
    }
}

// ── The launch ──────────────────────────────────────────────────────────────────────────────────

/// Whoever comes by without a launch.
async fn begin(State(role): State<Arc<ModuleRole>>, visit: Visit) -> Response {
    role.melding(200, &visit, ModuleMeldingSoort::Begin)
}

/// A portal sends the person here, with a launch (koppeltaal.md §4.3).
async fn start(State(role): State<Arc<ModuleRole>>, visit: Visit) -> Response {
    let form = visit.form().unwrap_or_default();
    let (launch, iss) = (form.get("launch"), form.get("iss"));
    let Some(launch) = launch.filter(|_| iss == Some(&role.module.fhir)) else {
        let mislukt = Mislukt("a launch of another domain, or none");
        return role.mislukt(&visit, mislukt);
    };
    match role.module.endpoints().await {
        Ok(endpoints) => role.log_in(&visit, &endpoints, launch),
        Err(mislukt) => role.mislukt(&visit, mislukt),
    }
}

impl ModuleRole {
    /// The authorization request (koppeltaal case 92).
    fn log_in(&self, visit: &Visit, endpoints: &Endpoints, launch: &str) -> Response {
        let entropy = chance::entropy();
        let secret = |label| jose::b64::encode(entropy.bytes::<32>(label));
        let login = Login {
            state: secret("module.state"),
            nonce: secret("module.nonce"),
            verifier: secret("module.verifier"),
            until: self.module.app.clock.now().plus_s(LOGIN_S).unix(),
        };
        let challenge = Challenge::of(&login.verifier);
        let parameters = [
            ("response_type", "code"),
            ("client_id", &*self.module.client_id.to_string()),
            ("redirect_uri", &*self.redirect_uri()),
            ("launch", launch),
            ("scope", "launch openid fhirUser"),
            ("state", &login.state),
            ("nonce", &login.nonce),
            ("aud", &self.module.fhir),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        let url = with_query(&endpoints.authorization_endpoint, &parameters);
        let Ok(url) = HeaderValue::from_str(&url) else {
            return self.mislukt(visit, Mislukt("the launch is no token"));
        };
        let cookie = self.module.app.seal.cookie(LOGIN, &login);
        web::with(
            (StatusCode::FOUND, [(LOCATION, url)]).into_response(),
            web::set_cookie(LOGIN_COOKIE, &cookie, LOGIN_S),
        )
    }

    /// The login of this state in the browser's cookie.
    fn login(&self, visit: &Visit, state: &str) -> Option<Login> {
        let text = visit.cookie(LOGIN_COOKIE)?;
        let login: Login = self.module.app.seal.open_cookie(LOGIN, text)?;
        let now = self.module.app.clock.now();
        let holds = login.state == state && !Moment::from_unix(login.until).is_over_at(now);
        holds.then_some(login)
    }
}

/// The domain sends the person back (koppeltaal case 101).
async fn terug(State(role): State<Arc<ModuleRole>>, visit: Visit) -> Response {
    let query = visit.query().unwrap_or_default();
    let Some(login) = role.login(&visit, query.get("state").unwrap_or_default()) else {
        return role.melding(400, &visit, ModuleMeldingSoort::Verlopen);
    };
    let code = match (query.get("code"), query.get("error")) {
        (Some(code), None) => code,
        (_, Some("access_denied")) => {
            return role.melding(200, &visit, ModuleMeldingSoort::NietIngelogd);
        }
        _ => return role.mislukt(&visit, Mislukt("the domain answered with an error")),
    };
    match role.context(&login, code, query.get("iss")).await {
        Ok(context) => match Sessie::open(&role, &visit, context).await {
            Some(cookie) => web::with(
                web::with(web::see_other("/taak"), cookie),
                web::drop_cookie(LOGIN_COOKIE),
            ),
            None => role.mislukt(&visit, Mislukt("the session could not be kept")),
        },
        Err(mislukt) => role.mislukt(&visit, mislukt),
    }
}

impl ModuleRole {
    /// What the code stands for (koppeltaal case 106), with an ID token that says the same.
    async fn context(
        &self,
        login: &Login,
        code: &str,
        iss: Option<&str>,
    ) -> Result<Context, Mislukt> {
        let endpoints = self.module.endpoints().await?;
        if iss != Some(&endpoints.issuer) {
            // RFC 9207 §2.4
            return Err(Mislukt("the answer names another domain (iss)"));
        }
        let asked = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &*self.redirect_uri()),
            ("code_verifier", &login.verifier),
        ];
        let answer = self.module.ask_token(&endpoints, &asked).await?;
        let id_token = text(&answer, "id_token").ok_or(Mislukt("there is no ID token"))?;
        let sub = self.subject(&endpoints, login, id_token).await?;
        let context = serde_json::from_value::<Context>(answer.clone());
        let context = context.map_err(|_| Mislukt("the launch has no context"))?;
        let is_same = context.sub.verwijzing().as_str() == sub;
        is_same
            .then_some(context)
            .ok_or(Mislukt("ID token and context name two people"))
    }

    /// Who the ID token says that logged in (OIDC Core §3.1.3.7).
    async fn subject(
        &self,
        endpoints: &Endpoints,
        login: &Login,
        id_token: &str,
    ) -> Result<String, Mislukt> {
        let app = &self.module.app;
        let keys = self.domain_keys.keys_again(app, &endpoints.jwks_uri).await;
        let keys = keys.map_err(|_| Mislukt("the keys of the domain cannot be had"))?;
        let expected = Expected {
            typ: Typ::JwtOrAbsent,
            issuer: &endpoints.issuer,
            audience: &[&self.module.client_id.to_string()],
            now: app.clock.now(),
            leeway_s: LEEWAY_S,
        };
        let claims = jose::verify(id_token, &keys, &[Algorithm::Rs256], &expected);
        let claims = claims.map_err(|_| Mislukt("the ID token is not good"))?;
        if claims.str("nonce") != Ok(&login.nonce) {
            return Err(Mislukt("the ID token answers another request"));
        }
        let sub = claims.str("sub").map(str::to_owned);
        sub.map_err(|_| Mislukt("the ID token names nobody"))
    }
}

// ── The task ────────────────────────────────────────────────────────────────────────────────────

/// Who works on which task.
async fn taak(State(role): State<Arc<ModuleRole>>, visit: Visit) -> Response {
    let Some((sessie, cookie)) = Sessie::of(&role, &visit).await else {
        return role.melding(400, &visit, ModuleMeldingSoort::Begin);
    };
    match role.page(&sessie.context, &cookie).await {
        Ok(page) => web::show(200, &visit, Brand::Module, &[], &page),
        Err(mislukt) => role.mislukt(&visit, mislukt),
    }
}

/// The person is done: the task is.
async fn afronden(State(role): State<Arc<ModuleRole>>, visit: Visit) -> Response {
    let Some((sessie, cookie)) = Sessie::of(&role, &visit).await else {
        return role.melding(400, &visit, ModuleMeldingSoort::Begin);
    };
    let form = visit.form().unwrap_or_default();
    let token = form.get("formulier").unwrap_or_default();
    let seal = &role.module.app.seal;
    let is_ours = seal.is_form_token(sessie::FORM, &cookie, token);
    if !is_ours || !visit.is_from(&role.front) {
        return role.melding(400, &visit, ModuleMeldingSoort::Verlopen);
    }
    match role.finish(&sessie.context).await {
        Ok(()) => web::see_other("/taak"),
        Err(mislukt) => role.mislukt(&visit, mislukt),
    }
}

impl ModuleRole {
    async fn page(&self, context: &Context, cookie: &str) -> Result<ModuleTaak, Mislukt> {
        let task = self.module.get(context.resource.as_str()).await?.resource;
        let activity = match extension_reference(&task, "/instantiates") {
            Some(definition) => self.module.get(definition).await.ok(),
            None => None,
        };
        let activity = activity.map(|found| found.resource);
        let titel = activity
            .as_ref()
            .and_then(|activity| text(activity, "title"));
        Ok(ModuleTaak {
            titel: titel.unwrap_or_default().to_owned(),
            wie: self.who(context).await,
            taak: context.resource.to_string(),
            stand: Taakstand::named(text(&task, "status").unwrap_or_default()),
            formulier: self.module.app.seal.form_token(sessie::FORM, cookie),
            portaal: self.portaal.clone(),
        })
    }

    /// Who works on it: the name, as far as the module may read it, and the reference.
    async fn who(&self, context: &Context) -> String {
        let reference = context.sub.verwijzing();
        let person = self.module.get(reference.as_str()).await.ok();
        let name = person
            .as_ref()
            .and_then(|found| found.resource.pointer("/name/0/text"));
        match name.and_then(Value::as_str) {
            Some(name) => format!("{name}, {reference}"),
            None => reference.to_string(),
        }
    }

    /// Replaces the version that was read by one that is completed (BIA 3).
    async fn finish(&self, context: &Context) -> Result<(), Mislukt> {
        let path = context.resource.as_str();
        let mut task = self.module.get(path).await?;
        let is_done = text(&task.resource, "status") == Some("completed");
        if is_done {
            return Ok(());
        }
        match task.resource.as_object_mut() {
            Some(members) => members.insert("status".to_owned(), json!("completed")),
            None => return Err(Mislukt("the task is no resource")),
        };
        self.module.update(path, &task).await
    }
}
