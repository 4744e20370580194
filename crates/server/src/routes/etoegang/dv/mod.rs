//! The DV (dienstverlener) of the demo: an app that logs people in at the HM, and the backend that its
//! tokens open.
//!
//! The app is a web page where a real one is an app on a telephone: its redirect URI is a claimed `https`
//! one either way (RFC 8252 §7.2), and it proves itself by PKCE alone.

mod sessie;

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use dienstverlener::layer::{ToegangLayer, Toegelaten};
use dienstverlener::toegang::{Toegang, Vereist};
use dienstverlener::uitgever::Uitgever;
use etoegang::attribuut::Attributen;
use etoegang::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use etoegang::dienstencatalogus::Dienstencatalogus;
use etoegang::dv_app::{
    ALGORITHMS, Aanvraag, Begonnen, GeenCode, Gekregen, LEEWAY_S, Niet, Plaats, attributen,
    gevraagde_claims, herroeping, vernieuwing,
};
use etoegang::dv_hm::claims::{ACCESS_TOKEN_TYP, AccessToken};
use etoegang::kenmerk::{Kenmerk, Soort};
use identity::{EntityId, ServiceId};
use jose::{Claims, Expected, Typ};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tower::{Layer as _, ServiceExt as _};
use verdict::Moment;

use self::sessie::Sessie;
use super::sleutels::Sleutelbos;
use super::{Deelnemer, gegeven};
use crate::app::App;
use crate::catalogus::Catalogus;
use crate::chance;
use crate::input::Dienstnaam;
use crate::keys;
use crate::outside::Headers;
use crate::pages::{Brand, DvDienst, DvMelding, DvMeldingSoort, DvSessie, DvStart};
use crate::web::{self, Visit, get_once};

/// The cookie of a login under way, and its purpose.
const LOGIN_COOKIE: &str = "__Host-dv-login";
const LOGIN: &str = "etoegang.dv.login";
/// What the forms of the start page are bound to.
const START: &str = "etoegang.dv.start";
const START_COOKIE: &str = "__Host-dv-start";
/// Seconds that a person may take to log in.
const LOGIN_S: u32 = 2_700;

/// How often we look whether the HM's keys must be fetched again, and after how many looks they are.
const KEYS_TURN: Duration = Duration::from_millis(500);
const KEYS_ROUNDS: u32 = 600;

/// What the DV is given.
pub struct DvGiven {
    /// Origin of its host.
    pub front: String,
    /// The path of what it shows to others of the network.
    pub pad: String,
    /// Itself.
    pub entity: EntityId,
    /// Its app's `client_id`.
    pub client_id: String,
    /// Its HM.
    pub hm: Deelnemer,
    /// The services, as people call them.
    pub namen: BTreeMap<ServiceId, Dienstnaam>,
    /// The services, with their levels.
    pub catalogus: Arc<Catalogus>,
    /// What organisations are called.
    pub organisaties: BTreeMap<Kenmerk, String>,
    /// Origins through which the browser goes on.
    pub next_origins: Vec<String>,
    /// Its way with keys.
    pub sleutels: Sleutelbos,
}

/// The DV.
pub struct DvRole {
    app: Arc<App>,
    given: DvGiven,
    keys: Sleutelbos,
    uitgever: Arc<Uitgever>,
}

/// A login under way: what the browser's cookie holds.
#[derive(Serialize, Deserialize)]
struct Login {
    #[serde(flatten)]
    begonnen: Begonnen,
    tot: i64,
}

impl DvRole {
    /// What it needs keys for, beside what everybody does.
    pub const PURPOSES: [keys::Purpose; 1] = [keys::Purpose::Tokens];

    /// The role of a party that has keys for [`Self::PURPOSES`].
    pub fn new(app: Arc<App>, mut given: DvGiven) -> Arc<Self> {
        Arc::new(Self {
            uitgever: Arc::new(Uitgever::new(given.hm.basis.clone())),
            app,
            keys: mem::take(&mut given.sleutels),
            given,
        })
    }

