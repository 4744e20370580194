//! Mandates (machtigingen), as a machtigingenregister keeps and judges them (etoegang.md §3, §4.7).
//!
//! A mandate lets one person, or one organisation that stands between, act for an organisation at one
//! service. The re-check of GUC9 9.4 is [`Machtigingen::besluit`]: it looks for the mandate that the
//! access token was given for, and never for another one. What a person may choose from at a login is in
//! [`keuze`], the question of an HM that waits for that in [`vraagstelling`], and how administration writes a
//! mandate in [`document`].

pub mod document;
pub mod keuze;
pub mod vraagstelling;

use std::fmt;

use identity::{EntityId, ServiceUuid};
use serde::{Deserialize, Serialize};
use verdict::{
    Actor, BadRow, Change, Clear, Event, Expect, IndexKey, Key, Moment, Record, Space, Stored,
    versioned,
};

use crate::attribuut::{Attributen, Drager};
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::hm_mr::MandateCheck;
use crate::kenmerk::{Kenmerk, Soort, Vestigingsnr};

/// Seconds for which a mandate may be registered, at most: five years (etoegang.md §3).
pub const GELDIG_S_MAX: u32 = 5 * 366 * 86_400;
/// Seconds for which a mandate is kept after its end: seven years (etoegang.md §3).
const BEWAARD_S: u32 = 7 * 366 * 86_400;
/// Mandates of one question, at most; who has more is asked for a narrower question.
pub const MACHTIGINGEN_MAX: usize = 256;

/// A person as the network knows him and nobody outside it: the internal pseudonym of an AD.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InternPseudoniem(pub String);

/// Who may act.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gemachtigde {
    /// A person. On its way from the HM it is encrypted for the MR, who alone may read it.
    Persoon(InternPseudoniem),
    /// An organisation that stands between (intermediair); its own people act for it.
    Organisatie(Kenmerk),
}

/// A registered mandate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machtiging {
    /// Who is represented.
    pub vertegenwoordigde: Kenmerk,
    /// Who may act.
    pub gemachtigde: Gemachtigde,
    /// At which service; never its ServiceID.
    pub service_uuid: ServiceUuid,
    /// How surely it was established.
    pub niveau: Betrouwbaarheidsniveau,
    /// To which branch it is restricted.
    pub beperking: Option<Vestigingsnr>,
    /// What is known of who is represented, by names of such attributes.
    pub attributen: Attributen,
    /// From when; seconds since 1970.
    pub van: i64,
    /// Until when; seconds since 1970.
    pub tot: i64,
    /// When it was withdrawn; seconds since 1970.
    pub ingetrokken: Option<i64>,
    /// What was done with it, oldest first; builds before this one kept nothing of it.
    pub verloop: Vec<Handeling>,
}

/// Something that was done with a mandate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handeling {
    /// What.
    pub wat: Wat,
    /// When; seconds since 1970.
    pub wanneer: i64,
    /// Who did it: the holder of a key of administration, or the operator.
    pub wie: String,
}

/// See [`Handeling`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wat {
    /// It was registered.
    Geregistreerd,
    /// It was withdrawn.
    Ingetrokken,
}

/// What an MR decides (XACML 2.0, etoegang.md §4.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Besluit {
    /// The mandate holds, at this level.
    Permit {
        /// Which mandate.
        machtiging: String,
        /// `LevelOfAssuranceUsed`.
        niveau_gebruikt: Betrouwbaarheidsniveau,
    },
    /// The mandate is there and does not hold.
    Deny(Reden),
    /// No such mandate, or not one.
    NotApplicable(Reden),
    /// Not to be decided now.
    Indeterminate,
}

/// Why a mandate does not hold. For the log of the MR: the HM hears the decision alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reden {
    /// Withdrawn.
    Ingetrokken,
    /// Over, or not begun.
    NietGeldig,
    /// Below what the service asks.
    NiveauTeLaag,
    /// Its restriction is another one than that of the access token.
    AndereBeperking,
    /// No mandate fits the question.
    Onbekend,
    /// Several fit, and nobody is there to choose.
    Meerdere,
    /// The service is not in the catalogue any more.
    DienstWeg,
}

/// Why a mandate is not registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weigering {
    /// Its end does not lie after its beginning, or is over already.
    Voorbij,
    /// Longer than [`GELDIG_S_MAX`].
    TeLang,
    /// An organisation that stands between is named by its number in the trade register only.
    Tussenpersoon,
    /// An organisation is not its own intermediary.
    Zelf,
    /// An attribute is none of who is represented.
    Attributen,
}

/// The mandates that were found for a question, with what the register knows beside them.
#[derive(Clone, Copy, Debug)]
pub struct Machtigingen<'a> {
    /// Each under its reference.
    pub gevonden: &'a [(String, Machtiging)],
    /// Whether the service is in the catalogue.
    pub dienst_bestaat: bool,
}

