//! The simulator that stands in for DigiD (digid.md §2, §3 and §6): an identity provider whose
//! people do not exist, and whose level and outcome the visitor picks.
//!
//! Like DigiD it has two hosts. At the front one browsers bring requests and people log in; at the
//! back one service providers exchange artifacts for answers, over mutual TLS.
//!
//! A login under way is an encrypted cookie of the browser ([`login`]); at its [`end`] the answer
//! behind an artifact is a row that is used once ([`answer`]). What a login leaves is a [`session`],
//! which serves the next service if the person wants it to ([`single_sign_on`]), and which a
//! [`logout`] ends.

mod answer;
mod back;
mod end;
mod entrance;
mod front;
mod login;
mod logout;
mod session;
mod single_sign_on;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use saml::incoming::{IdentityProvider, NotFound};
use saml::keys::{KeyInfo, SigningKey};
use saml::metadata::{ArtifactResolutionService, IdpMetadata, SpMetadata};
use saml::signature::{CannotSign, SignatureFault};

use crate::app::App;
use crate::certificates::Identity;
use crate::digid::{Misconfigured, Remembered, signing_key};
use crate::pages::Brand;
use crate::web;

pub use entrance::{BVD, Dienst};

/// Where a service provider's metadata comes from.
pub use crate::digid::MetadataSource as SpSource;
/// Somebody who can log in.
pub use crate::pages::Testpersoon as Person;
/// Somebody whom a person may represent.
pub use crate::pages::{Grond, Vertegenwoordigde};

/// The endpoint index of every artifact (digid.md §2.4).
const ENDPOINT_INDEX: u16 = 0;

/// The paths of DigiD 3.x (digid.md §2.1).
const REQUEST_AUTHENTICATION: &str = "/saml/idp/request_authentication";
const REQUEST_LOGOUT: &str = "/saml/idp/request_logout";
const METADATA: &str = "/saml/idp/metadata";
const RESOLVE_ARTIFACT: &str = "/saml/idp/resolve_artifact";
const INLOGGEN: &str = "/inloggen";
/// The page of the BVD.
const VERTEGENWOORDIGEN: &str = "/vertegenwoordigen";

/// The paths of DigiD 4.x (digid.md §3.1).
const ENTRANCE: &str = "/saml/v4/entrance/request_authentication";
const ENTRANCE_METADATA: &str = "/saml/v4/entrance/metadata";
const ENTRANCE_LOGOUT: &str = "/saml/v4/entrance/request_logout";
const ENTRANCE_RESOLVE: &str = "/saml/v4/entrance/resolve_artifact";
/// The page of a logout; without a request it is that of the person's own session.
const UITLOGGEN: &str = "/uitloggen";

/// What the simulator is given.
pub struct DigidGiven {
    /// Origin of the host that browsers visit.
    pub front_url: String,
    /// Origin of the host for the back channel.
    pub back_url: String,
    /// The services at which people may log in.
    pub sps: Vec<SpSource>,
    /// The services of 4.x.
    pub diensten: Vec<Dienst>,
    /// Everybody who can log in.
    pub people: Vec<Person>,
    /// Origins through which the browser goes on from a service's consumer service: browsers hold a
    /// form's policy against every redirect that follows.
    pub next_origins: Vec<String>,
    /// Whether the services may hear of level Substantieel (digid case 21).
    pub has_substantieel: bool,
    /// The RSA key that signs, as [`saml_signing`](crate::certificates::saml_signing) makes.
    pub signing: Identity,
}

/// The simulator.
pub struct DigidRole {
    app: Arc<App>,
    front_url: String,
    back_url: String,
    /// The name in `Issuer` and in artifacts: the URL of the metadata.
    entity_id: String,
    sps: Vec<Remembered<SpMetadata>>,
    diensten: Vec<Dienst>,
    people: Vec<Person>,
    next_origins: Vec<String>,
    has_substantieel: bool,
    key: SigningKey,
}

impl DigidRole {
    /// Reads key and metadata.
    ///
    /// # Errors
    /// [`Misconfigured`] when the key cannot sign SAML or a given document is no metadata.
    pub fn open(app: Arc<App>, given: DigidGiven) -> Result<Arc<Self>, Misconfigured> {
        let sps = given.sps.into_iter();
        let sps = sps.map(|source| Remembered::new(source, SpMetadata::parse));
        Ok(Arc::new(Self {
            app,
            entity_id: format!("{}{METADATA}", given.front_url),
            front_url: given.front_url,
            back_url: given.back_url,
            sps: sps.collect::<Result<_, _>>()?,
            diensten: given.diensten,
            people: given.people,
            next_origins: given.next_origins,
            has_substantieel: given.has_substantieel,
            key: signing_key(&given.signing, KeyInfo::KeyName)?, // digid.md 2.1
        }))
    }

    /// What answers at the front host.
    pub fn front(self: &Arc<Self>) -> Router {
        let requests = get(front::redirected_request).post(front::posted_request);
        let logouts = get(logout::redirected_request).post(logout::posted_request);
        let router = Router::new()
            .route(REQUEST_AUTHENTICATION, requests)
            .route(REQUEST_LOGOUT, logouts)
            .route(UITLOGGEN, get(logout::choose).post(logout::chosen))
            .route(INLOGGEN, get(front::choose).post(front::chosen))
            .route(METADATA, get(front::metadata))
            .route(ENTRANCE, post(entrance::posted_request))
            .route(ENTRANCE_LOGOUT, post(entrance::posted_logout))
            .route(ENTRANCE_METADATA, get(entrance::metadata))
            .route(
                VERTEGENWOORDIGEN,
                get(entrance::choose).post(entrance::chosen),
            );
        web::with_pages(router, Brand::DigidSimulator).with_state(Arc::clone(self))
    }

