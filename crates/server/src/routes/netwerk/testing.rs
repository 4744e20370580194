//! What tests of the observer share.

use crate::observer::{Bericht, Inhoud, Richting, Sighting, Weigering};

/// The run of every sample.
pub(super) const TRACE: &str = "c0e7b545-9606-4eef-bea7-75d8addaa54b";

pub(super) fn sighting(step: u8, party: &str, ok: bool) -> Sighting {
    Sighting {
        step,
        trace_id: TRACE.to_owned(),
        party: party.to_owned(),
        peer: "user agent".to_owned(),
        ok,
        note: "token request".to_owned(),
        aanbieder: None,
        time: 1_795_305_600,
    }
}

pub(super) fn bericht(party: &str, url: &str) -> Bericht {
    Bericht {
        trace_id: TRACE.to_owned(),
        party: party.to_owned(),
        richting: Richting::Ontvangen,
        peer: "pgo.localhost".to_owned(),
        method: "POST".to_owned(),
        url: url.to_owned(),
        query: None,
        request: Inhoud::default(),
        status: 200,
        response: Inhoud::default(),
        begonnen_ms: 1_795_305_600_123,
        duur_ms: 12,
    }
}

pub(super) fn weigering(trace: &str, time: i64) -> Weigering {
    Weigering {
        trace_id: trace.to_owned(),
        party: "mitz".to_owned(),
        requirement: "RFC 7636 §4.6".to_owned(),
        reason: "the code_verifier is another one".to_owned(),
        who: "pgo.localhost".to_owned(),
        time,
    }
}
