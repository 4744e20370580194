//! What happened, for the AuditEvents of the domain (koppeltaal.md §3.6).

use koppeltaal::resource_service::Gebeurtenis;

use super::{DomeinNu, KoppeltaalRole};

/// Tells of an interaction. It never holds up an answer that there is already.
pub(super) fn tell(role: &KoppeltaalRole, domein: &DomeinNu, gebeurtenis: &Gebeurtenis) {
    tracing::debug!(
        party = role.app.party,
        domein = %domein.configuratie.domein,
        who = %gebeurtenis.wie,
        interaction = gebeurtenis.interactie.code(),
        outcome = gebeurtenis.outcome(),
        "an interaction"
    );
}
