//! The front channel of the authorization server: steps 2–7, and what a person sees on the way.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use mitz::authorization_server::aanmelding::{self, Aanmelding, Terugkeer, Uitkomst, Vervolg};
use mitz::authorization_server::aanvraag::{AANVRAAG_S, Aanvraag, Doel, Verzoek};
use mitz::authorization_server::code::{self, Terug};
use mitz::authorization_server::pseudoniem::Pseudoniem;
use mitz::authorization_server::token::CODE;
use mitz::toestemmingenregister::Koppeling;
use protocol::authorize::{AuthorizeRefusal, PageRefusal};
use protocol::handle::Handle;
use protocol::wire::{Malformed, Parameters, with_query};
use tokio::sync::OnceCell;
use verdict::{Key, Record as _, Step};

use super::{AANMELDING, MitzRole, TICKET};
use crate::chance;
use crate::digid::{Login, Resolve};
use crate::door::TraceId;
use crate::pages::{self, Brand, DigidDoorsturen, Doorsturen, Lang, MitzFoutSoort};
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

/// The purpose of the cookie that holds an [`Aanvraag`], and of forms bound to it.
const AANVRAAG: &str = "mitz.aanvraag";
/// The cookie that leads back to an aanmelding.
const AANMELDING_COOKIE: &str = "__Host-aanmelding";

// ── What anybody may read ───────────────────────────────────────────────────────────────────────

/// OpenID Connect Discovery 1.0 §4, RFC 8414 §3.
pub(super) async fn metadata(State(role): State<Arc<MitzRole>>) -> Response {
    web::json(200, &role.provider().document())
}

/// RFC 7517 §5.
pub(super) async fn jwks(State(role): State<Arc<MitzRole>>) -> Response {
    match role.app.keys.set().tokens() {
        Ok(tokens) => web::json(200, &tokens.published().to_json()),
        Err(_) => web::unavailable(),
    }
}

/// The service provider's metadata, signed (digid.md §2.1).
pub(super) async fn saml_metadata(State(role): State<Arc<MitzRole>>) -> Response {
    let id = saml::message_id(chance::entropy().bytes("saml.metadata"));
    match role.digid.metadata(&id) {
        Ok(metadata) => web::typed(200, "application/samlmetadata+xml", metadata),
        Err(_) => web::unavailable(),
    }
}

// ── Step 2 ──────────────────────────────────────────────────────────────────────────────────────

/// The authorization request, by GET (OIDC Core §3.1.2.1).
pub(super) async fn authorize(State(role): State<Arc<MitzRole>>, visit: Visit) -> Response {
    let parameters = visit.query();
    role.authorize(visit, parameters).await
}

/// The same by POST, as a form.
pub(super) async fn authorize_post(State(role): State<Arc<MitzRole>>, visit: Visit) -> Response {
    let parameters = visit.form().map_err(|_| Malformed::Encoding);
    role.authorize(visit, parameters).await
}

/// A person who wants to see or withdraw consents logs in for that alone.
pub(super) async fn beheren(State(role): State<Arc<MitzRole>>, visit: Visit) -> Response {
    role.to_digid(&visit, Doel::Beheren, visit.trace).await
}

impl MitzRole {
    /// OIDC Core §3.1.2.1: our pages, from the first to the last, are in the language that the client
    /// asks for in `ui_locales`, or as if it had asked for none.
    async fn authorize(&self, mut visit: Visit, read: Result<Parameters, Malformed>) -> Response {
        let ui_locales = read.as_ref().ok().and_then(|read| read.get("ui_locales"));
        visit.asked = ui_locales.and_then(Lang::of_ui_locales);
        self.authorized(&visit, read).await
    }

