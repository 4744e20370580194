//! What clients of a home asked and were answered, in the order in which it happened.
//!
//! A history has a text form, a line each, so that a process can tell it while it lives and be
//! killed at any moment. [`super::Checker`] says whether a home can have behaved so.

use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use verdict::{Change, CommitId, Expect, Key, Sealed, Space, Then};

use crate::NotCommitted;

/// The one space of all keys in histories.
pub const HISTORY: Space = Space("contract.history");

/// One end of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// A commit is about to be sent; again when its former answer settled nothing.
    Sent(CommitId, Vec<Deed>),
    /// It was answered.
    Answered(CommitId, Answer),
    /// A row is about to be read. The id is of this read alone.
    Looked(CommitId, Key),
    /// It was read: version and last commit, or that it is not there.
    Saw(CommitId, Option<(u64, CommitId)>),
}

/// What a commit does to a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Which row.
    pub key: Key,
    /// What must be found.
    pub expect: Expect,
    /// What becomes of it.
    pub then: Effect,
}

/// [`Then`] without content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    Keep,
    /// It is written.
    Put,
    /// It goes.
    Remove,
}

/// What a commit was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is durable.
    Applied,
    /// This row was not as expected, and nothing was changed.
    Conflict(Key),
    /// Nothing was changed: too much is waiting, or the home does not work.
    Refused,
    /// Nobody knows.
    Unknown,
}

impl Answer {
    /// The answer of a home.
    pub fn of(answer: &Result<(), NotCommitted>) -> Self {
        match answer {
            Ok(()) => Self::Applied,
            Err(NotCommitted::Conflict(key)) => Self::Conflict(key.clone()),
            Err(NotCommitted::Busy { .. } | NotCommitted::Down) => Self::Refused,
            Err(NotCommitted::Unknown) => Self::Unknown,
        }
    }
}

impl Deed {
    /// The deeds of these changes.
    pub fn of(changes: &[Change<Sealed>]) -> Vec<Self> {
        let deed = |change: &Change<Sealed>| Self {
            key: change.key.clone(),
            expect: change.expect,
            then: match change.then {
                Then::Keep => Effect::Keep,
                Then::Put { .. } => Effect::Put,
                Then::Remove => Effect::Remove,
            },
        };
        changes.iter().map(deed).collect()
    }
}

/// Takes down what happens, in the order in which it is told.
pub type Note = Arc<dyn Fn(Happened) + Send + Sync>;

/// A history that grows.
#[derive(Clone, Debug, Default)]
pub struct History(Arc<Mutex<Vec<Happened>>>);

impl History {
    /// Takes down what this process does.
    pub fn note(&self) -> Note {
        let history = self.clone();
        Arc::new(move |happened| history.add(happened))
    }

    /// Adds what happened last.
    pub fn add(&self, happened: Happened) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(happened);
    }

    /// Whether somebody was answered so.
    pub fn has(&self, such: impl Fn(&Answer) -> bool) -> bool {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ends = kept.iter().rev();
        ends.filter_map(|happened| match happened {
            Happened::Answered(_, answer) => Some(answer),
            _ => None,
        })
        .any(such)
    }

    /// All of it; it begins anew.
    pub fn take(&self) -> Vec<Happened> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Display for Happened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent(id, deeds) => {
                write!(f, "sent {}", hex(&id.0))?;
                for Deed { key, expect, then } in deeds {
                    let (expect, then) = (expected(*expect), effect(*then));
                    write!(f, " {}:{expect}:{then}", spelt(key))?;
                }
                Ok(())
            }
            Self::Answered(id, answer) => {
                write!(f, "answered {} ", hex(&id.0))?;
                match answer {
                    Answer::Applied => f.write_str("applied"),
                    Answer::Conflict(key) => f.write_str(&spelt(key)),
                    Answer::Refused => f.write_str("refused"),
                    Answer::Unknown => f.write_str("unknown"),
                }
            }
            Self::Looked(id, key) => write!(f, "looked {} {}", hex(&id.0), spelt(key)),
            Self::Saw(id, None) => write!(f, "saw {} nothing", hex(&id.0)),
            Self::Saw(id, Some((version, last))) => {
                write!(f, "saw {} {version}:{}", hex(&id.0), hex(&last.0))
            }
        }
    }
}

/// A line that is no part of a history, or was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoHistory;

impl FromStr for Happened {
    type Err = NoHistory;

