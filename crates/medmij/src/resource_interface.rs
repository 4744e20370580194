//! The resource interface (core.rscint): what each request carries, and what a person places (Delen).
//!
//! A confirmation is spent before the record system gets what is placed: it is for one placement, also
//! when nobody knows whether that arrived (core.autorisatie.101).

use fhir::{Bevinding, Gegevensdienst, NietPlaatsbaar, Plaatsing};
use identity::{Bsn, GegevensdienstId, Ura};
use protocol::access_token::{AccessToken, grant_of};
use protocol::bearer::BearerRefusal;
use protocol::client::PeerCertificate;
use verdict::{Actor, Change, Event, Key, Moment, PersonTag, Step, Stored, Verdict};

use crate::beschikbaarheidstoets::Toets;
use crate::scope::{Functie, Scope};
use crate::toestemming::Toestemming;
use crate::vertegenwoordiging::GeboortedatumParameter;

/// How a request without its two numbers is refused, and what the audit log says (core.rscint.201).
pub fn without_numbers(client_id: &str) -> (BearerRefusal, Event) {
    let reason = "MedMij-Request-ID or X-Correlation-ID is missing or no UUID";
    let who = Actor::Party(client_id.to_owned());
    let event = Event::refused("core.rscint.201", reason, who);
    (BearerRefusal::Malformed, event)
}

/// A request to place something, whose token had our signature and was not over.
#[derive(Clone)]
pub struct Plaatsverzoek {
    /// The claims of the access token.
    pub token: AccessToken,
    /// The certificate of the connection.
    pub peer: Option<PeerCertificate>,
    /// Whether it bears both numbers.
    pub has_numbers: bool,
    /// The provider in the path.
    pub ura: Ura,
    /// The number of the gegevensdienst in the path.
    pub dienst_id: GegevensdienstId,
    /// That gegevensdienst, if the provider offers it here.
    pub dienst: Option<Gegevensdienst>,
    /// What is placed, or why it cannot be; told only to who may place.
    pub plaatsing: Result<Plaatsing, NietPlaatsbaar>,
    /// From which age a person shares for himself.
    pub leeftijd_min: u8,
}

/// The answer to the DVP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaatsAntwoord {
    /// 201, under this id.
    Geplaatst(String),
    /// RFC 6750 §3.1.
    Refused(BearerRefusal),
    /// 400 or 422: nothing was spent.
    NietPlaatsbaar(NietPlaatsbaar),
    /// 422: the provider does not take this for this person. Nothing tells why.
    NietOntvankelijk,
    /// 503: the record system does not answer.
    Onbereikbaar,
}

/// What the rule asks, in order.
pub enum Vraag {
    /// What did the person confirm?
    Bevestiging(Box<BevestigingVraag>),
    /// The ontvankelijkheidstoets: does the record system take it for this person?
    Ontvankelijk(Box<OntvankelijkVraag>),
    /// Place it.
    Plaatsing(Box<PlaatsingVraag>),
}

/// What a person confirmed, here or at Mitz: one row, which a placement spends.
#[derive(Clone)]
pub struct Bevestiging {
    /// Where the row stands.
    pub row: Key,
    /// Its version.
    pub version: u64,
    /// To whom.
    pub client_id: String,
    /// At which provider.
    pub ura: Ura,
    /// What for.
    pub scope: Scope,
    /// Under which gegevensdienst its newest access token lets something be placed.
    pub plaatsbaar: Option<GegevensdienstId>,
    /// As the request for it said.
    pub geboortedatum: Option<GeboortedatumParameter>,
    /// About whom.
    pub bsn: Bsn,
    /// The same, as a tag, where it is known.
    pub persoon: Option<PersonTag>,
    /// Whether each request under it bears MedMij's two numbers (core.rscint.201).
    pub numbered: bool,
}

/// See [`Vraag::Bevestiging`].
pub struct BevestigingVraag {
    verzoek: Plaatsverzoek,
    id: [u8; 16],
    now: Moment,
}

/// See [`Vraag::Ontvankelijk`].
pub struct OntvankelijkVraag {
    bevestiging: Bevestiging,
    plaatsing: Plaatsing,
    leeftijd_min: u8,
    now: Moment,
}

/// See [`Vraag::Plaatsing`].
#[derive(Clone)]
pub struct PlaatsingVraag {
    bevestiging: Bevestiging,
    plaatsing: Plaatsing,
}

/// What the record system made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ontvangst {
    /// It has it, under this id.
    Geplaatst(String),
    /// It does not take it.
    Geweigerd,
    /// No answer that says either.
    Geen,
}

type Stap = Step<PlaatsAntwoord, Vraag>;

