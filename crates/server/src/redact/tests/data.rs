//! Forms, JSON, tokens, and bodies as such.

use super::*;

#[test]
fn a_token_request_shows_what_is_asked_and_hides_the_code() {
    let form = encoded(&[
        ("grant_type", "authorization_code"),
        ("code", "een-code-die-niemand-kent"),
        (
            "redirect_uri",
            "https://pgo.localhost:8443/callback?x=geheim",
        ),
        ("code_verifier", "0123456789-verifier"),
        ("scope", "a"),
        ("scope", "b"),
    ]);
    let expected = json!({
        "grant_type": "authorization_code",
        "code": "••• (25)",
        "redirect_uri": "https://pgo.localhost:8443/callback?•••",
        "code_verifier": "••• (19)",
        "scope": ["a", "b"],
    });
    assert_eq!(data(FORM, &form), expected);
}

#[test]
fn a_token_is_opened_and_its_claims_go_through_the_same_list() {
    let location = jws(&json!({ "aud": ["pgo.localhost"], "jti": "geheim" }));
    let claims = json!({
        "iss": "https://mitz.localhost:8443", "sub": "pseudoniem", "exp": 1_795_000_000,
        "nonce": "n-0", "cnf": { "x5t#S256": "duim" },
        "locations": [{
            "system": "http://fhir.nl/fhir/NamingSystem/ura", "value": "00000659",
            "id_token": location,
        }],
    });
    let header = json!({ "alg": "ES256", "kid": "k1", "typ": "JWT" });
    let expected = json!({
        "header": header,
        "claims": {
            "iss": "https://mitz.localhost:8443", "sub": "••• (10)", "exp": 1_795_000_000,
            "nonce": "••• (3)", "cnf": { "x5t#S256": "duim" },
            "locations": [{
                "system": "http://fhir.nl/fhir/NamingSystem/ura", "value": "00000659",
                "id_token": {
                    "header": header,
                    "claims": { "aud": ["pgo.localhost"], "jti": "••• (6)" },
                    "signature": "•••",
                },
            }],
        },
        "signature": "•••",
    });
    let token = jws(&claims);
    assert_eq!(data("application/jwt", &token), expected);
    assert_eq!(
        data("application/token-introspection+jwt", &token),
        expected
    );
    let answer = json!({ "access_token": token, "expires_in": 900, "refresh_token": "kort" });
    let shown = data("application/json", &answer.to_string());
    let in_answer = json!({
        "access_token": expected, "expires_in": 900, "refresh_token": "••• (4)",
    });
    assert_eq!(shown, in_answer);
}

#[test]
fn of_an_encrypted_token_only_the_header_is_shown() {
    let header = jose::b64::encode(json!({ "alg": "dir", "enc": "A128GCM" }).to_string());
    let token = format!("{header}..aXY.Y2lwaGVy.dGFn");
    let expected = json!({ "header": { "alg": "dir", "enc": "A128GCM" }, "encrypted": true });
    let answer = json!({ "access_token": token }).to_string();
    assert_eq!(data("application/json", &answer)["access_token"], expected);
    // These names promise secrets, whatever their values look like.
    let form = encoded(&[("state", &token), ("code", &jws(&json!({})))]);
    let shown = data(FORM, &form);
    assert!(
        shown["state"].is_string() && shown["code"].is_string(),
        "{shown}"
    );
}

#[test]
fn of_a_fhir_answer_the_structure_stays_and_nobodys_health() {
    let entry = json!({ "resource": {
        "resourceType": "Observation", "status": "final",
        "code": { "text": "Bloeddruk" },
        "valueQuantity": { "value": 120, "unit": "mmHg" },
        "isHigh": false,
    }});
    let entries: Vec<&Value> = std::iter::repeat_n(&entry, 7).collect();
    let bundle = json!({
        "resourceType": "Bundle", "type": "searchset", "total": 7, "entry": entries,
    });
    let shown = data("application/fhir+json", &bundle.to_string());
    let resource = json!({
        "resourceType": "Observation", "status": "••• (5)",
        "code": { "text": "••• (9)" },
        "valueQuantity": { "value": "•••", "unit": "••• (4)" },
        "isHigh": "•••",
    });
    assert_eq!(shown["type"], "searchset");
    assert_eq!(shown["total"], 7);
    assert_eq!(shown["entry"][4]["resource"], resource);
    assert_eq!(shown["entry"][5], "… +2");
    assert_eq!(shown["entry"].as_array().map(Vec::len), Some(6));
}

#[test]
fn a_bsn_that_only_a_reader_of_urls_sees_is_hidden() {
    for (at, uri) in ["https://x90\t0186021.nl/", "https://x９００１８６０２１.nl"]
        .into_iter()
        .enumerate()
    {
        let shown = data("application/json", &json!({ "iss": uri }).to_string());
        let expected = format!("••• ({})", uri.chars().count());
        assert_eq!(shown["iss"], expected, "{at}");
    }
}

#[test]
fn a_token_within_a_sentence_is_hidden_with_it() {
    let said = format!("no such token: {}", jws(&json!({})));
    let shown = data(
        "application/json",
        &json!({ "error_description": said }).to_string(),
    );
    assert_eq!(shown["error_description"], format!("••• ({})", said.len()));
}

