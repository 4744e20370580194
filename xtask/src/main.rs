//! Work on the repository itself: `cargo xtask COMMAND`.
//!
//! | command | does |
//! |---|---|
//! | `trace` | joins the catalogue of requirements and cases to the code and tests that cite them |
//! | `citing` | names the functions that cite an id, which are the ones to mutate |
//! | `foreign-samples` | lets the program work on lists and records that others made |
//! | `load` | measures what a node carries: requests per CPU-second, latency, memory |
//! | `survivors` | holds the mutations that no test noticed against their explanations |
//! | `tidy` | finds what does not belong, and what grew too long |
//!
//! It never changes a file of the repository.

mod foreign_samples;
mod load;
mod rust_text;
mod survivors;
mod tidy;
mod trace;
mod tree;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask trace [--ran FILE...]   requirements and cases, with the code and tests that cite them;
                                           --ran counts only tests that these results tell of
       cargo xtask citing CRATE...         functions of these crates that cite an id: path and name
       cargo xtask foreign-samples         real lists and records through the chain; 3 when they are absent
       cargo xtask load [--help | ARGUMENT...]
                                           what a node carries, client and server in processes of their own
       cargo xtask survivors MISSED EXPLAINED
                                           mutations that no test noticed and nobody explained
       cargo xtask tidy                    words that do not belong, files and functions that are too long";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match &arguments[..] {
        ["trace"] => trace::run(None),
        ["trace", "--ran", files @ ..] if !files.is_empty() => trace::run(Some(files)),
        ["citing", crates @ ..] if !crates.is_empty() => trace::functions(crates),
        ["foreign-samples"] => foreign_samples::run(),
        ["load", arguments @ ..] => load::run(arguments),
        ["survivors", missed, explained] => survivors::run(missed, explained),
        ["tidy"] => tidy::run(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    done.unwrap_or_else(|why| {
        eprintln!("xtask: {why}");
        ExitCode::FAILURE
    })
}
