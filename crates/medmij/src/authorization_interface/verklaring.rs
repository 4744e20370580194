//! The Toestemmingsverklaring, and for Delen the Bevestigingsverklaring: the person decides, and the
//! client gets its code or hears no (core.authint.205).

use verdict::{
    Actor, Change, Entropy, Event, Expect, Key, Moment, Record as _, Step, Stored, Verdict,
};

use super::aanmelding::{Aanmelding, Stand};
use super::verzoek::Verzoek;
use crate::toestemming::{CODE_S, Geheim, Toestemming};

/// What the person chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keuze {
    /// Yes; and whether until it is withdrawn.
    Ja {
        /// Only where it can be given (medmij.md §2.4).
        langdurig: bool,
    },
    /// No, or back without a choice.
    Nee,
}

/// A decision of the browser that holds this aanmelding.
#[derive(Clone, Debug)]
pub struct Besluit {
    aanmelding: [u8; 16],
    toestemming: [u8; 16],
    keuze: Keuze,
    now: Moment,
}

/// Where the browser goes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vervolg {
    /// To the client, with the code: generation 0 of this consent.
    Code {
        /// What the client asked.
        verzoek: Verzoek,
        /// Id of the consent.
        toestemming: [u8; 16],
    },
    /// To the client, with `access_denied`.
    Geweigerd {
        /// What the client asked.
        verzoek: Verzoek,
    },
    /// To the page that says to start again: nothing waits for a decision.
    Onbekend,
}

/// The one question: what waits for the decision?
#[derive(Debug)]
pub struct AanmeldingVraag(Besluit);

type Stap = Step<Vervolg, AanmeldingVraag>;

impl Besluit {
    /// For the aanmelding in the browser's cookie.
    pub fn new(aanmelding: [u8; 16], keuze: Keuze, now: Moment, entropy: &Entropy) -> Self {
        Self {
            aanmelding,
            toestemming: entropy.bytes("medmij.toestemming"),
            keuze,
            now,
        }
    }

    /// The first step.
    pub fn begin(&self) -> Stap {
        Step::Ask(AanmeldingVraag(self.clone()))
    }
}

impl AanmeldingVraag {
    /// Which row.
    pub const fn key(&self) -> Key {
        Aanmelding::key(self.0.aanmelding)
    }

    /// Decides, once: the aanmelding's row goes in the same commit.
    pub fn answer(self, found: Option<Stored<Aanmelding>>) -> Stap {
        let key = self.key();
        let found = found.and_then(|found| {
            let verzoek = found.value.verzoek().cloned()?;
            let ura = found.value.ura.clone()?;
            Some((found, verzoek, ura))
        });
        let Some((found, verzoek, ura)) = found else {
            return unknown("there is no login that waits for a decision");
        };
        let (persoon, gone) = (found.value.persoon, Change::remove(key, found.version));
        let langdurig = match (self.0.keuze, found.value.stand) {
            (Keuze::Ja { langdurig }, Stand::Beslist) => langdurig && verzoek.may_last(),
            (Keuze::Ja { .. }, _) => return unknown("there is nothing to agree to"),
            // medmij case 30, and the same after exception 3
            (Keuze::Nee, _) => {
                let reason = "the person gave no consent";
                let event = Event::refused("medmij case 30", reason, Actor::Person);
                return Step::Done(Verdict {
                    reply: Vervolg::Geweigerd { verzoek },
                    changes: vec![gone],
                    events: vec![event.about(persoon)],
                });
            }
        };
        let given = Toestemming {
            client_id: verzoek.client_id.clone(),
            ura,
            scope: verzoek.scope.clone(),
            geboortedatum: verzoek.geboortedatum,
            bsn: found.value.bsn,
            persoon,
            gever: found.value.gever,
            correlation_id: verzoek.correlation_id.clone(),
            langdurig,
            gegeven: self.0.now.unix(),
            gebruikt: None,
            diensten: Vec::new(),
            geheim: Geheim::Code(verzoek.redirect_uri.clone()),
        };
        let id = self.0.toestemming;
        let until = self.0.now.plus_s(CODE_S);
        let event =
            |requirement, what| Event::granted(requirement, what, Actor::Person).about(persoon);
        Step::Done(Verdict {
            reply: Vervolg::Code {
                verzoek,
                toestemming: id,
            },
            changes: vec![gone, given.put(Toestemming::key(id), Expect::Absent, until)],
            // medmij case 31: the consent stands in the log before the code
            events: vec![
                event("core.usrint.102", agreed(langdurig)),
                event("core.authint.205", "a code was issued"),
            ],
        })
    }
}

