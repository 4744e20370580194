//! An application as it stands in the FHIR server of its domain.

use serde_json::{Value, json};

use crate::domein::ClientId;
use crate::domeinconfiguratie::{Applicatie, Domeinconfiguratie, Status};

/// The naming system of `client_id`s (koppeltaal.md §1.2).
const CLIENT_ID_SYSTEM: &str = "http://vzvz.nl/fhir/NamingSystem/koppeltaal-client-id";
/// The profile of a Device (koppeltaal.md §3.1).
const PROFILE: &str = "http://koppeltaal.nl/fhir/StructureDefinition/KT2Device";
/// The extension that names an owner (koppeltaal.md §2.4).
const RESOURCE_ORIGIN: &str = "http://koppeltaal.nl/fhir/StructureDefinition/resource-origin";

/// The Device of an application: its id is the `client_id` (TGB 004), and the voorziening made it.
/// An application that takes no part is inactive.
pub fn device_of(
    domein: &Domeinconfiguratie,
    client_id: ClientId,
    applicatie: &Applicatie,
) -> Value {
    let status = match applicatie.status {
        Status::Approved => "active",
        Status::Pending | Status::Rejected => "inactive",
    };
    json!({
        "resourceType": "Device",
        "id": client_id.to_string(),
        "meta": { "profile": [PROFILE] },
        "extension": [{
            "url": RESOURCE_ORIGIN,
            "valueReference": { "reference": domein.voorziening.device(), "type": "Device" },
        }],
        "identifier": [{ "system": CLIENT_ID_SYSTEM, "value": client_id.to_string() }],
        "status": status,
        "deviceName": [{ "name": applicatie.naam, "type": "user-friendly-name" }],
    })
}
