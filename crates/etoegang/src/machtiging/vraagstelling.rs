//! A question of an HM that waits at the MR until the person has chosen, and the declaration that comes
//! of it (GUC4 4.3 and 4.4).
//!
//! One row for each question. Its first number goes to the browser; the person's choice advances it, and
//! the second number goes back to the HM, who gets the declaration for it once.

use identity::EntityId;
use protocol::handle::{Handle, Purpose};
use serde::{Deserialize, Serialize};
use verdict::{
    Actor, BadRow, Change, Clear, Entropy, Event, Expect, Key, Moment, Record, Space, Step, Stored,
    Verdict, versioned,
};

use super::keuze::{Mogelijkheid, Organisaties};
use crate::authenticatiedienst::pseudoniem::Pseudoniem;
use crate::hm_mr::aantonen::{KIEZEN_S, Verklaring, Vraag};
use crate::machtiging::InternPseudoniem;

/// What the browser brings to the MR.
pub const VRAAG: Purpose = Purpose("etoegang.mr.vraag");
/// What the browser takes back to the HM.
pub const ANTWOORD: Purpose = Purpose("etoegang.mr.antwoord");
/// Seconds for which a declaration can be fetched after the choice.
const OPHALEN_S: u32 = 60;

/// A question that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vraagstelling {
    /// Of which HM.
    pub hm: EntityId,
    /// What it asked, with the person in the clear.
    pub vraag: Vraag,
    /// What the person chose, as far as he did.
    pub gekozen: Option<Gekozen>,
}

/// A choice, by the references of its mandates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gekozen {
    /// The person's own.
    pub machtiging: String,
    /// That of who stands between.
    pub eerste: Option<String>,
}

/// How a choice ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kiezen {
    /// The browser goes back to the HM with this number.
    Gekozen(Vraag, Handle),
    /// The browser goes back without: the person cancelled, or has nothing to choose from.
    Zonder(Vraag, Geen),
    /// What was chosen is not there: the page again.
    NietMogelijk,
    /// The question was answered, or is over.
    Voorbij,
}

/// Why the browser goes back without a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Geen {
    /// The person cancelled.
    Geannuleerd,
    /// He has no mandate for the service (etoegang case 71).
    Machtiging,
}

/// What a person decided at the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beslissing {
    /// This one.
    Kies(Gekozen),
    /// None.
    Stop,
}

/// What the HM gets for the second number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opgehaald {
    /// A declaration, to be signed.
    Verklaard(Box<Verklaring>),
    /// Nothing: the number is spent, over, or another's, or the mandate went meanwhile.
    Niets,
}

/// What the rule of a declaration asks, in order.
#[derive(Debug)]
pub enum Ophaalvraag {
    /// The question.
    Vraagstelling(Handle),
    /// What its person can choose from now.
    Mogelijkheden(Box<Stored<Vraagstelling>>),
    /// What the DV calls him.
    Pseudoniem(Box<PseudoniemVraag>),
}

/// See [`Ophaalvraag::Pseudoniem`].
#[derive(Debug)]
pub struct PseudoniemVraag {
    key: Key,
    spent: Change<Clear>,
    hm: EntityId,
    vraag: Vraag,
    gekozen: Mogelijkheid,
}

impl Vraagstelling {
    /// Where it stands.
    pub const fn key(id: [u8; 16]) -> Key {
        Key::Grant(Self::SPACE, id)
    }

    /// Keeps a question of a proven HM, whose person the shell decrypted. `entropy` gives its number.
    pub fn ontvangen(
        hm: EntityId,
        vraag: Vraag,
        entropy: &Entropy,
        now: Moment,
    ) -> Verdict<Handle> {
        let id = entropy.bytes("etoegang.mr.vraagstelling");
        let who = Actor::Party(hm.to_string());
        let row = Self {
            hm,
            vraag,
            gekozen: None,
        };
        Verdict {
            reply: Handle { id, generation: 0 },
            changes: vec![row.put(Self::key(id), Expect::Absent, now.plus_s(KIEZEN_S))],
            events: vec![Event::granted(
                "etoegang.md §4.7",
                "an HM asked for whom a person acts",
                who,
            )],
        }
    }

    /// Decides on what the person chose (GUC4 4.3). `kan` is what he can choose from now.
    pub fn kiezen(
        id: [u8; 16],
        found: Option<Stored<Self>>,
        kan: &[Mogelijkheid],
        beslissing: Beslissing,
        now: Moment,
    ) -> Step<Kiezen, ()> {
        let open = found.filter(|found| found.value.gekozen.is_none());
        let Some(found) = open else {
            return Step::reply(Kiezen::Voorbij);
        };
        let Stored { version, value, .. } = found;
        let key = Self::key(id);
        let Beslissing::Kies(gekozen) = beslissing else {
            let geen = if kan.is_empty() {
                Geen::Machtiging
            } else {
                Geen::Geannuleerd
            };
            return Step::Done(Verdict {
                reply: Kiezen::Zonder(value.vraag, geen),
                changes: vec![Change::remove(key, version)],
                events: vec![Event::refused(
                    "etoegang case 71",
                    "the person chose no mandate",
                    Actor::Person,
                )],
            });
        };
        if !kan.iter().any(|one| gekozen.is(one)) {
            return Step::reply(Kiezen::NietMogelijk);
        }
        let reply = Kiezen::Gekozen(value.vraag.clone(), Handle { id, generation: 1 });
        let row = Self {
            gekozen: Some(gekozen),
            ..value
        };
        Step::Done(Verdict {
            reply,
            changes: vec![row.put(key, Expect::Version(version), now.plus_s(OPHALEN_S))],
            events: vec![Event::granted(
                "etoegang.md §2.1",
                "a person chose for whom he acts",
                Actor::Person,
            )],
        })
    }

