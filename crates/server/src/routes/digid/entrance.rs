//! The entrance of DigiD 4.x (digid.md §3): services of a catalogue, people encrypted, and logins for
//! somebody else. What is wrong in a request is HTTP 400 here, not an artifact.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use identity::Loa;
use saml::encryption::Recipient;
use saml::entrance::{self, BadRequest, LogoutRequested, Received};
use saml::incoming::{IdentityProvider, NotFound};
use saml::keys::Certificate;
use saml::logout::{LogoutResponse, Outcome};
use verdict::{Actor, Event};

use super::answer::Ending;
use super::end::{End, How};
use super::front::{show, trace_of};
use super::login::{Asker, Choice, Login};
use super::{DigidRole, VERTEGENWOORDIGEN, back};
use crate::chance;
use crate::pages::{Brand, DigidNietGevonden, DigidTerug, DigidVertegenwoordigen};
use crate::web::{self, Visit};

/// The names of the simulator's own roles in 4.x (digid.md §3.1). The numbers are nobody's.
pub(super) const TD: &str = "urn:nl-eid-gdi:1.0:TD:00000000000000000000:entities:0001";
pub(super) const AD: &str = "urn:nl-eid-gdi:1.0:AD:00000000000000000000:entities:0001";
/// Who lets people represent others; what a service names in `RequesterID`.
pub const BVD: &str = "urn:nl-eid-gdi:1.0:BVD:00000000000000000000:entities:0001";

/// A service in the catalogue (dienstencatalogus).
#[derive(Clone, Debug)]
pub struct Dienst {
    /// What requests call it.
    pub service_uuid: String,
    /// What people call it.
    pub naam: String,
    /// The lowest level that will do (digid.md §3.2).
    pub level: Loa,
}

/// The metadata of the entrance, signed.
pub(super) async fn metadata(State(role): State<Arc<DigidRole>>) -> Response {
    let id = saml::message_id(chance::entropy().bytes("saml.metadata"));
    match role.entrance_metadata(&id) {
        Ok(metadata) => web::typed(200, "application/samlmetadata+xml", metadata),
        Err(_) => web::unavailable(),
    }
}

/// A request in a form (digid case 39).
pub(super) async fn posted_request(State(role): State<Arc<DigidRole>>, visit: Visit) -> Response {
    let now = role.app.clock.now();
    let form = visit.form().unwrap_or_default();
    let (request, relay_state) = (form.get("SAMLRequest"), form.get("RelayState"));
    let judge = |at: IdentityProvider<'_>| {
        let request = request.ok_or(NotFound::NotTheMessage)?;
        entrance::receive_post(request, relay_state, at, now)
    };
    let url = role.entrance_url();
    match role.judged(&url, judge, |why| not_found(*why)).await {
        Ok(received) => role.at_entrance(&visit, received).await,
        Err(why) => {
            role.app
                .refused(visit.trace, "digid case 40", &why.to_string());
            show(400, &visit, &DigidNietGevonden)
        }
    }
}

/// A logout in a form (digid.md §3.5). A login of 4.x leaves no session here, so that whoever asks
/// hears that none is left.
pub(super) async fn posted_logout(State(role): State<Arc<DigidRole>>, visit: Visit) -> Response {
    let now = role.app.clock.now();
    let form = visit.form().unwrap_or_default();
    let judge = |at: IdentityProvider<'_>| {
        let request = form.get("SAMLRequest").ok_or(NotFound::NotTheMessage)?;
        entrance::receive_logout(request, at, now)
    };
    let url = role.entrance_logout_url();
    let requested = match role.judged(&url, judge, |why| not_found(*why)).await {
        Ok(requested) => requested,
        Err(why) => {
            role.app
                .refused(visit.trace, "digid case 54", &why.to_string());
            return show(400, &visit, &DigidNietGevonden);
        }
    };
    role.logged_out(&visit, requested, form.get("RelayState"))
        .await
}

/// A question for the answer behind an artifact.
pub(super) async fn resolve_artifact(State(role): State<Arc<DigidRole>>, visit: Visit) -> Response {
    back::resolve(&role, &visit, back::Endpoint::Entrance).await
}

const fn not_found(refusal: BadRequest) -> Option<NotFound> {
    match refusal {
        BadRequest::Untrusted(why) => Some(why),
        _ => None,
    }
}

impl DigidRole {
    /// To the page, or back without one (digid cases 42, 48).
    async fn at_entrance(self: &Arc<Self>, visit: &Visit, received: Received) -> Response {
        let trace = trace_of(received.relay_state.as_deref(), visit);
        let known = |dienst: &&Dienst| dienst.service_uuid == received.service_uuid;
        let Some(dienst) = self.diensten.iter().find(known) else {
            let why = "the service is not in the catalogue";
            self.app.refused(trace, "digid case 42", why);
            return show(404, visit, &DigidNietGevonden);
        };
        let scoping = received.scoping.as_ref();
        if scoping.is_some_and(|scoping| !scoping.is_only(BVD)) {
            let end = unsupported(received);
            return self.end(visit, trace, end).await;
        }
        let now = self.app.clock.now();
        let login = Login::at_entrance(received, dienst, now, &chance::entropy());
        self.to_page(&login)
    }

