//! The front channel of a launch (koppeltaal.md §4.5): a module sends the person here, we send the
//! person to an IdP, and with a code back to the module. And the exchange of that code.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use koppeltaal::auditevent::Spoor;
use koppeltaal::launch::NietGoed;
use koppeltaal::launch::authorize::{AuthorizeRefusal, AuthorizeVerzoek, PageRefusal};
use koppeltaal::launch::code::{CODE, Code, CodeAntwoord, CodeVerzoek, Codevraag};
use koppeltaal::launch::hti::{self, Hti};
use koppeltaal::launch::inloggen::{
    Antwoord, Login, ONDERWEG_S, Onderweg, Teruggekeerd, Terugkeer, Terugkeervraag, Vertrek,
    Vertrekvraag, Vertrokken, Vondst,
};
use koppeltaal::launch::token_response;
use protocol::handle::Handle;
use protocol::wire::Parameters;
use tokio::sync::OnceCell;
use uuid::Uuid;
use verdict::{Key, Step};

use super::sleutels::NoKeys;
use super::zicht::Zicht;
use super::{DomeinNu, InPath, KoppeltaalRole, no_domain};
use crate::door::TraceId;
use crate::pages::{Brand, KoppeltaalFout, KoppeltaalFoutSoort};
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit, get_once};

/// The purpose of the cookie that holds an [`Onderweg`].
const ONDERWEG: &str = "koppeltaal.onderweg";
/// Bytes of that cookie, at most: browsers keep 4096 with its name and attributes.
const COOKIE_BYTES_MAX: usize = 3_900;

/// What answers browsers.
pub(super) fn routes() -> Router<Arc<KoppeltaalRole>> {
    Router::new()
        .route(
            "/oauth2/authorize",
            get_once(authorize).post(authorize_post),
        )
        .route("/oauth2/idp/callback", get_once(callback))
}

// ── From the module ─────────────────────────────────────────────────────────────────────────────

/// The authorization request (koppeltaal case 92).
async fn authorize(
    State(role): State<Arc<KoppeltaalRole>>,
    path: InPath,
    visit: Visit,
) -> Response {
    let parameters = visit.query().ok();
    role.authorized(&path, &visit, parameters).await
}

/// The same as a form (koppeltaal case 100).
async fn authorize_post(
    State(role): State<Arc<KoppeltaalRole>>,
    path: InPath,
    visit: Visit,
) -> Response {
    let parameters = visit.form().ok();
    role.authorized(&path, &visit, parameters).await
}

impl KoppeltaalRole {
    async fn authorized(
        self: &Arc<Self>,
        path: &InPath,
        visit: &Visit,
        parameters: Option<Parameters>,
    ) -> Response {
        let Some(domein) = self.domein(path) else {
            return no_domain();
        };
        let read = parameters
            .ok_or(AuthorizeRefusal::Page(PageRefusal::Unreadable))
            .and_then(|sent| AuthorizeVerzoek::read(&sent, &domein.configuratie, &domein.urls));
        let verzoek = match read {
            Ok(verzoek) => verzoek,
            Err(refusal) => return self.not_authorized(&domein, visit, refusal),
        };
        match self.hti(&domein, &verzoek).await {
            Ok(hti) => self.leave(&domein, visit, verzoek, hti).await,
            Err(why) => {
                // koppeltaal case 98
                let refusal = verzoek.refused("invalid_request", why);
                self.not_authorized(&domein, visit, AuthorizeRefusal::Redirect(refusal))
            }
        }
    }

    fn not_authorized(
        &self,
        domein: &DomeinNu,
        visit: &Visit,
        refusal: AuthorizeRefusal,
    ) -> Response {
        match refusal {
            AuthorizeRefusal::Page(page) => {
                let why = page.reason();
                self.app.refused(visit.trace, why.requirement, why.reason);
                fout(400, visit, KoppeltaalFoutSoort::of(page))
            }
            AuthorizeRefusal::Redirect(refusal) => {
                let (requirement, reason) = (refusal.requirement, refusal.reason);
                self.app.refused(visit.trace, requirement, reason);
                found(&refusal.url(&domein.urls.issuer()))
            }
        }
    }

    /// The launch of a request, proven by its portal's keys.
    async fn hti(&self, domein: &DomeinNu, verzoek: &AuthorizeVerzoek) -> Result<Hti, NietGoed> {
        let shown = hti::Shown::read(&verzoek.launch)?;
        self.proven_hti(domein, shown, verzoek.client_id).await
    }

