//! The roles of eToegang: each is a party, and speaks to the others over TLS sockets alone.
//!
//! | role | here |
//! |---|---|
//! | HM, the broker | [`hm`] |
//! | AD, the authentication service | [`ad`] |
//! | MR, the mandate register | [`mr`] |
//! | DV, with the app of its own | [`dv`] |
//! | the scheme's manager, as the demo has one | [`aggregator`] |

pub mod ad;
pub mod aggregator;
pub mod beheer;
pub mod dv;
pub mod hm;
mod keten;
pub mod mr;
pub mod sleutels;

use axum::Router;
use axum::middleware::map_response;
use axum::response::Response;
use etoegang::attribuut::{Attribuutnaam, Drager};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use identity::EntityId;
use rustls_pki_types::CertificateDer;

use crate::pages::Gegeven;

/// The path of a party's endpoints under this version of the scheme: one URL serves one version (etoegang.md
/// §3, etoegang case 95).
pub fn pad(versie: &str) -> String {
    format!("/etd/{versie}")
}

/// The path in an address of this origin.
fn pad_in<'a>(address: &'a str, origin: &str) -> &'a str {
    address.strip_prefix(origin).unwrap_or_default()
}

/// Another party of the network, as this one knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deelnemer {
    /// Its EntityID.
    pub entity: EntityId,
    /// What people call it.
    pub naam: String,
    /// Where its endpoints are; of an AD its issuer.
    pub basis: String,
    /// Where its keys are, if not at `/jwks` below that.
    pub jwks_uri: Option<String>,
    /// Of which its keys must have certificates that name its OIN; without any, its keys count as they stand at its
    /// address.
    pub wortels: Vec<CertificateDer<'static>>,
}

impl Deelnemer {
    /// Where its keys are.
    fn jwks(&self) -> String {
        let said = self.jwks_uri.clone();
        said.unwrap_or_else(|| self.at("/jwks"))
    }

    /// One of its endpoints.
    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.basis)
    }
}

/// What of a person or an organisation is given along, as a page tells it.
fn gegevens(attributen: &[Attribuutnaam]) -> Vec<Gegeven> {
    attributen.iter().map(gegeven).collect()
}

/// One of them.
fn gegeven(naam: &Attribuutnaam) -> Gegeven {
    let is_tussenpersoon = naam.drager() == Drager::Tussenpersoon;
    Gegeven::of(naam.lokaal(), is_tussenpersoon)
}

/// The router of a party, whose pages no browser and no proxy keeps.
pub fn uncached_pages(router: Router) -> Router {
    router.layer(map_response(uncached_page))
}

/// What stands on a page is one person's; the scheme names both words, and
/// `Pragma`, which the door puts beside them.
async fn uncached_page(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let is_page = |value: &HeaderValue| value.as_bytes().starts_with(b"text/html");
    if headers.get(CONTENT_TYPE).is_some_and(is_page) {
        // etoegang case 80
        let cache_control = HeaderValue::from_static("no-cache, no-store");
        headers.insert(CACHE_CONTROL, cache_control);
    }
    response
}
