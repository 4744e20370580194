//! Steps 23–28: an ID token of Mitz for an access token of the DVA.

use fhir::{Bevinding, Geboortedatum, Patient};
use identity::{GegevensdienstId, Zorgaanbiedernaam};
use mitz::dva::token::{Grant, MitzAntwoord, TokenAnswer, TokenRequest, Vraag};
use mitz::dvp::token_exchange_form;
use mitz::toestemming::Functie;
use mitz::toestemmingenregister::intrekken::Omvang;
use protocol::access_token::grant_of;
use protocol::client::Shown;
use protocol::refusal::{ErrorCode, Refusal};
use protocol::scope::Scope;
use protocol::token_exchange::{
    ACCESS_TOKEN_TYPE, Exchange, GRANT_TYPE, ID_TOKEN_TYPE, JWT_BEARER, Profile,
};
use serde_json::{Value, json};
use verdict::{Actor, Step};

use crate::world::{
    ANDERE_PGO, BAKKER, DVA, DVA2, JANSEN, OOST, OOST_NAAM, PGO, WEST, WEST_NAAM, World, bsn,
    certificate, claims, granted, id_token_of, id_token_of_a_stranger, id_token_with, ja,
    om_te_delen, refused, ura,
};

/// A person who consented to both hospitals, and the token of [`WEST`].
fn located(world: &World) -> String {
    let token = world.located(PGO, JANSEN, vec![ja(WEST), ja(OOST)], WEST);
    world.asked();
    token
}

/// A token request for [`WEST`] of [`PGO`].
const fn exchange_form<'a>(token: &'a str, scope: &'a str) -> [(&'a str, &'a str); 6] {
    [
        ("grant_type", GRANT_TYPE),
        ("subject_token", token),
        ("subject_token_type", ID_TOKEN_TYPE),
        ("audience", WEST_NAAM),
        ("scope", scope),
        ("client_id", PGO),
    ]
}

/// Refused in the way that tells nothing of a treatment relation; noted under this rule.
fn assert_alike(
    world: &World,
    answer: Result<Value, TokenAnswer>,
    requirement: &'static str,
) -> Refusal {
    let answer = answer.expect_err("refused");
    let TokenAnswer::RefusedAlike(refusal) = answer else {
        unreachable!("{answer:?}");
    };
    assert_eq!(refusal.error, ErrorCode::InvalidRequest);
    assert_eq!(world.at_dva.told(), [refused(requirement)]);
    assert_eq!(world.at_dva.last_event().who, Actor::Party(PGO.to_owned()));
    assert!(world.kinds_at_dva().is_empty(), "nothing was stored");
    refusal
}

/// Refused openly, for a reason that tells nothing of the person.
fn assert_refused(
    world: &World,
    answer: Result<Value, TokenAnswer>,
    error: ErrorCode,
    requirement: &'static str,
) {
    let answer = answer.expect_err("refused");
    let TokenAnswer::Refused(refusal) = answer else {
        unreachable!("{answer:?}");
    };
    assert_eq!((refusal.error, refusal.requirement), (error, requirement));
    assert_eq!(world.at_dva.told(), [refused(requirement)]);
    assert!(world.kinds_at_dva().is_empty(), "nothing was stored");
}

// ── What is granted ─────────────────────────────────────────────────────────────────────────────

#[test]
fn mitz_case_036_a_location_s_token_brings_an_access_token_for_what_was_asked() {
    let world = World::new();
    let token = located(&world);
    let issued = world
        .exchange(PGO, &token, WEST_NAAM, "51 52")
        .expect("issued");
    // mitz.md §2.6
    assert_eq!(issued["issued_token_type"], ACCESS_TOKEN_TYPE);
    assert_eq!(issued["token_type"], "Bearer");
    assert_eq!(
        (&issued["expires_in"], &issued["scope"]),
        (&json!(900), &json!("51 52"))
    );
    assert!(issued.get("refresh_token").is_none(), "it lives at Mitz");
    let access = claims(issued["access_token"].as_str().expect("a token"));
    assert_eq!((&access["iss"], &access["aud"]), (&json!(DVA), &json!(DVA)));
    let thumbprint = jose::base64url_encode(certificate(PGO).x5t_s256);
    assert_eq!(access["cnf"], json!({ "x5t#S256": thumbprint }));
    assert_eq!(world.at_dva.told(), [granted("seed 000 step 28")]);
    // seed 000 step 24
    assert_eq!(world.asked()[0], "mitz");
}

