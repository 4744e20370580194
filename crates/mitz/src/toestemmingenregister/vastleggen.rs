//! Steps 5 and 6: a person who logged in opens the register's page and decides.

use verdict::{
    Actor, Change, Clear, Entropy, Event, Expect, Key, Moment, PersonTag, Record as _, Step,
    Stored, Verdict,
};

use super::{KEUZES_MAX, Koppeling, TOESTEMMING_S, Toestemmingen};
use crate::authorization_server::aanmelding::{Aanmelding, Stand};
use crate::authorization_server::aanvraag::{AANVRAAG_S, Verzoek};
use crate::toestemming::{Besluit, Functie, Keuze};

/// A browser opens the register with the ticket that it got after login. The ticket works once.
#[derive(Clone, Copy, Debug)]
pub struct Openen {
    /// The aanmelding in the ticket.
    pub id: [u8; 16],
    /// Now.
    pub now: Moment,
}

impl Openen {
    /// The row to read.
    pub const fn key(&self) -> Key {
        Aanmelding::key(self.id)
    }

    /// Whether the browser may go on; the ticket is spent by the same commit.
    pub fn answer(self, found: Option<Stored<Aanmelding>>) -> Step<bool, Self> {
        match found {
            Some(found) if found.value.stand == Stand::Ingelogd => {
                let event =
                    Event::granted("seed 000 step 5", "the register was opened", Actor::Person);
                let persoon = found.value.persoon;
                let until = self.now.plus_s(AANVRAAG_S);
                let change = found
                    .value
                    .advance(self.id, found.version, until, Stand::Kiest);
                Step::Done(Verdict {
                    reply: true,
                    changes: vec![change],
                    events: vec![event.about(persoon)],
                })
            }
            _ => Step::reply_with(
                false,
                Event::refused(
                    "seed 000 step 5",
                    "the ticket for the register is unknown or was used",
                    Actor::Person,
                ),
            ),
        }
    }
}

/// What the person decided on the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beslissing {
    /// These choices, for the function that was asked.
    Geven(Vec<Keuze>),
    /// No consent.
    Weigeren,
}

/// A decision that came from the page.
#[derive(Clone, Debug)]
pub struct Vastleggen {
    id: [u8; 16],
    beslissing: Beslissing,
    koppeling: [u8; 16],
    now: Moment,
}

/// What the browser is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vastgelegd {
    /// Back to the authorization server (step 6).
    Terug,
    /// The page again: the person said yes without choosing anyone.
    NiemandGekozen,
    /// The page that says to start again.
    Onbekend,
}

/// What the rule asks, in order.
pub enum Vraag {
    /// Who decides?
    Aanmelding(AanmeldingVraag),
    /// What stood there before?
    Toestemmingen(Box<ToestemmingenVraag>),
}

/// See [`Vraag::Aanmelding`].
pub struct AanmeldingVraag(Vastleggen);

/// See [`Vraag::Toestemmingen`].
pub struct ToestemmingenVraag {
    vastleggen: Vastleggen,
    verzoek: Verzoek,
    keuzes: Vec<Keuze>,
    aanmelding: Stored<Aanmelding>,
}

type Stap = Step<Vastgelegd, Vraag>;

impl Vastleggen {
    /// A decision on the page of this aanmelding.
    pub fn new(id: [u8; 16], beslissing: Beslissing, now: Moment, entropy: &Entropy) -> Self {
        Self {
            id,
            beslissing,
            koppeling: entropy.bytes("mitz.koppeling"),
            now,
        }
    }

    /// The first step.
    pub fn begin(&self) -> Stap {
        Step::Ask(Vraag::Aanmelding(AanmeldingVraag(self.clone())))
    }

    fn decided(&self, aanmelding: Stored<Aanmelding>, stand: Stand) -> Change<Clear> {
        let until = self.now.plus_s(AANVRAAG_S);
        aanmelding
            .value
            .advance(self.id, aanmelding.version, until, stand)
    }
}

impl AanmeldingVraag {
    /// Which row.
    pub const fn key(&self) -> Key {
        Aanmelding::key(self.0.id)
    }

