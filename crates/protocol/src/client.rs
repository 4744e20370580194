//! Registered clients, and the proof of who asks.

use std::collections::HashMap;
use std::sync::Arc;

use subtle::ConstantTimeEq as _;

use verdict::{Change, Clear, Key, Verdict};

use crate::access_token::Confirmation;
use crate::assertion::{self, Assertion, ClientKeys, Receiver};
use crate::refusal::{ErrorCode, Refusal};
use crate::wire::Parameters;

/// A client as it was registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The identifier on the wire; in MedMij the host name of the DVP's node.
    pub client_id: String,
    /// The name that people see, from the OAuth Client List.
    pub organisatienaam: String,
    /// How it proves who it is.
    pub authentication: Authentication,
    /// Where its codes may go, compared as strings (RFC 9700 §2.1).
    pub redirect_uris: Vec<String>,
}

/// How a client proves who it is at the token endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// RFC 8705 §2.1: a certificate of a trusted CA with one of these DNS names
    /// (`tls_client_auth_san_dns`), whatever others stand beside it.
    TlsClientAuth {
        /// The name in the certificate.
        san_dns: Vec<String>,
    },
    /// RFC 8705 §2.2: exactly this certificate, by its SHA-256.
    SelfSignedTlsClientAuth {
        /// SHA-256 of the DER certificate.
        x5t_s256: [u8; 32],
    },
    /// OIDC Core §9: an assertion that one of these keys signed.
    PrivateKeyJwt(ClientKeys),
    /// RFC 7591 §2, `none`: a public client, an app that can keep no secret. It names itself; what
    /// protects its code is PKCE, and its refresh token that it serves once.
    Public,
}

/// The ways of proof that a token endpoint with assertions offers, as discovery tells them.
pub const METHODS: [&str; 3] = [
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "private_key_jwt",
];

/// What a mutual TLS connection showed of its peer, checked by the door: chain, dates, revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCertificate {
    /// Every DNS name in it, in lower case.
    pub san_dns: Vec<String>,
    /// SHA-256 of the DER certificate (RFC 8705 §3.1).
    pub x5t_s256: [u8; 32],
}

impl PeerCertificate {
    /// Whose it is, where one name must say so: nothing when there are none or several.
    pub fn only_name(&self) -> Option<&str> {
        match &self.san_dns[..] {
            [name] => Some(name),
            _ => None,
        }
    }
}

/// What a request shows of its client, unproven.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown<'a> {
    /// As sent.
    pub client_id: Option<&'a str>,
    /// The certificate of the connection.
    pub peer: Option<&'a PeerCertificate>,
    /// RFC 7521 §4.2: `client_assertion_type` and `client_assertion`, as sent.
    pub assertion: (Option<&'a str>, Option<&'a str>),
    /// Whether there is a `client_secret` or an `Authorization` header: ways that nobody offers here.
    pub secret: bool,
}

impl<'a> Shown<'a> {
    /// What stands in the form, beside the certificate of the connection and whether there was an
    /// `Authorization` header.
    pub fn read(
        form: &'a Parameters,
        peer: Option<&'a PeerCertificate>,
        has_authorization: bool,
    ) -> Self {
        Self {
            client_id: form.get("client_id"),
            peer,
            assertion: (
                form.get("client_assertion_type"),
                form.get("client_assertion"),
            ),
            secret: has_authorization || form.get("client_secret").is_some(),
        }
    }

    /// The assertion, if that is the way of this request.
    fn assertion(&self) -> Result<Option<&'a str>, Refusal> {
        let invalid = |reason| Err(invalid("RFC 7521 §4.2", reason));
        match self.assertion {
            // RFC 6749 §2.3: one way of proof per request
            (None, None) if self.secret && self.peer.is_some() => Err(two_ways()),
            (None, None) if self.secret => invalid("no secret is a proof here"),
            (None, None) => Ok(None),
            _ if self.secret => Err(two_ways()),
            (Some(assertion::TYPE), Some(text)) => Ok(Some(text)),
            (Some(assertion::TYPE), None) => invalid("client_assertion is missing"),
            _ => invalid("client_assertion_type is missing or another"),
        }
    }
}

