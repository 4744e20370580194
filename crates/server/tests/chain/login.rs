//! Steps 2–7 over TLS.

use server::network::Party;
use server::outside::Headers;

use crate::world::{SASKIA, World, answer, json, login};

const PGO: &str = "anderpgo.localhost";

#[tokio::test(flavor = "multi_thread")]
async fn rfc_8414_3_the_metadata_of_mitz_stand_at_both_well_known_paths() {
    // RFC 8414 §3; OIDC Discovery §3
    let world = World::start().await;
    for path in ["openid-configuration", "oauth-authorization-server"] {
        let url = format!("{}/.well-known/{path}", world.url("mitz"));
        let answer = world.outside(None).get(&url, Headers::none()).await;
        let metadata = json(&answer.expect("an answer"));
        assert_eq!(metadata["issuer"], world.url("mitz"), "{path}");
        assert_eq!(
            metadata["ui_locales_supported"],
            serde_json::json!(["nl", "en"])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_001_a_whole_request_leads_to_digid() {
    let world = World::start().await;
    let (_, shown) = world.dvp(PGO).at_digid().await;
    assert!(
        shown.url.as_str().starts_with(&world.url("digid")),
        "{}",
        shown.url
    );
    assert_eq!(shown.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_002_and_003_an_unregistered_client_or_address_is_a_page_and_no_redirect() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let near = format!("{}/", dvp.redirect_uri);
    for change in [
        ("client_id", Some("niemand.localhost")),
        ("redirect_uri", Some(near.as_str())),
    ] {
        let url = dvp.authorize_url(&[change]);
        let shown = world.person().open(&url).await.expect("an answer");
        assert_eq!(shown.status, 400);
        assert!(
            shown.url.as_str().starts_with(&world.url("mitz")),
            "{}",
            shown.url
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_004_005_and_006_go_back_to_the_client_with_state_and_iss() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    for (change, error) in [
        (("scope", Some("profile")), "invalid_scope"),
        (("code_challenge", None), "invalid_request"),
        (("code_challenge_method", Some("plain")), "invalid_request"),
        (
            ("response_type", Some("token")),
            "unsupported_response_type",
        ),
        (("function", Some("anders")), "invalid_request"),
    ] {
        let mut person = world.person().stopping_at(&dvp.redirect_uri);
        let shown = person
            .open(&dvp.authorize_url(&[change]))
            .await
            .expect("an answer");
        assert_eq!(
            answer(&shown, "error").as_deref(),
            Some(error),
            "{change:?}"
        );
        assert_eq!(answer(&shown, "state").as_deref(), Some("staat-1"));
        assert_eq!(answer(&shown, "iss"), Some(world.url("mitz")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_007_a_person_who_consents_brings_a_code_with_state_and_iss() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let (mut person, shown) = dvp.at_register(SASKIA).await;
    let form = shown.form("/toestemming").expect("a form").with_every("ja");
    let shown = person
        .send(form.with("keuze", "geven"))
        .await
        .expect("an answer");
    assert!(answer(&shown, "code").is_some());
    assert_eq!(answer(&shown, "state").as_deref(), Some("staat-1"));
    assert_eq!(answer(&shown, "iss"), Some(world.url("mitz")));
    assert!(!shown.url.as_str().contains(SASKIA));
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_008_who_cancels_may_try_again_or_stop() {
    // core.usrint.101
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let (mut person, shown) = dvp.at_digid().await;
    let cancelled = person
        .send(login(&shown, SASKIA, "annuleren"))
        .await
        .expect("an answer");
    assert_eq!(cancelled.url.path(), "/geannuleerd");
    let again = person
        .send(cancelled.form("/opnieuw").expect("a form"))
        .await
        .expect("an answer");
    let cancelled = person
        .send(login(&again, SASKIA, "annuleren"))
        .await
        .expect("an answer");
    let stopped = person
        .send(cancelled.form("/stoppen").expect("a form"))
        .await;
    let stopped = stopped.expect("an answer");
    assert_eq!(answer(&stopped, "error").as_deref(), Some("access_denied"));
    assert_eq!(answer(&stopped, "iss"), Some(world.url("mitz")));
    let told = world.requirements(Party::Mitz).await;
    assert_eq!(
        told.iter().filter(|id| *id == "mitz case 8").count(),
        2,
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_009_who_cannot_log_in_is_told_so_and_the_client_hears_access_denied() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let (mut person, shown) = dvp.at_digid().await;
    let failed = person
        .send(login(&shown, SASKIA, "mislukken"))
        .await
        .expect("an answer");
    assert_eq!(failed.url.path(), "/niet-ingelogd");
    let stopped = person
        .send(failed.form("/stoppen").expect("a form"))
        .await
        .expect("an answer");
    assert_eq!(answer(&stopped, "error").as_deref(), Some("access_denied"));
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_010_without_consent_the_client_hears_access_denied_and_nothing_is_kept() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let (mut person, shown) = dvp.at_register(SASKIA).await;
    let form = shown
        .form("/toestemming")
        .expect("a form")
        .with("keuze", "weigeren");
    let shown = person.send(form).await.expect("an answer");
    assert_eq!(answer(&shown, "error").as_deref(), Some("access_denied"));
    let told = world.requirements(Party::Mitz).await;
    assert_eq!(
        told.iter().filter(|id| *id == "mitz case 10").count(),
        1,
        "{told:?}"
    );
    assert!(!told.contains(&"seed 000 step 7".to_owned()), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_consents_to_nobody_sees_the_page_again() {
    let world = World::start().await;
    let (mut person, shown) = world.dvp(PGO).at_register(SASKIA).await;
    let form = shown
        .form("/toestemming")
        .expect("a form")
        .with_every("nee");
    let shown = person
        .send(form.with("keuze", "geven"))
        .await
        .expect("an answer");
    assert_eq!(shown.status, 422);
    assert!(shown.form("/toestemming").is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn digid_case_018_a_level_below_the_minimum_does_not_log_in() {
    let world = World::start().await;
    let (mut person, shown) = world.dvp(PGO).at_digid().await;
    let form = login(&shown, SASKIA, "inloggen").with("niveau", "midden");
    let shown = person.send(form).await.expect("an answer");
    assert_eq!(shown.url.path(), "/niet-ingelogd");
    let told = world.audit(Party::Mitz).await;
    assert!(
        told.iter()
            .all(|row| &*row.requirement != "seed 000 step 4")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn digid_case_019_a_higher_level_logs_in() {
    let world = World::start().await;
    let (mut person, shown) = world.dvp(PGO).at_digid().await;
    let form = login(&shown, SASKIA, "inloggen").with("niveau", "hoog");
    let shown = person.send(form).await.expect("an answer");
    assert!(shown.form("/toestemming").is_ok(), "{}", shown.heading());
}

#[tokio::test(flavor = "multi_thread")]
async fn digid_case_026_an_answer_works_in_the_browser_that_asked_and_once() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let acs = format!("{}/saml/acs", world.url("mitz"));
    let (person, shown) = dvp.at_digid().await;
    let mut person = person.stopping_at(&acs);
    let back = person
        .send(login(&shown, SASKIA, "inloggen"))
        .await
        .expect("an answer");
    assert_eq!(
        answer(&back, "SAMLart").map(|artifact| artifact.len()),
        Some(60)
    );
    let stolen = world
        .person()
        .open(back.url.as_str())
        .await
        .expect("an answer");
    assert_eq!(stolen.status, 400, "another browser");
    let mut person = person.stopping_at("https://nowhere.localhost");
    let own = person.open(back.url.as_str()).await.expect("an answer");
    assert!(own.form("/toestemming").is_ok(), "{}", own.heading());
    let again = person.open(back.url.as_str()).await.expect("an answer");
    assert_eq!(again.status, 400, "a second time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_without_its_token_or_of_another_origin_decides_nothing() {
    let world = World::start().await;
    let (mut person, shown) = world.dvp(PGO).at_register(SASKIA).await;
    let form = shown.form("/toestemming").expect("a form").with_every("ja");
    let forged = form.with("keuze", "geven").with("formulier", "verzonnen");
    let shown = person.send(forged).await.expect("an answer");
    assert_eq!(shown.status, 400);
    let told = world.requirements(Party::Mitz).await;
    assert!(!told.contains(&"seed 000 step 7".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ticket_for_the_register_works_once() {
    let world = World::start().await;
    let register = format!("{}/openen", world.url("toestemmingen"));
    let (person, shown) = world.dvp(PGO).at_digid().await;
    let mut person = person.stopping_at(&register);
    let ticket = person
        .send(login(&shown, SASKIA, "inloggen"))
        .await
        .expect("an answer");
    let first = world
        .person()
        .open(ticket.url.as_str())
        .await
        .expect("an answer");
    assert_eq!(first.status, 200);
    let second = world
        .person()
        .open(ticket.url.as_str())
        .await
        .expect("an answer");
    assert_eq!(second.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn digid_case_033_after_fifteen_idle_minutes_the_session_is_gone() {
    let world = World::start().await;
    let (mut person, shown) = world.dvp(PGO).at_register(SASKIA).await;
    let form = shown.form("/toestemming").expect("a form").with_every("ja");
    world.running.clock.shift(900);
    let late = person.send(form.with("keuze", "geven")).await;
    assert_eq!(late.expect("an answer").status, 400);
    let told = world.requirements(Party::Mitz).await;
    assert!(!told.contains(&"seed 000 step 7".to_owned()), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_says_neither_yes_nor_no_decides_nothing() {
    let world = World::start().await;
    let (mut person, shown) = world.dvp(PGO).at_register(SASKIA).await;
    let form = shown.form("/toestemming").expect("a form").with_every("ja");
    let shown = person
        .send(form.with("keuze", "misschien"))
        .await
        .expect("an answer");
    assert_eq!(shown.status, 400);
    assert!(
        !world
            .requirements(Party::Mitz)
            .await
            .contains(&"mitz case 10".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_click_on_the_consent_form_leads_where_the_first_one_led() {
    let world = World::start().await;
    let back = format!("{}/toestemming-terug", world.url("mitz"));
    for (keuze, member) in [("geven", "code"), ("weigeren", "error")] {
        let (person, shown) = world.dvp(PGO).at_register(SASKIA).await;
        let form = || shown.form("/toestemming").expect("a form").with_every("ja");
        // A browser drops the answer to the first click when the second one comes.
        let mut dropped = person.clone().stopping_at(&back);
        let first = dropped.send(form().with("keuze", keuze)).await;
        let first = first.expect("an answer");
        // RFC 9110 §15.4.4
        assert_eq!((first.url.as_str(), first.status), (back.as_str(), 303));
        let mut person = person;
        let second = person.send(form().with("keuze", keuze)).await;
        let second = second.expect("an answer");
        assert!(answer(&second, member).is_some(), "{}", second.heading());
    }
    let told = world.requirements(Party::Mitz).await;
    let times = |id| told.iter().filter(|told| *told == id).count();
    // Opened twice, recorded once; one code, one refusal.
    assert_eq!(times("seed 000 step 5"), 3, "{told:?}");
    assert_eq!((times("seed 000 step 7"), times("mitz case 10")), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_comes_back_twice_from_the_register_reads_that_it_was_answered() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let back = format!("{}/toestemming-terug", world.url("mitz"));
    let (person, shown) = dvp.at_register(SASKIA).await;
    let form = shown.form("/toestemming").expect("a form").with_every("ja");
    let mut person = person.stopping_at(&back);
    let sent = person.send(form.with("keuze", "geven")).await;
    assert_eq!(sent.expect("an answer").url.as_str(), back);
    let person = person.stopping_at(&dvp.redirect_uri);
    let first = person.clone().open(&back).await.expect("an answer");
    assert!(answer(&first, "code").is_some());
    let second = person.clone().open(&back).await.expect("an answer");
    assert_eq!(second.status, 400);
    assert!(
        second.heading().contains("al beantwoord"),
        "{}",
        second.heading()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_again_reads_that_the_first_answer_counts() {
    let world = World::start().await;
    let (mut person, shown) = world.dvp(PGO).at_register(SASKIA).await;
    let form = |keuze| {
        let form = shown.form("/toestemming").expect("a form");
        form.with_every("ja").with("keuze", keuze)
    };
    let back = format!("{}/toestemming-terug", world.url("mitz"));
    let mut elsewhere = person.clone().stopping_at(&back);
    let first = elsewhere.send(form("geven")).await;
    assert_eq!(first.expect("an answer").url.as_str(), back);
    let other = person.clone().send(form("weigeren")).await;
    let other = other.expect("an answer");
    assert!(
        other.heading().contains("al beantwoord"),
        "{}",
        other.heading()
    );

    let shown_after = person.send(form("geven")).await.expect("an answer");
    assert!(answer(&shown_after, "code").is_some());
    // The back button, and once more.
    let again = person.send(form("geven")).await.expect("an answer");
    let page = person
        .open(&format!("{}/toestemming", world.url("toestemmingen")))
        .await;
    for shown in [again, page.expect("an answer")] {
        assert_eq!(shown.status, 400);
        assert!(
            shown.heading().contains("al beantwoord"),
            "{}",
            shown.heading()
        );
    }
    // Somebody without that cookie learns nothing of it.
    let page = world
        .person()
        .open(&format!("{}/toestemming", world.url("toestemmingen")))
        .await;
    assert!(
        page.expect("an answer")
            .heading()
            .contains("niet meer ingelogd")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn oidc_core_3_1_2_1_the_language_that_a_client_asks_for_is_that_of_our_pages() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    for (ui_locales, lang) in [("fr-CA en-GB nl", "en"), ("en;q=1", "nl"), ("fr", "nl")] {
        for keuze in ["annuleren", "inloggen"] {
            let url = dvp.authorize_url(&[("ui_locales", Some(ui_locales))]);
            let mut person = world.person().stopping_at(&dvp.redirect_uri);
            let digid = person.open(&url).await.expect("an answer");
            let shown = person.send(login(&digid, SASKIA, keuze)).await;
            let shown = shown.expect("an answer");
            assert_eq!(shown.status, 200);
            let wanted = format!("<html lang=\"{lang}\"");
            assert!(
                shown.html.contains(&wanted),
                "{ui_locales}: {}",
                shown.heading()
            );
        }
    }
    // Also when the first page is the last.
    let unknown = ("client_id", Some("niemand.localhost"));
    let url = dvp.authorize_url(&[("ui_locales", Some("en")), unknown]);
    let refused = world.person().open(&url).await.expect("an answer");
    assert!(
        refused.html.contains("<html lang=\"en\""),
        "{}",
        refused.heading()
    );
}