#[test]
fn mitz_case_036_the_person_stands_in_the_row_and_never_in_the_token() {
    let world = World::new();
    let token = located(&world);
    let issued = world
        .exchange(PGO, &token, WEST_NAAM, "51")
        .expect("issued");
    assert_eq!(world.kinds_at_dva(), ["dva.grant"]);
    let access = claims(issued["access_token"].as_str().expect("a token"));
    let id = grant_of(access["jti"].as_str().expect("a jti")).expect("a grant");
    let grant = world
        .at_dva
        .load::<Grant>(&Grant::key(id), world.now())
        .expect("stored");
    assert_eq!(grant.until, world.now().plus_s(900));
    let grant = grant.value;
    assert_eq!((grant.bsn.reveal(), grant.ura), (JANSEN, ura(WEST)));
    assert_eq!(
        (grant.client_id.as_str(), grant.scope.as_str()),
        (PGO, "51")
    );
    let rows = world.at_dva.rows();
    let told = |secret| {
        rows.values()
            .any(|row| row.body.open.to_string().contains(secret))
    };
    assert!(
        !told(JANSEN) && !told(WEST),
        "person and provider are the private part"
    );
}

#[test]
fn mitz_case_036_our_own_client_asks_in_this_form() {
    let world = World::new();
    let token = located(&world);
    let naam = Zorgaanbiedernaam::parse(WEST_NAAM).expect("a name");
    let diensten: Vec<_> = world.dva.aanbieders[&naam]
        .gegevensdiensten
        .keys()
        .cloned()
        .collect();
    let form = token_exchange_form(&token, &naam, &diensten, PGO);
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, &**value)).collect();
    let issued = world
        .dva_token(Some(&certificate(PGO)), &form)
        .expect("issued");
    assert_eq!(issued["scope"], "51 52");
}

#[test]
fn mitz_case_052_the_scope_lists_only_what_is_really_granted() {
    let world = World::new();
    let token = located(&world);
    let scope_of = |scope: &str| {
        let issued = world
            .exchange(PGO, &token, WEST_NAAM, scope)
            .expect("issued");
        issued["scope"].as_str().expect("a scope").to_owned()
    };
    assert_eq!(
        scope_of("51 99 niets"),
        "51",
        "the provider does not offer the rest"
    );
    {
        let mut outside = world.outside.borrow_mut();
        let dossier = outside.dossiers.get_mut(&(WEST, JANSEN)).expect("known");
        dossier
            .resources
            .retain(|resource| resource["resourceType"] == "Condition");
    }
    assert_eq!(scope_of("51 52"), "51", "nothing is available of the rest");
}

/// Step by step, without a record system that answers as it should.
#[test]
fn mitz_case_052_more_than_was_asked_and_agreed_is_never_granted() {
    let world = World::new();
    let token = located(&world);
    let id = |text| GegevensdienstId::parse(text).expect("an id");
    let form = exchange_form(&token, "51 52");
    let request = world
        .dva_token_request(Some(&certificate(PGO)), &form)
        .expect("proven");
    let first = request.begin(&world.dva, world.now(), &world.entropy());
    let Step::Ask(Vraag::Toestemming(question)) = first else {
        panic!("Mitz is asked");
    };
    let permit = MitzAntwoord::Permit {
        bsn: bsn(JANSEN),
        services: vec![id("52"), id("99")],
    };
    let Step::Ask(Vraag::Beschikbaarheid(question)) = question.answer(Ok(permit)) else {
        panic!("the record system is asked");
    };
    let asked: Vec<_> = question
        .gegevensdiensten()
        .map(|dienst| dienst.id.clone())
        .collect();
    assert_eq!(asked, [id("52")]);
    let bevinding = Bevinding {
        patient: Some(Patient {
            geboortedatum: Geboortedatum::parse("1980-05-17"),
            overleden: false,
        }),
        beschikbaar: vec![id("51"), id("52"), id("99")],
    };
    let Step::Done(verdict) = question.answer(Ok(bevinding)) else {
        panic!("decided");
    };
    assert!(matches!(verdict.reply, TokenAnswer::Issued(token) if token.scope == "52"));
}

