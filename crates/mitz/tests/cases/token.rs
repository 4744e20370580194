//! Steps 8–10 at the token endpoint of Mitz: code and refresh token.

use mitz::authorization_server::acr;
use mitz::authorization_server::grant::{CODE_S, Grant, REFRESH_S, Secret};
use mitz::authorization_server::token::TokenAnswer;
use mitz::authorization_server::userinfo::UserinfoAnswer;
use mitz::toestemmingenregister::Koppeling;
use mitz::toestemmingenregister::intrekken::Omvang;
use protocol::bearer::BearerRefusal;
use protocol::callback::Callback;
use protocol::refusal::{ErrorCode, Refusal};
use serde_json::json;
use verdict::{Actor, Key, Record as _, Step, Verdict};

use crate::world::{
    ANDERE_PGO, BAKKER, DAY_S, Dvp, JANSEN, MITZ, OOST, PGO, Tokens, WEST, World, certificate,
    claims, granted, is_about, ja, refused,
};

/// A client that received a code.
fn with_code(world: &World, client: &'static str) -> (Dvp, String) {
    let dvp = world.dvp(client);
    let code = world.code(&dvp, JANSEN, vec![ja(WEST)]);
    world.at_mitz.told();
    (dvp, code)
}

fn refusal(answer: Result<Tokens, Refusal>) -> Refusal {
    answer.err().expect("refused")
}

/// Refused as `invalid_grant`, by this rule, and noted as such.
fn assert_invalid_grant(world: &World, answer: Result<Tokens, Refusal>, requirement: &'static str) {
    let refusal = refusal(answer);
    assert_eq!(
        (refusal.error.status(), refusal.error.code()),
        (400, "invalid_grant")
    );
    assert_eq!(refusal.requirement, requirement);
    assert_eq!(world.at_mitz.told(), [refused(requirement)]);
}

fn has_grant(world: &World) -> bool {
    world.kinds_at_mitz().contains(&"mitz.grant")
}

/// The access token does not open userinfo any more.
fn assert_dead(world: &World, client: &str, access_token: &str) {
    let answer = world.userinfo(client, access_token);
    assert_eq!(
        answer,
        Err(UserinfoAnswer::Refused(BearerRefusal::InvalidToken))
    );
}

// ── The code ────────────────────────────────────────────────────────────────────────────────────

#[test]
fn mitz_case_012_a_code_brings_access_refresh_and_id_token_without_locations() {
    let world = World::new();
    let (dvp, code) = with_code(&world, PGO);
    let tokens = world.redeem(&dvp, &code).expect("a good code");
    assert_eq!(tokens.body["token_type"], "Bearer");
    // seed 000 step 8; mitz.md §2.2
    assert_eq!(tokens.body["expires_in"], 900);
    assert_eq!(tokens.body["scope"], "openid offline_access");
    let now = world.now().unix();
    let id_token = claims(tokens.body["id_token"].as_str().expect("an ID token"));
    assert_eq!(
        (&id_token["iss"], &id_token["aud"]),
        (&json!(MITZ), &json!(PGO))
    );
    assert_eq!(
        (&id_token["iat"], &id_token["exp"]),
        (&json!(now), &json!(now + 900))
    );
    // OIDC Core §2
    assert_eq!(id_token["nonce"], json!(dvp.wachtend.nonce));
    assert_eq!(id_token["acr"], acr(identity::Loa::Substantieel));
    assert!(id_token.get("locations").is_none());
    let access = claims(&tokens.access_token);
    let thumbprint = jose::base64url_encode(certificate(PGO).x5t_s256);
    assert_eq!(access["cnf"], json!({ "x5t#S256": thumbprint }));
    assert!(
        access.get("sub").is_none(),
        "an access token says nothing of the person"
    );
    assert_eq!(world.at_mitz.told(), [granted("seed 000 step 10")]);
    let event = world.at_mitz.last_event();
    assert!(is_about(&event, JANSEN) && event.who == Actor::Party(PGO.to_owned()));
}

