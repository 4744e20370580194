//! From the authorization request to the login (medmij.md §3, core.authint); `terug.rs` takes DigiD's answer.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use identity::Hostname;
use medmij::authorization_interface::aanmelding::{
    AANVRAAG_BYTES_MAX, Aanvraag, Doel, Inlog, WACHT_S,
};
use medmij::authorization_interface::verzoek::{Afwijzing, Kennis, Naar, PARAMETERS, Verzoek};
use medmij::lists::Ocl;
use medmij::scope::{Functie, Scope};
use protocol::wire::{Known, with_query};

use super::gebeurtenissen::Gebeurtenis;
use super::{Bij, DvaRole, waarvoor};
use crate::chance;
use crate::digid::Login;
use crate::door::TraceId;
use crate::pages::{
    DigidDoorsturen, Doorsturen, DvaFoutSoort, DvaGestrand, DvaLanding, DvaWaarvoor,
};
use crate::web::{self, Visit};

/// The purpose of the cookie that holds an [`Aanvraag`], and of forms bound to it.
pub(super) const AANVRAAG: &str = "medmij.aanvraag";

/// What sealing adds to it: the number of the key, nonce and tag; and the name and attributes beside it.
const SEALING_BYTES_MAX: usize = 64;
const BESIDE_BYTES_MAX: usize = 128;
// RFC 6265 §6.1: whatever is accepted, the browser keeps its cookie.
const _: () =
    assert!((AANVRAAG_BYTES_MAX + SEALING_BYTES_MAX).div_ceil(3) * 4 + BESIDE_BYTES_MAX <= 4_096);

/// Where the pages that answer an authorization request stand for whoever changes their language: the
/// request itself is not made again, and its parameters are the client's alone, `taal` among them
/// (core.authint.200).
pub(super) const LANDING: &str = "/landing";
pub(super) const ONGELDIG: &str = "/ongeldig-verzoek";
pub(super) const STORING: &str = "/storing";

// ── The request ─────────────────────────────────────────────────────────────────────────────────

/// The authorization request (core.authint.200): the landing page, a page without a way back, or an
/// error for the client.
pub(super) async fn authorize(State(role): State<Arc<DvaRole>>, visit: Visit) -> Response {
    let verzoek = match role.verzoek(&visit).await {
        Ok(verzoek) => verzoek,
        Err(response) => return response,
    };
    let trace = TraceId::parse(&verzoek.correlation_id).unwrap_or(visit.trace);
    let visit = visit.under(trace);
    // core.authint.208 (medmij case 22)
    let again = |number| !role.request_ids.is_new(number);
    if TraceId::parse(&verzoek.request_id).is_some_and(again) {
        let medmij = role.medmij.as_ref();
        if medmij.is_some_and(|medmij| medmij.left_open.refuse_repeated_request_ids) {
            let reason = "the MedMij-Request-ID was used before";
            role.app.refused(trace, "core.authint.208", reason);
            return web::found(&verzoek.refused("invalid_request"));
        }
        let reason = "the MedMij-Request-ID was used before; the request was served";
        role.app.refused(trace, "core.authint.208", reason);
    }
    role.begonnen(&visit, Doel::Autoriseren(Box::new(verzoek)), trace)
        .await
}

impl DvaRole {
    async fn verzoek(&self, visit: &Visit) -> Result<Verzoek, Response> {
        let Some(medmij) = &self.medmij else {
            return Err(web::unavailable());
        };
        let Ok(ocl) = self.lists.ocl(&self.app).await else {
            let reason = "the OCL cannot be had";
            self.app.refused(visit.trace, "core.ocl.201", reason);
            let there = visit.standing_at(STORING, "");
            return Err(self.technische_storing(&there, visit.trace, None));
        };
        let read = Known::read(visit.query.as_bytes(), &PARAMETERS);
        let client_id = read.get("client_id").ok().flatten().unwrap_or_default();
        let verzoek = {
            let kennis = Kennis {
                is_client: &|host: &Hostname| ocl.client(host).is_some(),
                serves: &|scope: &Scope| self.serves(&ocl, client_id, scope),
                port: medmij.port,
            };
            Verzoek::read(&read, &kennis)
        };
        match verzoek {
            Ok(verzoek) => Ok(verzoek),
            Err(afwijzing) => Err(self.afgewezen(visit, client_id, &afwijzing).await),
        }
    }

