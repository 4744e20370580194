//! Steps 11–19: signed userinfo with the locations for which there is consent.

use mitz::authorization_server::userinfo::UserinfoAnswer;
use mitz::dvp;
use mitz::toestemmingenregister::intrekken::Omvang;
use protocol::bearer::BearerRefusal;
use serde_json::{Value, json};
use verdict::Actor;

use crate::world::{
    ANDERE_PGO, APOTHEEK, BAKKER, DVA, DVA2, JANSEN, MITZ, OOST, PGO, WEST, WEST_NAAM, World,
    certificate, claims, granted, id_token_of, is_about, ja, ja_categorie, nee, om_te_delen,
    refused, tells, ura, uras,
};

const INVALID: UserinfoAnswer = UserinfoAnswer::Refused(BearerRefusal::InvalidToken);

/// Signed userinfo for a person with these choices who is known at these providers.
fn locations(bekend: &[&'static str], keuzes: Vec<mitz::toestemming::Keuze>) -> Vec<String> {
    let world = World::new();
    world
        .outside
        .borrow_mut()
        .bekend
        .insert(JANSEN, bekend.to_vec());
    let (_, tokens) = world.linked(PGO, JANSEN, keuzes);
    world.at_mitz.told();
    let userinfo = world
        .userinfo(PGO, &tokens.access_token)
        .expect("an answer");
    assert_eq!(world.at_mitz.told(), [granted("seed 000 step 19")]);
    uras(&userinfo)
}

#[test]
fn mitz_case_023_both_known_locations_with_consent_are_told() {
    assert_eq!(
        locations(&[WEST, OOST], vec![ja(WEST), ja(OOST)]),
        [WEST, OOST]
    );
}

#[test]
fn mitz_case_023_userinfo_says_who_for_whom_and_until_when_and_stores_nothing() {
    let world = World::new();
    let (dvp, tokens) = world.linked(PGO, JANSEN, vec![ja(WEST), ja(OOST)]);
    world.asked();
    let before = world.at_mitz.rows();
    let claims = claims(
        &world
            .userinfo(PGO, &tokens.access_token)
            .expect("an answer"),
    );
    // seed 000 steps 11, 13 and 15
    assert_eq!(world.asked(), ["register", "lokalisatie"]);
    assert!(before == world.at_mitz.rows(), "a question changes nothing");
    let event = world.at_mitz.last_event();
    assert!(is_about(&event, JANSEN) && event.who == Actor::Party(PGO.to_owned()));
    let now = world.now().unix();
    // OIDC Core §5.3.2
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&json!(MITZ), &json!(PGO))
    );
    assert_eq!(
        (&claims["iat"], &claims["exp"]),
        (&json!(now), &json!(now + 900))
    );
    assert_eq!(claims["nonce"], json!(dvp.wachtend.nonce));
    let thumbprint = jose::base64url_encode(certificate(PGO).x5t_s256);
    assert_eq!(claims["cnf"], json!({ "x5t#S256": thumbprint }));
}

#[test]
fn mitz_case_023_each_location_brings_a_token_for_itself_and_its_dva_alone() {
    let world = World::new();
    let keuzes = vec![ja(WEST), ja(APOTHEEK)];
    let (_, tokens) = world.linked(PGO, JANSEN, keuzes);
    let userinfo = world
        .userinfo(PGO, &tokens.access_token)
        .expect("an answer");
    let mut seen: Vec<Value> = Vec::new();
    for (aanbieder, issuer) in [(WEST, DVA), (APOTHEEK, DVA2)] {
        let token = claims(&id_token_of(&userinfo, aanbieder));
        // mitz.md §2.5; OIDC Core §2
        assert_eq!(token["aud"], json!([PGO, issuer]));
        assert_eq!(token["azp"], PGO);
        let system = "http://fhir.nl/fhir/NamingSystem/ura";
        assert_eq!(
            token["locations"],
            json!([{ "system": system, "value": aanbieder }])
        );
        assert_eq!(token["cnf"], claims(&userinfo)["cnf"]);
        // OIDC Core §5.3.2
        assert_eq!(token["sub"], claims(&userinfo)["sub"]);
        assert!(!seen.contains(&token["jti"]), "each its own");
        seen.push(token["jti"].clone());
    }
    let grant = claims(&tokens.access_token)["jti"].as_str().expect("a jti")[..32].to_owned();
    assert!(!tells(&userinfo, &grant), "the grant's id is sealed");
}

