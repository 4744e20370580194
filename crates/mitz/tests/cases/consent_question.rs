//! Steps 24–26: a DVA asks Mitz for consent, and gets the BSN only with a Permit.

use mitz::authorization_server::toestemmingsvraag::Geweigerd;
use mitz::locatietoken::BSN_SYSTEM;
use mitz::toestemmingenregister::intrekken::Omvang;
use serde_json::{Value, json};
use verdict::Actor;

use crate::world::{
    ANDERE_PGO, APOTHEEK, BAKKER, DVA, DVA_HOST, DVA2, DVA2_HOST, JANSEN, MITZ, OOST, PGO, WEST,
    World, certificate, claims, granted, id_token_of, id_token_of_a_stranger, id_token_with,
    is_about, ja, om_te_delen, refused, ura,
};

/// A question about a token, as its DVA asks it.
struct Question<'a> {
    token: &'a str,
    ura: &'a str,
    function: &'a str,
    presenter: &'a str,
}

impl<'a> Question<'a> {
    /// The question that the DVA of [`WEST`] asks when [`PGO`] shows a token.
    fn about(token: &'a str) -> Self {
        Self {
            token,
            ura: WEST,
            function: "verzamelen",
            presenter: PGO,
        }
    }

    /// Asked by the DVA with this host in its certificate.
    fn by(&self, world: &World, host: &str) -> Result<Value, Geweigerd> {
        let presenter = jose::base64url_encode(certificate(self.presenter).x5t_s256);
        world.at_mitz.told();
        world.consent_question(
            Some(&certificate(host)),
            &[
                ("token", self.token),
                ("token_type_hint", "id_token"),
                ("ura", self.ura),
                ("function", self.function),
                ("services", "51 52"),
                ("presenter_x5t", &presenter),
            ],
        )
    }

    /// Asked by the DVA of [`WEST`].
    fn asked(&self, world: &World) -> Value {
        self.by(world, DVA_HOST).expect("the DVA of this provider")
    }

    /// Nothing is said but that the token is not active, and why is noted under this case.
    fn assert_inactive(&self, world: &World) {
        let before = world.at_mitz.rows();
        // RFC 7662 §2.2
        assert_eq!(
            self.asked(world),
            json!({ "active": false }),
            "and nothing else"
        );
        assert_eq!(world.at_mitz.told(), [refused("mitz case 44")]);
        assert_eq!(
            world.at_mitz.last_event().who,
            Actor::Party(DVA_HOST.to_owned())
        );
        assert!(before == world.at_mitz.rows(), "a question changes nothing");
    }
}

/// A person who consented to [`WEST`], and the token of that location.
fn located(world: &World) -> String {
    world.located(PGO, JANSEN, vec![ja(WEST)], WEST)
}

#[test]
fn mitz_case_042_a_good_token_with_consent_brings_permit_and_the_bsn() {
    let world = World::new();
    let token = located(&world);
    let before = world.at_mitz.rows();
    let answer = Question::about(&token).asked(&world);
    let said = claims(&token);
    assert_eq!(
        answer,
        json!({
            "active": true,
            "iss": MITZ,
            "sub": said["sub"],
            "client_id": PGO,
            "exp": said["exp"],
            "acr": "http://eidas.europa.eu/LoA/substantial",
            "ura": WEST,
            "consent": {
                "decision": "Permit", "services": ["51", "52"], "function": "verzamelen",
            },
            "bsn": { "system": BSN_SYSTEM, "value": JANSEN },
        })
    );
    assert_eq!(world.at_mitz.told(), [granted("seed 000 step 26")]);
    let event = world.at_mitz.last_event();
    assert!(is_about(&event, JANSEN) && event.who == Actor::Party(DVA_HOST.to_owned()));
    assert!(before == world.at_mitz.rows(), "a question changes nothing");
}

#[test]
fn mitz_case_043_a_good_token_without_consent_brings_deny_and_no_bsn() {
    let world = World::new();
    let (_, tokens) = world.linked(PGO, JANSEN, vec![ja(WEST), ja(OOST)]);
    let userinfo = world
        .userinfo(PGO, &tokens.access_token)
        .expect("an answer");
    let token = id_token_of(&userinfo, WEST);
    world.linked(PGO, JANSEN, vec![ja(OOST)]);
    let answer = Question::about(&token).asked(&world);
    assert_eq!(
        (&answer["active"], &answer["ura"]),
        (&json!(true), &json!(WEST))
    );
    assert_eq!(answer["consent"], json!({ "decision": "Deny" }));
    assert!(answer.get("bsn").is_none());
    assert_eq!(world.at_mitz.told(), [refused("mitz case 43")]);
    assert!(is_about(&world.at_mitz.last_event(), JANSEN));
}

