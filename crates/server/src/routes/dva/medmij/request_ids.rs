//! The numbers of requests, and those of recent authorization requests (core.authint.208).

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use http::HeaderName;

use crate::door::TraceId;
use crate::web::Visit;

const REQUEST_ID: HeaderName = HeaderName::from_static("medmij-request-id");
pub(super) const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

/// Whether a request of a client's server bears its two numbers, each a UUID (core.tknint.208,
/// core.rscint.201).
pub(in super::super) fn has_numbers(visit: &Visit) -> bool {
    let is_number = |name: &HeaderName| {
        let text = visit.header(name);
        text.is_some_and(|text| TraceId::parse(text).is_some())
    };
    [REQUEST_ID, CORRELATION_ID].iter().all(is_number)
}

/// So many are remembered; then the oldest makes room.
const REMEMBERED_MAX: usize = 16_384;

/// The `MedMij-Request-ID`s that came here lately, to tell the operator of one that comes again (medmij case
/// 22). In memory and of this node: it refuses nothing, since a browser that reloads the landing page repeats
/// its request too, and nobody who is not logged in should make the store write.
#[derive(Debug, Default)]
pub(in super::super) struct RequestIds(Mutex<Recent>);

#[derive(Debug, Default)]
struct Recent {
    known: HashSet<TraceId>,
    order: VecDeque<TraceId>,
}

impl RequestIds {
    /// Remembers a number. Returns whether it was new.
    pub(super) fn is_new(&self, number: TraceId) -> bool {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !recent.known.insert(number) {
            return false;
        }
        recent.order.push_back(number);
        if recent.order.len() > REMEMBERED_MAX
            && let Some(oldest) = recent.order.pop_front()
        {
            recent.known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_authint_208_a_number_is_new_once_and_the_oldest_is_forgotten() {
        let ids = RequestIds::default();
        let first = TraceId::fresh();
        assert!(ids.is_new(first));
        assert!(!ids.is_new(first));
        for _ in 0..REMEMBERED_MAX - 1 {
            assert!(ids.is_new(TraceId::fresh()));
        }
        assert!(!ids.is_new(first));
        assert!(ids.is_new(TraceId::fresh()));
        assert!(ids.is_new(first));
        let recent = ids.0.lock().expect("not poisoned");
        assert_eq!(recent.known.len(), REMEMBERED_MAX);
        assert_eq!(recent.order.len(), REMEMBERED_MAX);
    }
}
