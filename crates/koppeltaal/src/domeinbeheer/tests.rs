use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use verdict::{BadRow, Change, Clear, Moment, Record as _, Step, Then, Verdict};

use super::*;
use crate::domein::{ClientId, Domein};
use crate::domeinconfiguratie::{
    Applicatie, Domeinconfiguratie, Domeinkop, Fout, Kept, Regels, Status, read_rol,
};
use crate::permissie::{Bereik, Permissie};

const A: &str = "11111111-1111-4111-8111-111111111111";
const M: &str = "22222222-2222-4222-8222-222222222222";
const NOW: Moment = Moment::from_unix(1_800_000_000);

fn document() -> Value {
    json!({
        "schema_version": 1,
        "domain": "d1",
        "service": "99999999-9999-4999-8999-999999999999",
        "fhir": { "upstream": "https://fhir.example/d1" },
        "applications": [
            {
                "client_id": A, "name": "Portaal", "status": "approved",
                "jwks_uri": "https://portaal.example/jwks",
                "redirect_uris": ["https://portaal.example/terug"],
                "role": "Behandelaarsportaal"
            },
            {
                "client_id": M, "name": "Module", "status": "pending",
                "jwks_uri": "https://module.example/jwks"
            }
        ],
        "roles": { "Behandelaarsportaal": { "Task": { "create": "own", "read": "granted" } } },
        "identity_providers": [
            { "name": "inloggen", "issuer": "https://idp.example", "client_id": "koppeltaal" }
        ]
    })
}

fn read(document: &Value) -> Domeinconfiguratie {
    Domeinconfiguratie::read(document.to_string().as_bytes(), Regels::default()).expect("a domain")
}

fn domein() -> Domeinconfiguratie {
    read(&document())
}

fn id(text: &str) -> ClientId {
    ClientId::parse(text).expect("an id")
}

/// What the domain becomes by an edit.
fn after(bewerking: Bewerking) -> Result<Domeinconfiguratie, Fout> {
    let wordt = bewerking.op(Some(&domein()), Regels::default())?;
    Ok(wordt.expect("a domain"))
}

/// The lines of a plan that leads from the sample domain to what an edit makes of it.
fn lines(bewerking: Bewerking) -> Vec<String> {
    let wordt = after(bewerking).expect("a domain");
    let plan = Plan::tussen(Some(&domein()), Some(&wordt));
    plan.regels().map(|regel| regel.to_string()).collect()
}

#[test]
fn koppeltaal_case_031_an_application_is_let_in_and_put_out_by_its_status() {
    let approved = Bewerking::Status(id(M), Status::Approved);
    assert!(
        after(approved.clone())
            .expect("a domain")
            .approved(id(M))
            .is_some()
    );
    assert_eq!(
        lines(approved),
        [format!("~ application {M} status: pending -> approved")]
    );
    let rejected = after(Bewerking::Status(id(A), Status::Rejected)).expect("a domain");
    assert!(rejected.approved(id(A)).is_none());
}

#[test]
fn koppeltaal_case_044_no_edit_gives_create_on_what_is_anothers() {
    let fault = read_rol("Beheer", json!({ "Task": { "create": "all" } })).expect_err("refused");
    assert_eq!(fault.at, "Task.create");
    assert!(fault.why.starts_with("expected \"own\""), "{fault}");
    // Nor does one that was made without reading.
    let create_all = Permissie {
        bereik: Bereik::All,
        ..domein().rollen["Behandelaarsportaal"][0].clone()
    };
    let fault = after(Bewerking::RolZetten(
        "Behandelaarsportaal".into(),
        vec![create_all],
    ));
    assert_eq!(fault.expect_err("refused").at, "Task.create");
}

