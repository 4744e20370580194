//! The observer of the demo: what every party told of a journey, beside the 30 steps of seed 000.
//!
//! Parties only tell; none of them reads here, and nothing here is kept when the demo stops.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use super::steps::{STEPS, Step};
use crate::app::App;
use crate::date;
use crate::door::TraceId;
use crate::observer::Sighting;
use crate::pages::{
    Brand, Gezien, Host, Netwerk, PageContext, Reis, ReisUitkomst, ReisVermelding, Stap,
    StapUitkomst, Technisch, TechnischSoort,
};
use crate::web::{self, Visit};

/// Journeys that are kept; the oldest goes first.
pub const JOURNEYS_MAX: usize = 200;
/// Sightings of one journey that are kept; the oldest goes first.
pub const SIGHTINGS_MAX: usize = 2_000;
/// Sightings in one message; parties send at most 128.
const BATCH_MAX: usize = 1_000;
/// Characters of a text in a sighting; what is longer is cut off.
const TEXT_CHARS_MAX: usize = 300;
/// The first step of a visit for which the person need not come to Mitz again (mitz case 11).
const FIRST_OF_REFRESH: u8 = 8;

/// Everything that the observer needs.
pub struct NetwerkRole {
    app: Arc<App>,
    keys: Keys,
    hosts: Vec<Host>,
    seen: Mutex<Journeys>,
}

/// Each party's key.
struct Keys(BTreeMap<String, String>);

/// What was seen, by trace id.
#[derive(Default)]
struct Journeys {
    by_trace: HashMap<String, VecDeque<Sighting>>,
    /// The trace ids, first seen first.
    order: VecDeque<String>,
}

/// Why sightings are not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NotTaken {
    /// No key, or not that of the party that each sighting names.
    Key,
    /// No array of sightings, too many, or one of a step or run that there is not.
    Malformed,
}

impl NetwerkRole {
    /// An observer that believes each party by its key. `hosts` are role and base URL of what its
    /// page shows.
    pub fn new(
        app: Arc<App>,
        keys: BTreeMap<String, String>,
        hosts: Vec<(String, String)>,
    ) -> Arc<Self> {
        Arc::new(Self {
            app,
            keys: Keys(keys),
            hosts: hosts.into_iter().map(|(rol, url)| Host { rol, url }).collect(),
            seen: Mutex::default(),
        })
    }

    /// What answers at its host.
    pub fn router(self: &Arc<Self>) -> Router {
        let router = Router::new()
            .route("/", get(netwerk))
            .route("/sightings", post(sightings))
            .route("/reizen.json", get(reizen_json))
            .route("/reizen/{reis}", get(reis));
        web::with_pages(router, Brand::Netwerk).with_state(Arc::clone(self))
    }

    /// What was seen of a journey, in the order of arrival; nothing for one that was not seen.
    pub fn sightings_of(&self, trace: &str) -> Option<Vec<Sighting>> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.by_trace.get(trace).map(|found| found.iter().cloned().collect())
    }

    fn take(&self, visit: &Visit) -> Result<(), NotTaken> {
        let key = visit.bearer().map_err(|_| NotTaken::Key)?;
        if !self.keys.has(key) {
            return Err(NotTaken::Key);
        }
        let told: Vec<Sighting> =
            serde_json::from_slice(&visit.body).map_err(|_| NotTaken::Malformed)?;
        if told.len() > BATCH_MAX || !told.iter().all(is_sound) {
            return Err(NotTaken::Malformed);
        }
        if !told.iter().all(|sighting| self.keys.is_of(&sighting.party, key)) {
            return Err(NotTaken::Key);
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for sighting in told {
            seen.add(shortened(sighting));
        }
        Ok(())
    }

    /// The journeys, newest first.
    fn reizen(&self) -> Vec<ReisVermelding> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let newest_first = seen.order.iter().rev();
        newest_first
            .filter_map(|trace| {
                let sightings = seen.by_trace.get(trace)?;
                let (stappen_gelukt, uitkomst) = stand(sightings.iter());
                Some(ReisVermelding {
                    trace: trace.clone(),
                    begonnen: begonnen(sightings.iter()).map(date::moment).unwrap_or_default(),
                    stappen_gelukt,
                    uitkomst,
                })
            })
            .collect()
    }
}

