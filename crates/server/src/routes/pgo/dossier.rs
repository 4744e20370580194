//! What the PGO keeps of a person: the link with Mitz, and what was collected last.

use serde::{Deserialize, Serialize};
use verdict::{BadRow, Body, Clear, Key, Record, Secrets, Space};

use super::overzicht::{Gegeven, Verteld};
use crate::pages;

/// How long a dossier is kept after its last change, in seconds: half a year, as long as its
/// refresh token works (MedMij core.account.101).
pub(super) const DOSSIER_S: u32 = 183 * 86_400;

/// The largest dossier, in bytes of JSON: what a row of the store holds (1 MiB), less a quarter for
/// the link with Mitz and for what sealing adds. More of it than this is left out, the oldest first,
/// and counted.
const DOSSIER_BYTES_MAX: usize = 768 * 1024;
/// The most that is kept of one gegevensdienst. Halved until the dossier fits.
const GEGEVENS_MAX: usize = 1_024;

/// A dossier.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Dossier {
    /// The link with Mitz, while there is one.
    pub(super) koppeling: Option<Koppeling>,
    /// What was collected last, per provider. A dossier of before it was kept in this form holds
    /// its link, and shows nothing until the person collects again.
    #[serde(default)]
    pub(super) verzameld: Vec<Aanbieder>,
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

/// What came of one gegevensdienst.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Groep {
    pub(super) titel: String,
    pub(super) inhoud: Inhoud,
}

/// Its data, or why there is none.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Inhoud {
    /// The newest first, and how many older ones were left out.
    Gegevens(Vec<Gegeven>, usize),
    /// The token's scope does not name it.
    NietVerleend,
    /// The token's scope names it, and the resource server gave nothing that we take.
    NietOpgehaald,
}

impl Dossier {
    /// Where it stands.
    pub(super) const fn key(id: [u8; 16]) -> Key {
        Key::Grant(Self::SPACE, id)
    }

    /// Leaves out what would not fit into a row, the oldest of each gegevensdienst first.
    pub(super) fn fit(&mut self) {
        fit(&mut self.verzameld);
    }
}

/// Leaves out what would not fit into a row, the oldest of each gegevensdienst first.
pub(super) fn fit(verzameld: &mut Vec<Aanbieder>) {
    let mut most = GEGEVENS_MAX;
    while most > 0 {
        for groep in verzameld.iter_mut().flat_map(Aanbieder::groepen) {
            groep.keep(most);
        }
        let bytes = serde_json::to_vec(&*verzameld).map_or(usize::MAX, |json| json.len());
        if bytes <= DOSSIER_BYTES_MAX {
            return;
        }
        most /= 2;
    }
    verzameld.clear();
}

/// As the page shows each provider.
pub(super) fn shown(verzameld: &[Aanbieder]) -> Vec<pages::ResultaatAanbieder> {
    let shown = |aanbieder: &Aanbieder| pages::ResultaatAanbieder {
        weergavenaam: aanbieder.weergavenaam.clone(),
        uitkomst: aanbieder.uitkomst.shown(),
    };
    verzameld.iter().map(shown).collect()
}

/// Everything that any provider told.
pub(super) fn verteld(verzameld: &[Aanbieder]) -> Vec<Verteld<'_>> {
    verzameld.iter().flat_map(Aanbieder::verteld).collect()
}

impl Aanbieder {
    fn verteld(&self) -> impl Iterator<Item = Verteld<'_>> {
        let groepen = match &self.uitkomst {
            Uitkomst::Gegevens(groepen) => groepen.as_slice(),
            _ => &[],
        };
        let gegevens = groepen.iter().flat_map(|groep| match &groep.inhoud {
            Inhoud::Gegevens(gegevens, _) => gegevens.as_slice(),
            Inhoud::NietVerleend | Inhoud::NietOpgehaald => &[],
        });
        gegevens.map(|gegeven| Verteld {
            aanbieder: &self.weergavenaam,
            gegeven,
        })
    }

    fn groepen(&mut self) -> &mut [Groep] {
        match &mut self.uitkomst {
            Uitkomst::Gegevens(groepen) => groepen,
            _ => &mut [],
        }
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
        pages::Groep {
            titel: self.titel.clone(),
            inhoud: match &self.inhoud {
                Inhoud::Gegevens(gegevens, weggelaten) => pages::Inhoud::Regels {
                    rijen: gegevens.iter().map(Gegeven::rij).collect(),
                    weggelaten: *weggelaten,
                },
                Inhoud::NietVerleend => pages::Inhoud::NietVerleend,
                Inhoud::NietOpgehaald => pages::Inhoud::NietOpgehaald,
            },
        }
    }

    fn keep(&mut self, most: usize) {
        if let Inhoud::Gegevens(gegevens, weggelaten) = &mut self.inhoud {
            *weggelaten += gegevens.len().saturating_sub(most);
            gegevens.truncate(most);
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn collected(number: usize, text: &str) -> Dossier {
        let resource = json!({ "resourceType": "Observation", "code": { "text": text } });
        let gegeven = Gegeven::read(&resource).expect("something to tell");
        let inhoud = Inhoud::Gegevens(vec![gegeven; number], 0);
        let titel = String::from("Laboratoriumresultaten");
        Dossier {
            verzameld: vec![Aanbieder {
                weergavenaam: String::from("De Kade"),
                uitkomst: Uitkomst::Gegevens(vec![Groep { titel, inhoud }]),
            }],
            ..Dossier::default()
        }
    }

    fn kept_and_left_out(mut dossier: Dossier) -> (usize, usize) {
        dossier.fit();
        assert!(dossier.to_body().private.reveal().len() < 1 << 20);
        let Uitkomst::Gegevens(groepen) = &dossier.verzameld[0].uitkomst else {
            panic!("data");
        };
        match &groepen[0].inhoud {
            Inhoud::Gegevens(gegevens, weggelaten) => (gegevens.len(), *weggelaten),
            _ => panic!("data"),
        }
    }

    #[test]
    fn a_dossier_fits_into_a_row_and_counts_what_it_leaves_out() {
        assert_eq!(kept_and_left_out(collected(300, "CRP")), (300, 0));
        assert_eq!(kept_and_left_out(collected(10_000, "CRP")), (1_024, 8_976));
        let (kept, left_out) = kept_and_left_out(collected(10_000, &"ë".repeat(300)));
        assert_eq!((kept, kept + left_out), (512, 10_000));
    }

    #[test]
    fn a_dossier_of_before_keeps_its_link() {
        let koppeling = json!({ "refresh_token": "r", "sub": "s", "nonce": "n" });
        let before = json!({ "koppeling": koppeling, "gekozen": [], "resultaat": [
            { "weergavenaam": "De Kade", "uitkomst": { "Gegevens": [
                { "titel": "x", "rijen": [{ "datum": null, "omschrijving": "y", "waarde": "z" }] }] } },
        ] });
        let body = Clear {
            private: Secrets::new(before.to_string().into_bytes()),
            ..Clear::default()
        };
        let read = Dossier::from_body(&body).expect("a dossier");
        assert!(read.koppeling.is_some() && read.verzameld.is_empty());
    }
}
