use serde_json::json;
use verdict::{Entropy, Record as _, Step, Then, Verdict};

use super::super::testing::{
    MODULE, NOW, TERUG, World, document, id, launch_with, outcomes, spends, told,
};
use super::terugkeer::BEANTWOORD;
use super::*;
use crate::domeinconfiguratie::Domeinkop;
use crate::launch::NietGoed;
use crate::launch::code::{CODE_S, Code};
use crate::launch::hti::{self, Hti};
use crate::launch::idp::Discovery;

fn spoor(text: &str) -> Spoor {
    Spoor::parse(text).expect("an id")
}

fn vertrek(world: &World, hti: Hti) -> Vertrek {
    let verzoek = world.authorize("x", None).expect("a good request");
    Vertrek::new(verzoek, hti, spoor("r-1"), NOW, &Entropy::new([1; 32]))
}

fn discovery() -> Discovery {
    Discovery {
        issuer: "https://eerste.example".into(),
        authorization_endpoint: "https://eerste.example/inloggen".into(),
        token_endpoint: "https://eerste.example/token".into(),
        jwks_uri: "https://eerste.example/jwks".into(),
        names_itself: false,
    }
}

fn asked_discovery(world: &World, vertrek: &Vertrek) -> Box<DiscoveryVraag> {
    let Step::Ask(Vertrekvraag::Domein(domein)) = vertrek.begin() else {
        panic!("expected to be asked for the domain");
    };
    match domein.answer(Some(world.nu())) {
        Step::Ask(Vertrekvraag::Discovery(question)) => question,
        _ => panic!("expected to be asked for an IdP"),
    }
}

fn left(world: &World, hti: Hti) -> Verdict<Vertrokken> {
    let question = asked_discovery(world, &vertrek(world, hti));
    match question.answer(Ok(discovery()), Some(world.nu())) {
        Step::Done(verdict) => verdict,
        _ => panic!("expected an end"),
    }
}

fn onderweg(world: &World, hti: Hti) -> Onderweg {
    match left(world, hti).reply {
        Vertrokken::NaarIdp { onderweg, .. } => *onderweg,
        Vertrokken::Terug(refusal) => panic!("refused: {refusal:?}"),
    }
}

fn terugkeer(world: &World, hti: Hti, antwoord: Antwoord) -> Terugkeer {
    let onderweg = onderweg(world, hti);
    Terugkeer::new(
        onderweg,
        antwoord,
        spoor("r-2"),
        NOW,
        &Entropy::new([2; 32]),
    )
}

/// What follows the spent request.
fn spent(terugkeer: &Terugkeer) -> Terugkeervraag {
    let Step::Save { changes, then, .. } = terugkeer.begin() else {
        panic!("expected to spend the request first");
    };
    assert!(spends(&changes, BEANTWOORD));
    match then() {
        Step::Ask(question) => question,
        _ => panic!("expected a question"),
    }
}

/// The end of a run in which the IdP said `claim` and the FHIR server `vondst`.
fn ended(world: &World, hti: Hti, claim: &str, vondst: Vondst) -> Verdict<Teruggekeerd> {
    let terugkeer = terugkeer(world, hti, Antwoord::Code("c".into()));
    let Terugkeervraag::Login(login) = spent(&terugkeer) else {
        panic!("expected to be asked who logged in");
    };
    assert_eq!(login.code(), "c");
    let step = login.answer(Login::Ingelogd(claim.to_owned()), Some(world.nu()));
    let Step::Ask(Terugkeervraag::Persoon(persoon)) = step else {
        panic!("expected to be asked for the person");
    };
    match persoon.answer(vondst, Some(world.nu())) {
        Step::Done(verdict) => verdict,
        _ => panic!("expected an end"),
    }
}

fn patient(active: bool) -> Vondst {
    Vondst::Gevonden(Box::new(json!({
        "resourceType": "Patient", "id": "p", "active": active,
        "identifier": [{ "system": "urn:x", "value": "p@example.nl" }],
    })))
}

