//! A FHIR R4 resource as what a person would tell of it.
//!
//! Resources come from record systems of others. Whatever a resource lacks or spells wrongly is left
//! out of what is told, and never stops the rest.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::pages::{Getal, Grens, Rij, Waarde};

/// The longest text that is kept; the rest is what a detail page is for.
const TEXT_MAX: usize = 300;
/// The most parts of one observation that are kept: a panel of a laboratory has some twenty.
const DELEN_MAX: usize = 24;

const LOINC: &str = "http://loinc.org";

/// What a resource says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::routes::pgo) struct Gegeven {
    /// What it is about.
    pub(super) soort: Soort,
    /// What tells it apart from others of its kind: its code, or its name when it has none.
    pub(super) sleutel: String,
    /// When, or since when, as FHIR wrote it.
    pub(in crate::routes::pgo) datum: Option<String>,
    /// Until when.
    pub(super) tot: Option<String>,
    /// What it is.
    pub(super) omschrijving: String,
    /// How much, how, by whom.
    pub(super) waarde: Option<Waarde>,
}

/// The kinds that have a card of their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Soort {
    Meting(Vec<Deel>),
    Medicatie(Medicatie),
    Allergie,
    Aandoening {
        /// Whether the person still has it.
        loopt: bool,
    },
    Vaccinatie,
    Contact,
    Document,
    Anders,
}

/// A part of an observation: the value itself (without a name), or a component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Deel {
    pub(super) sleutel: String,
    pub(super) naam: String,
    pub(super) waarde: Waarde,
    /// Lower and upper end of what is usual, in the unit of the value.
    pub(super) normaal: Option<(Option<Getal>, Option<Getal>)>,
}

/// What is told of a medicine beside its name and since when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Medicatie {
    pub(super) aard: Aard,
    pub(super) stand: Stand,
    pub(super) dosering: Option<String>,
    pub(super) voorschrijver: Option<String>,
}

/// Which resource told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Aard {
    /// MedicationStatement.
    Gebruik,
    /// MedicationRequest.
    Voorschrift,
}

/// What a status says of the use of a medicine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stand {
    Loopt,
    Voorbij,
    Onbekend,
}

impl Gegeven {
    /// Reads a resource; nothing when its provider says that it was entered by mistake.
    pub(in crate::routes::pgo) fn read(resource: &Value) -> Option<Self> {
        // FHIR R4 §Observation.status, §AllergyIntolerance.verificationStatus
        let mistaken = [
            &resource["status"],
            &resource["verificationStatus"]["coding"][0]["code"],
        ];
        if mistaken.iter().any(|status| *status == "entered-in-error") {
            return None;
        }
        let kind = resource["resourceType"].as_str().unwrap_or_default();
        let (soort, code, waarde) = match kind {
            "Observation" => return Some(observation(resource)),
            "MedicationRequest" | "MedicationStatement" => return Some(medication(resource, kind)),
            "AllergyIntolerance" => (
                Soort::Allergie,
                concept(&resource["code"]),
                concept(&resource["reaction"][0]["manifestation"][0]),
            ),
            "Condition" => (has_it(resource), concept(&resource["code"]), None),
            "Immunization" => (Soort::Vaccinatie, concept(&resource["vaccineCode"]), None),
            "Encounter" => (Soort::Contact, reason(resource), participant(resource)),
            "DocumentReference" => (
                Soort::Document,
                text(&resource["description"]).or_else(|| concept(&resource["type"])),
                text(&resource["author"][0]["display"]),
            ),
            "Patient" => (Soort::Anders, name(resource), text(&resource["birthDate"])),
            _ => (Soort::Anders, title(resource), text(&resource["status"])),
        };
        let omschrijving = code.unwrap_or_else(|| kind.chars().take(TEXT_MAX).collect());
        Some(Self {
            soort,
            sleutel: key(&resource["code"], &omschrijving),
            datum: date(resource),
            tot: until(resource),
            omschrijving,
            waarde: waarde.map(Waarde::Tekst),
        })
    }

