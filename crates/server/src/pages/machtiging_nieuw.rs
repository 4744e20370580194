//! The page on which a mandate is registered at an MR.

use etoegang::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;

use super::machtigingen::MrNummer;
use super::texts::Texts;

/// A new mandate.
///
/// Form: POST `/beheer/nieuwe-machtiging` with `formulier`, `aanvraag`, the fields of [`MrInvulling`] by their
/// names (`soort` and `nummer` of who is represented), `dienst-<ServiceUUID>` = `ja` for each service, and
/// `doe`: `registreren`, or `zoeken` for other services to choose from.
#[derive(Clone, Debug)]
pub struct MrNieuweMachtiging {
    /// What stands in the fields.
    pub velden: MrInvulling,
    /// Who is represented.
    pub nummer: MrNummer,
    /// What cannot stay as it is.
    pub fouten: Vec<MrInvulfout>,
    /// The services to choose from.
    pub diensten: Vec<MrDienstkeuze>,
    /// How many services of the catalogue are not among them.
    pub niet_getoond: usize,
    /// The mandate that this form registered before.
    pub al: Option<String>,
    /// The number by which a form that is sent twice is known.
    pub aanvraag: String,
    /// The token that binds the form to this visit.
    pub formulier: String,
}

/// The fields of a new mandate, as they were filled in.
#[derive(Clone, Debug, Default)]
pub struct MrInvulling {
    /// Who may act: `persoon` or `organisatie`.
    pub wie: String,
    /// The number that an AD gave the person.
    pub houder: String,
    /// The KvK number of the organisation that stands between.
    pub tussen: String,
    /// A word in the names of services.
    pub zoek: String,
    /// The URN of the level.
    pub niveau: String,
    /// The first day.
    pub van: String,
    /// The last day.
    pub tot: String,
    /// The branch.
    pub beperking: String,
}

/// A service to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MrDienstkeuze {
    /// Its ServiceUUID.
    pub service_uuid: String,
    /// What people call it.
    pub naam: String,
    /// Whose it is.
    pub dienstverlener: String,
    /// What people call its level.
    pub niveau: &'static str,
    /// Whether it is chosen.
    pub gekozen: bool,
}

/// What cannot stay as it is, for the message beside its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MrInvulfout {
    /// No number of who is represented.
    Nummer,
    /// It is not said who may act.
    Wie,
    /// No number of a person.
    Houder,
    /// A number of a person, where an organisation was chosen.
    HouderTeVeel,
    /// No KvK number of who stands between.
    Tussen,
    /// The same, where a person was chosen.
    TussenTeVeel,
    /// An organisation between itself and its services.
    TussenZelf,
    /// No service.
    Dienst,
    /// More services than can be registered at once.
    DienstTeVeel,
    /// A service that the catalogue does not have any more.
    DienstWeg,
    /// No level.
    Niveau,
    /// No first day.
    Van,
    /// No last day.
    Tot,
    /// The last day was, or comes before the first.
    Voorbij,
    /// Longer than five years.
    TeLang,
    /// No number of a branch.
    Beperking,
}

/// A field with one line of text.
struct Veld<'a> {
    id: &'static str,
    label: &'static str,
    uitleg: &'static str,
    waarde: &'a str,
    fout: Option<&'static str>,
    max: u16,
    /// The keyboard of a phone.
    inputmode: &'static str,
}

page!(
    MrNieuweMachtiging,
    |_| "mr-nieuw",
    "mr_nieuwe_machtiging.html"
);

impl MrInvulfout {
    const ALL: [Self; 16] = [
        Self::Nummer,
        Self::Wie,
        Self::Houder,
        Self::HouderTeVeel,
        Self::Tussen,
        Self::TussenTeVeel,
        Self::TussenZelf,
        Self::Dienst,
        Self::DienstTeVeel,
        Self::DienstWeg,
        Self::Niveau,
        Self::Van,
        Self::Tot,
        Self::Voorbij,
        Self::TeLang,
        Self::Beperking,
    ];

    /// The id of its field, which the summary leads to.
    const fn id(self) -> &'static str {
        match self {
            Self::Nummer => "nummer",
            Self::Wie => "wie-persoon",
            Self::Houder | Self::HouderTeVeel => "houder",
            Self::Tussen | Self::TussenTeVeel | Self::TussenZelf => "tussen",
            Self::Dienst | Self::DienstTeVeel | Self::DienstWeg => "diensten",
            Self::Niveau => "niveau",
            Self::Van => "van",
            Self::Tot | Self::Voorbij | Self::TeLang => "tot",
            Self::Beperking => "beperking",
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Nummer => "mr-fout-nummer",
            Self::Wie => "mr-fout-wie",
            Self::Houder => "mr-fout-houder",
            Self::HouderTeVeel => "mr-fout-houder-te-veel",
            Self::Tussen => "mr-fout-tussen",
            Self::TussenTeVeel => "mr-fout-tussen-te-veel",
            Self::TussenZelf => "mr-fout-tussen-zelf",
            Self::Dienst => "mr-fout-dienst",
            Self::DienstTeVeel => "mr-fout-dienst-te-veel",
            Self::DienstWeg => "mr-fout-dienst-weg",
            Self::Niveau => "mr-fout-niveau",
            Self::Van => "mr-fout-van",
            Self::Tot => "mr-fout-tot",
            Self::Voorbij => "mr-fout-tot-voorbij",
            Self::TeLang => "mr-fout-te-lang",
            Self::Beperking => "mr-fout-beperking",
        }
    }
}

