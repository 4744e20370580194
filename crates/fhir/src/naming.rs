//! Naming systems under their several spellings, and a BSN wherever it stands.

use identity::Bsn;

/// The two forms of a naming system that both stand in the Netherlands' own resources: its URL and its OID
/// (Nictiz, NamingSystem bsn).
const FORMS: [(&str, &str); 1] = [("2.16.840.1.113883.2.4.6.3", "fhir.nl/fhir/namingsystem/bsn")];

/// Whether two texts name one system: by URL, with http or https, in whatever case and with or without a
/// slash at the end, or by OID. What is compared generously here is left out or refused, so that a wrong
/// "yes" costs an identifier and a wrong "no" shows somebody.
pub(crate) fn is_same_system(one: &str, other: &str) -> bool {
    canonical(one) == canonical(other)
}

fn canonical(system: &str) -> String {
    let system = system.trim().to_ascii_lowercase();
    let without_scheme = ["urn:oid:", "https://", "http://"]
        .iter()
        .find_map(|scheme| system.strip_prefix(scheme));
    let name = without_scheme.unwrap_or(&system).trim_end_matches('/');
    let by_oid = FORMS.iter().find(|(oid, _)| *oid == name);
    by_oid.map_or(name, |(_, url)| url).to_owned()
}

/// Whether a word of a text is nine digits that pass the 11-check.
pub(crate) fn holds_bsn(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    words.any(|word| Bsn::parse(word).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BSN: &str = "http://fhir.nl/fhir/NamingSystem/bsn";

    #[test]
    fn a_system_is_the_same_in_each_of_its_spellings() {
        for same in [
            BSN,
            "https://fhir.nl/fhir/NamingSystem/bsn",
            "HTTP://fhir.nl/fhir/NamingSystem/bsn",
            "http://fhir.nl/fhir/NamingSystem/bsn/",
            " http://FHIR.nl/fhir/namingsystem/bsn",
            "urn:oid:2.16.840.1.113883.2.4.6.3",
            "URN:OID:2.16.840.1.113883.2.4.6.3",
            "2.16.840.1.113883.2.4.6.3",
        ] {
            assert!(is_same_system(same, BSN), "{same}");
        }
        for other in [
            "",
            "urn:own",
            "http://fhir.nl/fhir/NamingSystem/agb-z",
            "urn:oid:2.16.840.1.113883.2.4.6.1",
        ] {
            assert!(!is_same_system(other, BSN), "{other}");
        }
        assert!(is_same_system("urn:own", "urn:own"));
    }

    #[test]
    fn a_bsn_is_found_as_a_word_and_not_within_one() {
        for text in ["900186021", "BSN:900186021.", "van\u{a0}900186021 (Saskia)"] {
            assert!(holds_bsn(text), "{text}");
        }
        for text in ["900186022", "1900186021", "a900186021", "71,5 kg", ""] {
            assert!(!holds_bsn(text), "{text}");
        }
    }
}
