//! `cargo xtask trace`: requirements and cases, and the code and tests that cite them.
//!
//! It fails when an id is cited that the catalogue does not have, and when a case that counts as
//! implemented has no test. With `--ran` a test counts only when these results say that it ran and
//! passed; a case whose samples are not beside this clone is told, and is no failure.

mod catalogue;
mod citations;
mod functions;
mod ran;
mod scan;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use self::catalogue::{Catalogue, Entry, Kind, Known};
use self::citations::cases_of_test;
use self::ran::Ran;
use self::scan::{EXTENSIONS, Place, Scanned};
use crate::tree::{self, TextFile};

pub(crate) use self::functions::run as functions;

/// Where citations are looked for.
const FOLDERS: [&str; 3] = ["crates", "e2e", "xtask"];
/// The folder of this very program: its strings are examples of ids, not citations.
const EXAMPLES: &str = "xtask/src/trace/";

/// Prints the catalogue with what cites it; `results` are files of [`Ran`].
pub(crate) fn run(results: Option<&[&str]>) -> Result<ExitCode, String> {
    let root = tree::root();
    let catalogue = Catalogue::read(&root.join("docs/requirements"))?;
    let ran = results.map(read_results).transpose()?;
    let files = tree::files(&root, &FOLDERS)?;
    let trace = Trace::of(&catalogue, &files, ran, &|needs| root.join(needs).exists());
    // Whoever reads it may have seen enough.
    let _ = std::io::stdout().write_all(trace.text().as_bytes());
    for fault in &trace.faults {
        eprintln!("trace: {fault}");
    }
    Ok(if trace.faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn read_results(paths: &[&str]) -> Result<Ran, String> {
    let mut ran = Ran::default();
    for path in paths {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
        ran.add(&text).map_err(|error| format!("{path}: {error}"))?;
    }
    Ok(ran)
}

/// The catalogue, joined to what cites it.
struct Trace<'c> {
    catalogue: &'c Catalogue,
    /// By the entry's place in the catalogue.
    cited: Vec<Cites>,
    /// Cases that cannot be tested here, and what they need.
    elsewhere: Vec<String>,
    /// What makes it fail.
    faults: Vec<String>,
}

/// What cites an entry.
#[derive(Clone, Default)]
struct Cites {
    /// `file:line`.
    code: Vec<String>,
    /// `file:line` and the test's name.
    tests: Vec<String>,
    /// Tests that are named for this case and count.
    named: usize,
}

impl<'c> Trace<'c> {
    /// `is_here` tells whether what a case needs is beside the repository.
    fn of(
        catalogue: &'c Catalogue,
        files: &[TextFile],
        ran: Option<Ran>,
        is_here: &dyn Fn(&str) -> bool,
    ) -> Self {
        let mut trace = Self {
            catalogue,
            cited: vec![Cites::default(); catalogue.entries.len()],
            elsewhere: Vec::new(),
            faults: Vec::new(),
        };
        let grammar = catalogue.grammar();
        for file in files {
            if file.has_extension(&EXTENSIONS) && !file.path.starts_with(EXAMPLES) {
                trace.add(&file.path, scan::scan(file, &grammar), ran.is_none());
            }
        }
        if let Some(ran) = ran {
            trace.add_results(&ran);
        }
        trace.check_cases(is_here);
        trace
    }

    /// Adds what a file says; `count` its tests, or leave that to results.
    fn add(&mut self, path: &str, scanned: Scanned, count: bool) {
        for citation in scanned.citations {
            let at = format!("{path}:{}", citation.line);
            let Some(cites) = self.entry(&citation.id, &at) else {
                continue;
            };
            match citation.place {
                Place::Code(_) => push_new(&mut cites.code, at),
                Place::Test(None) => push_new(&mut cites.tests, at),
                Place::Test(Some(name)) => push_new(&mut cites.tests, format!("{at} {name}")),
            }
        }
        for test in scanned.tests {
            let at = format!("{path}:{}", test.line);
            if let Some(cites) = self.entry(&test.case, &at) {
                cites.named += usize::from(count);
                push_new(&mut cites.tests, format!("{at} {}", test.name));
            }
        }
    }

    /// Counts the tests that ran.
    fn add_results(&mut self, ran: &Ran) {
        for name in &ran.passed {
            for case in cases_of_test(name) {
                if let Some(cites) = self.entry(&case, name) {
                    cites.named += 1;
                }
            }
        }
        for (names, why) in [
            (&ran.failed, "failed"),
            (&ran.skipped, "found nothing to test"),
        ] {
            for name in names {
                for case in cases_of_test(name) {
                    if let Some(cites) = self.entry(&case, name) {
                        cites.tests.push(format!("{name} {why}"));
                    }
                }
            }
        }
    }

    /// The entry of an id; a fault when there is none.
    fn entry(&mut self, id: &str, at: &str) -> Option<&mut Cites> {
        match self.catalogue.look_up(id) {
            Known::Entry(entry) => self.cited.get_mut(entry),
            Known::Source => None,
            Known::Nothing => {
                let fault = format!("{at}: {id} is not in docs/requirements");
                push_new(&mut self.faults, fault);
                None
            }
        }
    }

    fn check_cases(&mut self, is_here: &dyn Fn(&str) -> bool) {
        for (entry, cites) in self.catalogue.entries.iter().zip(&self.cited) {
            let Kind::Case { needs } = &entry.kind else {
                continue;
            };
            if cites.named > 0 {
                continue;
            }
            match needs.as_deref().filter(|needs| !is_here(needs)) {
                Some(needs) => self.elsewhere.push(format!("{}: needs {needs}", entry.id)),
                None => self
                    .faults
                    .push(format!("{}: no test of it ran: {}", entry.id, entry.text)),
            }
        }
    }

    // ── As text ─────────────────────────────────────────────────────────────────────────────────

    fn text(&self) -> String {
        let mut text = String::new();
        for (entry, cites) in self.catalogue.entries.iter().zip(&self.cited) {
            describe(&mut text, entry, cites);
        }
        text.push('\n');
        for (reason, ids) in self.later() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "later: {}: {reason}", joined(&ids));
        }
        for case in &self.elsewhere {
            let _ = writeln!(text, "not here: {case}");
        }
        text + &self.summary()
    }

    /// The cases that are not ours yet, by reason.
    fn later(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut later: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for entry in &self.catalogue.entries {
            if let Kind::Later(reason) = &entry.kind {
                later.entry(reason).or_default().push(&entry.id);
            }
        }
        later
    }

    fn summary(&self) -> String {
        let all = || self.catalogue.entries.iter().zip(&self.cited);
        let count =
            |wanted: &dyn Fn(&Entry, &Cites) -> bool| all().filter(|(e, c)| wanted(e, c)).count();
        let is_requirement = |entry: &Entry| entry.kind == Kind::Requirement;
        let is_cited = |cites: &Cites| !cites.code.is_empty() || !cites.tests.is_empty();
        let requirements = count(&|e, _| is_requirement(e));
        let cited = count(&|e, c| is_requirement(e) && is_cited(c));
        let untested = count(&|e, c| is_requirement(e) && is_cited(c) && c.tests.is_empty());
        let is_case = |entry: &Entry| matches!(entry.kind, Kind::Case { .. });
        let cases = count(&|e, _| is_case(e));
        let tested = count(&|e, c| is_case(e) && c.named > 0);
        let later = count(&|e, _| matches!(e.kind, Kind::Later(_)));
        format!(
            "requirements: {requirements} catalogued, {cited} cited, {untested} of them by no test\n\
             cases: {cases} implemented, {tested} of them tested, {later} later\n\
             faults: {}\n",
            self.faults.len()
        )
    }
}