#[test]
fn koppeltaal_case_092_a_launch_is_spent_and_told_and_leads_to_the_idp() {
    let world = World::new();
    let verdict = left(&world, world.good_hti());
    let Vertrokken::NaarIdp { url, onderweg } = &verdict.reply else {
        panic!("expected to go to the IdP");
    };
    assert!(url.starts_with("https://eerste.example/inloggen?response_type=code&"));
    assert!(url.contains(&format!("state={}", onderweg.state)));
    assert!(spends(&verdict.changes, hti::SPACE));
    let told = outcomes(&verdict.changes);
    // koppeltaal case 92
    assert_eq!(told.len(), 2);
    assert!(told[0].1.starts_with("authorize: ") && told[0].0 == "0");
    assert!(told[1].1.starts_with("idp call: ") && told[1].0 == "0");
}

#[test]
fn koppeltaal_case_098_a_launch_that_was_used_leads_to_no_idp_and_is_told_to_the_operator_alone() {
    let world = World::new();
    let vertrek = vertrek(&world, world.good_hti());
    let lost = vertrek.lost(&world.good_hti().burn().key);
    let Some(Step::Done(verdict)) = lost else {
        panic!("expected an end");
    };
    let Vertrokken::Terug(refusal) = verdict.reply else {
        panic!("expected an error for the module");
    };
    // koppeltaal case 98
    assert_eq!(refusal.error, "invalid_request");
    assert_eq!(refusal.state.as_deref(), Some("s 1"));
    assert!(verdict.changes.is_empty());
    // another row: the domain changed, and it is decided again
    let domein = Domeinkop::key(&world.domein.domein);
    assert!(vertrek.lost(&domein).is_none());
}

#[test]
fn koppeltaal_case_105_an_unknown_hint_is_told_and_does_not_stop_the_launch() {
    let world = World::new();
    let hti = world.hti(&launch_with("idp_hint", json!("onbekend")));
    let verdict = left(&world, hti.expect("a good launch"));
    assert!(matches!(verdict.reply, Vertrokken::NaarIdp { .. }));
    let told = outcomes(&verdict.changes);
    // koppeltaal case 105
    assert_eq!(told.len(), 3);
    assert_eq!(told[1].0, "4");
    assert!(told[1].1.contains("idp_hint"));
}

#[test]
fn koppeltaal_case_105_without_any_idp_the_module_hears_an_error() {
    let mut document = document();
    document["default_identity_provider"] = json!(null);
    document["applications"][1]["identity_providers"] = json!({});
    let world = World::of(&document);
    let Step::Ask(Vertrekvraag::Domein(domein)) = vertrek(&world, world.good_hti()).begin() else {
        panic!("expected to be asked for the domain");
    };
    let Step::Done(verdict) = domein.answer(Some(world.nu())) else {
        panic!("expected an end");
    };
    let Vertrokken::Terug(refusal) = verdict.reply else {
        panic!("expected an error for the module");
    };
    assert_eq!(refusal.error, "server_error");
    // TOP-KT-012c: the launch failed at the authorization service
    let failed = &told(&verdict.changes)[1];
    assert_eq!(failed["type"]["code"], "110100");
    assert_eq!(failed["entity"][0]["what"]["reference"], "Task/t");
}

#[test]
fn koppeltaal_md_4_5_an_idp_that_does_not_answer_is_an_error_for_the_module() {
    let world = World::new();
    let question = asked_discovery(&world, &vertrek(&world, world.good_hti()));
    let why = NietGoed::new("koppeltaal.md §4.5", "no answer");
    let Step::Done(verdict) = question.answer(Err(why), Some(world.nu())) else {
        panic!("expected an end");
    };
    assert!(matches!(&verdict.reply, Vertrokken::Terug(no) if no.error == "server_error"));
    // koppeltaal.md §4.5
    assert!(spends(&verdict.changes, hti::SPACE));
    let codes: Vec<String> = outcomes(&verdict.changes)
        .into_iter()
        .map(|told| told.0)
        .collect();
    assert_eq!(codes, ["0", "8", "8"]);
}

#[test]
fn koppeltaal_case_093_an_application_that_was_just_rejected_gets_no_login() {
    let world = World::new();
    let Step::Ask(Vertrekvraag::Domein(domein)) = vertrek(&world, world.good_hti()).begin() else {
        panic!("expected to be asked for the domain");
    };
    let Step::Done(verdict) = domein.answer(None) else {
        panic!("expected an end");
    };
    // koppeltaal case 93
    assert!(matches!(&verdict.reply, Vertrokken::Terug(no) if no.error == "unauthorized_client"));
    assert!(verdict.changes.is_empty());
}

