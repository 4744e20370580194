//! Logging out (digid.md §2.7): asked by a service, or by the person at the simulator's own page.
//!
//! A session that covers one service just ends. One that covers more is shown first, as the person
//! leaves them all; each is told over the back channel, and who cannot be told makes it partial.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use saml::NameId;
use saml::incoming::{IdentityProvider, NotFound};
use saml::logout::{self, LogoutRequest, LogoutResponse, Outcome, Received, Rejected};
use serde::{Deserialize, Serialize};
use verdict::{Actor, Event, Moment, Step, Stored, Verdict};

use super::front::show;
use super::login::{self, LOGIN_S};
use super::session::{self, Service, Session};
use super::{DigidRole, UITLOGGEN};
use crate::chance;
use crate::door::TraceId;
use crate::outside::Headers;
use crate::pages::{
    Brand, DigidNietGevonden, DigidUitgelogd, DigidUitloggen, Technisch, TechnischSoort,
};
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

/// The purpose of the cookie that holds an [`Asked`], and of forms bound to a session.
const LOGOUT: &str = "digid.logout";
/// The cookie that holds the logout on which a person is deciding: the last one asked.
const COOKIE: &str = "__Host-digid-logout";
/// SOAP 1.1 (digid.md §2.5).
const TEXT_XML: &str = "text/xml; charset=utf-8";

/// A service's wish that its person is logged out, and how the answer gets there.
#[derive(Clone, Serialize, Deserialize)]
struct Asked {
    /// The service's entity id.
    entity_id: String,
    /// The `ID` of its request.
    request_id: String,
    /// Where the answer goes.
    answer_url: String,
    /// Comes back with the answer.
    relay_state: Option<String>,
    until: i64,
}

// ── A service asks ──────────────────────────────────────────────────────────────────────────────

/// A request in the query (digid case 35).
pub(super) async fn redirected_request(
    State(role): State<Arc<DigidRole>>,
    visit: Visit,
) -> Response {
    let now = role.app.clock.now();
    let judge = |at: IdentityProvider<'_>| logout::receive_redirect(&visit.query, at, now);
    let judged = role
        .judged(&role.slo_url(), judge, |why| not_found(*why))
        .await;
    role.asked(&visit, judged, now).await
}

/// A request in a form (digid case 35).
pub(super) async fn posted_request(State(role): State<Arc<DigidRole>>, visit: Visit) -> Response {
    let now = role.app.clock.now();
    let form = visit.form().unwrap_or_default();
    let (request, relay_state) = (form.get("SAMLRequest"), form.get("RelayState"));
    let judge = |at: IdentityProvider<'_>| {
        let request = request.ok_or(NotFound::NotTheMessage)?;
        logout::receive_post(request, relay_state, at, now)
    };
    let judged = role
        .judged(&role.slo_url(), judge, |why| not_found(*why))
        .await;
    role.asked(&visit, judged, now).await
}

const fn not_found(refusal: Rejected) -> Option<NotFound> {
    match refusal {
        Rejected::NotFound(why) => Some(why),
        Rejected::Denied(_) => None,
    }
}

/// What denies a logout.
const fn requirement(why: Rejected) -> &'static str {
    match why {
        Rejected::NotFound(why) => super::requirement(why, "digid case 4"),
        Rejected::Denied(why) => login::requirement(why),
    }
}

