//! From the landing page to the code.

use std::time::Duration;

use serde_json::Value;
use server::network::{Party, Shown, Trouble};

use crate::world::{
    CORRELATION, DAAN, NAAM, OCL, SASKIA, World, answer, heading, login, ocl, text,
};

fn denied(shown: &Shown) {
    denied_with(None, shown);
}

fn denied_with(description: Option<&str>, shown: &Shown) {
    assert_eq!(answer(shown, "error").as_deref(), Some("access_denied"));
    assert_eq!(answer(shown, "state").as_deref(), Some("S1"));
    assert_eq!(answer(shown, "error_description").as_deref(), description);
    assert_eq!(answer(shown, "code"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_023_who_cancels_on_the_landing_page_goes_back() {
    let world = World::start().await;
    let (mut person, shown) = world.at_landing(NAAM).await;
    let shown = person
        .send(shown.form("/stoppen").expect("a way back"))
        .await
        .expect("an answer");
    // medmij case 23
    denied(&shown);
    // medmij cases 1 and 23 (core.logging.203)
    let events = world.events(CORRELATION).await;
    assert_eq!(
        events,
        [
            "receive_authorization_request",
            "show_landing_page",
            "send_authorization_cancellation"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_024_and_025_who_cancels_at_digid_may_log_in_after_all() {
    let world = World::start().await;
    let (mut person, shown) = world.at_digid(NAAM).await;
    let form = login(&shown, SASKIA, "annuleren").without("niveau");
    let shown = person.send(form).await.expect("an answer");
    // medmij case 24
    assert!(
        shown.url.as_str().starts_with(&world.url("dva")),
        "{}",
        shown.url
    );
    assert!(shown.form("/stoppen").is_ok());
    // medmij case 25
    let again = shown.form("/inloggen").expect("a way on");
    let shown = person.send(again).await.expect("an answer");
    // core.authint.204
    assert!(shown.url.as_str().starts_with(&world.url("digid")));
    let shown = person
        .send(login(&shown, SASKIA, "inloggen"))
        .await
        .expect("an answer");
    assert_eq!(heading(&shown), "Toestemming geven");
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_026_who_is_not_identified_is_told_and_gets_no_code() {
    let world = World::start().await;
    for (keuze, niveau) in [("mislukken", "hoog"), ("inloggen", "midden")] {
        let (mut person, shown) = world.at_digid(NAAM).await;
        let form = login(&shown, SASKIA, keuze).with("niveau", niveau);
        let shown = person.send(form).await.expect("an answer");
        // medmij case 26
        assert_eq!(heading(&shown), "Inloggen is niet gelukt", "{keuze}");
        assert!(shown.form("/inloggen").is_err());
        // The flow stopped: nothing on that page leads to a login any more.
        let html = shown.html.replace("/stoppen", "/inloggen");
        let again = Shown {
            html,
            url: shown.url.clone(),
            status: 200,
        };
        let forced = again.form("/inloggen").expect("the form, bent");
        let told = person.send(forced).await.expect("an answer");
        assert_eq!(heading(&told), "Inloggen is niet gelukt", "{keuze}");
        assert!(told.url.as_str().starts_with(&world.url("dva")));
        let url = told.url.as_str().replace("niet-ingelogd", "geannuleerd");
        let bent = person.open(&url).await.expect("an answer");
        assert!(bent.form("/inloggen").is_err(), "{}", bent.html);
        let given = world.audit().await.into_iter();
        assert!(
            !given
                .map(|row| row.requirement)
                .any(|it| it == "core.authint.205")
        );
        denied(
            &person
                .send(shown.form("/stoppen").expect("a way back"))
                .await
                .expect("an answer"),
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_027_and_030_nothing_available_and_a_refusal_are_one_to_the_client() {
    let world = World::start().await;
    let (mut person, shown) = world.at_verklaring(DAAN, NAAM).await;
    // medmij case 27
    assert_eq!(heading(&shown), "Er zijn geen gegevens beschikbaar");
    assert!(!shown.html.contains("langdurig"));
    let yes = shown
        .form("/verklaring")
        .expect("a way back")
        .with("keuze", "ja");
    let forced = person.send(yes).await.expect("an answer");
    assert_eq!(forced.status, 400, "there is nothing to agree to");
    let (mut person, shown) = world.at_verklaring(DAAN, NAAM).await;
    let back = shown
        .form("/verklaring")
        .expect("a way back")
        .with("keuze", "nee");
    let nothing = person.send(back).await.expect("an answer");
    denied(&nothing);
    // medmij case 30
    let (mut person, shown) = world.at_verklaring(SASKIA, NAAM).await;
    let no = shown
        .form("/verklaring")
        .expect("the declaration")
        .with("keuze", "nee");
    let refused = person.send(no).await.expect("an answer");
    denied(&refused);
    assert_eq!(nothing.url, refused.url);
    let given = world.audit().await.into_iter();
    assert_eq!(
        given
            .filter(|row| row.requirement == "core.usrint.102")
            .count(),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn core_authint_207_a_description_that_is_set_is_the_same_for_every_cause() {
    let settings = r#"{"dva":{"left_open":{"denied_description":"not granted"}}}"#;
    let world = World::start_with(&[("settings.json", settings)]).await;
    let (cancelled, nothing, refused) = (
        world.at_landing(NAAM).await,
        world.at_verklaring(DAAN, NAAM).await,
        world.at_verklaring(SASKIA, NAAM).await,
    );
    // core.authint.207
    for ((mut person, shown), path) in [
        (cancelled, "/stoppen"),
        (nothing, "/verklaring"),
        (refused, "/verklaring"),
    ] {
        let no = shown.form(path).expect("a way back").with("keuze", "nee");
        let shown = person.send(no).await.expect("an answer");
        denied_with(Some("not granted"), &shown);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_028_and_029_and_031_the_declaration_names_both_and_is_logged_first() {
    let world = World::start().await;
    let (mut person, shown) = world.at_verklaring(SASKIA, NAAM).await;
    // medmij case 28
    assert_eq!(heading(&shown), "Toestemming geven");
    for name in ["Ziekenhuis De Sluiswachter", "Een Ander PGO"] {
        assert!(shown.html.contains(name), "{name}");
    }
    // medmij case 29
    let box_of = shown.html.find("name=\"langdurig\"").expect("the option");
    let tag = &shown.html[..box_of + 60];
    assert!(!tag[tag.rfind("<input").expect("a tag")..].contains("checked"));
    let yes = shown
        .form("/verklaring")
        .expect("the declaration")
        .with("keuze", "ja");
    let shown = person.send(yes).await.expect("an answer");
    // medmij case 31
    assert!(answer(&shown, "code").is_some());
    assert_eq!(answer(&shown, "state").as_deref(), Some("S1"));
    let audit = world.audit().await;
    let at = |requirement| audit.iter().position(|row| row.requirement == requirement);
    assert!(at("core.usrint.102") < at("core.authint.205") && at("core.usrint.102").is_some());
    // Whoever goes back finds nothing to decide.
    let url = format!("{}/verklaring", world.url("dva"));
    assert_eq!(person.open(&url).await.expect("an answer").status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_032_the_name_of_the_pgo_is_that_of_the_newest_ocl() {
    let world = World::start().await;
    let (_, before) = world.at_verklaring(SASKIA, NAAM).await;
    assert!(before.html.contains("Een Ander PGO"));
    world.with_ocl("Nieuwe Naam", &["51"]).await;
    let (_, after) = world.at_verklaring(SASKIA, NAAM).await;
    // medmij case 32
    assert!(after.html.contains("Nieuwe Naam"), "{}", after.html);
    assert!(!after.html.contains("Een Ander PGO"));
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_033_a_confirmation_names_the_gegevensdienst_and_cannot_last() {
    let world = World::start().await;
    let (_, shown) = world.at_verklaring(SASKIA, &format!("{NAAM}~42")).await;
    // medmij case 33
    assert_eq!(heading(&shown), "Bevestigen");
    assert!(
        shown.html.contains("Meetwaarden vitale functies"),
        "{}",
        shown.html
    );
    assert!(!shown.html.contains("langdurig"));
    world.with_gnl("42", "Gewicht en bloeddruk").await;
    let (_, shown) = world.at_verklaring(SASKIA, &format!("{NAAM}~42")).await;
    assert!(
        shown.html.contains("Gewicht en bloeddruk"),
        "{}",
        shown.html
    );
    assert!(!shown.html.contains("Meetwaarden vitale functies"));
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_035_a_fault_leads_nowhere_for_a_redirect_uri_that_is_not_the_clients() {
    let world = World::start().await;
    let control = world.running.control.as_ref().expect("control");
    assert!(
        control
            .troubles
            .set(Party::Stelselnode, Some(Trouble::Down))
    );
    // Longer than an OCL may be used: nobody can tell whose redirect URI it is.
    world.running.clock.shift(900 + 480 * 60 + 1);
    for redirect_uri in ["https://evil.example/cb".to_owned(), world.cb()] {
        let mut request = world.auth(NAAM);
        request.retain(|(name, _)| *name != "redirect_uri");
        request.push(("redirect_uri", redirect_uri));
        let answer = world.authorize(&request).await;
        let html = text(&answer);
        // medmij case 35
        assert_eq!(answer.status, 503, "{html}");
        assert!(!answer.headers.contains_key("location"));
        assert!(html.contains("Technische storing") && html.contains("Trace ID:"));
        assert!(!html.contains("href=\"https://") && !html.contains("evil.example"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_034_and_035_a_fault_names_its_numbers_and_the_way_back() {
    let world = World::start().await;
    let (mut person, shown) = world.at_digid(NAAM).await;
    let control = world.running.control.as_ref().expect("control");
    control.troubles.set(Party::Xis, Some(Trouble::Down));
    let shown = person
        .send(login(&shown, SASKIA, "inloggen"))
        .await
        .expect("an answer");
    // medmij case 34
    assert_eq!(heading(&shown), "Technische storing");
    assert_eq!(shown.status, 503);
    for text in [
        "Trace ID:",
        "Session ID:",
        "De Proef-DVA",
        // Where to call (technische-storing-core).
        "0800 0000",
        "Ziekenhuis De Sluiswachter",
    ] {
        assert!(shown.html.contains(text), "{text}");
    }
    assert!(shown.html.contains("href=\"https://anderpgo.localhost"));
    // medmij case 35
    let url = format!("{}/storing", world.url("dva"));
    let bare = world.person().open(&url).await.expect("an answer");
    assert!(bare.html.contains("Trace ID:") && !bare.html.contains("href=\"https://"));
}

/// How long the page after a login takes where each question to the record system takes 300 ms.
async fn after_login(records: &str) -> (String, Duration) {
    let ocl = ocl("Een Ander PGO", &["42", "48", "52", "6"]);
    let files = [("records/00000659.json", records), (OCL, &ocl)];
    let world = World::start_with(&files).await;
    let (mut person, shown) = world.at_digid(NAAM).await;
    let control = world.running.control.as_ref().expect("control");
    let slow = Trouble::Slow { delay_ms: 300 };
    assert!(control.troubles.set(Party::Xis, Some(slow)));
    let asked = tokio::time::Instant::now();
    let shown = person.send(login(&shown, DAAN, "inloggen")).await;
    let told = heading(&shown.expect("an answer")).to_owned();
    (told, asked.elapsed())
}

/// design §5: the time of a refusal tells nobody where somebody is known.
#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_040_a_record_system_is_asked_as_much_of_whom_it_does_not_know() {
    let records = include_str!("../../../../sample/records/00000659.json");
    let all: Vec<Value> = serde_json::from_str(records).expect("records");
    let mut known: Vec<Value> = all
        .into_iter()
        .filter(|resource| resource["resourceType"] == "Patient")
        .collect();
    known[0]["identifier"][0]["value"] = DAAN.into();
    let known = serde_json::to_string(&known).expect("JSON");
    let (told, unknown) = after_login(records).await;
    assert_eq!(told, "Er zijn geen gegevens beschikbaar");
    let (told, with_nothing) = after_login(&known).await;
    // medmij case 40
    assert_eq!(told, "Er zijn geen gegevens beschikbaar");
    assert!(
        unknown * 2 > with_nothing,
        "{unknown:?} and {with_nothing:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_009_an_error_for_the_client_stands_in_the_audit_log() {
    let world = World::start().await;
    let mut asked = world.auth(NAAM);
    asked[0].1 = "token".to_owned();
    assert_eq!(world.authorize(&asked).await.status, 302);
    let audit = world.audit().await;
    let events: Vec<&str> = audit.iter().map(|row| row.what.as_str()).collect();
    // medmij case 9 (core.logging.203)
    assert_eq!(
        events,
        [
            "receive_authorization_request",
            "send_authorization_request_error"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_at_the_foot_of_a_page_is_that_of_the_lines_in_the_log() {
    let world = World::start().await;
    let (_, shown) = world.at_verklaring(DAAN, NAAM).await;
    assert_eq!(heading(&shown), "Er zijn geen gegevens beschikbaar");
    assert!(shown.html.contains(CORRELATION), "{}", shown.html);
    assert!(world.log().contains(CORRELATION));
    let (mut person, shown) = world.at_digid(NAAM).await;
    let form = login(&shown, SASKIA, "annuleren").without("niveau");
    let shown = person.send(form).await.expect("an answer");
    assert!(shown.html.contains(CORRELATION), "{}", shown.html);
}
