//! The front channel: a request for a login, the page, and the way back (digid.md §2.2, 2.4).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use identity::Loa;
use protocol::handle::Handle;
use protocol::wire::Parameters;
use saml::authn_request::{self, Received, Rejected};
use saml::incoming::{IdentityProvider, NotFound};
use verdict::{Key, Step};

use super::end::{End, Going, Joining};
use super::login::{Browser, Choice, ENDED, LOGIN_S, Login};
use super::session::{self, SESSION, SESSION_S, Session};
use super::single_sign_on::{Reuse, Reusing};
use super::{DigidRole, INLOGGEN};
use crate::chance;
use crate::door::TraceId;
use crate::pages::{
    Brand, DigidInloggen, DigidNietGevonden, PageContext, Technisch, TechnischSoort,
};
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

/// The purpose of the cookie that holds a [`Login`], and of the form bound to it.
const LOGIN: &str = "digid.login";

/// The simulator's metadata, signed (digid.md §2.1).
pub(super) async fn metadata(State(role): State<Arc<DigidRole>>) -> Response {
    let id = saml::message_id(chance::entropy().bytes("saml.metadata"));
    match role.metadata(&id) {
        Ok(metadata) => web::typed(200, "application/samlmetadata+xml", metadata),
        Err(_) => web::unavailable(),
    }
}

// ── Step 3 ──────────────────────────────────────────────────────────────────────────────────────

/// A request in the query (digid case 3).
pub(super) async fn redirected_request(
    State(role): State<Arc<DigidRole>>,
    visit: Visit,
) -> Response {
    let now = role.app.clock.now();
    let judge = |at: IdentityProvider<'_>| authn_request::receive_redirect(&visit.query, at, now);
    let judged = role.judged(&role.sso_url(), judge, not_found).await;
    role.requested(&visit, judged).await
}

/// A request in a form (digid case 2).
pub(super) async fn posted_request(State(role): State<Arc<DigidRole>>, visit: Visit) -> Response {
    let now = role.app.clock.now();
    let form = visit.form().unwrap_or_default();
    let (request, relay_state) = (form.get("SAMLRequest"), form.get("RelayState"));
    let judge = |at: IdentityProvider<'_>| {
        let request = request.ok_or(NotFound::NotTheMessage)?;
        authn_request::receive_post(request, relay_state, at, now)
    };
    let judged = role.judged(&role.sso_url(), judge, not_found).await;
    role.requested(&visit, judged).await
}

const fn not_found(refusal: &Rejected) -> Option<NotFound> {
    match refusal {
        Rejected::NotFound(why) => Some(*why),
        Rejected::Denied(_) => None,
    }
}

impl DigidRole {
    /// To the page, back with an artifact, or nowhere (digid.md §2.6).
    async fn requested(
        self: &Arc<Self>,
        visit: &Visit,
        judged: Result<Received, Rejected>,
    ) -> Response {
        let app = &self.app;
        match judged {
            Ok(received) => {
                let trace = trace_of(received.relay_state.as_deref(), visit);
                app.saw(3, trace, visit.peer_name(), "authentication request");
                self.served_or_to_page(visit, trace, received).await
            }
            Err(Rejected::Denied(denied)) => {
                let trace = trace_of(denied.relay_state.as_deref(), visit);
                app.saw_fail(3, trace, visit.peer_name(), denied.why.text());
                let end = End::denied(*denied);
                self.end(visit, trace, end).await
            }
            Err(Rejected::NotFound(why)) => {
                // digid cases 4, 5: nobody knows where the browser would have to go back to
                let (requirement, why) = (super::requirement(why, "digid case 4"), why.to_string());
                app.saw_fail(3, visit.trace, visit.peer_name(), &*why);
                app.refused(visit.trace, requirement, &why);
                show(404, visit, &DigidNietGevonden)
            }
        }
    }

    /// By the session that the browser has, if that serves; else to the page.
    async fn served_or_to_page(
        self: &Arc<Self>,
        visit: &Visit,
        trace: TraceId,
        received: Received,
    ) -> Response {
        let login = Login::new(&received, self.app.clock.now(), &chance::entropy());
        let Some(session) = self.session_of(visit) else {
            return self.to_page(&login);
        };
        let reuse = Reuse {
            login,
            request: received.request,
            address: visit.peer.address.ip(),
            session,
            has_substantieel: self.has_substantieel,
        };
        let (role, reuse) = (Arc::clone(self), Arc::new(reuse));
        let journey = Reused {
            role,
            reuse: Arc::clone(&reuse),
        };
        match settle(&self.app, trace, journey).await {
            Ok(Going::LogIn) => self.to_page(&reuse.login),
            gone => self.gone(visit, gone),
        }
    }