const fn agreed(langdurig: bool) -> &'static str {
    if langdurig {
        "the person gave consent until it is withdrawn"
    } else {
        "the person gave consent or confirmed, for once"
    }
}

fn unknown(reason: &'static str) -> Stap {
    let event = Event::refused("core.authint.205", reason, Actor::Person);
    Step::reply_with(Vervolg::Onbekend, event)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use protocol::access_token::jti;

    use super::*;
    use crate::authorization_interface::aanmelding::Doel;
    use crate::testing::{PERSOON, bsn, ura, verzoek};

    const NOW: Moment = Moment::from_unix(1_795_305_600);
    const AANMELDING: [u8; 16] = [1; 16];

    fn besluit(number: u64) -> Besluit {
        let mut drawn = [0; 32];
        drawn[..8].copy_from_slice(&number.to_be_bytes());
        let keuze = Keuze::Ja { langdurig: false };
        Besluit::new(AANMELDING, keuze, NOW, &Entropy::new(drawn))
    }

    fn aanmelding() -> Stored<Aanmelding> {
        Stored {
            version: 3,
            until: NOW.plus_s(900),
            value: Aanmelding {
                doel: Doel::Autoriseren(Box::new(verzoek("eenofanderezorgaanbieder"))),
                ura: Some(ura()),
                bsn: bsn(),
                persoon: PERSOON,
                gever: None,
                sessie: "1".into(),
                trace: "1".into(),
                stand: Stand::Beslist,
            },
        }
    }

    #[test]
    fn medmij_case_073_a_million_codes_and_their_tokens_are_all_different() {
        let codes: HashSet<[u8; 16]> = (0..1_000_000).map(|n| besluit(n).toestemming).collect();
        // medmij case 73
        assert_eq!(codes.len(), 1_000_000);
        let code = besluit(0).toestemming;
        let tokens: HashSet<String> = (1..=1_000)
            .map(|generation| jti(code, generation))
            .collect();
        assert_eq!(tokens.len(), 1_000, "each refresh has a token of its own");
        assert!(
            tokens.is_disjoint(
                &(1..=1_000)
                    .map(|n| jti(besluit(1).toestemming, n))
                    .collect()
            )
        );
    }

    #[test]
    fn medmij_case_073_a_code_that_exists_is_not_issued_again() {
        let Step::Ask(vraag) = besluit(7).begin() else {
            panic!("it asks");
        };
        let Step::Done(verdict) = vraag.answer(Some(aanmelding())) else {
            panic!("it decides");
        };
        let id = besluit(7).toestemming;
        let issued = verdict.reply;
        assert!(matches!(issued, Vervolg::Code { toestemming, .. } if toestemming == id));
        // medmij case 73: the commit holds only when nobody has this id
        let [gone, given] = &verdict.changes[..] else {
            panic!("two changes");
        };
        assert_eq!(gone.key, Aanmelding::key(AANMELDING));
        assert_eq!(given.key, Toestemming::key(id));
        assert_eq!(given.expect, Expect::Absent);
        let kept = verdict.events.iter().map(|event| event.requirement);
        assert_eq!(
            kept.collect::<Vec<_>>(),
            ["core.usrint.102", "core.authint.205"]
        );
    }
}
