//! The acceptance cases of GUC9 that need no socket (etoegang.md §9).

use etoegang::attribuut::{Attribuutnaam, Attribuutwaarde, COMPANY_NAME, VAN_PERSONEN};
use etoegang::betrouwbaarheidsniveau::Betrouwbaarheidsniveau as Niveau;
use etoegang::dienstencatalogus::{Dienst, Dienstattribuut};
use etoegang::dv_hm::attributen::{GegevenAttribuut, Plaatsen};
use etoegang::dv_hm::family::{Family, Keten, Vertegenwoordiging};
use etoegang::dv_hm::token::TokenAnswer;
use etoegang::kenmerk::Vestigingsnr;
use etoegang::machtiging::Gemachtigde;
use protocol::client::Shown;
use protocol::refusal::ErrorCode;
use verdict::{Actor, Outcome};

use super::world::{
    AdFault, MrFault, NOW, SCOPE, World, dienst, family, issued, kvk, machtiging, mr, refused,
    schakel,
};

/// A 503 that says when to come again, and leaves the app its token.
fn later(answer: &TokenAnswer) -> u32 {
    match answer {
        TokenAnswer::Later {
            retry_after_s,
            refusal,
        } => {
            assert_eq!(refusal.error, ErrorCode::TemporarilyUnavailable);
            *retry_after_s
        }
        other => panic!("expected a 503, got {other:?}"),
    }
}

fn ends(world: &mut World, revoked: &[&str]) {
    let answer = world.refresh(1);
    assert_eq!(refused(&answer), ErrorCode::InvalidGrant);
    assert_eq!(world.family(), None, "the family has ended");
    assert_eq!(world.revocations(), revoked);
    let last = world.events.last().expect("an event");
    assert_eq!(last.outcome, Outcome::Refused);
    assert_eq!(last.who, Actor::Party("app-1".into()));
}

fn alone() -> Family {
    Family {
        vertegenwoordiging: None,
        ..family()
    }
}

fn chained() -> (World, Family) {
    let family = Family {
        vertegenwoordiging: Some(Vertegenwoordiging {
            keten: Keten::Via {
                tussenpersoon: kvk("87654321"),
                eerste: schakel(2, "M1"),
                tweede: schakel(3, "M2"),
            },
            ..family().vertegenwoordiging.expect("representation")
        }),
        ..family()
    };
    let mut world = World::with(&family);
    let (mut first, mut second) = (machtiging(), machtiging());
    first.gemachtigde = Gemachtigde::Organisatie(kvk("87654321"));
    second.vertegenwoordigde = kvk("87654321");
    world.mandates = vec![("M1".into(), first), ("M2".into(), second)];
    (world, family)
}

// ── 9.1 Success ─────────────────────────────────────────────────────────────────────────────────

#[test]
fn etoegang_case_001_and_002_a_refresh_asks_the_ad_and_then_the_mr_once_each() {
    let mut world = World::new();
    let issued = issued(world.refresh(1));
    // etoegang case 1
    assert_eq!(
        issued.refresh_token.map(|handle| handle.generation),
        Some(2)
    );
    assert_eq!(world.generation(), Some(2));
    // etoegang case 2
    assert_eq!(world.calls, ["AD".to_owned(), mr(2).to_string()]);
    assert!(world.revocations().is_empty());
    let last = world.events.last().expect("an event");
    assert_eq!(
        (last.requirement, last.outcome),
        ("GUC9 9.5", Outcome::Granted)
    );
}

#[test]
fn etoegang_case_003_without_representation_no_mr_is_asked() {
    let mut world = World::with(&alone());
    let issued = issued(world.refresh(1));
    // etoegang case 3
    assert_eq!(world.calls, ["AD"]);
    assert_eq!(issued.access_token.represents, None);
    assert_eq!(issued.access_token.etd_mandate_checked_at, None);
}

