//! The clients: each proves itself in its own way.

/// How a client proves itself, and which tokens it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// `tls_client_auth`: ES256 for the ID token, HS256 for the bound access token.
    Certificate,
    /// `private_key_jwt`: one more ES256 to check, one more row for its `jti`.
    Assertion,
}

impl Proof {
    /// Its name in metadata and registrations.
    pub const fn method(self) -> &'static str {
        match self {
            Self::Certificate => "tls_client_auth",
            Self::Assertion => "private_key_jwt",
        }
    }

    /// The client of that proof.
    pub const fn client_id(self) -> &'static str {
        match self {
            Self::Certificate => "pgo.localhost",
            Self::Assertion => "sleutelpgo.localhost",
        }
    }
}
