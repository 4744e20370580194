//! The code systems of AuditEvents.

use serde_json::{Value, json};

/// DICOM.
pub(super) const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";
/// RESTful operations.
pub(super) const REST: &str = "http://terminology.hl7.org/CodeSystem/audit-event-type";
/// Which one.
pub(super) const RESTFUL_INTERACTION: &str = "http://hl7.org/fhir/restful-interaction";
/// What becomes of a record.
pub(super) const LIFECYCLE: &str = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle";
/// What an entity is to an event.
pub(super) const OBJECT_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";
/// FHIR's types.
pub(super) const RESOURCE_TYPES: &str = "http://hl7.org/fhir/resource-types";
/// What an observer is.
pub(super) const SECURITY_SOURCE_TYPE: &str =
    "http://terminology.hl7.org/CodeSystem/security-source-type";

/// A `Coding`.
pub(super) fn coding(system: &str, code: &str, display: &str) -> Value {
    json!({ "system": system, "code": code, "display": display })
}

/// A `CodeableConcept` with one coding.
pub(super) fn coded(system: &str, code: &str, display: &str) -> Value {
    json!({ "coding": [coding(system, code, display)] })
}
