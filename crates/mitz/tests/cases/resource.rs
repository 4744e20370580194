//! Steps 29 and 30: the granted gegevensdiensten of the person behind the token, and nothing else.

use mitz::dva::resource::ResourceAnswer;
use mitz::locatietoken::BSN_SYSTEM;
use protocol::bearer::BearerRefusal;
use protocol::token_exchange::{GRANT_TYPE, ID_TOKEN_TYPE};
use serde_json::{Value, json};
use verdict::Actor;

use crate::world::{
    ANDERE_PGO, Asked, BAKKER, JANSEN, OOST, PGO, WEST, WEST_NAAM, World, certificate, granted, ja,
    om_te_delen, refused,
};

const INVALID: ResourceAnswer = ResourceAnswer::Refused(BearerRefusal::InvalidToken);
const BEYOND: ResourceAnswer = ResourceAnswer::Refused(BearerRefusal::InsufficientScope);

/// An access token of the DVA for [`WEST`] and this scope.
fn access_token(world: &World, person: &str, scope: &str) -> String {
    let token = world.located(PGO, person, vec![ja(WEST)], WEST);
    let issued = world
        .exchange(PGO, &token, WEST_NAAM, scope)
        .expect("issued");
    world.asked();
    world.at_dva.told();
    issued["access_token"].as_str().expect("a token").to_owned()
}

/// The request for conditions at [`WEST`].
fn conditions(access_token: &str) -> Asked<'_> {
    Asked {
        client: PGO,
        access_token,
        aanbieder: WEST,
        dienst: "51",
        kind: "Condition",
        query: "",
    }
}

/// The ids in an answer with data.
fn ids(answer: ResourceAnswer) -> Vec<Value> {
    let ResourceAnswer::Data(bundle) = answer else {
        unreachable!("{answer:?}");
    };
    bundle
        .resources
        .into_iter()
        .map(|resource| resource["id"].clone())
        .collect()
}

#[test]
fn mitz_case_053_a_granted_gegevensdienst_brings_data() {
    let world = World::new();
    let token = access_token(&world, JANSEN, "51 52");
    let before = world.at_dva.rows();
    assert_eq!(ids(world.resource(&conditions(&token))), ["c1"]);
    assert_eq!(world.at_dva.told(), [granted("seed 000 step 30")]);
    assert_eq!(world.at_dva.last_event().who, Actor::Party(PGO.to_owned()));
    assert!(before == world.at_dva.rows(), "reading changes nothing");
    let results = Asked {
        dienst: "52",
        kind: "Observation",
        ..conditions(&token)
    };
    assert_eq!(ids(world.resource(&results)), ["o1"], "laboratory only");
    let none_left = Asked {
        query: "category=vital-signs",
        ..results
    };
    assert!(
        ids(world.resource(&none_left)).is_empty(),
        "a client narrows and never replaces"
    );
}

#[test]
fn mitz_case_053_the_data_are_those_of_the_person_behind_the_token() {
    let world = World::new();
    {
        let mut outside = world.outside.borrow_mut();
        let dossier = outside.dossiers.get_mut(&(WEST, BAKKER)).expect("known");
        dossier.resources = vec![json!({"resourceType": "Condition", "id": "c2"})];
    }
    let (mine, theirs) = (
        access_token(&world, JANSEN, "51"),
        access_token(&world, BAKKER, "51"),
    );
    assert_eq!(ids(world.resource(&conditions(&mine))), ["c1"]);
    assert_eq!(ids(world.resource(&conditions(&theirs))), ["c2"]);
}

#[test]
fn mitz_case_051_a_token_to_share_reads_nothing() {
    let world = World::new();
    let token = world.located(PGO, JANSEN, vec![om_te_delen(ja(WEST))], WEST);
    let form = [
        ("grant_type", GRANT_TYPE),
        ("subject_token", &token),
        ("subject_token_type", ID_TOKEN_TYPE),
        ("audience", WEST_NAAM),
        ("scope", "52"),
        ("client_id", PGO),
        ("function", "delen"),
    ];
    let issued = world.dva_token(Some(&certificate(PGO)), &form);
    let issued = issued.expect("issued");
    let results = Asked {
        dienst: "52",
        kind: "Observation",
        ..conditions(issued["access_token"].as_str().expect("a token"))
    };
    assert_eq!(world.resource(&results), BEYOND);
}

