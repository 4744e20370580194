//! Why an input is refused, without a word of what stood there.

use std::fmt;

use serde_json::error::Category;

use super::place::Place;

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

    /// What the JSON reader complained of. Its own text quotes values; this one does not.
    pub(super) fn of_json(file: &str, error: &serde_json::Error) -> Self {
        let reason = match error.classify() {
            Category::Data => wrong_data(&error.to_string()),
            Category::Eof => "the file ends in the middle of its JSON".to_owned(),
            Category::Syntax | Category::Io => {
                format!("not JSON from column {} on", error.column())
            }
        };
        Self::of_line(file, error.line(), reason)
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

/// The half of the reader's text that comes from our own types: which member is missing or stands
/// twice, and what was expected. The other half quotes what stood there.
fn wrong_data(text: &str) -> String {
    let text = text
        .rfind(" at line ")
        .map_or(text, |position| &text[..position]);
    if text.starts_with("missing field `") || text.starts_with("duplicate field `") {
        return text.replace("field", "member");
    }
    let what = if text.starts_with("unknown field `") {
        "there is no such member"
    } else {
        "a value of another kind"
    };
    // What is quoted stands before the last "expected", which is ours.
    match text.rfind(", expected ") {
        Some(position) => format!("{what}{}", &text[position..]),
        None => what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Letter {
        about: String,
        pages: u8,
    }

    fn fault(text: &str) -> String {
        let error = serde_json::from_str::<Letter>(text).expect_err("refused");
        InputFault::of_json("letter.json", &error).to_string()
    }

    #[test]
    fn a_fault_tells_file_line_and_reason_and_repeats_nothing() {
        for (text, expected) in [
            (
                "{\"about\":\"x\",\n\"pages\":\"900186021\"}",
                "letter.json, line 2: a value of another kind, expected u8",
            ),
            (
                "{\"about\":900186021}",
                "letter.json, line 1: a value of another kind, expected a string",
            ),
            (
                "{\"900186021\":1}",
                "letter.json, line 1: there is no such member, expected `about` or `pages`",
            ),
            (
                "{\"x, expected 900186021 at line 3\":1}",
                "letter.json, line 1: there is no such member, expected `about` or `pages`",
            ),
            (
                "{\"pages\":1\n}",
                "letter.json, line 2: missing member `about`",
            ),
            (
                "{\"pages\":1,\n\"pages\":2}",
                "letter.json, line 2: duplicate member `pages`",
            ),
            (
                "{\"about\"",
                "letter.json, line 1: the file ends in the middle of its JSON",
            ),
            (
                "{900186021",
                "letter.json, line 1: not JSON from column 2 on",
            ),
        ] {
            assert_eq!(fault(text), expected);
        }
    }
}
