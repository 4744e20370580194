//! The URLs of resource requests: the token says whose data it is, and nothing else does (medmij.md §5.1).

use identity::Bsn;

/// Digits of a BSN.
const BSN_DIGITS: usize = 9;

/// The URL names a person, or could: it is not called. Which one is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoemtPersoon;

/// Where resources of this type are asked for at a resource endpoint. The endpoint comes from a list, so
/// what it says is looked at like anything else that somebody wrote.
///
/// # Errors
/// [`NoemtPersoon`] for a URL with a BSN anywhere in it, percent-encoded or not, and for one with a query:
/// what is asked there could only be about somebody.
pub fn resource_url(endpoint: &str, resource_type: &str) -> Result<String, NoemtPersoon> {
    let url = format!("{endpoint}/{resource_type}");
    // medmij case 71
    if url.contains(['?', '#']) || names_a_bsn(&decoded(&url)) {
        return Err(NoemtPersoon);
    }
    Ok(url)
}

/// Whether nine digits that stand alone pass the 11-check.
fn names_a_bsn(text: &[u8]) -> bool {
    let runs = text.split(|byte| !byte.is_ascii_digit());
    let candidates = runs.filter(|run| run.len() == BSN_DIGITS);
    candidates
        .filter_map(|run| std::str::from_utf8(run).ok())
        .any(|run| Bsn::parse(run).is_ok())
}

/// The bytes that the URL stands for. A `%` without digits is kept as it is.
fn decoded(url: &str) -> Vec<u8> {
    let bytes = url.as_bytes();
    let digit = |at: usize| {
        let digit = char::from(*bytes.get(at)?).to_digit(16)?;
        u8::try_from(digit).ok()
    };
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if let (b'%', Some(high), Some(low)) = (byte, digit(at + 1), digit(at + 2)) {
            out.push(high << 4 | low);
            at += 3;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medmij_case_071_a_url_that_names_a_person_is_not_called() {
        let is_refused = |endpoint| resource_url(endpoint, "Observation") == Err(NoemtPersoon);
        // medmij case 71
        for endpoint in [
            "https://rs.example.nl/fhir/900029365",
            "https://rs.example.nl/fhir/bsn-900029365-x",
            "https://rs.example.nl/fhir/%39%30%30029365",
            "https://rs.example.nl/fhir/9000293%365",
            "https://rs.example.nl/fhir?identifier=1",
            "https://rs.example.nl/fhir#deel",
        ] {
            assert!(is_refused(endpoint), "{endpoint}");
        }
    }

    #[test]
    fn digits_that_are_no_bsn_are_called() {
        for endpoint in [
            "https://rs.example.nl:8443/resource/00000659/51/fhir",
            "https://rs.example.nl/900029366",
            "https://rs.example.nl/9000293651",
            "https://rs.example.nl/100%",
        ] {
            let url = resource_url(endpoint, "Observation");
            assert_eq!(url, Ok(format!("{endpoint}/Observation")));
        }
    }
}