    /// A launch for this module, proven by its portal's keys.
    pub(super) async fn proven_hti(
        &self,
        domein: &DomeinNu,
        shown: hti::Shown<'_>,
        module: koppeltaal::ClientId,
    ) -> Result<Hti, NietGoed> {
        let portal = shown.applicatie(&domein.configuratie)?;
        let by_one_of = |keys: &jose::Jwks| shown.is_by_one_of(keys);
        let keys = self
            .sleutels
            .keys(&self.app, &portal.jwks_uri, by_one_of)
            .await;
        let keys = keys.map_err(|NoKeys(reason)| NietGoed::new("koppeltaal case 98", reason))?;
        shown.prove(keys.keys(), module, self.app.clock.now())
    }

    async fn leave(
        self: &Arc<Self>,
        domein: &DomeinNu,
        visit: &Visit,
        verzoek: AuthorizeVerzoek,
        hti: Hti,
    ) -> Response {
        let journey = Vertrekreis {
            zicht: Zicht::of(self, domein),
            verzoek,
            hti,
            vertrek: OnceLock::new(),
        };
        let ended = settle(&self.app, visit.trace, journey).await;
        self.outbox.wake(&domein.configuratie.domein);
        match ended {
            Ok(Vertrokken::NaarIdp { url, onderweg }) => self.to_idp(visit, &url, &onderweg),
            Ok(Vertrokken::Terug(refusal)) => found(&refusal.url(&domein.urls.issuer())),
            Err(_) => fout(503, visit, KoppeltaalFoutSoort::Storing),
        }
    }

    /// With what must come back, in a cookie that this browser alone has (design §5).
    fn to_idp(&self, visit: &Visit, url: &str, onderweg: &Onderweg) -> Response {
        let value = self.app.seal.cookie(ONDERWEG, onderweg);
        if value.len() > COOKIE_BYTES_MAX {
            let reason = "what the module sent does not fit in a cookie";
            self.app.refused(visit.trace, "koppeltaal.md §4.5", reason);
            return fout(400, visit, KoppeltaalFoutSoort::OngeldigVerzoek);
        }
        let cookie = web::set_cookie(&cookie_name(&onderweg.state), &value, ONDERWEG_S);
        web::with(found(url), cookie)
    }
}

/// A cookie for each login under way, so that two tabs do not take each other's.
fn cookie_name(state: &str) -> String {
    let short: String = state
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(12)
        .collect();
    format!("__Host-launch-{short}")
}

struct Vertrekreis {
    zicht: Zicht,
    verzoek: AuthorizeVerzoek,
    hti: Hti,
    /// The same, with what was drawn for this run.
    vertrek: OnceLock<Vertrek>,
}

impl Journey for Vertrekreis {
    type Reply = Vertrokken;
    type Question = Vertrekvraag;

    fn begin(&self, run: &Run) -> Step<Vertrokken, Vertrekvraag> {
        let vertrek = self.vertrek.get_or_init(|| {
            let (verzoek, hti) = (self.verzoek.clone(), self.hti.clone());
            Vertrek::new(verzoek, hti, spoor(run.trace), run.now, &run.entropy)
        });
        vertrek.begin()
    }

    async fn answer(
        &self,
        run: &Run,
        question: Vertrekvraag,
    ) -> Result<Step<Vertrokken, Vertrekvraag>, Outage> {
        let domein = self.zicht.now().await?;
        let nu = domein.as_ref().map(|domein| domein.nu());
        Ok(match question {
            Vertrekvraag::Domein(q) => q.answer(nu),
            Vertrekvraag::Discovery(q) => {
                let idps = &self.zicht.role().idps;
                let found = idps.discovery(&run.app, q.idp()).await;
                q.answer(found.map(Arc::unwrap_or_clone), nu)
            }
        })
    }

    fn lost(&self, key: &Key) -> Option<Step<Vertrokken, Vertrekvraag>> {
        self.zicht.lost(key);
        self.vertrek.get()?.lost(key)
    }
}

// ── From the IdP ────────────────────────────────────────────────────────────────────────────────

