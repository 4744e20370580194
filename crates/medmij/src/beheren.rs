//! Beheren toestemmingen (medmij.md §2.5): a person sees his long-lived consents at a DVA, and ends one.

use verdict::{Actor, Change, Event, IndexKey, Key, PersonTag, Step, Stored, Verdict};

use crate::authorization_interface::aanmelding::{Aanmelding, Doel, Stand};
use crate::toestemming::Toestemming;

/// The consents of a person that an overview shows, at most.
pub const TOESTEMMINGEN_MAX: usize = 256;

/// How the consents of a person are found: those about him, and those that he gave for somebody else.
pub const fn of_person(persoon: PersonTag) -> [(&'static str, IndexKey); 2] {
    [
        (Toestemming::PERSOON, IndexKey::Person(persoon)),
        (Toestemming::GEVER, IndexKey::Person(persoon)),
    ]
}

/// Whether an overview shows it: one that goes on by itself.
pub const fn is_shown(toestemming: &Toestemming) -> bool {
    toestemming.langdurig
}

/// A person wants to end a consent.
#[derive(Clone, Debug)]
pub struct Beeindiging {
    /// Who logged in for it.
    pub aanmelding: [u8; 16],
    /// Which one.
    pub toestemming: [u8; 16],
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uitkomst {
    /// It has ended, and with it every token (medmij case 97).
    Beeindigd,
    /// Nobody logged in for this, or there is no such consent of this person any more.
    Onbekend,
}

/// The one question: who asks, and for which consent?
#[derive(Debug)]
pub struct Vraag(Beeindiging);

type Stap = Step<Uitkomst, Vraag>;

impl Beeindiging {
    /// The first step.
    pub fn begin(&self) -> Stap {
        Step::Ask(Vraag(self.clone()))
    }
}

impl Vraag {
    /// The row of whoever logged in, and that of the consent.
    pub const fn keys(&self) -> (Key, Key) {
        (
            Aanmelding::key(self.0.aanmelding),
            Toestemming::key(self.0.toestemming),
        )
    }

    /// Decides: the consent must be of the person who logged in, or given by him for somebody else.
    pub fn answer(
        self,
        aanmelding: Option<Stored<Aanmelding>>,
        toestemming: Option<Stored<Toestemming>>,
    ) -> Stap {
        let person = aanmelding.and_then(|found| is_managing(&found.value));
        let own =
            toestemming.filter(|found| person.is_some_and(|person| found.value.is_of(person)));
        let Some(own) = own else {
            let reason = "there is no such consent of a person who logged in";
            let event = Event::refused("medmij.md §2.5", reason, Actor::Person);
            return Step::reply_with(Uitkomst::Onbekend, event);
        };
        let event = Event::granted(
            "medmij case 97",
            "the person ended a consent",
            Actor::Person,
        );
        Step::Done(Verdict {
            reply: Uitkomst::Beeindigd,
            changes: vec![Change::remove(self.keys().1, own.version)],
            events: vec![event.about(own.value.persoon)],
        })
    }
}

/// The person, if he logged in to manage consents.
pub fn is_managing(aanmelding: &Aanmelding) -> Option<PersonTag> {
    let manages = aanmelding.doel == Doel::Beheren && aanmelding.stand == Stand::Beslist;
    manages.then_some(aanmelding.persoon)
}

#[cfg(test)]
mod tests {
    use verdict::PersonTag;

    use super::*;
    use crate::testing::{PERSOON, bsn, toestemming, verzoek};

    fn answered(doel: Doel, persoon: PersonTag) -> (Uitkomst, usize) {
        let who = Aanmelding {
            doel,
            ura: None,
            bsn: bsn(),
            persoon,
            gever: None,
            sessie: "s".into(),
            trace: "t".into(),
            stand: Stand::Beslist,
        };
        let until = verdict::Moment::from_unix(2_000_000_000);
        let who = Stored {
            version: 1,
            until,
            value: who,
        };
        let given = Stored {
            version: 3,
            until,
            value: toestemming(),
        };
        let asked = Beeindiging {
            aanmelding: [1; 16],
            toestemming: [2; 16],
        };
        match Vraag(asked).answer(Some(who), Some(given)) {
            Step::Done(verdict) => (verdict.reply, verdict.changes.len()),
            _ => panic!("decided at once"),
        }
    }

    #[test]
    fn medmij_case_097_only_the_person_who_logged_in_for_it_ends_a_consent() {
        // medmij case 97
        assert_eq!(answered(Doel::Beheren, PERSOON), (Uitkomst::Beeindigd, 1));
        let other = PersonTag {
            key_id: 1,
            tag: [8; 32],
        };
        assert_eq!(answered(Doel::Beheren, other), (Uitkomst::Onbekend, 0));
        let asks = Doel::Autoriseren(Box::new(verzoek("eenofanderezorgaanbieder")));
        assert_eq!(answered(asks, PERSOON), (Uitkomst::Onbekend, 0));
    }
}
