//! A resource as far as it is judged: its type, id, version and owner. The rest passes untouched, byte
//! for byte.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::refused::Refused;
use super::request::{Id, Instance};
use crate::domein::ClientId;
use crate::permissie::ResourceType;

/// The extension that names the owner (koppeltaal.md §2.4).
pub const RESOURCE_ORIGIN_URL: &str =
    "http://koppeltaal.nl/fhir/StructureDefinition/resource-origin";

/// Members of a resource, at most. The largest type of FHIR R4 has under a hundred.
const MEMBERS_MAX: usize = 1_000;

/// Whose a resource is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Nobody's in particular: only who may do something with everybody's may do it with this.
    Nobody,
    /// This application's.
    Of(ClientId),
    /// Several owners, or one that is no Device: taken for nobody's, and never for somebody's.
    Unclear,
}

/// Whose resources somebody reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Everybody's, and those without an owner.
    Everybody,
    /// Those of these owners; perhaps none.
    Of(BTreeSet<ClientId>),
}

/// What is judged of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Its type and id.
    pub at: Instance,
    /// Its version, if it says one.
    pub version: Option<Id>,
    /// When that was made, as it stands there.
    pub last_updated: Option<String>,
    /// Its owner.
    pub owner: Owner,
}

/// A resource whose members can be exchanged, in the order in which they stand.
#[derive(Debug)]
pub(super) struct Members(Vec<(String, Box<RawValue>)>);

impl Reach {
    /// Nobody's.
    pub const NONE: Self = Self::Of(BTreeSet::new());

    /// Whether it reaches resources of this owner.
    pub fn has(&self, owner: &Owner) -> bool {
        match (self, owner) {
            (Self::Everybody, _) => true,
            (Self::Of(owners), Owner::Of(owner)) => owners.contains(owner),
            (Self::Of(_), Owner::Nobody | Owner::Unclear) => false,
        }
    }

    /// What is in both.
    #[must_use]
    pub fn and(&self, asked: Option<&BTreeSet<ClientId>>) -> Self {
        match (self, asked) {
            (reach, None) => reach.clone(),
            (Self::Everybody, Some(asked)) => Self::Of(asked.clone()),
            (Self::Of(owners), Some(asked)) => {
                Self::Of(owners.intersection(asked).copied().collect())
            }
        }
    }
}

impl Head {
    /// Reads a resource of one type and id; nothing for anything else. A member that stands there
    /// twice could mean two things, and makes it unreadable.
    pub(super) fn read(json: &[u8]) -> Option<Self> {
        let written: Written<'_> = serde_json::from_slice(json).ok()?;
        Some(Self {
            at: Instance {
                resource: ResourceType::parse(&written.resource_type)?,
                id: Id::parse(&written.id)?,
            },
            version: written.meta.as_ref().and_then(|meta| {
                let version = meta.version_id.as_deref()?;
                Id::parse(version)
            }),
            last_updated: written
                .meta
                .and_then(|meta| Some(meta.last_updated?.into_owned())),
            owner: owner(&written.extension),
        })
    }
}

impl Members {
    /// Reads the body of a create or an update.
    ///
    /// # Errors
    /// [`Refused::Bad`]: no JSON object, a member twice, or another type than that of the path.
    pub(super) fn read(json: &[u8], resource: &ResourceType) -> Result<Self, Refused> {
        let members: Self = serde_json::from_slice(json)
            .map_err(|_| Refused::Bad("The body is no JSON object of a resource."))?;
        if members.read_as::<String>("resourceType").as_deref() == Some(resource.as_str()) {
            Ok(members)
        } else {
            Err(Refused::Bad(
                "The resource is of another type than the path.",
            ))
        }
    }

    /// Its id, if it says one.
    pub(super) fn id(&self) -> Option<String> {
        self.read_as("id")
    }

    /// Leaves its id out: ids are the server's (koppeltaal.md §3.2).
    pub(super) fn forget_id(&mut self) {
        self.0.retain(|(name, _)| name != "id");
    }

