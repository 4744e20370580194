//! Steps 3–5: DigiD answers, and the person goes to the register.

use identity::{Bsn, Loa};
use serde::{Deserialize, Serialize};
use verdict::{
    Actor, BadRow, Change, Clear, Entropy, Event, Expect, IndexKey, Key, Moment, PersonTag, Record,
    Space, Step, Verdict, versioned,
};

use super::aanvraag::{AANVRAAG_S, Aanvraag, Doel, Verzoek};
use crate::rows;
use crate::toestemmingenregister::PERSOON;

/// How long an answered AuthnRequest is remembered, in seconds: longer than any answer to it can
/// still be valid (digid.md §2.5: two minutes after DigiD sent it).
const BEANTWOORD_S: u32 = 3_600;

/// A person who logged in and has not yet gone back to the client: a row that is used once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aanmelding {
    /// What the person logged in for.
    pub doel: Doel,
    /// Who logged in.
    pub bsn: Bsn,
    /// The same, as a tag.
    pub persoon: PersonTag,
    /// The level reached.
    pub level: Loa,
    /// When the person logged in; seconds since 1970.
    pub auth_time: i64,
    /// The trace id of the run.
    pub trace: String,
    /// How far the person is.
    pub stand: Stand,
}

/// How far a person is between DigiD and the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stand {
    /// Logged in; the ticket for the register is not used yet.
    Ingelogd,
    /// At the register's page.
    Kiest,
    /// Consent was recorded under this koppeling (step 6).
    Toegestemd([u8; 16]),
    /// The person gave no consent.
    Geweigerd,
}

/// What DigiD said (digid.md §2.6), read and checked by the service provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uitkomst {
    /// Logged in at a level that will do.
    Ingelogd {
        /// Who.
        bsn: Bsn,
        /// How surely.
        level: Loa,
        /// When; seconds since 1970.
        auth_time: i64,
    },
    /// The person cancelled (MedMij Authenticeren 2).
    Geannuleerd,
    /// No identity (MedMij Authenticeren 1): the requirement and reason are for the operator.
    NietIngelogd {
        /// What refused.
        requirement: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// DigiD does not answer.
    Onbereikbaar,
}

/// Where the browser goes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vervolg {
    /// To the register, with a ticket for this aanmelding.
    Toestemming {
        /// Id of the aanmelding.
        id: [u8; 16],
    },
    /// To the page that offers to try again or to stop (mitz case 8).
    Geannuleerd,
    /// To the page that says that it did not work (mitz case 9).
    NietIngelogd,
    /// To the page that says that this answer was used before.
    AlBeantwoord,
    /// To the page that says to try again later.
    Onbereikbaar,
}

/// A browser came back from DigiD with an artifact.
#[derive(Clone)]
pub struct Terugkeer {
    aanvraag: Aanvraag,
    id: [u8; 16],
    now: Moment,
}

/// What the rule asks, in order.
pub enum Vraag {
    /// Was this AuthnRequest answered before?
    AlBeantwoord(AlBeantwoordVraag),
    /// What does the artifact stand for?
    Artefact(ArtefactVraag),
    /// Who is this: what is the person's tag?
    Persoon(PersoonVraag),
}

/// See [`Vraag::AlBeantwoord`].
pub struct AlBeantwoordVraag(Terugkeer);
/// See [`Vraag::Artefact`].
pub struct ArtefactVraag(Terugkeer);
/// See [`Vraag::Persoon`].
pub struct PersoonVraag {
    terugkeer: Terugkeer,
    bsn: Bsn,
    level: Loa,
    auth_time: i64,
}

type Stap = Step<Vervolg, Vraag>;

impl Terugkeer {
    /// Takes what the browser's cookie held.
    pub fn new(aanvraag: Aanvraag, now: Moment, entropy: &Entropy) -> Self {
        Self {
            aanvraag,
            id: entropy.bytes("mitz.aanmelding"),
            now,
        }
    }

    /// The first step: an AuthnRequest is answered once (digid case 26).
    pub fn begin(&self) -> Stap {
        Step::Ask(Vraag::AlBeantwoord(AlBeantwoordVraag(self.clone())))
    }

    fn authn_request_key(&self) -> Key {
        Key::Once(
            Space("mitz.authnrequest"),
            jose::sha256(self.aanvraag.authn_request.as_bytes()),
        )
    }
}

impl AlBeantwoordVraag {
    /// Where it would be remembered.
    pub fn key(&self) -> Key {
        self.0.authn_request_key()
    }

