//! Whether a node can have behaved as a history of tokens says.
//!
//! For each family the checker keeps every way in which it can stand: which requests have taken
//! effect, and in which order, as far as answers leave that open. An answer, or a look at what is
//! stored, that no way explains is wrong. So a successor that was answered and then lost, a token that
//! was taken twice, an end that did not last and a request that was half done all show, while a request
//! without an answer may have been done or not.
//!
//! The rules are those of `mitz::authorization_server::token`, written a second time as a client sees
//! them: a token of the current generation has one successor; one of another generation ends the
//! family (RFC 9700 §4.14.2); without consent there is none (mitz case 20).

use std::collections::{BTreeMap, BTreeSet};

use super::history::{Answer, Call, Deed, Family, Happened, Rows};

/// Something that no order of the requests explains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Whose token it was.
    pub(crate) family: Family,
    /// What cannot be.
    pub(crate) happened: Happened,
    /// How the family could have stood before.
    pub(crate) could: Vec<Rows>,
}

/// As often as a request may still take effect of which nothing is known: after a second time, a third
/// changes nothing.
const LOST_MAX: u8 = 2;

/// Checks a history, part by part.
#[derive(Debug, Default)]
pub(crate) struct Checker {
    families: BTreeMap<Family, BTreeSet<Way>>,
    under_way: BTreeMap<Call, (Family, Deed)>,
}

impl Checker {
    /// Checks what happened since the last part.
    pub(crate) fn replay(&mut self, history: &[Happened]) -> Result<(), Wrong> {
        for happened in history {
            self.step(*happened)?;
        }
        Ok(())
    }

    fn step(&mut self, happened: Happened) -> Result<(), Wrong> {
        match happened {
            Happened::Sent(call, family, deed) => {
                self.under_way.insert(call, (family, deed));
                let sent = |mut way: Way| {
                    way.open.insert(call, deed);
                    BTreeSet::from([way])
                };
                self.each(family, happened, sent)
            }
            Happened::Answered(call, answer) => {
                let Some((family, deed)) = self.under_way.remove(&call) else {
                    return Ok(());
                };
                if answer == Answer::Unknown {
                    return self.each(family, happened, |way| {
                        BTreeSet::from([way.lose(call, deed)])
                    });
                }
                self.each(family, happened, |way| way.answered(call, answer))
            }
            Happened::AtRest => {
                let families: Vec<Family> = self.families.keys().copied().collect();
                let mut rested = families.into_iter();
                rested.try_for_each(|family| self.each(family, happened, Way::rested))
            }
            Happened::Saw(family, rows) => self.each(family, happened, |way| {
                let is_so = way.stands.seen() == rows;
                is_so.then_some(way).into_iter().collect()
            }),
        }
    }

    /// Follows every way on; one that leads nowhere was none.
    fn each(
        &mut self,
        family: Family,
        happened: Happened,
        on: impl Fn(Way) -> BTreeSet<Way>,
    ) -> Result<(), Wrong> {
        let ways = self.families.entry(family).or_insert_with(Way::beginning);
        let next: BTreeSet<Way> = ways.iter().cloned().flat_map(on).collect();
        if next.is_empty() {
            let could = ways.iter().map(|way| way.stands.seen()).collect();
            return Err(Wrong {
                family,
                happened,
                could,
            });
        }
        *ways = next;
        Ok(())
    }
}

/// How a family stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Stands {
    generation: u64,
    has_ended: bool,
    is_consented: bool,
}

impl Stands {
    fn seen(self) -> Rows {
        Rows {
            generation: (!self.has_ended).then_some(self.generation),
            is_consented: self.is_consented,
            issued: self.generation,
        }
    }

    /// What a request does, and its answer.
    fn after(mut self, deed: Deed) -> Vec<(Self, Answer)> {
        match deed {
            Deed::Withdraw if !self.is_consented => vec![(self, Answer::Refused)],
            Deed::Withdraw => {
                self.is_consented = false;
                vec![(self, Answer::Withdrawn)]
            }
            Deed::Offer(_) if self.has_ended => vec![(self, Answer::Refused)],
            Deed::Offer(generation) if generation != self.generation => {
                let mut ways = vec![];
                if !self.is_consented {
                    // It read the row when the token was good; the withdrawal came before its commit.
                    ways.push((self, Answer::Refused));
                }
                self.has_ended = true;
                ways.push((self, Answer::Refused));
                ways
            }
            Deed::Offer(_) if !self.is_consented => vec![(self, Answer::Refused)],
            Deed::Offer(_) => {
                self.generation += 1;
                vec![(self, Answer::Successor(self.generation))]
            }
        }
    }
}

/// One way in which it can have gone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    stands: Stands,
    /// Requests under way that have not taken effect.
    open: BTreeMap<Call, Deed>,
    /// Requests under way that have, with the answer that they will get.
    done: BTreeMap<Call, Answer>,
    /// Requests without an answer that may yet take effect, and how often.
    lost: BTreeMap<Deed, u8>,
}

impl Way {
    fn beginning() -> BTreeSet<Self> {
        let stands = Stands {
            generation: 0,
            has_ended: false,
            is_consented: true,
        };
        BTreeSet::from([Self {
            stands,
            open: BTreeMap::new(),
            done: BTreeMap::new(),
            lost: BTreeMap::new(),
        }])
    }

    /// A request gets no answer: what it did stays, or it may still do it.
    fn lose(mut self, call: Call, deed: Deed) -> Self {
        if self.done.remove(&call).is_none() && self.open.remove(&call).is_some() {
            let times = self.lost.entry(deed).or_default();
            *times = LOST_MAX.min(*times + 1);
        }
        self
    }

    /// A request got this answer.
    fn answered(self, call: Call, answer: Answer) -> BTreeSet<Self> {
        let all = self.reachable().into_iter();
        all.filter_map(|mut way| (way.done.remove(&call)? == answer).then_some(way))
            .collect()
    }

    /// What had no answer has taken effect by now, or never will.
    fn rested(self) -> BTreeSet<Self> {
        let mut rested = self.reachable();
        for mut way in std::mem::take(&mut rested) {
            way.lost.clear();
            rested.insert(way);
        }
        rested
    }

    /// Every way to go on while some of what is under way takes effect.
    fn reachable(self) -> BTreeSet<Self> {
        let mut reached = BTreeSet::from([self.clone()]);
        let mut fresh = vec![self];
        while let Some(way) = fresh.pop() {
            for next in way.nexts() {
                if reached.insert(next.clone()) {
                    fresh.push(next);
                }
            }
        }
        reached
    }

    /// One request more takes effect.
    fn nexts(&self) -> Vec<Self> {
        let mut nexts = Vec::new();
        for (call, deed) in &self.open {
            for (stands, answer) in self.stands.after(*deed) {
                let mut next = self.clone();
                next.stands = stands;
                next.open.remove(call);
                next.done.insert(*call, answer);
                nexts.push(next);
            }
        }
        for deed in self.lost.keys() {
            for (stands, _) in self.stands.after(*deed) {
                let mut next = self.clone();
                next.stands = stands;
                if let Some(times) = next.lost.get_mut(deed) {
                    *times -= 1;
                }
                next.lost.retain(|_, times| *times > 0);
                nexts.push(next);
            }
        }
        nexts
    }
}

#[path = "checker_tests.rs"]
mod tests;
