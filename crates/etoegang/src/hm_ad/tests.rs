use serde_json::{Value, json};

use super::*;
use crate::testing::{NOW, ad, ad_dienst, ad_sessie, ad_token, hm, keys, other_keys, sign};

fn http(status: u16, body: &Value) -> KetenAntwoord {
    KetenAntwoord::Http {
        status,
        retry_after_s: None,
        body: body.to_string().into_bytes(),
    }
}

fn read(status: u16, body: &Value) -> AdAntwoord {
    ad_dienst().lees(
        &ad_sessie(),
        &ad_token(),
        &http(status, body),
        Moment::from_unix(NOW),
    )
}

fn id_token() -> Value {
    json!({
        "iss": "https://ad.test/1.13",
        "aud": hm().entity,
        "sub": ad_sessie().sub,
        "iat": NOW,
        "exp": NOW + 120,
        "auth_time": ad_sessie().auth_time,
        "acr": "urn:etoegang:core:assurance-class:loa3",
    })
}

fn with_id_token(change: impl FnOnce(&mut Value)) -> AdAntwoord {
    let mut claims = id_token();
    change(&mut claims);
    let token = sign(&keys().0, "JWT", &claims);
    let body = json!({"access_token": "a", "token_type": "Bearer", "id_token": token});
    read(200, &body)
}

#[test]
fn guc9_9_3_a_new_refresh_token_is_optional() {
    let body = json!({"access_token": "a", "token_type": "Bearer"});
    // GUC9 9.3
    assert_eq!(
        read(200, &body),
        AdAntwoord::Vernieuwd(AdVernieuwd::default())
    );
    let mut body = body;
    body["refresh_token"] = "ad-2".into();
    let AdAntwoord::Vernieuwd(given) = read(200, &body) else {
        panic!("a renewal");
    };
    assert_eq!(given.refresh_token, AdRefreshToken::new("ad-2".into()));
    assert!(!format!("{given:?}").contains("ad-2"));
    body["refresh_token"] = ad_token().reveal().into();
    assert_eq!(
        read(200, &body),
        AdAntwoord::Vernieuwd(AdVernieuwd::default())
    );
}

#[test]
fn etoegang_case_036_and_037_only_invalid_grant_is_a_refusal() {
    // etoegang cases 36 and 37
    assert_eq!(
        read(400, &json!({"error": "invalid_grant"})),
        AdAntwoord::Geweigerd
    );
    for (status, body) in [
        (400, json!({"error": "invalid_request"})),
        (400, json!({"error": "invalid_client"})),
        (400, json!("invalid_grant")),
        (401, json!({"error": "invalid_client"})),
        (401, json!({"error": "invalid_grant"})),
        (302, json!({})),
        (200, json!({})),
        (200, json!({"access_token": "", "token_type": "Bearer"})),
        (200, json!({"access_token": "a", "token_type": "mac"})),
        (
            200,
            json!({"access_token": "a", "token_type": "Bearer", "refresh_token": ""}),
        ),
        (
            200,
            json!({"access_token": "a", "token_type": "Bearer", "acr": "loa3"}),
        ),
    ] {
        assert_eq!(read(status, &body), AdAntwoord::Ongeldig, "{status} {body}");
    }
}

#[test]
fn etoegang_case_038_and_039_and_043_an_ad_that_is_away_or_busy_is_unknown() {
    let now = Moment::from_unix(NOW);
    let away = AdAntwoord::Onbereikbaar { later_s: 5 };
    // etoegang cases 38 and 39
    assert_eq!(
        ad_dienst().lees(&ad_sessie(), &ad_token(), &KetenAntwoord::Geen, now),
        away
    );
    assert_eq!(read(500, &json!({})), away);
    let busy = KetenAntwoord::Http {
        status: 429,
        retry_after_s: Some(7),
        body: Vec::new(),
    };
    // etoegang case 43
    let busy = ad_dienst().lees(&ad_sessie(), &ad_token(), &busy, now);
    assert_eq!(busy, AdAntwoord::Onbereikbaar { later_s: 7 });
}

#[test]
fn etoegang_case_044_an_id_token_of_an_unknown_key_makes_the_answer_void() {
    let AdAntwoord::Vernieuwd(given) = with_id_token(|_| {}) else {
        panic!("a renewal");
    };
    assert_eq!(given.sub, Some(ad_sessie().sub));
    assert_eq!(given.niveau, Some(Betrouwbaarheidsniveau::Loa3));
    let forged = sign(&other_keys().0, "JWT", &id_token());
    let body = json!({"access_token": "a", "token_type": "Bearer", "id_token": forged});
    // etoegang case 44
    assert_eq!(read(200, &body), AdAntwoord::Ongeldig);
    let changes: [fn(&mut Value); 5] = [
        |claims| claims["iss"] = "https://ad2.test/1.13".into(),
        |claims| claims["aud"] = "app-1".into(),
        |claims| claims["auth_time"] = NOW.into(),
        |claims| claims["nonce"] = "n".into(),
        |claims| claims["exp"] = (NOW - 31).into(),
    ];
    for change in changes {
        // OIDC Core §12.2
        assert_eq!(with_id_token(change), AdAntwoord::Ongeldig);
    }
}

#[test]
fn the_lower_of_two_levels_counts() {
    let token = sign(&keys().0, "JWT", &id_token());
    let body = json!({
        "access_token": "a", "token_type": "Bearer", "id_token": token,
        "acr": "urn:etoegang:core:assurance-class:loa2",
    });
    let AdAntwoord::Vernieuwd(given) = read(200, &body) else {
        panic!("a renewal");
    };
    assert_eq!(given.niveau, Some(Betrouwbaarheidsniveau::Loa2));
}

#[test]
fn a_revocation_survives_its_row_and_its_token_is_private() {
    let herroeping = Herroeping {
        ad: ad(),
        token: ad_token(),
    };
    let body = herroeping.to_body();
    // RFC 7009 §2
    assert!(!body.open.to_string().contains(herroeping.token.reveal()));
    assert_eq!(Herroeping::from_body(&body), Ok(herroeping));
}
