//! What the service can do: the types and search parameters of the FHIR server behind it, and the
//! interactions that the gateway lets through (TOP-KT-014).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::permissie::ResourceType;
use crate::scope::RESOURCE_ORIGIN;

/// Types and search parameters of one type that are taken over, at most.
const TYPES_MAX: usize = 256;
const PARAMETERS_MAX: usize = 256;

/// What the FHIR server says of itself, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The search parameters of each type, and the kind of each.
    resources: BTreeMap<ResourceType, BTreeMap<String, String>>,
    /// Whether it takes Bundles of type `batch`.
    pub takes_batches: bool,
}

impl Capabilities {
    /// Reads a CapabilityStatement of FHIR R4.
    pub fn read(statement: &Value) -> Option<Self> {
        let is_r4 = statement["fhirVersion"].as_str()?.starts_with("4.0");
        if statement["resourceType"] != "CapabilityStatement" || !is_r4 {
            return None;
        }
        let rest = &statement["rest"][0];
        let all = rest["resource"].as_array()?;
        let read = |found: &Value| {
            let resource = ResourceType::parse(found["type"].as_str()?)?;
            Some((resource, parameters(&found["searchParam"])))
        };
        let known = all.iter().take(TYPES_MAX).filter_map(read);
        let interactions = rest["interaction"].as_array();
        Some(Self {
            resources: known.collect(),
            takes_batches: interactions.is_some_and(|all| {
                let mut codes = all.iter().map(|interaction| &interaction["code"]);
                codes.any(|code| code == "batch")
            }),
        })
    }

    /// Whether resources of a type can be searched by their owner there. FHIR lets a server ignore
    /// parameters that it does not know.
    pub fn know_owners(&self, resource: &ResourceType) -> bool {
        let parameters = self.resources.get(resource);
        parameters.is_some_and(|parameters| parameters.contains_key(RESOURCE_ORIGIN))
    }

    /// What the gateway says of itself at this base (koppeltaal case 48). `date` is an instant.
    pub fn statement(&self, base: &str, date: &str) -> Value {
        let service = "http://terminology.hl7.org/CodeSystem/restful-security-service";
        let resources: Vec<Value> = self.resources.iter().map(resource).collect();
        json!({
            "resourceType": "CapabilityStatement",
            "status": "active",
            "date": date,
            "kind": "instance",
            "software": { "name": "Sluis" },
            "implementation": { "description": "Koppeltaal 2.0 resource service", "url": base },
            // koppeltaal case 48
            "fhirVersion": "4.0.1",
            "format": ["application/fhir+json"],
            "rest": [{
                "mode": "server",
                "security": { "service": [{
                    "coding": [{ "system": service, "code": "SMART-on-FHIR" }],
                }] },
                "resource": resources,
            }],
        })
    }
}

fn resource((resource, parameters): (&ResourceType, &BTreeMap<String, String>)) -> Value {
    let mut interactions = vec![
        "read",
        "vread",
        "history-instance",
        "history-type",
        "create",
        "search-type",
    ];
    // koppeltaal case 67
    if resource.as_str() != "AuditEvent" {
        interactions.extend(["update", "delete"]);
    }
    let interactions: Vec<Value> = (interactions.into_iter())
        .map(|code| json!({ "code": code }))
        .collect();
    let mut parameters = parameters.clone();
    parameters.insert(RESOURCE_ORIGIN.to_owned(), "reference".to_owned());
    let parameters: Vec<Value> = (parameters.iter())
        .map(|(name, kind)| json!({ "name": name, "type": kind }))
        .collect();
    json!({
        "type": resource.as_str(),
        "interaction": interactions,
        "versioning": "versioned-update",
        "readHistory": true,
        "updateCreate": false,
        "searchParam": parameters,
    })
}

/// Names and types of search parameters; those that the gateway does not let through are left out.
fn parameters(written: &Value) -> BTreeMap<String, String> {
    let all = written.as_array().map_or(&[][..], Vec::as_slice);
    let read = |found: &Value| {
        let (name, kind) = (found["name"].as_str()?, found["type"].as_str()?);
        let is_taken = super::search::is_leaf(name) && kind != "special";
        is_taken.then(|| (name.to_owned(), kind.to_owned()))
    };
    all.iter().take(PARAMETERS_MAX).filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn koppeltaal_case_048_the_gateway_promises_what_it_lets_through() {
        let upstream = json!({
            "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1",
            "rest": [{ "resource": [
                { "type": "AuditEvent" },
                { "type": "Task", "interaction": [{ "code": "patch" }], "searchParam": [
                    { "name": "status", "type": "token" },
                    { "name": "_filter", "type": "special" },
                    { "name": "resource-origin", "type": "reference" },
                ] },
            ] }],
        });
        let known = Capabilities::read(&upstream).expect("a statement");
        let [task, audit] =
            ["Task", "AuditEvent"].map(|name| ResourceType::parse(name).expect("a type"));
        assert!(known.know_owners(&task) && !known.know_owners(&audit));
        let said = known.statement("https://kt.example/fhir", "2026-01-01T00:00:00Z");
        // koppeltaal case 48
        assert_eq!(said["fhirVersion"], "4.0.1");
        let of_task = &said["rest"][0]["resource"][1];
        assert_eq!(of_task["searchParam"].as_array().map(Vec::len), Some(2));
        let text = said.to_string();
        assert!(!text.contains("patch") && !text.contains("_filter"));
        let of_audit = said["rest"][0]["resource"][0]["interaction"].to_string();
        // koppeltaal case 67
        assert!(!of_audit.contains("update") && !of_audit.contains("delete"));
    }

    #[test]
    fn what_is_no_statement_of_r4_is_refused() {
        for bad in [
            json!({}),
            json!({ "resourceType": "CapabilityStatement", "fhirVersion": "5.0.0" }),
            json!({ "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1" }),
            json!({ "resourceType": "Patient", "fhirVersion": "4.0.1", "rest": [{ "resource": [] }] }),
        ] {
            assert_eq!(Capabilities::read(&bad), None, "{bad}");
        }
    }
}
