//! Steps 6 and 7: the register is done, and the client gets its code.

use protocol::grant::CodeTerms;
use verdict::{
    Actor, Change, Entropy, Event, Expect, Key, Moment, Record as _, Step, Stored, Verdict,
};

use super::aanmelding::{Aanmelding, Stand};
use super::aanvraag::Verzoek;
use super::grant::{CODE_S, Grant, Secret};
use crate::toestemmingenregister::Koppeling;

/// A browser comes back from the register with the cookie of this aanmelding.
#[derive(Clone, Copy, Debug)]
pub struct Terug {
    aanmelding: [u8; 16],
    grant: [u8; 16],
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

/// The one question: the aanmelding.
#[derive(Clone, Copy, Debug)]
pub struct AanmeldingVraag(Terug);

impl Terug {
    /// For the aanmelding in the browser's cookie.
    pub fn new(aanmelding: [u8; 16], now: Moment, entropy: &Entropy) -> Self {
        Self {
            aanmelding,
            grant: entropy.bytes("mitz.grant"),
            now,
        }
    }

    /// The first step.
    pub const fn begin(self) -> Step<Vervolg, AanmeldingVraag> {
        Step::Ask(AanmeldingVraag(self))
    }
}

impl AanmeldingVraag {
    /// Which row.
    pub const fn key(&self) -> Key {
        Aanmelding::key(self.0.aanmelding)
    }

    /// Issues the code, once: the aanmelding's row goes in the same commit.
    pub fn answer(self, found: Option<Stored<Aanmelding>>) -> Step<Vervolg, Self> {
        let Some(found) = found else {
            return Step::reply(Vervolg::Onbekend);
        };
        let gone = Change::remove(self.key(), found.version);
        match found.value.stand {
            Stand::Toegestemd(koppeling) => self.issue(found.value, koppeling, gone),
            Stand::Geweigerd => Step::Done(Verdict {
                events: vec![
                    // mitz case 10
                    Event::refused("mitz case 10", "the person gave no consent", Actor::Person)
                        .about(found.value.persoon),
                ],
                reply: Vervolg::Geweigerd {
                    verzoek: found.value.verzoek,
                },
                changes: vec![gone],
            }),
            Stand::Ingelogd | Stand::Kiest => Step::reply(Vervolg::Onbekend),
        }
    }

    /// Step 7. The guard on the koppeling makes a withdrawal in the same moment win.
    fn issue(
        self,
        aanmelding: Aanmelding,
        koppeling: [u8; 16],
        gone: Change<verdict::Clear>,
    ) -> Step<Vervolg, Self> {
        let Terug { grant: id, now, .. } = self.0;
        let Some(challenge) = aanmelding.verzoek.challenge() else {
            return Step::reply(Vervolg::Onbekend);
        };
        let verzoek = aanmelding.verzoek;
        let grant = Grant {
            client_id: verzoek.client_id.clone(),
            bsn: aanmelding.bsn,
            persoon: aanmelding.persoon,
            sub: aanmelding.sub,
            koppeling,
            scope: verzoek.scope.clone(),
            functie: verzoek.functie,
            nonce: verzoek.nonce.clone(),
            level: aanmelding.level,
            auth_time: aanmelding.auth_time,
            secret: Secret::Code(CodeTerms {
                redirect_uri: verzoek.redirect_uri.clone(),
                challenge,
            }),
        };
        let event = Event::granted("seed 000 step 7", "a code was issued", Actor::Person);
        Step::Done(Verdict {
            events: vec![event.about(grant.persoon)],
            changes: vec![
                gone,
                Change::guard(Koppeling::key(koppeling)),
                grant.put(Grant::key(id), Expect::Absent, now.plus_s(CODE_S)),
            ],
            reply: Vervolg::Code { verzoek, grant: id },
        })
    }
}