    /// Goes on when the person stands at the page.
    pub fn answer(self, found: Option<Stored<Aanmelding>>) -> Stap {
        let choosing = found.filter(|found| found.value.stand == Stand::Kiest);
        let asked = choosing.and_then(|found| {
            let verzoek = found.value.verzoek().cloned()?;
            Some((found, verzoek))
        });
        let Some((found, verzoek)) = asked else {
            let reason = "nobody stands at the register's page for a client";
            let event = Event::refused("seed 000 step 5", reason, Actor::Person);
            return Step::reply_with(Vastgelegd::Onbekend, event);
        };
        match self.0.beslissing.clone() {
            // mitz case 10: nothing is stored but the decision itself, until the browser is back
            Beslissing::Weigeren => {
                let persoon = found.value.persoon;
                Step::Done(Verdict {
                    reply: Vastgelegd::Terug,
                    changes: vec![self.0.decided(found, Stand::Geweigerd)],
                    events: vec![
                        Event::refused("mitz case 10", "no consent was given", Actor::Person)
                            .about(persoon),
                    ],
                })
            }
            Beslissing::Geven(keuzes) if !kiest_iemand(&keuzes, verzoek.functie) => {
                Step::reply(Vastgelegd::NiemandGekozen)
            }
            Beslissing::Geven(keuzes) => {
                Step::Ask(Vraag::Toestemmingen(Box::new(ToestemmingenVraag {
                    vastleggen: self.0,
                    verzoek,
                    keuzes,
                    aanmelding: found,
                })))
            }
        }
    }
}

/// A consent names at least one provider or category, no more than we keep, and nothing but what
/// the client asked for.
fn kiest_iemand(keuzes: &[Keuze], functie: Functie) -> bool {
    keuzes.len() <= KEUZES_MAX
        && keuzes.iter().all(|keuze| keuze.functie == functie)
        && keuzes
            .iter()
            .any(|keuze| keuze.besluit == Besluit::Toestemming)
}

impl ToestemmingenVraag {
    /// Which row.
    pub fn key(&self) -> Key {
        Toestemmingen::key(self.persoon(), &self.verzoek.client_id)
    }

    const fn persoon(&self) -> PersonTag {
        self.aanmelding.value.persoon
    }

    /// Records the consent (step 5a of W2): new choices replace those for the same function.
    pub fn answer(self, known: Option<Stored<Toestemmingen>>) -> Stap {
        let Self {
            vastleggen,
            verzoek,
            keuzes,
            aanmelding,
        } = self;
        let (persoon, now) = (aanmelding.value.persoon, vastleggen.now);
        let koppeling = known
            .as_ref()
            .map_or(vastleggen.koppeling, |known| known.value.koppeling);
        let guard = match &known {
            Some(_) => Change::guard(Koppeling::key(koppeling)),
            None => Koppeling {
                client_id: verzoek.client_id.clone(),
            }
            .put(
                Koppeling::key(koppeling),
                Expect::Absent,
                now.plus_s(TOESTEMMING_S),
            ),
        };
        let expect = known
            .as_ref()
            .map_or(Expect::Absent, |known| Expect::Version(known.version));
        let others = known.into_iter().flat_map(|known| known.value.keuzes);
        let functie = verzoek.functie;
        let kept = others.filter(|keuze| keuze.functie != functie);
        let toestemmingen = Toestemmingen {
            persoon,
            client_id: verzoek.client_id.clone(),
            koppeling,
            keuzes: kept.chain(keuzes).collect(),
            vastgelegd: now.unix(),
        };
        let key = Toestemmingen::key(persoon, &verzoek.client_id);
        let put = toestemmingen.put(key, expect, now.plus_s(TOESTEMMING_S));
        let decided = vastleggen.decided(aanmelding, Stand::Toegestemd(koppeling));
        Step::Done(Verdict {
            reply: Vastgelegd::Terug,
            changes: vec![decided, guard, put],
            events: vec![
                Event::granted("seed 000 step 5", "consent was recorded", Actor::Person)
                    .about(persoon),
            ],
        })
    }
}
