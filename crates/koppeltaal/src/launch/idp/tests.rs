use serde_json::{Value, json};

use super::super::testing::{CHALLENGE, MODULE, NOW, World, id};
use super::*;

fn discovery(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": "https://eerste.example/inloggen",
        "token_endpoint": "https://eerste.example/token",
        "jwks_uri": "https://eerste.example/jwks",
    })
}

fn read(world: &World, issuer: &str) -> Result<Discovery, NietGoed> {
    Discovery::read(
        &world.domein.idps["eerste"],
        discovery(issuer).to_string().as_bytes(),
    )
}

fn id_token() -> Value {
    json!({
        "iss": "https://eerste.example", "aud": "kt", "sub": "x", "email": "p@example.nl",
        "nonce": "n-1", "iat": NOW.unix(), "exp": NOW.unix() + 60,
    })
}

fn proven(change: &str, value: Value) -> Result<String, NietGoed> {
    let world = World::new();
    let discovery = read(&world, "https://eerste.example").expect("its document");
    let mut claims = id_token();
    claims[change] = value;
    let idp = &world.domein.idps["eerste"];
    discovery.prove(&world.signed(&claims), &world.keys, idp, "n-1", NOW)
}

#[test]
fn koppeltaal_case_105_the_idp_is_the_hinted_one_the_first_or_the_default() {
    use Gebruikerssoort::{Patient, Practitioner};
    let world = World::new();
    let module = world.domein.approved(id(MODULE)).expect("the module");
    let chosen = |soort, hint| {
        let keuze = kies(&world.domein, module, soort, hint).expect("an IdP");
        (keuze.naam, keuze.hint_onbekend)
    };
    // koppeltaal case 105
    assert_eq!(chosen(Patient, Some("tweede")), ("tweede", false));
    assert_eq!(
        chosen(Patient, Some("https://tweede.example/")),
        ("tweede", false)
    );
    assert_eq!(chosen(Patient, None), ("eerste", false));
    assert_eq!(chosen(Patient, Some("onbekend")), ("eerste", true));
    // in the domain, but not for these people
    assert_eq!(chosen(Patient, Some("standaard")), ("eerste", true));
    assert_eq!(chosen(Practitioner, None), ("standaard", false));
    assert_eq!(chosen(Practitioner, Some("tweede")), ("standaard", true));

    let mut without = world.domein.clone();
    without.standaard_idp = None;
    assert_eq!(kies(&without, module, Practitioner, None), None);
}

#[test]
fn koppeltaal_case_092_the_person_goes_to_the_idp_with_state_nonce_and_pkce() {
    let world = World::new();
    let discovery = read(&world, "https://eerste.example/").expect("its document");
    let challenge = Challenge::parse(CHALLENGE).expect("a challenge");
    let mut idp = world.domein.idps["eerste"].clone();
    idp.extra_scopes = vec!["email".to_owned()];
    let vraag = Vraag {
        redirect_uri: "https://kt.example/terug",
        state: "s-1",
        nonce: "n-1",
        challenge: &challenge,
        prompt: None,
    };
    let url = discovery.url(&idp, &vraag);
    // koppeltaal case 92
    assert!(url.starts_with("https://eerste.example/inloggen?response_type=code&client_id=kt&"));
    for part in [
        "scope=openid%20email",
        "state=s-1",
        "nonce=n-1",
        "code_challenge_method=S256",
    ] {
        assert!(url.contains(part), "{part}");
    }
}

#[test]
fn oidc_discovery_4_3_another_issuers_document_is_refused() {
    let world = World::new();
    assert!(read(&world, "https://tweede.example").is_err());
    let idp = &world.domein.idps["eerste"];
    // OIDC Discovery §4.3
    assert!(Discovery::read(idp, b"{}").is_err());
    assert!(Discovery::read(idp, &vec![b' '; DISCOVERY_BYTES_MAX + 1]).is_err());
}

#[test]
fn oidc_core_3_1_3_7_an_id_token_is_the_idps_own_for_us_and_for_this_request() {
    assert_eq!(proven("x", json!(1)), Ok("p@example.nl".to_owned()));
    for (name, value) in [
        ("iss", json!("https://tweede.example")),
        ("aud", json!("another")),
        ("aud", json!(["kt", "another"])),
        ("azp", json!("another")),
        ("nonce", json!("n-2")),
        ("nonce", json!(null)),
        ("exp", json!(NOW.unix() - 61)),
        ("iat", json!(NOW.unix() + 61)),
        ("email", json!("")),
        ("email", json!(null)),
        ("email", json!("x".repeat(513))),
        ("email_verified", json!(false)),
        ("email_verified", json!("false")),
        ("email_verified", json!(0)),
        ("email_verified", json!(null)),
        ("sub", json!("")),
        ("iat", json!("nu")),
    ] {
        // OIDC Core §3.1.3.7
        assert!(proven(name, value.clone()).is_err(), "{name} {value}");
    }
    assert!(proven("email_verified", json!(true)).is_ok());
    assert!(proven("email_verified", json!("true")).is_ok());
    assert!(proven("azp", json!("kt")).is_ok());
}

#[test]
fn oidc_core_3_1_3_7_an_id_token_of_another_key_is_refused() {
    let (world, other) = (World::new(), World::new());
    let discovery = read(&world, "https://eerste.example").expect("its document");
    let idp = &world.domein.idps["eerste"];
    let token = other.signed(&id_token());
    // OIDC Core §3.1.3.7
    assert!(
        discovery
            .prove(&token, &world.keys, idp, "n-1", NOW)
            .is_err()
    );
}

#[test]
fn rfc_9207_2_4_an_answer_that_names_another_idp_is_not_its_own() {
    let world = World::new();
    let mut discovery = read(&world, "https://eerste.example").expect("its document");
    // RFC 9207 §2.4
    assert!(discovery.may_have_sent(None));
    assert!(discovery.may_have_sent(Some("https://eerste.example")));
    assert!(!discovery.may_have_sent(Some("https://tweede.example")));
    discovery.names_itself = true;
    assert!(!discovery.may_have_sent(None));
}

#[test]
fn an_endpoint_of_an_idp_that_is_no_address_with_tls_is_refused() {
    let world = World::new();
    let idp = &world.domein.idps["eerste"];
    let with = |said: &str| {
        let mut document = discovery("https://eerste.example");
        document["authorization_endpoint"] = json!(said);
        Discovery::read(idp, document.to_string().as_bytes())
    };
    for bad in [
        "",
        "/inloggen",
        "http://eerste.example/inloggen",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://me:secret@eerste.example/",
        "https://eerste.example/#here",
    ] {
        // koppeltaal.md §5
        assert!(with(bad).is_err(), "{bad}");
    }
    let spelled = with("https://eerste.example/\u{fc}\r\nx: y").expect("a URL");
    assert!(spelled.authorization_endpoint.is_ascii());
    assert!(!spelled.authorization_endpoint.contains(['\r', '\n', ' ']));
}