/// The IdP sends the browser back (koppeltaal case 101).
async fn callback(State(role): State<Arc<KoppeltaalRole>>, path: InPath, visit: Visit) -> Response {
    let Some(domein) = role.domein(&path) else {
        return no_domain();
    };
    let parameters = visit.query().unwrap_or_default();
    let state = parameters.get("state").unwrap_or_default();
    // design §5: only the browser that was sent on may bring the answer
    let Some(onderweg) = role.onderweg(&domein, &visit, state) else {
        let reason = "an IdP's answer came to a browser that was not sent on";
        role.app.refused(visit.trace, "koppeltaal.md §4.5", reason);
        return fout(400, &visit, KoppeltaalFoutSoort::Verlopen);
    };
    let cookie = web::drop_cookie(&cookie_name(&onderweg.state));
    let journey = Terugreis {
        zicht: Zicht::of(&role, &domein),
        antwoord: Antwoord::read(parameters.get("code"), parameters.get("error")),
        iss: parameters.get("iss").map(str::to_owned),
        onderweg,
        terugkeer: OnceLock::new(),
        login: OnceCell::new(),
        vondst: OnceCell::new(),
    };
    let ended = settle(&role.app, visit.trace, journey).await;
    role.outbox.wake(&domein.configuratie.domein);
    web::with(role.returned(&domein, &visit, ended), cookie)
}

impl KoppeltaalRole {
    /// What this browser was sent on with, if it was.
    fn onderweg(&self, domein: &DomeinNu, visit: &Visit, state: &str) -> Option<Onderweg> {
        let text = visit.cookie(&cookie_name(state))?;
        let onderweg: Onderweg = self.app.seal.open_cookie(ONDERWEG, text)?;
        let is_ours = onderweg.state == state && onderweg.domein == domein.configuratie.domein;
        (is_ours && !onderweg.is_over_at(self.app.clock.now())).then_some(onderweg)
    }

    fn returned(
        &self,
        domein: &DomeinNu,
        visit: &Visit,
        ended: Result<Teruggekeerd, Outage>,
    ) -> Response {
        let issuer = domein.urls.issuer();
        match ended {
            Ok(Teruggekeerd::Code { terug, grant }) => {
                let handle = Handle {
                    id: grant,
                    generation: 0,
                };
                found(&terug.url(&issuer, &self.app.handles.make(CODE, handle)))
            }
            Ok(Teruggekeerd::Terug(refusal)) => found(&refusal.url(&issuer)),
            // koppeltaal cases 102 to 104
            Ok(Teruggekeerd::Geweigerd) => fout(403, visit, KoppeltaalFoutSoort::Geweigerd),
            Ok(Teruggekeerd::AlBeantwoord) => fout(400, visit, KoppeltaalFoutSoort::AlBeantwoord),
            Err(_) => fout(503, visit, KoppeltaalFoutSoort::Storing),
        }
    }
}

struct Terugreis {
    zicht: Zicht,
    onderweg: Onderweg,
    antwoord: Antwoord,
    iss: Option<String>,
    /// The same, with what was drawn for this run.
    terugkeer: OnceLock<Terugkeer>,
    /// What the IdP said: it can be asked once.
    login: OnceCell<Login>,
    /// What the FHIR server said.
    vondst: OnceCell<Vondst>,
}

impl Journey for Terugreis {
    type Reply = Teruggekeerd;
    type Question = Terugkeervraag;

    fn begin(&self, run: &Run) -> Step<Teruggekeerd, Terugkeervraag> {
        let terugkeer = self.terugkeer.get_or_init(|| {
            let (onderweg, antwoord) = (self.onderweg.clone(), self.antwoord.clone());
            Terugkeer::new(onderweg, antwoord, spoor(run.trace), run.now, &run.entropy)
        });
        terugkeer.begin()
    }

    async fn answer(
        &self,
        _: &Run,
        question: Terugkeervraag,
    ) -> Result<Step<Teruggekeerd, Terugkeervraag>, Outage> {
        let domein = self.zicht.now().await?;
        let nu = domein.as_ref().map(|domein| domein.nu());
        let role = self.zicht.role();
        let Some(domein) = &domein else {
            return Ok(match question {
                Terugkeervraag::Gestopt(q) => q.answer(None),
                Terugkeervraag::Login(q) => q.answer(Login::Onbereikbaar, None),
                Terugkeervraag::Persoon(q) => q.answer(Vondst::Onbereikbaar, None),
            });
        };
        Ok(match question {
            Terugkeervraag::Gestopt(q) => q.answer(nu),
            Terugkeervraag::Login(q) => {
                let (code, iss) = (q.code(), self.iss.as_deref());
                let ask = || role.who_logged_in(domein, &self.onderweg, code, iss);
                let login = self.login.get_or_init(ask).await.clone();
                q.answer(login, nu)
            }
            Terugkeervraag::Persoon(q) => {
                let who = q.context().sub.verwijzing();
                let ask = || role.person(domein, who);
                let vondst = self.vondst.get_or_init(ask).await.clone();
                q.answer(vondst, nu)
            }
        })
    }

