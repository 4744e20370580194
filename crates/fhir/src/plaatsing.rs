//! A resource that somebody wants to place: read, judged by what a gegevensdienst takes, and given its
//! person.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Gegevensdienst;
use crate::naming::{holds_bsn, is_same_system};

/// Where a resource says whose it is (FHIR R4).
pub const OWNERS: [&str; 4] = ["subject", "patient", "for", "beneficiary"];
/// What a server gives a resource that it creates (FHIR R4 §3.1.0.8).
const OF_THE_SERVER: [&str; 2] = ["id", "meta"];

/// The resources that are somebody (FHIR R4). A Practitioner is one of the provider's, and may be named.
const PEOPLE: [&str; 3] = ["Patient", "Person", "RelatedPerson"];

/// A kind of resource that a gegevensdienst takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plaatsbaar {
    /// The resource type.
    #[serde(rename = "type")]
    pub resource_type: String,
    /// The members that it must have.
    #[serde(default)]
    pub members: Vec<String>,
    /// The code that its category must have, so that the gegevensdienst finds it again.
    #[serde(default)]
    pub category: Option<String>,
}

/// A resource to be placed, which names nobody. Not to be printed.
#[derive(Clone, PartialEq)]
pub struct Plaatsing {
    resource_type: String,
    members: Map<String, Value>,
}

/// Why something cannot be placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NietPlaatsbaar {
    /// The bytes are no resource of the type that the address names.
    GeenResource,
    /// It names a person.
    NoemtPersoon,
    /// The gegevensdienst takes no such type.
    Type,
    /// The gegevensdienst takes that type, but not like this.
    Vorm,
}

impl Plaatsing {
    /// Reads a resource of this type. `identifiers` is the naming system of people; whoever places
    /// something names nobody in it, since the token says about whom it is (medmij.md §5.1).
    ///
    /// # Errors
    /// [`NietPlaatsbaar::GeenResource`] or [`NietPlaatsbaar::NoemtPersoon`].
    pub fn read(
        bytes: &[u8],
        resource_type: &str,
        identifiers: &str,
    ) -> Result<Self, NietPlaatsbaar> {
        let members: Map<String, Value> =
            serde_json::from_slice(bytes).map_err(|_| NietPlaatsbaar::GeenResource)?;
        if members.get("resourceType").and_then(Value::as_str) != Some(resource_type) {
            return Err(NietPlaatsbaar::GeenResource);
        }
        let named = members.iter().any(|(name, value)| {
            let is_owner = OWNERS.contains(&name.as_str());
            is_owner && identifies(value) || names(value, identifiers)
        });
        if named {
            return Err(NietPlaatsbaar::NoemtPersoon);
        }
        Ok(Self {
            resource_type: resource_type.to_owned(),
            members,
        })
    }

    /// Its type.
    pub fn resource_type(&self) -> &str {
        &self.resource_type
    }

    /// Whether a gegevensdienst takes it.
    ///
    /// # Errors
    /// [`NietPlaatsbaar::Type`] or [`NietPlaatsbaar::Vorm`].
    pub fn is_taken_by(&self, dienst: &Gegevensdienst) -> Result<(), NietPlaatsbaar> {
        let mut kinds = dienst.plaatsen.iter();
        let kind = kinds
            .find(|kind| kind.resource_type == self.resource_type)
            .ok_or(NietPlaatsbaar::Type)?;
        let has = |name: &String| self.members.get(name).is_some_and(|v| !v.is_null());
        let category = kind.category.as_deref();
        if kind.members.iter().all(has) && category.is_none_or(|code| self.is_in(code)) {
            Ok(())
        } else {
            Err(NietPlaatsbaar::Vorm)
        }
    }

    /// The resource as a record system gets it: about this person, and without what a server gives.
    pub fn about(mut self, patient: Value) -> Value {
        for name in OWNERS.iter().chain(&OF_THE_SERVER) {
            self.members.remove(*name);
        }
        self.members
            .insert(owner_of(&self.resource_type).to_owned(), patient);
        Value::Object(self.members)
    }

