//! Steps 2–7: the authorization request, the login at DigiD, and the code.

use identity::Loa;
use mitz::authorization_server::aanmelding::{Aanmelding, Stand, Uitkomst, Vervolg};
use mitz::authorization_server::aanvraag::{AANVRAAG_S, Doel};
use mitz::authorization_server::code;
use mitz::authorization_server::grant::{CODE_S, Secret};
use mitz::toestemming::Functie;
use mitz::toestemmingenregister::vastleggen::{Beslissing, Vastgelegd};
use protocol::authorize::AuthorizeRefusal;
use protocol::callback::Callback;
use verdict::Actor;

use crate::world::{
    BAKKER, JANSEN, MITZ, PGO, WEST, World, granted, is_about, ja, persoon, refused,
};

#[test]
fn mitz_case_001_a_request_goes_to_digid_and_waits_in_the_browser_alone() {
    let world = World::new();
    let dvp = world.dvp(PGO);
    let aanvraag = world
        .authorize(&dvp.query(Functie::Delen))
        .expect("accepted");
    let Doel::Koppelen(verzoek) = &aanvraag.doel else {
        panic!("a client asked");
    };
    // seed 000 step 2
    assert_eq!(verzoek.client_id, PGO);
    assert_eq!(verzoek.redirect_uri, dvp.redirect_uri());
    assert_eq!(verzoek.state, Some(dvp.wachtend.state.clone()));
    assert_eq!(verzoek.nonce, Some(dvp.wachtend.nonce.clone()));
    assert_eq!(verzoek.functie, Functie::Delen);
    assert!(
        verzoek
            .challenge()
            .expect("a challenge")
            .is_of(&dvp.wachtend.code_verifier)
    );
    assert!(world.kinds_at_mitz().is_empty());
    assert!(world.at_mitz.told().is_empty());
}

#[test]
fn mitz_case_001_the_browser_has_fifteen_minutes_to_come_back() {
    let world = World::new();
    let query = world.dvp(PGO).query(Functie::Verzamelen);
    let aanvraag = world.authorize(&query).expect("accepted");
    world.later_s(AANVRAAG_S - 1);
    assert!(!aanvraag.is_over_at(world.now()));
    world.later_s(1);
    // design §5 "front channel"
    assert!(aanvraag.is_over_at(world.now()));
}

#[test]
fn mitz_md_2_1_an_unknown_function_goes_back_to_the_client_with_state_and_iss() {
    let world = World::new();
    let dvp = world.dvp(PGO);
    let query = dvp
        .query(Functie::Verzamelen)
        .replace("function=verzamelen", "function=alles");
    let Err(AuthorizeRefusal::Redirect(refusal)) = world.authorize(&query) else {
        panic!("refused at the client");
    };
    // mitz.md §2.1
    assert_eq!(refusal.error, "invalid_request");
    assert_eq!(dvp.receives(&refusal.url(MITZ)), Err(Callback::Failed));
    let without = query.replace("&function=alles", "");
    let aanvraag = world.authorize(&without).expect("collecting is meant");
    // seed 000 step 1: collecting unless sharing is said.
    assert!(matches!(aanvraag.doel, Doel::Koppelen(v) if v.functie == Functie::Verzamelen));
}

#[test]
fn mitz_case_007_a_login_is_stored_once_with_the_bsn_in_the_private_part() {
    let world = World::new();
    let id = world.log_in(&world.dvp(PGO), Functie::Verzamelen, JANSEN);
    assert_eq!(
        world.kinds_at_mitz(),
        ["mitz.aanmelding", "mitz.authnrequest"]
    );
    assert_eq!(world.at_mitz.told(), [granted("seed 000 step 4")]);
    let event = world.at_mitz.last_event();
    assert!(is_about(&event, JANSEN) && event.who == Actor::Person);
    let stored = world
        .at_mitz
        .load::<Aanmelding>(&Aanmelding::key(id), world.now());
    let stored = stored.expect("stored").value;
    assert_eq!(
        (stored.bsn.reveal(), stored.stand),
        (JANSEN, Stand::Ingelogd)
    );
    assert_eq!(stored.persoon, persoon(&stored.bsn));
    let open = |row: &verdict::Row<verdict::Sealed>| row.body.open.to_string();
    assert!(
        !world
            .at_mitz
            .rows()
            .values()
            .any(|row| open(row).contains(JANSEN))
    );
}

