use protocol::not_before::NotBefore;
use verdict::Entropy;

use super::*;
use crate::launch::testing::{
    MODULE, NOW, PORTAL, SERVICE, World, id, launch, outcomes, spends, told,
};

fn asked(world: &World, gevonden: Gevonden) -> Introspectie {
    let request = Spoor::parse("r-1").expect("an id");
    Introspectie::new(
        world.proven(MODULE),
        gevonden,
        request,
        NOW,
        &Entropy::new([4; 32]),
    )
}

fn ended(world: &World, asked: &Introspectie) -> Verdict<Introspected> {
    let step = match asked.begin() {
        Step::Ask(question) => question.answer(Some(world.nu())),
        step => step,
    };
    match step {
        Step::Done(verdict) => verdict,
        _ => panic!("expected an end"),
    }
}

fn eigen(world: &World) -> Eigen<'_> {
    Eigen {
        access_tokens: &world.keys,
        access_token_algorithm: Algorithm::Es256,
        access_token_typ: Typ::Is("JWT"),
        id_tokens: &world.keys,
        remembered: &world.remembered,
        not_before: &|_| NotBefore::NEVER,
        now: NOW,
    }
}

fn access_token(world: &World) -> Value {
    json!({
        "iss": world.urls.issuer(), "azp": PORTAL, "sub": PORTAL, "aud": [world.urls.fhir()],
        "iat": NOW.unix(), "exp": NOW.unix() + 300, "scope": "system/Patient.rs", "jti": "1",
    })
}

#[test]
fn koppeltaal_case_083_an_hti_token_is_active_with_every_claim_and_is_spent() {
    let world = World::new();
    let asked = asked(&world, Gevonden::Hti(Box::new(world.good_hti())));
    let verdict = ended(&world, &asked);
    let mut expected = launch();
    expected["active"] = json!(true);
    // koppeltaal case 83
    assert_eq!(verdict.reply, Introspected::Body(expected));
    assert!(spends(&verdict.changes, hti::SPACE));
    assert!(spends(&verdict.changes, protocol::assertion::SPACE));
}

#[test]
fn koppeltaal_case_088_an_hti_token_is_active_once() {
    let world = World::new();
    let asked = asked(&world, Gevonden::Hti(Box::new(world.good_hti())));
    let Some(Step::Done(verdict)) = asked.lost(&world.good_hti().burn().key) else {
        panic!("expected an end");
    };
    // koppeltaal case 88
    assert_eq!(
        verdict.reply,
        Introspected::Body(json!({ "active": false }))
    );
    assert!(told(&verdict.changes).is_empty());
}

#[test]
fn koppeltaal_case_089_an_own_access_token_is_active_as_often_as_asked() {
    let world = World::new();
    let token = world.signed(&access_token(&world));
    let found = eigen(&world).look(&token, &world.nu(), id(MODULE));
    let verdict = ended(&world, &asked(&world, found));
    let Introspected::Body(body) = &verdict.reply else {
        panic!("expected a body");
    };
    // koppeltaal case 89
    assert_eq!(body["active"], true);
    assert_eq!(body["scope"], "system/Patient.rs");
    assert_eq!(body["client_id"], PORTAL);
    assert_eq!(body["exp"], NOW.unix() + 300);
    assert_eq!(body["token_type"], "bearer");
    let again = eigen(&world).look(&token, &world.nu(), id(MODULE));
    let again = ended(&world, &asked(&world, again));
    assert_eq!(again.reply, verdict.reply);
    // nothing but the proof of who asks
    assert_eq!(verdict.changes.len(), 1);
    assert!(spends(&verdict.changes, protocol::assertion::SPACE));
}

