//! What a person agreed to at a DVA: one row from consent to the last refresh.
//!
//! The consent and the grant that it made are one row, so that a withdrawal is the removal of that row,
//! and no code or token can be given out of one that is gone (design §4).

use identity::{Bsn, GegevensdienstId, Ura};
use serde::{Deserialize, Serialize};
use verdict::{BadRow, Clear, IndexKey, Key, PersonTag, Record, Space, versioned};

use crate::scope::{Functie, Scope};
use crate::vertegenwoordiging::GeboortedatumParameter;

/// Seconds for which a code can be presented (medmij.md §3.5, case 45).
pub const CODE_S: u32 = 900;
/// Seconds for which a long-lived consent goes on without being used: half a year (core.autorisatie.100).
pub const ONGEBRUIKT_S: u32 = 183 * 86_400;

/// A consent (for Verzamelen and Abonneren) or a confirmation (for Delen).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toestemming {
    /// To whom.
    pub client_id: String,
    /// At which Aanbieder.
    pub ura: Ura,
    /// What for; the scope of code and refresh token (core.autorisatie.203).
    pub scope: Scope,
    /// As the request said; tested again at each issue.
    pub geboortedatum: Option<GeboortedatumParameter>,
    /// About whom: with representation, the represented person (ext.vert.authint.202).
    pub bsn: Bsn,
    /// The same, as a tag.
    pub persoon: PersonTag,
    /// Who gave it for that person; nothing when the person did.
    pub gever: Option<PersonTag>,
    /// The number of the run in which it was given.
    pub correlation_id: String,
    /// Whether it goes on until it is withdrawn.
    pub langdurig: bool,
    /// When it was given; seconds since 1970.
    pub gegeven: i64,
    /// When tokens were issued last; seconds since 1970.
    pub gebruikt: Option<i64>,
    /// What the newest access token opens.
    pub diensten: Vec<GegevensdienstId>,
    /// What its current secret is.
    pub geheim: Geheim,
}

/// What the current secret of a consent is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Geheim {
    /// A code, for this redirect URI.
    Code(String),
    /// None: the code was presented, and what it brings is being decided, or was refused.
    Gepresenteerd,
    /// A refresh token.
    RefreshToken(Wissel),
    /// None: a consent for once, whose access token goes on.
    Geen,
}

/// How the current refresh token came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wissel {
    /// When; seconds since 1970.
    pub at: i64,
    /// The certificate of whoever got it.
    pub x5t_s256: Option<String>,
}

impl Toestemming {
    /// The index by person.
    pub const PERSOON: &'static str = "persoon";
    /// The index by who gave it for somebody else.
    pub const GEVER: &'static str = "gever";

    /// Whether this person may see and end it: whom it is about, or who gave it for that person (medmij.md
    /// §2.5).
    pub fn is_of(&self, persoon: PersonTag) -> bool {
        self.persoon == persoon || self.gever == Some(persoon)
    }

    /// What can be read with its newest access token. A confirmation of Delen lets nobody read, and nor
    /// does a subscription, whose data are collected under a consent of their own (medmij.md §2.4).
    pub fn leesbaar(&self) -> &[GegevensdienstId] {
        match self.scope.functie {
            Functie::Verzamelen => &self.diensten,
            Functie::Delen(_) | Functie::Abonneren { .. } => &[],
        }
    }

    /// Where it stands.
    pub const fn key(id: [u8; 16]) -> Key {
        Key::Grant(Self::SPACE, id)
    }
}

#[derive(Serialize, Deserialize)]
struct Open {
    client_id: String,
    persoon: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gever: Option<String>,
    correlation_id: String,
    langdurig: bool,
    gegeven: i64,
    gebruikt: Option<i64>,
    geheim: Geheim,
}

/// At whom and for what is health data: it tells of a treatment relation.
#[derive(Serialize, Deserialize)]
struct Private {
    #[serde(with = "identity::bsn::revealed")]
    bsn: Bsn,
    ura: Ura,
    scope: Scope,
    geboortedatum: Option<GeboortedatumParameter>,
    diensten: Vec<GegevensdienstId>,
}

impl Record for Toestemming {
    const SPACE: Space = Space("medmij.toestemming");

    fn to_body(&self) -> Clear {
        let open = Open {
            client_id: self.client_id.clone(),
            persoon: verdict::person_tag_to_hex(self.persoon),
            gever: self.gever.map(verdict::person_tag_to_hex),
            correlation_id: self.correlation_id.clone(),
            langdurig: self.langdurig,
            gegeven: self.gegeven,
            gebruikt: self.gebruikt,
            geheim: self.geheim.clone(),
        };
        let private = Private {
            bsn: self.bsn.clone(),
            ura: self.ura.clone(),
            scope: self.scope.clone(),
            geboortedatum: self.geboortedatum,
            diensten: self.diensten.clone(),
        };
        let mut index = vec![(Self::PERSOON, IndexKey::Person(self.persoon))];
        index.extend(
            self.gever
                .map(|gever| (Self::GEVER, IndexKey::Person(gever))),
        );
        versioned::body_with_private(&open, &private, index)
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        let open: Open = versioned::open(Self::SPACE, body)?;
        let private: Private = versioned::private(Self::SPACE, body)?;
        Ok(Self {
            client_id: open.client_id,
            ura: private.ura,
            scope: private.scope,
            geboortedatum: private.geboortedatum,
            bsn: private.bsn,
            persoon: versioned::person(Self::SPACE, &open.persoon)?,
            gever: versioned::perhaps_person(Self::SPACE, open.gever.as_deref())?,
            correlation_id: open.correlation_id,
            langdurig: open.langdurig,
            gegeven: open.gegeven,
            gebruikt: open.gebruikt,
            diensten: private.diensten,
            geheim: open.geheim,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consent_survives_its_row_and_the_open_part_tells_nothing_of_care() {
        let given = crate::testing::toestemming();
        let body = given.to_body();
        let open = body.open.to_string();
        for hidden in [
            given.bsn.reveal(),
            given.ura.as_str(),
            given.scope.naam.scope_naam(),
        ] {
            assert!(!open.contains(hidden));
        }
        assert_eq!(Toestemming::from_body(&body), Ok(given.clone()));
        let by_other = Toestemming {
            gever: Some(PersonTag {
                key_id: 1,
                tag: [9; 32],
            }),
            ..given
        };
        let body = by_other.to_body();
        assert_eq!(Toestemming::from_body(&body), Ok(by_other));
        assert_eq!(body.index.len(), 2, "found by both");
    }
}
