//! What is wrong with a configuration, and where.

use std::fmt;
use std::path::Path;

use toml::de::DeTable;

use crate::input::none_of;

/// The first thing that is wrong: file, line, setting, reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    file: String,
    line: Option<usize>,
    setting: String,
    reason: String,
}

impl ConfigFault {
    /// Of the file as a whole.
    pub(super) fn of_file(file: &Path, reason: impl Into<String>) -> Self {
        Self {
            file: file.display().to_string(),
            line: None,
            setting: String::new(),
            reason: reason.into(),
        }
    }

    /// What the reader of TOML, or of the shape, did not take.
    pub(super) fn of_shape(file: &Path, text: &str, error: &toml::de::Error) -> Self {
        let line = error.span().map(|span| line(text, span.start));
        Self {
            line,
            reason: said(error.message()),
            ..Self::of_file(file, "")
        }
    }

    /// Of one setting, by its dotted name: `mitz.front.host`, `mitz.dva[1].uras`.
    pub(super) fn of_setting(
        file: &Path,
        text: &str,
        setting: &str,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            line: place(text, setting).map(|at| line(text, at)),
            setting: setting.to_owned(),
            ..Self::of_file(file, reason)
        }
    }
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.setting.is_empty() {
            write!(f, ": {}", self.setting)?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl std::error::Error for ConfigFault {}

/// The line of a byte, from 1.
fn line(text: &str, at: usize) -> usize {
    let before = text.as_bytes().iter().take(at);
    before.filter(|byte| **byte == b'\n').count() + 1
}

/// Where a setting stands, or the nearest table around it that is there.
fn place(text: &str, setting: &str) -> Option<usize> {
    let document = DeTable::parse(text).ok()?;
    let mut table = document.get_ref();
    let mut found = None;
    for step in setting.split('.') {
        let (name, index) = step.split_once('[').map_or((step, None), |(name, index)| {
            (name, index.trim_end_matches(']').parse::<usize>().ok())
        });
        let Some((key, value)) = table.get_key_value(name) else {
            break;
        };
        found = Some(key.span().start);
        let value = match (index, value.get_ref().as_array()) {
            (Some(index), Some(items)) => items.get(index)?,
            _ => value,
        };
        if index.is_some() {
            found = Some(value.span().start);
        }
        match value.get_ref().as_table() {
            Some(inner) => table = inner,
            None => break,
        }
    }
    found
}

/// The library's words, with the known name that comes nearest to an unknown one in place of all.
fn said(message: &str) -> String {
    let Some(rest) = message.strip_prefix("unknown field `") else {
        return message.to_owned();
    };
    let Some((name, known)) = rest.split_once('`') else {
        return message.to_owned();
    };
    let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    none_of(&format!("there is no setting `{name}` here"), name, &known)
}
