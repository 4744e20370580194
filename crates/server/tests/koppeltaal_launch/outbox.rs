//! Koppeltaal case 110.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::timeout;

use crate::world::{MODULE, PORTAL, World, body, outcomes};

#[tokio::test]
async fn koppeltaal_case_110_a_launch_goes_on_when_events_cannot_be_delivered_and_they_are_later() {
    let world = World::start().await;
    world.fhir.is_down.store(true, Ordering::Relaxed);
    let token = world.signed(PORTAL, &world.launch());
    let answer = world.introspect(MODULE, &token).await;
    assert_eq!(body(&answer)["active"], true);
    assert!(world.fhir.told().is_empty());
    world.fhir.is_down.store(false, Ordering::Relaxed);
    // koppeltaal case 110
    let told = world.fhir.told_of(1).await;
    assert!(outcomes(&told).contains(&("introspect".to_owned(), "0".to_owned())));
}

#[tokio::test]
async fn koppeltaal_case_110_what_waits_survives_the_end_of_the_program() {
    let world = World::start().await;
    world.fhir.is_down.store(true, Ordering::Relaxed);
    let token = world.signed(PORTAL, &world.launch());
    assert_eq!(
        body(&world.introspect(MODULE, &token).await)["active"],
        true
    );
    let (folder, fhir) = world.stop().await;
    fhir.is_down.store(false, Ordering::Relaxed);
    let world = World::start_in(folder, Arc::clone(&fhir)).await;
    // Whoever ended may have been about to send it.
    world.running.clock.shift(61);
    // koppeltaal case 110
    let told = fhir.told_of(1).await;
    assert!(outcomes(&told).contains(&("introspect".to_owned(), "0".to_owned())));
}

#[tokio::test]
async fn koppeltaal_case_110_each_event_is_delivered_once() {
    let world = World::start().await;
    for _ in 0..40 {
        let token = world.signed(PORTAL, &world.launch());
        assert_eq!(
            body(&world.introspect(MODULE, &token).await)["active"],
            true
        );
    }
    // koppeltaal case 110
    let told = world.fhir.told_of(40).await;
    assert_eq!(told.len(), 40);
    let ids: std::collections::BTreeSet<String> = told
        .iter()
        .map(|event| event["extension"].to_string())
        .collect();
    assert_eq!(ids.len(), 40);
}

#[tokio::test]
async fn koppeltaal_case_110_an_event_that_is_refused_is_tried_again_and_holds_up_no_other() {
    let world = World::start().await;
    world.fhir.refuses.store(true, Ordering::Relaxed);
    let token = world.signed(PORTAL, &world.launch());
    world.introspect(MODULE, &token).await;
    while world.fhir.asked_by().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.fhir.refuses.store(false, Ordering::Relaxed);
    let token = world.signed(PORTAL, &world.launch());
    world.introspect(MODULE, &token).await;
    // koppeltaal case 110
    assert_eq!(world.fhir.told_of(1).await.len(), 1);
    world.running.clock.shift(11);
    world.fhir.told_of(2).await;
}

#[tokio::test]
async fn koppeltaal_case_110_what_waits_goes_in_one_bundle_and_what_is_refused_there_goes_alone() {
    let world = World::start().await;
    let fhir = &world.fhir;
    fhir.takes_batches.store(true, Ordering::Relaxed);
    fhir.is_down.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        let token = world.signed(PORTAL, &world.launch());
        world.introspect(MODULE, &token).await;
    }
    fhir.refuses.store(true, Ordering::Relaxed);
    fhir.is_down.store(false, Ordering::Relaxed);
    // Whoever tried in vain rests, and had the events for a minute.
    world.running.clock.shift(61);
    while fhir.bundles().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // koppeltaal case 110
    assert_eq!(fhir.bundles(), [3]);
    assert!(fhir.told().is_empty());
    fhir.refuses.store(false, Ordering::Relaxed);
    world.running.clock.shift(11);
    assert_eq!(fhir.told_of(3).await.len(), 3);
    assert_eq!(fhir.bundles(), [3], "each went alone");
}

#[tokio::test]
async fn koppeltaal_case_110_where_a_bundle_is_too_large_each_event_goes_alone_at_once() {
    let world = World::start().await;
    let fhir = &world.fhir;
    fhir.takes_batches.store(true, Ordering::Relaxed);
    fhir.has_no_room.store(true, Ordering::Relaxed);
    fhir.is_down.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        let token = world.signed(PORTAL, &world.launch());
        world.introspect(MODULE, &token).await;
    }
    fhir.is_down.store(false, Ordering::Relaxed);
    // Whoever tried in vain rests, and had the events for a minute.
    world.running.clock.shift(61);
    while fhir.bundles().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // koppeltaal case 110: an event that was refused itself would wait for ten seconds
    let told = timeout(Duration::from_secs(9), fhir.told_of(3)).await;
    assert_eq!(told.expect("at once").len(), 3);
    assert_eq!(fhir.bundles(), [3]);
}
