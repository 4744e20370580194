//! The person of a launch goes to an IdP and comes back (koppeltaal.md §4.5).
//!
//! [`Vertrek`] follows a good authorization request with a good launch: it spends the launch, writes
//! what happened and sends the person on, with what must come back in the browser's own cookie.
//! [`Terugkeer`] takes what the IdP sent back: spends the request, asks the IdP who it is and the
//! FHIR server who the person of the launch is, and gives a code when they are one.

mod terugkeer;
mod vertrek;

use serde::{Deserialize, Serialize};
use verdict::Moment;

use super::Context;
use crate::auditevent::Spoor;
use crate::domein::{ClientId, Domein};

pub use self::terugkeer::{
    Antwoord, CodeTerug, GestoptVraag, Login, LoginVraag, PersoonVraag, Teruggekeerd, Terugkeer,
    Terugkeervraag, Vondst,
};
pub use self::vertrek::{DiscoveryVraag, DomeinVraag, Vertrek, Vertrekvraag, Vertrokken};

/// Seconds that a person may take at an IdP (design §5 "front channel").
pub const ONDERWEG_S: u32 = 900;

/// A person on the way to an IdP: what the browser's cookie holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Onderweg {
    /// In which domain.
    pub domein: Domein,
    /// Good until then; seconds since 1970.
    pub until: i64,
    /// The `state` of our request to the IdP.
    pub state: String,
    nonce: String,
    verifier: String,
    idp: String,
    terug: Terug,
    context: Context,
    request: Spoor,
    trace: Option<Spoor>,
}

/// How the module gets its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Terug {
    client_id: ClientId,
    redirect_uri: String,
    state: String,
    nonce: Option<String>,
    challenge: String,
}

impl Onderweg {
    /// Whether the person took too long.
    pub const fn is_over_at(&self, now: Moment) -> bool {
        Moment::from_unix(self.until).is_over_at(now)
    }

    /// The name of the IdP in the domain.
    pub fn idp(&self) -> &str {
        &self.idp
    }

    /// The nonce that its ID token must repeat.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// The verifier of our request.
    pub fn verifier(&self) -> &str {
        &self.verifier
    }

    /// The number of the whole launch.
    pub const fn trace(&self) -> Option<&Spoor> {
        self.trace.as_ref()
    }

    /// Whose resource is asked of the FHIR server.
    pub const fn context(&self) -> &Context {
        &self.context
    }
}

#[cfg(test)]
mod tests;