/// The clients that a server knows.
#[derive(Clone, Debug, Default)]
pub struct Clients(HashMap<String, Arc<Client>>);

impl Clients {
    /// Looks a client up by its id.
    pub fn get(&self, client_id: &str) -> Option<&Arc<Client>> {
        self.0.get(client_id)
    }

    /// Proves the client behind a request in the one way that it registered: by the certificate of
    /// the connection (RFC 8705 §2), or by an assertion where the endpoint is a `receiver` of them
    /// (RFC 7523 §3). A certificate beside an assertion proves nothing, and binds the tokens
    /// (RFC 8705 §3).
    ///
    /// # Errors
    /// `invalid_client` (mitz case 15), the same for an unknown client, a wrong certificate and a
    /// wrong assertion; no code or token is touched. `invalid_request` when no `client_id` was sent,
    /// or two ways of proof were.
    pub fn prove(
        &self,
        shown: &Shown<'_>,
        receiver: Option<&Receiver<'_>>,
    ) -> Result<ProvenClient, Refusal> {
        match shown.assertion()? {
            None => self.by_certificate(shown),
            Some(text) => {
                let unasked = invalid("RFC 7521 §4.2", "assertions are not taken here");
                self.by_assertion(shown, text, receiver.ok_or(unasked)?)
            }
        }
    }

    fn by_certificate(&self, shown: &Shown<'_>) -> Result<ProvenClient, Refusal> {
        let invalid = |reason| invalid("RFC 8705 §2", reason);
        let named = shown.client_id.and_then(|client_id| self.get(client_id));
        if let Some(client) = named.filter(|client| client.authentication == Authentication::Public)
        {
            // RFC 6749 §3.2.1: a public client is identified, not authenticated
            return Ok(ProvenClient {
                client: Arc::clone(client),
                x5t_s256: shown.peer.map(|peer| peer.x5t_s256),
                assertion: None,
            });
        }
        let peer = shown
            .peer
            .ok_or_else(|| invalid("neither a certificate nor an assertion was shown"))?;
        // RFC 8705 §2: client_id is required, to find the registration.
        let client_id = shown.client_id.ok_or(Refusal::new(
            ErrorCode::InvalidRequest,
            "RFC 8705 §2",
            "client_id is missing",
        ))?;
        let client = self
            .get(client_id)
            .ok_or_else(|| invalid("the client is not registered"))?;
        if !client.authentication.is_by(peer) {
            return Err(invalid("the certificate is not the client's"));
        }
        Ok(ProvenClient {
            client: Arc::clone(client),
            x5t_s256: Some(peer.x5t_s256),
            assertion: None,
        })
    }

    fn by_assertion(
        &self,
        shown: &Shown<'_>,
        text: &str,
        receiver: &Receiver<'_>,
    ) -> Result<ProvenClient, Refusal> {
        let invalid = |reason| invalid("RFC 7523 §3", reason);
        let assertion = assertion::read(text);
        // RFC 7521 §4.2: client_id may be left out; where it stands, it must be `sub`.
        let client = shown
            .client_id
            .or_else(|| assertion.as_ref().ok()?.issuer().ok())
            .and_then(|client_id| self.get(client_id))
            .ok_or_else(|| invalid("the client is not registered"))?;
        let keys = match &client.authentication {
            Authentication::PrivateKeyJwt(keys) => keys,
            by if shown.peer.is_some_and(|peer| by.is_by(peer)) => return Err(two_ways()),
            _ => return Err(invalid("the client registered another way of proof")),
        };
        Ok(ProvenClient {
            client: Arc::clone(client),
            x5t_s256: shown.peer.map(|peer| peer.x5t_s256),
            assertion: Some(keys.verify(&client.client_id, assertion?, receiver)?),
        })
    }
}

const fn invalid(requirement: &'static str, reason: &'static str) -> Refusal {
    Refusal::new(ErrorCode::InvalidClient, requirement, reason)
}

/// RFC 6749 §5.2: "utilizes more than one mechanism for authenticating the client".
const fn two_ways() -> Refusal {
    Refusal::new(
        ErrorCode::InvalidRequest,
        "RFC 6749 §2.3",
        "the client proves itself in two ways at once",
    )
}

