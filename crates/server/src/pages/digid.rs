//! The pages of the simulator that stands in for DigiD. They look nothing like DigiD's own and say
//! so.

use identity::{Bsn, Loa};

use super::melding::Melding;
use super::texts::Texts;
use super::{Lang, Page, PageContext, Shell};

/// Choose a test person and a level, or cancel, or fail.
///
/// Form: POST `/inloggen` with `formulier`, `bsn`, `niveau` (a [`Loa`] in lower case) and `keuze`:
/// `inloggen`, `annuleren` or `mislukken`. With the last two `bsn` may be absent.
#[derive(Clone, Debug)]
pub struct DigidInloggen {
    /// The name of the service that asks for the login.
    pub dienst: String,
    /// Everybody who can log in.
    pub personen: Vec<Testpersoon>,
    /// The level that is preselected.
    pub niveau: Loa,
    /// The token that binds the form to this login.
    pub formulier: String,
}

/// A person who does not exist.
#[derive(Clone, Debug)]
pub struct Testpersoon {
    /// A number of the test range. This page shows it.
    pub bsn: Bsn,
    /// Name.
    pub naam: String,
    /// What is special about this person, in Dutch.
    pub omschrijving_nl: String,
    /// The same in English.
    pub omschrijving_en: String,
}

page!(DigidInloggen, |_| "digid-inloggen", "digid_inloggen.html");

/// The answer to a message that cannot be read, has no good signature or comes from an unknown
/// service; status 404 (digid.md §2.6, last row).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DigidNietGevonden;

impl PageContext for DigidNietGevonden {
    fn render(&self, shell: &Shell) -> Page {
        let (key, link) = ("digid-niet-gevonden", None);
        Melding { key, link }.render(shell)
    }

    fn samples() -> Vec<Self> {
        vec![Self]
    }
}

impl Testpersoon {
    fn omschrijving(&self, t: &Texts) -> &str {
        match t.lang() {
            Lang::Nl => &self.omschrijving_nl,
            Lang::En => &self.omschrijving_en,
        }
    }
}

impl DigidInloggen {
    /// Each level: its value, the key of its text, whether it is preselected.
    fn niveaus(&self) -> [(Loa, &'static str, bool); 4] {
        Loa::ALL.map(|niveau| (niveau, niveau_key(niveau), niveau == self.niveau))
    }

    fn voorbeelden() -> Vec<Self> {
        let persoon = |bsn: &str, naam: &str, omschrijving_nl: &str, omschrijving_en: &str| {
            Bsn::parse(bsn).ok().map(|bsn| Testpersoon {
                bsn,
                naam: naam.to_owned(),
                omschrijving_nl: omschrijving_nl.to_owned(),
                omschrijving_en: omschrijving_en.to_owned(),
            })
        };
        let personen = [
            persoon(
                "999990019",
                "Anna de Vries",
                "Heeft gegevens bij drie zorgaanbieders.",
                "Has data at three care providers.",
            ),
            persoon(
                "999990020",
                "Bram <Test> & Co",
                "Is nergens patiënt.",
                "Is nobody's patient.",
            ),
        ];
        vec![Self {
            dienst: String::from("Mitz"),
            personen: personen.into_iter().flatten().collect(),
            niveau: Loa::Substantieel,
            formulier: String::from("f-123"),
        }]
    }
}

const fn niveau_key(niveau: Loa) -> &'static str {
    match niveau {
        Loa::Basis => "niveau-basis",
        Loa::Midden => "niveau-midden",
        Loa::Substantieel => "niveau-substantieel",
        Loa::Hoog => "niveau-hoog",
    }
}