    /// Spends the AuthnRequest before the artifact is resolved, which cannot be repeated.
    pub fn answer(self, seen: bool) -> Stap {
        if seen {
            let event = Event::refused(
                "digid case 26",
                "the AuthnRequest was answered before",
                Actor::Person,
            );
            return Step::reply_with(Vervolg::AlBeantwoord, event);
        }
        let terugkeer = self.0;
        let until = terugkeer.now.plus_s(BEANTWOORD_S);
        Step::Save {
            changes: vec![Change::spend(terugkeer.authn_request_key(), until)],
            events: Vec::new(),
            then: Box::new(move || Step::Ask(Vraag::Artefact(ArtefactVraag(terugkeer.clone())))),
        }
    }
}

impl ArtefactVraag {
    /// The AuthnRequest that the answer must answer.
    pub fn authn_request(&self) -> &str {
        &self.0.aanvraag.authn_request
    }

    /// Goes on with what DigiD said (step 4).
    pub fn answer(self, uitkomst: Uitkomst) -> Stap {
        let refused = |requirement, reason| Event::refused(requirement, reason, Actor::Person);
        match uitkomst {
            Uitkomst::Ingelogd {
                bsn,
                level,
                auth_time,
            } => Step::Ask(Vraag::Persoon(PersoonVraag {
                terugkeer: self.0,
                bsn,
                level,
                auth_time,
            })),
            // digid case 17: an ordinary outcome, no error
            Uitkomst::Geannuleerd => Step::reply_with(
                Vervolg::Geannuleerd,
                refused("mitz case 8", "the person cancelled at DigiD"),
            ),
            Uitkomst::NietIngelogd {
                requirement,
                reason,
            } => Step::reply_with(Vervolg::NietIngelogd, refused(requirement, reason)),
            Uitkomst::Onbereikbaar => Step::reply_with(
                Vervolg::Onbereikbaar,
                refused("seed 000 step 4", "DigiD does not answer"),
            ),
        }
    }
}

impl PersoonVraag {
    /// Whom to tag.
    pub const fn bsn(&self) -> &Bsn {
        &self.bsn
    }

    /// Stores the aanmelding and sends the browser on.
    pub fn answer(self, persoon: PersonTag) -> Stap {
        let terugkeer = self.terugkeer;
        let aanmelding = Aanmelding {
            doel: terugkeer.aanvraag.doel,
            bsn: self.bsn,
            persoon,
            level: self.level,
            auth_time: self.auth_time,
            trace: terugkeer.aanvraag.trace,
            stand: Stand::Ingelogd,
        };
        let key = Aanmelding::key(terugkeer.id);
        let until = terugkeer.now.plus_s(AANVRAAG_S);
        let event = Event::granted("seed 000 step 4", "the person logged in", Actor::Person);
        Step::Done(Verdict {
            reply: Vervolg::Toestemming { id: terugkeer.id },
            changes: vec![aanmelding.put(key, Expect::Absent, until)],
            events: vec![event.about(persoon)],
        })
    }
}

impl Aanmelding {
    /// What a client asked; nothing when the person came to manage consents.
    pub const fn verzoek(&self) -> Option<&Verzoek> {
        match &self.doel {
            Doel::Koppelen(verzoek) => Some(verzoek),
            Doel::Beheren => None,
        }
    }

    /// Where it stands.
    pub const fn key(id: [u8; 16]) -> Key {
        Key::Grant(Self::SPACE, id)
    }

    /// The change that brings it to another stand.
    pub fn advance(
        mut self,
        id: [u8; 16],
        version: u64,
        until: Moment,
        stand: Stand,
    ) -> Change<Clear> {
        self.stand = stand;
        self.put(Self::key(id), Expect::Version(version), until)
    }
}

#[derive(Serialize, Deserialize)]
struct AanmeldingOpen {
    doel: Doel,
    persoon: String,
    level: u8,
    auth_time: i64,
    trace: String,
    stand: Stand,
}

#[derive(Serialize, Deserialize)]
struct AanmeldingPrivate {
    #[serde(with = "identity::bsn::revealed")]
    bsn: Bsn,
}

impl Record for Aanmelding {
    const SPACE: Space = Space("mitz.aanmelding");

    fn to_body(&self) -> Clear {
        let open = AanmeldingOpen {
            doel: self.doel.clone(),
            persoon: verdict::person_tag_to_hex(self.persoon),
            level: self.level.number(),
            auth_time: self.auth_time,
            trace: self.trace.clone(),
            stand: self.stand,
        };
        let private = AanmeldingPrivate {
            bsn: self.bsn.clone(),
        };
        let index = vec![(PERSOON, IndexKey::Person(self.persoon))];
        versioned::body_with_private(&open, &private, index)
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        let open: AanmeldingOpen = versioned::open(Self::SPACE, body)?;
        let private: AanmeldingPrivate = versioned::private(Self::SPACE, body)?;
        Ok(Self {
            doel: open.doel,
            bsn: private.bsn,
            persoon: versioned::person(Self::SPACE, &open.persoon)?,
            level: rows::level(Self::SPACE, open.level)?,
            auth_time: open.auth_time,
            trace: open.trace,
            stand: open.stand,
        })
    }
}
