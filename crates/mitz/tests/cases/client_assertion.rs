//! Steps 8–10 for a client that proves itself by an assertion (`private_key_jwt`).

use mitz::authorization_server::userinfo::UserinfoAnswer;
use protocol::assertion::{Audience, LEEWAY_S, LIFETIME_S_MAX, TYPE};
use protocol::bearer::BearerRefusal;
use protocol::refusal::Refusal;
use serde_json::{Value, json};

use crate::world::{
    ANDERE_PGO, Dvp, JANSEN, MITZ, PGO, SLEUTEL_PGO, SLEUTEL_PGO_KEY, Tokens, WEST, World,
    certificate, claims, granted, ja, refused,
};

/// What a client says of itself, as it should.
fn said(world: &World, jti: &str) -> Value {
    json!({
        "iss": SLEUTEL_PGO, "sub": SLEUTEL_PGO, "aud": MITZ, "jti": jti,
        "iat": world.now().unix(), "exp": world.now().plus_s(60).unix(),
    })
}

fn signed(claims: &Value) -> String {
    SLEUTEL_PGO_KEY.sign("JWT", claims).expect("signed")
}

fn with_code(world: &World) -> (Dvp, String) {
    let dvp = world.dvp(SLEUTEL_PGO);
    let code = world.code(&dvp, JANSEN, vec![ja(WEST)]);
    world.at_mitz.told();
    (dvp, code)
}

fn redeem(world: &World, dvp: &Dvp, code: &str, assertion: &str) -> Result<Tokens, Refusal> {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &dvp.redirect_uri()),
        ("code_verifier", &dvp.wachtend.code_verifier),
        ("client_assertion_type", TYPE),
        ("client_assertion", assertion),
    ];
    world.token(None, &form)
}

fn refresh(world: &World, token: &str, assertion: &str) -> Result<Tokens, Refusal> {
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
        ("client_id", SLEUTEL_PGO),
        ("client_assertion_type", TYPE),
        ("client_assertion", assertion),
    ];
    world.token(None, &form)
}

/// Refused before anything was decided: with this code, and no row and no event is left behind.
fn assert_nothing_stored(world: &World, error: &str, ask: impl FnOnce(&World)) {
    let before = world.at_mitz.rows();
    ask(world);
    assert!(world.at_mitz.rows() == before, "{error}: a row was stored");
    assert_eq!(world.at_mitz.told(), []);
}

#[test]
fn an_assertion_brings_tokens_that_are_bound_to_no_certificate() {
    let world = World::new();
    let (dvp, code) = with_code(&world);
    let tokens = redeem(&world, &dvp, &code, &signed(&said(&world, "1"))).expect("a good proof");
    // RFC 7523 §2.2, OIDC Core §9
    assert_eq!(claims(&tokens.access_token).get("cnf"), None);
    assert!(world.kinds_at_mitz().contains(&"oauth.client_assertion"));
    let tokens = refresh(&world, &tokens.refresh_token, &signed(&said(&world, "2")));
    let tokens = tokens.expect("another good proof");
    let userinfo = world
        .userinfo_of(None, &tokens.access_token)
        .expect("whoever holds the token");
    assert_eq!(claims(&userinfo).get("cnf"), None);
}

#[test]
fn a_certificate_beside_the_assertion_binds_the_tokens() {
    let world = World::new();
    let (dvp, code) = with_code(&world);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &dvp.redirect_uri()),
        ("code_verifier", &dvp.wachtend.code_verifier),
        ("client_assertion_type", TYPE),
        ("client_assertion", &signed(&said(&world, "1"))),
    ];
    let peer = certificate(SLEUTEL_PGO);
    let tokens = world.token(Some(&peer), &form).expect("a good proof");
    // RFC 8705 §3
    assert_eq!(
        claims(&tokens.access_token)["cnf"]["x5t#S256"],
        jose::base64url_encode(peer.x5t_s256)
    );
    assert!(world.userinfo(SLEUTEL_PGO, &tokens.access_token).is_ok());
    let refused = Err(UserinfoAnswer::Refused(BearerRefusal::InvalidToken));
    assert_eq!(world.userinfo_of(None, &tokens.access_token), refused);
    assert_eq!(world.userinfo(ANDERE_PGO, &tokens.access_token), refused);
}

#[test]
fn rfc_7523_3_an_assertion_that_was_used_before_changes_nothing() {
    let world = World::new();
    let (dvp, code) = with_code(&world);
    let assertion = signed(&said(&world, "1"));
    let tokens = redeem(&world, &dvp, &code, &assertion).expect("a good proof");
    world.at_mitz.told();
    let before = world.at_mitz.rows();
    // with the new token, with the spent code, and with the spent code after that
    for answer in [
        refresh(&world, &tokens.refresh_token, &assertion),
        redeem(&world, &dvp, &code, &assertion),
        redeem(&world, &dvp, &code, &assertion),
    ] {
        let refusal = answer.err().expect("refused");
        assert_eq!(refusal.error.code(), "invalid_client");
        assert_eq!(refusal.error.status(), 401);
        assert_eq!(refusal.reason, "the assertion was used before (jti)");
        assert!(
            world.at_mitz.rows() == before,
            "nothing spent, nothing ended"
        );
    }
    assert_eq!(world.at_mitz.told(), [refused("RFC 7523 §3"); 3]);
    let again = refresh(&world, &tokens.refresh_token, &signed(&said(&world, "2")));
    assert!(again.is_ok(), "the family lives");
}

