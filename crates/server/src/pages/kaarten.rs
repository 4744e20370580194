//! The cards of the result: what all providers told together, by what it is.
//!
//! Who fills them has decided what belongs together, what still holds and what was left out; here is
//! only how it reads.

use super::datum::datum;
use super::grafiek::{Band, Duur, Lijn, Lijngrafiek, Tijdbalken};
use super::texts::Texts;
use super::{Getal, Tijd, Waarde};

/// What a list shows before the rest is folded away.
const EERSTE: usize = 5;

/// Every card.
#[derive(Clone, Debug, Default)]
pub struct Kaarten {
    /// Medicines, when there are any.
    pub medicijnen: Option<Medicijnen>,
    /// Measurements with their course over time.
    pub metingen: Vec<Meetkaart>,
    /// How many measurements got no card.
    pub metingen_weggelaten: usize,
    /// Everything else, in the order of [`Lijstsoort::ALL`]; none that is empty.
    pub lijsten: Vec<Lijst>,
}

/// The medicines of a person.
#[derive(Clone, Debug)]
pub struct Medicijnen {
    /// Those that are being taken.
    pub in_gebruik: Vec<Medicijn>,
    /// Those that are not any more.
    pub gestopt: Vec<Medicijn>,
    /// How many are on no list.
    pub weggelaten: usize,
    /// Until when the bars of those in use run.
    pub vandaag: Tijd,
}

/// A medicine, with every stretch of its use.
#[derive(Clone, Debug)]
pub struct Medicijn {
    /// Its name, and strength if the provider says it.
    pub naam: String,
    /// Each use, the newest first; at least one.
    pub gebruik: Vec<Gebruik>,
}

/// A stretch of use, as one provider tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gebruik {
    /// A FHIR date.
    pub van: Option<String>,
    /// A FHIR date.
    pub tot: Option<String>,
    /// Whether it goes on.
    pub loopt: bool,
    /// How to take it.
    pub dosering: Option<String>,
    /// Who prescribed it.
    pub voorschrijver: Option<String>,
    /// Which provider tells it.
    pub aanbieder: String,
}

/// What was measured under one code, in one unit.
#[derive(Clone, Debug)]
pub struct Meetkaart {
    /// What it is.
    pub titel: String,
    /// In what; none for a bare number or words.
    pub eenheid: Option<String>,
    /// The names of its parts, one column each; a single measurement has one part without a name.
    pub delen: Vec<String>,
    /// Every time it was measured, the newest first; at least one.
    pub rijen: Vec<Meting>,
    /// How many older ones there are.
    pub weggelaten: usize,
    /// What is usual, for a card with one part.
    pub normaal: Option<Normaal>,
}

/// One time that something was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Meting {
    /// A FHIR date or dateTime.
    pub datum: Option<String>,
    /// A value for each part of its card.
    pub waarden: Vec<Option<Waarde>>,
    /// Which provider measured it.
    pub aanbieder: String,
}

/// A reference range (FHIR R4 §Observation.referenceRange), open on a side without a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Normaal {
    /// Its lower end.
    pub laag: Option<Getal>,
    /// Its upper end.
    pub hoog: Option<Getal>,
    /// Whose range it is.
    pub aanbieder: String,
}

/// A list of things that were told.
#[derive(Clone, Debug)]
pub struct Lijst {
    /// Of what.
    pub soort: Lijstsoort,
    /// The things, the newest first; at least one.
    pub items: Vec<Item>,
    /// How many more there are.
    pub weggelaten: usize,
}

/// What a list is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lijstsoort {
    /// What the person cannot bear.
    Allergieen,
    /// Diagnoses and complaints.
    Aandoeningen,
    /// Vaccinations.
    Vaccinaties,
    /// Visits and admissions.
    Contacten,
    /// Letters and reports.
    Documenten,
}

