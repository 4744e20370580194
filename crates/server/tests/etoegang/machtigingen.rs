//! Mandates by the pages of the MR, as a browser visits them.

use std::collections::BTreeSet;

use etoegang::machtiging::{Gemachtigde, Machtiging, Wat};
use http::Method;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use serde_json::{Value, json};
use server::network::Party;
use server::outside::Answer;
use server::{chance, etoegangbeheer};
use store::Store as _;

use crate::bezoek::{Browser, assert_page};
use crate::world::{BAKKERIJ, World, body, header, location, text};

/// The page of a new mandate.
const NIEUW: &str = "/beheer/nieuwe-machtiging";
const S1: &str = "2c9d1c2e-1d0a-4d6b-8f5e-000000000001";
const S3: &str = "2c9d1c2e-1d0a-4d6b-8f5e-000000000003";
const LOA3: &str = "urn:etoegang:core:assurance-class:loa3";
const BAKKERIJ_KVK: &str = "12345678";
const VISSERIJ_KVK: &str = "11223344";
/// No organisation of the sample has it.
const NIEUW_KVK: &str = "55667788";
const HOUDER: &str = "een-houder-van-een-ad";

/// A browser at the pages of the MR.
fn bezoeker(world: &World) -> Browser<'_> {
    Browser::at(&world.outside, world.url("mr"))
}

/// One of somebody who is logged in with a fresh key.
async fn ingelogd<'a>(world: &'a World, naam: &str) -> Browser<'a> {
    let (_, geheim) = sleutel(world, naam).await;
    let mut browser = bezoeker(world);
    let page = browser.log_in(&geheim).await;
    assert_page(&page, 200, "Machtigingen beheren");
    assert!(text(&page).contains(naam), "{}", text(&page));
    browser
}

/// The mandates of an organisation.
async fn organisatie(browser: &mut Browser<'_>, kvk: &str) -> Answer {
    let page = browser.get("/beheer").await;
    let fields = [("soort", "kvk"), ("nummer", kvk)];
    let found = browser.post(&page, "/beheer/organisatie", &fields).await;
    assert!(!location(&found).contains(kvk), "{}", location(&found));
    browser.follow(&found).await
}

/// Sends the form of a new mandate.
async fn registreer(browser: &mut Browser<'_>, fields: &[(&str, &str)]) -> Answer {
    let page = browser.get(NIEUW).await;
    browser.post(&page, NIEUW, fields).await
}

/// A key of administration of the MR: its id and its secret.
async fn sleutel(world: &World, naam: &str) -> ([u8; 16], String) {
    let app = &world.running.apps[&Party::Mr];
    let now = app.clock.now();
    let sleutel = etoegang::beheersleutel::Beheersleutel::nieuw(naam, 86_400, now);
    let id = chance::entropy().bytes("beheersleutel");
    let made = etoegangbeheer::erbij(&app.home, id, &sleutel.expect("a key"), "test", now).await;
    assert_eq!(made, Ok(true));
    (id, etoegangbeheer::geheim(&app.handles, id))
}

/// A mandate of a person for the fishery, as somebody fills it in.
fn goed() -> Vec<(&'static str, &'static str)> {
    vec![
        ("doe", "registreren"),
        ("soort", "kvk"),
        ("nummer", "1122 3344"),
        ("wie", "persoon"),
        ("houder", HOUDER),
        ("tussen", ""),
        ("dienst-2c9d1c2e-1d0a-4d6b-8f5e-000000000001", "ja"),
        ("niveau", LOA3),
        ("van", "1-1-2027"),
        ("tot", "31/12/2030"),
        ("beperking", "0000 1234 5678"),
    ]
}

/// The same with other values.
fn met(changes: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let kept = goed().into_iter();
    let kept = kept.filter(|(name, _)| changes.iter().all(|(other, _)| other != name));
    kept.chain(changes.iter().copied()).collect()
}

