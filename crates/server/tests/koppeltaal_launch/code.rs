//! Koppeltaal cases 106 to 109.

use jose::{Algorithm, Expected, Jwks, Typ};
use serde_json::json;

use crate::world::{MODULE, OTHER_MODULE, TERUG, VERIFIER, World, body, id, part, text};

#[tokio::test]
async fn koppeltaal_case_106_a_code_brings_noop_an_id_token_and_the_context() {
    let world = World::start().await;
    let mut claims = world.launch();
    claims["patient"] = json!("Patient/p");
    let code = world.code(&claims, "p").await;
    let answer = world.exchange(MODULE, &code, TERUG, VERIFIER).await;
    assert_eq!(answer.status, 200, "{}", text(&answer));
    let mut body = body(&answer);
    let id_token = body["id_token"].take();
    assert!(id_token.is_string());
    // koppeltaal case 106
    let expected = json!({
        "access_token": "NOOP", "token_type": "bearer", "expires_in": 300,
        "scope": "launch openid fhirUser", "id_token": null,
        "sub": "Patient/p", "resource": "Task/t", "definition": "ActivityDefinition/a",
        "patient": "Patient/p", "intent": "plan",
    });
    assert_eq!(body, expected);
    // koppeltaal.md §7.2
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["pragma"], "no-cache");
}

#[tokio::test]
async fn koppeltaal_case_107_a_wrong_verifier_is_invalid_grant_and_spends_the_code() {
    let world = World::start().await;
    let code = world.code(&world.launch(), "p").await;
    let wrong = VERIFIER.replace('f', "g");
    for verifier in [wrong.as_str(), VERIFIER] {
        let answer = world.exchange(MODULE, &code, TERUG, verifier).await;
        // koppeltaal case 107; design §5 "code"
        assert_eq!(answer.status, 400);
        assert_eq!(body(&answer)["error"], "invalid_grant");
    }
}

#[tokio::test]
async fn koppeltaal_case_108_a_code_serves_once_its_own_client_and_its_own_redirect_uri() {
    let world = World::start().await;
    let code = world.code(&world.launch(), "p").await;
    let answer = world.exchange(MODULE, &code, TERUG, VERIFIER).await;
    assert_eq!(answer.status, 200);
    let again = world.exchange(MODULE, &code, TERUG, VERIFIER).await;
    // koppeltaal case 108
    assert_eq!(body(&again)["error"], "invalid_grant");
    for (by, uri) in [
        (OTHER_MODULE, TERUG),
        (MODULE, "https://module.example/ander"),
    ] {
        let code = world.code(&world.launch(), "p").await;
        let answer = world.exchange(by, &code, uri, VERIFIER).await;
        assert_eq!(answer.status, 400);
        assert_eq!(body(&answer)["error"], "invalid_grant");
    }
    let noise = world.exchange(MODULE, "ruis", TERUG, VERIFIER).await;
    assert_eq!(body(&noise)["error"], "invalid_grant");
}

#[tokio::test]
async fn koppeltaal_case_108_two_exchanges_of_one_code_at_once_bring_one_answer() {
    let world = World::start().await;
    let code = world.code(&world.launch(), "p").await;
    let (one, other) = tokio::join!(
        world.exchange(MODULE, &code, TERUG, VERIFIER),
        world.exchange(MODULE, &code, TERUG, VERIFIER)
    );
    let codes = [one.status.as_u16(), other.status.as_u16()];
    // koppeltaal case 108
    assert!(codes == [200, 400] || codes == [400, 200], "{codes:?}");
}

#[tokio::test]
async fn koppeltaal_case_108_a_code_is_over_after_a_minute() {
    let world = World::start().await;
    let code = world.code(&world.launch(), "p").await;
    world.running.clock.shift(60);
    let late = world.exchange(MODULE, &code, TERUG, VERIFIER).await;
    // koppeltaal case 108
    assert_eq!(body(&late)["error"], "invalid_grant");
}

#[tokio::test]
async fn koppeltaal_case_109_the_id_token_is_signed_with_rs256_by_a_key_of_the_jwks() {
    let world = World::start().await;
    let code = world.code(&world.launch(), "p").await;
    let answer = world.exchange(MODULE, &code, TERUG, VERIFIER).await;
    let body = body(&answer);
    let id_token = body["id_token"].as_str().expect("an ID token");
    let jwks = world.get(&world.at("oauth2/jwks")).await;
    let jwks = Jwks::parse(&jwks.body).expect("keys");
    let expected = Expected {
        typ: Typ::JwtOrAbsent,
        issuer: &world.at("oauth2"),
        audience: &[&id(MODULE).to_string()],
        now: world.running.clock.now(),
        leeway_s: 0,
    };
    let claims = jose::verify(id_token, &jwks, &[Algorithm::Rs256], &expected);
    let claims = claims.expect("a good ID token");
    // koppeltaal case 109
    assert_eq!(part(id_token, 0)["alg"], "RS256");
    assert_eq!(claims.str("sub"), Ok("Patient/p"));
    assert_eq!(claims.str("nonce"), Ok("n-1"));
    let who = world.at("fhir/r4/Patient/p");
    assert_eq!(claims.str("fhirUser"), Ok(who.as_str()));
    assert!(claims.integer("iat").is_ok());
}

#[tokio::test]
async fn koppeltaal_md_4_4_an_id_token_is_introspected_by_its_module() {
    let world = World::start().await;
    let code = world.code(&world.launch(), "p").await;
    let answer = world.exchange(MODULE, &code, TERUG, VERIFIER).await;
    let id_token = body(&answer)["id_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let own = body(&world.introspect(MODULE, &id_token).await);
    // koppeltaal.md §4.4
    assert_eq!(own["active"], true);
    assert_eq!(own["sub"], "Patient/p");
    let other = world.introspect(OTHER_MODULE, &id_token).await;
    assert_eq!(body(&other), json!({ "active": false }));
    let noop = world.introspect(MODULE, "NOOP").await;
    assert_eq!(body(&noop), json!({ "active": false }));
}
