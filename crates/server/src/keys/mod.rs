//! A party's own keys: made at its first start, kept in its store, rotated by themselves.
//!
//! Each key is a row, named by [`Purpose`] and number; its private part is sealed with the
//! [`MasterKey`], which stands in a file ([`master`]). All nodes of a party share the rows: making and
//! rotating is one commit that one node wins (`agreed.rs`), each node looks at the store every two
//! seconds and swaps its [`KeySet`], and a key is published before it is used, so that no node meets
//! something that it cannot verify. When a key is used, due and over is decided by functions of values
//! ([`schedule`]).
//!
//! A request takes the set by [`Keys::set`]: no lock, no allocation, no question to the store.
//!
//! Keys that sign can be in a hardware security module instead ([`custody`], docs/decisions/0018): their
//! rows then say which object it is.
//!
//! Persons are found by keyed hashes of their BSN; how those move to a new key while traffic goes on is
//! told in `persons.rs` and `reindex.rs`. "Not before" ([`not_before`]) is loaded with the same look.
//! Operators have [`admin`].

pub mod admin;
mod agreed;
pub mod custody;
pub mod master;
pub mod not_before;
pub mod persons;
#[cfg(feature = "pkcs11")]
pub mod pkcs11;
mod purpose;
mod reindex;
mod row;
pub mod schedule;
mod set;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use jose::Jwk;
use store::Store;
use tokio::sync::Mutex;
use verdict::{Moment, Space};

use self::agreed::Won;
pub use self::custody::{Custody, SigningToken, TokenFault};
pub use self::master::MasterKey;
use self::not_before::NotBefores;
pub use self::purpose::{Purpose, Schedule};
use self::row::{KeyRow, Material};
use self::schedule::Times;
pub use self::set::{Introspection, Jti, KeySet, Missing, Ring, Tokens};
use crate::app::App;

/// How often a node looks at the store: what another did is known that soon.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often rows are looked for that are still found by an older key.
const REINDEX_EVERY: Duration = Duration::from_secs(30);
/// Seals that a node makes before it tells the store. A node that is killed forgets at most this many:
/// the bound in the schedule leaves room for two thousand of such deaths.
const SEALS_TOLD: u64 = 1 << 20;

/// The rows of this room that stay when a backup is restored: without keys nothing that stays can be
/// read, and without persons nobody who comes back is found.
pub const OUTLIVE_A_RESTORE: [Space; 3] = [row::SPACE, not_before::SPACE, persons::SPACE];

/// The keys of a party.
pub struct Keys {
    custody: Custody,
    schedule: Schedule,
    set: ArcSwap<KeySet>,
    not_before: ArcSwap<NotBefores>,
    seals: Seals,
    seen: Mutex<Seen>,
}

/// What the last look found, to tell whether anything changed.
#[derive(Default, PartialEq, Eq)]
struct Seen {
    rows: Vec<KeyRow>,
    current: Vec<Option<u32>>,
}

/// Seals that the store was not told of yet.
#[derive(Default)]
struct Seals {
    rows: AtomicU64,
    cookies: AtomicU64,
    jti: AtomicU64,
}

/// What is wrong with a party's keys, for the operator.
#[derive(Debug)]
pub enum KeyFault {
    /// A key file cannot be used.
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// A key was sealed under another master key than the one that was given.
    OtherMaster {
        /// Purpose and number.
        key: String,
        /// The name of the master key it was made under.
        made_under: String,
        /// The name of the one that was given.
        given: String,
    },
    /// A row of a key cannot be used: which, and why.
    BadRow(String, &'static str),
    /// A key could not be made or is not of its kind.
    Made(Purpose),
    /// There is no key of this purpose.
    NoKey(Purpose),
    /// A key that signs is in a token, and none is configured.
    NoToken(String),
    /// The token did not make a key.
    Token(TokenFault),
    /// The store does not work.
    Store(String),
    /// The store holds more keys than a party ever makes.
    TooMany,
}

impl Keys {
    /// The keys of a party, as the store has them; the first of each of `purposes` is made when there
    /// is none.
    ///
    /// # Errors
    /// [`KeyFault`]: the store does not answer, or the keys were made under another master key.
    pub async fn open<S: Store>(
        home: &S,
        custody: impl Into<Custody>,
        purposes: &[Purpose],
        schedule: Schedule,
        now: Moment,
    ) -> Result<Self, KeyFault> {
        let custody = custody.into();
        let rows = agreed::load(home, now).await?;
        let everybody = Purpose::EVERYBODY.iter().chain(purposes).copied();
        let wanted: Vec<Purpose> = everybody.collect();
        agreed::make_first(home, &rows, &wanted, &custody, now).await?;
        let rows = agreed::load(home, now).await?;
        let set = KeySet::of(&rows, &custody, now)?;
        let not_before = not_before::load(home, now).await?;
        Ok(Self {
            set: ArcSwap::from_pointee(set),
            not_before: ArcSwap::from_pointee(not_before),
            seen: Mutex::new(Seen::of(rows, now)),
            seals: Seals::default(),
            custody,
            schedule,
        })
    }

