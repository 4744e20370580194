//! The pages of domain administration: logging in, the domains, one domain, its log and its brake.

use koppeltaal::domeinbeheer::{Regel, Teken};
use koppeltaal::domeinconfiguratie::Status;

use super::melding::Melding;
use super::texts::Texts;
use super::{Brand, Page, PageContext, Shell, segment};

/// What every form of the administration sends back, beside its own fields: `formulier` and `versie`.
#[derive(Clone, Debug)]
pub struct BeheerPlek {
    /// The domain.
    pub domein: String,
    /// Its version, as the page shows it.
    pub versie: u64,
    /// The token that binds forms to this visit.
    pub formulier: String,
}

/// The question for an administration key.
///
/// Form: POST `/beheer/inloggen` with `formulier` and `sleutel`.
#[derive(Clone, Debug)]
pub struct BeheerInloggen {
    /// What is administered here.
    pub bij: BeheerBij,
    /// Why it did not work before.
    pub fout: Option<BeheerInlogfout>,
    /// The token that binds the form to this browser.
    pub formulier: String,
}

/// What is administered by key, and so at whose pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeheerBij {
    /// The domains of Koppeltaal.
    Domeinen,
    /// The mandates of an MR of eToegang.
    Machtigingen,
}

/// Why somebody is not logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeheerInlogfout {
    /// No such key, or one whose time is over.
    Onbekend,
    /// Too often.
    TeVaak,
    /// The page was too old, or another site sent the form.
    Verlopen,
}

page!(
    BeheerInloggen,
    |page| page.bij.titel(),
    "beheer_inloggen.html"
);

/// Which domains there are for who is logged in.
///
/// Form: POST `/beheer/uitloggen` with `formulier`.
#[derive(Clone, Debug)]
pub struct BeheerDomeinen {
    /// Whose key it is.
    pub wie: String,
    /// Each domain.
    pub domeinen: Vec<BeheerDomeinRegel>,
    /// The token that binds forms to this visit.
    pub formulier: String,
}

/// A domain in the list.
#[derive(Clone, Debug)]
pub struct BeheerDomeinRegel {
    /// Its name.
    pub naam: String,
    /// How many applications it has.
    pub applicaties: usize,
    /// How many of them wait for a decision.
    pub wachtend: usize,
}

page!(
    BeheerDomeinen,
    |_| "beheer-domeinen",
    "beheer_domeinen.html"
);

/// A domain.
///
/// Forms: POST `/beheer/<domein>` with `doe`: `standaard` with `idp`.
#[derive(Clone, Debug)]
pub struct BeheerDomein {
    /// Where the page is.
    pub plek: BeheerPlek,
    /// Its FHIR server.
    pub upstream: String,
    /// Its applications.
    pub applicaties: Vec<BeheerApplicatieRegel>,
    /// Its roles, and how many permissions each has.
    pub rollen: Vec<(String, usize)>,
    /// Its identity providers.
    pub idps: Vec<String>,
    /// Who identifies people where nothing else is said.
    pub standaard_idp: Option<String>,
    /// What was done just now.
    pub gedaan: Option<BeheerGedaan>,
}

/// An application in the list.
#[derive(Clone, Debug)]
pub struct BeheerApplicatieRegel {
    /// Its `client_id`.
    pub id: String,
    /// Its name.
    pub naam: String,
    /// Whether it takes part.
    pub status: Status,
    /// Its role.
    pub rol: Option<String>,
    /// Where its keys are.
    pub jwks_uri: String,
}

/// What was done just now, in the query of the next page as `gedaan`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeheerGedaan {
    /// What was filled in is kept.
    Opgeslagen,
    /// An application was registered.
    Geregistreerd,
    /// The same, but its Device could not be made.
    ZonderDevice,
    /// The Device of an application is as it should be.
    Device,
    /// Something went.
    Verwijderd,
    /// The brake was pulled.
    Geremd,
}

page!(
    BeheerDomein,
    with | page,
    t | t.with("beheer-domein", "domein", page.plek.domein.as_str()),
    "beheer_domein.html"
);

