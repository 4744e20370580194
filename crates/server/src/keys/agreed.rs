//! Keys that all nodes of a party agree on: each is made by one commit that expects that it is not
//! there, so that of two nodes that make it together one wins and both use its key.

use store::{Commit, NotCommitted, Page, Store};
use verdict::{Change, CommitId, Expect, Moment, Sealed, Then};

use super::custody::SigningToken;
use super::row::{self, KeyRow};
use super::schedule::{self, Plan, Times};
use super::{Custody, KeyFault, Purpose};
use crate::chance;

/// Keys of a party, at most: 33 years of rotation in a hurry. More are none of our making.
const KEYS_MAX: usize = 1_024;
/// Keys asked at once.
const PAGE_ROWS: u16 = 256;
/// How often a commit whose fate is unknown is sent again. Its id tells it from another's.
const SENT_MAX: u8 = 5;

/// Whether a commit was ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Won {
    /// It is durable.
    Yes,
    /// Another node was first; what it wrote holds.
    No,
}

/// Every key of the party, by purpose and number.
pub(super) async fn load<S: Store>(home: &S, now: Moment) -> Result<Vec<KeyRow>, KeyFault> {
    let mut rows = Vec::new();
    let (by, mut page) = (row::all(), Page::first(PAGE_ROWS));
    loop {
        let found = home.find(row::SPACE, row::ALL, &by, page, now);
        let found = found.await.map_err(KeyFault::store)?;
        for (key, row) in found
            .rows
            .into_iter()
            .filter(|(key, _)| !row::is_of_newer(key))
        {
            rows.push(KeyRow::from_row(&key, row)?);
        }
        if rows.len() > KEYS_MAX {
            return Err(KeyFault::TooMany);
        }
        match found.next {
            Some(next) => page = Page::after(next, PAGE_ROWS),
            None => break,
        }
    }
    rows.sort_by_key(|row| (row.purpose, row.times.number));
    Ok(rows)
}

/// Makes the first key of every purpose that has none.
pub(super) async fn make_first<S: Store>(
    home: &S,
    rows: &[KeyRow],
    purposes: &[Purpose],
    custody: &Custody,
    now: Moment,
) -> Result<(), KeyFault> {
    for purpose in purposes {
        if rows.iter().all(|row| row.purpose != *purpose) {
            let made = KeyRow::make(*purpose, schedule::first(now), custody)?;
            let won = commit(home, vec![put(&made, Expect::Absent)], now).await?;
            discard_unless(won, &made, custody);
        }
    }
    Ok(())
}

/// Makes the key that follows `newest`, and tells `newest` its end.
pub(super) async fn rotate<S: Store>(
    home: &S,
    newest: &KeyRow,
    plan: Plan,
    custody: &Custody,
    now: Moment,
) -> Result<(Won, Times), KeyFault> {
    let (ended, next) = schedule::successor(newest.times, plan, now);
    let made = KeyRow::make(newest.purpose, next, custody)?;
    let changes = vec![
        put(&made, Expect::Absent),
        put(&newest.with(ended), Expect::Version(newest.version)),
    ];
    let won = commit(home, changes, now).await?;
    discard_unless(won, &made, custody);
    Ok((won, next))
}

/// Destroys in the token what lost the race to be the party's key. When the fate of the commit is
/// unknown it stays there: a key too many does less harm than one that is missed.
fn discard_unless(won: Won, made: &KeyRow, custody: &Custody) {
    if won == Won::No {
        destroy(made, custody.token.as_deref());
    }
}

/// Destroys the private part of a key whose row is gone, where a token has it; tells whether that went
/// well.
pub(super) fn destroy(gone: &KeyRow, token: Option<&dyn SigningToken>) -> bool {
    let Some(id) = gone.held else {
        return true;
    };
    let why = match token.map(|token| token.destroy(id)) {
        Some(Ok(())) => return true,
        Some(Err(fault)) => fault.to_string(),
        None => "this node has no token".to_owned(),
    };
    let key = row::name(gone.purpose, gone.times.number);
    tracing::warn!(%key, %id, %why, "the object of a key that is gone stays in its token");
    false
}

/// Writes other times for keys.
pub(super) async fn write<S: Store>(
    home: &S,
    rows: &[KeyRow],
    now: Moment,
) -> Result<Won, KeyFault> {
    let changes = rows
        .iter()
        .map(|row| put(row, Expect::Version(row.version)));
    commit(home, changes.collect(), now).await
}

/// The change that writes a key.
pub(super) fn put(row: &KeyRow, expect: Expect) -> Change<Sealed> {
    Change {
        key: row.key(),
        expect,
        then: Then::Put {
            until: row.until(),
            body: row.to_body(),
        },
    }
}

/// Makes the changes durable, or finds that another node was first.
pub(super) async fn commit<S: Store>(
    home: &S,
    changes: Vec<Change<Sealed>>,
    now: Moment,
) -> Result<Won, KeyFault> {
    let id = CommitId(chance::entropy().bytes("commit"));
    let commit = Commit::new(id, now, changes, Vec::new()).map_err(KeyFault::store)?;
    for _ in 0..SENT_MAX {
        match home.commit(commit.clone()).await {
            Ok(()) => return Ok(Won::Yes),
            Err(NotCommitted::Conflict(_)) => return Ok(Won::No),
            Err(NotCommitted::Unknown) => {}
            Err(other) => return Err(KeyFault::store(other)),
        }
    }
    Err(KeyFault::store(NotCommitted::Unknown))
}
