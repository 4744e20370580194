//! The pages of a DVA's authorization server (medmij.md §2): from the landing page to the declaration, and
//! what a person sees who goes no further.

use super::melding::Melding;
use super::texts::Texts;
use super::{Page, PageContext, Shell, datum::datum};

/// What a person came for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DvaWaarvoor {
    /// The PGO wants to collect.
    Verzamelen,
    /// The PGO wants to place something.
    Delen,
    /// The PGO wants a subscription.
    Abonneren,
    /// The PGO ends one.
    Opzeggen,
    /// The person wants to see or end consents.
    Beheren,
}

/// The landing page (core.usrint.100).
///
/// Forms: POST `/inloggen` and POST `/stoppen`, each with `aanvraag` and `formulier`.
#[derive(Clone, Debug)]
pub struct DvaLanding {
    /// What for.
    pub waarvoor: DvaWaarvoor,
    /// The Aanbieder; empty when the person came to manage consents.
    pub aanbieder: String,
    /// The PGO; empty likewise.
    pub pgo: String,
    /// Whether the person acts for somebody else.
    pub voor_ander: bool,
    /// Which request.
    pub aanvraag: String,
    /// The token that binds the forms to it.
    pub formulier: String,
}

page!(DvaLanding, |page| page.titel(), "dva_landing.html");

/// The login did not succeed: offers to log in after all, or to stop (core.usrint.101).
///
/// Forms: as on [`DvaLanding`].
#[derive(Clone, Debug)]
pub struct DvaGestrand {
    /// Whether the person cancelled; else it could not be established who it is.
    pub geannuleerd: bool,
    /// Which request.
    pub aanvraag: String,
    /// The token that binds the forms to it.
    pub formulier: String,
}

page!(DvaGestrand, |page| page.key(), "dva_gestrand.html");

/// The Toestemmingsverklaring, or the Bevestigingsverklaring (core.usrint.102).
///
/// Form: POST `/verklaring` with `formulier`, `keuze` (`ja` or `nee`) and, if the person wants that,
/// `langdurig` with the value `ja`.
#[derive(Clone, Debug)]
pub struct DvaVerklaring {
    /// What for.
    pub waarvoor: DvaWaarvoor,
    /// The Aanbieder.
    pub aanbieder: String,
    /// The PGO.
    pub pgo: String,
    /// The date of birth of whom it is about, when that is somebody else: a FHIR date.
    pub geboren: Option<String>,
    /// What is placed, or subscribed to, by its name for people.
    pub dienst: String,
    /// Days of a subscription.
    pub dagen: u32,
    /// The token that binds the form to this login.
    pub formulier: String,
}

page!(DvaVerklaring, |page| page.titel(), "dva_verklaring.html");

/// A person who logged in and goes no further (exception 3, exceptions Vertegenwoordiging 1 and 2).
///
/// Form: POST `/verklaring` with `formulier` and `keuze` `nee`.
#[derive(Clone, Debug)]
pub struct DvaNietVerder {
    /// Why.
    pub soort: DvaNietVerderSoort,
    /// The Aanbieder.
    pub aanbieder: String,
    /// The PGO.
    pub pgo: String,
    /// The token that binds the form to this login.
    pub formulier: String,
}

/// See [`DvaNietVerder`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DvaNietVerderSoort {
    /// There is nothing for this person. One text, whatever the reason.
    GeenGegevens,
    /// The person was to act for somebody else, and did not.
    NietVertegenwoordigd,
    /// The person acted for somebody else, and was not to.
    WelVertegenwoordigd,
}

page!(DvaNietVerder, |page| page.key(), "dva_niet_verder.html");

