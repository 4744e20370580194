//! `sluis domain`, beside a demo and beside a node.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use common::{Demo, State};
use http::Method;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use server::outside::{Headers, Outside, OutsideConfig};

/// A node looks at the store each two seconds; a machine that is busy gets more.
const TRIES_MAX: u32 = 100;
const AGAIN: Duration = Duration::from_millis(100);

/// A demo with Koppeltaal alone, and what it said when it was ready.
struct Running {
    state: State,
    _demo: Demo,
    ready: Value,
}

impl Running {
    fn start(name: &str) -> Self {
        let state = State::new(name);
        let demo = common::start(&state, &["--port", "0", "--only", "koppeltaal"]);
        let ready = common::ready_in(&state, &demo, "demo.json");
        Self {
            state,
            _demo: demo,
            ready,
        }
    }

    fn domain(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluis"));
        command.arg("domain").args(arguments);
        command.args(["--state", self.state.text()]);
        command.env("SUDO_USER", "jansen").output().expect("runs")
    }

    /// The declaration of the demo's domain with one thing else.
    fn declared(&self, file: &str, pointer: &str, value: Value) -> PathBuf {
        let mut document = json(&self.domain(&["show", "d1"]));
        *document.pointer_mut(pointer).expect("a member") = value;
        self.file(file, &document)
    }

    fn file(&self, name: &str, document: &Value) -> PathBuf {
        let path = self.state.0.join(name);
        std::fs::write(&path, document.to_string()).expect("writable");
        path
    }

    /// What the administration of a domain answers to whoever has this secret.
    fn asked(&self, path: &str, secret: &str) -> (u16, Value) {
        let ca = self.ready["ca_file"].as_str().expect("a file");
        let root = CertificateDer::from_pem_file(ca).expect("PEM");
        let base = self.ready["hosts"]["koppeltaal"].as_str().expect("a URL");
        let url = format!("{base}/api/v1/{path}");
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let outside = Outside::new(OutsideConfig::new(vec![root], None)).expect("a client");
            let headers = Headers::none().bearer(secret);
            let answer = outside.send(Method::GET, &url, headers, None).await;
            let answer = answer.expect("an answer");
            let body = serde_json::from_slice(&answer.body).unwrap_or_default();
            (answer.status.as_u16(), body)
        })
    }
}

