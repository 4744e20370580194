//! Registered clients, and the proof of who asks.

use std::collections::HashMap;
use std::sync::Arc;

use subtle::ConstantTimeEq as _;

use crate::refusal::{ErrorCode, Refusal};

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
    /// RFC 8705 §2.1: a certificate of a trusted CA with this DNS name (`tls_client_auth_san_dns`).
    TlsClientAuth {
        /// The name in the certificate.
        san_dns: String,
    },
    /// RFC 8705 §2.2: exactly this certificate, by its SHA-256.
    SelfSignedTlsClientAuth {
        /// SHA-256 of the DER certificate.
        x5t_s256: [u8; 32],
    },
}

/// What a mutual TLS connection showed of its peer, checked by the door: chain, dates, revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCertificate {
    /// The one DNS name in it.
    pub san_dns: Option<String>,
    /// SHA-256 of the DER certificate (RFC 8705 §3.1).
    pub x5t_s256: [u8; 32],
}

/// The clients that a server knows.
#[derive(Clone, Debug, Default)]
pub struct Clients(HashMap<String, Arc<Client>>);

impl Clients {
    /// Looks a client up by its id.
    pub fn get(&self, client_id: &str) -> Option<&Arc<Client>> {
        self.0.get(client_id)
    }

    /// Proves the client behind a request (RFC 8705 §2): it must name itself, be registered, and
    /// have shown the certificate that it registered.
    ///
    /// # Errors
    /// `invalid_client` (mitz case 15), the same for an unknown client and a wrong certificate; no
    /// code or token is touched. `invalid_request` when no `client_id` was sent.
    pub fn prove(
        &self,
        client_id: Option<&str>,
        peer: Option<&PeerCertificate>,
    ) -> Result<ProvenClient, Refusal> {
        let invalid = |reason| Refusal::new(ErrorCode::InvalidClient, "RFC 8705 §2", reason);
        let peer = peer.ok_or_else(|| invalid("no client certificate was shown"))?;
        // RFC 8705 §2: client_id is required, to find the registration.
        let client_id = client_id.ok_or(Refusal::new(
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
            x5t_s256: peer.x5t_s256,
        })
    }
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
            Self::TlsClientAuth { san_dns } => peer.san_dns.as_ref() == Some(san_dns),
            Self::SelfSignedTlsClientAuth { x5t_s256 } => {
                bool::from(x5t_s256.ct_eq(&peer.x5t_s256))
            }
        }
    }

    /// Its name in metadata and registrations (RFC 8705 §2.1.1, §2.2.1).
    pub const fn method(&self) -> &'static str {
        match self {
            Self::TlsClientAuth { .. } => "tls_client_auth",
            Self::SelfSignedTlsClientAuth { .. } => "self_signed_tls_client_auth",
        }
    }
}

/// A client that proved who it is. Only [`Clients::prove`] makes one; what grants takes one.
#[derive(Clone, Debug)]
pub struct ProvenClient {
    client: Arc<Client>,
    x5t_s256: [u8; 32],
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

    /// SHA-256 of the certificate that it showed: what `cnf` binds tokens to (RFC 8705 §3.1).
    pub const fn x5t_s256(&self) -> [u8; 32] {
        self.x5t_s256
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
                san_dns: "pgo.localhost".into(),
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
            san_dns: Some(name.into()),
            x5t_s256: [hash; 32],
        }
    }

    #[test]
    fn mitz_case_015_the_certificate_of_another_client_is_invalid_client() {
        let other = peer("anderpgo.localhost", 1);
        let refusal = clients()
            .prove(Some("pgo.localhost"), Some(&other))
            .expect_err("not its certificate");
        assert_eq!(refusal.error, ErrorCode::InvalidClient);
        assert_eq!(refusal.error.status(), 401);
    }

    #[test]
    fn rfc_8705_2_1_the_dns_name_proves_the_client() {
        let proven = clients().prove(Some("pgo.localhost"), Some(&peer("pgo.localhost", 7)));
        let proven = proven.expect("its own certificate");
        // RFC 8705 §2.1
        assert_eq!((proven.id(), proven.x5t_s256()), ("pgo.localhost", [7; 32]));
    }

    #[test]
    fn rfc_8705_2_2_a_self_signed_certificate_is_compared_whole() {
        let prove = |hash| clients().prove(Some("eigen.localhost"), Some(&peer("x", hash)));
        assert!(prove(4).is_ok());
        // RFC 8705 §2.2
        assert!(prove(5).is_err());
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
    fn no_certificate_and_no_registration_are_refused() {
        let none = clients().prove(Some("pgo.localhost"), None);
        assert_eq!(none.expect_err("no proof").error, ErrorCode::InvalidClient);
        let unknown = clients().prove(Some("niemand.localhost"), Some(&peer("x", 1)));
        assert_eq!(
            unknown.expect_err("unknown").error,
            ErrorCode::InvalidClient
        );
        let silent = clients().prove(None, Some(&peer("pgo.localhost", 1)));
        assert_eq!(silent.expect_err("no id").error, ErrorCode::InvalidRequest);
    }
}
