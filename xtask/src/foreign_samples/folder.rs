//! An `--input` folder in which record systems serve FHIR resources that others made.
//!
//! There is a care provider at each DVA, with a data service for each of its types of resources. The
//! chain tells how many resources came from which provider; as none can come twice, the right number
//! means all of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

/// The person of whom all of it is: a number of the test range that passes the 11-check.
const BSN: &str = "900186021";
const BSN_SYSTEM: &str = "http://fhir.nl/fhir/NamingSystem/bsn";
/// Where a resource can say whose it is; the first is where we say it when it does not.
const OWNERS: [&str; 4] = ["subject", "patient", "for", "beneficiary"];
/// Files that are read, at most.
const FILES_MAX: usize = 1_000;

/// What others made.
pub(super) struct Folder {
    /// One at each DVA.
    pub(super) providers: [Provider; 2],
    /// How many resources named nobody with a record here, and were tied to the person.
    pub(super) tied: usize,
    /// All Patients, by which both providers know the person.
    patients: Vec<Value>,
}

/// A care provider.
pub(super) struct Provider {
    pub(super) ura: &'static str,
    naam: &'static str,
    dva: &'static str,
    /// What it has, by type of resource.
    pub(super) examples: BTreeMap<String, Vec<Value>>,
}

impl Folder {
    /// Reads the `.json` files of a folder.
    pub(super) fn read(folder: &Path) -> Result<Self, String> {
        Self::of(resources(folder)?)
    }

    fn of(resources: Vec<Value>) -> Result<Self, String> {
        let mut by_type: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for resource in resources {
            let kind = text(&resource, "resourceType").ok_or("an example has no resourceType")?;
            text(&resource, "id").ok_or("an example has no id")?;
            by_type.entry(kind.to_owned()).or_default().push(resource);
        }
        let patients = by_type
            .get_mut("Patient")
            .ok_or("no example is a Patient")?;
        patients.iter_mut().try_for_each(name_person)?;
        let patients = patients.clone();
        let ids: Vec<&str> = patients
            .iter()
            .filter_map(|patient| text(patient, "id"))
            .collect();
        let mut providers = [
            Provider::new("90000001", "vreemdeen@medmij", "dva"),
            Provider::new("90000002", "vreemdtwee@medmij", "dva2"),
        ];
        let mut tied = 0;
        for (index, (kind, mut resources)) in by_type.into_iter().enumerate() {
            for resource in resources.iter_mut().filter(|_| kind != "Patient") {
                tied += usize::from(tie(resource, &ids));
            }
            providers[index % 2].examples.insert(kind, resources);
        }
        Ok(Self {
            providers,
            tied,
            patients,
        })
    }

    /// Writes the folder, which must not be there yet.
    pub(super) fn write(&self, input: &Path) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("{}: {error}", input.display());
        fs::create_dir_all(input.join("records")).map_err(failed)?;
        let write = |name: &str, value: &Value| {
            fs::write(input.join(name), value.to_string()).map_err(failed)
        };
        let person = json!({ "bsn": BSN, "name": "Vreemde Gegevens", "birth_date": "1961-04-12" });
        write("people.json", &json!([person]))?;
        let uras = self.providers.each_ref().map(|provider| provider.ura);
        write("localisation.json", &json!({ BSN: uras }))?;
        write("consents.json", &json!([]))?;
        let offers = self.providers.each_ref().map(Provider::offer);
        write("providers.json", &json!(offers))?;
        let services: Value = self.providers.iter().flat_map(Provider::services).collect();
        write("gegevensdiensten.json", &services)?;
        for provider in &self.providers {
            let known = provider.examples.contains_key("Patient");
            let patients = if known { &[][..] } else { &self.patients };
            let all: Value = patients
                .iter()
                .chain(provider.resources())
                .cloned()
                .collect();
            write(&format!("records/{}.json", provider.ura), &all)?;
        }
        Ok(())
    }
}

impl Provider {
    const fn new(ura: &'static str, naam: &'static str, dva: &'static str) -> Self {
        Self {
            ura,
            naam,
            dva,
            examples: BTreeMap::new(),
        }
    }

    /// Everything that it has.
    pub(super) fn resources(&self) -> impl Iterator<Item = &Value> {
        self.examples.values().flatten()
    }

    /// Its entry in `providers.json`.
    fn offer(&self) -> Value {
        let services: Vec<&str> = self.examples.keys().map(String::as_str).collect();
        json!({
            "ura": self.ura,
            "naam": self.naam,
            "weergavenaam": format!("Voorbeelden bij {}", self.dva),
            "aanbiedertype": "ZA",
            "category": "ggz",
            "dva": self.dva,
            "gegevensdiensten": services,
        })
    }