    fn is_in(&self, category: &str) -> bool {
        let all = self.members.get("category").and_then(Value::as_array);
        let codings = all.into_iter().flatten().filter_map(|concept| {
            let codings = concept.get("coding").and_then(Value::as_array)?;
            Some(codings.iter())
        });
        codings.flatten().any(|coding| coding["code"] == category)
    }
}

/// The member in which a resource of this type says whose it is (FHIR R4).
pub fn owner_of(resource_type: &str) -> &'static str {
    match resource_type {
        "AllergyIntolerance" | "Immunization" => "patient",
        _ => "subject",
    }
}

/// Whether a text can be the id of a resource (FHIR R4 §2.24.0.1).
pub fn is_id(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    (1..=64).contains(&text.len()) && text.bytes().all(fits)
}

/// Whether a reference says to whom it leads, and not only how the person is called.
fn identifies(reference: &Value) -> bool {
    let member = |name| reference.get(name).is_some();
    !reference.is_object() || member("reference") || member("identifier")
}

/// Whether a person is named anywhere in it: an identifier of this system, a resource that is somebody or a
/// reference to one, or a BSN in whatever text. The depth is that of JSON which was parsed with a limit.
fn names(value: &Value, identifiers: &str) -> bool {
    match value {
        Value::String(text) => holds_bsn(text),
        Value::Array(items) => items.iter().any(|item| names(item, identifiers)),
        Value::Object(members) => {
            let text = |name| members.get(name).and_then(Value::as_str);
            let is_code = text("system").is_some();
            let mut texts = members.iter().filter(|(name, _)| {
                // Nine digits are also a code of SNOMED CT, and one in eleven passes the check.
                !(is_code && *name == "code")
            });
            text("system").is_some_and(|system| is_same_system(system, identifiers))
                || ["resourceType", "type"]
                    .iter()
                    .any(|name| text(name).is_some_and(|kind| PEOPLE.contains(&kind)))
                || text("reference").is_some_and(leads_to_somebody)
                || texts.any(|(_, member)| names(member, identifiers))
        }
        _ => false,
    }
}

