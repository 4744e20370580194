//! The Toestemmingenregister's pages: step 5, and the place where a person sees and withdraws.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use identity::Ura;
use mitz::authorization_server::aanmelding::{Aanmelding, Stand};
use mitz::authorization_server::aanvraag::{AANVRAAG_S, Verzoek};
use mitz::catalogus::Categorie;
use mitz::toestemming::{Besluit, Functie, Keuze, Waarvoor};
use mitz::toestemmingenregister::intrekken::{Intrekken, Omvang};
use mitz::toestemmingenregister::vastleggen::{self, Beslissing, Openen, Vastgelegd, Vastleggen};
use mitz::toestemmingenregister::{KEUZES_MAX, PERSOON, Toestemmingen};
use protocol::handle::Handle;
use protocol::wire::{Parameters, with_query};
use store::{Page, Store as _};
use verdict::{IndexKey, Record as _, Step};

use super::{BESLOTEN, MitzRole, REGISTER, TICKET};
use crate::door::TraceId;
use crate::pages::{self, Brand, RegisterFoutSoort};
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

/// The cookie that leads back to an aanmelding.
pub(super) const COOKIE: &str = "__Host-register";
/// The cookie that takes its place once the person decided.
const BESLOTEN_COOKIE: &str = "__Host-besloten";
/// The purpose of forms bound to it.
const FORMULIER: &str = "mitz.register";
/// The most PGOs on one page.
const PGOS_MAX: u16 = 100;

// ── Step 5 ──────────────────────────────────────────────────────────────────────────────────────

/// A browser arrives with its ticket, which is spent; the page stands at a clean URL.
pub(super) async fn openen(State(role): State<Arc<MitzRole>>, visit: Visit) -> Response {
    let query = visit.query().unwrap_or_default();
    let ticket = query
        .get("ticket")
        .and_then(|text| role.app.handles.open(TICKET, text));
    let Some(handle) = ticket else {
        return MitzRole::register_fout(400, &visit, RegisterFoutSoort::Verlopen);
    };
    let found = role
        .app
        .load::<Aanmelding>(Aanmelding::key(handle.id), role.app.clock.now())
        .await;
    let known = found.ok().flatten().map(|found| found.value);
    let trace = known
        .as_ref()
        .and_then(|known| TraceId::parse(&known.trace));
    let trace = trace.unwrap_or(visit.trace);
    let to_manage = known.is_some_and(|known| known.verzoek().is_none());
    match settle(&role.app, trace, OpenenJourney { id: handle.id }).await {
        Ok(true) => {
            let cookie = role.app.handles.make(REGISTER, handle);
            let page = if to_manage { "/" } else { "/toestemming" };
            if !to_manage {
                role.app
                    .saw(5, trace, visit.peer_name(), "the register was opened");
            }
            let response = web::with(
                web::see_other(page),
                web::set_cookie(COOKIE, &cookie, AANVRAAG_S),
            );
            let response = web::with(response, web::drop_cookie(BESLOTEN_COOKIE));
            web::remembering(&visit, response)
        }
        Ok(false) => MitzRole::register_fout(400, &visit, RegisterFoutSoort::Verlopen),
        Err(_) => MitzRole::register_fout(503, &visit, RegisterFoutSoort::Storing),
    }
}

struct OpenenJourney {
    id: [u8; 16],
}

impl Journey for OpenenJourney {
    type Reply = bool;
    type Question = Openen;

    fn begin(&self, run: &Run) -> Step<bool, Openen> {
        Step::Ask(Openen {
            id: self.id,
            now: run.now,
        })
    }

    async fn answer(&self, run: &Run, question: Openen) -> Result<Step<bool, Openen>, Outage> {
        let found = run.load::<Aanmelding>(question.key()).await?;
        Ok(question.answer(found))
    }
}

