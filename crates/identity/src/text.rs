//! What every textual identifier can do.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Deserializer, Error, Visitor};

/// Gives a newtype over `Box<str>` that has `parse` its reading, printing, comparing with text and
/// serde forms. All of them go through `parse`.
macro_rules! text_identifier {
    ($name:ident, $error:ident, $expected:literal) => {
        /// The refusal of a text that is no such identifier. It does not repeat the text.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $error;

        impl std::fmt::Display for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!("expected ", $expected))
            }
        }

        impl std::error::Error for $error {}

        impl $name {
            /// The one spelling.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                crate::text::deserialize(from, $expected)
            }
        }
    };
}

pub(crate) use text_identifier;

/// Reads a `T` from a string. Unlike serde's own complaints, the error never repeats the value.
pub(crate) fn deserialize<'de, D, T>(from: D, expected: &'static str) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
{
    // `deserialize_str` would let the format complain about a number, quoting it.
    from.deserialize_any(Text {
        expected,
        parsed: PhantomData,
    })
}

struct Text<T> {
    expected: &'static str,
    parsed: PhantomData<T>,
}

impl<T> Text<T> {
    fn refuse<E: Error>(&self) -> E {
        E::custom(format_args!("expected {}", self.expected))
    }
}

impl<T: FromStr> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(|_| self.refuse())
    }

    // The default answers to numbers quote the number, and a BSN without quotes is still a BSN.
    fn visit_i64<E: Error>(self, _: i64) -> Result<T, E> {
        Err(self.refuse())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<T, E> {
        Err(self.refuse())
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<T, E> {
        Err(self.refuse())
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<T, E> {
        Err(self.refuse())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<T, E> {
        Err(self.refuse())
    }
}