/// Every mandate that the MR has, by reference.
async fn alle(world: &World) -> BTreeSet<String> {
    let app = &world.running.apps[&Party::Mr];
    let beheer = server::machtigingenbeheer::Machtigingenbeheer {
        home: &app.home,
        seal: &app.seal,
        now: app.clock.now(),
    };
    let all = beheer.lijst(None, 1_000, |_| true).await.expect("a store");
    all.machtigingen.into_iter().map(|(id, _)| id).collect()
}

async fn gekeken(world: &World, id: &str) -> Machtiging {
    let app = &world.running.apps[&Party::Mr];
    let found = app.load::<Machtiging>(Machtiging::key(id), app.clock.now());
    found.await.expect("a store").expect("a mandate").value
}

/// What is after this in a text.
fn na<'a>(text: &'a str, before: &str, until: char) -> &'a str {
    let rest = text.split_once(before).expect("it stands there").1;
    rest.split(until).next().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_holds_a_key_of_the_mr_logs_in_and_is_out_when_it_is_withdrawn() {
    let world = World::start().await;
    let mut browser = bezoeker(&world);
    let login = browser.get("/beheer").await;
    assert_page(&login, 200, "Inloggen bij machtigingenbeheer");
    assert_eq!(header(&login, &CACHE_CONTROL), "no-cache, no-store");
    let policy = header(&login, &CONTENT_SECURITY_POLICY);
    assert!(
        policy.starts_with("default-src 'none'; style-src 'self'"),
        "{policy}"
    );
    assert!(policy.ends_with("form-action 'self'"), "{policy}");
    for path in [
        NIEUW,
        "/beheer/organisatie",
        "/beheer/machtiging/M-bakkerij-bakker",
    ] {
        assert_eq!(location(&browser.get(path).await), "/beheer", "{path}");
    }
    // A key of the AD, nonsense, another site and another browser: nobody gets in.
    let of_the_ad = etoegangbeheer::geheim_van_de_demo(&world.running.apps[&Party::Ad]);
    for wrong in [of_the_ad.as_str(), "x"] {
        let refused = browser
            .post(&login, "/beheer/inloggen", &[("sleutel", wrong)])
            .await;
        assert_page(&refused, 403, "Inloggen bij machtigingenbeheer");
        assert!(!text(&refused).contains(&format!("value=\"{wrong}\"")));
    }
    let (id, geheim) = sleutel(&world, "jansen").await;
    let fields = [("sleutel", geheim.as_str())];
    let foreign = browser.post_from("https://evil.example", &login, "/beheer/inloggen", &fields);
    assert_page(&foreign.await, 400, "Inloggen bij machtigingenbeheer");
    let mut other = bezoeker(&world);
    let stolen = other.post(&login, "/beheer/inloggen", &fields).await;
    assert_page(&stolen, 400, "Inloggen bij machtigingenbeheer");
    // What was wrong is told to the operator as the API tells it.
    let log = std::fs::read_to_string(world.running.state.join("log.jsonl")).expect("a log");
    let api = world
        .beheer_with("x", "mr", (Method::GET, "machtigingen/M-1"), None)
        .await;
    assert_eq!(api.status, 401);
    let reason = "no administration key, or none that works";
    assert_eq!(log.matches(reason).count(), 2);
    let log = std::fs::read_to_string(world.running.state.join("log.jsonl")).expect("a log");
    assert_eq!(log.matches(reason).count(), 3);

    let first = browser.post(&login, "/beheer/inloggen", &fields).await;
    assert_page(&browser.follow(&first).await, 200, "Machtigingen beheren");
    assert!(
        browser
            .cookies
            .iter()
            .all(|(_, value)| !value.contains(&geheim))
    );
    // A key of this browser opens no API.
    let cookie = browser.get("/beheer/machtigingen/M-bakkerij-bakker").await;
    assert_eq!(cookie.status, 401);
    let app = &world.running.apps[&Party::Mr];
    let gone = etoegangbeheer::eraf(&app.home, id, "test", app.clock.now()).await;
    assert!(gone.expect("withdrawn").is_some());
    assert_page(
        &browser.get("/beheer").await,
        200,
        "Inloggen bij machtigingenbeheer",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_ends_by_logging_out_and_by_itself() {
    let world = World::start().await;
    let mut browser = ingelogd(&world, "jansen").await;
    let page = browser.get("/beheer").await;
    let cookies = browser.cookies.clone();
    let out = browser.post(&page, "/beheer/uitloggen", &[]).await;
    assert_page(&out, 200, "U bent uitgelogd");
    assert_page(
        &browser.get("/beheer").await,
        200,
        "Inloggen bij machtigingenbeheer",
    );
    browser.cookies = cookies;
    world.pass(8 * 3_600 + 1);
    assert_page(
        &browser.get("/beheer").await,
        200,
        "Inloggen bij machtigingenbeheer",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn auc3_a_person_registers_a_mandate_sees_it_and_withdraws_it() {
    let world = World::start().await;
    let mut browser = ingelogd(&world, "A. Jansen").await;
    let made = registreer(&mut browser, &goed()).await;
    let there = location(&made);
    let page = browser.follow(&made).await;
    let id = na(&there, "/beheer/machtiging/", '?').to_owned();
    assert_page(&page, 200, &format!("Machtiging {id}"));
    let html = text(&page);
    for told in [
        "Het is geregistreerd.",
        "Visserij Voorbeeld V.O.F. (KvK-nummer 11223344)",
        HOUDER,
        "Parkeervergunning, Gemeente Voorbeeld",
        "EH3",
        "Van 1 januari 2027 tot en met 31 december 2030",
        "alleen vestiging 000012345678",
        "Nog niet begonnen",
        "Door A. Jansen",
    ] {
        assert!(html.contains(told), "{told}: {html}");
    }
    // What stands there is what the API shows, and the days are those of the Netherlands.
    let kept = gekeken(&world, &id).await;
    assert_eq!((kept.van, kept.tot), (1_798_758_000, 1_924_988_400));
    assert_eq!(kept.vertegenwoordigde.waarde(), VISSERIJ_KVK);
    let done: Vec<(Wat, &str)> = kept
        .verloop
        .iter()
        .map(|one| (one.wat, &*one.wie))
        .collect();
    assert_eq!(done, [(Wat::Geregistreerd, "A. Jansen")]);
    let at = (Method::GET, format!("machtigingen/{id}"));
    let shown = world.beheer((Party::Mr, "mr"), (at.0, &at.1), None).await;
    assert_eq!(body(&shown)["beperking"], "000012345678");
    // Nobody is named in an address or a title.
    for secret in [HOUDER, VISSERIJ_KVK] {
        assert!(!there.contains(secret) && !na(&html, "<title>", '<').contains(secret));
        for href in html.split("href=\"").skip(1) {
            assert!(!href.split('"').next().unwrap_or_default().contains(secret));
        }
    }

    let path = format!("/beheer/machtiging/{id}");
    let unsure = browser.post(&page, &path, &[]).await;
    assert_page(&unsure, 422, &format!("Machtiging {id}"));
    assert!(text(&unsure).contains("<a href=\"#bevestigd\">"));
    let sure = [("bevestigd", "ja")];
    let foreign = browser
        .post_from("https://evil.example", &page, &path, &sure)
        .await;
    assert_page(&foreign, 400, "Log opnieuw in");
    assert_eq!(gekeken(&world, &id).await.ingetrokken, None);
    let gone = browser.post(&page, &path, &sure).await;
    let gone = browser.follow(&gone).await;
    assert!(text(&gone).contains("De machtiging is ingetrokken."));
    assert!(!text(&gone).contains("id=\"bevestigd\""));
    let kept = gekeken(&world, &id).await;
    assert_eq!(kept.ingetrokken, Some(kept.verloop[1].wanneer));
    // Who comes too late hears so, and changes nothing.
    let late = browser.post(&page, &path, &sure).await;
    assert_page(&late, 409, &format!("Machtiging {id}"));
    assert!(text(&late).contains("Deze machtiging was al ingetrokken."));
    assert_eq!(gekeken(&world, &id).await, kept);
    let audit = world.running.apps[&Party::Mr]
        .home
        .audit(0, 1_000)
        .await
        .expect("a store");
    let of_it = audit
        .iter()
        .filter(|row| row.details.get("machtiging") == Some(&id));
    let what: Vec<(&str, String)> = of_it
        .map(|row| (&*row.what, format!("{:?}", row.who)))
        .collect();
    let who = "Party(\"key of A. Jansen\")".to_owned();
    assert_eq!(
        what,
        [
            ("a mandate was registered", who.clone()),
            ("a mandate was withdrawn", who)
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mandate_that_pages_withdraw_ends_the_login_that_it_gave() {
    let world = World::start().await;
    let tokens = world.login(BAKKERIJ).await;
    let mut browser = ingelogd(&world, "jansen").await;
    let path = "/beheer/machtiging/M-bakkerij-bakker";
    let page = browser.get(path).await;
    assert!(
        text(&page).contains("Door etoegang.json"),
        "{}",
        text(&page)
    );
    let done = browser.post(&page, path, &[("bevestigd", "ja")]).await;
    assert_eq!(done.status, 303);
    // F12
    let refused = world.refresh(crate::world::APP, tokens.refresh()).await;
    crate::world::refused(&refused, 400, "invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_services_and_an_intermediary_are_registered_at_once() {
    let world = World::start().await;
    let mut browser = ingelogd(&world, "jansen").await;
    let second = "dienst-2c9d1c2e-1d0a-4d6b-8f5e-000000000003";
    let fields = met(&[
        ("nummer", NIEUW_KVK),
        ("wie", "organisatie"),
        ("houder", ""),
        ("tussen", "87654321"),
        (second, "ja"),
        ("van", "1-1-2020"),
        ("tot", "31-12-2024"),
        ("beperking", ""),
    ]);
    let over = registreer(&mut browser, &fields).await;
    assert_page(&over, 422, "Nieuwe machtiging");
    let before = alle(&world).await;
    let (vandaag, _) = server::date::nederlands(world.now());
    let mut fields: Vec<(&str, &str)> = fields;
    fields.retain(|(name, _)| !["van", "tot"].contains(name));
    let later = format!("{}-01-01", vandaag[..4].parse::<i32>().expect("a year") + 2);
    fields.extend([("van", vandaag.as_str()), ("tot", later.as_str())]);
    let made = registreer(&mut browser, &fields).await;
    let list = browser.follow(&made).await;
    assert_page(&list, 200, "Machtigingen van een organisatie");
    let html = text(&list);
    assert!(html.contains("Het is geregistreerd."), "{html}");
    assert_eq!(
        html.matches("Boekhouders Voorbeeld (KvK-nummer 87654321) mag handelen")
            .count(),
        2
    );
    assert_eq!(html.matches("Geldig").count(), 2, "{html}");
    let mut services = BTreeSet::new();
    for id in alle(&world).await.difference(&before) {
        let kept = gekeken(&world, id).await;
        assert!(matches!(kept.gemachtigde, Gemachtigde::Organisatie(_)));
        assert!(kept.beperking.is_none());
        services.insert(kept.service_uuid.to_string());
    }
    assert_eq!(services, BTreeSet::from([S1.to_owned(), S3.to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_cannot_stay_is_told_beside_its_field_and_nothing_is_lost_or_stored() {
    let world = World::start().await;
    let before = alle(&world).await;
    let mut browser = ingelogd(&world, "jansen").await;
    browser.lang = "en";
    let wrong = [
        ("nummer", "1122334"),
        ("wie", "organisatie"),
        ("tussen", "12"),
        ("niveau", "urn:etoegang:core:assurance-class:loa1"),
        ("van", "31-2-2027"),
        ("tot", "morgen <b>"),
        ("beperking", "12345678"),
    ];
    let page = registreer(&mut browser, &met(&wrong)).await;
    assert_page(&page, 422, "New mandate");
    let html = text(&page);
    for id in [
        "nummer",
        "houder",
        "tussen",
        "niveau",
        "van",
        "tot",
        "beperking",
    ] {
        assert!(
            html.contains(&format!("<li><a href=\"#{id}\">")),
            "{id}: {html}"
        );
        assert!(html.contains(&format!("id=\"{id}-fout\"")), "{id}: {html}");
    }
    for kept in [
        "1122334",
        HOUDER,
        "12",
        "31-2-2027",
        "morgen &#60;b&#62;",
        "12345678",
    ] {
        assert!(
            html.contains(&format!("value=\"{kept}\"")),
            "{kept}: {html}"
        );
    }
    assert!(html.contains(&format!(
        "name=\"dienst-{S1}\" value=\"ja\" checked=\"checked\""
    )));
    assert!(!html.contains(&format!("name=\"dienst-{S3}\" value=\"ja\" checked")));
    // What the rules of the register refuse stands beside a field too.
    for (changes, told) in [
        (vec![("wie", "")], "Choose who may act"),
        (
            vec![("houder", " ")],
            "Enter the number that the authentication service gave",
        ),
        (vec![("tussen", "87654321")], "Empty the KvK number"),
        (
            vec![
                ("wie", "organisatie"),
                ("houder", ""),
                ("tussen", VISSERIJ_KVK),
            ],
            "stands between is another one",
        ),
        (vec![("tot", "31-12-2026")], "comes before the first day"),
        (vec![("tot", "1-2-2032")], "five years or less"),
        (
            vec![("dienst-2c9d1c2e-1d0a-4d6b-8f5e-000000000001", "nee")],
            "Choose a service.",
        ),
        (
            vec![("dienst-2c9d1c2e-1d0a-4d6b-8f5e-000000000099", "ja")],
            "not in the service catalogue any more",
        ),
        (
            vec![("dienst-nonsense", "ja")],
            "not in the service catalogue any more",
        ),
        (vec![("soort", "oin")], "This number is not right."),
    ] {
        let page = registreer(&mut browser, &met(&changes)).await;
        assert_page(&page, 422, "New mandate");
        assert!(text(&page).contains(told), "{changes:?}: {}", text(&page));
    }
    // Without the token of this visit nothing is looked at.
    let none = browser.get("/stijl.css").await;
    let refused = browser.post(&none, NIEUW, &goed()).await;
    assert_page(&refused, 400, "Log in again");
    assert_eq!(alle(&world).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_sent_twice_registers_once_and_says_so() {
    let world = World::start().await;
    let mut browser = ingelogd(&world, "jansen").await;
    let page = browser.get(NIEUW).await;
    let path = NIEUW;
    let first = browser.post(&page, path, &goed()).await;
    let id = na(&location(&first), "/beheer/machtiging/", '?').to_owned();
    let once = alle(&world).await;
    let again = browser.post(&page, path, &goed()).await;
    assert_page(&again, 409, "Nieuwe machtiging");
    let html = text(&again);
    assert!(
        html.contains(&format!("href=\"/beheer/machtiging/{id}\"")),
        "{html}"
    );
    assert!(html.contains(&format!("value=\"{HOUDER}\"")), "{html}");
    assert_eq!(alle(&world).await, once);
    // Who wants another one sends that form.
    let other = browser.post(&again, path, &goed()).await;
    assert_eq!(other.status, 303);
    assert_eq!(alle(&world).await.len(), once.len() + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mandates_of_an_organisation_come_in_parts_and_one_without_any_hears_so() {
    let world = World::start().await;
    let mut browser = ingelogd(&world, "jansen").await;
    let none = organisatie(&mut browser, NIEUW_KVK).await;
    assert_page(&none, 200, "Machtigingen van een organisatie");
    let html = text(&none);
    assert!(
        html.contains("Voor deze organisatie is geen machtiging geregistreerd."),
        "{html}"
    );
    // From there its number stands in the form already.
    let form = na(&html, "href=\"/beheer/nieuwe-machtiging?", '"').to_owned();
    let form = browser
        .get(&format!("/beheer/nieuwe-machtiging?{form}"))
        .await;
    assert!(text(&form).contains(&format!("value=\"{NIEUW_KVK}\"")));
    let wrong = browser.get("/beheer").await;
    let fields = [("soort", "rsin"), ("nummer", NIEUW_KVK)];
    let wrong = browser.post(&wrong, "/beheer/organisatie", &fields).await;
    assert_page(&wrong, 422, "Machtigingen beheren");
    assert!(text(&wrong).contains(&format!("value=\"{NIEUW_KVK}\"")));

    for _ in 0..21 {
        world.register(3_600).await;
    }
    let first = organisatie(&mut browser, BAKKERIJ_KVK).await;
    let html = text(&first);
    assert_eq!(html.matches("/beheer/machtiging/").count(), 20, "{html}");
    assert!(!html.contains(HOUDER) && html.contains("Een persoon mag handelen"));
    let next = format!(
        "/beheer/organisatie?{}",
        na(&html, "licht\" href=\"/beheer/organisatie?", '"')
    );
    let rest = text(&browser.get(&next).await);
    assert_eq!(rest.matches("/beheer/machtiging/").count(), 2, "{rest}");
    assert!(!rest.contains("Verder zoeken"), "{rest}");
    // An address of nobody's making shows nothing.
    for made_up in ["zoek=nonsense", "zoek=", ""] {
        let answer = browser.get(&format!("/beheer/organisatie?{made_up}")).await;
        assert_eq!(location(&answer), "/beheer");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mandate_that_is_not_there_or_is_over_is_told() {
    let world = World::start().await;
    let mut browser = ingelogd(&world, "jansen").await;
    let long = format!("/beheer/machtiging/{}", "x".repeat(65));
    for path in ["/beheer/machtiging/M-0", "/beheer/machtiging/%ff", &long] {
        assert_page(&browser.get(path).await, 404, "Dit is er niet");
    }
    assert_eq!(browser.get("/beheer/iets").await.status, 404);
    let id = world.register(60).await;
    let path = format!("/beheer/machtiging/{id}");
    let page = browser.get(&path).await;
    assert!(text(&page).contains("Geldig"));
    world.pass(120);
    let late = browser.post(&page, &path, &[("bevestigd", "ja")]).await;
    assert_page(&late, 409, &format!("Machtiging {id}"));
    assert!(
        text(&late).contains("Deze machtiging is al voorbij."),
        "{}",
        text(&late)
    );
    assert_eq!(gekeken(&world, &id).await.ingetrokken, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_large_catalogue_fifty_services_are_shown_and_the_rest_is_found_by_name() {
    let more = |sample: &mut Value| {
        let diensten = sample["diensten"].as_array_mut().expect("services");
        diensten.extend((100..160).map(|number| {
            json!({
                "service_id": format!("urn:etoegang:DV:00000001234567890000:services:{number}"),
                "service_uuid": format!("2c9d1c2e-1d0a-4d6b-8f5e-000000000{number}"),
                "naam": format!("Dienst nummer {number}"),
                "niveau": LOA3,
            })
        }));
    };
    let world = World::start_with(more).await;
    let mut browser = ingelogd(&world, "jansen").await;
    let page = browser.get(NIEUW).await;
    let html = text(&page);
    assert_eq!(html.matches("name=\"dienst-").count(), 50, "{html}");
    assert!(html.contains("Er zijn nog 15 diensten."), "{html}");
    let mut asked = goed();
    asked[0] = ("doe", "zoeken");
    asked.push(("zoek", "NUMMER 157"));
    let found = browser.post(&page, NIEUW, &asked).await;
    assert_page(&found, 200, "Nieuwe machtiging");
    let html = text(&found);
    // What was chosen stays beside it, and what was filled in.
    assert_eq!(html.matches("name=\"dienst-").count(), 2, "{html}");
    assert!(html.contains("Dienst nummer 157") && html.contains(&format!("value=\"{HOUDER}\"")));
    let mut chosen = goed();
    chosen.push(("dienst-2c9d1c2e-1d0a-4d6b-8f5e-000000000157", "ja"));
    let done = browser.post(&found, NIEUW, &chosen).await;
    assert_eq!(done.status, 303);
}