fn describe(text: &mut String, entry: &Entry, cites: &Cites) {
    let mark = match (&entry.kind, cites.code.is_empty() && cites.tests.is_empty()) {
        (Kind::Later(_), _) => "  [later]",
        (Kind::Case { .. }, _) if cites.named == 0 => "  [no test]",
        (Kind::Requirement, true) => "  [not cited]",
        (Kind::Requirement, false) if cites.tests.is_empty() => "  [no test]",
        _ => "",
    };
    let _ = writeln!(text, "{}  {}{mark}", entry.id, entry.text);
    for at in &cites.code {
        let _ = writeln!(text, "    code  {at}");
    }
    for at in &cites.tests {
        let _ = writeln!(text, "    test  {at}");
    }
}

/// Ids in a row, `digid case 39–54, digid case 58`: neighbours in the catalogue as a range.
fn joined(ids: &[&str]) -> String {
    let number = |id: &str| {
        id.rsplit_once(' ')
            .and_then(|(_, number)| number.parse::<usize>().ok())
    };
    let follows = |id: &str, previous: &str| match (number(id), number(previous)) {
        (Some(this), Some(before)) => this == before + 1,
        _ => false,
    };
    let mut runs: Vec<(&str, &str)> = Vec::new();
    for id in ids {
        match runs.last_mut() {
            Some((_, last)) if follows(id, last) => *last = id,
            _ => runs.push((id, id)),
        }
    }
    let text = |(first, last): &(&str, &str)| match number(last).filter(|_| first != last) {
        Some(last) => format!("{first}–{last}"),
        None => (*first).to_owned(),
    };
    runs.iter().map(text).collect::<Vec<_>>().join(", ")
}

