//! `--control`: the network's clock and the trouble of its parties, for programs (described in
//! `openapi/control.json`) and for people (the page `/bediening`).
//!
//! Whoever reaches loopback may use it; a page of another site in somebody's browser may not.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post, put};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::date;
use crate::network::{Control, DELAY_MS_MAX, Party, Refused, Trouble, Wrong};
use crate::pages::{Bediening, BedieningPartij, Brand, Storing};
use crate::web::{self, Visit};

/// The most by which the clock may be moved, both ways together, in seconds: ten years.
const SHIFT_S_MAX: i64 = 10 * 366 * 86_400;
/// The purpose of forms.
const FORMS: &str = "netwerk.bediening";
/// The description of the API.
const OPENAPI: &str = include_str!("../../../openapi/control.json");

/// What the handlers need.
pub(super) struct ControlRole {
    pub(super) app: Arc<App>,
    pub(super) control: Control,
    /// Origin of the observer's host.
    pub(super) front_url: String,
}

/// What answers under the observer's host when the network may be disturbed.
pub(super) fn router(role: ControlRole) -> Router {
    Router::new()
        .route("/control", get(state))
        .route("/control/openapi.json", get(openapi))
        .route("/control/clock", post(clock))
        .route("/control/reset", post(reset))
        .route("/control/parties/{party}", put(disturb).delete(heal))
        .route("/bediening", get(bediening).post(bedienen))
        .with_state(Arc::new(role))
}

// ── For programs ────────────────────────────────────────────────────────────────────────────────

async fn openapi() -> Response {
    web::typed(200, "application/json", OPENAPI)
}

