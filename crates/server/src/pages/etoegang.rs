//! The pages of eToegang's roles.

use super::melding::Melding;
use super::{Page, PageContext, Shell};

/// The HM: with which AD, and for whom?
///
/// Form: POST `/etd/1.13/kiezen` with `formulier`, `ad` (an EntityID), `voor` (`organisatie` or `zelf`)
/// and `keuze` (`verder` or `annuleren`).
#[derive(Clone, Debug)]
pub struct HmKiezen {
    /// The service.
    pub dienst: String,
    /// Whose.
    pub dienstverlener: String,
    /// The ADs; the one that was chosen last comes first.
    pub ads: Vec<HmKeuze>,
    /// The token that binds the form to this login.
    pub formulier: String,
}

/// An AD to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HmKeuze {
    /// Its EntityID.
    pub entity: String,
    /// What people call it.
    pub naam: String,
    /// Whether it was chosen last.
    pub voorkeur: bool,
}

/// Something that is told of a person or an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gegeven {
    /// One that has a name among our texts.
    Bekend(&'static str),
    /// One that has none: as the network calls it.
    Anders(String),
}

/// The HM cannot go on, and tells no app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HmFout {
    /// Why.
    pub soort: HmFoutSoort,
}

/// See [`HmFout`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HmFoutSoort {
    /// The app is not known, or asks what cannot be done.
    Verzoek,
    /// No such login is under way in this browser.
    Verlopen,
    /// An answer of an AD or MR cannot be believed.
    Antwoord,
    /// We cannot, just now.
    Storing,
}

/// The AD: show who you are.
///
/// Form: POST `/etd/1.13/inloggen` with `formulier`, `naam`, `wachtwoord`, `code` and `keuze`
/// (`inloggen` or `annuleren`).
#[derive(Clone, Debug)]
pub struct AdInloggen {
    /// The service.
    pub dienst: String,
    /// Whose.
    pub dienstverlener: String,
    /// The token that binds the form to this login.
    pub formulier: String,
    /// What of the person is given along, as far as it is known.
    pub attributen: Vec<Gegeven>,
    /// Why the last attempt brought nothing.
    pub afwijzing: Option<AdAfwijzing>,
    /// The people of a test bed; nobody elsewhere.
    pub testpersonen: Vec<AdTestpersoon>,
}

/// Why a person is not let in, as far as he may hear it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdAfwijzing {
    /// What was shown does not fit, or too much did not fit before.
    Onjuist,
    /// The means is over.
    Verlopen,
    /// The means is suspended or revoked.
    NietActief,
    /// The means does not reach the level.
    NiveauTeLaag,
}

/// A person who does not exist, with what opens the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdTestpersoon {
    /// The user name.
    pub naam: String,
    /// The password.
    pub wachtwoord: String,
    /// What the device shows now.
    pub code: Option<String>,
}

/// A request at the AD that leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdFout;

/// The MR: for whom?
///
/// Form: POST `/etd/1.13/machtiging` with `formulier`, `vraag`, `machtiging` (a `waarde`) and `keuze`
/// (`kiezen` or `stoppen`).
#[derive(Clone, Debug)]
pub struct MrKiezen {
    /// The service.
    pub dienst: String,
    /// Whose.
    pub dienstverlener: String,
    /// The token that binds the form to this question.
    pub formulier: String,
    /// The number of the question.
    pub vraag: String,
    /// What of the organisation is given along, as far as it is known.
    pub attributen: Vec<Gegeven>,
    /// What can be chosen; nothing for somebody without a mandate.
    pub keuzes: Vec<MrKeuze>,
}

/// A way to act for an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MrKeuze {
    /// What the form sends.
    pub waarde: String,
    /// The organisation.
    pub naam: String,
    /// Its number.
    pub nummer: String,
    /// For this branch alone.
    pub vestiging: Option<String>,
    /// Who stands between.
    pub via: Option<String>,
}

/// A question that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MrFout;

/// The DV's app: the services.
///
/// Form: POST `/inloggen` with `formulier` and `dienst` (a ServiceID).
#[derive(Clone, Debug)]
pub struct DvStart {
    /// The services.
    pub diensten: Vec<DvDienst>,
    /// The token that binds the forms to this browser.
    pub formulier: String,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DvDienst {
    /// Its ServiceID.
    pub id: String,
    /// What people call it.
    pub naam: String,
}

/// The DV's app: who is logged in, for whom.
///
/// Forms: POST `/app/vernieuwen` and POST `/app/uitloggen`, each with `formulier`.
#[derive(Clone, Debug)]
pub struct DvSessie {
    /// The service; nothing when the access token is over.
    pub dienst: Option<String>,
    /// The person, as the DV knows him.
    pub persoon: Option<String>,
    /// For whom he acts; nobody for himself.
    pub voor: Option<String>,
    /// Who stands between.
    pub via: Option<String>,
    /// At which level.
    pub niveau: Option<String>,
    /// What else is known of person and organisation.
    pub attributen: Vec<(Gegeven, String)>,
    /// Whether there is a refresh token.
    pub kan_vernieuwen: bool,
    /// The token that binds the forms to these tokens.
    pub formulier: String,
}

/// What the DV's app has to tell when nobody is logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DvMelding {
    /// What.
    pub soort: DvMeldingSoort,
}

