//! A node whose clock is wrong, beside one whose clock is right.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use jose::{Algorithm, Jwks, RsaSize, SigningKey, generate_pkcs8};
use load::client::{Connection, member};
use load::proof::Proof;
use load::seed::Purse;
use protocol::assertion::TYPE;
use rustls::ClientConfig;
use serde_json::{Value, json};
use server::clock::Clock;
use testkit::{Cluster, Installation, Store};

use super::node::{Node, begin};
use super::nodes::SECOND;
use super::world::{BACK, World, believing};

/// How long the assertions of the client are good, in seconds: less than the clocks differ.
const ASSERTION_S: u32 = 30;
/// The refusal of a token whose times are not now, as an operator reads it.
const NOT_NOW: &str = "the token is expired, altered or none of ours";
/// And of one that is good, of a person who consented to nothing.
const NOTHING_THERE: &str = "the grant has ended or was withdrawn";

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_two_minutes_off_is_named_and_one_that_is_right_is_not() {
    let two = Two::start("clock-check").await;
    for (clock, code, says) in [
        ("+120s", 1, "120 s behind ours: one of the two is wrong"),
        ("-120s", 1, "120 s ahead of ours: one of the two is wrong"),
        ("+0s", 0, "clock against the store of mitz"),
    ] {
        let mut check = Command::new(env!("CARGO_BIN_EXE_sluis"));
        check.args(["check", "--offline", "--config"]);
        let told = with_clock(check.arg(&two.config), clock).output();
        let told = told.expect("it runs");
        let lines = String::from_utf8(told.stdout).expect("text");
        assert_eq!(told.status.code(), Some(code), "{clock}: {lines}");
        assert!(lines.contains(says), "{clock}: {lines}");
        let faults = lines.lines().filter(|line| line.starts_with("FAULT"));
        assert!(
            faults.clone().all(|fault| fault.contains("clock against")),
            "{lines}"
        );
        assert_eq!(faults.count(), usize::from(code == 1), "{lines}");
    }
}

/// A refresh token tells no time: every node takes it, whoever gave it.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_two_minutes_off_takes_refresh_tokens_and_its_own_are_taken_elsewhere() {
    let two = Two::start("clock-refresh").await;
    for (number, clock) in (0..).zip(["+120s", "-120s"]) {
        let _wrong = two.wrong(clock);
        for (generation, at) in (0..).zip([Which::Wrong, Which::Right, Which::Wrong]) {
            let (status, _) = two.refresh(at, number, generation).await;
            assert_eq!(status, 200, "{clock} {at:?}");
        }
    }
}

/// An access token counts from its `iat`, with a leeway of 60 s, to its `exp`. (RFC 7519 §4.1.4, §4.1.6)
#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_from_the_future_is_taken_within_a_minute_and_not_beyond() {
    let two = Two::start("clock-access").await;
    for (number, (clock, of_right_at_wrong, of_wrong_at_right)) in (0..).zip([
        ("+120s", NOTHING_THERE, NOT_NOW),
        ("-120s", NOT_NOW, NOTHING_THERE),
        ("+50s", NOTHING_THERE, NOTHING_THERE),
        ("-50s", NOTHING_THERE, NOTHING_THERE),
    ]) {
        let _wrong = two.wrong(clock);
        let given = two.refresh(Which::Right, number, 0).await.1;
        assert_eq!(
            two.uses(Which::Right, &given).await,
            NOTHING_THERE,
            "{clock}"
        );
        assert_eq!(
            two.uses(Which::Wrong, &given).await,
            of_right_at_wrong,
            "{clock}"
        );
        let given = two.refresh(Which::Wrong, number, 1).await.1;
        assert_eq!(
            two.uses(Which::Wrong, &given).await,
            NOTHING_THERE,
            "{clock}"
        );
        assert_eq!(
            two.uses(Which::Right, &given).await,
            of_wrong_at_right,
            "{clock}"
        );
    }
}

/// A client whose clock is right proves itself to a node that is off by less than a minute. (RFC 7523 §3)
#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_is_refused_by_a_node_two_minutes_off_and_taken_within_a_minute() {
    let two = Two::start("clock-assertion").await;
    for (number, (clock, refused)) in (0..).step_by(2).zip([
        ("+120s", Some("invalid_client")),
        ("-120s", Some("invalid_client")),
        ("+50s", None),
        ("-50s", None),
    ]) {
        let _wrong = two.wrong(clock);
        assert_eq!(two.asserts(Which::Right, number).await, None, "{clock}");
        assert_eq!(
            two.asserts(Which::Wrong, number + 1).await.as_deref(),
            refused,
            "{clock}"
        );
    }
}

/// Which of the two nodes.
#[derive(Clone, Copy, Debug)]
enum Which {
    Right,
    Wrong,
}

/// Two nodes on one database.
struct Two {
    world: World,
    key: SigningKey,
    /// The configuration of the one with the wrong clock.
    config: PathBuf,
    _right: Node,
}

