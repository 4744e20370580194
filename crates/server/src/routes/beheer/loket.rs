//! Where a browser comes in with an administration key, and its visit: a sealed cookie that leads to the key,
//! which must still work at each request. The key itself is in no cookie.

use axum::response::{IntoResponse, Response};
use protocol::wire::Parameters;
use serde::{Deserialize, Serialize};

use super::beheerder::{Beheerder, Beheersleutel, Geen};
use crate::app::App;
use crate::chance;
use crate::pages::{
    BeheerBij, BeheerInlogfout, BeheerInloggen, BeheerMelding, BeheerMeldingSoort, PageContext,
};
use crate::settle::Outage;
use crate::web::{self, Visit};

/// Where the pages of a role begin.
pub(in crate::routes) const BEGIN: &str = "/beheer";
/// The cookie of a visit, and how long it lasts, in seconds: a working day.
const BEHEER: &str = "__Host-beheer";
const BEHEER_S: u32 = 8 * 3_600;
/// The cookie to which the login form is bound, and how long it lasts, in seconds.
const BEZOEK: &str = "__Host-beheer-bezoek";
const BEZOEK_S: u32 = 3_600;

/// A page, or the one that comes in its place.
pub(in crate::routes) type Bladzijde = Result<Response, Elders>;

/// What a browser gets in the place of the page that it asked for.
pub(in crate::routes) struct Elders(Box<Response>);

/// The administration pages of one role: who comes in there, and what its visit is.
pub(in crate::routes) struct Loket<'a> {
    /// Whose.
    pub(in crate::routes) app: &'a App,
    /// Its own origin, as browsers name it.
    pub(in crate::routes) origin: String,
    /// What is administered there.
    pub(in crate::routes) bij: BeheerBij,
}

/// Somebody who is logged in.
pub(in crate::routes) struct Sessie<S> {
    pub(in crate::routes) beheerder: Beheerder<S>,
    cookie: String,
}

/// What the cookie says.
#[derive(Serialize, Deserialize)]
struct Bezoek {
    /// Which administration key.
    sleutel: [u8; 16],
    /// Until when, in seconds since 1970.
    tot: i64,
}