/// See [`DvMelding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DvMeldingSoort {
    /// The person cancelled, or may not.
    NietIngelogd,
    /// The means is too weak.
    NiveauTeLaag,
    /// No such login in this browser.
    Verlopen,
    /// The login's tokens ended.
    Voorbij,
    /// The person logged out.
    Uitgelogd,
    /// Somebody does not answer.
    Later,
    /// Something failed.
    Mislukt,
}

page!(HmKiezen, |_| "hm-kiezen", "hm_kiezen.html");
page!(AdInloggen, |_| "ad-inloggen", "ad_inloggen.html");
page!(
    MrKiezen,
    |page| if page.keuzes.is_empty() {
        "mr-geen"
    } else {
        "mr-kiezen"
    },
    "mr_kiezen.html"
);
page!(DvStart, |_| "dv-start", "dv_start.html");
page!(DvSessie, |_| "dv-sessie", "dv_sessie.html");

impl PageContext for HmFout {
    fn render(&self, shell: &Shell) -> Page {
        let key = match self.soort {
            HmFoutSoort::Verzoek => "hm-fout-verzoek",
            HmFoutSoort::Verlopen => "hm-fout-verlopen",
            HmFoutSoort::Antwoord => "hm-fout-antwoord",
            HmFoutSoort::Storing => "hm-fout-storing",
        };
        Melding { key, link: None }.render(shell)
    }

    fn samples() -> Vec<Self> {
        use HmFoutSoort as S;
        [S::Verzoek, S::Verlopen, S::Antwoord, S::Storing]
            .map(|soort| Self { soort })
            .to_vec()
    }
}

impl PageContext for AdFout {
    fn render(&self, shell: &Shell) -> Page {
        let (key, link) = ("ad-fout-pagina", None);
        Melding { key, link }.render(shell)
    }

    fn samples() -> Vec<Self> {
        vec![Self]
    }
}

impl PageContext for MrFout {
    fn render(&self, shell: &Shell) -> Page {
        let (key, link) = ("mr-fout", None);
        Melding { key, link }.render(shell)
    }

    fn samples() -> Vec<Self> {
        vec![Self]
    }
}

impl PageContext for DvMelding {
    fn render(&self, shell: &Shell) -> Page {
        let key = match self.soort {
            DvMeldingSoort::NietIngelogd => "dv-niet-ingelogd",
            DvMeldingSoort::NiveauTeLaag => "dv-niveau-te-laag",
            DvMeldingSoort::Verlopen => "dv-verlopen",
            DvMeldingSoort::Voorbij => "dv-voorbij",
            DvMeldingSoort::Uitgelogd => "dv-uitgelogd",
            DvMeldingSoort::Later => "dv-later",
            DvMeldingSoort::Mislukt => "dv-mislukt",
        };
        let link = match self.soort {
            // The tokens are still there.
            DvMeldingSoort::Later => Some(("/app", "naar-begin")),
            _ => Some(("/", "naar-begin")),
        };
        Melding { key, link }.render(shell)
    }

    fn samples() -> Vec<Self> {
        use DvMeldingSoort as S;
        [
            S::NietIngelogd,
            S::NiveauTeLaag,
            S::Verlopen,
            S::Voorbij,
            S::Uitgelogd,
            S::Later,
            S::Mislukt,
        ]
        .map(|soort| Self { soort })
        .to_vec()
    }
}

impl Gegeven {
    /// What is called so, of an organisation that stands between or not.
    pub fn of(naam: &str, is_tussenpersoon: bool) -> Self {
        Self::Bekend(match (naam, is_tussenpersoon) {
            ("FirstName", _) => "attribuut-voornaam",
            ("FamilyName", _) => "attribuut-achternaam",
            ("DateOfBirth", _) => "attribuut-geboortedatum",
            ("CompanyName", false) => "attribuut-organisatie",
            ("CompanyName", true) => "attribuut-tussenpersoon",
            ("KvKnr", _) => "attribuut-kvk",
            ("VATRegistrationNumber", _) => "attribuut-btw",
            ("LEI", _) => "attribuut-lei",
            _ => return Self::Anders(naam.to_owned()),
        })
    }
}

impl AdAfwijzing {
    const fn key(self) -> &'static str {
        match self {
            Self::Onjuist => "ad-onjuist",
            Self::Verlopen => "ad-verlopen",
            Self::NietActief => "ad-niet-actief",
            Self::NiveauTeLaag => "ad-niveau-te-laag",
        }
    }
}

