//! What a code and a refresh token are: generations of one grant.
//!
//! A grant is one row for its whole life. The code is its generation 0, redemption and each refresh
//! advance it in place. So spending is one guarded write, and every old secret shows as reuse.

use crate::client::ProvenClient;
use crate::handle::Handle;
use crate::pkce::Challenge;
use crate::refusal::{ErrorCode, Refusal};

/// The generation that a row of this store version holds: a new row has version 1 and holds the
/// code, generation 0.
pub const fn generation_of(version: u64) -> u64 {
    version.saturating_sub(1)
}

/// How a genuine handle stands to the row that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is the current secret.
    Current,
    /// It was spent before: RFC 9700 §4.14.2 asks to end the family.
    Reused,
}

/// Compares a handle with the row's version. The MAC was checked when the handle was opened, so a
/// generation that is not the current one was handed out once.
pub const fn standing(handle: Handle, version: u64) -> Standing {
    standing_at(handle, generation_of(version))
}

/// The same for a grant whose row is also written between two generations, and which therefore
/// keeps its generation beside the version.
pub const fn standing_at(handle: Handle, generation: u64) -> Standing {
    if handle.generation == generation {
        Standing::Current
    } else {
        Standing::Reused
    }
}

/// What a code was issued for (RFC 6749 §4.1.3, RFC 7636 §4.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeTerms {
    /// The `redirect_uri` of the authorization request, as it was sent.
    pub redirect_uri: String,
    /// The challenge of the authorization request.
    pub challenge: Challenge,
}

impl CodeTerms {
    /// Whether the token request keeps to the terms.
    ///
    /// # Errors
    /// `invalid_grant`. The code counts as spent all the same (design §5 "code").
    pub fn kept_by(&self, redirect_uri: Option<&str>, verifier: &str) -> Result<(), Refusal> {
        let invalid =
            |requirement, reason| Err(Refusal::new(ErrorCode::InvalidGrant, requirement, reason));
        // RFC 6749 §4.1.3; mitz case 17: compared as sent, so a double-encoded one differs.
        if redirect_uri != Some(self.redirect_uri.as_str()) {
            return invalid(
                "RFC 6749 §4.1.3",
                "redirect_uri differs from the authorization request",
            );
        }
        // RFC 7636 §4.6; mitz case 14
        if !self.challenge.is_of(verifier) {
            return invalid(
                "RFC 7636 §4.6",
                "the code_verifier does not belong to the code_challenge",
            );
        }
        Ok(())
    }
}

/// Whether the grant was issued to the client that now offers its code or refresh token.
///
/// # Errors
/// `invalid_grant` (RFC 6749 §5.2: "was issued to another client").
pub fn belongs_to(client_id: &str, client: &ProvenClient) -> Result<(), Refusal> {
    if client_id == client.id() {
        Ok(())
    } else {
        Err(Refusal::new(
            ErrorCode::InvalidGrant,
            "RFC 6749 §5.2",
            "the grant belongs to another client",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{Authentication, Client, Clients, PeerCertificate, Shown};

    const VERIFIER: &str = "een-verifier-van-precies-lang-genoeg-0123456789";

    fn terms() -> CodeTerms {
        CodeTerms {
            redirect_uri: "https://pgo.localhost/callback".into(),
            challenge: Challenge::of(VERIFIER),
        }
    }

    #[test]
    fn a_grant_serves_only_the_client_that_got_it() {
        let pgo = Client {
            client_id: "pgo.localhost".into(),
            organisatienaam: "De Proef-PGO".into(),
            authentication: Authentication::SelfSignedTlsClientAuth { x5t_s256: [4; 32] },
            redirect_uris: Vec::new(),
        };
        let peer = PeerCertificate {
            san_dns: Vec::new(),
            x5t_s256: [4; 32],
        };
        let clients: Clients = std::iter::once(pgo).collect();
        let shown = Shown {
            client_id: Some("pgo.localhost"),
            peer: Some(&peer),
            ..Shown::default()
        };
        let pgo = clients.prove(&shown, None);
        let pgo = pgo.expect("its certificate");
        assert_eq!(belongs_to("pgo.localhost", &pgo), Ok(()));
        let refusal = belongs_to("anderpgo.localhost", &pgo).expect_err("not its grant");
        // RFC 6749 §5.2
        assert_eq!(refusal.error, ErrorCode::InvalidGrant);
    }

    #[test]
    fn mitz_case_014_a_wrong_verifier_breaks_the_terms() {
        let uri = Some("https://pgo.localhost/callback");
        assert!(terms().kept_by(uri, VERIFIER).is_ok());
        let refusal = terms()
            .kept_by(uri, &VERIFIER.replace('e', "f"))
            .expect_err("another verifier");
        assert_eq!(refusal.error, ErrorCode::InvalidGrant);
        // RFC 7636 §4.4: the challenge stands with the code.
        assert_eq!(refusal.requirement, "RFC 7636 §4.6");
    }

    #[test]
    fn mitz_case_017_a_double_encoded_redirect_uri_breaks_the_terms() {
        for uri in [Some("https%3A%2F%2Fpgo.localhost%2Fcallback"), None] {
            let refusal = terms().kept_by(uri, VERIFIER).expect_err("another URI");
            assert_eq!(refusal.requirement, "RFC 6749 §4.1.3");
        }
    }

    #[test]
    fn rfc_9700_4_14_2_every_generation_but_the_current_one_is_reuse() {
        let handle = |generation| Handle {
            id: [0; 16],
            generation,
        };
        assert_eq!(standing(handle(0), 1), Standing::Current);
        assert_eq!(standing(handle(0), 2), Standing::Reused);
        assert_eq!(standing(handle(7), 8), Standing::Current);
        assert_eq!(standing_at(handle(7), 7), Standing::Current);
        assert_eq!(standing_at(handle(7), 8), Standing::Reused);
    }
}
