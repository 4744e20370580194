use verdict::Then;

use super::*;
use crate::attribuut::{Attributen, COMPANY_NAME};
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::testing::{NOW, attributen, attribuutnaam, dienst, hm, kvk};

const ID: [u8; 16] = [5; 16];

fn now() -> Moment {
    Moment::from_unix(NOW)
}

fn vraag() -> Vraag {
    Vraag {
        query_id: "q1".into(),
        gemachtigde: InternPseudoniem("een-intern-pseudoniem".into()),
        service_id: dienst().service_id,
        service_uuid: dienst().service_uuid,
        niveau_vereist: Betrouwbaarheidsniveau::Loa3,
        attributen: vec![attribuutnaam(COMPANY_NAME)],
        redirect_uri: "https://hm.test/etd/1.13/mr/1".into(),
        state: "s1".into(),
    }
}

fn stored(gekozen: Option<Gekozen>) -> Stored<Vraagstelling> {
    Stored {
        version: 4,
        until: now().plus_s(60),
        value: Vraagstelling {
            hm: hm().entity,
            vraag: vraag(),
            gekozen,
        },
    }
}

fn mogelijk() -> Mogelijkheid {
    Mogelijkheid {
        vertegenwoordigde: kvk("12345678"),
        beperking: None,
        machtiging: "M1".into(),
        via: Some((kvk("87654321"), "M2".into())),
        niveau: Betrouwbaarheidsniveau::Loa3,
        van_vertegenwoordigde: attributen(&[(COMPANY_NAME, "Bakkerij")]),
        van_tussenpersoon: Attributen::default(),
    }
}

fn choose(
    found: Option<Stored<Vraagstelling>>,
    kan: &[Mogelijkheid],
    beslissing: Beslissing,
) -> (Kiezen, Vec<Change<Clear>>) {
    match Vraagstelling::kiezen(ID, found, kan, beslissing, now()) {
        Step::Done(verdict) => (verdict.reply, verdict.changes),
        _ => panic!("a choice is one step"),
    }
}

fn row(change: &Change<Clear>) -> Vraagstelling {
    match &change.then {
        Then::Put { body, .. } => Vraagstelling::from_body(body).expect("a row"),
        other => panic!("expected a row, got {other:?}"),
    }
}

#[test]
fn a_question_waits_with_its_person_sealed() {
    let verdict = Vraagstelling::ontvangen(hm().entity, vraag(), &Entropy::new([1; 32]), now());
    let change = &verdict.changes[0];
    assert_eq!(change.key, Vraagstelling::key(verdict.reply.id));
    assert_eq!(row(change), stored(None).value);
    let Then::Put { body, until } = &change.then else {
        panic!("a row");
    };
    assert_eq!(*until, now().plus_s(900));
    assert!(!body.open.to_string().contains("pseudoniem"));
}

#[test]
fn guc4_a_person_chooses_once_and_only_what_there_is() {
    let gekozen = Gekozen::of(&mogelijk());
    let (reply, changes) = choose(
        Some(stored(None)),
        &[mogelijk()],
        Beslissing::Kies(gekozen.clone()),
    );
    let handle = Handle {
        id: ID,
        generation: 1,
    };
    // etoegang.md §2.1
    assert_eq!(reply, Kiezen::Gekozen(vraag(), handle));
    assert_eq!(row(&changes[0]).gekozen, Some(gekozen.clone()));
    for (found, kan, expected) in [
        (
            Some(stored(Some(gekozen.clone()))),
            vec![mogelijk()],
            Kiezen::Voorbij,
        ),
        (None, vec![mogelijk()], Kiezen::Voorbij),
        (Some(stored(None)), vec![], Kiezen::NietMogelijk),
        (
            Some(stored(None)),
            vec![Mogelijkheid {
                via: None,
                ..mogelijk()
            }],
            Kiezen::NietMogelijk,
        ),
    ] {
        let (reply, changes) = choose(found, &kan, Beslissing::Kies(gekozen.clone()));
        assert_eq!((reply, changes.len()), (expected, 0));
    }
}

#[test]
fn etoegang_case_071_who_has_no_mandate_goes_back_without_a_number() {
    // etoegang case 71
    let (reply, changes) = choose(Some(stored(None)), &[], Beslissing::Stop);
    assert_eq!(reply, Kiezen::Zonder(vraag(), Geen::Machtiging));
    assert!(matches!(changes[0].then, Then::Remove));
    let (reply, _) = choose(Some(stored(None)), &[mogelijk()], Beslissing::Stop);
    assert_eq!(reply, Kiezen::Zonder(vraag(), Geen::Geannuleerd));
}

/// Fetches the declaration as this HM, while the person can choose from `kan`.
fn fetch(
    found: Option<&Stored<Vraagstelling>>,
    by: &EntityId,
    kan: &[Mogelijkheid],
) -> (Opgehaald, Vec<Change<Clear>>) {
    let handle = Handle {
        id: ID,
        generation: 1,
    };
    let mut step = Vraagstelling::ophalen(Some(handle));
    loop {
        step = match step {
            Step::Ask(Ophaalvraag::Vraagstelling(_)) => Vraagstelling::gevonden(found.cloned(), by),
            Step::Ask(Ophaalvraag::Mogelijkheden(found)) => {
                Vraagstelling::nog_mogelijk(ID, *found, kan.to_vec())
            }
            Step::Ask(Ophaalvraag::Pseudoniem(vraag)) => {
                vraag.answer(None, &Organisaties::new(), &Entropy::new([2; 32]), now())
            }
            Step::Done(verdict) => return (verdict.reply, verdict.changes),
            Step::Save { .. } => panic!("a declaration is one commit"),
        };
    }
}

#[test]
fn a_declaration_is_given_once_to_its_own_hm_while_the_mandate_holds() {
    let (chosen, open) = (stored(Some(Gekozen::of(&mogelijk()))), stored(None));
    let hm = hm().entity;
    let (reply, changes) = fetch(Some(&chosen), &hm, &[mogelijk()]);
    let Opgehaald::Verklaard(verklaring) = reply else {
        panic!("a declaration");
    };
    assert_eq!(verklaring.vertegenwoordigde, kvk("12345678"));
    assert_eq!(verklaring.via, mogelijk().via);
    assert_eq!(verklaring.attributen, mogelijk().van_vertegenwoordigde);
    let is_spent = |change: &Change<Clear>| {
        change.key == Vraagstelling::key(ID) && matches!(change.then, Then::Remove)
    };
    assert!(changes.iter().any(is_spent));
    assert_eq!(changes.len(), 2, "the number is spent, the pseudonym kept");
    let nothing = |(reply, changes): (Opgehaald, Vec<Change<Clear>>)| {
        assert_eq!(reply, Opgehaald::Niets);
        changes.len()
    };
    // etoegang.md §4.7
    assert_eq!(
        nothing(fetch(Some(&chosen), &crate::testing::mr(), &[mogelijk()])),
        0
    );
    assert_eq!(nothing(fetch(Some(&open), &hm, &[mogelijk()])), 0);
    assert_eq!(nothing(fetch(None, &hm, &[mogelijk()])), 0);
    assert_eq!(nothing(fetch(Some(&chosen), &hm, &[])), 1);
    assert!(matches!(Vraagstelling::ophalen(None), Step::Done(_)));
}
