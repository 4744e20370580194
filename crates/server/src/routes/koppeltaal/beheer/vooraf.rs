//! From which version of a domain a change begins (RFC 9110 §13.1).

use http::header::{IF_MATCH, IF_NONE_MATCH};

use super::Vraag;
use super::problem::Problem;

/// What a change expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vooraf {
    /// The domain of this version.
    Versie(u64),
    /// That what it makes is not there.
    Nieuw,
}

impl Vraag {
    /// The version that `If-Match` names.
    pub(super) fn if_match(&self) -> Result<u64, Problem> {
        match self.versie()? {
            Some(versie) => Ok(versie),
            None => Err(Problem::unconditional(
                "If-Match with the ETag of the domain",
            )),
        }
    }

    /// The version that `If-Match` names, or `If-None-Match: *`.
    pub(super) fn if_match_or_new(&self) -> Result<Vooraf, Problem> {
        match (self.versie()?, self.visit.header(&IF_NONE_MATCH)) {
            (Some(versie), None) => Ok(Vooraf::Versie(versie)),
            (None, Some("*")) => Ok(Vooraf::Nieuw),
            (None, None) => Err(Problem::unconditional(
                "If-Match with the ETag of the domain, or If-None-Match: * for what is new",
            )),
            _ => Err(Problem::bad("If-None-Match", "expected * alone")),
        }
    }

    /// The version that `If-Match` names, if it is there. `*` names none: it would overwrite what
    /// nobody looked at.
    pub(super) fn versie(&self) -> Result<Option<u64>, Problem> {
        if !self.visit.headers.contains_key(IF_MATCH) {
            return Ok(None);
        }
        let tag = self.visit.header(&IF_MATCH).and_then(number);
        let expected = "expected one ETag, as it was given";
        tag.map_or_else(
            || Err(Problem::bad("If-Match", expected)),
            |tag| Ok(Some(tag)),
        )
    }
}

/// The number of an ETag as we give them.
fn number(tag: &str) -> Option<u64> {
    let number = tag.trim().strip_prefix('"')?.strip_suffix('"')?;
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    number.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_has_one_spelling() {
        assert_eq!(number("\"12\""), Some(12));
        for other in [
            "12",
            "W/\"12\"",
            "\"012\"",
            "\"\"",
            "*",
            "\"1\", \"2\"",
            "\"-1\"",
        ] {
            assert_eq!(number(other), None, "{other}");
        }
    }
}
