//! DigiD answers, and the person may go on to the declaration or hears why not (core.authint.204).

use fhir::Bevinding;
use identity::{Bsn, Ura};
use serde::{Deserialize, Serialize};
use verdict::{
    Actor, BadRow, Change, Clear, Entropy, Event, Expect, IndexKey, Key, Moment, PersonTag, Record,
    Space, Step, Verdict, versioned,
};

use super::verzoek::Verzoek;
use crate::beschikbaarheidstoets::Toets;
use crate::vertegenwoordiging::Anders;

/// Seconds that a person may take before login, and after it.
pub const WACHT_S: u32 = 900;
/// Bytes of an [`Aanvraag`] as JSON, at most. Sealed and in base64 it has to stay below the 4096 bytes that
/// every browser keeps of a cookie with its name and attributes (RFC 6265 §6.1).
pub const AANVRAAG_BYTES_MAX: usize = 2_900;
/// Seconds for which an answered AuthnRequest is remembered: longer than any answer to it can still be
/// valid (digid.md §2.5).
const BEANTWOORD_S: u32 = 3_600;

/// Why a person logs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Doel {
    /// A client asks for a code.
    Autoriseren(Box<Verzoek>),
    /// The person wants to see or end long-lived consents (medmij.md §2.5).
    Beheren,
}

/// What the browser's cookie holds until DigiD answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aanvraag {
    /// What waits for the login.
    pub doel: Doel,
    /// The number of this visit, for whoever calls about it.
    pub sessie: String,
    /// The trace id of the run.
    pub trace: String,
    /// How far the login is.
    pub inlog: Inlog,
    /// When the person was sent to DigiD, or came here; seconds since 1970.
    pub requested_at: i64,
    /// From this moment on the person must start again; seconds since 1970.
    pub until: i64,
}

/// How far the login of an [`Aanvraag`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Inlog {
    /// The person is on the landing page.
    Nog,
    /// The person was sent to DigiD: ID of the AuthnRequest that must be answered.
    Gevraagd(String),
    /// DigiD did not tell who it is: there is no way but back (Authenticeren 1, medmij case 26).
    Mislukt,
}

/// A person who logged in and has not decided: a row that is used once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aanmelding {
    /// What for.
    pub doel: Doel,
    /// At which Aanbieder; nothing when the person came to manage consents.
    pub ura: Option<Ura>,
    /// About whom: with representation, the represented person (ext.vert.authint.202).
    pub bsn: Bsn,
    /// The same, as a tag.
    pub persoon: PersonTag,
    /// Who acts for that person; nothing when nobody else does.
    pub gever: Option<PersonTag>,
    /// The number of the visit.
    pub sessie: String,
    /// The trace id of the run.
    pub trace: String,
    /// What the person is to see.
    pub stand: Stand,
}

/// What a person who logged in is to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stand {
    /// The declaration, or the overview.
    Beslist,
    /// That there is nothing for this person (exception 3).
    GeenGegevens,
    /// That the login was not as asked (exceptions Vertegenwoordiging 1 and 2).
    Anders(Anders),
}

/// What DigiD said, read and checked by the service provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uitkomst {
    /// Logged in at a level that will do.
    Ingelogd {
        /// Who is at the keyboard.
        bsn: Bsn,
        /// For whom, if for somebody else.
        vertegenwoordigde: Option<Bsn>,
    },
    /// The person cancelled (Authenticeren 2).
    Geannuleerd,
    /// No identity (Authenticeren 1): requirement and reason are for the operator.
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
    /// To the page of this aanmelding's stand.
    Verder {
        /// Id of the aanmelding.
        id: [u8; 16],
    },
    /// To the page that offers to log in after all, or to stop (core.usrint.101).
    Geannuleerd,
    /// To the page that says that the request is not granted.
    NietIngelogd,
    /// To the page that says that this answer was used before.
    AlBeantwoord,
    /// To the page of a technical fault.
    Storing,
}

/// A browser came back from DigiD with an artifact.
#[derive(Clone)]
pub struct Terugkeer {
    aanvraag: Aanvraag,
    authn_request: String,
    ura: Option<Ura>,
    leeftijd_min: u8,
    id: [u8; 16],
    now: Moment,
}

/// What the rule asks, in order.
pub enum Vraag {
    /// Was this AuthnRequest answered before?
    AlBeantwoord(AlBeantwoordVraag),
    /// What does the artifact stand for?
    Artefact(ArtefactVraag),
    /// Who is this, and what does the Aanbieder's record system know of the person?
    Persoon(Box<PersoonVraag>),
}

/// See [`Vraag::AlBeantwoord`].
pub struct AlBeantwoordVraag(Terugkeer);
/// See [`Vraag::Artefact`].
pub struct ArtefactVraag(Terugkeer);
/// See [`Vraag::Persoon`].
pub struct PersoonVraag {
    terugkeer: Terugkeer,
    bsn: Bsn,
    gever: Option<Bsn>,
    anders: Result<(), Anders>,
}

