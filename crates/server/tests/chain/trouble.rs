//! Parties in trouble (`--control`), and what the others make of it.

use server::network::{Party, Person, Shown, Trouble, Wrong};
use server::outside::Headers;

use crate::pgo::collected;
use crate::world::{SASKIA, World, json};

const ORDER: &str = "HTTP 200, Uw gegevens";

impl World {
    fn disturb(&self, party: Party, trouble: Trouble) {
        let control = self.running.control.as_ref().expect("may be disturbed");
        assert!(control.troubles.set(party, Some(trouble)));
    }

    fn heal(&self) {
        let control = self.running.control.as_ref().expect("may be disturbed");
        control.troubles.reset();
    }

    /// Party and requirement of each refusal so far.
    fn refusals(&self) -> Vec<(String, String)> {
        let log = std::fs::read_to_string(self.running.state.join("log.jsonl")).expect("a log");
        let lines = log.lines().map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).expect("json");
            let member = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            (member("party"), member("requirement"))
        });
        lines.collect()
    }

    /// What a person sees who collects again while a party has this trouble, and who refused why.
    async fn in_trouble(
        &self,
        (person, result): (&mut Person, &Shown),
        party: Party,
        trouble: Trouble,
    ) -> (Shown, Vec<(String, String)>) {
        let before = self.refusals().len();
        self.disturb(party, trouble);
        let form = result.form("/verzamelen").expect("a form");
        let shown = person.send(form).await.expect("an answer");
        let mut refused = self.refusals().split_off(before);
        // A provider with several gegevensdiensten is asked, and refuses, for each.
        refused.dedup();
        self.heal();
        (shown, refused)
    }
}

fn wrong(how: Wrong) -> Trouble {
    Trouble::Wrong { how }
}

