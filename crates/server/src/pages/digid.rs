//! The pages of the simulator that stands in for DigiD. They look nothing like DigiD's own and say
//! so.

use identity::{Bsn, Loa};

use super::melding::Melding;
use super::texts::Texts;
use super::{Lang, Page, PageContext, Shell};

/// Choose a test person and a level, or cancel, or fail.
///
/// Form: POST `/inloggen` with `formulier`, `bsn`, `niveau` (a [`Loa`] in lower case) and `keuze`:
/// `inloggen`, `annuleren` or `mislukken`. With the last two `bsn` may be absent. With `eenmalig`
/// `ja` the next service needs no login page (digid.md §2.7).
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
    /// Whom this person may represent.
    pub vertegenwoordigt: Vec<Vertegenwoordigde>,
}

/// Somebody whom a person may represent.
#[derive(Clone, Debug)]
pub struct Vertegenwoordigde {
    /// A number of the test range. The page shows it.
    pub bsn: Bsn,
    /// Name.
    pub naam: String,
    /// By what right.
    pub grond: Grond,
}

/// By what right a person represents another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grond {
    /// By authorization (machtiging).
    Machtiging,
    /// As a parent.
    Ouder,
}

/// Whom do you represent? The page of the Bevoegdheidsverklaringsdienst (digid.md §3.6).
///
/// Form: POST `/vertegenwoordigen` with `formulier`, `bsn` and `keuze`: `vertegenwoordigen`, `zelf`
/// or `annuleren`. With the last two `bsn` may be absent.
#[derive(Clone, Debug)]
pub struct DigidVertegenwoordigen {
    /// The name of the service that asks for the login.
    pub dienst: String,
    /// The name of who logged in.
    pub naam: String,
    /// Everybody whom that person may represent.
    pub personen: Vec<Vertegenwoordigde>,
    /// The token that binds the form to this login.
    pub formulier: String,
}

/// Back to a service of 4.x, with the answer to its logout (digid.md §3.5): no script sends the form,
/// so the person does.
#[derive(Clone, Debug)]
pub struct DigidTerug {
    /// The service's address.
    pub action: String,
    /// The message, base64.
    pub saml_response: String,
    /// Comes back with the answer.
    pub relay_state: Option<String>,
}

page!(DigidTerug, |_| "digid-terug", "digid_terug.html");

impl DigidTerug {
    fn voorbeelden() -> Vec<Self> {
        let of = |relay_state: Option<&str>| Self {
            action: String::from("https://dienst.example/saml/slo"),
            saml_response: String::from("PHNhbWxwOkxvZ291dFJlc3BvbnNlLz4="),
            relay_state: relay_state.map(str::to_owned),
        };
        vec![of(Some("r-1")), of(None)]
    }
}

page!(
    DigidVertegenwoordigen,
    |_| "digid-vertegenwoordigen",
    "digid_vertegenwoordigen.html"
);

impl Vertegenwoordigde {
    const fn grond_key(&self) -> &'static str {
        match self.grond {
            Grond::Machtiging => "digid-grond-machtiging",
            Grond::Ouder => "digid-grond-ouder",
        }
    }
}

impl DigidVertegenwoordigen {
    fn voorbeelden() -> Vec<Self> {
        let of = |bsn, naam: &str, grond| {
            Bsn::parse(bsn).ok().map(|bsn| Vertegenwoordigde {
                bsn,
                naam: naam.to_owned(),
                grond,
            })
        };
        let personen = [
            of("999990019", "Kind <Test> & Co", Grond::Ouder),
            of("999990020", "Bram de Vries", Grond::Machtiging),
        ];
        let with = |personen| Self {
            dienst: String::from("Mitz"),
            naam: String::from("Anna de Vries"),
            personen,
            formulier: String::from("f-123"),
        };
        vec![
            with(personen.into_iter().flatten().collect()),
            with(Vec::new()),
        ]
    }
}

page!(DigidInloggen, |_| "digid-inloggen", "digid_inloggen.html");

/// Which services are left when the person logs out (digid.md §2.7).
///
/// Form: POST `/uitloggen` with `formulier` and `keuze`: `uitloggen` or `annuleren`.
#[derive(Clone, Debug)]
pub struct DigidUitloggen {
    /// The service that asks for it; none when the person came without one.
    pub vrager: Option<String>,
    /// Every service of the session.
    pub diensten: Vec<String>,
    /// The token that binds the form to the session.
    pub formulier: String,
}

page!(
    DigidUitloggen,
    |_| "digid-uitloggen",
    "digid_uitloggen.html"
);

impl DigidUitloggen {
    fn voorbeelden() -> Vec<Self> {
        let of = |vrager: Option<&str>, diensten: &[&str]| Self {
            vrager: vrager.map(str::to_owned),
            diensten: diensten.iter().map(|&dienst| dienst.to_owned()).collect(),
            formulier: String::from("f-123"),
        };
        let both = ["Mitz", "Gemeente <Test> & Co"];
        vec![of(Some("Mitz"), &both), of(None, &both[..1])]
    }
}

/// After it, when no service asked: nobody is logged in (any more).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DigidUitgelogd {
    /// Whether every service could be told (digid case 36).
    pub overal: bool,
}

impl PageContext for DigidUitgelogd {
    fn render(&self, shell: &Shell) -> Page {
        let key = if self.overal {
            "digid-uitgelogd"
        } else {
            "digid-deels-uitgelogd"
        };
        let link = None;
        Melding { key, link }.render(shell)
    }

    fn samples() -> Vec<Self> {
        [true, false].map(|overal| Self { overal }).to_vec()
    }
}

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
                vertegenwoordigt: Vec::new(),
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
