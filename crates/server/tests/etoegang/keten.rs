//! GUC9 where the AD or the MR refuses, is away, or is wrong.

use http::Method;
use http::header::RETRY_AFTER;
use serde_json::json;
use server::network::{Party, Trouble, Wrong};
use verdict::{Actor, Outcome};

use crate::world::{
    APP, BAKKERIJ, Login, S1, S4, Tokens, VISSERIJ, World, ZELF, header, refused, wrong,
};

/// The HM answers that it cannot say now, and the app's token stays.
async fn later(world: &World, token: &str) {
    let answer = world.refresh(APP, token).await;
    refused(&answer, 503, "temporarily_unavailable");
    let seconds: u32 = header(&answer, &RETRY_AFTER).parse().expect("seconds");
    assert!((1..=300).contains(&seconds));
    assert!(world.family(token).await.is_some());
}

/// The login is over: at the HM at once, at the AD soon.
async fn over(world: &World, token: &str) {
    let sessie = world.sessie(token).await;
    refused(&world.refresh(APP, token).await, 400, "invalid_grant");
    assert!(world.family(token).await.is_none());
    world.ends_at_ad(&sessie).await;
    refused(&world.refresh(APP, token).await, 400, "invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_036_and_037_a_means_that_was_suspended_or_revoked_ends_the_login() {
    let world = World::start().await;
    for stand in ["geschorst", "ingetrokken"] {
        let tokens = world.login(BAKKERIJ).await;
        let (ad, mr) = (
            world.audit_end(Party::Ad).await,
            world.audit_end(Party::Mr).await,
        );
        world.stand("b.bakker", stand).await;
        // etoegang cases 36 and 37
        over(&world, tokens.refresh()).await;
        assert_eq!(world.told(Party::Ad, ad, "etoegang case 37").await, 1);
        assert_eq!(world.audit_end(Party::Mr).await, mr, "the MR is not asked");
        if stand == "geschorst" {
            world.stand("b.bakker", "actief").await;
        }
    }
    let at = (Party::Ad, "ad");
    let back = json!({ "stand": "actief" });
    let freed = world
        .beheer(at, (Method::PATCH, "middelen/b.bakker"), Some(back))
        .await;
    assert_eq!(freed.status, 409, "what was revoked never comes back");
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_038_and_040_an_ad_that_is_away_or_refuses_the_hm_leaves_the_token() {
    let world = World::start().await;
    let tokens = world.login(BAKKERIJ).await;
    let (ad, mr) = (
        world.audit_end(Party::Ad).await,
        world.audit_end(Party::Mr).await,
    );
    // etoegang case 38
    world.disturb(Party::Ad, Trouble::Down);
    later(&world, tokens.refresh()).await;
    assert_eq!(world.audit_end(Party::Ad).await, ad);
    // etoegang case 40: the HM's clock is two days behind, so its proofs are over
    world.disturb(Party::Ad, Trouble::Slow { delay_ms: 1 });
    world.disturb(Party::Hm, wrong(Wrong::Expired));
    let answer = world.refresh(APP, tokens.refresh()).await;
    refused(&answer, 502, "server_error");
    world.heal();
    // etoegang case 2
    assert_eq!(world.audit_end(Party::Mr).await, mr, "the MR is not asked");
    world.refreshed(tokens.refresh()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_039_an_ad_that_does_not_answer_in_five_seconds_leaves_the_token() {
    let world = World::start().await;
    let tokens = world.login(ZELF).await;
    // etoegang case 39
    world.disturb(Party::Ad, Trouble::Slow { delay_ms: 8_000 });
    later(&world, tokens.refresh()).await;
    world.heal();
    world.refreshed(tokens.refresh()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_044_a_declaration_that_cannot_be_believed_brings_no_token() {
    let world = World::start().await;
    for how in [Wrong::BadSignature, Wrong::WrongIssuer, Wrong::Truncated] {
        let tokens = world.login(BAKKERIJ).await;
        let sessie = world.sessie(tokens.refresh()).await;
        let mr = world.audit_end(Party::Mr).await;
        world.disturb(Party::Ad, wrong(how));
        // etoegang case 44
        let answer = world.refresh(APP, tokens.refresh()).await;
        refused(&answer, 502, "server_error");
        assert_eq!(world.audit_end(Party::Mr).await, mr, "the MR is not asked");
        assert!(world.family(tokens.refresh()).await.is_some());
        world.heal();
        // The AD has replaced its token, and nobody could believe the new one: F10b.
        let again = world.refresh(APP, tokens.refresh()).await;
        refused(&again, 400, "invalid_grant");
        assert!(world.family(tokens.refresh()).await.is_none());
        assert!(!world.has(Party::Ad, &sessie).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_045_at_the_highest_level_there_is_no_refresh_token() {
    let world = World::start().await;
    let since = world.audit_end(Party::Ad).await;
    let tokens = world
        .login(Login {
            dienst: S4,
            wie: "t.teller",
            machtiging: None,
            ..ZELF
        })
        .await;
    // etoegang case 45
    assert_eq!(tokens.refresh, None);
    let loa4 = "urn:etoegang:core:assurance-class:loa4";
    assert_eq!(tokens.claims()["acr"], loa4);
    world.tells(Party::Ad, since, "RFC 7009 §2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_046_and_058_a_withdrawn_mandate_ends_the_login_and_another_begins_anew() {
    let world = World::start().await;
    let other = world.register(86_400).await;
    let tokens = world.login(BAKKERIJ).await;
    let (hm, mr) = (
        world.audit_end(Party::Hm).await,
        world.audit_end(Party::Mr).await,
    );
    world.withdraw("M-bakkerij-bakker").await;
    // etoegang cases 46 and 57: another mandate for the same bakery is no way around it
    over(&world, tokens.refresh()).await;
    assert_eq!(world.told(Party::Mr, mr, "GUC9 9.4").await, 1);
    withdrawal_is_explained(&world, hm, &tokens).await;
    // etoegang case 58
    let page = world.browser();
    let at_mr = world.at_mr(&page, BAKKERIJ).await;
    let keuze = at_mr.mandate(&other);
    let fields = [("keuze", "kiezen"), ("machtiging", keuze.as_str())];
    let back = page.send(&at_mr, "/machtiging", &fields).await.url;
    let code = crate::world::query(&back, "code").expect("a code");
    let new = Tokens::of(&world.redeem(APP, &code, crate::world::VERIFIER).await);
    assert_eq!(new.claims()["represents"], tokens.claims()["represents"]);
    assert_eq!(new.claims()["sub"], tokens.claims()["sub"]);
    world.refreshed(new.refresh()).await;
}

/// What the HM's audit log says of it: enough to explain, no token and no person.
async fn withdrawal_is_explained(world: &World, since: u64, tokens: &Tokens) {
    let rows = world.audit_from(Party::Hm, since).await;
    let row = rows.first().expect("an event");
    // etoegang case 94
    assert_eq!(row.who, Actor::Party(APP.to_owned()));
    assert_eq!(
        (row.requirement.as_str(), row.outcome),
        ("GUC9 9.4", Outcome::Refused)
    );
    assert_eq!(row.what, "the MR does not permit the mandate any more");
    let network = &world.running.input.etoegang;
    let detail = |name: &str| row.details.get(name).map(String::as_str);
    assert_eq!(detail("service"), Some(S1));
    assert_eq!(detail("mr"), Some(network.mr.as_str()));
    assert_eq!(detail("decision"), Some("not permitted"));
    assert_eq!(detail("transaction").map(str::len), Some(32));
    let whole = format!("{rows:?}");
    let sub = tokens.claims()["sub"].as_str().expect("a name").to_owned();
    for private in [tokens.refresh(), &tokens.access, &sub] {
        assert!(!whole.contains(private));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_047_a_mandate_that_is_over_ends_the_login() {
    let world = World::start().await;
    world.withdraw("M-bakkerij-bakker").await;
    let short = world.register(1_800).await;
    let short: &'static str = Box::leak(short.into_boxed_str());
    let tokens = world
        .login(Login {
            machtiging: Some(short),
            ..BAKKERIJ
        })
        .await;
    let tokens = world.refreshed(tokens.refresh()).await;
    world.pass(1_800);
    // etoegang case 47
    over(&world, tokens.refresh()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_049_a_service_that_went_ends_the_login_and_the_ad_is_not_asked() {
    let world = World::start().await;
    let (gone, other) = (world.login(ZELF).await, world.login(BAKKERIJ).await);
    let sessie = world.sessie(gone.refresh()).await;
    world
        .with_services(|sample| {
            let diensten = sample["diensten"].as_array_mut().expect("services");
            diensten.retain(|dienst| dienst["service_id"] != crate::world::S3);
        })
        .await;
    let ad = world.audit_end(Party::Ad).await;
    // etoegang case 49
    refused(
        &world.refresh(APP, gone.refresh()).await,
        400,
        "invalid_grant",
    );
    assert!(world.family(gone.refresh()).await.is_none());
    assert_eq!(world.told(Party::Ad, ad, "GUC9 9.3").await, 0);
    world.ends_at_ad(&sessie).await;
    let renewed = world.refreshed(other.refresh()).await;
    assert_eq!(renewed.scope, format!("openid {S1}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_052_and_053_an_mr_that_is_away_or_wrong_leaves_both_tokens() {
    let world = World::start().await;
    let tokens = world.login(BAKKERIJ).await;
    let before = world.family(tokens.refresh()).await.expect("a family");
    let ad = world.audit_end(Party::Ad).await;
    world.disturb(Party::Mr, Trouble::Down);
    // etoegang case 52: the AD's new token is kept before the MR is asked
    later(&world, tokens.refresh()).await;
    let kept = world.family(tokens.refresh()).await.expect("a family");
    assert_ne!(kept.secret, before.secret);
    assert_eq!(kept.generation, before.generation);
    for how in [Wrong::BadSignature, Wrong::WrongIssuer, Wrong::Truncated] {
        world.disturb(Party::Mr, wrong(how));
        // etoegang case 53
        let answer = world.refresh(APP, tokens.refresh()).await;
        refused(&answer, 502, "server_error");
    }
    world.heal();
    let new = world.refreshed(tokens.refresh()).await;
    assert_eq!(new.claims()["represents"], tokens.claims()["represents"]);
    assert_eq!(world.told(Party::Ad, ad, "GUC9 9.3").await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_055_and_056_both_mandates_of_a_chain_count() {
    let world = World::start().await;
    let tokens = world.login(VISSERIJ).await;
    world.disturb(Party::Mr, Trouble::Down);
    // etoegang case 56
    later(&world, tokens.refresh()).await;
    world.heal();
    world.withdraw("M-visserij-boekhouders").await;
    // etoegang case 55
    over(&world, tokens.refresh()).await;
}
