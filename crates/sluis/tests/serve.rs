//! `sluis serve` and `sluis check`: a node in a process of its own, by a configuration of its own.

mod common;
#[path = "common/node.rs"]
mod node;

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::State;
use node::{
    CLIENT, CLIENTS, PROVIDERS, admin, admin_json, caller, get, serve, signal, sluis, stop, url,
};
use server::outside::{Headers, Outside};
use testkit::{Installation, Role, Store};

/// A node looks at its files when it gets SIGHUP; this is how often a test looks whether it did.
const AGAIN: Duration = Duration::from_millis(50);
const TRIES_MAX: u32 = 200;

fn mitz(state: &State) -> Installation {
    Installation::lay(&state.0, &[Role::Mitz], &Store::Sqlite, CLIENTS, PROVIDERS)
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime")
}

/// A token request that nothing is granted to; it shows who was let in.
async fn asks_for_a_token(from: &Outside, at: &Installation) -> Option<u16> {
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "nothing"),
        ("client_id", CLIENT),
    ];
    let to = url(at, "mitz-back", "/token");
    let asked = from.post_form(&to, &fields, Headers::default());
    asked.await.ok().map(|answer| answer.status.as_u16())
}

#[test]
fn a_node_serves_its_role_tells_its_health_and_drains_when_it_is_told_to_stop() {
    let state = State::new("serve");
    let at = mitz(&state);
    let node = serve(&at);
    assert_eq!(admin(&at, "/health/live"), (200, "live\n".to_owned()));
    let (status, told) = admin(&at, "/health/ready");
    assert_eq!(status, 200, "{told}");
    assert!(told.contains("\"mitz\":\"ready\""), "{told}");
    // The first key of each purpose of Mitz.
    assert_eq!(
        admin_json(&at, "/health/figures")["roles"]["mitz"]["commits"],
        8
    );
    assert_eq!(admin(&at, "/anything").0, 404);
    runtime().block_on(async {
        let metadata = url(&at, "mitz", "/.well-known/openid-configuration");
        let answer = get(&caller(&at, None), &metadata).await.expect("an answer");
        let metadata: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!(
            metadata["issuer"],
            format!("https://mitz.localhost:{}", at.port)
        );
        let strict = answer.headers.get("strict-transport-security");
        assert!(
            strict.is_some(),
            "a node tells browsers to use nothing but TLS"
        );
    });
    let hosts = &admin_json(&at, "/health/figures")["hosts"];
    let one = serde_json::json!({ "answers": 1, "failed": 0, "late": 0 });
    assert_eq!(hosts["mitz.localhost"], one);
    assert_eq!(hosts["mitz-back.localhost"]["answers"], 0);
    assert_eq!(stop(node).code(), Some(0));
    let again = serve(&at);
    assert_eq!(
        admin(&at, "/health/ready").0,
        200,
        "it finds its state again"
    );
    assert_eq!(stop(again).code(), Some(0));
}

#[test]
fn one_node_plays_every_role_that_its_configuration_names() {
    let state = State::new("serve-all");
    let at = Installation::lay(&state.0, &Role::ALL, &Store::Sqlite, CLIENTS, PROVIDERS);
    let node = serve(&at);
    let (status, told) = admin(&at, "/health/ready");
    assert_eq!(status, 200, "{told}");
    for role in ["mitz", "lokalisatie", "dva", "pgo", "hm", "ad", "mr"] {
        assert!(told.contains(&format!("\"{role}\":\"ready\"")), "{told}");
    }
    runtime().block_on(async {
        let anybody = caller(&at, None);
        let pages = get(&anybody, &url(&at, "pgo", "/"))
            .await
            .expect("an answer");
        assert_eq!(pages.status.as_u16(), 200);
        let keys = get(&anybody, &url(&at, "dva", "/jwks"))
            .await
            .expect("an answer");
        assert_eq!(keys.status.as_u16(), 200);
        let closed = get(&anybody, &url(&at, "lokalisatie", "/")).await;
        assert!(closed.is_err(), "nobody gets in without a certificate");
    });
    assert_eq!(stop(node).code(), Some(0));
}

