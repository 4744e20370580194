//! The ID token that a location brings (seed 000 step 19, design §5 "Mitz flow").
//!
//! Each names one URA, the client and one DVA, so that a DVA never learns of a person's other
//! providers; its `jti` starts with the encrypted id of the grant, so that Mitz needs no row for it.

use identity::Ura;
use protocol::access_token::Confirmation;
use serde::{Deserialize, Serialize};

/// `typ` of a location's ID token. It differs from that of every other token of the issuer, so that
/// none can stand in for another (RFC 8725 §3.11).
pub const TYP: &str = "location+jwt";

/// Lifetime in seconds: as long as the access token that brought it (mitz.md §2.2).
pub const LIFETIME_S: u32 = 900;

/// FHIR naming system of the URA.
pub const URA_SYSTEM: &str = "http://fhir.nl/fhir/NamingSystem/ura";
/// FHIR naming system of the BSN.
pub const BSN_SYSTEM: &str = "http://fhir.nl/fhir/NamingSystem/bsn";

/// A FHIR identifier of a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locatie {
    /// [`URA_SYSTEM`].
    pub system: String,
    /// The URA.
    pub value: Ura,
}

impl Locatie {
    /// The identifier of this provider.
    pub fn van(ura: Ura) -> Self {
        Self {
            system: URA_SYSTEM.to_owned(),
            value: ura,
        }
    }
}

/// The claims of a location's ID token (mitz.md §2.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locatietoken {
    /// Mitz.
    pub iss: String,
    /// The person, under the client's pseudonym.
    pub sub: String,
    /// The client, and the DVA behind the location.
    pub aud: Vec<String>,
    /// The client (OIDC Core §2: with several audiences).
    pub azp: String,
    /// Seconds since 1970.
    pub iat: i64,
    /// Seconds since 1970.
    pub exp: i64,
    /// When the person logged in.
    pub auth_time: i64,
    /// From the authorization request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// Encrypted grant id; only Mitz can read it.
    pub jti: String,
    /// The level reached.
    pub acr: String,
    /// The certificate of the client: nobody else can use the token. Without one, for a client that
    /// has none, no DVA can use it either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    /// One location.
    pub locations: Vec<Locatie>,
}

impl Locatietoken {
    /// Whether it names this provider, among at most `locations_max` providers. A token for several
    /// providers tells a DVA of treatment elsewhere, so it is refused unless switched on
    /// (mitz case 36a).
    pub fn names(&self, ura: &Ura, full_location_token: bool) -> bool {
        let number_fits = self.locations.len() == 1 || full_location_token;
        let is_it = |locatie: &Locatie| locatie.system == URA_SYSTEM && locatie.value == *ura;
        number_fits && self.locations.iter().any(is_it)
    }
}
