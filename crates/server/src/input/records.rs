//! The providers' FHIR R4 resources, by provider and person.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use fhir::{OWNERS, is_id};
use identity::{Bsn, Ura};
use mitz::locatietoken::BSN_SYSTEM;
use serde_json::Value;

use super::files::File;
use super::place::Place;
use super::search::{self, BadSearch};
use super::{BsnTable, InputFault};

/// Resources of all providers together, at most.
const RECORDS_MAX: usize = 200_000;

/// The FHIR resources of all providers. It prints how many providers there are, nothing else.
#[derive(Default)]
pub struct Records {
    by_ura: BTreeMap<Ura, BsnTable<Dossier>>,
    count: usize,
}

/// What one provider has of one person, in the order of the file.
type Dossier = Vec<Value>;

/// What a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<'a> {
    /// How many there are, whatever `_count` says.
    pub total: usize,
    /// The resources, at most `_count` of them.
    pub resources: Vec<&'a Value>,
}

impl Records {
    /// The resources of one type that this provider has of this person, narrowed by `params`: FHIR
    /// search parameters of [`super::SEARCH_PARAMETERS`]; one that stands there twice narrows twice.
    /// A provider or person that is not known has none. `placed` are those that came later.
    ///
    /// # Errors
    /// [`BadSearch`] when a parameter or its value is none that we take.
    pub fn search<'a>(
        &'a self,
        ura: &Ura,
        bsn: &Bsn,
        resource_type: &str,
        params: &[(String, String)],
        placed: &'a [Value],
    ) -> Result<Found<'a>, BadSearch> {
        let search = search::Search::read(params)?;
        let dossier = self.by_ura.get(ura).and_then(|people| people.get(bsn));
        let mut resources: Vec<&Value> = dossier
            .into_iter()
            .flatten()
            .chain(placed)
            .filter(|resource| resource["resourceType"] == resource_type)
            .filter(|resource| search.matches(resource))
            .collect();
        let total = resources.len();
        resources.truncate(search.count.unwrap_or(usize::MAX));
        Ok(Found { total, resources })
    }

    /// The id of the Patient that this person is to this provider.
    pub fn patient_id(&self, ura: &Ura, bsn: &Bsn) -> Option<&str> {
        let mut dossier = self.by_ura.get(ura)?.get(bsn)?.iter();
        let patient = dossier.find(|resource| resource["resourceType"] == "Patient");
        patient?["id"].as_str()
    }

    /// How many resources belong to somebody.
    pub fn len(&self) -> usize {
        let dossiers = self.by_ura.values().flat_map(BsnTable::values);
        dossiers.map(Vec::len).sum()
    }

    /// Whether there is no resource at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a provider's resources: an array of them. A resource belongs to the person of the
    /// Patient that it refers to; one that belongs to nobody with a BSN can be found by nobody.
    pub(super) fn add(&mut self, ura: Ura, file: &File) -> Result<(), InputFault> {
        let resources: Vec<Value> = file.json()?;
        self.count = self.count.saturating_add(resources.len());
        if self.count > RECORDS_MAX {
            return Err(file.whole("there are more than 200 000 resources in all"));
        }
        check(file, &resources)?;
        let patients = patients(file, &resources)?;
        let mut people: BsnTable<Dossier> = BsnTable::default();
        for (index, resource) in resources.into_iter().enumerate() {
            let owner = owner(&resource, &patients).map_err(|Disagreement| {
                let reason = "subject, patient, for and beneficiary name different people";
                file.fault(&Place::root().item(index), reason)
            })?;
            let Some(bsn) = owner else { continue };
            match people.get_mut(bsn) {
                Some(dossier) => dossier.push(resource),
                None => drop(people.insert(bsn, vec![resource])),
            }
        }
        self.by_ura.insert(ura, people);
        Ok(())
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Records(of {} providers)", self.by_ura.len())
    }
}