/// The emergency brake of a domain.
///
/// Form: POST `/beheer/<domein>/noodrem` with `formulier` and `bevestigd` = `ja`.
#[derive(Clone, Debug)]
pub struct BeheerNoodrem {
    /// Where the page is.
    pub plek: BeheerPlek,
    /// Since when tokens count, if it was pulled before: in UTC.
    pub geldt: Option<String>,
    /// Whether somebody pressed the button without the confirmation.
    pub niet_bevestigd: bool,
}

page!(
    BeheerNoodrem,
    with | page,
    t | t.with("beheer-noodrem", "domein", page.plek.domein.as_str()),
    "beheer_noodrem.html"
);

/// What was changed in a domain.
#[derive(Clone, Debug)]
pub struct BeheerLogboek {
    /// Which domain.
    pub domein: String,
    /// The changes, newest first.
    pub regels: Vec<BeheerLogboekregel>,
    /// Where the next page begins, as `na` in the query.
    pub verder: Option<String>,
}

/// A change.
#[derive(Clone, Debug)]
pub struct BeheerLogboekregel {
    /// When: in UTC.
    pub wanneer: String,
    /// By whom.
    pub wie: String,
    /// What, line by line.
    pub regels: Vec<Regel>,
    /// How many lines more there were.
    pub weggelaten: usize,
}

page!(
    BeheerLogboek,
    with | page,
    t | t.with("beheer-logboek", "domein", page.domein.as_str()),
    "beheer_logboek.html"
);

/// The administration cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeheerMelding {
    /// Why.
    pub soort: BeheerMeldingSoort,
}

/// See [`BeheerMelding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeheerMeldingSoort {
    /// The visit is over, or the form is not of this visit.
    Verlopen,
    /// Somebody else changed the domain meanwhile.
    Anders,
    /// There is no such domain, application, role or identity provider, or the key is not for it.
    Onbekend,
    /// Something failed here.
    Storing,
    /// The administrator asks too often.
    TeVaak,
    /// The administrator logged out.
    Uitgelogd,
}

impl BeheerMeldingSoort {
    const ALL: [Self; 6] = [
        Self::Verlopen,
        Self::Anders,
        Self::Onbekend,
        Self::Storing,
        Self::TeVaak,
        Self::Uitgelogd,
    ];

    /// The status with which it is told.
    pub const fn status(self) -> u16 {
        match self {
            Self::Verlopen => 400,
            Self::Anders => 409,
            Self::Onbekend => 404,
            Self::Storing => 503,
            Self::TeVaak => 429,
            Self::Uitgelogd => 200,
        }
    }
}

impl PageContext for BeheerMelding {
    fn render(&self, shell: &Shell) -> Page {
        let key = match self.soort {
            BeheerMeldingSoort::Verlopen => "beheer-verlopen",
            BeheerMeldingSoort::Anders => "beheer-intussen-anders",
            BeheerMeldingSoort::Onbekend => "beheer-onbekend",
            BeheerMeldingSoort::Storing => "storing",
            BeheerMeldingSoort::TeVaak => "beheer-te-vaak",
            BeheerMeldingSoort::Uitgelogd => "beheer-uitgelogd",
        };
        let link = Some(("/beheer", "beheer-naar-begin"));
        Melding { key, link }.render(shell)
    }

    fn samples() -> Vec<Self> {
        BeheerMeldingSoort::ALL.map(|soort| Self { soort }).to_vec()
    }
}

impl BeheerPlek {
    /// The address of the domain's page.
    pub fn url(&self) -> String {
        format!("/beheer/{}", self.domein)
    }

    pub(super) fn voorbeeld() -> Self {
        Self {
            domein: String::from("ggz-noord"),
            versie: 7,
            formulier: String::from("f-123"),
        }
    }
}

impl BeheerBij {
    /// Whose pages they are.
    pub const fn merk(self) -> Brand {
        match self {
            Self::Domeinen => Brand::Koppeltaal,
            Self::Machtigingen => Brand::Mr,
        }
    }

    const fn titel(self) -> &'static str {
        match self {
            Self::Domeinen => "beheer-inloggen",
            Self::Machtigingen => "mr-beheer-inloggen",
        }
    }

    const fn inleiding(self) -> &'static str {
        match self {
            Self::Domeinen => "beheer-inloggen-inleiding",
            Self::Machtigingen => "mr-beheer-inloggen-inleiding",
        }
    }
}

