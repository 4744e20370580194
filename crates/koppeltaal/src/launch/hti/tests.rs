use serde_json::json;

use super::super::testing::{MODULE, NOW, PORTAL, World, id, launch, launch_with};
use super::*;

#[test]
fn koppeltaal_case_083_a_good_launch_says_who_launches_what_for_whom() {
    let world = World::new();
    let hti = world.good_hti();
    assert_eq!(hti.context.sub.verwijzing().as_str(), "Patient/p");
    assert_eq!(hti.context.resource.as_str(), "Task/t");
    assert_eq!(
        hti.context.definition.as_deref(),
        Some("ActivityDefinition/a")
    );
    assert_eq!(hti.context.intent.as_deref(), Some("plan"));
    assert_eq!(hti.claims(), &launch());
    // koppeltaal.md §3.5
    assert_eq!(hti.trace().map(Spoor::as_str), launch()["jti"].as_str());
}

#[test]
fn koppeltaal_md_4_2_what_is_passed_on_is_never_interpreted() {
    let world = World::new();
    let url = "https://portal.example/fhir/ActivityDefinition/a|2";
    let hti = world.hti(&launch_with("definition", json!(url)));
    let hti = hti.expect("a canonical URL is as good");
    // koppeltaal.md §4.2
    assert_eq!(hti.context.definition.as_deref(), Some(url));
    let named = world.hti(&launch_with("hti-version", json!("2.0")));
    assert!(named.is_ok());
}

#[test]
fn koppeltaal_md_4_2_a_launch_that_breaks_a_rule_is_refused() {
    let world = World::new();
    let device = format!("Device/{MODULE}");
    for (name, value, requirement) in [
        ("task", json!({ "id": "Task/t" }), "koppeltaal.md §4.2"),
        ("hti-version", json!("1.1"), "koppeltaal.md §4.2"),
        (
            "aud",
            json!(format!("Device/{PORTAL}")),
            "koppeltaal case 98",
        ),
        ("aud", json!([device, "Device/x"]), "koppeltaal case 86"),
        ("exp", json!(NOW.unix() - 61), "koppeltaal case 98"),
        ("exp", json!(NOW.unix() + 301), "koppeltaal.md §4.2"),
        ("exp", json!(NOW.unix()), "koppeltaal.md §4.2"),
        ("exp", json!(NOW.unix() - 1), "koppeltaal.md §4.2"),
        ("iat", json!(NOW.unix() - 1), "koppeltaal.md §4.2"),
        ("iat", json!(i64::MIN), "koppeltaal.md §4.2"),
        ("iat", json!(NOW.unix() + 61), "koppeltaal case 98"),
        ("iat", json!(null), "koppeltaal case 98"),
        ("nbf", json!(NOW.unix() + 61), "koppeltaal case 98"),
        ("jti", json!(""), "koppeltaal.md §4.2"),
        ("jti", json!("x".repeat(257)), "koppeltaal.md §4.2"),
        ("sub", json!("Device/1"), "koppeltaal.md §4.2"),
        ("resource", json!("Patient/1"), "koppeltaal.md §4.2"),
        ("patient", json!("Practitioner/1"), "koppeltaal.md §4.2"),
        ("intent", json!(1), "koppeltaal.md §4.2"),
        ("definition", json!("x".repeat(257)), "koppeltaal.md §4.2"),
    ] {
        let refused = world.hti(&launch_with(name, value.clone()));
        let refused = refused.expect_err(name);
        assert_eq!(refused.requirement, requirement, "{name} {value}");
    }
}

#[test]
fn koppeltaal_md_4_2_a_claim_that_must_be_there_is_missed() {
    let world = World::new();
    for name in ["iat", "exp", "jti", "sub", "resource", "aud"] {
        let mut claims = launch();
        claims.as_object_mut().expect("claims").remove(name);
        // koppeltaal.md §4.2
        assert!(world.hti(&claims).is_err(), "{name}");
    }
}

#[test]
fn koppeltaal_case_098_a_launch_is_signed_by_an_approved_application_of_the_domain() {
    let world = World::new();
    let stranger = "33333333-3333-4333-8333-333333333333";
    assert!(world.hti(&launch_with("iss", json!(stranger))).is_err());
    assert!(world.hti(&launch_with("iss", json!("portaal"))).is_err());
    let other = World::new();
    let token = other.signed(&launch());
    let shown = Shown::read(&token).expect("a token");
    // koppeltaal case 98: a key of somebody else
    assert!(!shown.is_by_one_of(&world.keys));
    assert!(shown.prove(&world.keys, id(MODULE), NOW).is_err());
    assert!(Shown::read("abc").is_err());
}

#[test]
fn koppeltaal_case_088_two_portals_may_use_one_jti_and_one_portal_may_not() {
    let world = World::new();
    let first = world.good_hti().burn();
    assert_eq!(first.key, world.good_hti().burn().key);
    let other = world.hti(&launch_with("iss", json!(MODULE)));
    // koppeltaal case 88
    assert_ne!(first.key, other.expect("another portal").burn().key);
    let verdict::Then::Put { until, .. } = first.then else {
        panic!("expected a row");
    };
    assert!(until >= NOW.plus_s(300 + 60));
}
