//! The clients: so many connections, on each one request after another.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jose::SigningKey;
use protocol::assertion::{LIFETIME_S_MAX, TYPE};
use serde_json::json;
use server::clock::Clock;
use tokio::task::JoinSet;

use crate::Result;
use crate::client::{Connection, member};
use crate::floor::clock;
use crate::node::{BACK, World};
use crate::plan::{Proof, Scenario};
use crate::seed::Purse;

/// Seconds before anything counts: connections open, caches fill.
pub(crate) const WARM_UP_S: u64 = 2;
/// Assertions that are signed ahead for each second; more than a core can check.
const ASSERTIONS_PER_S: u64 = 8_000;

/// A scenario under way.
pub(crate) struct Run {
    shared: Arc<Shared>,
    clients: JoinSet<Result<Vec<Duration>>>,
}

/// What all connections of a run share.
struct Shared {
    purse: Arc<Purse>,
    proof: Proof,
    key: Arc<SigningKey>,
    issuer: String,
    assertions: Mutex<Vec<String>>,
    signed: AtomicU64,
    counts: AtomicBool,
    answers: AtomicU64,
    until: Instant,
}

/// Opens the connections and begins.
pub(crate) async fn start(world: &World, scenario: Scenario, seconds: u64) -> Result<Run> {
    let proof = scenario.proof;
    let mut shared = Shared {
        purse: world.purse(proof),
        proof,
        key: Arc::clone(&world.key),
        issuer: world.issuer(),
        assertions: Mutex::default(),
        signed: AtomicU64::new(0),
        counts: AtomicBool::new(false),
        answers: AtomicU64::new(0),
        until: clock(),
    };
    if proof == Proof::Assertion {
        let ahead = (0..seconds * ASSERTIONS_PER_S).map(|_| shared.sign());
        let ahead: Result<Vec<String>> = ahead.collect();
        shared.assertions = Mutex::new(ahead?);
    }
    let mut connections = Vec::new();
    for _ in 0..scenario.connections {
        connections.push(Connection::open(world.tls(proof), BACK, world.address()).await?);
    }
    shared.until = clock() + Duration::from_secs(seconds);
    let shared = Arc::new(shared);
    let mut clients = JoinSet::new();
    for connection in connections {
        clients.spawn(refresh(connection, Arc::clone(&shared)));
    }
    Ok(Run { shared, clients })
}

/// Refreshes, over and over, until the time is up: how long each took that counted.
async fn refresh(mut connection: Connection, shared: Arc<Shared>) -> Result<Vec<Duration>> {
    let mut took = Vec::new();
    while clock() < shared.until {
        let token = shared.purse.take().ok_or("fewer grants than connections")?;
        let form = shared.form(&token)?;
        let (counts, begun) = (shared.counts.load(Ordering::Relaxed), clock());
        let (status, body) = connection.post("/token", &form).await?;
        let next = member(body, "refresh_token").filter(|_| status == 200);
        let Some(next) = next else {
            return Err(format!("the server answers {status}: {body}").into());
        };
        shared.purse.put(next.to_owned());
        if counts {
            took.push(begun.elapsed());
            shared.answers.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(took)
}

impl Shared {
    fn form(&self, token: &str) -> Result<String> {
        let client_id = self.proof.client_id();
        let mut form =
            format!("grant_type=refresh_token&client_id={client_id}&refresh_token={token}");
        if self.proof == Proof::Assertion {
            let ahead = self
                .assertions
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop();
            let assertion = ahead.map_or_else(|| self.sign(), Ok)?;
            form.push_str("&client_assertion_type=");
            form.push_str(&TYPE.replace(':', "%3A"));
            form.push_str("&client_assertion=");
            form.push_str(&assertion);
        }
        Ok(form)
    }

    /// An assertion as a client makes it, with a number of its own.
    fn sign(&self) -> Result<String> {
        let (client_id, now) = (self.proof.client_id(), Clock::system().now());
        let number = self.signed.fetch_add(1, Ordering::Relaxed);
        let claims = json!({
            "iss": client_id, "sub": client_id, "aud": self.issuer,
            "iat": now.unix(), "exp": now.plus_s(LIFETIME_S_MAX).unix(),
            "jti": format!("{:?}.{number}", self.until),
        });
        Ok(self.key.sign("JWT", &claims)?)
    }
}

impl Run {
    /// From here on answers count.
    pub(crate) fn count_from_now(&self) {
        self.shared.counts.store(true, Ordering::Relaxed);
    }

    /// The answers that counted so far.
    pub(crate) fn counted(&self) -> u64 {
        self.shared.answers.load(Ordering::Relaxed)
    }

    /// Waits until the last answer is there: how long each took, the quickest first.
    pub(crate) async fn end(mut self) -> Result<Vec<Duration>> {
        let mut all = Vec::new();
        while let Some(took) = self.clients.join_next().await {
            all.extend(took??);
        }
        all.sort_unstable();
        Ok(all)
    }
}