#[test]
fn a_key_of_administration_is_made_listed_and_withdrawn_while_the_node_serves() {
    let state = State::new("serve-beheer");
    let at = Installation::lay(&state.0, &[Role::Ad], &Store::Sqlite, "[]", "[]");
    let node = serve(&at);
    let administration = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sluis"));
        command.args(["keys", "administration"]).args(arguments);
        command.args(["--role", "ad", "--config"]).arg(at.config());
        let done = command.output().expect("runs");
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).expect("UTF-8")
    };
    let made = administration(&["add", "middelenuitgever", "--json"]);
    let made: serde_json::Value = serde_json::from_str(&made).expect("JSON");
    let text = |name: &str| made["made"][name].as_str().expect("text").to_owned();
    let (id, secret) = (text("id"), text("secret"));
    let listed = administration(&["list"]);
    assert!(
        listed.contains(&id) && !listed.contains(&secret),
        "{listed}"
    );

    let means = url(&at, "ad", "/beheer/middelen/niemand");
    let status = || {
        let headers = Headers::none().bearer(&secret);
        let asked = async { caller(&at, None).get(&means, headers).await };
        runtime()
            .block_on(asked)
            .expect("an answer")
            .status
            .as_u16()
    };
    assert_eq!(
        status(),
        404,
        "whoever holds the key learns that there is none"
    );
    administration(&["withdraw", &id]);
    assert_eq!(status(), 401);
    assert_eq!(stop(node).code(), Some(0));
}

#[test]
fn a_second_node_on_one_sqlite_is_refused_and_told_why() {
    let state = State::new("serve-twice");
    let at = mitz(&state);
    let _node = serve(&at);
    let text = std::fs::read_to_string(at.config()).expect("there");
    let other = text
        .replace(&at.port.to_string(), "0")
        .replace(&at.admin.to_string(), "0");
    at.write(
        "sluis.toml",
        &other.replace(
            "listener = \"public\"",
            "listener = \"public\"\nurl = \"https://mitz.localhost\"",
        ),
    );
    let second = sluis("serve", &at).output().expect("runs");
    assert_eq!(second.status.code(), Some(2));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("another"), "{said}");
}

#[test]
fn a_new_certificate_is_shown_without_a_restart_and_a_broken_one_changes_nothing() {
    let state = State::new("serve-renew");
    let mut at = mitz(&state);
    let node = serve(&at);
    let run = runtime();
    let metadata = url(&at, "mitz", "/jwks");
    let answers = |from: &Outside| run.block_on(get(from, &metadata)).is_ok();
    let before = caller(&at, None);
    assert!(answers(&before));

    at.write("mitz.localhost.pem", "nothing\n");
    signal(&node, "HUP");
    wait_until(|| admin_json(&at, "/health/ready")["not_renewed"] == 1);
    assert!(answers(&caller(&at, None)), "what was used before still is");

    // A new authority in place of the old one: everything changes at once.
    let old = std::mem::replace(&mut at.authority, testkit::Authority::new("Nieuwe CA"));
    at.write("ca.pem", &at.authority.pem());
    at.new_revocation_list(2099);
    for host in [
        "mitz.localhost",
        "mitz-back.localhost",
        "toestemmingen.localhost",
    ] {
        at.new_certificate(host);
    }
    signal(&node, "HUP");
    wait_until(|| answers(&caller(&at, None)));
    wait_until(|| admin_json(&at, "/health/ready")["not_renewed"] == 0);
    let by_the_old = Installation {
        authority: old,
        folder: at.folder.clone(),
        ..at
    };
    assert!(
        !answers(&caller(&by_the_old, None)),
        "the old certificate is shown no more"
    );
}