// ── What is refused alike ───────────────────────────────────────────────────────────────────────

#[test]
fn mitz_case_036a_the_id_token_of_the_code_exchange_is_not_taken() {
    let world = World::new();
    let (_, tokens) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
    let id_token = tokens.body["id_token"].as_str().expect("an ID token");
    world.asked();
    let answer = world.exchange(PGO, id_token, WEST_NAAM, "51");
    assert_alike(&world, answer, "mitz case 38");
    assert!(world.asked().is_empty(), "Mitz was not asked");
}

#[test]
fn mitz_case_036a_a_token_for_several_or_other_providers_is_not_taken() {
    let system = "http://fhir.nl/fhir/NamingSystem/ura";
    let both = json!([{ "system": system, "value": WEST }, { "system": system, "value": OOST }]);
    let other_system = json!([{ "system": "urn:oid:1.2.3", "value": WEST }]);
    let world = World::new();
    let token = located(&world);
    for locations in [both.clone(), json!([]), other_system] {
        let bad = id_token_with(&token, |claims| claims["locations"] = locations.clone());
        assert_alike(
            &world,
            world.exchange(PGO, &bad, WEST_NAAM, "51"),
            "mitz case 36a",
        );
    }
    assert_alike(
        &world,
        world.exchange(PGO, &token, OOST_NAAM, "51"),
        "mitz case 36a",
    );
    assert!(world.asked().is_empty(), "Mitz was not asked");
    let on = World::with(|mitz, dva| {
        mitz.full_location_token = true;
        dva.full_location_token = true;
    });
    let full = id_token_with(&located(&on), |claims| claims["locations"] = both.clone());
    assert!(
        on.exchange(PGO, &full, WEST_NAAM, "51").is_ok(),
        "unless it is switched on"
    );
}

#[test]
fn mitz_case_037_a_subject_token_of_another_type_is_refused_before_it_is_read() {
    let world = World::new();
    let token = located(&world);
    let mut form = exchange_form(&token, "51");
    form[2].1 = ACCESS_TOKEN_TYPE;
    let answer = world.dva_token(Some(&certificate(PGO)), &form);
    let Err(TokenAnswer::Refused(refusal)) = answer else {
        panic!("refused");
    };
    assert_eq!(
        (refusal.error.status(), refusal.error.code()),
        (400, "invalid_request")
    );
    assert!(world.asked().is_empty() && world.kinds_at_dva().is_empty());
}

#[test]
fn mitz_case_038_a_token_of_an_unknown_key_or_altered_asks_nobody() {
    let world = World::new();
    let token = located(&world);
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let mut altered = claims(&token);
    altered["locations"][0]["value"] = json!(OOST);
    parts[1] = jose::base64url_encode(altered.to_string());
    for bad in [
        id_token_of_a_stranger(&token),
        parts.join("."),
        "a.b.c".to_owned(),
    ] {
        assert_alike(
            &world,
            world.exchange(PGO, &bad, WEST_NAAM, "51"),
            "mitz case 38",
        );
        assert!(world.asked().is_empty(), "no call with a BSN");
    }
}

