//! Which tests ran and passed: JUnit XML of nextest, or the lines of nextest, libtest or a script.
//!
//! A test that found nothing to test passes, and says so in its output: a line that begins with
//! `skipped`, or ends with `was not tested`. It does not count. The tests that read what others
//! made are of this kind; where changes land, that is beside the repository.

use uppsala::{Document, NodeId};

/// What became of the tests.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ran {
    pub(super) passed: Vec<String>,
    pub(super) failed: Vec<String>,
    /// Named, but not tested: ignored, or without what they test on.
    pub(super) skipped: Vec<String>,
}

/// What became of a test.
#[derive(Clone, Copy)]
enum Outcome {
    Passed,
    Failed,
    Skipped,
}

impl Ran {
    /// Adds the results in a file.
    pub(super) fn add(&mut self, text: &str) -> Result<(), String> {
        if text.trim_start().starts_with("<?xml") {
            return self.add_junit(text);
        }
        for (name, outcome) in text.lines().filter_map(line) {
            self.push(name.to_owned(), outcome);
        }
        Ok(())
    }

    fn add_junit(&mut self, text: &str) -> Result<(), String> {
        let document = uppsala::parse(text).map_err(|error| error.to_string())?;
        for case in document.get_elements_by_tag_name("testcase") {
            let name = document
                .get_attribute(case, "name")
                .ok_or("a testcase has no name")?;
            self.push(name.to_owned(), outcome(&document, case));
        }
        Ok(())
    }

    fn push(&mut self, name: String, outcome: Outcome) {
        match outcome {
            Outcome::Passed => self.passed.push(name),
            Outcome::Failed => self.failed.push(name),
            Outcome::Skipped => self.skipped.push(name),
        }
    }
}

fn outcome(document: &Document<'_>, case: NodeId) -> Outcome {
    let mut outcome = Outcome::Passed;
    for child in document.children_iter(case) {
        let Some(element) = document.element(child) else {
            continue;
        };
        match &*element.name.local_name {
            "failure" | "error" => return Outcome::Failed,
            "skipped" => outcome = Outcome::Skipped,
            "system-out" | "system-err" if tested_nothing(&document.text_content_deep(child)) => {
                outcome = Outcome::Skipped;
            }
            _ => {}
        }
    }
    outcome
}

fn tested_nothing(output: &str) -> bool {
    let says = |line: &str| line.starts_with("skipped") || line.ends_with("was not tested");
    output.lines().map(str::trim).any(says)
}

/// `test NAME ... ok`, `PASS [   0.004s] NAME`.
fn line(line: &str) -> Option<(&str, Outcome)> {
    let line = line.trim();
    if let Some((name, result)) = line
        .strip_prefix("test ")
        .and_then(|rest| rest.rsplit_once(" ... "))
    {
        let outcome = match result {
            "ok" => Outcome::Passed,
            "FAILED" => Outcome::Failed,
            result if result.starts_with("ignored") => Outcome::Skipped,
            _ => return None,
        };
        return Some((name, outcome));
    }
    let (result, rest) = line.split_once(" [")?;
    let (_, name) = rest.split_once(']')?;
    let outcome = match result {
        "PASS" => Outcome::Passed,
        "FAIL" | "TIMEOUT" | "SIGABRT" => Outcome::Failed,
        "SKIP" => Outcome::Skipped,
        _ => return None,
    };
    Some((name.trim(), outcome))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(text: &str) -> Ran {
        let mut ran = Ran::default();
        ran.add(text).expect("results");
        ran
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn junit_tells_what_passed_and_what_only_said_so() {
        let text = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="nextest-run"><testsuite name="x">
<testcase name="good" classname="x"><system-out>line 1: skipped nothing</system-out></testcase>
<testcase name="bad"><failure type="test failure">no</failure><system-out>skipped</system-out></testcase>
<testcase name="absent"><system-out>running 1 test
examples are not here: a.xml was not tested
</system-out></testcase>
<testcase name="unable"><system-err>skipped: no such program</system-err></testcase>
</testsuite></testsuites>"#;
        let found = ran(text);
        assert_eq!(found.passed, names(&["good"]));
        assert_eq!(found.failed, names(&["bad"]));
        assert_eq!(found.skipped, names(&["absent", "unable"]));
    }

    #[test]
    fn lines_of_runners_tell_the_same() {
        let text = "running 3 tests\ntest a::b ... ok\ntest c ... FAILED\ntest d ... ignored, why\n\
                    \x20   PASS [   0.004s] (1/2) x::bin e\nFAIL [ 1.0s] f\nSKIP [ - ] g\nSummary [ 1s] 4\n";
        let found = ran(text);
        assert_eq!(found.passed, names(&["a::b", "(1/2) x::bin e"]));
        assert_eq!(found.failed, names(&["c", "f"]));
        assert_eq!(found.skipped, names(&["d", "g"]));
    }

    #[test]
    fn a_broken_file_is_no_result() {
        assert!(
            Ran::default()
                .add("<?xml version=\"1.0\"?><testsuites>")
                .is_err()
        );
    }
}
