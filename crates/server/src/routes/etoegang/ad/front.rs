//! The front channel of the AD: the HM's request, the page, and the way back (GUC3 3.2 to 3.5).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use etoegang::authenticatiedienst::aanmelding::{
    Aanmelding, Aanvraag, Geweigerd, NAAM_MAX, Uitkomst, Vraag,
};
use etoegang::authenticatiedienst::bewijs::{Bewijs, Getoond, Proef};
use etoegang::authenticatiedienst::middel::{Afwijzing, Middel};
use etoegang::authenticatiedienst::pseudoniem::Pseudoniem;
use etoegang::authenticatiedienst::sessie::CODE;
use tokio::sync::Semaphore;
use verdict::{Key, Moment, Step, Stored};

use super::AdRole;
use crate::chance;
use crate::pages::{AdAfwijzing, AdFout, AdInloggen, Brand};
use crate::routes::etoegang::gegevens;
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

/// The purpose of the cookie that holds an [`Aanvraag`], and of the form bound to it.
const LOGIN: &str = "etoegang.ad.login";
const COOKIE: &str = "__Host-ad-";
/// Seconds that the cookie lasts.
const LOGIN_S: u32 = 900;

/// The signed request of an HM (RFC 9101).
pub(super) async fn authorize(State(role): State<Arc<AdRole>>, visit: Visit) -> Response {
    let parameters = visit.query().unwrap_or_default();
    let client_id = parameters.get("client_id").unwrap_or_default();
    let Ok(hms) = role.clients(client_id).await else {
        let reason = "the HM's keys cannot be had";
        role.app.refused(visit.trace, "etoegang.md §4.6", reason);
        return fout(503, &visit);
    };
    let (ad, now) = (&role.given.ad, role.app.clock.now());
    match Aanvraag::read(&parameters, ad, &hms, &chance::entropy(), now) {
        Ok(aanvraag) => role.to_page(&aanvraag),
        Err(Geweigerd::Pagina(reason)) => {
            role.app.refused(visit.trace, "etoegang.md §4.6", reason);
            fout(400, &visit)
        }
        Err(Geweigerd::Terug(refusal)) => {
            let (requirement, reason) = (refusal.requirement, refusal.reason);
            role.app.refused(visit.trace, requirement, reason);
            web::see_other(&refusal.url(&ad.issuer))
        }
    }
}

/// The page.
pub(super) async fn page(State(role): State<Arc<AdRole>>, visit: Visit) -> Response {
    let query = visit.query().unwrap_or_default();
    let id = query.get("login").unwrap_or_default();
    match role.login(&visit, id) {
        Some((aanvraag, cookie)) => role.show(200, &visit, &aanvraag, cookie, None),
        None => role.no_login(&visit),
    }
}

/// The form was sent.
pub(super) async fn ingelogd(State(role): State<Arc<AdRole>>, visit: Visit) -> Response {
    let Some((aanvraag, cookie, gevraagd)) = role.decided(&visit) else {
        return role.no_login(&visit);
    };
    let ad = &role.given.ad;
    let Gevraagd::Inloggen { naam, getoond } = gevraagd else {
        let ended = Annuleren(aanvraag.clone());
        // Whatever became of the row: the person does not log in.
        let _ = settle(&role.app, visit.trace, ended).await;
        let url = aanvraag.antwoord(("error", "access_denied"), ad);
        return web::with(web::see_other(&url), dropped(&aanvraag));
    };
    let reis = Aanmeldreis {
        role: Arc::clone(&role),
        aanmelding: Aanmelding {
            aanvraag: aanvraag.clone(),
            naam,
        },
        getoond: Arc::new(getoond),
    };
    match settle(&role.app, visit.trace, reis).await {
        Ok(Uitkomst::Code(handle)) => {
            let code = role.app.handles.make(CODE, handle);
            let url = aanvraag.antwoord(("code", &code), ad);
            web::with(web::see_other(&url), dropped(&aanvraag))
        }
        Ok(Uitkomst::Afgewezen(afwijzing, proef)) => {
            let told = told(afwijzing, proef);
            role.show(200, &visit, &aanvraag, cookie, Some(told))
        }
        Ok(Uitkomst::AlBeantwoord) => role.no_login(&visit),
        Err(_) => fout(503, &visit),
    }
}

/// What the person hears. Whoever did not show the right proof learns nothing of the means: not that it
/// is there, nor that it is locked.
const fn told(afwijzing: Afwijzing, proef: Proef) -> AdAfwijzing {
    match (proef, afwijzing) {
        (Proef::Onjuist, _) | (_, Afwijzing::Onjuist | Afwijzing::Vast) => AdAfwijzing::Onjuist,
        (_, Afwijzing::Verlopen) => AdAfwijzing::Verlopen,
        (_, Afwijzing::NietActief) => AdAfwijzing::NietActief,
        (_, Afwijzing::NiveauTeLaag) => AdAfwijzing::NiveauTeLaag,
    }
}

/// What a person asks for with the form.
enum Gevraagd {
    Inloggen { naam: String, getoond: Getoond },
    Annuleren,
}

impl AdRole {
    /// The request goes into the browser's cookie, and the browser to a page that it can load again.
    fn to_page(&self, aanvraag: &Aanvraag) -> Response {
        let value = self.app.seal.cookie(LOGIN, aanvraag);
        let cookie = web::set_cookie(&cookie_name(&aanvraag.id), &value, LOGIN_S);
        let page = format!("{}/inloggen?login={}", self.pad(), aanvraag.id);
        web::with(web::see_other(&page), cookie)
    }