#[test]
fn mitz_case_043_a_provider_that_the_token_does_not_name_is_denied() {
    let world = World::new();
    let token = world.located(PGO, JANSEN, vec![ja(WEST), ja(OOST)], WEST);
    let elsewhere = Question {
        ura: OOST,
        ..Question::about(&token)
    };
    let answer = elsewhere.asked(&world);
    assert_eq!(answer["consent"], json!({ "decision": "Deny" }));
    assert!(answer.get("bsn").is_none());
}

#[test]
fn mitz_case_043_consent_for_one_function_is_none_for_another() {
    let world = World::new();
    let token = located(&world);
    let delen = Question {
        function: "delen",
        ..Question::about(&token)
    };
    assert_eq!(
        delen.asked(&world)["consent"],
        json!({ "decision": "Deny" })
    );
    world.linked(PGO, JANSEN, vec![om_te_delen(ja(WEST))]);
    assert_eq!(delen.asked(&world)["consent"]["decision"], "Permit");
}

#[test]
fn mitz_case_044_an_expired_token_is_not_active() {
    let world = World::new();
    let token = located(&world);
    world.later_s(899);
    assert_eq!(Question::about(&token).asked(&world)["active"], true);
    world.later_s(1);
    // seed 000 step 25
    Question::about(&token).assert_inactive(&world);
}

#[test]
fn mitz_case_044_what_mitz_did_not_write_for_this_dva_is_not_active() {
    let world = World::new();
    let token = located(&world);
    let no_dva = id_token_with(&token, |claims| claims["aud"] = json!([PGO]));
    let other_dva = id_token_with(&token, |claims| claims["aud"] = json!([PGO, DVA2]));
    let other_jti = id_token_with(&token, |claims| claims["jti"] = json!("AAAA"));
    for bad in [
        id_token_of_a_stranger(&token),
        no_dva,
        other_dva,
        other_jti,
        "a.b.c".to_owned(),
    ] {
        Question::about(&bad).assert_inactive(&world);
    }
}

#[test]
fn mitz_case_044_tokens_of_another_kind_are_not_active() {
    let world = World::new();
    let (_, tokens) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
    let userinfo = world
        .userinfo(PGO, &tokens.access_token)
        .expect("an answer");
    let id_token = tokens.body["id_token"].as_str().expect("an ID token");
    for other in [
        id_token,
        &tokens.access_token,
        &tokens.refresh_token,
        &userinfo,
    ] {
        Question::about(other).assert_inactive(&world);
    }
}

#[test]
fn mitz_case_044_a_token_of_a_grant_that_ended_is_not_active() {
    let world = World::new();
    let (_, tokens) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
    let userinfo = world
        .userinfo(PGO, &tokens.access_token)
        .expect("an answer");
    let token = id_token_of(&userinfo, WEST);
    world
        .refresh(PGO, &tokens.refresh_token)
        .expect("refreshed");
    assert_eq!(
        Question::about(&token).asked(&world)["active"],
        true,
        "a refresh ends nothing"
    );
    assert!(
        world.refresh(PGO, &tokens.refresh_token).is_err(),
        "reuse ends the family"
    );
    Question::about(&token).assert_inactive(&world);
}

#[test]
fn mitz_case_040_a_token_shown_with_another_certificate_is_not_active() {
    let world = World::new();
    let token = located(&world);
    let thief = Question {
        presenter: ANDERE_PGO,
        ..Question::about(&token)
    };
    thief.assert_inactive(&world);
    assert_eq!(Question::about(&token).asked(&world)["active"], true);
}

#[test]
fn mitz_case_036a_a_token_that_names_several_providers_is_taken_only_when_switched_on() {
    let system = "http://fhir.nl/fhir/NamingSystem/ura";
    let locations = json!([
        { "system": system, "value": WEST },
        { "system": system, "value": OOST },
    ]);
    let off = World::new();
    let full = id_token_with(&located(&off), |claims| {
        claims["locations"] = locations.clone();
    });
    Question::about(&full).assert_inactive(&off);
    let on = World::with(|mitz, _| mitz.full_location_token = true);
    let full = id_token_with(&located(&on), |claims| {
        claims["locations"] = locations.clone();
    });
    assert_eq!(
        Question::about(&full).asked(&on)["consent"]["decision"],
        "Permit"
    );
}

