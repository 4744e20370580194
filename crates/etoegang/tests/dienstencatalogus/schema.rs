//! The schema of ours takes what we read and write, and refuses what we refuse.

use std::path::PathBuf;
use std::process::Command;

use etoegang::dienstencatalogus::uitgave::Uitgave;

use crate::common::{BEHEERDER, EXAMPLE, signed, trusted, with};

#[test]
fn etoegang_case_093_the_schema_and_the_reader_agree() {
    let uitgave = Uitgave::read(signed(EXAMPLE).as_bytes(), trusted()).expect("the example");
    let written = uitgave.to_xml("_a", &BEHEERDER).expect("a file");
    // etoegang case 93
    let short = with(&[(
        "makelaarId>00000003273226310000",
        "makelaarId>0000000327322631000",
    )]);
    let long = with(&[("Trial return", &"x".repeat(65))]);
    for (name, xml, expected) in [
        ("example", signed(EXAMPLE), true),
        ("written", written, true),
        ("short", signed(&short), false),
        ("long", signed(&long), false),
        ("unsigned", EXAMPLE.to_owned(), false),
    ] {
        assert_eq!(
            Uitgave::read(xml.as_bytes(), trusted()).is_ok(),
            expected,
            "{name}"
        );
        if let Some(is_valid) = lint(name, &xml) {
            assert_eq!(is_valid, expected, "{name}");
        }
    }
}

/// What `xmllint` says, where it is.
fn lint(name: &str, xml: &str) -> Option<bool> {
    let schema = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let schema = schema.join("schemas/dienstencatalogus-1.13.xsd");
    let file = format!("dienstencatalogus-{name}-{}.xml", std::process::id());
    let file = std::env::temp_dir().join(file);
    std::fs::write(&file, xml).expect("a file");
    let mut command = Command::new("xmllint");
    command.args(["--nonet", "--noout", "--schema"]).arg(schema);
    let output = command.arg(&file).output();
    std::fs::remove_file(&file).expect("it was there");
    let Ok(output) = output else {
        println!("xmllint is not here: the schema was not tested");
        return None;
    };
    Some(output.status.success())
}