    /// What answers at its host.
    pub fn router(self: &Arc<Self>) -> Router {
        let router = Router::new()
            .route("/", get(start))
            .route("/inloggen", post(inloggen))
            .route("/app/terug", get_once(terug))
            .route("/app", get(sessie_page))
            .route("/app/vernieuwen", post(vernieuwen))
            .route("/app/uitloggen", post(uitloggen))
            .route(&format!("{}/jwks", self.given.pad), get(jwks))
            .merge(self.backend());
        web::with_pages(router, Brand::Dv).with_state(Arc::clone(self))
    }

    fn redirect_uri(&self) -> String {
        format!("{}/app/terug", self.given.front)
    }

    fn failed(&self, visit: &Visit, reason: &str) -> Response {
        self.app.refused(visit.trace, "etoegang.md §4.3", reason);
        melding(502, visit, DvMeldingSoort::Mislukt)
    }
}

fn melding(status: u16, visit: &Visit, soort: DvMeldingSoort) -> Response {
    web::show(status, visit, Brand::Dv, &[], &DvMelding { soort })
}

// ── The app ─────────────────────────────────────────────────────────────────────────────────────

/// The services that one can log in to.
async fn start(State(role): State<Arc<DvRole>>, visit: Visit) -> Response {
    let shown = visit.cookie(START_COOKIE).map(str::to_owned);
    let bound = shown
        .clone()
        .unwrap_or_else(|| jose::b64::encode(chance::entropy().bytes::<16>("dv.start")));
    let own = role.given.namen.iter();
    let own = own.filter(|(_, naam)| naam.dv == role.given.entity);
    // Without a catalogue nobody can log in, and the HM says so.
    let nu = role.given.catalogus.bekend();
    let is_there = |id: &ServiceId| {
        let found = nu.as_ref().map(|nu| nu.diensten().van_scope(id.as_str()));
        found.is_none_or(|found| found.is_some())
    };
    let own = own.filter(|(id, _)| is_there(id));
    let page = DvStart {
        diensten: own
            .map(|(id, naam)| DvDienst {
                id: id.to_string(),
                naam: naam.dienst.clone(),
            })
            .collect(),
        formulier: role.app.seal.form_token(START, &bound),
    };
    let onward: Vec<&str> = role.given.next_origins.iter().map(String::as_str).collect();
    let response = web::show(200, &visit, Brand::Dv, &onward, &page);
    match shown {
        Some(_) => response,
        None => web::with(response, web::set_cookie(START_COOKIE, &bound, LOGIN_S)),
    }
}

/// GUC7 and GUC8 8.1: on to the HM.
async fn inloggen(State(role): State<Arc<DvRole>>, visit: Visit) -> Response {
    let form = visit.form().unwrap_or_default();
    let bound = visit.cookie(START_COOKIE).unwrap_or_default();
    let token = form.get("formulier").unwrap_or_default();
    let is_ours = role.app.seal.is_form_token(START, bound, token);
    let dienst = form.get("dienst").and_then(|id| ServiceId::parse(id).ok());
    let dienst = dienst.filter(|_| is_ours && visit.is_from(&role.given.front));
    let Some(dienst) = dienst else {
        return melding(400, &visit, DvMeldingSoort::Verlopen);
    };
    let login = Login {
        begonnen: Begonnen::nieuw(&chance::entropy()),
        tot: role.app.clock.now().plus_s(LOGIN_S).unix(),
    };
    let claims = role.claims_van(&dienst);
    let url = login.begonnen.url(&Aanvraag {
        authorization_endpoint: &role.given.hm.at("/authorize"),
        client_id: &role.given.client_id,
        redirect_uri: &role.redirect_uri(),
        dienst: dienst.as_str(),
        niveau: None,
        claims: claims.as_deref(),
    });
    let url = web::in_chosen_lang(&visit, &url);
    let cookie = role.app.seal.cookie(LOGIN, &login);
    let cookie = web::set_cookie(LOGIN_COOKIE, &cookie, LOGIN_S);
    web::with(web::see_other(&url), cookie)
}

