//! Which representations are taken and given: FHIR as JSON (koppeltaal.md §3.2).

use super::refused::Refused;

/// What answers are.
pub const FHIR_JSON: &str = "application/fhir+json; charset=utf-8";

/// Values of `_format` for JSON (koppeltaal.md §3.2); a `+` that was not encoded reads as a space.
const FORMATS: [&str; 5] = [
    "json",
    "application/json",
    "application/fhir+json",
    "application/fhir json",
    "text/json",
];

/// Whether JSON is an answer to an `Accept`, or to the `_format` that stands in its place.
///
/// # Errors
/// [`Refused::NotAcceptable`].
pub(super) fn acceptable(accept: Option<&str>, format: Option<&str>) -> Result<(), Refused> {
    let fits = match (format, accept) {
        (Some(format), _) => FORMATS.contains(&essence(format).as_str()),
        (None, None) => true,
        (None, Some(accept)) => accept.split(',').any(takes_json),
    };
    if fits {
        Ok(())
    } else {
        Err(Refused::NotAcceptable)
    }
}

/// Whether a body is FHIR as JSON.
///
/// # Errors
/// [`Refused::MediaType`].
pub(super) fn is_json(content_type: Option<&str>) -> Result<(), Refused> {
    let text = content_type.ok_or(Refused::MediaType)?;
    let named = ["application/fhir+json", "application/json"].contains(&essence(text).as_str());
    if named && parameters(text).all(|(name, value)| is_ours(&name, &value)) {
        Ok(())
    } else {
        // koppeltaal case 70
        Err(Refused::MediaType)
    }
}

fn takes_json(range: &str) -> bool {
    let named = [
        "application/fhir+json",
        "application/json",
        "application/*",
        "*/*",
    ];
    let wanted = parameters(range).all(|(name, value)| {
        let is_nothing = value.parse::<f32>() == Ok(0.0);
        if name == "q" {
            !is_nothing
        } else {
            is_ours(&name, &value)
        }
    });
    named.contains(&essence(range).as_str()) && wanted
}

/// Another version of FHIR or another charset is another representation (TOP-KT-014).
fn is_ours(name: &str, value: &str) -> bool {
    match name {
        "fhirversion" => value == "4.0" || value == "4.0.1",
        "charset" => value == "utf-8",
        _ => true,
    }
}

fn essence(text: &str) -> String {
    let essence = text.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

fn parameters(text: &str) -> impl Iterator<Item = (String, String)> {
    text.split(';').skip(1).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = value.trim().trim_matches('"').to_ascii_lowercase();
        (name.trim().to_ascii_lowercase(), value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_given_to_whom_takes_it() {
        // koppeltaal.md §3.2
        for accept in [
            None,
            Some("*/*"),
            Some("text/html, application/*;q=0.1"),
            Some("application/fhir+json; fhirVersion=4.0"),
            Some("application/fhir+xml, application/fhir+json"),
            Some("application/json"),
        ] {
            assert_eq!(acceptable(accept, None), Ok(()), "{accept:?}");
        }
        for accept in [
            "",
            "application/fhir+xml",
            "text/turtle",
            "application/fhir+json;q=0",
            "application/fhir+json; fhirVersion=3.0",
            "application/fhir+json; charset=iso-8859-1",
        ] {
            let refused = acceptable(Some(accept), None);
            assert_eq!(refused, Err(Refused::NotAcceptable), "{accept}");
        }
        assert_eq!(acceptable(Some("text/html"), Some("json")), Ok(()));
        let xml = acceptable(Some("application/fhir+json"), Some("xml"));
        assert_eq!(xml, Err(Refused::NotAcceptable));
    }

    #[test]
    fn koppeltaal_case_070_a_body_is_fhir_as_json() {
        for good in [
            "application/fhir+json",
            "application/fhir+json; charset=UTF-8; fhirVersion=4.0",
            "application/json",
        ] {
            assert_eq!(is_json(Some(good)), Ok(()), "{good}");
        }
        for bad in [
            "text/turtle",
            "application/fhir+xml",
            "application/fhir+json; charset=latin1",
            "application/fhir+json; fhirVersion=5.0",
            "application/json-patch+json",
        ] {
            // koppeltaal case 70
            assert_eq!(is_json(Some(bad)), Err(Refused::MediaType), "{bad}");
        }
        assert_eq!(is_json(None), Err(Refused::MediaType));
    }
}
