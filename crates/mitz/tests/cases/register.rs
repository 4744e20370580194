//! Steps 5 and 6 at the Toestemmingenregister: what a person records, refuses and withdraws.

use mitz::authorization_server::aanvraag::{AANVRAAG_S, Doel};
use mitz::authorization_server::code;
use mitz::toestemming::{Besluit, Functie, Waarvoor};
use mitz::toestemmingenregister::KEUZES_MAX;
use mitz::toestemmingenregister::intrekken::Omvang;
use mitz::toestemmingenregister::vastleggen::{Beslissing, Vastgelegd};
use protocol::callback::Callback;
use protocol::refusal::ErrorCode;
use verdict::{Actor, Outcome};

use crate::world::{
    ANDERE_PGO, APOTHEEK, BAKKER, JANSEN, OOST, PGO, WEST, World, granted, is_about, ja,
    ja_categorie, nee, om_te_delen, refused, uras,
};

// ── Recording ───────────────────────────────────────────────────────────────────────────────────

#[test]
fn seed_000_step_5_the_ticket_for_the_register_works_once() {
    let world = World::new();
    let id = world.log_in(&world.dvp(PGO), Functie::Verzamelen, JANSEN);
    world.at_mitz.told();
    assert!(world.open_register(id));
    assert_eq!(world.at_mitz.told(), [granted("seed 000 step 5")]);
    for ticket in [id, [9; 16]] {
        assert!(!world.open_register(ticket));
        assert_eq!(world.at_mitz.told(), [refused("seed 000 step 5")]);
    }
}

#[test]
fn seed_000_step_5_a_consent_is_recorded_for_this_person_and_this_client() {
    let world = World::new();
    let dvp = world.dvp(PGO);
    let id = world.log_in(&dvp, Functie::Verzamelen, JANSEN);
    world.open_register(id);
    world.at_mitz.told();
    let keuzes = vec![ja_categorie("ziekenhuis"), nee(WEST)];
    assert_eq!(
        world.decide(id, &Beslissing::Geven(keuzes.clone())),
        Vastgelegd::Terug
    );
    assert_eq!(world.at_mitz.told(), [granted("seed 000 step 5")]);
    assert!(is_about(&world.at_mitz.last_event(), JANSEN));
    let consents = world.consents_of(JANSEN, PGO).expect("recorded");
    assert_eq!(
        (consents.keuzes, consents.vastgelegd),
        (keuzes, world.now().unix())
    );
    assert!(world.consents_of(JANSEN, ANDERE_PGO).is_none());
    assert!(world.consents_of(BAKKER, PGO).is_none());
    let kinds = [
        "mitz.aanmelding",
        "mitz.authnrequest",
        "mitz.koppeling",
        "mitz.toestemming",
    ];
    assert_eq!(world.kinds_at_mitz(), kinds);
}

#[test]
fn mitz_case_010_who_gives_no_consent_leaves_no_consent_code_or_grant_behind() {
    let world = World::new();
    let dvp = world.dvp(PGO);
    let id = world.log_in(&dvp, Functie::Verzamelen, JANSEN);
    world.open_register(id);
    world.at_mitz.told();
    assert_eq!(world.decide(id, &Beslissing::Weigeren), Vastgelegd::Terug);
    let answer = world.back_from_register(id);
    assert!(matches!(answer, code::Vervolg::Geweigerd { .. }));
    assert_eq!(
        dvp.receives(&world.redirect(&answer)),
        Err(Callback::AccessDenied)
    );
    assert_eq!(world.kinds_at_mitz(), ["mitz.authnrequest"]);
    assert_eq!(
        world.at_mitz.told(),
        [refused("mitz case 10")],
        "one audit event"
    );
    let event = world.at_mitz.last_event();
    assert!(is_about(&event, JANSEN) && event.who == Actor::Person);
    assert_eq!(world.back_from_register(id), code::Vervolg::Onbekend);
}