    /// Its data services in `gegevensdiensten.json`: one for each type, named by it.
    fn services(&self) -> Vec<Value> {
        let service = |kind: &String| {
            json!({
                "id": kind,
                "weergavenaam": format!("Voorbeelden van {kind}"),
                "systeemrolcode": kind,
                "zoekvragen": [{ "type": kind }],
            })
        };
        self.examples.keys().map(service).collect()
    }
}

/// Makes a Patient the person, whatever number he or she had before.
fn name_person(patient: &mut Value) -> Result<(), String> {
    let patient = patient.as_object_mut().ok_or("an example is no object")?;
    let identifiers = patient.entry("identifier").or_insert_with(|| json!([]));
    let identifiers = identifiers
        .as_array_mut()
        .ok_or("the identifiers of a Patient are no list")?;
    identifiers.retain(|identifier| identifier["system"] != BSN_SYSTEM);
    identifiers.push(json!({ "system": BSN_SYSTEM, "value": BSN }));
    Ok(())
}

/// Ties a resource to the first of these Patients, unless it names one of them already. Tells
/// whether it had to.
fn tie(resource: &mut Value, patients: &[&str]) -> bool {
    let named = OWNERS
        .iter()
        .find(|name| resource[**name].is_object())
        .copied();
    let member = named.unwrap_or(OWNERS[0]);
    let patient = text(&resource[member], "reference")
        .and_then(|reference| reference.strip_prefix("Patient/"));
    let is_known = patient.is_some_and(|patient| patients.contains(&patient));
    if let (false, Some(first)) = (is_known, patients.first()) {
        resource[member]["reference"] = json!(format!("Patient/{first}"));
    }
    !is_known
}

fn resources(folder: &Path) -> Result<Vec<Value>, String> {
    let unreadable = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)?.take(FILES_MAX) {
        paths.push(entry.map_err(unreadable)?.path());
    }
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    paths.sort();
    let mut resources = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).map_err(unreadable)?;
        let read = serde_json::from_str(&text);
        resources.push(read.map_err(|error| format!("{}: {error}", path.display()))?);
    }
    Ok(resources)
}

fn text<'v>(value: &'v Value, member: &str) -> Option<&'v str> {
    value.get(member).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> Folder {
        let resources = vec![
            json!({"resourceType": "Task", "id": "t1", "for": {"reference": "Patient/p1"}}),
            json!({"resourceType": "Task", "id": "t2", "for": {"identifier": {"value": "x"}}}),
            json!({"resourceType": "Device", "id": "d"}),
            json!({"resourceType": "Patient", "id": "p1", "identifier": [
                {"system": BSN_SYSTEM, "value": "1"}, {"system": "mail", "value": "m"}]}),
            json!({"resourceType": "Patient", "id": "p2"}),
        ];
        Folder::of(resources).expect("a folder")
    }

    #[test]
    fn types_are_dealt_to_both_providers_and_every_patient_is_the_person() {
        let folder = folder();
        let [first, second] = &folder.providers;
        let types = |provider: &Provider| provider.examples.keys().cloned().collect::<Vec<_>>();
        assert_eq!(
            (types(first), types(second)),
            (vec!["Device".into(), "Task".into()], vec!["Patient".into()])
        );
        assert_eq!(first.resources().count(), 3);
        for patient in &folder.patients {
            let numbers = patient["identifier"].as_array().expect("identifiers");
            let numbers: Vec<&Value> = numbers
                .iter()
                .filter(|i| i["system"] == BSN_SYSTEM)
                .collect();
            assert_eq!(numbers, [&json!({"system": BSN_SYSTEM, "value": BSN})]);
        }
    }

    #[test]
    fn what_names_nobody_here_is_tied_and_the_rest_is_left_alone() {
        let folder = folder();
        assert_eq!(folder.tied, 2);
        let [first, _] = &folder.providers;
        assert_eq!(
            first.examples["Device"][0]["subject"]["reference"],
            "Patient/p1"
        );
        let tasks = &first.examples["Task"];
        assert_eq!(tasks[0]["for"], json!({"reference": "Patient/p1"}));
        let tied = json!({"identifier": {"value": "x"}, "reference": "Patient/p1"});
        assert_eq!(tasks[1]["for"], tied);
        assert!(tasks[1].get("subject").is_none());
    }

    #[test]
    fn without_a_patient_there_is_no_folder() {
        let refused = Folder::of(vec![json!({"resourceType": "Device", "id": "d"})]);
        assert_eq!(refused.map(drop), Err("no example is a Patient".to_owned()));
    }
}