/// The page on which a person chooses.
pub(super) async fn toestemming(State(role): State<Arc<MitzRole>>, visit: Visit) -> Response {
    role.choosing(&visit, false).await
}

/// What the person chose.
pub(super) async fn beslissen(State(role): State<Arc<MitzRole>>, visit: Visit) -> Response {
    let Some((at, form)) = role.own_form(&visit).await else {
        return role.not_choosing(&visit).await;
    };
    let Some(verzoek) = at.aanmelding.verzoek() else {
        return MitzRole::register_fout(400, &visit, RegisterFoutSoort::Verlopen);
    };
    let beslissing = match form.get("keuze") {
        Some("geven") => Beslissing::Geven(role.keuzes(&form, verzoek.functie)),
        Some("weigeren") => Beslissing::Weigeren,
        _ => return MitzRole::register_fout(400, &visit, RegisterFoutSoort::Verlopen),
    };
    let journey = VastleggenJourney {
        id: at.handle.id,
        beslissing,
    };
    match settle(&role.app, at.trace, journey).await {
        Ok(Vastgelegd::Terug) => role.naar_mitz(&visit, at.handle),
        Ok(Vastgelegd::NiemandGekozen) => role.choosing(&visit, true).await,
        // Somebody was quicker: the other click of two.
        Ok(Vastgelegd::Onbekend) => role.not_choosing(&visit).await,
        Err(_) => MitzRole::register_fout(503, &visit, RegisterFoutSoort::Storing),
    }
}

struct VastleggenJourney {
    id: [u8; 16],
    beslissing: Beslissing,
}

impl Journey for VastleggenJourney {
    type Reply = Vastgelegd;
    type Question = vastleggen::Vraag;

    fn begin(&self, run: &Run) -> Step<Vastgelegd, vastleggen::Vraag> {
        Vastleggen::new(self.id, self.beslissing.clone(), run.now, &run.entropy).begin()
    }

    async fn answer(
        &self,
        run: &Run,
        question: vastleggen::Vraag,
    ) -> Result<Step<Vastgelegd, vastleggen::Vraag>, Outage> {
        Ok(match question {
            vastleggen::Vraag::Aanmelding(q) => {
                let found = run.load::<Aanmelding>(q.key()).await?;
                q.answer(found)
            }
            vastleggen::Vraag::Toestemmingen(q) => {
                let found = run.load::<Toestemmingen>(q.key()).await?;
                q.answer(found)
            }
        })
    }
}

/// A browser at the register, with the aanmelding that its cookie leads to.
pub(super) struct At {
    pub(super) handle: Handle,
    cookie: String,
    pub(super) aanmelding: Aanmelding,
    pub(super) trace: TraceId,
}

impl MitzRole {
    /// Who stands at the register; nothing without a cookie of ours, or when it is over.
    async fn at_register(&self, visit: &Visit) -> Option<At> {
        let cookie = visit.cookie(COOKIE)?.to_owned();
        let handle = self.app.handles.open(REGISTER, &cookie)?;
        let now = self.app.clock.now();
        let found = self
            .app
            .load::<Aanmelding>(Aanmelding::key(handle.id), now)
            .await;
        let aanmelding = found.ok().flatten()?.value;
        (aanmelding.stand == Stand::Kiest).then(|| At {
            trace: TraceId::parse(&aanmelding.trace).unwrap_or(visit.trace),
            handle,
            cookie,
            aanmelding,
        })
    }

    /// A form of our own page, by the person who stands at the register.
    pub(super) async fn own_form(&self, visit: &Visit) -> Option<(At, Parameters)> {
        let at = self.at_register(visit).await?;
        let form = visit.form().ok()?;
        let token = form.get("formulier")?;
        let same = self.app.seal.is_form_token(FORMULIER, &at.cookie, token);
        (visit.is_from(&self.urls.register) && same).then_some((at, form))
    }

