//! The loop that answers a rule's questions and commits what it decides, as the server's is.

use verdict::{Change, Clear, Event, Key, Resume, Step, Verdict};

use super::World;
use super::home::Home;

/// As many lost races end a run at the server.
const ATTEMPTS_MAX: u8 = 16;

impl World {
    /// Runs a journey to its end: `begin` gives its first step, `answer` its answers, `lost` what
    /// holds when a guard failed; without that the run is decided again, from its last save on.
    pub(super) fn settle<R, Q>(
        &self,
        home: &Home,
        begin: impl Fn() -> Step<R, Q>,
        answer: impl Fn(Q) -> Step<R, Q>,
        lost: impl Fn(&Key) -> Option<Step<R, Q>>,
    ) -> R {
        let mut saved: Option<Resume<R, Q>> = None;
        for _ in 0..ATTEMPTS_MAX {
            let mut next = Some(saved.as_ref().map_or_else(&begin, |resume| resume()));
            while let Some(step) = next.take() {
                next = match step {
                    Step::Ask(question) => Some(answer(question)),
                    Step::Save {
                        changes,
                        events,
                        then,
                    } => match self.commit(home, changes, events) {
                        Ok(()) => {
                            let step = then();
                            saved = Some(then);
                            Some(step)
                        }
                        Err(key) => lost(&key),
                    },
                    Step::Done(Verdict {
                        reply,
                        changes,
                        events,
                    }) => match self.commit(home, changes, events) {
                        Ok(()) => return reply,
                        Err(key) => lost(&key),
                    },
                };
            }
        }
        unreachable!("lost sixteen races in a row")
    }

    fn commit(
        &self,
        home: &Home,
        changes: Vec<Change<Clear>>,
        events: Vec<Event>,
    ) -> Result<(), Key> {
        let now = self.now();
        let meanwhile = self.meanwhile.borrow_mut().take();
        if let Some(happens) = meanwhile {
            happens(self);
        }
        home.commit(now, changes, events)
    }
}
