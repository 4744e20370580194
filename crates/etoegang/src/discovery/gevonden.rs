//! What an HM reads in the metadata of an AD, and what makes it take no notice of them.

use std::fmt;

use serde::Deserialize;

/// Bytes of the document, at most.
const BYTES_MAX: usize = 64 * 1024;

/// Where another provider answers. Each address is below `https`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Gevonden {
    /// The issuer, as it was asked for.
    pub issuer: String,
    /// Where browsers go.
    pub authorization_endpoint: String,
    /// For codes and refresh tokens.
    pub token_endpoint: String,
    /// Its keys.
    pub jwks_uri: String,
    /// Where tokens end.
    pub revocation_endpoint: Option<String>,
    /// Where requests can be left before.
    pub pushed_authorization_request_endpoint: Option<String>,
    #[serde(default)]
    response_types_supported: Vec<String>,
    #[serde(default)]
    code_challenge_methods_supported: Vec<String>,
}

/// Why metadata are not used. What was known before goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onbruikbaar {
    /// No JSON of this form, or too large.
    Vorm,
    /// They are of another issuer (RFC 8414 §3.3).
    AndereUitgever,
    /// An address is no plain https URL.
    Adres,
    /// It does not offer codes, or PKCE by S256: an HM asks for nothing else (etoegang.md §4.6).
    Aanbod,
}

impl Gevonden {
    /// Reads the metadata that were found for this issuer.
    ///
    /// # Errors
    /// [`Onbruikbaar`].
    pub fn read(document: &[u8], issuer: &str) -> Result<Self, Onbruikbaar> {
        if document.len() > BYTES_MAX {
            return Err(Onbruikbaar::Vorm);
        }
        let found: Self = serde_json::from_slice(document).map_err(|_| Onbruikbaar::Vorm)?;
        // RFC 8414 §3.3
        if found.issuer != issuer {
            return Err(Onbruikbaar::AndereUitgever);
        }
        if !found.addresses().all(is_plain_https) {
            return Err(Onbruikbaar::Adres);
        }
        let offers = |list: &[String], wanted: &str| list.iter().any(|each| each == wanted);
        let has_code = offers(&found.response_types_supported, "code");
        if !has_code || !offers(&found.code_challenge_methods_supported, "S256") {
            return Err(Onbruikbaar::Aanbod);
        }
        Ok(found)
    }

    fn addresses(&self) -> impl Iterator<Item = &str> {
        let optional = [
            &self.revocation_endpoint,
            &self.pushed_authorization_request_endpoint,
        ];
        let needed = [
            &self.authorization_endpoint,
            &self.token_endpoint,
            &self.jwks_uri,
        ];
        let all = needed.into_iter().chain(optional.into_iter().flatten());
        all.map(String::as_str)
    }
}

/// https, a host, no user in front of it, no fragment, nothing that does not print.
fn is_plain_https(url: &str) -> bool {
    let rest = url.strip_prefix("https://").unwrap_or_default();
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let is_printable = rest.bytes().all(|byte| byte.is_ascii_graphic());
    !host.is_empty() && is_printable && !rest.contains('#') && !host.contains('@')
}

impl fmt::Display for Onbruikbaar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vorm => "the metadata are no JSON of the form that is expected",
            Self::AndereUitgever => "the metadata are of another issuer",
            Self::Adres => "an address in the metadata is no plain https URL",
            Self::Aanbod => "the metadata offer no code, or no PKCE by S256",
        })
    }
}

impl std::error::Error for Onbruikbaar {}

#[cfg(test)]
mod tests {
    use super::super::{Aanbieder, Adressen, Metagegevens};
    use super::*;
    use jose::Algorithm;
    use serde_json::{Value, json};

    const ISSUER: &str = "https://ad.test/1.13";

    fn published() -> Value {
        let adressen = Adressen {
            issuer: ISSUER.into(),
            mtls: None,
        };
        Metagegevens {
            aanbieder: Aanbieder::Ad,
            adressen,
            ondertekent: vec![Algorithm::Rs256],
            ontsleutelt: Vec::new(),
        }
        .document()
    }

    fn read(change: &str, value: Value) -> Result<Gevonden, Onbruikbaar> {
        let mut document = published();
        document[change] = value;
        Gevonden::read(document.to_string().as_bytes(), ISSUER)
    }

    #[test]
    fn what_an_ad_publishes_an_hm_can_use() {
        let found = Gevonden::read(published().to_string().as_bytes(), ISSUER).expect("usable");
        // RFC 8414 §2
        assert_eq!(found.token_endpoint, "https://ad.test/1.13/token");
        let revocation = found.revocation_endpoint.as_deref();
        assert_eq!(revocation, Some("https://ad.test/1.13/revoke"));
        assert_eq!(found.pushed_authorization_request_endpoint, None);
    }

    #[test]
    fn rfc_8414_3_3_metadata_of_another_or_with_another_offer_are_not_used() {
        // RFC 8414 §3.3
        let other = read("issuer", json!("https://ad.test/1.11"));
        assert_eq!(other, Err(Onbruikbaar::AndereUitgever));
        for url in [
            "http://ad.test/t",
            "https://",
            "https://a@b.test/",
            "https://b.test/#f",
            "",
        ] {
            let refused = read("token_endpoint", json!(url));
            assert_eq!(refused, Err(Onbruikbaar::Adres), "{url}");
            let refused = read("revocation_endpoint", json!(url));
            assert_eq!(refused, Err(Onbruikbaar::Adres), "{url}");
        }
        let plain = read("code_challenge_methods_supported", json!(["plain"]));
        assert_eq!(plain, Err(Onbruikbaar::Aanbod));
        let implicit = read("response_types_supported", json!(["token"]));
        assert_eq!(implicit, Err(Onbruikbaar::Aanbod));
        assert_eq!(read("jwks_uri", Value::Null), Err(Onbruikbaar::Vorm));
        let long = read("x", json!("x".repeat(BYTES_MAX)));
        assert_eq!(long, Err(Onbruikbaar::Vorm));
    }
}
