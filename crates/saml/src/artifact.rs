//! Artifacts of type 0004 (SAML bindings 3.6.4): what the browser carries instead of the answer.

use std::fmt;

use aws_lc_rs::{constant_time, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::redirect::{percent_encode, with_query};

/// Type code (2), endpoint index (2), source id (20) and message handle (20) together.
const BYTES: usize = 44;

/// An artifact. Who holds it can ask for the answer once, so it prints as `***` and compares in
/// constant time.
#[derive(Clone)]
pub struct Artifact([u8; BYTES]);

/// Not an artifact of type 0004. The text is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnArtifact;

impl fmt::Display for NotAnArtifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a SAML artifact of type 0004")
    }
}

impl std::error::Error for NotAnArtifact {}

impl Artifact {
    /// An artifact of the identity provider `entity_id`, to be resolved at its endpoint of this
    /// index. `handle` is random; the caller draws it.
    pub fn new(entity_id: &str, endpoint_index: u16, handle: [u8; 20]) -> Self {
        // digid case 10
        let mut bytes = [0; BYTES];
        bytes[..2].copy_from_slice(&[0x00, 0x04]);
        bytes[2..4].copy_from_slice(&endpoint_index.to_be_bytes());
        bytes[4..24].copy_from_slice(&source_id(entity_id));
        bytes[24..].copy_from_slice(&handle);
        Self(bytes)
    }

    /// Reads the `SAMLart` parameter (percent-decoded) or the text of a `samlp:Artifact`.
    pub fn parse(text: &str) -> Result<Self, NotAnArtifact> {
        let decoded = STANDARD.decode(text).map_err(|_| NotAnArtifact)?;
        let bytes: [u8; BYTES] = decoded.try_into().map_err(|_| NotAnArtifact)?;
        if bytes[..2] != [0x00, 0x04] {
            return Err(NotAnArtifact);
        }
        Ok(Self(bytes))
    }

    /// The artifact as base64. Each call is a place to look at in a review.
    pub fn reveal(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// The index of the endpoint in the identity provider's metadata where it is resolved.
    pub const fn endpoint_index(&self) -> u16 {
        u16::from_be_bytes([self.0[2], self.0[3]])
    }

    /// Whether it names this identity provider as its maker.
    pub fn is_from(&self, entity_id: &str) -> bool {
        self.0[4..24] == source_id(entity_id)
    }

    /// SHA-256 of the artifact: the name under which its answer is kept and its use is marked.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest::digest(&digest::SHA256, &self.0).as_ref());
        fingerprint
    }

    /// The URL that brings it to the service provider's assertion consumer service.
    pub fn to_consumer(&self, consumer_url: &str, relay_state: Option<&str>) -> String {
        // digid case 9
        let mut query = format!("SAMLart={}", percent_encode(&self.reveal()));
        if let Some(relay_state) = relay_state {
            query.push_str("&RelayState=");
            query.push_str(&percent_encode(relay_state));
        }
        with_query(consumer_url, &query)
    }
}

impl PartialEq for Artifact {
    fn eq(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl Eq for Artifact {}

impl fmt::Debug for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// SHA-1 of the entity id: a short name fixed by the binding, not a protection (amendment to digid
/// case 10).
fn source_id(entity_id: &str) -> [u8; 20] {
    let mut id = [0; 20];
    let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, entity_id.as_bytes());
    id.copy_from_slice(digest.as_ref());
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDP: &str = "https://was.digid.test/saml/idp/metadata";

    #[test]
    fn digid_case_010_an_artifact_is_44_bytes_type_index_source_and_handle() {
        let artifact = Artifact::new(IDP, 0, [0x5a; 20]);
        let bytes = STANDARD.decode(artifact.reveal()).expect("base64");
        assert_eq!(bytes.len(), 44);
        assert_eq!(bytes[..4], [0, 4, 0, 0]);
        let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, IDP.as_bytes());
        assert_eq!(&bytes[4..24], sha1.as_ref());
        assert_eq!(bytes[24..], [0x5a; 20]);
    }

    #[test]
    fn digid_case_010_an_artifact_is_read_back() {
        let artifact = Artifact::new(IDP, 258, [7; 20]);
        let read = Artifact::parse(&artifact.reveal()).expect("an artifact");
        assert_eq!(read, artifact);
        assert_eq!(read.fingerprint(), artifact.fingerprint());
        assert_eq!(read.endpoint_index(), 258);
        assert!(read.is_from(IDP));
        assert!(!read.is_from("https://elsewhere.test"));
        let other = Artifact::new(IDP, 258, [8; 20]);
        assert_ne!(other, artifact);
        assert_ne!(other.fingerprint(), artifact.fingerprint());
    }

    #[test]
    fn digid_case_010_other_lengths_and_types_are_no_artifact() {
        let artifact = Artifact::new(IDP, 0, [7; 20]);
        let mut bytes = STANDARD.decode(artifact.reveal()).expect("base64");
        for text in [
            String::new(),
            "not base64!".to_owned(),
            STANDARD.encode(&bytes[..43]),
            STANDARD.encode([&*bytes, &[0]].concat()),
        ] {
            assert_eq!(Artifact::parse(&text), Err(NotAnArtifact), "{text}");
        }
        bytes[1] = 3;
        assert_eq!(Artifact::parse(&STANDARD.encode(bytes)), Err(NotAnArtifact));
    }

    #[test]
    fn digid_case_009_the_browser_carries_artifact_and_unchanged_relay_state() {
        let artifact = Artifact::new(IDP, 0, [0xff; 20]);
        let url = artifact.to_consumer("https://mitz.test/acs", Some("a b&c=+/é"));
        let (start, art) = url.split_once("SAMLart=").expect("artifact");
        assert_eq!(start, "https://mitz.test/acs?");
        let (art, relay_state) = art.split_once("&RelayState=").expect("relay state");
        assert_eq!(
            art.replace("%2F", "/")
                .replace("%2B", "+")
                .replace("%3D", "="),
            artifact.reveal()
        );
        assert_eq!(relay_state, "a%20b%26c%3D%2B%2F%C3%A9");
        let without = artifact.to_consumer("https://mitz.test/acs", None);
        assert!(!without.contains("RelayState"));
    }

    #[test]
    fn an_artifact_prints_as_stars() {
        assert_eq!(format!("{:?}", Artifact::new(IDP, 0, [7; 20])), "***");
    }
}