    /// Exceptions 1a and 1b (core.authint.207).
    async fn afgewezen(&self, visit: &Visit, client_id: &str, afwijzing: &Afwijzing) -> Response {
        self.app
            .refused(visit.trace, afwijzing.requirement, afwijzing.reason);
        match &afwijzing.naar {
            Naar::Pagina => ongeldig(&visit.standing_at(ONGELDIG, "")),
            Naar::Client(url) => {
                // core.logging.203 (medmij case 9)
                let events = &[Gebeurtenis::Gevraagd, Gebeurtenis::Fout];
                match self.opgetekend(visit.trace, Some(client_id), events).await {
                    Ok(()) => web::found(url),
                    Err(_) => self.technische_storing(visit, visit.trace, None),
                }
            }
        }
    }

    /// Whether this DVA has what a scope names, for this client.
    fn serves(&self, ocl: &Ocl, client_id: &str, scope: &Scope) -> bool {
        let (Some(aanbieder), Some(medmij)) = (self.aanbieder_of(scope), &self.medmij) else {
            return false;
        };
        let for_other = scope.vertegenwoordiging.is_some();
        if for_other && medmij.vertegenwoordiging.is_none() {
            return false;
        }
        let offered = |dienst| {
            let known = aanbieder.gegevensdiensten.get(dienst);
            known.filter(|_| medmij.is_recognised(ocl, client_id, dienst))
        };
        match &scope.functie {
            Functie::Verzamelen => true,
            // Nobody is asked to log in for what nothing can be placed under.
            Functie::Delen(dienst) => offered(dienst).is_some_and(|it| !it.plaatsen.is_empty()),
            Functie::Abonneren { dienst, .. } => {
                medmij.abonneren_max > 0 && offered(dienst).is_some()
            }
        }
    }

    /// The landing page, and the cookie that alone can go on from it (core.usrint.100).
    pub(super) async fn begonnen(&self, visit: &Visit, doel: Doel, trace: TraceId) -> Response {
        let now = self.app.clock.now();
        let aanvraag = Aanvraag {
            doel,
            sessie: chance::entropy().uuid("medmij.sessie"),
            trace: trace.to_string(),
            inlog: Inlog::Nog,
            requested_at: now.unix(),
            until: now.plus_s(WACHT_S).unix(),
        };
        // core.logging.203 (medmij case 1)
        let client_id = aanvraag.verzoek().map(|verzoek| verzoek.client_id.as_str());
        let events = &[Gebeurtenis::Gevraagd, Gebeurtenis::Landingspagina];
        if self.opgetekend(trace, client_id, events).await.is_err() {
            return self.technische_storing(visit, trace, Some(&Bij::of(&aanvraag)));
        }
        let value = self.app.seal.cookie(AANVRAAG, &aanvraag);
        let response = match &aanvraag.doel {
            Doel::Autoriseren(_) => {
                let query = with_query("", &[("aanvraag", &aanvraag.sessie)]);
                let there = visit.standing_at(LANDING, query.trim_start_matches('?'));
                let there = there.under(trace);
                self.landing(&there, &aanvraag, &value).await
            }
            Doel::Beheren => self.landing(visit, &aanvraag, &value).await,
        };
        let cookie = cookie_name(&aanvraag.sessie);
        web::with(response, web::set_cookie(&cookie, &value, WACHT_S))
    }

    /// The landing page of an aanvraag, whose cookie has this text.
    async fn landing(&self, visit: &Visit, aanvraag: &Aanvraag, cookie: &str) -> Response {
        let Some(medmij) = &self.medmij else {
            return web::unavailable();
        };
        let mut page = DvaLanding {
            waarvoor: DvaWaarvoor::Beheren,
            aanbieder: String::new(),
            pgo: String::new(),
            voor_ander: false,
            aanvraag: aanvraag.sessie.clone(),
            formulier: self.app.seal.form_token(AANVRAAG, cookie),
        };
        let mut origins = vec![medmij.digid_origin.clone()];
        if let Doel::Autoriseren(verzoek) = &aanvraag.doel {
            page.waarvoor = waarvoor(&verzoek.scope);
            page.aanbieder = self.naam_of(&verzoek.scope);
            page.pgo = self.pgo_of(&verzoek.client_id).await;
            page.voor_ander = verzoek.scope.vertegenwoordiging.is_some();
            origins.push(web::origin(&verzoek.redirect_uri));
        }
        let origins: Vec<&str> = origins.iter().map(String::as_str).collect();
        Self::toon(200, visit, &origins, &page)
    }
}