    /// What answers at the back host. The site demands a client certificate (digid case 16).
    pub fn back(self: &Arc<Self>) -> Router {
        Router::new()
            .route(RESOLVE_ARTIFACT, post(back::resolve_artifact))
            .route(ENTRANCE_RESOLVE, post(entrance::resolve_artifact))
            .with_state(Arc::clone(self))
    }

    /// The metadata, signed.
    fn metadata(&self, id: &str) -> Result<String, CannotSign> {
        let metadata = IdpMetadata {
            entity_id: self.entity_id.clone(),
            sso_redirect: Some(self.sso_url()),
            sso_post: Some(self.sso_url()),
            slo_redirect: Some(self.slo_url()),
            slo_post: Some(self.slo_url()),
            artifact_resolution: vec![ArtifactResolutionService {
                index: ENDPOINT_INDEX,
                url: self.resolve_url(),
            }],
            signing: vec![self.key.certificate().clone()],
        };
        metadata.to_xml(id, &self.key)
    }

    /// The metadata of the entrance of 4.x, signed: POST only (digid.md §3.1).
    fn entrance_metadata(&self, id: &str) -> Result<String, CannotSign> {
        let metadata = IdpMetadata {
            entity_id: entrance::TD.to_owned(),
            sso_redirect: None,
            sso_post: Some(self.entrance_url()),
            slo_redirect: None,
            slo_post: Some(self.entrance_logout_url()),
            artifact_resolution: vec![ArtifactResolutionService {
                index: ENDPOINT_INDEX,
                url: self.entrance_resolve_url(),
            }],
            signing: vec![self.key.certificate().clone()],
        };
        metadata.to_xml(id, &self.key)
    }

    fn entrance_url(&self) -> String {
        format!("{}{ENTRANCE}", self.front_url)
    }

    fn entrance_logout_url(&self) -> String {
        format!("{}{ENTRANCE_LOGOUT}", self.front_url)
    }

    fn entrance_resolve_url(&self) -> String {
        format!("{}{ENTRANCE_RESOLVE}", self.back_url)
    }

    /// Who makes the artifact for whoever asked: the entrance for services of 4.x.
    fn maker_for(&self, asker: &login::Asker) -> &str {
        match asker.service_uuid {
            Some(_) => entrance::TD,
            None => &self.entity_id,
        }
    }

    fn sso_url(&self) -> String {
        format!("{}{REQUEST_AUTHENTICATION}", self.front_url)
    }

    fn slo_url(&self) -> String {
        format!("{}{REQUEST_LOGOUT}", self.front_url)
    }

    fn resolve_url(&self) -> String {
        format!("{}{RESOLVE_ARTIFACT}", self.back_url)
    }

    /// Judges a message that arrived at `url` by the metadata of whoever may send one. While it is from
    /// nobody known, or signed with no known key, services are asked for theirs, one after the other: one
    /// that does not answer holds up no login at those before it.
    async fn judged<T, R>(
        &self,
        url: &str,
        judge: impl Fn(IdentityProvider<'_>) -> Result<T, R> + Sync,
        not_found: impl Fn(&R) -> Option<NotFound> + Sync,
    ) -> Result<T, R> {
        let mut known = self.held_service_providers().await;
        let judge = |service_providers: &[SpMetadata]| {
            judge(IdentityProvider {
                url,
                service_providers,
            })
        };
        let is_settled = |judged: &Result<T, R>| match judged {
            Ok(_) => true,
            Err(refusal) => !not_found(refusal).is_some_and(may_be_new),
        };
        let mut judged = judge(&known);
        for age in [Age::Usual, Age::Anew] {
            for sp in &self.sps {
                if is_settled(&judged) {
                    return judged;
                }
                let metadata = match age {
                    Age::Usual => sp.get(&self.app).await,
                    Age::Anew => sp.anew(&self.app).await,
                };
                if let Ok(metadata) = metadata {
                    known.retain(|known| known.entity_id != metadata.entity_id);
                    known.push(SpMetadata::clone(&metadata));
                    judged = judge(&known);
                }
            }
        }
        judged
    }

    /// The metadata of the services that can be had. A service whose metadata cannot be had is
    /// unknown for that long.
    async fn service_providers(&self) -> Vec<SpMetadata> {
        let mut known = Vec::with_capacity(self.sps.len());
        for sp in &self.sps {
            let metadata = sp.get(&self.app).await;
            known.extend(metadata.map(|metadata| SpMetadata::clone(&metadata)));
        }
        known
    }

    /// The metadata of the services that need not be fetched.
    async fn held_service_providers(&self) -> Vec<SpMetadata> {
        let mut known = Vec::with_capacity(self.sps.len());
        for sp in &self.sps {
            let held = sp.held(&self.app).await;
            known.extend(held.map(|metadata| SpMetadata::clone(&metadata)));
        }
        known
    }
}

/// How old metadata may be.
#[derive(Clone, Copy)]
enum Age {
    Usual,
    Anew,
}

/// Whether newer metadata may bring the sender or the key that is missing.
const fn may_be_new(why: NotFound) -> bool {
    matches!(
        why,
        NotFound::UnknownIssuer | NotFound::Signature(SignatureFault::Value)
    )
}

/// The requirement behind a 404 for a message with a bad signature: digid case 4 at the front, 15
/// at the back.
const fn requirement(why: NotFound, bad_signature: &'static str) -> &'static str {
    match why {
        NotFound::UnknownIssuer => "digid case 5",
        NotFound::Signature(_) => bad_signature,
        NotFound::Unreadable(_) | NotFound::Query(_) | NotFound::NotTheMessage => "digid.md 2.6",
    }
}
