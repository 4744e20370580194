//! What a domain tells everybody.

use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use serde_json::{Value, json};
use server::outside::Headers;

use crate::world::{World, body};

const WELL_KNOWN: &str = "fhir/r4/.well-known/smart-configuration";

async fn document(world: &World) -> Value {
    let accept = Headers::none().with(ACCEPT, "text/html");
    let answer = world.get(&world.at(WELL_KNOWN), accept).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers[CONTENT_TYPE], "application/json");
    body(&answer)
}

#[tokio::test]
async fn koppeltaal_case_001_the_discovery_document_is_json_for_everybody() {
    let world = World::start().await;
    let document = document(&world).await;
    // koppeltaal case 1
    assert_eq!(document["issuer"], world.at("oauth2"));
    assert_eq!(document["token_endpoint"], world.at("oauth2/token"));
    for (name, is_endpoint) in [
        ("jwks_uri", true),
        ("authorization_endpoint", true),
        ("introspection_endpoint", true),
        ("management_endpoint", true),
        ("grant_types_supported", false),
        ("scopes_supported", false),
        ("response_types_supported", false),
    ] {
        assert_eq!(document[name].is_string(), is_endpoint, "{name}");
        assert_eq!(document[name].is_array(), !is_endpoint, "{name}");
    }
}

#[tokio::test]
async fn koppeltaal_case_002_and_003_and_004_it_promises_what_topic_016_lists_and_no_more() {
    let world = World::start().await;
    let document = document(&world).await;
    // koppeltaal case 2
    assert_eq!(
        document["code_challenge_methods_supported"],
        json!(["S256"])
    );
    assert_eq!(document.get("registration_endpoint"), None);
    assert_eq!(document.get("revocation_endpoint"), None);
    // koppeltaal case 3
    let capabilities = [
        "launch-ehr",
        "authorize-post",
        "client-confidential-asymmetric",
        "sso-openid-connect",
        "context-ehr-hti",
        "permission-v2",
    ];
    assert_eq!(document["capabilities"], json!(capabilities));
    let methods = &document["token_endpoint_auth_methods_supported"];
    assert_eq!(*methods, json!(["private_key_jwt"]));
    // RFC 9207 §3
    assert_eq!(
        document["authorization_response_iss_parameter_supported"],
        true
    );
    // koppeltaal case 4
    let algorithms = &document["token_endpoint_auth_signing_alg_values_supported"];
    let algorithms = algorithms.as_array().expect("algorithms");
    assert!(algorithms.contains(&json!("RS384")) && algorithms.contains(&json!("ES384")));
}

#[tokio::test]
async fn koppeltaal_case_005_a_domain_that_is_not_there_has_no_endpoints() {
    let world = World::start().await;
    let d1 = world.at(WELL_KNOWN);
    // koppeltaal case 5: names are in every address, so that those of two domains differ
    for other in ["d2", "D1", "d1%2f..", "d1."] {
        let url = d1.replace("/d1/", &format!("/{other}/"));
        let answer = world.get(&url, Headers::none()).await;
        assert_eq!(answer.status, 404, "{other}");
    }
}

#[tokio::test]
async fn koppeltaal_case_006_the_keys_are_public_ones_with_names() {
    let world = World::start().await;
    let answer = world.get(&world.at("oauth2/jwks"), Headers::none()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers[CACHE_CONTROL], "public, max-age=60");
    let keys = body(&answer);
    let keys = keys["keys"].as_array().expect("keys");
    assert_eq!(keys.len(), 2, "one for access tokens, one for ID tokens");
    for key in keys {
        // koppeltaal case 6
        assert!(key["kty"].is_string() && key["kid"].is_string(), "{key}");
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert_eq!(key.get(private), None);
        }
    }
}