#[test]
fn mitz_case_023_the_client_reads_what_mitz_wrote() {
    let world = World::new();
    let (dvp, tokens) = world.linked(PGO, JANSEN, vec![ja(WEST), ja(OOST)]);
    let userinfo = world
        .userinfo(PGO, &tokens.access_token)
        .expect("an answer");
    let claims = world.verified_userinfo(PGO, &userinfo);
    let nonce = Some(dvp.wachtend.nonce.as_str());
    let read = dvp::Locaties::read(&claims, nonce).expect("taken");
    let found: Vec<_> = read.0.iter().map(|locatie| locatie.ura.clone()).collect();
    assert_eq!(found, [ura(WEST), ura(OOST)]);
    assert!(dvp::Locaties::read(&claims, Some("another run")).is_err());
}

#[test]
fn mitz_case_024_a_location_without_consent_is_left_out() {
    // seed 000 step 18; mitz.md §2.4
    assert_eq!(locations(&[WEST, OOST], vec![ja(WEST)]), [WEST]);
}

#[test]
fn mitz_case_024_a_consent_where_the_person_is_not_known_tells_nothing() {
    assert_eq!(locations(&[OOST], vec![ja(WEST), ja(OOST)]), [OOST]);
}

#[test]
fn mitz_case_025_consent_for_another_function_or_another_provider_is_an_empty_list() {
    let nobody: [&str; 0] = [];
    assert_eq!(locations(&[WEST], vec![ja(APOTHEEK)]), nobody);
    let world = World::new();
    world.linked(PGO, JANSEN, vec![om_te_delen(ja(WEST))]);
    let (_, tokens) = world.linked(PGO, JANSEN, vec![ja(APOTHEEK)]);
    world.outside.borrow_mut().bekend.insert(JANSEN, vec![WEST]);
    let userinfo = world.userinfo(PGO, &tokens.access_token).expect("no error");
    assert_eq!(uras(&userinfo), nobody);
}

#[test]
fn mitz_case_025_consent_given_to_another_pgo_does_not_count() {
    let world = World::new();
    world.linked(ANDERE_PGO, JANSEN, vec![ja(WEST), ja(OOST)]);
    let (_, tokens) = world.linked(PGO, JANSEN, vec![ja(OOST)]);
    let userinfo = world
        .userinfo(PGO, &tokens.access_token)
        .expect("an answer");
    assert_eq!(uras(&userinfo), [OOST]);
}

#[test]
fn mitz_case_026_who_is_known_nowhere_gets_an_empty_list() {
    let nobody: [&str; 0] = [];
    // seed 000 steps 16 and 17
    assert_eq!(locations(&[], vec![ja(WEST)]), nobody);
}

#[test]
fn mitz_case_027_a_source_that_is_down_is_never_an_empty_list() {
    for (down, requirement) in [
        ("lokalisatie", "mitz case 27"),
        ("register", "seed 000 step 14"),
    ] {
        let world = World::new();
        let (_, tokens) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
        world.at_mitz.told();
        world.break_down(down);
        let answer = world.userinfo(PGO, &tokens.access_token);
        assert_eq!(answer, Err(UserinfoAnswer::Onbereikbaar));
        assert_eq!(world.at_mitz.told(), [refused(requirement)]);
    }
}

#[test]
fn mitz_case_029_an_objection_to_one_hospital_beats_consent_for_hospitals() {
    let keuzes = vec![ja_categorie("ziekenhuis"), nee(WEST)];
    assert_eq!(locations(&[WEST, OOST, APOTHEEK], keuzes), [OOST]);
}

#[test]
fn mitz_case_022_an_expired_token_is_invalid() {
    let world = World::new();
    let (_, tokens) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
    world.later_s(899);
    assert!(world.userinfo(PGO, &tokens.access_token).is_ok());
    world.asked();
    world.later_s(1);
    // seed 000 step 12
    assert_eq!(world.userinfo(PGO, &tokens.access_token), Err(INVALID));
    assert!(world.asked().is_empty());
    assert_eq!(BearerRefusal::InvalidToken.status(), 401);
}

