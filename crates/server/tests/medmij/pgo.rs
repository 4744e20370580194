//! The demo's PGO at a DVA itself: what a person does there, and what came of it.

use server::network::{Party, Person, Shown, Trouble};

use crate::world::{NAAM, SASKIA, World, login};

/// May act for Saskia by authorisation, who was born on 12 April 1961.
const JOOST: &str = "900029365";

/// A person at the PGO who chose the hospital, on the page that asks what and for whom.
async fn at_keuze(world: &World) -> (Person, Shown) {
    let mut person = world.person();
    let pgo = world.url("pgo");
    let lijst = person.open(&format!("{pgo}/rechtstreeks")).await;
    let lijst = lijst.expect("an answer");
    let link = format!("href=\"/rechtstreeks/{NAAM}\"");
    assert!(lijst.html.contains(&link), "{}", lijst.heading());
    let keuze = person.open(&format!("{pgo}/rechtstreeks/{NAAM}")).await;
    (person, keuze.expect("an answer"))
}

/// From the page that asks what and for whom to the DVA's question.
async fn at_verklaring(world: &World, who: &str) -> (Person, Shown) {
    let (mut person, keuze) = at_keuze(world).await;
    let shown = chosen(&mut person, &keuze, who).await;
    (person, shown)
}

async fn chosen(person: &mut Person, keuze: &Shown, who: &str) -> Shown {
    let form = keuze
        .form(&format!("/rechtstreeks/{NAAM}"))
        .expect("a form");
    let landing = person.send(form).await.expect("an answer");
    let form = landing.form("/inloggen").expect("the landing page");
    let digid = person.send(form).await.expect("an answer");
    let form = login(&digid, who, "inloggen");
    person.send(form).await.expect("an answer")
}

/// Agrees, for once or for as long as it takes.
pub(crate) async fn agree(person: &mut Person, verklaring: &Shown, langdurig: bool) -> Shown {
    let form = verklaring.form("/verklaring").expect("the declaration");
    let form = form.with("keuze", "ja");
    let form = if langdurig {
        form.with("langdurig", "ja")
    } else {
        form
    };
    person.send(form).await.expect("an answer")
}

/// A person who collected directly.
pub(crate) async fn collected(world: &World, langdurig: bool) -> (Person, Shown) {
    let (mut person, verklaring) = at_verklaring(world, SASKIA).await;
    let shown = agree(&mut person, &verklaring, langdurig).await;
    assert_eq!(shown.url.path(), "/resultaat", "{}", shown.heading());
    (person, shown)
}

impl World {
    pub(crate) fn disturb(&self, party: Party, trouble: Option<Trouble>) {
        let control = self.running.control.as_ref().expect("may be disturbed");
        assert!(control.troubles.set(party, trouble));
    }