/// The sample domain, in which the portal was granted what `granted` others have.
fn granting(granted: usize) -> Domeinconfiguratie {
    let mut wide = document();
    let others = (0..granted).map(|at| format!("44444444-4444-4444-8444-{at:012}"));
    let others: Vec<String> = others.collect();
    wide["applications"][0]["granted"] = json!(others);
    let applications = wide["applications"].as_array_mut().expect("applications");
    applications.extend(others.iter().map(|id| {
        let jwks_uri = format!("https://{id}.example/jwks");
        json!({ "client_id": id, "name": "Module", "status": "pending", "jwks_uri": jwks_uri })
    }));
    read(&wide)
}

#[test]
fn koppeltaal_md_2_3_no_change_makes_a_scope_that_no_token_can_hold() {
    let becomes = |was: Option<&Domeinconfiguratie>, bewerking: Bewerking| {
        bewerking.op(was, Regels::default())
    };
    let (fits, wide) = (granting(200), granting(300));
    assert!(becomes(None, Bewerking::Geheel(Box::new(fits.clone()))).is_ok());
    // koppeltaal.md §2.3
    let fault = becomes(None, Bewerking::Geheel(Box::new(wide.clone()))).expect_err("refused");
    assert_eq!(fault.at, format!("applications {A} role"));
    assert!(fault.why.contains("make 2 scopes of 13"), "{fault}");
    // The same by a role that becomes wider.
    let types = ["Task", "Patient"].map(|name| (name, json!({ "read": "granted" })));
    let role = read_rol("Behandelaarsportaal", types.into_iter().collect()).expect("a role");
    let wider = Bewerking::RolZetten("Behandelaarsportaal".into(), role);
    assert!(becomes(Some(&fits), wider.clone()).is_err());
    assert!(becomes(Some(&wide), wider).is_err());
    // A row from before may change in everything else.
    let other = Bewerking::Status(id(M), Status::Approved);
    assert!(becomes(Some(&wide), other).is_ok());
    let none = Bewerking::Rol(id(A), None);
    assert!(becomes(Some(&wide), none).is_ok());
}

#[test]
fn rfc_3986_2_a_url_that_comes_into_a_domain_has_the_characters_of_a_uri() {
    for odd in [
        "https://module.example/jw\nks",
        " https://module.example/jwks",
        "https:\\\\module.example/jwks",
        "https://module.example/j w",
        "https://m\u{f6}dule.example/jwks",
        "https://module.example/{jwks}",
    ] {
        // RFC 3986 §2
        let fault = after(Bewerking::JwksUri(id(M), odd.into())).expect_err(odd);
        assert_eq!(fault.at, "jwks_uri", "{odd}");
        let fault = after(Bewerking::RedirectUriErbij(id(M), odd.into())).expect_err(odd);
        assert_eq!(fault.at, "redirect_uris", "{odd}");
        // A row from before is read, and its domain may change.
        let mut old = document();
        old["applications"][1]["jwks_uri"] = odd.into();
        let other = Bewerking::Status(id(M), Status::Approved);
        assert!(
            other.op(Some(&read(&old)), Regels::default()).is_ok(),
            "{odd}"
        );
    }
}

#[test]
fn koppeltaal_case_045_an_edit_gives_an_application_one_role_that_there_is() {
    let two = json!({ "role": ["Behandelaarsportaal", "Clientportaal"] });
    let module = &domein().applicaties[&id(M)];
    assert!(
        module
            .gepatcht(id(M), &two, Regels::default())
            .expect_err("refused")
            .why
            .contains("expected a string")
    );
    let other = Bewerking::Rol(id(M), Some("Clientportaal".into()));
    let fault = after(other).expect_err("refused");
    assert_eq!(
        fault.to_string(),
        "role: the domain has no role Clientportaal"
    );
    let known = Bewerking::Rol(id(M), Some("Behandelaarsportaal".into()));
    assert_eq!(
        lines(known),
        [format!("+ application {M} role: Behandelaarsportaal")]
    );
}

