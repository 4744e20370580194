//! Keys that are rotated while tokens are on their way, and persons who are put under another key.

use std::time::Duration;

use futures_util::future::join_all;
use identity::Bsn;
use serde_json::Value;
use server::app::App;
use server::keys::admin::{self, Listed};
use server::keys::{Custody, MasterKey, Purpose, Schedule, move_persons};
use server::network::{Party, master_file, purposes};
use store::Store as _;
use tokio::time::timeout;
use verdict::{Key, PersonTag, Space};

use crate::world::{SASKIA, Tokens, World, ZIEKENHUIS, ZIEKENHUIS_NAAM, is_error, payload, text};
use crate::world::{json, tokens};

const PGO: &str = "anderpgo.localhost";
/// Longer than the lead of any plan, and shorter than the life of any token.
const LEAD_S: i64 = 600;

/// Rotates keys of a party, as an operator would, and lets the time pass until they are used.
async fn rotate(world: &World, party: Party, purposes: &[Purpose]) {
    let app = &world.running.apps[&party];
    let directory = world.running.state.join(party.name());
    let master = MasterKey::read(&master_file(&directory)).expect("the master key");
    let custody = Custody::from(master);
    let (schedule, now) = (Schedule::default(), app.clock.now());
    for purpose in purposes {
        let made = admin::rotate(&app.home, &custody, &schedule, *purpose, now).await;
        made.expect("made");
    }
    look(world, party).await;
}

async fn look(world: &World, party: Party) {
    let app = &world.running.apps[&party];
    let looked = app.keys.look(&app.home, app.clock.now()).await;
    looked.expect("looked");
}

async fn listed(world: &World, purpose: Purpose) -> Vec<Listed> {
    let app = &world.running.apps[&Party::Mitz];
    let all = admin::list(&app.home, &Schedule::default(), app.clock.now()).await;
    let all = all.expect("listed").into_iter();
    all.filter(|key| key.purpose == purpose.name()).collect()
}

fn header(token: &str) -> Value {
    let part = token.split('.').next().expect("a header");
    serde_json::from_slice(&jose::b64::decode(part).expect("base64")).expect("json")
}

fn all_of(world: &World, party: Party) -> Vec<Purpose> {
    let own = purposes(party, &world.running.input);
    Purpose::EVERYBODY.into_iter().chain(own).collect()
}

/// design §4
#[tokio::test(flavor = "multi_thread")]
async fn tokens_on_their_way_outlive_the_rotation_of_every_key() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let before: Tokens = dvp.tokens(SASKIA).await;
    let location = dvp.location_token(&before, ZIEKENHUIS).await;
    for party in [Party::Mitz, Party::Dva] {
        rotate(&world, party, &all_of(&world, party)).await;
    }
    world.running.clock.shift(LEAD_S);
    for party in [Party::Mitz, Party::Dva] {
        look(&world, party).await;
    }

    assert_eq!(dvp.userinfo(&before.access).await.status, 200);
    let form = dvp.exchange_form(&location, ZIEKENHUIS_NAAM, "51");
    let exchanged = dvp.exchange("dva-back", &form).await;
    assert_eq!(exchanged.status, 200, "{}", text(&exchanged));
    let after = tokens(&dvp.offer_refresh(&before.refresh).await);
    assert_ne!(header(&before.id)["kid"], header(&after.id)["kid"]);
    assert_eq!(header(&after.access)["kid"], "access_tokens-2");
    assert_eq!(
        header(json(&exchanged)["access_token"].as_str().expect("a token"))["kid"],
        "access_tokens-2"
    );
    assert!(before.refresh.contains(".1.") && after.refresh.split('.').nth(2) == Some("2"));
    // The consents, the pseudonym and the grant of somebody who was met under the key before.
    assert_eq!(dvp.userinfo(&after.access).await.status, 200);
    assert_eq!(payload(&before.id)["sub"], payload(&after.id)["sub"]);
}

/// design §4: publication before use.
#[tokio::test(flavor = "multi_thread")]
async fn a_signing_key_is_published_before_it_signs() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let url = format!("{}/jwks", world.url("mitz"));
    let kids = async || {
        let answer = dvp
            .outside
            .get(&url, server::outside::Headers::none())
            .await;
        let keys = json(&answer.expect("an answer"))["keys"].take();
        let kid = |key: &Value| key["kid"].clone();
        keys.as_array()
            .expect("keys")
            .iter()
            .map(kid)
            .collect::<Vec<_>>()
    };
    let first = kids().await;
    rotate(&world, Party::Mitz, &[Purpose::Tokens]).await;
    let both = kids().await;
    assert_eq!((first.len(), both.len()), (1, 2));
    assert_eq!(both[0], first[0]);
    assert_eq!(header(&dvp.tokens(SASKIA).await.id)["kid"], first[0]);
    world.running.clock.shift(LEAD_S);
    look(&world, Party::Mitz).await;
    assert_eq!(header(&dvp.tokens(SASKIA).await.id)["kid"], both[1]);
    assert_eq!(kids().await.len(), 2, "the old one still verifies");
}