impl Loket<'_> {
    /// Who is logged in; nobody without a cookie of ours, when the visit is over, or when the key does
    /// not work any more.
    async fn sessie<S: Beheersleutel>(&self, visit: &Visit) -> Result<Option<Sessie<S>>, Outage> {
        let Some(cookie) = visit.cookie(BEHEER) else {
            return Ok(None);
        };
        let bezoek = self.app.seal.open_cookie::<Bezoek>(self.seal(), cookie);
        let now = self.app.clock.now().unix();
        let Some(bezoek) = bezoek.filter(|bezoek| bezoek.tot > now) else {
            return Ok(None);
        };
        let beheerder = Beheerder::of_id(self.app, bezoek.sleutel).await?;
        Ok(beheerder.map(|beheerder| Sessie {
            beheerder,
            cookie: cookie.to_owned(),
        }))
    }

    /// The first page: what who is logged in sees there, or the login form.
    pub(in crate::routes) async fn begin<S: Beheersleutel>(
        &self,
        visit: &Visit,
        page: impl FnOnce(&Sessie<S>) -> Response,
    ) -> Response {
        match self.sessie(visit).await {
            Ok(Some(sessie)) => page(&sessie),
            Ok(None) => self.inloggen(visit, None),
            Err(_) => self.told(visit, BeheerMeldingSoort::Storing),
        }
    }

    /// Who is logged in, and does not ask too often; who is not, begins with the login page.
    pub(in crate::routes) async fn binnen<S: Beheersleutel>(
        &self,
        visit: &Visit,
    ) -> Result<Sessie<S>, Elders> {
        let sessie = match self.sessie::<S>(visit).await {
            Ok(Some(sessie)) => sessie,
            Ok(None) => return Err(web::see_other(BEGIN).into()),
            Err(_) => return Err(self.told(visit, BeheerMeldingSoort::Storing).into()),
        };
        match sessie.beheerder.turn(self.app, visit) {
            Ok(()) => Ok(sessie),
            Err(Geen::TeVaak(_)) => Err(self.told(visit, BeheerMeldingSoort::TeVaak).into()),
            Err(Geen::Onbekend | Geen::Storing(_)) => {
                Err(self.told(visit, BeheerMeldingSoort::Storing).into())
            }
        }
    }

    /// The token of this visit's forms.
    pub(in crate::routes) fn formulier<S>(&self, sessie: &Sessie<S>) -> String {
        self.app.seal.form_token(self.seal(), &sessie.cookie)
    }

    /// A form that one of our pages made for this visit.
    pub(in crate::routes) fn form<S>(
        &self,
        sessie: &Sessie<S>,
        visit: &Visit,
    ) -> Result<Parameters, Elders> {
        let form = visit.form().ok().filter(|form| {
            let token = form.get("formulier").unwrap_or_default();
            let seal = &self.app.seal;
            visit.is_from(&self.origin) && seal.is_form_token(self.seal(), &sessie.cookie, token)
        });
        form.ok_or_else(|| self.told(visit, BeheerMeldingSoort::Verlopen).into())
    }

    /// The login page, with what was wrong before.
    fn inloggen(&self, visit: &Visit, fout: Option<BeheerInlogfout>) -> Response {
        let known = visit.cookie(BEZOEK).map(str::to_owned);
        let fresh = jose::b64::encode(chance::entropy().bytes::<16>("bezoek"));
        let bezoek = known.clone().unwrap_or_else(|| fresh.clone());
        let context = BeheerInloggen {
            bij: self.bij,
            fout,
            formulier: self.app.seal.form_token(BEZOEK, &bezoek),
        };
        let status = match fout {
            None => 200,
            Some(BeheerInlogfout::Verlopen) => 400,
            Some(BeheerInlogfout::Onbekend) => 403,
            Some(BeheerInlogfout::TeVaak) => 429,
        };
        let page = self.show(visit, status, &context);
        match known {
            Some(_) => page,
            None => web::with(page, web::set_cookie(BEZOEK, &fresh, BEZOEK_S)),
        }
    }

    /// What the login form says. The key goes no further than here.
    pub(in crate::routes) async fn ingelogd<S: Beheersleutel>(&self, visit: &Visit) -> Response {
        let form = visit.form().ok();
        let bezoek = visit.cookie(BEZOEK);
        let is_ours = form.as_ref().zip(bezoek).is_some_and(|(form, bezoek)| {
            let token = form.get("formulier").unwrap_or_default();
            self.app.seal.is_form_token(BEZOEK, bezoek, token) && visit.is_from(&self.origin)
        });
        let Some(form) = form.filter(|_| is_ours) else {
            return self.inloggen(visit, Some(BeheerInlogfout::Verlopen));
        };
        let secret = form.get("sleutel").unwrap_or_default().trim();
        match Beheerder::<S>::of_secret(self.app, visit, secret).await {
            Ok(beheerder) => self.visits(&beheerder),
            Err(Geen::Onbekend) => self.inloggen(visit, Some(BeheerInlogfout::Onbekend)),
            Err(Geen::TeVaak(_)) => self.inloggen(visit, Some(BeheerInlogfout::TeVaak)),
            Err(Geen::Storing(_)) => self.told(visit, BeheerMeldingSoort::Storing),
        }
    }

    fn visits<S>(&self, beheerder: &Beheerder<S>) -> Response {
        let bezoek = Bezoek {
            sleutel: beheerder.id,
            tot: self.app.clock.now().plus_s(BEHEER_S).unix(),
        };
        let cookie = self.app.seal.cookie(self.seal(), &bezoek);
        let response = web::see_other(BEGIN);
        let response = web::with(response, web::set_cookie(BEHEER, &cookie, BEHEER_S));
        web::with(response, web::drop_cookie(BEZOEK))
    }

    /// Ends the visit of this browser, if its form says so.
    pub(in crate::routes) async fn uitloggen<S: Beheersleutel>(&self, visit: &Visit) -> Bladzijde {
        let sessie = self.binnen::<S>(visit).await?;
        self.form(&sessie, visit)?;
        let page = self.told(visit, BeheerMeldingSoort::Uitgelogd);
        Ok(web::with(page, web::drop_cookie(BEHEER)))
    }

    /// A page of this role.
    pub(in crate::routes) fn show(
        &self,
        visit: &Visit,
        status: u16,
        context: &impl PageContext,
    ) -> Response {
        web::show(status, visit, self.bij.merk(), &[], context)
    }

    /// A page that tells why it goes no further.
    pub(in crate::routes) fn told(&self, visit: &Visit, soort: BeheerMeldingSoort) -> Response {
        self.show(visit, soort.status(), &BeheerMelding { soort })
    }

    /// What seals the cookie of a visit, and the tokens of forms bound to it.
    const fn seal(&self) -> &'static str {
        match self.bij {
            BeheerBij::Domeinen => "koppeltaal.beheer",
            BeheerBij::Machtigingen => "etoegang.mr.beheer",
        }
    }
}

impl From<Response> for Elders {
    fn from(response: Response) -> Self {
        Self(Box::new(response))
    }
}

impl IntoResponse for Elders {
    fn into_response(self) -> Response {
        *self.0
    }
}