#[test]
fn a_revoked_client_gets_in_no_more_and_a_list_that_is_over_lets_nobody_in() {
    let state = State::new("serve-revoked");
    let mut at = mitz(&state);
    let (good, revoked) = (at.authority.issue(CLIENT), at.authority.issue(CLIENT));
    let node = serve(&at);
    let run = runtime();
    let status = |at: &Installation, shown| {
        run.block_on(async { asks_for_a_token(&caller(at, Some(shown)), at).await })
    };
    assert_eq!(
        status(&at, &good),
        Some(400),
        "known, and refused for its token alone"
    );
    assert_eq!(status(&at, &revoked), Some(400));

    at.authority.revoke(revoked.serial);
    at.new_revocation_list(2099);
    signal(&node, "HUP");
    wait_until(|| status(&at, &revoked).is_none());
    assert_eq!(status(&at, &good), Some(400));

    // RFC 5280 §5.1.2.5; it fails closed, as the design asks.
    at.new_revocation_list(2021);
    signal(&node, "HUP");
    wait_until(|| status(&at, &good).is_none());
    let checked = sluis("check", &at).output().expect("runs");
    assert_eq!(checked.status.code(), Some(1));
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(said.contains("was to be followed at 2021-12-31"), "{said}");

    at.new_revocation_list(2099);
    signal(&node, "HUP");
    wait_until(|| status(&at, &good) == Some(400));
    assert_eq!(admin_json(&at, "/health/ready")["not_renewed"], 0);
    std::fs::remove_file(at.folder.join("ca.crl")).expect("there");
    signal(&node, "HUP");
    wait_until(|| status(&at, &good).is_none());
    // It tells once it has looked at everything, and goes on telling.
    wait_until(|| admin_json(&at, "/health/ready")["not_renewed"] == 1);
    let pages = url(&at, "mitz", "/jwks");
    let front = run.block_on(async { get(&caller(&at, None), &pages).await });
    assert!(
        front.is_ok(),
        "hosts that ask for no certificate are served"
    );
}

#[test]
fn a_new_list_revokes_also_where_a_certificate_or_an_authority_cannot_be_taken() {
    // design §5 "revocation of certificates"
    let state = State::new("serve-revoked-broken");
    let mut at = mitz(&state);
    let good = at.authority.issue(CLIENT);
    let revoked = [at.authority.issue(CLIENT), at.authority.issue(CLIENT)];
    let node = serve(&at);
    let run = runtime();
    let status = |at: &Installation, shown| {
        run.block_on(async { asks_for_a_token(&caller(at, Some(shown)), at).await })
    };
    let whole = at.authority.pem();
    let breaks = [
        ("mitz-back.localhost.pem", "nothing\n"),
        ("ca.pem", "nothing\n"),
    ];
    for (count, ((file, broken), revoked)) in breaks.into_iter().zip(&revoked).enumerate() {
        assert_eq!(status(&at, revoked), Some(400), "{file}");
        at.write(file, broken);
        at.authority.revoke(revoked.serial);
        at.new_revocation_list(2099);
        signal(&node, "HUP");
        wait_until(|| status(&at, revoked).is_none());
        assert_eq!(
            status(&at, &good),
            Some(400),
            "{file}: what else was there stays"
        );
        wait_until(|| admin_json(&at, "/health/ready")["not_renewed"] == count + 2);
    }
    at.write("ca.pem", &whole);
    at.new_certificate("mitz-back.localhost");
    signal(&node, "HUP");
    wait_until(|| admin_json(&at, "/health/ready")["not_renewed"] == 0);
}

#[test]
fn a_list_that_has_a_url_is_fetched_when_the_node_is_told_and_an_older_one_is_not_taken() {
    // RFC 5280 §5.2.3
    let state = State::new("serve-revoked-url");
    let mut at = mitz(&state);
    let (good, revoked) = (at.authority.issue(CLIENT), at.authority.issue(CLIENT));
    let before = at.authority.revocation_list(2099);
    at.authority.revoke(revoked.serial);
    let after = at.authority.revocation_list(2099);
    let published = Arc::new(Mutex::new(before.clone()));
    let port = publishes(&published);
    let url = format!("crls = [\"http://dva.localhost:{port}/ca.crl\"]");
    at.change("crls = [\"ca.crl\"]", &url);

    let node = serve(&at);
    let run = runtime();
    let status =
        |shown| run.block_on(async { asks_for_a_token(&caller(&at, Some(shown)), &at).await });
    let publish = |list: &str| {
        list.clone_into(&mut published.lock().expect("whole"));
        signal(&node, "HUP");
    };
    assert_eq!(status(&revoked), Some(400));
    publish(&after);
    wait_until(|| status(&revoked).is_none());
    assert_eq!(status(&good), Some(400));

    publish(&before);
    wait_until(|| admin_json(&at, "/health/ready")["not_renewed"] == 1);
    assert_eq!(status(&revoked), None, "the newer list is held");
    assert_eq!(status(&good), Some(400));
}