    /// Step 6: back to the authorization server, which knows the browser by a cookie of its own.
    fn naar_mitz(&self, visit: &Visit, handle: Handle) -> Response {
        let back = format!("{}/toestemming-terug", self.urls.front);
        let response = web::see_other(&web::in_chosen_lang(visit, &back));
        let response = web::with(response, web::drop_cookie(COOKIE));
        let besloten = self.app.handles.make(BESLOTEN, handle);
        let besloten = web::set_cookie(BESLOTEN_COOKIE, &besloten, AANVRAAG_S);
        web::with(response, besloten)
    }

    /// What a browser gets at the consent page where there is nothing to choose: the second click
    /// of two goes where the first one led, so that it does not matter which of the answers the
    /// browser follows; who says something else, or comes back later, reads that the first one
    /// counts.
    async fn not_choosing(&self, visit: &Visit) -> Response {
        let handles = &self.app.handles;
        let open = |purpose, name| handles.open(purpose, visit.cookie(name)?);
        let over = Self::register_fout(400, visit, RegisterFoutSoort::Verlopen);
        let besloten = open(BESLOTEN, BESLOTEN_COOKIE);
        // A second click that was sent before the first was answered has the first one's cookie.
        let Some(handle) = open(REGISTER, COOKIE).or(besloten) else {
            return over;
        };
        let key = Aanmelding::key(handle.id);
        let found = self.app.load::<Aanmelding>(key, self.app.clock.now()).await;
        let stand = match found {
            Ok(found) => found.map(|found| found.value.stand),
            Err(_) => return Self::register_fout(503, visit, RegisterFoutSoort::Storing),
        };
        let form = visit.form().ok();
        let keuze = form.as_ref().and_then(|form| form.get("keuze"));
        match (stand, keuze) {
            (Some(Stand::Toegestemd(_)), Some("geven"))
            | (Some(Stand::Geweigerd), Some("weigeren")) => self.naar_mitz(visit, handle),
            (Some(Stand::Toegestemd(_) | Stand::Geweigerd), _) => {
                Self::register_fout(400, visit, RegisterFoutSoort::AlBesloten)
            }
            // The client has its answer, and the row is gone.
            (None, _) if besloten.is_some() => {
                Self::register_fout(400, visit, RegisterFoutSoort::AlBesloten)
            }
            _ => over,
        }
    }

    async fn choosing(&self, visit: &Visit, niemand_gekozen: bool) -> Response {
        let at = self.at_register(visit).await;
        let Some((at, verzoek)) = at.and_then(|at| {
            let verzoek = at.aanmelding.verzoek().cloned()?;
            Some((at, verzoek))
        }) else {
            return self.not_choosing(visit).await;
        };
        let known = self
            .toestemmingen(at.aanmelding.persoon, &verzoek.client_id)
            .await;
        let Ok(known) = known else {
            return Self::register_fout(503, visit, RegisterFoutSoort::Storing);
        };
        let keuzes = known.map(|known| known.value.keuzes).unwrap_or_default();
        let context = self.toestemming_page(&verzoek, &keuzes, niemand_gekozen, &at.cookie);
        let redirect = web::origin(&verzoek.redirect_uri);
        let status = if niemand_gekozen { 422 } else { 200 };
        let onward = [self.urls.front.as_str(), redirect.as_str()];
        web::show(status, visit, Brand::Toestemmingen, &onward, &context)
    }

