//! What an operator does with keys, on any home: list, rotate and retire them, ask for their certificates, and
//! set "not before".
//! A running node knows of it two seconds later.

use std::fmt;

use identity::Oin;
use serde::Serialize;
use store::Store;
use verdict::{Change, Moment};

use super::agreed::{self, Won};
use super::custody::ObjectId;
use super::not_before::{self, Subject};
use super::row::{self, KeyRow};
use super::schedule::{self, State, Times};
use super::{Custody, KeyFault, MasterKey, Purpose, Schedule, SigningToken, reindex};

/// A key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// What it is for.
    pub purpose: &'static str,
    /// Its number within its purpose.
    pub number: u32,
    /// What it does now.
    pub state: &'static str,
    /// Its algorithm.
    pub algorithm: &'static str,
    /// What tokens call it.
    pub kid: String,
    /// When it was made, in seconds since 1970.
    pub made: i64,
    /// From when on it makes what is new, in seconds since 1970.
    pub used_from: i64,
    /// When everything is over that it made; unknown as long as it has no successor.
    pub until: Option<i64>,
    /// How often it sealed, coarsely.
    pub seals: u64,
    /// The object of the token that has the private part, in hexadecimal; without, the store has it.
    pub pkcs11_id: Option<String>,
}

/// What a moment holds for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedNotBefore {
    /// `client`, `issuer` or `domain`.
    pub kind: &'static str,
    /// Which one.
    pub name: String,
    /// What was issued before this is refused, in seconds since 1970.
    pub not_before: i64,
}

/// A key that was retired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retired {
    /// What no longer works, if anything made by it was still alive.
    pub loss: Option<&'static str>,
    /// Its object, when the token did not destroy it.
    pub left: Option<ObjectId>,
}

/// Why nothing was done.
#[derive(Debug)]
pub enum NotDone {
    /// The keys cannot be read or written.
    Fault(KeyFault),
    /// There is no such key.
    NoSuchKey(Purpose, Option<u32>),
    /// It has a successor that waits for its use.
    Waits(Purpose, Times),
    /// Nothing would be left to take its place.
    OnlyKey(Purpose),
    /// What it made is still alive.
    StillNeeded {
        /// Which key.
        purpose: Purpose,
        /// Its number.
        number: u32,
        /// When it is needed no more, if that is known.
        until: Option<Moment>,
    },
    /// Somebody else changed keys at this moment.
    Raced,
    /// A moment that has not come would refuse everything until then.
    InTheFuture,
    /// A name that is empty or longer than any client id or issuer.
    BadName,
    /// Keys of this purpose are published nowhere.
    NotPublished(Purpose),
    /// The private part is in a token, which signs digests of tokens alone for us.
    InToken(Purpose, u32, ObjectId),
    /// A name that fits no certificate.
    BadOrganisation,
}

/// The longest name of a client, issuer or domain: a URL of ordinary length.
const NAME_BYTES_MAX: usize = 1_024;
/// The longest name of an organisation in a certificate, in characters (RFC 5280 appendix A.1,
/// `ub-organization-name`).
const ORGANISATION_MAX: usize = 64;

/// Every key, by purpose and number.
///
/// # Errors
/// [`NotDone::Fault`].
pub async fn list<S: Store>(
    home: &S,
    schedule: &Schedule,
    now: Moment,
) -> Result<Vec<Listed>, NotDone> {
    let rows = agreed::load(home, now).await?;
    let groups = rows.chunk_by(|a, b| a.purpose == b.purpose);
    Ok(groups
        .flat_map(|group| listed(group, schedule, now))
        .collect())
}

fn listed(group: &[KeyRow], schedule: &Schedule, now: Moment) -> Vec<Listed> {
    let all = times(group);
    let each = group.iter().enumerate().map(|(at, row)| Listed {
        purpose: row.purpose.name(),
        number: row.times.number,
        state: schedule::state(&all, at, schedule.of(row.purpose), now).name(),
        algorithm: row.purpose.algorithm(),
        kid: row.kid.clone(),
        made: row.times.made.unix(),
        used_from: row.times.used_from.unix(),
        until: row.times.until.map(Moment::unix),
        seals: row.times.seals,
        pkcs11_id: row.held.map(|id| id.to_string()),
    });
    each.collect()
}