fn text(file: &Path) -> &str {
    file.to_str().expect("UTF-8")
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

#[test]
fn a_domain_is_shown_planned_and_applied_while_the_node_runs() {
    let demo = Running::start("domain-apply");
    let listed = json(&demo.domain(&["list", "--json"]));
    assert_eq!(listed["domains"][0]["domain"], "d1");
    assert_eq!(listed["domains"][0]["applications"], 3);
    let table = said(&demo.domain(&["list"]));
    assert!(
        table.starts_with("DOMAIN  VERSION  APPLICATIONS"),
        "{table}"
    );

    let file = demo.declared("d1.json", "/applications/0/status", json!("rejected"));
    let file = text(&file);
    let plan = said(&demo.domain(&["plan", file]));
    assert!(
        plan.starts_with("domain d1, version 1, would change\n~ application "),
        "{plan}"
    );
    assert!(plan.contains("status: approved -> rejected"), "{plan}");
    let not_the_same = refused(&demo.domain(&["plan", file, "--check"]), 1);
    assert!(
        not_the_same.contains("d1 is not as the file says"),
        "{not_the_same}"
    );
    let plan = json(&demo.domain(&["plan", file, "--json"]));
    assert_eq!(plan["version"], 1);
    assert_eq!(plan["changes"].as_array().expect("changes").len(), 1);

    // Nobody is there to ask.
    let asked = refused(&demo.domain(&["apply", file]), 2);
    assert!(asked.contains("say --yes"), "{asked}");
    let applied = said(&demo.domain(&["apply", file, "--yes"]));
    assert!(applied.ends_with("d1 has version 2\n"), "{applied}");
    let again = json(&demo.domain(&["apply", file, "--json"]));
    assert_eq!(
        again["applied"],
        json!({ "domain": "d1", "version": 2, "changes": 0 })
    );
    said(&demo.domain(&["plan", file, "--check"]));
}

#[test]
fn a_declaration_that_cannot_be_is_refused_and_names_its_member() {
    let demo = Running::start("domain-faults");
    let of = |pointer: &str, value: Value| {
        let file = demo.declared("bad.json", pointer, value);
        refused(&demo.domain(&["apply", text(&file), "--yes"]), 1)
    };
    // koppeltaal case 115
    let plain = of("/applications/0/jwks_uri", json!("http://epd.example/jwks"));
    assert!(
        plain.contains("bad.json: applications[0].jwks_uri: expected"),
        "{plain}"
    );
    // koppeltaal case 44
    let all = of("/roles/Beheerportaal/Device/create", json!("all"));
    assert!(all.contains("roles.Beheerportaal.Device.create"), "{all}");
    // koppeltaal case 45
    let two = of(
        "/applications/0/role",
        json!(["Beheerportaal", "Clientportaal"]),
    );
    assert!(two.contains("expected a string"), "{two}");
    let nowhere = refused(&demo.domain(&["plan", "/nowhere/d1.json"]), 2);
    assert!(nowhere.contains("/nowhere/d1.json"), "{nowhere}");
    let listed = json(&demo.domain(&["list", "--json"]));
    assert_eq!(listed["domains"][0]["version"], 1, "nothing was changed");
}

#[test]
fn a_domain_comes_and_goes_and_its_node_knows() {
    let demo = Running::start("domain-new");
    let mut document = json(&demo.domain(&["show", "d1"]));
    document["domain"] = json!("ggz-noord");
    let file = demo.file("ggz-noord.json", &document);
    let plan = said(&demo.domain(&["plan", text(&file)]));
    assert!(
        plan.starts_with("domain ggz-noord would be new\n+ domain: "),
        "{plan}"
    );
    said(&demo.domain(&["apply", text(&file), "--yes"]));
    let jwks = "ggz-noord/oauth2/jwks";
    becomes(&demo, jwks, 200);

    let asked = refused(&demo.domain(&["remove", "ggz-noord"]), 2);
    assert!(asked.contains("say --yes"), "{asked}");
    let gone = said(&demo.domain(&["remove", "ggz-noord", "--yes"]));
    assert_eq!(gone, "ggz-noord is gone\n");
    becomes(&demo, jwks, 404);
    for unknown in [
        &["show", "ggz-noord"][..],
        &["remove", "ggz-noord", "--yes"],
    ] {
        let unknown = refused(&demo.domain(unknown), 1);
        assert!(
            unknown.contains("there is no domain ggz-noord"),
            "{unknown}"
        );
    }
    // It comes again, and counts on.
    let again = json(&demo.domain(&["apply", text(&file), "--yes", "--json"]));
    assert_eq!(again["applied"]["version"], 3);
    becomes(&demo, jwks, 200);
}

fn becomes(demo: &Running, path: &str, wanted: u16) {
    for _ in 0..TRIES_MAX {
        if demo.asked(path, "x").0 == wanted {
            return;
        }
        std::thread::sleep(AGAIN);
    }
    unreachable!("the node did not look");
}

#[test]
fn an_administration_key_works_until_it_is_withdrawn() {
    let demo = Running::start("domain-key");
    let made = json(&demo.domain(&["key", "add", "A. Jansen", "--domain", "d1", "--json"]));
    let secret = made["made"]["secret"].as_str().expect("a secret");
    let id = made["made"]["id"].as_str().expect("an id");
    let (status, domain) = demo.asked("d1/beheer/domain", secret);
    assert_eq!((status, domain["domain"].as_str()), (200, Some("d1")));

    let listed = said(&demo.domain(&["key", "list"]));
    let line = listed.lines().nth(1).expect("a line");
    assert!(
        line.contains(id) && line.ends_with("d1       A. Jansen"),
        "{listed}"
    );
    assert!(!listed.contains(secret), "it is shown once");
    let all = said(&demo.domain(&["key", "add", "terraform", "--all", "--days", "180"]));
    let of_all = all.lines().last().expect("a secret");
    assert_eq!(demo.asked("d1/beheer/domain", of_all).0, 200);

    said(&demo.domain(&["key", "withdraw", id]));
    assert_eq!(demo.asked("d1/beheer/domain", secret).0, 401);
    for unknown in [id, "x"] {
        let unknown = refused(&demo.domain(&["key", "withdraw", unknown]), 1);
        assert!(unknown.contains("there is no key"), "{unknown}");
    }
    for bad in [
        &["key", "add", "x"][..],
        &["key", "add", "x", "--all", "--days", "181"],
        &["key", "add", "x", "--all", "--domain", "d1"],
        &["key", "add", "x", "--domain", "a b"],
    ] {
        refused(&demo.domain(bad), 2);
    }
    refused(&demo.domain(&["key", "add", "\u{7}", "--all"]), 1);

    // Who was at the command line stands in the log of changes.
    let file = demo.declared("d1.json", "/applications/0/name", json!("Anders"));
    said(&demo.domain(&["apply", text(&file), "--yes"]));
    let (_, log) = demo.asked("d1/beheer/audit", of_all);
    assert_eq!(log["changes"][0]["who"], "jansen at the command line");
    assert_eq!(log["changes"][0]["changes"][0]["is"], "Anders");
}

#[test]
fn who_names_nobody_is_told_what_to_name() {
    let domain = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluis"));
        let command = command.arg("domain").args(arguments);
        command.output().expect("runs")
    };
    let nobody = refused(&domain(&["list"]), 2);
    assert!(nobody.contains("--config"), "{nobody}");
    let nowhere = refused(&domain(&["list", "--state", "/nowhere"]), 2);
    assert!(nowhere.contains("there is no such party"), "{nowhere}");
}
