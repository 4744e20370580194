//! The pages of the PGO for whoever looks at his connections with DVAs.

use super::texts::Texts;
use super::{PgoVoor, datum::datum};

/// Every connection of the person (medmij.md §2.2, §2.6).
///
/// Forms, for each one that lasts: POST `/verbindingen/ophalen` with `formulier` and `verbinding`, and POST
/// `/verbindingen/vanzelf` with the same and, if the person wants that, `vanzelf` with the value `ja`. Each
/// has a link to [`PgoBeeindigen`].
#[derive(Clone, Debug)]
pub struct PgoVerbindingen {
    /// Every one.
    pub verbindingen: Vec<PgoVerbinding>,
    /// What has just been done.
    pub gedaan: Option<PgoGedaan>,
    /// The token that binds the forms to this browser.
    pub formulier: String,
}

/// A connection.
#[derive(Clone, Debug)]
pub struct PgoVerbinding {
    /// Its id, as it stands in links and forms.
    pub id: String,
    /// The Aanbieder's name in a scope.
    pub naam: String,
    /// Its name for people.
    pub aanbieder: String,
    /// The host of the DVA.
    pub dva: String,
    /// For whom.
    pub voor: PgoVoor,
    /// What, by its name for people.
    pub diensten: Vec<String>,
    /// Since when: a FHIR dateTime.
    pub sinds: String,
    /// Whether it goes on.
    pub soort: PgoVerbindingSoort,
    /// Whether nothing came by itself for 48 hours.
    pub stil: bool,
    /// The exchanges, the newest first.
    pub momenten: Vec<PgoMoment>,
    /// Where its data is shown.
    pub data: String,
}

/// See [`PgoVerbinding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PgoVerbindingSoort {
    /// The consent was for once, or has ended.
    Eenmalig,
    /// The consent lasts.
    Langdurig {
        /// Whether it is collected by itself.
        vanzelf: bool,
    },
    /// Something was handed over: a confirmation is for once.
    Gedeeld,
}

/// An exchange.
#[derive(Clone, Debug)]
pub struct PgoMoment {
    /// When: a FHIR dateTime.
    pub op: String,
    /// Whether by itself.
    pub vanzelf: bool,
    /// How it ended.
    pub afloop: PgoAfloop,
}

/// See [`PgoMoment`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PgoAfloop {
    /// So many pieces of data came.
    Gekregen(u32),
    /// Something was placed.
    Gedeeld,
    /// The equal refusal.
    Geweigerd,
    /// No answer.
    NietBereikbaar,
    /// An answer that is not taken.
    NietVertrouwd,
}

/// What has just been done with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PgoGedaan {
    /// Data came.
    Opgehaald,
    /// No data came.
    NietOpgehaald,
    /// The connection was removed, with its data.
    Verwijderd,
    /// It is collected by itself from now on.
    Besteld,
    /// It is not collected by itself.
    NietBesteld,
}

page!(PgoVerbindingen, |_| "verbindingen", "pgo_verbindingen.html");

/// Whether the person is sure.
///
/// Form: POST `/verbindingen/beeindigen` with `formulier` and `verbinding`.
#[derive(Clone, Debug)]
pub struct PgoBeeindigen {
    /// Which one.
    pub verbinding: PgoVerbinding,
    /// The token that binds the form to this browser.
    pub formulier: String,
}

page!(
    PgoBeeindigen,
    |page| page.verbinding.einde(),
    "pgo_beeindigen.html"
);

impl PgoGedaan {
    const ALL: [Self; 5] = [
        Self::Opgehaald,
        Self::NietOpgehaald,
        Self::Verwijderd,
        Self::Besteld,
        Self::NietBesteld,
    ];

    /// As it stands in an address, if it is one of ours.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|gedaan| gedaan.name() == name)
    }

    /// As it stands in an address.
    pub fn name(self) -> &'static str {
        let key = self.key();
        key.strip_prefix("verbinding-").unwrap_or(key)
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Opgehaald => "verbinding-opgehaald",
            Self::NietOpgehaald => "verbinding-niet-opgehaald",
            Self::Verwijderd => "verbinding-verwijderd",
            Self::Besteld => "verbinding-besteld",
            Self::NietBesteld => "verbinding-niet-besteld",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Opgehaald | Self::Verwijderd | Self::Besteld | Self::NietBesteld => "goed",
            Self::NietOpgehaald => "let-op",
        }
    }
}

impl PgoVerbinding {
    const fn lasts(&self) -> bool {
        matches!(self.soort, PgoVerbindingSoort::Langdurig { .. })
    }

    const fn vanzelf(&self) -> bool {
        matches!(self.soort, PgoVerbindingSoort::Langdurig { vanzelf: true })
    }

    const fn is_gedeeld(&self) -> bool {
        matches!(self.soort, PgoVerbindingSoort::Gedeeld)
    }

