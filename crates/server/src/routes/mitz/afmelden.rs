//! Logging out (digid.md §2.7): the person's wish at the register, DigiD's answer to it, and DigiD's
//! own message that a person logged out elsewhere.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use identity::Bsn;
use mitz::authorization_server::aanmelding::Aanmelding;
use mitz::toestemmingenregister::PERSOON;
use mitz::toestemmingenregister::afmelden::{AANMELDINGEN_MAX, Afmelden, OveralAfmelden};
use protocol::handle::{Handle, Purpose};
use protocol::wire::with_query;
use saml::logout::Outcome;
use store::{Page, Store as _};
use verdict::{IndexKey, Record as _, Step};

use super::MitzRole;
use super::register::COOKIE;
use crate::chance;
use crate::digid::Login;
use crate::pages::{
    Afgemeld, BijDigid, Brand, DigidDoorsturen, Doorsturen, MitzFoutSoort, RegisterFoutSoort,
};
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

/// The handle that comes back from DigiD as RelayState: the logout's id, so that no row need stand
/// for it. Whoever replays it sees a page.
const UITLOGGEN: Purpose = Purpose("mitz.uitloggen");
/// The most commits in which the visits of one person end.
const COMMITS_MAX: usize = 16;
/// SOAP 1.1 (digid.md §2.5).
const TEXT_XML: &str = "text/xml; charset=utf-8";

// ── The person logs out here ────────────────────────────────────────────────────────────────────

/// Ends the visit: at this browser, and for whoever kept its cookie; then at DigiD (digid case 35).
pub(super) async fn afmelden(State(role): State<Arc<MitzRole>>, visit: Visit) -> Response {
    let Some((at, _)) = role.own_form(&visit).await else {
        return MitzRole::register_fout(400, &visit, RegisterFoutSoort::Verlopen);
    };
    let journey = AfmeldenJourney(at.handle.id);
    if settle(&role.app, at.trace, journey).await.is_err() {
        return MitzRole::register_fout(503, &visit, RegisterFoutSoort::Storing);
    }
    let onward = role.to_digids_logout(&visit, &at.aanmelding.bsn).await;
    web::with(onward, web::drop_cookie(COOKIE))
}

impl MitzRole {
    /// To DigiD, if it offers logout and can be had; else to the page that says what is over.
    async fn to_digids_logout(&self, visit: &Visit, bsn: &Bsn) -> Response {
        let handle = Handle {
            id: chance::entropy().bytes("mitz.uitloggen"),
            generation: 0,
        };
        let relay_state = self.app.handles.make(UITLOGGEN, handle);
        let now = self.app.clock.now();
        let request_id = request_id(handle);
        let login = self
            .digid
            .logout(&self.app, &request_id, bsn, &relay_state, now)
            .await;
        match login {
            Ok(Some(Login::Redirect(url))) => web::see_other(&url),
            Ok(Some(Login::Post(form))) => {
                let page = DigidDoorsturen::new(Doorsturen::Uitloggen, form);
                let onward = [&*web::origin(&page.action), &self.urls.front];
                web::show(200, visit, Brand::Toestemmingen, &onward, &page)
            }
            Ok(None) => web::see_other(&self.afgemeld_url(BijDigid::Ook)),
            Err(_) => web::see_other(&self.afgemeld_url(BijDigid::Niet)),
        }
    }

    fn afgemeld_url(&self, bij_digid: BijDigid) -> String {
        let page = format!("{}/afgemeld", self.urls.register);
        match bij_digid {
            BijDigid::Ook => page,
            BijDigid::Deels => with_query(&page, &[("digid", "deels")]),
            BijDigid::Niet => with_query(&page, &[("digid", "niet")]),
        }
    }
}

/// The `ID` of the LogoutRequest that goes with a RelayState.
fn request_id(handle: Handle) -> String {
    let digest = jose::sha256(&handle.id);
    let mut random = [0; 20];
    random.copy_from_slice(&digest[..20]);
    saml::message_id(random)
}