#[test]
fn rfc_7523_3_of_two_requests_that_race_with_one_assertion_one_wins() {
    let world = World::new();
    let (dvp, code) = with_code(&world);
    let first = redeem(&world, &dvp, &code, &signed(&said(&world, "1"))).expect("a good proof");
    let assertion = signed(&said(&world, "2"));
    let (token, proof) = (first.refresh_token, assertion.clone());
    world.at_mitz.told();
    world.meanwhile({
        let token = token.clone();
        move |world| assert!(refresh(world, &token, &proof).is_ok())
    });
    let loser = refresh(&world, &token, &assertion).err().expect("refused");
    assert_eq!(loser.error.code(), "invalid_client");
    assert_eq!(
        world.at_mitz.told(),
        [granted("seed 000 step 10"), refused("RFC 7523 §3")]
    );
    assert!(
        world.kinds_at_mitz().contains(&"mitz.grant"),
        "the family lives"
    );
}

#[test]
fn a_spent_code_under_a_new_assertion_still_ends_the_family() {
    let world = World::new();
    let (dvp, code) = with_code(&world);
    redeem(&world, &dvp, &code, &signed(&said(&world, "1"))).expect("a good proof");
    let again = redeem(&world, &dvp, &code, &signed(&said(&world, "2")));
    // RFC 9700 §4.14.2
    assert_eq!(again.err().expect("reuse").error.code(), "invalid_grant");
    assert!(!world.kinds_at_mitz().contains(&"mitz.grant"));
    let third = redeem(&world, &dvp, &code, &signed(&said(&world, "2")));
    let third = third.err().expect("no grant, and the proof is spent");
    assert_eq!(third.error.status(), 400);
}

#[test]
fn rfc_7523_3_an_assertion_that_does_not_fit_is_invalid_client_and_stores_nothing() {
    let world = World::new();
    let (dvp, code) = with_code(&world);
    let with = |name: &str, value: Value| {
        let mut said = said(&world, "1");
        said[name] = value;
        signed(&said)
    };
    let far = world.now().plus_s(LIFETIME_S_MAX + LEEWAY_S + 1).unix();
    let long_over = world.now().minus_s(LEEWAY_S).unix();
    let ahead = world.now().plus_s(LEEWAY_S + 1).unix();
    let wrong = [
        with("aud", json!("https://elders.example")),
        with("aud", json!(format!("{MITZ}/token"))),
        with("aud", json!([MITZ, "https://elders.example"])),
        with("sub", json!(PGO)),
        with("iss", json!(PGO)),
        with("exp", json!(long_over)),
        with("exp", json!(far)),
        with("nbf", json!(ahead)),
        with("iat", json!(ahead)),
        with("jti", Value::Null),
        with("jti", json!("")),
    ];
    for assertion in wrong {
        assert_nothing_stored(&world, "invalid_client", |world| {
            let refusal = redeem(world, &dvp, &code, &assertion).err();
            let refusal = refusal.expect("refused");
            assert_eq!(refusal.error.code(), "invalid_client", "{assertion}");
        });
    }
    assert!(redeem(&world, &dvp, &code, &signed(&said(&world, "1"))).is_ok());
}

#[test]
fn rfc_6749_2_3_two_proofs_at_once_are_invalid_request_and_store_nothing() {
    let world = World::new();
    let (_, code) = with_code(&world);
    let assertion = signed(&said(&world, "1"));
    let form = |more: [(&'static str, &'static str); 1]| {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("client_assertion_type", TYPE),
            ("client_assertion", assertion.as_str()),
        ];
        form.extend(more);
        form
    };
    for (peer, form) in [
        (None, form([("client_secret", "geheim")])),
        // the certificate is this client's proof already
        (Some(certificate(PGO)), form([("client_id", PGO)])),
    ] {
        assert_nothing_stored(&world, "invalid_request", |world| {
            let refusal = world.token(peer.as_ref(), &form).err().expect("refused");
            assert_eq!(refusal.error.code(), "invalid_request");
            assert_eq!(refusal.requirement, "RFC 6749 §2.3");
        });
    }
}

#[test]
fn a_client_proves_itself_in_the_way_that_it_registered() {
    let world = World::new();
    with_code(&world);
    let assertion = signed(&said(&world, "1"));
    let by_assertion = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "a"),
        ("client_id", PGO),
        ("client_assertion_type", TYPE),
        ("client_assertion", &assertion),
    ];
    let by_certificate = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "a"),
        ("client_id", SLEUTEL_PGO),
    ];
    let peer = certificate(SLEUTEL_PGO);
    for (peer, form) in [
        (None, &by_assertion[..]),
        (Some(&peer), &by_certificate[..]),
    ] {
        assert_nothing_stored(&world, "invalid_client", |world| {
            let refusal = world.token(peer, form).err().expect("refused");
            assert_eq!(refusal.error.code(), "invalid_client");
        });
    }
}

#[test]
fn the_token_endpoint_is_an_audience_where_it_is_switched_on() {
    let world = World::with(|mitz, _| mitz.assertion_audience = Audience::IssuerOrTokenEndpoint);
    let (dvp, code) = with_code(&world);
    let mut said = said(&world, "1");
    said["aud"] = json!(format!("{MITZ}/token"));
    // design §5 "client assertion aud"
    assert!(redeem(&world, &dvp, &code, &signed(&said)).is_ok());
}
