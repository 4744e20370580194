//! Levels of assurance of eToegang, and what comes of several together (etoegang.md §5.3, §3).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A level of assurance (betrouwbaarheidsniveau), lowest first. In JSON: its URN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Betrouwbaarheidsniveau {
    /// EH1; not supported any more since 2021-07-01.
    #[serde(rename = "urn:etoegang:core:assurance-class:loa1")]
    Loa1,
    /// EH2, comparable to eIDAS low.
    #[serde(rename = "urn:etoegang:core:assurance-class:loa2")]
    Loa2,
    /// EH2+, comparable to eIDAS low.
    #[serde(rename = "urn:etoegang:core:assurance-class:loa2plus")]
    Loa2Plus,
    /// EH3, eIDAS substantial.
    #[serde(rename = "urn:etoegang:core:assurance-class:loa3")]
    Loa3,
    /// EH4, eIDAS high. Never by single sign-on.
    #[serde(rename = "urn:etoegang:core:assurance-class:loa4")]
    Loa4,
}

/// The refusal of a text that names no level. It does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnbekendNiveau;

impl Betrouwbaarheidsniveau {
    /// Every level, lowest first.
    pub const ALL: [Self; 5] = [
        Self::Loa1,
        Self::Loa2,
        Self::Loa2Plus,
        Self::Loa3,
        Self::Loa4,
    ];

    /// The URN, as it stands in `acr` and in the service catalogue.
    pub const fn urn(self) -> &'static str {
        match self {
            Self::Loa1 => "urn:etoegang:core:assurance-class:loa1",
            Self::Loa2 => "urn:etoegang:core:assurance-class:loa2",
            Self::Loa2Plus => "urn:etoegang:core:assurance-class:loa2plus",
            Self::Loa3 => "urn:etoegang:core:assurance-class:loa3",
            Self::Loa4 => "urn:etoegang:core:assurance-class:loa4",
        }
    }

    /// What people call it.
    pub const fn naam(self) -> &'static str {
        match self {
            Self::Loa1 => "EH1",
            Self::Loa2 => "EH2",
            Self::Loa2Plus => "EH2+",
            Self::Loa3 => "EH3",
            Self::Loa4 => "EH4",
        }
    }

    /// Reads a URN. The first level is refused: nobody may use it any more.
    pub fn from_urn(urn: &str) -> Result<Self, OnbekendNiveau> {
        let is_named = |niveau: &Self| niveau.urn() == urn && *niveau > Self::Loa1;
        Self::ALL.into_iter().find(is_named).ok_or(OnbekendNiveau)
    }

    /// Reads one value of `acr_values`: a URN, or the eIDAS URI of a level (etoegang.md §5.3).
    pub fn from_acr(acr: &str) -> Result<Self, OnbekendNiveau> {
        match acr {
            "http://eidas.europa.eu/LoA/low" => Ok(Self::Loa2),
            "http://eidas.europa.eu/LoA/substantial" => Ok(Self::Loa3),
            "http://eidas.europa.eu/LoA/high" => Ok(Self::Loa4),
            urn => Self::from_urn(urn),
        }
    }

    /// The effective level: the lowest of what the AD reached and what each MR used (etoegang.md §3).
    #[must_use]
    pub fn effectief(self, gebruikt: impl IntoIterator<Item = Self>) -> Self {
        gebruikt.into_iter().fold(self, Self::min)
    }
}

impl fmt::Display for Betrouwbaarheidsniveau {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.urn())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Betrouwbaarheidsniveau as N;

    #[test]
    fn levels_have_an_order_and_read_back_what_they_print() {
        // etoegang.md §5.3
        assert!(N::ALL.is_sorted());
        for niveau in &N::ALL[1..] {
            assert_eq!(N::from_urn(niveau.urn()), Ok(*niveau));
            let json = serde_json::to_string(niveau).expect("json");
            assert_eq!(json, format!("\"{niveau}\""));
            assert_eq!(serde_json::from_str::<N>(&json).expect("json"), *niveau);
        }
        for bad in ["", "loa3", N::Loa1.urn(), "http://eidas.europa.eu/LoA/Low"] {
            assert_eq!(N::from_acr(bad), Err(OnbekendNiveau), "{bad}");
        }
        assert_eq!(
            N::from_acr("http://eidas.europa.eu/LoA/substantial"),
            Ok(N::Loa3)
        );
    }

    #[test]
    fn etoegang_case_008_the_effective_level_is_the_lowest_of_all() {
        // etoegang.md §3
        assert_eq!(N::Loa4.effectief([N::Loa3]), N::Loa3);
        assert_eq!(N::Loa3.effectief([N::Loa4, N::Loa4]), N::Loa3);
        assert_eq!(N::Loa3.effectief([N::Loa4, N::Loa2Plus]), N::Loa2Plus);
        assert_eq!(N::Loa4.effectief([]), N::Loa4);
    }
}
