//! The number of a care provider's organisation.

use crate::text::text_identifier;

/// A URA (UZI-register abonneenummer): eight digits that identify a care provider's organisation,
/// leading zeros kept. FHIR system `http://fhir.nl/fhir/NamingSystem/ura`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ura(Box<str>);

text_identifier!(Ura, NotAUra, "a URA of eight digits");

impl Ura {
    /// The FHIR naming system of these numbers.
    pub const FHIR_SYSTEM: &'static str = "http://fhir.nl/fhir/NamingSystem/ura";

    /// Reads eight digits.
    pub fn parse(text: &str) -> Result<Self, NotAUra> {
        if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.into()))
        } else {
            Err(NotAUra)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn eight_digits_are_a_ura_and_zeros_stay() {
        assert_eq!(Ura::parse("00000659").expect("valid").as_str(), "00000659");
        for bad in ["", "659", "000006590", "0000065a", " 0000659", "0000065٣"] {
            assert_eq!(Ura::parse(bad), Err(NotAUra), "{bad}");
        }
    }

    #[test]
    fn a_ura_is_a_string_in_json() {
        let ura = Ura::parse("00000666").expect("valid");
        let json = serde_json::to_string(&ura).expect("json");
        assert_eq!(json, "\"00000666\"");
        assert_eq!(serde_json::from_str::<Ura>(&json).expect("json"), ura);
        let error = serde_json::from_str::<Ura>("12345678").expect_err("a number is refused");
        assert!(!error.to_string().contains("12345678"));
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_comes_back_unchanged(text in "\\PC*|[0-9]{7,9}") {
            if let Ok(ura) = Ura::parse(&text) {
                prop_assert_eq!(ura.to_string(), text);
            }
        }
    }
}
