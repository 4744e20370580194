//! What the PGO keeps of a person: the link with Mitz, and what was collected last.

use serde::{Deserialize, Serialize};
use verdict::{BadRow, Body, Clear, Key, Record, Secrets, Space};

use crate::pages;

/// How long a dossier is kept after its last change, in seconds: half a year, as long as its
/// refresh token works (MedMij core.account.101).
pub(super) const DOSSIER_S: u32 = 183 * 86_400;

/// A dossier.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Dossier {
    /// The link with Mitz, while there is one.
    pub(super) koppeling: Option<Koppeling>,
    /// What was collected last, per provider.
    pub(super) resultaat: Vec<Aanbieder>,
    /// What the person had chosen then.
    pub(super) gekozen: Vec<String>,
}

/// The link with Mitz.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Koppeling {
    /// For the next access token.
    pub(super) refresh_token: String,
    /// The person, as Mitz names him to us.
    pub(super) sub: String,
    /// The nonce of the login.
    pub(super) nonce: String,
}

/// What came of one provider.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Aanbieder {
    pub(super) weergavenaam: String,
    pub(super) uitkomst: Uitkomst,
}

/// How collecting from one provider ended.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Uitkomst {
    Gegevens(Vec<Groep>),
    GeenGegevensBeschikbaar,
    NietBereikbaar,
    NietInMedMij,
    NietVertrouwd,
}

/// What one gegevensdienst brought.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Groep {
    pub(super) titel: String,
    pub(super) rijen: Vec<Rij>,
}

/// One line for people.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rij {
    pub(super) datum: Option<String>,
    pub(super) omschrijving: String,
    pub(super) waarde: Option<String>,
}

impl Dossier {
    /// Where it stands.
    pub(super) const fn key(id: [u8; 16]) -> Key {
        Key::Grant(Self::SPACE, id)
    }

    /// As the page shows it.
    pub(super) fn aanbieders(&self) -> Vec<pages::ResultaatAanbieder> {
        let shown = |aanbieder: &Aanbieder| pages::ResultaatAanbieder {
            weergavenaam: aanbieder.weergavenaam.clone(),
            uitkomst: aanbieder.uitkomst.shown(),
        };
        self.resultaat.iter().map(shown).collect()
    }
}

impl Uitkomst {
    fn shown(&self) -> pages::Uitkomst {
        match self {
            Self::Gegevens(groepen) => {
                pages::Uitkomst::Gegevens(groepen.iter().map(Groep::shown).collect())
            }
            Self::GeenGegevensBeschikbaar => pages::Uitkomst::GeenGegevensBeschikbaar,
            Self::NietBereikbaar => pages::Uitkomst::NietBereikbaar,
            Self::NietInMedMij => pages::Uitkomst::NietInMedMij,
            Self::NietVertrouwd => pages::Uitkomst::NietVertrouwd,
        }
    }
}

impl Groep {
    fn shown(&self) -> pages::Groep {
        let shown = |rij: &Rij| pages::Rij {
            datum: rij.datum.clone(),
            omschrijving: rij.omschrijving.clone(),
            waarde: rij.waarde.clone(),
        };
        pages::Groep {
            titel: self.titel.clone(),
            rijen: self.rijen.iter().map(shown).collect(),
        }
    }
}

/// Everything in a dossier is health data or a secret: all of it is the private part.
impl Record for Dossier {
    const SPACE: Space = Space("pgo.dossier");

    fn to_body(&self) -> Clear {
        Body {
            private: Secrets::new(serde_json::to_vec(self).unwrap_or_default()),
            ..Clear::default()
        }
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        serde_json::from_slice(body.private.reveal()).map_err(|_| BadRow {
            space: Self::SPACE.0,
            member: "private part",
        })
    }
}
