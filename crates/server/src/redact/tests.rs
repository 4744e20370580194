use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::*;
use crate::door::TraceId;

const BSN: &str = "900186021";
const FORM: &str = "application/x-www-form-urlencoded";

fn headers(named: &[(&str, &str)]) -> HeaderMap {
    let header = |(name, value): &(&str, &str)| {
        let name: HeaderName = name.parse().expect("a name");
        (name, HeaderValue::from_str(value).expect("a value"))
    };
    named.iter().map(header).collect()
}

/// A request by GET, and an empty answer.
fn exchange(url: &str, query: Option<&str>, named: &[(&str, &str)]) -> Exchange {
    Exchange {
        trace: TraceId::fresh(),
        richting: Richting::Ontvangen,
        peer: "pgo.localhost".to_owned(),
        method: Method::GET,
        url: url.to_owned(),
        query: query.map(str::to_owned),
        request: Side::without_body(headers(named), 0),
        status: 200,
        response: Side::default(),
        begonnen_ms: 0,
        duur_ms: 0,
    }
}

fn side(media_type: &str, body: &str) -> Side {
    Side::copied(headers(&[("content-type", media_type)]), body.as_bytes())
}

/// What is shown of a body.
fn data(media_type: &str, text: &str) -> Value {
    body(media_type, text.as_bytes()).0.expect("data")
}

fn xml(text: &str) -> String {
    body("text/xml", text.as_bytes()).1.expect("XML")
}

/// What is shown of a header.
fn header(name: &str, value: &str) -> String {
    let shown = headers::shown(&headers(&[(name, value)]), &mut Budget::of(4_096));
    shown.into_iter().next().expect("one").1
}

fn jws(claims: &Value) -> String {
    let part = |value: &Value| jose::b64::encode(value.to_string());
    let header = json!({ "alg": "ES256", "kid": "k1", "typ": "JWT" });
    format!("{}.{}.c2lnbmF0dXJl", part(&header), part(claims))
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(pairs).finish()
}

/// DEFLATE without compression (RFC 1951 §3.2.4).
fn deflated(text: &str) -> String {
    let length = u16::try_from(text.len()).expect("short");
    let mut bytes = vec![1];
    bytes.extend(length.to_le_bytes());
    bytes.extend((!length).to_le_bytes());
    bytes.extend(text.bytes());
    STANDARD.encode(bytes)
}

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
        "isHigh": false,
    });
    assert_eq!(shown["type"], "searchset");
    assert_eq!(shown["total"], 7);
    assert_eq!(shown["entry"][4]["resource"], resource);
    assert_eq!(shown["entry"][5], "… +2");
    assert_eq!(shown["entry"].as_array().map(Vec::len), Some(6));
}