#[test]
fn mitz_case_007_after_consent_the_client_gets_a_code_with_its_state_and_iss() {
    let world = World::new();
    let dvp = world.dvp(PGO);
    let id = world.consent(&dvp, Functie::Verzamelen, JANSEN, vec![ja(WEST)]);
    world.at_mitz.told();
    let url = world.redirect(&world.back_from_register(id));
    let code = dvp.receives(&url).expect("state and iss are ours");
    assert!(url.starts_with("https://pgo.localhost/callback?code="));
    assert_eq!(
        world.kinds_at_mitz(),
        [
            "mitz.authnrequest",
            "mitz.grant",
            "mitz.koppeling",
            "mitz.pseudoniem",
            "mitz.toestemming"
        ]
    );
    assert_eq!(world.at_mitz.told(), [granted("seed 000 step 7")]);
    assert!(is_about(&world.at_mitz.last_event(), JANSEN));
    let grant = world.grant_behind(&code).expect("stored");
    assert_eq!(
        (grant.version, grant.until),
        (1, world.now().plus_s(CODE_S))
    );
    assert_eq!(
        (grant.value.bsn.reveal(), grant.value.level),
        (JANSEN, Loa::Substantieel)
    );
    assert!(matches!(grant.value.secret, Secret::Code(_)));
    let consents = world.consents_of(JANSEN, PGO).expect("recorded");
    assert_eq!(grant.value.koppeling, consents.koppeling);
}

#[test]
fn mitz_case_007_the_way_back_brings_one_code_only() {
    let world = World::new();
    let id = world.consent(&world.dvp(PGO), Functie::Verzamelen, JANSEN, vec![ja(WEST)]);
    assert!(matches!(
        world.back_from_register(id),
        code::Vervolg::Code { .. }
    ));
    let before = world.at_mitz.rows();
    world.at_mitz.told();
    assert_eq!(world.back_from_register(id), code::Vervolg::Onbekend);
    assert!(before == world.at_mitz.rows(), "nothing was stored");
    assert_eq!(world.at_mitz.told(), [refused("seed 000 step 6")]);
}

#[test]
fn mitz_case_007_two_ways_back_at_once_bring_one_code() {
    let world = World::new();
    let id = world.consent(&world.dvp(PGO), Functie::Verzamelen, JANSEN, vec![ja(WEST)]);
    world.meanwhile(move |world| {
        assert!(matches!(
            world.back_from_register(id),
            code::Vervolg::Code { .. }
        ));
    });
    assert_eq!(world.back_from_register(id), code::Vervolg::Onbekend);
    let grants = world
        .kinds_at_mitz()
        .iter()
        .filter(|kind| **kind == "mitz.grant")
        .count();
    assert_eq!(grants, 1);
}

#[test]
fn mitz_case_007_who_skips_the_register_gets_no_code() {
    let world = World::new();
    let dvp = world.dvp(PGO);
    let id = world.log_in(&dvp, Functie::Verzamelen, JANSEN);
    assert_eq!(world.back_from_register(id), code::Vervolg::Onbekend);
    assert!(world.open_register(id));
    assert_eq!(world.back_from_register(id), code::Vervolg::Onbekend);
    assert_eq!(
        world.kinds_at_mitz(),
        ["mitz.aanmelding", "mitz.authnrequest"]
    );
    assert_eq!(
        world.decide(id, &Beslissing::Geven(vec![ja(WEST)])),
        Vastgelegd::Terug
    );
    assert!(matches!(
        world.back_from_register(id),
        code::Vervolg::Code { .. }
    ));
}