impl FromIterator<Client> for Clients {
    fn from_iter<I: IntoIterator<Item = Client>>(clients: I) -> Self {
        let named = clients
            .into_iter()
            .map(|client| (client.client_id.clone(), Arc::new(client)));
        Self(named.collect())
    }
}

impl Authentication {
    fn is_by(&self, peer: &PeerCertificate) -> bool {
        match self {
            Self::TlsClientAuth { san_dns } => {
                peer.san_dns.iter().any(|name| san_dns.contains(name))
            }
            Self::SelfSignedTlsClientAuth { x5t_s256 } => {
                bool::from(x5t_s256.ct_eq(&peer.x5t_s256))
            }
            Self::PrivateKeyJwt(_) | Self::Public => false,
        }
    }

    /// Its name in metadata and registrations (RFC 8705 §2.1.1, §2.2.1; OIDC Core §9).
    pub const fn method(&self) -> &'static str {
        match self {
            Self::TlsClientAuth { .. } => "tls_client_auth",
            Self::SelfSignedTlsClientAuth { .. } => "self_signed_tls_client_auth",
            Self::PrivateKeyJwt(_) => "private_key_jwt",
            Self::Public => "none",
        }
    }
}

/// A client that proved who it is. Only [`Clients::prove`] makes one; what grants takes one.
///
/// A proof by assertion serves once: [`ProvenClient::spent_in`] puts that into the verdict, and a
/// commit that finds it spent was [`ProvenClient::is_replay`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ProvenClient {
    client: Arc<Client>,
    x5t_s256: Option<[u8; 32]>,
    assertion: Option<Assertion>,
}

impl ProvenClient {
    /// The registration.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The client's id.
    pub fn id(&self) -> &str {
        &self.client.client_id
    }

    /// The certificate that it showed, for `cnf` of its tokens (RFC 8705 §3.1); nothing for a
    /// client that proved itself by an assertion alone.
    pub fn confirmation(&self) -> Option<Confirmation> {
        self.x5t_s256.map(Confirmation::of)
    }

    /// The verdict with the proof spent in it, before everything else: a request that is sent again
    /// then fails as a replay, and touches no code or token. A verdict that changes nothing spends
    /// nothing, so that refusals leave no rows.
    pub fn spent_in<R>(&self, mut verdict: Verdict<R>) -> Verdict<R> {
        if let (Some(assertion), false) = (&self.assertion, verdict.changes.is_empty()) {
            verdict.changes.insert(0, assertion.burn());
        }
        verdict
    }

    /// The proof as something to spend, for a rule that saves before it is done: it goes into the
    /// first save, and [`ProvenClient::spent_in`] is left out after that. Nothing when the proof may
    /// be shown again.
    pub fn burn(&self) -> Option<Change<Clear>> {
        self.assertion.as_ref().map(Assertion::burn)
    }

