//! The AD (authenticatiedienst): a person shows password and code, an HM gets a declaration
//! (etoegang.md §4.6).

mod beheer;
mod front;
mod token;

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use etoegang::authenticatiedienst::bewijs::{Bewijs, code_van};
use etoegang::authenticatiedienst::middel::Middel;
use etoegang::authenticatiedienst::sessie::Ad;
use etoegang::discovery::{Aanbieder, Adressen, CLIENT_ALGORITHMS, Metagegevens};
use identity::{EntityId, ServiceId};
use jose::Algorithm;
use jose::aead::Key32;
use protocol::assertion::ClientKeys;
use protocol::client::{Authentication, Client, Clients};
use store::{Commit, Store as _};
use tokio::sync::Semaphore;
use verdict::CommitId;

use super::sleutels::Sleutelbos;
use super::{Deelnemer, pad_in};
use crate::app::App;
use crate::chance;
use crate::input::{Dienstnaam, EtoegangMiddel};
use crate::jwks::NoKeys;
use crate::keys;
use crate::pages::{AdTestpersoon, Brand};
use crate::web;

/// Proofs that are looked at at once: each takes a tenth of a second of a processor.
const PROEVEN_MAX: usize = 2;
/// Seconds for which a means of the demo is valid.
const MIDDEL_S: u32 = 366 * 86_400;

/// An HM that may ask.
pub struct AdHm {
    /// The HM.
    pub deelnemer: Deelnemer,
    /// Where its people go back to.
    pub redirect_uris: Vec<String>,
}

/// What the AD is given.
pub struct AdGiven {
    /// Origin of its host.
    pub front: String,
    /// Itself, as the rules know it.
    pub ad: Ad,
    /// The HMs.
    pub hms: Vec<AdHm>,
    /// The registers for which it encrypts.
    pub mrs: Vec<Deelnemer>,
    /// What people call services.
    pub namen: BTreeMap<ServiceId, Dienstnaam>,
    /// The people of the demo, whose proofs its page tells. Nobody else's.
    pub testpersonen: Vec<EtoegangMiddel>,
    /// Origins through which the browser goes on.
    pub next_origins: Vec<String>,
    /// Its way with keys.
    pub sleutels: Sleutelbos,
}

/// The AD.
pub struct AdRole {
    app: Arc<App>,
    given: AdGiven,
    keys: Sleutelbos,
    proeven: Arc<Semaphore>,
}

impl AdRole {
    /// What it needs keys for, beside what everybody does.
    pub const PURPOSES: [keys::Purpose; 1] = [keys::Purpose::Tokens];

    /// The role of a party that has keys for [`Self::PURPOSES`].
    pub fn new(app: Arc<App>, mut given: AdGiven) -> Arc<Self> {
        Arc::new(Self {
            app,
            keys: mem::take(&mut given.sleutels),
            given,
            proeven: Arc::new(Semaphore::new(PROEVEN_MAX)),
        })
    }

    /// The path of its endpoints.
    fn pad(&self) -> &str {
        pad_in(&self.given.ad.issuer, &self.given.front)
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
            .route(&at("/authorize"), get(front::authorize))
            .route(&at("/inloggen"), get(front::page).post(front::ingelogd))
            .route(&at("/token"), post(token::token))
            .route(&at("/revoke"), post(token::revoke))
            .route("/beheer/middelen", post(beheer::registreren))
            .route(
                "/beheer/middelen/{naam}",
                get(beheer::tonen).patch(beheer::wijzigen),
            );
        web::with_pages(router, Brand::Ad).with_state(Arc::clone(self))
    }

    /// Registers the means of the demo, once: what happened to one since stays.
    pub async fn sow(self: Arc<Self>) {
        for middel in &self.given.testpersonen {
            self.register(middel).await;
        }
    }

    async fn register(&self, given: &EtoegangMiddel) {
        let now = self.app.clock.now();
        let key = Middel::key(&given.naam);
        if let Ok(Some(_)) = self.app.load::<Middel>(key.clone(), now).await {
            return;
        }
        let Some(bewijs) = self.bewijs(&given.wachtwoord, given.codesleutel).await else {
            return;
        };
        let tot = now.plus_s(MIDDEL_S).unix();
        let middel = Middel::nieuw(given.houder.clone(), bewijs, given.niveau, tot)
            .met(given.attributen.clone());
        let Ok(change) = middel.registreren(&given.naam, now) else {
            tracing::error!(party = self.app.party, naam = %given.naam, "a means of the input is not one");
            return;
        };
        let id = CommitId(chance::entropy().bytes("commit"));
        let changes = vec![self.app.seal.change(change)];
        if let Ok(commit) = Commit::new(id, now, changes, Vec::new()) {
            // Whoever was first has made it.
            let _ = self.app.home.commit(commit).await;
        }
    }

    /// What a means will be known by, made beside the requests, a few at a time.
    async fn bewijs(&self, wachtwoord: &str, sleutel: Option<[u8; 32]>) -> Option<Bewijs> {
        let turn = Arc::clone(&self.proeven).acquire_owned().await.ok()?;
        let wachtwoord = wachtwoord.to_owned();
        let made = tokio::task::spawn_blocking(move || {
            let bewijs = Bewijs::nieuw(&wachtwoord, sleutel, &chance::entropy());
            drop(turn);
            bewijs
        });
        made.await.ok()
    }

    /// The HMs, with the keys of the one that asks.
    async fn clients(&self, client_id: &str) -> Result<Clients, NoKeys> {
        let mut hms = self.given.hms.iter();
        let Some(hm) = hms.find(|hm| hm.deelnemer.entity.as_str() == client_id) else {
            return Ok(Clients::default());
        };
        let keys = self.keys.van(&self.app, &hm.deelnemer).await?;
        let keys = ClientKeys::new(keys.as_ref().clone(), &CLIENT_ALGORITHMS).ok_or(NoKeys)?;
        let client = Client {
            client_id: client_id.to_owned(),
            organisatienaam: hm.deelnemer.naam.clone(),
            authentication: Authentication::PrivateKeyJwt(keys),
            redirect_uris: hm.redirect_uris.clone(),
        };
        Ok(std::iter::once(client).collect())
    }

    fn mr(&self, entity: &EntityId) -> Option<&Deelnemer> {
        self.given.mrs.iter().find(|mr| mr.entity == *entity)
    }

    /// The people of the demo, with what their devices show now.
    fn testpersonen(&self) -> Vec<AdTestpersoon> {
        let now = self.app.clock.now();
        let shown = |middel: &EtoegangMiddel| AdTestpersoon {
            naam: middel.naam.clone(),
            wachtwoord: middel.wachtwoord.clone(),
            code: middel
                .codesleutel
                .map(|sleutel| code_van(&Key32::new(sleutel), now)),
        };
        self.given.testpersonen.iter().map(shown).collect()
    }
}

/// OpenID Connect Discovery 1.0 §3.
async fn metadata(State(role): State<Arc<AdRole>>) -> Response {
    let metagegevens = Metagegevens {
        aanbieder: Aanbieder::Ad,
        adressen: Adressen {
            issuer: role.given.ad.issuer.clone(),
            mtls: None,
        },
        ondertekent: vec![Algorithm::Es256],
        ontsleutelt: Vec::new(),
    };
    web::json(200, &metagegevens.document())
}

/// RFC 7517 §5.
async fn jwks(State(role): State<Arc<AdRole>>) -> Response {
    role.keys.getoond(&role.app, &role.given.ad.entity)
}