fn push_new(list: &mut Vec<String>, text: String) {
    if !list.contains(&text) {
        list.push(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"
[[source]]
name = "RFC 6749"
title = "OAuth"
release = "2012"
requirement = [{ id = "RFC 6749 §5.2", text = "Say which error." }]
case = [
    { id = "mitz case 7", text = "Asked.", status = "implemented" },
    { id = "mitz case 8", text = "Asked later.", status = "later", reason = "not yet" },
]
"#;
    const CODE: &str = "// RFC 6749 §5.2\nfn f() {}\n\n#[test]\nfn mitz_case_007_is_tested() {}\n";

    fn traced(code: &str, ran: Option<&str>) -> (Vec<String>, String) {
        traced_by(RULES, code, ran)
    }

    fn traced_by(rules: &str, code: &str, ran: Option<&str>) -> (Vec<String>, String) {
        let files = [("rules.toml".to_owned(), rules.to_owned())];
        let catalogue = Catalogue::of(&files).expect("a catalogue");
        let file = TextFile {
            path: "crates/x/src/a.rs".to_owned(),
            text: code.to_owned(),
        };
        let ran = ran.map(|results| {
            let mut ran = Ran::default();
            ran.add(results).expect("results");
            ran
        });
        let trace = Trace::of(&catalogue, &[file], ran, &|needs| needs == "../here");
        let text = trace.text();
        (trace.faults, text)
    }

    #[test]
    fn what_is_catalogued_cited_and_tested_passes() {
        let (faults, text) = traced(CODE, None);
        assert!(faults.is_empty(), "{faults:?}");
        assert!(text.contains(
            "RFC 6749 §5.2  Say which error.  [no test]\n    code  crates/x/src/a.rs:1\n"
        ));
        assert!(text.contains("    test  crates/x/src/a.rs:5 mitz_case_007_is_tested\n"));
        assert!(text.contains("later: mitz case 8: not yet\n"));
        assert!(text.contains("cases: 1 implemented, 1 of them tested, 1 later\nfaults: 0\n"));
    }

    #[test]
    fn an_id_that_is_not_catalogued_fails_with_its_line() {
        let (faults, _) = traced(&CODE.replace("§5.2", "§5.3"), None);
        assert_eq!(
            faults,
            ["crates/x/src/a.rs:1: RFC 6749 §5.3 is not in docs/requirements"]
        );
        let (faults, _) = traced(&format!("{CODE}#[test]\nfn mitz_case_099_x() {{}}\n"), None);
        assert_eq!(
            faults,
            ["crates/x/src/a.rs:7: mitz case 99 is not in docs/requirements"]
        );
    }

    #[test]
    fn neighbours_are_told_as_a_range() {
        let ids = [
            "digid case 35",
            "digid case 36",
            "digid case 37",
            "mitz case 51",
            "mitz case 53",
        ];
        assert_eq!(joined(&ids), "digid case 35–37, mitz case 51, mitz case 53");
    }

    #[test]
    fn a_case_counts_by_a_test_of_its_name_and_by_nothing_else() {
        let (faults, text) = traced(&CODE.replace("fn mitz_case_007", "fn about"), None);
        assert_eq!(faults, ["mitz case 7: no test of it ran: Asked."]);
        assert!(text.contains("mitz case 7  Asked.  [no test]"));
    }

    #[test]
    fn with_results_only_a_test_that_ran_and_passed_counts() {
        for (results, is_tested) in [
            ("test a::mitz_case_007_is_tested ... ok\n", true),
            ("test a::mitz_case_007_is_tested ... FAILED\n", false),
            ("test a::mitz_case_007_is_tested ... ignored\n", false),
            ("test a::another ... ok\n", false),
            ("", false),
        ] {
            let (faults, _) = traced(CODE, Some(results));
            assert_eq!(faults.is_empty(), is_tested, "{results}");
        }
    }

    #[test]
    fn a_case_that_needs_what_is_not_here_is_told_and_does_not_fail() {
        for (needs, is_fault) in [("../here", true), ("../there", false)] {
            let status = format!("status = \"implemented\", needs = \"{needs}\"");
            let rules = RULES.replace("status = \"implemented\"", &status);
            let (faults, text) = traced_by(&rules, CODE, Some(""));
            assert_eq!(!faults.is_empty(), is_fault, "{needs}");
            let told = "not here: mitz case 7: needs ../there\n";
            assert_eq!(text.contains(told), !is_fault, "{text}");
        }
    }
}