#[test]
fn koppeltaal_case_115_no_edit_takes_keys_without_tls() {
    let fault = after(Bewerking::JwksUri(
        id(M),
        "http://module.example/jwks".into(),
    ));
    let fault = fault.expect_err("refused");
    assert_eq!(fault.at, "jwks_uri");
    let said = json!({ "name": "Nieuw", "jwks_uri": "http://nieuw.example/jwks" });
    let fault = Applicatie::read(id(A), said, Regels::default()).expect_err("refused");
    assert_eq!(fault.at, "jwks_uri");
}

#[test]
fn an_edit_tells_the_place_of_its_fault_as_its_maker_knows_it() {
    // koppeltaal.md §1.2
    let taken = Bewerking::JwksUri(id(M), "https://portaal.example/jwks".into());
    let fault = after(taken).expect_err("refused");
    assert_eq!(
        fault.to_string(),
        "jwks_uri: another application has the same"
    );
    // The role goes, but an application has it: that is not the role's own member.
    let fault = after(Bewerking::RolEraf("Behandelaarsportaal".into())).expect_err("refused");
    assert_eq!(fault.at, format!("applications {A} role"));
    for (unknown, at) in [
        (Bewerking::ApplicatieEraf(id(&A.replace('1', "7"))), ""),
        (Bewerking::RolEraf("x".into()), ""),
        (Bewerking::IdpEraf("x".into()), ""),
        (
            Bewerking::StandaardIdp(Some("x".into())),
            "default_identity_provider",
        ),
    ] {
        assert_eq!(after(unknown).expect_err("refused").at, at);
    }
}

#[test]
fn a_patch_changes_what_it_says_and_takes_away_what_it_says_is_null() {
    let portaal = &domein().applicaties[&id(A)];
    let patch = json!({ "name": "Portaal 2", "role": null });
    let patched = portaal.gepatcht(id(A), &patch, Regels::default());
    let patched = patched.expect("an application");
    assert_eq!(
        patched,
        Applicatie {
            naam: "Portaal 2".into(),
            rol: None,
            ..portaal.clone()
        }
    );
    for (bad, at) in [
        (json!([]), ""),
        (json!({ "naam": "x" }), ""),
        (json!({ "client_id": M }), "client_id"),
        (json!({ "jwks_uri": null }), ""),
        (json!({ "name": "\u{7}" }), "name"),
    ] {
        let fault = portaal.gepatcht(id(A), &bad, Regels::default());
        assert_eq!(fault.expect_err("refused").at, at, "{bad}");
    }
}

#[test]
fn redirect_uris_come_and_go_one_by_one() {
    let one = "https://portaal.example/nog-een".to_owned();
    let more = after(Bewerking::RedirectUriErbij(id(A), one.clone())).expect("a domain");
    assert_eq!(more.applicaties[&id(A)].redirect_uris.len(), 2);
    let again = Bewerking::RedirectUriErbij(id(A), one.clone());
    let again = again.op(Some(&more), Regels::default()).expect("a domain");
    assert_eq!(again.as_ref(), Some(&more));
    let less = Bewerking::RedirectUriEraf(id(A), one).op(Some(&more), Regels::default());
    assert_eq!(less.expect("a domain"), Some(domein()));
}

#[test]
fn a_plan_is_read_line_by_line_and_steers_no_terminal() {
    let mut wordt = domein();
    wordt.applicaties.remove(&id(M));
    wordt.upstream = "https://fhir.example/d2".into();
    let task = read_rol("x", json!({ "Task": { "read": "all", "delete": "own" } }));
    wordt
        .rollen
        .insert("Behandelaarsportaal".into(), task.expect("a role"));
    wordt.rollen.insert("Leeg".into(), Vec::new());
    let idp = wordt.idps.get_mut("inloggen").expect("an IdP");
    idp.identifier_system = Some("urn:\u{1b}[31m".into());
    let plan = Plan::tussen(Some(&domein()), Some(&wordt)).to_string();
    let expected = [
        "~ domain fhir.upstream: https://fhir.example/d1 -> https://fhir.example/d2".to_owned(),
        "- role Behandelaarsportaal Task.create: own".to_owned(),
        "~ role Behandelaarsportaal Task.read: granted -> all".to_owned(),
        "+ role Behandelaarsportaal Task.delete: own".to_owned(),
        "+ role Leeg".to_owned(),
        "+ identity_provider inloggen identifier_system: urn:\u{FFFD}[31m".to_owned(),
        format!("- application {M}: Module"),
    ];
    assert_eq!(plan, expected.join("\n"));
    let all = Plan::tussen(None, Some(&domein())).to_string();
    assert!(all.starts_with("+ domain: fhir.upstream https://fhir.example/d1, service"));
    assert!(all.contains(&format!("+ application {A}: Portaal, approved, role")));
    assert_eq!(Plan::tussen(Some(&domein()), None).to_string(), "- domain");
}

