//! `survivors`: every mutation that no test noticed must be explained, or the run fails.

use std::fs;
use std::process::ExitCode;

/// Compares what cargo-mutants missed with the explanations. Both name a mutation by file and
/// description, without the line, so that explanations outlive edits above them.
pub(crate) fn run(missed: &str, explained: &str) -> Result<ExitCode, String> {
    let read = |path: &str| fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
    let (missed, explained) = (read(missed)?, read(explained)?);
    let left = unexplained(&missed, &explained);
    for mutation in &left {
        println!("survived without an explanation: {mutation}");
    }
    println!(
        "{} survivors, {} unexplained",
        missed.lines().count(),
        left.len()
    );
    Ok(if left.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn unexplained<'m>(missed: &'m str, explained: &str) -> Vec<&'m str> {
    let known: Vec<(String, String)> = explained
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .filter_map(|line| line.split_once(" # "))
        .filter(|(_, reason)| !reason.trim().is_empty())
        .filter_map(|(mutation, _)| name(mutation))
        .collect();
    let is_known = |line: &&str| name(line).is_some_and(|name| known.contains(&name));
    missed
        .lines()
        .filter(|line| !line.trim().is_empty() && !is_known(line))
        .collect()
}

/// File and description of `path:line:column: description`, or of `path: description`.
fn name(line: &str) -> Option<(String, String)> {
    let (place, description) = line.split_once(": ")?;
    let path = place.split(':').next()?;
    Some((path.trim().to_owned(), description.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MISSED: &str = "crates/protocol/src/wire.rs:37:9: replace encode -> String with xyzzy\n\
                          crates/saml/src/instant.rs:12:5: replace < with <= in write\n";

    #[test]
    fn a_survivor_with_a_reason_is_let_be_wherever_its_line_moved() {
        let explained = "# why each is let be\n\
                         crates/saml/src/instant.rs: replace < with <= in write # equal bytes\n";
        let left = unexplained(MISSED, explained);
        assert_eq!(left, [MISSED.lines().next().expect("a line")]);
    }

    #[test]
    fn a_name_without_a_reason_explains_nothing() {
        let explained = "crates/saml/src/instant.rs: replace < with <= in write # \n";
        assert_eq!(unexplained(MISSED, explained).len(), 2);
    }
}
