use serde_json::{Value, json};

use super::*;

fn id(byte: u8) -> ClientId {
    ClientId::of([byte; 16])
}

fn soort(text: &str) -> ResourceType {
    ResourceType::parse(text).expect("a type")
}

fn waarnemer() -> Waarnemer {
    let domein = crate::Domein::parse("d1").expect("a domain");
    let urls = DomeinUrls::new("https://kt.example:8443", &domein);
    Waarnemer::new(id(9), &urls)
}

fn told(gebeurtenis: Gebeurtenis, uitkomst: Uitkomst) -> Value {
    let spoor = |text| Spoor::parse(text).expect("an id");
    let event = Auditevent {
        gebeurtenis,
        uitkomst,
        sporen: Sporen {
            request: spoor("r-1"),
            correlation: Some(spoor("c-1")),
            trace: Some(spoor("t-1")),
        },
        recorded: Moment::from_unix(1_800_000_000),
    };
    parsed(&event)
}

fn parsed(event: &Auditevent) -> Value {
    let text = event.json(&waarnemer());
    serde_json::from_str(text.get()).expect("JSON")
}

fn rest(interactie: Interactie, wat: Option<&str>) -> Value {
    let gebeurtenis = Gebeurtenis::Rest {
        interactie,
        door: id(1),
        soort: soort("Patient"),
        wat: wat.map(str::to_owned),
        query: None,
        gevonden: Vec::new(),
    };
    told(gebeurtenis, Uitkomst::Gelukt("".into()))
}

#[test]
fn koppeltaal_case_075_a_creation_is_told_with_its_version_and_who_made_it() {
    let event = rest(Interactie::Create, Some("Patient/p/_history/1"));
    let device = json!({ "reference": id(1).device(), "type": "Device" });
    // koppeltaal case 75
    assert_eq!(event["meta"]["profile"][0], PROFILE);
    assert_eq!(event["type"]["code"], "rest");
    assert_eq!(event["subtype"][0]["code"], "create");
    assert_eq!(event["action"], "C");
    assert_eq!(event["outcome"], "0");
    assert_eq!(event["recorded"], "2027-01-15T08:00:00Z");
    assert_eq!(event["agent"][0]["who"], device);
    assert_eq!(event["agent"][0]["type"]["coding"][0]["code"], "110153");
    assert_eq!(event["agent"][0]["requestor"], true);
    assert_eq!(event["source"]["site"], "kt.example");
    assert_eq!(event["source"]["observer"]["reference"], id(9).device());
    let entity = &event["entity"][0];
    assert_eq!(entity["what"]["reference"], "Patient/p/_history/1");
    assert!(entity.get("query").is_none() && entity.get("role").is_none());
    assert!(event.get("outcomeDesc").is_none());
}

#[test]
fn koppeltaal_md_3_5_the_numbers_of_a_request_are_extensions() {
    let event = rest(Interactie::Read, Some("Patient/p/_history/1"));
    let extensions = event["extension"].as_array().expect("extensions");
    let of = |name: &str| {
        let url = format!("http://koppeltaal.nl/fhir/StructureDefinition/{name}");
        extensions.iter().find(|extension| extension["url"] == url)
    };
    // koppeltaal.md §3.5
    for (name, value) in [
        ("request-id", "r-1"),
        ("correlation-id", "c-1"),
        ("trace-id", "t-1"),
    ] {
        assert_eq!(of(name).expect(name)["valueId"], value);
    }
    // koppeltaal.md §2.4
    let origin = of("resource-origin").expect("an origin");
    assert_eq!(origin["valueReference"]["reference"], id(9).device());
    for bad in ["", "a b", "a/b", "é", &"x".repeat(65)] {
        assert_eq!(Spoor::parse(bad), None, "{bad}");
    }
}

#[test]
fn koppeltaal_case_076_a_search_is_told_with_its_query_and_what_it_found() {
    let gebeurtenis = Gebeurtenis::Rest {
        interactie: Interactie::SearchType,
        door: id(1),
        soort: soort("Task"),
        wat: None,
        query: Some("status=ready".to_owned()),
        gevonden: vec!["Task/1/_history/2".to_owned()],
    };
    let event = told(gebeurtenis, Uitkomst::Gelukt("".into()));
    // koppeltaal case 76
    assert_eq!(event["subtype"][0]["code"], "search-type");
    assert_eq!(event["action"], "E");
    let asked = &event["entity"][0];
    assert_eq!(asked["role"]["code"], "24");
    assert_eq!(asked["query"], "c3RhdHVzPXJlYWR5");
    assert_eq!(asked["type"]["code"], "Task");
    assert!(asked.get("what").is_none());
    assert_eq!(event["entity"][1]["what"]["reference"], "Task/1/_history/2");
    let everything = Gebeurtenis::Rest {
        interactie: Interactie::SearchType,
        door: id(1),
        soort: soort("Task"),
        wat: None,
        query: Some(String::new()),
        gevonden: Vec::new(),
    };
    let event = told(everything, Uitkomst::Gelukt("".into()));
    assert_eq!(event["entity"][0]["query"], "Pw==");
}

