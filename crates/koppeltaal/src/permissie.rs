//! Roles and their permissions: data, never code (TGB 003, TGB 006).

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a role allows on one type of resource. At most one permission per type and action.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Permissie {
    /// The FHIR resource type.
    pub resource: ResourceType,
    /// What may be done.
    pub actie: Actie,
    /// With whose resources.
    pub bereik: Bereik,
}

/// A FHIR resource type by name, whichever it is: which there are, the FHIR server says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ResourceType(Box<str>);

/// Create, read, update or delete (TGB 006). Reading includes searching (koppeltaal.md §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Actie {
    /// POST. Always with one's own resources (TGB 007).
    Create,
    /// GET.
    Read,
    /// PUT.
    Update,
    /// DELETE.
    Delete,
}

/// With whose resources (TGB 006).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", try_from = "String")]
pub enum Bereik {
    /// Those that the application made.
    Own,
    /// Those of applications whose resources were granted to it.
    Granted,
    /// Everybody's in the domain.
    All,
}

/// Bytes of a type's name, at most: the longest of FHIR R4 has 33.
const TYPE_BYTES_MAX: usize = 64;

/// By name, so that a reader needs to know text alone.
impl TryFrom<String> for Bereik {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, &'static str> {
        match name.as_str() {
            "own" => Ok(Self::Own),
            "granted" => Ok(Self::Granted),
            "all" => Ok(Self::All),
            _ => Err("expected own, granted or all"),
        }
    }
}

impl ResourceType {
    /// Reads a name as FHIR gives them: a capital, then letters.
    pub fn parse(text: &str) -> Option<Self> {
        let is_name = text.starts_with(|first: char| first.is_ascii_uppercase())
            && text.len() <= TYPE_BYTES_MAX
            && text.bytes().all(|byte| byte.is_ascii_alphabetic());
        is_name.then(|| Self(text.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Actie {
    /// Every action, in the order of `cruds`.
    pub const ALL: [Self; 4] = [Self::Create, Self::Read, Self::Update, Self::Delete];
}

impl TryFrom<String> for ResourceType {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not the name of a resource type")
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
