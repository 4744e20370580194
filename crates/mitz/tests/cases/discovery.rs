//! Steps 20–22: what a DVA publishes for a provider, and what a client takes of it.

use identity::{GegevensdienstId, Hostname, Zorgaanbiedernaam};
use mitz::discovery::{Endpoints, Found, Rejected, document};
use protocol::token_exchange::{GRANT_TYPE, JWT_BEARER};
use serde_json::json;

use crate::world::{DVA, DVA2, WEST, WEST_NAAM, World};

fn endpoints() -> Endpoints {
    Endpoints {
        token_endpoint: "https://dva-back.localhost:8443/token".to_owned(),
        jwks_uri: format!("{DVA}/jwks"),
        resource_base: "https://dva-back.localhost:8443/resource".to_owned(),
    }
}

fn published(world: &World, naam: &str) -> Option<serde_json::Value> {
    let naam = Zorgaanbiedernaam::parse(naam).expect("a name");
    document(&world.dva, &endpoints(), &naam)
}

fn is_whitelisted(host: &Hostname) -> bool {
    host.as_str() == "dva-back.localhost"
}

#[test]
fn mitz_case_034_a_dva_publishes_its_token_endpoint_and_an_endpoint_for_each_dienst() {
    let world = World::new();
    let document = published(&world, WEST_NAAM).expect("its provider");
    // RFC 8414 §2; seed 000 step 22
    assert_eq!(document["issuer"], DVA);
    assert_eq!(document["zorgaanbiedernaam"], WEST_NAAM);
    assert_eq!(document["tls_client_certificate_bound_access_tokens"], true);
    let bytes = document.to_string().into_bytes();
    let found = Found::read(&bytes, &[DVA.to_owned()], is_whitelisted).expect("taken");
    assert_eq!(found.token_endpoint, endpoints().token_endpoint);
    for dienst in ["51", "52"] {
        let id = GegevensdienstId::parse(dienst).expect("an id");
        let expected = format!("https://dva-back.localhost:8443/resource/{WEST}/{dienst}/fhir");
        // core.gegevensdiensten.201
        assert_eq!(found.resource_endpoint(&id), Some(expected.as_str()));
    }
    let none = GegevensdienstId::parse("99").expect("an id");
    assert_eq!(found.resource_endpoint(&none), None);
}

#[test]
fn mitz_case_034_a_provider_of_another_dva_is_not_published() {
    assert!(published(&World::new(), "apotheekdebrug@medmij").is_none());
}

#[test]
fn mitz_case_041_the_document_offers_jwt_bearer_only_when_it_is_switched_on() {
    let grants = |world: &World| {
        published(world, WEST_NAAM).expect("its provider")["grant_types_supported"].clone()
    };
    assert_eq!(grants(&World::new()), json!([GRANT_TYPE]));
    let on = World::with(|_, dva| dva.jwt_bearer = true);
    assert_eq!(grants(&on), json!([GRANT_TYPE, JWT_BEARER]));
}

#[test]
fn mitz_case_035_a_document_of_another_issuer_or_host_is_rejected() {
    let document = published(&World::new(), WEST_NAAM).expect("its provider");
    let bytes = document.to_string().into_bytes();
    let read = |issuer: &str, host: &'static str| {
        Found::read(&bytes, &[issuer.to_owned()], move |found: &Hostname| {
            found.as_str() == host
        })
    };
    assert_eq!(read(DVA2, "dva-back.localhost"), Err(Rejected::Issuer));
    assert_eq!(read(DVA, "dva2-back.localhost"), Err(Rejected::Host));
    assert!(read(DVA, "dva-back.localhost").is_ok());
}
