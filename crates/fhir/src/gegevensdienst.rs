//! A gegevensdienst as FHIR queries. Which queries a gegevensdienst means is data, not code.

use identity::GegevensdienstId;
use serde::{Deserialize, Serialize};

use crate::{Plaatsbaar, Search};

/// A gegevensdienst.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gegevensdienst {
    /// Its number in the catalogue, a scope token.
    pub id: GegevensdienstId,
    /// Its name for people.
    pub weergavenaam: String,
    /// Its Systeemrolcode in the Zorgaanbiederslijst.
    pub systeemrolcode: String,
    /// What it collects.
    pub zoekvragen: Vec<Zoekvraag>,
    /// What may be placed under it.
    #[serde(default)]
    pub plaatsen: Vec<Plaatsbaar>,
}

/// One search of a gegevensdienst.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zoekvraag {
    /// The resource type.
    #[serde(rename = "type")]
    pub resource_type: String,
    /// Parameters that are always added, in the order given.
    #[serde(default)]
    pub parameters: Vec<(String, String)>,
}

/// The gegevensdienst does not contain this search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAllowed;

impl Gegevensdienst {
    /// The searches at the record system for what a client asked: those of the gegevensdienst on
    /// that type, each with its own parameters and the client's. A client's parameter of the same
    /// name narrows further and replaces nothing.
    ///
    /// # Errors
    /// [`NotAllowed`] for a type that is not in the gegevensdienst.
    pub fn narrow(&self, asked: &Search) -> Result<Vec<Zoekvraag>, NotAllowed> {
        let narrowed: Vec<Zoekvraag> = self
            .zoekvragen
            .iter()
            .filter(|own| own.resource_type == asked.resource_type())
            .map(|own| Zoekvraag {
                resource_type: own.resource_type.clone(),
                parameters: [&own.parameters[..], asked.parameters()].concat(),
            })
            .collect();
        if narrowed.is_empty() {
            return Err(NotAllowed);
        }
        Ok(narrowed)
    }

    /// Whether resources of this type may leave under this gegevensdienst.
    pub fn contains(&self, resource_type: &str) -> bool {
        self.zoekvragen
            .iter()
            .any(|own| own.resource_type == resource_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::wire::Parameters;

    fn metingen() -> Gegevensdienst {
        serde_json::from_str(
            r#"{"id":"51","weergavenaam":"Metingen","systeemrolcode":"MM-X","zoekvragen":[
                {"type":"Observation","parameters":[["category","vital-signs"]]},
                {"type":"Observation","parameters":[["category","laboratory"]]}]}"#,
        )
        .expect("well formed")
    }

    fn search(resource_type: &str, query: &str) -> Search {
        let parameters = Parameters::parse(query.as_bytes()).expect("a query");
        Search::read(resource_type, &parameters).expect("a search")
    }

    #[test]
    fn mitz_case_053_a_type_of_another_gegevensdienst_is_not_allowed() {
        assert_eq!(
            metingen().narrow(&search("MedicationStatement", "")),
            Err(NotAllowed)
        );
    }

    #[test]
    fn a_client_narrows_and_never_replaces() {
        let narrowed = metingen()
            .narrow(&search("Observation", "category=social-history"))
            .expect("allowed");
        assert_eq!(narrowed.len(), 2);
        assert_eq!(
            narrowed[0].parameters,
            [
                ("category".to_owned(), "vital-signs".to_owned()),
                ("category".to_owned(), "social-history".to_owned()),
            ]
        );
    }
}
