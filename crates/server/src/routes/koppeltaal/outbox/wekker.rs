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

#[cfg(test)]
mod tests {
    use super::super::testing::rows;
    use super::*;

    fn hand(wekker: &Wekker, name: &str, number: u32) {
        for row in rows(name, number) {
            wekker.fresh(row);
        }
    }

    #[test]
    fn what_was_just_written_is_handed_over_and_what_is_beyond_is_looked_for() {
        let wekker = Wekker::default();
        let of = |werk: &BTreeMap<Domein, Werk>, name: &str| {
            let werk = &werk[&Domein::parse(name).expect("a domain")];
            (werk.fresh.len(), werk.look)
        };
        hand(&wekker, "d1", 40);
        hand(&wekker, "d2", 2);
        hand(&wekker, "d3", 40);
        let taken = wekker.taken();
        assert_eq!(
            of(&taken, "d1"),
            (BATCH, true),
            "as many as one round sends"
        );
        assert_eq!(of(&taken, "d2"), (2, false));
        assert_eq!(
            of(&taken, "d3"),
            (HELD_MAX - BATCH - 2, true),
            "of all domains"
        );
        assert!(wekker.taken().is_empty());
        hand(&wekker, "d1", 1);
        assert_eq!(of(&wekker.taken(), "d1"), (1, false), "there is room again");
    }
}