#[test]
fn mitz_case_038_a_token_of_another_issuer_or_client_asks_nobody() {
    let world = World::new();
    let token = located(&world);
    let other_azp = id_token_with(&token, |claims| claims["azp"] = json!(ANDERE_PGO));
    let other_aud = id_token_with(&token, |claims| claims["aud"] = json!([ANDERE_PGO, DVA]));
    for bad in [other_azp, other_aud] {
        assert_alike(
            &world,
            world.exchange(PGO, &bad, WEST_NAAM, "51"),
            "mitz case 38",
        );
    }
    let elsewhere = World::with(|_, dva| dva.mitz = "https://anderemitz.localhost".to_owned());
    let token = located(&elsewhere);
    assert_alike(
        &elsewhere,
        elsewhere.exchange(PGO, &token, WEST_NAAM, "51"),
        "mitz case 38",
    );
    assert!(world.asked().is_empty() && elsewhere.asked().is_empty());
}

#[test]
fn mitz_case_039_an_expired_token_is_invalid_request() {
    let world = World::new();
    let token = located(&world);
    world.later_s(900 + 61);
    assert_alike(
        &world,
        world.exchange(PGO, &token, WEST_NAAM, "51"),
        "mitz case 38",
    );
    assert!(world.asked().is_empty());
}

#[test]
fn mitz_case_039_a_token_that_is_over_for_mitz_alone_is_refused_by_mitz() {
    let world = World::new();
    let token = located(&world);
    world.later_s(900 + 30);
    assert_alike(
        &world,
        world.exchange(PGO, &token, WEST_NAAM, "51"),
        "mitz case 43",
    );
    assert_eq!(world.asked(), ["mitz"]);
}

#[test]
fn mitz_case_040_a_token_shown_with_another_certificate_is_refused_by_mitz() {
    let world = World::new();
    let token = located(&world);
    let stolen = id_token_with(&token, |claims| {
        claims["cnf"] = json!({ "x5t#S256": jose::base64url_encode([8; 32]) });
    });
    world.at_mitz.told();
    assert_alike(
        &world,
        world.exchange(PGO, &stolen, WEST_NAAM, "51"),
        "mitz case 43",
    );
    assert_eq!(world.at_mitz.told(), [refused("mitz case 44")]);
}

#[test]
fn mitz_case_041_a_token_without_this_dva_in_its_audience_is_not_taken() {
    let form = |token: &str| {
        [
            ("grant_type", JWT_BEARER.to_owned()),
            ("assertion", token.to_owned()),
            ("audience", WEST_NAAM.to_owned()),
            ("scope", "51".to_owned()),
            ("client_id", PGO.to_owned()),
        ]
    };
    let world = World::with(|_, dva| dva.jwt_bearer = true);
    let token = located(&world);
    let ask = |token: &str| {
        let form = form(token);
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, &**value)).collect();
        world.dva_token(Some(&certificate(PGO)), &form)
    };
    let elsewhere = id_token_with(&token, |claims| claims["aud"] = json!([PGO, DVA2]));
    let Err(TokenAnswer::RefusedAlike(refusal)) = ask(&elsewhere) else {
        panic!("refused");
    };
    assert_eq!(
        (refusal.error.status(), refusal.error.code()),
        (400, "invalid_grant")
    );
    assert!(world.asked().is_empty());
    assert!(ask(&token).is_ok(), "a location's token names its DVA");
}

/// Step by step, with a door that lets the audience through.
#[test]
fn mitz_case_041_the_rule_looks_at_the_audience_itself() {
    let world = World::new();
    let mut said = claims(&located(&world));
    said["aud"] = json!([PGO]);
    let token = serde_json::from_value(said).expect("the claims of a location's token");
    let peer = certificate(PGO);
    let shown = Shown {
        client_id: Some(PGO),
        peer: Some(&peer),
        ..Shown::default()
    };
    let client = world.mitz.clients.prove(&shown, None).expect("proven");
    let exchange = Exchange {
        profile: Profile::TokenExchange,
        id_token: "a.b.c".to_owned(),
        audience: WEST_NAAM.to_owned(),
        scope: Scope::parse("51").expect("a scope"),
    };
    let request = TokenRequest::new(client, exchange, Functie::Verzamelen, Ok(token));
    let Step::Done(verdict) = request.begin(&world.dva, world.now(), &world.entropy()) else {
        panic!("decided without asking anyone");
    };
    assert!(matches!(verdict.reply, TokenAnswer::RefusedAlike(_)));
    assert_eq!(verdict.events[0].requirement, "mitz case 41");
    assert!(verdict.changes.is_empty());
}