    /// As one line: when, what, how much.
    pub(in crate::routes::pgo) fn rij(&self) -> Rij {
        Rij {
            datum: self.datum.clone(),
            omschrijving: self.omschrijving.clone(),
            waarde: self.waarde.clone(),
        }
    }
}

/// FHIR R4 §Observation.value, §Observation.component.
fn observation(resource: &Value) -> Gegeven {
    let omschrijving = concept(&resource["code"]).unwrap_or_else(|| "Observation".to_owned());
    let own = measured(resource).map(|waarde| Deel {
        sleutel: String::new(),
        naam: String::new(),
        normaal: usual(resource, &waarde),
        waarde,
    });
    let components = resource["component"].as_array().into_iter().flatten();
    let delen: Vec<Deel> = own
        .into_iter()
        .chain(components.take(DELEN_MAX).filter_map(component))
        .collect();
    let waarde = match delen.as_slice() {
        [] => None,
        [Deel { naam, waarde, .. }] if naam.is_empty() => Some(waarde.clone()),
        delen => {
            let named = |deel: &Deel| (deel.naam.clone(), deel.waarde.clone());
            Some(Waarde::Delen(delen.iter().map(named).collect()))
        }
    };
    Gegeven {
        soort: Soort::Meting(delen),
        sleutel: key(&resource["code"], &omschrijving),
        datum: date(resource),
        tot: None,
        omschrijving,
        waarde,
    }
}

fn component(part: &Value) -> Option<Deel> {
    let waarde = measured(part)?;
    let naam = concept(&part["code"]).unwrap_or_else(|| "–".to_owned());
    Some(Deel {
        sleutel: key(&part["code"], &naam),
        normaal: usual(part, &waarde),
        naam,
        waarde,
    })
}

/// FHIR R4 §MedicationStatement.status, §MedicationRequest.status.
fn medication(resource: &Value, kind: &str) -> Gegeven {
    let code = &resource["medicationCodeableConcept"];
    let omschrijving = concept(code)
        .or_else(|| text(&resource["medicationReference"]["display"]))
        .unwrap_or_else(|| kind.to_owned());
    let dosering = text(&resource["dosage"][0]["text"])
        .or_else(|| text(&resource["dosageInstruction"][0]["text"]));
    let status = resource["status"].as_str().unwrap_or_default();
    let (aard, voorschrijver) = match kind {
        "MedicationRequest" => (Aard::Voorschrift, text(&resource["requester"]["display"])),
        _ => (Aard::Gebruik, None),
    };
    let soort = match status {
        // Never given out, or not yet: not something that a person takes.
        "cancelled" | "draft" => Soort::Anders,
        _ => Soort::Medicatie(Medicatie {
            aard,
            stand: match status {
                "active" | "intended" => Stand::Loopt,
                "completed" | "stopped" | "not-taken" | "on-hold" => Stand::Voorbij,
                _ => Stand::Onbekend,
            },
            dosering: dosering.clone(),
            voorschrijver,
        }),
    };
    Gegeven {
        soort,
        sleutel: key(code, &omschrijving),
        datum: began(resource).or_else(|| date(resource)),
        tot: until(resource),
        omschrijving,
        waarde: dosering.map(Waarde::Tekst),
    }
}

/// FHIR R4 §Condition.clinicalStatus: somebody has a condition unless it is said to be over.
fn has_it(resource: &Value) -> Soort {
    let status = resource["clinicalStatus"]["coding"][0]["code"].as_str();
    let is_over = matches!(status, Some("inactive" | "remission" | "resolved"));
    Soort::Aandoening { loopt: !is_over }
}

/// The moment that matters, whatever the type calls it.
fn date(resource: &Value) -> Option<String> {
    const NAMES: [&str; 10] = [
        "effectiveDateTime",
        "effectiveInstant",
        "authoredOn",
        "occurrenceDateTime",
        "onsetDateTime",
        "recordedDate",
        "date",
        "created",
        "dateAsserted",
        "issued",
    ];
    began(resource).or_else(|| NAMES.iter().find_map(|name| text(&resource[*name])))
}

