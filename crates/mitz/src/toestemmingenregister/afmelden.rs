//! A person's visit ends: by the person's own wish, or because DigiD says so (digid.md §2.7).

use verdict::{Actor, Change, Event, Key, PersonTag, Step, Stored, Verdict};

use crate::authorization_server::aanmelding::Aanmelding;

/// The most visits that end in one commit. A person with more has the rest ended by the next.
pub const AANMELDINGEN_MAX: u16 = 64;

/// A person ends the visit: the cookie of that browser opens nothing any more.
#[derive(Clone, Copy, Debug)]
pub struct Afmelden {
    /// The aanmelding in the browser's cookie.
    pub id: [u8; 16],
}

impl Afmelden {
    /// The row to read.
    pub const fn key(&self) -> Key {
        Aanmelding::key(self.id)
    }

    /// Removes the aanmelding; one that is gone already is as good.
    pub fn answer(self, found: Option<Stored<Aanmelding>>) -> Step<(), Self> {
        let Some(found) = found else {
            return Step::reply(());
        };
        let event = Event::granted("digid case 35", "the person logged out", Actor::Person);
        Step::Done(Verdict {
            reply: (),
            changes: vec![Change::remove(self.key(), found.version)],
            events: vec![event.about(found.value.persoon)],
        })
    }
}

/// DigiD logged a person out: every visit of that person ends (digid case 38). Consents and grants
/// stay, as they are no sessions.
#[derive(Clone, Copy, Debug)]
pub struct OveralAfmelden {
    /// Who.
    pub persoon: PersonTag,
}

impl OveralAfmelden {
    /// Removes these aanmeldingen, each with the version that was found; `true` when there may be
    /// more.
    pub fn answer(self, found: Vec<(Key, u64)>) -> Step<bool, Self> {
        if found.is_empty() {
            return Step::reply(false);
        }
        let most = usize::from(AANMELDINGEN_MAX);
        let more = found.len() >= most;
        let ended = found.into_iter().take(most);
        let event = Event::granted(
            "digid case 38",
            "DigiD logged the person out",
            Actor::Person,
        );
        Step::Done(Verdict {
            reply: more,
            changes: ended
                .map(|(key, version)| Change::remove(key, version))
                .collect(),
            events: vec![event.about(self.persoon)],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::PERSOON;

    fn done(found: usize) -> Verdict<bool> {
        let key = |n: usize| {
            let mut id = [0; 16];
            id[..8].copy_from_slice(&n.to_be_bytes());
            (Aanmelding::key(id), 3)
        };
        let rule = OveralAfmelden { persoon: PERSOON };
        match rule.answer((0..found).map(key).collect()) {
            Step::Done(verdict) => verdict,
            _ => unreachable!("nothing to ask"),
        }
    }

    #[test]
    fn digid_case_038_every_visit_of_the_person_ends_and_an_event_says_so() {
        let verdict = done(2);
        assert!(!verdict.reply);
        assert_eq!(verdict.changes.len(), 2);
        for change in &verdict.changes {
            assert_eq!(change.expect, verdict::Expect::Version(3));
            assert!(matches!(change.then, verdict::Then::Remove));
        }
        assert_eq!(verdict.events[0].whose, Some(PERSOON));
        assert_eq!(verdict.events[0].requirement, "digid case 38");
    }

    #[test]
    fn digid_case_038_a_person_without_visits_is_logged_out_already() {
        let verdict = done(0);
        assert!(!verdict.reply);
        assert!(verdict.changes.is_empty() && verdict.events.is_empty());
    }

    #[test]
    fn more_visits_than_one_commit_takes_are_ended_by_the_next() {
        let most = usize::from(AANMELDINGEN_MAX);
        let verdict = done(most + 1);
        assert!(verdict.reply);
        assert_eq!(verdict.changes.len(), most);
        assert!(!done(most - 1).reply);
    }
}
