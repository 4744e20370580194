use serde_json::{Value, json};

use super::*;

const A: &str = "11111111-1111-4111-8111-111111111111";
const M: &str = "22222222-2222-4222-8222-222222222222";

fn document() -> Value {
    json!({
        "schema_version": 1,
        "domain": "d1",
        "service": "99999999-9999-4999-8999-999999999999",
        "fhir": { "upstream": "https://fhir.example/d1/" },
        "applications": [
            {
                "client_id": A, "name": "Portaal", "status": "approved",
                "jwks_uri": "https://portaal.example/jwks",
                "redirect_uris": ["https://portaal.example/terug"],
                "role": "Behandelaarsportaal", "granted": [M],
                "identity_providers": { "Patient": ["inloggen"] }
            },
            {
                "client_id": M, "name": "Module", "status": "pending",
                "jwks_uri": "https://module.example/jwks"
            }
        ],
        "roles": {
            "Behandelaarsportaal": {
                "Patient": { "read": "all" },
                "Task": { "create": "own", "read": "granted", "update": "own" }
            }
        },
        "identity_providers": [
            { "name": "inloggen", "issuer": "https://idp.example", "client_id": "koppeltaal" }
        ]
    })
}

fn read(document: &Value) -> Result<Domeinconfiguratie, Fout> {
    Domeinconfiguratie::read(document.to_string().as_bytes(), Regels::default())
}

/// The place of the fault that a document has with `value` at `pointer`.
fn fault_with(pointer: &str, value: Value) -> String {
    let mut document = document();
    *document.pointer_mut(pointer).expect("a member") = value;
    read(&document).expect_err(pointer).to_string()
}

#[test]
fn a_declaration_reads_back_as_what_it_means() {
    let meant = read(&document()).expect("a domain");
    assert_eq!(meant.upstream, "https://fhir.example/d1");
    let again = Domeinconfiguratie::read(&meant.document(), Regels::default());
    assert_eq!(again, Ok(meant));
}

#[test]
fn an_application_that_is_not_approved_takes_no_part() {
    let meant = read(&document()).expect("a domain");
    let id = |text| ClientId::parse(text).expect("an id");
    assert!(meant.approved(id(A)).is_some());
    // koppeltaal case 31
    assert!(meant.approved(id(M)).is_none());
    let scope = meant.scopes(id(A)).to_string();
    assert_eq!(scope.matches("system/").count(), 3, "{scope}");
    // koppeltaal case 43
    assert!(meant.scopes(id(M)).is_empty());
}

#[test]
fn koppeltaal_case_044_creating_is_with_own_resources_alone() {
    let fault = fault_with("/roles/Behandelaarsportaal/Task/create", json!("all"));
    // TGB 007
    assert!(
        fault.starts_with("roles.Behandelaarsportaal.Task.create: expected \"own\""),
        "{fault}"
    );
}

#[test]
fn koppeltaal_case_045_an_application_has_one_role() {
    // TGB 005
    let fault = fault_with(
        "/applications/0/role",
        json!(["Behandelaarsportaal", "Clientportaal"]),
    );
    assert!(fault.contains("expected a string"), "{fault}");
}

#[test]
fn koppeltaal_case_115_keys_are_behind_tls() {
    for bad in [
        "http://portaal.example/jwks",
        "http://localhost:3000/jwks",
        "https://me:secret@portaal.example/jwks",
        "https://portaal.example/jwks#one",
        "file:///jwks",
        "",
    ] {
        let fault = fault_with("/applications/0/jwks_uri", json!(bad));
        assert!(
            fault.starts_with("applications[0].jwks_uri: expected an absolute https"),
            "{fault}"
        );
    }
    let mut on_loopback = document();
    on_loopback["applications"][0]["jwks_uri"] = json!("http://localhost:3000/jwks");
    let read = |document: &Value| {
        Domeinconfiguratie::read(document.to_string().as_bytes(), Regels::ON_ONE_MACHINE)
    };
    assert!(read(&on_loopback).is_ok());
    on_loopback["applications"][0]["jwks_uri"] = json!("http://portaal.example/jwks");
    assert!(read(&on_loopback).is_err());
}

