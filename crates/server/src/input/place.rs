//! Where a member stands in a JSON document.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// An object whose keys are values: its entries in order, each as often as it stands there.
pub(super) struct Entries<V>(pub(super) Vec<(String, V)>);

impl<V> Default for Entries<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// A step into a JSON document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// The item of an array.
    Item(usize),
    /// The member of an object.
    Member(&'static str),
    /// The entry of an object whose keys are not to be told, counted from 0.
    Entry(usize),
}

/// The way to a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place(Vec<At>);

impl Place {
    /// The document itself.
    pub(super) const fn root() -> Self {
        Self(Vec::new())
    }

    /// Further in.
    pub(super) fn at(&self, step: At) -> Self {
        Self(self.0.iter().copied().chain([step]).collect())
    }

    /// The item of an array.
    pub(super) fn item(&self, index: usize) -> Self {
        self.at(At::Item(index))
    }

    /// The member of an object.
    pub(super) fn member(&self, name: &'static str) -> Self {
        self.at(At::Member(name))
    }

    /// The line, from 1, on which it begins in `text`, or what is left of the way to it.
    pub(super) fn line(&self, text: &str) -> Option<usize> {
        let mut here: &RawValue = serde_json::from_str(text).ok()?;
        for step in &self.0 {
            let Some(next) = step.within(here) else { break };
            here = next;
        }
        // A raw value borrows from the text.
        let offset = here
            .get()
            .as_ptr()
            .addr()
            .checked_sub(text.as_ptr().addr())?;
        Some(
            text.get(..offset)?
                .bytes()
                .filter(|byte| *byte == b'\n')
                .count()
                + 1,
        )
    }
}

impl At {
    fn within(self, value: &RawValue) -> Option<&RawValue> {
        if let Self::Item(index) = self {
            let items: Vec<&RawValue> = serde_json::from_str(value.get()).ok()?;
            return items.get(index).copied();
        }
        let entries: Entries<&RawValue> = serde_json::from_str(value.get()).ok()?;
        let found = match self {
            Self::Entry(index) => entries.0.get(index),
            Self::Member(name) => entries.0.iter().find(|(key, _)| key == name),
            Self::Item(_) => None,
        };
        found.map(|(_, value)| *value)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                At::Item(index) => write!(f, "[{index}]")?,
                At::Entry(index) => write!(f, "{{{index}}}")?,
                At::Member(name) if position == 0 => f.write_str(name)?,
                At::Member(name) => write!(f, ".{name}")?,
            }
        }
        Ok(())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Walk<V>(std::marker::PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for Walk<V> {
            type Value = Entries<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        from.deserialize_map(Walk(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[\n  {\"a\": 1},\n  {\n    \"b\": {\"x\": [0,\n 1]}\n  }\n]";

    #[test]
    fn the_line_of_a_member_is_found() {
        let second = Place::root().item(1);
        assert_eq!(Place::root().line(TEXT), Some(1));
        assert_eq!(second.line(TEXT), Some(3));
        let inner = second.member("b").at(At::Entry(0)).item(1);
        assert_eq!(inner.line(TEXT), Some(5));
        assert_eq!(inner.to_string(), "[1].b{0}[1]");
    }

    #[test]
    fn for_a_member_that_is_not_there_the_line_of_what_lacks_it_is_given() {
        assert_eq!(Place::root().item(0).member("b").line(TEXT), Some(2));
        assert_eq!(Place::root().line("{"), None);
    }

    #[test]
    fn entries_keep_their_order_and_their_repetitions() {
        let entries: Entries<u8> = serde_json::from_str(r#"{"b":1,"a":2,"b":3}"#).expect("json");
        let expected = [("b", 1), ("a", 2), ("b", 3)].map(|(key, n)| (key.to_owned(), n));
        assert_eq!(entries.0, expected);
    }
}
