//! The roles of Mitz: authorization server, consent register, and what they share.

mod afmelden;
mod back;
mod front;
mod register;
mod seed;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use identity::Bsn;
use jose::Algorithm;
use mitz::authorization_server::Mitz;
use mitz::toestemmingenregister::Toestemmingen;
use protocol::assertion::ALGORITHMS;
use protocol::client::METHODS;
use protocol::discovery::Provider;
use protocol::handle::Purpose;
use verdict::PersonTag;

use crate::app::App;
use crate::digid::ServiceProvider;
use crate::jwks::JwksCache;
use crate::keys;
use crate::pages::Brand;
use crate::settle::Outage;
use crate::web::{self, get_once};

/// The cookie that leads back to an aanmelding, at the authorization server.
const AANMELDING: Purpose = Purpose("mitz.aanmelding");
/// The algorithm of everything that Mitz signs.
const SIGNING: Algorithm = Algorithm::Es256;
/// The ticket with which a browser opens the register, once.
const TICKET: Purpose = Purpose("mitz.ticket");
/// The cookie that leads back to an aanmelding, at the register.
const REGISTER: Purpose = Purpose("mitz.register");
/// The cookie that leads back to an aanmelding that was decided, at the register.
const BESLOTEN: Purpose = Purpose("mitz.besloten");

/// Where the roles of Mitz and those around them are reached.
#[derive(Clone, Debug)]
pub struct MitzUrls {
    /// Front channel of the authorization server; also the issuer.
    pub front: String,
    /// Back channel, mutual TLS.
    pub back: String,
    /// The register's pages.
    pub register: String,
    /// The Lokalisatie server.
    pub lokalisatie: String,
    /// Where the login goes: its origin stands in the policy of pages that lead there.
    pub digid_origin: String,
}

/// Everything that the roles of Mitz need.
pub struct MitzRole {
    app: Arc<App>,
    mitz: Arc<Mitz>,
    urls: MitzUrls,
    digid: ServiceProvider,
    dva_keys: JwksCache,
}

impl MitzRole {
    /// What it needs keys for, beside what everybody does.
    pub const PURPOSES: [keys::Purpose; 4] = [
        keys::Purpose::Persons,
        keys::Purpose::Tokens,
        keys::Purpose::AccessTokens,
        keys::Purpose::Jti,
    ];

    /// The role of a party that has keys for [`Self::PURPOSES`].
    pub fn new(
        app: Arc<App>,
        mitz: Arc<Mitz>,
        urls: MitzUrls,
        digid: ServiceProvider,
    ) -> Arc<Self> {
        Arc::new(Self {
            app,
            mitz,
            urls,
            digid,
            dva_keys: JwksCache::default(),
        })
    }

    /// What answers at the front host.
    pub fn front(self: &Arc<Self>) -> Router {
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(front::metadata))
            .route(
                "/.well-known/oauth-authorization-server",
                get(front::metadata),
            )
            .route("/jwks", get(front::jwks))
            .route(
                "/authorize",
                get(front::authorize).post(front::authorize_post),
            )
            .route("/saml/metadata", get(front::saml_metadata))
            .route("/saml/acs", get_once(front::assertion_consumer))
            .route("/saml/slo", get(afmelden::single_logout))
            .route("/geannuleerd", get(front::geannuleerd))
            .route("/niet-ingelogd", get(front::niet_ingelogd))
            .route("/opnieuw", post(front::opnieuw))
            .route("/stoppen", post(front::stoppen))
            .route("/toestemming-terug", get_once(front::toestemming_terug))
            .route("/beheren", get_once(front::beheren));
        web::with_pages(router, Brand::Mitz).with_state(Arc::clone(self))
    }

    /// What answers at the back host.
    pub fn back(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/token", post(back::token))
            .route("/userinfo", get(back::userinfo).post(back::userinfo))
            .route("/consent-introspect", post(back::consent_introspect))
            .route("/saml/slo", post(afmelden::told_of_logout))
            .route(
                "/toestemmingen/opvragen",
                post(back::toestemmingen_opvragen),
            )
            .with_state(Arc::clone(self))
    }

    /// What answers at the register's host.
    pub fn register(self: &Arc<Self>) -> Router {
        let router = Router::new()
            .route("/", get(register::overzicht))
            .route("/openen", get_once(register::openen))
            .route(
                "/toestemming",
                get(register::toestemming).post(register::beslissen),
            )
            .route("/intrekken", post(register::intrekken))
            .route("/afmelden", post(afmelden::afmelden))
            .route("/afgemeld", get(afmelden::afgemeld));
        web::with_pages(router, Brand::Toestemmingen).with_state(Arc::clone(self))
    }

    /// The metadata, from the table that the endpoints obey.
    fn provider(&self) -> Provider {
        Provider {
            issuer: self.mitz.issuer.clone(),
            authorization_endpoint: format!("{}/authorize", self.urls.front),
            token_endpoint: self.token_endpoint(),
            userinfo_endpoint: format!("{}/userinfo", self.urls.back),
            jwks_uri: format!("{}/jwks", self.urls.front),
            scopes_supported: vec!["openid", "offline_access"],
            grant_types_supported: mitz::authorization_server::token::GRANT_TYPES.to_vec(),
            acr_values_supported: self.acr_values(),
            ui_locales_supported: crate::pages::Lang::ALL
                .map(crate::pages::Lang::code)
                .to_vec(),
            signing_alg: SIGNING.name(),
            token_endpoint_auth_methods_supported: METHODS.to_vec(),
            token_endpoint_auth_signing_alg_values_supported: ALGORITHMS
                .map(Algorithm::name)
                .to_vec(),
        }
    }

    fn token_endpoint(&self) -> String {
        format!("{}/token", self.urls.back)
    }

    /// The levels that will do, lowest first.
    fn acr_values(&self) -> Vec<String> {
        use identity::Loa;
        [Loa::Basis, Loa::Midden, Loa::Substantieel, Loa::Hoog]
            .into_iter()
            .filter(|level| *level >= self.mitz.min_level)
            .map(|level| mitz::authorization_server::acr(level).to_owned())
            .collect()
    }

    /// The name of a PGO as people know it.
    fn pgo_name(&self, client_id: &str) -> String {
        let client = self.mitz.clients.get(client_id);
        client.map_or_else(
            || client_id.to_owned(),
            |client| client.organisatienaam.clone(),
        )
    }

    async fn persoon(&self, bsn: &Bsn) -> Result<PersonTag, Outage> {
        self.app.person(bsn).await
    }

    /// What stands in the register for a person and a PGO.
    async fn toestemmingen(
        &self,
        persoon: PersonTag,
        client_id: &str,
    ) -> Result<Option<verdict::Stored<Toestemmingen>>, Outage> {
        let key = Toestemmingen::key(persoon, client_id);
        self.app.load(key, self.app.clock.now()).await
    }
}
