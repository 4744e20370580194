//! The pages on which the mandates of an MR are administered: an organisation's mandates, and one of them.

use etoegang::kenmerk::{Kenmerk, Soort};

use super::datum::datum;
use super::segment;
use super::texts::Texts;
use crate::date;

/// Where who administers mandates begins: for which organisation?
///
/// Forms: POST `/beheer/organisatie` with `formulier`, `soort` and `nummer`; POST `/beheer/uitloggen` with
/// `formulier`.
#[derive(Clone, Debug)]
pub struct MrBeheer {
    /// Whose key it is.
    pub wie: String,
    /// The organisation, as far as it was filled in.
    pub nummer: MrNummer,
    /// The token that binds forms to this visit.
    pub formulier: String,
}

/// An organisation by a number, as somebody filled it in.
#[derive(Clone, Debug, Default)]
pub struct MrNummer {
    /// What kind of number it says it is.
    pub soort: Option<Soort>,
    /// What stands in the field.
    pub waarde: String,
    /// Whether it is no number of that kind.
    pub fout: bool,
}

page!(MrBeheer, |_| "mr-beheer", "mr_beheer.html");

/// The mandates of an organisation.
#[derive(Clone, Debug)]
pub struct MrMachtigingen {
    /// Which organisation.
    pub voor: MrPartij,
    /// Its mandates, by reference.
    pub regels: Vec<MrRegel>,
    /// The sealed question that shows this list, as `zoek` in a query.
    pub zoek: String,
    /// The one that shows what follows.
    pub verder: Option<String>,
    /// What was done just now.
    pub gedaan: Option<MrGedaan>,
}

/// A mandate in the list.
#[derive(Clone, Debug)]
pub struct MrRegel {
    /// Its reference.
    pub id: String,
    /// The service.
    pub dienst: String,
    /// The organisation that may act; none for a person, who is not named in a list.
    pub organisatie: Option<MrPartij>,
    /// How it stands.
    pub stand: MrStand,
    /// From when, in seconds since 1970.
    pub van: i64,
    /// Until when, in seconds since 1970.
    pub tot: i64,
}

page!(
    MrMachtigingen,
    |_| "mr-machtigingen",
    "mr_machtigingen.html"
);

/// One mandate.
///
/// Form: POST `/beheer/machtiging/<id>` with `formulier` and `bevestigd` = `ja`.
#[derive(Clone, Debug)]
pub struct MrMachtiging {
    /// Its reference.
    pub id: String,
    /// How it stands.
    pub stand: MrStand,
    /// Who is represented.
    pub voor: MrPartij,
    /// Who may act.
    pub gemachtigde: MrGemachtigde,
    /// The service.
    pub dienst: String,
    /// Whose that is.
    pub dienstverlener: String,
    /// Its ServiceUUID.
    pub service_uuid: String,
    /// Whether the catalogue does not have it any more.
    pub dienst_weg: bool,
    /// What people call the level.
    pub niveau: &'static str,
    /// The branch to which it is restricted.
    pub vestiging: Option<String>,
    /// From when, in seconds since 1970.
    pub van: i64,
    /// Until when, in seconds since 1970.
    pub tot: i64,
    /// What was done with it, newest first.
    pub verloop: Vec<MrHandeling>,
    /// The sealed question that shows the organisation's mandates.
    pub zoek: String,
    /// Why it was not withdrawn.
    pub fout: Option<MrIntrekfout>,
    /// What was done just now.
    pub gedaan: Option<MrGedaan>,
    /// The token that binds the form to this visit.
    pub formulier: String,
}

/// An organisation.
#[derive(Clone, Debug)]
pub struct MrPartij {
    /// What people call it, if that is known.
    pub naam: Option<String>,
    /// Its number.
    pub kenmerk: Kenmerk,
}

/// Who may act.
#[derive(Clone, Debug)]
pub enum MrGemachtigde {
    /// A person, by the number that his AD gives him.
    Persoon(String),
    /// An organisation that stands between.
    Organisatie(MrPartij),
}

/// How a mandate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MrStand {
    /// It counts.
    Geldig,
    /// It has not begun.
    NogNiet,
    /// It is over.
    Voorbij,
    /// It was withdrawn.
    Ingetrokken,
}

/// Something that was done with a mandate.
#[derive(Clone, Debug)]
pub struct MrHandeling {
    /// What.
    pub wat: MrGedaan,
    /// When, in seconds since 1970.
    pub wanneer: i64,
    /// By whom.
    pub wie: String,
}

/// What was done; just now, in the query of the next page as `gedaan`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MrGedaan {
    /// Mandates were registered.
    Geregistreerd,
    /// One was withdrawn.
    Ingetrokken,
}

/// Why a mandate was not withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MrIntrekfout {
    /// Somebody pressed the button without the confirmation.
    NietBevestigd,
    /// It was withdrawn before.
    Al,
    /// It is over.
    Voorbij,
}

