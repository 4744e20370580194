use protocol::wire::encode;
use serde_json::{Value, json};

use super::super::testing::{CHALLENGE, MODULE, NOW, PORTAL, TERUG, VERIFIER, World, id, spends};
use super::super::token_response::{ID_TOKEN_S, body};
use super::*;

const HANDLE: Handle = Handle {
    id: [5; 16],
    generation: 0,
};

fn code(world: &World) -> Stored<Code> {
    Stored {
        version: 1,
        until: NOW.plus_s(CODE_S),
        value: Code {
            domein: world.domein.domein.clone(),
            client_id: id(MODULE),
            redirect_uri: TERUG.to_owned(),
            challenge: CHALLENGE.to_owned(),
            nonce: Some("n-1".to_owned()),
            context: world.good_hti().context,
        },
    }
}

fn verzoek(world: &World, client: &str, redirect_uri: &str, verifier: &str) -> CodeVerzoek {
    let form = format!(
        "code=c&redirect_uri={}&code_verifier={}",
        encode(redirect_uri),
        encode(verifier)
    );
    let form = Parameters::parse(form.as_bytes()).expect("a form");
    let open = |purpose: Purpose, text: &str| {
        assert_eq!(purpose, CODE);
        (text == "c").then_some(HANDLE)
    };
    CodeVerzoek::read(world.proven(client), &form, open).expect("a request")
}

fn exchanged(
    world: &World,
    verzoek: &CodeVerzoek,
    found: Option<Stored<Code>>,
) -> Verdict<CodeAntwoord> {
    let Step::Ask(question) = verzoek.begin(NOW, &Entropy::new([3; 32])) else {
        panic!("expected to be asked for the code");
    };
    assert_eq!(question.key(), Code::key([5; 16]));
    match question.answer(found, Some(world.nu())) {
        Step::Done(verdict) => verdict,
        _ => panic!("expected an end"),
    }
}

fn is_spent(verdict: &Verdict<CodeAntwoord>) -> bool {
    let removed = Change::<Clear>::remove(Code::key([5; 16]), 1);
    let is_removal = |change: &Change<Clear>| {
        change.key == removed.key && matches!(change.then, verdict::Then::Remove)
    };
    verdict.changes.iter().any(is_removal)
}

#[test]
fn koppeltaal_case_106_a_code_brings_noop_an_id_token_and_the_context() {
    let world = World::new();
    let verzoek = verzoek(&world, MODULE, TERUG, VERIFIER);
    let verdict = exchanged(&world, &verzoek, Some(code(&world)));
    assert!(is_spent(&verdict));
    assert!(spends(&verdict.changes, protocol::assertion::SPACE));
    let CodeAntwoord::Issued(issued) = verdict.reply else {
        panic!("expected tokens");
    };
    // koppeltaal case 106
    assert_eq!(
        body("x.y.z", &issued.context),
        json!({
            "access_token": "NOOP", "token_type": "bearer", "expires_in": 300,
            "scope": "launch openid fhirUser", "id_token": "x.y.z",
            "sub": "Patient/p", "resource": "Task/t",
            "definition": "ActivityDefinition/a", "intent": "plan",
        })
    );
}

#[test]
fn koppeltaal_case_109_the_id_token_names_who_launches_and_where_he_can_be_read() {
    let world = World::new();
    let verzoek = verzoek(&world, MODULE, TERUG, VERIFIER);
    let CodeAntwoord::Issued(issued) = exchanged(&world, &verzoek, Some(code(&world))).reply else {
        panic!("expected tokens");
    };
    let claims: Value = json!(issued.id_token);
    // koppeltaal case 109
    assert_eq!(claims["iss"], "https://kt.example/api/v1/d1/oauth2");
    assert_eq!(claims["aud"], MODULE);
    assert_eq!(claims["sub"], "Patient/p");
    assert_eq!(
        claims["fhirUser"],
        "https://kt.example/api/v1/d1/fhir/r4/Patient/p"
    );
    assert_eq!(claims["nonce"], "n-1");
    assert_eq!(claims["iat"], NOW.unix());
    assert_eq!(claims["exp"], NOW.plus_s(ID_TOKEN_S).unix());
}

