//! Domains and the applications in them: names with one spelling each.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

/// Bytes of a domain's name, at most: it stands in every URL.
const DOMEIN_BYTES_MAX: usize = 40;

/// A [domein]: all application instances under the responsibility of one care provider, as it stands
/// in URLs (TOP-KT-018).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Domein(Box<str>);

/// An [applicatie-instantie]: the `client_id` and the logical id of its Device are one UUID (TGB 004).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId([u8; 16]);

/// Another text than what was expected; it is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotA(&'static str);

impl Domein {
    /// Reads letters, digits, `-` and `_`, 40 at most, as they stand in the path of a URL.
    ///
    /// # Errors
    /// [`NotA`].
    pub fn parse(text: &str) -> Result<Self, NotA> {
        let is_spelled = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if (1..=DOMEIN_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_spelled) {
            Ok(Self(text.into()))
        } else {
            Err(NotA("a domain of letters, digits, - and _, 40 at most"))
        }
    }

    /// As it stands in URLs.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ClientId {
    /// Of a UUID.
    pub const fn of(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads a UUID of 36 characters, in lower case: two spellings of one id would be two `iss`.
    ///
    /// # Errors
    /// [`NotA`].
    pub fn parse(text: &str) -> Result<Self, NotA> {
        let not = NotA("a UUID in lower case");
        if text.len() != 36 || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(not);
        }
        let uuid = Uuid::try_parse(text).map_err(|_| not)?;
        Ok(Self(uuid.into_bytes()))
    }

    /// Reads `Device/` and a UUID: how an owner is named (koppeltaal.md §2.4).
    ///
    /// # Errors
    /// [`NotA`].
    pub fn of_device(reference: &str) -> Result<Self, NotA> {
        let id = reference.strip_prefix("Device/");
        Self::parse(id.ok_or(NotA("a reference to a Device"))?)
    }

    /// The reference to its Device (TGB 004).
    pub fn device(self) -> String {
        format!("Device/{self}")
    }

    /// The UUID.
    pub const fn bytes(self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Display for Domein {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Uuid::from_bytes(self.0).hyphenated().fmt(f)
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientId({self})")
    }
}

impl fmt::Display for NotA {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.0)
    }
}

impl std::error::Error for NotA {}

impl Serialize for Domein {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Domein {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

impl Serialize for ClientId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ClientId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// Where the endpoints of a domain are (TOP-KT-018: `<base>/api/v1/<DOMEIN>/…`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomeinUrls {
    base: String,
}

impl DomeinUrls {
    /// Of the domain at the service with this base URL, which ends without a slash.
    pub fn new(base: &str, domein: &Domein) -> Self {
        Self {
            base: format!("{base}/api/v1/{domein}"),
        }
    }

    /// The base URL of the authorization service (seed 004 `iss`).
    pub fn issuer(&self) -> String {
        self.at("oauth2")
    }

    /// The token endpoint.
    pub fn token(&self) -> String {
        self.at("oauth2/token")
    }

    /// The authorization endpoint.
    pub fn authorize(&self) -> String {
        self.at("oauth2/authorize")
    }

    /// The introspection endpoint.
    pub fn introspect(&self) -> String {
        self.at("oauth2/introspect")
    }

    /// The public keys of the authorization service.
    pub fn jwks(&self) -> String {
        self.at("oauth2/jwks")
    }

    /// Where an IdP sends people back to.
    pub fn idp_callback(&self) -> String {
        self.at("oauth2/idp/callback")
    }

    /// The base URL of the FHIR resource service.
    pub fn fhir(&self) -> String {
        self.at("fhir/r4")
    }

    /// The [domeinbeheer].
    pub fn management(&self) -> String {
        self.at("beheer")
    }

    fn at(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "123a2c98-5298-4e4f-95ab-21077d6b2d2c";

    #[test]
    fn tgb_004_a_client_id_is_the_id_of_its_device() {
        let id = ClientId::parse(ID).expect("a UUID");
        assert_eq!(id.to_string(), ID);
        assert_eq!(id.device(), format!("Device/{ID}"));
        assert_eq!(ClientId::of_device(&id.device()), Ok(id));
        for other in [
            "",
            "Device/",
            &ID.to_uppercase(),
            &ID.replace('-', ""),
            &format!("{{{ID}}}"),
            &format!("Device/{ID}/_history/1"),
        ] {
            assert!(ClientId::parse(other).is_err(), "{other}");
            assert!(ClientId::of_device(other).is_err(), "{other}");
        }
    }

    #[test]
    fn a_domain_is_one_segment_of_a_path() {
        for good in ["d1", "DEFAULT", "ggz-noord_2"] {
            assert_eq!(Domein::parse(good).map(|d| d.to_string()), Ok(good.into()));
        }
        for bad in ["", "a/b", "a.b", "a b", "..", "%2e", &"a".repeat(41)] {
            assert!(Domein::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn top_kt_018_every_endpoint_is_under_its_domain() {
        let domein = Domein::parse("d1").expect("a domain");
        let urls = DomeinUrls::new("https://kt.example", &domein);
        assert_eq!(urls.issuer(), "https://kt.example/api/v1/d1/oauth2");
        assert_eq!(urls.token(), "https://kt.example/api/v1/d1/oauth2/token");
        assert_eq!(urls.fhir(), "https://kt.example/api/v1/d1/fhir/r4");
    }
}
