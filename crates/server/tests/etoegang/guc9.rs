//! GUC9 that works, and refresh tokens that do not.

use http::header::ALLOW;
use serde_json::json;
use server::network::Party;
use verdict::Actor;

use crate::world::{
    APP, BAKKERIJ, OTHER_APP, S1, S3, Tokens, VISSERIJ, World, ZELF, body, error, header, refused,
};

const LOA3: &str = "urn:etoegang:core:assurance-class:loa3";

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_001_and_002_and_005_and_006_and_007_and_009_and_013_a_refresh_asks_the_ad_and_then_the_mr_and_renews_the_same_login()
 {
    let world = World::start().await;
    let first = world.login(BAKKERIJ).await;
    let (ad, mr) = (
        world.audit_end(Party::Ad).await,
        world.audit_end(Party::Mr).await,
    );
    let at_ad = world
        .family(first.refresh())
        .await
        .expect("a family")
        .secret;
    world.pass(5);
    // etoegang cases 1 and 9
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", APP),
        ("refresh_token", first.refresh()),
        ("scope", &format!("openid {S1}")),
    ];
    let second = Tokens::of(&world.post(&world.at("hm", "/token"), &fields).await);
    assert_ne!(second.refresh, first.refresh);
    assert_ne!(second.access, first.access);
    assert_eq!(second.scope, first.scope);
    // etoegang case 2
    assert_eq!(world.told(Party::Ad, ad, "GUC9 9.3").await, 1);
    assert_eq!(world.told(Party::Mr, mr, "GUC9 9.4").await, 1);
    // etoegang case 5
    let family = world.family(second.refresh()).await.expect("a family");
    assert_ne!(family.secret, at_ad, "the AD's new token is kept");
    assert_eq!(family.generation, 2);
    world.refreshed(second.refresh()).await;
    // etoegang cases 6 and 7
    let (old, new) = (first.claims(), second.claims());
    for same in ["sub", "azp", "aud", "represents", "auth_time", "iss"] {
        assert_eq!(new[same], old[same], "{same}");
        assert!(!new[same].is_null(), "{same}");
    }
    assert_ne!(new["jti"], old["jti"]);
    assert!(new["exp"].as_i64() > old["exp"].as_i64());
    let number = |name: &str| new[name].as_i64().expect("a number");
    assert!(number("exp") - number("iat") <= 900);
    // etoegang case 13
    assert_eq!(second.id, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_003_whoever_acts_for_himself_is_renewed_without_the_mr() {
    let world = World::start().await;
    let first = world.login(ZELF).await;
    let mr = world.audit_end(Party::Mr).await;
    let second = world.refreshed(first.refresh()).await;
    // etoegang case 3
    assert!(second.claims().get("represents").is_none());
    assert_eq!(second.claims()["sub"], first.claims()["sub"]);
    assert_eq!(world.audit_end(Party::Mr).await, mr, "the MR is not asked");
    assert_eq!(second.scope, format!("openid {S3}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_008_and_011_and_012_a_chain_is_asked_for_twice_and_its_restriction_stays() {
    let world = World::start().await;
    let first = world.login(VISSERIJ).await;
    let mr = world.audit_end(Party::Mr).await;
    let second = world.refreshed(first.refresh()).await;
    let claims = second.claims();
    // etoegang case 11
    let (outer, inner) = (&claims["represents"], &claims["represents"]["represents"]);
    assert_eq!(
        (&outer["sub"], &inner["sub"]),
        (&json!("87654321"), &json!("11223344"))
    );
    assert_eq!(claims["represents"], first.claims()["represents"]);
    assert_eq!(world.told(Party::Mr, mr, "GUC9 9.4").await, 2);
    // etoegang case 12
    let restriction = "urn:etoegang:1.9:ServiceRestriction:Vestigingsnr";
    assert_eq!(claims[restriction], "000012345678");
    assert_eq!(first.claims()[restriction], "000012345678");
    // etoegang case 8: the means is of loa4
    assert_eq!(claims["acr"], LOA3);
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_015_and_016_and_019_and_020_and_021_and_022_every_dead_refresh_token_is_refused_in_the_same_bytes()
 {
    let world = World::start().await;
    let mut bodies = Vec::new();
    // etoegang case 15
    let (ad, mr) = (
        world.audit_end(Party::Ad).await,
        world.audit_end(Party::Mr).await,
    );
    let nonsense = world.refresh(APP, "nonsense").await;
    refused(&nonsense, 400, "invalid_grant");
    assert_eq!(world.audit_end(Party::Ad).await, ad);
    assert_eq!(world.audit_end(Party::Mr).await, mr);
    bodies.push(nonsense.body);
    // etoegang cases 19 and 84
    let tokens = world.login(ZELF).await;
    let sessie = world.sessie(tokens.refresh()).await;
    let revoked = world.revoke(APP, tokens.refresh()).await;
    assert_eq!((revoked.status.as_u16(), revoked.body.len()), (200, 0));
    assert!(world.family(tokens.refresh()).await.is_none());
    let after = world.refresh(APP, tokens.refresh()).await;
    refused(&after, 400, "invalid_grant");
    bodies.push(after.body);
    world.ends_at_ad(&sessie).await;
    bodies.push(of_another_app(&world).await);
    bodies.extend(spent(&world).await);
    // etoegang case 16
    let tokens = world.login(ZELF).await;
    world.pass(7201);
    let idle = world.refresh(APP, tokens.refresh()).await;
    refused(&idle, 400, "invalid_grant");
    assert!(world.family(tokens.refresh()).await.is_none());
    bodies.push(idle.body);
    // etoegang case 22
    assert_eq!(bodies.len(), 6);
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

/// Another app has it: its own has lost it.
async fn of_another_app(world: &World) -> Vec<u8> {
    let tokens = world.login(ZELF).await;
    let sessie = world.sessie(tokens.refresh()).await;
    let since = world.audit_end(Party::Hm).await;
    // etoegang case 20
    let other = world.refresh(OTHER_APP, tokens.refresh()).await;
    refused(&other, 400, "invalid_grant");
    let rows = world.audit_from(Party::Hm, since).await;
    assert_eq!(rows[0].who, Actor::Party(OTHER_APP.to_owned()));
    let own = world.refresh(APP, tokens.refresh()).await;
    refused(&own, 400, "invalid_grant");
    assert!(world.family(tokens.refresh()).await.is_none());
    world.ends_at_ad(&sessie).await;
    other.body
}

/// One that was used, and then the one that came of it.
async fn spent(world: &World) -> [Vec<u8>; 2] {
    let first = world.login(ZELF).await;
    let second = world.refreshed(first.refresh()).await;
    let sessie = world.sessie(second.refresh()).await;
    // etoegang case 21
    let again = world.refresh(APP, first.refresh()).await;
    refused(&again, 400, "invalid_grant");
    let newest = world.refresh(APP, second.refresh()).await;
    refused(&newest, 400, "invalid_grant");
    assert!(world.family(second.refresh()).await.is_none());
    world.ends_at_ad(&sessie).await;
    [again.body, newest.body]
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_018_a_login_ends_after_four_hours_however_often_it_was_renewed() {
    let world = World::start().await;
    let first = world.login(BAKKERIJ).await;
    world.pass(6_600);
    let second = world.refreshed(first.refresh()).await;
    world.pass(6_600);
    let third = world.refreshed(second.refresh()).await;
    assert_eq!(third.claims()["auth_time"], first.claims()["auth_time"]);
    world.pass(1_201);
    // etoegang case 18
    refused(
        &world.refresh(APP, third.refresh()).await,
        400,
        "invalid_grant",
    );
    assert!(world.family(third.refresh()).await.is_none());
}

type Fields<'a> = &'a [(&'a str, &'a str)];

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_023_and_024_and_027_and_028_and_032_and_033_a_request_that_is_none_leaves_the_token_as_it_was()
 {
    let world = World::start().await;
    let tokens = world.login(ZELF).await;
    let (ad, token) = (world.audit_end(Party::Ad).await, tokens.refresh());
    let url = world.at("hm", "/token");
    let (grant, of_app) = (("grant_type", "refresh_token"), ("client_id", APP));
    let own = ("refresh_token", token);
    let two = format!("openid {S3} {S1}");
    let cases: [(Fields<'_>, u16, &str); 6] = [
        // etoegang case 23
        (&[grant, of_app], 400, "invalid_request"),
        // etoegang case 24
        (&[grant, of_app, own, own], 400, "invalid_request"),
        // etoegang case 27
        (&[grant, own], 400, "invalid_request"),
        // etoegang case 28
        (
            &[grant, own, ("client_id", "unknown")],
            401,
            "invalid_client",
        ),
        // etoegang case 32
        (&[grant, own, of_app, ("scope", &two)], 400, "invalid_scope"),
        // etoegang case 33
        (
            &[("grant_type", "password"), own, of_app],
            400,
            "unsupported_grant_type",
        ),
    ];
    for (fields, status, code) in cases {
        refused(&world.post(&url, fields).await, status, code);
    }
    assert_eq!(world.audit_end(Party::Ad).await, ad, "the AD is not asked");
    world.refreshed(token).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_025_and_026_the_token_endpoint_takes_a_form_by_post_and_nothing_else() {
    let world = World::start().await;
    let tokens = world.login(ZELF).await;
    let (ad, token) = (world.audit_end(Party::Ad).await, tokens.refresh());
    let url = world.at("hm", "/token");
    // etoegang case 25
    let query = format!("{url}?grant_type=refresh_token&client_id={APP}&refresh_token={token}");
    let got = world.get(&query).await;
    assert_eq!((got.status.as_u16(), &*header(&got, &ALLOW)), (405, "POST"));
    // etoegang case 26
    let json = json!({ "grant_type": "refresh_token", "client_id": APP, "refresh_token": token });
    let sent = world
        .post_bytes(&url, "application/json", &json.to_string())
        .await;
    refused(&sent, 400, "invalid_request");
    assert_eq!(world.audit_end(Party::Ad).await, ad, "the AD is not asked");
    world.refreshed(token).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_034_an_app_that_may_not_refresh_gets_no_refresh_token_and_may_offer_none() {
    let world = World::start_with(|sample| {
        let mut strict = sample["apps"][0].clone();
        strict["client_id"] = json!("strenge-app");
        strict["mag_vernieuwen"] = json!(false);
        let apps = sample["apps"].as_array_mut().expect("apps");
        apps.push(strict);
    })
    .await;
    let strict = crate::world::Login {
        client_id: "strenge-app",
        ..ZELF
    };
    let since = world.audit_end(Party::Ad).await;
    assert_eq!(world.login(strict).await.refresh, None);
    world.tells(Party::Ad, since, "RFC 7009 §2").await;
    let tokens = world.login(ZELF).await;
    // etoegang case 34
    let offered = world.refresh("strenge-app", tokens.refresh()).await;
    refused(&offered, 400, "unauthorized_client");
    world.refreshed(tokens.refresh()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_035_of_two_at_once_one_gets_tokens_and_then_the_login_ends() {
    let world = World::start().await;
    let tokens = world.login(BAKKERIJ).await;
    let sessie = world.sessie(tokens.refresh()).await;
    let one = world.refresh(APP, tokens.refresh());
    let other = world.refresh(APP, tokens.refresh());
    let (one, other) = tokio::join!(one, other);
    // etoegang case 35
    let (won, lost) = if one.status == 200 {
        (one, other)
    } else {
        (other, one)
    };
    refused(&lost, 400, "invalid_grant");
    let won = Tokens::of(&won);
    assert!(world.family(won.refresh()).await.is_none());
    let after = world.refresh(APP, won.refresh()).await;
    assert_eq!(body(&after)["error"], error(&lost));
    world.ends_at_ad(&sessie).await;
}
