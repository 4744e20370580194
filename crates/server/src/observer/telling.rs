//! The tasks that send what waits: in batches, each within what the observer takes.

use serde::Serialize;
use tokio::sync::mpsc::Receiver;

use super::{Sighting, Weigering};
use crate::outside::{Headers, Outside};
use crate::redact::{self, Exchange};

/// Items in one message. Messages are large, and redacted one after the other.
const SIGHTINGS_MAX: usize = 128;
const EXCHANGES_MAX: usize = 16;
const REFUSALS_MAX: usize = 128;
/// One message, in bytes; the observer's own bound is 1 MiB.
const BATCH_BYTES_MAX: usize = 900 * 1024;

/// The other ends of an observer's queues.
pub(crate) struct Waiting {
    pub(crate) sightings: Receiver<Sighting>,
    pub(crate) exchanges: Receiver<Exchange>,
    pub(crate) refusals: Receiver<Weigering>,
}

/// Where one kind is sent.
pub(super) struct Telling {
    pub(super) url: String,
    pub(super) key: String,
    pub(super) outside: Outside,
}

impl Telling {
    pub(super) async fn sightings(self, mut waiting: Receiver<Sighting>) {
        let mut batch = Vec::with_capacity(SIGHTINGS_MAX);
        while waiting.recv_many(&mut batch, SIGHTINGS_MAX).await > 0 {
            self.send(batch.drain(..)).await;
        }
    }

    pub(super) async fn exchanges(self, mut waiting: Receiver<Exchange>, party: &'static str) {
        let mut batch = Vec::with_capacity(EXCHANGES_MAX);
        while waiting.recv_many(&mut batch, EXCHANGES_MAX).await > 0 {
            self.send(batch.drain(..).map(|told| told.redacted(party)))
                .await;
        }
    }

    pub(super) async fn refusals(self, mut waiting: Receiver<Weigering>) {
        let mut batch = Vec::with_capacity(REFUSALS_MAX);
        while waiting.recv_many(&mut batch, REFUSALS_MAX).await > 0 {
            self.send(batch.drain(..).map(redact::refusal)).await;
        }
    }

    /// Sends as few messages as the bound allows. What the observer does not take is lost.
    async fn send<T: Serialize>(&self, items: impl Iterator<Item = T>) {
        for body in batches(items, BATCH_BYTES_MAX) {
            let headers = Headers::none().bearer(&self.key);
            let sent = self
                .outside
                .post_bytes(&self.url, "application/json", body, headers)
                .await;
            if let Err(error) = sent {
                tracing::debug!(%error, "the observer does not listen");
            }
        }
    }
}

/// JSON arrays of the items, in order, each of at most so many bytes. An item that fits in none is
/// left out.
fn batches<T: Serialize>(items: impl Iterator<Item = T>, bytes_max: usize) -> Vec<Vec<u8>> {
    let mut batches: Vec<Vec<u8>> = Vec::new();
    for item in items {
        let item = serde_json::to_vec(&item).unwrap_or_default();
        // Two brackets; or, behind others, a comma and the bracket.
        if item.is_empty() || item.len() + 2 > bytes_max {
            continue;
        }
        match batches.last_mut() {
            Some(last) if last.len() + item.len() + 2 <= bytes_max => last.push(b','),
            _ => batches.push(vec![b'[']),
        }
        if let Some(last) = batches.last_mut() {
            last.extend(item);
        }
    }
    for batch in &mut batches {
        batch.push(b']');
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_hold_every_item_in_order_and_stay_within_their_bytes() {
        let items = || (0..40).map(|n| "x".repeat(n));
        let sent = batches(items(), 64);
        let read = |batch: &Vec<u8>| {
            assert!(batch.len() <= 64);
            serde_json::from_slice::<Vec<String>>(batch).expect("an array")
        };
        let all: Vec<String> = sent.iter().flat_map(read).collect();
        assert_eq!(all, items().collect::<Vec<_>>());
        assert!(sent.len() < 40, "several in one");
    }

    #[test]
    fn an_item_that_fits_in_no_batch_is_left_out() {
        let sent = batches(["a", "far too long", "b"].into_iter(), 10);
        assert_eq!(sent, [br#"["a","b"]"#.to_vec()]);
        assert!(batches(std::iter::empty::<u8>(), 10).is_empty());
    }
}