#[test]
fn mitz_case_053_an_expired_token_is_401() {
    let world = World::new();
    let token = access_token(&world, JANSEN, "51");
    world.later_s(899);
    assert_eq!(ids(world.resource(&conditions(&token))), ["c1"]);
    world.asked();
    world.later_s(1);
    assert_eq!(world.resource(&conditions(&token)), INVALID);
    assert!(world.asked().is_empty());
    assert!(
        world.kinds_at_dva().is_empty(),
        "the grant is over with its token"
    );
    assert_eq!(BearerRefusal::InvalidToken.status(), 401);
}

#[test]
fn mitz_case_053_another_gegevensdienst_provider_or_type_is_403() {
    let world = World::new();
    let token = access_token(&world, JANSEN, "51");
    let not_granted = Asked {
        dienst: "52",
        kind: "Observation",
        ..conditions(&token)
    };
    let not_offered = Asked {
        dienst: "99",
        ..conditions(&token)
    };
    let elsewhere = Asked {
        aanbieder: OOST,
        ..conditions(&token)
    };
    let unknown_provider = Asked {
        aanbieder: "00000001",
        ..conditions(&token)
    };
    let other_type = Asked {
        kind: "Patient",
        ..conditions(&token)
    };
    for asked in [
        not_granted,
        not_offered,
        elsewhere,
        unknown_provider,
        other_type,
    ] {
        assert_eq!(world.resource(&asked), BEYOND);
        assert_eq!(world.at_dva.told(), [refused("mitz case 53")]);
    }
    assert!(world.asked().is_empty(), "the record system was not asked");
    assert_eq!(BearerRefusal::InsufficientScope.status(), 403);
}

#[test]
fn mitz_case_053_what_a_record_system_sends_beyond_the_gegevensdienst_stays_inside() {
    let world = World::new();
    let token = access_token(&world, JANSEN, "51");
    world
        .outside
        .borrow_mut()
        .beyond
        .push(json!({"resourceType": "Patient", "id": "p1"}));
    assert_eq!(ids(world.resource(&conditions(&token))), ["c1"]);
}

#[test]
fn mitz_case_028_a_bsn_in_a_resource_stays_inside_and_the_rest_leaves() {
    let world = World::new();
    let token = access_token(&world, JANSEN, "51");
    let subject =
        json!({"display": "A. Jansen", "identifier": {"system": BSN_SYSTEM, "value": JANSEN}});
    let own = json!({"system": "urn:ziekenhuiswest", "value": "4711"});
    let condition = json!({
        "resourceType": "Condition", "id": "c3", "identifier": [own], "subject": subject,
    });
    world.outside.borrow_mut().beyond.push(condition);
    let answer = world.resource(&conditions(&token));
    assert!(!format!("{answer:?}").contains(JANSEN));
    let ResourceAnswer::Data(bundle) = answer else {
        panic!("data");
    };
    let left = &bundle.resources[1];
    assert_eq!(
        (&left["id"], &left["identifier"]),
        (&json!("c3"), &json!([own]))
    );
    assert_eq!(left["subject"]["display"], "A. Jansen");
}

#[test]
fn rfc_8705_3_a_token_works_with_the_certificate_of_its_client_alone() {
    let world = World::new();
    let token = access_token(&world, JANSEN, "51");
    let thief = Asked {
        client: ANDERE_PGO,
        ..conditions(&token)
    };
    assert_eq!(world.resource(&thief), INVALID);
    assert_eq!(world.at_dva.told(), [refused("RFC 8705 §3")]);
    assert!(world.asked().is_empty());
}

#[test]
fn a_token_whose_grant_is_unknown_is_invalid() {
    let world = World::new();
    let token = access_token(&world, JANSEN, "51");
    let unknown = format!("{:032x}.0", 7);
    for jti in [unknown.as_str(), "x"] {
        let token = world.dva_access_token_with(&token, |claims| claims["jti"] = json!(jti));
        assert_eq!(world.resource(&conditions(&token)), INVALID);
        assert_eq!(world.at_dva.told(), [refused("RFC 6750 §3.1")]);
    }
    assert!(world.asked().is_empty());
}

#[test]
fn a_token_of_mitz_does_not_open_the_dva() {
    let world = World::new();
    let (_, tokens) = world.linked(PGO, JANSEN, vec![ja(WEST)]);
    assert_eq!(world.resource(&conditions(&tokens.access_token)), INVALID);
}

#[test]
fn a_record_system_that_is_down_is_no_empty_answer() {
    let world = World::new();
    let token = access_token(&world, JANSEN, "51");
    world.break_down("xis");
    assert_eq!(
        world.resource(&conditions(&token)),
        ResourceAnswer::Onbereikbaar
    );
    assert_eq!(world.at_dva.told(), [refused("seed 000 step 30")]);
}
