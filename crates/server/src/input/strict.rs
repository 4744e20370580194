//! JSON read strictly, and the way to what is refused.
//!
//! Left alone, a derived reader takes a list for an object whose members stand in order, and `null`
//! for a member that may be left out. Here an object is an object and a member that is there has a
//! value, so that the reader and the schemas of `sample/schemas/` say the same.

use std::cell::RefCell;
use std::collections::HashSet;

use serde::de::value::StringDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IgnoredAny,
    IntoDeserializer as _, MapAccess, SeqAccess, Unexpected, Visitor,
};

use super::place::{At, Place};

/// The value that a document says, or what is wrong and where.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, (Place, serde_json::Error)> {
    let refused = RefCell::new(None);
    let mut json = serde_json::Deserializer::from_str(text);
    let document = Strict {
        inner: &mut json,
        shape: Shape::Any,
        way: None,
        refused: &refused,
    };
    let value = T::deserialize(document).and_then(|value| json.end().map(|()| value));
    value.map_err(|error| (refused.take().unwrap_or_default(), error))
}

/// What is said of an object with two members of one name, where that name cannot be told.
pub(super) const TWICE: &str = "a member of this object stands twice";

/// What stands around a value: the document, if nothing.
#[derive(Clone, Copy)]
struct Way<'w> {
    before: Option<&'w Way<'w>>,
    step: At,
}

impl Way<'_> {
    fn place(&self) -> Place {
        let before = self.before.map_or_else(Place::root, Way::place);
        before.at(self.step)
    }
}

/// What a value must be.
#[derive(Clone, Copy)]
enum Shape {
    /// What its own reader says. An object's members stand there once.
    Any,
    /// An object whose keys are values; who reads it looks for those that stand there twice.
    Entries,
    /// An object with these members.
    Object(&'static [&'static str]),
    /// A list of exactly so many.
    List(usize),
}

/// A part of serde's machinery at its place in the document: a reader, a seed, a visitor, the items
/// of a list or the entries of an object.
struct Strict<'w, P> {
    inner: P,
    shape: Shape,
    way: Option<&'w Way<'w>>,
    /// The place of the first refusal.
    refused: &'w RefCell<Option<Place>>,
}

