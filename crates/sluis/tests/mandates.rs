//! `sluis mandates`, beside a node and beside a demo.

mod common;
#[path = "common/node.rs"]
mod node;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use common::State;
use http::Method;
use node::{caller, serve, url};
use serde_json::{Value, json};
use server::clock::Clock;
use server::outside::Headers;
use testkit::{Installation, Role, Store};

/// Within which a demo that is ready has sown its mandates, in tries of a tenth of a second.
const TRIES_MAX: u32 = 100;
const AGAIN: Duration = Duration::from_millis(100);

fn sluis(arguments: &[&str], whose: [&str; 2]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluis"));
    command
        .args(arguments)
        .args(whose)
        .env("SUDO_USER", "jansen");
    command
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
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr.clone()).expect("text")
}

fn mandate(kvk: &str) -> Value {
    let now = Clock::system().now().unix();
    json!({
        "vertegenwoordigde": { "soort": "urn:etoegang:1.9:EntityConcernedID:KvKnr", "waarde": kvk },
        "gemachtigde": { "persoon": "een-pseudoniem-van-de-bakker" },
        "service_uuid": "2c9d1c2e-1d0a-4d6b-8f5e-000000000001",
        "niveau": "urn:etoegang:core:assurance-class:loa3",
        "van": now - 60,
        "tot": now + 3_600,
    })
}

fn file(at: &Path, document: &Value) -> PathBuf {
    let path = at.join("mandate.json");
    std::fs::write(&path, document.to_string()).expect("writable");
    path
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// What the administration of the node answers to whoever has this key.
fn asked(at: &Installation, method: &Method, path: &str, key: &str) -> (u16, Value) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (from, url) = (caller(at, None), url(at, "mr", path));
        let headers = Headers::none().bearer(key);
        let answer = from.send(method.clone(), &url, headers, None).await;
        let answer = answer.expect("an answer");
        let body = serde_json::from_slice(&answer.body).unwrap_or_default();
        (answer.status.as_u16(), body)
    })
}

#[test]
fn a_node_and_the_command_see_each_others_mandates_at_once() {
    let state = State::new("mandates-node");
    let at = Installation::lay(&state.0, &[Role::Mr], &Store::Sqlite, "[]", "[]");
    let config = at.config();
    let whose = ["--config", text(&config)];
    let run = |arguments: &[&str]| sluis(arguments, whose).output().expect("runs");
    let _node = serve(&at);
    let made = run(&[
        "keys",
        "administration",
        "add",
        "test",
        "--role",
        "mr",
        "--json",
    ]);
    let made: Value = serde_json::from_str(&said(&made)).expect("JSON");
    let key = made["made"]["secret"].as_str().expect("a secret");

    let document = file(&state.0, &mandate("12345678"));
    let registered = said(&run(&["mandates", "register", text(&document), "--json"]));
    let registered: Value = serde_json::from_str(&registered).expect("JSON");
    let registered = &registered["registered"];
    let id = registered["id"].as_str().expect("a reference");
    let path = format!("/beheer/machtigingen/{id}");
    let (status, seen) = asked(&at, &Method::GET, &path, key);
    assert_eq!((status, &seen), (200, registered));
    let shown: Value = serde_json::from_str(&said(&run(&["mandates", "show", id]))).expect("JSON");
    assert_eq!(&shown, registered);

    let table = said(&run(&["mandates", "list", "--for", "12345678", "--valid"]));
    assert!(
        table.contains(id) && table.contains("kvk 12345678  a person"),
        "{table}"
    );
    assert!(!table.contains("pseudoniem"), "{table}");
    let others = said(&run(&["mandates", "list", "--for", "87654321"]));
    assert!(!others.contains(id), "{others}");

    // etoegang.md §3: what the node withdraws is withdrawn for the command too, and stays to be seen.
    let (status, _) = asked(&at, &Method::DELETE, &path, key);
    assert_eq!(status, 200);
    let since = said(&run(&["mandates", "withdraw", id]));
    assert!(
        since.starts_with(&format!("{id} is withdrawn since 20")),
        "{since}"
    );
    let valid = said(&run(&["mandates", "list", "--valid"]));
    assert!(!valid.contains(id), "{valid}");
    let all = said(&run(&["mandates", "list"]));
    assert!(all.contains("withdrawn 20"), "{all}");
    let search = said(&run(&["audit", "search", "--role", "mr"]));
    assert!(
        search.contains("a mandate was registered")
            && search.contains("jansen at the command line"),
        "{search}"
    );
}

