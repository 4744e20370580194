//! Secrets and BSNs in every place, and bytes of every kind.

use proptest::prelude::*;

use super::*;

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
