//! How an id is spelled in a comment, a string or a test's name.
//!
//! | spelling | ids |
//! |---|---|
//! | `NAME §2.1`, `NAME §2.1, §3.10`, `NAME §2 and §6`, `NAME §4.1.4 to §4.1.6`, `NAME 2.1` | clauses of a source: its name in the catalogue, or `RFC` and a number |
//! | `(§2.1)` | a clause of the source that the file named last |
//! | `FRAMEWORK case 7`, `FRAMEWORK cases 1–6`, `FRAMEWORK cases 38, 39 and 43` | acceptance cases |
//! | `seed 000 step 9`, `seed 000 steps 15–17` | steps |
//! | `core.topic.306`, `core.topic.306 to .309`, `ext.…` | requirements of MedMij |
//! | `FRAMEWORK_case_007_…`, `FRAMEWORK_case_007_and_008_…` | tests of cases, by their names |

use crate::rust_text::is_word;

/// Frameworks that have acceptance cases.
pub(super) const FRAMEWORKS: [&str; 5] = ["mitz", "digid", "medmij", "koppeltaal", "etoegang"];
/// Ids that one range may stand for; a wider one is a slip of the pen.
const RANGE_MAX: usize = 60;

/// An id as the catalogue spells it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cited {
    pub(super) id: String,
    /// Where it stands, in bytes.
    pub(super) at: usize,
}

/// The sources that can be cited by clause.
pub(super) struct Grammar {
    /// What may be written, and what the catalogue calls it; long spellings first.
    spellings: Vec<(String, String)>,
}

impl Grammar {
    /// A grammar with these sources: the spelling and the name in the catalogue.
    pub(super) fn new(mut spellings: Vec<(String, String)>) -> Self {
        spellings.sort_by_key(|(spelling, _)| std::cmp::Reverse(spelling.len()));
        Self { spellings }
    }

    /// Every id that a text cites. `last` is the source that the file named last.
    pub(super) fn read(&self, text: &str, last: &mut Option<String>) -> Vec<Cited> {
        let mut found = Vec::new();
        let mut cursor = Cursor { text, at: 0 };
        while !cursor.rest().is_empty() {
            let at = cursor.at;
            let ids = self.ids(&mut cursor, last);
            found.extend(ids.into_iter().map(|id| Cited { id, at }));
            if cursor.at == at {
                cursor.skip();
            }
        }
        found
    }

    /// The ids of the citation that begins here; none when none does.
    fn ids(&self, cursor: &mut Cursor<'_>, last: &mut Option<String>) -> Vec<String> {
        if cursor.rest().starts_with('§') {
            let name = cursor
                .word_before()
                .map(str::to_owned)
                .or_else(|| last.clone());
            let name = name.unwrap_or_else(|| "no source".to_owned());
            return clauses(cursor, &name);
        }
        if cursor.before().ends_with(|c| is_word(c) || c == '.') {
            return Vec::new();
        }
        if let Some(ids) = cases(cursor)
            .or_else(|| steps(cursor))
            .or_else(|| dotted_id(cursor))
        {
            return ids;
        }
        let Some(name) = self.source(cursor) else {
            return Vec::new();
        };
        let ids = after_space(cursor, |cursor| clauses(cursor, &name));
        // "design" is also a word of every day; a proper name is not.
        if !ids.is_empty() || name.contains(|c: char| !c.is_ascii_lowercase()) {
            *last = Some(name.clone());
        }
        if ids.is_empty() && name.starts_with("RFC ") {
            vec![name]
        } else {
            ids
        }
    }

    /// The catalogue's name of the source that is named here.
    fn source(&self, cursor: &mut Cursor<'_>) -> Option<String> {
        if let Some(number) = cursor.rest().strip_prefix("RFC ").map(leading_digits)
            && (3..=5).contains(&number.len())
        {
            let name = format!("RFC {number}");
            cursor.at += name.len();
            return Some(name);
        }
        let (spelling, name) = self.spellings.iter().find(|(spelling, _)| {
            let after = cursor.rest().strip_prefix(spelling.as_str());
            after.is_some_and(|after| !after.starts_with(is_word))
        })?;
        cursor.at += spelling.len();
        Some(name.clone())
    }
}

