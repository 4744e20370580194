use super::*;
use crate::attribuut::{COMPANY_NAME, VAN_PERSONEN};
use crate::testing::{NOW, attributen, check, kvk, machtiging};
use verdict::Then;

fn now() -> Moment {
    Moment::from_unix(NOW)
}

fn decide(found: &[(&str, Machtiging)], check: &MandateCheck) -> Besluit {
    let found: Vec<(String, Machtiging)> = found
        .iter()
        .map(|(id, machtiging)| ((*id).to_owned(), machtiging.clone()))
        .collect();
    let machtigingen = Machtigingen {
        gevonden: &found,
        dienst_bestaat: true,
    };
    machtigingen.besluit(check, now())
}

#[test]
fn guc9_9_4_the_same_mandate_is_permitted_at_the_level_that_it_has() {
    // GUC9 9.4
    let besluit = decide(&[("M1", machtiging())], &check());
    let permit = Besluit::Permit {
        machtiging: "M1".into(),
        niveau_gebruikt: Betrouwbaarheidsniveau::Loa3,
    };
    assert_eq!(besluit, permit);
}

#[test]
fn etoegang_case_046_and_047_and_048_withdrawn_over_and_too_low_are_denied() {
    let denied = |change: fn(&mut Machtiging)| {
        let mut changed = machtiging();
        change(&mut changed);
        decide(&[("M1", changed)], &check())
    };
    // etoegang cases 46, 47 and 48
    let withdrawn = denied(|m| m.ingetrokken = Some(NOW - 1));
    assert_eq!(withdrawn, Besluit::Deny(Reden::Ingetrokken));
    assert_eq!(denied(|m| m.tot = NOW), Besluit::Deny(Reden::NietGeldig));
    assert!(matches!(
        denied(|m| m.tot = NOW + 1),
        Besluit::Permit { .. }
    ));
    assert_eq!(
        denied(|m| m.van = NOW + 1),
        Besluit::Deny(Reden::NietGeldig)
    );
    let low = denied(|m| m.niveau = Betrouwbaarheidsniveau::Loa2Plus);
    assert_eq!(low, Besluit::Deny(Reden::NiveauTeLaag));
    let branch = denied(|m| m.beperking = Vestigingsnr::parse("000012345678").ok());
    assert_eq!(branch, Besluit::Deny(Reden::AndereBeperking));
}

#[test]
fn etoegang_case_050_another_mandate_of_the_same_person_is_not_the_same_mandate() {
    let other = |change: fn(&mut Machtiging)| {
        let mut changed = machtiging();
        change(&mut changed);
        decide(&[("M1", changed)], &check())
    };
    let unknown = Besluit::NotApplicable(Reden::Onbekend);
    // etoegang case 50
    assert_eq!(decide(&[("M2", machtiging())], &check()), unknown);
    assert_eq!(decide(&[], &check()), unknown);
    assert_eq!(other(|m| m.vertegenwoordigde = kvk("87654321")), unknown);
    let organisation = other(|m| m.gemachtigde = Gemachtigde::Organisatie(kvk("11111111")));
    assert_eq!(organisation, unknown);
    let gone = Machtigingen {
        gevonden: &[("M1".to_owned(), machtiging())],
        dienst_bestaat: false,
    };
    let dienst_weg = Besluit::NotApplicable(Reden::DienstWeg);
    assert_eq!(gone.besluit(&check(), now()), dienst_weg);
}

#[test]
fn etoegang_case_054_several_mandates_without_a_reference_are_no_choice_for_a_machine() {
    let mut asked = check();
    asked.machtiging = None;
    let two = [("M1", machtiging()), ("M2", machtiging())];
    // etoegang case 54
    assert_eq!(
        decide(&two, &asked),
        Besluit::NotApplicable(Reden::Meerdere)
    );
    assert!(matches!(decide(&two[..1], &asked), Besluit::Permit { .. }));
    assert!(matches!(decide(&two, &check()), Besluit::Permit { .. }));
}

#[test]
fn a_mandate_is_registered_for_five_years_at_most_and_kept_for_seven_more() {
    let register = |change: fn(&mut Machtiging)| {
        let mut changed = machtiging();
        change(&mut changed);
        changed.registreren("M1", "jansen", now())
    };
    let change = register(|m| m.tot = m.van + i64::from(GELDIG_S_MAX)).expect("five years");
    assert_eq!(
        (change.key, change.expect),
        (Machtiging::key("M1"), Expect::Absent)
    );
    let Then::Put { until, body } = change.then else {
        panic!("a row");
    };
    let read = Machtiging::from_body(&body).expect("a row");
    assert_eq!(until, Moment::from_unix(read.tot).plus_s(BEWAARD_S));
    assert!(!body.open.to_string().contains("12345678"));
    assert_eq!(
        read.verloop,
        [Handeling {
            wat: Wat::Geregistreerd,
            wanneer: NOW,
            wie: "jansen".to_owned()
        }]
    );
    // etoegang.md §3
    let refused = |change| register(change).map(|_| ()).expect_err("refused");
    let long = refused(|m| m.tot = m.van + i64::from(GELDIG_S_MAX) + 1);
    assert_eq!(long, Weigering::TeLang);
    assert_eq!(refused(|m| m.tot = m.van), Weigering::Voorbij);
    assert_eq!(refused(|m| m.tot = NOW), Weigering::Voorbij);
    let own = refused(|m| m.gemachtigde = Gemachtigde::Organisatie(kvk("12345678")));
    assert_eq!(own, Weigering::Zelf);
    let rsin = refused(|m| {
        let rsin = Kenmerk::parse(Soort::Rsin, "123456789").expect("nine digits");
        m.gemachtigde = Gemachtigde::Organisatie(rsin);
    });
    assert_eq!(rsin, Weigering::Tussenpersoon);
}

#[test]
fn a_withdrawal_is_one_row_and_happens_once() {
    let stored = Stored {
        version: 3,
        until: now().plus_s(60),
        value: machtiging(),
    };
    let change = Machtiging::intrekken(stored.clone(), "M1", "pietersen", now()).expect("a change");
    assert_eq!(change.expect, Expect::Version(3));
    let Then::Put { body, .. } = change.then else {
        panic!("a row");
    };
    let withdrawn = Machtiging::from_body(&body).expect("a row");
    assert_eq!(withdrawn.ingetrokken, Some(NOW));
    let done = withdrawn.verloop.last().expect("who did it");
    assert_eq!(
        (done.wat, done.wanneer, done.wie.as_str()),
        (Wat::Ingetrokken, NOW, "pietersen")
    );
    let again = Stored {
        value: withdrawn,
        ..stored
    };
    assert!(Machtiging::intrekken(again, "M1", "pietersen", now()).is_none());
}

#[test]
fn etoegang_md_5_4_a_mandate_knows_who_is_represented_and_keeps_it_sealed() {
    let known = |urn| Machtiging {
        attributen: attributen(&[(urn, "Bakkerij")]),
        ..machtiging()
    };
    let refused = known(VAN_PERSONEN[0]).registreren("M1", "jansen", now());
    assert_eq!(refused.map(|_| ()), Err(Weigering::Attributen));
    let change = known(COMPANY_NAME).registreren("M1", "jansen", now());
    let Then::Put { body, .. } = change.expect("registered").then else {
        panic!("a row");
    };
    assert!(!body.open.to_string().contains("Bakkerij"));
    let read = Machtiging::from_body(&body).expect("a mandate");
    assert_eq!(read.attributen, known(COMPANY_NAME).attributen);
}
