//! What may be made, changed and ended.

use serde_json::{Value, json};

use crate::world::{ADMIN, Ask, GRANTED, OTHER, OWN, id, of, origins, patient, start};

fn with_id(mut resource: Value, path: &str) -> Value {
    resource["id"] = path.split('/').nth(1).expect("an id").into();
    resource
}

#[tokio::test]
async fn koppeltaal_case_056_and_057_a_new_resource_belongs_to_who_makes_it() {
    let world = start().await;
    let made = world
        .post(OWN, "Patient", &with_id(patient("Jansen"), "Patient/mine"))
        .await;
    // koppeltaal case 56
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.header("etag"), "W/\"1\"");
    let resource = made.json();
    assert_eq!(origins(&resource), [id(OWN).device()]);
    let new = resource["id"].as_str().expect("an id");
    assert_eq!((new.len(), &new[14..15]), (36, "4"), "{new}");
    let place = format!("{}/Patient/{new}/_history/1", world.base());
    assert_eq!(made.header("location"), place);
    let stored = world.get(ADMIN, &format!("Patient/{new}")).await;
    assert_eq!(origins(&stored.json()), [id(OWN).device()]);
    // koppeltaal case 57
    for owner in [OWN, OTHER] {
        let refused = world
            .post(OWN, "Patient", &of(patient("Jansen"), owner))
            .await;
        assert_eq!(refused.status, 400, "{}", refused.text());
    }
    assert_eq!(world.get(ADMIN, "Patient").await.found().len(), 1);
}

#[tokio::test]
async fn koppeltaal_case_060_and_061_and_062_and_063_a_change_keeps_the_owner_and_names_the_version()
 {
    let world = start().await;
    let mine = world.patient(OWN).await;
    let changed = with_id(patient("Pieters"), &mine);
    let put = world.put(OWN, &mine, &changed, Some("W/\"1\"")).await;
    // koppeltaal case 60
    assert_eq!(put.status, 200, "{}", put.text());
    assert_eq!(put.header("etag"), "W/\"2\"");
    assert_eq!(origins(&put.json()), [id(OWN).device()]);
    assert_eq!(put.json()["name"][0]["family"], "Pieters");
    let same = world
        .put(OWN, &mine, &of(changed.clone(), OWN), Some("W/\"2\""))
        .await;
    assert_eq!(same.status, 200);
    // koppeltaal case 61
    for by in [OWN, ADMIN] {
        let stolen = of(changed.clone(), if by == OWN { OTHER } else { ADMIN });
        let refused = world.put(by, &mine, &stolen, Some("W/\"3\"")).await;
        assert_eq!(refused.status, 403, "{by}");
    }
    // koppeltaal case 62
    assert_eq!(world.put(OWN, &mine, &changed, None).await.status, 412);
    // koppeltaal case 63
    for stale in ["W/\"2\"", "W/\"9\"", "*", "3"] {
        let refused = world.put(OWN, &mine, &changed, Some(stale)).await;
        assert_eq!(refused.status, 412, "{stale}");
    }
    let stored = world.get(ADMIN, &mine).await;
    assert_eq!(stored.header("etag"), "W/\"3\"");
    // An administrator's change leaves the owner as he is.
    let put = world.put(ADMIN, &mine, &changed, Some("W/\"3\"")).await;
    assert_eq!(origins(&put.json()), [id(OWN).device()]);
}

#[tokio::test]
async fn koppeltaal_2_4_an_owner_is_one_device() {
    let world = start().await;
    let mine = world.patient(OWN).await;
    let url = "http://koppeltaal.nl/fhir/StructureDefinition/resource-origin";
    let device = json!({ "url": url, "valueReference": { "reference": id(OWN).device() } });
    let no_device = json!({ "url": url, "valueReference": { "reference": "Patient/1" } });
    // koppeltaal.md §2.4
    for extensions in [json!([device, device]), json!([no_device]), json!("x")] {
        let mut changed = with_id(patient("Pieters"), &mine);
        changed["extension"] = extensions;
        let refused = world.put(OWN, &mine, &changed, Some("W/\"1\"")).await;
        assert_eq!(refused.status, 400, "{}", refused.text());
    }
    assert_eq!(world.get(OWN, &mine).await.header("etag"), "W/\"1\"");
}

#[tokio::test]
async fn koppeltaal_case_064_what_is_not_there_is_not_made_by_a_change() {
    let world = start().await;
    let unknown = "Patient/11111111-1111-4111-8111-111111111111";
    let resource = with_id(patient("Jansen"), unknown);
    // koppeltaal case 64
    let answer = world.put(ADMIN, unknown, &resource, Some("W/\"1\"")).await;
    assert_eq!(answer.status, 404);
    // koppeltaal case 54
    let answer = world.put(OWN, unknown, &resource, Some("W/\"1\"")).await;
    assert_eq!(answer.status, 403);
    assert!(world.get(ADMIN, "Patient").await.found().is_empty());
}