// ── Changing ────────────────────────────────────────────────────────────────────────────────────

fn wijzigen(bewerking: Bewerking, verwacht: Verwacht) -> Wijzigen {
    Wijzigen {
        domein: Domein::parse("d1").expect("a domain"),
        bewerking,
        verwacht,
        wie: "jansen".into(),
        macht: Macht::Alles,
        regels: Regels::default(),
        now: NOW,
        nonce: [7; 8],
    }
}

fn decided(wijzigen: Wijzigen, nu: Option<&Nu>) -> Verdict<Gewijzigd> {
    match wijzigen.answer(nu) {
        Step::Done(verdict) => verdict,
        other => unreachable!("{other:?}"),
    }
}

fn nu(versie: u64) -> Nu {
    Nu {
        versie,
        domein: Some(domein()),
    }
}

fn logboek(changes: &[Change<Clear>]) -> Result<Option<Logboekregel>, BadRow> {
    let mut bodies = changes.iter().filter_map(|change| match &change.then {
        Then::Put { body, .. } if change.key.space() == Logboekregel::SPACE => Some(body),
        _ => None,
    });
    bodies.next().map(Logboekregel::from_body).transpose()
}

#[test]
fn a_change_is_kept_with_who_made_it_in_one_commit() {
    let approve = Bewerking::Status(id(M), Status::Approved);
    let verdict = decided(wijzigen(approve, Verwacht::Versie(4)), Some(&nu(4)));
    let Gewijzigd::Ja { versie, domein, .. } = &verdict.reply else {
        unreachable!("{:?}", verdict.reply)
    };
    assert_eq!(*versie, Some(5));
    assert!(domein.as_ref().expect("a domain").approved(id(M)).is_some());
    let spaces: Vec<_> = verdict.changes.iter().map(|c| c.key.space()).collect();
    assert_eq!(spaces, [Domeinkop::SPACE, Kept::SPACE, Logboekregel::SPACE]);
    let told = logboek(&verdict.changes).expect("a row").expect("a line");
    assert_eq!((told.wie.as_str(), told.versie), ("jansen", Some(5)));
    assert_eq!(
        told.regels[0].to_string(),
        format!("~ application {M} status: pending -> approved")
    );
    let [event] = &verdict.events[..] else {
        unreachable!("{:?}", verdict.events)
    };
    assert_eq!(event.what, "an application was approved");
    assert_eq!(event.who, verdict::Actor::Party("jansen (d1)".to_owned()));
}

#[test]
fn nobody_overwrites_what_another_did_meanwhile() {
    let edit = || Bewerking::Status(id(M), Status::Approved);
    let new = || Bewerking::Geheel(Box::new(domein()));
    for (bewerking, verwacht, is, expected) in [
        (
            edit(),
            Verwacht::Versie(4),
            Some(nu(5)),
            Gewijzigd::Anders { versie: Some(5) },
        ),
        (edit(), Verwacht::Versie(4), None, Gewijzigd::Onbekend),
        (
            new(),
            Verwacht::Nieuw,
            Some(nu(1)),
            Gewijzigd::Anders { versie: Some(1) },
        ),
    ] {
        let verdict = decided(wijzigen(bewerking, verwacht), is.as_ref());
        assert_eq!(verdict.reply, expected);
        assert!(verdict.changes.is_empty() && verdict.events.is_empty());
    }
}