#[test]
fn mitz_case_012_the_grant_advances_in_place_for_half_a_year() {
    let world = World::new();
    let (dvp, code) = with_code(&world, PGO);
    let kinds = world.kinds_at_mitz();
    let tokens = world.redeem(&dvp, &code).expect("a good code");
    assert_eq!(world.kinds_at_mitz(), kinds, "no row more, no row less");
    let grant = world.grant_behind(&tokens.refresh_token).expect("stored");
    assert_eq!(
        (grant.version, grant.until),
        (2, world.now().plus_s(REFRESH_S))
    );
    assert_eq!(grant.value.secret, Secret::RefreshToken);
}

#[test]
fn mitz_case_013_a_code_offered_again_ends_the_grant_and_its_tokens() {
    let world = World::new();
    let (dvp, code) = with_code(&world, PGO);
    let tokens = world.redeem(&dvp, &code).expect("a good code");
    world.at_mitz.told();
    // seed 000 step 9; RFC 6749 §4.1.2
    assert_invalid_grant(&world, world.redeem(&dvp, &code), "RFC 9700 §4.14.2");
    assert!(!has_grant(&world));
    assert_dead(&world, PGO, &tokens.access_token);
    assert!(world.refresh(PGO, &tokens.refresh_token).is_err());
    assert!(
        world.consents_of(JANSEN, PGO).is_some(),
        "the consent itself stands"
    );
}

#[test]
fn mitz_case_013_a_code_offered_again_after_refreshes_ends_them_too() {
    let world = World::new();
    let (dvp, code) = with_code(&world, PGO);
    let first = world.redeem(&dvp, &code).expect("a good code");
    let second = world.refresh(PGO, &first.refresh_token).expect("refreshed");
    assert!(world.redeem(&dvp, &code).is_err());
    assert!(!has_grant(&world));
    assert_dead(&world, PGO, &second.access_token);
    assert!(world.refresh(PGO, &second.refresh_token).is_err());
}

#[test]
fn mitz_case_013_of_two_redemptions_at_once_one_wins_and_then_all_ends() {
    let world = World::new();
    let (dvp, code) = with_code(&world, PGO);
    let other = Dvp {
        id: PGO,
        wachtend: dvp.wachtend.clone(),
    };
    let again = code.clone();
    world.meanwhile(move |world| {
        assert!(world.redeem(&other, &again).is_ok());
    });
    let refusal = refusal(world.redeem(&dvp, &code));
    assert_eq!(refusal.requirement, "RFC 9700 §4.14.2");
    assert!(
        !has_grant(&world),
        "nobody knows which of the two was the thief"
    );
}

#[test]
fn mitz_case_014_a_wrong_verifier_spends_the_code() {
    let world = World::new();
    let (dvp, code) = with_code(&world, PGO);
    let wrong = "een-andere-verifier-die-lang-genoeg-is-0123456789";
    let answer = world.redeem_with(&dvp, &code, &dvp.redirect_uri(), wrong);
    assert_invalid_grant(&world, answer, "RFC 7636 §4.6");
    assert!(!has_grant(&world));
    // design §5 "code"
    assert!(
        world.redeem(&dvp, &code).is_err(),
        "also with the right one"
    );
}

#[test]
fn mitz_case_017_another_or_double_encoded_redirect_uri_spends_the_code() {
    for wrong in [
        "https%3A%2F%2Fpgo.localhost%2Fcallback",
        "https://pgo.localhost/callback/",
        "",
    ] {
        let world = World::new();
        let (dvp, code) = with_code(&world, PGO);
        let answer = world.redeem_with(&dvp, &code, wrong, &dvp.wachtend.code_verifier);
        assert_invalid_grant(&world, answer, "RFC 6749 §4.1.3");
        assert!(!has_grant(&world));
        assert!(
            world.redeem(&dvp, &code).is_err(),
            "also with the right one"
        );
    }
}

#[test]
fn mitz_case_015_failed_client_authentication_leaves_the_code_untouched() {
    let world = World::new();
    let (dvp, code) = with_code(&world, PGO);
    let before = world.at_mitz.rows();
    let uri = dvp.redirect_uri();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", uri.as_str()),
        ("client_id", PGO),
        ("code_verifier", dvp.wachtend.code_verifier.as_str()),
    ];
    for peer in [None, Some(certificate(ANDERE_PGO))] {
        let refusal = refusal(world.token(peer.as_ref(), &form));
        assert_eq!(
            (refusal.error.status(), refusal.error.code()),
            (401, "invalid_client")
        );
        assert!(before == world.at_mitz.rows(), "nothing was stored");
    }
    assert!(world.redeem(&dvp, &code).is_ok());
}