    async fn authorized(&self, visit: &Visit, read: Result<Parameters, Malformed>) -> Response {
        let app = &self.app;
        let refusal = match read.map(|parameters| Verzoek::read(&parameters, &self.mitz)) {
            Ok(Ok(verzoek)) => {
                app.saw(2, visit.trace, visit.peer_name(), "authorization request");
                return self
                    .to_digid(visit, Doel::Koppelen(verzoek), visit.trace)
                    .await;
            }
            Ok(Err(refusal)) => refusal,
            Err(malformed) => {
                app.saw_fail(2, visit.trace, visit.peer_name(), malformed.text());
                app.refused(visit.trace, "RFC 6749 §3.1", malformed.text());
                return Self::fout(400, visit, MitzFoutSoort::OngeldigVerzoek);
            }
        };
        match refusal {
            AuthorizeRefusal::Page(refusal) => {
                let (requirement, reason) = refusal.reason();
                app.saw_fail(2, visit.trace, visit.peer_name(), reason);
                app.refused(visit.trace, requirement, reason);
                let soort = match refusal {
                    PageRefusal::UnknownClient => MitzFoutSoort::OnbekendeClient,
                    PageRefusal::UnknownRedirectUri => MitzFoutSoort::OnbekendeRedirectUri,
                };
                Self::fout(400, visit, soort)
            }
            AuthorizeRefusal::Redirect(refusal) => {
                app.saw_fail(2, visit.trace, visit.peer_name(), refusal.reason);
                app.refused(visit.trace, refusal.requirement, refusal.reason);
                web::see_other(&refusal.url(&self.mitz.issuer))
            }
        }
    }

    /// Step 3: an AuthnRequest, and the browser's cookie that alone can take its answer.
    async fn to_digid(&self, visit: &Visit, doel: Doel, trace: TraceId) -> Response {
        let now = self.app.clock.now();
        let authn_request = saml::message_id(chance::entropy().bytes("saml.authn_request"));
        let relay_state = trace.to_string();
        let login = self
            .digid
            .login(&self.app, &authn_request, &relay_state, now)
            .await;
        let Ok(login) = login else {
            self.app.refused(
                visit.trace,
                "seed 000 step 3",
                "DigiD's metadata cannot be had",
            );
            return Self::fout(503, visit, MitzFoutSoort::Storing);
        };
        let aanvraag = Aanvraag {
            doel,
            authn_request,
            requested_at: now.unix(),
            trace: relay_state.clone(),
            until: now.plus_s(AANVRAAG_S).unix(),
        };
        let value = self.app.seal.cookie(AANVRAAG, &aanvraag);
        let cookie = web::set_cookie(&cookie_name(&relay_state), &value, AANVRAAG_S);
        let response = match login {
            Login::Redirect(url) => web::remembering(visit, web::see_other(&url)),
            Login::Post(form) => {
                let page = DigidDoorsturen::new(Doorsturen::Inloggen, form);
                Self::show(200, visit, &[&web::origin(&page.action)], &page)
            }
        };
        web::with(response, cookie)
    }

    /// The aanvraag of this RelayState in the browser's cookie, with the cookie's text.
    fn aanvraag<'a>(&self, visit: &'a Visit, relay_state: &str) -> Option<(Aanvraag, &'a str)> {
        let text = visit.cookie(&cookie_name(relay_state))?;
        let aanvraag: Aanvraag = self.app.seal.open_cookie(AANVRAAG, text)?;
        let holds = aanvraag.trace == relay_state && !aanvraag.is_over_at(self.app.clock.now());
        holds.then_some((aanvraag, text))
    }

    fn show(
        status: u16,
        visit: &Visit,
        form_action: &[&str],
        context: &impl pages::PageContext,
    ) -> Response {
        web::show(status, visit, Brand::Mitz, form_action, context)
    }

    pub(super) fn fout(status: u16, visit: &Visit, soort: MitzFoutSoort) -> Response {
        Self::show(status, visit, &[], &pages::MitzFout { soort })
    }
}

/// One cookie for each login under way, so that two tabs do not take each other's.
fn cookie_name(relay_state: &str) -> String {
    let short: String = relay_state
        .chars()
        .filter(char::is_ascii_hexdigit)
        .take(12)
        .collect();
    format!("__Host-aanvraag-{short}")
}

// ── Step 4 ──────────────────────────────────────────────────────────────────────────────────────

