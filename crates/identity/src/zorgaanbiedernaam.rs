//! Names of care providers on the MedMij network.

use crate::text::text_identifier;

/// A care provider's name on the MedMij network: `umcharderwijk@medmij`. 10 to 57 characters,
/// lower-case letters and the suffix (schema of the Zorgaanbiederslijst, medmij.md 1.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Zorgaanbiedernaam(Box<str>);

text_identifier!(
    Zorgaanbiedernaam,
    NotAZorgaanbiedernaam,
    "a Zorgaanbiedernaam: 3 to 50 lower-case letters and @medmij"
);

const SUFFIX: &str = "@medmij";

impl Zorgaanbiedernaam {
    /// Reads a name with its suffix.
    pub fn parse(text: &str) -> Result<Self, NotAZorgaanbiedernaam> {
        let naam = text.strip_suffix(SUFFIX).ok_or(NotAZorgaanbiedernaam)?;
        if (3..=50).contains(&naam.len()) && naam.bytes().all(|byte| byte.is_ascii_lowercase()) {
            Ok(Self(text.into()))
        } else {
            Err(NotAZorgaanbiedernaam)
        }
    }

    /// Reads a name without its suffix, as it stands in a MedMij `scope` (medmij.md 3.3). With the
    /// suffix it is refused.
    pub fn parse_scope_naam(naam: &str) -> Result<Self, NotAZorgaanbiedernaam> {
        Self::parse(&format!("{naam}{SUFFIX}"))
    }

    /// The name without its suffix, as it stands in a MedMij `scope`.
    pub fn scope_naam(&self) -> &str {
        self.0.strip_suffix(SUFFIX).unwrap_or(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_has_letters_and_the_suffix() {
        let naam = Zorgaanbiedernaam::parse("umcharderwijk@medmij").expect("valid");
        // medmij.md §3.3
        assert_eq!(naam.scope_naam(), "umcharderwijk");
        assert_eq!(
            Zorgaanbiedernaam::parse_scope_naam("umcharderwijk"),
            Ok(naam)
        );
        let longest = format!("{}@medmij", "a".repeat(50));
        assert!(Zorgaanbiedernaam::parse(&longest).is_ok());
        assert!(Zorgaanbiedernaam::parse("abc@medmij").is_ok());
    }

    #[test]
    fn whatever_else_is_refused() {
        let too_long = format!("{}@medmij", "a".repeat(51));
        // medmij.md §1.3
        for bad in [
            "",
            "@medmij",
            "ab@medmij",
            "Abc@medmij",
            "abc1@medmij",
            "a.b.c@medmij",
            "abc",
            "abc@medmij ",
            "abc@medmij@medmij",
            &too_long,
        ] {
            assert_eq!(
                Zorgaanbiedernaam::parse(bad),
                Err(NotAZorgaanbiedernaam),
                "{bad}"
            );
        }
        assert!(Zorgaanbiedernaam::parse_scope_naam("abc@medmij").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_comes_back_unchanged(text in "\\PC*|[a-z]{0,60}@medmij") {
            if let Ok(naam) = Zorgaanbiedernaam::parse(&text) {
                prop_assert!((10..=57).contains(&text.len()));
                prop_assert_eq!(naam.as_str(), text);
                prop_assert_eq!(Zorgaanbiedernaam::parse_scope_naam(naam.scope_naam()), Ok(naam));
            }
        }
    }
}
