//! Beheren toestemmingen.

use server::network::{Person, Shown};
use store::AuditRow;

use crate::vertegenwoordiging::{MARIA, NOOR, for_whom};
use crate::world::{NAAM, SASKIA, World, answer, heading, is_error, json, login};

/// The overview, after a login for it.
async fn overzicht(world: &World, bsn: &str) -> (Person, Shown) {
    let mut person = world.person();
    let url = format!("{}/toestemmingen", world.url("dva"));
    let shown = person.open(&url).await.expect("an answer");
    let form = shown.form("/inloggen").expect("the landing page");
    let shown = person.send(form).await.expect("an answer");
    let shown = person
        .send(login(&shown, bsn, "inloggen"))
        .await
        .expect("an answer");
    assert_eq!(heading(&shown), "Uw toestemmingen");
    (person, shown)
}

fn links(shown: &Shown) -> Vec<String> {
    let parts = shown
        .html
        .split("href=\"/toestemmingen/beeindigen?")
        .skip(1);
    let parts = parts.filter_map(|part| part.split('"').next());
    parts
        .map(|query| format!("/toestemmingen/beeindigen?{query}"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_062_and_097_and_098_a_person_ends_a_consent_and_its_tokens_die() {
    let world = World::start().await;
    let tokens = world.tokens(SASKIA).await;
    let refresh = tokens["refresh_token"].as_str().expect("a token");
    // For once: not among those that go on.
    let code = world.code(SASKIA, NAAM, false).await;
    world.redeem(&code).await;
    let (mut person, shown) = overzicht(&world, SASKIA).await;
    let all = links(&shown);
    assert_eq!(all.len(), 1);
    let at = format!("{}{}", world.url("dva"), all[0]);
    let declared = person.open(&at).await.expect("an answer");
    assert_eq!(heading(&declared), "Toestemming beëindigen");
    // medmij case 98: by the link of the page
    let (_, cancel) = declared
        .html
        .split_once("<a class=\"knop licht\" href=\"")
        .expect("a link");
    let cancel = cancel.split('"').next().unwrap_or_default();
    let overview = format!("{}{cancel}", world.url("dva"));
    let shown = person.open(&overview).await.expect("an answer");
    assert_eq!(heading(&shown), "Uw toestemmingen");
    assert_eq!(links(&shown), all);
    let token = tokens["access_token"].as_str().expect("a token");
    assert_eq!(world.resource("51", "Condition", token).await.status, 200);
    let refreshed = world.refresh(refresh).await;
    assert_eq!(refreshed.status, 200);
    let tokens = json(&refreshed);
    let refresh = tokens["refresh_token"].as_str().expect("a token");
    let is_ended = |row: &AuditRow| row.requirement == "medmij case 97";
    assert!(!world.audit().await.iter().any(is_ended));
    // medmij case 97
    let form = declared.form("/toestemmingen/beeindigen").expect("a form");
    let ended = person.send(form).await.expect("an answer");
    assert!(links(&ended).is_empty() && ended.html.contains("De toestemming is beëindigd"));
    // medmij case 62
    is_error(&world.refresh(refresh).await, 400, "invalid_grant");
    let token = tokens["access_token"].as_str().expect("a token");
    assert_eq!(world.resource("51", "Condition", token).await.status, 401);
    let audit = world.audit().await;
    assert!(audit.iter().any(is_ended));
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_097_nobody_sees_or_ends_the_consents_of_somebody_else() {
    let world = World::start().await;
    world.tokens(SASKIA).await;
    let (_, hers) = overzicht(&world, SASKIA).await;
    let (mut person, shown) = overzicht(&world, "900263271").await;
    assert!(links(&shown).is_empty());
    // medmij case 97
    let at = format!("{}{}", world.url("dva"), links(&hers)[0]);
    let shown = person.open(&at).await.expect("an answer");
    assert!(shown.form("/toestemmingen/beeindigen").is_err());
    let url = format!("{}/toestemmingen/overzicht", world.url("dva"));
    let stranger = world.person().open(&url).await.expect("an answer");
    assert_eq!(stranger.status, 400);
}

/// medmij.md §2.5: all consents of a person, also those that he gave for a child.
#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_097_who_gave_a_consent_for_a_child_sees_and_ends_it() {
    let world = World::start().await;
    let (mut person, shown) = for_whom(&world, MARIA, "onbehalfofchild", "20180514", NOOR).await;
    let yes = shown.form("/verklaring").expect("the declaration");
    let yes = yes.with("keuze", "ja").with("langdurig", "ja");
    let shown = person.send(yes).await.expect("an answer");
    let code = answer(&shown, "code").expect("a code");
    let issued = json(&world.redeem(&code).await);
    let refresh = issued["refresh_token"].as_str().expect("a token");

    let (_, of_child) = overzicht(&world, NOOR).await;
    assert_eq!(links(&of_child).len(), 1);
    assert!(of_child.html.contains("Iemand anders gaf haar voor u."));
    let (mut person, of_parent) = overzicht(&world, MARIA).await;
    let told = "U gaf haar voor iemand anders, geboren op 14 mei 2018.";
    assert!(of_parent.html.contains(told), "{}", of_parent.html);
    let at = format!("{}{}", world.url("dva"), links(&of_parent)[0]);
    let declared = person.open(&at).await.expect("an answer");
    assert!(declared.html.contains(told), "{}", declared.html);
    let form = declared.form("/toestemmingen/beeindigen").expect("a form");
    // medmij case 97
    let ended = person.send(form).await.expect("an answer");
    assert!(links(&ended).is_empty());
    is_error(&world.refresh(refresh).await, 400, "invalid_grant");
    let (_, of_child) = overzicht(&world, NOOR).await;
    assert!(links(&of_child).is_empty());
}