#[test]
fn mitz_case_010_a_refusal_on_a_later_visit_leaves_the_earlier_consent_alone() {
    let world = World::new();
    let (_, tokens) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
    let earlier = world.consents_of(JANSEN, PGO);
    let id = world.log_in(&world.dvp(PGO), Functie::Verzamelen, JANSEN);
    world.open_register(id);
    world.decide(id, &Beslissing::Weigeren);
    assert!(matches!(
        world.back_from_register(id),
        code::Vervolg::Geweigerd { .. }
    ));
    assert_eq!(world.consents_of(JANSEN, PGO), earlier);
    assert!(world.refresh(PGO, &tokens.refresh_token).is_ok());
}

#[test]
fn a_yes_without_a_choice_or_beyond_what_was_asked_changes_nothing() {
    let world = World::new();
    let id = world.log_in(&world.dvp(PGO), Functie::Verzamelen, JANSEN);
    world.open_register(id);
    let before = world.at_mitz.rows();
    let beyond = vec![ja(WEST), om_te_delen(ja(WEST))];
    for keuzes in [
        vec![],
        vec![nee(WEST)],
        beyond,
        vec![ja(WEST); KEUZES_MAX + 1],
    ] {
        let decided = world.decide(id, &Beslissing::Geven(keuzes));
        assert_eq!(decided, Vastgelegd::NiemandGekozen);
        assert!(before == world.at_mitz.rows(), "nothing was stored");
    }
    assert_eq!(
        world.decide(id, &Beslissing::Geven(vec![ja(WEST)])),
        Vastgelegd::Terug
    );
}

#[test]
fn a_person_decides_once_and_only_at_the_page() {
    let world = World::new();
    let id = world.log_in(&world.dvp(PGO), Functie::Verzamelen, JANSEN);
    let geven = Beslissing::Geven(vec![ja(WEST)]);
    let unknown = |world: &World, id| {
        let before = world.at_mitz.rows();
        world.at_mitz.told();
        assert_eq!(world.decide(id, &geven), Vastgelegd::Onbekend);
        assert!(before == world.at_mitz.rows(), "nothing was stored");
        assert_eq!(world.at_mitz.told(), [refused("seed 000 step 5")]);
    };
    unknown(&world, id);
    world.open_register(id);
    assert_eq!(world.decide(id, &Beslissing::Weigeren), Vastgelegd::Terug);
    unknown(&world, id);
    unknown(&world, [9; 16]);
}

#[test]
fn a_person_who_takes_over_fifteen_minutes_at_the_page_starts_again() {
    let world = World::new();
    let id = world.log_in(&world.dvp(PGO), Functie::Verzamelen, JANSEN);
    world.open_register(id);
    world.later_s(AANVRAAG_S);
    let decided = world.decide(id, &Beslissing::Geven(vec![ja(WEST)]));
    assert_eq!(decided, Vastgelegd::Onbekend);
    assert!(world.consents_of(JANSEN, PGO).is_none());
}

#[test]
fn who_came_to_manage_consents_can_neither_consent_nor_get_a_code() {
    let world = World::new();
    let id = world.log_in_for(&world.to_digid(Doel::Beheren), JANSEN);
    assert!(world.open_register(id));
    let decided = world.decide(id, &Beslissing::Geven(vec![ja(WEST)]));
    assert_eq!(decided, Vastgelegd::Onbekend);
    assert_eq!(world.back_from_register(id), code::Vervolg::Onbekend);
    assert_eq!(
        world.kinds_at_mitz(),
        ["mitz.aanmelding", "mitz.authnrequest"]
    );
}

#[test]
fn new_choices_replace_those_for_the_same_function_and_old_grants_live_on() {
    let world = World::new();
    let (_, tokens) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
    world.linked(PGO, JANSEN, vec![om_te_delen(ja(OOST))]);
    let koppeling = world.consents_of(JANSEN, PGO).expect("recorded").koppeling;
    world.linked(PGO, JANSEN, vec![ja(APOTHEEK)]);
    let consents = world.consents_of(JANSEN, PGO).expect("recorded");
    assert_eq!(consents.keuzes, [om_te_delen(ja(OOST)), ja(APOTHEEK)]);
    assert_eq!(consents.koppeling, koppeling);
    let userinfo = world
        .userinfo(PGO, &tokens.access_token)
        .expect("the grant lives on");
    assert_eq!(uras(&userinfo), [APOTHEEK]);
}

