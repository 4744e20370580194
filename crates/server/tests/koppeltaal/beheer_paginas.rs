//! Domain administration at its pages, as a browser visits them.

use http::header::LOCATION;
use koppeltaal::domeinbeheer::{Beheersleutel, Domeinen, SLEUTEL};
use server::chance;
use server::domeinbeheer;
use server::network::Party;

use crate::bezoek::{Browser, assert_page, header};
use crate::world::{World, id, text};

/// A browser at the pages of this network.
fn bezoeker(world: &World) -> Browser<'_> {
    Browser::at(&world.outside, world.running.hosts.url("koppeltaal"))
}

/// A browser of somebody who is logged in with a fresh key for these domains; the id of the key.
async fn ingelogd<'a>(world: &'a World, naam: &str, domeinen: Domeinen) -> (Browser<'a>, [u8; 16]) {
    let (id, secret) = sleutel(world, naam, domeinen).await;
    let mut browser = bezoeker(world);
    let domeinen = browser.log_in(&secret).await;
    assert_eq!(domeinen.status, 200);
    assert!(text(&domeinen).contains(naam), "{}", text(&domeinen));
    (browser, id)
}

async fn sleutel(world: &World, naam: &str, domeinen: Domeinen) -> ([u8; 16], String) {
    let app = &world.running.apps[&Party::Koppeltaal];
    let now = app.clock.now();
    let sleutel = Beheersleutel::nieuw(naam, domeinen, 86_400, now).expect("a key");
    let id = chance::entropy().bytes("beheersleutel");
    let made = domeinbeheer::sleutel_erbij(&app.home, id, &sleutel, "test", now).await;
    assert_eq!(made, Ok(true));
    (id, app.handles.make(SLEUTEL, Beheersleutel::handle(id)))
}

#[tokio::test]
async fn who_has_a_key_logs_in_once_and_is_out_when_it_is_withdrawn() {
    let world = World::start().await;
    let mut browser = bezoeker(&world);
    let page = browser.get("/beheer").await;
    assert_page(&page, 200, "Inloggen bij domeinbeheer");
    let (_, secret) = sleutel(&world, "jansen", Domeinen::Alle).await;
    // Wrong, from another site, and without a token: nobody gets in.
    let wrong = browser
        .post(&page, "/beheer/inloggen", &[("sleutel", "x")])
        .await;
    assert_page(&wrong, 403, "Inloggen bij domeinbeheer");
    assert!(!text(&wrong).contains("value=\"x\""));
    let fields = [("sleutel", secret.as_str())];
    let foreign = browser.post_from("https://evil.example", &page, "/beheer/inloggen", &fields);
    assert_page(&foreign.await, 400, "Inloggen bij domeinbeheer");
    let mut other = bezoeker(&world);
    let stolen = other.post(&page, "/beheer/inloggen", &fields).await;
    assert_page(&stolen, 400, "Inloggen bij domeinbeheer");

    let (mut browser, id) = ingelogd(&world, "pietersen", Domeinen::Alle).await;
    assert!(
        browser
            .cookies
            .iter()
            .all(|(_, value)| !value.contains(&secret))
    );
    assert_page(&browser.get("/beheer/d1").await, 200, "Domein d1");
    // The address that discovery names leads here.
    let from_discovery = browser.get("/api/v1/d1/beheer").await;
    assert_page(&browser.follow(&from_discovery).await, 200, "Domein d1");

    let app = &world.running.apps[&Party::Koppeltaal];
    let gone = domeinbeheer::sleutel_eraf(&app.home, id, "test", app.clock.now()).await;
    assert!(gone.expect("withdrawn").is_some());
    let out = browser.get("/beheer/d1").await;
    assert_page(
        &browser.follow(&out).await,
        200,
        "Inloggen bij domeinbeheer",
    );
}

