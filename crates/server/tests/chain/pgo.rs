//! What a person does at the PGO more than once.

use server::network::{Party, Person, Shown};

use crate::world::{SASKIA, World, answer, login};

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
async fn the_result_shows_the_values_of_both_record_systems_together() {
    let world = World::start_with(&[
        ("records/00000659.json", RECORDS_OF_THE_HOSPITAL),
        ("records/00000666.json", RECORDS_OF_THE_PRACTICE),
    ])
    .await;
    let (_, result) = collected(&world).await;
    let html = result.html.split_whitespace().collect::<Vec<_>>().join(" ");
    // One card of both providers: the newest value, a chart, and every value with its provider.
    let newest = "<strong>71,25</strong> <span lang=\"nl\">kg</span>";
    assert!(html.contains(newest), "{html}");
    for (day, number, who) in [
        ("3 oktober 2026", "71,25", "Huisartsenpraktijk Het Stuwpand"),
        ("5 mei 2025", "68,5", "Ziekenhuis De Sluiswachter"),
    ] {
        let row = format!(
            "<tr><th scope=\"row\">{day} <span class=\"bron\" lang=\"nl\">{who}</span></th><td class=\"getal\">{number}</td></tr>"
        );
        assert!(html.contains(&row), "{day}");
    }
    assert_eq!(html.matches("<path class=\"lijn\"").count(), 1);
    // The medicine that is taken, by whom it was prescribed, and the one that is not any more.
    let (in_use, stopped) = html.split_once(">Gestopt</h3>").expect("both lists");
    assert!(in_use.contains("Levodopa &#60;25 mg&#62;"));
    assert!(in_use.contains("voorgeschreven door <span lang=\"nl\">Neuroloog</span>"));
    assert!(stopped.contains("Codeïne") && !in_use.contains("Codeïne"));
    // What the hospital offers and has nothing of is not left unsaid.
    assert!(html.contains("Niet alles is er"));
}

/// A weight, a medicine and who prescribed it.
const RECORDS_OF_THE_HOSPITAL: &str = r#"[
{"resourceType":"Patient","id":"p1","identifier":[{"system":"http://fhir.nl/fhir/NamingSystem/bsn","value":"900186021"}],"birthDate":"1961-04-12"},
{"resourceType":"Observation","id":"o1","subject":{"reference":"Patient/p1"},"status":"final",
 "category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],
 "code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}],"text":"Gewicht"},
 "effectiveDateTime":"2025-05-05","valueQuantity":{"value":68.5,"unit":"kg"}},
{"resourceType":"MedicationStatement","id":"m1","subject":{"reference":"Patient/p1"},"status":"active",
 "medicationCodeableConcept":{"text":"Levodopa <25 mg>"},"effectivePeriod":{"start":"2024-01-01"}},
{"resourceType":"MedicationRequest","id":"r1","subject":{"reference":"Patient/p1"},"status":"active",
 "intent":"order","medicationCodeableConcept":{"text":"Levodopa <25 mg>"},
 "authoredOn":"2024-01-01","requester":{"display":"Neuroloog"}}
]"#;

/// The same weight a year later, and a medicine that was stopped.
const RECORDS_OF_THE_PRACTICE: &str = r#"[
{"resourceType":"Patient","id":"p2","identifier":[{"system":"http://fhir.nl/fhir/NamingSystem/bsn","value":"900186021"}],"birthDate":"1961-04-12"},
{"resourceType":"Observation","id":"o2","subject":{"reference":"Patient/p2"},"status":"final",
 "category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],
 "code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}],"text":"Gewicht"},
 "effectiveDateTime":"2026-10-03","valueQuantity":{"value":71.25,"unit":"kg"}},
{"resourceType":"MedicationStatement","id":"m2","subject":{"reference":"Patient/p2"},"status":"completed",
 "medicationCodeableConcept":{"text":"Codeïne"},"effectivePeriod":{"start":"2020-02-01","end":"2020-02-08"}}
]"#;

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

#[tokio::test(flavor = "multi_thread")]
async fn oidc_core_3_1_2_1_the_language_that_a_person_chose_at_the_pgo_goes_along_to_mitz() {
    let world = World::start().await;
    let mut person = world.person();
    let in_english = format!("{}/?taal=en", world.url("pgo"));
    let start = person.open(&in_english).await.expect("an answer");
    let mut stopped = person.clone().stopping_at(&world.url("mitz"));
    let sent = stopped
        .send(start.form("/verzamelen").expect("a form"))
        .await;
    let sent = sent.expect("an answer");
    assert_eq!(answer(&sent, "ui_locales").as_deref(), Some("en"));

    let digid = person
        .send(start.form("/verzamelen").expect("a form"))
        .await;
    let register = person
        .send(login(&digid.expect("an answer"), SASKIA, "inloggen"))
        .await;
    let register = register.expect("an answer");
    assert!(
        register.heading().contains("Give consent"),
        "{}",
        register.heading()
    );
    assert!(register.html.contains("Hospitals"));
    let form = register
        .form("/toestemming")
        .expect("a form")
        .with_every("ja");
    let result = person
        .send(form.with("keuze", "geven"))
        .await
        .expect("an answer");
    let to_consents = format!("{}?taal=en", world.url("toestemmingen"));
    assert!(result.html.contains(&to_consents), "{}", result.heading());
    let digid = person.open(&to_consents).await.expect("an answer");
    let overview = person.send(login(&digid, SASKIA, "inloggen")).await;
    let overview = overview.expect("an answer");
    assert!(
        overview.heading().contains("Your consents"),
        "{}",
        overview.heading()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_language_that_only_the_browser_names_is_not_repeated_to_mitz() {
    let world = World::start().await;
    let mut person = world.person();
    let start = person.open(&world.url("pgo")).await.expect("an answer");
    let mut stopped = person.stopping_at(&world.url("mitz"));
    let sent = stopped
        .send(start.form("/verzamelen").expect("a form"))
        .await;
    assert_eq!(answer(&sent.expect("an answer"), "ui_locales"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_without_its_token_does_nothing_and_the_page_asks_for_no_login() {
    let world = World::start().await;
    let (mut person, result) = collected(&world).await;
    let start = person.open(&world.url("pgo")).await.expect("an answer");
    for form in [result.form("/verzamelen"), start.form("/ontkoppelen")] {
        let forged = form.expect("a form").with("formulier", "verzonnen");
        let shown = person.send(forged).await.expect("an answer");
        assert_eq!(shown.status, 400);
        assert!(
            shown.heading().contains("niets met dit formulier gedaan"),
            "{}",
            shown.heading()
        );
        assert!(shown.html.contains("niet opnieuw in te loggen"));
    }
    let form = result.form("/verzamelen").expect("a form");
    let again = person.send(form).await.expect("an answer");
    assert_eq!(again.url.path(), "/resultaat", "{}", again.heading());
}

#[tokio::test(flavor = "multi_thread")]
async fn core_account_101_a_dossier_that_nobody_used_for_half_a_year_is_forgotten() {
    // core.account.101
    const HALF_A_YEAR_S: i64 = 183 * 86_400;
    let world = World::start().await;
    let (mut person, _) = collected(&world).await;
    let result = format!("{}/resultaat", world.url("pgo"));
    world.running.clock.shift(HALF_A_YEAR_S - 60);
    let shown = person.open(&result).await.expect("an answer");
    assert_eq!(shown.url.path(), "/resultaat");
    world.running.clock.shift(120);
    let shown = person.open(&result).await.expect("an answer");
    assert_eq!(shown.url.path(), "/");
    assert!(shown.form("/ontkoppelen").is_err(), "no link is left");
}