impl BeheerInloggen {
    const fn fout_key(&self) -> Option<&'static str> {
        match self.fout {
            None => None,
            Some(BeheerInlogfout::Onbekend) => Some("beheer-sleutel-onbekend"),
            Some(BeheerInlogfout::TeVaak) => Some("beheer-sleutel-te-vaak"),
            Some(BeheerInlogfout::Verlopen) => Some("beheer-sleutel-verlopen"),
        }
    }

    fn voorbeelden() -> Vec<Self> {
        let fouten = [
            None,
            Some(BeheerInlogfout::Onbekend),
            Some(BeheerInlogfout::TeVaak),
            Some(BeheerInlogfout::Verlopen),
        ];
        let of = |bij, fout| Self {
            bij,
            fout,
            formulier: String::from("f-123"),
        };
        let first = of(BeheerBij::Machtigingen, None);
        let rest = fouten.map(|fout| of(BeheerBij::Domeinen, fout));
        [first].into_iter().chain(rest).collect()
    }
}

impl BeheerDomeinen {
    fn voorbeelden() -> Vec<Self> {
        let regel = |naam: &str, applicaties, wachtend| BeheerDomeinRegel {
            naam: naam.to_owned(),
            applicaties,
            wachtend,
        };
        let of = |domeinen| Self {
            wie: String::from("A. Jansen <Test>"),
            domeinen,
            formulier: String::from("f-123"),
        };
        vec![
            of(vec![regel("ggz-noord", 12, 2), regel("leeg", 1, 0)]),
            of(Vec::new()),
        ]
    }
}

impl BeheerApplicatieRegel {
    const fn status_key(&self) -> &'static str {
        status_key(self.status)
    }

    const fn status_class(&self) -> &'static str {
        status_class(self.status)
    }
}

/// The text of a status.
pub(super) const fn status_key(status: Status) -> &'static str {
    match status {
        Status::Pending => "beheer-status-pending",
        Status::Approved => "beheer-status-approved",
        Status::Rejected => "beheer-status-rejected",
    }
}

/// The class that brings its colour.
pub(super) const fn status_class(status: Status) -> &'static str {
    match status {
        Status::Pending => "let-op",
        Status::Approved => "goed",
        Status::Rejected => "stil",
    }
}

impl BeheerGedaan {
    /// Every one.
    const ALL: [Self; 6] = [
        Self::Opgeslagen,
        Self::Geregistreerd,
        Self::ZonderDevice,
        Self::Device,
        Self::Verwijderd,
        Self::Geremd,
    ];

    /// As it stands in a query.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Opgeslagen => "opgeslagen",
            Self::Geregistreerd => "geregistreerd",
            Self::ZonderDevice => "zonder-device",
            Self::Device => "device",
            Self::Verwijderd => "verwijderd",
            Self::Geremd => "geremd",
        }
    }

    /// The one of a query.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|gedaan| gedaan.code() == code)
    }

    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Opgeslagen => "beheer-gedaan-opgeslagen",
            Self::Geregistreerd => "beheer-gedaan-geregistreerd",
            Self::ZonderDevice => "beheer-gedaan-zonder-device",
            Self::Device => "beheer-gedaan-device",
            Self::Verwijderd => "beheer-gedaan-verwijderd",
            Self::Geremd => "beheer-gedaan-geremd",
        }
    }

    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::ZonderDevice => "let-op",
            _ => "goed",
        }
    }
}

impl BeheerDomein {
    /// A role's page.
    fn rol_url(&self, naam: &str) -> String {
        format!("{}/rollen/{}", self.plek.url(), segment(naam))
    }

    fn idp_url(&self, naam: &str) -> String {
        format!("{}/inlogdiensten/{}", self.plek.url(), segment(naam))
    }

    fn is_standaard(&self, naam: &str) -> bool {
        self.standaard_idp.as_deref() == Some(naam)
    }