#[test]
fn mitz_case_008_who_cancels_at_digid_may_try_again() {
    let world = World::new();
    let dvp = world.dvp(PGO);
    let aanvraag = world
        .authorize(&dvp.query(Functie::Verzamelen))
        .expect("accepted");
    let answer = world.back_from_digid(&aanvraag, &Uitkomst::Geannuleerd);
    assert_eq!(answer, Vervolg::Geannuleerd);
    assert_eq!(world.at_mitz.told(), [refused("mitz case 8")]);
    assert_eq!(
        world.kinds_at_mitz(),
        ["mitz.authnrequest"],
        "spent, and nothing else"
    );
    let again = world.to_digid(aanvraag.doel.clone());
    // seed 000 step 3: each try asks DigiD anew.
    assert_ne!(again.authn_request, aanvraag.authn_request);
    let answer = world.back_from_digid(&again, &world.logged_in(JANSEN));
    assert!(matches!(answer, Vervolg::Toestemming { .. }));
}

#[test]
fn mitz_case_008_who_stops_is_told_to_the_client_as_access_denied() {
    let world = World::new();
    let dvp = world.dvp(PGO);
    let aanvraag = world
        .authorize(&dvp.query(Functie::Verzamelen))
        .expect("accepted");
    world.back_from_digid(&aanvraag, &Uitkomst::Geannuleerd);
    let Doel::Koppelen(verzoek) = aanvraag.doel else {
        panic!("a client asked");
    };
    let url = verzoek.refused(MITZ, "access_denied");
    assert_eq!(dvp.receives(&url), Err(Callback::AccessDenied));
}

#[test]
fn mitz_case_009_without_an_identity_the_flow_ends_and_the_rule_is_noted() {
    let world = World::new();
    let query = world.dvp(PGO).query(Functie::Verzamelen);
    let aanvraag = world.authorize(&query).expect("accepted");
    let uitkomst = Uitkomst::NietIngelogd {
        requirement: "digid case 18",
        reason: "the level is too low",
    };
    assert_eq!(
        world.back_from_digid(&aanvraag, &uitkomst),
        Vervolg::NietIngelogd
    );
    assert_eq!(world.at_mitz.told(), [refused("digid case 18")]);
    assert_eq!(world.kinds_at_mitz(), ["mitz.authnrequest"]);
}

#[test]
fn mitz_case_009_a_digid_that_is_down_is_no_refusal_of_the_person() {
    let world = World::new();
    let query = world.dvp(PGO).query(Functie::Verzamelen);
    let aanvraag = world.authorize(&query).expect("accepted");
    let answer = world.back_from_digid(&aanvraag, &Uitkomst::Onbereikbaar);
    assert_eq!(answer, Vervolg::Onbereikbaar);
    assert_eq!(world.at_mitz.told(), [refused("seed 000 step 4")]);
    assert_eq!(world.kinds_at_mitz(), ["mitz.authnrequest"]);
}

#[test]
fn digid_case_026_a_second_answer_to_an_authnrequest_is_refused_and_digid_is_not_asked() {
    let world = World::new();
    let query = world.dvp(PGO).query(Functie::Verzamelen);
    let aanvraag = world.authorize(&query).expect("accepted");
    world.log_in_for(&aanvraag, JANSEN);
    assert_eq!(world.asked(), ["digid"]);
    let before = world.at_mitz.rows();
    world.at_mitz.told();
    let answer = world.back_from_digid(&aanvraag, &world.logged_in(BAKKER));
    assert_eq!(answer, Vervolg::AlBeantwoord);
    assert!(world.asked().is_empty());
    assert!(before == world.at_mitz.rows(), "nothing was stored");
    assert_eq!(world.at_mitz.told(), [refused("digid case 26")]);
}

#[test]
fn digid_case_026_of_two_answers_at_once_one_is_resolved() {
    let world = World::new();
    let query = world.dvp(PGO).query(Functie::Verzamelen);
    let aanvraag = world.authorize(&query).expect("accepted");
    let first = aanvraag.clone();
    world.meanwhile(move |world| {
        world.log_in_for(&first, JANSEN);
    });
    let answer = world.back_from_digid(&aanvraag, &world.logged_in(BAKKER));
    assert_eq!(answer, Vervolg::AlBeantwoord);
    assert_eq!(
        world.asked(),
        ["digid"],
        "the artifact of the loser was not resolved"
    );
    let logins = world
        .kinds_at_mitz()
        .iter()
        .filter(|kind| **kind == "mitz.aanmelding")
        .count();
    assert_eq!(logins, 1);
}