#[test]
fn etoegang_case_004_and_005_the_ad_may_keep_its_token_and_the_app_never_does() {
    for (rotates, shown) in [(false, ["ad-1", "ad-1"]), (true, ["ad-1", "ad-2"])] {
        let mut world = World::new();
        world.ad.rotates = rotates;
        assert_eq!(
            issued(world.refresh(1)).refresh_token.map(|h| h.generation),
            Some(2)
        );
        assert_eq!(
            issued(world.refresh(2)).refresh_token.map(|h| h.generation),
            Some(3)
        );
        // etoegang cases 4 and 5
        assert_eq!(world.ad.calls, shown);
    }
}

#[test]
fn etoegang_case_006_and_007_the_new_token_is_about_the_same_and_newer() {
    let mut world = World::new();
    world.now += 500;
    let first = issued(world.refresh(1)).access_token;
    world.now += 500;
    let second = issued(world.refresh(2)).access_token;
    // etoegang case 6
    assert_ne!(first.jti, second.jti);
    assert!(first.exp < second.exp);
    assert_eq!(
        (&first.sub, &first.azp, &first.aud, &first.represents),
        (&second.sub, &second.azp, &second.aud, &second.represents)
    );
    assert_eq!(second.auth_time, NOW - 600);
    assert_eq!(second.etd_mandate_checked_at, Some(NOW + 1000));
    // etoegang case 7
    assert!(second.exp - second.iat <= 900);
}

#[test]
fn etoegang_case_008_the_lowest_level_of_all_counts() {
    let mut world = World::new();
    world.ad.niveau = Niveau::Loa4;
    // etoegang case 8
    assert_eq!(issued(world.refresh(1)).access_token.acr, Niveau::Loa3);
    assert_eq!(world.family().expect("a family").ad.niveau, Niveau::Loa4);
}

#[test]
fn etoegang_case_009_the_same_scope_may_be_asked_for() {
    let mut world = World::new();
    let run = world.begin("app-1", 1, Some(SCOPE));
    let answer = world.finish(run);
    // etoegang case 9
    assert_eq!(issued(answer).access_token.scope, SCOPE);
    assert_eq!(world.family().expect("a family").scope, SCOPE);
}

#[test]
fn etoegang_case_010_and_030_an_assertion_serves_once() {
    let instance = Family {
        client_id: "inst-1".into(),
        ..family()
    };
    let mut world = World::with(&instance);
    let assertion = world.assertion("een-nummer", NOW + 60, "https://hm.test/etd/1.13");
    let run = world.begin_instance(1, &assertion).expect("its own key");
    // etoegang case 10
    assert_eq!(
        issued(world.finish(run))
            .refresh_token
            .map(|h| h.generation),
        Some(2)
    );
    let run = world.begin_instance(2, &assertion).expect("its own key");
    let answer = world.finish(run);
    // etoegang case 30
    assert_eq!(refused(&answer), ErrorCode::InvalidClient);
    assert_eq!(world.generation(), Some(2));
    assert_eq!(world.ad.calls.len(), 1, "nobody was asked");
}

#[test]
fn etoegang_case_029_and_031_a_bad_assertion_spends_no_token() {
    let instance = Family {
        client_id: "inst-1".into(),
        ..family()
    };
    let mut world = World::with(&instance);
    // etoegang cases 29 and 31
    for (exp, aud) in [
        (NOW - 61, "https://hm.test/etd/1.13"),
        (NOW + 60, "https://hm2.test/etd/1.13"),
    ] {
        let assertion = world.assertion("een-nummer", exp, aud);
        let refusal = world.begin_instance(1, &assertion).err().expect("no proof");
        assert_eq!(refusal.error, ErrorCode::InvalidClient);
    }
    assert_eq!(world.family(), Some(instance));
}

#[test]
fn etoegang_case_011_a_chain_is_asked_at_both_registers() {
    let (mut world, _) = chained();
    let issued = issued(world.refresh(1));
    // etoegang case 11
    assert_eq!(world.calls[1..], [mr(2).to_string(), mr(3).to_string()]);
    let outer = issued.access_token.represents.expect("represents");
    assert_eq!(outer.sub, "87654321");
    assert_eq!(outer.represents.expect("the represented").sub, "12345678");
}

