//! The code systems of AuditEvents.

use serde::Serialize;

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

/// FHIR's `Coding`.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Coding<'a> {
    system: &'static str,
    code: &'a str,
    display: &'a str,
}

/// A `CodeableConcept` with one coding.
#[derive(Serialize)]
pub(super) struct Coded {
    coding: [Coding<'static>; 1],
}

pub(super) const fn coding<'a>(
    system: &'static str,
    code: &'a str,
    display: &'a str,
) -> Coding<'a> {
    Coding {
        system,
        code,
        display,
    }
}

pub(super) const fn coded(
    system: &'static str,
    code: &'static str,
    display: &'static str,
) -> Coded {
    Coded {
        coding: [coding(system, code, display)],
    }
}