    fn from_str(line: &str) -> Result<Self, NoHistory> {
        let mut words = line.split(' ');
        let what = words.next().ok_or(NoHistory)?;
        let id = CommitId(unhex(words.next().ok_or(NoHistory)?)?);
        if what == "sent" {
            let deeds: Result<_, _> = words.map(deed).collect();
            return Ok(Self::Sent(id, deeds?));
        }
        let (Some(word), None) = (words.next(), words.next()) else {
            return Err(NoHistory);
        };
        Ok(match (what, word) {
            ("answered", "applied") => Self::Answered(id, Answer::Applied),
            ("answered", "refused") => Self::Answered(id, Answer::Refused),
            ("answered", "unknown") => Self::Answered(id, Answer::Unknown),
            ("answered", key) => Self::Answered(id, Answer::Conflict(unspelt(key)?)),
            ("looked", key) => Self::Looked(id, unspelt(key)?),
            ("saw", "nothing") => Self::Saw(id, None),
            ("saw", row) => {
                let (version, last) = row.split_once(':').ok_or(NoHistory)?;
                let version = version.parse().map_err(|_| NoHistory)?;
                Self::Saw(id, Some((version, CommitId(unhex(last)?))))
            }
            _ => return Err(NoHistory),
        })
    }
}

fn deed(word: &str) -> Result<Deed, NoHistory> {
    let parts: Vec<&str> = word.split(':').collect();
    let [key, expect, then] = parts[..] else {
        return Err(NoHistory);
    };
    Ok(Deed {
        key: unspelt(key)?,
        expect: match expect {
            "absent" => Expect::Absent,
            "present" => Expect::Present,
            version => Expect::Version(version.parse().map_err(|_| NoHistory)?),
        },
        then: match then {
            "keep" => Effect::Keep,
            "put" => Effect::Put,
            "remove" => Effect::Remove,
            _ => return Err(NoHistory),
        },
    })
}

fn expected(expect: Expect) -> String {
    match expect {
        Expect::Absent => "absent".to_owned(),
        Expect::Present => "present".to_owned(),
        Expect::Version(version) => version.to_string(),
    }
}

const fn effect(then: Effect) -> &'static str {
    match then {
        Effect::Keep => "keep",
        Effect::Put => "put",
        Effect::Remove => "remove",
    }
}

fn spelt(key: &Key) -> String {
    let kind = match key {
        Key::Once(..) => 'o',
        Key::Grant(..) => 'g',
        Key::Record(..) => 'r',
    };
    format!("{kind}{}", hex(key.bytes()))
}

fn unspelt(word: &str) -> Result<Key, NoHistory> {
    let (kind, id) = word.split_at_checked(1).ok_or(NoHistory)?;
    Ok(match kind {
        "o" => Key::Once(HISTORY, unhex(id)?),
        "g" => Key::Grant(HISTORY, unhex(id)?),
        "r" => Key::Record(HISTORY, bytes(id)?),
        _ => return Err(NoHistory),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex<const N: usize>(text: &str) -> Result<[u8; N], NoHistory> {
    bytes(text)?.try_into().map_err(|_| NoHistory)
}

fn bytes(text: &str) -> Result<Vec<u8>, NoHistory> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|at| at.is_ascii_hexdigit()) {
        return Err(NoHistory);
    }
    let pairs = (0..text.len()).step_by(2).map(|at| &text[at..at + 2]);
    let bytes: Result<_, _> = pairs.map(|pair| u8::from_str_radix(pair, 16)).collect();
    bytes.map_err(|_| NoHistory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_can_be_told_and_read_back_and_a_line_cut_off_says_nothing() {
        let id = |n| CommitId([n; 16]);
        let grant = Key::Grant(HISTORY, [7; 16]);
        let deed = |key: Key, expect, then| Deed { key, expect, then };
        let deeds = vec![
            deed(grant.clone(), Expect::Version(12), Effect::Put),
            deed(Key::Record(HISTORY, vec![1]), Expect::Present, Effect::Keep),
            deed(Key::Once(HISTORY, [9; 32]), Expect::Absent, Effect::Remove),
        ];
        let all = [
            Happened::Sent(id(1), deeds),
            Happened::Answered(id(1), Answer::Applied),
            Happened::Answered(id(2), Answer::Conflict(grant.clone())),
            Happened::Answered(id(3), Answer::Refused),
            Happened::Answered(id(4), Answer::Unknown),
            Happened::Looked(id(5), grant),
            Happened::Saw(id(5), None),
            Happened::Saw(id(6), Some((3, id(1)))),
        ];
        for happened in all {
            let line = happened.to_string();
            assert_eq!(line.parse(), Ok(happened), "{line}");
            assert_eq!(line[..20].parse::<Happened>(), Err(NoHistory), "{line}");
        }
    }
}