/// design §4: look-up keys rotate with online re-indexing.
#[tokio::test(flavor = "multi_thread")]
async fn persons_are_found_before_while_and_after_they_are_put_under_another_key() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let sub = payload(&dvp.tokens(SASKIA).await.id)["sub"].clone();
    let mitz = &world.running.apps[&Party::Mitz];
    let bsn = Bsn::parse(SASKIA).expect("valid");
    let tag = mitz.person(&bsn).await.expect("known");

    rotate(&world, Party::Mitz, &[Purpose::Persons]).await;
    assert_eq!(move_persons(mitz).await.expect("nothing to do"), 0);
    world.running.clock.shift(61);
    look(&world, Party::Mitz).await;
    assert_eq!(mitz.keys.set().persons().expect("keys").current_number(), 2);
    // Found under the old key, while a node whose clock is behind may still use it.
    assert_eq!(mitz.person(&bsn).await.expect("known"), tag);
    assert_eq!(move_persons(mitz).await.expect("too early"), 0);

    world.running.clock.shift(61);
    look(&world, Party::Mitz).await;
    let (found, moved) = tokio::join!(mitz.person(&bsn), move_persons(mitz));
    assert_eq!(found.expect("known while moving"), tag);
    assert!(moved.expect("moved") > 0);
    assert_eq!(move_persons(mitz).await.expect("done before"), 0);
    assert_eq!(mitz.person(&bsn).await.expect("known"), tag);
    assert_eq!(payload(&dvp.tokens(SASKIA).await.id)["sub"], sub);

    // The old key goes by itself, once nobody is found by it.
    assert_eq!(listed(&world, Purpose::Persons).await.len(), 2);
    world.running.clock.shift(61);
    let left = listed(&world, Purpose::Persons).await;
    assert_eq!(left.iter().map(|key| key.number).collect::<Vec<_>>(), [2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_is_met_by_many_at_once_is_one_person() {
    let world = World::start().await;
    let mitz = &world.running.apps[&Party::Mitz];
    // Of the test range, and in no consent of the sample.
    let bsn = Bsn::parse("999999333").expect("valid");
    let met = join_all((0..16).map(|_| mitz.person(&bsn))).await;
    let mut tags: Vec<_> = met.into_iter().map(|tag| tag.expect("met")).collect();
    tags.dedup();
    assert_eq!(tags.len(), 1);
}

/// design §4: a key in a stolen store is of no use, and a stolen key can be put out of use.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_retired_at_once_opens_nothing_any_more() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let before = dvp.tokens(SASKIA).await;
    rotate(&world, Party::Mitz, &[Purpose::Handles]).await;
    let mitz = &world.running.apps[&Party::Mitz];
    let (schedule, now) = (Schedule::default(), mitz.clock.now());
    let key = (Purpose::Handles, 1);
    let needed = admin::retire(&mitz.home, None, &schedule, key, false, now).await;
    needed.expect_err("refresh tokens are alive");
    assert_eq!(dvp.userinfo(&before.access).await.status, 200);
    let retired = admin::retire(&mitz.home, None, &schedule, key, true, now).await;
    assert!(retired.expect("retired").loss.is_some());
    look(&world, Party::Mitz).await;
    is_error(
        &dvp.offer_refresh(&before.refresh).await,
        400,
        "invalid_grant",
    );
    let row = Key::Record(Space("sluis.sleutel"), b"handles\0\0\0\0\x01".to_vec());
    let stored = mitz.home.get(&[row], now).await.expect("asked");
    assert_eq!(stored, [None]);
}

/// People with a BSN of the test range.
fn people(count: usize) -> Vec<Bsn> {
    let numbers = 999_990_000_u32..999_999_999;
    let valid = numbers.filter_map(|number| Bsn::parse(&number.to_string()).ok());
    valid.take(count).collect()
}

/// Everybody's tag, each asked for at the same time.
async fn tags(mitz: &App, people: &[Bsn]) -> Vec<PersonTag> {
    let met = join_all(people.iter().map(|bsn| mitz.person(bsn))).await;
    met.into_iter().map(|tag| tag.expect("met")).collect()
}

/// design §4: re-indexing is resumable, and goes on while people come.
#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_was_cut_short_goes_on_while_people_come_and_nobody_is_lost() {
    let world = World::start().await;
    let mitz = &world.running.apps[&Party::Mitz];
    let (known, new) = (people(150), people(200).split_off(150));
    let before = tags(mitz, &known).await;
    rotate(&world, Party::Mitz, &[Purpose::Persons]).await;
    world.running.clock.shift(121);
    look(&world, Party::Mitz).await;

    // Cut off wherever it is then; on a fast machine perhaps at its end.
    let _ = timeout(Duration::from_millis(5), move_persons(mitz)).await;
    let (moved, while_moving, met) =
        tokio::join!(move_persons(mitz), tags(mitz, &known), tags(mitz, &new));
    moved.expect("moved");
    assert_eq!(while_moving, before);
    move_persons(mitz).await.expect("the last ones");
    world.running.clock.shift(61);
    look(&world, Party::Mitz).await;
    assert_eq!(listed(&world, Purpose::Persons).await.len(), 1);
    assert_eq!(tags(mitz, &known).await, before);
    assert_eq!(tags(mitz, &new).await, met);
}
