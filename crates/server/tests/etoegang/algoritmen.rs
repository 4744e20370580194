//! An HM that signs with PS256 or ES256 (etoegang.md §4.5): everybody who reads its tokens reads those.

use etoegang::discovery::sleutels;
use identity::Oin;
use jose::{Algorithm, Expected, Jwks, Typ};
use serde_json::json;
use server::certificates::leads_to;

use crate::hm::{bewijs, introspect};
use crate::registratie::{asked, key};
use crate::world::{APP, BAKKERIJ, Tokens, World, body, error, part};

fn signing(name: &'static str) -> impl FnOnce(&mut serde_json::Value) {
    move |sample| sample["instellingen"] = json!({ "hm": { "ondertekent": name } })
}

/// A network whose HM signs so: a login, a refresh, and everybody who reads what came of it.
async fn everybody_reads(algorithm: Algorithm) {
    let name = algorithm.name();
    let world = World::start_with(signing(name)).await;
    let issuer = world.issuer();
    let metadata = format!("{issuer}/.well-known/openid-configuration");
    let metadata = body(&world.get(&metadata).await);
    for member in [
        "id_token_signing_alg_values_supported",
        "userinfo_signing_alg_values_supported",
    ] {
        assert_eq!(metadata[member], json!([name]), "{member}");
    }

    let tokens = world.login(BAKKERIJ).await;
    let renewed = Tokens::of(&world.refresh(APP, tokens.refresh()).await);
    let id_token = tokens.id.as_deref().expect("an ID token");
    for token in [&*tokens.access, &*renewed.access, id_token] {
        assert_eq!(part(token, 0)["alg"], name);
    }
    // etoegang case 82: the key has a chain to the root that names the OIN of the HM.
    let answer = world.get(&world.at("hm", "/jwks")).await;
    let root = world.running.authority.certificate().clone();
    let now = world.running.clock.wall();
    let is_trusted = |keten: &[Vec<u8>]| leads_to(keten, std::slice::from_ref(&root), now);
    let oin = Oin::parse(world.running.input.etoegang.hm.oin()).expect("an OIN");
    let keys = sleutels::read(&answer.body, &oin, is_trusted).expect("a set");
    let expected = Expected {
        typ: Typ::JwtOrAbsent,
        issuer: &issuer,
        audience: &[APP],
        now: world.running.clock.now(),
        leeway_s: 0,
    };
    let claims = jose::verify(id_token, &keys, &[algorithm], &expected);
    assert_eq!(
        claims.expect("its own").str("acr"),
        Ok("urn:etoegang:core:assurance-class:loa3")
    );

    // The DV's backend, its layer and the page of its app.
    let at_dv = format!("{}/api/bericht", world.url("dv"));
    assert_eq!(world.get_with(&at_dv, &renewed.access).await.status, 200);
    let userinfo = world
        .get_with(&world.at("hm", "/userinfo"), &renewed.access)
        .await;
    assert_eq!(userinfo.status, 200);
    let userinfo = String::from_utf8(userinfo.body).expect("text");
    let keys = Jwks::parse(&answer.body).expect("a set");
    let claims = jose::verify(&userinfo, &keys, &[algorithm], &expected).expect("its own");
    assert_eq!(claims.get("sub"), Some(&renewed.claims()["sub"]));
    let said = introspect(&world, &bewijs(&world, &issuer, "n1"), &renewed.access).await;
    assert_eq!(body(&said)["active"], true);

    // RFC 7591 §3.2.2
    let mut other = asked();
    other["id_token_signed_response_alg"] = json!("RS256");
    let refused = world.apply(&key(&world), &other).await;
    assert_eq!(
        (refused.status.as_u16(), &*error(&refused)),
        (400, "invalid_client_metadata")
    );
    other["id_token_signed_response_alg"] = json!(name);
    let told = world.apply(&key(&world), &other).await;
    assert_eq!(
        (
            told.status.as_u16(),
            &body(&told)["userinfo_signed_response_alg"]
        ),
        (201, &json!(name))
    );

    // RFC 7009 §2.1: it knows its own access token, and ends the login.
    assert_eq!(world.revoke(APP, &renewed.access).await.status, 200);
    let over = world.refresh(APP, renewed.refresh()).await;
    assert_eq!(&*error(&over), "invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hm_that_signs_with_ps256_is_read_by_everybody() {
    everybody_reads(Algorithm::Ps256).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hm_that_signs_with_es256_is_read_by_everybody() {
    everybody_reads(Algorithm::Es256).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_from_before_the_algorithm_was_changed_count_until_they_are_over() {
    let world = World::start().await;
    let tokens = world.login(BAKKERIJ).await;
    assert_eq!(part(&tokens.access, 0)["alg"], "RS256");
    let shifted = world.running.clock.shifted_s();
    let (folder, port) = world.stop().await;
    let world = World::start_in(folder, port, signing("ES256")).await;
    world.pass(shifted);
    let issuer = world.issuer();
    let said = introspect(&world, &bewijs(&world, &issuer, "n1"), &tokens.access).await;
    assert_eq!(body(&said)["active"], true);
    let at_dv = format!("{}/api/bericht", world.url("dv"));
    assert_eq!(world.get_with(&at_dv, &tokens.access).await.status, 200);
    let renewed = Tokens::of(&world.refresh(APP, tokens.refresh()).await);
    assert_eq!(part(&renewed.access, 0)["alg"], "ES256");
    assert_eq!(world.get_with(&at_dv, &renewed.access).await.status, 200);
}
