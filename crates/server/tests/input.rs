//! What `--input` says about folders: each file of `input/cases/` is one.
//!
//! A case begins with a sentence: what it shows. Then come the files of the folder, each under a line
//! `--- NAME` or `--- NAME: KIND` (see [`Content`]), and a line `=== VERDICT` (see [`VERDICTS`]).
//! Below it stands what the reader says. `SLUIS_RECORD=1` writes what it says now; look at the
//! difference before it is kept. `e2e/schemas/` judges the same files by their schemas.

#[path = "input/bounds.rs"]
mod bounds;
#[path = "input/case.rs"]
mod case;
#[path = "input/folder.rs"]
mod folder;
#[path = "input/planted.rs"]
mod planted;

use std::fs;

use case::{Case, VERDICTS};

/// Faults that every JSON file can have. What a file cannot have, it names in [`CANNOT`].
const EVERYWHERE: [&str; 10] = [
    "a-folder",
    "another-kind",
    "cut-off",
    "empty",
    "member-missing",
    "member-twice",
    "member-unknown",
    "no-json",
    "no-utf8",
    "value-of-another-kind",
];

const JSON: [&str; 12] = [
    "clients",
    "consents",
    "etoegang",
    "gegevensdiensten",
    "koppeltaal",
    "lists",
    "localisation",
    "parties",
    "people",
    "providers",
    "records",
    "settings",
];

/// Every member of the settings and of a party may be left out, keys of the localisation are BSNs, and resources may
/// have any members.
const CANNOT: [&str; 5] = [
    "settings-member-missing",
    "localisation-member-missing",
    "localisation-member-unknown",
    "records-member-unknown",
    "parties-member-missing",
];

#[test]
fn every_fault_is_told_with_its_file_line_member_and_reason() {
    let cases = case::all();
    let record = std::env::var_os("SLUIS_RECORD").is_some();
    let mut faults = Vec::new();
    for case in &cases {
        let said = case.said();
        if record {
            case.record(&said);
        } else if said != case.expected {
            let Case { name, expected, .. } = case;
            faults.push(format!(
                "{name}\n  expected: {expected}\n  said:     {said}"
            ));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_file_lacks_a_case_of_a_fault_that_all_can_have() {
    let names: Vec<String> = case::all().into_iter().map(|case| case.name).collect();
    let wanted = JSON.iter().flat_map(|file| {
        EVERYWHERE
            .iter()
            .map(move |fault| format!("{file}-{fault}"))
    });
    let lacking: Vec<String> = wanted
        .filter(|name| !CANNOT.contains(&name.as_str()) && !names.contains(name))
        .collect();
    assert_eq!(lacking, [""; 0]);
}

#[test]
fn a_case_has_a_sentence_files_and_a_verdict() {
    for case in case::all() {
        assert!(case.about.ends_with('.'), "{}: {}", case.name, case.about);
        assert!(VERDICTS.contains(&&*case.verdict), "{}", case.name);
        let taken = case.verdict == VERDICTS[0];
        assert_eq!(taken, case.expected.is_empty(), "{}", case.name);
    }
}

#[test]
fn every_json_file_of_the_sample_has_its_schema() {
    let schemas = folder::repository("sample/schemas");
    for file in JSON {
        let path = schemas.join(format!("{file}.schema.json"));
        let text = fs::read(&path).expect("a schema");
        let schema: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        assert_eq!(schema["$id"], format!("urn:sluis:input:{file}"));
    }
}

/// `docs/errors.md` tells each reason in ticks; `…` stands for what differs.
#[test]
fn every_reason_stands_in_the_chapter_on_errors() {
    let errors = fs::read_to_string(folder::repository("docs/errors.md")).expect("the chapter");
    let (_, chapter) = errors.split_once("### `--input`").expect("its begin");
    let (chapter, _) = chapter.split_once("\n### ").expect("its end");
    let told: Vec<&str> = chapter.split('`').skip(1).step_by(2).collect();
    let is_told = |reason: &str| told.iter().any(|told| tells(told, reason));
    let lacking: Vec<String> = case::all()
        .into_iter()
        .filter(|case| !case.expected.is_empty())
        .map(|case| case.expected)
        .filter(|said| !said.split_once(": ").is_some_and(|(_, it)| is_told(it)))
        .collect();
    assert_eq!(lacking, [""; 0]);
}

/// Whether words in ticks, some of them open, tell this reason. What is open at an end may be more.
fn tells(told: &str, reason: &str) -> bool {
    let told = told.replace("column N", "column …");
    let mut rest = reason;
    told.split('…').enumerate().all(|(index, words)| {
        let found = rest.find(words);
        // Before the words stands at most the way to an element of a list.
        let begins = found.is_some_and(|at| {
            index > 0 || at == 0 || rest.get(..at).is_some_and(|before| before.ends_with(": "))
        });
        rest = found
            .and_then(|at| rest.get(at + words.len()..))
            .unwrap_or_default();
        begins
    }) && !told.trim_matches(['…', ' ']).is_empty()
}
