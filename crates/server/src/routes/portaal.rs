//! The portal of the demo (TOP-KT-007): shows the tasks of its domain, which it reads through the
//! gateway with its own token, and launches the module behind one. It logs nobody in: who launches
//! is whoever owns the task, and the module's domain finds out whether that is true.
//!
//! A launch is a form that the person sends to the module, with a token that the portal signed
//! (koppeltaal.md §4.2 and §4.3). It needs no script.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use koppeltaal::ClientId;
use koppeltaal::launch::Verwijzing;
use serde_json::{Value, json};

use super::applicatie::{Applicatie, Bundle, Mislukt, Seeds, Sleutel, extension_reference, text};
use crate::app::App;
use crate::chance;
use crate::input::{KoppeltaalResource, Maker};
use crate::keys;
use crate::pages::{Brand, PortaalFout, PortaalOpenen, PortaalStart, PortaalTaak, Taakstand};
use crate::web::{self, Visit, get_once};

/// Seconds that a launch may take (koppeltaal.md §4.2: at most 300).
const LAUNCH_S: u32 = 300;
/// The cookie of a browser, and the purpose of the forms that are bound to it.
const BROWSER: &str = "__Host-portaal";
const BROWSER_S: u32 = 86_400;
const OPENEN: &str = "portaal.openen";
/// Tasks that are shown, at most.
const TASKS_MAX: usize = 100;

/// What the portal is given.
pub struct PortaalGiven {
    /// Origin of its host.
    pub front: String,
    /// The base URL of the FHIR resource service of its domain.
    pub fhir: String,
    /// Who it is.
    pub client_id: ClientId,
    /// The record system beside it, which makes people.
    pub epd: ClientId,
    /// What stands in the domain at the start.
    pub resources: Vec<KoppeltaalResource>,
    /// Origins through which the browser goes on from a module: browsers hold a form's policy
    /// against every redirect that follows.
    pub next_origins: Vec<String>,
}

/// The portal.
pub struct PortaalRole {
    portaal: Applicatie,
    epd: Applicatie,
    front: String,
    seeds: Seeds,
    next_origins: Vec<String>,
}

impl PortaalRole {
    /// What it needs keys for, beside what everybody does: its own, and the record system's.
    pub const PURPOSES: [keys::Purpose; 2] = [keys::Purpose::Tokens, keys::Purpose::IdTokens];

    /// The role of a party that has keys for [`Self::PURPOSES`].
    pub fn new(app: &Arc<App>, given: PortaalGiven) -> Arc<Self> {
        let applicatie = |client_id, sleutel| {
            Applicatie::new(Arc::clone(app), client_id, given.fhir.clone(), sleutel)
        };
        Arc::new(Self {
            portaal: applicatie(given.client_id, Sleutel::Tokens),
            epd: applicatie(given.epd, Sleutel::IdTokens),
            seeds: Seeds::new(&given.resources),
            front: given.front,
            next_origins: given.next_origins,
        })
    }

    /// What answers at its host.
    pub fn router(self: &Arc<Self>) -> Router {
        let router = Router::new()
            .route("/", get(start))
            .route("/openen", post(openen))
            .route("/jwks", get_once(jwks))
            .route("/epd/jwks", get_once(epd_jwks));
        web::with_pages(router, Brand::Portaal).with_state(Arc::clone(self))
    }

    /// Makes the people and the tasks of the sample, once.
    pub async fn sow(self: Arc<Self>) {
        self.seeds.sow(&self.epd, Maker::Epd).await;
        self.seeds.sow(&self.portaal, Maker::Portaal).await;
    }

    /// Every resource of a type that the portal may see.
    async fn all(&self, soort: &str) -> Result<Bundle, Mislukt> {
        let path = format!("{soort}?_count={TASKS_MAX}");
        Ok(Bundle::of(self.portaal.get(&path).await?.resource))
    }

    /// The tasks as people read them.
    async fn taken(&self) -> Result<Vec<PortaalTaak>, Mislukt> {
        let mut names = HashMap::new();
        for soort in [
            "Patient",
            "Practitioner",
            "RelatedPerson",
            "ActivityDefinition",
        ] {
            for resource in self.all(soort).await?.resources() {
                if let Some(id) = text(resource, "id") {
                    names.insert(format!("{soort}/{id}"), name_of(resource));
                }
            }
        }
        let name = |reference: Option<&str>| {
            let known = reference.and_then(|reference| names.get(reference));
            known.cloned().unwrap_or_default()
        };
        let read = |task: &Value| {
            let reference = |at: &str| task.pointer(at).and_then(Value::as_str);
            Some(PortaalTaak {
                id: text(task, "id")?.to_owned(),
                titel: name(extension_reference(task, "/instantiates")),
                voor: name(reference("/for/reference")),
                wie: name(reference("/owner/reference")),
                stand: Taakstand::named(text(task, "status").unwrap_or_default()),
            })
        };
        let tasks = self.all("Task").await?;
        Ok(tasks.resources().take(TASKS_MAX).filter_map(read).collect())
    }