    /// The keys to use now.
    pub fn set(&self) -> Guard<Arc<KeySet>> {
        self.set.load()
    }

    /// What is refused for having been issued too early.
    pub fn not_before(&self) -> Guard<Arc<NotBefores>> {
        self.not_before.load()
    }

    /// Counts a seal with random nonce.
    pub(crate) fn count_seal(&self, purpose: Purpose) {
        if let Some(count) = self.seals.of(purpose) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Looks at the store: what others made, and what came into use since.
    ///
    /// # Errors
    /// [`KeyFault`]; the set from before stays in use.
    pub async fn look<S: Store>(&self, home: &S, now: Moment) -> Result<(), KeyFault> {
        let mut seen = self.seen.lock().await;
        let not_before = not_before::load(home, now).await?;
        if not_before != **self.not_before.load() {
            self.not_before.store(Arc::new(not_before));
        }
        let found = Seen::of(agreed::load(home, now).await?, now);
        if found != *seen {
            let set = KeySet::of(&found.rows, &self.custody, now)?;
            self.set.store(Arc::new(set));
            self.destroy_gone(&seen.rows, &found.rows);
            *seen = found;
        }
        Ok(())
    }

    /// Destroys in the token what has no row any more: its time is over, or it was retired.
    fn destroy_gone(&self, before: &[KeyRow], now: &[KeyRow]) {
        let is_gone = |row: &&KeyRow| row.held.is_some() && now.iter().all(|n| n.held != row.held);
        for gone in before.iter().filter(is_gone) {
            agreed::destroy(gone, self.custody.token.as_deref());
        }
    }

    /// Looks, tells the store what was sealed, and makes what is due. A purpose that cannot be served
    /// holds up no other.
    ///
    /// # Errors
    /// As [`Self::look`], for the first purpose that could not be served.
    pub async fn tend<S: Store>(&self, home: &S, now: Moment) -> Result<(), KeyFault> {
        self.look(home, now).await?;
        let (mut changed, mut fault) = (false, None);
        for row in &self.newest().await {
            match self.tend_one(home, row, now).await {
                Ok(is_new) => changed |= is_new,
                Err(why) => fault = fault.or(Some(why)),
            }
        }
        if changed {
            self.look(home, now).await?;
        }
        fault.map_or(Ok(()), Err)
    }

    /// The same for one purpose, whose newest key this is; tells whether the store changed.
    async fn tend_one<S: Store>(
        &self,
        home: &S,
        newest: &KeyRow,
        now: Moment,
    ) -> Result<bool, KeyFault> {
        let changed = self.tell_seals(home, newest, now).await?;
        let plan = self.schedule.of(newest.purpose);
        let Some(due) = schedule::due(&[newest.times], plan, now) else {
            return Ok(changed);
        };
        let (won, next) = agreed::rotate(home, newest, plan, &self.custody, now).await?;
        if won == Won::Yes {
            let key = row::name(newest.purpose, next.number);
            tracing::info!(%key, ?due, used_from = next.used_from.unix(), "a key was made");
        }
        Ok(true)
    }

    /// The newest key of each purpose.
    async fn newest(&self) -> Vec<KeyRow> {
        let seen = self.seen.lock().await;
        let groups = seen.rows.chunk_by(|a, b| a.purpose == b.purpose);
        groups.filter_map(<[KeyRow]>::last).cloned().collect()
    }

    /// Adds to a key's row what this node sealed, once that is worth a commit. What was sealed under
    /// the key before it counts for the newest: rather too early than too late.
    async fn tell_seals<S: Store>(
        &self,
        home: &S,
        row: &KeyRow,
        now: Moment,
    ) -> Result<bool, KeyFault> {
        let Some(count) = self.seals.of(row.purpose) else {
            return Ok(false);
        };
        let untold = count.load(Ordering::Relaxed);
        if untold < SEALS_TOLD {
            return Ok(false);
        }
        let told = row.with(Times {
            seals: row.times.seals.saturating_add(untold),
            ..row.times
        });
        // Who loses this race tells it at the next look.
        if agreed::write(home, &[told], now).await? == Won::Yes {
            count.fetch_sub(untold, Ordering::Relaxed);
        }
        Ok(true)
    }
}

/// The public halves of all keys that signed the audit log, for who verifies it. Needs no token.
///
/// # Errors
/// [`KeyFault`].
pub async fn audit_publics<S: Store>(
    home: &S,
    master: MasterKey,
    now: Moment,
) -> Result<Vec<Jwk>, KeyFault> {
    let custody = Custody::new(master, None);
    let rows = agreed::load(home, now).await?;
    let of_audit = rows.iter().filter(|row| row.purpose == Purpose::Audit);
    let public = of_audit.map(|row| match row.open(&custody)? {
        Material::Signing(key) => Ok(key.public().clone()),
        _ => Err(KeyFault::Made(Purpose::Audit)),
    });
    public.collect()
}

/// Whether this master key opens every key of a party; there may be none yet. Needs no token, and
/// changes nothing.
///
/// # Errors
/// [`KeyFault`], as [`Keys::open`] would.
pub(crate) async fn opened_by<S: Store>(
    home: &S,
    master: MasterKey,
    now: Moment,
) -> Result<(), KeyFault> {
    let custody = Custody::new(master, None);
    let rows = agreed::load(home, now).await?;
    rows.iter().try_for_each(|row| row.open(&custody).map(drop))
}

impl Seen {
    fn of(rows: Vec<KeyRow>, now: Moment) -> Self {
        let groups = rows.chunk_by(|a, b| a.purpose == b.purpose);
        let current = groups.map(|group| {
            let times: Vec<Times> = group.iter().map(|row| row.times).collect();
            schedule::current(&times, now).map(|at| times[at].number)
        });
        Self {
            current: current.collect(),
            rows,
        }
    }
}

impl Seals {
    const fn of(&self, purpose: Purpose) -> Option<&AtomicU64> {
        match purpose {
            Purpose::Rows => Some(&self.rows),
            Purpose::Cookies => Some(&self.cookies),
            Purpose::Jti => Some(&self.jti),
            _ => None,
        }
    }
}

/// Work that goes on for as long as the party lives.
pub(crate) type Chore = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What keeps the keys of a party in order.
pub(crate) fn chores(app: &Arc<App>) -> Vec<Chore> {
    let mut chores: Vec<Chore> = vec![Box::pin(tend(Arc::clone(app)))];
    if app.keys.set().persons().is_ok() {
        chores.push(Box::pin(reindex(Arc::clone(app))));
    }
    chores
}

/// Looks at the keys and makes those that are due.
async fn tend(app: Arc<App>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if let Err(fault) = app.keys.tend(&app.home, app.clock.now()).await {
            tracing::error!(party = app.party, %fault, "the keys could not be looked at");
        }
    }
}

/// Puts persons under the newest look-up key.
async fn reindex(app: Arc<App>) {
    loop {
        match move_persons(&app).await {
            Ok(0) => {}
            Ok(moved) => {
                tracing::info!(
                    party = app.party,
                    moved,
                    "persons are found by the newest key"
                );
            }
            Err(fault) => {
                tracing::error!(party = app.party, %fault, "persons could not be put under the newest key");
            }
        }
        tokio::time::sleep(REINDEX_EVERY).await;
    }
}

/// Puts every person under the newest look-up key who is not, once; returns how many. A key by which
/// nobody is found is given its end.
///
/// # Errors
/// [`KeyFault`]: who was moved before stays moved.
pub async fn move_persons(app: &App) -> Result<u32, KeyFault> {
    reindex::pass(app).await
}

impl KeyFault {
    fn store(why: impl fmt::Display) -> Self {
        Self::Store(why.to_string())
    }
}

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, why } => write!(f, "{}: {why}", path.display()),
            Self::OtherMaster {
                key,
                made_under,
                given,
            } => write!(
                f,
                "the key {key} was made under another master key (named {made_under}) than the one \
                 that was given (named {given}); give the file of that one"
            ),
            Self::BadRow(key, why) => write!(
                f,
                "the row of key {key} {why}; restore the store from a backup"
            ),
            Self::Made(purpose) => write!(f, "a key for {purpose} could not be made"),
            Self::NoKey(purpose) => write!(f, "there is no key for {purpose}"),
            Self::NoToken(key) => write!(
                f,
                "the key {key} is in a hardware security module; name it in [keys.pkcs11]"
            ),
            Self::Token(fault) => write!(f, "keys.pkcs11: {fault}"),
            Self::Store(why) => f.write_str(why),
            Self::TooMany => f.write_str("the store holds more keys than a party ever makes"),
        }
    }
}

impl std::error::Error for KeyFault {}
