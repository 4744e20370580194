//! The person in an assertion or a logout: sector and number (digid.md 2.5).

use std::fmt;

use identity::Bsn;
use zeroize::Zeroizing;

/// The sector code of a BSN, as DigiD writes it (digid.md 2.5).
pub const SECTOR_BSN: &str = "s00000000";

/// Sector and number of a person. Prints as `***`.
#[derive(Clone)]
pub struct NameId(Zeroizing<String>);

/// Why a name is nobody's with a BSN. The name is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadNameId {
    /// No sector and number, or another sector than that of the BSN (digid case 23).
    OtherSector,
    /// The number fails the 11-check (digid case 24).
    NotABsn,
}

impl fmt::Display for BadNameId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherSector => "expected a person of the sector of the BSN",
            Self::NotABsn => "expected a number that passes the 11-check",
        })
    }
}

impl std::error::Error for BadNameId {}

impl NameId {
    /// `s00000000:` and the BSN.
    pub fn bsn(bsn: &Bsn) -> Self {
        Self::of_sector(SECTOR_BSN, bsn.reveal())
    }

    /// Any sector and number: the simulator has people of other sectors, and people whose number
    /// fails the 11-check (digid cases 23, 24).
    pub fn of_sector(sector: &str, number: &str) -> Self {
        Self(Zeroizing::new(format!("{sector}:{number}")))
    }

    /// What a message of somebody else says.
    pub(crate) fn read(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The person's BSN. The sector code is taken in upper or lower case.
    ///
    /// # Errors
    /// [`BadNameId`].
    pub fn to_bsn(&self) -> Result<Bsn, BadNameId> {
        let (sector, number) = self.0.split_once(':').ok_or(BadNameId::OtherSector)?;
        if !sector.eq_ignore_ascii_case(SECTOR_BSN) {
            return Err(BadNameId::OtherSector); // digid case 23
        }
        Bsn::parse(number).map_err(|_| BadNameId::NotABsn) // digid case 24
    }

    /// The text in a message. Each call is a place to look at in a review.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for NameId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digid_case_023_a_number_of_another_sector_is_no_bsn() {
        let of = |text: &str| NameId::read(text.to_owned()).to_bsn().map_err(Some).err();
        for text in ["s00000001:900029365", "900029365", ":900029365", ""] {
            assert_eq!(of(text), Some(Some(BadNameId::OtherSector)), "{text}");
        }
        assert_eq!(of("S00000000:900029365"), None);
    }

    #[test]
    fn digid_case_024_a_number_that_fails_the_11_check_is_no_bsn() {
        let failing = NameId::of_sector(SECTOR_BSN, "123456789");
        assert_eq!(failing.to_bsn().err(), Some(BadNameId::NotABsn));
    }

    #[test]
    fn a_person_is_read_back_and_prints_as_stars() {
        let bsn = Bsn::parse("900029365").expect("valid");
        let name_id = NameId::bsn(&bsn);
        assert_eq!(name_id.to_bsn(), Ok(bsn));
        assert_eq!(format!("{name_id:?}"), "***");
    }
}
