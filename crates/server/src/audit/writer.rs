//! Adds to the chain, and destroys what is over: one chore of each role of a node.
//!
//! Several nodes may do so on one store. Whoever adds an entry first has added it; the others find that
//! and go on from there, so nobody needs a lease and a node that dies leaves nothing half done.

use std::sync::Arc;
use std::time::Duration;

use jose::CannotSign;
use store::{RetentionDays, Store};
use verdict::Moment;

use super::entry::{self, ChainFault, Entry, Kop, ROWS_MAX, Segment, Tombstone, What};
use crate::app::App;

/// How often a node looks whether there is something to sign.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Between two batches of what is destroyed, so that requests go first.
const BREATH: Duration = Duration::from_millis(50);
/// A segment that is not full is made when its oldest row is so old, in seconds. Longer leaves a row
/// unproven for longer; shorter makes segments that are larger than what they prove.
pub const WAIT_S: u32 = 60;
/// Most segments of one turn, some tenths of a second of work; the next turn goes on at once.
const SEGMENTS_MAX: u32 = 64;
/// How long a role that stops may chain.
const END_MAX: Duration = Duration::from_secs(3);
/// Most turns when a role stops: a million rows.
const TURNS_MAX_AT_END: u32 = 16;

/// Whoever signs.
pub trait Sign: Fn(&Entry) -> Result<String, CannotSign> + Send + Sync {}
impl<F: Fn(&Entry) -> Result<String, CannotSign> + Send + Sync> Sign for F {}

/// The chore: chains what was committed and, where a retention is given, destroys what is over, for as
/// long as the role is served.
pub(crate) async fn keep(app: Arc<App>, kept: Option<RetentionDays>) {
    let mut pause = LOOK_EVERY;
    loop {
        tokio::time::sleep(pause).await;
        let sign = |entry: &Entry| entry.sign(app.keys.set().audit.current());
        pause = match turn(&app.home, &sign, kept, app.clock.now()).await {
            Ok(true) => BREATH,
            Ok(false) => LOOK_EVERY,
            Err(fault) => {
                tracing::error!(role = app.party, %fault, "the audit log could not be chained");
                LOOK_EVERY
            }
        };
    }
}

/// Chains what was committed last, however young: a role that stops leaves nothing unproven behind. No
/// longer than some seconds, also when the store is away; the rest is for the next start.
pub(crate) async fn finish(app: &App) {
    if tokio::time::timeout(END_MAX, last_turns(app))
        .await
        .is_err()
    {
        tracing::warn!(
            role = app.party,
            "the last events are chained at the next start"
        );
    }
}

async fn last_turns(app: &App) {
    let sign = |entry: &Entry| entry.sign(app.keys.set().audit.current());
    for _ in 0..TURNS_MAX_AT_END {
        match turn_after(&app.home, &sign, None, 0, app.clock.now()).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(fault) => {
                tracing::error!(role = app.party, %fault, "the audit log could not be chained");
                return;
            }
        }
    }
}

/// One turn: adds segments of what waits, then destroys a batch of what is over. Whether there is more.
///
/// # Errors
/// [`ChainFault`]: what was added before stays.
pub async fn turn<S: Store>(
    home: &S,
    sign: &impl Sign,
    kept: Option<RetentionDays>,
    now: Moment,
) -> Result<bool, ChainFault> {
    turn_after(home, sign, kept, WAIT_S, now).await
}

/// The same, where a segment that is not full is made when its oldest row is so old.
async fn turn_after<S: Store>(
    home: &S,
    sign: &impl Sign,
    kept: Option<RetentionDays>,
    wait_s: u32,
    now: Moment,
) -> Result<bool, ChainFault> {
    let mut writer = Writer {
        kop: entry::kop(home, now).await?,
        home,
        sign,
        wait_s,
        now,
    };
    if writer.kop.is_none() && !writer.begin().await? {
        return Ok(true);
    }
    for _ in 0..SEGMENTS_MAX {
        match writer.segment().await? {
            Added::Yes => {}
            Added::Nothing => {
                return match kept {
                    Some(kept) => writer.destroy(kept).await,
                    None => Ok(false),
                };
            }
            Added::ByAnother => break,
        }
    }
    Ok(true)
}

