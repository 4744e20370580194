//! The homes that the shell can be given.

use store::{AuditGap, AuditRow, Commit, Destroyed, Down, Embedded, Found, Memory, NotCommitted};
use store::{Page, RetentionDays, Store};
use verdict::{IndexKey, Key, Moment, Row, Sealed, Space};

/// A store, chosen at start.
pub enum Home {
    /// Forgets everything when the program ends.
    Memory(Memory),
    /// SQLite in the party's directory.
    Embedded(Embedded),
}

impl Home {
    /// Whether the store stopped for good: what it answered before is durable, nothing more will be.
    pub fn is_down(&self) -> bool {
        match self {
            Self::Memory(_) => false,
            Self::Embedded(store) => store.is_down(),
        }
    }
}

/// Calls the same method of whichever home this is.
macro_rules! at_home {
    ($home:expr, $store:ident => $call:expr) => {
        match $home {
            Home::Memory($store) => $call.await,
            Home::Embedded($store) => $call.await,
        }
    };
}

impl Store for Home {
    async fn get(&self, keys: &[Key], now: Moment) -> Result<Vec<Option<Row<Sealed>>>, Down> {
        at_home!(self, store => store.get(keys, now))
    }

    async fn find(
        &self,
        space: Space,
        index: &'static str,
        key: &IndexKey,
        page: Page,
        now: Moment,
    ) -> Result<Found, Down> {
        at_home!(self, store => store.find(space, index, key, page, now))
    }

    async fn commit(&self, commit: Commit) -> Result<(), NotCommitted> {
        at_home!(self, store => store.commit(commit))
    }

    async fn sweep(&self, now: Moment, rows_max: u16) -> Result<u16, Down> {
        at_home!(self, store => store.sweep(now, rows_max))
    }

    async fn destroy_audit(&self, now: Moment, kept: RetentionDays) -> Result<Destroyed, Down> {
        at_home!(self, store => store.destroy_audit(now, kept))
    }

    async fn audit_gaps(&self) -> Result<Vec<AuditGap>, Down> {
        at_home!(self, store => store.audit_gaps())
    }

    async fn audit(&self, after: u64, rows_max: u16) -> Result<Vec<AuditRow>, Down> {
        at_home!(self, store => store.audit(after, rows_max))
    }
}