    /// A member, if it is there and of this form.
    pub(super) fn read_as<T: serde::de::DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.member(name)?.get()).ok()
    }

    /// Whether it is there, in whatever form.
    pub(super) fn has(&self, name: &str) -> bool {
        self.member(name).is_some()
    }

    /// Whether there is none but these.
    pub(super) fn are_among(&self, names: &[&str]) -> bool {
        self.0.iter().all(|(name, _)| names.contains(&&**name))
    }

    /// Whether there are extensions beside what names its owner.
    ///
    /// # Errors
    /// [`Refused::Bad`]: the extensions are no list of extensions.
    pub(super) fn has_other_extensions(&self) -> Result<bool, Refused> {
        Ok(!self.extensions()?.into_iter().all(is_origin))
    }

    /// Another value for a member.
    pub(super) fn set(&mut self, name: &str, value: &serde_json::Value) {
        let member = self.0.iter_mut().find(|(known, _)| known == name);
        if let (Some((_, member)), Ok(raw)) = (member, serde_json::value::to_raw_value(value)) {
            *member = raw;
        }
    }

    /// Its owner.
    ///
    /// # Errors
    /// [`Refused::Bad`]: more than one, or one that is no Device (koppeltaal.md §2.4).
    pub(super) fn owner(&self) -> Result<Owner, Refused> {
        match owner(&self.extensions()?) {
            Owner::Unclear => Err(Refused::Bad("The resource-origin is not one Device.")),
            owner => Ok(owner),
        }
    }

    /// What names its owner, as it stands there.
    ///
    /// # Errors
    /// [`Refused::Bad`]: the extensions are no list of extensions.
    pub(super) fn origins(&self) -> Result<Vec<Box<RawValue>>, Refused> {
        let all = self.extensions()?.into_iter();
        Ok(all
            .filter(|item| is_origin(item))
            .map(ToOwned::to_owned)
            .collect())
    }

    /// The resource with these extensions as what names its owner.
    ///
    /// # Errors
    /// [`Refused::Bad`]: the extensions are no list of extensions.
    pub(super) fn with_origins(mut self, origins: &[Box<RawValue>]) -> Result<Vec<u8>, Refused> {
        let kept: Vec<&RawValue> = self
            .extensions()?
            .into_iter()
            .filter(|item| !is_origin(item))
            .chain(origins.iter().map(|item| &**item))
            .collect();
        let list = (!kept.is_empty()).then(|| serde_json::value::to_raw_value(&kept));
        self.0.retain(|(name, _)| name != "extension");
        if let Some(Ok(list)) = list {
            self.0.push(("extension".to_owned(), list));
        }
        Ok(self.to_json())
    }

    /// What names this application as the owner.
    pub(super) fn origin_of(client_id: ClientId) -> Option<Box<RawValue>> {
        let origin = serde_json::json!({
            "url": RESOURCE_ORIGIN_URL,
            "valueReference": { "reference": client_id.device(), "type": "Device" },
        });
        serde_json::value::to_raw_value(&origin).ok()
    }

    fn to_json(&self) -> Vec<u8> {
        let mut json = Vec::from(*b"{");
        for (at, (name, value)) in self.0.iter().enumerate() {
            if at > 0 {
                json.push(b',');
            }
            json.extend(serde_json::Value::from(&**name).to_string().as_bytes());
            json.push(b':');
            json.extend(value.get().as_bytes());
        }
        json.push(b'}');
        json
    }

    fn extensions(&self) -> Result<Vec<&RawValue>, Refused> {
        match self.member("extension") {
            None => Ok(Vec::new()),
            Some(list) => serde_json::from_str(list.get())
                .map_err(|_| Refused::Bad("The extensions are no list.")),
        }
    }

    fn member(&self, name: &str) -> Option<&RawValue> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| &**value)
    }
}

/// Who is named by the extensions of a resource, at its top.
fn owner(extensions: &[&RawValue]) -> Owner {
    let mut origins = extensions.iter().filter(|item| is_origin(item));
    let (Some(one), None) = (origins.next(), origins.next()) else {
        let some = extensions.iter().any(|item| is_origin(item));
        return if some { Owner::Unclear } else { Owner::Nobody };
    };
    let origin: Option<Origin<'_>> = serde_json::from_str(one.get()).ok();
    let reference = origin.and_then(|origin| origin.value_reference?.reference);
    let device = reference.and_then(|reference| ClientId::of_device(&reference).ok());
    device.map_or(Owner::Unclear, Owner::Of)
}

/// Whether an extension is the one that names the owner. One that cannot be read might be.
fn is_origin(extension: &RawValue) -> bool {
    let read: Result<Named<'_>, _> = serde_json::from_str(extension.get());
    read.map_or(true, |named| {
        named.url.as_deref() == Some(RESOURCE_ORIGIN_URL)
    })
}

