//! Levels of assurance.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A DigiD level of assurance (betrouwbaarheidsniveau). Levels compare by their number inside
/// DigiD, never by a list's order (digid.md 2.3). In JSON: the name in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Loa {
    /// A password.
    Basis = 10,
    /// A password and a second factor.
    Midden = 20,
    /// The DigiD app after a check of an identity document.
    Substantieel = 25,
    /// An identity card or driving licence with a chip.
    Hoog = 30,
}

/// The refusal of a class or URI that names no level. It does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownLoa;

impl Loa {
    /// Every level, lowest first.
    pub const ALL: [Self; 4] = [Self::Basis, Self::Midden, Self::Substantieel, Self::Hoog];

    /// The number inside DigiD.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The `AuthnContextClassRef` of DigiD 3.x.
    pub const fn class_ref(self) -> &'static str {
        match self {
            Self::Basis => "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
            Self::Midden => "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract",
            Self::Substantieel => "urn:oasis:names:tc:SAML:2.0:ac:classes:Smartcard",
            Self::Hoog => "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI",
        }
    }

    /// Reads an `AuthnContextClassRef` of DigiD 3.x.
    pub fn from_class_ref(class: &str) -> Result<Self, UnknownLoa> {
        let of_class = |loa: &Self| loa.class_ref() == class;
        Self::ALL.into_iter().find(of_class).ok_or(UnknownLoa)
    }

    /// The eIDAS URI of DigiD 4.x and of an OpenID Connect `acr`. Basis has none.
    pub const fn eidas_uri(self) -> Option<&'static str> {
        match self {
            Self::Basis => None,
            Self::Midden => Some("http://eidas.europa.eu/LoA/low"),
            Self::Substantieel => Some("http://eidas.europa.eu/LoA/substantial"),
            Self::Hoog => Some("http://eidas.europa.eu/LoA/high"),
        }
    }

    /// Reads an eIDAS URI.
    pub fn from_eidas_uri(uri: &str) -> Result<Self, UnknownLoa> {
        let of_uri = |loa: &Self| loa.eidas_uri() == Some(uri);
        Self::ALL.into_iter().find(of_uri).ok_or(UnknownLoa)
    }
}

impl fmt::Display for Loa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basis => "Basis",
            Self::Midden => "Midden",
            Self::Substantieel => "Substantieel",
            Self::Hoog => "Hoog",
        })
    }
}

impl fmt::Display for UnknownLoa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected the class or URI of a DigiD level")
    }
}

impl std::error::Error for UnknownLoa {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_compare_by_their_numbers() {
        // digid.md §2.3
        assert_eq!(Loa::ALL.map(Loa::number), [10, 20, 25, 30]);
        assert!(Loa::ALL.is_sorted());
        assert!(
            Loa::Substantieel < Loa::Hoog,
            "Smartcard is below SmartcardPKI"
        );
    }

    #[test]
    fn every_level_reads_back_what_it_prints() {
        for loa in Loa::ALL {
            assert_eq!(Loa::from_class_ref(loa.class_ref()), Ok(loa));
            if let Some(uri) = loa.eidas_uri() {
                assert_eq!(Loa::from_eidas_uri(uri), Ok(loa));
            }
            let json = serde_json::to_string(&loa).expect("json");
            assert_eq!(json, format!("\"{}\"", loa.to_string().to_lowercase()));
            assert_eq!(serde_json::from_str::<Loa>(&json).expect("json"), loa);
        }
        assert_eq!(Loa::Basis.eidas_uri(), None);
    }

    #[test]
    fn an_unknown_level_is_refused() {
        for unknown in [
            "",
            "urn:oasis:names:tc:SAML:2.0:ac:classes:smartcard",
            "urn:oasis:names:tc:SAML:2.0:ac:classes:X509",
            "http://eidas.europa.eu/LoA/low",
        ] {
            assert_eq!(Loa::from_class_ref(unknown), Err(UnknownLoa));
        }
        assert_eq!(
            Loa::from_eidas_uri("http://eidas.europa.eu/LoA/Low"),
            Err(UnknownLoa)
        );
    }
}