#[test]
fn koppeltaal_case_101_who_the_idp_says_it_is_goes_back_with_a_code() {
    let world = World::new();
    let verdict = ended(&world, world.good_hti(), "p@example.nl", patient(true));
    let Teruggekeerd::Code { terug, grant } = &verdict.reply else {
        panic!("expected a code");
    };
    let url = terug.url("https://kt.example/api/v1/d1/oauth2", "c-1");
    // koppeltaal case 101; RFC 9207 §2
    assert!(url.starts_with(&format!("{TERUG}?code=c-1&state=s%201&iss=https")));
    let row = verdict
        .changes
        .iter()
        .find(|change| change.key == Code::key(*grant));
    let Then::Put { until, body } = &row.expect("the code's row").then else {
        panic!("expected a new row");
    };
    assert_eq!(*until, NOW.plus_s(CODE_S));
    let code = Code::from_body(body).expect("a code");
    assert_eq!(code.client_id, id(MODULE));
    // the reference to the person is sealed
    assert!(!body.open.to_string().contains("Patient/p"));

    let told = told(&verdict.changes);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["outcome"], "0");
    let desc = told[0]["outcomeDesc"].as_str().expect("a text");
    assert!(desc.starts_with("idp login: "));
    assert_eq!(told[0]["agent"][1]["who"]["display"], "eerste");
}

#[test]
fn koppeltaal_case_102_who_is_somebody_else_gets_no_code_and_it_is_told() {
    let world = World::new();
    let verdict = ended(&world, world.good_hti(), "q@example.nl", patient(true));
    assert_eq!(verdict.reply, Teruggekeerd::Geweigerd);
    assert!(
        !verdict
            .changes
            .iter()
            .any(|change| change.key.space() == Code::SPACE)
    );
    // koppeltaal case 102
    assert_eq!(outcomes(&verdict.changes)[0].0, "8");
    assert!(
        !told(&verdict.changes)[0]
            .to_string()
            .contains("example.nl\"")
    );
    assert_eq!(verdict.events[0].requirement, "koppeltaal case 102");
}

#[test]
fn koppeltaal_case_102_an_identifier_counts_in_the_system_of_the_idp_alone() {
    let mut document = document();
    document["identity_providers"][0]["identifier_system"] = json!("urn:y");
    let world = World::of(&document);
    let verdict = ended(&world, world.good_hti(), "p@example.nl", patient(true));
    // koppeltaal case 102
    assert_eq!(verdict.reply, Teruggekeerd::Geweigerd);
}

#[test]
fn koppeltaal_case_103_a_person_who_is_not_active_is_refused() {
    let world = World::new();
    let verdict = ended(&world, world.good_hti(), "p@example.nl", patient(false));
    assert_eq!(verdict.reply, Teruggekeerd::Geweigerd);
    // koppeltaal case 103
    assert_eq!(verdict.events[0].requirement, "koppeltaal case 103");
}

#[test]
fn koppeltaal_case_104_a_related_person_launches_for_the_own_patient_alone() {
    let world = World::new();
    let related = || {
        Vondst::Gevonden(Box::new(json!({
            "resourceType": "RelatedPerson", "id": "r", "active": true,
            "identifier": [{ "value": "r@example.nl" }],
            "patient": { "reference": "Patient/p" },
        })))
    };
    let launch_for = |patient: Option<&str>| {
        let mut claims = launch_with("sub", json!("RelatedPerson/r"));
        if let Some(patient) = patient {
            claims["patient"] = json!(patient);
        }
        let hti = world.hti(&claims).expect("a good launch");
        ended(&world, hti, "r@example.nl", related()).reply
    };
    // koppeltaal case 104
    assert_eq!(launch_for(Some("Patient/q")), Teruggekeerd::Geweigerd);
    assert_eq!(launch_for(None), Teruggekeerd::Geweigerd);
    assert!(matches!(
        launch_for(Some("Patient/p")),
        Teruggekeerd::Code { .. }
    ));
}

#[test]
fn koppeltaal_md_4_5_who_cannot_be_looked_up_is_an_error_or_a_refusal() {
    let world = World::new();
    let unknown = ended(&world, world.good_hti(), "p@example.nl", Vondst::Onbekend);
    assert_eq!(unknown.reply, Teruggekeerd::Geweigerd);
    let other = Vondst::Gevonden(Box::new(json!({ "resourceType": "Patient", "id": "q" })));
    let other = ended(&world, world.good_hti(), "p@example.nl", other);
    assert_eq!(other.reply, Teruggekeerd::Geweigerd);
    let down = ended(
        &world,
        world.good_hti(),
        "p@example.nl",
        Vondst::Onbereikbaar,
    );
    // koppeltaal.md §4.5
    assert!(matches!(down.reply, Teruggekeerd::Terug(no) if no.error == "server_error"));
}

