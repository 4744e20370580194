//! What a person does at the PGO more than once.

use server::network::{Party, Person, Shown};

use crate::world::{SASKIA, World, login};

/// A person who collected once, at the page that offers to collect again.
pub(crate) async fn collected(world: &World) -> (Person, Shown) {
    let mut person = world.person();
    let start = person.open(&world.url("pgo")).await.expect("an answer");
    let digid = person
        .send(start.form("/verzamelen").expect("a form"))
        .await
        .expect("an answer");
    let register = person
        .send(login(&digid, SASKIA, "inloggen"))
        .await
        .expect("an answer");
    let form = register
        .form("/toestemming")
        .expect("a form")
        .with_every("ja");
    let result = person
        .send(form.with("keuze", "geven"))
        .await
        .expect("an answer");
    assert_eq!(result.url.path(), "/resultaat", "{}", result.heading());
    (person, result)
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_011_clicking_twice_collects_twice_and_keeps_the_link() {
    let world = World::start().await;
    let (person, result) = collected(&world).await;
    let click = async || {
        let mut person = person.clone();
        let form = result.form("/verzamelen").expect("a form");
        person
            .send(form)
            .await
            .expect("an answer")
            .url
            .path()
            .to_owned()
    };
    let (first, second) = tokio::join!(click(), click());
    assert_eq!(
        (first.as_str(), second.as_str()),
        ("/resultaat", "/resultaat")
    );
    assert_eq!(click().await, "/resultaat");
    assert!(
        !world
            .requirements(Party::Mitz)
            .await
            .contains(&"RFC 9700 §4.14.2".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_leaves_while_collecting_finds_its_link_later() {
    let world = World::start().await;
    let (person, result) = collected(&world).await;
    for wait_ms in [2, 5, 10, 20, 40] {
        let mut leaving = person.clone();
        let form = result.form("/verzamelen").expect("a form");
        let left = tokio::time::timeout(
            std::time::Duration::from_millis(wait_ms),
            leaving.send(form),
        );
        drop(left.await);
    }
    let mut person = person.clone();
    let form = result.form("/verzamelen").expect("a form");
    let again = person.send(form).await.expect("an answer");
    assert_eq!(again.url.path(), "/resultaat", "{}", again.heading());
}
