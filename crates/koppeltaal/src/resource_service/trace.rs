//! The numbers by which requests that belong together are found again (koppeltaal.md §3.5).

use super::request::Id;

/// The numbers of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sporen {
    /// Of this request: `X-Request-Id`.
    pub request_id: Id,
    /// Of the request that led to it: `X-Correlation-Id`.
    pub correlation_id: Option<Id>,
    /// Of the whole chain: `X-Trace-Id`.
    pub trace_id: Id,
}

impl Sporen {
    /// What the client sent, where it is well formed: an id of FHIR. `fresh` makes up what is missing
    /// (koppeltaal case 74); the trace never is the number of the request (TH).
    pub fn read(
        request_id: Option<&str>,
        correlation_id: Option<&str>,
        trace_id: Option<&str>,
        fresh: impl Fn() -> Id,
    ) -> Self {
        Self {
            // koppeltaal case 74
            request_id: request_id.and_then(Id::parse).unwrap_or_else(&fresh),
            correlation_id: correlation_id.and_then(Id::parse),
            trace_id: trace_id.and_then(Id::parse).unwrap_or_else(&fresh),
        }
    }
}
