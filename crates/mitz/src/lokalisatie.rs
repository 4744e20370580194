//! The Lokalisatie server: which providers know a person (seed 000 steps 15–17).

use identity::{Bsn, Ura};
use serde::{Deserialize, Serialize};

/// The most locations of one person that we read. Some dozens are expected; as many as this, each
/// with its token, still fit signed userinfo ([`crate::dvp::USERINFO_BYTES_MAX`]).
pub const LOCATIES_MAX: usize = 500;

/// Step 15: the question. It travels in a body over mutual TLS, never in a URL.
#[derive(Clone, Serialize, Deserialize)]
pub struct Locatievraag {
    /// About whom.
    #[serde(with = "identity::bsn::revealed")]
    pub bsn: Bsn,
}

/// Step 17: the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locaties {
    /// The providers that know the person, in no order.
    pub locaties: Vec<Ura>,
}

/// A source of locations that gave no answer. An empty list never stands for a failure
/// (mitz case 27).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NietBereikbaar;

impl Locaties {
    /// Reads an answer; a provider that stands there twice counts once.
    ///
    /// # Errors
    /// [`NietBereikbaar`] for anything that is no answer, or names over 500 providers.
    pub fn parse(body: &[u8]) -> Result<Self, NietBereikbaar> {
        let mut read: Self = serde_json::from_slice(body).map_err(|_| NietBereikbaar)?;
        if read.locaties.len() > LOCATIES_MAX {
            return Err(NietBereikbaar);
        }
        read.locaties.sort();
        read.locaties.dedup();
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mitz_case_026_no_location_is_an_answer() {
        let read = Locaties::parse(br#"{"locaties":[]}"#).expect("an answer");
        assert!(read.locaties.is_empty());
    }

    #[test]
    fn mitz_case_027_what_is_no_answer_is_never_an_empty_list() {
        for body in [&b"{}"[..], b"", b"[]", br#"{"locaties":["659"]}"#, b"\xff"] {
            assert_eq!(Locaties::parse(body), Err(NietBereikbaar));
        }
        let many = vec!["00000659"; LOCATIES_MAX + 1];
        let read = |many: &[&str]| {
            let body = serde_json::json!({ "locaties": many }).to_string();
            Locaties::parse(body.as_bytes()).map(|read| read.locaties.len())
        };
        assert_eq!(read(&many), Err(NietBereikbaar));
        assert_eq!(read(&many[1..]), Ok(1), "a provider counts once");
    }
}
