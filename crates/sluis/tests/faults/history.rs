//! What clients of a node asked and were answered, in the order in which it happened.

use std::sync::{Arc, Mutex, PoisonError};

/// A grant of the seed, by its number: all refresh tokens that follow from one login.
pub(crate) type Family = u32;

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Call(pub(crate) u64);

/// What a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Deed {
    /// A successor for the refresh token of this generation.
    Offer(u64),
    /// That the person's consent ends.
    Withdraw,
}

/// What a request was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Answer {
    /// The refresh token of this generation.
    Successor(u64),
    /// The token is not good, or is none any more; or the consent ended before.
    Refused,
    /// The consent has ended.
    Withdrawn,
    /// Nothing, or that the node cannot tell now (503): it was done, or it was not.
    Unknown,
}

/// What is stored of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Rows {
    /// The generation of its row, while there is one.
    pub(crate) generation: Option<u64>,
    /// Whether the consent is there.
    pub(crate) is_consented: bool,
    /// How often the audit log tells that tokens were issued.
    pub(crate) issued: u64,
}

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happened {
    /// A request is about to be sent.
    Sent(Call, Family, Deed),
    /// It was answered, or its connection ended.
    Answered(Call, Answer),
    /// Nobody is left who could still do what was sent before.
    AtRest,
    /// Such was stored. Only said at rest.
    Saw(Family, Rows),
}

/// A history that grows. Clones are the same history.
#[derive(Clone, Default)]
pub(crate) struct History(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    calls: u64,
    happened: Vec<Happened>,
}

impl History {
    /// Notes that a request is about to be sent, and numbers it.
    pub(crate) fn sent(&self, family: Family, deed: Deed) -> Call {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.calls += 1;
        let call = Call(inner.calls);
        inner.happened.push(Happened::Sent(call, family, deed));
        call
    }

    /// Notes anything else.
    pub(crate) fn note(&self, happened: Happened) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.happened.push(happened);
    }

    /// How many requests were answered so.
    pub(crate) fn count(&self, such: impl Fn(Answer) -> bool) -> usize {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answers = inner
            .happened
            .iter()
            .filter(|happened| matches!(happened, Happened::Answered(_, answer) if such(*answer)));
        answers.count()
    }

    /// What happened since the last time.
    pub(crate) fn take(&self) -> Vec<Happened> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut inner.happened)
    }
}
