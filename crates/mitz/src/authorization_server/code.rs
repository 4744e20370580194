//! Steps 6 and 7: the register is done, and the client gets its code.

use protocol::grant::CodeTerms;
use protocol::pkce::Challenge;
use verdict::{
    Actor, Change, Entropy, Event, Expect, Key, Moment, Record as _, Step, Stored, Verdict,
};

use super::aanmelding::{Aanmelding, Stand};
use super::aanvraag::Verzoek;
use super::grant::{CODE_S, Grant, Secret};
use super::pseudoniem::{PSEUDONIEM_S, Pseudoniem};
use crate::toestemmingenregister::Koppeling;

/// A browser comes back from the register with the cookie of this aanmelding.
#[derive(Clone, Debug)]
pub struct Terug {
    aanmelding: [u8; 16],
    grant: [u8; 16],
    sub: String,
    now: Moment,
}

/// Where the browser goes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vervolg {
    /// To the client, with the code: generation 0 of this grant.
    Code {
        /// What the client asked.
        verzoek: Verzoek,
        /// Id of the grant.
        grant: [u8; 16],
    },
    /// To the client, with `access_denied` (mitz case 10).
    Geweigerd {
        /// What the client asked.
        verzoek: Verzoek,
    },
    /// To the page that says to start again: nothing is known, or nothing was decided.
    Onbekend,
}

/// What the rule asks, in order.
pub enum Vraag {
    /// What was decided?
    Aanmelding(AanmeldingVraag),
    /// Under which name does the client know the person, if at all?
    Pseudoniem(Box<PseudoniemVraag>),
}

/// See [`Vraag::Aanmelding`].
pub struct AanmeldingVraag(Terug);

/// See [`Vraag::Pseudoniem`].
pub struct PseudoniemVraag {
    terug: Terug,
    verzoek: Verzoek,
    challenge: Challenge,
    aanmelding: Stored<Aanmelding>,
    koppeling: [u8; 16],
}

type Stap = Step<Vervolg, Vraag>;

impl Terug {
    /// For the aanmelding in the browser's cookie.
    pub fn new(aanmelding: [u8; 16], now: Moment, entropy: &Entropy) -> Self {
        Self {
            aanmelding,
            grant: entropy.bytes("mitz.grant"),
            sub: entropy.uuid("mitz.pseudoniem"),
            now,
        }
    }

    /// The first step.
    pub fn begin(&self) -> Stap {
        Step::Ask(Vraag::Aanmelding(AanmeldingVraag(self.clone())))
    }
}

impl AanmeldingVraag {
    /// Which row.
    pub const fn key(&self) -> Key {
        Aanmelding::key(self.0.aanmelding)
    }

    /// Goes on when the person decided; a refusal ends it here.
    pub fn answer(self, found: Option<Stored<Aanmelding>>) -> Stap {
        let decided = found.and_then(|found| {
            let verzoek = found.value.verzoek().cloned()?;
            let challenge = verzoek.challenge()?;
            Some((found, verzoek, challenge))
        });
        let Some((found, verzoek, challenge)) = decided else {
            return unknown("there is no login that waits for a code");
        };
        match found.value.stand {
            Stand::Toegestemd(koppeling) => {
                Step::Ask(Vraag::Pseudoniem(Box::new(PseudoniemVraag {
                    terug: self.0,
                    verzoek,
                    challenge,
                    aanmelding: found,
                    koppeling,
                })))
            }
            // mitz case 10
            Stand::Geweigerd => Step::Done(Verdict {
                reply: Vervolg::Geweigerd { verzoek },
                changes: vec![Change::remove(self.key(), found.version)],
                events: Vec::new(),
            }),
            Stand::Ingelogd | Stand::Kiest => unknown("the person has not decided yet"),
        }
    }
}

/// What holds when the koppeling turned out to be gone at the commit: the person withdrew between
/// deciding and coming back, so nothing is issued.
pub fn withdrawn() -> Step<Vervolg, Vraag> {
    unknown("the consent was withdrawn before the code was issued")
}

fn unknown(reason: &'static str) -> Stap {
    let event = Event::refused("seed 000 step 6", reason, Actor::Person);
    Step::reply_with(Vervolg::Onbekend, event)
}

impl PseudoniemVraag {
    /// Which row.
    pub fn key(&self) -> Key {
        Pseudoniem::key(self.aanmelding.value.persoon, &self.verzoek.client_id)
    }

    /// Issues the code (step 7, mitz case 7), once: the aanmelding's row goes in the same commit. The guard on
    /// the koppeling makes a withdrawal in the same moment win.
    pub fn answer(self, known: Option<Stored<Pseudoniem>>) -> Stap {
        let key = self.key();
        let Terug {
            aanmelding: id,
            grant,
            sub,
            now,
        } = self.terug;
        let aanmelding = self.aanmelding.value;
        let mut changes = vec![
            Change::remove(Aanmelding::key(id), self.aanmelding.version),
            Change::guard(Koppeling::key(self.koppeling)),
        ];
        let sub = if let Some(known) = known {
            known.value.sub
        } else {
            let new = Pseudoniem { sub };
            changes.push(new.put(key, Expect::Absent, now.plus_s(PSEUDONIEM_S)));
            new.sub
        };
        let verzoek = self.verzoek;
        let new = Grant {
            client_id: verzoek.client_id.clone(),
            bsn: aanmelding.bsn,
            persoon: aanmelding.persoon,
            sub,
            koppeling: self.koppeling,
            scope: verzoek.scope.clone(),
            functie: verzoek.functie,
            nonce: verzoek.nonce.clone(),
            level: aanmelding.level,
            auth_time: aanmelding.auth_time,
            secret: Secret::Code(CodeTerms {
                redirect_uri: verzoek.redirect_uri.clone(),
                challenge: self.challenge,
            }),
        };
        changes.push(new.put(Grant::key(grant), Expect::Absent, now.plus_s(CODE_S)));
        let event = Event::granted("seed 000 step 7", "a code was issued", Actor::Person);
        Step::Done(Verdict {
            events: vec![event.about(new.persoon)],
            changes,
            reply: Vervolg::Code { verzoek, grant },
        })
    }
}
