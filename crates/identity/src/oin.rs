//! The number of an organisation in government traffic.

use crate::text::text_identifier;

/// An OIN (organisatie-identificatienummer): exactly twenty digits, leading zeros kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Oin(Box<str>);

text_identifier!(Oin, NotAnOin, "an OIN of twenty digits");

impl Oin {
    /// Reads twenty digits.
    pub fn parse(text: &str) -> Result<Self, NotAnOin> {
        // etoegang.md §1: `[0-9]{20}`
        if text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.into()))
        } else {
            Err(NotAnOin)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etoegang_case_093_an_oin_of_nineteen_digits_is_none() {
        let oin = Oin::parse("00000001234567890000").expect("twenty digits");
        assert_eq!(oin.as_str(), "00000001234567890000");
        // etoegang case 93
        for bad in [
            "",
            "0000000123456789000",
            "000000012345678900000",
            "0000000123456789000a",
            "0000000123456789000٣",
        ] {
            assert_eq!(Oin::parse(bad), Err(NotAnOin), "{bad}");
        }
    }
}