#[test]
fn the_most_choices_for_both_functions_can_still_be_asked_for() {
    let world = World::new();
    let most = vec![ja(WEST); KEUZES_MAX];
    let (_, tokens) = world.linked(PGO, JANSEN, most.clone());
    world.linked(PGO, JANSEN, most.into_iter().map(om_te_delen).collect());
    let userinfo = world
        .userinfo(PGO, &tokens.access_token)
        .expect("an answer");
    assert_eq!(uras(&userinfo), [WEST]);
}

// ── Withdrawing ─────────────────────────────────────────────────────────────────────────────────

#[test]
fn mitz_case_047_a_withdrawal_takes_consent_and_link_in_one_commit() {
    let world = World::new();
    world.linked(PGO, JANSEN, vec![ja(WEST)]);
    world.at_mitz.told();
    world.withdraw(JANSEN, PGO, Omvang::Alles);
    let kinds = ["mitz.authnrequest", "mitz.grant", "mitz.pseudoniem"];
    assert_eq!(world.kinds_at_mitz(), kinds);
    assert_eq!(world.at_mitz.told(), [granted("mitz case 47")]);
    let event = world.at_mitz.last_event();
    assert!(is_about(&event, JANSEN) && event.who == Actor::Person);
}

#[test]
fn withdrawing_what_is_not_there_is_done_already() {
    let world = World::new();
    world.linked(PGO, JANSEN, vec![ja(WEST)]);
    world.withdraw(JANSEN, PGO, Omvang::Alles);
    let before = world.at_mitz.rows();
    world.withdraw(JANSEN, PGO, Omvang::Alles);
    world.withdraw(JANSEN, ANDERE_PGO, Omvang::Alles);
    world.withdraw(BAKKER, PGO, Omvang::Aanbieder(crate::world::ura(WEST)));
    assert!(before == world.at_mitz.rows(), "nothing was stored");
}

#[test]
fn a_withdrawal_touches_no_other_client_and_no_other_person() {
    let world = World::new();
    let (_, mine) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
    let (_, elsewhere) = world.linked(ANDERE_PGO, JANSEN, vec![ja(WEST)]);
    let (_, theirs) = world.linked(PGO, BAKKER, vec![ja(WEST)]);
    world.withdraw(JANSEN, PGO, Omvang::Alles);
    assert!(world.refresh(PGO, &mine.refresh_token).is_err());
    assert!(world.refresh(ANDERE_PGO, &elsewhere.refresh_token).is_ok());
    assert!(world.refresh(PGO, &theirs.refresh_token).is_ok());
}

#[test]
fn mitz_case_047_withdrawing_one_provider_leaves_the_others_and_the_grant() {
    let world = World::new();
    let (_, tokens) = world.linked(PGO, JANSEN, vec![ja_categorie("ziekenhuis"), ja(WEST)]);
    world.at_mitz.told();
    world.withdraw(JANSEN, PGO, Omvang::Aanbieder(crate::world::ura(WEST)));
    assert_eq!(world.at_mitz.told(), [granted("mitz case 47")]);
    let keuzes = world
        .consents_of(JANSEN, PGO)
        .expect("the rest stands")
        .keuzes;
    let about_west: Vec<(Functie, Besluit)> = keuzes
        .iter()
        .filter(|k| k.waarvoor == Waarvoor::Aanbieder(crate::world::ura(WEST)))
        .map(|k| (k.functie, k.besluit))
        .collect();
    let bezwaar = Besluit::Bezwaar;
    assert_eq!(
        about_west,
        [(Functie::Verzamelen, bezwaar), (Functie::Delen, bezwaar)]
    );
    let userinfo = world
        .userinfo(PGO, &tokens.access_token)
        .expect("the grant lives on");
    assert_eq!(uras(&userinfo), [OOST], "the objection beats the category");
    assert!(world.refresh(PGO, &tokens.refresh_token).is_ok());
}

