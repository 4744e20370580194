//! What any party says when it cannot show what was asked for.

use super::melding::Melding;
use super::{Brand, Page, PageContext, Shell};

/// A request that leads to no page. As on every page, the trace id stands at the foot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Technisch {
    /// Why.
    pub soort: TechnischSoort,
}

/// See [`Technisch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TechnischSoort {
    /// There is no such page (404).
    NietGevonden,
    /// More was sent than we read (413).
    TeGroot,
    /// Something failed here (5xx). Its title is literally `Technische storing` (MedMij,
    /// technische-storing-core).
    Storing,
    /// The page does not take this method (405).
    VerkeerdeMethode,
}

impl TechnischSoort {
    const ALL: [Self; 4] = [
        Self::NietGevonden,
        Self::TeGroot,
        Self::Storing,
        Self::VerkeerdeMethode,
    ];

    const fn key(self) -> &'static str {
        match self {
            Self::NietGevonden => "niet-gevonden",
            Self::TeGroot => "te-groot",
            Self::Storing => "storing",
            Self::VerkeerdeMethode => "verkeerde-methode",
        }
    }
}

impl PageContext for Technisch {
    fn render(&self, shell: &Shell) -> Page {
        // These two have a page at `/` for whoever comes by; the others are reached by redirect.
        let has_start = matches!(shell.party, Brand::Pgo | Brand::Netwerk);
        let link = has_start.then_some(("/", "naar-begin"));
        let key = self.soort.key();
        Melding { key, link }.render(shell)
    }

    fn samples() -> Vec<Self> {
        TechnischSoort::ALL.map(|soort| Self { soort }).to_vec()
    }
}
