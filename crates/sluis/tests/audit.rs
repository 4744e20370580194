//! `sluis audit`, on what a demo left and beside a node that runs.

mod common;

use std::process::{Command, Output};

use common::{State, sluis};
use serde_json::Value;

fn audit(state: &State, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluis"));
    command.arg("audit").args(arguments);
    command.args(["--state", state.text(), "--party", "mitz"]);
    command.output().expect("runs")
}

/// What was said and what was told beside it, when it ended with this code.
fn ended(output: &Output, code: i32) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let (said, told) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{said}{told}");
    (said, told)
}

fn events(output: &Output) -> Vec<Value> {
    let json: Value = serde_json::from_str(&ended(output, 0).0).expect("JSON");
    assert_eq!(json["schema_version"], 1);
    json["events"].as_array().expect("events").clone()
}

/// A journey of the demo, whose stores stay.
fn journey(state: &State) -> String {
    let run = sluis(&["--headless", "mitz", "--json", "--port", "0"])
        .args(["--state", state.text()])
        .output()
        .expect("runs");
    let (said, _) = ended(&run, 0);
    let trace = said.split("\"trace_id\":\"").nth(1).expect("a trace");
    trace[..36].to_owned()
}

#[test]
fn design_7_12_an_operator_finds_events_by_trace_outcome_requirement_and_who() {
    let state = State::new("audit-search");
    let trace = journey(&state);
    let of_trace = events(&audit(&state, &["search", "--trace", &trace, "--json"]));
    assert!(of_trace.len() >= 3, "{of_trace:?}");
    assert!(of_trace.iter().all(|event| event["trace_id"] == trace));
    let numbers: Vec<u64> = of_trace
        .iter()
        .filter_map(|event| event["seq"].as_u64())
        .collect();
    assert!(numbers.is_sorted(), "newest last: {numbers:?}");

    let issued = [
        "--requirement",
        "seed 000 step 10",
        "--outcome",
        "granted",
        "--who",
        "pgo.localhost",
    ];
    let issued = events(&audit(
        &state,
        &[&["search", "--json"], &issued[..]].concat(),
    ));
    assert_eq!(issued.len(), 1, "{issued:?}");
    assert_eq!(issued[0]["what"], "tokens were issued");

    let (table, told) = ended(&audit(&state, &["search", "--limit", "2"]), 0);
    assert_eq!(table.lines().count(), 3, "heads and two: {table}");
    assert!(told.contains("the newest 2 of"), "{told}");
    let (nothing, told) = ended(&audit(&state, &["search", "--outcome", "refused"]), 0);
    assert_eq!(nothing, "");
    assert!(told.contains("nothing found among"), "{told}");
}

#[test]
fn what_cannot_be_searched_is_said() {
    let state = State::new("audit-none");
    let (_, told) = ended(&audit(&state, &["search"]), 2);
    assert!(told.contains("there is no such party"), "{told}");
    let (_, told) = ended(&audit(&state, &["search", "--outcome", "maybe"]), 2);
    assert!(told.contains("granted, refused"), "{told}");
    let (_, told) = ended(&audit(&state, &["search", "--from", "yesterday"]), 2);
    assert!(told.contains("as 2026-11-22"), "{told}");
}
