//! MedMij's own interfaces at a DVA: the authorization interface for people ([`front`], [`verklaring`]), the
//! token interface ([`token`]), what a person places ([`delen`]) and the management of consents
//! ([`toestemmingen`]).

pub(super) mod delen;
mod front;
mod gebeurtenissen;
mod request_ids;
mod terug;
mod toestemmingen;
mod token;
mod verklaring;
pub(super) mod vormen;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};
use identity::{GegevensdienstId, Hostname};
use medmij::authorization_interface::aanmelding::{Aanmelding, Aanvraag, Doel};
use medmij::authorization_interface::verzoek::Verzoek;
use medmij::lists::{FrontchannelPort, Ocl};
use medmij::scope::{Functie, Scope};
use medmij::vertegenwoordiging::Vertegenwoordiging;
use mitz::dva::Aanbieder;
use protocol::handle::{Handle, Purpose};
use protocol::refusal::ErrorCode;
use serde::Deserialize;
use verdict::Stored;

use super::DvaRole;
use crate::digid::{ServiceProvider, Vertegenwoordiging as Namens};
use crate::door::TraceId;
use crate::pages::{Brand, DvaFout, DvaFoutSoort, DvaStoring, DvaWaarvoor, PageContext};
use crate::web::{self, Visit, get_once};

pub(super) use self::request_ids::{RequestIds, has_numbers};

/// The cookie that leads to an aanmelding.
const AANMELDING: Purpose = Purpose("medmij.aanmelding");
const AANMELDING_COOKIE: &str = "__Host-aanmelding";

/// What a DVA is given for MedMij's own interfaces.
pub struct Medmij {
    /// Where it sends people to log in.
    pub digid: ServiceProvider,
    /// The same for who acts for somebody else, at the entrance of DigiD 4.x; without it nobody can.
    pub vertegenwoordiging: Option<ServiceProvider>,
    /// Where the login goes: its origin stands in the policy of pages that lead there.
    pub digid_origin: String,
    /// Its own front.
    pub front: String,
    /// Its name for people.
    pub naam: String,
    /// Where it is called.
    pub telefoon: Option<String>,
    /// In which forms a token request is taken.
    pub vormen: Vormen,
    /// What else is open.
    pub left_open: LeftOpen,
    /// Whether redirect URIs may name a port: where everything runs on one machine.
    pub port: FrontchannelPort,
    /// Days of a subscription, at most; none are offered at 0.
    pub abonneren_max: u32,
    /// The gegevensdiensten of a client, as its registration here says; the OCL may know fewer, and a client
    /// that is not here has all that the OCL knows.
    pub erkend: BTreeMap<String, BTreeSet<GegevensdienstId>>,
}

/// The forms of a token request (design §5 "MedMij token request"): a POST with a form always; what seed 003
/// draws only where it is configured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vormen {
    /// POST with its parameters in the query.
    pub post_query: bool,
    /// GET with its parameters in the query.
    pub get_query: bool,
}

impl Vormen {
    /// All three, as the demo takes them.
    pub const ALL: Self = Self {
        post_query: true,
        get_query: true,
    };
}

/// What MedMij's public text leaves open besides (grades C, D and X of medmij.md), as this DVA decides it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LeftOpen {
    /// Whether `refresh_code` is taken for `refresh_token` (medmij case 106).
    pub refresh_code: bool,
    /// Whether a token request without its two numbers is served, and told (medmij case 56).
    pub unnumbered_token_requests: bool,
    /// Whether an authorization request with a number that came before is refused (medmij case 22).
    pub refuse_repeated_request_ids: bool,
    /// The error of a token request for which nothing is available (medmij case 40).
    pub nothing_available: NothingAvailable,
    /// What a client that gets nothing is told beside `access_denied`, whatever the cause (medmij.md §3.6).
    pub denied_description: Option<ErrorDescription>,
}

/// An `error_description` (RFC 6749 §4.1.2.1): visible ASCII and spaces, without quotes and backslashes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ErrorDescription(String);

