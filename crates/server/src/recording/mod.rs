//! A journey as it was recorded: what was seen of it, the messages, and the refusals; and what can be
//! made of that.
//!
//! Everything here is a function of the recording: the stand, the picture ([`Recording::diagram`]),
//! the archive ([`Recording::har`]), and the same journey without what differs at every run
//! ([`Recording::normalised`]).

mod har;
mod normal;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::date;
use crate::observer::{Bericht, Sighting, Weigering};
use crate::pages::{Diagram, DiagramRij, DiagramStand, Lang, ReisUitkomst};
use crate::routes::carried::steps_of;
use crate::routes::steps::{Role, STEPS, Step};

/// The first step of a visit for which the person need not come to Mitz again (mitz case 11).
const FIRST_OF_REFRESH: u8 = 8;

/// What is known of one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// Its number.
    pub trace_id: String,
    /// What was seen, in the order of arrival.
    pub sightings: Vec<Sighting>,
    /// The messages, in the order of arrival.
    pub berichten: Vec<Bericht>,
    /// The refusals, in the order of arrival.
    pub weigeringen: Vec<Weigering>,
}

/// A message, with what it carries.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The message.
    pub bericht: &'a Bericht,
    /// Its number in the order of arrival, from 1: it stays while others arrive.
    pub nummer: usize,
    /// The steps that it carries.
    pub steps: &'static [u8],
}

impl Recording {
    /// A recording from what `/reizen/TRACE.json` gives; nothing when it is something else.
    pub fn from_data(data: &Value) -> Option<Self> {
        let steps = data["stappen"].as_array()?;
        let mut sightings = Vec::new();
        for step in steps {
            let seen: Vec<Sighting> = serde_json::from_value(step["gezien"].clone()).ok()?;
            sightings.extend(seen);
        }
        Some(Self {
            trace_id: data["trace_id"].as_str()?.to_owned(),
            sightings,
            berichten: serde_json::from_value(data["berichten"].clone()).ok()?,
            weigeringen: serde_json::from_value(data["weigeringen"].clone()).ok()?,
        })
    }

    /// The 30 steps, each with what was seen of it, the messages and the refusals.
    pub fn data(&self) -> Value {
        let (stappen_gelukt, uitkomst) = stand(&self.sightings);
        let stap = |step: &Step| {
            json!({
                "nummer": step.number,
                "van": step.from.name(),
                "naar": step.to.name(),
                "bericht": { "nl": step.nl, "en": step.en },
                "gezien": self.of_step(step.number).collect::<Vec<_>>(),
            })
        };
        json!({
            "trace_id": self.trace_id,
            "begonnen": begonnen(&self.sightings).map(date::moment),
            "stappen_gelukt": stappen_gelukt,
            "uitkomst": uitkomst.name(),
            "stappen": STEPS.iter().map(stap).collect::<Vec<_>>(),
            "berichten": self.berichten,
            "weigeringen": self.weigeringen,
        })
    }

    /// What was seen of a step, in the order of arrival.
    pub fn of_step(&self, number: u8) -> impl Iterator<Item = &Sighting> {
        self.sightings
            .iter()
            .filter(move |sighting| sighting.step == number)
    }

    /// The messages in the order in which they began.
    pub fn exchanges(&self) -> Vec<Exchange<'_>> {
        let numbered = (1..).zip(&self.berichten);
        let exchange = |(nummer, bericht)| Exchange {
            bericht,
            nummer,
            steps: steps_of(bericht),
        };
        let mut exchanges: Vec<Exchange<'_>> = numbered.map(exchange).collect();
        exchanges.sort_by_key(|it| it.bericht.begonnen_ms);
        exchanges
    }

    /// The journey as a picture: every step in order, one line for each provider.
    pub fn diagram(&self, lang: Lang) -> Diagram {
        let rows: Vec<DiagramRij> = STEPS
            .iter()
            .flat_map(|step| self.rows(step, lang))
            .collect();
        Diagram::draw(&Role::ALL.map(Role::name), &rows)
    }

    /// The lines of a step: one for each provider at which it was seen, and one if it was not.
    fn rows(&self, step: &Step, lang: Lang) -> Vec<DiagramRij> {
        let row = |aanbieder: Option<&str>, stand| DiagramRij {
            nummer: step.number,
            van: step.from.place(),
            naar: step.to.place(),
            bericht: step.text(lang).to_owned(),
            aanbieder: aanbieder.map(str::to_owned),
            stand,
        };
        let mut at: BTreeMap<Option<&str>, DiagramStand> = BTreeMap::new();
        for seen in self.of_step(step.number) {
            let stand = at
                .entry(seen.aanbieder.as_deref())
                .or_insert(DiagramStand::Gelukt);
            if !seen.ok {
                *stand = DiagramStand::Geweigerd;
            }
        }
        if at.is_empty() {
            return vec![row(None, DiagramStand::NietGezien)];
        }
        at.into_iter()
            .map(|(aanbieder, stand)| row(aanbieder, stand))
            .collect()
    }
}

