//! Where each role of the demo is reached, by whoever must know: also roles that somebody else's
//! server plays, which may have addresses of its own choice.

use std::collections::BTreeSet;

use identity::Hostname;
use koppeltaal::{Domein, DomeinUrls};

use super::{Hosts, Party};
use crate::input::DvaId;

/// Where a DVA is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DvaAddress {
    /// Its issuer identifier.
    pub issuer: String,
    /// Its public keys.
    pub jwks_uri: String,
    /// Its authorization endpoint.
    pub authorization_endpoint: String,
    /// Its token endpoint.
    pub token_endpoint: String,
    /// Its discovery document, but for the query that names a provider.
    pub discovery_endpoint: String,
    /// Its resource server: URA, gegevensdienst and `fhir` follow.
    pub resource_base: String,
}

/// The hosts of a DVA.
pub(super) struct DvaNames {
    pub(super) front: &'static str,
    pub(super) back: &'static str,
    pub(super) discovery: &'static str,
    pub(super) xis: &'static str,
}

impl DvaNames {
    pub(super) const fn of(id: DvaId) -> Self {
        match id {
            DvaId::Dva => Self {
                front: "dva",
                back: "dva-back",
                discovery: "discovery",
                xis: "xis",
            },
            DvaId::Dva2 => Self {
                front: "dva2",
                back: "dva2-back",
                discovery: "discovery2",
                xis: "xis2",
            },
        }
    }
}

impl Hosts {
    /// The endpoints of a domain of Koppeltaal.
    pub fn domein(&self, domein: &Domein) -> DomeinUrls {
        DomeinUrls::new(&self.url("koppeltaal"), domein)
    }

    /// Under what the endpoints of a party of eToegang are; of HM and AD their issuer. `pad` is the path of ours.
    pub fn etoegang(&self, party: Party, pad: &str) -> String {
        let ours = || format!("{}{pad}", self.url(party.name()));
        self.endpoint(party, "issuer", ours)
    }

    /// The issuer identifier of Mitz.
    pub fn mitz_issuer(&self) -> String {
        self.endpoint(Party::Mitz, "issuer", || self.url("mitz"))
    }

    /// The public keys of Mitz.
    pub fn mitz_jwks_uri(&self) -> String {
        let ours = || format!("{}/jwks", self.url("mitz"));
        self.endpoint(Party::Mitz, "jwks_uri", ours)
    }

    /// Where a DVA asks Mitz for consent (seed 000 step 24).
    pub fn consent_introspection(&self) -> String {
        let ours = || format!("{}/consent-introspect", self.url("mitz-back"));
        self.endpoint(Party::Mitz, "consent_introspection_endpoint", ours)
    }

    /// The metadata of Mitz as a service provider of DigiD.
    pub fn sp_metadata_url(&self) -> String {
        let ours = || format!("{}/saml/metadata", self.url("mitz"));
        self.endpoint(Party::Mitz, "sp_metadata_url", ours)
    }

    /// The metadata of DigiD.
    pub fn idp_metadata_url(&self) -> String {
        let ours = || format!("{}/saml/idp/metadata", self.url("digid"));
        self.endpoint(Party::Digid, "metadata_url", ours)
    }

    /// The metadata of the simulator's entrance of DigiD 4.x.
    pub fn entrance_metadata_url(&self) -> String {
        format!("{}/saml/v4/entrance/metadata", self.url("digid"))
    }

    /// Where a DVA is.
    pub fn dva(&self, id: DvaId) -> DvaAddress {
        const METADATA: &str = "/.well-known/oauth-authorization-server";
        let party = Party::of_dva(id);
        let names = DvaNames::of(id);
        let at = |name, host: &str, path: &str| {
            self.endpoint(party, name, || format!("{}{path}", self.url(host)))
        };
        DvaAddress {
            issuer: at("issuer", names.front, ""),
            jwks_uri: at("jwks_uri", names.front, "/jwks"),
            authorization_endpoint: at("authorization_endpoint", names.front, "/authorize"),
            token_endpoint: at("token_endpoint", names.back, "/token"),
            discovery_endpoint: at("discovery_endpoint", names.discovery, METADATA),
            resource_base: at("resource_base", names.back, "/resource"),
        }
    }

    /// Every host name by which a party is known.
    ///
    /// # Errors
    /// A text, when one is no host name; those of [`Party::hosts`] are.
    pub fn names(&self, party: Party) -> Result<BTreeSet<Hostname>, String> {
        match self.outside(party) {
            Some(outside) => Ok(outside.names()),
            None => party
                .hosts()
                .iter()
                .map(|host| super::hostname(host))
                .collect(),
        }
    }

    fn endpoint(&self, party: Party, name: &str, ours: impl FnOnce() -> String) -> String {
        let theirs = self
            .outside(party)
            .and_then(|outside| outside.endpoints.get(name));
        theirs.cloned().unwrap_or_else(ours)
    }
}
