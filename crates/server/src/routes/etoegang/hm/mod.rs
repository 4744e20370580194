//! The HM (herkenningsmakelaar): OpenID provider of native apps, relying party of ADs, and who asks an MR
//! (etoegang.md §4).
//!
//! Read [`front`], then [`terug`]: a login. Then [`token`]: what comes of it, and GUC9.

mod front;
mod herroepen;
mod intrekken;
mod terug;
mod token;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use etoegang::dienstencatalogus::Dienstencatalogus;
use etoegang::dv_hm::{DvApps, Hm};
use etoegang::hm_ad::Authenticatiedienst;
use etoegang::hm_mr::Register;
use identity::{EntityId, ServiceId};
use serde_json::{Value, json};

use super::{Deelnemer, VERSIE};
use crate::app::App;
use crate::input::Dienstnaam;
use crate::jwks::{JwksCache, NoKeys};
use crate::keys;
use crate::pages::Brand;
use crate::settle::Outage;
use crate::web;

/// What the HM is given.
pub struct HmGiven {
    /// Origin of its host.
    pub front: String,
    /// Itself, as the rules know it.
    pub hm: Hm,
    /// The apps.
    pub apps: DvApps,
    /// The services.
    pub catalogus: Dienstencatalogus,
    /// What people call them.
    pub namen: BTreeMap<ServiceId, Dienstnaam>,
    /// The ADs that people can choose.
    pub ads: Vec<Deelnemer>,
    /// The registers that it asks.
    pub mrs: Vec<Deelnemer>,
}

/// The HM.
pub struct HmRole {
    app: Arc<App>,
    front: String,
    hm: Arc<Hm>,
    apps: DvApps,
    catalogus: Dienstencatalogus,
    namen: BTreeMap<ServiceId, Dienstnaam>,
    ads: Vec<Deelnemer>,
    mrs: Vec<Deelnemer>,
    keys: JwksCache,
}

impl HmRole {
    /// What it needs keys for, beside what everybody does: with the first it asks others, with the
    /// second it signs for apps and backends.
    pub const PURPOSES: [keys::Purpose; 2] = [keys::Purpose::Tokens, keys::Purpose::IdTokens];

    /// The role of a party that has keys for [`Self::PURPOSES`].
    pub fn new(app: Arc<App>, given: HmGiven) -> Arc<Self> {
        Arc::new(Self {
            app,
            front: given.front,
            hm: Arc::new(given.hm),
            apps: given.apps,
            catalogus: given.catalogus,
            namen: given.namen,
            ads: given.ads,
            mrs: given.mrs,
            keys: JwksCache::default(),
        })
    }

    /// What answers at its host.
    pub fn router(self: &Arc<Self>) -> Router {
        let at = |path: &str| format!("{VERSIE}{path}");
        let router = Router::new()
            .route(&at("/.well-known/openid-configuration"), get(metadata))
            .route(
                &format!("/.well-known/openid-configuration{VERSIE}"),
                get(metadata),
            )
            .route(
                &format!("/.well-known/oauth-authorization-server{VERSIE}"),
                get(metadata),
            )
            .route(&at("/jwks"), get(jwks))
            .route(
                &at("/authorize"),
                get(front::authorize).post(front::authorize_post),
            )
            .route(&at("/kiezen"), get(front::kiezen).post(front::gekozen))
            .route(&at("/ad/{number}"), web::get_once(terug::van_ad))
            .route(&at("/mr/{number}"), web::get_once(terug::van_mr))
            // etoegang case 25
            .route(&at("/token"), post(token::token))
            .route(&at("/revoke"), post(intrekken::revoke));
        web::with_pages(router, Brand::Hm).with_state(Arc::clone(self))
    }

    /// Works off what must be revoked at ADs, for as long as the party lives.
    pub async fn herroep(self: Arc<Self>) {
        herroepen::herroep(&self).await;
    }

    /// The redirect URI that this HM has for one AD alone (RFC 9700 §4.4.2); `number` counts from 0.
    fn ad_redirect_uri(&self, number: usize) -> String {
        ad_redirect_uri(&self.front, number)
    }

    /// The same for an MR.
    fn mr_redirect_uri(&self, number: usize) -> String {
        mr_redirect_uri(&self.front, number)
    }

    /// An AD as the rules know it, with its keys as they are now.
    async fn authenticatiedienst(&self, ad: &Deelnemer) -> Result<Authenticatiedienst, NoKeys> {
        let keys = self.keys.keys(&self.app, &ad.jwks()).await?;
        Ok(Authenticatiedienst {
            entity: ad.entity.clone(),
            issuer: ad.basis.clone(),
            keys: keys.as_ref().clone(),
            client_id: self.hm.entity.to_string(),
        })
    }

    /// A register as the rules know it, with its keys as they are now.
    async fn register(&self, mr: &Deelnemer) -> Result<Register, NoKeys> {
        let keys = self.keys.keys(&self.app, &mr.jwks()).await?;
        Ok(Register {
            entity: mr.entity.clone(),
            keys: keys.as_ref().clone(),
        })
    }

    fn ad(&self, entity: &EntityId) -> Option<&Deelnemer> {
        self.ads.iter().find(|ad| ad.entity == *entity)
    }

    fn mr(&self, entity: &EntityId) -> Option<&Deelnemer> {
        self.mrs.iter().find(|mr| mr.entity == *entity)
    }

    /// Signs for apps and backends (RS256, etoegang.md §4.5).
    fn sign(&self, typ: &str, claims: &impl serde::Serialize) -> Result<String, Outage> {
        let set = self.app.keys.set();
        Ok(set.id_tokens()?.current().sign(typ, claims)?)
    }

    /// OpenID Connect Discovery 1.0 §3 (etoegang case 81).
    fn metadata(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.hm.issuer);
        json!({
            "issuer": self.hm.issuer,
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "jwks_uri": at("/jwks"),
            "revocation_endpoint": at("/revoke"),
            "scopes_supported": ["openid"],
            "response_types_supported": ["code"],
            "grant_types_supported": etoegang::dv_hm::token::GRANT_TYPES,
            "subject_types_supported": ["pairwise"],
            "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        })
    }
}

/// See [`HmRole::ad_redirect_uri`].
pub fn ad_redirect_uri(front: &str, number: usize) -> String {
    format!("{front}{VERSIE}/ad/{}", number + 1)
}

/// See [`HmRole::mr_redirect_uri`].
pub fn mr_redirect_uri(front: &str, number: usize) -> String {
    format!("{front}{VERSIE}/mr/{}", number + 1)
}

async fn metadata(State(role): State<Arc<HmRole>>) -> Response {
    web::json(200, &role.metadata())
}

/// RFC 7517 §5: with what it signs for apps and backends, and with what it asks others.
async fn jwks(State(role): State<Arc<HmRole>>) -> Response {
    let set = role.app.keys.set();
    let published = || {
        let (tokens, id_tokens) = (set.tokens().ok()?, set.id_tokens().ok()?);
        let keys = [id_tokens.published(), tokens.published()];
        let keys = keys.into_iter().flat_map(|keys| keys.keys().to_vec());
        jose::Jwks::new(keys.collect()).ok()
    };
    published().map_or_else(web::unavailable, |keys| web::json(200, &keys.to_json()))
}
