//! Searches, pages, and what may not be asked.

use std::collections::BTreeSet;

use serde_json::json;

use crate::world::{ADMIN, Ask, OTHER, OWN, World, patient, start};

/// Every resource on this page and those after it, and how many each page has.
async fn all_pages(world: &World, by: u8, path: &str) -> (Vec<String>, Vec<usize>) {
    let (mut found, mut pages) = (Vec::new(), Vec::new());
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let page = world.get(by, &path).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let here = page.found();
        pages.push(here.len());
        found.extend(here);
        next = page.next(&world.base());
        assert!(pages.len() < 100, "the pages do not end");
    }
    (found, pages)
}

#[tokio::test]
async fn koppeltaal_case_073_the_links_lead_to_everything_once() {
    let world = start().await;
    for number in 0..250 {
        world.made(OWN, &patient(&format!("P{number}"))).await;
        if number % 25 == 0 {
            world.patient(OTHER).await;
        }
    }
    // koppeltaal case 73
    let (found, pages) = all_pages(&world, OWN, "Patient?_count=50").await;
    assert_eq!(pages, [50; 5]);
    let once: BTreeSet<&String> = found.iter().collect();
    assert_eq!((found.len(), once.len()), (250, 250));
    let (found, pages) = all_pages(&world, ADMIN, "Patient?_count=200").await;
    assert_eq!(found.len(), 260);
    assert!(pages.iter().all(|page| *page <= 200), "{pages:?}");
    let counted = world.get(OWN, "Patient?_summary=count").await.json();
    assert_eq!(counted["total"], 250);
    assert!(counted.get("entry").is_none());
    assert_eq!(
        world.get(ADMIN, "Patient?_summary=count").await.json()["total"],
        260
    );
    let (rest, _) = all_pages(&world, OWN, "Patient?_count=50&_offset=245").await;
    assert_eq!(rest.len(), 5);
}

#[tokio::test]
async fn koppeltaal_2_6_a_page_is_its_owner_s_alone() {
    let world = start().await;
    for _ in 0..3 {
        world.patient(OWN).await;
    }
    let first = world.get(OWN, "Patient?_count=2").await;
    let next = first.next(&world.base()).expect("another page");
    assert!(!next.contains("fhir.localhost"), "{next}");
    assert_eq!(world.get(OWN, &next).await.found().len(), 1);
    // koppeltaal.md §2.6
    for by in [ADMIN, OTHER] {
        assert_eq!(world.get(by, &next).await.status, 400, "{by}");
    }
    let task = next.replacen("Patient", "Task", 1);
    assert_eq!(world.get(OWN, &task).await.status, 400);
    assert_eq!(world.get(OWN, "Patient?_page=x").await.status, 400);
}

#[tokio::test]
async fn koppeltaal_case_071_and_072_what_brings_others_resources_along_is_refused() {
    let world = start().await;
    world.patient(OWN).await;
    // koppeltaal case 71
    for path in [
        "?_type=Patient",
        "_history",
        "$export",
        "Patient/$everything",
        "Patient/1/Task",
    ] {
        assert_eq!(world.get(ADMIN, path).await.status, 404, "{path}");
    }
    // koppeltaal case 72
    for query in [
        "_include=Patient:organization",
        "_revinclude=Task:patient",
        "_contained=true",
        "_list=1",
        "_filter=x",
    ] {
        let answer = world.get(ADMIN, &format!("Patient?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
    }
    // A chain tells of what it leads to: who may not read all of that may not ask.
    for query in [
        "subject.name=x",
        "subject:Patient.name=x",
        "_has:AuditEvent:entity:action=C",
    ] {
        let answer = world.get(OWN, &format!("Task?{query}")).await;
        assert_eq!(answer.status, 403, "{query}");
    }
    assert!(world.log().contains("koppeltaal.md §2.6"));
}

#[tokio::test]
async fn koppeltaal_3_4_a_search_may_stand_in_the_body() {
    let world = start().await;
    let mine = world.made(OWN, &patient("Jansen")).await;
    world.made(OWN, &patient("Pieters")).await;
    world.made(OTHER, &patient("Jansen")).await;
    let post = async |path: &str, content_type: &str| {
        let form = json!("identifier=urn:test%7CJansen");
        let headers = [("content-type", content_type)];
        let ask = Ask {
            by: Some(OWN),
            method: "POST",
            path,
            body: Some(&form),
            headers: &headers,
        };
        world.ask(ask).await
    };
    let form = "application/x-www-form-urlencoded";
    let found = post("Patient/_search", form).await;
    // koppeltaal.md §3.4
    assert_eq!(found.status, 200, "{}", found.text());
    assert_eq!(found.found(), [mine]);
    assert_eq!(post("Patient/_search?status=x", form).await.status, 400);
    assert_eq!(
        post("Patient/_search", "application/fhir+json")
            .await
            .status,
        415
    );
}

#[tokio::test]
async fn koppeltaal_3_4_what_shortens_a_resource_does_not_hide_whose_it_is() {
    let world = start().await;
    let mine = world.patient(OWN).await;
    world.patient(OTHER).await;
    // koppeltaal.md §3.4
    for query in ["_elements=name", "_summary=true", "_summary=text"] {
        let found = world.get(OWN, &format!("Patient?{query}")).await;
        assert_eq!(found.found(), std::slice::from_ref(&mine), "{query}");
    }
}
