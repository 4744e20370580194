//! Rows for the tests beside.

use koppeltaal::domeinconfiguratie::{Domeinconfiguratie, Regels};
use koppeltaal::outbox::{Bericht, Uitgaand};
use verdict::{Entropy, Moment};

use super::Rij;

/// So many rows of an event each, of the domain of this name.
pub(super) fn rows(name: &str, number: u32) -> Vec<Rij> {
    let document = serde_json::json!({
        "schema_version": 1, "domain": name,
        "service": "00000000-0000-4000-8000-0000000000ff",
        "fhir": { "upstream": "https://fhir.example" },
        "applications": [], "roles": {},
    });
    let domein = Domeinconfiguratie::read(document.to_string().as_bytes(), Regels::default());
    let domein = domein.expect("a domain");
    let event = || -> Bericht {
        let event = r#"{"request":"r-1","event":{"resourceType":"AuditEvent"}}"#;
        serde_json::from_str(event).expect("an event")
    };
    let now = Moment::from_unix(1_800_000_000);
    let row = |number| {
        let entropy = Entropy::new([1; 32]).part("row", number);
        Uitgaand::together(vec![event()], &domein, now, &entropy)
    };
    (0..number).flat_map(row).collect()
}
