//! The front channel of the HM: the login in the browser's cookie, and the choice of an AD (GUC3 3.1).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use etoegang::dv_hm::authorize::{Afgebroken, AuthorizationRequest, Verzoek};
use etoegang::hm_ad::aanmelden::{AANMELDEN_S, VERZOEK_TYP, Wachtend};
use identity::EntityId;
use protocol::wire::with_query;
use serde::{Deserialize, Serialize};
use verdict::Moment;

use super::{Deelnemer, HmRole};
use crate::catalogus::Namen;
use crate::chance;
use crate::pages::{Brand, HmFout, HmFoutSoort, HmKeuze, HmKiezen};
use crate::routes::etoegang::keten;
use crate::settle::Outage;
use crate::web::{self, Visit};

/// The purpose of the cookie that holds a [`Login`], and of the form bound to it.
const LOGIN: &str = "etoegang.hm.login";
/// What every such cookie's name begins with; its id follows.
const COOKIE: &str = "__Host-hm-";
/// The cookie that remembers the AD that was chosen last.
const VOORKEUR: &str = "__Host-voorkeur-ad";
const VOORKEUR_S: u32 = 365 * 86_400;
/// Seconds that a whole login may take: choosing, logging in, and choosing again.
const LOGIN_S: u32 = 3 * AANMELDEN_S;
/// Bytes of a cookie, at most: browsers drop longer ones.
const COOKIE_BYTES_MAX: usize = 3_900;

/// A login under way: what the browser's cookie holds.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Login {
    /// Random; names the cookie.
    pub(super) id: String,
    /// What the app asked.
    pub(super) verzoek: Verzoek,
    /// Where the person is.
    pub(super) bij: Bij,
    tot: i64,
}

/// Where the person is.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Bij {
    /// At our page.
    Ons,
    /// At an AD.
    Ad {
        /// What was asked there.
        wachtend: Wachtend,
        /// Which register will be asked, where the person acts for another.
        mr: Option<EntityId>,
    },
    /// At an MR; the row of this number knows the rest.
    Mr {
        /// The row.
        rij: [u8; 16],
        /// By which the return is known.
        state: String,
    },
}

impl Login {
    /// The same login, with the person elsewhere.
    pub(super) fn bij(&self, bij: Bij) -> Self {
        Self {
            bij,
            ..self.clone()
        }
    }
}

impl HmRole {
    /// The same of a login under way; nothing when it does not hold any more.
    pub(super) async fn read_again(&self, verzoek: &Verzoek) -> Option<AuthorizationRequest> {
        let parameters = verzoek.parameters().ok()?;
        let apps = self.apps_met(parameters.get("client_id")).await.ok()?;
        let nu = self.catalogus.nu(&self.app).await.ok()?;
        AuthorizationRequest::read(&parameters, &self.hm, &apps, nu.diensten()).ok()
    }

    /// The login goes into the browser's cookie, and the browser to a page that it can load again.
    pub(super) fn to_page(&self, visit: &Visit, request: AuthorizationRequest) -> Response {
        let id = jose::b64::encode(chance::entropy().bytes::<9>("etoegang.hm.login"));
        let login = Login {
            verzoek: request.verzoek,
            bij: Bij::Ons,
            tot: self.app.clock.now().plus_s(LOGIN_S).unix(),
            id,
        };
        let page = format!("{}/kiezen?login={}", self.pad(), login.id);
        if let Some(cookie) = self.kept(&login) {
            return web::with(web::see_other(&page), cookie);
        }
        let reason = "the request is too long for a browser's cookie";
        self.app.refused(visit.trace, "etoegang.md §4.3", reason);
        fout(400, visit, HmFoutSoort::Verzoek)
    }

    /// The cookie of a login; nothing when it would be too long.
    pub(super) fn kept(&self, login: &Login) -> Option<(http::HeaderName, http::HeaderValue)> {
        let value = self.app.seal.cookie(LOGIN, login);
        let fits = value.len() <= COOKIE_BYTES_MAX;
        fits.then(|| web::set_cookie(&cookie_name(&login.id), &value, LOGIN_S))
    }

