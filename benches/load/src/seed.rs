//! Grants that stand in the store before anybody asks, and the refresh tokens that open them.
//!
//! The one place that knows how a role keeps its keys: it opens the role's own, as the role does.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use identity::{Bsn, Loa};
use mitz::authorization_server::grant::{Grant, REFRESH_S, Secret};
use mitz::authorization_server::token::REFRESH_TOKEN;
use mitz::toestemming::Functie;
use mitz::toestemmingenregister::{Koppeling, TOESTEMMING_S};
use protocol::handle::Handle;
use server::clock::Clock;
use server::config::Config;
use server::home::Home;
use server::keys::{self, MasterKey, Schedule};
use server::routes::mitz::MitzRole;
use server::seal::{Handles, Seal};
use store::{Commit, Store as _};
use tokio::task::JoinSet;
use verdict::{Change, CommitId, Expect, Moment, PersonTag, Record as _, Sealed};

use crate::Result;
use crate::proof::Proof;

/// The role whose grants they are.
pub const ROLE: &str = "mitz";
/// Grants of each client that are stored in every home.
pub const GRANTS: u32 = 1_000;
/// A person of the test range.
const BSN: &str = "900186021";
/// Grants in one commit, and commits on their way at a time: the home makes groups of them.
const PER_COMMIT: u32 = 16;
const COMMITS: u32 = 128;

/// The keys of the role as far as grants need them.
struct Keys {
    seal: Seal,
    handles: Handles,
}

impl Keys {
    /// Makes the role's keys, as its first start would.
    async fn make(config: &Config, home: &Home) -> Result<Self> {
        let master = MasterKey::read(&config.master_file)?;
        let now = Clock::system().now();
        let purposes = &MitzRole::PURPOSES;
        let keys = keys::Keys::open(home, master, purposes, Schedule::default(), now).await?;
        let keys = Arc::new(keys);
        Ok(Self {
            seal: Seal::new(Arc::clone(&keys)),
            handles: Handles::new(keys),
        })
    }
}

/// Makes the schema and stores so many grants of the client with a certificate, and few of the other,
/// before the node starts. Gives their refresh tokens.
///
/// # Errors
/// When the configuration, the keys or the store cannot be used.
pub async fn store(file: &Path, grants: u32) -> Result<[Purse; 2]> {
    let config = Config::read(file, |_| None)?;
    server::certificates::private_directory(&config.state)?;
    server::certificates::private_directory(&config.state.join(ROLE))?;
    Home::migrate(&config, ROLE).await?;
    let home = Arc::new(Home::of(&config, ROLE).await?);
    let keys = Arc::new(Keys::make(&config, &home).await?);
    let all = [
        (Proof::Certificate, grants),
        (Proof::Assertion, grants.min(GRANTS)),
    ];
    for (proof, grants) in all {
        fill(&home, &keys, proof, grants).await?;
    }
    Ok(all.map(|(proof, grants)| Purse {
        keys: Arc::clone(&keys),
        proof,
        grants,
        state: Mutex::default(),
    }))
}

async fn fill(home: &Arc<Home>, keys: &Keys, proof: Proof, grants: u32) -> Result<()> {
    let now = Clock::system().now();
    let mut running = JoinSet::new();
    // In the order of the table: rows that come at random would each rewrite a page of their own.
    let mut numbers: Vec<u32> = (0..grants).collect();
    numbers.sort_by_cached_key(|number| grant_id(proof, *number));
    for numbers in numbers.chunks(PER_COMMIT as usize) {
        if running.len() >= COMMITS as usize
            && let Some(stored) = running.join_next().await
        {
            stored??;
        }
        let home = Arc::clone(home);
        let changes = numbers
            .iter()
            .flat_map(|number| rows(keys, proof, *number, now));
        let id = CommitId(grant_id(proof, u32::MAX - numbers[0]));
        let commit = Commit::new(id, now, changes.collect(), Vec::new())?;
        running.spawn(async move {
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(home.commit(commit).await?)
        });
    }
    while let Some(stored) = running.join_next().await {
        stored??;
    }
    Ok(())
}

/// A person's link to the client, and the grant that hangs on it.
fn rows(keys: &Keys, proof: Proof, number: u32, now: Moment) -> Vec<Change<Sealed>> {
    let id = grant_id(proof, number);
    let client_id = proof.client_id().to_owned();
    let Ok(bsn) = Bsn::parse(BSN) else {
        return Vec::new();
    };
    let grant = Grant {
        client_id: client_id.clone(),
        persoon: person(id),
        bsn,
        sub: format!("{:032x}", u128::from_be_bytes(id)),
        koppeling: id,
        scope: "openid".to_owned(),
        functie: Functie::Verzamelen,
        nonce: None,
        level: Loa::Substantieel,
        auth_time: now.unix(),
        secret: Secret::RefreshToken,
    };
    let koppeling = Koppeling { client_id };
    [
        koppeling.put(
            Koppeling::key(id),
            Expect::Absent,
            now.plus_s(TOESTEMMING_S),
        ),
        grant.put(Grant::key(id), Expect::Absent, now.plus_s(REFRESH_S)),
    ]
    .map(|change| keys.seal.change(change))
    .into()
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
    let named = format!("{}.{number}", proof.client_id());
    let hash = jose::sha256(named.as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    id
}

/// The refresh tokens of a client: first those of the stored grants, each once; then those that came
/// back, the oldest first. So every grant has its turn before one has a second.
pub struct Purse {
    keys: Arc<Keys>,
    proof: Proof,
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
        let id = grant_id(self.proof, number);
        let handle = Handle { id, generation };
        self.keys.handles.make(REFRESH_TOKEN, handle)
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