/// What is known of a person.
#[derive(Clone, Debug)]
pub struct Bekend {
    /// As a tag.
    pub persoon: PersonTag,
    /// Whoever acts for the person, as a tag.
    pub gever: Option<PersonTag>,
    /// Of the record system; nothing when it was not asked, or does not answer.
    pub bevinding: Option<Bevinding>,
}

type Stap = Step<Vervolg, Vraag>;

impl Terugkeer {
    /// Takes what the browser's cookie held; nothing when it does not wait for DigiD. `ura` is that of
    /// the Aanbieder in the scope.
    pub fn new(
        aanvraag: Aanvraag,
        ura: Option<Ura>,
        leeftijd_min: u8,
        now: Moment,
        entropy: &Entropy,
    ) -> Option<Self> {
        let Inlog::Gevraagd(authn_request) = &aanvraag.inlog else {
            return None;
        };
        Some(Self {
            authn_request: authn_request.clone(),
            aanvraag,
            ura,
            leeftijd_min,
            id: entropy.bytes("medmij.aanmelding"),
            now,
        })
    }

    /// The first step: an AuthnRequest is answered once (digid case 26).
    pub fn begin(&self) -> Stap {
        Step::Ask(Vraag::AlBeantwoord(AlBeantwoordVraag(self.clone())))
    }

    fn authn_request_key(&self) -> Key {
        let space = Space("medmij.authnrequest");
        Key::Once(space, jose::sha256(self.authn_request.as_bytes()))
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
            let reason = "the AuthnRequest was answered before";
            return Step::reply_with(Vervolg::AlBeantwoord, refused("digid case 26", reason));
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
        &self.0.authn_request
    }

    /// Goes on with what DigiD said.
    pub fn answer(self, uitkomst: Uitkomst) -> Stap {
        match uitkomst {
            Uitkomst::Ingelogd {
                bsn,
                vertegenwoordigde,
            } => self.ingelogd(bsn, vertegenwoordigde),
            // medmij case 24
            Uitkomst::Geannuleerd => Step::reply_with(
                Vervolg::Geannuleerd,
                refused("core.usrint.101", "the person cancelled at DigiD"),
            ),
            // medmij case 26
            Uitkomst::NietIngelogd {
                requirement,
                reason,
            } => Step::reply_with(Vervolg::NietIngelogd, refused(requirement, reason)),
            Uitkomst::Onbereikbaar => Step::reply_with(
                Vervolg::Storing,
                refused("medmij case 34", "DigiD does not answer"),
            ),
        }
    }

    fn ingelogd(self, bsn: Bsn, vertegenwoordigde: Option<Bsn>) -> Stap {
        let asked = match &self.0.aanvraag.doel {
            Doel::Autoriseren(verzoek) => verzoek.scope.vertegenwoordiging,
            Doel::Beheren => None,
        };
        let anders = Anders::than_asked(asked, vertegenwoordigde.is_some());
        let (bsn, gever) = match vertegenwoordigde {
            Some(vertegenwoordigde) => (vertegenwoordigde, Some(bsn)),
            None => (bsn, None),
        };
        Step::Ask(Vraag::Persoon(Box::new(PersoonVraag {
            terugkeer: self.0,
            bsn,
            gever,
            anders,
        })))
    }
}

impl PersoonVraag {
    /// Whom to tag.
    pub const fn bsn(&self) -> &Bsn {
        &self.bsn
    }

    /// Who acts for that person, to tag as well.
    pub const fn gever(&self) -> Option<&Bsn> {
        self.gever.as_ref()
    }

    /// Whose record system to ask, and for what; nothing when it does not matter.
    pub fn toets(&self) -> Option<(&Ura, &Verzoek)> {
        match &self.terugkeer.aanvraag.doel {
            Doel::Autoriseren(verzoek) if self.anders.is_ok() => {
                Some((self.terugkeer.ura.as_ref()?, verzoek))
            }
            _ => None,
        }
    }

    /// Stores the aanmelding and sends the browser on. An early test that fails is told to the person,
    /// and to nobody else (exception 3).
    pub fn answer(self, bekend: Bekend) -> Stap {
        let (persoon, gever) = (bekend.persoon, bekend.gever);
        let (stand, event) = match self.stand(bekend) {
            Ok(judged) => judged,
            Err(reason) => {
                return Step::reply_with(Vervolg::Storing, refused("medmij case 34", reason));
            }
        };
        let Self { terugkeer, bsn, .. } = self;
        let aanmelding = Aanmelding {
            doel: terugkeer.aanvraag.doel,
            ura: terugkeer.ura,
            bsn,
            persoon,
            gever,
            sessie: terugkeer.aanvraag.sessie,
            trace: terugkeer.aanvraag.trace,
            stand,
        };
        let key = Aanmelding::key(terugkeer.id);
        let until = terugkeer.now.plus_s(WACHT_S);
        Step::Done(Verdict {
            reply: Vervolg::Verder { id: terugkeer.id },
            changes: vec![aanmelding.put(key, Expect::Absent, until)],
            events: vec![event.about(persoon)],
        })
    }

