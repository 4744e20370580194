//! What the Authorization server was asked and what it showed, in the audit log (core.logging.203).
//!
//! The names are those of MedMij's chain log. What nobody can be held to, a request of no known
//! client, stands in `log.jsonl` alone.

use std::convert::Infallible;

use verdict::{Actor, Event, Step};

use super::DvaRole;
use crate::door::TraceId;
use crate::settle::{Journey, Outage, Run, settle};

const REQUIREMENT: &str = "core.logging.203";

/// Something that happened before anybody logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gebeurtenis {
    /// A client asked.
    Gevraagd,
    /// The person saw the landing page (medmij case 1).
    Landingspagina,
    /// The client was told of an error (exception 1b, medmij case 9).
    Fout,
    /// The person was sent to DigiD.
    NaarDigid,
    /// The person cancelled on the landing page (medmij case 23).
    Geannuleerd,
}

impl Gebeurtenis {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Gevraagd => "receive_authorization_request",
            Self::Landingspagina => "show_landing_page",
            Self::Fout => "send_authorization_request_error",
            Self::NaarDigid => "send_authentication_request",
            Self::Geannuleerd => "send_authorization_cancellation",
        }
    }
}

/// Writes events of one run at one client, in this order.
struct Optekening {
    client_id: Option<String>,
    gebeurtenissen: &'static [Gebeurtenis],
}

impl Journey for Optekening {
    type Reply = ();
    type Question = Infallible;

    fn begin(&self, _: &Run) -> Step<(), Infallible> {
        let who = || self.client_id.clone().map_or(Actor::Person, Actor::Party);
        let events = self.gebeurtenissen.iter();
        let events = events.map(|event| Event::granted(REQUIREMENT, event.as_str(), who()));
        Step::Done(verdict::Verdict {
            reply: (),
            changes: Vec::new(),
            events: events.collect(),
        })
    }

    async fn answer(&self, _: &Run, question: Infallible) -> Result<Step<(), Infallible>, Outage> {
        match question {}
    }
}

impl DvaRole {
    /// Writes what happened, before it is answered; by whoever came to see consents without a client.
    ///
    /// # Errors
    /// [`Outage`]: nothing was written, and nothing may be answered but that.
    pub(super) async fn opgetekend(
        &self,
        trace: TraceId,
        client_id: Option<&str>,
        gebeurtenissen: &'static [Gebeurtenis],
    ) -> Result<(), Outage> {
        let optekening = Optekening {
            client_id: client_id.map(str::to_owned),
            gebeurtenissen,
        };
        settle(&self.app, trace, optekening).await
    }
}