    fn toestemming_page(
        &self,
        verzoek: &Verzoek,
        keuzes: &[Keuze],
        niemand_gekozen: bool,
        cookie: &str,
    ) -> pages::Toestemming {
        let chosen = |waarvoor: &Waarvoor| {
            keuzes
                .iter()
                .find(|k| k.waarvoor == *waarvoor && k.functie == verzoek.functie)
                .map(|k| k.besluit == Besluit::Toestemming)
        };
        let categorieen = self
            .mitz
            .catalogus
            .categorieen()
            .into_iter()
            .map(|categorie| {
                let of_it = self.mitz.catalogus.aanbieders();
                let of_it = of_it.filter(|(_, aanbieder)| aanbieder.categorie == *categorie);
                pages::CategorieKeuze {
                    id: categorie.0.clone(),
                    gekozen: chosen(&Waarvoor::Categorie(categorie.clone())),
                    aanbieders: of_it
                        .map(|(ura, aanbieder)| pages::AanbiederKeuze {
                            ura: ura.clone(),
                            weergavenaam: aanbieder.weergavenaam.clone(),
                            keuze: chosen(&Waarvoor::Aanbieder(ura.clone())),
                        })
                        .collect(),
                }
            });
        pages::Toestemming {
            pgo: self.pgo_name(&verzoek.client_id),
            functie: verzoek.functie,
            categorieen: categorieen.collect(),
            niemand_gekozen,
            formulier: self.app.seal.form_token(FORMULIER, cookie),
        }
    }

    /// The choices in the form; what names nobody in the catalogue is no choice.
    fn keuzes(&self, form: &Parameters, functie: Functie) -> Vec<Keuze> {
        let catalogus = &self.mitz.catalogus;
        let waarvoor = |name: &str| {
            if let Some(id) = name.strip_prefix("categorie-") {
                let categorie = Categorie(id.to_owned());
                let known = catalogus.categorieen().contains(&&categorie);
                return known.then_some(Waarvoor::Categorie(categorie));
            }
            let ura = Ura::parse(name.strip_prefix("aanbieder-")?).ok()?;
            catalogus
                .aanbieder(&ura)
                .is_some()
                .then_some(Waarvoor::Aanbieder(ura))
        };
        let besluit = |value: &str| match value {
            "ja" => Some(Besluit::Toestemming),
            "nee" => Some(Besluit::Bezwaar),
            _ => None,
        };
        form.iter()
            .filter_map(|(name, value)| {
                Some(Keuze {
                    waarvoor: waarvoor(name)?,
                    functie,
                    besluit: besluit(value)?,
                })
            })
            .take(KEUZES_MAX)
            .collect()
    }

    pub(super) fn register_fout(status: u16, visit: &Visit, soort: RegisterFoutSoort) -> Response {
        web::show(
            status,
            visit,
            Brand::Toestemmingen,
            &[],
            &pages::RegisterFout { soort },
        )
    }
}

// ── Seeing and withdrawing ──────────────────────────────────────────────────────────────────────

/// All that a person consented to; who is not logged in, logs in first.
pub(super) async fn overzicht(State(role): State<Arc<MitzRole>>, visit: Visit) -> Response {
    let at = role.at_register(&visit).await;
    let Some(at) = at.filter(|at| at.aanmelding.verzoek().is_none()) else {
        let url = format!("{}/beheren", role.urls.front);
        return web::see_other(&web::in_chosen_lang(&visit, &url));
    };
    role.overzicht(&visit, &at).await
}

/// Ends a consent, at once.
pub(super) async fn intrekken(State(role): State<Arc<MitzRole>>, visit: Visit) -> Response {
    let own = role.own_form(&visit).await;
    let Some((at, form)) = own.filter(|(at, _)| at.aanmelding.verzoek().is_none()) else {
        return MitzRole::register_fout(400, &visit, RegisterFoutSoort::Verlopen);
    };
    let omvang = match form.get("ura").map(Ura::parse) {
        None => Omvang::Alles,
        Some(Ok(ura)) => Omvang::Aanbieder(ura),
        Some(Err(_)) => return MitzRole::register_fout(400, &visit, RegisterFoutSoort::Verlopen),
    };
    let intrekken = Intrekken {
        persoon: at.aanmelding.persoon,
        client_id: form.get("client_id").unwrap_or_default().to_owned(),
        omvang,
        now: role.app.clock.now(),
    };
    let client_id = intrekken.client_id.clone();
    match settle(&role.app, at.trace, IntrekkenJourney(intrekken)).await {
        Ok(()) => {
            let told = [
                ("ingetrokken", client_id.as_str()),
                ("aanbieder", form.get("ura").unwrap_or_default()),
            ];
            web::see_other(&with_query("/", &told))
        }
        Err(_) => MitzRole::register_fout(503, &visit, RegisterFoutSoort::Storing),
    }
}

