//! Whether a collection is whole, and what a person can do when it is not.

use super::pgo::{Groep, Inhoud, ResultaatAanbieder, Uitkomst};

/// How a collection ended, all providers together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Geheel {
    /// Everybody who was asked gave everything that was asked.
    Volledig,
    /// Some gave something, and not everything is there.
    Gedeeltelijk,
    /// Everybody answered, and nobody gave anything.
    Leeg,
    /// Nothing came, and not everybody answered.
    Mislukt,
}

/// Why something is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reden {
    /// The equal refusal.
    GeenGegevens,
    /// The provider gave an answer without a single line.
    NietsErin,
    /// Of some gegevensdiensten the provider gives nothing.
    NietVerleend,
    /// Of some gegevensdiensten nothing came.
    NietOpgehaald,
    /// No answer.
    NietBereikbaar,
    /// In no list of MedMij.
    NietInMedMij,
    /// An answer of somebody else.
    NietVertrouwd,
}

impl Geheel {
    pub(super) fn of(aanbieders: &[ResultaatAanbieder]) -> Self {
        let any = |is: fn(&ResultaatAanbieder) -> bool| aanbieders.iter().any(is);
        let missing = Reden::of(aanbieders);
        if any(gave) {
            if missing.is_empty() {
                Self::Volledig
            } else {
                Self::Gedeeltelijk
            }
        } else if missing.iter().all(|(reden, _)| reden.is_answer()) {
            Self::Leeg
        } else {
            Self::Mislukt
        }
    }

    /// The text that tells it, with its part `uitleg`; none when there is nothing to tell.
    pub(super) const fn key(self) -> Option<&'static str> {
        match self {
            Self::Volledig => None,
            Self::Gedeeltelijk => Some("geheel-gedeeltelijk"),
            Self::Leeg => Some("geheel-leeg"),
            Self::Mislukt => Some("geheel-mislukt"),
        }
    }

    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Volledig | Self::Leeg => "stil",
            Self::Gedeeltelijk | Self::Mislukt => "let-op",
        }
    }
}

impl Reden {
    /// Every reason there is, each once, with the providers that it is about.
    pub(super) fn of(aanbieders: &[ResultaatAanbieder]) -> Vec<(Self, Vec<&str>)> {
        let mut found: Vec<(Self, Vec<&str>)> = Vec::new();
        for aanbieder in aanbieders {
            for reden in Self::at(&aanbieder.uitkomst) {
                let naam = aanbieder.weergavenaam.as_str();
                match found.iter_mut().find(|(known, _)| *known == reden) {
                    Some((_, namen)) => namen.push(naam),
                    None => found.push((reden, vec![naam])),
                }
            }
        }
        found.sort();
        found
    }

    fn at(uitkomst: &Uitkomst) -> Vec<Self> {
        let groepen = match uitkomst {
            Uitkomst::Gegevens(groepen) => groepen,
            Uitkomst::GeenGegevensBeschikbaar => return vec![Self::GeenGegevens],
            Uitkomst::NietBereikbaar => return vec![Self::NietBereikbaar],
            Uitkomst::NietInMedMij => return vec![Self::NietInMedMij],
            Uitkomst::NietVertrouwd => return vec![Self::NietVertrouwd],
        };
        let any = |is: fn(&Groep) -> bool| groepen.iter().any(is);
        let gaps = [
            (
                Self::NietVerleend,
                any(|g| matches!(g.inhoud, Inhoud::NietVerleend)),
            ),
            (
                Self::NietOpgehaald,
                any(|g| matches!(g.inhoud, Inhoud::NietOpgehaald)),
            ),
        ];
        let mut all: Vec<Self> = gaps
            .into_iter()
            .filter(|(_, is)| *is)
            .map(|(r, _)| r)
            .collect();
        if all.is_empty() && !any(|groep| !groep.rijen().is_empty()) {
            all.push(Self::NietsErin);
        }
        all
    }

    /// Whether the provider did answer.
    const fn is_answer(self) -> bool {
        matches!(
            self,
            Self::GeenGegevens | Self::NietsErin | Self::NietVerleend
        )
    }

