//! The PGO: a DVP's server with pages for one person: by the chain with Mitz (steps 1, 2, 7–11, 19–23, 28–30),
//! and at a DVA itself ([`rechtstreeks`]).

mod collect;
mod dossier;
mod overzicht;
mod pages_of;
mod rechtstreeks;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use fhir::Gegevensdienst;
use identity::{GegevensdienstId, Zorgaanbiedernaam};
use serde::Deserialize;
use tokio::sync::{Mutex, OnceCell};

use crate::app::App;
use crate::door::TraceId;
use crate::jwks::JwksCache;
use crate::lists::Lists;
use crate::outside::{Headers, OutsideError};
use crate::pages::Brand;
use crate::web::{self, get_once};

/// What a PGO knows before anybody comes.
#[derive(Clone, Debug)]
pub struct PgoConfig {
    /// Its client id: the host name of its node.
    pub client_id: String,
    /// Where people find it.
    pub front: String,
    /// The issuer of Mitz.
    pub mitz: String,
    /// Where people see and withdraw consents.
    pub toestemmingen: String,
    /// The origins that a login passes, for the policy of the page that starts it.
    pub login_origins: Vec<String>,
    /// The providers that a person can choose, with their names for people.
    pub aanbieders: BTreeMap<Zorgaanbiedernaam, String>,
    /// Names for people of providers by URA, for what cannot be found in the lists.
    pub namen: BTreeMap<identity::Ura, String>,
    /// What each gegevensdienst collects.
    pub gegevensdiensten: BTreeMap<GegevensdienstId, Gegevensdienst>,
}

/// Everything that the PGO needs.
pub struct PgoRole {
    app: Arc<App>,
    config: PgoConfig,
    lists: Arc<Lists>,
    mitz_keys: JwksCache,
    provider: OnceCell<Provider>,
    /// Held while a dossier is refreshed; dossiers share them by their id, so that there is no end of
    /// them.
    collecting: [Mutex<()>; 64],
}

/// What the PGO reads in the metadata of Mitz (RFC 8414, RFC 8705 §5).
#[derive(Clone, Debug, Deserialize)]
struct Provider {
    issuer: String,
    authorization_endpoint: String,
    jwks_uri: String,
    mtls_endpoint_aliases: Aliases,
}

#[derive(Clone, Debug, Deserialize)]
struct Aliases {
    token_endpoint: String,
    userinfo_endpoint: String,
}

impl PgoRole {
    /// A PGO with these lists.
    pub fn new(app: Arc<App>, config: PgoConfig, lists: Arc<Lists>) -> Arc<Self> {
        Arc::new(Self {
            app,
            config,
            lists,
            mitz_keys: JwksCache::default(),
            provider: OnceCell::new(),
            collecting: std::array::from_fn(|_| Mutex::new(())),
        })
    }

    /// What answers at the PGO's host.
    pub fn front(self: &Arc<Self>) -> Router {
        let router = Router::new()
            .route("/", get(pages_of::start))
            .route("/verzamelen", post(pages_of::verzamelen))
            .route("/callback", get_once(pages_of::callback))
            .route("/resultaat", get(pages_of::resultaat))
            .route("/melding", get(pages_of::melding))
            .route("/ontkoppelen", post(pages_of::ontkoppelen));
        let router = rechtstreeks::routes(router);
        web::with_pages(router, Brand::Pgo).with_state(Arc::clone(self))
    }

    fn redirect_uri(&self) -> String {
        format!("{}/callback", self.config.front)
    }

    /// The metadata of Mitz, fetched once; its issuer must be the one we were told (RFC 8414 §3.3).
    async fn provider(&self, trace: TraceId) -> Option<&Provider> {
        let fetch = || async {
            let url = format!("{}/.well-known/openid-configuration", self.config.mitz);
            let headers = Headers::none().correlation_id(trace);
            let answer = self.app.outside.get(&url, headers).await;
            let answer =
                answer.map_err(|error| self.unanswered(trace, "seed 000 step 2", &error))?;
            let refused = |reason| self.app.refused(trace, "RFC 8414 §3.3", reason);
            let provider: Provider = serde_json::from_slice(&answer.body)
                .map_err(|_| refused("the metadata of Mitz is unreadable"))?;
            if provider.issuer != self.config.mitz {
                refused("the metadata of Mitz is of another issuer");
                return Err(());
            }
            Ok(provider)
        };
        self.provider.get_or_try_init(fetch).await.ok()
    }

    /// Tells the operator why a call brought no answer, under the step that it was for.
    fn unanswered(&self, trace: TraceId, step: &str, error: &OutsideError) {
        self.app.refused(trace, step, &error.to_string());
    }
}
