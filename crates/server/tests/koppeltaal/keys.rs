//! The keys of applications: where they are, how long they are kept, and what is made of bad ones.

use futures_util::StreamExt as _;
use futures_util::stream;
use jose::Algorithm;
use serde_json::{Value, json};

use crate::world::{Applicatie, Shown, World, assert_invalid_client, id, key, set, usual};

#[tokio::test]
async fn koppeltaal_case_023_an_unknown_key_is_looked_for_once_more() {
    let world = World::start().await;
    let portaal = world.applicatie(1, Algorithm::Es256);
    world.token(&portaal).await;
    assert_eq!(world.shelf.asked("1"), 1);
    let new = Applicatie {
        id: portaal.id,
        key: key(Algorithm::Es256),
    };
    // koppeltaal case 23: at once, and soon after that nobody looks again
    for _ in 0..5 {
        assert_invalid_client(&world.ask(&world.assertion(&new)).await);
        assert_eq!(world.shelf.asked("1"), 2);
    }
    // A key that was added meanwhile serves before the old set is over.
    let keys = set(&[&portaal.key, &new.key]);
    world.shelf.show("1", Shown::Keys(keys, "max-age=60"));
    world.running.clock.shift(31);
    world.token(&new).await;
    assert_eq!(world.shelf.asked("1"), 3);
    // Whoever names a key that is nowhere takes nothing from the others, whatever the look brings.
    world.shelf.show("1", Shown::Other(500, Vec::new()));
    world.running.clock.shift(31);
    let nowhere = Applicatie {
        id: portaal.id,
        key: key(Algorithm::Es256),
    };
    assert_invalid_client(&world.ask(&world.assertion(&nowhere)).await);
    assert_eq!(world.shelf.asked("1"), 4);
    world.token(&new).await;
    assert_eq!(world.shelf.asked("1"), 4);
}

#[tokio::test]
async fn koppeltaal_case_023_a_set_that_is_over_is_asked_for_whatever_was_looked_for() {
    let world = World::start().await;
    let old = world.applicatie(1, Algorithm::Es256);
    world.token(&old).await;
    let new = Applicatie {
        id: old.id,
        key: key(Algorithm::Es256),
    };
    assert_invalid_client(&world.ask(&world.assertion(&new)).await);
    assert_eq!(world.shelf.asked("1"), 2);
    let keys = set(&[&new.key]);
    world.shelf.show("1", Shown::Keys(keys, "max-age=60"));
    world.running.clock.shift(61);
    world.token(&new).await;
    assert_eq!(world.shelf.asked("1"), 3);
    // koppeltaal case 33: and with the set the old key went, after the one look
    assert_invalid_client(&world.ask(&world.assertion(&old)).await);
    assert_eq!(world.shelf.asked("1"), 4);
}

#[tokio::test]
async fn koppeltaal_case_024_and_027_a_bad_key_proves_nothing_and_those_beside_it_do() {
    let world = World::start().await;
    let portaal = Applicatie::new(1, Algorithm::Es256);
    let good = portaal.key.public().to_json();
    let other = key(Algorithm::Es384).public().to_json();
    let weak = json!({
        "kty": "RSA", "kid": "zwak", "e": "AQAB", "n": jose::base64url_encode([0xc5; 128]),
    });
    let mut namesake = other.clone();
    namesake["kid"] = good["kid"].clone();
    let mut private = good.clone();
    private["d"] = json!(jose::base64url_encode([7; 32]));
    // koppeltaal cases 24 and 27
    for keys in [
        json!({ "keys": [good, good] }),
        json!({ "keys": [other, good, namesake] }),
        json!({ "keys": [weak] }),
        json!({ "keys": [private] }),
        json!({ "keys": [good, { "kty": "oct", "kid": "geheim", "k": "AA" }] }),
        json!({ "keys": [] }),
        json!([good]),
    ] {
        world.shelf.show("1", Shown::Keys(keys.clone(), "no-store"));
        world.running.clock.shift(10);
        assert_invalid_client(&world.ask(&world.assertion(&portaal)).await);
    }
    for keys in [
        json!({ "keys": [weak, good] }),
        json!({ "keys": [other, good, other] }),
        json!({ "keys": [good, { "kty": "RSA", "kid": "half" }] }),
    ] {
        world.shelf.show("1", Shown::Keys(keys, "no-store"));
        world.running.clock.shift(10);
        world.token(&portaal).await;
    }
}

#[tokio::test]
async fn koppeltaal_case_032_keys_are_fetched_once_while_they_are_fresh() {
    let world = World::start().await;
    let portaal = world.applicatie(1, Algorithm::Es256);
    let assertions: Vec<String> = (0..10).map(|_| world.assertion(&portaal)).collect();
    let asked = assertions.iter().map(|assertion| world.ask(assertion));
    let answers = futures_util::future::join_all(asked).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    // koppeltaal case 32
    assert_eq!(world.shelf.asked("1"), 1);
}

