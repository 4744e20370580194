//! The pages of the PGO for whoever hands a measurement to a provider (medmij.md §2.4).

use super::ResultaatAanbieder;
use super::texts::Texts;
use super::{Groep, Inhoud, Rij, Uitkomst, Waarde, datum::datum};

/// A weight for one Aanbieder.
///
/// Form: POST `/rechtstreeks/<naam>/delen` with `formulier` and `gewicht`.
#[derive(Clone, Debug)]
pub struct PgoDelen {
    /// The Aanbieder's name in a scope.
    pub naam: String,
    /// Its name for people.
    pub weergavenaam: String,
    /// The host of the DVA.
    pub dva: String,
    /// The weight as it was filled in.
    pub gewicht: String,
    /// Whether that is no weight.
    pub fout: bool,
    /// The token that binds the form to this browser.
    pub formulier: String,
}

page!(
    PgoDelen,
    with | page,
    t | t.with("delen-met", "naam", page.weergavenaam.as_str()),
    "pgo_delen.html"
);

/// What was placed, and when.
#[derive(Clone, Debug)]
pub struct PgoDelenBon {
    /// With whom, and what.
    pub aanbieder: ResultaatAanbieder,
    /// The Aanbieder's name in a scope.
    pub naam: String,
    /// When: a FHIR dateTime.
    pub op: String,
}

page!(PgoDelenBon, |_| "delen-bon", "pgo_delen_bon.html");

impl PgoDelenBon {
    fn op(&self, t: &Texts) -> String {
        let clock = self.op.split('T').nth(1).unwrap_or_default();
        t.with_two("op-de-klok", "datum", datum(t, &self.op), "tijd", clock)
    }

    /// What was placed.
    fn rijen(&self) -> impl Iterator<Item = &Rij> {
        let groepen = match &self.aanbieder.uitkomst {
            Uitkomst::Gegevens(groepen) => groepen.as_slice(),
            _ => &[],
        };
        groepen.iter().flat_map(Groep::rijen)
    }

    fn voorbeelden() -> Vec<Self> {
        let rij = Rij {
            datum: Some(String::from("2026-11-27")),
            omschrijving: String::from("Lichaamsgewicht"),
            waarde: Some(Waarde::Tekst(String::from("71,5 kg <thuis>"))),
        };
        let groep = Groep {
            titel: String::from("Meetwaarden vitale functies"),
            inhoud: Inhoud::Regels {
                rijen: vec![rij],
                weggelaten: 0,
            },
        };
        vec![Self {
            aanbieder: ResultaatAanbieder {
                weergavenaam: String::from("Ziekenhuis De Plas"),
                uitkomst: Uitkomst::Gegevens(vec![groep]),
            },
            naam: String::from("ziekenhuisdeplas"),
            op: String::from("2026-11-27T10:05"),
        }]
    }
}

impl PgoDelen {
    fn voorbeelden() -> Vec<Self> {
        let first = Self {
            naam: String::from("ziekenhuisdeplas"),
            weergavenaam: String::from("Ziekenhuis De Plas"),
            dva: String::from("dva.voorbeeld.nl"),
            gewicht: String::new(),
            fout: false,
            formulier: String::from("f-123"),
        };
        let again = Self {
            gewicht: String::from("zwaar <"),
            fout: true,
            ..first.clone()
        };
        vec![first, again]
    }
}