page!(
    MrMachtiging,
    with | page,
    t | t.with("mr-machtiging", "id", page.id.as_str()),
    "mr_machtiging.html"
);

/// What a form calls a kind of number.
const fn soort_waarde(soort: Soort) -> &'static str {
    match soort {
        Soort::KvkNr => "kvk",
        Soort::Rsin => "rsin",
    }
}

impl MrNummer {
    /// What a form says.
    pub fn of(soort: Option<&str>, waarde: Option<&str>) -> Self {
        let mut soorten = [Soort::KvkNr, Soort::Rsin].into_iter();
        Self {
            soort: soorten.find(|one| Some(soort_waarde(*one)) == soort),
            waarde: waarde.unwrap_or_default().to_owned(),
            fout: false,
        }
    }

    /// Each kind of number: its value, its text, and whether it is chosen.
    pub(super) fn soorten(&self) -> [(&'static str, &'static str, bool); 2] {
        let of = |soort, key| (soort_waarde(soort), key, self.soort == Some(soort));
        [
            of(Soort::KvkNr, "mr-soort-kvk"),
            of(Soort::Rsin, "mr-soort-rsin"),
        ]
    }
}

impl MrPartij {
    fn met_nummer(&self, t: &Texts) -> String {
        let key = match self.kenmerk.soort() {
            Soort::KvkNr => "mr-nummer",
            Soort::Rsin => "mr-rsin",
        };
        let nummer = t.with(key, "nummer", self.kenmerk.waarde());
        match &self.naam {
            Some(naam) => format!("{naam} ({nummer})"),
            None => nummer,
        }
    }

    fn voorbeeld(naam: Option<&str>, soort: Soort) -> Option<Self> {
        let waarde = match soort {
            Soort::KvkNr => "12345678",
            Soort::Rsin => "123456789",
        };
        Some(Self {
            naam: naam.map(str::to_owned),
            kenmerk: Kenmerk::parse(soort, waarde).ok()?,
        })
    }
}

impl MrStand {
    const fn key(self) -> &'static str {
        match self {
            Self::Geldig => "mr-stand-geldig",
            Self::NogNiet => "mr-stand-nog-niet",
            Self::Voorbij => "mr-stand-voorbij",
            Self::Ingetrokken => "mr-stand-ingetrokken",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Geldig => "goed",
            Self::NogNiet => "let-op",
            Self::Voorbij | Self::Ingetrokken => "stil",
        }
    }

    /// Whether it can be withdrawn.
    const fn loopt(self) -> bool {
        matches!(self, Self::Geldig | Self::NogNiet)
    }
}

impl MrGedaan {
    /// As it stands in a query.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Geregistreerd => "geregistreerd",
            Self::Ingetrokken => "ingetrokken",
        }
    }

    /// The one of a query.
    pub fn of_code(code: &str) -> Option<Self> {
        let all = [Self::Geregistreerd, Self::Ingetrokken];
        all.into_iter().find(|gedaan| gedaan.code() == code)
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Geregistreerd => "mr-gedaan-geregistreerd",
            Self::Ingetrokken => "mr-gedaan-ingetrokken",
        }
    }

    #[expect(clippy::unused_self, reason = "as the template of other pages asks it")]
    const fn class(self) -> &'static str {
        "goed"
    }

    const fn verloop_key(self) -> &'static str {
        match self {
            Self::Geregistreerd => "mr-verloop-geregistreerd",
            Self::Ingetrokken => "mr-verloop-ingetrokken",
        }
    }
}

impl MrIntrekfout {
    const fn key(self) -> &'static str {
        match self {
            Self::NietBevestigd => "beheer-fout-bevestiging",
            Self::Al => "mr-fout-al-ingetrokken",
            Self::Voorbij => "mr-fout-voorbij",
        }
    }

    /// The id of what must be done, for the message that leads there.
    const fn id(self) -> Option<&'static str> {
        match self {
            Self::NietBevestigd => Some("bevestigd"),
            Self::Al | Self::Voorbij => None,
        }
    }
}

/// A moment in the Netherlands, as people read it.
fn moment(t: &Texts, unix: i64) -> String {
    let (dag, tijd) = date::nederlands(unix);
    t.with_two("mr-moment", "dag", datum(t, &dag), "tijd", tijd)
}

/// The address of the page of a mandate.
fn url(id: &str) -> String {
    format!("/beheer/machtiging/{}", segment(id))
}

/// From when to when: in whole days where it is so.
fn duur(t: &Texts, van: i64, tot: i64) -> String {
    let (begin, van_tijd) = date::nederlands(van);
    let (_, tot_tijd) = date::nederlands(tot);
    if van_tijd == MIDDERNACHT && tot_tijd == MIDDERNACHT {
        let (laatste, _) = date::nederlands(tot - 1);
        let (begin, laatste) = (datum(t, &begin), datum(t, &laatste));
        return t.with_two("mr-duur-dagen", "van", begin, "tot", laatste);
    }
    t.with_two("mr-duur", "van", moment(t, van), "tot", moment(t, tot))
}