#[test]
fn mitz_case_043_without_consent_no_token() {
    let world = World::new();
    let token = located(&world);
    world.linked(PGO, JANSEN, vec![ja(OOST)]);
    world.asked();
    assert_alike(
        &world,
        world.exchange(PGO, &token, WEST_NAAM, "51"),
        "mitz case 43",
    );
    assert_eq!(world.asked(), ["mitz"], "the record system was not asked");
}

#[test]
fn mitz_case_045_a_dva_that_mitz_does_not_know_for_the_provider_gives_no_token() {
    let world = World::with(|mitz, _| mitz.dvas = mitz::authorization_server::Dvas::default());
    let token = located(&world);
    let token = id_token_with(&token, |claims| claims["aud"] = json!([PGO, DVA]));
    assert_alike(
        &world,
        world.exchange(PGO, &token, WEST_NAAM, "51"),
        "mitz case 43",
    );
}

#[test]
fn mitz_case_047_after_a_withdrawal_the_dva_gives_no_token() {
    for omvang in [Omvang::Alles, Omvang::Aanbieder(ura(WEST))] {
        let world = World::new();
        let token = located(&world);
        world.withdraw(JANSEN, PGO, omvang);
        assert_alike(
            &world,
            world.exchange(PGO, &token, WEST_NAAM, "51"),
            "mitz case 43",
        );
    }
}

#[test]
fn mitz_case_049_without_a_treatment_relation_no_token() {
    let world = World::new();
    let token = located(&world);
    world.outside.borrow_mut().dossiers.remove(&(WEST, JANSEN));
    assert_alike(
        &world,
        world.exchange(PGO, &token, WEST_NAAM, "51"),
        "mitz case 49",
    );
}

#[test]
fn mitz_case_050_a_person_under_the_configured_age_gets_no_token() {
    let world = World::with(|_, dva| dva.leeftijd_min = 18);
    let token = located(&world);
    for (geboren, old_enough) in [
        (Some("2008-11-23"), false),
        (None, false),
        (Some("2008-11-22"), true),
    ] {
        {
            let mut outside = world.outside.borrow_mut();
            let dossier = outside.dossiers.get_mut(&(WEST, JANSEN)).expect("known");
            dossier.geboortedatum = geboren;
        }
        let answer = world.exchange(PGO, &token, WEST_NAAM, "51");
        if old_enough {
            assert!(answer.is_ok());
        } else {
            assert_alike(&world, answer, "mitz case 50");
        }
    }
}

/// Step 23 of whoever shares.
fn exchange_to_share(world: &World, token: &str, scope: &str) -> Result<Value, TokenAnswer> {
    let mut form = exchange_form(token, scope).to_vec();
    form.push(("function", "delen"));
    world.dva_token(Some(&certificate(PGO)), &form)
}

/// A person who lets this PGO share with [`WEST`], and its token.
fn located_to_share(world: &World) -> String {
    let token = world.located(PGO, JANSEN, vec![om_te_delen(ja(WEST))], WEST);
    world.asked();
    token
}

#[test]
fn mitz_case_051_who_shares_is_tested_for_receivability_and_not_for_availability() {
    let world = World::new();
    let token = located_to_share(&world);
    {
        let mut outside = world.outside.borrow_mut();
        let dossier = outside.dossiers.get_mut(&(WEST, JANSEN)).expect("known");
        dossier.resources.clear();
    }
    let issued = exchange_to_share(&world, &token, "52").expect("nothing needs to be there yet");
    assert_eq!(issued["scope"], "52");
    assert_eq!(world.asked(), ["mitz", "xis"], "of the person alone");
    assert_eq!(world.at_dva.told(), [granted("seed 000 step 28")]);
    let claims = claims(issued["access_token"].as_str().expect("a token"));
    let id = grant_of(claims["jti"].as_str().expect("a jti")).expect("ours");
    let grant = world.at_dva.load::<Grant>(&Grant::key(id), world.now());
    assert_eq!(grant.expect("stored").value.functie, Functie::Delen);
}

