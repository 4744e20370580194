//! The numbers by which requests that belong together are found again (koppeltaal.md §3.5).

use crate::auditevent::{Spoor, Sporen};

/// What the client sent, where it is well formed: an id of FHIR. `fresh` is for what is missing
/// (koppeltaal case 74); the number of a trace never is that of the request (TH).
pub fn sporen(
    request: Option<&str>,
    correlation: Option<&str>,
    trace: Option<&str>,
    [fresh_request, fresh_trace]: [Spoor; 2],
) -> Sporen {
    Sporen {
        // koppeltaal case 74
        request: request.and_then(Spoor::parse).unwrap_or(fresh_request),
        correlation: correlation.and_then(Spoor::parse),
        trace: Some(trace.and_then(Spoor::parse).unwrap_or(fresh_trace)),
    }
}
