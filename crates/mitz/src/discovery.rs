//! Steps 21 and 22: the Discovery server of a DVA tells the endpoints for one provider.
//!
//! The document is a superset of RFC 8414 metadata (mitz.md §4.3), generated from the same
//! configuration that the endpoints obey.

use identity::{GegevensdienstId, Hostname, Zorgaanbiedernaam};
use protocol::token_exchange::{GRANT_TYPE, JWT_BEARER};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::dva::DvaServer;

/// The most services and roles of one provider that a client reads.
const SERVICES_MAX: usize = 500;

/// Where a DVA serves, as absolute URLs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// Token endpoint, mutual TLS.
    pub token_endpoint: String,
    /// Public keys.
    pub jwks_uri: String,
    /// Base of the resource endpoints; URA and gegevensdienst follow.
    pub resource_base: String,
}

impl Endpoints {
    /// The resource endpoint of a provider's gegevensdienst; each has its own
    /// (core.gegevensdiensten.201).
    pub fn resource_endpoint(&self, ura: &identity::Ura, dienst: &GegevensdienstId) -> String {
        format!("{}/{ura}/{dienst}/fhir", self.resource_base)
    }
}

/// Step 22 (mitz case 34): the document for one provider; nothing when the DVA does not answer for it.
pub fn document(dva: &DvaServer, endpoints: &Endpoints, naam: &Zorgaanbiedernaam) -> Option<Value> {
    let aanbieder = dva.aanbieders.get(naam)?;
    let services: Vec<Value> = aanbieder
        .gegevensdiensten
        .values()
        .map(|dienst| {
            json!({
                "id": dienst.id,
                "roles": [{
                    "code": dienst.systeemrolcode,
                    "resource_endpoint": endpoints.resource_endpoint(&aanbieder.ura, &dienst.id),
                }],
            })
        })
        .collect();
    let mut document = metadata(dva, endpoints);
    document["zorgaanbiedernaam"] = json!(naam);
    document["services"] = json!(services);
    Some(document)
}

/// What holds for every provider of the DVA: its metadata by RFC 8414 §2. The front channel of this
/// chain is at Mitz, so there is no authorization endpoint and no response type.
pub fn metadata(dva: &DvaServer, endpoints: &Endpoints) -> Value {
    let mut grants = vec![GRANT_TYPE];
    grants.extend(dva.jwt_bearer.then_some(JWT_BEARER));
    json!({
        "issuer": dva.issuer,
        "token_endpoint": endpoints.token_endpoint,
        "jwks_uri": endpoints.jwks_uri,
        "response_types_supported": [],
        "grant_types_supported": grants,
        "token_endpoint_auth_methods_supported": ["tls_client_auth", "self_signed_tls_client_auth"],
        "tls_client_certificate_bound_access_tokens": true,
    })
}

/// What a client reads in the document.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Found {
    /// The DVA's issuer.
    pub issuer: String,
    /// Where the token request goes.
    pub token_endpoint: String,
    /// Where data can be had.
    pub services: Vec<Service>,
}

/// A gegevensdienst in the document.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Service {
    /// Its number.
    pub id: GegevensdienstId,
    /// Its roles, each with an endpoint.
    pub roles: Vec<Role>,
}

/// A Systeemrol in the document.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Role {
    /// Systeemrolcode.
    pub code: String,
    /// Where it serves.
    pub resource_endpoint: String,
}

/// Why a client takes no notice of a document (mitz case 35).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// No JSON of this form, or too large.
    Malformed,
    /// RFC 8414 §3.3: the issuer is not the one that Mitz named for this location.
    Issuer,
    /// An endpoint is no https URL, or its host is not on the Whitelist.
    Host,
}

impl Found {
    /// Reads and checks a document: the issuer must be one that the location's ID token is for, and
    /// the host of every endpoint must be `whitelisted`.
    ///
    /// # Errors
    /// [`Rejected`]; the provider is skipped, others go on.
    pub fn read(
        body: &[u8],
        issuers: &[String],
        whitelisted: impl Fn(&Hostname) -> bool,
    ) -> Result<Self, Rejected> {
        let found: Self = serde_json::from_slice(body).map_err(|_| Rejected::Malformed)?;
        let roles = found.services.iter().map(|service| service.roles.len());
        if found.services.len() > SERVICES_MAX || roles.sum::<usize>() > SERVICES_MAX {
            return Err(Rejected::Malformed);
        }
        if !issuers.contains(&found.issuer) {
            return Err(Rejected::Issuer);
        }
        let endpoints = found.services.iter().flat_map(|service| &service.roles);
        let endpoints = endpoints.map(|role| role.resource_endpoint.as_str());
        let allowed = |url: &str| host_of(url).is_some_and(|host| whitelisted(&host));
        if endpoints
            .chain([found.token_endpoint.as_str()])
            .all(allowed)
        {
            Ok(found)
        } else {
            Err(Rejected::Host)
        }
    }