    /// The launch of a task: the module's address, and the token for it.
    async fn launch(&self, task: &Verwijzing) -> Result<PortaalOpenen, Mislukt> {
        let resource = self.portaal.get(task.as_str()).await?.resource;
        let definition = extension_reference(&resource, "/instantiates");
        let definition = definition.ok_or(Mislukt("the task is made from nothing"))?;
        let activity = self.portaal.get(definition).await?.resource;
        let endpoint = extension_reference(&activity, "/KT2EndpointExtension");
        let endpoint = endpoint.ok_or(Mislukt("the activity has no endpoint"))?;
        let endpoint = self.portaal.get(endpoint).await?.resource;
        let address = text(&endpoint, "address");
        let address = address.filter(|address| is_safe(address));
        Ok(PortaalOpenen {
            titel: name_of(&activity),
            action: address
                .ok_or(Mislukt("the endpoint has no address"))?
                .to_owned(),
            launch: self.token(task, &resource, definition, &activity)?,
            iss: self.portaal.fhir.clone(),
        })
    }

    /// The HTI 2.0 token (koppeltaal.md §4.2): for the application that made the activity.
    fn token(
        &self,
        task: &Verwijzing,
        resource: &Value,
        definition: &str,
        activity: &Value,
    ) -> Result<String, Mislukt> {
        let reference = |at: &str| resource.pointer(at).and_then(Value::as_str);
        let patient = reference("/for/reference");
        let who = reference("/owner/reference").or(patient);
        let who = who.ok_or(Mislukt("the task is nobody's"))?;
        let module = extension_reference(activity, "/resource-origin");
        let now = self.portaal.app.clock.now();
        let mut claims = json!({
            "iss": self.portaal.client_id,
            "aud": module.ok_or(Mislukt("the activity has no origin"))?,
            "sub": who,
            "resource": task,
            "definition": definition,
            "intent": "order",
            "iat": now.unix(),
            "exp": now.plus_s(LAUNCH_S).unix(),
            "jti": chance::entropy().uuid("portaal.launch"),
        });
        if let Some(patient) = patient.filter(|patient| *patient != who) {
            claims["patient"] = json!(patient);
        }
        self.portaal.sign(&claims)
    }

    /// The task that a form of our own page, in this browser, names.
    fn chosen(&self, visit: &Visit) -> Option<Verwijzing> {
        let form = visit.form().ok()?;
        let (browser, token) = (visit.cookie(BROWSER)?, form.get("formulier")?);
        let seal = &self.portaal.app.seal;
        let is_ours = seal.is_form_token(OPENEN, browser, token) && visit.is_from(&self.front);
        let task = Verwijzing::parse(&format!("Task/{}", form.get("taak")?));
        task.filter(|_| is_ours)
    }

    fn mislukt(&self, visit: &Visit, Mislukt(reason): Mislukt) -> Response {
        let app = &self.portaal.app;
        app.refused(visit.trace, "koppeltaal.md §4.3", reason);
        web::show(503, visit, Brand::Portaal, &[], &PortaalFout)
    }
}

/// What people call a resource: a person's name, or an activity's title.
fn name_of(resource: &Value) -> String {
    let name = resource.pointer("/name/0/text").and_then(Value::as_str);
    name.or_else(|| text(resource, "title"))
        .unwrap_or_default()
        .to_owned()
}

/// Whether a launch may go there: by TLS, or to a module on this machine.
fn is_safe(address: &str) -> bool {
    let local = ["http://localhost:", "http://127.0.0.1:"];
    address.starts_with("https://") || local.iter().any(|here| address.starts_with(here))
}

/// The tasks.
async fn start(State(role): State<Arc<PortaalRole>>, visit: Visit) -> Response {
    let taken = match role.taken().await {
        Ok(taken) => taken,
        Err(mislukt) => return role.mislukt(&visit, mislukt),
    };
    let browser = visit.cookie(BROWSER).map(str::to_owned);
    let is_new = browser.is_none();
    let fresh = || jose::b64::encode(chance::entropy().bytes::<16>("portaal.browser"));
    let browser = browser.unwrap_or_else(fresh);
    let formulier = role.portaal.app.seal.form_token(OPENEN, &browser);
    let page = PortaalStart { taken, formulier };
    let response = web::show(200, &visit, Brand::Portaal, &[], &page);
    if is_new {
        let cookie = web::set_cookie(BROWSER, &browser, BROWSER_S);
        return web::with(response, cookie);
    }
    response
}

/// The person wants to open one: a form that leads to the module.
async fn openen(State(role): State<Arc<PortaalRole>>, visit: Visit) -> Response {
    let Some(task) = role.chosen(&visit) else {
        return role.mislukt(&visit, Mislukt("a form that is not of this page"));
    };
    match role.launch(&task).await {
        Ok(page) => {
            let module = web::origin(&page.action);
            let onward = role.next_origins.iter().map(String::as_str);
            let onward: Vec<&str> = onward.chain([module.as_str()]).collect();
            web::show(200, &visit, Brand::Portaal, &onward, &page)
        }
        Err(mislukt) => role.mislukt(&visit, mislukt),
    }
}

async fn jwks(State(role): State<Arc<PortaalRole>>) -> Response {
    keys_of(&role.portaal)
}

async fn epd_jwks(State(role): State<Arc<PortaalRole>>) -> Response {
    keys_of(&role.epd)
}

/// The public keys of an application.
fn keys_of(applicatie: &Applicatie) -> Response {
    match applicatie.jwks() {
        Some(keys) => web::json(200, &keys),
        None => web::unavailable(),
    }
}