impl Keys {
    /// Whether a key is anybody's. All are compared, each in constant time.
    fn has(&self, key: &str) -> bool {
        self.0.values().fold(false, |found, known| found | same(known, key))
    }

    /// Whether a key is this party's.
    fn is_of(&self, party: &str, key: &str) -> bool {
        self.0.get(party).is_some_and(|known| same(known, key))
    }
}

fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

impl Journeys {
    /// Adds a sighting, and drops the oldest journey or the journey's oldest sighting if there are
    /// more than are kept.
    fn add(&mut self, sighting: Sighting) {
        if !self.by_trace.contains_key(&sighting.trace_id) {
            if self.order.len() == JOURNEYS_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.by_trace.remove(&oldest);
            }
            self.order.push_back(sighting.trace_id.clone());
        }
        let journey = self.by_trace.entry(sighting.trace_id.clone()).or_default();
        if journey.len() == SIGHTINGS_MAX {
            journey.pop_front();
        }
        journey.push_back(sighting);
    }
}

/// Of a step that there is, in a run that has a number.
fn is_sound(sighting: &Sighting) -> bool {
    let is_step = (1..=30).contains(&sighting.step);
    // One run has one spelling, or it would be several journeys.
    let trace = TraceId::parse(&sighting.trace_id);
    is_step && trace.is_some_and(|trace| trace.to_string() == sighting.trace_id)
}

fn shortened(mut sighting: Sighting) -> Sighting {
    let texts = [&mut sighting.party, &mut sighting.peer, &mut sighting.note];
    for text in texts.into_iter().chain(&mut sighting.aanbieder) {
        if let Some((end, _)) = text.char_indices().nth(TEXT_CHARS_MAX) {
            text.truncate(end);
        }
    }
    sighting
}

/// When a journey began: parties' messages do not arrive in the order of what they tell.
fn begonnen<'a>(sightings: impl Iterator<Item = &'a Sighting>) -> Option<i64> {
    sightings.map(|sighting| sighting.time).min()
}

/// How many steps succeeded somewhere, and how the journey stands. It is complete with all 30
/// steps, or with those from the token request on when the person did not have to come to Mitz.
fn stand<'a>(sightings: impl Iterator<Item = &'a Sighting>) -> (u8, ReisUitkomst) {
    let (mut good, mut bad) = (BTreeSet::new(), BTreeSet::new());
    for sighting in sightings {
        if sighting.ok { &mut good } else { &mut bad }.insert(sighting.step);
    }
    let complete_from = |first: u8| (first..=30).all(|step| good.contains(&step));
    let came_to_mitz = |step: &u8| (2..FIRST_OF_REFRESH).contains(step);
    let is_refresh = !good.iter().chain(&bad).any(came_to_mitz);
    let uitkomst = if complete_from(1) || is_refresh && complete_from(FIRST_OF_REFRESH) {
        ReisUitkomst::Gelukt
    } else if bad.is_empty() {
        ReisUitkomst::Onderweg
    } else {
        ReisUitkomst::Geweigerd
    };
    // At most 30.
    (u8::try_from(good.len()).unwrap_or(u8::MAX), uitkomst)
}

// ── Told ────────────────────────────────────────────────────────────────────────────────────────

/// A party tells what it saw.
async fn sightings(State(role): State<Arc<NetwerkRole>>, visit: Visit) -> Response {
    let (status, error, reason) = match role.take(&visit) {
        Ok(()) => return web::json(200, &json!({})),
        Err(NotTaken::Key) => (401, "unauthorized", "the key is not that of the party"),
        Err(NotTaken::Malformed) => (400, "invalid_request", "the sightings are unreadable"),
    };
    role.app.refused(visit.trace, "demo observer", reason);
    web::json(status, &json!({ "error": error }))
}