    fn stand(&self, bekend: Bekend) -> Result<(Stand, Event), &'static str> {
        if let Err(anders) = self.anders {
            let (requirement, reason) = anders.reason();
            return Ok((Stand::Anders(anders), refused(requirement, reason)));
        }
        let granted = Event::granted("core.authint.204", "the person logged in", Actor::Person);
        let Some((_, verzoek)) = self.toets() else {
            return Ok((Stand::Beslist, granted));
        };
        let bevinding = bekend
            .bevinding
            .ok_or("the record system does not answer")?;
        let toets = Toets {
            scope: &verzoek.scope,
            geboortedatum: verzoek.geboortedatum,
            leeftijd_min: self.terugkeer.leeftijd_min,
            now: self.terugkeer.now,
        };
        Ok(match toets.of(bevinding) {
            Ok(_) => (Stand::Beslist, granted),
            Err(niet) => {
                let (requirement, reason) = niet.reason();
                (Stand::GeenGegevens, refused(requirement, reason))
            }
        })
    }
}

fn refused(requirement: &'static str, reason: &'static str) -> Event {
    Event::refused(requirement, reason, Actor::Person)
}

impl Doel {
    /// What a client asked; nothing when the person came to manage consents.
    pub fn verzoek(&self) -> Option<&Verzoek> {
        match self {
            Self::Autoriseren(verzoek) => Some(verzoek),
            Self::Beheren => None,
        }
    }
}

impl Aanvraag {
    /// Whether a login may be begun for it, the first time or after the person cancelled one (medmij
    /// case 25).
    pub const fn may_log_in(&self) -> bool {
        !matches!(self.inlog, Inlog::Mislukt)
    }

    /// See [`Doel::verzoek`].
    pub fn verzoek(&self) -> Option<&Verzoek> {
        self.doel.verzoek()
    }

    /// Whether the person took too long.
    pub const fn is_over_at(&self, now: Moment) -> bool {
        Moment::from_unix(self.until).is_over_at(now)
    }
}

impl Aanmelding {
    /// Where it stands.
    pub const fn key(id: [u8; 16]) -> Key {
        Key::Grant(Self::SPACE, id)
    }

    /// See [`Doel::verzoek`].
    pub fn verzoek(&self) -> Option<&Verzoek> {
        self.doel.verzoek()
    }
}

#[derive(Serialize, Deserialize)]
struct Open {
    persoon: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gever: Option<String>,
    sessie: String,
    trace: String,
}

#[derive(Serialize, Deserialize)]
struct Private {
    doel: Doel,
    ura: Option<Ura>,
    #[serde(with = "identity::bsn::revealed")]
    bsn: Bsn,
    stand: Stand,
}

impl Record for Aanmelding {
    const SPACE: Space = Space("medmij.aanmelding");

    fn to_body(&self) -> Clear {
        let open = Open {
            persoon: verdict::person_tag_to_hex(self.persoon),
            gever: self.gever.map(verdict::person_tag_to_hex),
            sessie: self.sessie.clone(),
            trace: self.trace.clone(),
        };
        let private = Private {
            doel: self.doel.clone(),
            ura: self.ura.clone(),
            bsn: self.bsn.clone(),
            stand: self.stand,
        };
        let index = vec![("persoon", IndexKey::Person(self.persoon))];
        versioned::body_with_private(&open, &private, index)
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        let open: Open = versioned::open(Self::SPACE, body)?;
        let private: Private = versioned::private(Self::SPACE, body)?;
        Ok(Self {
            doel: private.doel,
            ura: private.ura,
            bsn: private.bsn,
            persoon: versioned::person(Self::SPACE, &open.persoon)?,
            gever: versioned::perhaps_person(Self::SPACE, open.gever.as_deref())?,
            sessie: open.sessie,
            trace: open.trace,
            stand: private.stand,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::Scope;
    use crate::vertegenwoordiging::GeboortedatumParameter;

    #[test]
    fn core_authint_200_the_longest_request_that_is_taken_fits_a_cookie() {
        let host = "a".repeat(63);
        let client_id = [host.as_str(); 3].join(".") + "." + &"a".repeat(61);
        let number = "c0e7b545-9606-4eef-bea7-75d8addaa54b";
        let dienst = "z".repeat(30);
        let naam = "a".repeat(50);
        let scope = format!("subscribe~{}/{naam}~{dienst} onbehalfofchild", u32::MAX);
        let redirect_uri = format!("https://{client_id}/");
        let verzoek = Verzoek {
            redirect_uri: format!("{redirect_uri:c<512}"),
            client_id,
            state: "\\".repeat(512),
            scope: Scope::parse(&scope).expect("a scope"),
            geboortedatum: GeboortedatumParameter::parse("19700901").ok(),
            request_id: number.to_owned(),
            correlation_id: number.to_owned(),
        };
        let aanvraag = Aanvraag {
            doel: Doel::Autoriseren(Box::new(verzoek)),
            sessie: number.to_owned(),
            trace: number.to_owned(),
            inlog: Inlog::Gevraagd("_".repeat(64)),
            requested_at: i64::from(u32::MAX),
            until: i64::from(u32::MAX),
        };
        let bytes = serde_json::to_vec(&aanvraag).expect("JSON").len();
        assert!(bytes <= AANVRAAG_BYTES_MAX, "{bytes}");
    }
}
