//! The pages of the PGO for whoever collects at a provider itself: of whom, what and for whom.

use super::texts::Texts;
use super::{PgoAanbieder, datum::datum};

/// Every Aanbieder that can be asked directly. Each has a link to [`PgoKeuze`].
#[derive(Clone, Debug)]
pub struct PgoRechtstreeks {
    /// The Aanbieders.
    pub aanbieders: Vec<PgoAanbieder>,
    /// Whether the person has connections to look at.
    pub verbindingen: bool,
}

page!(PgoRechtstreeks, |_| "rechtstreeks", "pgo_rechtstreeks.html");

/// What to collect at one Aanbieder, for whom, and at which DVA.
///
/// Form, one for each DVA: POST `/rechtstreeks/<naam>` with `formulier`, `dva`, `voor` (`mijzelf`, `kind` or
/// `machtiging`), `geboortedatum` and, for each gegevensdienst chosen, `dienst-<id>` with the value `ja`.
#[derive(Clone, Debug)]
pub struct PgoKeuze {
    /// The Aanbieder's name in a scope.
    pub naam: String,
    /// Its name for people.
    pub weergavenaam: String,
    /// The ways in: more than one when several DVAs serve it.
    pub ingangen: Vec<PgoIngang>,
    /// The way in whose form was sent, if one was.
    pub dva: String,
    /// For whom the person chose.
    pub voor: PgoVoorSoort,
    /// The date of birth as it was filled in.
    pub geboortedatum: String,
    /// What is missing in the form that was sent.
    pub fout: Option<PgoKiesfout>,
    /// Whether the Aanbieder takes a measurement.
    pub neemt_aan: bool,
    /// The token that binds the forms to this browser.
    pub formulier: String,
}

/// A way in to an Aanbieder.
#[derive(Clone, Debug)]
pub struct PgoIngang {
    /// The host of the DVA.
    pub dva: String,
    /// What can be had there.
    pub diensten: Vec<PgoDienst>,
}

/// A gegevensdienst that can be chosen.
#[derive(Clone, Debug)]
pub struct PgoDienst {
    /// Its number.
    pub id: String,
    /// Its name for people.
    pub titel: String,
}

/// What is missing in [`PgoKeuze`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PgoKiesfout {
    /// No gegevensdienst was chosen.
    Niets,
    /// The date of birth is no date.
    Geboortedatum,
}

/// For whom, as the form asks it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PgoVoorSoort {
    /// For whoever is at the browser.
    #[default]
    Mijzelf,
    /// For a child.
    Kind,
    /// For somebody who gave an authorisation.
    Machtiging,
}

/// Whose data it is. Somebody else has a date of birth as a FHIR date: there is no name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PgoVoor {
    /// Of whoever is at the browser.
    Mijzelf,
    /// Of a child.
    Kind(String),
    /// Of somebody who gave an authorisation.
    Machtiging(String),
}

page!(
    PgoKeuze,
    with | page,
    t | t.with("keuze-bij", "naam", page.weergavenaam.as_str()),
    "pgo_keuze.html"
);

impl PgoVoor {
    /// Whether it is somebody else.
    pub(super) const fn is_ander(&self) -> bool {
        !matches!(self, Self::Mijzelf)
    }

    /// As a sentence can end.
    pub(super) fn say(&self, t: &Texts) -> String {
        match self {
            Self::Mijzelf => t.say("voor-mijzelf"),
            Self::Kind(day) => t.with("voor-kind-van", "datum", datum(t, day)),
            Self::Machtiging(day) => t.with("voor-machtiging-van", "datum", datum(t, day)),
        }
    }
}

impl PgoVoorSoort {
    const ALL: [Self; 3] = [Self::Mijzelf, Self::Kind, Self::Machtiging];

    const fn waarde(self) -> &'static str {
        match self {
            Self::Mijzelf => "mijzelf",
            Self::Kind => "kind",
            Self::Machtiging => "machtiging",
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Mijzelf => "keuze-mijzelf",
            Self::Kind => "keuze-kind",
            Self::Machtiging => "keuze-machtiging",
        }
    }
}

impl PgoKeuze {
    /// What is missing in the form of this way in.
    fn fout_bij(&self, ingang: &PgoIngang) -> Option<PgoKiesfout> {
        self.fout.filter(|_| self.dva == ingang.dva)
    }

    fn is_niets(&self, ingang: &PgoIngang) -> bool {
        self.fout_bij(ingang) == Some(PgoKiesfout::Niets)
    }

    fn is_geen_datum(&self, ingang: &PgoIngang) -> bool {
        self.fout_bij(ingang) == Some(PgoKiesfout::Geboortedatum)
    }

    fn voorbeelden() -> Vec<Self> {
        let dienst = |id: &str, titel: &str| PgoDienst {
            id: id.to_owned(),
            titel: titel.to_owned(),
        };
        let ingang = |dva: &str| PgoIngang {
            dva: dva.to_owned(),
            diensten: vec![
                dienst("51", "Basisgegevens Zorg"),
                dienst("48", "Medicatiegegevens"),
            ],
        };
        let first = Self {
            naam: String::from("apotheekdebrug"),
            weergavenaam: String::from("Apotheek De Brug & Zonen <test>"),
            ingangen: vec![ingang("dva.voorbeeld.nl")],
            dva: String::new(),
            voor: PgoVoorSoort::Mijzelf,
            geboortedatum: String::new(),
            fout: None,
            neemt_aan: true,
            formulier: String::from("f-123"),
        };
        let two = Self {
            ingangen: vec![ingang("dva.voorbeeld.nl"), ingang("dva.elders.nl")],
            dva: String::from("dva.elders.nl"),
            voor: PgoVoorSoort::Kind,
            fout: Some(PgoKiesfout::Geboortedatum),
            ..first.clone()
        };
        let nothing = Self {
            fout: Some(PgoKiesfout::Niets),
            neemt_aan: false,
            geboortedatum: String::from("9-3-2015"),
            voor: PgoVoorSoort::Machtiging,
            ..two.clone()
        };
        vec![first, two, nothing]
    }
}

impl PgoRechtstreeks {
    fn voorbeelden() -> Vec<Self> {
        let aanbieder = |naam: &str, weergavenaam: &str| PgoAanbieder {
            naam: naam.to_owned(),
            weergavenaam: weergavenaam.to_owned(),
        };
        let some = Self {
            aanbieders: vec![
                aanbieder("ziekenhuisdeplas", "Ziekenhuis De Plas"),
                aanbieder("apotheekdebrug", "Apotheek De Brug & Zonen <test>"),
            ],
            verbindingen: true,
        };
        let none = Self {
            aanbieders: Vec::new(),
            verbindingen: false,
        };
        vec![some, none]
    }
}