#[tokio::test]
async fn koppeltaal_2_5_somebody_else_s_resource_is_neither_changed_nor_ended() {
    let world = start().await;
    let theirs = world.patient(OTHER).await;
    let changed = with_id(patient("Pieters"), &theirs);
    // koppeltaal.md §2.5
    for by in [OWN, GRANTED] {
        let put = world.put(by, &theirs, &changed, Some("W/\"1\"")).await;
        assert_eq!(put.status, 403, "{by}");
        assert_eq!(world.delete(by, &theirs).await.status, 403, "{by}");
    }
    assert_eq!(world.get(OTHER, &theirs).await.header("etag"), "W/\"1\"");
}

#[tokio::test]
async fn koppeltaal_case_066_an_end_names_the_version_if_it_names_one() {
    let world = start().await;
    let mine = world.patient(OWN).await;
    for by in [OWN, ADMIN] {
        let ask = Ask {
            by: Some(by),
            method: "DELETE",
            path: &mine,
            headers: &[("if-match", "W/\"7\"")],
            ..Ask::default()
        };
        // koppeltaal case 66
        assert_eq!(world.ask(ask).await.status, 412, "{by}");
    }
    assert_eq!(world.get(OWN, &mine).await.status, 200);
    let ask = Ask {
        by: Some(OWN),
        method: "DELETE",
        path: &mine,
        headers: &[("if-match", "W/\"1\"")],
        ..Ask::default()
    };
    assert_eq!(world.ask(ask).await.status, 204);
    assert_eq!(world.get(ADMIN, &mine).await.status, 410);
    // koppeltaal.md §3.3
    assert_eq!(world.delete(ADMIN, &mine).await.status, 404);
}

#[tokio::test]
async fn koppeltaal_case_067_what_was_logged_stays() {
    let world = start().await;
    let event = json!({ "resourceType": "AuditEvent", "recorded": "2026-01-01T00:00:00Z" });
    let logged = world.made(ADMIN, &event).await;
    // koppeltaal case 67
    let put = world
        .put(ADMIN, &logged, &with_id(event, &logged), Some("W/\"1\""))
        .await;
    assert_eq!((put.status, put.header("allow")), (405, "GET, HEAD"));
    assert_eq!(world.delete(ADMIN, &logged).await.status, 405);
    assert_eq!(world.get(ADMIN, &logged).await.header("etag"), "W/\"1\"");
}

#[tokio::test]
async fn koppeltaal_3_2_a_condition_on_everybody_s_resources_is_for_who_reads_them() {
    let world = start().await;
    let known = world.patient(OTHER).await;
    let post = async |by: u8, condition: &str| {
        let headers = [("if-none-exist", condition)];
        let body = patient("Jansen");
        let ask = Ask {
            by: Some(by),
            method: "POST",
            path: "Patient",
            body: Some(&body),
            headers: &headers,
        };
        world.ask(ask).await
    };
    let same = "identifier=urn:test%7CJansen";
    // koppeltaal.md §3.2
    assert_eq!(post(OWN, same).await.status, 403);
    let answer = post(ADMIN, same).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(
        format!("Patient/{}", answer.json()["id"].as_str().expect("an id")),
        known
    );
    assert_eq!(
        post(ADMIN, "identifier=urn:test%7CPieters").await.status,
        201
    );
    for bad in ["", "_list=1", "_count=1", "resource-origin=x"] {
        assert_eq!(post(ADMIN, bad).await.status, 400, "{bad}");
    }
    assert_eq!(world.get(ADMIN, "Patient").await.found().len(), 2);
}

#[tokio::test]
async fn rfc_9110_13_1_2_a_change_that_asks_that_there_is_nothing_is_not_made() {
    let world = start().await;
    let mine = world.patient(OWN).await;
    let mut changed = world.get(OWN, &mine).await.json();
    changed["name"][0]["family"] = "Bakker".into();
    let ask = Ask {
        by: Some(OWN),
        method: "PUT",
        path: &mine,
        body: Some(&changed),
        headers: &[("if-match", "W/\"1\""), ("if-none-match", "*")],
    };
    // RFC 9110 §13.1.2
    assert_eq!(world.ask(ask).await.status, 412);
    assert_eq!(world.get(OWN, &mine).await.header("etag"), "W/\"1\"");
}