#[tokio::test]
async fn a_visit_ends_by_logging_out_and_by_itself() {
    let world = World::start().await;
    let (mut browser, _) = ingelogd(&world, "jansen", Domeinen::Alle).await;
    let page = browser.get("/beheer").await;
    let cookies = browser.cookies.clone();
    assert_page(
        &browser.post(&page, "/beheer/uitloggen", &[]).await,
        200,
        "U bent uitgelogd",
    );
    assert_page(
        &browser.get("/beheer").await,
        200,
        "Inloggen bij domeinbeheer",
    );
    browser.cookies = cookies;
    world.running.clock.shift(8 * 3_600 + 1);
    assert_page(
        &browser.get("/beheer").await,
        200,
        "Inloggen bij domeinbeheer",
    );
}

#[tokio::test]
async fn a_key_shows_the_domains_that_it_is_for_and_no_other() {
    let world = World::start().await;
    let d2 = koppeltaal::Domein::parse("d2").expect("a domain");
    let (mut browser, _) = ingelogd(&world, "jansen", Domeinen::Deze([d2].into())).await;
    let page = browser.get("/beheer").await;
    assert!(!text(&page).contains("/beheer/d1"), "{}", text(&page));
    for path in [
        "/beheer/d1",
        "/beheer/d2",
        "/beheer/d%2f",
        "/beheer/%ff",
        "/beheer/d2/rollen/%ff",
        "/beheer/d1/noodrem",
    ] {
        assert_page(&browser.get(path).await, 404, "Dit is er niet");
    }
}

#[tokio::test]
async fn koppeltaal_case_031_a_person_registers_an_application_and_approves_it() {
    let world = World::start().await;
    let (mut browser, _) = ingelogd(&world, "jansen", Domeinen::Alle).await;
    let page = browser.get("/beheer/d1/nieuwe-applicatie").await;
    assert_page(&page, 200, "Nieuwe applicatie");
    let jwks = world.shelf.url("nieuw");
    let good = [
        ("naam", "Slaap & <Rust>"),
        ("jwks_uri", jwks.as_str()),
        (
            "redirect_uris",
            "https://slaap.localhost/terug\r\n\r\nhttps://slaap.localhost/2",
        ),
        ("rol", "Portaal"),
    ];
    // koppeltaal case 115
    let mut bad = good;
    bad[1].1 = "http://slaap.example/jwks";
    let refused = browser.post(&page, "/beheer/d1/applicaties", &bad).await;
    assert_page(&refused, 422, "Nieuwe applicatie");
    let html = text(&refused);
    assert!(html.contains("<a href=\"#jwks_uri\">"), "{html}");
    assert!(
        html.contains("value=\"http://slaap.example/jwks\""),
        "{html}"
    );

    let registered = browser.post(&page, "/beheer/d1/applicaties", &good).await;
    let there = header(&registered, &LOCATION);
    assert!(there.ends_with("?gedaan=zonder-device"), "{there}");
    let page = browser.follow(&registered).await;
    assert_page(&page, 200, "Applicatie Slaap &#38; &#60;Rust&#62;");
    assert!(text(&page).contains("Wacht op besluit"));
    let path = there.split('?').next().expect("a path").to_owned();
    let approve = [("doe", "status"), ("status", "approved")];
    let approved = browser.post(&page, &path, &approve).await;
    let page = browser.follow(&approved).await;
    assert!(text(&page).contains("Goedgekeurd"), "{}", text(&page));

    // The same page again, in English and by somebody who was too late.
    browser.lang = "en";
    let stale = page;
    let page = browser.get(&path).await;
    let renamed = [
        ("doe", "opslaan"),
        ("naam", "Slaap 2"),
        ("jwks_uri", jwks.as_str()),
    ];
    assert_eq!(browser.post(&page, &path, &renamed).await.status, 303);
    let late = browser.post(&stale, &path, &renamed).await;
    assert_page(&late, 409, "Somebody else was first");

    let page = browser.get(&path).await;
    let unsure = browser.post(&page, &path, &[("doe", "verwijderen")]).await;
    assert_page(&unsure, 422, "Application Slaap 2");
    let sure = [("doe", "verwijderen"), ("bevestigd", "ja")];
    let gone = browser.post(&page, &path, &sure).await;
    assert_page(&browser.follow(&gone).await, 200, "Domain d1");
    assert_page(&browser.get(&path).await, 404, "This is not there");

    // Who did what, newest first.
    let log = text(&browser.get("/beheer/d1/wijzigingen").await);
    let (removed, registered) = (log.find("Removed"), log.find("Slaap &#38;"));
    assert!(removed.is_some() && removed < registered, "{log}");
    assert!(log.contains("By jansen"), "{log}");
}

