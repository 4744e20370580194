//! The HM (herkenningsmakelaar): OpenID provider of native apps, relying party of ADs, and who asks an MR
//! (etoegang.md §4.2 to §4.9).
//!
//! Read [`verzoek`], [`front`], then [`terug`]: a login. Then [`token`]: what comes of it, and GUC9.

mod front;
mod herroepen;
mod intrekken;
mod inzien;
mod registreren;
mod terug;
mod token;
mod verzoek;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use etoegang::discovery::{self, Aanbieder, Adressen, BEWAREN_S, Metagegevens};
use etoegang::dv_hm::{DvApps, Hm};
use etoegang::guc::guc9::KETEN_S_MAX;
use etoegang::hm_ad::Authenticatiedienst;
use etoegang::hm_mr::Register;
use etoegang::instellingen::Ondertekening;
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use identity::{EntityId, ServiceId};
use jose::jwe;
use serde::Serialize;

use super::sleutels::Sleutelbos;
use super::{Deelnemer, pad_in};
use crate::app::App;
use crate::catalogus::Catalogus;
use crate::input::Dienstnaam;
use crate::jwks::NoKeys;
use crate::keys::{self, Schedule};
use crate::pages::Brand;
use crate::settle::Outage;
use crate::web;

/// Seconds of a day.
const DAY_S: u32 = 86_400;

/// What the HM is given.
pub struct HmGiven {
    /// Origin of its host.
    pub front: String,
    /// Itself, as the rules know it.
    pub hm: Hm,
    /// The apps.
    pub apps: DvApps,
    /// The services.
    pub catalogus: Arc<Catalogus>,
    /// The DVs that may have apps here.
    pub dienstverleners: Vec<EntityId>,
    /// What people call services, where the catalogue does not say.
    pub namen: BTreeMap<ServiceId, Dienstnaam>,
    /// The ADs that people can choose.
    pub ads: Vec<Deelnemer>,
    /// The registers that it asks.
    pub mrs: Vec<Deelnemer>,
    /// The backends of DVs, which may introspect.
    pub dvs: Vec<Deelnemer>,
    /// Its way with keys.
    pub sleutels: Sleutelbos,
}

/// The HM.
pub struct HmRole {
    app: Arc<App>,
    front: String,
    hm: Arc<Hm>,
    apps: Arc<DvApps>,
    catalogus: Arc<Catalogus>,
    dienstverleners: Vec<EntityId>,
    namen: BTreeMap<ServiceId, Dienstnaam>,
    ads: Vec<Deelnemer>,
    mrs: Vec<Deelnemer>,
    dvs: Vec<Deelnemer>,
    keys: Sleutelbos,
}

impl HmRole {
    /// What it needs keys for, beside what everybody does: with the first it asks others, with the
    /// second it signs for apps and backends, with the third it opens what apps encrypt.
    pub const fn purposes(ondertekent: Ondertekening) -> [keys::Purpose; 3] {
        [
            keys::Purpose::Tokens,
            Self::purpose(ondertekent),
            keys::Purpose::Introspection,
        ]
    }

    /// What keys of this algorithm are for.
    const fn purpose(ondertekent: Ondertekening) -> keys::Purpose {
        match ondertekent {
            Ondertekening::Rs256 => keys::Purpose::IdTokens,
            Ondertekening::Ps256 => keys::Purpose::IdTokensPs256,
            Ondertekening::Es256 => keys::Purpose::IdTokensEs256,
        }
    }

    /// How long an AD or MR may take to answer (etoegang.md §4.8).
    pub const KETEN: Duration = Duration::from_secs(KETEN_S_MAX as u64);

    /// How its keys come and go. Whoever reads them may keep them for a week (etoegang case 81): the next one
    /// is shown for longer before it signs, and what is encrypted to the one before is opened for longer.
    #[must_use]
    pub fn schedule(usual: Schedule) -> Schedule {
        let each = Ondertekening::ALL.into_iter().map(Self::purpose);
        each.fold(usual, |usual, purpose| {
            usual.published_before(purpose, BEWAREN_S + DAY_S)
        })
        .kept_for(keys::Purpose::Introspection, BEWAREN_S + DAY_S)
    }

    /// The role of a party that has keys for [`Self::purposes`].
    pub fn new(app: Arc<App>, given: HmGiven) -> Arc<Self> {
        Arc::new(Self {
            app,
            front: given.front,
            hm: Arc::new(given.hm),
            apps: Arc::new(given.apps),
            catalogus: given.catalogus,
            dienstverleners: given.dienstverleners,
            namen: given.namen,
            ads: given.ads,
            mrs: given.mrs,
            dvs: given.dvs,
            keys: given.sleutels,
        })
    }

    /// The path of its endpoints.
    fn pad(&self) -> &str {
        pad_in(&self.hm.issuer, &self.front)
    }