impl<'w, P> Strict<'w, P> {
    fn with<Q>(&self, inner: Q, shape: Shape) -> Strict<'w, Q> {
        Strict {
            inner,
            shape,
            way: self.way,
            refused: self.refused,
        }
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.with(visitor, self.shape);
        self.inner.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        members: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let visitor = self.with(visitor, Shape::Object(members));
        self.inner.deserialize_any(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.with(visitor, Shape::Entries);
        self.inner.deserialize_any(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let visitor = self.with(visitor, Shape::List(length));
        self.inner.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple_struct enum identifier ignored_any
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Strict<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<V::Value, E> {
        self.inner.visit_bool(value)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<V::Value, E> {
        self.inner.visit_i64(value)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<V::Value, E> {
        self.inner.visit_u64(value)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<V::Value, E> {
        self.inner.visit_f64(value)
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<V::Value, E> {
        self.inner.visit_str(value)
    }

    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        if let Shape::Object(_) = self.shape {
            return Err(A::Error::invalid_type(Unexpected::Seq, &self));
        }
        let mut items = self.with((items, 0), Shape::Any);
        let value = self.inner.visit_seq(&mut items)?;
        if let Shape::List(length) = self.shape
            && items.inner.0.next_element::<IgnoredAny>()?.is_some()
        {
            let expected = format!("a tuple of size {length}");
            return Err(A::Error::invalid_length(length + 1, &expected.as_str()));
        }
        Ok(value)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
        let entries = Members {
            entries,
            last: At::Entry(0),
            seen: HashSet::new(),
            count: 0,
        };
        let entries = self.with(entries, self.shape);
        self.inner.visit_map(entries)
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Strict<'_, (A, usize)> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let step = At::Item(self.inner.1);
        self.inner.1 += 1;
        let way = Way {
            before: self.way,
            step,
        };
        self.inner.0.next_element_seed(Strict {
            inner: seed,
            shape: Shape::Any,
            way: Some(&way),
            refused: self.refused,
        })
    }
}

/// The entries of an object, as far as they were read.
struct Members<A> {
    entries: A,
    /// The step to the one whose key was read last.
    last: At,
    /// The keys of one whose members nobody else counts.
    seen: HashSet<String>,
    count: usize,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Strict<'_, Members<A>> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let members = &mut self.inner;
        let Some(key) = members.entries.next_key::<String>()? else {
            return Ok(None);
        };
        let known = match self.shape {
            Shape::Object(known) => known.iter().find(|member| **member == key),
            Shape::Any if !members.seen.insert(key.clone()) => {
                return Err(A::Error::custom(TWICE));
            }
            Shape::Any | Shape::Entries | Shape::List(_) => None,
        };
        members.last = known.map_or(At::Entry(members.count), |member| At::Member(member));
        members.count += 1;
        let key: StringDeserializer<A::Error> = key.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let way = Way {
            before: self.way,
            step: self.inner.last,
        };
        self.inner.entries.next_value_seed(Strict {
            inner: seed,
            shape: Shape::Any,
            way: Some(&way),
            refused: self.refused,
        })
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Strict<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<S::Value, D::Error> {
        let from = self.with(from, Shape::Any);
        let (way, refused) = (self.way, self.refused);
        self.inner.deserialize(from).inspect_err(|_| {
            // The innermost comes first.
            let mut refused = refused.borrow_mut();
            if refused.is_none() {
                *refused = way.map(Way::place);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::Value;

    use super::*;
    use crate::input::place::Entries;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Letter {
        about: Option<String>,
        #[serde(default)]
        pairs: Vec<(String, u8)>,
        copy: Option<Box<Letter>>,
    }

    fn refused(text: &str) -> String {
        let (place, error) = read::<Vec<Letter>>(text).expect_err("refused");
        format!("{place}: {error}")
    }

    #[test]
    fn what_is_good_is_read() {
        let text = r#"[{}, {"about": "x", "pairs": [["a", 1], ["b", 2]], "copy": {"about": "y"}}]"#;
        let strict = read::<Vec<Letter>>(text).expect("good");
        assert_eq!(
            strict,
            serde_json::from_str::<Vec<Letter>>(text).expect("good")
        );
    }

    #[test]
    fn a_document_of_any_kind_is_read_as_it_is() {
        let text = r#"{"a": [null, true, -1, 18446744073709551615, 1.5, "x"], "b": {"a": 1}}"#;
        let strict = read::<Value>(text).expect("good");
        assert_eq!(strict, serde_json::from_str::<Value>(text).expect("good"));
        let (place, error) = read::<Value>(r#"[{"a": {"x": 1, "x": 2}}]"#).expect_err("refused");
        assert_eq!(place.to_string(), "[0]{0}");
        assert!(error.to_string().starts_with(TWICE), "{error}");
    }

    #[test]
    fn a_list_is_no_object_and_null_is_no_value() {
        for (text, expected) in [
            (
                r#"[["x", []]]"#,
                "[0]: invalid type: sequence, expected struct Letter",
            ),
            (
                r#"[{"about": null}]"#,
                "[0].about: invalid type: null, expected a string",
            ),
            (
                r#"[{"copy": {"copy": []}}]"#,
                "[0].copy.copy: invalid type: sequence",
            ),
        ] {
            assert!(refused(text).starts_with(expected), "{}", refused(text));
        }
    }

    #[test]
    fn a_list_of_two_is_neither_shorter_nor_longer() {
        for (text, length) in [(r#"["a"]"#, 1), (r#"["a", 1, 2]"#, 3)] {
            let said = refused(&format!(r#"[{{"pairs": [["a", 1], {text}]}}]"#));
            let expected =
                format!("[0].pairs[1]: invalid length {length}, expected a tuple of size 2");
            assert!(said.starts_with(&expected), "{said}");
        }
    }

    #[test]
    fn a_key_that_may_tell_of_somebody_is_counted() {
        let (place, _) = read::<Entries<Letter>>(r#"{"900186021": {}, "x": {"pairs": 1}}"#)
            .map(|_| ())
            .expect_err("refused");
        assert_eq!(place.to_string(), "{1}.pairs");
        let unknown = refused(r#"[{}, {"900186021": 1}]"#);
        assert!(unknown.starts_with("[1]: unknown field"), "{unknown}");
    }
}