    /// The session that the browser's cookie leads to.
    pub(super) fn session_of(&self, visit: &Visit) -> Option<[u8; 16]> {
        let cookie = visit.cookie(session::COOKIE)?;
        Some(self.app.handles.open(SESSION, cookie)?.id)
    }

    /// The login goes into the browser's cookie, and the browser to a page that it can load again.
    pub(super) fn to_page(&self, login: &Login) -> Response {
        self.to(INLOGGEN, login)
    }

    /// The same, to any page of a login.
    pub(super) fn to(&self, page: &str, login: &Login) -> Response {
        let value = self.app.seal.cookie(LOGIN, login);
        let cookie = web::set_cookie(&cookie_name(&login.id), &value, LOGIN_S);
        web::with(
            web::see_other(&format!("{page}?login={}", login.id)),
            cookie,
        )
    }

    /// Ends a login and sends the browser back.
    pub(super) async fn end(self: &Arc<Self>, visit: &Visit, trace: TraceId, end: End) -> Response {
        let journey = Ending {
            role: Arc::clone(self),
            end,
        };
        let gone = settle(&self.app, trace, journey).await;
        self.gone(visit, gone)
    }

    fn gone(&self, visit: &Visit, gone: Result<Going, Outage>) -> Response {
        match gone {
            // digid case 9
            Ok(Going::Back { url, session }) => {
                let back = web::see_other(&url);
                let Some(id) = session else { return back };
                let handle = Handle { id, generation: 0 };
                let cookie = self.app.handles.make(SESSION, handle);
                web::with(back, web::set_cookie(session::COOKIE, &cookie, SESSION_S))
            }
            Ok(Going::EndedBefore | Going::LogIn) => {
                let why = "the login ended before";
                self.app
                    .refused(visit.trace, "design §5 front channel", why);
                show(400, visit, &DigidNietGevonden)
            }
            Err(_) => {
                let soort = TechnischSoort::Storing;
                show(503, visit, &Technisch { soort })
            }
        }
    }
}

/// A page that leads nowhere else.
pub(super) fn show(status: u16, visit: &Visit, page: &impl PageContext) -> Response {
    web::show(status, visit, Brand::DigidSimulator, &[], page)
}

/// The number of the whole chain, if the service sent it as its RelayState.
pub(super) fn trace_of(relay_state: Option<&str>, visit: &Visit) -> TraceId {
    relay_state.and_then(TraceId::parse).unwrap_or(visit.trace)
}

/// One cookie for each login under way, so that two tabs do not take each other's.
fn cookie_name(id: &str) -> String {
    format!("__Host-digid-{id}")
}

struct Ending {
    role: Arc<DigidRole>,
    end: End,
}

impl Journey for Ending {
    type Reply = Going;
    type Question = Joining;

    fn begin(&self, run: &Run) -> Step<Going, Joining> {
        let maker = self.role.maker_for(&self.end.asker);
        self.end.begin(maker, run.now, &run.entropy)
    }

    async fn answer(&self, run: &Run, question: Joining) -> Result<Step<Going, Joining>, Outage> {
        let found = run.load::<Session>(question.key()).await?;
        Ok(question.answer(found))
    }

    /// The form was sent twice.
    fn lost(&self, key: &Key) -> Option<Step<Going, Joining>> {
        (key.space() == ENDED).then(|| Step::reply(Going::EndedBefore))
    }
}

struct Reused {
    role: Arc<DigidRole>,
    reuse: Arc<Reuse>,
}

impl Journey for Reused {
    type Reply = Going;
    type Question = Reusing;

    fn begin(&self, run: &Run) -> Step<Going, Reusing> {
        Reuse::begin(&self.role.entity_id, run.now, &run.entropy)
    }

    async fn answer(&self, run: &Run, question: Reusing) -> Result<Step<Going, Reusing>, Outage> {
        let found = run.load::<Session>(self.reuse.key()).await?;
        Ok(self.reuse.answer(question, found))
    }
}

// ── The page ────────────────────────────────────────────────────────────────────────────────────