/// Makes the next key of a purpose, to be used after the lead of its plan; tells its number and from
/// when on it is used.
///
/// # Errors
/// [`NotDone`].
pub async fn rotate<S: Store>(
    home: &S,
    custody: &Custody,
    schedule: &Schedule,
    purpose: Purpose,
    now: Moment,
) -> Result<Times, NotDone> {
    let rows = of(home, purpose, now).await?;
    let newest = rows.last().ok_or(NotDone::NoSuchKey(purpose, None))?;
    // Under another master key the next key would be closed to the nodes that run.
    newest.open(custody)?;
    if newest.times.used_from > now {
        return Err(NotDone::Waits(purpose, newest.times));
    }
    match agreed::rotate(home, newest, schedule.of(purpose), custody, now).await? {
        (Won::Yes, next) => Ok(next),
        (Won::No, _) => Err(NotDone::Raced),
    }
}

/// Removes a key, and destroys it in `token` when that has it. `anyway` also when what it made is still alive: then a successor that waits is used at
/// once.
///
/// # Errors
/// [`NotDone`]: among others the only key, and without `anyway` one that is still needed.
pub async fn retire<S: Store>(
    home: &S,
    token: Option<&dyn SigningToken>,
    schedule: &Schedule,
    (purpose, number): (Purpose, u32),
    anyway: bool,
    now: Moment,
) -> Result<Retired, NotDone> {
    let rows = of(home, purpose, now).await?;
    let at = rows.iter().position(|row| row.times.number == number);
    let at = at.ok_or(NotDone::NoSuchKey(purpose, Some(number)))?;
    if rows[at].held.is_some() && token.is_none() {
        return Err(KeyFault::NoToken(row::name(purpose, number)).into());
    }
    let state = schedule::state(&times(&rows), at, schedule.of(purpose), now);
    let needed = match state {
        State::Published => false,
        State::InUse | State::Kept => true,
        State::Reindexing => reindex::is_used(home, number, now).await?,
    };
    let mut changes = vec![Change::remove(rows[at].key(), rows[at].version)];
    if state == State::InUse {
        let next = rows.get(at + 1).ok_or(NotDone::OnlyKey(purpose))?;
        let at_once = Times {
            used_from: now,
            ..next.times
        };
        let expect = verdict::Expect::Version(next.version);
        changes.push(agreed::put(&next.with(at_once), expect));
    }
    if needed && !anyway {
        return Err(NotDone::StillNeeded {
            purpose,
            number,
            until: rows[at].times.until,
        });
    }
    match agreed::commit(home, changes, now).await? {
        Won::Yes => Ok(Retired {
            loss: needed.then(|| purpose.loss()),
            left: rows[at].held.filter(|_| !agreed::destroy(&rows[at], token)),
        }),
        Won::No => Err(NotDone::Raced),
    }
}

/// A request (PKCS#10, PEM) for the certificate of a key of this purpose: of this number, else of the newest. Its
/// subject has the organisation and the OIN (etoegang case 82).
///
/// # Errors
/// [`NotDone`].
pub async fn request<S: Store>(
    home: &S,
    master: &MasterKey,
    (purpose, number): (Purpose, Option<u32>),
    (organisation, oin): (&str, &Oin),
    now: Moment,
) -> Result<String, NotDone> {
    if !purpose.is_published() {
        return Err(NotDone::NotPublished(purpose));
    }
    if organisation.is_empty() || organisation.chars().count() > ORGANISATION_MAX {
        return Err(NotDone::BadOrganisation);
    }
    let rows = of(home, purpose, now).await?;
    let mut newest_first = rows.iter().rev();
    let row = newest_first.find(|row| number.is_none_or(|number| row.times.number == number));
    let row = row.ok_or(NotDone::NoSuchKey(purpose, number))?;
    if let Some(id) = row.held {
        return Err(NotDone::InToken(purpose, row.times.number, id));
    }
    let request = row.request(master, organisation, oin)?;
    request.ok_or_else(|| KeyFault::Made(purpose).into())
}