/// Back from the HM.
async fn terug(State(role): State<Arc<DvRole>>, visit: Visit) -> Response {
    let query = visit.query().unwrap_or_default();
    let Some(login) = role.login(&visit) else {
        return melding(400, &visit, DvMeldingSoort::Verlopen);
    };
    let fout = match login.begonnen.code(&role.given.hm.basis, &query) {
        Ok(code) => {
            let response = role.exchange(&visit, &login, code).await;
            return web::with(response, web::drop_cookie(LOGIN_COOKIE));
        }
        Err(GeenCode::Fout(fout)) => fout,
        Err(GeenCode::AnderVerzoek | GeenCode::AndereUitgever) => {
            return melding(400, &visit, DvMeldingSoort::Verlopen);
        }
    };
    let response = match &*fout {
        "access_denied" => melding(200, &visit, DvMeldingSoort::NietIngelogd),
        "unmet_authentication_requirements" => melding(200, &visit, DvMeldingSoort::NiveauTeLaag),
        "temporarily_unavailable" => melding(503, &visit, DvMeldingSoort::Later),
        _ => role.failed(&visit, "the HM answered with an error that nobody expects"),
    };
    web::with(response, web::drop_cookie(LOGIN_COOKIE))
}

impl DvRole {
    fn login(&self, visit: &Visit) -> Option<Login> {
        let text = visit.cookie(LOGIN_COOKIE)?;
        let login: Login = self.app.seal.open_cookie(LOGIN, text)?;
        let is_over = Moment::from_unix(login.tot).is_over_at(self.app.clock.now());
        (!is_over).then_some(login)
    }

    /// The code for tokens, which the browser keeps, sealed.
    async fn exchange(&self, visit: &Visit, login: &Login, code: &str) -> Response {
        let (client_id, redirect_uri) = (&self.given.client_id, self.redirect_uri());
        let fields = login.begonnen.inwisseling(client_id, &redirect_uri, code);
        let gekregen = match self.asked(&fields).await {
            Ok(gekregen) => gekregen,
            Err(Niet::Later) => return melding(503, visit, DvMeldingSoort::Later),
            Err(_) => return self.failed(visit, "the HM does not take the code"),
        };
        let Ok(keys) = self.keys.van(&self.app, &self.given.hm).await else {
            return self.failed(visit, "the HM shows no keys");
        };
        let (whose, now) = ((&*self.given.hm.basis, &**client_id), self.app.clock.now());
        let believed = login.begonnen.verklaring(&gekregen, &keys, whose, now);
        // OIDC Core §3.1.3.7
        if believed.is_none() {
            return self.failed(visit, "the HM gave no ID token that can be believed");
        }
        self.to_session(&Sessie::of(gekregen))
    }

    fn to_session(&self, sessie: &Sessie) -> Response {
        let cookie = sessie.cookie(&self.app.seal);
        web::with(web::see_other("/app"), cookie)
    }

    /// The claims of a token of the HM for this audience; nothing for whatever cannot be believed.
    async fn claims(&self, token: &str, typ: Typ<'_>, audience: &str) -> Option<Claims> {
        let keys = self.keys.van(&self.app, &self.given.hm).await.ok()?;
        let expected = Expected {
            typ,
            issuer: &self.given.hm.basis,
            audience: &[audience],
            now: self.app.clock.now(),
            leeway_s: LEEWAY_S,
        };
        jose::verify(token, &keys, &ALGORITHMS, &expected).ok()
    }
}

impl DvRole {
    async fn asked(&self, fields: &[(&str, &str)]) -> Result<Gekregen, Niet> {
        let url = self.given.hm.at("/token");
        let answer = self.app.outside.post_form(&url, fields, Headers::none());
        let answer = answer.await.map_err(|_| Niet::Later)?;
        Gekregen::antwoord(answer.status.as_u16(), &answer.body)
    }
}

// ── The session ─────────────────────────────────────────────────────────────────────────────────

/// Who is logged in, for whom.
async fn sessie_page(State(role): State<Arc<DvRole>>, visit: Visit) -> Response {
    let Some(sessie) = Sessie::in_browser(&visit, &role.app.seal) else {
        return web::see_other("/");
    };
    let audience = role.given.entity.as_str();
    let typ = Typ::Is(ACCESS_TOKEN_TYP);
    let claims = role.claims(&sessie.toegang, typ, audience).await;
    let token = claims.and_then(|claims| claims.parse_all::<AccessToken>().ok());
    let attributen = match &token {
        Some(token) => role.attributen(&sessie, token).await,
        None => Attributen::default(),
    };
    let page = role.shown(token.as_ref(), &attributen, &sessie);
    web::show(200, &visit, Brand::Dv, &[], &page)
}