    /// The resource endpoint of a gegevensdienst.
    pub fn resource_endpoint(&self, dienst: &GegevensdienstId) -> Option<&str> {
        let service = self.services.iter().find(|service| service.id == *dienst)?;
        service
            .roles
            .first()
            .map(|role| role.resource_endpoint.as_str())
    }
}

/// The host of an https URL without user information, in its one spelling.
fn host_of(url: &str) -> Option<Hostname> {
    let rest = url.strip_prefix("https://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let port_is_number = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    Hostname::parse(host).ok().filter(|_| port_is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(issuer: &str, token_endpoint: &str, resource_endpoint: &str) -> Vec<u8> {
        json!({
            "issuer": issuer,
            "token_endpoint": token_endpoint,
            "services": [{"id": "51", "roles": [
                {"code": "MM-2.1-BZB-FHIR", "resource_endpoint": resource_endpoint}]}],
        })
        .to_string()
        .into_bytes()
    }

    const ISSUER: &str = "https://dva.localhost:8443";
    const TOKEN: &str = "https://dva-back.localhost:8443/token";
    const RESOURCE: &str = "https://dva-back.localhost:8443/resource/00000659/51/fhir";

    fn read(body: &[u8]) -> Result<Found, Rejected> {
        Found::read(body, &[ISSUER.to_owned()], |host| {
            host.as_str() == "dva-back.localhost"
        })
    }

    #[test]
    fn mitz_case_034_a_document_gives_token_and_resource_endpoint() {
        let found = read(&body(ISSUER, TOKEN, RESOURCE)).expect("keeps to the rules");
        let dienst = GegevensdienstId::parse("51").expect("an id");
        // mitz.md §4.3
        assert_eq!(found.token_endpoint, TOKEN);
        assert_eq!(found.resource_endpoint(&dienst), Some(RESOURCE));
    }

    #[test]
    fn mitz_case_035_another_issuer_is_rejected() {
        let other = body("https://dva2.localhost:8443", TOKEN, RESOURCE);
        // RFC 8414 §3.3
        assert_eq!(read(&other), Err(Rejected::Issuer));
    }

    #[test]
    fn mitz_case_035_a_host_that_is_not_whitelisted_is_rejected_wherever_it_stands() {
        for bad in [
            "https://kwaad.localhost/token",
            "http://dva-back.localhost/token",
            "https://dva-back.localhost@kwaad.localhost/token",
            "https://dva-back.localhost:x/token",
            "",
        ] {
            assert_eq!(
                read(&body(ISSUER, bad, RESOURCE)),
                Err(Rejected::Host),
                "{bad}"
            );
            assert_eq!(
                read(&body(ISSUER, TOKEN, bad)),
                Err(Rejected::Host),
                "{bad}"
            );
        }
    }

    #[test]
    fn more_than_500_services_or_roles_are_malformed() {
        let role = json!({"code": "MM-2.1-BZB-FHIR", "resource_endpoint": RESOURCE});
        let read = |services: usize, roles: usize| {
            let service = json!({"id": "51", "roles": vec![role.clone(); roles]});
            let document = json!({
                "issuer": ISSUER,
                "token_endpoint": TOKEN,
                "services": vec![service; services],
            });
            read(document.to_string().as_bytes()).map(|found| found.services.len())
        };
        assert_eq!(read(SERVICES_MAX, 0), Ok(SERVICES_MAX));
        assert_eq!(read(SERVICES_MAX + 1, 0), Err(Rejected::Malformed));
        assert_eq!(read(1, SERVICES_MAX), Ok(1));
        assert_eq!(read(1, SERVICES_MAX + 1), Err(Rejected::Malformed));
    }

    #[test]
    fn what_is_no_document_is_malformed() {
        for text in ["", "{}", "[]", "\u{feff}{}"] {
            assert_eq!(read(text.as_bytes()), Err(Rejected::Malformed));
        }
    }
}
