//! `cargo xtask citing CRATE...`: the functions that answer for a requirement or a case, one
//! `path name` a line.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::ExitCode;

use super::catalogue::{Catalogue, Known};
use super::scan::{self, Place};
use crate::tree::{self, TextFile};

/// Prints the functions of these crates whose text, body or surroundings cite an id.
pub(crate) fn run(crates: &[&str]) -> Result<ExitCode, String> {
    let root = tree::root();
    let catalogue = Catalogue::read(&root.join("docs/requirements"))?;
    for name in crates {
        let folder = format!("crates/{name}/src");
        let files = tree::files(&root, &[&folder])?;
        let citing = citing(&catalogue, &files);
        if citing.is_empty() {
            return Err(format!("no function in {folder} cites an id"));
        }
        for (path, function) in citing {
            // Whoever reads it may have seen enough.
            let _ = writeln!(std::io::stdout(), "{path} {function}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Path and name, each once. Functions of one name in one file are not told apart.
fn citing(catalogue: &Catalogue, files: &[TextFile]) -> BTreeSet<(String, String)> {
    let grammar = catalogue.grammar();
    let mut found = BTreeSet::new();
    for file in files.iter().filter(|file| file.has_extension(&["rs"])) {
        for citation in scan::scan(file, &grammar).citations {
            // A source as a whole asks nothing.
            if let (Known::Entry(_), Place::Code(functions)) =
                (catalogue.look_up(&citation.id), citation.place)
            {
                found.extend(functions.into_iter().map(|name| (file.path.clone(), name)));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"
[[source]]
name = "RFC 7636"
title = "PKCE"
release = "2015"
requirement = [{ id = "RFC 7636 §4.6", text = "Compare." }]
"#;

    const CODE: &str = "\
//! Codes (RFC 7636).

/// RFC 7636 §4.6
fn compare() {}

fn again() {
    compare(); // (§4.6)
}

fn other() {}

#[cfg(test)]
mod tests {
    #[test]
    fn a_test() {} // RFC 7636 §4.6
}
";

    #[test]
    fn a_function_that_cites_an_id_counts_and_a_test_or_a_source_does_not() {
        let rules = [("rules.toml".to_owned(), RULES.to_owned())];
        let catalogue = Catalogue::of(&rules).expect("a catalogue");
        let files = ["crates/x/src/a.rs", "crates/x/src/a.js"].map(|path| TextFile {
            path: path.to_owned(),
            text: CODE.to_owned(),
        });
        let found = citing(&catalogue, &files);
        let found: Vec<_> = found
            .iter()
            .map(|(path, name)| (path.as_str(), name.as_str()))
            .collect();
        let path = "crates/x/src/a.rs";
        assert_eq!(found, [(path, "again"), (path, "compare")]);
    }
}