/// Whether a text can be the type of a resource.
pub(super) fn is_resource_type(text: &str) -> bool {
    let starts_high = text.starts_with(|c: char| c.is_ascii_uppercase());
    starts_high && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Each is a resource with an id of its own.
fn check(file: &File, resources: &[Value]) -> Result<(), InputFault> {
    let mut seen = HashSet::new();
    for (index, resource) in resources.iter().enumerate() {
        let place = Place::root().item(index);
        let text = |member| resource.get(member).and_then(Value::as_str);
        let kind = text("resourceType")
            .filter(|kind| is_resource_type(kind))
            .ok_or_else(|| {
                file.fault(
                    &place.member("resourceType"),
                    "expected a FHIR resource type",
                )
            })?;
        let id = text("id").filter(|id| is_id(id)).ok_or_else(|| {
            file.fault(
                &place.member("id"),
                "expected an id of 1 to 64 letters, digits, - and .",
            )
        })?;
        if !seen.insert((kind, id)) {
            let reason = "a resource of this type and id stands here already";
            return Err(file.fault(&place.member("id"), reason));
        }
    }
    Ok(())
}

/// The people by the ids of their Patients.
fn patients(file: &File, resources: &[Value]) -> Result<HashMap<String, Bsn>, InputFault> {
    let mut patients = HashMap::new();
    for (index, resource) in resources.iter().enumerate() {
        if resource["resourceType"] != "Patient" {
            continue;
        }
        let of_identifiers = Place::root().item(index).member("identifier");
        let identifiers = resource["identifier"]
            .as_array()
            .into_iter()
            .flatten()
            .enumerate();
        let mut bsn: Option<Bsn> = None;
        for (position, identifier) in identifiers {
            if identifier["system"] != BSN_SYSTEM {
                continue;
            }
            let place = of_identifiers.item(position).member("value");
            let value = identifier["value"].as_str().unwrap_or_default();
            let read = Bsn::parse(value).map_err(|bad| file.fault(&place, bad.to_string()))?;
            if bsn.as_ref().is_some_and(|known| *known != read) {
                return Err(file.fault(&place, "the Patient has another BSN already"));
            }
            bsn = Some(read);
        }
        if let (Some(bsn), Some(id)) = (bsn, resource["id"].as_str()) {
            patients.insert(id.to_owned(), bsn);
        }
    }
    Ok(patients)
}

/// A resource refers to several people.
struct Disagreement;

/// The person to whom a resource belongs; nobody when it refers to no Patient with a BSN.
fn owner<'p>(
    resource: &Value,
    patients: &'p HashMap<String, Bsn>,
) -> Result<Option<&'p Bsn>, Disagreement> {
    if resource["resourceType"] == "Patient" {
        let id = resource["id"].as_str();
        return Ok(id.and_then(|id| patients.get(id)));
    }
    let references = OWNERS
        .iter()
        .filter_map(|name| resource[name]["reference"].as_str());
    let mut owner = None;
    for (position, patient) in references.filter_map(patient_id).enumerate() {
        let found = patients.get(patient);
        if position > 0 && owner != found {
            return Err(Disagreement);
        }
        owner = found;
    }
    Ok(owner)
}

/// The id in `Patient/7`, `https://xis.example/fhir/Patient/7` or `Patient/7/_history/2`.
fn patient_id(reference: &str) -> Option<&str> {
    let versionless = reference.split("/_history/").next()?;
    let (before, id) = versionless.rsplit_once('/')?;
    let kind = before.rsplit('/').next()?;
    (kind == "Patient").then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_to_a_patient_is_read_in_all_its_forms() {
        for reference in [
            "Patient/7",
            "https://xis.example/fhir/Patient/7",
            "Patient/7/_history/2",
        ] {
            assert_eq!(patient_id(reference), Some("7"), "{reference}");
        }
        for other in ["", "7", "Group/7", "urn:uuid:7", "#7", "NoPatient/7"] {
            assert_eq!(patient_id(other), None, "{other}");
        }
    }
}