impl Plaatsverzoek {
    /// The first step.
    pub fn begin(self, now: Moment) -> Stap {
        // RFC 8705 §3
        let bound = self.token.cnf.as_ref();
        if !bound.is_some_and(|cnf| cnf.is_of(self.peer.as_ref())) {
            let reason = "the token is bound to another certificate";
            return self.refuse("RFC 8705 §3", reason, BearerRefusal::InvalidToken);
        }
        let Some(id) = grant_of(&self.token.jti) else {
            let reason = "the jti is none of ours";
            return self.refuse("RFC 6750 §3.1", reason, BearerRefusal::InvalidToken);
        };
        Step::Ask(Vraag::Bevestiging(Box::new(BevestigingVraag {
            verzoek: self,
            id,
            now,
        })))
    }

    fn refuse(&self, requirement: &'static str, reason: &'static str, how: BearerRefusal) -> Stap {
        self.no(requirement, reason, PlaatsAntwoord::Refused(how))
    }

    fn no(&self, requirement: &'static str, reason: &'static str, reply: PlaatsAntwoord) -> Stap {
        let who = Actor::Party(self.token.client_id.clone());
        Step::reply_with(reply, Event::refused(requirement, reason, who))
    }
}

impl BevestigingVraag {
    /// The id behind the token.
    pub const fn grant(&self) -> [u8; 16] {
        self.id
    }

    /// Goes on when the person confirmed a placement at this provider under this gegevensdienst
    /// (medmij case 70), and it takes such a thing.
    pub fn answer(self, found: Option<Bevestiging>) -> Stap {
        let verzoek = self.verzoek;
        let Some(bevestiging) = found else {
            // core.autorisatie.101, medmij case 66
            let reason = "the confirmation behind the token was used or has ended";
            let how = BearerRefusal::InvalidToken;
            return verzoek.refuse("core.autorisatie.101", reason, how);
        };
        // core.rscint.201
        if bevestiging.numbered && !verzoek.has_numbers {
            let (refusal, event) = without_numbers(&bevestiging.client_id);
            return Step::reply_with(PlaatsAntwoord::Refused(refusal), event);
        }
        let beyond = |reason| {
            verzoek.refuse(
                "core.autorisatie.101",
                reason,
                BearerRefusal::InsufficientScope,
            )
        };
        if bevestiging.ura != verzoek.ura {
            return beyond("the token is for another provider");
        }
        if bevestiging.plaatsbaar.as_ref() != Some(&verzoek.dienst_id) {
            return beyond("placing under this gegevensdienst was not confirmed");
        }
        let Some(dienst) = &verzoek.dienst else {
            return beyond("the gegevensdienst is not offered");
        };
        let plaatsing = verzoek.plaatsing.clone();
        match plaatsing.and_then(|it| it.is_taken_by(dienst).map(|()| it)) {
            Ok(plaatsing) => Step::Ask(Vraag::Ontvankelijk(Box::new(OntvankelijkVraag {
                bevestiging,
                plaatsing,
                leeftijd_min: verzoek.leeftijd_min,
                now: self.now,
            }))),
            Err(niet) => {
                let reason = "the gegevensdienst does not take what was sent";
                let reply = PlaatsAntwoord::NietPlaatsbaar(niet);
                verzoek.no("medmij.md §5.1", reason, reply)
            }
        }
    }
}

impl OntvankelijkVraag {
    /// About whom.
    pub const fn bsn(&self) -> &Bsn {
        &self.bevestiging.bsn
    }

    /// At which provider.
    pub const fn ura(&self) -> &Ura {
        &self.bevestiging.ura
    }

    /// Decides with what the record system knows of the person; nothing when it does not answer.
    pub fn answer(self, bevinding: Option<Bevinding>) -> Stap {
        let bevestiging = self.bevestiging;
        let Some(bevinding) = bevinding else {
            return bevestiging.no_answer();
        };
        let toets = Toets {
            scope: &bevestiging.scope,
            geboortedatum: bevestiging.geboortedatum,
            leeftijd_min: self.leeftijd_min,
            now: self.now,
        };
        if let Err(niet) = toets.of(bevinding) {
            let (requirement, reason) = niet.reason();
            let event = Event::refused(requirement, reason, bevestiging.actor());
            let event = bevestiging.about(event);
            return Step::reply_with(PlaatsAntwoord::NietOntvankelijk, event);
        }
        let spent = Change::remove(bevestiging.row.clone(), bevestiging.version);
        let vraag = PlaatsingVraag {
            bevestiging,
            plaatsing: self.plaatsing,
        };
        // core.autorisatie.101: spent here, so that of two placements at once one is made
        Step::Save {
            changes: vec![spent],
            events: Vec::new(),
            then: Box::new(move || Step::Ask(Vraag::Plaatsing(Box::new(vraag.clone())))),
        }
    }
}

