//! The observer of the demo: what every party told of a journey, beside the 30 steps of seed 000.
//!
//! Parties only tell; none of them reads here, and nothing here is kept when the demo stops.

mod control;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use self::control::ControlRole;
use super::steps::{STEPS, Step};
use crate::app::App;
use crate::date;
use crate::door::TraceId;
use crate::network::Control;
use crate::observer::Sighting;
use crate::pages::{
    Brand, Gezien, Host, Lang, Netwerk, PageContext, Reis, ReisUitkomst, ReisVermelding, Stap,
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
    /// What disturbs the network, if anything may, and the origin of our own pages.
    control: Option<(Control, String)>,
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
    /// page shows; `control` is what disturbs the network, with the origin of the observer's host.
    pub fn new(
        app: Arc<App>,
        keys: BTreeMap<String, String>,
        hosts: Vec<(String, String)>,
        control: Option<(Control, String)>,
    ) -> Arc<Self> {
        Arc::new(Self {
            app,
            keys: Keys(keys),
            hosts: hosts
                .into_iter()
                .map(|(rol, url)| Host { rol, url })
                .collect(),
            control,
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
        let router = web::with_pages(router, Brand::Netwerk).with_state(Arc::clone(self));
        match &self.control {
            Some((control, front_url)) => router.merge(control::router(ControlRole {
                app: Arc::clone(&self.app),
                control: control.clone(),
                front_url: front_url.clone(),
            })),
            None => router,
        }
    }

    /// What was seen of a journey, in the order of arrival; nothing for one that was not seen.
    pub fn sightings_of(&self, trace: &str) -> Option<Vec<Sighting>> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.by_trace
            .get(trace)
            .map(|found| found.iter().cloned().collect())
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
        if !told
            .iter()
            .all(|sighting| self.keys.is_of(&sighting.party, key))
        {
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
                    begonnen: begonnen(sightings.iter())
                        .map(date::moment)
                        .unwrap_or_default(),
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
        self.0
            .values()
            .fold(false, |found, known| found | same(known, key))
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
        bediening: role.control.is_some(),
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
    reis: Result<Path<String>, PathRejection>,
    visit: Visit,
) -> Response {
    // What is no text is the name of no journey.
    let reis = reis.map(|Path(reis)| reis).unwrap_or_default();
    let (trace, as_json) = match reis.strip_suffix(".json") {
        Some(trace) => (trace, true),
        None => (reis.as_str(), false),
    };
    match (role.sightings_of(trace), as_json) {
        (Some(sightings), true) => web::json(200, &as_data(trace, &sightings)),
        (Some(sightings), false) => {
            show(200, &visit, &as_page(trace, &sightings, web::lang(&visit)))
        }
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

fn as_page(trace: &str, sightings: &[Sighting], lang: Lang) -> Reis {
    let stap = |step: &Step| Stap {
        nummer: step.number,
        van: step.from.name().to_owned(),
        naar: step.to.name().to_owned(),
        bericht: match lang {
            Lang::Nl => step.nl,
            Lang::En => step.en,
        }
        .to_owned(),
        gezien: of_step(sightings, step).map(gezien).collect(),
    };
    Reis {
        trace: trace.to_owned(),
        stappen: STEPS.iter().map(stap).collect(),
    }
}

fn of_step<'a>(sightings: &'a [Sighting], step: &Step) -> impl Iterator<Item = &'a Sighting> {
    let number = step.number;
    sightings
        .iter()
        .filter(move |sighting| sighting.step == number)
}

fn gezien(sighting: &Sighting) -> Gezien {
    Gezien {
        door: sighting.party.clone(),
        peer: sighting.peer.clone(),
        uitkomst: if sighting.ok {
            StapUitkomst::Gelukt
        } else {
            StapUitkomst::Geweigerd
        },
        aanbieder: sighting.aanbieder.clone(),
        tijd: date::moment(sighting.time),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use http::header::AUTHORIZATION;

    use super::*;
    use crate::routes::testing::{self, Answer, Party, send};

    const TRACE: &str = "c0e7b545-9606-4eef-bea7-75d8addaa54b";

    fn role(party: &Party) -> Arc<NetwerkRole> {
        let keys = [("mitz", "key-of-mitz"), ("pgo", "key-of-pgo")];
        let keys = keys.map(|(party, key)| (party.to_owned(), key.to_owned()));
        let hosts = vec![("pgo".to_owned(), "https://pgo.localhost:8443".to_owned())];
        NetwerkRole::new(Arc::clone(&party.app), BTreeMap::from(keys), hosts, None)
    }

    fn sighting(step: u8, party: &str, ok: bool) -> Sighting {
        Sighting {
            step,
            trace_id: TRACE.to_owned(),
            party: party.to_owned(),
            peer: "user agent".to_owned(),
            ok,
            note: "token request".to_owned(),
            aanbieder: None,
            time: 1_795_305_600,
        }
    }

    async fn tell(role: &Arc<NetwerkRole>, key: Option<&str>, body: &Value) -> Answer {
        let request = Request::post("/sightings");
        let request = match key {
            Some(key) => request.header(AUTHORIZATION, format!("Bearer {key}")),
            None => request,
        };
        let request = request
            .body(Body::from(body.to_string()))
            .expect("a request");
        send(&role.router(), None, request).await
    }

    #[tokio::test]
    async fn a_party_tells_and_the_journey_shows_it_at_its_step() {
        let party = Party::new();
        let role = role(&party);
        let told = json!([sighting(8, "mitz", true), sighting(9, "mitz", false)]);
        assert_eq!(tell(&role, Some("key-of-mitz"), &told).await.status, 200);
        let reis = testing::get(&role.router(), &format!("/reizen/{TRACE}.json"))
            .await
            .json();
        assert_eq!(reis["stappen"][7]["gezien"][0]["note"], "token request");
        assert_eq!(reis["stappen"][7]["van"], "DVP client");
        assert_eq!(reis["stappen"][9]["gezien"], json!([]));
        assert_eq!(
            (&reis["stappen_gelukt"], &reis["uitkomst"]),
            (&json!(1), &json!("geweigerd"))
        );
        let reizen = testing::get(&role.router(), "/reizen.json").await.json();
        assert_eq!(reizen["reizen"][0]["trace_id"], TRACE);
        assert_eq!(reizen["reizen"][0]["begonnen"], "2026-11-22 00:00:00");
    }

    #[tokio::test]
    async fn people_see_the_journeys_and_their_steps() {
        let party = Party::new();
        let role = role(&party);
        let told = json!([sighting(8, "mitz", true)]);
        tell(&role, Some("key-of-mitz"), &told).await;
        let list = testing::get(&role.router(), "/").await;
        assert!(list.status == 200 && list.text().contains(TRACE));
        assert!(list.text().contains("https://pgo.localhost:8443"));
        let reis = testing::get(&role.router(), &format!("/reizen/{TRACE}")).await;
        assert!(reis.status == 200 && reis.text().contains("OpenID Connect token request"));
        assert!(reis.headers.contains_key("content-security-policy"));
        for unknown in ["/reizen/x", "/reizen/x.json", "/anders"] {
            assert_eq!(
                testing::get(&role.router(), unknown).await.status,
                404,
                "{unknown}"
            );
        }
    }

    #[tokio::test]
    async fn a_path_that_is_no_text_gets_our_own_page() {
        let party = Party::new();
        let role = role(&party);
        let answer = testing::get(&role.router(), "/reizen/%ff").await;
        assert_eq!(answer.status, 404);
        assert!(answer.headers.contains_key("content-security-policy"));
        assert!(answer.text().contains("Deze pagina bestaat niet"));
    }

    #[tokio::test]
    async fn only_a_partys_own_key_tells_for_it() {
        let party = Party::new();
        let role = role(&party);
        let of_mitz = json!([sighting(8, "mitz", true)]);
        for key in [
            None,
            Some(""),
            Some("key-of-pgo"),
            Some("key-of-mit"),
            Some("key-of-mitz2"),
        ] {
            assert_eq!(tell(&role, key, &of_mitz).await.status, 401, "{key:?}");
        }
        let of_nobody = json!([sighting(8, "niemand", true)]);
        assert_eq!(
            tell(&role, Some("key-of-mitz"), &of_nobody).await.status,
            401
        );
        assert!(role.sightings_of(TRACE).is_none());
    }

    #[tokio::test]
    async fn what_is_no_sighting_is_refused_whole() {
        let party = Party::new();
        let role = role(&party);
        let good = sighting(8, "mitz", true);
        let other_trace = |trace: &str| Sighting {
            trace_id: trace.to_owned(),
            ..good.clone()
        };
        for bad in [
            json!({}),
            json!([good, 7]),
            json!([good, sighting(0, "mitz", true)]),
            json!([good, sighting(31, "mitz", true)]),
            json!([good, other_trace("../x")]),
            json!([good, other_trace(&TRACE.to_uppercase())]),
            json!(vec![&good; BATCH_MAX + 1]),
        ] {
            assert_eq!(tell(&role, Some("key-of-mitz"), &bad).await.status, 400);
        }
        assert!(
            role.sightings_of(TRACE).is_none(),
            "nothing of a bad message is kept"
        );
    }

    #[test]
    fn the_oldest_journey_and_the_oldest_sighting_go_first() {
        let mut seen = Journeys::default();
        let of = |journey: usize, time: i64| Sighting {
            trace_id: format!("journey-{journey}"),
            time,
            ..sighting(8, "mitz", true)
        };
        for journey in 0..=JOURNEYS_MAX {
            seen.add(of(journey, 0));
        }
        assert_eq!(
            (seen.by_trace.len(), seen.order.len()),
            (JOURNEYS_MAX, JOURNEYS_MAX)
        );
        assert!(!seen.by_trace.contains_key("journey-0"));
        for time in 1..=i64::try_from(SIGHTINGS_MAX).expect("small") {
            seen.add(of(1, time));
        }
        let journey = &seen.by_trace["journey-1"];
        assert_eq!((journey.len(), journey[0].time), (SIGHTINGS_MAX, 1));
        assert_eq!(seen.order.len(), JOURNEYS_MAX);
    }

    #[test]
    fn long_texts_are_cut_off_between_characters() {
        let long = Sighting {
            note: "é".repeat(TEXT_CHARS_MAX + 1),
            aanbieder: Some("x".repeat(10_000)),
            ..sighting(8, "mitz", true)
        };
        let short = shortened(long);
        assert_eq!(short.note.chars().count(), TEXT_CHARS_MAX);
        assert_eq!(short.aanbieder.map(|text| text.len()), Some(TEXT_CHARS_MAX));
        assert_eq!(short.peer, "user agent");
    }

    #[test]
    fn a_journey_is_complete_with_all_steps_or_from_the_token_request_on() {
        let after = |steps: Vec<u8>, bad: &[u8]| {
            let good = steps.into_iter().map(|step| sighting(step, "mitz", true));
            let bad = bad.iter().map(|step| sighting(*step, "mitz", false));
            let all: Vec<Sighting> = good.chain(bad).collect();
            stand(all.iter())
        };
        assert_eq!(after((1..=30).collect(), &[]), (30, ReisUitkomst::Gelukt));
        // One provider refused, another one did not.
        assert_eq!(after((1..=30).collect(), &[27]), (30, ReisUitkomst::Gelukt));
        // mitz case 11
        assert_eq!(after((8..=30).collect(), &[]), (23, ReisUitkomst::Gelukt));
        assert_eq!(after((2..=29).collect(), &[]), (28, ReisUitkomst::Onderweg));
        assert_eq!(
            after((1..=26).collect(), &[27]),
            (26, ReisUitkomst::Geweigerd)
        );
        let without_six = (1..=30).filter(|step| *step != 6).collect();
        assert_eq!(after(without_six, &[]), (29, ReisUitkomst::Onderweg));
    }
}
