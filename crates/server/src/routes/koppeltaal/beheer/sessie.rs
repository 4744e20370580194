//! A visit to the pages: a sealed cookie that leads to the administration key, which must still work at
//! each request. The key itself is in no cookie.

use axum::response::Response;
use protocol::wire::Parameters;
use serde::{Deserialize, Serialize};

use super::KoppeltaalRole;
use super::beheerder::{Beheerder, Geen};
use crate::chance;
use crate::pages::{BeheerInlogfout, BeheerInloggen, BeheerMelding, BeheerMeldingSoort, Brand};
use crate::settle::Outage;
use crate::web::{self, Visit};

/// The cookie of a visit, and how long it lasts, in seconds: a working day.
const BEHEER: &str = "__Host-beheer";
const BEHEER_S: u32 = 8 * 3_600;
/// What seals that cookie, and the tokens of forms bound to it.
const SEAL: &str = "koppeltaal.beheer";
/// The cookie to which the login form is bound, and how long it lasts, in seconds.
const BEZOEK: &str = "__Host-beheer-bezoek";
const BEZOEK_S: u32 = 3_600;

/// What the cookie says.
#[derive(Serialize, Deserialize)]
struct Bezoek {
    /// Which administration key.
    sleutel: [u8; 16],
    /// Until when, in seconds since 1970.
    tot: i64,
}

/// Somebody who is logged in.
pub(super) struct Sessie {
    pub(super) beheerder: Beheerder,
    cookie: String,
}

impl Sessie {
    /// Who is logged in; nobody without a cookie of ours, when the visit is over, or when the key does
    /// not work any more.
    pub(super) async fn of(role: &KoppeltaalRole, visit: &Visit) -> Result<Option<Self>, Outage> {
        let Some(cookie) = visit.cookie(BEHEER) else {
            return Ok(None);
        };
        let bezoek = role.app.seal.open_cookie::<Bezoek>(SEAL, cookie);
        let now = role.app.clock.now().unix();
        let Some(bezoek) = bezoek.filter(|bezoek| bezoek.tot > now) else {
            return Ok(None);
        };
        let beheerder = Beheerder::of_id(role, bezoek.sleutel).await?;
        Ok(beheerder.map(|beheerder| Self {
            beheerder,
            cookie: cookie.to_owned(),
        }))
    }

    /// The token of this visit's forms.
    pub(super) fn formulier(&self, role: &KoppeltaalRole) -> String {
        role.app.seal.form_token(SEAL, &self.cookie)
    }

    /// A form that one of our pages made for this visit.
    pub(super) fn form(&self, role: &KoppeltaalRole, visit: &Visit) -> Option<Parameters> {
        let form = visit.form().ok()?;
        let token = form.get("formulier")?;
        let same = role.app.seal.is_form_token(SEAL, &self.cookie, token);
        (visit.is_from(&role.origin()) && same).then_some(form)
    }
}

impl KoppeltaalRole {
    /// Our own origin, as browsers name it.
    fn origin(&self) -> String {
        web::origin(&self.domeinen.base)
    }

    /// The login page, with what was wrong before.
    pub(super) fn inloggen(&self, visit: &Visit, fout: Option<BeheerInlogfout>) -> Response {
        let known = visit.cookie(BEZOEK).map(str::to_owned);
        let fresh = jose::b64::encode(chance::entropy().bytes::<16>("bezoek"));
        let bezoek = known.clone().unwrap_or_else(|| fresh.clone());
        let context = BeheerInloggen {
            fout,
            formulier: self.app.seal.form_token(BEZOEK, &bezoek),
        };
        let status = match fout {
            None => 200,
            Some(BeheerInlogfout::Verlopen) => 400,
            Some(BeheerInlogfout::Onbekend) => 403,
            Some(BeheerInlogfout::TeVaak) => 429,
        };
        let page = web::show(status, visit, Brand::Koppeltaal, &[], &context);
        match known {
            Some(_) => page,
            None => web::with(page, web::set_cookie(BEZOEK, &fresh, BEZOEK_S)),
        }
    }

    /// What the login form says. The key goes no further than here.
    pub(super) async fn ingelogd(&self, visit: &Visit) -> Response {
        let form = visit.form().ok();
        let bezoek = visit.cookie(BEZOEK);
        let is_ours = form.as_ref().zip(bezoek).is_some_and(|(form, bezoek)| {
            let token = form.get("formulier").unwrap_or_default();
            self.app.seal.is_form_token(BEZOEK, bezoek, token) && visit.is_from(&self.origin())
        });
        let Some(form) = form.filter(|_| is_ours) else {
            return self.inloggen(visit, Some(BeheerInlogfout::Verlopen));
        };
        let secret = form.get("sleutel").unwrap_or_default().trim();
        match Beheerder::of_secret(self, visit, secret).await {
            Ok(beheerder) => self.visits(&beheerder),
            Err(Geen::Onbekend) => self.inloggen(visit, Some(BeheerInlogfout::Onbekend)),
            Err(Geen::TeVaak(_)) => self.inloggen(visit, Some(BeheerInlogfout::TeVaak)),
            Err(Geen::Storing(_)) => told(visit, BeheerMeldingSoort::Storing),
        }
    }

    fn visits(&self, beheerder: &Beheerder) -> Response {
        let bezoek = Bezoek {
            sleutel: beheerder.id,
            tot: self.app.clock.now().plus_s(BEHEER_S).unix(),
        };
        let cookie = self.app.seal.cookie(SEAL, &bezoek);
        let response = web::see_other("/beheer");
        let response = web::with(response, web::set_cookie(BEHEER, &cookie, BEHEER_S));
        web::with(response, web::drop_cookie(BEZOEK))
    }
}

/// Ends the visit of this browser.
pub(super) fn uitgelogd(visit: &Visit) -> Response {
    let page = told(visit, BeheerMeldingSoort::Uitgelogd);
    web::with(page, web::drop_cookie(BEHEER))
}

/// A page that tells why it goes no further.
pub(super) fn told(visit: &Visit, soort: BeheerMeldingSoort) -> Response {
    let context = BeheerMelding { soort };
    web::show(soort.status(), visit, Brand::Koppeltaal, &[], &context)
}