/// Where a period begins.
fn began(resource: &Value) -> Option<String> {
    let periods = ["effectivePeriod", "period", "onsetPeriod"].iter();
    periods
        .into_iter()
        .find_map(|name| text(&resource[*name]["start"]))
}

/// Where it ends.
fn until(resource: &Value) -> Option<String> {
    let periods = ["effectivePeriod", "period"].iter();
    let ended = periods
        .into_iter()
        .find_map(|name| text(&resource[*name]["end"]));
    ended
        .or_else(|| text(&resource["abatementDateTime"]))
        .or_else(|| text(&resource["dispenseRequest"]["validityPeriod"]["end"]))
}

/// What a CodeableConcept is called.
fn concept(concept: &Value) -> Option<String> {
    text(&concept["text"]).or_else(|| {
        let codings = concept["coding"].as_array()?;
        codings.iter().find_map(|coding| text(&coding["display"]))
    })
}

/// What makes two concepts the same: their LOINC code, else their first code, else their name.
fn key(concept: &Value, name: &str) -> String {
    let codings = || concept["coding"].as_array().into_iter().flatten();
    let coded = |coding: &Value| {
        Some(format!(
            "{}|{}",
            coding["system"].as_str()?,
            text(&coding["code"])?
        ))
    };
    let loinc = codings().find(|coding| coding["system"] == LOINC);
    let code = loinc.and_then(coded).or_else(|| codings().find_map(coded));
    let code = code.unwrap_or_else(|| name.to_lowercase());
    code.chars().take(TEXT_MAX).collect()
}

/// The value of an observation or a component, whatever its type.
fn measured(of: &Value) -> Option<Waarde> {
    let number = |value: &Value| Some(value.as_number()?.to_string());
    quantity(&of["valueQuantity"])
        .or_else(|| {
            let (grens, eenheid) = (None, None);
            let getal = number(&of["valueInteger"])?;
            Some(Getal {
                grens,
                getal,
                eenheid,
            })
        })
        .map(Waarde::Getal)
        .or_else(|| text(&of["valueString"]).map(Waarde::Tekst))
        .or_else(|| concept(&of["valueCodeableConcept"]).map(Waarde::Tekst))
}

/// FHIR R4 §Observation.valueQuantity.
fn quantity(quantity: &Value) -> Option<Getal> {
    Some(Getal {
        grens: match quantity["comparator"].as_str() {
            // FHIR R4 §Quantity.comparator
            Some("<") => Some(Grens::Onder),
            Some("<=") => Some(Grens::Hoogstens),
            Some(">=") => Some(Grens::Minstens),
            Some(">") => Some(Grens::Boven),
            _ => None,
        },
        getal: quantity["value"].as_number()?.to_string(),
        eenheid: text(&quantity["unit"]).or_else(|| text(&quantity["code"])),
    })
}

/// FHIR R4 §Observation.referenceRange: the first that is of the usual kind and in the unit of the
/// value. A range without a unit is in that of the value.
fn usual(of: &Value, waarde: &Waarde) -> Option<(Option<Getal>, Option<Getal>)> {
    let Waarde::Getal(Getal { eenheid, .. }) = waarde else {
        return None;
    };
    let is_usual = |range: &&Value| {
        let kind = range["type"]["coding"][0]["code"].as_str();
        kind.is_none_or(|kind| kind == "normal")
    };
    let range = of["referenceRange"].as_array()?.iter().find(is_usual)?;
    let end = |end: &Value| {
        let found = quantity(end).filter(|found| found.to_draw().is_some())?;
        let same = found.eenheid.is_none() || found.eenheid == *eenheid;
        same.then(|| Getal {
            grens: None,
            eenheid: eenheid.clone(),
            ..found
        })
    };
    let (low, high) = (end(&range["low"]), end(&range["high"]));
    (low.is_some() || high.is_some()).then_some((low, high))
}