#[tokio::test]
async fn resources_of_another_application_are_granted_and_taken_away() {
    let world = World::start().await;
    let (mut browser, _) = ingelogd(&world, "jansen", Domeinen::Alle).await;
    let path = format!("/beheer/d1/applicaties/{}", id(3));
    let van = id(1).to_string();
    // TGB 006
    for (doe, granted) in [("geven", true), ("afnemen", false)] {
        let page = browser.get(&path).await;
        let fields = [("doe", doe), ("van", van.as_str())];
        let done = browser.post(&page, &path, &fields).await;
        let page = text(&browser.follow(&done).await);
        let taken_away = format!("name=\"van\" value=\"{van}\"");
        assert_eq!(page.contains(&taken_away), granted, "{page}");
    }
}

#[tokio::test]
async fn a_role_is_made_given_rights_and_removed() {
    let world = World::start().await;
    let (mut browser, _) = ingelogd(&world, "jansen", Domeinen::Alle).await;
    let page = browser.get("/beheer/d1/nieuwe-rol").await;
    let taken = browser
        .post(&page, "/beheer/d1/rollen", &[("naam", "Portaal")])
        .await;
    assert_page(&taken, 422, "Nieuwe rol");
    let made = browser
        .post(
            &page,
            "/beheer/d1/rollen",
            &[("naam", "Zorg ondersteuning")],
        )
        .await;
    let page = browser.follow(&made).await;
    assert_page(&page, 200, "Rol Zorg ondersteuning");
    let path = "/beheer/d1/rollen/Zorg%20ondersteuning";
    let rights = [
        ("doe", "zetten"),
        ("type", "Task"),
        ("create", "own"),
        ("read", "granted"),
        ("update", ""),
        ("delete", ""),
    ];
    let mut bad = rights;
    bad[1].1 = "task";
    assert_page(
        &browser.post(&page, path, &bad).await,
        422,
        "Rol Zorg ondersteuning",
    );
    // koppeltaal case 44
    bad = rights;
    bad[2].1 = "all";
    assert_page(
        &browser.post(&page, path, &bad).await,
        422,
        "Rol Zorg ondersteuning",
    );
    let set = browser.post(&page, path, &rights).await;
    let page = browser.follow(&set).await;
    let html = text(&page);
    assert!(html.contains("<th scope=\"row\">Task</th>"), "{html}");
    let chosen = browser.get(&format!("{path}?type=Task")).await;
    let html = text(&chosen);
    assert!(
        html.contains("<option value=\"granted\" selected=\"selected\">"),
        "{html}"
    );

    let sure = [("doe", "verwijderen"), ("bevestigd", "ja")];
    let gone = browser.post(&page, path, &sure).await;
    assert_page(&browser.follow(&gone).await, 200, "Domein d1");
    let page = browser.get("/beheer/d1/rollen/Portaal").await;
    let used = browser
        .post(&page, "/beheer/d1/rollen/Portaal", &sure)
        .await;
    assert_page(&used, 422, "Rol Portaal");
    assert!(text(&used).contains("Dit kan nog niet weg"));
}