/// Who do you want to be, and how surely?
pub(super) async fn choose(State(role): State<Arc<DigidRole>>, visit: Visit) -> Response {
    let query = visit.query().unwrap_or_default();
    let id = query.get("login").unwrap_or_default();
    let Some((login, cookie)) = role.login(&visit, id) else {
        role.app.refused(
            visit.trace,
            "design §5 front channel",
            "no such login in this browser",
        );
        return show(404, &visit, &DigidNietGevonden);
    };
    let onward = role.onward(&login);
    let onward: Vec<&str> = onward.iter().map(String::as_str).collect();
    let page = DigidInloggen {
        formulier: role.form_token(&login, cookie),
        dienst: login.service,
        personen: role.people.clone(),
        niveau: login.level,
    };
    web::show(200, &visit, Brand::DigidSimulator, &onward, &page)
}

/// The form was sent.
pub(super) async fn chosen(State(role): State<Arc<DigidRole>>, visit: Visit) -> Response {
    let Some((login, choice)) = role.decided(&visit) else {
        let why = "a form that is not of a login in this browser, or that says no choice";
        role.app
            .refused(visit.trace, "design §5 front channel", why);
        return show(400, &visit, &DigidNietGevonden);
    };
    if let Some(login) = login.at_bvd(&choice) {
        return role.to_bvd(&login);
    }
    role.conclude(&visit, login, choice).await
}

impl DigidRole {
    /// The login ends with this choice, and its cookie goes as soon as the browser does.
    pub(super) async fn conclude(
        self: &Arc<Self>,
        visit: &Visit,
        login: Login,
        choice: Choice,
    ) -> Response {
        let cookie = cookie_name(&login.id);
        let trace = trace_of(login.asker.relay_state.as_deref(), visit);
        let end = login.ended(choice, self.has_substantieel);
        let response = self.end(visit, trace, end).await;
        if response.status().is_redirection() {
            return web::with(response, web::drop_cookie(&cookie));
        }
        response
    }

    /// The login of this id in the browser's cookie, with the cookie's text.
    pub(super) fn login<'v>(&self, visit: &'v Visit, id: &str) -> Option<(Login, &'v str)> {
        let text = visit.cookie(&cookie_name(id))?;
        let login: Login = self.app.seal.open_cookie(LOGIN, text)?;
        let holds = login.id == id && !login.is_over_at(self.app.clock.now());
        holds.then_some((login, text))
    }

    /// What a form of ours says: from our origin, with the token that the login's cookie makes.
    fn decided(&self, visit: &Visit) -> Option<(Login, Choice)> {
        let (login, form) = self.form_of_login(visit)?;
        let choice = match form.get("keuze")? {
            "inloggen" => Choice::LogIn {
                bsn: self.person(form.get("bsn")?)?.bsn.clone(),
                level: level(form.get("niveau")?)?,
                browser: Browser {
                    address: visit.peer.address.ip(),
                    session: self.session_of(visit),
                },
                single_sign_on: form.get("eenmalig") == Some("ja"),
            },
            "annuleren" => Choice::Cancel,
            "mislukken" => Choice::Fail,
            _ => return None,
        };
        Some((login, choice))
    }

    /// A form of a login in this browser.
    pub(super) fn form_of_login(&self, visit: &Visit) -> Option<(Login, Parameters)> {
        let form = visit.form().ok()?;
        let (id, token) = form.get("formulier")?.split_once('.')?;
        let (login, cookie) = self.login(visit, id)?;
        let same = self.app.seal.is_form_token(LOGIN, cookie, token);
        (same && visit.is_from(&self.front_url)).then_some((login, form))
    }

    /// The token that binds a form to the login in this cookie.
    pub(super) fn form_token(&self, login: &Login, cookie: &str) -> String {
        format!("{}.{}", login.id, self.app.seal.form_token(LOGIN, cookie))
    }

    /// Where a form of this login may lead.
    pub(super) fn onward(&self, login: &Login) -> Vec<String> {
        let next = self.next_origins.iter().cloned();
        next.chain([login.asker.consumer_url.clone()]).collect()
    }

    /// Only somebody of the list can log in.
    pub(super) fn person(&self, bsn: &str) -> Option<&super::Person> {
        let bsn = identity::Bsn::parse(bsn).ok()?;
        self.people.iter().find(|person| person.bsn == bsn)
    }
}

/// A level by its name, in upper or lower case.
fn level(name: &str) -> Option<Loa> {
    let named = |level: &Loa| level.to_string().eq_ignore_ascii_case(name);
    Loa::ALL.into_iter().find(named)
}