impl MrDienstkeuze {
    fn vraagt(&self, t: &Texts) -> String {
        t.with("mr-vraagt", "niveau", self.niveau)
    }
}

impl MrNieuweMachtiging {
    /// What is wrong with the field of this id.
    fn fout(&self, id: &str) -> Option<&'static str> {
        let mut fouten = self.fouten.iter();
        fouten.find(|fout| fout.id() == id).map(|fout| fout.key())
    }

    fn is_wie(&self, wie: &str) -> bool {
        self.velden.wie == wie
    }

    /// Each level that a mandate may have: its URN, what people call it, and whether it is chosen.
    fn niveaus(&self) -> Vec<(&'static str, &'static str, bool)> {
        let all = Betrouwbaarheidsniveau::ALL.into_iter();
        // The first may not be used any more.
        let of = |niveau: Betrouwbaarheidsniveau| {
            let urn = niveau.urn();
            (urn, niveau.naam(), self.velden.niveau == urn)
        };
        all.skip(1).map(of).collect()
    }

    fn houder(&self) -> Veld<'_> {
        self.veld(
            ("houder", "mr-houder", "mr-houder-uitleg"),
            (&self.velden.houder, 256, "text"),
        )
    }

    fn tussen(&self) -> Veld<'_> {
        self.veld(
            ("tussen", "mr-tussen", "mr-tussen-uitleg"),
            (&self.velden.tussen, 16, "numeric"),
        )
    }

    fn van(&self) -> Veld<'_> {
        self.veld(
            ("van", "mr-van", "mr-van-uitleg"),
            (&self.velden.van, 16, "text"),
        )
    }

    fn tot(&self) -> Veld<'_> {
        self.veld(
            ("tot", "mr-tot", "mr-tot-uitleg"),
            (&self.velden.tot, 16, "text"),
        )
    }

    fn beperking(&self) -> Veld<'_> {
        self.veld(
            ("beperking", "mr-beperking", "mr-beperking-uitleg"),
            (&self.velden.beperking, 24, "numeric"),
        )
    }

    fn veld<'a>(
        &self,
        (id, label, uitleg): (&'static str, &'static str, &'static str),
        (waarde, max, inputmode): (&'a str, u16, &'static str),
    ) -> Veld<'a> {
        Veld {
            id,
            label,
            uitleg,
            waarde,
            fout: self.fout(id),
            max,
            inputmode,
        }
    }

    fn voorbeelden() -> Vec<Self> {
        let dienst = |nummer: u8, gekozen| MrDienstkeuze {
            service_uuid: format!("2c9d1c2e-1d0a-4d6b-8f5e-00000000000{nummer}"),
            naam: String::from("Vergunningen & <Test>"),
            dienstverlener: String::from("Gemeente"),
            niveau: "EH3",
            gekozen,
        };
        let nieuw = Self {
            velden: MrInvulling {
                van: String::from("22-11-2026"),
                ..MrInvulling::default()
            },
            nummer: MrNummer::default(),
            fouten: Vec::new(),
            diensten: vec![dienst(1, false), dienst(2, false)],
            niet_getoond: 0,
            al: None,
            aanvraag: String::from("a-123"),
            formulier: String::from("f-123"),
        };
        let vol = Self {
            velden: MrInvulling {
                wie: String::from("organisatie"),
                houder: String::from("iemand <5"),
                tussen: String::from("87654321"),
                zoek: String::from("vergunning"),
                niveau: Betrouwbaarheidsniveau::Loa3.urn().to_owned(),
                van: String::from("22-11-2026"),
                tot: String::from("gisteren"),
                beperking: String::from("1"),
            },
            nummer: MrNummer {
                fout: true,
                ..MrNummer::of(Some("rsin"), Some("12"))
            },
            diensten: vec![dienst(1, true)],
            niet_getoond: 312,
            ..nieuw.clone()
        };
        let met = |fouten: &[MrInvulfout]| Self {
            fouten: fouten.to_vec(),
            ..vol.clone()
        };
        let leeg = Self {
            diensten: Vec::new(),
            ..nieuw.clone()
        };
        let al = Self {
            al: Some(String::from("M-1")),
            ..vol.clone()
        };
        let each = MrInvulfout::ALL.map(|fout| met(&[fout]));
        let first = [nieuw, leeg, al, met(&MrInvulfout::ALL)];
        first.into_iter().chain(each).collect()
    }
}
