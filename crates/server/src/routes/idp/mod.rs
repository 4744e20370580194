//! The identity provider of the demo's launches: a small OpenID Connect provider whose people do not
//! exist, and who are chosen on a page (TOP-KT-023, IAM 002).
//!
//! It knows one client, the authorization service of Koppeltaal, which proves itself by
//! `private_key_jwt` with the keys of its domain. A login under way is an encrypted cookie of the
//! browser; its end is a code ([`code`]) that is exchanged once.

mod code;
mod front;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use jose::Algorithm;
use protocol::assertion::{ALGORITHMS, ClientKeys};
use protocol::client::{Authentication, Client, Clients};
use serde_json::{Value, json};

use crate::app::App;
use crate::jwks::{JwksCache, NoKeys};
use crate::keys;
use crate::pages::Brand;
use crate::web;

/// Somebody who can log in.
pub use crate::pages::IdpPersoon;

/// The page of a login.
const INLOGGEN: &str = "/inloggen";
/// With what ID tokens are signed.
const SIGNING: Algorithm = Algorithm::Es256;

/// What the provider is given.
pub struct IdpGiven {
    /// Origin of its host; also its issuer.
    pub front: String,
    /// Who the authorization service is here.
    pub client_id: String,
    /// What people read of it.
    pub client_name: String,
    /// Where its keys are.
    pub client_jwks: String,
    /// Where its codes go.
    pub redirect_uris: Vec<String>,
    /// Everybody who can log in.
    pub people: Vec<IdpPersoon>,
    /// Origins through which the browser goes on from there: browsers hold a form's policy against
    /// every redirect that follows.
    pub next_origins: Vec<String>,
}

/// The provider.
pub struct IdpRole {
    app: Arc<App>,
    given: IdpGiven,
    client_keys: JwksCache,
}

impl IdpRole {
    /// What it needs keys for, beside what everybody does.
    pub const PURPOSES: [keys::Purpose; 1] = [keys::Purpose::Tokens];

    /// The role of a party that has keys for [`Self::PURPOSES`].
    pub fn new(app: Arc<App>, given: IdpGiven) -> Arc<Self> {
        Arc::new(Self {
            app,
            given,
            client_keys: JwksCache::default(),
        })
    }

    /// What answers at its host.
    pub fn router(self: &Arc<Self>) -> Router {
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(front::metadata))
            .route("/jwks", get(front::jwks))
            .route(
                "/authorize",
                get(front::authorize).post(front::authorize_post),
            )
            .route(INLOGGEN, get(front::choose).post(front::chosen))
            .route("/token", post(token::token));
        web::with_pages(router, Brand::Idp).with_state(Arc::clone(self))
    }

    /// The registration, with the client's keys as they are now.
    async fn clients(&self) -> Result<Clients, NoKeys> {
        let url = &self.given.client_jwks;
        let keys = self.client_keys.keys(&self.app, url).await?;
        let keys = ClientKeys::new(keys.as_ref().clone(), &ALGORITHMS).ok_or(NoKeys)?;
        let client = Client {
            client_id: self.given.client_id.clone(),
            organisatienaam: self.given.client_name.clone(),
            authentication: Authentication::PrivateKeyJwt(keys),
            redirect_uris: self.given.redirect_uris.clone(),
        };
        Ok(std::iter::once(client).collect())
    }

    /// OpenID Connect Discovery 1.0 §3.
    fn metadata(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.given.front);
        json!({
            "issuer": self.given.front,
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "jwks_uri": at("/jwks"),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "scopes_supported": ["openid"],
            "claims_supported": ["sub", "email", "email_verified"],
            "id_token_signing_alg_values_supported": [SIGNING.name()],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS.map(Algorithm::name),
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        })
    }
}
