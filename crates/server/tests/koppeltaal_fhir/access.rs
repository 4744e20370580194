//! Who may read what.

use koppeltaal::Domein;
use koppeltaal::domeinconfiguratie::{Kept, Regels};
use serde_json::json;
use server::chance;
use server::keys::admin;
use server::keys::not_before::Subject;
use server::network::Party;
use store::{Commit, Store as _};
use verdict::CommitId;

use crate::world::{
    ADMIN, Ask, GRANTED, NOBODY, OTHER, OWN, World, id, of, origins, path, patient, start,
};

#[tokio::test]
async fn koppeltaal_case_047_and_113_without_a_token_nothing_is_said() {
    let world = start().await;
    for path in [
        "Patient",
        "Patient/1",
        "",
        "Nonsense/$x",
        "Patient?access_token=x",
    ] {
        let answer = world
            .ask(Ask {
                method: "GET",
                path,
                ..Ask::default()
            })
            .await;
        // koppeltaal case 47, koppeltaal case 113
        assert_eq!(answer.status, 401, "{path}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        let expected =
            json!([{ "severity": "error", "code": "security", "diagnostics": "No valid token." }]);
        assert_eq!(answer.json()["issue"], expected);
    }
    // koppeltaal case 113: not even beside one that is good
    let token = world.token(ADMIN).await;
    let twice = format!("Patient?access_token={token}");
    assert_eq!(world.get(ADMIN, &twice).await.status, 401);
    for spelled in ["Access_Token", "access_token:exact", "access%5Ftoken"] {
        let twice = format!("Patient?{spelled}={token}");
        assert_eq!(world.get(ADMIN, &twice).await.status, 401, "{spelled}");
        let form = json!(format!("{spelled}={token}"));
        let ask = Ask {
            by: Some(ADMIN),
            method: "POST",
            path: "Patient/_search",
            body: Some(&form),
            headers: &[("content-type", "application/x-www-form-urlencoded")],
        };
        let answer = world.ask(ask).await;
        assert_eq!(answer.status, 401, "{spelled}");
        assert!(!answer.text().contains(&token));
    }
    let log = world.log();
    assert!(log.contains("koppeltaal case 47") && log.contains("koppeltaal case 113"));
    assert!(!log.contains(&token));
}

#[tokio::test]
async fn koppeltaal_case_048_the_capabilities_are_for_everybody() {
    let world = start().await;
    let answer = world
        .ask(Ask {
            method: "GET",
            path: "metadata",
            ..Ask::default()
        })
        .await;
    // koppeltaal case 48
    assert_eq!(answer.status, 200, "{}", answer.text());
    let statement = answer.json();
    assert_eq!(statement["resourceType"], "CapabilityStatement");
    assert_eq!(statement["fhirVersion"], "4.0.1");
    assert_eq!(statement["implementation"]["url"], world.base());
    assert!(!answer.text().contains("fhir.localhost"));
    // TGB 001
    let guide = world
        .ask(Ask {
            method: "GET",
            path: "ImplementationGuide",
            ..Ask::default()
        })
        .await;
    assert_eq!(guide.status, 200, "{}", guide.text());
    let chained = world
        .ask(Ask {
            method: "GET",
            path: "ImplementationGuide?depends-on.name=x",
            ..Ask::default()
        })
        .await;
    // TOP-KT-012a
    assert_eq!(chained.status, 401);
    assert!(chained.header("www-authenticate").starts_with("Bearer"));
    assert_eq!(chained.json()["issue"][0]["diagnostics"], "No valid token.");
    // A token that is sent must be good, also where none is asked for.
    assert_eq!(world.ask_with("x", "metadata").await.status, 401);
}

#[tokio::test]
async fn koppeltaal_case_049_a_token_that_is_over_or_of_another_domain_is_none() {
    let world = start().await;
    let token = world.fresh_token(ADMIN, "*").await;
    assert_eq!(world.ask_with(&token, "Patient").await.status, 200);
    let (head, rest) = token.split_once('.').expect("a token");
    let (claims, signature) = rest.split_once('.').expect("a token");
    let other = world.fresh_token(OWN, "*").await;
    let other_claims = other.split('.').nth(1).expect("claims");
    for bad in [
        "NOOP",
        "a.b.c",
        &format!("{head}.{other_claims}.{signature}"),
        &format!("{head}.{claims}."),
        &token.replace('.', ""),
    ] {
        // koppeltaal case 49
        assert_eq!(world.ask_with(bad, "Patient").await.status, 401);
    }
    // Remembered as good, and over all the same.
    world.running.clock.shift(301);
    assert_eq!(world.ask_with(&token, "Patient").await.status, 401);
    assert!(!world.log().contains(&token));
}

#[tokio::test]
async fn koppeltaal_2_7_a_domain_stops_at_once_what_it_gave_out() {
    let world = start().await;
    let token = world.fresh_token(ADMIN, "*").await;
    assert_eq!(world.ask_with(&token, "Patient").await.status, 200);
    world.running.clock.shift(1);
    let app = &world.running.apps[&Party::Koppeltaal];
    let now = app.clock.now();
    let domain = Subject::Domain("d1".to_owned());
    let set = admin::set_not_before(&app.home, &domain, now, now).await;
    set.expect("set");
    app.keys.look(&app.home, now).await.expect("looked");
    // koppeltaal.md §2.7
    assert_eq!(world.ask_with(&token, "Patient").await.status, 401);
    let token = world.fresh_token(ADMIN, "*").await;
    assert_eq!(world.ask_with(&token, "Patient").await.status, 200);
}

/// Takes every permission on a type from a role.
async fn take_away(world: &World, rol: &str, soort: &str) {
    let app = &world.running.apps[&Party::Koppeltaal];
    let (now, d1) = (app.clock.now(), Domein::parse("d1").expect("a domain"));
    let kept = app.load::<Kept>(Kept::key(&d1), now).await.expect("a row");
    let kept = kept.expect("the domain");
    let meant = kept
        .value
        .meant(Regels::ON_ONE_MACHINE)
        .expect("a declaration");
    let mut domein = meant.expect("not removed");
    let permissies = domein.rollen.get_mut(rol).expect("the role");
    permissies.retain(|permissie| permissie.resource.as_str() != soort);
    let changes = domein.put(Some(kept.version), now).into_iter();
    let changes = changes.map(|change| app.seal.change(change)).collect();
    let id = CommitId(chance::entropy().bytes("test"));
    let commit = Commit::new(id, now, changes, vec![]).expect("a commit");
    app.home.commit(commit).await.expect("committed");
}

#[tokio::test]
async fn koppeltaal_case_046_what_was_taken_away_ends_with_the_tokens_that_say_it() {
    let world = start().await;
    let token = world.fresh_token(OWN, "*").await;
    take_away(&world, "Eigen", "Patient").await;
    // koppeltaal case 46
    let new = world.fresh_token(OWN, "*").await;
    assert_eq!(world.ask_with(&new, "Patient").await.status, 403);
    assert_eq!(world.ask_with(&new, "Task").await.status, 200);
    assert_eq!(world.ask_with(&token, "Patient").await.status, 200);
    // Real time goes on beside it.
    world.running.clock.shift(200);
    assert_eq!(world.ask_with(&token, "Patient").await.status, 200);
    world.running.clock.shift(101);
    assert_eq!(world.ask_with(&token, "Patient").await.status, 401);
}

#[tokio::test]
async fn koppeltaal_case_050_and_059_without_a_scope_nothing_is_looked_at() {
    let world = start().await;
    let known = world.patient(OWN).await;
    for path in [
        "Patient",
        "Patient/unknown",
        &known,
        "Device",
        "Patient/_history",
    ] {
        // koppeltaal case 50
        let answer = world.get(NOBODY, path).await;
        assert_eq!(answer.status, 403, "{path}");
        let expected =
            json!([{ "severity": "error", "code": "forbidden", "diagnostics": "Not allowed." }]);
        assert_eq!(answer.json()["issue"], expected);
        // RFC 6750 §3
        let challenge = answer.header("www-authenticate");
        assert_eq!(challenge, "Bearer error=\"insufficient_scope\"");
    }
    // koppeltaal case 59
    let answer = world.post(NOBODY, "Patient", &json!("no resource")).await;
    assert_eq!(answer.status, 403);
    let answer = world.post(GRANTED, "Patient", &json!({})).await;
    assert_eq!(answer.status, 403);
    assert!(world.log().contains("koppeltaal case 50"));
}

#[tokio::test]
async fn koppeltaal_case_051_to_053_a_search_finds_what_the_scopes_reach() {
    let world = start().await;
    let mine = world.patient(OWN).await;
    let theirs = world.patient(OTHER).await;
    // koppeltaal case 51
    let found = world.get(OWN, "Patient").await;
    assert_eq!(found.found(), std::slice::from_ref(&mine));
    let origin = origins(&found.json()["entry"][0]["resource"]);
    assert_eq!(origin, [id(OWN).device()]);
    assert!(found.json().get("total").is_none());
    let url = format!("{}/{mine}", world.base());
    assert_eq!(found.json()["entry"][0]["fullUrl"], url);
    assert!(!found.text().contains("fhir.localhost"));
    // koppeltaal case 52
    let foreign = format!("Patient?resource-origin=Device/{}", id(OTHER));
    let nothing = world.get(OWN, &foreign).await;
    assert_eq!(nothing.status, 200);
    assert_eq!(nothing.json()["total"], 0);
    assert!(nothing.found().is_empty());
    // Granted resources, and nobody else's.
    assert_eq!(
        world.get(GRANTED, "Patient").await.found(),
        std::slice::from_ref(&mine)
    );
    // koppeltaal case 53
    let own = format!("system/Patient.crus?resource-origin=Device/{}", id(ADMIN));
    let token = world
        .token_for(ADMIN, &format!("system/Patient.rs {own}"))
        .await;
    let all = world.ask_with(&token, "Patient").await;
    assert_eq!(all.found(), [theirs, mine]);
    assert_eq!(all.json()["total"], 2);
}

#[tokio::test]
async fn koppeltaal_case_054_and_055_what_is_not_reached_is_not_there() {
    let world = start().await;
    let theirs = world.patient(OTHER).await;
    let gone = world.patient(OTHER).await;
    assert_eq!(world.delete(OTHER, &gone).await.status, 204);
    let foreign = world.get(OWN, &theirs).await;
    // koppeltaal case 54
    assert_eq!(foreign.status, 403);
    for unknown in [
        "Patient/unknown",
        &gone,
        "Patient/unknown/_history",
        "Patient/unknown/_history/1",
    ] {
        let answer = world.get(OWN, unknown).await;
        assert_eq!(
            (answer.status, answer.body),
            (403, foreign.body.clone()),
            "{unknown}"
        );
    }
    for path in [format!("{theirs}/_history"), format!("{theirs}/_history/1")] {
        let answer = world.get(OWN, &path).await;
        assert_eq!(
            (answer.status, answer.body),
            (403, foreign.body.clone()),
            "{path}"
        );
    }
    // koppeltaal case 55
    assert_eq!(world.get(ADMIN, "Patient/unknown").await.status, 404);
    let answer = world.get(ADMIN, &gone).await;
    assert_eq!(answer.status, 410);
    let place = answer.header("location");
    assert!(
        place.starts_with(&format!("{}/{gone}", world.base())),
        "{place}"
    );
    assert_eq!(world.get(ADMIN, &theirs).await.status, 200);
}

#[tokio::test]
async fn koppeltaal_3_2_a_version_and_a_history_are_judged_like_the_resource() {
    let world = start().await;
    let mine = world.patient(OWN).await;
    let theirs = world.patient(OTHER).await;
    let mut changed = patient("Pieters");
    changed["id"] = mine.split('/').nth(1).expect("an id").into();
    assert_eq!(
        world
            .put(OWN, &mine, &changed, Some("W/\"1\""))
            .await
            .status,
        200
    );
    let first = world.get(OWN, &format!("{mine}/_history/1")).await;
    // koppeltaal.md §3.2
    assert_eq!(first.status, 200);
    assert_eq!(first.json()["name"][0]["family"], "Jansen");
    assert_eq!(first.header("etag"), "W/\"1\"");
    let history = world.get(OWN, &format!("{mine}/_history")).await;
    assert_eq!(history.json()["type"], "history");
    assert_eq!(history.found(), [mine.clone(), mine.clone()]);
    assert_eq!(history.json()["entry"][0]["request"]["method"], "PUT");
    let all = world.get(OWN, "Patient/_history").await;
    assert_eq!(all.found(), [mine.clone(), mine.clone()]);
    let everybodys = world.get(ADMIN, "Patient/_history").await;
    assert_eq!(everybodys.found(), [mine.clone(), theirs, mine.clone()]);
    // The end of a resource is told to whom it belonged.
    assert_eq!(world.delete(OWN, &mine).await.status, 204);
    let ended = world.get(OWN, &format!("{mine}/_history")).await.json();
    assert_eq!(ended["entry"][0]["request"]["method"], "DELETE");
    assert_eq!(ended["entry"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn koppeltaal_3_2_who_has_a_version_gets_it_no_second_time() {
    let world = start().await;
    let mine = world.patient(OWN).await;
    let get = async |tag: &str| {
        let headers = [("if-none-match", tag)];
        let ask = Ask {
            by: Some(OWN),
            method: "GET",
            path: &mine,
            headers: &headers,
            ..Ask::default()
        };
        world.ask(ask).await
    };
    let known = get("W/\"7\", W/\"1\"").await;
    // koppeltaal.md §3.2
    assert_eq!((known.status, known.body.len()), (304, 0));
    assert_eq!(get("W/\"2\"").await.status, 200);
    // RFC 9110 §13.1.2
    assert_eq!(get("*").await.status, 304);
}

#[tokio::test]
async fn a_bundle_that_is_a_resource_is_judged_as_one() {
    let world = start().await;
    let inside = of(patient("Jansen"), OTHER);
    let task = json!({ "resourceType": "Task", "status": "ready", "contained": [inside] });
    let mine = world.made(OWN, &task).await;
    let read = world.get(OWN, &mine).await;
    // koppeltaal.md §2.6: what somebody put into his own resource is his own
    assert_eq!(read.json()["contained"][0]["name"][0]["family"], "Jansen");
    assert_eq!(path(&read.json()), mine);
    assert_eq!(world.get(OTHER, &mine).await.status, 403);
    assert!(world.get(OTHER, "Patient").await.found().is_empty());
}
