//! Which resources a search finds.

use serde_json::{Value, json};
use url::form_urlencoded;

/// Parameters of a search, at most.
const PARAMETERS_MAX: usize = 64;
/// Resources on a page when nothing is said, and at most.
const COUNT: (usize, usize) = (20, 100);

/// A search parameter: its name, its type, and where its value stands.
type Known = (&'static str, &'static str, &'static [&'static str]);

/// What is known of every type. A member that a type does not have finds nothing.
const KNOWN: [Known; 17] = [
    ("_id", "token", &["/id"]),
    ("_tag", "token", &["/meta/tag"]),
    ("identifier", "token", &["/identifier"]),
    ("status", "token", &["/status"]),
    ("active", "token", &["/active"]),
    ("code", "token", &["/code"]),
    ("url", "uri", &["/url"]),
    ("title", "string", &["/title"]),
    ("patient", "reference", &["/patient", "/subject", "/for"]),
    ("subject", "reference", &["/subject", "/for"]),
    ("owner", "reference", &["/owner"]),
    ("requester", "reference", &["/requester"]),
    ("resource-origin", "reference", &["resource-origin"]),
    ("instantiates", "reference", &["instantiates"]),
    ("traceId", "token", &["trace-id"]),
    ("requestId", "token", &["request-id"]),
    ("correlationId", "token", &["correlation-id"]),
];

/// Members begin so; anything else is the end of the URL of an extension.
const MEMBER: char = '/';

/// What is asked.
#[derive(Debug, Default)]
pub(super) struct Search {
    filters: Vec<(&'static Known, String)>,
    /// The query without what says which page.
    query: String,
    pub(super) count: usize,
    pub(super) offset: usize,
    pub(super) only_count: bool,
}

/// A parameter is not known, or malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotKnown;

impl Search {
    /// Reads a query, or a form.
    pub(super) fn read(query: &[u8]) -> Result<Self, NotKnown> {
        let mut search = Self {
            count: COUNT.0,
            ..Self::default()
        };
        let mut rest = form_urlencoded::Serializer::new(String::new());
        for (at, (name, value)) in form_urlencoded::parse(query).enumerate() {
            if at == PARAMETERS_MAX {
                return Err(NotKnown);
            }
            if name != "_offset" {
                rest.append_pair(&name, &value);
            }
            search.take(&name, &value)?;
        }
        search.query = rest.finish();
        Ok(search)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), NotKnown> {
        match name {
            "_count" => {
                let count: usize = value.parse().map_err(|_| NotKnown)?;
                self.count = count.clamp(1, COUNT.1);
            }
            "_offset" => self.offset = value.parse().map_err(|_| NotKnown)?,
            "_summary" if value == "count" => self.only_count = true,
            // Resources are given whole, the last changed first (FHIR R4 §3.1.1.5.9).
            "_sort" | "_summary" | "_elements" | "_total" | "_format" | "_pretty" => {}
            _ => {
                let known = KNOWN.iter().find(|(known, ..)| *known == name);
                self.filters
                    .push((known.ok_or(NotKnown)?, value.to_owned()));
            }
        }
        Ok(())
    }

    /// Whether it finds a resource. A parameter that stands there twice must fit twice.
    pub(super) fn finds(&self, resource: &Value) -> bool {
        self.filters.iter().all(|((_, kind, places), wanted)| {
            let mut values = places.iter().flat_map(|place| values(resource, place));
            values.any(|value| wanted.split(',').any(|wanted| fits(kind, value, wanted)))
        })
    }

    /// The query of the page from this resource on.
    pub(super) fn from(&self, offset: usize) -> String {
        let and = if self.query.is_empty() { "" } else { "&" };
        format!("{}{and}_offset={offset}", self.query)
    }
}

/// The search parameters as a CapabilityStatement lists them.
pub(super) fn known() -> Value {
    let all = KNOWN.iter();
    all.map(|(name, kind, _)| json!({ "name": name, "type": kind }))
        .collect()
}

/// The values at a place: members, or the values of extensions of that name.
fn values<'a>(resource: &'a Value, place: &str) -> Vec<&'a Value> {
    if place.starts_with(MEMBER) {
        return match resource.pointer(place) {
            Some(Value::Array(all)) => all.iter().collect(),
            Some(one) => vec![one],
            None => Vec::new(),
        };
    }
    let all = resource["extension"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let named = |extension: &&Value| {
        let url = extension["url"].as_str().unwrap_or_default();
        url.rsplit('/').next() == Some(place)
    };
    let value = |extension: &'a Value| {
        extension
            .get("valueReference")
            .or_else(|| extension.get("valueId"))
    };
    all.iter().filter(named).filter_map(value).collect()
}

fn fits(kind: &str, value: &Value, wanted: &str) -> bool {
    match kind {
        "reference" => refers_to(value, wanted),
        "string" => {
            let text = value.as_str().unwrap_or_default().to_lowercase();
            text.starts_with(&wanted.to_lowercase())
        }
        "uri" => value.as_str() == Some(wanted),
        _ => is_token(value, wanted),
    }
}

/// `Patient/1` or `1` (FHIR R4 §3.1.1.4).
fn refers_to(value: &Value, wanted: &str) -> bool {
    let reference = value["reference"].as_str().unwrap_or_default();
    reference == wanted
        || reference
            .rsplit_once('/')
            .is_some_and(|(_, id)| id == wanted)
}

/// `value`, `system|value` or `|value` (FHIR R4 §3.1.1.4), of a code, an identifier or a concept.
fn is_token(value: &Value, wanted: &str) -> bool {
    if let Some(all) = value["coding"].as_array() {
        return all.iter().any(|coding| is_token(coding, wanted));
    }
    let (system, wanted) = match wanted.split_once('|') {
        Some((system, wanted)) => (Some(system), wanted),
        None => (None, wanted),
    };
    let text = match value {
        Value::Bool(flag) => flag.to_string(),
        Value::String(text) => text.clone(),
        other => {
            let code = other.get("value").or_else(|| other.get("code"));
            code.and_then(Value::as_str).unwrap_or_default().to_owned()
        }
    };
    let has = value["system"].as_str().unwrap_or_default();
    text == wanted && system.is_none_or(|system| system == has)
}