fn refusal(party: &str, requirement: &str) -> Vec<(String, String)> {
    vec![(party.to_owned(), requirement.to_owned())]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dva_in_trouble_is_explained_and_the_other_still_gives_data() {
    let world = World::start().await;
    let (mut person, result) = collected(&world).await;
    let cases = [
        (Trouble::Down, "Niet bereikbaar", Vec::new()),
        (
            wrong(Wrong::WrongIssuer),
            "Niet vertrouwd",
            refusal("pgo", "mitz case 35"),
        ),
        (
            wrong(Wrong::Truncated),
            "Niet vertrouwd",
            refusal("pgo", "mitz case 35"),
        ),
        (
            wrong(Wrong::BadSignature),
            "Niet bereikbaar",
            refusal("dva", "mitz case 53"),
        ),
        (
            wrong(Wrong::Expired),
            "Geen gegevens",
            refusal("dva", "mitz case 38"),
        ),
    ];
    for (trouble, says, refused) in cases {
        let at = (&mut person, &result);
        let (shown, because) = world.in_trouble(at, Party::Dva, trouble).await;
        assert_eq!(shown.heading(), ORDER, "{trouble:?}");
        assert!(shown.html.contains(says), "{trouble:?}: {}", shown.html);
        assert!(shown.html.contains("Gegevens ontvangen"), "{trouble:?}");
        assert_eq!(because, refused, "{trouble:?}");
    }
    let at = (&mut person, &result);
    let slow = Trouble::Slow { delay_ms: 300 };
    let (shown, because) = world.in_trouble(at, Party::Dva, slow).await;
    assert!(!shown.html.contains("Niet bereikbaar"), "slow is not down");
    assert_eq!(because, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_system_or_mitz_in_trouble_is_explained() {
    let world = World::start().await;
    let (mut person, result) = collected(&world).await;
    let bereikbaar = "HTTP 503, Mitz is nu niet bereikbaar";
    let gelukt = "HTTP 502, Verzamelen is niet gelukt";
    let step_27 = || refusal("dva", "seed 000 step 27");
    let case_27 = || refusal("mitz", "mitz case 27");
    let cases = [
        (Party::Xis, Trouble::Down, ORDER, step_27()),
        (Party::Xis, wrong(Wrong::Truncated), ORDER, step_27()),
        (Party::Lokalisatie, Trouble::Down, bereikbaar, case_27()),
        (Party::Mitz, Trouble::Down, bereikbaar, Vec::new()),
        (
            Party::Mitz,
            wrong(Wrong::WrongIssuer),
            gelukt,
            refusal("pgo", "mitz.md §2.5"),
        ),
    ];
    for (party, trouble, heading, refused) in cases {
        let at = (&mut person, &result);
        let (shown, because) = world.in_trouble(at, party, trouble).await;
        assert_eq!(shown.heading(), heading, "{party:?} {trouble:?}");
        assert_eq!(because, refused, "{party:?} {trouble:?}");
    }
    let form = result.form("/verzamelen").expect("a form");
    let shown = person.send(form).await.expect("an answer");
    assert_eq!(shown.heading(), ORDER, "everybody is well again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digid_with_bad_signatures_logs_nobody_in() {
    let world = World::start().await;
    let dvp = world.dvp("anderpgo.localhost");
    let (mut person, digid) = dvp.at_digid().await;
    world.disturb(Party::Digid, wrong(Wrong::BadSignature));
    let form = crate::world::login(&digid, SASKIA, "inloggen");
    let shown = person.send(form).await.expect("an answer");
    assert_eq!(shown.url.path(), "/niet-ingelogd");
    let because = world.refusals().pop().expect("a refusal");
    assert_eq!(because.0, "mitz");
}

/// A program at the control.
async fn post(world: &World, path: &str, body: &str) -> (u16, serde_json::Value) {
    let url = format!("{}{path}", world.url("netwerk"));
    let outside = world.outside(None);
    let answer = outside
        .post_bytes(&url, "application/json", body.into(), Headers::none())
        .await
        .expect("an answer");
    (answer.status.as_u16(), json(&answer))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_of_every_party_moves_and_a_token_is_over_after_900_seconds() {
    let world = World::start().await;
    let dvp = world.dvp("anderpgo.localhost");
    let tokens = dvp.tokens(SASKIA).await;
    assert_eq!(dvp.userinfo(&tokens.access).await.status, 200);
    let (status, state) = post(&world, "/control/clock", "{\"shift_s\":840}").await;
    assert_eq!((status, &state["clock"]["shift_s"]), (200, &840.into()));
    // A minute is left, however slow the machine is.
    assert_eq!(dvp.userinfo(&tokens.access).await.status, 200);
    post(&world, "/control/clock", "{\"shift_s\":61}").await;
    assert_eq!(dvp.userinfo(&tokens.access).await.status, 401);
    let (status, state) = post(&world, "/control/reset", "{}").await;
    assert_eq!((status, &state["clock"]["shift_s"]), (200, &0.into()));
    assert_eq!(dvp.userinfo(&tokens.access).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn control_refuses_what_it_does_not_describe_and_changes_nothing() {
    let world = World::start().await;
    for body in [
        "",
        "{}",
        "{\"shift_s\":\"1\"}",
        "{\"shift_s\":1,\"x\":1}",
        "{\"shift_s\":400000000}",
        "{\"shift_s\":-400000000}",
    ] {
        let (status, answer) = post(&world, "/control/clock", body).await;
        assert_eq!(status, 400, "{body}");
        assert!(answer["error"].is_string(), "{body}");
    }
    let url = format!("{}/control/clock", world.url("netwerk"));
    let outside = world.outside(None);
    let fields = [("shift_s", "1")];
    let form = outside.post_form(&url, &fields, Headers::none()).await;
    assert_eq!(form.expect("an answer").status, 415);
    let elsewhere = Headers::none().with(http::header::ORIGIN, "https://else.localhost");
    let body = b"{\"shift_s\":1}".to_vec();
    let foreign = outside.post_bytes(&url, "application/json", body, elsewhere);
    assert_eq!(foreign.await.expect("an answer").status, 403);
    let control = world.running.control.as_ref().expect("may be disturbed");
    assert_eq!(control.clock.shifted_s(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_buttons_do_what_the_programs_interface_does() {
    let world = World::start().await;
    let mut person = world.person();
    let url = format!("{}/bediening", world.url("netwerk"));
    let page = person.open(&url).await.expect("a page");
    let button = |doe: &str| page.form("/bediening").expect("a form").with("doe", doe);
    let slow = button("partij")
        .with("partij", "dva")
        .with("storing", "traag");
    let shown = person
        .send(slow.with("wachten", "7"))
        .await
        .expect("a page");
    assert_eq!(shown.status, 200);
    let control = world.running.control.as_ref().expect("may be disturbed");
    let dva = || {
        control
            .troubles
            .list()
            .into_iter()
            .find(|(party, _)| *party == Party::Dva)
    };
    let trouble = Some(Trouble::Slow { delay_ms: 7_000 });
    assert_eq!(dva(), Some((Party::Dva, trouble)));
    let later = button("klok").with("seconden", "86400");
    person.send(later).await.expect("a page");
    assert_eq!(control.clock.shifted_s(), 86_400);

    for bad in [
        button("partij")
            .with("partij", "niemand")
            .with("storing", "weg"),
        button("partij")
            .with("partij", "dva")
            .with("storing", "raar"),
        button("partij")
            .with("partij", "dva")
            .with("storing", "traag")
            .with("wachten", "61"),
        button("klok").with("seconden", "veel"),
        button("iets"),
        button("herstellen").with("formulier", "verzonnen"),
    ] {
        assert_eq!(person.send(bad).await.expect("a page").status, 400);
    }
    assert_eq!(dva(), Some((Party::Dva, trouble)));
    person.send(button("herstellen")).await.expect("a page");
    assert_eq!(dva(), Some((Party::Dva, None)));
    assert_eq!(control.clock.shifted_s(), 0);
}