/// A server without TLS that answers with what is published, in a thread that goes with the process;
/// its port.
fn publishes(list: &Arc<Mutex<String>>) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let list = Arc::clone(list);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a caller");
            let _ = stream.read(&mut [0; 4096]);
            let list = list.lock().expect("whole").clone();
            let head = format!(
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}",
                list.len()
            );
            let _ = stream.write_all(format!("{head}\r\n\r\n{list}").as_bytes());
        }
    });
    port
}

fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    let found = std::fs::metadata(path).expect("there");
    found.permissions().mode() & 0o777
}

#[test]
fn a_backup_leaves_a_folder_that_is_there_as_it_is_and_closes_its_copies() {
    use std::os::unix::fs::PermissionsExt as _;
    let state = State::new("serve-backup-folder");
    let at = mitz(&state);
    let copies = at.folder.join("copies");
    std::fs::create_dir(&copies).expect("a folder");
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&copies, open).expect("ours");
    let backup = || {
        let mut backup = sluis("backup", &at);
        backup.arg("--to").arg(&copies).output().expect("runs")
    };
    let early = backup();
    let said = String::from_utf8_lossy(&early.stderr).into_owned();
    assert!(said.contains("there is no store yet"), "{said}");

    assert_eq!(stop(serve(&at)).code(), Some(0));
    assert!(backup().status.success());
    assert_eq!(mode(&copies), 0o755);
    assert_eq!(mode(&copies.join("mitz.sqlite3")), 0o600);
}

fn wait_until(mut holds: impl FnMut() -> bool) {
    for _ in 0..TRIES_MAX {
        if holds() {
            return;
        }
        std::thread::sleep(AGAIN);
    }
    unreachable!("it did not come about");
}

#[test]
fn a_backup_is_taken_while_the_node_serves_and_begins_an_epoch_when_it_is_restored() {
    let state = State::new("serve-backup");
    let at = mitz(&state);
    let node = serve(&at);
    let copies = at.folder.join("copies");
    let backup = || {
        sluis("backup", &at)
            .arg("--to")
            .arg(&copies)
            .output()
            .expect("runs")
    };
    assert!(backup().status.success());
    assert_eq!(mode(&copies), 0o700, "a folder that was made for it");
    let twice = backup();
    assert!(!twice.status.success(), "a copy is not replaced");
    let said = String::from_utf8_lossy(&twice.stderr).into_owned();
    assert!(said.contains("name another folder"), "{said}");
    assert_eq!(stop(node).code(), Some(0));

    let rows = at.folder.join("state/mitz");
    let restored = |taken: &str| {
        let mut command = sluis("restore", &at);
        let command = command.arg("--from").arg(&copies);
        command
            .args(["--backup-taken", taken])
            .output()
            .expect("runs")
    };
    assert_eq!(restored("yesterday").status.code(), Some(2));
    let there = restored("2026-11-27T03:00:00Z");
    assert_eq!(
        there.status.code(),
        Some(1),
        "rows that are there are not replaced"
    );

    let _ = std::fs::remove_file(rows.join("store.sqlite3"));
    for name in ["store.sqlite3-wal", "store.sqlite3-shm"] {
        std::fs::write(rows.join(name), "of other rows").expect("writable");
        let refused = restored("2026-11-27T03:00:00Z");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains(&format!("{name}: there are rows")), "{said}");
        std::fs::remove_file(rows.join(name)).expect("there");
    }
    std::fs::copy(copies.join("mitz.sqlite3"), rows.join("store.sqlite3")).expect("put there");
    let refused = sluis("serve", &at).output().expect("runs");
    assert_eq!(
        refused.status.code(),
        Some(2),
        "a backup is no database to serve"
    );
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("sluis restore"), "{said}");

    std::fs::remove_file(rows.join("store.sqlite3")).expect("there");
    let begun = restored("2026-11-27T03:00:00Z");
    let said = String::from_utf8_lossy(&begun.stdout).into_owned();
    assert!(
        said.starts_with("mitz: epoch 1. Removed: 0 grants"),
        "{said}"
    );
    assert_eq!(stop(serve(&at)).code(), Some(0));
}
