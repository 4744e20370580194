//! An entry of the chain: what is signed, and how it stands in the store.
//!
//! An entry is a compact JWS in a row of its own, numbered from 1; one more row, the *kop*, tells the
//! last. Both are ordinary rows of the store, written in one commit, so that of two nodes which add the
//! same entry one wins, and every home keeps them alike.

use std::fmt;

use jose::{Algorithm, CannotSign, Expected, Jwk, Jwks, SigningKey, Typ, Unproven, b64, sha256};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{AUDIT_ROWS_MAX, AuditRow, Commit, NotCommitted, Store};
use verdict::{Body, Change, CommitId, Expect, Key, Moment, Row, Sealed, Space, Then};

use super::row;
use crate::chance;

/// The rows of the chain.
pub const CHAIN: Space = Space("sluis.auditketen");
/// Most rows of the log in one segment: almost a page of [`Store::audit`], so that who verifies sees in one
/// page whether there are more. A larger segment would save a few signatures.
pub const ROWS_MAX: u16 = AUDIT_ROWS_MAX - 24;
/// Most parts of a segment. Days follow one another but for clocks that were off, so that almost every
/// segment has one; the bound keeps an entry below what `jose` reads (16 KiB).
const PARTS_MAX: usize = 16;
/// Bytes of a row's hash that stand in the segment, to name the row that does not fit. The proof is the
/// part's digest, not these.
const MARK_BYTES: usize = 4;
/// Under which key the last number stands.
const KOP: &[u8] = b"kop";
/// The version that is written into every row's JSON.
const VERSION: u64 = 1;
/// When a row of the chain ends, and the `exp` of an entry: the last second of the year 9999. What
/// proves must not go before what it proves.
const FAR: Moment = Moment::from_unix(253_402_300_799);
/// How often a commit whose fate is unknown is sent again. Its id tells it from another's.
const SENT_MAX: u8 = 5;

const TYP: &str = "sluis-audit+jwt";
const ISSUER: &str = "sluis";
const AUDIENCE: &str = "sluis.audit";

/// One entry of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number: 1, 2, …
    pub number: u64,
    /// The [`name`] of the entry before; empty for the first.
    pub previous: String,
    /// When it was made, in seconds since 1970, by the clock of the node that made it.
    pub made: i64,
    /// What it says.
    #[serde(flatten)]
    pub what: What,
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// These rows are in the log.
    Segment(Segment),
    /// These rows are no longer.
    Tombstone(Tombstone),
}

/// Rows of the log that follow one another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// In the order of their numbers, at least one.
    pub parts: Vec<Part>,
    /// Of each row the first bytes of its hash, as base64url.
    pub marks: String,
}

/// Rows of a segment whose numbers follow one another without a gap, and that are of one day: what
/// retention takes, it takes by day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// In days since 1970-01-01.
    pub day: i64,
    /// The lowest number.
    pub from: u64,
    /// The highest.
    pub to: u64,
    /// The hash of the hashes of the rows.
    pub digest: String,
}

/// What was destroyed after its retention. It is written before anything is destroyed, so that what is
/// missing always has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// The first day whose rows stay, in days since 1970-01-01.
    pub before_day: i64,
    /// The highest number that a segment had; of what happened before the chain began, the highest that
    /// was destroyed.
    pub to: u64,
    /// For how many whole days rows were kept; without, it happened before the chain began.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kept_days: Option<u32>,
}

/// The last entry, as its row tells. A hint for who adds the next: who verifies believes the entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kop {
    /// The number of the last entry.
    pub number: u64,
    /// Its [`name`].
    pub name: String,
    /// The highest row that a segment has.
    pub to: u64,
    /// The last tombstone.
    pub tombstone: Option<Tombstone>,
}

/// A chain that cannot be read or added to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainFault {
    /// The store does not work, or is too busy.
    Store(String),
    /// The row of the last number says nothing that it should.
    BadKop,
    /// There is an entry of this number already, and the row of the last number does not know it.
    Stuck(u64),
    /// Nothing could be signed.
    Signing,
}

#[derive(Serialize)]
struct Claimed<'a> {
    iss: &'static str,
    aud: &'static str,
    exp: i64,
    #[serde(flatten)]
    entry: &'a Entry,
}