    /// The login of this id in the browser's cookie, with the cookie's text.
    fn login<'v>(&self, visit: &'v Visit, id: &str) -> Option<(Login, &'v str)> {
        let text = visit.cookie(&cookie_name(id))?;
        let login: Login = self.app.seal.open_cookie(LOGIN, text)?;
        let is_over = Moment::from_unix(login.tot).is_over_at(self.app.clock.now());
        (login.id == id && !is_over).then_some((login, text))
    }

    /// The login of the browser that waits for an answer with this `state`.
    pub(super) fn login_with(&self, visit: &Visit, state: &str) -> Option<Login> {
        let ids = visit
            .cookies()
            .filter_map(|(name, _)| name.strip_prefix(COOKIE));
        let mut logins = ids.filter_map(|id| self.login(visit, id));
        let found = logins.find(|(login, _)| match &login.bij {
            Bij::Ons => false,
            Bij::Ad { wachtend, .. } => wachtend.state == state,
            Bij::Mr { state: known, .. } => known == state,
        });
        found.map(|(login, _)| login)
    }

    /// The app hears that the login ended without a code; the cookie goes.
    pub(super) fn afgebroken(
        &self,
        visit: &Visit,
        login: &Login,
        request: &AuthorizationRequest,
        waarom: Afgebroken,
    ) -> Response {
        let refusal = request.afgebroken(waarom);
        let (requirement, reason) = (refusal.requirement, refusal.reason);
        self.app.refused(visit.trace, requirement, reason);
        let to_app = web::see_other(&refusal.url(&self.hm.issuer));
        web::with(to_app, dropped(login))
    }

    /// Origins through which the browser goes on from our page: browsers hold a form's policy against
    /// every redirect that follows.
    fn onward<'a>(&'a self, redirect_uri: &'a str) -> Vec<&'a str> {
        let others = self.ads.iter().chain(&self.mrs);
        let others = others.map(|other| other.basis.as_str());
        others.chain([redirect_uri]).collect()
    }
}

pub(super) fn fout(status: u16, visit: &Visit, soort: HmFoutSoort) -> Response {
    web::show(status, visit, Brand::Hm, &[], &HmFout { soort })
}

/// Takes the cookie of a login that ended back.
pub(super) fn dropped(login: &Login) -> (http::HeaderName, http::HeaderValue) {
    web::drop_cookie(&cookie_name(&login.id))
}

/// One cookie for each login under way, so that two tabs do not take each other's.
fn cookie_name(id: &str) -> String {
    format!("{COOKIE}{id}")
}

// ── The page ────────────────────────────────────────────────────────────────────────────────────

/// With which AD, and for whom?
pub(super) async fn kiezen(State(role): State<Arc<HmRole>>, visit: Visit) -> Response {
    let query = visit.query().unwrap_or_default();
    let id = query.get("login").unwrap_or_default();
    let gone = || {
        let reason = "no such login in this browser";
        role.app
            .refused(visit.trace, "design §5 front channel", reason);
        fout(404, &visit, HmFoutSoort::Verlopen)
    };
    let Some((login, cookie)) = role.login(&visit, id) else {
        return gone();
    };
    let Some(request) = role.read_again(&login.verzoek).await else {
        return gone();
    };
    let token = role.app.seal.form_token(LOGIN, cookie);
    let Namen {
        dienst,
        dienstverlener,
    } = role
        .catalogus
        .namen(&request.dienst.service_id, &role.namen);
    let page = HmKiezen {
        formulier: format!("{}.{token}", login.id),
        dienst,
        dienstverlener,
        ads: role.choices(&visit, request.ad.as_ref()),
    };
    let redirect_uri = &request.oidc.redirect_uri;
    web::show(200, &visit, Brand::Hm, &role.onward(redirect_uri), &page)
}

