//! What a source file cites, where, and which tests of cases it has.

use super::citations::{Cited, Grammar, cases_of_test};
use crate::rust_text::{Function, RustText, is_word};
use crate::tree::TextFile;

/// The kinds of files that can cite.
pub(super) const EXTENSIONS: [&str; 4] = ["rs", "js", "mjs", "py"];

/// What a file says.
#[derive(Default)]
pub(super) struct Scanned {
    pub(super) citations: Vec<Citation>,
    pub(super) tests: Vec<CaseTest>,
}

/// An id at a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Citation {
    pub(super) id: String,
    pub(super) line: usize,
    pub(super) place: Place,
}

/// Who cites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// What people run. With the names of the functions that it is said of: the one whose text or
    /// body cites, those of the `impl` block whose text does, or all of a file that begins with it.
    Code(Vec<String>),
    /// A test, by name, or what tests share.
    Test(Option<String>),
}

/// A test that is named for a case.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CaseTest {
    pub(super) case: String,
    pub(super) name: String,
    pub(super) line: usize,
}

/// Reads a file.
pub(super) fn scan(file: &TextFile, grammar: &Grammar) -> Scanned {
    let rust = file.has_extension(&["rs"]).then(|| Rust::of(file));
    let mut last = None;
    let mut citations = Vec::new();
    for passage in passages(&file.text) {
        for Cited { id, at } in grammar.read(&passage.text, &mut last) {
            let line = passage.line(at);
            let place = match &rust {
                Some(rust) => rust.place(line, passage.last_line()),
                None => Place::Test(None),
            };
            citations.push(Citation { id, line, place });
        }
    }
    let tests = match rust {
        Some(rust) => rust.case_tests(),
        None => script_tests(&file.text),
    };
    Scanned { citations, tests }
}

/// A line of code, or lines of comment that belong together, joined by spaces.
struct Passage {
    text: String,
    /// Where each line begins in the text, and its number.
    lines: Vec<(usize, usize)>,
}

impl Passage {
    const fn new() -> Self {
        Self {
            text: String::new(),
            lines: Vec::new(),
        }
    }

    fn push(&mut self, number: usize, text: &str) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.lines.push((self.text.len(), number));
        self.text.push_str(text);
    }

    fn line(&self, at: usize) -> usize {
        let after = self.lines.partition_point(|(begin, _)| *begin <= at);
        self.lines
            .get(after.saturating_sub(1))
            .map_or(0, |(_, number)| *number)
    }

    fn last_line(&self) -> usize {
        self.lines.last().map_or(0, |(_, number)| *number)
    }
}

fn passages(text: &str) -> Vec<Passage> {
    let mut passages = Vec::new();
    let mut open = Passage::new();
    for (index, line) in text.lines().enumerate() {
        let comment = comment(line);
        let goes_on = comment.is_some_and(|comment| !comment.is_empty());
        if !goes_on {
            passages.push(std::mem::replace(&mut open, Passage::new()));
        }
        open.push(index + 1, comment.unwrap_or(line));
        if !goes_on {
            passages.push(std::mem::replace(&mut open, Passage::new()));
        }
    }
    passages.push(open);
    passages
}

/// The words of a line that is nothing but comment.
fn comment(line: &str) -> Option<&str> {
    let line = line.trim();
    let words = match line.strip_prefix("//") {
        Some(words) => words.trim_start_matches(['/', '!']),
        // An attribute of Rust is none, nor is the first line of a script.
        None => line
            .strip_prefix('#')
            .filter(|words| !words.starts_with(['[', '!']))?,
    };
    Some(words.trim())
}

/// The functions of a Rust file, and where its tests begin.
struct Rust {
    functions: Vec<Function>,
    /// The first and last lines of `impl` blocks.
    impls: Vec<(usize, usize)>,
    /// Lines that hold code, as opposed to comments and attributes.
    code_lines: Vec<bool>,
    /// Lines of the text about the file, with which it begins.
    head_lines: usize,
    tests_begin: usize,
}

impl Rust {
    fn of(file: &TextFile) -> Self {
        let text = RustText::of(&file.text);
        let is_code = |line: &str| !line.trim().is_empty() && !line.trim().starts_with("#[");
        let tests_begin = if file.is_test() {
            Some(0)
        } else {
            text.tests_begin()
        };
        Self {
            functions: text.functions(),
            impls: text.impls(),
            code_lines: text.code_lines().map(is_code).collect(),
            head_lines: file
                .text
                .lines()
                .take_while(|line| line.starts_with("//!"))
                .count(),
            tests_begin: tests_begin.unwrap_or(usize::MAX),
        }
    }

