//! A launch: a portal opens a module for a person, who is authenticated on the way
//! (TOP-KT-007, koppeltaal.md §4.1).
//!
//! The portal signs what it launches ([`hti`]). A module either has that token introspected
//! ([`crate::introspectie`]), or lets the person log in ([`authorize`], [`idp`]), exchanges a code
//! ([`code`]) and gets the launch's context with an ID token ([`token_response`]).

pub mod authorize;
pub mod code;
pub mod hti;
pub mod idp;
pub mod inloggen;
mod persoon;
pub mod token_response;

use std::fmt;

use protocol::refusal::{ErrorCode, Refusal};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::auditevent::Spoor;
use crate::domeinconfiguratie::Gebruikerssoort;

/// What is launched, and for whom: the claims of the HTI token that the module gets back with its
/// tokens (koppeltaal case 106).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// Who launches.
    pub sub: Gebruiker,
    /// The task.
    pub resource: Verwijzing,
    /// What the task is made from: a reference or a canonical URL, never interpreted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// Whom it is about, when that is not who launches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patient: Option<Verwijzing>,
    /// What for; never interpreted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
}

/// A literal reference to a resource: a type, a slash and a logical id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verwijzing {
    text: Box<str>,
    type_bytes: usize,
}

/// A reference to a person of one of the three kinds that launch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gebruiker {
    soort: Gebruikerssoort,
    verwijzing: Verwijzing,
}

/// Why something of a launch is not good: a requirement and a reason, for the operator alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NietGoed {
    /// The rule that refused.
    pub requirement: &'static str,
    /// Why.
    pub reason: &'static str,
}

impl Verwijzing {
    /// Reads `Task/123` and the like; nothing for another form, a version or a URL.
    pub fn parse(text: &str) -> Option<Self> {
        let (soort, id) = text.split_once('/')?;
        let is_type = soort.starts_with(|first: char| first.is_ascii_uppercase())
            && soort.len() <= 64
            && soort.bytes().all(|byte| byte.is_ascii_alphabetic());
        // A logical id has the form of every FHIR `id`.
        (is_type && Spoor::parse(id).is_some()).then(|| Self {
            text: text.into(),
            type_bytes: soort.len(),
        })
    }

    /// The same, of this type alone.
    pub fn of(soort: &str, text: &str) -> Option<Self> {
        Self::parse(text).filter(|read| read.soort() == soort)
    }

    /// The type.
    pub fn soort(&self) -> &str {
        &self.text[..self.type_bytes]
    }

    /// The logical id.
    pub fn id(&self) -> &str {
        &self.text[self.type_bytes + 1..]
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Gebruiker {
    /// Reads `Patient/…`, `Practitioner/…` or `RelatedPerson/…`.
    pub fn parse(text: &str) -> Option<Self> {
        let verwijzing = Verwijzing::parse(text)?;
        let soort = Gebruikerssoort::named(verwijzing.soort())?;
        Some(Self { soort, verwijzing })
    }

    /// Of which kind.
    pub const fn soort(&self) -> Gebruikerssoort {
        self.soort
    }

    /// The reference.
    pub const fn verwijzing(&self) -> &Verwijzing {
        &self.verwijzing
    }
}

impl NietGoed {
    /// By `requirement`.
    pub const fn new(requirement: &'static str, reason: &'static str) -> Self {
        Self {
            requirement,
            reason,
        }
    }

    /// As a refusal of a back-channel endpoint.
    pub const fn refusal(self, error: ErrorCode) -> Refusal {
        Refusal::new(error, self.requirement, self.reason)
    }
}

impl fmt::Display for Verwijzing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Verwijzing {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Verwijzing {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("expected a reference"))
    }
}

impl Serialize for Gebruiker {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.verwijzing.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Gebruiker {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("expected a reference to a person"))
    }
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_a_type_and_an_id_and_nothing_more() {
        let task = Verwijzing::of("Task", "Task/a-1.b").expect("a reference");
        assert_eq!((task.soort(), task.id()), ("Task", "a-1.b"));
        for other in [
            "",
            "Task",
            "Task/",
            "task/1",
            "Task/1/_history/2",
            "https://fhir.example/Task/1",
            "Task/1?x",
            "Task/..%2f",
            "Patient/1",
        ] {
            assert_eq!(Verwijzing::of("Task", other), None, "{other}");
        }
    }

    #[test]
    fn three_kinds_of_people_launch() {
        for text in ["Patient/1", "Practitioner/1", "RelatedPerson/1"] {
            let read = Gebruiker::parse(text).expect(text);
            assert_eq!(read.verwijzing().as_str(), text);
        }
        assert_eq!(Gebruiker::parse("Person/1"), None);
        assert_eq!(Gebruiker::parse("Device/1"), None);
    }
}