/// The form was sent.
pub(super) async fn gekozen(State(role): State<Arc<HmRole>>, visit: Visit) -> Response {
    let Some((login, keuze)) = role.decided(&visit) else {
        let reason = "a form that is not of a login in this browser, or that says no choice";
        role.app
            .refused(visit.trace, "design §5 front channel", reason);
        return fout(400, &visit, HmFoutSoort::Verlopen);
    };
    let Some(request) = role.read_again(&login.verzoek).await else {
        let reason = "the service or the app went while the person chose";
        role.app.refused(visit.trace, "etoegang.md §4.3", reason);
        return fout(400, &visit, HmFoutSoort::Verlopen);
    };
    let Keuze::Verder { ad, mr } = keuze else {
        return role.afgebroken(&visit, &login, &request, Afgebroken::Geannuleerd);
    };
    match role.to_ad(&request, &login, ad, mr).await {
        Ok(response) => response,
        Err(_) => role.afgebroken(&visit, &login, &request, Afgebroken::NietBereikbaar),
    }
}

/// What a person chose.
enum Keuze {
    Verder {
        /// Which of our ADs.
        ad: usize,
        /// Which register, where he acts for another.
        mr: Option<EntityId>,
    },
    Annuleren,
}

impl HmRole {
    /// The ADs to choose from: the app's own choice alone, if it made one, and else what the browser
    /// remembers first.
    fn choices(&self, visit: &Visit, asked: Option<&EntityId>) -> Vec<HmKeuze> {
        let remembered = visit.cookie(VOORKEUR);
        let shown = self
            .ads
            .iter()
            .filter(|ad| asked.is_none_or(|asked| *asked == ad.entity));
        let is_first = |ad: &Deelnemer| Some(ad.entity.as_str()) == remembered;
        let mut choices: Vec<HmKeuze> = shown
            .map(|ad| HmKeuze {
                entity: ad.entity.to_string(),
                naam: ad.naam.clone(),
                voorkeur: is_first(ad),
            })
            .collect();
        choices.sort_by_key(|keuze| !keuze.voorkeur);
        choices
    }

    /// What the form says.
    fn decided(&self, visit: &Visit) -> Option<(Login, Keuze)> {
        let form = visit.form().ok()?;
        let (id, token) = form.get("formulier")?.split_once('.')?;
        let (login, cookie) = self.login(visit, id)?;
        let same = self.app.seal.is_form_token(LOGIN, cookie, token);
        if !same || !visit.is_from(&self.front) {
            return None;
        }
        let keuze = match form.get("keuze")? {
            "verder" => {
                let chosen = form.get("ad")?;
                let ad = self
                    .ads
                    .iter()
                    .position(|ad| ad.entity.as_str() == chosen)?;
                let mr = match form.get("voor")? {
                    "zelf" => None,
                    "organisatie" => Some(self.mrs.first()?.entity.clone()),
                    _ => return None,
                };
                Keuze::Verder { ad, mr }
            }
            "annuleren" => Keuze::Annuleren,
            _ => return None,
        };
        Some((login, keuze))
    }

    /// GUC3 3.2: the signed request goes to the AD with the browser.
    async fn to_ad(
        &self,
        request: &AuthorizationRequest,
        login: &Login,
        number: usize,
        mr: Option<EntityId>,
    ) -> Result<Response, Outage> {
        let down = || Outage::Store("the AD's keys cannot be had".to_owned());
        let deelnemer = self.ads.get(number).ok_or_else(down)?;
        let ad = self.authenticatiedienst(deelnemer).await;
        let ad = ad.map_err(|_| down())?;
        let (claims, wachtend) = ad.verzoek(
            request,
            &self.ad_redirect_uri(number),
            mr.as_ref(),
            &chance::entropy(),
            self.app.clock.now(),
        );
        let signed = keten::sign(&self.app, VERZOEK_TYP, &claims)?;
        let login = login.bij(Bij::Ad { wachtend, mr });
        let cookie = self.kept(&login).ok_or_else(down)?;
        let parameters = [
            ("client_id", ad.client_id.as_str()),
            ("request", signed.as_str()),
        ];
        let to = web::see_other(&with_query(&deelnemer.at("/authorize"), &parameters));
        let remembered = web::set_cookie(VOORKEUR, deelnemer.entity.as_str(), VOORKEUR_S);
        Ok(web::with(web::with(to, cookie), remembered))
    }
}