/// DigiD sends the browser back with an artifact.
pub(super) async fn assertion_consumer(
    State(role): State<Arc<MitzRole>>,
    visit: Visit,
) -> Response {
    let parameters = visit.query().unwrap_or_default();
    let relay_state = parameters.get("RelayState").unwrap_or_default().to_owned();
    let artifact = parameters.get("SAMLart").map(str::to_owned);
    // design §5: only the browser that holds the request may bring its answer
    let (Some((aanvraag, _)), Some(artifact)) = (role.aanvraag(&visit, &relay_state), artifact)
    else {
        role.app.refused(
            visit.trace,
            "digid case 26",
            "an answer came to a browser that holds no such request",
        );
        return MitzRole::fout(400, &visit, MitzFoutSoort::Verlopen);
    };
    let trace = TraceId::parse(&aanvraag.trace).unwrap_or(visit.trace);
    let journey = AanmeldingJourney {
        role: Arc::clone(&role),
        aanvraag,
        artifact,
        client: visit.peer.address.ip(),
        uitkomst: OnceCell::new(),
    };
    let relay = [("aanvraag", relay_state.as_str())];
    let cookie = cookie_name(&relay_state);
    match settle(&role.app, trace, journey).await {
        Ok(Vervolg::Toestemming { id }) => role.to_register(&visit, id, &cookie),
        Ok(Vervolg::Geannuleerd) => web::see_other(&with_query("/geannuleerd", &relay)),
        Ok(Vervolg::NietIngelogd) => web::see_other(&with_query("/niet-ingelogd", &relay)),
        Ok(Vervolg::Onbereikbaar) => {
            let storing = [relay[0], ("storing", "1")];
            web::see_other(&with_query("/niet-ingelogd", &storing))
        }
        Ok(Vervolg::AlBeantwoord) => MitzRole::fout(400, &visit, MitzFoutSoort::AlBeantwoord),
        Err(_) => MitzRole::fout(503, &visit, MitzFoutSoort::Storing),
    }
}

struct AanmeldingJourney {
    role: Arc<MitzRole>,
    aanvraag: Aanvraag,
    artifact: String,
    client: IpAddr,
    /// What DigiD said: it can be asked once.
    uitkomst: OnceCell<Uitkomst>,
}

impl Journey for AanmeldingJourney {
    type Reply = Vervolg;
    type Question = aanmelding::Vraag;

    fn begin(&self, run: &Run) -> Step<Vervolg, aanmelding::Vraag> {
        Terugkeer::new(self.aanvraag.clone(), run.now, &run.entropy).begin()
    }

    async fn answer(
        &self,
        run: &Run,
        question: aanmelding::Vraag,
    ) -> Result<Step<Vervolg, aanmelding::Vraag>, Outage> {
        Ok(match question {
            aanmelding::Vraag::AlBeantwoord(q) => {
                let seen = run.exists(q.key()).await?;
                q.answer(seen)
            }
            aanmelding::Vraag::Artefact(q) => {
                let uitkomst = self.uitkomst.get_or_init(|| self.resolve(run)).await;
                q.answer(uitkomst.clone())
            }
            aanmelding::Vraag::Persoon(q) => {
                let persoon = self.role.persoon(q.bsn()).await?;
                q.answer(persoon)
            }
        })
    }
}

impl AanmeldingJourney {
    /// Step 4: the artifact for an assertion, over the back channel.
    async fn resolve(&self, run: &Run) -> Uitkomst {
        let asked = Resolve {
            artifact: &self.artifact,
            authn_request: &self.aanvraag.authn_request,
            requested_at: verdict::Moment::from_unix(self.aanvraag.requested_at),
            client: self.client,
            now: run.now,
        };
        let uitkomst = self.role.digid.resolve(&run.app, run.trace, &asked).await;
        let peer = "digid";
        match &uitkomst {
            Uitkomst::Ingelogd { .. } => run.app.saw(4, run.trace, peer, "assertion accepted"),
            Uitkomst::Geannuleerd => run.app.saw_fail(4, run.trace, peer, "the person cancelled"),
            Uitkomst::NietIngelogd { reason, .. } => {
                run.app.saw_fail(4, run.trace, peer, *reason);
            }
            Uitkomst::Onbereikbaar => run.app.saw_fail(4, run.trace, peer, "no answer"),
        }
        uitkomst
    }
}