#[test]
fn etoegang_case_012_a_branch_stays_the_same() {
    let branch = Vestigingsnr::parse("000012345678").expect("twelve digits");
    let mut restricted = family();
    let wie = restricted.vertegenwoordiging.as_mut();
    wie.expect("representation").beperking = Some(branch.clone());
    let mut world = World::with(&restricted);
    world.mandates[0].1.beperking = Some(branch.clone());
    // etoegang case 12
    assert_eq!(
        issued(world.refresh(1)).access_token.vestigingsnr,
        Some(branch)
    );
    world.mandates[0].1.beperking = None;
    assert_eq!(refused(&world.refresh(2)), ErrorCode::InvalidGrant);
}

#[test]
fn etoegang_case_013_an_id_token_comes_only_where_it_is_switched_on() {
    // etoegang case 13
    assert_eq!(issued(World::new().refresh(1)).id_token, None);
    let mut world = World::new();
    let mut hm = (*world.hm).clone();
    hm.instellingen.id_token_bij_vernieuwen = true;
    world.hm = hm.into();
    let id_token = issued(world.refresh(1)).id_token.expect("an ID token");
    assert_eq!((id_token.auth_time, id_token.nonce), (NOW - 600, None));
}

#[test]
fn the_attributes_of_a_login_stay_until_the_catalogue_does_not_declare_them_any_more() {
    let given = |urn: &str, text: &str| GegevenAttribuut {
        naam: Attribuutnaam::parse(urn).expect("a name"),
        waarde: Attribuutwaarde::parse(text).expect("a value"),
        plaatsen: Plaatsen {
            id_token: true,
            userinfo: false,
        },
    };
    let (name, first) = (
        given(COMPANY_NAME, "Bakkerij"),
        given(VAN_PERSONEN[0], "Bram"),
    );
    let known = Family {
        attributen: vec![name.clone(), first.clone()],
        ..family()
    };
    let mut world = World::with(&known);
    let declares = |all: &[&GegevenAttribuut]| {
        let asked = all.iter().map(|one| Dienstattribuut {
            naam: one.naam.clone(),
            verplicht: true,
        });
        let attributen = asked.collect();
        Some(Dienst {
            attributen,
            ..dienst()
        })
    };
    let mut hm = (*world.hm).clone();
    hm.instellingen.id_token_bij_vernieuwen = true;
    world.hm = hm.into();
    // etoegang.md §3
    world.catalogus = declares(&[&name, &first]);
    let id_token = issued(world.refresh(1)).id_token.expect("an ID token");
    assert_eq!(id_token.attributen.get(&first.naam), Some(&first.waarde));
    world.catalogus = declares(&[&name]);
    let id_token = issued(world.refresh(2)).id_token.expect("an ID token");
    assert_eq!(id_token.attributen.get(&first.naam), None);
    let kept = world.family().expect("a row").attributen;
    assert_eq!(kept, [name]);
}

// ── 9.2 The refresh token ───────────────────────────────────────────────────────────────────────

#[test]
fn etoegang_case_015_noise_is_refused_and_asks_nobody() {
    let mut world = World::new();
    let shown = Shown {
        client_id: Some("app-1"),
        ..Shown::default()
    };
    let run = world.run(&shown, None, None).expect("a known app");
    let answer = world.finish(run);
    // etoegang case 15
    assert_eq!(refused(&answer), ErrorCode::InvalidGrant);
    assert!(world.calls.is_empty());
    assert_eq!(world.family(), Some(family()));
}

#[test]
fn etoegang_case_016_and_018_a_token_ends_unused_and_with_the_login() {
    let mut world = World::new();
    world.now = NOW + 7199;
    issued(world.refresh(1));
    world.now += 7200;
    // etoegang case 16
    assert_eq!(refused(&world.refresh(2)), ErrorCode::InvalidGrant);
    let mut world = World::new();
    world.now = NOW + 7000;
    issued(world.refresh(1));
    let end = NOW - 600 + 4 * 3600;
    world.now = end - 1;
    let last = issued(world.refresh(2));
    assert_eq!(last.access_token.exp, end);
    world.now = end;
    // etoegang case 18
    assert_eq!(refused(&world.refresh(3)), ErrorCode::InvalidGrant);
    assert_eq!(world.ad.calls.len(), 2);
}

