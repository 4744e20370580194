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
fn an_operator_finds_events_by_trace_outcome_requirement_and_who() {
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
fn design_5_an_operator_proves_that_a_log_is_what_it_was_and_keeps_its_head_elsewhere() {
    let state = State::new("audit-verify");
    let elsewhere = State::new("audit-heads");
    std::fs::create_dir_all(&elsewhere.0).expect("a folder");
    let heads = elsewhere.0.join("heads.json");
    let heads = heads.to_str().expect("UTF-8");
    journey(&state);
    let verify = |arguments: &[&str]| audit(&state, &[&["verify"], arguments].concat());

    let (said, _) = ended(&verify(&["--heads", heads]), 0);
    assert!(said.starts_with("mitz: 9 rows proven since 2"), "{said}");
    assert!(said.contains("0 are younger"), "{said}");
    let kept = std::fs::read_to_string(heads).expect("written");
    let kept: Value = serde_json::from_str(&kept).expect("JSON");
    assert_eq!(kept["logs"]["mitz"]["number"], 1);
    assert_eq!(kept["logs"]["mitz"]["keys"][0]["kty"], "EC");

    // Another run on the same state: the log goes on, and the head with it.
    journey(&state);
    let json: Value =
        serde_json::from_str(&ended(&verify(&["--json", "--heads", heads]), 0).0).expect("JSON");
    let log = &json["logs"][0];
    assert_eq!(
        (&log["holds"], &log["set_back"]),
        (&Value::Bool(true), &Value::Null)
    );
    assert!(
        log["proven"].as_u64() > Some(9) && log["last"]["number"].as_u64() >= Some(2),
        "{log}"
    );

    // A store that was lost and began anew has no such entry.
    std::fs::remove_dir_all(state.0.join("mitz")).expect("removed");
    journey(&state);
    let (said, _) = ended(&verify(&["--heads", heads]), 1);
    assert!(said.contains("DOES NOT FIT: entry 2"), "{said}");
    let unchanged = std::fs::read_to_string(heads).expect("still there");
    assert!(unchanged.contains(log["last"]["name"].as_str().expect("a name")));
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
