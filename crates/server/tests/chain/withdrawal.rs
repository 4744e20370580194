//! Withdrawal: it ends the grant at once, whatever else is under way.

use serde_json::json as value;
use server::network::{Person, Shown};

use crate::world::{SASKIA, World, ZIEKENHUIS, ZIEKENHUIS_NAAM, is_error, json, login, text};

const PGO: &str = "anderpgo.localhost";

/// A person who looks at the consents.
pub(crate) async fn at_overview(world: &World, bsn: &str) -> (Person, Shown) {
    let mut person = world.person();
    let shown = person
        .open(&world.url("toestemmingen"))
        .await
        .expect("an answer");
    let shown = person
        .send(login(&shown, bsn, "inloggen"))
        .await
        .expect("an answer");
    assert_eq!(
        (shown.status, shown.url.path()),
        (200, "/"),
        "{}",
        shown.heading()
    );
    (person, shown)
}

/// Withdraws everything for the client.
async fn withdraw(world: &World) {
    let (mut person, shown) = at_overview(world, SASKIA).await;
    let form = shown.form("/intrekken").expect("something to withdraw");
    let form = form.without("ura").with("client_id", PGO);
    let shown = person.send(form).await.expect("an answer");
    assert_eq!(shown.status, 200, "{}", shown.heading());
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_020_after_withdrawal_neither_refresh_nor_userinfo_works() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let tokens = dvp.tokens(SASKIA).await;
    withdraw(&world).await;
    assert_eq!(dvp.userinfo(&tokens.access).await.status, 401);
    is_error(
        &dvp.offer_refresh(&tokens.refresh).await,
        400,
        "invalid_grant",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_047_withdrawn_between_userinfo_and_the_dva_there_is_no_token() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let tokens = dvp.tokens(SASKIA).await;
    let token = dvp.location_token(&tokens, ZIEKENHUIS).await;
    withdraw(&world).await;
    let form = dvp.exchange_form(&token, ZIEKENHUIS_NAAM, "51");
    let whole = dvp.exchange("dva-back", &form).await;
    is_error(&whole, 400, "invalid_request");
    assert_eq!(json(&whole).as_object().map(serde_json::Map::len), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_consent_does_not_bring_old_grants_back() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let old = dvp.tokens(SASKIA).await;
    withdraw(&world).await;
    let new = dvp.tokens(SASKIA).await;
    assert_eq!(dvp.userinfo(&new.access).await.status, 200);
    assert_eq!(dvp.userinfo(&old.access).await.status, 401);
    is_error(&dvp.offer_refresh(&old.refresh).await, 400, "invalid_grant");
}

/// Refreshes run against a withdrawal: whatever was answered before it stays answered, and once the
/// withdrawal is answered no refresh and no userinfo succeeds.
#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_races_with_refreshes_and_userinfo_and_wins() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let mut tokens = dvp.tokens(SASKIA).await;
    let (mut person, shown) = at_overview(&world, SASKIA).await;
    let form = shown.form("/intrekken").expect("something to withdraw");
    let form = form.without("ura").with("client_id", PGO);
    let withdrawing = tokio::spawn(async move { person.send(form).await.map(|s| s.status) });
    let mut refreshed = 0;
    loop {
        let over = withdrawing.is_finished();
        let answer = dvp.offer_refresh(&tokens.refresh).await;
        if answer.status == 200 {
            assert!(
                !over,
                "a refresh succeeded after the withdrawal was answered"
            );
            tokens = crate::world::tokens(&answer);
            refreshed += 1;
            assert!(refreshed < 10_000, "the withdrawal never comes through");
        } else {
            is_error(&answer, 400, "invalid_grant");
            break;
        }
    }
    assert_eq!(withdrawing.await.expect("no panic"), Ok(200));
    let userinfo = dvp.userinfo(&tokens.access).await;
    assert_eq!(userinfo.status, 401, "{}", text(&userinfo));
    assert_eq!(json(&userinfo), value!({ "error": "invalid_token" }));
}