#[test]
fn etoegang_case_018_a_shorter_life_counts_for_families_that_are_there() {
    let mut world = World::new();
    let mut hm = (*world.hm).clone();
    hm.instellingen.familie_s = 600;
    world.hm = hm.into();
    // etoegang case 18
    ends(&mut world, &["ad-1"]);
    assert!(world.calls.is_empty());
}

#[test]
fn etoegang_case_020_another_app_ends_the_family() {
    let mut world = World::new();
    let run = world.begin("app-2", 1, None);
    let answer = world.finish(run);
    // etoegang case 20
    assert_eq!(refused(&answer), ErrorCode::InvalidGrant);
    assert_eq!(world.family(), None);
    assert_eq!(world.revocations(), ["ad-1"]);
    let last = world.events.last().expect("an event");
    assert_eq!(last.who, Actor::Party("app-2".into()));
}

#[test]
fn etoegang_case_021_a_spent_token_ends_the_family_and_the_session_at_the_ad() {
    let mut world = World::new();
    issued(world.refresh(1));
    // etoegang case 21
    assert_eq!(refused(&world.refresh(1)), ErrorCode::InvalidGrant);
    assert_eq!(refused(&world.refresh(2)), ErrorCode::InvalidGrant);
    assert_eq!(world.revocations(), ["ad-2"]);
    assert_eq!(world.family(), None);
}

