//! FHIR resources as lines that people can read.

use serde_json::Value;

use super::dossier::Rij;

/// The longest text of a line; the rest is what a detail page is for.
const TEXT_MAX: usize = 300;

/// One resource as one line: when, what, how much.
pub(super) fn rij(resource: &Value) -> Rij {
    let (omschrijving, waarde) = match resource["resourceType"].as_str().unwrap_or_default() {
        "Patient" => (name(resource), text(&resource["birthDate"])),
        "Observation" => (concept(&resource["code"]), measured(resource)),
        "MedicationRequest" | "MedicationStatement" => (
            concept(&resource["medicationCodeableConcept"])
                .or_else(|| text(&resource["medicationReference"]["display"])),
            dosage(resource),
        ),
        "Immunization" => (concept(&resource["vaccineCode"]), None),
        "Encounter" => (
            concept(&resource["type"][0])
                .or_else(|| text(&resource["class"]["display"]))
                .or_else(|| concept(&resource["reasonCode"][0])),
            text(&resource["serviceProvider"]["display"]),
        ),
        "DocumentReference" => (
            text(&resource["description"]).or_else(|| concept(&resource["type"])),
            None,
        ),
        "AllergyIntolerance" => (
            concept(&resource["code"]),
            concept(&resource["reaction"][0]["manifestation"][0]),
        ),
        _ => (
            concept(&resource["code"])
                .or_else(|| text(&resource["title"]))
                .or_else(|| text(&resource["description"])),
            text(&resource["status"]),
        ),
    };
    let kind = || text(&resource["resourceType"]).unwrap_or_default();
    Rij {
        datum: date(resource),
        omschrijving: omschrijving.unwrap_or_else(kind),
        waarde,
    }
}

/// The moment that matters, whatever the type calls it.
fn date(resource: &Value) -> Option<String> {
    const NAMES: [&str; 9] = [
        "effectiveDateTime",
        "authoredOn",
        "dateAsserted",
        "occurrenceDateTime",
        "onsetDateTime",
        "recordedDate",
        "date",
        "created",
        "issued",
    ];
    let named = NAMES.iter().find_map(|name| text(&resource[*name]));
    let started = || {
        let periods = ["effectivePeriod", "period"].iter();
        periods
            .into_iter()
            .find_map(|name| text(&resource[*name]["start"]))
    };
    named.or_else(started)
}

/// What a CodeableConcept is called.
fn concept(concept: &Value) -> Option<String> {
    text(&concept["text"]).or_else(|| text(&concept["coding"][0]["display"]))
}

/// The value of an observation, or those of its components.
fn measured(resource: &Value) -> Option<String> {
    let one = |of: &Value| {
        quantity(&of["valueQuantity"])
            .or_else(|| text(&of["valueString"]))
            .or_else(|| concept(&of["valueCodeableConcept"]))
    };
    let components = || {
        let parts = resource["component"].as_array()?;
        let named = |part: &Value| Some(format!("{} {}", concept(&part["code"])?, one(part)?));
        let parts: Vec<String> = parts.iter().filter_map(named).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    };
    one(resource).or_else(components)
}

/// A number with its unit, written the Dutch way.
fn quantity(quantity: &Value) -> Option<String> {
    let number = quantity["value"].as_number()?.to_string().replace('.', ",");
    let unit = text(&quantity["unit"]).or_else(|| text(&quantity["code"]));
    Some(unit.map_or_else(|| number.clone(), |unit| format!("{number} {unit}")))
}

fn dosage(resource: &Value) -> Option<String> {
    text(&resource["dosage"][0]["text"]).or_else(|| text(&resource["dosageInstruction"][0]["text"]))
}

fn name(resource: &Value) -> Option<String> {
    let name = &resource["name"][0];
    text(&name["text"]).or_else(|| {
        let given = text(&name["given"][0]).unwrap_or_default();
        let family = text(&name["family"])?;
        Some(format!("{given} {family}").trim().to_owned())
    })
}

/// A text that is not empty, at most [`TEXT_MAX`] characters of it.
fn text(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim();
    (!text.is_empty()).then(|| text.chars().take(TEXT_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_measurement_tells_when_what_and_how_much() {
        let line = rij(&json!({
            "resourceType": "Observation",
            "code": { "text": "Lichaamsgewicht" },
            "effectiveDateTime": "2026-09-01",
            "valueQuantity": { "value": 74.2, "unit": "kg" },
        }));
        assert_eq!(line.datum.as_deref(), Some("2026-09-01"));
        assert_eq!(line.omschrijving, "Lichaamsgewicht");
        assert_eq!(line.waarde.as_deref(), Some("74,2 kg"));
    }

    #[test]
    fn components_stand_in_one_line() {
        let line = rij(&json!({
            "resourceType": "Observation",
            "code": { "text": "Bloeddruk" },
            "component": [
                { "code": { "text": "boven" }, "valueQuantity": { "value": 128, "unit": "mmHg" } },
                { "code": { "text": "onder" }, "valueQuantity": { "value": 82, "unit": "mmHg" } },
            ],
        }));
        assert_eq!(
            line.waarde.as_deref(),
            Some("boven 128 mmHg, onder 82 mmHg")
        );
    }

    #[test]
    fn a_type_that_we_do_not_know_is_still_a_line() {
        let line = rij(&json!({ "resourceType": "Task", "status": "ready" }));
        assert_eq!(line.omschrijving, "Task");
        assert_eq!(line.waarde.as_deref(), Some("ready"));
        assert_eq!(rij(&json!({})).omschrijving, "");
    }
}