/// The landing page once more, in another language: nothing is asked anew.
pub(super) async fn landing(State(role): State<Arc<DvaRole>>, visit: Visit) -> Response {
    let query = visit.query().unwrap_or_default();
    let found = role.aanvraag(&visit, query.get("aanvraag").unwrap_or_default());
    match found.filter(|(aanvraag, _)| aanvraag.may_log_in()) {
        Some((aanvraag, cookie)) => {
            let trace = TraceId::parse(&aanvraag.trace).unwrap_or(visit.trace);
            role.landing(&visit.under(trace), &aanvraag, cookie).await
        }
        None => DvaRole::fout(400, &visit, DvaFoutSoort::Verlopen),
    }
}

/// The page of exception 1a once more, in another language.
pub(super) async fn ongeldig_verzoek(visit: Visit) -> Response {
    ongeldig(&visit)
}

fn ongeldig(visit: &Visit) -> Response {
    DvaRole::fout(400, visit, DvaFoutSoort::OngeldigVerzoek)
}

// ── To DigiD, or back ───────────────────────────────────────────────────────────────────────────

/// To DigiD (core.authint.204), also a second time (medmij case 25).
pub(super) async fn inloggen(State(role): State<Arc<DvaRole>>, visit: Visit) -> Response {
    match role.decided(&visit) {
        Some(aanvraag) if aanvraag.may_log_in() => role.to_digid(&visit, aanvraag).await,
        // medmij case 26: there is no way but back
        Some(aanvraag) => naar("/niet-ingelogd", &aanvraag.sessie),
        None => DvaRole::fout(400, &visit, DvaFoutSoort::Verlopen),
    }
}

/// Back to the client with `access_denied` (medmij case 23).
pub(super) async fn stoppen(State(role): State<Arc<DvaRole>>, visit: Visit) -> Response {
    let Some(aanvraag) = role.decided(&visit) else {
        return DvaRole::fout(400, &visit, DvaFoutSoort::Verlopen);
    };
    let trace = TraceId::parse(&aanvraag.trace).unwrap_or(visit.trace);
    let visit = visit.under(trace);
    let reason = "the person cancelled";
    role.app.refused(trace, "core.authint.207", reason);
    // core.logging.203 (medmij case 23)
    let client_id = aanvraag.verzoek().map(|verzoek| verzoek.client_id.as_str());
    let events = &[Gebeurtenis::Geannuleerd];
    if role.opgetekend(trace, client_id, events).await.is_err() {
        return role.technische_storing(&visit, trace, Some(&Bij::of(&aanvraag)));
    }
    let response = match &aanvraag.doel {
        Doel::Autoriseren(verzoek) => role.denied(verzoek),
        Doel::Beheren => DvaRole::fout(200, &visit, DvaFoutSoort::Gestopt),
    };
    web::with(response, web::drop_cookie(&cookie_name(&aanvraag.sessie)))
}

impl DvaRole {
    async fn to_digid(&self, visit: &Visit, mut aanvraag: Aanvraag) -> Response {
        let Some(medmij) = &self.medmij else {
            return web::unavailable();
        };
        let trace = TraceId::parse(&aanvraag.trace).unwrap_or(visit.trace);
        let now = self.app.clock.now();
        let authn_request = saml::message_id(chance::entropy().bytes("saml.authn_request"));
        let login = match medmij.login_of(&aanvraag.doel) {
            Some((digid, namens)) => {
                let relay_state = &aanvraag.sessie;
                let login = digid.login_for(&self.app, &authn_request, relay_state, namens, now);
                login.await.ok()
            }
            None => None,
        };
        let Some(login) = login else {
            let reason = "DigiD's metadata cannot be had";
            self.app.refused(trace, "core.authint.204", reason);
            return self.technische_storing(visit, trace, Some(&Bij::of(&aanvraag)));
        };
        // core.logging.203
        let client_id = aanvraag.verzoek().map(|verzoek| verzoek.client_id.as_str());
        let events = &[Gebeurtenis::NaarDigid];
        if self.opgetekend(trace, client_id, events).await.is_err() {
            return self.technische_storing(visit, trace, Some(&Bij::of(&aanvraag)));
        }
        aanvraag.inlog = Inlog::Gevraagd(authn_request);
        aanvraag.requested_at = now.unix();
        aanvraag.until = now.plus_s(WACHT_S).unix();
        let value = self.app.seal.cookie(AANVRAAG, &aanvraag);
        let cookie = web::set_cookie(&cookie_name(&aanvraag.sessie), &value, WACHT_S);
        let response = match login {
            Login::Redirect(url) => web::see_other(&url),
            Login::Post(form) => {
                let page = DigidDoorsturen::new(Doorsturen::Inloggen, form);
                Self::toon(200, visit, &[&web::origin(&page.action)], &page)
            }
        };
        web::with(response, cookie)
    }