#[test]
fn etoegang_case_022_every_invalid_grant_has_the_same_body() {
    let mut bodies = Vec::new();
    let mut tell = |answer: &TokenAnswer| match answer {
        TokenAnswer::Refused(refusal) => bodies.push(refusal.error.body().to_string()),
        other => panic!("expected a refusal, got {other:?}"),
    };
    let mut world = World::new();
    let run = world.begin("app-2", 1, None);
    tell(&world.finish(run));
    tell(&world.refresh(1));
    let mut world = World::new();
    issued(world.refresh(1));
    tell(&world.refresh(1));
    let mut world = World::new();
    world.mandates.clear();
    tell(&world.refresh(1));
    let mut world = World::new();
    world.ad.token = None;
    tell(&world.refresh(1));
    // etoegang case 22
    assert_eq!(bodies.len(), 5);
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn etoegang_case_032_and_034_a_wider_scope_and_an_app_that_may_not_spend_nothing() {
    let mut world = World::new();
    let wider = format!("{SCOPE} urn:etoegang:DV:00000001234567890000:services:2");
    let run = world.begin("app-1", 1, Some(&wider));
    let answer = world.finish(run);
    // etoegang case 32
    assert_eq!(refused(&answer), ErrorCode::InvalidScope);
    let run = world.begin("once", 1, None);
    let answer = world.finish(run);
    // etoegang case 34
    assert_eq!(refused(&answer), ErrorCode::UnauthorizedClient);
    assert_eq!(world.family(), Some(family()));
    issued(world.refresh(1));
}

#[test]
fn etoegang_case_035_of_two_at_once_one_wins_and_the_family_ends() {
    for first_steps in 0..12 {
        let mut world = World::new();
        let (mut one, mut other) = (world.begin("app-1", 1, None), world.begin("app-1", 1, None));
        let mut first = None;
        for _ in 0..first_steps {
            if first.is_none() {
                first = world.go(&mut one);
            }
        }
        let mut second = None;
        while first.is_none() || second.is_none() {
            if second.is_none() {
                second = world.go(&mut other);
            }
            if first.is_none() {
                first = world.go(&mut one);
            }
        }
        let answers = [first.expect("an answer"), second.expect("an answer")];
        let won = |answer: &&TokenAnswer| matches!(answer, TokenAnswer::Issued(_));
        // etoegang case 35
        assert_eq!(answers.iter().filter(won).count(), 1, "{first_steps}");
        let lost = answers
            .iter()
            .find(|answer| !won(answer))
            .expect("one lost");
        assert_eq!(refused(lost), ErrorCode::InvalidGrant);
        assert_eq!(world.family(), None);
        assert_eq!(world.ad.calls, ["ad-1"], "the AD is asked once");
        assert_eq!(world.revocations(), ["ad-2"]);
    }
}

#[test]
fn f18_a_refresh_waits_for_the_one_before_it_and_gives_up_in_the_end() {
    let mut world = World::new();
    let mut stuck = world.begin("app-1", 1, None);
    while stuck.commits == 0 {
        assert_eq!(world.go(&mut stuck), None);
    }
    let answer = world.refresh(1);
    // etoegang.md §4.8
    assert_eq!(later(&answer), 30);
    assert_eq!(world.generation(), Some(1));
    assert!(world.calls.is_empty());
    world.now += 30;
    issued(world.refresh(1));
}

// ── 9.3 The AD ──────────────────────────────────────────────────────────────────────────────────

#[test]
fn etoegang_case_036_and_037_what_the_ad_refuses_ends_the_family_and_asks_no_mr() {
    let mut world = World::new();
    world.ad.token = None;
    // etoegang cases 36 and 37
    ends(&mut world, &[]);
    assert_eq!(world.calls, ["AD"]);
}

#[test]
fn etoegang_case_038_and_039_and_043_an_ad_that_is_away_leaves_the_app_its_token() {
    let mut world = World::new();
    world.ad.fault = AdFault::Away;
    // etoegang cases 38, 39 and 43
    assert_eq!(later(&world.refresh(1)), 7);
    assert_eq!(world.family(), Some(family()), "the lease is given back");
    assert_eq!(world.calls, ["AD"]);
    world.ad.fault = AdFault::None;
    issued(world.refresh(1));
}

#[test]
fn f10b_an_answer_that_was_lost_is_asked_for_again_with_the_token_that_is_kept() {
    for repeats in [true, false] {
        let mut world = World::new();
        world.ad.repeats = repeats;
        world.ad.fault = AdFault::AnswerLost;
        assert_eq!(later(&world.refresh(1)), 5);
        world.ad.fault = AdFault::None;
        let answer = world.refresh(1);
        // etoegang.md §4.8
        assert_eq!(world.ad.calls, ["ad-1", "ad-1"]);
        if repeats {
            issued(answer);
        } else {
            assert_eq!(refused(&answer), ErrorCode::InvalidGrant);
            assert_eq!(world.family(), None);
        }
    }
}

#[test]
fn etoegang_case_040_and_044_an_answer_that_cannot_be_believed_is_a_502() {
    let mut world = World::new();
    world.ad.fault = AdFault::Broken;
    // etoegang cases 40 and 44
    assert!(matches!(world.refresh(1), TokenAnswer::Keten(_)));
    assert_eq!(world.family(), Some(family()));
    assert_eq!(world.calls, ["AD"]);
    let last = world.events.last().expect("an event");
    assert!(last.what.contains("look at"), "{}", last.what);
}

#[test]
fn etoegang_case_041_and_042_another_person_or_a_lower_level_ends_the_family() {
    for fault in [AdFault::OtherSub, AdFault::LowLevel] {
        let mut world = World::new();
        world.ad.fault = fault;
        // etoegang cases 41 and 42
        ends(&mut world, &["ad-2"]);
        assert_eq!(world.calls, ["AD"]);
    }
}

// ── 9.4 The MR ──────────────────────────────────────────────────────────────────────────────────

#[test]
fn etoegang_case_046_and_047_and_048_and_050_a_mandate_that_does_not_hold_ends_the_family() {
    let changes: [fn(&mut World); 4] = [
        |world| world.mandates[0].1.ingetrokken = Some(NOW - 1),
        |world| world.mandates[0].1.tot = NOW,
        |world| world.mandates[0].1.niveau = Niveau::Loa2,
        |world| world.mandates.clear(),
    ];
    for change in changes {
        let mut world = World::new();
        change(&mut world);
        // etoegang cases 46, 47, 48 and 50: what came in 9.3 is revoked
        ends(&mut world, &["ad-2"]);
    }
}

#[test]
fn etoegang_case_094_the_audit_log_says_who_asked_whom_what_and_why_and_names_nobody() {
    let mut world = World::new();
    world.mandates[0].1.ingetrokken = Some(NOW - 1);
    ends(&mut world, &["ad-2"]);
    let last = world.events.last().expect("an event").clone();
    // etoegang case 94
    assert_eq!(last.who, Actor::Party("app-1".into()));
    assert_eq!(last.outcome, Outcome::Refused);
    assert_eq!(last.what, "the MR does not permit the mandate any more");
    let detail = |name| last.details.get(name).map(String::as_str);
    assert_eq!(detail("service"), Some(family().service_id.as_str()));
    assert_eq!(detail("ad"), Some(family().ad.ad.as_str()));
    assert_eq!((detail("mr"), detail("mr2")), (Some(mr(2).as_str()), None));
    assert_eq!(detail("decision"), Some("not permitted"));
    assert_eq!(detail("transaction").map(str::len), Some(32));
    let all = format!("{:?}", world.events);
    let wie = family().vertegenwoordiging.expect("representation");
    let (sub, ad_sub) = (family().sub, family().ad.sub);
    let (person, org) = (wie.handelende.0, wie.vertegenwoordigde.waarde().to_owned());
    for secret in ["ad-1", "ad-2", &sub, &ad_sub, &person] {
        assert!(!all.contains(secret), "{secret}");
    }
    assert!(last.details.values().all(|value| *value != org));
}

#[test]
fn etoegang_case_094_what_the_mrs_said_is_told_whatever_it_was() {
    let decided = |change: fn(&mut World)| {
        let mut world = World::new();
        change(&mut world);
        world.refresh(1);
        let last = world.events.last().expect("an event");
        last.details.get("decision").cloned()
    };
    // etoegang case 94
    assert_eq!(decided(|_| {}).as_deref(), Some("permitted"));
    let unknown = decided(|world| world.mr_fault = MrFault::Away);
    assert_eq!(unknown.as_deref(), Some("unknown"));
    let broken = decided(|world| world.mr_fault = MrFault::Broken);
    assert_eq!(broken.as_deref(), Some("not to be believed"));
    assert_eq!(decided(|world| world.catalogus = None), None);
}

#[test]
fn etoegang_case_049_a_service_that_is_gone_asks_nobody() {
    let mut world = World::new();
    world.catalogus = None;
    // etoegang case 49
    ends(&mut world, &["ad-1"]);
    assert!(world.calls.is_empty());
}

#[test]
fn f6_and_f17_a_service_that_is_not_as_it_was_ends_the_family() {
    let changes: [fn(&mut World); 3] = [
        |world| {
            let service = world.catalogus.as_mut().expect("a service");
            service.classifiers.clear();
        },
        |world| world.catalogus.as_mut().expect("a service").niveau = Niveau::Loa4,
        |world| {
            let service = world.catalogus.as_mut().expect("a service");
            service.herkenningsmakelaars.clear();
        },
    ];
    for change in changes {
        let mut world = World::new();
        change(&mut world);
        // etoegang.md §4.8
        ends(&mut world, &["ad-1"]);
        assert!(world.calls.is_empty());
    }
    let low = Family {
        niveau: Niveau::Loa2,
        gevraagd: Some(Niveau::Loa2),
        ..family()
    };
    let mut world = World::with(&low);
    issued(world.refresh(1));
}

#[test]
fn etoegang_case_051_and_052_an_mr_that_does_not_know_gives_no_token_and_takes_none() {
    let mut world = World::new();
    world.mr_fault = MrFault::Away;
    // etoegang case 51
    assert_eq!(later(&world.refresh(1)), 5);
    assert_eq!(world.generation(), Some(1));
    world.mr_fault = MrFault::None;
    issued(world.refresh(1));
    // etoegang case 52
    assert_eq!(world.ad.calls, ["ad-1", "ad-2"]);
    assert!(world.revocations().is_empty());
}

#[test]
fn etoegang_case_053_an_mr_that_cannot_be_believed_is_a_502() {
    let mut world = World::new();
    world.mr_fault = MrFault::Broken;
    // etoegang case 53
    assert!(matches!(world.refresh(1), TokenAnswer::Keten(_)));
    assert_eq!(world.generation(), Some(1));
}

#[test]
fn etoegang_case_054_several_mandates_are_no_choice() {
    let mut unnamed = family();
    let wie = unnamed.vertegenwoordiging.as_mut().expect("representation");
    let mut link = schakel(2, "M1");
    link.machtiging = None;
    wie.keten = Keten::Enkel(link);
    let mut world = World::with(&unnamed);
    world.mandates.push(("M2".into(), machtiging()));
    // etoegang case 54
    ends(&mut world, &["ad-2"]);
}

#[test]
fn etoegang_case_055_and_056_a_chain_holds_as_long_as_both_mandates_do() {
    let (mut world, _) = chained();
    world.mandates[1].1.ingetrokken = Some(NOW - 1);
    // etoegang case 55
    ends(&mut world, &["ad-2"]);
    let (mut world, _) = chained();
    world.mr_fault = MrFault::Away;
    // etoegang case 56
    assert_eq!(later(&world.refresh(1)), 5);
    world.mandates[0].1.ingetrokken = Some(NOW - 1);
    assert_eq!(refused(&world.refresh(1)), ErrorCode::InvalidGrant);
    assert_eq!(world.family(), None, "one no is a no");
}

#[test]
fn etoegang_case_057_no_answer_carries_less_than_was_asked_for() {
    for step in 0..12 {
        let mut world = World::new();
        let mut run = world.begin("app-1", 1, None);
        let mut answer = None;
        for _ in 0..step {
            if answer.is_none() {
                answer = world.go(&mut run);
            }
        }
        world.mandates.clear();
        let answer = answer.unwrap_or_else(|| world.finish(run));
        // etoegang case 57
        if let TokenAnswer::Issued(issued) = answer {
            assert!(issued.access_token.represents.is_some());
        } else {
            assert_eq!(refused(&answer), ErrorCode::InvalidGrant);
        }
    }
}

// ── What happens meanwhile ──────────────────────────────────────────────────────────────────────

#[test]
fn a_family_that_is_ended_during_a_refresh_gives_no_token_and_leaves_no_session() {
    for step in 0..12 {
        let mut world = World::new();
        issued(world.refresh(1));
        let mut run = world.begin("app-1", 2, None);
        let mut answer = None;
        for _ in 0..step {
            if answer.is_none() {
                answer = world.go(&mut run);
            }
        }
        let is_done = answer.is_some();
        assert_eq!(refused(&world.refresh(1)), ErrorCode::InvalidGrant);
        assert_eq!(world.family(), None);
        let answer = answer.unwrap_or_else(|| world.finish(run));
        assert_eq!(matches!(answer, TokenAnswer::Issued(_)), is_done, "{step}");
        assert_eq!(world.family(), None);
        // RFC 9700 §4.14.2: whatever the AD gave last is revoked
        let newest = format!("ad-{}", world.ad.token.expect("a session"));
        assert!(world.revocations().contains(&newest), "{step}");
    }
}

#[test]
fn a_refresh_that_is_overtaken_gives_no_token_and_loses_none_of_the_ad() {
    let mut world = World::new();
    world.ad.repeats = true;
    let mut slow = world.begin("app-1", 1, None);
    while world.calls.is_empty() {
        assert_eq!(world.go(&mut slow), None);
    }
    world.now += 30;
    issued(world.refresh(1));
    let answer = world.finish(slow);
    // etoegang.md §4.8
    assert_eq!(later(&answer), 30);
    assert_eq!(world.generation(), Some(2));
    issued(world.refresh(2));
}
