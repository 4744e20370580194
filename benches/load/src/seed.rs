//! Grants that stand in the store before anybody asks, and the refresh tokens that open them.
//!
//! The one place that knows how roles keep their keys: it opens a role's own, as the role does.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use protocol::handle::{Handle, Purpose};
use server::clock::Clock;
use server::config::Config;
use server::home::Home;
use server::keys::{self, MasterKey, Schedule};
use server::seal::{Handles, Seal};
use store::{Commit, Store as _};
use tokio::task::JoinSet;
use verdict::{Change, Clear, CommitId, Moment, PersonTag};

pub use self::dva::{DVA, rows as rows_of_dva};
pub use self::etoegang::Logins;
pub use self::mitz::MITZ;
use crate::Result;
use crate::proof::Proof;

mod dva;
mod etoegang;
mod mitz;

/// Grants of each client that are stored in every home.
pub const GRANTS: u32 = 1_000;
/// A person of the test range.
const BSN: &str = "900186021";
/// Grants in one commit, and commits on their way at a time: the home makes groups of them.
const PER_COMMIT: u32 = 16;
const COMMITS: u32 = 128;

/// A role that gives refresh tokens.
pub struct Issuer {
    /// Its name, in the configuration and of its directory.
    pub role: &'static str,
    purposes: &'static [keys::Purpose],
    refresh_token: Purpose,
}

/// What stands in the store behind the grant of this number, whose refresh token was not used yet.
type Rows<'r> = &'r dyn Fn(u32) -> Result<Vec<Change<Clear>>>;

/// The same of a client, at a moment.
pub type RowsOf = fn(Proof, u32, Moment) -> Result<Vec<Change<Clear>>>;

/// The store of a role before its node starts, and the role's keys.
pub struct Vault {
    issuer: &'static Issuer,
    home: Arc<Home>,
    keys: Arc<Keys>,
}

/// The keys of the role as far as grants need them.
struct Keys {
    all: Arc<keys::Keys>,
    seal: Seal,
    handles: Handles,
}

/// Stores so many grants at Mitz of the client with a certificate, and few of the other, before the node
/// starts. Gives their refresh tokens.
///
/// # Errors
/// When the configuration, the keys or the store cannot be used.
pub async fn store(file: &Path, grants: u32) -> Result<[Purse; 2]> {
    let vault = Vault::open(&MITZ, file).await?;
    Ok([
        vault.fill(Proof::Certificate, grants, mitz::rows).await?,
        vault
            .fill(Proof::Assertion, grants.min(GRANTS), mitz::rows)
            .await?,
    ])
}

impl Vault {
    /// Makes the schema and the role's keys, as its first start would.
    ///
    /// # Errors
    /// When the configuration, the keys or the store cannot be used.
    pub async fn open(issuer: &'static Issuer, file: &Path) -> Result<Self> {
        let config = Config::read(file, |_| None)?;
        server::certificates::private_directory(&config.state)?;
        server::certificates::private_directory(&config.state.join(issuer.role))?;
        Home::migrate(&config, issuer.role).await?;
        let home = Home::of(&config, issuer.role).await?;
        let master = MasterKey::read(&config.master_file)?;
        let (schedule, now) = (Schedule::default(), Clock::system().now());
        let keys = keys::Keys::open(&home, master, issuer.purposes, schedule, now).await?;
        let keys = Arc::new(keys);
        Ok(Self {
            issuer,
            home: Arc::new(home),
            keys: Arc::new(Keys {
                seal: Seal::new(Arc::clone(&keys)),
                handles: Handles::new(Arc::clone(&keys)),
                all: keys,
            }),
        })
    }

    /// Stores so many grants of a client, and gives their refresh tokens.
    ///
    /// # Errors
    /// When the store does not take them.
    pub async fn fill(&self, proof: Proof, grants: u32, rows: RowsOf) -> Result<Purse> {
        let now = Clock::system().now();
        let rows = |number| rows(proof, number, now);
        self.keep(proof.client_id(), grants, &rows).await?;
        Ok(self.purse(proof.client_id(), grants))
    }

    /// Stores what stands behind so many grants of an owner.
    async fn keep(&self, owner: &str, grants: u32, rows: Rows<'_>) -> Result<()> {
        let now = Clock::system().now();
        let mut running = JoinSet::new();
        // In the order of the table: rows that come at random would each rewrite a page of their own.
        let mut numbers: Vec<u32> = (0..grants).collect();
        numbers.sort_by_cached_key(|number| owned_id(owner, *number));
        for numbers in numbers.chunks(PER_COMMIT as usize) {
            if running.len() >= COMMITS as usize
                && let Some(stored) = running.join_next().await
            {
                stored??;
            }
            let mut changes = Vec::new();
            for number in numbers {
                let rows = rows(*number)?;
                changes.extend(rows.into_iter().map(|row| self.keys.seal.change(row)));
            }
            let id = CommitId(owned_id(owner, u32::MAX - numbers[0]));
            let commit = Commit::new(id, now, changes, Vec::new())?;
            let home = Arc::clone(&self.home);
            running.spawn(async move {
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(home.commit(commit).await?)
            });
        }
        while let Some(stored) = running.join_next().await {
            stored??;
        }
        Ok(())
    }

    /// The refresh tokens of so many grants of an owner.
    fn purse(&self, owner: &'static str, grants: u32) -> Purse {
        Purse {
            keys: Arc::clone(&self.keys),
            refresh_token: self.issuer.refresh_token,
            owner,
            grants,
            state: Mutex::default(),
        }
    }
}

/// The tag of the person whose grant this is: nobody else is.
pub fn person(id: [u8; 16]) -> PersonTag {
    PersonTag {
        key_id: 1,
        tag: jose::sha256(&id),
    }
}

/// The id of the grant of this number, and of the koppeling that it hangs on. Ids lie all over the
/// table, as random ones do.
pub fn grant_id(proof: Proof, number: u32) -> [u8; 16] {
    owned_id(proof.client_id(), number)
}

/// The same of whoever is called so.
fn owned_id(owner: &str, number: u32) -> [u8; 16] {
    let named = format!("{owner}.{number}");
    let hash = jose::sha256(named.as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    id
}

/// The refresh tokens of a client: first those of the stored grants, each once; then those that came
/// back, the oldest first. So every grant has its turn before one has a second.
pub struct Purse {
    keys: Arc<Keys>,
    refresh_token: Purpose,
    owner: &'static str,
    grants: u32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    fresh: u32,
    back: VecDeque<String>,
}

impl Purse {
    /// The refresh token of this generation of a grant.
    pub fn token(&self, number: u32, generation: u64) -> String {
        let id = owned_id(self.owner, number);
        let handle = Handle { id, generation };
        self.keys.handles.make(self.refresh_token, handle)
    }

    /// The next token to offer; nothing when all are on their way.
    pub fn take(&self) -> Option<String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.fresh == self.grants {
            return state.back.pop_front();
        }
        let number = state.fresh;
        state.fresh += 1;
        drop(state);
        Some(self.token(number, 0))
    }

    /// Keeps the successor of a token.
    pub fn put(&self, token: String) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.back.push_back(token);
    }
}