    /// The text that says what it is and what to do.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::GeenGegevens => "reden-geen-gegevens",
            Self::NietsErin => "reden-niets-erin",
            Self::NietVerleend => "reden-niet-verleend",
            Self::NietOpgehaald => "reden-niet-opgehaald",
            Self::NietBereikbaar => "reden-niet-bereikbaar",
            Self::NietInMedMij => "reden-niet-in-medmij",
            Self::NietVertrouwd => "reden-niet-vertrouwd",
        }
    }
}

/// Whether a provider gave a line at least.
fn gave(aanbieder: &ResultaatAanbieder) -> bool {
    match &aanbieder.uitkomst {
        Uitkomst::Gegevens(groepen) => groepen.iter().any(|groep| !groep.rijen().is_empty()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::Rij;

    fn groep(inhoud: Inhoud) -> Groep {
        let titel = String::from("Laboratoriumresultaten");
        Groep { titel, inhoud }
    }

    fn regels(number: usize) -> Groep {
        let rij = Rij {
            datum: None,
            omschrijving: String::from("Glucose"),
            waarde: None,
        };
        let (rijen, weggelaten) = (vec![rij; number], 0);
        groep(Inhoud::Regels { rijen, weggelaten })
    }

    fn asked(uitkomsten: Vec<Uitkomst>) -> (Geheel, Vec<Reden>) {
        let named = |uitkomst| ResultaatAanbieder {
            weergavenaam: String::from("De Kade"),
            uitkomst,
        };
        let aanbieders: Vec<ResultaatAanbieder> = uitkomsten.into_iter().map(named).collect();
        let redenen = Reden::of(&aanbieders);
        let redenen = redenen.into_iter().map(|(reden, _)| reden).collect();
        (Geheel::of(&aanbieders), redenen)
    }

    #[test]
    fn everything_of_everybody_is_whole() {
        let all = vec![Uitkomst::Gegevens(vec![regels(1), regels(0)])];
        assert_eq!(asked(all), (Geheel::Volledig, vec![]));
    }

    #[test]
    fn a_provider_or_a_gegevensdienst_that_fails_makes_it_partial() {
        let here = || Uitkomst::Gegevens(vec![regels(2)]);
        for (missing, reden) in [
            (Uitkomst::NietBereikbaar, Reden::NietBereikbaar),
            (Uitkomst::GeenGegevensBeschikbaar, Reden::GeenGegevens),
            (Uitkomst::Gegevens(vec![]), Reden::NietsErin),
        ] {
            let found = asked(vec![here(), missing]);
            assert_eq!(found, (Geheel::Gedeeltelijk, vec![reden]));
        }
        for (inhoud, reden) in [
            (Inhoud::NietVerleend, Reden::NietVerleend),
            (Inhoud::NietOpgehaald, Reden::NietOpgehaald),
        ] {
            let found = asked(vec![Uitkomst::Gegevens(vec![regels(1), groep(inhoud)])]);
            assert_eq!(found, (Geheel::Gedeeltelijk, vec![reden]));
        }
    }

    #[test]
    fn nothing_is_empty_when_everybody_answered_and_failed_when_not() {
        let none = || Uitkomst::GeenGegevensBeschikbaar;
        assert_eq!(
            asked(vec![none(), none()]),
            (Geheel::Leeg, vec![Reden::GeenGegevens])
        );
        let empty = Uitkomst::Gegevens(vec![regels(0)]);
        assert_eq!(asked(vec![empty]), (Geheel::Leeg, vec![Reden::NietsErin]));
        let (geheel, redenen) = asked(vec![Uitkomst::NietVertrouwd, none()]);
        assert_eq!(geheel, Geheel::Mislukt);
        assert_eq!(redenen, [Reden::GeenGegevens, Reden::NietVertrouwd]);
        let failed = Uitkomst::Gegevens(vec![groep(Inhoud::NietOpgehaald)]);
        assert_eq!(asked(vec![failed]).0, Geheel::Mislukt);
    }
}