#[test]
fn a_name_that_is_a_value_is_hidden() {
    let odd = json!({
        "123456789": 1, "met spatie": 2, "": 3, "aB3aB3aB3aB3aB3aB3aB3": 4, "gewoon": true,
    });
    let shown = data("application/json", &odd.to_string());
    let expected = json!({
        "•••": "•••", "••• #2": "•••", "••• #3": "•••", "••• #4": "•••", "gewoon": true,
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
fn a_header_is_shown_when_a_list_names_it() {
    let trace = "c0e7b545-9606-4eef-bea7-75d8addaa54b";
    let token = jws(&json!({}));
    for (name, value, expected) in [
        ("host", "mitz.localhost:8443", "mitz.localhost:8443"),
        (
            "www-authenticate",
            "Bearer error=\"invalid_token\"",
            "Bearer error=\"invalid_token\"",
        ),
        ("x-correlation-id", trace, trace),
        ("x-correlation-id", "geheim", "•••"),
        ("x-api-key", "geheim", "•••"),
        ("authorization", "bearer een-sleutel", "Bearer ••• (11)"),
        ("authorization", "geheim", "••• ••• (6)"),
        (
            "authorization",
            &format!("Bearer {token}"),
            "Bearer ••• (JWT)",
        ),
        (
            "cookie",
            "__Host-taal=nl; sessie=geheim; x",
            "__Host-taal=•••; sessie=•••; •••",
        ),
        (
            "set-cookie",
            "sessie=geheim; Path=/; Max-Age=900; Secure; HttpOnly; SameSite=Lax; Eigen=geheim",
            "sessie=•••; Path=/; Max-Age=900; Secure; HttpOnly; SameSite=Lax; •••",
        ),
        ("set-cookie", "sessie=; Path=/geheim", "sessie=; •••"),
        (
            "location",
            "https://pgo.localhost/callback?code=geheim&iss=https%3A%2F%2Fmitz.localhost#geheim",
            "https://pgo.localhost/callback?code=••• (6)&iss=https://mitz.localhost",
        ),
        (
            "location",
            "/melding?soort=geheim#geheim",
            "/melding?soort=••• (6)",
        ),
    ] {
        assert_eq!(header(name, value), expected, "{name}: {value}");
    }
}

#[test]
fn a_path_shows_words_and_uras_and_no_handle() {
    for (path, expected) in [
        (
            "/00000659/fhir/Observation/_search",
            "/00000659/fhir/Observation/_search",
        ),
        (
            "/.well-known/oauth-authorization-server",
            "/.well-known/oauth-authorization-server",
        ),
        ("/persoon/900186021", "/persoon/•••"),
        ("/persoon/123456789012", "/persoon/•••"),
        ("/p/p900186021x", "/p/•••"),
        ("/p/%39%30%30%31%38%36%30%32%31", "/p/•••"),
        (
            "/reizen/c0e7b545-9606-4eef-bea7-75d8addaa54b",
            "/reizen/•••",
        ),
        ("/", "/"),
    ] {
        let url = format!("https://xis.localhost:8443{path}");
        let told = exchange(&url, None, &[]).redacted("xis");
        assert_eq!(told.url, format!("https://xis.localhost:8443{expected}"));
    }
}

const RESPONSE: &str = r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:x="urn:geheim" ID="_1" Version="2.0" Destination="https://mitz.localhost/saml/acs"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://digid.localhost</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><Subject><NameID>s00000000:900186021</NameID></Subject><Attribute Name="BSN"><AttributeValue>geheim</AttributeValue></Attribute></samlp:Response>"#;

const RESPONSE_SHOWN: &str = r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:x="•••" ID="•••" Version="2.0" Destination="https://mitz.localhost/saml/acs">
  <saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://digid.localhost</saml:Issuer>
  <samlp:Status>
    <samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>
  </samlp:Status>
  <Subject>
    <NameID>•••</NameID>
  </Subject>
  <Attribute Name="•••">
    <AttributeValue>•••</AttributeValue>
  </Attribute>
</samlp:Response>
"#;

#[test]
fn saml_is_shown_as_xml_however_it_came() {
    assert_eq!(xml(RESPONSE), RESPONSE_SHOWN);
    let form = encoded(&[
        ("SAMLResponse", &STANDARD.encode(RESPONSE)),
        ("RelayState", "x"),
    ]);
    let (velden, posted) = body(FORM, form.as_bytes());
    assert_eq!(posted.as_deref(), Some(RESPONSE_SHOWN));
    assert_eq!(velden.expect("a form")["RelayState"], "••• (1)");
    let query = encoded(&[("SAMLRequest", &deflated(RESPONSE)), ("SigAlg", "rsa")]);
    let told = exchange("https://digid.localhost/", Some(&query), &[]).redacted("digid");
    assert_eq!(told.request.xml.as_deref(), Some(RESPONSE_SHOWN));
    assert_eq!(told.query.expect("a query")["SigAlg"], "rsa");
}

#[test]
fn xml_that_the_strict_reader_refuses_is_not_shown() {
    for bad in ["<a", "<!DOCTYPE a><a/>", "<a/><?php geheim ?>", ""] {
        assert_eq!(body("text/xml", bad.as_bytes()), (None, None), "{bad}");
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
    let form: String = (0..2_000).map(|n| format!("lid-{n}=%01&")).collect();
    for (media_type, text) in [
        ("application/json", many.to_string()),
        ("application/json", names.to_string()),
        ("text/xml", format!("<a>{tags}</a>")),
        (FORM, form),
    ] {
        let shown = body(media_type, text.as_bytes());
        let bytes = serde_json::to_vec(&shown).expect("JSON").len();
        assert!(
            (200..SHOWN_BYTES_MAX - HEADERS_BYTES_MAX).contains(&bytes),
            "{bytes}"
        );
    }
}

/// Messages of every kind in which both stand wherever a sender can put them, and a BSN also where
/// the lists allow a value.
fn planted(bsn: &str, secret: &str) -> Vec<Exchange> {
    let both = format!("{secret} {bsn}");
    let claims = json!({
        "iss": format!("https://x/{bsn}"), "aud": [bsn], "sub": secret, "total": bsn.parse::<u64>().ok(),
        "exp": bsn.parse::<u64>().ok(), "name": both, "a": { "b": [{ "c": both, bsn: secret }] },
        "jti": secret, "acr": format!("x{bsn}"),
    });
    let token = jws(&claims);
    let nested = json!({
        "resourceType": bsn, "id_token": token, "locations": [{ "id_token": token, "value": bsn }],
        "error_description": format!("no {bsn}."), "deep": [[[{ "text": both, "token": token }]]],
        "number": bsn.parse::<u64>().ok(), "system": both, "decision": secret,
    });
    let document = format!(
        r#"<a xmlns="urn:{secret}" xmlns:s="urn:oasis:names:tc:{bsn}" Destination="https://x/{secret}?{bsn}" ID="{secret}" Version="{bsn}"><Issuer>https://x/{bsn}</Issuer><s:NameID>{bsn}</s:NameID><AttributeValue>{secret}</AttributeValue><Audience>{bsn}</Audience>{both}</a>"#,
    );
    let form = encoded(&[
        ("client_id", bsn),
        (
            "redirect_uri",
            &format!("https://x/{secret}?a={secret}#{secret}"),
        ),
        ("state", secret),
        ("scope", &format!("openid {bsn}")),
        ("code", &token),
        ("id_token_hint", &token),
        (bsn, secret),
        ("identifier", &both),
        ("SAMLResponse", &STANDARD.encode(&document)),
    ]);
    let query = format!(
        "{form}&{}",
        encoded(&[("SAMLRequest", &deflated(&document))])
    );
    let named = [
        ("cookie", format!("a={secret}; {bsn}=x; {secret}")),
        (
            "set-cookie",
            format!("a={secret}; Path=/{secret}; Max-Age={bsn}"),
        ),
        ("authorization", format!("Bearer {secret}")),
        (
            "location",
            format!("https://x/{secret}/{bsn}?code={secret}&iss={bsn}#{secret}"),
        ),
        ("user-agent", format!("browser {bsn}")),
        ("host", format!("x{bsn}.localhost")),
        ("content-length", bsn.to_owned()),
        ("x-anything", both.clone()),
        ("x-correlation-id", both.clone()),
        ("referer", format!("https://x/?{secret}")),
    ];
    let named: Vec<(&str, &str)> = named.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let url = format!("https://x.localhost/{secret}/{bsn}/p{bsn}");
    let bodies = [
        (FORM, form.as_str()),
        ("application/json", &nested.to_string()),
        ("application/fhir+json", &nested.to_string()),
        ("application/jwt", &token),
        ("application/soap+xml", &document),
        ("text/html", &both),
    ];
    let told = bodies.into_iter().map(|(media_type, body)| {
        let mut told = exchange(&url, Some(&query), &named);
        told.request.body = Some(body.to_owned().into());
        let content_type = HeaderValue::from_str(media_type).expect("a value");
        told.request.headers.insert(CONTENT_TYPE, content_type);
        told.response = side(media_type, body);
        told
    });
    told.collect()
}

prop_compose! {
    /// Nine digits that pass the 11-check.
    fn bsn()(digits in 10_000_000_u32..99_999_999) -> String {
        let with = |last| format!("{digits}{last}");
        // One of eleven has no last digit; its neighbour has.
        let found = (0..10).map(with).find(|text| identity::Bsn::parse(text).is_ok());
        found.unwrap_or_else(|| BSN.to_owned())
    }
}

proptest! {
    #[test]
    fn no_bsn_and_no_secret_leaves_wherever_it_was_planted(
        bsn in bsn(),
        secret in "[A-Za-z0-9_-]{14}[0-9][A-Za-z][A-Za-z0-9_-]{8,40}",
    ) {
        for exchange in planted(&bsn, &secret) {
            let told = serde_json::to_string(&exchange.redacted("mitz")).expect("JSON");
            prop_assert!(!told.contains(&bsn), "{}", told);
            prop_assert!(!told.contains(&secret), "{}", told);
        }
    }

    #[test]
    fn any_bytes_are_shown_within_bounds(
        bytes in proptest::collection::vec(any::<u8>(), 0..2_000),
        text in "[\\PC\\x00-\\x7f]{0,400}",
        media_type in prop::sample::select(vec![
            FORM, "application/json", "application/jwt", "text/xml", "text/html", "",
        ]),
    ) {
        for bytes in [&bytes, text.as_bytes()] {
            let shown = serde_json::to_vec(&body(media_type, bytes)).expect("JSON");
            prop_assert!(shown.len() <= SHOWN_BYTES_MAX);
        }
        let mut told = exchange(&text, Some(&text), &[]);
        told.peer.clone_from(&text);
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            for name in ["location", "set-cookie", "cookie", "authorization", "content-type"] {
                let name = HeaderName::from_static(name);
                told.request.headers.append(name, value.clone());
            }
        }
        let told = told.redacted("mitz");
        let bytes = serde_json::to_vec(&told.request).expect("JSON").len();
        prop_assert!(bytes <= SHOWN_BYTES_MAX);
        let bytes = serde_json::to_vec(&told).expect("JSON").len();
        prop_assert!(bytes <= 3 * SHOWN_BYTES_MAX);
    }

    #[test]
    fn a_hidden_text_tells_its_length_and_nothing_else(text in "\\PC{0,80}") {
        let hidden = text::hidden(&text);
        prop_assert_eq!(hidden, format!("••• ({})", text.chars().count()));
    }
}
