//! Keeps the AuditEvents that no decision carries: those of requests to a FHIR server.
//!
//! Everybody who asks for something is answered after its event is durable. Whoever has the pen writes
//! for all who wait for it, a row for each domain, so that the cost of a row is shared by those who came
//! while the row before it was written.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use koppeltaal::Domein;
use koppeltaal::auditevent::Auditevent;
use koppeltaal::outbox::{Bericht, Uitgaand};
use tokio::sync::{Mutex as Turn, oneshot};
use verdict::Entropy;

use super::commit;
use crate::chance;
use crate::routes::koppeltaal::{DomeinNu, KoppeltaalRole};

/// Events that are written in one commit, at most: no more than a commit has rows, since each may be of
/// another domain.
const WRITTEN_MAX: usize = store::commit::CHANGES_MAX;

/// See the module.
#[derive(Default)]
pub(super) struct Pen {
    waiting: Mutex<Vec<Waiting>>,
    turn: Turn<()>,
}

/// Somebody who waits until its event is kept.
struct Waiting {
    domein: Arc<DomeinNu>,
    bericht: Bericht,
    kept: oneshot::Sender<Kept>,
}

/// Whether an event is durable.
type Kept = Result<(), NotKept>;

#[derive(Clone, Copy, Debug)]
struct NotKept;

impl Pen {
    fn wait(&self, waiting: Waiting) {
        self.locked().push(waiting);
    }

    /// Some of those who wait, the longest first.
    fn some(&self) -> Vec<Waiting> {
        let mut waiting = self.locked();
        let some = waiting.len().min(WRITTEN_MAX);
        waiting.drain(..some).collect()
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KoppeltaalRole {
    /// Puts an event that no decision carries in the outbox of its domain. One that cannot be kept is
    /// told to the operator: logging stops nobody (koppeltaal.md §3.6). Whoever calls this sees it
    /// through to its end, since it may be writing for others.
    pub(in crate::routes::koppeltaal) async fn tell(
        &self,
        domein: &Arc<DomeinNu>,
        event: Auditevent,
    ) {
        let name = &domein.configuratie.domein;
        let request = event.sporen.request.clone();
        let kept = if self.outbox.is_full() {
            Err("too many wait")
        } else {
            let kept = self.keep(domein, event).await;
            kept.map_err(|NotKept| "the store did not take it")
        };
        if let Err(reason) = kept {
            let request = request.as_str();
            self.outbox.told(&self.app, name, request, reason);
        }
    }

    async fn keep(&self, domein: &Arc<DomeinNu>, event: Auditevent) -> Kept {
        let (kept, mut told) = oneshot::channel();
        let pen = &self.outbox.pen;
        pen.wait(Waiting {
            domein: Arc::clone(domein),
            bericht: Bericht::of(event),
            kept,
        });
        loop {
            tokio::select! {
                biased;
                told = &mut told => return told.unwrap_or(Err(NotKept)),
                _turn = pen.turn.lock() => self.write(pen.some()).await,
            }
        }
    }

    /// Writes for these, and tells each whether its event is kept.
    async fn write(&self, waiting: Vec<Waiting>) {
        let mut by_domain: BTreeMap<Domein, (Arc<DomeinNu>, Vec<Bericht>)> = BTreeMap::new();
        let mut hear = Vec::with_capacity(waiting.len());
        for Waiting {
            domein,
            bericht,
            kept,
        } in waiting
        {
            let name = domein.configuratie.domein.clone();
            let of_domain = by_domain.entry(name);
            let (_, berichten) = of_domain.or_insert_with(|| (domein, Vec::new()));
            berichten.push(bericht);
            hear.push(kept);
        }
        let now = self.app.clock.now();
        let entropy = Entropy::new(chance::entropy().bytes("koppeltaal.tell"));
        let of_each = (0u32..).zip(by_domain.into_values());
        let rows = of_each.flat_map(|(number, (domein, berichten))| {
            let entropy = entropy.part("koppeltaal.tell.domain", number);
            Uitgaand::together(berichten, &domein.configuratie, now, &entropy)
        });
        let rows: Vec<_> = rows.collect();
        let written = commit(&self.app, rows.iter().map(Uitgaand::put_new).collect()).await;
        if written.is_ok() {
            self.outbox.hand_over(rows);
        }
        for kept in hear {
            // Who went away is in the outbox all the same.
            let _ = kept.send(written.clone().map_err(|_| NotKept));
        }
    }
}