impl DvRole {
    /// What the app asks for by name: all that the catalogue declares for the service, in userinfo.
    fn claims_van(&self, dienst: &ServiceId) -> Option<String> {
        let nu = self.given.catalogus.bekend()?;
        let asked = &nu.diensten().van_scope(dienst.as_str())?.attributen;
        gevraagde_claims(asked.iter().map(|asked| &asked.naam), Plaats::Userinfo)
    }

    /// What userinfo tells of this person; nothing where the HM does not answer now.
    async fn attributen(&self, sessie: &Sessie, token: &AccessToken) -> Attributen {
        let told = async {
            let headers = Headers::none().bearer(&sessie.toegang);
            let url = self.given.hm.at("/userinfo");
            let answer = self.app.outside.get(&url, headers).await.ok()?;
            let said = str::from_utf8(&answer.body).ok()?;
            let keys = self.keys.van(&self.app, &self.given.hm).await.ok()?;
            let whose = (&*self.given.hm.basis, &*self.given.client_id);
            attributen(said, &keys, whose, &token.sub, self.app.clock.now())
        };
        told.await.unwrap_or_default()
    }

    /// An access token that is over shows nothing but the way to renew it.
    fn shown(
        &self,
        token: Option<&AccessToken>,
        attributen: &Attributen,
        sessie: &Sessie,
    ) -> DvSessie {
        let named = |sub: &str, urn: &str| {
            let soort = Soort::from_urn(urn).ok()?;
            let kenmerk = Kenmerk::parse(soort, sub).ok()?;
            let naam = self.given.organisaties.get(&kenmerk);
            Some(naam.cloned().unwrap_or_else(|| sub.to_owned()))
        };
        let outer = token.and_then(|token| token.represents.as_ref());
        let inner = outer.and_then(|outer| outer.represents.as_deref());
        let voor = inner.or(outer);
        let via = inner.and(outer);
        let dienst = token.and_then(|token| self.given.namen.get(&token.service_id));
        DvSessie {
            dienst: dienst.map(|naam| naam.dienst.clone()),
            persoon: token.map(|token| token.sub.clone()),
            voor: voor.and_then(|who| named(&who.sub, &who.sub_id_type)),
            via: via.and_then(|who| named(&who.sub, &who.sub_id_type)),
            niveau: token.map(|token| token.acr.naam().to_owned()),
            attributen: attributen
                .iter()
                .map(|(naam, waarde)| (gegeven(naam), waarde.as_str().to_owned()))
                .collect(),
            kan_vernieuwen: sessie.vernieuwing.is_some(),
            formulier: sessie.form_token(&self.app.seal),
        }
    }

    fn session(&self, visit: &Visit) -> Option<Sessie> {
        let form = visit.form().ok()?;
        let sessie = Sessie::in_browser(visit, &self.app.seal)?;
        let is_ours = sessie.is_form_token(&self.app.seal, form.get("formulier")?);
        (is_ours && visit.is_from(&self.given.front)).then_some(sessie)
    }
}

/// GUC9 9.1.
async fn vernieuwen(State(role): State<Arc<DvRole>>, visit: Visit) -> Response {
    let Some(sessie) = role.session(&visit) else {
        return melding(400, &visit, DvMeldingSoort::Verlopen);
    };
    let Some(refresh_token) = sessie.vernieuwing.as_deref() else {
        return melding(400, &visit, DvMeldingSoort::Voorbij);
    };
    let fields = vernieuwing(&role.given.client_id, refresh_token);
    match role.asked(&fields).await {
        Ok(new) => role.to_session(&Sessie::of(new)),
        // etoegang.md §4.8: all tokens are dropped, and the login begins anew
        Err(Niet::Voorbij) => {
            let page = melding(200, &visit, DvMeldingSoort::Voorbij);
            web::with(page, Sessie::dropped())
        }
        Err(Niet::Later) => melding(503, &visit, DvMeldingSoort::Later),
        Err(Niet::Fout) => role.failed(&visit, "the HM does not renew the tokens"),
    }
}