/// When a journey began: parties' messages do not arrive in the order of what they tell.
pub fn begonnen<'a>(sightings: impl IntoIterator<Item = &'a Sighting>) -> Option<i64> {
    sightings.into_iter().map(|sighting| sighting.time).min()
}

/// How many steps succeeded somewhere, and how the journey stands. It is complete with all 30
/// steps, or with those from the token request on when the person did not have to come to Mitz.
pub fn stand<'a>(sightings: impl IntoIterator<Item = &'a Sighting>) -> (u8, ReisUitkomst) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observer::{Inhoud, Richting};

    pub(super) fn sighting(step: u8, ok: bool, aanbieder: Option<&str>) -> Sighting {
        Sighting {
            step,
            trace_id: "c0e7b545-9606-4eef-bea7-75d8addaa54b".to_owned(),
            party: "mitz".to_owned(),
            peer: "pgo.localhost".to_owned(),
            ok,
            note: String::new(),
            aanbieder: aanbieder.map(str::to_owned),
            time: 1_795_305_600,
        }
    }

    pub(super) fn bericht(richting: Richting, begonnen_ms: i64) -> Bericht {
        let party = match richting {
            Richting::Ontvangen => "mitz",
            Richting::Verzonden => "pgo",
        };
        Bericht {
            trace_id: "c0e7b545-9606-4eef-bea7-75d8addaa54b".to_owned(),
            party: party.to_owned(),
            richting,
            peer: "pgo.localhost".to_owned(),
            method: "POST".to_owned(),
            url: "https://mitz-back.localhost:45678/token".to_owned(),
            query: Some(json!({ "a": "1", "b": ["2", "3"] })),
            request: Inhoud::default(),
            status: 200,
            response: Inhoud::default(),
            begonnen_ms,
            duur_ms: 12,
        }
    }

    #[test]
    fn a_journey_is_complete_with_all_steps_or_from_the_token_request_on() {
        let after = |steps: Vec<u8>, bad: &[u8]| {
            let good = steps.into_iter().map(|step| sighting(step, true, None));
            let bad = bad.iter().map(|step| sighting(*step, false, None));
            stand(&good.chain(bad).collect::<Vec<_>>())
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

    #[test]
    fn messages_stand_in_the_order_in_which_they_began_with_the_steps_that_they_carry() {
        let run = Recording {
            berichten: vec![
                bericht(Richting::Ontvangen, 20),
                bericht(Richting::Verzonden, 10),
            ],
            ..Recording::default()
        };
        let exchanges = run.exchanges();
        let order: Vec<(i64, usize)> = exchanges
            .iter()
            .map(|it| (it.bericht.begonnen_ms, it.nummer))
            .collect();
        assert_eq!(order, [(10, 2), (20, 1)]);
        assert!(exchanges.iter().all(|it| it.steps == [8, 9, 10]));
    }

    #[test]
    fn what_is_given_out_as_data_is_read_again() {
        let recording = Recording {
            trace_id: "c0e7b545-9606-4eef-bea7-75d8addaa54b".to_owned(),
            sightings: vec![sighting(8, true, None), sighting(23, false, Some("a"))],
            berichten: vec![bericht(Richting::Ontvangen, 5)],
            weigeringen: Vec::new(),
        };
        let again = Recording::from_data(&recording.data());
        assert_eq!(again, Some(recording));
        assert_eq!(Recording::from_data(&json!({ "stappen": [] })), None);
    }
}