    /// The request of this id in the browser's cookie, with the cookie's text.
    fn login<'v>(&self, visit: &'v Visit, id: &str) -> Option<(Aanvraag, &'v str)> {
        let text = visit.cookie(&cookie_name(id))?;
        let aanvraag: Aanvraag = self.app.seal.open_cookie(LOGIN, text)?;
        let holds = aanvraag.id == id && !aanvraag.is_over_at(self.app.clock.now());
        holds.then_some((aanvraag, text))
    }

    fn decided<'v>(&self, visit: &'v Visit) -> Option<(Aanvraag, &'v str, Gevraagd)> {
        let form = visit.form().ok()?;
        let (id, token) = form.get("formulier")?.split_once('.')?;
        let (aanvraag, cookie) = self.login(visit, id)?;
        let same = self.app.seal.is_form_token(LOGIN, cookie, token);
        if !same || !visit.is_from(&self.given.front) {
            return None;
        }
        let text = |name| form.get(name).unwrap_or_default().trim().to_owned();
        let gevraagd = match form.get("keuze")? {
            "inloggen" => Gevraagd::Inloggen {
                naam: text("naam").chars().take(NAAM_MAX).collect(),
                getoond: Getoond {
                    wachtwoord: form.get("wachtwoord").unwrap_or_default().to_owned(),
                    code: text("code"),
                },
            },
            "annuleren" => Gevraagd::Annuleren,
            _ => return None,
        };
        Some((aanvraag, cookie, gevraagd))
    }

    fn show(
        &self,
        status: u16,
        visit: &Visit,
        aanvraag: &Aanvraag,
        cookie: &str,
        afwijzing: Option<AdAfwijzing>,
    ) -> Response {
        let token = self.app.seal.form_token(LOGIN, cookie);
        let naam = self.given.namen.get(&aanvraag.service_id);
        let page = AdInloggen {
            dienst: naam.map_or_else(String::new, |naam| naam.dienst.clone()),
            dienstverlener: naam.map_or_else(String::new, |naam| naam.dienstverlener.clone()),
            formulier: format!("{}.{token}", aanvraag.id),
            attributen: gegevens(&aanvraag.attributen),
            afwijzing,
            testpersonen: self.testpersonen(),
        };
        let onward = self.given.next_origins.iter().map(String::as_str);
        let onward: Vec<&str> = onward.chain([&*aanvraag.redirect_uri]).collect();
        web::show(status, visit, Brand::Ad, &onward, &page)
    }

    fn no_login(&self, visit: &Visit) -> Response {
        let reason = "no such login in this browser";
        self.app
            .refused(visit.trace, "design §5 front channel", reason);
        fout(404, visit)
    }
}

fn fout(status: u16, visit: &Visit) -> Response {
    web::show(status, visit, Brand::Ad, &[], &AdFout)
}

fn cookie_name(id: &str) -> String {
    format!("{COOKIE}{id}")
}

fn dropped(aanvraag: &Aanvraag) -> (http::HeaderName, http::HeaderValue) {
    web::drop_cookie(&cookie_name(&aanvraag.id))
}

// ── The login ───────────────────────────────────────────────────────────────────────────────────

struct Aanmeldreis {
    role: Arc<AdRole>,
    aanmelding: Aanmelding,
    getoond: Arc<Getoond>,
}

impl Journey for Aanmeldreis {
    type Reply = Uitkomst;
    type Question = Vraag;

    fn begin(&self, run: &Run) -> Step<Uitkomst, Vraag> {
        self.aanmelding.begin(run.now)
    }

    async fn answer(&self, run: &Run, question: Vraag) -> Result<Step<Uitkomst, Vraag>, Outage> {
        Ok(match question {
            Vraag::Middel(vraag) => {
                let found = run.load::<Middel>(vraag.key()).await?;
                let proef = self.proef(found.as_ref(), run.now).await?;
                vraag.answer(&self.role.given.ad, found, proef)
            }
            Vraag::Pseudoniem(vraag) => {
                let found = run.load::<Pseudoniem>(vraag.key()).await?;
                vraag.answer(found, &run.entropy)
            }
        })
    }

    fn lost(&self, key: &Key) -> Option<Step<Uitkomst, Vraag>> {
        Aanmelding::lost(key)
    }
}

impl Aanmeldreis {
    /// Looks at what was shown, beside the requests, a few at a time. A name that nobody has takes as
    /// long.
    async fn proef(&self, found: Option<&Stored<Middel>>, now: Moment) -> Result<Proef, Outage> {
        let busy = || Outage::Store("nobody can look at proofs now".to_owned());
        let turn = Arc::clone(&self.role.proeven);
        let turn = Semaphore::acquire_owned(turn).await.map_err(|_| busy())?;
        let (bewijs, gebruikt) = match found {
            Some(found) => (found.value.bewijs.clone(), found.value.code_gebruikt),
            None => (Bewijs::van_niemand(), 0),
        };
        let getoond = Arc::clone(&self.getoond);
        let looked = tokio::task::spawn_blocking(move || {
            let proef = bewijs.proef(&getoond, gebruikt, now);
            drop(turn);
            proef
        });
        looked.await.map_err(|_| busy())
    }
}

struct Annuleren(Aanvraag);

impl Journey for Annuleren {
    type Reply = ();
    type Question = ();

    fn begin(&self, run: &Run) -> Step<(), ()> {
        Aanmelding::geannuleerd(&self.0, run.now)
    }

    async fn answer(&self, run: &Run, (): ()) -> Result<Step<(), ()>, Outage> {
        Ok(self.begin(run))
    }

    /// It ended before.
    fn lost(&self, _: &Key) -> Option<Step<(), ()>> {
        Some(Step::reply(()))
    }
}