    /// What the client hears when the row of `key` was not as expected, if that row says that the
    /// proof was spent before.
    pub fn is_replay(key: &Key) -> Option<Refusal> {
        (key.space() == assertion::SPACE).then(assertion::replayed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clients() -> Clients {
        let pgo = Client {
            client_id: "pgo.localhost".into(),
            organisatienaam: "De Proef-PGO".into(),
            authentication: Authentication::TlsClientAuth {
                san_dns: vec!["pgo.localhost".into(), "node2.pgo.localhost".into()],
            },
            redirect_uris: vec!["https://pgo.localhost/callback".into()],
        };
        let eigen = Client {
            client_id: "eigen.localhost".into(),
            authentication: Authentication::SelfSignedTlsClientAuth { x5t_s256: [4; 32] },
            ..pgo.clone()
        };
        [pgo, eigen].into_iter().collect()
    }

    fn peer(name: &str, hash: u8) -> PeerCertificate {
        PeerCertificate {
            san_dns: vec![name.into()],
            x5t_s256: [hash; 32],
        }
    }

    #[test]
    fn a_certificate_proves_by_any_of_its_names_that_is_bound_to_the_client() {
        let named = |names: &[&str]| PeerCertificate {
            san_dns: names.iter().map(|name| (*name).to_owned()).collect(),
            x5t_s256: [1; 32],
        };
        let proves = |names: &[&str]| prove(Some("pgo.localhost"), Some(&named(names))).is_ok();
        // RFC 8705 §2.1.2
        assert!(proves(&["pgo.localhost"]) && proves(&["node2.pgo.localhost"]));
        assert!(proves(&["www.pgo.localhost", "pgo.localhost"]));
        assert!(!proves(&[]) && !proves(&["*.localhost"]) && !proves(&["x.pgo.localhost"]));
        assert_eq!(named(&["a.example", "b.example"]).only_name(), None);
    }

    fn prove(
        client_id: Option<&str>,
        peer: Option<&PeerCertificate>,
    ) -> Result<ProvenClient, Refusal> {
        let shown = Shown {
            client_id,
            peer,
            ..Shown::default()
        };
        clients().prove(&shown, None)
    }

    #[test]
    fn mitz_case_015_the_certificate_of_another_client_is_invalid_client() {
        let other = peer("anderpgo.localhost", 1);
        let refusal = prove(Some("pgo.localhost"), Some(&other)).expect_err("not its certificate");
        assert_eq!(refusal.error, ErrorCode::InvalidClient);
        assert_eq!(refusal.error.status(), 401);
    }

    #[test]
    fn rfc_8705_2_1_the_dns_name_proves_the_client() {
        let proven = prove(Some("pgo.localhost"), Some(&peer("pgo.localhost", 7)));
        let proven = proven.expect("its own certificate");
        // RFC 8705 §2.1
        assert_eq!(proven.id(), "pgo.localhost");
        assert_eq!(proven.confirmation(), Some(Confirmation::of([7; 32])));
    }

    #[test]
    fn rfc_8705_2_2_a_self_signed_certificate_is_compared_whole() {
        let shown = |hash| prove(Some("eigen.localhost"), Some(&peer("x", hash)));
        assert!(shown(4).is_ok());
        // RFC 8705 §2.2
        assert!(shown(5).is_err());
    }

    #[test]
    fn each_way_of_proof_has_its_registered_name() {
        let method = |id| {
            clients()
                .get(id)
                .map(|client| client.authentication.method())
        };
        // RFC 8705 §2.1.1, §2.2.1
        assert_eq!(method("pgo.localhost"), Some("tls_client_auth"));
        assert_eq!(
            method("eigen.localhost"),
            Some("self_signed_tls_client_auth")
        );
    }

    #[test]
    fn rfc_7591_2_a_public_client_names_itself_and_no_other_client_may() {
        let app = Client {
            client_id: "app-1".into(),
            organisatienaam: "De Proef-app".into(),
            authentication: Authentication::Public,
            redirect_uris: Vec::new(),
        };
        let clients: Clients = std::iter::once(app)
            .chain(clients().0.values().map(|client| (**client).clone()))
            .collect();
        let prove = |client_id| {
            let shown = Shown {
                client_id: Some(client_id),
                ..Shown::default()
            };
            clients.prove(&shown, None)
        };
        // RFC 7591 §2, RFC 6749 §3.2.1
        let proven = prove("app-1").expect("a public client");
        assert_eq!(proven.client().authentication.method(), "none");
        assert!(proven.confirmation().is_none() && proven.burn().is_none());
        let refusal = prove("pgo.localhost").expect_err("it registered a certificate");
        assert_eq!(refusal.error, ErrorCode::InvalidClient);
        let secret = Shown {
            client_id: Some("app-1"),
            secret: true,
            ..Shown::default()
        };
        let refusal = clients.prove(&secret, None).expect_err("it has no secret");
        assert_eq!(refusal.error, ErrorCode::InvalidClient);
    }

    #[test]
    fn no_certificate_and_no_registration_are_refused() {
        let none = prove(Some("pgo.localhost"), None);
        assert_eq!(none.expect_err("no proof").error, ErrorCode::InvalidClient);
        let unknown = prove(Some("niemand.localhost"), Some(&peer("x", 1)));
        assert_eq!(
            unknown.expect_err("unknown").error,
            ErrorCode::InvalidClient
        );
        let silent = prove(None, Some(&peer("pgo.localhost", 1)));
        assert_eq!(silent.expect_err("no id").error, ErrorCode::InvalidRequest);
    }
}