/// Whether a reference may lead to a person. One with a search in it, or written with percent signs, does
/// not tell where it leads before somebody follows it: nothing that is placed needs them.
fn leads_to_somebody(reference: &str) -> bool {
    let is_somebody = |part: &str| PEOPLE.iter().any(|it| part.eq_ignore_ascii_case(it));
    let mut parts = reference.split(['/', '#', ':', '|']);
    reference.contains(['?', '%']) || parts.any(is_somebody)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SYSTEM: &str = "urn:people";

    fn read(resource: &Value) -> Result<Plaatsing, NietPlaatsbaar> {
        Plaatsing::read(resource.to_string().as_bytes(), "Observation", SYSTEM)
    }

    fn weight() -> Value {
        json!({
            "resourceType": "Observation", "id": "mine", "meta": { "versionId": "7" },
            "status": "final", "code": { "text": "weight" },
            "category": [{ "coding": [{ "code": "vital-signs" }] }],
            "subject": { "display": "me" },
        })
    }

    fn metingen() -> Gegevensdienst {
        serde_json::from_value(json!({
            "id": "42", "weergavenaam": "Metingen", "systeemrolcode": "M",
            "zoekvragen": [{ "type": "Observation" }],
            "plaatsen": [{
                "type": "Observation", "members": ["status", "code"], "category": "vital-signs",
            }],
        }))
        .expect("a gegevensdienst")
    }

    #[test]
    fn what_is_placed_is_about_the_person_of_the_token_and_nobody_else() {
        let plaatsing = read(&weight()).expect("names nobody");
        assert_eq!(plaatsing.is_taken_by(&metingen()), Ok(()));
        let placed = plaatsing.about(json!({ "reference": "Patient/7" }));
        assert_eq!(placed["subject"], json!({ "reference": "Patient/7" }));
        assert_eq!(placed["status"], "final");
        assert!(placed.get("id").is_none() && placed.get("meta").is_none());
    }

    #[test]
    fn a_resource_that_names_a_person_is_refused_wherever_it_does() {
        // medmij.md §5.1
        for (member, value) in [
            ("subject", json!({ "reference": "Patient/8" })),
            (
                "subject",
                json!({ "identifier": { "system": "urn:other", "value": "8" } }),
            ),
            ("subject", json!("Patient/8")),
            ("patient", json!({ "reference": "#p" })),
            (
                "performer",
                json!([{ "reference": "https://xis.example/Patient/8/_history/1" }]),
            ),
            ("identifier", json!([{ "system": SYSTEM, "value": "8" }])),
            ("contained", json!([{ "resourceType": "Patient" }])),
            (
                "performer",
                json!([{ "reference": "Patient?identifier=urn:people|8" }]),
            ),
            ("performer", json!([{ "reference": "%50atient/1" }])),
            ("performer", json!([{ "reference": "RelatedPerson/1" }])),
            (
                "performer",
                json!([{ "type": "Patient", "display": "Saskia" }]),
            ),
            (
                "identifier",
                json!([{ "system": "URN:PEOPLE/", "value": "8" }]),
            ),
            ("identifier", json!([{ "value": "900186021" }])),
            (
                "contained",
                json!([{ "resourceType": "Person", "name": [{ "text": "Saskia" }] }]),
            ),
            (
                "note",
                json!([{ "text": "BSN 900186021 van Saskia Verhoeven" }]),
            ),
            ("subject", json!({ "display": "900186021" })),
        ] {
            let mut named = weight();
            named[member] = value.clone();
            let refused = read(&named).err();
            assert_eq!(
                refused,
                Some(NietPlaatsbaar::NoemtPersoon),
                "{member}: {value}"
            );
        }
    }

    #[test]
    fn what_only_looks_like_a_person_is_placed() {
        for (member, value) in [
            // A code of SNOMED CT that passes the 11-check.
            (
                "bodySite",
                json!({ "coding": [{ "system": "http://snomed.info/sct", "code": "900186021" }] }),
            ),
            ("performer", json!([{ "reference": "Practitioner/1" }])),
            (
                "device",
                json!({ "reference": "urn:uuid:57510be1-73e6-4a75-9db8-ee005cced48f" }),
            ),
            (
                "note",
                json!([{ "text": "Gemeten om 7.30 uur, bel 0612345678" }]),
            ),
        ] {
            let mut resource = weight();
            resource[member] = value.clone();
            assert!(read(&resource).is_ok(), "{member}: {value}");
        }
    }

    #[test]
    fn a_gegevensdienst_takes_its_own_types_in_its_own_shape() {
        let taken = |resource: &Value| read(resource).and_then(|p| p.is_taken_by(&metingen()));
        for without in ["status", "code", "category"] {
            let mut resource = weight();
            resource[without] = Value::Null;
            assert_eq!(taken(&resource), Err(NietPlaatsbaar::Vorm), "{without}");
        }
        let mut none = metingen();
        none.plaatsen.clear();
        let refused = read(&weight()).and_then(|p| p.is_taken_by(&none));
        assert_eq!(refused, Err(NietPlaatsbaar::Type));
    }

    #[test]
    fn what_is_no_resource_of_the_type_is_refused() {
        for bytes in [
            "",
            "[]",
            "{}",
            r#"{"resourceType":"Condition"}"#,
            "{\"resourceType\"",
        ] {
            let refused = Plaatsing::read(bytes.as_bytes(), "Observation", SYSTEM).err();
            assert_eq!(refused, Some(NietPlaatsbaar::GeenResource), "{bytes}");
        }
    }
}
