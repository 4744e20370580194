//! The first page of the demo's observer: the network as a picture, and which journeys there were.

use super::plaat::Plaat;
use super::{BedieningPartij, Storing};

/// Every journey that was seen, and where the parties live.
#[derive(Clone, Debug)]
pub struct Netwerk {
    /// Changes whenever the page would.
    pub revisie: u64,
    /// The journeys, newest first if the caller so wishes.
    pub reizen: Vec<ReisVermelding>,
    /// The parties.
    pub hosts: Vec<Host>,
    /// What is the matter with each party, when the network can be disturbed: then a link leads to
    /// `/bediening`.
    pub standen: Option<Vec<BedieningPartij>>,
    /// The parties that somebody else's server plays.
    pub anderen: Vec<String>,
}

/// A journey in the list. It leads to `/reizen/<trace>`.
#[derive(Clone, Debug)]
pub struct ReisVermelding {
    /// Its number: a UUID, which is put into the path as it is.
    pub trace: String,
    /// When it began: any text.
    pub begonnen: String,
    /// How many of the 30 steps succeeded.
    pub stappen_gelukt: u8,
    /// How often a party refused something.
    pub weigeringen: usize,
    /// How it stands.
    pub uitkomst: ReisUitkomst,
}

/// How a journey stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReisUitkomst {
    /// All steps succeeded.
    Gelukt,
    /// A step was refused.
    Geweigerd,
    /// Not over, as far as was seen.
    Onderweg,
}

/// Where a party lives.
#[derive(Clone, Debug)]
pub struct Host {
    /// Its role: `pgo`, `mitz-back`.
    pub rol: String,
    /// Its base URL.
    pub url: String,
}

page!(Netwerk, |_| "netwerk", "netwerk.html");

impl Netwerk {
    /// The network as a picture.
    fn plaat(&self) -> Plaat<'_> {
        Plaat::draw(self.standen.as_deref().unwrap_or_default(), &self.anderen)
    }

    fn voorbeelden() -> Vec<Self> {
        let reis = |trace: &str, stappen_gelukt, uitkomst| ReisVermelding {
            trace: trace.to_owned(),
            begonnen: String::from("2026-11-22 10:46:03"),
            stappen_gelukt,
            weigeringen: usize::from(uitkomst == ReisUitkomst::Geweigerd),
            uitkomst,
        };
        let host = |rol: &str, url: &str| Host {
            rol: rol.to_owned(),
            url: url.to_owned(),
        };
        let stand = |naam: &str, storing| BedieningPartij {
            naam: naam.to_owned(),
            storing,
        };
        let full = Self {
            revisie: 7,
            reizen: vec![
                reis(TRACES[0], 30, ReisUitkomst::Gelukt),
                reis(TRACES[1], 23, ReisUitkomst::Geweigerd),
                reis(TRACES[2], 4, ReisUitkomst::Onderweg),
            ],
            hosts: vec![
                host("pgo", "https://pgo.localhost:8443"),
                host("mitz", "https://mitz.localhost:8443"),
                host("toestemmingen", "https://toestemmingen.localhost:8443"),
                host("digid", "https://digid.localhost:8443"),
            ],
            standen: Some(vec![
                stand("pgo", Storing::Geen),
                stand("mitz", Storing::Traag(5)),
                stand("digid", Storing::Weg),
                stand("dva", Storing::Fout("bad_signature")),
            ]),
            anderen: vec![String::from("dva2")],
        };
        let empty = Self {
            revisie: 0,
            reizen: Vec::new(),
            hosts: Vec::new(),
            standen: None,
            anderen: Vec::new(),
        };
        vec![full, empty]
    }
}

impl ReisUitkomst {
    /// Its name in data.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gelukt => "gelukt",
            Self::Geweigerd => "geweigerd",
            Self::Onderweg => "onderweg",
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Gelukt => "stand-gelukt",
            Self::Geweigerd => "stand-geweigerd",
            Self::Onderweg => "stand-onderweg",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Gelukt => "goed",
            Self::Geweigerd => "fout",
            Self::Onderweg => "stil",
        }
    }
}

/// Numbers of journeys, for samples.
pub(super) const TRACES: [&str; 3] = [
    "6f0b7c52-4f7e-4c1b-9a58-0a4f5f1f0c01",
    "6f0b7c52-4f7e-4c1b-9a58-0a4f5f1f0c02",
    "6f0b7c52-4f7e-4c1b-9a58-0a4f5f1f0c03",
];
