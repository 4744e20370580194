//! What a person decided, and what follows from it for one provider.

use identity::Ura;
use serde::{Deserialize, Serialize};

use crate::catalogus::Categorie;

/// What the PGO wants to do (seed 000 step 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Functie {
    /// Collect data from a provider.
    #[default]
    Verzamelen,
    /// Share data with a provider.
    Delen,
}

impl Functie {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verzamelen => "verzamelen",
            Self::Delen => "delen",
        }
    }

    /// Reads its name; nothing for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "verzamelen" => Some(Self::Verzamelen),
            "delen" => Some(Self::Delen),
            _ => None,
        }
    }
}

/// To which providers a choice applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Waarvoor {
    /// One provider.
    Aanbieder(Ura),
    /// Every provider of a category.
    Categorie(Categorie),
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Besluit {
    /// The person agrees.
    Toestemming,
    /// The person objects.
    Bezwaar,
}

/// One choice of a person for one PGO.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keuze {
    /// For whom.
    pub waarvoor: Waarvoor,
    /// For what.
    pub functie: Functie,
    /// Yes or no.
    pub besluit: Besluit,
}

/// What the choices come to for this provider and function: specific beats general, and at equal
/// specificity an objection beats a consent (mitz.md §2.4, mitz case 29). No choice is no consent.
pub fn beslis(
    keuzes: &[Keuze],
    ura: &Ura,
    categorie: Option<&Categorie>,
    functie: Functie,
) -> Besluit {
    let van = |raakt: &dyn Fn(&Waarvoor) -> bool| {
        let besluiten = keuzes
            .iter()
            .filter(|keuze| keuze.functie == functie && raakt(&keuze.waarvoor))
            .map(|keuze| keuze.besluit);
        strengste(besluiten)
    };
    van(&|waarvoor| matches!(waarvoor, Waarvoor::Aanbieder(a) if a == ura))
        .or_else(|| {
            van(&|waarvoor| matches!(waarvoor, Waarvoor::Categorie(c) if Some(c) == categorie))
        })
        .unwrap_or(Besluit::Bezwaar)
}

/// An objection among equals wins.
fn strengste(mut besluiten: impl Iterator<Item = Besluit>) -> Option<Besluit> {
    let first = besluiten.next()?;
    Some(besluiten.fold(first, |so_far, next| match (so_far, next) {
        (Besluit::Toestemming, Besluit::Toestemming) => Besluit::Toestemming,
        _ => Besluit::Bezwaar,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ura(text: &str) -> Ura {
        Ura::parse(text).expect("a URA")
    }

    fn categorie(text: &str) -> Categorie {
        Categorie(text.to_owned())
    }

    fn voor_aanbieder(ura_text: &str, besluit: Besluit) -> Keuze {
        Keuze {
            waarvoor: Waarvoor::Aanbieder(ura(ura_text)),
            functie: Functie::Verzamelen,
            besluit,
        }
    }

    fn voor_categorie(naam: &str, besluit: Besluit) -> Keuze {
        Keuze {
            waarvoor: Waarvoor::Categorie(categorie(naam)),
            functie: Functie::Verzamelen,
            besluit,
        }
    }

    fn besluit(keuzes: &[Keuze]) -> Besluit {
        let ziekenhuis = categorie("ziekenhuis");
        beslis(
            keuzes,
            &ura("00000659"),
            Some(&ziekenhuis),
            Functie::Verzamelen,
        )
    }

    #[test]
    fn mitz_case_029_an_objection_to_one_hospital_beats_consent_for_all_hospitals() {
        let keuzes = [
            voor_categorie("ziekenhuis", Besluit::Toestemming),
            voor_aanbieder("00000659", Besluit::Bezwaar),
        ];
        // mitz.md §2.4
        assert_eq!(besluit(&keuzes), Besluit::Bezwaar);
        assert_eq!(besluit(&keuzes[..1]), Besluit::Toestemming);
    }

    #[test]
    fn a_consent_for_one_provider_beats_an_objection_to_its_category() {
        let keuzes = [
            voor_aanbieder("00000659", Besluit::Toestemming),
            voor_categorie("ziekenhuis", Besluit::Bezwaar),
        ];
        assert_eq!(besluit(&keuzes), Besluit::Toestemming);
    }

    #[test]
    fn at_equal_specificity_the_objection_wins_in_either_order() {
        let mut keuzes = vec![
            voor_aanbieder("00000659", Besluit::Toestemming),
            voor_aanbieder("00000659", Besluit::Bezwaar),
        ];
        assert_eq!(besluit(&keuzes), Besluit::Bezwaar);
        keuzes.reverse();
        assert_eq!(besluit(&keuzes), Besluit::Bezwaar);
    }

    #[test]
    fn without_a_choice_for_this_provider_category_and_function_there_is_no_consent() {
        let delen = Keuze {
            functie: Functie::Delen,
            ..voor_aanbieder("00000659", Besluit::Toestemming)
        };
        let ander = voor_aanbieder("00000666", Besluit::Toestemming);
        let apotheek = voor_categorie("apotheek", Besluit::Toestemming);
        assert_eq!(besluit(&[]), Besluit::Bezwaar);
        assert_eq!(besluit(&[delen, ander, apotheek]), Besluit::Bezwaar);
    }

    #[test]
    fn a_provider_without_a_category_is_reached_by_name_only() {
        let keuzes = [voor_categorie("ziekenhuis", Besluit::Toestemming)];
        let ura = ura("00000659");
        assert_eq!(
            beslis(&keuzes, &ura, None, Functie::Verzamelen),
            Besluit::Bezwaar
        );
    }
}