/// Every moment before which what was issued is refused.
///
/// # Errors
/// [`NotDone::Fault`].
pub async fn not_before<S: Store>(home: &S, now: Moment) -> Result<Vec<ListedNotBefore>, NotDone> {
    let held = not_before::load(home, now).await?;
    let listed = held.all().map(|(subject, moment)| ListedNotBefore {
        kind: subject.kind(),
        name: subject.name().to_owned(),
        not_before: moment.unix(),
    });
    Ok(listed.collect())
}

/// Refuses what was issued to or by `subject` before `moment`.
///
/// # Errors
/// [`NotDone`].
pub async fn set_not_before<S: Store>(
    home: &S,
    subject: &Subject,
    moment: Moment,
    now: Moment,
) -> Result<(), NotDone> {
    if subject.name().is_empty() || subject.name().len() > NAME_BYTES_MAX {
        return Err(NotDone::BadName);
    }
    if moment > now {
        return Err(NotDone::InTheFuture);
    }
    match not_before::set(home, subject, moment, now).await? {
        Won::Yes => Ok(()),
        Won::No => Err(NotDone::Raced),
    }
}

async fn of<S: Store>(home: &S, purpose: Purpose, now: Moment) -> Result<Vec<KeyRow>, NotDone> {
    let rows = agreed::load(home, now).await?;
    Ok(rows
        .into_iter()
        .filter(|row| row.purpose == purpose)
        .collect())
}

fn times(rows: &[KeyRow]) -> Vec<Times> {
    rows.iter().map(|row| row.times).collect()
}

impl From<KeyFault> for NotDone {
    fn from(fault: KeyFault) -> Self {
        Self::Fault(fault)
    }
}

impl fmt::Display for NotDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(fault) => fault.fmt(f),
            Self::NoSuchKey(purpose, None) => write!(f, "this party has no key for {purpose}"),
            Self::NoSuchKey(purpose, Some(number)) => {
                write!(f, "there is no key {}", row::name(*purpose, *number))
            }
            Self::Waits(purpose, times) => write!(
                f,
                "{} was made already and comes into use at {}",
                row::name(*purpose, times.number),
                crate::date::moment(times.used_from.unix())
            ),
            Self::OnlyKey(purpose) => write!(
                f,
                "no other key for {purpose} could take its place; first: sluis keys rotate {purpose}"
            ),
            Self::StillNeeded {
                purpose,
                number,
                until,
            } => {
                write!(f, "{} is still needed", row::name(*purpose, *number))?;
                if let Some(until) = until {
                    write!(f, " until {}", crate::date::moment(until.unix()))?;
                }
                write!(f, "; with --now: {}", purpose.loss())
            }
            Self::Raced => f.write_str("the keys were changed at this moment; try again"),
            Self::InTheFuture => f.write_str(
                "this moment has not come yet, and would refuse everything until then; say now",
            ),
            Self::BadName => write!(f, "a name has 1 to {NAME_BYTES_MAX} bytes"),
            Self::NotPublished(purpose) => {
                write!(
                    f,
                    "keys for {purpose} are published nowhere, so that nobody certifies them"
                )
            }
            Self::InToken(purpose, number, id) => write!(
                f,
                "{} is in the hardware security module, as object {id}; have the module's own tools make the request",
                row::name(*purpose, *number)
            ),
            Self::BadOrganisation => {
                write!(
                    f,
                    "the name of an organisation has 1 to {ORGANISATION_MAX} characters"
                )
            }
        }
    }
}

impl std::error::Error for NotDone {}
