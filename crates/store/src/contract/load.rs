//! Load whose history can be checked: people log in, tokens are redeemed and refreshed, consents
//! are withdrawn, and now and then somebody presents an old token.

use std::collections::BTreeMap;
use std::error::Error;
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;
use verdict::{Change, CommitId, Expect, Key, Sealed, Then};

use super::checker::{Checker, Seen};
use super::history::{Answer, Deed, Effect, HISTORY, Happened, Note};
use super::{LATER, NOW, body, granted, guard, put};
use crate::{Commit, Down, Store};

/// How many clients, on how many people, how long.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Tells the ids of this load from those of another on the same home.
    pub tag: u32,
    /// Clients, each with one call at a time.
    pub clients: u32,
    /// People whose grants they use: the fewer, the more they meet.
    pub people: u32,
    /// Commits that each client gets applied before it ends.
    pub applied_each: u32,
}

/// A client is told that nothing was changed: it tries something else a moment later.
const REFUSED_WAIT: Duration = Duration::from_millis(20);
/// How often a commit is sent whose outcome is unknown, a tenth of a second apart.
const SETTLE_TRIES: u32 = 300;

/// Runs a load on several nodes of one home; each client stays at its node. Everything that
/// happens is noted.
///
/// # Errors
/// When a commit stays unknown for half a minute, or a client panics.
pub async fn run<S: Store>(nodes: &[Arc<S>], load: Load, note: &Note) -> Result<(), BadLoad> {
    let mut clients = JoinSet::new();
    for (number, node) in (0..load.clients).zip(nodes.iter().cycle()) {
        let client = Client {
            home: Arc::clone(node),
            note: Arc::clone(note),
            load,
            number,
            calls: 0,
            dice: u64::from(load.tag) << 32 | u64::from(number),
        };
        clients.spawn(client.run());
    }
    while let Some(client) = clients.join_next().await {
        client.map_err(|_| BadLoad)??;
    }
    Ok(())
}

/// Checks what happened against the log since `after` and the rows that are there; the end of the
/// log. Nothing may be under way any more.
///
/// # Errors
/// The first thing that is wrong, or that the home does not answer.
pub async fn check<S: Store>(
    checker: &mut Checker,
    home: &S,
    history: &[Happened],
    mut after: u64,
) -> Result<u64, Box<dyn Error + Send + Sync>> {
    let mut log = Vec::new();
    loop {
        let part = home.audit(after, crate::AUDIT_ROWS_MAX).await?;
        let Some(last) = part.last() else { break };
        after = last.seq;
        log.extend(part.iter().map(|row| row.commit));
    }
    checker.replay(history, &log)?;
    holds(checker, home, checker.named().cloned().collect()).await?;
    Ok(after)
}

/// Holds every row that should be there, since the beginning, against the home.
///
/// # Errors
/// As [`check`].
pub async fn check_rows<S: Store>(
    checker: &Checker,
    home: &S,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    holds(checker, home, checker.standing().cloned().collect()).await
}

async fn holds<S: Store>(
    checker: &Checker,
    home: &S,
    keys: Vec<Key>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    for keys in keys.chunks(256) {
        let rows = home.get(keys, NOW).await?;
        for (key, row) in keys.iter().zip(rows) {
            checker.holds(key, row.map(|row| (row.version, row.last)))?;
        }
    }
    Ok(())
}

/// Sends each commit again that got no answer, as a client does that must know.
///
/// # Errors
/// When the home does not settle one.
pub async fn settle<S: Store>(home: &S, history: &mut Vec<Happened>) -> Result<(), BadLoad> {
    let mut pending = BTreeMap::new();
    for happened in &*history {
        match happened {
            Happened::Sent(id, deeds) => {
                pending.insert(id.0, deeds.clone());
            }
            Happened::Answered(id, answer) if *answer != Answer::Unknown => {
                pending.remove(&id.0);
            }
            _ => {}
        }
    }
    for (id, deeds) in pending {
        let id = CommitId(id);
        let changes = deeds.iter().map(again).collect();
        let commit = Commit::new(id, NOW, changes, vec![granted("load")]).map_err(|_| BadLoad)?;
        history.push(Happened::Sent(id, deeds));
        let answer = Answer::of(&home.commit(commit).await);
        if matches!(answer, Answer::Unknown | Answer::Refused) {
            return Err(BadLoad);
        }
        history.push(Happened::Answered(id, answer));
    }
    Ok(())
}

fn again(deed: &Deed) -> Change<Sealed> {
    let then = match deed.then {
        Effect::Keep => Then::Keep,
        Effect::Put => Then::Put {
            until: LATER,
            body: body("again"),
        },
        Effect::Remove => Then::Remove,
    };
    Change {
        key: deed.key.clone(),
        expect: deed.expect,
        then,
    }
}

