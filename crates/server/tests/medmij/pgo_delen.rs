//! What a person hands over at the PGO: a weight, for which the DVA asks a confirmation.

use server::network::{Party, Person, Shown, Trouble};

use crate::verbindingen::{keren, overzicht};
use crate::world::{NAAM, SASKIA, World, login};

/// A person who filled in a weight, at the DVA's question.
async fn at_bevestiging(world: &World, gewicht: &str) -> (Person, Shown) {
    let mut person = world.person();
    let path = format!("/rechtstreeks/{NAAM}/delen");
    let meting = person.open(&format!("{}{path}", world.url("pgo"))).await;
    let form = meting.expect("an answer").form(&path).expect("a form");
    let landing = person.send(form.with("gewicht", gewicht)).await;
    let form = landing.expect("an answer").form("/inloggen");
    let digid = person.send(form.expect("the landing page")).await;
    let form = login(&digid.expect("an answer"), SASKIA, "inloggen");
    let shown = person.send(form).await.expect("an answer");
    assert_eq!(shown.heading(), "HTTP 200, Bevestigen");
    (person, shown)
}

async fn confirm(person: &mut Person, shown: &Shown) -> Shown {
    let form = shown.form("/verklaring").expect("the declaration");
    person
        .send(form.with("keuze", "ja"))
        .await
        .expect("an answer")
}

impl World {
    /// How often a weight like this stands at the hospital.
    async fn stands_at_provider(&self, kg: &str) -> usize {
        let code = self.code(SASKIA, NAAM, false).await;
        let issued = crate::world::json(&self.redeem(&code).await);
        let token = issued["access_token"].as_str().expect("a token");
        let found = self.resource("42", "Observation", token).await;
        let found = crate::world::json(&found);
        let entries = found["entry"].as_array().expect("entries");
        let is_it = |entry: &&serde_json::Value| {
            let value = entry["resource"]["valueQuantity"]["value"].to_string();
            value == kg
        };
        entries.iter().filter(is_it).count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weight_is_placed_once_with_a_receipt_and_stands_at_the_provider() {
    let world = World::with_pgo().await;
    let (mut person, shown) = at_bevestiging(&world, "81,35").await;
    assert!(shown.html.contains("Meetwaarden vitale functies"));
    let bon = confirm(&mut person, &shown).await;
    assert_eq!(bon.url.path(), "/delen/bon", "{}", bon.heading());
    assert_eq!(bon.heading(), "HTTP 200, U hebt gegevens gedeeld");
    for text in ["Ziekenhuis De Sluiswachter", "Lichaamsgewicht", "81,35"] {
        assert!(bon.html.contains(text), "{text}");
    }
    assert_eq!(world.stands_at_provider("81.35").await, 1);
    let shown = overzicht(&world, &mut person).await;
    assert!(shown.html.contains("U hebt bevestigd voor één keer"));
    assert_eq!(keren(&shown), 1);
    // It is no data that the person collected.
    let own = person
        .open(&format!("{}/resultaat", world.url("pgo")))
        .await;
    assert!(!own.expect("an answer").html.contains("81,35"));
    // core.autorisatie.101: the next one asks for another confirmation, in the same connection.
    let path = format!("/rechtstreeks/{NAAM}/delen");
    let meting = person.open(&format!("{}{path}", world.url("pgo"))).await;
    let form = meting.expect("an answer").form(&path).expect("a form");
    let landing = person.send(form.with("gewicht", "81.4")).await;
    let form = landing.expect("an answer").form("/inloggen");
    let digid = person.send(form.expect("the landing page")).await;
    let form = login(&digid.expect("an answer"), SASKIA, "inloggen");
    let shown = person.send(form).await.expect("an answer");
    confirm(&mut person, &shown).await;
    assert_eq!(world.stands_at_provider("81.4").await, 1);
    assert_eq!(keren(&overzicht(&world, &mut person).await), 2);
    let refused = world.refusals();
    assert!(
        refused.iter().all(|(party, _)| party != "pgo"),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_weight_is_asked_again_and_who_takes_none_is_not_asked() {
    let world = World::with_pgo().await;
    let mut person = world.person();
    let pgo = world.url("pgo");
    let path = format!("/rechtstreeks/{NAAM}/delen");
    let meting = person.open(&format!("{pgo}{path}")).await;
    let meting = meting.expect("an answer");
    for typed in ["", "zwaar", "0", "7,1,5"] {
        let form = meting.form(&path).expect("a form").with("gewicht", typed);
        let shown = person.send(form).await.expect("an answer");
        assert_eq!((shown.status, shown.url.path()), (422, path.as_str()));
        assert!(shown.html.contains("Vul uw gewicht in"));
    }
    let pharmacy = format!("{pgo}/rechtstreeks/apotheekdeschutkolk/delen");
    let shown = person.open(&pharmacy).await.expect("an answer");
    assert_eq!(shown.heading(), "HTTP 404, Hier kunt u niets delen");
    let offer = format!("{pgo}/rechtstreeks/apotheekdeschutkolk");
    let offer = person.open(&offer).await.expect("an answer");
    assert!(!offer.html.contains("/delen\""), "{}", offer.heading());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weight_that_cannot_be_placed_now_is_explained_and_not_sent() {
    let world = World::with_pgo().await;
    let (mut person, shown) = at_bevestiging(&world, "82,65").await;
    world.disturb(Party::Xis, Some(Trouble::Down));
    let told = confirm(&mut person, &shown).await;
    world.disturb(Party::Xis, None);
    let down = "HTTP 503, De zorgaanbieder is nu niet bereikbaar";
    assert_eq!(told.heading(), down);
    let again = person.open(told.url.as_str()).await.expect("an answer");
    assert_eq!(again.heading(), down, "to look is not to send");
    assert_eq!(world.stands_at_provider("82.65").await, 0);
}