#[test]
fn a_request_that_lacks_something_spends_nothing() {
    let world = World::new();
    let (dvp, code) = with_code(&world, PGO);
    let before = world.at_mitz.rows();
    let peer = certificate(PGO);
    for (form, error) in [
        (
            vec![("client_id", PGO), ("code", &*code)],
            ErrorCode::InvalidRequest,
        ),
        (
            vec![("client_id", PGO), ("grant_type", "authorization_code")],
            ErrorCode::InvalidRequest,
        ),
        (
            vec![("client_id", PGO), ("grant_type", "refresh_token")],
            ErrorCode::InvalidRequest,
        ),
        (
            vec![
                ("client_id", PGO),
                ("grant_type", "password"),
                ("code", &*code),
            ],
            ErrorCode::UnsupportedGrantType,
        ),
        (
            vec![("grant_type", "authorization_code"), ("code", &*code)],
            ErrorCode::InvalidRequest,
        ),
    ] {
        assert_eq!(refusal(world.token(Some(&peer), &form)).error, error);
        assert!(before == world.at_mitz.rows(), "nothing was stored");
    }
    assert!(world.redeem(&dvp, &code).is_ok());
}

#[test]
fn a_code_is_over_after_a_minute() {
    let world = World::new();
    let (dvp, code) = with_code(&world, PGO);
    world.later_s(CODE_S);
    assert_invalid_grant(&world, world.redeem(&dvp, &code), "RFC 6749 §5.2");
    assert!(!has_grant(&world));
    let (dvp, code) = with_code(&world, PGO);
    world.later_s(CODE_S - 1);
    assert!(world.redeem(&dvp, &code).is_ok());
}

#[test]
fn a_guessed_or_altered_code_changes_nothing() {
    let world = World::new();
    let (dvp, code) = with_code(&world, PGO);
    let before = world.at_mitz.rows();
    let last = if code.ends_with('A') { "B" } else { "A" };
    let altered = format!("{}{last}", &code[..code.len() - 1]);
    for noise in [altered, code.replacen(".0.", ".1.", 1), "AAAA".to_owned()] {
        assert_invalid_grant(&world, world.redeem(&dvp, &noise), "RFC 6749 §5.2");
        assert!(before == world.at_mitz.rows(), "nothing was stored");
    }
    assert!(world.redeem(&dvp, &code).is_ok());
}

#[test]
fn another_client_that_offers_a_code_spends_it() {
    let world = World::new();
    let (dvp, code) = with_code(&world, PGO);
    let thief = Dvp {
        id: ANDERE_PGO,
        wachtend: dvp.wachtend.clone(),
    };
    let answer = world.redeem_with(
        &thief,
        &code,
        &dvp.redirect_uri(),
        &dvp.wachtend.code_verifier,
    );
    assert_invalid_grant(&world, answer, "RFC 6749 §5.2");
    assert_eq!(
        world.at_mitz.last_event().who,
        Actor::Party(ANDERE_PGO.to_owned())
    );
    assert!(!has_grant(&world));
    assert!(world.redeem(&dvp, &code).is_err());
}

#[test]
fn a_code_is_no_refresh_token_and_a_refresh_token_no_code() {
    let world = World::new();
    let (dvp, code) = with_code(&world, PGO);
    let before = world.at_mitz.rows();
    assert_invalid_grant(&world, world.refresh(PGO, &code), "RFC 6749 §5.2");
    assert!(before == world.at_mitz.rows(), "nothing was stored");
    let tokens = world.redeem(&dvp, &code).expect("a good code");
    let before = world.at_mitz.rows();
    assert!(world.redeem(&dvp, &tokens.refresh_token).is_err());
    assert!(before == world.at_mitz.rows(), "nothing was stored");
}

#[test]
fn mitz_case_020_a_code_whose_consent_was_withdrawn_brings_nothing() {
    let world = World::new();
    let (dvp, code) = with_code(&world, PGO);
    world.withdraw(JANSEN, PGO, Omvang::Alles);
    world.at_mitz.told();
    assert_invalid_grant(&world, world.redeem(&dvp, &code), "mitz case 20");
}