#[test]
fn koppeltaal_case_089_an_own_token_that_is_over_or_another_is_not_active() {
    let world = World::new();
    let not = |change: &str, value: Value| {
        let mut claims = access_token(&world);
        claims[change] = value;
        let found = eigen(&world).look(&world.signed(&claims), &world.nu(), id(MODULE));
        matches!(found, Gevonden::Niets(_))
    };
    assert!(not("exp", json!(NOW.unix())));
    assert!(not("iss", json!("https://kt.example/api/v1/d2/oauth2")));
    assert!(not("aud", json!("https://kt.example/api/v1/d2/fhir/r4")));
    // koppeltaal case 89: given to an application that takes part no more
    assert!(not("azp", json!(SERVICE)));
    assert!(!not("x", json!(1)));
    let braked = Eigen {
        not_before: &|_| NotBefore::at(NOW.plus_s(1)),
        ..eigen(&world)
    };
    let token = world.signed(&access_token(&world));
    assert!(matches!(
        braked.look(&token, &world.nu(), id(MODULE)),
        Gevonden::Niets(_)
    ));
}

#[test]
fn koppeltaal_md_4_4_an_id_token_is_active_for_whom_it_was_made() {
    // An RSA key, as ID tokens have.
    let der = jose::generate_pkcs8(Algorithm::Rs256, jose::RsaSize::Bits2048).expect("made");
    let key = jose::SigningKey::from_pkcs8(Algorithm::Rs256, &der).expect("a key");
    let keys = Jwks::new(vec![key.public().clone()]).expect("a set");
    let world = World::new();
    let claims = json!({
        "iss": world.urls.issuer(), "aud": MODULE, "sub": "Patient/p",
        "iat": NOW.unix(), "exp": NOW.unix() + 300,
    });
    let token = key.sign("JWT", &claims).expect("signed");
    let eigen = Eigen {
        id_tokens: &keys,
        ..eigen(&world)
    };
    // koppeltaal.md §4.4
    let own = eigen.look(&token, &world.nu(), id(MODULE));
    assert!(matches!(own, Gevonden::Eigen(claims) if claims["client_id"] == MODULE));
    let other = eigen.look(&token, &world.nu(), id(PORTAL));
    assert!(matches!(other, Gevonden::Niets(_)));
}

#[test]
fn koppeltaal_case_090_whatever_does_not_count_is_exactly_inactive() {
    let world = World::new();
    let why = NietGoed::new("koppeltaal case 90", "no token");
    let verdict = ended(&world, &asked(&world, Gevonden::Niets(why)));
    // koppeltaal cases 86, 87 and 90
    assert_eq!(
        verdict.reply,
        Introspected::Body(json!({ "active": false }))
    );
    assert_eq!(verdict.events[0].requirement, "koppeltaal case 90");
    assert!(matches!(
        eigen(&world).look("abc", &world.nu(), id(MODULE)),
        Gevonden::Niets(_)
    ));
}

#[test]
fn koppeltaal_case_091_introspection_of_a_launch_is_told_in_the_domain() {
    let world = World::new();
    let asked = asked(&world, Gevonden::Hti(Box::new(world.good_hti())));
    let verdict = ended(&world, &asked);
    let told = told(&verdict.changes);
    // koppeltaal case 91
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["type"]["code"], "110114");
    assert_eq!(told[0]["subtype"][0]["code"], "110122");
    assert_eq!(told[0]["entity"][0]["what"]["reference"], "Patient/p");
    assert_eq!(
        told[0]["agent"][0]["who"]["reference"],
        format!("Device/{MODULE}")
    );
    assert!(outcomes(&verdict.changes)[0].1.starts_with("introspect: "));
}

#[test]
fn koppeltaal_case_084_an_assertion_that_was_used_is_no_proof() {
    let world = World::new();
    let asked = asked(
        &world,
        Gevonden::Niets(NietGoed::new("koppeltaal case 90", "no")),
    );
    let Some(Step::Done(verdict)) = asked.lost(&world.proven(MODULE).burn().key) else {
        panic!("expected an end");
    };
    // koppeltaal case 84
    assert!(matches!(verdict.reply, Introspected::Refused(no) if no.error.status() == 401));
}