struct Writer<'a, S, F> {
    home: &'a S,
    sign: &'a F,
    wait_s: u32,
    now: Moment,
    kop: Option<(u64, Kop)>,
}

/// What became of an entry.
#[derive(PartialEq, Eq)]
enum Added {
    Yes,
    /// There is nothing to say yet.
    Nothing,
    /// Another node said it.
    ByAnother,
}

impl<S: Store, F: Sign> Writer<'_, S, F> {
    /// A log of which something was destroyed before it had a chain says so in its first entry. False
    /// when another node began.
    async fn begin(&mut self) -> Result<bool, ChainFault> {
        let gaps = self.home.audit_gaps().await.map_err(ChainFault::store)?;
        let (Some(to), Some(day)) = (
            gaps.iter().map(|gap| gap.last).max(),
            gaps.iter().map(|gap| gap.day).max(),
        ) else {
            return Ok(true);
        };
        let tombstone = Tombstone {
            before_day: day + 1,
            to,
            kept_days: None,
        };
        let added = self.add(What::Tombstone(tombstone)).await?;
        Ok(added == Added::Yes)
    }

    /// Adds a segment, if enough waits for one or for long enough.
    async fn segment(&mut self) -> Result<Added, ChainFault> {
        let after = self.kop.as_ref().map_or(0, |(_, kop)| kop.to);
        let rows = self.home.audit(after, ROWS_MAX).await;
        let rows = rows.map_err(ChainFault::store)?;
        let Some(oldest) = rows.first().map(|row| row.moment) else {
            return Ok(Added::Nothing);
        };
        // A clock that was set back must not stop the chain.
        let age = self.wait_s;
        let waits = oldest.plus_s(age) > self.now && oldest <= self.now.plus_s(age);
        if waits && rows.len() < usize::from(ROWS_MAX) {
            return Ok(Added::Nothing);
        }
        match Segment::of(&rows) {
            Some((segment, _)) => self.add(What::Segment(segment)).await,
            None => Ok(Added::Nothing),
        }
    }

    /// Destroys a batch of what is over, once a tombstone says so; whether there may be more. The newest
    /// row stays, whatever its age.
    async fn destroy(&mut self, kept: RetentionDays) -> Result<bool, ChainFault> {
        let before_day = kept.kept_from(self.now);
        let oldest = self.home.audit(0, 2).await.map_err(ChainFault::store)?;
        let is_over = oldest.len() == 2 && oldest[0].moment.day() < before_day;
        let Some((_, kop)) = self.kop.as_ref().filter(|_| is_over) else {
            return Ok(false);
        };
        // One that was chained since must have a tombstone that comes after it.
        let tombstone = Tombstone {
            before_day,
            to: kop.to,
            kept_days: Some(kept.0),
        };
        if kop.tombstone.as_ref() != Some(&tombstone)
            && self.add(What::Tombstone(tombstone)).await? != Added::Yes
        {
            return Ok(true);
        }
        let destroyed = self.home.destroy_audit(self.now, kept).await;
        let destroyed = destroyed.map_err(ChainFault::store)?;
        Ok(destroyed.more)
    }

    async fn add(&mut self, what: What) -> Result<Added, ChainFault> {
        let before = self.kop.as_ref().map(|(_, kop)| kop);
        let number = before.map_or(0, |kop| kop.number) + 1;
        let entry = Entry {
            number,
            previous: before.map_or_else(String::new, |kop| kop.name.clone()),
            made: self.now.unix(),
            what,
        };
        let text = (self.sign)(&entry)?;
        let after = self.kop.as_ref();
        if let Some(kop) = entry::add(self.home, after, (&entry, text), self.now).await? {
            self.kop = Some(kop);
            return Ok(Added::Yes);
        }
        let found = entry::kop(self.home, self.now).await?;
        if found == self.kop {
            // Nobody was first, and yet it is there.
            return Err(ChainFault::Stuck(number));
        }
        self.kop = found;
        Ok(Added::ByAnother)
    }
}
