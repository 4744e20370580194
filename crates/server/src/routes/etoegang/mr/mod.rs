//! The MR (machtigingenregister): who may act for whom, at which service (etoegang.md §4.7).
//!
//! Read [`front`] for a login, [`back`] for what HMs ask, [`wijzigen`] for registration and withdrawal, which
//! [`beheer`] does as an API and [`bladzijden`] by pages.

mod back;
mod beheer;
mod bladzijden;
mod formulier;
mod front;
mod wijzigen;

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use etoegang::attribuut::Attributen;
use etoegang::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use etoegang::dienstencatalogus::Dienst;
use etoegang::hm_mr::aantonen::Herkenningsmakelaar;
use etoegang::kenmerk::Kenmerk;
use etoegang::machtiging::keuze::{Gevonden, Mogelijkheid, Organisaties};
use etoegang::machtiging::{Gemachtigde, InternPseudoniem, MACHTIGINGEN_MAX, Machtiging};
use identity::{EntityId, ServiceId, ServiceUuid};
use jose::jwe;
use store::{Commit, Page, Store as _};
use verdict::{CommitId, IndexKey, Moment, Record as _};

use super::ad::AdHm;
use super::sleutels::Sleutelbos;
use crate::app::App;
use crate::catalogus::Catalogus;
use crate::chance;
use crate::input::{Dienstnaam, EtoegangMachtiging, Gerechtigde};
use crate::jwks::NoKeys;
use crate::keys;
use crate::machtigingenbeheer::referentie;
use crate::pages::Brand;
use crate::settle::Outage;
use crate::web;

/// Organisations between whose mandates are looked for, at most.
const TUSSENPERSONEN_MAX: usize = 16;
/// Seconds of a day.
const DAG_S: i64 = 86_400;

/// What the MR is given.
pub struct MrGiven {
    /// Origin of its host.
    pub front: String,
    /// The path of its endpoints.
    pub pad: String,
    /// Itself.
    pub entity: EntityId,
    /// The HMs that may ask.
    pub hms: Vec<AdHm>,
    /// The services.
    pub catalogus: Arc<Catalogus>,
    /// What people call them, where the catalogue does not say.
    pub namen: BTreeMap<ServiceId, Dienstnaam>,
    /// What organisations are called.
    pub organisaties: BTreeMap<Kenmerk, String>,
    /// What is known of them beside their mandates.
    pub bekend: Organisaties,
    /// The mandates of the demo.
    pub machtigingen: Vec<EtoegangMachtiging>,
    /// Origins through which the browser goes on.
    pub next_origins: Vec<String>,
    /// Its way with keys.
    pub sleutels: Sleutelbos,
}

/// The MR.
pub struct MrRole {
    app: Arc<App>,
    given: MrGiven,
    keys: Sleutelbos,
}

impl MrRole {
    /// What it needs keys for, beside what everybody does: it signs, and it opens what ADs encrypt.
    pub const PURPOSES: [keys::Purpose; 2] = [keys::Purpose::Tokens, keys::Purpose::Introspection];

    /// The role of a party that has keys for [`Self::PURPOSES`].
    pub fn new(app: Arc<App>, mut given: MrGiven) -> Arc<Self> {
        Arc::new(Self {
            app,
            keys: mem::take(&mut given.sleutels),
            given,
        })
    }

    /// What answers at its host.
    pub fn router(self: &Arc<Self>) -> Router {
        let pad = &self.given.pad;
        let at = |path: &str| format!("{pad}{path}");
        let router = Router::new()
            .route(&at("/jwks"), get(jwks))
            .route(&at("/vragen"), post(back::vragen))
            .route(&at("/antwoorden"), post(back::antwoorden))
            .route(&at("/besluiten"), post(back::besluiten))
            .route(&at("/machtiging"), get(front::page).post(front::gekozen))
            .route("/beheer/machtigingen", post(beheer::registreren))
            .route(
                "/beheer/machtigingen/{id}",
                get(beheer::show).delete(beheer::intrekken),
            )
            .merge(bladzijden::routes());
        web::with_pages(router, Brand::Mr).with_state(Arc::clone(self))
    }

    /// Registers the mandates of the demo, once: what happened to one since stays.
    pub async fn sow(self: Arc<Self>) {
        for given in &self.given.machtigingen {
            let now = self.app.clock.now();
            let found = self.app.load::<Machtiging>(Machtiging::key(&given.id), now);
            if matches!(found.await, Ok(None)) {
                self.sown(given, now).await;
            }
        }
    }

