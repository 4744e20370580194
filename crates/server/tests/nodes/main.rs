//! Two and three nodes on one PostgreSQL, behind a balancer that gives each connection to the next one:
//! what one began another ends, and of two that want the same thing one gets it.

#[cfg(feature = "pkcs11")]
mod pkcs11;
mod world;

use std::collections::BTreeSet;

use futures_util::future::join_all;

use world::{BSN, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_begins_at_one_node_ends_at_another() {
    // Issue of every step goes to the next node: the request, DigiD's answer, the register, the code.
    let world = World::start(2).await;
    let code = world.code(BSN).await;
    let served = world.served();
    assert!(served.iter().all(|count| *count > 0), "{served:?}");
    let tokens = world.offer_code(&code).await;
    assert_eq!(tokens.0, 200, "{}", tokens.1);
    assert!(tokens.1["refresh_token"].is_string() && tokens.1["id_token"].is_string());
    let again = world.offer_code(&code).await;
    assert_eq!((again.0, &again.1["error"]), (400, &"invalid_grant".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_racing_redemptions_at_three_nodes_one_wins() {
    let world = World::start(3).await;
    let code = world.code(BSN).await;
    let offers = (0..12).map(|_| world.offer_code(&code));
    let answers = join_all(offers).await;
    let won: Vec<_> = answers
        .iter()
        .filter(|(status, _)| *status == 200)
        .collect();
    assert_eq!(won.len(), 1, "{answers:?}");
    // Reuse of the code ends its grant (RFC 6749 §4.1.2): nobody has anything left.
    let refresh = won[0].1["refresh_token"].as_str().expect("a token");
    let after = world.offer_refresh(refresh).await;
    assert_eq!((after.0, &after.1["error"]), (400, &"invalid_grant".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_racing_refreshes_at_three_nodes_one_wins_and_the_family_ends() {
    let world = World::start(3).await;
    let code = world.code(BSN).await;
    let (_, tokens) = world.offer_code(&code).await;
    let first = tokens["refresh_token"].as_str().expect("a token");
    let second = world.offer_refresh(first).await;
    let second = second.1["refresh_token"]
        .as_str()
        .expect("a token")
        .to_owned();

    let answers = join_all((0..12).map(|_| world.offer_refresh(&second))).await;
    let won: BTreeSet<&str> = answers
        .iter()
        .filter(|(status, _)| *status == 200)
        .filter_map(|(_, tokens)| tokens["refresh_token"].as_str())
        .collect();
    assert_eq!(won.len(), 1, "{answers:?}");
    let refused = answers.iter().filter(|(status, _)| *status != 200);
    for (status, said) in refused {
        assert_eq!((*status, &said["error"]), (400, &"invalid_grant".into()));
    }
    let after = world.offer_refresh(won.first().expect("one")).await;
    assert_eq!(
        (after.0, &after.1["error"]),
        (400, &"invalid_grant".into()),
        "reuse ended the family"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_goes_takes_nothing_with_it() {
    let mut world = World::start(2).await;
    let code = world.code(BSN).await;
    let (_, tokens) = world.offer_code(&code).await;
    let first = tokens["refresh_token"].as_str().expect("a token");
    world.stop_one().await;
    let (status, tokens) = world.offer_refresh(first).await;
    assert_eq!(status, 200, "{tokens}");
}