#[test]
fn top_kt_018_who_administers_one_domain_does_not_say_where_its_data_are() {
    let with = |pointer: &str, value: &str| {
        let mut document = document();
        *document.pointer_mut(pointer).expect("a member") = json!(value);
        Bewerking::Geheel(Box::new(read(&document)))
    };
    let binnen = |bewerking, verwacht| Wijzigen {
        macht: Macht::Binnen,
        ..wijzigen(bewerking, verwacht)
    };
    // TOP-KT-018
    let upstream = with("/fhir/upstream", "https://fhir.example/d2");
    let service = with("/service", "88888888-8888-4888-8888-888888888888");
    let there = Some(nu(4));
    for (bewerking, verwacht, is, member) in [
        (upstream, Verwacht::Versie(4), &there, "fhir.upstream"),
        (service, Verwacht::Versie(4), &there, "service"),
        (with("/domain", "d1"), Verwacht::Nieuw, &None, "domain"),
        (Bewerking::Opheffen, Verwacht::Versie(4), &there, "domain"),
    ] {
        let verdict = decided(binnen(bewerking, verwacht), is.as_ref());
        assert_eq!(verdict.reply, Gewijzigd::NietAanHem(member));
        assert!(verdict.changes.is_empty() && verdict.events.is_empty());
    }
    let approve = Bewerking::Status(id(M), Status::Approved);
    let verdict = decided(binnen(approve, Verwacht::Versie(4)), there.as_ref());
    assert!(matches!(verdict.reply, Gewijzigd::Ja { .. }));
}

#[test]
fn what_is_as_it_was_wanted_is_not_written_again() {
    let same = Bewerking::Geheel(Box::new(domein()));
    let verdict = decided(wijzigen(same, Verwacht::Versie(4)), Some(&nu(4)));
    assert!(matches!(
        verdict.reply,
        Gewijzigd::Ja {
            versie: Some(4),
            ..
        }
    ));
    assert!(verdict.changes.is_empty() && verdict.events.is_empty());
}

#[test]
fn a_domain_comes_and_goes() {
    let new = Bewerking::Geheel(Box::new(domein()));
    let verdict = decided(wijzigen(new, Verwacht::Nieuw), None);
    assert!(matches!(
        verdict.reply,
        Gewijzigd::Ja {
            versie: Some(1),
            ..
        }
    ));
    let whats: Vec<_> = verdict.events.iter().map(|event| event.what).collect();
    assert!(whats.contains(&"a domain was made"), "{whats:?}");
    // Two applications, one line.
    let registered = |what: &&&str| **what == "an application was registered";
    assert_eq!(whats.iter().filter(registered).count(), 1);

    let verdict = decided(
        wijzigen(Bewerking::Opheffen, Verwacht::Versie(1)),
        Some(&nu(1)),
    );
    assert!(matches!(
        verdict.reply,
        Gewijzigd::Ja {
            versie: None,
            domein: None,
            ..
        }
    ));
    assert_eq!(verdict.events[0].what, "a domain was removed");
    // Nothing of the declaration stays, and nobody finds the domain by its index.
    for change in &verdict.changes[..2] {
        let Then::Put { body, .. } = &change.then else {
            unreachable!("{change:?}")
        };
        assert!(body.index.is_empty());
        assert!(!body.open.to_string().contains("Portaal"));
    }
}

#[test]
fn a_domain_that_comes_again_counts_on_so_that_nobody_takes_it_for_the_one_before() {
    let gone = Nu {
        versie: 7,
        domein: None,
    };
    let edit = Bewerking::Status(id(M), Status::Approved);
    let verdict = decided(wijzigen(edit, Verwacht::Versie(7)), Some(&gone));
    assert_eq!(verdict.reply, Gewijzigd::Onbekend);
    let new = Bewerking::Geheel(Box::new(domein()));
    let verdict = decided(wijzigen(new, Verwacht::Nieuw), Some(&gone));
    assert!(matches!(
        verdict.reply,
        Gewijzigd::Ja {
            versie: Some(8),
            ..
        }
    ));
    assert_eq!(verdict.changes[0].expect, verdict::Expect::Version(7));
}

