//! The pages of the PGO: choose, result, and what went wrong in between.

use super::geheel::{Geheel, Reden};
use super::melding::Melding;
use super::texts::Texts;
use super::{Kaarten, Page, PageContext, PgoVoor, Shell, Waarde, datum::datum};

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
    /// What there is of connections with DVAs.
    pub verbindingen: PgoVerbindingenStand,
    /// The token that binds the form to this browser.
    pub formulier: String,
}

/// What a person is to know of his connections with DVAs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PgoVerbindingenStand {
    /// There is none.
    Geen,
    /// There is one, or more.
    Wel,
    /// By itself, nothing came for 48 hours for one that the person ordered.
    Stil,
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
    /// What all of them told together.
    pub kaarten: Kaarten,
    /// The names (in the lists) of the providers to ask when the person collects again.
    pub opnieuw: Vec<String>,
    /// Whose data it is.
    pub voor: PgoVoor,
    /// Whether the person has connections with DVAs to look at.
    pub verbindingen: bool,
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

/// What came of one gegevensdienst.
#[derive(Clone, Debug)]
pub struct Groep {
    /// Name of the gegevensdienst for people.
    pub titel: String,
    /// Its data, or why there is none.
    pub inhoud: Inhoud,
}

/// See [`Groep`].
#[derive(Clone, Debug)]
pub enum Inhoud {
    /// Data.
    Regels {
        /// The data, the newest first.
        rijen: Vec<Rij>,
        /// How many older lines are not here.
        weggelaten: usize,
    },
    /// The provider does not hand it out.
    NietVerleend,
    /// The provider handed it out, and it did not come.
    NietOpgehaald,
}

/// One line of data.
#[derive(Clone, Debug)]
pub struct Rij {
    /// A FHIR date or dateTime.
    pub datum: Option<String>,
    /// What it is.
    pub omschrijving: String,
    /// Value and unit, dose, or the like.
    pub waarde: Option<Waarde>,
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
    /// A DVA let nobody through: the person stopped or gave no consent, or there is nothing. One text, since
    /// the DVA says no more (core.authint.207).
    RechtstreeksGestopt,
    /// Something failed at a DVA or between a DVA and us.
    RechtstreeksMislukt,
    /// A DVA gave no token for its own code: the equal refusal.
    RechtstreeksNiets,
    /// A DVA gives no answer now.
    DvaNietBereikbaar,
    /// What a DVA said is not taken.
    DvaNietVertrouwd,
    /// An Aanbieder that is not in the lists.
    AanbiederOnbekend,
    /// The lists of MedMij cannot be had.
    LijstenNietBereikbaar,
    /// The person has as many connections as there can be.
    TeVeelVerbindingen,
    /// An Aanbieder that takes no measurement.
    NeemtNietsAan,
    /// What was confirmed was not taken.
    DelenGeweigerd,
    /// Nobody knows whether what was confirmed arrived.
    DelenOnzeker,
}

impl PgoMeldingSoort {
    const ALL: [Self; 17] = [
        Self::GeenToestemming,
        Self::Mislukt,
        Self::NietVanOns,
        Self::MitzNietBereikbaar,
        Self::OpnieuwBeginnen,
        Self::FormulierVerlopen,
        Self::RechtstreeksGestopt,
        Self::RechtstreeksMislukt,
        Self::RechtstreeksNiets,
        Self::DvaNietBereikbaar,
        Self::DvaNietVertrouwd,
        Self::AanbiederOnbekend,
        Self::LijstenNietBereikbaar,
        Self::TeVeelVerbindingen,
        Self::NeemtNietsAan,
        Self::DelenGeweigerd,
        Self::DelenOnzeker,
    ];