#[test]
fn koppeltaal_case_077_a_refusal_is_told_with_outcome_4_and_a_failure_with_8() {
    let refused = |uitkomst| {
        let gebeurtenis = Gebeurtenis::Mislukt {
            interactie: Interactie::SearchType,
            door: id(1),
            soort: Some(soort("Patient")),
        };
        told(gebeurtenis, uitkomst)
    };
    let event = refused(Uitkomst::Geweigerd("no scope allows it".into()));
    // koppeltaal case 77
    assert_eq!(event["outcome"], "4");
    assert_eq!(event["outcomeDesc"], "no scope allows it");
    assert_eq!(event["entity"][0]["type"]["code"], "OperationOutcome");
    assert_eq!(event["entity"][1]["type"]["code"], "Patient");
    assert_eq!(refused(Uitkomst::Mislukt("x".into()))["outcome"], "8");
}

#[test]
fn koppeltaal_md_3_6_each_interaction_has_its_code_and_action() {
    for (interactie, code, action) in [
        (Interactie::Read, "read", "R"),
        (Interactie::Vread, "vread", "R"),
        (Interactie::Update, "update", "U"),
        (Interactie::Delete, "delete", "D"),
        (Interactie::HistoryInstance, "history-instance", "E"),
        (Interactie::HistoryType, "history-type", "E"),
    ] {
        let event = rest(interactie, None);
        // koppeltaal.md §3.6
        assert_eq!(event["subtype"][0]["code"], code);
        assert_eq!(event["action"], action);
        assert!(event["entity"][0].get("what").is_none());
    }
}

#[test]
fn koppeltaal_md_3_6_what_the_resource_service_tells_becomes_an_event() {
    use resource_service::{Instance, Sporen as Numbers, Verwijzing as Version};
    let spoor = |text: &str| Spoor::parse(text).expect("an id");
    let told = |status, reden| resource_service::Gebeurtenis {
        wie: id(1),
        interactie: Interactie::Update,
        soort: "Task".to_owned(),
        wat: Some(Version {
            at: Instance {
                resource: soort("Task"),
                id: spoor("t"),
            },
            version: Some(spoor("2")),
        }),
        query: None,
        resultaten: Vec::new(),
        status,
        reden,
        sporen: Numbers {
            request_id: spoor("r-1"),
            correlation_id: None,
            trace_id: spoor("t-1"),
        },
    };
    let now = Moment::from_unix(1_800_000_000);
    let json = |told| Auditevent::of(told, now).as_ref().map(parsed);
    let updated = json(told(200, None)).expect("an event");
    // koppeltaal.md §3.6
    assert_eq!(
        updated["entity"][0]["what"]["reference"],
        "Task/t/_history/2"
    );
    assert_eq!(updated["outcome"], "0");
    let refused = json(told(403, Some("no scope allows it"))).expect("an event");
    assert_eq!(refused["outcome"], "4");
    assert_eq!(refused["outcomeDesc"], "no scope allows it");
    let failed = json(told(502, None)).expect("an event");
    assert_eq!(failed["outcome"], "8");
    let mut odd = told(200, None);
    odd.soort = "geen type".to_owned();
    assert_eq!(json(odd), None);
}

#[test]
fn koppeltaal_case_091_a_person_is_an_entity_and_applications_are_agents() {
    let of = |persoon: &str, stap, idp| {
        let gebeurtenis = Gebeurtenis::Authenticatie {
            stap,
            applicatie: id(2),
            idp,
            persoon: Gebruiker::parse(persoon).expect("a person"),
        };
        told(gebeurtenis, Uitkomst::Gelukt("accepted".into()))
    };
    for (persoon, role) in [
        ("Patient/p", "1"),
        ("Practitioner/p", "15"),
        ("RelatedPerson/p", "6"),
    ] {
        let event = of(persoon, Authenticatiestap::Introspect, None);
        // koppeltaal case 91
        assert_eq!(event["type"]["code"], "110114");
        assert_eq!(event["subtype"][0]["code"], "110122");
        assert_eq!(event["outcomeDesc"], "introspect: accepted");
        assert_eq!(event["entity"][0]["role"]["code"], role);
        assert_eq!(event["entity"][0]["what"]["reference"], persoon);
        assert_eq!(event["agent"].as_array().map(Vec::len), Some(1));
    }
    let idp = NamedIdp {
        naam: "Proef-IdP".to_owned(),
        issuer: "https://idp.example".to_owned(),
    };
    for (stap, prefix) in [
        (Authenticatiestap::Authorize, "authorize: "),
        (Authenticatiestap::IdpCall, "idp call: "),
        (Authenticatiestap::IdpLogin, "idp login: "),
    ] {
        let event = of("Patient/p", stap, Some(idp.clone()));
        let desc = event["outcomeDesc"].as_str().expect("a text");
        assert!(desc.starts_with(prefix));
        let agent = &event["agent"][1];
        assert_eq!(agent["type"]["coding"][0]["code"], "110152");
        assert_eq!(agent["requestor"], false);
        assert_eq!(agent["who"]["display"], "Proef-IdP");
        assert_eq!(agent["who"]["identifier"]["value"], "https://idp.example");
    }
}

