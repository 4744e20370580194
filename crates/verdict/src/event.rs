//! What goes into the audit log, in the same commit as the changes it tells of.

use crate::PersonTag;

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
        }
    }

    /// The same event, about this person.
    #[must_use]
    pub const fn about(mut self, person: PersonTag) -> Self {
        self.whose = Some(person);
        self
    }
}