    async fn sown(&self, given: &EtoegangMachtiging, now: Moment) {
        let machtiging = Machtiging {
            vertegenwoordigde: given.voor.clone(),
            gemachtigde: match &given.aan {
                Gerechtigde::Persoon(houder) => Gemachtigde::Persoon(houder.clone()),
                Gerechtigde::Organisatie(kenmerk) => Gemachtigde::Organisatie(kenmerk.clone()),
            },
            service_uuid: given.service_uuid.clone(),
            niveau: given.niveau,
            beperking: given.beperking.clone(),
            attributen: Attributen::default(),
            van: now.unix(),
            tot: now.unix() + i64::from(given.dagen) * DAG_S,
            ingetrokken: None,
            verloop: Vec::new(),
        };
        let Ok(change) = machtiging.registreren(&given.id, "etoegang.json", now) else {
            tracing::error!(party = self.app.party, id = %given.id, "a mandate of the input is not one");
            return;
        };
        let id = CommitId(chance::entropy().bytes("commit"));
        let changes = vec![self.app.seal.change(change)];
        if let Ok(commit) = Commit::new(id, now, changes, Vec::new()) {
            // Whoever was first has made it.
            let _ = self.app.home.commit(commit).await;
        }
    }

    /// The HM that a message says it is of, with its keys as they are now.
    async fn makelaar(&self, token: &str) -> Result<Option<Herkenningsmakelaar>, NoKeys> {
        let Ok(issuer) = jose::claimed_issuer(token) else {
            return Ok(None);
        };
        let mut hms = self.given.hms.iter();
        let Some(hm) = hms.find(|hm| hm.deelnemer.entity.as_str() == issuer) else {
            return Ok(None);
        };
        let keys = self.keys.van(&self.app, &hm.deelnemer).await?;
        Ok(Some(Herkenningsmakelaar {
            entity: hm.deelnemer.entity.clone(),
            keys: keys.as_ref().clone(),
            redirect_uris: hm.redirect_uris.clone(),
        }))
    }

    /// Opens what an AD encrypted for us.
    fn opened(&self, encrypted: &InternPseudoniem) -> Option<InternPseudoniem> {
        let set = self.app.keys.set();
        let opened = jwe::decrypt(&encrypted.0, set.introspection().ok()?.all()).ok()?;
        let text = String::from_utf8(opened.plain.to_vec()).ok()?;
        Some(InternPseudoniem(text))
    }

    /// For whom a person can act at a service.
    async fn mogelijkheden(
        &self,
        persoon: &InternPseudoniem,
        service_uuid: &ServiceUuid,
        niveau: Betrouwbaarheidsniveau,
        now: Moment,
    ) -> Result<Vec<Mogelijkheid>, Outage> {
        if !self.kent(service_uuid).await? {
            return Ok(Vec::new());
        }
        let eigen = self
            .van(&Gemachtigde::Persoon(persoon.clone()), now)
            .await?;
        let mut van_organisaties = Vec::new();
        let between = Gevonden::tussenpersonen(&eigen, service_uuid, niveau, now);
        for kenmerk in between.into_iter().take(TUSSENPERSONEN_MAX) {
            let of = Gemachtigde::Organisatie(kenmerk.clone());
            van_organisaties.extend(self.van(&of, now).await?);
        }
        let gevonden = Gevonden {
            eigen: &eigen,
            van_organisaties: &van_organisaties,
        };
        Ok(gevonden.mogelijkheden(service_uuid, niveau, now))
    }

    /// The mandates that somebody has, with their references.
    async fn van(
        &self,
        gemachtigde: &Gemachtigde,
        now: Moment,
    ) -> Result<Vec<(String, Machtiging)>, Outage> {
        let key = IndexKey::Text(gemachtigde.index());
        let (space, index) = (Machtiging::SPACE, Machtiging::GEMACHTIGDE);
        let mut found = Vec::new();
        let mut page = Page::first(store::commit::PAGE_ROWS_MAX);
        loop {
            let rows = self.app.home.find(space, index, &key, page, now).await?;
            for (key, row) in rows.rows {
                let stored = self.app.opened::<Machtiging>(&key, row)?;
                // The index is a hash: only who is named there counts.
                if stored.value.gemachtigde == *gemachtigde {
                    found.push((referentie(&key), stored.value));
                }
            }
            match rows.next {
                Some(next) if found.len() <= MACHTIGINGEN_MAX => {
                    page = Page::after(next, store::commit::PAGE_ROWS_MAX);
                }
                _ => return Ok(found),
            }
        }
    }

    /// Whether the service is in the catalogue.
    async fn kent(&self, service_uuid: &ServiceUuid) -> Result<bool, Outage> {
        Ok(self.dienst(service_uuid).await?.is_some())
    }

    /// The service, as the catalogue has it.
    async fn dienst(&self, service_uuid: &ServiceUuid) -> Result<Option<Dienst>, Outage> {
        let scope = format!("urn:uuid:{service_uuid}");
        let nu = self.given.catalogus.nu(&self.app).await?;
        Ok(nu.diensten().van_scope(&scope).cloned())
    }

    /// What people call an organisation: its name, or its number.
    fn naam(&self, kenmerk: &Kenmerk) -> String {
        let known = self.given.organisaties.get(kenmerk);
        known
            .cloned()
            .unwrap_or_else(|| kenmerk.waarde().to_owned())
    }
}

/// RFC 7517 §5: with what it signs, and to what ADs encrypt.
async fn jwks(State(role): State<Arc<MrRole>>) -> Response {
    role.keys.getoond(&role.app, &role.given.entity)
}
