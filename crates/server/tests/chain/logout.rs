//! Logging out of Mitz, from both sides (digid.md §2.7).

use server::network::{Party, Person, Shown};
use server::outside::Headers;

use crate::withdrawal::at_overview;
use crate::world::{SASKIA, World, text};

const REQUEST_LOGOUT: &str = "/saml/idp/request_logout";

/// The register's page, or the login that it asks for.
async fn at_register(world: &World, person: &mut Person) -> Shown {
    let shown = person.open(&world.url("toestemmingen")).await;
    shown.expect("an answer")
}

/// From the overview to the page that leads on to DigiD.
async fn logged_out_here(person: &mut Person, shown: &Shown) -> Shown {
    let form = shown.form("/afmelden").expect("a form");
    person.send(form).await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn digid_case_035_who_logs_out_of_the_register_is_out_there_and_at_digid() {
    let world = World::start().await;
    let (mut person, shown) = at_overview(&world, SASKIA).await;
    let onward = logged_out_here(&mut person, &shown).await;
    let at_digid = world.url("digid") + REQUEST_LOGOUT;
    let form = onward.form(&at_digid).expect("a form to DigiD");
    let out = person.send(form).await.expect("an answer");
    assert_eq!(out.url.host_str(), Some("toestemmingen.localhost"));
    assert_eq!((out.status, out.url.path()), (200, "/afgemeld"));
    assert_eq!(out.url.query(), None, "everywhere");
    for party in [Party::Mitz, Party::Digid] {
        let requirements = world.requirements(party).await;
        assert!(requirements.contains(&"digid case 35".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn digid_case_035_the_old_cookie_opens_nothing_whether_or_not_digid_is_asked() {
    let world = World::start().await;
    let (mut person, shown) = at_overview(&world, SASKIA).await;
    let mut old = person.clone();
    let form = shown.form("/afmelden").expect("a form");
    let forged = form.with("formulier", "verzonnen");
    assert_eq!(person.send(forged).await.expect("an answer").status, 400);
    assert_eq!(at_register(&world, &mut old).await.url.path(), "/");

    logged_out_here(&mut person, &shown).await;
    let again = at_register(&world, &mut old).await;
    assert_eq!(again.url.host_str(), Some("digid.localhost"));
}

#[tokio::test(flavor = "multi_thread")]
async fn digid_case_038_who_logs_out_at_digid_is_out_of_the_register_and_keeps_consent_and_grants()
{
    let world = World::start().await;
    let dvp = world.dvp("anderpgo.localhost");
    let tokens = dvp.tokens(SASKIA).await;
    let (mut person, _) = at_overview(&world, SASKIA).await;
    let (mut elsewhere, _) = at_overview(&world, SASKIA).await;
    let shown = person
        .open(&format!("{}/uitloggen", world.url("digid")))
        .await;
    let form = shown.expect("a page").form("/uitloggen").expect("a form");
    let out = person.send(form.with("keuze", "uitloggen")).await;
    assert_eq!(out.expect("an answer").status, 200);
    for browser in [&mut person, &mut elsewhere] {
        let again = at_register(&world, browser).await;
        assert_eq!(again.url.host_str(), Some("digid.localhost"));
    }
    let requirements = world.requirements(Party::Mitz).await;
    assert!(requirements.contains(&"digid case 38".to_owned()));
    assert_eq!(dvp.userinfo(&tokens.access).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn digid_case_038_a_message_that_is_not_digids_gets_a_fault_and_ends_nothing() {
    let world = World::start().await;
    let (mut person, _) = at_overview(&world, SASKIA).await;
    let outside = world.outside(Some("anderpgo.localhost"));
    let url = format!("{}/saml/slo", world.url("mitz-back"));
    for soap in ["", "not xml", "<a/>"] {
        let bytes = soap.as_bytes().to_vec();
        let answer = outside
            .post_bytes(&url, "text/xml", bytes, Headers::none())
            .await
            .expect("an answer");
        // SOAP 1.1 §4.4, §6.2
        assert_eq!(answer.status, 500);
        assert!(text(&answer).contains("soapenv:Fault"), "{}", text(&answer));
    }
    assert_eq!(at_register(&world, &mut person).await.url.path(), "/");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_a_logout_that_nobody_asked_for_is_refused() {
    let world = World::start().await;
    let mut person = world.person();
    for query in ["", "?SAMLResponse=x", "?RelayState=x&SAMLResponse=x"] {
        let url = format!("{}/saml/slo{query}", world.url("mitz"));
        let shown = person.open(&url).await.expect("an answer");
        assert_eq!(shown.status, 400);
    }
    let shown = person
        .open(&format!("{}/uitloggen", world.url("digid")))
        .await;
    assert_eq!(shown.expect("a page").status, 200, "nobody is logged in");
}