    /// The aanvraag of this number in the browser's cookie, with the cookie's text.
    pub(super) fn aanvraag<'a>(
        &self,
        visit: &'a Visit,
        sessie: &str,
    ) -> Option<(Aanvraag, &'a str)> {
        let text = visit.cookie(&cookie_name(sessie))?;
        let aanvraag: Aanvraag = self.app.seal.open_cookie(AANVRAAG, text)?;
        let holds = aanvraag.sessie == sessie && !aanvraag.is_over_at(self.app.clock.now());
        holds.then_some((aanvraag, text))
    }

    /// The aanvraag behind a form of ours: the right origin, the token that its cookie makes.
    fn decided(&self, visit: &Visit) -> Option<Aanvraag> {
        let form = visit.form().ok()?;
        let (aanvraag, cookie) = self.aanvraag(visit, form.get("aanvraag")?)?;
        let token = form.get("formulier")?;
        let same = self.app.seal.is_form_token(AANVRAAG, cookie, token);
        let front = &self.medmij.as_ref()?.front;
        (visit.is_from(front) && same).then_some(aanvraag)
    }
}

/// To a page about an aanvraag.
pub(super) fn naar(path: &str, sessie: &str) -> Response {
    web::see_other(&with_query(path, &[("aanvraag", sessie)]))
}

/// One cookie for each visit, so that two tabs do not take each other's.
pub(super) fn cookie_name(sessie: &str) -> String {
    let hex = sessie.chars().filter(char::is_ascii_hexdigit);
    let short: String = hex.take(12).collect();
    format!("__Host-aanvraag-{short}")
}

// ── When the person did not log in ──────────────────────────────────────────────────────────────

/// The Annuleringspagina (core.usrint.101, medmij case 24).
pub(super) async fn geannuleerd(State(role): State<Arc<DvaRole>>, visit: Visit) -> Response {
    role.gestrand(&visit, true)
}

/// No identity (Authenticeren 1, medmij case 26).
pub(super) async fn niet_ingelogd(State(role): State<Arc<DvaRole>>, visit: Visit) -> Response {
    role.gestrand(&visit, false)
}

/// A fault of ours, or of somebody whom we need (medmij case 34).
pub(super) async fn storing(State(role): State<Arc<DvaRole>>, visit: Visit) -> Response {
    let query = visit.query().unwrap_or_default();
    let found = role.aanvraag(&visit, query.get("aanvraag").unwrap_or_default());
    match found {
        Some((aanvraag, _)) => {
            let trace = TraceId::parse(&aanvraag.trace).unwrap_or(visit.trace);
            role.technische_storing(&visit, trace, Some(&Bij::of(&aanvraag)))
        }
        None => role.technische_storing(&visit, visit.trace, None),
    }
}

impl DvaRole {
    fn gestrand(&self, visit: &Visit, geannuleerd: bool) -> Response {
        let query = visit.query().unwrap_or_default();
        let found = self.aanvraag(visit, query.get("aanvraag").unwrap_or_default());
        let (Some((aanvraag, cookie)), Some(medmij)) = (found, &self.medmij) else {
            return Self::fout(400, visit, DvaFoutSoort::Verlopen);
        };
        let back = match &aanvraag.doel {
            Doel::Autoriseren(verzoek) => web::origin(&verzoek.redirect_uri),
            Doel::Beheren => medmij.front.clone(),
        };
        let page = DvaGestrand {
            geannuleerd: geannuleerd && aanvraag.may_log_in(),
            formulier: self.app.seal.form_token(AANVRAAG, cookie),
            aanvraag: aanvraag.sessie,
        };
        let trace = TraceId::parse(&aanvraag.trace).unwrap_or(visit.trace);
        Self::toon(
            200,
            &visit.under(trace),
            &[&medmij.digid_origin, &back],
            &page,
        )
    }
}
