//! Koppeltaal cases 101 to 105.

use std::sync::atomic::Ordering;

use serde_json::json;

use crate::world::{TERUG, World, location, outcomes, query, text};

#[tokio::test]
async fn koppeltaal_case_101_who_the_idp_says_it_is_goes_back_with_a_code() {
    let world = World::start().await;
    let back = world
        .browser()
        .log_in(&world.authorize_for(&world.launch()), "p")
        .await;
    // koppeltaal case 101
    assert_eq!(back.status, 302, "{}", text(&back));
    let url = location(&back);
    assert!(url.starts_with(TERUG), "{url}");
    assert!(query(&url, "code").is_some());
    assert_eq!(query(&url, "state").as_deref(), Some("s 1"));
    let told = world.fhir.told_of(3).await;
    let login = ("idp login".to_owned(), "0".to_owned());
    assert!(outcomes(&told).contains(&login));
    let said = told.iter().map(ToString::to_string).collect::<String>();
    // nothing about the person but the reference
    assert!(said.contains("Patient/p") && !said.contains("voorbeeld.example"));
}

#[tokio::test]
async fn koppeltaal_case_102_who_is_somebody_else_gets_a_page_and_no_code() {
    let world = World::start().await;
    let back = world
        .browser()
        .log_in(&world.authorize_for(&world.launch()), "q")
        .await;
    // koppeltaal case 102
    assert_eq!(back.status, 403);
    assert!(back.headers.get("location").is_none());
    let told = world.fhir.told_of(3).await;
    assert!(outcomes(&told).contains(&("idp login".to_owned(), "8".to_owned())));
}

#[tokio::test]
async fn koppeltaal_case_103_a_person_who_is_not_active_is_refused() {
    let world = World::start().await;
    world.fhir.put(json!({
        "resourceType": "Patient", "id": "p", "active": false,
        "identifier": [{ "value": "p@voorbeeld.example" }],
    }));
    let back = world
        .browser()
        .log_in(&world.authorize_for(&world.launch()), "p")
        .await;
    // koppeltaal case 103
    assert_eq!(back.status, 403);
}

#[tokio::test]
async fn koppeltaal_case_104_a_related_person_launches_for_the_own_patient_alone() {
    let world = World::start().await;
    let mut claims = world.launch();
    claims["sub"] = json!("RelatedPerson/r");
    claims["patient"] = json!("Patient/q");
    let back = world
        .browser()
        .log_in(&world.authorize_for(&claims), "r")
        .await;
    // koppeltaal case 104
    assert_eq!(back.status, 403);
    let mut claims = world.launch();
    claims["sub"] = json!("RelatedPerson/r");
    claims["patient"] = json!("Patient/p");
    world.code(&claims, "r").await;
}

#[tokio::test]
async fn koppeltaal_case_105_an_unknown_hint_is_told_and_the_launch_goes_on() {
    let world = World::start().await;
    let mut claims = world.launch();
    claims["idp_hint"] = json!("een-ander");
    world.code(&claims, "p").await;
    let told = world.fhir.told_of(4).await;
    // koppeltaal case 105
    assert!(outcomes(&told).contains(&("idp call".to_owned(), "4".to_owned())));
}

#[tokio::test]
async fn koppeltaal_md_4_5_who_cancels_at_the_idp_goes_back_with_access_denied() {
    let world = World::start().await;
    let browser = world.browser();
    let url = world.authorize_for(&world.launch());
    let callback = browser.to_callback(&url, None).await;
    let back = browser.get(&callback).await;
    let url = location(&back);
    // koppeltaal.md §4.5
    assert!(url.starts_with(TERUG));
    assert_eq!(query(&url, "error").as_deref(), Some("access_denied"));
    assert_eq!(query(&url, "state").as_deref(), Some("s 1"));
    let told = world.fhir.told_of(3).await;
    assert!(outcomes(&told).contains(&("idp login".to_owned(), "8".to_owned())));
}

#[tokio::test]
async fn koppeltaal_md_4_5_the_answer_of_an_idp_is_taken_once_and_from_its_own_browser() {
    let world = World::start().await;
    let (browser, thief) = (world.browser(), world.browser());
    let url = world.authorize_for(&world.launch());
    let callback = browser.to_callback(&url, Some("p")).await;
    // design §5: another browser holds no request
    assert_eq!(thief.get(&callback).await.status, 400);
    let back = browser.get(&callback).await;
    assert!(query(&location(&back), "code").is_some());
    // the cookie is gone, so that the same browser holds none either
    assert_eq!(browser.get(&callback).await.status, 400);
}

#[tokio::test]
async fn koppeltaal_md_4_5_two_answers_of_one_login_at_once_give_one_code() {
    let world = World::start().await;
    let browser = world.browser();
    let url = world.authorize_for(&world.launch());
    let callback = browser.to_callback(&url, Some("p")).await;
    let (one, other) = tokio::join!(browser.get(&callback), browser.get(&callback));
    let codes = [one, other].map(|answer| answer.status.as_u16());
    // koppeltaal.md §4.5
    assert!(codes == [302, 400] || codes == [400, 302], "{codes:?}");
}

#[tokio::test]
async fn koppeltaal_md_4_5_a_fhir_server_that_is_down_is_an_error_for_the_module() {
    let world = World::start().await;
    world.fhir.is_down.store(true, Ordering::Relaxed);
    let back = world
        .browser()
        .log_in(&world.authorize_for(&world.launch()), "p")
        .await;
    // koppeltaal.md §4.5
    assert_eq!(
        query(&location(&back), "error").as_deref(),
        Some("server_error")
    );
}

#[tokio::test]
async fn koppeltaal_md_4_5_who_takes_too_long_at_the_idp_begins_again() {
    let world = World::start().await;
    let browser = world.browser();
    let url = world.authorize_for(&world.launch());
    let callback = browser.to_callback(&url, Some("p")).await;
    world.running.clock.shift(901);
    // design §5
    assert_eq!(browser.get(&callback).await.status, 400);
}
