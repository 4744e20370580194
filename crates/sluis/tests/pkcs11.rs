//! `sluis serve`, `check` and `keys` with a hardware security module, which SoftHSM plays
//! (`apt-get install softhsm2`): each a process of its own, on one token.

mod common;
#[path = "common/node.rs"]
mod node;

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use common::State;
use node::{CLIENTS, Node, PROVIDERS, begin, caller, get, stop, url};
use serde_json::Value;
use testkit::{Installation, Role, Store};

const AGAIN: Duration = Duration::from_millis(100);
/// A node looks at the store each two seconds; a machine that is busy gets more.
const TRIES_MAX: u32 = 100;
const PIN: &str = "4711-sluis";
const SECTION: &str = "[keys.pkcs11]\nmodule = \"/usr/lib/softhsm/libsofthsm2.so\"\n\
                       token = \"sluis\"\npin_file = \"pin\"\n\n[trust]\n";

/// A command in an environment where SoftHSM finds the token of this installation.
fn with_token(mut command: Command, at: &Installation) -> Command {
    command.env("SOFTHSM2_CONF", at.folder.join("softhsm2.conf"));
    command
}

fn lay_token(at: &Installation) {
    let tokens = at.folder.join("tokens");
    std::fs::create_dir(&tokens).expect("a folder");
    let conf = format!("directories.tokendir = {}\n", tokens.display());
    at.write("softhsm2.conf", &conf);
    at.write_private("pin", PIN.as_bytes());
    let mut init = Command::new("softhsm2-util");
    init.args(["--init-token", "--free", "--label", "sluis"]);
    init.args(["--so-pin", "0000", "--pin", PIN]);
    let made = with_token(init, at).output();
    assert!(made.expect("SoftHSM is there").status.success());
}

fn run(at: &Installation, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluis"));
    command.args(arguments).arg("--config").arg(at.config());
    with_token(command, at).output().expect("runs")
}

/// What `sluis keys` said of Mitz.
fn keys(at: &Installation, arguments: &[&str]) -> String {
    let all = [&["keys"], arguments, &["--role", "mitz"]].concat();
    let output = run(at, &all);
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{why}");
    String::from_utf8(output.stdout).expect("text")
}

fn serve(at: &Installation) -> Node {
    begin(with_token(node::sluis("serve", at), at))
}

/// Waits until a node publishes so many keys.
fn publishes(at: &Installation, wanted: usize) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    let published = async || {
        let answer = get(&caller(at, None), &url(at, "mitz", "/jwks")).await;
        let keys: Value = serde_json::from_slice(&answer.expect("an answer").body).expect("JSON");
        keys["keys"].as_array().expect("keys").len()
    };
    for _ in 0..TRIES_MAX {
        if runtime.block_on(published()) == wanted {
            return;
        }
        std::thread::sleep(AGAIN);
    }
    unreachable!("the node did not look");
}

fn objects(folder: &Path) -> usize {
    let tokens = std::fs::read_dir(folder.join("tokens")).expect("there");
    let files =
        tokens.flat_map(|token| std::fs::read_dir(token.expect("one").path()).expect("one"));
    let names = files.map(|file| file.expect("one").file_name());
    let is_object = |name: &std::ffi::OsString| {
        let name = name.to_string_lossy();
        name.ends_with(".object") && name != "token.object"
    };
    names.filter(is_object).count()
}

#[test]
fn pkcs11_an_operator_moves_the_keys_of_a_node_into_a_token() {
    let state = State::new("keys-pkcs11");
    let at = Installation::lay(&state.0, &[Role::Mitz], &Store::Sqlite, CLIENTS, PROVIDERS);
    lay_token(&at);
    let node = serve(&at);
    assert!(keys(&at, &["list"]).contains("store"));
    assert!(stop(node).success());

    at.change("[trust]\n", SECTION);
    let checked = String::from_utf8(run(&at, &["check", "--offline"]).stdout).expect("text");
    for part in ["module", "token", "pin_file", "mechanism"] {
        let good = format!("good   keys.pkcs11.{part} ");
        assert!(checked.contains(&good), "{checked}");
    }
    let node = serve(&at);
    assert!(keys(&at, &["rotate", "tokens"]).contains("tokens-2 is made"));
    publishes(&at, 2);
    let listed: Value = serde_json::from_str(&keys(&at, &["list", "--json"])).expect("JSON");
    let all = listed["keys"].as_array().expect("keys").iter();
    let tokens: Vec<&Value> = all.filter(|key| key["purpose"] == "tokens").collect();
    assert!(tokens[0]["pkcs11_id"].is_null(), "{listed}");
    let id = tokens[1]["pkcs11_id"].as_str().expect("an id");
    let table = keys(&at, &["list"]);
    assert!(
        table.contains("HELD IN") && table.contains(&format!("pkcs11 {id}")),
        "{table}"
    );
    assert!(keys(&at, &["retire", "tokens", "1", "--now"]).contains("tokens-1 is gone"));
    publishes(&at, 1);
    assert_eq!(objects(&at.folder), 2, "a private and a public one");

    assert!(keys(&at, &["rotate", "tokens"]).contains("tokens-3 is made"));
    assert!(keys(&at, &["retire", "tokens", "2", "--now"]).contains("tokens-2 is gone"));
    assert_eq!(objects(&at.folder), 2, "the old pair is destroyed");
    assert!(stop(node).success());
    let node = serve(&at);
    publishes(&at, 1);
    assert!(stop(node).success());
}