#[derive(Deserialize)]
struct Written<'a> {
    #[serde(rename = "resourceType", borrow)]
    resource_type: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(default, borrow)]
    meta: Option<Meta<'a>>,
    #[serde(default, borrow)]
    extension: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(rename = "versionId", default, borrow)]
    version_id: Option<Cow<'a, str>>,
    #[serde(rename = "lastUpdated", default, borrow)]
    last_updated: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(default, borrow)]
    url: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Origin<'a> {
    #[serde(rename = "valueReference", default, borrow)]
    value_reference: Option<Reference<'a>>,
}

#[derive(Deserialize)]
struct Reference<'a> {
    #[serde(default, borrow)]
    reference: Option<Cow<'a, str>>,
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(EachOnce)
    }
}

struct EachOnce;

impl<'de> Visitor<'de> for EachOnce {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members: Vec<(String, Box<RawValue>)> = Vec::new();
        while let Some((name, value)) = map.next_entry()? {
            let is_new = members.iter().all(|(known, _)| *known != name);
            if !is_new || members.len() == MEMBERS_MAX {
                return Err(A::Error::custom("a member twice, or too many"));
            }
            members.push((name, value));
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const A: ClientId = ClientId::of([1; 16]);

    fn origin(reference: &str) -> Value {
        json!({ "url": RESOURCE_ORIGIN_URL, "valueReference": { "reference": reference } })
    }

    fn owner_of(extension: &Value) -> Owner {
        let text = json!({ "resourceType": "Task", "id": "1", "extension": extension });
        Head::read(text.to_string().as_bytes()).map_or(Owner::Unclear, |head| head.owner)
    }

    #[test]
    fn an_owner_is_one_device() {
        // koppeltaal.md §2.4
        let device = A.device();
        assert_eq!(owner_of(&json!([])), Owner::Nobody);
        assert_eq!(owner_of(&json!([{ "url": "x" }])), Owner::Nobody);
        let mixed = json!([{ "url": "x" }, origin(&device)]);
        assert_eq!(owner_of(&mixed), Owner::Of(A));
        for unclear in [
            json!([origin(&device), origin(&device)]),
            json!([origin("Patient/1")]),
            json!([origin("Device/1")]),
            json!([origin(&format!("https://x/{device}"))]),
            json!([{ "url": RESOURCE_ORIGIN_URL }]),
            json!([{ "url": RESOURCE_ORIGIN_URL, "valueReference": device }]),
            json!([{ "url": ["x"] }]),
            json!([1]),
        ] {
            assert_eq!(owner_of(&unclear), Owner::Unclear, "{unclear}");
        }
    }

    #[test]
    fn what_stands_there_twice_is_not_read() {
        for twice in [
            r#"{"resourceType":"Task","id":"1","id":"2"}"#,
            r#"{"resourceType":"Task","resourceType":"Patient","id":"1"}"#,
            r#"{"resourceType":"Task","id":"1","extension":[],"extension":[]}"#,
        ] {
            assert_eq!(Head::read(twice.as_bytes()), None, "{twice}");
        }
        let task = ResourceType::parse("Task").expect("a type");
        let twice = br#"{"resourceType":"Task","note":1,"note":2}"#;
        assert!(Members::read(twice, &task).is_err());
    }

    #[test]
    fn everything_else_passes_byte_for_byte() {
        let task = ResourceType::parse("Task").expect("a type");
        let body = br#"{"resourceType":"Task","id":"x","n":1.00, "s":"\u00e9","extension":[{"url":"x","valueDecimal":2.50}]}"#;
        let mut members = Members::read(body, &task).expect("a task");
        members.forget_id();
        let origin = Members::origin_of(A).expect("an extension");
        let written = members.with_origins(&[origin]).expect("extensions");
        let text = String::from_utf8(written).expect("text");
        assert!(
            text.starts_with(r#"{"resourceType":"Task","n":1.00,"s":"\u00e9","#),
            "{text}"
        );
        assert!(
            text.contains(r#"{"url":"x","valueDecimal":2.50}"#),
            "{text}"
        );
        assert!(!text.contains("\"id\":\"x\""), "{text}");
        let text = text.replace("\"n\":1.00", "\"id\":\"1\"");
        let head = Head::read(text.as_bytes()).expect("a task");
        assert_eq!(head.owner, Owner::Of(A));
    }
}
