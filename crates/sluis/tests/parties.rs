//! `parties.json`: roles that another program plays, here a second Sluis with a certificate authority,
//! stores and an observer of its own.

mod common;

use std::time::Duration;

use serde_json::{Value, json};

use common::{Demo, State, free_port, ready, sluis, start};

/// How long a node without a list waits before it asks again for somebody who needs it.
const LISTS_AGAIN: Duration = Duration::from_millis(1_100);

/// Another Sluis at this port, and who vouches for it.
fn outside(port: u16) -> Value {
    json!({ "base_url": format!("https://{{host}}.localhost:{port}"), "ca": "ca.pem" })
}

/// An input folder with `parties.json` and the authority of the other network.
fn input(name: &str, parties: &Value, ca: &str) -> State {
    let folder = State::new(name);
    std::fs::create_dir_all(&folder.0).expect("a folder");
    std::fs::write(folder.0.join("parties.json"), parties.to_string()).expect("writable");
    std::fs::write(folder.0.join("ca.pem"), ca).expect("writable");
    folder
}

fn ca_of(state: &State) -> String {
    let made = sluis(&["--state", state.text(), "--print-ca"]).output();
    let made = made.expect("runs");
    assert!(made.status.success());
    String::from_utf8(made.stdout).expect("PEM")
}

/// The network that a DVA joins: everything but itself and its record systems.
fn around_dva2(port: u16) -> Value {
    let others = [
        "pgo",
        "mitz",
        "lokalisatie",
        "digid",
        "dva",
        "xis",
        "stelselnode",
    ];
    let others = others.map(|party| (party.to_owned(), outside(port)));
    others.into_iter().collect()
}

/// The second Sluis: `dva2` with its record systems, and an observer of its own.
fn start_dva2(state: &State, input: &State, port: u16) -> Demo {
    let port = port.to_string();
    let demo = start(state, &["--port", &port, "--input", input.text()]);
    ready(state, &demo);
    demo
}

fn run_headless(state: &State, input: &State, port: u16) -> Value {
    let port = port.to_string();
    let run = sluis(&["--state", state.text(), "--input", input.text()])
        .args(["--port", &port, "--headless", "mitz", "--json"])
        .output()
        .expect("runs");
    serde_json::from_slice(&run.stdout).expect("JSON")
}

#[test]
fn a_second_sluis_is_the_dva_of_parties_json_and_the_chain_passes_through_it() {
    let (state, own_state) = (State::new("network"), State::new("dva"));
    let (port, own) = (free_port(), free_port());
    let (ca, own_ca) = (ca_of(&state), ca_of(&own_state));
    assert_ne!(ca, own_ca, "each has an authority of its own");
    let dva2 = json!({ "dva2": outside(own) });
    let network = input("network-input", &dva2, &own_ca);
    let joining = input("dva-input", &around_dva2(port), &ca);

    let demo = start_dva2(&own_state, &joining, own);
    // It looked for its lists before there was a network, and looks again when somebody needs them.
    std::thread::sleep(LISTS_AGAIN);
    let run = run_headless(&state, &network, port);
    let said = std::fs::read_to_string(own_state.0.join("log.jsonl")).unwrap_or_default();
    assert_eq!(run["passed"], true, "{run}\n{said}");
    let steps = &run["journeys"][0]["steps"];
    let gave_data = |seen: &Value| {
        let peer = format!("https://dva2-back.localhost:{own}");
        seen["ok"] == true && seen["peer"] == peer.as_str()
    };
    let seen = |step: usize| {
        steps[step - 1]["seen"]
            .as_array()
            .expect("sightings")
            .clone()
    };
    assert!(seen(30).iter().any(gave_data), "{}", steps[29]);
    // Mitz answered the consent question of a client that only the second authority vouches for.
    let asked = |seen: &Value| seen["peer"] == "dva2-back.localhost" && seen["ok"] == true;
    assert!(seen(24).iter().any(asked), "{}", steps[23]);
    // What the outside DVA saw it told its own observer, and nobody here.
    assert!(
        seen(23).iter().all(|seen| seen["party"] == "dva"),
        "{}",
        steps[22]
    );

    drop(demo);
    let run = run_headless(&state, &network, port);
    assert!(
        !seen_at(&run, 30).iter().any(gave_data),
        "nobody else answers in its place"
    );
}

