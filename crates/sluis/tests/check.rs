//! `sluis check` on configurations that are broken in one way each: what it says stands in `check/`.
//! `SLUIS_RECORD=1` writes what it says now.

mod common;
#[path = "common/node.rs"]
mod node;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use common::State;
use node::{CLIENTS, PROVIDERS, serve, sluis, stop};
use testkit::{Authority, Cluster, Installation, Role, Store};

/// One way to break a configuration: its name, the role, and what is done to the folder.
type Case = (&'static str, Role, fn(&mut Installation));

/// The one case in which others are called.
const CALLED: &str = "nobody-there";

const CASES: [Case; 24] = [
    ("unknown-setting", Role::Mitz, |at| {
        at.change("[mitz]\n", "[mitz]\nmin_levl = \"hoog\"\n");
    }),
    ("state-of-somebody-else", Role::Mitz, |at| {
        std::fs::create_dir(at.folder.join("shared")).expect("a folder");
        at.write("shared/somebody's", "letter");
        at.open_to_all("shared");
        at.change("state = \"state\"", "state = \"shared\"");
    }),
    ("no-master-key", Role::Mitz, |at| {
        at.change(
            "master_file = \"master.key\"",
            "master_file = \"elsewhere.key\"",
        );
    }),
    ("master-key-for-all", Role::Mitz, |at| {
        at.open_to_all("master.key");
    }),
    ("certificate-of-another-host", Role::Mitz, |at| {
        let other = at.authority.issue("andere.localhost");
        at.keep("mitz.localhost", &other);
    }),
    // core.tls.315 (medmij case 82)
    ("certificate-with-a-wildcard", Role::Dva, |at| {
        let other = at.authority.issue_with_wildcard("dva.localhost");
        at.keep("dva.localhost", &other);
    }),
    ("certificate-over", Role::Mitz, |at| {
        let old = at.authority.issue_expired("mitz.localhost");
        at.keep("mitz.localhost", &old);
    }),
    ("key-of-another-certificate", Role::Mitz, |at| {
        let other = at.authority.issue("mitz.localhost");
        at.write_private("mitz.localhost.key", other.key.as_bytes());
    }),
    ("key-for-all", Role::Mitz, |at| {
        at.open_to_all("mitz.localhost.key");
    }),
    ("key-behind-a-passphrase", Role::Mitz, |at| {
        let pem =
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
        at.write_private("mitz.localhost.key", pem.as_bytes());
    }),
    ("log-that-cannot-be-written", Role::Mitz, |at| {
        std::fs::create_dir_all(at.folder.join("state/log.jsonl")).expect("a folder");
        let closed = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(at.folder.join("state"), closed).expect("ours");
    }),
    // RFC 9440
    ("proxies-of-a-site-that-never-asks", Role::Mitz, |at| {
        at.change(
            "host = \"mitz.localhost\"",
            "proxies = [\"proxy.localhost\"]\nhost = \"mitz.localhost\"",
        );
    }),
    ("two-sockets-with-one-address", Role::Mitz, |at| {
        let (admin, port) = (at.admin.to_string(), at.port.to_string());
        at.change(&admin, &port);
    }),
    ("node-of-another-name", Role::Mitz, |at| {
        at.change(
            "host = \"mitz-back.localhost\"",
            "host = \"achterkant.localhost\"",
        );
    }),
    ("root-that-is-none", Role::Mitz, |at| {
        at.write("ca.pem", "niets\n");
    }),
    ("root-of-the-demo", Role::Mitz, |at| {
        let demo = demo_authority(at);
        at.write("ca.pem", &demo);
    }),
    ("revocation-list-over", Role::Mitz, |at| {
        at.new_revocation_list(2021);
    }),
    ("revocation-list-of-a-stranger", Role::Mitz, |at| {
        let list = Authority::new("Vreemde CA").revocation_list(2099);
        at.write("ca.crl", &list);
    }),
    ("no-client", Role::Mitz, |at| {
        at.write("registers/clients.json", "[]\n");
    }),
    ("register-misspelt", Role::Dva, |at| {
        let text = PROVIDERS.replace("weergavenaam", "weergavenam");
        at.write("registers/providers.json", &text);
    }),
    ("digid-that-is-none", Role::Mitz, |at| {
        at.write("digid.xml", "<a/>\n");
    }),
    ("hm-without-services", Role::Hm, |at| {
        at.write(
            "registers/etoegang.json",
            r#"{ "schema_version": 1, "dienstverleners": [], "diensten": [] }"#,
        );
    }),
    ("ad-with-people-in-a-file", Role::Ad, |at| {
        at.write(
            "registers/etoegang.json",
            r#"{ "schema_version": 1, "dienstverleners": [], "diensten": [], "middelen": [] }"#,
        );
    }),
    (CALLED, Role::Dva, |_| {}),
];

/// The authority of a demo, whose certificates no node takes.
fn demo_authority(at: &Installation) -> String {
    let state = at.folder.join("demo").display().to_string();
    let made = common::sluis(&["--state", &state, "--print-ca"]).output();
    String::from_utf8(made.expect("runs").stdout).expect("PEM")
}

/// What `sluis check` says of an installation, without what differs from run to run.
fn said(at: &Installation, more: &[&str], code: i32) -> String {
    let checked = sluis("check", at).args(more).output().expect("runs");
    let said = String::from_utf8(checked.stdout).expect("UTF-8");
    assert_eq!(checked.status.code(), Some(code), "{said}");
    let folder = at.folder.display().to_string();
    let said = said.replace(&folder, "ETC");
    said.replace(&format!(":{}", at.port), ":PORT")
}

fn is_as_recorded(name: &str, said: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/check/{name}.txt"));
    if std::env::var_os("SLUIS_RECORD").is_some() {
        std::fs::write(&file, said).expect("writable");
    }
    let recorded = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(said, recorded, "{}", file.display());
}

/// The lines that tell of a fault.
fn faults(said: &str) -> Vec<&str> {
    said.lines()
        .filter(|line| line.starts_with("FAULT"))
        .collect()
}

#[test]
fn each_broken_configuration_is_told_of_with_its_remedy_and_no_two_alike() {
    let mut told: Vec<String> = Vec::new();
    for (name, role, breaks) in CASES {
        let state = State::new(&format!("check-{name}"));
        let mut at = Installation::lay(&state.0, &[role], &Store::Sqlite, CLIENTS, PROVIDERS);
        breaks(&mut at);
        let offline: &[&str] = if name == CALLED { &[] } else { &["--offline"] };
        let said = said(&at, offline, 1);
        is_as_recorded(name, &said);
        let faults = faults(&said).join("\n");
        assert!(!faults.is_empty(), "{name}: {said}");
        assert!(
            !told.contains(&faults),
            "{name} says what another says: {faults}"
        );
        told.push(faults);
    }
}

#[test]
fn rows_under_another_master_key_are_told_of_before_the_node_refuses_them() {
    let state = State::new("check-another-master");
    let at = Installation::lay(&state.0, &[Role::Mitz], &Store::Sqlite, CLIENTS, PROVIDERS);
    assert_eq!(stop(serve(&at)).code(), Some(0));
    assert!(faults(&said(&at, &["--offline"], 0)).is_empty());

    at.write_private("master.key", &[8; 32]);
    let said = said(&at, &["--offline"], 1);
    let faults = faults(&said);
    assert_eq!(faults.len(), 1, "{said}");
    assert!(faults[0].contains("keys of mitz"), "{said}");
    assert!(faults[0].contains("another master key"), "{said}");
}

#[test]
fn a_database_is_told_of_until_it_is_there_migrated_and_keeps_what_it_answered() {
    let state = State::new("check-postgresql");
    let cluster = Cluster::start("");
    let store = Store::Postgresql(cluster.address());
    let at = Installation::lay(&state.0, &[Role::Mitz], &store, CLIENTS, PROVIDERS);
    let of_store = |said: &str| {
        let lines = said.lines().filter(|line| line.contains("store of mitz"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let before = of_store(&said(&at, &["--offline"], 1));
    assert!(
        before[0].starts_with("FAULT") && before[0].contains("run `sluis migrate`"),
        "{before:?}"
    );

    assert!(sluis("migrate", &at).status().expect("runs").success());
    let after = of_store(&said(&at, &["--offline"], 0));
    assert!(after[0].starts_with("good"), "{after:?}");
    assert!(after[0].contains("schema sluis_mitz"), "{after:?}");
    assert!(
        after[1].starts_with("good") && after[1].contains("clock"),
        "{after:?}"
    );

    cluster.sql("sluis", "ALTER DATABASE sluis SET synchronous_commit = off");
    let forgetful = of_store(&said(&at, &["--offline"], 1));
    assert!(
        forgetful[0].contains("synchronous_commit = off"),
        "{forgetful:?}"
    );

    cluster.stop("fast");
    let away = of_store(&said(&at, &["--offline"], 1));
    assert!(away[0].starts_with("FAULT"), "{away:?}");
    assert!(away[0].contains("cannot be used"), "{away:?}");
}

#[test]
fn a_clock_that_is_two_minutes_off_is_named() {
    // RFC 9110 §6.6.1
    let state = State::new("check-clock");
    let mut at = Installation::lay(&state.0, &[Role::Mitz], &Store::Sqlite, CLIENTS, PROVIDERS);
    let lokalisatie = at.authority.issue("lokalisatie.localhost");
    let port = answers_with_the_time_of(&lokalisatie, 120);
    at.change(
        "lokalisatie.localhost:1\"",
        &format!("lokalisatie.localhost:{port}\""),
    );
    let said = said(&at, &[], 1);
    let of_it = |line: &&str| line.contains("clock against mitz.lokalisatie");
    let line = said.lines().find(of_it).expect("a line of its own");
    assert!(line.starts_with("FAULT"), "{line}");
    let seconds = ["119 s ahead of ours", "120 s ahead of ours"];
    assert!(seconds.iter().any(|told| line.contains(told)), "{line}");
    assert!(line.contains("NTP"), "{line}");
}

/// A server whose clock is so many seconds ahead; its port.
fn answers_with_the_time_of(shown: &testkit::Issued, ahead_s: u32) -> u16 {
    use server::clock::Clock;
    let identity = node::identity(shown);
    let now = Clock::system().wall().plus_s(ahead_s).unix();
    let date = server::date::http(now);
    let router = axum::Router::new().fallback(move || {
        let date = date.clone();
        async move { ([("date", date)], "there") }
    });
    node::serve_router("lokalisatie.localhost", identity, router)
}