/// A thing on a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// When, or since when: a FHIR date or dateTime.
    pub datum: Option<String>,
    /// Until when.
    pub tot: Option<String>,
    /// Whether it goes on.
    pub loopt: bool,
    /// What it is.
    pub omschrijving: String,
    /// What else there is to tell.
    pub waarde: Option<Waarde>,
    /// Which providers tell it.
    pub aanbieders: Vec<String>,
}

/// A part of the page that can be reached from its top: its id and the key of its heading.
pub(super) type Deel = (&'static str, &'static str);

impl Kaarten {
    /// Whether there is no card.
    pub fn is_empty(&self) -> bool {
        self.medicijnen.is_none() && self.metingen.is_empty() && self.lijsten.is_empty()
    }

    /// What can be reached from the top.
    pub(super) fn delen(&self) -> Vec<Deel> {
        let mut delen = Vec::new();
        delen.extend(
            self.medicijnen
                .as_ref()
                .map(|_| ("medicijnen", "kaart-medicijnen")),
        );
        delen.extend((!self.metingen.is_empty()).then_some(("metingen", "kaart-metingen")));
        delen.extend(
            self.lijsten
                .iter()
                .map(|lijst| (lijst.soort.id(), lijst.soort.key())),
        );
        delen
    }
}

impl Medicijnen {
    /// The bars of all of them, those in use first.
    pub(super) fn balken(&self, t: &Texts) -> Option<Tijdbalken> {
        let bar = |gebruik: &Gebruik| -> Option<Duur> {
            let van = Tijd::parse(gebruik.van.as_deref()?)?;
            let tot = gebruik.tot.as_deref().and_then(Tijd::parse);
            // What has ended at a moment that nobody knows has no bar of which the end is true.
            (gebruik.loopt || tot.is_some()).then_some((van, tot.filter(|_| !gebruik.loopt)))
        };
        let all = self.in_gebruik.iter().chain(&self.gestopt);
        let regel = |medicijn: &Medicijn| {
            let duren = medicijn.gebruik.iter().filter_map(bar).collect();
            (medicijn.naam.clone(), duren)
        };
        let regels: Vec<(String, Vec<Duur>)> = all.map(regel).collect();
        Tijdbalken::draw(t, &regels, self.vandaag)
    }

    /// Both lists with the keys of their headings; none that is empty.
    pub(super) fn lijsten(&self) -> Vec<(&'static str, &[Medicijn])> {
        let both = [
            ("medicijnen-in-gebruik", self.in_gebruik.as_slice()),
            ("medicijnen-gestopt", self.gestopt.as_slice()),
        ];
        both.into_iter()
            .filter(|(_, all)| !all.is_empty())
            .collect()
    }
}

impl Medicijn {
    /// Each use with how to take it, unless the one before it said the same.
    pub(super) fn regels(&self) -> Vec<(Option<&str>, &Gebruik)> {
        let mut regels = Vec::new();
        let mut before = None;
        for gebruik in &self.gebruik {
            let now = gebruik.dosering.as_deref();
            regels.push((now.filter(|_| now != before), gebruik));
            before = now;
        }
        regels
    }
}

impl Gebruik {
    /// From when until when, in words.
    pub(super) fn periode(&self, t: &Texts) -> String {
        periode(t, self.van.as_deref(), self.tot.as_deref(), self.loopt)
    }
}

/// A stretch of time in words.
fn periode(t: &Texts, van: Option<&str>, tot: Option<&str>, loopt: bool) -> String {
    let day = |text: &str| datum(t, text);
    match (van, tot) {
        (Some(van), Some(tot)) if van == tot => day(van),
        (Some(van), Some(tot)) => t.with_two("periode-van-tot", "van", day(van), "tot", day(tot)),
        (Some(van), None) if loopt => t.with("periode-sinds", "van", day(van)),
        (Some(van), None) => t.with("periode-vanaf", "van", day(van)),
        (None, Some(tot)) => t.with("periode-tot", "tot", day(tot)),
        (None, None) => t.say("periode-onbekend"),
    }
}

