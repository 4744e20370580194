//! Pushed authorization requests (PAR, RFC 9126): the client leaves its request at the back, and the
//! browser carries a name for it that serves once.
//!
//! The name is random; what is kept is its hash, so that who reads the rows cannot use one.

use serde::{Deserialize, Serialize};
use verdict::{BadRow, Change, Clear, Expect, Key, Moment, Record, Space, Stored, versioned};

use crate::wire::Parameters;

/// Seconds for which a pushed request can be used: long enough for a browser to open (RFC 9126 §2.2
/// says 5 to 600).
pub const LIFETIME_S: u32 = 60;

/// What every name begins with (RFC 9126 §2.2).
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// A request that a client left, checked when it came.
#[derive(Clone, Debug)]
pub struct PushedRequest {
    /// Whose it is; nobody else may use it.
    pub client_id: String,
    /// Its parameters.
    pub parameters: Parameters,
}

/// The name of a pushed request, as a browser brings it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestUri([u8; 32]);

impl RequestUri {
    /// A new name; the 32 bytes are random.
    pub const fn new(random: [u8; 32]) -> Self {
        Self(random)
    }

    /// Reads a name of ours; nothing for any other `request_uri`.
    pub fn parse(text: &str) -> Option<Self> {
        let number = jose::base64url_decode(text.strip_prefix(PREFIX)?)?;
        number.try_into().ok().map(Self)
    }

    /// The text.
    pub fn text(&self) -> String {
        format!("{PREFIX}{}", jose::base64url_encode(self.0))
    }

    /// Where the request stands: under the hash of its name.
    pub fn key(&self) -> Key {
        Key::Once(PushedRequest::SPACE, jose::sha256(&self.0))
    }
}

/// A name opens the request, so it does not print.
impl std::fmt::Debug for RequestUri {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RequestUri(***)")
    }
}

impl PushedRequest {
    /// Keeps the request under that name.
    pub fn keep(&self, uri: &RequestUri, now: Moment) -> Change<Clear> {
        self.put(uri.key(), Expect::Absent, now.plus_s(LIFETIME_S))
    }

    /// Takes the request for this client: its parameters, and the change that makes it the last time.
    /// Nothing when it is another client's, for whom it stays as it was.
    pub fn take(
        found: Stored<Self>,
        uri: &RequestUri,
        client_id: &str,
    ) -> Option<(Parameters, Change<Clear>)> {
        let own = found.value.client_id == client_id; // RFC 9126 §2.2: bound to the client
        own.then(|| {
            let spent = Change::remove(uri.key(), found.version);
            (found.value.parameters, spent)
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Open {
    client_id: String,
}

impl Record for PushedRequest {
    const SPACE: Space = Space("oauth.pushed_request");

    /// Parameters may name a person (`login_hint`), so they are private.
    fn to_body(&self) -> Clear {
        let open = Open {
            client_id: self.client_id.clone(),
        };
        let pairs: Vec<_> = self.parameters.iter().collect();
        versioned::body_with_private(&open, &pairs, Vec::new())
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        let Open { client_id } = versioned::open(Self::SPACE, body)?;
        let pairs: Vec<(String, String)> = versioned::private(Self::SPACE, body)?;
        let parameters = Parameters::of(pairs);
        Ok(Self {
            client_id,
            parameters: parameters.map_err(|_| BadRow {
                space: Self::SPACE.0,
                member: "parameters",
            })?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use verdict::Then;

    fn pushed() -> PushedRequest {
        PushedRequest {
            client_id: "app-1".into(),
            parameters: Parameters::parse(b"client_id=app-1&scope=openid").expect("a form"),
        }
    }

    #[test]
    fn rfc_9126_2_2_a_name_is_random_and_its_row_does_not_know_it() {
        let uri = RequestUri::new([7; 32]);
        let text = uri.text();
        // RFC 9126 §2.2
        assert!(text.starts_with("urn:ietf:params:oauth:request_uri:"));
        assert_eq!(RequestUri::parse(&text), Some(uri));
        assert_ne!(uri.key().bytes(), [7; 32]);
        for other in ["", PREFIX, "https://app.test/request", &text[..60]] {
            assert_eq!(RequestUri::parse(other), None, "{other}");
        }
        assert_eq!(format!("{uri:?}"), "RequestUri(***)");
    }

    #[test]
    fn rfc_9126_4_a_pushed_request_lasts_a_minute_and_serves_its_client_once() {
        let (uri, now) = (RequestUri::new([7; 32]), Moment::from_unix(1000));
        let kept = pushed().keep(&uri, now);
        assert_eq!((&kept.key, kept.expect), (&uri.key(), Expect::Absent));
        let Then::Put { until, body } = kept.then else {
            panic!("a row");
        };
        assert_eq!(until, Moment::from_unix(1060));
        assert!(!body.open.to_string().contains("openid"), "it is private");
        let found = || Stored {
            version: 1,
            until,
            value: PushedRequest::from_body(&body).expect("a row of ours"),
        };
        // RFC 9126 §4
        let (parameters, spent) = PushedRequest::take(found(), &uri, "app-1").expect("its own");
        assert_eq!(parameters.get("scope"), Some("openid"));
        assert_eq!((spent.key, spent.expect), (uri.key(), Expect::Version(1)));
        assert!(matches!(spent.then, Then::Remove));
        assert!(PushedRequest::take(found(), &uri, "app-2").is_none());
    }
}
