//! Client assertions: `private_key_jwt` (RFC 7523 §2.2 and §3, OIDC Core §9).
//!
//! A client signs a short token that names itself, this server and a number that serves once. What
//! the token may be is said by the registration and the endpoint, never by the token. That the
//! number serves once is a change that [`Assertion::burn`] gives: whoever grants takes it along.

use jose::{Algorithm, Expected, Jwks, Typ, Unproven};
use verdict::{Change, Clear, Key, Moment, Space};

use crate::refusal::{ErrorCode, Refusal};

/// The one `client_assertion_type` (RFC 7523 §2.2).
pub const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The algorithms that a registration may allow where its framework names none, ours first.
pub const ALGORITHMS: [Algorithm; 5] = [
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Ps256,
    Algorithm::Rs256,
    Algorithm::Rs384,
];

/// Seconds between now and `exp`, at most (beside the leeway). Koppeltaal and SMART ask for five
/// minutes; a longer life only makes the table of spent numbers longer.
pub const LIFETIME_S_MAX: u32 = 300;

/// Seconds by which the client's clock may differ from ours.
pub const LEEWAY_S: u32 = 60;

/// Seconds for which a spent number stays beyond the assertion's end: a request that was proven in
/// the last second, and whose commit waited for a busy store, must still find it.
const KEPT_AFTER_S: u32 = 60;

/// Bytes of a `jti`, at most: a UUID has 36, a hash in hexadecimal digits 128.
const JTI_BYTES_MAX: usize = 256;

/// The rows of spent numbers.
pub const SPACE: Space = Space("oauth.client_assertion");

/// The keys that a client registered, and with which algorithms it may use them.
#[derive(Clone, Debug)]
pub struct ClientKeys {
    keys: Jwks,
    algorithms: Vec<Algorithm>,
}

impl PartialEq for ClientKeys {
    fn eq(&self, other: &Self) -> bool {
        self.algorithms == other.algorithms && self.keys.to_json() == other.keys.to_json()
    }
}

impl Eq for ClientKeys {}

/// What an endpoint wants to see in an assertion.
#[derive(Clone, Copy, Debug)]
pub struct Receiver<'a> {
    /// What `aud` may be: the issuer; the address of the endpoint where its framework says so.
    pub audience: &'a [&'a str],
    /// The moment of the request.
    pub now: Moment,
}

/// Which `aud` a server takes (design §5 "client assertion aud").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Audience {
    /// The issuer alone: an assertion for another server's endpoint can never be one for us.
    #[default]
    Issuer,
    /// The address of the token endpoint too, for clients that cannot send the issuer.
    IssuerOrTokenEndpoint,
}

impl Audience {
    /// Of the issuer and the address of the token endpoint, those that are taken.
    pub const fn of<'a, 'b>(self, known: &'a [&'b str; 2]) -> &'a [&'b str] {
        match self {
            Self::Issuer => known.split_at(1).0,
            Self::IssuerOrTokenEndpoint => known,
        }
    }
}

/// An assertion whose signature and claims hold. That its number was not used before is only known
/// when [`Assertion::burn`] is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assertion {
    number: [u8; 32],
    until: Moment,
}

impl ClientKeys {
    /// The keys of a registration. Of `algorithms` those count that one of the keys can check;
    /// nothing when none is left over.
    pub fn new(keys: Jwks, algorithms: &[Algorithm]) -> Option<Self> {
        let serves = |algorithm: &Algorithm| keys.keys().iter().any(|key| key.verifies(*algorithm));
        let algorithms: Vec<Algorithm> = algorithms.iter().copied().filter(serves).collect();
        (!algorithms.is_empty()).then_some(Self { keys, algorithms })
    }

    /// The keys.
    pub const fn keys(&self) -> &Jwks {
        &self.keys
    }