impl ErrorDescription {
    const BYTES_MAX: usize = 200;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ErrorDescription {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let may_stand = |byte| matches!(byte, b' '..=b'~' if byte != b'"' && byte != b'\\');
        let is_one = (1..=Self::BYTES_MAX).contains(&text.len()) && text.bytes().all(may_stand);
        is_one.then_some(Self(text)).ok_or(
            "another text, expected 1 to 200 characters of ASCII without quotes and backslashes",
        )
    }
}

/// The errors that may tell that nothing is available.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum NothingAvailable {
    /// As for a code that is over.
    #[default]
    InvalidGrant,
    /// As for a scope that cannot be had.
    InvalidScope,
}

impl TryFrom<String> for NothingAvailable {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let mut all = [Self::InvalidGrant, Self::InvalidScope].into_iter();
        let named = all.find(|it| it.error().code() == name);
        named.ok_or("another error, expected invalid_grant or invalid_scope")
    }
}

impl NothingAvailable {
    const fn error(self) -> ErrorCode {
        match self {
            Self::InvalidGrant => ErrorCode::InvalidGrant,
            Self::InvalidScope => ErrorCode::InvalidScope,
        }
    }
}

/// What answers at the front host.
pub(super) fn front(role: &Arc<DvaRole>) -> Router {
    let router = Router::new()
        // core.authint.208: HEAD would use the number up
        .route("/authorize", get_once(front::authorize))
        .route(front::LANDING, get(front::landing))
        .route(front::ONGELDIG, get(front::ongeldig_verzoek))
        .route("/inloggen", post(front::inloggen))
        .route("/stoppen", post(front::stoppen))
        .route("/geannuleerd", get(front::geannuleerd))
        .route("/niet-ingelogd", get(front::niet_ingelogd))
        .route("/storing", get(front::storing))
        .route("/saml/metadata", get(terug::saml_metadata))
        .route("/saml/v4/metadata", get(terug::entrance_metadata))
        .route("/saml/acs", get_once(terug::assertion_consumer))
        .route(
            "/verklaring",
            get(verklaring::verklaring).post(verklaring::besluiten),
        )
        .route("/toestemmingen", get(toestemmingen::begin))
        .route("/toestemmingen/overzicht", get(toestemmingen::overzicht))
        .route(
            "/toestemmingen/beeindigen",
            get(toestemmingen::verklaring).post(toestemmingen::beeindigen),
        );
    web::with_pages(router, Brand::Dva).with_state(Arc::clone(role))
}

impl Medmij {
    /// Where this person logs in (ext.vert.authint.201 and .204): representation is asked for only when the
    /// scope says so.
    fn login_of(&self, doel: &Doel) -> Option<(&ServiceProvider, Namens)> {
        let asked = match doel {
            Doel::Autoriseren(verzoek) => verzoek.scope.vertegenwoordiging,
            Doel::Beheren => None,
        };
        match asked {
            None => Some((&self.digid, Namens::Geen)),
            Some(Vertegenwoordiging::Machtiging) => {
                Some((self.vertegenwoordiging.as_ref()?, Namens::Machtiging))
            }
            Some(Vertegenwoordiging::Ouderlijk) => {
                Some((self.vertegenwoordiging.as_ref()?, Namens::Ouder))
            }
        }
    }

    /// Whether a client is recognised for a gegevensdienst (core.tknint.201): in the OCL as it is now, and
    /// by this DVA's own word.
    fn is_recognised(&self, ocl: &Ocl, client_id: &str, dienst: &GegevensdienstId) -> bool {
        let host = Hostname::parse(client_id).ok();
        let listed = host.as_ref().and_then(|host| ocl.client(host));
        let of_client = self.erkend.get(client_id);
        listed.is_some_and(|client| client.is_recognised(dienst))
            && of_client.is_none_or(|diensten| diensten.contains(dienst))
    }
}

