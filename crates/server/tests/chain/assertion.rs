//! A client that proves itself at Mitz by assertions, over TLS.

use jose::{Algorithm, Jwks, RsaSize, SigningKey, generate_pkcs8};
use protocol::assertion::TYPE;
use serde_json::{Value, json};
use server::network::Party;
use server::outside::{Answer, Headers};

use crate::world::{Dvp, SASKIA, World, is_error, json, payload, tokens};

const CLIENT: &str = "sleutelpgo.localhost";

fn key() -> SigningKey {
    let der = generate_pkcs8(Algorithm::Es256, RsaSize::Bits2048).expect("generated");
    SigningKey::from_pkcs8(Algorithm::Es256, &der).expect("usable")
}

/// A network in which this client is registered with the key, and the client without a certificate.
async fn world(key: &SigningKey) -> World {
    let keys = Jwks::new(vec![key.public().clone()]).expect("a set");
    let clients = json!([{
        "client_id": CLIENT, "organisation": "Sleutel-PGO", "auth": "private_key_jwt",
        "jwks": keys.to_json(), "redirect_uris": [format!("https://{CLIENT}:{{port}}/callback")],
    }]);
    World::start_with(&[("clients.json", &clients.to_string())]).await
}

fn client(world: &World) -> Dvp<'_> {
    Dvp {
        outside: world.outside(None),
        ..world.dvp(CLIENT)
    }
}

fn assertion(world: &World, key: &SigningKey, jti: &str) -> String {
    let now = world.running.clock.now();
    let claims = json!({
        "iss": CLIENT, "sub": CLIENT, "aud": world.url("mitz"), "jti": jti,
        "iat": now.unix(), "exp": now.plus_s(60).unix(),
    });
    key.sign("JWT", &claims).expect("signed")
}

async fn offer(dvp: &Dvp<'_>, mut form: Vec<(&str, &str)>, assertion: &str) -> Answer {
    form.extend([
        ("client_assertion_type", TYPE),
        ("client_assertion", assertion),
    ]);
    dvp.post_token(&form).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc_7523_2_2_an_assertion_proves_a_client_without_a_certificate() {
    let key = key();
    let world = world(&key).await;
    let dvp = client(&world);
    let code = dvp.code(SASKIA, &[]).await;
    let proof = assertion(&world, &key, "1");
    let issued = tokens(&offer(&dvp, dvp.code_form(&code), &proof).await);
    // RFC 7523 §2.2
    assert_eq!(payload(&issued.access).get("cnf"), None);
    assert_eq!(dvp.userinfo(&issued.access).await.status, 200);
    let refresh = vec![
        ("grant_type", "refresh_token"),
        ("refresh_token", issued.refresh.as_str()),
    ];
    let again = offer(&dvp, refresh.clone(), &proof).await;
    is_error(&again, 401, "invalid_client");
    let told = world.requirements(Party::Mitz).await;
    assert!(told.contains(&"RFC 7523 §3".to_owned()), "{told:?}");
    let fresh = assertion(&world, &key, "2");
    assert_eq!(offer(&dvp, refresh, &fresh).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc_7523_3_of_many_requests_with_one_assertion_one_wins() {
    let key = key();
    let world = world(&key).await;
    let dvp = client(&world);
    let code = dvp.code(SASKIA, &[]).await;
    let proof = assertion(&world, &key, "1");
    let all = (0..16).map(|_| offer(&dvp, dvp.code_form(&code), &proof));
    let all = futures_util::future::join_all(all).await;
    let won: Vec<&Answer> = all.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(won.len(), 1);
    for lost in all.iter().filter(|answer| answer.status != 200) {
        is_error(lost, 401, "invalid_client");
    }
    // nobody ended the winner's family
    let access = tokens(won[0]).access;
    assert_eq!(dvp.userinfo(&access).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc_6749_2_3_an_authorization_header_beside_an_assertion_is_invalid_request() {
    let key = key();
    let world = world(&key).await;
    let dvp = client(&world);
    let code = dvp.code(SASKIA, &[]).await;
    let proof = assertion(&world, &key, "1");
    let mut form = dvp.code_form(&code);
    form.extend([
        ("client_assertion_type", TYPE),
        ("client_assertion", proof.as_str()),
    ]);
    let url = format!("{}/token", world.url("mitz-back"));
    let headers = Headers::none().bearer("geheim");
    let answer = dvp.outside.post_form(&url, &form, headers).await;
    is_error(&answer.expect("an answer"), 400, "invalid_request");
    assert_eq!(dvp.post_token(&form).await.status, 200, "nothing was spent");
}

#[tokio::test(flavor = "multi_thread")]
async fn discovery_tells_of_assertions_and_their_algorithms() {
    let world = World::start().await;
    let url = format!("{}/.well-known/openid-configuration", world.url("mitz"));
    let answer = world.outside(None).get(&url, Headers::none()).await;
    let said: Value = json(&answer.expect("an answer"));
    // RFC 8414 §2
    assert_eq!(
        said["token_endpoint_auth_methods_supported"],
        json!([
            "tls_client_auth",
            "self_signed_tls_client_auth",
            "private_key_jwt"
        ])
    );
    assert_eq!(
        said["token_endpoint_auth_signing_alg_values_supported"],
        json!(["ES256", "ES384", "PS256", "RS256", "RS384"])
    );
}