impl Two {
    /// With the right one running.
    async fn start(name: &str) -> Self {
        let der = generate_pkcs8(Algorithm::Es256, RsaSize::Bits2048).expect("a key");
        let key = SigningKey::from_pkcs8(Algorithm::Es256, &der).expect("a key");
        let cluster = Cluster::start("");
        let store = Store::Postgresql(cluster.address());
        let register = |at: &Installation| at.write("registers/clients.json", &clients(&key));
        let world = World::lay(name, 10, &store, Some(cluster), register).await;
        let config = world.second(SECOND.into());
        let right = world.serve();
        Self {
            world,
            key,
            config,
            _right: right,
        }
    }

    /// Runs the other one by this clock.
    fn wrong(&self, clock: &str) -> Node {
        let mut command = self.world.command(&self.config);
        with_clock(&mut command, clock);
        begin(command)
    }

    fn address(&self, which: Which) -> SocketAddr {
        match which {
            Which::Right => self.world.address(),
            Which::Wrong => (SECOND, self.world.at.port).into(),
        }
    }

    /// Refreshes with the certificate: the status, and the access token.
    async fn refresh(&self, at: Which, number: u32, generation: u64) -> (u16, String) {
        let form = form(Proof::Certificate, &self.world.purse, number, generation);
        let tls = Arc::clone(&self.world.tls);
        let mut connection = Connection::open(tls, BACK, self.address(at)).await;
        let connection = connection.as_mut().expect("a connection");
        let (status, body) = connection.post("/token", &form).await.expect("an answer");
        (
            status,
            member(body, "access_token").unwrap_or("").to_owned(),
        )
    }

    /// Why the node that is asked for userinfo says no.
    async fn uses(&self, at: Which, token: &str) -> String {
        let tls = Arc::clone(&self.world.tls);
        let mut connection = Connection::open(tls, BACK, self.address(at)).await;
        let connection = connection.as_mut().expect("a connection");
        let bearer = format!("authorization: Bearer {token}\r\n");
        let answer = connection.post_with("/userinfo", &bearer, "").await;
        assert_eq!(answer.expect("an answer").0, 401);
        let state = match at {
            Which::Right => "state",
            Which::Wrong => "second",
        };
        last_refusal(&self.world.at.folder.join(state).join("log.jsonl"))
    }

    /// Refreshes with an assertion: the error, if it is refused.
    async fn asserts(&self, at: Which, number: u32) -> Option<String> {
        let assertion = assertion(&self.key, &self.world.at, number);
        let form = format!(
            "{}&client_assertion_type={}&client_assertion={assertion}",
            form(Proof::Assertion, &self.world.signers, number, 0),
            TYPE.replace(':', "%3A"),
        );
        let tls: ClientConfig = believing(&self.world.at).with_no_client_auth();
        let mut connection = Connection::open(Arc::new(tls), BACK, self.address(at)).await;
        let connection = connection.as_mut().expect("a connection");
        let (status, body) = connection.post("/token", &form).await.expect("an answer");
        assert_eq!(
            status == 200,
            member(body, "access_token").is_some(),
            "{body}"
        );
        member(body, "error").map(str::to_owned)
    }
}

fn form(proof: Proof, purse: &Purse, number: u32, generation: u64) -> String {
    let (client_id, token) = (proof.client_id(), purse.token(number, generation));
    format!("grant_type=refresh_token&client_id={client_id}&refresh_token={token}")
}

/// What a client says of itself now, by a clock that is right.
fn assertion(key: &SigningKey, at: &Installation, number: u32) -> String {
    let (client_id, now) = (Proof::Assertion.client_id(), Clock::system().now());
    let claims = json!({
        "iss": client_id, "sub": client_id, "aud": format!("https://mitz.localhost:{}", at.port),
        "iat": now.unix(), "exp": now.plus_s(ASSERTION_S).unix(), "jti": format!("once.{number}"),
    });
    key.sign("JWT", &claims).expect("signed")
}

/// Both clients of the seed.
fn clients(key: &SigningKey) -> String {
    let keys = Jwks::new(vec![key.public().clone()]).expect("keys");
    let client = |proof: Proof| {
        let id = proof.client_id();
        json!({
            "client_id": id, "organisation": "De Proef-PGO", "auth": proof.method(),
            "redirect_uris": [format!("https://{id}/callback")],
        })
    };
    let mut signer = client(Proof::Assertion);
    signer["jwks"] = keys.to_json();
    json!([client(Proof::Certificate), signer]).to_string()
}

/// The reason of the last refusal that a node wrote down.
fn last_refusal(log: &Path) -> String {
    let log = fs::read_to_string(log).expect("a log of refusals");
    let last: Value = serde_json::from_str(log.lines().last().expect("one")).expect("JSON");
    last["reason"].as_str().expect("a reason").to_owned()
}

/// Lets a program see another time: `+120s` is two minutes ahead. What waits is not changed.
fn with_clock<'c>(command: &'c mut Command, clock: &str) -> &'c mut Command {
    command
        .env("LD_PRELOAD", faketime())
        .env("FAKETIME", clock)
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
}

/// Debian's package `faketime`.
fn faketime() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").expect("a folder");
    let libraries =
        folders.filter_map(|folder| Some(folder.ok()?.path().join("faketime/libfaketime.so.1")));
    let found = libraries.into_iter().find(|library| library.exists());
    found.expect("no libfaketime under /usr/lib: apt-get install faketime, or run ./test")
}