#[test]
fn koppeltaal_case_107_a_wrong_verifier_spends_the_code() {
    let world = World::new();
    for verifier in ["", "x", &VERIFIER.replace('f', "g")] {
        let verzoek = verzoek(&world, MODULE, TERUG, verifier);
        let verdict = exchanged(&world, &verzoek, Some(code(&world)));
        // design §5 "code"
        assert!(is_spent(&verdict));
        let CodeAntwoord::Refused(refusal) = verdict.reply else {
            panic!("expected a refusal");
        };
        // koppeltaal case 107
        assert_eq!(refusal.error, ErrorCode::InvalidGrant);
    }
}

#[test]
fn koppeltaal_case_108_another_client_another_redirect_uri_and_a_used_code_are_invalid_grant() {
    let world = World::new();
    for (client, redirect_uri) in [(PORTAL, TERUG), (MODULE, "https://module.example/ander")] {
        let verzoek = verzoek(&world, client, redirect_uri, VERIFIER);
        let verdict = exchanged(&world, &verzoek, Some(code(&world)));
        assert!(is_spent(&verdict));
        // koppeltaal case 108
        assert!(matches!(
            verdict.reply,
            CodeAntwoord::Refused(no) if no.error == ErrorCode::InvalidGrant
        ));
    }
    let verzoek = verzoek(&world, MODULE, TERUG, VERIFIER);
    let used = exchanged(&world, &verzoek, None);
    assert!(matches!(
        used.reply,
        CodeAntwoord::Refused(no) if no.error == ErrorCode::InvalidGrant
    ));
}

#[test]
fn top_kt_018_a_code_of_another_domain_is_invalid_grant() {
    let world = World::new();
    let mut found = code(&world);
    found.value.domein = Domein::parse("d2").expect("a domain");
    let verzoek = verzoek(&world, MODULE, TERUG, VERIFIER);
    let verdict = exchanged(&world, &verzoek, Some(found));
    // TOP-KT-018
    assert!(matches!(
        verdict.reply,
        CodeAntwoord::Refused(no) if no.error == ErrorCode::InvalidGrant
    ));
}

#[test]
fn koppeltaal_case_108_noise_is_invalid_grant_and_no_code_is_invalid_request() {
    let world = World::new();
    let form = Parameters::parse(b"code=ruis").expect("a form");
    let verzoek = CodeVerzoek::read(world.proven(MODULE), &form, |_, _| None);
    let Step::Done(verdict) = verzoek.expect("read").begin(NOW, &Entropy::new([3; 32])) else {
        panic!("expected an end");
    };
    // koppeltaal case 108
    assert!(matches!(
        verdict.reply,
        CodeAntwoord::Refused(no) if no.error == ErrorCode::InvalidGrant
    ));
    let form = Parameters::parse(b"").expect("a form");
    let refused = CodeVerzoek::read(world.proven(MODULE), &form, |_, _| None);
    assert_eq!(
        refused.expect_err("no code").error,
        ErrorCode::InvalidRequest
    );
}

#[test]
fn koppeltaal_case_018_an_assertion_that_was_used_is_no_proof_here_either() {
    let world = World::new();
    let key = world.proven(MODULE).burn().key;
    let Some(Step::Done(verdict)) = CodeVerzoek::lost(&key) else {
        panic!("expected an end");
    };
    // koppeltaal case 18
    assert!(matches!(
        verdict.reply,
        CodeAntwoord::Refused(no) if no.error == ErrorCode::InvalidClient
    ));
    assert!(CodeVerzoek::lost(&Code::key([5; 16])).is_none());
}

#[test]
fn a_code_reads_back_from_its_row() {
    let code = code(&World::new()).value;
    assert_eq!(Code::from_body(&code.to_body()), Ok(code));
}
