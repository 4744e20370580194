//! The clients: so many connections, on each one request after another.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::Result;
use crate::assertions::{self, Assertions};
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
    counting: Arc<Counting>,
    clients: JoinSet<Result<Vec<Duration>>>,
}

/// What counts, of all connections of a run.
pub(crate) struct Counting {
    counts: AtomicBool,
    answers: AtomicU64,
    until: Instant,
}

/// What all connections of a run share.
struct Shared {
    purse: Arc<Purse>,
    proof: Proof,
    issuer: String,
    assertions: Assertions,
    /// Signed before the run.
    ahead: Mutex<Vec<String>>,
}

/// Opens the connections and begins.
pub(crate) async fn start(world: &World, scenario: Scenario, seconds: u64) -> Result<Run> {
    let proof = scenario.proof;
    let mut shared = Shared {
        purse: world.purse(proof),
        proof,
        issuer: world.issuer(),
        assertions: Assertions::new(&world.key, proof.client_id()),
        ahead: Mutex::default(),
    };
    if proof == Proof::Assertion {
        let ahead = (0..seconds * ASSERTIONS_PER_S).map(|_| shared.assertions.sign(&shared.issuer));
        let ahead: Result<Vec<String>> = ahead.collect();
        shared.ahead = Mutex::new(ahead?);
    }
    let mut connections = Vec::new();
    for _ in 0..scenario.connections {
        connections.push(Connection::open(world.tls(proof), BACK, world.node.address()).await?);
    }
    let shared = Arc::new(shared);
    let mut run = Run::of(seconds);
    for connection in connections {
        run.client(|counting| refresh(connection, Arc::clone(&shared), counting));
    }
    Ok(run)
}

/// Refreshes, over and over, until the time is up: how long each took that counted.
async fn refresh(
    mut connection: Connection,
    shared: Arc<Shared>,
    counting: Arc<Counting>,
) -> Result<Vec<Duration>> {
    let mut took = Vec::new();
    while counting.goes_on() {
        let token = shared.purse.take().ok_or("fewer grants than connections")?;
        let form = shared.form(&token)?;
        let begun = counting.begin();
        let (status, body) = connection.post("/token", &form).await?;
        let next = member(body, "refresh_token").filter(|_| status == 200);
        let Some(next) = next else {
            return Err(format!("the server answers {status}: {body}").into());
        };
        shared.purse.put(next.to_owned());
        took.extend(counting.end(begun));
    }
    Ok(took)
}

impl Shared {
    fn form(&self, token: &str) -> Result<String> {
        let client_id = self.proof.client_id();
        let mut form =
            format!("grant_type=refresh_token&client_id={client_id}&refresh_token={token}");
        if self.proof == Proof::Assertion {
            let ahead = self.ahead.lock();
            let ahead = ahead.unwrap_or_else(PoisonError::into_inner).pop();
            let assertion = ahead.map_or_else(|| self.assertions.sign(&self.issuer), Ok)?;
            form.push('&');
            form.push_str(&assertions::fields(&assertion));
        }
        Ok(form)
    }
}

impl Counting {
    /// Whether there is time for one more.
    pub(crate) fn goes_on(&self) -> bool {
        clock() < self.until
    }

    /// When a request begins, if it counts.
    pub(crate) fn begin(&self) -> Option<Instant> {
        self.counts.load(Ordering::Relaxed).then(clock)
    }

    /// How long it took, if it counted.
    pub(crate) fn end(&self, begun: Option<Instant>) -> Option<Duration> {
        let took = begun?.elapsed();
        self.answers.fetch_add(1, Ordering::Relaxed);
        Some(took)
    }
}

impl Run {
    /// A run of so many seconds from now on, without clients yet.
    pub(crate) fn of(seconds: u64) -> Self {
        Self {
            counting: Arc::new(Counting {
                counts: AtomicBool::new(false),
                answers: AtomicU64::new(0),
                until: clock() + Duration::from_secs(seconds),
            }),
            clients: JoinSet::new(),
        }
    }

    /// Begins with one client more.
    pub(crate) fn client<F>(&mut self, client: impl FnOnce(Arc<Counting>) -> F)
    where
        F: Future<Output = Result<Vec<Duration>>> + Send + 'static,
    {
        self.clients.spawn(client(Arc::clone(&self.counting)));
    }

    /// From here on answers count.
    pub(crate) fn count_from_now(&self) {
        self.counting.counts.store(true, Ordering::Relaxed);
    }

    /// The answers that counted so far.
    pub(crate) fn counted(&self) -> u64 {
        self.counting.answers.load(Ordering::Relaxed)
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