/// The app needs its tokens no more (RFC 7009).
async fn uitloggen(State(role): State<Arc<DvRole>>, visit: Visit) -> Response {
    let Some(sessie) = role.session(&visit) else {
        return melding(400, &visit, DvMeldingSoort::Verlopen);
    };
    let token = sessie.vernieuwing.as_ref().unwrap_or(&sessie.toegang);
    let fields = herroeping(&role.given.client_id, token);
    let url = role.given.hm.at("/revoke");
    let told = role
        .app
        .outside
        .post_form(&url, &fields, Headers::none())
        .await;
    if !told.is_ok_and(|answer| answer.status.is_success()) {
        return melding(503, &visit, DvMeldingSoort::Later);
    }
    let page = melding(200, &visit, DvMeldingSoort::Uitgelogd);
    web::with(page, Sessie::dropped())
}

// ── The backend ─────────────────────────────────────────────────────────────────────────────────

impl DvRole {
    /// A message of each service of this DV, which its tokens open: by number, and of the first without
    /// (etoegang cases 88 to 91).
    fn backend(self: &Arc<Self>) -> Router<Arc<Self>> {
        let own = self.given.namen.iter();
        let own = own.filter(|(_, naam)| naam.dv == self.given.entity);
        let mut router = Router::new();
        for (at, (dienst, _)) in own.enumerate() {
            let number = dienst.as_str().rsplit(':').next().unwrap_or_default();
            let door = (Arc::clone(self), dienst.clone());
            let guarded = get(bericht).layer(from_fn_with_state(door, toegelaten));
            router = router.route(&format!("/api/{number}/bericht"), guarded.clone());
            if at == 0 {
                router = router.route("/api/bericht", guarded);
            }
        }
        router
    }

    /// Who is let in to a service now: its level is that of the catalogue in force.
    fn toegang(
        &self,
        dienst: &ServiceId,
        catalogus: &Dienstencatalogus,
    ) -> ToegangLayer<impl Fn() -> Moment + Clone + use<>> {
        let found = catalogus.van_scope(dienst.as_str());
        let niveau = found.map_or(Betrouwbaarheidsniveau::Loa4, |dienst| dienst.niveau);
        let toegang = Toegang {
            uitgever: Arc::clone(&self.uitgever),
            dv: self.given.entity.clone(),
            vereist: Vereist {
                dienst: dienst.clone(),
                niveau,
                leeftijd_s_max: None,
            },
        };
        let clock = self.app.clock.clone();
        ToegangLayer::new(toegang, move || clock.now())
    }

    /// Fetches the keys of the HM: at once, when one was missed, and now and then.
    pub async fn keep_keys(self: Arc<Self>) {
        let mut rounds_left = 0_u32;
        loop {
            let is_time = rounds_left == 0 || self.uitgever.sleutel_gemist();
            if is_time {
                let fetched = self.keys.opnieuw_van(&self.app, &self.given.hm);
                rounds_left = match fetched.await {
                    Ok(keys) => {
                        self.uitgever.vernieuw(keys.as_ref().clone());
                        KEYS_ROUNDS
                    }
                    Err(_) => 1,
                };
            }
            rounds_left -= 1;
            tokio::time::sleep(KEYS_TURN).await;
        }
    }
}

/// Lets a request in to a service of the DV, or answers it.
async fn toegelaten(
    State((role, dienst)): State<(Arc<DvRole>, ServiceId)>,
    request: Request,
    next: Next,
) -> Response {
    let Ok(nu) = role.given.catalogus.nu(&role.app).await else {
        return web::unavailable();
    };
    let guarded = role.toegang(&dienst, nu.diensten()).layer(next);
    match guarded.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// What the app gets with its token.
async fn bericht(
    State(role): State<Arc<DvRole>>,
    Extension(Toegelaten(token)): Extension<Toegelaten>,
) -> Response {
    let dienst = role.given.namen.get(&token.service_id);
    web::json(
        200,
        &json!({
            "dienst": dienst.map(|naam| &naam.dienst),
            "sub": token.sub,
            "represents": token.represents,
            "acr": token.acr,
        }),
    )
}

/// RFC 7517 §5: with what the backend proves who it is at the HM.
async fn jwks(State(role): State<Arc<DvRole>>) -> Response {
    role.keys.getoond(&role.app, &role.given.entity)
}