    /// With which algorithms assertions may be signed.
    pub fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    /// Checks a client's assertion (RFC 7523 §3).
    ///
    /// # Errors
    /// `invalid_client`, whatever is wrong; the reason is for the operator alone.
    pub fn verify(
        &self,
        client_id: &str,
        assertion: Unproven<'_>,
        at: &Receiver<'_>,
    ) -> Result<Assertion, Refusal> {
        let expected = Expected {
            typ: Typ::JwtOrAbsent,
            // RFC 7523 §3 point 2: for client authentication `iss` and `sub` are the client
            issuer: client_id,
            audience: at.audience,
            now: at.now,
            leeway_s: LEEWAY_S,
        };
        let claims = assertion
            .verify(&self.keys, &self.algorithms, &expected)
            .map_err(|refused| invalid(reason(refused)))?;
        if claims.str("sub") != Ok(client_id) {
            return Err(invalid("the assertion's sub is not the client"));
        }
        // RFC 7523 §3 point 3: an assertion that others would take too can be carried on to them
        if claims.strings("aud").map_or(0, |named| named.len()) != 1 {
            return Err(invalid("the assertion is for others too (aud)"));
        }
        if claims.expires() > at.now.plus_s(LIFETIME_S_MAX + LEEWAY_S) {
            // RFC 7523 §3 point 4
            return Err(invalid("the assertion would last too long (exp)"));
        }
        Assertion::of(client_id, &claims)
    }
}

impl Assertion {
    /// RFC 7523 §3 point 7, OIDC Core §9: `jti` is there.
    fn of(client_id: &str, claims: &jose::Claims) -> Result<Self, Refusal> {
        let jti = claims.str("jti").unwrap_or_default();
        if jti.is_empty() || jti.len() > JTI_BYTES_MAX {
            return Err(invalid("the assertion has no jti, or one that is too long"));
        }
        // Two clients may use the same number, so it counts with its client.
        let named = [client_id.as_bytes(), &[0], jti.as_bytes()].concat();
        Ok(Self {
            number: jose::sha256(&named),
            until: claims.expires().plus_s(LEEWAY_S + KEPT_AFTER_S),
        })
    }

    /// Spends the number for as long as the assertion could be shown again. Where it was spent
    /// before, the commit that holds this change fails.
    pub fn burn(&self) -> Change<Clear> {
        Change::spend(Key::Once(SPACE, self.number), self.until)
    }
}

/// An assertion as it was sent, unproven.
///
/// # Errors
/// `invalid_client` when it is no JWT.
pub fn read(assertion: &str) -> Result<Unproven<'_>, Refusal> {
    Unproven::read(assertion).map_err(|refused| invalid(reason(refused)))
}

/// Who claims to have made the assertion, unproven: RFC 7521 §4.2 lets `client_id` be left out.
pub fn claimed_client(assertion: &str) -> Option<String> {
    jose::claimed_issuer(assertion).ok()
}

/// The refusal of an assertion whose number was spent before.
pub const fn replayed() -> Refusal {
    invalid("the assertion was used before (jti)")
}

const fn invalid(reason: &'static str) -> Refusal {
    Refusal::new(ErrorCode::InvalidClient, "RFC 7523 §3", reason)
}

/// What the operator reads: enough to see which side must change.
const fn reason(refused: jose::Refused) -> &'static str {
    use jose::Refused as R;
    match refused {
        R::Algorithm => "the assertion's algorithm is not registered for the client (alg)",
        R::UnknownKey => "no registered key of the client has the assertion's kid",
        R::AmbiguousKey => "the assertion names no key (kid) and several would fit",
        R::KeyUse => "the key that the assertion names is not for its algorithm",
        R::Signature => "the assertion's signature does not fit",
        R::Issuer => "the assertion's iss is not the client",
        R::Audience => "the assertion is for another server (aud)",
        R::NoExpiry => "the assertion does not say when it ends (exp)",
        R::Expired => "the assertion has expired (exp)",
        R::NotYetValid => "the assertion is not yet valid (nbf): do the clocks agree?",
        R::IssuedAhead => "the assertion was made in the future (iat): do the clocks agree?",
        R::TooLarge | R::Form | R::Header | R::Critical | R::Typ | R::Payload => {
            "the assertion is no JWT of this kind"
        }
    }
}

#[cfg(test)]
#[path = "assertion/tests.rs"]
mod tests;
