//! Koppeltaal 2.0: the authorization service of every domain, and what stands beside it
//! (koppeltaal.md §1.1). Everything is under `/api/v1/<DOMEIN>/` (TOP-KT-018).

mod beheer;
mod device;
mod discovery;
mod domeinen;
mod fhir;
mod idps;
mod introspect;
mod launch;
mod outbox;
mod sleutels;
mod systeem;
mod token;
mod zicht;

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::response::Response;
use axum::routing::{get, post};
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use jose::Remembered;
use koppeltaal::Domein;
use koppeltaal::client_assertion::{ProvenApplicatie, Shown};
use koppeltaal::domeinconfiguratie::Regels;
use protocol::assertion::Receiver;
use protocol::not_before::NotBefore;
use protocol::refusal::{ErrorCode, Refusal};
use protocol::wire::Parameters;
use serde_json::json;

use self::device::Devices;
use self::domeinen::Domeinen;
use self::idps::Idps;
use self::outbox::Outbox;
use self::sleutels::{NoKeys, Sleutels};
use crate::app::App;
use crate::keys;
use crate::pages::Brand;
use crate::settle::Outage;
use crate::web::{self, Visit};

pub use domeinen::DomeinNu;

/// Tokens that are remembered, at most: beyond any number of applications that are busy at a time.
const REMEMBERED_MAX: usize = 10_000;

/// Everything that the roles of Koppeltaal need.
pub struct KoppeltaalRole {
    app: Arc<App>,
    domeinen: Domeinen,
    sleutels: Sleutels,
    devices: Devices,
    fhir: fhir::Gateway,
    idps: Idps,
    outbox: Outbox,
    /// Our own tokens that were shown at the gateway or for introspection.
    remembered: Remembered,
}

impl KoppeltaalRole {
    /// What it needs keys for, beside what everybody does.
    pub const PURPOSES: [keys::Purpose; 2] = [keys::Purpose::Tokens, keys::Purpose::IdTokens];

    /// The role at `base`, a URL without a slash at its end. Declarations of domains are read by
    /// `regels`.
    ///
    /// # Errors
    /// [`Outage`] when the domains cannot be read.
    pub async fn new(app: Arc<App>, base: &str, regels: Regels) -> Result<Arc<Self>, Outage> {
        let role = Self {
            domeinen: Domeinen::new(base, regels),
            sleutels: Sleutels::default(),
            devices: Devices::default(),
            fhir: fhir::Gateway::default(),
            idps: Idps::default(),
            outbox: Outbox::default(),
            remembered: Remembered::new(REMEMBERED_MAX),
            app,
        };
        role.domeinen.refresh(&role.app).await?;
        Ok(Arc::new(role))
    }

    /// What answers at its host.
    pub fn router(self: &Arc<Self>) -> Router {
        let domein = fhir::routes()
            .merge(launch::routes())
            .route("/oauth2/token", post(token::token))
            .route("/oauth2/introspect", post(introspect::introspect))
            .route("/oauth2/jwks", get(discovery::jwks))
            .route(
                "/oauth2/.well-known/openid-configuration",
                get(discovery::openid_configuration),
            )
            .route(
                "/oauth2/.well-known/smart-configuration",
                get(discovery::smart_configuration),
            )
            .nest("/beheer", beheer::routes())
            .route(
                "/fhir/r4/.well-known/smart-configuration",
                get(discovery::smart_configuration),
            );
        let router = Router::new()
            .nest("/api/v1/{domein}", domein)
            .merge(beheer::bladzijden());
        web::with_pages(router, Brand::Koppeltaal).with_state(Arc::clone(self))
    }

    /// Looks for changes of the domains, by whichever node, and sends what waits in the outbox, for as
    /// long as it is served.
    pub async fn keep_fresh(self: Arc<Self>) {
        tokio::join!(self.domeinen.keep_fresh(&self.app), self.send_events());
    }

    /// The domain of a path.
    fn domein(&self, InPath(name): &InPath) -> Option<Arc<DomeinNu>> {
        self.domeinen.now(&Domein::parse(name).ok()?)
    }

    /// Proves the application behind a request (koppeltaal.md §1.5), which has its Device (koppeltaal
    /// case 117). What is granted burns the proof in its commit.
    ///
    /// # Errors
    /// `invalid_client`; the same for whatever is wrong.
    async fn prove(
        &self,
        domein: &DomeinNu,
        visit: &Visit,
        form: &Parameters,
        audience: &[&str],
    ) -> Result<ProvenApplicatie, Refusal> {
        let shown = Shown::read(form, visit.has_authorization())?;
        let applicatie = shown.applicatie(&domein.configuratie)?;
        let by_one_of = |keys: &jose::Jwks| shown.is_by_one_of(keys);
        let url = &applicatie.jwks_uri;
        let keys = self.sleutels.keys(&self.app, url, by_one_of).await;
        let keys = keys.map_err(|NoKeys(reason)| {
            // koppeltaal case 34
            Refusal::new(ErrorCode::InvalidClient, "koppeltaal case 34", reason)
        })?;
        let receiver = Receiver {
            audience,
            now: self.app.clock.now(),
        };
        let proven = shown.prove(&keys, &receiver)?;
        proven.with(self.device(domein, proven.client_id()).await)
    }

    /// Before when nothing counts that the domain issued to this client (koppeltaal.md §2.7).
    fn not_before(&self, domein: &DomeinNu, client_id: &str) -> NotBefore {
        let held = self.app.keys.not_before();
        let of_domain = held.of_domain(domein.configuratie.domein.as_str());
        held.of(&domein.urls.issuer(), client_id)
            .or_later(of_domain)
    }
}

/// The name of a domain as it stands in a path: one that cannot be read names none.
struct InPath(String);

impl<S: Send + Sync> FromRequestParts<S> for InPath {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let name = Path::<String>::from_request_parts(parts, state).await;
        Ok(Self(name.map_or_else(|_| String::new(), |Path(name)| name)))
    }
}

/// There is no such domain.
fn no_domain() -> Response {
    web::json(404, &json!({ "error": "not_found" }))
}

/// A document that anybody may read from anywhere, and keep for a while.
fn public(response: Response) -> Response {
    const HEADERS: [(HeaderName, &str); 2] = [
        (CACHE_CONTROL, "public, max-age=60"),
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    let with =
        |response, (name, value)| web::with(response, (name, HeaderValue::from_static(value)));
    HEADERS.into_iter().fold(response, with)
}
