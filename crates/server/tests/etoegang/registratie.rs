//! Apps that are registered while the HM runs (RFC 7591, RFC 7592).

use http::Method;
use serde_json::{Value, json};
use server::etoegangbeheer::geheim_van_de_demo;
use server::network::Party;

use crate::world::{
    Login, OTHER_APP, TERUG, Tokens, VERIFIER, World, ZELF, body, error, query, refused,
};

/// What an app of the first DV asks.
pub(crate) fn asked() -> Value {
    json!({
        "client_name": "Nieuwe app van Gemeente Voorbeeld",
        "redirect_uris": ["http://127.0.0.1/terug"],
        "grant_types": ["authorization_code", "refresh_token"],
        "etd_dv": "urn:etoegang:DV:00000001234567890000:entities:9001",
    })
}

pub(crate) fn key(world: &World) -> String {
    geheim_van_de_demo(&world.running.apps[&Party::Hm])
}

/// The login of an app whose name is not known when the test is written.
async fn login(world: &World, client_id: &str) -> Tokens {
    let client_id: &'static str = Box::leak(client_id.to_owned().into_boxed_str());
    let code = world.code(Login { client_id, ..ZELF }).await;
    Tokens::of(&world.redeem(client_id, &code, VERIFIER).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc_7591_an_app_that_was_registered_can_log_in_at_once_and_after_a_restart() {
    let world = World::start().await;
    let since = world.audit_end(Party::Hm).await;
    let answer = world.apply(&key(&world), &asked()).await;
    // RFC 7591 §3.2.1
    assert_eq!(answer.status, 201, "{}", error(&answer));
    assert_eq!(world.told(Party::Hm, since, "RFC 7591 §3.1").await, 1);
    let told = body(&answer);
    for member in ["client_name", "redirect_uris", "grant_types", "etd_dv"] {
        assert_eq!(told[member], asked()[member], "{member}");
    }
    assert_eq!(told["token_endpoint_auth_method"], "none");
    let client_id = told["client_id"].as_str().expect("a client_id");
    let tokens = login(&world, client_id).await;
    assert_eq!(tokens.claims()["client_id"], client_id);
    let renewed = Tokens::of(&world.refresh(client_id, tokens.refresh()).await);
    let shifted = world.running.clock.shifted_s();
    let (folder, port) = world.stop().await;
    let world = World::start_in(folder, port, |_| ()).await;
    world.pass(shifted);
    let again = Tokens::of(&world.refresh(client_id, renewed.refresh()).await);
    let revoked = world.revoke(client_id, again.refresh()).await;
    assert_eq!(revoked.status, 200);
    assert!(world.family(again.refresh()).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_062_an_app_with_a_scheme_of_its_own_is_not_registered() {
    let world = World::start().await;
    let since = world.audit_end(Party::Hm).await;
    for (member, bad, code) in [
        // etoegang case 62
        (
            "redirect_uris",
            json!(["myapp://cb"]),
            "invalid_redirect_uri",
        ),
        // etoegang case 64
        (
            "redirect_uris",
            json!(["http://localhost:1/cb"]),
            "invalid_redirect_uri",
        ),
        (
            "grant_types",
            json!(["password"]),
            "invalid_client_metadata",
        ),
        (
            "etd_dv",
            json!("urn:etoegang:DV:00000009999999990000:entities:1"),
            "invalid_client_metadata",
        ),
    ] {
        let mut metadata = asked();
        metadata[member] = bad;
        let answer = world.apply(&key(&world), &metadata).await;
        // RFC 7591 §3.2.2
        assert_eq!((answer.status.as_u16(), &*error(&answer)), (400, code));
        assert!(body(&answer).get("client_id").is_none());
    }
    let of_ad = geheim_van_de_demo(&world.running.apps[&Party::Ad]);
    for wrong in ["nonsense", &of_ad] {
        assert_eq!(world.apply(wrong, &asked()).await.status, 401);
    }
    assert_eq!(world.audit_end(Party::Hm).await, since, "nothing is stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc_7592_an_app_sees_its_own_registration_and_is_nobody_once_it_removed_it() {
    let world = World::start().await;
    let told = body(&world.apply(&key(&world), &asked()).await);
    let other = body(&world.apply(&key(&world), &asked()).await);
    let text = |told: &Value, name: &str| told[name].as_str().expect(name).to_owned();
    let (url, token) = (
        text(&told, "registration_client_uri"),
        text(&told, "registration_access_token"),
    );
    let client_id = text(&told, "client_id");
    assert_eq!(url, world.at("hm", &format!("/register/{client_id}")));
    // RFC 7592 §2.1
    let seen = world.manage(Method::GET, &url, &token).await;
    assert_eq!((seen.status.as_u16(), body(&seen)), (200, told.clone()));
    let of_other = text(&other, "registration_access_token");
    for (method, wrong) in [
        (Method::GET, of_other.as_str()),
        (Method::DELETE, &of_other),
        (Method::DELETE, &key(&world)),
    ] {
        assert_eq!(world.manage(method, &url, wrong).await.status, 401);
    }
    let tokens = login(&world, &client_id).await;
    let foreign = world.refresh(OTHER_APP, tokens.refresh()).await;
    refused(&foreign, 400, "invalid_grant");
    let tokens = login(&world, &client_id).await;
    // RFC 7592 §2.3
    let removed = world.manage(Method::DELETE, &url, &token).await;
    assert_eq!((removed.status.as_u16(), removed.body.len()), (204, 0));
    let gone = world.refresh(&client_id, tokens.refresh()).await;
    refused(&gone, 401, "invalid_client");
    assert_eq!(world.manage(Method::GET, &url, &token).await.status, 401);
    let client_id: &'static str = Box::leak(client_id.into_boxed_str());
    let page = world
        .get(&world.authorize(Login { client_id, ..ZELF }, &[]))
        .await;
    assert_eq!(page.status, 400, "no redirect to {TERUG}");
    assert_eq!(query(&crate::world::location(&page), "error"), None);
    let left = login(&world, &text(&other, "client_id")).await;
    Tokens::of(
        &world
            .refresh(&text(&other, "client_id"), left.refresh())
            .await,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_apps_are_registered_than_the_hm_has_room_for() {
    let world = World::start().await;
    let key = key(&world);
    for _ in 0..256 {
        assert_eq!(world.apply(&key, &asked()).await.status, 201);
    }
    let full = world.apply(&key, &asked()).await;
    assert_eq!(
        (full.status.as_u16(), &*error(&full)),
        (403, "access_denied")
    );
}