    /// Party and requirement of each refusal so far.
    pub(crate) fn refusals(&self) -> Vec<(String, String)> {
        let log = self.log();
        let lines = log.lines().map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).expect("json");
            let member = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            (member("party"), member("requirement"))
        });
        lines.collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_collects_at_a_dva_itself_and_sees_data_with_its_source() {
    let world = World::with_pgo().await;
    let (mut person, keuze) = at_keuze(&world).await;
    assert!(keuze.html.contains("Voor mijn kind"), "{}", keuze.heading());
    let shown = chosen(&mut person, &keuze, SASKIA).await;
    let result = agree(&mut person, &shown, false).await;
    assert_eq!(result.heading(), "HTTP 200, Uw gegevens");
    // core.dossier.102: with its source and its gegevensdienst
    for text in [
        "Ziekenhuis De Sluiswachter",
        "Laboratoriumresultaten",
        "Gegevens ontvangen",
    ] {
        assert!(result.html.contains(text), "{text}");
    }
    assert_eq!(world.refusals(), []);
    let log = world.log();
    assert!(!log.contains(SASKIA), "no BSN in a log");
    let start = person.open(&world.url("pgo")).await.expect("an answer");
    assert!(start.html.contains("href=\"/verbindingen\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_chosen_is_asked_for_and_shown() {
    let world = World::with_pgo().await;
    let (mut person, keuze) = at_keuze(&world).await;
    let path = format!("/rechtstreeks/{NAAM}");
    let mut form = keuze.form(&path).expect("a form");
    for dienst in ["51", "52", "48", "6"] {
        form = form.without(&format!("dienst-{dienst}"));
    }
    let landing = person.send(form).await.expect("an answer");
    let digid = person
        .send(landing.form("/inloggen").expect("a form"))
        .await;
    let digid = digid.expect("an answer");
    let shown = person.send(login(&digid, SASKIA, "inloggen")).await;
    let result = agree(&mut person, &shown.expect("an answer"), false).await;
    assert_eq!(result.url.path(), "/resultaat", "{}", result.heading());
    assert!(result.html.contains("Meetwaarden vitale functies"));
    for other in ["Laboratoriumresultaten", "Medicatiegegevens"] {
        assert!(!result.html.contains(other), "{other}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_that_misses_something_is_shown_again_and_leads_nowhere() {
    let world = World::with_pgo().await;
    let (mut person, keuze) = at_keuze(&world).await;
    let path = format!("/rechtstreeks/{NAAM}");
    let form = || keuze.form(&path).expect("a form");
    let mut nothing = form();
    for dienst in ["51", "52", "42", "48", "6"] {
        nothing = nothing.without(&format!("dienst-{dienst}"));
    }
    // medmij case 86: nobody acts for another without the date of birth.
    let dateless = form().with("voor", "kind");
    let impossible = form()
        .with("voor", "machtiging")
        .with("geboortedatum", "1961-02-31");
    for (form, says) in [
        (nothing, "U hebt niets gekozen"),
        (dateless, "Vul de geboortedatum in"),
        (impossible, "Vul de geboortedatum in"),
    ] {
        let shown = person.send(form).await.expect("an answer");
        assert_eq!((shown.status, shown.url.path()), (422, path.as_str()));
        assert!(shown.html.contains(says), "{says}: {}", shown.heading());
    }
    let forged = form().with("formulier", "verzonnen");
    assert_eq!(person.send(forged).await.expect("an answer").status, 400);
    let nobody = format!("{}/rechtstreeks/bestaatniet", world.url("pgo"));
    assert_eq!(person.open(&nobody).await.expect("an answer").status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_085_data_of_somebody_else_stand_apart_from_ones_own() {
    let world = World::with_pgo().await;
    let (mut person, keuze) = at_keuze(&world).await;
    let form = keuze
        .form(&format!("/rechtstreeks/{NAAM}"))
        .expect("a form");
    let form = form
        .with("voor", "machtiging")
        .with("geboortedatum", "1961-04-12");
    let landing = person.send(form).await.expect("an answer");
    let form = landing.form("/inloggen").expect("the landing page");
    let shown = person.send(form).await.expect("an answer");
    let digid = world.url("digid");
    let entrance = format!("{digid}/saml/v4/entrance/request_authentication");
    let shown = person.send(shown.form(&entrance).expect("a request")).await;
    let shown = person
        .send(login(&shown.expect("an answer"), JOOST, "inloggen"))
        .await
        .expect("an answer");
    let form = shown.form("/vertegenwoordigen").expect("the BVD");
    let form = form.with("bsn", SASKIA).with("keuze", "vertegenwoordigen");
    let shown = person.send(form).await.expect("an answer");
    let result = agree(&mut person, &shown, false).await;
    assert_eq!(result.url.path(), "/resultaat", "{}", result.heading());
    // medmij case 85
    let of = "iemand die u gemachtigd heeft, geboren op 12 april 1961";
    assert!(result.html.contains(of), "{}", result.html);
    assert!(result.html.contains("Gegevens ontvangen"));
    assert!(!result.url.as_str().contains("1961"), "{}", result.url);
    let own = format!("{}/resultaat", world.url("pgo"));
    let own = person.open(&own).await.expect("an answer");
    assert!(
        !own.html.contains("Gegevens ontvangen"),
        "not among his own"
    );
    // Somebody else's browser does not find it.
    let stranger = world.person().open(result.url.as_str()).await;
    assert_eq!(stranger.expect("an answer").url.path(), "/");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stops_at_the_dva_is_back_with_what_was_there() {
    let world = World::with_pgo().await;
    let (mut person, _) = collected(&world, false).await;
    let keuze = format!("{}/rechtstreeks/{NAAM}", world.url("pgo"));
    let keuze = person.open(&keuze).await.expect("an answer");
    let verklaring = chosen(&mut person, &keuze, SASKIA).await;
    let form = verklaring.form("/verklaring").expect("the declaration");
    let shown = person.send(form.with("keuze", "nee")).await;
    let shown = shown.expect("an answer");
    assert_eq!(shown.heading(), "HTTP 200, Er zijn geen gegevens opgehaald");
    let own = format!("{}/resultaat", world.url("pgo"));
    let own = person.open(&own).await.expect("an answer");
    assert!(own.html.contains("Gegevens ontvangen"), "nothing is lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn core_tknint_202_an_answer_that_is_not_of_this_browser_or_not_of_this_dva_brings_nothing() {
    let world = World::with_pgo().await;
    let (mut person, verklaring) = at_verklaring(&world, SASKIA).await;
    let pgo = world.url("pgo");
    let terug = format!("{pgo}/rechtstreeks/terug/");
    person = person.stopping_at(&terug);
    let answer = agree(&mut person, &verklaring, false).await.url;
    assert_eq!(answer.path(), "/rechtstreeks/terug/dva.localhost");
    let query = answer.query().expect("a query");
    // core.tknint.202
    let elsewhere = format!("{terug}dva2.localhost?{query}");
    let forged = format!(
        "{terug}dva.localhost?{}",
        query.replace("state=", "state=x")
    );
    let mut stopped = person.clone().stopping_at(&format!("{pgo}/melding"));
    for url in [elsewhere.as_str(), forged.as_str()] {
        let shown = stopped.open(url).await.expect("an answer");
        assert_eq!(shown.url.query(), Some("soort=niet-van-ons"), "{url}");
    }
    let stranger = world.person().open(answer.as_str()).await;
    assert_eq!(stranger.expect("an answer").status, 400);
    let mut person = person.stopping_at("about:");
    let mut twice = person.clone();
    let result = person.open(answer.as_str()).await.expect("an answer");
    assert_eq!(result.url.path(), "/resultaat", "{}", result.heading());
    // core.tknint.203: our own browser's second presentation does not reach the DVA.
    let again = twice.open(answer.as_str()).await.expect("an answer");
    assert_eq!(again.status, 400, "{}", again.heading());
    let refused = ("pgo".to_owned(), "core.tknint.202".to_owned());
    assert_eq!(world.refusals(), [refused]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dva_that_does_not_answer_or_answers_nonsense_is_explained_and_loses_nothing() {
    let world = World::with_pgo().await;
    let (mut person, _) = collected(&world, false).await;
    let wrong = |how| Trouble::Wrong { how };
    let cases = [
        (
            Trouble::Down,
            "HTTP 503, De zorgaanbieder is nu niet bereikbaar",
        ),
        (
            wrong(server::network::Wrong::Truncated),
            "HTTP 502, We gebruiken het antwoord niet",
        ),
    ];
    for (trouble, heading) in cases {
        let pgo = world.url("pgo");
        let keuze = person.open(&format!("{pgo}/rechtstreeks/{NAAM}")).await;
        let verklaring = chosen(&mut person, &keuze.expect("an answer"), SASKIA).await;
        let mut stopped = person
            .clone()
            .stopping_at(&format!("{pgo}/rechtstreeks/terug"));
        let answer = agree(&mut stopped, &verklaring, true).await.url;
        world.disturb(Party::Dva, Some(trouble));
        let mut back = stopped.stopping_at("about:");
        let shown = back.open(answer.as_str()).await.expect("an answer");
        world.disturb(Party::Dva, None);
        assert_eq!(shown.heading(), heading, "{trouble:?}");
        let own = back.open(&format!("{pgo}/resultaat")).await;
        assert!(own.expect("an answer").html.contains("Gegevens ontvangen"));
    }
}