/// DigiD sends the browser back (digid cases 35 to 37).
pub(super) async fn single_logout(State(role): State<Arc<MitzRole>>, visit: Visit) -> Response {
    let app = &role.app;
    let parameters = visit.query().unwrap_or_default();
    let relay_state = parameters.get("RelayState").unwrap_or_default();
    let Some(handle) = app.handles.open(UITLOGGEN, relay_state) else {
        let why = "an answer to a logout that nobody here asked for";
        app.refused(visit.trace, "digid case 35", why);
        return MitzRole::fout(400, &visit, MitzFoutSoort::Verlopen);
    };
    let (request_id, now) = (request_id(handle), app.clock.now());
    let outcome = role
        .digid
        .logged_out(app, &visit.query, &request_id, now)
        .await;
    match outcome {
        Ok(Outcome::Success) => web::see_other(&role.afgemeld_url(BijDigid::Ook)),
        Ok(Outcome::PartialLogout) => web::see_other(&role.afgemeld_url(BijDigid::Deels)),
        Ok(Outcome::RequestDenied) => web::see_other(&role.afgemeld_url(BijDigid::Niet)),
        Err(bad) => {
            app.refused(visit.trace, bad.requirement, &bad.reason);
            MitzRole::fout(400, &visit, MitzFoutSoort::Verlopen)
        }
    }
}

/// The page after it.
pub(super) async fn afgemeld(visit: Visit) -> Response {
    let query = visit.query().unwrap_or_default();
    let bij_digid = match query.get("digid") {
        Some("deels") => BijDigid::Deels,
        Some("niet") => BijDigid::Niet,
        _ => BijDigid::Ook,
    };
    let page = Afgemeld { bij_digid };
    web::show(200, &visit, Brand::Toestemmingen, &[], &page)
}

struct AfmeldenJourney([u8; 16]);

impl Journey for AfmeldenJourney {
    type Reply = ();
    type Question = Afmelden;

    fn begin(&self, _: &Run) -> Step<(), Afmelden> {
        Step::Ask(Afmelden { id: self.0 })
    }

    async fn answer(&self, run: &Run, question: Afmelden) -> Result<Step<(), Afmelden>, Outage> {
        let found = run.load::<Aanmelding>(question.key()).await?;
        Ok(question.answer(found))
    }
}

// ── DigiD logs a person out ─────────────────────────────────────────────────────────────────────

/// A signed `LogoutRequest` in SOAP (digid case 38). What does not count gets a SOAP fault, and that
/// goes with status 500 (SOAP 1.1 §6.2).
pub(super) async fn told_of_logout(State(role): State<Arc<MitzRole>>, visit: Visit) -> Response {
    let app = &role.app;
    let now = app.clock.now();
    let logged_out = match role.digid.told_of_logout(app, &visit.body, now).await {
        Ok(logged_out) => logged_out,
        Err(bad) => {
            app.refused(visit.trace, bad.requirement, &bad.reason);
            let fault = saml::soap_fault("the logout cannot be taken");
            return web::typed(500, TEXT_XML, fault);
        }
    };
    if role.end_all(&visit, &logged_out.bsn).await.is_err() {
        return web::typed(500, TEXT_XML, saml::soap_fault("try again later"));
    }
    match role.digid.confirms_logout(&logged_out, now) {
        Some(soap) => web::typed(200, TEXT_XML, soap),
        None => web::unavailable(),
    }
}

impl MitzRole {
    /// Ends every visit of a person.
    async fn end_all(&self, visit: &Visit, bsn: &Bsn) -> Result<(), Outage> {
        let persoon = self.persoon(bsn).await?;
        for _ in 0..COMMITS_MAX {
            let journey = OveralAfmeldenJourney(OveralAfmelden { persoon });
            if !settle(&self.app, visit.trace, journey).await? {
                return Ok(());
            }
        }
        Err(Outage::Fault(
            "a person has more visits than anybody has".to_owned(),
        ))
    }
}

struct OveralAfmeldenJourney(OveralAfmelden);

impl Journey for OveralAfmeldenJourney {
    type Reply = bool;
    type Question = OveralAfmelden;

    fn begin(&self, _: &Run) -> Step<bool, OveralAfmelden> {
        Step::Ask(self.0)
    }

    async fn answer(
        &self,
        run: &Run,
        question: OveralAfmelden,
    ) -> Result<Step<bool, OveralAfmelden>, Outage> {
        let (of, page) = (
            IndexKey::Person(question.persoon),
            Page::first(AANMELDINGEN_MAX),
        );
        let home = &run.app.home;
        let found = home
            .find(Aanmelding::SPACE, PERSOON, &of, page, run.now)
            .await?;
        let rows = found.rows.into_iter();
        Ok(question.answer(rows.map(|(key, row)| (key, row.version)).collect()))
    }
}