impl DvaRole {
    /// What is decided of what MedMij leaves open; all as unless said otherwise at a DVA without its interfaces.
    fn left_open(&self) -> Cow<'_, LeftOpen> {
        let medmij = self.medmij.as_ref();
        medmij.map_or_else(Cow::default, |medmij| Cow::Borrowed(&medmij.left_open))
    }

    /// Back to the client with `access_denied` (core.authint.207).
    fn denied(&self, verzoek: &Verzoek) -> Response {
        let left_open = self.left_open();
        let description = left_open.denied_description.as_ref();
        web::see_other(&verzoek.denied(description.map(ErrorDescription::as_str)))
    }

    fn aanbieder_of(&self, scope: &Scope) -> Option<&Aanbieder> {
        self.dva.aanbieders.get(&scope.naam)
    }

    /// The Aanbieder as people know it.
    fn naam_of(&self, scope: &Scope) -> String {
        let known = self.aanbieder_of(scope);
        known.map_or_else(
            || scope.naam.scope_naam().to_owned(),
            |known| known.weergavenaam.clone(),
        )
    }

    /// The PGO as people know it (core.usrint.102, medmij case 32): from the OCL as it is now.
    async fn pgo_of(&self, client_id: &str) -> String {
        let host = Hostname::parse(client_id).ok();
        let ocl = self.lists.ocl(&self.app).await.ok();
        let listed = host.and_then(|host| Some(ocl?.client(&host)?.organisatienaam.to_string()));
        listed.unwrap_or_else(|| client_id.to_owned())
    }

    /// A gegevensdienst as people know it (medmij case 33): from the GNL as it is now.
    async fn dienst_of(&self, scope: &Scope) -> String {
        let (Functie::Delen(dienst) | Functie::Abonneren { dienst, .. }) = &scope.functie else {
            return String::new();
        };
        let gnl = self.lists.gegevensdienstnamen(&self.app).await.ok();
        let listed = gnl.and_then(|gnl| gnl.weergavenaam(dienst).map(ToString::to_string));
        listed.unwrap_or_else(|| dienst.to_string())
    }

    /// The aanmelding of this browser, with its id and the text of its cookie.
    async fn aanmelding<'a>(
        &self,
        visit: &'a Visit,
    ) -> Option<([u8; 16], Stored<Aanmelding>, &'a str)> {
        let text = visit.cookie(AANMELDING_COOKIE)?;
        let Handle { id, .. } = self.app.handles.open(AANMELDING, text)?;
        let now = self.app.clock.now();
        let found = self.app.load::<Aanmelding>(Aanmelding::key(id), now).await;
        Some((id, found.ok().flatten()?, text))
    }

    fn toon(
        status: u16,
        visit: &Visit,
        form_action: &[&str],
        context: &impl PageContext,
    ) -> Response {
        web::show(status, visit, Brand::Dva, form_action, context)
    }

    fn fout(status: u16, visit: &Visit, soort: DvaFoutSoort) -> Response {
        Self::toon(status, visit, &[], &DvaFout { soort })
    }

    /// Technische storing (medmij cases 34 and 35): the way back only when it is proven.
    fn technische_storing(&self, visit: &Visit, trace: TraceId, bij: Option<&Bij<'_>>) -> Response {
        let (naam, telefoon) = self.medmij.as_ref().map_or_else(
            || (String::new(), None),
            |medmij| (medmij.naam.clone(), medmij.telefoon.clone()),
        );
        let verzoek = bij.and_then(|bij| bij.verzoek);
        let page = DvaStoring {
            dva: naam,
            telefoon,
            aanbieder: verzoek.map(|verzoek| self.naam_of(&verzoek.scope)),
            trace: trace.to_string(),
            sessie: bij.map(|bij| bij.sessie.to_owned()),
            terug: verzoek.map(Verzoek::pgo),
        };
        Self::toon(503, visit, &[], &page)
    }
}

/// What was going on when something failed.
struct Bij<'a> {
    verzoek: Option<&'a Verzoek>,
    sessie: &'a str,
}

impl<'a> Bij<'a> {
    fn of(aanvraag: &'a Aanvraag) -> Self {
        Self {
            verzoek: aanvraag.verzoek(),
            sessie: &aanvraag.sessie,
        }
    }
}

const fn waarvoor(scope: &Scope) -> DvaWaarvoor {
    match scope.functie {
        Functie::Verzamelen => DvaWaarvoor::Verzamelen,
        Functie::Delen(_) => DvaWaarvoor::Delen,
        Functie::Abonneren { dagen: 0, .. } => DvaWaarvoor::Opzeggen,
        Functie::Abonneren { .. } => DvaWaarvoor::Abonneren,
    }
}