/// The cases that a test is named for: `mitz_case_013_…`, in a longer name too.
pub(super) fn cases_of_test(name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for framework in FRAMEWORKS {
        let mark = format!("{framework}_case_");
        for (at, _) in name.match_indices(&mark) {
            // `test_mitz_case_…` is a case of mitz too.
            if !name[..at].ends_with(char::is_alphanumeric) {
                numbers_of_test(&name[at + mark.len()..], framework, &mut found);
            }
        }
    }
    found
}

fn numbers_of_test(mut text: &str, framework: &str, found: &mut Vec<String>) {
    loop {
        let digits = leading_digits(text);
        if digits.len() != 3 {
            return;
        }
        let after = &text[3..];
        let letter = letter(after);
        let number = digits.trim_start_matches('0');
        found.push(format!("{framework} case {number}{letter}"));
        match after[letter.len()..].strip_prefix("_and_") {
            Some(next) => text = next,
            None => return,
        }
    }
}

/// `RFC 6749 §4.1.2, §5.2`: the name was read.
fn clauses(cursor: &mut Cursor<'_>, name: &str) -> Vec<String> {
    let Some(first) = clause(cursor, None) else {
        return Vec::new();
    };
    let mut found = vec![first];
    loop {
        let begin = cursor.at;
        let is_range = cursor.eat_any(&[" to ", "–"]);
        let goes_on = is_range || cursor.eat_any(&[", and ", " and ", ", ", "; "]);
        let previous = found.last().cloned().unwrap_or_default();
        let Some(next) = goes_on.then(|| clause(cursor, Some(&previous))).flatten() else {
            cursor.at = begin;
            break;
        };
        if is_range {
            found.extend(between(&previous, &next));
        }
        found.push(next);
    }
    found
        .into_iter()
        .map(|clause| format!("{name} §{clause}"))
        .collect()
}

/// `§4.1.2`, or `2.5` without the sign, or `.6` after `§3.1.1.4.5`.
fn clause(cursor: &mut Cursor<'_>, previous: Option<&str>) -> Option<String> {
    let has_sign = cursor.eat("§");
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '.';
    let length = cursor
        .rest()
        .find(|c| !is_part(c))
        .unwrap_or(cursor.rest().len());
    let written = cursor.rest()[..length].trim_end_matches('.');
    let is_number = |text: &str| {
        text.split('.')
            .all(|part| leading_digits(part) == part && !part.is_empty())
    };
    let clause = match (written.strip_prefix('.'), previous) {
        (Some(part), Some(previous)) if is_number(part) => {
            let (stem, _) = previous.rsplit_once('.')?;
            format!("{stem}.{part}")
        }
        _ if has_sign && !written.is_empty() => written.to_owned(),
        _ if written.contains('.') && is_number(written) => written.to_owned(),
        _ => return None,
    };
    cursor.at += written.len();
    Some(clause)
}