#[test]
fn a_declaration_of_another_domain_changes_nothing() {
    let mut other = document();
    other["domain"] = json!("d2");
    for (verwacht, is) in [(Verwacht::Nieuw, None), (Verwacht::Versie(1), Some(nu(1)))] {
        let other = Bewerking::Geheel(Box::new(read(&other)));
        let verdict = decided(wijzigen(other, verwacht), is.as_ref());
        assert!(matches!(&verdict.reply, Gewijzigd::Fout(fout) if fout.at == "domain"));
        assert!(verdict.changes.is_empty());
    }
}

#[test]
fn the_log_of_a_domain_begins_with_its_newest_change_and_keeps_a_bounded_part_of_each() {
    let mut large = document();
    let many = (0..1_000).map(|n| {
        json!({
            "client_id": format!("{n:08x}-1111-4111-8111-111111111111"), "name": "x".repeat(90),
            "status": "pending", "jwks_uri": format!("https://{n}.example/{}", "x".repeat(500)),
        })
    });
    large["applications"] = many.collect();
    let large = read(&large);
    let plan = Plan::tussen(None, Some(&large));
    let told = Logboekregel::of(&plan, "jansen", Some(1), NOW);
    assert_eq!(
        told.regels.len() + told.weggelaten,
        plan.wijzigingen().len()
    );
    assert!(told.to_body().open.to_string().len() < 512 * 1024);
    let d1 = Domein::parse("d1").expect("a domain");
    let at = |unix: i64, versie| {
        let told = Logboekregel::of(&plan, "jansen", versie, Moment::from_unix(unix));
        told.toevoegen(&d1, [0; 8]).key
    };
    assert!(at(20, Some(3)) < at(20, Some(2)));
    assert!(at(20, Some(2)) < at(10, Some(9)));
}

#[test]
fn koppeltaal_case_117_the_device_of_an_application_has_its_client_id() {
    let domein = domein();
    let device = device_of(&domein, id(A), &domein.applicaties[&id(A)]);
    // TGB 004
    assert_eq!(device["id"], A);
    assert_eq!(device["identifier"][0]["value"], A);
    assert_eq!(device["status"], "active");
    assert_eq!(device["deviceName"][0]["name"], "Portaal");
    assert_eq!(
        device["extension"][0]["valueReference"]["reference"],
        "Device/99999999-9999-4999-8999-999999999999"
    );
    let pending = device_of(&domein, id(M), &domein.applicaties[&id(M)]);
    assert_eq!(pending["status"], "inactive");
}

#[test]
fn an_administration_key_is_for_its_domains_and_for_its_time() {
    let d1 = Domein::parse("d1").expect("a domain");
    let d2 = Domein::parse("d2").expect("a domain");
    let nieuw = |naam: &str, domeinen, life_s| Beheersleutel::nieuw(naam, domeinen, life_s, NOW);
    let deze = Domeinen::Deze([d1.clone()].into());
    let key = nieuw("jansen", deze, 3_600).expect("a key");
    assert!(key.is_voor(&d1) && !key.is_voor(&d2));
    assert_eq!(key.tot, NOW.unix() + 3_600);
    let change = key.toevoegen([1; 16]);
    let Then::Put { until, body } = change.then else {
        unreachable!("it is put")
    };
    assert_eq!(until.unix(), key.tot);
    assert_eq!(Beheersleutel::from_body(&body), Ok(key));
    let all = nieuw("jansen", Domeinen::Alle, SLEUTEL_S_MAX).expect("a key");
    assert!(all.is_voor(&d2));
    for (naam, domeinen, life_s, at) in [
        (" ", Domeinen::Alle, 1, "name"),
        ("x", Domeinen::Deze([].into()), 1, "domains"),
        ("x", Domeinen::Alle, 0, "life"),
        ("x", Domeinen::Alle, SLEUTEL_S_MAX + 1, "life"),
    ] {
        assert_eq!(nieuw(naam, domeinen, life_s).expect_err("refused").at, at);
    }
}