// ── Samples ─────────────────────────────────────────────────────────────────────────────────────

const DIENST: &str = "Vergunning <Test>";
const DIENSTVERLENER: &str = "Gemeente & Co";
const FORMULIER: &str = "l-1.f-123";

impl HmKiezen {
    fn voorbeelden() -> Vec<Self> {
        let ad = |entity: &str, naam: &str, voorkeur| HmKeuze {
            entity: entity.to_owned(),
            naam: naam.to_owned(),
            voorkeur,
        };
        let with = |ads| Self {
            dienst: DIENST.to_owned(),
            dienstverlener: DIENSTVERLENER.to_owned(),
            ads,
            formulier: FORMULIER.to_owned(),
        };
        vec![
            with(vec![ad("urn:etoegang:AD:1", "De Eerste", false)]),
            with(vec![
                ad("urn:etoegang:AD:2", "De Tweede & Zoon", true),
                ad("urn:etoegang:AD:1", "De Eerste", false),
            ]),
        ]
    }
}

impl Gegeven {
    fn voorbeelden() -> Vec<Self> {
        let known = ["FirstName", "CompanyName"].map(|naam| Self::of(naam, false));
        known
            .into_iter()
            .chain([Self::of("CompanyName", true), Self::of("Anders", false)])
            .collect()
    }
}

impl AdInloggen {
    fn voorbeelden() -> Vec<Self> {
        let attributen = |afwijzing: Option<AdAfwijzing>| match afwijzing {
            None => Gegeven::voorbeelden(),
            Some(_) => Vec::new(),
        };
        let with = |afwijzing, testpersonen| Self {
            dienst: DIENST.to_owned(),
            dienstverlener: DIENSTVERLENER.to_owned(),
            formulier: FORMULIER.to_owned(),
            attributen: attributen(afwijzing),
            afwijzing,
            testpersonen,
        };
        let persoon = |naam: &str, code: Option<&str>| AdTestpersoon {
            naam: naam.to_owned(),
            wachtwoord: "geheim <&>".to_owned(),
            code: code.map(str::to_owned),
        };
        let personen = vec![persoon("b.bakker", Some("123456")), persoon("z.zelf", None)];
        vec![
            with(None, personen),
            with(Some(AdAfwijzing::Onjuist), Vec::new()),
            with(Some(AdAfwijzing::Verlopen), Vec::new()),
            with(Some(AdAfwijzing::NietActief), Vec::new()),
            with(Some(AdAfwijzing::NiveauTeLaag), Vec::new()),
        ]
    }
}

impl MrKiezen {
    fn voorbeelden() -> Vec<Self> {
        let with = |keuzes| Self {
            dienst: DIENST.to_owned(),
            dienstverlener: DIENSTVERLENER.to_owned(),
            formulier: FORMULIER.to_owned(),
            vraag: "v-1".to_owned(),
            attributen: Gegeven::voorbeelden(),
            keuzes,
        };
        let keuze = |naam: &str, vestiging: Option<&str>, via: Option<&str>| MrKeuze {
            waarde: "M1".to_owned(),
            naam: naam.to_owned(),
            nummer: "12345678".to_owned(),
            vestiging: vestiging.map(str::to_owned),
            via: via.map(str::to_owned),
        };
        vec![
            with(Vec::new()),
            with(vec![
                keuze("Bakkerij & Zn", None, None),
                keuze("Visserij", Some("000012345678"), Some("Boekhouders <BV>")),
            ]),
        ]
    }
}

impl DvStart {
    fn voorbeelden() -> Vec<Self> {
        vec![Self {
            diensten: vec![DvDienst {
                id: "urn:etoegang:DV:1:services:1".to_owned(),
                naam: DIENST.to_owned(),
            }],
            formulier: FORMULIER.to_owned(),
        }]
    }
}

impl DvSessie {
    fn voorbeelden() -> Vec<Self> {
        let over = Self {
            dienst: None,
            persoon: None,
            voor: None,
            via: None,
            niveau: None,
            attributen: Vec::new(),
            kan_vernieuwen: true,
            formulier: FORMULIER.to_owned(),
        };
        let himself = Self {
            dienst: Some(DIENST.to_owned()),
            persoon: Some("p-1".to_owned()),
            niveau: Some("EH2".to_owned()),
            attributen: Gegeven::voorbeelden()
                .into_iter()
                .map(|gegeven| (gegeven, "Bram <&>".to_owned()))
                .collect(),
            kan_vernieuwen: false,
            ..over.clone()
        };
        let chain = Self {
            voor: Some("Visserij & Zn".to_owned()),
            via: Some("Boekhouders <BV>".to_owned()),
            kan_vernieuwen: true,
            ..himself.clone()
        };
        vec![over, himself, chain]
    }
}