pub(super) struct IntrekkenJourney(pub(super) Intrekken);

impl Journey for IntrekkenJourney {
    type Reply = ();
    type Question = Intrekken;

    fn begin(&self, _: &Run) -> Step<(), Intrekken> {
        Step::Ask(self.0.clone())
    }

    async fn answer(&self, run: &Run, question: Intrekken) -> Result<Step<(), Intrekken>, Outage> {
        let found = run.load::<Toestemmingen>(question.key()).await?;
        Ok(question.answer(found))
    }
}

impl MitzRole {
    async fn overzicht(&self, visit: &Visit, at: &At) -> Response {
        let now = self.app.clock.now();
        let key = IndexKey::Person(at.aanmelding.persoon);
        let page = Page::first(PGOS_MAX);
        let found = self
            .app
            .home
            .find(Toestemmingen::SPACE, PERSOON, &key, page, now)
            .await;
        let Ok(found) = found else {
            return Self::register_fout(503, visit, RegisterFoutSoort::Storing);
        };
        let read = |(key, row): (verdict::Key, verdict::Row<verdict::Sealed>)| {
            let body = self.app.seal.open_row(&key, row.body).ok()?;
            Toestemmingen::from_body(&body).ok()
        };
        let pgos = found.rows.into_iter().filter_map(read);
        let context = pages::Overzicht {
            pgos: pgos
                .map(|toestemmingen| self.overzicht_pgo(&toestemmingen))
                .collect(),
            ingetrokken: self.ingetrokken(visit),
            formulier: self.app.seal.form_token(FORMULIER, &at.cookie),
        };
        web::show(200, visit, Brand::Toestemmingen, &[], &context)
    }

    /// What was withdrawn a moment ago, by a name that we know: one provider, or a whole PGO.
    fn ingetrokken(&self, visit: &Visit) -> Option<String> {
        let query = visit.query().ok()?;
        let client = self.mitz.clients.get(query.get("ingetrokken")?)?;
        let ura = query
            .get("aanbieder")
            .and_then(|text| Ura::parse(text).ok());
        let aanbieder = ura.and_then(|ura| self.mitz.catalogus.aanbieder(&ura));
        Some(aanbieder.map_or_else(
            || client.organisatienaam.clone(),
            |aanbieder| aanbieder.weergavenaam.clone(),
        ))
    }

    fn overzicht_pgo(&self, toestemmingen: &Toestemmingen) -> pages::OverzichtPgo {
        let keuze = |keuze: &Keuze| {
            let (voor, ura) = match &keuze.waarvoor {
                Waarvoor::Categorie(categorie) => {
                    (pages::Voor::Categorie(categorie.0.clone()), None)
                }
                Waarvoor::Aanbieder(ura) => {
                    let naam = self.mitz.catalogus.aanbieder(ura);
                    let naam = naam.map_or_else(|| ura.to_string(), |a| a.weergavenaam.clone());
                    (pages::Voor::Aanbieder(naam), Some(ura.clone()))
                }
            };
            pages::OverzichtKeuze {
                voor,
                functie: keuze.functie,
                ja: keuze.besluit == Besluit::Toestemming,
                ura,
            }
        };
        pages::OverzichtPgo {
            client_id: toestemmingen.client_id.clone(),
            weergavenaam: self.pgo_name(&toestemmingen.client_id),
            vastgelegd: crate::date::day(toestemmingen.vastgelegd),
            keuzes: toestemmingen.keuzes.iter().map(keuze).collect(),
        }
    }
}