#[test]
fn mitz_case_051_the_receivability_test_refuses_whom_the_provider_does_not_know_or_is_too_young() {
    let world = World::new();
    let token = located_to_share(&world);
    let born = |day| {
        let mut outside = world.outside.borrow_mut();
        let dossier = outside.dossiers.get_mut(&(WEST, JANSEN)).expect("known");
        dossier.geboortedatum = day;
    };
    born(Some("2015-01-01"));
    let answer = exchange_to_share(&world, &token, "52");
    assert_alike(&world, answer, "mitz case 50");
    born(Some("1980-05-17"));
    world.outside.borrow_mut().dossiers.remove(&(WEST, JANSEN));
    let answer = exchange_to_share(&world, &token, "52");
    assert_alike(&world, answer, "mitz case 49");
}

#[test]
fn mitz_case_051_consent_to_collect_is_none_to_share_and_the_other_way_round() {
    let world = World::new();
    let token = located(&world);
    let answer = exchange_to_share(&world, &token, "52");
    assert_alike(&world, answer, "mitz case 43");
    let world = World::new();
    let token = located_to_share(&world);
    let answer = world.exchange(PGO, &token, WEST_NAAM, "52");
    assert_alike(&world, answer, "mitz case 43");
}

#[test]
fn core_autorisatie_203_who_shares_names_one_gegevensdienst_that_takes_something() {
    let world = World::new();
    let token = located_to_share(&world);
    for scope in ["51", "51 52", "52 99"] {
        let answer = exchange_to_share(&world, &token, scope);
        // core.autorisatie.203
        let requirement = "core.autorisatie.203";
        assert_refused(&world, answer, ErrorCode::InvalidScope, requirement);
        assert!(world.asked().is_empty(), "nobody is asked: {scope}");
    }
    let mut form = exchange_form(&token, "52").to_vec();
    form.push(("function", "lezen"));
    let Err(TokenAnswer::Refused(refusal)) = world.dva_token(Some(&certificate(PGO)), &form) else {
        panic!("an unknown function");
    };
    assert_eq!(refusal.error, ErrorCode::InvalidRequest);
}

#[test]
fn core_dossier_108_after_a_persons_death_the_chain_brings_nothing() {
    let world = World::new();
    let token = located(&world);
    let mut outside = world.outside.borrow_mut();
    let dossier = outside.dossiers.get_mut(&(WEST, JANSEN)).expect("known");
    dossier.overleden = true;
    drop(outside);
    let answer = world.exchange(PGO, &token, WEST_NAAM, "51");
    // core.dossier.108
    assert_alike(&world, answer, "core.dossier.108");
}

#[test]
fn mitz_md_2_8_with_nothing_available_no_token() {
    let world = World::new();
    let token = located(&world);
    let mut outside = world.outside.borrow_mut();
    outside
        .dossiers
        .get_mut(&(WEST, JANSEN))
        .expect("known")
        .resources
        .clear();
    drop(outside);
    assert_alike(
        &world,
        world.exchange(PGO, &token, WEST_NAAM, "51"),
        "mitz.md §2.8",
    );
}