    /// The browser brings the signed answer to the service, by a form.
    async fn logged_out(
        &self,
        visit: &Visit,
        requested: LogoutRequested,
        relay_state: Option<&str>,
    ) -> Response {
        let known = self.service_providers().await;
        let mut known = known.into_iter();
        let asker = known.find(|sp| sp.entity_id == requested.issuer);
        let Some(action) = asker.and_then(|sp| sp.slo_post) else {
            let why = "the service has no address for the answer to a logout";
            self.app.refused(visit.trace, "digid.md §3.5", why);
            return show(400, visit, &DigidNietGevonden);
        };
        let answer = LogoutResponse {
            id: saml::message_id(chance::entropy().bytes("saml.logout_response")),
            issue_instant: self.app.clock.now(),
            issuer: TD.to_owned(),
            in_response_to: requested.request_id,
            outcome: Outcome::Success,
        };
        let Ok(saml_response) = answer.to_post(&action, &self.key) else {
            return web::unavailable();
        };
        let onward = web::origin(&action);
        let page = DigidTerug {
            action,
            saml_response,
            relay_state: relay_state.map(str::to_owned),
        };
        web::show(200, visit, Brand::DigidSimulator, &[&onward], &page)
    }

    /// From the login page to that of the BVD: who logged in goes into the browser's cookie.
    pub(super) fn to_bvd(&self, login: &Login) -> Response {
        self.to(VERTEGENWOORDIGEN, login)
    }
}

/// A request that asks representation of somebody who does not offer it.
fn unsupported(received: Received) -> End {
    let who = Actor::Party(received.issuer.clone());
    let what = "RequesterID or IDPEntry is not the BVD";
    End {
        spends: None,
        event: Event::refused("digid case 48", what, who),
        asker: Asker {
            entity_id: received.issuer,
            request_id: received.request_id,
            consumer_url: received.consumer_url,
            relay_state: received.relay_state,
            service_uuid: Some(received.service_uuid),
        },
        how: How::Told(Ending::NoSupportedIdp),
    }
}

/// Everybody who can read what is encrypted for a service.
pub(super) fn recipients(entity_id: &str, certificates: &[Certificate]) -> Vec<Recipient> {
    let of = |certificate: &Certificate| Recipient {
        entity_id: entity_id.to_owned(),
        certificate: certificate.clone(),
    };
    certificates.first().map(of).into_iter().collect()
}

// ── The page of the BVD ─────────────────────────────────────────────────────────────────────────

/// Whom do you represent?
pub(super) async fn choose(State(role): State<Arc<DigidRole>>, visit: Visit) -> Response {
    let query = visit.query().unwrap_or_default();
    let id = query.get("login").unwrap_or_default();
    let found = role.login(&visit, id);
    let found = found.and_then(|(login, cookie)| {
        let person = role.person(login.acting()?.bsn.reveal())?;
        Some((login, cookie, person))
    });
    let Some((login, cookie, person)) = found else {
        let why = "no such login in this browser";
        role.app
            .refused(visit.trace, "design §5 front channel", why);
        return show(404, &visit, &DigidNietGevonden);
    };
    let page = DigidVertegenwoordigen {
        dienst: login.service.clone(),
        naam: person.naam.clone(),
        personen: person.vertegenwoordigt.clone(),
        formulier: role.form_token(&login, cookie),
    };
    let onward = role.onward(&login);
    let onward: Vec<&str> = onward.iter().map(String::as_str).collect();
    web::show(200, &visit, Brand::DigidSimulator, &onward, &page)
}

/// The form was sent.
pub(super) async fn chosen(State(role): State<Arc<DigidRole>>, visit: Visit) -> Response {
    let Some((login, choice)) = role.represented(&visit) else {
        let why = "a form that is not of a login in this browser, or that says no choice";
        role.app
            .refused(visit.trace, "design §5 front channel", why);
        return show(400, &visit, &DigidNietGevonden);
    };
    role.conclude(&visit, login, choice).await
}

impl DigidRole {
    /// What a form of the BVD's page says. Only somebody whom the person may represent can be chosen.
    fn represented(&self, visit: &Visit) -> Option<(Login, Choice)> {
        let (login, form) = self.form_of_login(visit)?;
        let acting = login.acting()?;
        let choice = match form.get("keuze")? {
            "vertegenwoordigen" => {
                let bsn = identity::Bsn::parse(form.get("bsn")?).ok()?;
                let person = self.person(acting.bsn.reveal())?;
                let mut may = person.vertegenwoordigt.iter();
                may.find(|who| who.bsn == bsn)?;
                Choice::Represent(Some(bsn))
            }
            "zelf" => Choice::Represent(None),
            "annuleren" => Choice::Cancel,
            _ => return None,
        };
        Some((login, choice))
    }
}