#[test]
fn mitz_case_045_a_dva_that_is_not_registered_for_the_provider_gets_403() {
    let world = World::new();
    let token = located(&world);
    for (host, about) in [
        (DVA2_HOST, WEST),
        (DVA_HOST, APOTHEEK),
        (PGO, WEST),
        ("mitz", WEST),
    ] {
        let question = Question {
            ura: about,
            ..Question::about(&token)
        };
        let refusal = question.by(&world, host).expect_err("not its provider");
        assert_eq!((refusal, refusal.status()), (Geweigerd::NotTheDva, 403));
        assert_eq!(refusal.reason().0, "mitz case 45");
        assert!(
            world.at_mitz.told().is_empty(),
            "nobody's consent was touched"
        );
    }
}

#[test]
fn mitz_case_046_a_caller_without_a_certificate_gets_401_before_anything_is_read() {
    let world = World::new();
    let refusal = world.consent_question(None, &[]).expect_err("nobody");
    assert_eq!(
        (refusal, refusal.status()),
        (Geweigerd::NotAuthenticated, 401)
    );
    assert_eq!(refusal.reason().0, "mitz case 46");
}

#[test]
fn mitz_md_2_7_a_question_that_lacks_something_is_malformed() {
    let world = World::new();
    let whole = [
        ("token", "a.b.c"),
        ("ura", WEST),
        ("function", "verzamelen"),
        ("services", "51"),
        ("presenter_x5t", "x"),
    ];
    let peer = certificate(DVA_HOST);
    assert!(world.consent_question(Some(&peer), &whole).is_ok());
    for (at, (name, _)) in whole.iter().enumerate() {
        let mut missing = whole.to_vec();
        missing.remove(at);
        let refusal = world
            .consent_question(Some(&peer), &missing)
            .expect_err(name);
        assert_eq!(
            (refusal, refusal.status()),
            (Geweigerd::Malformed, 400),
            "{name}"
        );
    }
    for (at, value) in [(1, "659"), (2, "alles")] {
        let mut wrong = whole;
        wrong[at].1 = value;
        let refusal = world.consent_question(Some(&peer), &wrong);
        assert_eq!(refusal, Err(Geweigerd::Malformed), "{value}");
    }
}

#[test]
fn mitz_case_047_a_consent_withdrawn_whole_makes_the_token_inactive() {
    let world = World::new();
    let token = located(&world);
    world.withdraw(JANSEN, PGO, Omvang::Alles);
    Question::about(&token).assert_inactive(&world);
    world.linked(PGO, JANSEN, vec![ja(WEST)]);
    Question::about(&token).assert_inactive(&world);
}

#[test]
fn mitz_case_047_a_provider_withdrawn_alone_is_denied() {
    let world = World::new();
    let token = located(&world);
    world.withdraw(JANSEN, PGO, Omvang::Aanbieder(ura(WEST)));
    let answer = Question::about(&token).asked(&world);
    assert_eq!(
        (&answer["active"], &answer["consent"]["decision"]),
        (&json!(true), &json!("Deny"))
    );
    assert!(answer.get("bsn").is_none());
}

#[test]
fn mitz_case_047_a_withdrawal_that_overtakes_the_answer_keeps_the_bsn_in() {
    for (omvang, expected) in [
        (Omvang::Alles, json!({ "active": false })),
        (Omvang::Aanbieder(ura(WEST)), json!({ "decision": "Deny" })),
    ] {
        let world = World::new();
        let token = located(&world);
        world.meanwhile(move |world| world.withdraw(JANSEN, PGO, omvang));
        let answer = Question::about(&token).asked(&world);
        assert!(answer.get("bsn").is_none());
        assert!(answer == expected || answer["consent"] == expected);
    }
}

#[test]
fn the_withdrawal_of_somebody_else_changes_no_answer() {
    let world = World::new();
    let token = located(&world);
    world.linked(PGO, BAKKER, vec![ja(WEST)]);
    world.withdraw(BAKKER, PGO, Omvang::Alles);
    assert_eq!(
        Question::about(&token).asked(&world)["bsn"]["value"],
        JANSEN
    );
    assert!(
        claims(&token)["aud"]
            .as_array()
            .expect("a list")
            .contains(&json!(DVA))
    );
}