impl Machtigingen<'_> {
    /// Decides on a question of an HM, without anybody to ask (GUC9 9.4).
    pub fn besluit(&self, check: &MandateCheck, now: Moment) -> Besluit {
        if !self.dienst_bestaat {
            return Besluit::NotApplicable(Reden::DienstWeg);
        }
        if self.gevonden.len() > MACHTIGINGEN_MAX {
            return Besluit::Indeterminate;
        }
        let fits = |(id, machtiging): &&(String, Machtiging)| {
            check.machtiging.as_ref().is_none_or(|asked| asked == id) && machtiging.past_bij(check)
        };
        let mut fitting = self.gevonden.iter().filter(fits);
        let Some((id, machtiging)) = fitting.next() else {
            return Besluit::NotApplicable(Reden::Onbekend);
        };
        // etoegang case 54: no user is there to choose, so no choice is made
        if fitting.next().is_some() {
            return Besluit::NotApplicable(Reden::Meerdere);
        }
        match machtiging.houdt(check, now) {
            Ok(()) => Besluit::Permit {
                machtiging: id.clone(),
                niveau_gebruikt: machtiging.niveau,
            },
            Err(reden) => Besluit::Deny(reden),
        }
    }
}

impl Besluit {
    /// What the MR's audit log says of it (etoegang case 94).
    pub fn event(&self, hm: &EntityId) -> Event {
        let who = Actor::Party(hm.to_string());
        match self {
            Self::Permit { .. } => Event::granted("GUC9 9.4", "the mandate holds", who),
            Self::Deny(reden) | Self::NotApplicable(reden) => {
                Event::refused("GUC9 9.4", reden.text(), who)
            }
            Self::Indeterminate => Event::refused("GUC9 9.4", "cannot be decided now", who),
        }
    }
}

impl Reden {
    const fn text(self) -> &'static str {
        match self {
            Self::Ingetrokken => "the mandate was withdrawn",
            Self::NietGeldig => "the mandate is over, or has not begun",
            Self::NiveauTeLaag => "the mandate is below the level",
            Self::AndereBeperking => "the mandate is for another branch",
            Self::Onbekend => "no mandate fits the question",
            Self::Meerdere => "several mandates fit the question",
            Self::DienstWeg => "the service is not in the catalogue",
        }
    }
}

impl Machtiging {
    /// The index by who may act.
    pub const GEMACHTIGDE: &'static str = "gemachtigde";
    /// The index that every mandate carries, so that all can be found.
    pub const ALL: (&'static str, &'static str) = ("soort", "machtiging");

    /// Where it stands.
    pub fn key(id: &str) -> Key {
        Key::Record(Self::SPACE, id.as_bytes().to_vec())
    }

    /// Registers it under a new reference, as somebody asks.
    ///
    /// # Errors
    /// [`Weigering`]; nothing is written then.
    pub fn registreren(
        &self,
        id: &str,
        wie: &str,
        now: Moment,
    ) -> Result<Change<Clear>, Weigering> {
        if self.tot <= self.van || self.tot <= now.unix() {
            return Err(Weigering::Voorbij);
        }
        // etoegang.md §3: five years at most
        if self.tot - self.van > i64::from(GELDIG_S_MAX) {
            return Err(Weigering::TeLang);
        }
        let is_its = |drager| drager == Drager::Vertegenwoordigde;
        if !self.attributen.zijn_van(is_its) {
            return Err(Weigering::Attributen);
        }
        match &self.gemachtigde {
            Gemachtigde::Organisatie(kenmerk) if kenmerk.soort() != Soort::KvkNr => {
                return Err(Weigering::Tussenpersoon);
            }
            Gemachtigde::Organisatie(kenmerk) if *kenmerk == self.vertegenwoordigde => {
                return Err(Weigering::Zelf);
            }
            _ => {}
        }
        let registered = Self {
            verloop: vec![Wat::Geregistreerd.door(wie, now)],
            ..self.clone()
        };
        Ok(registered.put(Self::key(id), Expect::Absent, self.bewaard_tot()))
    }

    /// Withdraws it. The row stays: what was done under it must be explained for seven years. A mandate
    /// that was withdrawn before stays as it was.
    pub fn intrekken(
        stored: Stored<Self>,
        id: &str,
        wie: &str,
        now: Moment,
    ) -> Option<Change<Clear>> {
        if stored.value.ingetrokken.is_some() {
            return None;
        }
        let mut withdrawn = Self {
            ingetrokken: Some(now.unix()),
            ..stored.value
        };
        withdrawn.verloop.push(Wat::Ingetrokken.door(wie, now));
        let until = withdrawn.bewaard_tot();
        Some(withdrawn.put(Self::key(id), Expect::Version(stored.version), until))
    }

