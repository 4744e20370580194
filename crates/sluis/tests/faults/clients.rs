//! Clients that refresh tokens on connections that stay open, for as long as a test lets them.

use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use load::client::{Connection, member};
use load::proof::Proof;
use load::seed::Purse;
use rustls::ClientConfig;
use server::home::Home;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::history::{Answer, Deed, Family, Happened, History};
use super::world::{self, BACK, World};

/// How long any answer may take, whatever the database does: the bounds of the store for connecting,
/// for two round trips and for looking for an outcome, together.
pub(crate) const ANSWERED: Duration = Duration::from_secs(20);
/// How long a client waits that was told to come back, or found nobody.
const AGAIN: Duration = Duration::from_millis(20);
/// A person withdraws as often.
const WITHDRAWN_EVERY: Duration = Duration::from_millis(7);
/// One of so many requests of a client offers a token that was spent.
const SPENT_EVERY: u64 = 60;

/// The tokens that nobody offers at the moment: each family with its newest known generation.
pub(crate) struct Wallet(Mutex<Inner>);

struct Inner {
    idle: VecDeque<(Family, u64)>,
    fresh: Family,
    touched: BTreeSet<Family>,
}

impl Wallet {
    pub(crate) fn new() -> Arc<Self> {
        let (idle, fresh, touched) = (VecDeque::new(), 0, BTreeSet::new());
        Arc::new(Self(Mutex::new(Inner {
            idle,
            fresh,
            touched,
        })))
    }

    /// The family that waited longest, or a fresh one while less than so many wait.
    fn take(&self, waiting: usize) -> (Family, u64) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let old = (inner.idle.len() >= waiting).then(|| inner.idle.pop_front());
        let taken = old.flatten().unwrap_or_else(|| {
            inner.fresh += 1;
            (inner.fresh - 1, 0)
        });
        inner.touched.insert(taken.0);
        taken
    }

    fn put(&self, family: Family, generation: u64) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.idle.push_back((family, generation));
    }

    /// The families that were used since the last time.
    pub(crate) fn touched(&self) -> BTreeSet<Family> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut inner.touched)
    }
}

/// What clients were told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told {
    /// How long the longest answer took.
    pub(crate) longest: Duration,
    /// How often a client was told to come back later (503).
    pub(crate) later: usize,
}

/// Clients at work.
pub(crate) struct Clients {
    shared: Arc<Shared>,
    running: JoinSet<()>,
}

struct Shared {
    nodes: Vec<SocketAddr>,
    tls: Arc<ClientConfig>,
    purse: Arc<Purse>,
    wallet: Arc<Wallet>,
    history: History,
    connections: usize,
    stopped: AtomicBool,
    connected: AtomicUsize,
    told: Mutex<Told>,
}

