use proptest::prelude::*;

use super::*;

const OWN: ClientId = ClientId::of([1; 16]);
const M: ClientId = ClientId::of([2; 16]);
const N: ClientId = ClientId::of([3; 16]);

fn may(resource: &str, acties: &[Actie], bereik: Bereik) -> Vec<Permissie> {
    let resource = ResourceType::parse(resource).expect("a type");
    let one = |actie: &Actie| Permissie {
        resource: resource.clone(),
        actie: *actie,
        bereik,
    };
    acties.iter().map(one).collect()
}

fn text(permissies: &[Permissie], granted: &[ClientId]) -> String {
    Scopes::of_role(permissies, OWN, granted).to_string()
}

#[test]
fn koppeltaal_case_037_and_038_and_039_and_040_and_041_and_042_a_role_is_written_as_scopes() {
    use Actie::{Create, Delete, Read, Update};
    // koppeltaal case 37
    let all = may("Patient", &[Read], Bereik::All);
    assert_eq!(text(&all, &[]), "system/Patient.rs");
    // koppeltaal case 38
    let own = may("RelatedPerson", &[Create, Read, Update], Bereik::Own);
    let expected = format!("system/RelatedPerson.crus?resource-origin=Device/{OWN}");
    assert_eq!(text(&own, &[]), expected);
    // koppeltaal case 39
    let granted = may("Task", &[Read], Bereik::Granted);
    let expected = format!("system/Task.rs?resource-origin=Device/{M}");
    assert_eq!(text(&granted, &[M]), expected);
    // koppeltaal case 40
    let expected = format!("system/Task.rs?resource-origin=Device/{M},Device/{N}");
    assert_eq!(text(&granted, &[M, N]), expected);
    // koppeltaal case 41
    assert_eq!(text(&granted, &[]), "");
    // koppeltaal case 42
    let delete = may("Patient", &[Delete], Bereik::All);
    assert_eq!(text(&delete, &[]), "system/Patient.d");
}

#[test]
fn each_granted_action_stands_for_itself_and_own_ones_stand_together() {
    use Actie::{Create, Read, Update};
    let mut role = may("Task", &[Create], Bereik::Own);
    role.extend(may("Task", &[Read, Update], Bereik::Granted));
    let of = |device| format!("?resource-origin=Device/{device}");
    // koppeltaal.md §2.3
    let scopes = Scopes::of_role(&role, OWN, &[M]);
    let mut texts: Vec<String> = scopes.iter().map(ToString::to_string).collect();
    texts.sort();
    let expected = [
        format!("system/Task.c{}", of(OWN)),
        format!("system/Task.rs{}", of(M)),
        format!("system/Task.u{}", of(M)),
    ];
    assert_eq!(texts, expected);
}

#[test]
fn what_is_no_scope_of_koppeltaal_is_refused_whole() {
    // koppeltaal.md §2.3
    for bad in [
        "system/Patient.",
        "system/Patient.sr",
        "system/Patient.rr",
        "system/Patient.x",
        "system/.r",
        "system/patient.r",
        "patient/Patient.rs",
        "Patient.rs",
        "system/Patient.rs?",
        "system/Patient.rs?resource-origin=",
        "system/Patient.rs?resource-origin=Patient/1",
        "system/Patient.rs?resource-origin=Device/1",
        "system/Patient.rs?_id=1",
        "system/Patient.rs?resource-origin=Device/01010101-0101-0101-0101-010101010101&x=1",
        "12/Patient.create",
        "openid",
        "system/Patient.rs openid",
    ] {
        assert_eq!(Scopes::parse(bad), Err(NotScopes), "{bad}");
    }
    assert_eq!(Scopes::parse(""), Ok(Scopes::default()));
}

#[test]
fn smart_s_old_words_mean_the_new_letters() {
    // koppeltaal.md §7.1
    let meaning = |text| Scopes::parse(text).map(|scopes| scopes.to_string());
    assert_eq!(meaning("system/Task.read"), Ok("system/Task.rs".into()));
    assert_eq!(meaning("system/Task.write"), Ok("system/Task.cud".into()));
    assert_eq!(meaning("system/*.*"), Ok("system/*.cruds".into()));
}

