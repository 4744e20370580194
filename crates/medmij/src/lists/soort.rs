//! Which lists there are, under the names that MedMij gives them.

use std::fmt;
use std::str::FromStr;

/// One of the five lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Soort {
    /// Zorgaanbiederslijst.
    Zal,
    /// Zorgaanbiederskoppellijst.
    Zakl,
    /// OAuth client list.
    Ocl,
    /// Gegevensdienstnamenlijst.
    Gnl,
    /// Whitelist.
    Whitelist,
}

/// A text that names no list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotASoort;

impl Soort {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Zal, Self::Zakl, Self::Ocl, Self::Gnl, Self::Whitelist];

    /// What it is called on a command line and in file names of ours: `zal`.
    pub const fn kort(self) -> &'static str {
        match self {
            Self::Zal => "zal",
            Self::Zakl => "zakl",
            Self::Ocl => "ocl",
            Self::Gnl => "gnl",
            Self::Whitelist => "whitelist",
        }
    }

    /// Its root element (medmij.md §1.3): `Zorgaanbiederslijst`.
    pub const fn naam(self) -> &'static str {
        match self {
            Self::Zal => "Zorgaanbiederslijst",
            Self::Zakl => "Zorgaanbiederskoppellijst",
            Self::Ocl => "OAuthclientlist",
            Self::Gnl => "Gegevensdienstnamenlijst",
            Self::Whitelist => "Whitelist",
        }
    }

    /// The file under which it is published (core.lijsten.300): `MedMij_Whitelist.xml`. For the
    /// Zorgaanbiederskoppellijst no public text gives one; ours follows the others.
    pub const fn bestand(self) -> &'static str {
        match self {
            Self::Zal => "MedMij_Zorgaanbiederslijst.xml",
            Self::Zakl => "MedMij_Zorgaanbiederskoppellijst.xml",
            Self::Ocl => "MedMij_OAuthclientlist.xml",
            Self::Gnl => "MedMij_Gegevensdienstnamenlijst.xml",
            Self::Whitelist => "MedMij_Whitelist.xml",
        }
    }

    /// Where a stelselnode publishes it: path and query, with the major version of the
    /// Afsprakenstelsel (core.lijsten.300): `/MedMij_Whitelist.xml?api=2`.
    pub fn path(self) -> String {
        format!("/{}?api=2", self.bestand())
    }

    /// The requirement to validate it by its schema. The Zorgaanbiederskoppellijst has none of its
    /// own.
    pub const fn requirement(self) -> &'static str {
        match self {
            Self::Zal => "core.alst.202",
            Self::Zakl => "medmij.md §1.3",
            Self::Ocl => "core.ocl.202",
            Self::Gnl => "core.gnl.202",
            Self::Whitelist => "core.whl.304",
        }
    }
}

impl FromStr for Soort {
    type Err = NotASoort;

    /// Reads the short name or the file's.
    fn from_str(text: &str) -> Result<Self, NotASoort> {
        let is = |soort: &Self| soort.kort() == text || soort.bestand() == text;
        Self::ALL.into_iter().find(is).ok_or(NotASoort)
    }
}

impl fmt::Display for Soort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.naam())
    }
}

impl fmt::Display for NotASoort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Soort::ALL.map(Soort::kort).join(", ");
        write!(f, "no such list; there are {names}")
    }
}

impl std::error::Error for NotASoort {}