    fn voorbeelden() -> Vec<Self> {
        let applicatie = |naam: &str, status, rol: Option<&str>| BeheerApplicatieRegel {
            id: String::from("11111111-1111-4111-8111-111111111111"),
            naam: naam.to_owned(),
            status,
            rol: rol.map(str::to_owned),
            jwks_uri: String::from("https://portaal.example/jwks/een-lang-pad-zonder-spaties"),
        };
        let vol = Self {
            plek: BeheerPlek::voorbeeld(),
            upstream: String::from("https://fhir.example/ggz-noord"),
            applicaties: vec![
                applicatie(
                    "Portaal <Test>",
                    Status::Approved,
                    Some("Behandelaarsportaal"),
                ),
                applicatie("Slaapmodule", Status::Pending, None),
                applicatie("Oude module", Status::Rejected, Some("eHealth Module")),
            ],
            rollen: vec![
                (String::from("Behandelaarsportaal"), 9),
                (String::from("Zorg ondersteuning"), 1),
            ],
            idps: vec![String::from("inloggen"), String::from("tweede")],
            standaard_idp: Some(String::from("inloggen")),
            gedaan: None,
        };
        let leeg = Self {
            applicaties: Vec::new(),
            rollen: Vec::new(),
            idps: Vec::new(),
            standaard_idp: None,
            ..vol.clone()
        };
        let gedaan = BeheerGedaan::ALL.map(|gedaan| Self {
            gedaan: Some(gedaan),
            ..leeg.clone()
        });
        [vol, leeg].into_iter().chain(gedaan).collect()
    }
}

impl BeheerNoodrem {
    fn voorbeelden() -> Vec<Self> {
        let of = |geldt: Option<&str>, niet_bevestigd| Self {
            plek: BeheerPlek::voorbeeld(),
            geldt: geldt.map(str::to_owned),
            niet_bevestigd,
        };
        vec![of(None, false), of(Some("2026-11-22 10:05:12"), true)]
    }
}

impl BeheerLogboekregel {
    /// What a line is about, in the reader's language.
    fn onderwerp(regel: &Regel) -> &'static str {
        match regel.subject.as_str() {
            "application" => "beheer-regel-applicatie",
            "role" => "beheer-regel-rol",
            "identity_provider" => "beheer-regel-idp",
            _ => "beheer-regel-domein",
        }
    }

    const fn teken(regel: &Regel) -> &'static str {
        match regel.change {
            Teken::Added => "beheer-erbij",
            Teken::Removed => "beheer-eraf",
            Teken::Changed => "beheer-anders",
        }
    }

    const fn class(regel: &Regel) -> &'static str {
        match regel.change {
            Teken::Added => "goed",
            Teken::Removed => "fout",
            Teken::Changed => "let-op",
        }
    }
}

impl BeheerLogboek {
    fn verder(&self, t: &Texts) -> Option<(String, String)> {
        let na = self.verder.as_ref()?;
        let url = format!("/beheer/{}/wijzigingen?na={na}", self.domein);
        Some((url, t.say("beheer-eerder")))
    }

    fn voorbeelden() -> Vec<Self> {
        let regel =
            |change, subject: &str, member: Option<&str>, was: Option<&str>, is: Option<&str>| {
                Regel {
                    change,
                    subject: subject.to_owned(),
                    id: String::from("11111111-1111-4111-8111-111111111111"),
                    member: member.map(str::to_owned),
                    was: was.map(str::to_owned),
                    is: is.map(str::to_owned),
                }
            };
        let vol = Self {
            domein: String::from("ggz-noord"),
            regels: vec![BeheerLogboekregel {
                wanneer: String::from("2026-11-22 10:05:12"),
                wie: String::from("A. Jansen <Test>"),
                regels: vec![
                    regel(
                        Teken::Changed,
                        "application",
                        Some("status"),
                        Some("pending"),
                        Some("approved"),
                    ),
                    regel(Teken::Added, "role", Some("Task.read"), None, Some("all")),
                    regel(Teken::Removed, "identity_provider", None, None, None),
                    regel(
                        Teken::Changed,
                        "domain",
                        Some("fhir.upstream"),
                        Some("https://a"),
                        Some("https://b"),
                    ),
                ],
                weggelaten: 3,
            }],
            verder: Some(String::from("Z2d6")),
        };
        let leeg = Self {
            regels: Vec::new(),
            verder: None,
            ..vol.clone()
        };
        vec![vol, leeg]
    }
}