impl DigidRole {
    async fn asked(
        self: &Arc<Self>,
        visit: &Visit,
        judged: Result<Received, Rejected>,
        now: Moment,
    ) -> Response {
        let received = match judged {
            Ok(received) => received,
            // digid.md 2.6, last row: nobody is sent back
            Err(why) => {
                self.app
                    .refused(visit.trace, requirement(why), &why.to_string());
                return show(404, visit, &DigidNietGevonden);
            }
        };
        let asked = Asked {
            entity_id: received.request.issuer,
            request_id: received.request.id,
            answer_url: received.answer_url,
            relay_state: received.relay_state,
            until: now.plus_s(LOGIN_S).unix(),
        };
        let Some(session) = self.session_of(visit) else {
            return self.answered(&asked, Outcome::Success);
        };
        let journey = Ending {
            session,
            by: By::Service {
                entity_id: asked.entity_id.clone(),
                name_id: received.request.name_id,
                session_index: received.request.session_index,
            },
        };
        match settle(&self.app, visit.trace, journey).await {
            Ok(Ended::Over(services)) => self.over(visit, services, Some(&asked)).await,
            // No session of this service is left: that is what was asked for.
            Ok(Ended::NotIts) => self.answered(&asked, Outcome::Success),
            Ok(Ended::Shared) => self.to_logout_page(&asked),
            Ok(Ended::Denied) => self.answered(&asked, Outcome::RequestDenied),
            Err(_) => outage(visit),
        }
    }

    /// The wish goes into the browser's cookie, and the browser to a page that it can load again.
    fn to_logout_page(&self, asked: &Asked) -> Response {
        let value = self.app.seal.cookie(LOGOUT, asked);
        let cookie = web::set_cookie(COOKIE, &value, LOGIN_S);
        web::with(web::see_other(&format!("{UITLOGGEN}?verzoek=ja")), cookie)
    }

    /// The browser brings the answer to the service (digid cases 35 to 37).
    fn answered(&self, asked: &Asked, outcome: Outcome) -> Response {
        let answer = LogoutResponse {
            id: saml::message_id(chance::entropy().bytes("saml.logout_response")),
            issue_instant: self.app.clock.now(),
            issuer: self.entity_id.clone(),
            in_response_to: asked.request_id.clone(),
            outcome,
        };
        let relay_state = asked.relay_state.as_deref();
        match answer.to_redirect(&asked.answer_url, relay_state, &self.key) {
            Ok(url) => web::with(web::see_other(&url), web::drop_cookie(COOKIE)),
            Err(_) => web::unavailable(),
        }
    }

    /// The session is over: the services in it are told, and then whoever asked.
    async fn over(
        self: &Arc<Self>,
        visit: &Visit,
        services: Vec<(Service, NameId)>,
        asked: Option<&Asked>,
    ) -> Response {
        let told = self.tell(visit.trace, services).await;
        let response = if let Some(asked) = asked {
            self.answered(asked, told)
        } else {
            let overal = told == Outcome::Success;
            show(200, visit, &DigidUitgelogd { overal })
        };
        web::with(response, web::drop_cookie(session::COOKIE))
    }

    /// Tells each service, one after the other: partial, if one of them cannot be told (digid case
    /// 36). One that offers no address to be told at need not be.
    async fn tell(&self, trace: TraceId, services: Vec<(Service, NameId)>) -> Outcome {
        let known = self.service_providers().await;
        let mut outcome = Outcome::Success;
        for (service, name_id) in services {
            let mut known = known.iter();
            let told = match known.find(|sp| sp.entity_id == service.entity_id) {
                None => Err("the metadata of a service cannot be had".to_owned()),
                Some(sp) => match &sp.slo_soap {
                    None => continue,
                    Some(url) => self.tell_one(trace, service, name_id, sp, url).await,
                },
            };
            if let Err(why) = told {
                self.app.refused(trace, "digid case 36", &why);
                outcome = Outcome::PartialLogout;
            }
        }
        outcome
    }