impl PlaatsingVraag {
    /// About whom.
    pub const fn bsn(&self) -> &Bsn {
        &self.bevestiging.bsn
    }

    /// At which provider.
    pub const fn ura(&self) -> &Ura {
        &self.bevestiging.ura
    }

    /// What.
    pub const fn plaatsing(&self) -> &Plaatsing {
        &self.plaatsing
    }

    /// The answer, once the record system gave its own.
    pub fn answer(self, ontvangst: Ontvangst) -> Stap {
        let bevestiging = self.bevestiging;
        let who = bevestiging.actor();
        match ontvangst {
            Ontvangst::Geplaatst(id) => {
                let event = Event::granted("core.autorisatie.101", "a resource was placed", who);
                Step::Done(Verdict {
                    reply: PlaatsAntwoord::Geplaatst(id),
                    changes: Vec::new(),
                    events: vec![bevestiging.about(event)],
                })
            }
            Ontvangst::Geweigerd => {
                let reason = "the record system does not take what was sent";
                let event = Event::refused("core.autorisatie.101", reason, who);
                Step::reply_with(PlaatsAntwoord::NietOntvankelijk, bevestiging.about(event))
            }
            Ontvangst::Geen => bevestiging.no_answer(),
        }
    }
}

impl Bevestiging {
    /// What was given at this DVA's own interfaces, under this id.
    pub fn hier(id: [u8; 16], found: Stored<Toestemming>) -> Self {
        let Stored { version, value, .. } = found;
        let plaatsbaar = match &value.scope.functie {
            Functie::Delen(dienst) => Some(dienst).filter(|dienst| value.diensten.contains(dienst)),
            Functie::Verzamelen | Functie::Abonneren { .. } => None,
        };
        Self {
            row: Toestemming::key(id),
            version,
            plaatsbaar: plaatsbaar.cloned(),
            client_id: value.client_id,
            ura: value.ura,
            scope: value.scope,
            geboortedatum: value.geboortedatum,
            bsn: value.bsn,
            persoon: Some(value.persoon),
            numbered: true,
        }
    }

    fn actor(&self) -> Actor {
        Actor::Party(self.client_id.clone())
    }

    fn about(&self, event: Event) -> Event {
        match &self.persoon {
            Some(persoon) => event.about(*persoon),
            None => event,
        }
    }

    fn no_answer(&self) -> Stap {
        let reason = "the record system does not answer";
        let event = Event::refused("core.autorisatie.101", reason, self.actor());
        Step::reply_with(PlaatsAntwoord::Onbereikbaar, self.about(event))
    }
}

#[cfg(test)]
mod tests {
    use fhir::{Geboortedatum, Patient};
    use protocol::access_token::{Confirmation, jti};
    use verdict::{Expect, Outcome, Then};

    use super::*;
    use crate::testing::{CLIENT, toestemming, ura};
    use crate::toestemming::Geheim;

    const NOW: Moment = Moment::from_unix(1_795_305_600);
    const ID: [u8; 16] = [3; 16];

