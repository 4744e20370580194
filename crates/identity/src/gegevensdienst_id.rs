//! Names of MedMij's data services.

use crate::text::text_identifier;

/// The id of a MedMij data service (gegevensdienst): `51`. 1 to 30 characters (medmij.md 1.3).
///
/// The schema allows any character. A data service is also named in an OAuth `scope`, so only the
/// characters of a scope token are accepted (RFC 6749 §3.3), without the `~` that MedMij's scope
/// uses between a provider's name and the id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GegevensdienstId(Box<str>);

text_identifier!(
    GegevensdienstId,
    NotAGegevensdienstId,
    "a GegevensdienstId: 1 to 30 visible characters without \" ~ and backslash"
);

impl GegevensdienstId {
    /// Reads an id.
    pub fn parse(text: &str) -> Result<Self, NotAGegevensdienstId> {
        if (1..=30).contains(&text.len()) && text.bytes().all(fits_a_scope) {
            Ok(Self(text.into()))
        } else {
            Err(NotAGegevensdienstId)
        }
    }
}

const fn fits_a_scope(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7d)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_fit_in_a_scope() {
        let longest = "x".repeat(30);
        for good in ["1", "51", "MM-2.1", &longest] {
            assert_eq!(GegevensdienstId::parse(good).expect(good).as_str(), good);
        }
        let too_long = "x".repeat(31);
        // medmij.md §1.3; RFC 6749 §3.3
        for bad in ["", " ", "5 1", "51\n", "a~b", "\"", "\\", "é", &too_long] {
            assert_eq!(
                GegevensdienstId::parse(bad),
                Err(NotAGegevensdienstId),
                "{bad}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_comes_back_unchanged(text in "\\PC*|[0-9]{1,3}") {
            if let Ok(id) = GegevensdienstId::parse(&text) {
                prop_assert_eq!(id.as_str(), &text);
                prop_assert_eq!(text.split_whitespace().count(), 1);
            }
        }
    }
}