#[test]
fn a_name_that_is_a_value_is_hidden() {
    let odd = json!({
        "123456789": 1, "met spatie": 2, "": 3, "aB3aB3aB3aB3aB3aB3aB3": 4, "active": true,
    });
    let shown = data("application/json", &odd.to_string());
    let expected = json!({
        "•••": "•••", "••• #2": "•••", "••• #3": "•••", "••• #4": "•••", "active": true,
    });
    assert_eq!(shown, expected);
}

#[test]
fn a_page_and_a_long_body_show_their_length_alone() {
    let mut told = exchange("https://mitz.localhost/", None, &[]);
    told.request = side(
        "application/json",
        &format!("\"{}\"", "a".repeat(BODY_BYTES_MAX)),
    );
    told.response = side("text/html; charset=utf-8", "<p>Saskia</p>");
    let told = told.redacted("mitz");
    assert_eq!(told.response.media_type.as_deref(), Some("text/html"));
    assert_eq!(told.response.bytes, 13);
    assert_eq!(told.request.bytes, BODY_BYTES_MAX as u64 + 2);
    for inhoud in [&told.request, &told.response] {
        assert_eq!((&inhoud.velden, &inhoud.xml), (&None, &None));
    }
}

#[test]
fn a_refusal_that_repeats_a_bsn_says_that_something_was_hidden() {
    let told = refusal(Weigering {
        trace_id: String::new(),
        party: "mitz".to_owned(),
        requirement: "mitz case 48".to_owned(),
        reason: format!("{BSN} is no patient"),
        who: "person".to_owned(),
        time: 0,
    });
    assert_eq!(
        (&*told.requirement, &*told.reason),
        ("mitz case 48", "••• (23)")
    );
}

#[test]
fn what_is_shown_is_bounded_however_long_or_deep_the_body_is() {
    let deep = format!(
        "{}{}",
        "{\"a\":".repeat(100),
        "1".to_owned() + &"}".repeat(100)
    );
    assert!(data("application/json", &deep).to_string().len() < 200);
    let many: Value = (0..2_000)
        .map(|n| (format!("lid-{n}"), json!("\u{1}\"")))
        .collect();
    let names: Value = (0..2_000).map(|n| (format!("{n} !"), json!(n))).collect();
    let tags: String = (0..2_000).map(|_| "<b c=\"d\">e</b>").collect();
    let form: Vec<String> = (0..2_000).map(|n| format!("lid-{n}=%01")).collect();
    for (media_type, text) in [
        ("application/json", many.to_string()),
        ("application/json", names.to_string()),
        ("text/xml", format!("<a>{tags}</a>")),
        (FORM, form.join("&")),
    ] {
        let shown = body(media_type, text.as_bytes());
        let bytes = serde_json::to_vec(&shown).expect("JSON").len();
        assert!(
            (200..SHOWN_BYTES_MAX - HEADERS_BYTES_MAX).contains(&bytes),
            "{bytes}"
        );
    }
}

#[test]
fn a_secret_under_a_harmless_name_is_hidden() {
    let handle = "ZkZ3dEp1Q2hSa2NqNHc2dA.0.1.u0Wl3gZyS1Jp9o4n5dT2kQ7hXbVfCmR8sLwYaEiNqPz";
    let hash = "u0Wl3gZyS1Jp9o4n5dT2kQ7hXbVfCmR8sLwYaEiNqPz";
    for name in [
        "scope",
        "client_id",
        "token_type_hint",
        "kid",
        "code_challenge",
    ] {
        let shown = data(FORM, &encoded(&[(name, handle)]));
        assert_eq!(shown[name], format!("••• ({})", handle.len()), "{name}");
        let words = data(FORM, &encoded(&[(name, &format!("openid {handle}"))]));
        assert!(!words.to_string().contains("ZkZ3"), "{name}");
    }
    assert_eq!(data(FORM, &encoded(&[("kid", hash)]))["kid"], hash);
    assert_ne!(data(FORM, &encoded(&[("scope", hash)]))["scope"], hash);
    let hexadecimal = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
    assert_ne!(
        data(FORM, &encoded(&[("scope", hexadecimal)]))["scope"],
        hexadecimal
    );
    for word in [
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "self_signed_tls_client_auth",
        "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        "the token is of another certificate than the one shown",
    ] {
        assert_eq!(data(FORM, &encoded(&[("scope", word)]))["scope"], word);
    }
}

#[test]
fn a_bsn_is_hidden_as_people_write_it() {
    for bsn in [
        "900186021",
        "900.186.021",
        "9001 86 021",
        "9001-86021",
        "0900186021",
        "bsn=900186021;",
        "９００１８６０２１",
        "٩٠٠١٨٦٠٢١",
    ] {
        let shown = data(FORM, &encoded(&[("scope", bsn)]));
        assert!(
            shown["scope"]
                .as_str()
                .is_some_and(|text| text.starts_with("•••")),
            "{bsn}"
        );
    }
    for other in [
        "1795731416",
        "2026-11-26",
        "127.0.0.1",
        "1.4.0",
        "00000659",
        "900186022",
    ] {
        assert_eq!(data(FORM, &encoded(&[("scope", other)]))["scope"], other);
    }
}
