//! No message repeats what stood in a file.

use std::fs;

use proptest::prelude::*;

use crate::folder::{Folder, repository};

/// A number that stands nowhere in the sample.
const PLANTED: &str = "931754806";

/// Every file of the sample but its records, which would take long, and one of each other kind.
fn files() -> Vec<(String, String)> {
    let sample = repository("sample");
    let mut files: Vec<(String, String)> = [
        "clients",
        "consents",
        "etoegang",
        "gegevensdiensten",
        "lists",
        "localisation",
        "people",
        "providers",
    ]
    .iter()
    .map(|name| {
        let name = format!("{name}.json");
        let text = fs::read_to_string(sample.join(&name)).expect("a file");
        (name, text)
    })
    .collect();
    let whitelist = "medmij/tests/documents/Whitelist-release2.xml";
    let whitelist = fs::read_to_string(repository("crates").join(whitelist)).expect("a list");
    let patient = r#"[{"resourceType": "Patient", "id": "a", "identifier": [
        {"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "900186021"}]},
        {"resourceType": "Observation", "id": "b", "subject": {"reference": "Patient/a"}}]"#;
    let settings = r#"{"mitz": {"min_level": "midden", "full_location_token": true},
        "dva": {"age_min": 12, "jwt_bearer": false}, "dva2": {}}"#;
    let metadata = "<EntityDescriptor entityID=\"urn:x\" a=\"1\"><a>x</a></EntityDescriptor>";
    let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (name, text) in [
        ("records/00000659.json", patient),
        ("settings.json", settings),
        ("lists/MedMij_Whitelist.xml", &*whitelist),
        ("digid-metadata.xml", metadata),
        ("trust/root.pem", pem),
    ] {
        files.push((name.to_owned(), text.to_owned()));
    }
    files
}

/// The text with the number in it: put in somewhere, or in place of a word or number.
fn plant(text: &str, at: prop::sample::Index, instead: bool) -> String {
    let letters: Vec<char> = text.chars().collect();
    let from = at.index(letters.len());
    let in_word = |letter: &&char| letter.is_alphanumeric() || "-_@./:".contains(**letter);
    let (before, after) = letters.split_at(from);
    let (mut left, mut right) = (0, 0);
    if instead {
        left = before.iter().rev().take_while(in_word).count();
        right = after.iter().take_while(in_word).count();
    }
    let part = |letters: &[char]| letters.iter().collect::<String>();
    let before = part(&before[..before.len() - left]);
    format!("{before}{PLANTED}{}", part(&after[right..]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_message_repeats_a_number_that_was_planted_anywhere(
        file in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        instead in any::<bool>(),
    ) {
        let files = files();
        let (name, text) = file.get(&files);
        let folder = Folder::new();
        folder.put(name, plant(text, at, instead));
        let said = folder.said();
        prop_assert!(!said.contains(PLANTED), "{said}");
    }
}

#[test]
fn a_planted_number_is_there() {
    for (_, text) in files() {
        assert!(!text.contains(PLANTED));
    }
}