#[test]
fn koppeltaal_md_3_6_a_notification_names_cause_subscriber_and_subscription() {
    let gebeurtenis = Gebeurtenis::Notificatie {
        veroorzaker: id(1),
        abonnee: id(2),
        endpoint: "https://module.example/nieuws".to_owned(),
        wat: "Task/1/_history/2".to_owned(),
        abonnement: "Subscription/s".to_owned(),
        criteria: "Task?status=ready".to_owned(),
    };
    let event = told(
        gebeurtenis,
        Uitkomst::Geweigerd("the subscriber does not answer".into()),
    );
    // koppeltaal.md §3.6
    assert_eq!(event["type"]["code"], "transmit");
    assert!(event.get("subtype").is_none());
    assert_eq!(event["agent"][1]["who"]["reference"], id(2).device());
    assert_eq!(event["agent"][1]["network"]["type"], "5");
    assert_eq!(event["entity"][0]["what"]["type"], "Task");
    assert_eq!(event["entity"][1]["role"]["code"], "9");
}

/// One of each kind, with texts that JSON writes longer than they are.
fn each() -> Vec<Auditevent> {
    let odd = "\u{1}\"\\é".repeat(2_000);
    let gebeurtenissen = [
        Gebeurtenis::Rest {
            interactie: Interactie::SearchType,
            door: id(1),
            soort: soort("Task"),
            wat: Some("Task/1/_history/2".to_owned()),
            query: Some(odd.clone()),
            gevonden: vec!["Task/1/_history/2".to_owned(); 200],
        },
        Gebeurtenis::Mislukt {
            interactie: Interactie::HistoryInstance,
            door: id(1),
            soort: None,
        },
        Gebeurtenis::Notificatie {
            veroorzaker: id(1),
            abonnee: id(2),
            endpoint: odd.clone(),
            wat: "Task/1/_history/2".to_owned(),
            abonnement: "Subscription/s".to_owned(),
            criteria: odd,
        },
        Gebeurtenis::Authenticatie {
            stap: Authenticatiestap::IdpCall,
            applicatie: id(2),
            idp: Some(NamedIdp {
                naam: "Proef-IdP".to_owned(),
                issuer: "https://idp.example".to_owned(),
            }),
            persoon: Gebruiker::parse("Patient/p").expect("a person"),
        },
        Gebeurtenis::LaunchMislukt {
            taak: Verwijzing::parse("Task/t").expect("a reference"),
        },
    ];
    let uitkomsten = [Uitkomst::Gelukt, Uitkomst::Geweigerd, Uitkomst::Mislukt];
    let event = |(gebeurtenis, uitkomst): (_, fn(_) -> _)| Auditevent {
        gebeurtenis,
        uitkomst: uitkomst("a reason of this length".into()),
        sporen: Sporen::of(Spoor::parse(&"r".repeat(64)).expect("an id")),
        recorded: Moment::from_unix(1_800_000_000),
    };
    let uitkomsten = uitkomsten.map(|uitkomst| uitkomst as fn(_) -> _);
    let uitkomsten = uitkomsten.into_iter().cycle();
    gebeurtenissen
        .into_iter()
        .zip(uitkomsten)
        .map(event)
        .collect()
}

#[test]
fn koppeltaal_case_110_each_event_is_read_from_a_row_as_it_was_written_there() {
    for event in each() {
        let written = serde_json::to_string(&event).expect("JSON");
        assert_eq!(
            serde_json::from_str::<Auditevent>(&written).ok(),
            Some(event)
        );
    }
}

#[test]
fn koppeltaal_case_110_an_event_takes_no_more_room_than_is_counted_and_that_is_bounded() {
    for event in each() {
        let event = event.bounded();
        let written = serde_json::to_string(&event).expect("JSON").len();
        assert!(
            written <= event.bytes(),
            "{written} > {}: {event:?}",
            event.bytes()
        );
        assert!(event.bytes() < 13 * TEXT_BYTES_MAX);
    }
}

#[test]
fn a_text_that_is_too_long_for_a_log_ends_at_a_letter() {
    let long = "é".repeat(TEXT_BYTES_MAX);
    assert!(shortened(&long).len() <= TEXT_BYTES_MAX);
    assert!(shortened(&long).chars().all(|letter| letter == 'é'));
}