#[test]
fn rfc_8705_3_a_token_works_with_the_certificate_of_its_client_alone() {
    let world = World::new();
    let (_, tokens) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
    world.asked();
    world.at_mitz.told();
    assert_eq!(
        world.userinfo(ANDERE_PGO, &tokens.access_token),
        Err(INVALID)
    );
    assert_eq!(world.at_mitz.told(), [refused("RFC 8705 §3")]);
    assert!(world.asked().is_empty());
}

#[test]
fn oidc_core_5_3_a_token_without_scope_openid_does_not_reach_userinfo() {
    let world = World::new();
    let (_, tokens) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
    world.at_mitz.told();
    for scope in ["offline_access", "openid2", ""] {
        let token = world.access_token_with(&tokens.access_token, |claims| {
            claims["scope"] = json!(scope);
        });
        let refusal = BearerRefusal::InsufficientScope;
        assert_eq!(
            world.userinfo(PGO, &token),
            Err(UserinfoAnswer::Refused(refusal))
        );
        assert_eq!(world.at_mitz.told(), [refused("OIDC Core §5.3")]);
        assert_eq!(refusal.status(), 403);
    }
}

#[test]
fn a_token_whose_jti_names_no_grant_is_invalid() {
    let world = World::new();
    let (_, tokens) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
    world.at_mitz.told();
    let none = world.access_token_with(&tokens.access_token, |claims| claims["jti"] = json!("x"));
    assert_eq!(world.userinfo(PGO, &none), Err(INVALID));
    assert_eq!(world.at_mitz.told(), [refused("RFC 6750 §3.1")]);
}

#[test]
fn mitz_case_020_a_withdrawal_ends_access_to_userinfo_at_once() {
    let world = World::new();
    let (_, tokens) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
    world.withdraw(JANSEN, PGO, Omvang::Alles);
    world.asked();
    world.at_mitz.told();
    assert_eq!(world.userinfo(PGO, &tokens.access_token), Err(INVALID));
    assert_eq!(world.at_mitz.told(), [refused("mitz case 20")]);
    assert_eq!(world.asked(), ["register"], "no locations are asked for");
}

#[test]
fn mitz_case_020_a_withdrawal_that_overtakes_userinfo_wins() {
    let world = World::new();
    let (_, tokens) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
    world.at_mitz.told();
    world.meanwhile(|world| world.withdraw(JANSEN, PGO, Omvang::Alles));
    assert_eq!(world.userinfo(PGO, &tokens.access_token), Err(INVALID));
    assert_eq!(
        world.at_mitz.told(),
        [granted("mitz case 47"), refused("mitz case 20")]
    );
}

#[test]
fn mitz_case_028_nothing_that_goes_to_a_dvp_tells_the_bsn_or_the_person_s_tag() {
    let world = World::new();
    let keuzes = || vec![ja(WEST), ja(OOST)];
    for (client, person) in [(PGO, JANSEN), (ANDERE_PGO, BAKKER)] {
        let (_, tokens) = world.linked(client, person, keuzes());
        let tokens = world
            .refresh(client, &tokens.refresh_token)
            .expect("refreshed");
        let userinfo = world
            .userinfo(client, &tokens.access_token)
            .expect("an answer");
        let id_token = id_token_of(&userinfo, WEST);
        let issued = world
            .exchange(client, &id_token, WEST_NAAM, "51 52")
            .expect("issued");
        world.collected(client, &issued);
        world.withdraw(person, client, Omvang::Alles);
        assert!(world.exchange(client, &id_token, WEST_NAAM, "51").is_err());
        assert!(world.refresh(client, &tokens.refresh_token).is_err());
    }
    let sent = world.everything_sent_to_dvps();
    assert!(sent.len() > 20, "every answer was looked at");
    for person in [JANSEN, BAKKER] {
        let tag = crate::world::persoon(&crate::world::bsn(person));
        let tag = verdict::person_tag_to_hex(tag);
        assert!(!sent.iter().any(|text| tells(text, person)), "a BSN");
        assert!(!sent.iter().any(|text| tells(text, &tag[2..])), "a tag");
    }
}