    /// The same parties and the same service.
    fn past_bij(&self, check: &MandateCheck) -> bool {
        self.vertegenwoordigde == check.vertegenwoordigde
            && self.gemachtigde == check.gemachtigde
            && self.service_uuid == check.service_uuid
    }

    /// etoegang.md §3: withdrawn, over and too low are handled the same way.
    fn houdt(&self, check: &MandateCheck, now: Moment) -> Result<(), Reden> {
        self.is_geldig(now)?;
        // The claim of the token says to which branch: another one makes it another mandate.
        if self.beperking != check.beperking {
            return Err(Reden::AndereBeperking);
        }
        if self.niveau < check.niveau_vereist {
            return Err(Reden::NiveauTeLaag);
        }
        Ok(())
    }

    /// Whether it counts now.
    ///
    /// # Errors
    /// [`Reden::Ingetrokken`] or [`Reden::NietGeldig`].
    pub fn is_geldig(&self, now: Moment) -> Result<(), Reden> {
        if self.ingetrokken.is_some() {
            return Err(Reden::Ingetrokken);
        }
        if now.unix() < self.van || Moment::from_unix(self.tot).is_over_at(now) {
            return Err(Reden::NietGeldig);
        }
        Ok(())
    }

    const fn bewaard_tot(&self) -> Moment {
        Moment::from_unix(self.tot).plus_s(BEWAARD_S)
    }
}

impl Wat {
    /// What the MR's audit log says of it, of the mandate of this reference.
    pub fn event(self, id: &str, wie: Actor) -> Event {
        let what = match self {
            Self::Geregistreerd => "a mandate was registered",
            Self::Ingetrokken => "a mandate was withdrawn",
        };
        Event::granted("etoegang.md §3", what, wie).with("machtiging", id)
    }

    fn door(self, wie: &str, now: Moment) -> Handeling {
        Handeling {
            wat: self,
            wanneer: now.unix(),
            wie: wie.to_owned(),
        }
    }
}

impl Gemachtigde {
    /// Under what its mandates are found ([`Machtiging::GEMACHTIGDE`]). The pseudonym is a random text;
    /// the number of the trade register is public.
    pub fn index(&self) -> String {
        match self {
            Self::Persoon(pseudoniem) => {
                jose::base64url_encode(jose::sha256(pseudoniem.0.as_bytes()))
            }
            Self::Organisatie(kenmerk) => format!("{}:{}", kenmerk.soort().urn(), kenmerk.waarde()),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Open {
    service_uuid: ServiceUuid,
    niveau: Betrouwbaarheidsniveau,
    van: i64,
    tot: i64,
    ingetrokken: Option<i64>,
    #[serde(default)]
    verloop: Vec<Handeling>,
}

#[derive(Serialize, Deserialize)]
struct Private {
    vertegenwoordigde: Kenmerk,
    gemachtigde: Gemachtigde,
    beperking: Option<Vestigingsnr>,
    #[serde(default)]
    attributen: Attributen,
}

impl Record for Machtiging {
    const SPACE: Space = Space("etoegang.machtiging");

    fn to_body(&self) -> Clear {
        let open = Open {
            service_uuid: self.service_uuid.clone(),
            niveau: self.niveau,
            van: self.van,
            tot: self.tot,
            ingetrokken: self.ingetrokken,
            verloop: self.verloop.clone(),
        };
        let private = Private {
            vertegenwoordigde: self.vertegenwoordigde.clone(),
            gemachtigde: self.gemachtigde.clone(),
            beperking: self.beperking.clone(),
            attributen: self.attributen.clone(),
        };
        let (all, value) = Self::ALL;
        let index = vec![
            (Self::GEMACHTIGDE, IndexKey::Text(self.gemachtigde.index())),
            (all, IndexKey::Text(value.to_owned())),
        ];
        versioned::body_with_private(&open, &private, index)
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        let open: Open = versioned::open(Self::SPACE, body)?;
        let private: Private = versioned::private(Self::SPACE, body)?;
        Ok(Self {
            vertegenwoordigde: private.vertegenwoordigde,
            gemachtigde: private.gemachtigde,
            service_uuid: open.service_uuid,
            niveau: open.niveau,
            beperking: private.beperking,
            attributen: private.attributen,
            van: open.van,
            tot: open.tot,
            ingetrokken: open.ingetrokken,
            verloop: open.verloop,
        })
    }
}

impl fmt::Display for Weigering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Voorbij => "the mandate ends before it begins, or has ended",
            Self::TeLang => "a mandate holds for five years at most",
            Self::Tussenpersoon => "who stands between is named by a KvkNr",
            Self::Zelf => "an organisation is not its own intermediary",
            Self::Attributen => "the attributes of a mandate are those of who is represented",
        })
    }
}

impl std::error::Error for Weigering {}

impl fmt::Debug for InternPseudoniem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InternPseudoniem(***)")
    }
}

#[cfg(test)]
#[path = "machtiging/tests.rs"]
mod tests;
