use jose::{MacKey, RsaSize, SigningKey, generate_pkcs8};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const NOW: Moment = Moment::from_unix(1_900_000_000);
const CLIENT: &str = "pgo.example";
const ISSUER: &str = "https://mitz.example";

fn receiver() -> Receiver<'static> {
    Receiver {
        audience: &[ISSUER],
        now: NOW,
    }
}

fn key(algorithm: Algorithm) -> SigningKey {
    let der = generate_pkcs8(algorithm, RsaSize::Bits2048).expect("generated");
    SigningKey::from_pkcs8(algorithm, &der).expect("usable")
}

fn registered(key: &SigningKey, algorithms: &[Algorithm]) -> ClientKeys {
    let keys = Jwks::new(vec![key.public().clone()]).expect("a set");
    ClientKeys::new(keys, algorithms).expect("a usable key")
}

fn claims() -> Value {
    json!({
        "iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "jti": "nummer-1",
        "exp": NOW.plus_s(LIFETIME_S_MAX).unix(),
    })
}

fn with(name: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims();
    claims[name] = value.into();
    claims
}

/// What the endpoint makes of an assertion of the client.
fn verified(keys: &ClientKeys, token: &str) -> Result<Assertion, Refusal> {
    keys.verify(CLIENT, read(token)?, &receiver())
}

/// The operator's reason why an assertion with these claims is refused.
fn refused(claims: &Value) -> Option<&'static str> {
    let key = key(Algorithm::Es256);
    let token = key.sign("JWT", claims).expect("signed");
    let answer = verified(&registered(&key, &ALGORITHMS), &token);
    let refusal = answer.err()?;
    assert_eq!(refusal.error, ErrorCode::InvalidClient);
    assert_eq!(refusal.requirement, "RFC 7523 §3");
    Some(refusal.reason)
}

#[test]
fn every_algorithm_of_the_list_serves_and_no_other() {
    for algorithm in ALGORITHMS {
        let key = key(algorithm);
        let token = key.sign("JWT", &claims()).expect("signed");
        let keys = registered(&key, &ALGORITHMS);
        // RFC 7523 §3
        assert!(verified(&keys, &token).is_ok());
    }
    let rs512 = Jwks::new(vec![key(Algorithm::Rs512).public().clone()]).expect("a set");
    assert_eq!(ClientKeys::new(rs512, &ALGORITHMS), None);
}

#[test]
fn the_registration_narrows_the_algorithms() {
    let key = key(Algorithm::Es256);
    let keys = Jwks::new(vec![key.public().clone()]).expect("a set");
    assert_eq!(ClientKeys::new(keys, &[Algorithm::Ps256]), None);
    assert_eq!(
        registered(&key, &ALGORITHMS).algorithms(),
        [Algorithm::Es256]
    );
}

#[test]
fn a_header_that_chooses_its_own_algorithm_is_refused() {
    let key = key(Algorithm::Es256);
    let keys = registered(&key, &ALGORITHMS);
    let kid = key.kid();
    let public = key.public().to_json().to_string();
    let payload = jose::base64url_encode(claims().to_string());
    let header = |text: String| jose::base64url_encode(text);
    let none = format!("{}.{payload}.", header(json!({"alg": "none"}).to_string()));
    let named = json!({"alg": "none", "kid": kid}).to_string();
    // the public key, taken for the secret of a MAC
    let confused = MacKey::new(kid, &jose::sha256(public.as_bytes())).expect("a key");
    let confused = confused.sign("JWT", &claims()).expect("signed");
    let other = json!({"alg": "RS256", "kid": kid}).to_string();
    for token in [
        none,
        format!("{}.{payload}.", header(named)),
        format!("{}.{payload}.c2lnbmF0dXJl", header(other)),
        confused,
    ] {
        let answer = verified(&keys, &token);
        // RFC 8725 §3.1
        assert_eq!(answer.expect_err("refused").error, ErrorCode::InvalidClient);
    }
}

#[test]
fn a_key_of_nobody_and_a_kid_of_nobody_are_refused() {
    let (known, stranger) = (key(Algorithm::Es256), key(Algorithm::Es256));
    let token = stranger.sign("JWT", &claims()).expect("signed");
    let answer = verified(&registered(&known, &ALGORITHMS), &token);
    assert_eq!(
        answer.expect_err("unknown").reason,
        "no registered key of the client has the assertion's kid"
    );
}

#[test]
fn the_claims_name_the_client_this_server_and_a_short_while() {
    assert_eq!(refused(&claims()), None);
    assert_eq!(refused(&with("aud", vec![ISSUER])), None);
    let end = |s: u32| with("exp", NOW.plus_s(s).unix());
    assert_eq!(refused(&end(LIFETIME_S_MAX + LEEWAY_S)), None);
    let just_over = |s: u32| with("exp", NOW.minus_s(s).unix());
    assert_eq!(refused(&just_over(LEEWAY_S - 1)), None);
    for wrong in [
        end(LIFETIME_S_MAX + LEEWAY_S + 1),
        just_over(LEEWAY_S),
        with("exp", Value::Null),
        with("iss", "ander.example"),
        with("sub", "ander.example"),
        with("aud", "https://elders.example"),
        with("aud", vec![ISSUER, "https://elders.example"]),
        with("aud", vec![ISSUER, ISSUER]),
        with("jti", ""),
        with("jti", "n".repeat(JTI_BYTES_MAX + 1)),
        with("nbf", NOW.plus_s(LEEWAY_S + 1).unix()),
        with("iat", NOW.plus_s(LEEWAY_S + 1).unix()),
    ] {
        // RFC 7523 §3
        assert!(refused(&wrong).is_some(), "{wrong}");
    }
}

#[test]
fn a_number_is_spent_under_the_client_until_nobody_takes_the_assertion_any_more() {
    let of = |client: &str, jti: &str| {
        let key = key(Algorithm::Es256);
        let said = json!({
            "iss": client, "sub": client, "aud": ISSUER, "jti": jti, "exp": NOW.unix() + 9,
        });
        let token = key.sign("JWT", &said).expect("signed");
        let keys = registered(&key, &ALGORITHMS);
        keys.verify(client, read(&token).expect("a JWT"), &receiver())
            .expect("good")
    };
    let burn = of("a.example", "1").burn();
    assert_eq!(burn.key, of("a.example", "1").burn().key);
    assert_ne!(burn.key, of("b.example", "1").burn().key);
    assert_ne!(burn.key, of("a.example", "2").burn().key);
    assert_eq!(burn.expect, verdict::Expect::Absent);
    let verdict::Then::Put { until, .. } = burn.then else {
        panic!("a row");
    };
    // RFC 7523 §3 point 7
    assert!(until > NOW.plus_s(9 + LEEWAY_S));
}

#[test]
fn the_token_endpoint_counts_as_audience_only_where_it_is_switched_on() {
    let known = ["https://mitz.example", "https://mitz.example/token"];
    // design §5 "client assertion aud"
    assert_eq!(Audience::default().of(&known), &known[..1]);
    assert_eq!(Audience::IssuerOrTokenEndpoint.of(&known), &known);
}

proptest! {
    #[test]
    fn any_text_is_taken_or_refused(text in ".{0,300}") {
        let key = key(Algorithm::Es256);
        let answer = verified(&registered(&key, &ALGORITHMS), &text);
        prop_assert!(answer.is_err());
        let _ = claimed_client(&text);
    }
}