#[tokio::test]
async fn koppeltaal_case_033_a_key_that_was_withdrawn_goes_with_its_set() {
    let world = World::start().await;
    let old = world.applicatie(1, Algorithm::Es256);
    world.token(&old).await;
    let new = world.applicatie(1, Algorithm::Es256);
    // The owner said for how long it may be kept.
    world.token(&old).await;
    world.running.clock.shift(61);
    // koppeltaal case 33
    assert_invalid_client(&world.ask(&world.assertion(&old)).await);
    world.token(&new).await;
}

#[tokio::test]
async fn koppeltaal_case_034_keys_that_cannot_be_had_prove_nothing() {
    let world = World::start().await;
    let portaal = Applicatie::new(1, Algorithm::Es256);
    let large = [
        set(&[&portaal.key]).to_string().into_bytes(),
        vec![b' '; 70 * 1024],
    ]
    .concat();
    // koppeltaal case 34
    for shown in [
        Shown::Other(500, Vec::new()),
        Shown::Other(200, b"<html>".to_vec()),
        Shown::Other(200, large),
        Shown::Elsewhere(world.shelf.url("2")),
    ] {
        world.shelf.show("1", shown.clone());
        world
            .shelf
            .show("2", Shown::Keys(set(&[&portaal.key]), "no-store"));
        world.running.clock.shift(10);
        assert_invalid_client(&world.ask(&world.assertion(&portaal)).await);
    }
    assert_eq!(world.shelf.asked("2"), 0, "redirects are not followed");
    // What failed is left alone for a moment.
    let asked = world.shelf.asked("1");
    assert_invalid_client(&world.ask(&world.assertion(&portaal)).await);
    assert_eq!(world.shelf.asked("1"), asked);
    world.applicatie(1, Algorithm::Es256);
    world.running.clock.shift(10);
    assert_invalid_client(&world.ask(&world.assertion(&portaal)).await);
}

#[tokio::test]
async fn koppeltaal_case_034_a_silent_application_holds_up_nobody_else() {
    let world = World::start().await;
    let (silent, well) = (
        Applicatie::new(1, Algorithm::Es256),
        world.applicatie(2, Algorithm::Es256),
    );
    world.shelf.show("1", Shown::Silence);
    let assertions: Vec<String> = (0..50).map(|_| world.assertion(&silent)).collect();
    let waiting = assertions.iter().map(|assertion| world.ask(assertion));
    let waiting = futures_util::future::join_all(waiting);
    tokio::pin!(waiting);
    let others = async {
        for _ in 0..20 {
            world.token(&well).await;
        }
    };
    tokio::select! {
        biased;
        _ = &mut waiting => unreachable!("somebody answered for the silent application"),
        () = others => {}
    }
    // koppeltaal case 34: within the time-out, all of them, by one request
    waiting.await.iter().for_each(assert_invalid_client);
    assert_eq!(world.shelf.asked("1"), 1);
    assert_eq!(silent.id, id(1));
}

/// A thousand applications whose keys cannot be had, in four ways.
const BROKEN: u16 = 1_000;
/// So many of them ask at once: each keeps two connections of this process.
const AT_ONCE: usize = 250;

#[tokio::test]
async fn koppeltaal_case_034_a_thousand_broken_applications_hold_up_nobody_else() {
    let numbers = || 10..10 + BROKEN;
    let broken = numbers().map(|number| json!({ "number": number, "role": "Portaal" }));
    let applications: Vec<Value> = usual()
        .as_array()
        .cloned()
        .unwrap_or_default()
        .into_iter()
        .chain(broken)
        .collect();
    let world = World::start_with(&json!(applications)).await;
    let well = world.applicatie(2, Algorithm::Es256);
    let key = key(Algorithm::Es256);
    for number in numbers() {
        let shown = match number % 4 {
            0 => Shown::Silence,
            1 => Shown::Other(200, vec![b' '; 70 * 1024]),
            2 => Shown::Elsewhere(world.shelf.url("2")),
            _ => Shown::Other(500, Vec::new()),
        };
        world.shelf.show(&number.to_string(), shown);
    }
    let assertion = |number: u16| key.sign("JWT", &world.claims(id(number))).expect("signed");
    let assertions: Vec<String> = numbers().map(assertion).collect();
    let waiting = stream::iter(&assertions)
        .map(|assertion| world.ask(assertion))
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>();
    tokio::pin!(waiting);
    let others = async {
        for _ in 0..20 {
            world.token(&well).await;
        }
    };
    tokio::select! {
        biased;
        _ = &mut waiting => unreachable!("the silent ones answered"),
        () = others => {}
    }
    // koppeltaal case 34
    let answers = waiting.await;
    assert_eq!(answers.len(), usize::from(BROKEN));
    answers.iter().for_each(assert_invalid_client);
    // Once each, and nobody was sent on to the keys of another.
    assert!(numbers().all(|number| world.shelf.asked(&number.to_string()) == 1));
    assert_eq!(world.shelf.asked("2"), 1);
}