// ── Plans of any two domains ────────────────────────────────────────────────────────────────────

/// What a difference makes of a domain: the obvious reading of each.
fn apply(to: &mut Domeinconfiguratie, wijziging: &Wijziging) {
    match wijziging.clone() {
        Wijziging::DomeinErbij { .. } | Wijziging::DomeinEraf => {}
        Wijziging::Upstream(anders) => to.upstream = anders.wordt,
        Wijziging::Voorziening(anders) => to.voorziening = anders.wordt,
        Wijziging::StandaardIdp(anders) => to.standaard_idp = anders.wordt,
        Wijziging::RolErbij(naam) => {
            to.rollen.insert(naam, Vec::new());
        }
        Wijziging::RolEraf(naam) => {
            to.rollen.remove(&naam);
        }
        Wijziging::Permissie {
            rol,
            resource,
            actie,
            bereik,
        } => {
            let all = to.rollen.get_mut(&rol).expect("a role");
            all.retain(|p| (&p.resource, p.actie) != (&resource, actie));
            all.extend(bereik.wordt.map(|bereik| Permissie {
                resource,
                actie,
                bereik,
            }));
            all.sort();
        }
        Wijziging::IdpErbij(naam, idp) => {
            to.idps.insert(naam, *idp);
        }
        Wijziging::IdpEraf(naam) => {
            to.idps.remove(&naam);
        }
        Wijziging::Idp(naam, lid) => {
            let idp = to.idps.get_mut(&naam).expect("an IdP");
            match lid {
                IdpLid::Issuer(anders) => idp.issuer = anders.wordt,
                IdpLid::ClientId(anders) => idp.client_id = anders.wordt,
                IdpLid::Claim(anders) => idp.claim = anders.wordt,
                IdpLid::IdentifierSystem(anders) => idp.identifier_system = anders.wordt,
                IdpLid::ExtraScopes(anders) => idp.extra_scopes = anders.wordt,
            }
        }
        Wijziging::ApplicatieErbij(id, applicatie) => {
            to.applicaties.insert(id, *applicatie);
        }
        Wijziging::ApplicatieEraf(id, _) => {
            to.applicaties.remove(&id);
        }
        Wijziging::Applicatie(id, lid) => {
            let applicatie = to.applicaties.get_mut(&id).expect("an application");
            match lid {
                Lid::Naam(anders) => applicatie.naam = anders.wordt,
                Lid::Status(anders) => applicatie.status = anders.wordt,
                Lid::JwksUri(anders) => applicatie.jwks_uri = anders.wordt,
                Lid::RedirectUris(anders) => applicatie.redirect_uris = anders.wordt,
                Lid::Rol(anders) => applicatie.rol = anders.wordt,
                Lid::Granted(anders) => applicatie.granted = anders.wordt,
                Lid::Idps(soort, anders) => match anders.wordt {
                    Some(idps) => {
                        applicatie.idps.insert(soort, idps);
                    }
                    None => {
                        applicatie.idps.remove(&soort);
                    }
                },
            }
        }
    }
}

