//! The pages of the Koppeltaal voorziening in a launch: what a person sees when the module cannot or
//! must not be told (TOP-KT-012c). The number at the foot is what a helpdesk asks for.

use koppeltaal::launch::authorize::PageRefusal;

use super::melding::Melding;
use super::{Page, PageContext, Shell};

/// A launch that ends here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KoppeltaalFout {
    /// Why.
    pub soort: KoppeltaalFoutSoort,
}

/// See [`KoppeltaalFout`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KoppeltaalFoutSoort {
    /// No such application (koppeltaal case 93).
    OnbekendeApplicatie,
    /// The application is known, the address to return to is not (koppeltaal case 94).
    OnbekendeRedirectUri,
    /// The request cannot be read, or not be carried.
    OngeldigVerzoek,
    /// Who logged in is not who launches (koppeltaal cases 102 to 104).
    Geweigerd,
    /// The answer of the IdP was used before.
    AlBeantwoord,
    /// The person took too long, or used another browser.
    Verlopen,
    /// Something failed here.
    Storing,
}

impl KoppeltaalFoutSoort {
    const ALL: [Self; 7] = [
        Self::OnbekendeApplicatie,
        Self::OnbekendeRedirectUri,
        Self::OngeldigVerzoek,
        Self::Geweigerd,
        Self::AlBeantwoord,
        Self::Verlopen,
        Self::Storing,
    ];

    /// Of a request that is refused before its redirect URI is proven.
    pub const fn of(refusal: PageRefusal) -> Self {
        match refusal {
            PageRefusal::Unreadable => Self::OngeldigVerzoek,
            PageRefusal::UnknownClient => Self::OnbekendeApplicatie,
            PageRefusal::UnknownRedirectUri => Self::OnbekendeRedirectUri,
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::OnbekendeApplicatie => "koppeltaal-onbekende-applicatie",
            Self::OnbekendeRedirectUri => "koppeltaal-onbekende-redirect-uri",
            Self::OngeldigVerzoek => "koppeltaal-ongeldig-verzoek",
            Self::Geweigerd => "koppeltaal-geweigerd",
            Self::AlBeantwoord => "koppeltaal-al-beantwoord",
            Self::Verlopen => "koppeltaal-verlopen",
            Self::Storing => "storing",
        }
    }
}

impl PageContext for KoppeltaalFout {
    fn render(&self, shell: &Shell) -> Page {
        let (key, link) = (self.soort.key(), None);
        Melding { key, link }.render(shell)
    }

    fn samples() -> Vec<Self> {
        KoppeltaalFoutSoort::ALL
            .map(|soort| Self { soort })
            .to_vec()
    }
}