    /// The first step of a declaration, for the number that a proven HM shows; nothing for one that is
    /// none of ours.
    pub fn ophalen(handle: Option<Handle>) -> Step<Opgehaald, Ophaalvraag> {
        handle.map_or_else(niets, |handle| {
            Step::Ask(Ophaalvraag::Vraagstelling(handle))
        })
    }

    /// Whether the number is this HM's, and has a choice behind it.
    pub fn gevonden(found: Option<Stored<Self>>, hm: &EntityId) -> Step<Opgehaald, Ophaalvraag> {
        let own = found.filter(|found| found.value.hm == *hm && found.value.gekozen.is_some());
        own.map_or_else(niets, |found| {
            Step::Ask(Ophaalvraag::Mogelijkheden(Box::new(found)))
        })
    }

    /// Looks at the mandate once more: it may have been withdrawn since it was chosen. The number is
    /// spent either way.
    pub fn nog_mogelijk(
        id: [u8; 16],
        found: Stored<Self>,
        kan: Vec<Mogelijkheid>,
    ) -> Step<Opgehaald, Ophaalvraag> {
        let spent = Change::remove(Self::key(id), found.version);
        let Self { hm, vraag, gekozen } = found.value;
        let chosen = kan
            .into_iter()
            .find(|one| gekozen.as_ref().is_some_and(|gekozen| gekozen.is(one)));
        let Some(gekozen) = chosen else {
            let what = "the mandate went between choice and declaration";
            return Step::Done(Verdict {
                reply: Opgehaald::Niets,
                changes: vec![spent],
                events: vec![Event::refused(
                    "etoegang.md §2.1",
                    what,
                    Actor::Party(hm.to_string()),
                )],
            });
        };
        let voor = Some(&gekozen.vertegenwoordigde);
        Step::Ask(Ophaalvraag::Pseudoniem(Box::new(PseudoniemVraag {
            key: Pseudoniem::key(&vraag.gemachtigde, vraag.service_id.oin(), voor),
            spent,
            hm,
            vraag,
            gekozen,
        })))
    }

    /// Who is asked about.
    pub const fn gemachtigde(&self) -> &InternPseudoniem {
        &self.vraag.gemachtigde
    }
}

fn niets() -> Step<Opgehaald, Ophaalvraag> {
    Step::reply(Opgehaald::Niets)
}

impl PseudoniemVraag {
    /// Which row.
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// Declares (GUC4 4.4): the specific pseudonym, who is represented, at which level, and what was asked
    /// for of the organisations. `bekend` is what the register knows of them beside its mandates.
    pub fn answer(
        self,
        found: Option<Stored<Pseudoniem>>,
        bekend: &Organisaties,
        entropy: &Entropy,
        now: Moment,
    ) -> Step<Opgehaald, Ophaalvraag> {
        let (pseudoniem, kept) = Pseudoniem::voor(self.key, found, entropy, now);
        let attributen = self.gekozen.attributen(&self.vraag.attributen, bekend);
        let Mogelijkheid {
            vertegenwoordigde,
            beperking,
            machtiging,
            via,
            niveau,
            ..
        } = self.gekozen;
        let verklaring = Verklaring {
            query_id: self.vraag.query_id,
            sub: pseudoniem.sub,
            service_uuid: self.vraag.service_uuid,
            vertegenwoordigde,
            beperking,
            machtiging,
            via,
            niveau_gebruikt: niveau,
            attributen,
        };
        Step::Done(Verdict {
            reply: Opgehaald::Verklaard(Box::new(verklaring)),
            changes: vec![self.spent, kept],
            events: vec![Event::granted(
                "etoegang.md §4.7",
                "a mandate was declared",
                Actor::Party(self.hm.to_string()),
            )],
        })
    }
}

impl Gekozen {
    /// Whether this is the one.
    fn is(&self, one: &Mogelijkheid) -> bool {
        let via = one.via.as_ref().map(|(_, eerste)| eerste);
        self.machtiging == one.machtiging && self.eerste.as_ref() == via
    }

    /// As a form carries it.
    pub fn of(one: &Mogelijkheid) -> Self {
        Self {
            machtiging: one.machtiging.clone(),
            eerste: one.via.as_ref().map(|(_, eerste)| eerste.clone()),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Open {
    hm: EntityId,
    is_gekozen: bool,
}

#[derive(Serialize, Deserialize)]
struct Private {
    vraag: Vraag,
    gekozen: Option<Gekozen>,
}

impl Record for Vraagstelling {
    const SPACE: Space = Space("etoegang.mr_vraag");

    fn to_body(&self) -> Clear {
        let open = Open {
            hm: self.hm.clone(),
            is_gekozen: self.gekozen.is_some(),
        };
        let private = Private {
            vraag: self.vraag.clone(),
            gekozen: self.gekozen.clone(),
        };
        versioned::body_with_private(&open, &private, Vec::new())
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        let open: Open = versioned::open(Self::SPACE, body)?;
        let private: Private = versioned::private(Self::SPACE, body)?;
        Ok(Self {
            hm: open.hm,
            vraag: private.vraag,
            gekozen: private.gekozen,
        })
    }
}

#[cfg(test)]
#[path = "vraagstelling/tests.rs"]
mod tests;