    fn lost(&self, key: &Key) -> Option<Step<Teruggekeerd, Terugkeervraag>> {
        self.zicht.lost(key);
        self.terugkeer.get()?.lost(key)
    }
}

// ── The code ────────────────────────────────────────────────────────────────────────────────────

impl KoppeltaalRole {
    /// A code for the context of a launch (koppeltaal case 106).
    pub(super) async fn authorization_code(
        self: &Arc<Self>,
        domein: &DomeinNu,
        visit: &Visit,
        form: &Parameters,
    ) -> Response {
        let here = domein.urls.token();
        let applicatie = match self.proven(domein, visit, form, &[&here]).await {
            Ok(applicatie) => applicatie,
            Err(response) => return response,
        };
        let open = |purpose, text: &str| self.app.handles.open(purpose, text);
        let verzoek = match CodeVerzoek::read(applicatie, form, open) {
            Ok(verzoek) => verzoek,
            Err(refusal) => return self.refused(visit, &refusal),
        };
        let signed = Arc::default();
        let journey = Codereis {
            zicht: Zicht::of(self, domein),
            verzoek,
            signed: Arc::clone(&signed),
        };
        match settle(&self.app, visit.trace, journey).await {
            Ok(CodeAntwoord::Issued(issued)) => {
                let id_token = signed.lock().unwrap_or_else(PoisonError::into_inner).take();
                id_token.map_or_else(web::unavailable, |id_token| {
                    web::json(200, &token_response::body(&id_token, &issued.context))
                })
            }
            Ok(CodeAntwoord::Refused(refusal)) => web::refused(refusal.error),
            Err(_) => web::unavailable(),
        }
    }
}

struct Codereis {
    zicht: Zicht,
    verzoek: CodeVerzoek,
    signed: Arc<Mutex<Option<String>>>,
}

impl Journey for Codereis {
    type Reply = CodeAntwoord;
    type Question = Codevraag;

    fn begin(&self, run: &Run) -> Step<CodeAntwoord, Codevraag> {
        self.verzoek.begin(run.now, &run.entropy)
    }

    async fn answer(
        &self,
        run: &Run,
        question: Codevraag,
    ) -> Result<Step<CodeAntwoord, Codevraag>, Outage> {
        let domein = self.zicht.now().await?;
        let found = run.load::<Code>(question.key()).await?;
        Ok(question.answer(found, domein.as_ref().map(|domein| domein.nu())))
    }

    /// koppeltaal case 109: RS256.
    fn prepare(&self, reply: &CodeAntwoord) -> Result<(), Outage> {
        if let CodeAntwoord::Issued(issued) = reply {
            let set = self.zicht.role().app.keys.set();
            let signed = set.id_tokens()?.current().sign("JWT", &issued.id_token)?;
            *self.signed.lock().unwrap_or_else(PoisonError::into_inner) = Some(signed);
        }
        Ok(())
    }

    fn lost(&self, key: &Key) -> Option<Step<CodeAntwoord, Codevraag>> {
        self.zicht.lost(key);
        CodeVerzoek::lost(key)
    }
}

// ── What they share ─────────────────────────────────────────────────────────────────────────────

/// The number of a request, as FHIR takes it.
pub(super) fn spoor(trace: TraceId) -> Spoor {
    Spoor::of(Uuid::from_bytes(trace.bytes()))
}

/// 302: where the framework's cases say so, and nothing was sent that a browser should not repeat.
fn found(url: &str) -> Response {
    // Our own URLs are percent-encoded ASCII, an IdP's is taken as it wrote it.
    match HeaderValue::from_str(url) {
        Ok(url) => (StatusCode::FOUND, [(LOCATION, url)]).into_response(),
        Err(_) => web::unavailable(),
    }
}

/// TOP-KT-012c: a page without technical detail, with a number under which it is found.
fn fout(status: u16, visit: &Visit, soort: KoppeltaalFoutSoort) -> Response {
    web::show(
        status,
        visit,
        Brand::Koppeltaal,
        &[],
        &KoppeltaalFout { soort },
    )
}