#[test]
fn a_row_without_room_for_another_objection_is_withdrawn_whole() {
    let world = World::new();
    let (_, tokens) = world.linked(PGO, JANSEN, vec![ja_categorie("ziekenhuis"); KEUZES_MAX]);
    world.withdraw(JANSEN, PGO, Omvang::Aanbieder(crate::world::ura(WEST)));
    assert!(world.consents_of(JANSEN, PGO).is_none());
    assert!(world.userinfo(PGO, &tokens.access_token).is_err());
}

#[test]
fn mitz_case_020_a_new_consent_makes_a_new_link_and_old_grants_stay_dead() {
    let world = World::new();
    let (_, old) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
    let old_link = world.consents_of(JANSEN, PGO).expect("recorded").koppeling;
    world.withdraw(JANSEN, PGO, Omvang::Alles);
    let (_, new) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
    let consents = world.consents_of(JANSEN, PGO).expect("recorded anew");
    assert_ne!(consents.koppeling, old_link);
    let refusal = world.refresh(PGO, &old.refresh_token).err().expect("dead");
    assert_eq!(
        (refusal.error, refusal.requirement),
        (ErrorCode::InvalidGrant, "mitz case 20")
    );
    assert!(world.userinfo(PGO, &old.access_token).is_err());
    assert!(world.userinfo(PGO, &new.access_token).is_ok());
    assert!(world.refresh(PGO, &new.refresh_token).is_ok());
}

#[test]
fn a_withdrawal_before_the_way_back_leaves_no_code() {
    let world = World::new();
    let dvp = world.dvp(PGO);
    let id = world.consent(&dvp, Functie::Verzamelen, JANSEN, vec![ja(WEST)]);
    world.withdraw(JANSEN, PGO, Omvang::Alles);
    assert_eq!(world.back_from_register(id), code::Vervolg::Onbekend);
    assert_eq!(
        world.kinds_at_mitz(),
        ["mitz.aanmelding", "mitz.authnrequest"]
    );
}

#[test]
fn a_withdrawal_that_overtakes_the_code_wins() {
    let world = World::new();
    let dvp = world.dvp(PGO);
    let id = world.consent(&dvp, Functie::Verzamelen, JANSEN, vec![ja(WEST)]);
    world.meanwhile(|world| world.withdraw(JANSEN, PGO, Omvang::Alles));
    assert_eq!(world.back_from_register(id), code::Vervolg::Onbekend);
    assert_eq!(
        world.kinds_at_mitz(),
        ["mitz.aanmelding", "mitz.authnrequest"]
    );
}

#[test]
fn a_withdrawal_that_overtakes_a_new_consent_leaves_a_new_link() {
    let world = World::new();
    let (_, old) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
    let old_link = world.consents_of(JANSEN, PGO).expect("recorded").koppeling;
    let id = world.log_in(&world.dvp(PGO), Functie::Verzamelen, JANSEN);
    world.open_register(id);
    world.at_mitz.told();
    world.meanwhile(|world| world.withdraw(JANSEN, PGO, Omvang::Alles));
    assert_eq!(
        world.decide(id, &Beslissing::Geven(vec![ja(OOST)])),
        Vastgelegd::Terug
    );
    let told = world.at_mitz.told();
    assert_eq!(
        told,
        [
            granted("mitz case 47"),
            ("seed 000 step 5", Outcome::Granted)
        ]
    );
    let consents = world.consents_of(JANSEN, PGO).expect("recorded anew");
    assert_ne!(consents.koppeling, old_link);
    assert_eq!(consents.keuzes, [ja(OOST)]);
    assert!(world.refresh(PGO, &old.refresh_token).is_err());
    assert!(matches!(
        world.back_from_register(id),
        code::Vervolg::Code { .. }
    ));
}