// ── Shown ───────────────────────────────────────────────────────────────────────────────────────

async fn netwerk(State(role): State<Arc<NetwerkRole>>, visit: Visit) -> Response {
    let page = Netwerk {
        reizen: role.reizen(),
        hosts: role.hosts.clone(),
    };
    show(200, &visit, &page)
}

async fn reizen_json(State(role): State<Arc<NetwerkRole>>) -> Response {
    let reizen: Vec<Value> = role
        .reizen()
        .into_iter()
        .map(|reis| {
            json!({
                "trace_id": reis.trace,
                "begonnen": reis.begonnen,
                "stappen_gelukt": reis.stappen_gelukt,
                "uitkomst": naam(reis.uitkomst),
            })
        })
        .collect();
    web::json(200, &json!({ "reizen": reizen }))
}

/// A journey as a page, or with `.json` behind its number as data.
async fn reis(
    State(role): State<Arc<NetwerkRole>>,
    Path(reis): Path<String>,
    visit: Visit,
) -> Response {
    let (trace, as_json) = match reis.strip_suffix(".json") {
        Some(trace) => (trace, true),
        None => (reis.as_str(), false),
    };
    match (role.sightings_of(trace), as_json) {
        (Some(sightings), true) => web::json(200, &as_data(trace, &sightings)),
        (Some(sightings), false) => show(200, &visit, &as_page(trace, &sightings)),
        (None, true) => web::json(404, &json!({ "error": "not_found" })),
        (None, false) => {
            let soort = TechnischSoort::NietGevonden;
            show(404, &visit, &Technisch { soort })
        }
    }
}

fn show(status: u16, visit: &Visit, page: &impl PageContext) -> Response {
    web::show(status, visit, Brand::Netwerk, &[], page)
}

const fn naam(uitkomst: ReisUitkomst) -> &'static str {
    match uitkomst {
        ReisUitkomst::Gelukt => "gelukt",
        ReisUitkomst::Geweigerd => "geweigerd",
        ReisUitkomst::Onderweg => "onderweg",
    }
}

/// The 30 steps, each with what was seen of it.
fn as_data(trace: &str, sightings: &[Sighting]) -> Value {
    let (stappen_gelukt, uitkomst) = stand(sightings.iter());
    let stap = |step: &Step| {
        json!({
            "nummer": step.number,
            "van": step.from.name(),
            "naar": step.to.name(),
            "bericht": { "nl": step.nl, "en": step.en },
            "gezien": of_step(sightings, step).collect::<Vec<_>>(),
        })
    };
    json!({
        "trace_id": trace,
        "begonnen": begonnen(sightings.iter()).map(date::moment),
        "stappen_gelukt": stappen_gelukt,
        "uitkomst": naam(uitkomst),
        "stappen": STEPS.iter().map(stap).collect::<Vec<_>>(),
    })
}

fn as_page(trace: &str, sightings: &[Sighting]) -> Reis {
    let stap = |step: &Step| Stap {
        nummer: step.number,
        van: step.from.name().to_owned(),
        naar: step.to.name().to_owned(),
        bericht: step.en.to_owned(),
        gezien: of_step(sightings, step).map(gezien).collect(),
    };
    Reis {
        trace: trace.to_owned(),
        stappen: STEPS.iter().map(stap).collect(),
    }
}

fn of_step<'a>(sightings: &'a [Sighting], step: &Step) -> impl Iterator<Item = &'a Sighting> {
    let number = step.number;
    sightings.iter().filter(move |sighting| sighting.step == number)
}

fn gezien(sighting: &Sighting) -> Gezien {
    Gezien {
        door: sighting.party.clone(),
        peer: sighting.peer.clone(),
        uitkomst: if sighting.ok { StapUitkomst::Gelukt } else { StapUitkomst::Geweigerd },
        aanbieder: sighting.aanbieder.clone(),
        tijd: date::moment(sighting.time),
    }
}
