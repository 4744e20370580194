//! What each party tells the demo's observer: which step it saw, from whom, and how it went.
//!
//! Telling never holds up a journey: sightings wait in a bounded queue and are sent by a task of
//! their own; when the queue is full they are dropped. No party can read what others told.

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::door::TraceId;
use crate::outside::{Headers, Outside};

/// Sightings that wait to be sent.
const QUEUE_MAX: usize = 4_096;
/// Sightings in one message.
const BATCH_MAX: usize = 128;

/// A step of a journey, as the party that received its message (or did its work) saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// Number of the step in seed 000.
    pub step: u8,
    /// The run that it belongs to.
    pub trace_id: String,
    /// Which party tells.
    pub party: String,
    /// From whom the message came, as the connection proved it, or `"user agent"`, or itself.
    pub peer: String,
    /// Whether it went well.
    pub ok: bool,
    /// What was seen, without personal data.
    pub note: String,
    /// At which provider, for the steps that happen once for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aanbieder: Option<String>,
    /// Seconds since 1970.
    pub time: i64,
}

/// Where a party tells what it saw. Clones tell the same observer.
#[derive(Clone)]
pub struct Observer {
    party: &'static str,
    queue: Option<mpsc::Sender<Sighting>>,
}

impl Observer {
    /// Nobody listens.
    pub const fn nobody(party: &'static str) -> Self {
        Self { party, queue: None }
    }

    /// Sends sightings to `url` with the party's key, until the last clone is gone.
    pub fn at(party: &'static str, url: String, key: String, outside: Outside) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(send(waiting, url, key, outside));
        Self {
            party,
            queue: Some(queue),
        }
    }

    /// Tells one sighting; gives up at once when the queue is full.
    pub fn saw(&self, sighting: Sighting) {
        if let Some(queue) = &self.queue
            && queue.try_send(sighting).is_err()
        {
            tracing::debug!(party = self.party, "the observer's queue is full");
        }
    }
}

async fn send(mut waiting: mpsc::Receiver<Sighting>, url: String, key: String, outside: Outside) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while waiting.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let body = serde_json::to_vec(&batch).unwrap_or_default();
        batch.clear();
        let headers = Headers::none().bearer(&key);
        if let Err(error) = outside
            .post_bytes(&url, "application/json", body, headers)
            .await
        {
            tracing::debug!(%error, "the observer does not listen");
        }
    }
}

/// A sighting of this moment.
pub fn sighting(
    step: u8,
    trace: TraceId,
    party: &str,
    peer: impl Into<String>,
    note: impl Into<String>,
) -> Sighting {
    Sighting {
        step,
        trace_id: trace.to_string(),
        party: party.to_owned(),
        peer: peer.into(),
        ok: true,
        note: note.into(),
        aanbieder: None,
        time: 0,
    }
}
