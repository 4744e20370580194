//! Searchset bundles: read, joined, filtered.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::naming::is_same_system;

/// The most entries of one answer that we pass on.
const ENTRIES_MAX: usize = 10_000;

/// Resources of a searchset, each as it was received.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bundle {
    /// The resources.
    pub resources: Vec<Value>,
}

/// The bytes are no searchset bundle that we take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotABundle;

#[derive(Deserialize)]
struct Written<'a> {
    #[serde(rename = "resourceType")]
    resource_type: String,
    #[serde(rename = "type")]
    bundle_type: String,
    #[serde(default, borrow)]
    entry: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    resource: &'a RawValue,
}

impl Bundle {
    /// Reads a searchset.
    ///
    /// # Errors
    /// [`NotABundle`] for other JSON, another bundle type, an entry without a resource, or over
    /// 10 000 entries.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotABundle> {
        let written: Written<'_> = serde_json::from_slice(bytes).map_err(|_| NotABundle)?;
        let is_searchset = written.resource_type == "Bundle" && written.bundle_type == "searchset";
        if !is_searchset || written.entry.len() > ENTRIES_MAX {
            return Err(NotABundle);
        }
        let read = |entry: &Entry<'_>| {
            let resource: Value = serde_json::from_str(entry.resource.get()).ok()?;
            resource_type(&resource).is_some().then_some(resource)
        };
        let resources: Option<Vec<Value>> = written.entry.iter().map(read).collect();
        resources
            .map(|resources| Self { resources })
            .ok_or(NotABundle)
    }

    /// Adds the resources of another answer that are not there yet, by type and id.
    pub fn join(&mut self, other: Self) {
        for resource in other.resources {
            let address = |r: &Value| (r["resourceType"].clone(), r["id"].clone());
            if !self
                .resources
                .iter()
                .any(|known| address(known) == address(&resource))
            {
                self.resources.push(resource);
            }
        }
    }

    /// Keeps the resources whose type `may_leave`.
    #[must_use]
    pub fn filtered(mut self, may_leave: impl Fn(&str) -> bool) -> Self {
        self.resources
            .retain(|resource| resource_type(resource).is_some_and(&may_leave));
        self
    }

    /// Leaves every identifier of this naming system out, wherever it stands and in whatever spelling of the
    /// system: a DVP gets to see no BSN (mitz.md §2; W3).
    #[must_use]
    pub fn without_identifiers(mut self, system: &str) -> Self {
        for resource in &mut self.resources {
            leave_out(resource, system);
        }
        self
    }

    /// The searchset (FHIR R4 Bundle).
    pub fn to_json(&self) -> Value {
        let entry =
            |resource: &Value| json!({ "resource": resource, "search": { "mode": "match" } });
        json!({
            "resourceType": "Bundle",
            "type": "searchset",
            "total": self.resources.len(),
            "entry": self.resources.iter().map(entry).collect::<Vec<Value>>(),
        })
    }
}

/// Removes every object whose `system` is this one, from lists and from members. The depth is that
/// of JSON which was parsed with a limit.
fn leave_out(value: &mut Value, system: &str) {
    let is_it = |value: &Value| {
        let named = value.get("system").and_then(Value::as_str);
        named.is_some_and(|named| is_same_system(named, system))
    };
    match value {
        Value::Array(items) => {
            items.retain(|item| !is_it(item));
            for item in items {
                leave_out(item, system);
            }
        }
        Value::Object(members) => {
            members.retain(|_, member| !is_it(member));
            members
                .values_mut()
                .for_each(|member| leave_out(member, system));
        }
        _ => {}
    }
}

/// The type of a resource.
pub fn resource_type(resource: &Value) -> Option<&str> {
    resource.get("resourceType").and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bundle() -> Bundle {
        Bundle {
            resources: vec![
                json!({"resourceType":"Observation","id":"1"}),
                json!({"resourceType":"Patient","id":"1"}),
            ],
        }
    }

    #[test]
    fn a_searchset_survives_writing_and_reading() {
        let bytes = bundle().to_json().to_string();
        assert_eq!(Bundle::parse(bytes.as_bytes()), Ok(bundle()));
    }

    #[test]
    fn only_what_may_leave_stays() {
        let left = bundle().filtered(|kind| kind == "Observation");
        assert_eq!(
            left.resources,
            [json!({"resourceType":"Observation","id":"1"})]
        );
    }

    #[test]
    fn identifiers_of_a_system_are_left_out_wherever_they_stand() {
        let bsn = json!({ "system": "urn:bsn", "value": "900186021" });
        let own = json!({ "system": "urn:own", "value": "1" });
        let bundle = Bundle {
            resources: vec![json!({
                "resourceType": "Patient",
                "identifier": [bsn, own],
                "contained": [{ "subject": { "identifier": bsn, "display": "x" } }],
            })],
        };
        let left = bundle.without_identifiers("urn:bsn").to_json().to_string();
        // mitz.md §2
        assert!(!left.contains("900186021"));
        assert!(left.contains("urn:own") && left.contains("display"));
    }

    #[test]
    fn identifiers_of_a_system_are_left_out_in_each_of_its_spellings() {
        const BSN: &str = "http://fhir.nl/fhir/NamingSystem/bsn";
        for system in [
            "urn:oid:2.16.840.1.113883.2.4.6.3",
            "HTTP://fhir.nl/fhir/NamingSystem/bsn",
            "http://fhir.nl/fhir/NamingSystem/bsn/",
        ] {
            let identifier = json!([{ "system": system, "value": "900186021" }]);
            let bundle = Bundle {
                resources: vec![json!({ "resourceType": "Patient", "identifier": identifier })],
            };
            let left = bundle.without_identifiers(BSN).to_json().to_string();
            // mitz.md §2
            assert!(!left.contains("900186021"), "{system}");
        }
    }

    #[test]
    fn joining_keeps_each_resource_once() {
        let mut joined = bundle();
        joined.join(bundle());
        assert_eq!(joined, bundle());
    }

    #[test]
    fn what_is_no_searchset_is_refused() {
        for text in [
            "{}",
            r#"{"resourceType":"Bundle","type":"history"}"#,
            r#"{"resourceType":"Bundle","type":"searchset","entry":[{}]}"#,
            r#"{"resourceType":"Bundle","type":"searchset","entry":[{"resource":{"id":"1"}}]}"#,
        ] {
            assert_eq!(Bundle::parse(text.as_bytes()), Err(NotABundle), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
            let _ = Bundle::parse(&bytes);
        }
    }
}
