//! Persons that are found by an older look-up key, put under the newest: in small batches, while
//! traffic goes on. What was moved is durable, so a pass that is cut short goes on where it stopped.
//!
//! A row moves in one commit, and a look-up asks for both places at one instant: nobody is missed. The
//! old key goes when no row is found by it, and a while after that, since a node whose clock is behind
//! may still make rows under it; those are moved by a later pass.

use futures_util::future::join_all;
use store::{Page, Store as _};
use verdict::{Change, Expect, Key, Moment, Record as _, Row, Sealed};

use super::agreed::{self, Won};
use super::persons::{self, Persoon};
use super::row::KeyRow;
use super::schedule::{self, SPREAD_S, Times};
use super::{KeyFault, Purpose};
use crate::app::App;
use crate::settle::Outage;

/// Rows that are moved at once: one group of commits, which holds up nobody else's for long.
const BATCH: u16 = 32;
/// Batches of one pass. What is left waits for the next.
const BATCHES_MAX: u32 = 4_096;

/// Moves every person that is found by an older key, and lets keys go by which nobody is found; returns
/// how many persons were moved.
///
/// # Errors
/// [`KeyFault`]: what was moved before stays moved.
pub(super) async fn pass(app: &App) -> Result<u32, KeyFault> {
    let now = app.clock.now();
    let rows: Vec<KeyRow> = agreed::load(&app.home, now).await?;
    let keys: Vec<KeyRow> = rows
        .into_iter()
        .filter(|row| row.purpose == Purpose::Persons)
        .collect();
    let times: Vec<Times> = keys.iter().map(|row| row.times).collect();
    let Some(current) = schedule::current(&times, now) else {
        return Ok(0);
    };
    // Until then another node may still use the key before it.
    if !times[current].used_from.plus_s(SPREAD_S).is_over_at(now) {
        return Ok(0);
    }
    let mut moved = 0;
    for number in 1..times[current].number {
        moved += move_all(app, number, times[current].number).await?;
    }
    for old in keys
        .iter()
        .filter(|old| old.times.number < times[current].number)
    {
        end(app, old, now).await?;
    }
    Ok(moved)
}

/// Whether a person is found by the key of this number.
///
/// # Errors
/// [`KeyFault`].
pub(super) async fn is_used<S: store::Store>(
    home: &S,
    number: u32,
    now: Moment,
) -> Result<bool, KeyFault> {
    let mut page = Page::first(1);
    loop {
        let by = persons::found_by(number);
        let found = home.find(Persoon::SPACE, persons::KEY, &by, page, now);
        let found = found.await.map_err(KeyFault::store)?;
        match found.next {
            _ if !found.rows.is_empty() => return Ok(true),
            Some(next) => page = Page::after(next, BATCH),
            None => return Ok(false),
        }
    }
}

async fn move_all(app: &App, from: u32, to: u32) -> Result<u32, KeyFault> {
    let mut moved = 0;
    let mut page = Page::first(BATCH);
    for _ in 0..BATCHES_MAX {
        let by = persons::found_by(from);
        let now = app.clock.now();
        let found = app.home.find(Persoon::SPACE, persons::KEY, &by, page, now);
        let found = found.await.map_err(KeyFault::store)?;
        let each = found
            .rows
            .into_iter()
            .map(|(key, row)| move_one(app, key, row, to, now));
        for one in join_all(each).await {
            match one.map_err(KeyFault::store)? {
                Won::Yes => moved += 1,
                Won::No => tracing::debug!("a person changed while being moved"),
            }
        }
        match found.next {
            Some(next) => page = Page::after(next, BATCH),
            None => break,
        }
    }
    Ok(moved)
}

async fn move_one(
    app: &App,
    from: Key,
    row: Row<Sealed>,
    to: u32,
    now: Moment,
) -> Result<Won, Outage> {
    let found = app.opened::<Persoon>(&from, row)?;
    let at = {
        let set = app.keys.set();
        let look_up = set.persons()?.numbered(to);
        look_up.map(|key| Persoon::key(to, key, &found.value.bsn))
    };
    // The key came into use since this node last looked: the next pass has it.
    let Some(at) = at else {
        return Ok(Won::No);
    };
    let moved = Persoon {
        number: to,
        ..found.value
    };
    let changes = vec![
        Change::remove(from, found.version),
        moved.put(at, Expect::Absent, found.until),
    ];
    app.write(changes, now).await
}

/// Gives a key its end when nobody is found by it. Its row goes when that comes.
async fn end(app: &App, old: &KeyRow, now: Moment) -> Result<(), KeyFault> {
    if old.times.until.is_some() || is_used(&app.home, old.times.number, now).await? {
        return Ok(());
    }
    let ended = old.with(Times {
        until: Some(now.plus_s(SPREAD_S)),
        ..old.times
    });
    agreed::write(&app.home, &[ended], now).await?;
    Ok(())
}
