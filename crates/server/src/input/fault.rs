//! Why an input is refused, without a word of what stood there.

use std::fmt;

use serde_json::error::Category;

use super::nearest::nearest;
use super::place::Place;
use super::strict::TWICE;

/// Why an input is refused. It names the file, the line and the member, and never repeats a value:
/// it may be a BSN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFault {
    /// The file, or the folder when it concerns that as a whole.
    pub file: String,
    /// The line, from 1, where one is to blame.
    pub line: Option<usize>,
    /// The member of the JSON document, `[3].bsn`; empty when there is none to name. Entries of an
    /// object whose keys are values are counted, from 0: `{2}`.
    pub member: String,
    /// What is wrong, and what was expected.
    pub reason: String,
}

impl InputFault {
    /// A fault of a file as a whole.
    pub(super) fn of_file(file: &str, reason: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: None,
            member: String::new(),
            reason: reason.into(),
        }
    }

    /// A fault of a line.
    pub(super) fn of_line(file: &str, line: usize, reason: impl Into<String>) -> Self {
        Self {
            line: (line > 0).then_some(line),
            ..Self::of_file(file, reason)
        }
    }

    /// A fault of a member of a JSON document.
    pub(super) fn of_member(
        file: &str,
        text: &str,
        place: &Place,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            line: place.line(text),
            member: place.to_string(),
            ..Self::of_file(file, reason)
        }
    }

    /// What the JSON reader complained of at this place. Its own text quotes values; this one does not.
    pub(super) fn of_json(
        file: &str,
        text: &str,
        place: &Place,
        error: &serde_json::Error,
    ) -> Self {
        let words = words_of(error);
        match error.classify() {
            // Where the object begins tells more than where it ends.
            Category::Data if words.starts_with("missing field `") => {
                Self::of_member(file, text, place, wrong_data(&words))
            }
            Category::Data => Self {
                member: place.to_string(),
                ..Self::of_line(file, error.line(), wrong_data(&words))
            },
            Category::Eof if text.trim().is_empty() => Self::of_file(file, "the file is empty"),
            Category::Eof => {
                let reason = "the file ends in the middle of its JSON";
                Self::of_line(file, error.line(), reason)
            }
            Category::Syntax | Category::Io if text.starts_with('\u{feff}') => Self::of_line(
                file,
                error.line(),
                "begins with a byte order mark, expected UTF-8 without one",
            ),
            Category::Syntax | Category::Io => {
                // Fixed words, one of some twenty.
                let why = match &*words {
                    "expected ident" => "expected true, false or null",
                    "expected value" => "expected a value",
                    "recursion limit exceeded" => "values stand too deep in each other",
                    why => why,
                };
                let reason = format!("not JSON from column {} on: {why}", error.column());
                Self::of_line(file, error.line(), reason)
            }
        }
    }
}

impl fmt::Display for InputFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if !self.member.is_empty() {
            write!(f, ", {}", self.member)?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl std::error::Error for InputFault {}

/// The reader's text without line and column.
fn words_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    // Without a line those words would be somebody's.
    let ours = text.rfind(" at line ").filter(|_| error.line() > 0);
    let end = ours.unwrap_or(text.len());
    text.get(..end).unwrap_or_default().to_owned()
}

/// The half of the reader's text that comes from our own types: which member is missing or stands
/// twice, and what was expected. The other half quotes what stood there.
fn wrong_data(text: &str) -> String {
    if text.starts_with("missing field `") || text.starts_with("duplicate field `") {
        return text.replace("field", "member");
    }
    if text == TWICE {
        return text.to_owned();
    }
    // What is quoted stands before the last "expected", which is ours.
    let (quoted, expected) = text.rsplit_once(", expected ").unwrap_or((text, ""));
    if let Some(written) = quoted.strip_prefix("unknown field `") {
        let written = written.strip_suffix('`').unwrap_or(written);
        // `a` or `b`; one of `a`, `b`, `c`
        let known = || expected.split('`').skip(1).step_by(2);
        if let Some(name) = nearest(written, known()) {
            return format!("there is no such member; did you mean `{name}`?");
        }
        let known: Vec<String> = known().map(|name| format!("`{name}`")).collect();
        return format!("there is no such member; there are {}", known.join(", "));
    }
    format!(
        "a value of another kind, expected {}",
        in_plain_words(expected)
    )
}

/// What was expected, in words for people who write JSON and not Rust.
fn in_plain_words(expected: &str) -> String {
    if let Some(length) = expected.strip_prefix("a tuple of size ") {
        return format!("a list of {length}");
    }
    match expected {
        "a sequence" => "a list",
        "a boolean" => "true or false",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u64" => "a whole number, not below 0",
        "a map" => "an object",
        of_ours if of_ours.starts_with("struct ") => "an object",
        other => other,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::input::strict;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Letter {
        about: String,
        pages: u8,
    }

    fn fault(text: &str) -> String {
        let (place, error) = strict::read::<Letter>(text).expect_err("refused");
        InputFault::of_json("letter.json", text, &place, &error).to_string()
    }

    #[test]
    fn a_fault_tells_file_line_and_reason_and_repeats_nothing() {
        for (text, expected) in [
            (
                "{\"about\":\"x\",\n\"pages\":\"900186021\"}",
                "line 2, pages: a value of another kind, expected a whole number from 0 to 255",
            ),
            (
                "{\"about\":900186021}",
                "line 1, about: a value of another kind, expected a string",
            ),
            (
                "[900186021]",
                "line 1: a value of another kind, expected an object",
            ),
            (
                "{\"900186021\":1}",
                "line 1: there is no such member; there are `about`, `pages`",
            ),
            (
                "{\"about\":\"x\",\n\"Page\":1}",
                "line 2: there is no such member; did you mean `pages`?",
            ),
            (
                "{\"x`, expected `900186021` at line 3\":1}",
                "line 1: there is no such member; there are `about`, `pages`",
            ),
            ("{\"pages\":1\n}", "line 1: missing member `about`"),
            (
                "{\"pages\":1,\n\"pages\":2}",
                "line 2: duplicate member `pages`",
            ),
            (
                "{\"about\"",
                "line 1: the file ends in the middle of its JSON",
            ),
            (
                "{900186021",
                "line 1: not JSON from column 2 on: key must be a string",
            ),
            (
                "{\"pages\":1,}",
                "line 1: not JSON from column 12 on: trailing comma",
            ),
        ] {
            assert_eq!(fault(text), format!("letter.json, {expected}"));
        }
        assert_eq!(fault(" \n"), "letter.json: the file is empty");
    }
}