#[test]
fn a_mandate_that_cannot_be_is_refused_with_what_is_wrong() {
    let state = State::new("mandates-refused");
    let at = Installation::lay(&state.0, &[Role::Mr], &Store::Sqlite, "[]", "[]");
    let config = at.config();
    let whose = ["--config", text(&config)];
    let before = sluis(&["mandates", "list"], whose).output().expect("runs");
    assert!(refused(&before, 2).starts_with("sluis mandates: "));
    drop(serve(&at));
    let register = |document: &Value| {
        let document = file(&state.0, document);
        let arguments = ["mandates", "register", text(&document)];
        refused(&sluis(&arguments, whose).output().expect("runs"), 1)
    };
    let mut unknown = mandate("12345678");
    unknown["service_uuid"] = "2c9d1c2e-1d0a-4d6b-8f5e-0000000000ff".into();
    let why = register(&unknown);
    assert_eq!(why, "sluis mandates: the service is not in the catalogue\n");
    let mut long = mandate("12345678");
    long["van"] = 1_000_000_000.into();
    let why = register(&long);
    assert!(why.contains("five years at most"), "{why}");
    let mut misspelt = mandate("123");
    misspelt["vertegenwoordigde"]["waarde"] = "1234567".into();
    let why = register(&misspelt);
    assert!(why.contains("mandate.json: line 1 column "), "{why}");
    assert!(!why.contains("1234567"), "{why}");
    for command in ["show", "withdraw"] {
        let mut none = sluis(&["mandates", command, "M-none"], whose);
        let none = refused(&none.output().expect("runs"), 1);
        assert_eq!(none, "sluis mandates: there is no mandate M-none\n");
    }
}

#[test]
fn beside_a_demo_the_command_reads_what_comes_in_and_withdraws_a_mandate_of_the_sample() {
    let state = State::new("mandates-demo");
    let demo = common::start(&state, &["--port", "0", "--only", "mr"]);
    common::ready_in(&state, &demo, "demo.json");
    let whose = ["--state", state.text()];
    let mut child = sluis(&["mandates", "register", "-"], whose)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let document = mandate("12345678").to_string();
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(document.as_bytes()).expect("writable");
    drop(stdin);
    let registered = said(&child.wait_with_output().expect("ends"));
    assert!(registered.ends_with(" is registered\n"), "{registered}");
    let withdraw = || {
        let mut withdraw = sluis(&["mandates", "withdraw", "M-bakkerij-bakker"], whose);
        withdraw.output().expect("runs")
    };
    let mut gone = withdraw();
    for _ in 0..TRIES_MAX {
        if gone.status.success() {
            break;
        }
        std::thread::sleep(AGAIN);
        gone = withdraw();
    }
    let gone = said(&gone);
    assert!(
        gone.starts_with("M-bakkerij-bakker is withdrawn since "),
        "{gone}"
    );
    let listed = sluis(&["mandates", "list", "--json"], whose);
    let listed: Value =
        serde_json::from_str(&said(&{ listed }.output().expect("runs"))).expect("JSON");
    let mandates = listed["mandates"].as_array().expect("mandates");
    let withdrawn = mandates.iter().filter(|one| !one["ingetrokken"].is_null());
    assert_eq!(withdrawn.count(), 1);
    assert_eq!(listed["more_after"], Value::Null);
}