impl Meetkaart {
    /// The newest value, in words: every part of it.
    pub(super) fn laatste(&self, t: &Texts) -> String {
        let Some(rij) = self.rijen.first() else {
            return String::new();
        };
        // Two pressures in one unit are written as everybody does: 128 / 82.
        let all: Vec<String> = rij
            .waarden
            .iter()
            .flatten()
            .map(|waarde| without_unit(t, waarde))
            .collect();
        all.join(" / ")
    }

    /// When, and from whom.
    pub(super) fn laatste_datum(&self, t: &Texts) -> String {
        let text = self.rijen.first().and_then(|rij| rij.datum.as_deref());
        text.map_or_else(|| t.say("datum-onbekend"), |text| datum(t, text))
    }

    /// Everybody who measured it, each once.
    fn aanbieders(&self) -> String {
        each_once(self.rijen.iter().map(|rij| rij.aanbieder.as_str()))
    }

    /// The course over time, when there are two values or more.
    pub(super) fn grafiek(&self, t: &Texts) -> Option<Lijngrafiek> {
        Lijngrafiek::draw(t, &self.lijnen(), self.band())
    }

    fn lijnen(&self) -> Vec<Lijn> {
        let drawn = |rij: &Meting, deel: usize| {
            let Some(Waarde::Getal(getal)) = rij.waarden.get(deel)?.as_ref() else {
                return None;
            };
            let tijd = Tijd::parse(rij.datum.as_deref()?)?;
            Some((tijd, getal.to_draw()?, getal.grens.is_some()))
        };
        let lijn = |deel| {
            self.rijen
                .iter()
                .filter_map(|rij| drawn(rij, deel))
                .collect()
        };
        (0..self.delen.len()).map(lijn).collect()
    }

    fn band(&self) -> Band {
        let end = |getal: &Option<Getal>| getal.as_ref().and_then(Getal::to_draw);
        let range = self.normaal.as_ref();
        range.map_or_else(Band::default, |normaal| Band {
            laag: end(&normaal.laag),
            hoog: end(&normaal.hoog),
        })
    }

    /// What somebody hears who does not see the chart: how many, from when to when, and for each
    /// part the lowest, the highest and the newest value.
    pub(super) fn beschrijving(&self, t: &Texts) -> String {
        let mut all = vec![t.with("grafiek-aantal", "aantal", self.rijen.len())];
        let days: Vec<&str> = self
            .rijen
            .iter()
            .filter_map(|rij| rij.datum.as_deref())
            .collect();
        if let (Some(last), Some(first)) = (days.first(), days.last()) {
            let (van, tot) = (datum(t, first), datum(t, last));
            all.push(t.with_two("grafiek-periode", "van", van, "tot", tot));
        }
        all.extend((0..self.delen.len()).filter_map(|deel| self.uitersten(t, deel)));
        let who = self.aanbieders();
        all.push(t.with("grafiek-door", "aanbieders", who.as_str()));
        all.push(t.say("grafiek-tabel"));
        all.join(" ")
    }

    fn uitersten(&self, t: &Texts, deel: usize) -> Option<String> {
        let known = |rij: &Meting| match rij.waarden.get(deel)?.as_ref()? {
            Waarde::Getal(getal) => Some((getal.to_draw()?, getal.in_words(t))),
            _ => None,
        };
        let all: Vec<(f64, String)> = self.rijen.iter().filter_map(known).collect();
        let by_number = |a: &&(f64, String), b: &&(f64, String)| a.0.total_cmp(&b.0);
        let low = &all.iter().min_by(by_number)?.1;
        let high = &all.iter().max_by(by_number)?.1;
        let naam = self.delen.get(deel).filter(|naam| !naam.is_empty());
        let said = t.with_two(
            "grafiek-uitersten",
            "laag",
            low.as_str(),
            "hoog",
            high.as_str(),
        );
        Some(naam.map_or_else(|| said.clone(), |naam| format!("{naam}: {said}")))
    }