    /// A signed `LogoutRequest` in SOAP (digid case 38).
    async fn tell_one(
        &self,
        trace: TraceId,
        service: Service,
        name_id: NameId,
        sp: &saml::metadata::SpMetadata,
        url: &str,
    ) -> Result<(), String> {
        let request = LogoutRequest {
            id: saml::message_id(chance::entropy().bytes("saml.logout_request")),
            issue_instant: self.app.clock.now(),
            issuer: self.entity_id.clone(),
            name_id,
            session_index: Some(service.session_index),
        };
        let soap = request.to_soap(url, &self.key);
        let soap = soap.map_err(|why| why.to_string())?.into_bytes();
        let headers = Headers::none().accept("text/xml").correlation_id(trace);
        let answer = self
            .app
            .outside
            .post_bytes(url, TEXT_XML, soap, headers)
            .await
            .map_err(|why| format!("a service cannot be told of a logout: {why}"))?;
        if answer.status != 200 {
            return Err(format!(
                "a service answered a logout with status {}",
                answer.status
            ));
        }
        let now = self.app.clock.now();
        match logout::accept_soap(&answer.body, &request.id, sp, now) {
            Ok(Outcome::Success) => Ok(()),
            Ok(_) => Err("a service did not log its person out".to_owned()),
            Err(why) => Err(format!("a service's answer does not count: {why}")),
        }
    }
}

fn outage(visit: &Visit) -> Response {
    let soort = TechnischSoort::Storing;
    show(503, visit, &Technisch { soort })
}

// ── The page ────────────────────────────────────────────────────────────────────────────────────

/// Which services will be left? With `?verzoek=ja` because one of them asks.
pub(super) async fn choose(State(role): State<Arc<DigidRole>>, visit: Visit) -> Response {
    let Some((id, session)) = role.live_session(&visit).await else {
        return show(200, &visit, &DigidUitgelogd { overal: true });
    };
    let query = visit.query().unwrap_or_default();
    let asked = match query.get("verzoek") {
        Some(_) => role.pending(&visit),
        None => None,
    };
    let asks = |service: &&Service| {
        let asked = asked.as_ref();
        asked.is_some_and(|asked| asked.entity_id == service.entity_id)
    };
    let page = DigidUitloggen {
        vrager: session.services.iter().find(asks).map(|s| s.name.clone()),
        diensten: session.services.iter().map(|s| s.name.clone()).collect(),
        formulier: role
            .app
            .seal
            .form_token(LOGOUT, &form_subject(id, asked.is_some())),
    };
    let answer_url = asked.as_ref().map(|asked| web::origin(&asked.answer_url));
    let onward: Vec<&str> = role
        .next_origins
        .iter()
        .chain(&answer_url)
        .map(String::as_str)
        .collect();
    web::show(200, &visit, Brand::DigidSimulator, &onward, &page)
}

/// The person decided.
pub(super) async fn chosen(State(role): State<Arc<DigidRole>>, visit: Visit) -> Response {
    let Some((session, asked, choice)) = role.logout_decided(&visit) else {
        let why = "a form that is not of a logout in this browser, or that says no choice";
        role.app
            .refused(visit.trace, "design §5 front channel", why);
        return show(400, &visit, &DigidNietGevonden);
    };
    if !choice {
        // digid case 37
        return match asked {
            Some(asked) => role.answered(&asked, Outcome::RequestDenied),
            None => web::see_other(UITLOGGEN),
        };
    }
    let entity_id = asked.as_ref().map(|asked| asked.entity_id.clone());
    let by = By::Person { entity_id };
    match settle(&role.app, visit.trace, Ending { session, by }).await {
        Ok(Ended::Over(services)) => role.over(&visit, services, asked.as_ref()).await,
        // A person's own wish is for every service.
        Ok(Ended::NotIts | Ended::Shared | Ended::Denied) | Err(_) => outage(&visit),
    }
}

impl DigidRole {
    /// The session of the browser, if it lives.
    async fn live_session(&self, visit: &Visit) -> Option<([u8; 16], Session)> {
        let id = self.session_of(visit)?;
        let now = self.app.clock.now();
        let found = self.app.load::<Session>(Session::key(id), now).await;
        Some((id, found.ok().flatten()?.value))
    }

