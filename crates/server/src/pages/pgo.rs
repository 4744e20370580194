//! The pages of the PGO: choose, result, and what went wrong in between.

use super::melding::Melding;
use super::texts::Texts;
use super::{Page, PageContext, Shell, datum::datum};

/// The PGO's first page: choose providers and begin.
///
/// Forms: POST `/verzamelen` with `formulier` and, for each provider chosen, `aanbieder-<naam>`
/// with the value `ja`; when linked also POST `/ontkoppelen` with `formulier`.
#[derive(Clone, Debug)]
pub struct PgoStart {
    /// Whether Mitz still knows this PGO: no login needed.
    pub gekoppeld: bool,
    /// Every provider that can be chosen.
    pub aanbieders: Vec<PgoAanbieder>,
    /// Whether the person sent the form with nobody chosen: says so, and leaves all unchosen.
    pub niemand_gekozen: bool,
    /// The token that binds the form to this browser.
    pub formulier: String,
}

/// A provider that can be chosen.
#[derive(Clone, Debug)]
pub struct PgoAanbieder {
    /// Its name in the lists, which the form sends back.
    pub naam: String,
    /// Its name for people.
    pub weergavenaam: String,
}

page!(PgoStart, |_| "pgo-start", "pgo_start.html");

/// What came of collecting.
///
/// Form: POST `/verzamelen` with `formulier` and the providers of `opnieuw`, as on [`PgoStart`].
#[derive(Clone, Debug)]
pub struct PgoResultaat {
    /// Each provider that was asked; none when Mitz named no location.
    pub aanbieders: Vec<ResultaatAanbieder>,
    /// The names (in the lists) of the providers to ask when the person collects again.
    pub opnieuw: Vec<String>,
    /// Where the person can change and withdraw consents.
    pub toestemmingen_url: String,
    /// The token that binds the form to this browser.
    pub formulier: String,
}

/// What came of one provider.
#[derive(Clone, Debug)]
pub struct ResultaatAanbieder {
    /// Its name for people.
    pub weergavenaam: String,
    /// What it came to.
    pub uitkomst: Uitkomst,
}

/// How collecting from one provider ended.
#[derive(Clone, Debug)]
pub enum Uitkomst {
    /// With data.
    Gegevens(Vec<Groep>),
    /// The equal refusal: no consent, no treatment relation, too young, or nothing there. One text
    /// for all of them, because the PGO cannot and may not know which (mitz.md §2.9, steps 26–27).
    GeenGegevensBeschikbaar,
    /// The provider or its DVA gives no answer now (mitz.md §2.9, steps 21–22).
    NietBereikbaar,
    /// The lists do not know the provider (mitz.md §2.9, step 20).
    NietInMedMij,
    /// The answer cannot have come from whom it should.
    NietVertrouwd,
}

/// The data of one gegevensdienst.
#[derive(Clone, Debug)]
pub struct Groep {
    /// Name of the gegevensdienst for people.
    pub titel: String,
    /// The data, newest first if the caller so wishes.
    pub rijen: Vec<Rij>,
}

/// One line of data.
#[derive(Clone, Debug)]
pub struct Rij {
    /// A FHIR date or dateTime.
    pub datum: Option<String>,
    /// What it is.
    pub omschrijving: String,
    /// Value and unit, dose, or the like.
    pub waarde: Option<String>,
}

page!(PgoResultaat, |_| "resultaat", "pgo_resultaat.html");

/// Why the person is back at the PGO without data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PgoMelding {
    /// Why.
    pub soort: PgoMeldingSoort,
}

/// See [`PgoMelding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PgoMeldingSoort {
    /// The person gave no consent, or stopped.
    GeenToestemming,
    /// Something failed at Mitz or between Mitz and us.
    Mislukt,
    /// An answer that this browser never asked for.
    NietVanOns,
    /// Mitz gives no answer now.
    MitzNietBereikbaar,
    /// The link with Mitz has ended: log in again.
    OpnieuwBeginnen,
    /// A form that is not of this browser's visit.
    FormulierVerlopen,
}

impl PgoMeldingSoort {
    const ALL: [Self; 6] = [
        Self::GeenToestemming,
        Self::Mislukt,
        Self::NietVanOns,
        Self::MitzNietBereikbaar,
        Self::OpnieuwBeginnen,
        Self::FormulierVerlopen,
    ];

    const fn key(self) -> &'static str {
        match self {
            Self::GeenToestemming => "pgo-geen-toestemming",
            Self::Mislukt => "pgo-mislukt",
            Self::NietVanOns => "pgo-niet-van-ons",
            Self::MitzNietBereikbaar => "pgo-mitz-niet-bereikbaar",
            Self::OpnieuwBeginnen => "pgo-opnieuw-beginnen",
            Self::FormulierVerlopen => "pgo-formulier-verlopen",
        }
    }
}

impl PageContext for PgoMelding {
    fn render(&self, shell: &Shell) -> Page {
        let (key, link) = (self.soort.key(), Some(("/", "pgo-naar-begin")));
        Melding { key, link }.render(shell)
    }

    fn samples() -> Vec<Self> {
        PgoMeldingSoort::ALL.map(|soort| Self { soort }).to_vec()
    }
}

