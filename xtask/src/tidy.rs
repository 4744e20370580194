//! `cargo xtask tidy`: what does not belong in the repository, and what grew too long.

use std::path::Path;
use std::process::ExitCode;

use crate::rust_text::{RustText, is_word};
use crate::tree::{self, TextFile};

/// Lines of a source file without its tests, at most: one idea, read in one sitting.
const FILE_LINES_MAX: usize = 700;
/// Lines of a function, at most. Most fit on a screen; this is where one is certainly two.
const FUNCTION_LINES_MAX: usize = 70;

/// Files that name hosts and sums of others by their nature.
const LOCKS: [&str; 2] = ["Cargo.lock", "package-lock.json"];

/// Where people keep repositories on their machines.
const HOMES: [&str; 3] = ["/home/", "/root/", "/Users/"];

/// Hosts of package registries; each in two parts, so that this file does not name them.
const REGISTRIES: [(&str, &str); 6] = [
    ("crates", ".io"),
    ("registry.npm", "js.org"),
    ("npm", "js.com"),
    ("py", "pi.org"),
    ("files.python", "hosted.org"),
    ("deb.deb", "ian.org"),
];

/// Prints what is not tidy.
pub(crate) fn run() -> Result<ExitCode, String> {
    let root = tree::root();
    let words = words(&root);
    let mut faults = Vec::new();
    for file in tree::files(&root, &[""])? {
        faults.extend(strange_words(&file, &words));
        if file.has_extension(&["rs"]) {
            faults.extend(unfinished(&file));
            faults.extend(too_long(&file));
        }
    }
    for fault in &faults {
        println!("{fault}");
    }
    println!("tidy: {} faults", faults.len());
    Ok(if faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Words that belong to a machine or a registry: this machine's folders first.
fn words(root: &Path) -> Vec<String> {
    // A clone in the root folder or among temporary files stands nowhere in particular.
    let parent = root.parent().filter(|parent| parent.parent().is_some());
    let parent = parent.filter(|parent| !parent.starts_with(std::env::temp_dir()));
    let here = parent.map(|parent| format!("{}/", parent.display()));
    let homes = HOMES.iter().map(|home| (*home).to_owned());
    let registries = REGISTRIES
        .iter()
        .map(|(first, second)| format!("{first}{second}"));
    here.into_iter().chain(homes).chain(registries).collect()
}

fn strange_words(file: &TextFile, words: &[String]) -> Vec<String> {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let mut faults = Vec::new();
    if LOCKS.contains(&name) || file.path == "xtask/src/tidy.rs" {
        return faults;
    }
    for (index, line) in file.text.lines().enumerate() {
        for word in words.iter().filter(|word| holds(line, word)) {
            faults.push(format!(
                "{}:{}: `{word}` does not belong here",
                file.path,
                index + 1
            ));
        }
    }
    faults
}

/// Whether a line holds the word, not as the end of a longer one.
fn holds(line: &str, word: &str) -> bool {
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(|c| is_word(c) || c == '.' || c == '-'))
}

/// Work that was put off: `todo!`, `unimplemented!`, ignored tests.
fn unfinished(file: &TextFile) -> Vec<String> {
    let text = RustText::of(&file.text);
    let marks = ["todo!", "unimplemented!", "#[ignore"];
    let lines = text.code_lines().enumerate();
    lines
        .filter_map(|(index, line)| {
            let mark = marks.iter().find(|mark| line.contains(**mark))?;
            Some(format!(
                "{}:{}: `{mark}`: finish it or leave it out",
                file.path,
                index + 1
            ))
        })
        .collect()
}

/// A file or function that is longer than it may be; tests may be long.
fn too_long(file: &TextFile) -> Vec<String> {
    let is_source = file.path.starts_with("crates/") && file.path.contains("/src/");
    if !is_source || file.is_test() {
        return Vec::new();
    }
    let text = RustText::of(&file.text);
    let lines = text
        .tests_begin()
        .map_or(file.text.lines().count(), |begin| begin - 1);
    let mut faults = Vec::new();
    if lines > FILE_LINES_MAX {
        faults.push(format!(
            "{}: {lines} lines without tests, {FILE_LINES_MAX} at most",
            file.path
        ));
    }
    for function in text.functions() {
        let length = function.last_line - function.first_line + 1;
        if length > FUNCTION_LINES_MAX && function.first_line <= lines {
            let (line, name) = (function.first_line, function.name);
            let path = &file.path;
            faults.push(format!(
                "{path}:{line}: {name} has {length} lines, {FUNCTION_LINES_MAX} at most"
            ));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: String) -> TextFile {
        TextFile {
            path: path.to_owned(),
            text,
        }
    }

    #[test]
    fn a_path_of_a_machine_or_a_registry_does_not_belong() {
        let words = words(Path::new("/here/there/repository"));
        for text in [
            "see /here/there/x",
            "\"/home/somebody\"",
            concat!("https://crates", ".io/"),
        ] {
            let found = strange_words(&file("README.md", format!("\n{text}")), &words);
            assert_eq!(found.len(), 1, "{text}");
            assert!(found[0].starts_with("README.md:2: "), "{found:?}");
        }
        for text in ["https://x.test/home/", "crate::io", "../here"] {
            assert!(
                strange_words(&file("README.md", text.to_owned()), &words).is_empty(),
                "{text}"
            );
        }
    }

    #[test]
    fn unfinished_work_is_found_in_code_only() {
        let text = "// todo!\nfn f() { todo!() }\nlet x = \"todo!\";\n#[ignore = \"slow\"]\n";
        let found = unfinished(&file("crates/x/src/a.rs", text.to_owned()));
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("crates/x/src/a.rs:2:"), "{found:?}");
    }

    #[test]
    fn length_counts_without_tests() {
        let function = |lines: usize| format!("fn f() {{\n{}}}\n", "    x();\n".repeat(lines - 2));
        let long = |text: String| too_long(&file("crates/x/src/a.rs", text));
        assert!(long(function(FUNCTION_LINES_MAX)).is_empty());
        assert_eq!(long(function(FUNCTION_LINES_MAX + 1)).len(), 1);
        assert!(long("x\n".repeat(FILE_LINES_MAX)).is_empty());
        assert_eq!(long("x\n".repeat(FILE_LINES_MAX + 1)).len(), 1);
        let tests = format!(
            "#[cfg(test)]\nmod tests {{\n{}}}\n",
            function(FUNCTION_LINES_MAX + 1)
        );
        assert!(long(tests).is_empty());
        let elsewhere = file("crates/x/tests/a.rs", function(FUNCTION_LINES_MAX + 1));
        assert!(too_long(&elsewhere).is_empty());
    }
}
