//! What goes into the audit log, in the same commit as the changes it tells of.

use std::collections::BTreeMap;

use crate::PersonTag;

/// Details of one event, at most; more are left out.
const DETAILS_MAX: usize = 16;
/// Bytes of one detail, at most; a longer one is cut off.
const DETAIL_BYTES_MAX: usize = 256;

/// One line for the audit log. It holds no BSN, token, code or assertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The requirement that decided: `"RFC 6749 §4.1.2"`, `"seed 000 step 9"`.
    pub requirement: &'static str,
    /// What happened, in a few words of the operator's language.
    pub what: &'static str,
    /// Whether it was granted.
    pub outcome: Outcome,
    /// Who asked.
    pub who: Actor,
    /// Whose data it concerns.
    pub whose: Option<PersonTag>,
    /// What else it was about, by name: a service, a register, the number of a transaction. Like the
    /// rest it holds nothing that could be used as a token, and nothing that names a person.
    pub details: BTreeMap<&'static str, String>,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As asked.
    Granted,
    /// Refused; the reason is in [`Event::what`].
    Refused,
}

/// Who asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person at a browser, logged in or not yet.
    Person,
    /// A client or server that proved who it is: its client id or host name.
    Party(String),
    /// Nobody proved anything.
    Unknown,
}

impl Event {
    /// A granted request.
    pub const fn granted(requirement: &'static str, what: &'static str, who: Actor) -> Self {
        Self {
            requirement,
            what,
            outcome: Outcome::Granted,
            who,
            whose: None,
            details: BTreeMap::new(),
        }
    }

    /// A refused request.
    pub const fn refused(requirement: &'static str, what: &'static str, who: Actor) -> Self {
        Self {
            requirement,
            what,
            outcome: Outcome::Refused,
            who,
            whose: None,
            details: BTreeMap::new(),
        }
    }

    /// The same event, about this person.
    #[must_use]
    pub const fn about(mut self, person: PersonTag) -> Self {
        self.whose = Some(person);
        self
    }

    /// The same event with this detail. One of the same name is replaced.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        let mut value = value.into();
        value.truncate(value.floor_char_boundary(DETAIL_BYTES_MAX));
        if self.details.len() < DETAILS_MAX || self.details.contains_key(name) {
            self.details.insert(name, value);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 17] = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q",
    ];

    #[test]
    fn details_are_few_and_short() {
        let event = Event::granted("test", "done", Actor::Unknown);
        let event = event.with("service", "s1").with("service", "s2");
        assert_eq!(event.details.get("service").map(String::as_str), Some("s2"));
        let long = event.with("long", "\u{e9}".repeat(200)).details;
        assert_eq!(long["long"].len(), DETAIL_BYTES_MAX);
        let event = Event::granted("test", "done", Actor::Unknown);
        let full = NAMES
            .into_iter()
            .fold(event, |event, name| event.with(name, "x"));
        assert_eq!(full.details.len(), DETAILS_MAX);
        assert_eq!(full.with("a", "y").details["a"], "y");
    }
}