    /// Whether any value is only a bound.
    pub(super) fn has_grens(&self) -> bool {
        let all = self
            .rijen
            .iter()
            .flat_map(|rij| rij.waarden.iter().flatten());
        all.into_iter()
            .any(|waarde| matches!(waarde, Waarde::Getal(getal) if getal.grens.is_some()))
    }
}

/// A value as it stands under a heading that names its unit.
fn without_unit(t: &Texts, waarde: &Waarde) -> String {
    match waarde {
        Waarde::Getal(getal) => getal.without_unit(t),
        other => other.in_words(t),
    }
}

/// Names, each once, in the order in which they first come.
fn each_once<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut once: Vec<&str> = Vec::new();
    for name in names {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    once.join(", ")
}

impl Meting {
    /// Its day, in words.
    pub(super) fn datum(&self, t: &Texts) -> String {
        let text = self.datum.as_deref();
        text.map_or_else(|| t.say("niet-bekend"), |text| datum(t, text))
    }

    /// Its values, a cell each.
    pub(super) fn cellen(&self, t: &Texts) -> Vec<String> {
        let cell = |waarde: &Option<Waarde>| match waarde {
            Some(waarde) => without_unit(t, waarde),
            None => t.say("niet-bekend"),
        };
        self.waarden.iter().map(cell).collect()
    }
}

impl Normaal {
    /// In words: `4 tot 6 mmol/L`, `lager dan 2,6 mmol/L`.
    pub(super) fn in_words(&self, t: &Texts) -> String {
        match (&self.laag, &self.hoog) {
            (Some(laag), Some(hoog)) => {
                let (laag, hoog) = (laag.without_unit(t), hoog.in_words(t));
                t.with_two("normaal-tussen", "laag", laag, "hoog", hoog)
            }
            (Some(laag), None) => t.with("normaal-boven", "laag", laag.in_words(t)),
            (None, Some(hoog)) => t.with("normaal-onder", "hoog", hoog.in_words(t)),
            (None, None) => t.say("niet-bekend"),
        }
    }
}

impl Lijst {
    /// What is seen at once.
    pub(super) fn eerste(&self) -> &[Item] {
        &self.items[..self.seen()]
    }

    /// What is folded away.
    pub(super) fn rest(&self) -> &[Item] {
        &self.items[self.seen()..]
    }

    /// One more is shown rather than folded away alone.
    fn seen(&self) -> usize {
        let all = self.items.len();
        if all <= EERSTE + 1 { all } else { EERSTE }
    }
}

impl Lijstsoort {
    /// In the order of the page: what matters when somebody treats you first.
    pub const ALL: [Self; 5] = [
        Self::Allergieen,
        Self::Aandoeningen,
        Self::Vaccinaties,
        Self::Contacten,
        Self::Documenten,
    ];

    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Allergieen => "allergieen",
            Self::Aandoeningen => "aandoeningen",
            Self::Vaccinaties => "vaccinaties",
            Self::Contacten => "contacten",
            Self::Documenten => "documenten",
        }
    }

    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Allergieen => "kaart-allergieen",
            Self::Aandoeningen => "kaart-aandoeningen",
            Self::Vaccinaties => "kaart-vaccinaties",
            Self::Contacten => "kaart-contacten",
            Self::Documenten => "kaart-documenten",
        }
    }
}

impl Item {
    /// When, in words; nothing when nobody knows.
    pub(super) fn periode(&self, t: &Texts) -> Option<String> {
        let (van, tot) = (self.datum.as_deref(), self.tot.as_deref());
        match (van, tot) {
            (None, None) => None,
            (Some(van), None) if !self.loopt => Some(datum(t, van)),
            _ => Some(periode(t, van, tot, self.loopt)),
        }
    }

    pub(super) fn aanbieders(&self) -> String {
        each_once(self.aanbieders.iter().map(String::as_str))
    }
}