fn seen_at(run: &Value, step: usize) -> Vec<Value> {
    let seen = &run["journeys"][0]["steps"][step - 1]["seen"];
    seen.as_array().cloned().unwrap_or_default()
}

#[test]
fn demo_json_gives_an_outside_party_the_certificates_that_it_needs() {
    let state = State::new("certificates");
    let parties = json!({ "dva": { "base_url": "https://mijndva.localhost:9000/api" } });
    let folder = input("certificates-input", &parties, "");
    let demo = start(&state, &["--port", "0", "--input", folder.text()]);
    let ready = ready(&state, &demo);
    let dva = &ready["parties"][0];
    assert_eq!(
        (&dva["party"], &dva["node"]),
        (&json!("dva"), &json!("mijndva.localhost"))
    );
    for file in [
        &dva["key_file"],
        &dva["cert_file"],
        &dva["servers"][0]["key_file"],
        &dva["servers"][0]["cert_file"],
    ] {
        let text = std::fs::read_to_string(file.as_str().expect("a path")).expect("readable");
        assert!(text.starts_with("-----BEGIN "));
    }
    assert_eq!(
        ready["hosts"]["dva-back"],
        "https://mijndva.localhost:9000/api"
    );
    assert_eq!(
        ready["issuers"]["dva"]["issuer"],
        "https://mijndva.localhost:9000/api"
    );
    assert!(!state.0.join("dva").exists(), "the role is not started");
    let stelselnode = ready["hosts"]["stelselnode"].as_str().expect("a URL");
    let fetched = fetch_lists(&state, stelselnode);
    assert!(fetched.contains("<TokenEndpointuri>https://mijndva.localhost:9000/api/token<"));
    assert!(fetched.contains("<Hostname>mijndva.localhost<"));
    assert!(!fetched.contains("https://dva-back.localhost"));
}

/// Every list that the network publishes, one after the other.
fn fetch_lists(state: &State, base_url: &str) -> String {
    let folder = State::new("fetched");
    let ca = state.0.join("ca/ca.pem");
    let fetch = std::process::Command::new(env!("CARGO_BIN_EXE_sluis"))
        .args([
            "lists",
            "fetch",
            "--frontchannel-port",
            "--base-url",
            base_url,
        ])
        .args(["--ca", ca.to_str().expect("UTF-8"), folder.text()])
        .output()
        .expect("runs");
    assert!(
        fetch.status.success(),
        "{}",
        String::from_utf8_lossy(&fetch.stderr)
    );
    let files = std::fs::read_dir(&folder.0).expect("fetched");
    let read = |file: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(file.expect("a file").path()).unwrap_or_default()
    };
    files.map(read).collect()
}

#[test]
fn a_pgo_of_parties_json_meets_the_whole_network_of_the_other_program() {
    let (state, own_state) = (State::new("around-pgo"), State::new("pgo"));
    let (port, own) = (free_port(), free_port());
    let (ca, own_ca) = (ca_of(&state), ca_of(&own_state));
    let around = input("around-pgo-input", &json!({ "pgo": outside(own) }), &own_ca);
    let others = [
        "mitz",
        "lokalisatie",
        "digid",
        "dva",
        "xis",
        "dva2",
        "xis2",
        "stelselnode",
    ];
    let others: Value = others
        .map(|party| (party.to_owned(), outside(port)))
        .into_iter()
        .collect();
    let joining = input("pgo-input", &others, &ca);

    let port = port.to_string();
    let demo = start(&state, &["--port", &port, "--input", around.text()]);
    ready(&state, &demo);
    let run = run_headless(&own_state, &joining, own);
    assert_eq!(run["passed"], true, "{run}");
    let steps = run["journeys"][0]["steps"].as_array().expect("steps");
    let outside = steps.iter().filter(|step| step["result"] == "outside");
    assert_eq!(outside.count(), 22, "all but what the PGO receives");
}
