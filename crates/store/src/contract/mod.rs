//! What every home must do, as scenarios that run against any of them.
//!
//! A home's tests call [`every_scenario!`](crate::contract::every_scenario) with an expression that
//! makes an empty home; each scenario becomes one test of that name. What only a home with a disk
//! can show (a kill between commit and answer, a disk that fails, a backup) is tested beside that
//! home, with the parts of this module: [`load`] puts clients on a home, [`history`] takes down what
//! they were answered, [`Checker`] says whether a home can have behaved so.

mod checker;
mod epoch;
pub mod history;
pub mod load;
mod log;
mod races;
mod rows;
mod time;

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use verdict::{Actor, Change, CommitId, Event, Expect, Key, Moment, Row, Sealed, Space, Then};

pub use self::checker::{Checker, Seen, Wrong};
pub use self::epoch::*;
pub use self::log::*;
pub use self::races::*;
pub use self::rows::*;
pub use self::time::*;
use crate::{BadCommit, Commit, Down, NotCommitted, Store};

/// How a scenario ends when no assertion failed.
pub type Passed = Result<(), Box<dyn Error + Send + Sync>>;

/// Makes a test of every scenario of the suite. The expression makes an empty home and whatever
/// must live as long as it does: `every_scenario!(async { (Memory::new(), ()) });`
#[macro_export]
#[doc(hidden)]
macro_rules! __every_scenario {
    ($home:expr) => {
        $crate::__every_scenario!($home;
            of_racing_redemptions_one_wins
            a_key_is_spent_once_by_whoever_comes_first
            of_two_redemptions_sent_together_one_wins
            of_racing_refreshes_each_generation_has_one_winner
            after_a_withdrawal_nothing_is_issued
            a_commit_of_several_rows_is_all_or_nothing
            rows_written_together_are_read_together
            a_present_guard_fails_once_the_row_is_gone
            a_version_guard_fails_once_the_row_was_written
            an_absent_guard_fails_once_the_row_is_there
            a_commit_sent_again_is_applied_once
            a_repeatable_commit_is_applied_once_whatever_happened_since
            rows_come_back_as_they_went
            rows_are_given_in_the_order_asked
            keys_of_different_kinds_and_spaces_do_not_meet
            pages_give_each_row_once_in_a_stable_order
            a_row_is_found_by_what_its_index_says_now
            what_is_over_counts_as_absent
            a_sweep_takes_what_is_over_and_nothing_else
            a_sweep_goes_on_under_load
            a_clock_set_back_does_not_unspend
            events_are_kept_with_their_commit_and_only_then
            the_audit_log_is_read_in_order_and_in_parts
            audit_events_go_after_their_retention_and_leave_their_numbers_explained
            it_agrees_with_memory_on_many_commits
            a_load_leaves_a_history_that_can_be
        );
    };
    ($home:expr; $($scenario:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $scenario() {
                let (home, _kept) = $home.await;
                let passed = $crate::contract::$scenario(std::sync::Arc::new(home)).await;
                passed.expect("the home answers");
            }
        )+
    };
}

pub use crate::__every_scenario as every_scenario;

/// A day after the epoch, so that there is room before it.
const NOW: Moment = Moment::from_unix(1_000_000);
/// Lasts through every scenario that does not say otherwise.
const LATER: Moment = Moment::from_unix(1_000_000 + 30 * 86_400);
const GRANTS: Space = Space("contract.grant");
const CODES: Space = Space("contract.once");
const RECORDS: Space = Space("contract.record");

fn grant(number: u8) -> Key {
    Key::Grant(GRANTS, [number; 16])
}

fn record(name: &str) -> Key {
    Key::Record(RECORDS, name.as_bytes().to_vec())
}

/// An id that was not used before in this process.
fn fresh_id() -> CommitId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut id = [0; 16];
    id[8..].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    CommitId(id)
}

fn body(text: &str) -> Sealed {
    Sealed {
        open: json!({"v": 1, "text": text}).into(),
        index: Vec::new(),
        private: text.as_bytes().to_vec(),
    }
}

fn put(key: &Key, expect: Expect, text: &str) -> Change<Sealed> {
    put_until(key, expect, LATER, body(text))
}

fn put_until(key: &Key, expect: Expect, until: Moment, body: Sealed) -> Change<Sealed> {
    Change {
        key: key.clone(),
        expect,
        then: Then::Put { until, body },
    }
}

fn guard(key: &Key, expect: Expect) -> Change<Sealed> {
    Change {
        key: key.clone(),
        expect,
        then: Then::Keep,
    }
}

fn granted(what: &'static str) -> Event {
    Event::granted("contract", what, Actor::Unknown)
}

fn commit(changes: Vec<Change<Sealed>>) -> Result<Commit, BadCommit> {
    Commit::new(fresh_id(), NOW, changes, Vec::new())
}

fn commit_at(now: Moment, changes: Vec<Change<Sealed>>) -> Result<Commit, BadCommit> {
    Commit::new(fresh_id(), now, changes, Vec::new())
}

async fn row_at(home: &impl Store, key: &Key, now: Moment) -> Result<Option<Row<Sealed>>, Down> {
    let rows = home.get(std::slice::from_ref(key), now).await?;
    Ok(rows.into_iter().next().flatten())
}

async fn version(home: &impl Store, key: &Key) -> Result<Option<u64>, Down> {
    Ok(row_at(home, key, NOW).await?.map(|row| row.version))
}

/// Sends all commits at once, each from a task of its own; how many were applied. Every other
/// answer must be a conflict on `on`.
async fn winners<S: Store>(
    home: &Arc<S>,
    commits: Vec<Commit>,
    on: &Key,
) -> Result<usize, Box<dyn Error + Send + Sync>> {
    let mut tasks = tokio::task::JoinSet::new();
    for commit in commits {
        let home = Arc::clone(home);
        tasks.spawn(async move { home.commit(commit).await });
    }
    let mut won = 0;
    while let Some(answer) = tasks.join_next().await {
        match answer? {
            Ok(()) => won += 1,
            Err(why) => assert_eq!(why, NotCommitted::Conflict(on.clone())),
        }
    }
    Ok(won)
}
