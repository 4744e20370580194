//! What the outbox was woken for, by domain.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use koppeltaal::Domein;
use tokio::sync::Notify;

use super::{BATCH, Rij};

/// Rows that are held, of all domains, at most; what is beyond is read from the store.
const HELD_MAX: usize = 2 * BATCH;

/// See the module.
#[derive(Default)]
pub(super) struct Wekker {
    held: Mutex<Held>,
    bell: Notify,
}

#[derive(Default)]
struct Held {
    by_domain: BTreeMap<Domein, Werk>,
    rows: usize,
}

/// What there is for one domain.
#[derive(Default)]
pub(super) struct Werk {
    /// What this node has just written, at most [`BATCH`].
    pub(super) fresh: Vec<Rij>,
    /// Whether there is something in the store beside that.
    pub(super) look: bool,
}

impl Wekker {
    /// There is something in the store for this domain.
    pub(super) fn look(&self, domein: &Domein) {
        let mut held = self.locked();
        held.of(domein).look = true;
    }

    /// This row was just written.
    pub(super) fn fresh(&self, row: Rij) {
        let mut held = self.locked();
        let is_room = held.rows < HELD_MAX;
        let werk = held.of(&row.1.value.domein);
        if is_room && werk.fresh.len() < BATCH {
            werk.fresh.push(row);
            held.rows += 1;
        } else {
            werk.look = true;
        }
    }

    /// Wakes who sends.
    pub(super) fn ring(&self) {
        self.bell.notify_one();
    }

    /// Waits for [`Self::ring`].
    pub(super) async fn rung(&self) {
        self.bell.notified().await;
    }

    /// Everything that there is.
    pub(super) fn taken(&self) -> BTreeMap<Domein, Werk> {
        std::mem::take(&mut *self.locked()).by_domain
    }

    fn locked(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn of(&mut self, domein: &Domein) -> &mut Werk {
        self.by_domain.entry(domein.clone()).or_default()
    }
}