// ── The refresh token ───────────────────────────────────────────────────────────────────────────

#[test]
fn mitz_case_011_a_later_visit_needs_no_browser() {
    let world = World::new();
    let (_, first) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
    world.asked();
    world.later_s(150 * DAY_S);
    let second = world.refresh(PGO, &first.refresh_token).expect("refreshed");
    assert!(world.asked().is_empty(), "nobody was asked, DigiD neither");
    assert!(world.userinfo(PGO, &second.access_token).is_ok());
    world.later_s(150 * DAY_S);
    // core.autorisatie.100
    assert!(
        world.refresh(PGO, &second.refresh_token).is_ok(),
        "half a year from its last use"
    );
}

#[test]
fn mitz_case_011_a_refresh_token_that_rested_half_a_year_is_over() {
    let world = World::new();
    let (_, tokens) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
    world.at_mitz.told();
    world.later_s(REFRESH_S);
    let answer = world.refresh(PGO, &tokens.refresh_token);
    assert_invalid_grant(&world, answer, "RFC 6749 §5.2");
    assert!(!has_grant(&world));
}

#[test]
fn mitz_case_018_a_refresh_brings_new_tokens_and_kills_the_old_refresh_token() {
    let world = World::new();
    let (_, first) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
    world.later_s(DAY_S);
    world.at_mitz.told();
    let second = world.refresh(PGO, &first.refresh_token).expect("refreshed");
    assert_ne!(second.access_token, first.access_token);
    assert_ne!(second.refresh_token, first.refresh_token);
    assert_eq!(second.body["expires_in"], 900);
    assert_eq!(world.at_mitz.told(), [granted("seed 000 step 10")]);
    let grant = world.grant_behind(&second.refresh_token).expect("stored");
    assert_eq!(
        (grant.version, grant.until),
        (3, world.now().plus_s(REFRESH_S))
    );
    let ids = |tokens: &Tokens| claims(tokens.body["id_token"].as_str().expect("an ID token"));
    assert_eq!(ids(&second)["sub"], ids(&first)["sub"]);
    assert_eq!(ids(&second)["auth_time"], ids(&first)["auth_time"]);
    assert!(ids(&second).get("nonce").is_none(), "OIDC Core §12.2");
    // RFC 6749 §6
    assert!(world.refresh(PGO, &first.refresh_token).is_err());
}

#[test]
fn mitz_case_019_an_old_refresh_token_ends_the_whole_family_at_once() {
    let world = World::new();
    let (_, first) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
    let second = world.refresh(PGO, &first.refresh_token).expect("refreshed");
    world.at_mitz.told();
    let answer = world.refresh(PGO, &first.refresh_token);
    assert_invalid_grant(&world, answer, "RFC 9700 §4.14.2");
    assert!(!has_grant(&world), "Mitz has no repeat window");
    assert_dead(&world, PGO, &second.access_token);
    assert_dead(&world, PGO, &first.access_token);
    world.at_mitz.told();
    let answer = world.refresh(PGO, &second.refresh_token);
    assert_invalid_grant(&world, answer, "RFC 6749 §5.2");
}

#[test]
fn mitz_case_019_of_two_refreshes_at_once_the_second_ends_the_family() {
    let world = World::new();
    let (_, first) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
    let token = first.refresh_token.clone();
    world.meanwhile(move |world| {
        assert!(world.refresh(PGO, &token).is_ok());
    });
    let refusal = refusal(world.refresh(PGO, &first.refresh_token));
    assert_eq!(refusal.requirement, "RFC 9700 §4.14.2");
    assert!(!has_grant(&world));
}

#[test]
fn another_client_that_offers_a_refresh_token_changes_nothing() {
    let world = World::new();
    let (_, tokens) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
    let before = world.at_mitz.rows();
    world.at_mitz.told();
    let answer = world.refresh(ANDERE_PGO, &tokens.refresh_token);
    assert_invalid_grant(&world, answer, "RFC 6749 §5.2");
    assert!(before == world.at_mitz.rows(), "nothing was stored");
    assert!(world.refresh(PGO, &tokens.refresh_token).is_ok());
}

