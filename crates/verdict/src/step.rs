//! How a rule speaks to the shell.

use std::fmt;

use crate::{Change, Clear, Event};

/// What a rule says next. `R` is its reply, `Q` the framework's enum of questions; each variant of
/// `Q` holds the state that takes exactly that answer.
#[must_use]
pub enum Step<R, Q> {
    /// A fact is needed: from the store, or from another party.
    Ask(Q),
    /// This must be durable before the rule goes on: a spent code before an outside call that
    /// cannot be repeated. After a conflict in a later commit only what follows runs again.
    Save {
        /// The changes.
        changes: Vec<Change<Clear>>,
        /// The audit events of this commit.
        events: Vec<Event>,
        /// What comes after.
        then: Resume<R, Q>,
    },
    /// The rule is done.
    Done(Verdict<R>),
}

/// What comes after a save. It can be called again: after a conflict in a later commit the run goes
/// on from here, not from the beginning.
pub type Resume<R, Q> = Box<dyn Fn() -> Step<R, Q> + Send + Sync>;

impl<R, Q> Step<R, Q> {
    /// Done with a reply that changes nothing.
    pub const fn reply(reply: R) -> Self {
        Self::Done(Verdict {
            reply,
            changes: Vec::new(),
            events: Vec::new(),
        })
    }

    /// Done, with one audit event and no change: the shape of most refusals.
    pub fn reply_with(reply: R, event: Event) -> Self {
        Self::Done(Verdict {
            reply,
            changes: Vec::new(),
            events: vec![event],
        })
    }
}

impl<R: fmt::Debug, Q: fmt::Debug> fmt::Debug for Step<R, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ask(question) => f.debug_tuple("Ask").field(question).finish(),
            Self::Save {
                changes, events, ..
            } => f
                .debug_struct("Save")
                .field("changes", changes)
                .field("events", events)
                .finish_non_exhaustive(),
            Self::Done(verdict) => f.debug_tuple("Done").field(verdict).finish(),
        }
    }
}

/// A decision: the reply, what it changes and what it tells the audit log. Refusals carry changes
/// too; a replayed code ends what it once issued. The reply leaves only after the changes are
/// durable.
#[derive(Debug)]
#[must_use]
pub struct Verdict<R> {
    /// What the asker gets.
    pub reply: R,
    /// All of them, or none.
    pub changes: Vec<Change<Clear>>,
    /// In the same commit.
    pub events: Vec<Event>,
}
