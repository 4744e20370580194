//! Rows without a private part, for what an operator does beside a node, on any home: no key is needed to
//! read or write one.

use std::fmt;

use store::{Commit, NotCommitted, Page, Store};
use verdict::{
    BadRow, Body, Change, Clear, CommitId, Event, IndexKey, Key, Moment, Record, Row, Sealed,
    Secrets, Space, Then,
};

use crate::chance;

/// Rows asked at once.
const PAGE_ROWS: u16 = 256;
/// How often a commit whose fate is unknown is sent again. Its id tells it from another's.
const SENT_MAX: u8 = 5;

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NietGedaan {
    /// The store does not work.
    Store(String),
    /// A row of ours cannot be read.
    Rij(String),
    /// There are more than a service ever has.
    TeVeel(&'static str, usize),
}

/// The row of a key, and its version.
pub(crate) async fn load<T: Record, S: Store>(
    home: &S,
    key: &Key,
    now: Moment,
) -> Result<Option<(u64, T)>, NietGedaan> {
    let rows = home.get(std::slice::from_ref(key), now).await;
    let rows = rows.map_err(|down| NietGedaan::Store(down.to_string()))?;
    rows.into_iter().next().flatten().map(read).transpose()
}

/// Every row with this index.
pub(crate) async fn all<T: Record, S: Store>(
    home: &S,
    (index, value): (&'static str, &str),
    (what, max): (&'static str, usize),
    now: Moment,
) -> Result<Vec<(Key, u64, T)>, NietGedaan> {
    let (by, mut page) = (IndexKey::Text(value.to_owned()), Page::first(PAGE_ROWS));
    let mut all = Vec::new();
    loop {
        let found = home.find(T::SPACE, index, &by, page, now).await;
        let found = found.map_err(|down| NietGedaan::Store(down.to_string()))?;
        for (key, row) in found.rows {
            let (version, value) = read(row)?;
            all.push((key, version, value));
        }
        if all.len() > max {
            return Err(NietGedaan::TeVeel(what, max));
        }
        match found.next {
            Some(next) => page = Page::after(next, PAGE_ROWS),
            None => return Ok(all),
        }
    }
}

/// A row, and its version.
pub(crate) fn read<T: Record>(row: Row<Sealed>) -> Result<(u64, T), NietGedaan> {
    let body = Body {
        open: row.body.open,
        index: row.body.index,
        private: Secrets::none(),
    };
    Ok((row.version, T::from_body(&body)?))
}

/// Makes changes durable; false when a row was not as expected.
pub(crate) async fn commit<S: Store>(
    home: &S,
    changes: Vec<Change<Clear>>,
    events: Vec<Event>,
    now: Moment,
) -> Result<bool, NietGedaan> {
    let changes = changes.into_iter().map(plain).collect::<Result<_, _>>()?;
    commit_sealed(home, changes, events, now).await
}

/// The same for changes that are sealed already.
pub(crate) async fn commit_sealed<S: Store>(
    home: &S,
    changes: Vec<Change<Sealed>>,
    events: Vec<Event>,
    now: Moment,
) -> Result<bool, NietGedaan> {
    if changes.is_empty() && events.is_empty() {
        return Ok(true);
    }
    let id = CommitId(chance::entropy().bytes("commit"));
    let commit = Commit::new(id, now, changes, events);
    let commit = commit.map_err(|bad| NietGedaan::Store(bad.to_string()))?;
    for _ in 0..SENT_MAX {
        match home.commit(commit.clone()).await {
            Ok(()) => return Ok(true),
            Err(NotCommitted::Conflict(_)) => return Ok(false),
            Err(NotCommitted::Unknown) => {}
            Err(other) => return Err(NietGedaan::Store(other.to_string())),
        }
    }
    Err(NietGedaan::Store(NotCommitted::Unknown.to_string()))
}

/// A change as the store may have it: there is nothing to seal.
fn plain(change: Change<Clear>) -> Result<Change<Sealed>, NietGedaan> {
    let space = change.key.space();
    let then = match change.then {
        Then::Keep => Then::Keep,
        Then::Remove => Then::Remove,
        Then::Put { until, body } if body.private.is_empty() => Then::Put {
            until,
            body: Body {
                open: body.open,
                index: body.index,
                private: Vec::new(),
            },
        },
        Then::Put { .. } => return Err(sealed(space)),
    };
    Ok(Change {
        key: change.key,
        expect: change.expect,
        then,
    })
}

fn sealed(space: Space) -> NietGedaan {
    NietGedaan::Rij(format!("a row of {} would have to be sealed", space.0))
}

impl From<BadRow> for NietGedaan {
    fn from(bad: BadRow) -> Self {
        Self::Rij(bad.to_string())
    }
}

impl fmt::Display for NietGedaan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(why) | Self::Rij(why) => f.write_str(why),
            Self::TeVeel(what, max) => write!(f, "there are more than {max} {what}"),
        }
    }
}

impl std::error::Error for NietGedaan {}
