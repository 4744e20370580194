//! A search as a client asks it.

use protocol::wire::Parameters;

/// The search parameters that a client may use. None of them can name a person, reach another
/// resource or pull one in.
const ALLOWED: [&str; 8] = [
    "_count", "_id", "category", "class", "code", "date", "status", "type",
];

/// A search on one resource type, with parameters that cannot widen it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    resource_type: String,
    parameters: Vec<(String, String)>,
}

/// Why a search is refused. The parameter's name is said, never its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotASearch {
    /// The path names no resource type: a capital and letters.
    Type,
    /// A parameter that we do not take: modifiers, chains, `_include` and the person among them.
    Parameter,
}

impl Search {
    /// Reads a search. Unlike other endpoints, an unknown parameter is refused: FHIR R4 §3.1.1.2
    /// lets a strict server do so, and an ignored filter would return more than was asked.
    ///
    /// # Errors
    /// [`NotASearch`].
    pub fn read(resource_type: &str, parameters: &Parameters) -> Result<Self, NotASearch> {
        let starts_high = resource_type.starts_with(|c: char| c.is_ascii_uppercase());
        let letters = resource_type.bytes().all(|b| b.is_ascii_alphabetic());
        if !starts_high || !letters || resource_type.len() > 64 {
            return Err(NotASearch::Type);
        }
        let parameters: Vec<(String, String)> = parameters
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        if parameters
            .iter()
            .any(|(name, _)| !ALLOWED.contains(&name.as_str()))
        {
            return Err(NotASearch::Parameter);
        }
        Ok(Self {
            resource_type: resource_type.to_owned(),
            parameters,
        })
    }

    /// The type that is searched.
    pub fn resource_type(&self) -> &str {
        &self.resource_type
    }

    /// The client's parameters.
    pub fn parameters(&self) -> &[(String, String)] {
        &self.parameters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(resource_type: &str, query: &str) -> Result<Search, NotASearch> {
        let parameters = Parameters::parse(query.as_bytes()).expect("a query");
        Search::read(resource_type, &parameters)
    }

    #[test]
    fn a_filter_is_taken() {
        let search = read("Observation", "date=ge2026-01-01&_count=50").expect("allowed");
        assert_eq!(search.resource_type(), "Observation");
        assert_eq!(search.parameters().len(), 2);
    }

    #[test]
    fn nothing_that_names_a_person_or_another_resource_is_taken() {
        for query in [
            "patient=Patient/2",
            "subject:identifier=x",
            "patient.identifier=x",
            "_include=Observation:subject",
            "_revinclude=Provenance:target",
            "_has:Observation:patient:code=1",
            "code:not=1",
        ] {
            // FHIR R4 §3.1.1.2
            assert_eq!(
                read("Observation", query),
                Err(NotASearch::Parameter),
                "{query}"
            );
        }
    }

    #[test]
    fn a_path_that_is_no_type_is_refused() {
        for path in [
            "",
            "observation",
            "Observation/1",
            "..",
            "_history",
            "$everything",
        ] {
            assert_eq!(read(path, ""), Err(NotASearch::Type), "{path}");
        }
    }
}