/// A load that cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadLoad;

impl std::fmt::Display for BadLoad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a client panicked, or a commit could not be settled")
    }
}

impl Error for BadLoad {}

struct Client<S> {
    home: Arc<S>,
    note: Note,
    load: Load,
    number: u32,
    calls: u64,
    dice: u64,
}

impl<S: Store> Client<S> {
    async fn run(mut self) -> Result<(), BadLoad> {
        let mut applied = 0;
        while applied < self.load.applied_each {
            let person = self.roll(self.load.people);
            let grant = grant_of(person);
            let (Ok(token), Ok(consent)) = (
                self.look(&grant).await,
                self.look(&consent_of(person)).await,
            ) else {
                sleep(REFUSED_WAIT).await;
                continue;
            };
            let changes = self.wish(person, token, consent);
            match self.send(changes).await? {
                Answer::Applied => applied += 1,
                Answer::Conflict(_) => {}
                Answer::Refused | Answer::Unknown => sleep(REFUSED_WAIT).await,
            }
        }
        Ok(())
    }

    /// What a client would do that saw this.
    fn wish(&mut self, person: u32, token: Seen, consent: Seen) -> Vec<Change<Sealed>> {
        let (grant, given) = (grant_of(person), consent_of(person));
        let Some((generation, last)) = token else {
            let consent = match consent {
                Some(_) => guard(&given, Expect::Present),
                None => put(&given, Expect::Absent, "consent"),
            };
            return vec![consent, put(&grant, Expect::Absent, "code")];
        };
        match (self.roll(12), consent) {
            (0, Some((version, _))) => vec![
                Change::remove(given, version),
                Change::remove(grant, generation),
            ],
            (1, _) if generation > 1 => {
                vec![put(&grant, Expect::Version(generation - 1), "an old token")]
            }
            _ => vec![
                put(&grant, Expect::Version(generation), "refreshed"),
                guard(&given, Expect::Present),
                Change::spend(token_of(generation, last), LATER),
            ],
        }
    }

    /// Reads a row.
    async fn look(&mut self, key: &Key) -> Result<Seen, Down> {
        let id = self.id(1);
        (self.note)(Happened::Looked(id, key.clone()));
        let row = self.home.get(slice::from_ref(key), NOW).await?;
        let row = row.into_iter().next().flatten();
        let seen = row.map(|row| (row.version, row.last));
        (self.note)(Happened::Saw(id, seen));
        Ok(seen)
    }

    /// Sends a commit, again while its outcome is unknown.
    async fn send(&mut self, changes: Vec<Change<Sealed>>) -> Result<Answer, BadLoad> {
        let id = self.id(0);
        let deeds = Deed::of(&changes);
        let events = vec![granted("load")];
        let commit = Commit::new(id, NOW, changes, events).map_err(|_| BadLoad)?;
        let mut unknown = false;
        for _ in 0..SETTLE_TRIES {
            (self.note)(Happened::Sent(id, deeds.clone()));
            let answer = Answer::of(&self.home.commit(commit.clone()).await);
            (self.note)(Happened::Answered(id, answer.clone()));
            unknown |= answer == Answer::Unknown;
            // Once unknown, a refusal says nothing about the attempt before.
            let open = answer == Answer::Unknown || unknown && answer == Answer::Refused;
            if !open {
                return Ok(answer);
            }
            sleep(5 * REFUSED_WAIT).await;
        }
        Err(BadLoad)
    }

    fn id(&mut self, kind: u8) -> CommitId {
        self.calls += 1;
        let mut id = [0; 16];
        id[0] = kind;
        id[1..5].copy_from_slice(&self.load.tag.to_be_bytes());
        id[5..8].copy_from_slice(&self.number.to_be_bytes()[1..]);
        id[8..].copy_from_slice(&self.calls.to_be_bytes());
        CommitId(id)
    }

    /// One of `sides` numbers. Any order will do that differs between clients.
    fn roll(&mut self, sides: u32) -> u32 {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.dice ^ self.dice >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        u32::try_from((mixed >> 32) % u64::from(sides.max(1))).unwrap_or(0)
    }
}

fn grant_of(person: u32) -> Key {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&person.to_be_bytes());
    Key::Grant(HISTORY, id)
}

fn consent_of(person: u32) -> Key {
    Key::Record(HISTORY, person.to_be_bytes().to_vec())
}

/// What a refresh spends: the token of this generation, made by that commit.
fn token_of(generation: u64, made_by: CommitId) -> Key {
    let mut id = [0; 32];
    id[..16].copy_from_slice(&made_by.0);
    id[16..24].copy_from_slice(&generation.to_be_bytes());
    Key::Once(HISTORY, id)
}