/// Technische storing (technische-storing-core).
#[derive(Clone, Debug)]
pub struct DvaStoring {
    /// The DVA.
    pub dva: String,
    /// Where it is called.
    pub telefoon: Option<String>,
    /// The Aanbieder, when it is known.
    pub aanbieder: Option<String>,
    /// The number of the run.
    pub trace: String,
    /// The number of the visit, when there is one.
    pub sessie: Option<String>,
    /// Back to the PGO: only with a proven client and redirect URI.
    pub terug: Option<String>,
}

page!(DvaStoring, |_| "dva-storing", "dva_storing.html");

/// A request that must not or cannot be answered with a redirect (exception 1a, and what is over).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DvaFout {
    /// Why.
    pub soort: DvaFoutSoort,
}

/// See [`DvaFout`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DvaFoutSoort {
    /// The client, or where the answer would go, is not proven.
    OngeldigVerzoek,
    /// The question was answered before.
    AlBeantwoord,
    /// The person took too long.
    Verlopen,
    /// The person stopped.
    Gestopt,
}

/// The long-lived consents of a person at this DVA (medmij.md §2.5).
///
/// Each has a link to [`DvaBeeindigen`].
#[derive(Clone, Debug)]
pub struct DvaToestemmingen {
    /// Every one.
    pub toestemmingen: Vec<DvaToestemming>,
    /// Whether one has just ended.
    pub beeindigd: bool,
}

/// See [`DvaToestemmingen`].
#[derive(Clone, Debug)]
pub struct DvaToestemming {
    /// Its id, as it stands in links and forms.
    pub id: String,
    /// The PGO.
    pub pgo: String,
    /// The Aanbieder.
    pub aanbieder: String,
    /// When it was given: a FHIR date.
    pub gegeven: String,
    /// When it was used last, if ever.
    pub gebruikt: Option<String>,
    /// For whom it was given.
    pub voor: DvaVoor,
}

/// Who gave a consent for whom, seen by the person who looks.
#[derive(Clone, Debug)]
pub enum DvaVoor {
    /// The person for himself.
    Zelf,
    /// The person for somebody else.
    Ander {
        /// Born on this day: a FHIR date.
        geboren: Option<String>,
    },
    /// Somebody else for the person.
    DoorAnder,
}

page!(
    DvaToestemmingen,
    |_| "dva-toestemmingen",
    "dva_toestemmingen.html"
);

/// The Beëindigingsverklaring.
///
/// Form: POST `/toestemmingen/beeindigen` with `formulier` and `toestemming`.
#[derive(Clone, Debug)]
pub struct DvaBeeindigen {
    /// Which one.
    pub toestemming: DvaToestemming,
    /// The token that binds the form to this login.
    pub formulier: String,
}

page!(DvaBeeindigen, |_| "dva-beeindigen", "dva_beeindigen.html");

impl DvaWaarvoor {
    const fn is_beheren(self) -> bool {
        matches!(self, Self::Beheren)
    }
}

impl DvaLanding {
    const fn titel(&self) -> &'static str {
        match self.waarvoor {
            DvaWaarvoor::Verzamelen => "dva-landing-verzamelen",
            DvaWaarvoor::Delen => "dva-landing-delen",
            DvaWaarvoor::Abonneren => "dva-landing-abonneren",
            DvaWaarvoor::Opzeggen => "dva-landing-opzeggen",
            DvaWaarvoor::Beheren => "dva-landing-beheren",
        }
    }

    fn voorbeelden() -> Vec<Self> {
        let of = |waarvoor, voor_ander| Self {
            waarvoor,
            aanbieder: String::from("Ziekenhuis De Plas"),
            pgo: String::from("De Proef-PGO <test>"),
            voor_ander,
            aanvraag: String::from("a-1"),
            formulier: String::from("f-123"),
        };
        vec![
            of(DvaWaarvoor::Verzamelen, false),
            of(DvaWaarvoor::Verzamelen, true),
            of(DvaWaarvoor::Delen, false),
            of(DvaWaarvoor::Abonneren, false),
            of(DvaWaarvoor::Opzeggen, false),
            of(DvaWaarvoor::Beheren, false),
        ]
    }
}