#[test]
fn koppeltaal_md_4_5_what_goes_wrong_at_the_idp_is_an_error_for_the_module_and_told() {
    let world = World::new();
    for (antwoord, error) in [
        (Antwoord::read(None, Some("access_denied")), "access_denied"),
        (
            Antwoord::read(None, Some("login_required")),
            "login_required",
        ),
        (
            Antwoord::read(None, Some("interaction_required")),
            "interaction_required",
        ),
        (Antwoord::read(None, Some("invalid_scope")), "server_error"),
        (Antwoord::read(None, None), "server_error"),
        (Antwoord::read(Some("c"), Some("x")), "server_error"),
    ] {
        let terugkeer = terugkeer(&world, world.good_hti(), antwoord);
        let Terugkeervraag::Gestopt(question) = spent(&terugkeer) else {
            panic!("expected to be asked for the domain");
        };
        let Step::Done(verdict) = question.answer(Some(world.nu())) else {
            panic!("expected an end");
        };
        // koppeltaal.md §4.5
        assert!(matches!(&verdict.reply, Teruggekeerd::Terug(no) if no.error == error));
        assert_eq!(outcomes(&verdict.changes)[0].0, "8");
    }
    let why = NietGoed::new("OIDC Core §3.1.3.7", "no");
    for (login, error) in [
        (Login::Afgekeurd(why), "access_denied"),
        (Login::Onbereikbaar, "server_error"),
    ] {
        let terugkeer = terugkeer(&world, world.good_hti(), Antwoord::Code("c".into()));
        let Terugkeervraag::Login(question) = spent(&terugkeer) else {
            panic!("expected to be asked who logged in");
        };
        let Step::Done(verdict) = question.answer(login, Some(world.nu())) else {
            panic!("expected an end");
        };
        assert!(matches!(&verdict.reply, Teruggekeerd::Terug(no) if no.error == error));
    }
}

#[test]
fn koppeltaal_md_4_5_an_answer_of_an_idp_is_used_once() {
    let world = World::new();
    let terugkeer = terugkeer(&world, world.good_hti(), Antwoord::Code("c".into()));
    let lost = terugkeer.lost(&terugkeer.state_key());
    let Some(Step::Done(verdict)) = lost else {
        panic!("expected an end");
    };
    // koppeltaal.md §4.5
    assert_eq!(verdict.reply, Teruggekeerd::AlBeantwoord);
    assert!(
        terugkeer
            .lost(&Domeinkop::key(&world.domein.domein))
            .is_none()
    );
}

#[test]
fn whatever_an_accepted_request_carries_fits_in_a_cookie() {
    let world = World::new();
    let mut claims = launch_with("definition", json!("\u{e9}".repeat(128)));
    claims["intent"] = json!("\u{e9}".repeat(128));
    claims["sub"] = json!(format!("RelatedPerson/{}", "r".repeat(64)));
    claims["patient"] = json!(format!("Patient/{}", "p".repeat(64)));
    claims["resource"] = json!(format!("Task/{}", "t".repeat(64)));
    claims["jti"] = json!("j".repeat(64));
    let mut onderweg = onderweg(&world, world.hti(&claims).expect("a good launch"));
    onderweg.terug.state = "s".repeat(512);
    onderweg.terug.nonce = Some("n".repeat(512));
    onderweg.terug.redirect_uri = "u".repeat(370);
    onderweg.idp = "i".repeat(100);
    let plain = serde_json::to_string(&onderweg).expect("json").len();
    // sealed it has 32 bytes more, and base64 makes four of three
    assert!((plain + 32) * 4 / 3 < 3_900, "{plain}");
}

#[test]
fn what_the_cookie_holds_reads_back_and_runs_out() {
    let world = World::new();
    let onderweg = onderweg(&world, world.good_hti());
    let text = serde_json::to_string(&onderweg).expect("json");
    let read: Onderweg = serde_json::from_str(&text).expect("the same");
    assert_eq!(read, onderweg);
    assert!(!onderweg.is_over_at(NOW) && onderweg.is_over_at(NOW.plus_s(ONDERWEG_S)));
}