#[test]
fn mitz_case_020_after_a_withdrawal_no_refresh_works() {
    let world = World::new();
    let (_, tokens) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
    world.withdraw(JANSEN, PGO, Omvang::Alles);
    world.at_mitz.told();
    let before = world.at_mitz.rows();
    let answer = world.refresh(PGO, &tokens.refresh_token);
    assert_invalid_grant(&world, answer, "mitz case 20");
    assert!(before == world.at_mitz.rows(), "nothing was issued");
    assert_dead(&world, PGO, &tokens.access_token);
}

/// The same race step by step, without the loop that runs the others.
#[test]
fn mitz_case_020_a_withdrawal_between_a_refresh_s_read_and_its_commit_wins() {
    let world = World::new();
    let (_, tokens) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh_token.as_str()),
        ("client_id", PGO),
    ];
    let request = world
        .token_request(Some(&certificate(PGO)), &form)
        .expect("proven");
    let Step::Ask(question) = request.begin(&world.mitz, world.now()) else {
        panic!("the grant is asked for");
    };
    let found = world.at_mitz.load::<Grant>(&question.key(), world.now());
    let Step::Done(Verdict {
        reply,
        changes,
        events,
    }) = question.answer(found)
    else {
        panic!("decided");
    };
    assert!(
        matches!(reply, TokenAnswer::Issued(_)),
        "as far as the rule knows"
    );
    world.withdraw(JANSEN, PGO, Omvang::Alles);
    let before = world.at_mitz.rows();
    let lost = world
        .at_mitz
        .commit(world.now(), changes, events)
        .expect_err("overtaken");
    assert_eq!(lost.space(), Koppeling::SPACE);
    assert!(matches!(lost, Key::Grant(..)));
    assert!(
        before == world.at_mitz.rows(),
        "all of a commit, or nothing"
    );
    let Some(Step::Done(Verdict {
        reply,
        changes,
        events,
    })) = request.lost(&lost)
    else {
        panic!("decided");
    };
    let TokenAnswer::Refused(refusal) = reply else {
        panic!("refused");
    };
    assert_eq!(
        (refusal.error, refusal.requirement),
        (ErrorCode::InvalidGrant, "mitz case 20")
    );
    assert!(changes.is_empty() && events.len() == 1);
}

#[test]
fn mitz_case_020_a_withdrawal_that_overtakes_a_redemption_wins() {
    let world = World::new();
    let (dvp, code) = with_code(&world, PGO);
    world.meanwhile(|world| world.withdraw(JANSEN, PGO, Omvang::Alles));
    let refusal = refusal(world.redeem(&dvp, &code));
    assert_eq!(refusal.requirement, "mitz case 20");
    assert_eq!(
        world.at_mitz.told(),
        [granted("mitz case 47"), refused("mitz case 20")]
    );
}

// ── Names of persons ────────────────────────────────────────────────────────────────────────────

#[test]
fn mitz_case_028_a_person_has_one_name_for_each_client_and_another_for_each_other() {
    let world = World::new();
    let sub = |client, person, aanbieder| {
        let (_, tokens) = world.linked(client, person, vec![ja(aanbieder)]);
        let id_token = claims(tokens.body["id_token"].as_str().expect("an ID token"));
        id_token["sub"].as_str().expect("a sub").to_owned()
    };
    let first = sub(PGO, JANSEN, WEST);
    assert_eq!(sub(PGO, JANSEN, OOST), first, "the same person comes back");
    // OIDC Core §8.1
    assert_ne!(sub(ANDERE_PGO, JANSEN, WEST), first);
    assert_ne!(sub(PGO, BAKKER, WEST), first);
    world.withdraw(JANSEN, PGO, Omvang::Alles);
    assert_eq!(sub(PGO, JANSEN, WEST), first, "also after a withdrawal");
}

#[test]
fn an_answer_to_another_request_is_not_taken_by_the_client() {
    let world = World::new();
    let (dvp, other) = (world.dvp(PGO), world.dvp(PGO));
    let id = world.consent(
        &dvp,
        mitz::toestemming::Functie::Verzamelen,
        JANSEN,
        vec![ja(WEST)],
    );
    let url = world.redirect(&world.back_from_register(id));
    assert_eq!(other.receives(&url), Err(Callback::NotOurs));
    assert!(dvp.receives(&url).is_ok());
}