/// The name of an entry: the hash of its text, signature and all.
pub fn name(text: &str) -> String {
    b64::encode(sha256(text.as_bytes()))
}

impl Entry {
    /// The entry as it is kept.
    ///
    /// # Errors
    /// [`CannotSign`]: whoever has the key does not answer.
    pub fn sign(&self, key: &SigningKey) -> Result<String, CannotSign> {
        let (iss, aud, exp) = (ISSUER, AUDIENCE, FAR.unix());
        let entry = self;
        key.sign(
            TYP,
            &Claimed {
                iss,
                aud,
                exp,
                entry,
            },
        )
    }

    /// The entry that one of these keys signed; nothing for any other text.
    pub fn read(text: &str, keys: &[Jwk], now: Moment) -> Option<Self> {
        let unproven = Unproven::read(text).ok()?;
        let kid = unproven.kid()?;
        let named = keys.iter().find(|key| key.kid() == Some(kid))?;
        let keys = Jwks::new(vec![named.clone()]).ok()?;
        let expected = Expected {
            typ: Typ::Is(TYP),
            issuer: ISSUER,
            audience: &[AUDIENCE],
            now,
            leeway_s: 0,
        };
        let claims = unproven
            .verify(&keys, &[Algorithm::Es256], &expected)
            .ok()?;
        claims.parse_all().ok()
    }
}

impl Segment {
    /// The first of these rows, as many as fit; how many those are. `None` when there are none.
    pub fn of(rows: &[AuditRow]) -> Option<(Self, usize)> {
        let mut parts = Vec::new();
        let (mut marks, mut taken) = (Vec::new(), 0);
        let follows = |a: &AuditRow, b: &AuditRow| {
            a.moment.day() == b.moment.day() && a.seq.checked_add(1) == Some(b.seq)
        };
        let runs = rows.chunk_by(follows);
        for run in runs.take(PARTS_MAX) {
            let (part, of_part) = Part::of(run)?;
            parts.push(part);
            marks.extend(of_part);
            taken += run.len();
        }
        let marks = b64::encode(marks);
        (taken > 0).then_some((Self { parts, marks }, taken))
    }

    /// The lowest number.
    pub fn from(&self) -> u64 {
        self.parts.first().map_or(0, |part| part.from)
    }

    /// The highest.
    pub fn to(&self) -> u64 {
        self.parts.last().map_or(0, |part| part.to)
    }

    /// The marks of the rows of each part; empty ones when they do not fit the parts.
    pub fn marks(&self) -> Vec<Vec<[u8; MARK_BYTES]>> {
        let bytes = b64::decode(&self.marks).unwrap_or_default();
        let mut marks = bytes.as_chunks().0.iter().copied();
        let of_part = |part: &Part| {
            let count = usize::try_from(part.count()).unwrap_or(0);
            marks.by_ref().take(count).collect()
        };
        self.parts.iter().map(of_part).collect()
    }
}

impl Part {
    /// How many rows.
    pub const fn count(&self) -> u64 {
        self.to.saturating_sub(self.from).saturating_add(1)
    }

    /// Rows of one day, with their marks; `None` when there are none.
    pub fn of(rows: &[AuditRow]) -> Option<(Self, Vec<u8>)> {
        let (first, last) = (rows.first()?, rows.last()?);
        let hashes: Vec<[u8; 32]> = rows.iter().map(row::hash).collect();
        let marks = hashes.iter().flat_map(|hash| &hash[..MARK_BYTES]).copied();
        let part = Self {
            day: first.moment.day(),
            from: first.seq,
            to: last.seq,
            digest: b64::encode(sha256(hashes.as_flattened())),
        };
        Some((part, marks.collect()))
    }
}

/// The mark of a row.
pub fn mark(row: &AuditRow) -> [u8; MARK_BYTES] {
    let hash = row::hash(row);
    [hash[0], hash[1], hash[2], hash[3]]
}

/// The last entry, with the version of its row.
///
/// # Errors
/// [`ChainFault`], here and below.
pub async fn kop<S: Store>(home: &S, now: Moment) -> Result<Option<(u64, Kop)>, ChainFault> {
    let found = home
        .get(&[kop_key()], now)
        .await
        .map_err(ChainFault::store)?;
    let Some(row) = found.into_iter().next().flatten() else {
        return Ok(None);
    };
    let kop = member(&row, "kop").map(Kop::deserialize);
    match kop {
        Some(Ok(kop)) => Ok(Some((row.version, kop))),
        _ => Err(ChainFault::BadKop),
    }
}

