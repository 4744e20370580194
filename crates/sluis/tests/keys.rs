//! `sluis keys`, beside a node that runs and on a party of a demo.

mod common;
#[path = "common/node.rs"]
mod node;

use std::process::{Command, Output};
use std::time::Duration;

use common::State;
use node::{CLIENTS, PROVIDERS, caller, get, serve, url};
use serde_json::Value;
use testkit::{Cluster, Installation, Role, Store};

const AGAIN: Duration = Duration::from_millis(100);
/// A node looks at the store each two seconds; a machine that is busy gets more.
const TRIES_MAX: u32 = 100;

fn keys(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluis"));
    command.arg("keys").args(arguments);
    command
}

/// `sluis keys` on the role of a node.
fn of_mitz(at: &Installation, arguments: &[&str]) -> Output {
    let mut command = keys(arguments);
    command
        .arg("--config")
        .arg(at.config())
        .args(["--role", "mitz"]);
    command.output().expect("runs")
}

/// What was said, when it went well.
fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// Why not, with this exit code.
fn refused(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    String::from_utf8(output.stderr.clone()).expect("text")
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&said(output)).expect("JSON")
}

/// How many keys a node publishes.
fn published(at: &Installation) -> usize {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let answer = get(&caller(at, None), &url(at, "mitz", "/jwks")).await;
        let body = answer.expect("an answer").body;
        let keys: Value = serde_json::from_slice(&body).expect("JSON");
        keys["keys"].as_array().expect("keys").len()
    })
}

fn becomes(at: &Installation, wanted: usize) {
    for _ in 0..TRIES_MAX {
        if published(at) == wanted {
            return;
        }
        std::thread::sleep(AGAIN);
    }
    unreachable!("the node did not look");
}

#[test]
fn a_name_that_would_rule_a_terminal_is_refused() {
    let state = State::new("keys-control");
    let at = Installation::lay(&state.0, &[Role::Mitz], &Store::Sqlite, CLIENTS, PROVIDERS);
    let why = refused(&of_mitz(&at, &["list"]), 2);
    assert!(why.contains("there is no store yet"), "{why}");
    drop(serve(&at));
    let set = |name| of_mitz(&at, &["not-before", "client", name, "now"]);
    let why = refused(&set("a\nb\u{1b}[31m"), 2);
    assert!(why.contains("control character"), "{why}");
    assert!(!said(&of_mitz(&at, &["not-before"])).contains("[31m"));
}

/// Everything an operator can do, beside a node that knows of it within seconds.
fn an_operator_beside_a_node(name: &str, store: &Store) {
    let state = State::new(name);
    let at = Installation::lay(&state.0, &[Role::Mitz], store, CLIENTS, PROVIDERS);
    if let Store::Postgresql(_) = store {
        let migrated = node::sluis("migrate", &at).status();
        assert!(migrated.expect("runs").success());
    }
    let _node = serve(&at);
    let listed = json(&of_mitz(&at, &["list", "--json"]));
    let first = listed["keys"].as_array().expect("keys");
    assert_eq!(first.len(), 8);
    assert!(first.iter().all(|key| key["state"] == "in use"), "{listed}");
    assert_eq!(published(&at), 1);

    let made = json(&of_mitz(&at, &["rotate", "tokens", "--json"]));
    assert_eq!(made["made"]["number"], 2);
    becomes(&at, 2);
    let again = refused(&of_mitz(&at, &["rotate", "tokens"]), 1);
    assert!(again.contains("tokens-2 was made already"), "{again}");
    let table = said(&of_mitz(&at, &["list"]));
    let tokens: Vec<&str> = table
        .lines()
        .filter(|line| line.starts_with("tokens "))
        .collect();
    assert!(
        tokens[0].contains("in use") && tokens[1].contains("published"),
        "{table}"
    );

    let needed = refused(&of_mitz(&at, &["retire", "tokens", "1"]), 1);
    assert!(
        needed.contains("tokens-1 is still needed until 2"),
        "{needed}"
    );
    let gone = said(&of_mitz(&at, &["retire", "tokens", "1", "--now"]));
    assert!(gone.starts_with("tokens-1 is gone: ID tokens"), "{gone}");
    becomes(&at, 1);
    let only = refused(&of_mitz(&at, &["retire", "tokens", "2", "--now"]), 1);
    assert!(only.contains("sluis keys rotate tokens"), "{only}");

    let time = "2026-11-22T10:00:00Z";
    let held = said(&of_mitz(
        &at,
        &["not-before", "client", "pgo.localhost", time],
    ));
    assert!(
        held.lines()
            .any(|line| line == format!("client  {time}  pgo.localhost")),
        "{held}"
    );
    let ahead = of_mitz(
        &at,
        &[
            "not-before",
            "issuer",
            "https://mitz",
            "9026-11-22T10:00:00Z",
        ],
    );
    assert!(refused(&ahead, 1).contains("has not come yet"));
    refused(
        &of_mitz(&at, &["not-before", "domain", "x", "yesterday"]),
        2,
    );
    let held = json(&of_mitz(&at, &["not-before", "--json"]));
    assert_eq!(held["not_before"].as_array().expect("moments").len(), 1);
}

/// design §4
#[test]
fn a_node_on_sqlite_knows_within_seconds_what_an_operator_did() {
    an_operator_beside_a_node("keys-sqlite", &Store::Sqlite);
}

/// design §4
#[test]
fn a_node_on_postgresql_knows_within_seconds_what_an_operator_did() {
    let cluster = Cluster::start("");
    let store = Store::Postgresql(cluster.address());
    an_operator_beside_a_node("keys-postgresql", &store);
}

#[test]
fn keys_of_a_demo_are_listed_while_it_runs_and_open_under_its_master_key_only() {
    let state = State::new("keys-demo");
    let demo = common::start(&state, &["--port", "0", "--only", "mitz"]);
    common::ready_in(&state, &demo, "demo.json");
    let of = ["--state", state.text(), "--party", "mitz"];
    let listed = said(&keys(&["list"]).args(of).output().expect("runs"));
    assert!(listed.starts_with("PURPOSE"), "{listed}");
    assert_eq!(listed.lines().count(), 9);
    drop(demo);

    let master = state.0.join("mitz/master.key");
    std::fs::remove_file(&master).expect("there");
    let rotate = || keys(&["rotate", "rows"]).args(of).output().expect("runs");
    assert!(refused(&rotate(), 2).contains("master.key: is not there"));
    said(&keys(&["master"]).arg(&master).output().expect("runs"));
    let other = refused(&rotate(), 2);
    assert!(other.contains("another master key"), "{other}");
    let over = keys(&["master"]).arg(&master).output().expect("runs");
    assert!(refused(&over, 2).contains("master.key"));
}

#[test]
fn who_names_nobody_is_told_what_to_name() {
    let nobody = refused(&keys(&["list"]).output().expect("runs"), 2);
    assert!(nobody.contains("--config"), "{nobody}");
    let stranger = ["list", "--state", "/nowhere", "--party", "mijn"];
    let stranger = refused(&keys(&stranger).output().expect("runs"), 2);
    assert!(stranger.contains("the parties are"), "{stranger}");
    let nowhere = ["list", "--state", "/nowhere", "--party", "mitz"];
    let nowhere = refused(&keys(&nowhere).output().expect("runs"), 2);
    assert!(nowhere.contains("there is no such party"), "{nowhere}");
}
