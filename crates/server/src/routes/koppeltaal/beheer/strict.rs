//! JSON in which no member stands twice. Of two, one reader counts the first and another the last: who
//! looked at what is asked would have seen another change than the one that is made (RFC 8259 §4).

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Why a body is not read.
#[derive(Debug)]
pub(super) enum Refused {
    /// It is no JSON, or deeper than the parser goes (128).
    NoJson(serde_json::Error),
    /// This member stands twice.
    Twice(String),
}

/// Reads a body.
pub(super) fn read(body: &[u8]) -> Result<Value, Refused> {
    let place = Place::default();
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = Strict(&place).deserialize(&mut json);
    let value = value.and_then(|value| json.end().map(|()| value));
    value.map_err(|why| {
        if place.is_twice.get() {
            Refused::Twice(place.told())
        } else {
            Refused::NoJson(why)
        }
    })
}

/// Where the reader is. It stays there at a fault.
#[derive(Default)]
struct Place {
    way: RefCell<Vec<Step>>,
    is_twice: Cell<bool>,
}

enum Step {
    Member(String),
    Item(usize),
}

impl Place {
    /// What `inside` reads, one step further.
    fn at<T, E>(&self, step: Step, inside: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        self.way.borrow_mut().push(step);
        let read = inside()?;
        self.way.borrow_mut().pop();
        Ok(read)
    }

    /// As a declaration's faults name it: `applications[2].jwks_uri`.
    fn told(&self) -> String {
        let mut told = String::new();
        for step in self.way.borrow().iter() {
            match step {
                Step::Member(name) if told.is_empty() => told.push_str(name),
                Step::Member(name) => told.extend([".", name]),
                Step::Item(at) => told.extend(["[", &at.to_string(), "]"]),
            }
        }
        told
    }
}

#[derive(Clone, Copy)]
struct Strict<'p>(&'p Place);

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        let next = |at, items: &mut A| {
            let step = Step::Item(at);
            self.0.at(step, || items.next_element_seed(self))
        };
        while let Some(item) = next(array.len(), &mut items)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let step = Step::Member(name.clone());
            let value = self.0.at(step, || {
                if object.contains_key(&name) {
                    self.0.is_twice.set(true);
                    return Err(A::Error::custom("a member stands twice"));
                }
                members.next_value_seed(self)
            })?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn twice(body: &str) -> Option<String> {
        match read(body.as_bytes()) {
            Err(Refused::Twice(member)) => Some(member),
            _ => None,
        }
    }

    #[test]
    fn a_member_that_stands_twice_is_named_however_deep_and_however_spelled() {
        for (body, member) in [
            (r#"{"a":1,"a":1}"#, "a"),
            (r#"{"a":1,"\u0061":2}"#, "a"),
            (r#"{"x":{},"a":[{},{"b":{"c":1,"c":null}}]}"#, "a[1].b.c"),
            (r#"[1,{"a":1,"a":1}]"#, "[1].a"),
        ] {
            assert_eq!(twice(body).as_deref(), Some(member), "{body}");
        }
    }

    #[test]
    fn everything_else_reads_as_json_does() {
        for body in [
            r#"{"a":{"b":1},"b":[{"b":-1.5},{"b":null}],"c":"\u00e9"}"#,
            "[]",
            "null",
            "true",
            "18446744073709551615",
        ] {
            let expected: Value = serde_json::from_str(body).expect("JSON");
            assert_eq!(read(body.as_bytes()).expect("JSON"), expected);
        }
        for body in ["", "{", "{} {}", &"[".repeat(1_000)] {
            assert!(matches!(read(body.as_bytes()), Err(Refused::NoJson(_))));
        }
    }
}
