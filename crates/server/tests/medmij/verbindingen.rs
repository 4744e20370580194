//! What the PGO keeps of a consent that lasts, and what a person does with it.

use server::network::{Party, Person, Shown, Trouble};
use store::Store as _;

use crate::pgo::{agree, collected};
use crate::world::{NAAM, SASKIA, World, login};

/// A person with a consent that lasts, at the page of connections.
pub(crate) async fn connected(world: &World) -> (Person, Shown) {
    let (mut person, _) = collected(world, true).await;
    let shown = overzicht(world, &mut person).await;
    (person, shown)
}

pub(crate) async fn overzicht(world: &World, person: &mut Person) -> Shown {
    let url = format!("{}/verbindingen", world.url("pgo"));
    let shown = person.open(&url).await.expect("an answer");
    assert_eq!(shown.heading(), "HTTP 200, Mijn verbindingen");
    shown
}

async fn nu_ophalen(person: &mut Person, shown: &Shown) -> Shown {
    let form = shown.form("/verbindingen/ophalen").expect("a form");
    person.send(form).await.expect("an answer")
}

/// How many exchanges the page tells of.
pub(crate) fn keren(shown: &Shown) -> usize {
    shown.html.matches("<p class=\"naam\">").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_lasts_is_a_connection_that_fetches_without_a_login() {
    let world = World::with_pgo().await;
    let (mut person, shown) = connected(&world).await;
    for text in [
        "Ziekenhuis De Sluiswachter",
        "uzelf",
        "Basisgegevens Zorg, ",
        "dva.localhost",
        "Geldt totdat u haar beëindigt",
    ] {
        assert!(shown.html.contains(text), "{text}");
    }
    assert_eq!(keren(&shown), 1);
    // medmij.md §2.2: each time by a token that only the time before brought
    for times in 2..5 {
        let before = overzicht(&world, &mut person).await;
        let shown = nu_ophalen(&mut person, &before).await;
        assert_eq!(shown.url.path(), "/verbindingen");
        assert!(shown.html.contains("De gegevens zijn opgehaald"));
        assert_eq!(keren(&shown), times);
    }
    assert_eq!(world.refusals(), []);
    let audit = world.audit().await;
    assert!(!audit.iter().any(|row| row.what.contains("offered again")));
    // Another browser sees nothing of it.
    let nobody = world.person().open(shown.url.as_str()).await;
    assert_eq!(nobody.expect("an answer").url.path(), "/rechtstreeks");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_the_pgo_stores_of_a_connection_can_be_read_at_rest() {
    let world = World::with_pgo().await;
    let _ = connected(&world).await;
    let app = &world.running.apps[&Party::Pgo];
    let audit = app.home.audit(0, 100).await.expect("readable");
    assert!(audit.iter().all(|row| !row.what.contains(NAAM)));
    let mut bytes = Vec::new();
    for file in std::fs::read_dir(world.running.state.join("pgo")).expect("a folder") {
        let path = file.expect("a file").path();
        if path.is_file() {
            bytes.extend(std::fs::read(path).expect("readable"));
        }
    }
    for secret in [NAAM, "Laboratoriumresultaten", "refresh_token", SASKIA] {
        let secret = secret.as_bytes();
        let found = bytes.windows(secret.len()).any(|window| window == secret);
        assert!(!found, "{}", String::from_utf8_lossy(secret));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_that_fails_is_told_and_takes_nothing_away() {
    let world = World::with_pgo().await;
    let (mut person, shown) = connected(&world).await;
    world.disturb(Party::Dva, Some(Trouble::Down));
    let failed = nu_ophalen(&mut person, &shown).await;
    world.disturb(Party::Dva, None);
    assert!(failed.html.contains("Er zijn geen gegevens opgehaald"));
    assert!(failed.html.contains("De zorgaanbieder was niet bereikbaar"));
    let own = format!("{}/resultaat", world.url("pgo"));
    let own = person.open(&own).await.expect("an answer");
    assert!(own.html.contains("Gegevens ontvangen"), "{}", own.heading());
    let again = nu_ophalen(&mut person, &failed).await;
    assert!(again.html.contains("De gegevens zijn opgehaald"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_or_a_click_that_comes_twice_keeps_the_connection() {
    let world = World::with_pgo().await;
    let (person, shown) = connected(&world).await;
    let click = async || nu_ophalen(&mut person.clone(), &shown).await;
    let (one, other) = tokio::join!(click(), click());
    for clicked in [one, other, click().await] {
        let told = clicked.html.contains("De gegevens zijn opgehaald");
        assert!(told, "{}", clicked.heading());
    }
    assert_eq!(world.refusals(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn ending_a_connection_forgets_its_token_and_leads_to_the_overview_of_the_dva() {
    let world = World::with_pgo().await;
    let (mut person, shown) = connected(&world).await;
    let link = "/verbindingen/beeindigen?verbinding=";
    let (_, id) = shown.html.split_once(link).expect("a link");
    let id = id.split('"').next().expect("an id").to_owned();
    let pgo = world.url("pgo");
    let sure = person.open(&format!("{pgo}{link}{id}")).await;
    let sure = sure.expect("an answer");
    assert_eq!(sure.heading(), "HTTP 200, Verbinding beëindigen");
    let form = sure.form("/verbindingen/beeindigen").expect("a form");
    let forged = form.with("formulier", "verzonnen");
    assert_eq!(person.send(forged).await.expect("an answer").status, 400);
    let form = sure.form("/verbindingen/beeindigen").expect("a form");
    let landing = person.send(form).await.expect("an answer");
    // medmij.md §2.5: the consent itself ends at the DVA.
    let overview = format!("{}/toestemmingen", world.url("dva"));
    assert!(
        landing.url.as_str().starts_with(&overview),
        "{}",
        landing.url
    );
    let digid = person
        .send(landing.form("/inloggen").expect("a form"))
        .await;
    let form = login(&digid.expect("an answer"), SASKIA, "inloggen");
    let consents = person.send(form).await.expect("an answer");
    assert!(
        consents.html.contains("De Proef-PGO"),
        "{}",
        consents.heading()
    );
    let after = overzicht(&world, &mut person).await;
    assert!(
        after.form("/verbindingen/ophalen").is_err(),
        "no token is left"
    );
    assert!(after.html.contains("is beëindigd"));
    let own = person.open(&format!("{pgo}/resultaat")).await;
    assert!(own.expect("an answer").html.contains("Gegevens ontvangen"));
    // What is left can be removed, with its data.
    let sure = person.open(&format!("{pgo}{link}{id}")).await;
    let sure = sure.expect("an answer");
    assert_eq!(sure.heading(), "HTTP 200, Verbinding verwijderen");
    let form = sure.form("/verbindingen/beeindigen").expect("a form");
    let gone = person.send(form).await.expect("an answer");
    assert!(gone.html.contains("U hebt geen verbindingen"));
    let own = person.open(&format!("{pgo}/resultaat")).await;
    assert!(!own.expect("an answer").html.contains("Gegevens ontvangen"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_ended_at_the_dva_is_refused_and_can_be_given_again() {
    let world = World::with_pgo().await;
    let (mut person, shown) = connected(&world).await;
    let dva = world.url("dva");
    let landing = person.open(&format!("{dva}/toestemmingen")).await;
    let form = landing
        .expect("an answer")
        .form("/inloggen")
        .expect("a form");
    let digid = person.send(form).await.expect("an answer");
    let overview = person.send(login(&digid, SASKIA, "inloggen")).await;
    let overview = overview.expect("an answer");
    let link = "/toestemmingen/beeindigen?";
    let (_, query) = overview.html.split_once(link).expect("a consent");
    let query = query.split('"').next().expect("a query");
    let sure = person.open(&format!("{dva}{link}{query}")).await;
    let form = sure.expect("an answer").form("/toestemmingen/beeindigen");
    person.send(form.expect("a form")).await.expect("an answer");
    let refused = nu_ophalen(&mut person, &shown).await;
    assert!(refused.html.contains("De zorgaanbieder gaf geen gegevens"));
    // The same person at the same DVA: the connection goes on, with its past.
    let keuze = format!("{}/rechtstreeks/{NAAM}", world.url("pgo"));
    let keuze = person.open(&keuze).await.expect("an answer");
    let form = keuze
        .form(&format!("/rechtstreeks/{NAAM}"))
        .expect("a form");
    let landing = person.send(form).await.expect("an answer");
    let digid = person
        .send(landing.form("/inloggen").expect("a form"))
        .await;
    let verklaring = person
        .send(login(&digid.expect("an answer"), SASKIA, "inloggen"))
        .await
        .expect("an answer");
    agree(&mut person, &verklaring, true).await;
    let shown = overzicht(&world, &mut person).await;
    assert_eq!(shown.html.matches("<section class=\"kaart\"").count(), 1);
    assert_eq!(keren(&shown), 3);
    let again = nu_ophalen(&mut person, &shown).await;
    assert!(again.html.contains("De gegevens zijn opgehaald"));
}

#[tokio::test(flavor = "multi_thread")]
async fn core_account_101_connections_that_nobody_used_for_half_a_year_are_forgotten() {
    // core.account.101
    const HALF_A_YEAR_S: i64 = 183 * 86_400;
    let world = World::with_pgo().await;
    let (mut person, shown) = connected(&world).await;
    world.running.clock.shift(HALF_A_YEAR_S - 60);
    let shown = person.open(shown.url.as_str()).await.expect("an answer");
    assert_eq!(shown.url.path(), "/verbindingen");
    world.running.clock.shift(HALF_A_YEAR_S + 60);
    let shown = person.open(shown.url.as_str()).await.expect("an answer");
    assert_eq!(shown.url.path(), "/rechtstreeks");
}
