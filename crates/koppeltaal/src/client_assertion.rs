//! How an application proves who it is: a JWT that it signed (koppeltaal.md §1.5, RFC 7523).
//!
//! In the order of koppeltaal.md §1.5: what was shown, whose it claims to be, whether that one takes
//! part, which key; then the signature, and the claims only after it. What failed is told to the
//! operator; the caller hears `invalid_client`, whatever it was (TOP-KT-012a).

use jose::{Algorithm, Jwks, Unproven};
use protocol::assertion::{self, Assertion, ClientKeys, Receiver};
use protocol::refusal::{ErrorCode, Refusal};
use protocol::wire::Parameters;
use verdict::{Change, Clear};

use crate::domein::ClientId;
use crate::domeinconfiguratie::{Applicatie, Domeinconfiguratie};

/// The algorithms of koppeltaal case 28 (koppeltaal.md §5), ours first. HMAC and `none` have no
/// spelling.
pub const ALGORITHMS: [Algorithm; 6] = [
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
];

/// What a request shows of its client, unproven.
#[derive(Debug)]
pub struct Shown<'a> {
    /// Who it says it is.
    pub client_id: ClientId,
    assertion: Unproven<'a>,
}

/// An application that proved who it is. Only [`Shown::prove`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct ProvenApplicatie {
    client_id: ClientId,
    assertion: Assertion,
}

/// Whether an application has its Device in the domain (koppeltaal.md §1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// It has.
    Aanwezig,
    /// It has not.
    Afwezig,
    /// Nobody knows: the FHIR server of the domain does not answer.
    Onbekend,
}

impl<'a> Shown<'a> {
    /// Reads `client_assertion_type` and `client_assertion` (koppeltaal.md §1.5 steps 1 and 2).
    ///
    /// # Errors
    /// `invalid_client`.
    pub fn read(form: &'a Parameters, has_authorization: bool) -> Result<Self, Refusal> {
        if has_authorization || form.get("client_secret").is_some() {
            return Err(invalid("koppeltaal case 3", "no secret is a proof here"));
        }
        if form.get("client_assertion_type") != Some(assertion::TYPE) {
            // koppeltaal case 14
            let reason = "client_assertion_type is missing or another";
            return Err(invalid("koppeltaal case 14", reason));
        }
        let assertion = form.get("client_assertion").unwrap_or_default();
        let no_jwt = |_| invalid("koppeltaal.md §1.5", "client_assertion is no JWT");
        let assertion = Unproven::read(assertion).map_err(no_jwt)?;
        let issuer = assertion.issuer().map_err(no_jwt)?;
        let client_id = ClientId::parse(issuer)
            .map_err(|_| invalid("koppeltaal case 30", "the assertion's iss is no client_id"))?;
        let sent = form.get("client_id");
        if sent.is_some_and(|sent| sent != issuer) {
            // RFC 7521 §4.2
            return Err(invalid(
                "RFC 7521 §4.2",
                "client_id and assertion name two clients",
            ));
        }
        Ok(Self {
            client_id,
            assertion,
        })
    }

    /// The registration of who this claims to be (koppeltaal.md §1.5 steps 2 and 3).
    ///
    /// # Errors
    /// `invalid_client`: unknown in this domain, not approved, or it points to keys of its own.
    pub fn applicatie<'d>(
        &self,
        domein: &'d Domeinconfiguratie,
    ) -> Result<&'d Applicatie, Refusal> {
        if !domein.applicaties.contains_key(&self.client_id) {
            // koppeltaal cases 30 and 36
            let reason = "the domain has no application with the assertion's iss";
            return Err(invalid("koppeltaal case 30", reason));
        }
        let applicatie = domein
            .approved(self.client_id)
            .ok_or_else(|| invalid("koppeltaal case 31", "the application is not approved"))?;
        let jku = self.assertion.jku();
        if jku.is_some_and(|jku| jku != applicatie.jwks_uri) {
            // koppeltaal case 29: compared, never followed
            return Err(invalid(
                "koppeltaal case 29",
                "jku is not the registered JWKS URL",
            ));
        }
        if self.assertion.kid().is_none() {
            // TOP-KT-020
            return Err(invalid("TOP-KT-020", "the assertion names no key (kid)"));
        }
        Ok(applicatie)
    }

    /// Whether its key is in this set.
    pub fn is_by_one_of(&self, keys: &Jwks) -> bool {
        let kid = self.assertion.kid();
        kid.is_some_and(|kid| keys.find(kid).is_some())
    }

    /// Checks the signature, and then the claims (koppeltaal.md §1.5 steps 4 to 6).
    ///
    /// # Errors
    /// `invalid_client`.
    pub fn prove(
        self,
        keys: &ClientKeys,
        receiver: &Receiver<'_>,
    ) -> Result<ProvenApplicatie, Refusal> {
        if !self.is_by_one_of(keys.keys()) {
            let reason =
                "the application's JWKS has no one key that serves with the assertion's kid";
            return Err(invalid("koppeltaal case 23", reason));
        }
        let client_id = self.client_id.to_string();
        Ok(ProvenApplicatie {
            client_id: self.client_id,
            assertion: keys.verify(&client_id, self.assertion, receiver)?,
        })
    }
}

impl ProvenApplicatie {
    /// Who it is.
    pub const fn client_id(&self) -> ClientId {
        self.client_id
    }

    /// The same, if the application has its Device. A FHIR server that does not answer stops nobody from
    /// getting a token.
    ///
    /// # Errors
    /// `invalid_client`.
    pub fn with(self, device: Device) -> Result<Self, Refusal> {
        match device {
            Device::Aanwezig | Device::Onbekend => Ok(self),
            Device::Afwezig => {
                // koppeltaal case 117
                let reason = "the application has no Device in the domain";
                Err(invalid("koppeltaal case 117", reason))
            }
        }
    }

    /// Spends the assertion's `jti`, which is its issuer's alone (koppeltaal case 19). In the commit
    /// of whatever is granted, so after the signature was found good (koppeltaal case 20).
    pub fn burn(&self) -> Change<Clear> {
        self.assertion.burn()
    }
}

const fn invalid(requirement: &'static str, reason: &'static str) -> Refusal {
    Refusal::new(ErrorCode::InvalidClient, requirement, reason)
}