#[tokio::test]
async fn an_identity_provider_is_added_made_the_default_and_removed() {
    let world = World::start().await;
    let (mut browser, _) = ingelogd(&world, "jansen", Domeinen::Alle).await;
    let page = browser.get("/beheer/d1/nieuwe-inlogdienst").await;
    assert!(text(&page).contains(&world.at("oauth2/idp/callback")));
    let good = [
        ("doe", "maken"),
        ("naam", "inloggen"),
        ("issuer", "https://idp.localhost"),
        ("client_id", "kt"),
        ("claim", ""),
        ("extra_scopes", "email  profile"),
    ];
    let mut bad = good;
    bad[2].1 = "http://idp.example";
    let refused = browser.post(&page, "/beheer/d1/inlogdiensten", &bad).await;
    assert_page(&refused, 422, "Nieuwe inlogdienst");
    assert!(text(&refused).contains("<a href=\"#issuer\">"));
    let made = browser.post(&page, "/beheer/d1/inlogdiensten", &good).await;
    let page = browser.follow(&made).await;
    assert_page(&page, 200, "Inlogdienst inloggen");
    assert!(text(&page).contains("value=\"email profile\""));
    let domein = browser.get("/beheer/d1").await;
    let default = [("doe", "standaard"), ("idp", "inloggen")];
    let default = browser.post(&domein, "/beheer/d1", &default).await;
    let domein = browser.follow(&default).await;
    assert!(
        text(&domein).contains("Standaard</span>"),
        "{}",
        text(&domein)
    );
    let path = "/beheer/d1/inlogdiensten/inloggen";
    let sure = [("doe", "verwijderen"), ("bevestigd", "ja")];
    let page = browser.get(path).await;
    let used = browser.post(&page, path, &sure).await;
    assert_page(&used, 422, "Inlogdienst inloggen");
    let none = browser
        .post(&domein, "/beheer/d1", &[("doe", "standaard"), ("idp", "")])
        .await;
    assert_eq!(none.status, 303);
    let page = browser.get(path).await;
    let gone = browser.post(&page, path, &sure).await;
    assert_page(&browser.follow(&gone).await, 200, "Domein d1");
}

#[tokio::test]
async fn koppeltaal_section_2_7_the_brake_asks_for_a_confirmation() {
    let world = World::start().await;
    let (mut browser, _) = ingelogd(&world, "jansen", Domeinen::Alle).await;
    let path = "/beheer/d1/noodrem";
    let page = browser.get(path).await;
    assert_page(&page, 200, "Noodrem van d1");
    let app = &world.running.apps[&Party::Koppeltaal];
    let before = app.clock.now().unix() - 10;
    assert_page(&browser.post(&page, path, &[]).await, 422, "Noodrem van d1");
    assert!(!app.keys.not_before().of_domain("d1").refuses(before));
    let pulled = browser.post(&page, path, &[("bevestigd", "ja")]).await;
    assert_page(&browser.follow(&pulled).await, 200, "Domein d1");
    // koppeltaal.md §2.7
    assert!(app.keys.not_before().of_domain("d1").refuses(before));
    let page = browser.get(path).await;
    assert!(
        text(&page).contains("De noodrem is gebruikt"),
        "{}",
        text(&page)
    );
}

#[tokio::test]
async fn no_form_does_anything_for_another_visit_or_another_site() {
    let world = World::start().await;
    let (mut browser, _) = ingelogd(&world, "jansen", Domeinen::Alle).await;
    let path = format!("/beheer/d1/applicaties/{}", id(3));
    let page = browser.get(&path).await;
    let fields = [("doe", "status"), ("status", "rejected")];
    let foreign = browser
        .post_from("https://evil.example", &page, &path, &fields)
        .await;
    assert_page(&foreign, 400, "Log opnieuw in");
    let (mut other, _) = ingelogd(&world, "pietersen", Domeinen::Alle).await;
    assert_page(
        &other.post(&page, &path, &fields).await,
        400,
        "Log opnieuw in",
    );
    let page = browser.get(&path).await;
    assert!(text(&page).contains("Goedgekeurd"), "nothing was changed");
    // Each form asks who is there before anything else.
    let mut nobody = bezoeker(&world);
    for path in [
        path.as_str(),
        "/beheer/d1",
        "/beheer/d1/rollen",
        "/beheer/d1/inlogdiensten",
        "/beheer/d1/noodrem",
    ] {
        let sent = nobody.post(&page, path, &fields).await;
        assert_eq!(
            (sent.status.as_u16(), header(&sent, &LOCATION)),
            (303, "/beheer".to_owned())
        );
    }
}