    /// Who cites at `line`; the comment there ends at `last_line`.
    fn place(&self, line: usize, last_line: usize) -> Place {
        let next_code = self
            .code_lines
            .iter()
            .skip(last_line)
            .position(|is_code| *is_code);
        let next_code = next_code.map(|offset| last_line + offset + 1);
        let is_comment = self
            .code_lines
            .get(line - 1)
            .is_some_and(|is_code| !is_code);
        let documented = self
            .functions
            .iter()
            .find(|f| is_comment && Some(f.first_line) == next_code);
        let inside = |f: &&Function| f.first_line <= line && line <= f.last_line;
        let function = documented.or_else(|| self.functions.iter().rfind(inside));
        match function.filter(|function| function.is_test) {
            Some(test) => Place::Test(Some(test.name.clone())),
            None if line >= self.tests_begin => Place::Test(None),
            None => Place::Code(match function {
                Some(function) => vec![function.name.clone()],
                None if line <= self.head_lines => self.functions_in(0, self.tests_begin),
                None => {
                    let next = next_code.filter(|_| is_comment);
                    let block = self.impls.iter().find(|(first, _)| Some(*first) == next);
                    block.map_or_else(Vec::new, |(first, last)| self.functions_in(*first, *last))
                }
            }),
        }
    }

    /// The names of the functions that begin in these lines.
    fn functions_in(&self, first: usize, last: usize) -> Vec<String> {
        let is_inside = |f: &&Function| (first..=last).contains(&f.first_line);
        let inside = self.functions.iter().filter(is_inside);
        inside.map(|function| function.name.clone()).collect()
    }

    fn case_tests(&self) -> Vec<CaseTest> {
        let tests = self.functions.iter().filter(|function| function.is_test);
        tests
            .flat_map(|test| of_cases(&test.name, test.first_line))
            .collect()
    }
}

/// The tests of a script: every name or title that has the form of one, outside of comments.
fn script_tests(text: &str) -> Vec<CaseTest> {
    let mut found: Vec<CaseTest> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if comment(line).is_some() {
            continue;
        }
        for name in line.split(|c| !is_word(c)) {
            for test in of_cases(name, index + 1) {
                if !found
                    .iter()
                    .any(|known| known.name == test.name && known.case == test.case)
                {
                    found.push(test);
                }
            }
        }
    }
    found
}

fn of_cases(name: &str, line: usize) -> impl Iterator<Item = CaseTest> {
    cases_of_test(name).into_iter().map(move |case| CaseTest {
        case,
        name: name.to_owned(),
        line,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(path: &str, text: &str) -> Scanned {
        let grammar = Grammar::new(Vec::new());
        let file = TextFile {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        scan(&file, &grammar)
    }

    const RUST: &str = "\
//! Reads (RFC
//! 6749 §4.1.2).

/// Of mitz case 7.
impl Reader {
    fn one() {}
    fn two() {}
}

/// Of mitz case 8.
const fn eight() {}

const NINE: u8 = 9; // mitz case 9

fn read() { // mitz case 1
    refuse(\"mitz case 2\");
}

#[cfg(test)]
mod tests {
    // mitz case 3
    const HELP: u8 = 1;

    /// mitz case 4
    #[test]
    fn mitz_case_004_a_test_of_four() {
        // mitz case 5
    }

    fn mitz_case_006_is_no_test() {}
}
";

    #[test]
    fn a_citation_has_its_line_and_its_place() {
        let found = scanned("crates/x/src/a.rs", RUST).citations;
        let test = Place::Test(Some("mitz_case_004_a_test_of_four".to_owned()));
        let code = |names: &[&str]| Place::Code(names.iter().map(|&name| name.into()).collect());
        let expected = [
            ("RFC 6749 §4.1.2", 1, code(&["one", "two", "eight", "read"])),
            ("mitz case 7", 4, code(&["one", "two"])),
            ("mitz case 8", 10, code(&["eight"])),
            ("mitz case 9", 13, code(&[])),
            ("mitz case 1", 15, code(&["read"])),
            ("mitz case 2", 16, code(&["read"])),
            ("mitz case 3", 21, Place::Test(None)),
            ("mitz case 4", 24, test.clone()),
            ("mitz case 5", 27, test),
        ];
        let expected = expected.map(|(id, line, place)| Citation {
            id: id.to_owned(),
            line,
            place,
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn only_a_test_counts_as_a_test_of_its_case() {
        let found = scanned("crates/x/src/a.rs", RUST).tests;
        let names: Vec<(&str, &str, usize)> = found
            .iter()
            .map(|t| (t.case.as_str(), t.name.as_str(), t.line))
            .collect();
        assert_eq!(names, [("mitz case 4", "mitz_case_004_a_test_of_four", 26)]);
    }

    #[test]
    fn a_script_names_its_tests_in_titles_and_functions() {
        let text =
            "// mitz_case_001_no\ntest('mitz_case_002_yes', f);\ndef test_mitz_case_003_too():\n";
        let found = scanned("e2e/a.mjs", text).tests;
        let cases: Vec<&str> = found.iter().map(|test| test.case.as_str()).collect();
        assert_eq!(cases, ["mitz case 2", "mitz case 3"]);
    }
}
