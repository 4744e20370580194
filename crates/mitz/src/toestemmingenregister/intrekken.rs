//! Withdrawal: the consent and the link go in one commit, and with the link every grant.

use identity::Ura;
use verdict::{
    Actor, Change, Clear, Event, Expect, Key, Moment, PersonTag, Record as _, Step, Stored, Verdict,
};

use super::{Koppeling, TOESTEMMING_S, Toestemmingen};
use crate::toestemming::{Besluit, Functie, Keuze, Waarvoor};

/// How much a person withdraws.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Omvang {
    /// Everything for this PGO.
    Alles,
    /// One provider, for collecting and sharing.
    Aanbieder(Ura),
}

/// A withdrawal for one PGO.
#[derive(Clone, Debug)]
pub struct Intrekken {
    /// Whose.
    pub persoon: PersonTag,
    /// For which PGO.
    pub client_id: String,
    /// How much.
    pub omvang: Omvang,
    /// Now.
    pub now: Moment,
}

impl Intrekken {
    /// The row to read.
    pub fn key(&self) -> Key {
        Toestemmingen::key(self.persoon, &self.client_id)
    }

    /// Withdraws. Withdrawing what is not there is done already: the reply is the same.
    pub fn answer(self, found: Option<Stored<Toestemmingen>>) -> Step<(), Self> {
        let Some(found) = found else {
            return Step::reply(());
        };
        let event = Event::granted("mitz case 47", "consent was withdrawn", Actor::Person);
        let event = event.about(self.persoon);
        let changes = match self.omvang.clone() {
            Omvang::Alles => self.everything(&found),
            Omvang::Aanbieder(ura) => self.one(&found, &ura),
        };
        Step::Done(Verdict {
            reply: (),
            changes,
            events: vec![event],
        })
    }

    /// mitz cases 20 and 47: without the link no refresh, no userinfo, no consent check.
    fn everything(&self, found: &Stored<Toestemmingen>) -> Vec<Change<Clear>> {
        vec![
            Change::remove(self.key(), found.version),
            Change {
                key: Koppeling::key(found.value.koppeling),
                expect: Expect::Present,
                then: verdict::Then::Remove,
            },
        ]
    }

    /// An objection to the provider itself beats every consent for its category. Where a row has no
    /// room for one more objection the whole consent goes: a withdrawal is never refused.
    fn one(&self, found: &Stored<Toestemmingen>, ura: &Ura) -> Vec<Change<Clear>> {
        let mut toestemmingen = found.value.clone();
        let is_it = |keuze: &Keuze| matches!(&keuze.waarvoor, Waarvoor::Aanbieder(a) if a == ura);
        toestemmingen.keuzes.retain(|keuze| !is_it(keuze));
        let bezwaar = |functie| Keuze {
            waarvoor: Waarvoor::Aanbieder(ura.clone()),
            functie,
            besluit: Besluit::Bezwaar,
        };
        toestemmingen
            .keuzes
            .extend([Functie::Verzamelen, Functie::Delen].map(bezwaar));
        if !toestemmingen.fits() {
            return self.everything(found);
        }
        toestemmingen.vastgelegd = self.now.unix();
        vec![toestemmingen.put(
            self.key(),
            Expect::Version(found.version),
            self.now.plus_s(TOESTEMMING_S),
        )]
    }
}