/// The clauses between two that differ in their last number.
fn between(first: &str, last: &str) -> Vec<String> {
    let split = |clause: &str| {
        let (stem, number) = clause.rsplit_once('.').unwrap_or(("", clause));
        Some((stem.to_owned(), number.parse::<usize>().ok()?))
    };
    match (split(first), split(last)) {
        (Some((stem, from)), Some((same, until))) if stem == same && until < from + RANGE_MAX => {
            let dot = if stem.is_empty() { "" } else { "." };
            (from + 1..until)
                .map(|number| format!("{stem}{dot}{number}"))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// `mitz case 7`, `digid cases 1 to 8`, also with `.md` after the name.
fn cases(cursor: &mut Cursor<'_>) -> Option<Vec<String>> {
    let framework = FRAMEWORKS
        .iter()
        .find(|name| cursor.rest().starts_with(**name))?;
    let begin = cursor.at;
    cursor.at += framework.len();
    cursor.eat(".md");
    let found = numbers(cursor, [" cases ", " case "]);
    if found.is_empty() {
        cursor.at = begin;
        return None;
    }
    let id = |number: String| format!("{framework} case {number}");
    Some(found.into_iter().map(id).collect())
}

/// `seed 000 step 9`.
fn steps(cursor: &mut Cursor<'_>) -> Option<Vec<String>> {
    let begin = cursor.at;
    let found = if cursor.eat_any(&["seed 000", "Seed 000"]) {
        numbers(cursor, [" steps ", " step "])
    } else {
        Vec::new()
    };
    if found.is_empty() {
        cursor.at = begin;
        return None;
    }
    let id = |number: String| format!("seed 000 step {number}");
    Some(found.into_iter().map(id).collect())
}

/// The numbers after one of two nouns: a list after the plural, one or a range after the singular.
fn numbers(cursor: &mut Cursor<'_>, [plural, singular]: [&str; 2]) -> Vec<String> {
    let is_list = cursor.eat(plural);
    if !is_list && !cursor.eat(singular) {
        return Vec::new();
    }
    let Some(first) = number(cursor) else {
        return Vec::new();
    };
    let mut found = vec![first];
    loop {
        let begin = cursor.at;
        let is_range = cursor.eat_any(&[" to ", "–"]);
        let goes_on = is_range || (is_list && cursor.eat_any(&[", and ", " and ", ", "]));
        let Some(next) = goes_on.then(|| number(cursor)).flatten() else {
            cursor.at = begin;
            return found;
        };
        if is_range {
            found.extend(
                found
                    .last()
                    .map(|from| between(from, &next))
                    .unwrap_or_default(),
            );
        }
        found.push(next);
    }
}

/// `36`, `36a`.
fn number(cursor: &mut Cursor<'_>) -> Option<String> {
    let digits = leading_digits(cursor.rest());
    let letter = letter(&cursor.rest()[digits.len()..]);
    let written = &cursor.rest()[..digits.len() + letter.len()];
    let after = &cursor.rest()[written.len()..];
    if digits.is_empty() || after.starts_with(is_word) {
        return None;
    }
    cursor.at += written.len();
    Some(written.to_owned())
}

/// `core.tknint.201`, `core.whl.306 to .309`, `ext.vert.authint.201`.
fn dotted_id(cursor: &mut Cursor<'_>) -> Option<Vec<String>> {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.';
    let rest = cursor.rest();
    let written = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
    let written = written.trim_end_matches('.');
    let (topic, number) = written.rsplit_once('.')?;
    let is_ours = topic.starts_with("core.") || topic.starts_with("ext.");
    if !is_ours || number.len() != 3 || leading_digits(number) != number {
        return None;
    }
    cursor.at += written.len();
    let mut found = vec![written.to_owned()];
    let begin = cursor.at;
    let until = if cursor.eat_any(&[" to .", "–."]) {
        leading_digits(cursor.rest())
    } else {
        ""
    };
    if until.len() == 3 {
        cursor.at += until.len();
        let last = format!("{topic}.{until}");
        found.extend(between(written, &last));
        found.push(last);
    } else {
        cursor.at = begin;
    }
    Some(found)
}

/// What `read` finds after one space, if it finds something there.
fn after_space(
    cursor: &mut Cursor<'_>,
    read: impl Fn(&mut Cursor<'_>) -> Vec<String>,
) -> Vec<String> {
    let begin = cursor.at;
    cursor.eat(" ");
    let found = read(cursor);
    if found.is_empty() {
        cursor.at = begin;
    }
    found
}

fn leading_digits(text: &str) -> &str {
    &text[..text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len())]
}

/// One small letter that ends a number: `a` of `36a`; not the beginning of a word.
fn letter(text: &str) -> &str {
    let mut chars = text.chars();
    let is_letter = chars.next().is_some_and(|c| c.is_ascii_lowercase());
    let ends = chars.next().is_none_or(|c| !c.is_alphanumeric());
    if is_letter && ends { &text[..1] } else { "" }
}

/// A place in a text.
struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn before(&self) -> &'t str {
        &self.text[..self.at]
    }

    /// The word right before, with one space between: what a clause would belong to.
    fn word_before(&self) -> Option<&'t str> {
        let before = self.before();
        let before = before.strip_suffix(' ').unwrap_or(before);
        let word = &before[before.trim_end_matches(is_word).len()..];
        (!word.is_empty()).then_some(word)
    }

    fn skip(&mut self) {
        self.at += self.rest().chars().next().map_or(0, char::len_utf8);
    }

    fn eat(&mut self, piece: &str) -> bool {
        let found = self.rest().starts_with(piece);
        if found {
            self.at += piece.len();
        }
        found
    }

    fn eat_any(&mut self, pieces: &[&str]) -> bool {
        pieces.iter().any(|piece| self.eat(piece))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<String> {
        let same = |name: &str| (name.to_owned(), name.to_owned());
        let longer = ("OpenID Connect Core 1.0".to_owned(), "OIDC Core".to_owned());
        let grammar = Grammar::new(vec![
            same("OIDC Core"),
            same("design"),
            same("mitz.md"),
            longer,
        ]);
        let mut last = None;
        grammar
            .read(text, &mut last)
            .into_iter()
            .map(|cited| cited.id)
            .collect()
    }

    #[test]
    fn clauses_are_read_in_every_spelling() {
        for (text, expected) in [
            ("(RFC 6749 §4.1.2)", &["RFC 6749 §4.1.2"][..]),
            ("RFC 6749 §6.", &["RFC 6749 §6"]),
            ("RFC 8725 §3.1, §3.10", &["RFC 8725 §3.1", "RFC 8725 §3.10"]),
            ("RFC 8705 §3.3 and §5", &["RFC 8705 §3.3", "RFC 8705 §5"]),
            (
                "RFC 7519 §4.1.4 to §4.1.6",
                &["RFC 7519 §4.1.4", "RFC 7519 §4.1.5", "RFC 7519 §4.1.6"],
            ),
            ("RFC 8705 §2; RFC 9207 §2", &["RFC 8705 §2", "RFC 9207 §2"]),
            ("RFC 7516: a bad one", &["RFC 7516"]),
            ("OpenID Connect Core 1.0 §2", &["OIDC Core §2"]),
            ("mitz.md 2.4, 2.5", &["mitz.md §2.4", "mitz.md §2.5"]),
            ("mitz.md §2.9, step 20", &["mitz.md §2.9"]),
            (
                "mitz.md §3.1.4.5 and .6",
                &["mitz.md §3.1.4.5", "mitz.md §3.1.4.6"],
            ),
            ("design §5 \"code\", and 3 more", &["design §5"]),
            ("the design, section", &[]),
        ] {
            assert_eq!(ids(text), expected, "{text}");
        }
    }

    #[test]
    fn a_clause_without_a_name_belongs_to_the_source_named_last_or_to_none() {
        assert_eq!(ids("RFC 7636 says (§4.1)"), ["RFC 7636", "RFC 7636 §4.1"]);
        assert_eq!(ids("(§4.1)"), ["no source §4.1"]);
        assert_eq!(ids("RFC 7636; Unheard Of §4.1"), ["RFC 7636", "Of §4.1"]);
    }

    #[test]
    fn cases_steps_and_dotted_ids_are_read_with_lists_and_ranges() {
        for (text, expected) in [
            ("mitz case 13: again", &["mitz case 13"][..]),
            ("mitz case 36a", &["mitz case 36a"]),
            ("mitz case 8, 9 of them", &["mitz case 8"]),
            (
                "mitz cases 38, 39 and 43",
                &["mitz case 38", "mitz case 39", "mitz case 43"],
            ),
            (
                "mitz cases 1–3",
                &["mitz case 1", "mitz case 2", "mitz case 3"],
            ),
            ("medmij.md case 79", &["medmij case 79"]),
            (
                "digid cases 6 to 8",
                &["digid case 6", "digid case 7", "digid case 8"],
            ),
            ("in that case 4", &[]),
            ("permitz case 4", &[]),
            ("Seed 000 step 9,", &["seed 000 step 9"]),
            (
                "seed 000 steps 2–4 and 6",
                &[
                    "seed 000 step 2",
                    "seed 000 step 3",
                    "seed 000 step 4",
                    "seed 000 step 6",
                ],
            ),
            (
                "core.whl.306 to .308.",
                &["core.whl.306", "core.whl.307", "core.whl.308"],
            ),
            ("ext.vert.authint.201", &["ext.vert.authint.201"]),
            ("core.md, core.x, score.whl.306", &[]),
        ] {
            assert_eq!(ids(text), expected, "{text}");
        }
    }

    #[test]
    fn the_name_of_a_test_tells_its_cases() {
        for (name, expected) in [
            ("mitz_case_013_a_code_counts_once", &["mitz case 13"][..]),
            ("module::tests::digid_case_029_x", &["digid case 29"]),
            ("test_mitz_case_036a_full", &["mitz case 36a"]),
            ("mitz_case_013", &["mitz case 13"]),
            (
                "mitz_case_038_and_039_both",
                &["mitz case 38", "mitz case 39"],
            ),
            ("mitz_case_13_x", &[]),
            ("mitz_case_0130_x", &[]),
            ("submitz_case_013_x", &[]),
        ] {
            assert_eq!(cases_of_test(name), expected, "{name}");
        }
    }
}
