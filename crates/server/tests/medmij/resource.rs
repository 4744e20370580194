//! Resource requests with a token of MedMij's own token interface.

use crate::world::{NAAM, SASKIA, World, json, numbers, text};

async fn token(world: &World, scope: &str) -> String {
    let code = world.code(SASKIA, scope, false).await;
    let issued = json(&world.redeem(&code).await);
    issued["access_token"].as_str().expect("a token").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_067_and_068_and_069_a_token_opens_resources_in_its_header_for_900_seconds() {
    let world = World::start().await;
    let token = token(&world, NAAM).await;
    let answer = world.resource("51", "Condition", &token).await;
    // medmij case 67
    assert_eq!(answer.status, 200, "{}", text(&answer));
    assert!(
        json(&answer)["entry"]
            .as_array()
            .is_some_and(|entries| !entries.is_empty())
    );
    // medmij case 68 (core.rscint.200)
    let url = format!(
        "{}?access_token={token}",
        world.resource_url("51", "Condition")
    );
    let in_query = world.outside.get(&url, numbers()).await.expect("an answer");
    assert_eq!(in_query.status, 401);
    let url = world.resource_url("51", "Condition");
    let form = [("access_token", token.as_str())];
    let in_form = world.outside.post_form(&url, &form, numbers()).await;
    assert_eq!(in_form.expect("an answer").status, 401);
    world.running.clock.shift(901);
    // medmij case 69
    let late = world.resource("51", "Condition", &token).await;
    assert_eq!(late.status, 401);
    let challenge = late.headers["www-authenticate"].to_str().expect("text");
    assert!(challenge.contains("invalid_token"), "{challenge}");
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_070_a_token_opens_what_its_scope_names_and_a_confirmation_nothing_to_read() {
    let world = World::start().await;
    let token = token(&world, &format!("{NAAM}~42")).await;
    for (dienst, kind) in [("51", "Condition"), ("42", "Observation")] {
        let beyond = world.resource(dienst, kind, &token).await;
        assert_eq!(beyond.status, 403);
    }
    // medmij case 70
    let beyond = world.resource("51", "Condition", &token).await;
    let challenge = beyond.headers["www-authenticate"].to_str().expect("text");
    assert!(challenge.contains("insufficient_scope"), "{challenge}");
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_070_an_older_token_of_a_consent_opens_no_more_than_it_says() {
    let world = World::start().await;
    world.with_ocl("Het PGO met een", &["51"]).await;
    let first = world.tokens(SASKIA).await;
    assert_eq!(first["scope"], "51");
    world.with_ocl("Het PGO met twee", &["51", "52"]).await;
    let refresh = first["refresh_token"].as_str().expect("a token");
    let second = json(&world.refresh(refresh).await);
    assert_eq!(second["scope"], "51 52");
    let reads = async |tokens: &serde_json::Value| {
        let token = tokens["access_token"].as_str().expect("a token");
        let answer = world.resource("52", "Observation", token).await;
        answer.status.as_u16()
    };
    // medmij case 70
    assert_eq!(reads(&first).await, 403, "its own scope is 51");
    assert_eq!(reads(&second).await, 200);
    world.with_ocl("Het PGO met minder", &["51"]).await;
    let refresh = second["refresh_token"].as_str().expect("a token");
    let third = json(&world.refresh(refresh).await);
    assert_eq!(third["scope"], "51");
    assert_eq!(reads(&second).await, 403, "less is granted now");
    assert_eq!(reads(&third).await, 403);
}
