//! What each party tells the demo's observer: which step it saw, from whom, and how it went; every
//! message that it exchanged, redacted; and every refusal with its reason.
//!
//! Telling never holds up a journey: what is told waits in a bounded queue and is sent by a task of
//! its own; when the queue is full it is dropped. Messages are redacted there, before they leave the
//! party ([`crate::redact`]). No party can read what others told.

mod telling;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::door::TraceId;
use crate::outside::Outside;
use crate::redact::Exchange;

use self::telling::Telling;

pub(crate) use self::telling::Waiting;

/// Sightings that wait to be sent.
const SIGHTINGS_MAX: usize = 4_096;
/// Messages that wait to be redacted and sent. Each may hold two bodies of 64 KiB.
const EXCHANGES_MAX: usize = 256;
/// Refusals that wait to be sent.
const REFUSALS_MAX: usize = 1_024;

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

/// A message as one of its two parties exchanged it: a request and its answer. What it shows was
/// redacted before it left that party.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bericht {
    /// The run that it belongs to.
    pub trace_id: String,
    /// Which party tells.
    pub party: String,
    /// Whether the party got the request or sent it.
    pub richting: Richting,
    /// Who was at the other end: as the connection proved it, `"user agent"`, or the host called.
    pub peer: String,
    /// The method of HTTP.
    pub method: String,
    /// Scheme, host and path; never a query.
    pub url: String,
    /// The parameters of the query, redacted.
    pub query: Option<Value>,
    /// What was asked.
    pub request: Inhoud,
    /// The status of the answer; 0 when there was none.
    pub status: u16,
    /// What was answered.
    pub response: Inhoud,
    /// When the request began, in milliseconds since 1970, by the party's clock.
    pub begonnen_ms: i64,
    /// How long it took until the answer was there, in milliseconds.
    pub duur_ms: u32,
}

/// Which way a request went, seen from the party that tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Richting {
    /// The party answered it.
    Ontvangen,
    /// The party sent it, to a party that is not of this program.
    Verzonden,
}

/// Headers and body of a request or an answer, redacted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inhoud {
    /// Names and values, in the order of the wire.
    pub headers: Vec<(String, String)>,
    /// The media type without its parameters.
    pub media_type: Option<String>,
    /// How long the body was.
    pub bytes: u64,
    /// A form, JSON or token as data: of a JWT its `header` and `claims`.
    pub velden: Option<Value>,
    /// XML, indented.
    pub xml: Option<String>,
}

/// A refusal, as the log has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weigering {
    /// The run that it belongs to.
    pub trace_id: String,
    /// Which party refused.
    pub party: String,
    /// The requirement that was not met: `"mitz case 48"`.
    pub requirement: String,
    /// The reason, for the operator.
    pub reason: String,
    /// Whom: `"person"`, `"unknown"`, or a party's name.
    pub who: String,
    /// Seconds since 1970.
    pub time: i64,
}

/// Where a party tells what it saw. Clones tell the same observer.
#[derive(Clone)]
pub struct Observer {
    party: &'static str,
    queues: Option<Queues>,
}

/// What waits to be sent, of each kind.
#[derive(Clone)]
struct Queues {
    sightings: mpsc::Sender<Sighting>,
    exchanges: mpsc::Sender<Exchange>,
    refusals: mpsc::Sender<Weigering>,
}

impl Observer {
    /// Nobody listens.
    pub const fn nobody(party: &'static str) -> Self {
        Self {
            party,
            queues: None,
        }
    }

    /// Sends what it is told to the observer at `base`, the URL of its host, with the party's key,
    /// until the last clone is gone.
    pub fn at(party: &'static str, base: &str, key: &str, outside: &Outside) -> Self {
        let to = |path: &str| Telling {
            url: format!("{base}{path}"),
            key: key.to_owned(),
            outside: outside.clone(),
        };
        let (observer, waiting) = Self::queued(party);
        tokio::spawn(to("/sightings").sightings(waiting.sightings));
        tokio::spawn(to("/berichten").exchanges(waiting.exchanges, party));
        tokio::spawn(to("/weigeringen").refusals(waiting.refusals));
        observer
    }

    /// One whose queues somebody else empties.
    pub(crate) fn queued(party: &'static str) -> (Self, Waiting) {
        let sightings = mpsc::channel(SIGHTINGS_MAX);
        let exchanges = mpsc::channel(EXCHANGES_MAX);
        let refusals = mpsc::channel(REFUSALS_MAX);
        let queues = Queues {
            sightings: sightings.0,
            exchanges: exchanges.0,
            refusals: refusals.0,
        };
        let waiting = Waiting {
            sightings: sightings.1,
            exchanges: exchanges.1,
            refusals: refusals.1,
        };
        let queues = Some(queues);
        (Self { party, queues }, waiting)
    }

    /// Whether anybody listens: who would only make what nobody hears can leave it.
    pub const fn is_heard(&self) -> bool {
        self.queues.is_some()
    }

    /// Tells one sighting; gives up at once when the queue is full.
    pub fn saw(&self, sighting: Sighting) {
        self.tell(|queues| &queues.sightings, sighting);
    }

    /// Tells one message that the party exchanged, redacted before it leaves the party; gives up at
    /// once when the queue is full.
    pub fn overheard(&self, exchange: Exchange) {
        self.tell(|queues| &queues.exchanges, exchange);
    }

    /// Tells one refusal; gives up at once when the queue is full.
    pub fn refused(&self, refusal: Weigering) {
        self.tell(|queues| &queues.refusals, refusal);
    }

    fn tell<T>(&self, queue: impl Fn(&Queues) -> &mpsc::Sender<T>, told: T) {
        if let Some(queues) = &self.queues
            && queue(queues).try_send(told).is_err()
        {
            tracing::debug!(party = self.party, "the observer's queue is full");
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