#[test]
fn each_fault_names_its_member() {
    for (pointer, value, expected) in [
        ("/schema_version", json!(2), "schema_version: "),
        ("/domain", json!("a b"), "domain: "),
        ("/service", json!("x"), "service: expected a UUID"),
        (
            "/applications/1/client_id",
            json!(A),
            "applications[1].client_id: another",
        ),
        (
            "/applications/1/jwks_uri",
            json!("https://portaal.example/jwks"),
            "applications[1].jwks_uri: another",
        ),
        (
            "/applications/0/role",
            json!("Beheer"),
            "the domain has no role Beheer",
        ),
        (
            "/applications/0/granted/0",
            json!("33333333-3333-4333-8333-333333333333"),
            "no application",
        ),
        (
            "/applications/0/identity_providers/Patient/0",
            json!("x"),
            "no identity provider x",
        ),
        ("/applications/0/name", json!(" "), "applications[0].name: "),
        (
            "/applications/0/status",
            json!("goed"),
            "expected pending, approved or rejected",
        ),
        (
            "/applications/0/redirect_uris/0",
            json!("terug"),
            "applications[0].redirect_uris[0]: ",
        ),
        ("/fhir", json!({ "url": "x" }), "unknown field `url`"),
        (
            "/roles/Behandelaarsportaal/Task",
            json!({ "search": "all" }),
            "unknown field `search`",
        ),
    ] {
        let fault = fault_with(pointer, value);
        assert!(fault.contains(expected), "{pointer}: {fault}");
    }
}

#[test]
fn the_koppeltaal_voorziening_is_none_of_the_applications_and_owns_nothing_that_is_granted() {
    // koppeltaal.md §1.7
    let fault = fault_with("/service", json!(M));
    assert_eq!(
        fault,
        "applications[1].client_id: the service of the domain has the same"
    );
    let service = json!("99999999-9999-4999-8999-999999999999");
    let fault = fault_with("/applications/0/granted/0", service);
    assert!(fault.contains("granted: the domain has no application 9999"));
}

#[test]
fn a_jwks_url_that_is_anothers_in_another_spelling_is_the_same() {
    // koppeltaal.md §1.2
    for spelling in [
        "https://PORTAAL.example/jwks",
        "https://portaal.example:443/jwks",
        "HTTPS://portaal.example/jwks?",
        "https://portaal.example/x/../jwks",
        "https://portaal.example/%2e/jwks",
    ] {
        let fault = fault_with("/applications/1/jwks_uri", json!(spelling));
        assert_eq!(
            fault, "applications[1].jwks_uri: another application has the same",
            "{spelling}"
        );
    }
    let mut other = document();
    other["applications"][1]["jwks_uri"] = json!("https://portaal.example/jwks?of=module");
    assert!(read(&other).is_ok());
}

#[test]
fn a_name_reads_as_it_looks() {
    let at = "/applications/0/name";
    for hidden in [
        "Por\u{200B}taal",
        "Por\u{200F}taal",
        "Por\u{2028}taal",
        "Por\u{202E}laat",
        "Por\u{2060}taal",
        "Por\u{2066}taal",
        "\u{FEFF}Portaal",
        " Portaal",
        "Portaal ",
        "Portaal\u{A0}",
        "",
    ] {
        let fault = fault_with(at, json!(hidden));
        assert_eq!(
            fault, "applications[0].name: expected 1 to 100 readable characters",
            "{hidden:?}"
        );
    }
    for readable in ["Portaal één", "Портал", "بوابة", "Zorg \u{2013} thuis"] {
        let mut document = document();
        *document.pointer_mut(at).expect("a member") = json!(readable);
        assert!(read(&document).is_ok(), "{readable:?}");
    }
}

#[test]
fn no_role_promises_that_an_auditevent_is_changed() {
    // koppeltaal.md §2.2, LOG 004
    for action in ["update", "delete"] {
        let rights = json!({ "AuditEvent": { "create": "own", (action): "own" } });
        let fault = fault_with("/roles/Behandelaarsportaal", rights.clone());
        assert_eq!(
            fault,
            format!(
                "roles.Behandelaarsportaal.AuditEvent.{action}: expected none: an AuditEvent is never changed"
            )
        );
        let fault = read_rol("Beheer", rights).expect_err("refused");
        assert_eq!(fault.at, format!("AuditEvent.{action}"));
    }
    let may = json!({ "AuditEvent": { "create": "own", "read": "all" } });
    assert_eq!(read_rol("Beheer", may).expect("a role").len(), 2);
}

#[test]
fn what_is_declared_again_replaces_and_what_came_since_stays() {
    let mut there = read(&document()).expect("a domain");
    let (a, m) = (
        ClientId::parse(A).expect("an id"),
        ClientId::parse(M).expect("an id"),
    );
    let mut declared = there.clone();
    let new = ClientId::of([7; 16]);
    there.applicaties.insert(new, there.applicaties[&a].clone());
    there.rollen.insert("Sindsdien".to_owned(), Vec::new());
    declared.applicaties.remove(&m);
    declared.upstream = "https://fhir.example:8443/d1".to_owned();
    let elsewhere = "https://portaal.example:8443/jwks";
    declared.applicaties.get_mut(&a).expect("there").jwks_uri = elsewhere.to_owned();
    let renewed = there.met(declared);
    assert_eq!(renewed.applicaties[&a].jwks_uri, elsewhere);
    assert_eq!(renewed.upstream, "https://fhir.example:8443/d1");
    assert!(renewed.applicaties.contains_key(&new) && renewed.applicaties.contains_key(&m));
    assert!(renewed.rollen.contains_key("Sindsdien"));
}