impl DvaGestrand {
    const fn key(&self) -> &'static str {
        if self.geannuleerd {
            "dva-geannuleerd"
        } else {
            "dva-niet-ingelogd"
        }
    }

    fn voorbeelden() -> Vec<Self> {
        let of = |geannuleerd| Self {
            geannuleerd,
            aanvraag: String::from("a-1"),
            formulier: String::from("f-123"),
        };
        vec![of(true), of(false)]
    }
}

impl DvaVerklaring {
    const fn titel(&self) -> &'static str {
        match self.waarvoor {
            DvaWaarvoor::Delen => "dva-bevestigen",
            DvaWaarvoor::Opzeggen => "dva-opzeggen",
            // core.usrint.102: literally `Toestemming geven`
            _ => "toestemming",
        }
    }

    /// Only for collecting (medmij.md §2.2).
    const fn may_last(&self) -> bool {
        matches!(self.waarvoor, DvaWaarvoor::Verzamelen)
    }

    /// Only of what is placed: a subscription says for how long it is.
    const fn is_once(&self) -> bool {
        matches!(self.waarvoor, DvaWaarvoor::Delen)
    }

    fn vraag(&self, t: &Texts) -> String {
        let key = match self.waarvoor {
            DvaWaarvoor::Delen => "dva-vraag-delen",
            DvaWaarvoor::Abonneren => "dva-vraag-abonneren",
            DvaWaarvoor::Opzeggen => "dva-vraag-opzeggen",
            DvaWaarvoor::Verzamelen | DvaWaarvoor::Beheren => "dva-vraag-verzamelen",
        };
        let voor = if self.geboren.is_some() {
            "ander"
        } else {
            "zelf"
        };
        let (pgo, aanbieder) = (self.pgo.as_str(), self.aanbieder.as_str());
        t.with_all(
            key,
            [("pgo", pgo), ("aanbieder", aanbieder), ("voor", voor)],
        )
    }

    fn geboren(&self, t: &Texts) -> Option<String> {
        self.geboren.as_ref().map(|day| datum(t, day))
    }

    fn voorbeelden() -> Vec<Self> {
        let of = |(waarvoor, geboren): (DvaWaarvoor, Option<&str>)| Self {
            waarvoor,
            aanbieder: String::from("Ziekenhuis De Plas"),
            pgo: String::from("De Proef-PGO <test>"),
            geboren: geboren.map(str::to_owned),
            dienst: String::from("Meetwaarden vitale functies"),
            dagen: if waarvoor == DvaWaarvoor::Abonneren {
                90
            } else {
                0
            },
            formulier: String::from("f-123"),
        };
        [
            (DvaWaarvoor::Verzamelen, None),
            (DvaWaarvoor::Verzamelen, Some("2018-05-14")),
            (DvaWaarvoor::Delen, None),
            (DvaWaarvoor::Delen, Some("2018-05-14")),
            (DvaWaarvoor::Abonneren, None),
            (DvaWaarvoor::Opzeggen, None),
        ]
        .map(of)
        .to_vec()
    }
}

impl DvaNietVerder {
    const fn key(&self) -> &'static str {
        match self.soort {
            DvaNietVerderSoort::GeenGegevens => "dva-geen-gegevens",
            DvaNietVerderSoort::NietVertegenwoordigd => "dva-niet-vertegenwoordigd",
            DvaNietVerderSoort::WelVertegenwoordigd => "dva-wel-vertegenwoordigd",
        }
    }

    fn voorbeelden() -> Vec<Self> {
        let of = |soort| Self {
            soort,
            aanbieder: String::from("Ziekenhuis De Plas"),
            pgo: String::from("De Proef-PGO"),
            formulier: String::from("f-123"),
        };
        [
            DvaNietVerderSoort::GeenGegevens,
            DvaNietVerderSoort::NietVertegenwoordigd,
            DvaNietVerderSoort::WelVertegenwoordigd,
        ]
        .map(of)
        .to_vec()
    }
}