fn reason(resource: &Value) -> Option<String> {
    concept(&resource["reasonCode"][0])
        .or_else(|| concept(&resource["type"][0]))
        .or_else(|| text(&resource["class"]["display"]))
}

fn participant(resource: &Value) -> Option<String> {
    text(&resource["participant"][0]["individual"]["display"])
        .or_else(|| text(&resource["serviceProvider"]["display"]))
}

fn title(resource: &Value) -> Option<String> {
    concept(&resource["code"])
        .or_else(|| text(&resource["title"]))
        .or_else(|| text(&resource["description"]))
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
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(resource: &Value) -> Gegeven {
        Gegeven::read(resource).expect("something to tell")
    }

    fn getal(getal: &str, eenheid: &str) -> Getal {
        let (getal, eenheid) = (getal.to_owned(), Some(eenheid.to_owned()));
        Getal {
            grens: None,
            getal,
            eenheid,
        }
    }

    #[test]
    fn a_measurement_tells_when_what_and_how_much() {
        let line = read(&json!({
            "resourceType": "Observation",
            "code": { "text": "Lichaamsgewicht" },
            "effectiveDateTime": "2026-09-01",
            "valueQuantity": { "value": 74.2, "unit": "kg" },
        }))
        .rij();
        assert_eq!(line.datum.as_deref(), Some("2026-09-01"));
        assert_eq!(line.omschrijving, "Lichaamsgewicht");
        assert_eq!(line.waarde, Some(Waarde::Getal(getal("74.2", "kg"))));
    }

    #[test]
    fn fhir_r4_components_stand_in_one_line_with_their_names() {
        // FHIR R4 §Observation.component
        let line = read(&json!({
            "resourceType": "Observation",
            "code": { "text": "Bloeddruk" },
            "component": [
                { "code": { "text": "boven" }, "valueQuantity": { "value": 128, "unit": "mmHg" } },
                { "code": { "text": "midden" }, "valueQuantity": { "value": "veel" } },
                { "code": { "text": "onder" }, "valueQuantity": { "value": 82, "unit": "mmHg" } },
            ],
        }));
        let deel = |naam: &str, value| (naam.to_owned(), Waarde::Getal(getal(value, "mmHg")));
        let both = Waarde::Delen(vec![deel("boven", "128"), deel("onder", "82")]);
        assert_eq!(line.waarde, Some(both));
    }

    #[test]
    fn fhir_r4_what_was_entered_by_mistake_is_not_told() {
        // FHIR R4 §Observation.status, §AllergyIntolerance.verificationStatus
        let wrong = json!({ "resourceType": "Observation", "status": "entered-in-error" });
        assert_eq!(Gegeven::read(&wrong), None);
        let status = json!({ "coding": [{ "code": "entered-in-error" }] });
        let wrong = json!({ "resourceType": "Condition", "verificationStatus": status });
        assert_eq!(Gegeven::read(&wrong), None);
    }

    #[test]
    fn fhir_r4_a_reference_range_counts_in_the_unit_of_the_value_alone() {
        // FHIR R4 §Observation.referenceRange, §Observation.valueQuantity
        let ends = |range: Value| {
            let of = json!({
                "resourceType": "Observation",
                "valueQuantity": { "value": 3, "unit": "mmol/L", "comparator": "<" },
                "referenceRange": range,
            });
            let Soort::Meting(delen) = read(&of).soort else {
                panic!("a measurement");
            };
            delen[0].normaal.clone()
        };
        let range = json!([
            { "type": { "coding": [{ "code": "treatment" }] }, "high": { "value": 1.8 } },
            { "low": { "value": 2.5, "unit": "mg/dL" }, "high": { "value": 2.6 } },
        ]);
        assert_eq!(ends(range), Some((None, Some(getal("2.6", "mmol/L")))));
        for none in [
            json!([]),
            json!({}),
            json!([{ "low": { "value": 1e300 } }]),
            json!([7]),
        ] {
            assert_eq!(ends(none), None);
        }
    }

    #[test]
    fn loinc_tells_measurements_apart_and_a_name_does_where_no_code_is() {
        let with = |coding: Value| {
            read(&json!({ "resourceType": "Observation", "code": { "coding": coding, "text": "CRP" } }))
                .sleutel
        };
        let local = json!({ "system": "urn:lab", "code": "7" });
        let loinc = json!({ "system": LOINC, "code": "1988-5" });
        assert_eq!(with(json!([local, loinc])), "http://loinc.org|1988-5");
        assert_eq!(with(json!([local])), "urn:lab|7");
        assert_eq!(with(json!([{ "code": "7" }])), "crp");
    }

    #[test]
    fn fhir_r4_a_prescription_names_who_wrote_it_and_one_that_was_cancelled_is_no_use() {
        // FHIR R4 §MedicationRequest.status, §MedicationStatement.status
        let with = |status: &str| {
            let kind = "MedicationRequest";
            let requester = json!({ "display": "Huisarts" });
            read(&json!({ "resourceType": kind, "status": status, "requester": requester })).soort
        };
        let Soort::Medicatie(medicatie) = with("active") else {
            panic!("medication");
        };
        assert_eq!(medicatie.voorschrijver.as_deref(), Some("Huisarts"));
        assert_eq!(medicatie.stand, Stand::Loopt);
        assert_eq!(with("cancelled"), Soort::Anders);
    }

    #[test]
    fn a_type_that_we_do_not_know_is_still_a_line() {
        let line = read(&json!({ "resourceType": "Task", "status": "ready" })).rij();
        assert_eq!(line.omschrijving, "Task");
        assert_eq!(line.waarde, Some(Waarde::Tekst("ready".to_owned())));
        assert_eq!(read(&json!({})).omschrijving, "");
    }

    /// Any JSON, with the names that are looked for in it.
    pub(in crate::routes::pgo::overzicht) fn strange() -> impl Strategy<Value = Value> {
        const NAMES: [&str; 16] = [
            "code",
            "coding",
            "component",
            "valueQuantity",
            "value",
            "unit",
            "text",
            "status",
            "effectiveDateTime",
            "effectivePeriod",
            "start",
            "end",
            "referenceRange",
            "low",
            "high",
            "medicationCodeableConcept",
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,12}|[0-9]{4}(-[0-9]{2}){0,2}".prop_map(Value::from),
        ];
        let any_json = leaf.prop_recursive(4, 48, 6, |inner| {
            let members = proptest::collection::btree_map(
                prop::sample::select(&NAMES[..]),
                inner.clone(),
                0..6,
            );
            prop_oneof![
                proptest::collection::vec(inner, 0..4).prop_map(Value::from),
                members.prop_map(|members| {
                    members
                        .into_iter()
                        .map(|(name, value)| (name.to_owned(), value))
                        .collect()
                }),
            ]
        });
        let kinds = [
            "Observation",
            "MedicationStatement",
            "MedicationRequest",
            "AllergyIntolerance",
            "Condition",
            "Immunization",
            "Encounter",
            "DocumentReference",
            "Patient",
            "Ander",
        ];
        (prop::sample::select(kinds.to_vec()), any_json).prop_map(|(kind, mut resource)| {
            if let Some(members) = resource.as_object_mut() {
                members.insert("resourceType".to_owned(), kind.into());
            }
            resource
        })
    }

    proptest! {
        #[test]
        fn any_resource_is_told_in_a_bounded_text_and_kept_as_it_was(resource in strange()) {
            if let Some(told) = Gegeven::read(&resource) {
                prop_assert!(told.omschrijving.chars().count() <= TEXT_MAX);
                prop_assert!(told.sleutel.chars().count() <= TEXT_MAX);
                let kept = serde_json::to_vec(&told).expect("JSON");
                prop_assert_eq!(serde_json::from_slice::<Gegeven>(&kept).expect("the same"), told);
            }
        }
    }
}