/// When a day begins.
const MIDDERNACHT: &str = "00:00";

impl MrRegel {
    fn url(&self) -> String {
        url(&self.id)
    }

    fn duur(&self, t: &Texts) -> String {
        duur(t, self.van, self.tot)
    }
}

impl MrHandeling {
    fn moment(&self, t: &Texts) -> String {
        moment(t, self.wanneer)
    }
}

impl MrBeheer {
    fn voorbeelden() -> Vec<Self> {
        let of = |soort, waarde: &str, fout| Self {
            wie: String::from("A. Jansen <Test>"),
            nummer: MrNummer {
                soort,
                waarde: waarde.to_owned(),
                fout,
            },
            formulier: String::from("f-123"),
        };
        vec![of(None, "", false), of(Some(Soort::Rsin), "12 <5", true)]
    }
}

impl MrMachtigingen {
    fn voorbeelden() -> Vec<Self> {
        let regel = |id: &str, organisatie, stand| MrRegel {
            id: id.to_owned(),
            dienst: String::from("Vergunningen & <Test>"),
            organisatie,
            stand,
            van: 1_795_302_000,
            tot: 1_826_838_000,
        };
        let of = |voor, regels: Vec<MrRegel>, verder: Option<&str>, gedaan| Self {
            voor,
            regels,
            zoek: String::from("z-123"),
            verder: verder.map(str::to_owned),
            gedaan,
        };
        let met_naam = MrPartij::voorbeeld(Some("Bakkerij & <Zonen>"), Soort::KvkNr);
        let zonder = MrPartij::voorbeeld(None, Soort::Rsin);
        let vol = vec![
            regel("M-1", None, MrStand::Geldig),
            regel("M-2", met_naam.clone(), MrStand::NogNiet),
            regel("M-3", None, MrStand::Voorbij),
            regel("M-4", None, MrStand::Ingetrokken),
        ];
        let gedaan = Some(MrGedaan::Geregistreerd);
        let pages = [
            met_naam
                .clone()
                .map(|voor| of(voor, vol, Some("z-4"), gedaan)),
            zonder.map(|voor| of(voor, Vec::new(), None, None)),
            met_naam.map(|voor| of(voor, Vec::new(), Some("z-4"), None)),
        ];
        pages.into_iter().flatten().collect()
    }
}

impl MrMachtiging {
    fn url(&self) -> String {
        url(&self.id)
    }

    fn duur(&self, t: &Texts) -> String {
        duur(t, self.van, self.tot)
    }

    fn voorbeelden() -> Vec<Self> {
        let partij = |naam| MrPartij::voorbeeld(Some(naam), Soort::KvkNr);
        let Some((voor, tussen)) = partij("Bakkerij").zip(partij("Boekhouders <BV>")) else {
            return Vec::new();
        };
        let handeling = |wat, wanneer| MrHandeling {
            wat,
            wanneer,
            wie: String::from("A. Jansen <Test>"),
        };
        let vol = Self {
            id: String::from("M-bakkerij"),
            stand: MrStand::Geldig,
            voor,
            gemachtigde: MrGemachtigde::Persoon(String::from("intern-<5-pseudoniem")),
            dienst: String::from("Vergunningen & <Test>"),
            dienstverlener: String::from("Gemeente"),
            service_uuid: String::from("2c9d1c2e-1d0a-4d6b-8f5e-000000000001"),
            dienst_weg: false,
            niveau: "EH3",
            vestiging: None,
            van: 1_795_302_000,
            tot: 1_826_838_000,
            verloop: vec![handeling(MrGedaan::Geregistreerd, 1_795_302_000)],
            zoek: String::from("z-123"),
            fout: None,
            gedaan: Some(MrGedaan::Geregistreerd),
            formulier: String::from("f-123"),
        };
        let ingetrokken = Self {
            stand: MrStand::Ingetrokken,
            gemachtigde: MrGemachtigde::Organisatie(tussen),
            dienst_weg: true,
            vestiging: Some(String::from("000012345678")),
            tot: 1_826_838_060,
            verloop: vec![
                handeling(MrGedaan::Ingetrokken, 1_795_388_400),
                handeling(MrGedaan::Geregistreerd, 1_795_302_000),
            ],
            gedaan: Some(MrGedaan::Ingetrokken),
            ..vol.clone()
        };
        let met = |van: &Self, stand, fout| Self {
            stand,
            verloop: Vec::new(),
            gedaan: None,
            fout: Some(fout),
            ..van.clone()
        };
        vec![
            met(&vol, MrStand::NogNiet, MrIntrekfout::NietBevestigd),
            met(&ingetrokken, MrStand::Ingetrokken, MrIntrekfout::Al),
            met(&vol, MrStand::Voorbij, MrIntrekfout::Voorbij),
            vol,
            ingetrokken,
        ]
    }
}
