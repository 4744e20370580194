//! Identifying numbers of organisations (identificerende kenmerken, etoegang.md §5.4).

use std::fmt;

use serde::{Deserialize, Serialize};

/// An organisation that is represented, or that stands between, by one of its numbers.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Geschreven", into = "Geschreven")]
pub struct Kenmerk {
    soort: Soort,
    waarde: Box<str>,
}

/// What kind of number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Soort {
    /// Of the trade register: eight digits.
    KvkNr,
    /// Of legal entities: nine digits.
    Rsin,
}

/// The branch to which a mandate is restricted (Vestigingsnr): twelve digits. It may not be used as a
/// place.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Vestigingsnr(Box<str>);

/// The refusal of a number that is none of its kind. It does not repeat the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GeenKenmerk;

/// The name of the claim that carries a branch.
pub const VESTIGINGSNR: &str = "urn:etoegang:1.9:ServiceRestriction:Vestigingsnr";

impl Soort {
    /// The type URN.
    pub const fn urn(self) -> &'static str {
        match self {
            Self::KvkNr => "urn:etoegang:1.9:EntityConcernedID:KvKnr",
            Self::Rsin => "urn:etoegang:1.9:EntityConcernedID:RSIN",
        }
    }

    /// Reads a type URN.
    pub fn from_urn(urn: &str) -> Result<Self, GeenKenmerk> {
        [Self::KvkNr, Self::Rsin]
            .into_iter()
            .find(|soort| soort.urn() == urn)
            .ok_or(GeenKenmerk)
    }

    const fn digits(self) -> usize {
        match self {
            Self::KvkNr => 8,
            Self::Rsin => 9,
        }
    }
}

impl Kenmerk {
    /// Reads a number of this kind.
    pub fn parse(soort: Soort, waarde: &str) -> Result<Self, GeenKenmerk> {
        if is_number(waarde, soort.digits()) {
            Ok(Self {
                soort,
                waarde: waarde.into(),
            })
        } else {
            Err(GeenKenmerk)
        }
    }

    /// What kind of number.
    pub const fn soort(&self) -> Soort {
        self.soort
    }

    /// The digits.
    pub fn waarde(&self) -> &str {
        &self.waarde
    }
}

impl Vestigingsnr {
    /// Reads twelve digits.
    pub fn parse(text: &str) -> Result<Self, GeenKenmerk> {
        if is_number(text, 12) {
            Ok(Self(text.into()))
        } else {
            Err(GeenKenmerk)
        }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_number(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The RSIN of a sole trader is his BSN, so no number prints.
impl fmt::Debug for Kenmerk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}(***)", self.soort)
    }
}

impl fmt::Debug for Vestigingsnr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vestigingsnr(***)")
    }
}

impl fmt::Display for GeenKenmerk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a number of its kind")
    }
}

impl std::error::Error for GeenKenmerk {}

#[derive(Serialize, Deserialize)]
struct Geschreven {
    soort: String,
    waarde: String,
}

impl TryFrom<Geschreven> for Kenmerk {
    type Error = GeenKenmerk;

    fn try_from(written: Geschreven) -> Result<Self, GeenKenmerk> {
        Self::parse(Soort::from_urn(&written.soort)?, &written.waarde)
    }
}

impl From<Kenmerk> for Geschreven {
    fn from(kenmerk: Kenmerk) -> Self {
        Self {
            soort: kenmerk.soort.urn().to_owned(),
            waarde: kenmerk.waarde.into(),
        }
    }
}

impl TryFrom<String> for Vestigingsnr {
    type Error = GeenKenmerk;

    fn try_from(text: String) -> Result<Self, GeenKenmerk> {
        Self::parse(&text)
    }
}

impl From<Vestigingsnr> for String {
    fn from(nummer: Vestigingsnr) -> Self {
        nummer.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_length_and_never_print() {
        let kvk = Kenmerk::parse(Soort::KvkNr, "12345678").expect("eight digits");
        // etoegang.md §5.4
        assert_eq!(
            kvk.soort().urn(),
            "urn:etoegang:1.9:EntityConcernedID:KvKnr"
        );
        assert!(!format!("{kvk:?}").contains("1234"));
        let json = serde_json::to_string(&kvk).expect("json");
        assert_eq!(serde_json::from_str::<Kenmerk>(&json).expect("json"), kvk);
        assert_eq!(Kenmerk::parse(Soort::Rsin, "12345678"), Err(GeenKenmerk));
        assert_eq!(Kenmerk::parse(Soort::KvkNr, "1234567a"), Err(GeenKenmerk));
        assert!(Soort::from_urn("urn:etoegang:1.9:EntityConcernedID:Pseudo").is_err());
        let branch = Vestigingsnr::parse("000012345678").expect("twelve digits");
        assert!(!format!("{branch:?}").contains("1234"));
        assert_eq!(Vestigingsnr::parse("12345678"), Err(GeenKenmerk));
    }
}