    /// The wish in the browser's cookie.
    fn pending(&self, visit: &Visit) -> Option<Asked> {
        let asked: Asked = self.app.seal.open_cookie(LOGOUT, visit.cookie(COOKIE)?)?;
        let over = Moment::from_unix(asked.until).is_over_at(self.app.clock.now());
        (!over).then_some(asked)
    }

    /// What a form of ours says: from our origin, with the token that the session makes. `true` is
    /// to log out.
    fn logout_decided(&self, visit: &Visit) -> Option<([u8; 16], Option<Asked>, bool)> {
        let form = visit.form().ok()?;
        let session = self.session_of(visit)?;
        let token = form.get("formulier")?;
        let is_for = |asked: bool| {
            let subject = form_subject(session, asked);
            self.app.seal.is_form_token(LOGOUT, &subject, token)
        };
        let asked = if is_for(true) {
            Some(self.pending(visit)?)
        } else if is_for(false) {
            None
        } else {
            return None;
        };
        if !visit.is_from(&self.front_url) {
            return None;
        }
        let choice = match form.get("keuze")? {
            "uitloggen" => true,
            "annuleren" => false,
            _ => return None,
        };
        Some((session, asked, choice))
    }
}

/// What a form's token is bound to: the session, and whether a service asks.
fn form_subject(session: [u8; 16], asked: bool) -> String {
    format!("{}.{asked}", jose::b64::encode(session))
}

// ── The rule ────────────────────────────────────────────────────────────────────────────────────

/// Who wants a session to end.
#[derive(Clone)]
enum By {
    /// A service, for this person.
    Service {
        entity_id: String,
        name_id: NameId,
        session_index: Option<String>,
    },
    /// The person, perhaps because this service asked.
    Person { entity_id: Option<String> },
}

/// What became of it.
enum Ended {
    /// It is over; these services must be told.
    Over(Vec<(Service, NameId)>),
    /// It goes on, for others: the service is not in it.
    NotIts,
    /// It covers other services too: the person decides.
    Shared,
    /// It is somebody else's.
    Denied,
}

struct Ending {
    session: [u8; 16],
    by: By,
}

/// Is there such a session?
struct Live;

impl Journey for Ending {
    type Reply = Ended;
    type Question = Live;

    fn begin(&self, _: &Run) -> Step<Ended, Live> {
        Step::Ask(Live)
    }

    async fn answer(&self, run: &Run, Live: Live) -> Result<Step<Ended, Live>, Outage> {
        let found = run.load::<Session>(Session::key(self.session)).await?;
        Ok(self.decide(found))
    }
}

impl Ending {
    fn decide(&self, found: Option<Stored<Session>>) -> Step<Ended, Live> {
        let Some(found) = found else {
            return Step::reply(Ended::Over(Vec::new()));
        };
        let session = &found.value;
        let (others, who) = match &self.by {
            By::Service {
                entity_id,
                name_id,
                session_index,
            } => {
                let who = Actor::Party(entity_id.clone());
                if !session.is_meant_by(entity_id, session_index.as_deref()) {
                    return Step::reply(Ended::NotIts);
                }
                if !session.is_of(name_id) {
                    let why = "the logout is of another person than the session";
                    let event = Event::refused("digid.md 2.7", why, who);
                    return Step::reply_with(Ended::Denied, event);
                }
                let others = session.others(Some(entity_id));
                if !others.is_empty() {
                    return Step::reply(Ended::Shared);
                }
                (others, who)
            }
            By::Person { entity_id } => (session.others(entity_id.as_deref()), Actor::Person),
        };
        let name_id = NameId::bsn(&session.bsn);
        let told = others.into_iter();
        Step::Done(Verdict {
            reply: Ended::Over(told.map(|service| (service, name_id.clone())).collect()),
            changes: vec![Session::ended(self.session, &found)],
            events: vec![Event::granted("digid case 35", "the session ended", who)],
        })
    }
}
