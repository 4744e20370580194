//! Where rows live: one trait, one decider, several homes.
//!
//! A verdict's changes become one [`Commit`]: each change names the row it expects to find, and
//! all of them are applied, or none. A home only loads rows under its lock and writes rows back;
//! whether a commit holds is decided by one pure function, [`Group::decide`], that all homes share,
//! so that a race has the same winner everywhere. An answer leaves only after the changes and
//! their audit events are durable.
//!
//! This crate knows no framework, reads no clock (every call brings its [`Moment`]), draws no
//! randomness and never sees a secret: bodies arrive sealed.
//!
//! Start reading at [`Store`], then [`Group`]; the homes are [`memory`], [`embedded`] and
//! [`postgres`]. A new home is one more module that passes `contract`.

mod columns;
pub mod commit;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod embedded;
pub mod epoch;
mod group;
mod inspection;
pub mod memory;
pub mod postgres;
pub mod retention;

pub use commit::{
    AUDIT_ROWS_MAX, AuditRow, BadCommit, Commit, Down, Found, NotCommitted, Page, Trace,
};
pub use embedded::Embedded;
pub use epoch::{NewEpoch, Restored};
pub use group::{Applied, Group, Standing, Write};
pub use inspection::{Schema, SchemaStanding};
pub use memory::Memory;
pub use postgres::Postgres;
pub use retention::{AuditGap, Destroyed, RetentionDays};
use verdict::{IndexKey, Key, Moment, Row, Sealed, Space};

/// A home of rows.
///
/// How to write the next one: load the [`Standing`] of every key in [`Group::keys`] under a lock,
/// in that order; pass the waiting commits to [`Group::decide`] in order of arrival; write
/// [`Group::writes`] and the events of the commits that were applied; make it durable; only then
/// answer. Then run every scenario of `contract` against it.
///
/// Every call brings `now`, because a row whose `until` is over counts as absent from that moment
/// on, swept or not.
pub trait Store: Send + Sync + 'static {
    /// The rows of `keys`, in the order asked and all of one instant; `None` where there is no row
    /// or it is over at `now`.
    ///
    /// A row that was written by an answered commit is found. One that is read may be gone a
    /// moment later: a decision that rests on it guards it in its commit.
    fn get(
        &self,
        keys: &[Key],
        now: Moment,
    ) -> impl Future<Output = Result<Vec<Option<Row<Sealed>>>, Down>> + Send;

    /// The rows of `space` that carry `key` in the index of that name, in the order of their keys:
    /// at most a page of them, all of one instant. Rows that are over at `now` are left out, so a
    /// page may hold fewer rows than asked, or none, and still have a next one.
    fn find(
        &self,
        space: Space,
        index: &'static str,
        key: &IndexKey,
        page: Page,
        now: Moment,
    ) -> impl Future<Output = Result<Found, Down>> + Send;

    /// Applies all changes of the commit and keeps its events, or does neither. `Ok` means that
    /// both are durable.
    ///
    /// A caller that goes away does not stop its commit. A commit whose answer was lost, or was
    /// [`NotCommitted::Unknown`], is settled by sending it again with the same id, if it was made by
    /// [`Commit::repeatable`]: what was applied is recognised by the id in its rows and not applied
    /// twice (see [`Applied::Before`] for others).
    fn commit(&self, commit: Commit) -> impl Future<Output = Result<(), NotCommitted>> + Send;

    /// Removes rows whose last day (UTC) is before the day of `now`, at most `rows_max` in small
    /// batches between which commits go on; returns how many. Fewer than `rows_max` means that
    /// nothing is left, or that commits need the home more just now.
    fn sweep(&self, now: Moment, rows_max: u16) -> impl Future<Output = Result<u16, Down>> + Send;

    /// Destroys audit events whose day is over for longer than `kept`, oldest first and whole days
    /// where the home can, and keeps what [`Store::audit_gaps`] tells. Commits go on; a call does a
    /// bounded part of it. The newest event may stay, so that its number is not given again.
    fn destroy_audit(
        &self,
        now: Moment,
        kept: RetentionDays,
    ) -> impl Future<Output = Result<Destroyed, Down>> + Send;

    /// Of which days events were destroyed, oldest day first: every number that is missing in the
    /// log lies within one of these, or between two epochs (see [`epoch`]).
    fn audit_gaps(&self) -> impl Future<Output = Result<Vec<AuditGap>, Down>> + Send;

    /// The audit log from the first row whose number is above `after`, at most `rows_max` rows
    /// (and at most [`AUDIT_ROWS_MAX`] at once), in the order in which they were committed.
    fn audit(
        &self,
        after: u64,
        rows_max: u16,
    ) -> impl Future<Output = Result<Vec<AuditRow>, Down>> + Send;
}