    /// The text that says whether it goes on.
    const fn duur(&self) -> &'static str {
        match self.soort {
            PgoVerbindingSoort::Eenmalig => "verbinding-eenmalig",
            PgoVerbindingSoort::Langdurig { .. } => "verbinding-langdurig",
            PgoVerbindingSoort::Gedeeld => "verbinding-gedeeld",
        }
    }

    /// What its end is called.
    const fn einde(&self) -> &'static str {
        if self.lasts() {
            "verbinding-beeindigen"
        } else {
            "verbinding-verwijderen"
        }
    }

    fn sinds(&self, t: &Texts) -> String {
        datum(t, &self.sinds)
    }
}

impl PgoMoment {
    fn op(&self, t: &Texts) -> String {
        let clock = self.op.split('T').nth(1).unwrap_or_default();
        t.with_two("op-de-klok", "datum", datum(t, &self.op), "tijd", clock)
    }

    fn afloop(&self, t: &Texts) -> String {
        match self.afloop {
            PgoAfloop::Gekregen(aantal) => t.with("afloop-gekregen", "aantal", aantal),
            PgoAfloop::Gedeeld => t.say("afloop-gedeeld"),
            PgoAfloop::Geweigerd => t.say("afloop-geweigerd"),
            PgoAfloop::NietBereikbaar => t.say("afloop-niet-bereikbaar"),
            PgoAfloop::NietVertrouwd => t.say("afloop-niet-vertrouwd"),
        }
    }
}

impl PgoVerbindingen {
    fn voorbeelden() -> Vec<Self> {
        let of = |verbindingen, gedaan| Self {
            verbindingen,
            gedaan,
            formulier: String::from("f-123"),
        };
        vec![
            of(PgoVerbinding::voorbeelden(), Some(PgoGedaan::NietOpgehaald)),
            of(vec![PgoVerbinding::voorbeeld()], Some(PgoGedaan::Opgehaald)),
            of(vec![PgoVerbinding::voorbeeld()], Some(PgoGedaan::Besteld)),
            of(PgoVerbinding::voorbeelden(), Some(PgoGedaan::NietBesteld)),
            of(Vec::new(), Some(PgoGedaan::Verwijderd)),
            of(Vec::new(), None),
        ]
    }
}

impl PgoBeeindigen {
    fn voorbeelden() -> Vec<Self> {
        let of = |verbinding| Self {
            verbinding,
            formulier: String::from("f-123"),
        };
        PgoVerbinding::voorbeelden().into_iter().map(of).collect()
    }
}

impl PgoVerbinding {
    fn voorbeeld() -> Self {
        let moment = |op: &str, vanzelf, afloop| PgoMoment {
            op: op.to_owned(),
            vanzelf,
            afloop,
        };
        Self {
            id: String::from("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
            naam: String::from("apotheekdebrug"),
            aanbieder: String::from("Apotheek De Brug & Zonen <test>"),
            dva: String::from("dva.voorbeeld.nl"),
            voor: PgoVoor::Mijzelf,
            diensten: vec![
                String::from("Medicatiegegevens"),
                String::from("Documenten"),
            ],
            sinds: String::from("2026-11-20T10:05"),
            soort: PgoVerbindingSoort::Langdurig { vanzelf: true },
            stil: true,
            momenten: vec![
                moment("2026-11-24T01:15", true, PgoAfloop::NietBereikbaar),
                moment("2026-11-23T01:15", true, PgoAfloop::Geweigerd),
                moment("2026-11-22T01:15", true, PgoAfloop::NietVertrouwd),
                moment("2026-11-21T01:15", true, PgoAfloop::Gekregen(1)),
                moment("2026-11-20T10:05", false, PgoAfloop::Gekregen(24)),
            ],
            data: String::from("/resultaat"),
        }
    }

    fn voorbeelden() -> Vec<Self> {
        let first = Self::voorbeeld();
        let child = Self {
            id: String::from("BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
            voor: PgoVoor::Kind(String::from("2015-03-09")),
            soort: PgoVerbindingSoort::Langdurig { vanzelf: false },
            stil: false,
            momenten: Vec::new(),
            ..first.clone()
        };
        let once = Self {
            id: String::from("CAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
            voor: PgoVoor::Machtiging(String::from("1961-04-12")),
            soort: PgoVerbindingSoort::Eenmalig,
            momenten: vec![PgoMoment {
                op: String::from("2026-11-20T10:05"),
                vanzelf: false,
                afloop: PgoAfloop::Gedeeld,
            }],
            stil: false,
            ..first.clone()
        };
        let shared = Self {
            id: String::from("DAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
            voor: PgoVoor::Mijzelf,
            soort: PgoVerbindingSoort::Gedeeld,
            data: String::from("/delen/bon?verbinding=DA"),
            ..once.clone()
        };
        vec![first, child, once, shared]
    }
}