impl Clients {
    /// So many clients, which begin at one of these nodes each and go to the next when theirs is gone;
    /// gives them when all are connected.
    pub(crate) async fn start(
        world: &World,
        wallet: &Arc<Wallet>,
        nodes: &[SocketAddr],
        connections: usize,
    ) -> Self {
        let shared = Arc::new(Shared {
            nodes: nodes.to_vec(),
            tls: Arc::clone(&world.tls),
            purse: Arc::clone(&world.purse),
            wallet: Arc::clone(wallet),
            history: world.history.clone(),
            connections,
            stopped: AtomicBool::new(false),
            connected: AtomicUsize::new(0),
            told: Mutex::default(),
        });
        let mut running = JoinSet::new();
        for number in 0..connections {
            running.spawn(Arc::clone(&shared).refresh(number));
        }
        let all = async {
            while shared.connected.load(Ordering::Relaxed) < connections {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(ANSWERED, all).await.expect("all are connected");
        Self { shared, running }
    }

    /// Lets people withdraw meanwhile.
    pub(crate) fn with_withdrawals(mut self, home: Home) -> Self {
        let shared = Arc::clone(&self.shared);
        self.running.spawn(shared.withdraw(home));
        self
    }

    /// Tells the clients to stop, and waits until none has a request under way; what they
    /// were told.
    pub(crate) async fn stop(mut self) -> Told {
        self.shared.stopped.store(true, Ordering::Relaxed);
        let ended = async {
            while let Some(client) = self.running.join_next().await {
                client.expect("a client that found everything in order");
            }
        };
        timeout(2 * ANSWERED, ended)
            .await
            .expect("all were answered");
        let told = self.shared.told.lock();
        *told.unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until so many more successors were given, on whatever connection.
    pub(crate) async fn get_on(&self, more: usize) {
        let successors = || {
            let history = &self.shared.history;
            history.count(|answer| matches!(answer, Answer::Successor(_)))
        };
        let before = successors();
        let gotten = async {
            while successors() < before + more {
                sleep(AGAIN).await;
            }
        };
        timeout(2 * ANSWERED, gotten)
            .await
            .expect("requests are granted");
    }
}

impl Shared {
    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// One client: a connection, and when that ends another.
    async fn refresh(self: Arc<Self>, number: usize) {
        let mut turn = number;
        while !self.is_stopped() {
            let node = self.nodes[turn % self.nodes.len()];
            turn += 1;
            let opened = Connection::open(Arc::clone(&self.tls), BACK, node);
            match opened.await {
                Ok(connection) => {
                    self.connected.fetch_add(1, Ordering::Relaxed);
                    self.refresh_on(connection, number).await;
                }
                Err(_) => sleep(AGAIN).await,
            }
        }
    }

    /// Refreshes until the connection ends.
    async fn refresh_on(&self, mut connection: Connection, number: usize) {
        let mut requests = number as u64;
        while !self.is_stopped() {
            let (family, generation) = self.wallet.take(self.connections);
            requests += 1;
            let is_spent = requests.is_multiple_of(SPENT_EVERY) && generation > 0;
            let offered = generation - u64::from(is_spent);
            match self.offer(&mut connection, family, offered).await {
                Some(Answer::Successor(next)) => self.wallet.put(family, next),
                Some(Answer::Unknown) => {
                    self.wallet.put(family, generation);
                    sleep(AGAIN).await;
                }
                // Refused: the family has ended.
                Some(_) => {}
                None => return self.wallet.put(family, generation),
            }
        }
    }

    /// Offers a token; nothing when the connection ended.
    async fn offer(
        &self,
        connection: &mut Connection,
        family: Family,
        generation: u64,
    ) -> Option<Answer> {
        let token = self.purse.token(family, generation);
        let client_id = Proof::Certificate.client_id();
        let form = format!("grant_type=refresh_token&client_id={client_id}&refresh_token={token}");
        let call = self.history.sent(family, Deed::Offer(generation));
        let begun = Instant::now();
        let said = match connection.post("/token", &form).await {
            Ok((status, body)) => Some((status, body.to_owned())),
            Err(_) => None,
        };
        let answer = said.map(|(status, body)| {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            told.longest = begun.elapsed().max(told.longest);
            told.later += usize::from(status == 503);
            let next = self.purse.token(family, generation + 1);
            read(connection, status, &body, &next, generation)
        });
        let noted = answer.unwrap_or(Answer::Unknown);
        self.history.note(Happened::Answered(call, noted));
        answer
    }

    /// People who withdraw, each once.
    async fn withdraw(self: Arc<Self>, home: Home) {
        while !self.is_stopped() {
            let (family, generation) = self.wallet.take(1);
            world::withdraw(&home, &self.history, family).await;
            // Whoever has the token may find out.
            self.wallet.put(family, generation);
            sleep(WITHDRAWN_EVERY).await;
        }
    }
}

/// What an answer says. Each has one shape.
fn read(connection: &Connection, status: u16, body: &str, next: &str, generation: u64) -> Answer {
    match status {
        200 => {
            let is_next = member(body, "refresh_token") == Some(next);
            assert!(is_next, "the successor is another one");
            Answer::Successor(generation + 1)
        }
        400 => {
            assert_eq!(member(body, "error"), Some("invalid_grant"), "{body}");
            Answer::Refused
        }
        503 => {
            assert_eq!(
                member(body, "error"),
                Some("temporarily_unavailable"),
                "{body}"
            );
            let wait = connection.header("retry-after").map(str::parse::<u32>);
            assert!(matches!(wait, Some(Ok(1..=60))), "{wait:?}");
            Answer::Unknown
        }
        other => unreachable!("{other}: {body}"),
    }
}
