//! Whether the person whom an IdP identified is the person who launches (koppeltaal.md §4.5).

use serde_json::Value;

use super::{Context, NietGoed};
use crate::domeinconfiguratie::{Gebruikerssoort, Idp};

/// Compares the FHIR resource of who launches with what the IdP said.
///
/// # Errors
/// [`NietGoed`]: it is another resource or another person, not active, or related to another
/// patient. All of them are a 403 (koppeltaal cases 102 to 104).
pub(super) fn is(
    persoon: &Value,
    context: &Context,
    idp: &Idp,
    claim: &str,
) -> Result<(), NietGoed> {
    let no = |requirement, reason| Err(NietGoed::new(requirement, reason));
    let wanted = context.sub.verwijzing();
    if text(persoon, "resourceType") != Some(wanted.soort())
        || text(persoon, "id") != Some(wanted.id())
    {
        return no(
            "koppeltaal.md §4.5",
            "the FHIR server gave another resource",
        );
    }
    // koppeltaal case 103; FHIR assumes that a person is active where nothing is said
    if persoon.get("active").and_then(Value::as_bool) == Some(false) {
        return no("koppeltaal case 103", "the person is not active");
    }
    if !has_identifier(persoon, idp, claim) {
        let reason = "the IdP's claim is no identifier of the person";
        return no("koppeltaal case 102", reason);
    }
    if context.sub.soort() == Gebruikerssoort::RelatedPerson {
        let patient = context.patient.as_ref().map(super::Verwijzing::as_str);
        let related = persoon
            .pointer("/patient/reference")
            .and_then(Value::as_str);
        if patient.is_none() || related != patient {
            let reason = "the person is related to another patient than the launch's";
            return no("koppeltaal case 104", reason);
        }
    }
    Ok(())
}

/// Whether one of the identifiers has this value, and the IdP's system where it has one.
fn has_identifier(persoon: &Value, idp: &Idp, claim: &str) -> bool {
    let identifiers = persoon.get("identifier").and_then(Value::as_array);
    identifiers.is_some_and(|identifiers| {
        identifiers.iter().any(|identifier| {
            let system = idp.identifier_system.as_deref();
            let is_of_system = system.is_none() || text(identifier, "system") == system;
            is_of_system && text(identifier, "value") == Some(claim)
        })
    })
}

fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    value.get(member).and_then(Value::as_str)
}
