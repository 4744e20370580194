//! `--headless`: journeys over real TLS sockets, step by step.

mod etoegang;
mod koppeltaal;
mod medmij;
mod mitz;
mod steps;

use std::time::Duration;

use serde_json::{Value, json};
use server::network::{Party, Running};
use server::outside::{Outside, OutsideConfig};

use super::{Journey, say};

/// How a journey ended, for people and for programs.
struct Ended {
    passed: bool,
    text: String,
    json: Value,
}

/// Runs the journeys (all whose parties are there when none is named) and prints their steps. Tells
/// whether all passed.
pub(super) async fn run(running: &Running, journeys: &[Journey], as_json: bool) -> bool {
    let is_there = |journey: &Journey| match journey {
        Journey::Mitz => true,
        Journey::Medmij | Journey::Vertegenwoordiging => {
            let parties = [Party::Dva, Party::Xis, Party::Digid, Party::Stelselnode];
            parties.iter().all(|party| running.apps.contains_key(party))
        }
        Journey::Koppeltaal => running.apps.contains_key(&Party::Koppeltaal),
        Journey::Etoegang => {
            let parties = [
                Party::Aggregator,
                Party::Hm,
                Party::Ad,
                Party::Mr,
                Party::Dv,
            ];
            parties.iter().all(|party| running.apps.contains_key(party))
        }
    };
    let all: Vec<Journey> = Journey::ALL.into_iter().filter(is_there).collect();
    let journeys = if journeys.is_empty() {
        &all[..]
    } else {
        journeys
    };
    let mut ended = Vec::new();
    for journey in journeys {
        ended.push(match journey {
            Journey::Mitz => mitz::run(running).await,
            Journey::Medmij => medmij::run(running).await,
            Journey::Vertegenwoordiging => medmij::run_for_other(running).await,
            Journey::Koppeltaal => koppeltaal::run(running).await,
            Journey::Etoegang => etoegang::run(running).await,
        });
    }
    let passed = ended.iter().all(|ended| ended.passed);
    if as_json {
        let runs: Vec<&Value> = ended.iter().map(|ended| &ended.json).collect();
        say(&json!({ "schema_version": 1, "passed": passed, "journeys": runs }).to_string());
    } else {
        for ended in &ended {
            say(ended.text.trim_end());
        }
    }
    passed
}

/// A browser that trusts whom the parties trust.
fn browser(running: &Running) -> Result<Outside, String> {
    let mut config = OutsideConfig::new(running.trust(), None);
    config.timeout = Duration::from_mins(1);
    Outside::new(config).map_err(|bad| bad.to_string())
}
