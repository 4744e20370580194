//! `sluis demo --headless`, as its users call it.

use std::process::{Command, Output};

use serde_json::Value;

fn demo(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sluis"))
        .args(["demo", "--port", "0"])
        .args(arguments)
        .output()
        .expect("the program runs")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

#[test]
fn seed_000_all_thirty_steps_pass_and_are_printed_by_number() {
    let output = demo(&["--headless", "mitz"]);
    let text = text(&output);
    assert!(output.status.success(), "{text}");
    let numbers: Vec<u8> = text
        .lines()
        .filter_map(|line| line.trim_start().split(' ').next()?.parse().ok())
        .collect();
    assert_eq!(numbers, (1..=30).collect::<Vec<u8>>());
    assert!(text.contains("all 30 steps passed"), "{text}");
    assert!(!text.contains("900186021"), "a BSN was printed");
}

#[test]
fn seed_000_the_steps_are_data_with_peer_and_trace_id() {
    let output = demo(&["--headless", "mitz", "--json"]);
    assert!(output.status.success());
    let data: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(data["passed"], true);
    let journey = &data["journeys"][0];
    let steps = journey["steps"].as_array().expect("steps");
    assert_eq!(steps.len(), 30);
    for step in steps {
        assert_eq!(step["result"], "ok", "{step}");
        let seen = step["seen"].as_array().expect("sightings");
        assert!(!seen.is_empty(), "{step}");
        for sighting in seen {
            assert_eq!(sighting["trace_id"], journey["trace_id"]);
            assert_ne!(sighting["peer"], "");
        }
    }
}

#[test]
fn every_step_that_is_broken_fails_for_real_and_is_named() {
    for step in 1..=30 {
        let output = demo(&["--headless", "mitz", "--json", "--break", &step.to_string()]);
        assert_eq!(output.status.code(), Some(1), "step {step}");
        let data: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(data["journeys"][0]["failed_step"], step);
    }
}

#[test]
fn a_broken_run_says_in_english_which_party_refused_and_why() {
    let why = |step: &str| {
        let output = demo(&["--headless", "mitz", "--break", step]);
        let text = text(&output);
        text.lines().last().expect("a line").to_owned()
    };
    let refused = why("25");
    assert!(refused.contains("mitz refused (mitz case "), "{refused}");
    let not_logged_in = why("4");
    assert!(
        not_logged_in.contains("HTTP 200 at https://mitz.localhost:"),
        "{not_logged_in}"
    );
    for line in [refused, not_logged_in] {
        for dutch in ["Inloggen", "gelukt", "Uw gegevens", "Verzamel"] {
            assert!(!line.contains(dutch), "{line}");
        }
    }
}

#[test]
fn a_step_that_does_not_exist_is_refused_before_anything_starts() {
    let output = demo(&["--headless", "mitz", "--break", "31"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn seed_002_the_ten_steps_of_koppeltaal_pass_and_name_their_topics() {
    let output = demo(&["--headless", "koppeltaal", "--json"]);
    let data: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(output.status.success(), "{data}");
    assert_eq!(data["passed"], true);
    let steps = data["journeys"][0]["steps"].as_array().expect("steps");
    assert_eq!(steps.len(), 10);
    for step in steps {
        assert_eq!(step["result"], "ok", "{step}");
        let topic = step["topic"].as_str().expect("a topic");
        assert!(topic.starts_with("TOP-KT-0"), "{step}");
    }
}

#[test]
fn every_step_of_koppeltaal_that_is_broken_fails_for_real_and_is_named() {
    for step in 1..=9 {
        let broken = step.to_string();
        let output = demo(&["--headless", "koppeltaal", "--json", "--break", &broken]);
        let data: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(output.status.code(), Some(1), "step {step}");
        assert_eq!(data["journeys"][0]["failed_step"], step, "{data}");
    }
    let output = demo(&["--headless", "koppeltaal", "--break", "10"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn seed_002_and_003_the_journeys_of_medmij_pass_and_name_their_requirements() {
    for (journey, count) in [("medmij", 10), ("vertegenwoordiging", 7)] {
        let output = demo(&["--headless", journey, "--json"]);
        let data: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert!(output.status.success(), "{data}");
        let steps = data["journeys"][0]["steps"].as_array().expect("steps");
        assert_eq!(steps.len(), count);
        for step in steps {
            assert_eq!(step["result"], "ok", "{step}");
            assert!(step["requirement"].is_string(), "{step}");
        }
    }
}

#[test]
fn every_step_of_medmij_that_is_broken_fails_for_real_and_is_named() {
    for (journey, count) in [("medmij", 10), ("vertegenwoordiging", 7)] {
        for step in 1..=count {
            let broken = step.to_string();
            let output = demo(&["--headless", journey, "--json", "--break", &broken]);
            let data: Value = serde_json::from_slice(&output.stdout).expect("JSON");
            assert_eq!(output.status.code(), Some(1), "{journey} {step}");
            assert_eq!(data["journeys"][0]["failed_step"], step, "{data}");
        }
    }
    let output = demo(&["--headless", "vertegenwoordiging", "--break", "8"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn of_several_journeys_a_step_of_the_first_is_broken() {
    let both = ["--headless", "medmij", "vertegenwoordiging", "--json"];
    let output = demo(&[&both[..], &["--break", "9"]].concat());
    let data: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(output.status.code(), Some(1), "{data}");
    assert_eq!(data["journeys"][0]["failed_step"], 9, "{data}");

    let output = demo(&[&both[..], &["--break", "11"]].concat());
    assert_eq!(output.status.code(), Some(2));
    let says = String::from_utf8_lossy(&output.stderr);
    assert!(says.contains("of medmij, steps 1 to 10"), "{says}");
}

#[test]
fn the_fifteen_steps_of_etoegang_pass_and_name_their_actions() {
    let output = demo(&["--headless", "etoegang", "--json"]);
    let data: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(output.status.success(), "{data}");
    let steps = data["journeys"][0]["steps"].as_array().expect("steps");
    assert_eq!(steps.len(), 15);
    for step in steps {
        assert_eq!(step["result"], "ok", "{step}");
        assert!(step["action"].is_string(), "{step}");
    }
}

#[test]
fn every_step_of_etoegang_that_is_broken_fails_for_real_and_is_named() {
    // The others have no part in it, and each would make its keys fifteen times.
    let etoegang = [
        "--only",
        "aggregator,hm,ad,mr,dv,netwerk",
        "--headless",
        "etoegang",
    ];
    let broken = |step: &str| demo(&[&etoegang[..], &["--json", "--break", step]].concat());
    for step in 1..=15 {
        let output = broken(&step.to_string());
        let data: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(output.status.code(), Some(1), "step {step}");
        assert_eq!(data["journeys"][0]["failed_step"], step, "{data}");
    }
    assert_eq!(broken("16").status.code(), Some(2));
}

#[test]
fn a_demo_that_comes_back_at_another_port_has_its_domain_there() {
    let state = std::env::temp_dir().join(format!("sluis-headless-{}", std::process::id()));
    let state_at = state.to_str().expect("a path").to_owned();
    for _ in 0..2 {
        let output = demo(&["--headless", "koppeltaal", "--state", &state_at]);
        assert!(output.status.success(), "{}", text(&output));
    }
    std::fs::remove_dir_all(state).expect("removable");
}
