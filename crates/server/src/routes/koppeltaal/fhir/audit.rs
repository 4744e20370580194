//! What happened, for the AuditEvents of the domain (koppeltaal.md §3.6).

use std::sync::Arc;

use koppeltaal::auditevent::Auditevent;
use koppeltaal::resource_service::Gebeurtenis;

use super::{DomeinNu, KoppeltaalRole};

/// Puts an interaction into the outbox of the domain, before it is answered: an answer that nobody
/// could find afterwards leaves only when the store is away, and then the operator is told.
pub(super) async fn tell(role: &KoppeltaalRole, domein: &Arc<DomeinNu>, gebeurtenis: Gebeurtenis) {
    if let Some(event) = Auditevent::of(gebeurtenis, role.app.clock.now()) {
        role.tell(domein, event).await;
    }
}