impl MitzRole {
    /// Step 5: to the register with a ticket, and back later with the aanmelding's cookie.
    fn to_register(&self, visit: &Visit, id: [u8; 16], aanvraag_cookie: &str) -> Response {
        let handle = Handle { id, generation: 0 };
        let ticket = self.app.handles.make(TICKET, handle);
        let url = with_query(
            &format!("{}/openen", self.urls.register),
            &[("ticket", &ticket)],
        );
        let cookie = self.app.handles.make(AANMELDING, handle);
        let url = web::in_chosen_lang(visit, &url);
        let response = web::with(web::see_other(&url), web::drop_cookie(aanvraag_cookie));
        web::with(
            response,
            web::set_cookie(AANMELDING_COOKIE, &cookie, AANVRAAG_S),
        )
    }
}

// ── When the person did not log in ──────────────────────────────────────────────────────────────

/// mitz case 8: the person cancelled; try again, or stop.
pub(super) async fn geannuleerd(State(role): State<Arc<MitzRole>>, visit: Visit) -> Response {
    role.not_logged_in(&visit, |visit, next| {
        MitzRole::show(
            200,
            visit,
            &next.origins(),
            &pages::MitzGeannuleerd {
                pgo: next.pgo.clone(),
                aanvraag: next.relay_state.clone(),
                formulier: next.formulier.clone(),
            },
        )
    })
}

/// mitz case 9: no identity; stop, or try again when it was only a hiccup.
pub(super) async fn niet_ingelogd(State(role): State<Arc<MitzRole>>, visit: Visit) -> Response {
    role.not_logged_in(&visit, |visit, next| {
        let storing = visit
            .query()
            .is_ok_and(|query| query.get("storing").is_some());
        let status = if storing { 503 } else { 200 };
        MitzRole::show(
            status,
            visit,
            &next.origins(),
            &pages::MitzNietIngelogd {
                pgo: next.pgo.clone(),
                aanvraag: next.relay_state.clone(),
                formulier: next.formulier.clone(),
                onbereikbaar: storing,
            },
        )
    })
}

/// What a page needs that offers to go on or to stop.
struct Next {
    pgo: String,
    relay_state: String,
    formulier: String,
    digid_origin: String,
    redirect_origin: String,
}

impl Next {
    fn origins(&self) -> [&str; 2] {
        [&self.digid_origin, &self.redirect_origin]
    }
}

/// To DigiD again, with a new AuthnRequest.
pub(super) async fn opnieuw(State(role): State<Arc<MitzRole>>, visit: Visit) -> Response {
    match role.decided(&visit) {
        Some(aanvraag) => {
            let trace = TraceId::parse(&aanvraag.trace).unwrap_or(visit.trace);
            role.to_digid(&visit, aanvraag.doel, trace).await
        }
        None => MitzRole::fout(400, &visit, MitzFoutSoort::Verlopen),
    }
}

/// Back to the client with `access_denied` (mitz cases 8 and 9).
pub(super) async fn stoppen(State(role): State<Arc<MitzRole>>, visit: Visit) -> Response {
    let Some(aanvraag) = role.decided(&visit) else {
        return MitzRole::fout(400, &visit, MitzFoutSoort::Verlopen);
    };
    let response = match &aanvraag.doel {
        Doel::Koppelen(verzoek) => {
            web::see_other(&verzoek.refused(&role.mitz.issuer, "access_denied"))
        }
        Doel::Beheren => MitzRole::fout(200, &visit, MitzFoutSoort::Gestopt),
    };
    web::with(response, web::drop_cookie(&cookie_name(&aanvraag.trace)))
}

impl MitzRole {
    fn not_logged_in(&self, visit: &Visit, show: impl Fn(&Visit, &Next) -> Response) -> Response {
        let query = visit.query().unwrap_or_default();
        let relay_state = query.get("aanvraag").unwrap_or_default();
        let Some((aanvraag, cookie)) = self.aanvraag(visit, relay_state) else {
            return Self::fout(400, visit, MitzFoutSoort::Verlopen);
        };
        let (pgo, redirect_origin) = match &aanvraag.doel {
            Doel::Koppelen(verzoek) => (
                self.pgo_name(&verzoek.client_id),
                web::origin(&verzoek.redirect_uri),
            ),
            Doel::Beheren => ("Mitz".to_owned(), self.urls.front.clone()),
        };
        let next = Next {
            pgo,
            relay_state: relay_state.to_owned(),
            formulier: self.app.seal.form_token(AANVRAAG, cookie),
            digid_origin: self.urls.digid_origin.clone(),
            redirect_origin,
        };
        show(visit, &next)
    }