    fn dienst() -> Gegevensdienst {
        serde_json::from_str(
            r#"{"id":"53","weergavenaam":"Metingen","systeemrolcode":"M","zoekvragen":[],
                "plaatsen":[{"type":"Observation"}]}"#,
        )
        .expect("a gegevensdienst")
    }

    fn verzoek() -> Plaatsverzoek {
        let body = br#"{"resourceType":"Observation"}"#;
        Plaatsverzoek {
            token: AccessToken {
                iss: "https://dva.localhost".into(),
                aud: "https://dva.localhost".into(),
                client_id: CLIENT.into(),
                scope: "53".into(),
                jti: jti(ID, 2),
                iat: NOW.unix(),
                exp: NOW.unix() + 900,
                cnf: Some(Confirmation::of([1; 32])),
            },
            peer: Some(PeerCertificate {
                san_dns: Vec::new(),
                x5t_s256: [1; 32],
            }),
            has_numbers: true,
            ura: ura(),
            dienst_id: dienst().id,
            dienst: Some(dienst()),
            plaatsing: Plaatsing::read(body, "Observation", "urn:people"),
            leeftijd_min: 16,
        }
    }

    fn confirmed(scope: &str) -> Bevestiging {
        let found = Stored {
            version: 3,
            until: NOW.plus_s(900),
            value: Toestemming {
                scope: Scope::parse(scope).expect("a scope"),
                langdurig: false,
                diensten: vec![dienst().id],
                geheim: Geheim::Geen,
                ..toestemming()
            },
        };
        Bevestiging::hier(ID, found)
    }

    fn known(overleden: bool) -> Bevinding {
        Bevinding {
            patient: Some(Patient {
                geboortedatum: Geboortedatum::parse("1970-09-01"),
                overleden,
            }),
            beschikbaar: Vec::new(),
        }
    }

    /// The reply, whether the confirmation was spent, and how the audit log has it.
    fn placed(
        verzoek: Plaatsverzoek,
        found: Option<Bevestiging>,
        bevinding: Option<Bevinding>,
        ontvangst: &Ontvangst,
    ) -> (PlaatsAntwoord, bool, Outcome) {
        let (mut found, mut bevinding) = (Some(found), Some(bevinding));
        let (mut is_spent, mut step) = (false, verzoek.begin(NOW));
        loop {
            step = match step {
                Step::Ask(Vraag::Bevestiging(q)) => q.answer(found.take().expect("asked once")),
                Step::Ask(Vraag::Ontvankelijk(q)) => {
                    q.answer(bevinding.take().expect("asked once"))
                }
                Step::Ask(Vraag::Plaatsing(q)) => {
                    assert!(is_spent, "nothing is placed before it is spent");
                    q.answer(ontvangst.clone())
                }
                Step::Save { changes, then, .. } => {
                    let [gone] = &changes[..] else {
                        panic!("one change");
                    };
                    assert_eq!(gone.key, Toestemming::key(ID));
                    assert_eq!(gone.expect, Expect::Version(3));
                    assert!(matches!(gone.then, Then::Remove));
                    is_spent = true;
                    then()
                }
                Step::Done(verdict) => {
                    assert!(verdict.changes.is_empty());
                    return (verdict.reply, is_spent, verdict.events[0].outcome);
                }
            }
        }
    }

    #[test]
    fn core_autorisatie_101_a_confirmation_is_spent_before_what_it_is_for_is_placed() {
        for (ontvangst, reply, outcome) in [
            (
                Ontvangst::Geplaatst("7".into()),
                PlaatsAntwoord::Geplaatst("7".into()),
                Outcome::Granted,
            ),
            (
                Ontvangst::Geweigerd,
                PlaatsAntwoord::NietOntvankelijk,
                Outcome::Refused,
            ),
            (
                Ontvangst::Geen,
                PlaatsAntwoord::Onbereikbaar,
                Outcome::Refused,
            ),
        ] {
            let found = Some(confirmed("eenofanderezorgaanbieder~53"));
            // core.autorisatie.101
            let went = placed(verzoek(), found, Some(known(false)), &ontvangst);
            assert_eq!(went, (reply, true, outcome));
        }
    }

    #[test]
    fn a_placement_that_is_refused_before_it_is_made_spends_nothing() {
        let never = || Ontvangst::Geen;
        let delen = || Some(confirmed("eenofanderezorgaanbieder~53"));
        let refused = |how| (PlaatsAntwoord::Refused(how), false, Outcome::Refused);
        for (found, how) in [
            (None, BearerRefusal::InvalidToken),
            // medmij case 70
            (
                Some(confirmed("eenofanderezorgaanbieder")),
                BearerRefusal::InsufficientScope,
            ),
            (
                Some(confirmed("eenofanderezorgaanbieder~42")),
                BearerRefusal::InsufficientScope,
            ),
            (
                Some(confirmed("subscribe~9/eenofanderezorgaanbieder~53")),
                BearerRefusal::InsufficientScope,
            ),
        ] {
            let went = placed(verzoek(), found, Some(known(false)), &never());
            assert_eq!(went, refused(how));
        }
        let mut unnumbered = verzoek();
        unnumbered.has_numbers = false;
        // core.rscint.201
        let went = placed(unnumbered, delen(), Some(known(false)), &never());
        assert_eq!(went, refused(BearerRefusal::Malformed));
        let mut stolen = verzoek();
        stolen.peer = None;
        let went = placed(stolen, delen(), Some(known(false)), &never());
        assert_eq!(went, refused(BearerRefusal::InvalidToken));
    }

    #[test]
    fn the_receivability_test_says_the_same_of_whoever_died_and_whoever_is_unknown() {
        let delen = || Some(confirmed("eenofanderezorgaanbieder~53"));
        // medmij.md §2.8
        for bevinding in [Some(known(true)), Some(Bevinding::none())] {
            let went = placed(verzoek(), delen(), bevinding, &Ontvangst::Geen);
            let reply = PlaatsAntwoord::NietOntvankelijk;
            assert_eq!(went, (reply, false, Outcome::Refused));
        }
        let went = placed(verzoek(), delen(), None, &Ontvangst::Geen);
        assert_eq!(
            went,
            (PlaatsAntwoord::Onbereikbaar, false, Outcome::Refused)
        );
    }
}
