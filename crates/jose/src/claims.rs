//! What a token says, once it is proven who said it.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use verdict::Moment;

/// The claims of a verified token (RFC 7519 §4). Only [`crate::verify`] and its kin make one. Its
/// members may be about a person, so it prints their names only.
#[derive(Clone, PartialEq)]
pub struct Claims {
    members: Map<String, Value>,
    expires: Moment,
}

/// A claim that is missing or of the wrong type. It names the claim, never its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadClaim(pub &'static str);

impl fmt::Display for BadClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the token has no usable `{}`", self.0)
    }
}

impl std::error::Error for BadClaim {}

impl Claims {
    pub(crate) const fn new(members: Map<String, Value>, expires: Moment) -> Self {
        Self { members, expires }
    }

    /// The member of that name, as it stands.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// The member of that name, which must be a string.
    pub fn str(&self, name: &'static str) -> Result<&str, BadClaim> {
        self.get(name).and_then(Value::as_str).ok_or(BadClaim(name))
    }

    /// The member of that name, which must be a whole number written as one.
    pub fn integer(&self, name: &'static str) -> Result<i64, BadClaim> {
        self.get(name).and_then(Value::as_i64).ok_or(BadClaim(name))
    }

    /// The member of that name, which must be a NumericDate: Unix time in seconds, without the fraction
    /// that it may have (RFC 7519 §2).
    pub fn seconds(&self, name: &'static str) -> Result<i64, BadClaim> {
        self.get(name).and_then(numeric_date).ok_or(BadClaim(name))
    }

    /// The member of that name, which must be true or false.
    pub fn bool(&self, name: &'static str) -> Result<bool, BadClaim> {
        self.get(name)
            .and_then(Value::as_bool)
            .ok_or(BadClaim(name))
    }

    /// The member of that name, which must be an array.
    pub fn array(&self, name: &'static str) -> Result<&[Value], BadClaim> {
        match self.get(name) {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(BadClaim(name)),
        }
    }

    /// The member of that name as a list of strings; one string alone is a list of one, as `aud`
    /// allows (RFC 7519 §4.1.3).
    pub fn strings(&self, name: &'static str) -> Result<Vec<&str>, BadClaim> {
        let value = self.get(name).ok_or(BadClaim(name))?;
        strings(value).ok_or(BadClaim(name))
    }

    /// The member of that name, read as a `T`.
    pub fn parse<T: DeserializeOwned>(&self, name: &'static str) -> Result<T, BadClaim> {
        let value = self.get(name).ok_or(BadClaim(name))?;
        T::deserialize(value).map_err(|_| BadClaim(name))
    }

    /// All members, read as a `T`. The error names no member, lest it repeat a value.
    pub fn parse_all<T: DeserializeOwned>(&self) -> Result<T, BadClaim> {
        T::deserialize(&self.members).map_err(|_| BadClaim("payload"))
    }

    /// `exp`: from this moment on the token is over.
    pub const fn expires(&self) -> Moment {
        self.expires
    }

    /// The thumbprint of the certificate to which the token is bound: `cnf`, `x5t#S256` (RFC 8705
    /// §3.1). Nothing when the token is a bearer token; an error when `cnf` says something else.
    pub fn confirmation(&self) -> Result<Option<&str>, BadClaim> {
        match self.get("cnf") {
            None => Ok(None),
            Some(cnf) => match cnf.get("x5t#S256").and_then(Value::as_str) {
                Some(thumbprint) => Ok(Some(thumbprint)),
                None => Err(BadClaim("cnf")),
            },
        }
    }
}

/// The last second of a year with four digits.
const YEAR_9999_END_S: f64 = 253_402_300_799.0;

/// The whole seconds of a NumericDate (RFC 7519 §2): a whole number, or one with a fraction or an
/// exponent of a year that has four digits.
pub(crate) fn numeric_date(value: &Value) -> Option<i64> {
    let rounded_down = || {
        let seconds = value.as_f64()?.floor();
        let is_date = (0.0..=YEAR_9999_END_S).contains(&seconds);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole, and within the bounds"
        )]
        is_date.then_some(seconds as i64)
    };
    value.as_i64().or_else(rounded_down)
}

/// A string, or an array of strings.
pub(crate) fn strings(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(one) => Some(vec![one]),
        Value::Array(items) => items.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.members.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: Value) -> Claims {
        match value {
            Value::Object(members) => Claims::new(members, Moment::from_unix(9)),
            _ => panic!("claims are an object"),
        }
    }

    #[test]
    fn each_type_has_its_access_and_nothing_is_converted() {
        let claims = claims(json!({
            "sub": "x", "n": 7, "f": 7.5, "yes": true,
            "list": ["a", "b"], "mixed": ["a", 1], "locations": [{"value": "00000659"}],
        }));
        assert_eq!(claims.str("sub"), Ok("x"));
        assert_eq!(claims.str("n"), Err(BadClaim("n")));
        assert_eq!(claims.integer("n"), Ok(7));
        assert_eq!(claims.integer("f"), Err(BadClaim("f")));
        assert_eq!(claims.seconds("n"), Ok(7));
        assert_eq!(claims.seconds("f"), Ok(7));
        assert_eq!(claims.bool("yes"), Ok(true));
        assert_eq!(claims.bool("sub"), Err(BadClaim("sub")));
        assert_eq!(claims.array("list").map(<[Value]>::len), Ok(2));
        assert_eq!(claims.array("sub"), Err(BadClaim("sub")));
        assert_eq!(claims.strings("sub"), Ok(vec!["x"]));
        assert_eq!(claims.strings("list"), Ok(vec!["a", "b"]));
        assert_eq!(claims.strings("mixed"), Err(BadClaim("mixed")));
        assert_eq!(claims.strings("absent"), Err(BadClaim("absent")));
        assert_eq!(claims.parse::<Vec<String>>("list").map(|l| l.len()), Ok(2));
        assert_eq!(claims.parse::<Vec<String>>("n"), Err(BadClaim("n")));
        assert_eq!(claims.expires(), Moment::from_unix(9));
    }

    #[test]
    fn a_confirmation_is_a_thumbprint_or_an_error() {
        assert_eq!(claims(json!({})).confirmation(), Ok(None));
        let bound = claims(json!({"cnf": {"x5t#S256": "abc"}}));
        assert_eq!(bound.confirmation(), Ok(Some("abc")));
        for other in [json!({"cnf": {"jkt": "abc"}}), json!({"cnf": null})] {
            assert_eq!(claims(other).confirmation(), Err(BadClaim("cnf")));
        }
    }

    #[test]
    fn claims_print_names_and_no_values() {
        let printed = format!("{:?}", claims(json!({"bsn": "900186021"})));
        assert!(printed.contains("bsn") && !printed.contains("900186021"));
    }
}
