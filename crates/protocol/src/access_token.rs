//! Person-bound access tokens: HS256 JWTs that say which grant they hang on, and nothing of the
//! person.

use serde::{Deserialize, Serialize};
use verdict::Moment;

use crate::client::PeerCertificate;

/// Lifetime of an access token in seconds. MedMij fixes `expires_in` = 900 (seed 003); a DVP counts
/// on it when it plans its requests.
pub const LIFETIME_S: u32 = 900;

/// RFC 7800 §3.1 with the method of RFC 8705 §3.1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// base64url of the SHA-256 of the client's certificate.
    #[serde(rename = "x5t#S256")]
    pub x5t_s256: String,
}

/// The claims of an access token. No BSN, no `sub`, no URA: a resource server reads the grant's row
/// for the person and for revocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessToken {
    /// Who issued it.
    pub iss: String,
    /// The resource server for which it is.
    pub aud: String,
    /// The client that holds it.
    pub client_id: String,
    /// Space-separated.
    pub scope: String,
    /// Grant id and generation: which row to read.
    pub jti: String,
    /// Seconds since 1970.
    pub iat: i64,
    /// Seconds since 1970.
    pub exp: i64,
    /// The certificate of its holder; nothing when the client showed none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
}

impl Confirmation {
    /// The certificate with this SHA-256.
    pub fn of(x5t_s256: [u8; 32]) -> Self {
        Self {
            x5t_s256: jose::base64url_encode(x5t_s256),
        }
    }

    /// Whether the connection showed that certificate (RFC 8705 §3).
    pub fn is_of(&self, peer: Option<&PeerCertificate>) -> bool {
        peer.is_some_and(|peer| Self::of(peer.x5t_s256) == *self)
    }
}

impl AccessToken {
    /// Seconds until it is over, for `expires_in`.
    pub const fn expires_in_s(&self) -> i64 {
        self.exp - self.iat
    }

    /// When it is over.
    pub const fn until(&self) -> Moment {
        Moment::from_unix(self.exp)
    }
}

/// `jti` of the access token of this generation: 32 hexadecimal digits of the grant's id, a dot,
/// the generation.
pub fn jti(grant: [u8; 16], generation: u64) -> String {
    format!("{:032x}.{generation}", u128::from_be_bytes(grant))
}

/// The grant in a `jti`; nothing when it has another form.
pub fn grant_of(jti: &str) -> Option<[u8; 16]> {
    let (id, _) = jti.split_once('.')?;
    if id.len() != 32 || !id.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    u128::from_str_radix(id, 16).ok().map(u128::to_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_bound_to_the_certificate_of_its_holder() {
        let token = AccessToken {
            iss: "https://mitz.localhost:8443".into(),
            aud: "https://mitz.localhost:8443".into(),
            client_id: "pgo.localhost".into(),
            scope: "openid".into(),
            jti: jti([0; 16], 1),
            iat: 1000,
            exp: 1900,
            cnf: Some(Confirmation {
                x5t_s256: "duim".into(),
            }),
        };
        let claims = serde_json::to_value(&token).expect("json");
        // RFC 7800 §3.1
        assert_eq!(claims["cnf"], serde_json::json!({"x5t#S256": "duim"}));
        assert_eq!(token.expires_in_s(), 900);
        assert_eq!(token.until(), Moment::from_unix(1900));
    }

    #[test]
    fn a_jti_names_its_grant() {
        let id = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255];
        assert_eq!(grant_of(&jti(id, 12)), Some(id));
        for text in [
            "",
            ".1",
            "zz.1",
            &"0".repeat(32),
            "+0000000000000000000000000000001.1",
        ] {
            assert_eq!(grant_of(text), None, "{text}");
        }
    }
}
