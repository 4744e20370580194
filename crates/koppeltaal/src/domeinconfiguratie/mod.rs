//! What a domain is: its applications, roles and IdPs, as its operator declares them
//! (koppeltaal.md §1.1 [domeinbeheer]).
//!
//! [`Domeinconfiguratie::read`] takes the declaration, which is also what is kept, sent and shown;
//! what it means is these types, and nothing that a reader finds in them needs another look.

mod erbij;
mod onderdelen;
mod reading;
mod rows;
mod toegestaan;
mod written;

use std::collections::BTreeMap;

use crate::domein::{ClientId, Domein};
use crate::permissie::Permissie;
use crate::scope::Scopes;

pub(crate) use erbij::may_become;
pub use onderdelen::read_rol;
pub use reading::{Declaratie, Fout, Regels};
pub(crate) use reading::{fout, name};
pub use rows::{Domeinkop, Kept};
pub use toegestaan::Toegestaan;

/// Bytes of a declaration, at most: it is one row.
pub const DOCUMENT_BYTES_MAX: usize = 960 * 1024;
/// Applications of a domain, at most.
pub const APPLICATIES_MAX: usize = 2_000;
/// Roles of a domain, at most.
pub const ROLLEN_MAX: usize = 200;
/// IdPs of a domain, at most.
pub const IDPS_MAX: usize = 50;
/// Redirect URIs of an application, at most.
pub const REDIRECT_URIS_MAX: usize = 20;

/// A domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domeinconfiguratie {
    /// Its name.
    pub domein: Domein,
    /// The Device as which the Koppeltaal voorziening itself appears in the domain: it observes, and
    /// reads people at a launch.
    pub voorziening: ClientId,
    /// The base URL of the FHIR server behind the gateway, without a slash at the end.
    pub upstream: String,
    /// The applications, by their `client_id`.
    pub applicaties: BTreeMap<ClientId, Applicatie>,
    /// What each role allows.
    pub rollen: BTreeMap<String, Vec<Permissie>>,
    /// The IdPs, by name.
    pub idps: BTreeMap<String, Idp>,
    /// Who identifies people where nothing else is said (MIDP): the Koppeltaal IdP.
    pub standaard_idp: Option<String>,
}

/// An [applicatie-instantie] (koppeltaal.md §1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applicatie {
    /// For people.
    pub naam: String,
    /// Whether it takes part.
    pub status: Status,
    /// Where its public keys are (TOP-KT-020).
    pub jwks_uri: String,
    /// Where its codes may go, compared as strings.
    pub redirect_uris: Vec<String>,
    /// Its one role (TGB 005); one of the domain's.
    pub rol: Option<String>,
    /// Whose resources were granted to it, for permissions of that kind (TGB 006).
    pub granted: Vec<ClientId>,
    /// Who identifies people of a kind, in order of preference (MIDP); names of the domain's IdPs.
    pub idps: BTreeMap<Gebruikerssoort, Vec<String>>,
}

/// The states of a registration (koppeltaal.md §1.2). Only an approved application gets tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase", try_from = "String")]
pub enum Status {
    /// Asked for.
    Pending,
    /// Takes part.
    Approved,
    /// Does not.
    Rejected,
}

/// Who launches.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(try_from = "String")]
pub enum Gebruikerssoort {
    /// A client of the care provider.
    Patient,
    /// Who treats.
    Practitioner,
    /// Somebody near the patient.
    RelatedPerson,
}

/// An identity provider for launches: OIDC (IAM 002).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idp {
    /// Its issuer; everything else stands in its discovery document.
    pub issuer: String,
    /// Who the authorization service is there. It proves so by `private_key_jwt`, with keys of the
    /// domain's own JWKS.
    pub client_id: String,
    /// The claim of its ID token that names the person (koppeltaal.md §4.5).
    pub claim: String,
    /// The system of the identifier that the claim is compared with; any when it is not said.
    pub identifier_system: Option<String>,
    /// What is asked beside `openid`.
    pub extra_scopes: Vec<String>,
}

impl Domeinconfiguratie {
    /// The application, if it takes part.
    pub fn approved(&self, client_id: ClientId) -> Option<&Applicatie> {
        let applicatie = self.applicaties.get(&client_id)?;
        (applicatie.status == Status::Approved).then_some(applicatie)
    }

    /// Where the domain sends the service: keys of applications and identity providers, each with its
    /// place in the declaration.
    pub fn elders(&self) -> impl Iterator<Item = (String, &str)> {
        let keys = self.applicaties.iter().map(|(id, applicatie)| {
            let at = format!("applications {id} jwks_uri");
            (at, applicatie.jwks_uri.as_str())
        });
        let idps = self.idps.iter().map(|(naam, idp)| {
            let at = format!("identity_providers {naam} issuer");
            (at, idp.issuer.as_str())
        });
        keys.chain(idps)
    }

    /// This domain with everything of the declaration in it, in place of what has the same id or name; what
    /// else it has stays.
    #[must_use]
    pub fn met(mut self, declared: Self) -> Self {
        self.applicaties.extend(declared.applicaties);
        self.rollen.extend(declared.rollen);
        self.idps.extend(declared.idps);
        Self {
            applicaties: self.applicaties,
            rollen: self.rollen,
            idps: self.idps,
            ..declared
        }
    }

    /// What an application may do: everything that its role allows. Nothing without a role.
    pub(crate) fn scopes(&self, client_id: ClientId) -> Scopes {
        self.rechten(client_id)
            .map(|(permissies, granted)| Scopes::of_role(permissies, client_id, granted))
            .unwrap_or_default()
    }

    /// From what the scopes of an application are made: its role's permissions, and whose resources were
    /// granted to it.
    fn rechten(&self, client_id: ClientId) -> Option<(&[Permissie], &[ClientId])> {
        let applicatie = self.applicaties.get(&client_id)?;
        let permissies = self.rollen.get(applicatie.rol.as_ref()?)?;
        Some((permissies, &applicatie.granted))
    }
}

impl Gebruikerssoort {
    /// The kind of the FHIR resource type.
    pub fn named(resource_type: &str) -> Option<Self> {
        match resource_type {
            "Patient" => Some(Self::Patient),
            "Practitioner" => Some(Self::Practitioner),
            "RelatedPerson" => Some(Self::RelatedPerson),
            _ => None,
        }
    }
}

/// By name, so that a reader needs to know text alone.
impl TryFrom<String> for Status {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, &'static str> {
        match name.as_str() {
            "pending" => Ok(Self::Pending),
            "approved" => Ok(Self::Approved),
            "rejected" => Ok(Self::Rejected),
            _ => Err("expected pending, approved or rejected"),
        }
    }
}

impl TryFrom<String> for Gebruikerssoort {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, &'static str> {
        Self::named(&name).ok_or("expected Patient, Practitioner or RelatedPerson")
    }
}

#[cfg(test)]
mod tests;
