//! The Dutch citizen service number.

use std::fmt;
use std::str::FromStr;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A BSN (burgerservicenummer): nine digits that pass the 11-check.
///
/// It prints as `***`, compares in constant time, is wiped when dropped and has no serde form of
/// its own: a message or sealed body that must carry one says so with [`revealed`].
#[derive(Clone)]
pub struct Bsn(Zeroizing<String>);

/// Why a text is no BSN. The text itself is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotABsn {
    /// Not exactly nine digits.
    Form,
    /// The weighted sum is no multiple of eleven.
    ElevenCheck,
    /// `000000000`: passes the arithmetic, belongs to nobody.
    Zero,
}

impl Bsn {
    /// Reads nine digits, a leading zero included.
    ///
    /// The weights of the 11-check are 9, 8, 7, 6, 5, 4, 3, 2 and -1.
    pub fn parse(text: &str) -> Result<Self, NotABsn> {
        let digits: &[u8; 9] = text.as_bytes().try_into().map_err(|_| NotABsn::Form)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(NotABsn::Form);
        }
        // mitz case 73
        let sum: i32 = digits
            .iter()
            .zip([9, 8, 7, 6, 5, 4, 3, 2, -1])
            .map(|(digit, weight)| i32::from(digit - b'0') * weight)
            .sum();
        if sum % 11 != 0 {
            return Err(NotABsn::ElevenCheck);
        }
        if digits == b"000000000" {
            return Err(NotABsn::Zero);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// Reads eight or nine digits; eight get the leading zero that a spreadsheet took away. Only
    /// for input of which a rule says so, never for a protocol message (mitz case 73).
    pub fn parse_padded(text: &str) -> Result<Self, NotABsn> {
        if text.len() == 8 {
            let padded = Zeroizing::new(format!("0{text}"));
            return Self::parse(&padded);
        }
        Self::parse(text)
    }

    /// The nine digits. Each call is a place to look at in a review.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Bsn {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Bsn {}

impl fmt::Debug for Bsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl FromStr for Bsn {
    type Err = NotABsn;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for NotABsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "expected a BSN of nine digits",
            Self::ElevenCheck => "expected a BSN, this number fails the 11-check",
            Self::Zero => "expected a BSN, 000000000 belongs to nobody",
        })
    }
}

impl std::error::Error for NotABsn {}

/// The digits in a serde form, for bodies that are sealed and messages that are encrypted or stay
/// on the back channel: `#[serde(with = "identity::bsn::revealed")]`.
pub mod revealed {
    use serde::{Deserializer, Serializer};

    use super::Bsn;

    /// Writes the nine digits as a string.
    pub fn serialize<S: Serializer>(bsn: &Bsn, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(bsn.reveal())
    }

    /// Reads nine digits from a string; the error does not repeat what was there.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Bsn, D::Error> {
        crate::text::deserialize(from, "a BSN")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};

    use super::*;

    #[test]
    fn mitz_case_073_only_numbers_that_pass_the_eleven_check_are_bsns() {
        for good in [
            "900186021",
            "123456782",
            "999990019",
            "111222333",
            "012345672",
            "900029365",
        ] {
            assert_eq!(Bsn::parse(good).expect("valid").reveal(), good);
        }
        for bad in ["123456789", "900000009", "999940003"] {
            assert_eq!(Bsn::parse(bad).unwrap_err(), NotABsn::ElevenCheck);
        }
        assert_eq!(Bsn::parse("000000000").unwrap_err(), NotABsn::Zero);
    }

    #[test]
    fn mitz_case_073_eight_digits_are_padded_only_when_asked() {
        assert_eq!(Bsn::parse("12345672").unwrap_err(), NotABsn::Form);
        let padded = Bsn::parse_padded("12345672").expect("valid");
        assert_eq!(padded.reveal(), "012345672");
        assert_eq!(
            Bsn::parse_padded("012345672").expect("nine digits may come too"),
            padded
        );
        assert_eq!(Bsn::parse_padded("1234567").unwrap_err(), NotABsn::Form);
        assert_eq!(Bsn::parse_padded("00000000").unwrap_err(), NotABsn::Zero);
    }

    #[test]
    fn a_bsn_has_one_spelling() {
        for other in [
            "",
            " 900186021",
            "900186021\n",
            "9001.86.021",
            "٩٠٠١٨٦٠٢١",
            "+90018602",
        ] {
            assert_eq!(Bsn::parse(other).unwrap_err(), NotABsn::Form);
        }
    }

    #[test]
    fn a_bsn_and_its_refusal_never_print_the_number() {
        let bsn = Bsn::parse("900186021").expect("valid");
        assert_eq!(format!("{bsn:?}"), "***");
        let refusal = Bsn::parse("900186022").unwrap_err();
        assert!(!format!("{refusal} {refusal:?}").contains("900186022"));
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Letter {
        #[serde(with = "revealed")]
        about: Bsn,
    }

    #[test]
    fn a_sealed_body_may_carry_the_digits_and_is_read_strictly() {
        let letter = Letter {
            about: Bsn::parse("012345672").expect("valid"),
        };
        let json = serde_json::to_string(&letter).expect("json");
        assert_eq!(json, r#"{"about":"012345672"}"#);
        assert_eq!(serde_json::from_str::<Letter>(&json).expect("json"), letter);
        for bad in [
            "\"900186022\"",
            "900186021",
            "900186021.5",
            "-900186021",
            "[]",
        ] {
            let error = serde_json::from_str::<Letter>(&format!("{{\"about\":{bad}}}"))
                .expect_err("refused");
            assert!(!error.to_string().contains("90018602"), "{error}");
            assert!(error.to_string().contains("a BSN"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_comes_back_unchanged(text in ".*") {
            if let Ok(bsn) = Bsn::parse(&text) {
                prop_assert_eq!(bsn.reveal(), text);
            }
        }

        #[test]
        fn changing_one_digit_of_a_bsn_never_gives_another(at in 0_usize..9, by in 1_u8..10) {
            let mut digits = *b"900186021";
            digits[at] = b'0' + (digits[at] - b'0' + by) % 10;
            let text = std::str::from_utf8(&digits).expect("digits");
            prop_assert!(Bsn::parse(text).is_err());
        }
    }
}
