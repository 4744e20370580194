//! The front channel of the provider: the request, the page, and the way back.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use protocol::authorize::{AuthorizationRequest, AuthorizeRefusal};
use protocol::handle::Handle;
use protocol::wire::{Malformed, Parameters};
use verdict::{Key, Step};

use super::code::{CODE, ENDED, Gegaan, LOGIN_S, Login};
use super::{INLOGGEN, IdpRole};
use crate::chance;
use crate::pages::{Brand, IdpFout, IdpInloggen};
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

/// The purpose of the cookie that holds a [`Login`], and of the form bound to it.
const LOGIN: &str = "idp.login";

/// OpenID Connect Discovery 1.0 §4.
pub(super) async fn metadata(State(role): State<Arc<IdpRole>>) -> Response {
    web::json(200, &role.metadata())
}

/// RFC 7517 §5.
pub(super) async fn jwks(State(role): State<Arc<IdpRole>>) -> Response {
    match role.app.keys.set().tokens() {
        Ok(tokens) => web::json(200, &tokens.published().to_json()),
        Err(_) => web::unavailable(),
    }
}

/// The authorization request, by GET (OIDC Core §3.1.2.1).
pub(super) async fn authorize(State(role): State<Arc<IdpRole>>, visit: Visit) -> Response {
    let parameters = visit.query();
    role.authorized(&visit, parameters).await
}

/// The same by POST.
pub(super) async fn authorize_post(State(role): State<Arc<IdpRole>>, visit: Visit) -> Response {
    let parameters = visit.form().map_err(|_| Malformed::Encoding);
    role.authorized(&visit, parameters).await
}

impl IdpRole {
    async fn authorized(&self, visit: &Visit, read: Result<Parameters, Malformed>) -> Response {
        let Ok(clients) = self.clients().await else {
            let reason = "the client's keys cannot be had";
            self.app.refused(visit.trace, "OIDC Core §3.1.2.1", reason);
            return show_fout(503, visit);
        };
        let Ok(parameters) = read else {
            self.app
                .refused(visit.trace, "RFC 6749 §3.1", "the request cannot be read");
            return show_fout(400, visit);
        };
        match AuthorizationRequest::read(&parameters, &clients) {
            Ok(request) => self.to_page(&request),
            Err(AuthorizeRefusal::Page(refusal)) => {
                let (_, reason) = refusal.reason();
                self.app.refused(visit.trace, "RFC 6749 §4.1.2.1", reason);
                show_fout(400, visit)
            }
            Err(AuthorizeRefusal::Redirect(refusal)) => {
                self.app
                    .refused(visit.trace, refusal.requirement, refusal.reason);
                web::see_other(&refusal.url(&self.given.front))
            }
        }
    }

    /// The login goes into the browser's cookie, and the browser to a page that it can load again.
    fn to_page(&self, request: &AuthorizationRequest) -> Response {
        let login = Login::new(request, self.app.clock.now(), &chance::entropy());
        let value = self.app.seal.cookie(LOGIN, &login);
        let cookie = web::set_cookie(&cookie_name(&login.id), &value, LOGIN_S);
        let page = web::see_other(&format!("{INLOGGEN}?login={}", login.id));
        web::with(page, cookie)
    }

    /// The login of this id in the browser's cookie, with the cookie's text.
    fn login<'v>(&self, visit: &'v Visit, id: &str) -> Option<(Login, &'v str)> {
        let text = visit.cookie(&cookie_name(id))?;
        let login: Login = self.app.seal.open_cookie(LOGIN, text)?;
        let holds = login.id == id && !login.is_over_at(self.app.clock.now());
        holds.then_some((login, text))
    }

    /// What a form of ours says: the login, and who was chosen if anybody was.
    fn decided(&self, visit: &Visit) -> Option<(Login, Option<String>)> {
        let form = visit.form().ok()?;
        let (id, token) = form.get("formulier")?.split_once('.')?;
        let (login, cookie) = self.login(visit, id)?;
        let same = self.app.seal.is_form_token(LOGIN, cookie, token);
        if !same || !visit.is_from(&self.given.front) {
            return None;
        }
        match form.get("keuze")? {
            "inloggen" => {
                let at: usize = form.get("persoon")?.parse().ok()?;
                let chosen = self.given.people.get(at)?;
                Some((login, Some(chosen.email.clone())))
            }
            "annuleren" => Some((login, None)),
            _ => None,
        }
    }
}

/// One cookie for each login under way, so that two tabs do not take each other's.
fn cookie_name(id: &str) -> String {
    format!("__Host-idp-{id}")
}

fn show_fout(status: u16, visit: &Visit) -> Response {
    web::show(status, visit, Brand::Idp, &[], &IdpFout)
}

/// Who do you want to be?
pub(super) async fn choose(State(role): State<Arc<IdpRole>>, visit: Visit) -> Response {
    let query = visit.query().unwrap_or_default();
    let id = query.get("login").unwrap_or_default();
    let Some((login, cookie)) = role.login(&visit, id) else {
        let reason = "no such login in this browser";
        role.app
            .refused(visit.trace, "design §5 front channel", reason);
        return show_fout(404, &visit);
    };
    let token = role.app.seal.form_token(LOGIN, cookie);
    let page = IdpInloggen {
        formulier: format!("{}.{token}", login.id),
        dienst: login.dienst,
        personen: role.given.people.clone(),
    };
    let onward = role.given.next_origins.iter().map(String::as_str);
    let onward: Vec<&str> = onward.chain([&*login.redirect_uri]).collect();
    web::show(200, &visit, Brand::Idp, &onward, &page)
}

/// The form was sent.
pub(super) async fn chosen(State(role): State<Arc<IdpRole>>, visit: Visit) -> Response {
    let Some((login, who)) = role.decided(&visit) else {
        let reason = "a form that is not of a login in this browser, or that says no choice";
        role.app
            .refused(visit.trace, "design §5 front channel", reason);
        return show_fout(400, &visit);
    };
    let cookie = web::drop_cookie(&cookie_name(&login.id));
    let issuer = &role.given.front;
    let url = match settle(&role.app, visit.trace, Ending { login, who }).await {
        Ok(Gegaan::Code { login, grant }) => {
            let handle = Handle {
                id: grant,
                generation: 0,
            };
            let code = role.app.handles.make(CODE, handle);
            login.answer(("code", &code), issuer)
        }
        Ok(Gegaan::Geannuleerd(login)) => login.answer(("error", "access_denied"), issuer),
        Ok(Gegaan::AlBeantwoord) => return show_fout(400, &visit),
        Err(_) => return show_fout(503, &visit),
    };
    web::with(web::see_other(&url), cookie)
}

struct Ending {
    login: Login,
    who: Option<String>,
}

impl Journey for Ending {
    type Reply = Gegaan;
    type Question = ();

    fn begin(&self, run: &Run) -> Step<Gegaan, ()> {
        self.login.end(self.who.clone(), run.now, &run.entropy)
    }

    async fn answer(&self, run: &Run, (): ()) -> Result<Step<Gegaan, ()>, Outage> {
        Ok(self.begin(run))
    }

    /// The form was sent twice.
    fn lost(&self, key: &Key) -> Option<Step<Gegaan, ()>> {
        (key.space() == ENDED).then(|| Step::reply(Gegaan::AlBeantwoord))
    }
}