    /// What answers at its host.
    pub fn router(self: &Arc<Self>) -> Router {
        let pad = self.pad();
        let at = |path: &str| format!("{pad}{path}");
        let router = Router::new()
            .route(&at("/.well-known/openid-configuration"), get(metadata))
            .route(
                &format!("/.well-known/openid-configuration{pad}"),
                get(metadata),
            )
            .route(
                &format!("/.well-known/oauth-authorization-server{pad}"),
                get(metadata),
            )
            .route(
                &at("/.well-known/oauth-authorization-server"),
                get(metadata),
            )
            .route(&at("/jwks"), get(jwks))
            .route(
                &at("/authorize"),
                get(verzoek::authorize).post(verzoek::authorize_post),
            )
            .route(&at("/kiezen"), get(front::kiezen).post(front::gekozen))
            .route(&at("/ad/{number}"), web::get_once(terug::van_ad))
            .route(&at("/mr/{number}"), web::get_once(terug::van_mr))
            // etoegang case 25
            .route(&at("/token"), post(token::token))
            .route(&at("/par"), post(verzoek::par))
            .route(&at("/revoke"), post(intrekken::revoke))
            .route(&at("/introspect"), post(inzien::introspect))
            .route(
                &at("/userinfo"),
                get(inzien::userinfo).post(inzien::userinfo),
            )
            .route(&at("/register"), post(registreren::registreren))
            .route(
                &at("/register/{client_id}"),
                get(registreren::tonen).delete(registreren::verwijderen),
            );
        web::with_pages(router, Brand::Hm).with_state(Arc::clone(self))
    }

    /// Works off what must be revoked at ADs, for as long as the party lives.
    pub async fn herroep(self: Arc<Self>) {
        herroepen::herroep(&self).await;
    }

    /// The redirect URI that this HM has for one AD alone (RFC 9700 §4.4.2); `number` counts from 0.
    fn ad_redirect_uri(&self, number: usize) -> String {
        terug_van_ad(&self.hm.issuer, number)
    }

    /// The same for an MR.
    fn mr_redirect_uri(&self, number: usize) -> String {
        terug_van_mr(&self.hm.issuer, number)
    }

    /// An AD as the rules know it, with its keys as they are now.
    async fn authenticatiedienst(&self, ad: &Deelnemer) -> Result<Authenticatiedienst, NoKeys> {
        let keys = self.keys.van(&self.app, ad).await?;
        Ok(Authenticatiedienst {
            entity: ad.entity.clone(),
            issuer: ad.basis.clone(),
            keys: keys.as_ref().clone(),
            client_id: self.hm.entity.to_string(),
        })
    }

    /// A register as the rules know it, with its keys as they are now.
    async fn register(&self, mr: &Deelnemer) -> Result<Register, NoKeys> {
        let keys = self.keys.van(&self.app, mr).await?;
        Ok(Register {
            entity: mr.entity.clone(),
            keys: keys.as_ref().clone(),
        })
    }

    /// Itself as far as this app goes, under the operator's emergency brake (design §4).
    fn voor(&self, client_id: &str) -> Arc<Hm> {
        let held = self.app.keys.not_before();
        let not_before = held.of(&self.hm.issuer, client_id);
        if not_before == self.hm.not_before {
            return Arc::clone(&self.hm);
        }
        Arc::new(Hm {
            not_before,
            ..self.hm.as_ref().clone()
        })
    }

    fn ad(&self, entity: &EntityId) -> Option<&Deelnemer> {
        self.ads.iter().find(|ad| ad.entity == *entity)
    }

    fn mr(&self, entity: &EntityId) -> Option<&Deelnemer> {
        self.mrs.iter().find(|mr| mr.entity == *entity)
    }

    /// Signs for apps and backends (etoegang.md §4.5).
    fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, Outage> {
        let set = self.app.keys.set();
        let keys = set.app_tokens(self.hm.instellingen.ondertekent)?;
        Ok(keys.current().sign(typ, claims)?)
    }

    /// What it publishes of itself (etoegang case 81).
    fn metagegevens(&self) -> Metagegevens {
        Metagegevens {
            aanbieder: Aanbieder::Hm,
            adressen: Adressen {
                issuer: self.hm.issuer.clone(),
                mtls: None,
            },
            ondertekent: vec![self.hm.instellingen.ondertekent.algorithm()],
            ontsleutelt: vec![jwe::Algorithm::EcdhEs, jwe::Algorithm::EcdhEsA256Kw],
        }
    }
}

/// See [`HmRole::ad_redirect_uri`].
pub fn terug_van_ad(issuer: &str, number: usize) -> String {
    format!("{issuer}/ad/{}", number + 1)
}

/// See [`HmRole::mr_redirect_uri`].
pub fn terug_van_mr(issuer: &str, number: usize) -> String {
    format!("{issuer}/mr/{}", number + 1)
}

async fn metadata(State(role): State<Arc<HmRole>>) -> Response {
    published(web::json(200, &role.metagegevens().document()))
}

/// RFC 7517 §5: with what it signs for apps and backends, with what it asks others, and to what apps may
/// encrypt.
async fn jwks(State(role): State<Arc<HmRole>>) -> Response {
    let shown = role.keys.getoond(&role.app, &role.hm.entity);
    if shown.status().is_success() {
        published(shown)
    } else {
        shown
    }
}

/// May be kept for a week (etoegang case 81).
fn published(response: Response) -> Response {
    let kept = HeaderValue::from_str(&discovery::cache_control());
    let kept = kept.unwrap_or(HeaderValue::from_static("no-store"));
    web::with(response, (CACHE_CONTROL, kept))
}