#[test]
fn koppeltaal_case_011_what_is_asked_narrows_what_is_allowed() {
    let allowed =
        format!("system/Patient.rs system/Task.crus?resource-origin=Device/{OWN},Device/{M}");
    let allowed = Scopes::parse(&allowed).expect("scopes");
    let both = |asked: &str| {
        let asked = Scopes::parse(asked).expect("scopes");
        allowed.narrowed_to(&asked).to_string()
    };
    // koppeltaal case 11
    assert_eq!(both("system/Patient.rs"), "system/Patient.rs");
    assert_eq!(both("system/Patient.r"), "system/Patient.r");
    assert_eq!(both("system/Patient.cruds"), "system/Patient.rs");
    assert_eq!(both("system/*.cruds"), allowed.to_string());
    assert_eq!(both("system/Organization.d"), "");
    let narrowed = format!("system/Task.r?resource-origin=Device/{M}");
    assert_eq!(both(&narrowed), narrowed);
    assert_eq!(
        both(&format!("system/Task.r?resource-origin=Device/{N}")),
        ""
    );
}

fn origins() -> impl Strategy<Value = Origins> {
    let owners = prop::collection::vec(prop::sample::select(&[OWN, M, N][..]), 0..4);
    owners.prop_map(|owners| Origins::of(&owners).unwrap_or(Origins::All))
}

fn scope() -> impl Strategy<Value = Scope> {
    let resource = prop::sample::select(&["*", "Patient", "Task"][..]);
    (resource, 1_u8..32, origins()).prop_map(|(resource, actions, origins)| Scope {
        resource: ResourceType::parse(resource).map_or(Resource::Any, Resource::Of),
        actions: Actions(actions),
        origins,
    })
}

fn scopes() -> impl Strategy<Value = Scopes> {
    prop::collection::vec(scope(), 0..5).prop_map(Scopes)
}

fn allows(scopes: &Scopes, resource: &str, action: Actions, owner: Option<ClientId>) -> bool {
    let mut fitting = scopes.allowing(resource, action);
    fitting.any(|scope| scope.origins.contain(owner))
}

proptest! {
    #[test]
    fn what_is_written_reads_back(scopes in scopes()) {
        prop_assert_eq!(Scopes::parse(&scopes.to_string()), Ok(scopes));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[a-z/*.?=,A-Z -]{0,60}") {
        if let Ok(scopes) = Scopes::parse(&text) {
            prop_assert_eq!(Scopes::parse(&scopes.to_string()), Ok(scopes));
        }
    }

    #[test]
    fn narrowed_scopes_allow_what_both_do_and_nothing_else(
        one in scopes(),
        two in scopes(),
        bit in 0_u8..5,
        owner in prop::sample::select(&[None, Some(OWN), Some(M), Some(N)][..]),
        resource in prop::sample::select(&["Patient", "Task", "Device"][..]),
    ) {
        let action = Actions(1 << bit);
        let both = allows(&one, resource, action, owner) && allows(&two, resource, action, owner);
        prop_assert_eq!(allows(&one.narrowed_to(&two), resource, action, owner), both);
    }
}

#[test]
fn koppeltaal_md_2_3_scopes_that_no_token_can_hold_have_no_text() {
    let of_bytes = |bytes: usize| {
        let fixed = "system/Task.r?resource-origin=".len();
        let device = OWN.device().len() + 1;
        Scopes(vec![Scope {
            resource: Resource::Of(ResourceType::parse("Task").expect("a type")),
            actions: Actions::READ,
            origins: Origins::Of(vec![OWN; (bytes - fixed) / device]),
        }])
    };
    let longest = of_bytes(SCOPE_BYTES_MAX);
    assert_eq!(longest.text(), Ok(longest.to_string()));
    // koppeltaal.md §2.3
    let long = of_bytes(SCOPE_BYTES_MAX + 50);
    let bytes = long.to_string().len();
    assert_eq!(long.text(), Err(TooLong { scopes: 1, bytes }));
    let one = Scopes::parse("system/Task.r").expect("scopes").0;
    let many = Scopes([&one[..]; SCOPES_MAX + 1].concat());
    assert!(many.text().is_err());
    assert_eq!(Scopes::parse(&many.to_string()), Err(NotScopes));
}
