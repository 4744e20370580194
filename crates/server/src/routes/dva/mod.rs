//! A Dienstverlener aanbieder: its Discovery server (steps 21, 22), Authorization server (23–28) and
//! Resource server (29, 30).

mod alike;
mod ask;
mod medmij;
mod resource;
mod token;
mod whitelist;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use identity::Zorgaanbiedernaam;
use mitz::discovery::{self, Endpoints};
use mitz::dva::DvaServer;
use protocol::client::Clients;
use protocol::wire::Parameters;
use serde_json::json;

use self::alike::Alike;
use self::medmij::RequestIds;
pub use self::medmij::{LeftOpen, Medmij, Vormen};

use crate::app::App;
use crate::jwks::JwksCache;
use crate::keys::Purpose;
use crate::lists::Lists;
use crate::web::{self, Visit};

/// How far Mitz' clock and ours may differ, in seconds (mitz.md §2.5).
const LEEWAY_S: u32 = 60;

/// Where others of the chain are reached.
#[derive(Clone, Debug)]
pub struct DvaUrls {
    /// Public keys of Mitz.
    pub mitz_jwks: String,
    /// The consent question of Mitz.
    pub consent_introspect: String,
    /// The record systems of its providers.
    pub xis: String,
}

/// Everything that the roles of a DVA need.
pub struct DvaRole {
    app: Arc<App>,
    dva: DvaServer,
    endpoints: Endpoints,
    urls: DvaUrls,
    clients: Clients,
    lists: Arc<Lists>,
    medmij: Option<Medmij>,
    request_ids: RequestIds,
    alike: Alike,
    mitz_keys: JwksCache,
}

/// What a DVA is given at its start.
pub struct DvaGiven {
    /// Its providers and switches.
    pub dva: DvaServer,
    /// Where it serves.
    pub endpoints: Endpoints,
    /// Where others serve.
    pub urls: DvaUrls,
    /// How DVPs prove who they are.
    pub clients: Clients,
    /// The lists of MedMij.
    pub lists: Arc<Lists>,
    /// What MedMij's own interfaces need; without it the DVA serves the chain with Mitz alone.
    pub medmij: Option<Medmij>,
}

impl DvaRole {
    /// What it needs keys for, beside what everybody does.
    pub const PURPOSES: [Purpose; 3] = [
        Purpose::Persons,
        Purpose::AccessTokens,
        Purpose::Introspection,
    ];

    /// The role of a party that has keys for [`Self::PURPOSES`].
    pub fn new(app: Arc<App>, given: DvaGiven) -> Arc<Self> {
        Arc::new(Self {
            app,
            dva: given.dva,
            endpoints: given.endpoints,
            urls: given.urls,
            clients: given.clients,
            lists: given.lists,
            medmij: given.medmij,
            request_ids: RequestIds::default(),
            alike: Alike::default(),
            mitz_keys: JwksCache::default(),
        })
    }

    /// What answers at the front host: what anybody may read.
    pub fn front(self: &Arc<Self>) -> Router {
        let router = Router::new()
            .route("/jwks", get(jwks))
            .route("/.well-known/oauth-authorization-server", get(metadata))
            .with_state(Arc::clone(self));
        match self.medmij {
            Some(_) => router.merge(medmij::front(self)),
            None => router,
        }
    }

    /// What answers at the discovery host.
    pub fn discovery(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/.well-known/oauth-authorization-server", get(discover))
            .with_state(Arc::clone(self))
    }

    /// What answers at the back host, to who stands on the Whitelist.
    pub fn back(self: &Arc<Self>) -> Router {
        Router::new()
            .route(
                "/token",
                post(token::token)
                    .get(medmij::vormen::by_get)
                    .fallback(medmij::vormen::other_method),
            )
            .route(
                "/resource/{ura}/{dienst}/fhir/{type}",
                get(resource::resource).post(medmij::delen::plaatsen),
            )
            .layer(from_fn_with_state(Arc::clone(self), whitelist::before))
            .with_state(Arc::clone(self))
    }
}

/// What holds for every provider of the DVA, where its issuer says it stands (RFC 8414 §3).
async fn metadata(State(role): State<Arc<DvaRole>>) -> Response {
    web::json(200, &discovery::metadata(&role.dva, &role.endpoints))
}

/// Public keys, for those who encrypt for this DVA.
async fn jwks(State(role): State<Arc<DvaRole>>) -> Response {
    match role.app.keys.set().introspection() {
        Ok(introspection) => web::json(200, &introspection.published().to_json()),
        Err(_) => web::unavailable(),
    }
}

// ── Steps 21 and 22 ─────────────────────────────────────────────────────────────────────────────

async fn discover(State(role): State<Arc<DvaRole>>, visit: Visit) -> Response {
    let app = &role.app;
    let query = visit.query().unwrap_or_default();
    let naam = query.get("zorgaanbiedernaam").unwrap_or_default();
    let naam = Zorgaanbiedernaam::parse(naam).ok();
    let document = naam.and_then(|naam| discovery::document(&role.dva, &role.endpoints, &naam));
    let peer = visit.peer_name();
    if let Some(document) = document {
        app.turn(visit.trace, role.at(&query))
            .saw(21, peer, "question for endpoints");
        web::json(200, &document)
    } else {
        app.saw_fail(21, visit.trace, peer, "the provider is none of this DVA");
        app.refused(
            visit.trace,
            "mitz case 34",
            "the provider is none of this DVA",
        );
        web::json(404, &json!({ "error": "not_found" }))
    }
}

impl DvaRole {
    /// The URA of the provider that a query names, for the observer.
    fn at(&self, query: &Parameters) -> Option<String> {
        let naam = Zorgaanbiedernaam::parse(query.get("zorgaanbiedernaam")?).ok()?;
        Some(self.dva.aanbieders.get(&naam)?.ura.to_string())
    }
}