impl PgoStart {
    fn voorbeelden() -> Vec<Self> {
        let aanbieder = |naam: &str, weergavenaam: &str| PgoAanbieder {
            naam: naam.to_owned(),
            weergavenaam: weergavenaam.to_owned(),
        };
        let first = Self {
            gekoppeld: false,
            aanbieders: vec![
                aanbieder("ziekenhuisdeplas", "Ziekenhuis De Plas"),
                aanbieder("huisartsenpraktijkdekade", "Huisartsenpraktijk De Kade"),
                aanbieder("apotheekdebrug", "Apotheek De Brug & Zonen <test>"),
            ],
            niemand_gekozen: false,
            formulier: String::from("f-123"),
        };
        vec![
            first.clone(),
            Self {
                gekoppeld: true,
                ..first.clone()
            },
            Self {
                niemand_gekozen: true,
                ..first.clone()
            },
            Self {
                aanbieders: Vec::new(),
                ..first
            },
        ]
    }
}

impl Uitkomst {
    /// The text that explains it; its part `kort` is the label. With data there is only the label.
    const fn key(&self) -> &'static str {
        match self {
            Self::Gegevens(_) => "uitkomst-gegevens",
            Self::GeenGegevensBeschikbaar => "uitkomst-geen-gegevens",
            Self::NietBereikbaar => "uitkomst-niet-bereikbaar",
            Self::NietInMedMij => "uitkomst-niet-in-medmij",
            Self::NietVertrouwd => "uitkomst-niet-vertrouwd",
        }
    }

    /// The class that brings the colour of its label.
    const fn class(&self) -> &'static str {
        match self {
            Self::Gegevens(_) => "goed",
            Self::GeenGegevensBeschikbaar => "stil",
            Self::NietBereikbaar | Self::NietInMedMij => "let-op",
            Self::NietVertrouwd => "fout",
        }
    }
}

impl Groep {
    /// Whether any line has a date: without one the column is left out.
    fn has_datum(&self) -> bool {
        self.rijen.iter().any(|rij| rij.datum.is_some())
    }

    /// Whether any line has a value.
    fn has_waarde(&self) -> bool {
        self.rijen.iter().any(|rij| rij.waarde.is_some())
    }
}

impl Rij {
    fn datum(&self, t: &Texts) -> String {
        let text = self.datum.as_deref();
        text.map_or_else(|| t.say("niet-bekend"), |text| datum(t, text))
    }
}

impl PgoResultaat {
    /// From how many providers there is data.
    fn with_data(&self) -> usize {
        let has_data = |a: &&ResultaatAanbieder| matches!(a.uitkomst, Uitkomst::Gegevens(_));
        self.aanbieders.iter().filter(has_data).count()
    }

    fn voorbeelden() -> Vec<Self> {
        let aanbieder = |weergavenaam: &str, uitkomst| ResultaatAanbieder {
            weergavenaam: weergavenaam.to_owned(),
            uitkomst,
        };
        let full = Self {
            aanbieders: vec![
                aanbieder(
                    "Ziekenhuis De Plas",
                    Uitkomst::Gegevens(vec![metingen(), afspraken(), zonder_datum(), leeg()]),
                ),
                aanbieder(
                    "Huisartsenpraktijk De Kade",
                    Uitkomst::GeenGegevensBeschikbaar,
                ),
                aanbieder("Apotheek De Brug & Zonen", Uitkomst::NietBereikbaar),
                aanbieder("00000659", Uitkomst::NietInMedMij),
                aanbieder("Kliniek De Dijk", Uitkomst::NietVertrouwd),
            ],
            opnieuw: vec![
                String::from("ziekenhuisdeplas"),
                String::from("apotheekdebrug"),
            ],
            toestemmingen_url: String::from("https://toestemmingen.localhost:8443/"),
            formulier: String::from("f-123"),
        };
        let empty = Self {
            aanbieders: Vec::new(),
            ..full.clone()
        };
        vec![full, empty]
    }
}

fn rij(datum: Option<&str>, omschrijving: &str, waarde: Option<&str>) -> Rij {
    Rij {
        datum: datum.map(str::to_owned),
        omschrijving: omschrijving.to_owned(),
        waarde: waarde.map(str::to_owned),
    }
}

fn groep(titel: &str, rijen: Vec<Rij>) -> Groep {
    let titel = titel.to_owned();
    Groep { titel, rijen }
}

fn metingen() -> Groep {
    let rijen = vec![
        rij(
            Some("2026-10-02T09:30:00+02:00"),
            "Bloeddruk",
            Some("128 / 82 mmHg"),
        ),
        rij(
            Some("2026-09-18"),
            "Hemoglobine in bloed <5",
            Some("8,6 mmol/l"),
        ),
        rij(Some("2026-09"), "Lichaamsgewicht", Some("74,2 kg")),
        rij(
            None,
            "Glucose (nuchter) in plasma, bepaald met een meter voor thuisgebruik",
            None,
        ),
    ];
    groep("Metingen en uitslagen", rijen)
}

fn afspraken() -> Groep {
    let rijen = vec![
        rij(Some("2026-12-01"), "Controle bij de cardioloog", None),
        rij(Some("2026-06-11"), "Röntgenfoto van de linkerhand", None),
    ];
    groep("Afspraken", rijen)
}

fn zonder_datum() -> Groep {
    groep(
        "Allergieën",
        vec![rij(None, "Penicilline", Some("Huiduitslag\u{b}"))],
    )
}

fn leeg() -> Groep {
    groep("Documenten", Vec::new())
}
