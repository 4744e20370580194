//! Acting for somebody else, with a login at the entrance of DigiD 4.x.

use server::network::{Person, Shown};

use crate::world::{
    NAAM, SASKIA, World, answer, heading, json, location, login, records_with, text, years_ago,
};

/// May act for Saskia by authorisation.
const JOOST: &str = "900029365";
/// Is the parent of somebody of eight, and of somebody of thirteen.
pub(crate) const MARIA: &str = "900263271";
pub(crate) const NOOR: &str = "900294565";
const SEM: &str = "900231968";

fn acting(world: &World, scope: &str, born: &str) -> Vec<(&'static str, String)> {
    let mut parameters = world.auth(&format!("{NAAM} {scope}"));
    parameters.push(("MedMij_geboortedatum", born.to_owned()));
    parameters
}

/// A day as a page says it.
fn in_words(born: &str) -> String {
    let words = match born {
        "1961-04-12" => "12 april 1961",
        _ => "14 mei 2018",
    };
    words.to_owned()
}

/// At the page where somebody who logged in says for whom.
async fn at_bvd(world: &World, who: &str, scope: &str, born: &str) -> (Person, Shown) {
    let mut person = world.person();
    let url = world.authorize_url(&acting(world, scope, born));
    let shown = person.open(&url).await.expect("an answer");
    let form = shown.form("/inloggen").expect("the landing page");
    let shown = person.send(form).await.expect("an answer");
    // ext.vert.authint.201: by POST, with the BVD in it.
    let entrance = shown.form(&format!(
        "{}/saml/v4/entrance/request_authentication",
        world.url("digid")
    ));
    let shown = person
        .send(entrance.expect("a request"))
        .await
        .expect("an answer");
    let shown = person
        .send(login(&shown, who, "inloggen"))
        .await
        .expect("an answer");
    (person, shown)
}

/// After the login, for this person.
pub(crate) async fn for_whom(
    world: &World,
    who: &str,
    scope: &str,
    born: &str,
    whom: &str,
) -> (Person, Shown) {
    let (mut person, shown) = at_bvd(world, who, scope, born).await;
    let form = shown
        .form("/vertegenwoordigen")
        .expect("the page of the BVD");
    let form = form.with("bsn", whom).with("keuze", "vertegenwoordigen");
    let shown = person.send(form).await.expect("an answer");
    (person, shown)
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_085_and_091_a_code_is_for_the_represented_person() {
    let world = World::start().await;
    for (who, scope, born, whom) in [
        (JOOST, "onbehalfof", "1961-04-12", SASKIA),
        // ext.vert.authint.204
        (MARIA, "onbehalfofchild", "2018-05-14", NOOR),
    ] {
        let (mut person, shown) = for_whom(&world, who, scope, &born.replace('-', ""), whom).await;
        // medmij case 85
        assert_eq!(heading(&shown), "Toestemming geven", "{}", shown.html);
        // core.usrint.102: whose data, and by which date the person can check whom he chose
        let said = ["de gezondheidsgegevens van deze persoon", &in_words(born)];
        assert!(
            said.iter().all(|said| shown.html.contains(said)),
            "{}",
            shown.html
        );
        assert!(!shown.html.contains("uw gezondheidsgegevens"));
        let yes = shown
            .form("/verklaring")
            .expect("the declaration")
            .with("keuze", "ja");
        let shown = person.send(yes).await.expect("an answer");
        let issued = json(&world.redeem(&answer(&shown, "code").expect("a code")).await);
        let token = issued["access_token"].as_str().expect("a token");
        let patient = json(&world.resource("51", "Patient", token).await);
        // medmij case 91 (ext.vert.authint.202)
        assert_eq!(patient["entry"][0]["resource"]["birthDate"], born);
        assert!(!world.log().contains(whom) && !world.log().contains(who));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_086_and_087_and_digid_case_052_without_a_date_of_birth_nobody_is_asked() {
    let world = World::start().await;
    for born in ["", "1970-09-01", "19701301"] {
        let answer = world.authorize(&acting(&world, "onbehalfof", born)).await;
        // ext.vert.authint.200 (medmij cases 86 and 87, digid case 52)
        assert_eq!(answer.status, 302);
        let expected = format!("{}?error=invalid_request&state=S1", world.cb());
        assert_eq!(location(&answer), expected, "{}", text(&answer));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_088_and_093_and_digid_case_053_another_date_and_another_age_are_nothing_available()
 {
    let world = World::start().await;
    for (who, scope, born, whom) in [
        // ext.vert.autorisatie.201 (medmij case 88, digid case 53)
        (JOOST, "onbehalfof", "19610413", SASKIA),
        // medmij case 93: represented as a child at that age
        (JOOST, "onbehalfofchild", "19610412", SASKIA),
        (MARIA, "onbehalfofchild", "20130621", SEM),
    ] {
        let (mut person, shown) = for_whom(&world, who, scope, born, whom).await;
        assert_eq!(
            heading(&shown),
            "Er zijn geen gegevens beschikbaar",
            "{who} {born}"
        );
        let back = shown
            .form("/verklaring")
            .expect("a way back")
            .with("keuze", "nee");
        let shown = person.send(back).await.expect("an answer");
        assert_eq!(answer(&shown, "error").as_deref(), Some("access_denied"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_089_who_logs_in_for_himself_after_all_is_told_and_stops() {
    let world = World::start().await;
    let (mut person, shown) = at_bvd(&world, JOOST, "onbehalfof", "19610412").await;
    let form = shown
        .form("/vertegenwoordigen")
        .expect("the page of the BVD");
    let shown = person
        .send(form.with("keuze", "zelf"))
        .await
        .expect("an answer");
    // medmij case 89
    assert_eq!(heading(&shown), "U hebt voor uzelf ingelogd");
    let back = shown
        .form("/verklaring")
        .expect("a way back")
        .with("keuze", "nee");
    let shown = person.send(back).await.expect("an answer");
    assert_eq!(answer(&shown, "error").as_deref(), Some("access_denied"));
    assert_eq!(answer(&shown, "code"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_092_without_onbehalfof_digid_is_not_asked_for_it() {
    let world = World::start().await;
    let (mut person, shown) = world.at_digid(NAAM).await;
    // medmij case 92
    assert!(!shown.url.as_str().contains("/v4/"));
    let shown = person
        .send(login(&shown, JOOST, "inloggen"))
        .await
        .expect("an answer");
    assert!(shown.form("/vertegenwoordigen").is_err(), "{}", shown.html);
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_093_a_parent_collects_for_a_child_until_the_day_it_is_twelve() {
    for (born, told) in [
        (years_ago(12, 1), "Toestemming geven"),
        (years_ago(12, 0), "Er zijn geen gegevens beschikbaar"),
    ] {
        let records = records_with("2018-05-14", &born);
        let world = World::start_with(&[("records/00000659.json", &records)]).await;
        let parameter = born.replace('-', "");
        let (_, shown) = for_whom(&world, MARIA, "onbehalfofchild", &parameter, NOOR).await;
        // medmij case 93
        assert_eq!(heading(&shown), told, "{born}");
    }
}