prop_compose! {
    /// Applications, roles and IdPs out of few, so that two domains often share some of them.
    fn domains()(
        upstream in 0..2_u8,
        applicaties in proptest::collection::btree_map(
            0..5_u8,
            (0..2_u8, 0..3_usize, 0..3_usize, proptest::option::of(0..3_u8), any::<[bool; 3]>()),
            0..5,
        ),
        rollen in proptest::collection::btree_map(
            0..3_u8,
            proptest::collection::btree_map(
                (prop_oneof!["Task", "Patient"], prop_oneof!["create", "read", "update", "delete"]),
                prop_oneof!["own", "granted", "all"],
                0..5,
            ),
            0..4,
        ),
        idps in proptest::collection::btree_map(0..3_u8, (0..2_u8, proptest::option::of("[a-z]{1,3}")), 0..4),
    ) -> Domeinconfiguratie {
        let mut roles: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>> = BTreeMap::new();
        for (rol, permissies) in &rollen {
            let of = roles.entry(format!("rol{rol}")).or_default();
            for ((resource, actie), bereik) in permissies {
                let bereik = if actie == "create" { "own" } else { bereik };
                let rights = of.entry(resource.clone()).or_default();
                rights.insert(actie.clone(), bereik.to_owned());
            }
        }
        let client_id = |n: &u8| format!("{n}1111111-1111-4111-8111-111111111111");
        let applications: Vec<Value> = applicaties
            .iter()
            .map(|(n, (name, status, uris, rol, [granted, idp, own_keys]))| {
                let rol = rol.map(|rol| format!("rol{rol}")).filter(|rol| roles.contains_key(rol));
                let granted: Vec<String> = if *granted { vec![client_id(n)] } else { Vec::new() };
                let named: Vec<String> = idps.keys().map(|idp| format!("idp{idp}")).collect();
                let kinds = if *idp { json!({ "Patient": named }) } else { json!({}) };
                let uris: Vec<String> = (0..*uris).map(|uri| format!("https://m.example/{uri}")).collect();
                let status = ["pending", "approved", "rejected"][*status];
                json!({
                    "client_id": client_id(n), "name": format!("naam {name}"),
                    "status": status,
                    "jwks_uri": format!("https://{n}.example/{own_keys}"),
                    "redirect_uris": uris, "role": rol, "granted": granted,
                    "identity_providers": kinds,
                })
            })
            .collect();
        let providers: Vec<Value> = idps
            .iter()
            .map(|(n, (issuer, system))| json!({
                "name": format!("idp{n}"), "issuer": format!("https://idp{issuer}.example"),
                "client_id": "kt", "identifier_system": system,
            }))
            .collect();
        read(&json!({
            "schema_version": 1, "domain": "d1",
            "service": "99999999-9999-4999-8999-999999999999",
            "fhir": { "upstream": format!("https://fhir{upstream}.example") },
            "applications": applications, "roles": roles, "identity_providers": providers,
            "default_identity_provider": idps.keys().next().map(|idp| format!("idp{idp}")),
        }))
    }
}

proptest! {
    #[test]
    fn a_plan_leads_from_the_one_domain_to_the_other(was in domains(), wordt in domains()) {
        let plan = Plan::tussen(Some(&was), Some(&wordt));
        let mut led = was.clone();
        for wijziging in plan.wijzigingen() {
            apply(&mut led, wijziging);
        }
        prop_assert_eq!(&led, &wordt);
        prop_assert_eq!(plan.is_leeg(), was == wordt);
        prop_assert!(Plan::tussen(Some(&wordt), Some(&wordt)).is_leeg());
        for regel in plan.regels() {
            prop_assert_eq!(regel.to_string().lines().count(), 1);
        }
    }

    #[test]
    fn a_new_domain_is_its_whole_plan(wordt in domains()) {
        let plan = Plan::tussen(None, Some(&wordt));
        let mut led = Domeinconfiguratie {
            applicaties: BTreeMap::new(),
            rollen: BTreeMap::new(),
            idps: BTreeMap::new(),
            standaard_idp: None,
            ..wordt.clone()
        };
        for wijziging in plan.wijzigingen() {
            apply(&mut led, wijziging);
        }
        prop_assert_eq!(led, wordt);
    }

    #[test]
    fn any_patch_makes_an_application_or_a_fault(patch in "\\PC{0,40}", member in "[a-z_]{0,12}") {
        let portaal = &domein().applicaties[&id(A)];
        let patch = json!({ member: patch });
        if let Ok(patched) = portaal.gepatcht(id(A), &patch, Regels::default()) {
            let edit = Bewerking::Applicatie(id(A), Box::new(patched));
            let _ = after(edit);
        }
    }
}