    /// As it stands in an address, if it is one of ours.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|soort| soort.name() == name)
    }

    /// As it stands in an address.
    pub fn name(self) -> &'static str {
        let key = self.key();
        key.strip_prefix("pgo-").unwrap_or(key)
    }

    const fn key(self) -> &'static str {
        match self {
            Self::GeenToestemming => "pgo-geen-toestemming",
            Self::Mislukt => "pgo-mislukt",
            Self::NietVanOns => "pgo-niet-van-ons",
            Self::MitzNietBereikbaar => "pgo-mitz-niet-bereikbaar",
            Self::OpnieuwBeginnen => "pgo-opnieuw-beginnen",
            Self::FormulierVerlopen => "pgo-formulier-verlopen",
            Self::RechtstreeksGestopt => "pgo-rechtstreeks-gestopt",
            Self::RechtstreeksMislukt => "pgo-rechtstreeks-mislukt",
            Self::RechtstreeksNiets => "pgo-rechtstreeks-niets",
            Self::DvaNietBereikbaar => "pgo-dva-niet-bereikbaar",
            Self::DvaNietVertrouwd => "pgo-dva-niet-vertrouwd",
            Self::AanbiederOnbekend => "pgo-aanbieder-onbekend",
            Self::LijstenNietBereikbaar => "pgo-lijsten-niet-bereikbaar",
            Self::TeVeelVerbindingen => "pgo-te-veel-verbindingen",
            Self::NeemtNietsAan => "pgo-neemt-niets-aan",
            Self::DelenGeweigerd => "pgo-delen-geweigerd",
            Self::DelenOnzeker => "pgo-delen-onzeker",
        }
    }

    /// Where to go from here, and the text that says so.
    const fn link(self) -> (&'static str, &'static str) {
        match self {
            Self::RechtstreeksGestopt
            | Self::RechtstreeksMislukt
            | Self::RechtstreeksNiets
            | Self::DvaNietBereikbaar
            | Self::DvaNietVertrouwd
            | Self::AanbiederOnbekend
            | Self::NeemtNietsAan => ("/rechtstreeks", "pgo-naar-rechtstreeks"),
            Self::TeVeelVerbindingen | Self::DelenGeweigerd | Self::DelenOnzeker => {
                ("/verbindingen", "verbindingen")
            }
            _ => ("/", "pgo-naar-begin"),
        }
    }
}

impl PageContext for PgoMelding {
    fn render(&self, shell: &Shell) -> Page {
        let (key, link) = (self.soort.key(), Some(self.soort.link()));
        Melding { key, link }.render(shell)
    }

    fn samples() -> Vec<Self> {
        PgoMeldingSoort::ALL.map(|soort| Self { soort }).to_vec()
    }
}

impl PgoVerbindingenStand {
    fn is_stil(self) -> bool {
        self == Self::Stil
    }

    fn is_er(self) -> bool {
        self != Self::Geen
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
            verbindingen: PgoVerbindingenStand::Geen,
            formulier: String::from("f-123"),
        };
        vec![
            first.clone(),
            Self {
                gekoppeld: true,
                verbindingen: PgoVerbindingenStand::Stil,
                ..first.clone()
            },
            Self {
                niemand_gekozen: true,
                verbindingen: PgoVerbindingenStand::Wel,
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
    /// Its lines; none when it has no data.
    pub(super) fn rijen(&self) -> &[Rij] {
        match &self.inhoud {
            Inhoud::Regels { rijen, .. } => rijen,
            Inhoud::NietVerleend | Inhoud::NietOpgehaald => &[],
        }
    }

    /// Whether any line has a date: without one the column is left out.
    fn has_datum(&self) -> bool {
        self.rijen().iter().any(|rij| rij.datum.is_some())
    }

    /// Whether any line has a value.
    fn has_waarde(&self) -> bool {
        self.rijen().iter().any(|rij| rij.waarde.is_some())
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

    /// What the person must know about the whole before looking at any part.
    fn geheel(&self) -> Geheel {
        Geheel::of(&self.aanbieders)
    }
}