    /// The aanvraag behind a form of ours: the right origin, the token that its cookie makes.
    fn decided(&self, visit: &Visit) -> Option<Aanvraag> {
        let form = visit.form().ok()?;
        let (aanvraag, cookie) = self.aanvraag(visit, form.get("aanvraag")?)?;
        let token = form.get("formulier")?;
        let same = self.app.seal.is_form_token(AANVRAAG, cookie, token);
        (visit.is_from(&self.urls.front) && same).then_some(aanvraag)
    }
}

// ── Steps 6 and 7 ───────────────────────────────────────────────────────────────────────────────

/// The register is done; the client gets its code.
pub(super) async fn toestemming_terug(State(role): State<Arc<MitzRole>>, visit: Visit) -> Response {
    let open = |text| role.app.handles.open(AANMELDING, text);
    let Some(handle) = visit.cookie(AANMELDING_COOKIE).and_then(open) else {
        return MitzRole::fout(400, &visit, MitzFoutSoort::Verlopen);
    };
    let now = role.app.clock.now();
    let found = role
        .app
        .load::<Aanmelding>(Aanmelding::key(handle.id), now)
        .await;
    // The row outlives this cookie, unless it was used.
    let was_used = matches!(found, Ok(None));
    let known = found
        .ok()
        .flatten()
        .and_then(|found| TraceId::parse(&found.value.trace));
    let trace = known.unwrap_or(visit.trace);
    let journey = CodeJourney {
        aanmelding: handle.id,
    };
    let issuer = &role.mitz.issuer;
    let response = match settle(&role.app, trace, journey).await {
        Ok(code::Vervolg::Code { verzoek, grant }) => {
            role.app
                .saw(6, trace, "toestemmingenregister", "consent was recorded");
            let handle = Handle {
                id: grant,
                generation: 0,
            };
            web::see_other(&verzoek.granted(issuer, &role.app.handles.make(CODE, handle)))
        }
        Ok(code::Vervolg::Geweigerd { verzoek }) => {
            role.app
                .saw_fail(6, trace, "toestemmingenregister", "no consent was given");
            web::see_other(&verzoek.refused(issuer, "access_denied"))
        }
        Ok(code::Vervolg::Onbekend) if was_used => {
            MitzRole::fout(400, &visit, MitzFoutSoort::AlBeantwoord)
        }
        Ok(code::Vervolg::Onbekend) => MitzRole::fout(400, &visit, MitzFoutSoort::Verlopen),
        Err(_) => MitzRole::fout(503, &visit, MitzFoutSoort::Storing),
    };
    web::with(response, web::drop_cookie(AANMELDING_COOKIE))
}

struct CodeJourney {
    aanmelding: [u8; 16],
}

impl Journey for CodeJourney {
    type Reply = code::Vervolg;
    type Question = code::Vraag;

    fn begin(&self, run: &Run) -> Step<code::Vervolg, code::Vraag> {
        Terug::new(self.aanmelding, run.now, &run.entropy).begin()
    }

    async fn answer(
        &self,
        run: &Run,
        question: code::Vraag,
    ) -> Result<Step<code::Vervolg, code::Vraag>, Outage> {
        Ok(match question {
            code::Vraag::Aanmelding(q) => {
                let found = run.load::<Aanmelding>(q.key()).await?;
                q.answer(found)
            }
            code::Vraag::Pseudoniem(q) => {
                let found = run.load::<Pseudoniem>(q.key()).await?;
                q.answer(found)
            }
        })
    }

    /// The person withdrew between deciding and coming back: nothing is issued.
    fn lost(&self, key: &Key) -> Option<Step<code::Vervolg, code::Vraag>> {
        (key.space() == Koppeling::SPACE).then(code::withdrawn)
    }
}
