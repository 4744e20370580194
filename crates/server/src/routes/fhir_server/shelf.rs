//! Resources and what they were, in memory.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Resources, at most; ended ones count.
const RESOURCES_MAX: usize = 10_000;
/// Versions of all resources together, and the bytes of them, at most.
const VERSIONS_MAX: usize = 50_000;
const BYTES_MAX: usize = 128 * 1024 * 1024;

/// Everything that the server knows.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    /// By type and id.
    resources: BTreeMap<(String, String), Resource>,
    /// How many changes there were: the order of everything.
    changes: u64,
    versions: usize,
    bytes: usize,
}

/// One resource: what it was, the first version first.
#[derive(Debug, Default)]
pub(super) struct Resource {
    pub(super) versions: Vec<Version>,
}

/// What a change made of it.
#[derive(Clone, Debug)]
pub(super) struct Version {
    /// `1` and up.
    pub(super) number: usize,
    /// Which change of all.
    pub(super) change: u64,
    /// How it came: `POST`, `PUT` or `DELETE`.
    pub(super) method: &'static str,
    /// When, as FHIR writes it.
    pub(super) time: String,
    /// The resource; nothing when this was its end.
    pub(super) json: Option<Value>,
}

/// There is no room left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Shelf {
    pub(super) fn get(&self, kind: &str, id: &str) -> Option<&Resource> {
        self.resources.get(&(kind.to_owned(), id.to_owned()))
    }

    /// Every resource of a type with its id, the last changed first.
    pub(super) fn of_type(&self, kind: &str) -> Vec<(&str, &Resource)> {
        let first = (kind.to_owned(), String::new());
        let of_type = self.resources.range(first..);
        let of_type = of_type.take_while(|((found, _), _)| found == kind);
        let mut all: Vec<(&str, &Resource)> = of_type
            .map(|((_, id), resource)| (&**id, resource))
            .collect();
        let last = |(_, resource): &(&str, &Resource)| resource.now().map(|now| now.change);
        all.sort_by_key(|found| std::cmp::Reverse(last(found)));
        all
    }

    /// Adds a version; `json` without `id` and `meta`, which are the server's. Gives its number.
    pub(super) fn add(
        &mut self,
        (kind, id): (&str, &str),
        method: &'static str,
        time: &str,
        json: Option<Value>,
    ) -> Result<Version, Full> {
        let key = (kind.to_owned(), id.to_owned());
        let number = self
            .resources
            .get(&key)
            .map_or(0, |found| found.versions.len())
            + 1;
        let json = json.map(|json| written(json, id, number, time));
        let bytes = json.as_ref().map_or(0, |json| json.to_string().len());
        let is_new = number == 1;
        let is_full = (is_new && self.resources.len() >= RESOURCES_MAX)
            || self.versions >= VERSIONS_MAX
            || self.bytes + bytes > BYTES_MAX;
        if is_full {
            return Err(Full);
        }
        self.changes += 1;
        self.versions += 1;
        self.bytes += bytes;
        let version = Version {
            number,
            change: self.changes,
            method,
            time: time.to_owned(),
            json,
        };
        let resource = self.resources.entry(key).or_default();
        resource.versions.push(version.clone());
        Ok(version)
    }
}

impl Resource {
    /// Its last version.
    pub(super) fn now(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// What it is now; nothing when it was ended.
    pub(super) fn json(&self) -> Option<&Value> {
        self.now()?.json.as_ref()
    }
}

impl Version {
    pub(super) fn etag(&self) -> String {
        format!("W/\"{}\"", self.number)
    }
}

fn written(mut json: Value, id: &str, number: usize, time: &str) -> Value {
    json["id"] = id.into();
    let mut meta = match json["meta"].take() {
        Value::Object(meta) => Value::Object(meta),
        _ => json!({}),
    };
    meta["versionId"] = number.to_string().into();
    meta["lastUpdated"] = time.into();
    json["meta"] = meta;
    json
}