/// The texts of these entries, in that order.
pub async fn texts<S: Store>(
    home: &S,
    numbers: &[u64],
    now: Moment,
) -> Result<Vec<Option<String>>, ChainFault> {
    let keys: Vec<Key> = numbers.iter().map(|number| key(*number)).collect();
    let rows = home.get(&keys, now).await.map_err(ChainFault::store)?;
    let text = |row: Row<Sealed>| Some(member(&row, "jws")?.as_str()?.to_owned());
    Ok(rows.into_iter().map(|row| row.and_then(text)).collect())
}

/// Adds `entry`, whose text is `text`, behind `after`; `None` when another node was first.
pub(super) async fn add<S: Store>(
    home: &S,
    after: Option<&(u64, Kop)>,
    (entry, text): (&Entry, String),
    now: Moment,
) -> Result<Option<(u64, Kop)>, ChainFault> {
    let before = after.map(|(_, kop)| kop);
    let next = Kop {
        number: entry.number,
        name: name(&text),
        to: match &entry.what {
            What::Segment(segment) => segment.to(),
            What::Tombstone(_) => before.map_or(0, |kop| kop.to),
        },
        tombstone: match &entry.what {
            What::Segment(_) => before.and_then(|kop| kop.tombstone.clone()),
            What::Tombstone(tombstone) => Some(tombstone.clone()),
        },
    };
    let version = after.map_or(0, |(version, _)| *version);
    let expect = after.map_or(Expect::Absent, |_| Expect::Version(version));
    let changes = vec![
        put(key(entry.number), Expect::Absent, "jws", &json!(text)),
        put(kop_key(), expect, "kop", &json!(next)),
    ];
    Ok(commit(home, changes, now)
        .await?
        .then_some((version + 1, next)))
}

/// Makes the changes durable; false when another node was first.
async fn commit<S: Store>(
    home: &S,
    changes: Vec<Change<Sealed>>,
    now: Moment,
) -> Result<bool, ChainFault> {
    let id = CommitId(chance::entropy().bytes("commit"));
    let commit = Commit::new(id, now, changes, Vec::new()).map_err(ChainFault::store)?;
    for _ in 0..SENT_MAX {
        match home.commit(commit.clone()).await {
            Ok(()) => return Ok(true),
            Err(NotCommitted::Conflict(_)) => return Ok(false),
            Err(NotCommitted::Unknown) => {}
            Err(other) => return Err(ChainFault::store(other)),
        }
    }
    Err(ChainFault::store(NotCommitted::Unknown))
}

fn key(number: u64) -> Key {
    Key::Record(CHAIN, number.to_be_bytes().to_vec())
}

fn kop_key() -> Key {
    Key::Record(CHAIN, KOP.to_vec())
}

fn put(key: Key, expect: Expect, name: &str, value: &Value) -> Change<Sealed> {
    let body = Body {
        open: json!({ "v": VERSION, "d": { name: value } }).into(),
        ..Sealed::default()
    };
    let then = Then::Put { until: FAR, body };
    Change { key, expect, then }
}

fn member(row: &Row<Sealed>, name: &str) -> Option<Value> {
    let open = row.body.open.value();
    let is_ours = open.get("v").and_then(Value::as_u64) == Some(VERSION);
    open.get("d").filter(|_| is_ours)?.get(name).cloned()
}

impl ChainFault {
    pub(super) fn store(why: impl fmt::Display) -> Self {
        Self::Store(why.to_string())
    }
}

impl From<CannotSign> for ChainFault {
    fn from(_: CannotSign) -> Self {
        Self::Signing
    }
}

impl fmt::Display for ChainFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(why) => f.write_str(why),
            Self::BadKop => f.write_str(
                "the row that tells the last entry of the audit chain was altered; sluis audit verify tells more",
            ),
            Self::Stuck(number) => write!(
                f,
                "entry {number} of the audit chain is there, and the row that tells the last one does not \
                 know it: it was set back; sluis audit verify tells more"
            ),
            Self::Signing => f.write_str("a segment of the audit log could not be signed"),
        }
    }
}

impl std::error::Error for ChainFault {}