impl DvaStoring {
    fn voorbeelden() -> Vec<Self> {
        let full = Self {
            dva: String::from("De Proef-DVA"),
            telefoon: Some(String::from("0800 0000")),
            aanbieder: Some(String::from("Ziekenhuis De Plas")),
            trace: String::from("c0e7b545-9606-4eef-bea7-75d8addaa54b"),
            sessie: Some(String::from("57510be1-73e6-4a75-9db8-ee005cced48f")),
            terug: Some(String::from("https://pgo.example/")),
        };
        let bare = Self {
            telefoon: None,
            aanbieder: None,
            sessie: None,
            terug: None,
            ..full.clone()
        };
        vec![full, bare]
    }
}

impl DvaFoutSoort {
    const ALL: [Self; 4] = [
        Self::OngeldigVerzoek,
        Self::AlBeantwoord,
        Self::Verlopen,
        Self::Gestopt,
    ];

    const fn key(self) -> &'static str {
        match self {
            Self::OngeldigVerzoek => "dva-ongeldig-verzoek",
            Self::AlBeantwoord => "dva-al-beantwoord",
            Self::Verlopen => "dva-verlopen",
            Self::Gestopt => "dva-gestopt",
        }
    }
}

impl PageContext for DvaFout {
    fn render(&self, shell: &Shell) -> Page {
        let (key, link) = (self.soort.key(), None);
        Melding { key, link }.render(shell)
    }

    fn samples() -> Vec<Self> {
        DvaFoutSoort::ALL.map(|soort| Self { soort }).to_vec()
    }
}

impl DvaToestemming {
    fn gegeven(&self, t: &Texts) -> String {
        datum(t, &self.gegeven)
    }

    fn gebruikt(&self, t: &Texts) -> Option<String> {
        self.gebruikt.as_ref().map(|day| datum(t, day))
    }

    /// For whom it was given, where that must be said.
    fn voor(&self, t: &Texts) -> Option<String> {
        match &self.voor {
            DvaVoor::Zelf => None,
            DvaVoor::Ander { geboren: Some(day) } => {
                Some(t.with("dva-toestemming-voor-ander", "datum", datum(t, day)))
            }
            DvaVoor::Ander { geboren: None } => Some(t.say("dva-toestemming-voor-iemand")),
            DvaVoor::DoorAnder => Some(t.say("dva-toestemming-door-ander")),
        }
    }

    fn voorbeeld((gebruikt, voor): (Option<&str>, DvaVoor)) -> Self {
        Self {
            id: String::from("000102030405060708090a0b0c0d0e0f"),
            pgo: String::from("De Proef-PGO <test>"),
            aanbieder: String::from("Ziekenhuis De Plas"),
            gegeven: String::from("2026-09-21"),
            gebruikt: gebruikt.map(str::to_owned),
            voor,
        }
    }
}

impl DvaToestemmingen {
    fn voorbeelden() -> Vec<Self> {
        let geboren = |day: Option<&str>| DvaVoor::Ander {
            geboren: day.map(str::to_owned),
        };
        let all = [
            (None, DvaVoor::Zelf),
            (Some("2026-11-18"), geboren(Some("2018-05-14"))),
            (None, geboren(None)),
            (None, DvaVoor::DoorAnder),
        ];
        let all = all.map(DvaToestemming::voorbeeld);
        vec![
            Self {
                toestemmingen: all.to_vec(),
                beeindigd: false,
            },
            Self {
                toestemmingen: Vec::new(),
                beeindigd: true,
            },
        ]
    }
}

impl DvaBeeindigen {
    fn voorbeelden() -> Vec<Self> {
        vec![Self {
            toestemming: DvaToestemming::voorbeeld((None, DvaVoor::DoorAnder)),
            formulier: String::from("f-123"),
        }]
    }
}