async fn state(State(role): State<Arc<ControlRole>>) -> Response {
    web::json(200, &role.state())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shift {
    shift_s: i64,
}

/// Moves the clock by so many seconds more.
async fn clock(State(role): State<Arc<ControlRole>>, visit: Visit) -> Response {
    let shift = match role.asked::<Shift>(&visit) {
        Ok(shift) => shift,
        Err(no) => return role.refused(&visit, no.status, no.reason),
    };
    if role.shift(shift.shift_s) {
        web::json(200, &role.state())
    } else {
        role.refused(&visit, 400, "the clock may be moved by ten years at most")
    }
}

/// Takes every trouble away and sets the clock right.
async fn reset(State(role): State<Arc<ControlRole>>, visit: Visit) -> Response {
    if !visit.is_from(&role.front_url) {
        return role.refused(&visit, 403, FOREIGN);
    }
    role.reset();
    web::json(200, &role.state())
}

/// Gives a party trouble.
async fn disturb(
    State(role): State<Arc<ControlRole>>,
    party: Result<Path<String>, PathRejection>,
    visit: Visit,
) -> Response {
    let trouble = match role.asked::<Trouble>(&visit) {
        Ok(trouble) if trouble.is_bounded() => trouble,
        Ok(_) => return role.refused(&visit, 400, "a party may be slow by 60 seconds at most"),
        Err(no) => return role.refused(&visit, no.status, no.reason),
    };
    role.set(&visit, party.ok(), Some(trouble))
}

/// Takes a party's trouble away.
async fn heal(
    State(role): State<Arc<ControlRole>>,
    party: Result<Path<String>, PathRejection>,
    visit: Visit,
) -> Response {
    if !visit.is_from(&role.front_url) {
        return role.refused(&visit, 403, FOREIGN);
    }
    role.set(&visit, party.ok(), None)
}

/// A request that asks for nothing that can be done.
struct Unasked {
    status: u16,
    reason: &'static str,
}

/// Why a request of another site is refused.
const FOREIGN: &str = "the request comes from a page of another site";

impl ControlRole {
    fn state(&self) -> Value {
        let clock = &self.control.clock;
        let parties = self.control.troubles.list().into_iter();
        let party =
            |(party, trouble): (Party, Option<Trouble>)| (party.name().to_owned(), json!(trouble));
        json!({
            "clock": {
                "now": date::moment(clock.now().unix()),
                "shift_s": clock.shifted_s(),
            },
            "parties": parties.map(party).collect::<serde_json::Map<_, _>>(),
        })
    }

    /// What a body of JSON asks. The media type keeps forms of other sites out.
    fn asked<T: for<'de> Deserialize<'de>>(&self, visit: &Visit) -> Result<T, Unasked> {
        let unasked = |status, reason| Unasked { status, reason };
        if !visit.is_from(&self.front_url) {
            return Err(unasked(403, FOREIGN));
        }
        if !visit.has_media_type("application/json") {
            return Err(unasked(415, "the body must be application/json"));
        }
        serde_json::from_slice(&visit.body)
            .map_err(|_| unasked(400, "the body is not what openapi.json describes"))
    }

    fn set(
        &self,
        visit: &Visit,
        party: Option<Path<String>>,
        trouble: Option<Trouble>,
    ) -> Response {
        let party = party.and_then(|Path(name)| Party::named(&name));
        match party {
            Some(party) if self.control.troubles.set(party, trouble) => {
                web::json(200, &self.state())
            }
            Some(_) => self.refused(visit, 404, "this party does not run in this process"),
            None => self.refused(visit, 404, "no such party"),
        }
    }

    fn shift(&self, seconds: i64) -> bool {
        let clock = &self.control.clock;
        let sum = clock.shifted_s().checked_add(seconds);
        let fits = sum.is_some_and(|sum| (-SHIFT_S_MAX..=SHIFT_S_MAX).contains(&sum));
        if fits {
            clock.shift(seconds);
        }
        fits
    }

    fn reset(&self) {
        self.control.troubles.reset();
        self.control.clock.reset();
    }

    fn refused(&self, visit: &Visit, status: u16, reason: &str) -> Response {
        self.app.refused(visit.trace, "demo control", reason);
        web::json(status, &json!({ "error": reason }))
    }
}

// ── For people ──────────────────────────────────────────────────────────────────────────────────

async fn bediening(State(role): State<Arc<ControlRole>>, visit: Visit) -> Response {
    role.page(200, &visit)
}

/// A button was pressed.
async fn bedienen(State(role): State<Arc<ControlRole>>, visit: Visit) -> Response {
    let form = visit.form().unwrap_or_default();
    let field = |name| form.get(name).unwrap_or_default();
    let done = role.is_own_form(&visit, field("formulier"))
        && match field("doe") {
            "klok" => field("seconden")
                .parse()
                .is_ok_and(|seconds| role.shift(seconds)),
            "partij" => role.press(field("partij"), field("storing"), field("wachten")),
            "herstellen" => {
                role.reset();
                true
            }
            _ => false,
        };
    if done {
        return web::see_other("/bediening");
    }
    let reason = "a button that is not of this page, or that asks too much";
    role.app.refused(visit.trace, "demo control", reason);
    role.page(400, &visit)
}

impl ControlRole {
    /// Whether a form is one of our page: from our origin, with the token that only our key makes.
    fn is_own_form(&self, visit: &Visit, token: &str) -> bool {
        let seal = &self.app.seal;
        visit.is_from(&self.front_url) && seal.is_form_token(FORMS, &self.front_url, token)
    }

    /// Nobody logs in here: the token is the same for every browser, and unknown to other sites.
    fn form_token(&self) -> String {
        self.app.seal.form_token(FORMS, &self.front_url)
    }

    /// Gives a party the trouble of this name.
    fn press(&self, party: &str, storing: &str, wachten: &str) -> bool {
        let Some(party) = Party::named(party) else {
            return false;
        };
        let trouble = match storing {
            "geen" => None,
            "traag" => {
                let seconds: Option<u32> = wachten.parse().ok();
                let delay_ms = seconds.and_then(|seconds| seconds.checked_mul(1_000));
                match delay_ms.filter(|delay_ms| *delay_ms <= DELAY_MS_MAX) {
                    Some(delay_ms) => Some(Trouble::Slow { delay_ms }),
                    None => return false,
                }
            }
            "weg" => Some(Trouble::Down),
            "bezet" => Some(Trouble::Busy { retry_after_s: 5 }),
            "weigert" => Some(Trouble::Refuses {
                error: Refused::InvalidGrant,
            }),
            "verloren" => Some(Trouble::Lost),
            wrong => match Wrong::ALL.into_iter().find(|how| how.name() == wrong) {
                Some(how) => Some(Trouble::Wrong { how }),
                None => return false,
            },
        };
        self.control.troubles.set(party, trouble)
    }

    fn page(&self, status: u16, visit: &Visit) -> Response {
        let clock = &self.control.clock;
        let page = Bediening {
            nu: date::moment(clock.now().unix()),
            verschoven: clock.shifted_s() != 0,
            partijen: standen(&self.control),
            formulier: self.form_token(),
        };
        web::show(status, visit, Brand::Netwerk, &[], &page)
    }
}

/// Each party of this process, and what is the matter with it.
pub(super) fn standen(control: &Control) -> Vec<BedieningPartij> {
    let parties = control.troubles.list().into_iter();
    let partij = |(party, trouble): (Party, Option<Trouble>)| BedieningPartij {
        naam: party.name().to_owned(),
        storing: match trouble {
            None => Storing::Geen,
            Some(Trouble::Slow { delay_ms }) => Storing::Traag(delay_ms / 1_000),
            Some(Trouble::Down) => Storing::Weg,
            Some(Trouble::Busy { .. }) => Storing::Bezet,
            Some(Trouble::Refuses { .. }) => Storing::Weigert,
            Some(Trouble::Lost) => Storing::Verloren,
            Some(Trouble::Wrong { how }) => Storing::Fout(how.name()),
        },
    };
    parties.map(partij).collect()
}