#[test]
fn mitz_case_049_every_refusal_that_could_tell_of_treatment_looks_the_same() {
    let refusal = |requirement, happens: &dyn Fn(&World)| {
        let world = World::new();
        let token = located(&world);
        happens(&world);
        let answer = world.exchange(PGO, &token, WEST_NAAM, "51");
        let refusal = assert_alike(&world, answer, requirement);
        (refusal.error.status(), refusal.error.body())
    };
    let too_young = |world: &World| {
        let mut outside = world.outside.borrow_mut();
        let dossier = outside.dossiers.get_mut(&(WEST, JANSEN)).expect("known");
        dossier.geboortedatum = Some("2020-01-01");
    };
    let unknown = |world: &World| {
        world.outside.borrow_mut().dossiers.remove(&(WEST, JANSEN));
    };
    let seen = [
        refusal("mitz case 38", &|world| world.later_s(2_000)),
        refusal("mitz case 43", &|world| {
            world.withdraw(JANSEN, PGO, Omvang::Alles);
        }),
        refusal("mitz case 43", &|world| {
            world.withdraw(JANSEN, PGO, Omvang::Aanbieder(ura(WEST)));
        }),
        refusal("mitz case 49", &unknown),
        refusal("mitz case 50", &too_young),
    ];
    // design §5 "equality of refusals"
    assert!(seen.iter().all(|one| *one == seen[0]));
    assert_eq!(seen[0].0, 400);
    assert_eq!(seen[0].1["error"], "invalid_request");
}

// ── What is refused openly ──────────────────────────────────────────────────────────────────────

#[test]
fn mitz_case_048_without_an_answer_of_mitz_or_the_record_system_no_token() {
    for (down, requirement) in [("mitz", "mitz case 48"), ("xis", "seed 000 step 27")] {
        let world = World::new();
        let token = located(&world);
        world.break_down(down);
        let answer = world.exchange(PGO, &token, WEST_NAAM, "51");
        assert_refused(
            &world,
            answer,
            ErrorCode::TemporarilyUnavailable,
            requirement,
        );
    }
    assert_eq!(ErrorCode::TemporarilyUnavailable.status(), 503);
}

#[test]
fn rfc_8693_2_2_2_an_audience_of_another_dva_is_an_invalid_target() {
    let world = World::new();
    let token = located(&world);
    for audience in ["apotheekdebrug@medmij", "https://dva.localhost", WEST] {
        let answer = world.exchange(PGO, &token, audience, "51");
        assert_refused(&world, answer, ErrorCode::InvalidTarget, "RFC 8693 §2.2.2");
    }
    assert!(world.asked().is_empty());
}

#[test]
fn core_tknint_201_a_scope_without_anything_that_is_offered_is_invalid() {
    let world = World::new();
    let token = located(&world);
    let answer = world.exchange(PGO, &token, WEST_NAAM, "99 openid");
    assert_refused(&world, answer, ErrorCode::InvalidScope, "core.tknint.201");
    assert!(world.asked().is_empty());
}

#[test]
fn a_client_that_does_not_prove_itself_gets_401_and_touches_nothing() {
    let world = World::new();
    let token = located(&world);
    let form = exchange_form(&token, "51");
    for peer in [None, Some(certificate(ANDERE_PGO))] {
        let Err(TokenAnswer::Refused(refusal)) = world.dva_token(peer.as_ref(), &form) else {
            panic!("refused");
        };
        assert_eq!(
            (refusal.error, refusal.error.status()),
            (ErrorCode::InvalidClient, 401)
        );
    }
    assert!(world.asked().is_empty() && world.kinds_at_dva().is_empty());
}

#[test]
fn a_token_works_for_its_own_person_only() {
    let world = World::new();
    let (_, tokens) = world.linked(PGO, BAKKER, vec![ja(WEST)]);
    let userinfo = world
        .userinfo(PGO, &tokens.access_token)
        .expect("an answer");
    let token = id_token_of(&userinfo, WEST);
    located(&world);
    let issued = world
        .exchange(PGO, &token, WEST_NAAM, "51")
        .expect("issued");
    let access = claims(issued["access_token"].as_str().expect("a token"));
    let id = grant_of(access["jti"].as_str().expect("a jti")).expect("a grant");
    let grant = world
        .at_dva
        .load::<Grant>(&Grant::key(id), world.now())
        .expect("stored");
    assert_eq!(grant.value.bsn.reveal(), BAKKER);
}
